"""A text that the code puts together, and where each part of it stands.

A text is a row of pieces: chunks of constant text, each with the literal it comes from, and gaps for what is not known.
Offsets of the text are code points; places in files are bytes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from edgelint.diagnostics import Span
from edgelint.project.files import SourceFile
from edgelint.project.frames import Frame
from edgelint.source import Source
from edgelint.syntax import tree
from edgelint.syntax.literals import places
from edgelint.syntax.sql import HOLE, placeholders, tokens
from edgelint.syntax.tree import Node

_LIMIT_OR_OFFSET = re.compile(r"\b(LIMIT|OFFSET)\s*$", re.IGNORECASE)


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


class SqlText:
    """One text of a statement, with the arguments that go with it.

    ``text`` has a HOLE for each of ``holes``. ``values`` are the arguments in order; one without a node stands for a
    number of arguments that is not known. ``exact``: how many placeholders and arguments there are is known.
    ``feasible`` is False where a list of optional parts is empty and nothing says that it can be. ``aligned``: text and
    arguments hang on the same tests.
    """

    __slots__ = ("body", "values", "exact", "feasible", "aligned")

    def __init__(self, body: Text, values: list[Place], exact: bool, feasible: bool, aligned: bool = True) -> None:
        self.body = body
        self.values = values
        self.exact = exact and all(v.node is not None for v in values)
        self.feasible = feasible
        self.aligned = aligned

    @property
    def text(self) -> str:
        return self.body.text

    @property
    def holes(self) -> list[Place]:
        """The parts that are not known."""
        return self.body.gaps

    @property
    def is_known(self) -> bool:
        """Whether every part of the text is known."""
        return not self.body.gaps and bool(self.body.text.strip())

    @property
    def paired(self) -> bool:
        """Whether the text and the arguments can be of one run: they hang on the same tests, or fit by their number."""
        if self.aligned or not self.exact:
            return True
        return len(self.values) == max((place.number for place in placeholders(self.text)), default=0)

    def span(self, start: int, end: int) -> Span | None:
        """Where the text between two of its code points stands in a file."""
        return self.body.span(start, end)

    def sizes(self) -> Iterator[tuple[str, Place]]:
        """("limit" or "offset", what decides it) for each that is bound or put into the text."""
        marks = placeholders(self.text)
        paired = self.paired
        for position, place in enumerate(marks):
            if place.clause in ("limit", "offset") and place.function != "min":
                found = self.value(place.number - 1) if place.exact and paired else None
                if found is None and HOLE not in self.text[place.end :] and all(p.text == "?" for p in marks):
                    found = self.value(position - len(marks))
                if found is not None and found.node is not None:
                    yield place.clause, found
        at = 0
        for piece in self.body.pieces:
            before = _LIMIT_OR_OFFSET.search(self.text, 0, at)
            if before is not None:
                if isinstance(piece, Place):
                    yield before[1].lower(), piece
                elif piece.assumed and piece.file is not None:
                    yield before[1].lower(), Place(piece.node, piece.file, piece.frame)
            at += len(piece.text) if isinstance(piece, Chunk) else 1

    def value(self, position: int) -> Place | None:
        """The argument at ``position`` (from the end when negative), None when it cannot be told."""
        if not -len(self.values) <= position < len(self.values):
            return None
        passed = self.values[: position + 1] if position >= 0 else self.values[position:]
        return None if any(p.node is None for p in passed) else self.values[position]
