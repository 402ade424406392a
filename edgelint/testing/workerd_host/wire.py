"""HTTP/1.1 on the world's loop: what both directions between the world and workerd share (h11 does the protocol)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from weakref import WeakSet

import h11

_READ: Final = 1 << 16
MAX_HEAD: Final = 1 << 20
"""Bytes of a request line and headers: the key of a KV pair is in the URL, its metadata in a header."""


_CONNECT: Final = b"CONNECT "


class Ended(Exception):
    """The other side closed the connection."""


class Traffic:
    """What goes over connections, of which a big body takes a while: whether any of it moved is whether ``moved``
    changed."""

    def __init__(self) -> None:
        self._received = 0
        self._wires: WeakSet[Wire] = WeakSet()

    def add(self, wire: Wire) -> None:
        """A connection of which it is to know."""
        self._wires.add(wire)

    def came(self, size: int) -> None:
        """So many bytes were received."""
        self._received += size

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes that came, and bytes that wait until the other side takes them."""
        return self._received, sum(wire.writer.transport.get_write_buffer_size() for wire in self._wires)


class Wire:
    """One connection. ``role`` is h11.CLIENT or h11.SERVER; what goes over it counts in ``traffic``."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, role: type[h11.CLIENT | h11.SERVER],
        traffic: Traffic | None = None,
    ) -> None:  # fmt: skip
        self.reader = reader
        self.writer = writer
        self._traffic = traffic
        if traffic is not None:
            traffic.add(self)
        self.http = h11.Connection(role, max_incomplete_event_size=MAX_HEAD)

    async def event(self) -> h11.Event | type[h11.PAUSED]:
        """The next event of the protocol. Raises Ended, also for an end in the middle of a body, and
        h11.RemoteProtocolError."""
        while True:
            event = self.http.next_event()
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]
            try:
                data = await self.read()
            except ConnectionError as error:
                raise Ended(str(error)) from error
            if not data and self.http.their_state in (h11.IDLE, h11.SEND_RESPONSE):
                raise Ended("the connection was closed")
            if data.startswith(_CONNECT) and self.http.their_state is h11.IDLE:
                data = _with_host(data)
            self.http.receive_data(data)
            if not data:
                return self._last_event()

    def _last_event(self) -> h11.Event | type[h11.PAUSED]:
        try:
            return self.http.next_event()  # type: ignore[return-value]
        except h11.RemoteProtocolError as error:
            raise Ended(str(error)) from error

    async def read(self) -> bytes:
        """What comes next, as it is; nothing at the end. Raises ConnectionError."""
        data = await self.reader.read(_READ)
        if self._traffic is not None:
            self._traffic.came(len(data))
        return data

    async def body(self) -> AsyncIterator[bytes]:
        """The body that follows, as it comes."""
        while True:
            event = await self.event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            else:
                return

    async def whole_body(self) -> bytes:
        """The body that follows, when all of it is there."""
        return b"".join([part async for part in self.body()])

    def put(self, *events: h11.Event) -> None:
        """Write events without waiting until the other side has taken them: it may wait itself, for its answer to be
        read."""
        self.writer.write(b"".join([self.http.send(event) or b"" for event in events]))

    async def send(self, *events: h11.Event) -> None:
        """Write events. Raises Ended."""
        try:
            self.put(*events)
            await self.writer.drain()
        except ConnectionError as error:
            raise Ended(str(error)) from error

    def finish(self) -> None:
        """Close when everything is sent."""
        self.writer.close()

    def close(self) -> None:
        """Close at once."""
        transport = self.writer.transport
        if transport is not None:
            transport.abort()


def _with_host(data: bytes) -> bytes:
    """A CONNECT with the Host that HTTP/1.1 wants and workerd does not send: the one it connects to."""
    line, end, rest = data.partition(b"\r\n")
    return b"".join((line, end, b"Host: ", line[len(_CONNECT) :].split(b" ")[0], b"\r\n", rest)) if end else data
