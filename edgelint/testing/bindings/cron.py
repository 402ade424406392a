"""When a cron expression is due, as Cloudflare's own parser reads it (https://github.com/cloudflare/saffron).

Times are UTC, to the minute. A day is due when the day of the month or the day of the week is, if neither is ``*``; the
days of the week count from 1 for Sunday. ``edgelint.syntax.cron`` says what is wrong with an expression; here they are
valid.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from edgelint.platform import limits
from edgelint.syntax import cron as grammar
from edgelint.testing.errors import EdgeUsageError

Days = Callable[[date], bool]

_YEARS: Final = 50
"""How far ahead a date is looked for: five Sundays in February come every 28 years, or 40 over a year like 2100."""
_LAST_DAY: Final = re.compile(r"L(?:-(\d+))?(W)?")
_FRIDAY: Final = 4


class Cron:
    """A cron expression. Raises EdgeUsageError when it is invalid."""

    def __init__(self, expression: str) -> None:
        wrong = grammar.problems(expression)
        if wrong:
            raise EdgeUsageError(f"'{expression}' is no cron expression that Cloudflare takes: {wrong[0][2]}")
        self.expression = expression
        minutes, hours, month_days, months, week_days = expression.split()
        self._minutes = sorted(_values(0, minutes))
        self._hours = sorted(_values(1, hours))
        self._months = _values(3, months)
        self._day_of_month = None if month_days == "*" else _month_days(month_days)
        self._day_of_week = None if week_days == "*" else _week_days(week_days)

    def next_after(self, instant: datetime) -> datetime | None:
        """The first minute after the one of ``instant`` (aware) that is due; None when there is none."""
        start = instant.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        first = start.date()
        for offset in range(_YEARS * 366):
            day = first + timedelta(days=offset)
            if not self._due(day):
                continue
            found = self._time(start.time() if offset == 0 else time())
            if found is not None:
                return datetime.combine(day, found, UTC)
        return None

    def _due(self, day: date) -> bool:
        if day.month not in self._months:
            return False
        if self._day_of_month is None:
            return self._day_of_week is None or self._day_of_week(day)
        return self._day_of_month(day) or (self._day_of_week is not None and self._day_of_week(day))

    def _time(self, earliest: time) -> time | None:
        for hour in self._hours:
            for minute in self._minutes:
                if (hour, minute) >= (earliest.hour, earliest.minute):
                    return time(hour, minute)
        return None


@lru_cache(maxsize=64)
def parsed(expression: str) -> Cron:
    """A cron expression, kept. Raises EdgeUsageError when it is invalid."""
    return Cron(expression)


def next_occurrence(expression: str, after: datetime) -> datetime:
    """The first minute after that of ``after`` (aware) at which a cron expression is due, in UTC. Raises EdgeUsageError
    for an invalid expression and for one that is never due."""
    found = parsed(expression).next_after(after)
    if found is None:
        raise EdgeUsageError(f"the cron expression '{expression}' is never due")
    return found


def _values(position: int, text: str) -> set[int]:
    """The numbers of a field without special forms; ``5/15`` runs to the highest, a range may run over the end."""
    _, low, high = limits.CRON_FIELDS[position]
    found: set[int] = set()
    for item in text.split(","):
        body, slash, step = item.partition("/")
        if body == "*":
            # within a list, a star without a step is the lowest value
            start, end = (low, high) if slash or text == "*" else (low, low)
        else:
            first, dash, last = body.partition("-")
            start = _number(position, first)
            end = _number(position, last) if dash else high if slash else start
        around = range(start, end + 1) if start <= end else [*range(start, high + 1), *range(low, end + 1)]
        found.update(list(around)[:: int(step) if slash else 1])
    return found


def _number(position: int, text: str) -> int:
    if text.isdigit():
        return int(text)
    names = limits.CRON_MONTHS if position == 3 else limits.CRON_WEEKDAYS
    return names.index(text.upper()) + 1


def _last(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, wanted: int) -> int:
    """The day of ``day``'s month that is the weekday nearest to the ``wanted`` one, within the month."""
    weekday = day.replace(day=wanted).weekday()
    if weekday == _FRIDAY + 1:
        return 3 if wanted == 1 else wanted - 1
    if weekday == _FRIDAY + 2:
        return wanted - 2 if wanted == _last(day) else wanted + 1
    return wanted


def _month_days(text: str) -> Days:
    last = _LAST_DAY.fullmatch(text)
    if last is not None:
        offset, nearest = int(last.group(1) or 0), last.group(2) is not None
        return lambda day: _is_day(day, _last(day) - offset, nearest)
    if text.endswith("W"):
        wanted = int(text[:-1])
        return lambda day: _is_day(day, wanted, True)
    days = _values(2, text)
    return lambda day: day.day in days


def _is_day(day: date, wanted: int, nearest: bool) -> bool:
    if not 1 <= wanted <= _last(day):
        return False
    return day.day == (_nearest_weekday(day, wanted) if nearest else wanted)


def _week_days(text: str) -> Days:
    if text == "L":
        text = "SAT"
    if text.endswith("L"):
        last = _number(4, text[:-1])
        return lambda day: _week_day(day) == last and day.day + 7 > _last(day)
    name, hash_, nth = text.partition("#")
    if hash_:
        wanted = _number(4, name)
        return lambda day: _week_day(day) == wanted and (day.day - 1) // 7 + 1 == int(nth)
    days = _values(4, text)
    return lambda day: _week_day(day) in days


def _week_day(day: date) -> int:
    """1 for Sunday to 7 for Saturday."""
    return day.isoweekday() % 7 + 1
