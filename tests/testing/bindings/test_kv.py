"""KV: what it stores, lists, forgets and refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.kv import Entry, KvNamespace
from edgelint.testing.errors import EdgeError
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED
from tests.testing.bindings.worlds import Bound, bound

NOW = 1_767_225_600  # the instant at which a world starts, in s


@pytest.fixture
def kv() -> Iterator[Bound[KvNamespace]]:
    with bound(KvNamespace, Declared("CACHE", "kv", "ns1")) as made:
        yield made


def test_a_value_in_every_form(kv: Bound[KvNamespace]) -> None:
    kv("put", "a", '{"x": [1, 2.0, null]}')
    assert kv("get", "a") == '{"x": [1, 2.0, null]}'
    assert kv("get", "a", "json") == {"x": [1, 2, None]}
    assert kv("get", "a", "arrayBuffer") == kv("get", "a", "stream") == b'{"x": [1, 2.0, null]}'
    assert kv("get_with_metadata", "a", "text")["value"] == '{"x": [1, 2.0, null]}'
    assert kv("get", "b") is None
    assert kv("get_with_metadata", "b") == {"value": None, "metadata": None, "cacheStatus": None}
    assert kv.error("get", "a", "nope").startswith("TypeError: Unknown response type.")
    assert kv("get", "b", "nope") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [("é", "é"), (b"\xff", "\ufffd"), (1, "1"), (1.5, "1.5"), (1e21, "1e+21"), (True, "true"), (None, "null"),
     (UNDEFINED, "undefined"), (bytearray(b"x"), "x"), (memoryview(b"x"), "x"), ("\ud800", "\ufffd" * 3)],
)  # fmt: skip
def test_what_put_takes(kv: Bound[KvNamespace], value: Any, text: str) -> None:
    kv("put", "a", value)
    assert kv("get", "a") == text


@pytest.mark.parametrize("value", [[1], {"a": 1}, datetime(2026, 1, 1, tzinfo=UTC), {1}])
def test_what_put_does_not_take(kv: Bound[KvNamespace], value: Any) -> None:
    assert kv.error("put", "a", value) == (
        "TypeError: KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values."
    )
    assert kv("get", "a") is None


def test_metadata_is_what_json_keeps_of_it(kv: Bound[KvNamespace]) -> None:
    kv("put", "a", "1", metadata={"d": datetime(2026, 1, 1, tzinfo=UTC), "u": UNDEFINED, "n": 1.0})
    assert kv("get_with_metadata", "a")["metadata"] == {"d": "2026-01-01T00:00:00.000Z", "n": 1}
    for nothing in (None, UNDEFINED):
        kv("put", "a", "1", metadata=nothing)
        assert kv("get_with_metadata", "a")["metadata"] is None
        assert kv("list")["keys"] == [{"name": "a"}]
    kv("put", "a", "1", metadata="é" * 511)
    assert kv.error("put", "a", "2", metadata="x" * 1023) == (
        "Error: KV PUT failed: 413 Metadata length of 1025 exceeds limit of 1024."
    )
    assert kv("get_with_metadata", "a")["value"] == "1"


def test_a_key_expires_when_the_clock_says(kv: Bound[KvNamespace]) -> None:
    kv("put", "a", "1", expiration_ttl=60)
    kv("put", "b", "1", expiration=NOW + 90)
    kv("put", "c", "1", expiration=1, expiration_ttl=61.9)
    assert [key.get("expiration") for key in kv("list")["keys"]] == [NOW + 60, NOW + 90, NOW + 61]
    kv.advance(59.999)
    assert kv("get", "a") == "1"
    kv.advance(0.001)
    assert kv("get", "a") is None
    assert kv("get", "c") == "1"
    assert [key["name"] for key in kv("list")["keys"]] == ["b", "c"]
    assert kv("get", ["a", "b"]) == {"a": None, "b": "1"}
    kv("put", "b", "2")
    kv.advance(100)
    assert kv("list") == {"keys": [{"name": "b"}], "list_complete": True, "cacheStatus": None}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"expiration_ttl": 59}, ("Error: KV PUT failed: 400 Invalid expiration_ttl of 59. "
         "Expiration TTL must be at least 60.")),
        ({"expiration_ttl": 0}, ("Error: KV PUT failed: 400 Invalid expiration_ttl of 0. "
         "Please specify integer greater than 0.")),
        ({"expiration_ttl": None}, ("Error: KV PUT failed: 400 Invalid expiration_ttl of 0. "
         "Please specify integer greater than 0.")),
        ({"expiration": NOW}, (f"Error: KV PUT failed: 400 Invalid expiration of {NOW}. Please specify integer greater "
         "than the current number of seconds since the UNIX epoch.")),
        ({"expiration": NOW + 59}, (f"Error: KV PUT failed: 400 Invalid expiration of {NOW + 59}. Expiration times "
         "must be at least 60 seconds in the future.")),
        ({"expiration_ttl": 2**31}, ("TypeError: Value out of range. Must be between -2147483648 and 2147483647 "
         "(inclusive).")),
        ({"expiration": 2**31}, ("TypeError: Value out of range. Must be between -2147483648 and 2147483647 "
         "(inclusive).")),
    ],
)  # fmt: skip
def test_expirations_that_are_refused(kv: Bound[KvNamespace], options: dict[str, Any], error: str) -> None:
    assert kv.error("put", "a", "1", **options) == error
    assert kv("list")["keys"] == []


@pytest.mark.parametrize("verb", ["get", "get_with_metadata", "put", "delete"])
def test_keys_that_are_refused(kv: Bound[KvNamespace], verb: str) -> None:
    more = ("1",) if verb == "put" else ()
    method = {"put": "PUT", "delete": "DELETE"}.get(verb, "GET")
    assert kv.error(verb, "", *more) == "TypeError: Key name cannot be empty."
    assert kv.error(verb, ".", *more) == 'TypeError: "." is not allowed as a key name.'
    assert kv.error(verb, "..", *more) == 'TypeError: ".." is not allowed as a key name.'
    assert kv.error(verb, "é" * 257, *more) == (
        f"Error: KV {method} failed: 414 UTF-8 encoded length of 514 exceeds key length limit of 512."
    )
    kv(verb, "é" * 256, *more)
    assert kv.error(verb, "\ud800", *more) == f"Error: KV {method} failed: 400 Could not URL-decode key name"


def test_a_key_is_made_a_string(kv: Bound[KvNamespace]) -> None:
    kv("put", 5, "1")
    kv("put", None, "2")
    kv("put", {}, "3")
    assert [key["name"] for key in kv("list")["keys"]] == ["5", "[object Object]", "null"]


def test_values_have_a_limit(kv: Bound[KvNamespace]) -> None:
    most = 25 * 1024**2
    assert kv.error("put", "a", b"x" * (most + 1)) == (
        "Error: KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400."
    )
    kv("put", "a", b"x" * most)
    kv("put", "b", b"x")
    assert kv.error("get", ["a", "b"]) == (
        "Error: KV GET_BULK failed: 413 Total size of request exceeds the limit of 25MB"
    )
    assert len(kv("get", ["a"])["a"]) == most


def test_a_cache_ttl_has_a_least(kv: Bound[KvNamespace]) -> None:
    assert kv.error("get", "a", cache_ttl=29) == (
        "Error: KV GET failed: 400 Invalid cache_ttl of 29. Cache TTL must be at least 30."
    )
    assert kv.error("get", ["a"], cache_ttl=5) == (
        "Error: KV GET_BULK failed: 400 Invalid cache_ttl of 5. Cache TTL must be at least 30."
    )
    assert kv("get", "a", cache_ttl=30) is None
    assert kv.last.attributes["cache_ttl"] == 30
    kv("get", ["a"])
    assert kv.last.attributes["cache_ttl"] == 60


def test_many_keys_at_once(kv: Bound[KvNamespace]) -> None:
    kv("put", "a", '{"x": 1}', metadata=5)
    kv("put", "b", "")
    assert kv("get", ["b", "a", "c", "a"]) == {"b": "", "a": '{"x": 1}', "c": None}
    assert kv("get", ("a",), "json") == {"a": {"x": 1}}
    assert kv("get_with_metadata", ["a", "b", "c"]) == {
        "a": {"value": '{"x": 1}', "metadata": 5}, "b": {"value": "", "metadata": None}, "c": None
    }  # fmt: skip
    assert kv("get", ["1", "0", "01", "4294967294", "4294967295", "a"]) == {
        "01": None, "4294967295": None, "a": '{"x": 1}'
    }  # fmt: skip
    kv("put", "n", "null", metadata=1)
    assert kv("get_with_metadata", ["n"], "json") == {"n": None}


@pytest.mark.parametrize(
    ("keys", "type", "error"),
    [
        (["a"], "stream", '400 "stream" is not a valid type. Use "json" or "text"'),
        ([], "text", "400 You must request a minimum of 1 key"),
        ([str(number) for number in range(101)], "text", "400 You can request a maximum of 100 keys"),
        ([""], "text", "400 Key names must not be empty"),
        (["."], "text", '400 Illegal key name ".". Please use a different name.'),
        (["x" * 513], "text", "414 UTF-8 encoded length of 513 exceeds key length limit of 512."),
        (["a", "bad"], "json", "400 At least one of the requested keys corresponds to a non-json value"),
    ],
)
def test_many_keys_that_are_refused(kv: Bound[KvNamespace], keys: list[str], type: str, error: str) -> None:
    kv("put", "bad", "no json")
    assert kv.error("get", keys, type) == f"Error: KV GET_BULK failed: {error}"


def test_json_that_is_none(kv: Bound[KvNamespace]) -> None:
    kv("put", "a", "nojson")
    assert kv.error("get", "a", "json") == "SyntaxError: Unexpected token 'o', \"nojson\" is not valid JSON"


def test_pages_follow_each_other(kv: Bound[KvNamespace]) -> None:
    for name in ("b", "a", "é", "a1", "\U0001f600", "\uffff"):
        kv("put", name, "1", metadata={"of": name})
    seen = []
    cursor: Any = UNDEFINED
    while True:
        page = kv("list", limit=2, cursor=cursor)
        assert page["cacheStatus"] is None
        seen += [key["name"] for key in page["keys"]]
        assert page["keys"][0]["metadata"] == {"of": page["keys"][0]["name"]}
        if page["list_complete"]:
            assert "cursor" not in page
            break
        cursor = page["cursor"]
    assert seen == ["a", "a1", "b", "é", "\uffff", "\U0001f600"]  # by their UTF-8
    assert [key["name"] for key in kv("list", prefix="a")["keys"]] == ["a", "a1"]
    assert [key["name"] for key in kv("list", prefix="a", cursor="YQ==")["keys"]] == ["a1"]
    for everything in ({"limit": 0}, {"limit": -3}, {"cursor": "!!"}, {"cursor": None, "prefix": None}):
        assert len(kv("list", **everything)["keys"]) == 6
    assert kv.error("list", limit=1001) == (
        "Error: KV GET failed: 400 Invalid key_count_limit of 1001. Please specify an integer less than 1000."
    )
    assert kv.error("list", prefix="x" * 513).startswith("Error: KV GET failed: 414 ")


def test_a_page_holds_a_thousand_keys(kv: Bound[KvNamespace]) -> None:
    for number in range(1001):
        kv.binding.store.entries[f"{number:04}"] = Entry(b"")
    page = kv("list")
    assert len(page["keys"]) == 1000
    assert [key["name"] for key in kv("list", cursor=page["cursor"])["keys"]] == ["1000"]


def test_two_bindings_of_one_namespace_share_it(kv: Bound[KvNamespace]) -> None:
    other = KvNamespace(Declared("OTHER", "kv", "ns1"), kv.world)
    third = KvNamespace(Declared("THIRD", "kv", "ns2"), kv.world)
    kv("put", "a", "1")
    assert kv.run(other.get("a")) == "1"
    assert kv.run(third.get("a")) is None


def test_writes_to_one_key_can_be_limited(kv: Bound[KvNamespace]) -> None:
    kv("put", "a", "1")
    kv("put", "a", "2")
    assert kv.last.attributes["too_soon"] is True
    kv.binding.store.limit_writes = True
    kv.advance(1)
    kv("put", "a", "3")
    kv.advance(0.9)
    assert kv.error("put", "a", "4") == "Error: KV PUT failed: 429 Too Many Requests"
    assert kv.error("delete", "a") == "Error: KV DELETE failed: 429 Too Many Requests"
    assert kv("get", "a") == "3"
    kv.advance(0.1)
    kv("delete", "a")
    assert kv("get", "a") is None


def test_the_gate_is_told(kv: Bound[KvNamespace]) -> None:
    kv("put", "a", "123", metadata=1, expiration_ttl=60)
    put = kv.last
    assert (put.name, put.key, put.outcome, put.attributes["bytes"]) == ("CACHE.put", "a", "ok", 3)
    assert put.request == {"expiration": None, "expirationTtl": 60, "metadata": 1, "bytes": 3}
    assert put.attributes["written"]["a"].value == b"123"
    kv("get", "a")
    assert (kv.last.verb, kv.last.outcome, kv.last.attributes["bytes"]) == ("get", "hit", 3)
    kv("get_with_metadata", "b")
    assert (kv.last.verb, kv.last.outcome) == ("getWithMetadata", "miss")
    kv("get", ["a", "b"])
    assert (kv.last.attributes["units"], kv.last.attributes["keys"]) == (2, ["a", "b"])
    kv("list", limit=5)
    assert (kv.last.verb, kv.last.request["limit"], kv.last.attributes["keys"]) == ("list", 5, ["a"])
    kv("delete", "a")
    assert kv.last.attributes["written"] == {"a": None}
    assert json.dumps(kv.last.request) == "{}"


def test_a_consistency_stage_answers_reads(kv: Bound[KvNamespace]) -> None:
    seen: dict[str, Entry | None] = {}

    async def stale(operation: Operation, proceed: Any) -> Any:
        if operation.verb in ("get", "getWithMetadata"):
            operation.attributes["answers"] = seen
            result = await proceed()
            seen.update(operation.attributes["entries"])
            return result
        return await proceed()

    kv("put", "a", "1", expiration_ttl=60)
    kv.world.gate.consistency = stale
    assert kv("get", "a") == "1"
    assert kv("get", "b") is None
    kv("put", "a", "2")
    kv("put", "b", "2")
    assert kv("get", "a") == "1"
    assert kv("get", ["a", "b"]) == {"a": "1", "b": None}
    kv.advance(60)
    assert kv("get", "a") is None


def test_errors_are_of_the_platform(kv: Bound[KvNamespace]) -> None:
    with pytest.raises(EdgeError) as raised:
        kv("put", "x" * 513, "1")
    assert (raised.value.name, raised.value.code) == ("Error", None)
    assert kv.operations == []  # refused before it is sent
