"""What SQL that is run nowhere we know of would make: tables and columns in scripts, dumps, texts in code.

A query that names what the migrations do not make is wrong only when nothing else in the project makes it either.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelint.patterns import later
from edgelint.syntax.ddl import AlterTable, CreateTable, definitions, unquoted

if TYPE_CHECKING:
    from edgelint.project.project import Project

_NAME = r"(?:\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|'[^']+'|[\w$]+|\$?\{[^{}]*\})"
_CREATE = later(
    rf"\bCREATE\s+(?:(?:TEMP|TEMPORARY|VIRTUAL)\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    rf"(?:{_NAME}\s*\.\s*)?({_NAME})",
    re.I,
)
_ADD = later(
    rf"\bALTER\s+TABLE\s+({_NAME})\s+(?:ADD\s+(?:COLUMN\s+)?|RENAME\s+(?:COLUMN\s+)?{_NAME}\s+TO\s+)({_NAME})", re.I
)
_RENAME = later(rf"\bALTER\s+TABLE\s+{_NAME}\s+RENAME\s+TO\s+({_NAME})", re.I)
_LONGEST = 6_000  # characters of one CREATE TABLE in code that are read


class Elsewhere:
    """Names in lower case. ``columns`` are (table, column), the table "" when it is put together."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.columns: set[tuple[str, str]] = set()

    def has_table(self, name: str) -> bool:
        """Whether some text makes a table of this name."""
        return name.lower() in self.tables

    def has_column(self, tables: set[str], name: str) -> bool:
        """Whether some text gives one of ``tables`` a column of this name."""
        return any((table, name.lower()) in self.columns for table in ("", *(t.lower() for t in tables)))

    def add_sql(self, text: str) -> None:
        """A .sql file."""
        for found in definitions(text):
            if isinstance(found, CreateTable):
                self.tables.add(found.name.text.lower())
                self.columns.update((found.name.text.lower(), c.name.text.lower()) for c in found.columns)
            elif isinstance(found, AlterTable):
                if found.column is not None:
                    self.columns.add((found.table.text.lower(), found.column.name.text.lower()))
                if found.new is not None:
                    self.tables.add(found.new.text.lower())
                    self.columns.add((found.table.text.lower(), found.new.text.lower()))
        self.add_code(text)

    def add_code(self, text: str) -> None:
        """A source file, with SQL somewhere in it."""
        plain = text.lower()
        if "create" in plain and ("table" in plain or "view" in plain):
            self._add_created(text)
        if "alter" not in plain or "table" not in plain:
            return
        for match in _ADD.finditer(text):
            table_name = unquoted(match[1]).lower()
            self.columns.add(("" if "{" in table_name else table_name, unquoted(match[2]).lower()))
        self.tables.update(unquoted(match[1]).lower() for match in _RENAME.finditer(text))

    def _add_created(self, text: str) -> None:
        for match in _CREATE.finditer(text):
            name = unquoted(match[1]).lower()
            self.tables.add(name)
            table = next(iter(definitions(text[match.start() : match.start() + _LONGEST])), None)
            if isinstance(table, CreateTable):
                made = "" if "{" in name else name
                self.columns.update((made, c.name.text.lower()) for c in table.columns)


def elsewhere(project: Project) -> Elsewhere:
    """What the texts of ``project`` make that are neither migrations nor the schema file of a database."""
    found = Elsewhere()
    applied = {
        path for source in project.databases
        for path in (*(m.path for m in source.migrations), *(f.path for f in source.schema_files))
        if not (source.migrations and path in {f.path for f in source.schema_files})
    }
    for file in project.files.values():
        found.add_code(file.source.text)
    for path in project.discovered.sql:
        if path in applied:
            continue
        sql = project.databases_found.files.get(path)
        source = sql.source if sql is not None else project.graph.text(path)
        if source is not None:
            found.add_sql(source.text)
    return found
