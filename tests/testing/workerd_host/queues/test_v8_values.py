"""V8's serialisation: round trips, and beside Node's own."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.testing.clone import serialized_size, structured_clone
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.js_values import JsBigInt, JsBytes, JsMap, JsSet
from edgelint.testing.values import UNDEFINED
from edgelint.testing.workerd_host.v8_values import decode, encode

WHEN = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False).filter(lambda value: not value.is_integer())
instants = st.integers(-(10**13), 10**13).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
texts = st.text(st.characters(), max_size=12) | st.text("aé\xff", max_size=200)
scalars = st.none() | st.just(UNDEFINED) | st.booleans() | numbers | texts | st.binary(max_size=300) | instants
values = st.recursive(
    scalars | st.sets(st.integers(2, 99) | st.text(max_size=3), max_size=4),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=4)
    | st.dictionaries(st.integers(2, 99), inner, min_size=1, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(values)
def test_what_is_written_is_read(value: Any) -> None:
    assert decode(encode(value)) == value


def test_what_appears_twice_is_one() -> None:
    shared: list[Any] = [b"x", WHEN]
    held: dict[str, Any] = {"a": shared, "b": shared}
    held["self"] = held
    found = decode(encode(held))
    assert found["a"] is found["b"]
    assert found["self"] is found
    assert found["a"] == shared


@pytest.mark.parametrize("name", ["Error", "TypeError", "RangeError", "SyntaxError", "EvalError", "URIError"])
def test_an_error_keeps_its_class_and_words(name: str) -> None:
    found = decode(encode([EdgeError("né\u2028", name)]))[0]
    assert (found.name, found.message, str(found)) == (name, "né\u2028", f"{name}: né\u2028")


def test_numbers_that_are_equal_and_differ() -> None:
    assert math.copysign(1, decode(encode(-0.0))) == -1
    assert math.isnan(decode(encode(math.nan)))
    assert isinstance(decode(encode(5.0)), int)
    assert decode(encode(datetime(2026, 1, 1))) == datetime(2026, 1, 1, tzinfo=UTC)
    assert decode(encode((1, frozenset((2,)), bytearray(b"a"), memoryview(b"b")))) == [1, {2}, b"a", b"b"]


@pytest.mark.parametrize("value", [object(), [1, lambda: None], {"a": {1: object()}}])
def test_what_cannot_be_cloned_is_refused(value: Any) -> None:
    with pytest.raises(EdgeError) as raised:
        encode(value)
    assert raised.value.name == "DataCloneError"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "do not begin with a version"), (b'"\x01a', "do not begin with a version"),
        (b"\xff\x0c0", "version 12"), (b"\xff\x100", "version 16"), (b"\xff\x0f", "in the middle"),
        (b'\xff\x0f"\x05ab', "in the middle"), (b"\xff\x0fN\0", "in the middle"), (b"\xff\x0fo", "in the middle"),
        (b"\xff\x0f\\", "an object of the host"),
        (b"\xff\x0fw\0", "a WebAssembly.Module"), (b"\xff\x0fu\0", "a SharedArrayBuffer"),
        (b"\xff\x0f=", "V8's tag '='"),
        (b"\xff\x0f^\x03", "an object that is not there"), (b"\xff\x0fs0", "where a string belongs"),
        (b"\xff\x0frz", "an Error with V8's tag 'z'"),
        (b"\xff\x0f;o{\0I\x02:\x02", "a Map with objects"), (b"\xff\x0fB\0Vz\0\0\0", "a view with V8's tag 'z'"),
        (b"\xff\x0fa\x80\x89\x7a@\0\x80\x89\x7a", "a sparse array of 2000000 elements"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(data: bytes, says: str) -> None:
    with pytest.raises(EdgeUsageError, match=says.replace("(", r"\(")):
        decode(data)


def test_views_of_older_versions_have_no_flags() -> None:
    assert decode(b"\xff\x0dA\x02B\x03abcVB\x01\x02I\x02$\0\x02") == [b"bc", 1]


def test_a_hole_is_undefined() -> None:
    assert decode(b"\xff\x0fA\x03I\x02-I\x06$\0\x03") == [1, UNDEFINED, 3]


def test_a_clone_keeps_what_is_javascripts_own() -> None:
    error = EdgeError("no", "TypeError")
    view = JsBytes(b"a", "ArrayBuffer")
    value = {"map": JsMap({"a": JsSet([[1]])}), "big": JsBigInt(5), "view": view, "error": error}
    found = structured_clone(value)
    assert found == value
    assert found["map"] is not value["map"]
    assert [type(found[name]) for name in ("map", "big", "view")] == [JsMap, JsBigInt, JsBytes]
    assert type(found["map"]["a"]) is JsSet
    assert found["error"] is error
    for each in (error, EdgeError("no")):
        assert serialized_size(each) == len(encode(each))


SCRIPT = """
const { Serializer, deserialize } = require("node:v8");
const write = (value) => {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer().toString("hex");
};
const shown = (value, seen = new Set()) => {
  if (value === undefined) return "undefined";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : JSON.stringify(value) ?? "";
  if (seen.has(value)) return "again";
  seen.add(value);
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof Uint8Array) return `Uint8Array ${Buffer.from(value).toString("hex")}`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer ${Buffer.from(value).toString("hex")}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} ${value}`;
  if (value instanceof Map) return `Map ${[...value].map(([k, v]) => shown(k, seen) + ":" + shown(v, seen))}`;
  if (value instanceof Set) return `Set ${[...value].map((v) => shown(v, seen)).sort()}`;
  if (value instanceof Error) return `${value.name} ${value.message}`;
  if (Array.isArray(value)) return `[${value.map((v) => shown(v, seen))}]`;
  return `{${Object.entries(value).map(([k, v]) => k + ":" + shown(v, seen))}}`;
};
const { read, written } = JSON.parse(require("node:fs").readFileSync(0, "utf-8"));
console.log(JSON.stringify({
  read: read.map((source) => write(eval(`(${source})`))),
  written: written.map((hex) => shown(deserialize(Buffer.from(hex, "hex")))),
}));
"""
READ: list[tuple[str, Any]] = [
    ("undefined", UNDEFINED), ("null", None), ("true", True), ("0", 0), ("-1", -1), ("2**30", 2**30),
    ("-(2**31)", -(2**31)), ("2**53 - 1", 2**53 - 1), ("1.5", 1.5), ("-0", -0.0), ("1e300", 1e300),
    ("Infinity", math.inf), ("5n", JsBigInt(5)), ("-5n", JsBigInt(-5)), ("-(2n**64n)", -(2**64)), ("0n", JsBigInt(0)),
    ("'é'", "é"), ("'\\u0100a'", "\u0100a"), ("'\\ud800'", "\ud800"), ("'😀'", "😀"),
    ("['x', '\\u0100', 'yy', '\\u0100']", ["x", "\u0100", "yy", "\u0100"]), ("new Date(1767323045678)", WHEN),
    ("[1, , 3]", [1, UNDEFINED, 3]), ("Object.assign([1], {a: 1})", [1]), ("Object.assign(Array(5), {3: 'x', n: 1})",
     [UNDEFINED, UNDEFINED, UNDEFINED, "x", UNDEFINED]),
    ("{a: 1, 2: 'b', 'é': {}, '\\u0100': []}", {"2": "b", "a": 1, "é": {}, "\u0100": []}),
    ("new Map([[1, 'a'], ['b', new Map()]])", JsMap({1: "a", "b": JsMap()})),
    ("new Set([2, 'b', null])", {2, "b", None}),
    ("new Set([{a: 1}])", JsSet([{"a": 1}])), ("new Set([1, true])", JsSet([1, True])),
    ("new Uint8Array([1, 2, 3]).buffer", JsBytes(b"\1\2\3", "ArrayBuffer")),
    ("new Uint8Array([1, 2, 3]).subarray(1)", b"\2\3"),
    ("new Uint16Array([1, 256])", JsBytes(b"\1\0\0\1", "Uint16Array")),
    ("new DataView(new ArrayBuffer(2))", JsBytes(b"\0\0", "DataView")),
    ("((b) => [new Uint8Array(b, 1), b, new Uint8Array(b, 0, 2)])(new Uint8Array([1, 2, 3]).buffer)",
     [b"\2\3", JsBytes(b"\1\2\3", "ArrayBuffer"), b"\1\2"]),
    ("[Object(true), Object(false), Object(1.5), Object('é'), Object(7n)]", [True, False, 1.5, "é", JsBigInt(7)]),
    ("[/a\\/b/gi, /é/v, 'x']", ["/a\\/b/gi", "/é/v", "x"]), ("new Date(NaN)", math.nan), ("new Date(8.64e15)", 8.64e15),
    ("((o) => [o, o, {o}])({a: 1})", [{"a": 1}, {"a": 1}, {"o": {"a": 1}}]),
    ("new ArrayBuffer(2, {maxByteLength: 9})", JsBytes(b"\0\0", "ArrayBuffer")),
    ("((s) => s.add(s))(new Set())", "itself"),
]  # fmt: skip
WRITTEN: list[tuple[Any, str]] = [
    (UNDEFINED, "undefined"), (None, "null"), (-5, "-5"), (2**31, "2147483648"), (2**60, f"{2**60}n"),
    (-(2**64), f"{-(2**64)}n"), (JsBigInt(-5), "-5n"), (JsBigInt(0), "0n"), (JsMap({"a": 1}), 'Map "a":1'),
    (JsSet([[1]]), "Set [1]"), (JsBytes(b"\1\0", "ArrayBuffer"), "ArrayBuffer 0100"),
    ([JsBytes(b"\1\0", "Uint16Array"), True, False], "[Uint16Array 1,true,false]"),
    (-0.0, "-0"), (1.5, "1.5"), ("é\u0100", '"é\u0100"'), ("\ud800", '"\\ud800"'), (WHEN, "Date 1767323045678"),
    (b"\1\2", "Uint8Array 0102"), ([1, [2]], "[1,[2]]"), ({"b": 1, "a": {}}, "{b:1,a:{}}"),
    ({"2": 1, "a": 2}, "{2:1,a:2}"),
    ({1: "x"}, 'Map 1:"x"'), ({5, 7}, "Set 5,7"), (EdgeError("no", "TypeError"), "TypeError no"),
    (["a", "\u0100", b"xyz", "\u0100"], '["a","\u0100",Uint8Array 78797a,"\u0100"]'),
]  # fmt: skip


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not on PATH")
def test_node_reads_and_writes_the_same() -> None:
    told = {"read": [source for source, _ in READ], "written": [encode(value).hex() for value, _ in WRITTEN]}
    done = subprocess.run(
        ["node", "-e", SCRIPT], input=json.dumps(told).encode(), capture_output=True, check=True, timeout=60
    )
    answer = json.loads(done.stdout)
    for (source, value), hexed in zip(READ, answer["read"], strict=True):
        found = decode(bytes.fromhex(hexed))
        if value == "itself":
            assert (type(found), found[0] is found) == (JsSet, True)
            continue
        assert (source, type(found), found) == (source, type(value), value) or source == "new Date(NaN)"
        assert repr(found) == repr(value) or isinstance(value, (set, dict))
    assert answer["written"] == [shown for _, shown in WRITTEN]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not on PATH")
def test_node_writes_errors_as_they_are_read() -> None:
    source = "new RangeError('far', {cause: new Error('deep')})"
    told = {"read": [source], "written": []}
    done = subprocess.run(
        ["node", "-e", SCRIPT], input=json.dumps(told).encode(), capture_output=True, check=True, timeout=60
    )
    found = decode(bytes.fromhex(json.loads(done.stdout)["read"][0]))
    assert (found.name, found.message) == ("RangeError", "far")
