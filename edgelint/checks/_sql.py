"""What the SQL rules say of a hole: how bad it is, what happens, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from edgelint.diagnostics import Severity, Span
from edgelint.patterns import later
from edgelint.project.origins import Origin, Question, origins
from edgelint.project.queries import is_number
from edgelint.project.text import Hole, before
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.loops import Repeated
    from edgelint.project.project import Project
    from edgelint.project.sql_text import SqlText
    from edgelint.syntax.tree import Node

_SENT = ("request", "message", "event")
_ORDER = (*_SENT, "stored", "unknown", "param", "validated", "number", "library")
# The words of SQLite's grammar after which a name stands (lang_select.html, lang_insert.html, lang_altertable.html).
_NAME_FOLLOWS = later(
    r"\b(?:FROM|INTO|UPDATE|TABLE|JOIN|BY|SELECT|SET|INDEX|VIEW|TRIGGER|COLUMN|PRAGMA|ON|EXISTS|ASC|DESC|REPLACE)\s*[\"`\[]?$|[\"`\[]$",
    re.IGNORECASE,
)
_VALUE_FOLLOWS = later(
    r"(?:[=<>'%(+\-/*|]|\b(?:LIKE|GLOB|MATCH|IS|NOT|AND|OR|IN|BETWEEN|LIMIT|OFFSET|VALUES|THEN|ELSE|WHEN))\s*$",
    re.IGNORECASE,
)

SIZES = {
    "limit": "the request decides LIMIT, with no upper bound: one call can read, and be billed for, all rows (-1: all)",
    "offset": "the request decides OFFSET, with no bound: every row that is skipped is read and billed",
}


def bound(project: Project) -> Iterator[tuple[BindingCall, list[Node]]]:
    """Every call that binds values to a statement, with the values."""
    for call in project.calls("d1-statement", "bind"):
        yield call, call.node.args
    for call in project.calls("do-sql", "exec"):
        yield call, call.node.args[1:]


def open_sizes(text: SqlText, evaluator: Evaluator) -> Iterator[tuple[str, Origin]]:
    """("limit" or "offset", where the request decides it) for what is not clamped on its way into the query."""
    for clause, place in text.sizes():
        question = Question.SIZE if clause == "limit" else Question.RAW
        if place.node is None or (place in text.holes and not is_number(evaluator, place)):
            continue  # text that is no number: sql/unbound-value speaks of it
        for origin in origins(place.node, place.file, evaluator, question, place.frame)[:1]:
            yield clause, origin


def worst(holes: Iterable[Hole]) -> list[Hole]:
    """One hole for each place: what whoever sends the request decides comes before what is merely not known."""
    found: dict[tuple[str, int, int], Hole] = {}
    for hole in sorted(holes, key=lambda h: _ORDER.index(h.what)):
        found.setdefault((hole.file.path, hole.node.start, hole.node.end), hole)
    return sorted(found.values(), key=lambda h: (h.file.path, h.node.start))


def severity_of(hole: Hole) -> Severity | None:
    """An error when someone outside decides the text, a warning when it may be so, None when there is nothing to say.
    """
    if hole.what in _SENT:
        return Severity.ERROR
    if not hole.glued and hole.what != "stored":
        return None  # the whole text is handed in: what makes it is elsewhere, and was looked at there when it is known
    return None if hole.what == "library" else Severity.WARNING


def message_for(hole: Hole, call: BindingCall) -> str:
    """What happens."""
    to = f"{call.verb}()"
    if hole.what in _SENT:
        origin = {"request": "the request", "message": "a message", "event": "an event"}[hole.what]
        return f"text from {origin} becomes part of the SQL given to {to}: whoever sends it can rewrite the statement"
    if hole.what == "number":
        return f"a number that may be NaN becomes part of the SQL given to {to}: SQLite takes NaN for a column"
    what = {
        "stored": "stored data",
        "param": "a parameter that no known call fixes",
        "validated": "text that a schema only checks for its type",
    }.get(hole.what, "a value that is not known to be constant")
    return f"{what} becomes part of the SQL given to {to}: if it holds a quote or a keyword, the statement changes"


def help_for(hole: Hole, call: BindingCall) -> str:
    """What to do: bind a value, look up a name."""
    text = before(hole.node)
    bind = {
        "do-sql": "write ? in its place and give the value to exec() as a further argument",
    }.get(
        call.kind,
        "write ? in its place and give the value to bind()"
        if call.verb == "prepare"
        else "use prepare() with ? and bind() the value: exec() cannot bind",
    )
    name = "a table, a column or a direction cannot be bound: look it up in a list of the allowed ones"
    if text and _VALUE_FOLLOWS.search(text):
        quotes = ", without quotes" if text.rstrip("%").endswith("'") else ""
        return bind + quotes
    if text and _NAME_FOLLOWS.search(text):
        return name
    return f"{bind}; {name}"


def loop_head(found: Repeated) -> Span:
    """What a loop goes over, or the whole of its head."""
    loop, file = found.loop, found.file
    if isinstance(loop, tree.Call):
        return file.span(loop.func)
    if isinstance(loop, tree.Comprehension):
        return file.span(loop.clauses[0])
    assert isinstance(loop, tree.Loop)
    over = loop.iterable or loop.test
    return file.span(over) if over is not None else Span(file.path, loop.start, loop.body.start)
