"""A chain of migrations, run as wrangler runs it: on an empty database, and on one whose tables have rows.

Each migration is one transaction, with wrangler's own INSERT behind it (packages/wrangler/src/d1/migrations/helpers.ts
of cloudflare/workers-sdk). Rows are made anew before each migration, on a copy of what the migrations before it made of
an empty database: what one of them does to rows never hides what a later one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from edgelint.d1 import rows
from edgelint.d1.engine import Database
from edgelint.d1.errors import D1Error
from edgelint.d1.rows import Wish, by_name, count
from edgelint.d1.schema import ForeignKey, Schema, Table, read
from edgelint.d1.split import Statement, migration, split
from edgelint.syntax.ddl import AlterTable, CreateIndex, CreateTable, Definition, Drop, definitions, quoted, unquoted
from edgelint.syntax.sql import Token, tokens

TABLE = "d1_migrations"
"""Where wrangler keeps the names of what it has applied, unless a config says otherwise."""

_LOSES = ("CASCADE", "SET NULL", "SET DEFAULT")
# What the data decides: rows of a real table may satisfy it where the made-up ones do not.
_OF_DATA = frozenset({
    "SQLITE_CONSTRAINT_CHECK", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_TRIGGER",
    "SQLITE_CONSTRAINT_FOREIGNKEY", "SQLITE_CONSTRAINT_DATATYPE", "SQLITE_MISMATCH", "SQLITE_CONSTRAINT_ROWID",
})  # fmt: skip


class Loss(NamedTuple):
    """Rows that foreign keys took away. ``table`` had ``before`` rows and has ``after``; for "nulled" they are rows
    whose ``key`` points at something. ``start`` to ``end`` is the statement that did it, on ``parent``."""

    kind: str
    table: str
    key: ForeignKey
    before: int
    after: int
    parent: str
    start: int
    end: int


class Failure(NamedTuple):
    """A migration that a table with rows stops. ``column`` is set when it takes a NULL there: (table, column).
    ``listed``: it takes a value that the table's own CHECK lists."""

    error: D1Error
    column: tuple[str, str] | None = None
    listed: bool = False


class WithRows(NamedTuple):
    """What a migration does to tables with rows. ``unfilled``: tables that no rows could be made for, and why."""

    failure: Failure | None
    losses: tuple[Loss, ...]
    unfilled: dict[str, str]


class Step:
    """One migration of a chain. ``error`` is why it does not apply to the empty database, None when it does. Offsets
    are code points of ``text``; an error beyond its end is one in what wrangler puts behind it."""

    def __init__(self, name: str, text: str, database: Database, table: str) -> None:
        self.name = name
        self.text = text
        self._before = database.clone()
        self._table = table
        self.error: D1Error | None = None
        try:
            sent = migration(text)
        except D1Error as error:
            self.error = error
            sent = ""
        self.sent = sent
        self.before = read(database)
        if self.error is None:
            try:
                database.script(self.whole)
            except D1Error as error:
                self.error = error
                _as_far_as_it_goes(database, sent)
        self.after = read(database)

    @property
    def whole(self) -> str:
        """The text as wrangler sends it."""
        escaped = self.name.replace("'", "''")
        return f"{self.sent}\nINSERT INTO {quoted(self._table)} (name)\nvalues ('{escaped}');"

    @cached_property
    def statements(self) -> list[Statement]:
        """The statements of the file itself."""
        return split(self.sent)

    @cached_property
    def definitions(self) -> list[Definition]:
        """What the file creates, alters and drops."""
        return definitions(self.sent)

    @cached_property
    def with_rows(self) -> WithRows:
        """What happens when the tables have rows. Nothing when the migration does not even apply without."""
        if self.error is not None or not self.touches_rows:
            return WithRows(None, (), {})
        names = self.concerned()
        filled = self._before.clone()
        unfilled = rows.fill(filled, self.before, names, Wish(ahead=self.after))
        database = filled.clone()
        try:
            database.script(self.whole)
        except D1Error as error:
            failure = Failure(error) if self.is_certain(error) and not unfilled.keys() & self.named else None
            return WithRows(failure, (), unfilled)
        losses = tuple(self.losses(filled, database))
        return WithRows(self.with_other_rows(names), losses, unfilled)

    @property
    def unfilled(self) -> dict[str, str]:
        """The tables that no rows could be made for, and why, when the migration was tried on rows."""
        tried: WithRows | None = self.__dict__.get("with_rows")
        return tried.unfilled if tried is not None else {}

    # -- which rows matter --------------------------------------------------------------------------------------------

    @cached_property
    def touches_rows(self) -> bool:
        """Whether the file does more than make new tables, views and plain indexes."""
        made: set[str] = set()
        for statement in self.statements:
            words = [token.upper for token in tokens(statement.text)][:40]
            if words[:1] == ["CREATE"]:
                found = next(iter(definitions(statement.text)), None)
                if isinstance(found, CreateTable):
                    made.add(found.name.text.lower())
                    if "SELECT" in words:
                        return True
                elif isinstance(found, CreateIndex) and found.unique and found.table.text.lower() not in made:
                    return True
            elif words[:1] not in (["PRAGMA"], ["SELECT"], ["ANALYZE"], ["REINDEX"]):
                return True
        return False

    @cached_property
    def named(self) -> set[str]:
        """The tables of before that the file names."""
        words = {_plain(token) for token in tokens(self.sent) if token.kind in ("word", "quoted")}
        return {name for name in self.before.tables if name.lower() in words}

    def concerned(self) -> list[str]:
        """The tables that need rows: those the file names, what they point at, and what points at them."""
        tables = self.before.tables
        found = {name.lower() for name in self.named}
        children: dict[str, set[str]] = {}
        for table in tables.values():
            for key in table.foreign_keys:
                children.setdefault(key.table.lower(), set()).add(table.name.lower())
        _spread(found, children)
        parents = {
            table.name.lower(): {key.table.lower() for t in (table, by_name(self.after.tables, table.name)) if t
                                 for key in t.foreign_keys}
            for table in tables.values()
        }
        _spread(found, parents)
        return [name for name in tables if name.lower() in found and name != self._table]

    # -- failures ------------------------------------------------------------------------------------------------------

    def is_certain(self, error: D1Error) -> bool:
        """Whether any rows would stop the migration, not only those that were made up."""
        if error.code == "SQLITE_CONSTRAINT_FOREIGNKEY":
            return self.drops_a_parent()
        if error.code == "SQLITE_CONSTRAINT_UNIQUE":
            return self.is_new_column(error.message.removeprefix("UNIQUE constraint failed: "))
        return error.code not in _OF_DATA and error.code not in ("SQLITE_INTERRUPT", "SQLITE_NOMEM")

    def drops_a_parent(self) -> bool:
        """Whether a table goes away that another one, of those that stay, points at."""
        gone = {
            _first_name(d.name.text, self.definitions, d.start)
            for d in self.definitions if isinstance(d, Drop) and d.kind == "table"
        }
        return any(key.table.lower() in gone for t in self.before.tables.values() for key in t.foreign_keys)

    def is_new_column(self, named: str) -> bool:
        """Whether ``table.column``, of which two rows have the same, is a column that this migration adds: then all
        rows have the same."""
        for one in named.split(", "):
            table, _, column = one.rpartition(".")
            old = by_name(self.before.tables, table)
            if old is None or any(c.name.lower() == column.lower() for c in old.columns):
                return False
        return True

    def with_other_rows(self, names: Sequence[str]) -> Failure | None:
        """Failures of rows that have NULL where they may, and of rows with every value that a CHECK lists."""
        if self.tightens():
            error = self.attempt(names, Wish(nulls=True, ahead=self.after))
            if error is not None and error.code == "SQLITE_CONSTRAINT_NOTNULL":
                column = self.was_nullable(error.message.removeprefix("NOT NULL constraint failed: "))
                if column is not None:
                    return Failure(error, column)
        if self.narrows():
            error = self.attempt(names, Wish(ahead=self.after, listed=True))
            if error is not None and error.code == "SQLITE_CONSTRAINT_CHECK":
                return Failure(error, listed=True)
        return None

    def attempt(self, names: Sequence[str], wish: Wish) -> D1Error | None:
        database = self._before.clone()
        if rows.fill(database, self.before, names, wish).keys() & self.named:
            return None
        try:
            database.script(self.whole)
        except D1Error as error:
            return error
        return None

    def tightens(self) -> bool:
        """Whether a column that may be NULL is NOT NULL afterwards."""
        return any(
            new.not_null and not old.not_null
            for table, then in self._pairs()
            for old in table.columns for new in then.columns if new.name.lower() == old.name.lower()
        )

    def narrows(self) -> bool:
        """Whether a table that has a CHECK has others afterwards."""
        return any("CHECK" in table.sql.upper() and table.sql != then.sql for table, then in self._pairs())

    def _pairs(self) -> list[tuple[Table, Table]]:
        """The tables of before with what has their name afterwards."""
        found = []
        for table in self.before.tables.values():
            then = by_name(self.after.tables, table.name)
            if then is not None and then != table:
                found.append((table, then))
        return found

    def was_nullable(self, named: str) -> tuple[str, str] | None:
        """``table.column`` of a constraint that failed, as the table of before that is rebuilt; None when that had no
        such column."""
        table, _, column = named.rpartition(".")
        for name in (table, *_last_names(table, self.definitions)):
            old = by_name(self.before.tables, name)
            if old is not None:
                return next(((old.name, c.name) for c in old.columns if c.name.lower() == column.lower()), None)
        return None

    # -- losses --------------------------------------------------------------------------------------------------------

    def losses(self, before: Database, after: Database) -> list[Loss]:
        """What foreign keys took away between two states: against the same migration without foreign keys."""
        causes = self.causes()
        if not causes:
            return []
        plain = before.clone(foreign_keys=False)
        try:
            plain.script(self.whole)
        except D1Error:
            return []
        found: dict[tuple[str, str], Loss] = {}
        for table in self.before.tables.values():
            for key, cause in self.endangered(table, causes):
                loss = self.loss(table, key, cause, before, after, plain)
                if loss is not None:
                    found.setdefault((loss.kind, table.name), loss)
        gone = {table for kind, table in found if kind == "deleted"}
        return [loss for (kind, table), loss in found.items() if kind == "deleted" or table not in gone]

    def causes(self) -> dict[str, tuple[int, int]]:
        """Tables of before whose rows go away though nobody says DELETE: lower-case name -> the statement."""
        found: dict[str, tuple[int, int]] = {}
        for d in self.definitions:
            if isinstance(d, Drop) and d.kind == "table":
                name = _first_name(d.name.text, self.definitions, d.start)
                found.setdefault(name, (d.start, d.end))
        for statement in self.statements:
            replaced = _replaced(statement)
            if replaced is not None:
                name = _first_name(replaced, self.definitions, statement.start)
                found.setdefault(name, (statement.start, statement.end))
        return {name: place for name, place in found.items() if by_name(self.before.tables, name) is not None}

    def endangered(
        self, table: Table, causes: dict[str, tuple[int, int]]
    ) -> list[tuple[ForeignKey, str]]:
        """The keys through which ``table`` may lose rows or references, with the table of ``causes`` at their end."""
        found = []
        for key in table.foreign_keys:
            cause = self.cause_of(key, causes, {table.name.lower()})
            if cause is not None and table.name.lower() != cause:
                found.append((key, cause))
        return found

    def cause_of(self, key: ForeignKey, causes: dict[str, tuple[int, int]], seen: set[str]) -> str | None:
        if key.on_delete not in _LOSES:
            return None
        name = key.table.lower()
        if name in causes:
            return name
        parent = by_name(self.before.tables, name)
        if parent is None or name in seen:
            return None
        for other in parent.foreign_keys:
            if other.on_delete == "CASCADE":
                found = self.cause_of(other, causes, seen | {name})
                if found is not None:
                    return found
        return None

    def loss(
        self, table: Table, key: ForeignKey, cause: str, before: Database, after: Database, plain: Database
    ) -> Loss | None:
        now = by_name(self.after.tables, table.name)
        if now is None:
            now = next(
                (t for name in _last_names(table.name, self.definitions)
                 if (t := by_name(self.after.tables, name)) is not None), None
            )
        if now is None:
            return None
        start, end = self.causes()[cause]
        parent = by_name(self.before.tables, cause)
        assert parent is not None
        had, has, would = count(before, table.name), count(after, now.name), count(plain, now.name)
        if has < would and has < had:
            return Loss("deleted", table.name, key, had, has, parent.name, start, end)
        own = {column.name.lower() for column in now.columns}
        if not {name.lower() for name in key.columns} <= own:
            return None
        had, has, would = (
            _pointing(database, name, key)
            for database, name in ((before, table.name), (after, now.name), (plain, now.name))
        )
        if has < would and has < had:
            return Loss("nulled", table.name, key, had, has, parent.name, start, end)
        return None


class Replay:
    """A chain of migrations on an empty database, or on what ``before`` (scripts, as much of each as runs) makes of
    one. ``steps`` are in the order given; ``database`` is what results, of all that could be run; ``error_free``
    whether every migration applies."""

    def __init__(
        self, chain: Sequence[tuple[str, str]], table: str = TABLE, before: Sequence[str] = ()
    ) -> None:
        self.database = Database.memory()
        self.table = table
        for script in before:
            _as_far_as_it_goes(self.database, script)
        self.database.execute(
            f"CREATE TABLE IF NOT EXISTS {quoted(table)}(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, "
            "applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)"
        )
        self.steps = tuple(Step(name, text, self.database, table) for name, text in chain)
        self.error_free = all(step.error is None for step in self.steps)

    @cached_property
    def schema(self) -> Schema:
        """What results, without wrangler's own table."""
        found = read(self.database)
        return found._replace(tables={name: t for name, t in found.tables.items() if name != self.table})


def _as_far_as_it_goes(database: Database, sql: str) -> None:
    """Run each statement by itself, so that what comes later finds as much as can be of what was meant."""
    for statement in split(sql):
        try:
            database.execute(statement.text)
        except D1Error:
            continue


def _pointing(database: Database, table: str, key: ForeignKey) -> int:
    """How many rows have a foreign key that is not NULL."""
    asked = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in key.columns)
    with database.hidden():
        found = database.execute(f"SELECT count(*) FROM {quoted(table)} WHERE {asked}").rows[0][0]
    assert isinstance(found, int)
    return found


def _spread(found: set[str], edges: dict[str, set[str]]) -> None:
    work = list(found)
    while work:
        for other in edges.get(work.pop(), ()):
            if other not in found:
                found.add(other)
                work.append(other)


def _first_name(name: str, made: Sequence[Definition], at: int) -> str:
    """What the table that is called ``name`` at an offset of a migration was called before it; lower case."""
    name = name.lower()
    for d in reversed(made):
        if d.end <= at and isinstance(d, AlterTable) and d.action == "rename" and d.new is not None:
            if d.new.text.lower() == name:
                name = d.table.text.lower()
    return name


def _last_names(name: str, made: Sequence[Definition]) -> list[str]:
    """What a table is called after each rename of a migration; lower case."""
    found: list[str] = []
    name = name.lower()
    for d in made:
        if isinstance(d, AlterTable) and d.action == "rename" and d.new is not None and d.table.text.lower() == name:
            name = d.new.text.lower()
            found.append(name)
    return found


def _replaced(statement: Statement) -> str | None:
    """The table whose rows a REPLACE takes out and puts in again, in lower case."""
    listed = list(tokens(statement.text))
    words = [token.upper for token in listed[:5]]
    at = 2 if words[:2] == ["REPLACE", "INTO"] else 4 if words[:4] == ["INSERT", "OR", "REPLACE", "INTO"] else 0
    return _plain(listed[at]) if at and at < len(listed) else None


def _plain(token: Token) -> str:
    return unquoted(token.text).lower()
