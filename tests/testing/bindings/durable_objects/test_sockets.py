"""WebSockets: pairs of ends, and those that an object gives to the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edgelint.testing.bindings.durable_objects import DurableObjectNamespace, ObjectState
from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import Operation
from edgelint.testing.sockets import CLOSED, CLOSING, LOST, LOST_REASON, OPEN, Close, SocketEnd, socket_pair
from edgelint.testing.world import World
from tests.testing.bindings.durable_objects.support import Outside, app, break_disk, world_of

# -- pairs ------------------------------------------------------------------------------------------------------------


def both() -> tuple[SocketEnd, SocketEnd]:
    first, second = socket_pair()
    first.accept()
    second.accept()
    return first, second


def test_what_is_sent_comes_out_at_the_other_end() -> None:
    first, second = both()
    first.send("text")
    first.send(b"\x00\xff")
    second.send("back")
    assert second.received() == ["text", b"\x00\xff"]
    assert first.received() == ["back"]
    assert first.received() == []


def test_receive_waits() -> None:
    async def run() -> None:
        first, second = both()
        waiting = asyncio.ensure_future(second.receive())
        await asyncio.sleep(0)
        first.send("a")
        first.send("b")
        assert await waiting == "a"
        assert await second.receive() == "b"

    asyncio.run(run())


def test_frames_wait_until_the_end_is_accepted() -> None:
    first, second = socket_pair()
    first.accept()
    first.send("early")
    seen: list[Any] = []
    second.accept(seen.append)
    first.send("late")
    assert seen == ["early", "late"]
    second.accept()  # once more is nothing
    first.send("still")
    assert seen == ["early", "late", "still"]


def test_an_end_must_be_accepted_first() -> None:
    first, _ = socket_pair()
    uses: list[Callable[[], None]] = [lambda: first.send("x"), lambda: first.close()]
    for use in uses:
        with pytest.raises(EdgeError, match=r"You must call one of accept\(\) or state\.acceptWebSocket\(\)") as caught:
            use()
        assert caught.value.name == "TypeError"
    first.used = True
    with pytest.raises(EdgeError, match="already used in a response"):
        first.accept()


def test_close() -> None:
    first, second = both()
    assert (first.ready_state, second.ready_state) == (OPEN, OPEN)
    first.close(4000, "done")
    first.close(4001)  # once more is nothing
    assert (first.ready_state, second.ready_state) == (CLOSING, CLOSING)
    assert second.received() == [Close(4000, "done")]
    with pytest.raises(EdgeError, match=r"Can't call WebSocket send\(\) after close\(\)\."):
        first.send("x")
    second.send("the last")
    second.close()
    assert first.received() == ["the last", Close(1005, "")]
    assert (first.ready_state, second.ready_state) == (CLOSED, CLOSED)


@pytest.mark.parametrize("code", [999, 1004, 1005, 1006, 1015, 5000])
def test_codes_that_no_close_may_bear(code: int) -> None:
    first, _ = both()
    with pytest.raises(EdgeError, match=f"Invalid WebSocket close code: {code}.") as caught:
        first.close(code)
    assert caught.value.name == "InvalidAccessError"


def test_reasons() -> None:
    first, _ = both()
    with pytest.raises(EdgeError, match="must also specify a code"):
        first.close(None, "why")
    first.close(1000, "é" * 61)
    first, _ = both()
    with pytest.raises(EdgeError, match="longer than 123 bytes") as caught:
        first.close(1000, "é" * 62)
    assert caught.value.name == "SyntaxError"


def test_auto_reply() -> None:
    first, second = socket_pair(auto_reply=True)
    first.accept()
    second.accept()
    first.close(1000, "bye")
    assert second.received() == [Close(1000, "bye")]
    assert first.received() == [Close(1000, "bye")]
    assert (first.ready_state, second.ready_state) == (CLOSED, CLOSED)


def test_a_lost_connection() -> None:
    first, second = both()
    first.drop()
    first.drop()
    assert second.received() == [Close(LOST, LOST_REASON, was_clean=False)]
    assert (first.ready_state, second.ready_state) == (CLOSED, CLOSED)
    second.send("into the void")
    second.close()
    first.send("likewise")
    assert (first.received(), second.received()) == ([], [])


def test_a_drop_after_a_close_is_not_seen() -> None:
    first, second = both()
    first.close(1000)
    first.drop()
    assert second.received() == [Close(1000)]


def test_attachments() -> None:
    first, _ = socket_pair()
    assert first.deserialize_attachment() is None
    value = {"a": [1]}
    first.serialize_attachment(value)
    value["a"].append(2)
    assert first.deserialize_attachment() == {"a": [1]}
    assert first.deserialize_attachment() is not first.deserialize_attachment()
    first.serialize_attachment("x" * 16_379)
    with pytest.raises(EdgeError) as caught:
        first.serialize_attachment("x" * 16_380)
    assert caught.value.message == (
        "A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was 16385 bytes."
    )
    assert first.deserialize_attachment() == "x" * 16_379


# -- hibernation ------------------------------------------------------------------------------------------------------


class Room:
    outside: Outside
    events: list[Any] = []

    def __init__(self, ctx: ObjectState) -> None:
        self.ctx = ctx
        self.count = 0

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        client, server = socket_pair()
        tags = [each for each in request.path.split("/") if each]
        if request.path == "/auto":
            self.ctx.set_web_socket_auto_response("ping", "pong")
        self.ctx.accept_web_socket(server, tags)
        server.serialize_attachment({"path": request.path})
        client.used = True
        return HttpResponse(101, web_socket=client)

    async def web_socket_message(self, socket: SocketEnd, message: str | bytes) -> None:
        self.count += 1
        Room.events.append((self.count, message, socket.deserialize_attachment()))
        if message == "write and answer":
            await self.ctx.storage.put("a", 1)
            socket.send("written")
            socket.send("twice")
        elif message == "fail":
            raise ValueError("handler")
        elif message == "slow":
            await asyncio.sleep(10)
            Room.events.append("slow is over")
        elif message == "outside":
            await self.outside.ping()
            Room.events.append("outside is over")
        elif message == "close":
            socket.close(4001, "from the object")
        elif message == "abort":
            self.ctx.abort("by a message")
        elif message == "all":
            for each in self.ctx.get_web_sockets():
                each.send("to all")
        else:
            socket.send(message)

    async def web_socket_close(self, socket: SocketEnd, code: int, reason: str, was_clean: bool) -> None:
        Room.events.append(("close", code, reason, was_clean, len(self.ctx.get_web_sockets())))
        if was_clean:
            socket.close(1000, "bye")

    async def web_socket_error(self, socket: SocketEnd, error: BaseException) -> None:
        Room.events.append(("error", str(error), socket.ready_state))
        socket.send("nobody hears this")


Made = tuple[World, DurableObjectNamespace]


@pytest.fixture
def made() -> Any:
    Room.events = []
    world, room, _ = world_of(Room)
    Room.outside = Outside(world)
    yield world, room
    world.close()


def connect(made: Made, path: str = "/") -> SocketEnd:
    world, room = made
    request = HttpRequest("GET", f"https://x{path}", [("Upgrade", "websocket")])
    (response,) = app(world, lambda: room.get_by_name("a").fetch(request))
    end: SocketEnd = response.web_socket
    end.take(None)
    return end


def say(made: Made, end: SocketEnd, *messages: str | bytes) -> list[Any]:
    async def send() -> None:
        for message in messages:
            end.send(message)

    made[0].run(send())
    made[0].settle()
    return end.received()


def test_messages_come_to_the_object(made: Made) -> None:
    end = connect(made)
    assert say(made, end, "hello", b"bytes") == ["hello", b"bytes"]
    assert Room.events == [(1, "hello", {"path": "/"}), (2, b"bytes", {"path": "/"})]


def test_a_hibernated_object_is_constructed_anew(made: Made) -> None:
    world, room = made
    end = connect(made, "/tag")
    say(made, end, "one")
    assert world.run(room.handle("a").evict())
    assert not room.handle("a").is_in_memory
    assert say(made, end, "two") == ["two"]
    assert Room.events == [(1, "one", {"path": "/tag"}), (1, "two", {"path": "/tag"})]
    assert room.handle("a").web_sockets[0].tags == ("tag",)


def test_eviction_may_close_the_sockets(made: Made) -> None:
    world, room = made
    end = connect(made)
    world.run(room.handle("a").evict(web_sockets="close"))
    assert end.received() == [Close(LOST, LOST_REASON, was_clean=False)]
    assert room.handle("a").web_sockets == []


def test_tags_and_order(made: Made) -> None:
    _, room = made
    first, second, third = connect(made, "/x/y"), connect(made, "/y"), connect(made)
    state: ObjectState = room.handle("a").instance.ctx
    ends = [first.peer, second.peer, third.peer]
    assert state.get_web_sockets() == ends[::-1]
    assert state.get_web_sockets("y") == ends[:2]
    assert state.get_web_sockets("x") == ends[:1]
    assert state.get_web_sockets("z") == []
    assert state.get_tags(ends[0]) == ["x", "y"]
    assert state.get_tags(ends[2]) == []
    with pytest.raises(EdgeError, match=r"only hibernatable websockets can have tags\."):
        state.get_tags(first)
    assert say(made, first, "all") == ["to all"]
    assert (second.received(), third.received()) == (["to all"], ["to all"])


def test_close_by_the_client(made: Made) -> None:
    world, room = made
    end = connect(made)
    end.close(4000, "done")
    world.settle()
    assert Room.events == [("close", 4000, "done", True, 1)]
    assert end.received() == [Close(1000, "bye")]
    assert room.handle("a").web_sockets == []


def test_close_by_the_object(made: Made) -> None:
    world, room = made
    end = connect(made)
    assert say(made, end, "close") == [Close(4001, "from the object")]
    assert len(room.handle("a").web_sockets) == 1
    end.close(4001)
    world.settle()
    assert Room.events[-1] == ("close", 4001, "", True, 1)
    assert room.handle("a").web_sockets == []


def test_a_lost_client(made: Made) -> None:
    world, room = made
    end = connect(made)

    async def lose() -> None:
        end.drop()

    world.run(lose())
    world.settle()
    assert Room.events == [("close", LOST, LOST_REASON, False, 1)]
    assert room.handle("a").web_sockets == []


def test_a_connection_that_fails(made: Made) -> None:
    world, room = made
    end = connect(made)

    async def fail() -> None:
        end.drop(ValueError("bad frame"))

    world.run(fail())
    world.settle()
    assert Room.events == [("error", "bad frame", CLOSED)]
    assert room.handle("a").web_sockets == []
    assert end.received() == []


def test_messages_are_delivered_in_order_and_may_overlap(made: Made) -> None:
    world, _ = made
    end = connect(made)
    assert say(made, end, "outside", "x", "y") == ["x", "y"]
    assert [each[1] for each in Room.events if isinstance(each, tuple)] == ["outside", "x", "y"]
    assert Room.events.index("outside is over") > 1  # another message came in while it waited
    say(made, end, "slow", "z")
    assert Room.events[-1] == (5, "z", {"path": "/"})
    world.advance_to(world.clock.now + 10_000)
    assert Room.events[-1] == "slow is over"


def test_messages_wait_for_the_writes_before_them(made: Made) -> None:
    world, _ = made

    async def slow(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        if operation.verb == "flush":
            await asyncio.sleep(5)
        return await proceed()

    end = connect(made)
    world.gate.faults = slow
    assert say(made, end, "write and answer") == []
    world.advance_to(world.clock.now + 4_999)
    assert end.received() == []
    world.advance_to(world.clock.now + 1)
    assert end.received() == ["written", "twice"]


def test_messages_behind_a_failed_write_are_never_sent(made: Made) -> None:
    world, room = made
    end = connect(made)
    break_disk(world)
    assert say(made, end, "write and answer") == [Close(LOST, LOST_REASON, was_clean=False)]
    assert [str(error) for _, error in world.failures] == ["Error: no disk"]
    assert room.handle("a").web_sockets == []


def test_an_error_of_a_handler_is_reported_and_the_socket_stays(made: Made) -> None:
    world, _ = made
    end = connect(made)
    assert say(made, end, "fail") == []
    ((label, error),) = world.failures
    assert label == "webSocketMessage of Room a"
    assert str(error) == "Error: PythonError: ValueError: handler"
    assert say(made, end, "fine") == ["fine"]


def test_a_reset_loses_the_sockets(made: Made) -> None:
    world, _ = made
    end = connect(made)
    assert say(made, end, "abort") == [Close(LOST, LOST_REASON, was_clean=False)]
    assert [str(error) for _, error in world.failures] == ["Error: by a message"]


def test_automatic_responses_wake_nobody(made: Made) -> None:
    world, room = made
    end = connect(made, "/auto")
    state: ObjectState = room.handle("a").instance.ctx
    socket = end.peer
    assert state.get_web_socket_auto_response() == ("ping", "pong")
    assert state.get_web_socket_auto_response_timestamp(socket) is None
    world.run(room.handle("a").evict())
    world.advance_to(world.clock.now + 1_000)
    assert say(made, end, "ping") == ["pong"]
    assert not room.handle("a").is_in_memory
    assert state.get_web_socket_auto_response_timestamp(socket) == world.clock.datetime
    assert say(made, end, b"ping", "ping ") == [b"ping", "ping "]
    room.handle("a").instance.ctx.set_web_socket_auto_response()
    assert say(made, end, "ping") == ["ping"]
    assert room.handle("a").instance.ctx.get_web_socket_auto_response() is None


def test_no_automatic_response_after_a_close(made: Made) -> None:
    end = connect(made, "/auto")
    assert say(made, end, "close") == [Close(4001, "from the object")]
    assert say(made, end, "ping") == []


def test_limits(made: Made) -> None:
    _, room = made
    connect(made)
    state: ObjectState = room.handle("a").instance.ctx
    for pair, text in ((("x" * 2049, ""), "Request"), (("", "é" * 1025), "Response")):
        with pytest.raises(EdgeError, match=f"{text} cannot be larger than 2048 bytes. A {text.lower()} of size 20"):
            state.set_web_socket_auto_response(*pair)
    assert state.get_hibernatable_web_socket_event_timeout() is None
    state.set_hibernatable_web_socket_event_timeout(604_800_000)
    assert state.get_hibernatable_web_socket_event_timeout() == 604_800_000
    with pytest.raises(EdgeError, match=r"Event timeout should not exceed 604800000 ms\."):
        state.set_hibernatable_web_socket_event_timeout(604_800_001)
    state.set_hibernatable_web_socket_event_timeout(0)
    assert state.get_hibernatable_web_socket_event_timeout() is None
    _, server = socket_pair()
    with pytest.raises(EdgeError, match="a Hibernatable WebSocket cannot have more than 10 tags"):
        state.accept_web_socket(server, list("abcdefghijk"))
    with pytest.raises(EdgeError, match=r'"x+" is longer than the max tag length \(256 characters\)\.'):
        state.accept_web_socket(server, ["x" * 257])
    state.accept_web_socket(server, [*"abcdefghi", "a"])
    assert state.get_tags(server) == list("abcdefghi")
    with pytest.raises(EdgeError, match=r"already accepted via `accept\(\)`"):
        state.accept_web_socket(server)
    with pytest.raises(EdgeError, match=r"Can't accept\(\) WebSocket after enabling hibernation\."):
        server.accept()
    client, other = socket_pair()
    client.accept()
    with pytest.raises(EdgeError, match="because its pair has already been accepted or used in a Response"):
        state.accept_web_socket(other)


def test_as_many_as_there_may_be(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    _, room = made
    connect(made)
    monkeypatch.setattr("edgelint.platform.limits.DO_MAX_WEBSOCKETS", 1)
    with pytest.raises(EdgeError, match="only 1 websockets can be accepted on a single Durable Object instance"):
        room.handle("a").instance.ctx.accept_web_socket(socket_pair()[1])


def test_the_event_timeout(made: Made) -> None:
    world, room = made
    end = connect(made)
    room.handle("a").instance.ctx.set_hibernatable_web_socket_event_timeout(5_000)
    say(made, end, "slow")
    world.advance_to(world.clock.now + 60_000)
    assert "slow is over" not in Room.events
    assert not room.handle("a").is_in_memory
    assert end.received() == [Close(LOST, LOST_REASON, was_clean=False)]


class Deaf:
    def __init__(self, ctx: ObjectState) -> None:
        self.ctx = ctx

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        client, server = socket_pair()
        self.ctx.accept_web_socket(server)
        return HttpResponse(101, web_socket=client)


def test_a_class_without_handlers_loses_messages_in_silence() -> None:
    world, deaf, _ = world_of(Deaf)
    end = connect((world, deaf))
    assert say((world, deaf), end, "hello") == []
    end.close()
    world.settle()
    assert world.failures == []
    assert deaf.handle("a").web_sockets == []
    world.close()
