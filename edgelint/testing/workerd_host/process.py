"""The workerd process: started, listened to, ended; and nothing left behind, whatever ends the test run.

On POSIX a shell stands between: it waits for workerd, and its standard input is a pipe from here. When the test run is
gone (also by SIGKILL) the pipe ends, and the shell kills workerd and removes its folder. It has a session of its own,
so that Ctrl-C at the terminal reaches the test run alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from edgelint.testing.errors import EdgeError
from edgelint.testing.workerd_host.refusals import told

_MEMORY: Final = Path("/dev/shm")
"""Where files of a test live if it is there: a transaction of a Durable Object waits for a disk otherwise."""
_START_SECONDS: Final = 60
"""The first start after an install reads 160 MB from the disk."""
_SUPERVISOR: Final = """
folder=$1; shift
"$@" 3<&- & child=$!
exec 1>/dev/null 2>/dev/null
{ read -r _; kill -9 $child; } <&3 & reader=$!
exec 3<&-
wait $child
echo $? > "$folder/status"
wait $reader
rm -rf "$folder"
"""
"""$1 is the folder, the rest is the command; the pipe is descriptor 3."""


class WorkerdError(EdgeError):
    """workerd did not start, or ended on its own. ``what`` says which, ``lines`` are the last that it wrote; ``maps``
    of the app's modules let them name its own files."""

    def __init__(self, what: str, lines: Sequence[str], maps: Mapping[str, Any] | None = None) -> None:
        said = told(lines, maps)
        super().__init__(f"{what}\n{said}" if said else what)
        self.what = what
        self.lines = lines

    def __str__(self) -> str:
        return self.message


class Process:
    """A running workerd. ``folder`` is its own, and is removed with it; ``ports`` are those of its sockets by name,
    known once ``wait`` returned. ``lines`` that it wrote are taken with ``read``."""

    def __init__(self, program: Path, config: str, files: Mapping[str, bytes]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"edgelint-{os.getpid()}-", dir=_MEMORY if _MEMORY.is_dir() else None))
        self.ports: dict[str, int] = {}
        self.drained = False
        """Whether it will write nothing more: it has ended."""
        self._rest = b""
        self._said: list[str] = []
        self._pending: list[str] = []
        try:
            for name, content in files.items():
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            (self.folder / "objects").mkdir(exist_ok=True)
            (self.folder / "workerd.capnp").write_text(config, encoding="utf-8")
            self._errors = self.folder / "stderr"
            self._keep = -1
            self._popen = self._start(program)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _start(self, program: Path) -> subprocess.Popen[bytes]:
        command = [
            str(program), "serve", str(self.folder / "workerd.capnp"), "--experimental", "--control-fd=1", "--verbose",
            f"--directory-path=objects={self.folder / 'objects'}",
        ]  # fmt: skip
        with self._errors.open("wb") as stderr:
            if os.name != "posix":  # no shell: what ends the test run by force leaves workerd behind there
                return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)
            reading, self._keep = os.pipe()
            try:
                # The pipe becomes descriptor 3 of the shell: its own standard input is what background commands lose.
                script = f"exec 3<&0 </dev/null\n{_SUPERVISOR}"
                return subprocess.Popen(
                    ["/bin/sh", "-c", script, "sh", str(self.folder), *command], stdin=reading,
                    stdout=subprocess.PIPE, stderr=stderr, start_new_session=True,
                )  # fmt: skip
            except BaseException:
                os.close(self._keep)
                raise
            finally:
                os.close(reading)

    @property
    def output(self) -> int:
        """The descriptor on which it writes its lines."""
        assert self._popen.stdout is not None
        return self._popen.stdout.fileno()

    def wait(self, sockets: Sequence[str]) -> None:
        """Wait until it listens on every socket. Raises WorkerdError when it does not come to that."""
        until = time.monotonic() + _START_SECONDS
        while not set(sockets) <= set(self.ports):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.output], [], [], left)[0]:
                raise WorkerdError(f"workerd did not start within {_START_SECONDS} s", self.said())
            if not self.read():
                raise WorkerdError("workerd refuses to start", self.said())

    def read(self) -> bool:
        """Take what it wrote by now. Returns whether it may write more: False at its end."""
        part = os.read(self.output, 1 << 16)
        self.drained = self.drained or not part
        *lines, self._rest = (self._rest + part).split(b"\n")
        for raw in lines:
            line = raw.decode("utf-8", "replace")
            if line.startswith('{"event":"listen"'):
                event = json.loads(line)
                self.ports[event["socket"]] = event["port"]
            elif line:
                self._pending.append(line)
        return bool(part)

    def drain(self) -> list[str]:
        """The lines that it has written by now and that nobody took."""
        while not self.drained and select.select([self.output], [], [], 0)[0]:
            self.read()
        return self.lines()

    def lines(self) -> list[str]:
        """The lines that nobody took yet."""
        taken, self._pending = self._pending, []
        self._said += taken
        return taken

    def said(self) -> list[str]:
        """What it wrote last, on both outputs, for somebody who looks for the reason of its end."""
        self.lines()
        errors: list[str] = []
        with contextlib.suppress(OSError):
            errors = self._errors.read_text(encoding="utf-8", errors="replace")[-4000:].splitlines()
        return [*self._said[-20:], *errors]

    def ended(self) -> str | None:
        """How it ended in words, None while it runs."""
        code = self._status()
        if code is None:
            return None
        number = code - 128 if code > 128 else -code
        if number > 0:
            with contextlib.suppress(ValueError):
                return f"workerd was ended by {signal.Signals(number).name}"
        return f"workerd ended with status {code}"

    def _status(self) -> int | None:
        if os.name != "posix":
            return self._popen.poll()
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "status").read_text())
        return self._popen.poll()  # the shell itself was ended

    def kill(self) -> None:
        """End it at once; its folder stays until ``stop``."""
        if self._keep >= 0:
            os.close(self._keep)
            self._keep = -1

    def stop(self) -> None:
        """End it and remove its folder. Twice does nothing."""
        if self._keep >= 0:
            os.close(self._keep)
            self._keep = -1
        elif os.name != "posix":
            self._popen.kill()
        if self._popen.stdout is not None and not self._popen.stdout.closed:
            self._popen.wait()
            self._popen.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)

