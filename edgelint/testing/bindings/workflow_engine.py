"""Instances of workflows: their life, what they remember of their steps, their events, on the virtual clock.

An instance runs the app's ``run`` from its beginning; steps that are done answer from memory. It is run again after a
pause and by a restart. The words and the states are those of packages/workflows-shared in
https://github.com/cloudflare/workers-sdk, where the documentation does not say otherwise.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from edgelint.platform import compat, limits
from edgelint.testing.bindings.events import own_event
from edgelint.testing.bindings.rpc import remote_error
from edgelint.testing.bindings.workflow_modifiers import Modifications
from edgelint.testing.clone import serialized_size, structured_clone
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Services
    from edgelint.testing.clock import Timer

T = TypeVar("T")
Status = Literal["queued", "running", "paused", "errored", "terminated", "complete", "waitingForPause", "waiting"]
FINISHED: Final = ("errored", "terminated", "complete")
NON_RETRYABLE: Final = "NonRetryableError"
Kind = Literal["do", "sleep", "waitForEvent"]


class Stopped(EdgeError):
    """The instance was paused, restarted, terminated or deleted: what was left of its run ends with this."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Aborting engine: User called {why}")


@dataclass(slots=True)
class Attempt:
    """One attempt of a step. Times are ms since the epoch; ``error`` is (class, message) when it failed."""

    start: float
    end: float | None = None
    error: tuple[str, str] | None = None


@dataclass(slots=True)
class StepRecord:
    """What an instance remembers of one step. ``count`` is which one of its name; ``due`` when a wait is over (ms since
    the epoch); ``result`` and ``error`` stand when it is ``done``."""

    kind: Kind
    name: str
    count: int
    config: Any = None
    attempts: list[Attempt] = field(default_factory=list)
    due: float | None = None
    done: bool = False
    result: Any = None
    error: EdgeError | None = None


class Workflow:
    """The instances of one workflow, whoever binds it. ``binding`` names it in operations, ``worker`` is where its
    class is, ``max_steps`` how many steps an instance may take."""

    def __init__(
        self, services: Services, name: str, class_name: str, worker: str | None, binding: str, max_steps: int
    ) -> None:
        self.services = services
        self.name = name
        self.class_name = class_name
        self.worker = worker
        self.binding = binding
        self.max_steps = max_steps
        self.instances: dict[str, Instance] = {}
        self.modifications: dict[str, Modifications] = {}
        self.at_creation: Callable[[str], None] | None = None
        """Told of the id of each new instance before it is there: introspection."""

    def find(self, instance_id: str) -> Instance | None:
        """The instance of that id; None when there is none, or it finished too long ago."""
        found = self.instances.get(instance_id)
        if found is not None and found.expires is not None and found.expires <= self.services.clock.now:
            del self.instances[instance_id]
            return None
        return found

    def create(self, instance_id: str, params: Any, retention: Mapping[str, float]) -> Instance:
        """A new instance, which starts as soon as the loop runs. ``retention``: "success" and "error" -> ms."""
        if self.at_creation is not None:
            self.at_creation(instance_id)
        instance = Instance(self, instance_id, params, retention, self.modified(instance_id))
        self.instances[instance_id] = instance
        instance.start()
        return instance

    def modified(self, instance_id: str) -> Modifications:
        """What tests changed about the instance of that id, also before it is there."""
        return self.modifications.setdefault(instance_id, Modifications())

    def preserves_non_retryable(self) -> bool:
        """Whether the compatibility date keeps the message of a NonRetryableError that ends an instance."""
        worker = self.services.workers.get(self.worker or "")
        if worker is None:
            return True
        config = worker.config
        return compat.enabled(
            "workflows_preserve_non_retryable_error_message", config.compatibility_date,
            list(config.compatibility_flags),
        )  # fmt: skip


class Instance:
    """One instance. ``records`` are its steps in the order in which they began; ``output`` and ``error`` ("name" and
    "message") what it ended with."""

    def __init__(
        self, workflow: Workflow, instance_id: str, params: Any, retention: Mapping[str, float],
        modifications: Modifications,
    ) -> None:  # fmt: skip
        self.workflow = workflow
        self.id = instance_id
        self.params = params
        self.status: Status = "queued"
        self.output: Any = None
        self.error: dict[str, str] | None = None
        self.expires: float | None = None
        self.records: dict[tuple[Any, ...], StepRecord] = {}
        self.modifications = modifications
        self.clock = workflow.services.clock
        self.created = self.clock.now
        self._retention = retention
        self._events: defaultdict[str, deque[dict[str, Any]]] = defaultdict(deque)
        self._listening: defaultdict[str, deque[asyncio.Future[dict[str, Any]]]] = defaultdict(deque)
        self._timers: set[Timer] = set()
        self._changed: list[asyncio.Future[None]] = []
        self._run: asyncio.Future[Any] | None = None
        self._abort: asyncio.Future[str] = asyncio.Future(loop=_loop())
        self._active = 0  # callbacks of steps that run
        self._idle = 0  # sleeps and waits for events
        self._paused_at = 0.0
        modifications.send = self.receive
        self._mocked()

    # Its life

    def start(self) -> None:
        """Run it, or run it again."""
        self.status = "queued"
        self._abort = asyncio.Future(loop=_loop())
        label = f"workflow {self.workflow.name} {self.id}"
        self._run = self.workflow.services.background(self._running(self._abort, label), label)

    async def _running(self, abort: asyncio.Future[str], label: str) -> None:
        from edgelint.testing.bindings.workflow_steps import Step

        workflow = self.workflow
        event = {
            "payload": structured_clone(self.params), "timestamp": datetime.fromtimestamp(self.created / 1000, UTC),
            "instanceId": self.id, "workflowName": workflow.name,
        }  # fmt: skip
        with own_event(workflow.services, label):
            self._set("running")
            try:
                host = workflow.services.host_of(workflow.worker)
                output = structured_clone(await host.run_workflow(workflow.class_name, event, Step(self, abort)))
            except asyncio.CancelledError:
                if not abort.done():
                    raise
            except EdgeUsageError as error:
                self._finish("errored", error=as_error(error))
                raise
            except Exception as error:
                if not abort.done():
                    self._fail(error)
            else:
                if not abort.done():
                    self._finish("complete", output=output)

    def _fail(self, raised: Exception) -> None:
        error = as_error(raised)
        if is_non_retryable(error):
            if self.workflow.preserves_non_retryable():
                error = EdgeError(_without_prefix(error.message), NON_RETRYABLE)
            else:
                error = EdgeError(
                    "The execution of the Workflow instance was terminated, as a step threw an NonRetryableError and "
                    "it was not handled",
                    "WorkflowFatalError",
                )
        self._finish("errored", error=error)

    def _finish(self, status: Status, output: Any = None, error: EdgeError | None = None) -> None:
        self.output = output
        self.error = None if error is None else {"name": error.name, "message": error.message}
        if error is not None:
            self.workflow.services.log(
                "error", f"workflow {self.workflow.name} {self.id}: {error.name}: {error.message}"
            )
        self.expires = self.clock.now + self._retention["success" if status == "complete" else "error"]
        self._set(status)

    def fail_at_once(self, error: EdgeError) -> Stopped:
        """End it with an error that the app cannot catch. Returns what the step is to raise."""
        self._finish("errored", error=error)
        return self._stop("terminate")

    def _stop(self, why: str) -> Stopped:
        """End what runs of it: everything that waits is told so, timers and the run are cancelled."""
        stopped = Stopped(why)
        if not self._abort.done():
            self._abort.set_result(why)
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._listening.clear()
        self._active = self._idle = 0
        current = asyncio.current_task() if asyncio._get_running_loop() is not None else None
        if self._run is not None and self._run is not current:
            self._run.cancel()
        return stopped

    def pause(self) -> None:
        """Pause it when the steps that run are done. One that does not run is left as it is."""
        if self.status in ("running", "waiting"):
            self._set("waitingForPause")
            self._pause_if_due()

    def _pause_if_due(self) -> None:
        if self.status == "waitingForPause" and self._active == 0:
            self._paused_at = self.clock.now
            self._stop("pause")
            self._set("paused")

    def resume(self) -> None:
        """Go on after a pause; what was waited for is as far off as it was. Raises EdgeError when it is not paused (the
        documentation says so of a running one; the local engine does nothing)."""
        if self.status == "waitingForPause":
            self._set("running")
            self._settle_status()
        elif self.status == "paused":
            offset = self.clock.now - self._paused_at
            for record in self.records.values():
                if record.due is not None and not record.done:
                    record.due += offset
            self.start()
        else:
            raise workflow_error("Cannot resume instance since it is not paused", "instance.cannot_resume")

    def terminate(self) -> None:
        """End it. Raises EdgeError when it has ended."""
        if self.status in FINISHED:
            raise workflow_error("Cannot terminate instance since its on a finite state", "instance.cannot_terminate")
        self._finish("terminated")
        self._stop("terminate")

    def restart(self, since: Mapping[str, Any] | None = None) -> None:
        """Run it anew: from the beginning, or from a step (``name``, ``count``, ``type``) with what was before it kept.
        Raises EdgeError when there was no such step."""
        kept: dict[tuple[Any, ...], StepRecord] = {}
        if since is not None:
            kept = self._before(since)
        self._stop("restart")
        self.records = kept
        self.output, self.error, self.expires = None, None, None
        self._events.clear()
        self._mocked()
        self.start()

    def _before(self, since: Mapping[str, Any]) -> dict[tuple[Any, ...], StepRecord]:
        kind, count = since.get("type") or "do", since.get("count") or 1
        kept: dict[tuple[Any, ...], StepRecord] = {}
        for key, record in self.records.items():
            if (record.kind, record.name, record.count) == (kind, since.get("name"), count):
                return kept
            kept[key] = record
        raise workflow_error(f'Step "{since.get("name")}" not found in execution history', "instance.cannot_restart")

    def delete(self) -> None:
        """End it and forget it."""
        self._stop("delete")
        self.workflow.instances.pop(self.id, None)

    # Its status

    def described(self) -> dict[str, Any]:
        """``{"status", "error", "output"}``: no error is UNDEFINED, no output None."""
        error = UNDEFINED if self.error is None else dict(self.error)
        return {"status": self.status, "error": error, "output": structured_clone(self.output)}

    def _set(self, status: Status) -> None:
        self.status = status
        self.notify()

    def _settle_status(self) -> None:
        """ "waiting" while nothing happens but sleeps and waits for events (https://developers.cloudflare.com/workflows/
        build/workers-api/#instancestatus; the local engine says "running")."""
        if self.status in ("running", "waiting"):
            status: Status = "waiting" if self._idle and not self._active else "running"
            if status != self.status:
                self._set(status)

    def notify(self) -> None:
        """Wake those who wait for a change."""
        waiting, self._changed = self._changed, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def changed(self) -> asyncio.Future[None]:
        """Done when something about the instance changes."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changed.append(future)
        return future

    def next_due(self) -> float | None:
        """When the first of its timers is due (ms since the epoch); None when it has none."""
        return min((timer.when for timer in self._timers if timer.pending), default=None)

    # What its steps wait for

    def entered(self, *, active: bool) -> None:
        """A callback of a step begins (``active``), or a sleep or a wait for an event."""
        if active:
            self._active += 1
        else:
            self._idle += 1
        self._settle_status()

    def left(self, abort: asyncio.Future[str], *, active: bool) -> None:
        """The same ends; nothing when the run it was part of has been stopped."""
        if abort.done():
            return
        if active:
            self._active -= 1
        else:
            self._idle -= 1
        self._settle_status()
        self._pause_if_due()

    async def race(self, abort: asyncio.Future[str], awaited: asyncio.Future[T], due: float) -> T | None:
        """The result of ``awaited``; None when the clock reaches ``due`` (ms since the epoch) before. Raises Stopped
        when the run it is part of is."""
        loop = asyncio.get_running_loop()
        clock: asyncio.Future[None] = loop.create_future()
        timer = self.clock.at(due, lambda: clock.set_result(None), f"workflow {self.workflow.name} {self.id}")
        self._timers.add(timer)
        try:
            await asyncio.wait((awaited, clock, abort), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            self._timers.discard(timer)
        if abort.done():
            raise Stopped(abort.result())
        self.notify()
        return await awaited if awaited.done() else None

    async def until(self, abort: asyncio.Future[str], due: float) -> None:
        """Wait until the clock reaches ``due``. Raises Stopped."""
        if due > self.clock.now:
            never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await self.race(abort, never, due)

    # Its events

    def send_event(self, type: str, payload: Any) -> None:
        """Take an event, for the step that waits for it, or will. Raises EdgeError when the instance has ended."""
        if self.status in FINISHED:
            raise workflow_error(
                "Cannot send event to instance since its on a finite state", "instance.cannot_send_event"
            )
        self.receive(type, payload)

    def receive(self, type: str, payload: Any) -> None:
        """Take an event."""
        now = datetime.fromtimestamp(self.clock.now / 1000, UTC)
        event = {"timestamp": now, "payload": payload, "type": type}
        waiting = self._listening[type]
        while waiting:
            future = waiting.popleft()
            if not future.done():
                future.set_result(event)
                return
        self._events[type].append(event)

    def listen(self, type: str) -> asyncio.Future[dict[str, Any]]:
        """The next event of that type: one that has come already, or one to come."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if self._events[type]:
            future.set_result(self._events[type].popleft())
        else:
            self._listening[type].append(future)
        return future

    def _mocked(self) -> None:
        for type, payload in self.modifications.mocked_events:
            self.receive(type, payload)


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def workflow_error(message: str, code: str) -> EdgeError:
    """An error of the service, as the app gets it: its code in the message."""
    return EdgeError(f"({code}) {message}")


def as_error(raised: BaseException) -> EdgeError:
    """What a step or ``run`` raised, as the engine gets it. An exception of Python called NonRetryableError is one."""
    if isinstance(raised, EdgeError):
        return raised
    if type(raised).__name__ == NON_RETRYABLE and not isinstance(getattr(raised, "message", None), str):
        return EdgeError(str(raised), NON_RETRYABLE, cause=raised)
    return remote_error(raised)


def is_non_retryable(error: EdgeError) -> bool:
    """Whether an error forbids another attempt: by its name, or by what is left of it in the message."""
    return error.name == NON_RETRYABLE or error.message.startswith(NON_RETRYABLE)


def _without_prefix(message: str) -> str:
    return (
        message.removeprefix(NON_RETRYABLE).removeprefix(":").lstrip() if message.startswith(NON_RETRYABLE) else message
    )


def check_size(value: Any, what: str) -> None:
    """Raise EdgeError when a value is larger than Workflows takes."""
    if serialized_size(value) > limits.WORKFLOW_MAX_PAYLOAD:
        raise workflow_error(f"{what} is too large. Maximum allowed size is 1MiB.", "instance.payload_too_large")
