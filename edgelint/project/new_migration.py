"""A migration that edgelint proposes: its name after the last one's, and a fix that writes it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgelint.diagnostics import Edit, Fix, Span
from edgelint.project.databases import glob, number

if TYPE_CHECKING:
    from edgelint.project.databases import DatabaseSource

_DIGITS = re.compile(r"\d+")
_PLAIN = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_NOT_PLAIN = re.compile(r"\W+", re.ASCII)


def index_fix(source: DatabaseSource, table: str, columns: Sequence[str], terms: Sequence[str] = ()) -> Fix | None:
    """An unsafe fix that adds an index on ``columns`` of ``table``: in the next migration, or at the end of the schema
    file of a database that has no migrations. ``terms`` are the columns as SQL, where names are not all (``a DESC``).

    None where there is no file to write it to.
    """
    name = "_".join(_NOT_PLAIN.sub("_", part) for part in (table, *columns)).strip("_")
    listed = ", ".join(terms or map(quoted, columns))
    sql = f"CREATE INDEX {quoted(name)} ON {quoted(table)} ({listed});\n"
    if source.migrations:
        path = next_path(source, name)
        return Fix(f"Write {path}", (Edit(Span(path, 0, 0), sql),)) if path is not None else None
    if not source.schema_files:
        return None
    file = source.schema_files[-1]
    end = file.span(len(file.text), len(file.text))
    gap = "" if file.text.endswith("\n") or not file.text else "\n"
    return Fix(f"Add it to {file.path}", (Edit(end, gap + sql),))


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


def quoted(name: str) -> str:
    """A name as SQL takes it: in quotes where it needs them."""
    from apsw import keywords

    if _PLAIN.match(name) and name.upper() not in keywords:
        return name
    return '"' + name.replace('"', '""') + '"'
