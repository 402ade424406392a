"""What one statement may cost: steps of SQLite's machine, and the work of functions that a step does not bound.

SQLite asks its progress handler between steps, but one step may be one call of a function, and a few of SQLite's take
time that grows with the product of their arguments: ``trim('bbb...', 'aaa...b')`` of 200 kB takes a minute and a half
(measured on SQLite 3.54), of 4 MB hours. Those few are called through this module, which counts their work as steps.
json_patch, highlight and snippet cannot be (the result of the first has JSON's subtype, the others belong to FTS5): a
statement that calls one has a smaller limit on the length of values instead.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

import apsw

from edgelint.platform import limits

_Argument: TypeAlias = "int | float | str | bytes | None"

SECONDS: Final = 5.0
"""CPU time of one statement."""
SCRIPT_STEPS: Final = 20
"""How many times the steps of one statement a script may take."""
SCRIPT_SECONDS: Final = float(limits.D1_MAX_QUERY_SECONDS)
"""CPU time of a script: what D1 gives one query."""
CHECK_EVERY: Final = 200
"""After how many steps SQLite asks whether to go on."""
SLOW: Final = {"json_patch": 100_000, "jsonb_patch": 100_000, "highlight": 100_000, "snippet": 10_000}
"""Functions whose time grows with the product of their arguments or the square of one, and that stay SQLite's own: the
longest value, in bytes, of a statement that calls it. A call then takes under a second."""

# name -> number of arguments, and how many byte comparisons cost as much as a step (a memcmp does 16 in a nanosecond)
_METERED = {"instr": (2, 1_000), "replace": (3, 1_000), "trim": (2, 10), "ltrim": (2, 10), "rtrim": (2, 10)}


class Stopped(Exception):
    """Raised inside a function: the statement has cost enough."""


class Meter:
    """One per connection. ``steps``: what one statement may cost. The clock is for steps that are slow though none is
    endless."""

    def __init__(self, connection: apsw.Connection, steps: int) -> None:
        self.steps = steps
        self._taken = 0  # by the statement
        self._most = math.inf
        self._until: float | None = math.inf
        self._left: int | None = None  # the steps that are left of a script
        self._script_until: float | None = None  # when its time is up, once it has begun to count
        self._plain: apsw.Connection | None = None
        connection.set_progress_handler(self._progress, CHECK_EVERY)
        for name, (count, bytes_per_step) in _METERED.items():
            connection.create_scalar_function(name, self._metered(name, bytes_per_step), count, deterministic=True)

    def begin(self) -> None:
        """A statement starts. Its time counts from the first time it is asked for: most statements never are."""
        self._most, self._until = float(self.steps), None
        if self._left is not None:
            self._left -= self._taken
            self._most = min(self._most, float(self._left))
        self._taken = 0

    def end(self) -> None:
        """It is over: what this package asks between statements is not stopped."""
        self._most, self._until = math.inf, math.inf

    @contextmanager
    def script(self) -> Iterator[None]:
        """Around statements that have one budget together besides their own."""
        self._taken = 0
        self._left, self._script_until = self.steps * SCRIPT_STEPS, None
        try:
            yield
        finally:
            self._left = None

    @property
    def spent(self) -> bool:
        """Whether the statement has cost what it may."""
        if self._taken > self._most:
            return True
        now = time.thread_time()
        if self._until is None:
            self._until = now + SECONDS
            if self._left is not None:
                if self._script_until is None:
                    self._script_until = now + SCRIPT_SECONDS
                self._until = min(self._until, self._script_until)
        return now > self._until

    def _progress(self) -> bool:
        self._taken += CHECK_EVERY
        return self.spent

    def _metered(self, name: str, bytes_per_step: int) -> Callable[..., _Argument]:
        marks = ", ".join("?" * _METERED[name][0])
        sql = f"SELECT {name}({marks})"

        def call(*arguments: _Argument) -> _Argument:
            self._taken += _size(arguments[0]) * _size(arguments[1]) // bytes_per_step
            if self.spent:
                raise Stopped
            if self._plain is None:
                self._plain = apsw.Connection(":memory:")
            result: _Argument = self._plain.execute(sql, arguments).fetchall()[0][0]
            return result

        return call


def _size(value: _Argument) -> int:
    return len(value) if isinstance(value, str | bytes) else 20
