"""Source maps: from a place in a bundle to the place in the app's own file, and workerd's stacks told in those places.

The format is ECMA-426, https://tc39.es/ecma426/: ``mappings`` has the lines of the generated text separated by ";", the
segments of a line by ",", each of one, four or five numbers in base 64 VLQ, as differences to the segment before.
Lines and columns of this module count from 1, as in stacks; columns are UTF-16 units, as in JavaScript.
"""

from __future__ import annotations

import json
import os.path
import re
from base64 import b64decode
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_DIGITS: Final = {character: number for number, character in enumerate(_ALPHABET)}
_CONTINUES: Final = 32
_LAYER: Final = ("edgelint/", "edgelint:", "cloudflare-internal:", "node-internal:", "workerd:")
"""How the modules begin that stand around the app: their frames say nothing to its author."""
_FRAME: Final = re.compile(
    r"^\s*at (?:(?P<function>.+?) \((?P<inside>.+?):(?P<line>\d+):(?P<column>\d+)\)"
    r"|(?P<alone>\S.*?):(?P<alone_line>\d+):(?P<alone_column>\d+))$"
)
_PLACELESS: Final = re.compile(r"^\s*at (?P<function>.+?)(?: \((?:<anonymous>|native|index \d+)\))?$")
_NAMED: Final = re.compile(r"^//[#@] sourceMappingURL=(\S+)\s*$", re.MULTILINE)
_TAIL: Final = 4 << 20
"""Bytes at a file's end in which it may name its map: it may hold it, too."""
_SCHEME: Final = re.compile(r"^file:///?")


class Position(NamedTuple):
    """A place in a source: ``source`` is its index in ``SourceMap.sources``, ``name`` the identifier that was there."""

    source: int
    line: int
    column: int
    name: str | None = None


class Segment(NamedTuple):
    """One entry of ``mappings``, counted from 0: a column of the generated text, and the place that it came from,
    when it came from any."""

    column: int
    source: int | None = None
    line: int = 0
    source_column: int = 0
    name: int | None = None


def decode(mappings: str) -> list[list[Segment]]:
    """The segments of each line of the generated text. Raises ValueError for what is no mapping."""
    lines: list[list[Segment]] = []
    source = line = source_column = name = 0
    for text in mappings.split(";"):
        column = 0
        segments = []
        for part in text.split(",") if text else ():
            numbers = _numbers(part)
            column += numbers[0]
            if len(numbers) == 1:
                segments.append(Segment(column))
                continue
            if len(numbers) not in (4, 5):
                raise ValueError(f"a segment of {len(numbers)} numbers: {part}")
            source += numbers[1]
            line += numbers[2]
            source_column += numbers[3]
            if len(numbers) == 5:
                name += numbers[4]
            segments.append(Segment(column, source, line, source_column, name if len(numbers) == 5 else None))
        lines.append(segments)
    return lines


def encode(lines: Iterable[Iterable[Segment]]) -> str:
    """``mappings`` of these segments: what ``decode`` reads."""
    written = []
    source = line = source_column = name = 0
    for segments in lines:
        column = 0
        parts = []
        for segment in segments:
            numbers = [segment.column - column]
            column = segment.column
            if segment.source is not None:
                numbers += [segment.source - source, segment.line - line, segment.source_column - source_column]
                source, line, source_column = segment.source, segment.line, segment.source_column
                if segment.name is not None:
                    numbers.append(segment.name - name)
                    name = segment.name
            parts.append("".join(map(_vlq, numbers)))
        written.append(",".join(parts))
    return ";".join(written)


def _numbers(part: str) -> list[int]:
    found = []
    value = shift = 0
    for character in part:
        digit = _DIGITS.get(character)
        if digit is None:
            raise ValueError(f"'{character}' is no digit of base 64")
        value |= (digit & ~_CONTINUES) << shift
        shift += 5
        if not digit & _CONTINUES:
            found.append(-(value >> 1) if value & 1 else value >> 1)  # the lowest bit is the sign
            value = shift = 0
    if shift or not found:
        raise ValueError(f"a number ends too early: '{part}'")
    return found


def _vlq(number: int) -> str:
    rest = (-number << 1) | 1 if number < 0 else number << 1
    text = ""
    while True:
        digit, rest = rest & 31, rest >> 5
        text += _ALPHABET[digit | _CONTINUES if rest else digit]
        if not rest:
            return text


@dataclass(frozen=True)
class SourceMap:
    """A source map. ``sources`` are the files, absolute where they are files; ``sourcesContent`` their texts, None
    where the map has none; ``root`` is the project's folder, to which places are told. The mappings are read when the
    first place is asked for."""

    sources: tuple[str, ...]
    sourcesContent: tuple[str | None, ...]
    names: tuple[str, ...]
    mappings: str
    root: Path

    @classmethod
    def read(cls, content: bytes | str, folder: Path, root: Path) -> SourceMap:
        """A map from its JSON. ``folder`` is where the generated file is (sources are relative to it). Raises
        ValueError for what is no source map."""
        found: Any = json.loads(content)
        if not isinstance(found, dict) or found.get("version") != 3 or "mappings" not in found:
            raise ValueError("no source map of version 3")
        start = found.get("sourceRoot") or ""
        sources = tuple(_absolute(f"{start}{name}" if name else "", folder) for name in found["sources"])
        texts = tuple(found.get("sourcesContent") or ())
        texts += (None,) * (len(sources) - len(texts))
        return cls(sources, texts, tuple(found.get("names") or ()), found["mappings"], root)

    @cached_property
    def lines(self) -> list[list[Segment]]:
        """The segments of each line of the generated text, sorted by column."""
        return [sorted(segments) if _unsorted(segments) else segments for segments in decode(self.mappings)]

    def original(self, line: int, column: int) -> Position | None:
        """Where the text at a place of the generated file came from; None when it came from no source."""
        if not 0 < line <= len(self.lines):
            return None
        segments = self.lines[line - 1]
        index = bisect_right(segments, column - 1, key=lambda segment: segment.column) - 1
        if index < 0:
            return None
        found = segments[index]
        if found.source is None or found.source >= len(self.sources):
            return None
        name = self.names[found.name] if found.name is not None and found.name < len(self.names) else None
        return Position(found.source, found.line + 1, found.source_column + 1, name)

    def path(self, source: int) -> str:
        """A source as it is told: relative to the project with "/", where it is in it."""
        name = self.sources[source]
        try:
            return Path(name).relative_to(self.root).as_posix()
        except ValueError:
            return name

    def text(self, source: int, line: int) -> str:
        """A line of a source, "" when it is not known."""
        content = self.sourcesContent[source]
        if content is None:
            try:
                content = Path(self.sources[source]).read_text(encoding="utf-8", errors="replace")
            except (OSError, ValueError):
                return ""
        lines = content.split("\n")
        return lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else ""


class _Unchanged(SourceMap):
    def original(self, line: int, column: int) -> Position | None:
        return Position(0, line, column)


def of_file(path: Path, root: Path) -> SourceMap:
    """The map of a module that is a file as it stands: the map that the file names, else one to the file itself."""
    try:
        tail = path.read_bytes()[-_TAIL:].decode("utf-8", "replace")
        named = _NAMED.findall(tail)
        if named:
            _, inline, encoded = named[-1].rpartition(";base64,")
            content = b64decode(encoded) if inline else (path.parent / unquote(named[-1])).read_bytes()
            return SourceMap.read(content, path.parent, root)
    except (OSError, ValueError, KeyError, TypeError):  # a map that is none
        pass
    return _Unchanged((str(path),), (None,), (), "", root)


def _unsorted(segments: Sequence[Segment]) -> bool:
    return any(before.column > after.column for before, after in pairwise(segments))


def _absolute(name: str, folder: Path) -> str:
    if name.startswith("file://"):
        return unquote(name.removeprefix("file://"))
    if not name or re.match(r"[a-z][a-z0-9+.-]+:", name):  # two letters at least: C: is a drive
        return name
    return os.path.normpath(folder / name)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a stack. ``file`` is a path relative to the project where it is in it, None for what is no file;
    ``where`` is how the place is told; ``text`` the line of source."""

    function: str
    file: Path | None
    line: int
    column: int
    text: str
    where: str


def frames(stack: str, maps: Mapping[str, SourceMap]) -> list[Frame]:
    """The frames of a workerd stack, innermost first, without those of the layer around the app. ``maps`` are a
    bundle's: module name -> map."""
    return [frame for line in stack.split("\n") for frame in _frame(line, maps)]


def mapped_stack(stack: str, maps: Mapping[str, SourceMap]) -> str:
    """The stack with every frame in the app's own sources, relative to the project. Lines that are no frames stay."""
    return "\n".join(_told(stack, maps))


def _told(stack: str, maps: Mapping[str, SourceMap]) -> Iterator[str]:
    for line in stack.split("\n"):
        if _FRAME.match(line) is None:
            yield line
            continue
        for frame in _frame(line, maps):
            place = f"{frame.where}:{frame.line}:{frame.column}"
            yield f"    at {frame.function} ({place})" if frame.function else f"    at {place}"


def _frame(line: str, maps: Mapping[str, SourceMap]) -> Iterator[Frame]:
    found = _FRAME.match(line)
    if found is None:
        placeless = _PLACELESS.match(line)
        if placeless is not None:
            yield Frame(placeless["function"], None, 0, 0, "", "")
        return
    function = found["function"] or ""
    where = found["inside"] or found["alone"]
    row = int(found["line"] or found["alone_line"])
    column = int(found["column"] or found["alone_column"])
    if not function and where.startswith("async "):
        function, where = "async", where.removeprefix("async ")
    module = _SCHEME.sub("", where)
    if module.startswith(_LAYER):
        return
    source_map = maps.get(module)
    if source_map is None:
        yield Frame(function, None, row, column, "", module)
        return
    position = source_map.original(row, column)
    if position is None:
        return  # what esbuild adds itself
    path = source_map.path(position.source)
    text = source_map.text(position.source, position.line)
    is_file = not re.match(r"[a-z][a-z0-9+.-]+:", path)
    yield Frame(function, Path(path) if is_file else None, position.line, position.column, text, path)
