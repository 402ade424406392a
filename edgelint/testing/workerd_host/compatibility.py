"""The compatibility date and flags that workerd is given: those of the config, as far as this workerd takes them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from edgelint.platform import compat, workerd

NodeMode = Literal["v2", "v1", "als"] | None
"""How much of Node there is: all that workerd has and polyfills, modules under ``node:`` only, async_hooks only."""
_EARLIEST: Final = "2021-11-02"  # workerd's oldest, and what a config without a date gets


class Given(NamedTuple):
    """What workerd is to be given, and what to tell the user of it."""

    date: str
    flags: tuple[str, ...]
    warnings: tuple[str, ...]


def given(date: str, flags: Sequence[str], version: str, today: str | None = None) -> Given:
    """The date and flags for a workerd of a version. A date that it does not know yet becomes the last that it knows;
    a flag that the date brings is left out, since older versions refuse to start with it. ``today`` is read from the
    clock when None."""
    warnings = []
    built = workerd.built(version)
    if built is not None:
        last = newest(built, today or datetime.datetime.now(datetime.UTC).date().isoformat())
        if date > last:
            warnings.append(
                f"compatibility_date {date} is later than workerd {version} knows: {last} is used. "
                "A newer wrangler brings a newer workerd"
            )
            date = last
    kept = tuple(flag for flag in flags if not redundant(flag, date, flags))
    return Given(date or _EARLIEST, kept, tuple(warnings))


def newest(built: str, today: str) -> str:
    """The last date that a workerd takes: some days after its build, and no day that is still to come."""
    ahead = datetime.date.fromisoformat(built) + datetime.timedelta(days=workerd.ACCEPTED_DAYS_AHEAD)
    return max(built, min(ahead.isoformat(), today))


def redundant(flag: str, date: str, flags: Sequence[str]) -> bool:
    """Whether the date brings the flag. Not where its opposite is given too: that is for workerd to refuse."""
    found = compat.flags().get(flag)
    if found is None or found.on != flag or found.default_from is None or date < found.default_from:
        return False
    return found.off is None or found.off not in flags


def node_mode(date: str, flags: Sequence[str]) -> NodeMode:
    """How much of Node an app has."""
    written = list(flags)
    if compat.enabled("nodejs_compat_v2", date, written):
        return "v2"
    if compat.enabled("nodejs_compat", date, written):
        return "v1"
    return "als" if "nodejs_als" in written else None
