"""Whole small apps: what their comments mark is found, at that place and severity, and nothing else is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.engine import Options, check
from edgelint.examples import Example, markers
from edgelint.settings import load
from tests.rule_runner import mismatches

APPS = Path(__file__).parents[1] / "fixtures" / "apps"
MADE = {"__pycache__", "node_modules", ".wrangler"}
NAMES = sorted(path.name for path in APPS.iterdir() if path.is_dir() and path.name not in MADE)


def marked(root: Path) -> Example:
    """An app as an example: its files and the findings they mark."""
    files = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file() and MADE.isdisjoint(path.relative_to(root).parts)
    }
    expected = [item for name, text in files.items() for item in markers(name, text)]
    return Example("Bad" if expected else "Good", root.name, files, expected, {})


@pytest.mark.parametrize("name", NAMES)
def test_what_is_marked_is_what_is_found(name: str) -> None:
    root = APPS / name
    example = marked(root)
    assert bool(example.expected) == (not name.endswith("-fixed"))
    result = check(root, [], load(root), Options(cache=False))
    problems = mismatches(example, result)
    assert not problems, "\n" + "\n".join(problems)
