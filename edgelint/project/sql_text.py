"""A text that the code puts together, and where each part of it stands.

A text is a row of pieces: chunks of constant text, each with the literal it comes from, and gaps for what is not known.
Offsets of the text are code points; places in files are bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from edgelint.diagnostics import Span
from edgelint.project.files import SourceFile
from edgelint.project.frames import Frame
from edgelint.source import Source
from edgelint.syntax import tree
from edgelint.syntax.literals import places
from edgelint.syntax.sql import HOLE, tokens
from edgelint.syntax.tree import Node


class Here(NamedTuple):
    """Where an expression is read: its file, and the calls that are looked into (None: none)."""

    file: SourceFile
    frame: Frame | None


class Place(NamedTuple):
    """An expression where it stands: in a file, in a frame. ``node`` None: an unknown number of expressions."""

    node: Node | None
    file: SourceFile
    frame: Frame | None


class Chunk(NamedTuple):
    """Constant text: the value of literal ``node`` from code point ``at`` on, or (``at`` None) what ``node`` as a whole
    stands for. ``source`` instead of ``node`` for a file that is the text (a .sql import). ``assumed``: the text stands
    for a value whose shape alone is known (a number, what stands between quotes), in ``frame``."""

    text: str
    file: SourceFile | None
    node: Node | None
    at: int | None
    source: Source | None = None
    assumed: bool = False
    frame: Frame | None = None

    def part(self, start: int, end: int) -> Chunk:
        """The text from ``start`` to ``end``."""
        return self._replace(text=self.text[start:end], at=None if self.at is None else self.at + start)

    def place(self, start: int, end: int) -> Span:
        """Where the code points from ``start`` to ``end`` of the chunk stand."""
        if self.source is not None:
            at = self.at or 0
            first, last = self.source.byte_offset(at + start), self.source.byte_offset(at + end)
            return Span(self.source.path, first, last)
        assert self.file is not None and self.node is not None
        if self.at is not None and isinstance(self.node, tree.Literal):
            found = places(self.file.source.data, self.node, self.file.language)
            if found is not None and self.at + end <= len(found):
                if end > start:
                    return Span(self.file.path, found[self.at + start][0], found[self.at + end - 1][1])
                after = self.at + start
                byte = found[after][0] if after < len(found) else found[-1][1] if found else self.node.start
                return Span(self.file.path, byte, byte)
        return self.file.span(self.node)


Piece = Chunk | Place


class Text:
    """Pieces in a row. ``text`` has a HOLE for each gap."""

    __slots__ = ("pieces", "text", "_starts")

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = [p for p in pieces if not isinstance(p, Chunk) or p.text]
        self.text = "".join(p.text if isinstance(p, Chunk) else HOLE for p in self.pieces)
        starts, at = [], 0
        for piece in self.pieces:
            starts.append(at)
            at += len(piece.text) if isinstance(piece, Chunk) else 1
        self._starts = starts

    def settled(self) -> Text:
        """The same with the gaps that stand between SQL's quotes filled in: whatever they are, they are no SQL."""
        pieces = list(self.pieces)
        for number, (at, piece) in enumerate(zip(self._starts, self.pieces, strict=True)):
            if isinstance(piece, Chunk) and piece.assumed and piece.file is not None and self.text[at - 1 : at] == "?":
                pieces[number] = Place(piece.node, piece.file, piece.frame)  # ?${n}: which parameter is not known
        if HOLE not in self.text:
            return Text(pieces)
        inside = [(t.start, t.end) for t in tokens(self.text) if t.kind == "string" and HOLE in t.text]
        for number, (at, piece) in enumerate(zip(self._starts, self.pieces, strict=True)):
            if isinstance(piece, Place) and piece.node is not None:
                if any(start < at < end - 1 for start, end in inside):
                    pieces[number] = Chunk("x", piece.file, piece.node, None, None, True, piece.frame)
        return Text(pieces)

    @property
    def gaps(self) -> list[Place]:
        """What is not known, in order."""
        return [p for p in self.pieces if isinstance(p, Place)]

    def piece(self, offset: int) -> Piece | None:
        """The piece in which a code point of the text is, None past its end."""
        if not 0 <= offset < len(self.text):
            return None
        return self.pieces[bisect_right(self._starts, offset) - 1]

    def span(self, start: int, end: int) -> Span | None:
        """Where the text from ``start`` to ``end`` stands: where it is made of several places, from the first to the
        last of them when they are parts of one expression, else the first. None when there is nothing."""
        if not self.pieces:
            return None
        start = max(0, min(start, len(self.text)))
        end = max(start, min(end, len(self.text)))
        first = max(0, bisect_right(self._starts, start if start < len(self.text) else max(start - 1, 0)) - 1)
        last = max(first, bisect_right(self._starts, max(end - 1, start)) - 1)
        head = self._place(first, start, end)
        if last == first or head is None:
            return head
        tail = self._place(last, start, end)
        if tail is None or tail.path != head.path or tail.end < head.end or not self._together(first, last):
            return head
        return Span(head.path, head.start, tail.end)

    def _place(self, index: int, start: int, end: int) -> Span | None:
        piece = self.pieces[index]
        if isinstance(piece, Place):
            return piece.file.span(piece.node) if piece.node is not None else None
        at = self._starts[index]
        return piece.place(max(0, start - at), max(0, min(len(piece.text), end - at)))

    def _together(self, first: int, last: int) -> bool:
        """Whether the pieces are parts of one expression: they have an ancestor that is no statement in common."""
        nodes = [p.node for p in (self.pieces[first], self.pieces[last])]
        if nodes[0] is None or nodes[1] is None:
            return nodes[0] is nodes[1]
        around = {id(nodes[0])}
        at: Node = nodes[0]
        while isinstance(at.parent, tree.Template | tree.Binary | tree.Cast):
            at = at.parent
            around.add(id(at))
        at = nodes[1]
        while id(at) not in around and isinstance(at.parent, tree.Template | tree.Binary | tree.Cast):
            at = at.parent
        return id(at) in around

    def piece_at(self, offset: int) -> Piece | None:
        """The piece that holds a code point."""
        if not 0 <= offset < len(self.text):
            return None
        return self.pieces[bisect_right(self._starts, offset) - 1]

    def slice(self, start: int, end: int) -> Text:
        """The text from ``start`` to ``end``."""
        kept: list[Piece] = []
        for at, piece in zip(self._starts, self.pieces, strict=True):
            if isinstance(piece, Place):
                if start <= at < end:
                    kept.append(piece)
                continue
            low, high = max(0, start - at), min(len(piece.text), end - at)
            if low < high:
                kept.append(piece.part(low, high))
        return Text(kept)
