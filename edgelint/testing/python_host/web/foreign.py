"""Values of the foreign-function layer as the plain Web classes see them, and back.

What the classes know goes over as plain Python (null None, an array a list, a buffer a memoryview of its bytes); what
they do not know stays what it is inside a Foreign, which can be called, iterated and awaited as the value can. Arrays
and objects keep their identity: the very object comes back out.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from functools import cache
from typing import Any

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host import js_errors
from edgelint.testing.python_host.buffers import Bytes, JsArrayBuffer, JsUint8Array, TypedArray
from edgelint.testing.python_host.containers import JsArray, JsIterator
from edgelint.testing.python_host.js_errors import JsException
from edgelint.testing.python_host.jsvalue import (
    JsFunction,
    JsHost,
    JsObject,
    JsProxy,
    call,
    from_python,
    lower,
    method,
    text,
)  # fmt: skip
from edgelint.testing.python_host.promises import JsPromise, settled, thenable
from edgelint.testing.python_host.pyproxy import PyProxy, is_buffer
from edgelint.testing.python_host.realm import realm
from edgelint.testing.python_host.web.base import ArrayBuffer, WebObject
from edgelint.testing.python_host.web.promises import Thrown, started
from edgelint.testing.values import UNDEFINED


class ForeignDict(dict[str, Any]):
    """A plain object, with the one it came from."""

    value: Any = None


class ForeignList(list[Any]):
    """An array, with the one it came from."""

    value: Any = None


class Foreign(WebObject):
    """Any other value. Attributes are its properties."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not self._value._js_has(name):
            raise AttributeError(name)
        return inward(self._value._js_get(name))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Foreign) and _same(self._value, other._value)

    def __hash__(self) -> int:
        return id(self._value)

    def _js_text(self) -> str:
        return text(self._value)

    def _js_shown(self) -> str:
        return text(self._value)


class _Callable:
    def __call__(self, *args: Any) -> Any:
        return inward(call(self._value, *(outward(arg) for arg in args)))  # type: ignore[attr-defined]


class _Iterable:
    def __iter__(self) -> Iterator[Any]:
        return (inward(lower(item)) for item in self._value._js_iterate())  # type: ignore[attr-defined]


class _LaterIterable:
    async def __aiter__(self) -> AsyncIterator[Any]:
        async for item in _later_items(self._value):  # type: ignore[attr-defined]
            yield item


class _Awaitable:
    def __await__(self) -> Generator[Any, Any, Any]:
        return self._wait().__await__()

    async def _wait(self) -> Any:
        return inward(await settled(self._value))  # type: ignore[attr-defined]


@cache
def _foreign_class(*abilities: type) -> type[Foreign]:
    return type("Foreign", (Foreign, *abilities), {}) if abilities else Foreign


def foreign(value: JsProxy) -> Foreign:
    """A value that stays what it is, with its abilities."""
    abilities: list[type] = []
    if hasattr(value, "_js_apply"):
        abilities.append(_Callable)
    if isinstance(value, JsPromise) or thenable(value):
        abilities.append(_Awaitable)
    elif _iterates_later(value):
        abilities.append(_LaterIterable)
    elif value._js_iterate() is not None:
        abilities.append(_Iterable)
    return _foreign_class(*abilities)(value)


def inward(value: Any) -> Any:
    """A value of the JavaScript side, for the plain classes."""
    if not isinstance(value, JsProxy):
        return value
    plain = value.__dict__.get("_plain") if isinstance(value, JsHost) else None
    if plain is not None:
        return plain
    if isinstance(value, JsException):
        return value
    if isinstance(value, TypedArray):
        view = value._view()
        return view if value._code == "B" else view.cast(value._code)  # type: ignore[call-overload]
    if isinstance(value, Bytes):
        return value._view()
    if isinstance(value, PyProxy) and is_buffer(value._live()):
        return memoryview(value._live()).cast("B")
    if isinstance(value, JsArray):
        items = ForeignList(inward(item) for item in value._items())
        items.value = value
        return items
    if type(value) is JsObject:
        fields = ForeignDict({key: inward(value._js_get(key)) for key in value._js_keys()})
        fields.value = value
        return fields
    return foreign(value)


def outward(value: Any, label: str = "") -> Any:
    """What the plain classes give, as a value of the JavaScript side. ``label`` says of a promise what it is for."""
    if value is None or value is UNDEFINED or isinstance(value, (str, bool, int, float, JsProxy)):
        return value
    if isinstance(value, Foreign):
        return value._value
    if isinstance(value, (ForeignDict, ForeignList)) and value.value is not None:
        return value.value
    if isinstance(value, WebObject):
        from edgelint.testing.python_host.web.exposed import wrap

        return wrap(value)
    if isinstance(value, ArrayBuffer):
        return JsArrayBuffer(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _typed(value)
    if isinstance(value, dict):
        return JsObject({key: outward(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return JsArray(outward(item) for item in value)
    if isinstance(value, BaseException):
        return error_out(value)
    return _lazy(value, label)


def _lazy(value: Any, label: str) -> Any:
    """Promises, iterators, classes and functions."""
    if inspect.iscoroutine(value):
        return promise(started(value), label)
    if isinstance(value, asyncio.Future):
        return promise(value, label)
    if isinstance(value, type) and issubclass(value, WebObject):
        from edgelint.testing.python_host.web.exposed import constructor

        return constructor(value)
    if hasattr(value, "__anext__"):
        return LaterIterator(value)
    if hasattr(value, "__next__"):
        return JsIterator(outward(item) for item in value)
    return function(value, getattr(value, "__name__", ""))


def function(target: Callable[..., Any], name: str) -> JsFunction:
    """A plain function as one of JavaScript."""

    def run(*args: Any) -> Any:
        return calling(target, *args, label=name)

    return JsFunction(run, name)


def calling(target: Callable[..., Any], *args: Any, label: str = "") -> Any:
    """Call plain code with values of the JavaScript side. Raises JsException for what it throws."""
    try:
        return outward(target(*(inward(arg) for arg in args)), label)
    except Thrown as error:
        raise js_errors.raisable(outward(error.value)) from None


def error_out(error: BaseException) -> Any:
    """What JavaScript catches when plain code raised ``error``."""
    if isinstance(error, Thrown):
        return outward(error.value)
    return js_errors.error_value(error)


def promise(future: asyncio.Future[Any], label: str = "") -> JsPromise:
    """A future of the plain classes as a promise."""
    made = JsPromise()

    def done(ended: asyncio.Future[Any]) -> None:
        if ended.cancelled():
            made._reject(error_out(EdgeError("The operation was aborted", "AbortError")))
        elif (error := ended.exception()) is not None:
            made._reject(error_out(error))
        else:
            made._resolve(outward(ended.result()))

    if future.done():
        done(future)
        return made
    future.add_done_callback(done)
    watch = realm().watch
    if watch is not None:
        watch(made._future, label)
    return made


class LaterIterator(JsHost, js_name="AsyncIterator"):
    """An asynchronous iterator of the plain classes."""

    def __init__(self, values: AsyncIterator[Any]) -> None:
        self._values = values

    async def _js_async_iterate(self) -> AsyncIterator[Any]:
        async for item in self._values:
            yield outward(item)

    @method
    def next(self) -> Any:
        async def step() -> Any:
            try:
                return {"value": await self._values.__anext__(), "done": False}
            except StopAsyncIteration:
                return {"value": UNDEFINED, "done": True}

        return promise(started(step()), "next")


def _typed(value: bytes | bytearray | memoryview) -> Any:
    """A Uint8Array; over the same memory when that can be written to."""
    if isinstance(value, memoryview) and isinstance(value.obj, bytearray):
        whole = memoryview(value.obj)
        offset = _offset(value, whole)
        return JsUint8Array(JsArrayBuffer(value.obj), offset, value.nbytes)
    if isinstance(value, bytearray):
        return JsUint8Array(JsArrayBuffer(value))
    return JsUint8Array(JsArrayBuffer(bytes(value)))


def _offset(part: memoryview, whole: memoryview) -> int:
    import ctypes

    def address(view: memoryview) -> int:
        return ctypes.addressof(ctypes.c_char.from_buffer(view)) if view.nbytes else 0

    return address(part) - address(whole) if part.nbytes else 0


def _iterates_later(value: JsProxy) -> bool:
    if isinstance(value, PyProxy):
        return hasattr(value._live(), "__aiter__")
    return hasattr(value, "_js_async_iterate")


async def _later_items(value: Any) -> AsyncIterator[Any]:
    if isinstance(value, PyProxy):
        async for item in value._live():
            yield inward(from_python(item))
        return
    async for item in value._js_async_iterate():
        yield inward(lower(item))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, PyProxy) and isinstance(other, PyProxy):
        return one is other or (one._target is other._target and one._target is not None)
    return one is other
