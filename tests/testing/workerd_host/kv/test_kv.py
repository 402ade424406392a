"""KV in workerd: what the tables of the state machine have not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError
from edgelint.testing.values import UNDEFINED
from tests.testing.workerd_host.conftest import MakeApp
from tests.testing.workerd_host.in_javascript import InJavaScript, Made


@pytest.fixture
def kv(in_javascript: Made) -> InJavaScript:
    return in_javascript("KV", "CACHE")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (429, "KV GET failed: 429 Too Many Requests"), (None, "KV GET failed: 500 Internal Server Error"),
        ("lost", "Network connection lost."),
        (EdgeError("not\nthis \xe9\x7f\U0001f600"), "KV GET failed: 500 not this ???"),
    ],
)  # fmt: skip
def test_a_fault(kv: InJavaScript, how: Any, said: str) -> None:
    kv("put", "a", "1")
    kv("get", "a")  # a connection that was used before: workerd would ask again on another if it only ended
    fault = kv.edge.faults.on("CACHE.get").fail(how)
    assert kv.error("get", "a") == f"Error: {said}"
    assert fault.hits == 1
    assert kv.last.outcome == "error"


@pytest.mark.parametrize(
    ("options", "ttl"),
    [
        ((), None), (("text",), None), (({"type": "json"},), None), (({"cacheTtl": 30},), 30),
        (({"cacheTtl": "77"},), 77), (({"cacheTtl": 2**30 - 1},), 2**30 - 1), ((UNDEFINED,), None),
        (({"cacheTtl": UNDEFINED, "type": "stream"},), None),
    ],
)  # fmt: skip
def test_a_read_with_metadata_is_told_from_one_without(kv: InJavaScript, options: Any, ttl: int | None) -> None:
    kv("put", "a", "1", metadata={"m": 1})
    assert kv("get_with_metadata", "a", *options)["metadata"] == {"m": 1}
    assert (kv.last.verb, kv.last.outcome, kv.last.request["cacheTtl"]) == ("getWithMetadata", "hit", ttl)
    assert kv("get", "a", *options) in ("1", 1, b"1")
    assert (kv.last.verb, kv.last.request["cacheTtl"]) == ("get", ttl)


@pytest.mark.parametrize(("ttl", "said"), [(0, "0"), (29, "29"), (-1, "-1"), (math.nan, "0"), (None, "0")])
def test_a_time_to_live_that_is_too_short(kv: InJavaScript, ttl: Any, said: str) -> None:
    for verb in ("get_with_metadata", "get"):
        assert kv.error(verb, "a", {"cacheTtl": ttl}) == (
            f"Error: KV GET failed: 400 Invalid cache_ttl of {said}. Cache TTL must be at least 30."
        )
    assert [operation.verb for operation in kv.operations] == ["get" if ttl == -1 else "getWithMetadata", "get"]


@pytest.mark.parametrize("verb", ["get", "get_with_metadata"])
def test_options_that_are_none(kv: InJavaScript, verb: str) -> None:
    for options in (5, None):
        found = kv(verb, "a", options)
        assert found == (None if verb == "get" else {"value": None, "metadata": None, "cacheStatus": None})
    assert kv.error(verb, "a", {"cacheTtl": 2**31}) == (
        "TypeError: Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."
    )


def test_names_and_metadata_of_every_character(kv: InJavaScript) -> None:
    name = "".join(map(chr, (*range(1, 128), 0xE9, 0x1F600))) + "/..%2F?#"
    metadata = {"m": name, "half": "\ud800"}
    kv("put", name, b"\0\xff", metadata=metadata)
    found = kv("get_with_metadata", name, "arrayBuffer")
    assert found == {"value": b"\0\xff", "metadata": metadata, "cacheStatus": None}
    assert kv("list", prefix=name[:40])["keys"] == [{"name": name, "metadata": metadata}]
    kv("delete", name)
    assert kv("get", name) is None


def test_metadata_that_json_has_not(kv: InJavaScript) -> None:
    kv("put", "a", "1", metadata=math.nan)
    assert kv.binding.store.entries["a"].metadata == "null"
    kv("put", "a", "1", metadata=None)
    assert kv.binding.store.entries["a"].metadata is None


APP = """
export default {
  async fetch(request, { KV }) {
    const stream = new Response("streamed").body;
    await KV.put("s", stream.pipeThrough(new TransformStream()));
    const read = await new Response(await KV.get("s", "stream")).text();
    const { getWithMetadata } = KV;
    return Response.json([
      read, KV.constructor.name, String(KV), Object.keys(KV), getWithMetadata.name, getWithMetadata.length,
      Object.hasOwn(KV, "getWithMetadata"),
    ]);
  },
};
"""


def test_it_is_the_runtimes_own(js_app: MakeApp) -> None:
    edge = js_app(APP, {"kv_namespaces": [{"binding": "KV", "id": "kv"}, {"binding": "OTHER", "id": "other"}]})
    assert edge.client.get("/").json() == [
        "streamed", "KvNamespace", "[object KvNamespace]", [], "getWithMetadata", 2, False
    ]  # fmt: skip
