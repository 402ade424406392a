"""The state machines behind the real workerd, beside Miniflare's simulators: one worker, the same sequences.

The sequences are those of tests/testing/bindings, where the state machines alone are held against Miniflare; what is
known to differ there may differ here. ``WORDS`` and ``_length`` are what this way adds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest

from tests.oracles import differential
from tests.oracles.miniflare.oracle import Oracle, Outcome, Step
from tests.testing.bindings import (
    test_cache_differential,
    test_kv_differential,
    test_queues_differential,
    test_r2_differential,
)
from tests.testing.workerd_host.in_javascript import InJavaScript, Made, in_javascript, oracle_app

__all__ = ["in_javascript", "oracle_app"]

WORDS: Final = {
    "'JsReadableStream or": "'ReadableStream or", "'JsBufferSource or": "'BufferSource or",
}  # fmt: skip
"""Names of workerd's own classes that show in its errors, by those in Miniflare's older workerd: they were renamed."""


@pytest.fixture
def workerd(in_javascript: Made) -> InJavaScript:
    return in_javascript("KV", "KV0")


def _normal(outcome: Outcome) -> Outcome:
    if "error" in outcome:
        message = outcome["error"]["message"]
        for ours, theirs in WORDS.items():
            message = message.replace(ours, theirs)
        return {"error": {**outcome["error"], "message": message}}
    return _length(outcome)


def _length(outcome: Outcome) -> Outcome:
    """Without the length of a response that has no body: HTTP says it for 416, and our server not for 304."""
    result = outcome["ok"]
    if not isinstance(result, dict) or result.get("status") not in (304, 416):
        return outcome
    headers = [pair for pair in result["headers"] if pair[0] != "content-length"]
    return {"ok": {**result, "headers": headers}}


def _check(
    name: str, oracle: Oracle, workerd: InJavaScript, made: Sequence[Sequence[Any]], step: Callable[[Any], Step],
    same: Callable[[Outcome, Outcome], bool], ours: Callable[[Outcome], Outcome] = lambda outcome: outcome,
) -> int:  # fmt: skip
    def run(sequence: Sequence[Any]) -> list[Outcome]:
        return [ours(outcome) for outcome in workerd.outcomes([[step(op) for op in sequence]])[0]]

    return differential.check(
        name, oracle, made, step=step, ours=run, same=lambda mine, theirs: same(_normal(mine), _normal(theirs))
    )


def test_kv(oracle: Oracle, workerd: InJavaScript) -> None:
    cases = test_kv_differential
    made = differential.generated(cases.sequences, differential.amount(100))
    assert _check("kv", oracle, workerd, made, cases._step, cases._same) == 20 * len(made)


def test_r2(oracle: Oracle, workerd: InJavaScript) -> None:
    cases = test_r2_differential
    made = differential.generated(cases.sequences, differential.amount(100))
    assert _check("r2", oracle, workerd, made, cases._step, cases._same) == 20 * len(made)


def test_r2_in_large_parts(oracle: Oracle, workerd: InJavaScript) -> None:
    cases = test_r2_differential
    assert _check("r2", oracle, workerd, [cases.LARGE], cases._step, cases._same) == len(cases.LARGE)


def test_the_cache(oracle: Oracle, workerd: InJavaScript) -> None:
    cases = test_cache_differential
    made = differential.generated(cases.sequences, differential.amount(100))
    assert _check("cache", oracle, workerd, made, cases._step, cases._same) == 20 * len(made)


def test_lifetimes_in_the_cache(oracle: Oracle, workerd: InJavaScript) -> None:
    cases = test_cache_differential
    made = differential.generated(cases.pairs, 150)
    assert _check("cache", oracle, workerd, made, cases._step, cases._same) == 2 * len(made)


def test_queues(oracle: Oracle, workerd: InJavaScript) -> None:
    cases = test_queues_differential

    def delivered(outcome: Outcome) -> Outcome:
        if not isinstance(outcome.get("ok"), list):
            return outcome
        return {"ok": [[[(m["body"], m["attempts"]) for m in batch] for batch in queue] for queue in outcome["ok"]]}

    made = [cases.counted(each) for each in differential.generated(cases.sequences(), differential.amount(50))]
    compared = _check("queue", oracle, workerd, made, cases.to_step, cases.same, delivered)
    assert compared == len(made) * cases.LENGTH
