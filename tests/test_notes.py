"""What a run counts as not analysed, by reason."""

from __future__ import annotations

from pathlib import Path

from edgelint.engine import Options, check
from edgelint.settings import load


def test_tables_without_rows_are_counted(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "wrangler.toml").write_text(
        'name = "app"\ncompatibility_date = "2026-01-15"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "app"\n'
        'database_id = "0d5f4e0a-6c2e-4d8f-9a51-5f7a3c1b2e90"\n'
    )
    (tmp_path / "migrations" / "0001_init.sql").write_text(
        "CREATE TABLE b (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CHECK (n > 1 AND n < 1));\n"
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER NOT NULL REFERENCES b (id));\n"
    )
    (tmp_path / "migrations" / "0002_more.sql").write_text("ALTER TABLE b ADD COLUMN m INTEGER;\n")
    settings = load(tmp_path)
    reason = "table without rows for the trial of migrations"
    tried = check(tmp_path, [], settings.override(select=["migrations/fails-with-rows"]), Options(cache=False))
    (note,) = [note for note in tried.notes if note.reason == reason]
    assert note.paths == ("migrations/0002_more.sql",) * 2
    assert note.details == ("a: a must point at b, which has no row", "b: CHECK constraint failed: n > 1 AND n < 1")
    other = check(tmp_path, [], settings.override(select=["migrations/empty"]), Options(cache=False))
    assert [note for note in other.notes if note.reason == reason] == []
