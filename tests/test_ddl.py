"""Where definitions stand in SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.syntax import ddl
from edgelint.syntax.ddl import AlterTable, CreateIndex, CreateTable, Drop, definitions, unquoted

SCHEMA = """\
-- people
CREATE TABLE IF NOT EXISTS main."people" (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  [e mail] VARCHAR(255) COLLATE NOCASE NOT NULL UNIQUE,
  price DECIMAL(10, 2) DEFAULT (round(1, 2)),
  boss_id INTEGER REFERENCES people (id) ON DELETE SET NULL ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED,
  note,
  team INT,
  CONSTRAINT x FOREIGN KEY (team, "note") REFERENCES teams ("a", b) ON DELETE CASCADE NOT DEFERRABLE,
  CHECK (price > 0), PRIMARY KEY (team)
) STRICT;
CREATE UNIQUE INDEX by_mail ON people ("e mail", lower(note), team DESC) WHERE team IS NOT NULL;
ALTER TABLE people ADD COLUMN age INT NOT NULL DEFAULT 0;
ALTER TABLE people RENAME age TO years;
ALTER TABLE people DROP COLUMN years;
ALTER TABLE people RENAME TO folk;
DROP INDEX IF EXISTS by_mail;
CREATE VIRTUAL TABLE search USING fts5(a, b);
CREATE TEMP TABLE t AS SELECT 1;
"""


def text(place: ddl.Place | None, sql: str = SCHEMA) -> str:
    assert place is not None
    return sql[place.start : place.end]


def test_a_table() -> None:
    table = definitions(SCHEMA)[0]
    assert isinstance(table, CreateTable)
    assert (table.name.text, text(table.name)) == ("people", '"people"')
    assert [column.name.text for column in table.columns] == ["id", "e mail", "price", "boss_id", "note", "team"]
    assert [column.type.text if column.type else None for column in table.columns] == [
        "INTEGER", "VARCHAR(255)", "DECIMAL(10,2)", "INTEGER", None, "INT",
    ]
    id, mail, _, boss, note, _ = table.columns
    assert text(id.primary) == "PRIMARY KEY"
    assert SCHEMA[mail.start : mail.end] == "[e mail] VARCHAR(255) COLLATE NOCASE NOT NULL UNIQUE"
    assert SCHEMA[mail.constraints :].startswith("COLLATE NOCASE")
    assert note.constraints == note.end
    assert boss.key == table.keys[0]
    assert SCHEMA[table.keys[0].start : table.keys[0].end] == (
        "REFERENCES people (id) ON DELETE SET NULL ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED"
    )
    composite = table.keys[1]
    assert (composite.columns, composite.table.text, composite.target) == (("team", "note"), "teams", ("a", "b"))
    assert SCHEMA[composite.start : composite.end].endswith("ON DELETE CASCADE NOT DEFERRABLE")
    assert text(table.primary) == "PRIMARY KEY"
    assert SCHEMA[table.close :].startswith(") STRICT;")
    assert SCHEMA[table.start : table.end].endswith(") STRICT")
    assert table.column("E MAIL") is mail
    assert table.column("other") is None


def test_the_others() -> None:
    _, index, add, rename, drop, move, gone, virtual, temporary = definitions(SCHEMA)
    assert isinstance(index, CreateIndex)
    assert (index.name.text, index.table.text, index.unique, index.partial) == ("by_mail", "people", True, True)
    assert [term.text for term in index.terms] == ["e mail", "", ""]
    assert [text(term) for term in index.terms] == ['"e mail"', "lower(note)", "team DESC"]
    assert isinstance(add, AlterTable)
    assert add.column is not None
    assert (add.action, add.column.name.text, add.column.type and add.column.type.text) == ("add", "age", "INT")
    assert isinstance(rename, AlterTable)
    assert (rename.action, text(rename.subject), text(rename.new)) == ("rename-column", "age", "years")
    assert isinstance(drop, AlterTable)
    assert (drop.action, text(drop.subject)) == ("drop", "years")
    assert isinstance(move, AlterTable)
    assert (move.action, move.subject, text(move.new)) == ("rename", None, "folk")
    assert isinstance(gone, Drop)
    assert (gone.kind, text(gone.name)) == ("index", "by_mail")
    assert isinstance(virtual, CreateTable)
    assert (virtual.virtual, virtual.columns, virtual.close) == (True, (), -1)
    assert isinstance(temporary, CreateTable)
    assert (temporary.temporary, temporary.columns) == (True, ())


@pytest.mark.parametrize(
    "sql",
    ["CREATE TABLE", "CREATE INDEX i", "CREATE INDEX i ON", "ALTER TABLE", "DROP", "DROP TABLE",
     "CREATE VIEW v AS SELECT 1", "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
     "SELECT 1", "DROP THING x", ""],
)
def test_what_is_no_definition(sql: str) -> None:
    assert definitions(sql) == []


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE t (", "CREATE TABLE t (a REFERENCES", "CREATE TABLE t (a REFERENCES b ON DELETE",
            "CREATE TABLE t ((", "CREATE TABLE t (a, FOREIGN KEY (a))", "CREATE TABLE t (1)", "CREATE TABLE t (,)"],
)
def test_what_is_cut_short_still_has_its_name(sql: str) -> None:
    [table] = definitions(sql)
    assert isinstance(table, CreateTable)
    assert table.name.text == "t"


def test_an_alteration_that_sqlite_does_not_know() -> None:
    [altered] = definitions("ALTER TABLE t ALTER COLUMN a SET NOT NULL")
    assert isinstance(altered, AlterTable)
    assert altered.action == "other"
    [added] = definitions("ALTER TABLE t ADD")
    assert isinstance(added, AlterTable)
    assert (added.action, added.column) == ("add", None)


@pytest.mark.parametrize(
    ("token", "name"),
    [("a", "a"), ('"a""b"', 'a"b'), ("`a`", "a"), ("[a]]", "a]"), ("'a'", "a"), ('"a', "a"), ('"', "")],
)
def test_quotes(token: str, name: str) -> None:
    assert unquoted(token) == name


PIECES = st.sampled_from(
    ["CREATE", "TABLE", "INDEX", "ON", "ALTER", "DROP", "ADD", "(", ")", ",", "a", '"b"', "REFERENCES", "PRIMARY",
     "KEY", "FOREIGN", "CONSTRAINT", "DELETE", "SET", "NULL", ";", ".", "TEXT", "NOT", "RENAME", "TO", "é", "'x"]
)


@given(st.lists(PIECES, max_size=25))
def test_whatever_is_written_places_are_in_range(pieces: list[str]) -> None:
    sql = "CREATE TABLE t (" + " ".join(pieces)
    for found in definitions(sql):
        assert 0 <= found.start <= found.end <= len(sql)
        if isinstance(found, CreateTable):
            for column in found.columns:
                assert found.start <= column.start <= column.end <= found.end
            for key in found.keys:
                assert found.start <= key.start <= key.end <= found.end
