"""SQL in worker code: what enters its text, what is bound to it, how often it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check, sql_arguments, sql_dialect, sql_plans, sql_schema, sql_strict, sql_values
from edgelint.checks._fixes_bind import bound_instead
from edgelint.checks._fixes_values import clamped_size
from edgelint.checks._sql import SIZES, bound, help_for, loop_head, message_for, open_sizes, severity_of, worst
from edgelint.diagnostics import Confidence, Finding, Related, Severity
from edgelint.platform import limits
from edgelint.project.loops import repeated_queries
from edgelint.project.origins import Question, origins
from edgelint.project.queries import queries

if TYPE_CHECKING:
    from edgelint.project.project import Project

# The family, in parts by what the rules look at.
__all__ = ["sql_arguments", "sql_dialect", "sql_plans", "sql_schema", "sql_strict", "sql_values"]


@check("sql/unbound-value")
def unbound_value(project: Project) -> Iterator[Finding]:
    """Text that is not constant reaches prepare or exec."""
    for call in project.calls(("d1", "d1-session", "do-sql"), ("prepare", "exec")):
        text = call.arg(0)
        found = worst(project.texts.holes(text, call.file)) if text is not None else []
        told = [hole for hole in found if severity_of(hole) is not None]
        fix = bound_instead(call, told, project) if told else None
        for hole in told:
            severity = severity_of(hole)
            related = []
            if hole.file is not call.file or not call.node.start <= hole.node.start < call.node.end:
                related.append(Related(call.callee_span, "the SQL runs here"))
            if hole.leaf_file is not hole.file or not hole.node.start <= hole.leaf.start < hole.node.end:
                related.append(Related(hole.leaf_file.span(hole.leaf), "the value comes from here"))
            yield Finding(
                hole.file.span(hole.node),
                message_for(hole, call),
                tuple(related),
                help_for(hole, call),
                fix,
                severity=severity,
                confidence=Confidence.HIGH if severity is Severity.ERROR else Confidence.MEDIUM,
            )


@check("sql/unchecked-number")
def unchecked_number(project: Project) -> Iterator[Finding]:
    """A conversion of request data that may give NaN is bound without a test."""
    for call, values in bound(project):
        for value in values:
            for origin in origins(value, call.file, project.evaluator, Question.NAN):
                span = origin.file.span(origin.node)
                inside = origin.file is call.file and call.node.start <= span.start < call.node.end
                related = () if inside else (Related(call.file.span(value), "it is bound here"),)
                yield Finding(
                    span,
                    "NaN when the text is no number, and NaN is bound as NULL: = ? matches no row, and LIMIT ? fails",
                    related,
                    "test it first (Number.isInteger), or give a default (parseInt(x, 10) || 1)",
                )


@check("sql/unbounded-limit")
def unbounded_limit(project: Project) -> Iterator[Finding]:
    """The request decides how many rows a query reads."""
    for call, text in queries(project):
        found = sorted(open_sizes(text, project.evaluator), key=lambda size: size[0] != "limit")
        if not found:
            continue
        clause, origin = found[0]
        related = [Related(call.callee_span, "of this query")]
        related += [
            Related(o.file.span(o.node), f"{c.upper()} comes from here")
            for c, o in found[1:]
            if o.node is not origin.node
        ]
        help = (
            "clamp it: Math.min(Math.max(limit, 1), 100)"
            if clause == "limit"
            else "clamp it, or page by the last key seen"
        )
        fix = clamped_size(origin, clause, project)
        yield Finding(origin.file.span(origin.node), SIZES[clause], tuple(related), help, fix)


@check("sql/query-in-loop")
def query_in_loop(project: Project) -> Iterator[Finding]:
    """One query for each item of a collection."""
    for found in repeated_queries(project):
        related = [Related(loop_head(found), "once for each item of this")]
        if found.call is not found.query.node:
            related.append(Related(found.query.callee_span, "the query"))
        message = (
            f"one query for each item: each is a round trip to the database, and an invocation may make "
            f"{limits.D1_MAX_QUERIES_PAID:,} ({limits.D1_MAX_QUERIES_FREE} on the free plan)"
        )
        help = (
            "collect the statements and run them with one db.batch()"
            if found.query.verb == "run"
            else "ask once, with WHERE id IN (SELECT value FROM json_each(?)) and a JSON array; or use one db.batch()"
        )
        yield Finding(found.file.span(found.call), message, tuple(related), help)
