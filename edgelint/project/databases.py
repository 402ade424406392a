"""The databases of a project: which bindings reach which, and the SQL that makes the schema of each.

Several environments, and several configs, often name one folder of migrations: that is one source with several
bindings. What wrangler takes for a migration, and in which order it applies them, follows its own code
(https://github.com/cloudflare/workers-sdk/blob/main/packages/wrangler/src/d1/migrations/helpers.ts).
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span

if TYPE_CHECKING:
    from edgelint.d1.engine import Database
    from edgelint.d1.replay import Replay, Step
    from edgelint.d1.schema import Schema
    from edgelint.project.bases import Base
    from edgelint.project.commands import Command
    from edgelint.project.durable import DurableClass
    from edgelint.project.files import SourceFile
    from edgelint.project.known_schemas import KnownSchema
    from edgelint.project.project import Project
    from edgelint.project.wrangler import BindingDecl, WranglerConfig
    from edgelint.source import Source

FOLDER = "migrations"
"""Where wrangler looks when ``migrations_dir`` is not written; relative to the config."""
TABLE = "d1_migrations"
"""Where wrangler keeps the names of what it has applied, when ``migrations_table`` is not written."""
MAX_SQL = 5_000_000
"""Bytes of a .sql file that is still read: a larger one is a dump of data."""

_NUMBER = re.compile(r"\s*[+-]?\d+")  # what parseInt reads
_TOKEN = re.compile(r"\d+(?:[-.:T]\d+)*(?![A-Za-z\d])")
_UNDO = re.compile(r"(?P<name>.+?)[._-](?:down|rollback|revert|undo)\.sql", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_FILE_OPTION = re.compile(r"--file[= ]+(\S+)")


class SqlFile:
    """A .sql file that was read. ``text`` has no byte-order mark; its offsets are code points."""

    __slots__ = ("path", "source", "text", "_offsets")

    def __init__(self, path: str, source: Source) -> None:
        self.path = path
        self.source = source
        self.text = source.text
        self._offsets: list[int] | None = None

    def span(self, start: int, end: int) -> Span:
        """The span of a range of code points of ``text``."""
        if self._offsets is None:
            self._offsets = self.source.byte_offsets()
        last = len(self._offsets) - 1
        return Span(self.path, self._offsets[min(start, last)], self._offsets[min(max(start, end), last)])

    def __repr__(self) -> str:
        return f"SqlFile({self.path})"


class Binding(NamedTuple):
    """One name under which code reaches a database: in an environment (None: the top level) of a config."""

    name: str
    config: WranglerConfig
    environment: str | None
    declared: BindingDecl

    @property
    def span(self) -> Span:
        """The binding's name in the config."""
        return self.declared.span


class Migration(NamedTuple):
    """One file that wrangler applies. ``name`` is its path in the folder, as wrangler records it; ``number`` the number
    it begins with (None: it has none, and comes last).

    ``undoes``: it takes back another file of the folder (``0001_init.down.sql``). wrangler knows no such thing.
    """

    file: SqlFile
    name: str
    number: int | None
    undoes: str | None = None

    @property
    def path(self) -> str:
        return self.file.path

    @property
    def text(self) -> str:
        return self.file.text

    @property
    def token(self) -> str | None:
        """The leading number as it is written, with what belongs to a date (``2025-01-31``); None without one."""
        found = _TOKEN.match(self.name)
        return None if found is None else found.group()


class DatabaseSource:
    """A database, as far as the project says what is in it.

    ``kind`` is "d1" or "durable-object" (then ``durable`` is the class). ``directory`` is the folder of migrations
    relative to the root, ``pattern`` what of it wrangler applies, ``written`` whether the config names the folder.
    ``strays`` are .sql files below the folder that wrangler never applies. ``schema_files`` tell the schema when there
    are no migrations. ``project`` is where to look for what migrations begin on. ``certain`` is False when another
    database may be what the SQL is for, or when more SQL shapes the database than was found: then nothing may be
    concluded from what the schema lacks.
    """

    def __init__(
        self, kind: str, name: str, bindings: Iterable[Binding] = (), directory: str | None = None,
        pattern: str = "*.sql", table: str = TABLE,
    ) -> None:
        self.kind = kind
        self.name = name
        self.bindings = tuple(bindings)
        self.directory = directory
        self.pattern = pattern
        self.table = table
        self.written: Span | None = None
        self.migrations: tuple[Migration, ...] = ()
        self.strays: tuple[SqlFile, ...] = ()
        self.schema_files: tuple[SqlFile, ...] = ()
        self.durable: DurableClass | None = None
        self.statements: tuple[str, ...] = ()
        self.certain = True
        self.project: Project | None = None
        self.replayed: Callable[[Sequence[tuple[str, str]], str], Replay] | None = None
        """Runs a chain of migrations, when somebody remembers what earlier ones made."""

    @property
    def names(self) -> frozenset[str]:
        """The names of its bindings."""
        return frozenset(binding.name for binding in self.bindings)

    @property
    def ids(self) -> frozenset[str]:
        """The ids that configs give it, and the names where they give none: what it shares with no other database."""
        found = (
            _id(binding.declared) or binding.declared.text("database_name") for binding in self.bindings
        )
        return frozenset(one for one in found if one is not None)

    @cached_property
    def base(self) -> Base | None:
        """What the migrations begin on, where they miss a table that none of them creates."""
        if not self.migrations or self.project is None or self._bare.error_free:
            return None
        from edgelint.project import bases

        return bases.base(self.project, self, self._bare)

    @cached_property
    def _bare(self) -> Replay:
        """The migrations on an empty database."""
        from edgelint.d1.replay import Replay

        made = self.replayed or Replay
        return made([(migration.name, migration.text) for migration in self.applied], self.table)

    @cached_property
    def replay(self) -> Replay:
        """The migrations, run on what they begin on. Without migrations: the schema files, or a Durable Object's
        statements, as one each."""
        from edgelint.d1.replay import TABLE, Replay

        made = self.replayed or Replay
        if self.migrations:
            scripts = self.base.scripts if self.base is not None else ()
            if not scripts:
                return self._bare
            return Replay([(migration.name, migration.text) for migration in self.applied], self.table, scripts)
        if self.schema_files:
            return made([(file.path, f"{file.text}\n;") for file in self.schema_files], self.table)
        return made([(f"{self.name} {number}", f"{text};") for number, text in enumerate(self.statements, 1)], TABLE)

    @property
    def applied(self) -> tuple[Migration, ...]:
        """The migrations without those that take back another."""
        return tuple(migration for migration in self.migrations if migration.undoes is None)

    @property
    def files(self) -> tuple[SqlFile, ...]:
        """The files that make the schema, in the order in which they run."""
        return (*self.before, *self.own_files)

    @property
    def own_files(self) -> tuple[SqlFile, ...]:
        """Its migrations, else its schema files."""
        return tuple(migration.file for migration in self.applied) or self.schema_files

    @property
    def before(self) -> tuple[SqlFile, ...]:
        """The files that are surely run before its migrations."""
        return self.base.files if self.base is not None and self.base.sure else ()

    def tried(self) -> Iterator[tuple[Migration, Step]]:
        """The migrations with what became of them, where they were run."""
        replay: Replay | None = self.__dict__.get("replay")
        if replay is not None and self.migrations:
            yield from zip(self.applied, replay.steps, strict=True)

    def database(self) -> Database:
        """The database that results, without rows but those that migrations insert. Not to be changed: see ``clone``.
        """
        return self.replay.database

    def schema(self) -> Schema:
        """The schema that results, without wrangler's own table."""
        return self.replay.schema

    @property
    def is_whole(self) -> bool:
        """``certain``, and all SQL that was found applies: what the schema lacks is not there."""
        return self.certain and self.is_known and self.replay.error_free and (self.base is None or self.base.sure)

    @property
    def is_known(self) -> bool:
        """Whether anything at all says what is in it."""
        return bool(self.migrations or self.schema_files or self.statements)

    def __repr__(self) -> str:
        return f"DatabaseSource({self.kind} {self.name})"


class Databases:
    """The databases of a project. D1's are found when the project is read, those of Durable Objects when asked for."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.d1: list[DatabaseSource] = []
        self.files: dict[str, SqlFile] = {}
        """Every .sql file that counts, by path."""
        self.schemas: list[KnownSchema] | None = None
        """Those that are known, once asked for: see ``known_schemas``."""
        self._all: list[DatabaseSource] | None = None

    def all(self) -> list[DatabaseSource]:
        """D1's, in the order of the configs, then those of Durable Objects."""
        if self._all is None:
            from edgelint.project import durable_sql

            self._all = [*self.d1, *durable_sql.sources(self._project)]
        return self._all

    def not_tried(self) -> Iterator[tuple[str, str, str]]:
        """(why, the first migration, the table and the reason) for each table that rules wanted rows for and that none
        could be made for: what migrations do to rows of it was not seen."""
        for source in self.d1:
            said = set()
            for migration, step in source.tried():
                for table, reason in step.unfilled.items():
                    if table not in said:
                        said.add(table)
                        yield "table without rows for the trial of migrations", migration.path, f"{table}: {reason}"

    def reached(self, file: SourceFile, binding: str) -> list[DatabaseSource]:
        """The D1 databases that ``env.<binding>`` may be in ``file``: several when its Workers disagree."""
        configs = [worker.config for worker in self._project.workers_of(file) if worker.config is not None]
        return [
            source for source in self.d1
            if any(b.name == binding and any(b.config is config for config in configs) for b in source.bindings)
        ]


class _Wanted(NamedTuple):
    """One declaration and the folder it means."""

    binding: Binding
    directory: str
    pattern: str
    written: bool

    @property
    def id(self) -> str | None:
        """The database's id, when it is one."""
        return _id(self.binding.declared)

    @property
    def name(self) -> str | None:
        return self.binding.declared.text("database_name")


class Finder:
    """Fills a ``Databases``. ``read`` gives the source of a file, or None after it has said why not; ``note`` says what
    was not looked at."""

    def __init__(
        self, project: Project, read: Callable[[str], Source | None], note: Callable[[str, str], None]
    ) -> None:
        self.project = project
        self.databases = project.databases_found
        self.read = read
        self.note = note
        self.sql = project.discovered.sql
        self._commands: list[Command] | None = None
        self._unread: set[str] = set()

    def run(self) -> None:
        """Find the databases of every config, and read what shapes them."""
        wanted = [self.wanted(binding) for binding in self.declared()]
        by_folder: dict[tuple[str, str], list[_Wanted]] = {}
        homeless: list[_Wanted] = []
        for want in wanted:
            if any(self.matched(want.directory, want.pattern)):
                by_folder.setdefault((want.directory, want.pattern), []).append(want)
            else:
                homeless.append(want)
        groups = list(by_folder.values())
        for want in homeless:
            self.join(want, groups)
        self.settled_by_setting(groups)
        self.settled_by_scripts(groups)
        for group in groups:
            self.databases.d1.append(self.source(group, groups))

    def declared(self) -> Iterator[Binding]:
        for config in self.project.all_configs:
            for environment in config.environments:
                for name, declared in environment.bindings.items():
                    for one in declared:
                        if one.kind == "d1":
                            yield Binding(name, config, environment.name, one)

    def wanted(self, binding: Binding) -> _Wanted:
        written = binding.declared.text("migrations_dir")
        folder = _normal(written) if written is not None else FOLDER
        pattern = binding.declared.text("migrations_pattern")
        relative = _normal(pattern) if pattern is not None and written is not None else f"{folder}/*.sql"
        if folder != ".":
            # a pattern that leads elsewhere is refused by wrangler, and is no pattern
            relative = relative[len(folder) + 1 :] if relative.startswith(f"{folder}/") else "*.sql"
        directory = binding.config.relative(folder)
        return _Wanted(binding, "" if directory == "." else directory, relative, written is not None)

    def matched(self, directory: str, pattern: str) -> Iterator[str]:
        """The names in a folder that wrangler takes for migrations, in no order."""
        expression = glob(pattern)
        start = len(directory) + 1 if directory else 0
        for path in self.sql:
            if (not directory or path.startswith(f"{directory}/")) and expression.fullmatch(path[start:]):
                yield path[start:]

    def join(self, want: _Wanted, groups: list[list[_Wanted]]) -> None:
        """A declaration without migrations of its own: by its binding in the same config, its id, or its name, it is a
        database that another declaration has migrations for."""
        def same(other: _Wanted) -> bool:
            if other.binding.config is want.binding.config and other.binding.name == want.binding.name:
                return True
            return (want.id is not None and want.id == other.id) or (want.name is not None and want.name == other.name)

        for group in groups:
            if any(same(other) for other in group):
                group.append(want)
                return
        groups.append([want])

    def settled_by_setting(self, groups: list[list[_Wanted]]) -> None:
        """The setting ``schema`` may name a database of a group: it then stands alone."""
        for name in self.project.settings.schema:
            for group in list(groups):
                named = [want for want in group if name in (want.binding.name, want.name)]
                if named and len(named) < len(group):
                    group[:] = [want for want in group if want not in named]
                    groups.append(named)

    def settled_by_scripts(self, groups: list[list[_Wanted]]) -> None:
        """A folder that no config names, which several databases of one environment would use: it belongs to those that
        a script applies it to."""
        for group in list(groups):
            if any(want.written for want in group) or not _disagree(group):
                continue
            words = {
                word for command in self.commands() if command.verb == "d1" and " migrations apply " in command.text
                for word in command.text.split()
            }
            named = [want for want in group if {want.binding.name, want.name} & words]
            if named and len(named) < len(group):
                others = [want for want in group if want not in named]
                group[:] = named
                for want in others:
                    self.join(want, groups)

    # -- one source --------------------------------------------------------------------------------------------------

    def source(self, group: list[_Wanted], groups: list[list[_Wanted]]) -> DatabaseSource:
        first = group[0]
        bindings = [want.binding for want in group]
        found = DatabaseSource(
            "d1", first.name or first.binding.name, bindings, first.directory, first.pattern,
            first.binding.declared.text("migrations_table") or TABLE,
        )
        found.project = self.project
        for want in group:
            value = want.binding.declared.field("migrations_dir")
            if found.written is None and value is not None and want.directory == first.directory:
                found.written = want.binding.config.inner_span(value)
        named = self.named_by_setting(found, group)
        if not named:
            found.migrations = self.migrations(first.directory, first.pattern)
            found.strays = tuple(self.strays(found))
            self.schema_files(found, groups)
            if found.migrations and not found.written:
                found.certain = not _disagree(group)
            if any(posixpath.join(first.directory, name) in self._unread
                   for name in self.matched(first.directory, first.pattern)):
                found.certain = False
        if not found.is_known:
            self.say(found, first)
        return found

    def named_by_setting(self, source: DatabaseSource, group: list[_Wanted]) -> bool:
        for name, path in self.project.settings.schema.items():
            if any(name in (want.binding.name, want.name) for want in group):
                file = self.file(posixpath.normpath(path))
                source.schema_files = (file,) if file is not None else ()
                return True
        return False

    def file(self, path: str) -> SqlFile | None:
        files = self.databases.files
        if path in files or path in self._unread:
            return files.get(path)
        source = self.read(path)
        if source is not None and len(source.data) > MAX_SQL:
            self.note(f"SQL file over {MAX_SQL // 1_000_000} MB, not run", path)
            source = None
        if source is None:
            self._unread.add(path)
        else:
            files[path] = SqlFile(path, source)
        return files.get(path)

    def migrations(self, directory: str, pattern: str) -> tuple[Migration, ...]:
        names = sorted(self.matched(directory, pattern), key=order)
        known = set(names)
        found = []
        for name in names:
            file = self.file(posixpath.join(directory, name))
            if file is not None:
                found.append(Migration(file, name, number(name), _undone(name, known)))
        return tuple(found)

    def strays(self, source: DatabaseSource) -> Iterator[SqlFile]:
        """.sql files below a folder of migrations that no migration is made of."""
        if not source.directory or not (source.migrations or source.written):
            return
        taken = {migration.path for migration in source.migrations}
        for path in self.sql:
            if path.startswith(f"{source.directory}/") and path not in taken:
                file = self.file(path)
                if file is not None:
                    yield file

    # -- schema files ------------------------------------------------------------------------------------------------

    def schema_files(self, source: DatabaseSource, groups: list[list[_Wanted]]) -> None:
        """The file that tells the schema: what scripts give to ``wrangler d1 execute``, else schema.sql."""
        if not self.sql:
            return
        named = [path for path in self.executed(source) if path in self.sql and not self.is_migration(path)]
        homes = {binding.config.directory for binding in source.bindings}
        if not named:
            named = [
                path for path in self.sql
                if posixpath.basename(path) == "schema.sql" and posixpath.dirname(path) in homes
            ] or self.only_schema(homes)
            others = [group for group in groups if not any(any(self.matched(w.directory, w.pattern)) for w in group)]
            if named and not source.migrations and len(others) > 1:
                source.certain = False  # which of the databases it is for, nobody says
        files = [file for path in named if (file := self.file(path)) is not None]
        source.schema_files = tuple(file for file in files if _CREATES.search(file.text))

    def only_schema(self, homes: set[str]) -> list[str]:
        """The one schema.sql below the folders of the configs."""
        found = [
            path for path in self.sql
            if posixpath.basename(path) == "schema.sql"
            and any(not home or path.startswith(f"{home}/") for home in homes)
        ]
        return found if len(found) == 1 else []

    def executed(self, source: DatabaseSource) -> list[str]:
        """The .sql files that scripts run on this database with ``wrangler d1 execute NAME --file``, in order."""
        names = {*source.names, *(b.declared.text("database_name") or "" for b in source.bindings)}
        found: dict[str, None] = {}
        for command in self.commands():
            words = command.text.split()
            if command.verb != "d1" or "execute" not in words or not names & set(words):
                continue
            for match in _FILE_OPTION.finditer(command.text):
                found[posixpath.normpath(posixpath.join(command.directory, match[1]))] = None
        return list(found)

    def commands(self) -> list[Command]:
        if self._commands is None:
            from edgelint.project.commands import commands

            self._commands = list(commands(self.project))
        return self._commands

    def is_migration(self, path: str) -> bool:
        return any(path == migration.path for source in self.databases.d1 for migration in source.migrations)

    # -- what was not found ------------------------------------------------------------------------------------------

    def say(self, source: DatabaseSource, first: _Wanted) -> None:
        path = first.binding.config.path
        directory = source.directory or ""
        if directory.startswith("../"):
            self.note("migrations outside of the project, not read", path)
        elif directory and os.path.isdir(os.path.join(self.project.root, directory)):
            self.note("folder of migrations without a .sql file that is read", path)
        else:
            self.note("D1 database without migrations or schema.sql: its schema is not known", path)


def _id(declared: BindingDecl) -> str | None:
    """The id of a declaration, when it is one."""
    found = declared.text("database_id")
    return found if found is not None and _UUID.fullmatch(found) else None


def _disagree(group: list[_Wanted]) -> bool:
    """Whether one environment has several databases in the group."""
    by_place: dict[tuple[str, str | None], set[str]] = {}
    for want in group:
        place = (want.binding.config.path, want.binding.environment)
        by_place.setdefault(place, set()).add(want.id or want.name or want.binding.name)
    return any(len(databases) > 1 for databases in by_place.values())


_CREATES = re.compile(r"\bCREATE\s+(?:VIRTUAL\s+)?TABLE\b", re.IGNORECASE)


def _normal(path: str) -> str:
    """A path as wrangler normalizes it: forward slashes, no ``./``, no slash at the end."""
    return posixpath.normpath(path.replace("\\", "/")) if path else "."


def _undone(name: str, known: set[str]) -> str | None:
    """The file that ``name`` takes back: the same name without the word, or with "up" in its place."""
    found = _UNDO.fullmatch(name)
    if found is None:
        return None
    stem = found["name"]
    for other in (f"{stem}.sql", *(f"{stem}{mark}{word}.sql" for mark in "._-" for word in ("up", "apply"))):
        if other in known:
            return other
    return None


# -- what wrangler takes for a migration, and in which order ---------------------------------------------------------


def number(name: str) -> int | None:
    """The number that a migration's path begins with, as wrangler reads it: ``parseInt`` of what stands before the
    first underscore of the first part of the path."""
    found = _NUMBER.match(name.split("/")[0].split("_")[0])
    return int(found.group()) if found is not None else None


def order(name: str) -> tuple[tuple[int, float, bytes], ...]:
    """The key by which wrangler sorts migrations: for each part of the path its number, those without one last, then
    the text by UTF-16 code units."""
    return tuple(
        (1, 0.0, _units(part)) if (leading := number(part)) is None else (0, float(leading), _units(part))
        for part in name.split("/")
    )


def _units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


@lru_cache(maxsize=64)
def glob(pattern: str) -> re.Pattern[str]:
    """A ``migrations_pattern`` as a regular expression over a whole path, by the rules of minimatch with ``dot: false``
    (https://github.com/isaacs/minimatch): ``*``, ``**``, ``?``, ``[a-z]`` and ``{a,b}``; no name that begins with a dot
    unless the pattern does."""
    try:
        return re.compile("|".join(_translated(one) for one in _alternatives(pattern)))
    except re.error:  # "[z-a]": matches nothing
        return re.compile(r"(?!)")


_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_PIECE = re.compile(r"\*+|\?|\[[!^]?\]?[^\]/]*\]|.", re.DOTALL)


def _alternatives(pattern: str) -> Iterator[str]:
    found = _BRACES.search(pattern)
    if found is None or len(pattern) > 500:
        yield pattern
        return
    for word in found[1].split(","):
        yield from _alternatives(pattern[: found.start()] + word + pattern[found.end() :])


def _translated(pattern: str) -> str:
    parts = pattern.split("/")
    text = ""
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if part == "**":
            text += r"(?:(?!\.)[^/]+(?:/(?!\.)[^/]+)*)?" if last else r"(?:(?!\.)[^/]+/)*"
            continue
        hidden = "" if part.startswith(".") else r"(?!\.)"
        text += hidden + "".join(map(_piece, _PIECE.findall(part))) + ("" if last else "/")
    return f"(?:{text})"


def _piece(piece: str) -> str:
    if piece[0] == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) > 1:
        inner = piece[1:-1]
        negated, inner = (True, inner[1:]) if inner[:1] in ("!", "^") else (False, inner)
        inner = inner.replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
        return f"[{'^/' if negated else ''}{inner}]"
    return re.escape(piece)
