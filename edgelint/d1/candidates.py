"""Values that the CHECK constraints of a table accept, found by asking SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import NamedTuple

from edgelint.d1.engine import Database, Value
from edgelint.d1.errors import D1Error
from edgelint.d1.schema import Table
from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import Token, tokens

MAX_TRIED = 3_000
"""Combinations of values that are tried for one group of columns."""
MAX_KEPT = 24
_MAX_ANSWERED = 2_000
_answered: dict[tuple[object, ...], tuple[tuple[Value, ...], ...]] = {}
# What people's CHECKs ask for: dates, JSON, addresses, hashes, colours, small numbers, lengths.
_COMMON: tuple[Value, ...] = (
    0, 1, 2, 10, 100, 0.5, -1, "a", "A", "", "{}", "[]", '["a"]', "2025-01-01", "2025-01-01 00:00:00",
    "2025-01-01T00:00:00Z", "2025-01-01T00:00:00.000Z", "12:00", "a@example.com", "https://example.com", "+15550100",
    "#ffffff", "en", "USD", "a-b", "/a", "0" * 32, "0" * 64, "00000000-0000-4000-8000-000000000000", b"\0",
    "1", "0", "true", 1_735_689_600, 1_735_689_600_000, 1000, 10_000,
)  # fmt: skip


class Check(NamedTuple):
    """The expression of a CHECK, and the columns of the table it speaks of, in lower case."""

    expression: str
    columns: frozenset[str]


class Group(NamedTuple):
    """Columns that CHECKs tie together, in lower case, and combinations of values that satisfy them; the fewest NULLs
    first. No combination: none was found."""

    columns: tuple[str, ...]
    combinations: tuple[tuple[Value, ...], ...]


def checks(table: Table) -> list[Check]:
    """The CHECK constraints in a table's text, of columns and of the table."""
    listed = list(tokens(table.sql))
    names = {column.name.lower() for column in table.columns}
    found = []
    for position, token in enumerate(listed[:-1]):
        if token.upper == "CHECK" and listed[position + 1].text == "(":
            inner = _bracket(listed, position + 1)
            if inner:
                text = table.sql[inner[0].start : inner[-1].end]
                used = {unquoted(t.text).lower() for t in inner if t.kind in ("word", "quoted")}
                found.append(Check(text, frozenset(used & names)))
    return found


def _bracket(listed: Sequence[Token], opening: int) -> list[Token]:
    """The tokens inside the bracket at ``opening``."""
    depth = 0
    for position in range(opening, len(listed)):
        if listed[position].text == "(":
            depth += 1
        elif listed[position].text == ")":
            depth -= 1
            if depth == 0:
                return list(listed[opening + 1 : position])
    return []


def groups(
    database: Database, found: Sequence[Check], pools: dict[str, Sequence[Value]]
) -> list[Group]:
    """The groups of columns that ``found`` ties together, with combinations that satisfy all of them.

    ``pools`` gives the values that come first for each column, in lower case.
    """
    made = []
    for columns, own in _tied(found):
        literals = [value for check in own for value in _literals(check.expression)]
        listed = [_pool(pools[column], literals) for column in columns]
        if len(columns) > 1:
            each = max(3, int(MAX_TRIED ** (1 / len(columns))))
            listed = [_short(pool, pools[c], literals, each) for c, pool in zip(columns, listed, strict=True)]
        # A CHECK speaks of its row alone: the same question has the same answer in every database. One table is asked
        # of before each migration, two ways.
        key = (columns, tuple(own), tuple(tuple((type(value), value) for value in pool) for pool in listed))
        answer = _answered.get(key)
        if answer is None:
            kept = list(islice(_satisfying(database, columns, own, product(*listed)), MAX_KEPT))
            kept.sort(key=lambda values: sum(value is None for value in values))
            if len(_answered) >= _MAX_ANSWERED:
                _answered.clear()
            answer = _answered[key] = tuple(kept)
        made.append(Group(columns, answer))
    return made


def _pool(first: Sequence[Value], literals: Sequence[Value]) -> list[Value]:
    """Literals of the CHECK before all else: they are what it was written for."""
    numbers = [value for value in literals if isinstance(value, int | float)]
    near: list[Value] = [number + step for number in numbers for step in (-1, 1)]
    long: list[Value] = [text * number for number in numbers if isinstance(number, int) and 0 < number <= 512
                         for text in ("a", "0")]
    nothing = [value for value in first if value is None]
    rest = [value for value in first if value is not None]
    return _unique((*literals, *rest, *near, *_COMMON, *long, *nothing))


def _short(pool: Sequence[Value], first: Sequence[Value], literals: Sequence[Value], most: int) -> list[Value]:
    """A pool of at most ``most`` values, with the NULL where it is one."""
    nothing: list[Value] = [None] if None in first else []
    return _unique((*[value for value in pool if value is not None][: most - len(nothing)], *nothing))


def _unique(values: Iterable[Value]) -> list[Value]:
    seen: dict[tuple[type, Value], Value] = {}
    for value in values:
        seen.setdefault((type(value), value), value)
    return list(seen.values())


def _tied(found: Sequence[Check]) -> Iterator[tuple[tuple[str, ...], list[Check]]]:
    """The CHECKs in groups that share no column."""
    left = [(set(check.columns), [check]) for check in found if check.columns]
    while left:
        columns, own = left.pop(0)
        changed = True
        while changed:
            changed = False
            for other in list(left):
                if other[0] & columns:
                    columns |= other[0]
                    own += other[1]
                    left.remove(other)
                    changed = True
        yield tuple(sorted(columns)), own


def _literals(expression: str) -> list[Value]:
    found: list[Value] = []
    before = ""
    for token in tokens(expression):
        if token.kind == "string":
            found.append(token.text[1:-1].replace("''", "'"))
        elif token.kind == "number":
            try:
                number: int | float = int(token.text, 0) if token.text[:2].lower() == "0x" else (
                    int(token.text) if token.text.isdigit() else float(token.text)
                )
            except ValueError:
                continue
            found.append(-number if before == "-" else number)
        before = token.text
    return [value for value in found if not isinstance(value, int) or abs(value) < 2**62]


def _satisfying(
    database: Database, columns: Sequence[str], own: Sequence[Check], tried: Iterable[tuple[Value, ...]]
) -> Iterator[tuple[Value, ...]]:
    """Of ``tried``, what no CHECK calls false; a CHECK that gives NULL is satisfied."""
    row = ", ".join(f'? AS "{column}"' for column in columns)
    asked = " AND ".join(f"(({check.expression}\n) IS NOT FALSE)" for check in own)
    with database.hidden():
        for values in islice(tried, MAX_TRIED):
            try:
                result = database.execute(f"SELECT {asked} FROM (SELECT {row})", values)
            except D1Error:
                continue  # malformed JSON, and the like
            if result.rows and result.rows[0][0]:
                yield values
