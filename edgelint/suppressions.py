"""``edgelint: ignore[kv/ttl-too-short] reason`` in a comment of any language: what it covers, and whether it is needed.

At the end of a line it covers the findings that begin or end on that line. Alone on its line it covers the next
statement; of a statement that holds a block (a function, an ``if``), the part before the block. ``ignore-file[...]``
covers the whole file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from edgelint import registry
from edgelint.checks._fixes_text import removal
from edgelint.diagnostics import Confidence, Diagnostic, Edit, Fix, Span
from edgelint.patterns import later
from edgelint.source import Source, UnreadableSource
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.project import Project
    from edgelint.syntax.document import Document, Value

_DIRECTIVE = later(r"(?:\A|[/#*;!]|--)\s*edgelint:\s*(?P<word>[\w-]*)(?P<list>\s*\[(?P<names>[^\]\n]*)\])?")
_HASH = later(rb"(?:^|(?<=[ \t]))#[^\r\n]*", re.MULTILINE)
_SQL = later(rb"'(?:[^']|'')*'|\"[^\"]*\"|(--[^\r\n]*|/\*.*?\*/)|;", re.DOTALL)
_NAME = later(r"[^\s,]+")
_WORDS = ("ignore", "ignore-file")
_MEANT = ("ignore", "disable", "noqa", "nolint", "skip", "allow")


class Directive(NamedTuple):
    """One name in one suppression comment. ``lines`` (first, last; from 0) is what it covers, None for the file.
    ``without`` takes it out of the comment, or the comment with it."""

    path: str
    name: str
    ids: frozenset[str]
    span: Span
    lines: tuple[int, int] | None
    without: Edit | None = None


class Applied(NamedTuple):
    """What is left: findings that no comment suppresses, and those about comments. ``suppressed`` counts by path."""

    diagnostics: list[Diagnostic]
    suppressed: Mapping[str, int]


class _File(NamedTuple):
    source: Source
    comments: Sequence[tree.Comment]
    tree: tree.Module | None = None
    document: Document | None = None
    broken: bool = False
    on_disk: bool = False  # read anew from the disk each time, so that no edit of it is seen


def apply(
    project: Project, found: Iterable[Diagnostic], ran: Iterable[str], failed: Iterable[tuple[str, str]] = ()
) -> Applied:
    """Take out what the project's comments suppress, and add what is wrong with the comments.

    ``ran`` are the rules of this run: a comment for another rule is not called unused. ``failed`` are the (rule, path)
    that raised: whether a comment for them is needed is not known.
    """
    directives: list[Directive] = []
    about: list[Diagnostic] = []
    files = _files(project)
    for path, file in files.items():
        if b"edgelint:" in file.source.data:
            made, wrong = read(path, file)
            directives += made
            about += wrong
    return _apply(files, directives, about, list(found), frozenset(ran), frozenset(failed))


def _apply(
    files: Mapping[str, _File], directives: Sequence[Directive], about: Sequence[Diagnostic], found: list[Diagnostic],
    ran: frozenset[str], failed: frozenset[tuple[str, str]],
) -> Applied:
    by_path: dict[str, list[Directive]] = {}
    for directive in directives:
        by_path.setdefault(directive.path, []).append(directive)
    used: set[Directive] = set()
    suppressed: Counter[str] = Counter()

    def left(items: Iterable[Diagnostic]) -> list[Diagnostic]:
        kept = []
        for item in items:
            path = item.span.path
            matching = [it for it in by_path.get(path, ()) if _covers(it, item, files[path].source)]
            used.update(matching)
            if matching:
                suppressed[path] += 1
            else:
                kept.append(item)
        return kept

    kept = left(found)
    known = ran | registry.BUILT_IN.keys()
    for directive in directives:
        if directive in used or not directive.ids <= known or directive.ids & _ABOUT or files[directive.path].broken:
            continue
        if any((id, path) in failed for id in directive.ids for path in (directive.path, ".")):
            continue
        message = f"nothing here is reported by {directive.name}"
        fix = Fix("Remove it", (directive.without,), True) if directive.without is not None else None
        about = [*about, _warning("unused-suppression", directive.span, message, fix)]
    return Applied(kept + left(about), dict(suppressed))


_ABOUT = frozenset({"unknown-suppression", "unused-suppression"})


def _covers(directive: Directive, item: Diagnostic, source: Source) -> bool:
    if item.rule not in directive.ids:
        return False
    if directive.lines is None:
        return True
    first, last = directive.lines
    start = source.position(item.span.start)[0] - 1
    end = source.position(max(item.span.start, item.span.end - 1))[0] - 1
    return first <= start <= last or first <= end <= last


def _warning(rule: str, span: Span, message: str, fix: Fix | None = None) -> Diagnostic:
    return Diagnostic(rule, registry.BUILT_IN[rule][0], Confidence.HIGH, message, span, fix=fix)


def _files(project: Project) -> dict[str, _File]:
    files = {}
    for file in project.sources():
        parsed = file.parsed
        files[file.path] = _File(file.source, parsed.comments, parsed.module, None, bool(parsed.errors))
    for config in project.configs():
        document = config.document
        files[config.path] = _File(config.source, document.comments, None, document, bool(document.errors))
    discovered, read = project.discovered, project.databases_found.files
    for path in (*discovered.workflows, *discovered.dotenv, *discovered.sql):
        try:
            data = read[path].source.data if path in read else project.bytes_of(path)
            if data is not None and b"edgelint:" in data:
                source = read[path].source if path in read else Source(path, data)
                files[path] = _File(source, list(_comments(source)), on_disk=path not in read)
        except UnreadableSource:
            continue
    return files


def _comments(source: Source) -> Iterable[tree.Comment]:
    """The comments of a file that no front-end reads: SQL, YAML, local values."""
    pattern, group = (_SQL, 1) if source.path.endswith(".sql") else (_HASH, 0)
    for match in pattern.finditer(source.data):
        if match[group]:
            yield tree.Comment(match.start(), match.end(), source.slice(match.start(), match.end()))


def read(path: str, file: _File) -> tuple[list[Directive], list[Diagnostic]]:
    """The suppressions in one file's comments, and what is wrong with them."""
    source = file.source
    directives: list[Directive] = []
    wrong: list[Diagnostic] = []
    lines = _Lines(source, file)
    for comment in file.comments:
        raw = source.slice(comment.start, comment.end)
        if "edgelint:" not in raw:
            continue
        for match in _DIRECTIVE.finditer(raw):
            word, names = match["word"], match["names"]

            def span(start: int, end: int, at: int = comment.start, raw: str = raw) -> Span:
                before = at + len(raw[:start].encode())
                return Span(path, before, before + len(raw[start:end].encode()))

            place = span(match.start("word"), match.end())
            if word not in _WORDS:
                if match["list"] is not None or word.startswith(_MEANT):
                    message = f"'{word}' is no suppression: write ignore[...] or ignore-file[...]"
                    wrong.append(_warning("unknown-suppression", place, message))
                continue
            listed = list(_NAME.finditer(names or ""))
            if not listed:
                message = f"{word} must name the rules it is for: {word}[family/name]"
                wrong.append(_warning("unknown-suppression", place, message))
                continue
            covered = lines.covered(comment) if word == "ignore" else None
            offset = match.start("names")
            spans = [span(offset + name.start(), offset + name.end()) for name in listed]
            whole = None if file.on_disk else _whole(source, comment, raw, match)
            for number, (name, at) in enumerate(zip(listed, spans, strict=True)):
                try:
                    ids = frozenset(registry.expand_ignore(name[0])) - registry.NEVER_IGNORED
                except registry.UnknownSelector as error:
                    # a guess, and one that hides what is reported
                    meant = error.nearest if not file.on_disk else None
                    fix = Fix(f"Write {meant}", (Edit(at, meant),)) if meant is not None else None
                    wrong.append(_warning("unknown-suppression", at, str(error), fix))
                else:
                    without = whole if len(spans) == 1 or file.on_disk else _without(spans, number)
                    directives.append(Directive(path, name[0], ids, at, covered, without))
    return directives, wrong


def _whole(source: Source, comment: tree.Comment, raw: str, match: re.Match[str]) -> Edit | None:
    """Take out a comment that holds one suppression, with its reason, and nothing before it."""
    if raw.count("edgelint:") > 1 or raw[: match.start()].strip("/#*;!-< \t"):
        return None
    return removal(source, comment.start, comment.end)


def _without(spans: Sequence[Span], number: int) -> Edit:
    """Take out one of several names, with the comma beside it."""
    at = spans[number]
    if number + 1 < len(spans):
        return Edit(at._replace(end=spans[number + 1].start), "")
    return Edit(at._replace(start=spans[number - 1].end), "")


class _Lines:
    """Which lines a comment's suppression covers."""

    def __init__(self, source: Source, file: _File) -> None:
        self._source = source
        self._starts = source.line_starts
        self._file = file
        self._comment_lines: set[int] | None = None

    def covered(self, comment: tree.Comment) -> tuple[int, int]:
        """(first, last) line, from 0: the comment's own, or those of what follows when it stands alone."""
        first, last = self._line(comment.start), self._line(max(comment.start, comment.end - 1))
        if not self._alone(comment):
            return first, last
        if self._comment_lines is None:
            self._comment_lines = {
                line
                for other in self._file.comments
                if self._alone(other)
                for line in range(self._line(other.start), self._line(max(other.start, other.end - 1)) + 1)
            }
        at = last + 1
        while at < len(self._starts) and (at in self._comment_lines or not self._text(at).strip()):
            at += 1
        if at >= len(self._starts):
            return first, last
        start = self._starts[at]
        end = start + len(self._text(at))
        covered = self._source.data[start : self._extent(start, end)].rstrip()
        return at, max(at, self._line(start + len(covered) - 1))

    def _line(self, offset: int) -> int:
        return self._source.position(offset)[0] - 1

    def _text(self, line: int) -> bytes:
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self._source.data)
        return self._source.data[self._starts[line] : end]

    def _alone(self, comment: tree.Comment) -> bool:
        """Nothing else on its lines (a JSX comment stands in braces)."""
        data = self._source.data
        start = self._starts[self._line(comment.start)]
        last = self._line(max(comment.start, comment.end - 1))
        end = self._starts[last + 1] if last + 1 < len(self._starts) else len(data)
        before = data[max(start, self._source.bom) : comment.start].strip()
        return before in (b"", b"{") and data[comment.end : end].strip() in (b"", b"}")

    def _extent(self, start: int, end: int) -> int:
        """Where the statement, argument or entry ends that begins in the line ``[start, end)``."""
        if self._file.document is not None:
            return max((_entry_end(value) for value in _values(self._file.document.root, start, end)), default=end)
        if self._file.tree is None:
            sql = self._source.path.endswith(".sql")
            ends = (match.end() for match in _SQL.finditer(self._source.data, start) if match[0] == b";")
            return next(ends, len(self._source.data)) if sql else end
        nodes = (node for node in tree.walk(self._file.tree) if start <= node.start < end)
        return max((_head_end(node) for node in nodes if not isinstance(node, tree.Module | tree.Block)), default=end)


def _head_end(node: tree.Node) -> int:
    """The end of ``node``, or the start of the first body inside it: a comment above is not meant for a whole body."""
    end = node.end
    stack = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, tree.Block) or (isinstance(inner, tree.Class) and inner.members):
            end = min(end, inner.start if isinstance(inner, tree.Block) else inner.members[0].start)
        elif isinstance(inner, tree.Comprehension):
            stack.append(inner.element)  # its clauses are Loops whose blocks hold only the tests
        else:
            stack += inner.children()
    return max(end, node.start + 1)


def _values(root: Value, start: int, end: int) -> Iterable[Value]:
    """The values of entries and items that begin in ``[start, end)``."""
    work = [root]
    while work:
        value = work.pop()
        for entry in value.entries:
            if start <= entry.key_start < end:
                yield entry.value
            work.append(entry.value)
        for item in value.items:
            if start <= item.start < end:
                yield item
            work.append(item)


def _entry_end(value: Value) -> int:
    """The end of a value that holds no object; of one that does, its start: a comment above a table is for its head."""
    work = [value]
    while work:
        at = work.pop()
        if at.kind == "object":
            return value.start + 1
        work += at.items
    return value.end
