"""Values as V8 serialises them (``v8.serialize`` of Node, bodies of queues, Durable Object storage), as plain Python.

The format is that of V8's src/objects/value-serializer.cc (https://github.com/v8/v8/blob/main/src/objects/value-serializer.cc),
version 15, which workerd writes; older versions from 13 on are read too. ``edgelint.testing.clone`` says which plain
value stands for which of JavaScript, ``js_values`` what stands for others; an Error is an EdgeError, a Date that a
datetime cannot hold a float, and a RegExp its text (as in ``protocols.codec``).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from edgelint.testing.clone import not_cloneable
from edgelint.testing.coercion import MAX_SAFE, integer
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.js_values import JsBigInt, JsBytes, JsMap, JsSet
from edgelint.testing.values import UNDEFINED

VERSION: Final = 15
_OLDEST: Final = 13
_FLAGS_SINCE: Final = 14  # views have flags from this version on
_MOST_HOLES: Final = 1_000_000
"""Elements of a sparse array beyond which it is refused: a list has all of them."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_VIEWS: Final[Mapping[int, str]] = {
    ord("b"): "Int8Array", ord("B"): "Uint8Array", ord("C"): "Uint8ClampedArray", ord("w"): "Int16Array",
    ord("W"): "Uint16Array", ord("d"): "Int32Array", ord("D"): "Uint32Array", ord("h"): "Float16Array",
    ord("f"): "Float32Array", ord("F"): "Float64Array", ord("q"): "BigInt64Array", ord("Q"): "BigUint64Array",
    ord("?"): "DataView",
}  # fmt: skip
_REGEXP_FLAGS: Final = "gimyusdlv"  # by their bits; l is V8's own
_HOLE: Final = ord("-")
_VIEW: Final = ord("V")
_ERRORS: Final[Mapping[int, str]] = {
    ord("E"): "EvalError", ord("R"): "RangeError", ord("F"): "ReferenceError", ord("S"): "SyntaxError",
    ord("T"): "TypeError", ord("U"): "URIError",
}  # fmt: skip
_UNSUPPORTED: Final[Mapping[int, str]] = {
    ord("u"): "a SharedArrayBuffer", ord("w"): "a WebAssembly.Module",
    ord("t"): "an ArrayBuffer that was transferred", ord("p"): "a shared object", ord("\\"): "an object of the host",
}  # fmt: skip


def decode(data: bytes) -> Any:
    """The value that ``data`` is. Raises EdgeUsageError for what no plain value stands for, and for what is no
    serialisation."""
    return _Reader(data).whole()


def encode(value: Any) -> bytes:
    """A plain value as V8 writes it: bytes as a Uint8Array, a dict as an object, or as a Map when a key is no text.
    Raises EdgeError (DataCloneError)."""
    writer = _Writer()
    writer.write(value)
    return bytes(writer.out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._version = 0
        self._objects: list[Any] = []

    def whole(self) -> Any:
        if self._data[:1] != b"\xff":
            raise EdgeUsageError("these bytes are no serialisation of V8: they do not begin with a version")
        self._at = 1
        self._version = self._varint()
        if not _OLDEST <= self._version <= VERSION:
            raise EdgeUsageError(f"version {self._version} of V8's serialisation is not supported")
        return self._value()

    def _value(self) -> Any:
        """One value. A view comes behind its buffer."""
        value = self._one(self._tag())
        if isinstance(value, bytes) and self._peek() == _VIEW:
            self._tag()
            return self._view(value)
        return value

    def _one(self, tag: int) -> Any:
        simple = _SIMPLE.get(tag)
        if simple is not None:
            return simple[0]
        read = _READ.get(tag)
        if read is None:
            what = _UNSUPPORTED.get(tag) or f"V8's tag {chr(tag)!r}"
            raise EdgeUsageError(f"no plain value stands for {what}")
        return read(self)

    # The parts of it

    def _bytes(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if len(part) < count:
            raise EdgeUsageError("a serialisation of V8 ends in the middle of a value")
        self._at += count
        return part

    def _peek(self) -> int | None:
        """The next tag, None at the end. Zeros before one are there for alignment."""
        while self._data[self._at : self._at + 1] == b"\0":
            self._at += 1
        return self._data[self._at] if self._at < len(self._data) else None

    def _tag(self) -> int:
        self._peek()
        return self._bytes(1)[0]

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._bytes(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def _int32(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _double(self) -> float:
        found: float = struct.unpack("<d", self._bytes(8))[0]
        return found

    def _number(self) -> float:
        return integer(self._double())

    def _bigint(self) -> int:
        bits = self._varint()
        size = int.from_bytes(self._bytes(bits >> 1), "little")
        number = -size if bits & 1 else size
        return number if size > MAX_SAFE else JsBigInt(number)

    def _counted(self) -> bytes:
        return self._bytes(self._varint())

    def _text(self) -> str:
        """A string with its tag: within a RegExp, an Error, a String object."""
        found = self._one(self._tag())
        if not isinstance(found, str):
            raise EdgeUsageError("a serialisation of V8 has something else where a string belongs")
        return found

    # Objects: each has a number, by the order in which they begin

    def _numbered(self, value: Any) -> Any:
        self._objects.append(value)
        return value

    def _reference(self) -> Any:
        number = self._varint()
        if number >= len(self._objects):
            raise EdgeUsageError("a serialisation of V8 refers to an object that is not there")
        return self._objects[number]

    def _date(self) -> datetime | float:
        ms = self._double()
        try:
            found: datetime | float = _EPOCH + timedelta(milliseconds=ms)
        except (ValueError, OverflowError):
            found = ms
        self._numbered(found)
        return found

    def _regexp(self) -> str:
        number = len(self._objects)
        self._objects.append("")
        source, bits = self._text(), self._varint()
        flags = "".join(flag for bit, flag in enumerate(_REGEXP_FLAGS) if bits >> bit & 1)
        found = self._objects[number] = f"/{source}/{flags}"
        return found

    def _properties(self, end: str) -> dict[Any, Any]:
        """Keys and values up to a tag."""
        found: dict[Any, Any] = {}
        self._fill(found, end, str)
        return found

    def _fill(self, found: dict[Any, Any], end: str, key_of: Callable[[Any], Any]) -> None:
        while self._peek() != ord(end):
            key = key_of(self._value())
            value = self._value()
            try:
                found[key] = value
            except TypeError:
                raise EdgeUsageError("no plain value stands for a Map with objects as keys") from None
        self._tag()

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = self._numbered({})
        self._fill(found, "{", _key)
        self._varint()
        return found

    def _map(self) -> dict[Any, Any]:
        found: dict[Any, Any] = self._numbered(JsMap())
        self._fill(found, ":", lambda key: key)
        self._varint()
        return found

    def _set(self) -> set[Any] | JsSet:
        number = len(self._objects)
        items: JsSet = self._numbered(JsSet())
        while self._peek() != ord(","):
            items.append(self._value())
        self._tag()
        self._varint()
        try:
            found = set(items)
        except TypeError:
            return items
        if len(found) < len(items):  # 1 and true are one to Python
            return items
        self._objects[number] = found  # nothing in it can refer to it
        return found

    def _dense(self) -> list[Any]:
        length = self._varint()
        found: list[Any] = self._numbered([])
        for _ in range(length):
            if self._peek() == _HOLE:
                self._tag()
                found.append(UNDEFINED)
            else:
                found.append(self._value())
        self._properties("$")  # of other names than numbers: a list has none
        self._varint()
        self._varint()
        return found

    def _sparse(self) -> list[Any]:
        length = self._varint()
        if length > _MOST_HOLES:
            raise EdgeUsageError(f"no plain value stands for a sparse array of {length} elements")
        found: list[Any] = self._numbered([UNDEFINED] * length)
        for key, value in self._properties("@").items():
            if key.isdigit() and int(key) < length:
                found[int(key)] = value
        self._varint()
        self._varint()
        return found

    def _buffer(self) -> Any:
        return self._numbered(JsBytes(self._counted(), "ArrayBuffer"))

    def _resizable(self) -> Any:
        size = self._varint()
        self._varint()
        return self._numbered(JsBytes(self._bytes(size), "ArrayBuffer"))

    def _view(self, buffer: bytes) -> Any:
        tag = self._varint()
        kind = _VIEWS.get(tag)
        if kind is None:
            raise EdgeUsageError(f"no plain value stands for a view with V8's tag {chr(tag)!r}")
        offset, length = self._varint(), self._varint()
        if self._version >= _FLAGS_SINCE:
            self._varint()
        part = buffer[offset : offset + length]
        return self._numbered(part if kind == "Uint8Array" else JsBytes(part, kind))

    def _error(self) -> EdgeError:
        found = self._numbered(EdgeError(""))
        while (part := self._varint()) != ord("."):
            if part in _ERRORS:
                found.name = _ERRORS[part]
            elif part == ord("m"):
                found.message = self._text()
            elif part == ord("s"):
                self._text()
            elif part == ord("c"):
                cause = self._value()
                found.__cause__ = cause if isinstance(cause, EdgeError) else None
            else:
                raise EdgeUsageError(f"no plain value stands for an Error with V8's tag {chr(part)!r}")
        found.args = (found.message,)
        assert isinstance(found, EdgeError)
        return found


_SIMPLE: Final[Mapping[int, tuple[Any]]] = {
    ord("_"): (UNDEFINED,), ord("0"): (None,), ord("T"): (True,), ord("F"): (False,),
}  # fmt: skip
_READ: Final[Mapping[int, Callable[[_Reader], Any]]] = {
    ord("I"): _Reader._int32, ord("U"): _Reader._varint, ord("N"): _Reader._number, ord("Z"): _Reader._bigint,
    ord("S"): lambda reader: reader._counted().decode("utf-8", "replace"),
    ord('"'): lambda reader: reader._counted().decode("latin-1"),
    ord("c"): lambda reader: reader._counted().decode("utf-16-le", "surrogatepass"),
    ord("^"): _Reader._reference, ord("o"): _Reader._object, ord("A"): _Reader._dense, ord("a"): _Reader._sparse,
    ord("D"): _Reader._date, ord("y"): lambda reader: reader._numbered(True),
    ord("x"): lambda reader: reader._numbered(False), ord("n"): lambda reader: reader._numbered(reader._number()),
    ord("z"): lambda reader: reader._numbered(reader._bigint()),
    ord("s"): lambda reader: reader._numbered(reader._text()),
    ord(";"): _Reader._map, ord("'"): _Reader._set, ord("B"): _Reader._buffer, ord("~"): _Reader._resizable,
    ord("r"): _Reader._error, ord("R"): _Reader._regexp,
    ord("?"): lambda reader: (reader._varint(), reader._value())[1],  # how many objects there will have been
}  # fmt: skip


def _key(value: Any) -> str:
    """A property's name: one that is an index comes as a number."""
    return value if isinstance(value, str) else str(value)


class _Writer:
    def __init__(self) -> None:
        self.out = bytearray((0xFF, VERSION))
        self._numbers: dict[int, int] = {}
        self._count = 0
        self._kept: list[Any] = []  # what was numbered lives on: no other object gets its id

    def write(self, value: Any) -> None:
        if value is None or value is UNDEFINED:
            self.out += b"_" if value is UNDEFINED else b"0"
        elif isinstance(value, bool):
            self.out += b"T" if value else b"F"
        elif isinstance(value, int):
            self._int(value)
        elif isinstance(value, float):
            self.out += b"N" + struct.pack("<d", value)
        elif isinstance(value, str):
            self._text(value)
        elif isinstance(value, (bytes, bytearray, memoryview)):
            self._buffer(bytes(value), value.kind if isinstance(value, JsBytes) else "Uint8Array")
        elif isinstance(value, datetime):
            self._count += 1
            aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
            self.out += b"D" + struct.pack("<d", (aware - _EPOCH) / _MILLISECOND)
        elif id(value) in self._numbers:
            self.out += b"^"
            self.out += _varint(self._numbers[id(value)])
        else:
            self._numbers[id(value)] = self._count
            self._count += 1
            self._kept.append(value)
            self._compound(value)

    def _compound(self, value: Any) -> None:
        if isinstance(value, (set, frozenset, JsSet)):
            self.out += b"'"
            for item in value:
                self.write(item)
            self.out += b"," + _varint(len(value))
        elif isinstance(value, (list, tuple)):
            self.out += b"A"
            self.out += _varint(len(value))
            for item in value:
                self.write(item)
            self.out += b"$\0" + _varint(len(value))
        elif isinstance(value, dict):
            is_object = not isinstance(value, JsMap) and all(isinstance(key, str) for key in value)
            self.out += b"o" if is_object else b";"
            for key, item in value.items():
                self.write(key)
                self.write(item)
            self.out += b"{" if is_object else b":"
            self.out += _varint(len(value) if is_object else 2 * len(value))
        elif isinstance(value, EdgeError):
            self._error(value)
        else:
            raise not_cloneable(value)

    def _int(self, value: int) -> None:
        if isinstance(value, JsBigInt) or abs(value) > MAX_SAFE:
            size = -(-value.bit_length() // 64) * 8
            self.out += b"Z" + _varint(size << 1 | (value < 0)) + abs(value).to_bytes(size, "little")
        elif -(2**30) <= value < 2**30:
            self.out += b"I" + _varint(value << 1 if value >= 0 else (-value << 1) - 1)
        else:
            self.out += b"N" + struct.pack("<d", float(value))

    def _text(self, value: str) -> None:
        if all(char <= "\xff" for char in value):
            self.out += b'"'
            self.out += _varint(len(value))
            self.out += value.encode("latin-1")
            return
        units = value.encode("utf-16-le", "surrogatepass")
        length = _varint(len(units))
        if (len(self.out) + 1 + len(length)) % 2:
            self.out.append(0)  # two-byte units begin at an even place
        self.out += b"c" + length + units

    def _buffer(self, value: bytes, kind: str) -> None:
        self._count += 1
        self.out += b"B" + _varint(len(value)) + value
        for tag, name in _VIEWS.items():
            if name == kind:
                self._count += 1  # the view of it
                self.out += b"V" + bytes((tag, 0)) + _varint(len(value)) + b"\0"

    def _error(self, value: EdgeError) -> None:
        self.out += b"r"
        for tag, name in _ERRORS.items():
            if name == value.name:
                self.out.append(tag)
        self.out += b"m"
        self._text(value.message)
        self.out += b"."


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
