"""A JavaScript worker beside its events: its console, what it lacks, what it does beside others of its world."""

from __future__ import annotations

import os
import signal

import pytest

from edgelint.testing.edge import Edge
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest
from edgelint.testing.workerd_host import running
from edgelint.testing.workerd_host.errors import JsError
from edgelint.testing.workerd_host.process import Process, WorkerdError
from tests.testing.workerd_host.conftest import MakeApp

# The console


def test_every_level_of_the_console(js_app: MakeApp) -> None:
    edge = js_app("""
        console.log("at the top");
        export default {
          fetch() {
            console.log("text", 1, { a: [1] }, null, undefined);
            console.info("i"); console.debug("d"); console.warn("w"); console.error("e");
            console.log();
            console.log("two\\nlines");
            return new Response();
          },
        };
    """)

    edge.get("/")

    assert edge.logs[-8:] == [
        ("log", "at the top"), ("log", "text 1 { a: [ 1 ] } null undefined"), ("info", "i"), ("debug", "d"),
        ("warn", "w"), ("error", "e"), ("log", ""), ("log", "two\nlines"),
    ]  # fmt: skip


def test_the_stack_of_an_error_in_the_console_is_mapped(js_app: MakeApp) -> None:
    edge = js_app(
        "export default {\n  fetch(request: Request): Response {\n    console.error(new Error('noted'));\n"
        "    return new Response();\n  },\n};",
        main="src/index.ts",
    )  # fmt: skip

    edge.get("/")

    assert edge.logs == [("error", "Error: noted\n    at Object.fetch (src/index.ts:3:19)")]


# What is thrown unseen


def test_a_rejection_that_is_handled_late_is_none(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          async fetch() {
            const late = Promise.reject(new Error("late"));
            await scheduler.wait(5);
            await late.catch(() => undefined);
            return new Response();
          },
        };
    """)

    edge.get("/")

    edge.verify()


def test_a_rejection_that_the_app_takes_for_handled(js_app: MakeApp) -> None:
    edge = js_app("""
        addEventListener("unhandledrejection", (event) => {
          event.preventDefault();
          console.log("seen", event.reason);
        });
        export default {
          async fetch() { Promise.reject("reason"); await scheduler.wait(5); return new Response(); },
        };
    """)

    edge.get("/")

    assert ("log", "seen reason") in edge.logs
    edge.verify()


@pytest.mark.parametrize(
    "statement",
    [
        "reportError(new TypeError('unseen'));", "queueMicrotask(() => { throw new TypeError('unseen'); });",
        "setTimeout(() => { throw new TypeError('unseen'); }, 0);",
        "setInterval(() => { throw new TypeError('unseen'); }, 30);",
        "Promise.reject(new TypeError('unseen'));", "ctx.waitUntil(Promise.reject(new TypeError('unseen')));",
    ],
)  # fmt: skip
def test_what_nobody_catches_fails_the_test_at_its_place(js_app: MakeApp, statement: str) -> None:
    edge = js_app(
        f"export default {{\n  async fetch(request, env, ctx) {{\n    {statement}\n    await scheduler.wait(50);\n"
        "    return new Response();\n  },\n};"
    )  # fmt: skip

    edge.get("/")

    with pytest.raises(AssertionError, match="TypeError: unseen") as caught:
        edge.verify()
    assert "src/index.js:3:" in str(caught.value)
    assert statement in str(caught.value)


def test_wait_until_that_fails_after_the_clock_moved(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          async fetch(request, env, ctx) {
            ctx.waitUntil(scheduler.wait(60_000).then(() => { throw new Error("a minute later"); }));
            return new Response();
          },
        };
    """)

    edge.get("/")
    edge.verify()
    edge.clock.advance(minutes=1)

    assert any("waitUntil of fetch: JsError: Error: a minute later" in each for each in edge.problems())


# What it lacks


def test_a_binding_of_a_kind_without_a_fake_is_refused_by_name(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export default {
          async fetch(request, env) {
            if (new URL(request.url).pathname === "/without") return new Response("fine");
            return new Response(await env.BROWSER.fetch("https://x.example/"));
          },
        };
        """,
        {"browser": {"binding": "BROWSER"}},
    )

    assert edge.get("/without").text == "fine"
    with pytest.raises(JsError, match=r"BROWSER is .*edgelint has no fake of that kind of binding"):
        edge.get("/")


def test_an_object_that_is_not_of_javascript(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch() {} };")

    with pytest.raises(EdgeUsageError, match="lives in workerd"):
        edge.world.run(edge.world.host_of(None).create_object("X", None))


# A plain object


def test_rpc_to_a_plain_object(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export default {
          one(arg, env, ctx) { return [arg, env.A, typeof ctx.waitUntil]; },
          four(a, b, env, ctx) {},
          text: "no function",
          fetch() {},
        };
        """,
        {"vars": {"A": "a"}},
    )

    assert edge.rpc("one", 5) == [5, "a", "function"]
    for call in (("one",), ("one", 1, 2), ("four", 1)):
        with pytest.raises(EdgeError, match="one argument"):
            edge.rpc(*call)
    with pytest.raises(EdgeError, match='"text" is not a function'):
        edge.rpc("text", 1)
    with pytest.raises(EdgeError, match="does not implement the method"):
        edge.rpc("toString", 1)


def test_keywords_are_a_last_argument(js_app: MakeApp) -> None:
    edge = js_app("""
        import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint { call(...args) { return args; } }
    """)

    assert edge.rpc("call", 1, limit=2) == [1, {"limit": 2}]


def test_a_fetch_to_a_named_entrypoint_with_props(js_app: MakeApp) -> None:
    edge = js_app("""
        import { WorkerEntrypoint } from "cloudflare:workers";
        export class Named extends WorkerEntrypoint {
          fetch() { return Response.json(this.ctx.props); }
          props() { return this.ctx.props; }
        }
        export default { fetch() {} };
    """)
    host = edge.world.host_of(None)

    async def ask() -> bytes:
        response = await host.fetch(HttpRequest("GET", "https://x.example/"), "Named", {"a": 1})
        return await response.read()

    assert edge.world.run(ask()) == b'{"a":1}'
    assert edge.world.run(host.call("Named", "props", [], {}, {"b": 2})) == {"b": 2}


# A script


def test_a_script_with_event_listeners(js_app: MakeApp) -> None:
    edge = js_app(
        """
        addEventListener("fetch", (event) => {
          event.waitUntil(Promise.reject(new Error("in waitUntil")));
          event.respondWith(new Response(`${A} ${new URL(event.request.url).pathname} ${Date.now()}`));
        });
        addEventListener("scheduled", (event) => { event.waitUntil(KV.put("cron", event.cron)); });
        """,
        {"vars": {"A": "a"}, "kv_namespaces": [{"binding": "KV", "id": "kv"}]},
    )

    assert edge.get("/x").text == f"a /x {edge.clock.now.timestamp() * 1000:.0f}"
    assert any("in waitUntil" in each for each in edge.problems())
    edge.scheduled("0 0 * * *")
    assert edge.env.KV.get("cron") == "0 0 * * *"


# Several


def test_workers_of_one_world_share_its_time_and_have_a_chance_of_their_own(js_app: MakeApp) -> None:
    other = """
        import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint {
          fetch() { return new Response("fetched"); }
          seen() { return [Date.now(), Math.random()]; }
          fails() { throw new RangeError("in the other"); }
        }
    """
    edge = js_app(
        """
        import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint {
          async seen() {
            await this.env.OTHER.seen();
            await scheduler.wait(1000);
            return [await this.env.OTHER.seen(), Date.now(), await (await this.env.OTHER.fetch("https://o.example/")).text()];
          }
          caught() { return this.env.OTHER.fails().catch((error) => error.name); }
          uncaught() { return this.env.OTHER.fails(); }
        }
        """,
        {"services": [{"binding": "OTHER", "service": "other"}]},
        files={"other/wrangler.json": '{"name": "other", "main": "index.js", "compatibility_date": "2026-06-01"}',
               "other/index.js": other},
    )  # fmt: skip

    (theirs, number), mine, text = edge.rpc("seen")
    assert theirs == mine == edge.clock.now.timestamp() * 1000
    assert (text, 0 <= number < 1) == ("fetched", True)
    assert edge.rpc("caught") == "RangeError"
    edge.verify()
    with pytest.raises(JsError, match="in the other"):
        edge.rpc("uncaught")


def test_a_world_beside_another_one_has_a_process_of_its_own(js_app: MakeApp) -> None:
    edge = js_app(
        "let n = 0; export default { fetch: () => new Response(String(++n)) };", isolation="session",
    )  # fmt: skip

    assert edge.get("/").text == "1"
    with edge.fresh() as other:
        assert other.get("/").text == "1"
    with edge.fresh(seed=1) as other:
        assert other.get("/").text == "1"
        assert edge.get("/").text == "2"
    edge.close()
    with edge.fresh() as other:
        assert other.get("/").text == "3"


@pytest.mark.parametrize(("name", "count"), [("app", 1), ("internet", 0)])
def test_the_runtime_makes_no_service_that_reads_the_certificates_of_the_system(
    js_app: MakeApp, name: str, count: int
) -> None:
    edge = js_app("export default { fetch: () => new Response('hi') };", {"name": name})

    assert edge.get("/").text == "hi"

    config = (running_of(edge).folder / "workerd.capnp").read_text()
    assert config.count('(name = "internet", network = (allow = []))') == count
    assert config.count('(name = "internet", worker = ') == 1 - count


def test_processes_of_a_long_session_are_started_with_the_binary_form(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export default {
          async fetch(request, env) {
            const seen = await env.KV.get("key");
            await env.KV.put("key", "value");
            return new Response(`${env.NAME} ${seen}`);
          },
        };
        """,
        {"kv_namespaces": [{"binding": "KV", "id": "1"}], "vars": {"NAME": "ünï \U0001f600 \"\\"}},
    )
    forms: list[bytes] = []
    for _ in range(4):
        with edge.fresh() as world:
            assert world.get("/").text == "ünï \U0001f600 \"\\ null"
            workerd: running.Workerd = world.world.shared(("workerd",), lambda: pytest.fail("it does not run"))
            forms.append((workerd.process.folder / "workerd.capnp").read_bytes()[:5])
            if (compiled := workerd._pool._compiled) is not None:
                compiled._popen.wait(30)

    assert forms[0] == b"using"
    assert forms[-1] != b"using"


# Ends


def test_an_endless_loop_is_ended(js_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_ASK_SECONDS", 0.5)
    monkeypatch.setattr(running, "_HUNG_SECONDS", 0.2)
    edge = js_app("export default { fetch() { while (true) {} } };")

    with pytest.raises(EdgeError, match=r"the app did not give back control for 0.5 s of real time: an endless loop\?"):
        edge.get("/")


def test_workerd_that_ends_is_told_with_its_last_words(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch() { console.log('last words'); return new Response(); } };")
    edge.get("/")
    process = running_of(edge)

    os.kill(int((process.folder / "pid").read_text()), signal.SIGKILL)

    with pytest.raises(
        WorkerdError, match="workerd was ended by SIGKILL in the middle of the test\nlast words"
    ) as caught:
        edge.get("/")
    assert caught.value.what == "workerd was ended by SIGKILL in the middle of the test"
    edge.close()
    assert not process.folder.exists()


def running_of(edge: Edge) -> Process:
    found: running.Workerd = edge.world.shared(("workerd",), lambda: pytest.fail("it does not run"))
    return found.process


def test_what_wait_until_is_given_while_the_body_is_read(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export default { async fetch(request, env, ctx) {
          let times = 0;
          const stream = new ReadableStream({ async pull(controller) {
            if (++times === 3) return controller.close();
            await scheduler.wait(1000);
            ctx.waitUntil(Promise.reject(new Error(`late ${times}`)));
            controller.enqueue(new TextEncoder().encode("part"));
          } });
          return new Response(stream);
        } };
        """,
        strict=False,
    )

    assert edge.client.get("/").text == "partpart"
    said = "\n".join(edge.problems())
    assert "late 1" in said
    assert "late 2" in said
    assert said.count("waitUntil of fetch") == 2
