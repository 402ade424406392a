"""A class that is built on the runtime's ``DurableObject``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelint.checks._fixes_imports import imported
from edgelint.checks._fixes_text import begins_line, indent, insertion, step
from edgelint.diagnostics import Edit, Fix, Span
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile

_IMPLEMENTS = re.compile(rb"\s*implements\s+DurableObject\s*(?=\{)")
_BASE = "DurableObject"
_SOURCES = ("cloudflare:workers", "workers")


def extended(node: tree.Class, file: SourceFile) -> Fix | None:
    """``extends DurableObject`` with its import, and ``super(ctx, env)`` first in the constructor. None for a class
    with a base, type parameters or another interface, and for a constructor that is not of the usual form.

    Unsafe: each of its methods can be called on a stub from then on.
    """
    if node.bases or not node.name or node.decorators:
        return None
    python = file.language == "python"
    if any(isinstance(member, tree.Field) and member.name in ("ctx", "env") for member in node.members):
        return None  # the base's own fields, which TypeScript does not let a class declare as private
    data = file.source.data
    rest = data[node.name_end : node.end]
    implements = _IMPLEMENTS.match(rest)
    if python and rest[:1] == b":":
        edits = [insertion(file.path, node.name_end, f"({_BASE})")]
    elif not python and implements is not None:
        edits = [Edit(Span(file.path, node.name_end, node.name_end + implements.end()), f" extends {_BASE} ")]
    elif not python and rest.lstrip()[:1] == b"{":
        edits = [insertion(file.path, node.name_end, f" extends {_BASE}")]
    else:
        return None
    symbol = file.index.root.lookup(_BASE)
    if symbol is None:
        edit = imported(file, _BASE, _SOURCES[python])
        if edit is None:
            return None
        edits.append(edit)
    elif not all(isinstance(d.at, tree.Import) and d.at.source in _SOURCES and not d.at.is_type for d in symbol.defs):
        return None
    built = [m for m in node.members if isinstance(m, tree.Function) and m.kind == "constructor" and m.body is not None]
    if len(built) > 1:
        return None
    for constructor in built:
        more = _calls_base(constructor, file, python)
        if more is None:
            return None
        edits += more
    return Fix(f"Extend {_BASE}", tuple(edits))


def _calls_base(constructor: tree.Function, file: SourceFile, python: bool) -> list[Edit] | None:
    """The call of the base's constructor, with the two parameters that the runtime gives; a missing second one is
    added."""
    params = [p for p in constructor.params if isinstance(p, tree.Param)][int(python) :]
    names = [p.target.id for p in params if isinstance(p.target, tree.Name) and not p.rest and not p.keyword_only]
    body = constructor.body
    if len(names) != len(params) or not 1 <= len(names) <= 2 or not isinstance(body, tree.Block) or not body.body:
        return None
    if any(p.accessibility and name in ("ctx", "env") for p, name in zip(params, names, strict=True)):
        return None
    data, first = file.source.data, body.body[0]
    edits = []
    if len(names) == 1:
        if any(isinstance(n, tree.Name) and n.id == "env" for n in tree.walk(body)):
            return None
        names.append("env")
        edits.append(insertion(file.path, params[0].end, ", env: any" if file.language == "typescript" else ", env"))
    given = ", ".join(names)
    if python:
        if not begins_line(data, first.start) or (isinstance(first, tree.ExprStmt) and _is_text(first.value)):
            return None
        edits.append(insertion(file.path, first.start, f"super().__init__({given})\n{indent(data, first.start)}"))
        return edits
    if data[body.start : body.start + 1] != b"{":
        return None
    own_line = begins_line(data, first.start)
    lead = indent(data, first.start) if own_line else indent(data, constructor.start) + step(data)
    edits.append(insertion(file.path, body.start + 1, f"\n{lead}super({given});"))
    return edits


def _is_text(node: tree.Node) -> bool:
    return isinstance(node, tree.Literal) and node.kind == "string"
