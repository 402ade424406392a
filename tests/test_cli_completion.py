"""``edgelint completion``: scripts that their shells accept, and what they complete to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import get_completion_class
from click.testing import CliRunner

from edgelint import registry
from edgelint.cli import FORMATS, completion
from edgelint.cli.commands import cli
from tests.test_action import program

ROOT = Path(__file__).resolve().parents[1]


def script(shell: str) -> str:
    done = CliRunner().invoke(cli, ["completion", shell])
    assert done.exit_code == 0, done.output
    return done.output


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")


def complete(*words: str) -> list[str]:
    """What the last word may become."""
    made = get_completion_class("bash")
    assert made is not None
    *before, incomplete = words
    found = made(cli, {}, "edgelint", "_EDGELINT_COMPLETE").get_completions(before, incomplete)
    return [item.value for item in found]


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``edgelint`` is this one."""
    program(tmp_path / "bin/edgelint", f'exec "{sys.executable}" -m edgelint "$@"')
    return os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_shell_accepts_its_script(shell: str, tmp_path: Path) -> None:
    text = script(shell)
    assert "_EDGELINT_COMPLETE" in text
    needs(shell)
    file = tmp_path / "script"
    file.write_text(text)
    done = subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_shells_are_those_that_the_command_takes() -> None:
    (shell,) = cli.commands["completion"].params
    assert tuple(getattr(shell.type, "choices", ())) == completion.SHELLS
    assert CliRunner().invoke(cli, ["completion", "tcsh"]).exit_code == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [("edgelint ch", ["check"]), ("edgelint check --min", ["--min-severity"]),
     ("edgelint explain kv/ttl", ["kv/ttl-too-short"]), ("edgelint check --select kv/ttl", ["kv/ttl-too-short"])],
)
def test_bash_completes(line: str, expected: list[str], programs: dict[str, str], tmp_path: Path) -> None:
    needs("bash")
    words = line.split()
    (tmp_path / "script").write_text(script("bash"))
    code = (
        f'complete() {{ :; }}; compopt() {{ :; }}; source "{tmp_path}/script"\n'
        f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n"
        '_edgelint_completion edgelint\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", code], env=programs, capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected, done.stderr


def test_fish_completes(programs: dict[str, str], tmp_path: Path) -> None:
    needs("fish")
    (tmp_path / "script").write_text(script("fish"))
    env = programs | {"HOME": str(tmp_path)}
    code = f'source "{tmp_path}/script"; complete -C "edgelint explain kv/ttl"'
    done = subprocess.run(["fish", "-c", code], env=env, capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    assert line.startswith("kv/ttl-too-short\terror: "), "with its severity and its first sentence"


def test_zsh_is_answered(programs: dict[str, str]) -> None:
    env = programs | {"_EDGELINT_COMPLETE": "zsh_complete", "COMP_WORDS": "edgelint ch", "COMP_CWORD": "1"}
    done = subprocess.run(["edgelint"], env=env, capture_output=True, text=True, check=True)
    kind, name, _ = done.stdout.split("\n", 2)
    assert (kind, name) == ("plain", "check")


def test_commands_and_options() -> None:
    assert complete("") == sorted(cli.commands)
    assert complete("check", "--no") == ["--no-baseline", "--no-cache"]
    assert complete("check", "--format", "git") == [name for name in FORMATS if name.startswith("git")]
    assert complete("completion", "") == list(completion.SHELLS)
    assert complete("check", "--output", "sa") == ["sarif="]


def test_rules() -> None:
    assert complete("explain", "") == list(registry.known_ids())
    kv = [id for id in registry.known_ids() if id.startswith("kv/")]
    for option in ("--select", "--extend-select", "--ignore"):
        assert complete("check", option, "kv/") == [*kv, "kv/*"]
    assert complete("check", "--select", "d1/*,kv/ttl") == ["d1/*,kv/ttl-too-short"]
    assert complete("check", "--select", "AL") == ["ALL"]
