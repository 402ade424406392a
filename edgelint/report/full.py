"""``full``: every finding with its code, for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.diagnostics import Confidence, Diagnostic, Severity, Span
from edgelint.report.escape import lines_visible, visible
from edgelint.report.model import Report, Text, counted
from edgelint.report.style import Style

if TYPE_CHECKING:
    from edgelint.report.frame import Mark

WIDTH = 120
"""Cells of a line when it does not go to a terminal."""
PROJECT = "."
"""The path of what concerns no single file."""
_PLURAL = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "infos"}


def render(
    report: Report, *, colour: bool = False, width: int = WIDTH, verbose: bool = False, summary: bool = True
) -> Iterator[str]:
    """The report's text, a finding at a time, then the summary. Every piece ends with a line break."""
    style = Style(colour)
    for diagnostic in report.diagnostics:
        yield "\n".join(_finding(report, diagnostic, style, width)) + "\n\n"
    if summary:
        yield "\n".join(summary_lines(report, style, verbose)) + "\n"


def _finding(report: Report, diagnostic: Diagnostic, style: Style, width: int) -> Iterator[str]:
    from edgelint.report.frame import NARROWEST, Mark, Painter  # not needed when there is nothing to show

    severity = diagnostic.severity
    yield (
        style.severity(severity, f"{severity.value}[{visible(diagnostic.rule)}]")
        + style.bold(f": {visible(diagnostic.message)}")
    )
    marks: dict[str, list[Mark]] = {diagnostic.span.path: [Mark(*diagnostic.span[1:], "", True)]}
    for related in diagnostic.related:
        marks.setdefault(related.span.path, []).append(Mark(*related.span[1:], related.message))
    texts = {path: report.files.text(path) for path in marks}
    number_width = max(_number_width(texts[path], marks[path]) for path in marks)
    pad = " " * number_width
    for path, of_file in marks.items():
        if path == PROJECT:
            continue
        text = texts[path]
        place = text.place(Span(path, of_file[0].start, of_file[0].end))
        arrow = style.gutter("-->" if of_file[0].primary else ":::")
        shown = visible(report.shown(path))
        yield f"{pad}{arrow} {shown}" if text.problem else f"{pad}{arrow} {shown}:{place.line}:{place.column}"
        if text.problem:
            yield f"{pad} {style.gutter('=')} {style.bold('note')}: {text.problem}"
            yield from (f"{pad} {style.gutter('=')} {visible(mark.label)}" for mark in of_file if mark.label)
            continue
        room = max(width - number_width - 3, NARROWEST)
        painter = Painter(text, diagnostic.rule, severity, style, number_width, room)
        yield from painter.paint(of_file)
    yield from _footer(diagnostic, style, pad)


def _footer(diagnostic: Diagnostic, style: Style, pad: str) -> Iterator[str]:
    notes: list[tuple[str, str]] = []
    if diagnostic.help:
        notes.append(("help", diagnostic.help))
    if diagnostic.fix is not None:
        kind = "safe fix" if diagnostic.fix.safe else "unsafe fix"
        notes.append((kind, diagnostic.fix.message))
    if diagnostic.confidence is not Confidence.HIGH:
        notes.append(("confidence", diagnostic.confidence.value))
    for name, content in notes:
        first, *rest = lines_visible(content)
        yield f"{pad} {style.gutter('=')} {style.bold(name)}: {first}"
        yield from (f"{pad}   {' ' * len(name)}  {line}".rstrip() for line in rest)


def _number_width(text: Text, marks: list[Mark]) -> int:
    last = max(max(mark.start, mark.end) for mark in marks)
    return len(str(text.line_index(last) + 1))


def summary_lines(report: Report, style: Style, verbose: bool = False) -> Iterator[str]:
    """How many findings in how many files, and what was not looked at."""
    counts = report.counts()
    files = f"{counted(report.checked, 'file')} checked"
    if report.diagnostics:
        parts = [
            style.severity(severity, counted(counts[severity], severity.value, _PLURAL[severity]))
            for severity in Severity
            if counts[severity]
        ]
        paths = {diagnostic.span.path for diagnostic in report.diagnostics} - {PROJECT}
        where = f" in {counted(len(paths), 'file')}" if paths else ""
        yield f"Found {', '.join(parts)}{where} ({files})."
    else:
        yield f"{style.good('Nothing found')} ({files})."
    yield from fixable_lines(report)
    yield from unanalysed_lines(report, style, verbose)


def fixable_lines(report: Report) -> Iterator[str]:
    """One line on how much ``--fix`` would mend, when it would mend anything."""
    fixes = [diagnostic.fix for diagnostic in report.diagnostics if diagnostic.fix is not None]
    safe = sum(fix.safe for fix in fixes)
    unsafe = len(fixes) - safe
    if safe:
        more = f" ({unsafe} more with --unsafe-fixes)" if unsafe else ""
        yield f"{safe} can be mended with --fix{more}."
    elif unsafe:
        yield f"{unsafe} can be mended with --fix --unsafe-fixes."


def unanalysed_lines(report: Report, style: Style, verbose: bool = False) -> Iterator[str]:
    """One line on what could not be analysed; with ``verbose`` the paths below their reasons."""
    reasons = [(reason, paths) for reason, paths in sorted(report.unanalysed.items()) if paths]
    if not reasons:
        return
    total = sum(len(paths) for _, paths in reasons)
    listed = ", ".join(f"{len(paths)} {visible(reason)}" for reason, paths in reasons)
    hint = "" if verbose else "; --verbose names them"
    yield style.dim(f"Not analysed: {total} ({listed}){hint}.")
    if verbose:
        for reason, paths in reasons:
            yield style.dim(f"  {visible(reason)}:")
            details = report.details.get(reason) or ("",) * len(paths)
            for path, detail in zip(paths, details, strict=True):
                if path:
                    yield f"    {visible(report.shown(path))}{f': {visible(detail)}' if detail else ''}"
