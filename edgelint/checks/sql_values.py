"""SQL and the values bound to it: what a database makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._fixes_values import array_bound, converted, unquoted
from edgelint.checks._sql_fixes import replacement
from edgelint.diagnostics import Edit, Finding, Fix, Related, Severity
from edgelint.project.bound_values import kind_of
from edgelint.project.quoted_strings import in_files, quoted_strings
from edgelint.project.sql_units import Unit, code_units, file_units, pieces
from edgelint.project.sql_words import Word, null_comparisons, quoted_placeholders
from edgelint.syntax.sql import placeholders, statements

if TYPE_CHECKING:
    from edgelint.project.databases import DatabaseSource
    from edgelint.project.project import Project
    from edgelint.project.sql_text import Place

_ARRAYS = ("array", "text-array", "bytes-array")
# What D1 says: https://github.com/cloudflare/workerd/blob/main/src/cloudflare/internal/d1-api.ts (bind), 2026-11-25.
_D1 = {
    "undefined": ("undefined is refused: bind() throws D1_TYPE_ERROR", "write null, or value ?? null"),
    "date": ("a Date is refused: bind() throws D1_TYPE_ERROR", "bind date.toISOString(), or date.getTime()"),
    "object": ("an object is refused: bind() throws D1_TYPE_ERROR", "bind JSON.stringify(value)"),
    "function": ("a function is refused: bind() throws D1_TYPE_ERROR", None),
    "bigint": ("a BigInt is refused: bind() throws D1_TYPE_ERROR", "bind value.toString(), for a TEXT column"),
}
_D1_PYTHON = {
    "date": ("a datetime is refused: bind() throws D1_TYPE_ERROR", "bind value.isoformat()"),
    "decimal": ("a Decimal is refused: bind() throws D1_TYPE_ERROR", "bind str(value), for a TEXT column"),
    "object": ("a dict is refused: bind() throws D1_TYPE_ERROR", "bind json.dumps(value)"),
    "function": ("a function is refused: bind() throws D1_TYPE_ERROR", None),
    "large": ("an int over 2**53 becomes a BigInt, which D1 refuses", "bind str(value), for a TEXT column"),
}
# What becomes of it: facts of a local run of workerd 1.20260426, SQL of a Durable Object.
_STORED = {
    "date": ("a Date is stored as its text, in words and in local time", "give date.toISOString()"),
    "object": ("an object is stored as the text [object Object]", "give JSON.stringify(value)"),
    "boolean": ("a boolean is stored as the text true or false, which no comparison with 1 or 0 finds",
                "give Number(value)"),
}  # fmt: skip
_OBJECT = {"bigint": ("a BigInt is refused: exec() throws", "give value.toString(), for a TEXT column"), **_STORED}


@check("sql/unsupported-parameter-type")
def unsupported_parameter_type(project: Project) -> Iterator[Finding]:
    """A bound value of a type that the database refuses, or stores as something else."""
    for unit, place in _bound(project):
        kind = kind_of(place, project.evaluator)
        python = place.file.language == "python"
        known = _OBJECT if not unit.is_d1 else _D1_PYTHON if python else _D1
        if place.node is None or kind is None or kind not in known:
            continue
        message, help = known[kind]
        yield Finding(
            place.file.span(place.node), message, _where(unit, place), help, converted(unit, place, kind),
            severity=Severity.WARNING if known is _OBJECT and kind in _STORED else None,
        )


@check("sql/array-parameter")
def array_parameter(project: Project) -> Iterator[Finding]:
    """An array bound to one placeholder."""
    for unit, place in _bound(project):
        kind = kind_of(place, project.evaluator)
        if kind not in _ARRAYS or place.node is None or not unit.is_d1:
            continue
        clause = _clause(unit, place)
        if clause != "in" and kind != "text-array":
            continue  # an array of numbers is how D1 takes the bytes of a BLOB
        message = (
            "an array is bound to one placeholder of IN: D1 takes it for the bytes of a BLOB, or refuses it"
            if clause == "in"
            else "an array is refused: bind() throws D1_TYPE_ERROR"
        )
        help = (
            "IN (SELECT value FROM json_each(?)) with a JSON array" if clause == "in"
            else "bind(*values)" if place.file.language == "python" else "bind(...values), or JSON.stringify(values)"
        )
        yield Finding(
            place.file.span(place.node), message, _where(unit, place), help, array_bound(unit, place, clause)
        )


@check("sql/quoted-placeholder")
def quoted_placeholder(project: Project) -> Iterator[Finding]:
    """A placeholder between quotes, which is text."""
    for unit in code_units(project):
        if unit.body is None or not unit.is_known or not unit.body.exact or not unit.body.aligned:
            continue
        quoted = quoted_placeholders(unit.text)
        real = max((place.number for place in placeholders(unit.text)), default=0)
        if not quoted or len(unit.body.values) != real + len(quoted):
            continue
        for word in quoted:
            span = unit.span(word.start, word.end)
            if span is not None:
                inner = word.text.strip("'")
                parts = [part for part in ("'%'" if inner.startswith("%") else "", "?",
                                           "'%'" if inner.endswith("%") else "") if part]
                yield Finding(
                    span,
                    f"{word.text} is text, not a placeholder: the statement takes {real} "
                    f"value{'s' if real != 1 else ''} and is given {len(unit.body.values)}, so it fails",
                    help=f"write {' || '.join(parts)}",
                    fix=unquoted(unit, word),
                )


@check("sql/null-comparison")
def null_comparison(project: Project) -> Iterator[Finding]:
    """A comparison with NULL, which is never true."""
    for unit, word, span in pieces((*code_units(project), *file_units(project)), null_comparisons):
        # What finds no row today would delete or change some: that wants a look.
        reads = not any(one.verb in ("DELETE", "UPDATE") for one in statements(unit.text))
        fix = replacement(unit, word.start, word.end, word.what, f"Write {word.what}", safe=reads)
        message = f"{word.text} is never true, whatever the column holds"
        yield Finding(span, message, help=f"write {word.what}", fix=fix)


@check("sql/double-quoted-string")
def double_quoted_string(project: Project) -> Iterator[Finding]:
    """Text in double quotes, which is a name until there is no such column."""
    for query in project.queries:
        for asked in query.asked:
            if '"' not in asked.sql or asked.prepared is None or not asked.shape.whole:
                continue
            for word in quoted_strings(asked.sql, asked.shape.exact().prepare):
                unit = Unit(asked.text.text, asked.statement, asked.text, None)
                yield from _string(unit, word, asked.at)
    for source in project.databases:
        if source.kind == "d1" and source.is_whole:
            yield from _strings_of(project, source)


def _strings_of(project: Project, source: DatabaseSource) -> Iterator[Finding]:
    """Strings in the files that make a schema."""
    if not any('"' in file.text for file in source.files):
        return
    database = type(source.database()).memory()
    for file in source.files:
        for word in in_files(database, file.text):
            if project.shows(file.path):
                yield from _string(Unit(file.text, None, None, file), word, 0)
    database.close()


def _string(unit: Unit, word: Word, at: int) -> Iterator[Finding]:
    span = unit.span(at + word.start, at + word.end)
    if span is None:
        return
    written = unit.written(at + word.start, at + word.end)
    fix = None
    if written is not None and written.replace(b"\\", b"") == word.text.encode():
        if unit.takes_single_quotes(at + word.start):
            fix = Fix(f"Write {word.what}", (Edit(span, word.what),), True)
    yield Finding(
        span,
        f"{word.text} is the name of a column to SQL: it is taken for text only because there is no such column",
        help=f"write {word.what}",
        fix=fix,
    )


def _bound(project: Project) -> Iterator[tuple[Unit, Place]]:
    """Every value that is known to be bound to one placeholder, once."""
    seen: set[tuple[str, int, int]] = set()
    for unit in code_units(project):
        for place in unit.body.values if unit.body is not None else ():
            if place.node is not None:
                key = (place.file.path, place.node.start, place.node.end)
                if key not in seen or place.frame is not None:
                    seen.add(key)
                    yield unit, place


def _clause(unit: Unit, place: Place) -> str | None:
    """The clause in which the placeholder of a value stands, where it can be told."""
    if unit.body is None or not unit.body.exact or not unit.body.paired or not unit.is_known:
        return None
    number = next(i for i, value in enumerate(unit.body.values, 1) if value is place)
    return next((p.clause for p in placeholders(unit.text) if p.number == number), None)


def _where(unit: Unit, place: Place) -> tuple[Related, ...]:
    statement = unit.statement
    if statement is None or statement.bind is None or place.node is None:
        return ()
    if statement.file is place.file and statement.bind.start <= place.node.start < statement.bind.end:
        return ()
    return (Related(statement.file.span(statement.bind), "it is bound here"),)
