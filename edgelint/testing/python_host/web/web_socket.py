"""WebSocket and WebSocketPair over the ends of ``edgelint.testing.sockets``."""

from __future__ import annotations

import asyncio
import contextvars
import re
from typing import Any, ClassVar, Final

from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.http import HttpRequest
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.base import (
    MISSING,
    ArrayBuffer,
    WebObject,
    can_iterate,
    given,
    is_buffer,
    text,
    whole,
    wrong_type,
)  # fmt: skip
from edgelint.testing.python_host.web.blobs import Blob
from edgelint.testing.python_host.web.events import CloseEvent, ErrorEvent, Event, EventTarget, MessageEvent, on_event
from edgelint.testing.python_host.web.promises import started
from edgelint.testing.python_host.web.timers import uncaught
from edgelint.testing.python_host.web.urls import URL, scalars
from edgelint.testing.sockets import Close, Frame, SocketEnd, socket_pair

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ERROR: Final = "WebSocket Constructor: "


class WebSocket(EventTarget):
    """One end of a connection; ``new WebSocket(url)`` opens one to the world outside."""

    CONNECTING: ClassVar[int] = 0
    OPEN: ClassVar[int] = 1
    CLOSING: ClassVar[int] = 2
    CLOSED: ClassVar[int] = 3
    READY_STATE_CONNECTING: ClassVar[int] = 0
    READY_STATE_OPEN: ClassVar[int] = 1
    READY_STATE_CLOSING: ClassVar[int] = 2
    READY_STATE_CLOSED: ClassVar[int] = 3
    onopen = on_event("open")
    onmessage = on_event("message")
    onclose = on_event("close")
    onerror = on_event("error")

    def __init__(self, url: Any = MISSING, protocols: Any = MISSING) -> None:
        address = URL.parse(text(url, "new WebSocket 1"))
        if address is None:
            raise _refused("The url is invalid.")
        if address.protocol not in ("ws:", "wss:"):
            raise _refused("The url scheme must be ws or wss.")
        if "#" in address.href:
            raise _refused("The url fragment must be empty.")
        names = _protocols(protocols)
        self._setup(None, scalars(text(url)))
        self._by_constructor = True
        address.protocol = "http" if address.protocol == "ws:" else "https"
        address.username = address.password = ""
        started(self._connect(address.href, names))

    @classmethod
    def _of(cls, end: SocketEnd) -> WebSocket:
        made = cls.__new__(cls)
        made._setup(end)
        return made

    def _setup(self, end: SocketEnd | None, url: str | None = None) -> None:
        EventTarget.__init__(self)
        self._end = end
        self._url = url
        self._protocol: str | None = ""
        self._failed = False
        self._by_constructor = False
        self._binary: str | None = None

    @property
    def readyState(self) -> int:
        """0 connecting, 1 open, 2 closing, 3 closed."""
        if self._end is None:
            return 3 if self._failed else 0
        return self._end.ready_state

    @property
    def url(self) -> str | None:
        """The URL that the constructor was given, None for an end of a pair."""
        return self._url

    @property
    def protocol(self) -> str | None:
        """The protocol that the server chose."""
        return self._protocol

    @property
    def extensions(self) -> str:
        """ ""."""
        return ""

    @property
    def binaryType(self) -> str:
        """ "blob" or "arraybuffer": what a binary message comes as."""
        return self._binary if self._binary is not None else realm.current().binary_type

    @binaryType.setter
    def binaryType(self, value: Any) -> None:
        if text(value) in ("blob", "arraybuffer"):
            self._binary = text(value)

    def accept(self, options: Any = MISSING) -> None:
        """Begin to take messages. Raises EdgeError (TypeError) when the socket is not to be used here."""
        if self._by_constructor:
            raise type_error("Websockets obtained from the 'new WebSocket()' constructor cannot call accept")
        if self._end is not None and not self._end.accepted:
            self._end.accept(self._receiver())

    def send(self, message: Any = MISSING) -> None:
        """Send text or bytes. Raises EdgeError (TypeError) before ``accept`` and after ``close``."""
        if message is MISSING:
            raise wrong_type("send on WebSocket 1", "ArrayBuffer or ArrayBufferView or string")
        if self._end is None:
            if not self._failed:
                raise EdgeError("Can't call send() on WebSocket before it is connected.", "InvalidStateError")
            return
        self._end.send(bytes(message) if is_buffer(message) else scalars(text(message)))

    def close(self, code: Any = MISSING, reason: Any = MISSING) -> None:
        """Close it. Raises EdgeError for a code or reason that no close may bear."""
        if self._end is None:
            self._failed = True
            return
        self._end.close(whole(code) if given(code) else None, scalars(text(reason)) if given(reason) else None)

    def serializeAttachment(self, value: Any = MISSING) -> None:
        """Keep a copy of a value with this end, also over hibernation."""
        if self._end is not None:
            self._end.serialize_attachment(value)

    def deserializeAttachment(self) -> Any:
        """A copy of what was kept, None when nothing was."""
        return None if self._end is None else self._end.deserialize_attachment()

    def _give_away(self) -> SocketEnd:
        """The end, for who gets the response that holds it. Raises EdgeError (TypeError) when it was taken here."""
        if self._by_constructor or self._end is None:
            raise type_error("Can't return WebSocket in a Response if it was created with `new WebSocket()`")
        if self._end.used:
            raise type_error("Can't return WebSocket that was already used in a response.")
        if self._end.hibernatable:
            raise type_error("Can't return WebSocket in a Response after calling acceptWebSocket().")
        if self._end.accepted:
            raise type_error("Can't return WebSocket in a Response after calling accept().")
        self._end.used = True
        return self._end

    def _receiver(self) -> Any:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()

        def receive(frame: Frame) -> None:
            loop.call_soon(self._got, frame, context=context)

        return receive

    def _got(self, frame: Frame) -> None:
        if isinstance(frame, Close):
            init = {"code": frame.code, "reason": frame.reason, "wasClean": frame.was_clean}
            self._tell(CloseEvent("close", init))
        else:
            self._tell(MessageEvent("message", {"data": self._received(frame)}))

    def _received(self, message: str | bytes) -> Any:
        if isinstance(message, str):
            return message
        return Blob._of(message) if self.binaryType == "blob" else ArrayBuffer(message)

    def _tell(self, event: Event) -> None:
        event._trusted = True
        try:
            self.dispatchEvent(event)
        except Exception as error:
            uncaught(error)

    async def _connect(self, url: str, protocols: list[str]) -> None:
        headers = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
        if protocols:
            headers.append(("Sec-WebSocket-Protocol", ", ".join(protocols)))
        try:
            answer = await realm.current().fetch(HttpRequest("GET", url, headers))
            if answer.web_socket is None:
                raise type_error(
                    "Failed to establish the WebSocket connection: expected server to reply with HTTP status code 101 "
                    f"(switching protocols), but received {answer.status} instead."
                )
        except Exception as error:
            self._failed = True
            self._tell(ErrorEvent("error", {"message": getattr(error, "message", str(error)), "error": error}))
            return
        if self._failed:  # closed before it was open
            answer.web_socket.take(None)
            answer.web_socket.close()
            return
        self._end = answer.web_socket
        self._protocol = answer.header("sec-websocket-protocol")
        self._end.take(self._receiver())  # what came already is told at the next turn, after "open"
        self._tell(Event("open"))


class WebSocketPair(WebObject):
    """Two ends of one connection, at [0] and [1]."""

    def __init__(self) -> None:
        first, second = socket_pair(auto_reply=realm.current().auto_reply)
        self._ends = [WebSocket._of(first), WebSocket._of(second)]

    def _js_own_values(self) -> dict[str, Any]:
        """Own properties, for ``Object.values``."""
        return {"0": self._ends[0], "1": self._ends[1]}

    def __getitem__(self, index: Any) -> WebSocket:
        return self._ends[int(index)]


def _protocols(value: Any) -> list[str]:
    if not given(value):
        return []
    if isinstance(value, str) or not can_iterate(value):
        if not _TOKEN.fullmatch(text(value)):
            raise _refused("The protocol header token is invalid.")
        return [text(value)]
    names: list[str] = []
    for each in value:
        name = text(each)
        if not _TOKEN.fullmatch(name):
            raise _refused("One of the protocol header tokens is invalid.")
        if name in names:
            raise _refused("The protocols header cannot have repeating values.")
        names.append(name)
    return names


def _refused(words: str) -> EdgeError:
    return EdgeError(_ERROR + words, "SyntaxError")
