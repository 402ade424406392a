"""What Python itself does differently in a Worker: sleeping, nested loops, threads, time and chance.

The functions are put in once, while a host runs, and look who asks: outside the app's code they do what they always do.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime, tzinfo
from types import CodeType, FrameType
from typing import Any, Final, TypeVar, cast

from edgelint.testing.python_host.realm import Realm, app_realm, realm

T = TypeVar("T")
NO_ENTROPY: Final = (29, "Cannot get entropy outside of request context")
"""errno and text of what ``os.urandom`` raises while a Worker is loaded
(https://github.com/cloudflare/workerd/blob/main/src/pyodide/internal/topLevelEntropy/allow_entropy.py)."""


def run_sync(awaitable: Any) -> Any:
    """``pyodide.ffi.run_sync``: wait for something from synchronous code; everything else goes on meanwhile."""
    loop = cast("Any", realm().running_loop())
    if not loop.is_running():
        raise RuntimeError("No suspender")
    running = asyncio.current_task(loop)
    task = asyncio.ensure_future(awaitable, loop=loop)
    waiting = len(loop._ready)
    if running is not None:
        asyncio.tasks._leave_task(loop, running)
    try:
        while not task.done():
            loop._run_once()
    finally:
        if running is not None:
            asyncio.tasks._enter_task(loop, running)
        # The turn that is under way counted its handles before: it finds as many as it counted.
        for _ in range(waiting - len(loop._ready)):
            loop.call_soon(_nothing)
    return task.result()


def can_run_sync() -> bool:
    """``pyodide.ffi.can_run_sync``."""
    loop = realm().loop
    return loop is not None and loop.is_running()


def _nothing() -> None:
    """A turn that does nothing."""


class Patches:
    """The functions that are replaced. ``hold`` and ``release`` count who needs them."""

    def __init__(self) -> None:
        self._count = 0
        self._before: list[tuple[Any, str, Any]] = []
        self._made: dict[tuple[int, str], tuple[Any, Any]] = {}
        """What was made of a function (by its place), and of which one: the next world has the same."""
        self._classes: list[tuple[type, dict[str, Any], dict[str, Any]]] = []
        """Classes of C that are changed in place: their own attributes, and those that are put there."""
        self._in_classes: list[dict[str, Any]] = []

    def hold(self) -> None:
        """Put them in, when they are not."""
        self._count += 1
        if self._count == 1:
            for target, name, make in _REPLACED:
                real = getattr(target, name)
                made = self._made.get((id(target), name))
                if made is None or made[0] is not real:
                    made = self._made[id(target), name] = real, make(real)
                self._replace(target, name, made[1])
            self._replace_datetime()

    def release(self) -> None:
        """Take them out, when nobody needs them any more."""
        self._count -= 1
        if self._count == 0:
            while self._before:
                target, name, value = self._before.pop()
                setattr(target, name, value)
            self._restore_datetime()

    def packages(self) -> None:
        """Patch packages that were imported meanwhile, as the SDK does in a Worker (its
        ``_workers_sdk_package_patches``): what anyio would run in a thread runs at once."""
        module = sys.modules.get("anyio.to_thread")
        if module is not None and not hasattr(module.run_sync, "_edgelint"):
            self._replace(module, "run_sync", _anyio_run_sync(module.run_sync))

    def _replace(self, target: Any, name: str, value: Any) -> None:
        self._before.append((target, name, getattr(target, name)))
        setattr(target, name, value)

    def _replace_datetime(self) -> None:
        # The classes are of C and have no settable attributes; everybody holds them, so they are changed in place.
        if not self._classes:
            changed: list[tuple[type, dict[str, Any]]] = [(datetime, _datetime_methods()), (date, _date_methods())]
            for kind, methods in changed:
                (own,) = [found for found in gc.get_referents(kind.__dict__) if type(found) is dict]
                self._classes.append((kind, own, {name: classmethod(found) for name, found in methods.items()}))
        for kind, own, put in self._classes:
            self._in_classes.append({name: own[name] for name in put if name in own})
            own.update(put)
            _changed(kind)

    def _restore_datetime(self) -> None:
        for (kind, own, put), before in zip(self._classes, self._in_classes, strict=True):
            for name in put.keys() - before.keys():
                del own[name]
            own.update(before)
            _changed(kind)
        self._in_classes.clear()


PATCHES: Final = Patches()


def _changed(kind: type) -> None:
    import ctypes

    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def _seconds() -> float | None:
    """The virtual time, when the app asks for it."""
    inside = app_realm()
    return None if inside is None else inside.now() / 1000


def _datetime_methods() -> dict[str, Callable[..., Any]]:
    now, today, utcnow = datetime.now, datetime.today, datetime.utcnow

    def virtual_now(cls: type[datetime], tz: tzinfo | None = None) -> datetime:
        seconds = _seconds()
        if seconds is None:
            return cls.fromtimestamp(time_now(), tz) if cls is not datetime else now(tz)
        moment = cls.fromtimestamp(seconds, UTC)  # a Worker's local time is UTC
        return moment.astimezone(tz) if tz is not None else moment.replace(tzinfo=None)

    def virtual_today(cls: type[datetime]) -> datetime:
        return virtual_now(cls) if _seconds() is not None else today()

    def virtual_utcnow(cls: type[datetime]) -> datetime:
        return virtual_now(cls) if _seconds() is not None else utcnow()

    return {"now": virtual_now, "today": virtual_today, "utcnow": virtual_utcnow}


def _date_methods() -> dict[str, Callable[..., Any]]:
    def virtual_today(cls: type[date]) -> date:
        seconds = _seconds()
        moment = datetime.fromtimestamp(time_now(), None) if seconds is None else datetime.fromtimestamp(seconds, UTC)
        return cls(moment.year, moment.month, moment.day)

    return {"today": virtual_today}


time_now: Final = time.time
"""The real time."""


def _time(real: Callable[[], float]) -> Callable[[], float]:
    def time() -> float:
        seconds = _seconds()
        return real() if seconds is None else seconds

    return time


def _time_ns(real: Callable[[], int]) -> Callable[[], int]:
    def time_ns() -> int:
        inside = app_realm()
        return real() if inside is None else round(inside.now() * 1_000_000)

    return time_ns


def _sleep(real: Callable[[float], None]) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        if app_realm() is None or not can_run_sync():
            real(seconds)
        else:
            run_sync(asyncio.sleep(seconds))  # other work of the app goes on, as under JSPI

    return sleep


def _asyncio_run(real: Callable[..., Any]) -> Callable[..., Any]:
    def run(main: Coroutine[Any, Any, T], **options: Any) -> Any:
        return real(main, **options) if app_realm() is None or not can_run_sync() else run_sync(main)

    return run


def _to_thread(real: Callable[..., Any]) -> Callable[..., Any]:
    async def to_thread(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if app_realm() is None:
            return await real(function, *args, **kwargs)
        return function(*args, **kwargs)

    return to_thread


def _anyio_run_sync(real: Callable[..., Any]) -> Callable[..., Any]:
    async def run_sync(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return await real(function, *args, **options) if app_realm() is None else function(*args)

    run_sync._edgelint = True  # type: ignore[attr-defined]
    return run_sync


def _start_thread(real: Callable[..., None]) -> Callable[..., None]:
    def start(self: threading.Thread) -> None:
        if app_realm() is not None:
            raise RuntimeError("can't start new thread")
        real(self)

    return start


def _urandom(real: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def urandom(size: int, /) -> bytes:
        inside = app_realm()
        if inside is None:
            return real(size)
        if inside.loading and _asked_by_app(inside, sys._getframe(1)):
            raise OSError(*NO_ENTROPY)
        return real(size) if inside.random is None else inside.random.randbytes(size)

    return urandom


def _random_function(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def make(real: Callable[..., Any]) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            inside = app_realm()
            if inside is None:
                return real(*args, **kwargs)
            if inside.loading and _asked_by_app(inside, sys._getframe(1)):
                raise RuntimeError(f"Cannot use random.{name}() outside of request context")
            seeded = inside.seeded_random
            return real(*args, **kwargs) if seeded is None else getattr(seeded, name)(*args, **kwargs)

        function.__name__ = name
        return function

    return make


def _asked_by_app(inside: Realm, frame: FrameType | None) -> bool:
    """Whether the nearest code outside of the standard library is the app's own. Packages are let through: which of
    them production lets through is a list of its own (the SDK's ``_workers_sdk_entropy_import_context``)."""
    while frame is not None:
        code: CodeType = frame.f_code
        if inside.is_app_file(code.co_filename):
            return True
        if not code.co_filename.startswith(("<frozen", _STANDARD)):
            return False
        frame = frame.f_back
    return False


_STANDARD: Final = os.path.dirname(os.__file__) + os.sep
_RANDOM_NAMES: Final = (
    "random", "uniform", "triangular", "randint", "choice", "randrange", "sample", "shuffle", "choices",
    "normalvariate", "lognormvariate", "expovariate", "vonmisesvariate", "gammavariate", "gauss", "betavariate",
    "paretovariate", "weibullvariate", "getstate", "setstate", "getrandbits", "randbytes", "seed",
)  # fmt: skip
_REPLACED: Final[list[tuple[Any, str, Callable[[Any], Any]]]] = [
    (time, "time", _time),
    (time, "time_ns", _time_ns),
    (time, "sleep", _sleep),
    (asyncio, "run", _asyncio_run),
    (asyncio, "to_thread", _to_thread),
    (threading.Thread, "start", _start_thread),
    (os, "urandom", _urandom),
    (random, "_urandom", _urandom),
    *((random, name, _random_function(name)) for name in _RANDOM_NAMES),
]
