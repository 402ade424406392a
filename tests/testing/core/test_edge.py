"""What a test holds: the events it sends, what it looks into, and what is wrong at the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from edgelint.testing.edge import Edge, Options
from edgelint.testing.errors import EdgeUsageError
from tests.testing.core.apps import HEAD, handler, opened, write

KV = {"kv_namespaces": [{"binding": "KV", "id": "k"}]}
ECHO = handler("return Response(f'{request.method} {request.url}')")


def test_every_method(tmp_path: Path) -> None:
    with opened(tmp_path, ECHO) as edge:
        answers = [edge.get("/a"), edge.post("/a"), edge.put("/a"), edge.patch("/a"), edge.delete("/a")]
        assert [answer.text.split()[0] for answer in answers] == ["GET", "POST", "PUT", "PATCH", "DELETE"]
        assert edge.request("HEAD", "/a").status_code == 200
        assert "event 6: fetch HEAD /a" in edge.timeline.render()


def test_together(tmp_path: Path) -> None:
    with opened(tmp_path, ECHO) as edge:
        built = edge.client.build_request("PUT", "/b")
        assert [answer.text for answer in edge.together(("GET", "/a"), built)] == [
            "GET https://example.com/a", "PUT https://example.com/b",
        ]  # fmt: skip
        assert edge.together() == []


def test_the_response_of_production_instead_of_an_error(tmp_path: Path) -> None:
    source = handler("raise ValueError('mine')")
    with opened(tmp_path, source, Options(raise_exceptions=False)) as edge:
        answer = edge.get("https://example.com")
        assert (answer.status_code, answer.text) == (500, "error code: 1101")
        assert "the handler raised ValueError: mine" in edge.timeline.render()
        with pytest.raises(ValueError, match="mine"), edge.fresh(raise_exceptions=True) as other:
            other.get("/")


SOCKETS = handler(
    "if request.headers.get('upgrade') != 'websocket':\n    return Response('no socket', status=426)\n"
    "pair = js.WebSocketPair.new().object_values()\n"
    "pair[1].accept()\n"
    "pair[1].send('welcome')\n"
    "return Response(None, status=101, web_socket=pair[0])"
)


def test_web_sockets(tmp_path: Path) -> None:
    with opened(tmp_path, SOCKETS) as edge:
        assert edge.get("/").status_code == 426
        end = edge.websocket("/", headers={"x-a": "1"})
        assert end.receive() == "welcome"
        assert end.received() == []
    with opened(tmp_path, ECHO) as edge, pytest.raises(AssertionError, match="opened no WebSocket: it answered 200"):
        edge.websocket("/")


EVENTS = handler(
    "return Response('')",
    """
async def scheduled(self, controller, env, ctx):
    await self.env.KV.put("cron", f"{controller.cron} {controller.scheduledTime}")

async def queue(self, batch, env, ctx):
    for message in batch.messages:
        message.ack() if message.body == "good" else message.retry(delaySeconds=9)

async def email(self, message, env, ctx):
    message.setReject("not here")

async def add(self, a, b=0):
    return a + b
""",
)


def test_events(tmp_path: Path) -> None:
    with opened(tmp_path, EVENTS, triggers={"crons": ["0 * * * *"]}, **KV) as edge:
        event = edge.scheduled()
        assert event.retry
        assert edge.env.KV.get("cron") == f"0 * * * * {edge.world.clock.now:.0f}"
        edge.scheduled("1 1 1 1 *", at=datetime(2026, 1, 1, 0, 30, tzinfo=UTC))
        assert edge.env.KV.get("cron").startswith("1 1 1 1 * ")
        result = edge.queue("jobs", ["good", "bad"], attempts=2)
        assert (result.acked, result.retried) == ([0], {1: 9})
        assert edge.email("a@x.test", "b@y.test", b"Subject: s\r\n\r\n").reject_reason == "not here"
        assert edge.rpc("add", 1, b=2) == 3
        shown = edge.timeline.render()
        for label in ("scheduled 0 * * * *", "queue jobs", "email to b@y.test", "rpc default.add"):
            assert f": {label}" in shown


@pytest.mark.parametrize("crons", [[], ["0 * * * *", "5 * * * *"]])
def test_which_cron_is_asked_for_when_there_is_not_one(tmp_path: Path, crons: list[str]) -> None:
    asked = pytest.raises(EdgeUsageError, match="say which cron: the config has")
    with opened(tmp_path, EVENTS, triggers={"crons": crons}, **KV) as edge, asked:
        edge.scheduled()


OBJECTS = f"""{HEAD}
class Box(DurableObject):
    async def put(self, value):
        await self.ctx.storage.put("value", value)

class Flow(WorkflowEntrypoint):
    async def run(self, event, step):
        return 7

class Named(WorkerEntrypoint):
    async def hello(self):
        return "from an entrypoint"
"""
WITH_OBJECTS = {
    **KV, "durable_objects": {"bindings": [{"name": "BOXES", "class_name": "Box"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Box"]}],
    "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}],
}  # fmt: skip


def test_objects_workflows_and_entrypoints(tmp_path: Path) -> None:
    with opened(tmp_path, OBJECTS, **WITH_OBJECTS) as edge:
        box = edge.durable_object("BOXES", "a")
        box.call("put", 5)
        assert box.storage.get("value") == 5
        flow = edge.workflow("FLOW").instance("one")
        edge.env.FLOW.create(id="one")
        flow.wait_for_status("complete")
        assert flow.get_output() == 7
        assert edge.rpc("hello", entrypoint="Named") == "from an entrypoint"
        with pytest.raises(EdgeUsageError, match="'KV' is no Durable Object namespace"):
            edge.durable_object("KV")
        with pytest.raises(EdgeUsageError, match="'KV' is no workflow"):
            edge.workflow("KV")


def test_stubs_of_services(tmp_path: Path) -> None:
    source = handler("return await self.env.OTHER.fetch('https://other.test/')")
    with opened(tmp_path, source, services=[{"binding": "OTHER", "service": "other"}]) as edge:
        edge.stub_service("other", lambda request: httpx.Response(201, text=request.url))
        assert (edge.get("/").status_code, edge.get("/").text) == (201, "https://other.test/")


def test_override_puts_back_what_was_there(tmp_path: Path) -> None:
    with opened(tmp_path, handler("return Response(self.env.NAME)"), vars={"NAME": "one"}) as edge:
        override = edge.override(NAME="two", NEW="n")
        with override:
            assert edge.get("/").text == "two"
            assert edge.env.NEW == "n"
        assert edge.get("/").text == "one"
        assert "NEW" not in dir(edge.env)


def test_the_clock(tmp_path: Path) -> None:
    with opened(tmp_path, EVENTS, triggers={"crons": ["30 4 * * *"]}, **KV) as edge:
        clock = edge.clock
        assert clock.now == datetime(2026, 1, 1, tzinfo=UTC)
        assert clock.advance(timedelta(hours=1), minutes=1, milliseconds=1500).isoformat() == (
            "2026-01-01T01:01:01.500000+00:00"
        )
        assert clock.move_to(datetime(2026, 1, 1, 2)).hour == 2
        assert clock.pending() == ["cron 30 4 * * * of app at 2026-01-01T04:30:00+00:00"]
        assert clock.run_until(cron="30 4 * * *") == datetime(2026, 1, 1, 4, 30, tzinfo=UTC)
        assert edge.env.KV.get("cron") is not None
        with pytest.raises(EdgeUsageError, match="does not go back"):
            clock.advance(seconds=-1)
        with pytest.raises(EdgeUsageError, match=r"advance\(5\) does not say of what: advance\(seconds=...\)"):
            clock.advance(5)  # type: ignore[arg-type]
        with pytest.raises(EdgeUsageError, match="is past: the clock stands at 2026-01-01T04:30"):
            clock.move_to(datetime(2026, 1, 1, 4))


def test_problems(tmp_path: Path) -> None:
    source = handler(
        "self.ctx.waitUntil(self.later())\n"
        "try:\n    await self.env.AI.run('@cf/m', {})\nexcept BaseException:\n    pass\n"
        "return Response('')",
        "async def later(self):\n    raise KeyError('too late')",
    )
    options = Options(faults=["AI.none#3:lost"], budget={"ai_runs": 0})
    with opened(tmp_path, source, options, ai={"binding": "AI"}) as edge:
        edge.outbound.add_response(url="https://never.test/")
        edge.get("/")
        found = edge.problems()
        assert any("waitUntil of fetch: KeyError: 'too late'" in each for each in found)
        assert any(each.startswith("nothing answered AI.run") for each in found)
        assert "an answer of edge_outbound was never asked for: any method https://never.test/" in found
        assert "a fault was never used: AI.none#3" in found
        with pytest.raises(AssertionError, match="over budget: ai_runs 1, at most 0") as failed:
            edge.verify()
        assert isinstance(failed.value.__cause__, KeyError)
        assert "never.test" in str(failed.value)


def test_a_test_that_is_not_strict_has_budgets_only(tmp_path: Path) -> None:
    with opened(tmp_path, ECHO, Options(strict=False, budget={"operations": 0})) as edge:
        edge.outbound.add_response()
        edge.verify()
        edge.meter.counts["operations"] = 1
        with pytest.raises(AssertionError) as failed:
            edge.verify()
        assert str(failed.value) == "over budget: operations 1, at most 0"


def test_a_world_that_cannot_be_set_up_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Edge] = []
    real = Edge.close

    def close(edge: Edge) -> None:
        closed.append(edge)
        real(edge)

    monkeypatch.setattr(Edge, "close", close)
    with pytest.raises(EdgeUsageError, match="a fault is placed by"):
        Edge(write(tmp_path), Options(faults=["CACHE"]))
    assert len(closed) == 1


def test_outbound_by_option_and_the_logs(tmp_path: Path) -> None:
    source = handler("js.console.warn('mind', 1)\nreturn Response('')")
    with opened(tmp_path, source, Options(outbound="allow")) as edge:
        assert edge.outbound.allow
        edge.get("/")
        assert edge.logs == [("warn", "mind 1")]


def test_fresh_worlds_are_verified_and_closed(tmp_path: Path) -> None:
    with opened(tmp_path, ECHO, vars={"A": "1"}) as edge:
        with edge.fresh(vars={"A": "2"}, seed=5) as other:
            assert (other.env.A, edge.env.A, other.options.seed) == ("2", "1", 5)
        with pytest.raises(AssertionError, match="never asked for"), edge.fresh() as other:
            other.outbound.add_response()
        with pytest.raises(KeyError, match="mine"):
            fails(edge)


def fails(edge: Edge) -> None:
    """A block that raises is not verified besides."""
    with edge.fresh() as other:
        other.outbound.add_response()
        raise KeyError("mine")


def test_what_cannot_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path, None) as edge, pytest.raises(EdgeUsageError, match="has no 'main': there is nothing to run"):
        edge.get("/")
    with opened(tmp_path, None, main="gone.py") as edge, pytest.raises(EdgeUsageError, match="'main' is not there"):
        edge.get("/")
    (tmp_path / "index.ts").write_text("export default {}", encoding="utf-8")
    for name in ("EDGELINT_WORKERD", "MINIFLARE_WORKERD_PATH"):
        monkeypatch.delenv(name, raising=False)
    told = r"workerd is not installed for .*: run `npm install --save-dev wrangler`"
    refused = pytest.raises(EdgeUsageError, match=told)
    with opened(tmp_path, None, main="index.ts") as edge, refused:
        edge.get("/")


def test_assets_answer_before_the_worker(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "page.html").write_text("<p>page", encoding="utf-8")
    with opened(tmp_path, ECHO, assets={"directory": "public"}) as edge:
        assert edge.get("/page").text == "<p>page"
        assert edge.get("/other").text == "GET https://example.com/other"


def test_workers_that_one_needs(tmp_path: Path) -> None:
    others: dict[str, dict[str, Any]] = {
        "called": {}, "consumer": {"queues": {"consumers": [{"queue": "jobs"}, {"queue": "others"}]}},
        "tail": {}, "owner": {}, "idle": {"queues": {"consumers": "no list"}},
    }  # fmt: skip
    for name, other in others.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name, **{"name": name, **other})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "wrangler.json").write_text("{", encoding="utf-8")
    (tmp_path / "node_modules").mkdir()
    write(tmp_path / "node_modules", name="packaged")
    deep = tmp_path / "a" / "b" / "c" / "d" / "e" / "f"
    deep.mkdir(parents=True)
    write(deep, name="deep")
    config = {
        "services": [{"binding": "CALLED", "service": "called"}, {"binding": "GONE", "service": "gone"}],
        "queues": {"producers": [{"binding": "JOBS", "queue": "jobs"}]}, "tail_consumers": [{"service": "tail"}, "odd"],
        "durable_objects": {"bindings": [{"name": "BOX", "class_name": "Box", "script_name": "owner"}]},
    }  # fmt: skip
    with opened(tmp_path, ECHO, **config) as edge:
        assert sorted(edge.world.workers) == ["app", "called", "consumer", "owner", "tail"]
        assert set(edge.app.others()) == {"called", "consumer", "tail", "owner", "idle"}
        with pytest.raises(EdgeUsageError, match="'JOBS' is no D1 database of the config"):
            edge.app.database("JOBS")
