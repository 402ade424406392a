"""Values to workerd and back: what a method is called with, and what it returns."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeError
from edgelint.testing.js_values import JsMap
from edgelint.testing.values import UNDEFINED
from edgelint.testing.workerd_host.errors import JsError
from tests.testing.workerd_host.codec.test_codec import FORMS, VALUES
from tests.testing.workerd_host.conftest import MakeApp

SOURCE = """
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
class Cart extends RpcTarget {}
export default class extends WorkerEntrypoint {
  echo(value) { return value; }
  kind(value) { return Object.prototype.toString.call(value); }
  make(what) {
    return { response: () => new Response("x"), function: () => () => 1, target: () => new Cart(),
             error: () => new RangeError("inner", { cause: "why" }), half: () => new Float16Array([1.5]) }[what]();
  }
  throws(value) { throw value; }
}
"""


@pytest.fixture
def edge(js_app: MakeApp) -> Edge:
    return js_app(SOURCE)


def test_each_value_comes_back(edge: Edge) -> None:
    for value, _ in FORMS:
        (again,) = edge.rpc("echo", [value])
        assert again == value
        assert type(again) is type(value)
    assert math.isnan(edge.rpc("echo", math.nan))
    assert edge.rpc("echo", UNDEFINED) is None  # as a test holds it


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(VALUES, min_size=20, max_size=40))
def test_values_at_random_come_back(edge: Edge, values: list[Any]) -> None:
    assert edge.rpc("echo", values) == values


def test_what_they_are_there(edge: Edge) -> None:
    kinds = {"Map": JsMap(), "Set": {1}, "Uint8Array": b"", "BigInt": 2**60, "Number": 2**50, "Array": [], "Null": None}
    for kind, value in kinds.items():
        assert edge.rpc("kind", value) == f"[object {kind}]"


def test_what_does_not_come_back(edge: Edge) -> None:
    for what in ("response", "function", "target"):
        with pytest.raises(JsError) as caught:
            edge.rpc("make", what)
        assert caught.value.name == "DataCloneError"
        assert caught.value.code == 25
    inner = edge.rpc("make", "error")
    assert isinstance(inner, EdgeError)
    assert (inner.name, inner.message) == ("RangeError", "inner")
    half = edge.rpc("make", "half")
    assert (half.kind, bytes(half)) == ("Float16Array", b"\x00\x3e")


def test_what_is_thrown(edge: Edge) -> None:
    for value, words in (("text", "Error: text"), (EdgeError("a", "TypeError"), "TypeError: a"), (None, "Error: null")):
        with pytest.raises(JsError) as caught:
            edge.rpc("throws", value)
        assert str(caught.value).startswith(words)
