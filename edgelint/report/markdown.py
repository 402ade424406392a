"""``markdown``: for a pull request's comment or a job's summary."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.diagnostics import Diagnostic, Severity
from edgelint.report.escape import visible
from edgelint.report.full import summary_lines
from edgelint.report.model import Report
from edgelint.report.style import Style

MOST = 200
"""Findings that are listed: a comment on GitHub has room for 65,536 characters."""
_SIGN = {Severity.ERROR: "🔴 error", Severity.WARNING: "🟡 warning", Severity.INFO: "🔵 info"}


def render(report: Report) -> Iterator[str]:
    """A heading, the summary, a table of the findings. What a cell cannot hold is escaped."""
    first, *rest = summary_lines(report, Style())
    yield f"### edgelint\n\n{_text(first)}\n"
    if report.diagnostics:
        yield "\n| | Rule | Where | What happens |\n|---|---|---|---|\n"
    worst = sorted(report.diagnostics, key=lambda each: each.severity.rank)
    for diagnostic in worst[:MOST]:
        yield _row(report, diagnostic)
    if len(worst) > MOST:
        yield f"\nThe {len(worst) - MOST} findings after these are left out.\n"
    if rest:
        yield "\n" + "\\\n".join(map(_text, rest)) + "\n"


def _row(report: Report, diagnostic: Diagnostic) -> str:
    place = report.files.place(diagnostic.span)
    where = f"{visible(report.shown(diagnostic.span.path))}:{place.line}"
    said = _text(visible(diagnostic.message))
    for related in diagnostic.related:
        at = report.files.place(related.span)
        place_of = _code(f"{visible(report.shown(related.span.path))}:{at.line}")
        said += f"<br>{place_of} {_text(visible(related.message))}"
    return f"| {_SIGN[diagnostic.severity]} | {_code(visible(diagnostic.rule))} | {_code(where)} | {said} |\n"


def _text(text: str) -> str:
    """``text`` as Markdown shows it word for word, on one line, also in a table; what it has in backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them has no partner
        parts = [text.replace("`", "'")]
    return "".join(_code(part) if number % 2 and part else _plain(part) for number, part in enumerate(parts))


def _plain(text: str) -> str:
    escaped = "".join(f"\\{char}" if char in "\\*_[]#|~$@" else char for char in text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    """``text`` in backticks, as many as it takes."""
    fence = "`"
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")
