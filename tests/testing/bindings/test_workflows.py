"""Workflows: durations and configurations, creating, finding and deleting instances."""

from __future__ import annotations

import re
from typing import Any

import pytest

from edgelint.testing.bindings.workflow_config import StepConfig, duration_ms, retry_delay, step_config
from edgelint.testing.bindings.workflows import Step, WorkflowBinding
from edgelint.testing.clock import START
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED
from tests.testing.bindings.fake_host import FakeHost, config, declared
from tests.testing.bindings.flows import HOUR, advance, begin, bound, error_of

# Durations and configurations


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (5, 5.0), (1.5, 1.5), ("250", 250.0), ("1 second", 1000.0), ("10 seconds", 10_000.0), ("1.5 minutes", 90_000.0),
        ("26 hours", 93_600_000.0), ("1 day", 86_400_000.0), ("2 weeks", 1_209_600_000.0), ("1 month", 2_592_000_000.0),
        ("1 year", 31_557_600_000.0),
    ],
)  # fmt: skip
def test_durations(value: Any, ms: float) -> None:
    assert duration_ms(value) == ms


@pytest.mark.parametrize("value", ["", "10s", "ten seconds", "1 parsec", "1  second x", None, True, {}])
def test_what_is_no_duration(value: Any) -> None:
    assert duration_ms(value) != duration_ms(value)


@pytest.mark.parametrize(
    ("backoff", "delays"), [("exponential", [10, 20, 40]), ("linear", [10, 20, 30]), ("constant", [10, 10, 10])]
)
def test_delays_grow_by_their_backoff(backoff: str, delays: list[float]) -> None:
    assert [retry_delay(StepConfig(backoff=backoff), attempt, 10) for attempt in (1, 2, 3)] == delays


def test_a_configuration_is_read_with_the_documented_defaults() -> None:
    assert (StepConfig().limit, StepConfig().delay, StepConfig().backoff, StepConfig().timeout) == (
        5, 10_000, "exponential", 600_000,
    )  # fmt: skip
    found = step_config("s", {"retries": {"limit": 1, "delay": "1 minute", "backoff": "linear"}, "timeout": "1 hour"})
    assert (found.limit, found.delay, found.backoff, found.timeout) == (1, 60_000, "linear", 3_600_000)
    assert step_config("s", {"retries": {"limit": 0, "delay": 0}, "sensitive": "output"}).backoff == "exponential"
    assert step_config("s", None) == StepConfig()


@pytest.mark.parametrize(
    "given",
    [
        [], {"retry": {}}, {"retries": None}, {"retries": {"limit": 1}}, {"retries": {"delay": 1}},
        {"retries": {"limit": -1, "delay": 1}}, {"retries": {"limit": True, "delay": 1}},
        {"retries": {"limit": "1", "delay": 1}}, {"retries": {"limit": 1, "delay": "soon"}},
        {"retries": {"limit": 1, "delay": -1}}, {"retries": {"limit": 1, "delay": 1, "backoff": "wild"}},
        {"retries": {"limit": 1, "delay": 1, "max": 1}}, {"timeout": 0}, {"timeout": "never"}, {"sensitive": "all"},
    ],
)  # fmt: skip
def test_configurations_that_are_refused(given: Any) -> None:
    error = error_of(lambda: step_config("s", given))
    assert (error.name, error.message.partition(".")[0]) == (
        "WorkflowFatalError", 'Step config for "s" is in a invalid format',
    )  # fmt: skip


# Instances


def test_an_instance_runs_and_completes() -> None:
    events: list[dict[str, Any]] = []

    async def run(event: dict[str, Any], step: Step) -> Any:
        events.append(event)
        return {"doubled": await step.do("double", lambda ctx: event["payload"]["n"] * 2)}

    world, flow = bound(run)
    instance = world.run(flow.create(id="order-1", params={"n": 21}))
    assert (instance.id, repr(instance)) == ("order-1", "WorkflowInstance('order-1')")
    assert world.run(instance.status())["status"] in ("queued", "running", "complete")
    world.settle()
    assert world.run(instance.status()) == {"status": "complete", "error": UNDEFINED, "output": {"doubled": 42}}
    assert events == [
        {"payload": {"n": 21}, "timestamp": START, "instanceId": "order-1", "workflowName": "flow"}
    ]  # fmt: skip


def test_an_instance_begins_as_queued_and_has_an_id_of_its_own() -> None:
    payloads: list[Any] = []
    world, flow = bound(lambda event, step: payloads.append(event["payload"]), seed=3)

    async def create() -> tuple[str, str]:
        instance = await flow.create()
        return instance.id, (await instance.status())["status"]

    first, begun = world.run(create())
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)
    assert begun == "queued"
    assert world.run(flow.create(params=None)).id != first
    world.settle()
    assert payloads == [{}, None]
    again, other = bound(lambda event, step: None, seed=3)
    assert again.run(other.create()).id == first


def test_parameters_are_a_copy() -> None:
    async def run(event: dict[str, Any], step: Step) -> Any:
        event["payload"].append(2)
        return event["payload"]

    world, flow = bound(run)
    params = [1]
    instance = world.run(flow.create(params=params))
    params.append(9)
    world.settle()
    world.run(instance.restart())
    world.settle()
    assert world.run(instance.status())["output"] == [1, 2]


@pytest.mark.parametrize("id", ["", "-a", "a b", "x" * 101, "é", 5])
def test_ids_that_are_refused(id: Any) -> None:
    world, flow = bound(lambda event, step: None)
    error = error_of(lambda: world.run(flow.create(id=id)))
    assert (error.name, error.message) == ("Error", "Workflow instance has invalid id")


def test_an_id_is_used_once() -> None:
    runs: list[str] = []
    world, flow = bound(lambda event, step: runs.append(event["instanceId"]))
    world.run(flow.create(id="a"))
    error = error_of(lambda: world.run(flow.create(id="a")))
    assert error.message == "(instance.already_exists) Instance already exists"
    created = world.run(flow.create_batch([{"id": "a"}, {"id": "b", "params": 1}, {"id": "b"}]))
    world.settle()
    assert ([each.id for each in created], runs) == (["b"], ["a", "b"])


def test_batches_that_are_refused() -> None:
    world, flow = bound(lambda event, step: None)
    assert error_of(lambda: world.run(flow.create_batch([]))).message.endswith("should have at least 1 instance")
    assert "only supports 100" in error_of(lambda: world.run(flow.create_batch([{}] * 101))).message


def test_what_is_too_large_is_refused() -> None:
    world, flow = bound(lambda event, step: None)
    error = error_of(lambda: world.run(flow.create(params="x" * 2**20)))
    assert error.message.startswith("(instance.payload_too_large)")
    instance = world.run(flow.create())
    error = error_of(lambda: world.run(instance.send_event("e", "x" * 2**20)))
    assert error.message.startswith("(instance.payload_too_large)")
    assert error_of(lambda: world.run(flow.create(params=print))).name == "DataCloneError"


def test_an_instance_is_found_by_its_id() -> None:
    world, flow = bound(lambda event, step: None)
    operations: list[Operation] = []
    world.run(flow.create(id="a"))
    world.gate.observers.append(operations.append)
    assert world.run(flow.get("a")).id == "a"
    assert error_of(lambda: world.run(flow.get("b"))).message == "instance.not_found"
    assert [(op.name, op.key) for op in operations[::2]] == [("FLOW.get", "a"), ("FLOW.get", "b")]
    assert operations[0].outcome == "hit"


def test_an_instance_is_deleted() -> None:
    async def run(event: dict[str, Any], step: Step) -> None:
        await step.sleep("long", "1 day")

    world, instance = begin(run)
    world.run(instance.delete())
    assert world.clock.pending() == []
    error = error_of(lambda: world.run(instance.status()))
    assert error.message == "(instance.not_found) Instance does not exist"


def test_a_batch_is_deleted() -> None:
    world, flow = bound(lambda event, step: None)
    world.run(flow.create_batch([{"id": "a"}, {"id": "b"}]))
    missing = {"id": "c", "code": 10400, "message": "workflows.api.error.instance.not_found"}
    assert world.run(flow.delete_batch(["a", "c", "a"])) == {
        "deleted": [{"id": "a"}, {"id": "a"}], "errors": [missing],
    }  # fmt: skip
    assert list(flow.workflow.instances) == ["b"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("a", "(body) Provided argument is invalid"),
        ([], "(body) batchDeleteInstances should have at least 1 instance"),
        (["a"] * 101, "(body) batchDeleteInstances only supports 100 instances at a time"),
        (["a", ""], "(instance.invalid_id) Instance ID is invalid"),
        ([5], "(instance.invalid_id) Instance ID is invalid"),
    ],
)
def test_batches_that_cannot_be_deleted(ids: Any, message: str) -> None:
    world, flow = bound(lambda event, step: None)
    assert error_of(lambda: world.run(flow.delete_batch(ids))).message == message


def test_a_finished_instance_is_kept_for_a_while() -> None:
    def run(event: dict[str, Any], step: Step) -> None:
        if event["payload"] == "fail":
            raise ValueError("no")

    world, flow = bound(run)
    retention = {"successRetention": "1 hour", "errorRetention": "2 hours"}
    world.run(flow.create(id="a", retention=retention))
    world.run(flow.create(id="b", params="fail", retention=retention))
    world.run(flow.create(id="c"))
    world.settle()
    advance(world, HOUR)
    assert error_of(lambda: world.run(flow.get("a"))).message == "instance.not_found"
    world.run(flow.get("b"))
    advance(world, HOUR)
    assert error_of(lambda: world.run(flow.get("b"))).message == "instance.not_found"
    advance(world, 7 * 24 * HOUR - 2 * HOUR - 1)
    world.run(flow.get("c"))
    advance(world, 1)
    world.run(flow.create(id="c"))
    for wrong in ("31 days", "soon", -1):
        error = error_of(lambda wrong=wrong: world.run(flow.create(retention={"errorRetention": wrong})))  # type: ignore[misc]
        assert "errorRetention is at most 30 days" in error.message


def test_a_workflow_may_be_of_another_worker() -> None:
    seen: list[str] = []
    world, _ = bound(lambda event, step: None)
    world.add(config("other")).run_on(FakeHost(workflows={"Flow": lambda event, step: seen.append("other")}))
    flow = WorkflowBinding(declared("workflow", "FLOW", "far", class_name="Flow", script_name="other"), world)
    world.run(flow.create())
    world.settle()
    assert seen == ["other"]
