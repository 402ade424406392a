"""What ran of each file: counts of lines, functions and branches, merged over tests and over processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple

from edgelint.testing.workerd_host.coverage.probes import NOWHERE, Probes


class BranchKey(NamedTuple):
    """Which branch of a file: line and column from 1, its kind, and its number among those of one place."""

    line: int
    column: int
    kind: str
    number: int


@dataclass(slots=True)
class Ways:
    """The ways of one branch: how often each was taken, and the line where it leads (0: no statement of its own)."""

    counts: list[int]
    to: list[int]


@dataclass(slots=True)
class FileHits:
    """What ran of a file. ``lines``: the lines on which a statement begins, the most that one of them ran.
    ``functions``: (line, column, name) -> calls."""

    lines: dict[int, int] = field(default_factory=dict)
    functions: dict[tuple[int, int, str], int] = field(default_factory=dict)
    branches: dict[BranchKey, Ways] = field(default_factory=dict)

    @property
    def lines_hit(self) -> int:
        """How many lines ran."""
        return sum(count > 0 for count in self.lines.values())

    @property
    def functions_hit(self) -> int:
        """How many functions were called."""
        return sum(count > 0 for count in self.functions.values())

    @property
    def ways(self) -> int:
        """How many ways all branches have."""
        return sum(len(each.counts) for each in self.branches.values())

    @property
    def ways_taken(self) -> int:
        """How many of them were taken."""
        return sum(count > 0 for each in self.branches.values() for count in each.counts)

    def add(self, other: FileHits) -> None:
        """Add what ran elsewhere."""
        for line, count in other.lines.items():
            self.lines[line] = self.lines.get(line, 0) + count
        for function, count in other.functions.items():
            self.functions[function] = self.functions.get(function, 0) + count
        for key, ways in other.branches.items():
            mine = self.branches.setdefault(key, Ways([], []))
            mine.counts = _sum(mine.counts, ways.counts)
            mine.to = [one or two for one, two in zip_longest(mine.to, ways.to, fillvalue=0)]


Hits = dict[str, FileHits]
"""By file, as the source maps name it."""


def hits(counts: Sequence[int], probes: Probes) -> Hits:
    """What counters say, by file. ``counts`` has one number for each counter of the table; where it has none (nothing
    ran yet), everything is 0."""
    found: Hits = {source: FileHits() for source in sorted(probes.sources())}

    def count(counter: int) -> int:
        return 0 if counter == NOWHERE or counter >= len(counts) else int(counts[counter])

    for line in probes.lines:
        of = found[line.place.source].lines
        of[line.place.line] = max(of.get(line.place.line, 0), count(line.counter))
    for function in probes.functions:
        key = (function.place.line, function.place.column, function.name)
        calls = found[function.place.source].functions
        calls[key] = calls.get(key, 0) + count(function.counter)
    for branch in probes.branches:
        place = branch.place
        found[place.source].branches[BranchKey(place.line, place.column, branch.kind, branch.number)] = Ways(
            [count(way.counter) for way in branch.ways], [way.to for way in branch.ways]
        )
    return found


def merge(into: Hits, more: Mapping[str, FileHits]) -> None:
    """Add ``more`` to ``into``."""
    for source, file in more.items():
        into.setdefault(source, FileHits()).add(file)


def as_data(found: Mapping[str, FileHits]) -> dict[str, Any]:
    """Lists and dicts only: what can be sent to another process, or written as JSON."""
    return {
        source: {
            "lines": [[line, count] for line, count in sorted(file.lines.items())],
            "functions": [[*key, count] for key, count in sorted(file.functions.items())],
            "branches": [[*key, ways.counts, ways.to] for key, ways in sorted(file.branches.items())],
        }
        for source, file in sorted(found.items())
    }


def from_data(data: Mapping[str, Any]) -> Hits:
    """What ``as_data`` gave."""
    return {
        source: FileHits(
            dict(file["lines"]),
            {(line, column, name): count for line, column, name, count in file["functions"]},
            {BranchKey(*key): Ways(counts, to) for *key, counts, to in file["branches"]},
        )
        for source, file in data.items()
    }


def what_ran(found: Mapping[str, FileHits]) -> Hits:
    """Only what has a count: the rest is known from what was sent before."""
    ran: Hits = {}
    for source, file in found.items():
        ran[source] = FileHits(
            {line: count for line, count in file.lines.items() if count},
            {key: count for key, count in file.functions.items() if count},
            {key: ways for key, ways in file.branches.items() if any(ways.counts)},
        )
    return {source: file for source, file in ran.items() if file.lines or file.functions or file.branches}


def _sum(one: Iterable[int], other: Iterable[int]) -> list[int]:
    return [left + right for left, right in zip_longest(one, other, fillvalue=0)]
