"""Chains of migrations as the rules see them: each file with what became of it, and where its parts stand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.platform import d1_sql
from edgelint.project.schema_places import SchemaPlaces
from edgelint.syntax.ddl import AlterTable, Drop, unquoted
from edgelint.syntax.sql import placed, statements, tokens

if TYPE_CHECKING:
    from edgelint.d1.errors import D1Error
    from edgelint.d1.replay import Step
    from edgelint.d1.schema import Table
    from edgelint.project.databases import DatabaseSource, Migration
    from edgelint.project.project import Project


class Link(NamedTuple):
    """One migration of a chain: the file, what the replay made of it, and the files before it."""

    source: DatabaseSource
    migration: Migration
    step: Step
    earlier: tuple[Migration, ...]

    @property
    def head(self) -> Span:
        """The first word of the file: where a finding stands that is about the file as a whole."""
        return head(self.migration)

    def span(self, start: int, end: int) -> Span:
        """A range of code points of the file, within it."""
        last = len(self.migration.text)
        return self.migration.file.span(min(start, last), min(end, last))

    def places(self) -> SchemaPlaces:
        """Where the schema before this migration was written."""
        return SchemaPlaces((*self.source.before, *(m.file for m in self.earlier)))

    def error_span(self, error: D1Error) -> Span:
        """The word that SQLite points at; the statement's first line where it points at none."""
        text = self.migration.text
        if error.offset is not None and error.offset < len(text):
            for token in tokens(text[error.offset :]):
                if token.start == 0:
                    return self.span(error.offset, error.offset + token.end)
                break
        if error.statement and error.start < len(text):
            first = error.statement.split("\n", 1)[0].rstrip()
            return self.span(error.start, error.start + len(first))
        return self.head


    def dropped_parent(self, error: D1Error) -> Span | None:
        """The DROP TABLE of a table that others refer to, for a foreign key that is found violated at the end."""
        if error.statement or error.code != "SQLITE_CONSTRAINT_FOREIGNKEY":
            return None
        parents = {key.table.lower() for table in self.step.before.tables.values() for key in table.foreign_keys}
        for definition in self.step.definitions:
            if isinstance(definition, Drop) and definition.name.text.lower() in parents:
                return self.span(definition.start, definition.end)
        return None


def head(migration: Migration) -> Span:
    """The first word of a file; its beginning when it has none."""
    first = next(tokens(migration.text), None)
    return migration.file.span(first.start, first.end) if first is not None else Span(migration.path, 0, 0)


def links(project: Project) -> Iterator[Link]:
    """Every migration of every D1 database, in order."""
    for source in project.databases:
        if source.kind == "d1" and source.migrations:
            for number, (migration, step) in enumerate(zip(source.applied, source.replay.steps, strict=True)):
                if project.shows(migration.path):
                    yield Link(source, migration, step, source.applied[:number])


def failures(project: Project) -> Iterator[tuple[Link, D1Error]]:
    """Migrations that do not apply to an empty database, without those that only miss what an earlier one would have
    made, and those that are refused for their transactions."""
    broken: set[int] = set()
    for link in links(project):
        error = link.step.error
        if error is None or is_transaction(error):
            continue
        follows = id(link.source) in broken and hangs_on_schema(error)
        broken.add(id(link.source))
        if not follows:
            yield link, error


def hangs_on_schema(error: D1Error) -> bool:
    """Whether a statement is refused for what is in the database, or is not there, and not for what it says."""
    return error.message.startswith(("no such", "duplicate", "table ", "index ", "view ", "there is already"))


def is_transaction(error: D1Error) -> bool:
    """Whether a migration is refused for a statement of transactions."""
    return error.code == "WRANGLER" or error.message == d1_sql.TRANSACTION_REFUSED


class Destroyed(NamedTuple):
    """A statement that takes away what a table held: ``what`` says it in words."""

    start: int
    end: int
    what: str


def destroyed(link: Link) -> Iterator[Destroyed]:
    """Tables, columns and rows that were there before a migration and that it takes away on purpose."""
    step = link.step
    before = {name.lower(): table for name, table in step.before.tables.items()}
    after = {name.lower() for name in step.after.tables}
    text = step.sent
    copied, refilled = _copied(text), _refilled(text)
    kept = {name: table for name, table in before.items() if name not in refilled}
    for definition in step.definitions:
        if isinstance(definition, Drop) and definition.kind == "table":
            name = definition.name.text.lower()
            if name in before and name not in after and name not in copied:
                yield Destroyed(definition.start, definition.end, f"the table {before[name].name} and its rows go away")
        elif isinstance(definition, AlterTable) and definition.action == "drop" and definition.subject is not None:
            table = before.get(definition.table.text.lower())
            column = definition.subject.text
            if table is not None and any(c.name.lower() == column.lower() for c in table.columns):
                yield Destroyed(
                    definition.start, definition.end, f"the column {column} of {table.name} and its values go away"
                )
    for statement in statements(text):
        whole = text[statement.start : statement.end]
        emptied = _emptied(whole, kept) if statement.verb == "DELETE" else None
        if emptied is None and statement.verb == "UPDATE":
            emptied = _overwritten(whole, before)
        if emptied is not None:
            yield Destroyed(statement.start, statement.start + len(whole.split("\n", 1)[0].rstrip()), emptied)


def changed_tables(link: Link) -> set[str]:
    """The tables that a migration drops or whose rows it deletes or changes, in lower case."""
    found = {d.name.text.lower() for d in link.step.definitions if isinstance(d, Drop) and d.kind == "table"}
    text = link.step.sent
    for statement in statements(text):
        words = list(tokens(text[statement.start : statement.end]))
        if statement.verb in ("DELETE", "UPDATE", "REPLACE"):
            found |= {unquoted(token.text).lower() for token in words[1:4] if token.kind in ("word", "quoted")}
    return found


def _refilled(text: str) -> set[str]:
    """Tables that an INSERT puts rows into, in lower case."""
    found = set()
    for statement in statements(text):
        words = list(tokens(text[statement.start : statement.end]))
        for first, second in pairwise(words):
            if statement.verb in ("INSERT", "REPLACE", "WITH") and first.upper == "INTO":
                found.add(unquoted(second.text).lower())
    return found


def _copied(text: str) -> set[str]:
    """Tables whose rows an INSERT ... SELECT or CREATE TABLE ... AS takes over; lower case."""
    found = set()
    for statement in statements(text):
        words = list(tokens(text[statement.start : statement.end]))
        if statement.verb in ("INSERT", "REPLACE", "CREATE") and any(token.upper == "SELECT" for token in words):
            for position, token in enumerate(words[:-1]):
                if token.upper in ("FROM", "JOIN"):
                    found.add(unquoted(words[position + 1].text).lower())
    return found


def _emptied(sql: str, before: dict[str, Table]) -> str | None:
    row = list(placed(sql))
    names = [one.token for one in row if one.before is not None and one.before.upper == "FROM" and one.depth == 0]
    if not names or any(one.token.upper in ("WHERE", "LIMIT") and one.depth == 0 for one in row):
        return None
    table = before.get(unquoted(names[0].text).lower())
    return f"every row of {table.name} is deleted" if table is not None else None


def _overwritten(sql: str, before: dict[str, Table]) -> str | None:
    """What an UPDATE without WHERE writes over with one value for all rows."""
    row = list(placed(sql))
    words = [one.token.upper for one in row]
    if "WHERE" in words or "FROM" in words or "SET" not in words or len(row) < 2:
        return None
    at = words.index("SET")
    table = before.get(unquoted(row[at - 1].token.text).lower())
    if table is None:
        return None
    columns = {column.name.lower(): column.name for column in table.columns}
    assigned: list[tuple[str, bool]] = []
    position = at + 1
    while position < len(row):
        name = unquoted(row[position].token.text).lower()
        position += 2
        constant = True
        while position < len(row) and not (row[position].token.text == "," and row[position].depth == 0):
            token = row[position].token
            constant = constant and (token.kind in ("string", "number") or token.upper == "NULL")
            position += 1
        position += 1
        assigned.append((name, constant))
    lost = [columns[name] for name, constant in assigned if constant and name in columns]
    return f"{', '.join(lost)} of every row of {table.name} is written over" if lost else None
