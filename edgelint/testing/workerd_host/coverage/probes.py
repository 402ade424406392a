"""What of an app's own files can run, by the counters that tell whether it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

Kind = Literal["if", "conditional", "logical", "assignment", "switch", "loop", "default"]
"""What branches: ``if`` has two ways, a conditional expression two; a chain of ``&&``, ``||``, ``??`` one for each
operand (that it was evaluated); ``a ??= b`` one (that it was assigned); a switch one for each case that it has; a loop
one (that its body ran); a default value one (that it was used)."""
NOWHERE: Final = -1
"""The counter of what is in no bundle: it cannot run."""


class Place(NamedTuple):
    """A place in an app's file; ``source`` is the file as the source map names it, line and column count from 1."""

    source: str
    line: int
    column: int


class Line(NamedTuple):
    """A statement begins at ``place``; ``counter`` says how often it ran."""

    place: Place
    counter: int


class Function(NamedTuple):
    """A function. ``name`` is what the code calls it, "(anonymous)" where it has no name."""

    place: Place
    name: str
    counter: int


class Way(NamedTuple):
    """One way of a branch: ``to`` is the line where it leads, 0 where that is no statement of its own."""

    to: int
    counter: int


class Branch(NamedTuple):
    """A branch at ``place``. ``number`` tells those of one kind apart that have the same place."""

    place: Place
    kind: Kind
    number: int
    ways: tuple[Way, ...]


@dataclass(slots=True)
class Probes:
    """The table of one module: counters are numbered from 0 to ``size``, and several entries may share one."""

    size: int = 0
    lines: list[Line] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)

    def sources(self) -> set[str]:
        """The files that it speaks of."""
        return {place.source for place in self.places()}

    def places(self) -> Iterator[Place]:
        """Where its entries are."""
        for line in self.lines:
            yield line.place
        for function in self.functions:
            yield function.place
        for branch in self.branches:
            yield branch.place
