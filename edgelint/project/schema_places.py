"""Where the tables, columns and indexes of a database were written, after all that was renamed and dropped since.

What a database holds is asked of SQLite (``edgelint.d1.schema``); this finds the line that a person would change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from edgelint.syntax.ddl import AlterTable, ColumnDef, CreateIndex, CreateTable, Drop, Key, definitions
from edgelint.syntax.sql import tokens

if TYPE_CHECKING:
    from edgelint.diagnostics import Span
    from edgelint.project.databases import SqlFile


class ColumnPlace(NamedTuple):
    """A column where it was defined, and the file of that."""

    file: SqlFile
    definition: ColumnDef

    @property
    def span(self) -> Span:
        """The column's name."""
        return self.file.span(self.definition.name.start, self.definition.name.end)


class TablePlace:
    """A table where it was created. ``columns`` are by name, in lower case, those added later included."""

    __slots__ = ("file", "definition", "columns")

    def __init__(self, file: SqlFile, definition: CreateTable) -> None:
        self.file = file
        self.definition = definition
        self.columns = {
            column.name.text.lower(): ColumnPlace(file, column) for column in definition.columns
        }

    @property
    def span(self) -> Span:
        """The table's name."""
        return self.file.span(self.definition.name.start, self.definition.name.end)

    def key(self, columns: Iterable[str]) -> tuple[SqlFile, Key] | None:
        """The foreign key of these columns, and the file it stands in."""
        wanted = [name.lower() for name in columns]
        for key in self.definition.keys:
            if [name.lower() for name in key.columns] == wanted:
                return self.file, key
        if len(wanted) == 1:
            place = self.columns.get(wanted[0])
            if place is not None and place.definition.key is not None:
                return place.file, place.definition.key
        return None


class IndexPlace(NamedTuple):
    """An index where it was created."""

    file: SqlFile
    definition: CreateIndex

    @property
    def span(self) -> Span:
        """The index's name."""
        return self.file.span(self.definition.name.start, self.definition.name.end)


class SchemaPlaces:
    """The places of what ``files``, run one after the other, leave in a database. Names are in lower case."""

    def __init__(self, files: Iterable[SqlFile]) -> None:
        self.tables: dict[str, TablePlace] = {}
        self.indexes: dict[str, IndexPlace] = {}
        for file in files:
            for definition in definitions(file.text):
                self._add(file, definition)

    def key_span(self, table: str, columns: Iterable[str]) -> Span | None:
        """The REFERENCES clause of a foreign key; None where it was not found."""
        place = self.tables.get(table.lower())
        found = place.key(columns) if place is not None else None
        return found[0].span(found[1].start, found[1].end) if found is not None else None

    def word_span(self, table: str, word: str) -> Span | None:
        """A keyword in the definition of a table."""
        place = self.tables.get(table.lower())
        if place is None:
            return None
        at = place.definition.start
        for token in tokens(place.file.text[at : place.definition.end]):
            if token.upper == word:
                return place.file.span(at + token.start, at + token.end)
        return None

    def _add(self, file: SqlFile, definition: CreateTable | CreateIndex | AlterTable | Drop) -> None:
        if isinstance(definition, CreateTable):
            # IF NOT EXISTS: the first one made it.
            self.tables.setdefault(definition.name.text.lower(), TablePlace(file, definition))
        elif isinstance(definition, CreateIndex):
            self.indexes.setdefault(definition.name.text.lower(), IndexPlace(file, definition))
        elif isinstance(definition, AlterTable):
            self._alter(file, definition)
        elif definition.kind == "table":
            name = definition.name.text.lower()
            self.tables.pop(name, None)
            self.indexes = {n: p for n, p in self.indexes.items() if p.definition.table.text.lower() != name}
        elif definition.kind == "index":
            self.indexes.pop(definition.name.text.lower(), None)

    def _alter(self, file: SqlFile, change: AlterTable) -> None:
        name = change.table.text.lower()
        table = self.tables.get(name)
        if table is None:
            return
        if change.action == "rename" and change.new is not None:
            self.tables[change.new.text.lower()] = self.tables.pop(name)
            for index, place in self.indexes.items():
                if place.definition.table.text.lower() == name:
                    moved = place.definition._replace(table=change.new)
                    self.indexes[index] = place._replace(definition=moved)
        elif change.action == "add" and change.column is not None:
            table.columns.setdefault(change.column.name.text.lower(), ColumnPlace(file, change.column))
        elif change.action == "drop" and change.subject is not None:
            table.columns.pop(change.subject.text.lower(), None)
        elif change.action == "rename-column" and change.subject is not None and change.new is not None:
            column = table.columns.pop(change.subject.text.lower(), None)
            if column is not None:
                table.columns[change.new.text.lower()] = column
