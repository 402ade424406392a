"""One gate for both hosts: the same operation, written in JavaScript and in Python, is the same to whoever looks.

Meters, faults, schedules and consistency hang on what an operation says of itself. What differs is in DIFFERENT.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from edgelint.testing.edge import Edge, Options
from edgelint.testing.operation import Operation
from edgelint.testing.session import App, Tools
from edgelint.testing.workerd_host.runtime import Runtime


class Row(NamedTuple):
    """What is done: statements of an async function that has ``env``."""

    name: str
    javascript: str
    python: str


def _same(name: str, statement: str) -> Row:
    """The same text in both languages."""
    return Row(name, statement, statement)


TABLE: Final = [
    _same("kv put", "await env.KV.put('a', '1')"),
    Row("kv put with options", "await env.KV.put('b', '{\"x\": 1}', {metadata: {m: 'é'}, expirationTtl: 60})",
        "await env.KV.put('b', '{\"x\": 1}', metadata={'m': 'é'}, expirationTtl=60)"),
    Row("kv put of bytes", "await env.KV.put('c', new Uint8Array([1, 2]))", "await env.KV.put('c', b'\\x01\\x02')"),
    Row("kv put that expires too soon", "await env.KV.put('a', '1', {expirationTtl: 5})",
        "await env.KV.put('a', '1', expirationTtl=5)"),
    _same("kv put of a key that is refused", "await env.KV.put('', '1')"),
    _same("kv get", "await env.KV.get('a')"),
    _same("kv get of nothing", "await env.KV.get('nope')"),
    _same("kv get json", "await env.KV.get('b', 'json')"),
    _same("kv get json of what is none", "await env.KV.get('c', 'json')"),
    Row("kv get kept", "await env.KV.get('a', {cacheTtl: 90})", "await env.KV.get('a', cacheTtl=90)"),
    Row("kv get kept too short", "await env.KV.get('a', {cacheTtl: 9})", "await env.KV.get('a', cacheTtl=9)"),
    _same("kv get of many", "await env.KV.get(['a', 'nope'])"),
    _same("kv get of none", "await env.KV.get([])"),
    _same("kv metadata", "await env.KV.getWithMetadata('b')"),
    _same("kv metadata of nothing", "await env.KV.getWithMetadata('nope')"),
    _same("kv metadata, typed", "await env.KV.getWithMetadata('b', 'json')"),
    Row("kv metadata, kept", "await env.KV.getWithMetadata('b', {type: 'text', cacheTtl: 60.5})",
        "await env.KV.getWithMetadata('b', type='text', cacheTtl=60.5)"),
    Row("kv metadata, kept too short", "await env.KV.getWithMetadata('b', {cacheTtl: 0})",
        "await env.KV.getWithMetadata('b', cacheTtl=0)"),
    _same("kv metadata of many", "await env.KV.getWithMetadata(['a', 'b'])"),
    Row("kv list", "await env.KV.list({prefix: 'a', limit: 1})", "await env.KV.list(prefix='a', limit=1)"),
    Row("kv list of too many", "await env.KV.list({limit: 1001})", "await env.KV.list(limit=1001)"),
    _same("kv delete", "await env.KV.delete('a')"),
    _same("r2 put", "await env.FILES.put('a/1', 'hello')"),
    Row("r2 put with options",
        "await env.FILES.put('a/2', 'x', {httpMetadata: {contentType: 'a/b'}, customMetadata: {a: 'é'}})",
        "await env.FILES.put('a/2', 'x', httpMetadata={'contentType': 'a/b'}, customMetadata={'a': 'é'})"),
    Row("r2 put on a condition", "await env.FILES.put('a/1', 'y', {onlyIf: {etagMatches: 'nope'}})",
        "await env.FILES.put('a/1', 'y', onlyIf={'etagMatches': 'nope'})"),
    Row("r2 put with a wrong digest", f"await env.FILES.put('a/1', 'y', {{md5: '{'0' * 32}'}})",
        f"await env.FILES.put('a/1', 'y', md5='{'0' * 32}')"),
    _same("r2 head", "await env.FILES.head('a/1')"),
    _same("r2 head of nothing", "await env.FILES.head('nope')"),
    _same("r2 get", "await env.FILES.get('a/1')"),
    _same("r2 get of nothing", "await env.FILES.get('nope')"),
    Row("r2 get of a part", "await env.FILES.get('a/1', {range: {offset: 1, length: 2}})",
        "await env.FILES.get('a/1', range={'offset': 1, 'length': 2})"),
    Row("r2 get beyond the end", "await env.FILES.get('a/1', {range: {offset: 9}})",
        "await env.FILES.get('a/1', range={'offset': 9})"),
    Row("r2 list", "await env.FILES.list({prefix: 'a/', delimiter: '/', limit: 1, include: ['customMetadata']})",
        "await env.FILES.list(prefix='a/', delimiter='/', limit=1, include=['customMetadata'])"),
    _same("r2 delete", "await env.FILES.delete('a/2')"),
    _same("r2 delete of many", "await env.FILES.delete(['a/2', 'nope'])"),
    Row("r2 in parts",
        "const upload = await env.FILES.createMultipartUpload('m'); const part = await upload.uploadPart(1, 'abc'); "
        "await upload.complete([part])",
        "upload = await env.FILES.createMultipartUpload('m'); part = await upload.uploadPart(1, 'abc'); "
        "await upload.complete([part])"),
    Row("r2 in parts, given up",
        "const given = await env.FILES.createMultipartUpload('m'); await given.abort(); await given.uploadPart(1, 'a')",
        "given = await env.FILES.createMultipartUpload('m'); await given.abort(); await given.uploadPart(1, 'a')"),
    Row("queue send", "await env.JOBS.send({id: 1})", "await env.JOBS.send({'id': 1})"),
    Row("queue send with options", "await env.JOBS.send('t', {contentType: 'text', delaySeconds: 5})",
        "await env.JOBS.send('t', contentType='text', delaySeconds=5)"),
    Row("queue send refused", "await env.JOBS.send('t', {delaySeconds: -5})",
        "await env.JOBS.send('t', delaySeconds=-5)"),
    Row("queue batch", "await env.JOBS.sendBatch([{body: 1}, {body: 't', contentType: 'text'}], {delaySeconds: 3})",
        "await env.JOBS.sendBatch([{'body': 1}, {'body': 't', 'contentType': 'text'}], delaySeconds=3)"),
    _same("queue batch of nothing", "await env.JOBS.sendBatch([])"),
    Row("cache put",
        "await caches.default.put('https://a.test/x', new Response('x', {headers: {'cache-control': 'max-age=9'}}))",
        "await js.caches.default.put('https://a.test/x', js.Response.new('x', headers=[['cache-control',"
        " 'max-age=9']]))"),
    Row("cache match", "await caches.default.match('https://a.test/x')",
        "await js.caches.default.match('https://a.test/x')"),
    Row("cache match of nothing", "await caches.default.match('https://a.test/y')",
        "await js.caches.default.match('https://a.test/y')"),
    Row("cache by name", "await (await caches.open('é/1')).match('https://a.test/x')",
        "await (await js.caches.open('é/1')).match('https://a.test/x')"),
    Row("cache put refused", "await caches.default.put('https://a.test/x', new Response('x', {headers: {vary: '*'}}))",
        "await js.caches.default.put('https://a.test/x', js.Response.new('x', headers=[['vary', '*']]))"),
    Row("cache delete", "await caches.default.delete('https://a.test/x#f')",
        "await js.caches.default.delete('https://a.test/x#f')"),
    Row("outbound fetch", "await (await fetch('https://api.test/ok')).text()",
        "await (await js.fetch('https://api.test/ok')).text()"),
    Row("outbound fetch with a redirect", "await (await fetch('https://api.test/old')).text()",
        "await (await js.fetch('https://api.test/old')).text()"),
    Row("outbound fetch that is lost", "await fetch('https://api.test/lost')", "await js.fetch('https://api.test/lost')"),
    Row("outbound fetch that is blocked", "await fetch('https://other.test/')", "await js.fetch('https://other.test/')"),
    _same("d1 exec", "await env.DB.exec('CREATE TABLE t (a)')"),
    _same("d1 run", "await env.DB.prepare('INSERT INTO t VALUES (?)').bind(1).run()"),
    _same("d1 all", "await env.DB.prepare('SELECT a FROM t').all()"),
    _same("d1 first", "await env.DB.prepare('SELECT a FROM t').first()"),
    _same("d1 refused", "await env.DB.prepare('SELECT nope FROM t').all()"),
    _same("d1 batch", "await env.DB.batch([env.DB.prepare('SELECT 1'), env.DB.prepare('SELECT 2')])"),
]  # fmt: skip
"""Everything is done in one world, in this order."""

DIFFERENT: Final = {
    "kv get json of what is none": "workerd decodes by itself, after the operation: a hit there, an error here",
    "outbound fetch that is blocked": "words of our own do not come through a connection: the logs have them",
}
"""Rows whose outcome or error is another, and why."""
CONFIG: Final[dict[str, Any]] = {
    "name": "app", "compatibility_date": "2026-05-01",
    "kv_namespaces": [{"binding": "KV", "id": "kv"}], "r2_buckets": [{"binding": "FILES", "bucket_name": "files"}],
    "queues": {"producers": [{"binding": "JOBS", "queue": "jobs"}]},
    "d1_databases": [{"binding": "DB", "database_id": "d", "database_name": "d"}],
}  # fmt: skip


class Seen(NamedTuple):
    """What one row did: the operations, as an observer of the gate sees them, and the error it ended with."""

    operations: list[tuple[str, str, str, str | None, str, dict[str, Any]]]
    error: str


METERED: Final = ("bytes", "keys", "messages", "rows_read", "rows_written", "units")
"""What meters count by."""


def javascript() -> str:
    rows = "\n".join(f"  async (env) => {{ {row.javascript}; }}," for row in TABLE)
    return f"""
const rows = [\n{rows}\n];
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


def python() -> str:
    rows = "\n".join(f"async def row{index}(env):\n    {row.python}" for index, row in enumerate(TABLE))
    return f"""
import js
from pyodide.ffi import JsException
from workers import Response, WorkerEntrypoint

{rows}


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        row = globals()["row" + request.url.rsplit("/", 1)[1]]
        try:
            await row(self.env)
        except JsException as error:
            return Response(f"{{error.name}}: {{error.message}}")
        return Response("")
"""


def recorded(folder: Path, main: str, source: str, config: dict[str, Any], tools: Tools) -> list[Seen]:
    """What each row does to the gate of a new world."""
    folder.mkdir()
    (folder / main).write_text(source, encoding="utf-8")
    (folder / "wrangler.json").write_text(json.dumps({**CONFIG, **config, "main": main}), encoding="utf-8")
    app = App.load(folder, None, folder, tools)
    edge = Edge(app, Options())
    seen: list[Seen] = []
    found: list[tuple[str, str, str, str | None, str, dict[str, Any]]] = []

    def observe(operation: Operation) -> None:
        if operation.outcome != "pending" and operation.origin == "app":
            metered = {name: value for name, value in operation.attributes.items() if name in METERED}
            found.append(
                (operation.binding, operation.kind, operation.verb, operation.key, operation.outcome, metered)
            )

    try:
        edge.world.gate.observers.append(observe)
        edge.outbound.add_response(url="https://api.test/ok", text="x", is_reusable=True)
        edge.outbound.add_response(302, url="https://api.test/old", headers={"location": "/ok"})
        edge.outbound.add_exception(url="https://api.test/lost")
        for index in range(len(TABLE)):
            found.clear()
            error = edge.client.get(f"/{index}").text
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
        recorded(folder / "javascript", "index.js", javascript(), {}, tools),
        recorded(folder / "python", "entry.py", python(), flags, tools),
    )


@pytest.mark.parametrize("index", range(len(TABLE)), ids=[row.name for row in TABLE])
def test_both_hosts_do_the_same_to_the_gate(both: tuple[list[Seen], list[Seen]], index: int) -> None:
    in_javascript, in_python = both[0][index], both[1][index]
    if TABLE[index].name in DIFFERENT:
        assert in_javascript != in_python
        assert [each[:4] for each in in_javascript.operations] == [each[:4] for each in in_python.operations]
        return
    assert in_javascript.operations == in_python.operations
    assert in_javascript.error == in_python.error


def test_the_table_reaches_everything(both: tuple[list[Seen], list[Seen]]) -> None:
    """A row that reaches no gate is one that the runtime refuses."""
    without = [row.name for row, seen in zip(TABLE, both[0], strict=True) if not seen.operations]
    assert without == ["kv put of a key that is refused", "queue batch of nothing", "cache put refused"]
    verbs = {(kind, verb) for seen in both[0] for _, kind, verb, *_ in seen.operations}
    assert {verb for kind, verb in verbs if kind == "r2"} == {
        "head", "get", "put", "delete", "list", "createMultipartUpload", "uploadPart", "complete", "abort"
    }  # fmt: skip
    assert {verb for kind, verb in verbs if kind == "kv"} == {"get", "getWithMetadata", "put", "delete", "list"}
