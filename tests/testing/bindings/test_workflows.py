"""Workflows: instances, steps and their retries, sleeps, events, pausing and restarting."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgelint.testing.bindings.workflow_config import StepConfig, duration_ms, retry_delay, step_config
from edgelint.testing.bindings.workflows import Step, WorkflowBinding, WorkflowInstance
from edgelint.testing.clock import START
from edgelint.testing.errors import EdgeError, EdgeUsageError, UnsupportedBindingError
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World
from tests.testing.bindings.fake_host import FakeHost, config, declared, world_of

Run = Callable[[dict[str, Any], Step], Any]
HOUR = 3600
REPLACED = (
    "The execution of the Workflow instance was terminated, as a step threw an NonRetryableError and it was not handled"
)
INVALID = 'returned an invalid delay value (expected a number of ms or a duration string like "30 seconds")'


class NonRetryableError(Exception):
    """As the Python SDK has it."""


def bound(run: Run, **fields: Any) -> tuple[World, WorkflowBinding]:
    options = {key: fields.pop(key) for key in ("date", "flags", "seed") if key in fields}
    world = world_of(FakeHost(workflows={"Flow": run}), **{"date": "2026-06-01", **options})
    return world, WorkflowBinding(declared("workflow", "FLOW", "flow", class_name="Flow", **fields), world)


def begin(run: Run, **options: Any) -> tuple[World, WorkflowInstance]:
    """A world with an instance of the id "i" that has run as far as it gets without the clock moving."""
    world, flow = bound(run, **options)
    instance = world.run(flow.create(id="i"))
    world.settle()
    return world, instance


def status(world: World, instance: WorkflowInstance) -> str:
    found: str = world.run(instance.status())["status"]
    return found


def advance(world: World, seconds: float) -> None:
    world.advance_to(world.clock.now + seconds * 1000)


def error_of(call: Callable[[], Any]) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        call()
    return caught.value


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


class WorkflowRecords:
    """What a world remembers of the steps of an instance."""

    def __init__(self, world: World) -> None:
        self._world = world

    def records(self, workflow: str, instance: str) -> list[Any]:
        store = self._world.shared(("workflow", workflow), lambda: None)
        assert store is not None
        return list(store.instances[instance].records.values())


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


async def never(given: Any) -> None:
    await asyncio.sleep(HOUR)


def broken(given: Any) -> None:
    raise EdgeError("oops")


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


def waiting(timeout: Any = None) -> Run:
    async def run(event: dict[str, Any], step: Step) -> Any:
        return await step.wait_for_event("approval", "approve", timeout)

    return run


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
