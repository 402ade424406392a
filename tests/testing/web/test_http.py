"""Requests and responses as plain data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.sockets import socket_pair


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def test_headers_are_found_without_case_and_joined() -> None:
    request = HttpRequest("GET", "https://a.example/x?y", [("A", "1"), ("b", "2"), ("a", "3")])
    assert request.header("a") == "1, 3"
    assert request.header_values("A") == ["1", "3"]
    assert request.header("c") is None
    assert (request.path, HttpRequest("GET", "https://a.example").path) == ("/x", "/")


def test_a_header_is_set_where_its_first_one_stood() -> None:
    request = HttpRequest("GET", "https://a.example/", [("A", "1"), ("b", "2"), ("a", "3")])
    request.set_header("a", "9")
    assert request.headers == [("a", "9"), ("b", "2")]
    request.set_header("B", None)
    request.set_header("c", "4")
    assert request.headers == [("a", "9"), ("c", "4")]


def test_a_streamed_body_is_read_once_and_then_kept() -> None:
    response = HttpResponse(200, [], b"a", stream=pieces(b"b", b"c"))
    with pytest.raises(RuntimeError, match="read"):
        response.whole()
    assert asyncio.run(response.read()) == b"abc"
    assert response.whole() == b"abc"
    assert asyncio.run(response.read()) == b"abc"


def test_chunks_come_as_they_are_and_are_not_kept() -> None:
    response = HttpResponse(200, [], b"a", stream=pieces(b"b", b"c"))

    async def all_of_them() -> list[bytes]:
        return [chunk async for chunk in response.chunks()]

    assert asyncio.run(all_of_them()) == [b"a", b"b", b"c"]
    assert response.whole() == b""
    assert asyncio.run(HttpResponse(204).read()) == b""


def test_a_request_goes_to_httpx_and_back() -> None:
    headers = [(b"X", "ü".encode()), (b"x", b"2")]
    asked = httpx.Request("POST", "https://a.example/p?q=1", headers=headers, content=b"body")
    plain = HttpRequest.from_httpx(asked)
    assert (plain.method, plain.url, plain.body) == ("POST", "https://a.example/p?q=1", b"body")
    assert plain.header("x") == "ü, 2"
    again = plain.to_httpx()
    assert (again.method, str(again.url), again.content) == ("POST", "https://a.example/p?q=1", b"body")
    assert again.headers.get_list("content-length") == ["4"]
    with pytest.raises(RuntimeError, match="still to come"):
        HttpRequest("POST", "https://a.example", stream=pieces(b"x")).to_httpx()


def test_a_response_goes_to_httpx_and_back() -> None:
    headers = [("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("content-encoding", "br")]
    plain = HttpResponse(201, headers, b"xyz", "Made")
    request = httpx.Request("GET", "https://a.example/")
    found = plain.to_httpx(request)
    assert (found.status_code, found.reason_phrase, found.content) == (201, "Made", b"xyz")
    assert found.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "content-encoding" not in found.headers
    assert found.headers["content-length"] == "3"
    back = HttpResponse.from_httpx(found)
    assert (back.status, back.reason, back.body, back.url) == (201, "Made", b"xyz", "https://a.example/")
    assert back.ok
    assert not back.redirected


def test_a_compressed_answer_loses_the_header_that_said_so() -> None:
    import gzip

    answer = httpx.Response(200, headers={"content-encoding": "gzip", "x": "1"}, content=gzip.compress(b"plain"))
    plain = HttpResponse.from_httpx(answer)
    assert plain.body == b"plain"
    assert plain.headers == [("x", "1")]
    assert plain.url == ""


def test_null_bodies_and_connections() -> None:
    client, _ = socket_pair()
    found = HttpResponse(101, web_socket=client).to_httpx()
    assert found.extensions["web_socket"] is client
    assert "content-length" not in found.headers
    assert HttpResponse(304).has_null_body
    assert not HttpResponse(404).ok
    assert HttpRequest("GET", "wss://a.example", [("Upgrade", "WebSocket")]).is_upgrade
    assert not HttpRequest("GET", "https://a.example").is_upgrade
