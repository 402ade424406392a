"""What a plain statement compares and sorts by, read from its tokens.

Plain is what most statements are: one SELECT, UPDATE or DELETE without a statement inside it, whose conditions compare
single columns. sqlglot takes a tenth of a second to load and a millisecond for each of them, so it is for the rest:
``read`` gives None for whatever it is not sure of. What it gives is what ``sql_terms`` gets out of sqlglot's tree, the
order included; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edgelint.syntax.sql import Token, tokens

Named = tuple[str, str]  # (qualifier or "", column), in lower case


class Plain(NamedTuple):
    """``compared``: columns that are compared, with whether it is for equality, those under the fewest brackets and
    operators first. ``order``: the columns of ORDER BY with whether each is DESC, None where one of the terms is no
    column. ``tables``: how many are named."""

    compared: list[tuple[Named, bool]]
    order: list[tuple[str, str, bool]] | None
    tables: int
    limited: bool
    filtered: bool


class _Unsure(Exception):
    """The statement has something in it that is not read here."""


class _Condition:
    """A condition as sqlglot's tree has it: AND, OR and brackets with conditions below them, or a comparison."""

    __slots__ = ("below", "compared")

    def __init__(self, below: Sequence[_Condition], compared: Sequence[tuple[Named, bool]] = ()) -> None:
        self.below = below
        self.compared = compared


# Words that end a clause at the level of the statement.
_CLAUSES = frozenset(("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "RETURNING"))
_JOINS = frozenset(("NATURAL", "LEFT", "RIGHT", "FULL", "OUTER", "INNER", "CROSS", "JOIN"))
_EQUAL = frozenset(("=", "=="))
_RANGE = frozenset(("<", ">", "<=", ">="))
_OTHER = frozenset(("<>", "!="))
_OPERATORS = frozenset(("+", "-", "*", "/", "%", "||", "->", "->>"))
_VALUES = frozenset(("NULL", "TRUE", "FALSE"))
# With one of these the statement has another inside it, or a part whose reading is not worth the words here.
_NOT_PLAIN = frozenset((
    "WITH", "UNION", "INTERSECT", "EXCEPT", "WINDOW", "OVER", "FILTER", "INDEXED", "EXISTS", "VALUES", "EXPLAIN",
))
# Words that sqlglot takes for something else than a column where they stand alone (its tokenizer's keywords and
# functions without brackets, https://github.com/tobymao/sqlglot/blob/main/sqlglot/tokens.py), and SQLite's operators.
_NOT_COLUMNS = frozenset((
    "all", "and", "any", "array", "as", "asc", "between", "by", "case", "cast", "collate", "cross", "current_date",
    "current_datetime", "current_time", "current_timestamp", "current_user", "default", "desc", "distinct", "else",
    "end", "escape", "except", "exists", "false", "fetch", "final", "first", "for", "from", "full", "glob", "group",
    "having", "ilike", "in", "inner", "insert", "intersect", "interval", "into", "is", "isnull", "join", "lateral",
    "left", "like", "limit", "localtime", "localtimestamp", "map", "match", "natural", "next", "not", "notnull",
    "null", "nulls", "offset", "on", "or", "order", "outer", "over", "overlaps", "partition", "pivot", "primary",
    "qualify", "range", "recursive", "references", "regexp", "returning", "right", "rlike", "row", "rows", "select",
    "session_user", "set", "similar", "some", "struct", "table", "tablesample", "then", "true", "union", "unique",
    "unnest", "unpivot", "update", "using", "values", "when", "where", "window", "with", "within", "xor", "div",
    "div0", "cluster", "connect", "sort", "lock", "prior", "connect_by_root",
))
_MOST_LEVELS = 60


def read(sql: str) -> Plain | None:
    """What ``sql``, one statement, compares and sorts by; None when it is not plain. Never raises."""
    listed = list(tokens(sql))
    words = [token.upper for token in listed]
    if not words or words[0] not in ("SELECT", "UPDATE", "DELETE") or not _NOT_PLAIN.isdisjoint(words):
        return None
    if words.count("SELECT") != (words[0] == "SELECT") or words.count("WHERE") > 1:
        return None
    try:
        return _Reader(listed, words).statement()
    except (_Unsure, RecursionError):
        return None


class _Reader:
    """One statement; ``at`` is the token that is read next."""

    def __init__(self, listed: list[Token], words: list[str]) -> None:
        self.listed = listed
        self.words = words
        self.closes = _brackets(listed)
        self.at = 0

    def statement(self) -> Plain:
        verb = self.words[0]
        conditions: list[_Condition] = []
        self.at = 1
        tables = 1
        if verb == "SELECT":
            self.to("FROM")
            tables = self.sources(conditions)
        elif verb == "UPDATE":
            self.name()
            if self.word() != "SET":
                raise _Unsure
            self.to("WHERE", "RETURNING", "FROM", "ORDER", "LIMIT", optional=True)
        else:
            self.expect("FROM")
            self.table()
        filtered = self.word() == "WHERE"
        if filtered:
            conditions.append(self.condition(self.clause(), 0))
        order: list[tuple[str, str, bool]] | None = []
        limited = False
        if verb == "SELECT":
            if self.word() == "GROUP":
                self.to("HAVING", "ORDER", "LIMIT", optional=True)
            if self.word() == "HAVING":
                self.to("ORDER", "LIMIT", optional=True)
            if self.word() == "ORDER":
                order = self.order()
            limited = self.word() == "LIMIT"
            if limited:
                self.to(optional=True)
        elif self.word() == "RETURNING":
            self.to(optional=True)
        if self.at < len(self.listed):
            raise _Unsure
        return Plain(_by_level(conditions), order, tables, limited, filtered)

    # -- moving on ----------------------------------------------------------------------------------------------------

    def word(self) -> str:
        """The keyword or name that comes next, in capitals."""
        return self.words[self.at] if self.at < len(self.words) else ""

    def expect(self, word: str) -> None:
        if self.word() != word:
            raise _Unsure
        self.at += 1

    def to(self, *stops: str, optional: bool = False) -> None:
        """Go on to one of ``stops`` outside of brackets; to the end, when none comes and that is allowed."""
        at = self.at + 1
        while at < len(self.listed):
            if self.words[at] in stops:
                self.at = at
                return
            if self.listed[at].text == ";":
                raise _Unsure
            at = self.closes.get(at, at) + 1
        if not optional:
            raise _Unsure
        self.at = at

    def clause(self) -> tuple[int, int]:
        """The tokens from the next one on to the next clause."""
        start = self.at + 1
        at = start
        while at < len(self.listed) and self.words[at] not in _CLAUSES:
            at = self.closes.get(at, at) + 1
        self.at = at
        return start, at

    # -- tables -------------------------------------------------------------------------------------------------------

    def sources(self, conditions: list[_Condition]) -> int:
        """FROM and its joins, whose conditions go into ``conditions``; returns how many tables there are."""
        self.at += 1
        self.table()
        count = 1
        while self.at < len(self.listed) and self.word() not in _CLAUSES:
            if self.listed[self.at].text == ",":
                self.at += 1
            else:
                start = self.at
                while self.word() in _JOINS:
                    self.at += 1
                if self.at == start or self.words[self.at - 1] != "JOIN":
                    raise _Unsure
            self.table()
            count += 1
            if self.word() == "ON":
                start = at = self.at + 1
                while at < len(self.listed) and self.words[at] not in _CLAUSES and self.words[at] not in _JOINS:
                    if self.listed[at].text == ",":
                        raise _Unsure
                    at = self.closes.get(at, at) + 1
                self.at = at
                conditions.append(self.condition((start, at), 0))
            elif self.word() == "USING" and self.at + 1 in self.closes:
                self.at = self.closes[self.at + 1] + 1
        return count

    def table(self) -> None:
        """A table's name with its alias."""
        self.name()
        if self.word() == "AS":
            self.at += 1
            self.name()
        elif self.at < len(self.listed) and self.word() not in _CLAUSES and self.word() not in _JOINS:
            if self.word() not in ("ON", "USING") and self.listed[self.at].text != ",":
                self.name()

    def name(self) -> None:
        """One name without a qualifier."""
        if self.at >= len(self.listed) or _named(self.listed[self.at]) is None:
            raise _Unsure
        self.at += 1
        if self.at < len(self.listed) and self.listed[self.at].text in (".", "("):
            raise _Unsure

    # -- conditions ---------------------------------------------------------------------------------------------------

    def condition(self, span: tuple[int, int], level: int) -> _Condition:
        """The condition between two tokens."""
        for word in ("OR", "AND"):
            parts = self.divided(span, word)
            if len(parts) > 1:
                found = self.condition(parts[0], level)
                for part in parts[1:]:  # from the left: a OR b OR c is (a OR b) OR c
                    found = _Condition((found, self.condition(part, level)))
                return found
        start, end = span
        if start < end and self.closes.get(start) == end - 1 and self.listed[start].text == "(":
            if level > _MOST_LEVELS:
                raise _Unsure
            return _Condition((self.condition((start + 1, end - 1), level + 1),))
        return self.comparison(start, end)

    def divided(self, span: tuple[int, int], word: str) -> list[tuple[int, int]]:
        """The parts between the ``word``s outside of brackets; the AND of a BETWEEN does not divide."""
        at, end = span
        parts = []
        start, between = at, False
        while at < end:
            found = self.words[at]
            between = between or found == "BETWEEN"
            if found == word:
                if word == "AND" and between:
                    between = False
                else:
                    parts.append((start, at))
                    start = at + 1
            at = self.closes.get(at, at) + 1
        return [*parts, (start, end)]

    def comparison(self, start: int, end: int) -> _Condition:
        """A comparison without AND and OR."""
        marks = [
            at for at in self.outside(start, end)
            if self.listed[at].text in _EQUAL or self.listed[at].text in _RANGE or self.listed[at].text in _OTHER
            or self.words[at] in ("IN", "BETWEEN", "IS", "LIKE", "GLOB", "NOT")
        ]
        if not marks:
            self.side(start, end)
            return _Condition(())
        at = marks[0]
        text, word = self.listed[at].text, self.words[at]
        left = self.side(start, at)
        if word == "NOT":
            if len(marks) != 2 or marks[1] != at + 1 or self.words[at + 1] not in ("IN", "BETWEEN", "LIKE", "GLOB"):
                raise _Unsure
            self.second(at + 1, end)
            return _Condition(())  # what is negated tells nothing
        if len(marks) > 1 and not (word == "IS" and self.words[at + 1] == "NOT" and marks[1:] == [at + 1]):
            raise _Unsure
        if word == "IS":
            self.side(at + 1 + (len(marks) - 1), end)
            return _Condition(())
        right = self.second(at, end)
        if text in _OTHER or word in ("LIKE", "GLOB"):
            return _Condition(())
        equal = text in _EQUAL or word == "IN"
        sides = [left] if word else [left, right]
        return _Condition((), [(side, equal) for side in sides if side is not None])

    def second(self, at: int, end: int) -> Named | None:
        """What stands behind an operator: for IN a list, for BETWEEN two sides."""
        word = self.words[at]
        if word == "IN":
            if self.closes.get(at + 1) != end - 1 or end - at < 4:
                raise _Unsure
            return None
        if word == "BETWEEN":
            middle = [other for other in self.outside(at + 1, end) if self.words[other] == "AND"]
            if len(middle) != 1:
                raise _Unsure
            self.side(at + 1, middle[0])
            self.side(middle[0] + 1, end)
            return None
        return self.side(at + 1, end)

    def outside(self, start: int, end: int) -> list[int]:
        """The tokens from ``start`` to ``end`` that are in no brackets."""
        found, at = [], start
        while at < end:
            found.append(at)
            at = self.closes.get(at, at) + 1
        return found

    def side(self, start: int, end: int) -> Named | None:
        """The column that stands alone between two tokens; None for a value, a function, a sum."""
        while self.closes.get(start) == end - 1 and end - start > 2:
            start, end = start + 1, end - 1
        column = self.column(start, end)
        if column is not None:
            return column
        at = start
        while True:
            at = self.operand(at, end)
            if at == end:
                return None
            if self.listed[at].text not in _OPERATORS:
                raise _Unsure
            at += 1

    def column(self, start: int, end: int) -> Named | None:
        if end - start == 1 or (end - start == 3 and self.listed[start + 1].text == "."):
            names = [_named(self.listed[at]) for at in range(start, end, 2)]
            if None not in names:
                return ("", str(names[0])) if len(names) == 1 else (str(names[0]), str(names[1]))
        return None

    def operand(self, at: int, end: int) -> int:
        """Where the operand that begins at ``at`` ends."""
        if at >= end:
            raise _Unsure
        token = self.listed[at]
        if token.text == "-":
            return self.operand(at + 1, end)
        if token.text == "(":
            self.side(at + 1, self.closes[at])
            return self.closes[at] + 1
        if token.kind in ("number", "string", "parameter") or self.words[at] in _VALUES:
            return at + 1
        if _named(token) is None:
            raise _Unsure
        if at + 1 < end and self.listed[at + 1].text == "(" and token.kind == "word":
            return self.closes[at + 1] + 1
        if at + 1 < end and self.listed[at + 1].text == ".":
            if at + 2 >= end or _named(self.listed[at + 2]) is None:
                raise _Unsure
            return at + 3
        return at + 1

    # -- order --------------------------------------------------------------------------------------------------------

    def order(self) -> list[tuple[str, str, bool]] | None:
        """The terms of ORDER BY, None where one is no column."""
        self.at += 1
        self.expect("BY")
        start = self.at
        self.at -= 1
        self.to("LIMIT", optional=True)
        found: list[tuple[str, str, bool]] = []
        plain = True
        for first, last in self.listed_between(start, self.at):
            end = last
            if self.words[end - 1] in ("ASC", "DESC"):
                end -= 1
            if any(self.words[at] in ("ASC", "DESC", "NULLS") for at in range(first, end)) or first >= end:
                raise _Unsure
            collated = end - first > 2 and self.words[end - 2] == "COLLATE"
            column = self.side(first, end - 2 if collated else end)
            if column is None or collated:
                plain = False
            else:
                found.append((*column, self.words[last - 1] == "DESC"))
        return found if plain else None

    def listed_between(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts between the commas outside of brackets."""
        parts, at = [], start
        for other in self.outside(start, end):
            if self.listed[other].text == ",":
                parts.append((at, other))
                at = other + 1
        if at >= end:
            raise _Unsure
        return [*parts, (at, end)]


def _named(token: Token) -> str | None:
    """The name a token is, in lower case; None when it is none, or one that means something else."""
    if token.kind == "word":
        name = token.text.lower()
        return name if name.isascii() and name not in _NOT_COLUMNS else None
    if token.kind == "quoted" and token.text[0] in '"`[' and len(token.text) > 2:
        name = token.text[1:-1]
        return name.lower() if name.replace("_", "").isalnum() and name.isascii() else None
    return None


def _brackets(listed: list[Token]) -> dict[int, int]:
    """Which bracket closes which. Raises ``_Unsure`` where they do not match."""
    closes: dict[int, int] = {}
    open_: list[int] = []
    for at, token in enumerate(listed):
        if token.text == "(":
            open_.append(at)
        elif token.text == ")":
            if not open_:
                raise _Unsure
            closes[open_.pop()] = at
    if open_:
        raise _Unsure
    return closes


def _by_level(conditions: list[_Condition]) -> list[tuple[Named, bool]]:
    """The comparisons, level by level: sqlglot's ``find_all`` goes through its trees in that order."""
    found: list[tuple[Named, bool]] = []
    level: list[_Condition] = conditions
    while level:
        found += [one for condition in level for one in condition.compared]
        level = [below for condition in level for below in condition.below]
    return found
