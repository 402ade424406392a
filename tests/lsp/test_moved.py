"""Places of one version of a text in another."""

from __future__ import annotations

import random

import pytest

from edgelint.diagnostics import Confidence, Diagnostic, Edit, Fix, Related, Severity, Span
from edgelint.lsp.moved import Moved, difference, in_current_texts


def item(span: Span, related: Span | None = None, edit: Span | None = None) -> Diagnostic:
    return Diagnostic(
        "kv/x", Severity.ERROR, Confidence.HIGH, "m", span,
        (Related(related, "r"),) if related else (), None, Fix("f", (Edit(edit, "t"),)) if edit else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (b"", b"", (0, 0, 0)),
        (b"same", b"same", (4, 4, 4)),
        (b"abc", b"abXc", (2, 2, 3)),
        (b"aXbc", b"abc", (1, 2, 1)),
        (b"aa", b"aaa", (2, 2, 3)),
        (b"one", b"two", (0, 3, 3)),
    ],
)
def test_what_differs(before: bytes, after: bytes, found: tuple[int, int, int]) -> None:
    assert difference(before, after) == found


def test_what_differs_is_enough_to_make_the_one_of_the_other() -> None:
    chance = random.Random(1)
    for _ in range(300):
        before = bytes(chance.choices(b"ab\n", k=chance.randrange(12)))
        after = bytes(chance.choices(b"ab\n", k=chance.randrange(12)))
        start, end, new_end = difference(before, after)
        assert before[:start] + after[start:new_end] + before[end:] == after


def test_lines_above_and_below_a_change_keep_their_text() -> None:
    chance = random.Random(2)
    for _ in range(300):
        good = b"".join(bytes(chance.choices(b"abc", k=chance.randrange(4))) + b"\n" for _ in range(6))
        at = chance.randrange(len(good) + 1)
        now = good[:at] + bytes(chance.choices(b"xy\n", k=chance.randrange(1, 4))) + good[at + chance.randrange(3) :]
        moved = Moved("a.ts", good, now)
        for start in range(len(good)):
            for end in range(start, len(good)):
                found = moved.span(Span("a.ts", start, end))
                if found is not None:
                    assert now[found.start : found.end] == good[start:end]
        for offset in range(len(now)):
            back = moved.back(offset)
            if back is not None:
                assert good[back : back + 1] == now[offset : offset + 1]


def test_the_changed_lines_have_no_place() -> None:
    moved = Moved("a.ts", b"one\ntwo\nthree\n", b"one\ntwoo\nthree\n")
    assert moved.span(Span("a.ts", 0, 3)) == Span("a.ts", 0, 3)
    assert moved.span(Span("a.ts", 4, 7)) is None
    assert moved.span(Span("a.ts", 8, 13)) == Span("a.ts", 9, 14)
    assert moved.span(Span("b.ts", 4, 7)) == Span("b.ts", 4, 7)
    assert [moved.back(offset) for offset in (3, 5, 10)] == [3, None, 9]
    same = Moved("a.ts", b"one\n", b"one\n")
    assert same.span(Span("a.ts", 0, 3)) == Span("a.ts", 0, 3)
    assert same.back(2) == 2


def test_a_diagnostic_moves_with_all_its_places() -> None:
    moved = Moved("a.ts", b"one\ntwo\nthree\n", b"one\ntwoo\nthree\n")
    below, changed = Span("a.ts", 8, 13), Span("a.ts", 4, 7)
    assert moved.diagnostic(item(changed)) is None
    assert moved.diagnostic(item(below, below, below)) == item(*[Span("a.ts", 9, 14)] * 3)
    assert moved.diagnostic(item(below, changed, changed)) == item(Span("a.ts", 9, 14))


def test_diagnostics_of_other_files_that_point_here_move_too() -> None:
    moved = Moved("a.ts", b"one\ntwo\nthree\n", b"one\ntwoo\nthree\n")
    other, below = Span("b.ts", 0, 1), Span("a.ts", 8, 13)
    found = {"a.ts": (item(Span("a.ts", 4, 7)), item(below)), "b.ts": (item(other, below), item(other, None, below))}
    now = Span("a.ts", 9, 14)
    assert in_current_texts(found, {"a.ts": moved}) == {
        "a.ts": (item(now),), "b.ts": (item(other, now), item(other, None, now)),
    }  # fmt: skip
    assert in_current_texts(found, {}) == found
