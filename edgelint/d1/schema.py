"""What a database holds: its tables, columns, indexes, foreign keys, views and triggers, read from SQLite itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from edgelint.d1.engine import Database, Value


class Column(NamedTuple):
    """``type`` as declared ("" for none), ``default`` its SQL text or None, ``pk_position`` its place in the primary
    key from 1 (0: not in it). ``generated``: "" , "virtual" or "stored"; ``hidden``: of a virtual table."""

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
    for the last two."""

    name: str
    unique: bool
    columns: tuple[str | None, ...]
    origin: str
    partial: bool
    sql: str | None


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


_GENERATED = {2: "virtual", 3: "stored"}
_AUTOINCREMENT = re.compile(r"\bAUTOINCREMENT\b", re.I)


def read(database: Database) -> Schema:
    """The schema of ``database``, without SQLite's own tables."""
    with database.hidden():
        master = _rows(database, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid")
        sql = {str(row[1]): str(row[3]) for row in master if row[3] is not None}
        tables = {}
        for row in _rows(database, "PRAGMA main.table_list"):
            name, kind = str(row[1]), str(row[2])
            if kind != "view" and not name.lower().startswith("sqlite_"):
                tables[name] = _table(database, name, kind, sql, bool(row[4]), bool(row[5]))
        order = [str(row[1]) for row in master if row[0] == "table" and str(row[1]) in tables]
        return Schema(
            {name: tables[name] for name in order},
            {str(row[1]): View(str(row[1]), str(row[3])) for row in master if row[0] == "view"},
            {str(row[1]): Trigger(str(row[1]), str(row[2]), str(row[3])) for row in master if row[0] == "trigger"},
        )


def _table(
    database: Database, name: str, kind: str, sql: dict[str, str], without_rowid: bool, strict: bool
) -> Table:
    columns = tuple(
        Column(
            str(row[1]), str(row[2]), bool(row[3]), None if row[4] is None else str(row[4]), int(row[5] or 0),
            row[6] == 1, _GENERATED.get(int(row[6] or 0), ""), "",
        )
        for row in _rows(database, "SELECT * FROM pragma_table_xinfo(?)", name)
    )  # fmt: skip
    key = sorted((column.pk_position, column.name) for column in columns if column.pk_position)
    text = sql.get(name, "")
    return Table(
        name, text, columns, tuple(column for _, column in key), _indexes(database, name, sql),
        _foreign_keys(database, name), strict, without_rowid, bool(_AUTOINCREMENT.search(text)),
        kind == "virtual", kind == "shadow",
    )  # fmt: skip


def _indexes(database: Database, table: str, sql: dict[str, str]) -> tuple[Index, ...]:
    found = []
    for row in _rows(database, "SELECT * FROM pragma_index_list(?)", table):
        name = str(row[1])
        parts = _rows(database, "SELECT * FROM pragma_index_xinfo(?)", name)
        columns = tuple(None if part[2] is None else str(part[2]) for part in parts if part[5])
        found.append(Index(name, bool(row[2]), columns, str(row[3]), bool(row[4]), sql.get(name)))
    return tuple(reversed(found))


def _foreign_keys(database: Database, table: str) -> tuple[ForeignKey, ...]:
    groups: dict[int, list[tuple[Value, ...]]] = {}
    for row in _rows(database, "SELECT * FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq", table):
        groups.setdefault(int(row[0] or 0), []).append(row)
    return tuple(
        ForeignKey(
            tuple(str(row[3]) for row in rows), str(rows[0][2]),
            tuple(str(row[4]) for row in rows if row[4] is not None), str(rows[0][6]), str(rows[0][5]),
        )
        for rows in groups.values()
    )  # fmt: skip


def _rows(database: Database, sql: str, *params: Value) -> Sequence[tuple[Value, ...]]:
    return database.execute(sql, params).rows
