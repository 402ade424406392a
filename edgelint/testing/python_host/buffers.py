"""ArrayBuffer, typed arrays and DataView."""

from __future__ import annotations

import array
import struct
from collections.abc import Iterable
from typing import Any, ClassVar, Final, cast

from edgelint.testing.coercion import number
from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.containers import Sequenced
from edgelint.testing.python_host.jsvalue import (
    JsBigInt,
    JsHost,
    JsProxy,
    Method,
    Static,
    getter,
    guarded,
    iterate,
    lower,
    method,
    static,
)
from edgelint.testing.python_host.pyproxy import PyProxy, is_buffer
from edgelint.testing.values import UNDEFINED


class Bytes(JsHost):
    """What Python may do with every kind of buffer (``pyodide.ffi.JsBuffer``)."""

    def _view(self) -> memoryview:
        """The bytes themselves, writable."""
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        """A copy."""
        return self._view().tobytes()

    def to_memoryview(self) -> memoryview:
        """A view of a copy."""
        return memoryview(bytearray(self._view())).cast(self._format())

    def to_string(self, encoding: str | None = None) -> str:
        """The text, by a label of TextDecoder's."""
        from edgelint.testing.python_host.web.encoding import TextDecoder

        return str(guarded(lambda: TextDecoder(encoding or "utf-8").decode(self._view().tobytes())))

    def assign(self, rhs: Any, /) -> None:
        """Copy from a Python buffer of the same size. Raises ValueError."""
        self._same_size(memoryview(rhs), "cannot assign to TypedArray of length {theirs} from buffer of length {ours}")
        self._view()[:] = memoryview(rhs).cast("B")

    def assign_to(self, to: Any, /) -> None:
        """Copy into a Python buffer of the same size. Raises ValueError."""
        self._same_size(memoryview(to), "cannot assign from TypedArray of length {ours} to buffer of length {theirs}")
        memoryview(to).cast("B")[:] = self._view()

    def to_file(self, file: Any, /) -> None:
        """Write into a Python file."""
        file.write(self.to_bytes())

    def from_file(self, file: Any, /) -> None:
        """Read from a Python file."""
        file.readinto(self._view())

    def _same_size(self, other: memoryview, words: str) -> None:
        ours = self._view().nbytes
        if other.nbytes != ours:
            raise ValueError(words.format(ours=ours, theirs=other.nbytes))

    def _format(self) -> Any:
        return "B"


class JsArrayBuffer(Bytes, js_name="ArrayBuffer"):
    """An ArrayBuffer."""

    _js_needs_new: ClassVar[str] = "Constructor ArrayBuffer requires 'new'"

    def __init__(self, data: bytes | bytearray | memoryview = b"") -> None:
        self._data = data if isinstance(data, bytearray) else bytearray(data)

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        return cls(bytes(int(number(args[0])) if args else 0))

    def _view(self) -> memoryview:
        return memoryview(self._data)

    def __bool__(self) -> bool:
        return bool(self._data)

    @getter
    def byteLength(self) -> int:
        return len(self._data)

    @method
    def slice(self, start: Any = 0, end: Any = UNDEFINED) -> JsArrayBuffer:
        last = None if end is UNDEFINED else int(number(end))
        return JsArrayBuffer(self._data[int(number(start)) : last])

    @static
    def isView(value: Any = UNDEFINED) -> bool:
        return isinstance(value, (TypedArray, DataView))


class TypedArray(Sequenced, Bytes):
    """The base of typed arrays: ``code`` is struct's letter of its elements."""

    _code: ClassVar[str] = "B"

    def __init__(self, buffer: JsArrayBuffer, offset: int = 0, length: int | None = None) -> None:
        self._buffer = buffer
        self._offset = offset
        size = struct.calcsize(self._code)
        self._count = (len(buffer._data) - offset) // size if length is None else length

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        first = args[0] if args else 0
        if isinstance(first, JsArrayBuffer):
            offset = int(number(args[1])) if len(args) > 1 and args[1] is not UNDEFINED else 0
            size = struct.calcsize(cls._code)
            if offset % size:
                raise EdgeError(f"start offset of {cls._js_class_name} should be a multiple of {size}", "RangeError")
            if offset > len(first._data):
                raise EdgeError(f"Start offset {offset} is outside the bounds of the buffer", "RangeError")
            length = int(number(args[2])) if len(args) > 2 and args[2] is not UNDEFINED else None
            if length is not None and offset + length * size > len(first._data):
                raise EdgeError(f"Invalid typed array length: {length}", "RangeError")
            return cls(first, offset, length)
        if isinstance(first, JsProxy):
            if isinstance(first, PyProxy) and is_buffer(first._live()):
                return cls._of(memoryview(first._live()).tolist())
            if first._js_iterate() is None:
                size = first._js_get("length")
                return cls._of([first._js_get(str(i)) for i in range(0 if size is UNDEFINED else int(number(size)))])
            return cls._of(iterate(first))
        if number(first) < 0:
            raise EdgeError(f"Invalid typed array length: {int(number(first))}", "RangeError")
        return cls._of([0] * int(number(first)))

    @classmethod
    def _of(cls, items: Iterable[Any]) -> Any:
        """A new one with these elements."""
        values = list(items)
        made = cls(JsArrayBuffer(bytes(struct.calcsize(cls._code) * len(values))))
        for index, value in enumerate(values):
            made._put(index, value)
        return made

    @classmethod
    def _over(cls, data: bytes | bytearray | memoryview) -> Any:
        """A new one with a copy of these bytes."""
        return cls(JsArrayBuffer(bytes(data)))

    def _view(self) -> memoryview:
        size = struct.calcsize(self._code)
        return memoryview(self._buffer._data)[self._offset : self._offset + self._count * size]

    def _items(self) -> list[Any]:
        items = self._view().cast(cast("Any", self._code)).tolist()
        return [JsBigInt(item) for item in items] if self._code in "qQ" else items

    def _like(self, items: list[Any]) -> Any:
        return type(self)._of(items)

    def _put(self, index: int, value: Any) -> None:
        self._view().cast(cast("Any", self._code))[index] = wrapped(value, self._code, self._js_class_name)

    def _format(self) -> Any:
        return self._code

    def _js_set(self, name: str, value: Any) -> None:
        if name.isdecimal():
            if int(name) < self._count:
                self._put(int(name), value)
        else:
            super()._js_set(name, value)

    def __setitem__(self, key: Any, value: Any) -> None:
        index = key + self._count if key < 0 else key
        if not 0 <= index < self._count:
            raise IndexError(key)
        self._put(index, lower(value))

    @getter
    def buffer(self) -> JsArrayBuffer:
        return self._buffer

    @getter
    def byteLength(self) -> int:
        return self._view().nbytes

    @getter
    def byteOffset(self) -> int:
        return self._offset

    @getter
    def BYTES_PER_ELEMENT(self) -> int:
        return struct.calcsize(self._code)

    @method
    def subarray(self, start: Any = 0, end: Any = UNDEFINED) -> Any:
        first, last, _ = slice(int(number(start)), None if end is UNDEFINED else int(number(end))).indices(self._count)
        return type(self)(self._buffer, self._offset + first * struct.calcsize(self._code), max(0, last - first))

    @method
    def set(self, values: Any, offset: Any = 0) -> None:
        items, first = list(iterate(values)), int(number(offset))
        if first + len(items) > self._count:
            raise EdgeError("offset is out of bounds", "RangeError")
        for index, item in enumerate(items):
            self._put(first + index, item)

    @method
    def fill(self, value: Any = 0) -> Any:
        for index in range(self._count):
            self._put(index, value)
        return self


def wrapped(value: Any, code: str, name: str) -> Any:
    """A value as an element of a typed array keeps it: integers wrap round, Uint8ClampedArray's are clamped."""
    if code in "fd":
        return number(value) if code == "d" else struct.unpack("f", struct.pack("f", number(value)))[0]
    whole = int(value) if isinstance(value, int) else _trunc(number(value))
    if name == "Uint8ClampedArray":
        return min(255, max(0, round(number(value)) if number(value) == number(value) else 0))
    bits = struct.calcsize(code) * 8
    whole %= 1 << bits
    return whole - (1 << bits) if code.islower() and whole >= 1 << (bits - 1) else whole


def _trunc(value: float) -> int:
    return int(value) if abs(value) != float("inf") and value == value else 0


_KINDS: Final = {
    "Uint8Array": "B", "Uint8ClampedArray": "B", "Int8Array": "b", "Uint16Array": "H", "Int16Array": "h",
    "Uint32Array": "I", "Int32Array": "i", "Float32Array": "f", "Float64Array": "d", "BigInt64Array": "q",
    "BigUint64Array": "Q",
}  # fmt: skip


def _declare(name: str, code: str) -> type[TypedArray]:
    class Declared(TypedArray, js_name=name):
        _code = code
        _js_needs_new = f"Constructor {name} requires 'new'"

    def of(*values: Any) -> Any:
        return Declared._of(values)

    def from_(values: Any = UNDEFINED) -> Any:
        return Declared._js_construct([values])

    for each, function in (("of", of), ("from", from_)):
        Declared._js_statics[each] = Static(each, function)
    size = Static("BYTES_PER_ELEMENT", lambda: struct.calcsize(code), constant=True)
    Declared._js_statics[size.name] = size
    return Declared


TYPED_ARRAYS: Final = {name: _declare(name, code) for name, code in _KINDS.items()}
JsUint8Array: Final = TYPED_ARRAYS["Uint8Array"]
_BY_FORMAT: Final = {
    "B": "Uint8Array", "b": "Int8Array", "c": "Uint8Array", "?": "Uint8Array", "H": "Uint16Array", "h": "Int16Array",
    "I": "Uint32Array", "i": "Int32Array", "L": "Uint32Array", "l": "Int32Array", "Q": "BigUint64Array",
    "q": "BigInt64Array", "f": "Float32Array", "d": "Float64Array",
}  # fmt: skip
"""Typed array of a buffer's format; a long has 32 bits in WebAssembly."""


def typed_array_of(view: memoryview) -> Any:
    """A typed array with a copy of a Python buffer."""
    kind = _BY_FORMAT.get(view.format.lstrip("@=<>!"), "Uint8Array")
    if kind == "Uint8Array":
        return TYPED_ARRAYS[kind]._over(view.tobytes())
    return TYPED_ARRAYS[kind]._of(array.array(view.format, view.tobytes()).tolist())


class DataView(Bytes, js_name="DataView"):
    """A DataView."""

    _js_needs_new: ClassVar[str] = "Constructor DataView requires 'new'"

    def __init__(self, buffer: JsArrayBuffer, offset: int = 0, length: int | None = None) -> None:
        self._buffer = buffer
        self._offset = offset
        self._length = len(buffer._data) - offset if length is None else length

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        if not args or not isinstance(args[0], JsArrayBuffer):
            raise EdgeError("First argument to DataView constructor must be an ArrayBuffer", "TypeError")
        return cls(args[0], *(int(number(arg)) for arg in args[1:3] if arg is not UNDEFINED))

    def _view(self) -> memoryview:
        return memoryview(self._buffer._data)[self._offset : self._offset + self._length]

    @getter
    def buffer(self) -> JsArrayBuffer:
        return self._buffer

    @getter
    def byteLength(self) -> int:
        return self._length

    @getter
    def byteOffset(self) -> int:
        return self._offset

    def _read(self, code: str, offset: Any, little: Any) -> Any:
        try:
            return struct.unpack_from(("<" if little is True else ">") + code, self._view(), int(number(offset)))[0]
        except struct.error:
            raise EdgeError("Offset is outside the bounds of the DataView", "RangeError") from None

    def _write(self, code: str, offset: Any, value: Any, little: Any) -> None:
        order = "<" if little is True else ">"
        try:
            struct.pack_into(order + code, self._view(), int(number(offset)), wrapped(value, code, ""))
        except struct.error:
            raise EdgeError("Offset is outside the bounds of the DataView", "RangeError") from None


def _accessors() -> None:
    def read(code: str) -> Any:
        return lambda self, offset=0, little=False: self._read(code, offset, little)

    def write(code: str) -> Any:
        return lambda self, offset=0, value=0, little=False: self._write(code, offset, value, little)

    for name, code in _KINDS.items():
        kind = name.removesuffix("Array")
        if kind == "Uint8Clamped":
            continue
        for member in (Method(f"get{kind}", read(code)), Method(f"set{kind}", write(code))):
            setattr(DataView, member.name, member)
            DataView._js_members[member.name] = member


_accessors()


def bytes_of(value: Any) -> bytes | None:
    """The bytes of a buffer of the JavaScript side (also of a Python one that was passed); None for anything else."""
    if isinstance(value, Bytes):
        return value.to_bytes()
    if isinstance(value, PyProxy) and is_buffer(value._live()):
        return bytes(value._live())
    return None
