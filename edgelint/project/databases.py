"""The databases of a project: which bindings reach which, and the SQL that makes the schema of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span

if TYPE_CHECKING:
    from edgelint.d1.engine import Database
    from edgelint.d1.replay import Replay, Step
    from edgelint.d1.schema import Schema
    from edgelint.project.bases import Base
    from edgelint.project.durable import DurableClass
    from edgelint.project.files import SourceFile
    from edgelint.project.known_schemas import KnownSchema
    from edgelint.project.project import Project
    from edgelint.project.wrangler import BindingDecl, WranglerConfig
    from edgelint.source import Source

TABLE = "d1_migrations"
"""Where wrangler keeps the names of what it has applied, when ``migrations_table`` is not written."""

_TOKEN = re.compile(r"\d+(?:[-.:T]\d+)*(?![A-Za-z\d])")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


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

    @property
    def id(self) -> str | None:
        """The database's id, when it is one."""
        found = self.declared.text("database_id")
        return found if found is not None and _UUID.fullmatch(found) else None


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
        found = (binding.id or binding.declared.text("database_name") for binding in self.bindings)
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
