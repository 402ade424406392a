"""What a test holds of a workflow: waiting in virtual time, and changing what instances do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from edgelint.testing.bindings.workflow_modifiers import Modifier, step_key
from edgelint.testing.bindings.workflows import (
    Step,
    WorkflowBinding,
    introspect_workflow,
    introspect_workflow_instance,
)
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.facade import Held
from edgelint.testing.world import World
from tests.testing.bindings.flows import bound

DAY = 86_400


def elapsed(world: World) -> float:
    return (world.clock.now - world.clock.start) / 1000


def usage_error(call: Callable[[], Any]) -> str:
    with pytest.raises(EdgeUsageError) as caught:
        call()
    return str(caught.value)


async def order(event: dict[str, Any], step: Step) -> Any:
    """A step that fails twice, a sleep, an event, a step."""

    def charge(context: dict[str, Any]) -> str:
        if context["attempt"] < 3:
            raise EdgeError(f"attempt {context['attempt']}")
        return "charged"

    charged = await step.do("charge", charge)
    await step.sleep("cool", "1 day")
    approval = await step.wait_for_event("approval", "approve", "1 hour")
    await step.do("ship", lambda context: "shipped")
    return [charged, approval["payload"]]


# Waiting


def test_waiting_moves_the_clock_to_what_the_instance_waits_for() -> None:
    world, flow = bound(order)
    instance = introspect_workflow_instance(flow, "i")
    world.run(flow.create(id="i"))
    assert world.run(instance.wait_for_step_result("charge")) == "charged"
    assert elapsed(world) == 30
    world.run(instance.wait_for_status("waiting"))
    assert elapsed(world) == 30
    world.run(world.run(flow.get("i")).send_event("approve", "yes"))
    world.run(instance.wait_for_status("complete"))
    assert elapsed(world) == 30 + DAY
    assert world.run(instance.get_output()) == ["charged", "yes"]
    assert world.run(instance.wait_for_step_result({"name": "ship", "index": 1})) == "shipped"
    assert [(record.kind, record.name, len(record.attempts)) for record in instance.steps] == [
        ("do", "charge", 3), ("sleep", "cool", 0), ("waitForEvent", "approval", 0), ("do", "ship", 1),
    ]  # fmt: skip


def test_waiting_for_an_instance_that_is_queued() -> None:
    world, flow = bound(order)
    world.run(flow.create(id="i"))
    world.run(introspect_workflow_instance(flow, "i").wait_for_status("queued"))
    world.run(introspect_workflow_instance(flow, "i").wait_for_status("running"))
    assert elapsed(world) == 0


def test_an_end_that_is_not_the_expected_one_is_said_with_its_error() -> None:
    world, flow = bound(order)
    world.run(flow.create(id="i"))
    instance = introspect_workflow_instance(flow, "i")
    assert usage_error(lambda: world.run(instance.wait_for_status("complete"))) == (
        "[WorkflowIntrospector] The Workflow instance i has reached status 'errored'. This is a finite status that "
        "prevents it from ever reaching the expected status of 'complete'. "
        "(WorkflowTimeoutError: Execution timed out after 3600000ms)"
    )
    assert world.run(instance.get_error()) == {
        "name": "WorkflowTimeoutError", "message": "Execution timed out after 3600000ms",
    }  # fmt: skip
    assert usage_error(lambda: world.run(instance.get_output())).startswith(
        'Cannot retrieve output: Workflow instance is in status "errored" but must be "complete" to have an output'
    )
    assert usage_error(lambda: world.run(instance.wait_for_step_result("ship"))).startswith(
        "step 'ship' (1) was not done when the instance i came to status 'errored'"
    )


def test_an_error_is_there_only_when_the_instance_failed() -> None:
    world, flow = bound(lambda event, step: None)
    world.run(flow.create(id="i"))
    world.settle()
    instance = introspect_workflow_instance(flow, "i")
    assert usage_error(lambda: world.run(instance.get_error())) == (
        'Cannot retrieve error: Workflow instance is in status "complete" but must be "errored" to have error '
        "information available"
    )


def test_the_error_of_a_step_is_raised() -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        def fail(context: dict[str, Any]) -> None:
            raise EdgeError("no", "RangeError")

        await step.do("s", fail)

    world, flow = bound(run)
    world.run(flow.create(id="i"))
    with pytest.raises(EdgeError, match="RangeError: no"):
        world.run(introspect_workflow_instance(flow, "i").wait_for_step_result("s"))
    assert elapsed(world) == 310


def test_time_that_the_app_itself_takes_passes() -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        await asyncio.sleep(600)

        async def slow(context: dict[str, Any]) -> None:
            await asyncio.sleep(60)

        await step.do("slow", slow)

    world, flow = bound(run)
    world.run(flow.create(id="i"))
    world.run(introspect_workflow_instance(flow, "i").wait_for_status("complete"))
    assert elapsed(world) == 660


def test_what_nothing_brings_about() -> None:
    world, flow = bound(order)
    instance = world.run(flow.create(id="i"))
    world.settle()
    world.run(instance.pause())
    assert usage_error(lambda: world.run(introspect_workflow_instance(flow, "i").wait_for_status("complete"))) == (
        "nothing brings the instance i to the status 'complete': its status is 'paused'"
    )
    assert usage_error(lambda: world.run(introspect_workflow_instance(flow, "x").get_output())) == (
        "workflow 'flow' has no instance 'x'"
    )


# Changing


@pytest.mark.parametrize(
    "step", ["a", ("a", 1), {"name": "a"}, {"name": "a", "index": 1}, {"name": "a", "index": None}]
)
def test_steps_are_named_in_several_ways(step: Any) -> None:
    assert step_key(step) == ("a", 1)


@pytest.mark.parametrize("step", [5, {"index": 1}, ("a",)])
def test_what_names_no_step(step: Any) -> None:
    assert "a step is named 'name', ('name', 2)" in usage_error(lambda: step_key(step))


def changed(change: Callable[[Modifier], Any], run: Any = order) -> tuple[World, WorkflowBinding]:
    """A world whose instance "i" was changed before it was created."""
    world, flow = bound(run)
    change(introspect_workflow_instance(flow, "i"))
    world.run(flow.create(id="i"))
    return world, flow


def finished(world: World, flow: WorkflowBinding, status: str = "complete") -> Any:
    instance = introspect_workflow_instance(flow, "i")
    world.run(instance.wait_for_status(status))
    return world.run(instance.get_output()) if status == "complete" else world.run(instance.get_error())


def test_everything_without_time() -> None:
    def change(instance: Modifier) -> None:
        instance.disable_sleeps()
        instance.disable_retry_delays()
        instance.mock_event("approve", {"by": "test"})

    world, flow = changed(change)
    assert finished(world, flow) == ["charged", {"by": "test"}]
    assert elapsed(world) == 0


def test_some_sleeps_and_some_delays() -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        for _ in range(2):
            await step.sleep("nap", "1 hour")

        def fail_once(context: dict[str, Any]) -> None:
            if context["attempt"] == 1:
                raise EdgeError("no")

        for _ in range(2):
            await step.do("s", {"retries": {"limit": 1, "delay": "1 minute"}}, fail_once)

    def change(instance: Modifier) -> None:
        instance.disable_sleeps([("nap", 2)])
        instance.disable_retry_delays([{"name": "s", "index": 1}])

    world, flow = changed(change, run)
    finished(world, flow)
    assert elapsed(world) == 3600 + 60


def test_a_result_in_place_of_a_step() -> None:
    result = {"id": [1]}

    async def run(event: dict[str, Any], step: Step) -> Any:
        def never(context: dict[str, Any]) -> None:
            raise AssertionError("never run")

        return await step.do("s", never)

    world, flow = changed(lambda instance: instance.mock_step_result("s", result), run)
    result["id"].append(2)
    assert finished(world, flow) == {"id": [1]}
    instance = introspect_workflow_instance(flow, "i")
    assert "to mock step 's' multiple times" in usage_error(lambda: instance.mock_step_result("s", 1))
    assert "after mocking its result" in usage_error(lambda: instance.mock_step_error("s", ValueError()))
    assert "after mocking its result" in usage_error(lambda: instance.force_step_timeout("s"))


def test_errors_in_place_of_attempts() -> None:
    async def run(event: dict[str, Any], step: Step) -> Any:
        return await step.do("s", lambda context: context["attempt"])

    def change(instance: Modifier) -> None:
        instance.disable_retry_delays()
        instance.mock_step_error("s", EdgeError("first"), times=2)
        instance.force_step_timeout("s", times=1)
        instance.mock_step_error("s", ValueError("fourth"), times=1)

    world, flow = changed(change, run)
    assert finished(world, flow) == 5
    attempts = introspect_workflow_instance(flow, "i").steps[0].attempts
    assert [attempt.error[0] for attempt in attempts if attempt.error is not None] == [
        "Error", "Error", "WorkflowTimeoutError", "PythonError",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda instance: instance.mock_step_error("charge", EdgeError("always", "RangeError")),
         {"name": "RangeError", "message": "always"}),
        (lambda instance: instance.force_step_timeout("charge"),
         {"name": "WorkflowTimeoutError", "message": "Execution timed out after 0ms"}),
    ],
)  # fmt: skip
def test_a_step_that_never_succeeds(change: Callable[[Modifier], Any], expected: dict[str, str]) -> None:
    world, flow = changed(change)
    assert finished(world, flow, "errored") == expected
    assert len(introspect_workflow_instance(flow, "i").steps[0].attempts) == 6


def test_an_event_that_times_out_at_once() -> None:
    def change(instance: Modifier) -> None:
        instance.disable_sleeps()
        instance.force_event_timeout("approval")

    world, flow = changed(change)
    assert finished(world, flow, "errored")["message"] == "Execution timed out after 3600000ms"
    assert elapsed(world) == 30


def test_a_mocked_event_comes_to_an_instance_that_runs_and_again_after_a_restart() -> None:
    world, flow = changed(lambda instance: instance.disable_sleeps())
    instance = introspect_workflow_instance(flow, "i")
    world.run(instance.wait_for_status("waiting"))
    instance.mock_event("approve", "mocked")
    world.run(instance.wait_for_status("complete"))
    world.run(world.run(flow.get("i")).restart())
    assert finished(world, flow) == ["charged", "mocked"]


def test_changes_may_be_written_as_in_javascript() -> None:
    world, flow = bound(order)

    async def change(instance: Modifier) -> None:
        instance.disable_sleeps()
        instance.mock_event("approve", 1)

    instance = introspect_workflow_instance(flow, "i")
    assert world.run(instance.modify(change)) is instance
    assert world.run(instance.modify(lambda m: m.disable_retry_delays())) is instance
    world.run(flow.create(id="i"))
    finished(world, flow)
    assert elapsed(world) == 0


def test_an_instance_is_disposed_of_with_its_changes() -> None:
    world, flow = changed(lambda instance: instance.mock_step_result("charge", "mocked"))
    instance = introspect_workflow_instance(flow, "i")
    world.run(instance.wait_for_status("waiting"))
    world.run(instance.dispose())
    world.run(instance.dispose())
    assert world.clock.pending() == []
    world.run(flow.create(id="i"))
    assert world.run(instance.wait_for_step_result("charge")) == "charged"


# All instances


def test_all_instances_to_come_are_changed() -> None:
    world, flow = bound(order)
    world.run(flow.create(id="before"))

    async def scenario() -> None:
        async with introspect_workflow(flow) as introspector:
            await introspector.modify_all(lambda m: m.disable_sleeps())

            async def more(instances: Modifier) -> None:
                instances.disable_retry_delays()

            await introspector.modify_all(more)
            introspector.mock_event("approve", "all")
            await flow.create(id="a")
            await flow.create_batch([{"id": "b"}])
            instances = await introspector.get()
            assert [instance.id for instance in instances] == ["a", "b"]
            for instance in instances:
                await instance.wait_for_status("complete")
                assert await instance.get_output() == ["charged", "all"]
            assert introspector.instance("a").id == "a"

    world.run(scenario())
    assert elapsed(world) == 0
    assert list(flow.workflow.instances) == ["before"]
    world.run(flow.create(id="after"))
    assert world.run(introspect_workflow_instance(flow, "after").wait_for_step_result("charge")) == "charged"
    assert elapsed(world) == 30


def test_a_workflow_has_one_introspector() -> None:
    world, flow = bound(order)
    first = introspect_workflow(flow)
    assert usage_error(lambda: introspect_workflow(flow)) == (
        'Workflow "flow" already has an active introspection session for binding "FLOW".'
    )
    assert flow.introspect() is first
    world.run(first.dispose())
    second = flow.introspect()
    assert second is not first
    world.run(first.dispose())
    assert flow.introspect() is second


def test_a_test_holds_them_without_awaiting() -> None:
    world, flow = bound(order)
    held: Any = Held(flow, world, False)
    introspector = held.introspect()
    introspector.disable_sleeps()
    introspector.disable_retry_delays()
    created = held.create(id="i")
    assert created.id == "i"
    instance = introspector.instance("i")
    instance.wait_for_status("waiting")
    created.send_event("approve", 1)
    instance.wait_for_status("complete")
    assert instance.get_output() == ["charged", 1]
    assert introspect_workflow_instance(held, "i").steps[0].result == "charged"
    assert [each.get_output() for each in introspector.get()] == [["charged", 1]]
