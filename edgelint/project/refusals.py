"""Statements that SQLite refuses on the schema they run on: what is wrong with them, and where.

A refusal is told when it happens whatever way the code takes: on every database the statement may reach, and never for
a part of a text that SQLite takes in another text of the same statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.patterns import later
from edgelint.project.sql_foreign import foreign
from edgelint.project.sql_text import Chunk
from edgelint.syntax import tree
from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import Token, tokens

if TYPE_CHECKING:
    from edgelint.d1.errors import D1Error
    from edgelint.d1.schema import Schema
    from edgelint.diagnostics import Span
    from edgelint.project.prepared import Asked, Query
    from edgelint.project.project import Project

_TABLE = later(r"no such table: (?:main\.)?(.+)", re.S)
_COLUMN = later(r"no such column: (.+)", re.S)
_INSERTED = later(r"table (.+) has no column named (.+)", re.S)
_AMBIGUOUS = later(r"ambiguous column name: (.+)", re.S)
_SYNTAX = later(r"near \".*\": syntax error|incomplete input|unrecognized token: .*", re.S)
# Refusals that no schema can make good, or only another one: SQLite's own words (src/insert.c, select.c, upsert.c,
# resolve.c, expr.c, update.c, delete.c).
_WRONG = later(
    r"\d+ values for \d+ columns|table .+ has \d+ columns but \d+ values were supplied|all VALUES must have the same"
    r" number of terms|ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint"
    r"|wrong number of arguments to function .*|misuse of aggregate.*|misuse of window function.*"
    r"|SELECTs to the left and right of .* do not have the same number of result columns"
    r"|sub-select returns \d+ columns - expected \d+|row value misused|HAVING clause on a non-aggregate query"
    r"|(?:ORDER BY|LIMIT) clause should come (?:before|after) .*|aggregate functions are not allowed in .*"
    r"|cannot modify .* because it is a view|cannot (?:UPDATE|INSERT into) generated column .*"
    r"|\d+(?:st|nd|rd|th) (?:ORDER|GROUP) BY term .*|no tables specified|a JOIN clause is required before ON"
    r"|cannot join using column .*|no such index: .*",
    re.S,
)
_PRAGMA = later(r"\s*(?:EXPLAIN\s+)?PRAGMA\b", re.I)
_SYSTEM = later(r"(?:sqlite|_cf|d1)_|pragma_", re.I)
_BEFORE_TABLE = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ON", ","})


class Refusal(NamedTuple):
    """``kind``: "table", "column", "ambiguous", "syntax", "other". ``name`` is what is missing or ambiguous as it is
    written, with its qualifier; ``start`` and ``end`` its code points in the statement, ``span`` its place in a file.
    """

    kind: str
    name: str
    asked: Asked
    error: D1Error
    start: int
    end: int
    span: Span


def refusals(project: Project) -> Iterator[Refusal]:
    """Every refusal, each place once: found once for all rules that ask."""
    kept = project.queries_found.refused
    if kept is None:
        kept = project.queries_found.refused = list(_all(project.whole))
    for refusal in kept:
        if project.shows(refusal.asked.statement.call.file.path):
            yield refusal


def _all(project: Project) -> Iterator[Refusal]:
    seen: set[tuple[Span, str]] = set()
    for query in project.queries:
        if query.sure or (not query.sources and query.statement.call.trust in ("high", "import")):
            for refusal in _of(query, project):
                if (refusal.span, refusal.error.message) not in seen:
                    seen.add((refusal.span, refusal.error.message))
                    yield refusal


def _of(query: Query, project: Project) -> Iterator[Refusal]:
    by_place: dict[tuple[int, int], list[Asked]] = {}
    listed = query.asked or project.queries_found.blank(query.statement)
    for asked in listed:
        by_place.setdefault((id(asked.text), asked.at), []).append(asked)
    fine = {
        (id(piece.node), piece.at) for asked in listed if asked.error is None
        for piece in asked.text.body.pieces if isinstance(piece, Chunk)
    }
    for group in by_place.values():
        if any(asked.error is None for asked in group):
            continue
        for asked in group[:1]:
            assert asked.error is not None
            found = classified(asked, asked.error)
            if found is None or found.span is None:
                continue
            if found.kind != "syntax" and not all(one.shape.whole for one in group):
                continue
            piece = asked.text.body.piece(asked.at + found.start)
            if isinstance(piece, Chunk) and (piece.assumed or (id(piece.node), piece.at) in fine):
                continue
            if found.kind == "syntax" and _PRAGMA.match(asked.sql):
                continue  # sql/unsupported-pragma
            if found.kind == "syntax" and any(True for _ in foreign(asked.text.text)):
                continue  # sql/foreign-dialect speaks of it
            if not _made_elsewhere(found, project) and not _tried(found):
                yield found


def classified(asked: Asked, error: D1Error) -> Refusal | None:
    """What an error means and where it is; None for those that other rules speak of."""
    message = error.message
    found = _COLUMN.fullmatch(message)
    if found:
        return _named("column", found[1], asked, error)
    found = _TABLE.fullmatch(message)
    if found:
        return None if _SYSTEM.match(found[1]) else _table(found[1], asked, error)
    found = _INSERTED.fullmatch(message)
    if found:
        return _named("column", found[2], asked, error, found[1])
    found = _AMBIGUOUS.fullmatch(message)
    if found:
        return _named("ambiguous", found[1], asked, error)
    if _SYNTAX.fullmatch(message):
        at = error.offset if error.offset is not None else len(asked.sql)
        token = next((t for t in tokens(asked.sql) if t.start <= at < t.end), None)
        return _at("syntax", message, asked, error, token.start if token else at, token.end if token else at)
    if _WRONG.fullmatch(message):
        first = next(iter(tokens(asked.sql)), None)
        return _at("other", message, asked, error, 0, first.end if first is not None else len(asked.sql))
    return None


def _at(kind: str, name: str, asked: Asked, error: D1Error, start: int, end: int) -> Refusal | None:
    span = asked.span(start, end)
    return Refusal(kind, name, asked, error, start, end, span) if span is not None else None


def _named(kind: str, name: str, asked: Asked, error: D1Error, table: str | None = None) -> Refusal | None:
    """A column: at SQLite's own offset, else at its first mention."""
    listed = list(tokens(asked.sql))
    wanted = [unquoted(part).lower() for part in name.rsplit(".", 1)]
    if len(wanted) == 1 and name.startswith('"'):
        return None  # an identifier in double quotes: another rule's
    for position, token in enumerate(listed):
        if error.offset is not None and not token.start <= error.offset < token.end:
            continue
        end = _chain(listed, position, wanted)
        if end is not None:
            return _at(kind, name, asked, error, token.start, end)
    if error.offset is None:
        for position, token in enumerate(listed):
            end = _chain(listed, position, wanted[-1:])
            if end is not None and (table is None or position > 2):
                return _at(kind, name, asked, error, token.start, end)
    return None


def _chain(listed: list[Token], position: int, wanted: list[str]) -> int | None:
    """Where ``a.b`` ends when it begins at a token."""
    at = position
    for number, name in enumerate(wanted):
        if number:
            if at >= len(listed) or listed[at].text != ".":
                return None
            at += 1
        if at >= len(listed) or listed[at].kind not in ("word", "quoted") or unquoted(listed[at].text).lower() != name:
            return None
        at += 1
    return listed[at - 1].end


def _table(name: str, asked: Asked, error: D1Error) -> Refusal | None:
    """A table: where it is named after FROM, JOIN, INTO ..."""
    listed = list(tokens(asked.sql))
    plain = name.rsplit(".", 1)[-1].lower()
    for position, token in enumerate(listed):
        if token.kind in ("word", "quoted") and unquoted(token.text).lower() == plain:
            before = listed[position - 1] if position else None
            if before is not None and (before.upper or before.text) in _BEFORE_TABLE:
                return _at("table", name, asked, error, token.start, token.end)
    return None


def _made_elsewhere(refusal: Refusal, project: Project) -> bool:
    """Whether some other text of the project makes what is missing, or the code has looked whether it is there."""
    found = project.queries_found.elsewhere
    name = unquoted(refusal.name.rsplit(".", 1)[-1])
    if refusal.kind == "table":
        if found.has_table(name):
            return True
        piece = refusal.asked.text.body.piece(refusal.asked.at + refusal.start)
        whole = isinstance(piece, Chunk) and name in piece.text
        return refusal.asked.shape.dynamic and not whole
    if refusal.kind == "column":
        return found.has_column(tables_of(refusal.asked), name)
    return False


def _tried(refusal: Refusal) -> bool:
    """Whether the code tries the statement and has another for when it fails: it asks whether a column is there."""
    if refusal.kind not in ("table", "column"):
        return False
    node: tree.Node = refusal.asked.statement.call.node
    for parent in tree.ancestors(node):
        if isinstance(parent, tree.Function):
            return False
        if isinstance(parent, tree.Try) and node is parent.body:
            for handler in parent.handlers:
                for inner in tree.walk(handler):
                    if isinstance(inner, tree.Call) and isinstance(inner.func, tree.Member):
                        if inner.func.name in ("prepare", "exec"):
                            return True
        node = parent
    return False


def tables_of(asked: Asked) -> set[str]:
    """The tables and views of the schema that a statement names, as the schema writes them."""
    schema = asked.shape.schema
    known = {name.lower(): name for name in (*schema.tables, *schema.views)}
    return {
        known[unquoted(token.text).lower()] for token in tokens(asked.sql)
        if token.kind in ("word", "quoted") and unquoted(token.text).lower() in known
    }


def aliases(asked: Asked) -> dict[str, str]:
    """Alias or name of a table in a statement (lower case) -> the table, as the schema writes it."""
    schema = asked.shape.schema
    known = {name.lower(): name for name in schema.tables}
    found: dict[str, str] = {}
    listed = list(tokens(asked.sql))
    for position, token in enumerate(listed):
        name = unquoted(token.text).lower() if token.kind in ("word", "quoted") else ""
        if name not in known:
            continue
        found.setdefault(name, known[name])
        following = listed[position + 1 : position + 3]
        if following and following[0].upper == "AS":
            following = following[1:]
        if following and following[0].kind in ("word", "quoted"):
            found.setdefault(unquoted(following[0].text).lower(), known[name])
    return found


def columns_of(schema: Schema, table: str) -> list[str]:
    """The names of the columns of a table."""
    found = schema.tables.get(table)
    return [column.name for column in found.columns] if found is not None else []
