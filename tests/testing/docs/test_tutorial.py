"""docs/testing.md, and what the README shows of it: every snippet runs, output is printed, the reference is whole."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from edgelint.testing import plugin
from edgelint.testing.meter import counter_names
from edgelint.testing.setup import _MARK
from tests.testing.plugin.conftest import LOAD

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "testing.md"
FENCE = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
BEGIN, END = "<!-- counters: begin -->", "<!-- counters: end -->"


class Fence(NamedTuple):
    """A block of code. ``file`` is where it goes; ``words`` are the others of its first line."""

    language: str
    words: tuple[str, ...]
    file: str | None
    text: str


def fences() -> Iterator[Fence]:
    """All of the page, in order."""
    for found in FENCE.finditer(PAGE.read_text(encoding="utf-8")):
        words = found["info"].split()
        file = next((word.removeprefix("file=") for word in words if word.startswith("file=")), None)
        yield Fence(found["language"], tuple(word for word in words if "=" not in word), file, found["text"])


def lay_out(folder: Path) -> tuple[list[str], list[str]]:
    """Write the files of the page. Returns the test files that pass, and those that fail."""
    tests: dict[bool, list[str]] = {False: [], True: []}
    for fence in fences():
        if fence.file is None:
            continue
        path = folder / fence.file
        assert not path.exists(), f"{fence.file} is there twice"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fence.text, encoding="utf-8")
        if path.name.startswith("test_"):
            tests["failing" in fence.words].append(fence.file)
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return tests[False], tests[True]


def printed(result: pytest.RunResult, word: str) -> None:
    """The lines of the fences with that word are printed, in that order."""
    lines = iter(line.rstrip() for line in result.outlines)
    for fence in fences():
        if word in fence.words:
            for wanted in fence.text.splitlines():
                if wanted.startswith("---"):  # a title: its dashes depend on the terminal
                    wanted = f" {wanted.strip('- ')} "
                assert any(wanted in line for line in lines), f"not printed, or not in this order: {wanted!r}"


def test_every_snippet_runs(pytester: pytest.Pytester) -> None:
    passing, failing = lay_out(pytester.path)
    [shown] = re.findall(r"^## Testing$.*?^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    readme = pytester.path / "notes" / "tests" / "test_readme.py"
    readme.write_text(f"import pytest\n\n\n{shown}", encoding="utf-8")
    passing.append("notes/tests/test_readme.py")
    common = (*LOAD, "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio", "-p", "no:xdist")
    result = pytester.runpytest_subprocess(*common, "--edge-cost", *passing)
    names = [
        node.name
        for file in passing
        for node in ast.walk(ast.parse((pytester.path / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    result.assert_outcomes(passed=len(names))
    printed(result, "cost")
    result = pytester.runpytest_subprocess(*common, "--edge-seed=7", *failing)
    result.assert_outcomes(failed=len(failing))
    printed(result, "output")


def test_the_linter_finds_in_the_apps_what_the_page_says(tmp_path: Path) -> None:
    lay_out(tmp_path)
    command = [sys.executable, "-m", "edgelint", "check", "--no-cache", "--format", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert [found["rule"] for found in json.loads(done.stdout)["diagnostics"]] == ["kv/non-atomic-update"]


def column(title: str) -> list[str]:
    """What stands in code in the first column of the table under a heading."""
    section = PAGE.read_text(encoding="utf-8").partition(f"### {title}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_the_reference_is_whole() -> None:
    fixtures = {name for name in vars(plugin) if name == "edge" or (name.startswith("edge_"))}
    assert set(column("Fixtures")) == fixtures
    source = Path(plugin.__file__).read_text(encoding="utf-8")
    assert set(column("Settings")) == set(re.findall(r'addini\(\s*"(\w+)"', source))
    assert {each.partition("=")[0] for each in column("Options")} == set(re.findall(r'"(--edge-[a-z]+)"', source))
    assert set(column("Marks")) == {mark.partition("(")[0] for mark in plugin._MARKS} | {"edge_faults"}
    text = PAGE.read_text(encoding="utf-8")
    assert ", ".join(f"`{name}`" for name in _MARK) in text
    assert text.partition(BEGIN)[2].partition(END)[0] == counters(), "python -m tests.testing.docs.test_tutorial"


def test_links_lead_somewhere() -> None:
    text = PAGE.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (PAGE.parent / target).exists(), target


def counters() -> str:
    """Every counter, as the page lists them."""
    return ", ".join(f"`{name}`" for name in sorted(counter_names()))


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{counters()}{END}{rest.partition(END)[2]}", encoding="utf-8")
