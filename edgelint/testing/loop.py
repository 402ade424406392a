"""The event loop that the app runs on. Its time is the world's clock, and it never waits for real time by itself."""

from __future__ import annotations

import asyncio
import selectors
import sys
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from heapq import heappush
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from edgelint.testing.errors import HungError

if TYPE_CHECKING:
    from edgelint.testing.clock import Clock

T = TypeVar("T")
_LOOK_AGAIN: Final = 0.05
"""Real seconds after which somebody outside who gave no sign is looked at again."""
HUNG: Final = "the app waits for something that will never happen"


class Outside(Protocol):
    """Something that works for the world outside of virtual time (a runtime in a process of its own)."""

    def stalled(self) -> bool | None:
        """Whether nothing will come from it unless the world goes on. None when something was started on the loop that
        finds out."""


def _never() -> bool:
    return False


def _library(name: str | None) -> str | None:
    """Say which library of asynchronous code runs in this thread, to who asks by sniffio (anyio does): trio, when the
    test runs on it, says so itself. Returns what was said before."""
    sniffio = sys.modules.get("sniffio")
    if sniffio is None:
        return None
    before: str | None = sniffio.thread_local.name
    sniffio.thread_local.name = name
    return before


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, asks the loop what happens next."""

    loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> Any:
        if timeout == 0 and self.loop is not None and not self.loop.real_work:
            return []  # there is work to do, and nothing outside is awaited
        ready = super().select(0)
        if ready or timeout == 0 or self.loop is None:
            return ready
        if self.loop.real_work:
            if self.loop.outside is None:
                return [] if self.loop.can_be_woken() else super().select(None)
            stalled = self.loop.outside.stalled()
            if stalled is None:
                return ready  # something was started that finds out
            if not stalled:
                return super().select(_LOOK_AGAIN)
        self.loop.nothing_ready()
        return ready


class _Timer(events.TimerHandle):
    """Of two that are due at the same instant the one that was set first comes first: where time stands still there
    are many such, and a heap keeps no order among equals."""

    __slots__ = ("_number",)

    def __init__(
        self, number: int, when: float, callback: Callable[..., Any], args: Sequence[Any],
        loop: asyncio.AbstractEventLoop, context: Context | None,
    ) -> None:  # fmt: skip
        super().__init__(when, callback, args, loop, context)
        self._number = number

    def __lt__(self, other: Any) -> bool:
        mine, its = self.when(), other.when()
        return bool(mine < its or (mine == its and self._number < other._number))


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time.

    ``asyncio.sleep`` and the app's timers wait for the clock. While something is awaited (``drive``) and nothing else
    can run, the clock jumps to the next timer of the app, and what the world has due before it comes first. When there
    is no such timer the awaited work hangs: HungError.
    """

    def __init__(self, clock: Clock) -> None:
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self
        self.clock = clock
        self._numbers = count()
        self.real_work = 0
        """How many things outside virtual time are awaited (a real connection): while there are some, it waits."""
        self.outside: Outside | None = None
        """Who is asked, while there is real work, whether to wait for it or to go on."""
        self._idle: asyncio.Future[None] | None = None
        self._foreground: asyncio.Task[Any] | None = None
        self._background: set[asyncio.Future[Any]] = set()
        self._clock_resolution = 1e-6  # seconds since the epoch, as floats, are not finer
        self.block: Callable[[Any], Any] | None = None
        """Where the app's code may wait synchronously: runs an awaitable to its end while this loop runs."""
        self.asked_by_app: Callable[[], bool] = _never
        """Whether it is the app's code that asks."""

    def time(self) -> float:
        """Seconds since the epoch, in virtual time."""
        return self.clock.now / 1000

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:  # fmt: skip
        """As any loop's; those of the same instant run in the order in which they were asked for."""
        self._check_closed()  # type: ignore[attr-defined]
        timer = _Timer(next(self._numbers), when, callback, args, self, context)
        heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def drive(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run ``coroutine`` to its end, from synchronous code, also while another framework's loop runs in this thread.
        Raises what it raises, and HungError when it waits for nothing that will ever happen."""
        running = events._get_running_loop()
        if running is self:
            coroutine.close()
            raise RuntimeError("the app's own loop is running: await the asynchronous form instead")
        task_of = asyncio.current_task(running) if running is not None else None
        events._set_running_loop(None)
        if task_of is not None and running is not None:
            asyncio.tasks._leave_task(running, task_of)
        outer = self._foreground
        library = _library("asyncio")
        try:
            task = self.create_task(coroutine)
            self._foreground = task
            result: T = self.run_until_complete(task)
            return result
        except asyncio.CancelledError as error:
            if HUNG in error.args:
                raise HungError(HUNG) from None
            raise
        finally:
            self._foreground = outer
            _library(library)
            if task_of is not None and running is not None:
                asyncio.tasks._enter_task(running, task_of)
            events._set_running_loop(running)

    def can_go_on(self) -> bool:
        """Whether the world has anything to do by itself: somebody waits for quiet, or a timer of the app is there."""
        return self._idle is not None or self._next_timer() is not None

    def run_until_complete(self, future: Any) -> Any:
        """As any loop's; the app's code may ask for it while the loop runs (``block``)."""
        if self.block is not None and self.is_running() and self.asked_by_app():
            return self.block(future)
        return super().run_until_complete(future)

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:  # fmt: skip
        """As any loop's; the app has no threads: what it wants to run in one runs at once."""
        if not self.asked_by_app():
            return super().run_in_executor(executor, func, *args)
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _run_once(self) -> None:
        """One turn. While there is work, no timer is set and nothing outside is awaited, there is nothing to ask the
        system or the clock for, which is most of what a turn takes."""
        ready: deque[events.Handle] = self._ready  # type: ignore[attr-defined]
        if not ready or self.real_work or self._scheduled or self.get_debug():  # type: ignore[attr-defined]
            super()._run_once()  # type: ignore[misc]
            return
        for _ in range(len(ready)):  # what is added now is of the next turn
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _make_self_pipe(self) -> None:
        """Not yet: what wakes the loop from another thread is needed when it sleeps, which few worlds' do."""
        self._ssock = self._csock = None
        self._internal_fds = 0

    def can_be_woken(self) -> bool:
        """Make sure that another thread can wake the loop. Returns whether one has given it work meanwhile."""
        if self._ssock is None:
            super()._make_self_pipe()  # type: ignore[misc]
        return bool(self._ready)  # type: ignore[attr-defined]

    def _close_self_pipe(self) -> None:
        if self._ssock is not None:
            super()._close_self_pipe()

    def nothing_ready(self) -> None:
        """Decide what happens when nothing can run: somebody waits for quiet, or the clock jumps, or the app hangs."""
        if self._idle is not None:
            idle, self._idle = self._idle, None
            if not idle.done():
                idle.set_result(None)
            return
        due = self._next_timer()
        if due is None:
            if self._foreground is not None and not self._foreground.done():
                self._foreground.cancel(HUNG)
            return
        if not self.fire_due(due * 1000):
            self.clock.now = max(self.clock.now, due * 1000)

    def fire_due(self, until: float) -> bool:
        """Start the first thing that the world has due by ``until`` (ms), with the clock at its instant. Returns
        whether there was one."""
        timer = self.clock.take_due(until)
        if timer is None:
            return False
        result = timer.callback()
        if result is not None:
            self._keep(asyncio.ensure_future(result, loop=self))
        return True

    @property
    def at_rest(self) -> bool:
        """Whether nothing but the code that asks can run without the clock moving, or something outside."""
        waiting = self._ready or self._scheduled  # type: ignore[attr-defined]
        return not waiting and not self.real_work and self._idle is None

    async def quiet(self) -> None:
        """Wait until nothing can run any more without the clock moving."""
        if self.at_rest:
            return
        while self._idle is not None:
            await self._idle
        self._idle = self.create_future()
        await self._idle

    async def advance_to(self, when: float) -> None:
        """Move the clock to ``when`` (ms since the epoch): everything due on the way happens in order, each thing to
        its end (as far as it gets without the clock moving) before the next."""
        await self.quiet()
        while True:
            timer = self._next_timer()
            app_due = None if timer is None else timer * 1000
            until = when if app_due is None or app_due > when else app_due
            if self.fire_due(until):
                await self.quiet()
                continue
            if app_due is None or app_due > when:
                break
            self.clock.now = max(self.clock.now, app_due)
            await asyncio.sleep(0)
            await self.quiet()
        self.clock.now = max(self.clock.now, when)

    def _next_timer(self) -> float | None:
        """When the first timer of the app is due, in seconds: of the loop's own heap, cancelled ones left out."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        times = [handle.when() for handle in scheduled if not handle.cancelled()]
        return min(times) if times else None

    def _keep(self, future: asyncio.Future[Any]) -> None:
        self._background.add(future)
        future.add_done_callback(self._background.discard)
