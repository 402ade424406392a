"""``edgelint schema``: in each format, and what it says of what it cannot show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgelint.cli import cli
from edgelint.d1.engine import Database

SHOP = """\
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, "full name" TEXT DEFAULT 'x');
CREATE TABLE profiles (user_id INTEGER PRIMARY KEY REFERENCES users (id), bio);
CREATE TABLE posts (
  id INTEGER PRIMARY KEY,
  author INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  editor INTEGER REFERENCES Users,
  size DECIMAL(10, 2),
  slug TEXT GENERATED ALWAYS AS (lower(id)) VIRTUAL
) STRICT;
"""
MORE = """\
CREATE INDEX posts_by_author ON posts (author, lower(slug)) WHERE author > 1;
CREATE VIEW v AS SELECT id FROM posts;
CREATE TRIGGER t AFTER INSERT ON posts BEGIN DELETE FROM profiles; END;
CREATE VIRTUAL TABLE words USING fts5 (word);
CREATE TABLE "order line" (post INTEGER REFERENCES posts (id) UNIQUE, no INTEGER REFERENCES nowhere (id));
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "wrangler.toml").write_text(
        'name = "app"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "shop"\n'
        '[[d1_databases]]\nbinding = "STATS"\ndatabase_name = "stats"\nmigrations_dir = "stats"\n'
        '[[d1_databases]]\nbinding = "LATER"\ndatabase_name = "later"\nmigrations_dir = "later"\n'
    )
    for name, text in (
        ("migrations/0001_init.sql", SHOP.replace(") STRICT", ")")), ("migrations/0002_more.sql", MORE),
        ("stats/0001_init.sql", "CREATE TABLE views (day TEXT PRIMARY KEY);"), ("stats/0002_bad.sql", "SELEC 1;"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def schema(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["schema", *arguments])


def test_sql_makes_the_schema_again(app: Path) -> None:
    result = schema("--database", "shop")
    assert result.exit_code == 0
    assert result.stdout.startswith("CREATE TABLE users (id INTEGER PRIMARY KEY")
    database = Database.memory()
    database.script(result.stdout)
    assert database.execute("SELECT count(*) FROM v").rows == ((0,),)
    assert "words_data" not in result.stdout, "what a virtual table keeps its data in comes with it"


def test_all_databases_and_what_is_not_known(app: Path) -> None:
    result = schema()
    assert result.exit_code == 0
    titles = [line for line in result.stdout.splitlines() if line.startswith("--")]
    assert titles == ["-- shop (DB)", "-- stats (STATS)"]
    assert result.stderr.splitlines() == [
        'edgelint: warning: stats: 0002_bad.sql does not apply (near "SELEC": syntax error): shown without it',
        "edgelint: warning: later: there are no migrations and no schema.sql: its schema is not known",
    ]


def test_what_migrations_begin_on(app: Path) -> None:
    (app / "later").mkdir()
    (app / "later" / "0001_seen.sql").write_text("ALTER TABLE users ADD COLUMN seen TEXT;")
    (app / "setup.sql").write_text("CREATE TABLE users (id INTEGER PRIMARY KEY);")
    (app / "migrations" / "0001_init.sql").unlink()
    (app / "migrations" / "0002_more.sql").unlink()
    result = schema("--database", "LATER")
    assert "seen TEXT" in result.stdout
    assert result.stderr == (
        "edgelint: warning: later: no migration makes users: shown on top of what setup.sql makes\n"
    )


def test_mermaid(app: Path) -> None:
    result = schema("--database", "DB", "--format", "mermaid")
    lines = result.stdout.splitlines()
    assert lines[:5] == ["erDiagram", "  users {", "    INTEGER id PK", "    TEXT email UK", "    TEXT full_name"]
    assert "    INTEGER user_id PK, FK" in lines
    assert "    DECIMAL_10_2 size" in lines
    assert "    any bio" in lines
    assert [line for line in lines if "--" in line] == [
        '  users ||--o| profiles : "user_id"',
        '  users ||--o{ posts : "author"',
        '  users |o--o{ posts : "editor"',
        '  posts |o--o| "order line" : "post"',
        '  nowhere |o--o{ "order line" : "no"',
    ]


def test_json(app: Path) -> None:
    result = schema("--format", "json", "--database", "shop")
    [database] = json.loads(result.stdout)["databases"]
    assert (database["name"], database["bindings"], database["applies"]) == ("shop", ["DB"], True)
    tables = {table["name"]: table for table in database["tables"]}
    assert list(tables) == ["users", "profiles", "posts", "words", "order line"]
    assert tables["users"]["columns"][2] == {
        "name": "full name", "type": "TEXT", "not_null": False, "default": "'x'", "primary_key": 0, "generated": None,
    }
    assert tables["posts"]["columns"][-1]["generated"] == "virtual"
    assert tables["posts"]["indexes"] == [
        {"name": "posts_by_author", "unique": False, "columns": ["author", None], "partial": True, "origin": "index"}
    ]
    assert tables["posts"]["foreign_keys"][0] == {
        "columns": ["author"], "table": "users", "target_columns": ["id"], "on_delete": "CASCADE",
        "on_update": "NO ACTION",
    }
    assert [view["name"] for view in database["views"]] == ["v"]
    assert [trigger["table"] for trigger in database["triggers"]] == ["posts"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--database", "sho"), "no database is called 'sho'; did you mean 'shop'?"),
        (("--database", "zzz"), "no database is called 'zzz'; there are DB, LATER, STATS, later, shop, stats"),
    ],
)
def test_a_database_that_is_not_there(app: Path, arguments: tuple[str, ...], message: str) -> None:
    result = schema(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"edgelint: error: {message}\n")


def test_an_empty_folder_and_wrong_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = schema()
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no database found here" in result.stderr
    assert schema("--database", "x").stderr == "edgelint: error: no database is called 'x'; there are none\n"
    (tmp_path / "edgelint.toml").write_text("selekt = []\n")
    assert schema().exit_code == 2


def test_a_part_of_a_repository(app: Path) -> None:
    (app / "other").mkdir()
    assert schema("other").exit_code == 0


def test_a_durable_object_is_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "wrangler.toml").write_text(
        'name = "app"\nmain = "src/index.ts"\ncompatibility_date = "2026-01-15"\n[[durable_objects.bindings]]\n'
        'name = "ROOM"\nclass_name = "Room"\n[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["Room"]\n'
    )
    (tmp_path / "src/index.ts").write_text(
        'import { DurableObject } from "cloudflare:workers";\nexport class Room extends DurableObject {\n'
        "  constructor(ctx, env) { super(ctx, env); this.ctx.storage.sql.exec("
        '"CREATE TABLE IF NOT EXISTS seats (id INTEGER PRIMARY KEY)"); }\n}\nexport default { fetch() {} };\n'
    )
    assert schema().stdout == "CREATE TABLE seats (id INTEGER PRIMARY KEY);\n"
