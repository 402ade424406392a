"""When a project is analysed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgelint import engine
from edgelint.lsp import desk as desk_module
from edgelint.lsp.analysis import EMPTY, Snapshot
from edgelint.lsp.desk import Desk


class FakeAnalysis:
    """Counts what it is asked for. ``text`` is what a snapshot is of."""

    def __init__(self) -> None:
        self.root = Path("/app")
        self.last = EMPTY
        self.text = 0
        self.calls: list[str] = []
        self.has_quick = True
        self.fails = False
        self.slow: Callable[[Callable[[], bool]], None] = lambda stop: None

    def _snapshot(self, name: str, whole: bool) -> Snapshot:
        self.calls.append(name)
        self.last = EMPTY._replace(texts={"a": str(self.text).encode()}, whole=whole)
        return self.last

    def quick(self, stop: Callable[[], bool]) -> Snapshot | None:
        return self._snapshot("quick", False) if self.has_quick else None

    def run(self, stop: Callable[[], bool]) -> Snapshot:
        self.slow(stop)
        if self.fails:
            raise RuntimeError("a defect")
        return self._snapshot("run", True)

    def prepare(self, stop: Callable[[], bool]) -> None:
        self.calls.append("prepare")


class FakeWindow:
    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1)
        self.shown: list[tuple[bytes, bool]] = []
        self.said: list[str] = []

    async def publish(self, desk: Desk, snapshot: Snapshot) -> None:
        self.shown.append((snapshot.texts.get("a", b""), snapshot.whole))

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DEBOUNCE": 0.0, "REST": 0.01, "SLOW": -1.0, "IDLE": 0.0}.items():
        monkeypatch.setattr(desk_module, name, value)


def session(work: Callable[[Desk, Any, FakeWindow], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        analysis: Any = FakeAnalysis()
        window = FakeWindow()
        desk = Desk(analysis, window)
        await work(desk, analysis, window)
        desk.close()
        window.pool.shutdown()

    asyncio.run(asyncio.wait_for(run(), 30))


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


pytestmark = pytest.mark.usefixtures("quickly")


def test_a_first_answer_and_then_the_whole() -> None:
    async def work(desk: Desk, analysis: Any, window: FakeWindow) -> None:
        assert (await desk.whole()).whole
        assert analysis.calls[0] == "run"  # nothing is known yet: no first answer is worth it
        await until(lambda: "prepare" in analysis.calls)
        analysis.text = 1
        desk.changed()
        assert await desk.newest() == EMPTY._replace(texts={"a": b"1"}, whole=False)
        await until(lambda: len(window.shown) == 3)
        assert window.shown == [(b"0", True), (b"1", False), (b"1", True)]
        assert (await desk.whole()).whole
        assert (await desk.newest()).whole
        await until(lambda: analysis.calls == ["run", "prepare", "quick", "run", "prepare"])

    session(work)


def test_who_wants_the_whole_does_not_wait_for_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "REST", 1_000.0)

    async def work(desk: Desk, analysis: Any, window: FakeWindow) -> None:
        await desk.whole()
        desk.changed()
        assert not (await desk.newest()).whole
        assert (await desk.whole()).whole
        desk.changed()
        both = await asyncio.gather(desk.newest(), desk.whole())
        assert [each.whole for each in both] == [False, True]

    session(work)


def test_an_edit_stops_a_run_that_is_under_way() -> None:
    async def work(desk: Desk, analysis: Any, window: FakeWindow) -> None:
        started: list[int] = []

        def slow(stop: Callable[[], bool]) -> None:
            started.append(analysis.text)
            while len(started) == 1:
                if stop():
                    raise engine.Stopped

        analysis.slow = slow
        desk.changed()
        await until(lambda: started)
        analysis.text = 1
        desk.changed()
        assert (await desk.whole()).texts == {"a": b"1"}
        assert window.shown == [(b"1", True)]

    session(work)


def test_a_run_that_ended_too_late_is_not_shown() -> None:
    async def work(desk: Desk, analysis: Any, window: FakeWindow) -> None:
        loop = asyncio.get_running_loop()

        def slow(stop: Callable[[], bool]) -> None:
            if not analysis.calls:
                loop.call_soon_threadsafe(desk.changed)
                while not stop():
                    pass

        analysis.slow = slow
        desk.changed()
        assert (await desk.whole()).whole
        assert analysis.calls.count("run") == 2
        assert window.shown == [(b"0", False), (b"0", True)]  # of the second edit alone

    session(work)


def test_a_first_answer_that_cannot_be_given() -> None:
    async def work(desk: Desk, analysis: Any, window: FakeWindow) -> None:
        await desk.whole()
        analysis.has_quick = False
        desk.changed()
        assert (await desk.newest()).whole
        assert window.shown == [(b"0", True)] * 2

    session(work)


def test_a_defect_is_said_and_the_last_snapshot_stands() -> None:
    async def work(desk: Desk, analysis: Any, window: FakeWindow) -> None:
        analysis.fails = True
        assert await desk.whole() == EMPTY
        assert window.said == ["the analysis of /app failed: RuntimeError: a defect"]
        analysis.fails = False
        desk.changed()
        assert (await desk.whole()).texts == {"a": b"0"}

    session(work)


def test_a_desk_that_is_closed_answers_nobody() -> None:
    async def work(desk: Desk, analysis: Any, window: FakeWindow) -> None:
        analysis.slow = lambda stop: None if stop() else asyncio.run(asyncio.sleep(0.01))
        waiting = asyncio.ensure_future(desk.whole())
        await asyncio.sleep(0)
        desk.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        desk.changed()
        await asyncio.sleep(0.02)
        assert window.shown == []

    session(work)


def test_garbage_is_collected_when_the_editor_rests_and_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: collected.append("collect"))
    monkeypatch.setattr(gc, "freeze", lambda: collected.append("freeze"))

    async def work(desk: Desk, analysis: Any, window: FakeWindow) -> None:
        await desk.whole()
        await until(lambda: collected == ["collect", "freeze"])
        monkeypatch.setattr(desk_module, "IDLE", 1_000.0)
        monkeypatch.setattr(desk_module, "RUNS", 1)
        desk.changed()
        await until(lambda: len(collected) == 3)

    session(work)
