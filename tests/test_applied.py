"""``--base``: migrations that are not what they were when they were applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgelint.cli import cli
from edgelint.project import git_base
from tests.rule_runner import commit

CONFIG = 'name = "app"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "app"\n'
BEFORE = {
    "wrangler.toml": CONFIG,
    "migrations/0001_init.sql": "CREATE TABLE a (id INTEGER PRIMARY KEY);\n",
    "migrations/0002_more.sql": "CREATE TABLE b (id INTEGER PRIMARY KEY);\n",
    "migrations/notes.md": "not one",
}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    commit(tmp_path, BEFORE)
    for name, text in BEFORE.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> Result:
    rule = "migrations/changed-after-apply"
    return CliRunner().invoke(cli, ["check", "--select", rule, "--format", "concise", "-q", *arguments])


def test_nothing_has_changed(app: Path) -> None:
    (app / "migrations/0002_more.sql").write_bytes(b"CREATE TABLE b (id INTEGER PRIMARY KEY);\r\n")
    (app / "migrations/0003_new.sql").write_text("CREATE TABLE c (id INTEGER PRIMARY KEY);\n")
    result = check("--base", "HEAD")
    assert (result.exit_code, result.stdout) == (0, "")


def test_changed_moved_and_gone(app: Path) -> None:
    (app / "migrations/0001_init.sql").write_text("CREATE TABLE a (id INTEGER PRIMARY KEY, b);\n")
    (app / "migrations/0002_more.sql").rename(app / "migrations/0003_more.sql")
    lines = check("--base", "HEAD").stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["migrations/0001_init.sql", "migrations/0003_more.sql"]
    assert "this migration has changed since" in lines[0]
    assert "this was 0002_more.sql at" in lines[1]
    (app / "migrations/0003_more.sql").unlink()
    lines = check("--base", "HEAD").stdout.splitlines()
    assert lines[1].startswith("wrangler.toml:3:12: ")
    assert "the migration 0002_more.sql was there at" in lines[1]


def test_without_a_base_git_is_not_asked(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_base, "_git", lambda *_: pytest.fail("git was asked"))
    (app / "migrations/0001_init.sql").write_text("SELECT 1;\n")
    assert check().exit_code == 0


def test_an_outcome_belongs_to_its_base(app: Path) -> None:
    (app / "migrations/0001_init.sql").write_text("SELECT 1;\n")
    assert check("--base", "HEAD").exit_code == 1
    assert check().exit_code == 0
    assert check("--base", "HEAD").exit_code == 1


@pytest.mark.parametrize(
    ("revision", "message"),
    [("nowhere", "git knows no commit 'nowhere' here"), ("--help", "'--help' is no revision")],
)
def test_a_commit_that_is_not_there(app: Path, revision: str, message: str) -> None:
    result = check(f"--base={revision}")
    assert (result.exit_code, result.stderr) == (2, f"edgelint: error: --base: {message}\n")


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wrangler.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    result = check("--base", "HEAD")
    assert result.exit_code == 2
    assert "is in no git repository, or git is not installed" in result.stderr


def test_a_machine_without_git(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(app))
    assert check("--base", "HEAD").exit_code == 2
    assert git_base.content(app, "HEAD", "wrangler.toml") is None
    assert git_base.names(app, "HEAD", "migrations") == []
