"""Plans: what each form of a step says, in every version's words; aliases and subqueries."""

from __future__ import annotations

import pytest

from edgelint.d1.engine import Database
from edgelint.d1.plans import Access, PlanStep, Subquery, reads

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, age INT);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INT, title TEXT, at TEXT);
CREATE INDEX by_user ON posts (user_id, at);
CREATE INDEX by_title ON posts (title);
CREATE TABLE pairs (a, b, c, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (x);
CREATE VIEW counts AS SELECT user_id, count(*) AS n FROM posts GROUP BY user_id;
CREATE INDEX "odd (name)" ON users (age);
"""


@pytest.fixture(scope="module")
def database() -> Database:
    made = Database.memory()
    made.script(SCHEMA)
    return made


@pytest.mark.parametrize(
    ("detail", "access"),
    [
        ("SCAN users", Access("users", "scan", "table", None, "")),
        ("SCAN TABLE users", Access("users", "scan", "table", None, "")),
        ("SCAN TABLE users AS u", Access("u", "scan", "table", None, "")),
        ("SCAN main.users", Access("users", "scan", "table", None, "")),
        ("SEARCH users", Access("users", "search", "table", None, "")),
        ("SCAN CONSTANT ROW", Access("", "scan", "constant", None, "")),
        ("SCAN 3 CONSTANT ROWS", Access("", "scan", "constant", None, "")),
        ("SCAN 2-ROW VALUES CLAUSE", Access("", "scan", "constant", None, "")),
        ("SCAN (subquery-2)", Access("(subquery-2)", "scan", "subquery", None, "")),
        ("SCAN SUBQUERY 1 AS q", Access("q", "scan", "subquery", None, "")),
        ("SCAN t USING COVERING INDEX i", Access("t", "scan", "covering", "i", "")),
        ("SCAN t USING INDEX odd (name)", Access("t", "scan", "index", "odd (name)", "")),
        ("SEARCH t USING INDEX odd (name) (age>? AND age<?)",
         Access("t", "search", "index", "odd (name)", "age>? AND age<?")),
        ("SEARCH p USING INDEX i (title=?) LEFT-JOIN", Access("p", "search", "index", "i", "title=?")),
        ("SEARCH p EXISTS USING COVERING INDEX i (a=?)", Access("p", "search", "covering", "i", "a=?")),
        ("SEARCH TABLE t AS x USING INDEX i (a=?) (~10 rows)", Access("x", "search", "index", "i", "a=?")),
        ("SEARCH t USING INTEGER PRIMARY KEY (rowid=?)", Access("t", "search", "rowid", None, "rowid=?")),
        ("SEARCH t USING PRIMARY KEY (a=?)", Access("t", "search", "primary-key", None, "a=?")),
        ("SEARCH t USING AUTOMATIC COVERING INDEX (b=?)", Access("t", "search", "automatic", None, "b=?")),
        ("SEARCH t USING AUTOMATIC PARTIAL COVERING INDEX (b=?)", Access("t", "search", "automatic", None, "b=?")),
        ("SEARCH t USING INDEX i (ANY(a) AND b=?)", Access("t", "search", "index", "i", "ANY(a) AND b=?")),
        ("SCAN f VIRTUAL TABLE INDEX 0:M1", Access("f", "scan", "virtual", "0:M1", "")),
        ("SCAN json_each VIRTUAL TABLE INDEX 1:", Access("json_each", "scan", "virtual", "1:", "")),
    ],
)  # fmt: skip
def test_access(detail: str, access: Access) -> None:
    assert PlanStep(2, 0, detail).access == access


@pytest.mark.parametrize("detail", ["COMPOUND QUERY", "SETUP", "USE TEMP B-TREE FOR ORDER BY", "", "SCANS", "LEFT"])
def test_no_access(detail: str) -> None:
    step = PlanStep(2, 0, detail)
    assert (step.access, step.scans, step.searches, step.subquery) == (None, False, False, None)


@pytest.mark.parametrize(
    ("detail", "sort"),
    [
        ("USE TEMP B-TREE FOR ORDER BY", "ORDER BY"),
        ("USE TEMP B-TREE FOR LAST TERM OF ORDER BY", "LAST TERM OF ORDER BY"),
        ("USE TEMP B-TREE FOR count(DISTINCT)", "count(DISTINCT)"),
        ("UNION USING TEMP B-TREE", ""),
        ("SCAN t", None),
    ],
)
def test_sort(detail: str, sort: str | None) -> None:
    assert PlanStep(2, 0, detail).sort == sort
    assert PlanStep(2, 0, detail).sorts == (sort is not None)


@pytest.mark.parametrize(
    ("detail", "subquery"),
    [
        ("CORRELATED SCALAR SUBQUERY 1", Subquery("scalar", True, "1")),
        ("SCALAR SUBQUERY 2", Subquery("scalar", False, "2")),
        ("CORRELATED LIST SUBQUERY 1", Subquery("list", True, "1")),
        ("CO-ROUTINE q", Subquery("co-routine", False, "q")),
        ("MATERIALIZE (subquery-1)", Subquery("materialized", False, "(subquery-1)")),
        ("REUSE LIST SUBQUERY 1", None),
    ],
)
def test_subquery(detail: str, subquery: Subquery | None) -> None:
    assert PlanStep(2, 0, detail).subquery == subquery


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM users u WHERE id = 1", [("users", "rowid")]),
        ("SELECT * FROM users AS u LEFT JOIN posts p ON p.title = u.name", [("users", "table"), ("posts", "index")]),
        ("SELECT * FROM main.users x, pairs", [("users", "table"), ("pairs", "table")]),
        ("SELECT a FROM pairs WHERE a = 1", [("pairs", "primary-key")]),
        ("SELECT * FROM counts WHERE n > 1", [("posts", "covering"), (None, "subquery")]),
        ("SELECT * FROM (SELECT * FROM users LIMIT 5) q WHERE name = 'x'", [("users", "table"), (None, "subquery")]),
        ("WITH users AS (SELECT * FROM users LIMIT 5) SELECT * FROM users", None),
        ("WITH c AS MATERIALIZED (SELECT * FROM users) SELECT * FROM c a, c b",
         [("users", "table"), (None, "subquery"), (None, "subquery")]),
        ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 9) SELECT * FROM c",
         [(None, "constant"), (None, "subquery"), (None, "subquery")]),
        ("SELECT * FROM words WHERE words MATCH 'a'", [("words", "virtual")]),
        ("SELECT 1", [(None, "constant")]),
        ("UPDATE users AS u SET name = 1 WHERE u.name = 2", [("users", "table")]),
        ("DELETE FROM users AS u WHERE u.name = 2", [("users", "table")]),
        ("SELECT * FROM users WHERE age = 3", [("users", "index")]),
        ("SELECT row_number() OVER (ORDER BY name) FROM users", [("users", "table"), (None, "subquery")]),
    ],
)  # fmt: skip
def test_reads(database: Database, sql: str, expected: list[tuple[str | None, str]] | None) -> None:
    if expected is None:  # the inner one is the table, the outer one what was made of it
        expected = [("users", "table"), (None, "subquery")]
        sql = "WITH users AS (SELECT * FROM main.users LIMIT 5) SELECT * FROM users WHERE name = 'x'"
    assert [(read.table, read.access.how) for read in reads(database.plan(sql), sql)] == expected


def test_around_a_read(database: Database) -> None:
    sql = "SELECT (SELECT count(*) FROM posts WHERE user_id = u.id) FROM users u"
    assert [(read.table, read.repeated) for read in reads(database.plan(sql), sql)] == [
        ("users", False), ("posts", True),
    ]  # fmt: skip
    sql = "SELECT * FROM posts WHERE title = ? OR user_id = ?"
    assert [(read.access.index_name, read.either) for read in reads(database.plan(sql), sql)] == [
        ("by_title", True), ("by_user", True),
    ]  # fmt: skip


def test_no_plan(database: Database) -> None:
    assert database.plan("PRAGMA table_info(users)") == ()
    assert database.plan("EXPLAIN QUERY PLAN SELECT 1") == ()
