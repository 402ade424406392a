"""Migrations: what happens when wrangler applies them, on an empty database and on one with rows."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._fixes_statements import without_transactions
from edgelint.diagnostics import Confidence, Finding, Related, Severity
from edgelint.patterns import later
from edgelint.project.applied import changes
from edgelint.project.bases import created_later, missing_table
from edgelint.project.chains import (
    changed_tables,
    destroyed,
    failures,
    hangs_on_schema,
    head,
    is_transaction,
    links,
)
from edgelint.project.sql_words import pragmas, refused_statements
from edgelint.project.still_used import still_used
from edgelint.syntax.ddl import AlterTable, Drop
from edgelint.syntax.sql import tokens

if TYPE_CHECKING:
    from edgelint.d1.errors import D1Error
    from edgelint.d1.replay import Loss
    from edgelint.project.chains import Link
    from edgelint.project.databases import Migration
    from edgelint.project.project import Project

_OFF = ("off", "0", "false", "no")
_DAY = later(r"(?:19|20)\d\d([-_]?)[01]\d\1[0-3]\d")  # a date without a time, as a number


@check("migrations/does-not-apply")
def does_not_apply(project: Project) -> Iterator[Finding]:
    """A migration that fails on an empty database."""
    for link, error in failures(project):
        yield _failure(link, error)


def _failure(link: Link, error: D1Error) -> Finding:
    span, told = link.error_span(error), f"this migration does not apply: {error.message}"
    base, table = link.source.base, missing_table(error.message)
    if base is not None and base.scripts and base.made is not None and error.code == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return Finding(  # its statements are good: the database is older than its migrations, and may have the rows
            span,
            f"this migration does not apply to a database without rows: {error.message}",
            (Related(base.made, f"this makes {base.table}, which no migration creates"),),
            "if these are the rows of one database, a script that is executed there once keeps new ones free of them",
            severity=Severity.WARNING, confidence=Confidence.MEDIUM,
        )
    if base is not None and base.scripts and hangs_on_schema(error):
        assert base.made is not None
        return Finding(
            span,
            f"this migration applies neither to an empty database, which has no {base.table}, nor after "
            f"{base.made.path} has made it: {error.message}",
            (Related(base.made, f"this makes {base.table}, which no migration creates"),),
            severity=Severity.WARNING, confidence=Confidence.MEDIUM,
        )
    if base is None or table is None or table.lower() != base.table.lower():
        later = created_later(link.source, len(link.earlier), table) if table is not None else None
        return Finding(span, told, (Related(later, "it is made here, later"),) if later is not None else ())
    if base.made is None:
        return Finding(span, f"{told}, which no migration creates, nor anything else in the project")
    return Finding(
        span,
        f"this migration does not apply to an empty database: {error.message}, which no migration creates",
        (Related(base.made, f"{base.table} is spoken of here"),),
        f"if the database gets {base.table} in another way, begin the migrations with a CREATE TABLE IF NOT EXISTS",
        severity=Severity.WARNING, confidence=Confidence.MEDIUM,
    )


@check("migrations/fails-with-rows")
def fails_with_rows(project: Project) -> Iterator[Finding]:
    """A migration that applies to empty tables and fails on tables with rows."""
    for link in links(project):
        failure = link.step.with_rows.failure
        if failure is None:
            continue
        when = "as soon as the table has rows"
        if failure.column is not None:
            when = f"as soon as {'.'.join(failure.column)} is NULL in a row"
        elif failure.listed:
            when = "as soon as a row has a value that the CHECK before it allowed"
        elif failure.error.code == "SQLITE_CONSTRAINT_FOREIGNKEY":
            when = "as soon as rows of other tables refer to what it drops"
        yield Finding(
            link.dropped_parent(failure.error) or link.error_span(failure.error),
            f"this migration applies to an empty database and fails {when}: {failure.error.message}",
            # it takes a row of a certain kind, which a database may not have
            severity=Severity.WARNING if failure.column is not None or failure.listed else None,
        )


@check("migrations/loses-rows")
def loses_rows(project: Project) -> Iterator[Finding]:
    """Rows of a child table that go away with a parent that is dropped or rebuilt."""
    for link in links(project):
        by_place: dict[tuple[int, int], list[Loss]] = {}
        for loss in link.step.with_rows.losses:
            by_place.setdefault((loss.start, loss.end), []).append(loss)
        for (start, end), losses in by_place.items():
            places = link.places()
            related = []
            for loss in losses:
                span = places.key_span(loss.table, loss.key.columns)
                if span is not None:
                    related.append(Related(span, f"{loss.key.on_delete} takes effect"))
            told = "; ".join(_told(loss) for loss in losses)
            turned_off = any(_turns_off(p.name, p.argument) for p in pragmas(link.migration.text))
            reason = ", and PRAGMA foreign_keys = OFF does nothing in a transaction" if turned_off else ""
            yield Finding(
                link.span(start, end),
                f"this deletes the rows of {losses[0].parent} first, with what foreign keys do then{reason}: {told}",
                tuple(related),
                "copy the children to a table of their own and back, or change the table with ALTER TABLE only",
            )


def _told(loss: Loss) -> str:
    if loss.kind == "nulled":
        columns = ", ".join(loss.key.columns)
        return f"{columns} of {loss.table} was set in {loss.before} rows of the trial, and is in {loss.after} after it"
    return f"{loss.table} had {loss.before} rows in the trial, and has {loss.after} after it"


@check("migrations/ineffective-foreign-keys-off")
def ineffective_foreign_keys_off(project: Project) -> Iterator[Finding]:
    """PRAGMA foreign_keys = OFF in a migration that changes a table others refer to."""
    for link in links(project):
        parents = {key.table.lower() for table in link.step.before.tables.values() for key in table.foreign_keys}
        if not parents & changed_tables(link):
            continue
        for pragma in pragmas(link.migration.text):
            if _turns_off(pragma.name, pragma.argument):
                yield Finding(
                    link.span(pragma.start, pragma.end),
                    "a migration runs in a transaction, where PRAGMA foreign_keys = OFF does nothing: "
                    "foreign keys stay on, with what they delete",
                    help="PRAGMA defer_foreign_keys = ON puts the checks off to the end (it does not stop CASCADE)",
                )


def _turns_off(name: str, argument: str | None) -> bool:
    return name == "foreign_keys" and argument is not None and argument.lower() in _OFF


@check("migrations/duplicate-number")
def duplicate_number(project: Project) -> Iterator[Finding]:
    """Two migrations with one number."""
    for source in project.databases:
        first: dict[str, Migration] = {}
        for migration in source.applied if source.kind == "d1" else ():
            token = migration.token
            if migration.number is None or token is None:
                continue
            token = token.lstrip("0") or "0"
            other = first.setdefault(token, migration)
            if other is not migration and project.shows(migration.path):
                yield Finding(
                    head(migration),
                    f"{other.name} has the number {token} too: which of them comes first is decided by the rest of "
                    f"their names, and was perhaps otherwise where both were made",
                    (Related(head(other), "the other one"),),
                    # Who names migrations by the day has several of one day, and need not have mixed two branches.
                    severity=Severity.WARNING if _DAY.fullmatch(token) else None,
                )


@check("migrations/bad-prefix")
def bad_prefix(project: Project) -> Iterator[Finding]:
    """A migration without a number among others that have one."""
    for source in project.databases:
        numbered = [m for m in source.applied if m.number is not None]
        for migration in source.applied if source.kind == "d1" and len(source.applied) > 1 else ():
            if migration.number is None and project.shows(migration.path):
                message = (
                    "the name begins with no number: wrangler applies it after all that have one"
                    if numbered
                    else "no name begins with a number: wrangler applies the files in the order of their names"
                )
                yield Finding(head(migration), message, help="begin the name with the next number: 0007_name.sql")


@check("migrations/stray-file")
def stray_file(project: Project) -> Iterator[Finding]:
    """A file that looks like a migration and is none, or the other way round."""
    for source in project.databases:
        if source.kind != "d1":
            continue
        related = (Related(source.written, "the folder of migrations"),) if source.written is not None else ()
        for file in source.strays:
            inner = posixpath.relpath(file.path, source.directory or ".")
            if re.match(r"\d", inner) and project.shows(file.path):
                first = next(tokens(file.text), None)
                yield Finding(
                    file.span(first.start, first.end) if first is not None else file.span(0, 0),
                    f"wrangler never applies this file: of {source.directory} it takes {source.pattern}",
                    related,
                    'set migrations_pattern, or move it up' if "/" in inner else None,
                )
        for migration in source.migrations:
            if migration.undoes is not None and project.shows(migration.path):
                yield Finding(
                    head(migration),
                    f"wrangler applies this file as a migration of its own, after {migration.undoes}: "
                    f"what that made is taken back at once",
                    help="wrangler knows no down migrations: keep them in another folder",
                )


@check("migrations/empty")
def empty(project: Project) -> Iterator[Finding]:
    """A migration without a statement."""
    for link in links(project):
        if next(tokens(link.migration.text), None) is None:
            yield Finding(
                link.head,
                "there is no statement here: once it is applied, what is written into it later never runs",
            )


@check("migrations/explicit-transaction")
def explicit_transaction(project: Project) -> Iterator[Finding]:
    """Statements that begin or end a transaction."""
    for link in links(project):
        error = link.step.error
        if error is not None and error.code == "WRANGLER":
            yield Finding(
                link.error_span(error), "wrangler refuses a file with more than one transaction",
                fix=without_transactions(link.migration.file),
            )
        elif error is not None and is_transaction(error):
            for word in refused_statements(link.step.sent):
                if word.what == "transaction":
                    yield Finding(
                        link.span(word.start, word.end),
                        f"D1 refuses {word.text}: this migration does not apply; each is a transaction already",
                        help="leave it out",
                        fix=without_transactions(link.migration.file),
                    )


@check("migrations/destructive-statement")
def destructive_statement(project: Project) -> Iterator[Finding]:
    """A statement that takes away what a table held."""
    for link in links(project):
        for found in destroyed(link):
            yield Finding(link.span(found.start, found.end), f"when this is applied {found.what}", help=_BOOKMARK)


_BOOKMARK = "wrangler d1 time-travel info gives a bookmark to come back to; note it before"


@check("migrations/not-backward-compatible")
def not_backward_compatible(project: Project) -> Iterator[Finding]:
    """A change under which the Worker that is live breaks until the next one is."""
    for link in links(project):
        for start, end, what in _breaks(link):
            yield Finding(
                link.span(start, end),
                f"{what}: migrations are applied before the deploy, and the Worker that is live then still uses it",
                help="add first, deploy, and take away in a later migration",
            )


def _breaks(link: Link) -> Iterator[tuple[int, int, str]]:
    before = {name.lower(): table for name, table in link.step.before.tables.items()}
    after = {name.lower() for name in link.step.after.tables}
    for definition in link.step.definitions:
        if isinstance(definition, Drop):
            name = definition.name.text.lower()
            if definition.kind == "table" and name in before and name not in after:
                yield definition.start, definition.end, f"the table {before[name].name} is dropped"
        elif isinstance(definition, AlterTable) and definition.table.text.lower() in before:
            table = before[definition.table.text.lower()].name
            if definition.action == "drop" and definition.subject is not None:
                yield definition.start, definition.end, f"the column {definition.subject.text} of {table} is dropped"
            elif definition.action == "rename-column" and definition.subject is not None:
                yield definition.start, definition.end, f"the column {definition.subject.text} of {table} is renamed"
            elif definition.action == "rename" and table.lower() not in after:
                yield definition.start, definition.end, f"the table {table} is renamed"


@check("migrations/changed-after-apply")
def changed_after_apply(project: Project) -> Iterator[Finding]:
    """A migration that is not what it was when it was applied (with ``--base``)."""
    for change in changes(project):
        yield Finding(change.span, change.message, change.related, change.help)


@check("migrations/column-still-in-use")
def column_still_in_use(project: Project) -> Iterator[Finding]:
    """A column or table that a migration takes away while code still asks for it."""
    for link, place, what, uses in still_used(project):
        yield Finding(
            link.span(place.start, place.end),
            f"{what}, and the code still uses it: these statements fail once this is applied",
            tuple(Related(span, "used here") for span in uses),
            "change the code first, deploy it, then apply the migration",
        )
