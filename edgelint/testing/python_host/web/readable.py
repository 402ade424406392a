"""ReadableStream: the state of the stream itself, its readers and its iteration.

https://streams.spec.whatwg.org/#rs-class; where workerd words an error or decides otherwise, it is workerd's:
https://github.com/cloudflare/workerd/tree/main/src/workerd/api/streams
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final, Literal

from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web import strategies
from edgelint.testing.python_host.web.base import (
    MISSING,
    WebObject,
    field,
    is_buffer,
    or_else,
    text,
    truth,
    whole,
    wrong_field,
    wrong_type,
)  # fmt: skip
from edgelint.testing.python_host.web.promises import (
    Future,
    finish,
    pending,
    reject,
    rejected,
    resolve,
    resolved,
    started,
)  # fmt: skip
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.python_host.web.readable_controllers import Controller
    from edgelint.testing.python_host.web.writable import WritableStream

LOCKED: Final = "This ReadableStream is currently locked to a reader."
LOCKED_FOR_TEE: Final = "This ReadableStream is currently locked to a reader,"
_RELEASED: Final = "This ReadableStream reader has been released."
_NO_BYTES: Final = "This ReadableStream did not return bytes."
State = Literal["readable", "closed", "errored"]


class ReadableStream(WebObject):
    """A source of chunks. ``_controller`` feeds it, ``_reader`` is who has it locked."""

    js_async_iterates = "values"

    def __init__(self, source: Any = MISSING, strategy: Any = MISSING) -> None:
        from edgelint.testing.python_host.web import readable_controllers as controllers

        self._state: State = "readable"
        self._error: Any = UNDEFINED
        self._disturbed = False
        self._reader: _Reader | None = None
        kind = field(source, "type", MISSING)
        self._controller: Controller
        if kind is MISSING or text(kind) == "":
            mark, size = strategies.read(strategy, 1)
            self._controller = controllers.ReadableStreamDefaultController._for(self, mark, size)
        elif text(kind) == "bytes":
            mark, _ = strategies.read(strategy, 0)
            self._controller = controllers.ReadableByteStreamController._for(
                self, mark, whole(field(source, "autoAllocateChunkSize"))
            )
        else:
            raise type_error(f'"{text(kind)}" is not a valid type of ReadableStream.')
        self._controller._begin(source)

    @classmethod
    def _of_chunks(cls, chunks: AsyncIterator[bytes]) -> ReadableStream:
        """A stream of bytes as the runtime itself makes them: chunks are asked for one at a time."""

        async def pull(controller: Any) -> None:
            async for chunk in chunks:
                if chunk:
                    controller.enqueue(chunk)
                    return
            controller.close()

        async def cancel(reason: Any) -> None:
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await close()

        return cls({"type": "bytes", "pull": pull, "cancel": cancel})

    @classmethod
    def _of_bytes(cls, data: bytes) -> ReadableStream:
        """A stream of these bytes, in one chunk."""

        def pull(controller: Any) -> None:
            if data:
                controller.enqueue(data)
            controller.close()

        return cls({"type": "bytes", "pull": pull})

    @staticmethod
    def from_(iterable: Any = MISSING) -> ReadableStream:
        """A stream of what an iterable or asynchronous iterable gives (``ReadableStream.from``)."""
        if hasattr(iterable, "__aiter__"):
            later = iterable.__aiter__()

            async def pull_later(controller: Any) -> None:
                try:
                    chunk = await later.__anext__()
                except StopAsyncIteration:
                    controller.close()
                else:
                    controller.enqueue(chunk)

            return ReadableStream({"pull": pull_later}, {"highWaterMark": 0})
        if not hasattr(iterable, "__iter__"):
            raise wrong_type("from on ReadableStream 1", "AsyncGenerator")
        now = iter(iterable)

        async def pull_now(controller: Any) -> None:
            try:
                chunk = next(now)
            except StopIteration:
                controller.close()
            else:
                controller.enqueue(await finish(chunk))

        return ReadableStream({"pull": pull_now}, {"highWaterMark": 0})

    @property
    def locked(self) -> bool:
        """Whether a reader has it."""
        return self._reader is not None

    def cancel(self, reason: Any = MISSING) -> Future[Any]:
        """Lose interest: the source is told. Rejected while a reader has it."""
        if self._reader is not None:
            return rejected(type_error(LOCKED))
        return self._cancel(or_else(reason, UNDEFINED))

    def getReader(self, options: Any = MISSING) -> ReadableStreamDefaultReader | ReadableStreamBYOBReader:
        """Lock it. Raises EdgeError (TypeError) when it is locked, or for a mode it has not."""
        mode = field(options, "mode", MISSING)
        if mode is MISSING:
            return ReadableStreamDefaultReader(self)
        if text(mode) != "byob":
            raise type_error("mode must be undefined or 'byob' in call to getReader().")
        return ReadableStreamBYOBReader(self)

    def tee(self) -> list[ReadableStream]:
        """Two streams of the same chunks; this one is locked from now on."""
        from edgelint.testing.python_host.web.piping import tee

        if self._reader is not None:
            raise type_error(LOCKED_FOR_TEE)
        return tee(self)

    def pipeTo(self, destination: Any = MISSING, options: Any = MISSING) -> Future[Any]:
        """Write everything into ``destination``. The options are the standard's: preventClose, preventAbort,
        preventCancel, signal."""
        from edgelint.testing.python_host.web.piping import pipe
        from edgelint.testing.python_host.web.writable import LOCKED as WRITER
        from edgelint.testing.python_host.web.writable import WritableStream

        if not isinstance(destination, WritableStream):
            return rejected(wrong_type("pipeTo on ReadableStream 1", "WritableStream"))
        if self._reader is not None:
            return rejected(type_error(LOCKED))
        if destination.locked:
            return rejected(type_error(WRITER.rstrip(".")))
        return pipe(self, destination, options)

    def pipeThrough(self, pair: Any = MISSING, options: Any = MISSING) -> Any:
        """Write everything into ``pair.writable`` and give ``pair.readable``."""
        from edgelint.testing.python_host.web.writable import LOCKED as WRITER
        from edgelint.testing.python_host.web.writable import WritableStream

        writable: WritableStream | Any = field(pair, "writable", MISSING)
        readable = field(pair, "readable", MISSING)
        if not isinstance(readable, ReadableStream):
            raise wrong_field("readable", "Transform", "ReadableStream")
        if not isinstance(writable, WritableStream):
            raise wrong_field("writable", "Transform", "WritableStream")
        if self._reader is not None:
            raise type_error(LOCKED)
        if writable.locked:
            raise type_error(WRITER)
        self.pipeTo(writable, options)
        return readable

    def values(self, options: Any = MISSING) -> AsyncIterator[Any]:
        """Its chunks, one after the other. Leaving early cancels it unless ``preventCancel``."""
        reader = ReadableStreamDefaultReader(self)
        return _iterate(reader, truth(field(options, "preventCancel")))

    def _cancel(self, reason: Any) -> Future[Any]:
        self._disturbed = True
        if self._state == "closed":
            return resolved(UNDEFINED)
        if self._state == "errored":
            return rejected(self._error)
        self._close()
        return started(_cancelled(self._controller._cancel(reason)))

    def _close(self) -> None:
        """End: what is asked for now gets nothing."""
        if self._state != "readable":
            return
        self._state = "closed"
        if self._reader is not None:
            self._reader._stream_closed()

    def _fail(self, reason: Any) -> None:
        """Break: everything asked for now and later is rejected."""
        if self._state != "readable":
            return
        self._state, self._error = "errored", reason
        if self._reader is not None:
            self._reader._stream_failed(reason)

    def _read_up(self) -> None:
        """What ``_read_all`` makes of a stream of the runtime's own, at once: its bytes went elsewhere."""
        ReadableStreamDefaultReader(self)
        self._close()

    async def _read_all(self) -> bytes:
        """Every byte of it, to its end. Raises EdgeError (TypeError) for a chunk that is no bytes."""
        parts: list[bytes] = []
        reader = ReadableStreamDefaultReader(self)
        while True:
            chunk = await reader.read()
            if chunk["done"]:
                return b"".join(parts)
            if not is_buffer(chunk["value"]):
                failure = type_error(_NO_BYTES)
                reader._let_go()
                self._cancel(failure)
                raise failure
            parts.append(bytes(chunk["value"]))


class _Reader(WebObject):
    """What both readers are: a lock, requests that wait, the promise of the end."""

    def __init__(self, stream: Any = MISSING) -> None:
        if not isinstance(stream, ReadableStream):
            raise wrong_type(f"new {self._js_class_name()} 1", "ReadableStream")
        if stream._reader is not None:
            raise type_error(LOCKED)
        self._stream: ReadableStream | None = stream
        self._waiting: list[tuple[Future[Any], Any]] = []
        self._closed: Future[Any] | None = None
        stream._reader = self

    @property
    def closed(self) -> Future[Any]:
        """Kept when the stream ends; rejected when it breaks or the lock goes."""
        if self._closed is None:
            stream = self._stream
            if stream is None:
                self._closed = rejected(type_error(_RELEASED))
            elif stream._state == "errored":
                self._closed = rejected(stream._error)
            else:
                self._closed = resolved(UNDEFINED) if stream._state == "closed" else pending()
        return self._closed

    def cancel(self, reason: Any = MISSING) -> Future[Any]:
        """Cancel the stream."""
        if self._stream is None:
            return rejected(type_error(_RELEASED))
        return self._stream._cancel(or_else(reason, UNDEFINED))

    def releaseLock(self) -> None:
        """Give the stream back; what waits is rejected."""
        self._let_go()

    def _let_go(self) -> None:
        stream, self._stream = self._stream, None
        if stream is None:
            return
        stream._reader = None
        failure = type_error(_RELEASED)
        waiting, self._waiting = self._waiting, []
        for future, _ in waiting:
            reject(future, failure)
        stream._controller._reader_gone()
        if self._closed is not None and self._closed.done():
            self._closed = None
        reject(self._closed, failure)

    def _stream_closed(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future, view in waiting:
            resolve(future, {"value": UNDEFINED if view is None else b"", "done": True})
        resolve(self._closed)

    def _stream_failed(self, reason: Any) -> None:
        waiting, self._waiting = self._waiting, []
        for future, _ in waiting:
            reject(future, reason)
        reject(self._closed, reason)


class ReadableStreamDefaultReader(_Reader):
    """Reads chunk by chunk."""

    def read(self) -> Future[Any]:
        """The next chunk: {value, done}."""
        stream = self._stream
        if stream is None:
            return rejected(type_error(_RELEASED))
        stream._disturbed = True
        if stream._state == "closed":
            return resolved({"value": UNDEFINED, "done": True})
        if stream._state == "errored":
            return rejected(stream._error)
        return stream._controller._read(self)


class ReadableStreamBYOBReader(_Reader):
    """Reads into buffers of the caller's size."""

    def __init__(self, stream: Any = MISSING) -> None:
        from edgelint.testing.python_host.web.readable_controllers import ReadableByteStreamController

        if isinstance(stream, ReadableStream) and stream._reader is None:
            if not isinstance(stream._controller, ReadableByteStreamController):
                raise type_error("This ReadableStream does not support BYOB reads.")
        super().__init__(stream)

    def read(self, view: Any = MISSING, options: Any = MISSING) -> Future[Any]:
        """Up to as many bytes as ``view`` is long, ``min`` of the options at least: {value, done}."""
        return self._fill(view, whole(field(options, "min"), 1))

    def readAtLeast(self, least: Any = MISSING, view: Any = MISSING) -> Future[Any]:
        """``least`` bytes or more, fewer only at the end: {value, done}."""
        return self._fill(view, whole(least, 1))

    def _fill(self, view: Any, least: int) -> Future[Any]:
        from edgelint.testing.python_host.web.readable_controllers import ReadableByteStreamController

        if not is_buffer(view):
            return rejected(wrong_type("read on ReadableStreamBYOBReader 1", "ArrayBufferView"))
        if strategies.byte_length(view) == 0:
            return rejected(
                type_error('You must call read() on a "byob" reader with a positive-sized TypedArray object.')
            )
        stream = self._stream
        if stream is None:
            return rejected(type_error(_RELEASED))
        size = strategies.byte_length(view)
        if not 1 <= least <= size:
            return rejected(
                type_error(f"Requested invalid minimum number of bytes to read ({least}).")
                if least < 1
                else type_error(f"Minimum bytes to read ({least}) exceeds size of buffer ({size}).")
            )
        stream._disturbed = True
        if stream._state == "errored":
            return rejected(stream._error)
        if stream._state == "closed":
            return resolved({"value": b"", "done": True})
        assert isinstance(stream._controller, ReadableByteStreamController)
        return stream._controller._read_into(self, size, least)


async def _iterate(reader: ReadableStreamDefaultReader, prevent_cancel: bool) -> AsyncIterator[Any]:
    ended = False
    try:
        while True:
            try:
                chunk = await reader.read()
            except BaseException:
                ended = True
                raise
            if chunk["done"]:
                ended = True
                return
            yield chunk["value"]
    finally:
        stream = reader._stream
        reader._let_go()
        if not ended and not prevent_cancel and stream is not None:
            stream._cancel(UNDEFINED)


async def _cancelled(work: Future[Any]) -> Any:
    await work
    return UNDEFINED
