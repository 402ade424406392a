"""What completes: names after ``env.``, and tables and columns inside SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from edgelint.lsp import facts
from edgelint.source import Source, UnreadableSource
from edgelint.syntax import tree
from edgelint.syntax.parse import parse_file
from edgelint.syntax.sql import tokens

if TYPE_CHECKING:
    from edgelint.lsp.outline import Outline
    from edgelint.project.project import Project

_ENV: Final = re.compile(r"(?:\benv|\.Bindings|\bbindings)\??\.(\w*)$")
_VERB: Final = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|REPLACE|CREATE|ALTER|DROP|PRAGMA)\b", re.I)
_TABLE_NEXT: Final = frozenset(("FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES"))


class Item(NamedTuple):
    """One proposal: its text, "binding", "table" or "column", and what it is."""

    text: str
    kind: str
    detail: str


def items(project: Project, outline: Outline | None, path: str, data: bytes, offset: int) -> list[Item]:
    """What may stand at a place of an unsaved text. ``outline`` is that of an earlier text, if there is one."""
    line = data[data.rfind(b"\n", 0, offset) + 1 : offset].decode("utf-8", "replace")
    if _ENV.search(line) is not None:
        return [
            Item(name, "binding", facts.kind_label(kind)) for name, kind in facts.binding_names(project, path).items()
        ]
    before, whole = _sql_around(path, data if outline is None else outline.around(data, offset), offset)
    return _sql(project, before, whole) if whole else []


def _sql(project: Project, before: str, whole: str) -> list[Item]:
    words = [token.upper for token in tokens(before) if token.kind in ("word", "quoted")]
    typed = bool(before) and (before[-1].isalnum() or before[-1] == "_")
    previous = words[-2] if typed and len(words) > 1 else words[-1] if words and not typed else ""
    known = list(facts.tables(project))
    found = [Item(table, "table", f"table of {database}") for database, table, _ in known]
    if previous in _TABLE_NEXT:
        return list(dict.fromkeys(found))
    named = {token.text.strip('"`[]').lower() for token in tokens(whole) if token.kind in ("word", "quoted")}
    columns = [
        Item(column, "column", f"column of {table}")
        for _, table, names in known
        if table.lower() in named
        for column in names
    ]
    return list(dict.fromkeys((*columns, *found)))


def _sql_around(path: str, data: bytes, offset: int) -> tuple[str, str]:
    """The SQL text that a place stands in: what comes before the place, and all of it; empty when it is none."""
    if path.endswith(".sql"):
        text = data.decode("utf-8", "replace")
        before = data[:offset].decode("utf-8", "replace")
        start = before.rfind(";") + 1
        end = text.find(";", len(before))
        return before[start:], text[start : end if end >= 0 else len(text)]
    try:
        parsed = parse_file(path, Source(path, data))
    except (UnreadableSource, ValueError):  # no text, or no language that holds SQL
        return "", ""
    for node in tree.walk(parsed.module):
        if isinstance(node, (tree.Literal, tree.Template)) and node.start < offset < node.end:
            raw = data[node.start : node.end].decode("utf-8", "replace")
            body = raw.lstrip("rRbBfFuU").lstrip("`'\"")
            if _VERB.match(body):
                before = data[node.start : offset].decode("utf-8", "replace").lstrip("rRbBfFuU").lstrip("`'\"")
                return before, body.rstrip("`'\"")
    return "", ""
