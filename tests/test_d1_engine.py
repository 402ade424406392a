"""The D1 engine: what it accepts, refuses and answers."""

from __future__ import annotations

import pytest

from edgelint.d1 import schema, split
from edgelint.d1.engine import Database
from edgelint.d1.errors import D1Error


@pytest.fixture
def database() -> Database:
    made = Database.memory()
    made.script(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT);"
        "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users(id)"
        " ON DELETE CASCADE, title TEXT DEFAULT 'x');"
        "CREATE INDEX posts_by_user ON posts (user_id, lower(title)) WHERE title IS NOT NULL"
    )
    return made


def refusal(database: Database, sql: str) -> D1Error:
    with pytest.raises(D1Error) as caught:
        database.execute(sql)
    return caught.value


def test_prepared_facts(database: Database) -> None:
    found = database.prepare("SELECT u.id AS who, count(*) FROM users u WHERE lower(u.email) = ?1 AND u.name = ?")
    assert [(column.name, column.table, column.column, column.declared) for column in found.columns] == [
        ("who", "users", "id", "INTEGER"), ("count(*)", None, None, None),
    ]  # fmt: skip
    assert found.parameters == ("?1", None)
    assert found.reads == {("users", "id"), ("users", "email"), ("users", "name")}
    assert found.functions == {"lower", "count"}
    assert found.readonly
    written = database.prepare("UPDATE posts SET title = NULL")
    assert written.writes == {("update", "posts.title")}
    assert not written.readonly


def test_error_has_statement_and_offset(database: Database) -> None:
    error = refusal(database, "SELECT 1; SELECT 'é', nmae FROM users")
    assert (error.message, error.code) == ("no such column: nmae", "SQLITE_ERROR")
    assert (error.statement, error.start, error.offset) == ("SELECT 'é', nmae FROM users", 10, 22)
    assert str(error) == "no such column: nmae: SQLITE_ERROR"


def test_script_is_one_transaction(database: Database) -> None:
    with pytest.raises(D1Error) as caught:
        database.script("INSERT INTO users VALUES (1, 'a', 'b'); INSERT INTO posts (user_id) VALUES (7)")
    assert caught.value.code == "SQLITE_CONSTRAINT_FOREIGNKEY"
    assert database.execute("SELECT count(*) FROM users").rows == ((0,),)


def test_clone_is_a_copy(database: Database) -> None:
    copy = database.clone()
    copy.script("DROP TABLE posts; INSERT INTO users VALUES (1, 'a', 'b')")
    assert "posts" in schema.read(database).tables
    assert "posts" not in schema.read(copy).tables
    assert refusal(copy, "SELECT power(1, 2)").message == "not authorized to use function: power"


def test_schema(database: Database) -> None:
    posts = schema.read(database).tables["posts"]
    assert posts.primary_key == ("id",)
    assert posts.autoincrement
    assert posts.foreign_keys == (schema.ForeignKey(("user_id",), "users", ("id",), "CASCADE", "NO ACTION"),)
    assert [(index.name, index.columns, index.partial) for index in posts.indexes] == [
        ("posts_by_user", ("user_id", None), True)
    ]
    assert posts.columns[2].default == "'x'"


def test_migration_text() -> None:
    assert split.migration("SELECT 1").strip() == "SELECT 1"
    text = "PRAGMA defer_foreign_keys=1;\nBEGIN TRANSACTION;\nSELECT 1;\nCOMMIT;\n"
    assert [statement.text for statement in split.split(split.migration(text))] == [
        "PRAGMA defer_foreign_keys=1", "SELECT 1",
    ]  # fmt: skip
    with pytest.raises(D1Error, match="several transactions"):
        split.migration(text + text)


def test_plan(database: Database) -> None:
    steps = database.plan("SELECT * FROM users WHERE name > ? ORDER BY name, id")
    assert [(step.scans, step.sorts) for step in steps] == [(True, False), (False, True)]
    assert database.plan("SELECT * FROM users WHERE id = ?")[0].searches


def test_numbers_are_bound_as_javascript_has_them(database: Database) -> None:
    assert database.execute("SELECT typeof(?1), ?1 || ''", (1,)).rows == (("real", "1.0"),)
    database.execute("INSERT INTO users VALUES (?, ?, ?)", (5, 6, True))
    assert database.execute("SELECT id, email, name FROM users").rows == ((5, "6.0", "1.0"),)
    with database.hidden():
        assert database.execute("SELECT typeof(?)", (1,)).rows == (("integer",),)


def test_changes_of_a_whole_text(database: Database) -> None:
    first = "INSERT INTO users VALUES (1, 'a', 'b'), (2, 'c', 'd')"
    result = database.execute(f"{first}; SELECT 1; DELETE FROM users WHERE id = 1")
    assert result.changes == 3
    assert database.execute("SELECT 1").changes == 0


def test_a_statement_of_a_script_that_is_too_long(database: Database) -> None:
    short = "INSERT INTO users (email) VALUES ('" + "x" * 60_000 + "');"
    assert len(database.script(short + short.replace("x", "y"))) == 2
    with pytest.raises(D1Error) as caught:
        database.script("SELECT 1; SELECT '" + "x" * 100_000 + "'")
    assert (caught.value.message, caught.value.start) == ("statement too long", 10)
