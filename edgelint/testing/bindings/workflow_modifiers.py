"""What a test changes about one instance of a workflow: sleeps, results, errors, timeouts, events.

The verbs are those of cloudflare:test in @cloudflare/vitest-plugin, in Python's spelling
(packages/vitest-plugin/types/cloudflare-test.d.ts and packages/workflows-shared/src/modifier.ts in
https://github.com/cloudflare/workers-sdk).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgelint.testing.clone import structured_clone
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.facade import Verbs

Key = tuple[str, int]
"""A step: its name, and which one of that name (from 1)."""
Selector = str | Mapping[str, Any] | tuple[str, int]


def step_key(step: Selector) -> Key:
    """A step as a test names it: "name" (the first of it), ("name", 2) or {"name": "name", "index": 2}. Raises
    EdgeUsageError."""
    if isinstance(step, str):
        return step, 1
    if isinstance(step, Mapping) and isinstance(step.get("name"), str):
        return step["name"], step.get("index") or 1
    if isinstance(step, tuple) and len(step) == 2:
        return step
    raise EdgeUsageError(f"a step is named 'name', ('name', 2) or {{'name': 'name', 'index': 2}}, not {step!r}")


class Modifications:
    """What was changed about one instance. ``send`` hands a mocked event to the instance once there is one."""

    def __init__(self) -> None:
        self.all_sleeps = False
        self.sleeps: set[Key] = set()
        self.all_retry_delays = False
        self.retry_delays: set[Key] = set()
        self.results: dict[Key, Any] = {}
        self.errors: dict[Key, BaseException] = {}
        self.attempt_errors: dict[tuple[Key, int], BaseException] = {}
        self.timeouts: set[Key] = set()
        self.attempt_timeouts: set[tuple[Key, int]] = set()
        self.event_timeouts: set[Key] = set()
        self.mocked_events: list[tuple[str, Any]] = []
        self.send: Callable[[str, Any], None] | None = None
        self._next: dict[Key, int] = {}

    def attempts(self, key: Key, times: int) -> range:
        """The next ``times`` attempts of a step that nothing was said of yet."""
        start = self._next.get(key, 1)
        self._next[key] = start + times
        return range(start, start + times)

    def error(self, key: Key, attempt: int) -> BaseException | None:
        """The error that an attempt of a step is to end with."""
        return self.errors.get(key) or self.attempt_errors.get((key, attempt))

    def times_out(self, key: Key, attempt: int) -> bool:
        """Whether an attempt of a step is to time out."""
        return key in self.timeouts or (key, attempt) in self.attempt_timeouts

    def sleeps_not(self, key: Key) -> bool:
        """Whether a sleep is over at once."""
        return self.all_sleeps or key in self.sleeps

    def retries_at_once(self, key: Key) -> bool:
        """Whether a step is tried again without delay."""
        return self.all_retry_delays or key in self.retry_delays


class Modifier(Verbs):
    """The verbs that change an instance, or all instances to come."""

    def _modify(self, change: Callable[[Modifications], None]) -> None:
        raise NotImplementedError

    def disable_sleeps(self, steps: Sequence[Selector] | None = None) -> None:
        """Sleeps (all, or these) are over at once."""
        keys = None if steps is None else [step_key(step) for step in steps]

        def change(found: Modifications) -> None:
            if keys is None:
                found.all_sleeps = True
            else:
                found.sleeps.update(keys)

        self._modify(change)

    def disable_retry_delays(self, steps: Sequence[Selector] | None = None) -> None:
        """Failed steps (all, or these) are tried again without delay."""
        keys = None if steps is None else [step_key(step) for step in steps]

        def change(found: Modifications) -> None:
            if keys is None:
                found.all_retry_delays = True
            else:
                found.retry_delays.update(keys)

        self._modify(change)

    def mock_step_result(self, step: Selector, result: Any) -> None:
        """A step is not run: this is its result. Raises EdgeUsageError when it has one already."""
        key, copy = step_key(step), structured_clone(result)

        def change(found: Modifications) -> None:
            if key in found.results:
                raise EdgeUsageError(f"[WorkflowIntrospector] Trying to mock step '{key[0]}' multiple times!")
            found.results[key] = copy

        self._modify(change)

    def mock_step_error(self, step: Selector, error: BaseException, times: int | None = None) -> None:
        """A step is not run: its attempts (all, or the next ``times``) end with this error."""
        key = step_key(step)

        def change(found: Modifications) -> None:
            if key in found.results:
                raise EdgeUsageError(
                    f"[WorkflowIntrospector] Trying to mock error on step '{key[0]}' after mocking its result!"
                )
            if times:
                found.attempt_errors.update({(key, attempt): error for attempt in found.attempts(key, times)})
            else:
                found.errors[key] = error

        self._modify(change)

    def force_step_timeout(self, step: Selector, times: int | None = None) -> None:
        """A step is not run: its attempts (all, or the next ``times``) time out at once."""
        key = step_key(step)

        def change(found: Modifications) -> None:
            if key in found.results:
                raise EdgeUsageError(
                    f"[WorkflowIntrospector] Trying to force timeout on step '{key[0]}' after mocking its result!"
                )
            if times:
                found.attempt_timeouts.update((key, attempt) for attempt in found.attempts(key, times))
            else:
                found.timeouts.add(key)

        self._modify(change)

    def mock_event(self, type: str, payload: Any = None) -> None:
        """Send an event; it also comes again when the instance is restarted."""
        copy = structured_clone(payload)

        def change(found: Modifications) -> None:
            found.mocked_events.append((type, copy))
            if found.send is not None:
                found.send(type, copy)

        self._modify(change)

    def force_event_timeout(self, step: Selector) -> None:
        """A wait for an event times out at once."""
        key = step_key(step)
        self._modify(lambda found: found.event_timeouts.add(key))
