"""What every Web class has in common, and how arguments become what Web IDL wants of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Self

from edgelint.testing.coercion import number, number_text, primitive_text
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.values import UNDEFINED


class Missing:
    """The type of MISSING, the default of an argument that was not given at all (which is not ``undefined``)."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "missing"


MISSING: Final = Missing()


class ArrayBuffer(bytes):
    """Bytes that JavaScript gets as an ArrayBuffer; plain bytes it gets as a Uint8Array."""

    __slots__ = ()


class WebObject:
    """The base of every Web class. ``js_name`` is the name of its JavaScript class, the Python one when empty.

    ``js_iterates`` names the method that iteration calls, ``js_async_iterates`` the one of asynchronous iteration.
    """

    js_name: ClassVar[str] = ""
    js_iterates: ClassVar[str] = ""
    js_async_iterates: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.js_iterates and not hasattr(cls, "__iter__"):
            cls.__iter__ = lambda self: getattr(self, self.js_iterates)()  # type: ignore[attr-defined]
        if cls.js_async_iterates and not hasattr(cls, "__aiter__"):
            cls.__aiter__ = lambda self: getattr(self, self.js_async_iterates)()  # type: ignore[attr-defined]

    def _copy(self) -> Self:
        """A second object with the same fields; in JavaScript it is another one."""
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        made.__dict__.pop("_js_value", None)
        return made

    @classmethod
    def _js_class_name(cls) -> str:
        return cls.__dict__.get("js_name") or cls.__name__

    def _js_text(self) -> str:
        """What ``String(value)`` gives."""
        return f"[object {self._js_class_name()}]"

    def _js_shown(self) -> str:
        """What the console shows."""
        return f"{self._js_class_name()} {{}}"


class StaticAndMethod:
    """A name that is a static method of the class and a method of its instances: ``Response.json``."""

    def __init__(self, static: Callable[..., Any], method: Callable[..., Any]) -> None:
        self.static = static
        self.method = method

    def __get__(self, instance: Any, owner: Any = None) -> Callable[..., Any]:
        if instance is None:
            return self.static
        bound: Callable[..., Any] = self.method.__get__(instance, owner)
        return bound


def illegal_constructor() -> EdgeError:
    """The TypeError of a class that apps do not construct."""
    return type_error("Illegal constructor")


def given(value: Any) -> bool:
    """Whether an optional argument was given, and not as ``undefined``."""
    return value is not MISSING and value is not UNDEFINED


def or_else(value: Any, default: Any) -> Any:
    """``value`` when it was given, ``default`` otherwise."""
    return value if given(value) else default


def text(value: Any, where: str = "", kind: str = "string") -> str:
    """A value as a string (Web IDL's DOMString). ``where`` is "get on Headers 1" (method, class, number of the
    parameter) or "new URL 1": what the TypeError of a missing one says; ``kind`` what it should have been."""
    if value is MISSING:
        raise wrong_type(where, kind)
    return js_text(value)


def js_text(value: Any) -> str:
    """``String(value)``."""
    plain = primitive_text(value)
    if plain is not None:
        return plain
    if isinstance(value, WebObject):
        return value._js_text()
    if isinstance(value, EdgeError):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return ",".join(map(str, bytes(value)))
    if isinstance(value, (list, tuple)):
        return ",".join("" if item is None or item is UNDEFINED else js_text(item) for item in value)
    return "[object Object]" if isinstance(value, Mapping) else str(value)


def wrong_type(where: str, kind: str) -> EdgeError:
    """The TypeError of an argument that cannot be converted, in workerd's words. ``where`` as ``text`` has it
    (https://github.com/cloudflare/workerd/blob/main/src/workerd/jsg/util.c++)."""
    if where.startswith("new "):
        _, name, index = where.split(" ")
        return type_error(f"Failed to construct '{name}': constructor parameter {index} is not of type '{kind}'.")
    method, _, name, index = where.split(" ")
    if index == "set":
        return type_error(
            f"Failed to set the '{method}' property on '{name}': the provided value is not of type '{kind}'."
        )
    return type_error(f"Failed to execute '{method}' on '{name}': parameter {index} is not of type '{kind}'.")


def wrong_field(name: str, dictionary: str, kind: str) -> EdgeError:
    """The TypeError of a member of an options object (workerd's jsg/util.c++)."""
    return type_error(
        f"Incorrect type for the '{name}' field on '{dictionary}': the provided value is not of type '{kind}'."
    )


def truth(value: Any) -> bool:
    """``Boolean(value)``: an object is true, also an empty one."""
    if value is None or value is UNDEFINED or value is MISSING or value is False:
        return False
    if isinstance(value, (int, float)):
        return not (value == 0 or math.isnan(value))
    return value != "" if isinstance(value, str) else True


def whole(value: Any, default: int = 0) -> int:
    """A number cut towards zero; ``default`` when it was not given or is no finite number."""
    if not given(value):
        return default
    converted = number(value)
    return math.trunc(converted) if math.isfinite(converted) else default


def field(options: Any, name: str, default: Any = UNDEFINED) -> Any:
    """A member of an options object (a dict, or any object that has it); ``default`` when it is absent or undefined."""
    if isinstance(options, Mapping):
        found = options.get(name, UNDEFINED)
    else:
        found = getattr(options, name, UNDEFINED)
    return default if found is UNDEFINED or found is MISSING else found


def is_buffer(value: Any) -> bool:
    """Whether a value is an ArrayBuffer or a view, as plain Python has them."""
    return isinstance(value, (bytes, bytearray, memoryview))


def can_iterate(value: Any) -> bool:
    """Whether a value is an iterable object, now or later: an array, a map, a generator; no string and no buffer."""
    if isinstance(value, (str, Mapping)) or is_buffer(value):
        return False
    return hasattr(value, "__iter__") or hasattr(value, "__aiter__")


__all__ = [
    "MISSING", "ArrayBuffer", "StaticAndMethod", "WebObject", "can_iterate", "field", "given", "illegal_constructor",
    "is_buffer", "js_text", "number_text", "or_else", "text", "truth", "whole", "wrong_field", "wrong_type",
]  # fmt: skip
