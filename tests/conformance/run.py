"""All cases on both sides, and the report."""

from __future__ import annotations

from collections.abc import Sequence

from tests.conformance import compare, sides
from tests.conformance.corpus import Case
from tests.conformance.workerd import Workerd


def differences(server: Workerd, cases: Sequence[Case]) -> tuple[list[compare.Difference], list[str]]:
    """Where the sides differ, and the cases of which the corpus says what is not so. Raises Crashed."""
    ours = [sides.engine(case) for case in cases]
    asked = [sides.request(case, besides) for case, (_, besides) in zip(cases, ours, strict=True)]
    theirs = map(sides.workerd, server.outcomes(asked))
    found, mistakes = [], []
    for case, (own, _), their in zip(cases, ours, theirs, strict=True):
        each = compare.difference(case.name, own, their)
        if each:
            found.append(each)
        if their.broken is not None:
            mistakes.append(f"{case.name}: the setup is refused: {their.broken}")
        elif case.refused is not None and case.refused != (their.refusal is not None):
            mistakes.append(f"{case.name}: workerd {their.refusal.message if their.refusal else 'accepts it'}")
    return found, mistakes


def run(server: Workerd, cases: Sequence[Case]) -> compare.Report:
    """The whole conformance run against the list of known differences. Raises Crashed."""
    found, mistakes = differences(server, cases)
    return compare.report(len(cases), found, compare.known(), mistakes)
