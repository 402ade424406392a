"""The Cache API beside Miniflare: sequences of operations give the same answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st

from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.cache import Cache
from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.values import UNDEFINED
from tests.oracles import differential
from tests.oracles.differences import DIFFERENCES
from tests.oracles.miniflare.oracle import Oracle, Outcome, Step
from tests.testing.bindings.worlds import bound

Headers = tuple[tuple[str, str], ...]
Op = tuple[str, tuple[str, str, Headers], Any]
"""Verb; method, URL and headers of the request; what else: (status, headers, body) of a response, or ignoreMethod."""

URLS = ["https://a.test/", "https://a.test/x", "https://a.test/x?q=1", "HTTPS://A.test:443", "https://a.test/x#f"]
BODIES = [b"hello", b"", b"0123456789" * 5]
KEPT = ["max-age=60", "s-maxage=60", "max-age=0, s-maxage=60", 'max-age="60"', "public, max-age=60", "max-age=60"]
"""Values of Cache-Control that both sides keep alike."""
NOT_KEPT = ["no-store, max-age=60", "private, max-age=60", "no-cache, max-age=60", "max-age=0", "max-age=x",
            "no-store", "max-age=-5", "s-maxage=0, max-age=60"]  # fmt: skip
TAGS = ['"e"', 'W/"e"', '"f"', "bare"]
MODIFIED = ["Thu, 01 Jan 2026 00:00:00 GMT", "Wed, 31 Dec 2025 00:00:00 GMT", "no date"]
DATES = ["Thu, 01 Jan 2099 00:00:00 GMT", "Thu, 01 Jan 2015 00:00:00 GMT", "0", "Friday"]
_MINE: Final = frozenset(("date",))  # of the clock


def _headers(**choices: Sequence[str | None]) -> st.SearchStrategy[Headers]:
    def listed(values: dict[str, str | None]) -> Headers:
        return tuple((name.replace("_", "-"), value) for name, value in values.items() if value is not None)

    return differential.mixed(**choices).map(listed)


def some(values: Sequence[str], chance: int = 2) -> list[str | None]:
    """One of the values or, ``chance`` times as often as each of them, None."""
    return [None] * (len(values) * chance) + list(values)


methods = st.sampled_from(["GET"] * 12 + ["POST", "HEAD"])
urls = st.sampled_from([URLS[1]] * 4 + URLS + ["/rel", "https://"])
conditions = _headers(
    if_none_match=some(['"e"', '"f"', '"f", W/"e"', "*", "e", ""], 3),
    range=some(["bytes=0-1", "bytes=2-", "bytes=-3", "bytes=99-", "bytes=-99", "bytes=", "bytes=3-1", "x=1", "bytes=-",
                "bytes=0-0,2-3", "bytes=-0", "bytes= 1 - 2 "], 2),
    cache_control=some(["no-cache", "no-store"], 5),
)  # fmt: skip
answers = st.tuples(
    st.sampled_from([200] * 12 + [301, 404, 410, 206]),
    _headers(
        cache_control=[*KEPT * 4, *NOT_KEPT], etag=some(TAGS, 1), content_type=some(["a/b"], 1),
        vary=some(["Accept", "*"], 8), set_cookie=some(["a=b"], 15), age=some(["5", "90"], 5),
        last_modified=some(MODIFIED, 1), x_extra=some(["1"], 2),
    ),
    st.sampled_from(BODIES),
)  # fmt: skip
puts = st.tuples(
    st.just("put"),
    st.tuples(methods, urls, _headers(authorization=some(["x"], 20), cache_control=some(["no-store"], 20))),
    answers,
)
matches = st.tuples(st.just("match"), st.tuples(methods, urls, conditions), st.booleans())
deletes = st.tuples(st.just("delete"), st.tuples(methods, urls, st.just(())), st.booleans())
sequences = st.lists(differential.weighted((puts, 3), (matches, 5), (deletes, 1)), min_size=20, max_size=20)


def _step(op: Op) -> Step:
    verb, (method, url, headers), more = op
    request = {"$new": ["Request", url, {"method": method, "headers": [list(pair) for pair in headers]}]}
    if verb != "put":
        return {"on": "CACHE", "do": [[verb, request, {"ignoreMethod": more}]]}
    status, pairs, body = more
    init = {"status": status, "headers": [list(pair) for pair in pairs]}
    return {"on": "CACHE", "do": [["put", request, {"$new": ["Response", body, init]}]]}


def _ours(ops: Sequence[Op]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with bound(Cache, Declared("CACHE", "cache", "cache")) as cache:
        for verb, (method, url, headers), more in ops:
            request = HttpRequest(method, url, list(headers))
            try:
                if verb == "put":
                    status, pairs, body = more
                    cache("put", request, HttpResponse(status, list(pairs), body))
                    outcomes.append({"ok": UNDEFINED})
                else:
                    outcomes.append({"ok": _said(cache(verb, request, ignore_method=more))})
            except EdgeError as error:
                outcomes.append(differential.failure(error))
    return outcomes


def _said(result: HttpResponse | bool | None) -> Any:
    """A result as the oracle says it."""
    if not isinstance(result, HttpResponse):
        return UNDEFINED if result is None else result
    body = None if result.has_null_body else result.body
    return {
        "$class": "Response", "status": result.status, "statusText": result.reason, "headers": sorted(result.headers),
        "body": body,
    }  # fmt: skip


def _comparable(outcome: Outcome) -> Outcome:
    """Without the instant and the boundary between parts, which each side makes for itself."""
    result = outcome.get("ok")
    if not isinstance(result, dict):
        return outcome
    headers = [pair for pair in result["headers"] if pair[0] not in _MINE]
    body = result["body"]
    for _, kind in [pair for pair in headers if pair[0] == "content-type" and "boundary=" in pair[1]]:
        boundary = kind.partition("boundary=")[2]
        headers = [(name, value.replace(boundary, "B")) for name, value in headers]
        body = body.replace(boundary.encode(), b"B")
    return {"ok": {**result, "headers": sorted(headers), "body": body}}


def _same(ours: Outcome, theirs: Outcome) -> bool:
    return differential.alike(_comparable(ours), _comparable(theirs))


def test_sequences_agree_with_miniflare(oracle: Oracle) -> None:
    made = differential.generated(sequences, differential.amount(150))
    assert differential.check("cache", oracle, made, step=_step, ours=_ours, same=_same) == 20 * len(made)


# What differs by intent would make the rest of a long sequence differ too: so each sequence is one put and one match.
lifetimes = st.tuples(
    st.sampled_from([200] * 4 + [201, 203, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 418, 500, 501, 503]),
    _headers(
        cache_control=[None, "public", "immutable", "Max-Age=60", "max-age=0, stale-while-revalidate=60",
         "max-age=0, stale-if-error=60", "max-age=60, private=Set-Cookie", 'max-age=60, private="x"', "must-revalidate",
         "max-age=60, must-revalidate", "max-age=60,no-transform", "", *KEPT, *NOT_KEPT],
        expires=some(DATES, 1), last_modified=some(MODIFIED[:2], 1), pragma=some(["no-cache"], 4),
        set_cookie=some(["a=b"], 4), age=some(["5", "x", "61"], 2), date=some(["Thu, 01 Jan 2026 00:00:00 GMT"], 4),
        connection=some(["x-extra", "close"], 4), x_extra=some(["1"], 1),
    ),
    st.just(b"hello"),
)  # fmt: skip
pairs = lifetimes.flatmap(
    lambda answer: st.sampled_from([(), (), (("authorization", "x"),)]).map(
        lambda headers: [("put", ("GET", URLS[1], headers), answer), ("match", ("GET", URLS[1], ()), False)]
    )
)


def test_lifetimes_agree_with_miniflare_or_the_docs(oracle: Oracle) -> None:
    made = differential.generated(pairs, max(600, differential.amount(0)))
    assert differential.check("cache", oracle, made, step=_step, ours=_ours, same=_same) == 2 * len(made)
    kept = sum(re.search("max-age=60|2099", str(each)) is not None for each in made)
    assert 100 < kept < len(made)


def _answer(status: int = 200, **headers: str) -> Any:
    return status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), b"hello"


def _match(**headers: str) -> Op:
    return "match", ("GET", URLS[1], tuple((name.replace("_", "-"), value) for name, value in headers.items())), False


SHOWN: dict[str, tuple[Any, Op]] = {
    "a response that says no lifetime is kept as long as its status says": (_answer(), _match()),
    "only a response that says no lifetime is kept by its status": (_answer(500, cache_control="max-age=60"), _match()),
    "directives are the same in any case": (_answer(cache_control="Max-Age=60"), _match()),
    "stale-while-revalidate and stale-if-error do nothing; no lifetime is guessed": (
        _answer(cache_control="max-age=0, stale-if-error=60"), _match()
    ),
    "Set-Cookie is stripped, Cache-Control stays as it was": (
        _answer(cache_control="max-age=60, private=Set-Cookie", set_cookie="a=b"), _match()
    ),
    "conditions are looked at before the range": (
        _answer(cache_control="max-age=60", etag='"e"'), _match(if_none_match='"e"', range="bytes=9-")
    ),
    "a range is of a 200": (_answer(404, cache_control="max-age=60"), _match(range="bytes=0-1")),
    "Content-Length is the length of the body": (_answer(cache_control="max-age=60"), _match(range="bytes=0-0,2-3")),
}  # fmt: skip


def test_each_known_difference_is_there(oracle: Oracle) -> None:
    assert set(SHOWN) == {known.reason for known in DIFFERENCES if known.binding == "cache"}
    for reason, (answer, match) in SHOWN.items():
        ops = [("put", ("GET", URLS[1], ()), answer), match]
        assert differential.seen_differences("cache", oracle, ops, step=_step, ours=_ours, same=_same) == {reason}
