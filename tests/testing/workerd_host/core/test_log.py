"""Lines of workerd's log as they are read: console, failures, refusals. The lines are workerd's own (1.20261117.1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError, HungError
from edgelint.testing.workerd_host.errors import JsError, js_error, own_frames
from edgelint.testing.workerd_host.log import MARK, Log
from edgelint.testing.workerd_host.process import WorkerdError
from edgelint.testing.workerd_host.refusals import records, told
from edgelint.testing.world import World

RUNTIME = {"level": "info", "source": "workerd/io/worker.c++:3042"}


@pytest.fixture
def log() -> Iterator[Log]:
    world = World()
    fake: Any = SimpleNamespace(world=world, maps={}, bundles={"app": SimpleNamespace(maps={})})
    yield Log(fake)
    world.close()


def mark(log: Log, **told: Any) -> None:
    log.take({"level": "debug", "message": MARK + json.dumps(told)})


def failures(log: Log) -> list[str]:
    return [f"{label}: {error}" for label, error in log._world.failures]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("uncaught exception; source = Uncaught; stack = RangeError: in a timer\n    at f (a.js:30:11)",
         "uncaught: RangeError: in a timer\n    at f (a.js:30:11)"),
        ("uncaught exception; source = Uncaught (in promise); stack = plain text", "uncaught: Error: plain text"),
        ("uncaught exception; desc = TypeError: two\nlines\n    at a.js:1:2",
         "uncaught: TypeError: two\nlines\n    at a.js:1:2"),
        ("uncaught exception; source = Uncaught; stack = DOMException: gone", "uncaught: DOMException: gone"),
    ],
)  # fmt: skip
def test_what_is_uncaught(log: Log, message: str, expected: str) -> None:
    log.take({**RUNTIME, "message": message})

    assert failures(log) == [expected]


def test_what_the_runtime_says_itself(log: Log) -> None:
    log.take({**RUNTIME, "message": "uncaught exception; exception = workerd/jsg/value.h:1456: failed: jsg.Error: x"})
    log.take({**RUNTIME, "level": "warn", "message": "beware"})
    log.take({"level": "info", "message": "of the app"})

    assert failures(log) == []
    assert log._world.logs == [("warn", "workerd: beware"), ("info", "of the app")]


def test_why_the_runtime_answered_an_event(log: Log) -> None:
    begin = "Uncaught exception: workerd/io/io-context.c++:2052: failed: remote.jsg."
    log.take({**RUNTIME, "level": "error", "message": f"{begin}Error: The code had hung and so on"})
    assert isinstance(log.refused(), HungError)
    log.take({**RUNTIME, "level": "error", "message": f"{begin}TypeError: wrong"})
    refused = log.refused()
    assert isinstance(refused, EdgeError)
    assert (refused.name, refused.message) == ("TypeError", "wrong")
    assert str(log.refused()) == "Error: internal error"
    assert log._world.logs == []


def test_an_error_that_its_caller_gets_is_no_failure_here(log: Log) -> None:
    stack = "RangeError: far\n    at Counter.f (a.js:3:4)"
    log.take({**RUNTIME, "message": f"uncaught exception; source = Uncaught (in promise); stack = {stack}"})
    log.take({**RUNTIME, "message": "uncaught exception; source = Uncaught (in promise); stack = RangeError: other"})
    error = {"name": "RangeError", "message": "far", "remote": True}

    mark(log, what="crossed", error={"name": "RangeError", "message": "far"})
    mark(log, what="crossed", error={"name": "Error", "message": "of the gate"})

    assert failures(log) == ["uncaught: RangeError: other"]
    assert log.inside(error) == "\n    at Counter.f (a.js:3:4)"
    assert log.inside({**error, "remote": False}) == ""
    assert log.inside({**error, "message": "another"}) == ""


def test_rejections_that_nobody_handles_or_somebody_later(log: Log) -> None:
    error = {"name": "Error", "message": "m", "stack": "Error: m\n    at g (a.js:1:1)"}
    for number in (1, 2):
        mark(log, what="unhandled", worker="app", id=number, error=error)
    mark(log, what="handled", worker="app", id=1, error=None)
    mark(log, what="handled", worker="app", id=9, error=None)
    mark(log, what="uncaught", worker="app", error=error)
    log.rejected("app", "fetch", error)

    said = "Error: m\n    at g (a.js:1:1)"
    assert failures(log) == [f"unhandled rejection: {said}", f"uncaught: {said}", f"waitUntil of fetch: {said}"]


def test_frames_of_an_object_come_before_those_of_its_caller() -> None:
    written = {"name": "Error", "message": "at noon\n    at night", "remote": True,
               "stack": "Error: at noon\n    at night\n    at async caller (a.js:9:9)"}  # fmt: skip

    error = js_error(written, {}, "\n    at callee (a.js:1:1)")

    assert error.stack == "    at callee (a.js:1:1)\n    at async caller (a.js:9:9)"
    assert error.remote
    assert str(JsError("m", "TypeError")) == "TypeError: m"


def test_a_frame_without_a_place() -> None:
    assert (
        own_frames("\n    at async Promise.all (index 0)\n    at a.js:1:2", {})
        == "    at async Promise.all\n    at a.js:1:2"
    )


def test_lines_that_are_no_json_are_messages() -> None:
    assert records(['{"level":"warn","message":"m"}', "plain", "[1]"]) == [
        {"level": "warn", "message": "m"}, {"level": "log", "message": "plain"}, {"level": "log", "message": "[1]"},
    ]  # fmt: skip


def test_why_a_worker_does_not_start() -> None:
    said = "service app: Uncaught TypeError: x\n  at a.js:2:7 in f\n  at a.js:9:1\nstack: /bin/w@1"
    lines = [
        json.dumps({"level": "error", "message": said}),
        '{"level":"error","message":"service app has no such named entrypoint: EdgelintControl"}',
    ]

    assert told(lines) == "worker 'app': Uncaught TypeError: x\n    at f (a.js:2:7)\n    at a.js:9:1"
    assert told(lines[1:]) == "service app has no such named entrypoint: EdgelintControl"
    assert str(WorkerdError("what", [])) == "what"
    assert str(WorkerdError("what", ["line"])) == "what\nline"
