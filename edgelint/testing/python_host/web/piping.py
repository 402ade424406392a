"""One stream into another (``pipeTo``), and one into two (``tee``)."""

from __future__ import annotations

import asyncio
from typing import Any

from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web.abort import AbortSignal
from edgelint.testing.python_host.web.base import MISSING, field, truth
from edgelint.testing.python_host.web.promises import (
    Future,
    as_error,
    pending,
    rejected,
    resolve,
    started,
    then,
)  # fmt: skip
from edgelint.testing.python_host.web.readable import ReadableStream, ReadableStreamDefaultReader
from edgelint.testing.python_host.web.readable_controllers import ReadableByteStreamController
from edgelint.testing.python_host.web.writable import CLOSED, WritableStream, WritableStreamDefaultWriter
from edgelint.testing.values import UNDEFINED


def pipe(source: ReadableStream, destination: WritableStream, options: Any) -> Future[Any]:
    """Move everything. Both are locked until it is over. Rejected with what broke either, or the signal's reason."""
    signal = field(options, "signal", MISSING)
    if signal is not MISSING and not isinstance(signal, AbortSignal):
        return rejected(type_error("The signal of pipeTo() is no AbortSignal."))
    made = _Pipe(source, destination, options, signal if isinstance(signal, AbortSignal) else None)
    return started(made.run())


class _Pipe:
    def __init__(
        self, source: ReadableStream, destination: WritableStream, options: Any, signal: AbortSignal | None
    ) -> None:
        self._source, self._destination = source, destination
        self._reader = ReadableStreamDefaultReader(source)
        self._writer = WritableStreamDefaultWriter(destination)
        source._disturbed = True
        self._keep_open = truth(field(options, "preventClose"))
        self._keep_unaborted = truth(field(options, "preventAbort"))
        self._keep_uncancelled = truth(field(options, "preventCancel"))
        self._aborted = pending()
        self._signal = signal
        if signal is not None:
            signal._when_aborted(lambda: resolve(self._aborted, signal.reason))

    async def run(self) -> Any:
        try:
            await self._move()
            return UNDEFINED
        finally:
            self._reader._let_go()
            self._writer.releaseLock()

    async def _move(self) -> None:
        source, destination, writer = self._source, self._destination, self._writer
        last: Future[Any] | None = None
        while True:
            if self._aborted.done():
                await self._stop(self._aborted.result())
            if source._state == "errored":
                await self._source_broke(source._error)
            if destination._state in ("erroring", "errored"):
                await self._destination_broke(destination._error)
            if destination._state == "closed" or destination._closing:
                await self._destination_broke(type_error(CLOSED))
            if source._state == "closed":
                break
            if not writer.ready.done():
                await self._first(writer.ready)
                continue
            reading = self._reader.read()
            await self._first(reading)
            if not reading.done():
                continue
            if reading.exception() is None and not reading.result()["done"]:
                last = writer.write(reading.result()["value"])
        if last is not None:
            await asyncio.wait([last])
            if destination._state in ("erroring", "errored"):
                await self._destination_broke(destination._error)
        if not self._keep_open:
            await writer.close()

    async def _first(self, future: Future[Any]) -> None:
        await asyncio.wait([future, self._writer.closed, self._aborted], return_when=asyncio.FIRST_COMPLETED)

    async def _stop(self, reason: Any) -> None:
        if not self._keep_unaborted:
            self._destination._abort(reason)
        if not self._keep_uncancelled:
            self._source._cancel(reason)
        raise as_error(reason)

    async def _source_broke(self, reason: Any) -> None:
        if not self._keep_unaborted:
            await self._destination._abort(reason)
        raise as_error(reason)

    async def _destination_broke(self, reason: Any) -> None:
        if not self._keep_uncancelled:
            await self._source._cancel(reason)
        raise as_error(reason)


def tee(stream: ReadableStream) -> list[ReadableStream]:
    """Two branches of one stream. It is read as fast as the faster one asks; it is cancelled when both are."""
    return _Tee(stream).branches


class _Tee:
    def __init__(self, stream: ReadableStream) -> None:
        self._stream = stream
        self._bytes = isinstance(stream._controller, ReadableByteStreamController)
        self._reader = ReadableStreamDefaultReader(stream)
        self._reading = self._again = False
        self._cancelled: set[int] = set()
        self._both: Future[Any] | None = None
        self.branches = [self._branch(0), self._branch(1)]

    def _branch(self, index: int) -> ReadableStream:
        source: dict[str, Any] = {"pull": self._pull, "cancel": lambda reason: self._cancel(index, reason)}
        if self._bytes:
            return ReadableStream({**source, "type": "bytes"})
        return ReadableStream(source, {"highWaterMark": 0})

    def _pull(self, _: Any) -> Any:
        if self._reading:
            self._again = True
            return UNDEFINED
        self._reading = True
        then(self._reader.read(), self._got, self._broke)
        return UNDEFINED

    def _got(self, chunk: dict[str, Any]) -> None:
        self._reading = False
        open_ones: list[Any] = [branch._controller for branch in self.branches if branch._controller._open]
        if chunk["done"]:
            for controller in open_ones:
                controller.close()
            resolve(self._both)
            return
        for controller in open_ones:
            controller.enqueue(chunk["value"])
        if self._again:
            self._again = False
            self._pull(UNDEFINED)

    def _broke(self, reason: Any) -> None:
        for branch in self.branches:
            branch._controller._fail(reason)
        resolve(self._both)

    async def _cancel(self, index: int, reason: Any) -> Any:
        self._cancelled.add(index)
        if self._both is None:
            self._both = pending()
        if len(self._cancelled) == 2:
            try:
                await self._stream._cancel(reason)  # that of who came last, as in workerd
            finally:
                resolve(self._both)
            return UNDEFINED
        return await self._both
