"""The migration that a fix writes."""

from __future__ import annotations

import pytest

from edgelint.d1.migration_names import number
from edgelint.diagnostics import Edit, Fix, Span
from edgelint.project.databases import DatabaseSource, Migration, SqlFile
from edgelint.project.new_migration import drop_index_fix, index_fix, new_index, next_path, readable
from edgelint.project.schema_places import IndexPlace, SchemaPlaces
from edgelint.source import Source


def sql_file(path: str, text: str = "SELECT 1;\n") -> SqlFile:
    return SqlFile(path, Source(path, text.encode()))


def source(*names: str, directory: str = "migrations", pattern: str = "*.sql") -> DatabaseSource:
    found = DatabaseSource("d1", "app", (), directory, pattern)
    found.migrations = tuple(Migration(sql_file(f"{directory}/{name}"), name, number(name)) for name in names)
    return found


@pytest.mark.parametrize(
    ("names", "pattern", "expected"),
    [
        (("0001_init.sql", "0009_more.sql"), "*.sql", "migrations/0010_t_a.sql"),
        (("1_init.sql", "99_more.sql"), "*.sql", "migrations/100_t_a.sql"),
        (("20250102030405_init.sql",), "*.sql", "migrations/20250102030406_t_a.sql"),
        (("init.sql",), "*.sql", "migrations/0001_t_a.sql"),
        (("0001_a/migration.sql", "0002_b/migration.sql"), "*/migration.sql", "migrations/0003_t_a/migration.sql"),
        (("0001.up.sql",), "*.up.sql", None),
    ],
)
def test_the_next_name(names: tuple[str, ...], pattern: str, expected: str | None) -> None:
    assert next_path(source(*names, pattern=pattern), "t_a") == expected


def test_an_index_is_a_migration() -> None:
    fix = index_fix(source("0001_init.sql"), new_index("order", ["user id", "b"]))
    sql = 'CREATE INDEX order_user_id_b ON "order" ("user id", b);\n'
    path = "migrations/0002_order_user_id_b.sql"
    assert fix == Fix(f"Write {path}", (Edit(Span(path, 0, 0), sql),), safe=False)
    assert index_fix(source("0001.up.sql", pattern="*.up.sql"), new_index("t", ["a"])) is None


def test_columns_may_go_down() -> None:
    fix = index_fix(source("0001_init.sql", directory=""), new_index("t", ["a", "b"], ["b"]))
    assert fix is not None
    assert fix.edits[0] == Edit(Span("0002_t_a_b.sql", 0, 0), "CREATE INDEX t_a_b ON t (a, b DESC);\n")


@pytest.mark.parametrize(("text", "gap"), [("CREATE TABLE é (a);\n", ""), ("CREATE TABLE é (a);", "\n"), ("", "")])
def test_without_migrations_it_goes_to_the_schema_file(text: str, gap: str) -> None:
    database = DatabaseSource("d1", "app")
    assert index_fix(database, new_index("t", ["a"])) is None
    database.schema_files = (sql_file("schema.sql", text),)
    size = len(text.encode())
    fix = index_fix(database, new_index("t", ["a"]))
    assert fix is not None
    assert fix.edits == (Edit(Span("schema.sql", size, size), gap + "CREATE INDEX t_a ON t (a);\n"),)


def index_place(text: str) -> IndexPlace:
    return SchemaPlaces([sql_file("schema.sql", text)]).indexes["i"]


def test_an_index_that_goes_away_is_a_migration() -> None:
    place = index_place("CREATE INDEX i ON t (a);")
    path = "migrations/0002_drop_i.sql"
    assert drop_index_fix(source("0001_init.sql"), place) == Fix(
        f"Write {path}", (Edit(Span(path, 0, 0), "DROP INDEX i;\n"),), safe=False
    )
    assert drop_index_fix(source("0001.up.sql", pattern="*.up.sql"), place) is None


@pytest.mark.parametrize(("text", "left"), [
    ("-- é\nCREATE INDEX i ON t (a);\nSELECT 1;\n", "-- é\nSELECT 1;\n"),
    ("SELECT 1;\r\n  CREATE INDEX i ON t (a)\r\n;  \r\nSELECT 2;\r\n", "SELECT 1;\r\nSELECT 2;\r\n"),
    ("CREATE INDEX i ON t (a)", ""),
    ("SELECT 1;\nCREATE INDEX i ON t (a)  ", "SELECT 1;\n"),
    ("SELECT 1; CREATE INDEX i ON t (a);\nSELECT 2;", "SELECT 1; \nSELECT 2;"),
    ("CREATE INDEX i ON t (a); SELECT 2;", " SELECT 2;"),
    ("CREATE INDEX i ON t (a); -- why\n", " -- why\n"),
])
def test_without_migrations_it_is_taken_out_of_the_schema_file(text: str, left: str) -> None:
    fix = drop_index_fix(DatabaseSource("d1", "app"), index_place(text))
    assert fix is not None
    assert not fix.safe
    (edit,) = fix.edits
    data = text.encode()
    assert (data[: edit.span.start] + edit.text.encode() + data[edit.span.end :]).decode() == left


@pytest.mark.parametrize(
    ("name", "sql"), [("a", "a"), ("Order", '"Order"'), ('a"b', '"a""b"'), ("1a", '"1a"'), ("é", '"é"')]
)
def test_names_in_sql(name: str, sql: str) -> None:
    assert readable(name) == sql
