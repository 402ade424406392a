"""Values as JSON, and back: what they are, and that both halves say the same."""

from __future__ import annotations

import copy
import json
import math
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.js_values import JsBigInt, JsBytes, JsMap, JsSet
from edgelint.testing.values import UNDEFINED
from edgelint.testing.workerd_host.errors import JsError
from edgelint.testing.workerd_host.protocols import codec

WHEN = datetime(2026, 6, 1, 12, 0, 0, 5000, tzinfo=UTC)
FORMS: list[tuple[Any, Any]] = [
    (None, None),
    (True, True),
    ("a\ud800", "a\ud800"),
    (UNDEFINED, ["u"]),
    (5, 5),
    (1.5, 1.5),
    (-0.0, ["n", "-0"]),
    (math.inf, ["n", "Infinity"]),
    (-math.inf, ["n", "-Infinity"]),
    (2**53, ["i", "9007199254740992"]),
    (JsBigInt(5), ["i", "5"]),
    (WHEN, ["d", 1780315200005]),
    (b"\x00\xff", ["b", "Uint8Array", "AP8="]),
    (JsBytes(b"\x01", "ArrayBuffer"), ["b", "ArrayBuffer", "AQ=="]),
    ([1, [2]], ["a", 1, ["a", 2]]),
    ({"a": 1, "__proto__": None}, ["o", "a", 1, "__proto__", None]),
    (JsMap({"a": 1}), ["m", "a", 1]),
    ({1}, ["s", 1]),
]


@pytest.mark.parametrize(("value", "form"), FORMS, ids=[repr(form)[:40] for _, form in FORMS])
def test_each_value_has_its_form(value: Any, form: Any) -> None:
    assert codec.encode(value) == form
    again = codec.decode(json.loads(json.dumps(form)))
    assert again == value
    assert type(again) is type(value)
    if isinstance(value, float):
        assert math.copysign(1, again) == math.copysign(1, value)


def test_nan_is_nan() -> None:
    assert codec.encode(math.nan) == ["n", "NaN"]
    assert math.isnan(codec.decode(["n", "NaN"]))


def test_what_python_has_more_of_is_taken_as_javascript_has_it() -> None:
    assert codec.encode((1, 2)) == ["a", 1, 2]
    assert codec.encode(frozenset([1])) == ["s", 1]
    assert codec.encode(bytearray(b"a")) == codec.encode(memoryview(b"a")) == ["b", "Uint8Array", "YQ=="]
    assert codec.encode({1: "a"}) == ["m", 1, "a"]
    assert codec.encode(JsSet([1, True])) == ["s", 1, True]
    assert codec.encode(datetime(1970, 1, 1, 1)) == ["d", 3600000]  # UTC, as a Worker's clock
    assert codec.encode(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == ["d", 0]


def test_a_number_that_is_a_double_stays_one() -> None:
    assert codec.decode(2**53) == 2.0**53
    assert codec.encode(codec.decode(2**53)) == 2.0**53


@pytest.mark.parametrize(
    ("ms", "value"), [(None, math.nan), (8.64e15, 8.64e15), (0.0, datetime(1970, 1, 1, tzinfo=UTC))]
)
def test_dates_that_no_datetime_holds_are_their_ms(ms: float | None, value: Any) -> None:
    assert repr(codec.decode(["d", ms])) == repr(value)


def test_a_regular_expression_is_its_text() -> None:
    assert codec.decode(["x", "a+", "gi"]) == "/a+/gi"


def test_sets_that_python_cannot_have() -> None:
    equal = codec.decode(["s", 1, True])
    assert isinstance(equal, JsSet)
    assert equal == [1, True]
    objects = codec.decode(["s", ["o", "a", 1]])
    assert isinstance(objects, JsSet)
    assert objects == [{"a": 1}]
    within = codec.decode(["s", ["a", ["r", 0]]])
    assert within[0][0] is within


@pytest.mark.parametrize("form", [["m", ["o"], 1], ["m", 1, "a", True, "b"]])
def test_a_map_that_python_cannot_have_is_refused(form: Any) -> None:
    with pytest.raises(EdgeUsageError, match="a Map has a key that Python cannot have"):
        codec.decode(form)


def test_what_appears_twice_is_one_thing() -> None:
    inner: dict[str, Any] = {}
    inner["self"] = inner
    form = codec.encode([inner, {1}, inner])
    assert form == ["a", ["o", "self", ["r", 1]], ["s", 1], ["r", 1]]
    first, numbers, second = codec.decode(form)
    assert first is second is first["self"]
    assert numbers == {1}


def test_a_reference_to_a_set() -> None:
    first, second = codec.decode(["a", ["s", 1], ["r", 1]])
    assert first is second


def test_what_does_not_cross_is_named() -> None:
    class Cart:
        pass

    with pytest.raises(EdgeError, match=r"DataCloneError: Could not serialize object of type \"Cart\"") as caught:
        codec.encode([Cart()])
    assert (caught.value.name, caught.value.code) == ("DataCloneError", 25)


@pytest.mark.parametrize(("value", "place"), [
    (len, "it is a function"), ([1, {"body": HttpRequest("GET", "http://a/")}], "it[1].body is a Request"),
    ({"a b": (HttpResponse(200),)}, "it['a b'][0] is a Response"), ({1: {len}}, "it[1] (in a set) is a function"),
])  # fmt: skip
def test_what_would_cross_elsewhere_is_refused_by_its_place(value: Any, place: str) -> None:
    with pytest.raises(EdgeError) as caught:
        codec.encode(value, "it")
    told = "which does not cross here: only values do, no functions, streams, stubs, requests or responses"
    assert (caught.value.name, caught.value.code) == ("DataCloneError", 25)
    assert caught.value.message == f"{place}, {told}"


def test_a_place_beside_a_cycle() -> None:
    cycle: list[Any] = []
    cycle += [cycle, len]
    with pytest.raises(EdgeError, match=r"the value\[1\] is a function"):
        codec.encode(cycle)


def test_no_such_form() -> None:
    with pytest.raises(ValueError, match="no such tag: 'q'"):
        codec.decode(["q"])


def test_an_error_keeps_what_an_app_sees_of_it() -> None:
    error = EdgeError("gone", "TypeError", code=7, remote=True, retryable=True, cause=EdgeError("why", overloaded=True))
    form = codec.encode_error(error)
    assert form == {
        "name": "TypeError", "message": "gone", "code": 7, "remote": True, "retryable": True,
        "cause": ["e", {"name": "Error", "message": "why", "overloaded": True}],
    }  # fmt: skip
    again = codec.decode_error(form)
    assert (again.name, again.message, again.code) == ("TypeError", "gone", 7)
    assert (again.remote, again.retryable, again.overloaded) == (True, True, False)
    assert isinstance(again.__cause__, EdgeError)
    assert again.__cause__.overloaded
    assert codec.encode(error) == ["e", form]
    assert isinstance(codec.decode(["e", form]), EdgeError)


def test_other_errors() -> None:
    assert codec.encode_error(KeyError("a")) == {"name": "Error", "message": "KeyError: 'a'"}
    assert codec.encode_error(JsError("a", stack="    at f (a.js:1:2)"))["stack"] == "    at f (a.js:1:2)"
    assert codec.decode_error({"name": "Error", "message": "a", "cause": "text"}).__cause__ is None


def test_without_undefined() -> None:
    assert codec.without_undefined(UNDEFINED) is None
    assert codec.without_undefined(0) == 0


def test_bytes_of_a_kind_are_copied_with_it() -> None:
    value = JsBytes(b"ab", "Float16Array")
    for again in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (again, again.kind) == (b"ab", "Float16Array")
    assert repr(value) == "Float16Array(b'ab')"


_LEAVES = st.one_of(
    st.none(), st.just(UNDEFINED), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.integers(-(2**60), 2**60).map(JsBigInt),
    st.binary().map(lambda content: JsBytes(content, "ArrayBuffer")),
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(
        lambda when: when.replace(tzinfo=UTC, microsecond=when.microsecond // 1000 * 1000)
    ),
)  # fmt: skip
VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(st.text(), inner), st.dictionaries(st.text(), inner).map(JsMap),
        st.sets(st.text()),
    ),
    max_leaves=12,
)  # fmt: skip


@given(VALUES)
def test_there_and_back(value: Any) -> None:
    again = codec.decode(json.loads(json.dumps(codec.encode(value))))
    assert again == value
    assert codec.decode(codec.encode(again)) == value
