"""What feeds a ReadableStream: the default controller, and the one of bytes with its BYOB requests."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import range_error, type_error
from edgelint.testing.python_host.web import strategies
from edgelint.testing.python_host.web.base import (
    MISSING,
    WebObject,
    field,
    illegal_constructor,
    is_buffer,
    or_else,
    whole,
    wrong_type,
)  # fmt: skip
from edgelint.testing.python_host.web.promises import (
    Future,
    as_reason,
    attempt,
    pending,
    resolve,
    resolved,
    then,
)  # fmt: skip
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.python_host.web.readable import ReadableStream, _Reader

_CLOSED: Final = "This ReadableStream is closed."
_BYTES_CLOSED: Final = "This ReadableByteStreamController is closed."
_INVALID: Final = "This ReadableStreamBYOBRequest has been invalidated."


def _nothing(*args: Any) -> Any:
    return UNDEFINED


class Controller(WebObject):
    """What both controllers are: the queue, and when the source is asked for more."""

    def __init__(self, *args: Any) -> None:
        raise illegal_constructor()

    def _setup(self, stream: ReadableStream, mark: float) -> None:
        self._stream = stream
        self._mark = mark
        self._held: deque[tuple[Any, float]] = deque()
        self._total = 0.0
        self._closing = False
        self._started = False
        self._pulling = False
        self._again = False
        self._pull_callback: Callable[..., Any] = _nothing
        self._cancel_callback: Callable[..., Any] = _nothing
        self._pulls = False

    def _begin(self, source: Any) -> None:
        """Read the source's callbacks and start it. What ``start`` raises breaks the stream, as in workerd."""
        pull = field(source, "pull", MISSING)
        self._pulls = pull is not MISSING
        self._pull_callback = or_else(pull, _nothing)
        self._cancel_callback = field(source, "cancel", _nothing)
        start = field(source, "start", MISSING)
        if start is MISSING and not self._pulls:
            self._started = True  # nothing will ever be asked: so it can be made where no loop runs
            return
        if start is MISSING:
            self._ready(UNDEFINED)
            return
        then(attempt(start, self), self._ready, self._fail)

    def _ready(self, _: Any) -> None:
        self._started = True
        self._ask()

    @property
    def desiredSize(self) -> float | None:
        """How much more it wants; 0 once closed, None once broken."""
        if self._stream._state == "errored":
            return None
        if self._stream._state == "closed" or self._closing:
            return 0
        left = self._mark - self._total
        return int(left) if math.isfinite(left) and left == int(left) else left

    def close(self) -> None:
        """No more chunks; those that are queued can still be read. Raises EdgeError (TypeError) when closed."""
        if not self._open:
            raise type_error(self._closed_words)
        self._closing = True
        if not self._held:
            self._finish()

    def error(self, reason: Any = MISSING) -> None:
        """Break the stream."""
        self._fail(or_else(reason, UNDEFINED))

    _closed_words = _CLOSED

    @property
    def _open(self) -> bool:
        return not self._closing and self._stream._state == "readable"

    def _finish(self) -> None:
        self._forget()
        self._stream._close()

    def _fail(self, reason: Any) -> None:
        if self._stream._state == "readable":
            self._held.clear()
            self._total = 0
            self._forget()
            self._stream._fail(reason)

    def _forget(self) -> None:
        self._pull_callback = self._cancel_callback = _nothing
        self._pulls = False

    def _cancel(self, reason: Any) -> Future[Any]:
        self._held.clear()
        self._total = 0
        callback = self._cancel_callback
        self._forget()
        return attempt(callback, reason)

    def _reader_gone(self) -> None:
        """The lock went: nothing waits any more."""

    def _read(self, reader: _Reader) -> Future[Any]:
        """One chunk for a reader of a stream that is readable."""
        if self._held:
            chunk = self._take()
            if self._closing and not self._held:
                self._finish()
            else:
                self._ask()
            return resolved({"value": chunk, "done": False})
        waits = pending()
        reader._waiting.append((waits, None))
        self._ask()
        return waits

    def _take(self) -> Any:
        chunk, size = self._held.popleft()
        self._total = max(0, self._total - size)
        return chunk

    def _hold(self, chunk: Any, size: float) -> None:
        self._held.append((chunk, size))
        self._total += size

    @property
    def _waited_for(self) -> bool:
        reader = self._stream._reader
        return reader is not None and bool(reader._waiting)

    def _ask(self) -> None:
        """Ask the source for more when somebody waits, or the queue is below its mark."""
        if not (self._open and self._started and self._pulls):
            return
        if not self._waited_for and self._mark - self._total <= 0:
            return
        if self._pulling:
            self._again = True
            return
        self._pulling = True
        then(attempt(self._pull_callback, self), self._asked, self._fail)

    def _asked(self, _: Any) -> None:
        self._pulling = False
        if self._again:
            self._again = False
            self._ask()


class ReadableStreamDefaultController(Controller):
    """Chunks of any kind."""

    @classmethod
    def _for(cls, stream: ReadableStream, mark: float, size: strategies.Size) -> ReadableStreamDefaultController:
        made = cls.__new__(cls)
        made._setup(stream, mark)
        made._size = size
        return made

    _size: strategies.Size

    def enqueue(self, chunk: Any = MISSING) -> None:
        """Give a chunk: to who waits, or into the queue. Raises EdgeError (TypeError) when closed."""
        if not self._open:
            raise type_error("Unable to enqueue")
        chunk = or_else(chunk, UNDEFINED)
        reader = self._stream._reader
        if reader is not None and reader._waiting:
            waits, _ = reader._waiting.pop(0)
            resolve(waits, {"value": chunk, "done": False})
        else:
            try:
                size = strategies.measured(self._size, chunk)
            except Exception as error:
                self._fail(as_reason(error))
                raise
            self._hold(chunk, size)
        self._ask()


class ReadableByteStreamController(Controller):
    """Bytes, which can be read in other pieces than they were given in."""

    _closed_words = _BYTES_CLOSED

    @classmethod
    def _for(cls, stream: ReadableStream, mark: float, allocate: int) -> ReadableByteStreamController:
        made = cls.__new__(cls)
        made._setup(stream, mark)
        made._allocate = allocate
        made._request = None
        return made

    _allocate: int
    _request: ReadableStreamBYOBRequest | None

    @property
    def byobRequest(self) -> ReadableStreamBYOBRequest | None:
        """The buffer that a reader waits to be filled, None when none does."""
        reader = self._stream._reader
        if self._request is None and self._stream._state == "readable" and reader is not None and reader._waiting:
            wanted = reader._waiting[0][1]
            size = self._allocate if wanted is None else wanted.size - len(wanted.got)
            if size > 0:
                self._request = ReadableStreamBYOBRequest._for(self, bytearray(size))
        return self._request

    def enqueue(self, chunk: Any = MISSING) -> None:
        """Give bytes. Raises EdgeError (TypeError) when closed, and for what is no buffer or empty."""
        if not is_buffer(chunk):
            raise wrong_type("enqueue on ReadableByteStreamController 1", "BufferSource")
        if strategies.byte_length(chunk) == 0:
            raise type_error("Cannot enqueue a zero-length ArrayBuffer.")
        if not self._open:
            raise type_error(_BYTES_CLOSED)
        self._drop_request()
        self._deliver(bytes(chunk))
        self._ask()

    def _deliver(self, data: bytes) -> None:
        reader = self._stream._reader
        while data and reader is not None and reader._waiting:
            waits, wanted = reader._waiting[0]
            if wanted is None:
                reader._waiting.pop(0)
                resolve(waits, {"value": data, "done": False})
                return
            room = wanted.size - len(wanted.got)
            wanted.got += data[:room]
            data = data[room:]
            if len(wanted.got) < wanted.least:
                return
            reader._waiting.pop(0)
            resolve(waits, {"value": bytes(wanted.got), "done": False})
        if data:
            self._hold(data, len(data))

    def _read_into(self, reader: _Reader, size: int, least: int) -> Future[Any]:
        wanted = _Wanted(size, least)
        while self._held and len(wanted.got) < size:
            chunk = self._take()
            room = size - len(wanted.got)
            wanted.got += chunk[:room]
            if len(chunk) > room:
                rest = chunk[room:]
                self._held.appendleft((rest, len(rest)))
                self._total += len(rest)
        if len(wanted.got) >= least or (wanted.got and self._closing):
            if self._closing and not self._held:
                self._finish()
            else:
                self._ask()
            return resolved({"value": bytes(wanted.got), "done": False})
        waits = pending()
        reader._waiting.append((waits, wanted))
        self._ask()
        return waits

    def _finish(self) -> None:
        self._drop_request()
        reader = self._stream._reader
        for waits, wanted in reader._waiting if reader is not None else ():
            if wanted is not None and wanted.got:  # what came before the end is given, the end is told by the next read
                resolve(waits, {"value": bytes(wanted.got), "done": False})
        super()._finish()

    def _reader_gone(self) -> None:
        self._drop_request()

    def _drop_request(self) -> None:
        if self._request is not None:
            self._request._controller = None
            self._request = None

    def _respond(self, data: bytes) -> None:
        self._drop_request()
        if data:
            self._deliver(data)
        self._ask()


class _Wanted:
    """A read into a buffer of ``size`` bytes that waits for ``least``; ``got`` is what came."""

    __slots__ = ("size", "least", "got")

    def __init__(self, size: int, least: int) -> None:
        self.size = size
        self.least = least
        self.got = bytearray()


class ReadableStreamBYOBRequest(WebObject):
    """A buffer to fill."""

    def __init__(self, *args: Any) -> None:
        raise illegal_constructor()

    @classmethod
    def _for(cls, controller: ReadableByteStreamController, view: bytearray) -> ReadableStreamBYOBRequest:
        made = cls.__new__(cls)
        made._controller = controller
        made._view = view
        return made

    _controller: ReadableByteStreamController | None
    _view: bytearray

    @property
    def view(self) -> bytearray | None:
        """The buffer, None once it was answered."""
        return None if self._controller is None else self._view

    @property
    def atLeast(self) -> int | None:
        """How many bytes the reader waits for at least."""
        if self._controller is None:
            return None
        reader = self._controller._stream._reader
        wanted = reader._waiting[0][1] if reader is not None and reader._waiting else None
        return 1 if wanted is None else max(1, wanted.least - len(wanted.got))

    def respond(self, written: Any = MISSING) -> None:
        """Say how many bytes of the buffer were filled. Raises EdgeError (TypeError, RangeError)."""
        count = whole(written)
        if self._controller is None:
            raise type_error(_INVALID)
        if count < 0 or count > len(self._view):
            raise range_error(f"Too many bytes [{count}] in response to a BYOB read request.")
        self._check_amount(count, "bytesWritten")
        self._controller._respond(bytes(self._view[:count]))

    def respondWithNewView(self, view: Any = MISSING) -> None:
        """Give another buffer instead."""
        if not is_buffer(view):
            raise wrong_type("respondWithNewView on ReadableStreamBYOBRequest 1", "BufferSource")
        if self._controller is None:
            raise type_error(_INVALID)
        size = strategies.byte_length(view)
        if size > len(self._view):
            raise range_error(f"Too many bytes [{size}] in response to a BYOB read request.")
        self._check_amount(size, "view byte length")
        self._controller._respond(bytes(view))

    def _check_amount(self, count: int, what: str) -> None:
        assert self._controller is not None
        if self._controller._open and count == 0:
            raise type_error(f"The {what} must be more than zero while the stream is open.")
        if not self._controller._open and count > 0:
            raise type_error(f"The {what} must be zero after the stream is closed.")
