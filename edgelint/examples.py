"""The Markdown of rule documents and test cases: headings, fences, virtual projects and their finding markers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from edgelint.diagnostics import Severity
from edgelint.patterns import later

_FENCE = later(r"( {0,3})(`{3,}|~{3,})(.*)\Z")
_HEADING = later(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*\Z")
_ATTRIBUTE = later(r"([a-z][a-z-]*)=(\"[^\"]*\"|\S+)\Z")

_EXTENSIONS = {
    "ts": "ts", "typescript": "ts", "tsx": "tsx", "mts": "mts", "cts": "cts",
    "js": "js", "javascript": "js", "jsx": "jsx", "mjs": "mjs", "cjs": "cjs",
    "py": "py", "python": "py", "vue": "vue", "svelte": "svelte", "astro": "astro",
}
"""The language of a fence without ``file=`` to the extension of src/index.<extension>."""

_MARKER = later(
    r"(?://|\#|--|<!--|/\*)\s*(?P<severity>error|warning|info):\s+(?P<rule>[a-z0-9-]+(?:/[a-z0-9-]+)?)"
    r"(?:\s+\"(?P<text>(?:[^\"\\]|\\.)*)\")?"
)
_ALONE = later(r"\s*(?:\{\s*)?(?://|\#|--|<!--|/\*)\s*(?:error|warning|info):\s+[a-z0-9-]+[/a-z0-9-]*")
_HASH = (".py", ".toml", ".yml", ".yaml", ".env", ".example", ".vars")


class RulebookError(Exception):
    """A mistake in a rule document. ``path`` and ``line`` (from 1) say where."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path = path
        self.line = line
        self.message = message


class Fence:
    """A fenced block. ``line`` is that of its opening fence; ``index`` and ``end`` are offsets in the section's text.

    ``title`` and ``title_line`` are those of the ``###`` heading it stands under.
    """

    __slots__ = ("line", "language", "attributes", "text", "index", "end", "title", "title_line")

    def __init__(
        self, line: int, language: str, attributes: dict[str, str], index: int, title: str, title_line: int
    ) -> None:
        self.line = line
        self.language = language
        self.attributes = attributes
        self.text = ""
        self.index = index
        self.end = index
        self.title = title
        self.title_line = title_line


class Section:
    """A heading of the first or second level and all below it. ``line`` is the heading's."""

    __slots__ = ("title", "line", "text", "fences")

    def __init__(self, title: str, line: int) -> None:
        self.title = title
        self.line = line
        self.text = ""
        self.fences: list[Fence] = []

    def drop_first_fence(self) -> None:
        """Take the first fence out of the text."""
        first = self.fences.pop(0)
        self.text = self.text[: first.index] + self.text[first.end :]


class Expected(NamedTuple):
    """A finding that an example marks. ``line`` from 1; ``text`` is the first line of the flagged text, or None."""

    path: str
    line: int
    severity: Severity
    rule: str
    text: str | None


class Example(NamedTuple):
    """One virtual project. ``files`` maps paths to contents, ``fixed`` to those that fixing makes, ``base`` to those at
    the commit that it is compared with. ``line`` is that of its first fence."""

    heading: str
    title: str
    files: dict[str, str]
    expected: list[Expected]
    fixed: dict[str, str]
    line: int = 0
    base: Mapping[str, str] = {}


def sections(path: str, text: str) -> list[Section]:
    """Split a document at its first- and second-level headings. Raises ``RulebookError``."""
    found: list[Section] = []
    lines: list[str] = []
    length = 0
    title, title_line = "", 0
    fence: Fence | None = None
    body: list[str] = []
    indent, mark = 0, ""

    def close() -> None:
        if found:
            found[-1].text = "".join(lines)

    for number, raw in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), 1):
        opened = _FENCE.match(raw)
        if fence is not None:
            ends = opened and opened[2][0] == mark[0] and len(opened[2]) >= len(mark) and not opened[3].strip()
            if not ends:
                body.append(raw[min(indent, len(raw) - len(raw.lstrip(" "))) :] + "\n")
        elif opened and not (opened[2][0] == "`" and "`" in opened[3]):
            indent, mark = len(opened[1]), opened[2]
            language, attributes = _info(path, number, opened[3])
            if not found:
                raise RulebookError(path, number, "a fence stands before the first heading")
            fence = Fence(number, language, attributes, length, title, title_line)
            ends = None
        else:
            ends = None
            heading = _HEADING.match(raw)
            if heading and len(heading[1]) <= 2:
                if (len(heading[1]) == 1) != (not found):
                    raise RulebookError(path, number, "a document has one first-level heading, and it comes first")
                close()
                found.append(Section(heading[2], number))
                lines, length, title, title_line = [], 0, "", 0
                continue
            if heading and len(heading[1]) == 3:
                title, title_line = heading[2], number
            if not found and raw.strip():
                raise RulebookError(path, number, "a document begins with its heading, '# family/name'")
        lines.append(raw + "\n")
        length += len(raw) + 1
        if fence is not None and ends:
            fence.text, fence.end = "".join(body), length
            found[-1].fences.append(fence)
            fence, body = None, []
    if fence is not None:
        raise RulebookError(path, fence.line, "the fence is never closed")
    if not found:
        raise RulebookError(path, 1, "the document is empty")
    close()
    return found


def _info(path: str, line: int, info: str) -> tuple[str, dict[str, str]]:
    language, attributes = "", {}
    for word in info.split():
        attribute = _ATTRIBUTE.match(word)
        if attribute:
            attributes[attribute[1]] = attribute[2].strip('"')
        elif word in ("fixed", "base"):
            attributes[word] = ""
        elif not language:
            language = word
        else:
            raise RulebookError(path, line, f"the fence's '{word}' is not understood")
    return language, attributes


def parse_examples(path: str, parts: list[Section]) -> list[Example]:
    """The virtual projects below the headings Bad and Good, one for each (sub)heading. Raises ``RulebookError``."""
    examples = []
    for part in parts[1:]:
        heading = part.title.split(":", 1)[0].split(" ", 1)[0]
        if heading not in ("Bad", "Good"):
            continue
        groups: dict[tuple[str, int], list[Fence]] = {}
        for fence in part.fences:
            groups.setdefault((fence.title, fence.title_line), []).append(fence)
        if not groups:
            raise RulebookError(path, part.line, f"'## {part.title}' holds no example")
        for (title, _), fences in groups.items():
            example = _example(path, heading, title or part.title, fences)
            if heading == "Bad" and not example.expected:
                raise RulebookError(path, example.line, "an example under Bad marks no finding")
            if heading == "Good" and example.expected:
                raise RulebookError(path, example.line, "an example under Good marks a finding")
            examples.append(example)
    return examples


def _example(path: str, heading: str, title: str, fences: list[Fence]) -> Example:
    files: dict[str, str] = {}
    fixed: dict[str, str] = {}
    base: dict[str, str] = {}
    expected: list[Expected] = []
    for fence in fences:
        name = fence.attributes.get("file")
        if name is None:
            extension = _EXTENSIONS.get(fence.language)
            if extension is None:
                raise RulebookError(path, fence.line, f"a fence of '{fence.language}' needs file=")
            name = f"src/index.{extension}"
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise RulebookError(path, fence.line, f"file={name} leads out of the example")
        unknown = set(fence.attributes) - {"file", "fixed", "base"}
        if unknown:
            raise RulebookError(path, fence.line, f"unknown attribute {min(unknown)}=")
        into = fixed if "fixed" in fence.attributes else base if "base" in fence.attributes else files
        if name in into:
            raise RulebookError(path, fence.line, f"the example has {name} twice")
        into[name] = fence.text
        if into is files:
            expected += markers(name, fence.text)
    return Example(heading, title, files, expected, fixed, fences[0].line, base)


def markers(path: str, text: str) -> list[Expected]:
    """The findings that the comments of one example file mark."""
    hashes = path.endswith(_HASH) or path.rsplit("/", 1)[-1].startswith((".dev.vars", ".env"))
    sql = path.endswith(".sql")
    found: list[Expected] = []
    waiting: list[re.Match[str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        matches = [match for match in _MARKER.finditer(line) if _is_comment(match[0], hashes, sql)]
        if matches and _ALONE.match(line):
            waiting += matches
            continue
        for match in (*waiting, *matches):
            quoted = match["text"]
            if quoted is not None:
                quoted = re.sub(r"\\([\"\\])", r"\1", quoted)
            found.append(Expected(path, number, Severity(match["severity"]), match["rule"], quoted))
        waiting = []
    return found


def _is_comment(text: str, hashes: bool, sql: bool) -> bool:
    if text.startswith("#"):
        return hashes
    if text.startswith("--"):
        return sql
    return not hashes
