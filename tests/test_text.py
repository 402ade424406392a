"""The holes of texts: where something that is not constant enters, and what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.project import Project
from edgelint.project.text_syntax import before, strips_to_words
from edgelint.project.text_values import MAX_NODES
from edgelint.syntax import tree
from tests.projects import D1, KV, PYTHON_TOML, TOML, probe, project

URL = "const q = new URL(request.url).searchParams; const id = q.get('id');"


def worker(root: Path, body: str, top: str = "", **more: str) -> Project:
    code = f"{top}\nexport default {{ async fetch(request, env, ctx) {{ {URL}\n{body}\n}} }};"
    files = {name.replace("__", "/").replace("_ts", ".ts").replace("_sql", ".sql"): text for name, text in more.items()}
    return project(root, {"wrangler.toml": TOML + D1 + KV, "src/index.ts": code, **files})


def python(root: Path, body: str) -> Project:
    lines = "".join(f"        {line}\n" for line in body.split("\n"))
    code = (
        "import re\nfrom workers import WorkerEntrypoint\nCOLS = ('a', 'b')\n\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        f"        body = await request.json()\n{lines}"
    )
    return project(root, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code})


def holes(found: Project) -> list[str]:
    """``what: text of the operand`` for each hole, with a "*" when nothing was glued."""
    file, node = probe(found)
    return [f"{h.what}{'' if h.glued else '*'}: {h.file.text(h.node)}" for h in found.texts.holes(node, file)]


NONE: list[str] = []
JAVASCRIPT = [
    # put together
    ("probe('SELECT 1');", NONE), ("probe(`SELECT ${id}`);", ["request: id"]),
    ("probe('SELECT ' + id + ' FROM t');", ["request: id"]),
    ("probe(id);", ["request*: q.get('id')"]), ("probe('a'.concat(id));", ["request: id"]),
    ("probe(String.raw`a ${id}`);", ["request: id"]),
    ("probe(sql`a ${id}`);", NONE), ("let s = 'a'; s += id; probe(s);", ["request: id"]),
    ("let s = 'a'; s += ' b'; probe(s);", NONE),
    ("let n = 1; n -= 1; probe(`a ${n}`);", NONE), ("probe(['a', id].join(' '));", ["request: id"]),
    ("probe(['a', 'b'].join(id));", ["request: id"]),
    ("probe(`a ${[id].join('-')}`);", ["request: [id].join('-')"]), ("probe(`a ${[id].join(', ')}`);", ["request: id"]),
    ("probe('a ? b'.replace('?', id));", ["request: id"]), ("probe('a'.replace('a', () => 'b'));", NONE),
    ("probe(id ?? 'a');", ["request*: q.get('id')"]),
    ("probe(id || `b`);", ["request*: q.get('id')"]), ("probe(id && 'a');", NONE), ("probe((id, 'a'));", NONE),
    ("probe(id % 2);", NONE),
    ("probe(id ? 'a' : 'b');", NONE), ("probe(id ? id : 'b');", ["request*: q.get('id')"]),
    ("let x; probe(x = `a ${id}`);", ["request: id"]),
    ("probe(await (`a ${id}` as string));", ["request: id"]), ("probe(`a ${`b ${id}`}`);", ["request: `b ${id}`"]),
    ("probe(`a ${`= ${id}`}`);", ["request: id"]),
    ("const name = `${id} x`; probe('SELECT ' + name);", ["request: name"]),
    ("const name = id + '-' + id; probe('SELECT ' + name);", ["request: name"]),
    # arrays
    ("const l = []; l.push('a = ?'); probe(l.join(' AND '));", NONE),
    ("const l = []; l.push(id); probe(l.join(' AND '));", ["request: id"]),
    ("const l = []; l.push(...[id]); probe(l.join());", ["request: id"]),
    ("const l = new Array(); l.push(id); probe(l.join());", ["request: id"]),
    ("const l = ['a', ...q.keys()]; probe(l.join());", ["request: q.keys()"]),
    ("const l = Array(3).fill('?'); probe(l.join());", NONE),
    ("probe(Array.from({ length: 2 }, () => '?').join());", NONE),
    ("probe(Array.from(q.keys(), (k) => k + ' = 1').join());", ["request: k"]),
    ("probe(q.getAll('x').map(() => '?').join());", NONE),
    ("probe(q.getAll('x').map((v) => `'${v}'`).join());", ["request: v"]),
    ("probe(q.getAll('x').map((v) => { return `'${v}'`; }).join());", ["request: v"]),
    ("probe(q.getAll('x').map(Number).join());", ["number: q.getAll('x').map(Number)"]),
    ("probe(q.getAll('x').map(Number).filter(Number.isInteger).join());", NONE),
    ("probe([1, 2].map(Number).join());", NONE),
    ("probe(['a', 'b'].reduce((t, k) => t + ' AND ' + k, 'x'));", NONE),
    ("probe(q.getAll('x').reduce((t, k) => t + ' AND ' + k));", ["request: k"]),
    ("probe(q.getAll('x').map(String).join());", ["request: q.getAll('x').map(String)"]),
    ("probe(q.getAll('x').map(mystery).join());", ["unknown: q.getAll('x').map(mystery)"]),
    ("probe(q.getAll('x').filter((v) => ['a'].includes(v)).map((v) => v + ' = 1').join());", NONE),
    ("const l = q.getAll('x').filter((v) => v.length > 1); probe(l.map((v) => v + ' = 1').join());", ["request: v"]),
    ("const l = q.getAll('x').filter((v) => /^a$/.test(v)); probe(l.map((v) => v + ' = 1').join());", NONE),
    ("probe(q.getAll('x').filter(Boolean).join(', '));", ["request: q.getAll('x').filter(Boolean)"]),
    ("probe(q.getAll('x').filter((v) => ['a'].includes(v)).join(', '));", NONE),
    ("probe(Object.keys({ a: 1 }).join());", NONE),
    ("probe(Object.keys(await request.json()).join());", ["request: Object.keys(await request.json())"]),
    ("probe([['a', 'b'], ['c']].flat().join());", NONE), ("probe(['a'].concat(['b'], [id]).join());", ["request: id"]),
    ("probe(['a'].toSorted().slice(1).reverse().join());", NONE),
    # numbers
    ("probe(`a ${Number(id)}`);", ["number: Number(id)"]), ("probe(`a ${Number(id) || 1}`);", NONE),
    ("const n = parseInt(id); if (isNaN(n)) return; probe(`a ${n}`);", NONE),
    ("probe(`a ${1 + 2}`);", NONE), ("probe(`a ${id.length}`);", NONE), ("probe(`a ${!id}`);", NONE),
    ("probe(`a ${Date.now()}`);", NONE),
    # names
    ("const { a } = { a: 'x' }; probe(`y ${a}`);", NONE), ("const { a } = { a: id }; probe(`y ${a}`);", ["request: a"]),
    ("const { b = 'c' } = await request.json(); probe(`y ${b}`);", ["request: b"]),
    ("const [a] = ['x']; probe(`y ${a}`);", NONE),
    ("const [, a] = ['x', id]; probe(`y ${a}`);", ["request: a"]),
    ("const [a] = [...q.keys()]; probe(`y ${a}`);", ["request: a"]),
    ("const { a } = id ? { a: 'x' } : { a: id }; probe(`y ${a}`);", ["request: a"]),
    ("const { a: { b } } = { a: { b: id } }; probe(`y ${b}`);", ["request: b"]),
    ("for (const k of ['a', 'b']) probe(`y ${k}`);", NONE), ("for (const k in { a: 1 }) probe(`y ${k}`);", NONE),
    ("try {} catch (e) { probe(`y ${e}`); }", ["unknown: e"]),
    ("probe(`y ${missing}`);", ["unknown: missing"]), ("probe(`y ${this}`);", ["unknown: this"]),
    ("probe(`y ${undefined}`);", NONE),
    ("const o = { a: 'x', b: id }; probe(`y ${o.a}`);", NONE),
    ("const o = { a: 'x', b: id }; probe(`y ${o.b}`);", ["request: o.b"]),
    ("const o = { a: 'x' }; probe(`y ${o[id]}`);", NONE),
    ("const o = { a: id }; probe(`y ${o[id]}`);", ["request: o[id]"]),
    ("if (['a'].includes(id)) probe(`y ${id}`);", NONE),
    ("const o = { id }; if (['a'].includes(o.id)) probe(`y ${o.id}`);", NONE),
    ("const m = id.match(/^(\\w+)$/); probe(`y ${m[1]}`);", NONE),
    ("const [, w] = id.match(/^(\\w+)$/); probe(`y ${w}`);", NONE),
    ("probe(`y ${id.trim().toUpperCase()}`);", ["request: id.trim().toUpperCase()"]),
    ("probe(`y ${String(id)}`);", ["request: String(id)"]),
    # what may not
    ("probe(`y ${env.PREFIX}`);", ["unknown: env.PREFIX"]), ("probe(`y ${crypto.randomUUID()}`);", NONE),
    ("probe(`y ${new Date().toISOString()}`);", NONE),
    ("probe(`y ${await env.KV.get('x')}`);", ["stored: await env.KV.get('x')"]),
    ("probe(`y ${request}`);", ["request: request"]), ("probe(`y ${env.DB}`);", ["unknown: env.DB"]),
    ("probe(`y ${() => 1}`);", ["unknown: () => 1"]),
    ("const t = await env.DB.prepare('PRAGMA table_list').all(); probe(`y ${t.results[0].name}`);", NONE),
    ("const t = await env.DB.prepare('SELECT n FROM x').all(); probe(`y ${t.results}`);", ["stored: t.results"]),
    # cleaned
    ("probe(`y ${id.replace(/[^a-z0-9_]/g, '')}`);", NONE),
    ("probe(`y ${id.replace(/[^a-z']/g, '')}`);", ["request: id.replace(/[^a-z']/g, '')"]),
    ("probe(`y '${id.replaceAll(\"'\", \"''\")}'`);", NONE),
    ("probe(`y ${id.replaceAll(\"'\", \"''\")}`);", ["request: id.replaceAll(\"'\", \"''\")"]),
    ("probe(`y '${id.replace(/'/g, \"''\")}'`);", NONE),
    ("probe(`y '${id.replace(\"'\", \"''\")}'`);", ["request: id.replace(\"'\", \"''\")"]),
    ("probe(`y '${id.replace(/['\";]/g, '')}'`);", NONE),
    ("probe(`y \"${id.replace(/\"/g, '\"\"')}\"`);", NONE),
    ("probe(`y '${id.replace(/\"/g, '\"\"')}'`);", ["request: id.replace(/\"/g, '\"\"')"]),
    ("probe(`y '${id.replaceAll(\"'\", x)}'`);", ["request: id.replaceAll(\"'\", x)", "unknown: x"]),
]


@pytest.mark.parametrize(("body", "expected"), JAVASCRIPT)
def test_holes(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert holes(worker(tmp_path, body)) == expected


@pytest.mark.parametrize(
    ("top", "body", "expected"),
    [
        ("const f = (t) => `a ${t}`;", "probe(f('b'));", NONE),
        ("const f = (t) => `a ${t}`;", "probe(f(id));", ["request: t"]),
        ("function f(t) { if (t) return 'x'; return `a ${t}`; }", "probe(f(id));", ["request: t"]),
        ("function f() { return; }", "probe(f());", NONE),
        ("function f() { return f(); }", "probe(`a ${f()}`);", NONE),
        ("function f(t = 'x') { return `a ${t}`; }", "probe(f());", NONE),
        ("function f(a, t) { return `a ${t}`; }", "probe(f(...q));", ["unknown: t"]),
        ("async function f(q) { probe(`a ${q.t}`); }", "await f({ t: id });", ["request: q.t"]),
        ("async function f(t) { probe(`a ${t}`); }", "await f('x'); await f(id);", ["request: t"]),
        ("async function f(t) { probe(`a ${t}`); }", "await f(...q);", ["unknown: t"]),
        ("async function f(t) { probe(`a ${t}`); }", "await f();", NONE),
        ("async function f(...t) { probe(`a ${t}`); }", "await f('x');", NONE),
        ("export async function f(t) { probe(`a ${t}`); }", "", ["param: t"]),
        ("export async function f(t: number) { probe(`a ${t}`); }", "", NONE),
        ("type D = 'a' | 'b'; export async function f(t: D) { probe(`a ${t}`); }", "", NONE),
        ("export async function f(o: { d: 'a' | 'b'; e: string }) { probe(`a ${o.d} ${o.e}`); }", "", ["unknown: o.e"]),
        ("class T { name = 'x'; sql() { return `a ${this.name}`; } }", "probe(new T().sql());", NONE),
        (
            "class T { constructor(n) { this.name = n; } sql() { return `a ${this.name}`; } }",
            "probe(new T(id).sql());",
            ["request: this.name"],
        ),
        (
            "class T { constructor(private n: string) {} sql() { return `a ${this.n}`; } }",
            "probe(new T('x').sql());",
            NONE,
        ),
        (
            "class T { constructor(private n: string) {} sql() { return `a ${this.n}`; } }",
            "probe(new T(id).sql());",
            ["request: this.n"],
        ),
        ("const build = (v) => ({ sql: `a ${v}`, n: 1 });", "const { sql } = build(id); probe(sql);", ["request: v"]),
        ("const build = async (v) => [`a ${v}`, v];", "const [sql] = await build('x'); probe(sql);", NONE),
        ("const build = (v) => JSON.parse(v);", "const { sql } = build(id); probe(sql);", ["request*: sql"]),
        ("import { x } from './more'; import y from './more';", "probe(`a ${x} ${y}`);", NONE),
        ("import { z } from './more';", "probe(`a ${z}`);", ["unknown: z"]),
        ("import { w } from './more';", "probe(`a ${w}`);", ["unknown: w"]),
        ("import { lib } from 'lib';", "probe(`a ${lib.quote(id)}`);", ["library: lib.quote(id)"]),
        ("class A { part(x) { return `${x} b`; } }", "((q: Q) => { probe(`a ${q.part('x')}`); })(ctx.q);", NONE),
        (
            "class A { part(x) { return `${x} = b`; } }",
            "((q: Q) => { probe(`a ${q.part(id)}`); })(ctx.q);",
            ["request: x"],
        ),
        (
            "class A { get(x) { return `${x} = b`; } }",
            "((q: Q) => { probe(`a ${q.get(id)}`); })(ctx.q);",
            ["param: q.get(id)"],
        ),
        ("import { lib } from 'lib';", "probe(`a ${lib}`);", ["unknown: lib"]),
        ("import text from './q.sql';", "probe(text);", NONE),
        ("import text from './q.sql?raw';", "probe(text);", NONE),
        ("import * as more from './more';", "probe(`a ${more.x}`);", NONE),
        ("import gone from './gone';", "probe(`a ${gone}`);", ["unknown: gone"]),
    ],
)
def test_holes_through_the_project(tmp_path: Path, top: str, body: str, expected: list[str]) -> None:
    more = "export const x = 'x'; export default 'y'; export let z = globalThis.z; export const [w] = globalThis.w;"
    assert holes(worker(tmp_path, body, top, src__more_ts=more, src__q_sql="SELECT 1")) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("probe(f'a {body}')", ["request: body"]), ("probe('a %s' % body['x'])", ["request: body['x']"]),
        ("probe('a %s %s' % ('x', body))", ["request: body"]),
        ("probe('a {} {x}'.format(body, x=body))", ["request: body", "request: body"]),
        ("probe('a {}'.format(*body))", ["request: body"]),
        ("probe(','.join('?' * len(body)))", NONE), ("probe(','.join(['?'] * 3))", NONE),
        ("probe(','.join(f'{c} = ?' for c in COLS))", NONE),
        ("probe(','.join(f'{c} = ?' for c in body))", ["request: c"]), ("probe(','.join(body))", ["request: body"]),
        ("probe(','.join(body.keys()))", ["request: body.keys()"]),
        ("probe(f'a {int(body)}')", NONE), ("probe(f'a {str(body)}')", ["request: str(body)"]),
        ("probe(f'a {re.sub(\"[^a-z]\", \"\", body)}')", NONE),
        ("probe(f'a {re.sub(\"x\", \"y\", body)}')", ["request: re.sub(\"x\", \"y\", body)"]),
        ("probe(f'a {re.sub(\"x\", body)}')", NONE),
        ("probe(f'a {body:d}')", NONE), ("probe(f'a {body!r}')", ["request: body"]),
        ("if any(k not in COLS for k in body):\n    return\nprobe(','.join(body.keys()))", NONE),
        ("s = 'a'\ns += body\nprobe(s)", ["request: body"]),
        ("l = ['a']\nl += [body]\nprobe(','.join(l))", ["request: body"]),
        ("probe('a' * 3)", NONE), ("probe(body * 3)", ["request*: request.json()"]),
    ],
)
def test_holes_in_python(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert holes(python(tmp_path, body)) == expected


def test_looking_ends_in_generated_code(tmp_path: Path) -> None:
    rows = ", ".join(f"'{n}' + x" for n in range(MAX_NODES))
    found = holes(worker(tmp_path, f"let x = 'a'; probe([{rows}].join());"))
    assert found
    assert all(hole.startswith("unknown") for hole in found)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("`a = ${X}`", "a = "), ("`${X} a`", ""), ("`${a}${X}`", ""), ("'a ' + X", "a "), ("'a ' + 'b ' + X", "b "),
        ("`${a} b ` + X", " b "), ("X + 'a'", ""),
        ("`a = ${X as any}`", "a = "), ("`a = ${await X}`", "a = "), ("f(X)", ""), ("a + X", ""),
    ],
)
def test_before(tmp_path: Path, code: str, expected: str) -> None:
    _, node = probe(worker(tmp_path, f"probe({code});"))
    (name,) = [n for n in tree.walk(node) if isinstance(n, tree.Name) and n.id == "X"]
    assert before(name) == expected


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        ("/[^a-z0-9_]/g", True), ("/[^\\w.-]+/gi", True), ("/\\W/g", True), ("/\\D+/g", True), ("/[^a-z]/", False),
        ("/[^a-z']/g", False),
        ("/[a-z]/g", False), ("/x/g", False), ("/[^a-z/]/g", False), ("/[^a-z\\-]/g", True), ("[^a-z]", False),
        ("/[^a-z]|'/g", False),
    ],
)
def test_strips_to_words(regex: str, expected: bool) -> None:
    assert strips_to_words(regex) is expected
