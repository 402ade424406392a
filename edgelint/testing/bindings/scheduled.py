"""Cron triggers: the scheduled event, and the triggers of the configs firing as the clock moves."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from edgelint.testing.bindings.cron import Cron, next_occurrence, parsed
from edgelint.testing.bindings.events import event, own_event
from edgelint.testing.errors import EdgeUsageError

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Services
    from edgelint.testing.clock import Timer

__all__ = ["Cron", "ScheduledEvent", "Triggers", "arm", "fire", "next_occurrence"]


class ScheduledEvent:
    """What a scheduled handler is handed. ``scheduled_time`` is ms since the epoch; ``retry`` whether the platform may
    try again when the handler fails: not after ``no_retry``."""

    def __init__(self, scheduled_time: float, cron: str) -> None:
        self.scheduled_time = scheduled_time
        self.cron = cron
        self.retry = True

    def no_retry(self) -> None:
        """The platform is not to try again when the handler fails."""
        self.retry = False

    def __repr__(self) -> str:
        when = datetime.fromtimestamp(self.scheduled_time / 1000, UTC).isoformat()
        return f"ScheduledEvent({self.cron!r} at {when}{'' if self.retry else ', no retry'})"


async def fire(
    services: Services, cron: str, *, worker: str | None = None, scheduled_time: float | None = None
) -> ScheduledEvent:
    """Run the scheduled handler of a worker (the one under test), now; ``scheduled_time`` is what it is told. Raises
    what the handler raises, and EdgeUsageError when there is none."""
    with event(services, f"scheduled {cron}"):
        return await _run(services, cron, worker, scheduled_time)


async def _run(services: Services, cron: str, worker: str | None, scheduled_time: float | None) -> ScheduledEvent:
    host = services.host_of(worker)
    if not host.has_handler("scheduled"):
        raise EdgeUsageError(f"the worker has no scheduled handler for '{cron}'")
    scheduled = ScheduledEvent(services.clock.now if scheduled_time is None else scheduled_time, cron)
    await host.scheduled(scheduled)
    return scheduled


class Triggers:
    """The cron triggers of a world's configs, each with a timer at its next occurrence. ``fired`` are the events that
    came from them. What a handler raises is one of the world's failures."""

    def __init__(self, services: Services) -> None:
        self.fired: list[ScheduledEvent] = []
        self._services = services
        self._timers: dict[tuple[str, str], Timer] = {}

    def arm(self) -> None:
        """Set the timers of every trigger of every worker that has none yet."""
        for worker in self._services.workers.values():
            for cron in _crons(worker.config.get("triggers", "crons")):
                if (worker.name, cron) not in self._timers:
                    self._set(worker.name, cron)

    def _set(self, worker: str, cron: str) -> None:
        clock = self._services.clock
        found = parsed(cron).next_after(clock.datetime)
        if found is None:  # the 31st of November: deployed, and never due
            return
        when = found.timestamp() * 1000
        label = f"cron {cron} of {worker}"
        self._timers[worker, cron] = clock.at(when, partial(self._due, worker, cron, when, label), label)

    def _due(self, worker: str, cron: str, when: float, label: str) -> Any:
        self._set(worker, cron)
        return self._services.background(self._deliver(worker, cron, when), label)

    async def _deliver(self, worker: str, cron: str, when: float) -> None:
        if not self._services.host_of(worker).has_handler("scheduled"):
            self._services.log("error", f"cron {cron}: worker '{worker}' has no scheduled handler")
            return
        with own_event(self._services, f"scheduled {cron}"):
            self.fired.append(await _run(self._services, cron, worker, when))


def arm(services: Services) -> Triggers:
    """Let the cron triggers of the configs fire as the clock moves. Calling it again adds those of new workers. Raises
    EdgeUsageError for an expression that Cloudflare refuses."""
    triggers = services.shared(("cron triggers",), lambda: Triggers(services))
    triggers.arm()
    return triggers


def _crons(value: Any) -> list[str]:
    return [cron for cron in value if isinstance(cron, str)] if isinstance(value, list) else []
