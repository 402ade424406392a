"""The event loop that the app runs on. Its time is the world's clock, and it never waits for real time by itself."""

from __future__ import annotations

import asyncio
import selectors
from asyncio import events
from collections.abc import Coroutine
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
            stalled = False if self.loop.outside is None else self.loop.outside.stalled()
            if stalled is None:
                return ready  # something was started that finds out
            if not stalled:
                return super().select(None if self.loop.outside is None else _LOOK_AGAIN)
        self.loop.nothing_ready()
        return ready


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
        self.real_work = 0
        """How many things outside virtual time are awaited (a real connection): while there are some, it waits."""
        self.outside: Outside | None = None
        """Who is asked, while there is real work, whether to wait for it or to go on."""
        self._idle: asyncio.Future[None] | None = None
        self._foreground: asyncio.Task[Any] | None = None
        self._background: set[asyncio.Future[Any]] = set()
        self._clock_resolution = 1e-6  # seconds since the epoch, as floats, are not finer

    def time(self) -> float:
        """Seconds since the epoch, in virtual time."""
        return self.clock.now / 1000

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
        try:
            task = self.create_task(coroutine)
            self._foreground = task
            return self.run_until_complete(task)
        except asyncio.CancelledError as error:
            if HUNG in error.args:
                raise HungError(HUNG) from None
            raise
        finally:
            self._foreground = outer
            if task_of is not None and running is not None:
                asyncio.tasks._enter_task(running, task_of)
            events._set_running_loop(running)

    def can_go_on(self) -> bool:
        """Whether the world has anything to do by itself: somebody waits for quiet, or a timer of the app is there."""
        return self._idle is not None or self._next_timer() is not None

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

    async def quiet(self) -> None:
        """Wait until nothing can run any more without the clock moving."""
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
