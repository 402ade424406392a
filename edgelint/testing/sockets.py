"""WebSockets as pairs of ends, in plain Python: what a test client, a worker and a Durable Object hold.

Facts: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/web-socket.c++.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from edgelint.platform import limits
from edgelint.testing.clone import serialized_size, structured_clone
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.facade import Verbs

OPEN: Final = 1
CLOSING: Final = 2
CLOSED: Final = 3
NO_STATUS: Final = 1005
"""The code of a close that bears none."""
LOST: Final = 1006
"""The code of a connection that ended without a close."""
LOST_REASON: Final = "WebSocket disconnected without sending Close frame."
_FORBIDDEN: Final = frozenset((1004, NO_STATUS, LOST, 1015))
_NOT_ACCEPTED: Final = (
    "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages."
)


@dataclass(frozen=True, slots=True)
class Close:
    """The end of what comes from the other side. ``was_clean`` is False when the connection was lost; ``error`` is
    what it failed of, where it did (the ``error`` event)."""

    code: int = NO_STATUS
    reason: str = ""
    was_clean: bool = True
    error: BaseException | None = None


Frame: TypeAlias = "str | bytes | Close"

Hold: TypeAlias = "Callable[[], Awaitable[None]] | None"

outgoing_hold: ContextVar[Callable[[], Hold] | None] = ContextVar("edgelint_outgoing", default=None)
"""What a message has to wait for that is sent by the code that runs: a Durable Object's output gate."""


class SocketEnd(Verbs):
    """One end. What is sent at one comes out at the other, in order, once that one is accepted.

    ``auto_reply``: a close that comes in is answered by a close (as browsers do, and workers by compatibility date).
    """

    def __init__(self, *, auto_reply: bool = False) -> None:
        self.peer: SocketEnd = self
        self.auto_reply = auto_reply
        self.accepted = False
        self.hibernatable = False
        self.used = False
        """Whether it was given away in a response."""
        self.tags: tuple[str, ...] = ()
        self.auto_response_at: float | None = None
        """Virtual ms since the epoch of the last automatic response."""
        self.closed_incoming = False
        self.closed_outgoing = False
        self.aborted = False
        self._attachment: Any = None
        self._receiver: Callable[[Frame], None] | None = None
        self._inbox: deque[Frame] = deque()
        self._arrived: asyncio.Future[None] | None = None
        self._outbox: deque[tuple[Hold, Frame]] = deque()
        self._sending: asyncio.Task[None] | None = None

    @property
    def ready_state(self) -> int:
        """As ``WebSocket.readyState``: 1 open, 2 closing, 3 closed."""
        if self.aborted or (self.closed_incoming and self.closed_outgoing):
            return CLOSED
        return CLOSING if self.closed_incoming or self.closed_outgoing else OPEN

    @property
    def is_free(self) -> bool:
        """Whether nobody has taken this end yet: neither accepted it nor given it away."""
        return not (self.accepted or self.used)

    def accept(self, receiver: Callable[[Frame], None] | None = None) -> None:
        """Take this end. ``receiver`` is called with each frame that comes; without one frames wait for ``receive``.
        Raises EdgeError (TypeError) when it was given away or hibernates."""
        if self.hibernatable:
            raise type_error("Can't accept() WebSocket after enabling hibernation.")
        if self.used:
            raise type_error("Can't accept() WebSocket that was already used in a response.")
        if not self.accepted:
            self.take(receiver)

    def take(self, receiver: Callable[[Frame], None] | None) -> None:
        """Accept without looking."""
        self.accepted = True
        self._receiver = receiver
        while receiver is not None and self._inbox:
            receiver(self._inbox.popleft())

    def send(self, message: str | bytes) -> None:
        """Send. After the connection is lost it does nothing. Raises EdgeError (TypeError) after ``close`` and before
        ``accept``."""
        if self.closed_outgoing:
            raise type_error("Can't call WebSocket send() after close().")
        if self.aborted:
            return
        if not self.accepted:
            raise type_error(_NOT_ACCEPTED)
        self._put(message)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Send a close. A second one does nothing. Raises EdgeError: InvalidAccessError for a code or reason that no
        close may bear, SyntaxError for a reason over 123 bytes, TypeError before ``accept``."""
        if code is not None and (not 1000 <= code < 5000 or code in _FORBIDDEN):
            raise EdgeError(f"Invalid WebSocket close code: {code}.", "InvalidAccessError")
        if reason is not None and len(reason.encode("utf-8", "replace")) > limits.WEBSOCKET_MAX_CLOSE_REASON:
            most = limits.WEBSOCKET_MAX_CLOSE_REASON
            raise EdgeError(
                f"WebSocket close reason must not be longer than {most} bytes when UTF-8 encoded.", "SyntaxError"
            )
        if reason is not None and code is None:
            raise EdgeError(
                "If you specify a WebSocket close reason, you must also specify a code.", "InvalidAccessError"
            )
        if self.closed_outgoing or self.aborted:
            return
        if not self.accepted:
            raise type_error(_NOT_ACCEPTED)
        self._put(Close(NO_STATUS if code is None else code, reason or ""))
        self.closed_outgoing = True

    def drop(self, error: BaseException | None = None) -> None:
        """Lose the connection: the other end sees an unclean close, or ``error``; this one sends and gets nothing
        more."""
        if self.aborted:
            return
        self.aborted = True
        self._outbox.clear()
        peer = self.peer
        if not peer.closed_incoming:
            peer._arrive(Close(LOST, LOST_REASON, was_clean=False, error=error))

    async def receive(self) -> Frame:
        """The next frame, when it comes."""
        while not self._inbox:
            if self._arrived is None or self._arrived.done():
                self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        return self._inbox.popleft()

    def received(self) -> list[Frame]:
        """Everything that has come and was not taken, without waiting."""
        found = list(self._inbox)
        self._inbox.clear()
        return found

    def serialize_attachment(self, value: Any) -> None:
        """Keep a copy of ``value`` with this end, also over hibernation. Raises EdgeError when it is too large."""
        size = serialized_size(value)
        if size > limits.DO_MAX_ATTACHMENT:
            raise EdgeError(
                f"A WebSocket 'attachment' cannot be larger than {limits.DO_MAX_ATTACHMENT} bytes."
                f"'attachment' was {size} bytes."
            )
        self._attachment = structured_clone(value)

    def deserialize_attachment(self) -> Any:
        """A copy of what was kept last, None when nothing was."""
        return structured_clone(self._attachment)

    def _put(self, frame: Frame) -> None:
        held = outgoing_hold.get()
        hold = None if held is None else held()
        if hold is None and not self._outbox:
            self._deliver(frame)
            return
        self._outbox.append((hold, frame))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        token = outgoing_hold.set(None)
        try:
            while self._outbox:
                hold, frame = self._outbox[0]
                if hold is not None:
                    try:
                        await hold()
                    except Exception:  # the writes before it failed: neither it nor anything later is ever sent
                        self.drop()
                        return
                if self._outbox:
                    self._outbox.popleft()
                    self._deliver(frame)
        finally:
            outgoing_hold.reset(token)

    def _deliver(self, frame: Frame) -> None:
        if not self.peer.aborted and not self.peer.closed_incoming:
            self.peer._arrive(frame)

    def _arrive(self, frame: Frame) -> None:
        if isinstance(frame, Close):
            self.closed_incoming = True
            if not frame.was_clean:
                self.aborted = True
            elif self.auto_reply and not self.closed_outgoing:
                self.closed_outgoing = True
                self._deliver(frame)
        if self._receiver is not None:
            self._receiver(frame)
            return
        self._inbox.append(frame)
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)


def socket_pair(*, auto_reply: bool = False) -> tuple[SocketEnd, SocketEnd]:
    """Two ends of one connection (``new WebSocketPair()``)."""
    first, second = SocketEnd(auto_reply=auto_reply), SocketEnd(auto_reply=auto_reply)
    first.peer, second.peer = second, first
    return first, second
