"""--edge-cov in a pytest of its own: its tests say themselves what ran of a TypeScript file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import edgelint

CONFTEST = '''
from pathlib import Path

import pytest

from edgelint.testing.workerd_host.coverage import hits

HERE = Path(__file__).parent
FILE = str(HERE / "src" / "a.ts")
IF, OR, LOOP = (hits.BranchKey(*key, 0) for key in ((2, 3, "if"), (5, 3, "logical"), (5, 9, "loop")))


def pytest_sessionstart(session):
    plugin = session.config.pluginmanager.get_plugin("edgelint-coverage")
    if plugin is not None:
        plugin.coverage.problems.append("b.ts is not measured")


@pytest.fixture
def ran(request):
    """Adds what the world of a test would, at its end."""
    counts = []
    yield lambda *lines: counts.extend(lines)
    plugin = request.config.pluginmanager.get_plugin("edgelint-coverage")
    if plugin is not None:
        of = {line: counts.count(line) for line in (1, 2, 3, 5, 6)}
        branches = {IF: hits.Ways([of[3], of[5]], [3, 5]), OR: hits.Ways([of[5], of[6]], [0, 0]),
                    LOOP: hits.Ways([0], [0])}
        hits.merge(plugin.coverage._fresh, {FILE: hits.FileHits(of, {(1, 1, "a"): of[2]}, branches)})
        hits.merge(plugin.coverage._fresh, {str(HERE / "src" / "never.ts"): hits.FileHits({1: 0})})
'''
APP = """export function a(x, y) {
  if (x) {
    return 1;
  }
  y || b();
  return 2;
}
"""
TESTS = """
import helper

def test_first(ran):
    ran(1, 2, 3)
    helper.used(1)

def test_second(ran):
    ran(2, 5)
"""
HELPER = "def used(x):\n    if x:\n        return 1\n    return 2\n"
COVERAGERC = "[run]\nbranch = {branch}\nrelative_files = {relative}\nplugins = edgelint.testing.workerd_host.coverage\n"
TABLE = [
    "File          Lines  Miss  Branch  Miss  Cover  Missing",
    "src/a.ts          5     1       5     2    70%  5:operand 2, 5:loop, 6",
    "src/never.ts      1     1       0     0     0%  1",
    "TOTAL             6     2       5     2    64%",
    "b.ts is not measured",
]


@pytest.fixture
def app(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "160")
    for name, text in {
        "conftest.py": CONFTEST, "src/a.ts": APP, "src/never.ts": "b();\n", "test_app.py": TESTS, "helper.py": HELPER,
        "pytest.ini": "[pytest]\nasyncio_default_fixture_loop_scope = function\n",
    }.items():  # fmt: skip
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return pytester.path


def run(app: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """A command of this Python in the app's folder, without what measures this session."""
    left = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_", "PYTEST_"))}
    left |= {"PYTHONPATH": str(Path(edgelint.__file__).parents[1]), "COLUMNS": "160"}
    return subprocess.run(
        [sys.executable, *args], cwd=app, env=left, capture_output=True, text=True, timeout=100, check=False
    )


PYTEST = ("-p", "no:randomly", "-p", "no:cacheprovider", "-q")


def pytest_in(app: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return run(app, "-m", "pytest", *PYTEST, *args)


Pytest = Callable[..., pytest.RunResult]


@pytest.fixture
def here(pytester: pytest.Pytester, app: Path) -> Pytest:
    """pytest in this process."""
    return lambda *args: pytester.runpytest_inprocess(*PYTEST, *args)


def assert_lines(written: list[str], *lines: str) -> None:
    for line in lines:
        assert line in written, "\n".join(written)


def test_the_table_is_the_sum_of_all_tests(here: Pytest) -> None:
    ran = here("--edge-cov")
    assert ran.ret == 0
    assert_lines(ran.outlines, *TABLE)
    assert ran.outlines.count("b.ts is not measured") == 1


def test_workers_send_what_they_measure(app: Path) -> None:
    ran = pytest_in(app, "--edge-cov", "-n", "2")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert_lines(ran.stdout.splitlines(), *TABLE)
    assert ran.stdout.count("b.ts is not measured") == 1


def test_reports_are_files_too(app: Path, here: Pytest) -> None:
    ran = here("--edge-cov-report=lcov:out/lcov.info", "--edge-cov-report", "json:cov.json")
    assert ran.ret == 0
    assert "TOTAL" not in str(ran.stdout)
    assert_lines(ran.outlines, "edge coverage: out/lcov.info", "edge coverage: cov.json")
    assert "SF:src/a.ts\nFN:1,a\nFNDA:2,a\n" in (app / "out" / "lcov.info").read_text(encoding="utf-8")
    assert json.loads((app / "cov.json").read_text(encoding="utf-8"))["files"]["src/a.ts"]["lines"]["2"] == 2


def test_too_little_fails_the_session(here: Pytest) -> None:
    ran = here("--edge-cov-fail-under=64")
    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    assert_lines(ran.outlines, "ERROR: edge coverage of 63.64% is under the 64% of --edge-cov-fail-under")
    assert here("--edge-cov-fail-under=63.6").ret == 0


def test_nothing_is_told_of_a_collection(here: Pytest) -> None:
    ran = here("--edge-cov", "--edge-cov-fail-under=64", "--collect-only")
    assert ran.ret == 0
    assert "edge coverage" not in str(ran.stdout)


def test_nothing_is_measured_unasked(here: Pytest) -> None:
    ran = here()
    assert ran.ret == 0
    assert "edge coverage" not in str(ran.stdout)


@pytest.mark.parametrize("wrong", ["--edge-cov-report=xml", "--edge-cov-fail-under=many"])
def test_wrong_options_are_told(here: Pytest, wrong: str) -> None:
    ran = here(wrong)
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert wrong.partition("=")[0] in str(ran.stderr)


def cells(output: str, name: str) -> list[str]:
    """The line of a file in a report of coverage.py."""
    return next(line for line in output.splitlines() if line.startswith(name)).split()


@pytest.mark.parametrize("workers, relative", [((), False), (("-n", "2"), True)])
def test_pytest_cov_shows_the_files(app: Path, workers: tuple[str, ...], relative: bool) -> None:
    (app / ".coveragerc").write_text(COVERAGERC.format(branch=True, relative=relative), encoding="utf-8")
    reports = ("--cov-report=term-missing", "--cov-report=xml", "--cov-report=html", "--cov-report=lcov")
    ran = pytest_in(app, "--edge-cov", "--cov", "--cov-branch", *reports, *workers)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    output = ran.stdout[ran.stdout.index("Stmts") :]
    # Statements, missing, branches, branches that are partial: a loop is no branch here.
    assert cells(output, "src/a.ts") == ["src/a.ts", "5", "1", "4", "1", "78%", "5->exit,", "6"]
    assert cells(output, "src/never.ts")[:3] == ["src/never.ts", "1", "1"]
    assert cells(output, "helper.py")[:3] == ["helper.py", "4", "1"]
    xml = (app / "coverage.xml").read_text(encoding="utf-8")
    line = re.search(r'filename="src/a.ts".*?<line number="5"[^>]*>', xml, re.DOTALL)
    assert line is not None
    assert 'condition-coverage="50% (1/2)" missing-branches="exit"' in line[0]
    page = "".join(path.read_text(encoding="utf-8") for path in (app / "htmlcov").glob("*a_ts.html"))
    assert "line 5: logical at column 3: operand 2 never happened" in page
    assert "SF:src/a.ts" in (app / "coverage.lcov").read_text(encoding="utf-8")
    assert_lines(ran.stdout.splitlines(), *TABLE)


@pytest.mark.slow
@pytest.mark.parametrize("branch", [True, False])
def test_coverage_run_shows_the_files_in_a_later_process(app: Path, branch: bool) -> None:
    (app / ".coveragerc").write_text(COVERAGERC.format(branch=branch, relative=False), encoding="utf-8")
    ran = run(app, "-m", "coverage", "run", "-m", "pytest", *PYTEST, "--edge-cov")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = run(app, "-m", "coverage", "report", "-m")
    assert told.returncode == 0, told.stdout + told.stderr
    missing = ["4", "1", "78%", "5->exit,", "6"] if branch else ["80%", "6"]
    assert cells(told.stdout, "src/a.ts") == ["src/a.ts", "5", "1", *missing]
    assert cells(told.stdout, "helper.py")[:3] == ["helper.py", "4", "1"]


@pytest.mark.slow
def test_several_runs_are_combined(app: Path) -> None:
    (app / ".coveragerc").write_text(COVERAGERC.format(branch=True, relative=False), encoding="utf-8")
    for number, test in enumerate(("test_first", "test_second")):
        ran = run(app, "-m", "coverage", "run", "-p", "-m", "pytest", *PYTEST, "--edge-cov", f"test_app.py::{test}")
        assert ran.returncode == 0, (number, ran.stdout + ran.stderr)
    combined = run(app, "-m", "coverage", "combine")
    assert combined.returncode == 0, combined.stdout + combined.stderr
    told = run(app, "-m", "coverage", "report", "-m")
    assert cells(told.stdout, "src/a.ts") == ["src/a.ts", "5", "1", "4", "1", "78%", "5->exit,", "6"]


@pytest.mark.slow
def test_a_configuration_without_the_plugin_gets_a_hint(app: Path) -> None:
    ran = pytest_in(app, "--edge-cov", "--cov")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert 'with plugins = ["edgelint.testing.workerd_host.coverage"] under [tool.coverage.run]' in ran.stdout
    assert "helper.py" in ran.stdout
    assert not (app / ".coverage-edgelint.json").exists()


@pytest.mark.slow
def test_the_table_that_is_gone_is_named(app: Path) -> None:
    (app / ".coveragerc").write_text(COVERAGERC.format(branch=True, relative=False), encoding="utf-8")
    pytest_in(app, "--edge-cov", "--cov")
    (app / ".coverage-edgelint.json").unlink()
    told = run(app, "-m", "coverage", "report")
    assert told.returncode != 0
    assert ".coverage-edgelint.json does not have" in told.stdout + told.stderr
