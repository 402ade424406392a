"""What a statement may do: workerd's decisions, and a record of what it asked for (src/workerd/util/sqlite.c++)."""

from __future__ import annotations

from functools import cache

import apsw

from edgelint.platform import d1_sql

_NAMED = frozenset(
    (apsw.SQLITE_CREATE_TABLE, apsw.SQLITE_DELETE, apsw.SQLITE_DROP_TABLE, apsw.SQLITE_INSERT, apsw.SQLITE_CREATE_VIEW,
     apsw.SQLITE_DROP_VIEW, apsw.SQLITE_REINDEX, apsw.SQLITE_READ, apsw.SQLITE_UPDATE)
)  # fmt: skip
_NAMED_TWICE = frozenset(
    (apsw.SQLITE_CREATE_INDEX, apsw.SQLITE_DROP_INDEX, apsw.SQLITE_CREATE_TRIGGER, apsw.SQLITE_DROP_TRIGGER)
)
_FREE = frozenset((apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE, apsw.SQLITE_ANALYZE))
_TRANSACTIONS = frozenset((apsw.SQLITE_TRANSACTION, apsw.SQLITE_SAVEPOINT))
_WRITES = {apsw.SQLITE_INSERT: "insert", apsw.SQLITE_UPDATE: "update", apsw.SQLITE_DELETE: "delete"}


@cache
def host_functions() -> frozenset[str]:
    """The functions of this SQLite, D1's or not, in lower case. What it does not have it refuses by itself, as D1 does:
    by "no such function", or in a DEFAULT, where it asks before it looks, by "not authorized to use function"."""
    connection = apsw.Connection(":memory:")
    try:
        return frozenset(str(row[0]).lower() for row in connection.execute("SELECT name FROM pragma_function_list"))
    finally:
        connection.close()


class Authorizer:
    """One per connection. ``enforced``: False records and allows everything. ``lifted``: everything is allowed and
    nothing recorded, for this package's own questions."""

    def __init__(self, *, enforced: bool) -> None:
        self.enforced = enforced
        self.lifted = False
        self.begin()

    def begin(self) -> None:
        """Forget what the statement before asked for."""
        self.reads: set[tuple[str, str]] = set()
        self.writes: set[tuple[str, str]] = set()
        self.functions: set[str] = set()
        self.refused_transaction = False

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, _trigger: str | None
    ) -> int:
        if self.lifted:
            return apsw.SQLITE_OK
        allowed = self._decide(action, first, second, database)
        return apsw.SQLITE_OK if allowed or not self.enforced else apsw.SQLITE_DENY

    def _decide(self, action: int, first: str | None, second: str | None, database: str | None) -> bool:
        if action in (apsw.SQLITE_ALTER_TABLE, apsw.SQLITE_DETACH):  # SQLite passes the database first
            first, second, database = second, None, first
        if database == "temp":
            return action in (apsw.SQLITE_READ, apsw.SQLITE_UPDATE) and d1_sql.name_allowed(first or "")
        if database is not None and database != "main":
            return False
        if action in _FREE:
            return True
        if action == apsw.SQLITE_FUNCTION:
            self.functions.add((second or "").lower())
            return (second or "").lower() in d1_sql.functions()
        if action in _NAMED:
            self._record(action, first or "", second or "")
            return d1_sql.name_allowed(first or "")
        if action in _NAMED_TWICE:
            return d1_sql.name_allowed(first or "") and d1_sql.name_allowed(second or "")
        if action == apsw.SQLITE_ALTER_TABLE:
            return d1_sql.name_allowed(first or "")
        if action == apsw.SQLITE_PRAGMA:
            return d1_sql.pragma_allowed(first or "", second)
        if action in (apsw.SQLITE_CREATE_VTABLE, apsw.SQLITE_DROP_VTABLE):
            return (second or "").lower() in d1_sql.virtual_tables() and d1_sql.name_allowed(first or "")
        self.refused_transaction = self.refused_transaction or (self.enforced and action in _TRANSACTIONS)
        return False

    def _record(self, action: int, table: str, column: str) -> None:
        if action == apsw.SQLITE_READ:
            self.reads.add((table, column))
        elif action in _WRITES:
            self.writes.add((_WRITES[action], f"{table}.{column}" if action == apsw.SQLITE_UPDATE else table))
