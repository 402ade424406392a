"""Caches whose key is the URL alone, in front of answers that depend on who asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import KV, PYTHON_TOML, TOML, project


def told(root: Path, code: str) -> list[str]:
    """Every shared cache: what the answer depends on, "" for a wrapper of any handler."""
    small = project(root, {"wrangler.toml": TOML + KV, "src/index.ts": code})
    return [
        "" if one.who is None else one.who.file.text(one.who.node) for one in small.shared_caches.found()
    ]


def handler(key: str, answer: str, before: str = "", between: str = "") -> str:
    return (
        "import { verify } from 'auth';\nexport default { async fetch(request, env, ctx) {\n"
        f"  const cache = caches.default; {before}\n  const hit = await cache.match({key}); if (hit) return hit;\n"
        f"  {between}\n"
        f"  const answer = {answer};\n  ctx.waitUntil(cache.put({key}, answer.clone())); return answer;\n}} }};\n"
    )


COOKIE = "request.headers.get('Cookie')"
PRIVATE = f"await load({COOKIE})"
PUBLIC = "await load(request.url)"


@pytest.mark.parametrize(
    "key",
    [
        "request", "request.url", "new Request(request.url)", "new URL(request.url).pathname", "`https://x${path}`",
        "'https://x/' + request.url", "String(new URL(request.url))", "new URL(request.url).searchParams.get('q')",
        "new URL(request.url).toString()", "(request.url as string)", "`${request.method}:${request.url}`",
        "request.url.split('?')[0].concat('x')", "own(request.url)",
    ],
)
def test_keys_of_the_url_alone(tmp_path: Path, key: str) -> None:
    before = "const { pathname: path } = new URL(request.url); const own = u => `k:${u}`;"
    expected = [] if "[0]" in key else [COOKIE]
    assert told(tmp_path, handler(key, PRIVATE, before)) == expected


@pytest.mark.parametrize(
    "key",
    [
        "'https://x/y'", f"request.url + {COOKIE}", "`${request.url}:${user.id}`", "own(request)",
        "unknown(request.url)",
        "String()", "request.headers.get('x')", "key",
    ],
)
def test_keys_of_more(tmp_path: Path, key: str) -> None:
    before = "let key = request.url; if (request.url) key = await pick(); const own = r => r.url + r.headers.get('x');"
    assert told(tmp_path, handler(key, PRIVATE, before)) == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (PRIVATE, [COOKIE]),
        (PUBLIC, []),
        ("await load(request.headers.get('Authorization'))", ["request.headers.get('Authorization')"]),
        ("await load(request.headers.get('Accept'))", []),
        ("await load(await getUser(request))", ["getUser(request)"]),
        ("await load(await getUser(1))", []),
        ("await load(await own(request))", ["own(request)"]),
        ("await load(user)", []),
    ],
)
def test_answers(tmp_path: Path, answer: str, expected: list[str]) -> None:
    code = handler("request", answer) + "function own(r) { return r.headers.get('Cookie') }\n"
    assert told(tmp_path, code) == expected


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (f"if (!(await verify({COOKIE}))) return new Response('', {{ status: 401 }});", [COOKIE]),
        ("if (!request.url) return new Response('');", []),
    ],
)
def test_gates_behind_the_lookup(tmp_path: Path, between: str, expected: list[str]) -> None:
    assert told(tmp_path, handler("request", PUBLIC, between=between)) == expected


def test_a_gate_before_the_lookup_guards_everyone(tmp_path: Path) -> None:
    before = f"if (!(await verify({COOKIE}))) return new Response('', {{ status: 401 }});"
    assert told(tmp_path, handler("request", PUBLIC, before)) == []


WRAPPER = (
    "export const cached = (handler) => async (request: Request, env) => {\n  const cache = caches.default;\n"
    "  const hit = await cache.match(request); if (hit) return hit;\n  const answer = await handler(request, env);\n"
    "  BODY\n  return answer;\n};\nexport default { fetch: cached(async r => new Response(r.url)) };\n"
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("await cache.put(request, answer.clone());", [""]),
        ("if (answer.headers.get('Cache-Control')) await cache.put(request, answer.clone());", []),
        ("if (answer.headers.getSetCookie().length === 0) await cache.put(request, answer.clone());", []),
        ("if (isPublic(answer)) await cache.put(request, answer.clone());", []),
        ("if (!request.headers.has('Cookie')) await cache.put(request, answer.clone());", []),
        ("if (rules.allow(request)) await cache.put(request, answer.clone());", []),
        ("if (answer.ok) await cache.put(request, answer.clone());", [""]),
    ],
)
def test_wrappers_of_any_handler(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert told(tmp_path, WRAPPER.replace("BODY", body)) == expected


def test_hono(tmp_path: Path) -> None:
    code = (
        "import { Hono } from 'hono';\nconst app = new Hono();\napp.get('/me', async c => {\n"
        "  const key = `me:${c.req.path}`; const hit = await c.env.KV.get(key); if (hit) return c.text(hit);\n"
        "  const user = c.get('user'); const body = await load(user.id);\n  await c.env.KV.put(key, body); return "
        "c.text(body);\n"
        "});\nexport default app;\n"
    )
    assert told(tmp_path, code) == ["c.get('user')"]


def test_a_store_of_its_own_is_no_cache(tmp_path: Path) -> None:
    code = (
        "export default { async fetch(request, env) {\n"
        "  if (request.method === 'GET') { return new Response(await env.KV.get(request.url)); }\n"
        f"  const body = await load({COOKIE}); await env.KV.put(request.url, body);\n"
        "  return new Response(body);\n} };\n"
    )
    assert told(tmp_path, code) == []


def test_python(tmp_path: Path) -> None:
    code = (
        "from workers import WorkerEntrypoint, Response\n\n\nclass Default(WorkerEntrypoint):\n    async def "
        "fetch(self, request):\n"
        "        key = str(request.url)\n        hit = await self.env.KV.get(key)\n        if hit:\n            "
        "return Response(hit)\n"
        "        body = await load(request.headers.get('Cookie'))\n        await self.env.KV.put(key, body)\n"
        "        return Response(body)\n"
    )
    small = project(tmp_path, {"wrangler.toml": PYTHON_TOML + KV, "src/entry.py": code})
    (one,) = small.shared_caches.found()
    assert (one.put.verb, one.lookup.verb, one.put.binding) == ("put", "get", "KV")
    assert small.files["src/entry.py"].source.slice(one.span.start, one.span.end).endswith("put")


@pytest.mark.parametrize(
    ("before_put", "expected"),
    [
        (f"if ({COOKIE}) return answer;", []),
        (f"if (!{COOKIE}) ", []),
        (f"if ({COOKIE} === null) ", []),
        (f"if ({COOKIE} != null) return answer;", []),
        (f"const cookie = {COOKIE}; if (cookie) return answer;", []),
        ("if (await isLoggedIn(request)) return answer;", []),
        ("if (await tooMany(request)) return answer;", [COOKIE]),
        (f"if (!{COOKIE}) return answer;", [COOKIE]),
        (f"if ({COOKIE} === 'a') return answer;", [COOKIE]),
        ("if (missing) return answer;", [COOKIE]),
    ],
)
def test_only_what_anyone_may_see_is_stored(tmp_path: Path, before_put: str, expected: list[str]) -> None:
    code = (
        "export default { async fetch(request, env) {\n  const cache = caches.default;\n"
        "  const hit = await cache.match(request); if (hit) return hit;\n"
        f"  const answer = {PRIVATE}; {before_put} await cache.put(request, answer.clone()); return answer;\n}} }};\n"
        "function isLoggedIn(r) { return r.headers.get('Cookie') }\nfunction tooMany(r) { return "
        "r.headers.get('Cookie') }\n"
    )
    assert told(tmp_path, code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("function store(request: Request, session) { KEY; put(session.id) }", ["session"]),
        ("function store(request: Request, thing) { KEY; put(thing.id) }", []),
        ("function store({ request }, session) { KEY; put(session.id) }", ["session"]),
        ("function store(session, request: Request) { KEY; put(session.id) }", ["session"]),
        ("function store(request: Request, env) { KEY; put(getCookie(env, 'a')) }", ["getCookie(env, 'a')"]),
    ],
)
def test_who_is_a_parameter(tmp_path: Path, code: str, expected: list[str]) -> None:
    key = ("const key = new URL(request.url).href; const cache = caches.default; const hit = cache.match(key); if "
           "(hit) return hit")
    body = code.replace("KEY", key).replace("put(", "cache.put(key, ").replace("function", "export async function")
    assert told(tmp_path, body) == expected
