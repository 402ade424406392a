"""Small questions about the syntax of text that becomes SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile

SQL_TEXT = re.compile(
    r"[?'\"`=()<>;,]|\b(?:SELECT|FROM|WHERE|AND|OR|ORDER|BY|SET|VALUES|INSERT|INTO|UPDATE|DELETE|LIMIT|OFFSET|JOIN|ASC|DESC"
    r"|IN|IS|LIKE|GLOB|MATCH|NOT|NULL|AS|ON|GROUP|HAVING|UNION|CASE|WHEN|TABLE|INDEX|VIEW|PRAGMA|CREATE|DROP|ALTER|DISTINCT"
    r"|COLLATE|BETWEEN|EXISTS)\b",
    re.IGNORECASE,
)
"""Marks and keywords of SQL: what holds none of them is a value, or nothing."""

_CLASS = re.compile(r"/\[(?!\^)[^\]]*\]\+?/\w*g\w*")  # /['"]/g


def is_sql(parent: Node | None) -> bool:
    """Whether the constant parts of a template or a sum look like SQL, and not like a value that is made of parts."""
    if isinstance(parent, tree.Template):
        parts = parent.parts
    elif isinstance(parent, tree.Binary):
        while isinstance(parent.parent, tree.Binary) and parent.parent.op == "+":
            parent = parent.parent
        parts = [n for n in tree.walk(parent) if isinstance(n, tree.Literal)]
    else:
        return True
    return any(isinstance(p, tree.Literal) and SQL_TEXT.search(str(p.value)) is not None for p in parts)


def before(node: Node) -> str:
    """The constant text directly in front of an operand where it is glued in; "" when there is none."""
    parent = node.parent
    while isinstance(parent, tree.Cast | tree.Await):
        node, parent = parent, parent.parent
    previous: Node | None = None
    if isinstance(parent, tree.Template):
        position = next((i for i, part in enumerate(parent.parts) if part is node), 0)
        previous = parent.parts[position - 1] if position > 0 else None
    elif isinstance(parent, tree.Binary) and parent.op == "+" and parent.right is node:
        previous = parent.left
        while isinstance(previous, tree.Binary) and previous.op == "+":
            previous = previous.right
        if isinstance(previous, tree.Template) and previous.tag is None and previous.parts:
            previous = previous.parts[-1]
    return str(previous.value) if isinstance(previous, tree.Literal) and previous.kind == "string" else ""


def disarmed_quotes(node: tree.Call, method: str, file: SourceFile) -> frozenset[str]:
    """The quotes that are all doubled or taken out (``x.replaceAll("'", "''")``): text stays inside such quotes."""
    pattern, by = (str(arg.value) if isinstance(arg, tree.Literal) else None for arg in node.args[:2])
    if pattern is None or by is None:
        return frozenset()
    every = method == "replaceAll" or file.language == "python" or pattern.endswith("/g")
    found = {q for q in "'\"`" if every and by in (q * 2, "") and pattern in (q, f"/{q}/g")}
    if by == "" and _CLASS.fullmatch(pattern) is not None:
        found |= {q for q in "'\"`" if q in pattern}
    return frozenset(found)


def strips_to_words(regex: str) -> bool:
    """Whether ``replace(regex, "")`` leaves only letters, digits, ``_``, ``-``, ``.`` and space: a negated class with
    the g flag.
    """
    body, _, flags = regex.strip().removeprefix("/").rpartition("/")
    if "g" not in flags:
        return False
    negated = re.fullmatch(r"\[\^(.*)\][+*]?", body)
    if negated is None:
        return body in (r"\W", r"\W+", r"\D", r"\D+")
    return not any(char in negated[1].replace("\\-", "").replace("\\.", "") for char in "'\";()`=<>*/,|&[]")
