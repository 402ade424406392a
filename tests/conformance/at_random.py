"""The engine against workerd on what random_cases makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, given, settings

from tests.conformance import compare, random_cases, sides
from tests.conformance.corpus import Case
from tests.conformance.workerd import Workerd

EXAMPLES = 40
"""Requests in the test; each carries up to six databases."""


def run(server: Workerd, examples: int, fixed: bool) -> Counter[str]:
    """Raises AssertionError with a database that differs, in few steps; else how many steps were accepted and refused.
    ``fixed``: the same examples at every run."""
    counted: Counter[str] = Counter()

    @settings(
        max_examples=examples, derandomize=fixed, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )  # fmt: skip
    @given(random_cases.batches())
    def compared(batch: list[list[Case]]) -> None:
        answers = server.outcomes([sides.request_steps(steps) for steps in batch])
        for steps, answer in zip(batch, answers, strict=True):
            theirs = sides.workerd_steps(answer)
            for outcome in theirs[:-1]:
                counted["refused" if outcome.refusal else "accepted"] += 1
            found = difference(steps, sides.engine_steps(steps), theirs)
            assert found is None, smallest(server, steps) or found

    compared()
    return counted


def smallest(server: Workerd, steps: Sequence[Case]) -> str | None:
    """The difference of as few of the steps as still differ (hypothesis would take minutes for it)."""

    def told(some: Sequence[Case]) -> str | None:
        theirs = sides.workerd_steps(server.outcomes([sides.request_steps(some)])[0])
        return difference(some, sides.engine_steps(some), theirs)

    left = list(steps)
    for index in reversed(range(len(steps))):
        without = [*left[:index], *left[index + 1 :]]
        if told(without):
            left = without
    return told(left)


def difference(steps: Sequence[Case], ours: Sequence[sides.Outcome], theirs: Sequence[sides.Outcome]) -> str | None:
    """The first step whose outcomes differ, as a text with all steps up to it; None: they agree."""
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        found = compare.difference("", one, other)
        if found:
            shown = [f"{step.sql}{f'  <- {step.params!r}' if step.params else ''}" for step in steps[: number + 1]]
            return "\n".join((*shown, "differs in" if number < len(steps) else "leaves", found.detail))
        if other.refusal and other.refusal.statement is None:
            return None  # workerd has opened the file again: its switches and its last rowid are as at the start
    return None
