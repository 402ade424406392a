"""Rows that satisfy the constraints of the tables of a database.

What a migration does to a table with rows is found by running it on one. The rows are the least that can tell: a few
for each table, children pointing at parents, values that the constraints allow and that nothing else in the schema
would take for its own (large numbers, texts with the column's name).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from edgelint.d1 import candidates
from edgelint.d1.candidates import Check, Group
from edgelint.d1.engine import Database, Value
from edgelint.d1.errors import D1Error
from edgelint.d1.schema import Column, ForeignKey, Schema, Table, affinity
from edgelint.syntax.ddl import quoted

ROWS: Final = 3
"""Rows of each table, unless a CHECK lists more values than that."""
MAX_ROWS: Final = 8
_FIRST: Final = 900_000_001
"""Where made-up numbers begin: a migration that inserts rows of its own has smaller ones."""
_MAX_PARENTS = 16
# How free text is filled, one way after the other: what a generated column or a trigger can make something of.
_TEXTS = ("plain", "json", "number", "date")


class Wish(NamedTuple):
    """``nulls``: the second row of each table has NULL wherever that is allowed. ``ahead``: the schema that is to come;
    values satisfy its constraints too where they can. ``listed``: of a CHECK that lists values, all of them are used,
    whether or not they satisfy the CHECK to come."""

    nulls: bool = False
    ahead: Schema | None = None
    listed: bool = False


def fill(database: Database, schema: Schema, names: Iterable[str], wish: Wish | None = None) -> dict[str, str]:
    """Insert rows into the tables ``names`` of ``database``; a table that has rows gets more.

    Returns, for each table that still holds no row, why none could be made. Tables of virtual tables are left alone.
    """
    filler = _Filler(database, schema, wish or Wish())
    wanted = {name.lower() for name in names}
    failed: dict[str, str] = {}
    for table in filler.in_order([table for table in schema.tables.values() if table.name.lower() in wanted]):
        reason = filler.table(table)
        if reason is not None and count(database, table.name) == 0:
            failed[table.name] = reason
    return failed


def count(database: Database, table: str) -> int:
    """The number of rows of a table."""
    with database.hidden():
        found = database.execute(f"SELECT count(*) FROM {quoted(table)}").rows[0][0]
    assert isinstance(found, int)
    return found


def by_name(tables: dict[str, Table], name: str) -> Table | None:
    """The table of this name, as SQLite compares names."""
    found = tables.get(name)
    if found is None:
        lower = name.lower()
        found = next((table for key, table in tables.items() if key.lower() == lower), None)
    return found


class _Filler:
    def __init__(self, database: Database, schema: Schema, wish: Wish) -> None:
        self.database = database
        self.schema = schema
        self.wish = wish

    def next_of(self, table: Table) -> Table | None:
        """What the table is to become."""
        return by_name(self.wish.ahead.tables, table.name) if self.wish.ahead is not None else None

    def keys(self, table: Table) -> list[ForeignKey]:
        """The foreign keys, those to come included, whose tables are there."""
        found = list(table.foreign_keys)
        ahead = self.next_of(table)
        own = {column.name.lower() for column in table.columns}
        have = {tuple(name.lower() for name in key.columns) for key in found}
        for key in ahead.foreign_keys if ahead is not None else ():
            columns = tuple(name.lower() for name in key.columns)
            if columns not in have and set(columns) <= own and by_name(self.schema.tables, key.table) is not None:
                found.append(key)
        return found

    def in_order(self, tables: Sequence[Table]) -> list[Table]:
        """Parents before children, as far as there is such an order."""
        left = {table.name.lower(): table for table in tables}
        ordered: list[Table] = []
        while left:
            free = [
                name for name, table in left.items()
                if not any(key.table.lower() in left and key.table.lower() != name for key in self.keys(table))
            ]
            if not free:  # a ring: begin where the keys may be NULL
                free = [next((name for name, table in left.items() if self.may_begin(table, left)), next(iter(left)))]
            ordered += [left.pop(name) for name in free]
        return ordered

    def may_begin(self, table: Table, left: dict[str, Table]) -> bool:
        needed = {name.lower() for key in self.keys(table) if key.table.lower() in left for name in key.columns}
        return not any(column.not_null for column in table.columns if column.name.lower() in needed)

    # -- one table ----------------------------------------------------------------------------------------------------

    def table(self, table: Table) -> str | None:
        """Insert the rows of one table; why not even one could be, or None."""
        if table.virtual or table.shadow:
            return None
        made = _Values(self, table)
        if made.reason is not None:
            return made.reason
        reason: str | None = None
        inserted = 0
        for number in range(made.rows):
            for text in _TEXTS:
                values = made.row(number, text)
                try:
                    self.insert(table, values)
                    inserted += 1
                    break
                except D1Error as error:
                    reason = error.message
        return None if inserted else reason

    def insert(self, table: Table, values: dict[str, Value]) -> None:
        if not values:
            self.database.execute(f"INSERT INTO {quoted(table.name)} DEFAULT VALUES")
            return
        names = ", ".join(map(quoted, values))
        marks = ", ".join("?" * len(values))
        self.database.execute(f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks})", tuple(values.values()))

    def parents(self, key: ForeignKey) -> list[tuple[Value, ...]]:
        """What the foreign key may point at."""
        target = by_name(self.schema.tables, key.table)
        if target is None:
            return []
        columns = key.target_columns or target.primary_key
        listed = ", ".join(map(quoted, columns))
        order = "" if target.without_rowid else " ORDER BY rowid DESC"
        try:
            with self.database.hidden():
                rows = self.database.execute(
                    f"SELECT {listed} FROM {quoted(target.name)}{order} LIMIT {_MAX_PARENTS}"
                ).rows
        except D1Error:  # the key names columns that are not there
            return []
        return [row for row in reversed(rows) if None not in row]


class _Values:
    """The rows of one table."""

    def __init__(self, filler: _Filler, table: Table) -> None:
        self.filler = filler
        self.table = table
        self.columns = [column for column in table.columns if not column.generated and not column.hidden]
        self.reason: str | None = None
        self.given: dict[str, list[Value]] = {}
        self.pairs: list[tuple[ForeignKey, list[tuple[Value, ...]]]] = []
        self.itself: list[ForeignKey] = []
        self.names = {column.name.lower(): column for column in self.columns}
        for key in filler.keys(table):
            self.key(key)
        self.groups = self.checked()
        self.rows = max(
            [ROWS, *(min(MAX_ROWS, len(g.combinations)) for g in self.groups if len(g.columns) == 1)]
        ) if self.groups else ROWS

    def key(self, key: ForeignKey) -> None:
        if key.table.lower() == self.table.name.lower():
            self.itself.append(key)
            return
        rows = self.filler.parents(key)
        if rows:
            self.pairs.append((key, rows))
            return
        must = [name for name in key.columns if (c := self.names.get(name.lower())) is not None and c.not_null]
        if len(must) == len(key.columns) and key in self.table.foreign_keys:
            self.reason = f"{self.table.name} must point at {key.table}, which has no row"
        elif key in self.table.foreign_keys:
            free = next(name for name in key.columns if name not in must)
            self.given[free.lower()] = [None]

    def checked(self) -> list[Group]:
        """Combinations for the columns that CHECKs speak of: those of now, and those to come."""
        ahead = self.filler.next_of(self.table)
        now = [check for check in candidates.checks(self.table) if check.columns <= self.names.keys()]
        later: list[Check] = []
        if ahead is not None and not self.filler.wish.listed:
            known = {check.expression for check in now}
            later = [
                check for check in candidates.checks(ahead)
                if check.columns <= self.names.keys() and check.expression not in known
            ]
        if not now and not later:
            return []
        pools: dict[str, Sequence[Value]] = {}
        for column in self.columns:
            name = column.name.lower()
            values = [self.free(column, number, "plain") for number in range(ROWS)]
            for key, rows in self.pairs:
                at = [c.lower() for c in key.columns]
                if name in at and len(at) == 1:
                    values = [row[0] for row in rows[:ROWS]]
            pools[name] = [*self.given.get(name, values), *([] if filled(column) else [None])]
        found = candidates.groups(self.filler.database, [*now, *later], pools)
        if later and any(not group.combinations for group in found):
            found = candidates.groups(self.filler.database, now, pools)
        return found

    def row(self, number: int, text: str) -> dict[str, Value]:
        """The values of row ``number``; what is left out has SQLite's default."""
        empty = self.filler.wish.nulls and number == 1
        values: dict[str, Value] = {}
        for column in self.columns:
            name = column.name.lower()
            if name in self.given:
                values[name] = self.given[name][number % len(self.given[name])]
            elif empty and not filled(column):
                values[name] = None
            else:
                values[name] = self.free(column, number, text)
        for key, rows in self.pairs:
            picked = rows[number % len(rows)]
            for name, value in zip(key.columns, picked, strict=False):
                if name.lower() in values and not (empty and values[name.lower()] is None):
                    values[name.lower()] = value
        for group in self.groups:
            if group.combinations:
                self.combine(group, number, empty, values)
        for key in self.itself:
            self.point_at_itself(key, number, values)
        return {self.names[name].name: value for name, value in values.items()}

    def combine(self, group: Group, number: int, empty: bool, values: dict[str, Value]) -> None:
        full = [c for c in group.combinations if c.count(None) == group.combinations[0].count(None)]
        picked = group.combinations[-1] if empty else full[number % len(full)]
        for name, value in zip(group.columns, picked, strict=True):
            if name in values:
                values[name] = value

    def point_at_itself(self, key: ForeignKey, number: int, values: dict[str, Value]) -> None:
        """The first row points at nothing, or at itself; the others at the first."""
        names = [name.lower() for name in key.columns]
        targets = [name.lower() for name in (key.target_columns or self.table.primary_key)]
        if number == 0 or any(values.get(name, 0) is None for name in names):
            free = next((name for name in names if not self.names[name].not_null), None)
            if free is not None:
                values[free] = None
                return
        first = self.row_of_targets(targets)
        for position, name in enumerate(names):
            if position < len(targets):
                own = values.get(targets[position])
                values[name] = first[position] if number and first else own

    def row_of_targets(self, targets: list[str]) -> tuple[Value, ...] | None:
        columns = ", ".join(quoted(self.names[name].name) for name in targets if name in self.names)
        if not columns:
            return None
        with self.filler.database.hidden():
            rows = self.filler.database.execute(f"SELECT {columns} FROM {quoted(self.table.name)} LIMIT 1").rows
        return rows[0] if rows else None

    def free(self, column: Column, number: int, text: str) -> Value:
        """A value for a column that nothing but its type binds; another for each row."""
        kind = affinity(column.type)
        ahead = self.filler.next_of(self.table)
        if ahead is not None and ahead.strict and not self.table.strict:
            later = next((c for c in ahead.columns if c.name.lower() == column.name.lower()), None)
            if later is not None:
                kind = affinity(later.type)
        type = column.type.upper()
        if kind == "INTEGER" or (kind == "NUMERIC" and "DATE" not in type and "TIME" not in type):
            return _FIRST + number
        if kind == "REAL":
            return _FIRST + number + 0.5
        if kind == "BLOB" and column.type:
            return f"{column.name}-{number + 1}".encode()
        if kind == "NUMERIC" or text == "date":
            return f"2025-01-{number + 1:02d} 00:00:00"
        if text == "json":
            return f'{{"{column.name}": {number + 1}}}'
        return str(_FIRST + number) if text == "number" else f"{column.name}-{number + 1}"


def filled(column: Column) -> bool:
    """Whether a column is never NULL; SQLite lets a primary key be, but no program has such rows."""
    return column.not_null or column.pk_position > 0
