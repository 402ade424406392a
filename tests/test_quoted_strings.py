"""Strings in double quotes, and queries that nothing bounds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgelint.d1.engine import Database
from edgelint.d1.schema import read
from edgelint.project.quoted_strings import in_files, quoted_strings
from edgelint.project.sql_shapes import unbounded

SCHEMA = (
    'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, "open" TEXT, mail TEXT UNIQUE);'
    "CREATE TABLE likes (post TEXT, person TEXT, note TEXT, PRIMARY KEY (post, person)) WITHOUT ROWID;"
)


@pytest.fixture
def database() -> Iterator[Database]:
    found = Database.memory()
    found.script(SCHEMA)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('SELECT id FROM users WHERE name = "bob" OR name = "o\'x"', ["'bob'", "'o''x'"]),
        ('SELECT "id", "open" FROM "users" AS "u" WHERE "u"."name" = \'x\'', []),
        ('INSERT INTO users (name) VALUES ("a"), ("a")', ["'a'", "'a'"]),
        ('SELECT nothing FROM users WHERE name = "x"', []),
        ('SELECT "x" FROM nowhere', []),
        ("SELECT 'x\"y' FROM users", []),
    ],
)
def test_strings_in_double_quotes(database: Database, sql: str, expected: list[str]) -> None:
    exact = database.without_quoted_strings()
    found = list(quoted_strings(sql, exact.prepare))
    assert [word.what for word in found] == expected
    assert all(sql[word.start : word.end] == word.text for word in found)
    exact.close()


def test_files_are_read_as_they_run() -> None:
    sql = (
        'CREATE TABLE "t" ("a" TEXT DEFAULT \'x\', b TEXT CHECK (b IN ("u", "v")));\nSELEC "w";\n'
        'INSERT INTO t (a) VALUES ("z");'
    )
    database = Database.memory()
    assert [(sql[w.start : w.end], w.what) for w in in_files(database, sql)] == [
        ('"u"', "'u'"), ('"v"', "'v'"), ('"z"', "'z'"),
    ]


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("SELECT id FROM users", "users"),
        ("SELECT u.id FROM users u JOIN likes l ON l.person = u.name", "users"),
        ("SELECT id FROM users WHERE name = ?", "users"),
        ("SELECT post FROM likes WHERE post = ?", "likes"),
        ("SELECT id FROM users LIMIT 5", None),
        ("SELECT id FROM users WHERE id = ?", None),
        ("SELECT id FROM users WHERE mail = ?", None),
        ("SELECT post FROM likes WHERE post = ? AND person = ?", None),
        ("SELECT count(*) FROM users", None),
        ("SELECT name, count(*) FROM users GROUP BY name", None),
        ("SELECT id FROM users UNION SELECT 1", None),
        ("SELECT value FROM json_each(?)", None),
        ("SELECT 1", None),
        ("DELETE FROM users", None),
        ("", None),
    ],
)
def test_unbounded(database: Database, sql: str, table: str | None) -> None:
    plan = database.plan(sql) if sql else ()
    found = unbounded(sql, read(database), plan)
    assert (found.what if found else None) == table
