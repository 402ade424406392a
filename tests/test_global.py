"""What the global scope refuses, what a handler leaves there, and options that are dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.global_scope import free_env, refused
from edgelint.project.global_state import kept
from edgelint.project.inits import inits
from tests.projects import project

HANDLER = "\nexport default { async fetch(request, env, ctx) { BODY return new Response(env.X); } };\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("new Response('x'); new Response(null); new Response();", ["new Response()"]),
        ("const b = 'x'; new Response(b); new Response(f());", ["new Response()"]),
        ("new Request('https://a/', { body: 'x' }); new Request('https://a/', { body: null });", ["new Request()"]),
        ("new Request('https://a/', { body: undefined, method: 'GET' });", []),
        ("new WebSocketPair(); new Headers(); WebSocketPair();", ["new WebSocketPair()"]),
        ("Response.json({}); Response.error(); crypto.randomUUID();", ["Response.json()", "crypto.randomUUID()"]),
        ('import c from "node:crypto"; c.randomUUID(); c.createHash("x");', ["randomUUID()"]),
        ('import { v4 } from "uuid"; v4();', ["v4()"]),
        ('import { env } from "cloudflare:workers"; await env.A.run(); env.A.run(); await env.B.bind();',
         ["A.run()"]),
        ('import { env } from "cloudflare:workers"; env.A.then(); new env.A.B();', []),
        ("caches.default.match('https://a/'); caches.open('x');", ["match()"]),
        ("const f = a ? fetch : setTimeout; f();", []),
    ],
)
def test_refused(tmp_path: Path, text: str, expected: list[str]) -> None:
    found = project(tmp_path, {"a.js": text + HANDLER.replace("BODY", "")})
    assert [item.what for item in refused(found.files["a.js"], found)] == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.js", "const a = env.X; const b = () => env.Y;", 1), ("a.js", "const env = {}; env.X;", 0),
        ("a.ts", "declare const env: Env; const a = env.X;", 1),
        ("a.py", "from workers import WorkerEntrypoint\nX = env.X\nclass Default(WorkerEntrypoint):\n    pass\n", 1),
        ("a.py", "from workers import *\nX = env.X\nclass Default(WorkerEntrypoint):\n    pass\n", 0),
    ],
)
def test_free_env(tmp_path: Path, path: str, text: str, expected: int) -> None:
    found = project(tmp_path, {path: text + ("" if path.endswith(".py") else HANDLER.replace("BODY", ""))})
    assert len(list(free_env(found.files[path], found))) == expected


@pytest.mark.parametrize(
    ("module", "body", "expected"),
    [
        ("let a;", "a = request.url; f(a);", ["a"]), ("let a;", "a = request.url;", []),
        ("export let a;", "a = request.url;", ["a"]), ("let a; export { a };", "a = request.url;", ["a"]),
        ("let a;", "a ??= request.url; f(a);", []), ("let user;", "user ??= request.url; f(user);", ["user"]),
        ("let a;", "if (!a) a = request.url; f(a);", []), ("let a = 0;", "a += request.url.length; f(a);", []),
        ("let a;", "a = request.url === 'x'; f(a);", []), ("let a;", "a = env; f(a);", []),
        ("let a;", "a = ctx; f(a);", ["a"]), ("let a;", "a = await fetch('https://a/'); f(a);", ["a"]),
        ("const o = {};", "o.x = request.url;", ["o.x"]), ("const o = {};", "o[request.url] = request.url;", []),
        ("const o = { i: {} };", "o.i.x = request.url;", ["o.i.x"]), ("", "const o = {}; o.x = request.url;", []),
        ("class A {}", "A.x = request.url;", ["A.x"]), ("", "globalThis.x = request.url;", ["x"]),
        ("const l = [];", "l.push(request.url);", ["l"]), ("const l = [];", "l.push(1);", []),
        ("const l = new Set();", "l.add(request.url);", []), ("let a, b;", "a = request.url; b = a; f(a, b);", ["a"]),
        ("const __wbg_x = 1; let a;", "a = request.url; f(a);", []),
        ("let a; function set(v) { a = v; }", "set(request.url); f(a);", ["a"]),
    ],
)
def test_kept(tmp_path: Path, module: str, body: str, expected: list[str]) -> None:
    found = project(tmp_path, {"a.js": module + HANDLER.replace("BODY", body)})
    assert [item.name for item in kept(found.files["a.js"], found)] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("fetch('https://a/', { a: 1, method: 'GET', ...env });", ["a"]), ("Request('x', { a: 1 });", []),
        ("new Request(request, { params: 1, [env.X]: 2 });", ["params"]),
        ("new Response('x', { code: 1 });", ["code"]),
        ("Response.json({}, { code: 1 });", ["code"]), ("JSON.json({}, { code: 1 });", []),
        ("fetch('https://a/');", []),
        ("const i = { a: 1 }; fetch('https://a/', i);", ["a"]), ("const i = { a: 1 }; fetch(i.a, i);", []),
        ("let i = { a: 1 }; i = {}; fetch('https://a/', i);", []), ("fetch('https://a/', i);", []),
    ],
)
def test_inits(tmp_path: Path, body: str, expected: list[str]) -> None:
    found = project(tmp_path, {"a.js": HANDLER.replace("BODY", body)})
    assert [item.key for item in inits(found.files["a.js"], found)] == expected
