"""SQL that works and costs more as the table grows: the strict profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.diagnostics import Finding
from edgelint.project.sql_shapes import leading_wildcards, offsets, stars, unbounded
from edgelint.project.sql_units import code_units, pieces

if TYPE_CHECKING:
    from edgelint.project.project import Project


@check("sql/select-star")
def select_star(project: Project) -> Iterator[Finding]:
    """SELECT *."""
    for _, word, span in pieces(code_units(project), stars):
        yield Finding(span, f"{word.text} reads every column, those that a later migration adds too")


@check("sql/offset-pagination")
def offset_pagination(project: Project) -> Iterator[Finding]:
    """OFFSET with a value that grows."""
    for _, _, span in pieces(code_units(project), offsets):
        yield Finding(
            span, "every row that OFFSET skips is read, and billed, on every page",
            help="page by the last key seen: WHERE id > ? ORDER BY id LIMIT ?",
        )


@check("sql/leading-wildcard")
def leading_wildcard(project: Project) -> Iterator[Finding]:
    """A pattern that begins with a wildcard."""
    for _, _, span in pieces(code_units(project), leading_wildcards):
        yield Finding(
            span, "a pattern that begins with % is looked for in every row: no index helps",
            help="full-text search (FTS5)",
        )


@check("sql/unbounded-select")
def unbounded_select(project: Project) -> Iterator[Finding]:
    """A query of the code whose number of rows nothing bounds."""
    for query in project.queries:
        for asked in query.asked:
            word = unbounded(asked.sql, asked.shape.schema, asked.plan) if asked.prepared is not None else None
            span = asked.span(word.start, word.end) if word is not None else None
            if word is not None and span is not None:
                yield Finding(
                    span, f"nothing bounds how many rows of {word.what} this reads and returns",
                    help="add a LIMIT, and page",
                )
