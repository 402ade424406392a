"""``ctx.storage``: what a Durable Object, or a test that looks into one, does with its store.

Facts: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/actor-state.c++ and sync-kv.c++, and
developers.cloudflare.com/durable-objects/api.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from edgelint.testing.bindings.object_gates import arrive, current, inside
from edgelint.testing.bindings.object_keys import Keys, list_options, outstanding
from edgelint.testing.bindings.object_sql import SqlCursor, SqlStorage
from edgelint.testing.clone import structured_clone
from edgelint.testing.errors import EdgeError
from edgelint.testing.facade import Verbs
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.d1.engine import Value
    from edgelint.testing.bindings.object_life import Life
    from edgelint.testing.bindings.object_sql import Rows

T = TypeVar("T")
NO_SQL: Final = (
    "This Durable Object is not backed by SQLite storage, so the SQL API is not available. SQL can be enabled on a new "
    "Durable Object class by using the `new_sqlite_classes` instead of `new_classes` under `[[migrations]]` in your "
    "wrangler.toml, but an already-deployed class cannot be converted to SQLite (except by deleting the existing data)."
)
NO_SYNC_KV: Final = (
    "The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects, but this object's "
    "namespace is not declared to use SQLite. You can use the older, asyncronous interface via methods of `storage` "
    "itself (e.g. `storage.get()`). SQLite can be enabled on a new Durable Object class by using the "
    "`new_sqlite_classes` instead of `new_classes` under `migrations` in your wrangler.jsonc or wrangler.toml, but an "
    "already-deployed class cannot be converted to SQLite (except by deleting the existing data)."
)
NO_RECOVERY: Final = "This Durable Object's storage back-end does not implement point-in-time recovery."
STALE_LIST: Final = (
    "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one kv.list() iterator can "
    "exist at a time."
)
CRITICAL: Final = "Cannot commit transaction due to an earlier SQL critical error"
_IN_TRANSACTION: Final = "Cannot call deleteAll() within a transaction"


class ObjectTransaction(Keys):
    """What ``transaction`` gives to its callback."""

    def __init__(self, life: Life) -> None:
        super().__init__(life)
        self._state = "open"

    def rollback(self) -> None:
        """Undo what the transaction did, now. Once more does nothing. Raises EdgeError when it is over."""
        if self._state == "rolled back":
            return
        self._check("rollback()")
        self.store.roll_back_to_savepoint()
        self._life.transaction_over()
        self._state = "rolled back"

    async def delete_all(self) -> None:
        """Raises EdgeError: not in a transaction."""
        raise EdgeError(_IN_TRANSACTION)

    def end(self, *, commit: bool) -> None:
        """The callback is over."""
        if self._state == "open":
            self._state = "over"
            if commit:
                self.store.release()
            else:
                self.store.roll_back_to_savepoint()
            self._life.transaction_over()

    def _check(self, what: str) -> None:
        super()._check(what)
        if self._state == "rolled back":
            raise EdgeError(f"Cannot {what} on rolled back transaction")
        if self._state == "over":
            raise EdgeError(
                f"Cannot call {what} on transaction that has already committed: did you move `txn` outside of the "
                "closure?"
            )


class ObjectStorage(Keys):
    """``ctx.storage``."""

    def __init__(self, life: Life) -> None:
        super().__init__(life)
        self.sql = SqlStorage(self)
        self.kv = SyncKv(self)

    @outstanding
    async def delete_all(
        self, *, allow_concurrency: bool = False, allow_unconfirmed: bool = False, no_cache: bool = False
    ) -> None:
        """Delete everything, with the SQLite; the alarm by compatibility date. It is always confirmed. Raises EdgeError
        in a transaction."""
        self._check("deleteAll()")

        def write(_: Operation) -> None:
            if self.store.in_savepoint:
                raise EdgeError(_IN_TRANSACTION)
            self.store.clear(alarm=self._life.home.delete_all_deletes_alarm)

        await self._perform("deleteAll", None, {}, write)

    def transaction(self, callback: Callable[[ObjectTransaction], Any]) -> Awaitable[Any]:
        """Run ``callback`` with nothing else in between: what it writes is kept when it returns, undone when it raises
        (which comes out of here) or calls ``rollback``. One inside another is part of it."""
        self._check("transaction()")

        async def section() -> tuple[bool, Any]:
            if self.store.open and not self.store.in_savepoint:
                await self._life.flushed()  # what was written before is not part of it
            self.store.savepoint()
            transaction = ObjectTransaction(self._life)
            try:
                result = callback(transaction)
                value = await result if inspect.isawaitable(result) else result
            except Exception as error:
                transaction.end(commit=False)
                return False, error  # it undoes the transaction; the object lives on
            except BaseException:
                if not self._life.broken:
                    transaction.end(commit=False)
                raise
            transaction.end(commit=True)
            return True, value

        return _outcome(self._life.block_concurrency_while(section))

    def transaction_sync(self, callback: Callable[[], T]) -> T:
        """The same for a callback that does not wait. Raises EdgeError when the class does not have SQLite."""
        self._check("transactionSync()")
        if not self._life.home.sqlite:
            raise EdgeError("Durable Object is not backed by SQL.")
        self.store.savepoint()
        try:
            result = callback()
        except BaseException:
            if self.store.in_savepoint:
                self.store.roll_back_to_savepoint()
                self._life.transaction_over()
            raise
        if not self.store.in_savepoint:
            raise EdgeError(CRITICAL)
        self.store.release()
        self._life.transaction_over()
        if current() is None:
            self._life.settle_writes()
        return result

    async def sync(self) -> None:
        """Wait until every write so far is on disk, the unconfirmed ones too."""
        self._check("sync()")
        event = current()
        if event is None:
            return
        with inside():
            await self._life.flushed()
            await arrive(event)

    async def get_current_bookmark(self) -> str:
        """A bookmark that sorts after all given before; as with workerd, nothing can be restored by it. Raises
        EdgeError when the class does not have SQLite."""
        if not self._life.home.sqlite:
            raise EdgeError(NO_RECOVERY)
        self.store.bookmark += 1
        count = self.store.bookmark
        return f"{count // 0xFFFFFFFF:08x}-{count % 0xFFFFFFFF:08x}-{0:08x}-{'0' * 32}"

    async def get_bookmark_for_time(self, when: datetime | float) -> str:
        """Raises EdgeError: the past is not kept."""
        raise EdgeError(NO_RECOVERY)

    async def on_next_session_restore_bookmark(self, bookmark: str) -> str:
        """Raises EdgeError: the past is not kept."""
        raise EdgeError(NO_RECOVERY)

    async def wait_for_bookmark(self, bookmark: str) -> None:
        """Returns: there are no replicas that could be behind."""

    # What ``sql`` and ``kv`` stand on

    def exec_sql(self, sql: str, params: Sequence[Value]) -> SqlCursor:
        """``sql.exec``."""
        self._need_sqlite(NO_SQL)

        def run(operation: Operation) -> Rows:
            found = self.store.exec(sql, params)
            operation.attributes.update(
                rows_read=found.rows_read, rows_written=found.rows_written, estimate=True
            )
            return found

        return SqlCursor(self.perform_now("sql.exec", sql, {"params": tuple(params)}, run))

    def sql_size(self) -> int:
        """``sql.databaseSize``."""
        self._need_sqlite(NO_SQL)
        return self.perform_now("sql.databaseSize", None, {}, lambda _: self.store.size())

    def _need_sqlite(self, message: str) -> None:
        self._life.check()
        if not self._life.home.sqlite:
            raise EdgeError(message)


async def _outcome(section: Awaitable[tuple[bool, Any]]) -> Any:
    done, value = await section
    if not done:
        raise value
    return value


class SyncKv(Verbs):
    """``ctx.storage.kv``: the same keys, without waiting. Every verb raises EdgeError when the class does not have
    SQLite."""

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage
        self._lists = 0

    def get(self, key: str) -> Any:
        """A copy of the value of a key, UNDEFINED when there is none."""
        storage, key = self._ready(key)

        def read(operation: Operation) -> Any:
            operation.outcome = "hit" if key in storage.store.values else "miss"
            return structured_clone(storage.store.values.get(key, UNDEFINED))

        return storage.perform_now("kv.get", key, {}, read)

    def put(self, key: str, value: Any) -> None:
        """Keep a copy of a value. Raises EdgeError for what cannot be copied or is too large."""
        storage, key = self._ready(key)
        copy = structured_clone(value)
        size = storage.sized(key, copy)

        def write(operation: Operation) -> None:
            operation.attributes["bytes"] = size
            storage.store.put({key: copy})

        storage.perform_now("kv.put", key, {"value": copy}, write)

    def delete(self, key: str) -> bool:
        """Forget a key. Returns whether it was there."""
        storage, key = self._ready(key)
        return storage.perform_now("kv.delete", key, {}, lambda _: storage.store.delete(key))

    def list(
        self, *, start: str | None = None, start_after: str | None = None, end: str | None = None,
        prefix: str | None = None, reverse: bool = False, limit: int | None = None,
    ) -> Iterator[tuple[str, Any]]:  # fmt: skip
        """Pairs of keys and copies of their values, in the order of UTF-8. A newer list ends it: the next pair is an
        EdgeError."""
        storage, _ = self._ready("")
        options = list_options(start, start_after, end, prefix, reverse, limit)
        self._lists += 1
        mine = self._lists

        def read(operation: Operation) -> Sequence[tuple[str, Any]]:
            found = [(each, structured_clone(storage.store.values[each])) for each in storage.store.keys(**options)]
            operation.attributes["keys"] = len(found)
            return found

        pairs = storage.perform_now("kv.list", prefix, options, read)

        def each() -> Iterator[tuple[str, Any]]:
            for pair in pairs:
                if self._lists != mine:
                    raise EdgeError(STALE_LIST)
                yield pair

        return each()

    def _ready(self, key: str) -> tuple[ObjectStorage, str]:
        self._storage._need_sqlite(NO_SYNC_KV)
        return self._storage, self._storage.key(key)
