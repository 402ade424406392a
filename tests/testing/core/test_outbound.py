"""Answers to what the app fetches: which request gets which, and what is wrong at the end."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest
from edgelint.testing.outbound import Outbound
from edgelint.testing.world import World


class Outside:
    """The world outside, and an app that asks it."""

    def __init__(self) -> None:
        self.world = World()
        self.outbound = Outbound(self.world.gate)

    def fetch(
        self, url: str = "https://a.test/", method: str = "GET", body: bytes = b"",
        headers: list[tuple[str, str]] | None = None,
    ) -> tuple[int, bytes]:  # fmt: skip
        answer = self.world.run(self.outbound.fetch(HttpRequest(method, url, headers or [], body)), origin="app")
        assert isinstance(answer.body, bytes)
        return answer.status, answer.body


@pytest.fixture
def outside() -> Iterator[Outside]:
    made = Outside()
    yield made
    made.world.close()


@pytest.mark.parametrize(
    ("answer", "asked", "fits"),
    [
        ({}, {}, True),
        ({"url": "https://a.test/"}, {}, True),
        ({"url": "https://a.test/"}, {"url": "https://a.test/b"}, False),
        ({"url": "https://a.test/?a=1"}, {"url": "https://a.test/?a=1"}, True),
        ({"url": re.compile(r"a\.test/.*b")}, {"url": "https://a.test/x/b"}, True),
        ({"url": re.compile("b$")}, {}, False),
        ({"method": "post"}, {"method": "POST"}, True),
        ({"method": "POST"}, {}, False),
        ({"match_headers": {"X-A": "1"}}, {"headers": [("x-a", "1"), ("x-b", "2")]}, True),
        ({"match_headers": {"x-a": "2"}}, {"headers": [("x-a", "1")]}, False),
        ({"match_content": b"q"}, {"method": "POST", "body": b"q"}, True),
        ({"match_content": b"q"}, {"method": "POST", "body": b"r"}, False),
        ({"match_json": {"a": [1]}}, {"method": "POST", "body": b'{"a": [1]}'}, True),
        ({"match_json": {"a": [1]}}, {"method": "POST", "body": b'{"a": 1}'}, False),
        ({"match_json": None}, {"method": "POST", "body": b"null"}, True),
        ({"match_json": {"a": [1]}}, {"method": "POST", "body": b"no json"}, False),
    ],
)
def test_which_request_an_answer_is_for(
    outside: Outside, answer: dict[str, Any], asked: dict[str, Any], fits: bool
) -> None:
    outside.outbound.add_response(201, text="here", **answer)
    if fits:
        assert outside.fetch(**asked) == (201, b"here")
        assert outside.outbound.problems() == []
    else:
        with pytest.raises(EdgeError, match="edgelint blocks outbound fetch: no answer for"):
            outside.fetch(**asked)
        assert len(outside.outbound.problems()) == 2


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"content": b"\x00"}, b"\x00"), ({"text": "t"}, b"t"), ({"html": "<p>"}, b"<p>"),
        ({"json": {"a": 1}}, b'{"a":1}'), ({}, b""),
    ],
)  # fmt: skip
def test_bodies(outside: Outside, given: dict[str, Any], body: bytes) -> None:
    outside.outbound.add_response(headers={"x-a": "1"}, **given)
    assert outside.fetch() == (200, body)


def test_an_answer_is_given_once_in_the_order_of_adding(outside: Outside) -> None:
    for text in ("one", "two"):
        outside.outbound.add_response(text=text)
    assert [outside.fetch()[1], outside.fetch()[1]] == [b"one", b"two"]
    with pytest.raises(EdgeError, match=r"its answer was given already; is_reusable=True gives it again"):
        outside.fetch()
    outside.outbound.can_send_already_matched_responses = True
    assert outside.fetch()[1] == b"two"


def test_reusable_and_optional(outside: Outside) -> None:
    outside.outbound.add_response(text="again", is_reusable=True)
    outside.outbound.add_response(text="never", is_optional=True, url="https://b.test/")
    assert [outside.fetch()[1] for _ in range(3)] == [b"again"] * 3
    assert outside.outbound.problems() == []


def test_exceptions(outside: Outside) -> None:
    outside.outbound.add_exception(url="https://a.test/")
    outside.outbound.add_exception(EdgeError("internal error"), method="POST")
    with pytest.raises(EdgeError, match="Network connection lost") as lost:
        outside.fetch()
    assert lost.value.retryable
    with pytest.raises(EdgeError, match="internal error"):
        outside.fetch(method="POST")


def test_callbacks(outside: Outside) -> None:
    outside.outbound.add_callback(
        lambda request: httpx.Response(202, content=request.content[::-1]), method="PUT", match_content=b"abc"
    )
    assert outside.fetch(method="PUT", body=b"abc") == (202, b"cba")


def test_requests_that_were_made(outside: Outside) -> None:
    outside.outbound.add_response(is_reusable=True)
    for method in ("GET", "POST", "POST"):
        outside.fetch(method=method)
    assert [request.method for request in outside.outbound.get_requests()] == ["GET", "POST", "POST"]
    found = outside.outbound.get_request(method="GET")
    assert found is not None
    assert str(found.url) == "https://a.test/"
    assert outside.outbound.get_request(url="https://none.test/") is None
    with pytest.raises(EdgeUsageError, match="2 requests match"):
        outside.outbound.get_request(method="POST")
    outside.outbound.reset()
    assert outside.outbound.get_requests() == []
    assert outside.outbound.problems() == []


def test_problems_and_their_switches(outside: Outside) -> None:
    outside.outbound.add_response(url=re.compile("b[.]test"), method="PUT")
    with pytest.raises(EdgeError):
        outside.fetch()
    assert outside.outbound.problems() == [
        "outbound fetch without an answer: GET https://a.test/",
        "an answer of edge_outbound was never asked for: PUT b[.]test",
    ]
    outside.outbound.assert_all_requests_were_expected = False
    outside.outbound.assert_all_responses_were_requested = False
    assert outside.outbound.problems() == []


def test_the_real_world_when_it_is_allowed(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "gone.test":
            raise httpx.ConnectError("refused")
        return httpx.Response(302, headers={"location": "/elsewhere"}, text="moved")

    real = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda: real(transport=httpx.MockTransport(answer)))
    outside.outbound.allow = True
    outside.outbound.add_response(text="given", url="https://given.test/")
    assert outside.fetch("https://given.test/") == (200, b"given")
    assert outside.fetch() == (302, b"moved")
    with pytest.raises(EdgeError, match="Network connection lost: refused"):
        outside.fetch("https://gone.test/")
    assert outside.outbound.problems() == []


def test_faults_and_counts_reach_it(outside: Outside) -> None:
    seen: list[str] = []
    outside.world.gate.observers.append(lambda operation: seen.append(f"{operation.name} {operation.key}"))
    outside.outbound.add_response()
    outside.fetch()
    assert seen[0] == "outbound.fetch GET https://a.test/"


# Sockets


def connected(outside: Outside, address: str) -> socket.socket:
    return outside.world.run(outside.outbound.connect(address), origin="app")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.mark.parametrize(("allowed", "asked"), [
    ("db.test:5432", "DB.test:5432"), (re.compile(r"\.test:"), "db.test:5432"), ("[::1]:5432", "[::1]:5432"),
])  # fmt: skip
def test_a_socket_goes_where_the_test_says(
    outside: Outside, listener: socket.socket, allowed: str | re.Pattern[str], asked: str
) -> None:
    outside.outbound.allow_connect(allowed, to=listener.getsockname())
    for _ in range(2):
        with connected(outside, asked) as opened:
            assert opened.getpeername() == listener.getsockname()
    with pytest.raises(EdgeError, match=r"edgelint blocks connect\(\) to db\.other:5432"):
        connected(outside, "db.other:5432")
    assert outside.outbound.problems() == ["connect() that the test does not allow: db.other:5432"]
    outside.outbound.assert_all_requests_were_expected = False
    assert outside.outbound.problems() == []


def test_a_socket_goes_to_the_address_itself(outside: Outside, listener: socket.socket) -> None:
    address = "127.0.0.1:{1}".format(*listener.getsockname())
    outside.outbound.allow_connect(address)
    connected(outside, address).close()
    outside.outbound.reset()
    with pytest.raises(EdgeError, match="edgelint blocks"):
        connected(outside, address)
    outside.outbound.allow = True
    connected(outside, address).close()
    listener.close()
    with pytest.raises(EdgeError, match=rf"connect\(\) to {address}: nobody is at {address}: "):
        connected(outside, address)


def test_a_socket_that_is_never_opened_is_a_problem(outside: Outside) -> None:
    outside.outbound.allow_connect("a.test:1")
    outside.outbound.allow_connect(re.compile("b"))
    outside.outbound.allow_connect("c.test:1", is_optional=True)
    assert outside.outbound.problems() == [
        "a socket of edge_outbound.allow_connect was never opened: a.test:1",
        "a socket of edge_outbound.allow_connect was never opened: b",
    ]
    outside.outbound.assert_all_responses_were_requested = False
    assert outside.outbound.problems() == []


@pytest.mark.parametrize("address", ["db.test", "db.test:", ":80", "https://db.test"])
def test_an_address_needs_a_port(outside: Outside, address: str) -> None:
    with pytest.raises(EdgeUsageError, match="allow_connect takes 'host:port', not"):
        outside.outbound.allow_connect(address)


def test_a_world_without_sockets() -> None:
    world = World()
    with pytest.raises(EdgeUsageError, match=r"connect\(\) is not set up: db\.test:1"):
        world.run(world.connect("db.test:1"))
    world.close()
