"""SQL in a Durable Object: ``ctx.storage.sql``, on the engine that wears D1's limits.

D1 is this API behind a service: limits, lists of functions and PRAGMAs, names and words of errors are the same code of
workerd for both (https://github.com/cloudflare/workerd/blob/main/src/workerd/api/sql.c++ and util/sqlite.c++). What
differs: several statements of one call are not a transaction of their own, and values come back as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from edgelint.d1.errors import D1Error
from edgelint.platform import d1_sql
from edgelint.syntax.sql import statements
from edgelint.testing.bindings.d1_engine import ServedDatabase
from edgelint.testing.coercion import MAX_SAFE, integer, primitive_text
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.d1.engine import Value
    from edgelint.testing.bindings.object_storage import ObjectStorage

NONE_FOUND: Final = "Expected exactly one result from SQL query, but got no results."
SEVERAL_FOUND: Final = "Expected exactly one result from SQL query, but got multiple results."
_SPACE: Final = " \t\n\r\v\f"  # what workerd skips after a statement
_NOTHING: Final = statements("SELECT 1")[0]
_READS: Final = frozenset(("SELECT", "VALUES", "EXPLAIN", "PRAGMA"))
_SCHEMA: Final = frozenset(("CREATE", "DROP", "ALTER"))
# Errors of workerd's own, which bear no code of SQLite.
_PLAIN: Final = frozenset(
    (d1_sql.TRANSACTION_REFUSED, d1_sql.NO_STATEMENT, d1_sql.ONLY_LAST_BOUND, d1_sql.WRONG_BINDINGS)
)


class Rows(NamedTuple):
    """What one call of ``exec`` answered. ``rows_read`` and ``rows_written`` are modelled, as D1's are (d1_rows)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    rows_read: int
    rows_written: int


class ObjectDatabase(ServedDatabase):
    """The SQLite of one object, in virtual time. Transactions are opened and closed from outside, by the object's
    store."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open: an error of SQLite may have ended it."""
        return bool(self._connection.in_transaction)

    def control(self, sql: str) -> None:
        """Run a statement of the platform's own: BEGIN, SAVEPOINT ... Raises D1Error."""
        self._simple(sql, self._source(";", _NOTHING))

    def exec(self, sql: str, params: Sequence[Value], write: Callable[[], None]) -> Rows:
        """Run every statement of ``sql``; the last has the parameters and gives the answer. ``write`` is called before
        the first that is no mere read. Raises D1Error: what ran before it stays done."""
        sql, found, more = self._read(sql)
        read = written = 0
        with self._meter.script():
            for index, statement in enumerate(found):
                last = index == len(found) - 1 and not more
                source = self._source(sql, statement)
                if statement.verb not in _READS and not (statement.verb == "WITH" and self._prepare(source).readonly):
                    write()
                entries = self._entries() if statement.verb in _SCHEMA else 0
                result = self._profiled(source, params if last else None)
                costs = self._costs(source, statement, len(result.rows), result.changes, entries)
                read, written = read + costs[0], written + costs[1]
            if more:
                raise D1Error(d1_sql.NO_STATEMENT, "SQLITE_ERROR", sql[more:], more)
        return Rows(result.columns, tuple(tuple(map(_out, row)) for row in result.rows), read, written)

    def size(self) -> int:
        """Bytes of the pages that are in use."""
        with self.hidden():
            pages, free, size = self._ask("SELECT * FROM pragma_page_count, pragma_freelist_count, pragma_page_size")[0]
        return int((pages - free) * size)


def refusal(error: D1Error, sql: str) -> EdgeError:
    """The error that the app gets, in workerd's words: message, place (bytes from where SQLite began to read the
    statement), code, and the extended code where there is one."""
    message = error.message
    if message in _PLAIN:
        return EdgeError(message, cause=error)
    if error.offset is not None:
        begins = max((found.stop for found in statements(sql) if found.stop <= error.start), default=0)
        read = sql[begins : error.offset]
        message += f" at offset {len((read.lstrip(_SPACE) if begins else read).encode('utf-8', 'replace'))}"
    code = "_".join(error.code.split("_")[:2])
    extended = f" (extended: {error.code})" if code != error.code else ""
    return EdgeError(f"{message}: {code}{extended}", cause=error)


def _out(value: Value) -> Value:
    return integer(value) if isinstance(value, (int, float)) else value  # every number is a double in JavaScript


def bound(value: Any) -> Value:
    """A value as a parameter: null (undefined too), text, bytes and doubles; of anything else its text, as
    JavaScript's String() makes it (seen on workerd 1.20261117.1: true is 'true'). Raises EdgeError (TypeError) for a
    number that no double holds, as a BigInt is none."""
    if value is None or value is UNDEFINED:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if isinstance(value, int) and abs(value) > MAX_SAFE:
            raise type_error("Cannot convert a BigInt value to a number")
        return None if math.isnan(value) else float(value)
    return _text(value)


def _text(value: Any) -> str:
    found = primitive_text(value)
    if found is not None:
        return found
    if isinstance(value, datetime):
        return value.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")
    if isinstance(value, (list, tuple)):
        return ",".join("" if item is None or item is UNDEFINED else _text(item) for item in value)
    return f"[object {'Set' if isinstance(value, (set, frozenset)) else 'Object'}]"


class SqlCursor(Verbs):
    """What ``exec`` returns: rows as dicts, in order, each once. All of them are read when the statement runs; workerd
    reads ahead by one."""

    def __init__(self, answer: Rows) -> None:
        self.column_names = list(answer.columns)
        self.rows_read = answer.rows_read
        self.rows_written = answer.rows_written
        self._rows = iter(answer.rows)
        self._left = len(answer.rows)

    def __iter__(self) -> Iterator[dict[str, Value]]:
        while (row := self.next()) is not None:
            yield row

    def next(self) -> dict[str, Value] | None:
        """The next row, None when there is none. Of columns of one name the last counts."""
        row = self._next()
        return None if row is None else dict(zip(self.column_names, row, strict=True))

    def to_array(self) -> list[dict[str, Value]]:
        """The rows that are left."""
        return list(self)

    def raw(self) -> list[list[Value]]:
        """The rows that are left, as lists of values."""
        found = []
        while (row := self._next()) is not None:
            found.append(list(row))
        return found

    def one(self) -> dict[str, Value]:
        """The only row. Raises EdgeError when there is none, or more than one."""
        row = self.next()
        if row is None:
            raise EdgeError(NONE_FOUND)
        if self._left:
            self._left, self._rows = 0, iter(())
            raise EdgeError(SEVERAL_FOUND)
        return row

    def _next(self) -> tuple[Value, ...] | None:
        row = next(self._rows, None)
        if row is not None:
            self._left -= 1
        return row


class SqlStorage(Verbs):
    """``ctx.storage.sql``. Every verb raises EdgeError when the class does not have SQLite."""

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage

    def exec(self, sql: str, *bindings: Any) -> SqlCursor:
        """Run one statement, or several of which the last has the bindings. Raises EdgeError."""
        values = [bound(value) for value in bindings]
        return self._storage.exec_sql(sql, values)

    @property
    def database_size(self) -> int:
        """Bytes of the object's database. Keys and values of ``storage.get`` and ``put`` are not counted."""
        return self._storage.sql_size()
