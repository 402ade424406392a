"""js/codec.js in Node: what it says, and that both halves agree."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edgelint.testing.workerd_host
from edgelint.testing.workerd_host.protocols import codec
from tests.testing.workerd_host.codec.test_codec import FORMS, VALUES

_NODE = shutil.which("node")
_CODEC = Path(edgelint.testing.workerd_host.__file__).with_name("js") / "codec.js"
_HEAD = """
import { readFileSync } from "node:fs";
import { decode, decodeError, encode, encodeError } from "./codec.mjs";
const read = () => JSON.parse(readFileSync(0, "utf8"));
const write = (value) => process.stdout.write(JSON.stringify(value));
"""
pytestmark = pytest.mark.skipif(_NODE is None, reason="node is not on PATH")


class Node:
    """Runs JavaScript that has the codec: what it wrote is given back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.copy(_CODEC, folder / "codec.mjs")

    def __call__(self, source: str, given: Any = None) -> Any:
        script = self._folder / "script.mjs"
        script.write_text(_HEAD + source, encoding="utf-8")
        assert _NODE is not None
        ran = subprocess.run(
            [_NODE, str(script)], input=json.dumps(given), capture_output=True, text=True, timeout=60, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    return Node(tmp_path_factory.mktemp("codec"))


def test_every_form_is_read_and_written_again(node: Node) -> None:
    forms = [form for _, form in FORMS] + [
        ["n", "NaN"], ["d", None], ["x", "a+", "gi"], ["s", ["a", ["r", 0]]], ["m", ["o"], 1], ["i", "5"],
        ["a", ["o", "self", ["r", 1]], ["r", 1]], ["b", "Float64Array", "AAAAAAAA+D8="], ["b", "DataView", "AQ=="],
    ]  # fmt: skip
    assert node("write(read().map((form) => encode(decode(form))));", forms) == forms


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(VALUES, min_size=20, max_size=40))
def test_what_python_writes_javascript_gives_back(node: Node, values: list[Any]) -> None:
    forms = [codec.encode(value) for value in values]
    again = node("write(read().map((form) => encode(decode(form))));", forms)
    assert [codec.decode(form) for form in again] == values


def test_what_javascript_has(node: Node) -> None:
    written = node("""
      const shared = { a: 1 };
      const loop = []; loop.push(loop);
      class Sub extends Uint8Array {}
      write([
        undefined, null, -0, NaN, 12n, new Date(7), new Date(NaN), /x/g, [1, , 3], Object.create(null),
        [shared, shared], loop, new Uint8Array(new Uint8Array([1, 2, 3]).buffer, 1, 1), new Int16Array([258]),
        new Uint8Array(70000).buffer, new Sub([1]), JSON.parse('{"__proto__": 1}'),
      ].map((value) => encode(value)));
    """)
    assert written[:10] == [
        ["u"], None, ["n", "-0"], ["n", "NaN"], ["i", "12"], ["d", 7], ["d", None], ["x", "x", "g"],
        ["a", 1, ["u"], 3], ["o"],
    ]  # fmt: skip
    assert written[10] == ["a", ["o", "a", 1], ["r", 1]]
    assert written[11] == ["a", ["r", 0]]
    assert written[12:14] == [["b", "Uint8Array", "Ag=="], ["b", "Int16Array", "AgE="]]
    assert len(codec.decode(written[14])) == 70000
    assert written[15:] == [["b", "Uint8Array", "AQ=="], ["o", "__proto__", 1]]


def test_a_key_of_that_name_is_no_prototype(node: Node) -> None:
    source = 'const made = decode(["o", "__proto__", ["o", "a", 1]]); write([Object.keys(made), made.a === undefined]);'
    assert node(source) == [["__proto__"], True]


def test_what_does_not_cross_is_refused_by_its_name(node: Node) -> None:
    source = """
      class Cart {}
      write([Symbol("s"), new Cart(), new WeakMap(), Promise.resolve(1)].map((value) => {
        try { encode(value); return null; } catch (error) { return [error.name, error.code, error.message]; }
      }));
    """
    words = 'Could not serialize object of type "{}". This type does not support serialization.'
    messages = ["Symbol(s) could not be cloned."]
    messages += [words.format(name) for name in ("Cart", "WeakMap", "Promise")]
    assert node(source) == [["DataCloneError", 25, message] for message in messages]


def test_what_would_cross_elsewhere_is_refused_by_its_place(node: Node) -> None:
    """What the runtime's own RPC carries."""
    source = """
      class RpcTarget {}
      class Cart extends RpcTarget {}
      const cycle = [];
      cycle.push(cycle, () => 1);
      const of = { a: 1 };
      write([
        [1, { body: new ReadableStream(), more: 1 }], new Response("x"), { "a-b": [[new Headers()]] }, cycle,
        { when: new Map([["k", new Request("http://a/")]]) }, new Map([[of, new WritableStream()]]),
        new Map([[new AbortController().signal, 1]]), { s: new Set([1, new Cart()]) }, new Map([[5, () => 2]]),
      ].map((value) => {
        try { encode(value, "it"); return null; } catch (error) { return [error.name, error.code, error.message]; }
      }));
    """
    told = "which does not cross here: only values do, no functions, streams, stubs, requests or responses"
    places = [
        "it[1].body is a ReadableStream", "it is a Response", 'it["a-b"][0][0] is a Headers object',
        "it[1] is a function", 'it.when.get("k") is a Request', "it.get([object Object]) is a WritableStream",
        "it (a key of a Map) is an AbortSignal", "it.s (in a Set) is an RpcTarget", "it.get(5) is a function",
    ]  # fmt: skip
    assert node(source) == [["DataCloneError", 25, f"{place}, {told}"] for place in places]


def test_errors_keep_their_class_and_flags(node: Node) -> None:
    source = """
      write(read().map((form) => {
        const error = decodeError(form);
        const { stack, ...again } = encodeError(error);
        return [error.constructor.name, error instanceof Error, again, stack === form.stack];
      }));
    """
    forms: list[dict[str, Any]] = [
        {"name": "TypeError", "message": "a", "remote": True},
        {"name": "Error", "message": "", "code": 7, "retryable": True, "overloaded": True},
        {"name": "ValidationError", "message": "b", "cause": ["o", "a", 1]},
        {"name": "DataCloneError", "message": "c", "code": 25, "remote": True},
        {"name": "RangeError", "message": "d", "stack": "at x", "cause": ["e", {"name": "Error", "message": "e"}]},
    ]
    found = node(source, forms)
    assert [name for name, *_ in found] == ["TypeError", "Error", "Error", "DOMException", "RangeError"]
    assert all(of_error for _, of_error, *_ in found)
    assert found[4][3]
    for form, (_, _, again, _) in zip(forms, found, strict=True):
        if "cause" in form and isinstance(form["cause"], list) and form["cause"][0] == "e":
            again["cause"][1].pop("stack")
        assert again == {key: value for key, value in form.items() if key != "stack"}


def test_what_is_thrown_and_is_no_error(node: Node) -> None:
    source = """
      const own = new Error("own"); own.cause = own;
      const bad = new Error("bad", { cause: Promise.resolve() });
      write([encodeError("text"), encodeError(null), encodeError({ a: 1 }), encodeError(Object.create(null)),
             encodeError(own).cause[0], encodeError(bad).cause, encode([new TypeError("in")])[1][1].name]);
    """
    assert node(source) == [
        {"name": "Error", "message": "text"}, {"name": "Error", "message": "null"},
        {"name": "Error", "message": "[object Object]"}, {"name": "Error", "message": "[object Object]"},
        "e", "object", "TypeError",
    ]  # fmt: skip


def test_no_such_form(node: Node) -> None:
    assert node('try { decode(["q"]); } catch (error) { write(error.message); }') == "no such tag: q"
