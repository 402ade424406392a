"""Queries with their arguments, loops around them, and promises of writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.loops import repeated_queries
from edgelint.project.project import Project
from edgelint.project.promises import dropped_writes, writes
from edgelint.project.queries import queries
from edgelint.project.surroundings import OBJECT, WORKER, Surroundings
from tests.projects import D1, KV, PYTHON_TOML, TOML, function, project


def worker(root: Path, body: str, top: str = "") -> Project:
    code = f"{top}\nexport default {{ async fetch(request, env, ctx) {{\n{body}\n}} }};"
    return project(root, {"wrangler.toml": TOML + D1 + KV, "src/index.ts": code})


def seen(found: Project) -> list[str]:
    """``text [values]`` of each query; "_" for a part of the text that is not known, "..." for values that are not."""
    out = []
    for _, text in queries(found):
        values = ["..." if p.node is None else p.file.text(p.node) for p in text.values]
        out.append(f"{text.text.replace(chr(0xfffc), '_')} {values}")
    return out


def sizes(found: Project) -> list[str]:
    return [
        f"{clause} {p.file.text(p.node)}"
        for _, text in queries(found)
        for clause, p in text.sizes()
        if p.node is not None
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("env.DB.prepare('a ?').bind(1);", "a ? ['1']"), ("env.DB.prepare(`a ${x} b`).bind(1);", "a _ b ['1']"),
        ("env.DB.prepare('a ' + 1).all();", "a 1 []"),
        ("const s = 'a'; env.DB.prepare(s as string).all();", "a []"),
        ("let s = 'a'; s += ' b'; env.DB.prepare(s).all();", "a b []"),
        ("let s = 'a'; if (x) s += ' b'; s += ' c'; env.DB.prepare(s).all();", "a b c [] / a c []"),
        ("let s = 'a'; if (x) s = 'b'; env.DB.prepare(s).all();", "b [] / a []"),
        ("const { s } = x; env.DB.prepare(s).all();", "_ []"), ("for (const s of x) env.DB.prepare(s).all();", "_ []"),
        ("env.DB.prepare(' a '.trim()).all();", " a  []"),
        ("env.DB.prepare(x).all();", "_ []"), ("env.DB.prepare('a\ufffcb').all();", "a b []"),
        ("const p = env.DB.prepare('a ?'); p.bind(1);", "a ? ['1']"),
        ("let s = 'a'; s = s + s; env.DB.prepare(s).all();", "aa []"),
        # arguments
        ("env.DB.prepare('a').bind(...[1, 2], 3);", "a ['1', '2', '3']"),
        ("env.DB.prepare('a').bind(...x, 3);", "a ['...', '3']"),
        ("const v = [1]; v.push(2, 3); env.DB.prepare('a').bind(...v);", "a ['1', '2', '3']"),
        (
            "const v = [1]; if (x) v.push(2); v.push(3); env.DB.prepare('a').bind(...v);",
            "a ['1', '2', '3'] / a ['1', '3']",
        ),
        ("const v = [1]; v.push(...[2]); env.DB.prepare('a').bind(...v);", "a ['1', '2']"),
        ("const v = [1]; env.DB.prepare('a').bind(...v); v.push(2);", "a ['1']"),
        ("const v = [1]; const w = [...v, 2]; env.DB.prepare('a').bind(...w);", "a ['1', '2']"),
        ("let v = [1]; if (x) v = [2]; env.DB.prepare('a').bind(...v);", "a ['2'] / a ['1']"),
        ("env.DB.prepare('a').bind(...(v ?? []));", "a ['...']"),
        ("env.DB.prepare('a').bind(...(await x));", "a ['...']"),
        ("env.DB.prepare('a').bind(...x.map(f));", "a ['...']"),
        ("const { v } = x; env.DB.prepare('a').bind(...v);", "a ['...']"),
    ],
)
def test_queries(tmp_path: Path, body: str, expected: str) -> None:
    assert " / ".join(seen(worker(tmp_path, body))) == expected


@pytest.mark.parametrize(
    ("top", "body", "expected"),
    [
        (
            "function run(db, sql, v) { return db.prepare(sql).bind(...v).all(); }",
            "run(env.DB, 'a', [1]); run(env.DB, 'b', x);",
            ["a ['1']", "b ['...']"],
        ),
        (
            "function run(db, sql, ...v) { return db.prepare(sql).bind(...v).all(); }",
            "run(env.DB, 'a', 1, 2); run(env.DB, 'b', ...x);",
            ["a ['1', '2']", "b ['...']"],
        ),
        ("function run(db, sql = 'c') { return db.prepare(sql).all(); }", "run(env.DB);", ["c []"]),
        ("function run(db, sql) { return db.prepare('x ' + sql).all(); }", "run(env.DB, ...x);", ["x _ []"]),
        (
            "const one = (d, s, v) => t(d, s + ' LIMIT 1', v);\nconst t = (d, s, v) => d.prepare(s).bind(...v).run()",
            "one(env.DB, 'a', [1]);",
            ["a LIMIT 1 ['1']"],
        ),
        (
            "export function run(db: D1Database, s: string, v: any[]) { return db.prepare(s).bind(...v).all(); }",
            "",
            ["_ ['...']"],
        ),
    ],
)
def test_queries_of_helpers(tmp_path: Path, top: str, body: str, expected: list[str]) -> None:
    assert seen(worker(tmp_path, body, top)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("env.DB.prepare('s LIMIT ?').bind(a);", ["limit a"]),
        ("env.DB.prepare('s LIMIT ?2 OFFSET ?1').bind(a, b);", ["limit b", "offset a"]),
        ("env.DB.prepare('s LIMIT ?, ?').bind(a, b);", ["offset a", "limit b"]),
        ("env.DB.prepare('s WHERE x = ?').bind(a);", []), ("env.DB.prepare('s LIMIT min(?, 5)').bind(a);", []),
        ("env.DB.prepare(`s ${w} LIMIT ? OFFSET ?`).bind(...v, a, b);", ["limit a", "offset b"]),
        ("env.DB.prepare(`s LIMIT ? ${w}`).bind(a);", ["limit a"]),
        ("env.DB.prepare(`s ${w} LIMIT ? ${w}`).bind(a);", []),
        ("env.DB.prepare(`s LIMIT ${a} OFFSET ${b}`).all();", ["limit a", "offset b"]),
        ("env.DB.prepare('s LIMIT ?').bind(...v);", []), ("env.DB.prepare('s LIMIT ?').all();", []),
        ("env.DB.prepare('s WHERE a = ? LIMIT ?').bind(...v);", []),
    ],
)
def test_sizes(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert sizes(worker(tmp_path, body)) == expected


def test_durable_object_queries(tmp_path: Path) -> None:
    code = (
        "import { DurableObject } from 'cloudflare:workers';\nexport class A extends DurableObject {\n"
        "async fetch(r) { this.ctx.storage.sql.exec('s LIMIT ?', r); this.ctx.storage.sql.exec(); } }"
    )
    found = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code})
    assert seen(found) == ["s LIMIT ? ['r']"]
    assert sizes(found) == ["limit r"]


def loops(found: Project) -> list[str]:
    return [f"{r.file.text(r.call)}" for r in repeated_queries(found)]


RUN = "env.DB.prepare('a = ?').bind({}).run()"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (f"for (const x of xs) await {RUN.format('x')};", 1),
        (f"for (const x of xs) await {RUN.format('y')};", 0),
        (f"for (const x of xs) {{ const y = x.id; await {RUN.format('y')}; }}", 1),
        (f"xs.forEach((x) => {RUN.format('x')});", 1),
        (f"xs.map((x) => {RUN.format('x')});", 1),
        (f"xs.then((x) => {RUN.format('x')});", 0),
        (f"for (const x of xs) {{ const f = () => {RUN.format('x')}; f(); }}", 0),
        (f"for await (const x of xs) await {RUN.format('x')};", 0),
        (f"for (const x in xs) await {RUN.format('x')};", 1),
        (f"for (;;) await {RUN.format('x')};", 0),
        (f"while (x) await {RUN.format('x')};", 0),
        (f"do {{ await {RUN.format('x')}; }} while (x);", 0),
        (f"while (q.length) {{ const x = q.pop(); await {RUN.format('x')}; }}", 1),
        (f"while (q.length) {{ const x = p.pop(); await {RUN.format('x')}; }}", 0),
        (f"for (let i = 0; i < n; i++) await {RUN.format('i')};", 1),
        (f"for (let i = 0; i < n; i += 10) await {RUN.format('i')};", 0),
        (f"for (let i = 0; i < n; i++) {{ const x = xs.slice(i, i + 5); await {RUN.format('x')}; }}", 0),
        (f"for (const x of ['a', 'b']) await {RUN.format('x')};", 0),
        (f"const l = ['a']; l.push(y); for (const x of l) await {RUN.format('x')};", 1),
        (f"for (const x of [...y]) await {RUN.format('x')};", 1),
        (f"for (const x of makeChunks(xs)) await {RUN.format('x')};", 0),
        (f"for (const x of xs) await {RUN.format('...x')};", 0),
        (f"for (const x of xs) {{ x.map(f); await {RUN.format('x')}; }}", 0),
        (f"for (const batch of xs) {{ f(batch.length); await {RUN.format('batch')}; }}", 0),
        (f"for (const x of xs) {{ if (x.length) await {RUN.format('x')}; }}", 1),
        (f"for (const x of xs) {{ const r = await {RUN.format('x')}; if (r) break; }}", 0),
        (f"for (const x of xs) {{ const r = await {RUN.format('x')}; if (r) return r; }}", 0),
        (f"for (const x of xs) {{ return await {RUN.format('x')}; }}", 0),
        (f"for (const x of xs) {{ const r = await {RUN.format('x')}; if (!r) return; }}", 1),
        (f"for (const x of xs) {{ const r = await {RUN.format('x')}; if (!r.success) break; }}", 1),
        (f"for (const x of xs) {{ if (y) break; await {RUN.format('x')}; }}", 1),
        (f"for (const x of xs) {{ await {RUN.format('x')}; if (y) break; }}", 1),
        (f"for (const x of xs) {{ await {RUN.format('x')}; break; }}", 0),
        (f"for (const x of xs) {{ try {{ await {RUN.format('x')}; }} catch {{ break; }} }}", 1),
        (f"for (const x of xs) {{ await {RUN.format('x')}; for (const y of x.ys) {{ break; }} }}", 1),
        (f"for (const x of xs) {{ await {RUN.format('x')}; switch (x) {{ case 1: break; }} }}", 1),
        (f"for (const x of xs) {{ await {RUN.format('x')}; continue; }}", 1),
        (f"for (const x of xs) {{ await fetch(x); await {RUN.format('x')}; }}", 0),
        ("for (const x of xs) await env.DB.prepare(x).run();", 0),
        ("for (const x of xs) await env.DB.prepare('a' + x).run();", 0),
        ("for (const x of xs) { const p = env.DB.prepare('a').bind(x); await p.run(); }", 1),
        ("for (const x of xs) { env.DB.prepare('a').bind(x); }", 0),
        (f"for (const [k, v] of Object.entries(xs)) await {RUN.format('v')};", 1),
        (f"for (const v of Object.keys(['a'])) await {RUN.format('v')};", 0),
        (f"let last; for (const x of xs) {{ last = x; await {RUN.format('last')}; }}", 1),
        (f"for (const x of xs) {{ for (const y of x.ys) {{ await {RUN.format('x')}; }} }}", 1),
    ],
)
def test_repeated_queries(tmp_path: Path, body: str, count: int) -> None:
    assert len(loops(worker(tmp_path, body))) == count


@pytest.mark.parametrize(
    ("top", "body", "expected"),
    [
        (
            "async function put(db, x) { await db.prepare('a ?').bind(x).run(); }",
            "for (const x of xs) await put(env.DB, x);",
            ["put(env.DB, x)"],
        ),
        ("async function put(db, x) { await db.prepare('a ?').bind(x).run(); }", "await put(env.DB, xs);", []),
        (
            "async function put(db, x) { await fetch(x); await db.prepare('a ?').bind(x).run(); }",
            "for (const x of xs) await put(env.DB, x);",
            [],
        ),
        ("async function put(db, x) { await db.prepare(x).run(); }", "for (const x of xs) await put(env.DB, x);", []),
        (
            "const put = async (db, x) => { await fetch(x); await db.prepare('a').bind(x).run(); };",
            "for (const x of xs) await put(env.DB, x);",
            [],
        ),
        (
            "async function put(db, x) { return retry(() => db.prepare('a ?').bind(x).run()); }",
            "for (const x of xs) await put(env.DB, x);",
            ["put(env.DB, x)"],
        ),
        (
            "async function seedAll(db, xs) { for (const x of xs) await db.prepare('a ?').bind(x).run(); }",
            "await seedAll(env.DB, xs);",
            [],
        ),
    ],
)
def test_repeated_queries_of_helpers(tmp_path: Path, top: str, body: str, expected: list[str]) -> None:
    assert loops(worker(tmp_path, body, top)) == expected


def test_repeated_queries_in_python(tmp_path: Path) -> None:
    code = (
        "from workers import WorkerEntrypoint\n\nclass Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        put = self.env.DB.prepare('a ?')\n"
        "        for i in range(0, 10, 5):\n            await put.bind(i).run()\n"
        "        for i, x in enumerate(['a', 'b']):\n            await put.bind(x).run()\n"
        "        found = [await put.bind(x).run() for x in request]\n"
    )
    found = project(tmp_path, {"wrangler.toml": PYTHON_TOML + D1, "src/entry.py": code})
    assert loops(found) == ["put.bind(x).run()"]


def test_migrations_run_one_after_the_other(tmp_path: Path) -> None:
    code = (
        "export async function run(db: D1Database, xs) { for (const x of xs) await db.prepare('a ?').bind(x).run(); }"
    )
    assert loops(project(tmp_path / "a", {"src/migrations/run.ts": code})) == []
    assert len(loops(project(tmp_path / "b", {"src/run.ts": code}))) == 1


def test_writes(tmp_path: Path) -> None:
    body = (
        "env.KV.get('a'); env.KV.put('a', 'b'); env.DB.prepare('SELECT 1').all();"
        " env.DB.prepare('DELETE FROM t').all();"
        " env.DB.prepare('SELECT 1').run(); env.DB.prepare(x).first(); env.DB.batch([]); ctx.waitUntil(1);"
    )
    assert [f"{w.kind}.{w.verb}" for w in writes(worker(tmp_path, body))] == [
        "kv.put",
        "d1-statement.all",
        "d1-statement.run",
        "d1.batch",
    ]


def drops(found: Project) -> list[str]:
    return [f"{d.file.text(d.call)}{' (object)' if d.in_object else ''}" for d in dropped_writes(found)]


PUT = "env.KV.put('a', 'b')"


@pytest.mark.parametrize(
    ("top", "body", "expected"),
    [
        ("", f"{PUT};", [PUT]),
        ("", f"await {PUT};", []),
        ("", f"(async () => {{ await {PUT}; }})();", [PUT]),
        ("", f"await (async () => {{ await {PUT}; }})();", []),
        ("", f"(async () => {{ await (async () => {{ await {PUT}; }})(); }})();", [PUT]),
        ("", f"f(async () => {{ await {PUT}; }});", []),
        ("", f"f(() => {PUT});", []),
        ("async function save(kv) { await kv.put('a', 'b'); }", "save(env.KV);", ["save(env.KV)"]),
        ("async function save(kv) { await kv.put('a', 'b'); }", "await save(env.KV);", []),
        (
            "async function save(kv) { await kv.put('a', 'b'); }\nasync function outer(kv) { await save(kv); }",
            "outer(env.KV);",
            ["outer(env.KV)"],
        ),
        ("async function save(kv: KVNamespace) { await kv.put('a', 'b'); }", "xs.forEach(save);", ["xs.forEach(save)"]),
        (
            "async function save(kv) { await kv.put('a', 'b'); }",
            "await Promise.all(xs.map(save)); save(env.KV);",
            ["save(env.KV)"],
        ),
        (
            "async function save(kv) { await kv.put('a', 'b'); }",
            "xs.map(save); save(env.KV);",
            ["save(env.KV)", "xs.map(save)"],
        ),
        ("const o = { save: async (kv) => { await kv.put('a', 'b'); } };", "o.save(env.KV);", ["o.save(env.KV)"]),
        ("async function feed(writer, kv) { await kv.put('a', 'b'); await writer.close(); }", "feed(w, env.KV);", []),
        ("", f"(async () => {{ await {PUT}; controller.close(); }})();", []),
        ("", f"(async () => {{ controller.close(); await {PUT}; }})();", [PUT]),
        ("", f"(async () => {{ await {PUT}; other.close(); }})();", [PUT]),
        ("function save(kv) { if (kv) return kv.put('a', 'b'); }", "save(env.KV);", ["save(env.KV)"]),
        (
            "async function a(kv) { await b(kv); await kv.put('a', 'b'); }\nasync function b(kv) { await a(kv); }",
            "b(env.KV);",
            ["b(env.KV)"],
        ),
    ],
)
def test_dropped_writes(tmp_path: Path, top: str, body: str, expected: list[str]) -> None:
    assert sorted(drops(worker(tmp_path, body, top))) == sorted(expected)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("this.env.KV.put('a', 'b');", ["this.env.KV.put('a', 'b') (object)"]),
        ("this.env.KV.put('a', 'b').catch(f);", []), ("this.save();", ["this.save() (object)"]),
        ("this.careful();", []), ("this.save().catch(f);", []),
        ("await this.save();", []),
    ],
)
def test_dropped_writes_in_an_object(tmp_path: Path, body: str, expected: list[str]) -> None:
    code = (
        "import { DurableObject } from 'cloudflare:workers';\nexport class A extends DurableObject {\n"
        f"async fetch(r) {{ {body} }}\nasync save() {{ await this.env.KV.put('a', 'b'); }}\n"
        "async careful() { try { await this.env.KV.put('a', 'b'); } catch {} } }"
    )
    assert drops(project(tmp_path, {"wrangler.toml": TOML + KV, "src/index.ts": code})) == expected


def test_a_script_of_its_own_is_left_alone(tmp_path: Path) -> None:
    code = "async function main(kv: KVNamespace) { await kv.put('a', 'b'); }\nmain(globalThis.kv);"
    assert drops(project(tmp_path, {"src/script.ts": code})) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inObject", {OBJECT}), ("inHelper", {OBJECT}), ("inBoth", {OBJECT, WORKER}), ("inWorker", {WORKER}),
        ("inNone", set()), ("old", {OBJECT}), ("nested", {WORKER}),
    ],
)
def test_surroundings(tmp_path: Path, name: str, expected: set[str]) -> None:
    code = """
import { DurableObject } from 'cloudflare:workers';
class Helper { inHelper() {} }
function inBoth() {}
function inWorker() { [1].forEach(function nested() {}); }
function inNone() {}
export class A extends DurableObject { async fetch(r) { this.inObject(); inBoth(); } inObject() { new Helper(); } }
export class B { constructor(state, env) {} old() {} }
export default { async fetch(request, env) { inBoth(); inWorker(); } };
"""
    found = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code})
    file, node = function(found, name)
    around = Surroundings(found.evaluator)
    assert around.of(node, file) == expected
    assert around.of(node, file) == expected  # remembered
    assert around.only_in_objects(node, file) is (expected == {OBJECT})
