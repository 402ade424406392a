"""The D1 engine: what it accepts, refuses and answers."""

from __future__ import annotations

import apsw
import pytest

from edgelint.d1 import schema
from edgelint.d1.engine import Database
from edgelint.d1.errors import D1Error
from edgelint.platform import d1_sql


@pytest.fixture
def database() -> Database:
    made = Database.memory()
    made.script(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT);"
        "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users(id)"
        " ON DELETE CASCADE, title TEXT DEFAULT 'x');"
        "CREATE INDEX posts_by_user ON posts (user_id, lower(title)) WHERE title IS NOT NULL"
    )
    return made


def refusal(database: Database, sql: str) -> D1Error:
    with pytest.raises(D1Error) as caught:
        database.execute(sql)
    return caught.value


def test_prepared_facts(database: Database) -> None:
    found = database.prepare("SELECT u.id AS who, count(*) FROM users u WHERE lower(u.email) = ?1 AND u.name = ?")
    assert [(column.name, column.table, column.column, column.declared) for column in found.columns] == [
        ("who", "users", "id", "INTEGER"), ("count(*)", None, None, None),
    ]  # fmt: skip
    assert found.parameters == ("?1", None)
    assert found.reads == {("users", "id"), ("users", "email"), ("users", "name")}
    assert found.functions == {"lower", "count"}
    assert found.readonly
    written = database.prepare("UPDATE posts SET title = NULL")
    assert written.writes == {("update", "posts.title")}
    assert not written.readonly


def test_error_has_statement_and_offset(database: Database) -> None:
    error = refusal(database, "SELECT 1; SELECT 'é', nmae FROM users")
    assert (error.message, error.code) == ("no such column: nmae", "SQLITE_ERROR")
    assert (error.statement, error.start, error.offset) == ("SELECT 'é', nmae FROM users", 10, 22)
    assert str(error) == "no such column: nmae: SQLITE_ERROR"


def test_script_is_one_transaction(database: Database) -> None:
    with pytest.raises(D1Error) as caught:
        database.script("INSERT INTO users VALUES (1, 'a', 'b'); INSERT INTO posts (user_id) VALUES (7)")
    assert caught.value.code == "SQLITE_CONSTRAINT_FOREIGNKEY"
    assert database.execute("SELECT count(*) FROM users").rows == ((0,),)


def test_clone_is_a_copy(database: Database) -> None:
    copy = database.clone()
    copy.script("DROP TABLE posts; INSERT INTO users VALUES (1, 'a', 'b')")
    assert "posts" in schema.read(database).tables
    assert "posts" not in schema.read(copy).tables
    assert refusal(copy, "SELECT power(1, 2)").message == "not authorized to use function: power"


def test_schema(database: Database) -> None:
    posts = schema.read(database).tables["posts"]
    assert posts.primary_key == ("id",)
    assert posts.autoincrement
    assert posts.foreign_keys == (schema.ForeignKey(("user_id",), "users", ("id",), "CASCADE", "NO ACTION"),)
    assert [(index.name, index.columns, index.partial) for index in posts.indexes] == [
        ("posts_by_user", ("user_id", None), True)
    ]
    assert posts.columns[2].default == "'x'"


def test_plan(database: Database) -> None:
    steps = database.plan("SELECT * FROM users WHERE name > ? ORDER BY name, id")
    assert [(step.scans, step.sorts) for step in steps] == [(True, False), (False, True)]
    assert database.plan("SELECT * FROM users WHERE id = ?")[0].searches


def test_numbers_are_bound_as_javascript_has_them(database: Database) -> None:
    assert database.execute("SELECT typeof(?1), ?1 || ''", (1,)).rows == (("real", "1.0"),)
    database.execute("INSERT INTO users VALUES (?, ?, ?)", (5, 6, True))
    assert database.execute("SELECT id, email, name FROM users").rows == ((5, "6.0", "1.0"),)
    with database.hidden():
        assert database.execute("SELECT typeof(?)", (1,)).rows == (("integer",),)


def test_changes_of_a_whole_text(database: Database) -> None:
    first = "INSERT INTO users VALUES (1, 'a', 'b'), (2, 'c', 'd')"
    result = database.execute(f"{first}; SELECT 1; DELETE FROM users WHERE id = 1")
    assert result.changes == 3
    assert database.execute("SELECT 1").changes == 0


def test_a_statement_of_a_script_that_is_too_long(database: Database) -> None:
    short = "INSERT INTO users (email) VALUES ('" + "x" * 60_000 + "');"
    assert len(database.script(short + short.replace("x", "y"))) == 2
    with pytest.raises(D1Error) as caught:
        database.script("SELECT 1; SELECT '" + "x" * 100_000 + "'")
    assert (caught.value.message, caught.value.start) == ("statement too long", 10)


@pytest.mark.parametrize(
    ("sql", "params", "left"),
    [
        ("DELETE FROM n ORDER BY a DESC LIMIT 2", (), "1 2"),
        ("DELETE FROM n LIMIT 10 OFFSET 1", (), "1"),
        ("DELETE FROM main.n AS k WHERE k.a > ? ORDER BY k.a LIMIT ?", (1, 1), "1 3 4"),
        ("WITH w(x) AS (SELECT 3) DELETE FROM n WHERE a IN (SELECT x FROM w) LIMIT 5", (), "1 2 4"),
        ("UPDATE n SET a = a + ? WHERE a > ?2 ORDER BY a DESC LIMIT ?", (10, 1, 1), "1 2 3 14"),
        ("UPDATE OR IGNORE n AS k SET a = 9 LIMIT 1", (), "2 3 4 9"),
        ("UPDATE n SET a = 20 + f.y FROM (SELECT 1 AS x, 5 AS y) AS f WHERE n.a = f.x LIMIT 1", (), "2 3 4 25"),
        ("UPDATE n AS k SET a = 20 + f.y FROM (SELECT 5 AS y) AS f LIMIT 1", (), "2 3 4 25"),
        ("DELETE FROM p WHERE b = 2 ORDER BY a DESC LIMIT 1", (), "1 2 3 4"),
    ],
)
def test_delete_and_update_with_limit(sql: str, params: tuple[int, ...], left: str) -> None:
    database = Database.memory()
    database.script(
        "CREATE TABLE n (a INTEGER PRIMARY KEY); INSERT INTO n VALUES (1), (2), (3), (4);"
        "CREATE TABLE p (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO p VALUES (1, 2), (2, 2), (3, 3)"
    )
    assert len(database.prepare(sql).parameters) == len(params)
    database.execute(sql, params)
    assert database.execute("SELECT group_concat(a, ' ') FROM n").rows == ((left,),)
    assert database.execute("SELECT count(*) FROM p").rows == ((2 if " p " in sql else 3,),)


def test_limit_keeps_places_parameters_and_returning(database: Database) -> None:
    sql = "UPDATE users SET name = :n WHERE nope > ? RETURNING id ORDER BY id LIMIT ?"
    error = refusal(database, sql)
    assert (error.message, error.offset, error.statement) == ("no such column: nope", sql.index("nope"), sql)
    sql = sql.replace("nope", "id")
    assert database.prepare(sql).parameters == (":n", None, None)
    database.execute("INSERT INTO users VALUES (1, 'a', 'b'), (2, 'c', 'd')")
    assert database.execute(sql, ("x", 0, 1)).rows == ((1,),)
    assert refusal(database, "DELETE FROM users LIMIT nope").offset == 24


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DELETE FROM users ORDER BY id", "ORDER BY without LIMIT on DELETE"),
        ("UPDATE users SET name = 1 ORDER BY id", "ORDER BY without LIMIT on UPDATE"),
        ("DELETE FROM users WHERE nope = 1 ORDER BY nope", "ORDER BY without LIMIT on DELETE"),
        ("DELETE FROM nope ORDER BY 1", "no such table: nope"),
        ("UPDATE users SET name = 1 + ORDER BY id", 'near "ORDER": syntax error'),
        ("BEGIN nonsense", 'near "nonsense": syntax error'),
        ("DELETE FROM LIMIT 1", 'near "LIMIT": syntax error'),
        ("UPDATE LIMIT 1", 'near "LIMIT": syntax error'),
        ("DELETE LIMIT 1", 'near "LIMIT": syntax error'),
        ("SELECT 1; ", ""),
        ("", "SQL code did not contain a statement."),
        ("-- only this", "SQL code did not contain a statement."),
        ("SELECT 1; -- and this", "SQL code did not contain a statement."),
        ("SELECT nope; -- and this", "no such column: nope"),
        ("SELECT 1 -- this; is a comment", ""),
        ("SELECT 1;\v\f ", ""),
        ("SELECT 1;;", "SQL code did not contain a statement."),
        ("SELECT ?1; SELECT 2", d1_sql.ONLY_LAST_BOUND),
        ("SELECT ?", "Wrong number of parameter bindings for SQL query."),
        ("SELECT median(1)", "no such function: median"),
        ("SELECT median()", "no such function: median"),
        ("SELECT power(1, 2)", "not authorized to use function: power"),
        ("SELECT abs()", "wrong number of arguments to function abs()"),
        ("SELECT * FROM carray(1, 2)", "no such table: carray"),
        ("SELECT * FROM dbstat", "no such table: dbstat"),
        ("ALTER TABLE posts RENAME TO _CF_posts", "not authorized"),
        ("ALTER TABLE posts RENAME TO \"_cf_posts\"", "not authorized"),
        ("ALTER TABLE posts RENAME title TO _cf_title", ""),
        ("CREATE TABLE [_cf_x] (a)", "not authorized"),
        ("CREATE INDEX _cf_x ON posts (title)", "not authorized"),
        ("CREATE TEMP TABLE x (a)", "not authorized"),
        ("CREATE VIRTUAL TABLE x USING fts4 (a)", "not authorized"),
        ("CREATE VIRTUAL TABLE x USING FTS5 (a)", ""),
        ("CREATE VIRTUAL TABLE x USING rtree (id, a, b)", ""),
        ("CREATE VIRTUAL TABLE _cf_x USING fts5 (a)", "not authorized"),
        ("ATTACH ':memory:' AS x", "not authorized"),
        ("DETACH x", "not authorized"),
        ("VACUUM", "cannot VACUUM from within a transaction"),
        ("SELECT * FROM sqlite_temp_master", ""),
        ("REINDEX", ""),
        ("ANALYZE", ""),
        ("UPDATE sqlite_sequence SET seq = 9", ""),
        ("DELETE FROM sqlite_master", "table sqlite_master may not be modified"),
        ("SELECT \"nosuch\" FROM users", ""),
        ("PRAGMA foreign_keys", ""),
        ("PRAGMA foreign_keys = 'off'", ""),
        ("PRAGMA foreign_keys = maybe", "not authorized"),
        ("PRAGMA user_version", "not authorized"),
        ("PRAGMA table_info (posts)", ""),
        ("PRAGMA table_info (_cf_KV)", "not authorized"),
        ("PRAGMA index_list", "not authorized"),
        ("PRAGMA data_version = 1", "not authorized"),
        ("PRAGMA optimize (0x10002)", ""),
        ("PRAGMA optimize (x)", "not authorized"),
        ("PRAGMA optimize (0xfffffffff)", "not authorized"),
        ("PRAGMA quick_check (1)", ""),
        ("PRAGMA temp.table_list", "not authorized"),
    ],
)
def test_what_is_let_through(database: Database, sql: str, message: str) -> None:
    try:
        database.execute(sql)
    except D1Error as error:
        assert error.message == message  # noqa: PT017
    else:
        assert message == ""


def test_transactions_are_refused_in_d1s_words(database: Database) -> None:
    for sql in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a"):
        error = refusal(database, sql)
        assert error.message.startswith("To execute a transaction, please use the state.storage.transaction()")
        assert error.code == "SQLITE_AUTH"


def test_preparing_changes_nothing(database: Database) -> None:
    database.prepare("PRAGMA case_sensitive_like = ON")
    database.prepare("DROP TABLE posts")
    assert database.execute("SELECT 'A' LIKE 'a'").rows == ((1,),)
    assert "posts" in schema.read(database).tables
    with pytest.raises(D1Error, match="only one statement"):
        database.prepare("SELECT 1; SELECT 2")


def test_foreign_keys_stay_on_and_wait_for_the_end_when_told(database: Database) -> None:
    database.execute("PRAGMA foreign_keys = OFF")
    orphan = "INSERT INTO posts (user_id) VALUES (9)"
    assert refusal(database, f"PRAGMA foreign_keys = OFF; {orphan}").code == "SQLITE_CONSTRAINT_FOREIGNKEY"
    database.script(f"PRAGMA defer_foreign_keys = ON; {orphan}; INSERT INTO users VALUES (9, 'a', 'b')")
    with pytest.raises(D1Error) as caught:
        database.script(f"PRAGMA defer_foreign_keys = ON; {orphan.replace('9', '8')};")
    assert (caught.value.statement, caught.value.start) == ("", 71)
    assert refusal(database, orphan.replace("9", "8")).offset is None  # it ended with the script


def test_reads_and_writes_name_what_is_stored(database: Database) -> None:
    found = database.prepare("WITH w AS (SELECT 1 AS x) SELECT count(*) FROM w, users")
    assert found.reads == {("users", "")}
    made = database.prepare("CREATE TABLE x (a)")
    assert (made.reads, made.writes) == (frozenset(), frozenset())
    assert database.prepare("SELECT name FROM sqlite_master").reads == {("sqlite_master", "name")}
    assert database.prepare("SELECT count(*) FROM sqlite_master").reads == {("sqlite_master", "")}
    assert database.prepare("SELECT :a, @b, $c, ?7, ?").parameters == (":a", "@b", "$c", None, None, None, "?7", None)


def test_plain_sqlite_is_bounded_too() -> None:
    plain = Database.memory(unlimited=True)
    plain.script("CREATE TEMP TABLE x (a); CREATE TABLE _cf_y (a); SELECT power(2, 3)")
    assert plain.prepare("SELECT a FROM _cf_y WHERE power(a, 2) > 1").functions == {"power"}
    assert refusal(plain, "SELECT median(1, 2)").message == "wrong number of arguments to function median()"
    assert refusal(plain, f"SELECT '{'x' * 20_000_000}'").message == "statement too long"
    assert plain.clone().execute("SELECT ?", (1,)).rows == ((1,),)


def test_values_shorten_for_slow_functions_only(database: Database) -> None:
    patched = "SELECT length(json_patch('{\"a\":1}', '{\"b\":2}'))"
    assert database.execute(patched).rows == ((13,),)
    assert database.execute("SELECT length(zeroblob(200000))").rows == ((200_000,),)
    database.script("CREATE TABLE doc (a CHECK (json_patch(a, a) <> ''))")
    assert refusal(database, "INSERT INTO doc VALUES (zeroblob(200000))").code == "SQLITE_TOOBIG"
    assert refusal(database.clone(), "INSERT INTO doc VALUES (zeroblob(200000))").code == "SQLITE_TOOBIG"


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("instr('abc', 'c')", 3), ("instr(x'616263', x'63')", 3), ("instr(123, 3)", 3), ("instr(NULL, 'a')", None),
        ("replace('abab', 'b', 'c')", "acac"), ("trim('xaxx', 'x')", "a"), ("ltrim('xax', 'x')", "ax"),
        ("rtrim(1.50, '5')", "1."), ("trim('  a ')", "a"),
        ("json_object('a', json_patch('{}', '{\"b\":1}'))", '{"a":{"b":1}}'),
    ],
)  # fmt: skip
def test_metered_functions_answer_as_sqlites_own(database: Database, sql: str, value: object) -> None:
    assert database.execute(f"SELECT {sql}").rows == ((value,),)


def test_schema_of_every_kind_of_table() -> None:
    database = Database.memory()
    database.script("""
        CREATE TABLE "odd name" (
          a TEXT COLLATE NOCASE NOT NULL, b INT DEFAULT (1 + 1), c AS (b * 2), d INTEGER GENERATED ALWAYS AS (b) STORED,
          UNIQUE (a, b), PRIMARY KEY (b, a), FOREIGN KEY (b, a) REFERENCES "odd name" (b, a) ON UPDATE SET NULL,
          FOREIGN KEY (b) REFERENCES later
        );
        CREATE TABLE strict_one (id INTEGER PRIMARY KEY AUTOINCREMENT, "AUTOINCREMENT" ANY) STRICT;
        CREATE TABLE plain (id INTEGER PRIMARY KEY /* AUTOINCREMENT */, x) ;
        CREATE TABLE keyed (a PRIMARY KEY) WITHOUT ROWID;
        CREATE INDEX i ON "odd name" (a COLLATE RTRIM, b DESC, lower(a)) WHERE b > 1;
        CREATE VIRTUAL TABLE words USING fts5 (body);
        CREATE VIEW v AS SELECT 1;
        CREATE TRIGGER t AFTER INSERT ON plain BEGIN SELECT 1; END;
    """)
    found = schema.read(database)
    assert list(found.tables)[:4] == ["odd name", "strict_one", "plain", "keyed"]
    odd = found.tables["odd name"]
    assert [(c.name, c.type, c.not_null, c.default, c.pk_position, c.generated, c.collation) for c in odd.columns] == [
        ("a", "TEXT", True, None, 2, "", "NOCASE"), ("b", "INT", False, "1 + 1", 1, "", "BINARY"),
        ("c", "", False, None, 0, "virtual", "BINARY"), ("d", "INTEGER", False, None, 0, "stored", "BINARY"),
    ]  # fmt: skip
    assert odd.primary_key == ("b", "a")
    assert odd.foreign_keys == (
        schema.ForeignKey(("b", "a"), "odd name", ("b", "a"), "NO ACTION", "SET NULL"),
        schema.ForeignKey(("b",), "later", (), "NO ACTION", "NO ACTION"),
    )
    assert [(i.columns, i.origin, i.unique, i.partial) for i in odd.indexes] == [
        (("a", "b"), "u", True, False), (("b", "a"), "pk", True, False), (("a", "b", None), "c", False, True),
    ]  # fmt: skip
    assert odd.indexes[2].collations[:2] == ("RTRIM", "BINARY")
    assert odd.indexes[2].descending == (False, True, False)
    assert [(t.name, t.strict, t.without_rowid, t.autoincrement) for t in list(found.tables.values())[1:4]] == [
        ("strict_one", True, False, True), ("plain", False, False, False), ("keyed", False, True, False),
    ]  # fmt: skip
    words = found.tables["words"]
    assert words.virtual
    assert [(c.name, c.hidden) for c in words.columns] == [("body", False), ("words", True), ("rank", True)]
    assert found.tables["words_data"].shadow
    assert (list(found.views), found.triggers["t"].table) == (["v"], "plain")


def test_hidden_leaves_the_limits_as_they_were(database: Database) -> None:
    before = database._connection.limit(apsw.SQLITE_LIMIT_VDBE_OP)
    with pytest.raises(D1Error), database.hidden():
        database.execute("SELECT nope")
    assert database._connection.limit(apsw.SQLITE_LIMIT_VDBE_OP) == before
    assert refusal(database, "SELECT power(1, 2)").message == "not authorized to use function: power"


def test_a_long_insert_runs(database: Database) -> None:
    rows = ", ".join(f"({number}, 'user{number}')" for number in range(3_000))
    assert database.execute(f"INSERT INTO users (id, email) VALUES {rows}").changes == 3_000
