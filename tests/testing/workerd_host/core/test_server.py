"""The loopback server, and the client that sends events: HTTP on the world's own loop, without workerd."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.sockets import Close
from edgelint.testing.workerd_host.client import exchange
from edgelint.testing.workerd_host.server import TO, TOKEN, Server
from edgelint.testing.workerd_host.tunnels import Connected
from edgelint.testing.workerd_host.wire import Ended
from edgelint.testing.world import World

Answer = Callable[[str, HttpRequest], Awaitable[HttpResponse]]
HEADERS = {TOKEN: "secret", TO: "b:app/KV"}


class Served:
    """A server on the loop of a world, with what it was asked and what failed in it."""

    def __init__(self) -> None:
        self.world = World()
        self.world.loop.real_work += 1
        self.server = Server("secret")
        self.asked: list[tuple[str, HttpRequest]] = []
        self.failed: list[BaseException] = []
        self.answer: Answer = self.plain
        self.server.attach(self.world.loop, self._answer, self.failed.append)

    async def plain(self, to: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [("x", "y")], b"answer")

    async def _answer(self, to: str, request: HttpRequest) -> HttpResponse:
        self.asked.append((to, request))
        return await self.answer(to, request)

    def raw(self, data: bytes, *more: bytes, end: bool = False) -> bytes:
        """What is answered to these bytes, up to the end of the connection. ``end``: nothing more is sent, and this is
        said."""

        async def ask() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
            for part in (data, *more):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
            if end:
                writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer

        return self.world.run(ask())

    def ask(self, request: HttpRequest, headers: dict[str, str] = HEADERS) -> HttpResponse:
        async def ask() -> HttpResponse:
            response = await exchange(self.server.port, request, headers)
            await response.read()
            return response

        return self.world.run(ask())


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    try:
        yield made
    finally:
        made.server.close()
        made.world.close()


def head(*lines: str) -> bytes:
    return "\r\n".join((*lines, "connection: close", "", "")).encode()


def test_a_request_is_answered_and_our_headers_are_taken_off(served: Served) -> None:
    response = served.ask(HttpRequest("PUT", "http://host.example/p?q=1", [("X-A", "ä"), ("x-b", "1")], b"body"))

    assert (response.status, response.body, response.header("x")) == (200, b"answer", "y")
    [(to, request)] = served.asked
    assert to == "b:app/KV"
    assert (request.method, request.url, request.body) == ("PUT", "http://host.example/p?q=1", b"body")
    assert request.header("x-a") == "ä"
    assert request.header(TOKEN) is None
    assert request.header(TO) is None
    assert served.failed == []


@pytest.mark.parametrize("token", ["", "secreT", "ä"])
def test_who_has_not_the_token_is_refused(served: Served, token: str) -> None:
    response = served.ask(HttpRequest("GET", "http://host.example/"), {TOKEN: token} if token else {})

    assert (response.status, response.body) == (403, b"not yours")
    assert served.asked == []


def test_a_path_alone_belongs_to_the_host(served: Served) -> None:
    answer = served.raw(head("GET /a?u=http://x/ HTTP/1.1", "host: fake-host", f"{TOKEN}: secret", f"{TO}: b:x/Y"))

    assert answer.startswith(b"HTTP/1.1 200")
    assert served.asked[0][1].url == "http://fake-host/a?u=http://x/"


def test_connect_keeps_its_target(served: Served) -> None:
    async def refuse(to: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(502, reason="Refused")

    served.answer = refuse
    said = served.raw(b"CONNECT db.example:5432 HTTP/1.1\r\n\r\n")  # workerd adds no header there

    assert served.asked[0][0] == "out:"
    assert (served.asked[0][1].method, served.asked[0][1].url) == ("CONNECT", "db.example:5432")
    assert said.startswith(b"HTTP/1.1 502 Refused\r\n")


@pytest.mark.parametrize("early", [True, False])
def test_a_socket_that_is_opened_carries_bytes(served: Served, early: bool) -> None:
    """Also those that come before it is open."""
    ours, theirs = socket.socketpair()

    async def answer(to: str, request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        return Connected(ours)

    served.answer = answer
    theirs.sendall(b"first")
    theirs.shutdown(socket.SHUT_WR)
    connect = b"CONNECT db.example:5432 HTTP/1.1\r\n\r\n"
    said = served.raw(*([connect + b"hello"] if early else [connect, b"hello"]), end=True)

    assert said == b"HTTP/1.1 200 Connected\r\n\r\nfirst"
    assert theirs.recv(100) == b"hello"
    assert theirs.recv(100) == b""
    assert served.server.tunnels.owed == set()
    theirs.close()


def test_a_socket_whose_other_side_is_lost(served: Served) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listener.getsockname())
    theirs = listener.accept()[0]
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def answer(to: str, request: HttpRequest) -> HttpResponse:
        return Connected(ours)

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
        writer.write(b"CONNECT db.example:5432 HTTP/1.1\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        theirs.close()  # a reset
        rest = await reader.read()
        writer.close()
        return head + rest

    served.answer = answer
    assert served.world.run(ask()) == b"HTTP/1.1 200 Connected\r\n\r\n"
    assert ours.fileno() == -1
    assert served.server.tunnels.owed == set()
    listener.close()


@pytest.mark.parametrize(
    "data",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
     b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n"],
    ids=["nonsense", "no host", "TLS", "length"],
)  # fmt: skip
def test_what_is_no_http_is_told(served: Served, data: bytes) -> None:
    assert served.raw(data) == b""
    assert [type(each).__name__ for each in served.failed] == ["RemoteProtocolError"]


def test_a_connection_that_says_nothing_or_stops(served: Served) -> None:
    assert served.raw(b"", end=True) == b""
    assert served.raw(b"GET / HT", end=True) == b""
    assert len(served.failed) <= 1  # half a request is none
    assert served.server.fresh == 0


def test_headers_over_a_megabyte_are_refused_and_under_it_taken(served: Served) -> None:
    large = "v" * 900_000
    assert served.ask(HttpRequest("GET", "http://host.example/", [("x-large", large)])).status == 200
    assert served.asked[0][1].header("x-large") == large

    assert served.raw(head("GET / HTTP/1.1", "host: a", f"x: {'v' * 1_100_000}")) == b""
    assert len(served.failed) == 1


def test_large_bodies_both_ways(served: Served) -> None:
    body = bytes(range(256)) * 20_000

    async def echo(to: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [], request.body)

    served.answer = echo

    assert served.ask(HttpRequest("POST", "http://host.example/", [], body)).body == body


def test_a_body_in_chunks_is_read_and_one_is_sent(served: Served) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for each in (b"one", b"two"):
            yield each

    async def answer(to: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [("transfer-encoding", "x"), ("content-length", "1")], b"zero", stream=parts())

    served.answer = answer
    start = head("POST / HTTP/1.1", "host: a", f"{TOKEN}: secret", f"{TO}: b", "transfer-encoding: chunked")

    said = served.raw(start, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n")

    assert served.asked[0][1].body == b"abcde"
    assert b"transfer-encoding: chunked" in said.lower()
    assert said.endswith(b"4\r\nzero\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_body(served: Served, status: int) -> None:
    async def answer(to: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status, [], b"")

    served.answer = answer

    assert served.ask(HttpRequest("GET", "http://host.example/")).body == b""


def test_head_has_no_body(served: Served) -> None:
    response = served.ask(HttpRequest("HEAD", "http://host.example/"))

    assert (response.status, response.body) == (200, b"")


def test_a_connection_is_used_again(served: Served) -> None:
    one = head("GET /1 HTTP/1.1", "host: a", f"{TOKEN}: secret", f"{TO}: b").replace(b"connection: close\r\n", b"")

    async def both() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
        said = b""
        for _ in range(2):
            writer.write(one)
            said += await reader.readuntil(b"answer")
        writer.close()
        return said

    assert served.world.run(both()).count(b"HTTP/1.1 200") == 2
    assert len(served.asked) == 2


def test_who_goes_away_is_not_answered(served: Served) -> None:
    ends: list[str] = []

    async def never(to: str, request: HttpRequest) -> HttpResponse:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise
        raise AssertionError

    served.answer = never
    data = head("GET / HTTP/1.1", "host: a", f"{TOKEN}: secret", f"{TO}: b")

    assert served.raw(data, end=True) == b""
    assert ends == ["cancelled"]
    assert served.failed == []


@pytest.mark.parametrize("error", [EdgeUsageError("not set up"), ValueError("a mistake")])
def test_what_an_answer_raises(served: Served, error: Exception) -> None:
    async def answer(to: str, request: HttpRequest) -> HttpResponse:
        raise error

    served.answer = answer
    response = served.ask(HttpRequest("GET", "http://host.example/"))
    assert response.status == 500
    assert str(error).encode() in response.body
    assert len(served.failed) == 1


def test_nothing_is_answered_any_more_once_it_refuses(served: Served) -> None:
    served.server.refuse()

    with pytest.raises((Ended, ConnectionError)):
        served.ask(HttpRequest("GET", "http://host.example/"))
    assert served.asked == []
    served.server.attach(served.world.loop, served._answer, served.failed.append)
    assert served.ask(HttpRequest("GET", "http://host.example/")).status == 200


def test_it_goes_over_to_another_loop(served: Served) -> None:
    other = World()
    other.loop.real_work += 1
    served.server.detach()
    served.server.attach(other.loop, served._answer, served.failed.append)

    async def ask() -> bytes:
        return await (await exchange(served.server.port, HttpRequest("GET", "http://host.example/"), HEADERS)).read()

    assert other.run(ask()) == b"answer"
    served.server.detach()
    served.server.detach()
    other.close()


def test_an_upgrade_that_nobody_asked_for(served: Served) -> None:
    from edgelint.testing.sockets import socket_pair

    async def answer(to: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(101, [], web_socket=socket_pair()[0])

    served.answer = answer
    asked = HttpRequest("GET", "http://host.example/", [("upgrade", "websocket"), ("connection", "Upgrade")])

    with pytest.raises(Ended, match="an upgrade that nobody asked for"):
        served.ask(asked)


def test_a_web_socket_between_both(served: Served) -> None:
    """The client's and the server's way to carry one, against each other."""
    from websockets.protocol import Side

    from edgelint.testing.sockets import SocketEnd, socket_pair
    from edgelint.testing.workerd_host.web_sockets import carry
    from edgelint.testing.workerd_host.wire import Wire

    mine, theirs = socket_pair()
    moves: list[str] = []

    async def answer(to: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(101, [("sec-websocket-protocol", "chat")], web_socket=theirs)

    def carrying(wire: Wire, end: SocketEnd) -> None:
        work = carry(wire, Side.CLIENT, end, lambda: moves.append("moved"), lambda: moves.append("ended"))
        tasks.append(served.world.loop.create_task(work))

    async def talk() -> list[Any]:
        asked = HttpRequest("GET", "http://host.example/", [("upgrade", "websocket")])
        response = await exchange(served.server.port, asked, HEADERS, carrying)
        end = response.web_socket
        assert end is not None
        assert response.header("sec-websocket-protocol") == "chat"
        end.accept()
        mine.accept()
        end.send("text ä")
        end.send(b"\0" * 70_000)
        found: list[Any] = [await mine.receive(), await mine.receive()]
        mine.send("back")
        found.append(await end.receive())
        mine.close(4001, "over")
        found.append(await end.receive())
        for task in tasks:
            await task
        return found

    tasks: list[asyncio.Task[None]] = []
    served.answer = answer

    assert served.world.run(talk()) == ["text ä", b"\0" * 70_000, "back", Close(4001, "over")]
    assert moves[-1] == "ended"
    assert "moved" in moves


@pytest.mark.parametrize("who", ["test", "app"])
def test_a_web_socket_that_is_lost(served: Served, who: str) -> None:
    from websockets.protocol import Side

    from edgelint.testing.sockets import SocketEnd, socket_pair
    from edgelint.testing.workerd_host.web_sockets import carry
    from edgelint.testing.workerd_host.wire import Wire

    mine, theirs = socket_pair()
    tasks: list[asyncio.Task[None]] = []

    async def answer(to: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(101, [], web_socket=theirs)

    def carrying(wire: Wire, end: SocketEnd) -> None:
        work = carry(wire, Side.CLIENT, end, lambda: None, lambda: None)
        tasks.append(served.world.loop.create_task(work))

    async def lose() -> Any:
        asked = HttpRequest("GET", "http://host.example/", [("upgrade", "websocket")])
        end = (await exchange(served.server.port, asked, HEADERS, carrying)).web_socket
        assert end is not None
        end.accept()
        mine.accept()
        (mine if who == "app" else end).drop()
        return await (end if who == "app" else mine).receive()

    served.answer = answer

    close = served.world.run(lose())
    assert isinstance(close, Close)
    assert (close.code, close.was_clean) == (1006, False)
