"""The schema of a database under test: which files make it, in which order, once, and what is wrong with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing import config as configs
from edgelint.testing.bindings import d1_migrations as migrations
from edgelint.testing.bindings.d1 import D1Database
from edgelint.testing.bindings.d1_migrations import ARRANGEMENT, Arrangement
from edgelint.testing.config import WorkerConfig
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.world import World

Make = Callable[..., WorkerConfig]


@pytest.fixture
def app(tmp_path: Path) -> Make:
    """An app with D1 databases and files."""

    def make(files: dict[str, str], *databases: dict[str, Any]) -> WorkerConfig:
        declared = [{"binding": "DB", "database_id": "1", **each} for each in databases or ({},)]
        config = {"name": "app", "d1_databases": declared}
        (tmp_path / "wrangler.json").write_text(json.dumps(config))
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return configs.read(tmp_path / "wrangler.json")

    return make


def tables(config: WorkerConfig, index: int = 0) -> list[str]:
    """The tables of a database, but wrangler's own and SQLite's."""
    database = migrations.database(config, config.bindings[index])
    try:
        with database.hidden():
            rows = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid").rows
        return [str(name) for (name,) in rows if not str(name).startswith(("sqlite_", "d1_"))]
    finally:
        database.close()


def test_migrations_run_in_wranglers_order_and_are_recorded(app: Make) -> None:
    config = app({
        "migrations/10_c.sql": "CREATE TABLE c (a REFERENCES b);",
        "migrations/2_b.sql": "\ufeffCREATE TABLE b (a PRIMARY KEY); -- it's",
        "migrations/plain.sql": "DROP TABLE z;",
        "migrations/0001_a.sql": "CREATE TABLE z (a);\nCREATE TRIGGER t AFTER INSERT ON z BEGIN SELECT 1; END;",
        "migrations/.hidden.sql": "nonsense", "migrations/notes.txt": "", "migrations/deep/1_x.sql": "nonsense",
    })  # fmt: skip
    assert tables(config) == ["b", "c"]
    database = migrations.database(config, config.bindings[0])
    recorded = database.execute("SELECT id, name, applied_at FROM d1_migrations").rows
    names = ["0001_a.sql", "2_b.sql", "10_c.sql", "plain.sql"]
    assert recorded == tuple((index + 1, name, "2026-01-01 00:00:00") for index, name in enumerate(names))
    database.close()


def test_a_folder_a_pattern_and_a_table_of_their_own(app: Make) -> None:
    files = {
        "db/a/1_it's.sql": "CREATE TABLE a (x);", "db/b/migration.sql": "CREATE TABLE b (x);",
        "db/1.sql": "CREATE TABLE c (x);", "db/a/deep/2.sql": "CREATE TABLE d (x);",
    }  # fmt: skip
    deep = {"migrations_dir": "./db/", "migrations_pattern": "db\\*/*.sql", "migrations_table": "my \"own\""}
    config = app(files, deep)
    assert tables(config) == ['my "own"', "a", "b"]
    database = migrations.database(config, config.bindings[0])
    assert database.execute('SELECT name FROM "my ""own"""').rows == (("a/1_it's.sql",), ("b/migration.sql",))
    database.close()
    assert tables(app(files, {"migrations_dir": "db", "migrations_pattern": "db/**/*.sql"})) == ["c", "a", "d", "b"]
    assert tables(app(files, {"migrations_dir": ".", "migrations_pattern": "db/{a,b}/m*.sql"})) == ["b"]
    assert tables(app(files, {"migrations_dir": "db", "migrations_pattern": "db/[z-a].sql"})) == []
    assert tables(app(files, {"migrations_dir": "db"})) == ["c"]


def test_patterns_that_wrangler_refuses(app: Make) -> None:
    with pytest.raises(EdgeUsageError, match="DB: migrations_pattern needs migrations_dir beside it"):
        tables(app({}, {"migrations_pattern": "a/*.sql"}))
    with pytest.raises(EdgeUsageError, match="DB: migrations_pattern must begin with 'b/'"):
        tables(app({}, {"migrations_dir": "b", "migrations_pattern": "a/*.sql"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("CREATE TABLE a (x);\nINSERT INTO\n  b VALUES (1);",
         "2: no such table: b: SQLITE_ERROR: INSERT INTO b VALUES (1)"),
        ("CREATE TABLE a (x)\n", '1: near "INSERT": syntax error: SQLITE_ERROR: CREATE TABLE a (x) INSERT INTO "d1_'),
        ("CREATE TABLE a (x);\n\nSELEC 1;", '3: near "SELEC": syntax error: SQLITE_ERROR: SELEC 1'),
        ("PRAGMA journal_mode = wal;", "1: not authorized: SQLITE_AUTH: PRAGMA journal_mode = wal"),
        ("INSERT INTO a VALUES ('" + "x" * 300 + "');", "1: no such table: a: SQLITE_ERROR: INSERT"),
        ("BEGIN TRANSACTION;\nBEGIN TRANSACTION;\nCOMMIT;\nCOMMIT;", "2: Wrangler could not process"),
    ],
)  # fmt: skip
def test_a_migration_that_fails_is_named_with_its_line(app: Make, text: str, words: str) -> None:
    config = app({"migrations/1_a.sql": text})
    with pytest.raises(EdgeUsageError) as raised:
        migrations.template(config, config.bindings[0])
    assert str(raised.value).startswith(f"migrations/1_a.sql:{words}")
    assert str(raised.value).endswith(" (the last statement has no ';')") == (text == "CREATE TABLE a (x)\n")
    assert len(str(raised.value)) < 400


def test_a_file_that_cannot_be_read_is_named(app: Make, tmp_path: Path) -> None:
    config = app({})
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1.sql").write_bytes(b"\xff\xfe")
    with pytest.raises(EdgeUsageError, match=r"1\.sql: cannot be read: "):
        migrations.template(config, config.bindings[0])


def test_a_transaction_around_a_migration_is_taken_out(app: Make) -> None:
    assert tables(app({"migrations/1.sql": "BEGIN TRANSACTION;\nCREATE TABLE a (x);\nCOMMIT;"})) == ["a"]


def test_a_database_is_made_once_for_what_its_files_hold(app: Make, tmp_path: Path) -> None:
    config = app({"migrations/1.sql": "CREATE TABLE a (x);"})
    first = migrations.template(config, config.bindings[0])
    assert migrations.template(config, config.bindings[0]) is first
    path = tmp_path / "migrations" / "1.sql"
    path.write_text("CREATE TABLE b (x);")
    os.utime(path, ns=(1, 1))
    assert tables(config) == ["b"]
    (tmp_path / "migrations" / "2.sql").write_text("CREATE TABLE c (x);")
    assert tables(config) == ["b", "c"]


def test_a_schema_file_stands_in_for_migrations(app: Make, tmp_path: Path) -> None:
    config = app({"sql/schema.sql": "CREATE TABLE a (x); INSERT INTO a VALUES (1)", "node_modules/p/schema.sql": "no"})
    assert tables(config) == ["a"]
    assert migrations.schema_files(config, config.bindings[0]).table is None
    (tmp_path / "schema.sql").write_text("CREATE TABLE b (x)")  # beside the config
    assert tables(config) == ["b"]
    (tmp_path / "schema.sql").write_text("SELECT 1")  # it makes nothing
    assert tables(config) == []
    (tmp_path / "schema.sql").unlink()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "schema.sql").write_text("CREATE TABLE c (x)")  # which of the two, nobody says
    assert tables(config) == []
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1.sql").write_text("CREATE TABLE d (x);")
    assert tables(config) == ["d"]


def test_a_schema_file_is_of_the_one_database_without_migrations(app: Make) -> None:
    files = {"schema.sql": "CREATE TABLE a (x);", "db/1.sql": "CREATE TABLE b (x);"}
    one, other = {"migrations_dir": "db"}, {"binding": "OTHER", "database_id": "2"}
    config = app(files, {**one, "migrations_dir": "db"}, {**other, "migrations_dir": "none"})
    assert (tables(config, 0), tables(config, 1)) == (["b"], ["a"])
    config = app(files, {"migrations_dir": "nowhere"}, {**other, "migrations_dir": "none"})
    assert (tables(config, 0), tables(config, 1)) == ([], [])


def test_another_binding_to_the_same_database_may_say_where_migrations_are(app: Make) -> None:
    files = {"db/1.sql": "CREATE TABLE b (x);"}
    config = app(files, {}, {"binding": "SAME", "database_id": "1", "migrations_dir": "db"})
    assert (tables(config, 0), tables(config, 1)) == (["b"], ["b"])


def ask(world: World, name: str, sql: str) -> Any:
    binding = world.worker.binding(name)
    assert isinstance(binding, D1Database)
    return world.run(binding.prepare(sql).raw())


def test_each_world_has_its_own_copy(app: Make) -> None:
    config = app({"migrations/1.sql": "CREATE TABLE a (x); INSERT INTO a VALUES (1);"})
    for _ in range(2):
        world = World()
        world.add(config)
        assert ask(world, "DB", "SELECT x FROM a") == [[1]]
        ask(world, "DB", "INSERT INTO a VALUES (2)")
        assert ask(world, "DB", "SELECT x FROM a") == [[1], [2]]
        world.close()


def test_an_arrangement_says_how_databases_begin(app: Make) -> None:
    config = app({"migrations/1.sql": "CREATE TABLE a (x);"}, {}, {"binding": "SAME", "database_id": "1"})

    def world_with(arrangement: Arrangement) -> World:
        world = World()
        world.add(config)
        world.shared(ARRANGEMENT, lambda: arrangement)
        return world

    seeds = {"DB": "INSERT INTO a VALUES (1)", "SAME": "INSERT INTO a VALUES (2)", "OTHER": "nonsense"}
    for _ in range(2):
        world = world_with(Arrangement(seeds=seeds))
        assert ask(world, "SAME", "SELECT x FROM a") == [[1], [2]]
        ask(world, "DB", "DELETE FROM a")
        world.close()
    world = world_with(Arrangement(migrations=False, seeds={"DB": "CREATE TABLE b (y)"}))
    assert ask(world, "DB", "SELECT y FROM b") == []
    assert ask(world, "DB", "SELECT count(*) FROM pragma_table_list WHERE name = 'a'") == [[0]]
    world.close()
    world = world_with(Arrangement(seeds={"DB": "\n\nINSERT INTO nope VALUES (1)"}))
    with pytest.raises(EdgeUsageError, match=r"^seed data of DB:3: no such table: nope"):
        ask(world, "DB", "SELECT 1")
    world.close()


def test_a_session_without_databases_imports_no_sqlite() -> None:
    code = "import sys, edgelint.testing.bindings.d1_migrations; sys.exit('apsw' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_is_listed_again_when_it_has_changed(app: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Path] = []
    files = migrations._sql_files

    def listing(folder: Path, deep: bool) -> Any:
        listed.append(folder)
        return files(folder, deep)

    monkeypatch.setattr(migrations, "_sql_files", listing)
    config = app({"migrations/1_a.sql": "CREATE TABLE a (x);"})
    folder = config.root / "migrations"
    assert (tables(config), tables(config)) == (["a"], ["a"])
    assert len([each for each in listed if each == folder]) >= 2, "it may change again within its time's resolution"
    os.utime(folder, (1_000_000, 1_000_000))
    tables(config)
    listed.clear()
    tables(config)
    assert listed == []
    (folder / "2_b.sql").write_text("CREATE TABLE b (x);")
    assert tables(config) == ["a", "b"]
