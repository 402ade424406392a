"""Values as JSON, for what plain JSON cannot say. js/codec.js is the other half; this is where the form is described.

null, booleans, strings and finite numbers (but -0) are themselves. Everything else is a list with a tag:

- ``["u"]``: undefined; ``["n", "NaN" | "Infinity" | "-Infinity" | "-0"]``; ``["i", "12"]``: a BigInt
- ``["d", ms | null]``: a Date, null for an invalid one
- ``["b", kind, base64]``: bytes; the kind is "Uint8Array", "ArrayBuffer", "DataView" or that of another typed array
- ``["a", item, ...]``: an array; ``["o", key, value, ...]``: an object; ``["m", key, value, ...]``: a Map;
  ``["s", item, ...]``: a Set
- ``["r", n]``: the array, object, Map or Set that is the n-th of its message, in the order in which they begin
- ``["x", source, flags]``: a regular expression
- ``["e", error]``: an error, as ``encode_error`` makes it

An error is an object: ``name``, ``message``, ``stack`` (where it is of JavaScript), ``code`` (a number), ``cause``
(encoded), and ``remote``, ``retryable``, ``overloaded`` where they are true.

In Python a Date is a datetime in UTC (an invalid one, and one that a datetime cannot hold, is a float: its ms), an
error is an EdgeError, a regular expression its text; see also ``testing.js_values``.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from edgelint.testing.clone import not_carried, not_cloneable
from edgelint.testing.coercion import MAX_SAFE
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.js_values import JsBigInt, JsBytes, JsMap, JsSet
from edgelint.testing.values import UNDEFINED

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_FLAGS: Final = ("remote", "retryable", "overloaded")
_SPECIAL: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}
Json = Any
"""What ``json`` writes and reads."""


class _RefusedError(Exception):
    """``value`` is none that crosses."""

    def __init__(self, value: Any) -> None:
        self.value = value


def encode(value: Any, root: str = "the value") -> Json:
    """A value as JSON. Raises EdgeError (DataCloneError) for what does not cross; ``root`` is what it calls the
    value."""
    try:
        return _encode(value, {})
    except _RefusedError as refused:
        kind = _kind(refused.value)
        if kind is None:
            raise not_cloneable(refused.value) from None
        told = "only values do, no functions, streams, stubs, requests or responses"
        raise not_carried(f"{root}{_way(value, refused.value, set())}", kind, told) from None


def _kind(value: Any) -> str | None:
    """What the runtime's own RPC would carry, and this does not; None for what is refused there as well."""
    if isinstance(value, HttpRequest):
        return "a Request"
    if isinstance(value, HttpResponse):
        return "a Response"
    return "a function" if callable(value) and not isinstance(value, type) else None


def _way(value: Any, target: Any, seen: set[int]) -> str | None:
    """The way from a value to one that is in it: "[0].body"; None where it is not."""
    if value is target:
        return ""
    if not isinstance(value, (dict, list, tuple, set, frozenset)) or id(value) in seen:
        return None
    seen.add(id(value))
    steps: Iterable[tuple[str, Any]]
    if isinstance(value, dict):
        steps = ((f".{key}" if str(key).isidentifier() else f"[{key!r}]", item) for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        steps = ((f"[{index}]", item) for index, item in enumerate(value))
    else:
        steps = ((" (in a set)", item) for item in value)
    found = ((step, _way(item, target, seen)) for step, item in steps)
    return next((step + rest for step, rest in found if rest is not None), None)


def decode(form: Json) -> Any:
    """The value of what either half encoded. Raises EdgeUsageError for a Map that Python cannot hold, and ValueError
    for what is no such form."""
    return _decode(form, [])


def encode_error(error: BaseException) -> dict[str, Json]:
    """An error as an object. One that is not of the platform is an Error that says its class."""
    if not isinstance(error, EdgeError):
        return {"name": "Error", "message": f"{type(error).__name__}: {error}"}
    form: dict[str, Json] = {"name": error.name, "message": error.message}
    stack = getattr(error, "stack", None)
    if stack:
        form["stack"] = stack
    if error.code is not None:
        form["code"] = error.code
    if isinstance(error.__cause__, EdgeError):
        form["cause"] = ["e", encode_error(error.__cause__)]
    form.update({flag: True for flag in _FLAGS if getattr(error, flag)})
    return form


def decode_error(form: dict[str, Json]) -> EdgeError:
    """The error of an object. A cause that is no error is not kept: Python has no place for it."""
    cause = decode(form["cause"]) if "cause" in form else None
    code = form.get("code")
    return EdgeError(
        form["message"], form["name"], code=code, cause=cause if isinstance(cause, EdgeError) else None,
        **{flag: bool(form.get(flag)) for flag in _FLAGS},
    )  # fmt: skip


def without_undefined(value: Any) -> Any:
    """None for UNDEFINED, anything else as it is."""
    return None if value is UNDEFINED else value


def _encode(value: Any, seen: dict[int, int]) -> Json:
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if value is UNDEFINED:
        return ["u"]
    if isinstance(value, int):
        return ["i", str(int(value))] if isinstance(value, JsBigInt) or abs(value) > MAX_SAFE else int(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return ["d", (moment - _EPOCH) // _MILLISECOND]
    if isinstance(value, (bytes, bytearray, memoryview)):
        kind = value.kind if isinstance(value, JsBytes) else "Uint8Array"
        return ["b", kind, b64encode(value).decode()]
    if isinstance(value, EdgeError):
        return ["e", encode_error(value)]
    tag, items = _container(value)
    if id(value) in seen:
        return ["r", seen[id(value)]]
    seen[id(value)] = len(seen)
    return [tag, *(_encode(item, seen) for item in items)]


def _number(value: float) -> Json:
    if math.isnan(value):
        return ["n", "NaN"]
    if math.isinf(value):
        return ["n", "Infinity" if value > 0 else "-Infinity"]
    return ["n", "-0"] if value == 0 and math.copysign(1, value) < 0 else value


def _container(value: Any) -> tuple[str, Iterable[Any]]:
    if isinstance(value, JsSet):
        return "s", value
    if isinstance(value, (list, tuple)):
        return "a", value
    if isinstance(value, dict):
        of_text = not isinstance(value, JsMap) and all(isinstance(key, str) for key in value)
        return "o" if of_text else "m", (part for pair in value.items() for part in pair)
    if isinstance(value, (set, frozenset)):
        return "s", value
    raise _RefusedError(value)


def _decode(form: Json, made: list[Any]) -> Any:
    if not isinstance(form, list):
        return float(form) if type(form) is int and abs(form) > MAX_SAFE else form
    tag, *rest = form
    match tag:
        case "u":
            return UNDEFINED
        case "n":
            return _SPECIAL[rest[0]]
        case "i":
            return _big(int(rest[0]))
        case "d":
            return _date(rest[0])
        case "b":
            content = b64decode(rest[1])
            return content if rest[0] == "Uint8Array" else JsBytes(content, rest[0])
        case "x":
            return f"/{rest[0]}/{rest[1]}"
        case "e":
            return decode_error(rest[0])
        case "r":
            return made[rest[0]]
        case "a":
            return _items(rest, made)
        case "o" | "m":
            return _entries(rest, {} if tag == "o" else JsMap(), made)
        case "s":
            return _set(rest, made)
        case _:
            raise ValueError(f"no such tag: {tag!r}")


def _big(value: int) -> int:
    return value if abs(value) > MAX_SAFE else JsBigInt(value)


def _date(ms: float | None) -> datetime | float:
    if ms is None:
        return math.nan
    try:
        return _EPOCH + ms * _MILLISECOND
    except OverflowError:
        return float(ms)


def _items(forms: list[Json], made: list[Any]) -> list[Any]:
    items: list[Any] = []
    made.append(items)
    items.extend(_decode(form, made) for form in forms)
    return items


def _entries(forms: list[Json], entries: dict[Any, Any], made: list[Any]) -> dict[Any, Any]:
    made.append(entries)
    for key, value in zip(forms[::2], forms[1::2], strict=True):
        found = _decode(key, made)
        if not _hashable(found) or found in entries:
            raise EdgeUsageError(f"a Map has a key that Python cannot have in a dict beside the others: {found!r}")
        entries[found] = _decode(value, made)
    return entries


def _set(forms: list[Json], made: list[Any]) -> set[Any] | JsSet:
    items, at = JsSet(), len(made)
    made.append(items)
    items.extend(_decode(form, made) for form in forms)
    if all(map(_hashable, items)) and len(found := set(items)) == len(items):
        made[at] = found  # nothing hashable refers to it
        return found
    return items


def _hashable(value: Any) -> bool:
    return not isinstance(value, (list, dict, set))
