"""The engine: from checks to a result, whatever a check does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgelint import checks
from edgelint.diagnostics import Confidence, Diagnostic, Edit, Finding, Fix, Related, Severity, Span
from edgelint.engine import Options, UsageError, check
from edgelint.outcome import Result, Stats
from edgelint.project.project import Project
from edgelint.settings import Settings
from tests.conftest import WriteRule

TTL, LIST, SQL = "kv/ttl-too-short", "kv/unpaginated-list", "sql/unbound-value"

pytestmark = pytest.mark.usefixtures("some_rules")

FILES = {
    "wrangler.jsonc": '{"name": "app", "main": "src/index.ts", "env": {"staging": {}}}\n',
    "src/index.ts": "import { b } from './b';\nexport default { fetch() { return BAD(b); } };\n",
    "src/b.ts": "export const b = BAD;\n",
    "src/c.py": "env = BAD\nenv.A\n",
}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def finds_bad(project: Project) -> Iterator[Finding]:
    """Every BAD in the sources."""
    for file in project.sources():
        at = file.source.data.find(b"BAD")
        while at >= 0:
            yield Finding(Span(file.path, at, at + 3), "this is bad")
            at = file.source.data.find(b"BAD", at + 1)


def finds_nothing(project: Project) -> Iterator[Finding]:
    yield from ()


def use(**functions: Callable[[Project], Iterator[Finding]]) -> None:
    """Make ``functions`` the checks of the rulebook; what is not given finds nothing."""
    for rule in (TTL, LIST, SQL):
        checks.CHECKS[rule] = functions.get(rule.split("/")[0], finds_nothing) if rule != LIST else finds_nothing


def run(root: Path, *paths: str, settings: Settings | None = None, **options: Any) -> Result:
    options.setdefault("cache", False)
    return check(root, [root / path for path in paths], settings or Settings(), Options(**options))


def said(result: Result) -> list[str]:
    return [f"{item.span.path}:{item.span.start} {item.rule}" for item in result.diagnostics]


def test_findings_become_diagnostics_in_order(app: Path) -> None:
    use(kv=finds_bad)
    result = run(app)
    assert said(result) == [f"src/b.ts:17 {TTL}", f"src/c.py:6 {TTL}", f"src/index.ts:59 {TTL}"]
    first = result.diagnostics[0]
    assert first == Diagnostic(TTL, Severity.ERROR, Confidence.HIGH, "this is bad", Span("src/b.ts", 17, 20))
    assert result.stats == Stats(files=4, rules=3, suppressed=0, cached=False)
    assert result.root == app
    assert (result.problems, result.failures) == ((), ())
    assert (result.exit_status(), result.exit_status(exit_zero=True)) == (1, 0)


def test_nothing_found(app: Path) -> None:
    use()
    result = run(app)
    assert (result.diagnostics, result.exit_status()) == ((), 0)


def test_a_finding_may_say_its_own_severity(app: Path) -> None:
    span = Span("src/b.ts", 0, 1)
    related = (Related(Span("wrangler.jsonc", 0, 1), "here"),)
    fix = Fix("mend", (Edit(span, "x"),))

    def own(project: Project) -> Iterator[Finding]:
        yield Finding(span, "m", related, "help", fix, Severity.INFO, Confidence.LOW)
        yield Finding(span, "m", related, "help", fix, Severity.INFO, Confidence.LOW)

    use(kv=own)
    expected = Diagnostic(TTL, Severity.INFO, Confidence.LOW, "m", span, related, "help", fix)
    assert run(app).diagnostics == (expected,)
    assert run(app, settings=Settings(min_severity=Severity.WARNING)).diagnostics == ()


# What a check does wrong


def raises_on_b(project: Project) -> Iterator[Finding]:
    for file in project.sources():
        if file.path == "src/b.ts":
            raise KeyError("boom\nmore")
        yield Finding(Span(file.path, 0, 1), "found")


def test_a_rule_that_raises_loses_that_file_only(app: Path) -> None:
    use(kv=raises_on_b, sql=finds_bad)
    result = run(app)
    assert said(result) == [
        "src/b.ts:0 internal-error",
        f"src/b.ts:17 {SQL}",
        f"src/c.py:0 {TTL}",
        f"src/c.py:6 {SQL}",
        f"src/index.ts:0 {TTL}",
        f"src/index.ts:59 {SQL}",
    ]
    error = result.diagnostics[0]
    assert error.message == f"{TTL} failed on src/b.ts: KeyError: 'boom\\nmore'"
    assert error.severity is Severity.ERROR
    [failure] = result.failures
    assert (failure.rule, failure.path) == (TTL, "src/b.ts")
    assert "raises_on_b" in failure.traceback
    assert (result.exit_status(), result.exit_status(exit_zero=True)) == (2, 2)


def test_a_failure_cannot_be_silenced_or_narrowed_away(app: Path) -> None:
    use(kv=raises_on_b)
    (app / "src/b.ts").write_text("// edgelint: ignore-file[*]\nexport const b = 1;\n")
    settings = Settings(ignore=("sql/*",), per_file_ignores={"*": ("*",)})
    result = run(app, "src/c.py", settings=settings)
    assert said(result) == ["src/b.ts:0 internal-error"]
    assert result.exit_status() == 2


def test_a_rule_that_raises_on_the_whole_only(app: Path) -> None:
    def whole(project: Project) -> Iterator[Finding]:
        if len(list(project.sources())) > 1:
            raise RuntimeError
        yield from finds_bad(project)

    use(kv=whole)
    result = run(app)
    assert said(result)[0] == ".:0 internal-error"
    assert result.diagnostics[0].message == f"{TTL} failed on this project: RuntimeError"
    assert len(result.diagnostics) == 4


def recurses(project: Project) -> Iterator[Finding]:
    yield from recurses(project)


def exhausts(project: Project) -> Iterator[Finding]:
    raise MemoryError
    yield


@pytest.mark.parametrize("function", [recurses, exhausts])
def test_deep_and_greedy_rules(app: Path, function: Callable[[Project], Iterator[Finding]]) -> None:
    use(kv=function, sql=finds_bad)
    result = run(app)
    failed = {failure.path for failure in result.failures}
    assert failed == {"src/b.ts", "src/c.py", "src/index.ts", "wrangler.jsonc"}
    assert [line for line in said(result) if SQL in line] == [
        f"src/b.ts:17 {SQL}", f"src/c.py:6 {SQL}", f"src/index.ts:59 {SQL}"
    ]
    assert all(len(failure.traceback) < 10_000 for failure in result.failures)


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (Span("src/b.ts", 0, 10_000), "ValueError: span 0:10000 is outside src/b.ts of 22 bytes"),
        (Span("src/b.ts", -1, 1), "ValueError: span -1:1 is outside"),
        (Span("src/b.ts", 3, 2), "ValueError: span 3:2 is outside"),
        (Span("src/none.ts", 0, 0), "ValueError: a span in 'src/none.ts', which is no file of the project"),
        (Span("../b.ts", 0, 0), "ValueError: a span in '../b.ts'"),
        (Span("/etc/passwd", 0, 0), "ValueError: a span in '/etc/passwd'"),
        (Span("a\0b", 0, 0), "ValueError: a span in"),
    ],
)
def test_spans_outside_their_file_are_failures(app: Path, span: Span, message: str) -> None:
    inside = Span("src/b.ts", 0, 1)

    def primary(project: Project) -> Iterator[Finding]:
        yield Finding(span, "m")

    def related(project: Project) -> Iterator[Finding]:
        yield Finding(inside, "m", (Related(span, "r"),))

    def fix(project: Project) -> Iterator[Finding]:
        yield Finding(inside, "m", fix=Fix("f", (Edit(span, ""),)))

    makes_a_file = span == Span("src/none.ts", 0, 0)  # which an edit may do
    for function in (primary, related, *(() if makes_a_file else (fix,))):
        use(kv=function)
        result = run(app)
        assert {item.rule for item in result.diagnostics} == {"internal-error"}
        assert message in result.diagnostics[0].message


def test_a_span_in_a_file_that_no_check_parses(app: Path) -> None:
    def package(project: Project) -> Iterator[Finding]:
        yield Finding(Span("package.json", 0, 2), "m")

    (app / "package.json").write_text("{}")
    use(kv=package)
    assert said(run(app)) == [f"package.json:0 {TTL}"]
    assert said(run(app, "src")) == []


def test_a_rule_without_a_check(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "edgelint.checks.kv", ModuleType("edgelint.checks.kv"))
    use(kv=finds_bad)
    del checks.CHECKS[SQL]
    checks.CHECKS.pop(LIST)
    result = run(app, settings=Settings(select=("kv/*",)))
    assert said(result)[0] == ".:0 internal-error"
    assert "no check is registered for kv/unpaginated-list" in result.diagnostics[0].message


def test_a_project_that_cannot_be_read(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, **__: object) -> Project:
        raise OSError("broken")

    monkeypatch.setattr(Project, "load", load)
    result = run(app, cache=True)
    assert said(result) == [".:0 internal-error"]
    assert result.diagnostics[0].message == "project failed on this project: OSError: broken"
    assert (result.exit_status(), result.problems) == (2, ())


# What is not reported


def test_nothing_is_said_of_text_that_did_not_parse(app: Path) -> None:
    use(kv=finds_bad)
    (app / "src/b.ts").write_text("const a = BAD;\nconst = ) BAD ( ;\n")
    result = run(app, "src/b.ts")
    assert f"src/b.ts:10 {TTL}" in said(result)
    assert any("syntax-error" in line for line in said(result))
    broken = [item.span for item in result.diagnostics if item.rule == "syntax-error"]
    for item in result.diagnostics:
        if item.rule == TTL:
            assert not any(span.start <= item.span.start < span.end for span in broken)


def test_suppressions_are_counted(app: Path) -> None:
    use(kv=finds_bad)
    (app / "src/c.py").write_text("env = BAD  # edgelint: ignore[kv/ttl-too-short] known\ny = 1\n")
    result = run(app, "src/c.py")
    assert (said(result), result.stats.suppressed) == ([], 1)
    assert run(app, "src/b.ts").stats.suppressed == 0


def test_unused_suppressions_are_findings_unless_one_environment_is_checked(app: Path) -> None:
    use()
    (app / "src/c.py").write_text("env=1  # edgelint: ignore[kv/ttl-too-short]\n")
    assert said(run(app)) == ["src/c.py:26 unused-suppression"]
    assert said(run(app, settings=Settings(env="staging"))) == []
    assert said(run(app, settings=Settings(ignore=("unused-suppression",)))) == []
    (app / "src/c.py").write_text("env.A = (\n")
    assert {item.rule for item in run(app, settings=Settings(ignore=("*",))).diagnostics} == {"syntax-error"}
    assert said(run(app, settings=Settings(ignore=("syntax-error",)))) == []


@pytest.mark.parametrize(
    ("ignores", "left"),
    [
        ({"src/*.ts": ("kv/*",)}, ["src/c.py"]),
        ({"*.py": (TTL,)}, ["src/b.ts", "src/index.ts"]),
        ({"src/": ("ALL",)}, []),
        ({"!**/b.ts": (TTL,)}, ["src/b.ts"]),
        ({"*": (SQL,)}, ["src/b.ts", "src/c.py", "src/index.ts"]),
        ({"b.ts": (TTL,), "c.py": (TTL,)}, ["src/index.ts"]),
    ],
)
def test_per_file_ignores(app: Path, ignores: dict[str, tuple[str, ...]], left: list[str]) -> None:
    use(kv=finds_bad)
    result = run(app, settings=Settings(per_file_ignores=ignores))
    assert [item.span.path for item in result.diagnostics] == left


def test_paths_narrow_what_is_reported_not_what_is_read(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def counting(project: Project) -> Iterator[Finding]:
        seen.append([file.path for file in project.sources()])
        yield from finds_bad(project)

    use(kv=counting)
    assert said(run(app, "src/b.ts")) == [f"src/b.ts:17 {TTL}"]
    assert said(run(app, "src/b.ts", "src/c.py")) == [f"src/b.ts:17 {TTL}", f"src/c.py:6 {TTL}"]
    assert len(said(run(app, "src"))) == len(said(run(app, "."))) == len(said(run(app, "src", "."))) == 3
    assert all(sorted(paths) == ["src/b.ts", "src/c.py", "src/index.ts"] for paths in seen)
    assert run(app, "src/b.ts").stats.files == 1
    monkeypatch.chdir(app / "src")
    assert said(check(app, [Path("b.ts")], Settings(), Options(cache=False))) == [f"src/b.ts:17 {TTL}"]


def test_a_path_through_a_link(app: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    use(kv=finds_bad)
    link = tmp_path_factory.mktemp("links") / "app"
    link.symlink_to(app)
    assert said(check(link, [link / "src/b.ts"], Settings(), Options(cache=False))) == [f"src/b.ts:17 {TTL}"]
    assert said(check(app, [link / "src/b.ts"], Settings(), Options(cache=False))) == [f"src/b.ts:17 {TTL}"]


def test_requests_that_make_no_sense(app: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    use()
    with pytest.raises(UsageError, match="no such file or folder"):
        run(app, "src/none.ts")
    with pytest.raises(UsageError, match="is not in the project"):
        check(app, [tmp_path_factory.mktemp("other")], Settings())
    with pytest.raises(UsageError, match="the environment 'stagin'; did you mean 'staging'"):
        run(app, settings=Settings(env="stagin"))
    with pytest.raises(UsageError, match="the environment 'zz'; there are staging"):
        run(app, settings=Settings(env="zz"))
    (app / "wrangler.jsonc").unlink()
    with pytest.raises(UsageError, match=r"the environment 'zz'$"):
        run(app, settings=Settings(env="zz"))


def test_a_broken_rule_document(app: Path, some_rules: WriteRule) -> None:
    some_rules(SQL).write_text("# sql\n")
    with pytest.raises(UsageError, match=r"is broken: rules/sql/unbound-value\.md:1: the first heading"):
        run(app)


def test_nothing_to_check(app: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    use(kv=finds_bad)
    empty = tmp_path_factory.mktemp("empty")
    result = run(empty)
    assert (result.problems, result.exit_status()) == ((f"{empty}: there is nothing to check here",), 2)
    (app / "docs").mkdir()
    (app / "notes.txt").write_text("x")
    result = run(app, "docs", "notes.txt", "src/b.ts")
    assert [problem.split(": ")[0] for problem in result.problems] == [str(app / "docs"), str(app / "notes.txt")]
    assert result.exit_status() == 2
    result = run(app, "src/b.ts", settings=Settings(exclude=("b.ts",)))
    assert (said(result), result.problems) == ([], ())


def test_what_is_excluded_is_not_reported_on_even_when_it_is_imported(app: Path) -> None:
    use(kv=finds_bad)
    for settings in (Settings(exclude=("b.ts", "c.py")), Settings(extend_exclude=("src/b*", "*.py"))):
        result = run(app, settings=settings)
        assert (said(result), result.stats.files) == ([f"src/index.ts:59 {TTL}"], 2)
    (app / ".gitignore").write_text("b.ts\n")
    assert said(run(app)) == [f"src/c.py:6 {TTL}", f"src/index.ts:59 {TTL}"]


def test_overlays_stand_for_files(app: Path) -> None:
    use(kv=finds_bad)
    result = run(app, "src/b.ts", overlay={"src/b.ts": b"BAD;BAD;env"})
    assert said(result) == [f"src/b.ts:0 {TTL}", f"src/b.ts:4 {TTL}"]
    result = run(app, "src/new.ts", overlay={"src/new.ts": b"BAD;env"}, cache=True)
    assert said(result) == [f"src/new.ts:0 {TTL}"]
    assert not (app / ".edgelint_cache").exists()


def test_unreadable_files_are_findings_and_the_others_go_on(app: Path) -> None:
    use(kv=finds_bad)
    (app / "src/b.ts").write_bytes(b"\xff\xfeBAD")
    result = run(app)
    assert said(result) == ["src/b.ts:0 unreadable-file", f"src/c.py:6 {TTL}", f"src/index.ts:59 {TTL}"]
    assert result.exit_status() == 1
    assert said(run(app, settings=Settings(per_file_ignores={"*": ("*",)}))) == ["src/b.ts:0 unreadable-file"]


# The cache


def aged(root: Path) -> None:
    """Give the project the look of one that nobody touches just now."""
    time.sleep(0.03)


def test_a_second_run_is_answered_from_the_cache(app: Path) -> None:
    calls: list[int] = []

    def counting(project: Project) -> Iterator[Finding]:
        calls.append(1)
        yield from finds_bad(project)

    use(kv=counting)
    aged(app)
    first = run(app, cache=True)
    second = run(app, cache=True)
    assert (first.stats.cached, second.stats.cached, len(calls)) == (False, True, 1)
    assert first.diagnostics == second.diagnostics
    assert said(run(app, "src/b.ts", cache=True)) == [f"src/b.ts:17 {TTL}"]
    assert run(app, settings=Settings(min_severity=Severity.ERROR), cache=True).stats.cached is False
    assert run(app).stats.cached is False
    assert len(calls) == 3
    (app / "src/b.ts").write_text("export const b = 1;\n")
    aged(app)
    third = run(app, cache=True)
    assert (third.stats.cached, said(third)) == (False, [f"src/c.py:6 {TTL}", f"src/index.ts:59 {TTL}"])
    assert run(app, cache=True).stats.cached is True
    (app / "src/d.ts").write_text("BAD(env)\n")
    assert f"src/d.ts:0 {TTL}" in said(run(app, cache=True))


def test_a_run_with_failures_is_not_kept(app: Path) -> None:
    use(kv=raises_on_b)
    aged(app)
    assert run(app, cache=True).exit_status() == 2
    again = run(app, cache=True)
    assert (again.exit_status(), again.stats.cached) == (2, False)


def test_the_interpreter_is_as_before(app: Path) -> None:
    import gc
    import sys

    use()
    depth = sys.getrecursionlimit()
    run(app)
    assert gc.isenabled()
    assert sys.getrecursionlimit() == depth
    gc.disable()
    try:
        run(app)
        assert not gc.isenabled()
    finally:
        gc.enable()
