"""The workerd process: started, listened to, ended; and nothing left behind, whatever ends the test run.

On POSIX a shell stands between: it waits for workerd, and its standard input is a pipe from here. When the test run is
gone (also by SIGKILL) the pipe ends, and the shell kills workerd and removes its folder. It has a session of its own,
so that Ctrl-C at the terminal reaches the test run alone. Elsewhere (``elsewhere.py``) a second process stands by.
"""

from __future__ import annotations

import abc
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
START_SECONDS: Final = 60
"""The first start after an install reads 160 MB from the disk."""
_SUPERVISOR: Final = """
exec 3<&0 </dev/null
folder=$1; shift
"$@" 3<&- & child=$!
echo $child > "$folder/pid"
exec 1>/dev/null 2>/dev/null
{ read -r _; kill -9 $child; } <&3 & reader=$!
exec 3<&-
wait $child
echo $? > "$folder/status"
wait $reader
exec rm -rf "$folder"
"""
"""$1 is the folder, the rest is the command. The pipe becomes descriptor 3: background commands lose their standard
input."""


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


class Process(abc.ABC):
    """A running workerd with the sockets of these names. ``folder`` is its own, with ``files`` in it, and is removed
    with it; ``ports`` are those of its sockets by name, known once ``wait`` returned. ``config`` is text, or the binary
    form of it."""

    def __init__(self, program: Path, config: str | bytes, files: Mapping[str, bytes], sockets: Sequence[str]) -> None:
        memory = _MEMORY if _MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix=f"edgelint-{os.getpid()}-", dir=memory))
        self.ports: dict[str, int] = {}
        self.drained = False
        """Whether it will write nothing more: it has ended."""
        self._program, self._sockets = program, sockets
        self._form = ["--binary"] if isinstance(config, bytes) else []
        self._rest = b""
        self._said: list[str] = []
        self._pending: list[str] = []
        self._errors = self.folder / "stderr"
        try:
            for name, content in files.items():
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            (self.folder / "objects").mkdir(exist_ok=True)
            written = config.encode("utf-8") if isinstance(config, str) else config
            (self.folder / "workerd.capnp").write_bytes(written)
            self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @abc.abstractmethod
    def _start(self) -> None:
        """Start it."""

    @abc.abstractmethod
    def wait(self) -> None:
        """Wait until it listens on every socket. Raises WorkerdError when it does not come to that."""

    @abc.abstractmethod
    def _read(self) -> None:
        """Take in what it wrote by now, without waiting; note the end of it."""

    @abc.abstractmethod
    def _status(self) -> int | None:
        """With what it ended, as a shell says it; None while it runs."""

    @abc.abstractmethod
    def kill(self) -> None:
        """End it at once; its folder goes with ``stop``, or before."""

    @abc.abstractmethod
    def stop(self) -> None:
        """End it and remove its folder. Twice does nothing."""

    def _command(self, *more: str) -> list[str]:
        config, objects = self.folder / "workerd.capnp", self.folder / "objects"
        return [
            str(self._program), "serve", str(config), "--experimental", "--verbose",
            f"--directory-path=objects={objects}", *self._form, *more,
        ]  # fmt: skip

    def drain(self) -> list[str]:
        """The lines that it has written by now and that nobody took."""
        if not self.drained:
            self._read()
        return self._lines()

    def said(self) -> list[str]:
        """What it wrote last, on both outputs, for somebody who looks for the reason of its end."""
        self._lines()
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

    def _take(self, part: bytes) -> None:
        *lines, self._rest = (self._rest + part).split(b"\n")
        for raw in lines:
            line = raw.decode("utf-8", "replace")
            if line.startswith('{"event":"listen"'):
                event = json.loads(line)
                self.ports[event["socket"]] = event["port"]
            elif line:
                self._pending.append(line)

    def _lines(self) -> list[str]:
        taken, self._pending = self._pending, []
        self._said += taken
        return taken


class PosixProcess(Process):
    """It picks its ports and tells them on its standard output, which is a pipe."""

    def _start(self) -> None:
        reading, self._keep = os.pipe()
        try:
            with self._errors.open("wb") as stderr:
                self._popen = subprocess.Popen(
                    ["/bin/sh", "-c", _SUPERVISOR, "sh", str(self.folder), *self._command("--control-fd=1")],
                    stdin=reading, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True,
                )  # fmt: skip
        except BaseException:
            self.kill()
            raise
        finally:
            os.close(reading)
        assert self._popen.stdout is not None
        self._stdout = self._popen.stdout

    def wait(self) -> None:
        """Wait until it listens on every socket. Raises WorkerdError when it does not come to that."""
        until = time.monotonic() + START_SECONDS
        while not set(self._sockets) <= set(self.ports):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._stdout], [], [], left)[0]:
                raise WorkerdError(f"workerd did not start within {START_SECONDS} s", self.said())
            self._read_part()
            if self.drained:
                raise WorkerdError("workerd refuses to start", self.said())

    def _read(self) -> None:
        while not self.drained and select.select([self._stdout], [], [], 0)[0]:
            self._read_part()

    def _read_part(self) -> None:
        part = os.read(self._stdout.fileno(), 1 << 16)
        self.drained = not part
        self._take(part)

    def _status(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "status").read_text())
        return self._popen.poll()  # the shell itself was ended

    def kill(self) -> None:
        """End it at once; its folder goes with ``stop``, or before."""
        if self._keep >= 0:
            os.close(self._keep)
            self._keep = -1

    def stop(self) -> None:
        """End it and remove its folder. Twice does nothing."""
        self.kill()
        if self._stdout.closed:
            return
        if self._popen.wait() != 0:  # the shell was ended, and did not get to this
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)
        self._stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def process_class() -> type[Process]:
    """What starts workerd on this system."""
    if os.name == "posix":
        return PosixProcess
    from edgelint.testing.workerd_host.elsewhere import OtherProcess

    return OtherProcess
