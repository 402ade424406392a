"""What one statement may cost: steps of SQLite's machine, and the work of functions that a step does not bound.

SQLite asks its progress handler between steps, but one step may be one call of a function, and a few of SQLite's take
time that grows with the product of their arguments: ``trim('bbb...', 'aaa...b')`` of 200 kB takes a minute and a half
(measured on SQLite 3.54), of 4 MB hours. Those few are called through this module, which counts their work as steps.
json_patch is one more, but a function from outside would lose the JSON subtype of its result: a statement that calls it
has a smaller limit on the length of values instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeAlias

import apsw

_Argument: TypeAlias = "int | float | str | bytes | None"

CHECK_EVERY: Final = 200
"""After how many steps SQLite asks whether to go on."""
SLOW: Final = frozenset(("json_patch", "jsonb_patch"))
"""Functions whose time grows with the product of their arguments, and that stay SQLite's own."""
SLOW_LENGTH: Final = 100_000
"""The longest value, in bytes, for statements that call one of them: a call then takes under 0.2 s."""

# name -> number of arguments, and how many byte comparisons cost as much as a step (a memcmp does 16 in a nanosecond)
_METERED = {"instr": (2, 1_000), "replace": (3, 1_000), "trim": (2, 10), "ltrim": (2, 10), "rtrim": (2, 10)}


class Stopped(Exception):
    """Raised inside a function: the statement has cost enough."""


class Meter:
    """One per connection. ``steps``: what one statement may cost; ``seconds``: of CPU time, for steps that are slow
    though none is endless."""

    def __init__(self, connection: apsw.Connection, steps: int, seconds: float) -> None:
        self.steps = steps
        self.seconds = seconds
        self._taken = 0
        self._until = 0.0
        self._plain: apsw.Connection | None = None
        connection.set_progress_handler(self._progress, CHECK_EVERY)
        for name, (count, bytes_per_step) in _METERED.items():
            connection.create_scalar_function(name, self._metered(name, bytes_per_step), count, deterministic=True)

    def begin(self) -> None:
        """A statement starts."""
        self._taken = 0
        self._until = time.thread_time() + self.seconds

    @property
    def spent(self) -> bool:
        """Whether the statement has cost what it may."""
        return self._taken > self.steps or time.thread_time() > self._until

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
