"""WritableStream, its writer and its controller (https://streams.spec.whatwg.org/#ws-class), in workerd's words."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web import strategies
from edgelint.testing.python_host.web.base import (
    MISSING,
    WebObject,
    field,
    illegal_constructor,
    or_else,
    wrong_type,
)  # fmt: skip
from edgelint.testing.python_host.web.promises import (
    Future,
    as_reason,
    attempt,
    pending,
    reject,
    rejected,
    resolve,
    resolved,
    then,
)  # fmt: skip
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.python_host.web.abort import AbortSignal

LOCKED: Final = "This WritableStream is currently locked to a writer."
CLOSED: Final = "This WritableStream has been closed."
_RELEASED: Final = "This WritableStream writer has been released."
_CLOSE: Final = object()
State = Literal["writable", "erroring", "errored", "closed"]


def _nothing(*args: Any) -> Any:
    return UNDEFINED


class WritableStream(WebObject):
    """A destination of chunks, one written at a time."""

    def __init__(self, sink: Any = MISSING, strategy: Any = MISSING) -> None:
        mark, size = strategies.read(strategy, 1)
        self._state: State = "writable"
        self._error: Any = UNDEFINED
        self._writer: WritableStreamDefaultWriter | None = None
        self._closing = False
        self._aborting: tuple[Future[Any], Any, bool] | None = None
        self._controller = WritableStreamDefaultController._for(self, mark, size)
        self._controller._begin(sink)

    @property
    def locked(self) -> bool:
        """Whether a writer has it."""
        return self._writer is not None

    def getWriter(self) -> WritableStreamDefaultWriter:
        """Lock it. Raises EdgeError (TypeError) when it is locked."""
        return WritableStreamDefaultWriter(self)

    def abort(self, reason: Any = MISSING) -> Future[Any]:
        """Give up: what is queued is lost, the sink is told. Rejected while a writer has it."""
        if self._writer is not None:
            return rejected(type_error(LOCKED))
        return self._abort(or_else(reason, UNDEFINED))

    def close(self) -> Future[Any]:
        """End it after what is queued. Rejected while a writer has it."""
        if self._writer is not None:
            return rejected(type_error(LOCKED))
        return self._close()

    def _abort(self, reason: Any) -> Future[Any]:
        if self._state in ("closed", "errored"):
            return resolved(UNDEFINED)
        if self._aborting is not None:
            return self._aborting[0]
        done = pending()
        was_erroring = self._state == "erroring"
        self._aborting = (done, UNDEFINED if was_erroring else reason, was_erroring)
        self._controller._signal_abort(reason)
        if not was_erroring and self._state == "writable":
            self._start_erroring(reason)
        return done

    def _close(self) -> Future[Any]:
        if self._state == "closed" or self._closing:
            return rejected(type_error(CLOSED))
        if self._state != "writable":
            return rejected(self._error)
        self._closing = True
        if self._writer is not None:
            resolve(self._writer._ready)
        return self._controller._put(_CLOSE, 0)

    def _write(self, chunk: Any) -> Future[Any]:
        if self._state == "closed" or self._closing:
            return rejected(type_error(CLOSED))
        if self._state != "writable":
            return rejected(self._error)
        return self._controller._write(chunk)

    def _start_erroring(self, reason: Any) -> None:
        self._state, self._error = "erroring", reason
        if self._writer is not None:
            self._writer._fail_ready(reason)
        if not self._controller._busy and self._controller._started:
            self._finish_erroring()

    def _finish_erroring(self) -> None:
        self._state = "errored"
        self._controller._reject_queued(self._error)
        aborting, self._aborting = self._aborting, None
        if aborting is None:
            self._reject_closed()
            return
        done, reason, was_erroring = aborting
        if was_erroring:
            reject(done, self._error)
            self._reject_closed()
            return

        def kept(_: Any) -> None:
            resolve(done)
            self._reject_closed()

        def broken(why: Any) -> None:
            reject(done, why)
            self._reject_closed()

        then(attempt(self._controller._abort_callback, reason), kept, broken)

    def _reject_closed(self) -> None:
        if self._writer is not None:
            reject(self._writer._closed, self._error)

    def _closed_now(self) -> None:
        self._state = "closed"
        if self._aborting is not None:
            resolve(self._aborting[0])
            self._aborting = None
        if self._writer is not None:
            resolve(self._writer._closed)


class WritableStreamDefaultController(WebObject):
    """What the sink sees: an abort signal, and a way to break the stream."""

    def __init__(self, *args: Any) -> None:
        raise illegal_constructor()

    @classmethod
    def _for(cls, stream: WritableStream, mark: float, size: strategies.Size) -> WritableStreamDefaultController:
        made = cls.__new__(cls)
        made._stream, made._mark, made._size = stream, mark, size
        made._queue = deque()
        made._total = 0.0
        made._busy = made._started = False
        made._signal = None
        made._write_callback = made._close_callback = made._abort_callback = _nothing
        return made

    _stream: WritableStream
    _mark: float
    _size: strategies.Size
    _queue: deque[tuple[Any, float, Future[Any]]]
    _total: float
    _busy: bool
    _started: bool
    _signal: AbortSignal | None
    _write_callback: Callable[..., Any]
    _close_callback: Callable[..., Any]
    _abort_callback: Callable[..., Any]

    def _begin(self, sink: Any) -> None:
        self._write_callback = field(sink, "write", _nothing)
        self._close_callback = field(sink, "close", _nothing)
        self._abort_callback = field(sink, "abort", _nothing)
        start = field(sink, "start", MISSING)
        if start is MISSING:
            self._started = True
            return
        then(attempt(start, self), self._ready, self._start_failed)

    def _ready(self, _: Any) -> None:
        self._started = True
        if self._stream._state == "erroring":
            self._stream._finish_erroring()
        else:
            self._advance()

    def _start_failed(self, reason: Any) -> None:
        self._started = True
        if self._stream._state == "erroring":
            self._stream._finish_erroring()
        else:
            self.error(reason)

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the stream is."""
        from edgelint.testing.python_host.web.abort import AbortSignal

        if self._signal is None:
            self._signal = AbortSignal._new()
        return self._signal

    def error(self, reason: Any = MISSING) -> None:
        """Break the stream."""
        if self._stream._state == "writable":
            self._stream._start_erroring(or_else(reason, UNDEFINED))

    def _signal_abort(self, reason: Any) -> None:
        self.signal._abort(reason)

    def _desired(self) -> float:
        left = self._mark - self._total
        return int(left) if math.isfinite(left) and left == int(left) else left

    @property
    def _backpressure(self) -> bool:
        return self._mark - self._total <= 0

    def _write(self, chunk: Any) -> Future[Any]:
        try:
            size = strategies.measured(self._size, chunk)
        except Exception as error:
            self.error(as_reason(error))
            return rejected(error)
        return self._put(chunk, size)

    def _put(self, chunk: Any, size: float) -> Future[Any]:
        done = pending()
        self._queue.append((chunk, size, done))
        self._total += size
        if self._stream._writer is not None and not self._stream._closing:
            self._stream._writer._pressure(self._backpressure)
        self._advance()
        return done

    def _advance(self) -> None:
        if self._busy or not self._started or not self._queue or self._stream._state != "writable":
            return
        self._busy = True
        chunk, _, _ = self._queue[0]
        if chunk is _CLOSE:
            then(attempt(self._close_callback), self._written, self._failed)
        elif self._write_callback is _nothing:
            self._written(UNDEFINED)
        else:
            then(attempt(self._write_callback, chunk, self), self._written, self._failed)

    def _written(self, _: Any) -> None:
        chunk, size, done = self._queue.popleft()
        self._busy = False
        self._total = max(0, self._total - size)
        resolve(done)
        if chunk is _CLOSE:
            self._stream._closed_now()
        elif self._stream._state == "erroring":
            self._stream._finish_erroring()
        else:
            if self._stream._writer is not None and not self._stream._closing:
                self._stream._writer._pressure(self._backpressure)
            self._advance()

    def _failed(self, reason: Any) -> None:
        _, size, done = self._queue.popleft()
        self._busy = False
        self._total = max(0, self._total - size)
        reject(done, reason)
        if self._stream._state == "writable":
            self._stream._start_erroring(reason)
        else:
            self._stream._finish_erroring()

    def _reject_queued(self, reason: Any) -> None:
        queued, self._queue = self._queue, deque()
        self._total = 0
        for _, _, done in queued:
            reject(done, reason)


class WritableStreamDefaultWriter(WebObject):
    """A lock on a stream, to write with."""

    def __init__(self, stream: Any = MISSING) -> None:
        if not isinstance(stream, WritableStream):
            raise wrong_type("new WritableStreamDefaultWriter 1", "WritableStream")
        if stream._writer is not None:
            raise type_error(LOCKED)
        self._stream: WritableStream | None = stream
        stream._writer = self
        self._closed = pending()
        if stream._state == "closed":
            resolve(self._closed)
        elif stream._state == "errored":
            reject(self._closed, stream._error)
        self._ready = pending()
        if stream._state in ("erroring", "errored"):
            reject(self._ready, stream._error)
        elif stream._closing or stream._state == "closed" or not stream._controller._backpressure:
            resolve(self._ready)

    @property
    def closed(self) -> Future[Any]:
        """Kept when the stream has ended; rejected when it breaks or the lock goes."""
        return self._closed

    @property
    def ready(self) -> Future[Any]:
        """Kept when the stream wants more."""
        return self._ready

    @property
    def desiredSize(self) -> float | None:
        """How much more it wants; None once broken. Raises EdgeError (TypeError) after the lock went."""
        if self._stream is None:
            raise type_error(_RELEASED)
        if self._stream._state in ("erroring", "errored"):
            return None
        return 0 if self._stream._state == "closed" else self._stream._controller._desired()

    def write(self, chunk: Any = MISSING) -> Future[Any]:
        """Write a chunk; kept when the sink has taken it."""
        if self._stream is None:
            return rejected(type_error(_RELEASED))
        return self._stream._write(or_else(chunk, UNDEFINED))

    def close(self) -> Future[Any]:
        """End the stream after what is queued."""
        if self._stream is None:
            return rejected(type_error(_RELEASED))
        return self._stream._close()

    def abort(self, reason: Any = MISSING) -> Future[Any]:
        """Give up."""
        if self._stream is None:
            return rejected(type_error(_RELEASED))
        return self._stream._abort(or_else(reason, UNDEFINED))

    def releaseLock(self) -> None:
        """Give the stream back."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        stream._writer = None
        failure = type_error(_RELEASED)
        self._ready = rejected(failure) if self._ready.done() else self._ready
        reject(self._ready, failure)
        self._closed = rejected(failure) if self._closed.done() else self._closed
        reject(self._closed, failure)

    def _pressure(self, on: bool) -> None:
        if on and self._ready.done():
            self._ready = pending()
        elif not on:
            resolve(self._ready)

    def _fail_ready(self, reason: Any) -> None:
        if self._ready.done():
            self._ready = rejected(reason)
        else:
            reject(self._ready, reason)
