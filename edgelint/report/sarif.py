"""``sarif``: SARIF 2.1.0 for code scanning services.

URIs are relative to ``%SRCROOT%``: ``report.base`` (the repository's root, which is what services resolve against).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from edgelint.diagnostics import Diagnostic, Fix, Severity, Span
from edgelint.report.escape import unicode
from edgelint.report.model import Report, used_rules

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_NOTIFIED = 100
"""At most this many paths are named for one reason why files were not analysed."""


def render(report: Report) -> Iterator[str]:
    """One log with one run."""
    ids = used_rules(report.diagnostics)
    index = {rule: at for at, rule in enumerate(ids)}
    base = (report.base or report.root).resolve()
    run = {
        "tool": {
            "driver": {
                "name": "edgelint",
                "version": report.version,
                "semanticVersion": report.version,
                "rules": [_rule(report, rule) for rule in ids],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"uri": base.as_uri().rstrip("/") + "/"}},
        "invocations": [
            {
                "executionSuccessful": all(diagnostic.rule != "internal-error" for diagnostic in report.diagnostics),
                "toolExecutionNotifications": _notifications(report),
            }
        ],
        "results": [_result(report, diagnostic, index) for diagnostic in report.diagnostics],
    }
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(report: Report, rule: str) -> dict[str, Any]:
    found = report.rules.get(rule)
    if found is None:
        return {"id": rule}
    result: dict[str, Any] = {
        "id": rule,
        "name": rule,
        "shortDescription": {"text": found.summary},
        "defaultConfiguration": {"level": _LEVEL[found.severity]},
        "properties": {
            "tags": sorted({rule.split("/", 1)[0], *found.languages}),
            "problem.severity": {"info": "recommendation"}.get(found.severity.value, found.severity.value),
        },
    }
    if found.text:
        result["fullDescription"] = {"text": found.text}
        result["help"] = {"text": found.text, "markdown": found.markdown or found.text}
    if found.url:
        result["helpUri"] = found.url
    if found.confidence is not None:
        result["properties"]["precision"] = found.confidence.value
    return result


def _result(report: Report, diagnostic: Diagnostic, index: dict[str, int]) -> dict[str, Any]:
    text = unicode(diagnostic.message)
    if diagnostic.help:
        text += f"\n{unicode(diagnostic.help)}"
    result: dict[str, Any] = {
        "ruleId": diagnostic.rule,
        "ruleIndex": index[diagnostic.rule],
        "level": _LEVEL[diagnostic.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(report, diagnostic.span)}],
        "properties": {"confidence": diagnostic.confidence.value},
    }
    if diagnostic.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _location(report, related.span),
                "message": {"text": unicode(related.message)},
            }
            for number, related in enumerate(diagnostic.related, 1)
        ]
    if diagnostic.fix is not None:
        result["fixes"] = [_fix(report, diagnostic.fix)]
    return result


def _fix(report: Report, fix: Fix) -> dict[str, Any]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        changes.setdefault(edit.span.path, []).append(
            {"deletedRegion": _region(report, edit.span), "insertedContent": {"text": unicode(edit.text)}}
        )
    return {
        "description": {"text": unicode(fix.message)},
        "artifactChanges": [
            {"artifactLocation": _artifact(report, path), "replacements": replacements}
            for path, replacements in changes.items()
        ],
    }


def _location(report: Report, span: Span) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": _artifact(report, span.path)}
    if report.files.text(span.path).problem is None:
        location["region"] = _region(report, span)
    return location


def _artifact(report: Report, path: str) -> dict[str, str]:
    return {"uri": quote(os.fsencode(report.shown(path))), "uriBaseId": "%SRCROOT%"}


def _region(report: Report, span: Span) -> dict[str, int]:
    place = report.files.place(span)
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _notifications(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "level": "note",
            "message": {"text": f"{len(paths)} not analysed: {unicode(reason)}"},
            "locations": [
                {"physicalLocation": {"artifactLocation": _artifact(report, path)}}
                for path in paths[:_NOTIFIED]
                if path
            ],
        }
        for reason, paths in sorted(report.unanalysed.items())
        if paths
    ]
