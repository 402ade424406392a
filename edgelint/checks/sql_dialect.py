"""SQL that D1 does not do: statements, functions, PRAGMAs, other databases' words, and what is over its limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._fixes_statements import without_query
from edgelint.checks._sql_fixes import one_line, replacement
from edgelint.diagnostics import Finding
from edgelint.platform import limits
from edgelint.project.exec_lines import broken_lines
from edgelint.project.sql_foreign import foreign, is_foreign_function
from edgelint.project.sql_units import Unit, code_units, pieces
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
from edgelint.syntax.sql import Placeholder, placeholders

if TYPE_CHECKING:
    from edgelint.project.project import Project


_ON = ("on", "1", "true", "yes")


@check("sql/unsupported-statement")
def unsupported_statement(project: Project) -> Iterator[Finding]:
    """A statement that D1 and the SQL of Durable Objects refuse."""
    for unit, word, span in pieces(code_units(project), refused_statements):
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
    for unit, word, span in pieces(code_units(project), called):
        said = refusal(word.text, word.what == "table") if word.text.isidentifier() else None
        if said is not None and not is_foreign_function(word.text):
            near = {"power": "pow", "ceiling": "ceil", "log10": "log", "if": "iif"}.get(word.text)
            fix = replacement(unit, word.start, word.end, near, f"Use {near}()") if near else None
            yield Finding(span, f"D1 refuses {word.text}(): {said}", help=f"use {near}()" if near else None, fix=fix)


@check("sql/unsupported-pragma")
def unsupported_pragma(project: Project) -> Iterator[Finding]:
    """A PRAGMA, or an argument of one, that D1 refuses."""
    for unit, pragma, span in pieces(code_units(project), pragmas):
        said = pragma_refusal(pragma.text) if unit.is_known else None
        if said is not None:
            yield Finding(span, f"PRAGMA {pragma.name} is refused here: {said}")


@check("sql/ineffective-pragma")
def ineffective_pragma(project: Project) -> Iterator[Finding]:
    """A PRAGMA that is taken and does nothing."""
    for unit, pragma, span in pieces(code_units(project), pragmas):
        if not unit.is_d1 or pragma.argument is None:
            continue
        if pragma.name == "foreign_keys":
            yield Finding(
                span,
                "PRAGMA foreign_keys does nothing: D1 runs every query in a transaction, where it cannot be "
                "changed; foreign keys are always on",
                help="PRAGMA defer_foreign_keys = ON, in the same batch, puts the checks off to its end",
                fix=without_query(unit) if pragma.argument.lower() in _ON else None,
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
    for unit, found, span in pieces((u for u in code_units(project) if u.is_known), foreign):
        fix = None
        if found.edit is not None:
            fix = replacement(unit, found.edit_start, found.edit_end, found.edit, f"Write {found.edit}")
        yield Finding(span, f"{found.message}: the statement fails", help=f"SQLite has {found.instead}", fix=fix)


@check("sql/multi-line-exec")
def multi_line_exec(project: Project) -> Iterator[Finding]:
    """A statement over several lines in exec(), which runs each line by itself."""
    executed = (
        unit for unit in code_units(project)
        if unit.statement is not None and unit.statement.call.verb == "exec" and unit.is_d1 and unit.is_known
    )
    for unit, line, span in pieces(executed, lambda text: broken_lines(text)[:1]):
        yield Finding(
            span,
            f"D1 runs each line given to exec() as a statement of its own: this one fails ({line.message})",
            help="write each statement on one line, or use prepare() and batch()",
            fix=one_line(unit),
        )


@check("sql/compound-select-limit")
def compound_select_limit(project: Project) -> Iterator[Finding]:
    """More terms of UNION, INTERSECT and EXCEPT than D1 takes."""
    for _, word, span in pieces(code_units(project), too_many_terms):
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

    def first_over(text: str) -> list[Placeholder]:
        return [place for place in placeholders(text) if place.exact and place.number > most][:1]

    for unit, _, span in pieces(code_units(project), first_over):
        yield Finding(
            span,
            f"the statement has {max(place.number for place in placeholders(unit.text))} parameters and fails "
            f"(too many SQL variables): D1 takes {most}",
            help="bind one JSON array and read it with json_each(?), or use db.batch()",
        )


@check("sql/like-pattern-length")
def like_pattern_length(project: Project) -> Iterator[Finding]:
    """A LIKE or GLOB pattern that is longer than D1 takes."""
    for _, word, span in pieces(code_units(project), long_patterns):
        yield Finding(
            span,
            f"a pattern of {word.what} bytes fails (LIKE or GLOB pattern too complex): "
            f"D1 takes {limits.D1_MAX_LIKE_PATTERN}",
            help="use instr(column, ?) > 0, or full-text search (FTS5)",
        )


@check("sql/integer-precision")
def integer_precision(project: Project) -> Iterator[Finding]:
    """An integer that JavaScript cannot hold."""
    for _, word, span in pieces(code_units(project), large_integers):
        yield Finding(
            span,
            f"SQLite stores {word.text}, and code reads {float(word.text):.0f}: results are JavaScript numbers",
            help="keep large ids as TEXT",
        )
