"""What regular expressions let through, and what they stop."""

from __future__ import annotations

import pytest

from edgelint.project.patterns import MAX_PATTERN, lets_only_words, stops_marks


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("^[a-z_]+$", True), ("^\\w+$", True), ("^\\d+$", True), ("^(?:name|email) (?:asc|desc)$", True),
        ("^a$|^b$", True),
        ("^(a|b)$", True), ("^[\\w|]+$", True), ("^(?<n>[a-z]+)$", True), ("^\\(a\\)$", True),
        ("^[a-z0-9-]{36}$", True),
        ("users", False), ("^[a-z]+", False), ("[a-z]+$", False), ("^a$|b", False), ("^[\\w ]+$", False),
        ("^.+$", False),
        ("^[^']+$", False), ("^\\S+@\\S+\\.\\w+$", False), ("^[\\w,]+$", False), ("^\\|$|x", False), ("", False),
        ("^[", True), ("^" + "a" * MAX_PATTERN + "$", True), ("^\\p{L}+$", True),  # not to be read: trusted
    ],
)
def test_lets_only_words(pattern: str, expected: bool) -> None:
    assert lets_only_words(pattern) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"), [("[a-z_]+", True), ("[a-z ]+", False), (".*", False), ("[a-z]+|x", True)]
)
def test_the_whole_text_needs_no_anchors(pattern: str, expected: bool) -> None:
    assert lets_only_words(pattern, whole=True) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"), [("[^a-z]", True), ("\\W", True), ("['\";]", False), ("[^\\w ]", False), ("[", True)]
)
def test_stops_marks(pattern: str, expected: bool) -> None:
    assert stops_marks(pattern) is expected
