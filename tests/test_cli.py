"""``edgelint check`` from its options to its exit status, in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgelint import checks, engine, settings
from edgelint.cli import FORMATS, cli
from edgelint.diagnostics import Finding, Span
from edgelint.project.project import Project

TTL, LIST, SQL, STRICT = "kv/ttl-too-short", "kv/unpaginated-list", "sql/unbound-value", "kv/wide-list"

pytestmark = pytest.mark.usefixtures("some_rules")


def finds(word: bytes) -> Any:
    """A check that finds a word."""

    def function(project: Project) -> Iterator[Finding]:
        for file in project.sources():
            at = file.source.data.find(word)
            if at >= 0:
                yield Finding(Span(file.path, at, at + len(word)), f"{word.decode()} breaks")

    return function


def raises(project: Project) -> Iterator[Finding]:
    raise LookupError("no such luck")
    yield


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Worker whose code has an error, a warning and a strict finding; the current folder is its root."""
    words = {TTL: b"SHORT", LIST: b"LISTED", SQL: b"UNBOUND", STRICT: b"WIDE"}
    checks.CHECKS.update({rule: finds(word) for rule, word in words.items()})
    lay(tmp_path, {
        "wrangler.jsonc": '{"name": "app", "main": "src/index.ts", "env": {"staging": {}}}\n',
        "src/index.ts": 'import { b } from "./b";\nexport default { fetch(request, env) { return SHORT(b, env); } };\n',
        "src/b.ts": "export const b = (env) => LISTED(WIDE);\n",
    })
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def edgelint(*arguments: str, stdin: bytes | None = None) -> Result:
    """Run ``edgelint check``, by default with the concise format and without the cache."""
    extra = () if "--format" in arguments else ("--format", "concise")
    return CliRunner().invoke(cli, ["check", "--no-cache", *extra, *arguments], input=stdin)


BOTH = [
    f"src/b.ts:1:27: {LIST} warning: LISTED breaks",
    f"src/index.ts:2:47: {TTL} error: SHORT breaks",
]


def test_findings_exit_with_1(app: Path) -> None:
    result = edgelint()
    assert result.stdout.splitlines() == BOTH
    assert result.stderr == "Found 1 error, 1 warning in 2 files (3 files checked).\n"
    assert result.exit_code == 1


def test_clean_exits_with_0(app: Path) -> None:
    result = edgelint("--select", SQL)
    assert (result.stdout, result.exit_code) == ("", 0)
    assert result.stderr == "Nothing found (3 files checked).\n"


def test_exit_zero(app: Path) -> None:
    result = edgelint("--exit-zero")
    assert (len(result.stdout.splitlines()), result.exit_code) == (2, 0)


def test_a_rule_that_fails_exits_with_2_even_with_exit_zero(app: Path) -> None:
    checks.CHECKS[SQL] = raises
    result = edgelint("--exit-zero", "--verbose")
    assert result.exit_code == 2
    assert "internal-error error: sql/unbound-value failed" in result.stdout
    assert "LookupError: no such luck" in result.stderr
    assert BOTH[0] in result.stdout
    assert "Traceback" not in edgelint().stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--select", TTL], [TTL]),
        (["--select", "kv/*"], [LIST, TTL]),
        (["--select", f"{TTL},{LIST}"], [LIST, TTL]),
        (["--select", TTL, "--select", f" {LIST} "], [LIST, TTL]),
        (["--select", "ALL"], [LIST, STRICT, TTL]),
        (["--extend-select", STRICT], [LIST, STRICT, TTL]),
        (["--ignore", "kv/*"], []),
        (["--ignore", LIST], [TTL]),
        (["--strict"], [LIST, STRICT, TTL]),
        (["--min-severity", "error"], [TTL]),
        (["--env", "staging"], [LIST, TTL]),
    ],
)
def test_selection(app: Path, arguments: list[str], expected: list[str]) -> None:
    result = edgelint(*arguments)
    assert [line.split(" ")[1] for line in result.stdout.splitlines()] == expected
    assert result.exit_code == (1 if expected else 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--select", "kv/ttl-to-short"], "--select: 'kv/ttl-to-short' names no rule; did you mean 'kv/ttl-too-"),
        (["--extend-select", "kx/*"], "--extend-select: 'kx/*' names no rule"),
        (["--ignore", "internal-error"], "--ignore: 'internal-error' cannot be ignored"),
        (["--select", "a,,b"], "a rule id or glob is empty"),
        (["--env", "stagin"], "no wrangler config declares the environment 'stagin'; did you mean 'staging'?"),
        (["--config", "gone.toml"], "gone.toml:1:1: the settings cannot be read"),
        (["gone"], "gone: no such file or folder"),
        (["--quiet", "--verbose"], "--quiet and --verbose contradict each other"),
        (["--statistics", "--format", "sarif"], "--statistics has no sarif form"),
        (["--stdin-filename", "a.ts", "src"], "give - as the only PATH"),
        (["-"], "standard input (-) needs --stdin-filename"),
        (["-", "src", "--stdin-filename", "a.ts"], "cannot be checked together with other paths"),
        (["-", "--stdin-filename", "/elsewhere/a.ts", "--config", "edgelint.toml"], "edgelint.toml:1:1"),
        (["--formt", "json"], "No such option '--formt'. Did you mean '--format'?"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--output-file", "gone/report.txt"], "gone/report.txt: No such file or directory"),
    ],
)
def test_what_cannot_be_done_exits_with_2(app: Path, arguments: list[str], said: str) -> None:
    result = edgelint(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr.replace("option --formt", "option '--formt'")
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_a_path_without_permission(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    result = edgelint("src")
    assert result.exit_code == 2
    assert "'src' is not readable" in result.stderr


def test_a_typo_in_the_settings_stops_the_run_with_its_place(app: Path) -> None:
    lay(app, {"edgelint.toml": 'strict = true\nselct = ["kv/*"]\n'})
    result = edgelint()
    assert result.exit_code == 2
    assert result.stderr == "edgelint: error: edgelint.toml:2:1: unknown key 'selct'; did you mean 'select'?\n"


def test_settings_are_found_from_below(app: Path) -> None:
    lay(app, {"edgelint.toml": f'ignore = ["{LIST}"]\n'})
    assert edgelint("src").stdout.splitlines() == BOTH[1:]


def test_another_settings_file(app: Path) -> None:
    lay(app, {"edgelint.toml": "nonsense = 1\n", "ci/strict.toml": "strict = true\n"})
    result = edgelint("--config", "ci/strict.toml")
    assert (len(result.stdout.splitlines()), result.exit_code) == (3, 1)


def test_paths_narrow_what_is_reported_not_what_is_read(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert edgelint("src/b.ts").stdout.splitlines() == BOTH[:1]
    monkeypatch.chdir(app / "src")
    assert edgelint("b.ts").stdout.splitlines() == [BOTH[0].removeprefix("src/")]
    assert "(1 file checked)" in edgelint("b.ts").stderr


def test_an_app_in_a_repository_is_its_own_project(app: Path) -> None:
    lay(app, {".git/HEAD": "", "fixtures/x/wrangler.toml": 'name = "x"\n', "fixtures/x/i.ts": "env, LISTED"})
    found = json.loads(edgelint("fixtures/x", "--format", "json").stdout)
    assert [item["path"] for item in found["diagnostics"]] == ["i.ts"]


def test_a_monorepo_is_one_project(app: Path, tmp_path: Path) -> None:
    lay(tmp_path, {
        "mono/package.json": '{"workspaces": ["apps/*"]}',
        "mono/apps/a/wrangler.toml": 'name = "a"\n', "mono/apps/a/i.ts": "env, LISTED",
        "mono/apps/b/wrangler.toml": 'name = "b"\n', "mono/apps/b/i.ts": "env, LISTED",
    })
    for paths, expected in (
        (["mono"], ["apps/a/i.ts", "apps/b/i.ts"]),
        (["mono/apps"], ["apps/a/i.ts", "apps/b/i.ts"]),
        (["mono/apps/b"], ["apps/b/i.ts"]),
        (["mono/apps/a", "mono/apps/b/i.ts"], ["apps/a/i.ts", "apps/b/i.ts"]),
    ):
        found = json.loads(edgelint(*paths, "--format", "json").stdout)
        assert [item["path"] for item in found["diagnostics"]] == expected


def test_an_empty_folder_is_a_warning(app: Path, tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    result = edgelint("void", "--format", "full")
    assert result.exit_code == 0
    assert result.stdout == "Nothing found (0 files checked).\n"
    assert result.stderr.startswith("edgelint: warning: ")
    assert "there is nothing to check here" in result.stderr
    assert edgelint("void", "--quiet").stderr == ""


def test_standard_input_takes_the_place_of_its_file(app: Path) -> None:
    text = b"\n\nexport const b = (env) => LISTED;\n"
    named = ["--stdin-filename", "src/b.ts"]
    for arguments in ([*named, "-"], ["-", "--stdin-filename", str(app / "src/b.ts")], named):
        result = edgelint(*arguments, stdin=text)
        assert result.stdout == f"src/b.ts:3:27: {LIST} warning: LISTED breaks\n"
        assert result.exit_code == 1
    assert "3 | export const b" in edgelint(*named, "--format", "full", stdin=text).stdout


def test_standard_input_may_be_a_file_that_is_not_there_yet(app: Path) -> None:
    result = edgelint("--stdin-filename", "src/new.ts", "-", stdin=b"export const b = (env) => LISTED;\n")
    assert (result.stdout, result.exit_code) == (f"src/new.ts:1:27: {LIST} warning: LISTED breaks\n", 1)


def test_standard_input_outside_the_project(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_root", lambda *_, **__: app / "src")
    result = edgelint("--stdin-filename", "x.ts", "-", stdin=b"")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "x.ts is not in the project at" in result.stderr


def test_a_named_file_that_cannot_be_read_as_text_exits_with_2(app: Path) -> None:
    (app / "src/b.ts").write_bytes(b"env \xff")
    assert edgelint().exit_code == 1
    result = edgelint("src/b.ts")
    assert "src/b.ts:1:5: unreadable-file error: the file is not UTF-8" in result.stdout
    assert result.exit_code == 2


def test_quiet_prints_findings_only(app: Path) -> None:
    for name in ("full", "concise", "github"):
        result = edgelint("--quiet", "--format", name)
        assert "Found" not in result.stdout + result.stderr
        assert result.stderr == ""
        assert "LISTED breaks" in result.stdout


def test_verbose_says_what_was_read(app: Path) -> None:
    lay(app, {"edgelint.toml": "strict = false\n", "src/b.test.ts": "x"})
    result = edgelint("--verbose", "--format", "full")
    assert f"edgelint: project {app}\nedgelint: settings {app / 'edgelint.toml'}\n" in result.stderr
    assert "edgelint: 3 rules, 3 files, 0 suppressed\n" in result.stderr
    assert "\n    src/b.test.ts\n" in result.stdout


def test_a_second_run_is_answered_from_the_cache(app: Path) -> None:
    os.utime(app / "src", ns=(1, 1))
    for path in [*app.rglob("*"), app]:
        os.utime(path, (1_000_000_000, 1_000_000_000))
    first = CliRunner().invoke(cli, ["check", "-v", "--format", "concise"])
    second = CliRunner().invoke(cli, ["check", "-v", "--format", "concise"])
    assert "from the cache" not in first.stderr
    assert "from the cache" in second.stderr
    assert first.stdout == second.stdout
    assert "from the cache" not in edgelint("-v").stderr


def test_every_format(app: Path) -> None:
    for name in FORMATS:
        result = edgelint("--format", name)
        assert "LISTED breaks" in result.stdout, name
        assert result.exit_code == 1
    assert json.loads(edgelint("--format", "json").stdout)["summary"]["findings"] == 2
    log = json.loads(edgelint("--format", "sarif").stdout)
    assert log["runs"][0]["tool"]["driver"]["rules"][1]["fullDescription"]["text"].startswith("The edge refuses this.")
    lines = edgelint("--format", "json-lines").stdout.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["diagnostic", "diagnostic", "summary"]


def test_sarif_describes_what_edgelint_itself_reports(app: Path) -> None:
    lay(app, {"src/b.ts": "export const b = (env) => {"})
    log = json.loads(edgelint("--format", "sarif").stdout)
    rules = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["syntax-error"]["shortDescription"]["text"].startswith("The file has a part")


def test_statistics(app: Path) -> None:
    result = edgelint("--statistics")
    assert result.stdout == f"1  error    {TTL}     in 1 file\n1  warning  {LIST}  in 1 file\n"
    assert result.exit_code == 1
    found = json.loads(edgelint("--statistics", "--format", "json").stdout)
    assert [item["rule"] for item in found["statistics"]] == [TTL, LIST]


def test_output_file(app: Path) -> None:
    result = edgelint("--output-file", "report.txt", "--format", "full", "--color", "auto")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert (app / "report.txt").read_text().endswith("Found 1 error, 1 warning in 2 files (3 files checked).\n")
    edgelint("-o", "report.txt", "--color", "always")
    assert "\x1b[" in (app / "report.txt").read_text()


def test_forge_paths_are_relative_to_the_repository(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (app / ".git").mkdir()
    lay(app, {"apps/x/wrangler.toml": 'name = "x"\n', "apps/x/i.ts": "env, LISTED"})
    assert "file=apps/x/i.ts," in edgelint("apps/x", "--format", "github").stdout
    log = json.loads(edgelint("apps/x", "--format", "sarif").stdout)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "apps/x/i.ts"
    assert log["runs"][0]["originalUriBaseIds"]["%SRCROOT%"]["uri"] == app.resolve().as_uri() + "/"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(app / "apps"))
    assert "file=x/i.ts," in edgelint("apps/x", "--format", "github").stdout


def test_colours(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def coloured(*arguments: str) -> bool:
        return "\x1b[" in CliRunner().invoke(cli, ["check", "--no-cache", *arguments], color=True).stdout

    assert not coloured()
    assert coloured("--color", "always")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert coloured()
    assert not coloured("--color", "never")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured()
    assert coloured("--color", "always")


def test_a_defect_of_the_engine_is_not_hidden(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(engine, "check", broken)
    result = edgelint()
    assert isinstance(result.exception, ZeroDivisionError)
