"""Service bindings of a JavaScript worker: to a stub of the test, to another JavaScript worker, to a Python one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgelint.testing.bindings.base import Declared
from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.sockets import socket_pair
from edgelint.testing.workerd_host.errors import JsError
from edgelint.testing.workerd_host.protocols import services
from tests.testing.workerd_host.conftest import MakeApp

CONFIG = {
    "services": [
        {"binding": "AUTH", "service": "auth"},
        {"binding": "ADMIN", "service": "auth", "entrypoint": "Admin", "props": {"tenant": "t"}},
    ]
}
SOURCE = """
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  async fetch() { return this.env.AUTH.fetch("https://auth/"); }
  async call(method, ...args) { return await this.env.AUTH[method](...args); }
  async admin(method, ...args) { return this.env.ADMIN[method](...args); }
  async kinds() {
    return this.env.AUTH.echo(
      [undefined, null, -0, 12n, new Date(5), new Map([["a", new Set([1])]]), new Uint8Array([1]).buffer, { a: [1.5] }],
    );
  }
  async pipelined() { return this.env.AUTH.user("ada").address.city(); }
  async member() { return this.env.AUTH.user("ada").name; }
  async function() { return this.env.AUTH.apply((n) => n * 2); }
  async property() { return this.env.AUTH.owner; }
  async session() {
    using session = await this.env.AUTH.session();
    return [await session.next(), await session.next()];
  }
  async body() { return new Response(await this.env.AUTH.body()).text(); }
  async get(url, init) {
    const response = await this.env.AUTH.fetch(url, init);
    return [response.status, response.headers.get("x-seen"), await response.text()];
  }
  async cf() { return this.get("https://auth/", { cf: { colo: "X" } }); }
  async stream() {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    writer.write(new TextEncoder().encode("one")).then(() => writer.close());
    return this.get("http://auth/", { method: "POST", body: readable });
  }
  async socket(text) {
    const { webSocket } = await this.env.AUTH.fetch("https://auth/socket", { headers: { upgrade: "websocket" } });
    webSocket.accept();
    const said = new Promise((resolve) => webSocket.addEventListener("message", ({ data }) => resolve(data)));
    webSocket.send(text);
    const found = await said;
    webSocket.close(1000, "bye");
    return found;
  }
  async together() {
    const numbers = [...Array(10).keys()];
    const one = (each) => (each === 5 ? this.call("nope").catch(() => 5) : this.env.AUTH.echo(each));
    return Promise.all(numbers.map(one));
  }
  async connect() { return this.env.AUTH.connect("a:1"); }
  async plain() { return [typeof this.env.AUTH, JSON.stringify(this.env.AUTH), String(this.env.AUTH)]; }
  async caught(method, ...args) {
    try { return await this[method](...args); } catch (error) {
      const { name, message, remote, code } = error;
      return { kind: error.constructor.name, name, message, remote, code };
    }
  }
}
"""
AUTH = """
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
class Session extends RpcTarget {
  #n = 0;
  next() { return ++this.#n; }
}
class Missing extends Error { name = "Missing"; }
export default class extends WorkerEntrypoint {
  async fetch(request) {
    if (new URL(request.url).pathname === "/throw") throw new RangeError("far");
    if (request.headers.get("upgrade") === "websocket") {
      const [theirs, ours] = Object.values(new WebSocketPair());
      ours.accept();
      ours.addEventListener("message", ({ data }) => ours.send(data.toUpperCase()));
      return new Response(null, { status: 101, webSocket: theirs });
    }
    const body = await request.text();
    const { protocol, host, pathname, search } = new URL(request.url);
    const text = JSON.stringify([request.method, protocol, host, pathname + search, body, request.cf ?? null,
                                 request.headers.get("x-edgelint-scheme")]);
    return new Response(text, { status: 201, headers: { "x-seen": request.headers.get("x-a") ?? "-" } });
  }
  echo(value) { return value; }
  kind(value) { return Object.prototype.toString.call(value); }
  user(name) { return { name, address: { city: () => "nowhere" } }; }
  name() { return this.env.NAME; }
  throws(kind) { throw kind === "type" ? new TypeError("wrong") : new Missing("gone"); }
  now() { return Date.now(); }
  async wait(ms) { await scheduler.wait(ms); return Date.now(); }
  later(ms) { this.ctx.waitUntil(scheduler.wait(ms).then(() => this.env.KV.put("late", "1"))); }
  soon(turns) {
    const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
    const work = async () => { for (let at = 0; at < turns; at++) await turn(); };
    this.ctx.waitUntil(work().then(() => this.env.KV.put("soon", "1")));
  }
  reject() { this.ctx.waitUntil(Promise.reject(new Error("late"))); }
  async apply(double) { return double(21); }
  get owner() { return "ada"; }
  session() { return new Session(); }
  body() { return new Response("streamed").body; }
  async again(n) { return this.env.SELF.again(n + 1); }
}
export class Admin extends WorkerEntrypoint {
  whoami() { return ["admin", this.ctx.props]; }
}
"""
OTHER = {
    "auth/wrangler.json": json.dumps(
        {"name": "auth", "main": "index.js", "compatibility_date": "2026-06-01", "vars": {"NAME": "the auth worker"},
         "services": [{"binding": "SELF", "service": "auth"}], "kv_namespaces": [{"binding": "KV", "id": "kv"}]}
    ),
    "auth/index.js": AUTH,
}


def _operations(edge: Edge) -> list[tuple[str, str | None, str]]:
    found: list[tuple[str, str | None, str]] = []
    edge.world.gate.observers.append(
        lambda each: found.append((each.name, each.key, each.outcome)) if each.outcome != "pending" else None
    )
    return found


@pytest.fixture
def stubbed(js_app: MakeApp) -> Edge:
    return js_app(SOURCE, CONFIG)


@pytest.fixture
def both(js_app: MakeApp) -> Edge:
    return js_app(SOURCE, CONFIG, files=OTHER)


def test_a_stub_answers(stubbed: Edge) -> None:
    seen: list[HttpRequest] = []

    class Auth:
        def fetch(self, request: HttpRequest) -> HttpResponse:
            seen.append(request)
            return HttpResponse(202, [("x-seen", "yes"), ("connection", "close")], b"body", "Tout \xe0 fait\n")

        def echo(self, value: Any) -> Any:
            return value

        def add(self, a: int, b: int) -> int:
            return a + b

        def fail(self) -> None:
            raise type_error("not so")

    stubbed.stub_service("auth", Auth())
    operations = _operations(stubbed)
    assert stubbed.rpc("call", "add", 1, 2) == 3
    assert stubbed.rpc("call", "echo", {"a": [1, None, b"x"]}) == {"a": [1, None, b"x"]}
    init = {"method": "PUT", "body": "given", "headers": {"x-a": "b"}}
    assert stubbed.rpc("get", "https://auth.example/p?q=1", init) == [202, "yes", "body"]
    (request,) = seen
    assert (request.method, request.url, request.body) == ("PUT", "https://auth.example/p?q=1", b"given")
    assert request.header("x-a") == "b"
    assert not [name for name, _ in request.headers if name.startswith("x-edgelint") or name == "host"]
    found = stubbed.rpc("caught", "call", "fail")
    assert (found["kind"], found["message"], found["remote"]) == ("TypeError", "not so", True)
    missing = stubbed.rpc("caught", "call", "nope")
    assert missing["message"] == 'The RPC receiver does not implement the method "nope".'
    assert operations[:3] == [
        ("AUTH.call", "add", "ok"), ("AUTH.call", "echo", "ok"), ("AUTH.fetch", "https://auth.example/p?q=1", "ok"),
    ]  # fmt: skip
    assert operations[3] == ("AUTH.call", "fail", "error")


def test_faults_reach_the_app(stubbed: Edge) -> None:
    stubbed.stub_service("auth", lambda request: HttpResponse(200))
    stubbed.faults.on("AUTH.fetch").fail("lost")
    assert stubbed.rpc("caught", "get", "https://a/")["message"] == "Network connection lost."
    stubbed.faults.on("AUTH.call").fail(EdgeError("slow", "TimeoutError", code=23, retryable=True))
    found = stubbed.rpc("caught", "call", "x")
    assert (found["kind"], found["name"]) == ("DOMException", "TimeoutError")
    assert (found["message"], found["code"]) == ("slow", 23)


def test_faults_between_workers_of_one_runtime(both: Edge) -> None:
    both.faults.on("AUTH.call", nth=1).fail("lost")
    both.faults.on("AUTH.call", nth=1).fail_after("cut off")
    operations = _operations(both)
    assert both.rpc("caught", "call", "name")["message"] == "Network connection lost."
    assert both.rpc("caught", "call", "name")["message"] == "cut off"
    assert both.rpc("call", "name") == "the auth worker"
    assert both.rpc("caught", "call", "dup")["message"].startswith("'dup' is a reserved method")
    assert both.rpc("caught", "call", "alarm")["message"].startswith("'alarm' is a reserved method")
    assert [each[2] for each in operations[:3]] == ["error", "error", "ok"]
    assert both.world.failures == []


def test_calls_that_are_made_at_once_arrive_in_order(both: Edge) -> None:
    seen: list[Any] = []
    both.world.gate.observers.append(
        lambda each: seen.append(each.request.get("args")) if each.outcome == "pending" else None
    )
    assert both.rpc("together") == list(range(10))
    assert seen == [[0], [1], [2], [3], [4], [], [6], [7], [8], [9]]
    responses = both.together(*[("GET", "https://app/")] * 3)
    assert [each.status_code for each in responses] == [201] * 3


def test_a_stub_goes_before_a_worker(both: Edge) -> None:
    both.stub_service("auth", {"name": lambda: "a stub"})
    assert both.rpc("call", "name") == "a stub"


def test_a_socket_of_a_stub(stubbed: Edge) -> None:
    theirs, ours = socket_pair(auto_reply=True)
    asked: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        asked.append(request)
        ours.accept(lambda frame: ours.send(frame.upper()) if isinstance(frame, str) else None)
        return HttpResponse(101, web_socket=theirs)

    stubbed.stub_service("auth", answer)
    assert stubbed.rpc("socket", "hello") == "HELLO"
    assert asked[0].is_upgrade


def test_a_socket_of_another_worker(both: Edge) -> None:
    assert both.rpc("socket", "hello") == "HELLO"


def test_the_environment_of_a_service() -> None:
    fields = {"service": "auth", "environment": "dev", "props": {"a": 1}, "entrypoint": "Admin"}
    declared = Declared("AUTH", "service", "auth", fields, "app")
    assert 'service = (name = "auth-dev", entrypoint = "Admin", props = (json = ' in services.wiring_among(
        declared, "s", {"auth", "auth-dev"}
    ).value
    assert 'service = (name = "auth", ' in services.wiring_among(declared, "s", {"auth"}).value
    assert "target" not in services.wiring_among(declared, "s", {"other"}).value


def test_another_worker_answers(both: Edge) -> None:
    assert both.rpc("call", "echo", [1, "a", None]) == [1, "a", None]
    assert both.rpc("call", "name") == "the auth worker"
    assert both.rpc("admin", "whoami") == ["admin", {"tenant": "t"}]
    init = {"method": "PUT", "body": "given", "headers": {"x-a": "b"}}
    status, seen, text = both.rpc("get", "https://auth.example/p?q=1", init)
    assert (status, seen) == (201, "b")
    assert json.loads(text) == ["PUT", "https:", "auth.example", "/p?q=1", "given", None, None]
    assert json.loads(both.rpc("stream")[2])[4] == "one"
    assert json.loads(both.rpc("cf")[2])[5] == {"colo": "X"}


def test_time_is_the_worlds_there_too(both: Edge) -> None:
    start = both.world.clock.now
    assert both.rpc("call", "now") == start
    assert both.rpc("call", "wait", 60_000) == start + 60_000
    both.clock.advance(hours=1)
    assert both.rpc("call", "now") == start + 60_000 + 3_600_000


def test_what_another_worker_does_beside_its_answer(both: Edge) -> None:
    operations = _operations(both)
    both.rpc("call", "later", 1000)
    both.clock.advance(seconds=1)
    assert ("KV.put", "late", "ok") in operations
    assert both.world.failures == []
    both.rpc("call", "reject")
    both.world.settle()
    ((label, error),) = both.world.failures
    assert isinstance(error, JsError)
    assert (error.message, "index.js" in error.stack) == ("late", True), label
    both.world.failures.clear()


def test_values_cross_as_they_are(both: Edge) -> None:
    found = both.rpc("kinds")
    assert found[2:4] == [0, 12]
    assert str(found[2]) == "-0.0"
    assert found[4].timestamp() == 0.005
    assert found[5:] == [{"a": {1}}, b"\x01", {"a": [1.5]}]


def test_what_is_more_than_a_value_crosses_within_the_runtime(both: Edge) -> None:
    assert both.rpc("function") == 42
    assert both.rpc("pipelined") == "nowhere"
    assert both.rpc("property") == "ada"
    assert both.rpc("session") == [1, 2]
    assert both.rpc("body") == "streamed"


def test_what_is_more_than_a_value_does_not_cross_to_a_stub(stubbed: Edge) -> None:
    stubbed.stub_service("auth", {"apply": lambda function: 1})
    found = stubbed.rpc("caught", "function")
    assert found["name"] == "DataCloneError"
    assert found["message"].startswith("arguments[0] is a function, which does not cross here: only values do")
    message = "what stands in for a service has methods only: call owner()"
    assert stubbed.rpc("caught", "property")["message"] == message


def test_errors_of_another_worker(both: Edge) -> None:
    found = both.rpc("caught", "call", "throws", "type")
    assert (found["kind"], found["message"], found["remote"]) == ("TypeError", "wrong", True)
    found = both.rpc("caught", "call", "throws", "own")
    assert (found["kind"], found["name"], found["message"]) == ("Error", "Missing", "gone")
    found = both.rpc("caught", "get", "https://auth/throw")
    assert (found["kind"], found["message"], found["remote"]) == ("RangeError", "far", True)
    assert both.rpc("caught", "call", "connect")["message"] == "sockets over a service binding are not supported"
    with pytest.raises(JsError, match="wrong") as caught:
        both.rpc("call", "throws", "type")
    assert "src/index.js" in caught.value.stack
    both.world.settle()
    assert both.world.failures == []  # somebody got each of them


def test_members_of_what_is_to_come(stubbed: Edge) -> None:
    stubbed.stub_service("auth", {"user": lambda name: {"name": name}})
    assert stubbed.rpc("member") == "ada"
    assert stubbed.rpc("plain") == ["object", "{}", "[object Object]"]


def test_a_worker_that_calls_itself_for_ever(both: Edge) -> None:
    found = both.rpc("caught", "call", "again", 0)
    assert found["message"].startswith("Subrequest depth limit exceeded.")


def test_a_service_that_is_not_there(stubbed: Edge) -> None:
    with pytest.raises(JsError, match="AUTH is bound to the service 'auth', which is no worker of this repository"):
        stubbed.rpc("call", "x")
    assert [label for label, _ in stubbed.world.failures] == ["edgelint"]
    stubbed.world.failures.clear()


def test_a_python_worker_answers(js_app: MakeApp) -> None:
    source = """
import js
from pyodide.ffi import create_proxy
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers.get("upgrade") == "websocket":
            theirs, ours = js.WebSocketPair.new().object_values()
            ours.accept()
            ours.addEventListener("message", create_proxy(lambda event: ours.send(event.data.upper())))
            return js.Response.new(None, status=101, webSocket=theirs)
        return Response(f"{request.method} {request.url} {await request.text()}", status=202, headers={"x-seen": "py"})

    async def add(self, a, b):
        return {"sum": a + b}
"""
    config = {
        "name": "auth", "main": "main.py", "compatibility_date": "2026-06-01", "compatibility_flags": ["python_workers"]
    }  # fmt: skip
    edge = js_app(SOURCE, CONFIG, files={"auth/wrangler.json": json.dumps(config), "auth/main.py": source})
    assert edge.rpc("call", "add", 1, 2) == {"sum": 3}
    assert edge.rpc("get", "https://auth/a", {"method": "POST", "body": "x"}) == [202, "py", "POST https://auth/a x"]
    assert edge.rpc("socket", "hello") == "HELLO"


def test_a_python_worker_asks_one_in_javascript(js_app: MakeApp) -> None:
    source = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        found = await self.env.AUTH.echo({"a": [1, "b"]})
        response = await self.env.AUTH.fetch("https://auth.example/p", method="POST", body="given")
        return Response(f"{found['a'][1]} {response.status} {await response.text()}")
"""
    edge = js_app(source, {**CONFIG, "compatibility_flags": ["python_workers"]}, files=OTHER, main="main.py")
    text = edge.get("https://app/").text
    assert text.startswith('b 201 ["POST","https:","auth.example","/p","given",')


def test_timers_of_no_length_in_another_worker_run_on_when_the_event_is_over(both: Edge) -> None:
    asked = _operations(both)

    both.rpc("call", "soon", 30)

    assert ("KV.put", "soon", "ok") in asked
