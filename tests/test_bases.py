"""What migrations begin on when they miss a table that none of them creates."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.bases import Base, missing_table
from edgelint.project.databases import DatabaseSource
from tests.test_databases import entry, made, only

ALTER = "ALTER TABLE users ADD COLUMN seen TEXT;\n"
USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n"
ID = "0d5f4e0a-6c2e-4d8f-9a51-5f7a3c1b2e90"


def based(root: Path, files: dict[str, str], *entries: str) -> tuple[DatabaseSource, Base]:
    """The first database of a project whose migration alters a table of nobody, and what it begins on."""
    found = made(root, {"migrations/0001_seen.sql": ALTER, **files}, *entries).databases
    (source,) = [one for one in found if one.directory == "migrations"]
    assert source.base is not None
    return source, source.base


def said(root: Path, base: Base) -> str:
    """The path and the text of the place where the table is made."""
    assert base.made is not None
    text = (root / base.made.path).read_bytes()[base.made.start : base.made.end].decode()
    return f"{base.made.path}: {text}"


def columns(source: DatabaseSource) -> list[str]:
    return [column.name for column in source.schema().tables["users"].columns]


@pytest.mark.parametrize("message, name", [
    ("no such table: users", "users"), ("no such table: main.users", "users"), ("no such column: users", None),
    ("no such table: a b", "a b"),
])
def test_missing_table(message: str, name: str | None) -> None:
    assert missing_table(message) == name


def test_a_chain_that_makes_its_tables_has_none(tmp_path: Path) -> None:
    found = made(tmp_path, {"migrations/0001_init.sql": USERS, "migrations/0002_seen.sql": ALTER, "schema.sql": USERS})
    assert only(found).base is None
    assert only(found).before == ()


@pytest.mark.parametrize("creates", [
    USERS, "CREATE VIEW users AS SELECT 1;", "CREATE TABLE u (id INTEGER);\nALTER TABLE u RENAME TO users;",
    "CREATE TABLE users (id INTEGER,, name TEXT);",
], ids=["table", "view", "renamed", "does not parse"])
def test_a_table_that_the_chain_makes_itself_is_no_base(tmp_path: Path, creates: str) -> None:
    files = {"migrations/0001_seen.sql": ALTER, "migrations/0002_users.sql": creates, "schema.sql": USERS}
    source = only(made(tmp_path, files))
    assert source.base is None
    assert not source.is_whole


def test_schema_file(tmp_path: Path) -> None:
    source, base = based(tmp_path, {"schema.sql": f"-- before\n{USERS}", "migrations/0002_i.sql": "DELETE FROM users;"})
    assert said(tmp_path, base) == "schema.sql: users"
    assert [file.path for file in source.files] == ["schema.sql", "migrations/0001_seen.sql", "migrations/0002_i.sql"]
    assert columns(source) == ["id", "name", "seen"]
    assert source.is_whole


def test_what_the_base_has_and_does_not_apply_is_left_out(tmp_path: Path) -> None:
    source, _ = based(tmp_path, {"schema.sql": f"CREATE TABLE x (;\n{USERS}"})
    assert columns(source) == ["id", "name", "seen"]


def test_the_end_of_the_chain_is_no_beginning(tmp_path: Path) -> None:
    source, base = based(tmp_path, {"schema.sql": "CREATE TABLE users (id INTEGER, seen TEXT);"})
    assert base.sure
    assert [step.error.message for step in source.replay.steps if step.error] == ["duplicate column name: seen"]
    assert not source.is_whole


def test_migrations_of_another_worker_of_the_same_database(tmp_path: Path) -> None:
    config = '{"name": "b", "main": "a.ts", "compatibility_date": "2025-09-01", "d1_databases": [%s]}'
    source, base = based(
        tmp_path,
        {"other/wrangler.jsonc": config % entry("MAIN", "other", ID), "other/migrations/0001.sql": USERS,
         "other/a.ts": "export default {};"},
        entry("DB", "app", ID),
    )
    assert said(tmp_path, base) == "other/migrations/0001.sql: users"
    assert base.sure
    assert columns(source) == ["id", "name", "seen"]


def test_another_database_is_only_a_place(tmp_path: Path) -> None:
    second = entry("OTHER", "other", migrations_dir="elsewhere")
    source, base = based(tmp_path, {"elsewhere/0001.sql": "CREATE TABLE a (id);\nALTER TABLE a RENAME TO users;"},
                         entry("DB", "app"), second)
    assert said(tmp_path, base) == "elsewhere/0001.sql: users"
    assert base.scripts == ()
    assert source.before == ()
    assert not source.is_whole


def test_one_file_that_nobody_names(tmp_path: Path) -> None:
    source, base = based(tmp_path, {"db/setup.sql": USERS, "db/other.sql": "CREATE TABLE t (id);"})
    assert said(tmp_path, base) == "db/setup.sql: users"
    assert columns(source) == ["id", "name", "seen"]
    assert not source.is_whole  # nobody says that it is all


def test_of_several_files_none_is_taken(tmp_path: Path) -> None:
    _, base = based(tmp_path, {"db/a.sql": USERS, "db/b.sql": USERS})
    assert said(tmp_path, base) == "db/a.sql: users"
    assert base.scripts == ()


def test_code(tmp_path: Path) -> None:
    code = """
export default { async fetch(request: Request, env: Env) {
  await env.DB.prepare("ALTER TABLE users ADD COLUMN age INTEGER").run();
  await env.DB.prepare("CREATE TABLE IF NOT EXISTS users (id INTEGER, name TEXT)").run();
  await env.DB.prepare("CREATE TABLE IF NOT EXISTS others (id INTEGER)").run();
  return new Response();
} };"""
    source, base = based(tmp_path, {"src/index.ts": code})
    assert said(tmp_path, base) == "src/index.ts: CREATE TABLE IF NOT EXISTS users (id INTEGER, name TEXT)"
    assert columns(source) == ["id", "name", "age", "seen"]
    assert source.is_whole


def test_code_that_makes_other_tables_is_no_base(tmp_path: Path) -> None:
    code = """
export default { async fetch(request: Request, env: Env) {
  await env.DB.prepare("CREATE TABLE IF NOT EXISTS others (id INTEGER)").run();
  return new Response();
} };"""
    _, base = based(tmp_path, {"src/index.ts": code})
    assert base == Base("users", None)


@pytest.mark.parametrize("path, text, found", [
    ("src/schema.ts", 'export const users = sqliteTable("users", {});', '"users"'),
    ("src/schema.ts", 'await db.schema.createTable("users").execute();', '"users"'),
    ("src/user.ts", "@Entity({ name: 'users' })\nclass User {}", "'users'"),
    ("src/models.py", '# é\nclass User(Base):\n    __tablename__ = "users"\n', '"users"'),
    ("test/setup.ts", "const sql = `CREATE TABLE IF NOT EXISTS users (id INTEGER)`;", "users"),
    ("prisma/schema.prisma", "model users {\n  id Int @id\n}\n", "users"),
    ("prisma/schema.prisma", 'model User {\n  id Int @id\n\n  @@map("users")\n}\n', '"users"'),
    ("README.md", "Run this once:\n\n    CREATE TABLE `users` (id INTEGER);\n", "`users`"),
], ids=["drizzle", "kysely", "typeorm", "sqlalchemy", "tests", "prisma", "prisma map", "readme"])
def test_text_that_names_the_table(tmp_path: Path, path: str, text: str, found: str) -> None:
    source, base = based(tmp_path, {path: text})
    assert said(tmp_path, base) == f"{path}: {found}"
    assert base.scripts == ()
    assert not source.is_whole


@pytest.mark.parametrize("path, text", [
    ("src/schema.ts", 'export const users = sqliteTable("users_old", {});'),
    ("src/index.ts", 'export default { async fetch() { return new Response("create table user"); } };'),
    ("README.md", "CREATE TABLE my_users (id INTEGER); model users {"),
    ("README.md", "CREATE TABLE users2 (id INTEGER);"),
])
def test_text_that_names_another(tmp_path: Path, path: str, text: str) -> None:
    assert based(tmp_path, {path: text})[1] == Base("users", None)


def test_a_text_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"\xff\xfe\x00 CREATE TABLE users (id)")
    assert based(tmp_path, {})[1] == Base("users", None)


def test_what_is_consulted_is_an_input(tmp_path: Path) -> None:
    found = made(tmp_path, {"migrations/0001_seen.sql": ALTER, "NOTES.md": "nothing"})
    assert only(found).base == Base("users", None)
    assert "NOTES.md" in found.inputs
