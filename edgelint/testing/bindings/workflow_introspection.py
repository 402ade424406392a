"""What a test holds of a workflow and its instances: waits for what they come to, and changes what they do.

The verbs are those of cloudflare:test in @cloudflare/vitest-plugin, in Python's spelling. Waiting takes virtual time:
the clock moves on to what the instance waits for (a sleep, a retry, a timeout).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.bindings.workflow_engine import FINISHED, Instance, StepRecord, Workflow
from edgelint.testing.bindings.workflow_modifiers import Modifications, Modifier, Selector, step_key
from edgelint.testing.clone import structured_clone
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.facade import released

if TYPE_CHECKING:
    from types import TracebackType

    from edgelint.testing.bindings.workflows import WorkflowBinding

_PATIENCE: Final = 3600
"""Seconds of virtual time that a test waits for what the app itself does with time (asyncio.sleep between steps)."""


class InstanceIntrospector(Modifier):
    """One instance, by its id, also before it is there."""

    def __init__(self, workflow: Workflow, instance_id: str) -> None:
        self.id = instance_id
        self._workflow = workflow

    def _modify(self, change: Callable[[Modifications], None]) -> None:
        change(self._workflow.modified(self.id))

    async def modify(self, change: Callable[[Modifier], Any]) -> InstanceIntrospector:
        """Call ``change`` with this introspector, for those who write as in JavaScript. Returns it."""
        result = change(self)
        if inspect.isawaitable(result):
            await result
        return self

    @property
    def steps(self) -> list[StepRecord]:
        """The steps that have begun, in order: kind, name, attempts, result."""
        return list(self._instance().records.values())

    async def wait_for_status(self, status: str) -> None:
        """Wait until the instance has a status ("complete", "errored", "waiting" ...). Raises EdgeUsageError when it
        has ended otherwise, or nothing brings it there."""
        if status == "queued":
            return
        instance = self._instance()

        def there() -> bool:
            if instance.status != status and instance.status in FINISHED:
                raise EdgeUsageError(
                    f"[WorkflowIntrospector] The Workflow instance {self.id} has reached status '{instance.status}'. "
                    "This is a finite status that prevents it from ever reaching the expected status of "
                    f"'{status}'.{_why(instance)}"
                )
            return instance.status == status

        await self._wait(instance, there, f"status '{status}'")

    async def wait_for_step_result(self, step: Selector) -> Any:
        """Wait until a ``step.do`` is done. Returns a copy of its result, or raises the EdgeError that it failed with;
        EdgeUsageError when nothing brings it there."""
        name, index = step_key(step)
        instance = self._instance()

        def record() -> StepRecord | None:
            found = (each for each in instance.records.values() if each.kind == "do")
            return next((each for each in found if (each.name, each.count) == (name, index) and each.done), None)

        def there() -> bool:
            if record() is None and instance.status in FINISHED:
                raise EdgeUsageError(
                    f"step '{name}' ({index}) was not done when the instance {self.id} came to "
                    f"status '{instance.status}'.{_why(instance)}"
                )
            return record() is not None

        await self._wait(instance, there, f"result of step '{name}'")
        found = record()
        assert found is not None
        if found.error is not None:
            raise found.error
        return structured_clone(found.result)

    async def get_output(self) -> Any:
        """What ``run`` returned. Raises EdgeUsageError unless the status is "complete"."""
        instance = self._instance()
        if instance.status != "complete":
            raise EdgeUsageError(
                f'Cannot retrieve output: Workflow instance is in status "{instance.status}" but must be "complete" to '
                f"have an output available{_why(instance)}"
            )
        return structured_clone(instance.output)

    async def get_error(self) -> dict[str, str]:
        """``{"name", "message"}`` of what the instance ended with. Raises EdgeUsageError unless the status is
        "errored"."""
        instance = self._instance()
        if instance.status != "errored" or instance.error is None:
            raise EdgeUsageError(
                f'Cannot retrieve error: Workflow instance is in status "{instance.status}" but must be "errored" to '
                "have error information available"
            )
        return dict(instance.error)

    async def dispose(self) -> None:
        """End the instance and forget it, with what was changed about it."""
        instance = self._workflow.instances.get(self.id)
        if instance is not None:
            instance.delete()
        self._workflow.modifications.pop(self.id, None)

    def _instance(self) -> Instance:
        found = self._workflow.find(self.id)
        if found is None:
            raise EdgeUsageError(f"workflow '{self._workflow.name}' has no instance '{self.id}'")
        return found

    async def _wait(self, instance: Instance, there: Callable[[], bool], what: str) -> None:
        while not there():
            changed = instance.changed()
            due = instance.next_due()
            ahead = 0.0 if due is None else max(0.0, due - instance.clock.now) / 1000
            done, _ = await asyncio.wait((changed,), timeout=ahead + _PATIENCE)
            if not done:
                raise EdgeUsageError(
                    f"nothing brings the instance {self.id} to the {what}: its status is '{instance.status}'"
                )


class WorkflowIntrospector(Modifier):
    """All instances of a workflow that are created from now on; ``modify_all`` and the verbs change them all."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._ids: list[str] = []
        self._changes: list[Callable[[Modifications], None]] = []
        workflow.at_creation = self._created

    def _created(self, instance_id: str) -> None:
        self._ids.append(instance_id)
        for change in self._changes:
            change(self._workflow.modified(instance_id))

    def _modify(self, change: Callable[[Modifications], None]) -> None:
        self._changes.append(change)

    async def modify_all(self, change: Callable[[Modifier], Any]) -> None:
        """Call ``change`` with this introspector, for those who write as in JavaScript."""
        result = change(self)
        if inspect.isawaitable(result):
            await result

    async def get(self) -> list[InstanceIntrospector]:
        """The instances that were created since, in order."""
        return [InstanceIntrospector(self._workflow, instance_id) for instance_id in self._ids]

    def instance(self, instance_id: str) -> InstanceIntrospector:
        """One instance, by its id."""
        return InstanceIntrospector(self._workflow, instance_id)

    async def dispose(self) -> None:
        """Change no more instances, and end and forget those that were created."""
        if self._workflow.at_creation == self._created:
            self._workflow.at_creation = None
        for instance in await self.get():
            await instance.dispose()
        self._ids.clear()

    async def __aenter__(self) -> WorkflowIntrospector:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.dispose()


def introspect_workflow(workflow: WorkflowBinding) -> WorkflowIntrospector:
    """The introspector of a workflow (``edge.env.MY_WORKFLOW``). Raises EdgeUsageError when it has one already."""
    store: Workflow = released(workflow).workflow
    if store.at_creation is not None:
        raise EdgeUsageError(
            f'Workflow "{store.name}" already has an active introspection session for binding "{store.binding}".'
        )
    return WorkflowIntrospector(store)


def introspect_workflow_instance(workflow: WorkflowBinding, instance_id: str) -> InstanceIntrospector:
    """The introspector of one instance of a workflow, also before it is there."""
    return InstanceIntrospector(released(workflow).workflow, instance_id)


def _why(instance: Instance) -> str:
    return "" if instance.error is None else f" ({instance.error['name']}: {instance.error['message']})"
