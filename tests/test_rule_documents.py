"""Every Bad raises what it marks and nothing else; every Good is clean under the default rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint import rulebook
from edgelint.diagnostics import Severity
from edgelint.examples import Example, Expected, RulebookError
from tests import rule_runner
from tests.rule_runner import CASES, Case


def _cases() -> list[object]:
    try:
        return [pytest.param(case, id=case.name) for case in rule_runner.cases()]
    except RulebookError as error:
        return [pytest.param(error, id=f"{error.path}:{error.line}")]


@pytest.mark.parametrize("case", _cases())
def test_example(case: Case | RulebookError, tmp_path: Path) -> None:
    if isinstance(case, RulebookError):
        raise case
    result = rule_runner.run(tmp_path, case.example, case.rule)
    wrong = rule_runner.mismatches(case.example, result)
    assert not wrong, f"\n{case.document}:{case.example.line} ({case.example.title})\n" + "\n".join(wrong)


def _with_fixes() -> list[object]:
    try:
        return [pytest.param(case, id=case.name) for case in rule_runner.cases() if case.example.fixed]
    except RulebookError as error:
        return [pytest.param(error, id=f"{error.path}:{error.line}")]


@pytest.mark.parametrize("case", _with_fixes())
def test_fix(case: Case | RulebookError, tmp_path: Path) -> None:
    if isinstance(case, RulebookError):
        raise case
    assert rule_runner.fixed(tmp_path, case.example, case.rule) == case.example.fixed


@pytest.mark.parametrize("id", rulebook.ids())
def test_documents_say_what_is_fixed(id: str) -> None:
    rule = rulebook.rule(id)
    shown = any(example.fixed for example in rule.examples)
    assert shown == (rule.fix != "none"), "a rule with a fix shows it in a fence that says `fixed`, and no other does"


@pytest.mark.parametrize("id", rulebook.ids())
def test_documents_are_whole(id: str) -> None:
    rule = rulebook.rule(id)
    assert rule.ignore.strip(), "When to ignore is empty"
    marked = {expected.rule for example in rule.examples for expected in example.expected}
    assert id in marked, "no Bad example marks the rule itself"
    for severity in {item.severity for example in rule.examples for item in example.expected if item.rule == id}:
        assert isinstance(severity, Severity)


def test_cases_belong_to_rules() -> None:
    for path in CASES.rglob("*.md"):
        assert path.relative_to(CASES).with_suffix("").as_posix() in rulebook.ids(), path


def test_the_runner_sees_every_kind_of_difference(tmp_path: Path) -> None:
    def marked(path: str, line: int, text: str | None, severity: Severity = Severity.ERROR) -> Expected:
        return Expected(path, line, severity, "syntax-error", text)

    files = {"src/index.ts": "const env = ;\n"}
    result = rule_runner.run(tmp_path, Example("Good", "x", files, [], {}), "syntax-error")
    [found] = rule_runner.findings(result)
    assert (found.path, found.line, found.rule) == ("src/index.ts", 1, "syntax-error")

    def wrong(*expected: Expected) -> list[str]:
        return rule_runner.mismatches(Example("Bad", "x", files, list(expected), {}), result)

    assert wrong(marked("src/index.ts", 1, found.text)) == wrong(marked("src/index.ts", 1, None)) == []
    [unmarked] = wrong()
    assert unmarked.startswith(f"src/index.ts:1:{found.column}: not marked: error: syntax-error")
    missing, instead, _ = wrong(marked("src/index.ts", 1, "other"))
    assert missing == 'src/index.ts:1: not reported: error: syntax-error "other"'
    assert instead.startswith("    got instead: error: syntax-error ")
    assert len(wrong(marked("src/index.ts", 1, None, Severity.INFO))) == 3
    assert wrong(marked("src/index.ts", 2, None))[0] == "src/index.ts:2: not reported: error: syntax-error"
