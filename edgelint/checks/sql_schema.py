"""SQL against the schema it runs on: what SQLite refuses, and results that lose a column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._sql_fixes import replacement
from edgelint.diagnostics import Confidence, Finding, Fix, Severity
from edgelint.project.duplicates import duplicates
from edgelint.project.refusals import Refusal, aliases, columns_of, refusals, tables_of
from edgelint.project.sql_units import Unit
from edgelint.project.sweeping import sweeps

if TYPE_CHECKING:
    from edgelint.project.databases import DatabaseSource
    from edgelint.project.project import Project


@check("sql/unknown-table")
def unknown_table(project: Project) -> Iterator[Finding]:
    """A table that nothing creates in the database the statement reaches."""
    for refusal in refusals(project):
        if refusal.kind != "table":
            continue
        source = refusal.asked.shape.source
        others = [
            other for other in project.databases
            if other is not source and (shape := project.queries_found.shape(other)) is not None
            and refusal.name.lower() in {name.lower() for name in (*shape.schema.tables, *shape.schema.views)}
        ]
        schema = refusal.asked.shape.schema
        help: str | None
        fix = None
        if others:
            help = f"a table of this name is in {_called(others[0])}: is this the wrong binding?"
        else:
            help = meant(refusal.name, [*schema.tables, *schema.views], "its tables are {}")
            fix = _renamed(refusal, [*schema.tables, *schema.views])
        yield _finding(refusal, f"{_made(source)} creates a table '{refusal.name}'", help, fix)


@check("sql/unknown-column")
def unknown_column(project: Project) -> Iterator[Finding]:
    """A column that no table of the statement has."""
    for refusal in refusals(project):
        if refusal.kind != "column":
            continue
        asked = refusal.asked
        qualifier, _, name = refusal.name.rpartition(".")
        named = aliases(asked)
        table = named.get(qualifier.lower()) if qualifier else None
        tables = [table] if table is not None else sorted(tables_of(asked))
        columns = list(dict.fromkeys(c for t in tables for c in columns_of(asked.shape.schema, t)))
        if qualifier and table is None:
            message = f"no table or alias '{qualifier}' of this statement has a column '{name}'"
        elif len(tables) == 1:
            message = f"the table '{tables[0]}' has no column '{name}'"
        else:
            message = f"no table of this statement has a column '{name}'"
        listing = "its columns are {}" if len(tables) == 1 else ""
        yield _finding(refusal, message, meant(name, columns, listing), _renamed(refusal, columns))


@check("sql/ambiguous-column")
def ambiguous_column(project: Project) -> Iterator[Finding]:
    """A column that several tables of the statement have, without saying whose."""
    for refusal in refusals(project):
        if refusal.kind == "ambiguous":
            asked = refusal.asked
            name = refusal.name.lower()
            having = [
                alias for alias, table in aliases(asked).items()
                if name in {c.lower() for c in columns_of(asked.shape.schema, table)}
            ]
            message = f"'{refusal.name}' may be the column of more than one table here"
            yield _finding(refusal, message, f"say whose: {having[-1]}.{refusal.name}" if having else None)


@check("sql/syntax-error")
def syntax_error(project: Project) -> Iterator[Finding]:
    """A statement that SQLite does not understand."""
    for refusal in refusals(project):
        if refusal.kind in ("syntax", "other"):
            yield _finding(refusal, f"SQLite refuses this statement: {refusal.error.message}", None)


@check("sql/duplicate-result-column")
def duplicate_result_column(project: Project) -> Iterator[Finding]:
    """Two result columns of one name: each row is an object, and the last one wins."""
    for found in duplicates(project):
        first, second = found.first, found.second
        yield Finding(
            found.span,
            f"two columns of the result are called '{found.name}' ({first} and {second}): a row is an object, and "
            f"keeps only {second}",
            (),
            f"give one of them another name: {first} AS {first.replace('.', '_')}",
        )


def _renamed(refusal: Refusal, known: list[str]) -> Fix | None:
    """The one known name that is near, in the place of the last part of the one that is written. Unsafe: a guess."""
    asked = refusal.asked
    name = refusal.name.rpartition(".")[2]
    near = _near(name, known, 0.75)
    text = asked.sql[refusal.start : refusal.end]
    if near is None or not text.endswith(name) or not near.isidentifier() or not name.isidentifier():
        return None
    if abs(len(near) - len(name)) > _SLIP:
        return None
    end = asked.at + refusal.end
    unit = Unit(asked.text.text, asked.statement, asked.text, None)
    return replacement(unit, end - len(name), end, near, f"Write {near}", safe=False)


def _finding(refusal: Refusal, message: str, help: str | None, fix: Fix | None = None) -> Finding:
    source = refusal.asked.shape.source
    told = message
    if refusal.kind in ("table", "column", "ambiguous"):
        told = f'{message}: the query fails with "{refusal.error.message}"'
    if source.kind == "d1" and not source.migrations and refusal.kind in ("table", "column"):
        # a schema file is what somebody ran once; migrations are what runs
        return Finding(refusal.span, told, (), help, fix, severity=Severity.WARNING, confidence=Confidence.MEDIUM)
    return Finding(refusal.span, told, (), help, fix)


def _made(source: DatabaseSource) -> str:
    if source.kind == "durable-object":
        return f"nothing in {source.name}"
    if source.migrations:
        return f"no migration in {source.directory or '.'}/"
    return f"nothing in {source.schema_files[0].path if source.schema_files else 'the schema of the database'}"


def _called(source: DatabaseSource) -> str:
    if source.kind == "durable-object":
        return f"the Durable Object {source.name}"
    names = " and ".join(sorted(source.names))
    return f"the database '{source.name}' ({names})" if names else f"the database '{source.name}'"


def meant(name: str, known: list[str], listing: str) -> str | None:
    """Which of the known names was probably meant, else which there are."""
    near = _near(name, known)
    if near is not None:
        return f"did you mean '{near}'?"
    shown = [one for one in known if not one.startswith(("d1_", "_cf_", "sqlite_"))]
    if not listing or not shown:
        return None
    return listing.format(", ".join(shown[:12]) + (", ..." if len(shown) > 12 else ""))


_SLIP = 3  # letters that a slip adds or leaves out; what differs by more may be another thing


def _near(name: str, known: list[str], cutoff: float = 0.7) -> str | None:
    from difflib import get_close_matches  # only when something is wrong

    close = get_close_matches(name.lower(), [one.lower() for one in known], n=1, cutoff=cutoff)
    return next(one for one in known if one.lower() == close[0]) if close else None


@check("sql/write-without-where")
def write_without_where(project: Project) -> Iterator[Finding]:
    """An UPDATE or DELETE of every row of a table."""
    for sweep in sweeps(project):
        span = sweep.text.span(sweep.start, sweep.end)
        if span is not None:
            done = "deletes" if sweep.verb == "DELETE" else "changes"
            yield Finding(
                span,
                f"this {done} every row of {sweep.table}: it has no WHERE",
                help="add WHERE; if all rows are meant, say so in the name of the function",
            )
