"""A project in a folder whose tests run in a pytest of their own, and what such a run leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from edgelint.testing.workerd_host.runtime import Runtime

ROOT = Path(__file__).parents[4]
_WITHOUT = ["-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio"]
FOLDERS = [Path("/dev/shm"), Path("/tmp")]


@dataclass
class Project:
    """A project with one worker. ``run`` runs its tests to their end, ``start`` returns while they run."""

    folder: Path
    runtime: Runtime

    def write(
        self, source: str, tests: str, config: Mapping[str, Any] | None = None, *, ini: str = "",
        files: dict[str, str] | None = None,
    ) -> Project:  # fmt: skip
        """Write it."""
        main = "src/index.ts"
        written = {"name": "app", "main": main, "compatibility_date": "2026-06-01", **(config or {})}
        all_files = {
            main: source, "wrangler.json": json.dumps(written), "pytest.ini": f"[pytest]\n{ini}", "test_app.py": tests,
            **(files or {}),
        }  # fmt: skip
        for name, text in all_files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return self

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start its tests, in a process group of their own."""
        assert self.runtime.esbuild is not None
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "EDGELINT_WORKERD": str(self.runtime.workerd.path),
            "EDGELINT_ESBUILD": str(self.runtime.esbuild.path), "NO_COLOR": "1", "COLUMNS": "120",
        }  # fmt: skip
        environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *_WITHOUT, *options],
            cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(self, *options: str) -> Ran:
        """Run its tests."""
        process = self.start(*options)
        output, _ = process.communicate(timeout=100)
        return Ran(process.pid, process.returncode, output)

    def interrupted(self, marker: Path, number: signal.Signals, *, group: bool) -> Ran:
        """Start its tests, and send a signal when they have written ``marker``: to all of the group as a terminal does,
        or to pytest alone."""
        process = self.start()
        if not eventually(marker.exists):
            process.kill()
            raise AssertionError(process.communicate()[0])
        time.sleep(0.2)
        (os.killpg if group else os.kill)(process.pid, number)
        output, _ = process.communicate(timeout=100)
        return Ran(process.pid, process.returncode, output)


@dataclass
class Ran:
    """A run that is over."""

    pid: int
    code: int
    output: str

    @property
    def counts(self) -> dict[str, int]:
        """{"passed": 2, "failed": 1} of its last line."""
        return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", self.last)}

    @property
    def last(self) -> str:
        """The line that sums it up."""
        return self.output.strip().splitlines()[-1]

    def left_behind(self) -> list[str]:
        """Folders and processes of its own that are still there."""
        return left_behind(self.pid)


def left_behind(pid: int) -> list[str]:
    """Folders and processes that the test run of this id left."""
    name = f"edgelint-{pid}-"
    folders = [str(each) for folder in FOLDERS if folder.is_dir() for each in folder.glob(f"{name}*")]
    processes = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = each.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if name in command:
            processes.append(command)
    return folders + processes


def eventually(check: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether it holds within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.02)
    return check()


def in_order(text: str, parts: Sequence[str]) -> bool:
    """Whether a text has these parts one after the other."""
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
