"""Storing a response only when the origin did not fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.checks._fixes_text import begins_line, indent, insertion, step
from edgelint.diagnostics import Fix
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.caching import Unchecked


def stored_when_ok(found: Unchecked) -> Fix | None:
    """``if (response.ok)`` before the statement that stores, where the response is in a variable that is seen there.

    Unsafe: what is not stored is fetched again each time, errors that may well be kept for a while too.
    """
    call, fetched = found.call, found.fetch
    file, node = call.file, fetched.node
    if fetched.file is not file or found.site.node is not call.node or node is None:
        return None
    wait = node.parent
    made = wait.parent if isinstance(wait, tree.Await) else None
    statement: tree.Node | None = call.node
    while statement is not None and not isinstance(statement, tree.ExprStmt | tree.Function | tree.Block):
        statement = statement.parent
    if not isinstance(made, tree.Assign) or not isinstance(made.target, tree.Name):
        return None
    if not isinstance(statement, tree.ExprStmt) or made.value is not wait:
        return None
    if not any(around is made.parent for around in tree.ancestors(statement)):
        return None
    name, block, data = made.target.id, statement.parent, file.source.data
    if tree.enclosing_function(statement) is not tree.enclosing_function(made):
        return None
    if not isinstance(block, tree.Block) or not begins_line(data, statement.start):
        return None
    if file.language == "python":
        text = f"if {name}.ok:\n{indent(data, statement.start)}{step(data)}"
    elif data[block.start : block.start + 1] == b"{":
        text = f"if ({name}.ok) "
    else:
        return None
    return Fix(f"Store it only when {name}.ok", (insertion(file.path, statement.start, text),))
