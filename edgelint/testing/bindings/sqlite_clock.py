"""A SQLite whose clock is a world's: ``CURRENT_TIMESTAMP`` and ``datetime('now')`` are virtual time."""

from __future__ import annotations

from functools import cache
from typing import Final

import apsw

_DAY: Final = 86_400_000  # ms
_EPOCH: Final = 2_440_587.5  # the Julian day of 1970-01-01 (https://www.sqlite.org/lang_datefunc.html)


class ClockedVfs(apsw.VFS):
    """SQLite's way to the system, but for the time: ``now`` is in ms since the epoch, set before a statement runs."""

    NAME: Final = "edgelint-clocked"

    def __init__(self) -> None:
        super().__init__(self.NAME, "")
        self.now = 0.0

    def xCurrentTime(self) -> float:
        return _EPOCH + self.now / _DAY

    def xCurrentTimeInt64(self) -> int:
        return int(_EPOCH * _DAY + self.now)


@cache
def clocked() -> ClockedVfs:
    """The one of this process: a connection asks for it by ``ClockedVfs.NAME``."""
    return ClockedVfs()
