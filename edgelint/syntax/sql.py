"""SQL text: its tokens, its statements, its placeholders and the clause each stands in; and, when asked, its structure.

Everything but ``parse`` is made of tokens of our own: text put together at run time is often no whole statement, and
sqlglot costs 100 ms to import. A part of the text that is not known is one ``HOLE`` character. All offsets are code
points of the text given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from edgelint.patterns import later

HOLE = "\ufffc"
"""Stands in a text for a part that is not known."""

# The lexical rules are SQLite's (https://www.sqlite.org/lang_expr.html, tokenize.c). A string, comment or quoted name
# that is not closed goes on to the end: what stands in it is not SQL. Repeats are possessive: ten megabytes of one
# string must not be remembered character by character.
_SPACE = r"[ \t\n\f\r\ufeff]++|--[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+"
_STRING = r"'[^']*+(?:''[^']*+)*+'?+"
_QUOTED = r""""[^"]*+(?:""[^"]*+)*+"?+|`[^`]*+(?:``[^`]*+)*+`?+|\[[^\]]*+\]?+"""
_TOKEN = re.compile(
    rf"""(?P<space>{_SPACE})|(?P<string>{_STRING})|(?P<quoted>{_QUOTED})"""
    r"""|(?P<parameter>\?\d*|[:@][^\W\d]\w*|\$\w+(?:::\w+)*)"""
    r"""|(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"""
    # Letters, digits, _, $ and all that is not ASCII: said by what is not of them, which compiles ten times as fast.
    r"""|(?P<word>[^\x00-@\[-^`{-\x7f][^\x00-#%-/:-@\[-^`{-\x7f]*)"""
    r"""|(?P<mark>::|->>?|\|\||<=|>=|<>|!=|==|<<|>>|.)""",
    re.S,
)


class Token(NamedTuple):
    """``kind``: "word" (a keyword, name or HOLE), "string", "quoted", "parameter", "number", "mark"."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """The word in capitals; "" for what is no word."""
        return self.text.upper() if self.kind == "word" else ""


def tokens(text: str) -> Iterator[Token]:
    """The tokens of ``text`` without white space and comments. Never raises."""
    return iter(_kept(text)) if len(text) <= _KEPT else _tokens(text)


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "mark"
        if kind != "space":
            yield Token(kind, match[0], match.start(), match.end())


_KEPT = 4_000  # code points: what is found in texts up to this length is kept, for rule after rule asks for it


@lru_cache(maxsize=8192)
def _kept(text: str) -> tuple[Token, ...]:
    return tuple(_tokens(text))


# -- statements -------------------------------------------------------------------------------------------------------


class Statement(NamedTuple):
    """One statement: its place without the ``;``, its first keyword in capitals ("" when it starts with a hole), and
    where the text goes on: after the ``;``, or the end of the text."""

    start: int
    end: int
    verb: str
    stop: int


# What dividing needs to tell apart: everything that may hold a ``;`` or look like one.
_PIECE = re.compile(
    rf"""(?P<plain>(?:[^;'"`\[/-]++|-(?!-)|/(?!\*))++)|(?P<semicolon>;)|(?P<space>{_SPACE})"""
    rf"""|(?P<other>{_STRING}|{_QUOTED}|.)""",
    re.S,
)
_TRIGGER = later(
    rf"(?:EXPLAIN(?:{_SPACE})+(?:QUERY(?:{_SPACE})+PLAN(?:{_SPACE})+)?)?CREATE(?:{_SPACE})+"
    rf"(?:TEMP(?:ORARY)?(?:{_SPACE})+)?TRIGGER\b",
    re.I,
)
_WORD = re.compile(r"[A-Za-z_]+")
_BLANK = " \t\n\f\r\ufeff"


def statements(text: str) -> list[Statement]:
    """The statements of ``text``, as SQLite divides it: those inside a CREATE TRIGGER belong to it."""
    return list(_kept_statements(text)) if len(text) <= _KEPT else _statements(text)


@lru_cache(maxsize=8192)
def _kept_statements(text: str) -> tuple[Statement, ...]:
    return tuple(_statements(text))


def _statements(text: str) -> list[Statement]:
    found: list[Statement] = []
    start, end = -1, 0
    may_trigger = "trigger" in text.lower()
    trigger, last, pieces = False, "", 0  # of the text since the last ``;``: what stands in it, in how many pieces
    for match in _PIECE.finditer(text):
        kind = match.lastgroup
        if kind == "space":
            continue
        if kind != "semicolon":
            last = match[0].strip(_BLANK)
            if last:
                pieces += 1
                place = match.start() + len(match[0]) - len(match[0].lstrip(_BLANK))
                start, end = (place if start < 0 else start), place + len(last)
            continue
        if start >= 0 and not trigger:
            trigger = may_trigger and _TRIGGER.match(text, start) is not None
            closed = not trigger
        else:
            closed = pieces == 1 and last.upper() == "END"  # a trigger ends with ``; END`` (sqlite3_complete)
        if start >= 0 and closed:
            found.append(_statement(text, start, end, match.end()))
            start, trigger = -1, False
        last, pieces = "", 0
    if start >= 0:
        found.append(_statement(text, start, end, len(text)))
    return found


def _statement(text: str, start: int, end: int, stop: int) -> Statement:
    word = _WORD.match(text, start, end)
    hole = word is None or text[word.end() : word.end() + 1] == HOLE
    return Statement(start, end, "" if word is None or hole else word[0].upper(), stop)


# -- placeholders -----------------------------------------------------------------------------------------------------


class Placeholder(NamedTuple):
    """One ``?``, ``?3`` or ``:name``.

    ``number`` is the place of its argument (from 1), as SQLite counts: a ``?`` takes the one after the largest so
    far. ``exact`` is False when a hole before it may hold placeholders of its own; ``number`` is then the least it can
    be. ``clause``: "limit", "offset", "where" (also ON and HAVING), "set", "values", "in", "order-by", "table",
    "other". ``function`` is the innermost function whose argument it is part of ("min"), in lower case, or None.
    """

    text: str
    start: int
    end: int
    number: int
    exact: bool
    clause: str
    function: str | None

    @property
    def kind(self) -> str:
        """ "?" , "numbered" or "named"."""
        if self.text == "?":
            return "?"
        return "numbered" if self.text[0] == "?" else "named"


class _Level:
    """What is known inside one pair of brackets."""

    __slots__ = ("clause", "function", "first", "limit")

    def __init__(self, clause: str, function: str | None, first: int) -> None:
        self.clause = clause
        self.function = function
        self.first = first  # how many placeholders stood before the clause
        self.limit = False  # a LIMIT stands at this level, not around it


# Reserved words of SQLite (https://www.sqlite.org/lang_keywords.html): outside quotes they can be nothing else.
_CLAUSES = {
    "SELECT": "other", "FROM": "table", "JOIN": "table", "INTO": "table", "UPDATE": "table", "TABLE": "table",
    "USING": "other", "WHERE": "where", "ON": "where", "HAVING": "where", "SET": "set", "VALUES": "values",
    "LIMIT": "limit", "RETURNING": "other", "UNION": "other", "INTERSECT": "other", "EXCEPT": "other",
}  # fmt: skip
# Words before a bracket that call nothing.
_NOT_FUNCTIONS = frozenset(
    ("AND", "OR", "NOT", "IN", "IS", "LIKE", "GLOB", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "AS", "BY", "OFFSET",
     "DISTINCT", "ALL", "EXISTS", "OVER", "FILTER", "CONFLICT", "WITH", "RECURSIVE", "ESCAPE", "COLLATE", "MATCH",
     "REGEXP", *_CLAUSES)
)  # fmt: skip


class Placed(NamedTuple):
    """A token with the clause and the function it stands in, as of a ``Placeholder``, the token before it, and how many
    brackets are open around it.
    """

    token: Token
    clause: str
    function: str | None
    before: Token | None
    depth: int


def placed(text: str) -> Iterator[Placed]:
    """The tokens of ``text``, each with where it stands. A keyword that opens a clause stands in the one before."""
    return iter(_kept_placed(text)) if len(text) <= _KEPT else _placed(text)


def _placed(text: str) -> Iterator[Placed]:
    for token, level, before, depth in _walk(text):
        yield Placed(token, level.clause, level.function, before, depth)


@lru_cache(maxsize=8192)
def _kept_placed(text: str) -> tuple[Placed, ...]:
    return tuple(_placed(text))


def _walk(text: str) -> Iterator[tuple[Token, _Level, Token | None, int]]:
    levels = [_Level("other", None, 0)]
    before: Token | None = None
    parameters = 0
    for token in tokens(text):
        level = levels[-1]
        yield token, level, before, len(levels) - 1
        if token.kind == "parameter":
            parameters += 1
        elif token.kind == "word":
            _word(token, before, level, parameters)
        elif token.text == "(":
            levels.append(_opened(before, level, parameters))
        elif token.text == ")" and len(levels) > 1:
            levels.pop()
        elif token.text == ";":
            levels = [_Level("other", None, 0)]
        before = token


def placeholders(text: str) -> list[Placeholder]:
    """Every placeholder of ``text`` in order, each with its clause. For text that is no whole statement, too."""
    return list(_kept_placeholders(text)) if len(text) <= _KEPT else _placeholders(text)


@lru_cache(maxsize=8192)
def _kept_placeholders(text: str) -> tuple[Placeholder, ...]:
    return tuple(_placeholders(text))


def _placeholders(text: str) -> list[Placeholder]:
    found: list[Placeholder] = []
    numbers: dict[str, int] = {}
    largest, holes = 0, False
    for token, level, _, _ in _walk(text):
        if token.kind == "parameter":
            number = _number(token.text, numbers, largest)
            largest = max(largest, number)
            exact = not holes or (token.text[0] == "?" and len(token.text) > 1)  # ?4 says its number
            place = Placeholder(token.text, token.start, token.end, number, exact, level.clause, level.function)
            found.append(place)
        elif token.text == "," and level.clause == "limit" and level.limit:
            # LIMIT a, b: the first is the offset
            found[level.first :] = [place._replace(clause="offset") for place in found[level.first :]]
        holes = holes or HOLE in token.text
    return found


def _number(text: str, numbers: dict[str, int], largest: int) -> int:
    """The number of the argument for ``text``; a name keeps the number that its first use was given."""
    if text == "?":
        return largest + 1
    if text[0] == "?":
        return int(text[1:]) if len(text) < 8 else 0  # SQLite refuses more than 32,766
    return numbers.setdefault(text, largest + 1)


def _word(token: Token, before: Token | None, level: _Level, found: int) -> None:
    """Go on to the clause that a keyword opens."""
    word = token.upper
    if before is not None and before.text == ".":  # t.offset
        return
    if word in _CLAUSES:
        if word == "ON" and level.clause == "values":  # ON CONFLICT
            level.clause = "other"
        elif word == "UPDATE" and before is not None and before.upper in ("DO", "ON"):  # ON UPDATE CASCADE
            level.clause = "other"
        else:
            level.clause = _CLAUSES[word]
        level.limit = word == "LIMIT"
        level.first = found
    elif word == "BY" and before is not None and before.upper in ("ORDER", "GROUP", "PARTITION"):
        level.clause = "order-by" if before.upper == "ORDER" else "other"
    elif word == "OFFSET" and level.clause == "limit":
        level.clause = "offset"


def _opened(before: Token | None, level: _Level, found: int) -> _Level:
    """The level inside a bracket: a list of IN, the arguments of a function, or a group of the same clause."""
    word = before.upper if before is not None else ""
    if word == "IN":
        return _Level("in", level.function, found)
    function = level.function
    if before is not None and before.kind == "word" and word not in _NOT_FUNCTIONS and level.clause != "table":
        function = before.text.lower()
    return _Level(level.clause, function, found)


# -- structure --------------------------------------------------------------------------------------------------------


class Reference(NamedTuple):
    """A name in a statement and its place: a table with its schema as ``qualifier``, a column with its table or alias.

    ``name`` is None when part of it, or of the qualifier, is a hole.
    """

    name: str | None
    qualifier: str | None
    start: int
    end: int
    alias: str | None = None


class Parsed(NamedTuple):
    """A statement with what it names. ``error`` is what sqlglot says, not SQLite: never to be reported alone."""

    statement: Statement
    tables: list[Reference]
    columns: list[Reference]
    error: str | None


def parse(text: str) -> list[Parsed]:
    """The statements of ``text`` with their tables and columns, through sqlglot. Never raises.

    sqlglot does not know SQLite's ``?1`` and takes ``$a`` for a column: both are rewritten to a named parameter of the
    same length first, so that places stay true.
    """
    plain = list(text.replace(HOLE, "h"))
    for token in tokens(text):
        if token.kind == "parameter" and len(token.text) > 1:
            plain[token.start : token.end] = ":" + "".join(_letter(char) for char in token.text[1:])
    rewritten = "".join(plain)
    return [_parse_one(text, rewritten, statement) for statement in statements(text)]


@contextmanager
def quiet_sqlglot() -> Iterator[None]:
    """Parse without sqlglot's warnings: "Falling back to parsing as a Command" is not for the user's eyes."""
    import logging

    logger = logging.getLogger("sqlglot")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _letter(char: str) -> str:
    return chr(ord("a") + int(char)) if char in "0123456789" else char if char not in ":" + HOLE else "h"


def _parse_one(text: str, rewritten: str, statement: Statement) -> Parsed:
    import sqlglot
    from sqlglot import exp

    try:
        with quiet_sqlglot():
            trees = sqlglot.parse(rewritten[statement.start : statement.end], read="sqlite")
    except RecursionError:
        return Parsed(statement, [], [], "too deeply nested")
    except Exception as error:  # ParseError and TokenError; and what else a parser of half a statement may run into
        return Parsed(statement, [], [], str(error).split("\n", 1)[0])
    parsed = trees[0] if len(trees) == 1 else None
    if parsed is None or isinstance(parsed, exp.Command):
        return Parsed(statement, [], [], "not understood")
    tables = [
        found for node in parsed.find_all(exp.Table)
        if (found := _reference(text, statement.start, node.this, node.args.get("db"), node.alias or None))
    ]  # fmt: skip
    columns = [
        found for node in parsed.find_all(exp.Column)
        if (found := _reference(text, statement.start, node.this, node.args.get("table"), None))
    ]  # fmt: skip
    declared = [name for schema in parsed.find_all(exp.Schema) for name in schema.expressions]
    declared += [column.this for column in parsed.find_all(exp.ColumnDef)]
    columns += [found for name in declared if (found := _reference(text, statement.start, name, None, None))]
    by_place = sorted(set(columns), key=lambda one: one.start)
    return Parsed(statement, sorted(tables, key=lambda one: one.start), by_place, None)


def _reference(text: str, offset: int, node: object, qualifier: object, alias: str | None) -> Reference | None:
    from sqlglot import exp

    if not isinstance(node, exp.Identifier) or "start" not in node.meta:
        return None
    start, end = offset + node.meta["start"], offset + node.meta["end"] + 1
    before: str | None = None
    known = HOLE not in text[start:end]
    if isinstance(qualifier, exp.Identifier):
        before = str(qualifier.this)
        known = known and HOLE not in text[offset + qualifier.meta.get("start", start) : start]
    return Reference(str(node.this) if known else None, before if known else None, start, end, alias)
