"""``gitlab``: a code quality report, which GitLab shows in merge requests.

The shape: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from edgelint.diagnostics import Diagnostic, Severity
from edgelint.report.escape import unicode
from edgelint.report.model import Report, fingerprints

_SEVERITY = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


def render(report: Report) -> Iterator[str]:
    """One array; paths are relative to ``report.base``, which should be the repository's root."""
    prints = fingerprints(report)
    found = [_object(report, item, mark) for item, mark in zip(report.diagnostics, prints, strict=True)]
    yield json.dumps(found, indent=2) + "\n"


def _object(report: Report, diagnostic: Diagnostic, fingerprint: str) -> dict[str, Any]:
    place = report.files.place(diagnostic.span)
    return {
        "description": f"{unicode(diagnostic.rule)}: {unicode(diagnostic.message)}",
        "check_name": unicode(diagnostic.rule),
        "fingerprint": fingerprint,
        "severity": _SEVERITY[diagnostic.severity],
        "location": {
            "path": unicode(report.shown(diagnostic.span.path)),
            "lines": {"begin": place.line, "end": place.end_line},
        },
    }
