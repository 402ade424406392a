"""What surely is nothing of the platform, by its shape alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.atoms import Plat
from edgelint.project.project import Project
from tests.projects import PYTHON_TOML, TOML, probe, project

HEAD = """\
import { z } from "zod";
import pkg from "some-package";
import * as all from "some-package";
import { getCloudflareContext } from "@opennextjs/cloudflare";
import { env as ambient } from "cloudflare:workers";
import { local } from "./local";
const cache = new Map();
const alias = cache;
let changed = cache;
changed = pkg;
const typed: KVNamespace = cache;
function named() { return 1; }
class Klass {
  held = 1;
  constructor(private given: unknown) { this.assigned = given; }
  method() { return 1; }
}
const table = { handler: named, text: "x" };
"""
LOCAL = "export function local(e) { return e; }\n"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'text'", False), ("`text ${env}`", False), ("tag`text`", True), ("[env]", False), ("{ a: env }", False),
        ("() => env", False), ("!env", False), ("env", True), ("await env", True), ("await cache", False),
        ("env.DB", True), ("this.db", True), ("this", True), ("env.DB as unknown", True),
        ("cache", False), ("alias", False), ("changed", True), ("typed", True), ("named", False), ("Klass", False),
        ("z", False), ("ambient", True), ("local", True), ("globalName", False), ("caches.default", True),
        ("new Klass(env)", False), ("new Map().x", True),
        ("z.object({})", False), ("z.object({}).parse", False), ("pkg(env)", False), ("all.thing.other()", False),
        ("getCloudflareContext()", True), ("getCloudflareContext().env", True), ("ambient.KV", True),
        ("all.getCloudflareContext()", True), ("new pkg.Thing().it", True),
        ("env.name.split(',')", False), ("env.name.trim().toLowerCase()", False), ("env.list.find(f)", True),
        ("String(env)", False), ("structuredClone(env)", True), ("local(env)", True), ("named()", True),
        ("env.x.method()", True), ("env.x.held()", True), ("env.x.given()", True), ("env.x.assigned()", True),
        ("env.x.handler()", True), ("env.x.text()", True), ("env.x.local()", True), ("(() => env)()", True),
        ("env.x[0]()", True), ("env || null", True), ("null ?? cache", False), ("1 + 2", False), ("(1, env)", True),
        ("env ? env.A : env.B", True),
    ],
)  # fmt: skip
def test_shapes(tmp_path: Path, expression: str, expected: bool) -> None:
    found, may_be = looked_at(tmp_path, expression)
    file, node = probe(found)
    assert may_be is expected
    if not expected:
        assert not any(isinstance(atom, Plat) for atom in found.evaluator.evaluate(node, file))


def looked_at(root: Path, expression: str) -> tuple[Project, bool]:
    code = f"{HEAD}export default {{ async fetch(request, env) {{\n  probe({expression});\n}} }};\n"
    found = project(root, {"wrangler.toml": TOML, "src/index.ts": code, "src/local.ts": LOCAL})
    file, node = probe(found)
    return found, found.evaluator.receivers.may_be_platform(node, file)


def test_names_that_stand_for_each_other(tmp_path: Path) -> None:
    lines = "\n".join(f"const a{i} = a{i + 1};" for i in range(12))
    code = f"{lines}\nconst a12 = new Map();\nexport default {{ async fetch() {{ probe(a0); }} }};\n"
    found = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code})
    file, node = probe(found)
    assert found.evaluator.receivers.may_be_platform(node, file)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("json.loads(x)", False), ("workers.env", True), ("self.env.DB", True), ("x.strip()", False),
        ("x.field()", True), ("[i for i in x]", False),
    ],
)  # fmt: skip
def test_python(tmp_path: Path, expression: str, expected: bool) -> None:
    code = (
        "import json\nimport workers\nfrom workers import WorkerEntrypoint\n\nclass A:\n    field = 1\n\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, x):\n"
        f"        probe({expression})\n"
    )
    found = project(tmp_path, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code})
    file, node = probe(found)
    assert found.evaluator.receivers.may_be_platform(node, file) is expected
