"""A class that the entry of a Worker is to export."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TYPE_CHECKING

from edgelint.checks._fixes_imports import imported
from edgelint.checks._fixes_text import begins_line, insertion, line_end
from edgelint.diagnostics import Edit, Fix, Span
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project


def exported(
    name: str, entry: SourceFile, declared: list[tuple[SourceFile, tree.Class]], project: Project
) -> Fix | None:
    """``export`` before the one class of that name in the entry itself, or an export of it from the one other file that
    has it. Safe in the entry: the deploy fails without it. Unsafe from another file, whose code the Worker gets with
    it.
    """
    if len(declared) != 1:
        return None
    file, node = declared[0]
    if file is not entry:
        return _from_elsewhere(name, entry, file, node, project)
    if entry.language == "python" or not isinstance(node.parent, tree.Module) or node.decorators:
        return None
    if not begins_line(entry.source.data, node.start):
        return None
    return Fix(f"Export {name}", (insertion(entry.path, node.start, "export "),), True)


def _from_elsewhere(
    name: str, entry: SourceFile, file: SourceFile, node: tree.Class, project: Project
) -> Fix | None:
    if file.is_test or (file.language == "python") != (entry.language == "python"):
        return None
    if entry.language == "python":
        folder = posixpath.dirname(entry.path)
        path = posixpath.relpath(file.path, folder or ".")
        if path.startswith("../") or not isinstance(node.parent, tree.Module):
            return None
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        edit = imported(entry, name, module)
        return Fix(f"Import {name}", (edit,)) if edit is not None else None
    body = entry.module.body
    types = {n.exported for e in body if isinstance(e, tree.Export) for n in e.names if isinstance(n, tree.ExportName)}
    if name not in project.graph.exports(file.path) or name in types:
        return None
    lines = [n for n in body if isinstance(n, tree.Import) or (isinstance(n, tree.Export) and n.source is not None)]
    specifier = project.graph.specifier(entry.path, file.path)
    data = entry.source.data
    quote, mark = '"', ";"
    if lines:
        quote = data[lines[-1].source_start : lines[-1].source_start + 1].decode() or '"'
        mark = ";" if data[lines[-1].source_end : lines[-1].source_end + 1] == b";" else ""
    text = f"export {{ {name} }} from {quote}{specifier}{quote}{mark}"
    if lines:
        return Fix(f"Export {name}", (insertion(entry.path, line_end(data, lines[-1].end), f"\n{text}"),))
    if not body or not begins_line(data, body[0].start):
        return None
    return Fix(f"Export {name}", (insertion(entry.path, body[0].start, f"{text}\n\n"),))


def renamed(spans: Iterable[Span], name: str) -> Fix:
    """Another class named in the config, in its binding and its migrations. Unsafe: it is a guess."""
    return Fix(f"Use {name}", tuple(Edit(span, name) for span in dict.fromkeys(spans)))
