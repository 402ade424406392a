"""The plugin beside what others bring into a pytest: xdist, asyncio, anyio, randomly, a debugger, coverage."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.testing.plugin.conftest import INSTALLED, LOAD

Outside = Callable[..., pytest.RunResult]

DEBUGGED = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        breakpoint()
        greeting = self.env.GREETING
        seen = await self.env.CACHE.get("seen")
        return Response(f"{greeting} {seen}")
"""


@pytest.fixture
def outside(app: Callable[..., pytest.RunResult], pytester: pytest.Pytester) -> Outside:
    """Runs test files over the app in a pytest of its own process, with these plugins only."""

    def run(*options: str, ini: str = "", **files: str) -> pytest.RunResult:
        pytester.makepyfile(**files)
        pytester.makeini(f"[pytest]\n{ini}\n")
        others = [f"no:{name}" for name in ("randomly", "asyncio", "xdist") if f"with:{name}" not in options]
        switched_off = [part for name in ("no:cacheprovider", *others) for part in ("-p", name)]
        rest = [option for option in options if not option.startswith("with:")]
        return pytester.runpytest_subprocess(*LOAD, *switched_off, *rest)

    return run


def test_xdist_shares_nothing_and_the_tables_are_merged(outside: Outside, pytester: pytest.Pytester) -> None:
    test = """
        import os
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(edge_client, edge, number):
            assert os.environ["PYTEST_XDIST_WORKER"] in ("gw0", "gw1")
            assert edge_client.get("/cached").text == "None"
            assert edge_client.post("/notes", content="a").status_code == 201
            assert edge_client.get("/notes").json() == [{"id": 1, "body": "a"}]
    """
    reports = ("--edge-cost", "--edge-report=what.json", "--edge-report=term")
    result = outside("with:xdist", "-n2", *reports, test_one=test, test_two=test)
    result.assert_outcomes(passed=8)
    out = result.stdout.str()
    for name in ("one", "two"):
        for number in range(4):
            assert f"test_{name}.py::test_it[{number}]: d1_queries 2, d1_rows_read ≈" in out
    assert "SQL statements: 2 of 2 ran" in out
    whole = json.loads((pytester.path / "what.json").read_text(encoding="utf-8"))
    assert sorted(each["ran"]["runs"] for each in whole["statements"]) == [8, 8]


ASYNC = """
    import asyncio
    import pytest

    {mark}

    async def test_together(edge, edge_async_client):
        loop = asyncio.get_running_loop()
        answers = await asyncio.gather(edge_async_client.get("/cached"), edge_async_client.get("/cached"))
        assert [answer.text for answer in answers] == ["None", "None"]
        assert await edge.aenv.CACHE.get("seen") == "1"
        await edge.aenv.CACHE.put("seen", "7")
        assert edge.env.CACHE.get("seen") == "7"
        assert edge.get("/cached").text == "7"
        assert asyncio.get_running_loop() is loop

    async def test_statements(edge, edge_async_client):
        await edge_async_client.post("/notes", content="a")
        found = await edge.aenv.DB.prepare("SELECT body FROM notes WHERE id = ?").bind(1).first()
        assert found == {{"body": "a"}}
        await asyncio.sleep(0.01)
        assert (await edge_async_client.get("/slow")).text == "at last"
        edge.clock.advance(hours=1)

    @pytest.mark.edge(strict=True)
    async def test_what_is_left_behind(edge_async_client):
        assert (await edge_async_client.get("/leak")).text == "left"

    async def test_what_the_app_raises(edge_async_client):
        with pytest.raises(ValueError, match="the app broke"):
            await edge_async_client.get("/fail")
"""


def test_pytest_asyncio(outside: Outside) -> None:
    result = outside(
        "with:asyncio", ini="asyncio_default_fixture_loop_scope = function",
        test_it=ASYNC.format(mark="pytestmark = pytest.mark.asyncio"),
    )  # fmt: skip
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_what_is_left_behind*"])


def test_anyio(outside: Outside) -> None:
    mark = """pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"
    """
    result = outside(test_it=ASYNC.format(mark=mark))
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_what_is_left_behind*"])


ANYIO_APP = """
import anyio
from urllib.parse import urlparse
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlparse(request.url).path
        await anyio.sleep(60)
        async with anyio.create_task_group() as group:
            group.start_soon(self.env.CACHE.put, path, "seen")
        return Response(await anyio.to_thread.run_sync(str.upper, path))
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio_on_each_backend_and_an_app_that_uses_it(
    outside: Outside, pytester: pytest.Pytester, backend: str
) -> None:
    (pytester.path / "src" / "entry.py").write_text(ANYIO_APP, encoding="utf-8")
    test = """
        import anyio
        import pytest
        import sniffio

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend():
            return "{backend}"

        async def test_together(edge, edge_async_client):
            found = {{}}

            async def ask(path):
                found[path] = (await edge_async_client.get(path)).text
                assert sniffio.current_async_library() == "{backend}"

            async with anyio.create_task_group() as group:
                group.start_soon(ask, "/one")
                group.start_soon(ask, "/two")
            assert found == {{"/one": "/ONE", "/two": "/TWO"}}
            await anyio.sleep(0.01)
            assert await edge.aenv.CACHE.get("/one") == "seen"
            await edge.aenv.CACHE.put("/one", "again")
            assert edge.env.CACHE.get("/one") == "again"
            assert edge.get("/three").text == "/THREE"
            assert sniffio.current_async_library() == "{backend}"

        @pytest.mark.edge(strict=True)
        async def test_what_the_app_raises(edge_async_client, edge_faults):
            edge_faults.on("CACHE.put").fail("lost")
            with pytest.raises(Exception, match="unhandled errors"):
                await edge_async_client.get("/four")
    """
    outside(test_it=test.format(backend=backend)).assert_outcomes(passed=2)


def test_pytest_randomly_changes_the_order_and_nothing_else(outside: Outside, pytester: pytest.Pytester) -> None:
    test = """
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_it(edge, number):
            assert edge.get("/cached").text == "None"
            with open("drawn.txt", "a") as file:
                print(number, edge.world.token(), file=file)
    """
    found = []
    for seed in ("1", "2"):
        outside("with:randomly", f"--randomly-seed={seed}", test_it=test).assert_outcomes(passed=8)
        file = pytester.path / "drawn.txt"
        found.append(file.read_text().splitlines())
        file.unlink()
    assert found[0] != found[1]
    assert sorted(found[0]) == sorted(found[1])
    assert len({line.split()[1] for line in found[0]}) == 8


def test_switched_off(pytester: pytest.Pytester) -> None:
    if not INSTALLED:
        folder = pytester.mkdir("edgelint_here-1.0.dist-info")  # what an installed edgelint has
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: edgelint-here\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text("[pytest11]\nedgelint = edgelint.testing.plugin\n")
    pytester.makepyfile(
        """
        import sys

        def test_it(request):
            assert request.config.pluginmanager.hasplugin("edgelint") is (request.config.getoption("here") == "yes")
            assert ("edgelint.testing.plugin" in sys.modules) is (request.config.getoption("here") == "yes")
            assert "edgelint.testing.world" not in sys.modules
        """
    )
    pytester.makeconftest("def pytest_addoption(parser): parser.addoption('--here', default='yes')")
    others = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio", "-p", "no:hypothesispytest")
    run = (sys.executable, "-m", "pytest", *others, "-W", "error")
    for options in ((), ("-p", "no:edgelint", "--here=no")):
        pytester.run(*run, *options).assert_outcomes(passed=1)
    result = pytester.run(*run, "-p", "no:edgelint", "--edge-cost")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("capture", ["-s", "--capture=fd"])
def test_a_debugger_stops_in_a_handler(outside: Outside, pytester: pytest.Pytester, capture: str) -> None:
    outside("--collect-only", test_it="def test_it(edge_client): assert edge_client.get('/x').text == 'hello None'")
    (pytester.path / "src" / "entry.py").write_text(DEBUGGED, encoding="utf-8")
    options = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio", capture)
    on = "n\n" if sys.version_info >= (3, 13) else ""  # from there on breakpoint() stops at its own line
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *LOAD, *options], cwd=pytester.path,
        input=f"{on}p request.url\nn\nn\np greeting\np seen\nw\nc\n", capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"> .*src.entry\.py\(\d+\)fetch\(\)\s+-> greeting = self\.env\.GREETING", done.stdout)
    assert "'https://example.com/x'" in done.stdout
    assert '-> seen = await self.env.CACHE.get("seen")' in done.stdout
    assert "'hello'" in done.stdout
    assert "(Pdb) None" in done.stdout, "n goes over an await and stays in the handler"
    assert re.search(r"test_it\.py\(1\)test_it\(\)", done.stdout), "where: the test is on the stack too"
    assert "1 passed" in done.stdout


def test_coverage_counts_the_lines_of_the_handlers(outside: Outside, pytester: pytest.Pytester) -> None:
    outside(
        "--collect-only",
        test_it="""
        def test_one(edge_client):
            assert edge_client.get("/").text == "hello"

        def test_two(edge_client, edge):
            assert edge_client.get("/cached").text == "None"
            edge.scheduled()
        """,
    )
    options = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio", "-p", "no:cov")
    for arguments in (
        ["run", "--branch", "--source=src", "-m", "pytest", *LOAD, *options], ["json", "-o", "lines.json"],
    ):  # fmt: skip
        subprocess.run(
            [sys.executable, "-m", "coverage", *arguments], cwd=pytester.path, check=True, capture_output=True
        )
    whole = json.loads((pytester.path / "lines.json").read_text(encoding="utf-8"))
    [file] = whole["files"].values()
    lines = Path(pytester.path, "src", "entry.py").read_text(encoding="utf-8").splitlines()
    executed = {lines[number - 1].strip() for number in file["executed_lines"]}
    missing = {lines[number - 1].strip() for number in file["missing_lines"]}
    assert 'await self.env.CACHE.put("seen", str(int(seen or "0") + 1))' in executed
    assert 'await self.env.CACHE.put("ran", controller.cron)' in executed
    assert "return Response(self.env.GREETING)" in executed
    assert 'raise ValueError("the app broke")' in missing
    assert "await asyncio.sleep(30)" in missing
    numbers = {line.strip(): number for number, line in enumerate(lines, 1)}
    partial = {begin for begin, _ in file["missing_branches"]}
    assert numbers['if path == "/slow":'] in partial
    assert numbers['if path == "/cached":'] not in partial
