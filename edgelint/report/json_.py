"""``json`` and ``json-lines``. edgelint/schemas/diagnostics.schema.json has their shape; ``version`` is the shape's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from edgelint.diagnostics import Diagnostic, Fix, Span
from edgelint.report.escape import unicode
from edgelint.report.model import Report, summary

VERSION = 1


def render(report: Report) -> Iterator[str]:
    """One object: ``version``, ``diagnostics``, ``summary``."""
    diagnostics = [diagnostic_object(report, diagnostic) for diagnostic in report.diagnostics]
    whole = {"version": VERSION, "diagnostics": diagnostics, "summary": summary(report)}
    yield json.dumps(whole, indent=2) + "\n"


def render_lines(report: Report) -> Iterator[str]:
    """An object a line: the diagnostics, ``"type": "diagnostic"``, and last the summary, ``"type": "summary"``."""
    for diagnostic in report.diagnostics:
        yield json.dumps({"type": "diagnostic", **diagnostic_object(report, diagnostic)}) + "\n"
    yield json.dumps({"type": "summary", "version": VERSION, **summary(report)}) + "\n"


def diagnostic_object(report: Report, diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic as JSON says it: paths relative to the project root, lines and columns from 1."""
    return {
        "rule": unicode(diagnostic.rule),
        "severity": diagnostic.severity.value,
        "confidence": diagnostic.confidence.value,
        "message": unicode(diagnostic.message),
        "path": unicode(diagnostic.span.path),
        "range": _range(report, diagnostic.span),
        "related": [
            {
                "message": unicode(related.message),
                "path": unicode(related.span.path),
                "range": _range(report, related.span),
            }
            for related in diagnostic.related
        ],
        "help": None if diagnostic.help is None else unicode(diagnostic.help),
        "fix": None if diagnostic.fix is None else _fix(report, diagnostic.fix),
    }


def _fix(report: Report, fix: Fix) -> dict[str, Any]:
    return {
        "safety": "safe" if fix.safe else "unsafe",
        "message": unicode(fix.message),
        "edits": [
            {"path": unicode(edit.span.path), "range": _range(report, edit.span), "text": unicode(edit.text)}
            for edit in fix.edits
        ],
    }


def _range(report: Report, span: Span) -> dict[str, dict[str, int]]:
    place = report.files.place(span)
    return {
        "start": {"line": place.line, "column": place.column},
        "end": {"line": place.end_line, "column": place.end_column},
    }
