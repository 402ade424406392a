"""The same operations on the smaller bindings, in JavaScript and in Python, are the same to the gate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from edgelint.testing.edge import Edge, Options
from edgelint.testing.http import HttpResponse
from edgelint.testing.operation import Operation
from edgelint.testing.session import App, Tools
from edgelint.testing.workerd_host.runtime import Runtime
from tests.testing.workerd_host.test_one_gate import Row, Seen


def _same(name: str, statement: str) -> Row:
    return Row(name, statement, statement)


TABLE: Final = [
    Row("d1 in a session", "const s = env.DB.withSession('first-primary'); await s.prepare('SELECT 1').all()",
        "await env.DB.withSession('first-primary').prepare('SELECT 1').all()"),
    _same("d1 raw", "await env.DB.prepare('SELECT ?').bind('x').raw()"),
    _same("d1 exec refused", "await env.DB.exec('SELECT nope')"),
    _same("d1 value refused", "await env.DB.prepare('SELECT ?').bind(env).all()"),
    _same("d1 dump", "await env.DB.dump()"),
    Row("data point", "env.EVENTS.writeDataPoint({indexes: ['i'], blobs: ['a', null], doubles: [1, 0]})",
        "env.EVENTS.writeDataPoint({'indexes': ['i'], 'blobs': ['a', None], 'doubles': [1, 0]})"),
    Row("data point refused", "env.EVENTS.writeDataPoint({indexes: ['i', 'j']})",
        "env.EVENTS.writeDataPoint({'indexes': ['i', 'j']})"),
    Row("rate limit", "await env.LIMITER.limit({key: 'a'})", "await env.LIMITER.limit({'key': 'a'})"),
    Row("rate limit reached", "await env.LIMITER.limit({key: 'a'})", "await env.LIMITER.limit({'key': 'a'})"),
    Row("rate limit refused", "await env.LIMITER.limit({key: 'a', more: 1})",
        "await env.LIMITER.limit({'key': 'a', 'more': 1})"),
    _same("secret", "await env.SECRET.get()"),
    _same("secret that is not there", "await env.NONE.get()"),
    Row("email", "await env.EMAIL.send({from: 'a@b.test', to: 'c@d.test', subject: 's', text: 't'})",
        "await env.EMAIL.send({'from': 'a@b.test', 'to': 'c@d.test', 'subject': 's', 'text': 't'})"),
    Row("email refused", "await env.EMAIL.send({from: 'a@b.test', to: 'no@d.test', subject: 's', text: 't'})",
        "await env.EMAIL.send({'from': 'a@b.test', 'to': 'no@d.test', 'subject': 's', 'text': 't'})"),
    Row("ai", "await env.AI.run('m', {prompt: 'p'})", "await env.AI.run('m', {'prompt': 'p'})"),
    Row("vectorize insert", "await env.INDEX.insert([{id: 'a', values: [1, 0]}])",
        "await env.INDEX.insert([{'id': 'a', 'values': [1, 0]}])"),
    Row("vectorize query", "await env.INDEX.query([1, 0], {topK: 1})", "await env.INDEX.query([1, 0], {'topK': 1})"),
    Row("vectorize query refused", "await env.INDEX.query([1])", "await env.INDEX.query([1])"),
    _same("vectorize by id", "await env.INDEX.getByIds(['a'])"),
    _same("vectorize delete", "await env.INDEX.deleteByIds(['a'])"),
    _same("vectorize describe", "await env.INDEX.describe()"),
    _same("asset", "await env.ASSETS.fetch('https://a.test/x.txt')"),
    _same("asset that is not there", "await env.ASSETS.fetch('https://a.test/nope')"),
    _same("service fetch", "await env.AUTH.fetch('https://a.test/x')"),
    _same("service call", "await env.AUTH.add(1, 2)"),
    _same("service call that is not there", "await env.AUTH.nope(1)"),
    Row("workflow", "await env.FLOW.create({id: 'a', params: {x: 1}})",
        "await env.FLOW.create({'id': 'a', 'params': {'x': 1}})"),
    Row("workflow that is there", "await env.FLOW.create({id: 'a'})", "await env.FLOW.create({'id': 'a'})"),
    _same("workflow status", "await (await env.FLOW.get('a')).status()"),
    _same("workflow that is not there", "await env.FLOW.get('z')"),
]  # fmt: skip
DIFFERENT: Final = {
    "d1 value refused": "the words show the value as each language has it",
}
"""Rows whose error is another, and why."""
CONFIG: Final[dict[str, Any]] = {
    "name": "app", "compatibility_date": "2026-05-01",
    "d1_databases": [{"binding": "DB", "database_id": "d", "database_name": "d"}],
    "analytics_engine_datasets": [{"binding": "EVENTS", "dataset": "events"}],
    "ratelimits": [{"name": "LIMITER", "namespace_id": "1", "simple": {"limit": 1, "period": 60}}],
    "secrets_store_secrets": [{"binding": "SECRET", "store_id": "s", "secret_name": "key"},
                              {"binding": "NONE", "store_id": "s", "secret_name": "none"}],
    "send_email": [{"name": "EMAIL", "destination_address": "c@d.test"}],
    "ai": {"binding": "AI"}, "vectorize": [{"binding": "INDEX", "index_name": "docs"}],
    "assets": {"directory": "public", "binding": "ASSETS"}, "services": [{"binding": "AUTH", "service": "auth"}],
    "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}],
}  # fmt: skip
METERED: Final = (
    "bytes", "rows_read", "rows_written", "units", "success", "dimensions", "keys", "instances", "queries",
)  # fmt: skip


def _javascript() -> str:
    rows = "\n".join(f"  async (env) => {{ {row.javascript}; }}," for row in TABLE)
    return f"""
import {{ WorkflowEntrypoint }} from "cloudflare:workers";
const rows = [\n{rows}\n];
export class Flow extends WorkflowEntrypoint {{
  async run(event, step) {{ return step.do("only", async () => event.payload); }}
}}
export default {{
  async fetch(request, env) {{
    try {{
      await rows[Number(new URL(request.url).pathname.slice(1))](env);
      return new Response("");
    }} catch (error) {{
      return new Response(`${{error.name}}: ${{error.message}}`);
    }}
  }},
}};
"""


def _python() -> str:
    rows = "\n".join(f"async def row{index}(env):\n    {row.python}" for index, row in enumerate(TABLE))
    return f"""
from pyodide.ffi import JsException
from workers import Response, WorkerEntrypoint, WorkflowEntrypoint

{rows}


class Flow(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("only")
        async def only():
            return event["payload"]
        return await only()


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        row = globals()["row" + request.url.rsplit("/", 1)[1]]
        try:
            await row(self.env)
        except JsException as error:
            return Response(f"{{error.name}}: {{error.message}}")
        return Response("")
"""


def _recorded(folder: Path, main: str, source: str, config: dict[str, Any], tools: Tools) -> list[Seen]:
    (folder / "public").mkdir(parents=True)
    (folder / "public" / "x.txt").write_text("asset", encoding="utf-8")
    (folder / main).write_text(source, encoding="utf-8")
    (folder / "wrangler.json").write_text(json.dumps({**CONFIG, **config, "main": main}), encoding="utf-8")
    app = App.load(folder, None, folder, tools)
    edge = Edge(app, Options())
    found: list[tuple[str, str, str, str | None, str, dict[str, Any]]] = []

    def observe(operation: Operation) -> None:
        if operation.outcome != "pending" and operation.origin == "app":
            metered = {name: value for name, value in operation.attributes.items() if name in METERED}
            found.append((operation.binding, operation.kind, operation.verb, operation.key, operation.outcome, metered))

    class Auth:
        def fetch(self, request: Any) -> HttpResponse:
            return HttpResponse(200)

        def add(self, a: int, b: int) -> int:
            return a + b

    seen: list[Seen] = []
    try:
        edge.world.gate.observers.append(observe)
        edge.env.SECRET.set("v")
        edge.env.AI.answer({"response": "r"})
        edge.stub_service("auth", Auth())
        for index in range(len(TABLE)):
            found.clear()
            error = edge.client.get(f"/{index}").text
            edge.world.settle()
            seen.append(Seen(list(found), error))
        assert edge.world.failures == []
    finally:
        edge.close()
        app.close()
    return seen


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> tuple[list[Seen], list[Seen]]:
    """In workerd, and in Python."""
    folder = tmp_path_factory.mktemp("gate")
    tools = Tools(str(runtime.workerd.path), "" if runtime.esbuild is None else str(runtime.esbuild.path))
    flags = {"compatibility_flags": ["python_workers"]}
    return (
        _recorded(folder / "javascript", "index.js", _javascript(), {}, tools),
        _recorded(folder / "python", "entry.py", _python(), flags, tools),
    )


@pytest.mark.parametrize("index", range(len(TABLE)), ids=[row.name for row in TABLE])
def test_both_hosts_do_the_same_to_the_gate(both: tuple[list[Seen], list[Seen]], index: int) -> None:
    in_javascript, in_python = both[0][index], both[1][index]
    assert in_javascript.operations == in_python.operations
    if TABLE[index].name in DIFFERENT:
        assert in_javascript.error != in_python.error
    else:
        assert in_javascript.error == in_python.error


def test_the_table_reaches_everything(both: tuple[list[Seen], list[Seen]]) -> None:
    without = [row.name for row, seen in zip(TABLE, both[0], strict=True) if not seen.operations]
    assert without == ["d1 value refused", "data point refused", "rate limit refused"]
    kinds = {kind for seen in both[0] for _, kind, *_ in seen.operations}
    assert kinds == {
        "d1", "analytics-engine", "rate-limit", "secrets-store", "send-email", "ai", "vectorize", "assets", "service",
        "workflow", "workflow-step",
    }  # fmt: skip
