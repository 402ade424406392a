"""SQL that D1 does not do: statements, functions, PRAGMAs, other databases' words, and what is over its limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._sql_fixes import one_line, replacement
from edgelint.diagnostics import Finding
from edgelint.platform import limits
from edgelint.project.exec_lines import broken_lines
from edgelint.project.sql_foreign import foreign, is_foreign_function
from edgelint.project.sql_units import Unit, code_units
from edgelint.project.sql_words import (
    called,
    large_integers,
    long_patterns,
    pragma_refusal,
    pragmas,
    refusal,
    refused_statements,
    too_many_terms,
)
from edgelint.syntax.sql import placeholders

if TYPE_CHECKING:
    from edgelint.project.project import Project


@check("sql/unsupported-statement")
def unsupported_statement(project: Project) -> Iterator[Finding]:
    """A statement that D1 and the SQL of Durable Objects refuse."""
    for unit in code_units(project):
        for word in refused_statements(unit.text):
            span = unit.span(word.start, word.end)
            if span is None:
                continue
            help = None
            if word.what == "transaction":
                message = f"{word.text} is refused: transactions are not made with SQL here"
                help = (
                    "one db.batch() is one transaction" if unit.is_d1
                    else "use ctx.storage.transactionSync(() => { ... })"
                )
            elif word.what == "module":
                message = f"virtual tables of {word.text} are refused"
                help = "there are fts5, fts5vocab, rtree and rtree_i32"
            elif word.what == "temporary":
                message = f"{word.text} objects are refused"
                help = "use a WITH clause, or a table that is dropped again"
            else:
                message = f"{word.text} is refused"
            yield Finding(span, message, help=help)


@check("sql/unsupported-function")
def unsupported_function(project: Project) -> Iterator[Finding]:
    """A function that D1's SQLite lacks, or has and refuses."""
    for unit in code_units(project):
        for word in called(unit.text):
            said = refusal(word.text, word.what == "table") if word.text.isidentifier() else None
            span = unit.span(word.start, word.end)
            if said is not None and span is not None and not is_foreign_function(word.text):
                near = {"power": "pow", "ceiling": "ceil", "log10": "log", "if": "iif"}.get(word.text)
                yield Finding(span, f"D1 refuses {word.text}(): {said}", help=f"use {near}()" if near else None)


@check("sql/unsupported-pragma")
def unsupported_pragma(project: Project) -> Iterator[Finding]:
    """A PRAGMA, or an argument of one, that D1 refuses."""
    for unit in code_units(project):
        if not unit.is_known:
            continue
        for pragma in pragmas(unit.text):
            said = pragma_refusal(pragma.text)
            span = unit.span(pragma.start, pragma.end)
            if said is not None and span is not None:
                yield Finding(span, f"PRAGMA {pragma.name} is refused here: {said}")


@check("sql/ineffective-pragma")
def ineffective_pragma(project: Project) -> Iterator[Finding]:
    """A PRAGMA that is taken and does nothing."""
    for unit in code_units(project):
        for pragma in pragmas(unit.text) if unit.is_d1 else ():
            span = unit.span(pragma.start, pragma.end)
            if span is None or pragma.argument is None:
                continue
            if pragma.name == "foreign_keys":
                yield Finding(
                    span,
                    "PRAGMA foreign_keys does nothing: D1 runs every query in a transaction, where it cannot be "
                    "changed; foreign keys are always on",
                    help="PRAGMA defer_foreign_keys = ON, in the same batch, puts the checks off to its end",
                )
            elif pragma.name == "defer_foreign_keys" and _stands_alone(unit):
                yield Finding(
                    span,
                    "PRAGMA defer_foreign_keys lasts until the end of a transaction, and this query has one to itself",
                    help="give it to db.batch() together with the statements it is for",
                )


def _stands_alone(unit: Unit) -> bool:
    statement = unit.statement
    if statement is None:
        return False
    if statement.call.verb == "exec":
        return "\n" not in unit.text.strip() and ";" not in unit.text.strip().rstrip(";")
    return statement.run is not None and statement.run.verb in ("run", "all", "first", "raw")


@check("sql/foreign-dialect")
def foreign_dialect(project: Project) -> Iterator[Finding]:
    """Words of PostgreSQL, MySQL or SQL Server that SQLite does not know."""
    for unit in code_units(project):
        for found in foreign(unit.text) if unit.is_known else ():
            span = unit.span(found.start, found.end)
            if span is not None:
                fix = None
                if found.edit is not None:
                    fix = replacement(unit, found.edit_start, found.edit_end, found.edit, f"Write {found.edit}")
                message = f"{found.message}: the statement fails"
                yield Finding(span, message, help=f"SQLite has {found.instead}", fix=fix)


@check("sql/multi-line-exec")
def multi_line_exec(project: Project) -> Iterator[Finding]:
    """A statement over several lines in exec(), which runs each line by itself."""
    for unit in code_units(project):
        if unit.statement is None or unit.statement.call.verb != "exec" or not unit.is_d1 or not unit.is_known:
            continue
        for line in broken_lines(unit.text)[:1]:
            span = unit.span(line.start, line.end)
            if span is not None:
                yield Finding(
                    span,
                    f"D1 runs each line given to exec() as a statement of its own: this one fails ({line.message})",
                    help="write each statement on one line, or use prepare() and batch()",
                    fix=one_line(unit),
                )


@check("sql/compound-select-limit")
def compound_select_limit(project: Project) -> Iterator[Finding]:
    """More terms of UNION, INTERSECT and EXCEPT than D1 takes."""
    for unit in code_units(project):
        for word in too_many_terms(unit.text):
            span = unit.span(word.start, word.end)
            if span is not None:
                yield Finding(
                    span,
                    f"a compound SELECT of {word.what} terms fails (too many terms in compound SELECT): "
                    f"D1 takes {limits.D1_MAX_COMPOUND_SELECT}",
                    help="VALUES (...), (...) and IN (SELECT value FROM json_each(?)) have no such limit",
                )


@check("sql/too-many-parameters")
def too_many_parameters(project: Project) -> Iterator[Finding]:
    """More bound parameters than D1 takes."""
    most = limits.D1_MAX_BOUND_PARAMETERS
    for unit in code_units(project):
        places = placeholders(unit.text)
        over = next((place for place in places if place.exact and place.number > most), None)
        span = unit.span(over.start, over.end) if over is not None else None
        if span is not None:
            yield Finding(
                span,
                f"the statement has {max(place.number for place in places)} parameters and fails "
                f"(too many SQL variables): D1 takes {most}",
                help="bind one JSON array and read it with json_each(?), or use db.batch()",
            )


@check("sql/like-pattern-length")
def like_pattern_length(project: Project) -> Iterator[Finding]:
    """A LIKE or GLOB pattern that is longer than D1 takes."""
    for unit in code_units(project):
        for word in long_patterns(unit.text):
            span = unit.span(word.start, word.end)
            if span is not None:
                yield Finding(
                    span,
                    f"a pattern of {word.what} bytes fails (LIKE or GLOB pattern too complex): "
                    f"D1 takes {limits.D1_MAX_LIKE_PATTERN}",
                    help="use instr(column, ?) > 0, or full-text search (FTS5)",
                )


@check("sql/integer-precision")
def integer_precision(project: Project) -> Iterator[Finding]:
    """An integer that JavaScript cannot hold."""
    for unit in code_units(project):
        for word in large_integers(unit.text):
            span = unit.span(word.start, word.end)
            if span is not None:
                yield Finding(
                    span,
                    f"SQLite stores {word.text}, and code reads {float(word.text):.0f}: results are JavaScript numbers",
                    help="keep large ids as TEXT",
                )
