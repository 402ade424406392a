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
from edgelint.testing.workerd_host.runtime import Runtime
from tests.testing.plugin.conftest import LOAD
from tests.testing.workerd_host.conftest import runtime

__all__ = ["runtime"]  # a fixture

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "testing.md"
FENCE = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
JAVASCRIPT = "club/"
"""The folder of the page's Worker in TypeScript: its tests need workerd."""
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


def lay_out(folder: Path, *, javascript: bool = False) -> tuple[list[str], list[str]]:
    """Write the files of the page. Returns the test files that pass, and those that fail: of the Workers in Python, or
    of the one in TypeScript."""
    tests: dict[bool, list[str]] = {False: [], True: []}
    for fence in fences():
        if fence.file is None:
            continue
        path = folder / fence.file
        assert not path.exists(), f"{fence.file} is there twice"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fence.text, encoding="utf-8")
        if path.name.startswith("test_") and fence.file.startswith(JAVASCRIPT) == javascript:
            tests["failing" in fence.words].append(fence.file)
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return tests[False], tests[True]


def printed(result: pytest.RunResult, word: str) -> None:
    """The lines of the fences with that word are printed, in that order."""
    lines = iter(line.rstrip() for line in result.outlines)
    for fence in fences():
        if word in fence.words:
            for wanted in fence.text.splitlines():
                if wanted.startswith("---") and wanted.strip("-"):  # a title: its dashes depend on the terminal
                    wanted = f" {wanted.strip('- ')} "
                assert any(wanted in line for line in lines), f"not printed, or not in this order: {wanted!r}"


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A pytest of its own."""
    without = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio", "-p", "no:xdist")
    return pytester.runpytest_subprocess(*LOAD, *without, *arguments)


def number_of_tests(folder: Path, files: list[str]) -> int:
    """How many test functions there are."""
    return sum(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for file in files
        for node in ast.walk(ast.parse((folder / file).read_text(encoding="utf-8")))
    )


def test_every_snippet_runs(pytester: pytest.Pytester) -> None:
    passing, failing = lay_out(pytester.path)
    [shown] = re.findall(r"^## Testing$.*?^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    readme = pytester.path / "notes" / "tests" / "test_readme.py"
    readme.write_text(f"import pytest\n\n\n{shown}", encoding="utf-8")
    passing.append("notes/tests/test_readme.py")
    result = run(pytester, "--edge-cost", *passing)
    result.assert_outcomes(passed=number_of_tests(pytester.path, passing))
    printed(result, "cost")
    result = run(pytester, "--edge-seed=7", *failing)
    result.assert_outcomes(failed=len(failing))
    printed(result, "output")


@pytest.mark.parametrize("isolation", ["test", "file", "session"])
def test_every_snippet_in_javascript_runs(
    pytester: pytest.Pytester, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, isolation: str
) -> None:
    assert runtime.esbuild is not None
    monkeypatch.setenv("EDGELINT_WORKERD", str(runtime.workerd.path))
    monkeypatch.setenv("EDGELINT_ESBUILD", str(runtime.esbuild.path))
    passing, failing = lay_out(pytester.path, javascript=True)
    result = run(pytester, "-o", f"edge_isolate={isolation}", "--edge-cov", *passing)
    result.assert_outcomes(passed=number_of_tests(pytester.path, passing))
    printed(result, "js-coverage")
    result = run(pytester, "-o", f"edge_isolate={isolation}", *failing)
    result.assert_outcomes(failed=len(failing))
    printed(result, "js-output")


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
    assert {each.partition("=")[0] for each in column("Options")} == set(re.findall(r'"(--edge-[a-z-]+)"', source))
    assert set(column("Marks")) == {mark.partition("(")[0] for mark in plugin._MARKS} | {"edge_faults"}
    text = PAGE.read_text(encoding="utf-8")
    assert ", ".join(f"`{name}`" for name in _MARK) in text
    assert text.partition(BEGIN)[2].partition(END)[0] == counters(), "python -m tests.testing.docs.test_tutorial"


def test_what_the_readme_shows_of_a_failure_is_what_the_page_shows() -> None:
    [shown] = re.findall(r"^## Testing$.*?^```text\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    assert shown in PAGE.read_text(encoding="utf-8")


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
