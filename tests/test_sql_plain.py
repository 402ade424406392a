"""Plain statements are read from their tokens as sqlglot's tree tells them."""

from __future__ import annotations

import random

import pytest

from edgelint.syntax import sql_plain
from edgelint.syntax.sql_terms import terms, through_sqlglot

PLAIN = [
    "SELECT id, name FROM users WHERE email = ?1",
    "select u.id from users u join teams as t on u.team = t.id and t.kind in (?, ?) where u.age > 3 limit 1",
    "SELECT a FROM t LEFT OUTER JOIN u USING (id) CROSS JOIN v WHERE a = 1 AND b = 2 AND (c < 3 OR d = e)",
    "SELECT a FROM t, u AS x WHERE t.a = x.b ORDER BY t.a DESC, b ASC LIMIT ? OFFSET ?",
    "SELECT a FROM t WHERE a BETWEEN ? AND ? AND b = 1 OR c BETWEEN 1 AND 2 + d",
    "SELECT a FROM t WHERE a NOT IN (1, 2) AND b NOT BETWEEN 1 AND 2 AND c NOT LIKE 'x%' AND d = 1",
    "SELECT a FROM t WHERE a IS NULL AND b IS NOT NULL AND c IS ? AND d LIKE ? AND e <> 1 AND f != 2 AND g == 3",
    "SELECT a FROM t WHERE lower(a) = lower(?) AND date(b, '-1 day') > c AND b ->> '$.x' = 1 AND active",
    'SELECT a FROM "t" WHERE "a" = 1 AND `b` >= [c] AND t."d" <= -1 AND (a + (1)) > 2',
    "SELECT count(*), max(a = 1) FROM t WHERE ((a)) = 1 AND ((b = 2 OR (c = 3 AND d = 4)) AND e = 5) GROUP BY a, b",
    "SELECT a FROM t GROUP BY a HAVING count(*) > 1 ORDER BY count(*) DESC",
    "SELECT a FROM t ORDER BY a COLLATE NOCASE DESC, b",
    "SELECT a FROM t ORDER BY 1",
    "UPDATE t SET a = 1, b = (c = 2) WHERE d = ? AND e < 4 RETURNING a = b",
    "UPDATE t SET a = 1",
    "DELETE FROM t AS x WHERE x.a = ? OR b IN (?, ?)",
    "DELETE FROM t",
    "SELECT a FROM t WHERE (((a = 1)))",
]
NOT_PLAIN = [
    "",
    "INSERT INTO t (a) VALUES (1)",
    "WITH x AS (SELECT 1) SELECT a FROM x WHERE a = 1",
    "SELECT a FROM t WHERE a IN (SELECT b FROM u)",
    "SELECT a FROM t UNION SELECT b FROM u",
    "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE b = 1)",
    "SELECT sum(a) FILTER (WHERE b = 1) FROM t WHERE c = 1",
    "SELECT a FROM json_each(?) WHERE a = 1",
    "SELECT a FROM main.t WHERE a = 1",
    "SELECT a FROM t WHERE a = CURRENT_TIMESTAMP",
    "SELECT a FROM t WHERE NOT a = 1",
    "SELECT a FROM t WHERE a = 1 = b",
    "SELECT a FROM t WHERE a COLLATE NOCASE = 1",
    "SELECT a FROM t WHERE CASE WHEN a = 1 THEN b END = 2",
    "SELECT a FROM t WHERE (a, b) = (1, 2)",
    "SELECT a FROM t WHERE a IN t2",
    "SELECT a FROM t WHERE a IN ()",
    "SELECT a FROM t WHERE a = x'00'",
    "SELECT a FROM t WHERE x.y.z = 1",
    "SELECT a FROM t WHERE a = 1 ORDER BY a NULLS LAST",
    "SELECT a FROM t WHERE a = 1 ORDER BY a,",
    "SELECT a FROM t WHERE a =",
    "SELECT a FROM t WHERE a = 1; SELECT 2",
    "SELECT a FROM t WHERE (a = 1",
    "SELECT a FROM t WHERE a) = 1",
    "SELECT a FROM t WHERE a = -", "SELECT a FROM t WHERE a = 1 + (b = c)",
    "SELECT a FROM t WHERE a = b.1",
    "SELECT a FROM t WHERE a IS NOT b IS NOT c",
    "SELECT a FROM t WHERE a NOT NULL",
    "SELECT a FROM t WHERE a BETWEEN 1",
    "SELECT a FROM t JOIN u ON a = b, v",
    "SELECT a FROM t LEFT u",
    "SELECT a FROM t INDEXED BY i WHERE a = 1",
    "SELECT 1",
    "UPDATE OR IGNORE t SET a = 1",
    "UPDATE t SET a = 1 FROM u WHERE t.a = u.a",
    "DELETE t",
    'SELECT a FROM t WHERE "a""b" = 1',
    "SELECT a FROM t WHERE a = " + "(1+" * 6000 + "1" + ")" * 6000,
    "SELECT a FROM t WHERE " + "(" * 80 + "a = 1" + ")" * 80,
]


@pytest.mark.parametrize("sql", PLAIN)
def test_plain_statements_are_read_as_sqlglot_reads_them(sql: str) -> None:
    assert sql_plain.read(sql) is not None
    assert terms(sql) == through_sqlglot(sql)


@pytest.mark.parametrize("sql", NOT_PLAIN)
def test_what_is_not_plain_is_left_alone(sql: str) -> None:
    assert sql_plain.read(sql) is None


def test_what_is_compared_comes_level_by_level() -> None:
    plain = sql_plain.read("SELECT * FROM t JOIN u ON j = k WHERE a = 1 AND (b < 2 OR c = 3) AND d IN (4)")
    assert plain is not None
    assert [(name, equal) for (_, name), equal in plain.compared] == [
        ("j", True), ("k", True), ("d", True), ("a", True), ("b", False), ("c", True),
    ]
    assert (plain.tables, plain.limited, plain.filtered, plain.order) == (2, False, True, [])


def _condition(chance: random.Random, level: int) -> str:
    """A condition made at random."""
    kind = chance.randrange(8 if level < 3 else 5)
    side = chance.choice(("a", "t.b", '"c"', "?", "1", "'x'", "lower(d)", "a + 1", "(e)", "b || 'x'"))
    other = chance.choice(("a", "u.b", "?2", "3", "null", "date('now')"))
    if kind == 0:
        return f"{side} {chance.choice(('IN', 'NOT IN'))} (?, ?)"
    if kind == 1:
        return f"{side} {chance.choice(('BETWEEN', 'NOT BETWEEN'))} {other} AND 7"
    if kind == 2:
        return f"{side} {chance.choice(('IS NULL', 'IS NOT NULL', 'LIKE ?', 'NOT LIKE ?', 'IS ?'))}"
    if kind <= 4:
        return f"{side} {chance.choice(('=', '==', '<', '>', '<=', '>=', '!=', '<>'))} {other}"
    inner = f" {chance.choice(('AND', 'OR'))} ".join(_condition(chance, level + 1) for _ in range(chance.randint(1, 3)))
    return f"({inner})" if kind < 7 else inner


def _select(chance: random.Random) -> str:
    sql = f"SELECT {chance.choice(('*', 'a, t.b', 'count(*)', 'max(a) AS m'))} FROM t"
    for name in chance.sample(("u", "v"), chance.randint(0, 2)):
        how = chance.choice(("JOIN", "LEFT JOIN", "INNER JOIN", "CROSS JOIN"))
        sql += f" {how} {name} ON {_condition(chance, 1)}" if how != "CROSS JOIN" else f" {how} {name}"
    if chance.random() < 0.8:
        sql += f" WHERE {_condition(chance, 0)}"
    if chance.random() < 0.3:
        sql += " GROUP BY a"
    if chance.random() < 0.5:
        sql += f" ORDER BY {chance.choice(('a', 't.a DESC', 'lower(a)', 'a, b DESC', 'a COLLATE NOCASE'))}"
    return sql + chance.choice(("", " LIMIT ?", " LIMIT 1 OFFSET 2"))


@pytest.mark.parametrize("seed", range(20))
def test_random_statements(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        sql = _select(chance)
        assert sql_plain.read(sql) is not None, sql
        assert terms(sql) == through_sqlglot(sql), sql
