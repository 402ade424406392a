"""Lists of KV keys whose first page is taken for all keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.listing import listings
from edgelint.project.project import Project
from tests.projects import KV, PYTHON_TOML, TOML, project


def uses(small: Project) -> list[str]:
    """Where the keys of a page are taken for all keys."""
    return [one.call.file.text(one.use) for one in listings(small)]


def told(root: Path, body: str) -> list[str]:
    code = f"export default {{ async fetch(request, env) {{ {body} }} }};"
    return uses(project(root, {"wrangler.toml": TOML + KV, "src/index.ts": code}))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("const r = await env.KV.list(); for (const k of r.keys) go(k);", ["r.keys"]),
        ("const { keys } = await env.KV.list(); return keys.map(k => k.name);", ["keys"]),
        ("const { keys = [] } = await env.KV.list(); keys.forEach(go);", ["keys"]),
        ("const r = (await env.KV.list()) ?? none; go(r.keys.length);", ["r.keys.length"]),
        ("const r = await env.KV.list(); const ks = r.keys ?? []; go(ks);", ["ks"]),
        ("env.KV.list().then(r => r.keys.map(go));", ["r.keys"]),
        ("env.KV.list().then(({ keys }) => go(keys));", ["keys"]),
        ("const r = await env.KV.list(); return [r.keys];", ["r.keys"]),
        ("const r = await env.KV.list(); const n = (r.keys as any).length + 1;", ["(r.keys as any).length"]),
        ("const r = await env.KV.list({ limit: 10 }); return { total: r.keys.length };", ["r.keys.length"]),
        (("await clearAll(); async function clearAll() { const r = await env.KV.list({ limit: 9 });"
         " for (const k of r.keys) await env.KV.delete(k.name); }"), ["r.keys"]),
        # another page may follow, or one key is enough
        ("const r = await env.KV.list({ cursor }); go(r.keys);", []),
        (("let r; do { r = await env.KV.list(); for (const k of r.keys) await env.KV.delete(k.name); } while "
          "(r.keys.length);"), []),
        ("const r = await env.KV.list(); if (!r.list_complete) more(); go(r.keys);", []),
        ("const { keys, cursor } = await env.KV.list(); go(keys, cursor);", []),
        ("const { keys, cursor } = await env.KV.list(); go(keys);", ["keys"]),
        ("const { keys, ...rest } = await env.KV.list(); go(keys);", []),
        ("return await env.KV.list();", []),
        ("go(await env.KV.list());", []),
        ("await env.KV.list();", []),
        ("[a] = await env.KV.list();", []),
        ("env.KV.list().then(go);", []),
        ("const r = await env.KV.list(); r.other();", []),
        ("const r = await env.KV.list(); r.keys();", []),
        ("const r = await env.KV.list(); r.keys;", []),
        ("const r = await env.KV.list(); if (r.keys.length > 0) go();", []),
        ("const r = await env.KV.list(); if (r.keys.length && ok) go();", []),
        ("const r = await env.KV.list(); return !r.keys.length;", []),
        ("const r = await env.KV.list(); return r.keys.length ? 1 : 2;", []),
        ("const r = await env.KV.list(); while (r.keys.length > 5) go();", ["r.keys.length"]),
        ("const r = await env.KV.list(); go(Boolean(r.keys));", []),
        ("const r = await env.KV.list(); return r.keys[0];", []),
        ("const r = await env.KV.list(); const [first] = r.keys;", []),
        ("const r = await env.KV.list(); if (r.keys) go();", []),
        ("const r = await env.KV.list({ limit: 10 }); for (const k of r.keys) go(k);", []),
        ("const r = await env.KV.list({ limit: 10 }); return { page: r.keys.length };", []),
    ],
)
def test_listings(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert told(tmp_path, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("r = await self.env.KV.list()\n        for k in r.keys:\n            go(k)", ["r.keys"]),
        ("r = (await self.env.KV.list()).to_py()\n        return len(r.keys)", ["len(r.keys)"]),
        ("r = await self.env.KV.list()\n        return [k for k in r.keys.to_py()]", ["r.keys.to_py()"]),
        ("r = await self.env.KV.list()\n        if len(r.keys) == 0:\n            go()", []),
        ("r = await self.env.KV.list()\n        return bool(r.keys)", []),
    ],
)
def test_listings_of_python(tmp_path: Path, body: str, expected: list[str]) -> None:
    head = "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    async def fetch(self, q):\n"
    code = f"{head}        {body}\n"
    assert uses(project(tmp_path, {"wrangler.toml": PYTHON_TOML + KV, "src/entry.py": code})) == expected
