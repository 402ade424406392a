"""``edgelint queries``: every SQL text in code, the database it reaches, and what SQLite makes of it there."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelint.cli import CLEAN, terminal
from edgelint.cli.reading import read
from edgelint.report.escape import unicode, visible
from edgelint.report.model import Files, counted, seen_from
from edgelint.report.style import Style

if TYPE_CHECKING:
    from edgelint.project.prepared import Asked, Query

SHOWN = 100
"""Characters of a statement that a line of text shows."""


def show(path: Path, format_: str, config: Path | None, color: str) -> int:
    """Print the statements of the code at ``path``; returns the exit status."""
    with terminal.progress(f"Reading {path}"):
        project, place = read(path, config)
        found = [query for query in project.queries if _is_in(query, place)]
        for query in found:
            for asked in query.asked:
                asked.plan  # noqa: B018  asked for here, while it is said that something is going on
    files = Files(project.root)
    if format_ == "json":
        terminal.write([json.dumps(_object(found, files), indent=2) + "\n"])
        return CLEAN
    style = Style(terminal.colours(color, sys.stdout))
    terminal.write(f"{line}\n" for query in found for line in _text(query, files, style))
    for line in _summary(found):
        terminal.say(line)
    return CLEAN


def _is_in(query: Query, place: str) -> bool:
    path = query.statement.call.file.path
    return place == "." or path == place or path.startswith(f"{place}/")


def _skipped(found: Sequence[Query]) -> Counter[str]:
    return Counter(query.skipped for query in found if query.skipped is not None)


def _summary(found: Sequence[Query]) -> Iterator[str]:
    analysed = sum(bool(query.asked) for query in found)
    yield f"{counted(len(found), 'statement')}, {analysed} analysed."
    for reason, number in sorted(_skipped(found).items(), key=lambda item: (-item[1], item[0])):
        yield f"  {number} not, or not in every form: {reason}"


# -- text ----------------------------------------------------------------------------------------------------


def _text(query: Query, files: Files, style: Style) -> Iterator[str]:
    span = query.statement.span
    place = files.place(span)
    shown = visible(seen_from(Path.cwd(), files.root, span.path))
    where = f"{style.bold(shown)}:{place.line}:{place.column}"
    names = ", ".join(source.name for source in query.sources) or "database not known"
    yield f"{where} {style.dim(names)}"
    if not query.asked:
        for text in query.statement.texts[:1]:
            yield f"    {_line(text.text)}"
        yield f"    {style.dim(f'not analysed: {query.skipped}')}"
        return
    for asked in _each(query):
        yield f"    {_line(asked.sql)}"
        if asked.error is not None:
            yield f"      {style.severity(_error(), 'fails')}: {visible(asked.error.message)}"
            continue
        assert asked.prepared is not None
        written = {_target(name) for _, name in asked.prepared.writes}
        tables = sorted(written | {table for table, _ in asked.prepared.reads})
        parameters = len(asked.prepared.parameters)
        said = [f"tables {', '.join(tables)}" if tables else "no tables"]
        if parameters:
            said.append(counted(parameters, "parameter"))
        yield f"      {style.dim('; '.join(map(visible, said)))}"
        yield from (f"      {'  ' * depth}{visible(detail)}" for depth, detail in _plan(asked))


def _each(query: Query) -> Iterator[Asked]:
    """The statements of a query, each text on each database once."""
    seen = set()
    for asked in query.asked:
        key = (asked.sql, id(asked.shape))
        if key not in seen:
            seen.add(key)
            yield asked


def _plan(asked: Asked) -> Iterator[tuple[int, str]]:
    depths = {0: -1}
    for step in asked.plan:
        depths[step.id] = depths.get(step.parent, -1) + 1
        yield depths[step.id], step.detail


def _target(name: str) -> str:
    """The table of a write, which for an update has the column behind it."""
    return name.partition(".")[0]


def _line(sql: str) -> str:
    """A statement on one line, cut short; a part that is not known is three dots."""
    line = visible(" ".join(sql.replace("\ufffc", "...").split()))
    return line if len(line) <= SHOWN else line[: SHOWN - 3] + "..."


def _error() -> Any:
    from edgelint.diagnostics import Severity

    return Severity.ERROR


# -- JSON ----------------------------------------------------------------------------------------------------


def _object(found: Sequence[Query], files: Files) -> dict[str, Any]:
    return {
        "version": 1,
        "queries": [_query(query, files) for query in found],
        "summary": {
            "statements": len(found),
            "analysed": sum(bool(query.asked) for query in found),
            "skipped": dict(sorted(_skipped(found).items())),
        },
    }


def _query(query: Query, files: Files) -> dict[str, Any]:
    span = query.statement.span
    place = files.place(span)
    return {
        "path": unicode(span.path),
        "range": {
            "start": {"line": place.line, "column": place.column},
            "end": {"line": place.end_line, "column": place.end_column},
        },
        "databases": [{"name": source.name, "kind": source.kind} for source in query.sources],
        "texts": [unicode(text.text.replace("\ufffc", "\u2026")) for text in query.statement.texts],
        "statements": [_asked(asked) for asked in _each(query)],
        "skipped": query.skipped,
    }


def _asked(asked: Asked) -> dict[str, Any]:
    prepared = asked.prepared
    return {
        "database": asked.shape.source.name,
        "sql": unicode(asked.sql),
        "columns": [column.name for column in prepared.columns] if prepared else [],
        "parameters": list(prepared.parameters) if prepared else [],
        "reads": sorted([table, column] for table, column in prepared.reads) if prepared else [],
        "writes": sorted([verb, name] for verb, name in prepared.writes) if prepared else [],
        "plan": [{"id": step.id, "parent": step.parent, "detail": step.detail} for step in asked.plan],
        "error": None if asked.error is None else {"message": asked.error.message, "code": asked.error.code},
    }
