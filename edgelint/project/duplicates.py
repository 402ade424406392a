"""Result columns of one name that come from different columns: as keys of an object only the last is left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import Token, tokens

if TYPE_CHECKING:
    from edgelint.d1.engine import ResultColumn
    from edgelint.diagnostics import Span
    from edgelint.project.prepared import Asked
    from edgelint.project.project import Project


class Duplicate(NamedTuple):
    """``first`` and ``second`` are "table.column", the one that is lost and the one that stays."""

    name: str
    first: str
    second: str
    span: Span


def duplicates(project: Project) -> Iterator[Duplicate]:
    """The first of each statement, where its rows are read as objects."""
    seen: set[Span] = set()
    for query in project.queries:
        if not query.sure or _raw(query.statement.bind or query.statement.call.node):
            continue
        for asked in query.asked:
            found = _of(asked)
            if found is not None and found.span not in seen:
                seen.add(found.span)
                yield found
                break


def _of(asked: Asked) -> Duplicate | None:
    if asked.prepared is None or len(asked.prepared.columns) < 2:
        return None
    at: dict[str, ResultColumn] = {}
    for column in asked.prepared.columns:
        first = at.get(column.name)
        if first is not None and first.table and column.table and first.column and column.column:
            one, other = f"{first.table}.{first.column}", f"{column.table}.{column.column}"
            if one != other and not _same(asked, first, column):
                span = _place(asked, column.name)
                return Duplicate(column.name, one, other, span) if span is not None else None
        at[column.name] = column
    return None


def _same(asked: Asked, first: ResultColumn, second: ResultColumn) -> bool:
    """Whether the statement says that both have one value: ``a.id = b.id``, USING, NATURAL."""
    listed = list(tokens(asked.sql))
    words = {t.upper for t in listed}
    if "NATURAL" in words or "USING" in words:
        return True
    for position, token in enumerate(listed):
        if token.text in ("=", "==") or token.upper == "IS":
            left, right = _name(listed, position - 1), _name(listed, position + 1, forward=True)
            if {left, right} == {str(first.column).lower(), str(second.column).lower()} or (
                left == right == str(first.column).lower() == str(second.column).lower()
            ):
                return True
    return False


def _name(listed: list[Token], position: int, forward: bool = False) -> str:
    """The column at a position: ``id`` of ``a.id``."""
    if forward and position + 2 < len(listed) and listed[position + 1].text == ".":
        position += 2
    return unquoted(listed[position].text).lower() if 0 <= position < len(listed) else ""


def _place(asked: Asked, name: str) -> Span | None:
    """The last mention of the column in the list of results, or the ``*`` that brings it; else all of the list."""
    listed = list(tokens(asked.sql))
    depth, first, last = 0, None, None
    for position, token in enumerate(listed):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.upper == "SELECT" and first is None:
            first = position + 1
        elif depth == 0 and token.upper == "FROM" and first is not None:
            last = position
            break
    if first is None or last is None or first >= last:
        return None
    named = [t for t in listed[first:last] if t.kind in ("word", "quoted") and unquoted(t.text) == name]
    stars = [t for t in listed[first:last] if t.text == "*"]
    if not named and not stars:
        return asked.span(listed[first].start, listed[last - 1].end)
    token = (named or stars)[-1]
    at = listed.index(token)
    start = listed[at - 2].start if at - 2 >= first and listed[at - 1].text == "." else token.start
    return asked.span(start, token.end)


def _raw(node: object) -> bool:
    """Whether the rows are read as arrays: ``.raw()``."""
    from edgelint.syntax import tree

    member = node.parent if isinstance(node, tree.Node) else None
    return isinstance(member, tree.Member) and member.name in ("raw", "run")
