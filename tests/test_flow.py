"""Which tests hold at a place, and what becomes of a promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.files import SourceFile
from edgelint.project.flow import conditions, delivered, fate, leaves, mentions, same
from edgelint.project.project import Project
from edgelint.syntax import tree
from edgelint.syntax.tree import Node
from tests.projects import PYTHON_TOML, TOML, probe, probes, project


def worker(root: Path, body: str, before: str = "") -> Project:
    code = f"{before}\nexport default {{ async fetch(request, env, ctx) {{\n{body}\n}} }};"
    return project(root, {"wrangler.toml": TOML, "src/index.ts": code})


def python(root: Path, body: str) -> Project:
    lines = "".join(f"        {line}\n" for line in body.split("\n"))
    head = "import asyncio\nfrom workers import WorkerEntrypoint\n\nclass Default(WorkerEntrypoint):\n"
    code = f"{head}    async def fetch(self, r):\n{lines}"
    return project(root, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code})


def certain(file: SourceFile, node: Node, across: bool = True) -> list[str]:
    return [f"{'' if c.holds else 'not '}{file.text(c.test)}" for c in conditions(node, across)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if (a) probe(1);", ["a"]),
        ("if (a) {} else probe(1);", ["not a"]),
        ("if (!a) probe(1);", ["not a"]),
        ("if (a && b) probe(1);", ["a", "b"]),
        ("if (a || b) {} else probe(1);", ["not a", "not b"]),
        ("if (a || b) probe(1);", ["a || b"]),
        ("if ((a as any) && !(b || c)) probe(1);", ["a", "not b", "not c"]),
        ("a ? probe(1) : 0;", ["a"]),
        ("a ? 0 : probe(1);", ["not a"]),
        ("a && probe(1);", ["a"]),
        ("a || probe(1);", ["not a"]),
        ("probe(1) && a;", []),
        ("while (a) probe(1);", ["a"]),
        ("for (let i = 0; i < 3; i++) probe(1);", ["i < 3"]),
        ("do { probe(1); } while (a);", []),
        ("if (a) return; probe(1);", ["not a"]),
        ("if (a) {} else { throw 1; } probe(1);", ["a"]),
        ("if (a) console.log(1); probe(1);", []),
        ("for (const x of env) { if (a) continue; probe(1); }", ["not a"]),
        ("switch (a) { case 1: probe(1); }", [""]),
        ("switch (a) { default: probe(1); }", []),
        ("if (a) ctx.waitUntil((async () => probe(1))());", ["a"]),
    ],
)
def test_conditions(tmp_path: Path, body: str, expected: list[str]) -> None:
    file, node = probe(worker(tmp_path, body))
    found = certain(file, node)
    if expected == [""]:  # made of the switch's subject and the case
        (condition,) = conditions(node)
        assert isinstance(condition.test, tree.Binary)
        assert (file.text(condition.test.left), condition.test.op, file.text(condition.test.right)) == ("a", "===", "1")
    else:
        assert found == expected


def test_conditions_can_stop_at_the_function(tmp_path: Path) -> None:
    file, node = probe(worker(tmp_path, "if (a) { const f = () => { if (b) probe(1); }; f(); }"))
    assert certain(file, node) == ["b", "a"]
    assert certain(file, node, across=False) == ["b"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x = [probe(y) for y in r if y > 1]", ["y > 1"]),
        ("assert r, 'none'\nprobe(1)", ["r"]),
        ("if not r:\n    raise ValueError()\nprobe(1)", ["r"]),
    ],
)
def test_conditions_in_python(tmp_path: Path, body: str, expected: list[str]) -> None:
    file, node = probe(python(tmp_path, body))
    assert certain(file, node) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("return 1;", True), ("throw 1;", True), ("{ f(); return 1; }", True), ("f();", False), ("{ f(); }", False),
        ("if (a) return; else throw 1;", True), ("if (a) return;", False), ("while (a) break;", False),
        ("try { return 1; } catch { return 2; }", True), ("try { return 1; } catch { f(); }", False),
        ("try { f(); } finally { return 1; }", True), ("notFound();", True), ("await exit(1);", True),
        ("x.notFound();", False), ("redirect('/');", False),
    ],
)
def test_leaves(tmp_path: Path, statement: str, expected: bool) -> None:
    file = worker(tmp_path, f"if (marked) {{ {statement} }}").files["src/index.ts"]
    (outer,) = [n for n in tree.walk(file.module) if isinstance(n, tree.If) and file.text(n.test) == "marked"]
    assert leaves(outer.then) is expected


def test_nothing_does_not_leave() -> None:
    assert leaves(None) is False


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("request", "request", True), ("request", "env", False), ("request.a", "request.a", True),
        ("request.a", "request.b", False), ("request.a", "env.a", False), ("request[0]", "request[0]", True),
        ("request[0]", "request[1]", False), ("request[env]", "request[env]", True),
        ("request['a']", "request.a", True),
        ("(request as any).a", "request.a", True), ("await request.a", "request.a", True),
        ("f(request, 1)", "f(request, 1)", True), ("f(request, 1)", "f(request, 2)", False),
        ("f(request)", "f(request, 1)", False), ("g(request)", "f(request)", False), ("1", "1", True),
        ("1", "true", False), ("request", "1", False), ("request + 1", "request + 1", True),
        ("request + 1", "request - 1", False),
        ("[1]", "[1]", False),
    ],
)
def test_same(tmp_path: Path, one: str, other: str, expected: bool) -> None:
    (file, a), (_, b) = probes(worker(tmp_path, f"probe({one}); probe({other});"))
    assert same(a, b, file) is expected


def test_a_name_of_another_scope_is_not_the_same(tmp_path: Path) -> None:
    (file, a), (_, b) = probes(worker(tmp_path, "{ let x = 1; probe(x); } { let x = 2; probe(x); }"))
    assert not same(a, b, file)


def test_mentions(tmp_path: Path) -> None:
    (file, a), (_, b) = probes(worker(tmp_path, "probe(f(1, [request.url])); probe(request.url);"))
    assert mentions(a, b, file)
    assert not mentions(b, a, file)


FATES = [
    ("P();", "dropped"), ("void P();", "dropped"), ("await P();", "awaited"), ("return P();", "returned"),
    ("ctx.waitUntil(P());", "passed"), ("P().then(f);", "dropped"), ("P().catch(f).finally(g);", "dropped"),
    ("await P().catch(f);", "awaited"), ("!P();", "dropped"), ("if (P()) f();", "dropped"), ("P().length;", "used"),
    ("P()();", "used"), ("P() ? f() : g();", "dropped"), ("a ? P() : g();", "dropped"), ("a && P();", "dropped"),
    ("P() && a;", "dropped"), ("P(), a;", "dropped"), ("P() + 1;", "dropped"), ("`${P()}`;", "dropped"),
    ("x.y = P();", "stored"),
    ("[P()];", "dropped"), ("await [P()].map(f);", "awaited"), ("({ a: P() });", "dropped"), ("f(...[P()]);", "passed"),
    ("Promise.all([P()]);", "dropped"), ("await Promise.all([P()]);", "awaited"), ("Promise.resolve(P());", "dropped"),
    ("await Promise.race([P(), a]);", "awaited"), ("const p = P();", "dropped"), ("const p = P(); await p;", "awaited"),
    ("const p = P(); p.then(f); await p;", "awaited"), ("const p = P(); p.then(f);", "dropped"),
    ("let p; p = P(); return p;", "returned"), ("a = P();", "dropped"), ("const p = P() as any; f(p);", "passed"),
    ("const l = []; l.push(P()); await Promise.all(l);", "awaited"), ("const l = []; l.push(P());", "dropped"),
    ("const l = []; l.push(P()); f(l.length);", "dropped"),
    ("const l = []; l.push(P()); for (const x of l) await x;", "passed"),
    ("x.list.push(P());", "stored"), ("missing.push(P());", "stored"), ("outer.push(P());", "stored"),
    ("list.forEach((x) => P());", "dropped"), ("list.forEach((x) => { return P(); });", "dropped"),
    ("setTimeout(() => P(), 1);", "dropped"), ("list.map((x) => P());", "dropped"),
    ("await Promise.all(list.map((x) => P()));", "awaited"), ("f(() => P());", "returned"),
    ("fetch(1).then(() => P());", "dropped"),
    ("await fetch(1).then(() => P());", "awaited"), ("bot.catch(() => P());", "returned"),
    ("const f3 = fetch(1); f3.then(() => P());", "dropped"), ("const f4 = new F(); f4.catch(() => P());", "returned"),
    ("await (() => P())();", "awaited"), ("const g = () => P();", "returned"),
    ("const g = function () { return P(); };", "returned"), ("const o = { m() { return P(); } };", "returned"),
    ("new Promise((resolve) => { P().then(resolve); });", "dropped"),
    ("await new Promise((resolve, reject) => { P().then(resolve, reject); });", "awaited"),
    ("new Promise((resolve) => { P(); });", "dropped"), ("new Other((resolve) => { P().then(resolve); });", "dropped"),
    ("for await (const x of P()) f();", "awaited"), ("for (const x of P()) f();", "used"), ("throw P();", "stored"),
    ("const f2 = (x = P()) => x;", "stored"), ("let p = 0; p += P();", "stored"), ("const [p] = P();", "stored"),
    # shown, tested, compared
    ("console.log('a', P());", "dropped"), ("console.log(await P());", "awaited"), ("logger.log(P());", "passed"),
    ("const p = P(); console.log(p); await p;", "awaited"), ("const p = P(); if (p) f();", "dropped"),
    ("const p = P(); if (p) await p;", "awaited"), ("while (P()) f();", "dropped"), ("P() === null;", "dropped"),
    ("tag`${P()}`;", "used"), ("return JSON.stringify({ a: P() });", "dropped"), ("f(String(P()));", "dropped"),
    ("return Response.json({ a: [P()] });", "dropped"), ("const console = q; console.log(P());", "passed"),
    ("const p = P(); if (!p.success) f();", "dropped"), ("const p = P(); f((await p).success);", "awaited"),
    ("const l = [P()]; f(l.meta);", "used"), ("P().success();", "used"), ("new String(P());", "passed"),
    # another value by then
    ("let p = P(); p = await f(); return p;", "dropped"), ("let p = P(); if (a) p = f(); return p;", "returned"),
    ("let p = P(); f(() => p); p = 1;", "returned"), ("let p; try { p = P(); } catch { p = 1; } return p;", "returned"),
    ("let p; for (const x of y) { await p; p = P(); }", "awaited"), ("let p = P(); p = p.then(f); await p;", "awaited"),
    # destructured
    ("const [a] = [f(), P()];", "dropped"), ("const [a, b] = [f(), P()];", "dropped"),
    ("const [a, b] = [f(), P()]; await b;", "awaited"), ("const [a, ...b] = [f(), P()];", "stored"),
    ("const [, b] = [P(), f()]; return b;", "dropped"), ("const [a] = [...f(), P()];", "stored"),
    ("const { a } = { a: 1, b: P() };", "dropped"), ("const { b } = { a: 1, b: P() }; await b;", "awaited"),
    ("const { a, ...c } = { a: 1, b: P() };", "stored"), ("const { [k]: a } = { b: P() };", "stored"),
    ("const { a } = { [k]: P() };", "stored"), ("const { b = 1 } = { b: P() }; return b;", "returned"),
    ("const { a: [x] } = { a: [f(), P()] };", "dropped"),
    ("const { a: [, x] } = { a: [f(), P()] }; await x;", "awaited"),
    ("const o = { a: P(), b: 1 }; f(o.b);", "dropped"), ("const o = { a: P(), b: 1 }; f(o.b, await o.a);", "awaited"),
    ("const o = { a: P() }; f(o[k]);", "used"), ("const o = { a: P(), b() {} }; o.b();", "used"),
    ("const l = [f(), P()]; g(l[0]);", "dropped"), ("const l = [f(), P()]; await l[1];", "awaited"),
    ("const o = { a: [P()] }; f(o.a.length);", "dropped"), ("const o = { a: [P()] }; await o.a[0];", "awaited"),
    ("let a; [a] = [f(), P()];", "dropped"), ("let a; [this.x, a] = [P(), f()];", "stored"),
    ("const [a] = await Promise.all([f(), P()]);", "awaited"), ("const [a] = Promise.all([f(), P()]);", "stored"),
    ("const [a] = [f(), P()].map(g);", "stored"), ("const { 0: a } = [P()]; await a;", "awaited"),
    ("const all = [f(), P()]; const [a] = all; await Promise.all(all);", "awaited"),
    ("const o = { a: P() }; const { b } = o;", "dropped"), ("f([a] = [1, P()]);", "stored"),
]


@pytest.mark.parametrize(("body", "kind"), FATES)
def test_fate(tmp_path: Path, body: str, kind: str) -> None:
    file = worker(tmp_path, body, before="const outer = [];").files["src/index.ts"]
    (call,) = file.index.calls["P"]
    assert fate(call, file).kind == kind


def test_a_generator_hands_it_out(tmp_path: Path) -> None:
    file = worker(tmp_path, "for await (const x of g()) f(x);", "function* g() { yield P(); }").files["src/index.ts"]
    assert fate(file.index.calls["P"][0], file).kind == "awaited"


def test_an_exported_promise_is_kept(tmp_path: Path) -> None:
    for text in ("export const p = P();", "const p = P(); export { p };", "export let p; p = P();",
                 "let p; p = P(); export { p as q };"):
        file = worker(tmp_path, "", text).files["src/index.ts"]
        assert fate(file.index.calls["P"][0], file).kind == "stored", text
    for text in ("const p = P(); export const q = 1;", 'const p = P(); export { p } from "./other";'):
        file = worker(tmp_path, "", text).files["src/index.ts"]
        assert fate(file.index.calls["P"][0], file).kind == "dropped", text


def test_a_promise_that_goes_round_in_circles_ends(tmp_path: Path) -> None:
    file = worker(tmp_path, "let p = P(); let q = p; p = q;").files["src/index.ts"]
    assert fate(file.index.calls["P"][0], file).kind in ("stored", "dropped")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("asyncio.create_task(P())", "dropped"), ("t = asyncio.create_task(P())\nawait t", "awaited"),
        ("asyncio.gather(P(), P)", "dropped"), ("await asyncio.gather(*[P()])", "awaited"),
        ("await gather(P())", "awaited"), ("await asyncio.gather(*(P() for x in r))", "awaited"),
        ("loop.create_task(P())", "passed"), ("f(x=P())", "passed"), ("yield P()", "awaited"), ("r.x = P()", "stored"),
        ("tasks = []\ntasks.append(P())\nawait asyncio.wait(tasks)", "awaited"),
        ("print(P())", "dropped"), ("print(await P())", "awaited"), ("a, _ = 1, P()", "dropped"),
        ("import json\njson.dumps({'a': P()})", "dropped"), ("return f'{P()}'", "dropped"), ("{P()}", "dropped"),
        ("a, = {P()}", "stored"), ("p = P()\nif not p:\n    return 1", "dropped"),
    ],
)
def test_fate_in_python(tmp_path: Path, body: str, kind: str) -> None:
    file = python(tmp_path, body).files["src/entry.py"]
    assert fate(file.index.calls["P"][0], file).kind == kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("(async () => { P(); })();", "dropped"), ("await (async () => { P(); })();", "awaited"),
        ("list.forEach(async () => { P(); });", "dropped"), ("f(async () => { P(); });", "returned"),
        ("await Promise.all(list.map(async () => { P(); }));", "awaited"),
    ],
)
def test_delivered(tmp_path: Path, body: str, kind: str) -> None:
    file = worker(tmp_path, body).files["src/index.ts"]
    function = tree.enclosing_function(file.index.calls["P"][0])
    assert function is not None
    assert delivered(function, file).kind == kind
