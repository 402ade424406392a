"""The two gates of a Durable Object, and the code that runs behind them.

Input gate: while an operation on storage is outstanding no other event is delivered to the object, be it a request, an
answer of another service or a timer. Output gate: what leaves the object (responses, requests, messages) waits until
the writes made before are confirmed, and never leaves when they fail.
Facts: https://github.com/cloudflare/workerd/blob/main/src/workerd/io/io-gate.h and io-context.h.

Code of an object runs through ``drive``: each time it is resumed it takes the input gate first, and gives it back when
it waits again. An operation on storage holds the gate until the code that waited for it has run on.
"""

from __future__ import annotations

import asyncio
import functools
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from edgelint.platform import limits
from edgelint.testing.errors import EdgeError
from edgelint.testing.sockets import outgoing_hold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgelint.testing.operation import Operation

T = TypeVar("T")
STORAGE: Final = "durable-object-storage"
"""The kind of operations on an object's storage."""
TURNS: Final = 8
"""Turns of the loop after which a lock that was handed over is given up when no code took it: promises of a host
resolve one after the other, each in a turn of its own, before the code that waits for the last is resumed."""
TOO_DEEP: Final = "blockConcurrencyWhile() calls are nested too deeply."


class Lock:
    """One hold on an input gate. Releasing twice does nothing."""

    __slots__ = ("_gate",)

    def __init__(self, gate: InputGate) -> None:
        self._gate: InputGate | None = gate

    def release(self) -> None:
        """Give it back."""
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.effective()._released()


class InputGate:
    """Delivers one event at a time, first come first served, while nobody holds a lock."""

    def __init__(self, on_open: Callable[[], None] = lambda: None) -> None:
        self.depth = 0
        self.broken: BaseException | None = None
        self._on_open = on_open
        self._locks = 0
        self._waiters: deque[asyncio.Future[Lock]] = deque()
        self._sections: deque[asyncio.Future[Lock]] = deque()

    @property
    def locked(self) -> bool:
        """Whether somebody holds a lock."""
        return self.effective()._locks > 0

    def effective(self) -> InputGate:
        """The gate that stands for this one: a section that is over is its parent."""
        return self

    def add(self) -> Lock:
        """One more lock, at once: for code that runs already."""
        gate = self.effective()
        gate._locks += 1
        return Lock(gate)

    def request(self, *, section: bool = False) -> asyncio.Future[Lock]:
        """A lock, when it is this one's turn; critical sections come before everything else. The place in the queue is
        taken now. The future fails with what broke the gate."""
        gate = self.effective()
        future: asyncio.Future[Lock] = asyncio.get_running_loop().create_future()
        if gate.broken is not None:
            future.set_exception(gate.broken)
        elif gate._locks == 0:
            future.set_result(gate.add())
        else:
            (gate._sections if section else gate._waiters).append(future)
        return future

    async def acquire(self) -> Lock:
        """A lock, when it is this one's turn. Raises what broke the gate."""
        return await taken(self.request())

    def break_(self, error: BaseException) -> None:
        """Deliver nothing any more: everybody who waits, and will, gets ``error``."""
        self.broken = error
        for waiting in (*self._sections, *self._waiters):
            if not waiting.done():
                waiting.set_exception(error)
        self._sections.clear()
        self._waiters.clear()

    def _released(self) -> None:
        self._locks -= 1
        if self._locks > 0 or self.broken is not None:
            return
        self._on_open()
        for queue in (self._sections, self._waiters):
            while queue:
                waiting = queue.popleft()
                if not waiting.done():
                    waiting.set_result(self.add())
                    return


class Section(InputGate):
    """A critical section: from its start to its end only what it began itself is delivered."""

    def __init__(self, parent: InputGate) -> None:
        gate = parent.effective()
        super().__init__(gate._on_open)
        self.depth = gate.depth + 1
        self._parent = gate
        self._held: Lock | None = None  # on the parent, while the section runs
        self._over = False
        if self.depth > limits.DO_MAX_BLOCK_CONCURRENCY_DEPTH:
            raise EdgeError(TOO_DEEP)

    def effective(self) -> InputGate:
        return self._parent.effective() if self._over else self

    async def begin(self, place: asyncio.Future[Lock]) -> None:
        """Begin, once ``place`` (of ``parent.request(section=True)``) has come. Raises what broke the gate."""
        self._held = await taken(place)

    def succeed(self) -> Lock:
        """It is over: what it began and is not done belongs to the parent. Returns the lock on the parent."""
        parent, held = self._parent.effective(), self._held
        assert held is not None
        parent._locks += self._locks
        parent._sections.extend(self._sections)
        parent._waiters.extend(self._waiters)
        self._locks, self._held, self._over = 0, None, True
        self._sections.clear()
        self._waiters.clear()
        return held

    def break_(self, error: BaseException) -> None:
        super().break_(error)
        self._parent.effective().break_(error)


async def taken(place: asyncio.Future[Lock]) -> Lock:
    """Wait for a lock; one that was given just when the wait was cancelled is given back."""
    try:
        return await place
    except asyncio.CancelledError:
        if place.done() and not place.cancelled() and place.exception() is None:
            place.result().release()
        raise


class OutputGate:
    """Holds back what leaves the object while writes before it are not confirmed."""

    def __init__(self) -> None:
        self.broken: BaseException | None = None
        self._locks: set[asyncio.Future[None]] = set()

    def lock(self) -> Callable[[], None]:
        """Close the gate until what is returned is called (once more does nothing)."""
        lock: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._locks.add(lock)

        def release() -> None:
            self._locks.discard(lock)
            if not lock.done():
                lock.set_result(None)

        return release

    async def wait(self) -> None:
        """Wait for every lock there is now, not for later ones. Raises what broke the gate."""
        await self._opened(list(self._locks))

    def hold(self) -> Callable[[], Awaitable[None]] | None:
        """What a message that is sent now has to call and wait for; None when nothing."""
        if not self._locks and self.broken is None:
            return None
        return functools.partial(self._opened, list(self._locks))

    async def _opened(self, locks: list[asyncio.Future[None]]) -> None:
        for lock in locks:
            await asyncio.shield(lock)
        if self.broken is not None:
            raise self.broken

    def break_(self, error: BaseException) -> None:
        """Let nothing out any more: everybody who waits, and will, gets ``error``."""
        self.broken = error
        for lock in self._locks:
            if not lock.done():
                lock.set_result(None)
        self._locks.clear()


class Event:
    """One thing that is delivered to an object: the gates that its code runs behind, and the locks it has in hand."""

    __slots__ = ("input", "output", "_held", "_reserved")

    def __init__(self, gate: InputGate, output: OutputGate) -> None:
        self.input = gate
        self.output = output
        self._held: list[Lock] = []
        self._reserved: list[Lock] = []

    @property
    def holds(self) -> bool:
        """Whether its code may run on at once."""
        return bool(self._held)

    def take(self, lock: Lock) -> None:
        """Hold a lock until the code waits."""
        self._held.append(lock)

    def hand_over(self, lock: Lock) -> None:
        """Hold a lock until the code that is to be resumed now waits again, or nobody came for it."""
        self._held.append(lock)
        self._unless_taken(lock, self._held)

    def reserve(self) -> Lock | None:
        """A lock for an operation that begins now; it is given up unless the operation comes to ``claim`` it. None when
        the code that begins it is a task beside the event's own, while another event has the gate: it is to wait."""
        if self.input.locked and not (self._held or self._reserved):
            return None
        lock = self.input.add()
        self._reserved.append(lock)
        self._unless_taken(lock, self._reserved)
        return lock

    async def claim(self, lock: Lock | None) -> Lock:
        """The operation of a reserved lock goes on; without one (any more) it waits for its turn."""
        if lock is None or lock not in self._reserved:
            return await self.input.acquire()
        self._reserved.remove(lock)
        return lock

    def _unless_taken(self, lock: Lock, among: list[Lock]) -> None:
        loop = asyncio.get_running_loop()

        def later(turns: int) -> None:
            if lock not in among:
                return
            if turns:
                loop.call_soon(later, turns - 1)
            else:
                among.remove(lock)
                lock.release()

        loop.call_soon(later, TURNS - 1)

    def waits(self) -> None:
        """The code waits: others may come."""
        held, self._held = self._held, []
        for lock in held:
            lock.release()


_event: ContextVar[Event | None] = ContextVar("edgelint_object_event", default=None)
_passes: ContextVar[bool] = ContextVar("edgelint_object_passes", default=False)
"""Inside an operation: what resumes there is the platform's code, not the object's."""


def current() -> Event | None:
    """The event whose code runs; None outside an object."""
    return _event.get()


@contextmanager
def inside() -> Iterator[None]:
    """Around an operation of the platform: its own steps do not take the input gate."""
    token = _passes.set(True)
    try:
        yield
    finally:
        _passes.reset(token)


async def cross(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
    """The gate's boundary (``operation.Gate``) in a world with objects: an operation that an object asks of something
    else leaves through the output gate, and its answer comes in through the input gate."""
    event = _event.get()
    if event is None or operation.kind == STORAGE:
        return await proceed()
    with inside():
        await event.output.wait()
        token = _event.set(None)  # code of another worker may run in there
        try:
            result = await proceed()
        except Exception:
            await arrive(event)
            raise
        finally:
            _event.reset(token)
        await arrive(event)
        return result


async def arrive(event: Event) -> None:
    """Take the input gate for an answer that is delivered. When the object was reset its code never goes on:
    CancelledError."""
    if event.holds:
        return
    try:
        event.hand_over(await event.input.acquire())
    except Exception:
        raise asyncio.CancelledError from None


async def drive(code: Coroutine[Any, Any, T], event: Event) -> T:
    """Run code of an object as (a part of) ``event``. The caller gives the event its first lock."""
    token = _event.set(event)
    holding = outgoing_hold.set(event.output.hold)
    try:
        return cast("T", await _driven(code, event))
    finally:
        event.waits()
        outgoing_hold.reset(holding)
        _event.reset(token)


@types.coroutine
def _driven(code: Coroutine[Any, Any, Any], event: Event) -> Generator[Any, Any, Any]:
    error: BaseException | None = None
    while True:
        try:
            waits_for = code.send(None) if error is None else code.throw(error)
        except StopIteration as stop:
            return stop.value
        event.waits()
        error = None
        try:
            yield waits_for
        except BaseException as raised:
            error = raised
        if _passes.get() or event.holds or isinstance(error, (GeneratorExit, asyncio.CancelledError)):
            continue
        try:
            event.take((yield from event.input.acquire().__await__()))
        except BaseException as raised:
            # Broken: the object is reset, its code never goes on. What it was about to get does not matter any more.
            error = raised if isinstance(raised, asyncio.CancelledError) else asyncio.CancelledError()
