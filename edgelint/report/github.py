"""``github``: workflow commands that GitHub Actions turns into annotations on the changed lines."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.diagnostics import Diagnostic, Severity
from edgelint.report.escape import lines_visible, visible
from edgelint.report.model import Report

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report) -> Iterator[str]:
    """A command per finding; paths are relative to ``report.base``, which should be the repository's root."""
    for diagnostic in report.diagnostics:
        yield _command(report, diagnostic)


def _command(report: Report, diagnostic: Diagnostic) -> str:
    place = report.files.place(diagnostic.span)
    shown = visible(report.shown(diagnostic.span.path))
    properties = {"title": f"edgelint {diagnostic.rule}", "file": shown, "line": str(place.line)}
    if place.end_line == place.line:  # GitHub takes columns only within one line
        properties["endLine"] = str(place.line)
        properties["col"] = str(place.column)
        properties["endColumn"] = str(place.end_column)
    else:
        properties["endLine"] = str(place.end_line)
    lines = [f"{shown}:{place.line}:{place.column}: {visible(diagnostic.message)}"]
    for related in diagnostic.related:
        at = report.files.place(related.span)
        where = visible(report.shown(related.span.path))
        lines.append(f"  {where}:{at.line}:{at.column}: {visible(related.message)}")
    if diagnostic.help:
        lines += [f"  help: {line}" for line in lines_visible(diagnostic.help)]
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{_COMMAND[diagnostic.severity]} {listed}::{_data(chr(10).join(lines))}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
