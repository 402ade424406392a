"""setTimeout and what is like it, on the loop of virtual time; queueMicrotask, scheduler, performance, navigator."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Final

from edgelint.testing.coercion import number
from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.base import MISSING, WebObject, field, given, js_text, wrong_type
from edgelint.testing.python_host.web.promises import Future, as_error, pending, reject, rejected, resolve, started
from edgelint.testing.values import UNDEFINED

_SCOPE: Final = "ServiceWorkerGlobalScope"
_LONGEST: Final = 2**31 - 1  # ms; more wraps around in JavaScript and fires at once


def after(delay: float, callback: Callable[[], Any]) -> asyncio.TimerHandle:
    """Call in ``delay`` ms of virtual time."""
    return asyncio.get_running_loop().call_later(max(0.0, delay) / 1000, callback)


def background(result: Any, label: str) -> None:
    """What a callback gave: when it is a promise it runs on by itself. What it raises is told to the realm."""
    if inspect.isawaitable(result):
        started(_watched(result, label))


def uncaught(error: BaseException) -> None:
    """Tell the realm of an error that nobody caught."""
    realm.current().uncaught(error)


async def _watched(result: Awaitable[Any], label: str) -> None:
    try:
        await result
    except Exception as error:
        error.add_note(f"raised in {label}")
        uncaught(error)


class Timers:
    """The timers of one isolate. Ids count from 1, as in workerd."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._handles: dict[int, asyncio.TimerHandle] = {}

    @property
    def pending(self) -> int:
        """How many timers are set."""
        return len(self._handles)

    def setTimeout(self, callback: Any = MISSING, delay: Any = MISSING, *args: Any) -> int:
        """Call once in ``delay`` ms. Returns the id."""
        return self._set("setTimeout", callback, delay, args, repeat=False)

    def setInterval(self, callback: Any = MISSING, delay: Any = MISSING, *args: Any) -> int:
        """Call every ``delay`` ms. Returns the id."""
        return self._set("setInterval", callback, delay, args, repeat=True)

    def clearTimeout(self, timer: Any = MISSING) -> None:
        """Do not call any more; an id that is none is ignored."""
        if given(timer) and timer is not None:
            wanted = number(timer)
            handle = self._handles.pop(int(wanted), None) if math.isfinite(wanted) else None
            if handle is not None:
                handle.cancel()

    def clearInterval(self, timer: Any = MISSING) -> None:
        """``clearTimeout``."""
        self.clearTimeout(timer)

    def close(self) -> None:
        """Drop them all."""
        handles, self._handles = self._handles, {}
        for handle in handles.values():
            handle.cancel()

    def _set(self, name: str, callback: Any, delay: Any, args: tuple[Any, ...], *, repeat: bool) -> int:
        if not callable(callback):
            raise wrong_type(f"{name} on {_SCOPE} 1", "function")
        wait = number(delay) if given(delay) else 0.0
        wait = wait if math.isfinite(wait) and 0 <= wait <= _LONGEST else 0.0
        wait = float(math.trunc(wait))
        if repeat:
            wait = max(1.0, wait)  # an interval of nothing would never let the clock move
        timer = next(self._ids)

        def fire() -> None:
            if repeat:
                self._handles[timer] = after(wait, fire)
            else:
                self._handles.pop(timer, None)
            try:
                background(callback(*args), name)
            except Exception as error:
                uncaught(error)

        self._handles[timer] = after(wait, fire)
        return timer


def queueMicrotask(callback: Any = MISSING) -> None:
    """Call at the next turn of the loop."""
    if not callable(callback):
        raise wrong_type(f"queueMicrotask on {_SCOPE} 1", "function")

    def run() -> None:
        try:
            background(callback(), "queueMicrotask")
        except Exception as error:
            uncaught(error)

    asyncio.get_running_loop().call_soon(run)


def reportError(error: Any = MISSING) -> None:
    """Say that something failed: as if nobody had caught it."""
    if error is MISSING:
        raise wrong_type(f"reportError on {_SCOPE} 1", "any")
    uncaught(as_error(error))


class Scheduler(WebObject):
    """``scheduler``."""

    def wait(self, delay: Any = MISSING, options: Any = MISSING) -> Future[Any]:
        """A promise kept in ``delay`` ms; rejected when ``signal`` aborts before."""
        from edgelint.testing.python_host.web.abort import AbortSignal

        if delay is MISSING:
            raise wrong_type("wait on Scheduler 1", "number")
        signal = field(options, "signal", MISSING)
        if isinstance(signal, AbortSignal) and signal.aborted:
            return rejected(_as_exception(signal.reason))
        done = pending()
        wait = number(delay)
        handle = after(wait if math.isfinite(wait) else 0, lambda: resolve(done, UNDEFINED))
        if isinstance(signal, AbortSignal):

            def stop() -> None:
                handle.cancel()
                reject(done, _as_exception(signal.reason))

            signal._when_aborted(stop)
        return done


def _as_exception(reason: Any) -> BaseException:
    """workerd makes an Error of a reason that is none, here alone."""
    return reason if isinstance(reason, BaseException) else EdgeError(js_text(reason))


class Performance(WebObject):
    """``performance``: the clock, which stands still while code runs."""

    @property
    def timeOrigin(self) -> float:
        """0."""
        return 0

    def now(self) -> float:
        """Ms since the epoch."""
        return realm.current().now()


class Navigator(WebObject):
    """``navigator``."""

    @property
    def userAgent(self) -> str:
        """ "Cloudflare-Workers"."""
        return "Cloudflare-Workers"

    @property
    def hardwareConcurrency(self) -> int:
        """1."""
        return 1

    @property
    def language(self) -> str:
        """ "en"."""
        return "en"

    @property
    def languages(self) -> list[str]:
        """["en"]."""
        return ["en"]
