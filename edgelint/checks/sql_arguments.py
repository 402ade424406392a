"""What is bound to a statement: as many values as it has parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks import check
from edgelint.checks._fixes_values import bound_first, spread
from edgelint.diagnostics import Finding, Related, Span
from edgelint.project.arguments import counted
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.project import Project


@check("sql/parameter-count")
def parameter_count(project: Project) -> Iterator[Finding]:
    """More or fewer values than the statement has parameters."""
    for found in counted(project):
        bind = found.statement.bind
        if bind is None:
            continue
        args = bind.args[1 if bind is found.statement.call.node else 0 :]
        file = found.statement.file
        span = Span(file.path, args[0].start, args[-1].end) if args else file.span(bind.func)
        related = (Related(found.text_span, "of this statement"),) if found.text_span is not None else ()
        yield Finding(
            span,
            f"{_values(found.given)} for a statement with {_parameters(found.wanted)}: it fails with \"Wrong number of "
            "parameter bindings\"",
            related,
            "a repeated ?1 is one parameter; a ? is one each" if found.given < found.wanted else None,
            spread(found),
        )


@check("sql/missing-bind")
def missing_bind(project: Project) -> Iterator[Finding]:
    """A statement with parameters that is run without any value."""
    for found in counted(project):
        statement = found.statement
        if statement.bind is not None or statement.run is None:
            continue
        related = (Related(found.text_span, "of this statement"),) if found.text_span is not None else ()
        yield Finding(
            _name(statement.run),
            f"the statement has {_parameters(found.wanted)} and nothing is bound to it: it fails with \"Wrong number "
            "of parameter bindings\"",
            related,
            "bind the values before it is run: .bind(...)",
            bound_first(found),
        )


def _name(call: BindingCall) -> Span:
    """The method's name."""
    func = call.node.func
    if isinstance(func, tree.Member):
        return Span(call.file.path, func.name_start, func.name_end)
    return call.callee_span


def _values(count: int) -> str:
    return "one value" if count == 1 else f"{count} values" if count else "no value"


def _parameters(count: int) -> str:
    return "one parameter" if count == 1 else f"{count} parameters" if count else "no parameters"
