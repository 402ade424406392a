"""What a chain of migrations begins on, where it alters a table that none of its files creates.

wrangler applies migrations to whatever is in the database. Some projects make the first tables in another way: a
``schema.sql`` that is executed once, statements of the code at run time, the migrations of another Worker of the same
database. Then an empty database is not what the chain is for, and what the tables look like is known from there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.project.elsewhere import Elsewhere
from edgelint.source import Source, UnreadableSource
from edgelint.syntax.ddl import AlterTable, CreateTable, definitions

if TYPE_CHECKING:
    from edgelint.d1.replay import Replay
    from edgelint.project.databases import DatabaseSource, SqlFile
    from edgelint.project.project import Project

_MISSING = re.compile(r"no such table: (?:main\.)?(?P<name>.+)", re.DOTALL)


class Base(NamedTuple):
    """What is there before the first migration of a chain that misses ``table``.

    ``made`` is where the project makes that table, None when nothing in it does. ``files`` and ``statements`` are the
    SQL that makes it, to be run before the chain; both empty when only the table's name is known (a schema of an ORM, a
    file of another database, several files of which nobody says which). ``sure``: that SQL is what the project itself
    calls the schema of this database.
    """

    table: str
    made: Span | None
    files: tuple[SqlFile, ...] = ()
    statements: tuple[str, ...] = ()
    sure: bool = False

    @property
    def scripts(self) -> tuple[str, ...]:
        """The SQL to run before the chain, in order."""
        return tuple(f"{file.text}\n;" for file in self.files) or self.statements


def missing_table(message: str) -> str | None:
    """The table that SQLite says is not there, None for any other error."""
    found = _MISSING.fullmatch(message)
    return found["name"] if found is not None else None


def base(project: Project, source: DatabaseSource, bare: Replay) -> Base | None:
    """What the migrations of ``source`` begin on, by their replay on an empty database; None when each table they miss
    is one that they create themselves."""
    own = Elsewhere()
    for migration in source.migrations:
        own.add_sql(migration.text)
    for step in bare.steps:
        name = missing_table(step.error.message) if step.error is not None else None
        if name is not None and not own.has_table(name):
            return _Search(project, source, name).found()
    return None


def created_later(source: DatabaseSource, number: int, table: str) -> Span | None:
    """Where a migration after the one at ``number`` creates ``table`` or gives a table its name."""
    for migration in source.applied[number + 1 :]:
        span = _created(migration.file, table)
        if span is not None:
            return span
    return None


class _Search:
    """One search for what makes a table."""

    def __init__(self, project: Project, source: DatabaseSource, table: str) -> None:
        self.project = project
        self.source = source
        self.table = table
        name = re.escape(table)
        named = rf"[\"'`\[]?(?<![\w$]){name}(?![\w$])[\"'`\]]?"
        self.in_sql = re.compile(
            rf"\bCREATE\s+(?:VIRTUAL\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:\w+\s*\.\s*)?({named})"
            rf"|\bRENAME\s+TO\s+({named})", re.IGNORECASE,
        )
        # Drizzle, Kysely and Knex, TypeORM, SQLAlchemy, Prisma: how each of them says which table it means.
        self.in_orm = re.compile(
            rf"\b(?:sqliteTable|createTable|createTableIfNotExists)\s*\(\s*([\"'`]{name}[\"'`])"
            rf"|@Entity\(\s*(?:\{{\s*name:\s*)?([\"'`]{name}[\"'`])"
            rf"|\b__tablename__\s*=\s*([\"']{name}[\"'])"
            rf"|@@map\(\s*(?:name:\s*)?(\"{name}\")|^model\s+({name})\s*\{{", re.IGNORECASE | re.MULTILINE,
        )

    def found(self) -> Base:
        for files in self.declared():
            spans = [span for file in files if (span := _created(file, self.table)) is not None]
            if spans:
                return Base(self.table, spans[0], files, sure=True)
        other = self.of_another_database()
        if other is not None:
            return Base(self.table, other)
        in_code = self.in_code()
        if in_code is not None:
            return in_code
        loose = list(self.loose())
        if len(loose) == 1:
            file, span = loose[0]
            return Base(self.table, span, (file,))
        return Base(self.table, loose[0][1] if loose else next(self.mentioned(), None))

    def declared(self) -> Iterator[tuple[SqlFile, ...]]:
        """The files that are said to make this database: its schema, and migrations of others that declare it."""
        yield self.source.schema_files
        mine = self.source.ids
        for other in self.project.databases_found.d1:
            if other is not self.source and other.ids & mine:
                yield other.own_files

    def of_another_database(self) -> Span | None:
        for other in self.project.databases_found.d1:
            for file in other.own_files if other is not self.source else ():
                span = _created(file, self.table)
                if span is not None:
                    return span
        return None

    def in_code(self) -> Base | None:
        """The statements of the code that make tables in this database, when one of them makes the table."""
        made = self.project.queries_found.made_by_code(self.source)
        for sql, span in made.items():
            if _creates(sql, self.table):
                return Base(self.table, span, statements=tuple(f"{sql}\n;" for sql in made), sure=True)
        return None

    def loose(self) -> Iterator[tuple[SqlFile, Span]]:
        """.sql files that nobody says are run, and that create the table."""
        from edgelint.project.database_finder import MAX_SQL
        from edgelint.project.databases import SqlFile

        applied = {file.path for source in self.project.databases_found.d1 for file in source.own_files}
        for path in self.project.discovered.sql:
            known = self.project.databases_found.files.get(path)
            source = self.project.graph.text(path) if known is None and path not in applied else None
            if source is not None and len(source.data) <= MAX_SQL:
                known = SqlFile(path, source)
            if known is not None and path not in applied:
                span = _created(known, self.table)
                if span is not None:
                    yield known, span

    def mentioned(self) -> Iterator[Span]:
        """Text that creates the table, or says to a library that it is there: in code, in tests, in documents."""
        project = self.project
        for path in project.discovered.sources:
            file = project.files.get(path)
            source = file.source if file is not None else project.graph.text(path)
            if source is not None:
                yield from self.matches(source, self.in_sql, self.in_orm)
        for path in (*project.discovered.texts, *self.prisma()):
            data = project.consult(path)
            try:
                source = Source(path, data) if data is not None else None
            except UnreadableSource:
                source = None
            if source is not None:
                yield from self.matches(source, self.in_sql, *((self.in_orm,) if path.endswith(".prisma") else ()))

    def prisma(self) -> Iterator[str]:
        for folder in self.project.discovered.directories:
            if posixpath.basename(folder) == "prisma":
                yield f"{folder}/schema.prisma"

    @staticmethod
    def matches(source: Source, *patterns: re.Pattern[str]) -> Iterator[Span]:
        for pattern in patterns:
            for match in pattern.finditer(source.text):
                start, end = match.span(match.lastindex or 0)
                yield Span(source.path, source.byte_offset(start), source.byte_offset(end))


def _creates(sql: str, table: str) -> bool:
    found = Elsewhere()
    found.add_sql(sql)
    return found.has_table(table)


def _created(file: SqlFile, table: str) -> Span | None:
    """Where a .sql file creates ``table``, or gives another its name: the name there."""
    for definition in definitions(file.text):
        if isinstance(definition, CreateTable) and definition.name.text.lower() == table.lower():
            return file.span(definition.name.start, definition.name.end)
        if isinstance(definition, AlterTable) and definition.action == "rename" and definition.new is not None:
            if definition.new.text.lower() == table.lower():
                return file.span(definition.new.start, definition.new.end)
    return None
