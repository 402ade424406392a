"""Events of a JavaScript worker that are no requests: cron triggers, queues, email, RPC, WebSockets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError
from edgelint.testing.sockets import Close
from edgelint.testing.workerd_host.errors import JsError
from tests.testing.workerd_host.conftest import MakeApp

RECORD = "globalThis.seen ??= []; const seen = globalThis.seen;"


# Cron triggers


def test_scheduled_gets_its_cron_time_env_and_context(js_app: MakeApp) -> None:
    edge = js_app(
        f"""
        {RECORD}
        export default {{
          async scheduled(controller, env, ctx) {{
            seen.push([controller.cron, controller.scheduledTime, controller.type, env.A, typeof ctx.waitUntil]);
          }},
          fetch: () => Response.json(seen),
        }};
        """,
        {"triggers": {"crons": ["*/5 * * * *"]}, "vars": {"A": "a"}},
    )

    first = edge.scheduled()
    edge.scheduled("0 0 * * *", at=datetime(2026, 1, 2, tzinfo=UTC))

    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    seen = edge.get("/").json()
    assert seen[0] == ["*/5 * * * *", start, "scheduled", "a", "function"]
    assert seen[-1] == ["0 0 * * *", start + 86_400_000, "scheduled", "a", "function"]
    assert len(seen) == 2 + 24 * 12  # the triggers that were due on the way fired too
    assert first.retry


def test_scheduled_without_retry_and_with_an_error(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          async scheduled(controller) {
            controller.noRetry();
            if (controller.cron === "1 1 * * *") throw new Error("no cron");
          },
        };
    """)

    assert not edge.scheduled("0 0 * * *").retry
    with pytest.raises(JsError, match="no cron"):
        edge.scheduled("1 1 * * *")


def test_an_event_without_its_handler(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch: () => new Response() };")

    with pytest.raises(JsError, match=r"Handler does not export a scheduled\(\) function."):
        edge.scheduled("0 0 * * *")
    assert edge.world.host_of(None).has_handler("fetch")
    assert not edge.world.host_of(None).has_handler("scheduled")
    assert not edge.world.host_of(None).has_handler("queue")


def test_the_handlers_of_a_class(js_app: MakeApp) -> None:
    edge = js_app("""
        import { WorkerEntrypoint } from "cloudflare:workers";
        export class Other extends WorkerEntrypoint { queue() {} }
        export default class extends WorkerEntrypoint { async fetch() { return new Response(); } scheduled() {} }
    """)
    host = edge.world.host_of(None)

    assert [name for name in ("fetch", "scheduled", "queue", "email") if host.has_handler(name)] == [
        "fetch",
        "scheduled",
    ]


# Queues

CONSUMER = """
export default {
  async queue(batch, env, ctx) {
    for (const message of batch.messages) {
      if (!(message.timestamp instanceof Date)) throw new Error("no date");
      const { kind, ...rest } = message.body;
      if (kind === "ack") message.ack();
      if (kind === "retry") message.retry();
      if (kind === "later") message.retry({ delaySeconds: 60 });
      if (kind === "ackAll") batch.ackAll();
      if (kind === "retryAll") batch.retryAll({ delaySeconds: 5 });
      if (kind === "throw") throw new TypeError("no message");
      if (kind === "mutate") message.body.kind = "changed";
      console.log(batch.queue, message.id.length > 0, message.attempts, JSON.stringify(rest));
    }
  },
};
"""


def test_queue_acks_and_retries_each_message(js_app: MakeApp) -> None:
    edge = js_app(CONSUMER)

    result = edge.queue("jobs", [{"kind": "ack"}, {"kind": "retry"}, {"kind": "later"}, {"kind": "none", "n": 1}])

    assert (result.acked, result.retried) == ([0, 3], {1: 0, 2: 60})
    assert edge.logs[0][1].startswith("jobs true 1")
    assert '{"n":1}' in edge.logs[-1][1]


@pytest.mark.parametrize(
    ("kinds", "acked", "retried"),
    [
        (["none", "ackAll"], [0, 1], {}),
        (["none", "retryAll"], [], {0: 5, 1: 5}),
        (["ack", "retryAll"], [0], {1: 5}),
        (["retry", "ackAll"], [1], {0: 0}),
    ],
)
def test_queue_acks_and_retries_the_batch(
    js_app: MakeApp, kinds: list[str], acked: list[int], retried: dict[int, int]
) -> None:
    edge = js_app(CONSUMER)

    result = edge.queue("jobs", [{"kind": kind} for kind in kinds])

    assert (result.acked, result.retried) == (acked, retried)


def test_queue_handler_that_throws_retries_what_it_did_not_ack(js_app: MakeApp) -> None:
    edge = js_app(CONSUMER)

    result = edge.queue("jobs", [{"kind": "ack"}, {"kind": "throw"}])

    assert (result.outcome, result.acked, list(result.retried)) == ("exception", [0], [1])
    assert isinstance(result.error, JsError)
    assert (result.error.name, result.error.message) == ("TypeError", "no message")
    assert "src/index.js:" in str(result.error)


def test_queue_bodies_are_structured_clones(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          async queue(batch) {
            for (const { body } of batch.messages) {
              const text = body instanceof Date ? body.toISOString() : String(body);
              console.log(Object.prototype.toString.call(body), text);
            }
          },
        };
    """)

    edge.queue("jobs", ["text", 1.5, None, datetime(2026, 1, 1, tzinfo=UTC), b"ab", [1, 2], {1: 2}])

    assert [text for _, text in edge.logs] == [
        "[object String] text", "[object Number] 1.5", "[object Null] null", "[object Date] 2026-01-01T00:00:00.000Z",
        "[object Uint8Array] 97,98", "[object Array] 1,2", "[object Map] [object Map]",
    ]  # fmt: skip


# Email

MAIL = b"From: a@example.com\r\nTo: b@example.com\r\nMessage-ID: <1@example.com>\r\nSubject: hi\r\n\r\nhello\r\n"


def test_email_is_read_forwarded_and_answered(js_app: MakeApp) -> None:
    edge = js_app("""
        import { EmailMessage } from "cloudflare:email";
        export default {
          async email(message, env, ctx) {
            const text = await new Response(message.raw).text();
            console.log(message.from, message.to, message.headers.get("subject"), message.rawSize, text.length);
            await message.forward("c@example.com", new Headers({ "X-Note": "n" }));
            const raw = [
              "From: b@example.com", "To: a@example.com", "In-Reply-To: <1@example.com>", "Message-ID: <2@example.com>",
              "Subject: re", "", "thanks", "",
            ].join("\\r\\n");
            await message.reply(new EmailMessage("b@example.com", "a@example.com", raw));
          },
        };
    """)

    result = edge.email("a@example.com", "b@example.com", MAIL)

    assert edge.logs == [("log", f"a@example.com b@example.com hi {len(MAIL)} {len(MAIL)}")]
    assert (result.outcome, result.reject_reason) == ("ok", None)
    assert [each.recipient for each in result.forwards] == ["c@example.com"]
    assert [(each.sender, b"thanks" in each.raw) for each in result.replies] == [("b@example.com", True)]


def test_email_is_rejected(js_app: MakeApp) -> None:
    edge = js_app("export default { async email(message) { message.setReject('no such address'); } };")

    assert edge.email("a@example.com", "b@example.com", MAIL).reject_reason == "no such address"


def test_what_an_email_refuses_is_thrown_in_the_app(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          async email(message) {
            try { await message.forward("c@example.com", new Headers({ "Subject": "other" })); }
            catch (error) { console.log(error instanceof Error, error.message); }
          },
        };
    """)

    edge.email("a@example.com", "b@example.com", MAIL)

    assert len(edge.logs) == 1
    assert edge.logs[0][1].startswith("true ")


# RPC

RPC = """
import { WorkerEntrypoint } from "cloudflare:workers";
export class Admin extends WorkerEntrypoint {
  async whoami() { return [this.env.A, this.ctx.props ?? null]; }
  fails() { throw Object.assign(new RangeError("too far"), { retryable: true }); }
}
export default class extends WorkerEntrypoint {
  async add(a, b) { return a + b; }
  async echo(value) { return value; }
  async nothing() {}
  async func() { return () => 1; }
}
"""


def test_rpc_to_the_default_export_and_to_a_named_one(js_app: MakeApp) -> None:
    edge = js_app(RPC, {"vars": {"A": "a"}})

    assert edge.rpc("add", 1, 2) == 3
    assert edge.rpc("whoami", entrypoint="Admin") == ["a", {}]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1,
        -0.5,
        "ü",
        b"\x00\xff",
        [1, [2]],
        {"a": {"b": []}},
        {1: "x"},
        {1, 2},
        datetime(2026, 1, 1, 12, tzinfo=UTC),
    ],
)
def test_rpc_values_come_back_as_they_went(js_app: MakeApp, value: Any) -> None:
    assert js_app(RPC).rpc("echo", value) == value


def test_rpc_that_gives_nothing_and_that_fails(js_app: MakeApp) -> None:
    edge = js_app(RPC)

    assert edge.rpc("nothing") is None
    with pytest.raises(JsError, match="too far") as caught:
        edge.rpc("fails", entrypoint="Admin")
    assert caught.value.name == "RangeError"
    assert caught.value.retryable
    assert "at Admin.fails (src/index.js:5:" in str(caught.value)
    with pytest.raises(EdgeError, match=r'The RPC receiver does not implement the method "missing"\.'):
        edge.rpc("missing")
    with pytest.raises(EdgeError, match="DataCloneError: the result is a function, which does not cross here"):
        edge.rpc("func")
    with pytest.raises(EdgeError, match=r"arguments\[0\].call is a function, which does not cross here"):
        edge.rpc("nothing", {"call": len})


@pytest.mark.parametrize("method", ["constructor", "fetch", "toString", "__proto__", "hasOwnProperty"])
def test_rpc_reaches_no_method_that_is_not_the_class_s_own(js_app: MakeApp, method: str) -> None:
    with pytest.raises(EdgeError):
        js_app(RPC).rpc(method)


def test_rpc_to_an_entrypoint_that_is_not_there(js_app: MakeApp) -> None:
    with pytest.raises(EdgeError, match="Nobody"):
        js_app(RPC).rpc("add", 1, 2, entrypoint="Nobody")


# WebSockets

CHAT = """
export default {
  fetch(request) {
    if (request.headers.get("upgrade") !== "websocket") return new Response("no", { status: 426 });
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.binaryType = "arraybuffer";
    server.addEventListener("message", async ({ data }) => {
      if (data === "time") server.send(String(Date.now()));
      else if (data === "sleep") { await scheduler.wait(1000); server.send("slept"); }
      else if (data === "bye") server.close(4001, "told to");
      else server.send(typeof data === "string" ? `got ${data}` : data);
    });
    server.addEventListener("close", ({ code, reason }) => console.log("closed", code, reason));
    return new Response(null, { status: 101, webSocket: client, headers: { "x-a": "b" } });
  },
};
"""


def test_a_web_socket_carries_text_and_bytes_and_closes(js_app: MakeApp) -> None:
    edge = js_app(CHAT)
    socket = edge.websocket("/")

    socket.send("hello")
    assert socket.receive() == "got hello"
    socket.send(b"\x00\x01")
    assert socket.receive() == b"\x00\x01"
    socket.send("bye")
    assert socket.receive() == Close(4001, "told to")


def test_a_web_socket_that_the_test_closes(js_app: MakeApp) -> None:
    edge = js_app(CHAT)
    socket = edge.websocket("/")

    socket.close(4000, "enough")
    edge.world.settle()

    assert ("log", "closed 4000 enough") in edge.logs


def test_a_message_sees_the_time_that_the_test_has_moved_to(js_app: MakeApp) -> None:
    edge = js_app(CHAT)
    socket = edge.websocket("/")

    edge.clock.advance(hours=3)
    socket.send("time")
    assert int(socket.receive()) == edge.clock.now.timestamp() * 1000

    socket.send("sleep")
    assert socket.receive() == "slept"


def test_a_large_message(js_app: MakeApp) -> None:
    edge = js_app(CHAT)
    socket = edge.websocket("/")
    content = bytes(range(256)) * 3000

    socket.send(content)

    assert socket.receive() == content


def test_no_web_socket(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch: () => new Response('no', { status: 403 }) };")

    with pytest.raises(AssertionError, match="opened no WebSocket: it answered 403"):
        edge.websocket("/")


def test_a_web_socket_that_is_open_at_the_end_of_a_test_is_no_problem(js_app: MakeApp) -> None:
    edge = js_app(CHAT)
    edge.websocket("/")

    edge.verify()
