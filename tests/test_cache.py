"""The cache: what makes it answer, what makes it silent, and that nothing in it can do harm."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgelint import cache, rulebook
from edgelint.cache import Cache, read_sealed, write_sealed
from edgelint.diagnostics import Confidence, Diagnostic, Edit, Fix, Related, Severity, Span
from edgelint.outcome import Failure, Note, Outcome
from edgelint.project.project import Project
from edgelint.settings import Settings

SPAN = Span("src/a.ts", 1, 3)
OUTCOME = Outcome(
    diagnostics=(
        Diagnostic(
            "kv/x", Severity.WARNING, Confidence.LOW, "méssage", SPAN, (Related(SPAN, "here"),), "help",
            Fix("mend", (Edit(SPAN, "y"),), True),
        ),
        Diagnostic("kv/y", Severity.ERROR, Confidence.HIGH, "plain", SPAN),
    ),
    notes=(Note("too large", ("b.ts", "b.ts")), Note("without rows", ("c.sql",), ("t: why",))),
    files=("src/a.ts", "wrangler.toml"),
    also_read=("package.json",),
    rules=3,
    suppressed={"src/a.ts": 2},
)
INPUTS = ("src/a.ts", "wrangler.toml", "absent.json")
FOLDERS = ("", "src")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that nobody touched for an hour."""
    root = tmp_path / "app"
    (root / "src").mkdir(parents=True)
    (root / "src/a.ts").write_text("let a")
    (root / "wrangler.toml").write_text("")
    age(root)
    return root


def age(root: Path) -> None:
    then = time.time_ns() - 3_600_000_000_000
    for path in (root, root / "src", root / "src/a.ts", root / "wrangler.toml"):
        os.utime(path, ns=(then, then))


def save(root: Path, settings: Settings | None = None, started: int | None = None) -> Cache:
    kept = Cache(root, settings or Settings())
    kept.save(OUTCOME, INPUTS, FOLDERS, time.time_ns() if started is None else started)
    return kept


def test_nothing_changed(project: Path) -> None:
    assert Cache(project, Settings()).load() is None
    assert save(project).load() == OUTCOME
    assert Cache(project, Settings()).load() == OUTCOME
    assert (project / ".edgelint_cache/.gitignore").read_text() == "*\n"
    tag = (project / ".edgelint_cache/CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")


def edit(root: Path) -> None:
    (root / "src/a.ts").write_text("let b")


def grow(root: Path) -> None:
    (root / "src/a.ts").write_text("let abc")


def delete(root: Path) -> None:
    (root / "wrangler.toml").unlink()


def add(root: Path) -> None:
    (root / "src/b.ts").write_text("")


def appear(root: Path) -> None:
    (root / "absent.json").write_text("")


def remove_folder(root: Path) -> None:
    (root / "src/a.ts").rename(root / "a.ts")
    (root / "src").rmdir()


def replace_by_folder(root: Path) -> None:
    (root / "wrangler.toml").unlink()
    (root / "wrangler.toml").mkdir()


@pytest.mark.parametrize("change", [edit, grow, delete, add, appear, remove_folder, replace_by_folder])
def test_any_change_is_a_miss(project: Path, change: Callable[[Path], None]) -> None:
    kept = save(project)
    change(project)
    assert kept.load() is None


def test_the_same_contents_with_other_times_are_no_change(project: Path) -> None:
    kept = save(project)
    assert kept.load() == OUTCOME
    (project / "scratch").write_text("")
    (project / "scratch").unlink()
    os.utime(project / "src/a.ts", ns=(1_000, 1_000))
    time.sleep(0.03)
    before = json.loads(read_sealed(kept.file))
    assert kept.load() == OUTCOME
    after = json.loads(read_sealed(kept.file))
    assert before["files"]["src/a.ts"][0] != after["files"]["src/a.ts"][0] == 1_000
    assert kept.load() == OUTCOME


def test_what_may_still_change_is_not_kept(project: Path) -> None:
    edit(project)
    edited = (project / "src/a.ts").stat().st_mtime_ns
    assert save(project, started=edited + 10_000_000).load() is None
    assert save(project, started=edited + 1_000_000_000).load() == OUTCOME


def test_settings_rules_and_place_are_part_of_the_key(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = save(project)
    assert Cache(project, Settings(strict=True)).load() is None
    moved = project.parent / "moved"
    project.rename(moved)
    assert Cache(moved, Settings()).load() is None
    moved.rename(project)
    assert kept.load() == OUTCOME
    monkeypatch.setattr(cache, "fingerprint", lambda: "another")
    assert Cache(project, Settings()).load() is None


def test_the_fingerprint_follows_code_rules_and_parsers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    monkeypatch.setattr(rulebook, "directory", lambda: rules)
    seen = {cache.fingerprint()}
    (rules / "x.md").write_text("x")
    seen.add(cache.fingerprint())
    monkeypatch.syspath_prepend(str(tmp_path))
    for number, parser in enumerate(("libcst-9.9", "PyYAML-9.9", "pyyaml-9.10"), 3):
        (tmp_path / f"{parser}.dist-info").mkdir()
        seen.add(cache.fingerprint())
        assert len(seen) == number
    (tmp_path / "requests-9.9.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "missing"))
    assert cache.fingerprint() in seen


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe",
        b"12\n{}",
        b"x\n{}",
        b"[" * 100_000,
    ],
)
def test_a_damaged_cache_is_a_miss(project: Path, damage: bytes) -> None:
    kept = save(project)
    kept.file.write_bytes(damage)
    assert kept.load() is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"src/a.ts",1,3', '"../a.ts",1,3'),
        ('"src/a.ts",1,3', '"/etc/passwd",1,3'),
        ('"src/a.ts",1,3', '"src/a.ts",3,1'),
        ('"src/a.ts",1,3', '"src/a.ts",-1,3'),
        ('"src/a.ts",1,3', '"src/a.ts","1",3'),
        ('"src/a.ts",1,3', '"src/a.ts",1'),
        ('"src/a.ts",1,3', "5,1,3"),
        ('"warning"', '"fatal"'),
        ('"plain"', "null"),
        ('"rules":3', '"rules":true'),
        ('"suppressed":{"src/a.ts":2}', '"suppressed":[]'),
        ('"outcome"', '"income"'),
        ('"files":{', '"files":[],"x":{'),
        ("{", "["),
    ],
)
def test_what_is_read_is_validated(project: Path, old: str, new: str) -> None:
    kept = save(project)
    data = read_sealed(kept.file)
    assert old.encode() in data
    write_sealed(kept.file, data)
    assert kept.load() == OUTCOME
    write_sealed(kept.file, data.replace(old.encode(), new.encode()))
    assert kept.load() is None


def test_a_cache_that_came_with_a_clone_is_not_believed(project: Path) -> None:
    kept = save(project)
    text = kept.file.read_text()
    kept.file.unlink()
    kept.file.write_text(text)
    assert kept.load() is None


def test_links_are_not_followed(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (project / ".edgelint_cache").symlink_to(elsewhere)
    age(project)
    assert save(project).load() is None
    (project / ".edgelint_cache").unlink()
    (project / ".edgelint_cache").mkdir()
    (project / ".edgelint_cache/.gitignore").symlink_to(elsewhere / "stolen")
    age(project)
    assert save(project).load() == OUTCOME
    assert list(elsewhere.iterdir()) == []


def test_a_folder_that_cannot_be_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".edgelint_cache").write_text("a file")
    assert save(project).load() is None
    (project / ".edgelint_cache").unlink()
    age(project)

    def refuse(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        assert save(project).load() is None
    assert not list((project / ".edgelint_cache").glob("*.tmp"))


def test_old_outcomes_are_thrown_away(project: Path) -> None:
    (project / ".edgelint_cache").mkdir()
    (project / ".edgelint_cache/.left.tmp").write_text("")
    age(project)
    for number in range(cache.KEPT + 3):
        save(project, Settings(exclude=(str(number),)))
    assert len(list((project / ".edgelint_cache").glob("*.json"))) == cache.KEPT
    assert Cache(project, Settings(exclude=(str(cache.KEPT + 2),))).load() == OUTCOME
    assert Cache(project, Settings(exclude=("0",))).load() is None
    assert not list((project / ".edgelint_cache").glob("*.tmp"))


def test_failures_have_no_place_in_the_cache(project: Path) -> None:
    # The engine does not store an outcome with failures; were it to, they would be lost, so this must stay so.
    failed = Outcome(failures=(Failure("kv/x", "a", "m", "t"),))
    kept = Cache(project, Settings())
    kept.save(failed, INPUTS, FOLDERS, time.time_ns())
    assert kept.load() == Outcome()


def test_another_wrangler_is_another_run(tmp_path: Path) -> None:
    """The schema of the installed wrangler is an input, also where none is installed yet."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app/wrangler.toml").write_text('name = "a"\n')
    inputs = Project.load(tmp_path, Settings()).inputs
    assert [path for path in inputs if "node_modules" in path] == [
        "app/node_modules/wrangler/config-schema.json",
        "node_modules/wrangler/config-schema.json",
    ]
