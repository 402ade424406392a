"""Indexes that a query lacks: proposed from what it compares and sorts by, proved by planning again with them.

A proposal is told only when SQLite, given the index on a copy of the database, reads less with it: a table that was
scanned is searched and no other is scanned instead, or a sort is gone and nothing else is worse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.refusals import aliases
from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import tokens
from edgelint.syntax.sql_terms import Terms, terms

if TYPE_CHECKING:
    from edgelint.d1.engine import Database
    from edgelint.d1.plans import PlanStep
    from edgelint.d1.schema import Table
    from edgelint.diagnostics import Span
    from edgelint.project.prepared import Asked, Queries, Shape
    from edgelint.project.project import Project

_SCAN = re.compile(r"SCAN (\S+)(?: AS (\S+))?")
_AUTOMATIC = re.compile(r"SEARCH (\S+)(?: AS (\S+))? USING AUTOMATIC ")
_FLAG = re.compile(
    r"^(?:is|has|was|can|should)_|^is[A-Z]|^(?:active|enabled|disabled|deleted|archived|published|hidden|public)$"
)
_SORT = "USE TEMP B-TREE FOR "
TEXTS = 8
"""Texts of one statement that are planned."""
CANDIDATES = 12


class Lacking(NamedTuple):
    """``kind``: "scan" or "sort". ``create`` is the proved CREATE INDEX; ``span`` the table's name in the statement (of
    a sort the words ORDER BY); ``limited``: the statement has a LIMIT."""

    kind: str
    asked: Asked
    table: str
    create: str
    span: Span
    limited: bool


def lacking(project: Project) -> Iterator[Lacking]:
    """What each statement lacks: at most one thing, each place once."""
    queries = project.queries_found
    seen: set[Span] = set()
    for query in project.queries:
        if not query.sure or len(query.sources) != 1:
            continue
        for asked in query.asked[:TEXTS]:
            found = _of(asked, queries)
            if found is not None:
                if found.span not in seen:
                    seen.add(found.span)
                    yield found
                break


def _of(asked: Asked, queries: Queries) -> Lacking | None:
    memo = asked.shape.proposals
    if asked.sql not in memo:
        memo[asked.sql] = _proposed(asked, queries)
    found = memo[asked.sql]
    if found is None:
        return None
    kind, table, index, start, end, limited = found
    span = asked.span(start, end)
    return Lacking(kind, asked, table, index, span, limited) if span is not None else None


Proposal = tuple[str, str, str, int, int, bool]


def _proposed(asked: Asked, queries: Queries) -> Proposal | None:
    plan = asked.plan
    scanned = [name for step in plan if (name := _scanned(step)) is not None]
    sorts = any(step.detail.startswith(_SORT) and "ORDER BY" in step.detail for step in plan)
    if not scanned and not sorts:
        return None
    named = aliases(asked)
    found = terms(asked.sql)
    if found is None:
        return None
    for name in scanned:
        table = asked.shape.schema.tables.get(named.get(name.lower(), ""))
        if table is None or table.virtual or table.shadow or queries.is_small(asked.shape, table.name):
            continue
        index = _proved(asked, table, name, found, plan, sort=False)
        if index is not None:
            place = _mention(asked.sql, table.name)
            return ("scan", table.name, index, *place, found.limited) if place is not None else None
    if sorts and not scanned and (found.limited or found.filtered):
        for name, table_name in named.items():
            table = asked.shape.schema.tables.get(table_name)
            if table is None or table.virtual or queries.is_small(asked.shape, table.name):
                continue
            index = _proved(asked, table, name, found, plan, sort=True)
            if index is not None and found.order_place is not None:
                return ("sort", table.name, index, *found.order_place, found.limited)
    return None


def _scanned(step: PlanStep) -> str | None:
    """The table (or its alias) of which a step reads all rows; None for one that reads an index instead."""
    automatic = _AUTOMATIC.match(step.detail)
    if automatic is not None:
        return automatic[2] or automatic[1]
    if not step.scans or " USING " in step.detail or " VIRTUAL TABLE " in step.detail:
        return None
    found = _SCAN.match(step.detail)
    return (found[2] or found[1]) if found is not None else None


def _cost(plan: Sequence[PlanStep]) -> tuple[int, int]:
    """(tables and indexes that are read whole, sorts)."""
    scans = sum(1 for step in plan if step.scans or _AUTOMATIC.match(step.detail))
    return scans, sum(1 for step in plan if step.detail.startswith(_SORT))


def _proved(
    asked: Asked, table: Table, name: str, found: Terms, plan: Sequence[PlanStep], sort: bool
) -> str | None:
    scans, sorts = _cost(plan)
    limited_sort = found.limited and not found.filtered
    for columns in _candidates(table, name, found, sort):
        made = f"{table.name}_{'_'.join(column.split(' ')[0] for column in columns)}"
        listed = ", ".join(_quoted(column) for column in columns)
        sql = f"CREATE INDEX {_quoted(made)} ON {_quoted(table.name)} ({listed})"
        after = _planned(asked.shape, sql, made, asked.sql)
        if after is None or not any(f"INDEX {made}" in step.detail for step in after):
            continue
        now_scans, now_sorts = _cost(after)
        if sort:
            if now_sorts < sorts and now_scans <= scans:
                return sql
        elif (now_scans < scans and now_sorts <= sorts) or (limited_sort and now_scans <= scans and now_sorts < sorts):
            return sql
    return None


def _candidates(table: Table, name: str, found: Terms, sort: bool) -> Iterator[list[str]]:
    """Lists of columns for an index on ``table``, the most helpful first."""
    own = {column.name.lower(): column.name for column in table.columns if not column.hidden}
    alone = found.alone

    def mine(pairs: Sequence[tuple[str, str]]) -> list[str]:
        listed = [
            own[column] for qualifier, column in pairs
            if column in own and (qualifier == name.lower() or (not qualifier and (alone or _only(column, table))))
        ]
        return list(dict.fromkeys(listed))

    def _only(column: str, _table: Table) -> bool:
        return column in found.unqualified

    equal, ranges = mine(found.equal), mine(found.ranges)
    order = [
        f"{own[column]} DESC" if descending and found.mixed else own[column]
        for qualifier, column, descending in found.order
        if column in own and (qualifier in ("", name.lower()))
    ]
    if len(order) < len(found.order):
        order = []
    equal = equal[:4]
    made: list[list[str]] = []
    if order:
        made.append([*equal, *(o for o in order if o.split(" ")[0] not in equal)])
    if not sort:
        if ranges:
            made.append([*equal, ranges[0]])
        made.append(equal)
        made += [[column] for column in equal]
        made += [[column] for column in ranges]
    seen: set[tuple[str, ...]] = set()
    for columns in made[:CANDIDATES]:
        telling = [c for c in columns if not _FLAG.match(c)]
        if columns and telling and tuple(columns) not in seen:
            seen.add(tuple(columns))
            yield columns


def _planned(shape: Shape, create: str, name: str, sql: str) -> tuple[PlanStep, ...] | None:
    """The plan of ``sql`` with one more index, on a copy of the database."""
    from edgelint.d1.errors import D1Error

    database: Database = shape.scratch
    try:
        database.execute(create)
    except D1Error:
        return None
    try:
        return database.plan(sql)
    except D1Error:
        return None
    finally:
        database.execute(f"DROP INDEX {_quoted(name)}")


def _quoted(column: str) -> str:
    name, space, direction = column.partition(" ")
    if direction not in ("", "DESC"):
        name, space, direction = column, "", ""
    plain = re.fullmatch(r"[A-Za-z_]\w*", name) is not None and name.upper() not in _RESERVED
    escaped = name.replace('"', '""')
    return (name if plain else f'"{escaped}"') + space + direction


_RESERVED = frozenset((
    "ALL", "AND", "AS", "ASC", "BETWEEN", "BY", "CASE", "CHECK", "COLLATE", "CREATE", "DEFAULT", "DELETE", "DESC",
    "DISTINCT", "DROP", "ELSE", "END", "EXISTS", "FOREIGN", "FROM", "GROUP", "HAVING", "IN", "INDEX", "INSERT", "INTO",
    "IS", "JOIN", "KEY", "LIKE", "LIMIT", "NOT", "NULL", "ON", "OR", "ORDER", "PRIMARY", "REFERENCES", "SELECT", "SET",
    "TABLE", "THEN", "TO", "UNION", "UNIQUE", "UPDATE", "USING", "VALUES", "WHEN", "WHERE",
))  # fmt: skip


def _mention(sql: str, table: str) -> tuple[int, int] | None:
    """Where a table is named in a statement."""
    for token in tokens(sql):
        if token.kind in ("word", "quoted") and unquoted(token.text).lower() == table.lower():
            return token.start, token.end
    return None
