"""The words of a statement that D1 does not do, and those of other databases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.project.exec_lines import broken_lines
from edgelint.project.sql_foreign import foreign, is_foreign_function
from edgelint.project.sql_shapes import leading_wildcards, offsets, stars
from edgelint.project.sql_words import (
    called,
    large_integers,
    long_patterns,
    null_comparisons,
    pragma_refusal,
    pragmas,
    quoted_placeholders,
    refusal,
    refused_statements,
    too_many_terms,
)
from edgelint.syntax.sql import placed


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("BEGIN", [("BEGIN", "transaction")]),
        ("SELECT 1; commit;", [("COMMIT", "transaction")]),
        ("ATTACH 'x' AS y", [("ATTACH", "never")]),
        ("CREATE TEMP TABLE t (a)", [("TEMP", "temporary")]),
        ("create temporary view v as select 1", [("temporary", "temporary")]),
        ("CREATE VIRTUAL TABLE t USING fts4 (a)", [("fts4", "module")]),
        ('CREATE VIRTUAL TABLE t USING "FTS5" (a)', []),
        ("CREATE VIRTUAL TABLE t", []),
        ("CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END", []),
        ("CREATE TABLE", []),
        ("SELECT CASE WHEN a THEN b END", []),
        ("", []),
    ],
)
def test_refused_statements(sql: str, expected: list[tuple[str, str]]) -> None:
    assert [(word.text, word.what) for word in refused_statements(sql)] == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT now(), t.count(a) FROM x", ["now"]),
        ("WITH a (x) AS (SELECT f(1)), b(y) AS MATERIALIZED (SELECT 2) SELECT g(x) FROM a, b", ["f", "g"]),
        ("INSERT INTO t (a) VALUES (f(1)) ON CONFLICT (a) DO UPDATE SET a = g(excluded.a)", ["f", "g"]),
        ("SELECT * FROM json_each(?) JOIN series(1, 2) ON h(1)", ["json_each", "series", "h"]),
        ("SELECT a FROM t WHERE a IN (1) AND NOT (b) AND EXISTS (SELECT 1) ORDER BY f(a)", ["f"]),
        ("UPDATE t SET a = f(a)", ["f"]),
        ("SELECT sum(a) OVER (PARTITION BY b), CAST(a AS DECIMAL(1, 2)) FROM t", ["sum"]),
        ("CREATE TABLE t (a DEFAULT (now()))", []),
        ("CREATE INDEX i ON t (lower(a))", []),
        ("SELECT 'now()' -- now()", []),
    ],
)
def test_called(sql: str, expected: list[str]) -> None:
    assert [word.text for word in called(sql)] == expected


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        ("pow", False, None), ("count", False, None), ("row_number", False, None), ("json_each", True, None),
        ("power", False, "not authorized to use function: power"), ("regexp", False, "no such function: regexp"),
        ("generate_series", True, "no such table: generate_series"), ('a"b', False, 'no such function: a"b'),
    ],
)
def test_refusal(name: str, table: bool, said: str | None) -> None:
    assert refusal(name, table) == said


def test_pragmas() -> None:
    sql = "PRAGMA foreign_keys = OFF; PRAGMA main.Table_Info('t'); PRAGMA; PRAGMA optimize; SELECT 1"
    assert [(p.name, p.argument) for p in pragmas(sql)] == [
        ("foreign_keys", "OFF"), ("table_info", "'t'"), ("optimize", None),
    ]
    assert pragma_refusal("PRAGMA journal_mode") is not None
    assert pragma_refusal("PRAGMA foreign_keys = OFF") is None
    assert pragma_refusal("PRAGMA (") is None, "a mistake is no refusal"


@pytest.mark.parametrize(
    ("sql", "terms"),
    [
        (" UNION ".join(["SELECT 1"] * 6), ["6"]),
        (" UNION ALL ".join(["SELECT 1"] * 5), []),
        (f"SELECT ({' EXCEPT '.join(['SELECT 1'] * 7)})", ["7"]),
        (f"WITH a AS ({' UNION '.join(['SELECT 1'] * 4)}) {' UNION '.join(['SELECT 1'] * 4)}", []),
        (f"{' UNION '.join(['SELECT 1'] * 4)}; {' UNION '.join(['SELECT 1'] * 4)}", []),
    ],
)
def test_compound_terms(sql: str, terms: list[str]) -> None:
    assert [word.what for word in too_many_terms(sql)] == terms


def test_patterns_count_bytes() -> None:
    sql = f"SELECT a LIKE '{'é' * 26}' OR a GLOB '{'x' * 50}' OR a = '{'x' * 99}'"
    assert [w.what for w in long_patterns(sql)] == ["52"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 WHERE a = NULL", ["IS NULL"]),
        ("SELECT 1 FROM t JOIN u ON t.a != NULL", ["IS NOT NULL"]),
        ("SELECT CASE WHEN a <> NULL THEN 1 END", ["IS NOT NULL"]),
        ("UPDATE t SET a = NULL, b = CASE WHEN c == NULL THEN d ELSE e = NULL END", ["IS NULL"]),
        ("UPDATE t SET a = NULL", []),
        ("UPDATE t SET a = (NULL), b = NULL WHERE c IS NULL", []),
        ("SELECT 1 WHERE a = 'NULL' AND b = nullable", []),
    ],
)
def test_null_comparisons(sql: str, expected: list[str]) -> None:
    assert [word.what for word in null_comparisons(sql)] == expected


def test_numbers_and_quotes() -> None:
    assert [w.text for w in large_integers("SELECT 9007199254740992, 9007199254740991, 1e30, '9007199254740993'")] == [
        "9007199254740992"
    ]
    sql = "SELECT '?', '%?%', '?12', 'what?', \"?\", '??'"
    assert [w.text for w in quoted_placeholders(sql)] == ["'?'", "'%?%'", "'?12'"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a ILIKE 'x'", [("SQLite has no ILIKE", "LIKE")]),
        ("SELECT a::int, b::\"x\"", [("SQLite has no :: casts", None), ("SQLite has no :: casts", None)]),
        ("SELECT a FROM t FOR UPDATE", [("SQLite has no FOR UPDATE", None)]),
        ("INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", [("SQLite has no ON DUPLICATE KEY", None)]),
        ("TRUNCATE t", [("SQLite has no TRUNCATE", "DELETE FROM")]),
        ("UPDATE IGNORE t SET a = 1", [("SQLite has no UPDATE IGNORE", "UPDATE OR IGNORE")]),
        ("SHOW TABLES", [("SQLite has no SHOW", None)]),
        ("MERGE INTO t", [("SQLite has no MERGE", None)]),
        ("SELECT a - INTERVAL '1 day' FROM t", [("SQLite has no INTERVAL", None)]),
        ("SELECT CURDATE(), a FROM t", [("SQLite has no curdate()", "CURRENT_DATE")]),
        ("SELECT DISTINCT ON (a) b FROM t", [("SQLite has no DISTINCT ON", None)]),
        ("SELECT a FROM t WHERE a = ANY(ARRAY[1])", [("SQLite has no arrays", None)]),
        ("SELECT a FROM t FETCH FIRST 5 ROWS ONLY", [("SQLite has no FETCH FIRST", None)]),
        ("SELECT TOP 10 a FROM t", [("SQLite has no TOP", None)]),
        ("SELECT a RLIKE 'x'", [("SQLite has no RLIKE", None)]),
        ("SELECT EXTRACT(YEAR FROM a)", [("SQLite has no EXTRACT", None)]),
        ("SELECT date_trunc('day', a) FROM t", [("SQLite has no date_trunc()", None)]),
        ("SELECT * FROM generate_series(1, 3)", [("SQLite has no generate_series()", None)]),
        ("SELECT now(1)", [("SQLite has no now()", None)]),
        # good SQLite that has such words as names, or in text
        ("SELECT a AS ilike, interval, top FROM t WHERE year = 1", []),
        ("SELECT max(a, b), ifnull(a, b), 'now()' FROM t", []),
        ("UPDATE t SET show = 1 WHERE any = 2", []),
        ("SELECT nothing FROM nowhere", []),
        ("INSERT OR IGNORE INTO t VALUES (1)", []),
    ],
)
def test_foreign(sql: str, expected: list[tuple[str, str | None]]) -> None:
    assert [(found.message, found.edit) for found in foreign(sql)] == expected


def test_a_call_is_replaced_with_its_brackets() -> None:
    sql = "SELECT NOW ( ) , 1"
    [found] = foreign(sql)
    assert sql[: found.edit_start] + str(found.edit) + sql[found.edit_end :] == "SELECT CURRENT_TIMESTAMP , 1"
    assert is_foreign_function("now")
    assert not is_foreign_function("regexp")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("CREATE TABLE t (a)", []),
        ("\n  CREATE TABLE t (a);\n  CREATE TABLE u (a);\n", []),
        ("CREATE TABLE t (\n  a\n);", ["CREATE TABLE t (", "a", ");"]),
        ("SELECT 1;\n\nSELECT 2;", [""]),
        ("SELECT 1;\n-- two\nSELECT 2;", ["-- two"]),
        ("SELECT 1; SELECT 2,\n3;", ["SELECT 1; SELECT 2,", "3;"]),
    ],
)
def test_lines_of_exec(text: str, lines: list[str]) -> None:
    assert [text[line.start : line.end] for line in broken_lines(text)] == lines


def test_shapes() -> None:
    def texts(sql: str) -> list[str]:
        return [sql[word.start : word.end] for word in stars(sql)]

    assert texts("SELECT * FROM t") == ["*"]
    assert texts("SELECT DISTINCT a, t.*, * FROM t") == ["t.*", "*"]
    assert texts("WITH a AS (SELECT * FROM t) SELECT b FROM a") == []
    assert texts("SELECT count(*), a * b FROM t WHERE EXISTS (SELECT * FROM u)") == []
    assert texts("INSERT INTO t SELECT * FROM u") == []
    assert [w.text for w in offsets("SELECT a FROM t LIMIT 10 OFFSET ?")] == ["OFFSET"]
    assert list(offsets("SELECT offset FROM t LIMIT 10 OFFSET 5")) == []
    sql = "SELECT a LIKE '%x', b LIKE 'x%', c GLOB '*x', d = '%x'"
    assert [w.text for w in leading_wildcards(sql)] == ["'%x'", "'*x'"]


@given(st.text(alphabet=st.sampled_from(list("SELECTFROMab(),;'\"?%=<>.* \n1:-")), max_size=60))
def test_no_text_is_too_odd(sql: str) -> None:
    for function in (
        refused_statements, called, pragmas, too_many_terms, long_patterns, null_comparisons, large_integers,
        quoted_placeholders, foreign, broken_lines, stars, offsets, leading_wildcards, placed,
    ):
        list(function(sql))
