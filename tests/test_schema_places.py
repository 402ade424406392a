"""Where the parts of a schema were written."""

from __future__ import annotations

from edgelint.project.databases import SqlFile
from edgelint.project.schema_places import SchemaPlaces
from edgelint.source import Source

FIRST = """\
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, team INTEGER REFERENCES teams (id), mail TEXT, note TEXT);
CREATE TABLE IF NOT EXISTS users (other TEXT);
CREATE TABLE gone (id INTEGER);
CREATE INDEX by_mail ON users (mail);
CREATE INDEX by_gone ON gone (id);
CREATE INDEX by_note ON users (note);
"""
SECOND = """\
ALTER TABLE users ADD COLUMN owner INTEGER REFERENCES owners (id);
ALTER TABLE users DROP COLUMN note;
ALTER TABLE users RENAME COLUMN mail TO address;
ALTER TABLE users RENAME TO people;
ALTER TABLE nowhere ADD COLUMN x;
ALTER TABLE people RENAME COLUMN nothing TO something;
DROP TABLE gone;
DROP INDEX by_note;
DROP VIEW v;
"""


def test_places_follow_what_is_renamed_and_dropped() -> None:
    files = [SqlFile("a.sql", Source("a.sql", FIRST.encode())), SqlFile("b.sql", Source("b.sql", SECOND.encode()))]
    places = SchemaPlaces(files)
    assert set(places.tables) == {"people"}
    assert set(places.indexes) == {"by_mail"}
    people = places.tables["people"]
    assert people.span == files[0].span(FIRST.index("users"), FIRST.index("users") + 5)
    assert set(people.columns) == {"id", "team", "address", "owner"}
    assert people.columns["owner"].span.path == "b.sql"
    assert places.indexes["by_mail"].definition.table.text == "people"
    assert places.indexes["by_mail"].span.start == FIRST.index("by_mail")
    for column, file in (("team", "a.sql"), ("OWNER", "b.sql")):
        found = people.key([column])
        assert found is not None
        assert (found[0].path, found[1].columns[0]) == (file, column.lower())
    assert people.key(["id"]) is None
    assert people.key(["id", "team"]) is None
    assert people.key(["absent"]) is None
