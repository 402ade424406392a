"""workerd where there is no POSIX shell and no inherited descriptor (Windows): its ports are picked here, its output is
a file, and a process of its own stands by to end it when the test run is gone."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import subprocess
import sys
import time
from typing import Any, Final

from edgelint.testing.workerd_host.process import START_SECONDS, Process, WorkerdError

_TRIES: Final = 3
"""How often it is started when a port was taken by somebody else before it could listen."""
_POLL_SECONDS: Final = 0.01
_OWN_GROUP: Final[int] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""Ctrl-C reaches the test run alone."""
_GUARD: Final = """
import os, shutil, sys, time
if not sys.stdin.buffer.read(1):
    try:
        os.kill(int(sys.argv[1]), 9)
    except OSError:
        pass
    for _ in range(50):
        shutil.rmtree(sys.argv[2], ignore_errors=True)
        if not os.path.exists(sys.argv[2]):
            break
        time.sleep(0.1)
"""
"""Its standard input ends without a byte when the test run does. os.kill ends a process on Windows whatever the signal
is called (https://docs.python.org/3/library/os.html#os.kill); files that are open cannot be removed there at once."""


class OtherProcess(Process):
    """It is told its ports, and counts as started when the last of its sockets answers: it listens before it knows
    whether it can run what it is given."""

    def _start(self) -> None:
        self.ports = _free_ports(list(self._sockets))
        addresses = [f"--socket-addr={name}=127.0.0.1:{port}" for name, port in self.ports.items()]
        self._output = self.folder / "stdout"
        self._at = 0
        with self._output.open("wb") as stdout, self._errors.open("wb") as stderr:
            self._popen = _started(self._command(*addresses), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        guard = [sys.executable, "-I", "-S", "-c", _GUARD, str(self._popen.pid), str(self.folder)]
        try:
            self._guard = _started(guard, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except BaseException:
            self.kill()
            raise

    def wait(self) -> None:
        """Wait until it listens on every socket. Raises WorkerdError when it does not come to that."""
        until = time.monotonic() + START_SECONDS
        tries = 1
        left = list(self._sockets)
        while True:
            if self._popen.poll() is not None:
                if tries < _TRIES and any("in use" in line for line in self._all_said()):
                    tries += 1
                    self._dismiss_guard()
                    self._start()
                    left = list(self._sockets)
                    continue
                raise WorkerdError("workerd refuses to start", self._all_said())
            if time.monotonic() > until:
                raise WorkerdError(f"workerd did not start within {START_SECONDS} s", self._all_said())
            if not left and answers(self.ports[self._sockets[-1]], START_SECONDS):
                return
            if left and _accepts(self.ports[left[0]]):
                left.pop(0)
            else:
                time.sleep(_POLL_SECONDS)

    def _all_said(self) -> list[str]:
        self._read()
        return self.said()

    def _read(self) -> None:
        is_over = self._popen.poll() is not None  # asked before: nothing is written after what is read then
        with contextlib.suppress(FileNotFoundError), self._output.open("rb") as file:
            file.seek(self._at)
            part = file.read()
            self._at += len(part)
            self._take(part)
        self.drained = is_over

    def _status(self) -> int | None:
        return self._popen.poll()

    def kill(self) -> None:
        """End it at once; its folder goes with ``stop``, or before."""
        self._popen.kill()
        self._popen.wait()

    def stop(self) -> None:
        """End it and remove its folder. Twice does nothing."""
        self.kill()
        self._dismiss_guard()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _dismiss_guard(self) -> None:
        pipe = self._guard.stdin
        assert pipe is not None
        if not pipe.closed:
            with contextlib.suppress(OSError):
                pipe.write(b"x")
                pipe.flush()
            with contextlib.suppress(OSError):
                pipe.close()
            self._guard.wait()


def _started(command: list[str], **files: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, creationflags=_OWN_GROUP, start_new_session=True, **files)


def _accepts(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            # A port that nobody has may become the one of the connection itself, which is then its own other end.
            return bool(connection.getsockname() != connection.getpeername())
    except OSError:
        return False


def answers(port: int, seconds: float) -> bool:
    """Whether somebody speaks HTTP on a port of this machine within so many seconds, whatever the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _free_ports(names: list[str]) -> dict[str, int]:
    """A port for each name that nothing listens on now."""
    held = [socket.socket() for _ in names]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in zip(names, held, strict=True)}
    finally:
        for each in held:
            each.close()
