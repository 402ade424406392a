"""Fixes inside SQL texts, in whatever they are written in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelint.diagnostics import Edit, Fix
from edgelint.syntax.sql import statements

if TYPE_CHECKING:
    from edgelint.project.sql_units import Unit

_RUN = re.compile(r"[ \t\r]*\n\s*")
_UNSAFE = re.compile(r"[\\`'\"$\n]")


def replacement(unit: Unit, start: int, end: int, text: str, message: str, *, safe: bool = True) -> Fix | None:
    """A fix that writes ``text`` in the place of a piece of SQL; None where the piece is not written as it reads, or
    the new text would end the literal it stands in."""
    span = unit.span(start, end)
    if span is None or unit.written(start, end) != unit.text[start:end].encode():
        return None
    if unit.file is None and _UNSAFE.search(text):
        return None
    return Fix(message, (Edit(span, text),), safe)


def one_line(unit: Unit) -> Fix | None:
    """A fix that puts each statement of a text on one line; None where a comment or a string is in the way."""
    text = unit.text
    if "--" in text:
        return None
    edits = []
    inside = [(s.start, s.end) for s in statements(text)]
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    for run in _RUN.finditer(text, first, last):
        span = unit.span(run.start(), run.end())
        if span is None or unit.written(run.start(), run.end()) != run[0].encode():
            return None
        within = any(start < run.start() and run.end() < end for start, end in inside)
        if within or run[0].count("\n") > 1:
            edits.append(Edit(span, " " if within else "\n"))
    return Fix("Write each statement on one line", tuple(edits), True) if edits else None
