"""Questions about single queries: what decides LIMIT and OFFSET, what is a number, what writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.assembly import Assembly
from edgelint.project.atoms import Const, Number
from edgelint.project.sql_text import Chunk, Here, Place, Text
from edgelint.project.worlds import World
from edgelint.syntax.sql import HOLE, placeholders, statements

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.project import Project

_LIMIT_OR_OFFSET = re.compile(r"\b(LIMIT|OFFSET)\s*$", re.IGNORECASE)


_WRITING = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER"})


class Query(NamedTuple):
    """One text: ``text`` has a HOLE for each part in ``holes``; ``values`` are its arguments, in order."""

    call: BindingCall
    body: Text
    values: list[Place]

    @property
    def text(self) -> str:
        return self.body.text

    @property
    def holes(self) -> list[Place]:
        """The parts that are not known."""
        return self.body.gaps

    def sizes(self) -> Iterator[tuple[str, Place]]:
        """("limit" or "offset", what decides it) for each that is bound or put into the text."""
        places = placeholders(self.text)
        for position, place in enumerate(places):
            if place.clause in ("limit", "offset") and place.function != "min":
                found = self.value(place.number - 1) if place.exact else None
                if found is None and HOLE not in self.text[place.end :] and all(p.text == "?" for p in places):
                    found = self.value(position - len(places))
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


def queries(project: Project) -> Iterator[Query]:
    """Every text of every statement with its arguments; a statement that is bound twice comes twice."""
    for statement in project.statements:
        if statement.call.verb != "exec" or statement.call.kind == "do-sql":
            for text in statement.texts:
                yield Query(statement.call, text.body, text.values)


def is_number(evaluator: Evaluator, place: Place) -> bool:
    """Whether a value is a number whatever happens."""
    value = evaluator.evaluate(place.node, place.file, place.frame) if place.node is not None else frozenset()
    return bool(value) and all(isinstance(a, Number) or (isinstance(a, Const) and a.kind == "number") for a in value)


def is_write(project: Project, call: BindingCall) -> bool:
    """Whether the statement that ``call`` runs is known to change something: INSERT, UPDATE, DELETE and the like."""
    for way in project.statements_found.ways(call.receiver, Here(call.file, None)):
        if not way.prepare.args:
            continue
        reading = Assembly(project.evaluator, World([]))
        pieces = reading.written(way.prepare.args[0], Here(way.file, way.frame))
        first = pieces[0] if pieces else None
        if isinstance(first, Chunk) and any(s.verb in _WRITING for s in statements(first.text)[:1]):
            return True
    return False
