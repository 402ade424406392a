"""Keys, values and the alarm of a Durable Object: the verbs that its storage and a transaction share.

Facts: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/actor-state.c++ and io/actor-storage.c++, and
developers.cloudflare.com/durable-objects/api.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeAlias, TypeVar, cast

from edgelint.platform import limits
from edgelint.testing.bindings.object_gates import STORAGE, arrive, current, inside
from edgelint.testing.bindings.object_store import Broken
from edgelint.testing.clone import serialized_size, structured_clone
from edgelint.testing.errors import EdgeError, range_error, type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.bindings.object_gates import Event, Lock
    from edgelint.testing.bindings.object_life import Life

T = TypeVar("T")
_K = TypeVar("_K", bound="Keys")
_P = ParamSpec("_P")
NO_ALARM_HANDLER: Final = "Your Durable Object class must have an alarm() handler in order to call setAlarm()"
_TOO_BIG: Final = "string or blob too big: SQLITE_TOOBIG"
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


class Keys(Verbs):
    """Reading and writing keys and the alarm: what the storage and a transaction share.

    Options of every verb, as the platform has them: ``allow_concurrency`` lets other events in while it waits,
    ``allow_unconfirmed`` lets messages out before the write is confirmed, ``no_cache`` changes nothing here (there is
    no cache whose contents could be told from the store's).
    """

    def __init__(self, life: Life) -> None:
        self._life = life
        self.store = life.home.store

    @outstanding
    async def get(
        self, keys: str | Sequence[str], *, allow_concurrency: bool = False, no_cache: bool = False
    ) -> Any:  # fmt: skip
        """A copy of the value of a key, UNDEFINED when there is none; of several keys a dict of those that are there,
        in the order of keys. Raises EdgeError (RangeError) for too many or too long ones."""
        self._check("get()")
        if isinstance(keys, str):
            key: str = self.key(keys)

            def read(operation: Operation) -> Any:
                operation.outcome = "hit" if key in self.store.values else "miss"
                return structured_clone(self.store.values.get(key, UNDEFINED))

            return await self._perform("get", key, {}, read)
        wanted = self._many(keys)

        def read_all(operation: Operation) -> dict[str, Any]:
            values = self.store.values
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
            found = {key: structured_clone(self.store.values[key]) for key in self.store.keys(**options)}
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
            entries = {self.key(key): value}
        else:
            entries = {self.key(each): item for each, item in key.items() if item is not UNDEFINED}
            self._count(len(entries))
        copies = {each: structured_clone(item) for each, item in entries.items()}
        size = sum(self.sized(each, item) for each, item in copies.items())

        def write(operation: Operation) -> None:
            operation.attributes["bytes"] = size
            operation.attributes["keys"] = len(copies)
            self.store.put(copies, confirmed=not allow_unconfirmed)

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
            key = self.key(keys)
            return await self._perform("delete", key, {}, lambda _: self.store.delete(key, confirmed=confirmed))
        wanted = self._many(keys)

        def write(operation: Operation) -> int:
            operation.attributes["keys"] = len(wanted)
            return sum(self.store.delete(key, confirmed=confirmed) for key in wanted)

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
            "setAlarm", None, {"when": due}, lambda _: self.store.set_alarm(due, confirmed=not allow_unconfirmed)
        )

    @outstanding
    async def delete_alarm(self, *, allow_concurrency: bool = False, allow_unconfirmed: bool = False) -> None:
        """Delete the alarm. One that runs goes on."""
        self._check("deleteAlarm()")
        await self._perform(
            "deleteAlarm", None, {}, lambda _: self.store.set_alarm(None, confirmed=not allow_unconfirmed)
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

    def perform_now(
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

    def key(self, key: str) -> str:
        key = _SURROGATE.sub("\ufffd", key)
        size = len(key.encode())
        if not self._life.home.sqlite and size > limits.DO_KV_MAX_KEY:
            raise range_error(
                f"Keys cannot be larger than {limits.DO_KV_MAX_KEY} bytes. A key of size {size} was provided."
            )
        return key

    def _many(self, keys: Iterable[str]) -> _Strings:
        wanted = [self.key(key) for key in keys]
        self._count(len(wanted))
        return wanted

    def _count(self, count: int) -> None:
        # Documented for both backends; workerd's code for SQLite does not look (actor-sqlite.c++).
        if not self._life.home.sqlite and count > limits.DO_MAX_KEYS:
            raise range_error(
                f"Maximum number of key value pairs is {limits.DO_MAX_KEYS}. {count} pairs were provided."
            )

    def sized(self, key: str, value: Any) -> int:
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
