"""What calls give: methods, globals, constructors, functions of the project, in JavaScript and in Python."""

from __future__ import annotations

import pytest

from edgelint.project.atoms import ClassRef, Const, Func, Number, SafeText, Value
from edgelint.project.call_values import returns_of
from edgelint.project.frames import MAX_FRAMES, Frame
from edgelint.syntax import tree
from tests.expressions import code
from tests.projects import words

DECLARED = """
import * as z from "zod";
import * as v from "valibot";
import { v4 as uuid } from "uuid";
import { getCloudflareContext } from "@opennextjs/cloudflare";
import { getCookie } from "hono/cookie";
import { Object as O } from "js";
import qs from "qs";
class Box { static make() { return new Box(); } value = 5; get() { return this.value; } }
class Sub extends Box { get() { return super.get(); } }
class Db { constructor(private db: D1Database) {} run(x) { return x; } }
function twice(a, b) { return [a, b]; }
function id(x) { return x; }
function none() {}
function* gen() { yield 1; }
function rec(n) { return n ? rec(n - 1) : 0; }
declare function typed(): Promise<D1Database>;
function asKv(): Promise<KVNamespace> { return globalThis.made(); }
function tag(strings, x) { return x; }
function tags(strings, ...values) { return strings.join(values[0]); }
const Schema = v.object({});
const obj = { a: 1, b: 'x', f() { return 2; } };
const list = [1, 2];
"""
SENT = "export default { async fetch(request, env, ctx) { const body = await request.json(); const result = %s; } };"


def value(expression: str) -> str:
    return words(code(f"{DECLARED}\nconst result = {expression};").value())


def sent(expression: str) -> str:
    return words(code(DECLARED + SENT % expression).value())


@pytest.mark.parametrize(("expression", "expected"), [
    ("(id as any)(7)", "7"),
    ("(() => 5)()", "5"),
    ("twice(1)", "array"),
    ("none()", "None"),
    ("gen()", "unknown other"),
    ("rec(3)", "0"),
    ("typed()", "d1"),
    ("asKv()", "kv"),
    ("id(...list)", "unknown param"),
    ("5()", "unknown other"),
    ("nosuch.thing()", "unknown other"),
    ("obj.f()", "2"),
    ("obj.a()", "unknown other"),
    ("new Box()", "instance of Box"),
    ("Box.make().get()", "5"),
    ("new Sub().get()", "5"),
])
def test_functions_of_the_project(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("import('hono')", "external hono *"),
    ("import('./nowhere')", "external ./nowhere *"),
    ("import(name)", "unknown other"),
    ("getCloudflareContext()", "cloudflare-context"),
    ("globalThis.getCloudflareContext()", "cloudflare-context"),
    ("uuid()", "safe v4"),
    ("v.parse(Schema, x)", "unknown validated"),
    ("v.parse(x, y)", "external valibot *.parse()"),
    ("z.string().parse(x)", "unknown validated"),
    ("z.object({}).safeParse(x)", "unknown validated"),
    ("O.fromEntries(1)", "external js Object.fromEntries()"),
    ("new O()", "unknown external"),
    ("qs.parse('a')", "external qs default.parse()"),
    ("z" + ".a()" * 45, "unknown other"),
])
def test_packages(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("tag`a${1}`", "1"),
    ("tag`a`", "None"),
    ("tag`${'v'}a`", "'v'"),
    ("tags`a${'b'}`", "safe constant"),
    ("z.sql`a`", "external zod *.sql``"),
    ("foo`a`", "unknown tagged"),
    ("String.raw`a${1}`", "'a1'"),
])
def test_tagged_templates(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("Promise.all([1, 'x'])", "array"),
    ("Promise.race([1, 2])", "1 | 2"),
    ("Promise.resolve(3)", "3"),
    ("Promise.reject(3)", "unknown other"),
    ("Promise.resolve(3).then(id)", "3"),
    ("Promise.resolve(3).then(x => x + 1)", "number 4..4"),
    ("Promise.resolve(3).catch(id)", "3"),
    ("Promise.resolve(3).then()", "3"),
    ("fetch('x').then(r => r.json())", "unknown stored"),
    ("fetch('x').catch(id)", "response"),
    ("fetch('x').then()", "response"),
])
def test_promises(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("list.map(x => x * 2)", "list of (number 2..4)"),
    ("list.map((x, i) => i)", "list of (number 0..)"),
    ("list.map(Number)", "list of (number 1..2)"),
    ("list.map(String)", "list of (1 | 2)"),
    ("list.map(whatever)", "list of (unknown other)"),
    ("list.flatMap(x => [x])", "list of (1 | 2)"),
    ("list.filter(Boolean)", "array"),
    ("list.concat(['a'])", "list of ('a' | 1 | 2)"),
    ("list.concat()", "array"),
    ("list.find(x => x)", "1 | 2"),
    ("list.pop()", "1 | 2"),
    ("list.entries()", "list of (1 | 2 | number 0..)"),
    ("list.join(',')", "safe constant"),
    ("list.toString()", "safe constant"),
    ("list.includes(1)", "number -1.."),
    ("list.keys()", "list of (number 0..)"),
    ("list.values()", "array"),
    ("list.fill(0)", "list of (0)"),
    ("list.reduce((a, b) => a)", "unknown other"),
    ("list.weird()", "unknown other"),
    ("[...list].map(id)", "list of (1 | 2)"),
    ("Array.from(list)", "array"),
    ("Array.from('ab')", "list of (safe constant)"),
    ("Array.from({ length: 3 }, (x, i) => i)", "list of (number 0..)"),
    ("Array.of(1, 2)", "list of (1 | 2)"),
    ("Array(3)", "list of (nothing)"),
    ("Array(1, 'a')", "list of ('a' | 1)"),
    ("new Set(list)", "list of (1 | 2)"),
    ("new Set(list).has(1)", "number -1.."),
    ("new Map([['a', 1]])", "list of (1)"),
    ("new Map([['a', 1]]).get('a')", "1"),
    ("new Map(other)", "list of (unknown other)"),
])
def test_lists(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("'a,b'.split(',')", "list of (safe constant)"),
    ("' A '.trim()", "'A'"),
    ("'a'.toUpperCase()", "'A'"),
    ("'A'.toLowerCase()", "'a'"),
    ("'a'.toString()", "'a'"),
    ("'a'.concat(1)", "safe constant"),
    ("'a'.replace('a', x => x)", "safe constant"),
    ("'a'.replace('a', nosuch)", "unknown other"),
    ("'a'.indexOf('a')", "number -1.."),
    ("'a'.includes('a')", "number -1.."),
    ("'a'.slice(1)", "safe constant"),
    ("(5).toFixed(2)", "safe constant"),
    ("Date.now().toString()", "safe constant"),
    ("Date.now().weird()", "unknown other"),
    ("String(5)", "5"),
    ("String(Date.now())", "number 0.."),
    ("String(list)", "unknown other"),
    ("String()", "unknown other"),
    ("JSON.stringify(5)", "5"),
    ("JSON.stringify(obj)", "unknown other"),
    ("encodeURIComponent('a')", "'a'"),
])
def test_text(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("Math.random()", "number 0..1"),
    ("Date.now()", "number 0.."),
    ("Date.parse('x')", "number .."),
    ("Math.min()", "number .."),
    ("Math.min(...list)", "number .."),
    ("Math.floor('x')", "number .."),
    ("x().getTime()", "number .."),
    ("x().toISOString()", "safe toISOString"),
    ("crypto.randomUUID()", "safe crypto.randomUUID"),
    ("new Date().toISOString()", "safe constant"),
    ("new Request('x')", "request"),
    ("new Headers()", "headers"),
    ("new URL('x')", "url"),
    ("fetch('x')", "response"),
    ("globalThis.fetch('x')", "response"),
    ("self.crypto.randomUUID()", "safe crypto.randomUUID"),
    ("caches.open('x')", "cache"),
    ("caches.default", "cache"),
    ("globalThis.caches.default", "cache"),
    ("Response.json({})", "response"),
    ("Object.keys(obj)", "list of ('a' | 'b' | 'f')"),
    ("Object.values(obj)", "list of ('x' | 1 | function f)"),
    ("Object.entries(obj)", "list of (pair ('a' | 'b' | 'f', 'x' | 1 | function f))"),
    ("Object.assign({}, obj)", "object | object"),
    ("structuredClone(5)", "5"),
    ("JSON.parse('5')", "unknown other"),
    ("JSON.parse(await fetch('x').text())", "unknown stored"),
    ("new WeakRef(5)", "unknown other"),
    ("process.env.X", "unknown other"),
])
def test_globals(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("body()", "from request"),
    ("body.map(x => x.id)", "list of (from request)"),
    ("body.map(x => 1)", "list of (1)"),
    ("body.includes(1)", "number 0..1"),
    ("body.trim()", "from request"),
    ("body.length", "number 0..!"),
    ("body.indexOf('a')", "number ..!"),
    ("id(body)", "from request"),
    ("tag`a${body}`", "from request"),
    ("tags`a${body}`", "from request"),
    ("'a'.replace('a', () => body)", "from request"),
    ("'a'.replace('a', body)", "from request"),
    ("[body].join()", "from request"),
    ("list.join(body)", "from request"),
    ("JSON.stringify(body)", "from request"),
    ("JSON.parse(body)", "from request"),
    ("String(body)", "from request"),
    ("Object.keys(body)", "list of (from request)"),
    ("Object.entries(body)", "list of (from request)"),
    ("Object.values({ a: body })", "list of (from request)"),
    ("Array.from(body)", "from request"),
    ("new URL(body)", "url!"),
    ("new URL('x', body)", "url!"),
    ("new Request(request)", "request!"),
    ("fetch(body)", "response"),
    ("new Map(body)", "list of (from request)"),
    ("qs.parse(body)", "from request"),
    ("getCookie(body)", "from request"),
    ("request.headers.get('x')", "from request"),
    ("request.headers.weird()", "from request"),
    ("new URL(request.url).searchParams.get('q')", "from request"),
    ("Object.fromEntries(request.headers).cookie", "from request"),
    ("request.json().then(x => x.a)", "from request"),
    ("request.json().catch(() => ({}))", "from request"),
    ("ctx.exports.then(id)", "unknown other"),
    ("env.DB.prepare('a').bind(1)", "d1-statement:DB~shape"),
    ("env.DB.prepare('a').all()", "unknown stored"),
    ("env.fetch()", "unknown other"),
    ("env.X.idFromName('a')", "do-id:X~shape"),
    ("env.X.get(1)", "unknown other"),
    ("await made().prepare('a').bind(1).first()", "unknown stored"),
    ("new Db(env.DB).db", "binding:DB"),
    ("new Db(env.DB).run(body)", "from request"),
    ("Promise.all(body)", "from request"),
])
def test_what_the_sender_decides(expression: str, expected: str) -> None:
    assert sent(expression) == expected


PYTHON = """
import urllib.parse
import uuid
class A:
    x: int
    y = 5
    def __init__(self, v=3):
        self.v = v
    def get(self, n): return n
    @staticmethod
    def st(n): return n
    @property
    def prop(self): return 9
def f(a, b=2, *c, **d): return b
def g(*c): return c
def h(**d): return d
def items(**d): return d.items()
def names(**d): return list(d.keys())
d = {"a": 1, "b": "x"}
l = [1, 2]
"""


@pytest.mark.parametrize(("expression", "expected"), [
    ("getattr(A(), 'v')", "3"),
    ("getattr(A(), 'y', 7)", "5 | 7"),
    ("getattr(d, name)", "'x' | 1"),
    ("A().get(4)", "4"),
    ("A(8).v", "8"),
    ("A.st(1)", "1"),
    ("A.y", "5"),
    ("A.x", "unknown other"),
    ("A().prop", "9"),
    ("f(1)", "2"),
    ("f(1, b=5)", "5"),
    ("g(1, 'a')", "list of ('a' | 1)"),
    ("h(a=1)", "unknown keywords"),
    ("items(a=1)", "list of (pair (safe keyword, unknown param))"),
    ("names(a=1)", "list of (safe keyword)"),
    ("d.get('a')", "1"),
    ("d.get('c')", "None"),
    ("d.get('c', 0)", "0"),
    ("d.get('a', 0)", "0 | 1"),
    ("d.get(name)", "'x' | 1"),
    ("d['a']", "1"),
    ("d.items()", "list of (pair ('a' | 'b', 'x' | 1))"),
    ("d.keys()", "list of ('a' | 'b')"),
    ("d.values()", "list of ('x' | 1)"),
    ("other.items()", "unknown other"),
    ("','.join(l)", "safe constant"),
    ("','.join(['a', b])", "unknown other"),
    ("'{}'.format(1)", "safe constant"),
    ("'{}'.format(x=1)", "safe constant"),
    ("'{}'.format(*l)", "safe constant"),
    ("format(5, 'd')", "number .."),
    ("format('a')", "'a'"),
    ("range(3)", "list of (number 0..)"),
    ("sorted(l)", "array"),
    ("max(l)", "number .."),
    ("min(1, 2)", "number 1..1"),
    ("time.time()", "number 1.6e+09.."),
    ("json.loads('x')", "unknown other"),
    ("uuid.uuid4()", "safe uuid4"),
    ("asyncio.gather(1)", "1"),
    ("l[1:]", "1 | 2"),
    ("URL.new('x')", "url"),
])
def test_python(expression: str, expected: str) -> None:
    assert words(code(f"{PYTHON}\nresult = {expression}\n", "a.py").value()) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("urllib.parse.urlparse(body)", "from request"),
    ("json.loads(body)", "from request"),
    ("body.items()", "from request"),
    ("'%s' % body", "from request"),
    ("format(body, 'd')", "number ..!"),
    ("self.env.KV.get_with_metadata('a')", "unknown stored"),
])
def test_python_sent(expression: str, expected: str) -> None:
    text = (
        "import json\nimport urllib.parse\nfrom workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n"
        f"    async def fetch(self, request):\n        body = await request.json()\n        result = {expression}\n"
    )
    assert words(code(text, "a.py").value()) == expected


def test_calls_are_looked_into_so_deep_and_no_further() -> None:
    deep = "".join(f"function f{n}(x) {{ return f{n + 1}(x); }}\n" for n in range(MAX_FRAMES))
    here = code(f"{deep}function f{MAX_FRAMES}(x) {{ return 'end'; }}\nconst result = f0(1);\nconst near = f1(1);")
    assert words(here.value()) == "unknown depth"
    assert words(here.value("near")) == "'end'"


def test_callbacks_are_looked_into_so_deep_and_no_further() -> None:
    here = code("function f(x) { return [x].map(f); }\nconst result = f(1);")
    assert words(here.value()) == "list of (unknown depth)"


def test_returns_of_what_has_no_body() -> None:
    here = code(
        "abstract class A { abstract get(): string; full() { if (a) return 1; (() => { return 3; })(); return 2; } }"
    )
    (klass,) = here.nodes(tree.Class)
    functions = {f.name: f for f in klass.members if isinstance(f, tree.Function)}
    assert [here.text(node) for node in returns_of(functions["full"])] == ["return 1;", "return 2;"]
    assert returns_of(functions["get"]) == []
    assert words(here.evaluator.call_values.returns(functions["get"], here.file, None)) == "unknown other"


def test_the_arguments_of_a_call_frame() -> None:
    here = code("class A:\n    def run(self, a, *b, c=1): pass\nA().run(1, *xs, 2, c=3)\n", "a.py")
    (klass,) = here.nodes(tree.Class)
    func = Func(here.function("run"), here.file)
    call = here.call("run")
    frame = here.evaluator.call_values.frame(func, call, here.file, None)
    assert frame is not None
    assert words(frame.args[0] if isinstance(frame.args[0], frozenset) else frozenset()) == "instance of A"
    assert [here.text(arg) for arg in frame.args[1:] if isinstance(arg, tree.Node)] == ["1"]
    assert (sorted(frame.keywords), frame.rest, frame.depth, frame.call) == (["c"], True, 1, call)
    assert here.evaluator.call_values.frame(func, call, here.file, None) is frame
    assert here.evaluator.call_values.frame(func, call, here.file, frame) is None  # recursive
    assert ClassRef(klass, here.file).node.name == "A"


def test_frames_lead_outwards() -> None:
    here = code("function a() { return b(); }\nfunction b() { return 1; }")
    outer = Frame(here.function("a"), [], {}, False, here.file, None, None)
    inner = Frame(here.function("b"), [], {}, False, here.file, outer, None)
    assert inner.outermost is outer
    assert inner.find(here.function("a")) is outer
    assert outer.find(here.function("b")) is None
    assert inner.depth == 2


def test_stringified_parts() -> None:
    stringified = code("x").evaluator.call_values.stringified
    assert stringified(frozenset({Number(1, 2)})) == {Number(1, 2)}
    mixed: Value = frozenset({Number(1, 2), Const("string", "a"), SafeText("b")})
    assert words(stringified(mixed)) == "'a' | number 1..2 | safe b"
    assert words(stringified(frozenset())) == "unknown other"
