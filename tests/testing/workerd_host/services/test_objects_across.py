"""Durable Objects of a worker in the other language: a Python worker that calls one in JavaScript, and the reverse."""

from __future__ import annotations

import json

import pytest

from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.errors import JsError
from tests.testing.workerd_host.conftest import MakeApp

BINDING = {"durable_objects": {"bindings": [{"name": "ROOMS", "class_name": "Room", "script_name": "rooms"}]}}
OWN = {
    "name": "rooms", "compatibility_date": "2026-06-01",
    "durable_objects": {"bindings": [{"name": "OWN", "class_name": "Room"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Room"]}],
}  # fmt: skip

ROOM_JS = """
import { DurableObject } from "cloudflare:workers";
export class Room extends DurableObject {
  async enter(name, more) {
    const seen = (await this.ctx.storage.get("seen")) ?? [];
    seen.push(name);
    await this.ctx.storage.put("seen", seen);
    return { seen, more, id: this.ctx.id.toString(), name: this.ctx.id.name ?? null };
  }
  async fail() { throw new TypeError("no way"); }
  async fetch(request) {
    const text = `${request.method} ${request.url} ${await request.text()}`;
    return new Response(text, { status: 201, headers: { "x-a": "1" } });
  }
}
export default { async fetch() { return new Response("rooms"); } };
"""
ASK_PY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        stub = self.env.ROOMS.getByName("hall")
        first = await stub.enter("ada", {"deep": [1, None, True]})
        second = await stub.enter("bob", "x")
        answer = await stub.fetch("https://room.test/p", method="POST", body="given")
        try:
            await stub.fail()
            raised = "nothing"
        except Exception as error:
            raised = f"{type(error).__name__}: {error}"
        return Response.json({
            "first": first, "second": second, "status": answer.status, "text": await answer.text(),
            "header": answer.headers["x-a"], "raised": raised,
        })
"""


def test_a_python_worker_calls_an_object_in_javascript(js_app: MakeApp) -> None:
    files = {"rooms/wrangler.json": json.dumps({**OWN, "main": "index.js"}), "rooms/index.js": ROOM_JS}
    edge = js_app(ASK_PY, {**BINDING, "compatibility_flags": ["python_workers"]}, files=files, main="main.py")
    found = edge.get("/").json()
    hall = edge.durable_object("ROOMS", "hall")
    assert found == {
        "first": {"seen": ["ada"], "more": {"deep": [1, None, True]}, "id": str(hall.id), "name": "hall"},
        "second": {"seen": ["ada", "bob"], "more": "x", "id": str(hall.id), "name": "hall"},
        "status": 201, "text": "POST https://room.test/p given", "header": "1",
        "raised": "JsException: TypeError: no way",
    }  # fmt: skip
    assert hall.storage.get("seen") == ["ada", "bob"]
    assert [each.name for each in edge.timeline.operations if each.origin == "app"][:3] == [
        "ROOMS.call", "ROOMS.call", "ROOMS.fetch",
    ]  # fmt: skip


def test_it_has_no_jurisdictions(js_app: MakeApp) -> None:
    files = {"rooms/wrangler.json": json.dumps({**OWN, "main": "index.js"}), "rooms/index.js": ROOM_JS}
    app = ASK_PY.replace('getByName("hall")', 'jurisdiction("eu").getByName("hall")')
    edge = js_app(app, {**BINDING, "compatibility_flags": ["python_workers"]}, files=files, main="main.py")
    with pytest.raises(EdgeUsageError, match=r"ROOMS\.jurisdiction\(\) is not supported: Durable Objects .* no jurisd"):
        edge.get("/")


ROOM_PY = """
import js
from pyodide.ffi import create_proxy
from workers import DurableObject, Response, WorkerEntrypoint

class Room(DurableObject):
    async def enter(self, name, more):
        seen = await self.ctx.storage.get("seen") or []
        seen = [*seen, name]
        await self.ctx.storage.put("seen", seen)
        return {"seen": seen, "more": more, "id": str(self.ctx.id), "name": self.ctx.id.name}

    async def body(self):
        return {"a": [js.Response.new("x").body]}

    async def fail(self):
        raise ValueError("no way")

    async def fetch(self, request):
        if request.headers.get("upgrade") == "websocket":
            theirs, ours = js.WebSocketPair.new().object_values()
            ours.accept()
            ours.addEventListener("message", create_proxy(lambda event: ours.send(event.data.upper())))
            return js.Response.new(None, status=101, webSocket=theirs)
        text = f"{request.method} {request.url} {await request.text()} {request.headers.get('x-edgelint-object-id')}"
        return Response(text, status=201, headers={"x-a": "1"})

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("rooms")
"""
ASK_JS = """
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  stub() { return this.env.ROOMS.getByName("hé"); }
  async enter(...args) { return this.stub().enter(...args); }
  async ids() {
    const { ROOMS } = this.env;
    const named = ROOMS.idFromName("hé");
    const unique = ROOMS.newUniqueId();
    const found = await ROOMS.get(ROOMS.idFromString(unique.toString())).enter("x", null);
    return {
      named: named.toString(), same: named.equals(ROOMS.idFromString(named.toString())), stub: this.stub().name,
      unique: found.id === unique.toString(), nameless: found.name ?? null, again: this.stub().dup().id.toString(),
    };
  }
  async get(path, init) {
    const response = await this.stub().fetch(path, init);
    return [response.status, response.headers.get("x-a"), await response.text()];
  }
  async later() { return this.stub().enter("a", { deep: 5 }).more.deep; }
  async socket(text) {
    const { webSocket } = await this.stub().fetch("https://room.test/", { headers: { upgrade: "websocket" } });
    webSocket.accept();
    const said = new Promise((resolve) => webSocket.addEventListener("message", (event) => resolve(event.data)));
    webSocket.send(text);
    return said;
  }
  async caught(way) {
    try {
      if (way === "fail") await this.stub().fail();
      if (way === "body") await this.stub().body();
      if (way === "missing") await this.stub().missing();
      if (way === "stream") await this.stub().enter(1, { body: new Response("x").body });
      if (way === "member") await this.stub().seen;
      if (way === "connect") this.stub().connect("a:1");
      if (way === "jurisdiction") this.env.ROOMS.jurisdiction("eu").getByName("a");
    } catch (error) {
      const last = error.message.trimEnd().split("\\n").at(-1);
      return `${error.name}: ${last} ${error.remote ?? ""}`;
    }
  }
}
"""


@pytest.fixture
def asking(js_app: MakeApp) -> Edge:
    own = {**OWN, "main": "main.py", "compatibility_flags": ["python_workers"]}
    return js_app(ASK_JS, BINDING, files={"rooms/wrangler.json": json.dumps(own), "rooms/main.py": ROOM_PY})


def test_a_worker_in_javascript_calls_an_object_in_python(asking: Edge) -> None:
    assert asking.rpc("enter", "ada", {"deep": [1, None]})["seen"] == ["ada"]
    room = asking.durable_object("ROOMS", "hé")
    assert asking.rpc("enter", "bob", "x") == {"seen": ["ada", "bob"], "more": "x", "id": str(room.id), "name": "hé"}
    assert room.storage.get("seen") == ["ada", "bob"]
    assert asking.rpc("later") == 5
    assert asking.meter.counts["do_requests"] == 3
    asking.faults.on("ROOMS.call").fail("overloaded")
    with pytest.raises(JsError, match="overloaded"):
        asking.rpc("enter", "eve", 1)


def test_its_ids_are_those_that_the_object_has(asking: Edge) -> None:
    named = str(asking.durable_object("ROOMS", "hé").id)
    assert asking.rpc("ids") == {
        "named": named, "same": True, "stub": "hé", "unique": True, "nameless": None, "again": named,
    }  # fmt: skip


def test_it_fetches_from_an_object_in_python(asking: Edge) -> None:
    told = [201, "1", "POST https://room.test/p?q=1 given None"]
    assert asking.rpc("get", "https://room.test/p?q=1", {"method": "POST", "body": "given"}) == told
    assert asking.rpc("socket", "hello") == "HELLO"


@pytest.mark.parametrize(("way", "told"), [
    ("fail", "Error: PythonError: ValueError: no way true"),
    ("body", "DataCloneError: the result.a[0] is a ReadableStream, which does not cross here"),
    ("missing", "TypeError: Method missing does not exist true"),
    ("stream", "DataCloneError: arguments[1].body is a ReadableStream, which does not cross here"),
    ("member", "TypeError: a Durable Object in Python has methods only: call seen()"),
    ("connect", "Error: sockets to a Durable Object in Python are not supported"),
    ("jurisdiction", "Error: Jurisdiction restrictions are not implemented in workerd."),
])  # fmt: skip
def test_what_an_object_in_python_refuses(asking: Edge, way: str, told: str) -> None:
    assert asking.rpc("caught", way).startswith(told)


def test_an_object_that_is_nowhere_is_refused_when_it_is_touched(js_app: MakeApp) -> None:
    app = "export default { async fetch(request, env) { if (request.url.endsWith('x')) env.ROOMS.idFromName('a');"
    edge = js_app(app + " return new Response('ok'); } };", BINDING)
    assert edge.get("/").text == "ok"
    told = "ROOMS: its class is in the worker 'rooms', which is not in this repository"
    with pytest.raises(JsError, match=told):
        edge.get("/x")
