"""Workflows: pausing, terminating, restarting."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from edgelint.testing.bindings.workflows import Step, WorkflowInstance
from edgelint.testing.clock import START
from edgelint.testing.errors import EdgeError
from edgelint.testing.values import UNDEFINED
from tests.testing.bindings.flows import (
    HOUR,
    Run,
    WorkflowRecords,
    advance,
    begin,
    bound,
    broken,
    error_of,
    status,
    waiting,
)

# Pausing, terminating, restarting


def test_a_pause_stops_time_for_a_sleep() -> None:
    async def run(event: dict[str, Any], step: Step) -> str:
        runs.append(await step.do("once", lambda ctx: 1))
        await step.sleep("nap", "1 hour")
        return "done"

    runs: list[int] = []
    world, instance = begin(run)
    advance(world, HOUR / 2)
    world.run(instance.pause())
    assert status(world, instance) == "paused"
    assert world.clock.pending() == []
    advance(world, 10 * HOUR)
    assert status(world, instance) == "paused"
    world.run(instance.resume())
    advance(world, HOUR / 2 - 1)
    assert status(world, instance) == "waiting"
    advance(world, 1)
    assert world.run(instance.status())["output"] == "done"
    assert runs == [1, 1]
    assert len(WorkflowRecords(world).records("flow", "i")[0].attempts) == 1


def test_a_pause_waits_for_the_step_that_runs_and_begins_no_other() -> None:
    begun: list[str] = []

    async def run(event: dict[str, Any], step: Step) -> str:
        async def work(context: dict[str, Any]) -> None:
            begun.append(context["step"]["name"])
            await asyncio.sleep(60)

        await step.do("a", work)
        begun.append("between")
        await step.do("b", work)
        return "done"

    world, instance = begin(run)
    world.run(instance.pause())
    world.run(instance.pause())
    assert status(world, instance) == "waitingForPause"
    advance(world, 300)
    assert (status(world, instance), begun) == ("paused", ["a"])
    world.run(instance.resume())
    advance(world, 60)
    assert (status(world, instance), begun) == ("complete", ["a", "between", "b"])


def test_a_pause_that_is_taken_back() -> None:
    async def run(event: dict[str, Any], step: Step) -> str:
        async def work(context: dict[str, Any]) -> None:
            await asyncio.sleep(60)

        await step.do("a", work)
        return "done"

    world, instance = begin(run)
    world.run(instance.pause())
    world.run(instance.resume())
    assert status(world, instance) == "running"
    advance(world, 60)
    assert status(world, instance) == "complete"


def test_a_pause_during_the_delay_of_a_retry() -> None:
    at: list[float] = []

    async def run(event: dict[str, Any], step: Step) -> str:
        def work(context: dict[str, Any]) -> str:
            at.append((world.clock.now - world.clock.start) / 1000)
            if context["attempt"] == 1:
                raise EdgeError("no")
            return "done"

        return str(await step.do("s", {"retries": {"limit": 1, "delay": "1 minute"}}, work))

    world, flow = bound(run)
    instance = world.run(flow.create(id="i"))
    world.settle()
    advance(world, 30)
    world.run(instance.pause())
    advance(world, 100)
    world.run(instance.resume())
    advance(world, 30)
    assert (status(world, instance), at) == ("complete", [0, 160])


def test_events_come_to_a_paused_instance_too() -> None:
    world, instance = begin(waiting())
    world.run(instance.pause())
    world.run(instance.send_event("approve", 1))
    world.settle()
    assert status(world, instance) == "paused"
    world.run(instance.resume())
    world.settle()
    assert world.run(instance.status())["output"]["payload"] == 1


def test_an_error_that_was_remembered_comes_again_after_a_pause() -> None:
    caught: list[str] = []

    async def run(event: dict[str, Any], step: Step) -> None:
        try:
            await step.do("s", {"retries": {"limit": 0, "delay": 0}}, broken)
        except EdgeError as error:
            caught.append(error.message)
        await step.sleep("nap", "1 hour")

    world, instance = begin(run)
    world.run(instance.pause())
    world.run(instance.resume())
    world.settle()
    assert caught == ["oops", "oops"]
    assert len(WorkflowRecords(world).records("flow", "i")[0].attempts) == 1


def test_a_pause_of_what_does_not_run_and_a_resumption_of_what_is_not_paused() -> None:
    world, instance = begin(lambda event, step: None)
    world.run(instance.pause())
    assert status(world, instance) == "complete"
    error = error_of(lambda: world.run(instance.resume()))
    assert error.message == "(instance.cannot_resume) Cannot resume instance since it is not paused"


def test_a_sleep_that_is_over_stays_over() -> None:
    async def run(event: dict[str, Any], step: Step) -> str:
        await step.sleep_until("morning", START + timedelta(hours=1))
        await step.sleep("nap", "1 minute")
        await step.wait_for_event("w", "e")
        return "done"

    world, instance = begin(run)
    advance(world, 2 * HOUR)
    world.run(instance.pause())
    world.run(instance.resume())
    world.settle()
    assert status(world, instance) == "waiting"
    world.run(instance.send_event("e"))
    world.settle()
    assert status(world, instance) == "complete"


def test_an_instance_is_terminated() -> None:
    finished: list[str] = []

    async def run(event: dict[str, Any], step: Step) -> None:
        try:
            await step.sleep("nap", "1 hour")
        finally:
            finished.append("unwound")
        finished.append("never")

    world, instance = begin(run)
    world.run(instance.terminate())
    world.settle()
    assert world.run(instance.status()) == {"status": "terminated", "error": UNDEFINED, "output": None}
    assert finished == ["unwound"]
    assert world.clock.pending() == []
    error = error_of(lambda: world.run(instance.terminate()))
    assert error.message == "(instance.cannot_terminate) Cannot terminate instance since its on a finite state"
    assert world.failures == []


def test_what_is_left_of_a_terminated_run_cannot_go_on() -> None:
    seen: list[str] = []

    async def run(event: dict[str, Any], step: Step) -> None:
        async def orphan() -> None:
            try:
                await step.sleep("nap", "1 hour")
            except EdgeError as error:
                seen.append(error.message)
            try:
                await step.do("more", lambda ctx: seen.append("ran"))
            except EdgeError as error:
                seen.append(error.message)

        keep.append(asyncio.ensure_future(orphan()))
        await asyncio.sleep(2 * HOUR)

    keep: list[Any] = []
    world, instance = begin(run)
    world.run(instance.terminate())
    world.settle()
    assert seen == ["Aborting engine: User called terminate"] * 2


def test_an_instance_that_ends_itself_while_it_runs() -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        await step.do("end", lambda ctx: instance.terminate())
        raise AssertionError("never here")

    world, flow = bound(run)
    instance = WorkflowInstance(flow, "i")
    world.run(flow.create(id="i"))
    world.settle()
    assert status(world, instance) == "terminated"


def restartable() -> tuple[Run, list[str]]:
    done: list[str] = []

    async def run(event: dict[str, Any], step: Step) -> int:
        await step.do("a", lambda ctx: done.append("a"))
        await step.sleep("nap", "1 minute")
        await step.do("b", lambda ctx: done.append("b1"))
        await step.do("b", lambda ctx: done.append("b2"))
        return len(done)

    return run, done


def test_an_instance_is_run_anew() -> None:
    run, done = restartable()
    world, instance = begin(run)
    advance(world, 60)
    assert world.run(instance.status())["output"] == 3
    world.run(instance.restart())
    assert world.run(instance.status())["output"] is None
    advance(world, 60)
    assert (world.run(instance.status())["output"], done) == (6, ["a", "b1", "b2"] * 2)


@pytest.mark.parametrize(
    ("since", "again"),
    [
        ({"name": "b", "count": 2}, ["b2"]), ({"name": "b"}, ["b1", "b2"]),
        ({"name": "nap", "type": "sleep"}, ["b1", "b2"]), ({"name": "a", "count": 1, "type": "do"}, ["a", "b1", "b2"]),
    ],
)  # fmt: skip
def test_an_instance_is_run_anew_from_a_step(since: dict[str, Any], again: list[str]) -> None:
    run, done = restartable()
    world, instance = begin(run)
    advance(world, 60)
    del done[:]
    world.run(instance.restart(since))
    advance(world, 60)
    assert (status(world, instance), done) == ("complete", again)


def test_a_step_that_never_was_is_no_place_to_begin() -> None:
    run, _ = restartable()
    world, instance = begin(run)
    error = error_of(lambda: world.run(instance.restart({"name": "c"})))
    assert error.message == '(instance.cannot_restart) Step "c" not found in execution history'
    assert status(world, instance) == "waiting"


def test_a_restart_forgets_events() -> None:
    world, instance = begin(waiting("1 hour"))
    world.run(instance.send_event("other", 1))
    world.run(instance.restart())
    world.settle()
    world.run(instance.send_event("approve", 2))
    world.settle()
    assert world.run(instance.status())["output"]["payload"] == 2


def test_worlds_end_with_instances_that_run() -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        await step.sleep("nap", "1 hour")

    world, _ = begin(run)
    world.close()
    assert world.failures == []
