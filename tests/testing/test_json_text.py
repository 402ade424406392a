"""JSON as JavaScript has it: values, the words of errors, beside the real V8."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from edgelint.testing import coercion, json_text
from edgelint.testing.errors import EdgeError
from edgelint.testing.values import UNDEFINED
from tests.oracles import differential
from tests.oracles.miniflare.oracle import Oracle, Outcome, Step

TEXTS = """
|  |nojson|undefined|[object Object]|NaN|Infinity|nan|x|n|nu|nul|nulL|null1|tru|true1|fals|truefalse|-Infinity
|{|{a|{"a"|{"a":|{"a":1|{"a":1,|{"a":1,}|{"a" 1}|{"a":1 "b"}|{"a":}|{"a"}|{1:2}|{,}|{'a':1}|{"a":1}}|{}|{} x|{]
|[|[1|[1,|[1,]|[1 2]|[,]|[}|[]|[[]|[["a"],{"b":[1,{}]}]|]|}|,|:|/|é|[1,é]|\u00a01|\ufeff1|\U0001f600|[\U0001f600]
|"abc|"a\nb"|"a\\x"|"a\\u12"|"a\\u12g4"|"\\|"\\u|"\\u1|["a|{"a":"b|"\t"|"\x7f"|"\\ud83d\\ude00"|"\\n\\/\\b\\f\\r\\"\\\\"
|1.|1.e5|1e|1e+|1E-|-|-a|01|-01|1 2|1.5.5|0x1|+1|.5|1e400|-1e400|-0|0|1.0|1e2|12345678901234567890|9007199254740993
|[1,2,3,4,5,6,7,8,9,10,11,12,x,14,15,16,17,18,19,20]|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|[1,2,3,4,5,6,7,8,9,10,11,12,13,x]
|[1,2,3,4,5,6,7,8,9,10,11,12,13,x,1,2]|x[1,2,3,4,5,6,7,8,9,10]|0123456789x1234567|<!DOCTYPE html><html></html>
|{\n"a":\n nope\n}|{"a":1,"a":2}|{\r\n"a":1\r"b"}|[1,2,3,4,5,6,7,8,9,0|12345678901234567890x|xxxxxxxxxxxxxxxxxxxx
""".replace("\n|", "|").strip("\n").split("|")  # fmt: skip
PARTS = ["{", "}", "[", "]", ",", ":", '"', "\\", "u00", "a", "1", "-", ".", "e", " ", "\n", "true", "null", '"b"', "é"]


def _parsed(text: str) -> Outcome:
    try:
        return {"ok": json_text.parse(text)}
    except EdgeError as error:
        return differential.failure(error)


def _step(text: str) -> Step:
    return {"on": "GLOBAL", "do": ["JSON", ["parse", text]]}


def _same(ours: Outcome, theirs: Outcome) -> bool:
    if "error" in theirs:
        return differential.alike(ours, theirs)
    return repr(ours.get("ok", ours)) == repr(_numbers(theirs["ok"]))


def _numbers(value: Any) -> Any:
    """The oracle's integers beyond 2**53 come out of JSON as ints."""
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return coercion.integer(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_texts_are_read_as_v8_reads_them(oracle: Oracle) -> None:
    made = differential.generated(st.lists(st.sampled_from(PARTS), max_size=12).map("".join), 400)
    texts = list(dict.fromkeys([*TEXTS, *made]))
    checked = differential.check(
        "json", oracle, [texts], step=_step, ours=lambda ops: [_parsed(text) for text in ops], same=_same
    )
    assert checked > 300


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('"a\\x"', "Bad escaped character in JSON at position 3 (line 1 column 4)"),
        ("1e+", "Exponent part is missing a number in JSON at position 3 (line 1 column 4)"),
        ('"\\n', "Unterminated string in JSON at position 3 (line 1 column 4)"),
        ("1e5x", "Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)"),
        ("nope", "Unexpected token 'o', \"nope\" is not valid JSON"),
    ],
)
def test_words_of_errors(text: str, error: str) -> None:
    assert _parsed(text) == {"error": {"name": "SyntaxError", "message": error, "code": None}}


def test_depth_has_no_bound_in_the_words() -> None:
    deep = "[" * 100_000
    with pytest.raises(EdgeError, match="Unexpected end of JSON input") as raised:
        json_text.parse(deep)
    assert raised.value.name == "SyntaxError"
    with pytest.raises(EdgeError) as deepest:
        json_text.parse(deep + "]" * 100_000)
    assert deepest.value.name == "RangeError"


VALUES: list[Any] = [
    None, UNDEFINED, True, False, 0, -0.0, 1.0, 1.5, 1e21, 1e-7, 123456789.125, 1 / 3, 1e20, -1.5e-10, 5e-324,
    1.7976931348623157e308, 100, 0.000001, 0.00000123, math.nan, math.inf, "", "é", "\ud800", '"\\\n\x00\x7f\u2028',
    datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC), [UNDEFINED, [math.nan]], {"b": UNDEFINED, "a": {"c": []}}, b"x",
    {1}, [[], {}],
]  # fmt: skip


def test_values_are_written_as_v8_writes_them(oracle: Oracle) -> None:
    def ours(values: Any) -> list[Outcome]:
        written = [json_text.dump(value) for value in values]
        return [{"ok": UNDEFINED if text is None else text} for text in written]

    def step(value: Any) -> Step:
        return {"on": "GLOBAL", "do": ["JSON", ["stringify", value]]}

    assert differential.check("json", oracle, [VALUES], step=step, ours=ours) == len(VALUES)


def test_numbers_are_written_as_v8_writes_them(oracle: Oracle) -> None:
    made = differential.generated(st.lists(st.floats(allow_nan=False), min_size=10, max_size=10), 50)

    def ours(values: Any) -> list[Outcome]:
        return [{"ok": coercion.number_text(value)} for value in values]

    assert differential.check(
        "json", oracle, made, step=lambda value: {"on": "GLOBAL", "do": [["String", value]]}, ours=ours
    ) == sum(map(len, made))


def test_a_cycle_is_refused() -> None:
    value: list[Any] = []
    value.append({"a": value})
    with pytest.raises(EdgeError, match="circular"):
        json_text.dump(value)
    shared: list[Any] = []
    assert json_text.dump([shared, shared]) == "[[],[]]"
    assert json_text.dump(len) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, 0), (UNDEFINED, 0), (True, 1), (2.9, 2), (-2.9, -2), ("60", 60), (" 7 ", 7), ("", 0), ("x", 0),
     (math.nan, 0), (math.inf, 0), (2**31 - 1, 2**31 - 1), (-(2**31), -(2**31)), ([], 0)],
)  # fmt: skip
def test_int32(value: Any, expected: int) -> None:
    assert coercion.int32(value) == expected


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 1e300])
def test_int32_out_of_range(value: Any) -> None:
    with pytest.raises(EdgeError) as raised:
        coercion.int32(value)
    assert str(raised.value) == "TypeError: Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."


def test_integers_as_they_reach_python() -> None:
    assert repr(coercion.integer(1.0)) == "1"
    assert repr(coercion.integer(-0.0)) == "-0.0"
    assert repr(coercion.integer(2**53)) == "9007199254740992.0"
    assert repr(coercion.integer(2**53 - 1)) == "9007199254740991"
    assert coercion.integer(10**400) == math.inf
    assert coercion.number_text(-(10**400)) == "-Infinity"
    assert coercion.number_text(math.nan) == "NaN"
    assert coercion.number_text(2**53) == "9007199254740992"


def test_primitives_as_text() -> None:
    values: list[Any] = ["a", None, True, False, 1.0, UNDEFINED, [], b""]
    texts = [coercion.primitive_text(value) for value in values]
    assert texts == ["a", "null", "true", "false", "1", "undefined", None, None]
