"""Calls on bindings: their kind, verb, arguments and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.calls import BindingCall, Option
from edgelint.project.project import Project
from tests.projects import D1, KV, PYTHON_TOML, TOML, project, words


def worker(root: Path, body: str) -> Project:
    head = "export default { async fetch(request: Request, env: Env, ctx: ExecutionContext) {"
    return project(root, {"wrangler.toml": TOML + D1 + KV, "src/index.ts": f"{head}\n{body}\n}} }};"})


def python(root: Path, body: str) -> Project:
    text = (
        "from pyodide.ffi import to_js\nfrom workers import WorkerEntrypoint\n\nclass Default(WorkerEntrypoint):\n"
        f"    async def fetch(self, request):\n        {body}\n"
    )
    return project(root, {"wrangler.toml": PYTHON_TOML + KV, "src/entry.py": text})


def only(made: Project) -> BindingCall:
    (call,) = made.calls()
    return call


def told(option: Option) -> str:
    """An option in words: its text and value, or that it is absent or cannot be read."""
    if option.node is None:
        return "opaque" if option.opaque else "absent"
    return f"{option.file.text(option.node)}: {words(option.value)}"


@pytest.mark.parametrize(("body", "expected"), [
    ("await env.KV.put('a', 'b');", "kv.put KV high"),
    ("await (env.KV as any).get('a');", "kv.get KV high"),
    ("await (env.KV.get as any)('a');", "kv.get KV high"),
    ("await env.DB.prepare('a');", "d1.prepare DB high"),
    ("await env.WHAT.idFromName('a');", "durable-object.idFromName WHAT shape"),
    ("await env.OTHER_KV.get('a');", "kv.get OTHER_KV name"),
    ("ctx.waitUntil(p);", "execution-context.waitUntil None high"),
    ("await caches.default.match('x');", "cache.match None high"),
])
def test_the_kind_of_a_call(tmp_path: Path, body: str, expected: str) -> None:
    call = only(worker(tmp_path, body))
    assert f"{call.kind}.{call.verb} {call.binding} {call.trust}" == expected


@pytest.mark.parametrize("body", [
    "new env.KV.put('a');", "request.get('a');", "other.put('a');", "env.KV['put' + x]('a');", "put('a');",
    "env.KV.nosuch('a');",
])
def test_no_call_on_a_binding(tmp_path: Path, body: str) -> None:
    assert list(worker(tmp_path, body).calls()) == []


def test_a_statement_that_nothing_but_its_use_tells(tmp_path: Path) -> None:
    made = worker(tmp_path, "const made = await load(); return await made.prepare('x').bind(1).first();")
    assert [(call.kind, call.verb, call.trust) for call in made.calls()] == [
        ("d1", "prepare", "shape"), ("d1-statement", "bind", "shape"), ("d1-statement", "first", "shape"),
    ]


def test_two_kinds_for_one_call(tmp_path: Path) -> None:
    made = worker(tmp_path, "const store = request ? env.KV : caches.default; await store.put('a', 'b');")
    assert sorted((call.kind, call.binding) for call in made.calls()) == [("cache", None), ("kv", "KV")]


def test_where_a_call_stands(tmp_path: Path) -> None:
    call = only(worker(tmp_path, "await env.KV.put('a', ...rest, 'z');"))
    text = call.file.source
    assert text.slice(call.span.start, call.span.end) == "env.KV.put('a', ...rest, 'z')"
    assert text.slice(call.callee_span.start, call.callee_span.end) == "env.KV.put"
    assert call.function is not None
    assert call.function.name == "fetch"
    args = [call.arg(position) for position in range(4)]
    assert [arg and call.file.text(arg) for arg in args] == ["'a'", None, None, None]
    assert repr(call) == f"BindingCall(kv.put on KV in src/index.ts:{call.node.start})"
    assert repr(call.file) == "SourceFile(src/index.ts)"


@pytest.mark.parametrize(("body", "expected"), [
    ("env.KV.put('a', 'b', { expirationTtl: 60 });", ["60: 60"]),
    ("env.KV.put('a', 'b');", ["absent"]),
    ("env.KV.put('a', 'b', {});", ["absent"]),
    ("env.KV.put('a', 'b', undefined);", ["absent"]),
    ("env.KV.put(...args);", ["opaque"]),
    ("env.KV.put('a', 'b', made());", ["opaque"]),
    ("env.KV.put('a', 'b', { [made()]: 1 });", ["opaque"]),
    ("env.KV.put('a', 'b', { ...made() });", ["opaque"]),
    ("env.KV.put('a', 'b', { expirationTtl: 5, ...{ expirationTtl: 9 } });", ["9: 9", "5: 5"]),
    ("const o = { expirationTtl: 5 }; env.KV.put('a', 'b', o);", ["5: 5"]),
    ("const o: any = {}; o.expirationTtl = 7; env.KV.put('a', 'b', o);", ["7: 7"]),
    ("const o = request ? { expirationTtl: 5 } : undefined; env.KV.put('a', 'b', o);", ["5: 5"]),
    ("env.KV.put('a', 'b', Object.fromEntries({ expirationTtl: 5 }));", ["5: 5"]),
    ("const o = Object.freeze({ expirationTtl: 5 }); env.KV.put('a', 'b', o);", ["5: 5"]),
    ("const o = made(); env.KV.put('a', 'b', o);", ["opaque"]),
    ("env.KV.put('a', 'b', structuredClone(made()));", ["opaque"]),
    ("env.KV.put('a', 'b', { ...{ ...{ ...{ ...{ ...{ expirationTtl: 5 } } } } } });", ["opaque"]),
    ("env.KV.delete('a');", ["absent"]),
])
def test_options(tmp_path: Path, body: str, expected: list[str]) -> None:
    found = only(worker(tmp_path, body)).alternatives("expirationTtl")
    assert sorted(map(told, found)) == sorted(expected)


@pytest.mark.parametrize(("body", "expected"), [
    ("await self.env.KV.put('a', 'b', expirationTtl=60)", "60: 60"),
    ("await self.env.KV.put('a', 'b', to_js({'expirationTtl': 60}))", "60: 60"),
    ("await self.env.KV.put('a', 'b', dict(expirationTtl=60))", "60: 60"),
    ("await self.env.KV.put('a', 'b', dict(other=60))", "opaque"),
    ("await self.env.KV.put('a', 'b', **made())", "opaque"),
])
def test_options_in_python(tmp_path: Path, body: str, expected: str) -> None:
    assert told(only(python(tmp_path, body)).option("expirationTtl")) == expected


def test_the_bounds_and_place_of_an_option(tmp_path: Path) -> None:
    call = only(worker(tmp_path, "env.KV.put('a', 'b', { expirationTtl: request ? 30 : 90, expiration: 'x' });"))
    option = call.option("expirationTtl")
    assert (option.lower_bound, option.upper_bound) == (30, 90)
    assert call.file.source.slice(option.span.start, option.span.end) == "request ? 30 : 90"
    assert (call.option("expiration").lower_bound, call.option("expiration").upper_bound) == (None, None)
    assert (call.option("metadata").lower_bound, call.option("metadata").node) == (None, None)


def test_the_caches_of_a_browsers_worker_are_not_ours(tmp_path: Path) -> None:
    made = worker(tmp_path, "await env.KV.get('a');")
    assert len(list(made.calls())) == 1
    text = "self.addEventListener('install', (event) => { event.waitUntil(caches.open('v1')); self.skipWaiting(); });"
    files = {"wrangler.toml": TOML, "public/sw.js": text, "src/index.ts": "export default {};"}
    assert list(project(tmp_path / "browser", files).calls()) == []


def test_calls_are_narrowed_by_kind_and_verb(tmp_path: Path) -> None:
    made = worker(tmp_path, "await env.KV.get('a'); await env.KV.put('b', 'c'); env.DB.prepare('d');")
    assert [call.verb for call in made.calls("kv")] == ["get", "put"]
    assert [call.verb for call in made.calls(("kv", "d1"), ("put", "prepare"))] == ["put", "prepare"]
    assert [call.kind for call in made.calls(verb="prepare")] == ["d1"]
    assert list(made.focus("other.ts").calls()) == []
