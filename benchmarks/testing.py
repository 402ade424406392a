"""``python -m benchmarks.testing``: what a session and a test of the pytest plugin cost, beside empty tests.

A small Worker (KV, D1 with two migrations, a Durable Object) and its tests are written to a folder; each figure is of
pytest in a new process. A test sends three requests, one for each binding, and looks into one of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measure import REPOSITORY

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
TESTS: Final = """import pytest


@pytest.mark.parametrize("number", range({count}))
def test_it(edge, edge_client, number):
    assert edge_client.post("/cache", content="a").text == "a"
    assert edge_client.post("/notes", content="b").json() == [{{"id": 1, "body": "b"}}]
    assert edge_client.get("/counter").text == "1"
    assert edge.env.CACHE.get("seen") == "a"
"""

HOW: Final = """\
bare     pytest without the plugin (-p no:edgelint), empty tests
idle     pytest with the plugin, empty tests
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
    """Sessions by (kind, number of tests): "bare" and "idle" with 1, FEW and MANY tests, "edge" likewise."""

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
        (folder / f"test_edge_{count}.py").write_text(TESTS.format(count=count), encoding="utf-8")


def session(folder: Path, kind: str, count: int) -> tuple[float, int]:
    """(CPU seconds, peak bytes) of one pytest. Raises RuntimeError when its tests do not pass."""
    installed = any(each.name == "edgelint" for each in entry_points(group="pytest11"))
    load = [] if installed else ["-p", "edgelint.testing.plugin"]
    plugin = ["-p", "no:edgelint"] if kind == "bare" else load
    file = f"test_{'edge' if kind == 'edge' else 'empty'}_{count}.py"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, file]
    environment = {
        **os.environ, "PYTHONPATH": str(REPOSITORY), "PYTEST_ADDOPTS": "", "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),  # an installed package has it
    }  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} exited with {process.returncode}:\n{output.decode()}")
    unit = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit


def measure(
    folder: Path, runs: int, few: int = FEW, many: int = MANY, tell: Callable[[str], None] = lambda what: None
) -> Measured:
    """Write the app into an empty folder and measure; the kinds take turns, after one run of each that is not
    counted: it compiles what was not compiled yet."""
    write(folder, few, many)
    kinds = [(kind, count) for kind in ("bare", "idle", "edge") for count in (1, few, many)]
    found: dict[tuple[str, int], list[tuple[float, int]]] = {each: [] for each in kinds}
    for kind in ("bare", "idle", "edge"):
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
    options = parser.parse_args(arguments)
    if options.runs < 1 or not 1 < options.few < options.many:
        parser.error("--runs must be at least 1, and 1 < --few < --many")

    def tell(what: str) -> None:
        print(f"measuring: {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="edgelint-benchmarks-") as made:
        try:
            found = measure(Path(made) / "app", options.runs, options.few, options.many, tell)
        except RuntimeError as error:
            print(f"benchmarks: {error}", file=sys.stderr)
            return 1
    print(json.dumps(as_json(found), indent=2) if options.json else as_text(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
