"""What is odd in a schema, asked of SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgelint.d1.engine import Database
from edgelint.d1.schema import Table, read
from edgelint.project.column_types import changed, inserted, is_counted_in_vain, is_rowid, takes_null
from edgelint.project.schema_facts import broken_keys, redundant_indexes, unindexed_keys


@pytest.fixture
def database() -> Iterator[Database]:
    found = Database.memory()
    yield found
    found.close()


def made(database: Database, sql: str) -> list[Table]:
    database.script(sql)
    return list(read(database).tables.values())


@pytest.mark.parametrize(
    ("definition", "missing"),
    [
        ("p INTEGER REFERENCES p (id)", True),
        ("p INTEGER UNIQUE REFERENCES p (id)", False),
        ("p INTEGER PRIMARY KEY REFERENCES p (id)", False),
        ("a TEXT, p INTEGER REFERENCES p (id), PRIMARY KEY (p, a)", False),
        ("a TEXT, p INTEGER REFERENCES p (id), PRIMARY KEY (a, p)", True),
        ("a INTEGER, b INTEGER, FOREIGN KEY (a, b) REFERENCES q (a, b), UNIQUE (b, a)", False),
    ],
)
def test_unindexed_keys(database: Database, definition: str, missing: bool) -> None:
    tables = made(
        database,
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE q (a, b, PRIMARY KEY (a, b));"
        f"CREATE TABLE c ({definition});",
    )
    assert [table.name for table, _ in unindexed_keys(database, tables)] == ["c"] * missing


@pytest.mark.parametrize(
    ("references", "message"),
    [
        ("p (id)", None), ("p", None), ("p (mail)", None), ("c (id)", None),
        ("p (name)", 'foreign key mismatch - "edgelint_child" referencing "p"'),
        ("nowhere (id)", "no such table: main.nowhere"),
        ("p (partial)", 'foreign key mismatch - "edgelint_child" referencing "p"'),
        ("p (absent)", 'foreign key mismatch - "edgelint_child" referencing "p"'),
    ],
)
def test_broken_keys(database: Database, references: str, message: str | None) -> None:
    tables = made(
        database,
        "CREATE TABLE p (id INTEGER PRIMARY KEY, mail TEXT UNIQUE, name TEXT, partial TEXT);"
        "CREATE UNIQUE INDEX i ON p (partial) WHERE partial > 1;"
        f"CREATE TABLE c (id INTEGER PRIMARY KEY, x REFERENCES {references});",
    )
    assert [found.error.message for found in broken_keys(database, tables)] == ([message] if message else [])


@pytest.mark.parametrize(
    ("sql", "needless"),
    [
        ("CREATE INDEX a ON t (x); CREATE INDEX b ON t (x, y);", ["a"]),
        ("CREATE INDEX a ON t (x); CREATE INDEX b ON t (x);", ["b"]),
        ("CREATE UNIQUE INDEX a ON t (x); CREATE INDEX b ON t (x);", ["b"]),
        ("CREATE INDEX a ON t (x); CREATE UNIQUE INDEX b ON t (x);", ["a"]),
        ("CREATE UNIQUE INDEX a ON t (x); CREATE INDEX b ON t (x, y);", []),
        ("CREATE INDEX a ON t (y DESC); CREATE INDEX b ON t (y, x);", []),
        ("CREATE INDEX a ON t (x COLLATE NOCASE); CREATE INDEX b ON t (x, y);", []),
        ("CREATE INDEX a ON t (x) WHERE y > 1; CREATE INDEX b ON t (x, y);", []),
        ("CREATE INDEX a ON t (x); CREATE INDEX b ON t (x, y) WHERE y > 1;", []),
        ("CREATE INDEX a ON t (lower(x)); CREATE INDEX b ON t (lower(x), y);", []),
        ("CREATE INDEX a ON t (slug);", ["a"]),
        ("CREATE UNIQUE INDEX a ON t (slug);", ["a"]),
    ],
)
def test_redundant_indexes(database: Database, sql: str, needless: list[str]) -> None:
    tables = made(database, "CREATE TABLE t (id INTEGER PRIMARY KEY, x, y, slug TEXT UNIQUE);" + sql)
    assert [found.needless.name for found in redundant_indexes(database, tables, [])] == needless


def test_an_index_that_a_statement_needs_stays(database: Database) -> None:
    tables = made(
        database,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x, y); CREATE INDEX a ON t (x); CREATE INDEX b ON t (x, y);",
    )
    sorts = "SELECT id FROM t WHERE x = ? ORDER BY id"
    assert not list(redundant_indexes(database, tables, ["SELECT nothing FROM nowhere", sorts]))
    assert list(redundant_indexes(database, tables, ["SELECT id FROM t WHERE x = ?"]))


def column(database: Database, definition: str, options: str = "") -> tuple[Table, int]:
    [table] = made(database, f"CREATE TABLE t ({definition}) {options}")
    return table, 0


@pytest.mark.parametrize(
    ("definition", "options", "null"),
    [
        ("id TEXT PRIMARY KEY", "", True), ("id INTEGER PRIMARY KEY", "", False), ("id INT PRIMARY KEY", "", True),
        ("id TEXT PRIMARY KEY NOT NULL", "", False), ("id TEXT PRIMARY KEY", "STRICT", False),
        ("id TEXT PRIMARY KEY", "WITHOUT ROWID", False), ("id TEXT PRIMARY KEY CHECK (id is  not null)", "", False),
    ],
)
def test_keys_that_take_null(database: Database, definition: str, options: str, null: bool) -> None:
    table, at = column(database, definition, options)
    assert takes_null(database, table, table.columns[at]) is null
    # what is said is what happens
    if null:
        database.execute("INSERT INTO t VALUES (NULL)")
        database.execute("INSERT INTO t VALUES (NULL)")


@pytest.mark.parametrize(
    ("type", "expected"),
    [("STRING", ("007", 7)), ("string", ("007", 7)), ("FLOATING  POINT", (2.0, 2)), ("TEXT", None),
     ("VARCHAR(9)", None),
     ("REAL", None), ("", None)],
)
def test_values_that_change(database: Database, type: str, expected: tuple[object, object] | None) -> None:
    table, at = column(database, f"c {type}")
    assert changed(database, table.columns[at]) == expected


@pytest.mark.parametrize(
    ("definition", "inserts", "named"),
    [
        ("id INT PRIMARY KEY, a", [], "id"),
        ("id INT PRIMARY KEY, a", ["INSERT INTO t (a) VALUES (1)"], "id"),
        ("id INT PRIMARY KEY, a", ["INSERT INTO t (id, a) VALUES (1, 2)"], None),
        ("id INT PRIMARY KEY, a", ["INSERT INTO t VALUES (1, 2)", "SELECT 1"], None),
        ("id SERIAL PRIMARY KEY, a", ["INSERT INTO t VALUES (1, 2)"], "id"),
        ("id INTEGER PRIMARY KEY, a", [], None),
        ("id BIGINT PRIMARY KEY DEFAULT 1, a", [], None),
        ("id TEXT PRIMARY KEY, a", [], None),
        ("a INT, b INT, PRIMARY KEY (a, b)", [], None),
        ("a INT, b INT", [], None),
    ],
)
def test_numbers_that_nobody_makes(
    database: Database, definition: str, inserts: list[str], named: str | None
) -> None:
    table, _ = column(database, definition)
    found = is_counted_in_vain(database, table, inserts)
    assert (found.name if found else None) == named
    assert is_rowid(database, table, table.columns[0]) is definition.startswith("id INTEGER PRIMARY KEY")


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("INSERT OR IGNORE INTO main.\"T\" AS x (A, [b c]) VALUES (1, 2)", ["a", "b c"]),
        ("REPLACE INTO t VALUES (1)", []), ("INSERT INTO t", []), ("INSERT INTO u (a) VALUES (1)", None),
        ("INSERT", None), ("INSERT INTO", None), ("SELECT 1", None), ("INSERT INTO t (a", ["a"]),
        ("SELECT 1; INSERT INTO t (a) SELECT 2", ["a"]),
    ],
)
def test_columns_of_an_insert(sql: str, columns: list[str] | None) -> None:
    assert inserted(sql, "t") == columns
