"""What the app's ``connect()`` opened: bytes between workerd and a socket of the machine, as they come."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from edgelint.testing.http import HttpResponse

if TYPE_CHECKING:
    from edgelint.testing.workerd_host.wire import Wire

_READ: Final = 1 << 16


class Connected(HttpResponse):
    """The answer to a CONNECT that was let through; ``peer`` is the open connection to the other side."""

    def __init__(self, peer: socket.socket) -> None:
        super().__init__(200, reason="Connected")
        self.peer = peer


class Tunnels:
    """The tunnels of one server that are open. ``owed`` are those in which the other side is to speak: it is no part of
    the world, and takes real time. ``moved`` is called when bytes go on."""

    def __init__(self, moved: Callable[[], None]) -> None:
        self.owed: set[Wire] = set()
        self._moved = moved

    async def carry(self, wire: Wire, peer: socket.socket) -> None:
        """Carry bytes both ways until both sides have ended. One that is lost is so for the other too."""
        peer.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=peer)
        self.owed.add(wire)  # many protocols begin with the server

        async def ask() -> None:
            data = wire.http.trailing_data[0] or await wire.reader.read(_READ)
            while data:
                self._moved()
                self.owed.add(wire)
                writer.write(data)
                await writer.drain()
                data = await wire.reader.read(_READ)
            self._moved()
            writer.write_eof()
            if not reader.at_eof():
                self.owed.add(wire)

        async def answer() -> None:
            while data := await reader.read(_READ):
                self._moved()
                self.owed.discard(wire)
                wire.writer.write(data)
                await wire.writer.drain()
            self._moved()
            self.owed.discard(wire)
            wire.writer.write_eof()

        ways = [asyncio.ensure_future(ask()), asyncio.ensure_future(answer())]
        try:
            await asyncio.gather(*ways)
            wire.finish()
        except OSError:
            wire.close()
        finally:
            for way in ways:
                way.cancel()
            self._moved()
            self.owed.discard(wire)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
