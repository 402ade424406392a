"""The project's own build command, ``build.command`` of the config: run once a session, before the app is bundled."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.packages import lookups

if TYPE_CHECKING:
    from edgelint.testing.config import WorkerConfig

_ran: dict[tuple[str, str], str | None] = {}
"""(command, folder) -> what went wrong, None for nothing: what this process has run."""
_OUTPUT: Final = 8000
"""Characters of a failed command's output that are shown: its end."""
_WAIT_SECONDS: Final = 600
"""How long one process of a session waits for another that runs the command."""


def run(config: WorkerConfig) -> None:
    """Run the command, as ``wrangler dev`` does. Raises EdgeUsageError with its output when it fails."""
    command = config.get("build", "command")
    if not isinstance(command, str) or not command:
        return
    written = config.get("build", "cwd")
    folder = config.root / written if isinstance(written, str) else config.root
    key = (command, str(folder))
    if key not in _ran:
        session = os.environ.get("PYTEST_XDIST_TESTRUNUID")
        _ran[key] = _run(command, folder) if session is None else _run_once(command, folder, session)
    failure = _ran[key]
    if failure is not None:
        raise EdgeUsageError(f"{config.path}: build.command failed: {command}\n{failure}")


def forget() -> None:
    """Begin a session: what was run before counts no more."""
    _ran.clear()


def _run(command: str, folder: Path) -> str | None:
    # Programs of packages are found as npm and npx let them be found, which is how wrangler is started
    programs = [str(each / ".bin") for each in lookups(folder.resolve()) if (each / ".bin").is_dir()]
    path = os.pathsep.join((*programs, os.environ.get("PATH", os.defpath)))
    try:
        ran = subprocess.run(
            command, shell=True, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False, env={**os.environ, "WRANGLER_COMMAND": "dev", "PATH": path},
        )  # fmt: skip
    except OSError as error:
        return f"{folder}: {error.strerror}"
    if ran.returncode == 0:
        return None
    output = ran.stdout.decode("utf-8", "replace").strip()[-_OUTPUT:]
    return f"{output}\n(exit status {ran.returncode}, in {folder})".strip()


def _run_once(command: str, folder: Path, session: str) -> str | None:
    """In one of the processes that xdist has started; the others wait for what came of it."""
    name = hashlib.sha256("\0".join((session, command, str(folder))).encode()).hexdigest()[:24]
    outcome = Path(tempfile.gettempdir(), f"edgelint-build-{name}")
    mark = outcome.with_suffix(".running")
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return _awaited(outcome, mark)
    failure = "it was interrupted"
    try:
        failure = _run(command, folder) or ""
    finally:
        part = outcome.with_suffix(".part")
        part.write_text(failure, encoding="utf-8")
        os.replace(part, outcome)
    return failure or None


def _awaited(outcome: Path, mark: Path) -> str | None:
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError):
            return outcome.read_text(encoding="utf-8") or None
        time.sleep(0.05)
    return f"another process runs it since {_WAIT_SECONDS} s ({mark})"
