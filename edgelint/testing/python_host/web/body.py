"""What Request and Response share: a body that is read once (https://fetch.spec.whatwg.org/#body-mixin)."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing import json_text
from edgelint.testing.coercion import utf8 as utf8_bytes
from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web import forms, realm
from edgelint.testing.python_host.web.base import ArrayBuffer, WebObject, can_iterate, is_buffer, text
from edgelint.testing.python_host.web.blobs import Blob
from edgelint.testing.python_host.web.encoding import utf8
from edgelint.testing.python_host.web.headers import Headers
from edgelint.testing.python_host.web.promises import Future, rejected, started
from edgelint.testing.python_host.web.readable import LOCKED, LOCKED_FOR_TEE, ReadableStream
from edgelint.testing.python_host.web.urls import URLSearchParams

if TYPE_CHECKING:
    from edgelint.testing.http import HttpRequest, HttpResponse

USED: Final = (
    "Body has already been used. It can only be used once. Use tee() first if you need to read it twice."
)
_DISTURBED: Final = (
    "This ReadableStream is disturbed (has already been read from), and cannot be used as a body."
)


@dataclass
class Content:
    """A body as it was given: its stream, the bytes when they are known, and the type that it brings."""

    stream: ReadableStream
    data: bytes | None
    kind: str | None

    @property
    def length(self) -> int | None:
        """Bytes, when they are known."""
        return len(self.data) if self.data is not None else getattr(self.stream, "_expected", None)


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
    return Content(ReadableStream._of_bytes(data), data, kind)


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
        return self._content is not None and self._content.stream._disturbed

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
            return started(_converted(_nothing(), convert))
        stream = self._content.stream
        if stream._disturbed:
            return rejected(type_error(USED))
        if stream.locked:
            return rejected(type_error(LOCKED))
        stream._disturbed = True
        return started(_converted(stream._read_all(), convert))

    def _fork(self) -> Content | None:
        """A second body for a clone. Raises EdgeError (TypeError) when this one was read from or is locked."""
        if self._content is None:
            return None
        stream = self._content.stream
        if stream._disturbed or stream.locked:
            raise type_error(LOCKED_FOR_TEE)
        data, kind = self._content.data, self._content.kind
        if data is not None:
            return _whole(data, kind)
        mine, theirs = stream.tee()
        self._content = Content(mine, None, kind)
        return Content(theirs, None, kind)

    def _take(self) -> Content | None:
        """The body for a new message: what is read there is gone here."""
        taken = self._content
        if taken is None:
            return None
        if taken.stream._disturbed:
            raise type_error(USED)
        if taken.data is not None:
            taken.stream._disturbed = True
            return _whole(taken.data, taken.kind)
        source = taken.stream
        moved = ReadableStream._of_chunks(_bytes_of(source))
        source._disturbed = True
        return Content(moved, None, taken.kind)

    def _chunks(self) -> AsyncIterator[builtins.bytes] | None:
        """The body as it comes, for who sends it on; None when there is none. Raises EdgeError (TypeError)."""
        if self._content is None:
            return None
        stream = self._content.stream
        if stream._disturbed:
            raise type_error(USED)
        if stream.locked:
            raise type_error(LOCKED)
        return _bytes_of(stream)

    def _give_body(self, message: HttpRequest | HttpResponse) -> None:
        """Give the body to a message that leaves the worker: its bytes when they are known, else as it comes. It is
        gone here. Raises EdgeError (TypeError) when it was read."""
        chunks = self._chunks()
        if self._content is not None and self._content.data is not None:
            message.body = self._content.data
            self._content.stream._disturbed = True
        else:
            message.stream = chunks


async def _nothing() -> bytes:
    return b""


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
