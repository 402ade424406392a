"""``rdjson``: reviewdog's format, which carries suggestions.

The shape: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf (columns there count bytes of UTF-8 from 1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from edgelint.diagnostics import Diagnostic, Severity, Span
from edgelint.report.escape import unicode
from edgelint.report.model import Report

_SEVERITY = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.INFO: "INFO"}


def render(report: Report) -> Iterator[str]:
    """One ``DiagnosticResult``; paths are relative to ``report.base``, which should be the repository's root."""
    whole = {
        "source": {"name": "edgelint"},
        "diagnostics": [_object(report, diagnostic) for diagnostic in report.diagnostics],
    }
    yield json.dumps(whole, indent=2) + "\n"


def _object(report: Report, diagnostic: Diagnostic) -> dict[str, Any]:
    found: dict[str, Any] = {
        "message": unicode(diagnostic.message),
        "location": _location(report, diagnostic.span),
        "severity": _SEVERITY[diagnostic.severity],
        "code": {"value": unicode(diagnostic.rule)},
    }
    if diagnostic.related:
        found["relatedLocations"] = [
            {"message": unicode(related.message), "location": _location(report, related.span)}
            for related in diagnostic.related
        ]
    fix = diagnostic.fix
    if fix is not None and all(edit.span.path == diagnostic.span.path for edit in fix.edits):
        found["suggestions"] = [
            {"range": _range(report, edit.span), "text": unicode(edit.text)} for edit in fix.edits
        ]
    return found


def _location(report: Report, span: Span) -> dict[str, Any]:
    return {"path": unicode(report.shown(span.path)), "range": _range(report, span)}


def _range(report: Report, span: Span) -> dict[str, dict[str, int]]:
    return {"start": _position(report, span.path, span.start), "end": _position(report, span.path, span.end)}


def _position(report: Report, path: str, offset: int) -> dict[str, int]:
    text = report.files.text(path)
    if text.problem:
        return {"line": 1, "column": 1}
    line = text.line_index(offset)
    return {"line": line + 1, "column": max(offset - text.line_bytes(line)[0], 0) + 1}
