"""Findings that a project has already: counted, hidden, stale, pruned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from edgelint import baseline
from edgelint.cli.commands import cli
from edgelint.diagnostics import Diagnostic, Span
from tests.reporting import error

CONFIG = """name = "a"
main = "src/i.ts"
compatibility_date = "2026-01-01"
kv_namespaces = [{ binding = "K", id = "0123456789abcdef0123456789abcdef" }]
"""
TTL = '  await env.K.put("{key}", "v", {{ expirationTtl: {ttl} }});\n'


def code(*puts: tuple[str, int], before: str = "") -> str:
    lines = "".join(TTL.format(key=key, ttl=ttl) for key, ttl in puts)
    handler = f"async fetch(r: Request, env: Env) {{\n{lines}  return new Response();\n}}"
    return f"{before}interface Env {{ K: KVNamespace }}\nexport default {{ {handler} }};\n"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "wrangler.toml").write_text(CONFIG)
    (tmp_path / "src/i.ts").write_text(code(("a", 5), ("b", 6)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edgelint(*arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments])


def check(*arguments: str) -> Result:
    return edgelint("check", "--no-cache", "--format", "concise", "--select", "kv/ttl-too-short", *arguments)


def test_only_what_is_new_is_reported(app: Path) -> None:
    created = edgelint("baseline", "create")
    assert (created.exit_code, created.output) == (0, "edgelint-baseline.json: 2 findings in 1 file.\n")
    assert check().exit_code == 0
    (app / "src/i.ts").write_text(code(("a", 5), ("new", 7), ("b", 6), before="// moved\n\n"))
    result = check()
    assert result.exit_code == 1
    [line] = result.stdout.splitlines()
    assert line.startswith("src/i.ts:6:")
    assert "with 7" in line
    assert check("--no-baseline").stdout.count("\n") == 3


def test_a_line_that_changed_is_still_counted(app: Path) -> None:
    edgelint("baseline", "create")
    (app / "src/i.ts").write_text(code(("a", 5), ("other", 9)))
    assert check().exit_code == 0


def test_stale_entries_fail_until_they_are_pruned(app: Path) -> None:
    edgelint("baseline", "create")
    (app / "src/i.ts").write_text(code(("b", 6)))
    result = check()
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "edgelint-baseline.json: src/i.ts: kv/ttl-too-short is counted 2 times and found 1" in result.stderr
    assert "'edgelint baseline prune' takes out" in result.stderr
    assert check("--allow-stale-baseline").exit_code == 0
    assert check("--exit-zero").exit_code == 0
    assert edgelint("baseline", "prune").output == "edgelint-baseline.json: 1 finding in 1 file.\n"
    assert check().exit_code == 0
    (app / "src/i.ts").write_text(code())
    assert "found no more" in check().stderr
    edgelint("baseline", "prune")
    assert json.loads((app / "edgelint-baseline.json").read_text()) == {"version": 1, "findings": {}}


def test_what_was_not_asked_for_is_not_stale(app: Path) -> None:
    edgelint("baseline", "create")
    (app / "src/i.ts").write_text(code())
    assert edgelint("check", "--no-cache", "--select", "kv/unpaginated-list").exit_code == 0
    assert check("wrangler.toml").exit_code == 0
    assert check("--min-severity", "error").exit_code == 0
    assert check("src").exit_code == 1


def test_prune_adds_nothing(app: Path) -> None:
    edgelint("baseline", "create")
    (app / "src/i.ts").write_text(code(("c", 8), ("d", 9), ("e", 10)))
    edgelint("baseline", "prune")
    assert check().stdout.count("\n") == 1
    edgelint("baseline", "update")
    assert check().exit_code == 0


def test_create_does_not_overwrite(app: Path) -> None:
    edgelint("baseline", "create", "--file", "b.json")
    again = edgelint("baseline", "create", "--file", "b.json")
    assert again.exit_code == 2
    assert "is there already: 'edgelint baseline update' counts anew" in again.output
    assert check().exit_code == 1
    assert check("--baseline", "b.json").exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", ":1:2: it is no JSON"),
        ("[]", "it is no baseline of version 1"),
        ('{"version": 1}', "'findings' is missing"),
        ('{"version": 1, "findings": {"a": 3}}', "findings['a'] is not as edgelint writes it"),
        ('{"version": 1, "findings": {"a": {"r": {"count": 1, "lines": [3]}}}}', "findings['a'] is not as"),
        ('{"version": 1, "findings": {"a": {"r": {"count": 2, "lines": ["x"]}}}}', "the count of r in findings['a']"),
        (b"\xff", "it is not UTF-8"),
    ],
)
def test_a_broken_baseline_stops_the_run(app: Path, text: str | bytes, said: str) -> None:
    (app / "edgelint-baseline.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    for result in (check(), edgelint("baseline", "prune")):
        assert result.exit_code == 2
        assert said in result.output


def test_a_baseline_that_is_named_and_not_there(app: Path) -> None:
    assert "nowhere.json: No such file" in check("--baseline", "nowhere.json").output
    assert "No such file" in edgelint("baseline", "prune").output
    assert "No such file" in edgelint("baseline", "update", "--file", "no/b.json").output


def test_options_that_contradict_each_other(app: Path) -> None:
    assert check("--no-baseline", "--baseline", "b.json").exit_code == 2
    assert check("--no-baseline", "--allow-stale-baseline").exit_code == 2


def test_a_failed_rule_writes_nothing(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgelint import registry

    def broken(project: object) -> list[object]:
        raise ValueError("broken")

    monkeypatch.setattr(registry, "check_of", lambda rule: broken)
    assert edgelint("baseline", "create").exit_code == 2
    assert not (app / "edgelint-baseline.json").exists()


def test_many_stale_entries_are_cut_short(tmp_path: Path) -> None:
    known = {f"f{n}.ts": {"kv/x": ["aa"]} for n in range(30)}
    baseline.save(tmp_path / "b.json", known)
    (tmp_path / "wrangler.toml").write_text("name = 'a'\n")
    stale = [baseline.Stale(path, "kv/x", 1, 0) for path in known]
    result = edgelint("check", str(tmp_path), "--no-cache", "--baseline", str(tmp_path / "b.json"))
    assert result.output.count("found no more") == 0  # kv/x is no rule that ran
    assert baseline.prune(known, stale, tmp_path, ()) == {}


LINES = ("alpha", "beta", "gamma")


@given(st.lists(st.sampled_from(LINES), max_size=6), st.lists(st.sampled_from(LINES), max_size=6))
def test_as_many_are_hidden_as_are_counted(
    tmp_path_factory: pytest.TempPathFactory, then: list[str], now: list[str]
) -> None:
    root = tmp_path_factory.mktemp("p")

    def found(lines: list[str]) -> list[Diagnostic]:
        (root / "a.ts").write_text("".join(f"{line}\n" for line in lines))
        at, spans = 0, []
        for line in lines:
            spans.append(Span("a.ts", at, at + len(line)))
            at += len(line) + 1
        return [error(span) for span in spans]

    known = baseline.make(root, found(then))
    again = found(now)
    applied = baseline.apply(root, known, again, lambda path, rule: True)
    assert applied.hidden == min(len(then), len(now))
    assert len(applied.diagnostics) == len(now) - applied.hidden
    fewer = [(len(then), len(now))] if len(now) < len(then) else []
    assert [(stale.counted, stale.found) for stale in applied.stale] == fewer
    # What is reported is on lines that the baseline does not know, as far as there are such.
    fresh = sum(max(now.count(line) - then.count(line), 0) for line in LINES)
    reported = sorted(now[again.index(item)] for item in applied.diagnostics)
    assert all(now.count(line) > then.count(line) for line in reported)
    assert len(reported) <= fresh
    pruned = baseline.prune(known, applied.stale, root, again)
    assert sum(len(marks) for rules in pruned.values() for marks in rules.values()) == min(len(then), len(now))
    if applied.stale:
        assert baseline.apply(root, pruned, again, lambda path, rule: True).stale == ()
