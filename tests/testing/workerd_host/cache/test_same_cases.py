"""The cases of tests/testing/bindings/test_cache.py, asked by JavaScript in workerd."""

from __future__ import annotations

from typing import Any

import pytest

from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.values import UNDEFINED
from tests.oracles.miniflare import oracle
from tests.testing.bindings import test_cache
from tests.testing.bindings.test_cache import URL, request, response
from tests.testing.workerd_host.in_javascript import InJavaScript, Made, cases_of

globals().update(cases_of(test_cache))


class DefaultCache(InJavaScript):
    """A cache that takes and gives requests and responses as the state machine does."""

    async def done(self, verb: str, *args: Any, **options: Any) -> Any:
        found = await super().done(verb, *[await said(each) for each in args], **options)
        if not isinstance(found, dict):
            return None if verb != "delete" else found
        return HttpResponse(found["status"], found["headers"], found["body"] or b"", found["statusText"])


async def said(value: Any) -> Any:
    if isinstance(value, HttpRequest):
        init: dict[str, Any] = {"method": value.method, "headers": [list(pair) for pair in value.headers]}
        return {"$new": ["Request", value.url, init if value.cf is None else {**init, "cf": value.cf}]}
    if isinstance(value, HttpResponse):
        body = await value.read()
        init = {"status": value.status, "headers": [list(pair) for pair in value.headers]}
        return {"$new": ["Response", oracle.encode(None if value.has_null_body else body), init]}
    return value


@pytest.fixture
def cache(in_javascript: Made) -> InJavaScript:
    return in_javascript("CACHE", "no binding", DefaultCache)


# Where JavaScript, or the way through HTTP, makes a difference


def test_what_put_refuses(cache: InJavaScript) -> None:
    """But for a WebSocket: no Response can be made with status 101."""
    ok = response(cache_control="max-age=9")
    assert cache.error("put", request("POST"), ok) == "TypeError: Cannot cache response to non-GET request."
    assert cache.error("put", URL, response(b"", 206)) == (
        "TypeError: Cannot cache response to a range request (206 Partial Content)."
    )
    assert cache.error("put", URL, response(vary="Accept, *")) == (
        "TypeError: Cannot cache response with 'Vary: *' header."
    )
    assert cache("put", URL, response(b"", 304, cache_control="max-age=9")) is None
    assert cache.operations == []
    cache("put", URL, response(vary="Accept", cache_control="max-age=9"))
    assert cache("match", request(accept="other")).body == b"hello"


def test_urls(cache: InJavaScript) -> None:
    """But for what a match says of a URL that is not HTTP's: its words cannot come back."""
    cache("put", "HTTPS://A.test:443#f", response(cache_control="max-age=9"))
    assert cache("match", "https://a.test/").body == b"hello"
    assert cache("match", "https://a.test/?q") is None
    cache("put", "http://[::1]:8080/a?b", response(cache_control="max-age=9"))
    assert cache.last.key == "http://[::1]:8080/a?b"
    for wrong in ("/rel", "", "https://", "https://a:b/"):
        for verb in ("match", "delete"):
            assert cache.error(verb, wrong) == f"TypeError: Invalid URL: {wrong}"
    assert cache("put", "ftp://a", response()) is None
    assert cache.last.attributes["not_stored"] == "scheme"
    assert cache.error("match", "ftp://a") == "Error: Network connection lost."


@pytest.mark.parametrize("asked", ["bytes=5-", "bytes=2-1", "bytes=-", "lines=1-2", "bytes=a-b", "1-2", "bytes=٣-"])
def test_ranges_that_cannot_be(cache: InJavaScript, asked: str) -> None:
    """But for the length of the body, which HTTP says."""
    cache("put", URL, response(cache_control="max-age=9"))
    found = cache("match", request(range=asked))
    assert (found.status, found.reason, found.body) == (416, "Range Not Satisfiable", b"")
    assert sorted(found.headers) == [
        ("cf-cache-status", "HIT"), ("content-length", "0"), ("content-range", "bytes */5"),
    ]  # fmt: skip


def test_a_cache_key_of_its_own(cache: InJavaScript) -> None:
    cache("put", request(cf={"cacheKey": "k"}), response(cache_control="max-age=9"))
    assert cache("match", URL) is None
    assert cache("match", request(url="https://other.test/", cf={"cacheKey": "k"})).body == b"hello"
    assert cache("match", request(cf={})) is None


def test_what_fails_on_the_way(cache: InJavaScript) -> None:
    """A match says that the connection was lost, a delete that it could not; a put says nothing."""
    cache("put", URL, response(cache_control="max-age=9"))
    faults = [cache.edge.faults.on(f"caches.default.{verb}").fail("internal") for verb in ("match", "put", "delete")]
    assert cache.error("match", URL) == "Error: Network connection lost."
    assert cache.error("delete", URL) == "Error: Unable to delete cached response."
    assert cache("put", URL, response()) is None
    assert [fault.hits for fault in faults] == [1, 1, 1]
    cache.edge.faults.clear()
    assert cache("match", URL).body == b"hello"


def test_a_cache_by_name(cache: InJavaScript) -> None:
    def named(name: str, *call: Any) -> Any:
        return cache.run(cache.step({"on": "CACHES", "do": [["open", name], list(call)]}))

    held = {"$new": ["Response", "x", {"headers": {"cache-control": "max-age=9"}}]}
    named("é/%41", "put", URL, held)
    assert cache.last.name == "caches.open('é/%41').put"
    assert named("é/%41", "match", URL)["body"] == b"x"
    assert cache("match", URL) is None
    assert named("other", "match", URL) is UNDEFINED
    assert named("é/%41", "delete", URL) is True
    assert named("é/%41", "delete", URL) is False
