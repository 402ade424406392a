"""Byte offsets to the protocol's positions and back, in the encoding that client and server agreed on."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from lsprotocol import types

from edgelint.diagnostics import Span
from edgelint.source import BOM, line_starts

UNITS: Final = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
"""Position encoding -> bytes of one unit."""
_CODECS: Final = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


class Lines:
    """One text's lines. ``encoding`` is "utf-8", "utf-16" or "utf-32". A byte-order mark has no column."""

    __slots__ = ("data", "encoding", "_starts")

    def __init__(self, data: bytes, encoding: str) -> None:
        self.data = data
        self.encoding = encoding
        self._starts = line_starts(data)

    def position(self, offset: int) -> types.Position:
        """The position of a byte offset; one outside the text is the nearest inside."""
        offset = max(0, min(offset, len(self.data)))
        line = bisect_right(self._starts, offset) - 1
        before = self.data[self._start(line) : offset].decode("utf-8", "replace")
        return types.Position(line, len(before.encode(_CODECS[self.encoding])) // UNITS[self.encoding])

    def range(self, span: Span) -> types.Range:
        """The range of a span of this text."""
        return types.Range(self.position(span.start), self.position(max(span.start, span.end)))

    def offset(self, position: types.Position) -> int:
        """The byte offset of a position; one beyond the end of its line is the line's end."""
        if position.line >= len(self._starts):
            return len(self.data)
        start = self._start(position.line)
        end = self._starts[position.line + 1] if position.line + 1 < len(self._starts) else len(self.data)
        line = self.data[start:end].rstrip(b"\r\n").decode("utf-8", "replace")
        before = line.encode(_CODECS[self.encoding])[: position.character * UNITS[self.encoding]]
        return start + len(before.decode(_CODECS[self.encoding], "ignore").encode("utf-8"))

    def _start(self, line: int) -> int:
        start = self._starts[line]
        return start + len(BOM) if line == 0 and self.data.startswith(BOM) else start
