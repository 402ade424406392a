"""The shapes in which real apps reach env and write SQL, one test for each, and what reading those apps taught."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.project import Project
from tests.projects import D1, KV, PYTHON_TOML, TOML, project, spans, uses, worker

CONFIG = TOML + D1 + KV
ASTRO = 'name = "app"\nmain = "dist/_worker.js/index.js"\ncompatibility_date = "2025-09-01"\n' + D1
HANDLER = "export default { async fetch(request, env, ctx) { BODY } };\n"


def calls(small: Project) -> list[str]:
    """Every call on a binding: kind, its name, the method."""
    return [
        f"{call.kind}:{call.binding}.{call.verb}" for file in small.sources() for call in small.calls_in(file)
        if call.kind in ("d1", "kv") and call.verb in ("prepare", "get", "exec", "batch")
    ]


PREPARED = ["d1:DB.prepare"]
ROUTES = {
    "a parameter": {"src/index.ts": HANDLER.replace("BODY", "env.DB.prepare('x');")},
    "a typed parameter": {
        "src/index.ts": "import { q } from './q';\nexport default { fetch(r, env: Env) { q(env) } };",
        "src/q.ts": "export function q(e: Env) { return e.DB.prepare('x'); }",
    },
    "passed on": {
        "src/index.ts": "import { q } from './q';\n" + HANDLER.replace("BODY", "q(env);"),
        "src/q.ts": "export const q = e => e.DB.prepare('x');",
    },
    "a database passed on": {
        "src/index.ts": "import { q } from './q';\n" + HANDLER.replace("BODY", "q(env.DB);"),
        "src/q.ts": "export async function q(db) { await db.prepare('x').all(); }",
    },
    "given to a class": {
        "src/index.ts": "import { Q } from './q';\n" + HANDLER.replace("BODY", "new Q(env.DB).all();"),
        "src/q.ts": "export class Q { constructor(private db) {} all() { return this.db.prepare('x'); } }",
    },
    "env given to a class": {
        "src/index.ts": "import { Q } from './q';\n" + HANDLER.replace("BODY", "new Q(env).all();"),
        "src/q.ts": "export class Q { constructor(e) { this.e = e; } all() { return this.e.DB.prepare('x'); } }",
    },
    "a constant subscript": {"src/index.ts": HANDLER.replace("BODY", "env['DB'].prepare('x');")},
    "a name in a constant": {
        "src/index.ts": "const NAME = 'DB';\n" + HANDLER.replace("BODY", "env[NAME].prepare('x');"),
    },
    "Hono": {
        "src/index.ts": "import { Hono } from 'hono';\nconst app = new Hono();\n"
        "app.get('/', c => c.env.DB.prepare('x').all());\nexport default app;",
    },
    "this.env of an entrypoint": {
        "src/index.ts": "import { WorkerEntrypoint } from 'cloudflare:workers';\n"
        "export default class extends WorkerEntrypoint { fetch() { return this.env.DB.prepare('x').all(); } }",
    },
    "this.env of a Durable Object": {
        "src/index.ts": "import { DurableObject } from 'cloudflare:workers';\n"
        "export class A extends DurableObject { m() { return this.env.DB.prepare('x').all(); } }\nexport default {};",
    },
    "context.env of a Pages function": {
        "functions/api.ts": "export const onRequest = async context => context.env.DB.prepare('x').all();",
    },
    "env of a Pages function, taken apart": {
        "functions/api.ts": "export async function onRequestGet({ env, params }) { await env.DB.prepare('x').all(); }",
    },
    "an import": {
        "src/index.ts": ("import { env } from 'cloudflare:workers';\nexport default { fetch() { env.DB.prepare('x'); }"
                         " };"),
    },
    "taken apart": {"src/index.ts": HANDLER.replace("BODY", "const { DB: db } = env; db.prepare('x');")},
    "taken apart in the parameter": {
        "src/index.ts": "export default { async fetch(request, { DB }) { await DB.prepare('x').all(); } };",
    },
    "OpenNext": {
        "src/index.ts": "import { getCloudflareContext } from '@opennextjs/cloudflare';\n"
        "export async function GET() { const { env } = await getCloudflareContext({ async: true }); "
        "env.DB.prepare('x'); }",
    },
    "next-on-pages": {
        "src/index.ts": "import { getRequestContext } from '@cloudflare/next-on-pages';\n"
        "export const GET = () => getRequestContext().env.DB.prepare('x');",
    },
    "a cast": {"src/index.ts": HANDLER.replace("BODY", "(env as any).DB.prepare('x');")},
    "a cast of a cast": {
        "src/index.ts": HANDLER.replace("BODY", "(env as unknown as { DB: D1Database }).DB.prepare('x');"),
    },
    "Nuxt": {
        "src/index.ts": ("export default defineEventHandler(event => "
                         "event.context.cloudflare.env.DB.prepare('x').all());"),
    },
    "Remix": {
        "src/index.ts": ("export async function loader({ context }) { return "
                         "context.cloudflare.env.DB.prepare('x').all(); }"),
    },
    "React Router, taken apart whole": {
        "src/index.ts": "export async function action({ request, context }) {\n"
        "  const { env: { DB } } = context.cloudflare; await DB.prepare('x').all(); }",
    },
    "React Router, named": {
        "src/index.ts": "export async function action({ request, context }) {\n"
        "  const { env } = context.cloudflare; await env.DB.prepare('x').all(); }",
    },
    "Astro": {"src/index.ts": ("export async function GET({ locals }) { await "
                               "locals.runtime.env.DB.prepare('x').all(); }")},
    "SvelteKit": {
        "src/index.ts": "export const load = async ({ platform }) => platform.env.DB.prepare('x').all();",
    },
    "SvelteKit, perhaps": {
        "src/index.ts": "export const load = async ({ platform }) => platform?.env.DB.prepare('x').all();",
    },
    "service-worker globals": {
        "src/index.ts": "declare const DB: D1Database;\n"
        "addEventListener('fetch', e => e.respondWith(answer()));\nasync function answer() { await "
        "DB.prepare('x').all(); }",
    },
    "plain JavaScript": {
        "wrangler.toml": CONFIG.replace("index.ts", "index.js"), "src/index.js": HANDLER.replace("BODY",
        "env.DB.prepare('x');"),
    },
}


@pytest.mark.parametrize("shape", ROUTES)
def test_code_reaches_env(tmp_path: Path, shape: str) -> None:
    assert calls(project(tmp_path, {"wrangler.toml": CONFIG, **ROUTES[shape]})) == PREPARED


ENTRYPOINT = ("from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    async def fetch(self, "
              "request):\n")


@pytest.mark.parametrize(
    "code",
    [
        ENTRYPOINT + "        await self.env.DB.prepare('x').all()\n",
        ENTRYPOINT + "        db = getattr(self.env, 'DB', None)\n        await db.prepare('x').all()\n",
        ENTRYPOINT + "        await Store(self.env).all()\n\n\nclass Store:\n    def __init__(self, env):\n        "
                     "self.db = env.DB\n\n"
        "    async def all(self):\n        return await self.db.prepare('x').all()\n",
        "async def on_fetch(request, env):\n    await env.DB.prepare('x').all()\n",
        "from workers import env\n\n\nasync def on_fetch(request):\n    await env.DB.prepare('x').all()\n",
        ENTRYPOINT + ("        env = self.env\n        await all(env.DB)\n\n\nasync def all(db):\n    await "
                      "db.prepare('x').all()\n"),
    ],
)
def test_python_reaches_env(tmp_path: Path, code: str) -> None:
    assert calls(project(tmp_path, {"wrangler.toml": PYTHON_TOML + D1, "src/entry.py": code})) == PREPARED


def test_drizzle_uses_the_binding(tmp_path: Path) -> None:
    code = "import { drizzle } from 'drizzle-orm/d1';\n" + HANDLER.replace("BODY", "const db = drizzle(env.DB);")
    assert uses(worker(tmp_path, {"wrangler.toml": CONFIG, "src/index.ts": code})) == ["DB"]


def test_a_computed_name_is_said(tmp_path: Path) -> None:
    code = HANDLER.replace("BODY", "env[request.headers.get('x')].get('k');")
    found = worker(tmp_path, {"wrangler.toml": CONFIG, "src/index.ts": code})
    assert (uses(found), spans(found)) == ([], ["env[request.headers.get('x')]"])


def test_process_env_is_not_the_env_of_bindings(tmp_path: Path) -> None:
    code = HANDLER.replace("BODY", "process.env.DB.prepare('x');")
    found = worker(tmp_path, {"wrangler.toml": CONFIG, "src/index.ts": code})
    assert (uses(found), spans(found)) == ([], [])


# -- SQL ---------------------------------------------------------------------------------------------------------------


def holes(root: Path, body: str, more: str = "", **files: str) -> list[str]:
    """What enters the text that is prepared: kind and source of each hole."""
    code = f"{more}\nexport default {{ async fetch(request, env) {{ const q = await request.json(); {body} }} }};"
    small = project(root, {"wrangler.toml": CONFIG, "src/index.ts": code, **files})
    return _holes(small)


def _holes(small: Project) -> list[str]:
    found = []
    for call in [*small.calls("d1", ("prepare", "exec")), *small.calls("do-sql", "exec")]:
        text = call.arg(0)
        assert text is not None
        found += [f"{hole.what} {hole.file.text(hole.node)}" for hole in small.texts.holes(text, call.file)]
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("env.DB.prepare(`SELECT 1`);", []),
        ("env.DB.prepare('SELECT 1');", []),
        ("env.DB.prepare(`SELECT ${q.x}`);", ["request q.x"]),
        ("const sql = 'SELECT ' + q.x; env.DB.prepare(sql);", ["request q.x"]),
        ("const sql = 'SELECT 1'; env.DB.prepare(sql);", []),
        ("env.DB.prepare('SELECT ?').bind(q.x).all();", []),
        ("env.DB.batch([env.DB.prepare(`SELECT ${q.x}`)]);", ["request q.x"]),
        ("env.DB.exec(`SELECT ${q.x}`);", ["request q.x"]),
        ("env.DB.withSession().prepare(`SELECT ${q.x}`);", []),
    ],
)
def test_code_writes_sql(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert holes(tmp_path, body) == expected


def test_sessions_prepare_too(tmp_path: Path) -> None:
    code = HANDLER.replace("BODY", "const s = env.DB.withSession(); s.prepare(`SELECT ${request.url}`);")
    small = project(tmp_path, {"wrangler.toml": CONFIG, "src/index.ts": code})
    (call,) = small.calls("d1-session", "prepare")
    text = call.arg(0)
    assert text is not None
    assert [hole.what for hole in small.texts.holes(text, call.file)] == ["request"]


def test_storage_of_a_durable_object(tmp_path: Path) -> None:
    code = (
        "import { DurableObject } from 'cloudflare:workers';\nexport class A extends DurableObject {\n"
        "  fetch(request) { this.ctx.storage.sql.exec(`SELECT ${request.url}`); } }\nexport default {};"
    )
    assert _holes(project(tmp_path, {"wrangler.toml": CONFIG, "src/index.ts": code})) == ["request request.url"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('        await self.env.DB.prepare("""SELECT 1""").all()\n', []),
        ('        await self.env.DB.prepare(f"SELECT {request.url}").all()\n', ["request request.url"]),
        ('        q = ",".join("?" * n)\n        await self.env.DB.prepare(f"SELECT {q}").all()\n', []),
        (('        await self.execute("SELECT ?", [request.url])\n\n    async def execute(self, query, params):\n'
         "        return await self.env.DB.prepare(query).bind(*params).all()\n"), []),
        (('        await self.execute(f"SELECT {request.url}", [])\n\n    async def execute(self, query, params):\n'
         "        return await self.env.DB.prepare(query).bind(*params).all()\n"), ["request request.url"]),
    ],
)
def test_python_writes_sql(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert _holes(project(tmp_path, {"wrangler.toml": PYTHON_TOML + D1, "src/entry.py": ENTRYPOINT + body})) == expected


# -- what reading them taught ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "const p = []; if (q.a) p.push('a = ?'); env.DB.prepare(`SELECT 1 WHERE ${p.join(' AND ')}`);",
        "let sql = 'SELECT 1'; if (q.a) sql += ' AND x = ?'; env.DB.prepare(sql);",
        "env.DB.prepare(`SELECT 1 ORDER BY x ${q.desc ? 'DESC' : 'ASC'}`);",
        "let c; switch (q.s) { case 'a': c = 'x'; break; default: c = 'y'; } env.DB.prepare(`SELECT ${c}`);",
        "const t = { a: 'x', b: 'y' }; env.DB.prepare(`SELECT ${t[q.s] ?? 'x'}`);",
        "env.DB.prepare(`SELECT 1 WHERE id IN (${q.ids.map(() => '?').join(',')})`);",
        "env.DB.prepare(`SELECT 1 WHERE ${q.ids.map((_, i) => `?${i + 2}`).join(',')}`);",
        "env.DB.prepare(`SELECT * FROM ${TABLE}`);",
        "env.DB.prepare(`SELECT * FROM ${T.users}`);",
        "env.DB.prepare(`SELECT * FROM ${FAR}`);",
        "if (!ALLOWED.includes(q.t)) throw new Error(); env.DB.prepare(`SELECT * FROM ${q.t}`);",
        ("count('users', env); count('posts', env);\nfunction count(t, e) { return e.DB.prepare(`SELECT count(*) FROM "
         "${t}`) }"),
    ],
)
def test_lesson_1_dynamic_sql_is_usually_safe(tmp_path: Path, body: str) -> None:
    more = (
        "import { FAR } from './far';\nconst TABLE = 'users';\nconst T = { users: 'u' };\nconst ALLOWED = ['a', 'b'];"
    )
    assert [hole for hole in holes(tmp_path, body, more,
    **{"src/far.ts": "export const FAR = 'far';"}) if "number" not in hole] == []


@pytest.mark.parametrize(
    "body", ["/a/.exec(`x${q.a}`);", "sandbox.exec(`ls ${q.a}`);", "new Database('f').exec(`x${q.a}`);"]
)
def test_lesson_1_exec_is_not_always_sql(tmp_path: Path, body: str) -> None:
    assert holes(tmp_path, body) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("env.DB.prepare(`SELECT * FROM ${q.table}`);", ["request q.table"]),
        ("env.DB.prepare(`INSERT INTO t VALUES ${q.rows.map(r => `('${r.email}')`).join(',')}`);", ["request r.email"]),
        ("const { sort } = q; env.DB.prepare(`SELECT 1 ORDER BY a ${sort}`);", ["request sort"]),
    ],
)
def test_lesson_2_true_injections(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert holes(tmp_path, body) == expected


def test_lesson_2_a_table_from_a_message(tmp_path: Path) -> None:
    code = (
        "import { DurableObject } from 'cloudflare:workers';\nexport class A extends DurableObject {\n"
        "  webSocketMessage(ws, message) { const m = JSON.parse(message);\n"
        "    this.ctx.storage.sql.exec(`SELECT * FROM ${m.table}`); } }\nexport default {};"
    )
    assert _holes(project(tmp_path, {"wrangler.toml": CONFIG, "src/index.ts": code})) == ["message m.table"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("for (const n of ['A', 'B']) env[n].get('k');", ["A?.get", "B?.get"]),
        ("(env as { A: string }).A;", ["A"]),
        ("if (env.KV) await env.KV.get('k');", ["KV?", "KV?.get"]),
        ("'KV' in env && env.KV.get('k');", ["KV?.get"]),
    ],
)
def test_lesson_3_other_ways_to_use_a_binding(tmp_path: Path, body: str, expected: list[str]) -> None:
    found = worker(tmp_path, {"wrangler.toml": CONFIG, "src/index.ts": HANDLER.replace("BODY", body)})
    assert uses(found) == expected


def test_lesson_4_configs_that_share_an_entry(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": CONFIG, "other/wrangler.toml": CONFIG.replace('"src/index.ts"', '"../src/index.ts"'),
        "src/index.ts": HANDLER.replace("BODY", "env.DB.prepare('x');"),
    }
    small = project(tmp_path, files)
    assert [(found.directory, uses(found), found.complete) for found in small.workers] == [
        ("other", ["DB.prepare"], True), ("", ["DB.prepare"], True),
    ]


@pytest.mark.parametrize(
    ("code", "complete"),
    [(HANDLER, True), ("import './gone';\n" + HANDLER, False), ("import 'pkg';\n" + HANDLER, True)],
)
def test_lesson_4_usage_follows_what_the_entry_imports(tmp_path: Path, code: str, complete: bool) -> None:
    files = {"wrangler.toml": CONFIG, "src/index.ts": code.replace("BODY", ""), "src/stray.ts": ("export const f = "
                                                                                                 "env => env.DB;")}
    found = worker(tmp_path, files)
    assert ([file.path for file in found.files], found.complete) == (["src/index.ts"], complete)


def test_lesson_4_an_entry_in_build_output(tmp_path: Path) -> None:
    found = worker(tmp_path, {"wrangler.toml": ASTRO, "src/a.ts": "export const f = env => env.DB;"})
    assert (found.entry, found.complete) == (None, False)


def test_lesson_5_a_store_behind_a_field_of_a_class(tmp_path: Path) -> None:
    code = (
        "class Store { #kv; constructor(kv) { this.#kv = kv; } read(k) { return this.#kv.get(k); } }\n"
        + HANDLER.replace("BODY", "const { KV } = env; return new Store(KV).read('k');")
    )
    assert calls(project(tmp_path, {"wrangler.toml": CONFIG, "src/index.ts": code})) == ["kv:KV.get"]


@pytest.mark.parametrize(
    ("seconds", "lower"), [("Math.max(1, left)", 1), ("10", 10), ("60", 60), ("Math.max(60, left)", 60), ("TTL", 30)]
)
def test_lesson_6_lower_bounds_of_a_ttl(tmp_path: Path, seconds: str, lower: int) -> None:
    body = f"const left = q - Date.now(); env.KV.put('k', 'v', {{ expirationTtl: {seconds} }});"
    files = {"wrangler.toml": CONFIG, "src/index.ts": "const TTL = 30;\n" + HANDLER.replace("BODY", body)}
    (call,) = project(tmp_path, files).calls("kv", "put")
    assert call.option("expirationTtl").lower_bound == lower


def test_lesson_9_only_env_matters_in_generated_types(tmp_path: Path) -> None:
    types = "interface Other { A: KVNamespace }\ninterface Env { KV: KVNamespace; NAME: string }\n"
    files = {"wrangler.toml": TOML, "src/index.ts": HANDLER.replace("BODY", ""), "worker-configuration.d.ts": types}
    found = worker(tmp_path, files).env_types
    assert {name: typed.annotation for name, typed in found.items()} == {"KV": "KVNamespace", "NAME": "string"}
