"""The real workerd as a child process: started on a port that the system picks, stopped, nothing left behind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import platform
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
_BINARIES = {
    ("Linux", "x86_64"): "workerd-linux-64",
    ("Linux", "aarch64"): "workerd-linux-arm64",
    ("Darwin", "x86_64"): "workerd-darwin-64",
    ("Darwin", "arm64"): "workerd-darwin-arm64",
}
MEMORY = Path("/dev/shm")  # where there is one: every transaction waits for a disk otherwise
_START_SECONDS = 60  # the first start after an install reads 160 MB from the disk
_BATCH = 50
"""Cases in one request: its answer is whole in memory on both sides."""


class Unavailable(Exception):
    """workerd cannot be run here; the text says why and what to do."""


class Crashed(Exception):
    """workerd ended, or answered what it should not; the text has what it said."""


def binary() -> Path:
    """The program that npm installed. Raises Unavailable."""
    name = _BINARIES.get((platform.system(), platform.machine()))
    if name is None:
        raise Unavailable(f"workerd is not run on {platform.system()} {platform.machine()} by these tests")
    found = HERE / "node_modules" / "@cloudflare" / name / "bin" / "workerd"
    if not found.is_file():
        missing = "" if shutil.which("npm") else "Node's npm, which is not on PATH, and then "
        raise Unavailable(f"workerd is not installed: it takes {missing}`npm install` in tests/conformance")
    return found


def version() -> str:
    """Of the package that is installed. Raises Unavailable."""
    package = binary().parents[1] / "package.json"
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


class Workerd:
    """A running workerd."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, errors: Path) -> None:
        self.process = process
        self.port = port  # on 127.0.0.1
        self._errors = errors

    def outcomes(self, cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """What came of each case, in order; the forms are worker.js's. Raises Crashed."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(cases), _BATCH):
            found += self._post(cases[start : start + _BATCH])
        return found

    def _post(self, cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", "/", json.dumps(cases).encode())
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            raise Crashed(f"{error!r}\n{self._said()}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise Crashed(f"status {answer.status}: {body[:500].decode(errors='replace')}\n{self._said()}")
        found: list[dict[str, Any]] = json.loads(body)
        return found

    def _said(self) -> str:
        ended = self.process.poll()
        state = "" if ended is None else f"workerd ended with {ended}\n"
        return state + self._errors.read_text(errors="replace")[-2000:]


class Served(NamedTuple):
    """A workerd that listens on ``port`` of 127.0.0.1 and says what is wrong into ``errors``."""

    process: subprocess.Popen[bytes]
    port: int
    errors: Path


@contextlib.contextmanager
def serving(program: Path, config: Path, *, storage: bool = True) -> Iterator[Served]:
    """Start ``program`` with a config whose socket is named "http", and stop it at the end. ``storage``: the config has
    a disk service of that name, for which there is a folder until then. Raises Crashed."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix=f"edgelint-workerd-{os.getpid()}-", dir=place) as folder:
        kept, errors = Path(folder, "storage"), Path(folder, "stderr")
        kept.mkdir()
        reading, writing = os.pipe()
        try:
            with errors.open("wb") as stderr:
                process = subprocess.Popen(
                    [program, "serve", config, "--experimental", f"--control-fd={writing}",
                     "--socket-addr=http=127.0.0.1:0", *([f"--directory-path=storage={kept}"] if storage else [])],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, pass_fds=(writing,),
                )  # fmt: skip
        finally:
            os.close(writing)
        try:
            yield Served(process, _port(reading, errors), errors)
        finally:
            os.close(reading)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def running() -> Iterator[Workerd]:
    """Start it with the worker of this folder, and stop it at the end. Raises Unavailable and Crashed."""
    with serving(binary(), HERE / "config.capnp") as served:
        yield Workerd(*served)


def _port(reading: int, errors: Path) -> int:
    """What the control pipe says once it listens."""
    until = time.monotonic() + _START_SECONDS
    said = b""
    while (left := until - time.monotonic()) > 0:
        if not select.select([reading], [], [], left)[0]:
            break
        part = os.read(reading, 4096)
        said += part
        for line in said.splitlines():
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if event.get("event") == "listen":
                    return int(event["port"])
        if not part:
            break
    raise Crashed(f"workerd did not start\n{errors.read_text(errors='replace')[-2000:]}")
