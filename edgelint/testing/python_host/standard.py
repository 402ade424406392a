"""What ECMAScript itself puts on globalThis: Object, JSON, Math, Number and the rest, as far as Python uses them."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from edgelint.testing.coercion import MAX_SAFE, number
from edgelint.testing.errors import EdgeError
from edgelint.testing.json_text import dump, parse
from edgelint.testing.python_host.buffers import TYPED_ARRAYS, DataView, JsArrayBuffer
from edgelint.testing.python_host.containers import JsArray, pairs_of, same
from edgelint.testing.python_host.convert import structured_clone
from edgelint.testing.python_host.dates import JsDate
from edgelint.testing.python_host.js_errors import NATIVE, error_type
from edgelint.testing.python_host.jsvalue import (
    JsBigInt,
    JsFunction,
    JsHost,
    JsObject,
    JsProxy,
    Static,
    call,
    class_of,
    getter,
    lower,
    method,
    static,
    text,
    typeof,
)
from edgelint.testing.python_host.maps import JsMap, JsSet
from edgelint.testing.python_host.names import Later, Names
from edgelint.testing.python_host.promises import JsPromise
from edgelint.testing.python_host.pyproxy import PyProxy, big
from edgelint.testing.python_host.realm import realm
from edgelint.testing.values import UNDEFINED

_URI: Final = "-_.!~*'();/?:@&=+$,#"
_COMPONENT: Final = "-_.!~*'()"
_BAD_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
NO_EVAL: Final = "Code generation from strings disallowed for this context"
"""What V8 says in a Worker (EvalError)."""


def _object(value: Any, verb: str) -> JsProxy:
    if isinstance(value, JsProxy):
        return value
    if value is None or value is UNDEFINED:
        raise EdgeError("Cannot convert undefined or null to object", "TypeError")
    return JsArray(list(value)) if isinstance(value, str) and verb != "keys" else JsObject()


def _from_entries(values: Any = UNDEFINED) -> JsObject:
    return JsObject({text(key): value for key, value in pairs_of(values)})


def _assign(target: Any, *sources: Any) -> Any:
    for source in sources:
        if isinstance(source, JsProxy):
            for key in source._js_keys():
                target._js_set(key, source._js_get(key))
    return target


def _create(prototype: Any = None, *rest: Any) -> JsObject:
    made = JsObject()
    if isinstance(prototype, JsProxy):
        for key in prototype._js_keys():
            made._own()[key] = prototype._js_get(key)
    return made


_OBJECT: Final[dict[str, Callable[..., Any]]] = {
    "fromEntries": _from_entries,
    "entries": lambda value=UNDEFINED: [
        [key, _object(value, "entries")._js_get(key)] for key in _object(value, "entries")._js_keys()
    ],
    "keys": lambda value=UNDEFINED: _object(value, "keys")._js_keys(),
    "values": lambda value=UNDEFINED: [
        _object(value, "values")._js_get(key) for key in _object(value, "values")._js_keys()
    ],
    "getOwnPropertyNames": lambda value=UNDEFINED: _object(value, "keys")._js_keys(),
    "assign": _assign,
    "create": _create,
    "is": lambda one=UNDEFINED, other=UNDEFINED: same(one, other),
    "hasOwn": lambda value=UNDEFINED, key=UNDEFINED: text(key) in _object(value, "keys")._js_keys(),
    "freeze": lambda value=UNDEFINED: value,
    "isFrozen": lambda value=UNDEFINED: not isinstance(value, JsProxy),
}
for _name, _function in _OBJECT.items():
    JsObject._js_statics[_name] = Static(_name, _function)


def to_json(value: Any, key: str = "") -> Any:
    """A value as plain Python for ``json_text.dump``: toJSON is called, what JSON has not is UNDEFINED."""
    if isinstance(value, JsBigInt):
        raise EdgeError("Do not know how to serialize a BigInt", "TypeError")
    if not isinstance(value, JsProxy):
        return value
    convert = value._js_get("toJSON") if value._js_has("toJSON") else UNDEFINED
    if convert is not UNDEFINED:
        return to_json(call(convert, key))
    if typeof(value) == "function":
        return UNDEFINED
    if isinstance(value, JsArray):
        return [to_json(item) for item in value._items()]
    if isinstance(value, PyProxy) and isinstance(value._live(), (list, tuple)):
        return [to_json(item) for item in list(value._js_iterate() or ())]  # whose proxies end with the iteration
    return {name: to_json(value._js_get(name), name) for name in value._js_keys()}


class Json(JsHost, js_name="JSON"):
    """``JSON``."""

    @method
    def parse(self, source: Any = UNDEFINED, reviver: Any = UNDEFINED) -> Any:
        found = lower(parse(text(source)))
        return found if reviver is UNDEFINED else _revived(found, "", reviver)

    @method
    def stringify(self, value: Any = UNDEFINED, replacer: Any = UNDEFINED, space: Any = UNDEFINED) -> Any:
        plain = to_json(value)
        if isinstance(replacer, JsArray) and isinstance(plain, dict):
            wanted = [text(item) for item in replacer._items()]
            plain = {name: plain[name] for name in wanted if name in plain}
        indent = space[:10] if isinstance(space, str) else ""
        if isinstance(space, (int, float)):
            indent = " " * min(10, int(space))
        if indent and plain is not UNDEFINED:
            return _indented(plain, indent, "")
        written = dump(plain)
        return UNDEFINED if written is None else written


def _revived(value: Any, key: str, reviver: Any) -> Any:
    if isinstance(value, (JsObject, JsArray)):
        for name in list(value._js_keys()):
            value._js_set(name, _revived(value._js_get(name), name, reviver))
    return call(reviver, key, value, JsObject())  # V8 gives a context too


def _indented(value: Any, indent: str, before: str) -> str:
    inner = before + indent
    if isinstance(value, list) and value:
        items = [_indented(None if item is UNDEFINED else item, indent, inner) for item in value]
        return f"[\n{inner}" + f",\n{inner}".join(items) + f"\n{before}]"
    if isinstance(value, dict) and any(item is not UNDEFINED for item in value.values()):
        pairs = [
            f"{dump(key)}: {_indented(item, indent, inner)}" for key, item in value.items() if item is not UNDEFINED
        ]
        return f"{{\n{inner}" + f",\n{inner}".join(pairs) + f"\n{before}}}"
    return dump(value) or ""


def _real(function: Callable[[float], float]) -> Callable[..., float]:
    def computed(value: Any = UNDEFINED) -> float:
        try:
            return function(number(value))
        except (ValueError, OverflowError):
            return math.nan

    return computed


def _random() -> float:
    generator = realm().random
    return (generator or _unseeded).random()


_unseeded: Final = random.Random(0)


def _namespace(members: dict[str, Any]) -> JsObject:
    return JsObject(
        {name: JsFunction(value, name) if callable(value) else value for name, value in members.items()}
    )


def _math() -> JsObject:
    reals = ("sqrt", "exp", "sin", "cos", "tan", "asin", "acos", "atan", "log2", "log10", "cbrt")
    members: dict[str, Any] = {name: _real(getattr(math, name)) for name in reals}
    members |= {
        "PI": math.pi, "E": math.e, "random": _random, "log": _real(math.log), "abs": _real(abs),
        "floor": _real(lambda value: value if math.isinf(value) else float(math.floor(value))),
        "ceil": _real(lambda value: value if math.isinf(value) else float(math.ceil(value))),
        "trunc": _real(lambda value: value if math.isinf(value) else float(math.trunc(value))),
        "round": _real(lambda value: value if math.isinf(value) else float(math.floor(value + 0.5))),
        "sign": _real(lambda value: float((value > 0) - (value < 0)) if value == value else value),
        "pow": lambda base=UNDEFINED, exponent=UNDEFINED: number(base) ** number(exponent),
        "max": lambda *values: max(map(number, values), default=-math.inf),
        "min": lambda *values: min(map(number, values), default=math.inf),
        "hypot": lambda *values: math.hypot(*map(number, values)),
    }  # fmt: skip
    return _namespace(members)


class _Boxed(JsHost, js_name="Object"):
    """``new Number(5)`` and its like."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def _js_text(self) -> str:
        return text(self._value)

    @method
    def valueOf(self) -> Any:
        return self._value


def _primitive(value: Any) -> Any:
    return number(text(value) if isinstance(value, JsProxy) else int(value) if isinstance(value, JsBigInt) else value)


class Number(_Boxed, js_name="Number"):
    """``Number``."""

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        return cls(_primitive(args[0]) if args else 0)

    @classmethod
    def _js_call_class(cls, args: list[Any]) -> Any:
        return _primitive(args[0]) if args else 0

    @static
    def isInteger(value: Any = UNDEFINED) -> bool:
        return _is_number(value) and float(value).is_integer()

    @static
    def isSafeInteger(value: Any = UNDEFINED) -> bool:
        return _is_number(value) and float(value).is_integer() and abs(value) <= MAX_SAFE

    @static
    def isFinite(value: Any = UNDEFINED) -> bool:
        return _is_number(value) and math.isfinite(value)

    @static
    def isNaN(value: Any = UNDEFINED) -> bool:
        return _is_number(value) and math.isnan(value)

    @static
    def parseFloat(value: Any = UNDEFINED) -> float:
        return _parse_float(value)

    @static
    def parseInt(value: Any = UNDEFINED, base: Any = UNDEFINED) -> float:
        return _parse_int(value, base)


for _constant, _value in (
    ("MAX_SAFE_INTEGER", MAX_SAFE), ("MIN_SAFE_INTEGER", -MAX_SAFE), ("NaN", math.nan), ("EPSILON", 2.0**-52),
    ("POSITIVE_INFINITY", math.inf), ("NEGATIVE_INFINITY", -math.inf), ("MAX_VALUE", 1.7976931348623157e308),
):  # fmt: skip
    Number._js_statics[_constant] = Static(_constant, lambda value=_value: value, constant=True)


class String(_Boxed, js_name="String"):
    """``String``."""

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        return cls(text(args[0]) if args else "")

    @classmethod
    def _js_call_class(cls, args: list[Any]) -> Any:
        return text(args[0]) if args else ""

    def _js_iterate(self) -> Any:
        return iter(self._value)

    @getter
    def length(self) -> int:
        return len(self._value.encode("utf-16-le", "surrogatepass")) // 2

    @static
    def fromCharCode(*codes: Any) -> str:
        units = b"".join((int(number(code)) & 0xFFFF).to_bytes(2, "little") for code in codes)
        return units.decode("utf-16-le", "surrogatepass")


class Boolean(_Boxed, js_name="Boolean"):
    """``Boolean``."""

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        return cls(_truth(args))

    @classmethod
    def _js_call_class(cls, args: list[Any]) -> Any:
        return _truth(args)


class BigInt(JsHost, js_name="BigInt"):
    """``BigInt``."""

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        raise EdgeError("BigInt is not a constructor", "TypeError")

    @classmethod
    def _js_call_class(cls, args: list[Any]) -> Any:
        return big(args[0] if args else UNDEFINED)


class Symbol(JsHost, js_name="Symbol"):
    """``Symbol``."""

    def __init__(self, name: str) -> None:
        self._name = name

    @classmethod
    def _js_call_class(cls, args: list[Any]) -> Any:
        return cls(text(args[0]) if args else "")

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        raise EdgeError("Symbol is not a constructor", "TypeError")

    def _js_text(self) -> str:
        return f"Symbol({self._name})"


def _well_known(name: str) -> None:
    made = Symbol(f"Symbol.{name}")
    Symbol._js_statics[name] = Static(name, lambda: made, constant=True)


for _known in ("iterator", "asyncIterator", "toStringTag", "dispose", "asyncDispose"):
    _well_known(_known)


class Function(JsHost, js_name="Function"):
    """``Function``: nothing is compiled at the edge."""

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        raise EdgeError(NO_EVAL, "EvalError")

    _js_call_class = _js_construct


def _truth(args: list[Any]) -> bool:
    from edgelint.testing.python_host.containers import truthy

    return truthy(args[0]) if args else False


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, (bool, JsBigInt))


def _parse_float(value: Any = UNDEFINED) -> float:
    found = re.match(r"\s*([+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))", text(value))
    return float(found[1].replace("Infinity", "inf")) if found else math.nan


def _parse_int(value: Any = UNDEFINED, base: Any = UNDEFINED) -> float:
    written, radix = text(value).strip().lower(), int(number(base)) if base not in (UNDEFINED, 0) else 0
    sign = -1 if written.startswith("-") else 1
    written = written.lstrip("+-")
    if radix in (0, 16) and written.startswith("0x"):
        written, radix = written[2:], 16
    radix = radix or 10
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:radix]
    found = re.match(f"[{digits}]+", written)
    return sign * int(found[0], radix) if found else math.nan


def _decode(value: Any = UNDEFINED) -> str:
    if _BAD_ESCAPE.search(text(value)):
        raise EdgeError("URI malformed", "URIError")
    try:
        return unquote_to_bytes(text(value)).decode("utf-8")
    except UnicodeDecodeError:
        raise EdgeError("URI malformed", "URIError") from None


def _no_eval(source: Any = UNDEFINED) -> Any:
    raise EdgeError(NO_EVAL, "EvalError")


@cache
def _classes() -> dict[str, Any]:
    """The constructors, which all isolates share."""
    kinds: tuple[type[JsProxy], ...] = (
        JsObject, JsArray, JsMap, JsSet, JsDate, JsPromise, JsArrayBuffer, DataView, Number, String, Boolean, BigInt,
        Symbol, Function, *TYPED_ARRAYS.values(),
    )  # fmt: skip
    names: dict[str, Any] = {kind._js_class_name: class_of(kind) for kind in kinds}
    return names | {name: class_of(error_type(name)) for name in (*NATIVE, "DOMException")}


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "eval": _no_eval,
    "isNaN": lambda value=UNDEFINED: math.isnan(number(value)),
    "isFinite": lambda value=UNDEFINED: math.isfinite(number(value)),
    "parseInt": _parse_int,
    "parseFloat": _parse_float,
    "encodeURIComponent": lambda value=UNDEFINED: quote(text(value), safe=_COMPONENT),
    "encodeURI": lambda value=UNDEFINED: quote(text(value), safe=_URI),
    "decodeURIComponent": _decode,
    "decodeURI": _decode,
    "structuredClone": lambda value=UNDEFINED, options=UNDEFINED: structured_clone(value),
}


def standard() -> dict[str, Any]:
    """The names of ECMAScript, fresh for one isolate; some are Later."""
    return {
        **_classes(), **_LATER,
        "undefined": UNDEFINED, "NaN": math.nan, "Infinity": math.inf,
    }  # fmt: skip


def _reflect() -> JsObject:
    return _namespace(
        {
            "ownKeys": lambda value: _object(value, "keys")._js_keys(),
            "has": lambda value, key: _object(value, "keys")._js_has(text(key)),
            "get": lambda value, key: _object(value, "keys")._js_get(text(key)),
            "set": lambda value, key, to: _object(value, "keys")._js_set(text(key), to),
            "apply": lambda function, this, args: function._js_apply(this, list(args._js_iterate())),
        }
    )


_LATER: Final = {
    **{name: Later(partial(JsFunction, function, name)) for name, function in _FUNCTIONS.items()},
    "JSON": Later(Json), "Math": Later(_math), "Reflect": Later(_reflect),
}  # fmt: skip


def make_globals(*more: dict[str, Any]) -> JsObject:
    """globalThis of one isolate, with ECMAScript's names and others on top; a Later among them is made when it is
    read."""
    made = JsObject(Names(standard()))
    for names in more:
        made._own().update(names)
    made._own()["globalThis"] = made._own()["self"] = made
    return made

