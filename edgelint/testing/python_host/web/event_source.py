"""EventSource: server-sent events (https://html.spec.whatwg.org/#server-sent-events)."""

from __future__ import annotations

import asyncio
import codecs
import re
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Final

from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.base import MISSING, field, or_else, text, truth, wrong_type
from edgelint.testing.python_host.web.events import ErrorEvent, Event, EventTarget, MessageEvent, on_event
from edgelint.testing.python_host.web.fetching import fetch_with
from edgelint.testing.python_host.web.promises import started
from edgelint.testing.python_host.web.readable import ReadableStream
from edgelint.testing.python_host.web.timers import uncaught
from edgelint.testing.python_host.web.urls import URL

_RETRY: Final = 2000
"""Ms before it connects again (https://github.com/cloudflare/workerd/blob/main/src/workerd/api/eventsource.h)."""
_LINE: Final = re.compile(r"\r\n|\n|\r(?!\Z)")


class EventSource(EventTarget):
    """A stream of events from a server, or from a ReadableStream (``EventSource.from``)."""

    CONNECTING: ClassVar[int] = 0
    OPEN: ClassVar[int] = 1
    CLOSED: ClassVar[int] = 2
    onopen = on_event("open")
    onmessage = on_event("message")
    onerror = on_event("error")

    def __init__(self, url: Any = MISSING, init: Any = MISSING) -> None:
        address = text(url, "new EventSource 1")
        if truth(field(init, "withCredentials")):
            raise EdgeError(
                "The init.withCredentials option is not supported. It must be false or undefined.", "NotSupportedError"
            )
        if not URL.canParse(address):
            raise EdgeError(f"Cannot open an EventSource to '{address}'. The URL is invalid.", "SyntaxError")
        self._setup(URL(address).href)
        fetcher = or_else(field(init, "fetcher", MISSING), None)
        self._send = realm.current().fetch if fetcher is None else fetcher
        self._task: asyncio.Future[Any] | None = started(self._run())

    def _setup(self, url: str) -> None:
        EventTarget.__init__(self)
        self._url = url
        self._state = self.CONNECTING
        self._retry = float(_RETRY)
        self._last_id = ""

    @classmethod
    def _from(cls, stream: Any = MISSING) -> EventSource:
        if not isinstance(stream, ReadableStream):
            raise wrong_type("from on EventSource 1", "JsReadableStream")
        if stream.locked:
            raise type_error("This ReadableStream is locked.")
        if stream._disturbed:
            raise type_error("This ReadableStream has already been read from.")
        made = cls.__new__(cls)
        made._setup("")
        made._task = started(made._read_once(stream))
        return made

    @staticmethod
    def from_(stream: Any = MISSING) -> EventSource:
        """Events of a stream of bytes."""
        return EventSource._from(stream)

    @property
    def url(self) -> str:
        """Where it reads from."""
        return self._url

    @property
    def readyState(self) -> int:
        """0 connecting, 1 open, 2 closed."""
        return self._state

    @property
    def withCredentials(self) -> bool:
        """False."""
        return False

    def close(self) -> None:
        """Stop."""
        self._state = self.CLOSED
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _run(self) -> None:
        while self._state != self.CLOSED:
            try:
                headers = [["accept", "text/event-stream"], ["cache-control", "no-cache"]]
                if self._last_id:
                    headers.append(["last-event-id", self._last_id])
                response = await fetch_with(self._send, self._url, {"headers": headers})
                kind = (response.headers.get("content-type") or "").split(";")[0].strip()
                if response.status != 200 or kind != "text/event-stream" or response.body is None:
                    self._fail(f"The response (status {response.status}, {kind or 'no type'}) is no event stream.")
                    return
                self._open()
                await self._read(response.body)
            except EdgeError as error:
                self._tell(ErrorEvent("error", {"message": error.message, "error": error}))
            if self._state != self.CLOSED:
                self._state = self.CONNECTING
                await asyncio.sleep(self._retry / 1000)

    async def _read_once(self, stream: ReadableStream) -> None:
        self._open()
        try:
            await self._read(stream)
        except EdgeError as error:
            self._tell(ErrorEvent("error", {"message": error.message, "error": error}))
        self._state = self.CLOSED

    def _open(self) -> None:
        self._state = self.OPEN
        self._tell(Event("open"))

    def _fail(self, words: str) -> None:
        self._state = self.CLOSED
        self._tell(ErrorEvent("error", {"message": words}))

    async def _read(self, stream: ReadableStream) -> None:
        kind, last_id = "", self._last_id
        data: list[str] = []
        async for line in _lines(stream):
            if self._state == self.CLOSED:
                return
            if not line:
                self._last_id = last_id
                if data:
                    init = {"data": "\n".join(data), "lastEventId": last_id, "origin": _origin(self._url)}
                    self._tell(MessageEvent(kind or "message", init))
                kind, data = "", []
                continue
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                kind = value
            elif name == "data":
                data.append(value)
            elif name == "id" and "\0" not in value:
                last_id = value
            elif name == "retry" and value.isascii() and value.isdigit():
                self._retry = float(value)

    def _tell(self, event: Event) -> None:
        event._trusted = True
        try:
            self.dispatchEvent(event)
        except Exception as error:
            uncaught(error)


async def _lines(stream: ReadableStream) -> AsyncIterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    held = ""
    async for chunk in stream.values():
        held += decoder.decode(bytes(chunk))
        *whole, held = _LINE.split(held)
        for line in whole:
            yield line
    if held.endswith("\r"):
        yield held[:-1]


def _origin(url: str) -> str:
    return URL(url).origin if url else ""
