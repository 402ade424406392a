"""Time, timers and chance in a JavaScript worker: the test's, whatever way the app asks for them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgelint.testing.errors import HungError
from tests.testing.workerd_host.conftest import MakeApp

START = datetime(2026, 3, 4, 5, 6, 7, 250_000, tzinfo=UTC)
MS = START.timestamp() * 1000


def js(body: str, before: str = "") -> str:
    """A worker that answers with what ``body`` gives."""
    return f"{before}\nexport default {{ async fetch(request, env, ctx) {{ {body} }} }};"


def test_every_form_of_now(js_app: MakeApp) -> None:
    edge = js_app(
        js(
            """
            class Own extends Date { double() { return this.getTime() * 2; } }
            return Response.json({
              now: Date.now(), made: new Date().getTime(), called: Date(), own: new Own().double(),
              instance: [new Date() instanceof Date, new Own() instanceof Own, new Date().constructor === Date],
              given: [+new Date(5), +new Date(2026, 0, 1), Date.UTC(2026, 0), Date.parse("2026-01-01")],
              text: [Date.name, Date.length, typeof Date.prototype.toISOString],
              performance: [performance.now(), performance.timeOrigin],
              format: new Intl.DateTimeFormat("en", { dateStyle: "long", timeZone: "UTC" }).format(),
              parts: new Intl.DateTimeFormat("en", { year: "numeric", timeZone: "UTC" }).formatToParts()[0].value,
              other: new Intl.DateTimeFormat("en", { dateStyle: "long", timeZone: "UTC" }).format(new Date(0)),
              atStart,
            });
            """,
            "const atStart = [Date.now(), new Date().getTime(), performance.now()];",
        ),
        start=START,
    )

    seen = edge.get("/").json()

    january = datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000
    assert (seen["now"], seen["made"], seen["own"]) == (MS, MS, 2 * MS)
    assert seen["called"].startswith("Wed Mar 04 2026 05:06:07")
    assert seen["instance"] == [True, True, True]
    assert seen["given"] == [5, january, january, january]
    assert seen["text"] == ["Date", 7, "function"]
    assert seen["performance"] == [MS, 0]
    assert (seen["format"], seen["parts"], seen["other"]) == ("March 4, 2026", "2026", "January 1, 1970")
    assert seen["atStart"] == [0, 0, 0]


def test_time_stands_still_until_the_test_moves_it(js_app: MakeApp) -> None:
    edge = js_app(js("for (let i = 0; i < 1e6; i++); return Response.json(Date.now());"), start=START)

    assert edge.get("/").json() == MS
    edge.clock.advance(days=2)
    assert edge.get("/").json() == MS + 2 * 86_400_000


def test_timers_wait_for_virtual_time(js_app: MakeApp) -> None:
    edge = js_app(
        js("""
            const seen = [], began = Date.now();
            const note = (...what) => seen.push([Date.now() - began, ...what]);
            setTimeout(note, 3_600_000, "hour", 2);
            setTimeout(note, 1000, "second");
            const gone = setTimeout(note, 500, "never");
            clearTimeout(gone);
            clearTimeout(undefined);
            setTimeout(note, 0, "at once");
            let n = 0;
            const every = setInterval(() => { note("every"); if (++n === 3) clearInterval(every); }, 400);
            await scheduler.wait(3_600_001);
            note("end");
            return Response.json(seen);
        """)
    )

    assert edge.get("/").json() == [
        [0, "at once"], [400, "every"], [800, "every"], [1000, "second"], [1200, "every"], [3_600_000, "hour", 2],
        [3_600_001, "end"],
    ]  # fmt: skip


def test_a_timer_that_is_not_awaited_ends_with_its_event(js_app: MakeApp) -> None:
    edge = js_app(js("setTimeout(() => console.log('late'), 60_000); return new Response('ok');"))

    assert edge.get("/").text == "ok"
    edge.clock.advance(minutes=5)

    assert edge.logs == []
    edge.verify()


def test_what_wait_until_is_given_goes_on_as_the_clock_moves(js_app: MakeApp) -> None:
    edge = js_app(
        js("ctx.waitUntil(scheduler.wait(60_000).then(() => console.log('late', Date.now()))); return new Response();"),
        start=START,
    )

    edge.get("/")
    assert edge.logs == []
    edge.clock.advance(seconds=59)
    assert edge.logs == []
    edge.clock.advance(seconds=1)
    assert edge.logs == [("log", f"late {MS + 60_000:.0f}")]
    edge.verify()


def test_what_a_timer_throws_fails_the_test(js_app: MakeApp) -> None:
    edge = js_app(
        js(
            "setTimeout(() => { throw new RangeError('in a timer'); }, 10);"
            "await scheduler.wait(20); return new Response();"
        )
    )

    edge.get("/")

    assert any("RangeError: in a timer" in each and "src/index.js:2" in each for each in edge.problems())


def test_an_interval_goes_on_after_an_error(js_app: MakeApp) -> None:
    edge = js_app(
        js("""
            let n = 0;
            const every = setInterval(() => { if (++n === 1) throw new Error("first"); }, 10);
            await scheduler.wait(35);
            clearInterval(every);
            return Response.json(n);
        """),
        strict=False,
    )

    assert edge.get("/").json() == 3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("scheduler.wait(1e6, { signal: AbortSignal.timeout(50) })",
         "TimeoutError: The operation was aborted due to timeout"),
        ("fetch('https://slow.example/', { signal: AbortSignal.timeout(50) })", "TimeoutError"),
        ("scheduler.wait(1e6, { signal: AbortSignal.abort(new Error('mine')) })", "Error: mine"),
        ("scheduler.wait(1e6, { signal: AbortSignal.any([AbortSignal.timeout(50), new AbortController().signal]) })",
         "TimeoutError"),
    ],
)  # fmt: skip
def test_a_signal_s_time_out_is_virtual(js_app: MakeApp, call: str, said: str) -> None:
    edge = js_app(
        js(
            f"try {{ await {call}; return new Response('done'); }}"
            "catch (e) { return new Response(`${Date.now()} ${e.name}: ${e.message}`); }"
        ),
        start=START,
    )
    edge.outbound.add_response(url="https://slow.example/", is_optional=True)
    edge.faults.on("outbound.fetch").delay(3600).as_optional()

    at, _, text = edge.get("/").text.partition(" ")

    assert text.startswith(said)
    assert float(at) == MS + (0 if "abort(" in call else 50)


def test_latency_of_a_fault_moves_the_time_that_the_app_sees(js_app: MakeApp) -> None:
    edge = js_app(
        js("const before = Date.now(); await env.KV.get('a'); return Response.json(Date.now() - before);"),
        {"kv_namespaces": [{"binding": "KV", "id": "kv"}]},
    )
    edge.faults.on("KV.get").delay(2.5)

    assert edge.get("/").json() == 2500


NODE = {"compatibility_flags": ["nodejs_compat"]}


def test_the_timers_of_node_are_virtual(js_app: MakeApp) -> None:
    edge = js_app(
        js(
            """
            const began = Date.now(), seen = [];
            const timer = setTimeout(() => seen.push("unref'd"), 50).unref();
            seen.push(timer.hasRef(), timer.ref().hasRef(), typeof +timer);
            setTimeout(() => seen.push("never"), 10).close();
            clearTimeout(setTimeout(() => seen.push("never"), 10));
            clearTimeout(+setTimeout(() => seen.push("never"), 10));
            { using gone = setTimeout(() => seen.push("never"), 10); }
            const again = timers.setTimeout(() => seen.push(Date.now() - began), 100);
            await sleep(60);
            again.refresh();
            seen.push(await sleep(3_600_000, "value"));
            let n = 0;
            for await (const each of interval(1000, "tick")) if (++n === 2) break;
            try { await sleep(1e9, null, { signal: AbortSignal.timeout(10) }); }
            catch (e) { seen.push(e.name, e.code, e.cause.name); }
            try { await sleep(1e9, null, { signal: AbortSignal.abort() }); } catch (e) { seen.push(e.name); }
            await timers.promises.scheduler.wait(5);
            await new Promise((done) => timers.setImmediate(done));
            seen.push(Date.now() - began);
            return Response.json(seen);
            """,
            """
            import timers from "node:timers";
            import { setTimeout as sleep, setInterval as interval } from "node:timers/promises";
            """,
        ),
        NODE,
    )

    assert edge.get("/").json() == [
        False, True, "number", "unref'd", 160, "value", "AbortError", "ABORT_ERR", "TimeoutError", "AbortError",
        60 + 3_600_000 + 2000 + 10 + 5,
    ]  # fmt: skip


def test_without_node_s_flag_there_are_no_timers_of_node(js_app: MakeApp) -> None:
    edge = js_app(js("return Response.json([typeof setTimeout(() => 1, 5)]);"))

    assert edge.get("/").json() == ["number"]


CHANCE = js("""
    const bytes = crypto.getRandomValues(new Uint8Array(4));
    const words = crypto.getRandomValues(new Uint32Array(2));
    return Response.json([Math.random(), crypto.randomUUID(), [...bytes], [...words], atStart]);
""", "const atStart = Math.random();")  # fmt: skip


def test_chance_repeats_with_the_seed(js_app: MakeApp) -> None:
    first, again, other = (js_app(CHANCE, seed=seed) for seed in (1, 1, 2))

    seen = [(edge.get("/").json(), edge.get("/").json()) for edge in (first, again, other)]

    assert seen[0] == seen[1]
    assert seen[0][0][:4] != seen[0][1][:4]
    assert seen[0][0][:4] != seen[2][0][:4]
    number, uuid, values, words, at_start = seen[0][0]
    assert 0 <= number < 1
    assert 0 <= at_start < 1
    assert len(uuid) == 36
    assert (uuid[14], uuid[19] in "89ab") == ("4", True)
    assert (len(values), len(words)) == (4, 2)


def test_chance_refuses_what_the_runtime_refuses(js_app: MakeApp) -> None:
    edge = js_app(js("try { crypto.getRandomValues(new Float64Array(2)); } catch (e) { return new Response(e.name); }"))

    assert edge.get("/").text == "TypeMismatchError"


def test_an_event_that_waits_for_ever(js_app: MakeApp) -> None:
    edge = js_app(js("await new Promise(() => {}); return new Response();"))

    with pytest.raises(Exception) as caught:
        edge.get("/")

    assert isinstance(caught.value, HungError) or "hung" in str(caught.value) or "never" in str(caught.value)


def test_variables_that_a_test_changes_reach_the_app(js_app: MakeApp) -> None:
    edge = js_app(
        js(
            "return Response.json([env.A ?? null, env.B ?? null, shared.A ?? null]);",
            'import { env as shared } from "cloudflare:workers";',
        ),
        {"vars": {"A": "config"}},
    )

    assert edge.get("/").json() == ["config", None, "config"]
    with edge.override(A="other", B={"deep": [1]}):
        assert edge.get("/").json()[:2] == ["other", {"deep": [1]}]
    assert edge.get("/").json() == ["config", None, "config"]
