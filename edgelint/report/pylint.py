"""``pylint``: a line per finding as pylint's ``--output-format=parseable`` writes it, for tools that read only that."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.report.escape import visible
from edgelint.report.model import Report


def render(report: Report) -> Iterator[str]:
    """``path:line: [rule] message``."""
    for diagnostic in report.diagnostics:
        line = report.files.place(diagnostic.span).line
        shown = visible(report.shown(diagnostic.span.path))
        yield f"{shown}:{line}: [{visible(diagnostic.rule)}] {visible(diagnostic.message)}\n"
