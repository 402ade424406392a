"""Conversions: ``to_js``, ``to_py``, structured clones, and plain Python of the host to values and back."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from edgelint.testing.coercion import MAX_SAFE
from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.buffers import (
    Bytes,
    DataView,
    JsArrayBuffer,
    JsUint8Array,
    TypedArray,
    typed_array_of,
)
from edgelint.testing.python_host.containers import JsArray, JsIterator
from edgelint.testing.python_host.dates import JsDate
from edgelint.testing.python_host.js_errors import JsException, as_js_error
from edgelint.testing.python_host.jsvalue import (
    MODULE,
    JsBigInt,
    JsFunction,
    JsObject,
    JsProxy,
    from_python,
    into_python,
    jsnull,
    lower,
    text,
    typeof,
)
from edgelint.testing.python_host.maps import JsMap, JsSet, LiteralMap
from edgelint.testing.python_host.promises import JsPromise, promise_of, start
from edgelint.testing.python_host.pyproxy import PyProxy, is_buffer, proxy
from edgelint.testing.python_host.realm import realm
from edgelint.testing.values import UNDEFINED

Converter = Callable[[Any, Callable[[Any], Any], Callable[[Any, Any], None]], Any]


class ConversionError(Exception):
    """``to_js`` cannot convert a value."""


ConversionError.__module__ = MODULE


# Python to JavaScript, as the app asks for it


def to_js(
    obj: Any, /, *, depth: int = -1, pyproxies: Any = None, create_pyproxies: bool = True,
    dict_converter: Callable[[Any], Any] | None = None, default_converter: Converter | None = None,
    eager_converter: Converter | None = None,
) -> Any:  # fmt: skip
    """``pyodide.ffi.to_js``: a copy in JavaScript, down to ``depth`` levels. Raises ConversionError."""
    made = _ToJs(depth, pyproxies, create_pyproxies, dict_converter, default_converter, eager_converter)
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    converted = made.convert(obj, depth)
    return converted if isinstance(converted, PyProxy) else into_python(converted)


class _ToJs:
    """One conversion: what was made already is used again, so cycles are kept."""

    def __init__(
        self, depth: int, pyproxies: Any, create_pyproxies: bool, dict_converter: Any, default_converter: Any,
        eager_converter: Any,
    ) -> None:  # fmt: skip
        self.depth = depth
        self.pyproxies = pyproxies
        self.create_pyproxies = create_pyproxies
        self.dict_converter = dict_converter
        self.default_converter = default_converter
        self.eager_converter = eager_converter
        self.made: dict[int, Any] = {}
        self.kept: list[Any] = []

    def convert(self, value: Any, depth: int) -> Any:
        """A value, as one of the JavaScript side."""
        if value is None or value is jsnull or isinstance(value, (JsProxy, bool, int, float, str)):
            return from_python(value)
        if id(value) in self.made:
            return self.made[id(value)]
        if self.eager_converter is not None:
            return from_python(self.eager_converter(value, self._again(depth), self._remember))
        return self._deep(value, depth)

    def _deep(self, value: Any, depth: int) -> Any:
        if depth != 0:
            if isinstance(value, (list, tuple)):
                items = JsArray()
                self._remember(value, items)
                items._list.extend(self.convert(item, depth - 1) for item in value)
                return items
            if isinstance(value, dict):
                return self._dict(value, depth)
            if type(value) is set:
                made = JsSet(self._key(item, depth - 1, "Set") for item in value)
                self._remember(value, made)
                return made
        if is_buffer(value):
            return typed_array_of(memoryview(value))
        if self.default_converter is not None:
            return from_python(self.default_converter(value, self._again(depth), self._remember))
        return self._proxy(value)

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        if self.dict_converter is not None:
            pairs = JsArray(
                JsArray([self.convert(key, depth - 1), self.convert(item, depth - 1)]) for key, item in value.items()
            )
            return from_python(self.dict_converter(pairs))
        if realm().profile.dict_is_map:
            found = LiteralMap()
            self._remember(value, found)
            for key, item in value.items():
                found[into_python(self._key(key, depth - 1, "Map"))] = into_python_raw(self.convert(item, depth - 1))
            return found
        made = JsObject()
        self._remember(value, made)
        for key, item in value.items():
            made._own()[text(self._key(key, depth - 1, "Map"))] = self.convert(item, depth - 1)
        return made

    def _key(self, key: Any, depth: int, kind: str) -> Any:
        if key is None or key is jsnull or isinstance(key, (bool, int, float, str)):
            return from_python(key)
        raise ConversionError(f"Cannot use {key!r} as a key for a Javascript {kind}")

    def _proxy(self, value: Any) -> Any:
        if not self.create_pyproxies:
            raise ConversionError("No conversion known for x.")
        made = proxy(value)
        if self.pyproxies is not None:
            self.pyproxies._js_get("push")._js_apply(UNDEFINED, [made])
        return made

    def _again(self, depth: int) -> Callable[[Any], Any]:
        def convert(value: Any) -> Any:
            if self.eager_converter is not None and self.kept and self.kept[-1] is value:
                return into_python(self._deep(value, depth))
            self.kept.append(value)
            try:
                converted = (
                    self._deep(value, depth) if self.eager_converter is not None else self.convert(value, depth)
                )
            finally:
                self.kept.pop()
            return converted if isinstance(converted, PyProxy) else into_python(converted)

        return convert

    def _remember(self, value: Any, made: Any) -> None:
        self.made[id(value)] = from_python(made)
        self.kept.append(value)  # an id is only good while the object lives


def into_python_raw(value: Any) -> Any:
    """A value that ``from_python`` gives back as it is."""
    if value is None:
        return jsnull
    return None if value is UNDEFINED else value


# JavaScript to Python, as the app asks for it


def to_py(value: Any, *, depth: int = -1, default_converter: Converter | None = None) -> Any:
    """``JsProxy.to_py``. Raises JsException for a key that Python cannot have."""
    return _ToPy(default_converter).convert(value, depth)


class _ToPy:
    def __init__(self, default_converter: Converter | None) -> None:
        self.default_converter = default_converter
        self.made: dict[int, Any] = {}

    def convert(self, value: Any, depth: int) -> Any:
        """A value, as Python's."""
        if type(value) is str or not isinstance(value, JsProxy) or depth == 0:
            return into_python(value)
        if id(value) in self.made:
            return self.made[id(value)]
        if isinstance(value, Bytes):
            return value.to_memoryview()
        if isinstance(value, JsArray):
            items: list[Any] = []
            self.made[id(value)] = items
            items.extend(self.convert(item, depth - 1) for item in value._items())
            return items
        if isinstance(value, JsMap):
            return self._mapping(value, value._entries(), depth)
        if isinstance(value, JsSet):
            found: set[Any] = set()
            self.made[id(value)] = found
            found.update(self._key(item, "set") for item in value._items())
            return found
        if type(value) is JsObject:
            return self._object(value, depth)
        if isinstance(value, (JsPromise, PyProxy)):
            return into_python(value)
        if self.default_converter is None:
            return value
        return self.default_converter(value, lambda inner: self.convert(from_python(inner), depth), self._remember)

    def _object(self, source: JsObject, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        self.made[id(source)] = made
        for key, item in source._own().items():
            made[key] = self.convert(item, depth - 1)
        return made

    def _mapping(self, source: JsProxy, entries: list[tuple[Any, Any]], depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        self.made[id(source)] = made
        for key, item in entries:
            plain = self._key(key, "dict")
            if plain in made and isinstance(plain, (bool, int)):
                words = f"contains both {int(plain)} and {text(bool(plain))} as keys."
                raise JsException("Error", f"Cannot faithfully convert Map into Python since it {words}")
            made[plain] = self.convert(item, depth - 1)
        return made

    def _key(self, key: Any, kind: str) -> Any:
        if isinstance(key, JsProxy):
            name = key.constructor.name
            raise JsException("Error", f"Cannot use key of type {name} as a key to a Python {kind}")
        return into_python(key)

    def _remember(self, source: Any, made: Any) -> None:
        self.made[id(source)] = made


# Plain Python of the host


_lowered: dict[type, Callable[[Any], Any]] = {}


def register_lowering(kind: type, function: Callable[[Any], Any]) -> None:
    """Say how instances of a class of the host are seen in JavaScript."""
    _lowered[kind] = function


def lower_plain(value: Any) -> Any:
    """Plain Python as a value of the JavaScript side (``jsvalue.lower``). Raises TypeError for what has none."""
    exactly = type(value)
    if exactly is list or exactly is tuple:
        return JsArray([lower(item) for item in value])
    if exactly is dict:
        return JsObject({key if type(key) is str else text(lower(key)): lower(item) for key, item in value.items()})
    for kind in exactly.__mro__:
        if kind in _lowered:
            return _lowered[kind](value)
    if value is jsnull:
        return None
    if isinstance(value, (str, bool)):
        return str.__str__(value) if isinstance(value, str) else value
    if isinstance(value, (int, float)):
        return value if isinstance(value, JsBigInt) else (int(value) if isinstance(value, int) else float(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return JsUint8Array._over(value)
    if isinstance(value, (list, tuple)):
        return JsArray(lower(item) for item in value)
    if isinstance(value, Mapping):
        return JsObject({text(lower(key)): lower(item) for key, item in value.items()})
    if isinstance(value, (set, frozenset)):
        return JsSet(lower(item) for item in value)
    if isinstance(value, datetime):
        return JsDate.of(value)
    if inspect.iscoroutine(value):
        return start(value)
    if inspect.isawaitable(value):
        return promise_of(value)
    if isinstance(value, EdgeError):
        return as_js_error(value)
    if isinstance(value, Iterator):
        return JsIterator(lower(item) for item in value)
    if callable(value):
        return JsFunction(value, getattr(value, "__name__", ""))
    raise TypeError(f"no value of JavaScript for {type(value).__name__}")


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def plain(value: Any) -> Any:
    """A value of the JavaScript side as plain Python of the host: arrays are lists; objects, Maps and what Python gave
    as a dict dicts; buffers bytes, Dates datetimes, errors EdgeErrors. What has no plain form (functions, promises,
    instances of classes) stays as it is."""
    return _plain(value, {})


def _plain(value: Any, seen: dict[int, Any]) -> Any:
    if not isinstance(value, JsProxy):
        return int(value) if isinstance(value, JsBigInt) else value
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, JsArray):
        items: list[Any] = []
        seen[id(value)] = items
        items.extend(_plain(item, seen) for item in value._items())
        return items
    if isinstance(value, JsMap) or type(value) is JsObject:
        entries = value._entries() if isinstance(value, JsMap) else [(k, value._js_get(k)) for k in value._js_keys()]
        made: dict[Any, Any] = {}
        seen[id(value)] = made
        made.update({_plain(key, seen): _plain(item, seen) for key, item in entries})
        return made
    if isinstance(value, JsSet):
        return {_plain(item, seen) for item in value._items()}
    if isinstance(value, Bytes):
        return value.to_bytes()
    if isinstance(value, JsDate):
        return value if math.isnan(value._time) else _EPOCH + timedelta(milliseconds=value._time)
    if isinstance(value, PyProxy):
        return _plain_python(value, seen)
    return value


def _plain_python(value: PyProxy, seen: dict[int, Any]) -> Any:
    target = value._live()
    if isinstance(target, dict):
        return {str(key): _plain(from_python(item), seen) for key, item in target.items()}
    if isinstance(target, (list, tuple)):
        return [_plain(from_python(item), seen) for item in target]
    return bytes(target) if is_buffer(target) else value


# Structured clone


def structured_clone(value: Any) -> Any:
    """A deep copy on the JavaScript side. Raises EdgeError (DataCloneError) for what cannot be cloned."""
    return _clone(value, {})


def _clone(value: Any, seen: dict[int, Any]) -> Any:
    if not isinstance(value, JsProxy):
        return value
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, LiteralMap):
        raise EdgeError("[object Map] could not be cloned.", "DataCloneError")
    if isinstance(value, JsArray):
        items = JsArray()
        seen[id(value)] = items
        items._list.extend(_clone(item, seen) for item in value._items())
        return items
    if isinstance(value, JsMap):
        entries = JsMap()
        seen[id(value)] = entries
        for key, item in value._entries():
            entries._js_get("set")._js_apply(UNDEFINED, [_clone(key, seen), _clone(item, seen)])
        return entries
    if isinstance(value, JsSet):
        return seen.setdefault(id(value), JsSet(_clone(item, seen) for item in value._items()))
    if type(value) is JsObject:
        made = JsObject()
        seen[id(value)] = made
        for key in value._js_keys():
            made._own()[key] = _clone(value._js_get(key), seen)
        return made
    if isinstance(value, JsDate):
        return seen.setdefault(id(value), JsDate(value._time))
    if isinstance(value, (JsArrayBuffer, TypedArray, DataView)):
        return seen.setdefault(id(value), _clone_buffer(value))
    if isinstance(value, JsException):
        own = value._own()
        return seen.setdefault(id(value), JsException(text(own["name"]), text(own["message"]), text(own["stack"])))
    raise EdgeError(f"{_shown(value)} could not be cloned.", "DataCloneError")


def _clone_buffer(value: Any) -> Any:
    if isinstance(value, JsArrayBuffer):
        return JsArrayBuffer(bytes(value._data))
    size = None if isinstance(value, TypedArray) and value._count is None else value._js_get("length")
    length = value._js_get("byteLength") if isinstance(value, DataView) else size
    return type(value)(JsArrayBuffer(bytes(value._buffer._data)), value._offset, length)


def _shown(value: JsProxy) -> str:
    if isinstance(value, PyProxy):
        return "function(){}" if typeof(value) == "function" else "[object Object]"
    return text(value) if isinstance(value, JsFunction) else f"#<{value._js_class_name}>"


def is_safe(value: Any) -> bool:
    """Whether a number is an integer that JavaScript holds exactly."""
    return isinstance(value, int) and abs(value) <= MAX_SAFE
