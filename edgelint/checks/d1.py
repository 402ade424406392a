"""D1 schemas: keys, indexes and types, as SQLite takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.diagnostics import Finding, Related
from edgelint.project.column_types import changed, is_counted_in_vain, takes_null
from edgelint.project.known_schemas import known_schemas
from edgelint.project.new_migration import drop_index_fix, index_fix, new_index, readable
from edgelint.project.schema_drift import drifts
from edgelint.project.schema_facts import broken_keys, redundant_indexes, unindexed_keys

if TYPE_CHECKING:
    from edgelint.project.project import Project


@check("d1/foreign-key-without-index")
def foreign_key_without_index(project: Project) -> Iterator[Finding]:
    """A foreign key whose children can only be found by reading the whole table."""
    for known in known_schemas(project):
        for table, key in unindexed_keys(known.database, known.tables()):
            span = known.places.key_span(table.name, key.columns)
            if span is None:
                continue
            columns = ", ".join(key.columns)
            yield Finding(
                span,
                f"no index begins with {columns}: deleting a row of {key.table}, or looking up its {table.name}, "
                f"reads all of {table.name}",
                help=f"CREATE INDEX ... ON {table.name} ({columns})",
                fix=index_fix(known.source, new_index(table.name, key.columns)),
            )


@check("d1/mismatched-foreign-key")
def mismatched_foreign_key(project: Project) -> Iterator[Finding]:
    """A foreign key that SQLite refuses when a row is written."""
    for known in known_schemas(project):
        for table, key, error in broken_keys(known.database, known.tables()):
            span = known.places.key_span(table.name, key.columns)
            if span is None:
                continue
            parent = known.places.tables.get(key.table.lower())
            if parent is None:
                why = f"there is no table {key.table}"
            else:
                target = ", ".join(key.target_columns) or "its primary key"
                why = f"{target} is no primary key and has no unique index in {key.table}"
            related = (Related(parent.span, "the parent"),) if parent is not None else ()
            yield Finding(span, f'every INSERT into {table.name} fails ("{error.message}"): {why}', related)


@check("d1/redundant-index")
def redundant_index(project: Project) -> Iterator[Finding]:
    """An index that begins another one."""
    for known in known_schemas(project):
        for table, index, by in redundant_indexes(known.database, known.tables(), known.texts):
            place = known.places.indexes.get(index.name.lower())
            if place is None:
                continue
            other = known.places.indexes.get(by.name.lower())
            what = {"pk": "the primary key", "u": "a unique constraint"}.get(by.origin, by.name)
            begins = "is the same" if len(by.columns) == len(index.columns) else "begins with the same columns"
            yield Finding(
                place.span,
                f"{what} of {table.name} {begins}: this index finds nothing more, and is written with every row",
                (Related(other.span, "the other index"),) if other is not None else (),
                f"DROP INDEX {readable(index.name)}",
                drop_index_fix(known.source, place),
            )


@check("d1/missing-primary-key")
def missing_primary_key(project: Project) -> Iterator[Finding]:
    """A table whose rows have no name."""
    for known in known_schemas(project):
        for table in known.tables():
            required = {column.name for column in table.columns if column.not_null}
            unique = [index for index in table.indexes if index.unique and not index.partial]
            if not table.primary_key and not any(required.issuperset(index.columns) for index in unique):
                yield Finding(
                    known.place(table).span,
                    f"{table.name} has no primary key: of two rows that are alike none can be changed or deleted alone",
                )


@check("d1/nullable-primary-key")
def nullable_primary_key(project: Project) -> Iterator[Finding]:
    """A column of the primary key that takes NULL."""
    for known in known_schemas(project):
        for table in known.tables():
            for column in table.columns:
                place = known.place(table).columns.get(column.name.lower())
                if column.pk_position and place is not None and takes_null(known.database, table, column):
                    yield Finding(
                        place.span,
                        f"the primary key of {table.name} takes NULL here, in any number of rows",
                        help="say NOT NULL when the table is made",
                    )


@check("d1/misleading-type")
def misleading_type(project: Project) -> Iterator[Finding]:
    """A column that is not what its type says."""
    for known in known_schemas(project):
        for table in known.tables():
            counted = is_counted_in_vain(known.database, table, known.texts)
            for column in table.columns:
                place = known.place(table).columns.get(column.name.lower())
                if place is None or place.definition.type is None:
                    continue
                span = place.file.span(place.definition.type.start, place.definition.type.end)
                if column is counted:
                    yield Finding(
                        span,
                        f"{column.type} PRIMARY KEY is not INTEGER PRIMARY KEY: no {column.name} is made, "
                        f"an INSERT without one {'fails' if column.not_null else 'stores NULL'}",
                        help="write INTEGER PRIMARY KEY",
                    )
                elif not table.strict and (change := changed(known.database, column)) is not None:
                    yield Finding(
                        span,
                        f"{column.type} is a number to SQLite: {change.value!r} is stored as {change.stored!r}",
                        help="write TEXT" if isinstance(change.value, str) else "write REAL",
                    )


@check("d1/schema-drift")
def schema_drift(project: Project) -> Iterator[Finding]:
    """The schema file and the migrations make different tables."""
    for known in known_schemas(project):
        for drift in drifts(known):
            yield Finding(drift.span, drift.message, drift.related)


@check("d1/not-strict-table")
def not_strict_table(project: Project) -> Iterator[Finding]:
    """A table that takes any value in any column."""
    for known in known_schemas(project):
        for table in known.tables():
            if not table.strict:
                yield Finding(
                    known.place(table).span,
                    f"{table.name} is not STRICT: every column takes values of any type",
                )


@check("d1/autoincrement")
def autoincrement(project: Project) -> Iterator[Finding]:
    """AUTOINCREMENT where INTEGER PRIMARY KEY would do."""
    for known in known_schemas(project):
        for table in known.tables():
            span = known.places.word_span(table.name, "AUTOINCREMENT") if table.autoincrement else None
            if span is not None:
                yield Finding(span, f"each INSERT into {table.name} reads and writes sqlite_sequence too")
