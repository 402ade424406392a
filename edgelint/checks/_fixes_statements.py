"""Statements that are not needed: taken out of code and of migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.checks._fixes_text import removal
from edgelint.diagnostics import Fix
from edgelint.syntax import tree
from edgelint.syntax.sql import statements

if TYPE_CHECKING:
    from edgelint.project.databases import SqlFile
    from edgelint.project.sql_units import Unit

_RUNS = frozenset({"run", "all", "first", "raw"})


def without_query(unit: Unit) -> Fix | None:
    """Take out the statement of code that runs this query and nothing else, when its result is not used. Safe for a
    query that does nothing."""
    statement = unit.statement
    if statement is None or not unit.is_known or len(statements(unit.text)) != 1 or len(statement.texts) != 1:
        return None
    file = statement.call.file
    at: tree.Node = statement.call.node
    if statement.call.verb != "exec":
        member = at.parent
        if not isinstance(member, tree.Member) or member.name not in _RUNS or not isinstance(member.parent, tree.Call):
            return None
        at = member.parent
    if isinstance(at.parent, tree.Await):
        at = at.parent
    line = at.parent
    block = line.parent if isinstance(line, tree.ExprStmt) else None
    if line is None or not isinstance(block, tree.Block) or len(block.body) < 2:
        return None
    if file.language != "python" and file.source.data[block.start : block.start + 1] != b"{":
        return None
    return Fix("Remove it", (removal(file.source, line.start, line.end),), True)


def without_transactions(file: SqlFile) -> Fix | None:
    """Take out every BEGIN and COMMIT of a migration, which is a transaction as it is; None beside a ROLLBACK or a
    SAVEPOINT. Safe: it does not apply today, so nothing hangs on what it did."""
    found = statements(file.text)
    verbs = [one.verb for one in found]
    ends = [verb in ("COMMIT", "END") for verb in verbs]
    if any(verb in ("ROLLBACK", "SAVEPOINT", "RELEASE") for verb in verbs) or verbs.count("BEGIN") != sum(ends):
        return None
    edits = [
        removal(file.source, *file.span(one.start, one.stop)[1:])
        for one, end in zip(found, ends, strict=True) if end or one.verb == "BEGIN"
    ]
    return Fix("Remove BEGIN and COMMIT", tuple(edits), True)
