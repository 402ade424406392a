"""Compatibility dates and flags, as workerd knows them. Data: compat_flags.json."""

from __future__ import annotations

import datetime
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_DATA = Path(__file__).with_name("compat_flags.json")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Flag(NamedTuple):
    """One switch of the runtime. ``on`` and ``off`` are its two flag names (``off`` may be missing); ``default_from``
    is the date from which it is on without a flag; ``implied_by`` are flags that switch it on too, from
    ``implied_from``."""

    on: str
    off: str | None
    default_from: str | None
    experimental: bool
    implied_by: tuple[str, ...]
    implied_from: str | None


@cache
def data() -> dict[str, Any]:
    """The data file, read once."""
    loaded: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return loaded


@cache
def flags() -> dict[str, Flag]:
    """Flag name, on or off -> its switch."""
    found: dict[str, Flag] = {}
    for entry in data()["flags"]:
        flag = Flag(
            entry["on"], entry.get("off"), entry.get("default_from"), bool(entry.get("experimental")),
            tuple(entry.get("implied_by", ())), entry.get("implied_from"),
        )  # fmt: skip
        found[flag.on] = flag
        if flag.off is not None:
            found[flag.off] = flag
    return found


def is_well_formed(date: str) -> bool:
    """Whether workerd reads the text as a date: four, two and two digits. (It takes 2026-02-30 too: verified.)"""
    return _DATE.fullmatch(date) is not None


def latest_date(today: str | None = None) -> str:
    """The last date that is not in the future: ``today`` (from the clock when None), or the date of our data.

    The data's date counts because a machine's clock may be behind; with ``today`` given nothing depends on a clock.
    """
    known: str = data()["date"]
    return max(known, today or datetime.datetime.now(datetime.UTC).date().isoformat())


def enabled(name: str, date: str | None, given: list[str]) -> bool:
    """Whether the switch whose on-flag is ``name`` is on, for a compatibility date and the flags written."""
    flag = flags().get(name)
    if flag is None:
        return name in given
    if flag.off is not None and flag.off in given:
        return False
    if flag.on in given:
        return True
    if date is None:
        return False
    if flag.default_from is not None and date >= flag.default_from:
        return True
    implied_from = flag.implied_from or "0000-00-00"
    return any(enabled(other, date, given) and date >= implied_from for other in flag.implied_by)
