"""The project's own build command."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.config import WorkerConfig
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host import custom_build
from tests.testing.workerd_host.conftest import MakeApp

pytestmark = pytest.mark.skipif(os.name != "posix", reason="commands of a POSIX shell")


@pytest.fixture(autouse=True)
def _session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    custom_build.forget()


def config(root: Path, **build: Any) -> WorkerConfig:
    return WorkerConfig(root / "wrangler.toml", root, None, "w", None, "", (), (), {}, (), {"build": build})


def test_it_runs_once_a_session_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    given = config(tmp_path, command='echo "$WRANGLER_COMMAND" >> ran.txt', cwd="web")
    custom_build.run(given)
    custom_build.run(given)
    assert (tmp_path / "web/ran.txt").read_text() == "dev\n"
    custom_build.forget()
    custom_build.run(given)
    assert (tmp_path / "web/ran.txt").read_text() == "dev\ndev\n"


def test_programs_of_packages_are_found(tmp_path: Path) -> None:
    for folder, says in (("node_modules/.bin", "outer"), ("web/node_modules/.bin", "inner")):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("tool", says):
            program = tmp_path / folder / name
            program.write_text(f"#!/bin/sh\necho {says} >> ran.txt\n")
            program.chmod(0o755)
    custom_build.run(config(tmp_path, command="tool && outer", cwd="web"))
    assert (tmp_path / "web/ran.txt").read_text() == "inner\nouter\n"


def test_without_a_command_nothing_runs(tmp_path: Path) -> None:
    custom_build.run(config(tmp_path))
    custom_build.run(config(tmp_path, command=""))
    assert list(tmp_path.iterdir()) == []


def test_its_output_is_shown_when_it_fails_and_it_is_not_run_again(tmp_path: Path) -> None:
    given = config(tmp_path, command="echo out; echo wrong >&2; echo x >> ran.txt; exit 3")
    for _ in range(2):
        with pytest.raises(EdgeUsageError) as raised:
            custom_build.run(given)
        assert str(raised.value) == (
            f"{tmp_path}/wrangler.toml: build.command failed: {given.get('build', 'command')}\n"
            f"out\nwrong\n(exit status 3, in {tmp_path})"
        )
    assert (tmp_path / "ran.txt").read_text() == "x\n"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EdgeUsageError, match="absent: No such file"):
        custom_build.run(config(tmp_path, command="true", cwd="absent"))


def test_of_several_processes_one_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "run1")
    given = config(tmp_path, command="sleep 0.2; echo x >> ran.txt; echo bad; exit 1")
    told: list[str] = []

    def worker() -> None:
        try:
            custom_build.run(given)
        except EdgeUsageError as error:
            told.append(str(error).splitlines()[1])

    first = threading.Thread(target=worker)
    first.start()
    while not list(tmp_path.glob("edgelint-build-*.running")):
        pass
    worker()  # as another process would: it waits for the outcome of the first
    first.join()
    assert told == ["bad", "bad"]
    assert (tmp_path / "ran.txt").read_text() == "x\n"
    custom_build.forget()
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "run2")
    good = config(tmp_path, command="echo y >> ran.txt")
    custom_build.run(good)
    assert (tmp_path / "ran.txt").read_text() == "x\ny\n"


def test_another_process_that_never_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "run3")
    monkeypatch.setattr(custom_build, "_WAIT_SECONDS", 0)
    given = config(tmp_path, command="true")
    custom_build.run(given)
    (outcome,) = tmp_path.glob("edgelint-build-*[0-9a-f]")
    outcome.unlink()
    custom_build.forget()
    with pytest.raises(EdgeUsageError, match="another process runs it since 0 s"):
        custom_build.run(given)


def test_an_app_whose_main_the_build_makes_runs(js_app: MakeApp) -> None:
    source = "export default { fetch: () => new Response('built') };"
    command = "mkdir -p dist && cp src/index.js dist/worker.js"
    edge = js_app(source, {"main": "dist/worker.js", "build": {"command": command}})
    assert edge.client.get("/").text == "built"
