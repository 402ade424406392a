"""Worlds with one workflow, whose runs are Python functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgelint.testing.bindings.workflows import Step, WorkflowBinding, WorkflowInstance
from edgelint.testing.errors import EdgeError
from edgelint.testing.world import World
from tests.testing.bindings.fake_host import FakeHost, declared, world_of

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


class WorkflowRecords:
    """What a world remembers of the steps of an instance."""

    def __init__(self, world: World) -> None:
        self._world = world

    def records(self, workflow: str, instance: str) -> list[Any]:
        store = self._world.shared(("workflow", workflow), lambda: None)
        assert store is not None
        return list(store.instances[instance].records.values())


def broken(given: Any) -> None:
    raise EdgeError("oops")


def waiting(timeout: Any = None) -> Run:
    async def run(event: dict[str, Any], step: Step) -> Any:
        return await step.wait_for_event("approval", "approve", timeout)

    return run
