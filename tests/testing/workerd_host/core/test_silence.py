"""When the clock may move while an event is in workerd: not before the app waits for it, whatever it does meanwhile."""

from __future__ import annotations

from typing import Any, Final

import pytest

from edgelint.testing.errors import HungError
from edgelint.testing.workerd_host import running
from tests.testing.workerd_host.conftest import MakeApp

START: Final = 1767225600000
QUEUE: Final[dict[str, Any]] = {
    "kv_namespaces": [{"binding": "KV", "id": "kv"}],
    "queues": {
        "producers": [{"binding": "Q", "queue": "q"}],
        "consumers": [{"queue": "q", "max_batch_timeout": 5}],
    },
}
BIG: Final = 30_000_000
"""Bytes that do not fit into what the system holds of a connection."""


@pytest.mark.parametrize(
    ("before", "wait"),
    [
        ("", "new Promise((resolve) => setTimeout(resolve, 0))"),
        ("", "new Promise((resolve) => setTimeout(resolve))"),
        ("", "new Promise((resolve) => setImmediate(resolve))"),
        ('import { setImmediate as soon } from "node:timers";', "new Promise((resolve) => soon(resolve))"),
        ('import { setImmediate as soon } from "node:timers/promises";', "soon()"),
    ],
)
def test_timers_of_no_length_are_waited_for(js_app: MakeApp, before: str, wait: str) -> None:
    edge = js_app(
        f"""
        {before}
        async function turns() {{ for (let at = 0; at < 20; at++) await {wait}; }}
        export default {{
          async fetch() {{
            let isLate = false;
            setTimeout(() => {{ isLate = true; }}, 1000);
            await turns();
            return Response.json([isLate, Date.now()]);
          }},
          async queue(batch, env) {{
            await turns();
            for (const message of batch.messages) await env.KV.put(message.body, "done");
          }},
        }};
        """,
        {**QUEUE, "compatibility_flags": ["nodejs_compat"]},
    )

    for at in range(5):
        assert edge.client.get("/").json() == [False, START + at * 5000]
        edge.env.Q.send(f"message {at}")
        edge.clock.advance(seconds=5)
        assert edge.env.KV.get(f"message {at}") == "done"


def test_a_timer_of_no_length_that_is_cleared_or_left_holds_nothing_up(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export default { async fetch() {
          const seen = [];
          clearTimeout(setTimeout(() => seen.push("cleared"), 0));
          clearImmediate(setImmediate(() => seen.push("cleared")));
          await scheduler.wait(1000);
          setTimeout(() => seen.push("left"), 0);
          return Response.json([seen, Date.now()]);
        } };
        """,
        {"compatibility_flags": ["nodejs_compat"]},
    )

    assert edge.client.get("/").json() == [[], START + 1000]
    assert edge.client.get("/").json() == [[], START + 2000]


def test_who_asks_for_ever_whether_time_goes_by_is_hung(js_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_HUNG_SECONDS", 0.3)
    edge = js_app(
        """
        const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
        export default { async fetch(request) {
          const until = Date.now() + 10;
          if (request.url.endsWith("timer")) setTimeout(() => {}, 20);
          while (Date.now() < until) await turn();
          return new Response(String(Date.now()));
        } };
        """
    )

    assert edge.client.get("/timer").text == str(START + 20)  # the clock goes on to what is due
    with pytest.raises(HungError):
        edge.client.get("/")


def test_timers_of_the_same_instant_run_in_the_order_in_which_they_were_set(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export default { async fetch() {
          const seen = [];
          const wait = (at) => new Promise((resolve) => setTimeout(() => resolve(seen.push(at)), at < 40 ? 10 : 5));
          await Promise.all(Array.from({ length: 50 }, (_, at) => wait(at)));
          return Response.json(seen);
        } };
        """
    )

    for _ in range(5):
        assert edge.client.get("/").json() == [*range(40, 50), *range(40)]


def test_the_clock_stands_while_big_bodies_are_on_their_way(js_app: MakeApp) -> None:
    edge = js_app(
        f"""
        export default {{ async fetch(request, env) {{
          const signal = AbortSignal.timeout(3000);
          let size = 0;
          if (request.method === "POST") {{
            for await (const part of request.body) size += part.byteLength;
          }} else if (request.method === "PUT") {{
            ({{ size }} = await env.FILES.put("a", new Uint8Array({BIG})));
          }} else {{
            size = (await (await env.FILES.get("a")).arrayBuffer()).byteLength;
          }}
          return Response.json([size, signal.aborted]);
        }} }};
        """,
        {"r2_buckets": [{"binding": "FILES", "bucket_name": "files"}]},
    )

    for _ in range(2):
        assert edge.client.post("/", content=b"x" * BIG).json() == [BIG, False]
        assert edge.client.put("/").json() == [BIG, False]
        assert edge.client.get("/").json() == [BIG, False]


def test_an_abort_after_no_time_comes_after_the_code_that_asked_for_it(js_app: MakeApp) -> None:
    edge = js_app(
        """
        export default { async fetch() {
          const signal = AbortSignal.timeout(0);
          const before = signal.aborted;
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          return Response.json([before, signal.reason.name]);
        } };
        """
    )

    assert edge.client.get("/").json() == [False, "TimeoutError"]
