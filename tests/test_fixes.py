"""Fixes: chosen, applied, looked at again, written; and the options that ask for them."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgelint import checks, engine, fixes
from edgelint.cli import cli, terminal
from edgelint.cli import fix as cli_fix
from edgelint.diagnostics import Diagnostic, Edit, Finding, Fix, Span
from edgelint.project.project import Project
from edgelint.settings import Settings

TTL, LIST, SQL = "kv/ttl-too-short", "kv/unpaginated-list", "sql/unbound-value"
INDEX = "src/index.ts"

pytestmark = pytest.mark.usefixtures("some_rules")


def replaces(old: bytes, new: str, *, safe: bool = True) -> Callable[[Project], Iterator[Finding]]:
    """A check that finds a word and would put another in its place."""

    def function(project: Project) -> Iterator[Finding]:
        for file in project.sources():
            at = file.source.data.find(old)
            while at >= 0:
                span = Span(file.path, at, at + len(old))
                yield Finding(span, "wrong", fix=Fix(f"Write {new}", (Edit(span, new),), safe))
                at = file.source.data.find(old, at + 1)

    return function


def nothing(project: Project) -> Iterator[Finding]:
    yield from ()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    checks.CHECKS.update(dict.fromkeys((TTL, LIST, SQL), nothing))
    (tmp_path / "src").mkdir()
    (tmp_path / "wrangler.jsonc").write_text('{"name": "app", "main": "src/index.ts"}\n')
    (tmp_path / INDEX).write_text("const a = OLD;\nconst b = OLD;\nexport default { fetch(r, env) { return a; } };\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def every(_item: Diagnostic) -> bool:
    return True


def mend(root: Path, *, unsafe: bool = False, wanted: Callable[[Diagnostic], bool] = every) -> fixes.Fixed:
    return fixes.fix(root, Settings(), wanted, unsafe=unsafe)


def new_text(fixed: fixes.Fixed, path: str = INDEX) -> str:
    return fixed.files[path][1].decode()


# -- choosing and applying -------------------------------------------------------------------------------------------


def test_all_that_do_not_touch_each_other_are_applied_at_once(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "fresh")
    fixed = mend(app)
    assert new_text(fixed).startswith("const a = fresh;\nconst b = fresh;\n")
    assert (len(fixed.applied), fixed.refused, fixed.settled) == (2, (), True)
    assert "OLD" in (app / INDEX).read_text(), "nothing is written"


def test_nothing_to_mend(app: Path) -> None:
    assert mend(app) == fixes.Fixed({}, (), (), True)


def test_unsafe_fixes_are_asked_for(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "fresh", safe=False)
    assert mend(app).files == {}
    assert len(mend(app, unsafe=True).applied) == 2


def test_only_what_is_wanted(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "fresh")
    fixed = mend(app, wanted=lambda item: item.span.start < 15)
    assert new_text(fixed).startswith("const a = fresh;\nconst b = OLD;\n")


def test_one_of_two_that_overlap_waits_for_the_next_round(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"a = OLD", "a = fresh")
    checks.CHECKS[SQL] = replaces(b"OLD;", "old();")
    fixed = mend(app)
    assert new_text(fixed).startswith("const a = fresh;\nconst b = old();\n")
    assert [item.rule for item in fixed.applied] == [TTL, SQL]


def test_a_fix_may_bring_about_another(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "new")
    checks.CHECKS[SQL] = replaces(b"new;", "newest;")
    fixed = mend(app)
    assert new_text(fixed).startswith("const a = newest;\nconst b = newest;\n")
    assert fixed.settled


def test_fixes_that_undo_each_other_come_to_an_end(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "NEW")
    checks.CHECKS[SQL] = replaces(b"NEW", "OLD")
    fixed = mend(app)
    assert not fixed.settled
    assert len(fixed.applied) == 2 * fixes.MAX_ROUNDS


def test_a_fix_that_breaks_a_file_is_refused_and_the_others_stay(app: Path) -> None:
    (app / "src/b.ts").write_text("export const env = BAD;\n")
    checks.CHECKS[TTL] = replaces(b"OLD", "((")
    checks.CHECKS[SQL] = replaces(b"BAD", "good")
    fixed = mend(app)
    assert [item.rule for item in fixed.refused] == [TTL, TTL]
    assert fixed.files == {"src/b.ts": (b"export const env = BAD;\n", b"export const env = good;\n")}


def test_fixes_that_make_a_rule_fail_are_refused(app: Path) -> None:
    def fragile(project: Project) -> Iterator[Finding]:
        if any(b"fresh" in file.source.data for file in project.sources()):
            raise LookupError
        yield from ()

    checks.CHECKS[TTL] = replaces(b"OLD", "fresh")
    checks.CHECKS[SQL] = fragile
    fixed = mend(app)
    assert (fixed.files, len(fixed.refused)) == ({}, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"\xef\xbb\xbfconst env = OLD;\r\nf();\r\n", b"\xef\xbb\xbfconst env = [\r\n1];\r\nf();\r\n"),
        (b"const env = OLD;\nf();\n", b"const env = [\n1];\nf();\n"),
    ],
)
def test_line_ends_and_the_byte_order_mark_stay(app: Path, text: bytes, expected: bytes) -> None:
    (app / INDEX).write_bytes(text)
    checks.CHECKS[TTL] = replaces(b"OLD", "[\n1]")
    assert mend(app).files[INDEX] == (text, expected)


def makes(path: str) -> Callable[[Project], Iterator[Finding]]:
    """A check that wants a file to be there."""

    def function(project: Project) -> Iterator[Finding]:
        for file in project.sources():
            if not file.path.endswith("more.ts") and "src/more.ts" not in project.files:
                fix = Fix("Make it", (Edit(Span(path, 0, 0), "export const env = 1;\n"),))
                yield Finding(Span(file.path, 0, 5), "it is not there", fix=fix)

    return function


def test_a_fix_may_make_a_file(app: Path) -> None:
    checks.CHECKS[TTL] = makes("src/more.ts")
    fixed = mend(app, unsafe=True)
    assert fixed.files == {"src/more.ts": (None, b"export const env = 1;\n")}
    fixes.write(app, fixed)
    assert (app / "src/more.ts").read_text() == "export const env = 1;\n"


def numbered(most: int) -> Callable[[Project], Iterator[Finding]]:
    """Two findings that each want one more file, named after how many there are."""

    def function(project: Project) -> Iterator[Finding]:
        there = sum(path.startswith("src/new") for path in project.files)
        for at in (0, 6) if there < most else ():
            edit = Edit(Span(f"src/new{there + 1}.ts", 0, 0), f"export const env = {there}; // {at}\n")
            yield Finding(Span(INDEX, at, at + 1), "one more", fix=Fix("Make it", (edit,)))

    return function


def test_each_round_makes_one_file_at_most(app: Path) -> None:
    checks.CHECKS[TTL] = numbered(25)
    fixed = mend(app, unsafe=True)
    assert fixed.settled, "they do not count among the rounds that may go in a circle"
    assert list(fixed.files) == sorted(f"src/new{n}.ts" for n in range(1, 26))
    assert len(fixed.applied) == 25


def test_files_come_to_an_end(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixes, "MAX_MADE", 3)
    checks.CHECKS[TTL] = numbered(1_000)
    fixed = mend(app, unsafe=True)
    assert (fixed.settled, len(fixed.files)) == (False, 3)


@pytest.mark.parametrize("path", ["../out.ts", "/out.ts", ""])
def test_a_fix_cannot_make_a_file_elsewhere(app: Path, path: str) -> None:
    checks.CHECKS[TTL] = makes(path)
    outcome = engine.analyse(app, Settings())
    assert "which is no file of the project" in outcome.failures[0].message


# -- writing ---------------------------------------------------------------------------------------------------------


def one(path: str = INDEX, old: bytes | None = b"a", new: bytes = b"b") -> fixes.Fixed:
    return fixes.Fixed({path: (old, new)}, (), (), True)


def test_a_file_keeps_its_mode(app: Path) -> None:
    (app / INDEX).write_bytes(b"a")
    os.chmod(app / INDEX, 0o640)
    fixes.write(app, one())
    assert (app / INDEX).read_bytes() == b"b"
    assert stat.S_IMODE((app / INDEX).stat().st_mode) == 0o640
    assert sorted(os.listdir(app / "src")) == ["index.ts"]


def test_a_file_that_changed_meanwhile_is_left_alone(app: Path) -> None:
    (app / INDEX).write_bytes(b"c")
    with pytest.raises(fixes.WriteError, match=r"src/index\.ts: it has changed while it was being checked"):
        fixes.write(app, one())
    assert (app / INDEX).read_bytes() == b"c"


def test_a_link_out_of_the_project_is_not_followed(app: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.ts"
    outside.write_bytes(b"a")
    (app / INDEX).unlink()
    (app / INDEX).symlink_to(outside)
    with pytest.raises(fixes.WriteError, match="leads out of the project"):
        fixes.write(app, one())
    assert outside.read_bytes() == b"a"


def test_a_file_that_cannot_be_replaced(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (app / INDEX).write_bytes(b"a")

    def refuse(_old: str, _new: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(fixes.WriteError, match=r"src/index\.ts: No space left on device"):
        fixes.write(app, one())
    assert sorted(os.listdir(app / "src")) == ["index.ts"], "nothing half-written stays"


# -- diff ------------------------------------------------------------------------------------------------------------


def test_a_diff_is_what_git_applies(app: Path) -> None:
    old = "const a = 1;\fx\nÿ".encode() + b"\xff\n" + b"last line without an end"
    (app / INDEX).write_bytes(old)
    new = old.replace(b"1", b"2").replace(b"without", b"still without")
    fixed = fixes.Fixed({INDEX: (old, new), "made.sql": (None, b"SELECT 1;\n")}, (), (), True)
    patch = fixes.diff(fixed).encode("utf-8", "surrogateescape")
    subprocess.run(["git", "apply"], input=patch, cwd=app, check=True)
    assert (app / INDEX).read_bytes() == new
    assert (app / "made.sql").read_bytes() == b"SELECT 1;\n"


# -- the command -----------------------------------------------------------------------------------------------------


def edgelint(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["check", "--no-cache", "--format", "concise", *arguments], input=stdin)


def test_fix_mends_and_reports_the_rest(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "fresh")
    checks.CHECKS[SQL] = replaces(b"return a", "return 1", safe=False)
    result = edgelint("--fix")
    assert result.stdout == f"src/index.ts:3:34: {SQL} error: wrong\n"
    assert result.stderr == (
        "Fixed 2 findings in 1 file.\nFound 1 error in 1 file (2 files checked).\n"
        "1 can be mended with --fix --unsafe-fixes.\n"
    )
    assert result.exit_code == 1
    assert (app / INDEX).read_text().startswith("const a = fresh;")
    assert edgelint("--fix", "--unsafe-fixes").exit_code == 0
    assert edgelint("--fix").stderr.startswith("Fixed nothing.\n")


def test_what_could_be_mended_is_said(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "fresh")
    assert edgelint().stderr.endswith("2 can be mended with --fix.\n")
    checks.CHECKS[SQL] = replaces(b"return a", "return 1", safe=False)
    assert edgelint().stderr.endswith("2 can be mended with --fix (1 more with --unsafe-fixes).\n")


def test_fix_only_says_nothing_of_the_rest(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "fresh")
    checks.CHECKS[SQL] = replaces(b"return a", "return 1", safe=False)
    result = edgelint("--fix-only")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "Fixed 2 findings in 1 file.\n", 0)
    assert edgelint("--fix-only", "--quiet").stderr == ""


def test_diff_changes_nothing(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "fresh")
    before = (app / INDEX).read_bytes()
    result = edgelint("--diff")
    assert result.stdout.splitlines()[:5] == [
        "--- a/src/index.ts", "+++ b/src/index.ts", "@@ -1,3 +1,3 @@", "-const a = OLD;", "-const b = OLD;",
    ]
    assert (result.stderr, result.exit_code) == ("Would fix 2 findings in 1 file.\n", 1)
    assert edgelint("--diff", "--exit-zero").exit_code == 0
    assert (app / INDEX).read_bytes() == before
    checks.CHECKS[TTL] = nothing
    assert (edgelint("--diff").exit_code, edgelint("--diff", "--quiet").stderr) == (0, "")


def test_a_diff_at_a_terminal_cannot_steer_it(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(terminal, "is_terminal", lambda _stream: True)
    monkeypatch.setattr(terminal, "write", lambda pieces: written.extend(pieces))
    cli_fix._show("+\x1b[31mred\n")
    assert "\x1b" not in "".join(written)
    assert written[0].endswith("red\n")


def test_fixes_are_narrowed_like_findings(app: Path) -> None:
    (app / "src/b.ts").write_text("export const env = OLD;\n")
    checks.CHECKS[TTL] = replaces(b"OLD", "fresh")
    assert edgelint("--fix-only", "src/b.ts").stderr == "Fixed 1 finding in 1 file.\n"
    assert "OLD" in (app / INDEX).read_text()
    assert edgelint("--fix-only", "nowhere.ts").exit_code == 2


def test_what_is_refused_or_never_settles_is_said(app: Path) -> None:
    checks.CHECKS[TTL] = replaces(b"a = OLD", "a = ((")
    result = edgelint("--fix-only")
    warning = f"edgelint: warning: src/index.ts: the fix of {TTL} is not applied: it would break the file\n"
    assert result.stderr == f"{warning}Fixed nothing.\n"
    checks.CHECKS[TTL] = replaces(b"OLD", "NEW")
    checks.CHECKS[SQL] = replaces(b"NEW", "OLD")
    assert "had not settled after 20 rounds" in edgelint("--diff").stderr


def test_a_file_that_cannot_be_written_ends_with_2(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks.CHECKS[TTL] = replaces(b"OLD", "fresh")

    def refuse(_root: Path, _fixed: fixes.Fixed) -> None:
        raise fixes.WriteError("src/index.ts: Read-only file system")

    monkeypatch.setattr(fixes, "write", refuse)
    result = edgelint("--fix")
    assert (result.stderr, result.exit_code) == ("edgelint: error: src/index.ts: Read-only file system\n", 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--diff", "--fix"), ("--diff", "--fix-only"), ("--fix", "--stdin-filename", "a.ts", "-"),
        ("--fix-only", "--stdin-filename", "a.ts"), ("--diff", "--stdin-filename", "a.ts"), ("--unsafe-fixes",),
        ("--diff", "--output-file", "x"), ("--fix-only", "-o", "x"), ("--diff", "--statistics"),
    ],
)
def test_options_that_contradict_each_other(app: Path, arguments: tuple[str, ...]) -> None:
    result = edgelint(*arguments, stdin=b"")
    assert result.exit_code == 2
    assert result.stderr.startswith("edgelint: error: --")
