"""D1 in JavaScript: workerd's own database on the world's."""

from __future__ import annotations

from typing import Any

import pytest

from edgelint.testing.bindings.d1 import D1Database
from edgelint.testing.edge import Edge
from edgelint.testing.operation import Operation
from edgelint.testing.workerd_host.errors import JsError
from tests.testing.workerd_host.conftest import MakeApp

CONFIG = {"d1_databases": [{"binding": "DB", "database_name": "db", "database_id": "1"}]}
SOURCE = """
import { WorkerEntrypoint } from "cloudflare:workers";
const fill = "INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')";
export default class extends WorkerEntrypoint {
  get db() { return this.env.DB; }
  async all() { return this.db.prepare("SELECT a, b FROM t WHERE a > ?").bind(0).all(); }
  async first(column) { return this.db.prepare("SELECT a, b FROM t ORDER BY a").first(column); }
  async none() { return this.db.prepare("SELECT a FROM t WHERE a = 9").first(); }
  async raw(options) { return this.db.prepare("SELECT a, b, a FROM t ORDER BY a").raw(options); }
  async run(sql, ...values) { return await this.db.prepare(sql).bind(...values).run(); }
  async batch() {
    return this.db.batch([this.db.prepare(fill), this.db.prepare("SELECT a FROM t WHERE a = ?").bind(2)]);
  }
  async badBatch() { return this.db.batch([this.db.prepare(fill), this.db.prepare("SELECT nope FROM t")]); }
  async emptyBatch() { return this.db.batch([]); }
  async exec(sql) { return this.db.exec(sql); }
  async bind(value) { return this.db.prepare("SELECT ? AS v, typeof(?1) AS t").bind(value).first(); }
  async types() {
    const made = [new Uint8Array([1, 255]), new Uint8Array([1]).buffer, new Uint16Array([1, 2]), [3, 4], true, null,
                  1.5, 2 ** 53, NaN, "\\ud800", "\\u{1f600}"];
    const found = [];
    for (const value of made) found.push(await this.bind(value));
    return found;
  }
  async refused() {
    try { this.db.prepare("SELECT ?").bind(undefined); } catch (error) { return [error.message, error.cause.message]; }
  }
  async session(constraint) {
    const session = this.db.withSession(constraint);
    const before = session.getBookmark();
    await session.prepare(fill).run();
    const between = session.getBookmark();
    const found = await session.batch([session.prepare("SELECT count(*) AS n FROM t")]);
    return [before, between, session.getBookmark(), found[0].results[0].n];
  }
  async dump() { return this.db.dump(); }
  async query(request) { return this.db.query(request); }
  async notText() { return this.db.prepare(5).all(); }
  async caught(method, ...args) {
    try { await this[method](...args); } catch (error) {
      return [error.constructor.name, error.message, error.cause?.message ?? null];
    }
  }
}
"""


def _edge(js_app: MakeApp, **options: Any) -> Edge:
    config = {**CONFIG, **options.pop("config", {})}
    edge = js_app(SOURCE, config, **options)
    edge.env.DB.seed("CREATE TABLE t (a INTEGER, b TEXT)")
    return edge


@pytest.fixture
def edge(js_app: MakeApp) -> Edge:
    return _edge(js_app)


def _store(edge: Edge) -> Any:
    binding = edge.world.worker.binding("DB")
    assert isinstance(binding, D1Database)
    return binding.store


def _seen(edge: Edge) -> list[tuple[str, str | None, Any, str]]:
    """What the gate sees from here on."""
    found: list[Any] = []

    def observe(operation: Operation) -> None:
        if operation.outcome != "pending":
            written = operation.attributes.get("rows_written")
            found.append((operation.verb, operation.key, written, operation.outcome))

    edge.world.gate.observers.append(observe)
    return found


def test_queries(edge: Edge) -> None:
    assert edge.rpc("batch")[1]["results"] == [{"a": 2}]
    found = edge.rpc("all")
    assert found["results"] == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert found["success"] is True
    assert found["meta"]["rows_read"] == 2
    assert found["meta"]["served_by"] == "v3-prod"
    assert edge.rpc("first") == {"a": 1, "b": "x"}
    assert edge.rpc("first", "b") == "x"
    assert edge.rpc("none") is None
    assert edge.rpc("raw") == [[1, "x", 1], [2, "y", 2]]
    assert edge.rpc("raw", {"columnNames": True})[0] == ["a", "b", "a"]
    assert edge.rpc("run", "SELECT a FROM t WHERE a = ?", 1)["results"] == [{"a": 1}]
    written = edge.rpc("run", "INSERT INTO t VALUES (3, 'z')")
    assert (written["meta"]["changes"], written["meta"]["last_row_id"], written["results"]) == (1, 3, [])
    assert edge.rpc("exec", "\n DELETE FROM t\nSELECT 1\n")["count"] == 2
    assert edge.env.DB.prepare("SELECT count(*) AS n FROM t").first("n") == 0


def test_the_gate_sees_which_method_asked(edge: Edge) -> None:
    seen = _seen(edge)
    for method, *args in (
        ["batch"], ["all"], ["first"], ["none"], ["raw"], ["run", "DELETE FROM t"], ["exec", "SELECT 1\nSELECT 2"],
        ["session", "first-primary"],
    ):  # fmt: skip
        edge.rpc(method, *args)
    fill = "INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')"
    assert [(verb, key, outcome) for verb, key, _, outcome in seen] == [
        ("batch", f"{fill}\nSELECT a FROM t WHERE a = ?", "ok"),
        ("all", "SELECT a, b FROM t WHERE a > ?", "ok"),
        ("first", "SELECT a, b FROM t ORDER BY a", "hit"),
        ("first", "SELECT a FROM t WHERE a = 9", "miss"),
        ("raw", "SELECT a, b, a FROM t ORDER BY a", "ok"),
        ("run", "DELETE FROM t", "ok"),
        ("exec", "SELECT 1\nSELECT 2", "ok"),
        ("run", fill, "ok"),
        ("batch", "SELECT count(*) AS n FROM t", "ok"),
    ]
    assert [written for _, _, written, _ in seen] == [2, 0, 0, 0, 0, 2, 0, 2, 0]


def test_values(edge: Edge) -> None:
    found = edge.rpc("types")
    assert [each["t"] for each in found] == [
        "blob", "blob", "blob", "blob", "real", "null", "real", "real", "null", "text", "text"
    ]  # fmt: skip
    assert [each["v"] for each in found] == [
        [1, 255], [1], [1, 2], [3, 4], 1, None, 1.5, 2**53, None, "\ufffd\ufffd\ufffd", "\U0001f600"
    ]  # fmt: skip
    words = "Type 'undefined' not supported for value 'undefined'"
    assert edge.rpc("refused") == [f"D1_TYPE_ERROR: {words}", words]


def test_errors(edge: Edge) -> None:
    words = "no such column: nope at offset 7: SQLITE_ERROR"
    assert edge.rpc("caught", "run", "SELECT nope FROM t") == ["Error", f"D1_ERROR: {words}", words]
    assert edge.rpc("caught", "badBatch") == ["Error", f"D1_ERROR: {words}", words]
    assert edge.rpc("none") is None  # nothing of the batch was kept
    line = f"Error in line 1: SELECT nope FROM t: {words}"
    assert edge.rpc("caught", "exec", "SELECT nope FROM t") == ["Error", f"D1_EXEC_ERROR: {line}", line]
    nothing = "No SQL statements detected."
    assert edge.rpc("caught", "emptyBatch") == ["Error", f"D1_ERROR: {nothing}", nothing]
    edge.rpc("batch")
    missing = "Column not found"
    assert edge.rpc("caught", "first", "c") == ["Error", f"D1_COLUMN_NOTFOUND: {missing} (c)", missing]
    assert edge.rpc("caught", "dump") == ["Error", "D1_DUMP_ERROR: Status + 404", "Status 404"]
    assert edge.rpc("caught", "query", {"queries": []})[1].startswith("D1_ERROR: D1Database.query() requires")
    assert edge.rpc("caught", "notText")[1] == "prepare() takes a string"


def test_an_error_of_the_app_has_its_frame(edge: Edge) -> None:
    with pytest.raises(JsError, match="D1_ERROR: no such table: nope") as caught:
        edge.rpc("run", "SELECT 1 FROM nope")
    assert "src/index.js" in caught.value.stack


def test_faults(edge: Edge) -> None:
    edge.faults.on("DB.all", nth=1).fail("overloaded")
    message = "D1 DB is overloaded. Requests queued for too long."
    assert edge.rpc("caught", "all") == ["Error", f"D1_ERROR: {message}", message]
    edge.faults.on("DB.all", nth=1).fail("cut")
    assert edge.rpc("caught", "all") == ["Error", "cut", None]


def test_an_invocation_has_so_many_calls(edge: Edge) -> None:
    _store(edge).max_queries = 1
    assert edge.rpc("caught", "session", "first-primary") == [
        "Error", "Too many API requests by single worker invocation.", None,
    ]  # fmt: skip


@pytest.mark.parametrize("constraint", [None, "first-primary", "first-unconstrained"])
def test_sessions(edge: Edge, constraint: str | None) -> None:
    before, between, after, count = edge.rpc("session", constraint)
    assert before is None
    assert between == after == "00000000-00000002-00000000-00000000000000000000000000000000"
    assert count == 2


def test_a_session_goes_on_from_a_bookmark(edge: Edge) -> None:
    bookmark = edge.rpc("session", "first-primary")[1]
    assert edge.rpc("session", bookmark)[:2] == [bookmark, bookmark.replace("00000002", "00000003")]


def test_the_form_of_rpc(js_app: MakeApp) -> None:
    edge = _edge(js_app, config={"compatibility_flags": ["d1_binding_jsrpc"]})
    seen = _seen(edge)
    assert edge.rpc("batch")[1]["results"] == [{"a": 2}]
    assert edge.rpc("first", "b") == "x"
    assert edge.rpc("raw") == [[1, "x", 1], [2, "y", 2]]
    assert edge.rpc("exec", "SELECT 1\nSELECT 2")["count"] == 2
    assert edge.rpc("session", "first-primary")[1].startswith("00000000-00000003-")
    found = edge.rpc("query", {"queries": [{"sql": "SELECT count(*) AS n FROM t", "params": []}]})
    results = found["results"] if isinstance(found["results"], list) else found["results"]["queryResults"]
    assert results[0]["data"] == {"kind": "raw", "columns": ["n"], "rows": [[4]]}
    assert [verb for verb, *_ in seen] == ["batch", "first", "raw", "exec", "run", "batch", "query"]
    words = "no such table: nope: SQLITE_ERROR"
    assert edge.rpc("caught", "run", "SELECT 1 FROM nope")[1] == f"D1_ERROR: {words}"
