"""The SQLite behind a D1 binding: statements in one transaction, with all that ``meta`` says of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import apsw

from edgelint.d1.engine import STEPS, Database, Result, Value
from edgelint.d1.errors import D1Error
from edgelint.d1.plans import PlanStep, Read, reads
from edgelint.platform import d1_sql, limits
from edgelint.syntax.ddl import quoted, unquoted
from edgelint.syntax.sql import tokens
from edgelint.testing.bindings import d1_rows
from edgelint.testing.bindings.sqlite_clock import ClockedVfs, clocked

if TYPE_CHECKING:
    from edgelint.d1.engine import _Source
    from edgelint.syntax.sql import Statement
    from edgelint.testing.clock import Clock

T = TypeVar("T")
_SCHEMA: Final = frozenset(("CREATE", "DROP", "ALTER"))
_ROWS: Final = frozenset(("SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "EXPLAIN"))
"""What changes neither the schema nor the statistics that plans are made from, but in tables of SQLite's own."""
_STATE: Final = "SELECT * FROM pragma_page_count, pragma_freelist_count, pragma_page_size, pragma_schema_version"
_LEARNT_FROM: Final = 1024 * 1024
"""Bytes of the largest content of which it is remembered what was learnt."""
_LEARNT: Final = 1_000
"""Of how many statements."""
_OWN_PAGES: Final = 1  # of a table of D1's own in the same file, _cf_METADATA (seen on workerd 1.20261117.1)


class Query(NamedTuple):
    """One text of SQL with the values of its parameters."""

    sql: str
    params: Sequence[Value] = ()


class Answer(NamedTuple):
    """What one query answered. ``size_after`` is in bytes; ``rows_read`` and ``rows_written`` are modelled (d1_rows);
    ``primary``: it was not a replica that answered."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    changes: int
    last_row_id: int
    changed_db: bool
    size_after: int
    rows_read: int
    rows_written: int
    primary: bool = True


class _State(NamedTuple):
    size: int  # bytes
    last_row_id: int
    schema: int


class _Plan(NamedTuple):
    reads: tuple[Read, ...]
    sorts: int
    searches: bool


class _Learnt:
    """What SQLite says about a schema: the plans and programs of statements, and of tables what is written with each
    row. Databases that begin with one content share it, each until it changes its schema or its statistics."""

    def __init__(self) -> None:
        self.plans: dict[str, _Plan] = {}
        self.programs: dict[str, list[tuple[Any, ...]]] = {}
        self.tables: dict[str, d1_rows.Table] = {}

    def limit(self) -> None:
        """Make room for one more statement."""
        if len(self.plans) >= _LEARNT:
            self.plans.clear()
            self.programs.clear()


@lru_cache(maxsize=16)
def _learnt(content: bytes) -> _Learnt:
    return _Learnt()


class ServedDatabase(Database):
    """One database as a D1 binding serves it: in virtual time, with the documented limit on values and rows."""

    def __init__(self, clock: Clock, content: bytes | None = None) -> None:
        self._clock = clock
        self._vfs = clocked()
        connection = apsw.Connection(":memory:", vfs=ClockedVfs.NAME)
        if content:
            connection.deserialize("main", content)
        super().__init__(connection, STEPS, unlimited=False)
        self._length = limits.D1_MAX_VALUE
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, self._length)
        self._full_scan = 0  # SQLite's count of the steps of scans, since it was set to 0
        self._machine = 0  # steps of SQLite's machine in the last statement
        self._altered = 0  # how many statements ran that may have changed what is known
        self._known = _learnt(content or b"") if len(content or b"") <= _LEARNT_FROM else _Learnt()

    def content(self) -> bytes:
        """The whole database, to open another with; empty for one that nothing was written to."""
        with self.hidden():
            return self._guarded(None, lambda: self._connection.serialize("main"))

    def transact(self, queries: Sequence[Query]) -> list[Answer]:
        """Run the queries in one transaction. Raises D1Error, and nothing is changed then."""
        altered = self._altered
        try:
            with self._meter.script(), self._transaction(0):
                before = self._state()
                answers: list[Answer] = []
                for query in queries:
                    answer, before = self._query(query, before)
                    answers.append(answer)
                return answers
        except D1Error:
            if self._altered != altered:
                self._known = _Learnt()  # some of it was of a schema that is gone again
            raise

    def writes(self, sql: str) -> bool:
        """Whether a text holds a statement that is more than a read. What SQLite refuses is none."""
        try:
            text, found, _ = self._read(sql)
            return any(not self._prepare(self._source(text, statement)).readonly for statement in found)
        except D1Error:
            return False

    def _query(self, query: Query, before: _State) -> tuple[Answer, _State]:
        """All statements of one text; the last has the parameters and gives the answer."""
        text, found, more = self._read(query.sql)
        changes = read = written = 0
        reading = True
        for index, statement in enumerate(found):
            last = index == len(found) - 1 and not more
            source = self._source(text, statement)
            entries = self._entries() if statement.verb in _SCHEMA else 0
            result = self._profiled(source, query.params if last else None)
            changes += result.changes
            reading = reading and statement.verb == "SELECT"
            costs = self._costs(source, statement, len(result.rows), result.changes, entries)
            read, written = read + costs[0], written + costs[1]
        if more:
            raise D1Error(d1_sql.NO_STATEMENT, "SQLITE_ERROR", text[more:], more)
        after = before if reading else self._state()
        changed = bool(changes) or after != before
        return Answer(
            result.columns, result.rows, changes, after.last_row_id, changed, after.size, read, written
        ), after

    def _run(self, source: _Source, params: Sequence[Value] | None) -> Result:
        try:
            return super()._run(source, params)
        finally:
            if source.verb not in _ROWS or any(name.startswith("sqlite_") for _, name in self._authorizer.writes):
                self._altered += 1
                self._known = _Learnt()

    def _guarded(self, source: _Source | None, ask: Callable[[], T]) -> T:
        self._vfs.now = self._clock.now
        return super()._guarded(source, ask)

    # -- what meta says -----------------------------------------------------------------------------------------------

    def _state(self) -> _State:
        before, self._authorizer.lifted = self._authorizer.lifted, True
        try:
            pages, free, size, schema = self._ask(_STATE)[0]
        finally:
            self._authorizer.lifted = before
        return _State((max(pages, 1) - free + _OWN_PAGES) * size, self._connection.last_insert_rowid(), schema)

    def _profiled(self, source: _Source, params: Sequence[Value] | None) -> Result:
        """Run a statement with SQLite counting. It is asked to for that time only: it also tells when a connection is
        closed, which may be when there is nothing left to tell."""

        def count(event: dict[str, Any]) -> None:
            self._full_scan += event["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"]
            self._machine = event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

        self._full_scan = 0
        self._connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, count)
        try:
            return self._run(source, params)
        finally:
            self._connection.trace_v2(0, None)

    def _costs(self, source: _Source, statement: Statement, rows: int, changes: int, entries: int) -> tuple[int, int]:
        """(rows read, rows written) of a statement that ran just now."""
        verb, steps, writes = statement.verb, self._full_scan, set(self._authorizer.writes)
        if verb in ("PRAGMA", "EXPLAIN"):
            return 0, 0
        if verb in _SCHEMA:
            words = [token.upper for token in list(tokens(source.text))[:4]]
            what = next((word for word in words[1:] if word in ("TABLE", "INDEX", "VIEW", "TRIGGER")), "")
            indexed = self._indexed(source) if what == "INDEX" and verb == "CREATE" else 0
            return d1_rows.of_schema(verb, what, entries, self._entries() - entries, indexed)
        written = d1_rows.rows_written(verb, changes, writes, self._table)
        returned = rows if writes else 0  # RETURNING reads what was put aside
        if verb in ("REPLACE", "INSERT") and "SELECT" not in {token.upper for token in tokens(source.text)}:
            return returned + sum(self._table(name).autoincrement for what, name in writes if what == "insert"), written
        machine = self._machine
        plan = self._plan(source)
        if verb == "DELETE" and not steps and changes and not plan.searches:
            return returned, written  # all rows at once
        read = d1_rows.rows_read(
            plan.reads, steps, max(rows, changes), self._count,
            lambda: d1_rows.looped(self._program(source), machine), plan.sorts,
            rows == 1 and verb == "SELECT" and not steps and self._only_counts(source),
        )  # fmt: skip
        return read + returned, written

    def _plan(self, source: _Source) -> _Plan:
        found = self._known.plans.get(source.text)
        if found is None:
            self._known.limit()
            steps = [PlanStep(int(row[0]), int(row[1]), str(row[3])) for row in self._explained(source, 2)]
            found = _Plan(
                tuple(reads(steps, source.text)), sum(step.sorts for step in steps),
                any(step.searches for step in steps),
            )  # fmt: skip
            self._known.plans[source.text] = found
        return found

    def _program(self, source: _Source) -> list[tuple[Any, ...]]:
        found = self._known.programs.get(source.text)
        if found is None:
            found = self._known.programs[source.text] = self._explained(source, 1)
        return found

    def _explained(self, source: _Source, how: int) -> list[tuple[Any, ...]]:
        """What SQLite says of a statement: its program (1) or its plan (2)."""
        unbound = apsw._null_bindings  # type: ignore[attr-defined]  # as the engine's own plan does
        run = self._connection.execute
        return self._guarded(source, lambda: run(source.text, unbound, can_cache=False, explain=how).fetchall())

    def _only_counts(self, source: _Source) -> bool:
        """Whether SQLite answers with the size of a table (its operation Count) instead of going through the rows."""
        return any(line[1] == "Count" for line in self._program(source))

    def _count(self, table: str) -> int:
        with self.hidden():
            return int(self._ask(f"SELECT count(*) FROM {quoted(table)}")[0][0])

    def _entries(self) -> int:
        with self.hidden():
            return int(self._ask("SELECT count(*) FROM sqlite_schema")[0][0])

    def _ask(self, sql: str, *params: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, params).fetchall()

    def _indexed(self, source: _Source) -> int:
        """The rows of the table that a CREATE INDEX names."""
        words = [token.text for token in tokens(source.text)]
        upper = [word.upper() for word in words]
        return self._count(unquoted(words[upper.index("ON") + 1]))

    def _table(self, name: str) -> d1_rows.Table:
        """What is written with each row of a table."""
        known = self._known.tables
        if name not in known:
            known[name] = self._facts(name)
        return known[name]

    def _facts(self, name: str) -> d1_rows.Table:
        with self.hidden():
            found = self._ask("SELECT sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE AND type = 'table'", name)
            words = {token.upper for token in tokens(found[0][0])} if found else set[str]()
            rowid = "ROWID" not in words  # a table WITHOUT ROWID is its primary key's index
            indexes = tuple(
                frozenset(
                    column.lower() for (column,) in self._ask("SELECT name FROM pragma_index_info(?)", index) if column
                )
                for index, origin in self._ask("SELECT name, origin FROM pragma_index_list(?)", name)
                if rowid or origin != "pk"
            )
        return d1_rows.Table(indexes, "AUTOINCREMENT" in words)
