"""``python -m benchmarks.testing``: what a session and a test of the pytest plugin cost, beside empty tests.

A small Worker (KV, D1 with two migrations, a Durable Object) and its tests are written to a folder; each figure is of
pytest in a new process. A test sends three requests, one for each binding, and looks into one of them.
``--suite`` measures whole suites of such tests instead: one of 20 tests and its relatives, as they can be run with
Cloudflare's plugin for vitest.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import whole
from benchmarks.whole import Ran

KINDS: Final = ("bare", "idle", "alone", "fetch", "edge")
FEW: Final = 20
MANY: Final = 200

CONFIG: Final = """{
  "name": "measured",
  "main": "src/entry.py",
  "compatibility_date": "2026-03-01",
  "compatibility_flags": ["python_workers"],
  "kv_namespaces": [{ "binding": "CACHE", "id": "1" }],
  "d1_databases": [{ "binding": "DB", "database_id": "2", "database_name": "measured" }],
  "durable_objects": { "bindings": [{ "name": "COUNTERS", "class_name": "Counter" }] },
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Counter"] }],
}
"""
MIGRATIONS: Final = {
    "0001_init.sql": "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);\n",
    "0002_author.sql": "ALTER TABLE notes ADD COLUMN author TEXT;\nCREATE INDEX by_author ON notes (author);\n",
}
APP: Final = '''"""A Worker with one route for each binding."""

from urllib.parse import urlparse

from workers import DurableObject, Response, WorkerEntrypoint


class Counter(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.ctx = ctx

    async def increase(self):
        value = (await self.ctx.storage.get("value") or 0) + 1
        await self.ctx.storage.put("value", value)
        return value


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlparse(request.url).path
        if path == "/":
            return Response("")
        if path == "/cache":
            await self.env.CACHE.put("seen", await request.text())
            return Response(await self.env.CACHE.get("seen"))
        if path == "/notes":
            insert = self.env.DB.prepare("INSERT INTO notes (body, author) VALUES (?, ?)")
            await insert.bind(await request.text(), "ada").run()
            found = await self.env.DB.prepare("SELECT id, body FROM notes WHERE author = ?").bind("ada").all()
            return Response.json(found.results)
        counter = self.env.COUNTERS.getByName("one")
        return Response(str(await counter.increase()))
'''
EMPTY: Final = """import pytest


@pytest.mark.parametrize("number", range({count}))
def test_it(number):
    assert number >= 0
"""
ALONE: Final = """import pytest


@pytest.mark.parametrize("number", range({count}))
def test_it(edge, number):
    edge.env.CACHE.put("seen", "a")
    assert edge.env.CACHE.get("seen") == "a"
"""
FETCH: Final = """import pytest


@pytest.mark.parametrize("number", range({count}))
def test_it(edge_client, number):
    assert edge_client.get("/").text == ""
"""
TESTS: Final = """import pytest


@pytest.mark.parametrize("number", range({count}))
def test_it(edge, edge_client, number):
    assert edge_client.post("/cache", content="a").text == "a"
    assert edge_client.post("/notes", content="b").json() == [{{"id": 1, "body": "b"}}]
    assert edge_client.get("/counter").text == "1"
    assert edge.env.CACHE.get("seen") == "a"
"""

SUITES: Final = {
    "20 tests": ["test_edge_20.py"],
    "1 test": ["test_edge_1.py"],
    "200 tests, 1 file": ["test_edge_200.py"],
    "20 files of 1 test": ["files"],
}
"""The suites of ``--suite``, and what pytest is given."""
HOW_SUITES: Final = """\
Wall time, CPU (user and system) and peak resident memory of whole processes, medians over the runs; bytecode is there.
The same project and tests (KV, D1 with two migrations that are applied for each test, an SQLite Durable Object) under
@cloudflare/vitest-plugin 1.5.0 with vitest 4.1.11 and workerd 1.20261102.1 took, on two cores: 20 tests 3.6 s wall,
3.1 s CPU, 544 MB; 1 test 1.9 s, 2.1 s, 503 MB; 200 tests in 1 file 5.3 s, 4.8 s, 633 MB; 20 files of 1 test 18.9 s,
15.1 s, 614 MB. They are of another day: compare their order."""
HOW: Final = """\
bare     pytest without the plugin (-p no:edgelint), empty tests
idle     pytest with the plugin, empty tests
alone    tests that take `edge` and send no request: a world each, two operations of the test itself
fetch    tests that send one request, which the app answers at once: a world, the app's import, the SDK and httpx
edge     tests that take `edge`: a world each, three requests, KV, D1 with two migrations, a Durable Object
All are CPU (user and system) of whole processes, medians over the runs; (lowest-highest) shows how quiet the machine
was. A cost per test is the difference of two runs by that of their tests. Compare ratios, not milliseconds."""


@dataclass(frozen=True, slots=True)
class Session:
    """One kind of pytest session over its runs: CPU seconds, and peak resident memory in bytes."""

    cpu: tuple[float, ...]
    memory: tuple[int, ...]

    @property
    def cpu_ms(self) -> float:
        """Median CPU milliseconds."""
        return median(self.cpu) * 1000

    @property
    def megabytes(self) -> float:
        """Median of peak memory, in MB."""
        return median(self.memory) / 1e6

    def __str__(self) -> str:
        spread = f"{min(self.cpu) * 1000:.0f}-{max(self.cpu) * 1000:.0f}"
        return f"{self.cpu_ms:7.0f} ms CPU ({spread}), {self.megabytes:6.1f} MB"


@dataclass(frozen=True, slots=True)
class Measured:
    """Sessions by (kind, number of tests): each of KINDS with 1, ``few`` and ``many`` tests."""

    sessions: dict[tuple[str, int], Session]
    few: int = FEW
    many: int = MANY

    def fixed_ms(self, kind: str) -> float:
        """What a session of this kind with one test takes beyond a bare one, in CPU milliseconds."""
        return self.sessions[kind, 1].cpu_ms - self.sessions["bare", 1].cpu_ms

    def test_ms(self, kind: str) -> float:
        """What one test more takes, in CPU milliseconds."""
        more = self.sessions[kind, self.many].cpu_ms - self.sessions[kind, self.few].cpu_ms
        return more / (self.many - self.few)

    @property
    def memory_mb(self) -> float:
        """What ``many`` tests with worlds hold beyond as many empty ones, in MB."""
        return self.sessions["edge", self.many].megabytes - self.sessions["bare", self.many].megabytes


def write(folder: Path, few: int = FEW, many: int = MANY) -> None:
    """Write the app and its tests: ``test_edge_20.py`` and so on."""
    (folder / "src").mkdir(parents=True)
    (folder / "migrations").mkdir()
    (folder / "wrangler.jsonc").write_text(CONFIG, encoding="utf-8")
    (folder / "src" / "entry.py").write_text(APP, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for name, text in MIGRATIONS.items():
        (folder / "migrations" / name).write_text(text, encoding="utf-8")
    for count in (1, few, many):
        (folder / f"test_empty_{count}.py").write_text(EMPTY.format(count=count), encoding="utf-8")
        (folder / f"test_alone_{count}.py").write_text(ALONE.format(count=count), encoding="utf-8")
        (folder / f"test_fetch_{count}.py").write_text(FETCH.format(count=count), encoding="utf-8")
        (folder / f"test_edge_{count}.py").write_text(TESTS.format(count=count), encoding="utf-8")
    (folder / "files").mkdir()
    for number in range(FEW):
        (folder / "files" / f"test_{number}.py").write_text(TESTS.format(count=1), encoding="utf-8")


def session(folder: Path, kind: str, count: int) -> tuple[float, int]:
    """(CPU seconds, peak bytes) of one pytest. Raises RuntimeError when its tests do not pass."""
    ran = run(folder, kind, [f"test_{kind if kind in ('alone', 'fetch', 'edge') else 'empty'}_{count}.py"])
    return ran.cpu, ran.memory


def run(folder: Path, kind: str, what: Sequence[str]) -> Ran:
    """One pytest over files. Raises RuntimeError when its tests do not pass."""
    return whole.run(whole.pytest_command(*what, bare=kind == "bare"), folder, whole.environment(folder / "bytecode"))


def measure_suites(
    folder: Path, runs: int, tell: Callable[[str], None] = lambda what: None
) -> dict[str, list[Ran]]:
    """Write the app into an empty folder and measure each suite; they take turns, after one run that is not counted."""
    write(folder)
    found: dict[str, list[Ran]] = {name: [] for name in SUITES}
    run(folder, "edge", SUITES["1 test"])
    for turn in range(runs):
        tell(f"run {turn + 1} of {runs}")
        for name, what in SUITES.items():
            found[name].append(run(folder, "edge", what))
    return found


def suites_as_text(found: Mapping[str, Sequence[Ran]]) -> str:
    """The table of ``--suite``."""
    rows = [
        f"{name:<20} {median(each.wall for each in ran):6.2f} s wall {median(each.cpu for each in ran):6.2f} s CPU "
        f"{median(each.memory for each in ran) / 1e6:6.1f} MB"
        for name, ran in found.items()
    ]
    return "\n".join([*rows, "", HOW_SUITES])


def suites_as_json(found: Mapping[str, Sequence[Ran]]) -> dict[str, object]:
    """The same for a program: medians, times in milliseconds, memory in MB."""
    return {
        name: {
            "wall_ms": median(each.wall for each in ran) * 1000, "cpu_ms": median(each.cpu for each in ran) * 1000,
            "memory_mb": median(each.memory for each in ran) / 1e6,
        }
        for name, ran in found.items()
    }  # fmt: skip


def measure(
    folder: Path, runs: int, few: int = FEW, many: int = MANY, tell: Callable[[str], None] = lambda what: None
) -> Measured:
    """Write the app into an empty folder and measure; the kinds take turns, after one run of each that is not
    counted: it compiles what was not compiled yet."""
    write(folder, few, many)
    kinds = [(kind, count) for kind in KINDS for count in (1, few, many)]
    found: dict[tuple[str, int], list[tuple[float, int]]] = {each: [] for each in kinds}
    for kind in KINDS:
        session(folder, kind, 1)
    for turn in range(runs):
        tell(f"run {turn + 1} of {runs}")
        for kind, count in kinds:
            found[kind, count].append(session(folder, kind, count))
    sessions = {
        each: Session(tuple(cpu for cpu, _ in taken), tuple(memory for _, memory in taken))
        for each, taken in found.items()
    }
    return Measured(sessions, few, many)


def as_text(found: Measured) -> str:
    """The table, the differences and ratios, and how each was measured."""
    few, many = found.few, found.many
    rows = [
        f"{kind:<5} {count:>4} {'test ' if count == 1 else 'tests'} {measured}"
        for (kind, count), measured in found.sessions.items()
    ]
    bare = found.sessions["bare", 1].cpu_ms
    ratio = found.test_ms("edge") / max(found.test_ms("bare"), 0.001)
    return "\n".join([
        *rows,
        "",
        f"fixed cost, idle         {found.fixed_ms('idle'):7.1f} ms CPU ({found.fixed_ms('idle') / bare:.2f} x bare)",
        f"fixed cost, first world  {found.fixed_ms('edge'):7.1f} ms CPU ({found.fixed_ms('edge') / bare:.2f} x bare)",
        f"per empty test           {found.test_ms('bare'):7.2f} ms CPU ({few} to {many} tests)",
        f"per test, world alone    {found.test_ms('alone'):7.2f} ms CPU",
        f"per test, one request    {found.test_ms('fetch'):7.2f} ms CPU",
        f"per test with a world    {found.test_ms('edge'):7.2f} ms CPU ({ratio:.1f} x an empty one)",
        f"memory of {many} tests     {found.memory_mb:7.1f} MB beyond as many empty ones",
        "",
        HOW,
    ])  # fmt: skip


def as_json(found: Measured) -> dict[str, object]:
    """The same for a program; times in milliseconds, memory in MB."""
    return {
        "sessions": [
            {"kind": kind, "tests": count, "cpu_ms": each.cpu_ms, "memory_mb": each.megabytes}
            for (kind, count), each in found.sessions.items()
        ],
        "idle_fixed_cpu_ms": found.fixed_ms("idle"),
        "edge_fixed_cpu_ms": found.fixed_ms("edge"),
        "empty_test_cpu_ms": found.test_ms("bare"),
        "alone_test_cpu_ms": found.test_ms("alone"),
        "fetch_test_cpu_ms": found.test_ms("fetch"),
        "edge_test_cpu_ms": found.test_ms("edge"),
        "memory_mb": found.memory_mb,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.testing", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="processes per figure (default %(default)s)")
    parser.add_argument("--few", type=int, default=FEW, help="tests of the small suite (default %(default)s)")
    parser.add_argument("--many", type=int, default=MANY, help="tests of the large suite (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    parser.add_argument("--suite", action="store_true", help="whole suites, of 20 tests and others")
    options = parser.parse_args(arguments)
    if options.runs < 1 or not 1 < options.few < options.many:
        parser.error("--runs must be at least 1, and 1 < --few < --many")

    def tell(what: str) -> None:
        print(f"measuring: {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="edgelint-benchmarks-") as made:
        try:
            if options.suite:
                suites = measure_suites(Path(made) / "app", options.runs, tell)
                print(json.dumps(suites_as_json(suites), indent=2) if options.json else suites_as_text(suites))
                return 0
            found = measure(Path(made) / "app", options.runs, options.few, options.many, tell)
        except RuntimeError as error:
            print(f"benchmarks: {error}", file=sys.stderr)
            return 1
    print(json.dumps(as_json(found), indent=2) if options.json else as_text(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
