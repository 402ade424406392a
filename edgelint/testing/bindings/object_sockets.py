"""WebSockets that a Durable Object gave to the platform (``ctx.acceptWebSocket``): they outlive its memory.

Facts: https://github.com/cloudflare/workerd/blob/main/src/workerd/io/legacy-hibernation-manager.c++ and
api/actor-state.c++.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from edgelint.platform import limits
from edgelint.testing.errors import EdgeError, range_error
from edgelint.testing.sockets import Close, Frame, SocketEnd

if TYPE_CHECKING:
    from edgelint.testing.bindings.object_life import Home
    from edgelint.testing.host import ObjectInstance

ALREADY_ACCEPTED: Final = "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`"
PAIR_TAKEN: Final = (
    "Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted or used in a "
    "Response."
)
NO_TAGS: Final = "only hibernatable websockets can have tags."
TOO_SLOW: Final = "Actor exceeded event execution time and was disconnected."


class Hibernation:
    """The sockets of one object, the latest first, and what is answered without the object."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._sockets: list[SocketEnd] = []
        self.auto_response: tuple[str, str] | None = None
        self.event_timeout: int | None = None
        """ms that the handling of one event may take."""

    def accept(self, socket: SocketEnd, tags: Sequence[str]) -> None:
        """Take a socket. Raises EdgeError when it is taken already, and for too many or too long tags."""
        if socket.accepted:
            raise EdgeError(ALREADY_ACCEPTED)
        if not socket.is_free or socket.peer.accepted or socket.peer.used:
            raise EdgeError(PAIR_TAKEN)
        distinct: list[str] = []
        for tag in tags:
            if len(distinct) >= limits.DO_MAX_TAGS:
                raise EdgeError(f"a Hibernatable WebSocket cannot have more than {limits.DO_MAX_TAGS} tags")
            if len(tag.encode("utf-8", "replace")) > limits.DO_MAX_TAG_LENGTH:
                raise EdgeError(f'"{tag}" is longer than the max tag length ({limits.DO_MAX_TAG_LENGTH} characters).')
            if tag not in distinct:
                distinct.append(tag)
        if len(self._sockets) >= limits.DO_MAX_WEBSOCKETS:
            raise EdgeError(
                f"only {limits.DO_MAX_WEBSOCKETS} websockets can be accepted on a single Durable Object instance"
            )
        socket.tags = tuple(distinct)
        socket.hibernatable = True
        self._sockets.insert(0, socket)
        socket.take(_Reader(self._home, self, socket).arrived)

    def sockets(self, tag: str | None = None) -> list[SocketEnd]:
        """All of them, the latest first; those with a tag in the order in which they came."""
        if tag is None:
            return list(self._sockets)
        return [socket for socket in reversed(self._sockets) if tag in socket.tags]

    def tags(self, socket: SocketEnd) -> list[str]:
        """The tags of a socket. Raises EdgeError for one that is not hibernatable."""
        if not socket.hibernatable:
            raise EdgeError(NO_TAGS)
        return list(socket.tags)

    def set_auto_response(self, request: str | None, response: str | None) -> None:
        """Answer every text that equals ``request`` with ``response``, without waking the object; None for no more.
        Raises EdgeError (RangeError) for more than 2,048 bytes."""
        if request is None or response is None:
            self.auto_response = None
            return
        for name, text in (("Request", request), ("Response", response)):
            size = len(text.encode("utf-8", "replace"))
            if size > limits.DO_MAX_AUTO_RESPONSE:
                raise range_error(
                    f"{name} cannot be larger than {limits.DO_MAX_AUTO_RESPONSE} bytes. "
                    f"A {name.lower()} of size {size} was provided."
                )
        self.auto_response = (request, response)

    def set_event_timeout(self, milliseconds: int | None) -> None:
        """How long the handling of one event may take; None or 0: as long as it likes. Raises EdgeError for more than 7
        days."""
        if milliseconds is not None and milliseconds > limits.DO_MAX_EVENT_TIMEOUT_MS:
            raise EdgeError(f"Event timeout should not exceed {limits.DO_MAX_EVENT_TIMEOUT_MS} ms.")
        self.event_timeout = milliseconds or None

    def answered_at(self, socket: SocketEnd) -> datetime | None:
        """When ``socket`` was last answered without the object."""
        at = socket.auto_response_at
        return None if at is None else datetime.fromtimestamp(at / 1000, UTC)

    def forget(self, socket: SocketEnd) -> None:
        """The connection is over."""
        if socket in self._sockets:
            self._sockets.remove(socket)

    def lose(self) -> None:
        """Lose every connection."""
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            socket.drop()
        self.auto_response = self.event_timeout = None


class _Reader:
    """Brings the frames of one socket to the object, in order. Handling one may begin before another is over."""

    def __init__(self, home: Home, hibernation: Hibernation, socket: SocketEnd) -> None:
        self._home = home
        self._hibernation = hibernation
        self._socket = socket
        self._frames: deque[Frame] = deque()
        self._reading = False

    def arrived(self, frame: Frame) -> None:
        """A frame has come."""
        pair = self._hibernation.auto_response
        if pair is not None and frame == pair[0]:
            self._socket.auto_response_at = self._home.clock.now
            if not self._socket.closed_outgoing:
                self._socket.send(pair[1])
            return
        self._frames.append(frame)
        if not self._reading:
            self._reading = True
            self._home.services.background(self._read(), f"WebSocket of {self._home.label}")

    async def _read(self) -> None:
        self._reading = False
        while self._frames:
            self._bring(self._frames.popleft())

    def _bring(self, frame: Frame) -> None:
        socket = self._socket
        home = self._home
        life = home.awake()

        def handle(instance: ObjectInstance) -> Coroutine[Any, Any, None]:
            if not isinstance(frame, Close):
                return instance.web_socket_message(socket, frame)
            if frame.error is not None:
                return instance.web_socket_error(socket, frame.error)
            return instance.web_socket_close(socket, frame.code, frame.reason, frame.was_clean)

        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        handler = "webSocketMessage"
        if isinstance(frame, Close):
            handler = "webSocketClose" if frame.error is None else "webSocketError"
            begun.add_done_callback(lambda _: self._hibernation.forget(socket))
        task = life.deliver(handle, handler, handler=handler, begun=begun)
        timeout = self._hibernation.event_timeout

        async def finish() -> None:
            try:
                async with asyncio.timeout(None if timeout is None else timeout / 1000) as limit:
                    await life.answer(task)
            except TimeoutError:
                if not limit.expired():
                    raise
                life.reset(EdgeError(TOO_SLOW, retryable=True), by_user=True)

        home.services.background(finish(), f"{handler} of {home.label}")
