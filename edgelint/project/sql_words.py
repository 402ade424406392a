"""What the words of a statement ask for that D1 does not do: read from tokens, confirmed by the engine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from edgelint.platform import d1_sql, limits
from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import Placed, Token, placed, statements, tokens

if TYPE_CHECKING:
    from edgelint.d1.engine import Database

_TRANSACTION = ("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE")
_NEVER = ("ATTACH", "DETACH", "VACUUM")
_QUERIES = ("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES")
# Words before a bracket in a query that call no function, besides those that open a clause.
_BEFORE_BRACKET = frozenset(
    """AND OR NOT IN IS LIKE GLOB BETWEEN CASE WHEN THEN ELSE AS BY OFFSET DISTINCT ALL EXISTS OVER FILTER CONFLICT
    WITH RECURSIVE ESCAPE COLLATE MATCH REGEXP MATERIALIZED SELECT FROM JOIN INTO UPDATE TABLE USING WHERE ON
    HAVING SET VALUES LIMIT RETURNING UNION INTERSECT EXCEPT PARTITION ORDER GROUP NULLS DO NOTHING WINDOW
    CAST RAISE
    """.split()  # noqa: SIM905
)
_COMPOUND = ("UNION", "INTERSECT", "EXCEPT")


class Word(NamedTuple):
    """Words of a text and where they stand; ``what`` says more where a rule needs it."""

    text: str
    start: int
    end: int
    what: str = ""


def refused_statements(text: str) -> Iterator[Word]:
    """The words by which D1 refuses a statement; ``what`` is "transaction", "never", "temporary" or "module"."""
    for statement in statements(text):
        listed = list(tokens(text[statement.start : statement.end]))
        at = statement.start
        first = listed[0]
        if first.upper in _TRANSACTION:
            yield Word(first.upper, at + first.start, at + first.end, "transaction")
        elif first.upper in _NEVER:
            yield Word(first.upper, at + first.start, at + first.end, "never")
        elif first.upper == "CREATE" and len(listed) > 2:
            if listed[1].upper in ("TEMP", "TEMPORARY"):
                yield Word(listed[1].text, at + listed[1].start, at + listed[1].end, "temporary")
            elif listed[1].upper == "VIRTUAL":
                module = _after(listed, "USING")
                if module is not None and unquoted(module.text).lower() not in d1_sql.virtual_tables():
                    yield Word(module.text, at + module.start, at + module.end, "module")


def _after(listed: list[Token], word: str) -> Token | None:
    for first, second in pairwise(listed):
        if first.upper == word:
            return second
    return None


def called(text: str) -> Iterator[Word]:
    """The functions that queries call, by name in lower case; ``what`` is "table" for one that stands for a table."""
    for statement in statements(text):
        if statement.verb not in _QUERIES:
            continue
        at = statement.start
        row = list(placed(text[statement.start : statement.end]))
        for one, following in pairwise(row):
            if following.token.text != "(" or one.token.kind != "word" or one.token.upper in _BEFORE_BRACKET:
                continue
            before = one.before.upper if one.before is not None else ""
            mark = one.before.text if one.before is not None else ""
            if mark == "." or before in ("INTO", "WITH", "RECURSIVE", "AS", "WINDOW", "UPDATE"):
                continue
            if one.depth == 0 and statement.verb == "WITH" and mark == "," and one.clause == "other":
                continue  # WITH a AS (...), b (x) AS (...)
            table = one.clause == "table" and (before in ("FROM", "JOIN") or mark == ",")
            if one.clause == "table" and not table:
                continue
            name = one.token.text.lower()
            yield Word(name, at + one.token.start, at + one.token.end, "table" if table else "")


@cache
def scratch() -> Database:
    """An empty database to prepare statements on; nothing is ever run on it."""
    from edgelint.d1.engine import Database

    return Database.memory()


@cache
def refusal(function: str, table: bool = False) -> str | None:
    """What D1 says to a call of this function ("no such function: x"), None when it has it."""
    from edgelint.d1.errors import D1Error

    if function in d1_sql.known_functions() - d1_sql.functions():
        return f"not authorized to use function: {function}"
    name = '"' + function.replace('"', '""') + '"'
    try:
        scratch().prepare(f"SELECT * FROM {name}(1)" if table else f"SELECT {name}()")
    except D1Error as error:
        refused = ("no such table", "not authorized") if table else ("no such function", "not authorized to use")
        return error.message if error.message.startswith(refused) else None
    return None


class Pragma(NamedTuple):
    """A PRAGMA statement: its name in lower case and where it stands; ``argument`` is None without one."""

    name: str
    argument: str | None
    start: int
    end: int
    text: str


def pragmas(text: str) -> Iterator[Pragma]:
    """The PRAGMA statements of a text."""
    for statement in statements(text):
        if statement.verb != "PRAGMA":
            continue
        whole = text[statement.start : statement.end]
        listed = list(tokens(whole))[1:]
        if len(listed) > 2 and listed[1].text == ".":
            listed = listed[2:]
        if not listed or listed[0].kind not in ("word", "quoted"):
            continue
        given = [t.text for t in listed[1:] if t.text not in ("=", "(", ")", "-", "+")]
        yield Pragma(
            unquoted(listed[0].text).lower(), given[0] if given else None, statement.start + listed[0].start,
            statement.start + listed[0].end, whole,
        )


def too_many_terms(text: str) -> Iterator[Word]:
    """The operator that makes a compound SELECT one term too long; ``what`` is the number of its terms."""
    for statement in statements(text):
        levels: list[list[Token]] = [[]]
        done: list[list[Token]] = []
        for token in tokens(text[statement.start : statement.end]):
            if token.text == "(":
                levels.append([])
            elif token.text == ")" and len(levels) > 1:
                done.append(levels.pop())
            elif token.upper in _COMPOUND:
                levels[-1].append(token)
        for operators in (*done, *levels):
            if len(operators) >= limits.D1_MAX_COMPOUND_SELECT:
                over = operators[limits.D1_MAX_COMPOUND_SELECT - 1]
                yield Word(
                    over.text, statement.start + over.start, statement.start + over.end, str(len(operators) + 1)
                )


def long_patterns(text: str) -> Iterator[Word]:
    """Constant LIKE and GLOB patterns that are longer than D1 takes; ``what`` is their length in bytes."""
    for one in placed(text):
        if one.token.kind == "string" and one.before is not None and one.before.upper in ("LIKE", "GLOB"):
            size = len(unquoted(one.token.text).encode())
            if size > limits.D1_MAX_LIKE_PATTERN:
                yield Word(one.token.text, one.token.start, one.token.end, str(size))


def null_comparisons(text: str) -> Iterator[Word]:
    """``= NULL`` and the like in a condition, from the operator to NULL; ``what`` is how it is meant."""
    row = list(placed(text))
    for one, following in pairwise(row):
        if one.token.text in ("=", "==", "!=", "<>") and following.token.upper == "NULL" and _is_condition(row, one):
            meant = "IS NULL" if one.token.text in ("=", "==") else "IS NOT NULL"
            yield Word(text[one.token.start : following.token.end], one.token.start, following.token.end, meant)


def _is_condition(row: list[Placed], one: Placed) -> bool:
    """Whether an operator stands in WHERE, ON or HAVING, or between WHEN and THEN: ``SET a = NULL`` is none."""
    if one.clause == "where":
        return True
    at = row.index(one)
    for earlier in reversed(row[:at]):
        if earlier.depth < one.depth or (earlier.depth == one.depth and earlier.token.upper in ("THEN", "ELSE", "END")):
            return False
        if earlier.depth == one.depth and earlier.token.upper == "WHEN":
            return True
    return False


def large_integers(text: str) -> Iterator[Word]:
    """Integers that a JavaScript number cannot hold."""
    for token in tokens(text):
        if token.kind == "number" and token.text.isdigit() and int(token.text) > MAX_SAFE_INTEGER:
            yield Word(token.text, token.start, token.end)


MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer up to which every one is a JavaScript number of its own (ECMA-262, Number.MAX_SAFE_INTEGER)."""


def quoted_placeholders(text: str) -> list[Word]:
    """Strings that look as though a placeholder was meant: ``'?'``, ``'%?%'``, ``'?1'``."""
    found = []
    for token in tokens(text):
        inner = unquoted(token.text).strip("%_* ") if token.kind == "string" else ""
        if inner[:1] == "?" and (len(inner) == 1 or inner[1:].isdigit()):
            found.append(Word(token.text, token.start, token.end))
    return found


@cache
def pragma_refusal(sql: str) -> str | None:
    """What D1 says to a PRAGMA statement that it refuses, None when it takes it."""
    from edgelint.d1.errors import D1Error

    try:
        scratch().prepare(sql)
    except D1Error as error:
        return error.message if error.code.startswith("SQLITE_AUTH") else None
    return None
