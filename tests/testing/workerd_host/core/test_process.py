"""The workerd process: started, refused, ended from outside, and nothing of it left behind. Both ways to start it are
tried on this system: that of POSIX, and the one for where there is no shell."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from edgelint.testing.workerd_host import elsewhere
from edgelint.testing.workerd_host.elsewhere import OtherProcess, _accepts
from edgelint.testing.workerd_host.process import PosixProcess, Process, WorkerdError, process_class
from edgelint.testing.workerd_host.runtime import Runtime

CONFIG = """
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  structuredLogging = true,
  services = [(name = "a", worker = (modules = [(name = "a.js", esModule = embed "w/a.js")],
    compatibilityDate = "2026-06-01")), (name = "objects", disk = (writable = true))],
  sockets = [(name = "first", address = "127.0.0.1:0", http = (), service = "a"),
             (name = "the second", address = "127.0.0.1:0", http = (), service = "a")],
);
"""
WORKER = b"""
export default {
  fetch(request) { console.log("asked for", request.url); console.log("end"); return new Response("hi"); },
};
"""
SOCKETS = ["first", "the second"]
Start = Callable[..., Process]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="looks at processes as POSIX has them")


@pytest.fixture(params=[PosixProcess, OtherProcess], ids=["posix", "elsewhere"])
def start(request: pytest.FixtureRequest, runtime: Runtime) -> Iterator[Start]:
    started: list[Process] = []

    def make(worker: bytes = WORKER, config: str = CONFIG, program: Path | None = None) -> Process:
        process: Process = request.param(program or runtime.workerd.path, config, {"w/a.js": worker}, SOCKETS)
        started.append(process)
        return process

    yield make
    for process in started:
        process.stop()


def ask(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/x")
        return connection.getresponse().read()
    finally:
        connection.close()


def eventually(check: Callable[[], bool]) -> bool:
    """Whether it holds within ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.01)
    return check()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc").is_dir()


def pid_of(process: Process) -> int:
    if isinstance(process, OtherProcess):
        return process._popen.pid
    file = process.folder / "pid"
    assert eventually(lambda: file.exists() and file.read_text().strip() != "")
    return int(file.read_text())


def test_it_listens_answers_and_ends(start: Start) -> None:
    process = start()
    process.wait()
    pid = pid_of(process)

    process.drain()  # OtherProcess asks to find out whether it is there
    assert set(process.ports) == set(SOCKETS)
    assert [ask(process.ports[name]) for name in SOCKETS] == [b"hi", b"hi"]
    lines: list[str] = []

    def all_there() -> bool:
        lines.extend(process.drain())
        return len(lines) == 4

    assert eventually(all_there)
    assert "asked for http://127.0.0.1" in lines[0]
    assert process.drain() == []
    assert any("asked for" in line for line in process.said())
    assert process.ended() is None
    assert is_running(pid)

    process.stop()
    process.stop()

    assert not is_running(pid)
    assert not process.folder.exists()


def test_it_refuses_to_start(start: Start) -> None:
    process = start(worker=b"\nthrow new TypeError('at the top');")

    with pytest.raises(WorkerdError, match="workerd refuses to start") as caught:
        process.wait()

    assert "at the top" in str(caught.value)
    assert process.drained
    assert eventually(lambda: process.ended() == "workerd ended with status 1")
    process.stop()
    assert not process.folder.exists()


def test_it_does_not_start_in_time(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\necho starting >&2\nexec sleep 100\n")
    sleeper.chmod(0o755)
    for module in ("process", "elsewhere"):
        monkeypatch.setattr(f"edgelint.testing.workerd_host.{module}.START_SECONDS", 0.5)

    with pytest.raises(WorkerdError, match=r"workerd did not start within 0.5 s\nstarting"):
        start(program=sleeper).wait()


def test_a_program_that_is_not_there_leaves_no_folder(start: Start, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())

    try:
        with pytest.raises(WorkerdError):
            start(program=tmp_path / "missing").wait()
    except FileNotFoundError:
        pass

    assert set(tmp_path.iterdir()) == before


def test_it_is_killed(start: Start) -> None:
    process = start()
    process.wait()

    os.kill(pid_of(process), signal.SIGKILL)

    assert eventually(lambda: process.ended() is not None)
    assert process.ended() == "workerd was ended by SIGKILL"
    process.drain()
    assert eventually(lambda: not process.drain() and process.drained)
    process.stop()
    assert not process.folder.exists()


def test_it_is_killed_from_here(start: Start) -> None:
    process = start()
    process.wait()
    pid = pid_of(process)

    process.kill()
    process.kill()

    assert eventually(lambda: not is_running(pid))
    assert eventually(lambda: process.ended() is not None)


def test_it_ends_with_the_test_run(runtime: Runtime, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A test run that is ended by SIGKILL."""
    for name in ("PosixProcess", "OtherProcess"):
        script = tmp_path / "run.py"
        script.write_text(
            f"""
import sys, time
from pathlib import Path
from edgelint.testing.workerd_host.elsewhere import OtherProcess
from edgelint.testing.workerd_host.process import PosixProcess
from tests.testing.workerd_host.core.test_process import CONFIG, SOCKETS, WORKER, pid_of
process = {name}(Path({str(runtime.workerd.path)!r}), CONFIG, {{"w/a.js": WORKER}}, SOCKETS)
process.wait()
print(pid_of(process), process.folder, flush=True)
time.sleep(100)
""",
            encoding="utf-8",
        )
        root = Path(__file__).parents[4]
        run = subprocess.Popen(
            [sys.executable, str(script)], stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )
        assert run.stdout is not None
        pid, folder = run.stdout.readline().decode().split()
        assert is_running(int(pid))

        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()

        assert eventually(partial(_is_gone, int(pid), Path(folder)))


def _is_gone(pid: int, folder: Path) -> bool:
    return not is_running(pid) and not folder.exists()


def test_its_shell_is_killed(runtime: Runtime) -> None:
    process = PosixProcess(runtime.workerd.path, CONFIG, {"w/a.js": WORKER}, SOCKETS)
    process.wait()
    pid = pid_of(process)

    os.kill(process._popen.pid, signal.SIGKILL)
    process._popen.wait()
    assert process.ended() == "workerd was ended by SIGKILL"
    process.stop()

    assert eventually(lambda: not is_running(pid))
    assert not process.folder.exists()


def test_a_port_that_is_taken_meanwhile(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen(1)
    taken = holder.getsockname()[1]
    real = elsewhere._free_ports
    asked: list[int] = []

    def ports(names: list[str]) -> dict[str, int]:
        asked.append(1)
        return dict.fromkeys(names, taken) if len(asked) == 1 else real(names)

    monkeypatch.setattr(elsewhere, "_free_ports", ports)
    monkeypatch.setattr(elsewhere, "_accepts", lambda port: port != taken and _accepts(port))
    process = OtherProcess(runtime.workerd.path, CONFIG, {"w/a.js": WORKER}, SOCKETS)
    try:
        process.wait()
        assert len(asked) == 2
        assert ask(process.ports["first"]) == b"hi"
    finally:
        process.stop()
        holder.close()


@pytest.mark.parametrize(("system", "expected"), [("posix", PosixProcess), ("nt", OtherProcess)])
def test_each_system_has_its_way(system: str, expected: type[Process], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgelint.testing.workerd_host.process.os.name", system)
    found = process_class()
    monkeypatch.undo()

    assert found is expected
