"""The fetch event of a JavaScript worker: what its handler sees of a request, and what a test gets of its response."""

from __future__ import annotations

import asyncio
import json
import re

import httpx
import pytest

from edgelint.testing.errors import HungError
from edgelint.testing.http import HttpRequest
from edgelint.testing.workerd_host.errors import JsError
from tests.testing.workerd_host.conftest import MakeApp

ECHO = """
export default {
  async fetch(request) {
    return Response.json({
      method: request.method, url: request.url, headers: [...request.headers], body: await request.text(),
      cf: request.cf ?? null, redirect: request.redirect,
    });
  },
};
"""


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_method_url_headers_and_body_arrive(js_app: MakeApp, method: str) -> None:
    edge = js_app(ECHO)
    body = None if method in ("GET", "OPTIONS") else "käse"

    response = edge.request(
        method,
        "https://shop.example:8443/a%20b/c?x=1&y=%C3%A4&z",
        content=body,
        headers={"x-two": "b", "accept": "a/b"},
    )

    seen = response.json()
    assert (seen["method"], seen["url"]) == (method, "https://shop.example:8443/a%20b/c?x=1&y=%C3%A4&z")
    assert seen["body"] == (body or "")
    assert ["x-two", "b"] in seen["headers"]
    assert ["host", "shop.example:8443"] in seen["headers"]
    assert not [name for name, _ in seen["headers"] if "edgelint" in name]


def test_request_cf_is_what_the_test_gives_and_nothing_otherwise(js_app: MakeApp) -> None:
    edge = js_app(ECHO)

    def cf_of(cf: dict[str, object] | None) -> object:
        async def ask() -> object:
            response = await edge.serve(HttpRequest("GET", "https://a.example/", cf=cf))
            return json.loads(response.whole())["cf"]

        return edge.world.run(ask(), origin="app")

    assert cf_of({"colo": "FRA", "country": "DE"}) == {"colo": "FRA", "country": "DE"}
    assert cf_of(None) is None


def test_head_has_headers_and_no_body(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch: (request) => new Response('12345', { headers: { etag: '\"a\"' } }) };")

    response = edge.client.head("/")

    assert (response.status_code, response.content, response.headers["etag"]) == (200, b"", '"a"')


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_body(js_app: MakeApp, status: int) -> None:
    edge = js_app(
        f"export default {{ fetch: () => new Response(null, {{ status: {status}, headers: {{ a: 'b' }} }}) }};"
    )

    response = edge.get("/")

    assert (response.status_code, response.content, response.headers["a"]) == (status, b"", "b")


def test_a_redirect_is_not_followed(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch: () => Response.redirect('https://other.example/', 307) };")

    response = edge.get("/")

    assert (response.status_code, response.headers["location"]) == (307, "https://other.example/")


def test_several_cookies_and_the_status_text(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          fetch() {
            const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2; Path=/"], ["x", "1"], ["x", "2"]]);
            return new Response("hm", { status: 418, statusText: "Short and stout", headers });
          },
        };
    """)

    response = edge.get("/")

    assert response.headers.get_list("set-cookie") == ["a=1", "b=2; Path=/"]
    assert response.headers["x"] == "1, 2"
    assert (response.status_code, response.reason_phrase) == (418, "Short and stout")


def test_a_content_encoding_is_taken_off_by_the_client_of_the_test(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          fetch(request) {
            const manual = new URL(request.url).pathname === "/manual";
            const plain = new Response("hello hello hello").body;
            const body = manual ? plain.pipeThrough(new CompressionStream("gzip")) : plain;
            const encodeBody = manual ? "manual" : "automatic";
            return new Response(body, { headers: { "content-encoding": "gzip" }, encodeBody });
          },
        };
    """)

    automatic = edge.get("/")

    assert automatic.text == "hello hello hello"


def test_a_body_that_is_produced_over_time(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          fetch() {
            const { readable, writable } = new TransformStream();
            const work = async () => {
              const writer = writable.getWriter();
              for (let i = 0; i < 3; i++) {
                await writer.write(new TextEncoder().encode(`data: ${i} at ${Date.now()}\\n\\n`));
                await scheduler.wait(60_000);
              }
              await writer.close();
            };
            work();
            return new Response(readable, { headers: { "content-type": "text/event-stream" } });
          },
        };
    """)
    began = edge.clock.now

    response = edge.get("/")

    times = [int(each) for each in re.findall(r"at (\d+)", response.text)]
    assert [each - times[0] for each in times] == [0, 60_000, 120_000]
    assert (edge.clock.now - began).total_seconds() == 180
    assert response.headers["content-type"] == "text/event-stream"


def test_large_bodies_both_ways(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch: (request) => new Response(request.body) };")
    body = bytes(range(256)) * 40_000

    assert edge.post("/", content=body).content == body


def test_large_headers_both_ways(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch: (r) => new Response(null, { headers: { y: r.headers.get('x') } }) };")

    assert edge.get("/", headers={"x": "v" * 60_000}).headers["y"] == "v" * 60_000


def test_what_the_handler_throws_is_raised_with_the_place_in_the_source(js_app: MakeApp) -> None:
    edge = js_app(
        """
        interface Env { A: string }
        function fails(n: number): never {
          throw new RangeError(`no ${n}`);
        }
        export default {
          async fetch(request: Request, env: Env): Promise<Response> { return fails(3); },
        };
        """,
        main="src/index.ts",
    )

    with pytest.raises(JsError) as caught:
        edge.get("/")

    error = caught.value
    assert (error.name, error.message) == ("RangeError", "no 3")
    lines = str(error).splitlines()
    assert lines[0] == "RangeError: no 3"
    assert lines[1] == "    at fails (src/index.ts:4:17)"
    assert lines[2] == "      throw new RangeError(`no ${n}`);"
    assert lines[3].startswith("    at Object.fetch (src/index.ts:7:")
    assert len(lines) == 4


def test_what_is_thrown_and_no_error(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch() { throw 'a text'; } };")

    with pytest.raises(JsError, match="a text"):
        edge.get("/")


def test_without_raising_it_is_the_response_of_the_platform(js_app: MakeApp) -> None:
    edge = js_app("export default { fetch() { throw new Error('no'); } };", raise_exceptions=False)

    response = edge.get("/")

    assert (response.status_code, response.text) == (500, "error code: 1101")
    edge.verify()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("export default { async fetch() { return 'text'; } };", "did not resolve to 'Response'"),
        ("export default { scheduled() {} };", "Handler does not export a fetch() function."),
        ("export default {};", "Handler does not export a fetch() function."),
    ],
)
def test_a_handler_that_gives_no_response(js_app: MakeApp, body: str, said: str) -> None:
    edge = js_app(body)

    with pytest.raises(JsError) as caught:
        edge.get("/")

    assert caught.value.name == "TypeError"
    assert said in caught.value.message


def test_a_body_that_fails_on_its_way(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          fetch() {
            let n = 0;
            return new Response(new ReadableStream({
              pull(controller) {
                if (n++ < 2) controller.enqueue(new TextEncoder().encode("part"));
                else controller.error(new Error("the source broke"));
              },
            }));
          },
        };
    """)

    with pytest.raises(Exception, match=r"the source broke|Network connection lost"):
        edge.get("/")


def test_a_worker_that_is_a_class(js_app: MakeApp) -> None:
    edge = js_app("""
        import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint {
          fetch(request) { return new Response(`${this.env.GREETING} ${new URL(request.url).pathname}`); }
        }
    """, {"vars": {"GREETING": "hi"}})  # fmt: skip

    assert edge.get("/x").text == "hi /x"


def test_requests_together_take_turns(js_app: MakeApp) -> None:
    edge = js_app("""
        let busy = 0, most = 0;
        export default {
          async fetch() {
            most = Math.max(most, ++busy);
            await scheduler.wait(10);
            busy--;
            return Response.json(most);
          },
        };
    """)

    answers = edge.together(("GET", "/1"), ("GET", "/2"), ("GET", "/3"))

    assert [each.json() for each in answers] == [3, 3, 3]


def test_requests_of_a_test_that_awaits(js_app: MakeApp) -> None:
    edge = js_app(ECHO)

    async def ask() -> list[httpx.Response]:
        return list(await asyncio.gather(edge.async_client.get("/1"), edge.async_client.get("/2")))

    answers = asyncio.run(ask())

    assert [each.json()["url"] for each in answers] == ["https://example.com/1", "https://example.com/2"]


def test_vars_and_secrets_are_in_env(js_app: MakeApp) -> None:
    edge = js_app(
        "export default { fetch: (request, env) => Response.json([env.TEXT, env.DATA, env.KEY, env.GIVEN, env.ODD]) };",
        {"vars": {"TEXT": 'a "quoted" \\ ü\n', "DATA": {"a": [1, None, "ü"]}, "ODD": ""}},
        files={".dev.vars": "KEY=secret\n"}, vars={"GIVEN": 7},
    )  # fmt: skip

    assert edge.get("/").json() == ['a "quoted" \\ ü\n', {"a": [1, None, "ü"]}, "secret", 7, ""]


def test_outbound_fetch_is_blocked_by_default_and_answered_by_the_test(js_app: MakeApp) -> None:
    edge = js_app("""
        export default {
          async fetch(request) {
            try {
              const answer = await fetch("https://api.example/v1?q=1", { method: "POST", body: "b" });
              return new Response(`${answer.status} ${await answer.text()}`);
            } catch (error) {
              return new Response(`${error.name}: ${error.message}`);
            }
          },
        };
    """)

    assert edge.get("/").text == "Error: Network connection lost."
    assert any(
        "edgelint blocks outbound fetch: no answer for POST https://api.example/v1?q=1" in t for _, t in edge.logs
    )
    assert "outbound fetch without an answer: POST https://api.example/v1?q=1" in edge.problems()

    edge.outbound.reset()
    edge.outbound.add_response(201, url="https://api.example/v1?q=1", text="made", match_content=b"b")
    assert edge.get("/").text == "201 made"
    edge.verify()


def test_a_body_that_never_comes_to_its_end_is_hung(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export default { fetch() {
          return new Response(new ReadableStream({ pull() { return new Promise(() => {}); } }));
        } };
        """
    )

    with pytest.raises(HungError, match="would never generate a response"):
        edge.client.get("/")
    assert edge.problems() == []


def test_an_upload_that_the_app_gives_up_is_no_failure(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export default { async fetch() {
          const abort = new AbortController();
          const body = new ReadableStream({ async start(controller) {
            controller.enqueue(new Uint8Array(10));
            await scheduler.wait(1000);
            abort.abort();
          } });
          const sent = fetch("https://files.example.com/", { method: "PUT", body, signal: abort.signal });
          return new Response(await sent.catch((error) => error.name));
        } };
        """
    )

    assert edge.client.get("/").text == "AbortError"
    assert edge.problems() == []
