"""Cron expressions as Cloudflare's own parser (saffron, which Cron Triggers use) reads them.

Five fields: minute, hour, day of the month, month, day of the week (1 to 7 with 1 = Sunday, or names). Lists, ranges
and steps everywhere; ``L``, ``L-3``, ``LW``, ``15W`` in the day of the month; ``L``, ``6L``, ``2#1`` in the day of the
week. A range may run over the end (FRI-MON). A step is at most the field's highest value less its lowest.
"""

from __future__ import annotations

from edgelint.patterns import later
from edgelint.platform import limits

Problem = tuple[int, int, str]

_FIELD = later(r"[^ \t]+")
_NUMBER = later(r"[0-9]+")
_LAST_DAY = later(r"L(?:-([0-9]+))?W?")
_CLOSEST = later(r"([0-9]+)W")
_LAST_WEEKDAY = later(r"([0-9]+|[A-Za-z]{3})L")
_NTH_WEEKDAY = later(r"([0-9]+|[A-Za-z]{3})#([0-9]+)")


def problems(expression: str) -> list[Problem]:
    """What is wrong with an expression, as (start, end, message) in its characters; empty when it is valid."""
    fields = [(match.start(), match.group()) for match in _FIELD.finditer(expression)]
    if len(fields) != len(limits.CRON_FIELDS):
        message = f"a cron expression has 5 fields, this one {len(fields)}"
        if len(fields) == 6:
            message += " (Cron Triggers know no seconds and no years)"
        elif expression.strip().startswith("@"):
            message += " (Cron Triggers know no @nicknames)"
        return [(0, len(expression), message)]
    found: list[Problem] = []
    for position, (start, text) in enumerate(fields):
        wrong = _field(position, text)
        if wrong is not None:
            found.append((start, start + len(text), wrong))
    return found


def _field(position: int, text: str) -> str | None:
    """What is wrong with one field, or None."""
    if text == "*":
        return None
    special = _special(position, text)
    if special is not None:
        return special or None
    name, low, high = limits.CRON_FIELDS[position]
    for index, item in enumerate(text.split(",")):
        if item == "*" and index == 0:
            return f"'*' cannot be part of a list in the {name}"
        message = _item(position, item, name, low, high)
        if message is not None:
            return message
    return None


def _special(position: int, text: str) -> str | None:
    """"" when the field is one of the forms with letters and valid, a message when it is invalid, None for others."""
    name, low, high = limits.CRON_FIELDS[position]
    if position == 2:
        if match := _LAST_DAY.fullmatch(text):
            offset = match.group(1)
            return "" if offset is None or 1 <= int(offset) <= high - low else f"the offset of L is 1 to {high - low}"
        if match := _CLOSEST.fullmatch(text):
            return _value(position, match.group(1), name, low, high) or ""
    if position == 4:
        if text == "L":
            return ""
        if match := _LAST_WEEKDAY.fullmatch(text):
            return _value(position, match.group(1), name, low, high) or ""
        if match := _NTH_WEEKDAY.fullmatch(text):
            if not 1 <= int(match.group(2)) <= 5:
                return "a month has at most 5 of a weekday: # takes 1 to 5"
            return _value(position, match.group(1), name, low, high) or ""
    return None


def _item(position: int, item: str, name: str, low: int, high: int) -> str | None:
    body, slash, step = item.partition("/")
    if slash:
        if not _NUMBER.fullmatch(step):
            return f"'{item}' in the {name} has no number after '/'"
        if not 1 <= int(step) <= high - low:
            return f"a step in the {name} is 1 to {high - low}, not {step}"
    if body == "*":
        return None
    for part in body.split("-", 1):
        message = _value(position, part, name, low, high)
        if message is not None:
            return message
    return None


def _value(position: int, text: str, name: str, low: int, high: int) -> str | None:
    if _NUMBER.fullmatch(text):
        if low <= int(text) <= high:
            return None
        if position == 4 and int(text) == 0:
            return "the day of the week is 1 to 7 with 1 = Sunday: 0 is no day, Sunday is 1 or SUN"
        return f"the {name} is {low} to {high}, not {text}"
    names = limits.CRON_MONTHS if position == 3 else limits.CRON_WEEKDAYS if position == 4 else ()
    if text.upper() in names:
        return None
    return f"'{text}' is no {name}" if text else f"a value is missing in the {name}"
