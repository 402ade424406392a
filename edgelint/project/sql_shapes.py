"""Shapes of queries whose cost grows with the table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from edgelint.project.sql_words import Word
from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import placed, statements


def stars(text: str) -> Iterator[Word]:
    """``*`` and ``t.*`` in the columns of the outermost SELECT."""
    for statement in statements(text):
        if statement.verb not in ("SELECT", "WITH"):
            continue
        at = statement.start
        row = list(placed(text[statement.start : statement.end]))
        for index, one in enumerate(row):
            before = one.before
            if one.token.text != "*" or before is None or one.depth > 0:
                continue
            if before.text == "." and index >= 2:
                yield Word(row[index - 2].token.text + ".*", at + row[index - 2].token.start, at + one.token.end)
            elif before.upper in ("SELECT", "DISTINCT", "ALL") or (before.text == "," and one.clause == "other"):
                yield Word("*", at + one.token.start, at + one.token.end)


def offsets(text: str) -> Iterator[Word]:
    """OFFSET with anything but a number."""
    row = list(placed(text))
    for one, following in pairwise(row):
        if one.token.upper == "OFFSET" and one.clause == "limit" and following.token.kind != "number":
            yield Word(one.token.text, one.token.start, one.token.end)


def leading_wildcards(text: str) -> Iterator[Word]:
    """Patterns of LIKE and GLOB that begin with a wildcard."""
    for one in placed(text):
        before = one.before.upper if one.before is not None else ""
        if one.token.kind == "string" and before in ("LIKE", "GLOB"):
            pattern = unquoted(one.token.text)
            if pattern[:1] in (("%", "_") if before == "LIKE" else ("*", "?", "[")):
                yield Word(one.token.text, one.token.start, one.token.end)
