"""The bindings that are small: rate limit, secrets, Analytics Engine, email, version metadata, Hyperdrive, assets."""

from __future__ import annotations

from typing import Any

import pytest

from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeError
from tests.testing.workerd_host.conftest import MakeApp

HEAD = """
import { WorkerEntrypoint } from "cloudflare:workers";
class Base extends WorkerEntrypoint {
  async caught(method, ...args) {
    try { return await this[method](...args); } catch (error) {
      return { name: error.constructor.name, message: error.message, code: error.code };
    }
  }
}
"""


def _caught(edge: Edge, method: str, *args: Any) -> tuple[str, str]:
    found = edge.rpc("caught", method, *args)
    return found["name"], found["message"]


def test_rate_limit(js_app: MakeApp) -> None:
    edge = js_app(
        HEAD + "export default class extends Base { limit(...args) { return this.env.LIMITER.limit(...args); } }",
        {"ratelimits": [{"name": "LIMITER", "namespace_id": "1", "simple": {"limit": 2, "period": 60}}]},
    )
    seen: list[Any] = []
    edge.world.gate.observers.append(lambda each: seen.append((each.name, each.key, each.outcome)))
    assert [edge.rpc("limit", {"key": "a"})["success"] for _ in range(3)] == [True, True, False]
    assert edge.rpc("limit", {"key": "b"}) == {"success": True}
    assert seen[:2] == [("LIMITER.limit", "a", "pending"), ("LIMITER.limit", "a", "ok")]
    assert _caught(edge, "limit") == ("Error", "invalid rate limit options")
    assert _caught(edge, "limit", {"key": 5}) == ("Error", "invalid key: 5")
    edge.faults.on("LIMITER.limit").fail("lost")
    assert _caught(edge, "limit", {"key": "c"}) == ("Error", "Network connection lost.")


IN_PYTHON = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        answer = await self.env.LIMITER.limit(key="a")
        return Response.json(answer.success)
"""
IN_JAVASCRIPT = """
export default { async fetch(request, env) {
  return Response.json((await env.LIMITER.limit({ key: "a" })).success);
} };
"""


@pytest.mark.parametrize(("app", "main", "flags"), [
    (IN_JAVASCRIPT, "src/index.js", []), (IN_PYTHON, "src/entry.py", ["python_workers"]),
], ids=["js", "python"])  # fmt: skip
def test_a_rate_limit_as_it_was_written_before(js_app: MakeApp, app: str, main: str, flags: list[str]) -> None:
    """Among the unsafe bindings; it counts with those of its namespace."""
    old = {"name": "LIMITER", "type": "ratelimit", "namespace_id": "1", "simple": {"limit": 2, "period": 60}}
    new = {"name": "SAME", "namespace_id": "1", "simple": {"limit": 2, "period": 60}}
    config = {"unsafe": {"bindings": [old]}, "ratelimits": [new], "compatibility_flags": flags}
    edge = js_app(app, config, main=main)
    assert edge.env.SAME.limit(key="a") == {"success": True}
    assert [edge.get("/").json() for _ in range(2)] == [True, False]
    assert edge.meter.counts["rate_limits"] == 2


def test_secrets(js_app: MakeApp) -> None:
    edge = js_app(
        HEAD + "export default class extends Base { get() { return this.env.SECRET.get(); } }",
        {"secrets_store_secrets": [{"binding": "SECRET", "store_id": "s", "secret_name": "key"}]},
    )
    assert _caught(edge, "get") == ("Error", 'Secret "key" not found')
    edge.env.SECRET.set("hush")
    assert edge.rpc("get") == "hush"


def test_analytics_engine(js_app: MakeApp) -> None:
    source = """export default class extends Base {
      write(point) { this.env.EVENTS.writeDataPoint(point); }
      bytes() {
        this.env.EVENTS.writeDataPoint({ blobs: ["a", null, new Uint8Array([255]).buffer], doubles: [1.5, 0] });
      }
    }"""
    edge = js_app(HEAD + source, {"analytics_engine_datasets": [{"binding": "EVENTS", "dataset": "events"}]})
    edge.rpc("write", {"indexes": ["i"], "blobs": ["x", "\u00e9"], "doubles": [1, 2.5]})
    edge.rpc("bytes")
    edge.rpc("write", {})
    numbers = [float(number) for number in range(20)]
    edge.rpc("write", {"indexes": [None], "blobs": ["a", None], "doubles": [0]})
    edge.rpc("write", {"blobs": ["a"], "doubles": numbers})
    first, second, third, fourth, fifth = edge.env.EVENTS.points
    assert (first.indexes, first.blobs, first.doubles) == (("i",), ("x", "\u00e9"), (1, 2.5))
    assert (second.indexes, second.blobs, second.doubles) == ((), ("a", None, b"\xff"), (1.5, 0))
    assert (third.indexes, third.blobs, third.doubles) == ((), (), ())
    assert (fourth.indexes, fourth.blobs, fourth.doubles) == (("",), ("a", None), (0,))
    assert (fifth.indexes, fifth.blobs, fifth.doubles) == ((), ("a",), tuple(numbers))
    assert first.at == edge.world.clock.now
    name, message = _caught(edge, "write", {"indexes": ["a", "b"]})
    assert (name, message) == ("TypeError", "writeDataPoint(): Maximum of 1 indexes supported.")
    assert _caught(edge, "write", {"doubles": [0] * 21})[1] == "writeDataPoint(): Maximum of 20 doubles supported."
    assert _caught(edge, "write", {"blobs": 5})[0] == "TypeError"
    assert _caught(edge, "write", "text")[0] == "TypeError"
    too_large = {"indexes": ["i" * 97]}, {"blobs": ["b"] * 21}, {"blobs": ["b" * 16001]}
    assert [_caught(edge, "write", each)[1] for each in too_large] == [
        "writeDataPoint(): Size of indexes[0] exceeds 96 bytes).", "writeDataPoint(): Maximum of 20 blobs supported.",
        "writeDataPoint(): Cumulative size of blobs exceeds 16000 bytes).",
    ]  # fmt: skip
    assert len(edge.env.EVENTS.points) == 5


EMAIL = """
import { EmailMessage } from "cloudflare:email";
export default class extends Base {
  send(...args) { return this.env.EMAIL.send(...args); }
  raw(from, to, text) { return this.send(new EmailMessage(from, to, text)); }
  stream(from, to, text) { return this.send(new EmailMessage(from, to, new Response(text).body)); }
  fields() { const made = new EmailMessage("a@b.example", "c@d.example", "x"); return [made.from, made.to]; }
}
"""
RAW = "From: a@b.example\r\nTo: c@d.example\r\nMessage-ID: <1@b.example>\r\nSubject: Hi\r\n\r\nText"


def test_email(js_app: MakeApp) -> None:
    edge = js_app(HEAD + EMAIL, {"send_email": [{"name": "EMAIL", "allowed_destination_addresses": ["c@d.example"]}]})
    assert edge.rpc("fields") == ["a@b.example", "c@d.example"]
    answer = edge.rpc("raw", "a@b.example", "c@d.example", RAW)
    edge.rpc("stream", "a@b.example", "c@d.example", RAW)
    first, second = edge.env.EMAIL.sent
    assert answer == {"messageId": first.message_id}
    for sent in (first, second):
        assert (sent.from_, sent.to, sent.subject, sent.text) == ("a@b.example", ["c@d.example"], "Hi", "Text")
        assert sent.raw == RAW.encode()
    file = {"filename": "a.bin", "content": b"\x00\x01", "type": "application/octet-stream"}
    attached = [{**file, "disposition": "attachment"}]
    edge.rpc("send", {"from": "a@b.example", "to": "c@d.example", "subject": "S", "text": "T", "attachments": attached})
    built = edge.env.EMAIL.sent[2]
    assert (built.subject, built.text, built.attachments[0]["content"]) == ("S", "T", b"\x00\x01")
    assert _caught(edge, "raw", "a@b.example", "no@d.example", RAW) == ("Error", "email to no@d.example not allowed")
    assert _caught(edge, "send", "text")[0] == "TypeError"


def test_an_email_event_answers_with_a_message(js_app: MakeApp) -> None:
    source = """
    import { EmailMessage } from "cloudflare:email";
    export default {
      async email(message) {
        const raw = await new Response(message.raw).text();
        const text = "From: in@d.example\\r\\nTo: a@b.example\\r\\nMessage-ID: <2@d.example>\\r\\n" +
          `In-Reply-To: ${message.headers.get("message-id")}\\r\\n\\r\\n${raw.length}`;
        await message.reply(new EmailMessage(message.to, message.from, text));
      },
    };"""
    edge = js_app(source)
    result = edge.email("a@b.example", "in@d.example", RAW)
    assert result.error is None
    assert result.replies[0].raw.endswith(str(len(RAW)).encode())


def test_version_metadata(js_app: MakeApp) -> None:
    source = """export default class extends Base {
      version() { return { ...this.env.VERSION }; }
      text() { return JSON.stringify(this.env.VERSION); }
    }"""
    edge = js_app(HEAD + source, {"version_metadata": {"binding": "VERSION"}})
    found = edge.rpc("version")
    assert found == edge.env.VERSION.values()
    assert len(found["id"]) == 36
    edge.env.VERSION.set(tag="v2")
    assert edge.rpc("version")["tag"] == "v2"
    assert '"tag":"v2"' in edge.rpc("text")


def test_hyperdrive(js_app: MakeApp) -> None:
    source = """export default class extends Base {
      async parts() {
        const { connectionString, host, port, user, password, database } = this.env.HD;
        return [connectionString, host, port, user, password, database];
      }
      async connect() { return this.env.HD.connect(); }
    }"""
    edge = js_app(HEAD + source, {"hyperdrive": [{"binding": "HD", "id": "1"}]})
    name, message = _caught(edge, "parts")
    assert (name, message.split(":")[0]) == ("Error", "Hyperdrive 'HD' has no database in this test")
    edge.env.HD.use("postgres://me:pass@db.example/app")
    assert edge.rpc("parts") == ["postgres://me:pass@db.example/app", "db.example", 5432, "me", "pass", "app"]
    assert _caught(edge, "connect")[1].startswith("HD.connect() is not supported")


@pytest.mark.parametrize(
    "config", [{"version_metadata": {"binding": "V"}}, {"hyperdrive": [{"binding": "V", "id": "1"}]}]
)
def test_values_beside_a_process_env_that_is_made_at_start(js_app: MakeApp, config: dict[str, Any]) -> None:
    """With nodejs_compat the runtime looks through every binding before there is any event."""
    source = "export default { fetch: (request, env) => Response.json([process.env.A, 'V' in env]) };"
    edge = js_app(source, {"compatibility_flags": ["nodejs_compat"], "vars": {"A": "a"}, **config})
    assert edge.get("/").json() == ["a", True]


def test_assets(js_app: MakeApp) -> None:
    source = """export default class extends Base {
      async get(url, init) {
        const response = await this.env.ASSETS.fetch(url, init);
        return [response.status, response.headers.get("content-type"), await response.text(), response.url];
      }
      async same(url) { return this.get(new Request(url)); }
    }"""
    files = {"public/index.html": "<h1>Hi</h1>", "public/data/a b.json": "[1]"}
    config = {"assets": {"directory": "public", "binding": "ASSETS"}}
    edge = js_app(HEAD + source, config, files=files)
    page = "<h1>Hi</h1>"
    assert edge.rpc("get", "https://x.example/") == [200, "text/html; charset=utf-8", page, "https://x.example/"]
    assert edge.rpc("same", "https://x.example/data/a%20b.json")[1:3] == ["application/json", "[1]"]
    assert edge.rpc("get", "https://x.example/index.html")[2:] == [page, "https://x.example/"]
    assert edge.rpc("get", "https://x.example/nope")[0] == 404
    assert edge.rpc("get", "https://x.example/", {"method": "POST"})[0] == 405
    edge.faults.on("ASSETS.fetch").fail("lost")
    with pytest.raises(EdgeError, match="Network connection lost"):
        edge.rpc("get", "https://x.example/")
