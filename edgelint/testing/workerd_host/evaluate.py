"""A script run once in workerd, for what it prints: where a package has to be asked that only JavaScript can ask."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.capnp import text
from edgelint.testing.workerd_host.runtime import Program

_SECONDS: Final = 60
"""The first start after an install reads the whole program from the disk."""
MARK: Final = "edgelint:"
"""How the line begins that the script prints its answer in: ``console.log("edgelint:" + JSON.stringify(...))``."""


def evaluate(workerd: Program, script: bytes, date: str, flags: tuple[str, ...]) -> Any:
    """What the ``test`` handler of a module prints behind MARK, as JSON. Raises EdgeUsageError with what went wrong."""
    with tempfile.TemporaryDirectory(prefix="edgelint-evaluate-") as name:
        folder = Path(name)
        (folder / "main.js").write_bytes(script)
        (folder / "workerd.capnp").write_text(
            'using Workerd = import "/workerd/workerd.capnp";\n'
            'const config :Workerd.Config = (services = [(name = "main", worker = (\n'
            f"  compatibilityDate = {text(date)}, compatibilityFlags = [{', '.join(map(text, flags))}],\n"
            '  modules = [(name = "main.js", esModule = embed "main.js")],\n'
            "))]);\n",
            encoding="utf-8",
        )
        command = [str(workerd.path), "test", "--experimental", str(folder / "workerd.capnp")]
        try:
            ran = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise EdgeUsageError(f"{workerd.path} does not run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise EdgeUsageError(f"{workerd.path} did not end within {_SECONDS} s") from None
    for line in ran.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    said = [line for line in ran.stderr.decode("utf-8", "replace").splitlines() if not line.startswith("stack: ")]
    raise EdgeUsageError(f"workerd {workerd.version} did not run a script: {chr(10).join(said)[-2000:]}")
