"""What a workflow's ``run`` is handed: ``step.do``, ``step.sleep``, ``step.sleep_until``, ``step.wait_for_event``."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from edgelint.platform import limits
from edgelint.testing.bindings.workflow_config import (
    INVALID_DELAY,
    StepConfig,
    check_step_name,
    duration_ms,
    retry_delay,
    step_config,
)
from edgelint.testing.bindings.workflow_engine import (
    Attempt,
    Instance,
    Kind,
    StepRecord,
    Stopped,
    as_error,
    is_non_retryable,
)
from edgelint.testing.clone import serialized_size, structured_clone
from edgelint.testing.coercion import number_text
from edgelint.testing.errors import EdgeError, EdgeUsageError, UnsupportedBindingError, type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


class Step(Verbs):
    """The steps of one run of an instance. Each is an operation of kind "workflow-step"."""

    def __init__(self, instance: Instance, abort: asyncio.Future[str]) -> None:
        self._instance = instance
        self._abort = abort
        self._clock = instance.clock
        self._counts: Counter[tuple[Any, ...]] = Counter()
        self._taken = 0

    async def do(self, name: str, *rest: Any) -> Any:
        """``do(name, callback)`` or ``do(name, config, callback)``: run ``callback`` (called with a context: ``step``,
        ``attempt``, ``config``) until it succeeds or its attempts are used up, once in the life of the instance.
        Returns a copy of its result. ``config``: ``{"retries": {"limit", "delay", "backoff"}, "timeout"}``.

        Raises EdgeError: WorkflowFatalError for a step that cannot be, and what the last attempt raised. Rollback
        handlers are not supported (UnsupportedBindingError), and a result that is a stream is not either.
        """
        config, callback = _arguments(name, rest)

        async def run(operation: Operation) -> Any:
            self._check()
            self._taken += 1
            if self._taken > self._instance.workflow.max_steps:
                raise EdgeError(
                    f"The limit of {self._instance.workflow.max_steps} steps has been reached. "
                    "This limit can be changed in your worker configuration.",
                    "WorkflowFatalError",
                )
            check_step_name(name)
            parsed = step_config(name, config)
            record = self._record("do", name, (name,))
            if record.done:
                return self._remembered(record)
            if record.config is None:
                record.config = parsed
            return await self._attempts(record, record.config, callback)

        return await self._perform("do", name, {"config": config}, run)

    async def sleep(self, name: str, duration: float | str) -> None:
        """Sleep for a duration: ms, or "1 hour". Raises EdgeError for what is none."""

        async def run(operation: Operation) -> None:
            self._check()
            ms = duration_ms(duration)
            if not 0 <= ms <= limits.WORKFLOW_MAX_SLEEP * 1000:
                raise type_error(f"step.sleep takes a duration of at most 365 days, not {duration!r}")
            await self._sleep(self._record("sleep", name, (name, ms)), lambda: self._clock.now + ms)

        await self._perform("sleep", name, {"duration": duration}, run)

    async def sleep_until(self, name: str, timestamp: datetime | float) -> None:
        """Sleep until an instant: a datetime (UTC when it has no zone), or ms since the epoch. Raises EdgeError when it
        is past."""
        when = _instant(timestamp)

        async def run(operation: Operation) -> None:
            self._check()
            record = self._record("sleep", name, (name, "until"))
            if record.due is None and not when >= self._clock.now:
                raise EdgeError("You can't sleep until a time in the past, time-traveler")
            await self._sleep(record, lambda: when)

        await self._perform("sleepUntil", name, {"timestamp": timestamp}, run)

    async def wait_for_event(self, name: str, event_type: str, timeout: float | str | None = None) -> dict[str, Any]:
        """Wait for an event of a type, for 24 hours when ``timeout`` says nothing else. Returns ``{"timestamp",
        "payload", "type"}``. Raises EdgeError (WorkflowTimeoutError) when none comes."""
        ms = duration_ms(timeout or limits.WORKFLOW_EVENT_TIMEOUT)

        async def run(operation: Operation) -> dict[str, Any]:
            self._check()
            if not limits.WORKFLOW_MIN_EVENT_TIMEOUT <= ms / 1000 <= limits.WORKFLOW_MAX_EVENT_TIMEOUT:
                raise type_error(f"step.waitForEvent takes a timeout of 1 second to 365 days, not {timeout!r}")
            record = self._record("waitForEvent", name, (name,))
            event: dict[str, Any] = structured_clone(
                self._remembered(record) if record.done else await self._event(record, event_type, ms)
            )
            return event

        return await self._perform("waitForEvent", name, {"type": event_type, "timeout": timeout}, run)

    # Attempts

    async def _attempts(self, record: StepRecord, config: StepConfig, callback: Callable[..., Any]) -> Any:
        modified = self._instance.modifications
        key = (record.name, record.count)
        if record.due is not None:  # paused while it waited for its next attempt
            await self._instance.until(self._abort, record.due)
        while True:
            record.due = None
            attempt = Attempt(self._clock.now)
            record.attempts.append(attempt)
            number = len(record.attempts)
            try:
                result = await self._attempt(record, config, callback, number)
            except (Stopped, EdgeUsageError):
                raise
            except Exception as raised:
                error = as_error(raised)
            else:
                attempt.end = self._clock.now
                self._done(record, result=result)
                self._check()  # a pause that waited for this step
                return structured_clone(result)
            attempt.end, attempt.error = self._clock.now, (error.name, error.message)
            if is_non_retryable(error):
                raise error
            # The limit counts what comes after the first attempt (packages/workflows-shared/src/context.ts), although
            # the documentation calls it the total number of attempts.
            if number > config.limit:
                self._done(record, error=error)
                raise error
            try:
                base = await self._delay(record, config, error, number)
            except EdgeError as broken:
                self._done(record, error=broken)
                raise
            if not modified.retries_at_once(key):
                record.due = self._clock.now + retry_delay(config, number, base)
                await self._instance.until(self._abort, record.due)

    async def _attempt(self, record: StepRecord, config: StepConfig, callback: Callable[..., Any], number: int) -> Any:
        modified, key = self._instance.modifications, (record.name, record.count)
        mocked = modified.error(key, number)
        if mocked is not None:
            raise mocked
        if modified.times_out(key, number):
            raise timed_out(0)
        if key in modified.results:
            return structured_clone(modified.results[key])
        context = {
            "step": {"name": record.name, "count": record.count}, "attempt": number, "config": config.described(),
        }  # fmt: skip
        self._instance.entered(active=True)
        try:
            # A callback that times out runs on beside everything else: nothing stops it in production either.
            task = self._instance.workflow.services.background(
                _outcome(callback, context), f"step {record.name} of workflow {self._instance.id}"
            )
            outcome = await self._instance.race(self._abort, task, self._clock.now + config.timeout)
        finally:
            self._instance.left(self._abort, active=True)
        if outcome is None:
            raise timed_out(config.timeout)
        result, error = outcome
        if error is not None:
            raise error
        return self._stored(record, result)

    def _stored(self, record: StepRecord, result: Any) -> Any:
        """The copy of a result that is kept. Raises EdgeError."""
        try:
            copy = structured_clone(result)
        except EdgeError:
            raise self._instance.fail_at_once(
                EdgeError(
                    f'The execution of the Workflow instance was terminated, as the step "{record.name}" returned a '
                    "value which is not serialisable",
                    "WorkflowFatalError",
                )
            ) from None
        if serialized_size(copy) > limits.WORKFLOW_MAX_STEP_RESULT:
            raise EdgeError(
                f"Step {record.name}-{record.count} output is too large. Maximum allowed size is 1MiB.",
                "WorkflowInternalError",
            )
        return copy

    async def _delay(self, record: StepRecord, config: StepConfig, error: EdgeError, number: int) -> float:
        """Ms before the next attempt, without its backoff. Raises EdgeError for a delay function that is broken."""
        if not callable(config.delay):
            return config.delay
        context = {
            "step": {"name": record.name, "count": record.count}, "attempt": number, "config": config.described(),
        }  # fmt: skip
        task = self._instance.workflow.services.background(
            _outcome(config.delay, {"ctx": context, "error": error}), f"delay of step {record.name}"
        )
        limit = limits.WORKFLOW_DELAY_FUNCTION_MS
        outcome = await self._instance.race(self._abort, task, self._clock.now + limit)
        if outcome is None:
            problem = f"did not return within {limit // 1000} seconds"
        elif isinstance(outcome[1], EdgeUsageError):
            raise outcome[1]
        elif outcome[1] is not None:
            problem = f"threw an error: {as_error(outcome[1]).message}"
        else:
            base = duration_ms(outcome[0])
            if 0 <= base < float("inf"):
                return base
            problem = INVALID_DELAY
        raise EdgeError(
            f'The delay function for step "{record.name}-{record.count}" {problem}', "NonRetryableDelayError"
        )

    # Waits

    async def _sleep(self, record: StepRecord, due: Callable[[], float]) -> None:
        if record.done:
            return
        instance = self._instance
        if record.due is None:
            record.due = due()
        if not instance.modifications.sleeps_not((record.name, record.count)):
            instance.entered(active=False)
            try:
                await instance.until(self._abort, record.due)
            finally:
                instance.left(self._abort, active=False)
        self._done(record)

    async def _event(self, record: StepRecord, event_type: str, ms: float) -> dict[str, Any]:
        instance = self._instance
        if record.due is None:
            record.due = self._clock.now + ms
        event: dict[str, Any] | None = None
        if (record.name, record.count) not in instance.modifications.event_timeouts:
            instance.entered(active=False)
            listening = instance.listen(event_type)
            try:
                event = await instance.race(self._abort, listening, record.due)
            finally:
                listening.cancel()
                instance.left(self._abort, active=False)
        if event is None:
            error = timed_out(ms)
            self._done(record, error=error)
            raise error
        self._done(record, result=event)
        return event

    # What they share

    def _check(self) -> None:
        """Raise Stopped when this run is over."""
        if self._abort.done():
            raise Stopped(self._abort.result())

    def _record(self, kind: Kind, name: str, key: tuple[Any, ...]) -> StepRecord:
        """The record of the step that is next of its key. ``count`` is which one of its kind and name it is."""
        records = self._instance.records
        self._counts[kind, *key] += 1
        if key != (name,):
            self._counts[kind, name] += 1
        full = (kind, *key, self._counts[kind, *key])
        if full not in records:
            records[full] = StepRecord(kind, name, self._counts[kind, name])
            self._instance.notify()
        return records[full]

    def _done(self, record: StepRecord, *, result: Any = None, error: EdgeError | None = None) -> None:
        record.done, record.result, record.error = True, result, error
        self._instance.notify()

    def _remembered(self, record: StepRecord) -> Any:
        if record.error is not None:
            raise record.error
        return structured_clone(record.result)

    async def _perform(
        self, verb: str, name: str, request: Mapping[str, Any], run: Callable[[Operation], Coroutine[Any, Any, T]]
    ) -> T:
        workflow = self._instance.workflow
        operation = Operation(workflow.binding, "workflow-step", verb, name, request)
        operation.attributes["instance"] = self._instance.id
        return await workflow.services.gate.perform(operation, run)


def timed_out(ms: float) -> EdgeError:
    """The error of an attempt, or of a wait for an event, that took too long."""
    return EdgeError(f"Execution timed out after {number_text(ms)}ms", "WorkflowTimeoutError")


def _arguments(name: str, rest: tuple[Any, ...]) -> tuple[Any, Callable[..., Any]]:
    """The configuration and the callback of ``step.do``. Raises EdgeError and UnsupportedBindingError."""
    if rest and callable(rest[0]):
        config, callback, *more = None, *rest
    else:
        config, callback, *more = (*rest, None, None)
    if not callable(callback):
        raise EdgeError(f'Step "{name}" requires a callback function', "WorkflowFatalError")
    if any(option is not None for option in more):
        raise UnsupportedBindingError("rollback handlers of step.do are not supported")
    return config, callback


async def _outcome(callback: Callable[..., Any], argument: Any) -> tuple[Any, Exception | None]:
    """What a callback returned, or raised."""
    try:
        result = callback(argument)
        return (await result if inspect.isawaitable(result) else result), None
    except Exception as error:
        return None, error


def _instant(timestamp: datetime | float) -> float:
    if isinstance(timestamp, datetime):
        aware = timestamp if timestamp.tzinfo is not None else timestamp.replace(tzinfo=UTC)
        return aware.timestamp() * 1000
    return float(timestamp)
