"""Workflows: steps, their retries, timeouts and results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from edgelint.testing.bindings.workflows import Step, WorkflowBinding
from edgelint.testing.clock import START
from edgelint.testing.errors import EdgeError, EdgeUsageError, UnsupportedBindingError
from edgelint.testing.operation import Operation
from tests.testing.bindings.fake_host import FakeHost, declared, world_of
from tests.testing.bindings.flows import (
    HOUR,
    INVALID,
    REPLACED,
    NonRetryableError,
    WorkflowRecords,
    advance,
    begin,
    bound,
    broken,
    status,
)


async def never(given: Any) -> None:
    await asyncio.sleep(HOUR)


# Steps


def test_a_step_gets_its_context_and_its_result_is_a_copy() -> None:
    contexts: list[dict[str, Any]] = []
    kept: list[Any] = []

    async def run(event: dict[str, Any], step: Step) -> Any:
        async def work(context: dict[str, Any]) -> list[int]:
            contexts.append(context)
            kept.append([1])
            return kept[0]  # type: ignore[no-any-return]

        first = await step.do("s", work)
        kept[0].append(2)
        await step.do(
            "s", {"retries": {"limit": 2, "delay": "1 second"}, "timeout": 5000}, lambda ctx: contexts.append(ctx)
        )
        await step.do("t", {"retries": {"limit": 2, "delay": lambda ctx: 1}}, lambda ctx: contexts.append(ctx))
        return first

    world, instance = begin(run)
    assert world.run(instance.status())["output"] == [1]
    default = {"retries": {"limit": 5, "delay": 10_000, "backoff": "exponential"}, "timeout": "10 minutes"}
    assert contexts == [
        {"step": {"name": "s", "count": 1}, "attempt": 1, "config": default},
        {"step": {"name": "s", "count": 2}, "attempt": 1, "config": {
            "retries": {"limit": 2, "delay": "1 second", "backoff": "exponential"}, "timeout": 5000}},
        {"step": {"name": "t", "count": 1}, "attempt": 1, "config": {
            "retries": {"limit": 2, "backoff": "exponential"}, "timeout": "10 minutes"}},
    ]  # fmt: skip


def test_a_failing_step_is_tried_six_times_with_growing_delays() -> None:
    at: list[float] = []
    caught: list[EdgeError] = []

    async def run(event: dict[str, Any], step: Step) -> str:
        def work(context: dict[str, Any]) -> None:
            at.append((world.clock.now - world.clock.start) / 1000)
            raise ValueError(f"attempt {context['attempt']}")

        try:
            await step.do("s", work)
        except EdgeError as error:
            caught.append(error)
        return "went on"

    world, flow = bound(run)
    instance = world.run(flow.create())
    advance(world, HOUR)
    assert at == [0, 10, 30, 70, 150, 310]
    assert caught[0].name == "PythonError"
    assert caught[0].message.endswith("ValueError: attempt 6\n")
    assert world.run(instance.status())["output"] == "went on"


def test_a_step_that_succeeds_later_goes_on() -> None:
    async def run(event: dict[str, Any], step: Step) -> Any:
        def work(context: dict[str, Any]) -> int:
            if context["attempt"] < 3:
                raise EdgeError("not yet")
            return int(context["attempt"])

        return await step.do("s", {"retries": {"limit": 5, "delay": "1 minute", "backoff": "constant"}}, work)

    world, instance = begin(run)
    advance(world, 119)
    assert status(world, instance) == "running"
    advance(world, 1)
    assert world.run(instance.status())["output"] == 3


def test_an_error_that_is_not_caught_ends_the_instance() -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        def work(context: dict[str, Any]) -> None:
            raise EdgeError("broken", "RangeError")

        await step.do("s", {"retries": {"limit": 0, "delay": 0}}, work)

    world, instance = begin(run)
    assert world.run(instance.status()) == {
        "status": "errored", "error": {"name": "RangeError", "message": "broken"}, "output": None,
    }  # fmt: skip
    assert world.logs == [("error", "workflow flow i: RangeError: broken")]
    assert world.failures == []


@pytest.mark.parametrize("error", [NonRetryableError("stop"), EdgeError("stop", "NonRetryableError"),
                                   EdgeError("NonRetryableError: stop")])  # fmt: skip
@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-05-14", {"name": "NonRetryableError", "message": "stop"}),
        ("2026-05-13", {"name": "WorkflowFatalError", "message": REPLACED}),
    ],
)  # fmt: skip
def test_a_non_retryable_error_is_not_tried_again(error: Exception, date: str, expected: dict[str, str]) -> None:
    tried: list[int] = []

    async def run(event: dict[str, Any], step: Step) -> None:
        def work(context: dict[str, Any]) -> None:
            tried.append(context["attempt"])
            raise error

        await step.do("s", work)

    world, instance = begin(run, date=date)
    assert tried == [1]
    assert world.run(instance.status())["error"] == expected


def test_a_workflow_of_a_worker_that_is_not_there_keeps_the_message() -> None:
    world = world_of(FakeHost(workflows={"Flow": lambda event, step: (_ for _ in ()).throw(NonRetryableError("x"))}))
    flow = WorkflowBinding(declared("workflow", "FLOW", "flow", worker="", class_name="Flow"), world)
    instance = world.run(flow.create())
    world.settle()
    assert world.run(instance.status())["error"] == {"name": "NonRetryableError", "message": "x"}


def test_a_step_that_takes_too_long_is_tried_again() -> None:
    finished: list[int] = []

    async def run(event: dict[str, Any], step: Step) -> Any:
        async def work(context: dict[str, Any]) -> int:
            if context["attempt"] == 1:
                await asyncio.sleep(100)
            finished.append(context["attempt"])
            return int(context["attempt"])

        return await step.do("s", {"timeout": "30 seconds", "retries": {"limit": 1, "delay": 0}}, work)

    world, instance = begin(run)
    advance(world, 29)
    assert finished == []
    advance(world, 1)
    assert world.run(instance.status())["output"] == 2
    record = next(iter(WorkflowRecords(world).records("flow", "i")))
    assert record.attempts[0].error == ("WorkflowTimeoutError", "Execution timed out after 30000ms")
    assert (record.attempts[0].end, record.attempts[1].start) == (
        world.clock.start + 30_000,
        world.clock.start + 30_000,
    )
    advance(world, 100)
    assert finished == [2, 1]


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (lambda given: f"{given['ctx']['attempt'] * 30} seconds", [0, 30, 90]),
        (lambda given: 5000 if "first" in given["error"].message else "1 minute", [0, 5, 65]),
    ],
)
def test_a_delay_may_be_a_function(delay: Callable[..., Any], expected: list[float]) -> None:
    at: list[float] = []

    async def run(event: dict[str, Any], step: Step) -> None:
        def work(context: dict[str, Any]) -> None:
            at.append((world.clock.now - world.clock.start) / 1000)
            raise EdgeError("first" if len(at) == 1 else "later")

        await step.do("s", {"retries": {"limit": 2, "delay": delay, "backoff": "constant"}}, work)

    world, flow = bound(run)
    world.run(flow.create())
    advance(world, HOUR)
    assert at == expected


@pytest.mark.parametrize(
    ("delay", "problem"),
    [
        (never, "did not return within 5 seconds"), (broken, "threw an error: oops"),
        (lambda given: "soon", INVALID), (lambda given: -1, INVALID),
    ],
)  # fmt: skip
def test_a_delay_function_that_is_broken_ends_the_step(delay: Callable[..., Any], problem: str) -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        await step.do("s", {"retries": {"limit": 2, "delay": delay}}, broken)

    world, instance = begin(run)
    advance(world, 5)
    assert world.run(instance.status())["error"] == {
        "name": "NonRetryableDelayError", "message": f'The delay function for step "s-1" {problem}',
    }  # fmt: skip


def test_a_mistake_of_the_test_in_a_step_is_no_failure_of_the_step() -> None:
    def mistake(given: Any) -> None:
        raise EdgeUsageError("no stub")

    async def run(event: dict[str, Any], step: Step) -> None:
        await step.do("s", {"retries": {"limit": 2, "delay": mistake}}, broken if event["payload"] else mistake)

    for params in (True, False):
        world, flow = bound(run)
        instance = world.run(flow.create(params=params))
        world.settle()
        assert [str(error) for _, error in world.failures] == ["no stub"]
        assert status(world, instance) == "errored"


def test_a_result_may_have_a_mebibyte() -> None:
    errors: list[EdgeError] = []

    async def run(event: dict[str, Any], step: Step) -> int:
        config = {"retries": {"limit": 0, "delay": 0}}
        try:
            await step.do("big", config, lambda ctx: "x" * 2**20)
        except EdgeError as error:
            errors.append(error)
        return len(await step.do("fits", config, lambda ctx: "x" * (2**20 - 8)))

    world, instance = begin(run)
    assert world.run(instance.status())["output"] == 2**20 - 8
    assert (errors[0].name, errors[0].message) == (
        "WorkflowInternalError", "Step big-1 output is too large. Maximum allowed size is 1MiB.",
    )  # fmt: skip


def test_a_result_that_cannot_be_copied_ends_the_instance_for_good() -> None:
    async def run(event: dict[str, Any], step: Step) -> str:
        try:
            await step.do("s", lambda ctx: object())
        except Exception:
            try:
                await step.do("t", lambda ctx: 1)
            except EdgeError as error:
                seen.append(error.message)
        return "went on"

    seen: list[str] = []
    world, instance = begin(run)
    assert world.run(instance.status())["error"] == {
        "name": "WorkflowFatalError",
        "message": 'The execution of the Workflow instance was terminated, as the step "s" returned a value which is '
        "not serialisable",
    }
    assert seen == ["Aborting engine: User called terminate"]
    assert world.run(instance.status())["status"] == "errored"


def test_an_output_that_cannot_be_copied_is_an_error() -> None:
    world, instance = begin(lambda event, step: object())
    assert world.run(instance.status())["error"]["name"] == "DataCloneError"


@pytest.mark.parametrize("name", ["x" * 257, "a\nb", 5])
def test_names_of_steps_that_are_refused(name: Any) -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        await step.do(name, lambda ctx: 1)

    world, instance = begin(run)
    error = world.run(instance.status())["error"]
    assert error["name"] == "WorkflowFatalError"
    assert error["message"] == f'Step name "{name}" exceeds max length (256 chars) or invalid characters found'


def test_a_step_needs_a_callback_and_takes_no_rollback() -> None:
    async def run(event: dict[str, Any], step: Step) -> Any:
        found = []
        arguments: list[tuple[Any, ...]] = [(), ({},), ({}, 5)]
        for rest in arguments:
            try:
                await step.do("s", *rest)
            except EdgeError as error:
                found.append((error.name, error.message))
        return found

    world, instance = begin(run)
    expected = ["WorkflowFatalError", 'Step "s" requires a callback function']
    assert world.run(instance.status())["output"] == [expected] * 3

    async def with_rollback(event: dict[str, Any], step: Step) -> Any:
        await step.do("s", broken, {"rollback": broken})

    world, instance = begin(with_rollback)
    assert status(world, instance) == "errored"
    assert isinstance(world.failures[0][1], UnsupportedBindingError)


def test_steps_are_limited_and_sleeps_do_not_count() -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        for number in range(3):
            await step.sleep(f"sleep {number}", 0)
            await step.do(f"step {number}", lambda ctx: 1)

    world, instance = begin(run, limits={"steps": 2})
    assert world.run(instance.status())["error"] == {
        "name": "WorkflowFatalError",
        "message": "The limit of 2 steps has been reached. This limit can be changed in your worker configuration.",
    }
    assert len(WorkflowRecords(world).records("flow", "i")) == 5


def test_steps_run_beside_each_other() -> None:
    async def run(event: dict[str, Any], step: Step) -> Any:
        async def work(context: dict[str, Any]) -> str:
            await asyncio.sleep(10)
            return str(context["step"]["name"])

        return await asyncio.gather(*(step.do(name, work) for name in "abc"))

    world, instance = begin(run)
    advance(world, 10)
    assert world.run(instance.status())["output"] == ["a", "b", "c"]


def test_steps_pass_the_gate_as_the_app_s() -> None:
    operations: list[Operation] = []

    async def run(event: dict[str, Any], step: Step) -> None:
        await step.do("s", lambda ctx: 1)
        await step.sleep("n", "1 second")
        await step.sleep_until("u", START + timedelta(minutes=1))
        await step.wait_for_event("w", "e", timeout="1 minute")

    world, flow = bound(run)
    world.gate.observers.append(operations.append)
    instance = world.run(flow.create(id="i"))
    advance(world, 60)
    world.run(instance.send_event("e"))
    world.settle()
    assert {(op.name, op.kind, op.key, op.outcome) for op in operations if op.kind == "workflow"} == {
        ("FLOW.create", "workflow", "i", "ok"), ("FLOW.sendEvent", "workflow", "i", "ok"),
    }  # fmt: skip
    steps = [op for op in operations if op.kind == "workflow-step"]
    assert {(op.name, op.key) for op in steps} == {
        ("FLOW.do", "s"), ("FLOW.sleep", "n"), ("FLOW.sleepUntil", "u"), ("FLOW.waitForEvent", "w"),
    }  # fmt: skip
    assert {(op.origin, op.invocation, op.attributes["instance"]) for op in steps} == {
        ("app", "workflow flow i 1", "i")
    }
