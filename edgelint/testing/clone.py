"""Values that cross a boundary by copy: structured clones, and their size as V8 serialises them.

Plain Python stands for JavaScript: None (null), UNDEFINED, bool, int and float (numbers; an int beyond 2**53 - 1 is a
BigInt), str, bytes (a Uint8Array), datetime (Date), list, dict (an object), set, EdgeError (an Error). What is of the
classes of ``testing.js_values`` stays so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from edgelint.testing.coercion import MAX_SAFE
from edgelint.testing.errors import EdgeError
from edgelint.testing.js_values import JsMap, JsSet
from edgelint.testing.values import UNDEFINED

_DATA_CLONE: Final = 25  # the code of a DOMException of that name (https://webidl.spec.whatwg.org/#datacloneerror)
_HEADER: Final = 2
"""Bytes before a serialised value: the tag of the version, and the version (V8's value-serializer.cc)."""


def structured_clone(value: Any, special: Callable[[Any], Any] | None = None) -> Any:
    """A deep copy that shares nothing with ``value``; what appears twice or in itself does so in the copy. ``special``
    makes the copy of what is no plain value; without it, and as it likes, that raises EdgeError (DataCloneError)."""
    return _clone(value, {}, special or _refused)


def _clone(value: Any, seen: dict[int, Any], special: Callable[[Any], Any]) -> Any:
    if value is None or value is UNDEFINED or isinstance(value, (bool, int, float, str, bytes, datetime, EdgeError)):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, (list, tuple)):
        items: list[Any] = JsSet() if isinstance(value, JsSet) else []
        seen[id(value)] = items
        items.extend(_clone(item, seen, special) for item in value)
        return items
    if isinstance(value, dict):
        entries: dict[Any, Any] = JsMap() if isinstance(value, JsMap) else {}
        seen[id(value)] = entries
        entries.update({_clone(key, seen, special): _clone(item, seen, special) for key, item in value.items()})
        return entries
    if isinstance(value, (set, frozenset)):
        return {_clone(item, seen, special) for item in value}
    return special(value)


def _refused(value: Any) -> Any:
    raise not_cloneable(value)


def not_cloneable(value: Any) -> EdgeError:
    """The DataCloneError for a value of some class (https://github.com/cloudflare/workerd/blob/main/src/workerd/jsg/ser.c++)."""
    kind = getattr(value, "__name__", None) if callable(value) else None
    if kind is not None:
        return EdgeError(f"{kind} could not be cloned.", "DataCloneError", code=_DATA_CLONE)
    return EdgeError(
        f'Could not serialize object of type "{type(value).__name__}". This type does not support serialization.',
        "DataCloneError", code=_DATA_CLONE,
    )  # fmt: skip


def not_carried(where: str, kind: str, told: str) -> EdgeError:
    """The DataCloneError for what RPC carries in production and not here: ``where`` it stands in what is sent, ``kind``
    is what it is ("a ReadableStream"), ``told`` what crosses and what does not."""
    return EdgeError(f"{where} is {kind}, which does not cross here: {told}", "DataCloneError", code=_DATA_CLONE)


def serialized_size(value: Any) -> int:
    """Bytes of ``value`` in V8's serialisation, version 15 (padding before two-byte strings is left out: at most one
    byte a string). Raises EdgeError (DataCloneError)."""
    return _HEADER + _size(structured_clone(value), set())


def _size(value: Any, seen: set[int]) -> int:
    if value is None or value is UNDEFINED or isinstance(value, bool):
        return 1
    if isinstance(value, int):
        if -(2**30) <= value < 2**30:
            return 1 + _varint(2 * value if value >= 0 else -2 * value - 1)
        if abs(value) <= MAX_SAFE:
            return 9
        digits = 8 * math.ceil(value.bit_length() / 64)
        return 1 + _varint(2 * digits) + digits
    if isinstance(value, (float, datetime)):
        return 9
    if isinstance(value, str):
        width = 1 if all(char <= "\xff" for char in value) else 2
        length = len(value) if width == 1 else len(value.encode("utf-16-le", "surrogatepass"))
        return 1 + _varint(length) + length
    if isinstance(value, bytes):  # an ArrayBuffer, then the view: tag, kind, offset, length, flags
        return 1 + _varint(len(value)) + len(value) + 4 + _varint(len(value))
    if isinstance(value, EdgeError):  # the tags of an error, its message and its end, and of a class of its own
        return 3 + (value.name != "Error") + _size(value.message, seen)
    if id(value) in seen:
        return 2
    seen.add(id(value))
    if isinstance(value, list):
        return 1 + _varint(len(value)) + sum(_size(item, seen) for item in value) + 1 + 1 + _varint(len(value))
    if isinstance(value, set):
        return 1 + sum(_size(item, seen) for item in value) + 1 + _varint(len(value))
    return 1 + sum(_size(key, seen) + _size(item, seen) for key, item in value.items()) + 1 + _varint(len(value))


def _varint(number: int) -> int:
    return max(1, math.ceil(number.bit_length() / 7))
