"""Timers, listeners, WebSockets and EventSource in a world."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host.web.abort import AbortController
from edgelint.testing.python_host.web.event_source import EventSource
from edgelint.testing.python_host.web.events import Event, EventTarget
from edgelint.testing.python_host.web.response import Response
from edgelint.testing.python_host.web.timers import Navigator, Performance, Scheduler, queueMicrotask
from edgelint.testing.python_host.web.web_socket import WebSocket, WebSocketPair
from edgelint.testing.sockets import SocketEnd, socket_pair
from tests.testing.web.conftest import Isolate


def boom(*args: Any) -> None:
    raise EdgeError("boom")


async def later_boom(*args: Any) -> None:
    raise EdgeError("later")


def test_timers_fire_on_the_clock_of_the_world(isolate: Isolate) -> None:
    seen: list[Any] = []
    start = isolate.world.clock.now

    async def look() -> None:
        def note(what: str) -> None:
            seen.append((what, Performance().now() - start))

        isolate.timers.setTimeout(note, 1500.7, "once")
        isolate.timers.setTimeout(note, -5, "at once")
        isolate.timers.setTimeout(note, 2**40, "too far is at once")
        every = isolate.timers.setInterval(note, 0, "every")
        assert isolate.timers.pending == 4
        await Scheduler().wait(3)
        isolate.timers.clearInterval(every)
        await Scheduler().wait(2000)

    isolate.run(look)
    assert ("once", 1500.0) in seen
    assert seen[:2] == [("at once", 0.0), ("too far is at once", 0.0)]
    assert [at for what, at in seen if what == "every"] == [1.0, 2.0, 3.0]
    assert isolate.timers.pending == 0


def test_timers_are_dropped_when_the_isolate_ends(isolate: Isolate) -> None:
    async def look() -> None:
        isolate.timers.setTimeout(boom, 5)
        isolate.timers.close()
        await Scheduler().wait(10)

    isolate.run(look)
    assert isolate.uncaught == []


def test_what_callbacks_raise_is_told_to_the_realm(isolate: Isolate) -> None:
    async def look() -> None:
        target = EventTarget()
        target.addEventListener("x", later_boom)
        target.dispatchEvent(Event("x"))
        isolate.timers.setTimeout(boom, 0)
        isolate.timers.setTimeout(later_boom, 0)
        queueMicrotask(boom)
        queueMicrotask(later_boom)
        isolate.scope["reportError"]("said")
        with pytest.raises(EdgeError, match="reportError"):
            isolate.scope["reportError"]()
        await Scheduler().wait(10)

    isolate.run(look)
    assert str(isolate.uncaught.pop(0)) == "said"
    assert sorted(str(error) for error in isolate.uncaught) == sorted(["Error: boom"] * 2 + ["Error: later"] * 3)
    notes = {note for error in isolate.uncaught for note in getattr(error, "__notes__", [])}
    assert notes == {"raised in setTimeout", "raised in queueMicrotask", "raised in a listener of x"}


def test_a_wait_can_be_given_up(isolate: Isolate) -> None:
    async def look() -> None:
        controller = AbortController()
        waiting = Scheduler().wait(1000, {"signal": controller.signal})
        controller.abort(EdgeError("enough"))
        with pytest.raises(EdgeError, match="enough"):
            await waiting

    isolate.run(look)
    assert isolate.world.clock.now == isolate.world.clock.start
    assert (Navigator().language, Navigator().languages) == ("en", ["en"])


def test_a_listener_may_be_an_object(isolate: Isolate) -> None:
    class Handler:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def handleEvent(self, event: Event) -> None:
            self.seen.append(event.type)

    handler = Handler()
    target = EventTarget()
    target.addEventListener("x", handler)
    target.dispatchEvent(Event("x"))
    target.removeEventListener("x", handler)
    target.dispatchEvent(Event("x"))
    assert handler.seen == ["x"]


def talk(end: SocketEnd) -> list[Any]:
    frames: list[Any] = []
    end.take(frames.append)
    return frames


def test_a_socket_of_a_response_goes_to_the_other_side(isolate: Isolate) -> None:
    async def look() -> Any:
        pair = WebSocketPair()
        response = Response(None, {"status": 101, "webSocket": pair[0]})
        plain = response._to_http()
        assert plain.web_socket is not None
        with pytest.raises(EdgeError, match="already used in a response"):
            response._to_http()
        with pytest.raises(EdgeError, match="already used in a response"):
            pair[0].accept()
        frames = talk(plain.web_socket)
        pair[1].accept()
        pair[1].send("hello")
        pair[1].close(1000, "bye")
        await Scheduler().wait(1)
        return frames

    frames = isolate.run(look)
    assert frames[0] == "hello"
    assert (frames[1].code, frames[1].reason) == (1000, "bye")


@pytest.mark.parametrize("how", ["accept", "hibernate", "constructor"])
def test_sockets_that_cannot_be_given_away(isolate: Isolate, how: str) -> None:
    words = {
        "accept": "after calling accept", "hibernate": "after calling acceptWebSocket", "constructor": "new WebSocket",
    }  # fmt: skip

    async def look() -> None:
        pair = WebSocketPair()
        socket = pair[0]
        if how == "accept":
            socket.accept()
            socket.accept()
        elif how == "hibernate":
            assert socket._end is not None
            socket._end.hibernatable = True
        else:
            socket = WebSocket("ws://a.example")
            with pytest.raises(EdgeError, match="cannot call accept"):
                socket.accept()
        with pytest.raises(EdgeError, match=words[how]):
            Response(None, {"status": 101, "webSocket": socket})._to_http()

    isolate.run(look)


def test_a_socket_to_the_world_outside(isolate: Isolate) -> None:
    client, server = socket_pair()
    server.accept()
    seen: list[Any] = []

    def answer(request: HttpRequest) -> HttpResponse:
        assert request.is_upgrade
        return HttpResponse(101, [("Sec-WebSocket-Protocol", "b")], web_socket=client)

    isolate.answer = answer

    async def look() -> None:
        socket = WebSocket("wss://user:secret@a.example/x", ["a", "b"])
        assert (socket.readyState, socket.url, socket.extensions) == (0, "wss://user:secret@a.example/x", "")
        with pytest.raises(EdgeError, match="before it is connected"):
            socket.send("early")
        socket.onopen = lambda event: socket.send("first")
        socket.onmessage = lambda event: seen.append(event.data)
        socket.onclose = lambda event: seen.append((event.code, event.wasClean))
        await Scheduler().wait(1)
        assert (socket.readyState, socket.protocol, socket.binaryType) == (1, "b", "arraybuffer")
        socket.send(b"bytes")
        server.send("text")
        server.send(b"\x01")
        server.drop()
        await Scheduler().wait(1)
        assert server.received() == ["first", b"bytes"]

    isolate.run(look)
    assert seen == ["text", b"\x01", (1006, False)]
    assert isolate.requests[0].url == "https://a.example/x"
    assert isolate.requests[0].header("sec-websocket-protocol") == "a, b"


def test_a_socket_that_is_refused(isolate: Isolate) -> None:
    async def look() -> Any:
        socket = WebSocket("ws://a.example", "a")
        seen: list[str] = []
        socket.addEventListener("error", lambda event: seen.append(event.message))
        await Scheduler().wait(1)
        socket.send("nobody hears")
        assert socket.readyState == 3
        assert socket.deserializeAttachment() is None
        socket.serializeAttachment(1)
        return seen

    words = (
        "Failed to establish the WebSocket connection: expected server to reply with HTTP status code 101 (switching "
        "protocols), but received 200 instead."
    )
    assert isolate.run(look) == [words]


def test_a_socket_that_is_closed_before_it_is_open(isolate: Isolate) -> None:
    client, server = socket_pair()
    server.accept()
    isolate.answer = lambda request: HttpResponse(101, web_socket=client)

    async def look() -> Any:
        socket = WebSocket("ws://a.example")
        socket.close()
        await Scheduler().wait(1)
        return server.received()

    assert [frame.code for frame in isolate.run(look)] == [1005]


def test_what_a_socket_listener_raises_is_told_to_the_realm(isolate: Isolate) -> None:
    async def look() -> None:
        pair = WebSocketPair()
        pair[0].accept()
        pair[1].accept()
        pair[1].onmessage = boom
        pair[1].binaryType = "blob"
        pair[0].send(b"x")
        await Scheduler().wait(1)

    isolate.run(look)
    assert [str(error) for error in isolate.uncaught] == ["Error: boom"]


async def stream(*parts: str) -> AsyncIterator[bytes]:
    for part in parts:
        yield part.encode()


def test_an_event_source_reads_and_connects_again(isolate: Isolate) -> None:
    seen: list[Any] = []

    def answer(request: HttpRequest) -> HttpResponse:
        kind = [("Content-Type", "text/event-stream; charset=utf-8")]
        if len(isolate.requests) == 1:
            return HttpResponse(200, kind, stream=stream("\ufeffretry: 5", "00\nid: 7\ndata: a\r\n", "\rdata: lost"))
        return HttpResponse(204)

    isolate.answer = answer

    async def look() -> None:
        source = EventSource("https://a.example/events")
        assert (source.readyState, source.url, source.withCredentials) == (0, "https://a.example/events", False)
        source.onopen = lambda event: seen.append(("open", source.readyState))
        source.onmessage = lambda event: seen.append((event.data, event.lastEventId, event.origin))
        source.onerror = lambda event: seen.append((event.message, source.readyState))
        await Scheduler().wait(400)
        assert len(isolate.requests) == 1
        await Scheduler().wait(200)

    isolate.run(look)
    assert seen == [
        ("open", 1), ("a", "7", "https://a.example"),
        ("The response (status 204, no type) is no event stream.", 2),
    ]  # fmt: skip
    assert isolate.requests[1].header("last-event-id") == "7"


def test_an_event_source_that_is_closed_or_loses_its_connection(isolate: Isolate) -> None:
    seen: list[str] = []

    def answer(request: HttpRequest) -> HttpResponse:
        raise EdgeError("Network connection lost.")

    isolate.answer = answer

    async def look() -> None:
        source = EventSource("https://a.example/events")
        source.onerror = lambda event: seen.append(event.message)
        await Scheduler().wait(10)
        source.close()
        assert source.readyState == EventSource.CLOSED
        await Scheduler().wait(10_000)

    isolate.run(look)
    assert seen == ["Network connection lost."]
    assert len(isolate.requests) == 1


def test_an_event_source_of_a_stream(isolate: Isolate) -> None:
    seen: list[Any] = []

    async def look() -> Any:
        def listen(event: Any) -> None:
            seen.append(event.data)
            source.close()

        source = EventSource.from_(Response("data: 1\n\ndata: 2\n\n").body)
        source.onmessage = listen
        await Scheduler().wait(1)
        broken = EventSource.from_(Response(stream("data: x\n\n")).body)
        broken.onmessage = boom
        await Scheduler().wait(1)
        return broken.readyState

    assert isolate.run(look) == 2
    assert seen == ["1"]
    assert [str(error) for error in isolate.uncaught] == ["Error: boom"]
