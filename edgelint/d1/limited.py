"""DELETE and UPDATE with ORDER BY and LIMIT: D1's SQLite is built with them, the one at hand is not.

They are rewritten to what SQLite itself makes of them (sqlite3LimitWhere): ``WHERE rowid IN (SELECT rowid ...)``. For
UPDATE ... FROM that is near, not exact: a row of the table counts once for every row it is joined with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import Token, placeholders, tokens

_WORTH_A_LOOK = re.compile(r"\b(?:DELETE|UPDATE)\b.*\b(?:LIMIT|ORDER)\b", re.I | re.S)
_MAIN = frozenset(("DELETE", "UPDATE", "INSERT", "REPLACE", "SELECT", "VALUES", "CREATE", "ALTER", "DROP", "PRAGMA"))
_CLAUSES = ("SET", "FROM", "WHERE", "RETURNING", "ORDER", "LIMIT")
_NAMES = ("word", "quoted", "string")


class Rewritten(NamedTuple):
    """A text in pieces, each with where it stood in the text it was made from (-1: nowhere). ``order``:
    where in that text the ORDER BY or LIMIT begins. ``problem``: what SQLite
    says to the statement when it finds nothing else wrong, "" for nothing."""

    pieces: tuple[tuple[str, int], ...]
    order: int
    problem: str = ""

    @property
    def text(self) -> str:
        """The whole."""
        return "".join(text for text, _ in self.pieces)

    def is_added(self, offset: int) -> bool:
        """Whether what stands at ``offset`` was not in the text before."""
        at = 0
        for text, place in self.pieces:
            at += len(text)
            if offset < at:
                return place < 0
        return False

    def original(self, offset: int) -> int:
        """Where in the text before the rewriting ``offset`` stood: for added text, the nearest place before it."""
        at = last = 0
        for text, place in self.pieces:
            if place >= 0:
                last = place + min(len(text), offset - at)
            at += len(text)
            if offset < at:
                break
        return last


def rewrite(text: str, key: Callable[[str], Sequence[str]]) -> Rewritten | None:
    """``text`` without ORDER BY and LIMIT on its DELETE or UPDATE; None when there are none, or when it cannot be read.
    ``key(table)`` names the columns that identify a row of a table."""
    if not _WORTH_A_LOOK.search(text):
        return None
    found = _at_top(text)
    at = next((index for index, token in enumerate(found) if token.upper in _MAIN), len(found))
    verb = found[at].upper if at < len(found) else ""
    if verb not in ("DELETE", "UPDATE"):
        return None
    rest = found[at + 2 :] if verb == "DELETE" else found[at + 1 :]  # DELETE FROM
    places: dict[str, Token] = {}
    for token in rest:
        if token.upper in _CLAUSES:
            places.setdefault(token.upper, token)
    if "LIMIT" not in places and "ORDER" not in places:
        return None
    if rest[0].upper == "OR":  # UPDATE OR IGNORE t
        rest = rest[2:]
    head = rest[: next(index for index, token in enumerate(rest) if token.upper in _CLAUSES)]
    if not head or head[0].kind not in _NAMES:
        return None
    written = _Writer(text, head, places, key).written()
    return written if "LIMIT" in places else written._replace(problem=f"ORDER BY without LIMIT on {verb}")


def _at_top(text: str) -> list[Token]:
    """The tokens outside brackets."""
    found, depth = [], 0
    for token in tokens(text):
        depth -= token.text == ")"
        if depth == 0:
            found.append(token)
        depth += token.text == "("
    return found


class _Writer:
    """Puts the clauses of one statement into their new order. ``head`` is the table with its alias and INDEXED BY."""

    def __init__(
        self, text: str, head: Sequence[Token], places: dict[str, Token], key: Callable[[str], Sequence[str]]
    ) -> None:
        self.text = text
        self.head = head
        self.where = places.get("WHERE")
        self.returning = places.get("RETURNING")
        self.joined = places.get("FROM") if "SET" in places else None
        self.order = min(token.start for word, token in places.items() if word in ("ORDER", "LIMIT"))
        self.key = self._key(key)
        self.numbers = _numbers(text)
        self.pieces: list[tuple[str, int]] = []

    def written(self) -> Rewritten:
        after = self.returning.start if self.returning is not None else self.order
        condition = self.where.start if self.where is not None else after
        self._take(0, condition)
        columns = ", ".join(self.key)
        self._add(f" WHERE {columns if len(self.key) == 1 else f'({columns})'} IN (SELECT {columns} FROM ")
        self._take(self.head[0].start, self.head[-1].end)
        if self.joined is not None:
            self._add(", ")
            self._take(self.joined.end, condition)
        self._add(" ")
        self._take(condition, after)
        self._add(" ")
        self._take(self.order, len(self.text))
        self._add(")")
        if self.joined is not None and self.where is not None:
            self._add(" AND (")
            self._take(self.where.end, after)
            self._add(")")
        if self.returning is not None:
            self._add(" ")
            self._take(after, self.order)
        return Rewritten(tuple(self.pieces), self.order)

    def _key(self, key: Callable[[str], Sequence[str]]) -> Sequence[str]:
        names = [token for token in self.head if token.kind in _NAMES]
        qualified = len(self.head) > 2 and self.head[1].text == "."
        table = names[1] if qualified and len(names) > 1 else names[0]
        columns = key(unquoted(table.text))
        if self.joined is None:
            return columns
        alias = next((name for name, before in zip(names[1:], names, strict=False) if before.upper == "AS"), table)
        return [f"{alias.text}.{column}" for column in columns]

    def _take(self, start: int, end: int) -> None:
        for place, number in self.numbers:
            if start <= place < end:
                self.pieces += ((self.text[start:place], start), (number, place))
                start = place + 1
        self.pieces.append((self.text[start:end], start))

    def _add(self, words: str) -> None:
        self.pieces.append((words, -1))


def _numbers(text: str) -> list[tuple[int, str]]:
    """Every bare ``?`` with the number it has: the clauses change places, the numbers must not."""
    return [(place.start, f"?{place.number}") for place in placeholders(text) if place.kind == "?"]
