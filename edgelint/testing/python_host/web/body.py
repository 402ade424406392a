"""What Request and Response share: a body that is read once (https://fetch.spec.whatwg.org/#body-mixin)."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from edgelint.testing import json_text
from edgelint.testing.coercion import utf8 as utf8_bytes
from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web import forms, realm
from edgelint.testing.python_host.web.base import ArrayBuffer, WebObject, can_iterate, is_buffer, text
from edgelint.testing.python_host.web.blobs import Blob
from edgelint.testing.python_host.web.encoding import utf8
from edgelint.testing.python_host.web.headers import Headers
from edgelint.testing.python_host.web.promises import Future, later, rejected, started
from edgelint.testing.python_host.web.readable import LOCKED, LOCKED_FOR_TEE, ReadableStream
from edgelint.testing.python_host.web.urls import URLSearchParams

USED: Final = (
    "Body has already been used. It can only be used once. Use tee() first if you need to read it twice."
)
_DISTURBED: Final = (
    "This ReadableStream is disturbed (has already been read from), and cannot be used as a body."
)


class Content:
    """A body as it was given: its stream, the bytes when they are known, and the type that it brings.

    The stream of bytes that are known is made when somebody asks for it: most bodies are read as a whole."""

    __slots__ = ("_read", "_stream", "_used", "data", "kind")

    def __init__(self, stream: ReadableStream | None, data: bytes | None, kind: str | None) -> None:
        self._stream = stream
        self._used = self._read = False  # what its stream will say of itself, while there is none
        self.data = data
        self.kind = kind

    @property
    def stream(self) -> ReadableStream:
        """The stream; one that was read to its end when the bytes were read already."""
        if self._stream is None:
            self._stream = ReadableStream._of_bytes(self.data or b"")
            self._stream._disturbed = self._used
            if self._read:
                self._stream._read_up()
        return self._stream

    @property
    def length(self) -> int | None:
        """Bytes, when they are known."""
        return len(self.data) if self.data is not None else getattr(self.stream, "_expected", None)

    @property
    def disturbed(self) -> bool:
        """Whether it was read from."""
        return self._used if self._stream is None else self._stream._disturbed

    @property
    def locked(self) -> bool:
        """Whether a reader has it."""
        return self._read if self._stream is None else self._stream.locked

    def use(self) -> None:
        """It is read, or sent on, from now on."""
        self._used = True
        if self._stream is not None:
            self._stream._disturbed = True

    def take(self) -> bytes | None:
        """All of it, when it is here and no stream of it was made; None when the stream is to be read."""
        if self._stream is not None:
            return None
        self._read = True
        return self.data


def extract(value: Any) -> Content | None:
    """A body of what was passed for one. Raises EdgeError (TypeError) for a stream that was read from or is locked."""
    if value is None:
        return None
    if isinstance(value, ReadableStream):
        if value._disturbed:
            raise type_error(_DISTURBED)
        if value.locked:
            raise type_error("This ReadableStream is locked to a reader, and cannot be used as a body.")
        return Content(value, None, None)
    if isinstance(value, Blob):
        return _whole(value._data, value._type or None)
    if isinstance(value, forms.FormData):
        boundary = forms.new_boundary(realm.current().random)
        return _whole(forms.serialize(value, boundary), f"{forms.MULTIPART}; boundary={boundary}")
    if isinstance(value, URLSearchParams):
        return _whole(value.toString().encode(), f"{forms.URLENCODED};charset=UTF-8")
    if is_buffer(value):
        return _whole(bytes(value), None)
    if can_iterate(value):
        return Content(ReadableStream.from_(value), None, None)
    return _whole(utf8_bytes(text(value)), "text/plain;charset=UTF-8")


def _whole(data: bytes, kind: str | None) -> Content:
    return Content(None, data, kind)


class Body(WebObject):
    """The mixin. ``_content`` is None for no body; ``_headers`` are the message's."""

    _content: Content | None
    _headers: Headers

    @property
    def headers(self) -> Headers:
        """The headers."""
        return self._headers

    @property
    def body(self) -> ReadableStream | None:
        """The stream of the body, None when there is none."""
        return None if self._content is None else self._content.stream

    @property
    def bodyUsed(self) -> bool:
        """Whether it was read from."""
        return self._content is not None and self._content.disturbed

    def text(self) -> Future[Any]:
        """All of it as UTF-8."""
        return self._consume(utf8)

    def json(self) -> Future[Any]:
        """All of it as JSON. Rejected with a SyntaxError for what is none."""
        return self._consume(lambda data: parse_json(utf8(data)))

    def arrayBuffer(self) -> Future[Any]:
        """All of it."""
        return self._consume(ArrayBuffer)

    def bytes(self) -> Future[Any]:
        """All of it."""
        return self._consume(lambda data: data)

    def blob(self) -> Future[Any]:
        """All of it, with the type that the headers say."""
        kind = self._headers.get("content-type") or ""
        return self._consume(lambda data: Blob._of(data, kind))

    def formData(self) -> Future[Any]:
        """All of it as a form. Rejected with a TypeError for what is none."""
        kind = self._headers.get("content-type")
        return self._consume(lambda data: forms.parse(data, kind))

    def _consume(self, convert: Callable[[builtins.bytes], Any]) -> Future[Any]:
        if self._content is None:
            return later(convert, b"")
        content = self._content
        if content.disturbed:
            return rejected(type_error(USED))
        if content.locked:
            return rejected(type_error(LOCKED))
        content.use()
        data = content.take()
        return started(_converted(content.stream._read_all(), convert)) if data is None else later(convert, data)

    def _fork(self) -> Content | None:
        """A second body for a clone. Raises EdgeError (TypeError) when this one was read from or is locked."""
        if self._content is None:
            return None
        if self._content.disturbed or self._content.locked:
            raise type_error(LOCKED_FOR_TEE)
        data, kind = self._content.data, self._content.kind
        if data is not None:
            return _whole(data, kind)
        mine, theirs = self._content.stream.tee()
        self._content = Content(mine, None, kind)
        return Content(theirs, None, kind)

    def _take(self) -> Content | None:
        """The body for a new message: what is read there is gone here."""
        taken = self._content
        if taken is None:
            return None
        if taken.disturbed:
            raise type_error(USED)
        if taken.data is not None:
            taken.use()
            return _whole(taken.data, taken.kind)
        source = taken.stream
        moved = ReadableStream._of_chunks(_bytes_of(source))
        source._disturbed = True
        return Content(moved, None, taken.kind)

    def _send(self) -> tuple[builtins.bytes, AsyncIterator[builtins.bytes] | None]:
        """The body for who sends it on: what is there of it, and what is to come (None for nothing). Raises EdgeError
        (TypeError) when it was read from or is locked."""
        content = self._content
        if content is None:
            return b"", None
        if content.disturbed:
            raise type_error(USED)
        if content.locked:
            raise type_error(LOCKED)
        if content.data is None:
            return b"", _bytes_of(content.stream)
        content.use()
        return content.data, None


async def _converted(reading: Any, convert: Callable[[bytes], Any]) -> Any:
    return convert(await reading)


async def _bytes_of(stream: ReadableStream) -> AsyncIterator[bytes]:
    async for chunk in stream.values():
        if not is_buffer(chunk):
            raise type_error("This ReadableStream did not return bytes.")
        yield bytes(chunk)


def parse_json(source: str) -> Any:
    """The value of a JSON text. Raises EdgeError (SyntaxError) in V8's words."""
    return json_text.parse(source)
