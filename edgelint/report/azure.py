"""``azure``: logging commands that Azure Pipelines turns into issues of the run.

The shape: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands#logissue-log-an-error-or-warning
"""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.diagnostics import Diagnostic, Severity
from edgelint.report.escape import visible
from edgelint.report.model import Report

_TYPE = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "warning"}  # there are only these two


def render(report: Report) -> Iterator[str]:
    """A command per finding; paths are relative to ``report.base``, which should be the repository's root."""
    for diagnostic in report.diagnostics:
        yield _command(report, diagnostic)


def _command(report: Report, diagnostic: Diagnostic) -> str:
    place = report.files.place(diagnostic.span)
    properties = {
        "type": _TYPE[diagnostic.severity], "sourcepath": report.shown(diagnostic.span.path),
        "linenumber": str(place.line), "columnnumber": str(place.column), "code": diagnostic.rule,
    }  # fmt: skip
    listed = "".join(f"{key}={_property(value)};" for key, value in properties.items())
    return f"##vso[task.logissue {listed}]{_data(visible(diagnostic.message))}\n"


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(";", "%3B").replace("]", "%5D")
