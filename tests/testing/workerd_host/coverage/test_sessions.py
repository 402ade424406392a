"""--edge-cov in whole test runs of a TypeScript worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.testing.workerd_host.runtime import Runtime
from tests.testing.workerd_host.core.projects import Project

SOURCE = """\
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/a") {
      return new Response("a");
    }
    return new Response("other");
  },
};
"""
TESTS = """\
import pytest

@pytest.mark.parametrize("number", range(3))
def test_a(edge_client, number):
    assert edge_client.get("/a").text == "a"
"""


@pytest.fixture
def project(tmp_path: Path, runtime: Runtime) -> Project:
    return Project(tmp_path / "project", runtime).write(SOURCE, TESTS)


@pytest.mark.parametrize(("options", "loaded"), [((), 3), (("-o", "edge_isolate=session"), 1), (("-n", "2"), 3)])
def test_lines_and_branches_of_all_tests(project: Project, options: tuple[str, ...], loaded: int) -> None:
    """Of a process for each test, of one for all (which loads the module once), and of several test processes."""
    ran = project.run("--edge-cov", "--edge-cov-report", "term", "--edge-cov-report", "lcov:out/js.info", *options)

    assert ran.counts == {"passed": 3}
    assert "src/index.ts      5     1       2     1    71%  4:false, 7" in ran.output
    lcov = (project.folder / "out" / "js.info").read_text()
    assert [line for line in lcov.splitlines() if line.startswith(("SF", "DA", "BRDA"))] == [
        "SF:src/index.ts", "BRDA:4,0,0,3", "BRDA:4,0,1,0", f"DA:1,{loaded}", "DA:3,3", "DA:4,3", "DA:5,3", "DA:7,0",
    ]  # fmt: skip


def test_too_little(project: Project) -> None:
    ran = project.run("--edge-cov-fail-under", "90")

    assert ran.code == 1
    assert "ERROR: edge coverage of 71.43% is under the 90% of --edge-cov-fail-under" in ran.output, ran.output


def test_without_the_option_nothing_is_counted(project: Project) -> None:
    ran = project.run()

    assert ran.counts == {"passed": 3}
    assert "edge coverage" not in ran.output


def test_a_wrong_option(project: Project) -> None:
    ran = project.run("--edge-cov-report", "pdf:x")

    assert ran.code == 4
    assert "pdf" in ran.output
