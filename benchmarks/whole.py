"""Whole processes: what one takes, children that it waited for included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from benchmarks.measure import REPOSITORY, ended


@dataclass(frozen=True, slots=True)
class Ran:
    """One process: CPU and wall seconds, peak resident memory in bytes."""

    cpu: float
    wall: float
    memory: int


def pytest_command(*options: str, bare: bool = False) -> list[str]:
    """A pytest with the plugin, or without it where it is ``bare``."""
    installed = any(each.name == "edgelint" for each in entry_points(group="pytest11"))
    load = [] if installed else ["-p", "edgelint.testing.plugin"]
    plugin = ["-p", "no:edgelint"] if bare else load
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *options]


def environment(bytecode: Path, **more: str) -> dict[str, str]:
    """What such a process runs in: this tree, and bytecode that is kept, as an installed package's is."""
    return {
        **os.environ, "PYTHONPATH": str(REPOSITORY), "PYTEST_ADDOPTS": "", "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(bytecode), **more,
    }  # fmt: skip


def run(
    command: Sequence[str], folder: Path, env: Mapping[str, str], *, said: str = "",
    watch: Callable[[int], Callable[[], int]] | None = None,
) -> Ran:  # fmt: skip
    """Run one to its end. ``watch`` is told its id, and gives what ends the watching and tells the memory, in place of
    the peak of the process alone. Raises RuntimeError when it fails, or its output has not ``said``."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    watched = None if watch is None else watch(process.pid)
    output, usage = ended(process)
    wall = time.perf_counter() - began
    unit = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
    memory = usage.ru_maxrss * unit if watched is None else watched()
    if process.returncode != 0 or said.encode() not in output:
        raise RuntimeError(
            f"{' '.join(command)} exited with {process.returncode}:\n{output.decode(errors='replace')}"
        )
    return Ran(usage.ru_utime + usage.ru_stime, wall, memory)
