"""``html``: one page that needs nothing else (no script, no request): charts by rule and by file, code frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape

from edgelint.diagnostics import Confidence, Diagnostic, Severity, Span
from edgelint.report.escape import lines_visible, visible
from edgelint.report.full import PROJECT, summary_lines
from edgelint.report.line import lay_out
from edgelint.report.model import Report, Text, counted
from edgelint.report.style import Style

BARS = 20
"""Rules and files that a chart shows; the rest are one bar."""
AROUND = 2
"""Lines of code shown above and below a span."""
LONGEST = 12
"""Lines of a span that are shown."""
_CELLS = 200

_STYLE = (
    ":root{color-scheme:light dark;--line:#8884;--dim:#6b7280;--error:#c0262d;--warning:#b45309;--info:#1d4ed8;"
    "--code:#8881;--mark:#f59e0b33}"
    "@media(prefers-color-scheme:dark){:root{--dim:#9ca3af;--error:#ff8a80;--warning:#fbbf24;--info:#93c5fd}}"
    "*{box-sizing:border-box}body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:1.5rem 1rem}"
    "h1{font-size:1.35rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}.dim{color:var(--dim)}"
    ".charts{display:grid;gap:2rem;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr))}"
    ".bar{display:grid;grid-template-columns:minmax(6rem,58%) 1fr 2.5rem;gap:.5rem;align-items:center;font-size:.9rem}"
    ".bar span:first-child{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;direction:rtl;text-align:left}"
    ".bar span:first-child bdi{direction:ltr}.track{display:flex;height:.8rem}.track i{display:block;height:100%}"
    ".bar span:last-child{text-align:right}.error{color:var(--error)}.warning{color:var(--warning)}"
    ".info{color:var(--info)}i.error{background:var(--error)}i.warning{background:var(--warning)}"
    "i.info{background:var(--info)}"
    "article{border:1px solid var(--line);border-radius:.4rem;margin:1rem 0;padding:.8rem 1rem}"
    "article h3{font-size:1rem;margin:0 0 .3rem}article p{margin:.3rem 0}"
    "code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}"
    "pre{background:var(--code);border-radius:.3rem;margin:.4rem 0;overflow-x:auto;padding:.5rem .7rem}"
    "pre b{color:var(--dim);font-weight:400;user-select:none}"
    "mark{background:var(--mark);color:inherit;border-bottom:2px solid currentColor}"
    "@media print{article{break-inside:avoid}}"
)


def render(report: Report) -> Iterator[str]:
    """The page, a finding at a time."""
    yield (
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        f"<title>edgelint report</title><style>{_STYLE}</style></head><body>\n<h1>edgelint</h1>\n"
    )
    for line in summary_lines(report, Style()):
        yield f"<p>{_e(line)}</p>\n"
    if report.diagnostics:
        yield "<div class=\"charts\">"
        yield from _chart("By rule", [(item.rule, item.severity) for item in report.diagnostics])
        yield from _chart("By file", [(report.shown(item.span.path), item.severity) for item in report.diagnostics])
        yield "</div>\n<h2>Findings</h2>\n"
    for diagnostic in report.diagnostics:
        yield from _finding(report, diagnostic)
    if report.version:
        yield f"<p class=\"dim\">edgelint {_e(report.version)}</p>\n"
    yield "</body></html>\n"


def _chart(title: str, items: list[tuple[str, Severity]]) -> Iterator[str]:
    totals = Counter(name for name, _ in items)
    parts = Counter(items)
    names = [name for name, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]
    rows = [(name, [(severity, parts[name, severity]) for severity in Severity]) for name in names[:BARS]]
    if names[BARS:]:
        rest = set(names[BARS:])
        several = Counter(severity for name, severity in items if name in rest)
        rows.append((f"{len(rest)} more", [(severity, several[severity]) for severity in Severity]))
    most = max(sum(number for _, number in split) for _, split in rows)
    yield f"<section><h2>{title}</h2>"
    for name, split in rows:
        total = sum(number for _, number in split)
        said = ", ".join(f"{number} {severity.value}" for severity, number in split if number)
        track = "".join(
            f"<i class=\"{severity.value}\" style=\"width:{number / most * 100:.2f}%\"></i>"
            for severity, number in split if number
        )  # fmt: skip
        yield (
            f"<div class=\"bar\" title=\"{_e(name)}: {said}\"><span><bdi>{_e(name)}</bdi></span>"
            f"<span class=\"track\" role=\"img\" aria-label=\"{said}\">{track}</span><span>{total}</span></div>"
        )
    yield "</section>"


def _finding(report: Report, diagnostic: Diagnostic) -> Iterator[str]:
    severity = diagnostic.severity.value
    yield (
        f"<article><h3><span class=\"{severity}\">{severity}</span> <code>{_e(diagnostic.rule)}</code></h3>"
        f"<p>{_e(diagnostic.message)}</p>"
    )
    yield from _code(report, diagnostic, diagnostic.span, "")
    for related in diagnostic.related:
        yield from _code(report, diagnostic, related.span, related.message)
    notes = [("help", diagnostic.help)] if diagnostic.help else []
    if diagnostic.fix is not None:
        notes.append(("safe fix" if diagnostic.fix.safe else "unsafe fix", diagnostic.fix.message))
    if diagnostic.confidence is not Confidence.HIGH:
        notes.append(("confidence", diagnostic.confidence.value))
    for name, text in notes:
        lines = "<br>".join(escape(line) for line in lines_visible(text or ""))
        yield f"<p><b>{name}</b>: {lines}</p>"
    yield "</article>\n"


def _code(report: Report, diagnostic: Diagnostic, span: Span, label: str) -> Iterator[str]:
    said = f" {_e(label)}" if label else ""
    if span.path == PROJECT:
        yield f"<p>{said}</p>" if said else ""
        return
    text = report.files.text(span.path)
    place = text.place(span)
    yield f"<p class=\"dim\"><code>{_e(report.shown(span.path))}:{place.line}:{place.column}</code>{said}</p>"
    if text.problem:
        yield f"<p>{_e(text.problem)}</p>"
        return
    first, last = text.line_index(span.start), text.line_index(max(span.start, span.end - 1))
    cut = last - first - LONGEST + 1
    after = min(last + AROUND, len(text.starts) - 1) if cut <= 0 else first + LONGEST - 1
    shown = range(max(first - AROUND, 0), after + 1)
    width = len(str(shown[-1] + 1))
    lines = [_line(text, index, span, diagnostic.rule, width) for index in shown]
    if cut > 0:
        lines.append(f"<b>{'…':>{width}} │ {counted(cut, 'more line')}</b>")
    yield "<pre>" + "\n".join(lines) + "</pre>"


def _line(text: Text, index: int, span: Span, rule: str, width: int) -> str:
    start, end = text.line_bytes(index)
    begin, stop = max(start, span.start), min(end, span.end)
    marked = begin < stop or (span.start == span.end and start <= span.start <= end)
    focus = (begin, max(stop, begin + 1)) if marked else (start, start)
    line = lay_out(text, index, focus, _CELLS, rule)
    number = f"<b>{index + 1:>{width}} │ </b>"
    if not marked:
        return number + escape(line.text)
    left, right = line.column(begin), max(line.column(stop), line.column(begin) + 1)
    at, to = line.index_of_cell(left), line.index_of_cell(right)
    return f"{number}{escape(line.text[:at])}<mark>{escape(line.text[at:to]) or ' '}</mark>{escape(line.text[to:])}"


def _e(text: str) -> str:
    return escape(visible(text))
