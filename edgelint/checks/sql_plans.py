"""How SQLite runs a statement: what it reads whole, what it sorts, and the index that would spare it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.diagnostics import Finding, Severity
from edgelint.project.indexes import lacking
from edgelint.project.new_migration import index_fix

if TYPE_CHECKING:
    from edgelint.project.project import Project


@check("sql/full-table-scan")
def full_table_scan(project: Project) -> Iterator[Finding]:
    """A table that is read whole for some of its rows."""
    for found in lacking(project):
        if found.kind == "scan":
            yield Finding(
                found.span,
                f"each run reads all rows of '{found.table}', and each is billed: no index serves this query",
                (),
                f"with this index only the rows that are wanted are read: {found.made.sql}",
                index_fix(found.asked.shape.source, found.made),
                severity=Severity.INFO if found.asked.shape.source.kind != "d1" else None,
            )


@check("sql/temporary-sort")
def temporary_sort(project: Project) -> Iterator[Finding]:
    """Rows that are sorted each time."""
    for found in lacking(project):
        if found.kind == "sort":
            message = "all rows that match are read and sorted at each run"
            if found.limited:
                message += ", then all but a few are dropped"
            yield Finding(
                found.span, message, (), f"with this index they come in order: {found.made.sql}",
                index_fix(found.asked.shape.source, found.made),
                severity=Severity.WARNING if found.limited else None,
            )
