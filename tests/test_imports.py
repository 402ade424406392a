"""Imports that lead nowhere: what is left of the rule's documents and cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.projects import project

HANDLER = "\nexport default { async fetch(request: Request, env: Env) { return new Response(env.X); } };\n"


def missing(root: Path, text: str, files: dict[str, str] | None = None, path: str = "src/index.ts") -> list[str]:
    """The specifiers that lead nowhere: "!" before a package, "~" when a lockfile has it, "near" after "->"."""
    found = project(root, {path: text + HANDLER, **(files or {})})
    told = []
    for item in found.imports.missing(found.files[path]):
        mark = "~" if item.installed else "!" if item.package is not None else ""
        told.append(f"{mark}{item.use.specifier}{f' -> {item.near}' if item.near else ''}")
    return told


def manifest(**fields: object) -> dict[str, str]:
    return {"package.json": json.dumps({"name": "app", **fields})}


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("./gone", "./gone"), ("../gone.js", "../gone.js"), ("./gone.json", "./gone.json"),
        ("./gone.service", "./gone.service"), ("./gone.css", ""), ("./gone?raw", ""), ("./a!gone", ""),
        ("../../out", ""), ("./build/gone", ""), ("./+types/gone", ""), ("./gone.gen", ""), ("./gone.gen.ts", ""),
        ("./Kept", "./Kept -> ./kept"), ("./lib/kept", "./lib/kept -> ./kept"),
    ],
)
def test_files(tmp_path: Path, specifier: str, expected: str) -> None:
    kept = {"src/kept.ts": "export const env = 1;\n"}
    assert missing(tmp_path, f'import x from "{specifier}";\nx();', kept) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('import x from "gone"; x();', ["!gone"]),
        ('import "gone";', ["!gone"]),
        ('import x from "@a/gone/deep"; x();', ["!@a/gone/deep"]),
        ('import x from "typed"; x();', []),
        ('import x from "@a/typed"; x();', []),
        ('import { X } from "gone"; const a: X = 1;', []),
        ('import { X } from "gone"; export { X };', ["!gone"]),
        ('import { type X, y } from "gone"; y();', ["!gone"]),
        ('import * as x from "gone"; x.y();', ["!gone"]),
        ('export * from "gone";', ["!gone"]),
        ('const x = require("gone");', ["!gone"]),
        ('const x = await import("gone").catch(() => null);', []),
        ('let x; try { x = require("gone"); } catch {}', []),
        ('let x; try { x = require("gone"); } finally {}', ["!gone"]),
        ('let x; try {} catch { x = require("gone"); }', ["!gone"]),
        ('import x from "fs"; import y from "node:gone"; import z from "virtual:gone"; x(y, z);', []),
        ('import x from "app/self"; x();', []),
        ('import x from "picture.png"; x();', []),
        ('import x from "gone?url"; x();', []),
        ('import x from "Not A Package"; x();', []),
    ],
)
def test_packages(tmp_path: Path, text: str, expected: list[str]) -> None:
    files = manifest(devDependencies={"@types/typed": "1", "@types/a__typed": "1"})
    assert missing(tmp_path, text, files) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("package-lock.json", '{"packages": {"node_modules/zod": {}}}', "~zod"),
        ("package-lock.json", '{"packages": {"node_modules/zod-more": {}}}', "!zod"),
        ("yarn.lock", "openzod@1:\n", "!zod"),
        ("yarn.lock", '"zod@npm:^3":\n', "~zod"),
        ("pnpm-lock.yaml", "packages:\n  zod@3.0.0:\n", "~zod"),
        ("pnpm-lock.yaml", "packages:\n  /zod@3.0.0:\n", "~zod"),
        ("bun.lock", '{\n  "zod": ["zod@3"]\n}', "~zod"),
        ("vite.config.ts", "export default { alias: { 'zod': './z' } }", ""),
        ("vite.config.ts", "export default { alias: { find: `zod/x` } }", ""),
        ("vite.config.ts", "export default { alias: { find: /^zod/ } }", ""),
        ("vite.config.ts", "export default {}", "!zod"),
        ("deno.json", "{}", ""),
        ("node_modules/zod/package.json", "{}", ""),
        ("wrangler.toml", 'name = "x"\nmain = "src/index.ts"\n[alias]\nzod = "./src/z.ts"\n', ""),
        ("wrangler.toml", 'name = "x"\nmain = "src/index.ts"\n[alias]\nother = "./src/z.ts"\n', "!zod"),
        ("src/package.json", "not json", ""),
        ("other/package.json", '{"name": "zod"}', ""),
    ],
)
def test_what_speaks_of_a_package(tmp_path: Path, name: str, text: str, expected: str) -> None:
    found = missing(tmp_path, 'import { z } from "zod"; z();', {**manifest(), name: text})
    assert found == ([expected] if expected else [])


def test_unreadable_lock(tmp_path: Path) -> None:
    (tmp_path / "yarn.lock").mkdir()
    assert missing(tmp_path, 'import { z } from "zod"; z();', manifest()) == ["!zod"]


def test_frameworks_bring_their_own(tmp_path: Path) -> None:
    lock = {"pnpm-lock.yaml": "packages:\n  ufo@1.0.0:\n"}
    nuxt = manifest(devDependencies={"nuxt": "4"})
    assert missing(tmp_path, 'import { a } from "ufo"; import { b } from "gone"; a(b);', {**nuxt, **lock}) == ["!gone"]


def test_workspaces_lie_side_by_side(tmp_path: Path) -> None:
    files = {
        **manifest(workspaces=["packages/*"]), "packages/a/package.json": '{"name": "a"}',
        "packages/b/package.json": '{"name": "b", "dependencies": {"zod": "3"}}',
    }
    text = 'import { z } from "zod"; import { y } from "gone"; z(y);'
    assert missing(tmp_path, text, files, "packages/a/src/index.ts") == ["~zod", "!gone"]


def test_what_no_config_governs(tmp_path: Path) -> None:
    files = {**manifest(), "app/wrangler.toml": 'name = "x"\nmain = "src/index.ts"\n', "app/src/index.ts": HANDLER}
    assert missing(tmp_path, 'import { z } from "zod"; z();', files, "other/index.ts") == []
    inside = {**manifest(), "templates/x/readme.md": ""}
    assert missing(tmp_path / "t", 'import { z } from "zod"; z();', inside, "templates/x/index.ts") == []


def test_python(tmp_path: Path) -> None:
    text = (
        "from workers import WorkerEntrypoint\nfrom .here import a\nfrom .gone import b\nfrom ..up import c\n"
        "from ...out import d\nfrom . import e\nimport numpy\nfrom .native import f\n"
    )
    others = {"src/pkg/here/x.py": "", "src/up.py": "", "src/pkg/native.so": ""}
    found = project(tmp_path, {"src/pkg/entry.py": text, **others})
    told = [item.use.specifier for item in found.imports.missing(found.files["src/pkg/entry.py"])]
    assert told == ["gone", "out"]
