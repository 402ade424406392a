"""Shapes of queries whose cost grows with the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from edgelint.project.sql_words import Word
from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import placed, statements

if TYPE_CHECKING:
    from edgelint.d1.plans import PlanStep
    from edgelint.d1.schema import Schema

_AGGREGATES = frozenset(
    ("count", "sum", "total", "avg", "min", "max", "group_concat", "json_group_array",
     "json_group_object", "string_agg")
)


def stars(text: str) -> Iterator[Word]:
    """``*`` and ``t.*`` in the columns of the outermost SELECT."""
    for statement in statements(text):
        if statement.verb not in ("SELECT", "WITH"):
            continue
        at = statement.start
        row = list(placed(text[statement.start : statement.end]))
        for index, one in enumerate(row):
            before = one.before
            if one.token.text != "*" or before is None or one.depth > 0:
                continue
            if before.text == "." and index >= 2:
                yield Word(row[index - 2].token.text + ".*", at + row[index - 2].token.start, at + one.token.end)
            elif before.upper in ("SELECT", "DISTINCT", "ALL") or (before.text == "," and one.clause == "other"):
                yield Word("*", at + one.token.start, at + one.token.end)


def offsets(text: str) -> Iterator[Word]:
    """OFFSET with anything but a number."""
    row = list(placed(text))
    for one, following in pairwise(row):
        if one.token.upper == "OFFSET" and one.clause == "limit" and following.token.kind != "number":
            yield Word(one.token.text, one.token.start, one.token.end)


def leading_wildcards(text: str) -> Iterator[Word]:
    """Patterns of LIKE and GLOB that begin with a wildcard."""
    for one in placed(text):
        before = one.before.upper if one.before is not None else ""
        if one.token.kind == "string" and before in ("LIKE", "GLOB"):
            pattern = unquoted(one.token.text)
            if pattern[:1] in (("%", "_") if before == "LIKE" else ("*", "?", "[")):
                yield Word(one.token.text, one.token.start, one.token.end)


def unbounded(sql: str, schema: Schema, plan: Sequence[PlanStep]) -> Word | None:
    """The SELECT of a query that has no LIMIT, finds no single row by a key and adds nothing up; ``what`` is the table.
    None for all else."""
    row = list(placed(sql))
    if not row or row[0].token.upper != "SELECT":
        return None
    top = [one for one in row if one.depth == 0]
    words = {one.token.upper for one in top}
    if words & {"LIMIT", "UNION", "EXCEPT", "INTERSECT", "GROUP"} or "FROM" not in words:
        return None
    for one, following in pairwise(row):
        if one.token.upper == "FROM" and one.depth == 0:
            break
        if following.token.text == "(" and one.token.text.lower() in _AGGREGATES and one.depth == 0:
            return None
    tables = {name.lower(): name for name in schema.tables}
    read = [step for step in plan if step.scans or step.searches]
    if not read or any(step.searches and _finds_one(step.detail, schema) for step in read[:1]):
        return None
    at = next(index for index, one in enumerate(row) if one.token.upper == "FROM" and one.depth == 0)
    name = unquoted(row[at + 1].token.text).lower() if at + 1 < len(row) else ""
    if name not in tables:
        return None
    return Word("SELECT", row[0].token.start, row[0].token.end, tables[name])


def _finds_one(detail: str, schema: Schema) -> bool:
    """Whether a SEARCH finds at most one row: by the rowid, or by all columns of a unique index."""
    if "USING INTEGER PRIMARY KEY (rowid=?)" in detail:
        return True
    for table in schema.tables.values():
        for index in table.indexes:
            if index.unique and f" {index.name} (" in detail and detail.count("=?") >= len(index.columns):
                return True
        if "USING PRIMARY KEY (" in detail and f" {table.name} " in f"{detail} ":
            return detail.count("=?") >= len(table.primary_key)
    return False
