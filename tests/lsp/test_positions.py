"""Byte offsets and the protocol's positions, in every encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from edgelint.diagnostics import Span
from edgelint.lsp.positions import Lines

TEXT = "a😀é\r\n漢字\n\nx"


@pytest.mark.parametrize(("encoding", "columns"), [("utf-8", [1, 5, 7]), ("utf-16", [1, 3, 4]), ("utf-32", [1, 2, 3])])
def test_columns_are_counted_in_units(encoding: str, columns: list[int]) -> None:
    lines = Lines(TEXT.encode(), encoding)
    offsets = [1, 5, 7]
    assert [lines.position(offset) for offset in offsets] == [types.Position(0, column) for column in columns]
    assert [lines.offset(types.Position(0, column)) for column in columns] == offsets
    assert lines.range(Span("a", 9, 15)) == types.Range(types.Position(1, 0), lines.position(15))


def test_a_byte_order_mark_has_no_column() -> None:
    lines = Lines(b"\xef\xbb\xbfabc", "utf-16")
    assert lines.position(0) == lines.position(3) == types.Position(0, 0)
    assert lines.position(4) == types.Position(0, 1)
    assert lines.offset(types.Position(0, 0)) == 3


def test_places_outside_of_the_text_are_the_nearest_inside() -> None:
    lines = Lines(TEXT.encode(), "utf-16")
    size = len(TEXT.encode())
    assert lines.position(-1) == types.Position(0, 0)
    assert lines.position(size + 9) == types.Position(3, 1)
    assert lines.offset(types.Position(0, 99)) == 7
    assert lines.offset(types.Position(99, 0)) == size
    assert lines.range(Span("a", 3, 1)) == types.Range(lines.position(3), lines.position(3))


@given(st.text("a😀é漢\r\n\t"), st.sampled_from(["utf-8", "utf-16", "utf-32"]), st.integers(0, 40))
def test_there_and_back(text: str, encoding: str, index: int) -> None:
    data = text.encode()
    offset = len(text[:index].encode())
    lines = Lines(data, encoding)
    inside_a_line_end = text[: index + 1].endswith("\r\n") and index < len(text)
    if not inside_a_line_end:
        assert lines.offset(lines.position(offset)) == offset
