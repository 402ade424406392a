"""Counts of programs made at random, held against what the programs print themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from edgelint.testing.workerd_host.coverage.hits import hits
from tests.testing.workerd_host.coverage import programs
from tests.testing.workerd_host.coverage.conftest import RunJs
from tests.testing.workerd_host.coverage.test_meaning import counted


@settings(max_examples=6, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_counts_are_what_the_program_prints(run_js: RunJs, seed: int) -> None:
    made = [programs.program(Random(seed + number)) for number in range(40)]
    texts = ["\n".join(each.text) for each in made]
    instrumented = [counted(text) for text in texts]
    plain = run_js({f"{number}.mjs": text for number, text in enumerate(texts)})
    after = run_js({f"{number}.mjs": each.text for number, each in enumerate(instrumented)})
    for program, text, table, before, then in zip(made, texts, instrumented, plain, after, strict=True):
        assert not any("SyntaxError" in each for each in before.said), (text, before.said)
        assert then.said == before.said, text
        assert table.problems == ()
        printed = Counter(int(each.split()[0]) for each in before.said if each.split()[0].isdigit())
        [file] = hits((then.counts or {"m": []})["m"], table.probes).values()
        for line, number in program.lines.items():
            assert file.lines[line] == printed[number], (text, line)
        found = defaultdict(list)
        for key, ways in sorted(file.branches.items()):
            found[key.line, key.kind].append(ways.counts)
        for (line, kind), expected in program.branches.items():
            if all(expected):
                counts = [[printed[number] for number in ways] for ways in expected]
                assert sorted(found[line, kind]) == sorted(counts), (text, line, kind)
