"""Sequences of operations made by hypothesis, run on a fake and on the oracle, and compared.

    sequences = generated(st.lists(operations(), min_size=20, max_size=20), amount(100))
    check("kv", oracle, sequences, step=to_step, ours=run_on_the_fake)

The sequences are the same in every run of one count; EDGELINT_DIFFERENTIAL=N asks for N of them instead.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from edgelint.testing.errors import EdgeError
from tests.oracles.differences import DIFFERENCES, Seen
from tests.oracles.miniflare.oracle import Oracle, Outcome, Step

Op = TypeVar("Op")
COUNT: Final = "EDGELINT_DIFFERENTIAL"
_BATCH: Final = 200
"""Sequences in one question to the oracle."""


def amount(default: int) -> int:
    """How many sequences: ``default``, or what the environment asks for."""
    return int(os.environ.get(COUNT, default))


def generated(strategy: st.SearchStrategy[Op], count: int) -> list[Op]:
    """``count`` different examples of ``strategy`` (fewer when it has not so many), the same every time."""
    found: dict[str, Op] = {}

    def collect(example: Op) -> None:
        found.setdefault(repr(example), example)

    for tries in (count + count // 4, 4 * count):  # some examples come more than once
        if len(found) < count:
            settings(
                max_examples=tries, derandomize=True, database=None, phases=[Phase.generate], deadline=None,
                suppress_health_check=list(HealthCheck),
            )(given(strategy)(collect))()  # fmt: skip
    return list(found.values())[:count]


def mixed(**choices: Sequence[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """One of each sequence, drawn at once: much quicker than a draw for each."""
    total = math.prod(len(each) for each in choices.values())

    def chosen(number: int) -> dict[str, Any]:
        picked: dict[str, Any] = {}
        for name, each in choices.items():
            number, index = divmod(number, len(each))
            picked[name] = each[index]
        return picked

    return st.integers(0, total - 1).map(chosen)


def weighted(*choices: tuple[st.SearchStrategy[Op], int]) -> st.SearchStrategy[Op]:
    """One of the strategies, as often as their weights say (``one_of`` has none)."""
    return st.sampled_from([strategy for strategy, weight in choices for _ in range(weight)]).flatmap(lambda one: one)


def failure(error: EdgeError) -> Outcome:
    """An error of the platform as the oracle's outcome says it."""
    return {"error": {"name": error.name, "message": error.message, "code": error.code}}


def check(
    binding: str, oracle: Oracle, sequences: Sequence[Sequence[Op]], *, step: Callable[[Op], Step],
    ours: Callable[[Sequence[Op]], Sequence[Outcome]], same: Callable[[Outcome, Outcome], bool] | None = None,
) -> int:  # fmt: skip
    """Run every sequence on both sides and compare each outcome. What differs and is not in differences.py raises
    AssertionError with a sequence cut to the operations it takes. ``step`` says an operation to the oracle, ``ours``
    runs a sequence on a fresh fake, ``same`` compares two outcomes (``alike`` if left out). Returns the number of
    operations compared."""
    same = same or alike
    count = 0
    for start in range(0, len(sequences), _BATCH):
        part = sequences[start : start + _BATCH]
        theirs = oracle.run([[step(op) for op in sequence] for sequence in part])
        for sequence, answers in zip(part, theirs, strict=True):
            found = _first_difference(binding, sequence, step, ours(sequence), answers, same)
            if found is not None:
                raise AssertionError(_report(binding, oracle, list(sequence[: found + 1]), step, ours, same))
            count += len(sequence)
    return count


def seen_differences(
    binding: str, oracle: Oracle, sequence: Sequence[Op], *, step: Callable[[Op], Step],
    ours: Callable[[Sequence[Op]], Sequence[Outcome]], same: Callable[[Outcome, Outcome], bool] | None = None,
) -> set[str]:  # fmt: skip
    """The reasons of the known differences that a sequence shows: a test that asks for each keeps them true."""
    same = same or alike
    theirs = oracle.run([[step(op) for op in sequence]])[0]
    return {
        known.reason
        for op, mine, other in zip(sequence, ours(sequence), theirs, strict=True)
        if not same(mine, other)
        for known in DIFFERENCES
        if known.binding == binding and known.applies(Seen(step(op), mine, other))
    }


def alike(ours: Outcome, theirs: Outcome) -> bool:
    """Equal; errors by name, message and code."""
    if "error" in ours and "error" in theirs:
        return all(ours["error"].get(key) == theirs["error"].get(key) for key in ("name", "message", "code"))
    return ours == theirs


def _first_difference(
    binding: str, sequence: Sequence[Op], step: Callable[[Op], Step], ours: Sequence[Outcome],
    theirs: Sequence[Outcome], same: Callable[[Outcome, Outcome], bool],
) -> int | None:  # fmt: skip
    """The index of the first operation with a difference that has no reason."""
    for index, (op, mine, other) in enumerate(zip(sequence, ours, theirs, strict=True)):
        if same(mine, other):
            continue
        seen = Seen(step(op), mine, other)
        if not any(known.binding == binding and known.applies(seen) for known in DIFFERENCES):
            return index
    return None


def _report(
    binding: str, oracle: Oracle, sequence: list[Op], step: Callable[[Op], Step],
    ours: Callable[[Sequence[Op]], Sequence[Outcome]], same: Callable[[Outcome, Outcome], bool],
) -> str:  # fmt: skip
    """The words of a failure: the sequence without the operations that the difference does not need."""

    def differs(candidate: list[Op]) -> bool:
        theirs = oracle.run([[step(op) for op in candidate]])[0]
        return _first_difference(binding, candidate, step, ours(candidate), theirs, same) is not None

    index = len(sequence) - 1
    while index >= 0:
        shorter = sequence[:index] + sequence[index + 1 :]
        if shorter and differs(shorter):
            sequence = shorter
        index -= 1
    theirs = oracle.run([[step(op) for op in sequence]])[0]
    mine = ours(sequence)
    lines = [f"{binding}: the fake and Miniflare differ"]
    for op, own, other in zip(sequence, mine, theirs, strict=True):
        lines.append(f"  {_short(step(op))}")
        if same(own, other):
            lines.append(f"    both      {_short(own)}")
        else:
            lines += [f"    fake      {_short(own)}", f"    Miniflare {_short(other)}"]
    return "\n".join(lines)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 1000 else f"{text[:500]}...{text[-300:]}"
