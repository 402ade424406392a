"""Values between an app and D1: JavaScript's and JSON's rules, said for plain Python.

workerd checks a value when it is bound and sends it as JSON; the service answers JSON too: a BLOB is an array of
numbers both ways, a number is a double, what JSON cannot say (NaN, an infinity) is null
(https://github.com/cloudflare/workerd/blob/main/src/cloudflare/internal/d1-api.ts and
https://github.com/cloudflare/workers-sdk/blob/main/packages/miniflare/src/workers/d1/database.worker.ts).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from edgelint.d1.engine import Value
from edgelint.testing.coercion import MAX_SAFE, integer, primitive_text
from edgelint.testing.errors import EdgeError
from edgelint.testing.values import UNDEFINED

# Half a surrogate pair reaches SQLite as three bytes that are no UTF-8 and comes back so (workerd 1.20261117.1).
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
Cell: TypeAlias = "int | float | str | list[int] | None"
"""What comes out of a column."""


def bind_value(value: Any) -> Value:
    """A value as it reaches SQLite: null, text, bytes and numbers; a boolean is 1 or 0, a list of bytes' numbers is
    those bytes. Raises EdgeError (D1_TYPE_ERROR) for everything else: UNDEFINED, an int that is a BigInt to JavaScript
    (beyond 2**53 - 1), other objects."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd\ufffd\ufffd", value)
    if value is None:
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        if abs(value) > MAX_SAFE:
            raise refused_type("bigint", str(value))
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (list, tuple)) and all(_is_byte(item) for item in value):
        return bytes(int(item) for item in value)  # as a Uint8Array cuts a fraction off
    if value is UNDEFINED:
        raise refused_type("undefined", "undefined")
    raise refused_type("function" if callable(value) else "object", _text(value))


def refused_type(kind: str, text: str) -> EdgeError:
    """What workerd says of a value that it does not bind: ``kind`` is its ``typeof``, ``text`` its String()."""
    words = f"Type '{kind}' not supported for value '{text}'"
    return EdgeError(f"D1_TYPE_ERROR: {words}", cause=EdgeError(words))


def cell(value: Value) -> Cell:
    """A value of a row as the app gets it."""
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            return None
        return 0 if value == 0 else integer(value)  # JSON has no -0
    return value


def objects(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[dict[str, Cell]]:
    """Rows as dicts; of columns of one name the last counts."""
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _is_byte(item: Any) -> bool:
    return isinstance(item, (int, float)) and not isinstance(item, bool) and 0 <= item < 256


def _text(value: Any) -> str:
    """JavaScript's String() of an object."""
    found = primitive_text(value)
    if found is not None:
        return found
    if isinstance(value, datetime):
        when = value.astimezone(UTC)
        return when.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")
    if isinstance(value, (list, tuple)):
        return ",".join("" if item is None or item is UNDEFINED else _text(item) for item in value)
    if isinstance(value, (set, frozenset)):
        return "[object Set]"
    return "[object Object]"
