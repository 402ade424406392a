"""The loopback server that workerd's bindings call: on the world's own loop, so that one thing happens at a time."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import h11

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.sockets import SocketEnd
from edgelint.testing.workerd_host.tunnels import Connected, Tunnels
from edgelint.testing.workerd_host.wire import Ended, Traffic, Wire

TOKEN: Final = "x-edgelint-token"
TO: Final = "x-edgelint-to"
"""The headers that workerd adds to what it sends: the secret of this world, and for whom it is."""
OUTBOUND: Final = "out:"
"""For whom a request is that leaves the worker, before the worker's name; a CONNECT does not say whose it is."""
PROXIED: Final = "edgelint.proxied"
"""The host of requests whose line has the whole URL: its own is in there."""
Answer = Callable[[str, HttpRequest], Awaitable[HttpResponse]]
_BACKLOG: Final = 4096
"""Connections that wait to be accepted: as many as calls that an app makes at once. One too many waits a second or more
to be tried again; the system may allow fewer."""


class Server:
    """Listens on a port of 127.0.0.1 that the system picks. ``answer`` is called with what ``TO`` says and the request;
    ``token`` is what a request must bear. Nothing is accepted before ``attach``."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(_BACKLOG)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._refusing = False
        self.count = 0
        """Requests and answers so far: whether something happened is whether it changed."""
        self.traffic = Traffic()
        self._fresh: set[socket.socket] = set()
        self.tunnels = Tunnels(self._moved)

    @property
    def fresh(self) -> int:
        """Connections that no request came on yet."""
        return len(self._fresh)

    def attach(self, loop: asyncio.AbstractEventLoop, answer: Answer, failed: Callable[[BaseException], None]) -> None:
        """Serve on ``loop``. ``failed`` is told of what an answer raised."""
        self._refusing = False
        self._loop, self._answer, self._failed = loop, answer, failed
        loop.add_reader(self._socket, self._accept)

    def refuse(self) -> None:
        """Answer nothing more: close every connection, and those that come at once."""
        self._refusing = True
        for task in self._connections:
            task.cancel()

    def detach(self) -> None:
        """Serve no more on that loop; close every connection."""
        if self._loop is not None and not self._loop.is_closed():
            self.refuse()
            self._loop.remove_reader(self._socket)
        self._loop = None

    def close(self) -> None:
        """Close the port and every connection."""
        self.detach()
        self._socket.close()

    def _connection(self) -> socket.socket | None:
        with contextlib.suppress(BlockingIOError, InterruptedError, ConnectionAbortedError):
            return self._socket.accept()[0]
        return None

    def _accept(self) -> None:
        connection = self._connection()
        if connection is None or self._loop is None:
            return
        if self._refusing:
            self.count += 1
            connection.close()
        else:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._fresh.add(connection)
            task = self._loop.create_task(self._serve(connection))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
            task.add_done_callback(lambda _: self._fresh.discard(connection))

    async def _serve(self, connection: socket.socket) -> None:
        wire = Wire(*await asyncio.open_connection(sock=connection), h11.SERVER, self.traffic)
        try:
            head = await wire.event()
            self._fresh.discard(connection)
            while await self._exchange(wire, head):
                wire.http.start_next_cycle()
                head = await wire.event()
            wire.finish()
        except (Ended, ConnectionError):
            wire.close()
        except h11.ProtocolError as error:
            self._failed(error)
            wire.close()
        except BaseException:
            wire.close()
            raise

    async def _exchange(self, wire: Wire, head: h11.Event | type[h11.PAUSED]) -> bool:
        """One request, which begins with ``head``, and its answer. Returns whether another may follow."""
        if not isinstance(head, h11.Request):
            return False
        self.count += 1
        headers = [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in head.headers]
        request = _request(head, headers)
        is_socket = request.method == "CONNECT"
        if not is_socket and not hmac.compare_digest((request.header(TOKEN) or "").encode(), self.token.encode()):
            await _send(wire, HttpResponse(403, [], b"not yours"), has_body=True)
            return False
        # workerd adds no headers to a CONNECT. Whoever else sends one gets no more than the sockets a test allows.
        to = OUTBOUND if is_socket else request.header(TO) or ""
        request.headers = [(name, value) for name, value in headers if not _ours(name.lower(), value)]
        request.body = await wire.whole_body()
        response = await self._answered(wire, to, request)
        if isinstance(response, Connected):
            await wire.send(h11.Response(status_code=response.status, headers=[], reason=response.reason.encode()))
            await self.tunnels.carry(wire, response.peer)
            return False
        if response is None:
            wire.close()
            return False
        if response.web_socket is not None:
            await self._upgraded(wire, request, response, response.web_socket)
            return False
        await _send(wire, response, has_body=request.method != "HEAD" and not response.has_null_body)
        self.count += 1
        return not is_socket and wire.http.our_state is h11.DONE and wire.http.their_state is h11.DONE

    async def _upgraded(self, wire: Wire, request: HttpRequest, response: HttpResponse, end: SocketEnd) -> None:
        """The connection is a WebSocket from here on: what a stub of the test accepted, with ``end`` as the app's."""
        from websockets.protocol import Side

        from edgelint.testing.workerd_host.web_sockets import accept_of, carry

        kept = [(n, v) for n, v in response.headers if n.lower() == "sec-websocket-protocol"]
        headers = [
            ("upgrade", "websocket"), ("connection", "Upgrade"),
            ("sec-websocket-accept", accept_of(request.header("sec-websocket-key") or "")), *kept,
        ]  # fmt: skip
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await wire.send(h11.InformationalResponse(status_code=101, headers=raw, reason=b"Switching Protocols"))
        await carry(wire, Side.SERVER, end, self._moved, self._moved)

    def _moved(self) -> None:
        self.count += 1

    async def _answered(self, wire: Wire, to: str, request: HttpRequest) -> HttpResponse | None:
        """What is answered; None when the connection is to be closed, or was closed by workerd meanwhile: then the
        answer is not waited for any more (an aborted fetch, an event that is over)."""
        answering = asyncio.ensure_future(self._answer(to, request))
        gone = asyncio.ensure_future(_forever() if request.method == "CONNECT" else wire.reader.read(1))
        try:
            await asyncio.wait((answering, gone), return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                answering.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await answering
                return None
            return answering.result()
        except EdgeUsageError as error:
            self._failed(error)
            return HttpResponse(500, [("content-type", "text/plain")], str(error).encode(), reason="Unsupported")
        except Exception as error:  # a mistake of ours: said to the test, and the app gets an answer
            self._failed(error)
            return HttpResponse(500, [("content-type", "text/plain")], repr(error).encode(), reason="Internal Error")
        finally:
            if not gone.done():
                gone.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await gone
            answering.cancel()


async def _forever() -> None:
    """What is awaited in place of the end of a connection, where the first byte is not ours to read."""
    await asyncio.get_running_loop().create_future()


def _ours(name: str, value: str) -> bool:
    return name in (TOKEN, TO) or (name == "host" and value == PROXIED)


def _request(head: h11.Request, headers: list[tuple[str, str]]) -> HttpRequest:
    target = head.target.decode("utf-8", "surrogateescape")
    method = head.method.decode("latin-1")
    if "://" not in target.split("?", 1)[0] and method != "CONNECT":
        host = next((value for name, value in headers if name.lower() == "host"), "localhost")
        target = f"http://{host}{target}"
    return HttpRequest(method, target, headers)


async def _send(wire: Wire, response: HttpResponse, *, has_body: bool) -> None:
    """Write a response, its body as it comes. One that has none keeps what it says of its length (HEAD, 304)."""
    framing = ("content-length", "transfer-encoding") if has_body else ("transfer-encoding",)
    framed = [(name, value) for name, value in response.headers if name.lower() not in framing]
    if has_body and response.stream is None:
        framed.append(("content-length", str(len(response.body))))
    raw = [(name.encode("latin-1"), value.encode("utf-8", "surrogateescape")) for name, value in framed]
    reason = response.reason.encode("utf-8", "surrogateescape")
    await wire.send(h11.Response(status_code=response.status, headers=raw, reason=reason))
    if has_body:
        if response.stream is None:
            await wire.send(h11.Data(data=response.body))
        else:
            async for part in response.chunks():
                await wire.send(h11.Data(data=part))
    await wire.send(h11.EndOfMessage())
