"""The binding of a workflow and its instances, as the app holds them.

https://developers.cloudflare.com/workflows/build/workers-api/; words: packages/workflows-shared/src/binding.ts in
https://github.com/cloudflare/workers-sdk, and, where the local engine allows what production refuses, production's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from edgelint.platform import limits
from edgelint.testing.bindings.base import Binding
from edgelint.testing.bindings.workflow_config import duration_ms
from edgelint.testing.bindings.workflow_engine import Instance, Workflow, check_size, workflow_error
from edgelint.testing.bindings.workflow_introspection import (
    InstanceIntrospector,
    WorkflowIntrospector,
    introspect_workflow,
    introspect_workflow_instance,
)
from edgelint.testing.bindings.workflow_steps import Step
from edgelint.testing.clone import structured_clone
from edgelint.testing.errors import EdgeError
from edgelint.testing.facade import Verbs
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.operation import Operation

__all__ = [
    "InstanceIntrospector", "Step", "Workflow", "WorkflowBinding", "WorkflowInstance", "WorkflowIntrospector",
    "introspect_workflow", "introspect_workflow_instance",
]  # fmt: skip

T = TypeVar("T")
_ID: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9-_]*")
_ADDRESS: Final = re.compile(r"[a-zA-Z0-9, */#_-]{1,271}")
"""An id that an instance may be asked for by: those of cron triggers have more characters."""
_NOT_FOUND: Final = 10_400
"""The code of deleteBatch for an instance that is not there (packages/workflows-shared/src/binding.ts)."""


class WorkflowBinding(Binding):
    """``env.MY_WORKFLOW``."""

    kind = "workflow"

    @property
    def workflow(self) -> Workflow:
        """The workflow itself, shared by all who bind it by its name."""
        declared = self.declared
        allowed = declared.fields.get("limits")
        steps = allowed.get("steps") if isinstance(allowed, Mapping) else None
        return self.services.shared(
            ("workflow", declared.resource),
            lambda: Workflow(
                self.services, declared.resource, declared.text("class_name") or "",
                declared.text("script_name") or declared.worker or None, self.name,
                steps if isinstance(steps, int) else limits.WORKFLOW_MAX_STEPS,
            ),
        )  # fmt: skip

    async def create(
        self, id: str | None = None, params: Any = UNDEFINED, retention: Mapping[str, Any] | None = None
    ) -> WorkflowInstance:
        """Create an instance and start it. ``retention``: ``{"successRetention", "errorRetention"}``, durations. Raises
        EdgeError for an id that is invalid or taken, and for what is too large."""
        chosen = self._checked(id, params, retention)

        def store(operation: Operation) -> WorkflowInstance:
            if self.workflow.find(chosen) is not None:
                # Production's words; the local engine runs the instance that is there.
                raise workflow_error("Instance already exists", "instance.already_exists")
            return self._created(chosen, params, retention)

        return await self.perform("create", chosen, {"id": id, "params": params, "retention": retention}, store)

    async def create_batch(self, batch: Sequence[Mapping[str, Any]]) -> list[WorkflowInstance]:
        """Create up to 100 instances (``id``, ``params``, ``retention`` each). Those that are there already are left as
        they are, and are not among the returned. Raises EdgeError."""
        if not batch:
            raise EdgeError("WorkflowError: batchCreate should have at least 1 instance")
        if len(batch) > limits.WORKFLOW_MAX_BATCH:
            raise EdgeError(f"WorkflowError: batchCreate only supports {limits.WORKFLOW_MAX_BATCH} instances at a time")
        wanted = []
        for each in batch:
            params, retention = each.get("params", UNDEFINED), each.get("retention")
            wanted.append((self._checked(each.get("id"), params, retention), params, retention))

        def store(operation: Operation) -> list[WorkflowInstance]:
            created = []
            for chosen, params, retention in wanted:
                if self.workflow.find(chosen) is None:
                    created.append(self._created(chosen, params, retention))
            return created

        operation = self.operation("createBatch", None, {"batch": list(batch)}, instances=len(batch), units=len(batch))
        return await self.gate.perform(operation, store)

    async def get(self, id: str) -> WorkflowInstance:
        """The instance of that id. Raises EdgeError when there is none."""

        def store(operation: Operation) -> WorkflowInstance:
            if self.workflow.find(id) is None:
                operation.outcome = "miss"
                raise EdgeError("instance.not_found")
            operation.outcome = "hit"
            return WorkflowInstance(self, id)

        return await self.perform("get", id, None, store)

    async def delete_batch(self, instances: Sequence[str]) -> dict[str, Any]:
        """Delete up to 100 instances. Returns ``{"deleted": [{"id"}], "errors": [{"id", "code", "message"}]}``. Raises
        EdgeError."""
        if isinstance(instances, str) or not isinstance(instances, Sequence):
            raise workflow_error("Provided argument is invalid", "body")
        if len(instances) > limits.WORKFLOW_MAX_BATCH:
            raise workflow_error(
                f"batchDeleteInstances only supports {limits.WORKFLOW_MAX_BATCH} instances at a time", "body"
            )
        if not instances:
            raise workflow_error("batchDeleteInstances should have at least 1 instance", "body")
        if not all(isinstance(each, str) and _ADDRESS.fullmatch(each) for each in instances):
            raise workflow_error("Instance ID is invalid", "instance.invalid_id")

        def store(operation: Operation) -> dict[str, Any]:
            there = {each for each in instances if self.workflow.find(each) is not None}
            for each in there:
                self.workflow.instances[each].delete()
            message = "workflows.api.error.instance.not_found"
            return {
                "deleted": [{"id": each} for each in instances if each in there],
                "errors": [
                    {"id": each, "code": _NOT_FOUND, "message": message} for each in instances if each not in there
                ],
            }

        return await self.perform("deleteBatch", None, {"instances": list(instances)}, store)

    def introspect(self) -> WorkflowIntrospector:
        """The introspector of this workflow: the one that there is, or a new one."""
        created = self.workflow.at_creation
        owner = getattr(created, "__self__", None)
        return owner if isinstance(owner, WorkflowIntrospector) else WorkflowIntrospector(self.workflow)

    def _created(self, chosen: str, params: Any, retention: Mapping[str, Any] | None) -> WorkflowInstance:
        payload = {} if params is UNDEFINED else structured_clone(params)
        self.workflow.create(chosen, payload, _retention(retention))
        return WorkflowInstance(self, chosen)

    def _checked(self, id: str | None, params: Any, retention: Mapping[str, Any] | None) -> str:
        """The id of an instance to create. Raises EdgeError."""
        chosen = str(UUID(bytes=self.services.random.randbytes(16), version=4)) if id is None else id
        if not isinstance(chosen, str) or len(chosen) > limits.WORKFLOW_MAX_INSTANCE_ID or not _ID.fullmatch(chosen):
            raise EdgeError("Workflow instance has invalid id")
        check_size(params, "The payload of the instance")
        _retention(retention)
        return chosen


class WorkflowInstance(Verbs):
    """One instance as the app holds it."""

    def __init__(self, binding: WorkflowBinding, instance_id: str) -> None:
        self.id = instance_id
        self._binding = binding

    async def status(self) -> dict[str, Any]:
        """``{"status", "error", "output"}``: no error is UNDEFINED, no output None."""
        return await self._perform("status", None, lambda instance: instance.described())

    async def pause(self) -> None:
        """Pause it, when the steps that run are done."""
        await self._perform("pause", None, lambda instance: instance.pause())

    async def resume(self) -> None:
        """Go on after a pause. Raises EdgeError when it is not paused."""
        await self._perform("resume", None, lambda instance: instance.resume())

    async def terminate(self) -> None:
        """End it. Raises EdgeError when it has ended."""
        await self._perform("terminate", None, lambda instance: instance.terminate())

    async def restart(self, from_: Mapping[str, Any] | None = None) -> None:
        """Run it anew, from the beginning or from a step: ``{"name", "count", "type"}``. Raises EdgeError when there
        was no such step."""
        await self._perform("restart", {"from": from_}, lambda instance: instance.restart(from_))

    async def delete(self) -> None:
        """End it and forget it."""
        await self._perform("delete", None, lambda instance: instance.delete())

    async def send_event(self, type: str, payload: Any = UNDEFINED) -> None:
        """Send it an event, for the step that waits for it, or will. Raises EdgeError when it has ended, and for what
        cannot be sent."""
        if not isinstance(type, str) or len(type) > limits.WORKFLOW_MAX_EVENT_TYPE or not _ID.fullmatch(type):
            # https://developers.cloudflare.com/workflows/build/events-and-parameters/; the words are assumed.
            raise workflow_error("Provided event type is invalid", "instance.invalid_event_type")
        check_size(payload, "The payload of the event")
        copy = structured_clone(payload)
        request = {"type": type, "payload": payload}
        await self._perform("sendEvent", request, lambda instance: instance.send_event(type, copy))

    async def _perform(self, verb: str, request: Mapping[str, Any] | None, effect: Callable[[Instance], T]) -> T:
        def store(operation: Operation) -> T:
            instance = self._binding.workflow.find(self.id)
            if instance is None:
                raise workflow_error("Instance does not exist", "instance.not_found")
            return effect(instance)

        return await self._binding.perform(verb, self.id, request, store)

    def __repr__(self) -> str:
        return f"WorkflowInstance({self.id!r})"


def _retention(given: Mapping[str, Any] | None) -> dict[str, float]:
    """How long a finished instance is kept, in ms, by how it ended. Raises EdgeError."""
    kept: dict[str, float] = {}
    for key, name in (("success", "successRetention"), ("error", "errorRetention")):
        value = None if given is None else given.get(name)
        ms = limits.WORKFLOW_RETENTION * 1000.0 if value is None or value is UNDEFINED else duration_ms(value)
        if not 0 <= ms <= limits.WORKFLOW_MAX_RETENTION * 1000:
            raise EdgeError(f"Workflow instance has invalid retention: {name} is at most 30 days, not {value!r}")
        kept[key] = ms
    return kept
