"""A schema to read: as SQL that makes it, as plain data, as a Mermaid diagram."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from edgelint.d1.schema import ForeignKey, Schema, Table

_NOT_WORD = re.compile(r"[^A-Za-z0-9_]+")


def sql(schema: Schema) -> Iterator[str]:
    """The statements that make the schema, each with its ``;``: tables, their indexes, views, triggers."""
    tables = [table for table in schema.tables.values() if not table.shadow]
    for table in tables:
        yield f"{table.sql};"
    for table in tables:
        yield from (f"{index.sql};" for index in table.indexes if index.sql is not None)
    yield from (f"{view.sql};" for view in schema.views.values())
    yield from (f"{trigger.sql};" for trigger in schema.triggers.values())


def data(schema: Schema) -> dict[str, Any]:
    """The schema as JSON holds it: names as they are written, defaults as SQL."""
    return {
        "tables": [_table(table) for table in schema.tables.values() if not table.shadow],
        "views": [{"name": view.name, "sql": view.sql} for view in schema.views.values()],
        "triggers": [
            {"name": trigger.name, "table": trigger.table, "sql": trigger.sql} for trigger in schema.triggers.values()
        ],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "strict": table.strict,
        "without_rowid": table.without_rowid,
        "virtual": table.virtual,
        "columns": [
            {
                "name": column.name, "type": column.type, "not_null": column.not_null, "default": column.default,
                "primary_key": column.pk_position, "generated": column.generated or None,
            }
            for column in table.columns if not column.hidden
        ],
        "indexes": [
            {
                "name": index.name, "unique": index.unique, "columns": list(index.columns), "partial": index.partial,
                "origin": {"c": "index", "u": "unique", "pk": "primary key"}.get(index.origin, index.origin),
            }
            for index in table.indexes
        ],
        "foreign_keys": [
            {
                "columns": list(key.columns), "table": key.table, "target_columns": list(key.target_columns),
                "on_delete": key.on_delete, "on_update": key.on_update,
            }
            for key in table.foreign_keys
        ],
    }  # fmt: skip


def mermaid(schema: Schema) -> Iterator[str]:
    """The lines of an erDiagram (https://mermaid.js.org/syntax/entityRelationshipDiagram.html)."""
    yield "erDiagram"
    tables = [table for table in schema.tables.values() if not table.shadow]
    for table in tables:
        yield f"  {_entity(table.name)} {{"
        referring = {column for key in table.foreign_keys for column in key.columns}
        alone = {index.columns[0] for index in table.indexes if index.unique and len(index.columns) == 1}
        for column in table.columns:
            if column.hidden:
                continue
            marks = [
                mark for mark, holds in (
                    ("PK", column.pk_position > 0), ("FK", column.name in referring),
                    ("UK", column.name in alone and not column.pk_position),
                ) if holds
            ]  # fmt: skip
            kind = _NOT_WORD.sub("_", column.type).strip("_") or "any"
            yield f"    {kind} {_NOT_WORD.sub('_', column.name)} {', '.join(marks)}".rstrip()
        yield "  }"
    known = {table.name.lower(): table.name for table in tables}
    for table in tables:
        for key in table.foreign_keys:
            parent = known.get(key.table.lower(), key.table)
            label = ", ".join(key.columns).replace('"', "'")
            yield f'  {_entity(parent)} {_cardinality(table, key)} {_entity(table.name)} : "{label}"'


def _entity(name: str) -> str:
    return name if not _NOT_WORD.search(name) and not name[:1].isdigit() else '"' + name.replace('"', "'") + '"'


def _cardinality(table: Table, key: ForeignKey) -> str:
    """How many parents a child has (none or one, or one), and how many children a parent."""
    required = all(column.not_null or column.pk_position for column in table.columns if column.name in key.columns)
    names = set(key.columns)
    unique = any(index.unique and not index.partial and set(index.columns) == names for index in table.indexes)
    single = unique or (len(table.primary_key) == len(names) and set(table.primary_key) == names)
    return f"{'||' if required else '|o'}--{'o|' if single else 'o{'}"
