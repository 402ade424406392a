"""D1: statements, batches, sessions, limits, and what an operation tells of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from edgelint.platform import limits
from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.d1 import TOO_MANY, D1Database, bookmark
from edgelint.testing.bindings.d1_values import bind_value, cell
from edgelint.testing.bindings.sqlite_clock import clocked
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.facade import Held
from edgelint.testing.operation import Operation, invocation
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World
from tests.testing.bindings.worlds import Bound, bound


@pytest.fixture
def db() -> Iterator[Bound[D1Database]]:
    with bound(D1Database, Declared("DB", "d1", "db")) as found:
        at = "at TEXT DEFAULT CURRENT_TIMESTAMP"
        found("exec", f"CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE, {at})")
        yield found


def ask(db: Bound[D1Database], sql: str, *params: Any, verb: str = "all", **options: Any) -> Any:
    """Run one statement."""
    statement = db.binding.prepare(sql)
    return db.run(getattr(statement.bind(*params) if params else statement, verb)(**options))


def error_of(db: Bound[D1Database], sql: str, *params: Any) -> EdgeError:
    with pytest.raises(EdgeError) as raised:
        ask(db, sql, *params)
    return raised.value


def test_a_result_has_rows_and_meta(db: Bound[D1Database]) -> None:
    result = ask(db, "INSERT INTO users (name) VALUES (?) RETURNING id, name", "a", verb="run")
    assert result == {
        "success": True, "results": [{"id": 1, "name": "a"}],
        "meta": {
            "served_by": "v3-prod", "served_by_region": "ENAM", "served_by_colo": "EWR", "served_by_primary": True,
            "timings": {"sql_duration_ms": 0}, "duration": 0, "changes": 1, "last_row_id": 1, "changed_db": True,
            "size_after": 16384, "rows_read": 1, "rows_written": 2, "total_attempts": 1,
        },
    }  # fmt: skip
    meta = ask(db, "SELECT * FROM users")["meta"]
    assert (meta["changes"], meta["last_row_id"], meta["changed_db"], meta["rows_read"]) == (0, 1, False, 1)


def test_a_change_of_the_schema_changes_the_database(db: Bound[D1Database]) -> None:
    assert ask(db, "ALTER TABLE users ADD COLUMN b")["meta"]["changed_db"] is True
    before = ask(db, "SELECT 1")["meta"]
    assert before["changed_db"] is False
    made = ask(db, "CREATE INDEX i ON users (at)")["meta"]
    assert (made["changes"], made["changed_db"], made["size_after"]) == (0, True, before["size_after"] + 4096)


def test_time_in_sql_is_virtual(db: Bound[D1Database]) -> None:
    ask(db, "INSERT INTO users (name) VALUES ('a')")
    db.advance(90_061.5)
    ask(db, "INSERT INTO users (name) VALUES ('b')")
    assert ask(db, "SELECT at FROM users ORDER BY id", verb="raw") == [["2026-01-01 00:00:00"], ["2026-01-02 01:01:01"]]
    assert ask(db, "SELECT unixepoch('now') AS t", verb="first") == {"t": 1767229261 + 86400}
    assert clocked().xCurrentTime() == pytest.approx(2_461_042.54237, abs=1e-5)  # for a SQLite that asks in days


def test_values_come_out_as_json_has_them(db: Bound[D1Database]) -> None:
    row = ask(db, "SELECT 1.0 AS a, 2.5 AS b, 9007199254740993 AS c, x'00ff' AS d, NULL AS e, 1e400 AS f, -0.0 AS g",
              verb="first")  # fmt: skip
    assert row == {"a": 1, "b": 2.5, "c": 2.0**53, "d": [0, 255], "e": None, "f": None, "g": 0}
    assert [type(row[name]) for name in "abcg"] == [int, float, float, int]
    assert cell(float("nan")) is None


@pytest.mark.parametrize(
    ("value", "bound_to"),
    [(None, None), ("é", "é"), (True, 1), (False, 0), (5, 5), (1.5, 1.5), (float("nan"), None), (float("-inf"), None),
     (b"\x01", b"\x01"), (bytearray(b"\x02"), b"\x02"), (memoryview(b"\x03"), b"\x03"),
     ([0, 255, 1.9], b"\x00\xff\x01"), ([], b""), (2**53 - 1, 2**53 - 1), ("a\ud800", "a\ufffd\ufffd\ufffd")],
)  # fmt: skip
def test_values_go_in(value: Any, bound_to: Any) -> None:
    assert bind_value(value) == bound_to


@pytest.mark.parametrize(
    ("value", "words"),
    [(UNDEFINED, "Type 'undefined' not supported for value 'undefined'"),
     (2**53, "Type 'bigint' not supported for value '9007199254740992'"),
     (-(2**53), "Type 'bigint' not supported for value '-9007199254740992'"),
     ({"a": 1}, "Type 'object' not supported for value '[object Object]'"),
     ({1}, "Type 'object' not supported for value '[object Set]'"),
     ([256], "Type 'object' not supported for value '256'"), ([True, None, UNDEFINED, [1, "a"]],
                                                              "Type 'object' not supported for value 'true,,,1,a'"),
     (datetime(1970, 1, 1, tzinfo=UTC),
      "Type 'object' not supported for value 'Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)'"),
     (len, "Type 'function' not supported for value '[object Object]'")],
)  # fmt: skip
def test_values_that_are_refused(value: Any, words: str) -> None:
    with pytest.raises(EdgeError) as raised:
        bind_value(value)
    assert str(raised.value) == f"Error: D1_TYPE_ERROR: {words}"
    assert isinstance(raised.value.__cause__, EdgeError)
    assert raised.value.__cause__.message == words


def test_bind_makes_a_new_statement(db: Bound[D1Database]) -> None:
    statement = db.binding.prepare("SELECT ? AS a")
    first, second = statement.bind(1), statement.bind("b")
    assert (statement.params, first.params, second.params) == ((), (1,), ("b",))
    assert db.run(first.first()) == {"a": 1}
    assert db.run(second.first("a")) == "b"
    assert repr(first) == "D1PreparedStatement('SELECT ? AS a', [1])"


def test_columns_of_one_name(db: Bound[D1Database]) -> None:
    sql = "SELECT 1 AS a, 2 AS a, NULL AS b"
    assert ask(db, sql)["results"] == [{"a": 2, "b": None}]
    assert ask(db, sql, verb="raw") == [[1, 2, None]]
    assert ask(db, sql, verb="raw", column_names=True) == [["a", "a", "b"], [1, 2, None]]
    assert ask(db, sql, verb="first", column="b") is None
    assert ask(db, sql + " WHERE 0", verb="first", column="zz") is None
    with pytest.raises(EdgeError, match=r"^Error: D1_COLUMN_NOTFOUND: Column not found \(zz\)$") as raised:
        ask(db, sql, verb="first", column="zz")
    assert str(raised.value.__cause__) == "Error: Column not found"
    with pytest.raises(EdgeError, match=r"Column not found \(\[object Object\]\)"):
        ask(db, sql, verb="first", column={})


def test_an_error_says_what_sqlite_says_and_has_it_as_its_cause(db: Bound[D1Database]) -> None:
    ask(db, "INSERT INTO users (name) VALUES ('a')")
    error = error_of(db, "INSERT INTO users (name) VALUES ('a')")
    words = "UNIQUE constraint failed: users.name: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)"
    assert error.message == f"D1_ERROR: {words}"
    assert isinstance(error.__cause__, EdgeError)
    assert (error.name, error.code, error.__cause__.message) == ("Error", None, words)
    assert error_of(db, "SELECT nope").message == "D1_ERROR: no such column: nope at offset 7: SQLITE_ERROR"
    assert error_of(db, " ").message == "D1_ERROR: No SQL statements detected."
    assert error_of(db, "SELECT 1;;").message == "D1_ERROR: SQL code did not contain a statement."
    assert db.last.outcome == "error"


def test_a_batch_is_one_transaction(db: Bound[D1Database]) -> None:
    insert = db.binding.prepare("INSERT INTO users (name) VALUES (?)")
    results = db("batch", [insert.bind("a"), insert.bind("b"), db.binding.prepare("SELECT name FROM users")])
    assert [each["meta"]["last_row_id"] for each in results] == [1, 2, 2]
    assert results[2]["results"] == [{"name": "a"}, {"name": "b"}]
    message = db.error("batch", [insert.bind("c"), insert.bind("a")])
    assert message.startswith("Error: D1_ERROR: UNIQUE constraint failed: users.name")
    assert ask(db, "SELECT count(*) AS n FROM users", verb="first", column="n") == 2
    assert db.error("batch", []) == "Error: D1_ERROR: No SQL statements detected."
    assert db.error("batch", insert) == "TypeError: statements.map is not a function"
    assert db.error("batch", ["SELECT 1"]).startswith("TypeError: ")


def test_a_batch_leaves_out_comments(db: Bound[D1Database]) -> None:
    results = db("batch", [db.binding.prepare(" -- nothing"), db.binding.prepare("SELECT 1 AS a")])
    assert [each["results"] for each in results] == [[{"a": 1}]]
    assert db.last.attributes["statements"][0] == {"sql": " -- nothing"}
    assert db.last.attributes["statements"][1]["rows"] == 1


def test_exec_runs_line_by_line(db: Bound[D1Database]) -> None:
    script = "\n\ufeffINSERT INTO users (name) VALUES ('a'); INSERT INTO users (name) VALUES ('b');\n\nSELECT 1;\n"
    assert db("exec", script) == {"count": 2, "duration": 0}
    assert db.error("exec", "SELECT 1;\nSELECT\n* FROM users;") == (
        "Error: D1_EXEC_ERROR: Error in line 1: SELECT 1;: incomplete input: SQLITE_ERROR"
    )
    with pytest.raises(EdgeError) as raised:
        db("exec", "DELETE FROM users;\nSELECT nope;")
    words = "Error in line 1: DELETE FROM users;: no such column: nope at offset 7: SQLITE_ERROR"
    assert str(raised.value.__cause__) == f"Error: {words}"
    assert ask(db, "SELECT count(*) AS n FROM users", verb="first", column="n") == 2
    assert db.error("exec", 5) == "TypeError: query.trim is not a function"


def test_dump_is_refused_and_prepare_takes_text(db: Bound[D1Database]) -> None:
    assert db.error("dump") == "Error: D1_DUMP_ERROR: Status + 404"
    with pytest.raises(EdgeError, match="TypeError"):
        ask(db, 5)  # type: ignore[arg-type]


def test_limits_at_their_edge(db: Bound[D1Database]) -> None:
    most = limits.D1_MAX_BOUND_PARAMETERS
    assert len(ask(db, "SELECT " + ", ".join("?" * most), *range(most), verb="raw")[0]) == most
    assert "too many SQL variables" in error_of(db, "SELECT " + ", ".join("?" * (most + 1)), *range(most + 1)).message
    longest = limits.D1_MAX_SQL_LENGTH
    fits = "SELECT '" + "x" * (longest - len("SELECT '' AS a")) + "' AS a"
    assert len(ask(db, fits, verb="first", column="a")) == longest - len("SELECT '' AS a")
    assert error_of(db, fits + " ").message == "D1_ERROR: statement too long: SQLITE_TOOBIG"
    assert ask(db, "SELECT length(?) AS n", "x" * limits.D1_MAX_VALUE, verb="first", column="n") == limits.D1_MAX_VALUE
    assert error_of(db, "SELECT ?", "x" * (limits.D1_MAX_VALUE + 1)).message.endswith("SQLITE_TOOBIG")


def test_what_an_operation_tells(db: Bound[D1Database]) -> None:
    ask(db, "INSERT INTO users (name) VALUES (?), (?)", "a", "b", verb="run")
    attributes = db.last.attributes
    assert (db.last.verb, db.last.key) == ("run", "INSERT INTO users (name) VALUES (?), (?)")
    assert db.last.request == {"params": ["a", "b"]}
    assert attributes["sql"] == db.last.key
    assert attributes["estimate"] is True
    counted = [attributes[name] for name in ("units", "rows", "rows_read", "rows_written")]
    assert counted == [1, 0, 0, 4]
    ask(db, "SELECT * FROM users WHERE id = ?", 1, verb="first")
    assert (db.last.outcome, db.last.attributes["rows_read"]) == ("hit", 1)
    ask(db, "SELECT * FROM users WHERE id = ?", 9, verb="first")
    assert db.last.outcome == "miss"
    db("batch", [db.binding.prepare("SELECT * FROM users").bind(), db.binding.prepare("SELECT ?").bind(1)])
    assert db.last.request == {"params": [[], [1]]}
    assert db.last.attributes["units"] == 2
    assert db.last.attributes["statements"] == [
        {"sql": "SELECT * FROM users", "rows": 2, "rows_read": 2, "rows_written": 0},
        {"sql": "SELECT ?", "rows": 1, "rows_read": 0, "rows_written": 0},
    ]
    assert db.last.attributes["rows_read"] == 2


def test_an_invocation_has_so_many_calls(db: Bound[D1Database]) -> None:
    db.binding.store.max_queries = 2
    token = invocation.set("7")
    try:
        ask(db, "SELECT 1")
        db("batch", [db.binding.prepare("SELECT 1")] * 5)
        assert db.last.attributes["calls_of_invocation"] == 2
        assert error_of(db, "SELECT 1").message == TOO_MANY
        assert db.error("exec", "SELECT 1") == f"Error: {TOO_MANY}"
        db.world.run(db.binding.prepare("SELECT 1").all())  # the test itself may ask on
        invocation.set("8")
        ask(db, "SELECT 1")
    finally:
        invocation.reset(token)
    other = D1Database(Declared("OTHER", "d1", "other"), db.world)
    assert other.store.max_queries == limits.D1_MAX_QUERIES_PAID == 1000


def test_a_session_remembers_the_latest_bookmark(db: Bound[D1Database]) -> None:
    session = db.binding.with_session()
    assert (session.sent, session.get_bookmark()) == ("first-unconstrained", None)
    assert db.run(session.prepare("SELECT 1 AS a").first("a")) == 1
    assert db.last.attributes["session"] == "first-unconstrained"
    first = session.get_bookmark()
    assert first == bookmark(1)
    db.run(session.batch([session.prepare("INSERT INTO users (name) VALUES ('a')")]))
    assert db.last.attributes["session"] == first
    second = session.get_bookmark()
    assert second is not None
    assert second > first
    session.seen(first)
    assert session.get_bookmark() == second
    again = db.binding.with_session(f" {second} ")
    assert again.get_bookmark() == second
    assert not hasattr(session, "exec")


def test_constraints_of_a_session(db: Bound[D1Database]) -> None:
    for constraint in (None, UNDEFINED, "", "  ", "first-unconstrained"):
        assert db.binding.with_session(constraint).sent == "first-unconstrained"
    assert db.binding.with_session("first-primary").get_bookmark() is None
    with pytest.raises(EdgeError, match=r"TypeError: constraintOrBookmark\?\.trim is not a function"):
        db.binding.with_session(5)
    ask(db, "SELECT 1")
    assert db.last.attributes["session"] is None


def test_a_replica_answers_reads_from_the_past(db: Bound[D1Database]) -> None:
    store = db.binding.store
    store.keep_history = True
    behind: list[int] = []

    async def replica(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        if behind:
            operation.attributes["as_of"] = behind[0]
        return await proceed()

    db.world.gate.consistency = replica
    ask(db, "INSERT INTO users (name) VALUES ('a')")
    version = store.written
    ask(db, "INSERT INTO users (name) VALUES ('b')")
    assert [(each.number, each.at) for each in store.versions] == [
        (number, db.world.clock.now) for number in (version - 1, version, version + 1)
    ]
    behind.append(version)
    session = db.binding.with_session()
    result = db.run(session.prepare("SELECT name FROM users").all())
    assert (result["results"], result["meta"]["served_by_primary"]) == ([{"name": "a"}], False)
    assert (db.last.attributes["version"], session.get_bookmark()) == (version, bookmark(version))
    assert ask(db, "SELECT name FROM users WHERE id = 1", verb="first") == {"name": "a"}
    ask(db, "INSERT INTO users (name) VALUES ('c')")  # a write goes to the primary
    assert db.last.attributes["version"] == version + 2
    assert "no such table" in error_of(db, "SELECT * FROM nope").message
    behind[:] = [version + 2]
    assert len(ask(db, "SELECT * FROM users")["results"]) == 3
    behind[:] = [version - 1]
    assert ask(db, "SELECT * FROM users")["results"] == []


def test_bindings_of_one_database_share_it(db: Bound[D1Database]) -> None:
    other = D1Database(Declared("SAME", "d1", "db"), db.world)
    ask(db, "INSERT INTO users (name) VALUES ('a')")
    assert db.run(other.prepare("SELECT name FROM users").first("name")) == "a"


def test_operations_take_turns(db: Bound[D1Database]) -> None:
    async def both() -> list[Any]:
        read = db.binding.prepare("SELECT count(*) AS n FROM users")
        write = db.binding.prepare("INSERT INTO users (name) VALUES ('a')")
        return list(await asyncio.gather(read.first("n"), write.run(), read.first("n")))

    found = db.run(both())
    assert (found[0], found[2]) == (0, 1)


def test_a_test_holds_it_without_await() -> None:
    world = World()
    try:
        held = Held(D1Database(Declared("DB", "d1", "db"), world), world, awaited=False)
        held.exec("CREATE TABLE t (a)")
        insert = held.prepare("INSERT INTO t VALUES (?)")
        assert [each["success"] for each in held.batch([insert.bind(1), insert.bind(2)])] == [True, True]
        assert held.with_session().prepare("SELECT max(a) AS a FROM t").first("a") == 2
    finally:
        world.close()


def test_seed_runs_a_file_whole(db: Bound[D1Database]) -> None:
    db("seed", "INSERT INTO users (name)\nVALUES ('a');\nINSERT INTO users (name) VALUES ('b')")
    assert ask(db, "SELECT count(*) AS n FROM users", verb="first", column="n") == 2
    written = db.binding.store.written
    with pytest.raises(EdgeUsageError, match=r"^seed:3: no such column: nope: SQLITE_ERROR: SELECT nope$"):
        db("seed", "DELETE FROM users;\nSELECT\nnope;")
    with pytest.raises(EdgeUsageError) as raised:
        db("seed", "INSERT INTO users (name) VALUES ('c');\n\nINSERT INTO\nusers (nope) VALUES (1);", "users.sql")
    assert str(raised.value) == (
        "users.sql:3: table users has no column named nope: SQLITE_ERROR: INSERT INTO users (nope) VALUES (1)"
    )
    assert db.binding.store.written == written
    assert ask(db, "SELECT count(*) AS n FROM users", verb="first", column="n") == 2
