"""Structured clones, and their sizes as V8 serialises them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.testing.clone import serialized_size, structured_clone
from edgelint.testing.errors import EdgeError
from edgelint.testing.values import UNDEFINED

WHEN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.floats(allow_nan=False)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@given(VALUES)
def test_a_clone_is_equal_and_shares_nothing_mutable(value: Any) -> None:
    copy = structured_clone(value)
    assert copy == value
    if isinstance(value, (list, dict)):
        assert copy is not value


def test_kinds_of_values_survive() -> None:
    value = {"a": [None, UNDEFINED, True, 1, 1.5, "x", b"\x00", WHEN], "s": {1, 2}}
    copy = structured_clone(value)
    assert copy == value
    assert copy["a"][1] is UNDEFINED
    assert structured_clone((1, bytearray(b"x"), memoryview(b"y"))) == [1, b"x", b"y"]


def test_what_appears_twice_or_in_itself_does_so_in_the_copy() -> None:
    shared: list[Any] = [1]
    loop: dict[str, Any] = {"one": shared, "two": shared}
    loop["self"] = loop
    copy = structured_clone(loop)
    assert copy["self"] is copy
    assert copy["one"] is copy["two"]
    assert copy["one"] is not shared


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), 'Could not serialize object of type "object". This type does not support serialization.'),
        ({"a": [print]}, "print could not be cloned."),
    ],
)
def test_what_is_no_plain_value_cannot_be_cloned(value: Any, message: str) -> None:
    with pytest.raises(EdgeError) as caught:
        structured_clone(value)
    assert (caught.value.name, caught.value.message, caught.value.code) == ("DataCloneError", message, 25)


# Measured with v8.serialize (Node 24: the same header and version).
@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 3), (UNDEFINED, 3), (True, 3), (0, 4), (63, 4), (64, 5), (-1, 4), (-64, 4), (-65, 5), (2**31, 11),
        (2**64, 20), (1.5, 11), ("", 4), ("abc", 7), ("é", 5), ("€uro", 12), ([], 7), ([1, 2], 11), ({}, 5),
        ({"a": 1}, 10), (WHEN, 11), (b"abc", 12), (set(), 5), ({1}, 7),
    ],
)  # fmt: skip
def test_sizes_as_v8_serialises(value: Any, size: int) -> None:
    assert serialized_size(value) == size


def test_what_was_written_once_is_a_reference_after_that() -> None:
    shared = {"a": 1}
    assert serialized_size([shared, shared]) - serialized_size([shared]) == 2
