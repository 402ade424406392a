"""What the README shows is what happens. ``python -m tests.test_readme`` writes the example's output into it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from edgelint import settings

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- example: begin (python -m tests.test_readme) -->\n", "<!-- example: end -->"
SHOWN = "config/undeclared-binding,durable-objects/state-never-loaded"
ARGUMENTS = ["check", "fixtures/apps/guide-ts", "--select", SHOWN]


def example() -> str:
    """The command and its output, as the README shows them."""
    done = subprocess.run(
        [sys.executable, "-m", "edgelint", *ARGUMENTS, "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={key: value for key, value in os.environ.items() if key != "FORCE_COLOR"},
    )
    assert done.returncode == 1, done.stderr
    return f"```console\n$ edgelint {' '.join(ARGUMENTS)}\n{done.stdout.strip()}\n```\n"


def parts() -> tuple[str, str, str]:
    """What stands before, between and after the markers."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    between, _, after = rest.partition(END)
    return before, between, after


def test_the_example_is_what_the_command_prints() -> None:
    assert parts()[1] == example(), "run: python -m tests.test_readme"


def test_the_settings_shown_are_accepted(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    tomllib.loads(block)
    (tmp_path / "edgelint.toml").write_text(block, encoding="utf-8")
    assert settings.load(tmp_path).exclude == ("legacy/",)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text(encoding="utf-8")):
        assert (ROOT / target).exists(), target


if __name__ == "__main__":
    first, _, last = parts()
    README.write_text(f"{first}{BEGIN}{example()}{END}{last}", encoding="utf-8")
