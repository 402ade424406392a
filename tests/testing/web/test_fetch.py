"""Messages between the app and the world: events that come in, responses that go out, fetches and their redirects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.abort import AbortController
from edgelint.testing.python_host.web.fetching import fetch, fetch_with
from edgelint.testing.python_host.web.readable import ReadableStream
from edgelint.testing.python_host.web.request import Request
from edgelint.testing.python_host.web.response import Response, status_text
from edgelint.testing.python_host.web.transform import FixedLengthStream
from edgelint.testing.values import UNDEFINED
from tests.testing.web.conftest import Isolate


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def redirects(*steps: tuple[str, int, str]) -> Any:
    """An answerer: (path, status, where to) for each step; anything else is the end."""
    table = {path: (status, where) for path, status, where in steps}

    def answer(request: HttpRequest) -> HttpResponse:
        status, where = table.get(request.path, (0, ""))
        if not status:
            return HttpResponse(200, [], f"{request.method} {request.url} {request.body.decode()}".encode())
        return HttpResponse(status, [("Location", where)])

    return answer


def test_a_request_that_comes_in(isolate: Isolate) -> None:
    plain = HttpRequest("POST", "https://a.example/x", [("A", "1")], b"body", {"colo": "AMS"})

    async def look() -> Any:
        request = Request._from_http(plain)
        assert (request.method, request.url, request.redirect) == ("POST", "https://a.example/x", "manual")
        assert request.cf == {"colo": "AMS"}
        with pytest.raises(EdgeError, match="Can't modify immutable headers"):
            request.headers.set("a", "2")
        changed = Request(request.clone())
        changed.headers.set("a", "2")
        assert request.headers.get("a") == "1"
        assert Request._from_http(HttpRequest("GET", "https://a.example/")).body is None
        empty = Request._from_http(HttpRequest("POST", "https://a.example/", [("content-length", "0")]))
        assert empty.body is not None
        assert empty.cf is UNDEFINED
        plain_stream = HttpRequest("POST", "https://a.example/", [], b"a", stream=pieces(b"b", b"", b"c"))
        streamed = Request._from_http(plain_stream)
        return [await request.text(), await empty.text(), await streamed.text()]

    assert isolate.run(look) == ["body", "", "abc"]


def test_the_stream_of_a_body_that_was_read_says_so(isolate: Isolate) -> None:
    async def look() -> Any:
        read = Response("abc")
        reading = read.text()
        assert read.bodyUsed
        assert await reading == "abc"
        assert read.body is not None
        assert (read.body.locked, read.body._disturbed) == (True, True)
        with pytest.raises(EdgeError, match="locked"):
            read.body.getReader()
        sent = Response("abc")
        sent._to_http()
        assert sent.body is not None
        assert (sent.body.locked, sent.bodyUsed) == (False, True)
        seen = Response("abc")
        stream = seen.body
        assert stream is not None
        assert stream is seen.body
        reader = stream.getReader()
        with pytest.raises(EdgeError, match="locked"):
            await seen.text()
        reader.releaseLock()
        failing = Response("{").json()
        with pytest.raises(EdgeError, match="JSON"):
            await failing
        given_up = Response("{").text()
        given_up.cancel()
        return [await seen.text(), seen.body is stream, await Response(None).text()]

    assert isolate.run(look) == ["abc", True, ""]


def test_a_request_that_goes_out_takes_its_body_along(isolate: Isolate) -> None:
    async def look() -> Any:
        request = Request("https://a.example/", {"method": "PUT", "body": "x", "headers": {"B": "1"}, "cf": {"a": 1}})
        plain = request._to_http()
        assert (plain.method, plain.body, plain.cf) == ("PUT", b"x", {"a": 1})
        assert plain.headers == [("B", "1"), ("content-type", "text/plain;charset=UTF-8")]
        assert request.bodyUsed
        with pytest.raises(EdgeError, match="already been used"):
            request._to_http()
        body = ReadableStream._of_chunks(pieces(b"1", b"2"))
        streamed = Request("https://a.example/", {"method": "PUT", "body": body})
        plain = streamed._to_http()
        assert plain.stream is not None
        return await plain.read()

    assert isolate.run(look) == b"12"


def test_a_response_that_goes_out(isolate: Isolate) -> None:
    async def look() -> Any:
        response = Response("x", {"status": 404, "headers": [["set-cookie", "a"], ["set-cookie", "b"]], "cf": {"q": 1}})
        plain = response._to_http()
        assert (plain.status, plain.reason, plain.body, plain.cf) == (404, "Not Found", b"x", {"q": 1})
        assert plain.header_values("set-cookie") == ["a", "b"]
        assert Response(None, {"statusText": "Fine"})._to_http().reason == "Fine"
        assert status_text(413) == "Payload Too Large"
        assert status_text(599) == ""
        locked = Response("x")
        assert locked.body is not None
        locked.body.getReader()
        with pytest.raises(EdgeError, match="locked"):
            locked._to_http()
        bad = Response(ReadableStream.from_(["text"]))._to_http()
        with pytest.raises(EdgeError, match="did not return bytes"):
            await bad.read()
        fixed = FixedLengthStream(2)
        body = Response(fixed.readable)
        assert body._content is not None
        assert body._content.length == 2
        writer = fixed.writable.getWriter()
        writer.write(b"ab")
        writer.close()
        return await body._to_http().read()

    assert isolate.run(look) == b"ab"


def test_fetch_gives_what_the_world_answers(isolate: Isolate) -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(201, [("X", "1")], reason="Made", stream=pieces(b"a", b"b"), cf={"z": 1})

    isolate.answer = answer

    async def look() -> Any:
        response = await fetch("https://a.example/x", {"method": "post", "body": "b"})
        assert (response.status, response.statusText, response.url) == (201, "Made", "https://a.example/x")
        assert response.cf == {"z": 1}
        assert not response.redirected
        with pytest.raises(EdgeError, match="immutable"):
            response.headers.append("a", "b")
        copy = response.clone()
        with pytest.raises(EdgeError, match="immutable"):
            copy.headers.append("a", "b")
        return [await response.text(), await copy.text()]

    assert isolate.run(look) == ["ab", "ab"]
    assert [(each.method, each.body) for each in isolate.requests] == [("POST", b"b")]


def test_a_cache_mode_asks_for_no_cache(isolate: Isolate) -> None:
    async def look() -> None:
        await fetch("https://a.example/", {"cache": "no-store", "headers": {"pragma": "mine"}})

    isolate.run(look)
    assert isolate.requests[0].header("cache-control") == "no-cache"
    assert isolate.requests[0].header("pragma") == "mine"


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", "GET https://a.example/end "), (302, "POST", "GET https://a.example/end "),
        (303, "PUT", "GET https://a.example/end "), (307, "POST", "POST https://a.example/end body"),
        (308, "PUT", "PUT https://a.example/end body"), (302, "PUT", "PUT https://a.example/end body"),
    ],
)  # fmt: skip
def test_redirects_are_followed_as_fetch_has_it(isolate: Isolate, status: int, method: str, expected: str) -> None:
    isolate.answer = redirects(("/start", status, "end"))

    async def look() -> Any:
        response = await fetch("https://a.example/start", {"method": method, "body": "body"})
        assert response.redirected
        assert response.url == "https://a.example/end"
        return await response.text()

    assert isolate.run(look) == expected


def test_credentials_stay_with_their_origin(isolate: Isolate) -> None:
    isolate.answer = redirects(("/a", 302, "/b"), ("/b", 302, "https://other.example/c"))

    async def look() -> None:
        await fetch("https://a.example/a", {"headers": {"authorization": "secret"}})

    isolate.run(look)
    assert [each.header("authorization") for each in isolate.requests] == ["secret", "secret", None]


def test_redirects_that_are_not_followed(isolate: Isolate) -> None:
    isolate.answer = redirects(("/start", 302, "/end"))

    async def look() -> Any:
        response = await fetch("https://a.example/start", {"redirect": "manual"})
        return [response.status, response.headers.get("location"), response.redirected]

    assert isolate.run(look) == [302, "/end", False]


@pytest.mark.parametrize(
    ("where", "init", "words"),
    [
        ("/start", {}, "Too many redirects."), ("http://[", {}, "Invalid Location header"),
        ("/end", {"method": "POST"}, "one-time-use body"),
    ],
)  # fmt: skip
def test_redirects_that_fail(isolate: Isolate, where: str, init: dict[str, Any], words: str) -> None:
    isolate.answer = redirects(("/start", 307, where))

    async def look() -> None:
        if init:
            init["body"] = ReadableStream._of_chunks(pieces(b"x"))
        with pytest.raises(EdgeError, match=words):
            await fetch("https://a.example/start", init)

    isolate.run(look)
    assert len(isolate.requests) == (21 if where == "/start" else 1)


def test_a_signal_ends_a_fetch(isolate: Isolate) -> None:
    async def never(request: HttpRequest) -> HttpResponse:
        import asyncio

        await asyncio.sleep(1000)
        return HttpResponse(200)

    async def look() -> Any:
        controller = AbortController()
        asked = fetch_with(never, "https://a.example/", {"signal": controller.signal})
        controller.abort()
        with pytest.raises(EdgeError, match="aborted"):
            await asked
        quick = fetch("https://a.example/q", {"signal": AbortController().signal})
        return await (await quick).text()

    before = isolate.world.clock.now
    assert isolate.run(look) == "https://a.example/q"
    assert isolate.world.clock.now == before


def test_what_the_world_raises_comes_out_of_fetch(isolate: Isolate) -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        raise EdgeError("Network connection lost.", retryable=True)

    isolate.answer = answer

    async def look() -> None:
        with pytest.raises(EdgeError, match="connection lost"):
            await fetch("https://a.example/", {"signal": AbortController().signal})

    isolate.run(look)


def test_outside_a_world_there_is_no_network() -> None:
    import asyncio

    async def look() -> None:
        assert realm.current().now() == 0
        realm.current().log("log", "heard by nobody")
        with pytest.raises(EdgeError, match="no network here: GET"):
            await fetch("https://a.example/")
        with pytest.raises(ZeroDivisionError):
            realm.current().uncaught(ZeroDivisionError())

    asyncio.run(look())


def test_a_realm_is_left_again(isolate: Isolate) -> None:
    with realm.inside(isolate.realm):
        assert realm.current() is isolate.realm
    assert realm.current() is not isolate.realm


@pytest.mark.parametrize(
    ("date", "flags", "expected"),
    [
        ("2026-03-16", [], ("arraybuffer", False)), ("2026-03-17", [], ("blob", False)),
        ("2026-04-07", [], ("blob", True)), ("2025-01-01", ["web_socket_auto_reply_to_close"], ("arraybuffer", True)),
        ("2025-01-01", ["websocket_standard_binary_type"], ("blob", False)),
        ("2026-05-01", ["no_websocket_standard_binary_type"], ("arraybuffer", True)),
        ("2026-05-01", ["web_socket_manual_reply_to_close"], ("blob", False)),
    ],
)  # fmt: skip
def test_what_sockets_do_by_date_and_flags(date: str, flags: list[str], expected: tuple[str, bool]) -> None:
    assert realm.socket_defaults(date, flags) == expected
