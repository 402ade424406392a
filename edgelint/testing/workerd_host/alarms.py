"""The alarm of a Durable Object that lives in workerd, on the world's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edgelint.platform import limits
from edgelint.testing.bindings.events import own_event
from edgelint.testing.bindings.object_alarms import NO_HANDLER, retry_delay
from edgelint.testing.errors import EdgeUsageError

if TYPE_CHECKING:
    from edgelint.testing.clock import Timer
    from edgelint.testing.workerd_host.objects import Objects, Place


class Alarm:
    """The alarm of one object: one at a time, at least once, tried again with back-off when it fails (as
    ``bindings.object_alarms`` has it, from which the numbers are)."""

    def __init__(self, place: Place, objects: Objects) -> None:
        self._place = place
        self._objects = objects
        self._when: float | None = None
        self._timer: Timer | None = None
        self._running = False
        self._touched = False
        self._failed = 0

    @property
    def due(self) -> datetime | None:
        """When it runs next, retries included; None when it does not."""
        return None if self._timer is None else datetime.fromtimestamp(self._timer.when / 1000, UTC)

    def seen(self) -> float | None:
        """What ``getAlarm`` says: ms since the epoch; None while its handler runs, unless that set it again."""
        return None if self._running and not self._touched else self._when

    def set(self, when: float | None) -> None:
        """Set it, or delete it with None. A handler that runs is seen to when it ends."""
        self._when, self._touched, self._failed = when, True, 0
        if not self._running:
            self._schedule(when)

    async def run(self) -> bool:
        """Run the handler now, if the alarm is set. Returns whether it was. Raises what the handler raises, when what
        comes after is arranged."""
        if self._timer is None:
            return False
        self._schedule(None)
        self._running, self._touched = True, False
        error: Exception | None = None
        world = self._objects.world
        try:
            count = self._failed
            if not await self._objects.ask(self._place, "alarm", count, count > 0, self._when):
                world.log("warn", NO_HANDLER)
        except EdgeUsageError:
            raise
        except Exception as raised:
            error = raised
        finally:
            self._running = False
        if self._touched:
            self._schedule(self._when)
        elif error is None:
            self._when = None
        else:
            self._again(error)
        if error is not None:
            raise error
        return True

    def _again(self, error: Exception) -> None:
        world, label = self._objects.world, self._objects.label(self._place)
        world.log("error", f"alarm of {label} failed (try {self._failed + 1}): {error}")
        if self._failed >= limits.DO_ALARM_RETRIES:
            world.log("error", f"alarm of {label} is given up after {self._failed} retries")
            self._when = None
            return
        delay = retry_delay(self._failed, world.random)
        self._failed += 1
        self._schedule(world.clock.now + delay)

    def _schedule(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if when is not None:
            label = f"alarm of {self._objects.label(self._place)}"
            self._timer = self._objects.world.clock.at(when, self._fire, label)

    async def _fire(self) -> None:
        with own_event(self._objects.world, f"alarm of {self._objects.label(self._place)}"):
            try:
                await self.run()
            except EdgeUsageError:
                raise
            except Exception:
                return  # it was logged, and is tried again
