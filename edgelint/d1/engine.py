"""One SQLite in memory that wears D1's limits, authorizer and foreign keys.

What is modelled is what workerd does with a statement of D1 (src/workerd/util/sqlite.c++); the numbers are in
``platform.limits``, the lists in ``platform.d1_sql``. Every failure is a D1Error, whatever the input, and no statement
runs longer than its steps (``meter``) or takes more memory than MEMORY.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import apsw

from edgelint.d1.authorizer import Authorizer, host_functions
from edgelint.d1.errors import D1Error
from edgelint.d1.limited import Rewritten, rewrite
from edgelint.d1.meter import SLOW, Meter, Stopped
from edgelint.d1.plans import PlanStep
from edgelint.patterns import later
from edgelint.platform import d1_sql, limits
from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import Statement, placeholders, statements, tokens

Value: TypeAlias = "int | float | str | bytes | None"
_T = TypeVar("_T")

STEPS: Final = 50_000_000
"""How many steps of SQLite's machine one statement may take unless told otherwise: half a second of simple ones."""
MEMORY: Final = 256 * 1024**2
"""Bytes that one statement may make SQLite hold beyond what it held before, and the most of a result."""
PAGES: Final = 32_768
"""The largest database, in pages of 4,096 bytes: 128 MiB."""

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
# Without D1's limits there is still one on values, and one on text: nothing may hang.
_UNLIMITED = {apsw.SQLITE_LIMIT_LENGTH: 16 * 1024**2, apsw.SQLITE_LIMIT_SQL_LENGTH: 16 * 1024**2}
_MANY = 10_000_000
_UNBOUND = apsw._null_bindings  # type: ignore[attr-defined]  # what apsw.ext.query_info itself passes
_SURROGATE = later("[\ud800-\udfff]")
_SPACE = " \t\n\r\v\f"  # what workerd skips after a statement
# What SQLite finds before it looks at ORDER BY: mistakes of the grammar and of the table.
_SEEN_FIRST = re.compile("near |unrecognized |incomplete |no such table|cannot modify |table .* may not be ", re.S)
_NO_FUNCTION = re.compile(r"(?:not authorized to use function: |wrong number of arguments to function )(.*?)(?:\(\))?")


class ResultColumn(NamedTuple):
    """One column of a result: its name, and the table, column and declared type it comes from, if it is one."""

    name: str
    table: str | None
    column: str | None
    declared: str | None


class ColumnFacts(NamedTuple):
    """The collation that compares a column's text, and whether it is AUTOINCREMENT."""

    collation: str
    autoincrement: bool


class Prepared(NamedTuple):
    """What SQLite knows of a statement before it runs.

    ``parameters``: one entry per parameter in the order of its number: its name (":a", "?3"), or None for a bare ``?``
    and for a number that is skipped. ``reads``: (table, column) pairs as the authorizer was asked, the column "" where
    only the table is meant; tables are also those inside views and triggers. ``writes``: ("insert" | "delete", table)
    and ("update", "table.column"), likewise. ``functions``: what is called, in lower case.
    """

    columns: tuple[ResultColumn, ...]
    parameters: tuple[str | None, ...]
    reads: frozenset[tuple[str, str]]
    writes: frozenset[tuple[str, str]]
    functions: frozenset[str]
    readonly: bool


class Result(NamedTuple):
    """What a statement answered. ``changes`` counts the rows that triggers and foreign keys changed too, as D1 does."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    changes: int
    last_row_id: int


class _Source(NamedTuple):
    """One statement as it is given to SQLite: where it starts in the text that was given, and how it was rewritten."""

    text: str
    start: int
    verb: str
    original: str
    rewritten: Rewritten | None

    def place(self, offset: int) -> int:
        """A byte offset in what SQLite was given as code points of the text that was given."""
        at = len(self.text.encode()[:offset].decode(errors="ignore"))
        return self.start + (at if self.rewritten is None else self.rewritten.original(at))


class _Absent:
    """Stands for a module that D1's SQLite does not have: without CREATE VIRTUAL TABLE there is no such table."""


class Database:
    """One database. Not for use by two threads at a time."""

    def __init__(self, connection: apsw.Connection, steps: int, unlimited: bool) -> None:
        self._connection = connection
        self._unlimited = unlimited
        self._bounds = _UNLIMITED if unlimited else _LIMITS
        self._length = self._bounds[apsw.SQLITE_LIMIT_LENGTH]  # less when something in the schema calls a SLOW function
        self._shortened = False  # the limit on values is less, for this one statement
        self._meter = Meter(connection, steps)
        self.kept: tuple[int, Any] | None = None  # schema.read's: what it found, at which version of the schema
        self._authorizer = Authorizer(enforced=not unlimited)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 1)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 1)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.pragma("max_page_count", PAGES)
        connection.pragma("temp_store", 2)  # in memory: sorting writes no file
        connection.drop_modules(d1_sql.virtual_tables())
        connection.create_module("carray", _Absent())  # type: ignore[arg-type]  # SQLite makes it when asked for it
        connection.authorizer = self._authorizer
        for limit, value in self._bounds.items():
            connection.limit(limit, value)

    @classmethod
    def memory(cls, *, steps: int = STEPS, unlimited: bool = False) -> Database:
        """An empty database. ``steps``: the most steps of one statement; ``unlimited``: plain SQLite with foreign keys,
        without D1's limits and authorizer, but bounded in steps and memory all the same."""
        return cls(apsw.Connection(":memory:"), steps, unlimited)

    def close(self) -> None:
        """Free it. Every later use raises D1Error."""
        self._connection.close()

    def clone(self, *, foreign_keys: bool = True) -> Database:
        """A copy that may be changed, of what is committed. ``foreign_keys``: False for a copy that does not enforce
        them, to compare with. Raises D1Error when this one is closed."""
        connection = apsw.Connection(":memory:")
        with self.hidden():  # serialize asks for the number of pages
            data = self._guarded(None, lambda: self._connection.serialize("main"))
        if data:
            connection.deserialize("main", data)
        copy = Database(connection, self._meter.steps, self._unlimited)
        copy._length = self._length
        copy.kept = self.kept
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, self._length)
        if not foreign_keys:
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 0)
        return copy

    def without_quoted_strings(self) -> Database:
        """A copy in which a name in double quotes is never taken for a string, as SQLite would if it were not for old
        programs: D1 takes it for one where there is no such column."""
        copy = self.clone()
        for option in (apsw.SQLITE_DBCONFIG_DQS_DML, apsw.SQLITE_DBCONFIG_DQS_DDL):
            copy._connection.config(option, 0)
        return copy

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Lift D1's authorizer, for questions of this package's own."""
        before = self._authorizer.lifted
        self._authorizer.lifted = True
        try:
            most = self._guarded(None, lambda: self._connection.limit(apsw.SQLITE_LIMIT_VDBE_OP, -1))
            self._connection.limit(apsw.SQLITE_LIMIT_VDBE_OP, _MANY)  # PRAGMA table_list of 3,000 tables
            try:
                yield
            finally:
                self._connection.limit(apsw.SQLITE_LIMIT_VDBE_OP, most)
        finally:
            self._authorizer.lifted = before

    def prepare(self, sql: str) -> Prepared:
        """What SQLite knows of the one statement in ``sql``, which is not run. Raises D1Error."""
        source = self._single(sql)
        if source.verb == "PRAGMA":  # many take effect when they are prepared
            copy = self.clone()
            try:
                return copy._prepare(source)
            finally:
                copy.close()
        return self._prepare(source)

    def execute(self, sql: str, params: Sequence[Value] = ()) -> Result:
        """Run ``sql`` in a transaction of its own. Of several statements the last has the parameters and gives the
        result, the changes of all are counted, as in D1. A number is bound as D1 binds it, which has JavaScript's
        only: an int as a double (not inside ``hidden`` and without D1's limits). Raises D1Error, and nothing is
        changed then."""
        sql, found, more = self._read(sql)
        if self._authorizer.lifted and len(found) == 1 and found[0].verb == "SELECT" and not more:
            return self._run(self._source(sql, found[0]), params)  # a question of this package's own
        changes = 0
        with self._meter.script(), self._transaction(len(sql)):
            for statement in found[: None if more else -1]:
                changes += self._run(self._source(sql, statement), None).changes
            if more:
                raise D1Error(d1_sql.NO_STATEMENT, "SQLITE_ERROR", sql[more:], more)
            result = self._run(self._source(sql, found[-1]), params)
            return result._replace(changes=changes + result.changes)

    def script(self, sql: str) -> tuple[Result, ...]:
        """Run every statement of ``sql`` in one transaction, as a migration; its length is not limited, that of each
        statement is. Raises D1Error, and nothing is changed then. A foreign key that is still violated at the end is
        an error of no statement: its text is "" and its start the end of ``sql``."""
        sql = _clean(sql)
        with self._meter.script(), self._transaction(len(sql)):
            return tuple(self._run(self._source(sql, statement), ()) for statement in statements(sql))

    def plan(self, sql: str) -> tuple[PlanStep, ...]:
        """How SQLite would run the one statement in ``sql``. A PRAGMA has no plan. Raises D1Error."""
        source = self._single(sql)
        if source.verb in ("PRAGMA", "EXPLAIN"):
            return ()

        def ask() -> tuple[PlanStep, ...]:
            rows = self._connection.execute(source.text, _UNBOUND, can_cache=False, explain=2)
            return tuple(PlanStep(int(row[0]), int(row[1]), str(row[3])) for row in rows)

        return self._guarded(source, ask)

    def schema_version(self) -> int:
        """A number that changes whenever the schema does. Raises D1Error."""
        with self.hidden():
            found: int = self._guarded(None, lambda: self._connection.pragma("schema_version"))
            return found

    def column_facts(self, table: str, column: str) -> ColumnFacts:
        """What no PRAGMA says of a column of a table that is no virtual one. Raises D1Error when there is none."""
        _, collation, _, _, autoincrement = self._guarded(
            None, lambda: self._connection.column_metadata("main", table, column)
        )
        return ColumnFacts(collation, autoincrement)

    # -- the text -----------------------------------------------------------------------------------------------------

    def _read(self, sql: str) -> tuple[str, list[Statement], int]:
        """A text that D1 is given as one: the text, its statements, at least one, and where more stands after the last
        ``;`` that is no statement (0: nothing does). workerd takes only white space there."""
        sql = _clean(sql)
        self._check_length(sql, sql, 0)
        end = sql.find("\0")  # SQLite reads no further
        found = statements((sql if end < 0 else sql[:end]).rstrip(_SPACE))
        if not found:
            raise D1Error(d1_sql.NO_STATEMENT, "SQLITE_ERROR", sql)
        rest = sql[found[-1].stop :]
        blank = len(rest) - len(rest.lstrip(_SPACE))
        return sql, found, found[-1].stop + blank if blank < len(rest) else 0

    def _check_length(self, text: str, original: str, start: int) -> None:
        longest = self._bounds[apsw.SQLITE_LIMIT_SQL_LENGTH]
        if len(text) > longest or len(text.encode()) > longest:
            raise D1Error("statement too long", "SQLITE_TOOBIG", original, start)

    def _source(self, sql: str, statement: Statement) -> _Source:
        start = statement.start
        original = sql[start : statement.end]
        text = sql[start : statement.stop].partition("\0")[0]  # a comment behind an expression is part of its name
        self._check_length(text, original, start)
        rewritten = rewrite(original, self._key) if len(original) <= limits.D1_MAX_SQL_LENGTH else None
        if rewritten is not None:
            text = rewritten.text
        source = _Source(text, start, statement.verb, original, rewritten)
        if rewritten is not None and rewritten.problem:
            try:
                self._prepare(source)
            except D1Error as error:
                if _SEEN_FIRST.match(error.message):
                    raise
            raise D1Error(rewritten.problem, "SQLITE_ERROR", original, start)
        return source

    def _single(self, sql: str) -> _Source:
        sql, found, more = self._read(sql)
        if len(found) > 1:
            second = found[1]
            message = "A prepared SQL statement must contain only one statement."
            raise D1Error(message, "SQLITE_ERROR", sql[second.start : second.end], second.start, second.start)
        source = self._source(sql, found[0])
        if more:
            self._prepare(source)
            raise D1Error(d1_sql.NO_STATEMENT, "SQLITE_ERROR", sql[more:], more)
        return source

    def _key(self, table: str) -> Sequence[str]:
        """The columns that identify a row: the primary key where there is no rowid."""
        with self.hidden():
            rows = self._connection.execute("SELECT wr FROM pragma_table_list(?) WHERE wr", (table,)).fetchall()
            if not rows:
                return ("rowid",)
            asked = "SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk"
            names = [str(row[0]).replace('"', '""') for row in self._connection.execute(asked, (table,))]
            return [f'"{name}"' for name in names]

    # -- one statement ------------------------------------------------------------------------------------------------

    def _prepare(self, source: _Source) -> Prepared:
        found: list[Prepared] = []

        def stop(traced: apsw.Cursor, _sql: str, _bindings: object) -> bool:
            self._check_rename(source)
            found.append(self._prepared(traced, source))
            return False

        def ask() -> None:
            cursor = self._connection.cursor()
            cursor.exec_trace = stop
            try:
                cursor.execute(source.text, _UNBOUND, can_cache=False)
            except apsw.ExecTraceAbort:
                return

        self._guarded(source, ask)
        return found[0]

    def _prepared(self, cursor: apsw.Cursor, source: _Source) -> Prepared:
        names: dict[int, str] = {}
        for place in placeholders(source.original):
            if place.text != "?":
                names.setdefault(place.number, place.text)
        asked = self._authorizer
        defines = any(name == "sqlite_master" or name.startswith("sqlite_master.") for _, name in asked.writes)
        reads = {
            (table, column) for table, column in asked.reads
            if (column or self._is_stored(table)) and not (defines and table == "sqlite_master")
        }  # fmt: skip
        writes = {write for write in asked.writes if write[1].partition(".")[0] != "sqlite_master"}
        return Prepared(
            tuple(ResultColumn(row[0], row[3], row[4], row[1]) for row in cursor.description_full),
            tuple(names.get(number) for number in range(1, cursor.bindings_count + 1)),
            frozenset(reads), frozenset(writes), frozenset(asked.functions), cursor.is_readonly,
        )  # fmt: skip

    def _is_stored(self, name: str) -> bool:
        """Whether a name is a table's or a view's: the authorizer is asked about WITH tables too."""
        if name.lower().startswith("sqlite_"):
            return True
        with self.hidden():
            asked = "SELECT 1 FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE"
            return bool(self._connection.execute(asked, (name,)).fetchall())

    def _run(self, source: _Source, params: Sequence[Value] | None) -> Result:
        """``params``: None for a statement that may not have any, with more behind it."""
        before = self._connection.total_changes()
        columns: tuple[str, ...] = ()

        def trace(traced: apsw.Cursor, _sql: str, _bindings: object) -> bool:
            nonlocal columns
            self._check_rename(source)
            columns = tuple(str(column[0]) for column in traced.get_description())
            self._bound_length(traced)
            return True

        def ask() -> tuple[tuple[Value, ...], ...]:
            cursor = self._connection.cursor()
            cursor.exec_trace = trace
            rows = cursor.execute(source.text, self._bound(params or ()), can_cache=False)
            return tuple(rows if self._authorizer.lifted else _bounded(rows))

        try:
            rows = self._guarded(source, ask)
        except D1Error as error:
            if params is None and error.code == "SQLITE_RANGE":
                error = D1Error(d1_sql.ONLY_LAST_BOUND, error.code, error.statement, error.start)
            raise error from None
        changes = self._connection.total_changes() - before
        return Result(columns, rows, changes, self._connection.last_insert_rowid())

    def _bound(self, params: Sequence[Value]) -> tuple[Value, ...]:
        doubles = not (self._unlimited or self._authorizer.lifted)
        return tuple(
            _clean(value) if isinstance(value, str) else float(value) if doubles and isinstance(value, int) else value
            for value in params
        )

    def _bound_length(self, cursor: apsw.Cursor) -> None:
        """Values of a statement that calls a slow function are shorter; of all later ones, when it may have put the
        call into the schema."""
        slow = min((SLOW[name] for name in self._authorizer.functions if name in SLOW), default=self._length)
        if slow < self._length:
            self._connection.limit(apsw.SQLITE_LIMIT_LENGTH, slow)
            self._shortened = True
            self._length = self._length if cursor.is_readonly else slow

    @contextmanager
    def _transaction(self, end: int) -> Iterator[None]:
        nowhere = _Source("", end, "", "", None)
        self._simple("BEGIN", nowhere)
        try:
            yield
            self._simple("COMMIT", nowhere)
        except BaseException:  # also where SQLite has rolled back already
            if self._connection.in_transaction:
                self._simple("ROLLBACK", nowhere)
            raise

    def _simple(self, sql: str, source: _Source) -> None:
        before, self._authorizer.lifted = self._authorizer.lifted, True
        try:
            self._guarded(source, lambda: self._connection.execute(sql))
        finally:
            self._authorizer.lifted = before

    def _check_rename(self, source: _Source) -> None:
        """workerd's SQLite is patched to ask its authorizer for the new name too, once it knows the table."""
        if source.verb != "ALTER" or self._unlimited or self._authorizer.lifted:
            return
        words = list(tokens(source.text))[:12]
        for first, second, name in zip(words, words[1:], words[2:], strict=False):
            if (first.upper, second.upper) == ("RENAME", "TO") and not d1_sql.name_allowed(unquoted(name.text)):
                raise D1Error("not authorized", "SQLITE_AUTH", source.original, source.start)

    def _guarded(self, source: _Source | None, ask: Callable[[], _T]) -> _T:
        """Run ``ask``: what it costs is counted from nothing, and whatever it raises is a D1Error."""
        self._meter.begin()
        self._authorizer.begin()
        before = apsw.hard_heap_limit(apsw.memory_used() + MEMORY)
        try:
            return ask()
        except Stopped:
            raise self._refusal("interrupted", "SQLITE_INTERRUPT", source) from None
        except MemoryError:
            raise self._refusal("out of memory", "SQLITE_NOMEM", source) from None
        except apsw.Error as error:
            raise self._error(error, source) from None
        except UnicodeDecodeError:  # apsw reads text as UTF-8 or not at all; D1 answers U+FFFD for what is none
            raise self._refusal("a value is text, but not UTF-8", "SQLITE_MISMATCH", source) from None
        except (ValueError, TypeError, OverflowError) as error:  # a value that SQLite has no type for
            raise self._refusal(str(error), "SQLITE_MISMATCH", source) from None
        finally:
            self._meter.end()
            apsw.hard_heap_limit(before)
            if self._shortened:
                self._connection.limit(apsw.SQLITE_LIMIT_LENGTH, self._length)
                self._shortened = False

    def _error(self, error: apsw.Error, source: _Source | None) -> D1Error:
        message, code = str(error), _code(error)
        if isinstance(error, apsw.BindingsError):
            message, code = d1_sql.WRONG_BINDINGS, "SQLITE_RANGE"
        elif self._authorizer.refused_transaction and isinstance(error, apsw.AuthError):
            message, code = d1_sql.TRANSACTION_REFUSED, "SQLITE_AUTH"
        elif not self._unlimited and (absent := _NO_FUNCTION.fullmatch(message)):
            if absent[1].lower() in host_functions() - d1_sql.known_functions() - d1_sql.functions():
                message = f"no such function: {absent[1]}"
        at = getattr(error, "error_offset", -1)
        if source is not None and source.rewritten is not None and at >= 0 and message.startswith("near "):
            if source.rewritten.is_added(len(source.text.encode()[:at].decode(errors="ignore"))):
                # SQLite stopped at a word that is not the user's: the next that is begins the ORDER BY or LIMIT
                order = source.rewritten.order
                message = f'near "{next(tokens(source.original[order:])).text}": syntax error'
                return D1Error(message, code, source.original, source.start, source.start + order)
        return self._refusal(message, code, source, at)

    def _refusal(self, message: str, code: str, source: _Source | None, at: int = -1) -> D1Error:
        if source is None:
            return D1Error(message, code)
        return D1Error(message, code, source.original, source.start, source.place(at) if at >= 0 else None)


def _bounded(rows: Iterator[tuple[Value, ...]]) -> Iterator[tuple[Value, ...]]:
    size = 0
    for row in rows:
        size += 64 + sum(16 + len(value) if isinstance(value, str | bytes) else 16 for value in row)
        if size > MEMORY:
            raise MemoryError
        yield row


def _code(error: apsw.Error) -> str:
    extended = apsw.mapping_extended_result_codes.get(getattr(error, "extendedresult", -1))
    return str(extended or apsw.mapping_result_codes.get(getattr(error, "result", 1), "SQLITE_ERROR"))


def _clean(sql: str) -> str:
    """A lone surrogate reaches SQLite as U+FFFD."""
    return sql if sql.isascii() else _SURROGATE.sub("\ufffd", sql)
