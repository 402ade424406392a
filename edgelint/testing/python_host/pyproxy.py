"""PyProxy: a Python object as JavaScript holds it, and how long it may."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import cache
from typing import Any, Final, cast

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.containers import JsArray
from edgelint.testing.python_host.js_errors import JsException
from edgelint.testing.python_host.jsvalue import (
    JsBigInt,
    JsFunction,
    JsObject,
    JsProxy,
    Method,
    call,
    from_python,
    into_python,
    text,
)
from edgelint.testing.python_host.promises import JsPromise, promise_of
from edgelint.testing.python_host.realm import realm
from edgelint.testing.values import UNDEFINED

_HINT: Final = "\nFor more information about the cause of this error, use `pyodide.setDebug(true)`"
BORROWED: Final = (
    "This borrowed proxy was automatically destroyed at the end of a function call. Try using create_proxy or "
    "create_once_callable."
)
DESTROYED: Final = "Object has already been destroyed"
EXHAUSTED: Final = "This borrowed proxy was automatically destroyed when an iterator was exhausted."


class PyProxy(JsProxy, js_name="PyProxy"):
    """A Python object on the JavaScript side. Into Python it comes back as the object itself, unless ``roundtrip``."""

    def __init__(self, target: Any, *, roundtrip: bool = False) -> None:
        object.__setattr__(self, "_target", target)
        object.__setattr__(self, "_gone", None)
        object.__setattr__(self, "_roundtrip", roundtrip)
        object.__setattr__(self, "_lent", False)

    def _live(self) -> Any:
        """The object. Raises JsException when the proxy was destroyed."""
        if self._gone is not None:
            raise JsException("Error", self._gone + _HINT)
        return self._target

    def _give_back(self) -> None:
        """End the time for which Python lent the object."""
        if not self._roundtrip:
            self._end(BORROWED)

    def _end(self, words: str) -> None:
        if self._gone is None:
            object.__setattr__(self, "_gone", words)
            object.__setattr__(self, "_target", None)

    def destroy(self) -> None:
        """Let the object go. Twice does nothing."""
        self._end(DESTROYED)

    def unwrap(self) -> Any:
        """The object itself."""
        return self._live()

    def _awaitable(self) -> Any:
        return self._live()

    def _into_python(self) -> Any:
        return self if self._roundtrip else self._live()

    def _js_text(self) -> str:
        return str(self._live())

    def _js_tag(self) -> str:
        return "[object Function]" if callable(self._live()) else "[object Object]"

    def _js_has(self, name: str) -> bool:
        target = self._live()
        if name in ("toJs", "copy", "type", "toString", "constructor", "destroy"):
            return True
        if name == "getBuffer":
            return is_buffer(target)
        if name in ("then", "catch", "finally"):
            return inspect.isawaitable(target)
        if name in ("get", "set", "has", "delete", "length"):
            return self._extra(name) is not None or hasattr(target, name)
        if _index_of(target, name) is not None or hasattr(target, name) or self._extra(name) is not None:
            return True
        return realm().profile.proxies_show_items and isinstance(target, dict) and name in target

    def _js_get(self, name: str) -> Any:
        target = self._live()
        extra = self._extra(name)
        if extra is not None:
            return extra
        index = _index_of(target, name)
        if index is not None:
            return from_python(target[index])
        if hasattr(target, name):
            return from_python(getattr(target, name))
        if realm().profile.proxies_show_items and isinstance(target, dict) and name in target:
            return from_python(target[name])
        return UNDEFINED

    def _extra(self, name: str) -> Any:
        """What Pyodide adds to the object's own attributes."""
        target = self._target
        makers: dict[str, Callable[[], Any]] = {
            "destroy": lambda: JsFunction(self.destroy, name),
            "toString": lambda: JsFunction(lambda: str(target), name),
            "copy": lambda: JsFunction(lambda: PyProxy(target, roundtrip=self._roundtrip), name),
            "toJs": lambda: JsFunction(lambda options=UNDEFINED: _to_js(target), name),
            "type": lambda: type(target).__name__,
            "constructor": lambda: self.constructor,
        }
        if is_buffer(target):
            makers["getBuffer"] = lambda: JsFunction(lambda kind=UNDEFINED: _buffer_view(target), name)
        if inspect.isawaitable(target):
            for each in ("then", "catch", "finally"):
                makers[each] = lambda: promise_of(target)._js_get(name)
        if hasattr(target, "__len__") and not callable(target):
            makers["length"] = lambda: len(target)
        if hasattr(target, "__getitem__") and not isinstance(target, (str, type)):
            makers["get"] = lambda: JsFunction(lambda key: _item(target, into_python(key)), name)
        if isinstance(target, (MutableMapping, list)):
            makers["set"] = lambda: JsFunction(
                lambda key, value: target.__setitem__(into_python(key), into_python(value)), name
            )
            makers["delete"] = lambda: JsFunction(lambda key: target.__delitem__(into_python(key)), name)
        if hasattr(target, "__contains__"):
            makers["has"] = lambda: JsFunction(lambda key: into_python(key) in target, name)
        of_arrays = isinstance(target, (list, tuple)) and isinstance(JsArray._js_members.get(name), Method)
        if of_arrays and name not in makers:
            makers[name] = lambda: JsFunction(lambda *args: self._as_array(name, list(args)), name)
        maker = makers.get(name)
        return None if maker is None else maker()

    def _as_array(self, name: str, args: list[Any]) -> Any:
        """A method of arrays, on a list: what it changes is changed in the list."""
        items = JsArray(from_python(item) for item in self._target)
        result = call(items._js_get(name), *args)
        if isinstance(self._target, list):
            self._target[:] = [into_python(item) for item in items._items()]
        return result

    def _js_set(self, name: str, value: Any) -> None:
        target = self._live()
        index = _index_of(target, name)
        if index is not None:
            target[index] = into_python(value)
        elif isinstance(target, dict) and not hasattr(target, name):
            target[name] = into_python(value)
        else:
            setattr(target, name, into_python(value))

    def _js_keys(self) -> list[str]:
        target = self._live()
        if isinstance(target, dict) and realm().profile.proxies_show_items:
            return [key for key in target if isinstance(key, str)]
        return [str(index) for index in range(len(target))] if isinstance(target, (list, tuple)) else []

    def _js_iterate(self) -> Iterator[Any] | None:
        target = self._live()
        if not hasattr(target, "__iter__") and not hasattr(target, "__next__"):
            return None
        return self._items_lent(iter(target))

    def _items_lent(self, items: Iterator[Any]) -> Iterator[Any]:
        """The items of an iteration. Proxies of them end with it."""
        lent: list[Any] = []
        for item in items:
            yield from_python(item, lent)
        for each in lent:
            each._end(EXHAUSTED)

    def _js_items(self) -> list[tuple[Any, Any]]:
        """The items of a mapping, on the JavaScript side."""
        items = cast("Mapping[Any, Any]", self._live()).items()
        return [(from_python(key), from_python(value)) for key, value in items]


PyProxy.__iter__ = None  # type: ignore[attr-defined]  # kinds that can be iterated have their own


class PyCallable(PyProxy, js_name="PyProxy"):
    """A proxy of something that can be called."""

    _js_typeof = "function"

    def _js_apply(self, this: Any, args: list[Any]) -> Any:
        """Call the Python function. What it raises goes through JavaScript as it is."""
        target = self._live()
        if this is not UNDEFINED and getattr(self, "_with_this", False):
            args = [this, *args]
        try:
            return from_python(target(*[into_python(arg) for arg in args]))
        except JsException as error:
            object.__setattr__(error, "_by_python", True)
            raise

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._live()(*args, **kwargs)


class OnceCallable(PyCallable, js_name="PyProxy"):
    """A proxy that is destroyed by its first call."""

    _used = False

    def _js_apply(self, this: Any, args: list[Any]) -> Any:
        if self._used:
            raise JsException("Error", "OnceProxy can only be called once")
        object.__setattr__(self, "_used", True)
        try:
            return super()._js_apply(this, args)
        finally:
            self.destroy()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return into_python(self._js_apply(UNDEFINED, [from_python(arg) for arg in args]))


@cache
def _kind(callable_: bool, iterable: bool, sized: bool, subscript: bool, contains: bool) -> type[PyProxy]:
    """The class of proxies whose object has these abilities: Python sees them on a double proxy too."""
    base: type[PyProxy] = PyCallable if callable_ else PyProxy
    abilities: dict[str, Any] = {}
    if iterable:
        abilities["__iter__"] = lambda self: iter(self._live())
    if sized:
        abilities["__len__"] = lambda self: len(self._live())
    if subscript:
        abilities["__getitem__"] = lambda self, key: self._live()[key]
        abilities["__setitem__"] = lambda self, key, value: self._live().__setitem__(key, value)
    if contains:
        abilities["__contains__"] = lambda self, key: key in self._live()
    return type("PyProxy", (base,), abilities) if abilities else base


def proxy(target: Any, *, roundtrip: bool = False) -> Any:
    """A proxy of a Python object."""
    kind = _kind(
        callable(target), hasattr(type(target), "__iter__"), hasattr(type(target), "__len__"),
        hasattr(type(target), "__getitem__"), hasattr(type(target), "__contains__"),
    )  # fmt: skip
    return kind(target, roundtrip=roundtrip)


def lend(result: Any, borrowed: list[Any]) -> bool:
    """Whether what was lent is kept by a promise that is not settled: then it ends when that is."""
    if not isinstance(result, JsPromise):
        return False
    if result._pending:
        result._future.add_done_callback(lambda _: [each._give_back() for each in borrowed])
        return True
    return False


def create_proxy(obj: Any, /, *, capture_this: bool = False, roundtrip: bool = True) -> Any:
    """``pyodide.ffi.create_proxy``."""
    made = proxy(obj, roundtrip=True)
    if not roundtrip:
        object.__setattr__(made, "_roundtrip", False)
        object.__setattr__(made, "_give_back", lambda: None)
    if capture_this:
        object.__setattr__(made, "_with_this", True)
    return made


def create_once_callable(obj: Callable[..., Any], /, *, _may_syncify: bool = False) -> Any:
    """``pyodide.ffi.create_once_callable``."""
    return OnceCallable(obj, roundtrip=True)


def destroy_proxies(pylist: Any, /) -> None:
    """``pyodide.ffi.destroy_proxies``: of a JavaScript array of proxies."""
    for each in pylist._js_iterate() or ():
        if not isinstance(each, PyProxy):
            raise JsException("TypeError", "proxy.destroy is not a function")
        each.destroy()


def is_buffer(value: Any) -> bool:
    """Whether Python's buffer protocol gives the bytes of a value."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return True
    if isinstance(value, (str, list, tuple, dict, int, float)) or callable(value):
        return False
    try:
        memoryview(value).release()
    except TypeError:
        return False
    return True


def _index_of(target: Any, name: str) -> int | None:
    """The index that a property's name says, for a sequence that has it."""
    if not isinstance(target, (list, tuple)) or not name.isdecimal():
        return None
    index = int(name)
    return index if index < len(target) else None


def _item(target: Any, key: Any) -> Any:
    try:
        return from_python(target[key])
    except LookupError:
        return UNDEFINED


def _to_js(target: Any) -> Any:
    from edgelint.testing.python_host.convert import to_js

    return from_python(to_js(target))


def _buffer_view(target: Any) -> JsObject:
    """``getBuffer``: the bytes as JavaScript sees them, and ``release``."""
    from edgelint.testing.python_host.buffers import typed_array_of

    view = memoryview(target)
    return JsObject(
        {
            "data": typed_array_of(view), "format": view.format, "nbytes": view.nbytes, "ndim": view.ndim,
            "itemsize": view.itemsize, "readonly": view.readonly, "release": JsFunction(view.release, "release"),
            "shape": list(view.shape or ()), "strides": list(view.strides or ()), "offset": 0,
            "c_contiguous": view.c_contiguous, "f_contiguous": view.f_contiguous,
        }
    )  # fmt: skip


def big(value: Any) -> Any:
    """``BigInt(value)``. Raises EdgeError (RangeError, SyntaxError)."""
    if isinstance(value, (bool, int)):
        return JsBigInt(value)
    if isinstance(value, float):
        if not value.is_integer():
            words = f"The number {text(value)} cannot be converted to a BigInt because it is not an integer"
            raise EdgeError(words, "RangeError")
        return JsBigInt(int(value))
    try:
        return JsBigInt(int(text(value).strip() or "0", 0))
    except ValueError:
        raise EdgeError(f"Cannot convert {text(value)} to a BigInt", "SyntaxError") from None
