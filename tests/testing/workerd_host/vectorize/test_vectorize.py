"""Vectorize in JavaScript: workerd's own index on the world's."""

from __future__ import annotations

import pytest

from edgelint.testing.edge import Edge
from edgelint.testing.values import UNDEFINED
from tests.testing.workerd_host.conftest import MakeApp

SOURCE = """
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  async call(verb, ...args) { return this.env.INDEX[verb](...args); }
  async floats() { return this.env.INDEX.upsert([{ id: "f", values: new Float32Array([0, 1]) }]); }
  async near() { return this.env.INDEX.query(new Float32Array([1, 0]), { topK: 1 }); }
  async caught(...args) {
    try { return await this.call(...args); } catch (error) { return [error.message, error.cause?.message]; }
  }
}
"""


@pytest.fixture
def edge(js_app: MakeApp) -> Edge:
    return js_app(SOURCE, {"vectorize": [{"binding": "INDEX", "index_name": "docs"}]})


def test_every_verb(edge: Edge) -> None:
    seen: list[str] = []
    edge.world.gate.observers.append(lambda each: seen.append(each.verb) if each.outcome == "pending" else None)
    vectors = [{"id": "a", "values": [1, 0], "metadata": {"k": 1}}, {"id": "b", "values": [0, 1], "namespace": "n"}]
    assert list(edge.rpc("call", "insert", vectors)) == ["mutationId"]
    edge.rpc("floats")
    assert edge.rpc("call", "getByIds", ["b", "z"]) == [{"id": "b", "values": [0, 1], "namespace": "n"}]
    assert edge.rpc("near") == {"count": 1, "matches": [{"id": "a", "score": 1}]}
    options = {"topK": 5, "returnValues": True, "returnMetadata": "all", "filter": {"k": 1}}
    assert edge.rpc("call", "query", [0, 1], options) == {
        "count": 1, "matches": [{"id": "a", "values": [1, 0], "metadata": {"k": 1}, "score": 0}],
    }  # fmt: skip
    assert edge.rpc("call", "queryById", "f", {"namespace": "n"})["matches"][0]["id"] == "b"
    edge.rpc("call", "deleteByIds", ["a"])
    assert edge.rpc("call", "describe")["vectorCount"] == 2
    assert seen == ["insert", "upsert", "getByIds", "query", "query", "queryById", "deleteByIds", "describe"]


def test_errors(edge: Edge) -> None:
    edge.rpc("call", "insert", [{"id": "a", "values": [1, 0]}])
    reason = "invalid vector: expected 2 dimensions, and got 1 dimensions"
    assert edge.rpc("caught", "query", [1]) == [f"VECTOR_QUERY_ERROR: {reason}", reason]
    edge.faults.on("INDEX.describe").fail("cut off")
    assert edge.rpc("caught", "describe") == ["cut off", UNDEFINED]
