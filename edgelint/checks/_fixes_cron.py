"""What a cron expression that Cloudflare refuses was meant to be, where only one thing can be meant."""

from __future__ import annotations

import re

from edgelint.platform import limits
from edgelint.syntax import cron

# What crontab(5) says of the nicknames (https://man7.org/linux/man-pages/man5/crontab.5.html), with Cloudflare's SUN.
_NICKNAMES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * SUN",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}
_DAYS = re.compile(r"(?:(\*|[0-7](?:-[0-7])?)(/\d+)?)(?:,[0-7](?:-[0-7])?(?:/\d+)?)*")
_DAY = re.compile(r"(?<![/\d])[0-7](?!\d)")
_WEEKDAY = 4


def meant(text: str) -> tuple[str, bool] | None:
    """(what was meant, whether that is certain) for an expression that is refused as a whole; None when nothing tells.

    A nickname is certain. Of six fields the first is taken for seconds, when it is 0: a guess.
    """
    nickname = _NICKNAMES.get(text.strip().lower())
    if nickname is not None:
        return nickname, True
    fields = text.split()
    if len(fields) == len(limits.CRON_FIELDS) + 1 and fields[0] == "0" and not cron.problems(" ".join(fields[1:])):
        return " ".join(fields[1:]), False
    return None


def meant_field(text: str, start: int, end: int) -> tuple[str, bool] | None:
    """The same for the one field of ``text`` that is refused, from ``start`` to ``end``.

    ``?`` is ``*``. A day of the week with a 0 in it counts from 0 = Sunday, as everywhere else, so that all its numbers
    become names: certain for a single 0, a guess for the others. ``*/60`` minutes and ``*/24`` hours are once.
    """
    field = text[start:end]
    position = len(text[:start].split())
    _, low, high = limits.CRON_FIELDS[position]
    if field == "?" and position in (2, _WEEKDAY):
        return "*", True
    if position == _WEEKDAY and "0" in field and _DAYS.fullmatch(field):
        named = _DAY.sub(lambda day: limits.CRON_WEEKDAYS[int(day[0]) % 7], field)
        return (named, field == "0") if named != field else None
    if field == f"*/{high - low + 1}":
        return str(low), False
    return None
