"""What a statement compares and sorts by: the columns of its WHERE, ON and ORDER BY.

Most statements are read by ``sql_plain``, the others through sqlglot.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from edgelint.syntax import sql_plain
from edgelint.syntax.sql import quiet_sqlglot, tokens
from edgelint.syntax.sql_plain import Named

if TYPE_CHECKING:
    from sqlglot import exp

MAX_LENGTH = 20_000  # characters of a statement that is still taken apart


class Terms(NamedTuple):
    """``equal``: columns that are compared with ``=`` or IN; ``ranges``: with ``<``, ``>``, BETWEEN; ``order``: those
    of the outermost ORDER BY with whether it is DESC (``mixed``: some are and some are not). ``alone``: one table is
    named. ``order_place``: where the words ORDER BY stand. ``filtered``: there is a WHERE."""

    equal: list[Named]
    ranges: list[Named]
    order: list[tuple[str, str, bool]]
    mixed: bool
    unqualified: frozenset[str]
    alone: bool
    limited: bool
    filtered: bool
    order_place: tuple[int, int] | None


def terms(sql: str) -> Terms | None:
    """What ``sql``, one statement, compares and sorts by; None when it is not understood. Never raises."""
    if len(sql) > MAX_LENGTH:
        return None
    plain = sql_plain.read(sql)
    return through_sqlglot(sql) if plain is None else _of_plain(plain, sql)


def _of_plain(plain: sql_plain.Plain, sql: str) -> Terms:
    equal = [named for named, is_equal in plain.compared if is_equal]
    ranges = [named for named, is_equal in plain.compared if not is_equal]
    return _terms(equal, ranges, plain.order or [], plain.tables, plain.limited, plain.filtered, sql)


def _terms(
    equal: list[Named], ranges: list[Named], order: list[tuple[str, str, bool]], tables: int, limited: bool,
    filtered: bool, sql: str,
) -> Terms:
    columns = {c[1] for c in (*equal, *ranges) if not c[0]}
    return Terms(
        equal, ranges, order, len({o[2] for o in order}) > 1, frozenset(columns), tables == 1, limited, filtered,
        _order_place(sql),
    )  # fmt: skip


def through_sqlglot(sql: str) -> Terms | None:
    """``terms`` of any statement. sqlglot takes 100 ms to load."""
    parsed = _parsed(sql)
    if parsed is None:
        return None
    from sqlglot import exp

    equal: list[Named] = []
    ranges: list[Named] = []
    for node in parsed.find_all(exp.EQ, exp.In, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between):
        if not _counts(node):
            continue
        into = equal if isinstance(node, exp.EQ | exp.In) else ranges
        sides = [node.this] if isinstance(node, exp.In | exp.Between) else [node.this, node.expression]
        for side in sides:
            named = _column(side)
            if named is not None:
                into.append(named)
    order: list[tuple[str, str, bool]] = []
    clause = parsed.args.get("order")
    plain = True
    for item in clause.expressions if clause is not None else ():
        named = _column(item.this)
        plain = plain and named is not None
        if named is not None:
            order.append((*named, bool(item.args.get("desc"))))
    order = order if plain else []
    tables = len(list(parsed.find_all(exp.Table)))
    limited, filtered = parsed.args.get("limit") is not None, parsed.find(exp.Where) is not None
    return _terms(equal, ranges, order, tables, limited, filtered, sql)


def _parsed(sql: str) -> Any:
    import sqlglot

    plain = list(sql)
    for token in tokens(sql):
        if token.kind == "parameter":
            plain[token.start : token.end] = "?" + " " * (len(token.text) - 1)
    try:
        with quiet_sqlglot():
            return sqlglot.parse_one("".join(plain), read="sqlite")
    except Exception:  # what a parser of another's dialect may run into
        return None


def _counts(node: exp.Expression) -> bool:
    """Whether a comparison is one that every row of a WHERE or ON must pass: under AND, in no function, not negated."""
    from sqlglot import exp

    at = node.parent
    while at is not None:
        if isinstance(at, exp.Where | exp.Join):
            return True
        if not isinstance(at, exp.And | exp.Paren | exp.Or):
            return False
        at = at.parent
    return False


def _column(node: Any) -> Named | None:
    from sqlglot import exp

    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier):
        return str(node.table or "").lower(), str(node.name).lower()
    return None


def _order_place(sql: str) -> tuple[int, int] | None:
    """Where the outermost ORDER BY stands."""
    depth = 0
    found: tuple[int, int] | None = None
    listed = list(tokens(sql))
    for token, after in pairwise(listed):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.upper == "ORDER" and after.upper == "BY":
            found = token.start, after.end
    return found
