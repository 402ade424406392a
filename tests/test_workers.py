"""What is known of a worker: handlers, exports, and how its code uses env."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.workers import Worker
from tests.projects import D1, KV, PYTHON_TOML, TOML, project, spans, uses, worker


def of(root: Path, code: str, config: str = "", **more: str) -> Worker:
    return worker(root, {"wrangler.toml": TOML + config, "src/index.ts": code, **more})


def handlers(root: Path, code: str, **more: str) -> dict[str, str] | None:
    found = of(root, code, **more)
    return texts(found)


def texts(found: Worker) -> dict[str, str] | None:
    files = {file.path: file for file in found.files}
    if found.handlers is None:
        return None
    return {name: files[span.path].source.slice(span.start, span.end) for name, span in found.handlers.items()}


NEEDED = "import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("export default { fetch() {}, async queue() {} };", {"fetch": "fetch", "queue": "queue"}),
        ("const more = { email() {} };\nexport default { fetch() {}, ...more };", {"fetch": "fetch", "email": "email"}),
        ("export default { fetch() {}, ...load() };", None),
        ("export default { fetch() {}, [name]() {} };", None),
        ("export default build();", None),
        ("export { default } from 'app';", None),
        ("import app from 'app';\nexport default app;", None),
        ("export * from 'app';", None),
        ("export const a = 1;", {}),
        ("const a = 1;", None),
        ("addEventListener('fetch', e => 1);", {"fetch": "addEventListener('fetch', e => 1)"}),
        ("addEventListener('error', e => 1);\nexport const a = 1;", {}),
        ("export default class { fetch() {} extra = () => 1; }", {"fetch": "fetch", "extra": "extra"}),
        (NEEDED + "export default class extends WorkerEntrypoint { fetch() {} }", {"fetch": "fetch"}),
        (NEEDED + "class A extends WorkerEntrypoint { queue() {} }\nexport default class extends A { fetch() {} }",
         {"fetch": "fetch", "queue": "queue"}),
        ("import { Base } from 'base';\nexport default class extends Base { fetch() {} }", None),
        ("class A { fetch() {} }\nexport default new A();", {"fetch": "fetch"}),
        ("import { Hono } from 'hono';\nconst app = new Hono();\nexport default app;", {"fetch": "a"}),
        ("import { OpenAPIHono } from '@hono/zod-openapi';\nexport default new OpenAPIHono();", {"fetch": "n"}),
        ("import * as S from '@sentry/cloudflare';\nexport default S.withSentry(o, { fetch() {} });",
         {"fetch": "fetch"}),
        (NEEDED + "import { wrap } from 'w';\nclass A extends WorkerEntrypoint { queue() {} }\nexport default wrap(A);",
         {"queue": "queue"}),
        ("import { wrap } from 'w';\nexport default wrap({ other: 1 });", None),
        ("import { wrap } from 'w';\nexport default wrap;", None),
        ("let app;\nexport default app;", None),
        ("import { Base } from 'base';\nclass A extends Base {}\nexport default class extends A { fetch() {} }", None),
        ("class A { fetch = () => 1; [Symbol.iterator]() {} static { } }\nexport default A;", {"fetch": "fetch"}),
    ],
)
def test_handlers(tmp_path: Path, code: str, expected: dict[str, str] | None) -> None:
    assert handlers(tmp_path, code) == expected


def test_no_handlers_without_an_entry(tmp_path: Path) -> None:
    found = worker(tmp_path, {"wrangler.toml": TOML})
    assert (found.entry, found.handlers, found.exports, found.complete) == (None, None, None, False)
    assert found.handlers is None  # asked again


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("async def on_fetch(r, e):\n    pass\nasync def on_scheduled(c, e):\n    pass\n",
         {"fetch": "on_fetch", "scheduled": "on_scheduled"}),
        ("on_fetch = make()\n", None),
        (("from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    async def fetch(self, r):\n    "
          "    pass\n"),
         {"fetch": "fetch"}),
        (("from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    if True:\n"
         "        async def on_fetch(self, r):\n            pass\n"), {"fetch": "on_fetch"}),
        (("from workers import WorkerEntrypoint\nclass A(WorkerEntrypoint):\n    async def queue(self, b):\n        "
          "pass\n"
         "class Default(A):\n    async def fetch(self, r):\n        pass\n"), {"fetch": "fetch", "queue": "queue"}),
        ("from other import Base\nclass Default(Base):\n    pass\n", None),
        ("from other import Base\nclass A(Base):\n    pass\nclass Default(A):\n    pass\n", None),
        ("Default = make()\n", None),
        ("x = 1\n", None),
    ],
)
def test_handlers_of_python(tmp_path: Path, code: str, expected: dict[str, str] | None) -> None:
    found = worker(tmp_path, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code})
    assert texts(found) == expected


HANDLER = "export default {{ async fetch(request, env, ctx) {{ {} }} }};"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("env.A; await env.DB.prepare('x').all();", ["A", "DB.prepare"]),
        ("(env as any).A.get(1); (await env).B;", ["A.get", "B"]),
        ("env['A']; env['B'].get();", ["A", "B.get"]),
        ("const k = 'A'; env[k]; env[ok ? 'B' : 'C'];", ["A", "B?", "C?"]),
        ("env.A = 1; env.B += 1;", ["B"]),
        ("const { A, B = 1, ...rest } = env;", ["A", "B?"]),
        ("const { A: { nested } } = env;", []),
        ("const { A } = env; if (A) A.get();", ["A?"]),
        ("const { A } = env as Env; A.get();", ["A"]),
        ("const { A } = other; const { B } = ctx.props;", []),
        ("env.A?.get(1); (env.B as any)?.get(1);", ["A?.get", "B?.get"]),
        ("env.A ?? 1; 1 ?? env.B;", ["A?", "B"]),
        ("env.A === 'x'; 'x' === env.B; 'x' in env.C;", ["A?", "B?", "C?"]),
        ("!env.A; typeof env.B;", ["A?", "B?"]),
        ("if (env.A) {} env.B ? 1 : 2; while (env.C) {}", ["A?", "B?", "C"]),
        ("env.A ??= 1; Boolean(env.B); String(env.C);", ["A?", "B?", "C"]),
        ("if (env.A) env.A.get(); if (!env.B) return; env.B.get();", ["A?", "A?.get", "B?", "B?.get"]),
        ("if ('A' in env) { env.A; env.B; env2.A; }", ["A?", "B"]),
        ("if ('A' in other) { env.A; }", ["A"]),
        ("e.A; settings.B;", []),
    ],
)
def test_reads_of_env(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert uses(of(tmp_path, HANDLER.format(body))) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("env[request.headers.get('x')];", ["env[request.headers.get('x')]"]),
        ("const all = { ...env };", ["env"]),
        ("for (const k in env) {}", ["env"]),
        ("for (const [k, v] of Object.entries(env)) {}", ["env"]),
        ("console.log(env);", []),
        ("help(env);\nfunction help(e) {}", []),
        ("missing(env);", ["env"]),
        ("missing({ env });", ["env"]),
        ("missing({ a: { env: env as any } });", ["env"]),
        ("const c = { env };", []),
        ("missing(request);", []),
        ("createRouter(env);", []),
    ],
)
def test_env_that_is_handed_out(tmp_path: Path, body: str, expected: list[str]) -> None:
    code = "import { createRouter } from 'hono';\n" + HANDLER.format("BODY").replace("BODY", body)
    if "function" in body:
        body, _, helper = body.partition("\n")
        code = HANDLER.format("BODY").replace("BODY", body) + "\n" + helper
    assert spans(of(tmp_path, code)) == expected


def test_env_of_an_outer_object_is_followed(tmp_path: Path) -> None:
    code = ("import { client } from 'sdk';\nexport default { fetch(r, env) { const c = client(env.KEY); client(env); }"
            " };")
    found = of(tmp_path, code)
    assert (uses(found), spans(found)) == (["KEY"], ["env"])


@pytest.mark.parametrize(
    ("code", "expected", "open_"),
    [
        ("getattr(self.env, 'A')", ["A"], []),
        ("getattr(self.env, 'A', None)", ["A?"], []),
        ("getattr(self.env, name)", [], ["getattr(self.env, name)"]),
        ("getattr(other, 'A')", [], []),
        ("x = self.env.A if hasattr(self.env, 'A') else None", ["A?", "A?"], []),
        ("getattr(self.env)", [], ["self.env"]),
        ("self.env.A.get('x')", ["A.get"], []),
        ("hasattr(self.env, 'A')", ["A?"], []),
        ("vars(self.env)", [], ["self.env"]),
    ],
)
def test_reads_of_env_in_python(tmp_path: Path, code: str, expected: list[str], open_: list[str]) -> None:
    head = "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    async def fetch(self, r):\n"
    text = f"{head}        {code}\n"
    found = worker(tmp_path, {"wrangler.toml": PYTHON_TOML, "src/entry.py": text})
    assert (uses(found), spans(found)) == (expected, open_)


def test_globals_of_a_service_worker(tmp_path: Path) -> None:
    code = (
        "declare let SECRET: string;\nSECRET = 'x';\nlet hidden = () => { const DB = 1; return DB; };\n"
        "addEventListener('fetch', e => e.respondWith(answer()));\n"
        "async function answer() { await KV.get('x'); SECRET; return KV; }\n"
    )
    assert uses(of(tmp_path, code, D1 + KV)) == ["KV.get", "SECRET", "KV"]


def test_a_config_without_code_has_no_globals(tmp_path: Path) -> None:
    assert uses(of(tmp_path, "KV.get('x');\nexport default {};", KV)) == []


def test_bindings_called_where_they_were_handed_to(tmp_path: Path) -> None:
    code = ("export default { fetch(r, env) { store(env.THING, env.OTHER) } };\nfunction store(a, b) { a.put('k', "
            "'v'); b.foo() }")
    assert of(tmp_path, code).called_bindings == {"THING"}


def test_folder_and_exports(tmp_path: Path) -> None:
    files = {"apps/a/wrangler.toml": TOML, "apps/a/src/index.ts": ("export class A {}\nexport { B as C } from './b';\n"
                                                                   "export default {};"),
             "apps/a/src/b.ts": "export class B {}"}
    found = worker(tmp_path, files)
    assert found.directory == "apps/a"
    assert found.exports is not None
    assert sorted(found.exports) == ["A", "C", "default"]
    assert [file.path for file in found.files] == ["apps/a/src/index.ts", "apps/a/src/b.ts"]
    assert found.complete


def test_code_without_a_config(tmp_path: Path) -> None:
    small = project(tmp_path, {"src/index.ts": "export default { fetch(r, env) { env.A } };"})
    assert [found.directory for found in small.workers] in ([], [""])
    assert list(small.files) == ["src/index.ts"]
