"""One event of a Worker: what it gave to waitUntil, and what it left behind.

A Worker's work ends with its response, but for what is in ``waitUntil``. What is still pending then, while nobody waits
for it, is cut off in production: it is a Leak, with the line of the app that began it.
(https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil)
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from edgelint.testing.loop import VirtualLoop
from edgelint.testing.python_host.promises import JsPromise, adopt, is_waited_for, settled
from edgelint.testing.python_host.realm import Realm, app_realm

_DRIVE: Final = VirtualLoop.drive.__code__
_ORIGIN_DEPTH: Final = 3
"""Frames that Python keeps of where a coroutine was made, at the cost of each: the app's is at most the third, behind
two of the SDK's (workers/rpc.py)."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Work that nobody waits for. ``what`` says which, ``file`` and ``line`` where the app began it ("" and 0 when that
    is not known)."""

    what: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.what} ({self.file}:{self.line})" if self.file else self.what


class LeftPending(Exception):
    """Work was left pending when an event was over."""


class _Active:
    """While code of an event runs."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: IoContext) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token = _current.set(self._context)

    def __exit__(self, *raised: object) -> None:
        _current.reset(self._token)


class IoContext:
    """The I/O of one event. ``leaks`` is complete after ``finish``."""

    def __init__(self, realm: Realm, label: str) -> None:
        self.realm = realm
        self.label = label
        self.leaks: list[Leak] = []
        self._promises: list[tuple[JsPromise, str, tuple[str, int]]] = []
        self._tasks: list[tuple[asyncio.Task[Any], tuple[str, int]]] = []
        self._waiting: list[asyncio.Future[Any]] = []
        self.rejections: list[BaseException] = []
        """What promises in waitUntil were rejected with."""

    def active(self) -> _Active:
        """While code of this event runs (and what it starts)."""
        return _Active(self)

    def wait_until(self, value: Any) -> None:
        """Keep the event alive for a promise. What it is rejected with goes to ``rejections``."""
        promise = adopt(value)  # at once: a proxy of a future is only lent for the time of the call

        async def wait() -> None:
            try:
                await settled(promise)
            except Exception as error:
                self.rejections.append(getattr(error, "_python_error", None) or error)

        self._waiting.append(asyncio.ensure_future(wait()))

    @property
    def over(self) -> bool:
        """Whether there is nothing more to come of it, and nothing to say."""
        return (
            not self._waiting
            and all(task.done() for task, _ in self._tasks)
            and all(not promise._pending and promise._future.result()[0] for promise, _, _ in self._promises)
        )

    async def finish(self, turns: int = 0) -> None:
        """The response is out: say what was left behind, then let what is in waitUntil come to its end. ``turns``: how
        many turns of the loop what ends with the response gets to end."""
        for _ in range(turns):
            await asyncio.sleep(0)
        self._find_pending()
        while self._waiting:
            await self._waiting.pop()
        self._find_rejected()

    def promise(self, promise: JsPromise, label: str) -> None:
        """A promise began."""
        place = app_place(self.realm, sys._getframe(1))
        if place is not None:
            self._promises.append((promise, label, place))

    def task(self, task: asyncio.Task[Any], place: tuple[str, int]) -> None:
        """The app began a task."""
        self._tasks.append((task, place))

    def _find_pending(self) -> None:
        for promise, label, place in self._promises:
            if promise._pending and not promise._waited_for:
                what = f"the promise of {label or 'a call'}() is still pending, and nobody waits for it"
                self.leaks.append(Leak(what, *place))
        for task, place in self._tasks:
            if not task.done() and not is_waited_for(task):
                name = getattr(task.get_coro(), "__qualname__", "a coroutine")
                self.leaks.append(Leak(f"the task of {name}() is still running, and is not in waitUntil", *place))
                task.cancel()

    def _find_rejected(self) -> None:
        for promise, label, place in self._promises:
            if promise._pending or promise._waited_for:
                continue
            ok, outcome = promise._future.result()
            if not ok:
                self.leaks.append(Leak(f"the promise of {label or 'a call'}() was rejected unseen: {outcome}", *place))
        self._promises.clear()


_current: ContextVar[IoContext | None] = ContextVar("edgelint_io_context", default=None)


def current() -> IoContext | None:
    """The event whose code runs."""
    return _current.get()


def watch(promise: Any, label: str) -> None:
    """``Realm.watch``: promises belong to the event whose code began them."""
    context = _current.get()
    if context is not None and isinstance(promise, JsPromise):
        context.promise(promise, label)


def app_place(realm: Realm, frame: Any) -> tuple[str, int] | None:
    """The (file, line) of the app's own code that runs; None when there is none on the stack. What called the loop is
    the test, which may lie in the app's folder."""
    is_app_file = realm.is_app_file
    while frame is not None:
        code = frame.f_code
        if code is _DRIVE:
            return None
        if is_app_file(code.co_filename):
            return code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def locate() -> tuple[str, int] | None:
    """The app's (file, line) of the call that is being made (``operation.Gate.locate``)."""
    realm = app_realm()
    return None if realm is None else app_place(realm, sys._getframe(1))


class TaskFactory:
    """Makes the loop's tasks, and tells the event whose code made one."""

    def __init__(self, before: Any) -> None:
        self._before = before

    def __call__(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        if self._before is not None:
            task = self._before(loop, coroutine, **options)
        else:
            task = asyncio.Task(coroutine, loop=loop, **options)
        context = _current.get()
        if context is not None:
            place = _made_by_app(context.realm, sys._getframe(1))
            if place is not None:
                context.task(task, place)
        return task


def _made_by_app(realm: Realm, frame: Any) -> tuple[str, int] | None:
    """The app's line that made a task by asyncio's functions; None when other code did."""
    while frame is not None:
        filename = frame.f_code.co_filename
        if realm.is_app_file(filename):
            return filename, frame.f_lineno
        if not frame.f_globals.get("__name__", "").startswith("asyncio"):
            return None
        frame = frame.f_back
    return None


def _what(coroutine: Any) -> str:
    """A coroutine by its name; one of the SDK's that waits for a binding's promise by the method that was called, and
    the promise is nobody's leak any more."""
    found = coroutine.cr_frame.f_locals.get("result") if coroutine.cr_frame is not None else None
    promise = getattr(found, "_js_promise", None)
    if promise is None or not promise._label:
        return str(coroutine.__qualname__)
    promise._reactions += 1
    return str(promise._label)


class NeverAwaited:
    """Finds coroutines that were never awaited, while it is held. ``tell`` gets a Leak for those of the app."""

    def __init__(self, realm: Realm, tell: Callable[[Leak], None]) -> None:
        self._realm = realm
        self._tell = tell
        self._depth = 0
        self._before: Callable[[Any], None] | None = None

    def hold(self) -> None:
        """Begin."""
        self._depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(max(self._depth, _ORIGIN_DEPTH))
        self._before = getattr(warnings, "_warn_unawaited_coroutine", None)
        warnings._warn_unawaited_coroutine = self._seen  # type: ignore[attr-defined]

    def release(self) -> None:
        """End."""
        sys.set_coroutine_origin_tracking_depth(self._depth)
        if self._before is not None:
            warnings._warn_unawaited_coroutine = self._before  # type: ignore[attr-defined]

    def _seen(self, coroutine: Any) -> None:
        for filename, line, _ in coroutine.cr_origin or ():
            if self._realm.is_app_file(filename):
                self._tell(Leak(f"{_what(coroutine)}() was never awaited", filename, line))
                return
        if self._before is not None:
            self._before(coroutine)
