"""Questions about single queries: what decides LIMIT and OFFSET, what is a number, what writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.project.assembly import Assembly
from edgelint.project.atoms import Const, Number
from edgelint.project.sql_text import Chunk, Here, Place, SqlText
from edgelint.project.worlds import World
from edgelint.syntax.sql import statements

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.project import Project

_WRITING = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER"})


def queries(project: Project) -> Iterator[tuple[BindingCall, SqlText]]:
    """Every text of every statement that can have arguments, with its call; a statement that is bound twice comes
    twice."""
    for statement in project.statements:
        if statement.call.verb != "exec" or statement.call.kind == "do-sql":
            for text in statement.texts:
                yield statement.call, text


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
