"""The one gate that every operation of the app on a binding passes.

In order: meter -> faults -> schedule -> consistency -> store. Each stage but the store is a seam: it sees the
operation, may delay it, fail it or answer it itself, and hands it on with ``proceed``. Both hosts and every binding go
through here, so what is written once as a stage holds for all of them.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from edgelint.testing.clock import Clock

T = TypeVar("T")
Origin = Literal["app", "test"]

origin: ContextVar[Origin] = ContextVar("edgelint_origin", default="app")
"""Who asks: the app, or the test that arranges or looks (not metered, no faults)."""
invocation: ContextVar[str] = ContextVar("edgelint_invocation", default="")
"""Which event of the app the operation belongs to ("fetch 1"); "" outside one."""

calling: ContextVar[tuple[str, int] | None] = ContextVar("edgelint_calling", default=None)
"""The app's (file, line) of the call that asks for the next operation, where the host is told of it with the request.
One operation takes it: what comes of that is called elsewhere."""


class Operation:
    """One operation on one binding.

    ``binding`` is its name in ``env`` ("CACHE"; "caches.default", "fetch" for what has no name there), ``kind`` the
    short name of its kind ("kv"), ``verb`` as the platform spells it ("getWithMetadata"), ``key`` what it touches (a KV
    key, the SQL, an object's id) or None, ``request`` its arguments, ``attributes`` what is learnt on the way
    ("rows_read": 3, "bytes": 17). ``number`` counts from 1 within the world, ``at`` is virtual ms since the epoch.
    ``outcome`` is "pending", "ok" or "error"; for reads of one thing also "hit" or "miss". ``error`` what was raised.
    ``place`` is (file, line) of the app's call where the host knows it.
    """

    __slots__ = (
        "binding", "kind", "verb", "key", "request", "attributes", "origin", "invocation", "number", "at", "outcome",
        "error", "place",
    )  # fmt: skip

    def __init__(
        self, binding: str, kind: str, verb: str, key: str | None = None, request: Mapping[str, Any] | None = None
    ) -> None:
        self.binding = binding
        self.kind = kind
        self.verb = verb
        self.key = key
        self.request: Mapping[str, Any] = {} if request is None else request
        self.attributes: dict[str, Any] = {}
        self.origin: Origin = origin.get()
        self.invocation = invocation.get()
        self.number = 0
        self.at = 0.0
        self.outcome: Literal["pending", "ok", "hit", "miss", "error"] = "pending"
        self.error: BaseException | None = None
        self.place: tuple[str, int] | None = None
        if (place := calling.get()) is not None:
            self.place = place
            calling.set(None)

    @property
    def name(self) -> str:
        """ "CACHE.get"."""
        return f"{self.binding}.{self.verb}"

    def __repr__(self) -> str:
        key = "" if self.key is None else f" {self.key!r}"
        return f"Operation({self.name}{key}, {self.outcome})"


class Stage(Protocol):
    """One seam of the gate. It awaits ``proceed()`` once to hand the operation on, or answers or raises by itself."""

    async def __call__(self, operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any: ...


async def pass_through(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
    """The stage that does nothing: what ``schedule`` and ``consistency`` are until something is plugged in."""
    return await proceed()


class Gate:
    """The stages of one world, in their order. ``observers`` are told of every operation when it starts and when it is
    done, whoever asks; they change nothing. ``locate`` gives the app's (file, line) of the call that is being made."""

    def __init__(self, clock: Clock) -> None:
        self.boundary: Stage = pass_through
        """Around all others: a Durable Object's gates, which an operation that leaves it passes (``object_gates``)."""
        self.meter: Stage = pass_through
        self.faults: Stage = pass_through
        self.schedule: Stage = pass_through
        self.consistency: Stage = pass_through
        self.observers: list[Callable[[Operation], None]] = []
        self.locate: Callable[[], tuple[str, int] | None] = lambda: None
        self._clock = clock
        self._count = 0

    async def perform(self, operation: Operation, effect: Callable[[Operation], T | Awaitable[T]]) -> T:
        """Take ``operation`` through the stages to ``effect``, which does it on the store. A synchronous effect is
        atomic; one that runs code of the app (a Durable Object's fetch) is awaited. The operation takes a turn of the
        loop on its way, as everything does that crosses a network: other work of the app runs in between. Raises what a
        stage or the effect raises."""
        self._begin(operation)
        try:
            if operation.origin == "test":
                result = await _store(operation, effect)
            else:
                await asyncio.sleep(0)
                result = await self._staged(operation, effect)
        except BaseException as error:
            operation.outcome, operation.error = "error", error
            self._tell(operation)
            raise
        self._end(operation)
        return result

    def perform_now(self, operation: Operation, effect: Callable[[Operation], T]) -> T:
        """The same for what the platform answers synchronously (``ctx.storage.sql``, ``storage.kv``). A stage that
        waits (latency, an interleaving) cannot wait here: RuntimeError."""
        self._begin(operation)
        try:
            result = effect(operation) if operation.origin == "test" else _now(self._staged(operation, effect))
        except BaseException as error:
            operation.outcome, operation.error = "error", error
            self._tell(operation)
            raise
        self._end(operation)
        return result

    async def _staged(self, operation: Operation, effect: Callable[[Operation], T | Awaitable[T]]) -> T:
        proceed: Callable[[], Awaitable[Any]] = partial(_store, operation, effect)
        for stage in (self.consistency, self.schedule, self.faults, self.meter, self.boundary):
            if stage is not pass_through:
                proceed = partial(stage, operation, proceed)
        return cast("T", await proceed())

    def _begin(self, operation: Operation) -> None:
        self._count += 1
        operation.number = self._count
        operation.at = self._clock.now
        if operation.origin == "app" and operation.place is None:
            operation.place = self.locate()
        self._tell(operation)

    def _end(self, operation: Operation) -> None:
        if operation.outcome == "pending":
            operation.outcome = "ok"
        self._tell(operation)

    def _tell(self, operation: Operation) -> None:
        for observer in self.observers:
            observer(operation)


class asked_by:
    """Operations made inside are ``who``'s."""

    __slots__ = ("_token", "_who")

    def __init__(self, who: Origin) -> None:
        self._who = who

    def __enter__(self) -> None:
        self._token = origin.set(self._who)

    def __exit__(self, *raised: object) -> None:
        origin.reset(self._token)


async def _store(operation: Operation, effect: Callable[[Operation], T | Awaitable[T]]) -> T:
    result = effect(operation)
    return await result if inspect.isawaitable(result) else result


def _now(coroutine: Any) -> Any:
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise RuntimeError("this operation is synchronous on the platform: no latency and no interleaving can hold it up")
