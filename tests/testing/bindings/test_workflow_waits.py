"""Workflows: sleeps, and waits for events."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgelint.testing.bindings.workflows import Step
from edgelint.testing.clock import START
from edgelint.testing.errors import EdgeError
from tests.testing.bindings.flows import HOUR, advance, begin, error_of, status, waiting

# Sleeps


def test_an_instance_sleeps_on_the_clock() -> None:
    async def run(event: dict[str, Any], step: Step) -> str:
        await step.sleep("nap", "1 hour")
        await step.sleep("more", 500)
        await step.sleep_until("morning", datetime(2026, 1, 2))
        await step.sleep_until("later", (START + timedelta(days=2)).timestamp() * 1000)
        return "awake"

    world, instance = begin(run)
    assert status(world, instance) == "waiting"
    assert [timer.label for timer in world.clock.pending()] == ["workflow flow i"]
    advance(world, 2 * 24 * HOUR - 1)
    assert status(world, instance) == "waiting"
    advance(world, 1)
    assert world.run(instance.status())["output"] == "awake"


@pytest.mark.parametrize(
    ("verb", "argument", "message"),
    [
        ("sleep", "soon", "step.sleep takes a duration of at most 365 days, not 'soon'"),
        ("sleep", "366 days", "step.sleep takes a duration of at most 365 days, not '366 days'"),
        ("sleep", -1, "step.sleep takes a duration of at most 365 days, not -1"),
        ("sleep_until", datetime(2025, 1, 1, tzinfo=UTC), "You can't sleep until a time in the past, time-traveler"),
        ("sleep_until", float("nan"), "You can't sleep until a time in the past, time-traveler"),
    ],
)
def test_sleeps_that_are_refused(verb: str, argument: Any, message: str) -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        await getattr(step, verb)("s", argument)

    world, instance = begin(run)
    assert world.run(instance.status())["error"]["message"] == message


def test_an_instance_waits_only_while_nothing_else_runs() -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        async def work(context: dict[str, Any]) -> None:
            await asyncio.sleep(60)

        await asyncio.gather(step.do("work", work), step.sleep("nap", "2 minutes"))

    world, instance = begin(run)
    assert status(world, instance) == "running"
    advance(world, 60)
    assert status(world, instance) == "waiting"
    advance(world, 60)
    assert status(world, instance) == "complete"


# Events


def test_an_instance_waits_for_an_event() -> None:
    world, instance = begin(waiting())
    assert status(world, instance) == "waiting"
    advance(world, HOUR)
    payload = {"ok": [1]}
    world.run(instance.send_event("other", 1))
    world.run(instance.send_event("approve", payload))
    payload["ok"].append(2)
    world.settle()
    found = world.run(instance.status())["output"]
    assert found == {"timestamp": START + timedelta(hours=1), "payload": {"ok": [1]}, "type": "approve"}


def test_an_event_that_comes_before_it_is_waited_for_is_kept() -> None:
    async def run(event: dict[str, Any], step: Step) -> Any:
        await step.sleep("nap", "1 minute")
        return [(await step.wait_for_event("w", "e"))["payload"] for _ in range(2)]

    world, instance = begin(run)
    world.run(instance.send_event("e", 1))
    world.run(instance.send_event("e", 2))
    advance(world, 60)
    assert world.run(instance.status())["output"] == [1, 2]


@pytest.mark.parametrize(("timeout", "seconds", "ms"), [(None, 86_400, 86_400_000), ("1 hour", 3600, 3_600_000)])
def test_an_event_that_does_not_come(timeout: Any, seconds: float, ms: int) -> None:
    world, instance = begin(waiting(timeout))
    advance(world, seconds - 1)
    assert status(world, instance) == "waiting"
    advance(world, 1)
    assert world.run(instance.status())["error"] == {
        "name": "WorkflowTimeoutError", "message": f"Execution timed out after {ms}ms",
    }  # fmt: skip


def test_who_gave_up_does_not_take_an_event_from_another() -> None:
    async def run(event: dict[str, Any], step: Step) -> Any:
        try:
            await step.wait_for_event("first", "e", "1 second")
        except EdgeError:
            return (await step.wait_for_event("second", "e"))["payload"]

    world, instance = begin(run)
    advance(world, 1)
    world.run(instance.send_event("e", "for the second"))
    world.settle()
    assert world.run(instance.status())["output"] == "for the second"


@pytest.mark.parametrize("timeout", ["0.5 seconds", "366 days", "soon"])
def test_timeouts_of_waits_that_are_refused(timeout: str) -> None:
    world, instance = begin(waiting(timeout))
    assert world.run(instance.status())["error"]["message"] == (
        f"step.waitForEvent takes a timeout of 1 second to 365 days, not '{timeout}'"
    )


@pytest.mark.parametrize("type", ["", "a.b", "x" * 101, 5])
def test_types_of_events_that_are_refused(type: Any) -> None:
    world, instance = begin(waiting())
    assert error_of(lambda: world.run(instance.send_event(type))).message.startswith("(instance.invalid_event_type)")


def test_an_instance_that_has_ended_takes_no_event() -> None:
    world, instance = begin(lambda event, step: None)
    error = error_of(lambda: world.run(instance.send_event("e")))
    assert error.message.startswith("(instance.cannot_send_event)")
