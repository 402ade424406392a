"""Versions of workerd, as npm has them (1.20261117.1: the date of its build), and those that the tests have run with.

As of 2026-11-26: tests/conformance and tests/testing/workerd_host run with 1.20261117.1.
"""

from __future__ import annotations

import re
from typing import Final

TESTED: Final = ("1.20261117.0", "1.20261117.1")
"""The first and the last version with which the protocols of its bindings were tested. They are not documented."""
_VERSION: Final = re.compile(r"1\.(\d{4})(\d{2})(\d{2})\.(\d+)")
ACCEPTED_DAYS_AHEAD: Final = 7
"""How far a compatibility date may be past the build (run: 1.20261117.1 takes 2026-11-24 and refuses 2026-11-25)."""


def built(version: str) -> str | None:
    """The date of a version's build, None when the version is written in another way."""
    found = _VERSION.match(version)
    return None if found is None else f"{found[1]}-{found[2]}-{found[3]}"


def untested(version: str) -> str | None:
    """What to tell the user of a version with which nothing was tested, None for one that was."""
    found = _VERSION.match(version)
    first, last = (_VERSION.match(each) for each in TESTED)
    assert first is not None
    assert last is not None
    if found is None:
        return f"workerd {version} is none that was tested ({_range()}): its bindings may speak otherwise"
    if found.groups()[:3] < first.groups()[:3]:
        return f"workerd {version} is older than what was tested ({_range()}): its bindings may speak otherwise"
    if found.groups()[:3] > last.groups()[:3]:
        return f"workerd {version} is newer than what was tested ({_range()}): its bindings may speak otherwise"
    return None


def _range() -> str:
    first, last = TESTED
    return last if built(first) == built(last) else f"{first} to {last}"
