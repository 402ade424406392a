"""SQL text: tokens, statements, placeholders with their clauses, and references through sqlglot."""

from __future__ import annotations

import subprocess
import sys

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.syntax import sql
from edgelint.syntax.sql import HOLE, placeholders, statements


def clauses(text: str) -> list[str]:
    return [place.clause for place in placeholders(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM u WHERE a = ? ORDER BY ? LIMIT ? OFFSET ?", ["where", "order-by", "limit", "offset"]),
        ("LIMIT ?, ?", ["offset", "limit"]),
        ("SELECT 1 LIMIT ? OFFSET ? -- ?", ["limit", "offset"]),
        ("INSERT INTO t (a, b) VALUES (?, ?) RETURNING ?", ["values", "values", "other"]),
        ("INSERT INTO t VALUES (?) ON CONFLICT (a) DO UPDATE SET b = ? WHERE c = ?", ["values", "set", "where"]),
        ("UPDATE t SET a = ?, (b, c) = (?, ?) WHERE id = ?", ["set", "set", "set", "where"]),
        ("DELETE FROM t WHERE id IN (?, ?) AND b = ?", ["in", "in", "where"]),
        ("SELECT a FROM t WHERE id IN (SELECT b FROM c WHERE d = ? LIMIT ?) LIMIT ?", ["where", "limit", "limit"]),
        ("SELECT ? FROM (SELECT 1 LIMIT (?)) LIMIT 5", ["other", "limit"]),
        ("SELECT a FROM b JOIN c ON c.x = ? GROUP BY ? HAVING ?", ["where", "other", "where"]),
        ("SELECT * FROM json_each(?)", ["table"]),
        ("SELECT sum(a) OVER (PARTITION BY ? ORDER BY ?) FROM t", ["other", "order-by"]),
        (" AND x = ?", ["other"]),
        ("x IN (?)", ["in"]),
        ("SELECT 1 LIMIT ?; SELECT ?", ["limit", "other"]),
        ("CREATE TABLE a (b REFERENCES c ON UPDATE CASCADE DEFAULT ?)", ["other"]),
        ("SELECT 1 UNION SELECT ? LIMIT ?", ["other", "limit"]),
        ("?) LIMIT ?", ["other", "limit"]),
    ],
)
def test_clause(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


def test_names_that_look_like_keywords_change_no_clause() -> None:
    text = 'SELECT offset FROM t WHERE offset = ? AND t.limit = ? AND "limit" = ? AND [order by] = ?'
    assert clauses(text) == ["where"] * 4
    assert clauses("SELECT `limit`, 'LIMIT' FROM t WHERE a = ? -- LIMIT\n/* LIMIT */ AND b = ?") == ["where", "where"]


def test_function_around_a_placeholder() -> None:
    found = placeholders("SELECT 1 LIMIT MIN(?, 100) OFFSET max(0, (?))")
    assert [(place.clause, place.function) for place in found] == [("limit", "min"), ("offset", "max")]
    assert placeholders("INSERT INTO t (a) VALUES (?)")[0].function is None
    assert placeholders("SELECT x FROM t WHERE a IN (?)")[0].function is None
    assert placeholders("INSERT INTO t VALUES (replace(?, 1, 2))")[0].function == "replace"


def test_what_is_no_placeholder() -> None:
    assert placeholders("SELECT '?', \"?\", `?`, [?], x'00', a::text, a ->> '$.b' -- ?\n /* ? */") == []
    assert placeholders("SELECT 'it''s ?") == []  # not closed: a string to the end
    assert placeholders("SELECT 1 /* ?") == []


def test_numbers_and_kinds() -> None:
    found = placeholders("SELECT ?, ?5, ?, :a, @b, $c, :a, ?2, ?")
    assert [place.number for place in found] == [1, 5, 6, 7, 8, 9, 7, 2, 10]
    kinds = ["?", "numbered", "?", "named", "named", "named", "named", "numbered", "?"]
    assert [place.kind for place in found] == kinds
    assert placeholders("SELECT ?123456789")[0].number == 0


def test_holes_make_numbers_uncertain_and_leave_clauses() -> None:
    found = placeholders(f"SELECT a FROM t WHERE b = ? AND {HOLE} ORDER BY {HOLE} LIMIT ? OFFSET ?")
    assert [(place.clause, place.exact) for place in found] == [("where", True), ("limit", False), ("offset", False)]
    assert clauses(f"SELECT * FROM t_{HOLE} WHERE x = ?") == ["where"]
    assert clauses(f"UPDATE t SET {HOLE} WHERE id = ?") == ["where"]


def test_statements() -> None:
    text = "SELECT 1;; -- x;\n UPDATE t SET a = ';' ; " + HOLE + " x; "
    found = statements(text)
    assert [(text[one.start : one.end], one.verb) for one in found] == [
        ("SELECT 1", "SELECT"), ("UPDATE t SET a = ';'", "UPDATE"), (HOLE + " x", ""),
    ]  # fmt: skip
    assert statements(" ; -- nothing\n") == []


@pytest.mark.parametrize("head", ["CREATE", "create temp", "EXPLAIN CREATE", "EXPLAIN QUERY PLAN CREATE"])
def test_a_trigger_is_one_statement(head: str) -> None:
    body = f"{head} TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; SELECT CASE WHEN 1 THEN 2 END; END"
    text = f"{body}; SELECT 2"
    assert [text[one.start : one.end] for one in statements(text)] == [body, "SELECT 2"]
    assert len(statements(f"{head} TRIGGER x BEGIN DELETE FROM u;")) == 1  # cut off: one all the same


def test_tokens_cover_all_but_space_and_comments() -> None:
    found = list(sql.tokens("a1 >= 0x1F -- c\n|| 1.5e-3 'x''y' \"q\"\"r\""))
    assert [(one.kind, one.text) for one in found] == [
        ("word", "a1"), ("mark", ">="), ("number", "0x1F"), ("mark", "||"), ("number", "1.5e-3"), ("string", "'x''y'"),
        ("quoted", '"q""r"'),
    ]  # fmt: skip
    assert found[0].upper == "A1"
    assert found[1].upper == ""


PIECES = st.sampled_from(
    ["SELECT", "FROM", "WHERE", "LIMIT", "OFFSET", "IN", "(", ")", ",", ";", "?", "?3", ":a", "'", '"', "[", "]", "`",
     "--", "/*", "*/", "\n", " ", "a", ".", HOLE, "ORDER BY", "VALUES", "SET", "CREATE TRIGGER", "BEGIN", "END", "é",
     "1", "\\", "$x", "@", ":"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_is_tokenized_in_order(text: str) -> None:
    at = 0
    for token in sql.tokens(text):
        assert token.start >= at
        assert token.text == text[token.start : token.end] != ""
        at = token.end
    assert len(placeholders(text)) == sum(token.kind == "parameter" for token in sql.tokens(text))
    last = 0
    for one in statements(text):
        assert last <= one.start < one.end <= len(text)
        last = one.end


@given(st.lists(st.sampled_from(["?", "?1", "?4", "?9", ":a", ":b", "@a", "$a"]), min_size=1, max_size=8))
def test_numbers_are_those_of_sqlite(names: list[str]) -> None:
    text = "SELECT " + ", ".join(names)
    found = placeholders(text)
    count = max(place.number for place in found)
    values = tuple(range(1, count + 1))
    row = apsw.Connection(":memory:").cursor().execute(text, values).fetchall()[0]
    assert list(row) == [place.number for place in found]


@given(st.lists(PIECES, max_size=25).map(" ".join))
def test_parse_never_raises(text: str) -> None:
    for one in sql.parse(text):
        for reference in [*one.tables, *one.columns]:
            assert 0 <= reference.start < reference.end <= len(text)


def test_parse_gives_tables_and_columns_with_places() -> None:
    text = "SELECT u.a, \"b\" FROM users AS u, main.[o x] WHERE c = ?12 AND $y = 1; INSERT INTO té (a, bc) VALUES (?1)"
    first, second = sql.parse(text)
    assert first.error is None
    assert [(one.name, one.qualifier, one.alias, text[one.start : one.end]) for one in first.tables] == [
        ("users", None, "u", "users"), ("o x", "main", None, "[o x]"),
    ]  # fmt: skip
    assert [(one.name, one.qualifier, text[one.start : one.end]) for one in first.columns] == [
        ("a", "u", "a"), ("b", None, '"b"'), ("c", None, "c"),
    ]  # fmt: skip
    assert [text[one.start : one.end] for one in second.tables] == ["té"]
    assert [text[one.start : one.end] for one in second.columns] == ["a", "bc"]
    (table,) = sql.parse("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
    assert [one.name for one in table.columns] == ["id", "name"]


def test_parse_knows_no_name_that_is_partly_a_hole() -> None:
    text = f"SELECT {HOLE}, t_{HOLE}.a FROM t_{HOLE} WHERE b = 1"
    (parsed,) = sql.parse(text)
    assert [one.name for one in parsed.tables] == [None]
    assert [one.name for one in parsed.columns] == [None, None, "b"]


def test_parse_says_what_it_does_not_understand(caplog: pytest.LogCaptureFixture) -> None:
    broken, other = sql.parse("SELEC 1; CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END")
    assert broken.error is not None
    assert "\n" not in broken.error
    assert other.error == "not understood"
    assert caplog.records == []
    (deep,) = sql.parse("SELECT " + "(" * 3000 + "1" + ")" * 3000)
    assert deep.error is not None


def test_sqlglot_is_not_imported_for_placeholders() -> None:
    code = (
        "import sys; from edgelint.syntax.sql import placeholders, statements; placeholders('a ?'); statements('a');"
        "sys.exit('sqlglot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
