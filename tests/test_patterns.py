"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import re

import pytest

from edgelint.patterns import later


def test_a_pattern_is_compiled_once_when_it_is_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = re.compile

    def compiled(text: str, flags: int = 0) -> re.Pattern[str]:
        made.append(text)
        return real(text, flags)

    monkeypatch.setattr(re, "compile", compiled)
    word = later(r"[a-z]+", re.I)
    assert made == []
    found = word.search("12 Ab")
    assert found is not None
    assert found[0] == "Ab"
    assert [match[0] for match in word.finditer("a B")] == ["a", "B"]
    assert word.sub("-", "x1") == "-1"
    assert made == [r"[a-z]+"]


def test_it_has_what_a_pattern_has() -> None:
    word = later(rb"(?P<name>a+)", re.S)
    assert word.pattern == rb"(?P<name>a+)"
    assert word.groupindex == {"name": 1}
    assert word.fullmatch(b"aa") is not None
    with pytest.raises(AttributeError):
        _ = word.missing  # type: ignore[attr-defined]


def test_a_broken_pattern_is_told_at_its_use() -> None:
    broken = later("(")
    with pytest.raises(re.error):
        broken.match("x")
