"""Which files run on the edge, and which of them are loaded at start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import TOML, project

PLAIN = "export default { async fetch() { return new Response('x'); } };\n"


def edge(root: Path, files: dict[str, str]) -> dict[str, str]:
    """Path -> "loads", "runs" or "no" for every file that was read."""
    found = project(root, files)
    return {
        path: "loads" if found.edge.loads(file) else "runs" if found.edge.runs(file) else "no"
        for path, file in sorted(found.files.items())
    }


def test_reached_by_an_entry(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": TOML,
        "src/index.ts": 'import "./a";\nimport type { B } from "./b";\n'
        + PLAIN.replace("{ return", '{ await import("./c"); return'),
        "src/a.ts": "export const a = 1;\n", "src/b.ts": "export type B = 1;\n", "src/c.ts": 'import "./d";\n',
        "src/d.ts": "x();\n", "src/alone.ts": "export const env = 1;\n",
    }
    assert edge(tmp_path, files) == {
        "src/a.ts": "loads", "src/alone.ts": "no", "src/b.ts": "runs", "src/c.ts": "runs", "src/d.ts": "runs",
        "src/index.ts": "loads",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAIN, "loads"),
        ("const worker = { fetch: handle };\nexport { worker as default };\n// env\n", "loads"),
        ("export default { fetch: 'x' };\n// env\n", "no"),
        ("export default { port: 3000, fetch(request) { return new Response(request.env); } };\n", "no"),
        ("export default { title: 'env' };\n", "no"),
        ("export const env = 1;\n", "no"),
        ("addEventListener('fetch', (event) => event.respondWith(new Response('x')));\n", "loads"),
        ('import { WorkerEntrypoint } from "cloudflare:workers";\nexport default class extends WorkerEntrypoint {}\n',
         "loads"),
        ('import { Hono } from "hono";\nconst app = new Hono();\napp.get("/", (c) => c.env.X);\nexport default app;\n',
         "loads"),
        ('import { Hono } from "hono";\n// env\nconst app = new Hono();\nexport default app;\n', "no"),
        ('import { Hono } from "hono";\ninterface Env { A: 1 }\nexport default new Hono();\n', "loads"),
        ("#!/usr/bin/env node\n" + PLAIN, "no"),
        ("export function f(db: D1Database) { return db; }\n", "runs"),
        ("export function f(ctx: ExecutionContext) { return ctx; }\n", "runs"),
        ("export function f(env: string) { return env; }\n", "no"),
        ('import { env } from "cloudflare:workers";\nexport const a = env.A;\n', "runs"),
        ("const a = env.DB.prepare('SELECT 1');\n", "runs"),
        ("const a = other.DB.prepare('SELECT 1'); env();\n", "no"),
    ],
)
def test_a_file_alone(tmp_path: Path, text: str, expected: str) -> None:
    assert edge(tmp_path, {"a.ts": text}) == {"a.ts": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n    pass\n", "loads"),
        ("from workers import env\nx = env.X\n", "runs"),
        ("from js import fetch\nenv = 1\n", "runs"),
        ("env = 1\n", "no"),
    ],
)
def test_a_python_file_alone(tmp_path: Path, text: str, expected: str) -> None:
    assert edge(tmp_path, {"a.py": text}) == {"a.py": expected}
