"""The Web classes against the real workerd: what both make of the same expression."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance import workerd
from tests.testing.web import corpus, python_side, workerd_side

PROBES = corpus.load()
KNOWN = corpus.differences()


@pytest.mark.parametrize("topic", sorted({probe.topic for probe in PROBES}))
def test_python_answers_as_workerd_did(topic: str) -> None:
    wrong: list[str] = []
    for probe in PROBES:
        if probe.topic != topic:
            continue
        assert probe.expected is not None, f"never asked: {probe.js}"
        ours = python_side.evaluate([probe.code])[0]
        if probe.js in KNOWN:
            if ours != KNOWN[probe.js]["ours"] or probe.same(ours, probe.expected):
                wrong.append(f"{probe.js}\n  is no longer as differences.toml says: {ours}")
        elif not probe.same(ours, probe.expected):
            wrong.append(f"{probe.js}\n  workerd {probe.expected}\n  Python  {ours}")
    assert not wrong, "\n".join(wrong)


def test_workerd_still_answers_as_it_did() -> None:
    try:
        answers = workerd_side.evaluate([probe.js for probe in PROBES])
    except workerd.Unavailable as reason:
        if os.environ.get("EDGELINT_NEEDS_WORKERD"):
            raise
        pytest.skip(str(reason))
    changed = [
        f"{probe.js}\n  was {probe.expected}\n  is  {answer}"
        for probe, answer in zip(PROBES, answers, strict=True)
        if answer != probe.expected
    ]
    assert not changed, "\n".join(changed)


def test_every_known_difference_is_of_a_probe() -> None:
    assert set(KNOWN) <= {probe.js for probe in PROBES}


def test_the_table_is_large_enough_and_each_row_once() -> None:
    assert len({probe.js for probe in PROBES}) == len(PROBES) >= 150


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    probes = [corpus.Probe("some", "return 1", ["x=1", "return x"], {"value": 1}), corpus.Probe("some", "return 2")]
    corpus.write(tmp_path / "some.txt", probes)
    assert corpus.read(tmp_path / "some.txt") == probes
    (tmp_path / "bad.txt").write_text("nonsense\n")
    with pytest.raises(ValueError, match=r"bad\.txt:1"):
        corpus.read(tmp_path / "bad.txt")
