"""``junit``: JUnit's XML, which most CI services list as tests.

The shape is that of the JUnit 10 schema (https://github.com/jenkinsci/xunit-plugin, junit-10.xsd): a suite per file, a
failed case per finding; a run that finds nothing is one case that passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from edgelint.diagnostics import Diagnostic
from edgelint.report.escape import lines_visible, visible
from edgelint.report.model import Report


def render(report: Report) -> Iterator[str]:
    """One document."""
    by_file: dict[str, list[Diagnostic]] = {}
    for diagnostic in report.diagnostics:
        by_file.setdefault(diagnostic.span.path, []).append(diagnostic)
    total = len(report.diagnostics)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="edgelint" tests="{max(total, 1)}" failures="{total}" errors="0">\n'
    if not total:
        yield '  <testsuite name="edgelint" tests="1" failures="0" errors="0">\n'
        yield '    <testcase name="nothing found" classname="edgelint" time="0"/>\n'
        yield "  </testsuite>\n"
    for path, found in by_file.items():
        shown = visible(report.shown(path))
        name = quoteattr(shown)
        yield f'  <testsuite name={name} package="edgelint" tests="{len(found)}" failures="{len(found)}" errors="0">\n'
        for diagnostic in found:
            yield from _case(report, diagnostic, shown)
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _case(report: Report, diagnostic: Diagnostic, shown: str) -> Iterator[str]:
    place = report.files.place(diagnostic.span)
    where = f"{shown}:{place.line}:{place.column}"
    name = quoteattr(f"{visible(diagnostic.rule)} at line {place.line}, column {place.column}")
    text = [f"{where}: {diagnostic.severity.value}: {visible(diagnostic.message)}"]
    for related in diagnostic.related:
        at = report.files.place(related.span)
        path = visible(report.shown(related.span.path))
        text.append(f"{path}:{at.line}:{at.column}: {visible(related.message)}")
    if diagnostic.help:
        text += [f"help: {line}" for line in lines_visible(diagnostic.help)]
    classname = quoteattr(shown.rsplit(".", 1)[0].replace("/", "."))
    message = quoteattr(visible(diagnostic.message))
    body = escape("\n".join(text))
    yield f'    <testcase name={name} classname={classname} file={quoteattr(shown)} line="{place.line}" time="0">\n'
    yield f'      <failure type="{diagnostic.severity.value}" message={message}>{body}</failure>\n'
    yield "    </testcase>\n"
