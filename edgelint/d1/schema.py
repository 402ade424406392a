"""What a database holds: its tables, columns, indexes, foreign keys, views and triggers, read from SQLite itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from edgelint.d1.engine import Database, Value


class Column(NamedTuple):
    """``type`` as declared ("" for none), ``default`` its SQL text or None, ``pk_position`` its place in the primary
    key from 1 (0: not in it). ``generated``: "", "virtual" or "stored"; ``hidden``: of a virtual table. ``collation``
    is what compares its text ("BINARY" unless declared, "" where a virtual table decides)."""

    name: str
    type: str
    not_null: bool
    default: str | None
    pk_position: int
    hidden: bool
    generated: str
    collation: str


class Index(NamedTuple):
    """``columns``: None stands for an expression. ``origin``: "c" (CREATE INDEX), "u" (UNIQUE), "pk". ``sql`` is None
    for the last two. ``collations`` and ``descending`` are of each column."""

    name: str
    unique: bool
    columns: tuple[str | None, ...]
    origin: str
    partial: bool
    sql: str | None
    collations: tuple[str, ...]
    descending: tuple[bool, ...]


class ForeignKey(NamedTuple):
    """``target_columns`` is empty where the text names none: the target's primary key is meant."""

    columns: tuple[str, ...]
    table: str
    target_columns: tuple[str, ...]
    on_delete: str
    on_update: str


class Table(NamedTuple):
    """``primary_key``: its columns in order. ``virtual``: made by CREATE VIRTUAL TABLE; ``shadow``: one that a virtual
    table keeps its data in."""

    name: str
    sql: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    indexes: tuple[Index, ...]
    foreign_keys: tuple[ForeignKey, ...]
    strict: bool
    without_rowid: bool
    autoincrement: bool
    virtual: bool
    shadow: bool


class View(NamedTuple):
    name: str
    sql: str


class Trigger(NamedTuple):
    name: str
    table: str
    sql: str


class Schema(NamedTuple):
    """Names as they are written in the schema; SQLite compares them without case (ASCII)."""

    tables: dict[str, Table]
    views: dict[str, View]
    triggers: dict[str, Trigger]


_UNUSUAL = re.compile(r"\b(?:COLLATE|AUTOINCREMENT)\b", re.I)  # worth asking column by column
_GENERATED = {2: "virtual", 3: "stored"}

# One question for all tables each: SQLite asks itself once per table or index, which is cheap, a statement is not.
_TABLES = "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type <> 'view'"
_COLUMNS = """
SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c WHERE t.type = 'table' ORDER BY t.rowid, c.cid"""
_INDEXES = """
SELECT t.name, i.name, i."unique", i.origin, i.partial, x.name, x.coll, x.desc
FROM sqlite_schema AS t, pragma_index_list(t.name) AS i, pragma_index_xinfo(i.name) AS x
WHERE t.type = 'table' AND x.key ORDER BY t.rowid, i.seq DESC, x.seqno"""
_KEYS = """
SELECT t.name, k.id, k."table", k."from", k."to", k.on_update, k.on_delete
FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS k
WHERE t.type = 'table' ORDER BY t.rowid, k.id DESC, k.seq"""


def read(database: Database) -> Schema:
    """The schema of ``database``, without SQLite's own tables: not to be changed, since a second reading of the same
    schema gives the same object. Raises D1Error when the database is closed."""
    version = database.schema_version()
    if database.kept is not None and database.kept[0] == version:
        known: Schema = database.kept[1]
        return known
    found = _read(database)
    database.kept = (version, found)
    return found


def _read(database: Database) -> Schema:
    with database.hidden():
        master = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid").rows
        sql = {str(row[1]): str(row[3]) for row in master if row[3] is not None}
        kinds = {str(row[0]): row for row in database.execute(_TABLES).rows}
        columns, indexes, keys = _columns(database), _indexes(database, sql), _foreign_keys(database)
        tables = {}
        for name in (str(row[1]) for row in master if row[0] == "table"):
            if name not in kinds or name.lower().startswith("sqlite_"):
                continue
            _, kind, without_rowid, strict = kinds[name]
            own = columns[name]
            autoincrement = False
            if kind != "virtual" and _UNUSUAL.search(sql.get(name, "")):
                facts = [database.column_facts(name, column.name) for column in own]
                own = [one._replace(collation=fact.collation) for one, fact in zip(own, facts, strict=True)]
                autoincrement = any(fact.autoincrement for fact in facts)
            elif kind == "virtual":
                own = [one._replace(collation="") for one in own]
            key = sorted((column.pk_position, column.name) for column in own if column.pk_position)
            tables[name] = Table(
                name, sql.get(name, ""), tuple(own), tuple(column for _, column in key), tuple(indexes[name]),
                tuple(keys[name]), bool(strict), bool(without_rowid), autoincrement, kind == "virtual",
                kind == "shadow",
            )  # fmt: skip
        return Schema(
            tables,
            {str(row[1]): View(str(row[1]), str(row[3])) for row in master if row[0] == "view"},
            {str(row[1]): Trigger(str(row[1]), str(row[2]), str(row[3])) for row in master if row[0] == "trigger"},
        )


def _columns(database: Database) -> dict[str, list[Column]]:
    found: dict[str, list[Column]] = defaultdict(list)
    for table, name, kind, not_null, default, position, hidden in database.execute(_COLUMNS).rows:
        found[str(table)].append(
            Column(
                str(name), str(kind), bool(not_null), None if default is None else str(default), int(position or 0),
                hidden == 1, _GENERATED.get(int(hidden or 0), ""), "BINARY",
            )
        )  # fmt: skip
    return found


def _indexes(database: Database, sql: dict[str, str]) -> dict[str, list[Index]]:
    parts: dict[tuple[str, str], list[Sequence[Value]]] = defaultdict(list)
    for row in database.execute(_INDEXES).rows:
        parts[str(row[0]), str(row[1])].append(row)
    found: dict[str, list[Index]] = defaultdict(list)
    for (table, name), rows in parts.items():
        _, _, unique, origin, partial, *_ = rows[0]
        found[table].append(
            Index(
                name, bool(unique), tuple(None if row[5] is None else str(row[5]) for row in rows), str(origin),
                bool(partial), sql.get(name), tuple(str(row[6]) for row in rows), tuple(bool(row[7]) for row in rows),
            )
        )  # fmt: skip
    return found


def _foreign_keys(database: Database) -> dict[str, list[ForeignKey]]:
    parts: dict[tuple[str, int], list[Sequence[Value]]] = defaultdict(list)
    for row in database.execute(_KEYS).rows:
        parts[str(row[0]), int(row[1] or 0)].append(row)
    found: dict[str, list[ForeignKey]] = defaultdict(list)
    for (table, _), rows in parts.items():
        _, _, target, _, _, on_update, on_delete = rows[0]
        found[table].append(
            ForeignKey(
                tuple(str(row[3]) for row in rows), str(target),
                tuple(str(row[4]) for row in rows if row[4] is not None), str(on_delete), str(on_update),
            )
        )  # fmt: skip
    return found


def affinity(type: str) -> str:
    """The affinity of a declared type (https://www.sqlite.org/datatype3.html, 3.1)."""
    upper = type.upper()
    if "INT" in upper:
        return "INTEGER"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in upper or not upper:
        return "BLOB"
    if any(word in upper for word in ("REAL", "FLOA", "DOUB")):
        return "REAL"
    return "NUMERIC"
