"""The Cache API: what is kept, for how long, and what a match answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.cache import Cache, CacheStorage, cache_control
from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import Operation
from edgelint.testing.sockets import socket_pair
from tests.testing.bindings.worlds import Bound, bound

URL = "https://a.test/x"
LATER = "Thu, 01 Jan 2026 01:00:00 GMT"  # an hour after a world starts


@pytest.fixture
def cache() -> Iterator[Bound[Cache]]:
    with bound(Cache, Declared("caches.default", "cache", "default")) as made:
        yield made


def response(body: bytes = b"hello", status: int = 200, /, **headers: str) -> HttpResponse:
    return HttpResponse(status, [(name.replace("_", "-"), value) for name, value in headers.items()], body)


def request(method: str = "GET", url: str = URL, cf: Any = None, **headers: str) -> HttpRequest:
    return HttpRequest(method, url, [(name.replace("_", "-"), value) for name, value in headers.items()], cf=cf)


def test_a_response_comes_back_with_its_age(cache: Bound[Cache]) -> None:
    cache("put", URL, response(Cache_Control="max-age=60", ETag='"e"', connection="y", upgrade="h2"))
    cache.advance(12.6)
    found = cache("match", URL)
    assert (found.status, found.reason, found.body) == (200, "OK", b"hello")
    assert dict(found.headers) == {
        "cache-control": "max-age=60", "etag": '"e"', "date": "Thu, 01 Jan 2026 00:00:00 GMT", "content-length": "5",
        "age": "13", "cf-cache-status": "HIT",
    }  # fmt: skip
    cache.advance(47.4)
    assert cache("match", URL) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 7200),
        ({"cache_control": "public"}, 7200),
        ({"cache_control": "max-age=10"}, 10),
        ({"cache_control": "max-age=10, s-maxage=20"}, 20),
        ({"cache_control": "Max-Age=10"}, 10),
        ({"cache_control": 'max-age="10"'}, 10),
        ({"cache_control": "max-age=10, max-age=20"}, 10),
        ({"cache_control": "max-age=10", "age": "4"}, 6),
        ({"cache_control": "max-age=10", "age": "x"}, 10),
        ({"cache_control": "max-age=10", "expires": LATER}, 10),
        ({"cache_control": "max-age=10", "pragma": "no-cache"}, 10),
        ({"cache_control": "max-age=10, stale-while-revalidate=90"}, 10),
        ({"expires": LATER}, 3600),
        ({"expires": LATER, "date": "Thu, 01 Jan 2026 00:50:00 GMT"}, 600),
        ({"last_modified": "Thu, 01 Jan 2015 00:00:00 GMT"}, 7200),
        ({"cache_control": "max-age=10, private=Set-Cookie", "set_cookie": "a=b"}, 10),
        ({"cache_control": 'private="x, Set-Cookie", max-age=10', "set_cookie": "a=b"}, 10),
    ],
)
def test_how_long_a_response_is_kept(cache: Bound[Cache], headers: dict[str, str], seconds: float) -> None:
    cache("put", URL, response(**headers))
    cache.advance(seconds - 0.001)
    found = cache("match", URL)
    assert found is not None
    assert found.header("set-cookie") is None
    cache.advance(0.001)
    assert cache("match", URL) is None


@pytest.mark.parametrize(
    ("status", "seconds"), [(301, 7200), (302, 1200), (303, 1200), (404, 180), (410, 180), (203, 0), (500, 0), (201, 0)]
)
def test_how_long_a_status_is_kept(cache: Bound[Cache], status: int, seconds: float) -> None:
    cache("put", URL, response(b"x", status))
    cache.advance(max(0, seconds - 0.001))
    assert (cache("match", URL) is not None) is (seconds > 0)
    cache.advance(0.001)
    assert cache("match", URL) is None
    cache("put", URL, response(b"x", status, cache_control="max-age=5"))
    assert cache("match", URL).status == status


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"cache_control": "no-store, max-age=9"}, "no-store"),
        ({"cache_control": "private, max-age=9"}, "private"),
        ({"cache_control": "private=x, max-age=9"}, "private"),
        ({"cache_control": "max-age=9", "set_cookie": "a=b"}, "set-cookie"),
    ],
)
def test_what_is_not_kept_leaves_what_was_there(cache: Bound[Cache], headers: dict[str, str], reason: str) -> None:
    cache("put", URL, response(b"old", cache_control="max-age=60"))
    assert cache("put", URL, response(b"new", **headers)) is None
    assert cache.last.attributes["not_stored"] == reason
    assert cache("match", URL).body == b"old"


@pytest.mark.parametrize(
    "headers",
    [{"cache_control": "no-cache, max-age=9"}, {"cache_control": "max-age=0"}, {"expires": "0"}, {"pragma": "no-cache"},
     {"cache_control": "max-age=x"}, {"cache_control": "max-age=5", "age": "9"}, {"cache_control": "max-age=-1"}],
)  # fmt: skip
def test_what_is_stale_at_once_replaces_what_was_there(cache: Bound[Cache], headers: dict[str, str]) -> None:
    cache("put", URL, response(b"old", cache_control="max-age=60"))
    cache("put", URL, response(b"new", **headers))
    assert cache("match", URL) is None
    assert cache("delete", URL) is False


def test_what_belongs_to_one_user(cache: Bound[Cache]) -> None:
    asked = request(authorization="x")
    cache("put", asked, response(cache_control="max-age=9"))
    assert cache.last.attributes["not_stored"] == "authorization"
    for allowed in ("public, max-age=9", "s-maxage=9", "must-revalidate, max-age=9"):
        cache("put", asked, response(cache_control=allowed))
        assert cache("delete", URL) is True


def test_what_put_refuses(cache: Bound[Cache]) -> None:
    ok = response(cache_control="max-age=9")
    assert cache.error("put", request("POST"), ok) == "TypeError: Cannot cache response to non-GET request."
    assert cache.error("put", URL, response(b"", 206)) == (
        "TypeError: Cannot cache response to a range request (206 Partial Content)."
    )
    assert cache.error("put", URL, response(vary="Accept, *")) == (
        "TypeError: Cannot cache response with 'Vary: *' header."
    )
    upgrade = response(b"", 101)
    upgrade.web_socket = socket_pair()[0]
    assert cache.error("put", URL, upgrade) == "TypeError: Cannot cache WebSocket upgrade response."
    assert cache("put", URL, response(b"", 304, cache_control="max-age=9")) is None
    assert cache.operations == []
    cache("put", URL, response(vary="Accept", cache_control="max-age=9"))
    assert cache("match", request(accept="other")).body == b"hello"


def test_urls(cache: Bound[Cache]) -> None:
    cache("put", "HTTPS://A.test:443#f", response(cache_control="max-age=9"))
    assert cache("match", "https://a.test/").body == b"hello"
    assert cache("match", "https://a.test/?q") is None
    cache("put", "http://[::1]:8080/a?b", response(cache_control="max-age=9"))
    assert cache.last.key == "http://[::1]:8080/a?b"
    for wrong in ("/rel", "", "https://", "https://a:b/"):
        for verb in ("match", "delete"):
            assert cache.error(verb, wrong) == f"TypeError: Invalid URL: {wrong}"
    assert cache.error("put", "https://", response()) == "TypeError: Invalid URL: https://"
    assert cache("put", "ftp://a", response()) is None
    assert cache.last.attributes["not_stored"] == "scheme"
    assert cache.error("match", "ftp://a") == "TypeError: Fetch API cannot load: ftp://a/"


def test_methods(cache: Bound[Cache]) -> None:
    cache("put", URL, response(cache_control="max-age=9"))
    assert cache("match", request("POST")) is None
    assert cache("delete", request("HEAD")) is False
    assert cache("match", request("POST"), ignore_method=True).body == b"hello"
    assert cache("delete", request("HEAD"), ignore_method=True) is True
    assert cache("match", URL) is None


def test_a_cache_key_of_its_own(cache: Bound[Cache]) -> None:
    cache("put", request(cf={"cacheKey": "k"}), response(cache_control="max-age=9"))
    assert cache("match", URL) is None
    assert cache("match", request(url="https://other.test/", cf={"cacheKey": "k"})).body == b"hello"
    assert cache("match", request(cf={})) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if_none_match": '"e"'}, 304),
        ({"if_none_match": 'W/"e", "f"'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"f"'}, 200),
        ({"if_none_match": "e"}, 200),
        ({"if_modified_since": "Thu, 01 Jan 2026 00:00:00 GMT"}, 304),
        ({"if_modified_since": "Wed, 31 Dec 2025 23:59:59 GMT"}, 200),
        ({"if_modified_since": "2026-01-01"}, 200),
        ({"if_none_match": '"f"', "if_modified_since": "Thu, 01 Jan 2026 00:00:00 GMT"}, 200),
        ({"if_none_match": '"e"', "range": "bytes=9-"}, 304),
    ],
)
def test_conditions(cache: Bound[Cache], headers: dict[str, str], status: int) -> None:
    cache("put", URL, response(etag='"e"', last_modified="Thu, 01 Jan 2026 00:00:00 GMT", cache_control="max-age=9"))
    found = cache("match", request(**headers))
    assert (found.status, found.body) == (status, b"" if status == 304 else b"hello")
    assert found.header("etag") == '"e"'


def test_conditions_without_validators(cache: Bound[Cache]) -> None:
    cache("put", URL, response(cache_control="max-age=9", etag="bare"))
    for headers in ({"if_none_match": "*"}, {"if_modified_since": "Thu, 01 Jan 2099 00:00:00 GMT"}):
        assert cache("match", request(**headers)).status == 200


@pytest.mark.parametrize(
    ("asked", "part", "where"),
    [
        ("bytes=1-2", b"el", "bytes 1-2/5"), ("bytes=3-", b"lo", "bytes 3-4/5"), ("bytes=-2", b"lo", "bytes 3-4/5"),
        ("BYTES = 1 - 99", b"ello", "bytes 1-4/5"), ("bytes=-0,0-0", b"h", "bytes 0-0/5"),
    ],
)  # fmt: skip
def test_ranges(cache: Bound[Cache], asked: str, part: bytes, where: str) -> None:
    cache("put", URL, response(cache_control="max-age=9"))
    found = cache("match", request(range=asked))
    assert (found.status, found.reason, found.body) == (206, "Partial Content", part)
    assert (found.header("content-range"), found.header("content-length")) == (where, str(len(part)))


@pytest.mark.parametrize("asked", ["bytes=", "bytes=-0", "bytes=-5", "bytes=-99"])
def test_ranges_of_everything(cache: Bound[Cache], asked: str) -> None:
    cache("put", URL, response(cache_control="max-age=9"))
    assert (cache("match", request(range=asked)).status, cache("match", URL).body) == (200, b"hello")


@pytest.mark.parametrize("asked", ["bytes=5-", "bytes=2-1", "bytes=-", "lines=1-2", "bytes=a-b", "1-2", "bytes=٣-"])
def test_ranges_that_cannot_be(cache: Bound[Cache], asked: str) -> None:
    cache("put", URL, response(cache_control="max-age=9"))
    found = cache("match", request(range=asked))
    assert (found.status, found.reason, found.body) == (416, "Range Not Satisfiable", b"")
    assert found.headers == [("content-range", "bytes */5"), ("cf-cache-status", "HIT")]


def test_several_ranges(cache: Bound[Cache]) -> None:
    cache("put", URL, response(cache_control="max-age=9", content_type="a/b"))
    found = cache("match", request(range="bytes=0-1,4-"))
    kind, _, boundary = found.header("content-type").partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert found.body.decode() == (
        f"--{boundary}\r\nContent-Type: a/b\r\nContent-Range: bytes 0-1/5\r\n\r\nhe\r\n"
        f"--{boundary}\r\nContent-Type: a/b\r\nContent-Range: bytes 4-4/5\r\n\r\no\r\n--{boundary}--"
    )
    assert found.header("content-length") == str(len(found.body))
    cache("put", URL, response(b"gone", 404, cache_control="max-age=9"))
    assert cache("match", request(range="bytes=0-1")).status == 404


def test_a_header_without_a_value_is_lost(cache: Bound[Cache]) -> None:
    cache("put", URL, response(cache_control="max-age=9", etag=""))
    assert cache("match", URL).header("etag") is None


def test_a_streamed_body_is_read(cache: Bound[Cache]) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"b"
        yield b"c"

    streamed = HttpResponse(200, [("cache-control", "max-age=9")], b"a", stream=parts())
    cache("put", URL, streamed)
    assert cache("match", URL).body == b"abc"


def test_named_caches(cache: Bound[Cache]) -> None:
    caches = CacheStorage(cache.world)
    ok = response(cache_control="max-age=9")
    cache.run(caches.default.put(URL, ok))
    assert cache("match", URL).body == b"hello"
    one = cache.run(caches.open("one"))
    assert cache.run(one.match(URL)) is None
    assert cache.last.name == "caches.open('one').match"
    cache.run(one.put(URL, ok))
    assert cache.run(cache.run(caches.open("one")).match(URL)) is not None
    assert cache.run(cache.run(caches.open("default")).match(URL)) is None
    cache.run(caches.open("é" * 511))
    with pytest.raises(EdgeError, match="Cache name is too long"):
        cache.run(caches.open("é" * 512))


def test_each_location_has_its_own(cache: Bound[Cache]) -> None:
    where = "LHR"

    async def located(operation: Operation, proceed: Any) -> Any:
        operation.attributes["location"] = where
        return await proceed()

    cache.world.gate.consistency = located
    cache("put", URL, response(cache_control="max-age=9"))
    where = "SIN"
    assert cache("match", URL) is None
    assert cache("delete", URL) is False
    where = "LHR"
    assert cache("match", URL).body == b"hello"


def test_the_gate_is_told(cache: Bound[Cache]) -> None:
    cache("put", URL, response(cache_control="max-age=9"))
    put = cache.last
    assert (put.kind, put.verb, put.key, put.attributes["bytes"], put.attributes["lifetime"]) == (
        "cache", "put", URL, 5, 9
    )  # fmt: skip
    cache("match", URL)
    assert (cache.last.outcome, cache.last.attributes["bytes"]) == ("hit", 5)
    cache("match", URL + "2")
    assert cache.last.outcome == "miss"
    cache("delete", URL)
    assert cache.last.name == "caches.default.delete"


def test_directives() -> None:
    assert cache_control('a, b=1 ,c="x, y",, =z, B=2') == {"a": "", "b": "1", "c": "x, y"}
