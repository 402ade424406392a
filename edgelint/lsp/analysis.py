"""One project as an editor has it open: unsaved buffers over the files, trees and good facts kept between runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from edgelint import engine
from edgelint import settings as settings_module
from edgelint.diagnostics import Confidence, Diagnostic, Edit, Related, Severity, Span
from edgelint.project import wrangler
from edgelint.project.discovery import SOURCES
from edgelint.project.project import Project
from edgelint.settings import Settings
from edgelint.source import Source, UnreadableSource
from edgelint.syntax import tree
from edgelint.syntax.parse import parse_file


class Snapshot(NamedTuple):
    """What one run found. ``diagnostics`` are by path, of the texts in ``texts`` (unsaved buffers as they were) or on
    disk. ``project`` holds the last good facts; ``stand_ins`` are the files whose facts are of an earlier text, which
    is given: what was typed since does not parse. ``problem`` says why there is nothing (the settings are wrong)."""

    diagnostics: Mapping[str, tuple[Diagnostic, ...]]
    texts: Mapping[str, bytes]
    project: Project | None
    stand_ins: Mapping[str, bytes]
    problem: str | None = None


EMPTY = Snapshot({}, {}, None, {})


class Analysis:
    """The analyses of one project root. One run at a time; ``overlay`` may be changed between runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.overlay: dict[str, bytes] = {}
        self.last = EMPTY
        self._settings: Settings | None = None
        self._trees: dict[str, tuple[bytes, tree.Parsed]] = {}
        self._good: dict[str, bytes] = {}

    @property
    def settings(self) -> Settings:
        """The project's settings, read once. Raises ``SettingsError``."""
        if self._settings is None:
            self._settings = settings_module.load(self.root, None)
        return self._settings

    def forget_settings(self) -> None:
        """Read them again at the next run: their file has changed."""
        self._settings = None

    def run(self, stop: Callable[[], bool]) -> Snapshot:
        """Analyse the project as it is now. ``stop`` is asked between rules. Raises ``engine.Stopped``."""
        texts = dict(self.overlay)
        try:
            settings = self.settings
            broken = {path: problems for path, data in texts.items() if (problems := self._problems(path, data))}
            stand_ins = {path: self._good[path] for path in broken if path in self._good}
            outcome, project = engine.analyse_project(self.root, settings, texts | stand_ins, self._parse, stop)
        except settings_module.SettingsError as error:
            self.last = Snapshot({}, texts, self.last.project, {}, str(error))
            return self.last
        except engine.UsageError as error:
            self.last = Snapshot({}, texts, self.last.project, {}, str(error))
            return self.last
        self._good.update({path: data for path, data in texts.items() if path not in broken})
        self._good = {path: data for path, data in self._good.items() if path in texts}
        kept = {path for path, _ in self._trees.items() if project is None or path in project.files}
        self._trees = {path: found for path, found in self._trees.items() if path in kept}
        found: dict[str, list[Diagnostic]] = {}
        for item in outcome.diagnostics:
            found.setdefault(item.span.path, []).append(item)
        for path, good in stand_ins.items():
            moved = Moved(path, good, texts[path])
            found[path] = [*broken[path], *(new for old in found.get(path, ()) if (new := moved.diagnostic(old)))]
        for path, items in found.items():
            found[path] = [_in_current_text(item, stand_ins, texts) for item in items]
        self.last = Snapshot(
            {path: tuple(items) for path, items in found.items()}, texts, project or self.last.project, stand_ins
        )
        return self.last

    def text(self, path: str) -> bytes:
        """A file as the editor has it, else as it is on disk; empty when it cannot be read."""
        if path in self.overlay:
            return self.overlay[path]
        try:
            return (self.root / path).read_bytes()
        except OSError:
            return b""

    def _parse(self, path: str, source: Source) -> tree.Parsed:
        digest = blake2b(source.data, digest_size=16).digest()
        known = self._trees.get(path)
        if known is None or known[0] != digest:
            known = self._trees[path] = digest, parse_file(path, source)
        return known[1]

    def _problems(self, path: str, data: bytes) -> list[Diagnostic]:
        """What does not parse in an unsaved text; empty for one that does, or that no parser is asked about."""
        try:
            source = Source(path, data)
        except UnreadableSource as error:
            return [_syntax_error(path, error.offset, error.offset, error.reason)]
        name = path.rpartition("/")[2]
        if name in wrangler.NAMES:
            errors = wrangler.load(path, source).document.errors
        elif path.endswith(tuple(SOURCES)):
            errors = self._parse(path, source).errors
        else:
            return []
        return [_syntax_error(path, start, max(start, end), message) for start, end, message in errors]


def _syntax_error(path: str, start: int, end: int, message: str) -> Diagnostic:
    return Diagnostic("syntax-error", Severity.ERROR, Confidence.HIGH, message, Span(path, start, end))


class Moved:
    """Where the lines of a text that was good stand in the text as it is now: those above and below what changed."""

    def __init__(self, path: str, good: bytes, now: bytes) -> None:
        self.path = path
        before, after = good.splitlines(keepends=True), now.splitlines(keepends=True)
        shortest = min(len(before), len(after))
        head = next((n for n in range(shortest) if before[n] != after[n]), shortest)
        tail = next((n for n in range(shortest - head) if before[-1 - n] != after[-1 - n]), shortest - head)
        self._head = sum(map(len, before[:head]))
        self._tail = len(good) - sum(map(len, before[len(before) - tail :]))
        self._shift = len(now) - len(good)

    def span(self, span: Span) -> Span | None:
        """The span in the text as it is now; None when its lines have changed."""
        if span.path != self.path or span.end <= self._head:
            return span
        if span.start >= self._tail:
            return Span(span.path, span.start + self._shift, span.end + self._shift)
        return None

    def diagnostic(self, item: Diagnostic) -> Diagnostic | None:
        """The diagnostic in the text as it is now; its fix only when all that it changes is still there."""
        span = self.span(item.span)
        if span is None:
            return None
        related = tuple(
            Related(place, each.message) for each in item.related if (place := self.span(each.span)) is not None
        )
        fix = item.fix
        if fix is not None:
            edits = [Edit(place, edit.text) for edit in fix.edits if (place := self.span(edit.span)) is not None]
            fix = fix._replace(edits=tuple(edits)) if len(edits) == len(fix.edits) else None
        return item._replace(span=span, related=related, fix=fix)


def _in_current_text(
    item: Diagnostic, stand_ins: Mapping[str, bytes], texts: Mapping[str, bytes]
) -> Diagnostic:
    """A diagnostic of another file, with related places in a file whose facts are of an earlier text."""
    if not any(each.span.path in stand_ins and each.span.path != item.span.path for each in item.related):
        return item
    moved = {path: Moved(path, good, texts[path]) for path, good in stand_ins.items() if path != item.span.path}
    related = []
    for each in item.related:
        place = moved[each.span.path].span(each.span) if each.span.path in moved else each.span
        if place is not None:
            related.append(Related(place, each.message))
    return item._replace(related=tuple(related))
