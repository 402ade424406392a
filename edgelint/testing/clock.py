"""Virtual time. It stands still until a test moves it, or the app sleeps."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant at which every test starts unless it says otherwise."""


class Timer:
    """One thing that is due at an instant. ``when`` is in ms since the epoch, ``label`` says what it is."""

    __slots__ = ("when", "label", "callback", "pending")

    def __init__(self, when: float, callback: Callable[[], Awaitable[Any] | None], label: str) -> None:
        self.when = when
        self.callback = callback
        self.label = label
        self.pending = True

    def cancel(self) -> None:
        """Never run it. Cancelling twice, or after it ran, does nothing."""
        self.pending = False

    def __repr__(self) -> str:
        return f"Timer({self.label} at {self.when:.0f}{'' if self.pending else ', done'})"


class Clock:
    """The time of one world, and what is due when: alarms, queue delays, cron triggers, workflow sleeps.

    What only expires (KV keys, cached responses, rate-limit windows) needs no timer: it is compared with ``now``.
    The clock itself runs nothing: whoever moves it (``VirtualLoop``) takes what is due, one timer after the other.
    """

    def __init__(self, start: datetime = START) -> None:
        self.now = start.timestamp() * 1000  # ms since the epoch
        self.start = self.now
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = count()

    @property
    def datetime(self) -> datetime:
        """Now, in UTC."""
        return datetime.fromtimestamp(self.now / 1000, UTC)

    def at(self, when: float, callback: Callable[[], Awaitable[Any] | None], label: str) -> Timer:
        """Run ``callback`` when the clock reaches ``when`` (ms since the epoch; what is past is due at the next move of
        the clock). Timers of one instant run in the order in which they were set."""
        timer = Timer(when, callback, label)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def after(self, delay: float, callback: Callable[[], Awaitable[Any] | None], label: str) -> Timer:
        """Run ``callback`` in ``delay`` ms."""
        return self.at(self.now + delay, callback, label)

    def next_due(self) -> float | None:
        """The instant of the first timer, None when there is none."""
        self._drop_cancelled()
        return self._timers[0][0] if self._timers else None

    def take_due(self, until: float) -> Timer | None:
        """The first timer due by ``until``, taken out and with the clock moved to it; None when there is none."""
        self._drop_cancelled()
        if not self._timers or self._timers[0][0] > until:
            return None
        timer = heapq.heappop(self._timers)[2]
        timer.pending = False
        self.now = max(self.now, timer.when)
        return timer

    def pending(self) -> list[Timer]:
        """What is still to come, in order."""
        return [timer for _, _, timer in sorted(self._timers, key=lambda entry: entry[:2]) if timer.pending]

    def _drop_cancelled(self) -> None:
        while self._timers and not self._timers[0][2].pending:
            heapq.heappop(self._timers)
