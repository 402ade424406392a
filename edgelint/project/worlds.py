"""Running a reading of the code once for each way it can go.

Where the code may go one way or the other, the reading asks its ``World``. One key is decided once in a world, so a
text and its arguments that hang on the same test are of one mind. ``worlds`` runs the reading until every way was gone;
when there are more than ``MAX_WORLDS``, those in which all options are taken, none, the first or the last one alone,
and all but one of these, beside those that were gone until then.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from math import prod
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
MAX_WORLDS = 32
"""Texts of one statement that are told apart: five independent options."""


class Impossible(Exception):
    """The choices contradict each other, or what the code has tested."""


class Choice(NamedTuple):
    key: Hashable
    taken: int
    options: int


class World:
    """One way through the code. Option 0 of a choice is "yes": a branch that is taken, an item that is there."""

    def __init__(self, script: list[int], policy: Callable[[Hashable, int], int] | None = None) -> None:
        self.script = script
        self.policy = policy
        self.trail: list[Choice] = []
        self.decided: dict[Hashable, int] = {}
        self.asked: set[Hashable] = set()

    def choose(self, key: Hashable, options: int) -> int:
        """Which of ``options`` is taken here."""
        self.asked.add(key)
        found = self.decided.get(key)
        if found is not None:
            return found
        position = len(self.trail)
        if position < len(self.script):
            taken = self.script[position]
        else:
            taken = self.policy(key, options) if self.policy is not None else 0
        self.trail.append(Choice(key, taken, options))
        self.decided[key] = taken
        return taken

    def settle(self, key: Hashable, taken: int) -> None:
        """Decide ``key`` without a choice: something else implies it."""
        self.decided.setdefault(key, taken)


class Outcomes(NamedTuple, Generic[T]):
    """What the reading gave in each world; ``whole`` is False when there are more than were looked at. The same may
    come twice."""

    results: list[T]
    whole: bool


def worlds(read: Callable[[World], T]) -> Outcomes[T]:
    """``read`` in every world in which it is possible."""
    results: list[T] = []
    script: list[int] = []
    runs = 0
    while True:
        world = World(script)
        runs += 1
        with suppress(Impossible):
            results.append(read(world))
        trail = world.trail
        if runs == 1 and prod(choice.options for choice in trail) > MAX_WORLDS:
            covering, same = _covering(read)
            if same:  # the choices do not hang on each other: there are as many worlds as that
                return Outcomes(covering, False)
        while trail and trail[-1].taken == trail[-1].options - 1:
            trail.pop()
        if not trail:
            return Outcomes(results, True)
        if runs >= MAX_WORLDS:
            return Outcomes([*_covering(read)[0], *results], False)
        script = [choice.taken for choice in trail[:-1]] + [trail[-1].taken + 1]


def _covering(read: Callable[[World], T]) -> tuple[list[T], bool]:
    """All options taken, none, the first and the last alone, and all but these; and whether each of these worlds asked
    for the same choices. A wrong column shows with all, a comma too many or missing at an end."""
    found: list[T] = []
    keys: dict[Hashable, int] = {}
    asked: set[frozenset[Hashable]] = set()

    def run(policy: Callable[[Hashable, int], int]) -> None:
        world = World([], policy)
        with suppress(Impossible):
            found.append(read(world))
        for choice in world.trail:
            keys.setdefault(choice.key, choice.options)
        asked.add(frozenset(choice.key for choice in world.trail))

    run(lambda key, options: 0)
    run(lambda key, options: options - 1)
    listed = list(keys.items())
    for alone, count in dict((*listed[:1], *listed[-1:])).items():
        for option in range(1, count):
            if len(found) < MAX_WORLDS:
                run(lambda key, options, alone=alone, option=option: option if key == alone else 0)  # type: ignore[misc]
        for option in range(count - 1):
            if len(found) < MAX_WORLDS:
                run(lambda key, options, alone=alone, option=option: option if key == alone else options - 1)  # type: ignore[misc]
    return found, len(asked) == 1
