"""Whole test runs of a project with a JavaScript worker: what a failure shows, what isolation keeps apart, and that
nothing is left behind however a run ends."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from edgelint.testing.workerd_host.runtime import Runtime
from tests.testing.workerd_host.core.projects import Project, eventually, in_order, left_behind

OBJECTS = {
    "durable_objects": {"bindings": [{"name": "COUNTER", "class_name": "Counter"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Counter"]}],
}


@pytest.fixture
def project(tmp_path: Path, runtime: Runtime) -> Project:
    return Project(tmp_path / "project", runtime)


# What a failure shows


def test_a_failure_shows_the_place_in_typescript(project: Project) -> None:
    ran = project.write(
        """\
        interface Env { KV: KVNamespace }

        async function price(env: Env, id: string): Promise<number> {
          console.log("looking for", id);
          const found = await env.KV.get(id);
          if (found === null) throw new RangeError(`no price of ${id}`);
          return Number(found);
        }

        export default {
          async fetch(request: Request, env: Env): Promise<Response> {
            return Response.json(await price(env, "tea"));
          },
        };
        """,
        """\
        def test_price(edge_client):
            assert edge_client.get("/").json() == 3
        """,
        {"kv_namespaces": [{"binding": "KV", "id": "kv"}]},
    ).run()

    assert ran.counts == {"failed": 1}
    assert in_order(
        ran.output,
        [
            "def test_price(edge_client):", '>       assert edge_client.get("/").json() == 3',
            "RangeError: no price of tea", "at price (src/index.ts:6:",
            "if (found === null) throw new RangeError(`no price of ${id}`);", "at async Object.fetch (src/index.ts:12:",
            "edge timeline", "event 1: fetch GET /", "KV.get tea -> miss",
            "the handler raised JsError: RangeError: no price of tea",
            "edge console", "looking for tea",
        ],
    ), ran.output  # fmt: skip
    for machinery in ("edgelint/testing", "asyncio/", "site-packages", "control.js", "entry.js"):
        assert machinery not in ran.output
    assert ran.left_behind() == []


def test_what_ends_badly_beside_a_test_fails_it(project: Project) -> None:
    ran = project.write(
        """\
        export default {
          async fetch(request: Request, env: unknown, ctx: ExecutionContext) {
            const path = new URL(request.url).pathname;
            if (path === "/waits") ctx.waitUntil(scheduler.wait(10).then(() => { throw new Error("in waitUntil"); }));
            if (path === "/rejects") Promise.reject(new Error("unhandled"));
            if (path === "/throws") setTimeout(() => { throw new Error("in a timer"); });
            await scheduler.wait(50);
            return new Response("ok");
          },
        };
        """,
        """\
        import pytest

        @pytest.mark.parametrize("path", ["/waits", "/rejects", "/throws", "/fine"])
        def test_it(edge_client, path):
            assert edge_client.get(path).text == "ok"
        """,
    ).run()

    assert ran.counts == {"failed": 3, "passed": 1}
    for label, line in (("waitUntil of fetch", 4), ("unhandled rejection", 5), ("uncaught", 6)):
        assert f"{label}: JsError: Error: " in ran.output
        assert f"src/index.ts:{line}:" in ran.output
    assert "edgelint/testing" not in ran.output
    assert "another exception occurred" not in ran.output


@pytest.mark.parametrize(
    ("source", "config", "said"),
    [
        ("export default {}; const n: number = undefined.x;", {}, ["worker 'app'", "TypeError", "src/index.ts:1:"]),
        ("export default { fetch() {} };", {"compatibility_flags": ["no_such_flag"]}, ["no_such_flag"]),
        ("export default { fetch() {} };", OBJECTS, ["Counter", "src/index.ts"]),
        ("export default { fetch( };", {}, ["src/index.ts:1:"]),
    ],
)
def test_an_app_that_does_not_start_says_why_once(
    project: Project, source: str, config: dict[str, object], said: list[str]
) -> None:
    ran = project.write(source, "def test_it(edge_client):\n    edge_client.get('/')\n", config).run()

    assert ran.counts == {"failed": 1}
    for part in said:
        assert part in ran.output, ran.output
    assert "site-packages" not in ran.output
    assert ran.left_behind() == []


# Isolation

STATE = """\
import { DurableObject } from "cloudflare:workers";
let n = 0;
export class Counter extends DurableObject {
  async add() {
    const stored = ((await this.ctx.storage.get("n")) ?? 0) + 1;
    await this.ctx.storage.put("n", stored);
    await this.ctx.storage.setAlarm(Date.now() + 1000);
    return stored;
  }
  alarm() { console.log("alarm"); }
}
export default {
  async fetch(request: Request, env: any, ctx: ExecutionContext) {
    ctx.waitUntil(scheduler.wait(3_600_000).then(() => env.KV.put("late", "1")));
    const stored = await env.COUNTER.getByName("a").add();
    return Response.json([++n, stored, Math.random(), Date.now(), await env.KV.get("late")]);
  },
};
"""
STATE_TESTS = """\
import pytest

@pytest.mark.parametrize("n", range(3))
def test_it(edge, edge_client, n, record):
    record(edge_client.get("/").json())
    assert edge.logs == []
"""
RECORD = """\
import json, pytest
from pathlib import Path

@pytest.fixture
def record(request):
    def write(value):
        with open(Path(__file__).with_name("record.jsonl"), "a") as file:
            file.write(json.dumps(value) + "\\n")
    return write
"""


@pytest.mark.parametrize(
    ("isolate", "state"),
    [("test", [1, 1, 1, 1, 1, 1]), ("file", [1, 2, 3, 1, 2, 3]), ("session", [1, 2, 3, 4, 5, 6])],
)
def test_isolation(project: Project, isolate: str, state: list[int]) -> None:
    """What a module keeps survives as long as the process; what a Durable Object stored never survives a test."""
    project.write(
        STATE, STATE_TESTS, {"kv_namespaces": [{"binding": "KV", "id": "kv"}], **OBJECTS},
        ini=f"edge_isolate = {isolate}\naddopts = --edge-seed=5\n",
        files={"conftest.py": RECORD, "test_other.py": STATE_TESTS},
    )  # fmt: skip
    ran = project.run()

    assert ran.counts == {"passed": 6}, ran.output
    records = [json.loads(line) for line in (project.folder / "record.jsonl").read_text().splitlines()]
    assert [each[0] for each in records] == state
    assert [each[1] for each in records] == [1] * 6
    assert len({(each[2], each[3], each[4]) for each in records}) == 1
    assert ran.left_behind() == []


def test_two_test_runs_at_once_share_nothing(project: Project) -> None:
    pytest.importorskip("xdist")
    project.write(
        STATE, STATE_TESTS.replace("range(3)", "range(6)"),
        {"kv_namespaces": [{"binding": "KV", "id": "kv"}], **OBJECTS},
        ini="addopts = --edge-seed=5\n", files={"conftest.py": RECORD},
    )  # fmt: skip

    ran = project.run("-n", "2")

    assert ran.counts == {"passed": 6}, ran.output
    lines = (project.folder / "record.jsonl").read_text().splitlines()
    assert len(lines) == 6
    assert len(set(lines)) == 1


# Ends


KILLED = """\
import os, signal, time
from pathlib import Path

def kill(edge, at):
    folder = edge.world.shared(("workerd",), None).process.folder
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)

def test_before(edge_client):
    assert edge_client.get("/fine").text == "fine"

def test_killed(edge, edge_client):
    import httpx
    def answer(request):
        kill(edge, request)
        return httpx.Response(200)
    edge.outbound.add_callback(answer, is_optional=True)
    edge_client.get("/")

def test_killed_between_events(edge, edge_client):
    edge_client.get("/fine")
    kill(edge, None)
    edge_client.get("/fine")

def test_after(edge_client):
    assert edge_client.get("/fine").text == "fine"
"""
ASKS = """\
export default {
  async fetch(request: Request) {
    const path = new URL(request.url).pathname;
    if (path === "/fine") return new Response("fine");
    if (path === "/loop") { console.log("now"); while (true) {} }
    return fetch("https://outside.example/");
  },
};
"""


@pytest.mark.parametrize("isolate", ["test", "session"])
def test_workerd_is_killed_in_the_middle_of_a_request(project: Project, isolate: str) -> None:
    ran = project.write(ASKS, KILLED, ini=f"edge_isolate = {isolate}\n").run()

    assert ran.counts == {"failed": 2, "passed": 2}, ran.output
    assert ran.output.count("WorkerdError: workerd was ended by SIGKILL in the middle of the test") >= 2
    assert "edgelint/testing" not in ran.output
    assert ran.left_behind() == []


WAITS = """\
import time
from pathlib import Path

def test_first(edge_client):
    assert edge_client.get("/fine").text == "fine"

def test_waits(edge, edge_client):
    import httpx
    def answer(request):
        Path(__file__).with_name("marker").touch()
        time.sleep(60)
        return httpx.Response(200)
    edge.outbound.add_callback(answer, is_optional=True)
    edge_client.get("/")
"""
LOOPS = """\
from pathlib import Path

def test_first(edge_client):
    assert edge_client.get("/fine").text == "fine"

def test_loops(edge_client):
    Path(__file__).with_name("marker").touch()
    edge_client.get("/loop")
"""


@pytest.mark.parametrize("tests", [WAITS, LOOPS], ids=["waits", "loops"])
@pytest.mark.parametrize("isolate", ["test", "session"])
def test_control_c_in_the_middle_of_a_session(project: Project, tests: str, isolate: str) -> None:
    project.write(ASKS, tests, ini=f"edge_isolate = {isolate}\n")

    ran = project.interrupted(project.folder / "marker", signal.SIGINT, group=True)

    assert ran.code == 2
    assert "KeyboardInterrupt" in ran.output
    assert "1 passed" in ran.last
    assert "Traceback" not in ran.output, ran.output
    assert eventually(lambda: left_behind(ran.pid) == []), left_behind(ran.pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_test_run_that_is_ended_leaves_nothing_behind(project: Project, number: signal.Signals) -> None:
    project.write(ASKS, WAITS)

    ran = project.interrupted(project.folder / "marker", number, group=False)

    assert ran.code == -number
    assert eventually(lambda: left_behind(ran.pid) == []), left_behind(ran.pid)
