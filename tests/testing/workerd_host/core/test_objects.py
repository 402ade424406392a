"""Durable Objects of a JavaScript worker: they live in workerd, on the world's clock and behind its gate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgelint.testing.bindings.object_ids import IdFactory
from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeError, EdgeUsageError, HungError
from edgelint.testing.http import HttpRequest
from edgelint.testing.sockets import Close
from edgelint.testing.workerd_host.errors import JsError
from tests.testing.workerd_host.conftest import MakeApp

SOURCE = """
import { DurableObject, RpcTarget } from "cloudflare:workers";

class Sub extends RpcTarget {
  constructor(counter) { super(); this.#counter = counter; }
  #counter;
  get label() { return "sub"; }
  async add(n) { return this.#counter.add(n); }
  self() { return this; }
}

export class Counter extends DurableObject {
  kept = 0;
  field = "of the instance";
  get size() { return 7; }
  async add(n = 1) {
    const value = ((await this.ctx.storage.get("n")) ?? 0) + n;
    await this.ctx.storage.put("n", value);
    this.kept++;
    return value;
  }
  memory() { return this.kept; }
  sub() { return new Sub(this); }
  who() { return [this.ctx.id.name ?? null, this.ctx.id.toString()]; }
  fails() { throw Object.assign(new RangeError("too far"), { retryable: true, extra: 1 }); }
  rejects() { return Promise.reject("a text"); }
  echo(value) { return value; }
  now() { return Date.now(); }
  never() { return new Promise(() => {}); }
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/throw") throw new TypeError("in fetch");
    return Response.json({
      method: request.method, path: url.pathname, body: await request.text(), kept: ++this.kept,
      headers: [...request.headers.keys()].filter((name) => name.startsWith("x-")),
    }, { status: 201 });
  }
  async leave() { this.ctx.waitUntil(Promise.reject(new Error("left behind"))); }
  async reset() { this.ctx.abort("reset by the app"); }
}

export default {
  async fetch(request, env) {
    const stub = env.COUNTER.getByName("a");
    try {
      return Response.json((await run(env, stub)) ?? null);
    } catch (error) {
      const { name, message, remote, retryable, overloaded } = error;
      return Response.json({ name, message, remote, retryable, overloaded });
    }
  },
};
"""
CONFIG = {
    "durable_objects": {"bindings": [{"name": "COUNTER", "class_name": "Counter"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter"]}],
}


@pytest.fixture
def counter(js_app: MakeApp) -> Any:
    """Makes an app whose fetch handler runs ``body`` with ``env`` and ``stub``."""

    def make(body: str = "return 1;", config: dict[str, Any] | None = None, **options: Any) -> Edge:
        source = f"{SOURCE}\nasync function run(env, stub) {{\n{body}\n}}"
        return js_app(source, {**CONFIG, **(config or {})}, **options)

    return make


# Calls from the app


def test_calls_arrive_in_order_and_share_memory(counter: Any) -> None:
    edge = counter("return Promise.all([stub.add(), stub.add(5), stub.memory(), env.COUNTER.getByName('b').memory()]);")

    assert edge.get("/").json()[::3] == [1, 0]
    assert edge.rpc is not None
    assert edge.durable_object("COUNTER", "a").call("memory") == 2
    assert edge.durable_object("COUNTER", "a").storage.get("n") == 6


def test_properties_targets_and_pipelining(counter: Any) -> None:
    edge = counter("""
        const sub = await stub.sub();
        return [await stub.size, await sub.label, await sub.add(2), await stub.sub().add(3), await stub.sub().label,
                await stub.sub().self().self().add(4)];
    """)

    assert edge.get("/").json() == [7, "sub", 2, 5, "sub", 9]


@pytest.mark.parametrize(
    ("call", "name", "message"),
    [
        ("stub.missing()", "TypeError", 'The RPC receiver does not implement the method "missing".'),
        ("stub.field", "TypeError", 'The RPC receiver does not implement the method "field".'),
        ("stub.fails()", "RangeError", "too far"),
        ("stub.rejects()", "Error", "a text"),
        ("stub.echo(() => 1)()", "TypeError", None),
        ("stub.echo(Symbol('x'))", "DataCloneError", None),
    ],
)
def test_errors_reach_the_app_and_fail_no_test_that_catches_them(
    counter: Any, call: str, name: str, message: str | None
) -> None:
    edge = counter(f"return await {call};")

    seen = edge.get("/").json()

    assert seen["name"] == name
    assert message is None or seen["message"] == message
    edge.verify()


def test_an_error_that_nobody_catches_has_the_frames_of_the_object(js_app: MakeApp) -> None:
    edge = js_app(
        """
        import { DurableObject } from "cloudflare:workers";
        export class Counter extends DurableObject {
          fails() { throw new RangeError("too far"); }
        }
        export default {
          async fetch(request, env) {
            await env.COUNTER.getByName("a").fails();
          },
        };
        """,
        CONFIG,
    )

    with pytest.raises(JsError, match="too far") as caught:
        edge.get("/")

    lines = str(caught.value).splitlines()
    assert lines[1].startswith("    at Counter.fails (src/index.js:4:")
    assert lines[2] == '      fails() { throw new RangeError("too far"); }'
    assert caught.value.remote
    edge.verify()


def test_a_call_that_is_not_awaited_and_fails_fails_the_test(counter: Any) -> None:
    edge = counter("stub.fails(); await scheduler.wait(10);")

    edge.get("/")

    with pytest.raises(AssertionError, match="unhandled rejection: JsError: RangeError: too far"):
        edge.verify()


def test_fetch_of_an_object(counter: Any) -> None:
    edge = counter("""
        const init = { method: "PUT", body: "b", headers: { "x-a": "1" } };
        const response = await stub.fetch("https://o.example/p?q", init);
        const again = await stub.fetch(new Request("https://o.example/again"));
        return [response.status, await response.json(), (await again.json()).kept];
    """)

    assert edge.get("/").json() == [201, {"method": "PUT", "path": "/p", "body": "b", "kept": 1, "headers": ["x-a"]}, 2]


def test_fetch_that_throws_and_one_that_is_no_url(counter: Any) -> None:
    edge = counter("""
        const said = [];
        for (const url of ["https://o.example/throw", "relative"]) {
          await stub.fetch(url).catch((error) => said.push([error.name, error.message]));
        }
        return said;
    """)

    seen = edge.get("/").json()
    assert seen[0] == ["TypeError", "in fetch"]
    assert seen[1][0] == "TypeError"
    edge.verify()


def test_wait_until_of_an_object_that_is_rejected_fails_the_test(counter: Any) -> None:
    edge = counter("await stub.leave();")

    edge.get("/")

    with pytest.raises(AssertionError, match="left behind"):
        edge.verify()


def test_an_object_that_resets_itself(counter: Any) -> None:
    edge = counter("""
        await stub.add();
        const said = await stub.reset().catch((error) => error.message);
        return [said, await env.COUNTER.getByName("a").memory(), await env.COUNTER.getByName("a").add()];
    """)

    assert edge.get("/").json() == ["reset by the app", 0, 2]
    edge.verify()


# Ids


def test_ids_are_those_of_the_fakes(counter: Any) -> None:
    edge = counter("""
        const id = env.COUNTER.idFromName("a");
        const unique = env.COUNTER.newUniqueId();
        const other = env.COUNTER.idFromString(unique.toString());
        return [String(id), id.name, String(unique), unique.equals(other), unique.name ?? null, String(stub.id),
                stub.name, await stub.who()];
    """)

    text, name, unique, equal, unnamed, of_stub, stub_name, seen = edge.get("/").json()

    expected = str(IdFactory("app-Counter").from_name("a"))
    assert (text, name, of_stub, stub_name) == (expected, "a", expected, "a")
    assert seen == ["a", expected]
    assert (len(unique), equal, unnamed) == (64, True, None)
    assert str(edge.env.COUNTER.id_from_name("a")) == expected
    assert str(edge.env.COUNTER.id_from_string(unique)) == unique


def test_a_namespace_as_the_test_holds_it(counter: Any) -> None:
    edge = counter()
    namespace = edge.env.COUNTER
    fresh = namespace.new_unique_id()

    assert namespace.get(namespace.id_from_name("a")).call("add", [2]) == 2
    assert namespace.get_by_name("a").call("add", [2]) == 4
    assert namespace.get(fresh).call("add", []) == 1
    assert [each.name for each in namespace.ids()] == ["a", None]
    assert edge.durable_object("COUNTER", fresh).call("memory") == 1
    assert edge.durable_object("COUNTER", str(fresh)).call("memory") == 1
    assert edge.durable_object("COUNTER", namespace.get_by_name("a")).name == "a"
    with pytest.raises(EdgeUsageError, match="'COUNTER' has 2 objects: say which"):
        edge.durable_object("COUNTER")
    with pytest.raises(EdgeError, match="Invalid Durable Object ID"):
        namespace.id_from_string("nonsense")
    with pytest.raises(EdgeError, match="unknown routingMode"):
        namespace.get(fresh, routing_mode="other")
    with pytest.raises(EdgeError, match="Invalid jurisdiction"):
        namespace.new_unique_id(jurisdiction="moon")


def test_the_only_object_needs_no_name(counter: Any) -> None:
    edge = counter("return stub.add();")
    with pytest.raises(EdgeUsageError, match="'COUNTER' has 0 objects"):
        edge.durable_object("COUNTER")

    edge.get("/")

    assert edge.durable_object("COUNTER").name == "a"


# What a test does to an object


def test_a_test_calls_and_fetches(counter: Any) -> None:
    edge = counter()
    held = edge.durable_object("COUNTER", "a")

    assert held.call("echo", {"when": datetime(2026, 1, 1, tzinfo=UTC), "bytes": b"x"}) == {
        "when": datetime(2026, 1, 1, tzinfo=UTC), "bytes": b"x",
    }  # fmt: skip
    response = held.fetch(HttpRequest("POST", "https://o.example/x", [("x-b", "2")], b"body"))
    assert (response.status, response.header("content-type")) == (201, "application/json")
    assert b'"body":"body"' in response.whole()
    assert response.header("x-edgelint-result") is None
    for call, name in ((("fails",), "RangeError"), (("missing",), "TypeError"), (("fetch",), "TypeError")):
        with pytest.raises(JsError) as caught:
            held.call(*call)
        assert (caught.value.name, caught.value.remote) == (name, True)
    with pytest.raises(JsError, match="in fetch") as caught:
        held.fetch(HttpRequest("GET", "https://o.example/throw"))
    assert "at Counter.fetch (src/index.js:" in caught.value.stack
    with pytest.raises(EdgeUsageError, match=r"the instance lives in workerd.*call its methods with call\('name', "):
        _ = held.instance
    with pytest.raises(EdgeUsageError, match=r"cannot run in an object .* a method of the class, and call that with"):
        held.run(lambda instance, state: 1)
    edge.verify()


LIVING = """
import { DurableObject } from "cloudflare:workers";
let made = 0;
export class Counter extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    made++;
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (a)");
  }
  made() { return made; }
  die() { this.ctx.abort("gone"); }
}
export default { fetch: async (request, env) => new Response(await env.COUNTER.getByName("a").made()) };
"""


def test_whether_an_object_is_in_memory(js_app: MakeApp) -> None:
    """Asked without the app's class being constructed, and without the answer being another the next time."""
    edge = js_app(LIVING, CONFIG)
    held = edge.durable_object("COUNTER", "a")
    assert not held.is_in_memory
    assert edge.get("/").text == "1"
    assert [held.is_in_memory, held.is_in_memory] == [True, True]
    assert not edge.durable_object("COUNTER", "b").is_in_memory
    assert held.evict()
    assert [held.is_in_memory, held.is_in_memory] == [False, False]
    assert held.evict() is False
    assert edge.get("/").text == "2"
    assert held.is_in_memory
    with pytest.raises(JsError, match="gone"):
        held.call("die")
    assert not held.is_in_memory
    other = edge.durable_object("COUNTER", "b")
    assert other.storage.get("x") is None
    assert other.is_in_memory
    assert edge.get("/").text == "4"
    assert edge.problems() == []
    assert edge.logs == []


def test_the_storage_of_an_object(counter: Any) -> None:
    edge = counter("return stub.add(3);")
    edge.get("/")
    storage = edge.durable_object("COUNTER").storage

    assert storage.get("n") == 3
    assert storage.get("missing") is None
    storage.put("n", 40)
    storage.put("other", {"a": [1, None], "when": datetime(2026, 1, 1, tzinfo=UTC)})
    assert storage.list() == {"n": 40, "other": {"a": [1, None], "when": datetime(2026, 1, 1, tzinfo=UTC)}}
    assert storage.list(prefix="o", limit=1) == {"other": {"a": [1, None], "when": datetime(2026, 1, 1, tzinfo=UTC)}}
    assert list(storage.list(start_after="n")) == ["other"]
    assert list(storage.list(reverse=True)) == ["other", "n"]
    assert list(storage.list(start="n", end="o")) == ["n"]
    assert (storage.delete("other"), storage.delete("other")) == (True, False)
    assert edge.get("/").json() == 43


def test_sql_of_an_object(js_app: MakeApp) -> None:
    edge = js_app(
        """
        import { DurableObject } from "cloudflare:workers";
        export class Counter extends DurableObject {
          constructor(ctx, env) {
            super(ctx, env);
            ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, name TEXT, data BLOB)");
          }
          insert(name) { this.ctx.storage.sql.exec("INSERT INTO item (name, data) VALUES (?, x'00ff')", name); }
        }
        export default { fetch() {} };
        """,
        CONFIG,
    )
    held = edge.durable_object("COUNTER", "a")
    held.call("insert", "one")

    assert held.sql("SELECT * FROM item") == [{"id": 1, "name": "one", "data": b"\x00\xff"}]
    assert held.sql("INSERT INTO item (name) VALUES (?) RETURNING id", "two") == [{"id": 2}]
    assert held.sql("SELECT name FROM item WHERE id = ?", 2) == [{"name": "two"}]
    with pytest.raises(JsError, match="no such table"):
        held.sql("SELECT * FROM missing")


def test_eviction_keeps_what_was_stored_and_forgets_the_rest(counter: Any) -> None:
    edge = counter("return [await stub.add(), await stub.memory()];")
    held = edge.durable_object("COUNTER", "a")

    assert held.evict() is False
    assert edge.get("/").json() == [1, 1]
    assert held.evict() is True
    assert edge.get("/").json() == [2, 1]
    assert edge.env.COUNTER.evict_all() == 1
    assert edge.get("/").json() == [3, 1]


def test_time_of_an_object(counter: Any) -> None:
    edge = counter()
    edge.clock.advance(hours=5)

    assert edge.durable_object("COUNTER", "a").call("now") == edge.clock.now.timestamp() * 1000


# The gate


def test_calls_pass_the_gate(counter: Any) -> None:
    edge = counter("return [await stub.add(), (await stub.fetch('https://o.example/')).status];")

    assert edge.get("/").json() == [1, 201]

    seen = [(each.name, each.key, each.request) for each in edge.timeline.operations if each.kind == "durable-object"]
    assert seen == [
        ("COUNTER.call", "a", {"method": "add"}), ("COUNTER.fetch", "a", {"request": "https://o.example/"}),
    ]  # fmt: skip
    assert edge.meter.counts["do_requests"] == 2


def test_faults_of_an_object(counter: Any) -> None:
    edge = counter("return stub.add();")
    edge.faults.on("COUNTER.call", nth=1).fail("overloaded")
    edge.faults.on("COUNTER.call", nth=1).delay(3)

    failed = edge.get("/").json()
    before = edge.clock.now
    assert (failed["name"], failed["overloaded"], failed["remote"]) == ("Error", True, True)
    assert edge.get("/").json() == 1
    assert edge.clock.now - before == timedelta(seconds=3)
    edge.verify()


# Alarms

ALARM = """
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  set(ms) { return this.ctx.storage.setAlarm(Date.now() + ms); }
  setNotAwaited(ms) { this.ctx.storage.setAlarm(new Date(Date.now() + ms)); }
  get() { return this.ctx.storage.getAlarm(); }
  gone() { return this.ctx.storage.deleteAlarm(); }
  async wipe() { await this.ctx.storage.put("a", 1); await this.ctx.storage.deleteAll(); }
  bad() { return this.ctx.storage.setAlarm("no time"); }
  async failing(times) { await this.ctx.storage.put("failing", times); await this.set(1000); }
  async transaction(fails) {
    await this.ctx.storage.transaction(async (txn) => {
      await txn.setAlarm(Date.now() + 1000);
      await txn.put("inside", await txn.getAlarm());
      if (fails === "throw") throw new Error("rolled back");
      if (fails === "rollback") txn.rollback();
      if (fails === "nested") {
        try { await this.ctx.storage.transaction(async (inner) => { await inner.deleteAlarm(); throw new Error(); }); }
        catch {}
      }
    });
  }
  sync(fails) {
    this.ctx.storage.transactionSync(() => {
      this.ctx.storage.setAlarm(Date.now() + 2000);
      if (fails) throw new Error("rolled back");
    });
  }
  async alarm(info) {
    const failing = (await this.ctx.storage.get("failing")) ?? 0;
    console.log("alarm", Date.now(), JSON.stringify(info), await this.ctx.storage.getAlarm());
    if (failing > 0) {
      await this.ctx.storage.put("failing", failing - 1);
      throw new Error("alarm failed");
    }
    if (await this.ctx.storage.get("again")) await this.set(500);
  }
}
export class Bare extends DurableObject { set() { return this.ctx.storage.setAlarm(Date.now() + 10); } }
export class InConstructor extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(async () => {
      if ((await ctx.storage.getAlarm()) === null) await ctx.storage.setAlarm(Date.now() + 60_000);
    });
  }
  hello() { return "hello"; }
  alarm() { console.log("alarm"); }
}
export default { fetch() { return new Response(); } };
"""
ALARM_CONFIG = {
    "durable_objects": {
        "bindings": [
            {"name": "COUNTER", "class_name": "Counter"}, {"name": "BARE", "class_name": "Bare"},
            {"name": "CONSTRUCTED", "class_name": "InConstructor"},
        ]
    },
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter", "Bare", "InConstructor"]}],
}  # fmt: skip


@pytest.fixture
def alarmed(js_app: MakeApp) -> Edge:
    return js_app(ALARM, ALARM_CONFIG)


def test_an_alarm_runs_when_the_clock_moves(alarmed: Edge) -> None:
    held = alarmed.durable_object("COUNTER", "a")
    held.call("set", 60_000)
    start = alarmed.clock.now

    assert held.alarm == start + timedelta(minutes=1)
    assert held.call("get") == held.alarm.timestamp() * 1000
    assert any("alarm of Counter a" in each for each in alarmed.clock.pending())
    alarmed.clock.advance(seconds=59)
    assert alarmed.logs == []
    alarmed.clock.advance(seconds=10)

    at = int((start + timedelta(minutes=1)).timestamp() * 1000)
    assert alarmed.logs == [
        ("log", f'alarm {at} {{"retryCount":0,"isRetry":false,"scheduledTime":{at}}} null')
    ]  # fmt: skip
    assert held.alarm is None
    assert held.call("get") is None


def test_an_alarm_that_was_not_awaited_is_set_when_the_call_is_over(alarmed: Edge) -> None:
    held = alarmed.durable_object("COUNTER", "a")

    held.call("setNotAwaited", 1000)

    assert held.alarm == alarmed.clock.now + timedelta(seconds=1)


def test_an_alarm_is_deleted_and_refused(alarmed: Edge) -> None:
    held = alarmed.durable_object("COUNTER", "a")
    held.call("set", 1000)
    held.call("gone")
    assert held.alarm is None
    held.call("set", 1000)
    held.call("wipe")
    assert held.alarm is None  # compatibility date 2026-06-01: deleteAll() deletes the alarm too
    with pytest.raises(JsError, match="setAlarm"):
        held.call("bad")


def test_delete_all_keeps_the_alarm_before_its_date(js_app: MakeApp) -> None:
    edge = js_app(ALARM, {**ALARM_CONFIG, "compatibility_date": "2025-06-01"})
    held = edge.durable_object("COUNTER", "a")
    held.call("set", 1000)

    held.call("wipe")

    assert held.alarm is not None


def test_a_failing_alarm_is_tried_again_with_back_off(alarmed: Edge) -> None:
    held = alarmed.durable_object("COUNTER", "a")
    held.call("failing", 2)

    alarmed.clock.advance(minutes=1)

    runs = [text for level, text in alarmed.logs if level == "log"]
    assert [f'"retryCount":{n},"isRetry":{"true" if n else "false"}' in run for n, run in enumerate(runs)] == [True] * 3
    failures = [text for level, text in alarmed.logs if level == "error"]
    assert [text.splitlines()[0] for text in failures] == [
        f"alarm of Counter a failed (try {n}): Error: alarm failed" for n in (1, 2)
    ]
    assert held.alarm is None
    alarmed.verify()


def test_a_failing_alarm_is_given_up(alarmed: Edge) -> None:
    held = alarmed.durable_object("COUNTER", "a")
    held.call("failing", 100)

    alarmed.clock.advance(hours=1)

    assert alarmed.logs[-1] == ("error", "alarm of Counter a is given up after 6 retries")
    assert held.alarm is None


def test_a_test_runs_an_alarm_at_once(alarmed: Edge) -> None:
    held = alarmed.durable_object("COUNTER", "a")

    assert held.run_alarm() is False
    held.call("failing", 1)
    with pytest.raises(JsError, match="alarm failed"):
        held.run_alarm()
    assert held.alarm is not None
    assert held.run_alarm() is True
    assert held.alarm is None


def test_an_alarm_that_sets_itself_again(alarmed: Edge) -> None:
    held = alarmed.durable_object("COUNTER", "a")
    held.storage.put("again", True)
    held.call("set", 500)

    alarmed.clock.advance(seconds=2)

    assert len(alarmed.logs) == 4


def test_an_alarm_without_a_handler(alarmed: Edge) -> None:
    alarmed.durable_object("BARE", "a").call("set")

    alarmed.clock.advance(seconds=1)

    assert alarmed.logs[0][0] == "warn"
    assert "Attempted to run a scheduled alarm without a handler" in alarmed.logs[0][1]


def test_an_alarm_that_the_constructor_sets(alarmed: Edge) -> None:
    held = alarmed.durable_object("CONSTRUCTED", "a")

    assert held.call("hello") == "hello"
    assert held.alarm == alarmed.clock.now + timedelta(minutes=1)
    held.evict()
    alarmed.clock.advance(minutes=1)
    assert alarmed.logs == [("log", "alarm")]


@pytest.mark.parametrize(
    ("verb", "how", "is_set"),
    [
        ("transaction", None, True), ("transaction", "throw", False), ("transaction", "rollback", False),
        ("transaction", "nested", True), ("sync", False, True), ("sync", True, False),
    ],
)  # fmt: skip
def test_a_transaction_holds_the_alarm_or_takes_it_back(alarmed: Edge, verb: str, how: Any, is_set: bool) -> None:
    held = alarmed.durable_object("COUNTER", "a")

    if how in ("throw", True):
        with pytest.raises(JsError, match="rolled back"):
            held.call(verb, how)
    else:
        held.call(verb, how)

    assert (held.alarm is not None) is is_set
    assert held.call("get") == (held.alarm.timestamp() * 1000 if is_set else None)


def test_an_alarm_never_fires_by_the_real_clock(alarmed: Edge) -> None:
    held = alarmed.durable_object("COUNTER", "a")
    held.call("set", -10 * 365 * 86_400_000)  # long past, by either clock
    held.call("transaction", None)

    alarmed.world.settle()

    assert alarmed.logs == []


# WebSockets

CHAT = """
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  constructor(ctx, env) { super(ctx, env); this.born = Date.now(); }
  async fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server, ["tag"]);
    server.serializeAttachment({ since: Date.now() });
    return new Response(null, { status: 101, webSocket: client });
  }
  count() { return this.ctx.getWebSockets("tag").length; }
  async webSocketMessage(socket, message) {
    if (message === "throw") throw new Error("in a message");
    if (message === "close") return socket.close(4002, "bye");
    socket.send(JSON.stringify([message, Date.now() - this.born, Date.now() - socket.deserializeAttachment().since]));
  }
  async webSocketClose(socket, code, reason, wasClean) { console.log("closed", code, reason, wasClean); }
}
export default { fetch: (request, env) => env.COUNTER.getByName("a").fetch(request) };
"""


def test_a_hibernating_socket_lives_on_over_eviction(js_app: MakeApp) -> None:
    edge = js_app(CHAT, CONFIG)
    socket = edge.websocket("/")
    held = edge.durable_object("COUNTER", "a")

    socket.send("one")
    assert socket.receive() == '["one",0,0]'
    edge.clock.advance(seconds=5)
    assert held.evict() is True
    edge.clock.advance(seconds=5)
    socket.send("two")
    assert socket.receive() == '["two",0,10000]'
    assert held.call("count") == 1
    socket.send("close")
    assert socket.receive() == Close(4002, "bye")
    edge.verify()


def test_the_sockets_of_an_object(js_app: MakeApp) -> None:
    """They stay open when the object is looked for and is not there."""
    edge = js_app(CHAT, CONFIG)
    held = edge.durable_object("COUNTER", "a")
    assert held.web_sockets == []
    socket = edge.websocket("/")
    edge.clock.advance(seconds=1)
    edge.websocket("/")
    found = held.web_sockets
    start = int(edge.clock.now.timestamp() * 1000) - 1000
    assert sorted(each.attachment["since"] for each in found) == [start, start + 1000]
    assert [(each.tags, each.ready_state) for each in found] == [(("tag",), 1)] * 2
    assert held.evict()
    assert not held.is_in_memory
    assert len(held.web_sockets) == 2
    assert held.is_in_memory
    held.evict()
    assert not held.is_in_memory
    socket.send("one")
    assert socket.receive() == '["one",0,1000]'
    edge.verify()


def test_a_hibernating_socket_that_the_test_closes(js_app: MakeApp) -> None:
    edge = js_app(CHAT, CONFIG)
    socket = edge.websocket("/")

    socket.close(4000, "enough")
    edge.world.settle()

    assert ("log", "closed 4000 enough true") in edge.logs


def test_eviction_that_closes_sockets(js_app: MakeApp) -> None:
    edge = js_app(CHAT, CONFIG)
    socket = edge.websocket("/")

    edge.durable_object("COUNTER", "a").evict(web_sockets="close")

    assert socket.receive().was_clean is False
    assert edge.durable_object("COUNTER", "a").call("count") == 0


def test_what_a_message_handler_throws_fails_the_test(js_app: MakeApp) -> None:
    edge = js_app(CHAT, CONFIG)
    socket = edge.websocket("/")

    socket.send("throw")
    edge.world.settle()

    with pytest.raises(AssertionError, match="in a message"):
        edge.verify()


# Classes of other kinds


def test_a_class_without_the_base_class_and_with_fields(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export class Counter {
          constructor(state, env) { this.state = state; this.env = env; }
          fetch = async (request) => {
            const n = ((await this.state.storage.get("n")) ?? 0) + 1;
            await this.state.storage.put("n", n);
            await this.state.storage.setAlarm(Date.now() + 1000);
            return new Response(`${n} ${this.env.A} ${new URL(request.url).pathname}`);
          };
          alarm = async () => { console.log("alarm of a field"); };
        }
        export default { fetch: (request, env) => env.COUNTER.get(env.COUNTER.idFromName("a")).fetch(request) };
        """,
        {**CONFIG, "vars": {"A": "a"}},
    )

    assert edge.get("/x").text == "1 a /x"
    assert edge.durable_object("COUNTER").storage.get("n") == 1
    edge.clock.advance(seconds=1)
    assert edge.logs == [("log", "alarm of a field")]


def test_a_class_with_key_value_storage(js_app: MakeApp) -> None:
    edge = js_app(
        """
        import { DurableObject } from "cloudflare:workers";
        export class Counter extends DurableObject {
          async put(value) {
            await this.ctx.storage.put("a", value);
            await this.ctx.storage.transaction(async (txn) => {
              await txn.put("b", 2);
              await txn.setAlarm(Date.now() + 5);
            });
            return [...(await this.ctx.storage.list())];
          }
          alarm() { console.log("alarm"); }
        }
        export default { fetch() {} };
        """,
        {**CONFIG, "migrations": [{"tag": "v1", "new_classes": ["Counter"]}]},
    )
    held = edge.durable_object("COUNTER", "a")

    assert held.call("put", 1) == [["a", 1], ["b", 2]]
    assert held.storage.list() == {"a": 1, "b": 2}
    with pytest.raises(JsError, match="SQL"):
        held.sql("SELECT 1")
    edge.clock.advance(seconds=1)
    assert edge.logs == [("log", "alarm")]


def test_a_class_of_another_worker(js_app: MakeApp) -> None:
    other = """
        import { DurableObject } from "cloudflare:workers";
        export class Counter extends DurableObject {
          add() { this.n = (this.n ?? 0) + 1; return [this.n, Date.now()]; }
          async soon() { await this.ctx.storage.setAlarm(Date.now() + 1000); }
          alarm() { console.log("alarm of the other"); }
        }
        export default { fetch() { return new Response(); } };
    """
    edge = js_app(
        """
        export default {
          async fetch(request, env) {
            await env.COUNTER.getByName("a").soon();
            return Response.json(await env.COUNTER.getByName("a").add());
          },
        };
        """,
        {"durable_objects": {"bindings": [{"name": "COUNTER", "class_name": "Counter", "script_name": "other"}]}},
        files={
            "other/wrangler.json": """{"name": "other", "main": "index.js", "compatibility_date": "2026-06-01",
                "durable_objects": {"bindings": [{"name": "OWN", "class_name": "Counter"}]},
                "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter"]}]}""",
            "other/index.js": other,
        },
    )

    assert edge.get("/").json() == [1, edge.clock.now.timestamp() * 1000]
    held = edge.durable_object("COUNTER", "a")
    assert held.call("add")[0] == 2
    assert str(held.id) == str(IdFactory("other-Counter").from_name("a"))
    edge.clock.advance(seconds=1)
    assert edge.logs == [("log", "alarm of the other")]


def test_a_class_that_is_not_exported_is_refused_by_name(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch() {} };", CONFIG)

    with pytest.raises(EdgeUsageError, match="Counter"):
        edge.get("/")


def test_a_class_of_a_migration_that_is_not_exported_is_refused_by_name(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch() {} };", {"migrations": CONFIG["migrations"]})

    with pytest.raises(EdgeUsageError, match="does not export the class 'Counter' of Durable Objects"):
        edge.get("/")


def test_a_call_that_never_ends(counter: Any) -> None:
    edge = counter("return await stub.never();")

    with pytest.raises(HungError):
        edge.durable_object("COUNTER", "a").call("never")
    with pytest.raises(HungError):
        edge.get("/")


def test_a_time_out_beside_a_call_is_no_race(counter: Any) -> None:
    """The clock does not jump to the end of a time out while an object works."""
    edge = counter("""
        const late = () => scheduler.wait(5000).then(() => "late");
        const seen = [];
        for (let i = 0; i < 10; i++) seen.push(await Promise.race([stub.add(), late()]));
        return seen;
    """)

    assert edge.get("/").json() == list(range(1, 11))


def test_block_concurrency_while_that_fails_resets_the_object(js_app: MakeApp) -> None:
    edge = js_app(
        """
        import { DurableObject } from "cloudflare:workers";
        export class Counter extends DurableObject {
          constructor(ctx, env) { super(ctx, env); this.born = Math.random(); }
          async fails() { await this.ctx.blockConcurrencyWhile(async () => { throw new Error("blocked"); }); }
          get() { return this.born; }
        }
        export default {
          async fetch(request, env) {
            const before = await env.COUNTER.getByName("a").get();
            const said = await env.COUNTER.getByName("a").fails().catch((error) => error.message);
            return Response.json([said, before !== (await env.COUNTER.getByName("a").get())]);
          },
        };
        """,
        CONFIG,
    )

    assert edge.get("/").json() == ["blocked", True]
    edge.verify()


def test_no_other_event_begins_while_an_object_asks_for_its_alarm(js_app: MakeApp) -> None:
    edge = js_app(
        """
        import { DurableObject } from "cloudflare:workers";
        export class Once extends DurableObject {
          async arrange() {
            if ((await this.ctx.storage.getAlarm()) !== null) return "there was one";
            await this.ctx.storage.setAlarm(Date.now() + 1000);
            return "set";
          }
          async unawaited() {
            this.ctx.storage.setAlarm(Date.now() + 2000);
            return (await this.ctx.storage.getAlarm()) - Date.now();
          }
        }
        export default { async fetch(request, env) {
          const one = env.ONCE.getByName("one");
          if (request.method === "PUT") return Response.json(await one.unawaited());
          return Response.json(await Promise.all([one.arrange(), one.arrange(), one.arrange()]));
        } };
        """,
        {
            "durable_objects": {"bindings": [{"name": "ONCE", "class_name": "Once"}]},
            "migrations": [{"tag": "v1", "new_sqlite_classes": ["Once"]}],
        },
    )

    assert edge.client.get("/").json() == ["set", "there was one", "there was one"]
    assert edge.client.put("/").json() == 2000


def test_what_has_come_is_what_came_when_the_app_rests(js_app: MakeApp) -> None:
    edge = js_app(
        """
        import { DurableObject } from "cloudflare:workers";
        export class Chat extends DurableObject {
          fetch() {
            const [client, server] = Object.values(new WebSocketPair());
            this.ctx.acceptWebSocket(server);
            return new Response(null, { status: 101, webSocket: client });
          }
          async webSocketMessage(socket, message) {
            const said = ((await this.ctx.storage.get("said")) ?? 0) + 1;
            await this.ctx.storage.put("said", said);
            for (const each of this.ctx.getWebSockets()) each.send(`${said} ${message.length}`);
          }
          webSocketClose(socket, code, reason) {
            for (const each of this.ctx.getWebSockets()) if (each !== socket) each.send(`left: ${code} ${reason}`);
          }
        }
        export default { fetch(request, env) { return env.CHAT.getByName("a").fetch(request); } };
        """,
        {
            "durable_objects": {"bindings": [{"name": "CHAT", "class_name": "Chat"}]},
            "migrations": [{"tag": "v1", "new_sqlite_classes": ["Chat"]}],
        },
    )
    ada, bob = edge.websocket("/"), edge.websocket("/")

    ada.send("hello")
    ada.send("x" * 900_000)
    assert bob.received() == ["1 5", "2 900000"]
    assert bob.received() == []
    bob.close(4001, "bye")
    assert ada.received() == ["1 5", "2 900000", "left: 4001 bye"]
