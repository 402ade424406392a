"""The binary form of a configuration: made by workerd itself, with other texts in its holes, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgelint.testing.workerd_host.compiled import Compiled
from edgelint.testing.workerd_host.layout import Layout
from edgelint.testing.workerd_host.process import process_class
from edgelint.testing.workerd_host.runtime import Runtime
from tests.testing.workerd_host.core.test_process import CONFIG, SOCKETS, WORKER, ask

HOLES = ("127.0.0.1:0", "a.js")
Compile = Callable[..., Compiled]


@pytest.fixture
def compiling(runtime: Runtime, tmp_path: Path) -> Iterator[Compile]:
    made: list[Compiled] = []

    def make(config: str = CONFIG, worker: bytes = WORKER, program: Path | None = None) -> Compiled:
        (tmp_path / "w").mkdir()
        (tmp_path / "w" / "a.js").write_bytes(worker)
        (tmp_path / "workerd.capnp").write_text(config)
        layout = Layout(config, {"w/a.js": worker}, SOCKETS)
        made.append(Compiled(program or runtime.workerd.path, tmp_path, layout, "key", HOLES))
        return made[-1]

    yield make
    for each in made:
        each.close()


def when_over(compiled: Compiled) -> None:
    compiled._popen.wait(30)


def test_workerd_runs_it_without_anything_beside_it(compiling: Compile, runtime: Runtime) -> None:
    compiled = compiling()
    when_over(compiled)
    config = compiled.filled("127.0.0.2:0", "b.js")
    assert config is not None
    assert (config.count(b"127.0.0.2:0"), config.count(b"127.0.0.1:0")) == (2, 0)
    assert (config.count(b"b.js"), config.count(b"a.js")) == (1, 0)
    assert compiled.filled("127.0.0.3:0", "c.js") != config

    again = compiled.filled(*HOLES)
    assert again is not None
    process = process_class()(runtime.workerd.path, again, {}, compiled.sockets)
    try:
        process.wait()
        assert ask(process.ports["the second"]) == b"hi"
    finally:
        process.stop()


def test_texts_of_another_length_do_not_fit(compiling: Compile) -> None:
    compiled = compiling()
    when_over(compiled)

    assert compiled.filled("127.0.0.1:10", "a.js") is None
    assert compiled.filled(*HOLES) is not None


def test_an_app_that_holds_the_same_text_keeps_it(compiling: Compile) -> None:
    compiled = compiling(worker=WORKER + b"// 127.0.0.1:0")
    when_over(compiled)

    assert compiled.filled(*HOLES) is None


def test_what_is_refused_is_not_there(compiling: Compile) -> None:
    compiled = compiling(config="const config :Nothing = ();")
    when_over(compiled)

    assert compiled.filled(*HOLES) is None
    assert compiled.filled(*HOLES) is None


def test_a_program_that_is_not_there(compiling: Compile, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        compiling(program=tmp_path / "nothing")


def test_it_is_not_waited_for_and_goes_when_it_is_closed(compiling: Compile, tmp_path: Path) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 100\n")
    sleeper.chmod(0o755)
    compiled = compiling(program=sleeper)

    assert compiled.filled(*HOLES) is None
    assert compiled._popen.poll() is None
    compiled.close()

    assert compiled._popen.poll() is not None
    assert compiled.filled(*HOLES) is None
