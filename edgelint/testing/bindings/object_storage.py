"""``ctx.storage``: what a Durable Object, or a test that looks into one, does with its store.

Facts: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/actor-state.c++ and sync-kv.c++, and
developers.cloudflare.com/durable-objects/api.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeAlias, TypeVar, cast

from edgelint.platform import limits
from edgelint.testing.bindings.object_gates import STORAGE, arrive, current, inside
from edgelint.testing.bindings.object_sql import SqlCursor, SqlStorage
from edgelint.testing.bindings.object_store import Broken
from edgelint.testing.clone import serialized_size, structured_clone
from edgelint.testing.errors import EdgeError, range_error, type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.d1.engine import Value
    from edgelint.testing.bindings.object_gates import Event, Lock
    from edgelint.testing.bindings.object_life import Life
    from edgelint.testing.bindings.object_sql import Rows

T = TypeVar("T")
_K = TypeVar("_K", bound="_Keys")
_P = ParamSpec("_P")
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
NO_ALARM_HANDLER: Final = "Your Durable Object class must have an alarm() handler in order to call setAlarm()"
STALE_LIST: Final = (
    "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one kv.list() iterator can "
    "exist at a time."
)
CRITICAL: Final = "Cannot commit transaction due to an earlier SQL critical error"
_TOO_BIG: Final = "string or blob too big: SQLITE_TOOBIG"
_IN_TRANSACTION: Final = "Cannot call deleteAll() within a transaction"
_Strings: TypeAlias = "list[str]"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def outstanding(
    verb: Callable[Concatenate[_K, _P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[_K, _P], Coroutine[Any, Any, T]]:
    """A verb that is an operation on storage from its call on, awaited or not: the input gate is closed until the code
    that waits for it has run on. One that nobody begins to wait for gives the gate up again."""

    @functools.wraps(verb)
    def begin(self: _K, *args: _P.args, **kwargs: _P.kwargs) -> Coroutine[Any, Any, T]:
        event = current()
        if event is None:  # a test looks
            return verb(self, *args, **kwargs)
        work = verb(self, *args, **kwargs)
        return _beside(work, event) if kwargs.get("allow_concurrency") else _held(work, event, event.reserve())

    return cast("Callable[Concatenate[_K, _P], Coroutine[Any, Any, T]]", begin)


async def _held(work: Coroutine[Any, Any, T], event: Event, reserved: Lock | None) -> T:
    with inside():
        try:
            lock = await event.claim(reserved)
        except BaseException:
            work.close()
            raise
        try:
            return await work
        finally:
            event.hand_over(lock)


async def _beside(work: Coroutine[Any, Any, T], event: Event) -> T:
    with inside():
        try:
            result = await work
        except Exception:
            await arrive(event)
            raise
        await arrive(event)
        return result


class _Keys(Verbs):
    """Reading and writing keys and the alarm: what the storage and a transaction share.

    Options of every verb, as the platform has them: ``allow_concurrency`` lets other events in while it waits,
    ``allow_unconfirmed`` lets messages out before the write is confirmed, ``no_cache`` changes nothing here (there is
    no cache whose contents could be told from the store's).
    """

    def __init__(self, life: Life) -> None:
        self._life = life
        self._store = life.home.store

    @outstanding
    async def get(
        self, keys: str | Sequence[str], *, allow_concurrency: bool = False, no_cache: bool = False
    ) -> Any:  # fmt: skip
        """A copy of the value of a key, UNDEFINED when there is none; of several keys a dict of those that are there,
        in the order of keys. Raises EdgeError (RangeError) for too many or too long ones."""
        self._check("get()")
        if isinstance(keys, str):
            key: str = self._key(keys)

            def read(operation: Operation) -> Any:
                operation.outcome = "hit" if key in self._store.values else "miss"
                return structured_clone(self._store.values.get(key, UNDEFINED))

            return await self._perform("get", key, {}, read)
        wanted = self._many(keys)

        def read_all(operation: Operation) -> dict[str, Any]:
            values = self._store.values
            found = {key: structured_clone(values[key]) for key in sorted(set(wanted)) if key in values}
            operation.attributes["keys"] = len(wanted)
            return found

        return await self._perform("get", None, {"keys": wanted}, read_all)

    @outstanding
    async def list(
        self, *, start: str | None = None, start_after: str | None = None, end: str | None = None,
        prefix: str | None = None, reverse: bool = False, limit: int | None = None,
        allow_concurrency: bool = False, no_cache: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Keys and copies of their values, in the order of UTF-8. Raises EdgeError (TypeError) for options that
        contradict each other."""
        self._check("list()")
        options = list_options(start, start_after, end, prefix, reverse, limit)

        def read(operation: Operation) -> dict[str, Any]:
            found = {key: structured_clone(self._store.values[key]) for key in self._store.keys(**options)}
            operation.attributes["keys"] = len(found)
            return found

        return await self._perform("list", prefix, options, read)

    @outstanding
    async def put(
        self, key: str | Mapping[str, Any], value: Any = UNDEFINED, *, allow_concurrency: bool = False,
        allow_unconfirmed: bool = False, no_cache: bool = False,
    ) -> None:  # fmt: skip
        """Keep a copy of a value under a key, or of every value of a dict (undefined ones are left out), all or none.
        Raises EdgeError: TypeError for undefined, DataCloneError, RangeError for what is too large."""
        self._check("put()")
        if isinstance(key, str):
            if value is UNDEFINED:
                raise type_error("put() called with undefined value.")
            entries = {self._key(key): value}
        else:
            entries = {self._key(each): item for each, item in key.items() if item is not UNDEFINED}
            self._count(len(entries))
        copies = {each: structured_clone(item) for each, item in entries.items()}
        size = sum(self._sized(each, item) for each, item in copies.items())

        def write(operation: Operation) -> None:
            operation.attributes["bytes"] = size
            operation.attributes["keys"] = len(copies)
            self._store.put(copies, confirmed=not allow_unconfirmed)

        name = key if isinstance(key, str) else None
        await self._perform("put", name, {"entries": copies}, write)

    @outstanding
    async def delete(
        self, keys: str | Sequence[str], *, allow_concurrency: bool = False, allow_unconfirmed: bool = False,
        no_cache: bool = False,
    ) -> bool | int:  # fmt: skip
        """Forget a key: whether it was there. Of several: how many were."""
        self._check("delete()")
        confirmed = not allow_unconfirmed
        if isinstance(keys, str):
            key = self._key(keys)
            return await self._perform("delete", key, {}, lambda _: self._store.delete(key, confirmed=confirmed))
        wanted = self._many(keys)

        def write(operation: Operation) -> int:
            operation.attributes["keys"] = len(wanted)
            return sum(self._store.delete(key, confirmed=confirmed) for key in wanted)

        return await self._perform("delete", None, {"keys": wanted}, write)

    @outstanding
    async def get_alarm(self, *, allow_concurrency: bool = False) -> float | None:
        """When the alarm is due, in ms since the epoch. None when there is none, and while its handler runs unless it
        was set again."""
        self._check("getAlarm()")
        return await self._perform("getAlarm", None, {}, lambda _: self._life.home.alarm.seen())

    @outstanding
    async def set_alarm(
        self, when: datetime | float, *, allow_concurrency: bool = False, allow_unconfirmed: bool = False
    ) -> None:
        """Set the alarm, in place of the one before; what is past is due now. Raises EdgeError (TypeError) for a time
        that is not positive, and for a class that has no handler."""
        instant = milliseconds(when)
        if not instant > 0:
            raise type_error("setAlarm() cannot be called with an alarm time <= 0")
        self._check("setAlarm()")
        if not self._life.handles("alarm"):
            raise type_error(NO_ALARM_HANDLER)
        due = max(instant, self._life.home.clock.now)
        await self._perform(
            "setAlarm", None, {"when": due}, lambda _: self._store.set_alarm(due, confirmed=not allow_unconfirmed)
        )

    @outstanding
    async def delete_alarm(self, *, allow_concurrency: bool = False, allow_unconfirmed: bool = False) -> None:
        """Delete the alarm. One that runs goes on."""
        self._check("deleteAlarm()")
        await self._perform(
            "deleteAlarm", None, {}, lambda _: self._store.set_alarm(None, confirmed=not allow_unconfirmed)
        )

    def _check(self, what: str) -> None:
        """Raise EdgeError when ``what`` cannot be called any more."""
        self._life.check()

    async def _perform(
        self, verb: str, key: str | None, request: Mapping[str, Any], effect: Callable[[Operation], T]
    ) -> T:
        """Take an operation through the world's gate."""
        result = await self._life.home.gate.perform(self._operation(verb, key, request), self._guarded(effect))
        if current() is None:
            self._life.settle_writes()
        return result

    def _perform_now(
        self, verb: str, key: str | None, request: Mapping[str, Any], effect: Callable[[Operation], T]
    ) -> T:
        result = self._life.home.gate.perform_now(self._operation(verb, key, request), self._guarded(effect))
        if current() is None:
            self._life.settle_writes()
        return result

    def _guarded(self, effect: Callable[[Operation], T]) -> Callable[[Operation], T]:
        def guarded(operation: Operation) -> T:
            self._life.check()
            try:
                return effect(operation)
            except Broken as broken:
                self._life.reset(broken.error, by_user=True)
                raise broken.seen from broken

        return guarded

    def _operation(self, verb: str, key: str | None, request: Mapping[str, Any]) -> Operation:
        home = self._life.home
        operation = Operation(home.class_name, STORAGE, verb, key, request)
        operation.attributes["object_id"] = str(home.id)
        operation.attributes["object_name"] = home.id.name
        return operation

    def _key(self, key: str) -> str:
        key = _SURROGATE.sub("\ufffd", key)
        size = len(key.encode())
        if not self._life.home.sqlite and size > limits.DO_KV_MAX_KEY:
            raise range_error(
                f"Keys cannot be larger than {limits.DO_KV_MAX_KEY} bytes. A key of size {size} was provided."
            )
        return key

    def _many(self, keys: Iterable[str]) -> _Strings:
        wanted = [self._key(key) for key in keys]
        self._count(len(wanted))
        return wanted

    def _count(self, count: int) -> None:
        # Documented for both backends; workerd's code for SQLite does not look (actor-sqlite.c++).
        if not self._life.home.sqlite and count > limits.DO_MAX_KEYS:
            raise range_error(
                f"Maximum number of key value pairs is {limits.DO_MAX_KEYS}. {count} pairs were provided."
            )

    def _sized(self, key: str, value: Any) -> int:
        """Bytes of a key and its value. Raises EdgeError when they are too many."""
        size = serialized_size(value)
        if self._life.home.sqlite:
            if len(key.encode()) + size > limits.DO_SQLITE_MAX_PAIR:
                raise EdgeError(_TOO_BIG)
        elif size > limits.DO_KV_MAX_VALUE + limits.DO_KV_VALUE_SLACK:
            raise range_error(
                f"Values cannot be larger than {limits.DO_KV_MAX_VALUE} bytes. A value of size {size} was provided."
            )
        return len(key.encode()) + size


class ObjectTransaction(_Keys):
    """What ``transaction`` gives to its callback."""

    def __init__(self, life: Life) -> None:
        super().__init__(life)
        self._state = "open"

    def rollback(self) -> None:
        """Undo what the transaction did, now. Once more does nothing. Raises EdgeError when it is over."""
        if self._state == "rolled back":
            return
        self._check("rollback()")
        self._store.roll_back_to_savepoint()
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
                self._store.release()
            else:
                self._store.roll_back_to_savepoint()
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


class ObjectStorage(_Keys):
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
            if self._store.in_savepoint:
                raise EdgeError(_IN_TRANSACTION)
            self._store.clear(alarm=self._life.home.delete_all_deletes_alarm)

        await self._perform("deleteAll", None, {}, write)

    def transaction(self, callback: Callable[[ObjectTransaction], Any]) -> Awaitable[Any]:
        """Run ``callback`` with nothing else in between: what it writes is kept when it returns, undone when it raises
        (which comes out of here) or calls ``rollback``. One inside another is part of it."""
        self._check("transaction()")

        async def section() -> tuple[bool, Any]:
            if self._store.open and not self._store.in_savepoint:
                await self._life.flushed()  # what was written before is not part of it
            self._store.savepoint()
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
        self._store.savepoint()
        try:
            result = callback()
        except BaseException:
            if self._store.in_savepoint:
                self._store.roll_back_to_savepoint()
                self._life.transaction_over()
            raise
        if not self._store.in_savepoint:
            raise EdgeError(CRITICAL)
        self._store.release()
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
        self._store.bookmark += 1
        count = self._store.bookmark
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
            found = self._store.exec(sql, params)
            operation.attributes.update(
                rows_read=found.rows_read, rows_written=found.rows_written, estimate=True
            )
            return found

        return SqlCursor(self._perform_now("sql.exec", sql, {"params": tuple(params)}, run))

    def sql_size(self) -> int:
        """``sql.databaseSize``."""
        self._need_sqlite(NO_SQL)
        return self._perform_now("sql.databaseSize", None, {}, lambda _: self._store.size())

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
            operation.outcome = "hit" if key in storage._store.values else "miss"
            return structured_clone(storage._store.values.get(key, UNDEFINED))

        return storage._perform_now("kv.get", key, {}, read)

    def put(self, key: str, value: Any) -> None:
        """Keep a copy of a value. Raises EdgeError for what cannot be copied or is too large."""
        storage, key = self._ready(key)
        copy = structured_clone(value)
        size = storage._sized(key, copy)

        def write(operation: Operation) -> None:
            operation.attributes["bytes"] = size
            storage._store.put({key: copy})

        storage._perform_now("kv.put", key, {"value": copy}, write)

    def delete(self, key: str) -> bool:
        """Forget a key. Returns whether it was there."""
        storage, key = self._ready(key)
        return storage._perform_now("kv.delete", key, {}, lambda _: storage._store.delete(key))

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
            found = [(each, structured_clone(storage._store.values[each])) for each in storage._store.keys(**options)]
            operation.attributes["keys"] = len(found)
            return found

        pairs = storage._perform_now("kv.list", prefix, options, read)

        def each() -> Iterator[tuple[str, Any]]:
            for pair in pairs:
                if self._lists != mine:
                    raise EdgeError(STALE_LIST)
                yield pair

        return each()

    def _ready(self, key: str) -> tuple[ObjectStorage, str]:
        self._storage._need_sqlite(NO_SYNC_KV)
        return self._storage, self._storage._key(key)


def list_options(
    start: str | None, start_after: str | None, end: str | None, prefix: str | None, reverse: bool, limit: int | None
) -> dict[str, Any]:
    """Options of ``list`` as the store takes them. Raises EdgeError (TypeError) for ``start`` beside ``start_after``
    and a limit that is not positive."""
    if start is not None and start_after is not None:
        raise type_error("list() cannot be called with both start and startAfter values.")
    if limit is not None and limit <= 0:
        raise type_error("List limit must be positive.")
    return {
        "start": start or "", "after": start_after, "end": end, "prefix": prefix or "", "reverse": bool(reverse),
        "limit": limit,
    }  # fmt: skip


def milliseconds(when: datetime | float) -> float:
    """An instant in whole ms since the epoch; a datetime without a zone is UTC. What is no number is NaN."""
    if isinstance(when, datetime):
        when = (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp() * 1000
    return float(math.trunc(when)) if math.isfinite(when) else math.nan
