"""WebSockets between the world and workerd: an end of the world's own (``edgelint.testing.sockets``) on one side,
frames on a connection on the other."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from websockets.exceptions import WebSocketException
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.protocol import OPEN, Protocol, Side

from edgelint.testing.sockets import LOST, NO_STATUS, Close, Frame, SocketEnd

if TYPE_CHECKING:
    from edgelint.testing.workerd_host.wire import Wire

_KEY: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""
LOST_HERE: Final = "edgelint: lost"
"""The reason of a close that stands for a connection that is lost (js/objects.js)."""


def accept_of(key: str) -> str:
    """The Sec-WebSocket-Accept of a key."""
    return base64.b64encode(hashlib.sha1(f"{key}{_KEY}".encode(), usedforsecurity=False).digest()).decode()


async def carry(wire: Wire, side: Side, end: SocketEnd, moved: Callable[[], None], ended: Callable[[], None]) -> None:
    """Carry messages between ``end`` and a connection that was upgraded, until both directions are closed. ``moved`` is
    called before a message goes on, ``ended`` at the end. A connection that is lost is so for ``end`` too."""
    protocol = Protocol(side, state=OPEN, max_size=None)

    def flush() -> None:
        for data in protocol.data_to_send():
            if data and not wire.writer.is_closing():
                wire.writer.write(data)

    def outgoing(frame: Frame) -> None:
        moved()
        try:
            if isinstance(frame, str):
                protocol.send_text(frame.encode("utf-8", "surrogatepass"))
            elif isinstance(frame, bytes):
                protocol.send_binary(frame)
            elif frame.was_clean:
                protocol.send_close(None if frame.code == NO_STATUS else frame.code, frame.reason)
            else:
                wire.close()
        except WebSocketException:
            return  # it is closed already
        flush()

    end.take(outgoing)
    parts: list[bytes] = []
    kind = Opcode.TEXT
    data = wire.http.trailing_data[0]
    try:
        while True:
            if data:
                protocol.receive_data(data)
            else:
                data = await wire.read()
                if not data:
                    break
                continue
            data = b""
            flush()
            for event in protocol.events_received():
                assert isinstance(event, WireFrame)
                moved()
                if event.opcode in (Opcode.TEXT, Opcode.BINARY):
                    kind, parts = event.opcode, []
                if event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                    parts.append(bytes(event.data))
                    if event.fin:
                        whole = b"".join(parts)
                        end.send(whole.decode("utf-8", "replace") if kind is Opcode.TEXT else whole)
                elif event.opcode is Opcode.CLOSE:
                    _closed(end, protocol)
            if protocol.close_rcvd is not None and protocol.close_sent is not None:
                break
    except ConnectionError:
        pass
    finally:
        if end.closed_outgoing:
            wire.finish()
        else:
            end.drop()
            wire.close()
        ended()


def _closed(end: SocketEnd, protocol: Protocol) -> None:
    close = protocol.close_rcvd
    if close is None or close.code == LOST or close.reason == LOST_HERE:
        end.drop()
    elif end.ready_state != 3 and not end.closed_outgoing:
        end._put(Close(close.code, close.reason))
        end.closed_outgoing = True
