"""``concise``: a line per finding, as compilers and editors know it."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.report.escape import visible
from edgelint.report.model import Report
from edgelint.report.style import Style


def render(report: Report, *, colour: bool = False) -> Iterator[str]:
    """``path:line:column: rule severity: message``; columns count code points from 1."""
    style = Style(colour)
    for diagnostic in report.diagnostics:
        place = report.files.place(diagnostic.span)
        yield (
            f"{style.bold(visible(report.shown(diagnostic.span.path)))}:{place.line}:{place.column}: "
            f"{visible(diagnostic.rule)} {style.severity(diagnostic.severity, diagnostic.severity.value)}: "
            f"{visible(diagnostic.message)}\n"
        )
