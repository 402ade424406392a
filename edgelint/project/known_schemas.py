"""The schemas that are known: each with the database that wears it and the places where its parts were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.schema_places import SchemaPlaces, TablePlace

if TYPE_CHECKING:
    from edgelint.d1.engine import Database
    from edgelint.d1.schema import Schema, Table
    from edgelint.project.databases import DatabaseSource
    from edgelint.project.project import Project


class KnownSchema(NamedTuple):
    """What the migrations (or the schema file) of ``source`` make. ``database`` is shared: copy it to change it.

    ``texts`` are the statements of the code, of whichever database: what does not fit this one SQLite refuses.
    """

    source: DatabaseSource
    database: Database
    schema: Schema
    places: SchemaPlaces
    texts: tuple[str, ...]

    def tables(self) -> list[Table]:
        """The tables that were written here, in order: no virtual ones and none that belong to them."""
        return [
            table for table in self.schema.tables.values()
            if not table.virtual and not table.shadow and table.name.lower() in self.places.tables
        ]

    def place(self, table: Table) -> TablePlace:
        """Where one of ``tables`` was written."""
        return self.places.tables[table.name.lower()]


def known_schemas(project: Project) -> list[KnownSchema]:
    """The D1 databases whose SQL all applies."""
    found = project.databases_found.schemas
    if found is None:
        found = project.databases_found.schemas = list(_read(project))
    return found


def _read(project: Project) -> list[KnownSchema]:
    whole = [source for source in project.databases if source.kind == "d1" and source.is_whole]
    if not whole:
        return []
    known = (text.text for statement in project.statements for text in statement.known)
    texts = tuple(dict.fromkeys(known))
    return [
        KnownSchema(
            source, source.database(), source.schema(),
            SchemaPlaces(source.files), texts,
        )
        for source in whole
    ]
