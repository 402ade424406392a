"""A migration that edgelint proposes: its name after the last one's, and a fix that writes it. Where a database has a
schema file in place of migrations, the fix changes that."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from edgelint.d1.migration_names import glob, number
from edgelint.diagnostics import Edit, Fix, Span
from edgelint.syntax.ddl import quoted

if TYPE_CHECKING:
    from edgelint.project.databases import DatabaseSource
    from edgelint.project.schema_places import IndexPlace

_DIGITS = re.compile(r"\d+")
_PLAIN = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_NOT_PLAIN = re.compile(r"\W+", re.ASCII)
_END = re.compile(r"\s*;")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r?\n|\Z)")


class NewIndex(NamedTuple):
    """An index that is not there yet. ``sql`` is the statement that makes it, without ``;``."""

    name: str
    sql: str


def new_index(table: str, columns: Sequence[str], descending: Collection[str] = ()) -> NewIndex:
    """An index on ``columns`` of ``table``, of which those in ``descending`` go down."""
    name = "_".join(_NOT_PLAIN.sub("_", part) for part in (table, *columns)).strip("_")
    terms = (f"{readable(column)} DESC" if column in descending else readable(column) for column in columns)
    return NewIndex(name, f"CREATE INDEX {readable(name)} ON {readable(table)} ({', '.join(terms)})")


def index_fix(source: DatabaseSource, index: NewIndex) -> Fix | None:
    """An unsafe fix that makes an index: in the next migration, or at the end of the schema file of a database that has
    no migrations. None where there is no file to write it to.
    """
    sql = f"{index.sql};\n"
    if source.migrations:
        path = next_path(source, index.name)
        return Fix(f"Write {path}", (Edit(Span(path, 0, 0), sql),)) if path is not None else None
    if not source.schema_files:
        return None
    file = source.schema_files[-1]
    end = file.span(len(file.text), len(file.text))
    gap = "" if file.text.endswith("\n") or not file.text else "\n"
    return Fix(f"Add it to {file.path}", (Edit(end, gap + sql),))


def drop_index_fix(source: DatabaseSource, place: IndexPlace) -> Fix | None:
    """An unsafe fix that takes an index away: in the next migration, or, of a database that has no migrations, out of
    the file that creates it. None where there is no migration to write.
    """
    name = place.definition.name.text
    if source.migrations:
        path = next_path(source, _NOT_PLAIN.sub("_", f"drop_{name}").strip("_"))
        sql = f"DROP INDEX {readable(name)};\n"
        return Fix(f"Write {path}", (Edit(Span(path, 0, 0), sql),)) if path is not None else None
    text, start, end = place.file.text, place.definition.start, place.definition.end
    closed = _END.match(text, end)
    end = closed.end() if closed is not None else end
    line, rest = text.rfind("\n", 0, start) + 1, _REST_OF_LINE.match(text, end)
    if rest is not None and not text[line:start].strip():  # it has its lines for itself
        start, end = line, rest.end()
    return Fix(f"Take it out of {place.file.path}", (Edit(place.file.span(start, end), ""),))


def next_path(source: DatabaseSource, name: str) -> str | None:
    """The path of the migration after the last one, named as the others are; None when wrangler would not take it."""
    last = source.migrations[-1].name
    parts = last.split("/")
    digits = _DIGITS.match(parts[0])
    highest = max((number(m.name) or 0 for m in source.migrations), default=0)
    width = len(digits.group()) if digits is not None else 4
    numbered = f"{highest + 1:0{width}d}_{name}"
    made = "/".join([numbered, *parts[1:]]) if len(parts) > 1 else f"{numbered}.sql"
    if glob(source.pattern).fullmatch(made) is None:
        return None
    return posixpath.join(source.directory or "", made)


def readable(name: str) -> str:
    """A name as people write it in SQL: in quotes only where it needs them."""
    from apsw import keywords

    if _PLAIN.match(name) and name.upper() not in keywords:
        return name
    return quoted(name)
