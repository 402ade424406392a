"""docs/ci.md: every YAML block is what the service reads, and its commands do what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_action import ACTION, CODE, CONFIG, program

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
BLOCKS = [(file, yaml.safe_load(text)) for file, text in re.findall(r"```yaml file=(\S+)\n(.*?)```", PAGE, re.DOTALL)]
INSTALL = re.compile(r"(?:python -m )?pip install edgelint")


def commands(value: Any) -> Iterator[str]:
    """The shell lines of a pipeline: ``run`` of GitHub, ``script`` of GitLab (a list) and Azure (a text)."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key in ("run", "script"):
                yield from member if isinstance(member, list) else [member]
            else:
                yield from commands(member)
    elif isinstance(value, list):
        for item in value:
            yield from commands(item)


LINES = [(file, line) for file, block in BLOCKS for line in commands(block)]
RUN = sorted({line for _, line in LINES if not INSTALL.fullmatch(line)})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose main branch is clean and whose work tree has one error."""
    root = tmp_path / "app"
    (root / "src").mkdir(parents=True)
    (root / "wrangler.toml").write_text(CONFIG)
    (root / "src/i.ts").write_text(CODE % 60)
    for arguments in (
        ("init", "-q"), ("add", "-A"), ("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "a"),
        ("update-ref", "refs/remotes/origin/main", "HEAD"),
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    (root / "src/i.ts").write_text(CODE % 5)
    return root


def shell(root: Path, line: str) -> subprocess.CompletedProcess[str]:
    programs = root.parent / "programs"
    program(programs / "edgelint", f'exec "{sys.executable}" -m edgelint "$@"')
    env = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "GITHUB_BASE_REF": "main",
    }
    return subprocess.run(["bash", "-ec", line], cwd=root, env=env, capture_output=True, text=True, check=False)


def test_every_service_has_an_example() -> None:
    assert {file for file, _ in BLOCKS} == {".github/workflows/edgelint.yml", ".gitlab-ci.yml", "azure-pipelines.yml"}
    for file, block in BLOCKS:
        assert isinstance(block, dict), file
        installs = [line for line in commands(block) if INSTALL.fullmatch(line)]
        assert installs or any("edgelint@" in str(step.get("uses")) for step in block["jobs"]["edgelint"]["steps"])


@pytest.mark.parametrize("line", RUN)
def test_a_command_finds_what_is_there_and_writes_its_reports(repository: Path, line: str) -> None:
    done = shell(repository, line)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "kv/ttl-too-short" in done.stdout
    for file in re.findall(r"--output \w+=(\S+)", line):
        assert "kv/ttl-too-short" in (repository / file).read_text(), file
    (repository / "src/i.ts").write_text(CODE % 60)
    assert shell(repository, line).returncode == 0


def test_reports_that_are_published_are_written() -> None:
    for file, block in BLOCKS:
        lines = " ".join(commands(block))
        for name in re.findall(r"[\w-]+\.(?:xml|sarif|json)\b", yaml.safe_dump(block)):
            assert f"={name}" in lines, (file, name)


def test_inputs_of_the_action_are_those_of_the_page() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (?:`(.*?)`)? ?\|", PAGE, re.MULTILINE))
    assert rows == {name: item["default"] for name, item in ACTION["inputs"].items()}
    for _, block in BLOCKS:
        for job in block.get("jobs", {}).values():
            for step in job["steps"]:
                if "/edgelint@" in step.get("uses", ""):
                    assert set(step["with"]) <= set(ACTION["inputs"])


def test_a_baseline_lets_an_old_project_pass(repository: Path) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    done = shell(repository, block)
    assert done.returncode == 0, done.stderr
    assert shell(repository, "edgelint check").returncode == 0
