"""Blob and File (https://w3c.github.io/FileAPI/)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from edgelint.testing.coercion import utf8 as utf8_bytes
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.base import (
    MISSING,
    ArrayBuffer,
    WebObject,
    field,
    given,
    is_buffer,
    text,
    whole,
    wrong_type,
)  # fmt: skip
from edgelint.testing.python_host.web.encoding import utf8
from edgelint.testing.python_host.web.urls import scalars

if TYPE_CHECKING:
    from edgelint.testing.python_host.web.readable import ReadableStream


class Blob(WebObject):
    """Bytes with a type."""

    def __init__(self, parts: Any = MISSING, options: Any = MISSING) -> None:
        self._data = _joined(parts, self._js_class_name())
        self._type = _type(field(options, "type", ""))

    @classmethod
    def _of(cls, data: bytes, kind: str = "") -> Blob:
        made = cls()
        made._data, made._type = data, _type(kind)
        return made

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self._data)

    @property
    def type(self) -> str:
        """The media type in lower case, "" when there is none."""
        return self._type

    def slice(self, start: Any = MISSING, end: Any = MISSING, kind: Any = MISSING) -> Blob:
        """A part of it; negative positions count from the end."""
        size = len(self._data)
        first, last = (_position(start, 0, size), _position(end, size, size))
        return Blob._of(self._data[first : max(first, last)], text(kind) if given(kind) else "")

    async def text(self) -> str:
        """Its bytes read as UTF-8."""
        return utf8(self._data)

    async def arrayBuffer(self) -> ArrayBuffer:
        """Its bytes."""
        return ArrayBuffer(self._data)

    async def bytes(self) -> bytes:
        """Its bytes."""
        return self._data

    def stream(self) -> ReadableStream:
        """A stream of its bytes."""
        from edgelint.testing.python_host.web.readable import ReadableStream

        return ReadableStream._of_bytes(self._data)


class File(Blob):
    """A Blob with a name. ``lastModified`` is in ms since the epoch; the world's clock where none is given."""

    def __init__(self, parts: Any = MISSING, name: Any = MISSING, options: Any = MISSING) -> None:
        self._name = scalars(text(name, "new File 2"))
        super().__init__(parts, options)
        self._last_modified = whole(field(options, "lastModified"), int(realm.current().now()))

    @classmethod
    def _named(cls, data: bytes, name: str, kind: str = "") -> File:
        made = cls([], name)
        made._data, made._type = data, _type(kind)
        return made

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def lastModified(self) -> int:
        """Ms since the epoch."""
        return self._last_modified


def _joined(parts: Any, name: str) -> bytes:
    if not given(parts):
        return b""
    if isinstance(parts, (str, bytes, bytearray, memoryview)) or not hasattr(parts, "__iter__"):
        raise wrong_type(f"new {name} 1", "Array")
    return b"".join(_part(part) for part in parts)


def _part(part: Any) -> bytes:
    if isinstance(part, Blob):
        return part._data
    return bytes(part) if is_buffer(part) else utf8_bytes(scalars(text(part)))


def _type(value: Any) -> str:
    kind = text(value).lower()
    return kind if re.fullmatch(r"[\x20-\x7e]*", kind) else ""


def _position(value: Any, default: int, size: int) -> int:
    at = whole(value, default)
    return max(0, size + at) if at < 0 else min(at, size)
