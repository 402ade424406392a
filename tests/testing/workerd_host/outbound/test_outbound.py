"""What the app fetches from the world outside: answered by stubs, failed, or refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.sockets import Close, Frame, socket_pair
from edgelint.testing.workerd_host.capnp import CF
from edgelint.testing.workerd_host.protocols import outbound
from edgelint.testing.world import World
from tests.testing.workerd_host.conftest import MakeApp

APP = """
const shown = async (response) => ({
  status: response.status, text: response.statusText, url: response.url, redirected: response.redirected,
  headers: Object.fromEntries(response.headers), body: await response.text(),
});
export default {
  async fetch(request) {
    const { url, init } = await request.json();
    try {
      return Response.json(await shown(await fetch(url, init)));
    } catch (error) {
      return Response.json({ error: `${error.name}: ${error.message}`, retryable: error.retryable ?? null });
    }
  },
};
"""
A = "https://api.test"
LOST = {"error": "Error: Network connection lost.", "retryable": True}


@pytest.fixture
def edge(js_app: MakeApp) -> Edge:
    return js_app(APP)


def fetched(edge: Edge, url: str, **init: Any) -> Any:
    return edge.client.post("/", json={"url": url, "init": init}).json()


def test_a_stub_sees_what_the_app_sends_and_the_app_what_it_answers(edge: Edge) -> None:
    edge.outbound.add_response(201, url=f"{A}:8443/x?q=1", method="POST", json={"a": "é"}, headers={"x-b": "1"})
    found = fetched(edge, f"{A}:8443/x?q=1#f", method="POST", body="hé", headers={"X-A": "é", "authorization": "b"})
    assert found == {
        "status": 201, "text": "Created", "url": f"{A}:8443/x?q=1", "redirected": False, "body": '{"a":"é"}',
        "headers": {"content-type": "application/json", "content-length": "10", "x-b": "1"},
    }  # fmt: skip
    [asked] = edge.outbound.get_requests()
    assert (asked.method, str(asked.url), asked.content) == ("POST", f"{A}:8443/x?q=1", "hé".encode())
    assert {name: value for name, value in asked.headers.items() if name not in ("host", "content-length")} == {
        "x-a": "é", "authorization": "b", "content-type": "text/plain;charset=UTF-8",
    }  # fmt: skip
    assert next(each for each in edge.timeline.operations if each.kind == "outbound").outcome == "ok"


def test_redirects_are_followed_by_asking_again(edge: Edge) -> None:
    edge.outbound.add_response(302, url=f"{A}/old", headers={"location": "/new"}, is_reusable=True)
    edge.outbound.add_response(200, url=f"{A}/new", text="moved")
    found = fetched(edge, f"{A}/old")
    assert (found["url"], found["redirected"], found["body"]) == (f"{A}/new", True, "moved")
    assert fetched(edge, f"{A}/old", redirect="manual")["status"] == 302


@pytest.mark.parametrize("how", [None, httpx.ReadTimeout("too slow"), ConnectionResetError("gone"), EdgeError("no")])
def test_a_failure_is_a_lost_connection(edge: Edge, how: BaseException | None) -> None:
    """And the logs say which, where it is another."""
    edge.outbound.add_exception(how, url=f"{A}/a", is_reusable=True)
    assert fetched(edge, f"{A}/a") == LOST
    assert fetched(edge, f"{A}/a") == LOST
    assert len(edge.outbound.get_requests()) == 2  # workerd did not ask a second time by itself
    assert edge.world.logs == ([] if how is None else [("warn", str(how))] * 2)


def test_what_has_no_stub_is_blocked(edge: Edge) -> None:
    assert fetched(edge, f"{A}/a") == LOST
    assert edge.outbound.problems() == [f"outbound fetch without an answer: GET {A}/a"]
    [(level, text)] = edge.world.logs
    assert level == "warn"
    assert f"edgelint blocks outbound fetch: no answer for GET {A}/a" in text
    edge.outbound.reset()


def test_answers_without_a_body(edge: Edge) -> None:
    edge.outbound.add_response(204, url=f"{A}/204")
    edge.outbound.add_response(200, url=f"{A}/head", content=b"abc")
    assert (fetched(edge, f"{A}/204")["status"], fetched(edge, f"{A}/head", method="HEAD")["body"]) == (204, "")


def test_what_a_stub_itself_gets_wrong_fails_the_test(edge: Edge) -> None:
    def wrong(request: httpx.Request) -> httpx.Response:
        raise AssertionError("not what was expected")

    edge.outbound.add_callback(wrong, url=f"{A}/a")
    assert fetched(edge, f"{A}/a")["status"] == 500
    [(_, error)] = edge.world.failures
    assert str(error) == "not what was expected"
    edge.world.failures.clear()


# Without workerd


def answer(world: World, request: HttpRequest) -> HttpResponse:
    return world.run(outbound.answer(world, request), origin="app")


@pytest.fixture
def world() -> Any:
    made = World()
    yield made
    made.close()


def test_what_a_stub_cannot_be(world: World) -> None:
    async def give(request: HttpRequest) -> HttpResponse:
        return HttpResponse(103)

    world.answer_outbound = give
    with pytest.raises(EdgeUsageError, match="a stub that answers 103 has to give an end of a WebSocket too"):
        answer(world, HttpRequest("GET", f"{A}/"))


CHAT = """
export default { async fetch(request) {
  const { webSocket } = await fetch("https://chat.test/room", {
    headers: { Upgrade: "websocket", "Sec-WebSocket-Protocol": "chat" },
  });
  webSocket.accept();
  webSocket.binaryType = "arraybuffer";
  const got = [];
  const closed = new Promise((resolve) => webSocket.addEventListener("close", (event) => resolve(event.code)));
  webSocket.addEventListener("message", ({ data }) => {
    got.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
    if (got.length === 2) webSocket.close(1000, "bye");
  });
  webSocket.send("hello");
  webSocket.send(new Uint8Array([1, 2]));
  return Response.json({ code: await closed, got });
} };
"""


def test_a_web_socket_that_a_stub_accepts(js_app: MakeApp) -> None:
    edge = js_app(CHAT)
    theirs, ours = socket_pair(auto_reply=True)
    frames: list[Frame] = []

    def receive(frame: Frame) -> None:
        frames.append(frame)
        if not isinstance(frame, Close):
            ours.send(f"echo {frame}" if isinstance(frame, str) else frame[::-1])

    ours.accept(receive)
    asked: list[httpx.Request] = []

    def accept(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(101, headers={"sec-websocket-protocol": "chat"}, extensions={"web_socket": theirs})

    edge.outbound.add_callback(accept)
    assert edge.get("/").json() == {"code": 1000, "got": ["echo hello", [2, 1]]}
    assert frames == ["hello", b"\x01\x02", Close(1000, "bye")]
    assert [asked[0].headers[name] for name in ("upgrade", "sec-websocket-protocol")] == ["websocket", "chat"]


def test_what_the_connection_needs_is_not_the_apps(world: World) -> None:
    seen: list[HttpRequest] = []

    async def give(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse(200, [("Connection", "close"), ("x", "1")], b"abc", "Tout \xe0 fait\n")

    world.answer_outbound = give
    headers = [("Host", "api.test"), ("Connection", "close"), (CF, json.dumps({"cacheTtl": 5})), ("y", "2")]
    found = answer(world, HttpRequest("GET", f"{A}/", headers))
    assert (seen[0].headers, seen[0].cf) == ([("y", "2")], {"cacheTtl": 5})
    assert (found.headers, found.reason) == ([("x", "1")], "Tout ? fait")
    assert answer(world, HttpRequest("HEAD", f"{A}/")).body == b""


def test_a_stub_is_told_what_cf_says(edge: Edge) -> None:
    seen: list[HttpRequest] = []

    async def give(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse(200)

    edge.world.answer_outbound = give
    assert fetched(edge, f"{A}/", cf={"cacheTtl": 5})["status"] == 200
    assert (seen[0].cf or {})["cacheTtl"] == 5
