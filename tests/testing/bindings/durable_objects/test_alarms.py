"""Alarms on the virtual clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgelint.testing.bindings.durable_objects import DurableObjectNamespace, ObjectState
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World
from tests.testing.bindings.durable_objects.support import app, break_disk, world_of

SECOND = 1000.0


class Bell:
    """Its alarm does what ``script`` says, one entry a run; "ok" when there is nothing left."""

    script: list[str] = []
    runs: list[tuple[float, int, bool]] = []
    said: list[Any] = []

    def __init__(self, ctx: ObjectState) -> None:
        self.ctx = ctx
        self.clock = ctx._home.clock

    async def set(self, seconds: float, fail: bool = False) -> None:
        await self.ctx.storage.set_alarm(self.clock.now + seconds * SECOND)
        if fail:
            raise EdgeError("after setting")

    async def set_and_undo(self, seconds: float) -> None:
        async def callback(txn: Any) -> None:
            await txn.set_alarm(self.clock.now + seconds * SECOND)
            Bell.said.append(await txn.get_alarm())
            txn.rollback()

        await self.ctx.storage.transaction(callback)

    async def get(self) -> float | None:
        return await self.ctx.storage.get_alarm()

    async def delete(self) -> None:
        await self.ctx.storage.delete_alarm()

    async def clear(self) -> None:
        await self.ctx.storage.delete_all()

    async def alarm(self, retry_count: int, is_retry: bool) -> None:
        Bell.runs.append((self.clock.now, retry_count, is_retry))
        what = Bell.script.pop(0) if Bell.script else "ok"
        Bell.said.append(await self.ctx.storage.get_alarm())
        if what in ("again", "again and fail"):
            await self.ctx.storage.set_alarm(self.clock.now + 10 * SECOND)
            Bell.said.append(await self.ctx.storage.get_alarm())
        if what in ("delete", "delete and fail"):
            await self.ctx.storage.delete_alarm()
        if what == "clear":
            await self.ctx.storage.delete_all()
        if what in ("fail", "again and fail", "delete and fail"):
            raise ValueError(what)
        if what == "abort":
            self.ctx.abort("stop")
        if what == "abort for good":
            self.ctx.abort("stop", retry_alarm=False)
        if what == "long":
            await asyncio.sleep(3600)
        if what == "time out":
            raise TimeoutError("mine")
        if what == "write":
            await self.ctx.storage.put("written", 1)
        if what == "usage":
            raise EdgeUsageError("the test is wrong")


Made = tuple[World, DurableObjectNamespace]


@pytest.fixture
def made() -> Any:
    Bell.script, Bell.runs, Bell.said = [], [], []
    world, bell, _ = world_of(Bell)
    yield world, bell
    world.close()


def call(made: Made, *args: Any) -> Any:
    method, *rest = args
    (found,) = app(made[0], lambda: made[1].get_by_name("a").call(method, rest))
    return found


def advance(made: Made, seconds: float) -> None:
    made[0].advance_to(made[0].clock.now + seconds * SECOND)


def at(made: Made) -> list[float]:
    return [(when - made[0].clock.start) / SECOND for when, _, _ in Bell.runs]


def test_it_runs_when_it_is_due_and_is_gone_then(made: Made) -> None:
    world, bell = made
    call(made, "set", 60)
    assert call(made, "get") == world.clock.start + 60 * SECOND
    handle = bell.handle("a")
    assert handle.alarm == world.clock.datetime + timedelta(seconds=60)
    assert [timer.label for timer in world.clock.pending()] == ["alarm of Bell a"]
    advance(made, 59.999)
    assert Bell.runs == []
    advance(made, 0.001)
    assert Bell.runs == [(world.clock.start + 60 * SECOND, 0, False)]
    assert Bell.said == [None]  # none while it runs
    assert call(made, "get") is None
    assert handle.alarm is None
    assert world.logs == []


def test_a_later_one_takes_the_place_of_an_earlier(made: Made) -> None:
    call(made, "set", 60)
    call(made, "set", 10)
    call(made, "set", 30)
    advance(made, 100)
    assert at(made) == [30]


def test_what_is_past_is_due_now(made: Made) -> None:
    world, bell = made
    call(made, "set", -5)
    assert call(made, "get") == world.clock.start
    assert bell.handle("a").alarm == world.clock.datetime
    advance(made, 0)
    assert at(made) == [0]


def test_an_evicted_object_is_woken(made: Made) -> None:
    world, bell = made
    call(made, "set", 60)
    world.run(bell.handle("a").evict())
    advance(made, 60)
    assert at(made) == [60]
    assert bell.handle("a").is_in_memory


def test_retries_back_off_and_end(made: Made) -> None:
    world, bell = made
    Bell.script = ["fail"] * 20
    call(made, "set", 10)
    advance(made, 10)
    assert call(made, "get") == world.clock.start + 10 * SECOND  # it is still set
    advance(made, 1000)
    assert [count for _, count, _ in Bell.runs] == [0, 1, 2, 3, 4, 5, 6]
    assert [is_retry for _, _, is_retry in Bell.runs] == [False] + [True] * 6
    waits = [later - before for before, later in zip(at(made), at(made)[1:], strict=False)]
    for wait, least in zip(waits, [2, 4, 8, 16, 32, 64], strict=True):
        assert least <= wait <= 1.25 * least
    assert waits != [2, 4, 8, 16, 32, 64]
    assert call(made, "get") is None
    assert bell.handle("a").alarm is None
    assert [text for _, text in world.logs][-2:] == [
        "alarm of Bell a failed (try 7): Error: PythonError: ValueError: fail",
        "alarm of Bell a is given up after 6 retries",
    ]


def test_the_jitter_is_the_same_in_every_run_of_a_seed() -> None:
    found = []
    for seed in (1, 1, 2):
        Bell.script, Bell.runs = ["fail"] * 3, []
        world, bell, _ = world_of(Bell, seed=seed)
        call((world, bell), "set", 1)
        advance((world, bell), 60)
        found.append(at((world, bell)))
        world.close()
    assert found[0] == found[1] != found[2]


def test_a_success_after_a_retry_ends_it_and_the_count(made: Made) -> None:
    Bell.script = ["fail", "ok", "fail"]
    call(made, "set", 1)
    advance(made, 60)
    call(made, "set", 1)
    advance(made, 60)
    assert [count for _, count, _ in Bell.runs] == [0, 1, 0, 1]


@pytest.mark.parametrize("what", ["again", "again and fail"])
def test_set_again_while_it_runs_stands_in_place_of_a_retry(made: Made, what: str) -> None:
    world, _ = made
    Bell.script = [what]
    call(made, "set", 1)
    advance(made, 5)
    assert Bell.said == [None, world.clock.start + 11 * SECOND]
    assert call(made, "get") == world.clock.start + 11 * SECOND
    advance(made, 60)
    assert at(made) == [1, 11]
    assert [count for _, count, _ in Bell.runs] == [0, 0]


@pytest.mark.parametrize("what", ["delete", "delete and fail"])
def test_deleted_while_it_runs_is_not_tried_again(made: Made, what: str) -> None:
    Bell.script = [what]
    call(made, "set", 1)
    advance(made, 60)
    assert at(made) == [1]
    assert call(made, "get") is None


def test_deleted_or_set_between_retries(made: Made) -> None:
    Bell.script = ["fail", "fail"]
    call(made, "set", 1)
    advance(made, 1)
    call(made, "delete")
    advance(made, 60)
    assert at(made) == [1]
    call(made, "set", 1)
    advance(made, 1)
    call(made, "set", 30)
    advance(made, 60)
    assert at(made) == [1, 62, 92]
    assert [count for _, count, _ in Bell.runs] == [0, 0, 0]


def test_deleted_before_it_is_due(made: Made) -> None:
    call(made, "set", 10)
    call(made, "delete")
    assert call(made, "get") is None
    advance(made, 60)
    assert Bell.runs == []


def test_it_is_part_of_a_transaction(made: Made) -> None:
    world, bell = made
    call(made, "set_and_undo", 5)
    assert Bell.said == [world.clock.start + 5 * SECOND]
    assert bell.handle("a").alarm is None
    call(made, "set", 60)
    call(made, "set_and_undo", 5)
    advance(made, 60)
    assert at(made) == [60]


def test_one_that_was_not_written_is_not_scheduled(made: Made) -> None:
    world, bell = made
    break_disk(world)
    assert str(call(made, "set", 5)) == "Error: no disk"
    assert bell.handle("a").alarm is None


def test_a_failure_to_write_does_not_count(made: Made) -> None:
    world, _ = made
    call(made, "set", 1)
    break_disk(world, 12)
    Bell.script = ["write"] * 13 + ["fail", "ok"]
    advance(made, 20_000)
    counts = [count for _, count, _ in Bell.runs]
    assert counts == [0] * 13
    waits = [later - before for before, later in zip(at(made), at(made)[1:], strict=False)]
    assert 1024 <= waits[-1] <= 1.25 * 1024  # the back-off grows no further
    call(made, "set", 1)
    advance(made, 60)
    assert [count for _, count, _ in Bell.runs][13:] == [0, 1]


def test_after_internal_failures_the_back_off_of_the_apps_own_begins_anew(made: Made) -> None:
    world, _ = made
    call(made, "set", 1)
    break_disk(world, 4)
    Bell.script = ["write"] * 4 + ["fail", "ok"]
    advance(made, 1_000)
    waits = [later - before for before, later in zip(at(made), at(made)[1:], strict=False)]
    assert waits[3] >= 16
    assert 2 <= waits[4] <= 2.5


@pytest.mark.parametrize(("what", "runs"), [("abort", 2), ("abort for good", 1)])
def test_abort_while_it_runs(made: Made, what: str, runs: int) -> None:
    Bell.script = [what]
    call(made, "set", 1)
    advance(made, 60)
    assert len(Bell.runs) == runs
    assert call(made, "get") is None


def test_one_that_takes_too_long(made: Made) -> None:
    world, _ = made
    Bell.script = ["long"]
    call(made, "set", 1)
    advance(made, 2_000)
    assert len(Bell.runs) == 2
    assert 903 <= at(made)[1] <= 903.5  # 15 minutes, and the first wait
    assert Bell.runs[1][1:] == (1, True)
    assert "Alarm exceeded its allowed execution time" in world.logs[0][1]


def test_a_timeout_of_the_apps_own_is_an_error_like_any(made: Made) -> None:
    world, _ = made
    Bell.script = ["time out"]
    call(made, "set", 1)
    advance(made, 60)
    assert len(Bell.runs) == 2
    assert "TimeoutError: mine" in world.logs[0][1]


@pytest.mark.parametrize(("date", "left"), [("2026-02-24", False), ("2026-02-23", True)])
def test_delete_all_by_compatibility_date(date: str, left: bool) -> None:
    Bell.script, Bell.runs, Bell.said = [], [], []
    world, bell, _ = world_of(Bell, date=date)
    call((world, bell), "set", 10)
    call((world, bell), "clear")
    assert (bell.handle("a").alarm is not None) is left
    advance((world, bell), 60)
    assert len(Bell.runs) == left
    world.close()


def test_delete_all_while_it_runs(made: Made) -> None:
    Bell.script = ["clear"]
    call(made, "set", 1)
    advance(made, 60)
    assert at(made) == [1]
    assert call(made, "get") is None


@pytest.mark.parametrize("when", [0, -1, float("nan"), datetime(1969, 1, 1, tzinfo=UTC)])
def test_times_that_are_none(made: Made, when: Any) -> None:
    world, bell = made
    with pytest.raises(EdgeError, match=r"setAlarm\(\) cannot be called with an alarm time <= 0") as caught:
        world.run(bell.handle("a").storage.set_alarm(when))
    assert caught.value.name == "TypeError"


def test_a_class_without_a_handler() -> None:
    class Silent:
        def __init__(self, ctx: ObjectState) -> None:
            self.ctx = ctx

        async def set(self) -> None:
            await self.ctx.storage.set_alarm(self.ctx._home.clock.now + 5)

    world, silent, _ = world_of(Silent)
    (error,) = app(world, lambda: silent.get_by_name("a").call("set"))
    assert str(error) == "TypeError: Your Durable Object class must have an alarm() handler in order to call setAlarm()"
    handle = silent.handle("a")
    world.run(handle.evict())
    world.run(handle.storage.set_alarm(world.clock.datetime + timedelta(seconds=5)))  # a test may, blindly
    world.advance_to(world.clock.now + 5 * SECOND)
    assert handle.alarm is None
    assert world.logs[0][0] == "warn"
    world.close()


def test_set_by_a_test(made: Made) -> None:
    world, bell = made
    storage = bell.handle("a").storage
    world.run(storage.set_alarm(datetime(2026, 1, 1, 0, 0, 30)))  # without a zone it is UTC
    assert world.run(storage.get_alarm()) == world.clock.start + 30 * SECOND
    advance(made, 30)
    assert at(made) == [30]
    world.run(storage.set_alarm(world.clock.now + 5))
    world.run(storage.delete_alarm())
    assert bell.handle("a").alarm is None


def test_run_now(made: Made) -> None:
    world, bell = made
    handle = bell.handle("a")
    assert world.run(handle.run_alarm()) is False
    call(made, "set", 3600)
    assert world.run(handle.run_alarm()) is True
    assert at(made) == [0]
    assert handle.alarm is None
    Bell.script = ["fail"]
    call(made, "set", 3600)
    with pytest.raises(EdgeError, match="ValueError: fail"):
        world.run(handle.run_alarm())
    assert handle.alarm is not None
    advance(made, 3)
    assert len(Bell.runs) == 3
    assert world.run(handle.storage.get("x")) is UNDEFINED


def test_what_speaks_to_the_test_is_not_tried_again(made: Made) -> None:
    world, bell = made
    Bell.script = ["usage"]
    call(made, "set", 5)
    with pytest.raises(EdgeUsageError, match="the test is wrong"):
        world.run(bell.handle("a").run_alarm())
    assert bell.handle("a").alarm is None
