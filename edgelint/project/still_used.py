"""What migrations have dropped or renamed, and code still asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.project.chains import Link, links
from edgelint.project.refusals import Refusal, refusals, tables_of
from edgelint.syntax.ddl import AlterTable, Drop

if TYPE_CHECKING:
    from edgelint.diagnostics import Span
    from edgelint.project.project import Project


def still_used(project: Project) -> Iterator[tuple[Link, AlterTable | Drop, str, list[Span]]]:
    """(migration, the statement that takes something away, what it takes in words, where code asks for it)."""
    refused: dict[int, list[Refusal]] = {}
    for refusal in refusals(project.whole):
        if refusal.kind in ("table", "column"):
            refused.setdefault(id(refusal.asked.shape.source), []).append(refusal)
    for link in links(project) if refused else ():
        asked = refused.get(id(link.source), [])
        for definition in link.step.definitions if asked else ():
            if isinstance(definition, Drop | AlterTable):
                what = _taken(link, definition)
                uses = [r.span for r in asked if what is not None and _wants(r, definition, link)]
                if what is not None and uses:
                    yield link, definition, what, uses


def _taken(link: Link, definition: AlterTable | Drop) -> str | None:
    """What a statement takes away that was there before its migration, in words."""
    before = {name.lower(): table for name, table in link.step.before.tables.items()}
    if isinstance(definition, Drop):
        table = before.get(definition.name.text.lower())
        if definition.kind != "table" or table is None:
            return None
        lost = _lost(link, table.name)
        if lost is None:
            return f"the table {table.name} is dropped here"
        return f"the table {table.name} is built anew here without {', '.join(sorted(lost))}" if lost else None
    table = before.get(definition.table.text.lower())
    if table is None:
        return None
    if definition.action == "rename":
        return f"the table {table.name} is renamed here"
    if definition.subject is None or definition.action not in ("drop", "rename-column"):
        return None
    done = "dropped" if definition.action == "drop" else "renamed"
    return f"the column {definition.subject.text} of {table.name} is {done} here"


def _lost(link: Link, name: str) -> set[str] | None:
    """The columns that a table has before a migration and not after it, in lower case; None when it is not there."""
    before, after = ({key.lower(): table for key, table in schema.tables.items()}
                     for schema in (link.step.before, link.step.after))
    if name.lower() not in after:
        return None
    kept = {column.name.lower() for column in after[name.lower()].columns}
    return {column.name.lower() for column in before[name.lower()].columns} - kept


def _wants(refusal: Refusal, definition: AlterTable | Drop, link: Link) -> bool:
    """Whether a statement is refused for want of what ``definition`` takes away."""
    name = refusal.name.rpartition(".")[2].lower()
    if refusal.kind == "table":
        gone = definition.name if isinstance(definition, Drop) else definition.table
        return name == gone.text.lower() and (isinstance(definition, Drop) or definition.action == "rename")
    if isinstance(definition, Drop):
        lost = _lost(link, definition.name.text) or set()
        return name in lost and definition.name.text.lower() in {t.lower() for t in tables_of(refusal.asked)}
    if definition.subject is None or definition.subject.text.lower() != name:
        return False
    return definition.table.text.lower() in {table.lower() for table in tables_of(refusal.asked)}
