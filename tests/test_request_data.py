"""What is made of one request, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import D1, PYTHON_TOML, TOML, probe, project

HEAD = "export default { async fetch(request, env, ctx) { "


def carries(root: Path, body: str, more: str = "") -> bool:
    """Whether the probed expression of a handler's body carries something of the request."""
    small = project(root, {"wrangler.toml": TOML + D1, "src/index.ts": f"{HEAD}{body} }} }};\n{more}"})
    file, node = probe(small)
    return small.request_data.carries(node, file)


@pytest.mark.parametrize(
    "body",
    [
        "probe(request);",
        "probe(ctx);",
        "probe(request.url);",
        "probe(request.method);",
        "probe(await request.json());",
        "probe((await request.json() as any).name);",
        "probe(`/x/${request.url}`);",
        "probe({ a: [request.url] });",
        "probe({ ...{ a: request } });",
        "probe(ok ? 1 : request.url);",
        "probe(ok ? request.url : 1);",
        "probe('x' + request.url);",
        "const url = request.url; probe(url);",
        "let all = ''; all += request.url; probe(all);",
        "const t = pick(request.url); probe(t);",
        "const t = pick(1); for (const x of sort(request)) probe(x);",
        "probe(sha(request.url).trim());",
        "probe(sha(x => request, 1, request.url));",
        "const u = verify(request); probe(u.id);",
        "probe(new Session(request));",
    ],
)
def test_of_the_request(tmp_path: Path, body: str) -> None:
    assert carries(tmp_path, body)


@pytest.mark.parametrize(
    "body",
    [
        "probe(env);",
        "probe(env.DB);",
        "probe(1);",
        "probe('x' + 2);",
        "probe(Date.now());",
        "probe(request.url === '/x');",
        "probe(request.url.length - 1);",
        "probe(request.url.includes('x'));",
        "probe(names.some(request));",
        "probe(sha(() => request));",
        "probe(make(env.DB));",
        "const client = make(env.DB); probe(client);",
        "let a; a = b; var b = a; probe(a);",
        "probe(() => request.url);",
        "probe(!request);",
        "probe(settings);",
        "probe(undeclared.thing);",
    ],
)
def test_of_no_request(tmp_path: Path, body: str) -> None:
    assert not carries(tmp_path, body, "let settings = load();")


@pytest.mark.parametrize(
    ("body", "helper", "expected"),
    [
        ("keep(request.url);", "function keep(x) { probe(x + mark()) }", True),
        ("keep(1, verify(request));", "function keep(a, x) { probe(x) }", True),
        ("keep(1, verify(env));", "function keep(a, x) { probe(x) }", False),
        ("keep(verify(request));", "function keep(a, x) { probe(x.y) }", False),
        ("keep(verify(request)); keep(2);", "function keep(a) { const b = a; probe(b.y) }", True),
        ("", "function keep(x) { probe(x) }", False),
        ("", "try { load() } catch (x) { probe(x) }", False),
    ],
)
def test_what_helpers_are_given(tmp_path: Path, body: str, helper: str, expected: bool) -> None:
    assert carries(tmp_path, body, helper) is expected


def test_the_env_of_a_pages_function_is_no_request(tmp_path: Path) -> None:
    code = "export async function onRequest(context) { probe(context.env); }"
    small = project(tmp_path, {"functions/index.ts": code})
    file, node = probe(small)
    assert not small.request_data.carries(node, file)


def test_keywords_in_python(tmp_path: Path) -> None:
    code = (
        "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    async def fetch(self, request):\n"
        "        probe(make(1, name=request.url))\n        keep(1, name=make(request))\n\n"
        "def keep(a, name):\n    probe(a)\n    probe(not name)\n"
    )
    small = project(tmp_path, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code})
    found = [
        small.request_data.carries(call.args[0], file)
        for file in small.files.values() for call in file.index.calls["probe"]
    ]
    assert found == [True, False, False]


def test_depth_is_bounded(tmp_path: Path) -> None:
    chain = "; ".join(f"const v{i + 1} = f(v{i})" for i in range(20))
    assert not carries(tmp_path, f"const v0 = verify(request); {chain}; probe(v20);")
