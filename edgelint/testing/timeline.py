"""What happened in a test, in order: events, operations on bindings, moves of the clock, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgelint.testing.clock import Clock
    from edgelint.testing.operation import Operation

_MOST: Final = 400
"""Lines that a report shows: the last ones."""
_KEY: Final = 60
"""Characters of a key that are shown."""


class Timeline:
    """Lines of (virtual ms since the start, text). An observer of the gate."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: list[tuple[float, str | Operation]] = []
        self.operations: list[Operation] = []

    def note(self, text: str) -> None:
        """Something happened that is no operation."""
        self._lines.append((self._clock.now, text))

    def operation(self, operation: Operation) -> None:
        """The gate's observer: an operation starts, or is done. One that waits in between has two lines."""
        if operation.outcome == "pending":
            self.operations.append(operation)
            self._lines.append((operation.at, operation))
        elif self._lines[-1][1] is not operation:
            self._lines.append((self._clock.now, f"{_described(operation)} (of {operation.number})"))

    def __len__(self) -> int:
        return len(self._lines)

    def render(self) -> str:
        """The lines as text, the earliest left out when there are too many."""
        lines = self._lines[-_MOST:]
        left_out = len(self._lines) - len(lines)
        shown = [f"({left_out} earlier lines are left out)"] if left_out else []
        for at, line in lines:
            text = line if isinstance(line, str) else _line(line)
            shown.append(f"{_elapsed(at - self._clock.start):>9}  {text}")
        return "\n".join(shown)


def _line(operation: Operation) -> str:
    place = "" if operation.place is None else f"   {operation.place[0].rsplit('/', 1)[-1]}:{operation.place[1]}"
    who = "(test) " if operation.origin == "test" else f"[{operation.invocation}] " if operation.invocation else ""
    return f"{operation.number:>3} {who}{_described(operation)}{place}"


def _described(operation: Operation) -> str:
    key = ""
    if operation.key is not None:
        key = " ".join(operation.key.split())
        key = " " + (key if len(key) <= _KEY else key[: _KEY - 1] + "…")
    outcome = f" -> {first_line(operation.error)}" if operation.error is not None else f" -> {operation.outcome}"
    fault = "  (fault)" if "fault" in operation.attributes else ""
    return f"{operation.name}{key}{outcome}{fault}"


def first_line(error: BaseException) -> str:
    """What an error says, without the frames that one of JavaScript has below."""
    return str(error).partition("\n")[0]


def _elapsed(ms: float) -> str:
    if ms < 1000:
        return f"+{ms:.0f} ms"
    if ms < 3_600_000:
        return f"+{ms / 1000:g} s"
    return f"+{ms / 3_600_000:.2f} h"
