"""Values of JavaScript that plain Python has not: equal to Python's own, with what they were beside it."""

from __future__ import annotations

from typing import Any


class JsMap(dict[Any, Any]):
    """A Map. A dict is an object, unless a key of it is no string."""

    __slots__ = ()


class JsSet(list[Any]):
    """A Set of values that a Python set cannot hold: an object in it, or 1 beside true."""

    __slots__ = ()


class JsBigInt(int):
    """A BigInt of any size. An int is a number, unless it is beyond 2**53 - 1."""

    __slots__ = ()


class JsBytes(bytes):
    """Bytes that are no Uint8Array: ``kind`` is "ArrayBuffer", "DataView", "Float64Array" ..., the bytes are as they
    lie in memory (little-endian)."""

    kind: str

    def __new__(cls, value: bytes, kind: str) -> JsBytes:
        made = super().__new__(cls, value)
        made.kind = kind
        return made

    def __repr__(self) -> str:
        return f"{self.kind}({super().__repr__()})"

    def __reduce__(self) -> tuple[Any, ...]:
        return JsBytes, (bytes(self), self.kind)
