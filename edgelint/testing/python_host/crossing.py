"""Values on their way across the line between Python and JavaScript, and calls of JavaScript from its own side."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Iterator
from types import CoroutineType
from typing import Any, ClassVar, Final, TypeVar

from edgelint.testing.coercion import MAX_SAFE, integer, number_text
from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.realm import realm
from edgelint.testing.values import UNDEFINED

MODULE: Final = "pyodide.ffi"
T = TypeVar("T")


class JsNull:
    """null, where it is told from undefined. There is one of it; it is false."""

    _instance: ClassVar[JsNull | None] = None

    def __new__(cls) -> JsNull:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "jsnull"


JsNull.__module__ = MODULE
jsnull: Final = JsNull()


class JsBigInt(int):
    """A BigInt."""


JsBigInt.__module__ = MODULE


def javascript_name(name: str) -> str:
    """An attribute's name as JavaScript has it: ``from_`` is ``from``."""
    return name[:-1] if name[-1] == "_" and keyword.iskeyword(name[:-1]) else name


class Thrown(Exception):
    """A value that is no Error, on its way through code of the JavaScript side."""

    def __init__(self, value: Any) -> None:
        super().__init__(text(value))
        self.value = value


def into_python(value: Any) -> Any:
    """A value of the JavaScript side as Python code gets it."""
    kind = type(value)
    if kind is str or kind is bool or (kind is int and -MAX_SAFE <= value <= MAX_SAFE):
        return value
    if kind is int or kind is float:
        return 0 if value == 0 else integer(value)
    if value is UNDEFINED:
        return None
    if value is None:
        return None if realm().profile.null_is_none else jsnull
    if isinstance(value, _proxy):
        return value._into_python()
    if kind is JsBigInt:
        return value if realm().profile.big_int_type else int(value)
    return into_python(lower(value))


def from_python(value: Any, borrowed: list[Any] | None = None) -> Any:
    """What Python code passes, as a value of the JavaScript side. A Python object becomes a PyProxy; with ``borrowed``
    it is put there, for who destroys it when the call is over."""
    if value is None:
        return UNDEFINED
    if isinstance(value, _proxy):
        return value
    if isinstance(value, (bool, float)):
        return value if type(value) in (bool, float) else float(value)
    if isinstance(value, int):
        if isinstance(value, JsBigInt):
            return value
        return int(value) if -MAX_SAFE < value < MAX_SAFE else JsBigInt(value)
    if isinstance(value, str):
        return value if type(value) is str else str.__str__(value)
    if value is jsnull:
        return None
    proxy = _wrap(value)
    if borrowed is not None and hasattr(proxy, "_give_back"):
        borrowed.append(proxy)
    return proxy


def crossing(target: Callable[[list[Any]], Any], args: Iterable[Any], kwargs: dict[str, Any]) -> Any:
    """A call from Python: arguments go over, the result comes back. Python objects that were passed are lent for the
    time of the call, or until the promise it gives is settled."""
    borrowed: list[Any] = []
    given = [from_python(arg, borrowed) for arg in args]
    if kwargs:
        given.append(_object({key: from_python(value, borrowed) for key, value in kwargs.items()}))
    kept = False
    try:
        result = target(given)
        if borrowed:
            kept = _lend(result, borrowed)
        return into_python(result)
    except Thrown as thrown:
        from edgelint.testing.python_host.js_errors import raisable

        raise raisable(thrown.value) from None
    finally:
        if not kept:
            for proxy in borrowed:
                proxy._give_back()


def lower(value: Any) -> Any:
    """Plain Python as values of the JavaScript side; what is one already stays as it is."""
    kind = type(value)
    if kind is str or kind is bool or kind is int or kind is float or value is None or value is UNDEFINED:
        return value
    if isinstance(value, _proxy):
        return value
    return _lower(value)


def guarded(function: Callable[..., T], *args: Any, label: str = "") -> Any:
    """Call code of the JavaScript side: an EdgeError comes out as a JsException, a coroutine becomes a promise."""
    try:
        result = function(*args)
    except EdgeError as error:
        raise_js(error)
    if type(result) is CoroutineType:
        return _start(result, label)
    return result


def raise_js(error: EdgeError) -> Any:
    """Raise an error of the platform as the app sees it."""
    from edgelint.testing.python_host.js_errors import as_js_error

    raise as_js_error(error) from None


def call(function: Any, *args: Any, this: Any = UNDEFINED) -> Any:
    """Call a function from the JavaScript side, whoever made it. Raises EdgeError (TypeError) when it is none."""
    apply = getattr(function, "_js_apply", None)
    if apply is None:
        raise EdgeError(f"{text(function)} is not a function", "TypeError")
    return apply(this, [lower(arg) for arg in args])


def iterate(value: Any) -> Iterator[Any]:
    """Iterate over an iterable of the JavaScript side. Raises EdgeError (TypeError) when it is none."""
    if isinstance(value, str):
        return iter(value)
    found = value._js_iterate() if isinstance(value, _proxy) else None
    if found is None:
        shown = text(value)
        if not isinstance(value, _proxy):
            kind = "" if value is None or value is UNDEFINED else f"{typeof(value)} "
            shown = f"{kind}{shown} is not iterable (cannot read property Symbol(Symbol.iterator))"
            raise EdgeError(shown, "TypeError")
        raise EdgeError(f"{shown} is not iterable", "TypeError")
    return (lower(item) for item in found)


def text(value: Any) -> str:
    """``String(value)``."""
    if isinstance(value, _proxy):
        return str(value._js_text())
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, JsBigInt):
        return str(int(value))
    return number_text(value) if isinstance(value, (int, float)) else str(value)


def typeof(value: Any) -> str:
    """``typeof value``."""
    if isinstance(value, _proxy):
        return str(value._js_typeof)
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, JsBigInt):
        return "bigint"
    return {int: "number", float: "number", str: "string"}.get(type(value), "object")


def _missing(*args: Any) -> Any:
    raise RuntimeError("import edgelint.testing.python_host.runtime first")


_wrap: Callable[[Any], Any] = _missing
_lend: Callable[[Any, list[Any]], bool] = _missing
_lower: Callable[[Any], Any] = _missing
_start: Callable[[Any, str], Any] = _missing
_object: Callable[[dict[str, Any]], Any] = _missing
_proxy: Any = ()
"""The class of JavaScript's objects (``jsvalue.JsProxy``)."""


def know(proxy: type) -> None:
    """Say which class that is."""
    global _proxy
    _proxy = proxy


def install(
    *, wrap: Callable[[Any], Any], lend: Callable[[Any, list[Any]], bool], lowering: Callable[[Any], Any],
    start: Callable[[Any, str], Any], plain_object: Callable[[dict[str, Any]], Any],
) -> None:  # fmt: skip
    """Put in what the modules above this one do: proxies of Python objects, promises, collections."""
    global _wrap, _lend, _lower, _start, _object
    _wrap, _lend, _lower, _start, _object = wrap, lend, lowering, start, plain_object
