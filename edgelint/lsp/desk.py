"""When a project is analysed: after each edit from the part that it concerns, and from all of it once the editor rests.

All analysis, and all that is asked of facts, happens in one thread: nothing there is used by two at once.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from edgelint import engine
from edgelint.lsp.analysis import Snapshot

if TYPE_CHECKING:
    from edgelint.lsp.analysis import Analysis

T = TypeVar("T")
DEBOUNCE: Final = 0.004
"""Seconds that edits are collected before a run starts: keys that an editor sends together."""
REST: Final = 0.25
"""Seconds without an edit after which the whole project is analysed, when a first answer was given."""
SLOW: Final = 0.03
"""Seconds of a whole run from which an edit gets a first answer before it."""
IDLE: Final = 2.0
"""Seconds without an edit after which garbage is collected. What a run leaves is full of cycles."""
RUNS: Final = 400
"""Answers after which it is collected whether or not there are edits."""


class Window(Protocol):
    """What a desk needs of the server."""

    pool: ThreadPoolExecutor

    async def publish(self, desk: Desk, snapshot: Snapshot) -> None:
        """Show what was found."""

    def say(self, text: str) -> None:
        """A line in the editor's log."""


class Desk:
    """One project with its open files: who asks for its analysis waits here for that of the newest texts."""

    def __init__(self, analysis: Analysis, window: Window) -> None:
        self.analysis = analysis
        self.opened: dict[str, str] = {}
        """The URIs of open files by path, as the editor writes them."""
        self.versions: dict[str, int | None] = {}
        self.published: dict[str, object] = {}
        """What the editor shows, by path."""
        self._window = window
        self._changes = 0  # edits so far
        self._answered = -1  # the edit that the last snapshot is of
        self._whole = -1  # the edit that the last whole snapshot is of
        self._slow = False
        self._closed = False
        self._runs_since = 0
        self._frozen = False
        self._task: asyncio.Task[None] | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._hurry = asyncio.Event()
        self._waiting: list[tuple[bool, asyncio.Future[Snapshot]]] = []

    def changed(self) -> None:
        """Something is not as it was: analyse anew, and stop what is under way."""
        self._changes += 1
        self._hurry.set()
        self._start()

    def close(self) -> None:
        """Nobody wants to know any more."""
        self._closed = True
        self._changes += 1
        if self._rest is not None:
            self._rest.cancel()
        if self._task is not None:
            self._task.cancel()
        for _, future in self._waiting:
            future.cancel()

    async def newest(self) -> Snapshot:
        """What is known of the texts as they are now, be it a first answer."""
        return await self._snapshot(False)

    async def whole(self) -> Snapshot:
        """What the whole project says with the texts as they are now."""
        return await self._snapshot(True)

    async def ask(self, question: Callable[[], T]) -> T:
        """Run something that looks at facts, in the thread that they are made in."""
        return await asyncio.get_running_loop().run_in_executor(self._window.pool, question)

    async def _snapshot(self, whole: bool) -> Snapshot:
        if self._changes == (self._whole if whole else self._answered):
            return self.analysis.last
        future: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()
        self._waiting.append((whole, future))
        self._hurry.set()
        self._start()
        return await future

    def _start(self) -> None:
        if not self._closed and (self._task is None or self._task.done()):
            self._task = asyncio.ensure_future(self._runs())

    async def _runs(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        while self._whole != self._changes and not self._closed:
            if self._answered != self._changes:
                await asyncio.sleep(DEBOUNCE)
            of = self._changes
            try:
                snapshot = await self._next(of)
            except engine.Stopped:
                continue
            except Exception as error:  # a defect: said, and the last snapshot stands
                self._window.say(f"the analysis of {self.analysis.root} failed: {type(error).__name__}: {error}")
                snapshot = self.analysis.last._replace(whole=True)
            if self._changes != of:
                continue
            self._answered = of
            if snapshot.whole:
                self._whole = of
            self._tell(snapshot)
            await self._window.publish(self, snapshot)
            if self._runs_since >= RUNS:
                await self.ask(self._collect)
            if not snapshot.whole:
                await self._pause()
            elif self._slow:
                with suppress(engine.Stopped):
                    await self.ask(functools.partial(self.analysis.prepare, functools.partial(self._is_old, of)))
        if not self._closed:
            self._rest = asyncio.get_running_loop().call_later(IDLE, self._rested)

    async def _next(self, of: int) -> Snapshot:
        """A first answer when there is none yet and one is worth it; else the whole."""

        stop = functools.partial(self._is_old, of)
        self._runs_since += 1
        if self._slow and self._answered != of:
            quick = await self.ask(lambda: self.analysis.quick(stop))
            if quick is not None:
                return quick
        started = time.perf_counter()
        snapshot = await self.ask(lambda: self.analysis.run(stop))
        self._slow = time.perf_counter() - started > SLOW
        return snapshot

    def _is_old(self, edit: int) -> bool:
        return self._changes != edit

    def _tell(self, snapshot: Snapshot) -> None:
        waiting, self._waiting = self._waiting, []
        for whole, future in waiting:
            if whole and not snapshot.whole:
                self._waiting.append((whole, future))
            elif not future.done():
                future.set_result(snapshot)

    async def _pause(self) -> None:
        """Until the editor rests, unless there is an edit, or somebody wants to know all."""
        self._hurry.clear()
        if self._changes == self._answered and not self._waiting:
            try:
                await asyncio.wait_for(self._hurry.wait(), REST)
            except TimeoutError:
                return

    def _rested(self) -> None:
        self._window.pool.submit(self._collect)

    def _collect(self) -> None:
        self._runs_since = 0
        gc.collect()
        if not self._frozen:
            self._frozen = True
            gc.freeze()  # what the first runs made stays: it is not looked at again
