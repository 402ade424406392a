"""D1's limits at their edge and one past it; and what no SQL may do: run for ever, fill the memory, raise something
else than D1Error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgelint.d1 import schema
from edgelint.d1.engine import Database
from edgelint.d1.errors import D1Error


def answer(sql: str, *setup: str, steps: int = 200_000) -> str:
    """ "ok", or the code and words of the refusal."""
    database = Database.memory(steps=steps)
    for one in setup:
        database.script(one)
    try:
        database.execute(sql)
    except D1Error as error:
        return f"{error.code}: {error.message}"
    return "ok"


def many(count: int, text: str = "1", between: str = ", ") -> str:
    return between.join([text] * count)


@pytest.mark.parametrize(
    ("make", "most", "words"),
    [
        (lambda n: f"SELECT {many(n, between=' AND ')}", 100, "Expression tree is too large (maximum depth 100)"),
        (lambda n: f"SELECT {many(n)}", 100, "too many columns in result set"),
        (lambda n: f"CREATE TABLE t ({', '.join(f'c{i}' for i in range(n))})", 100, "too many columns on t"),
        (lambda n: f"SELECT {many(n, 'SELECT 1', ' UNION ')[7:]}", 5, "too many terms in compound SELECT"),
        (lambda n: f"SELECT max({many(n)})", 127, "too many arguments on function max"),
        (lambda n: f"SELECT 'a' LIKE '{'a' * n}'", 50, "LIKE or GLOB pattern too complex"),
        (lambda n: f"SELECT 'a' LIKE '{'é' * (n // 2)}{'a' * (n % 2)}'", 50, "LIKE or GLOB pattern too complex"),
        (lambda n: f"SELECT '{'a' * (n - 9)}'", 100_000, "statement too long"),
        (lambda n: f"SELECT length(zeroblob({n}))", 8_388_642, "string or blob too big"),
        (lambda n: f"VALUES {many(n, '(1)')}", 600, None),
    ],
)
def test_a_limit_and_one_past_it(make: Callable[[int], str], most: int, words: str | None) -> None:
    assert answer(make(most)) == "ok"
    if words is not None:
        assert answer(make(most + 1)).endswith(f": {words}")


def test_parameters_and_triggers_have_limits() -> None:
    database = Database.memory()
    assert len(database.prepare("SELECT ?100").parameters) == 100
    with pytest.raises(D1Error, match="variable number must be between"):
        database.prepare("SELECT ?101")
    deep = (
        "CREATE TABLE t (a);"
        "CREATE TRIGGER r AFTER INSERT ON t WHEN new.a < {} BEGIN INSERT INTO t VALUES (new.a + 1); END"
    )
    recursive = "PRAGMA recursive_triggers = 1"
    assert answer("INSERT INTO t VALUES (1)", deep.format(10), recursive) == "ok"
    assert answer("INSERT INTO t VALUES (1)", deep.format(11), recursive).endswith("triggers nested too deep")


ENDLESS = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
EACH = f"json_each('[{many(300)}]')"
LONG = "replace(hex(zeroblob({})), '0', 'a')"


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        (f"{ENDLESS} SELECT count(*) FROM c", "SQLITE_INTERRUPT"),
        (f"{ENDLESS} SELECT * FROM c", "SQLITE_INTERRUPT"),
        (f"INSERT INTO t {ENDLESS} SELECT x FROM c", "SQLITE_INTERRUPT"),
        (f"CREATE TABLE u AS {ENDLESS} SELECT x FROM c", "SQLITE_INTERRUPT"),
        (f"{ENDLESS} SELECT zeroblob(4000000) FROM c", "SQLITE_NOMEM"),
        (f"{ENDLESS} SELECT * FROM (SELECT randomblob(4000000) AS b FROM c) ORDER BY b", "SQLITE_NOMEM"),
        (f"SELECT count(*) FROM {many(5, EACH)}", "SQLITE_INTERRUPT"),
        ("SELECT zeroblob(2000000000)", "SQLITE_TOOBIG"),
        ("SELECT replace(hex(zeroblob(4000000)), '00', hex(zeroblob(1000)))", "SQLITE_NOMEM"),
        ("SELECT printf('%.*c', 2000000000, 'x')", "SQLITE_TOOBIG"),
        (f"SELECT trim({LONG.format(50_000)}, 'b' || {LONG.format(50_000)})", "SQLITE_INTERRUPT"),
        (f"SELECT instr({LONG.format(2_000_000)}, {LONG.format(1_000_000)} || 'b')", "SQLITE_INTERRUPT"),
        (f"INSERT INTO trimmed SELECT {LONG.format(50_000)}", "SQLITE_INTERRUPT"),
        (f"INSERT INTO patched SELECT {LONG.format(100_000)}", "SQLITE_TOOBIG"),
        (f"SELECT json_patch('{{}}', {LONG.format(100_000)})", "SQLITE_TOOBIG"),
        (f"SELECT '{'a' * 10_000_000}'", "SQLITE_TOOBIG"),
        (f"SELECT {'(' * 10_000}1{')' * 10_000}", "SQLITE_ERROR"),
        (f"SELECT {'NOT ' * 10_000}1", "SQLITE_ERROR"),
        (f"SELECT * FROM {'(SELECT * FROM ' * 3_000}(SELECT 1){')' * 3_000}", "SQLITE_ERROR"),
        ("SELECT 1\0", "SQLITE_ERROR"),
        ("\0", "SQLITE_ERROR"),
        ("SELECT '\ud800', nope", "SQLITE_ERROR"),
        ("SELECT CAST(x'ff' AS TEXT)", "SQLITE_MISMATCH"),
    ],
)  # fmt: skip
def test_hostile_sql_is_refused(sql: str, code: str) -> None:
    setup = "CREATE TABLE t (a)"
    if "trimmed" in sql:
        setup = "CREATE TABLE trimmed (a CHECK (ltrim(a, replace(a, 'a', 'b') || 'a') IS NOT NULL))"
    elif "patched" in sql:
        setup = "CREATE TABLE patched (a CHECK (json_patch('{}', a) IS NOT NULL))"
    assert answer(sql, setup).partition(":")[0] == code


def test_a_trigger_storm_is_stopped_and_leaves_nothing() -> None:
    database = Database.memory(steps=100_000)
    ten = "(VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10))"
    database.script("".join(f"CREATE TABLE u{i} (a);" for i in range(10)))
    for i in range(9):
        database.script(
            f"CREATE TRIGGER b{i} AFTER INSERT ON u{i} BEGIN INSERT INTO u{i + 1} SELECT 1 FROM {ten}; END;"
        )
    with pytest.raises(D1Error) as caught:
        database.execute("INSERT INTO u0 VALUES (1)")
    assert caught.value.code == "SQLITE_INTERRUPT"
    assert database.execute("SELECT count(*) FROM u0").rows == ((0,),)


def test_a_script_has_a_budget_of_its_own() -> None:
    some = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000) SELECT count(*) FROM c;"
    database = Database.memory(steps=50_000)
    assert len(database.script(some * 10)) == 10
    with pytest.raises(D1Error) as caught:
        database.script(some * 100)
    assert caught.value.code == "SQLITE_INTERRUPT"
    assert database.execute(some).rows == ((2000,),)


@pytest.mark.parametrize("params", [(10**400,), ({},), (object(),), (1, 2), ()])
def test_values_that_cannot_be_bound(params: tuple[int, ...]) -> None:
    with pytest.raises(D1Error):
        Database.memory().execute("SELECT ?", params)


def test_a_closed_database_says_so() -> None:
    database = Database.memory()
    database.close()
    uses: list[Callable[[], object]] = [
        lambda: database.execute("SELECT 1"), lambda: database.prepare("SELECT 1"), lambda: database.plan("SELECT 1"),
        lambda: database.script("SELECT 1"), database.clone, lambda: schema.read(database),
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(D1Error, match="closed"):
            use()


SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT CHECK (length(name) < 9));
CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER REFERENCES users (id));
CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE VIEW v AS SELECT user_id, count(*) AS n FROM posts GROUP BY user_id;
CREATE TRIGGER r AFTER INSERT ON posts BEGIN UPDATE users SET name = 'x' WHERE id = new.user_id; END;
CREATE VIRTUAL TABLE words USING fts5 (x);
INSERT INTO users VALUES (1, 'a', 'b'), (2, 'c', 'd');
INSERT INTO posts (user_id) VALUES (1), (2);
"""
PHRASES = (
    'SELECT~*~FROM~users~posts~pairs~v~words~WHERE~id~=~?~?3~:a~@b~$c~1~\'x\'~"y"~(~)~,~;~ORDER BY~LIMIT~'
    'OFFSET~DELETE FROM~UPDATE~SET~name~INSERT INTO~VALUES~RETURNING~GROUP BY~HAVING~JOIN~LEFT JOIN~ON~'
    "USING~WITH~RECURSIVE~c~AS~UNION~ALL~EXCEPT~EXISTS~IN~NOT~NULL~IS~LIKE~'%a%'~GLOB~MATCH~CASE~WHEN~"
    "THEN~END~count(*)~max(id)~replace(name, 'a', 'b')~json_each('[1]')~x'00'~CREATE TABLE~CREATE INDEX~"
    'CREATE VIEW~CREATE TRIGGER~t~AFTER INSERT ON~BEGIN~DROP TABLE~ALTER TABLE~RENAME TO~ADD COLUMN~'
    'DROP COLUMN~PRAGMA~foreign_keys~table_info~user_version~EXPLAIN~QUERY PLAN~VACUUM~ATTACH~ANALYZE~'
    'REINDEX~COMMIT~ROLLBACK~SAVEPOINT~_cf_x~sqlite_master~rowid~OVER (ORDER BY id)~--~/*~*/~[~]~`~\'~"~'
    '9e999~0x7fffffffffffffff~-~||~->>~REPLACE INTO~ON CONFLICT DO NOTHING~STRICT~WITHOUT ROWID~'
    'REFERENCES~PRIMARY KEY~DEFAULT~COLLATE NOCASE~INDEXED BY'
)
WORDS = st.sampled_from([*PHRASES.split("~"), "\n", "\x00", "é", "\ud800", "\ufffc"])


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=40),
    st.lists(st.none() | st.integers() | st.text(), max_size=3),
)
def test_any_sql_is_answered_or_refused(sql: str, params: list[int | str | None]) -> None:
    uses: list[Callable[[Database], object]] = [
        lambda database: database.prepare(sql), lambda database: database.plan(sql),
        lambda database: database.execute(sql, params), lambda database: database.script(sql),
    ]  # fmt: skip
    for unlimited in (False, True):
        database = Database.memory(steps=20_000, unlimited=unlimited)
        database.script(SCHEMA)
        for error in filter(None, (refused(use, database) for use in uses)):
            assert error.message
            assert error.code.isupper()
            assert 0 <= error.start <= len(sql)
            assert error.offset is None or 0 <= error.offset <= len(sql)
        schema.read(database)
        assert schema.read(database.clone()).tables.keys() == schema.read(database).tables.keys()


def refused(use: Callable[[Database], object], database: Database) -> D1Error | None:
    try:
        use(database)
    except D1Error as error:
        return error
    return None


def test_the_time_of_a_statement_and_of_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is looked at every few hundred steps, and a look costs a second here."""
    looks = iter(range(10_000))
    monkeypatch.setattr("edgelint.d1.meter.time.thread_time", lambda: float(next(looks)))
    long = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT max(n) FROM c"
    database = Database.memory()
    with pytest.raises(D1Error, match="interrupted"):
        database.execute(long.format(100_000))
    assert database.execute("SELECT 1").rows == ((1,),)
    few = long.format(20)  # some looks at the clock, fewer than a statement may have seconds
    assert database.execute(few).rows == ((20,),)
    with pytest.raises(D1Error, match="interrupted"):
        database.script(";".join([few] * 100))
    assert database.execute(few).rows == ((20,),)
