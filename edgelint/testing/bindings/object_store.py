"""What one Durable Object has on disk: its keys, its SQLite, its alarm; and the transactions over all of it.

A store knows nothing of gates or events: ``on_write`` tells its owner that something is to be committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from edgelint.d1.errors import D1Error
from edgelint.testing.bindings.object_sql import ObjectDatabase, Rows, refusal
from edgelint.testing.errors import EdgeError

if TYPE_CHECKING:
    from edgelint.d1.engine import Value
    from edgelint.testing.clock import Clock

VIOLATED: Final = (
    "Durable Object was reset and rolled back to its last known good state because the application left the database "
    "in a state where constraints were violated: "
)
# The tables in which workerd keeps keys and the alarm: programs see their names in sqlite_schema.
_KEYS_TABLE: Final = "CREATE TABLE IF NOT EXISTS _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"
_ALARM_TABLE: Final = "CREATE TABLE IF NOT EXISTS _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)"
_ABSENT: Final = object()
"""Stands for no value: undefined is one that ``storage.kv.put`` takes."""


class Broken(Exception):
    """A transaction was ended by an error: everything that was not committed is gone. ``error`` is what the object is
    reset for, ``seen`` what the code gets whose statement it was."""

    def __init__(self, error: EdgeError, seen: EdgeError | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.seen = seen or error


class ObjectStore:
    """Keys (str) with values (plain, copied by who puts and gets them), a SQLite when one is asked for, and the time of
    the alarm in ms since the epoch."""

    def __init__(self, clock: Clock, on_write: Callable[[bool], None] = lambda confirmed: None) -> None:
        self._clock = clock
        self.on_write = on_write
        """Called at every write, with whether its confirmation holds back what leaves the object."""
        self.values: dict[str, Any] = {}
        self.alarm: float | None = None
        self.alarm_touched = False
        """Whether the alarm was set or deleted since this was last made False."""
        self.bookmark = -1
        self._database: ObjectDatabase | None = None
        self._tables: dict[str, int] = {}  # of the platform, and inside how many savepoints each was made
        self._open = False
        self._written = False  # whether anything in what is open is more than a read
        self._undo: list[Callable[[], None]] = []
        self._marks: list[int] = []  # one per savepoint: how many things were to undo when it was made

    @property
    def open(self) -> bool:
        """Whether something is not committed."""
        return self._open

    @property
    def in_savepoint(self) -> bool:
        """Whether a transaction of the app is open."""
        return bool(self._marks)

    # Keys and the alarm

    def put(self, entries: Mapping[str, Any], *, confirmed: bool = True) -> None:
        """Keep every value under its key."""
        self._write(confirmed, _KEYS_TABLE)
        for key, value in entries.items():
            self._set(key, value)

    def delete(self, key: str, *, confirmed: bool = True) -> bool:
        """Forget a key. Returns whether it was there."""
        self._write(confirmed, _KEYS_TABLE)
        if key not in self.values:
            return False
        self._set(key, _ABSENT)
        return True

    def set_alarm(self, when: float | None, *, confirmed: bool = True) -> None:
        """Set the alarm, or delete it; to what it is already is no write."""
        if when != self.alarm:
            self._write(confirmed, _ALARM_TABLE)
        before, touched = self.alarm, self.alarm_touched

        def undo() -> None:
            self.alarm, self.alarm_touched = before, touched

        self._undo.append(undo)
        self.alarm, self.alarm_touched = when, True

    def keys(
        self, *, start: str = "", after: str | None = None, end: str | None = None, prefix: str = "",
        reverse: bool = False, limit: int | None = None,
    ) -> list[str]:  # fmt: skip
        """Keys in the order of their UTF-8 bytes (which is the order of code points): from ``start`` or behind
        ``after``, before ``end``, with ``prefix``; the last ones first when ``reverse``, and the first ``limit`` of
        those."""
        found = sorted(
            (
                key for key in self.values
                if key >= start and (after is None or key > after) and (end is None or key < end)
                and key.startswith(prefix)
            ),
            reverse=reverse,
        )  # fmt: skip
        return found[:limit]

    # SQL

    def exec(self, sql: str, params: Sequence[Value]) -> Rows:
        """Run SQL. Raises EdgeError, and Broken when SQLite ended the transaction for it."""
        database = self._sqlite()
        try:
            return database.exec(sql, params, lambda: self._write(True))
        except D1Error as error:
            refused = refusal(error, sql)
            if self._open and not database.in_transaction:
                self.rollback()
                # Seen on workerd 1.20261117.1, there with "; reference = ...": INSERT OR ROLLBACK resets the object.
                raise Broken(EdgeError("internal error", cause=refused), refused) from error
            raise refused from error

    def size(self) -> int:
        """Bytes of the SQLite."""
        return self._sqlite().size()

    # Transactions

    def savepoint(self) -> None:
        """Begin a transaction of the app, inside the one before."""
        self._begin()
        self._marks.append(len(self._undo))
        if self._database is not None:
            self._database.control(f"SAVEPOINT _cf_savepoint_{len(self._marks)}")

    def release(self) -> None:
        """End the innermost transaction: what it did belongs to the one around it."""
        if self._database is not None:
            self._database.control(f"RELEASE _cf_savepoint_{len(self._marks)}")
        self._marks.pop()
        self._end_unwritten()
        self._tables = {table: min(depth, len(self._marks)) for table, depth in self._tables.items()}

    def roll_back_to_savepoint(self) -> None:
        """End the innermost transaction: what it did is undone."""
        name = f"_cf_savepoint_{len(self._marks)}"
        if self._database is not None:
            self._database.control(f"ROLLBACK TO {name}")
            self._database.control(f"RELEASE {name}")
        self._undo_to(self._marks.pop())
        self._end_unwritten()

    def commit(self) -> None:
        """Make everything permanent. Raises Broken when constraints are violated that were deferred: nothing is kept
        then."""
        assert not self._marks
        if self._database is not None and self._open:
            try:
                self._database.control("COMMIT")
            except D1Error as error:
                self.rollback()
                raise Broken(EdgeError(VIOLATED + str(refusal(error, "").message), cause=error)) from error
        self._undo.clear()
        self._open = self._written = False

    def rollback(self) -> None:
        """Undo everything since the last commit, transactions of the app too."""
        if self._database is not None and self._database.in_transaction:
            self._database.control("ROLLBACK")
        self._undo_to(0)
        self._marks.clear()
        self._open = self._written = False

    def clear(self, *, alarm: bool) -> None:
        """Delete everything, with the SQLite; the alarm only when asked. It is not part of a transaction: what was open
        is gone too."""
        self.rollback()
        kept = None if alarm else self.alarm
        touched = self.alarm_touched or (alarm and self.alarm is not None)
        self.values.clear()
        if self._database is not None:
            self._database.close()
            self._database = None
        self._tables.clear()
        self.alarm = None
        if kept is not None:
            self.set_alarm(kept)
        else:
            self.on_write(True)
        self.alarm_touched = touched

    def close(self) -> None:
        """Free the SQLite."""
        if self._database is not None:
            self._database.close()
            self._database = None

    # Inside

    def _set(self, key: str, value: Any) -> None:
        before = self.values.get(key, _ABSENT)
        self._undo.append(lambda: self._place(key, before))
        self._place(key, value)

    def _place(self, key: str, value: Any) -> None:
        if value is _ABSENT:
            self.values.pop(key, None)
        else:
            self.values[key] = value

    def _end_unwritten(self) -> None:
        if not self._marks and not self._written:
            self.commit()

    def _write(self, confirmed: bool, table: str | None = None) -> None:
        self._begin()
        self._written = True
        if table is not None and table not in self._tables:
            self._tables[table] = len(self._marks)
            self._undo.append(lambda: self._tables.__delitem__(table))
            if self._database is not None:
                self._database.control(table)
        self.on_write(confirmed)

    def _begin(self) -> None:
        if not self._open:
            self._open = True
            if self._database is not None:
                self._database.control("BEGIN")

    def _sqlite(self) -> ObjectDatabase:
        if self._database is None:
            self._database = ObjectDatabase(self._clock)
            if self._open:
                self._database.control("BEGIN")
            for number in range(len(self._marks) + 1):
                if number:
                    self._database.control(f"SAVEPOINT _cf_savepoint_{number}")
                for table, depth in self._tables.items():
                    if depth == number:
                        self._database.control(table)
        return self._database

    def _undo_to(self, mark: int) -> None:
        while len(self._undo) > mark:
            self._undo.pop()()
