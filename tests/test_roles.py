"""What the functions of Workers are called with, by the part that they play."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.roles import implemented_kind, looks_like_durable_object
from tests.projects import PYTHON_TOML, TOML, klass, probed, project


def said(root: Path, code: str, **more: str) -> list[str]:
    return probed(project(root, {"wrangler.toml": TOML, "src/index.ts": code, **more}), "src/index.ts")


def in_python(root: Path, code: str) -> list[str]:
    return probed(project(root, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code}))


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("fetch", "request!"), ("scheduled", "scheduled-controller"), ("queue", "queue-batch"), ("email",
         "email-message"),
        ("tail", "tail-events"), ("trace", "tail-events"), ("tailStream", "tail-events"), ("test", "test-controller"),
    ],
)
def test_handlers_of_the_default_export(tmp_path: Path, name: str, first: str) -> None:
    code = f"export default {{ {name}(a, b, c) {{ probe(a); probe(b); probe(c); }} }};"
    assert said(tmp_path, code) == [first, "env", "execution-context"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("const app = { fetch(a, b) { probe(b) } };\nexport default app;", "env"),
        ("const app = { fetch(a, b) { probe(b) } };\nexport { app as default };", "env"),
        ("const app = { fetch(a, b) { probe(b) } };\nexport { app };", "unknown param"),
        ("const app = { fetch(a, b) { probe(b) } };\nexport default wrap(app) as any;", "env"),
        ("export default withSentry(options, { fetch(a, b) { probe(b) } });", "env"),
        ("export default { fetch(a, b) { probe(b) } } satisfies ExportedHandler<Env>;", "env"),
        ("const app = { fetch(a, b) { probe(b) } } as ExportedHandler;", "env"),
        ("const app: ExportedHandler<Env> = { fetch(a, b) { probe(b) } };", "env"),
        ("module.exports = { fetch(a, b) { probe(b) } };", "env"),
        ("other.things = { fetch(a, b) { probe(b) } };", "unknown param"),
        ("undeclared = { fetch(a, b) { probe(b) } };", "unknown param"),
        ("const { x } = { fetch(a, b) { probe(b) } };", "unknown param"),
        ("const inner = [{ fetch(a, b) { probe(b) } }];", "unknown param"),
        ("const app = { fetch(request, env) { probe(env) } };", "env"),
        ("const app = { fetch(a, _env) { probe(_env) } };", "env"),
        ("const app = { render(a, b) { probe(b) } };\nexport default app;", "unknown param"),
        ("({ fetch(a, b) { probe(b) } })();\nexport default 1;", "unknown param"),
    ],
)
def test_which_objects_hold_handlers(tmp_path: Path, code: str, expected: str) -> None:
    assert said(tmp_path, code) == [expected]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("addEventListener('fetch', event => { probe(event); probe(event.request.url) });", ["fetch-event",
         "from request"]),
        ("addEventListener('message', m => probe(m.data));", ["from message"]),
        ("addEventListener('other', m => probe(m));", ["unknown param"]),
        ("addEventListener(kind, m => probe(m));", ["unknown param"]),
        ("addEventListener('fetch', listen);\nfunction listen(event) { probe(event) }", ["fetch-event"]),
        ("socket.addEventListener('message', m => probe(m.data));", ["from message"]),
        ("socket.addEventListener('close', m => probe(m));", ["unknown param"]),
        ("socket.on('message', m => probe(m));", ["unknown param"]),
        ("[function named(m) { probe(m) }];", ["unknown param"]),
        ("(pick())(m => probe(m));", ["unknown param"]),
    ],
)
def test_listeners(tmp_path: Path, code: str, expected: list[str]) -> None:
    assert said(tmp_path, code) == expected


HONO = "import { Hono } from 'hono';\nconst app = new Hono();\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (HONO + "app.get('/', c => { probe(c); probe(c.env); probe(c.req.query('q')) });", ["hono-context", "env",
         "from request"]),
        (HONO + "app.use(async (context, next) => probe(context));", ["hono-context"]),
        (HONO + "app.onError((error, c) => { probe(c) });", ["hono-context"]),
        (HONO + "const show = c => probe(c);\napp.get('/', show);", ["hono-context"]),
        (HONO + "function show(c) { probe(c) }\nhelp(show);\napp.get('/', show);", ["hono-context"]),
        (HONO + "const show = c => probe(c);\nexport { show };", ["unknown param"]),
        (HONO + "app.get('/', ...[async c => probe(c)] as any);", ["unknown param"]),
        (HONO + "app.get('/', [c => probe(c)]);", ["hono-context"]),
        ("import { createMiddleware } from 'hono/factory';\nexport const m = createMiddleware(async c => probe(c));",
         ["hono-context"]),
        ("import { defineEventHandler } from 'h3';\nexport default defineEventHandler(event => probe(event));",
         ["h3-event!"]),
        ("import { createThing } from 'h3';\nexport default createThing(event => probe(event));", ["unknown param"]),
        (("import { Router } from 'itty-router';\nconst r = Router();\nr.get('/', (q, e, x) => { probe(q); probe(e); "
         "probe(x) });"),
         ["request!", "env", "execution-context"]),
        ("export function routes(app) { app.get('/', c => { c.env.DB; probe(c); return c.json({}) }) }",
         ["hono-context~shape"]),
        ("export function routes(app) { app.get('/', c => { c.json; probe(c) }) }", ["unknown param"]),
        ("const local = { get(path, f) {} };\nlocal.get('/', c => { c.env.DB; probe(c); return c.json({}) });",
         ["hono-context~shape"]),
        ("export function routes(app) { app.get('/', (q, env) => { probe(q); probe(env) }) }", ["request!",
         "env~name"]),
        ("export function routes(app) { app.fold('/', (q, env) => { probe(env) }) }", ["env~name"]),
    ],
)
def test_routers(tmp_path: Path, code: str, expected: list[str]) -> None:
    assert said(tmp_path, code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("export const onRequestGet: PagesFunction<Env> = async c => probe(c);", "pages-context!"),
        ("export const act: ExportedHandlerFetchHandler<Env> = async (a, b) => probe(b);", "env"),
        ("export const m: MiddlewareHandler = async (c, next) => probe(c);", "hono-context"),
        ("export const m: Handler<{ Bindings: Env }> = async c => probe(c);", "hono-context"),
        ("export const m: Handler<Env> = async c => probe(c);", "unknown param"),
        ("export const m = (async c => probe(c)) as MiddlewareHandler;", "hono-context"),
        ("export async function onRequestPost(c) { probe(c) }", "pages-context!"),
        ("export const onRequest = guard(async c => probe(c));", "unknown param"),
        ("export const onRequest = (async c => probe(c)) as any;", "pages-context!"),
        ("async function onRequest(c) { probe(c) }", "unknown param"),
        ("export async function onRequestTea(c) { probe(c) }", "unknown param"),
    ],
)
def test_what_declarations_say(tmp_path: Path, code: str, expected: str) -> None:
    assert said(tmp_path, code) == [expected]


def test_functions_of_pages(tmp_path: Path) -> None:
    code = "async function onRequest(c) { probe(c.env); probe(c.params.id) }\nexport { onRequest };"
    assert probed(project(tmp_path, {"functions/api/[id].ts": code})) == ["env", "from request"]


DURABLE = "import { DurableObject } from 'cloudflare:workers';\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (DURABLE + "export class A extends DurableObject { constructor(a, b) { probe(a); probe(b) } }", ["do-state",
         "env"]),
        (DURABLE + "export class A extends DurableObject { fetch(a) { probe(a); probe(this.env); probe(this.ctx) } }",
         ["request!", "env", "do-state"]),
        (DURABLE + "export class A extends DurableObject { webSocketMessage(a, b) { probe(a); probe(b) } }",
         ["websocket", "from message"]),
        (DURABLE + "export class A extends DurableObject { webSocketClose(a) { probe(a) } }", ["websocket"]),
        (DURABLE + "export class A extends DurableObject { count(a) { probe(a) } }", ["unknown param"]),
        ("import { Agent } from 'agents';\nexport class A extends Agent { onConnect(a, b) { probe(a); probe(b) } }",
         ["websocket", "unknown other"]),
        (("import { Agent } from 'agents';\nexport class A extends Agent { onMessage(a, b) { probe(b) } onRequest(r) { "
         "probe(r) } }"), ["from message", "request!"]),
        (("import { WorkerEntrypoint } from 'cloudflare:workers';\nexport default class extends WorkerEntrypoint { "
         "queue(a) { probe(a) } email(a) { probe(a) } scheduled(a) { probe(a) } }"),
         ["queue-batch", "email-message", "scheduled-controller"]),
        (("import { WorkerEntrypoint } from 'cloudflare:workers';\nexport default class extends WorkerEntrypoint { "
         "constructor(a, b) { probe(a); probe(b) } }"),
         ["execution-context", "env"]),
        (("import { WorkflowEntrypoint } from 'cloudflare:workers';\nexport class W extends WorkflowEntrypoint { run(a,"
         " b) { probe(a.payload); probe(b) } }"),
         ["from event", "workflow-step"]),
        ("export class A implements DurableObject { fetch(a) { probe(a) } }", ["request!"]),
        ("export class A { constructor(state, env) { probe(state); probe(env) } fetch(r) { probe(r) } }", ["do-state",
         "env", "request!"]),
        ("export class A { constructor(s: DurableObjectState) { probe(s) } fetch(r) { probe(r) } }", ["do-state",
         "request!"]),
        ("export class A { constructor(a, b) { probe(a) } fetch(r) { probe(r) } }", ["unknown param", "unknown param"]),
    ],
)
def test_methods_of_the_platforms_classes(tmp_path: Path, code: str, expected: list[str]) -> None:
    assert said(tmp_path, code) == expected


def test_what_classes_look_like(tmp_path: Path) -> None:
    code = """
    class Plain { count() {} }
    class Old { constructor(ctx, env) {} }
    class Derived extends Other { constructor(state, env) {} }
    class Typed extends Other { constructor(readonly s: DurableObjectState) {} }
    class Named implements A, Cloud.DurableObject<Env> {}
    class Unnamed implements Disposable {}
    """
    small = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code})
    looks = {name: looks_like_durable_object(klass(small, name)[1]) for name in ("Plain", "Old", "Derived", "Typed")}
    assert looks == {"Plain": False, "Old": True, "Derived": False, "Typed": True}
    assert implemented_kind(klass(small, "Named")[1]) == "durable-object"
    assert implemented_kind(klass(small, "Unnamed")[1]) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("export function f(env) { probe(env) }", "env~name"),
        ("export function f(_env: any) { probe(_env) }", "env~name"),
        ("export function f(request, env) { probe(env) }", "env~shape"),
        ("export function f(req, env) { probe(req) }", "request!"),
        ("export function f(...env) { probe(env) }", "unknown param"),
        ("export function f(env: Settings) { probe(env) }", "unknown param"),
        ("export function f(event, { DB, MY_KV }) { probe(DB) }", "binding:DB~shape"),
        ("export function f(event, { DB, other }) { probe(DB) }", "unknown other"),
        ("export function f(c) { probe(c); return c.json(c.env.X) }", "hono-context~shape"),
        ("export function f(ctx) { probe(ctx); return ctx.req.query('x') + ctx.text }", "hono-context~shape"),
        ("export function f(c) { probe(c); return c.text }", "unknown param"),
        ("export function f(c) { probe(c); return d.req }\nexport function g(c) { return c.req + c.env }",
         "unknown param"),
        ("export function f({ env, request }) { probe(env) }", "env~shape"),
        ("export function f({ context, request }) { probe(context.cloudflare.env) }", "env~shape"),
        ("export function f({ env, other }) { probe(env) }", "unknown other"),
    ],
)
def test_names_are_the_last_resort(tmp_path: Path, code: str, expected: str) -> None:
    assert said(tmp_path, code) == [expected]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("async def on_fetch(a, b, c):\n    probe(a)\n    probe(b)\n    probe(c)\n", ["request!", "env",
         "execution-context"]),
        ("async def on_queue(batch, env):\n    probe(batch)\n", ["queue-batch"]),
        ("async def other(batch, b):\n    probe(batch)\n", ["unknown param"]),
        (("from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    async def fetch(self, r):\n     "
         "   probe(r)\n        probe(self.env)\n"),
         ["request!", "env"]),
        (("from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    def __init__(self, c, e):\n     "
         "   probe(c)\n        probe(e)\n"),
         ["execution-context", "env"]),
        (("from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    async def other(self, r):\n     "
         "   probe(r)\n"), ["unknown param"]),
        (("from workers import DurableObject\nclass A(DurableObject):\n    def __init__(self, c, e):\n        "
         "probe(c)\n        probe(e)\n"), ["do-state", "env"]),
        (("from workers import DurableObject\nclass A(DurableObject):\n    async def webSocketMessage(self, w, m):\n   "
         "     probe(w)\n        probe(m)\n"),
         ["websocket", "from message"]),
        (("from workers import WorkflowEntrypoint\nclass A(WorkflowEntrypoint):\n    async def run(self, e, s):\n      "
         "  probe(e)\n        probe(s)\n"),
         ["workflow-event", "workflow-step"]),
        ("class A:\n    async def fetch(self, r):\n        probe(r)\n", ["unknown param"]),
    ],
)
def test_python(tmp_path: Path, code: str, expected: list[str]) -> None:
    assert in_python(tmp_path, code) == expected
