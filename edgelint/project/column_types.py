"""What SQLite makes of a column: whether it is the rowid, takes NULL, or keeps a value as its type promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from edgelint.syntax.ddl import quoted, unquoted
from edgelint.syntax.sql import statements, tokens

if TYPE_CHECKING:
    from edgelint.d1.engine import Database, Value
    from edgelint.d1.schema import Column, Table

# Names of types that promise to keep such a value as it is. SQLite looks for CHAR, CLOB and TEXT, then BLOB, then REAL,
# FLOA and DOUB, but for INT before all (https://www.sqlite.org/datatype3.html#determination_of_column_affinity).
_PROMISED: dict[str, Value] = {
    "STRING": "007", "STR": "007", "NSTRING": "007", "VARSTRING": "007", "LONGSTRING": "007", "FLOATING POINT": 2.0,
}
_COUNTING = ("SERIAL", "AUTO_INCREMENT", "IDENTITY")


class Changed(NamedTuple):
    """A value, and what a column stores in its place."""

    value: Value
    stored: Value


def is_rowid(database: Database, table: Table, column: Column) -> bool:
    """Whether a column is another name of the rowid, so that SQLite makes its values."""
    plan = database.plan(f"SELECT 1 FROM {quoted(table.name)} WHERE {quoted(column.name)} = 1")
    return any("INTEGER PRIMARY KEY" in step.detail for step in plan)


def takes_null(database: Database, table: Table, column: Column) -> bool:
    """Whether a column of the primary key can hold NULL. A CHECK that speaks of NOT NULL counts as a no."""
    if column.not_null or table.without_rowid or table.strict or is_rowid(database, table, column):
        return False
    return "IS NOT NULL" not in " ".join((table.sql or "").upper().split())


def changed(database: Database, column: Column) -> Changed | None:
    """The value that a column's type promises to keep and does not, if there is one."""
    name = " ".join((column.type or "").upper().split("(")[0].split())
    value = _PROMISED.get(name)
    if value is None:
        return None
    trial = type(database).memory()
    try:
        trial.execute(f"CREATE TABLE t (c {column.type})")
        trial.execute("INSERT INTO t VALUES (?)", [value])
        stored = trial.execute("SELECT c FROM t").rows[0][0]
    finally:
        trial.close()
    return None if type(stored) is type(value) and stored == value else Changed(value, stored)


def is_counted_in_vain(database: Database, table: Table, inserts: Iterable[str]) -> Column | None:
    """The one column of a primary key whose type asks for numbers that nobody makes: ``INT PRIMARY KEY``.

    With ``inserts``, the statements known to write the table, only when one of them leaves the column out.
    """
    key = [column for column in table.columns if column.pk_position]
    if len(key) != 1 or table.without_rowid or is_rowid(database, table, key[0]):
        return None
    words = (key[0].type or "").upper()
    if any(word in words for word in _COUNTING):
        return key[0]
    if "INT" not in words or key[0].default is not None:
        return None
    known = [columns for sql in inserts if (columns := inserted(sql, table.name)) is not None]
    if known and not any(columns and key[0].name.lower() not in columns for columns in known):
        return None
    return key[0]


def inserted(sql: str, table: str) -> list[str] | None:
    """The columns that an INSERT into ``table`` gives, in lower case: [] when it names none (and so gives all); None
    when ``sql`` is no such INSERT."""
    for statement in statements(sql):
        listed = list(tokens(sql[statement.start : statement.end]))
        words = [token.upper for token in listed]
        if "INTO" not in words or not {"INSERT", "REPLACE"} & set(words[: words.index("INTO")]):
            continue
        at = words.index("INTO") + 1
        if at + 1 < len(listed) and listed[at + 1].text == ".":
            at += 2
        if at >= len(listed) or unquoted(listed[at].text).lower() != table.lower():
            continue
        at += 1
        if at + 1 < len(listed) and words[at] == "AS":
            at += 2
        if at >= len(listed) or listed[at].text != "(":
            return []
        names = []
        for token in listed[at + 1 :]:
            if token.text == ")":
                break
            if token.kind in ("word", "quoted"):
                names.append(unquoted(token.text).lower())
        return names
    return None
