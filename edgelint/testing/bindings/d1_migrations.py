"""The schema of a database under test: the migrations of its config, or a schema.sql, run once and kept.

Where wrangler looks for migrations and how it records them follows its own code
(https://github.com/cloudflare/workers-sdk/blob/main/packages/wrangler/src/d1/migrations/helpers.ts). The result is a
whole database as bytes, which every test opens anew; it is made again when a file is added, removed or changed.
SQLite is imported when there is something to run: what every session needs of this module is its Arrangement.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import time as time_now  # the real one, bound before a world replaces it
from typing import TYPE_CHECKING, Final, NamedTuple

from edgelint.d1.migration_names import glob, order
from edgelint.testing.clock import Clock
from edgelint.testing.errors import EdgeUsageError

if TYPE_CHECKING:
    from edgelint.d1.engine import Database
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.d1_engine import ServedDatabase
    from edgelint.testing.config import WorkerConfig

FOLDER: Final = "migrations"
"""Where wrangler looks when ``migrations_dir`` is not written."""
TABLE: Final = "d1_migrations"
"""Where it records what it applied, when ``migrations_table`` is not written."""
ARRANGEMENT: Final = ("d1", "arrangement")
"""The key of a world's Arrangement among what its bindings share."""
_SKIPPED: Final = frozenset(("node_modules", "dist", "build", "__pycache__", "venv", "python_modules"))
_CREATES: Final = re.compile(r"\bCREATE\s+(?:VIRTUAL\s+)?TABLE\b", re.IGNORECASE)


@dataclass
class Arrangement:
    """How the databases of one world begin: with their migrations or empty, and with which SQL after that, by the name
    of the binding."""

    migrations: bool = True
    seeds: Mapping[str, str] = field(default_factory=dict)


class SchemaFiles(NamedTuple):
    """The files that make a database, in order. ``table`` records them; None for a schema.sql, which wrangler does not
    know of: each is run as ``wrangler d1 execute --file`` does."""

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    table: str | None


_SETTLED: Final = 2.0
"""Seconds after which a folder that did not change would show a change in its time."""
_listings: dict[str, tuple[float, tuple[str, ...]]] = {}
_kept: dict[tuple[Path, str], tuple[object, bytes]] = {}
_seeded: dict[tuple[bytes | None, str, str], bytes] = {}


def arranged(config: WorkerConfig | None, declared: Declared, wanted: Arrangement) -> bytes | None:
    """What a database begins with in a world, None for nothing. Raises EdgeUsageError."""
    content = template(config, declared) if config is not None and wanted.migrations else None
    names = [each.name for each in _same(config, declared)] if config is not None else [declared.name]
    for name in names:  # of one database, whichever of them is used first
        if name in wanted.seeds:
            content = _seed(content, name, wanted.seeds[name])
    return content


def template(config: WorkerConfig, declared: Declared) -> bytes:
    """The database of a binding with its schema, made once for what its files hold; empty bytes when it has none.
    Raises EdgeUsageError with file, line, statement and SQLite's words for a migration that fails."""
    files = schema_files(config, declared)
    if not files.paths:
        return b""
    state = (files, tuple((stat.st_mtime_ns, stat.st_size) for stat in map(os.stat, files.paths)))
    key = (config.path, declared.resource)
    known = _kept.get(key)
    if known is None or known[0] != state:
        known = _kept[key] = state, _made(files, config.root)
    return known[1]


def database(config: WorkerConfig, declared: Declared) -> Database:
    """The same as a database that may be changed, in virtual time that stands at its start. Raises EdgeUsageError."""
    return _opened(template(config, declared))


def run(database: Database, sql: str, name: str, behind: str = "") -> None:
    """Run the text of a .sql file, with what wrangler puts ``behind`` it, in one transaction. Raises EdgeUsageError:
    ``name``, line, SQLite's words and the statement; nothing is changed then."""
    from edgelint.d1.errors import D1Error
    from edgelint.d1.split import migration

    text = sql.removeprefix("\ufeff")
    try:
        database.script(f"{migration(text)}{behind}")
    except D1Error as error:
        at = error.start if error.offset is None else error.offset
        line = text.rstrip().count("\n", 0, at) + 1
        statement = " ".join(error.statement.split())
        shown = statement if len(statement) <= 200 else statement[:199] + "…"
        hint = " (the last statement has no ';')" if at > len(text) and error.statement else ""
        raise EdgeUsageError(f"{name}:{line}: {error}{': ' if shown else ''}{shown}{hint}") from None


def schema_files(config: WorkerConfig, declared: Declared) -> SchemaFiles:
    """What makes the schema of a binding's database: its migrations, those of another binding to the same database, or
    else a schema.sql: beside the config, or the only one below it, when no other database of the config lacks
    migrations too. Raises EdgeUsageError for a ``migrations_pattern`` that wrangler refuses."""
    databases = [each for each in config.bindings if each.kind == "d1"]
    for each in (declared, *_same(config, declared)):
        found = _migrations(config, each)
        if found.paths:
            return found
    without = {each.resource for each in databases if not _migrations(config, each).paths} - {declared.resource}
    path = None if without else _schema(config.root)
    return SchemaFiles((path,), (path.name,), None) if path is not None else SchemaFiles((), (), None)


def _same(config: WorkerConfig, declared: Declared) -> list[Declared]:
    """The bindings of a config to one database, in its order."""
    return [each for each in config.bindings if each.kind == "d1" and each.resource == declared.resource]


def _migrations(config: WorkerConfig, declared: Declared) -> SchemaFiles:
    written, pattern = declared.text("migrations_dir"), declared.text("migrations_pattern")
    folder = _normal(written) if written is not None else FOLDER
    if pattern is not None:
        pattern = _normal(pattern)
        if written is None:
            raise EdgeUsageError(f"{config.path}: {declared.name}: migrations_pattern needs migrations_dir beside it")
        if folder != "." and not pattern.startswith(f"{folder}/"):
            raise EdgeUsageError(f"{config.path}: {declared.name}: migrations_pattern must begin with '{folder}/'")
    relative = "*.sql" if pattern is None else pattern if folder == "." else pattern[len(folder) + 1 :]
    place = config.root / folder
    matches = glob(relative).fullmatch
    names = sorted((name for name in _listed(place, "/" in relative) if matches(name)), key=order)
    table = declared.text("migrations_table") or TABLE
    return SchemaFiles(tuple(place / name for name in names), tuple(names), table)


def _opened(content: bytes | None) -> ServedDatabase:
    """A database in time that stands at its start."""
    from edgelint.testing.bindings.d1_engine import ServedDatabase

    return ServedDatabase(Clock(), content)


def _made(files: SchemaFiles, root: Path) -> bytes:
    from edgelint.syntax.ddl import quoted

    database = _opened(None)
    try:
        if files.table is not None:
            database.execute(
                f"CREATE TABLE IF NOT EXISTS {quoted(files.table)}(id INTEGER PRIMARY KEY AUTOINCREMENT, "
                "name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)"
            )
        for path, name in zip(files.paths, files.names, strict=True):
            text = _read(path)
            shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
            if files.table is None:
                run(database, text, shown)
                continue
            escaped = name.replace("'", "''")
            run(database, text, shown, f"\nINSERT INTO {quoted(files.table)} (name) VALUES ('{escaped}');")
        return database.content()
    finally:
        database.close()


def _seed(content: bytes | None, name: str, text: str) -> bytes:
    key = (content, name, text)
    if key not in _seeded:
        database = _opened(content)
        try:
            run(database, text, f"seed data of {name}")
            _seeded[key] = database.content()
        finally:
            database.close()
    return _seeded[key]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EdgeUsageError(f"{path}: cannot be read: {error}") from None


def _schema(root: Path) -> Path | None:
    beside = root / "schema.sql"
    found = [beside] if beside.is_file() else [
        root / name for name in _sql_files(root, deep=True) if posixpath.basename(name) == "schema.sql"
    ]  # fmt: skip
    return found[0] if len(found) == 1 and _CREATES.search(_read(found[0])) else None


def _listed(folder: Path, deep: bool) -> Sequence[str]:
    """``_sql_files``, looked for again when the folder has changed: every world asks."""
    if deep:
        return list(_sql_files(folder, deep))
    try:
        changed = os.stat(folder).st_mtime
    except OSError:
        return ()
    place = str(folder)
    known = _listings.get(place)
    if known is None or known[0] != changed:
        known = changed, tuple(_sql_files(folder, deep))
        if time_now() - changed > _SETTLED:
            _listings[place] = known
    return known[1]


def _sql_files(folder: Path, deep: bool) -> Iterator[str]:
    """The names of the files in a folder, with ``/``; those below it too when ``deep``."""
    for directory, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if deep and name not in _SKIPPED and not name.startswith(".")]
        above = Path(directory).relative_to(folder).as_posix()
        for name in files:
            if name.endswith(".sql"):
                yield name if above == "." else f"{above}/{name}"


def _normal(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/")) if path else "."
