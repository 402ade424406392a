"""Indexes that a query lacks: proposed from what it compares and sorts by, proved by planning again with them.

A proposal is told only when SQLite, given the index on a copy of the database, reads less with it: a table that was
scanned is searched and no other is scanned instead, or a sort is gone and nothing else is worse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.new_migration import NewIndex, new_index
from edgelint.project.refusals import aliases
from edgelint.syntax.ddl import quoted, unquoted
from edgelint.syntax.sql import tokens
from edgelint.syntax.sql_terms import Terms, terms

if TYPE_CHECKING:
    from edgelint.d1.engine import Database
    from edgelint.d1.plans import PlanStep
    from edgelint.d1.schema import Table
    from edgelint.diagnostics import Span
    from edgelint.project.prepared import Asked, Queries, Shape
    from edgelint.project.project import Project

_FLAG = re.compile(
    r"^(?:is|has|was|can|should)_|^is[A-Z]|^(?:active|enabled|disabled|deleted|archived|published|hidden|public)$"
)
TEXTS = 48
"""Texts of one statement that are planned."""
CANDIDATES = 12


class Lacking(NamedTuple):
    """``kind``: "scan" or "sort". ``made`` is the index, proved; ``span`` the table's name in the statement (of
    a sort the words ORDER BY); ``limited``: the statement has a LIMIT."""

    kind: str
    asked: Asked
    table: str
    made: NewIndex
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


Proposal = tuple[str, str, NewIndex, int, int, bool]


def _proposed(asked: Asked, queries: Queries) -> Proposal | None:
    plan = asked.plan
    scanned = [name for step in plan if (name := _scanned(step)) is not None]
    sorts = any("ORDER BY" in (step.sort or "") for step in plan)
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
    access = step.access
    if access is None:
        return None
    whole = access.how == "automatic" or (access.verb == "scan" and access.how == "table")
    return access.name if whole else None


def _proved(
    asked: Asked, table: Table, name: str, found: Terms, plan: Sequence[PlanStep], sort: bool
) -> NewIndex | None:
    from edgelint.d1.plans import cost

    scans, sorts = cost(plan)
    limited_sort = found.limited and not found.filtered
    for columns in _candidates(table, name, found, sort):
        made = new_index(table.name, [column for column, _ in columns], {column for column, down in columns if down})
        after = _planned(asked.shape, made, asked.sql)
        if after is None or not any(f"INDEX {made.name}" in step.detail for step in after):
            continue
        now_scans, now_sorts = cost(after)
        if sort:
            if now_sorts < sorts and now_scans <= scans:
                return made
        elif (now_scans < scans and now_sorts <= sorts) or (limited_sort and now_scans <= scans and now_sorts < sorts):
            return made
    return None


def _candidates(table: Table, name: str, found: Terms, sort: bool) -> Iterator[list[tuple[str, bool]]]:
    """Lists of (column, whether it goes down) for an index on ``table``, the most helpful first."""
    own = {column.name.lower(): column.name for column in table.columns if not column.hidden}

    def mine(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, bool]]:
        listed = [
            (own[column], False) for qualifier, column in pairs
            if column in own
            and (qualifier == name.lower() or (not qualifier and (found.alone or column in found.unqualified)))
        ]
        return list(dict.fromkeys(listed))

    equal, ranges = mine(found.equal), mine(found.ranges)
    order = [
        (own[column], descending and found.mixed)
        for qualifier, column, descending in found.order
        if column in own and (qualifier in ("", name.lower()))
    ]
    if len(order) < len(found.order):
        order = []
    equal = equal[:4]
    made: list[list[tuple[str, bool]]] = []
    if order:
        taken = {column for column, _ in equal}
        made.append([*equal, *(one for one in order if one[0] not in taken)])
    if not sort:
        if ranges:
            made.append([*equal, ranges[0]])
        made.append(equal)
        made += [[column] for column in equal]
        made += [[column] for column in ranges]
    seen: set[tuple[tuple[str, bool], ...]] = set()
    for columns in made[:CANDIDATES]:
        telling = [column for column, _ in columns if not _FLAG.match(column)]
        if columns and telling and tuple(columns) not in seen:
            seen.add(tuple(columns))
            yield columns


def _planned(shape: Shape, index: NewIndex, sql: str) -> tuple[PlanStep, ...] | None:
    """The plan of ``sql`` with one more index, on a copy of the database."""
    from edgelint.d1.errors import D1Error

    database: Database = shape.scratch
    try:
        database.execute(index.sql)
    except D1Error:
        return None
    try:
        return database.plan(sql)
    except D1Error:
        return None
    finally:
        database.execute(f"DROP INDEX {quoted(index.name)}")


def _mention(sql: str, table: str) -> tuple[int, int] | None:
    """Where a table is named in a statement."""
    for token in tokens(sql):
        if token.kind in ("word", "quoted") and unquoted(token.text).lower() == table.lower():
            return token.start, token.end
    return None
