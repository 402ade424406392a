"""How workerd takes what JavaScript gives it where a number or a string is wanted, said for plain Python values."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

from edgelint.testing.errors import type_error
from edgelint.testing.values import UNDEFINED, Undefined

MAX_SAFE: Final = 2**53 - 1
"""The largest integer that a JavaScript number holds exactly, with all below it (Number.MAX_SAFE_INTEGER)."""
_INT32: Final = (-(2**31), 2**31 - 1)


def number(value: Any) -> float:
    """A value as JavaScript's Number() makes it. Raises EdgeError (TypeError) for what has no number."""
    if value is None:
        return 0.0
    if isinstance(value, Undefined):
        return math.nan
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str):
        text = value.strip()
        try:
            return float(text) if text else 0.0
        except ValueError:
            return math.nan
    return math.nan


def int32(value: Any) -> int:
    """A value where workerd wants a 32-bit integer: cut towards zero, NaN and infinities are 0. Raises EdgeError
    (TypeError) when it is out of range. Seen on workerd 1.20260426.1."""
    converted = number(value)
    if not math.isfinite(converted):
        return 0
    low, high = _INT32
    whole = math.trunc(converted)
    if not low <= whole <= high:
        raise type_error(f"Value out of range. Must be between {low} and {high} (inclusive).")
    return whole


def number_text(value: float) -> str:
    """A number as JavaScript writes it: "1" for 1.0, "1e+21", "NaN" (ECMA-262, Number::toString)."""
    if isinstance(value, int) and abs(value) <= MAX_SAFE:
        return str(int(value))
    value = _as_double(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    _, figures, exponent = Decimal(repr(abs(value))).as_tuple()
    assert isinstance(exponent, int)
    digits = "".join(map(str, figures)).rstrip("0")
    exponent += len(figures) - len(digits)
    point = len(digits) + exponent  # where the decimal point stands, from the first digit
    if 0 < point <= 21:
        text = digits.ljust(point, "0")
        return sign + (text if len(digits) <= point else f"{digits[:point]}.{digits[point:]}")
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{sign}{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def integer(value: float) -> int | float:
    """A number as it reaches Python: a whole one that JavaScript holds exactly is an int, everything else a float."""
    if isinstance(value, int):
        return value if abs(value) <= MAX_SAFE else _as_double(value)
    if value.is_integer() and abs(value) <= MAX_SAFE and not (value == 0 and math.copysign(1, value) < 0):
        return int(value)
    return value


def primitive_text(value: Any) -> str | None:
    """A string, number, boolean, null or undefined as JavaScript's String() makes it; None for an object."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    return "undefined" if value is UNDEFINED else None


def utf8(text: str) -> bytes:
    """A string as workerd sends it: a lone surrogate keeps its three bytes."""
    return text.encode("utf-8", "surrogatepass")


def _as_double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


