"""Fixes of Python Workers: handlers as the runtime calls them, answers that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgelint.checks._fixes_imports import imported
from edgelint.checks._fixes_text import insertion
from edgelint.diagnostics import Edit, Fix, Span
from edgelint.project import python_handlers as handlers
from edgelint.project.atoms import External
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project


def of_self(
    handler: handlers.Handler, uses: Sequence[tree.Name], own: str, file: SourceFile, *, sure: bool
) -> Fix | None:
    """Read ``self.env`` in the place of a parameter, at all its uses; None where ``self`` is another object there.

    Safe where one of the uses fails today (``sure``), unless the class has a constructor of its own, which may not hand
    env on.
    """
    function = handler.function
    first = function.params[0] if function.params else None
    target = first.target if isinstance(first, tree.Param) else None
    if not isinstance(target, tree.Name):
        return None
    name = own.replace("self", target.id, 1)
    for use in uses:
        for around in tree.ancestors(use):
            if around is function:
                break
            if isinstance(around, tree.Class):
                return None
            if isinstance(around, tree.Function) and any(
                isinstance(p, tree.Param) and isinstance(p.target, tree.Name) and p.target.id == target.id
                for p in around.params
            ):
                return None
    built = any(isinstance(m, tree.Function) and m.kind == "constructor" for m in handler.klass.members)
    return Fix(f"Use {name}", tuple(Edit(file.span(use), name) for use in uses), sure and not built)


def with_parameters(function: tree.Function, event: str, file: SourceFile, project: Project) -> Fix | None:
    """The parameters that a handler lacks: those after the ones that it has. Safe: each call of the runtime fails, and
    calls of the project's own may leave them out."""
    plain = [p for p in function.params if isinstance(p, tree.Param) and not p.rest and not p.keyword_only]
    needs_keyword = any(isinstance(p, tree.Param) and p.keyword_only and p.default is None for p in function.params)
    names = [event, "env", "ctx"][len(plain) - 1 :]
    if not plain or not names or needs_keyword:
        return None
    optional = plain[-1].default is not None or bool(project.evaluator.parameters.callers(function))
    used = {
        name.id for name in tree.walk(function) if isinstance(name, tree.Name) and file.index.resolve(name) is not None
    }
    made = [f"_{name}" if name in used else name for name in names]
    text = "".join(f", {name}=None" if optional else f", {name}" for name in made)
    return Fix(f"Add {', '.join(made)}", (insertion(file.path, plain[-1].end, text),), True)


def as_response(node: tree.Node, what: list[str], function: tree.Function, file: SourceFile, project: Project
                ) -> Fix | None:  # fmt: skip
    """A Response around what a handler returns. Safe unless the project calls the handler itself and may want what it
    gives now."""
    make = "Response.json" if _is_json(what) else "Response" if what == ["a string"] else None
    if make is None:
        return None
    edits = [insertion(file.path, node.start, f"{make}("), insertion(file.path, node.end, ")")]
    symbol = file.index.scope_of(node).lookup("Response")
    if symbol is None:
        edit = imported(file, "Response", "workers")
        if edit is None:
            return None
        edits.append(edit)
    else:
        values = project.evaluator.symbol_value(symbol, file, None, None)
        if not values or not all(isinstance(a, External) and a.module in handlers.SDK for a in values):
            return None
    return Fix(f"Return {make}(...)", tuple(edits), not project.evaluator.parameters.callers(function))


def as_json(call: tree.Call, what: list[str], file: SourceFile) -> Fix | None:
    """``Response.json`` for ``Response``, which fails today."""
    if not _is_json(what) or any(isinstance(arg, tree.Keyword) and arg.name == "body" for arg in call.args):
        return None
    return Fix("Use Response.json", (insertion(file.path, call.func.end, ".json"),), True)


def renamed_option(span: Span, name: str, project: Project) -> Fix | None:
    """An option under the name that the binding knows. Unsafe: what was ignored has an effect from then on."""
    data = project.files[span.path].source.data
    start, end = span.start, span.end
    if data[start : start + 1] in (b'"', b"'"):
        start, end = start + 1, end - 1
    if b"_" not in data[start:end] or not data[start:end].decode("utf-8", "replace").isidentifier():
        return None
    return Fix(f"Write {name}", (Edit(Span(span.path, start, end), name),))


def _is_json(what: list[str]) -> bool:
    return all(text in ("a dict", "a list") for text in what)
