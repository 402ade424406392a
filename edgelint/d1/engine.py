"""One SQLite in memory that wears D1's limits, authorizer and foreign keys.

What is modelled is what workerd does with a statement of D1 (src/workerd/util/sqlite.c++); the numbers are in
``platform.limits``, the lists in ``platform.d1_sql``. Every failure is a D1Error, whatever the input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, TypeAlias

import apsw

from edgelint.d1.authorizer import Authorizer
from edgelint.d1.errors import D1Error
from edgelint.d1.plans import PlanStep
from edgelint.d1.split import Statement, split
from edgelint.platform import d1_sql, limits

Value: TypeAlias = "int | float | str | bytes | None"

STEPS: Final = 20_000_000
"""How many operations of SQLite's machine one statement may take unless told otherwise: about a second."""
_CHECK_EVERY = 1_000
_LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: limits.D1_MAX_VALUE_LOCAL,
    apsw.SQLITE_LIMIT_SQL_LENGTH: limits.D1_MAX_SQL_LENGTH,
    apsw.SQLITE_LIMIT_COLUMN: limits.D1_MAX_COLUMNS,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: limits.D1_MAX_EXPRESSION_DEPTH,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: limits.D1_MAX_COMPOUND_SELECT,
    apsw.SQLITE_LIMIT_VDBE_OP: limits.D1_MAX_VDBE_OPERATIONS,
    apsw.SQLITE_LIMIT_FUNCTION_ARG: limits.D1_MAX_FUNCTION_ARGUMENTS,
    apsw.SQLITE_LIMIT_ATTACHED: limits.D1_MAX_ATTACHED,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: limits.D1_MAX_LIKE_PATTERN,
    apsw.SQLITE_LIMIT_VARIABLE_NUMBER: limits.D1_MAX_BOUND_PARAMETERS,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: limits.D1_MAX_TRIGGER_DEPTH,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_FUNCTION = re.compile(r"not authorized to use function: (.*)", re.S)


class ResultColumn(NamedTuple):
    """One column of a result: its name, and the table, column and declared type it comes from, if it is one."""

    name: str
    table: str | None
    column: str | None
    declared: str | None


class Prepared(NamedTuple):
    """What SQLite knows of a statement before it runs.

    ``parameters``: one entry per parameter in the order of its number, its name (":a", "?3") or None for a bare ``?``.
    ``reads``: (table, column) pairs as the authorizer was asked, the column "" where only the table is meant.
    ``writes``: ("insert" | "delete", table) and ("update", "table.column"). ``functions``: what is called, lower case.
    """

    columns: tuple[ResultColumn, ...]
    parameters: tuple[str | None, ...]
    reads: frozenset[tuple[str, str]]
    writes: frozenset[tuple[str, str]]
    functions: frozenset[str]
    readonly: bool


class Result(NamedTuple):
    """What a statement answered: ``changes`` counts rows changed also by triggers and foreign keys, as D1 does."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    changes: int
    last_row_id: int


class Database:
    """One database. Not for use by two threads at a time."""

    def __init__(self, connection: apsw.Connection, steps: int, unlimited: bool) -> None:
        self._connection = connection
        self._steps = steps
        self._unlimited = unlimited
        self._taken = 0
        self._authorizer = Authorizer()
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 1)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 1)
        connection.authorizer = self._authorizer
        connection.set_progress_handler(self._progress, _CHECK_EVERY)
        if unlimited:
            self._authorizer.lifted = True
            return
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        for limit, value in _LIMITS.items():
            connection.limit(limit, value)

    @classmethod
    def memory(cls, *, steps: int = STEPS, unlimited: bool = False) -> Database:
        """An empty database. ``steps``: the most operations of one statement; ``unlimited``: plain SQLite with foreign
        keys, without D1's limits and authorizer, but with the step limit."""
        return cls(apsw.Connection(":memory:"), steps, unlimited)

    def close(self) -> None:
        """Free it. Every later use raises D1Error."""
        self._connection.close()

    def clone(self, *, foreign_keys: bool = True) -> Database:
        """A copy that may be changed, of what is committed. ``foreign_keys``: False for a copy that does not enforce
        them, to compare with."""
        connection = apsw.Connection(":memory:")
        with self.hidden():  # it asks for the number of pages
            data = self._connection.serialize("main")
        if data:
            connection.deserialize("main", data)
        copy = Database(connection, self._steps, self._unlimited)
        if not foreign_keys:
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 0)
        return copy

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Lift D1's authorizer, for questions of this package's own."""
        before = self._authorizer.lifted
        self._authorizer.lifted = True
        try:
            yield
        finally:
            self._authorizer.lifted = before

    def prepare(self, sql: str) -> Prepared:
        """What SQLite knows of the one statement in ``sql``, which is not run. Raises D1Error."""
        statement = self._single(sql)
        found: list[Prepared] = []
        cursor = self._connection.cursor()

        def stop(traced: apsw.Cursor, _sql: str, _bindings: object) -> bool:
            found.append(self._prepared(traced))
            return False

        cursor.exec_trace = stop
        with self._errors(statement):
            try:
                cursor.execute(statement.text, apsw._null_bindings, can_cache=False)  # type: ignore[attr-defined]
            except apsw.ExecTraceAbort:
                return found[0]
        raise D1Error(d1_sql.NO_STATEMENT, "SQLITE_ERROR", sql, 0)

    def execute(self, sql: str, params: Sequence[Value] = ()) -> Result:
        """Run ``sql`` in a transaction of its own. Of several statements the last has the parameters and gives the
        result, as in D1. Raises D1Error, and nothing is changed then."""
        statements = self._statements(sql)
        with self._transaction(len(sql)):
            for statement in statements[:-1]:
                self._run(statement, ())
            return self._run(statements[-1], params)

    def script(self, sql: str) -> tuple[Result, ...]:
        """Run every statement of ``sql`` in one transaction, as a migration. Raises D1Error, and nothing is changed
        then. A foreign key that is still violated at the end is an error of no statement: its text is "" and its
        start the end of ``sql``."""
        statements = split(_clean(sql))
        with self._transaction(len(sql)):
            return tuple(self._run(statement, ()) for statement in statements)

    def plan(self, sql: str) -> tuple[PlanStep, ...]:
        """How SQLite would run the one statement in ``sql``. Raises D1Error."""
        statement = self._single(sql)
        with self._errors(statement):
            rows = self._connection.execute(
                statement.text,
                apsw._null_bindings,  # type: ignore[attr-defined]
                can_cache=False,
                explain=2,
            )
            return tuple(PlanStep(int(row[0]), int(row[1]), str(row[3])) for row in rows)
        raise AssertionError  # pragma: no cover - the block above returns or raises

    # -- inside -------------------------------------------------------------------------------------------------------

    def _progress(self) -> bool:
        self._taken += _CHECK_EVERY
        return self._taken > self._steps

    def _statements(self, sql: str) -> list[Statement]:
        """The statements of a text that D1 is given as one: at least one, and nothing but space after the last."""
        sql = _clean(sql)
        if not self._unlimited and len(sql.encode()) > limits.D1_MAX_SQL_LENGTH:
            raise D1Error("statement too long", "SQLITE_TOOBIG", sql, 0)
        found = split(sql)
        if "\0" in sql:  # the end of the text for SQLite
            raise D1Error(d1_sql.NO_STATEMENT, "SQLITE_ERROR", sql, 0, sql.index("\0"))
        if not found or sql[found[-1].end :].lstrip(" \t\n\r\v\f").removeprefix(";").strip(" \t\n\r\v\f"):
            if not found or ";" in sql[found[-1].end :]:
                raise D1Error(d1_sql.NO_STATEMENT, "SQLITE_ERROR", sql, 0)
        return found

    def _single(self, sql: str) -> Statement:
        found = self._statements(sql)
        if len(found) > 1:
            raise D1Error(
                "A prepared SQL statement must contain only one statement.", "SQLITE_ERROR", found[1].text,
                found[1].start, found[1].start,
            )  # fmt: skip
        return found[0]

    def _run(self, statement: Statement, params: Sequence[Value]) -> Result:
        before = self._connection.total_changes()
        columns: tuple[str, ...] = ()
        cursor = self._connection.cursor()

        def trace(traced: apsw.Cursor, _sql: str, _bindings: object) -> bool:
            nonlocal columns
            columns = tuple(str(column[0]) for column in traced.get_description())
            return True

        cursor.exec_trace = trace
        with self._errors(statement):
            rows = tuple(cursor.execute(statement.text, tuple(params), can_cache=False))
        changes = self._connection.total_changes() - before
        return Result(columns, rows, changes, self._connection.last_insert_rowid())

    def _prepared(self, cursor: apsw.Cursor) -> Prepared:
        names = cursor.bindings_names
        asked = self._authorizer
        return Prepared(
            tuple(ResultColumn(row[0], row[3], row[4], row[1]) for row in cursor.description_full),
            tuple(None if name is None else f"?{name}" if name[0].isdigit() else f":{name}" for name in names),
            frozenset(asked.reads), frozenset(asked.writes), frozenset(asked.functions), cursor.is_readonly,
        )  # fmt: skip

    @contextmanager
    def _transaction(self, end: int) -> Iterator[None]:
        with self._errors(Statement("", end, end)), self.hidden():
            self._connection.execute("BEGIN")
        try:
            yield
            with self._errors(Statement("", end, end)), self.hidden():
                self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                with self.hidden():
                    self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self, statement: Statement) -> Iterator[None]:
        """Around one statement: counts from nothing, and whatever is raised is a D1Error."""
        self._taken = 0
        self._authorizer.begin()
        try:
            yield
        except apsw.Error as error:
            if isinstance(error, apsw.ExecTraceAbort):
                raise
            raise self._error(error, statement) from None
        except MemoryError:
            raise D1Error("out of memory", "SQLITE_NOMEM", statement.text, statement.start) from None
        except (ValueError, TypeError, OverflowError) as error:  # a NUL, a value that SQLite has no type for
            raise D1Error(str(error), "SQLITE_MISMATCH", statement.text, statement.start) from None

    def _error(self, error: apsw.Error, statement: Statement) -> D1Error:
        message, code = str(error), _code(error)
        if self._authorizer.refused_transaction:
            message, code = d1_sql.TRANSACTION_REFUSED, "SQLITE_AUTH"
        absent = _NO_FUNCTION.fullmatch(message)
        if absent and absent[1].lower() not in d1_sql.known_functions():
            message = f"no such function: {absent[1]}"
        at = getattr(error, "error_offset", -1)
        offset = None
        if at >= 0:
            offset = statement.start + len(statement.text.encode()[:at].decode(errors="ignore"))
        return D1Error(message, code, statement.text, statement.start, offset)


def _code(error: apsw.Error) -> str:
    extended = apsw.mapping_extended_result_codes.get(getattr(error, "extendedresult", -1))
    return str(extended or apsw.mapping_result_codes.get(getattr(error, "result", 1), "SQLITE_ERROR"))


def _clean(sql: str) -> str:
    """A lone surrogate reaches SQLite as U+FFFD."""
    return _SURROGATE.sub("\ufffd", sql)
