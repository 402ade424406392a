"""A name that a file is to import, beside the imports that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.checks._fixes_text import insertion, line_start
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.diagnostics import Edit
    from edgelint.project.files import SourceFile

_WORDS = (b"", b"const", b"let", b"var")  # what may stand before the node of a statement that begins a line


def imported(file: SourceFile, name: str, module: str) -> Edit | None:
    """An edit by which ``file`` has ``name`` of ``module``: in an import of that module that names others, else in a
    line of its own before the first import, or before the first statement. None for JavaScript that is no module."""
    body = file.module.body
    python = file.language == "python"
    imports = [node for node in body if isinstance(node, tree.Import)]
    if not python and not imports and not any(isinstance(node, tree.Export) for node in body):
        return None
    for node in imports:
        names = [n for n in node.names if isinstance(n, tree.ImportName)]
        plain = [n for n in names if n.imported not in ("*", "default") and not n.is_type]
        if node.source == module and not node.level and plain and not node.is_type and _is_from(file, node):
            return insertion(file.path, plain[-1].end, f", {name}")
    first: tree.Node | None
    if python:
        text = f"from {module} import {name}\n"
        later = [n for n in body if not _is_docstring(n) and not (n in imports and _is_future(n))]
        first = next((n for n in later if n in imports), None) or next(iter(later), None)
    else:
        text = f'import {{ {name} }} from {_quoted(file, imports, module)}\n'
        first = next(iter(imports or body), None)
    data = file.source.data
    if first is None or data[line_start(data, first.start) : first.start].strip() not in _WORDS:
        return None
    text += "" if isinstance(first, tree.Import) else "\n"
    return insertion(file.path, line_start(data, first.start), text)


def _is_future(node: tree.Node) -> bool:
    return isinstance(node, tree.Import) and node.source == "__future__"


def _is_docstring(node: tree.Node) -> bool:
    return isinstance(node, tree.ExprStmt) and isinstance(node.value, tree.Literal)


def _is_from(file: SourceFile, node: tree.Import) -> bool:
    return file.language != "python" or file.source.data[node.start : node.start + 4] == b"from"


def _quoted(file: SourceFile, imports: list[tree.Import], module: str) -> str:
    """The module as the file's other imports write theirs."""
    data = file.source.data
    first = imports[0] if imports else None
    quote = data[first.source_start : first.source_start + 1].decode() if first is not None else '"'
    ends = first is None or data[first.source_end : first.source_end + 1] == b";"
    return f"{quote}{module}{quote}{';' if ends else ''}"
