"""An instrumented program does what it did, on the same lines."""

from __future__ import annotations

from pathlib import Path

from edgelint.testing.workerd_host.coverage.instrument import Instrumented, instrument
from edgelint.testing.workerd_host.source_maps import of_file
from tests.testing.workerd_host.coverage.conftest import RunJs
from tests.testing.workerd_host.coverage.snippets import MODULES, SCRIPTS

FILE = Path("/app/a.js")
PROGRAMS = {
    **{f"{name}.mjs": text for name, text in MODULES.items()}, **{f"{name}.js": text for name, text in SCRIPTS.items()},
}  # fmt: skip
NOT_UNDERSTOOD = {"escapes of tagged templates.mjs"}
"""What tree-sitter's grammar does not read, and what is therefore left as it is."""


def counted(text: str) -> Instrumented:
    return instrument(text, "m", of_file(FILE, FILE.parent), lambda source: True)


def test_every_program_says_the_same(run_js: RunJs) -> None:
    plain = run_js(PROGRAMS)
    made = {name: counted(text) for name, text in PROGRAMS.items()}
    after = run_js({name: each.text for name, each in made.items()})
    for name, before, then in zip(PROGRAMS, plain, after, strict=True):
        assert not any(each.startswith("threw SyntaxError") for each in before.said), (name, before.said)
        assert then.said == before.said, name
        assert before.said or name == "nothing.mjs", name
    assert {name for name, each in made.items() if each.problems} == NOT_UNDERSTOOD


def test_counters_begin_again_when_they_are_read(run_js: RunJs) -> None:
    [ran] = run_js({"a.mjs": counted("out(1); for (const x of [1, 2]) out(x)").text})
    assert ran.counts == {"m": [1, 1, 2, 2]}
    assert ran.again == {"m": [0, 0, 0, 0]}


def test_no_line_is_added() -> None:
    for name, text in PROGRAMS.items():
        made = counted(text)
        assert made.text.count("\n") == text.count("\n"), name
