"""What is read without click is read as click reads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.cli import FORMATS, SEVERITIES, check, commands, quick

ROOT = Path(__file__).parent.parent
WORDS = (
    "--strict", "--statistics", "--exit-zero", "--no-cache", "--quiet", "-q", "--verbose", "-v", "--format",
    "--min-severity", "--color", *FORMATS, *SEVERITIES, "auto", "always", "never", "src", "a b", "./x", "", "é",
    "check", "-", "--", "-qv", "--format=json", "--select", "kv/*", "--nonsense", "--help", "--fix", "-o",
)


def by_click(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> check.Request | None:
    """The request that click makes of ``arguments``; None when it does not come so far."""
    seen: list[check.Request] = []

    def run(request: check.Request) -> int:
        seen.append(request)
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(check, "run", run)
        commands.run(arguments)
    return seen[0] if seen else None


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_every_line_that_is_read_is_read_as_click_reads_it(words: list[str]) -> None:
    request = quick.request(["check", *words])
    if request is not None:
        with pytest.MonkeyPatch.context() as patch:
            assert request == by_click(["check", *words], patch)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "src", "a b"],
        ["check", "--format", "json", "--no-cache"],
        ["check", "-q", "--exit-zero", "--strict", "x.ts"],
        ["check", "--color", "never", "--min-severity", "error", "--format", "full", "--format", "sarif", "-v"],
    ],
)
def test_plain_lines_are_read(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    request = quick.request(arguments)
    assert request is not None
    assert request == by_click(arguments, monkeypatch)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["rules"], ["--version"], ["check", "-"], ["check", "--", "-x"], ["check", "-qv"], ["check", "--format"],
        ["check", "--format", "xml"], ["check", "--format=json"], ["check", "--select", "kv/*"], ["check", "--strct"],
    ],
)
def test_all_else_is_left_to_click(arguments: list[str]) -> None:
    assert quick.request(arguments) is None


def test_completion_is_left_to_click(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_EDGELINT_COMPLETE", "bash_complete")
    assert quick.request(["check"]) is None


def test_a_plain_check_does_not_load_click(tmp_path: Path) -> None:
    (tmp_path / "wrangler.toml").write_text('name = "app"\nmain = "a.ts"\n')
    (tmp_path / "a.ts").write_text("export default { fetch() { return new Response() } }\n")
    code = (
        "import sys, edgelint.cli\ntry:\n  edgelint.cli.main(['check', '--no-cache', '-q', '--exit-zero'])\n"
        "except SystemExit as end:\n  print(end.code, 'click' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.split()[-2:] == ["0", "False"]
