"""--edge-report: of what the linter found in the code, what ran: statements with plans, calls with outcomes."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.usage import Statement, Usage

if TYPE_CHECKING:
    from edgelint.testing.linter_facts import Known, KnownSite, KnownStatement

READS: Final = {"get", "getWithMetadata", "match", "head", "first"}
"""Verbs that have a hit and a miss: a test of both outcomes is worth having."""


@dataclass(frozen=True)
class StatementRow:
    """A statement in code and how it ran (None: it never did)."""

    known: KnownStatement
    ran: Statement | None


@dataclass(frozen=True)
class SiteRow:
    """A call in code and its outcomes; ``missing`` are those that a read has and that never came."""

    known: KnownSite
    outcomes: Counter[str]

    @property
    def missing(self) -> list[str]:
        """Outcomes that were never seen, of a call that ran."""
        if not self.outcomes or self.known.verb not in READS:
            return []
        return [outcome for outcome in ("hit", "miss") if not self.outcomes[outcome]]


@dataclass(frozen=True)
class Report:
    """What ran of what is known. ``unknown`` are SQL texts that ran and that the linter does not know."""

    statements: list[StatementRow]
    sites: list[SiteRow]
    unknown: list[tuple[str, str, Statement]]

    @property
    def statements_run(self) -> int:
        """How many statements in code ran."""
        return sum(row.ran is not None for row in self.statements)

    @property
    def sites_run(self) -> int:
        """How many calls in code ran."""
        return sum(bool(row.outcomes) for row in self.sites)


def join(known: Known, usage: Usage) -> Report:
    """Hold what ran against what is known. A statement is known by its text, a call by file, line, kind and verb."""
    matched: set[tuple[str, str]] = set()
    statements = []
    for statement in known.statements:
        ran: Statement | None = None
        for (binding, sql), each in usage.statements.items():
            if statement.is_text_of(sql):
                matched.add((binding, sql))
                ran = _sum(ran, each)
        statements.append(StatementRow(statement, ran))
    unknown = [(*key, each) for key, each in usage.statements.items() if key not in matched]
    sites = []
    for site in known.sites:
        outcomes: Counter[str] = Counter()
        for (file, line, binding, kind, verb), seen in usage.sites.items():
            if (
                file == site.path and site.line <= line <= site.end_line and kind == site.kind
                and site.binding in (None, binding) and (verb == site.verb or kind == "durable-object")
            ):  # fmt: skip
                outcomes.update(seen)
        sites.append(SiteRow(site, outcomes))
    return Report(statements, sites, unknown)


def _sum(one: Statement | None, other: Statement) -> Statement:
    base = one or Statement()
    return Statement(
        base.runs + other.runs, base.errors + other.errors, base.rows + other.rows, base.rows_read + other.rows_read
    )


def check_targets(targets: list[str]) -> str | None:
    """What is wrong with the targets of --edge-report, None when nothing is."""
    wrong = [target for target in targets if target != "term" and not target.endswith((".html", ".json"))]
    return f"--edge-report takes FILE.html, FILE.json or term, not '{wrong[0]}'" if wrong else None


def write(targets: list[str], usage: Usage, root: Path, directory: Path) -> Iterator[str]:
    """Write the report of the app at ``root`` to each target (files relative to ``directory``). Yields the lines for
    the terminal; what cannot be written is said there."""
    from edgelint.testing.errors import EdgeUsageError
    from edgelint.testing.linter_facts import read

    try:
        report = join(read(root if root.is_dir() else root.parent), usage)
    except EdgeUsageError as error:
        yield str(error)
        return
    for target in targets:
        if target == "term":
            yield from as_text(report)
            continue
        path = directory / target
        try:
            path.write_text(as_html(report) if target.endswith(".html") else as_json(report), encoding="utf-8")
        except OSError as error:
            yield f"{target}: cannot be written: {error.strerror}"
        else:
            yield f"edge report: {target}"


def as_text(report: Report) -> Iterator[str]:
    """Lines for a terminal: the totals, then what never ran."""
    yield f"SQL statements: {report.statements_run} of {len(report.statements)} ran"
    for row in report.statements:
        if row.ran is None:
            text = row.known.texts[0] if row.known.texts else ""
            yield f"  never ran: {row.known.path}:{row.known.line}  {_short(text)}"
    yield f"calls on bindings: {report.sites_run} of {len(report.sites)} ran"
    for site in report.sites:
        where = f"{site.known.path}:{site.known.line}  {site.known.binding or site.known.kind}.{site.known.verb}"
        if not site.outcomes:
            yield f"  never ran: {where}"
        elif site.missing:
            yield f"  never a {' or '.join(site.missing)}: {where}"
    if report.unknown:
        yield f"SQL that ran and that edgelint does not find in the code: {len(report.unknown)}"


def as_json(report: Report) -> str:
    """One object: {"version": 1, "statements": [...], "sites": [...], "unknown": [...]}."""

    def ran(each: Statement | None) -> dict[str, int] | None:
        if each is None:
            return None
        return {"runs": each.runs, "errors": each.errors, "rows": each.rows, "rows_read_estimate": each.rows_read}

    whole: dict[str, Any] = {
        "version": 1,
        "statements": [
            {"path": row.known.path, "line": row.known.line, "texts": list(row.known.texts),
             "plan": list(row.known.plan), "ran": ran(row.ran)}
            for row in report.statements
        ],
        "sites": [
            {"path": row.known.path, "line": row.known.line, "binding": row.known.binding, "kind": row.known.kind,
             "verb": row.known.verb, "outcomes": dict(row.outcomes), "missing": row.missing}
            for row in report.sites
        ],
        "unknown": [{"binding": binding, "sql": sql, "ran": ran(each)} for binding, sql, each in report.unknown],
    }  # fmt: skip
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #8884}"
    "code{font:13px/1.45 ui-monospace,monospace;white-space:pre-wrap}"
    ".no{color:#b3261e}.yes{color:#1b7f3b}.some{color:#9a6700}.dim{opacity:.7}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}"
    "@media(prefers-color-scheme:dark){.no{color:#ff8a80}.yes{color:#7bd88f}.some{color:#e3b341}}"
)


def as_html(report: Report) -> str:
    """One page that needs nothing else."""
    statements = "".join(map(_statement_row, report.statements))
    sites = "".join(map(_site_row, report.sites))
    unknown = "".join(
        f"<tr><td>{_e(binding)}</td><td><code>{_e(sql)}</code></td><td>{each.runs}</td></tr>"
        for binding, sql, each in report.unknown
    )
    more = (
        "<h2>SQL that ran and that edgelint does not find in the code</h2><table><thead><tr><th>Binding<th>SQL"
        f"<th>Runs</tr></thead><tbody>{unknown}</tbody></table>" if unknown else ""
    )  # fmt: skip
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>What ran: SQL and bindings</title><style>{_STYLE}</style><h1>What ran: SQL and bindings</h1>"
        f"<p>{report.statements_run} of {len(report.statements)} SQL statements ran, {report.sites_run} of "
        f"{len(report.sites)} calls on bindings. Rows read are modelled, not measured.</p>"
        "<h2>SQL statements</h2><table><thead><tr><th>Place<th>SQL and plan<th>Runs<th>Errors<th>Rows<th>Rows read ≈"
        f"</tr></thead><tbody>{statements}</tbody></table>"
        "<h2>Calls on bindings</h2><table><thead><tr><th>Place<th>Call<th>Outcomes<th>Never seen"
        f"</tr></thead><tbody>{sites}</tbody></table>{more}</html>\n"
    )


def _statement_row(row: StatementRow) -> str:
    texts = "\n".join(text.replace("\ufffc", "…") for text in row.known.texts)
    plan = "".join(f"<div class=dim>{_e(step)}</div>" for step in row.known.plan)
    if row.ran is None:
        numbers = "<td class=no>never</td><td></td><td></td><td></td>"
    else:
        ran = row.ran
        errors = f"<td class={'no' if ran.errors else 'yes'}>{ran.errors}</td>"
        numbers = f"<td class=yes>{ran.runs}</td>{errors}<td>{ran.rows}</td><td>{ran.rows_read}</td>"
    return f"<tr><td>{_e(row.known.path)}:{row.known.line}</td><td><code>{_e(texts)}</code>{plan}</td>{numbers}</tr>"


def _site_row(row: SiteRow) -> str:
    outcomes = ", ".join(f"{_e(name)} {number}" for name, number in sorted(row.outcomes.items()))
    seen = f"<td class=yes>{outcomes}</td>" if outcomes else "<td class=no>never ran</td>"
    call = f"{row.known.binding or row.known.kind}.{row.known.verb}"
    return (
        f"<tr><td>{_e(row.known.path)}:{row.known.line}</td><td><code>{_e(call)}</code></td>{seen}"
        f"<td class=some>{_e(', '.join(row.missing))}</td></tr>"
    )


def _e(text: str) -> str:
    return html.escape(text)


def _short(sql: str) -> str:
    line = " ".join(sql.replace("\ufffc", "…").split())
    return line if len(line) <= 80 else line[:79] + "…"
