"""The alarm of one Durable Object, on the virtual clock: one at a time, at least once, tried again when it fails.

Facts: https://github.com/cloudflare/workerd/blob/main/src/workerd/server/alarm-scheduler.c++ and io/actor-sqlite.c++,
developers.cloudflare.com/durable-objects/api/alarms.
"""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from edgelint.platform import limits
from edgelint.testing.errors import EdgeError, EdgeUsageError

if TYPE_CHECKING:
    from random import Random

    from edgelint.testing.bindings.object_life import Home
    from edgelint.testing.clock import Timer

TOO_LONG: Final = "Alarm exceeded its allowed execution time"
NO_HANDLER: Final = (
    "Attempted to run a scheduled alarm without a handler, did you remember to export an alarm() function?"
)


def retry_delay(times: int, chance: Random) -> int:
    """Milliseconds until an alarm is tried again that was put off ``times`` times before."""
    delay = (limits.DO_ALARM_BACKOFF_SECONDS << min(limits.DO_ALARM_MAX_BACKOFF, times)) * 1000
    return delay + chance.randint(0, math.floor(limits.DO_ALARM_JITTER * delay))


class Alarm:
    """When the alarm of ``home`` runs next, and how often it has failed. The time itself is in the store, and part of
    its transactions: what is not committed is not scheduled."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._timer: Timer | None = None
        self._scheduled: float | None = None  # the time in the store that the timer is for
        self._running = False
        self._failed = 0  # runs that count
        self._backoff = 0
        self._counted_last = False

    @property
    def due(self) -> datetime | None:
        """When it runs next, retries included; None when it does not."""
        if self._timer is None:
            return None
        return datetime.fromtimestamp(self._timer.when / 1000, UTC)

    def seen(self) -> float | None:
        """What ``getAlarm`` says: ms since the epoch."""
        store = self._home.store
        return None if self._running and not store.alarm_touched else store.alarm

    def committed(self) -> None:
        """Something was committed: schedule what the store says. A running alarm is seen to when it ends."""
        if self._running or self._home.store.alarm == self._scheduled:
            return
        self._failed = self._backoff = 0
        self._counted_last = False
        self._schedule(self._home.store.alarm, self._home.store.alarm)

    async def run(self) -> None:
        """Run the handler, and see to what comes after. Raises what the handler raises, when all is arranged."""
        home, store = self._home, self._home.store
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._running, store.alarm_touched = True, False
        count = self._failed
        error: Exception | None = None
        abandoned = counted = False
        life = home.awake()
        try:
            async with asyncio.timeout(limits.DO_ALARM_SECONDS) as limit:
                task = life.deliver(lambda instance: instance.alarm(count, count > 0), "alarm", handler="alarm")
                if not await life.answer(task):
                    home.services.log("warn", NO_HANDLER)
        except TimeoutError as raised:
            if limit.expired():
                error = EdgeError(TOO_LONG, overloaded=True)
                life.reset(error, by_user=True)
            else:
                error = raised
        except EdgeUsageError:
            abandoned = True
            raise
        except Exception as raised:
            error = raised
        finally:
            self._running = False
            counted = not life.broken or life.broken_by_user
            abandoned = abandoned or life.alarm_abandoned
            self._after(error, counted, abandoned)
        if error is not None:
            raise error

    def _after(self, error: Exception | None, counted: bool, abandoned: bool) -> None:
        home, store = self._home, self._home.store
        touched, store.alarm_touched = store.alarm_touched, False
        if touched:
            self._scheduled = None  # set again or deleted while it ran: that stands in place of everything else
            self.committed()
            return
        if error is None or abandoned:
            self._forget()
            return
        home.services.log("error", f"alarm of {home.label} failed (try {self._failed + 1}): {error}")
        if self._failed >= limits.DO_ALARM_RETRIES:
            home.services.log("error", f"alarm of {home.label} is given up after {self._failed} retries")
            self._forget()
            return
        if counted:
            self._failed += 1
            if not self._counted_last:
                self._backoff = 0
        self._counted_last = counted
        delay = retry_delay(self._backoff, home.services.random)
        self._backoff += 1
        self._schedule(home.clock.now + delay, store.alarm)

    def _forget(self) -> None:
        """It is done: the store has no alarm any more."""
        self._home.store.set_alarm(None)
        self._home.store.alarm_touched = False
        self._home.commit()

    def _schedule(self, when: float | None, stored: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._scheduled = stored
        if when is not None:
            self._timer = self._home.clock.at(when, self._fire, f"alarm of {self._home.label}")

    async def _fire(self) -> None:
        try:
            await self.run()
        except EdgeUsageError:
            raise
        except Exception:
            return  # it was logged, and is tried again
