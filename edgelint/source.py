"""Bytes to text and offsets to columns. The one place that knows about UTF-8, UTF-16, BOMs and line endings."""

from __future__ import annotations

import re
from bisect import bisect_right

BOM = b"\xef\xbb\xbf"
_NUL_IS_A_CHARACTER = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
_LINE_BREAK = re.compile(rb"\r\n|\n|\r")


class UnreadableSource(Exception):
    """The bytes are not UTF-8 text. ``offset`` is the first byte that is not."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


def _is_text_with_nul(path: str, data: bytes) -> bool:
    """Whether NUL bytes are characters of the text: JavaScript lets strings and comments hold them (a separator that no
    key has). UTF-16 has one in every second byte of ASCII."""
    return path.lower().endswith(_NUL_IS_A_CHARACTER) and data.count(b"\0") * 20 < len(data)


class Source:
    """One file's bytes, with its text and line index made when first asked for.

    ``path`` is relative to the project root, with ``/``. Raises ``UnreadableSource`` when the bytes are not UTF-8.
    """

    __slots__ = ("path", "data", "text", "bom", "_starts", "_ascii")

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self.bom = 3 if data.startswith(BOM) else 0
        if b"\0" in data and not _is_text_with_nul(path, data):
            raise UnreadableSource(data.index(b"\0"), "the file holds a NUL byte: not text")
        try:
            self.text = data[self.bom :].decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableSource(error.start + self.bom, "the file is not UTF-8") from None
        self._starts: list[int] | None = None
        self._ascii = len(self.text) == len(data) - self.bom

    @property
    def line_starts(self) -> list[int]:
        """Byte offset of the first byte of every line; ``\\n``, ``\\r\\n`` and a lone ``\\r`` end a line."""
        if self._starts is None:
            self._starts = line_starts(self.data)
        return self._starts

    def byte_offset(self, index: int) -> int:
        """The byte offset of code point ``index`` of ``text``. O(index) outside ASCII files."""
        if self._ascii:
            return index + self.bom
        return len(self.text[:index].encode("utf-8")) + self.bom

    def byte_offsets(self) -> list[int]:
        """Byte offset of every code point of ``text``, and of its end: one table for a whole parse."""
        if self._ascii:
            return list(range(self.bom, len(self.data) + 1))
        offsets, at = [], self.bom
        for char in self.text:
            offsets.append(at)
            code = ord(char)
            at += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        offsets.append(at)
        return offsets

    def slice(self, start: int, end: int) -> str:
        """The text of a byte range."""
        return self.data[start:end].decode("utf-8", "replace")

    def position(self, offset: int) -> tuple[int, int]:
        """(line, column) of a byte offset, both from 1, the column in code points."""
        return position(self.data, self.line_starts, offset)

    def utf16_position(self, offset: int) -> tuple[int, int]:
        """(line, column) of a byte offset, both from 0, the column in UTF-16 code units, as language servers count."""
        line, before = _line_and_prefix(self.data, self.line_starts, offset)
        return line, len(before.encode("utf-16-le")) // 2


def line_starts(data: bytes) -> list[int]:
    """Byte offset of the first byte of every line of ``data``."""
    return [0, *(match.end() for match in _LINE_BREAK.finditer(data))]


def position(data: bytes, starts: list[int], offset: int) -> tuple[int, int]:
    """(line, column) of ``offset`` in ``data``, both from 1, the column in code points. The BOM has no column."""
    line, before = _line_and_prefix(data, starts, offset)
    return line + 1, len(before) + 1


def _line_and_prefix(data: bytes, starts: list[int], offset: int) -> tuple[int, str]:
    offset = max(0, min(offset, len(data)))
    line = bisect_right(starts, offset) - 1
    start = starts[line]
    if line == 0 and data.startswith(BOM):
        start = min(3, offset)
    return line, data[start:offset].decode("utf-8", "replace")
