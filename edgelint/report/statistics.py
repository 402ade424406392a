"""``--statistics``: how often each rule spoke, most often first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from edgelint.diagnostics import Severity
from edgelint.report.escape import unicode, visible
from edgelint.report.model import Report, summary
from edgelint.report.style import Style


def _rows(report: Report) -> list[tuple[int, Severity, str, int]]:
    """(findings, severity, rule, files), most findings first."""
    counts = Counter((diagnostic.severity, diagnostic.rule) for diagnostic in report.diagnostics)
    files: dict[tuple[Severity, str], set[str]] = {}
    for diagnostic in report.diagnostics:
        files.setdefault((diagnostic.severity, diagnostic.rule), set()).add(diagnostic.span.path)
    rows = [(count, severity, rule, len(files[severity, rule])) for (severity, rule), count in counts.items()]
    return sorted(rows, key=lambda row: (-row[0], row[1].rank, row[2]))


def render(report: Report, *, colour: bool = False) -> Iterator[str]:
    """A line per rule and severity: findings, severity, rule, files."""
    style = Style(colour)
    rows = _rows(report)
    width = max((len(str(row[0])) for row in rows), default=1)
    name = max((len(row[2]) for row in rows), default=1)
    for count, severity, rule, files in rows:
        shown = style.severity(severity, f"{severity.value:<7}")
        yield f"{count:>{width}}  {shown}  {visible(rule):<{name}}  in {files} file{'' if files == 1 else 's'}\n"


def render_json(report: Report) -> Iterator[str]:
    """The same as one object: ``version``, ``statistics``, ``summary``."""
    rows = [
        {"rule": unicode(rule), "severity": severity.value, "findings": count, "files": files}
        for count, severity, rule, files in _rows(report)
    ]
    yield json.dumps({"version": 1, "statistics": rows, "summary": summary(report)}, indent=2) + "\n"
