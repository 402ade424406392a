"""Whether the file that tells a schema and the migrations that make it agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Related, Span
from edgelint.project.schema_places import SchemaPlaces

if TYPE_CHECKING:
    from edgelint.d1.schema import Schema, Table
    from edgelint.project.known_schemas import KnownSchema


class Drift(NamedTuple):
    """One difference, at its place in the schema file, or in the migration that the file does not know of."""

    span: Span
    message: str
    related: tuple[Related, ...]


def drifts(known: KnownSchema) -> Iterator[Drift]:
    """How the schema files of a database that has migrations differ from what those make; nothing where one of them
    does not run."""
    told = _told(known)
    if told is None:
        return
    schema, places = told
    mine = {table.name.lower(): table for table in schema.tables.values() if not table.virtual and not table.shadow}
    made = {table.name.lower(): table for table in known.tables()}
    if not mine.keys() & made.keys():
        return  # another database's
    for name, table in mine.items():
        place = places.tables.get(name)
        if place is None:
            continue
        if name not in made:
            yield Drift(place.span, f"no migration makes {table.name}", ())
            continue
        differences = list(_differences(table, made[name]))
        if differences:
            related = (Related(known.place(made[name]).span, "the migrations' table"),)
            yield Drift(place.span, f"the migrations make another {table.name}: {'; '.join(differences)}", related)
    home = next(iter(places.tables.values()), None)
    for name, table in made.items():
        if name not in mine and home is not None:
            related = (Related(home.span, "this file tells other tables"),)
            yield Drift(known.place(table).span, f"{home.file.path} does not tell {table.name}", related)


def _told(known: KnownSchema) -> tuple[Schema, SchemaPlaces] | None:
    """What the schema files make on a database of their own."""
    from edgelint.d1 import schema
    from edgelint.d1.errors import D1Error

    source = known.source
    if not source.migrations or not source.schema_files or source.before:  # what migrations begin on is no end
        return None
    database = type(known.database).memory()
    try:
        for file in source.schema_files:
            database.script(file.text)
        return schema.read(database), SchemaPlaces(source.schema_files)
    except D1Error:
        return None
    finally:
        database.close()


def _differences(told: Table, made: Table) -> Iterator[str]:
    """What of ``made`` is not as it is told, in words."""
    from edgelint.d1.schema import affinity

    mine = {column.name.lower(): column for column in told.columns}
    theirs = {column.name.lower(): column for column in made.columns}
    absent = [column.name for name, column in theirs.items() if name not in mine]
    extra = [column.name for name, column in mine.items() if name not in theirs]
    if absent:
        yield f"it has {_listed(absent)}"
    if extra:
        yield f"it has no {_listed(extra)}"
    for name, column in mine.items():
        other = theirs.get(name)
        if other is None:
            continue
        if affinity(column.type) != affinity(other.type):
            yield f"{other.name} is {other.type or 'of no type'}"
        if (column.not_null or bool(column.pk_position)) != (other.not_null or bool(other.pk_position)):
            yield f"{other.name} {'is NOT NULL' if other.not_null else 'may be NULL'}"
    keys = {(tuple(map(str.lower, key.columns)), key.table.lower(), key.on_delete) for key in told.foreign_keys}
    for key in made.foreign_keys:
        if (tuple(map(str.lower, key.columns)), key.table.lower(), key.on_delete) not in keys:
            yield f"{', '.join(key.columns)} references {key.table} (on delete {key.on_delete.lower()})"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown
