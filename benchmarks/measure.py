"""Runs edgelint and the bare parser in processes of their own and takes medians."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.parse import checked

if TYPE_CHECKING:
    import resource

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Timing:
    """CPU (user and system, children too) and elapsed seconds of every run of one command."""

    cpu: tuple[float, ...]
    wall: tuple[float, ...]

    @property
    def cpu_ms(self) -> float:
        """Median CPU milliseconds."""
        return median(self.cpu) * 1000

    @property
    def wall_ms(self) -> float:
        """Median elapsed milliseconds."""
        return median(self.wall) * 1000

    def __str__(self) -> str:
        spread = f"{min(self.cpu) * 1000:.0f}-{max(self.cpu) * 1000:.0f}"
        return f"{self.cpu_ms:7.0f} ms CPU ({spread}), {self.wall_ms:6.0f} ms elapsed, {len(self.cpu)} runs"


@dataclass(frozen=True, slots=True)
class D1Measured:
    """What ``benchmarks.d1`` found: how much there was, and CPU seconds of every round of each piece of work.

    ``imports`` are of new processes: of apsw, and of sqlglot.
    """

    size: dict[str, int]
    work: dict[str, tuple[float, ...]]
    imports: dict[str, tuple[float, ...]]

    def ms(self, name: str) -> float:
        """Median CPU milliseconds of one piece of work."""
        return median(self.work[name]) * 1000

    def import_ms(self, name: str) -> float:
        """Median CPU milliseconds of one import."""
        return median(self.imports[name]) * 1000


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run of the benchmarks found. ``size`` is that of the corpus as ``benchmarks.parse`` prints it."""

    size: dict[str, float]
    parse: tuple[float, ...]
    start: Timing
    cold: Timing
    warm: Timing
    findings: int
    app: Timing | None
    app_lines: int

    @property
    def parse_ms(self) -> float:
        """Median CPU milliseconds of reading and parsing."""
        return median(self.parse) * 1000

    @property
    def cold_to_parse(self) -> float:
        """A whole cold process against the bare parse of the same files."""
        return self.cold.cpu_ms / self.parse_ms


def edgelint(*arguments: str) -> list[str]:
    """The command of this checkout, run by this interpreter."""
    return [sys.executable, "-m", "edgelint", *arguments]


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="edgelint-bytecode-")


def _bytecode() -> dict[str, str]:
    """What lets a process keep compiled modules where this environment forbids it: an installed package has them.

    Compiling edgelint takes longer than a small app does, and is no part of any run but the first.
    """
    if not sys.dont_write_bytecode:
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": _kept().name}


def ended(process: subprocess.Popen[bytes]) -> tuple[bytes, resource.struct_rusage]:
    """What a process wrote until its end, and what it took with all that it waited for; its ``returncode`` is set."""
    assert process.stdout is not None
    with process.stdout as stream:
        output = stream.read()
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return output, usage


def run(command: list[str], given: str = "") -> tuple[float, float, bytes]:
    """(CPU seconds, elapsed seconds, output) of one command; ``given`` is its standard input.

    Raises ``RuntimeError`` when it exits with 2 or more.
    """
    environment = {**os.environ, **_bytecode(), "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1"}
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as source:
        source.write(given.encode())
        source.seek(0)
        process = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, env=environment, cwd=REPOSITORY)
        output, usage = ended(process)
        elapsed = time.perf_counter() - begin
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} exited with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, elapsed, output


def timed(command: list[str], runs: int) -> Timing:
    """``runs`` runs of one command, after one that is not counted: it compiles what was not compiled yet."""
    run(command)
    found = [run(command) for _ in range(runs)]
    return Timing(tuple(cpu for cpu, _, _ in found), tuple(wall for _, wall, _ in found))


def forget(corpus: Path) -> None:
    """Remove edgelint's cache from a corpus."""
    shutil.rmtree(corpus / ".edgelint_cache", ignore_errors=True)


def require_cache(check: tuple[str, ...]) -> None:
    """Raises ``RuntimeError`` when a run with these arguments is not answered from the cache."""
    for _ in range(2):  # the first may follow a change of edgelint itself
        told = subprocess.run(edgelint(*check, "--verbose"), capture_output=True, cwd=REPOSITORY, check=False).stderr
        if b"from the cache" in told:
            return
    raise RuntimeError("a warm run was not answered from the cache: there is nothing to measure")


@cache
def _files(folder: Path) -> str:
    return "\n".join(checked(folder))


def parsed(folder: Path) -> dict[str, float]:
    """One run of the bare parser over the files that edgelint checks in ``folder``."""
    command = [sys.executable, "-m", "benchmarks.parse", str(folder)]
    found: dict[str, float] = json.loads(run(command, _files(folder))[2])
    return found


def measure_d1(runs: int, tables: int) -> D1Measured:
    """Migrations, queries and sqlglot on the same statements: ``runs`` processes of three rounds each."""
    command = [sys.executable, "-m", "benchmarks.d1", "--tables", str(tables), "--rounds", "3"]
    found = [json.loads(run(command)[2]) for _ in range(runs)]
    work = {name: tuple(time for one in found for time in one[name]) for name, value in found[0].items()
            if isinstance(value, list)}  # fmt: skip
    return D1Measured(
        size={name: value for name, value in found[0].items() if isinstance(value, int)},
        work=work,
        imports={name: tuple(one[f"{name}_import"] for one in found) for name in ("apsw", "sqlglot")},
    )


def measure(corpus: Path, runs: int, app: Path | None, tell: Callable[[str], None]) -> Measured:
    """Measure on ``corpus``; ``app`` is a small Worker measured cold besides, or None."""
    check = ("check", str(corpus), "--format", "json")
    tell("start-up")
    start = timed(edgelint("--version"), runs)
    tell("parse only")
    parses = [parsed(corpus) for _ in range(runs)]
    tell("cold")
    cold = timed(edgelint(*check, "--no-cache"), runs)
    tell("warm")
    forget(corpus)
    report = json.loads(run(edgelint(*check))[2])
    require_cache(check)
    warm = timed(edgelint(*check), runs)
    small = None
    app_lines = 0
    if app is not None:
        tell("one small app, cold")
        small = timed(edgelint("check", str(app), "--format", "json", "--no-cache"), runs)
        app_lines = int(parsed(app)["lines"])
    return Measured(
        size={key: parses[0][key] for key in ("files", "lines", "bytes")},
        parse=tuple(found["read"] + found["parse"] for found in parses),
        start=start,
        cold=cold,
        warm=warm,
        findings=report["summary"]["findings"],
        app=small,
        app_lines=app_lines,
    )
