"""Streams that turn what is written into what is read: TransformStream and the runtime's own ones."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Final, Protocol

from edgelint.testing.coercion import number
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.python_host.web.base import (
    MISSING,
    WebObject,
    field,
    given,
    illegal_constructor,
    is_buffer,
    or_else,
    text,
    wrong_type,
)  # fmt: skip
from edgelint.testing.python_host.web.encoding import TextDecoder
from edgelint.testing.python_host.web.promises import Future, as_reason, attempt, finish, pending, resolve
from edgelint.testing.python_host.web.readable import ReadableStream
from edgelint.testing.python_host.web.urls import scalars
from edgelint.testing.python_host.web.writable import WritableStream
from edgelint.testing.values import UNDEFINED

_SAFE: Final = 2**53
_BYTES: Final = "This TransformStream is being used as a byte stream, but received "


def _nothing(*args: Any) -> Any:
    return UNDEFINED


class TransformStream(WebObject):
    """A pair: what is written goes through ``transform`` and comes out at ``readable``."""

    def __init__(
        self, transformer: Any = MISSING, writable_strategy: Any = MISSING, readable_strategy: Any = MISSING
    ) -> None:
        for side in ("readableType", "writableType"):
            if given(field(transformer, side, MISSING)):
                raise type_error(f"transformer.{side} must be undefined.")
        self._link(transformer, writable_strategy, readable_strategy, "")

    def _link(self, transformer: Any, writing: Any, reading: Any, kind: str) -> None:
        self._transform: Callable[..., Any] | None = or_else(field(transformer, "transform", None), None)
        self._flush: Callable[..., Any] = field(transformer, "flush", _nothing)
        self._cancelled: Callable[..., Any] = field(transformer, "cancel", _nothing)
        self._held_back = True
        self._change: Future[Any] | None = None
        self._over = False
        source: dict[str, Any] = {"pull": self._pull, "cancel": self._cancel}
        if kind:
            source["type"] = kind
        self._controller = TransformStreamDefaultController._for(self)
        self._readable = ReadableStream(source, reading if given(reading) else {"highWaterMark": 0})
        start = field(transformer, "start", MISSING)
        sink: dict[str, Any] = {"write": self._write, "close": self._close, "abort": self._abort}
        if start is not MISSING:
            sink["start"] = self._start(start)
        self._writable = WritableStream(sink, writing)

    @property
    def readable(self) -> ReadableStream:
        """Where what was transformed comes out."""
        return self._readable

    @property
    def writable(self) -> WritableStream:
        """Where what is to be transformed goes in."""
        return self._writable

    def _start(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        first = attempt(callback, self._controller)

        async def wait(_: Any) -> None:
            try:
                await first
            except Exception as error:
                self._readable._controller._fail(as_reason(error))
                raise

        return wait

    def _hold_back(self, on: bool) -> None:
        self._held_back = on
        change, self._change = self._change, None
        resolve(change)

    def _changed(self) -> Future[Any]:
        if self._change is None:
            self._change = pending()
        return self._change

    def _pull(self, _: Any) -> Future[Any]:
        self._hold_back(False)
        return self._changed()

    async def _write(self, chunk: Any, _: Any) -> None:
        while self._held_back and not self._over:
            await self._changed()
        if self._writable._state != "writable":
            raise self._ended()
        try:
            await finish(self._transformed(chunk))
        except Exception as error:
            self._break(as_reason(error))
            raise

    def _transformed(self, chunk: Any) -> Any:
        if self._transform is not None:
            return self._transform(chunk, self._controller)
        self._controller.enqueue(chunk)
        return None

    async def _close(self) -> None:
        try:
            await finish(self._flush(self._controller))
        except Exception as error:
            self._break(as_reason(error))
            raise
        self._end()
        if self._readable._controller._open:
            self._readable._controller.close()

    async def _abort(self, reason: Any) -> None:
        self._end()
        try:
            await finish(self._cancelled(reason))
        finally:
            self._readable._controller._fail(reason)

    async def _cancel(self, reason: Any) -> None:
        self._end()
        try:
            await finish(self._cancelled(reason))
        finally:
            self._writable._controller.error(reason)

    def _break(self, reason: Any) -> None:
        self._end()
        self._readable._controller._fail(reason)
        self._writable._controller.error(reason)

    def _end(self) -> None:
        self._over = True
        self._hold_back(False)

    def _ended(self) -> EdgeError:
        return type_error("The readable side of this TransformStream is no longer readable.")


class TransformStreamDefaultController(WebObject):
    """What a transformer sees."""

    def __init__(self, *args: Any) -> None:
        raise illegal_constructor()

    @classmethod
    def _for(cls, stream: TransformStream) -> TransformStreamDefaultController:
        made = cls.__new__(cls)
        made._stream = stream
        return made

    _stream: TransformStream

    @property
    def desiredSize(self) -> float | None:
        """How much more the readable side wants."""
        return self._stream._readable._controller.desiredSize

    def enqueue(self, chunk: Any = MISSING) -> None:
        """Give a chunk to the readable side. Raises EdgeError (TypeError) when that has ended."""
        feed: Any = self._stream._readable._controller
        if not feed._open:
            raise self._stream._ended()
        feed.enqueue(or_else(chunk, UNDEFINED))
        full = not feed._waited_for and feed._mark - feed._total <= 0
        if full and not self._stream._held_back:
            self._stream._hold_back(True)

    def error(self, reason: Any = MISSING) -> None:
        """Break both sides."""
        self._stream._break(or_else(reason, UNDEFINED))

    def terminate(self) -> None:
        """End the readable side, break the writable one."""
        if self._stream._readable._controller._open:
            self._stream._readable._controller.close()
        self._stream._end()
        self._stream._writable._controller.error(type_error("The transform stream has been terminated"))


class IdentityTransformStream(TransformStream):
    """Bytes through as they are."""

    def __init__(self, strategy: Any = MISSING) -> None:
        self._link({"transform": self._pass, "flush": self._finish}, strategy, MISSING, "bytes")

    def _pass(self, chunk: Any, controller: Any) -> None:
        data = as_bytes(chunk)
        if data:
            controller.enqueue(data)

    def _finish(self, controller: Any) -> None:
        """Everything was written."""


class FixedLengthStream(IdentityTransformStream):
    """Bytes through, exactly as many as were said."""

    def __init__(self, length: Any = MISSING, strategy: Any = MISSING) -> None:
        expected = number(length) if given(length) else float("nan")
        if not expected.is_integer():
            raise type_error("The value cannot be converted because it is not an integer.")
        if expected < 0:
            raise type_error(
                "The value cannot be converted because it is negative and this API expects a positive bigint."
            )
        if expected >= _SAFE:
            raise type_error("FixedLengthStream requires an integer expected length less than 2^53.")
        super().__init__(strategy)
        self._left = int(expected)
        self._readable._expected = int(expected)  # type: ignore[attr-defined]

    def _pass(self, chunk: Any, controller: Any) -> None:
        data = as_bytes(chunk)
        if len(data) > self._left:
            raise type_error("Attempt to write too many bytes through a FixedLengthStream.")
        self._left -= len(data)
        super()._pass(data, controller)

    def _finish(self, controller: Any) -> None:
        if self._left:
            raise type_error("FixedLengthStream did not see all expected bytes before close().")


class _Zlib(Protocol):
    def feed(self, data: bytes) -> bytes: ...

    def end(self) -> bytes: ...


_WINDOWS: Final = {"deflate": zlib.MAX_WBITS, "deflate-raw": -zlib.MAX_WBITS, "gzip": zlib.MAX_WBITS | 16}


class _ThroughZlib(TransformStream):
    def _through(self, zipped: _Zlib) -> None:
        def transform(chunk: Any, controller: Any) -> None:
            if not is_buffer(chunk):
                raise as_bytes_error(chunk)
            if made := zipped.feed(bytes(chunk)):
                controller.enqueue(made)

        def flush(controller: Any) -> None:
            if made := zipped.end():
                controller.enqueue(made)

        self._link({"transform": transform, "flush": flush}, MISSING, MISSING, "bytes")


class CompressionStream(_ThroughZlib):
    """Compresses: "gzip", "deflate" or "deflate-raw"."""

    def __init__(self, format: Any = MISSING) -> None:
        self._through(_Compressor(_window(format, "CompressionStream")))


class DecompressionStream(_ThroughZlib):
    """Decompresses. Bad data, data after the end and an early end are TypeErrors."""

    def __init__(self, format: Any = MISSING) -> None:
        self._through(_Decompressor(_window(format, "DecompressionStream")))


class _Compressor:
    def __init__(self, window: int) -> None:
        self._object = zlib.compressobj(wbits=window)

    def feed(self, data: bytes) -> bytes:
        return self._object.compress(data)

    def end(self) -> bytes:
        return self._object.flush()


class _Decompressor:
    def __init__(self, window: int) -> None:
        self._object = zlib.decompressobj(wbits=window)

    def feed(self, data: bytes) -> bytes:
        if self._object.eof and data:
            raise type_error("Trailing bytes after end of compressed data")
        try:
            made = self._object.decompress(data)
        except zlib.error:
            raise type_error("Decompression failed.") from None
        if self._object.unused_data:
            raise type_error("Trailing bytes after end of compressed data")
        return made

    def end(self) -> bytes:
        if not self._object.eof:
            raise type_error("Called close() on a decompression stream with incomplete data")
        return b""


class TextEncoderStream(TransformStream):
    """Strings in, UTF-8 out."""

    def __init__(self) -> None:
        self._high = ""  # the first half of a surrogate pair whose second half is still to come
        super().__init__({"transform": self._encode, "flush": self._rest})

    @property
    def encoding(self) -> str:
        """ "utf-8"."""
        return "utf-8"

    def _encode(self, chunk: Any, controller: Any) -> None:
        found = self._high + text(chunk)
        self._high = found[-1] if found and "\ud800" <= found[-1] <= "\udbff" else ""
        if made := scalars(found.removesuffix(self._high) if self._high else found):
            controller.enqueue(made.encode())

    def _rest(self, controller: Any) -> None:
        if self._high:
            controller.enqueue("\ufffd".encode())


class TextDecoderStream(TransformStream):
    """Bytes in, strings out."""

    def __init__(self, label: Any = MISSING, options: Any = MISSING) -> None:
        self._decoder = TextDecoder(label, options)
        super().__init__({"transform": self._decode, "flush": self._rest})

    @property
    def encoding(self) -> str:
        """The name of the encoding."""
        return self._decoder.encoding

    @property
    def fatal(self) -> bool:
        """Whether malformed bytes break it."""
        return self._decoder.fatal

    @property
    def ignoreBOM(self) -> bool:
        """Whether a byte order mark stays in the text."""
        return self._decoder.ignoreBOM

    def _decode(self, chunk: Any, controller: Any) -> None:
        if not is_buffer(chunk):
            raise type_error("Failed to decode input: it is no buffer.")
        if made := self._decoder.decode(chunk, {"stream": True}):
            controller.enqueue(made)

    def _rest(self, controller: Any) -> None:
        if made := self._decoder.decode():
            controller.enqueue(made)


def as_bytes(chunk: Any) -> bytes:
    """A chunk of a stream of bytes. Raises EdgeError (TypeError) for anything else."""
    if is_buffer(chunk):
        return bytes(chunk)
    raise as_bytes_error(chunk)


def as_bytes_error(chunk: Any) -> EdgeError:
    """The TypeError of a chunk that is no bytes."""
    if isinstance(chunk, str):
        return type_error(
            _BYTES + "a string on its writable side. If you wish to write a string, you'll probably want to "
            "explicitly UTF-8-encode it with TextEncoder."
        )
    return type_error(_BYTES + "an object of non-ArrayBuffer/ArrayBufferView type on its writable side.")


def _window(format: Any, name: str) -> int:
    if format is MISSING:
        raise wrong_type(f"new {name} 1", "string")
    found = _WINDOWS.get(text(format))
    if found is None:
        raise type_error("The compression format must be either 'deflate', 'deflate-raw' or 'gzip'.")
    return found
