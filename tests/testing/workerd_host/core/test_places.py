"""Where the app's calls stand: told for what passes the layer around the app."""

from __future__ import annotations

from pathlib import Path

from edgelint.testing.edge import Edge
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.workerd_host.places import PLACE, Places
from tests.testing.workerd_host.conftest import MakeApp

CONFIG = {
    "d1_databases": [{"binding": "DB", "database_name": "d", "database_id": "1"}],
    "ratelimits": [{"name": "LIMITER", "namespace_id": "1", "simple": {"limit": 2, "period": 60}}],
    "kv_namespaces": [{"binding": "KV", "id": "1"}],
    "services": [{"binding": "SELF", "service": "app", "entrypoint": "Inner"}, {"binding": "AUTH", "service": "auth"}],
    "durable_objects": {"bindings": [{"name": "ROOM", "class_name": "Room"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Room"]}],
    "ai": {"binding": "AI"},
}
APP = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import { ask } from "./ask";

interface Env { DB: D1Database; LIMITER: RateLimit; KV: KVNamespace; ROOM: any; SELF: any; AUTH: any; AI: any }

export class Room extends DurableObject<Env> {
  enter() { return 1; }
}
export class Inner extends WorkerEntrypoint<Env> {
  async inner() {
    return (await this.env.DB.prepare("SELECT 3").all()).results.length; // inner
  }
}
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    await ask(env);
    const found = await Promise.all([
      env.DB.batch([env.DB.prepare("SELECT 1")]), // batch
      env.DB.exec("SELECT 2"), // exec
      env.LIMITER.limit({ key: "a" }), // limit
    ]);
    await env.KV.get("a");
    await env.ROOM.getByName("a").enter(); // enter
    await env.ROOM.getByName("a").fetch("https://a/").catch(() => 1); // room
    await env.SELF.inner(); // self
    await env.AUTH.check("x"); // check
    await env.AUTH.fetch("https://auth/"); // auth
    await env.AI.run("@cf/m", { prompt: "a" }); // ai
    return new Response(String(found.length));
  },
};
"""
ASK = """
export function ask(env: any) {
  const statement = env.DB.prepare("SELECT 0");
  return statement.first(); // first
}
"""


def marked(name: str, text: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.endswith(f"// {name}"))


def asking(js_app: MakeApp) -> Edge:
    edge = js_app(APP, CONFIG, files={"src/ask.ts": ASK}, main="src/index.ts")
    edge.stub_service("auth", {"check": lambda given: True, "fetch": lambda request: HttpResponse(200)})
    edge.env.AI.answer({"response": "b"})
    return edge


def test_the_places_of_calls(js_app: MakeApp, tmp_path: Path) -> None:
    edge = asking(js_app)
    assert edge.get("/").text == "3"
    found = [(each.name, each.place) for each in edge.timeline.operations if each.origin == "app"]
    wanted = {
        "DB.first": ("ask.ts", "first"), "DB.batch": ("index.ts", "batch"), "DB.exec": ("index.ts", "exec"),
        "LIMITER.limit": ("index.ts", "limit"), "ROOM.call": ("index.ts", "enter"), "ROOM.fetch": ("index.ts", "room"),
        "SELF.call": ("index.ts", "self"), "DB.all": ("index.ts", "inner"), "AUTH.call": ("index.ts", "check"),
        "AUTH.fetch": ("index.ts", "auth"), "AI.run": ("index.ts", "ai"),
    }  # fmt: skip
    texts = {"ask.ts": ASK, "index.ts": APP}
    told = {name: (str(tmp_path / "src" / file), marked(mark, texts[file])) for name, (file, mark) in wanted.items()}
    assert dict(found) == {**told, "KV.get": None}
    line = marked("first", ASK)
    assert f"DB.first SELECT 0 -> hit   ask.ts:{line}" in edge.timeline.render()


def test_a_request_that_says_no_place(tmp_path: Path) -> None:
    places = Places()
    for headers in ([], [(PLACE, "")], [(PLACE, "%20%20%20%20at%20f%20(other.js:1:2)"), ("a", "b")]):
        request = HttpRequest("GET", "http://a/", list(headers))
        assert places.taken(request, tmp_path, {}) is None
        assert request.header(PLACE) is None
