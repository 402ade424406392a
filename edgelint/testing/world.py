"""One World per test: the workers of a repository, their bindings, the clock, chance and the gate."""

from __future__ import annotations

import asyncio
import random as chance
from collections.abc import Callable, Coroutine, Hashable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from edgelint.testing.bindings.registry import make as make_binding
from edgelint.testing.clock import START, Clock
from edgelint.testing.errors import EdgeUsageError, UnsupportedBindingError
from edgelint.testing.loop import VirtualLoop
from edgelint.testing.operation import Gate, asked_by

if TYPE_CHECKING:
    import socket

    from edgelint.testing.bindings.base import Binding
    from edgelint.testing.config import WorkerConfig
    from edgelint.testing.host import Host
    from edgelint.testing.http import HttpRequest, HttpResponse
    from edgelint.testing.session import App

T = TypeVar("T")
_TURNS: Final = 100
"""Turns of the loop that cancelled work may take to end."""


class Worker:
    """One worker of a world: its config, its bindings by their names in ``env``, and the host that runs it.

    A binding is made when it is first touched: one of a kind that is not supported fails then, by its name."""

    def __init__(self, config: WorkerConfig, world: World) -> None:
        self.config = config
        self.name = config.name
        self.world = world
        self.vars: dict[str, Any] = dict(config.vars)
        self.start: Callable[[], Host] | None = None
        """Makes the host; set by who knows how the worker is run."""
        self._host: Host | None = None
        self._declared = {declared.name: declared for declared in config.bindings}
        self._made: dict[str, Binding] = {}

    @property
    def running(self) -> Host | None:
        """The host, when something has needed it already."""
        return self._host

    def host(self) -> Host:
        """The host, started at first use. Raises EdgeUsageError when the worker cannot be run, and what the import of
        the app raises: then the next use tries again."""
        if self._host is None:
            if self.start is None:
                raise EdgeUsageError(f"worker '{self.name}' is not running")
            host = self.start()
            host.start()
            self._host = host
        return self._host

    def run_on(self, host: Host) -> None:
        """Run this worker on a host that was started already."""
        self._host = host

    def names(self) -> list[str]:
        """Every name in ``env``: bindings, variables and secrets."""
        return [*self._declared, *(name for name in self.vars if name not in self._declared)]

    def binding(self, name: str) -> Binding | None:
        """The binding of that name; None when it is a variable or there is none. Raises UnsupportedBindingError."""
        made = self._made.get(name)
        if made is None:
            declared = self._declared.get(name)
            if declared is None:
                return None
            made = self._made[name] = make_binding(declared, self.world)
        return made

    def made(self) -> list[Binding]:
        """The bindings that were touched."""
        return list(self._made.values())

    def unsupported(self, name: str) -> str | None:
        """Why the binding of that name cannot be used, None when it can or there is none."""
        try:
            self.binding(name)
        except UnsupportedBindingError as error:
            return str(error)
        return None


class World:
    """Everything one test sees of the platform. Implements ``bindings.base.Services``.

    ``workers``: by name, the one under test first. ``seed`` is behind every id and every random number.
    """

    def __init__(self, *, seed: int = 0, start: datetime = START) -> None:
        self.seed = seed
        self.random = chance.Random(seed)
        self.clock = Clock(start)
        self.loop = VirtualLoop(self.clock)
        self.gate = Gate(self.clock)
        self.workers: dict[str, Worker] = {}
        self.logs: list[tuple[str, str]] = []
        self.failures: list[tuple[str, BaseException]] = []
        """What ended badly beside the events themselves: (what it was, the error)."""
        self.answer_outbound: Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]] | None = None
        self.answer_connect: Callable[[str], Coroutine[Any, Any, socket.socket]] | None = None
        self.app: App | None = None
        self.isolation = ""
        """Worlds of the same text may share a process of the runtime, one after the other; "" shares none."""
        self.sdk_by_date = False
        """Whether workers of older dates run on the SDK that was inside of the runtime."""
        self._shared: dict[Hashable, Any] = {}
        self._background: set[asyncio.Future[Any]] = set()
        self._closed = False

    @property
    def worker(self) -> Worker:
        """The worker under test."""
        return next(iter(self.workers.values()))

    def add(self, config: WorkerConfig) -> Worker:
        """Add a worker."""
        worker = Worker(config, self)
        self.workers[config.name] = worker
        return worker

    def worker_named(self, worker: str | None) -> Worker:
        """The worker of that name, the one under test for None. Raises EdgeUsageError when there is none."""
        if worker is None:
            return self.worker
        found = self.workers.get(worker)
        if found is None:
            known = ", ".join(f"'{name}'" for name in self.workers)
            raise EdgeUsageError(f"there is no worker '{worker}' in this test (there are: {known})")
        return found

    def host_of(self, worker: str | None) -> Host:
        """The host that runs a worker."""
        return self.worker_named(worker).host()

    def token(self, length: int = 16) -> str:
        """A fresh id of ``length`` random bytes, in hex."""
        return self.random.randbytes(length).hex()

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """The one object under ``key``, made at first use."""
        if key not in self._shared:
            self._shared[key] = make()
        found: T = self._shared[key]
        return found

    def background(self, work: Coroutine[Any, Any, Any], label: str) -> asyncio.Future[Any]:
        """Run ``work`` beside everything else; what it raises goes to ``failures``."""
        task = self.loop.create_task(work)
        self._background.add(task)

        def done(ended: asyncio.Future[Any]) -> None:
            self._background.discard(ended)
            if not ended.cancelled() and (error := ended.exception()) is not None:
                self.failures.append((label, error))

        task.add_done_callback(done)
        return task

    async def outbound(self, request: HttpRequest) -> HttpResponse:
        """A fetch that leaves the worker."""
        if self.answer_outbound is None:
            raise EdgeUsageError(f"outbound fetch is not set up: {request.method} {request.url}")
        return await self.answer_outbound(request)

    async def connect(self, address: str) -> socket.socket:
        """A TCP socket that leaves the worker, to "host:port"."""
        if self.answer_connect is None:
            raise EdgeUsageError(f"connect() is not set up: {address}")
        return await self.answer_connect(address)

    def log(self, level: str, text: str) -> None:
        """Add a line to the logs."""
        self.logs.append((level, text))

    def run(self, coroutine: Coroutine[Any, Any, T], *, origin: str = "test") -> T:
        """Run ``coroutine`` to its end from synchronous code. Operations it makes by itself are the test's unless
        ``origin`` is "app"."""
        with asked_by("app" if origin == "app" else "test"):
            return self.loop.drive(coroutine)

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start work of the app that the world runs as soon as it runs."""
        with asked_by("app"):
            return self.loop.create_task(coroutine)

    def settle(self) -> None:
        """Let everything run that can run without the clock moving."""
        if not self.loop.at_rest:
            self.run(self.loop.quiet())

    def advance_to(self, when: float) -> None:
        """Move the clock to ``when`` (ms since the epoch); what is due on the way happens."""
        self.run(self.loop.advance_to(when), origin="app")

    async def _cancel_all(self) -> None:
        """Cancel everything that runs, and what that starts on its way out, as far as it can be."""
        for _ in range(_TURNS):
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            if not left:
                return
            for task in left:
                task.cancel()
            await asyncio.sleep(0)

    def _end_tasks(self) -> None:
        if not self.loop.at_rest or asyncio.all_tasks(self.loop):
            self.run(self._cancel_all())

    def close(self) -> None:
        """Stop what still runs and free the loop. Twice does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self._end_tasks()  # while the hosts are still there: cancelled code runs on to its end
            for worker in self.workers.values():
                if worker.running is not None:
                    self.run(worker.running.close())
            self._end_tasks()
        finally:
            self.loop.close()
