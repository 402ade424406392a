"""D1 beside Miniflare: sequences of operations give the same answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.d1 import D1Database
from edgelint.testing.errors import EdgeError
from edgelint.testing.values import UNDEFINED
from tests.oracles import differential
from tests.oracles.miniflare.oracle import Oracle, Outcome, Step, view
from tests.testing.bindings.worlds import bound

Op = tuple[Any, ...]
"""("query", SQL, values or None, call), ("batch", [(SQL, values or None)]), ("exec", text) or ("session", constraint,
SQL); a call is (verb, *arguments)."""

SETUP = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE, age INT CHECK (age IS NULL OR age < 200), b BLOB);",
    (
        "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER REFERENCES users(id) ON DELETE CASCADE,"
        " title TEXT NOT NULL DEFAULT '-', score REAL DEFAULT 1.0); CREATE INDEX by_user ON posts (user);"
    ),
    "CREATE TABLE tags (tag TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;",
    "CREATE TABLE links (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users(id) DEFERRABLE INITIALLY DEFERRED);",
]
# None has more than 15 digits: as text, workerd's SQLite rounds it, later ones do not.
NUMBERS = [0, 1, 2, 3, 4, 7, -1, 1.0, 1.5, 2**40, 1e300, -0.0, True, False]
TEXTS = ["a", "b", "c", "", "1", "é\U0001f600", "x'y\"z", "a\x00b", "\ud800"]
OTHERS = [None, b"", b"\x00\xff", b"abc", [1, 2, 255], [], float("nan"), float("inf"), float("-inf")]
REFUSED = [UNDEFINED, {"a": 1}, [256], [-1], ["a"], [[1]], [None], [True], {"$bigint": "9007199254740993"}]
AGAIN = "SELECT 1; SELECT 2 AS b"
# SQL with the number of its parameters
STATEMENTS = [
    ("INSERT INTO users (name, age) VALUES (?, ?)", 2),
    ("INSERT INTO users (id, name, age, b) VALUES (?1, ?2, ?3, ?4)", 4),
    ("INSERT INTO users (name) VALUES (?) RETURNING id, name, typeof(name) AS t", 1),
    ("INSERT OR IGNORE INTO users (name, age) VALUES (?, ?)", 2),
    ("INSERT OR REPLACE INTO users (id, name) VALUES (?, ?)", 2),
    ("INSERT INTO users (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name", 2),
    ("INSERT INTO posts (user, title) VALUES (?, ?)", 2),
    ("INSERT INTO posts (user, score) VALUES (?1, ?2), (?1, ?2)", 2),
    ("INSERT INTO tags VALUES (?, ?)", 2),
    ("REPLACE INTO tags VALUES (?, ?)", 2),
    ("INSERT INTO links (user) VALUES (?)", 1),
    ("UPDATE users SET age = ? WHERE id = ?", 2),
    ("UPDATE users SET age = age + 1", 0),
    ("UPDATE users SET name = ? WHERE name = ? RETURNING *", 2),
    ("UPDATE posts SET score = score * ?", 1),
    ("DELETE FROM users WHERE id = ?", 1),
    ("DELETE FROM users", 0),
    ("DELETE FROM tags WHERE tag = ? RETURNING tag, n", 1),
    ("SELECT * FROM users ORDER BY id", 0),
    ("SELECT * FROM users WHERE id = ?", 1),
    ("SELECT name, age AS name FROM users ORDER BY id", 0),
    ("SELECT count(*) AS n, max(age), sum(age) FROM users", 0),
    ("SELECT u.id, p.id, p.title FROM users u JOIN posts p ON p.user = u.id ORDER BY p.id", 0),
    ("SELECT p.*, u.* FROM posts p LEFT JOIN users u ON u.id = p.user ORDER BY p.id LIMIT ?", 1),
    ("SELECT * FROM tags ORDER BY tag", 0),
    ("SELECT ? AS a, typeof(?) AS b, ? AS c", 3),
    ("SELECT ?1 AS a, typeof(?1) AS t, length(?1) AS l, hex(?1) AS h", 1),
    ("SELECT 1.0 AS a, 9007199254740993 AS b, x'0102' AS c, NULL AS d, 1e400 AS e, -0.0 AS f, 0.1 + 0.2 AS g", 0),
    ("SELECT :a AS a, @b AS b, $c AS c", 3),
    ("WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT x, x * 1.5 AS y FROM n", 0),
    ("SELECT json_extract(?, '$.a') AS v", 1),
    ("PRAGMA table_info(users)", 0),
    ("PRAGMA foreign_key_list(posts)", 0),
    ("PRAGMA foreign_keys", 0),
    ("PRAGMA index_list(posts)", 1),
    (AGAIN, 0),
    ("SELECT ?; SELECT 2", 1),
    ("INSERT INTO tags VALUES ('two', 1); SELECT * FROM tags WHERE tag = ?", 1),
    ("INSERT INTO tags VALUES ('three', 1); INSERT INTO nope VALUES (1)", 0),
]
WRONG = [
    "", " ", "\n\t", "-- c", "  -- c", " -- c\n  -- d", "/* c */", ";", "SELECT 1;;", "SELECT 1; -- c", "SELECT",
    "SELECT nope FROM users", "SELECT * FROM nope", "INSERT INTO users (nope) VALUES (1)", "SELECT 'é", "SELEC 1",
    "BEGIN", "COMMIT", "SAVEPOINT a", "SELECT load_extension('a')", "PRAGMA journal_mode = wal", "ATTACH 'a' AS b",
    "VACUUM", "SELECT * FROM sqlite_master WHERE 0", "SELECT * FROM _cf_KV", "CREATE TABLE _cf_x (a)",
    "SELECT " + ", ".join("?" * 101), "SELECT ?101", "SELECT " + "1 + " * 100 + "1",
    "SELECT 'a' LIKE '" + "a" * 51 + "'", "SELECT " + " UNION ALL SELECT ".join(map(str, range(6))),
    "SELECT '" + "x" * 99_990 + "' AS a", "SELECT '" + "x" * 99_991 + "' AS a",
    "INSERT INTO users (id) VALUES (1), (1)", "INSERT INTO posts (user) VALUES (99)",
    "INSERT INTO posts (title) VALUES (NULL)", "INSERT INTO users (age) VALUES (200)", "DROP TABLE nope",
    "CREATE TABLE users (a)", "CREATE TABLE made (a UNIQUE, b); INSERT INTO made VALUES (1, 2)",
    "SELECT * FROM made", "DROP TABLE made", "ALTER TABLE made ADD COLUMN c DEFAULT 5",
    "CREATE INDEX made_b ON made (b)", "DROP INDEX made_b",
    "CREATE TRIGGER tr AFTER INSERT ON tags BEGIN INSERT INTO users (name) VALUES (new.tag || 't'); END",
    "DROP TRIGGER tr", "CREATE VIEW seen AS SELECT name FROM users", "SELECT * FROM seen", "DROP VIEW seen",
    "INSERT INTO links (user) VALUES (99)", "SELECT x'ff' || 'a' AS a", "EXPLAIN QUERY PLAN SELECT * FROM tags",
]  # fmt: skip
LINES = [
    "SELECT 1", "SELECT 1;", "", "  ", "-- c", "  -- c", "INSERT INTO tags VALUES ('l', 1);", "SELECT *",
    "FROM tags;", "INSERT INTO tags VALUES ('m', 1); INSERT INTO tags VALUES ('n', 2);", "DELETE FROM tags;",
    "SELECT nope;", "SELECT ?", "INSERT INTO users (name) VALUES ('l') RETURNING id;", "\r",
]  # fmt: skip

values = st.sampled_from([*NUMBERS * 6, *TEXTS * 8, *OTHERS * 3, *REFUSED])
calls = st.sampled_from([
    ("run",), ("all",), ("first",), ("raw",), ("raw", {"columnNames": True}), ("first", "id"), ("first", "name"),
    ("first", "nope"), ("first", UNDEFINED), ("first", "n"), ("first", None),
])  # fmt: skip


@st.composite
def statement(draw: st.DrawFn) -> tuple[str, list[Any] | None]:
    """SQL and the values it is bound to, mostly as many as it has parameters."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(WRONG)), None
    sql, count = draw(st.sampled_from(STATEMENTS))
    count += draw(st.sampled_from([0] * 30 + [1, -1]))
    if count <= 0:
        return sql, None
    return sql, draw(st.lists(values, min_size=count, max_size=count))


queries = st.tuples(st.just("query"), statement(), calls).map(lambda op: (op[0], *op[1], op[2]))
# The oracle prepares the statements of a batch side by side: which of two refused values is the error, chance says. And
# what workerd does not run a second time (differences.py) undoes all of a batch.
taken = statement().filter(lambda each: each[0] != AGAIN and not any(value in REFUSED for value in each[1] or ()))
batches = st.tuples(st.just("batch"), st.lists(taken, max_size=4))
scripts = st.tuples(st.just("exec"), st.lists(st.sampled_from(LINES), max_size=4).map("\n".join))
sessions = st.tuples(
    st.just("session"), st.sampled_from([UNDEFINED, None, "first-primary", "first-unconstrained", "", " ", 5]),
    st.sampled_from(["SELECT * FROM tags ORDER BY tag", "INSERT INTO tags VALUES ('s', 1)", "SELECT nope"]),
)  # fmt: skip
operations = differential.weighted((queries, 12), (batches, 4), (scripts, 3), (sessions, 1))
sequences = st.lists(operations, min_size=20, max_size=20).map(lambda ops: [("exec", "\n".join(SETUP)), *ops][:20])


def _given(value: Any) -> Any:
    """A value as it is said to the oracle."""
    if isinstance(value, bytes) and len(value) % 2:
        return view("Uint8Array", value)
    return value


def _prepared(sql: str, params: list[Any] | None) -> list[Any]:
    return [["prepare", sql]] + ([] if params is None else [["bind", *map(_given, params)]])


def _step(op: Op) -> Step:
    kind = op[0]
    if kind == "query":
        return {"on": "DB", "do": [*_prepared(op[1], op[2]), list(op[3])]}
    if kind == "batch":
        inner = [{"$do": {"on": "DB", "do": _prepared(sql, params)}} for sql, params in op[1]]
        return {"on": "DB", "do": [["batch", inner]]}
    if kind == "exec":
        return {"on": "DB", "do": [["exec", op[1]]]}
    return {"on": "DB", "do": [["withSession", op[1]], ["prepare", op[2]], ["all"]]}


def _value(value: Any) -> Any:
    """What a refused value is in Python."""
    return int(value["$bigint"]) if isinstance(value, dict) and "$bigint" in value else value


def _ours(ops: Sequence[Op]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with bound(D1Database, Declared("DB", "d1", "db")) as db:

        def prepared(sql: str, params: list[Any] | None) -> Any:
            made = db.binding.prepare(sql)
            return made if params is None else made.bind(*map(_value, params))

        def answer(op: Op) -> Any:
            kind = op[0]
            if kind == "query":
                verb, *args = op[3]
                if args and isinstance(args[0], dict):
                    return db.run(prepared(op[1], op[2]).raw(column_names=args[0]["columnNames"]))
                return db.run(getattr(prepared(op[1], op[2]), verb)(*args))
            if kind == "batch":
                return db("batch", [prepared(sql, params) for sql, params in op[1]])
            if kind == "exec":
                return db("exec", op[1])
            return db.run(db.binding.with_session(op[1]).prepare(op[2]).all())

        for op in ops:
            try:
                outcomes.append({"ok": answer(op)})
            except EdgeError as error:
                outcomes.append({"error": _described(error)})
    return outcomes


def _described(error: EdgeError) -> dict[str, Any]:
    described: dict[str, Any] = differential.failure(error)["error"]
    if isinstance(error.__cause__, EdgeError):
        described["cause"] = _described(error.__cause__) if error.__cause__.message else None
    return described


def _plain(outcome: Outcome) -> Any:
    """An outcome without what cannot be the same: times, places, sizes, modelled counts, and the row id of a statement
    that inserted nothing (Miniflare's connection outlives the sequence)."""
    if "error" in outcome:
        error = outcome["error"]
        cause = error.get("cause")
        return [error["name"], error["message"], error["code"], cause and (cause["name"], cause["message"])]
    return _timeless(outcome["ok"])


def _timeless(value: Any) -> Any:
    if isinstance(value, list):
        return [_timeless(item) for item in value]
    if isinstance(value, dict) and "meta" in value:
        meta = value["meta"]
        kept = {"changes": meta["changes"], "changed_db": meta["changed_db"]}
        return {**value, "meta": kept}
    if isinstance(value, dict) and set(value) == {"count", "duration"}:
        return {"count": value["count"]}
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]+){3}", value):
        return "(bookmark)"
    return value


def _same(ours: Outcome, theirs: Outcome) -> bool:
    return bool(_plain(ours) == _plain(theirs))


def test_sequences_agree_with_miniflare(oracle: Oracle) -> None:
    made = differential.generated(sequences, differential.amount(150))
    assert differential.check("d1", oracle, made, step=_step, ours=_ours, same=_same) == 20 * len(made)
