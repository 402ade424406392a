"""How many rows the fake says that a statement read and wrote, beside what Miniflare's SQLite counted."""

from __future__ import annotations

from typing import Any

import pytest

from edgelint.d1.errors import D1Error
from edgelint.testing.bindings import d1_engine
from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.d1 import D1Database
from edgelint.testing.bindings.d1_engine import Query, ServedDatabase
from edgelint.testing.bindings.d1_rows import looped
from edgelint.testing.clock import Clock
from tests.oracles.miniflare.oracle import Oracle
from tests.testing.bindings.worlds import bound

SETUP = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)", "CREATE INDEX by_a ON t (a)",
    "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100) INSERT INTO t SELECT x, x % 10, x FROM n",
    "CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, n INTEGER)",
    "CREATE TABLE w (a PRIMARY KEY, b) WITHOUT ROWID", "CREATE INDEX on_lower ON w (lower(b))",
]  # fmt: skip
SAME = [
    "SELECT 1", "SELECT * FROM t", "SELECT * FROM t WHERE id = 5", "SELECT * FROM t WHERE id = 500",
    "SELECT * FROM t WHERE a = 3", "SELECT b FROM t WHERE b = 3 LIMIT 1", "SELECT * FROM t WHERE b > 50",
    "SELECT count(*) FROM t", "SELECT count(*) AS n FROM t AS x", "SELECT count(*) FROM t WHERE a = 3",
    "SELECT sum(b) FROM t", "SELECT sum(b) FROM t WHERE b > 50", "SELECT sum(b) FROM t WHERE a = 3",
    "SELECT max(id) FROM t", "SELECT max(a) FROM t", "SELECT * FROM t ORDER BY id DESC LIMIT 5",
    "SELECT * FROM t ORDER BY b", "SELECT * FROM t ORDER BY b LIMIT 3", "SELECT * FROM t LIMIT 7 OFFSET 3",
    "SELECT * FROM t LIMIT 1", "SELECT * FROM t ORDER BY id DESC LIMIT 1", "SELECT a FROM t ORDER BY a LIMIT 1",
    "SELECT a, count(*) FROM t GROUP BY a", "SELECT b, count(*) FROM t GROUP BY b",
    "SELECT t.*, o.b FROM t JOIN t AS o ON o.id = t.b", "SELECT * FROM t WHERE a BETWEEN 3 AND 5",
    "SELECT count(*) FROM (SELECT 1 UNION ALL SELECT 2)",
    "EXPLAIN QUERY PLAN SELECT * FROM t", "PRAGMA table_info(t)", "SELECT * FROM (SELECT * FROM t) AS s",
    "INSERT INTO u (name, n) VALUES ('x', 1), ('y', 2), ('z', 3)", "INSERT INTO w VALUES (1, 'A'), (2, 'B')",
    "INSERT INTO w VALUES (5, 'D') RETURNING a", "UPDATE w SET a = a + 10 WHERE a = 5 RETURNING *",
    "DELETE FROM w WHERE a = 15 RETURNING b", "REPLACE INTO w VALUES (1, 'C')",
    "UPDATE u SET n = 5", "UPDATE u SET name = name || '1'",
    "UPDATE u SET n = 7 WHERE id = 2", "UPDATE t SET b = 1 WHERE a = 3", "UPDATE t SET a = a WHERE id = 9",
    "DELETE FROM t WHERE id = 5", "DELETE FROM t WHERE a = 2", "DELETE FROM u WHERE n = 99", "DELETE FROM u",
    "CREATE INDEX by_b ON t (b)", "CREATE VIEW v AS SELECT * FROM t",
    "SELECT * FROM v WHERE id = 7", "DELETE FROM t", "CREATE TABLE x (a REFERENCES t (id))",
]  # fmt: skip
NEAR = [
    "SELECT * FROM t WHERE id IN (1, 2, 3)", "SELECT * FROM t WHERE a = 1 OR id = 5",
    "SELECT * FROM t WHERE a = 3 AND b > 50", "SELECT count(*) FROM t WHERE a = 3 AND b > 50",
    "SELECT a, count(*) FROM t WHERE a > 5 GROUP BY a", "SELECT * FROM t WHERE a = 3 ORDER BY b",
    "SELECT * FROM t JOIN u ON u.n = t.a WHERE t.id = 1", "SELECT count(*) FROM t JOIN t AS o ON o.a = t.id",
    "INSERT OR REPLACE INTO u (id, name) VALUES (1, 'q')", "INSERT INTO u (name) SELECT b FROM t WHERE a = 4",
    "INSERT INTO u (id, name) VALUES (1, 'r') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id)", "SELECT DISTINCT b FROM t",
    "CREATE TABLE y (id INTEGER PRIMARY KEY AUTOINCREMENT, a UNIQUE)", "ALTER TABLE u ADD COLUMN d", "DROP TABLE u",
    "SELECT count(*) FROM json_each('[1, 2]')",
]  # fmt: skip


def ours(statements: list[str]) -> list[tuple[int, int]]:
    with bound(D1Database, Declared("DB", "d1", "db")) as db:
        metas = [db.run(db.binding.prepare(sql).run())["meta"] for sql in [*SETUP, *statements]]
    return [(meta["rows_read"], meta["rows_written"]) for meta in metas[len(SETUP) :]]


def theirs(oracle: Oracle, statements: list[str]) -> list[tuple[int, int]]:
    steps = [{"on": "DB", "do": [["prepare", sql], ["run"], "meta"]} for sql in [*SETUP, *statements]]
    metas: list[Any] = [outcome["ok"] for outcome in oracle.run([steps])[0]]
    return [(meta["rows_read"], meta["rows_written"]) for meta in metas[len(SETUP) :]]


def test_the_statements_that_apps_run_most_are_counted_alike(oracle: Oracle) -> None:
    counted = dict(zip(SAME, theirs(oracle, SAME), strict=True))
    assert dict(zip(SAME, ours(SAME), strict=True)) == counted


def test_others_are_counted_nearly(oracle: Oracle) -> None:
    """Within half and twice of what was counted, or three rows."""
    for sql, mine, other in zip(NEAR, ours(NEAR), theirs(oracle, NEAR), strict=True):
        for one, counted in zip(mine, other, strict=True):
            assert counted / 2 - 3 <= one <= counted * 2 + 3, (sql, mine, other)


@pytest.mark.parametrize(
    ("ends", "steps", "times"),
    [((), 50, 0), (("Next", "Prev"), 50, 0), (("Next",), 41, 10), (("Prev",), 40, 10), (("Next",), 5, 0)],
)
def test_the_loop_of_a_program(ends: tuple[str, ...], steps: int, times: int) -> None:
    """A program of 14 operations with a loop from 5 to 7."""
    program: list[list[object]] = [[address, "Column", 0, 0] for address in range(14)]
    for address, operation in zip((7, 9), ends, strict=False):
        program[address] = [address, operation, 0, 5]
    assert looped(program, steps) == times


def test_writes_of_a_trigger_are_the_mean_of_its_tables() -> None:
    trigger = "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO w VALUES (new.id, 'x'); END"
    assert ours([trigger, "INSERT INTO t VALUES (1000, 1, 1)"])[1] == (0, 4)  # 2 changes, 2 entries each


def counted(database: ServedDatabase, *statements: str) -> list[tuple[int, int]]:
    answers = [database.transact([Query(sql)])[0] for sql in statements]
    return [(answer.rows_read, answer.rows_written) for answer in answers]


LOOKUP, INSERT = "SELECT * FROM t WHERE a = 3", "INSERT INTO t (a) VALUES (3)"


def test_databases_of_one_content_share_what_was_learnt_until_their_schema_changes() -> None:
    first = ServedDatabase(Clock())
    counted(first, "CREATE TABLE t (a)", *[INSERT] * 4)
    content = first.content()
    one, other = ServedDatabase(Clock(), content), ServedDatabase(Clock(), content)
    assert one._known is other._known
    assert counted(one, LOOKUP, INSERT) == [(4, 0), (0, 1)]
    counted(one, "CREATE INDEX by_a ON t (a)", "DELETE FROM t WHERE a = 4")
    assert counted(one, LOOKUP, INSERT) == [(6, 0), (0, 2)]
    assert counted(other, LOOKUP, INSERT) == [(4, 0), (0, 1)]
    assert one._known is not other._known


def test_what_was_learnt_of_a_schema_that_is_rolled_back_is_forgotten() -> None:
    database = ServedDatabase(Clock())
    counted(database, "CREATE TABLE t (a)")
    index = [Query("CREATE INDEX by_a ON t (a)"), Query(INSERT), Query("SELECT * FROM missing")]
    with pytest.raises(D1Error, match="no such table"):
        database.transact(index)
    assert counted(database, INSERT) == [(0, 1)]
    known = database._known
    with pytest.raises(D1Error, match="no such table"):
        database.transact([Query("SELECT * FROM missing")])
    assert database._known is known


def test_statistics_change_plans() -> None:
    database = ServedDatabase(Clock())
    counted(database, "CREATE TABLE t (a)", "CREATE INDEX by_a ON t (a)", INSERT, LOOKUP)
    known = database._known
    counted(database, LOOKUP)
    assert database._known is known
    counted(database, "PRAGMA optimize")
    assert database._known is not known


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(d1_engine, "_LEARNT", 2)
    database = ServedDatabase(Clock())
    counted(database, "CREATE TABLE t (a)", *(f"SELECT * FROM t WHERE a = {number}" for number in range(3)))
    assert list(database._known.plans) == ["SELECT * FROM t WHERE a = 2"]
    monkeypatch.setattr(d1_engine, "_LEARNT_FROM", 10)
    content = database.content()
    assert ServedDatabase(Clock(), content)._known is not ServedDatabase(Clock(), content)._known
