"""The module graph: specifiers, exports, what an entry reaches, classes of the platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.atoms import External, Namespace
from edgelint.project.modules import ModuleGraph, is_browser_worker
from edgelint.project.project import Project
from edgelint.project.scopes import Symbol
from edgelint.syntax import tree
from tests.projects import D1, PYTHON_TOML, TOML, klass, project

FETCH = "export default { fetch(request, env) {} };"


def of(root: Path, code: str, **more: str) -> Project:
    return project(root, {"wrangler.toml": TOML, "src/index.ts": code, **more})


@pytest.mark.parametrize(
    ("specifier", "there", "expected"),
    [
        ("./db", "src/db.ts", "src/db.ts"),
        ("./db.ts", "src/db.ts", "src/db.ts"),
        ("./db.js", "src/db.ts", "src/db.ts"),
        ("./db.mjs", "src/db.mts", "src/db.mts"),
        ("./db.jsx", "src/db.tsx", "src/db.tsx"),
        ("./db.test", "src/db.test.ts", "src/db.test.ts"),
        ("./lib", "src/lib/index.ts", "src/lib/index.ts"),
        ("..", "index.ts", "index.ts"),
        (".", "src/index.js", "src/index.ts"),
        ("./page.sql?raw", "src/page.sql", "src/page.sql"),
        ("../../out", "out.ts", None),
        ("../..", "x.ts", None),
        ("./none", "src/db.ts", None),
        ("node:fs", "src/node:fs.ts", None),
        ("cloudflare:workers", "x.ts", None),
        ("hono", "src/hono.ts", None),
        ("#db", "src/db.ts", "src/db.ts"),
        ("#gone", "src/db.ts", None),
    ],
)
def test_what_a_specifier_names(tmp_path: Path, specifier: str, there: str, expected: str | None) -> None:
    package = '{"imports": {"#db": "./src/db.ts", "#gone": "./gone.ts"}}'
    small = of(tmp_path, FETCH, **{there: "", "package.json": package})
    file = small.files["src/index.ts"]
    assert small.graph.resolve(file, specifier) == expected
    assert small.graph.resolve(file, specifier) == expected  # remembered


@pytest.mark.parametrize(
    ("importer", "target", "expected"),
    [
        ("src/a.ts", "src/b.ts", "./b"), ("src/a.ts", "lib/b.mjs", "../lib/b.mjs"), ("a.ts", "src/db/index.ts",
         "./src/db"),
        ("src/a.ts", "b.tsx", "../b"), ("src/a.ts", "src/data.json", "./data.json"),
    ],
)
def test_how_a_file_is_imported(importer: str, target: str, expected: str) -> None:
    assert ModuleGraph.specifier(importer, target) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import db\n", ["db->src/db.py"]),
        ("import pkg.store\n", ["pkg->src/pkg/__init__.py", "pkg.store->src/pkg/store.py"]),
        ("from pkg import store, other\n", ["pkg->src/pkg/__init__.py", "pkg.store->src/pkg/store.py"]),
        ("from . import db\n", ["->None", "db->src/db.py"]),
        ("from .db import x\n", ["db->src/db.py"]),
        ("from ..lib import y\n", ["lib->lib.py"]),
        ("import lib\n", ["lib->lib.py"]),
        ("import js\n", ["js->None"]),
        ("from db import *\n", ["db->src/db.py"]),
    ],
)
def test_imports_of_python(tmp_path: Path, code: str, expected: list[str]) -> None:
    files = {
        "wrangler.toml": PYTHON_TOML, "src/entry.py": code, "src/db.py": "x = 1\n", "src/pkg/__init__.py": "",
        "src/pkg/store.py": "", "lib.py": "y = 1\n",
    }
    small = project(tmp_path, files)
    found = small.graph.imports(small.files["src/entry.py"])
    assert [f"{use.specifier}->{use.target}" for use in found] == expected


def test_every_way_to_import(tmp_path: Path) -> None:
    code = (
        "import a from './a';\nimport type { B } from './b';\nimport { type C } from './c';\nexport * from './d';\n"
        "export type { E } from './e';\nconst f = require('./f');\nconst g = await import('./g');\n"
        "function later() { return import('./h') }\nimport(name);\nx.require('./no');\nrequire();\n"
    )
    small = of(tmp_path, code, **{f"src/{name}.ts": "" for name in "abcdefgh"})
    found = {use.specifier: (use.is_type, use.is_deferred) for use in small.graph.imports(small.files["src/index.ts"])}
    assert found == {
        "./a": (False, False), "./b": (True, False), "./c": (True, False), "./d": (False, False), "./e": (True, False),
        "./f": (False, False), "./g": (False, False), "./h": (False, True),
    }
    every = ["src/index.ts", *(f"src/{name}.ts" for name in "abcdefgh")]
    assert sorted(small.graph.reachable("src/index.ts")) == sorted(every)
    at_start = small.graph.reachable("src/index.ts", at_start=True)
    assert sorted(at_start) == ["src/a.ts", "src/d.ts", "src/f.ts", "src/g.ts", "src/index.ts"]
    assert small.graph.reachable("src/none.ts") == []


def exported(small: Project, path: str = "src/index.ts") -> dict[str, str]:
    """Exports in words: the file they stand in, and what they are."""
    found = {}
    for name, (file, thing) in small.graph.exports(path).items():
        if isinstance(thing, Symbol):
            what = f"{file.path} {thing.name}"
        elif isinstance(thing, External):
            what = f"{thing.module} {thing.path}"
        elif isinstance(thing, Namespace):
            what = f"all of {thing.path}"
        else:
            assert isinstance(thing, tree.Node)
            what = f"{file.path} `{file.text(thing)}`"
        found[name] = what
    return found


OTHER = "export const a = 1;\nexport function b() {}\nexport default 5;\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("export const x = 1, [y, { z }] = q;", {name: f"src/index.ts {name}" for name in "xyz"}),
        ("export class K {}\nexport function f() {}", {"K": "src/index.ts K", "f": "src/index.ts f"}),
        ("export interface I {}\nexport type T = 1;\nexport type { a } from './other';", {}),
        ("export default 1 + 1;", {"default": "src/index.ts `1 + 1`"}),
        ("export * from './other';", {"a": "src/other.ts a", "b": "src/other.ts b"}),
        ("export * as o from './other';", {"o": "all of src/other.ts"}),
        ("export { a as q, default as d, none } from './other';", {"q": "src/other.ts a", "d": "src/other.ts `5`"}),
        ("export { type a, b } from './other';", {"b": "src/other.ts b"}),
        ("export { x as y } from 'pkg';\nexport * from 'more';", {"y": "pkg x"}),
        ("export { q } from './open';", {"q": "./open q"}),
        ("export { a } from './gone';", {"a": "./gone a"}),
        ("import { a } from './other';\nexport { a as c };", {"c": "src/other.ts a"}),
        ("import * as o from './other';\nexport { o };", {"o": "all of src/other.ts"}),
        ("import { x } from 'pkg';\nexport { x };", {"x": "pkg x"}),
        ("import { none } from './other';\nexport { none };", {"none": "src/index.ts none"}),
        ("import type { a } from './other';\nexport { a };\nexport { gone };", {}),
        ("module.exports = { p: 1, ...q };", {"default": "src/index.ts `{ p: 1, ...q }`", "p": "src/index.ts `1`"}),
        ("module.exports = make();", {"default": "src/index.ts `make()`"}),
        ("exports.p = 1;\nmodule.exports.q = 2;\nother.r = 3;\nx = 4;", {"p": "src/index.ts `1`", "q": ("src/index.ts "
                                                                                                        "`2`")}),
    ],
)
def test_exports(tmp_path: Path, code: str, expected: dict[str, str]) -> None:
    small = of(tmp_path, code, **{"src/other.ts": OTHER, "src/open.ts": "export * from 'far';"})
    assert exported(small) == expected
    assert exported(small, "src/none.ts") == {}


def test_modules_that_export_each_other(tmp_path: Path) -> None:
    small = of(tmp_path, "export * from './a';\nexport const x = 1;", **{"src/a.ts": ("export * from './index';\n"
                                                                                      "export const y = 1;")})
    assert exported(small) == {"y": "src/a.ts y", "x": "src/index.ts x"}
    assert not small.graph.is_open("src/index.ts")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("export const a = 1;", False), ("export * from 'pkg';", True), ("export * from './a';", True),
         ("export type * from 'p';", False),
        ("export * as p from 'pkg';", False), ("const a = ;", True),
    ],
)
def test_open_modules(tmp_path: Path, code: str, expected: bool) -> None:
    assert of(tmp_path, code, **{"src/a.ts": "export * from 'b';"}).graph.is_open("src/index.ts") is expected


def test_names_of_a_python_module(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": PYTHON_TOML, "src/entry.py": "from db import *\nfrom js import *\nimport pkg\nv = 1\n",
        "src/db.py": "x = 1\n_hidden = 2\n", "src/pkg/__init__.py": "n = 1\n", "src/pkg/sub.py": "",
    }
    small = project(tmp_path, files)
    assert exported(small, "src/entry.py") == {"pkg": "src/entry.py pkg", "v": "src/entry.py v", "x": "src/db.py x"}
    assert small.graph.is_open("src/entry.py")
    found = small.graph.export("src/pkg/__init__.py", "sub")
    assert found is not None
    assert found[1] == Namespace("src/pkg/sub.py")
    assert small.graph.export("src/pkg/__init__.py", "gone") is None
    assert small.graph.export("src/db.py", "gone") is None


def kind(small: Project, name: str) -> str | None:
    file, node = klass(small, name)
    return small.graph.class_kind(node, file, small.evaluator)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import { DurableObject } from 'cloudflare:workers';\nclass K extends DurableObject {}", "durable-object"),
        ("import * as cf from 'cloudflare:workers';\nclass K extends cf.WorkflowEntrypoint {}", "workflow"),
        ("import { RpcTarget } from 'cloudflare:workers';\nclass B extends RpcTarget {}\nclass K extends B {}",
         "rpc-target"),
        ("import { Agent } from 'agents';\nclass K extends Agent {}", "durable-object"),
        ("import { McpAgent } from 'agents/mcp/more';\nclass K extends McpAgent {}", "durable-object"),
        ("import { DurableObject } from 'elsewhere';\nclass K extends DurableObject {}", None),
        ("class K extends K {}", None),
        ("class K {}", None),
    ],
)
def test_classes_of_the_platform(tmp_path: Path, code: str, expected: str | None) -> None:
    small = of(tmp_path, code)
    assert kind(small, "K") == expected
    assert kind(small, "K") == expected  # remembered


def test_a_class_that_a_config_binds(tmp_path: Path) -> None:
    config = f'{TOML}{D1}[[durable_objects.bindings]]\nname = "K"\nclass_name = "K"\n'
    small = project(tmp_path, {"wrangler.toml": config,
    "src/index.ts": "export class K {}\nexport class L {}\n" + FETCH})
    assert (kind(small, "K"), kind(small, "L")) == ("durable-object", None)


@pytest.mark.parametrize(
    ("code", "service", "browser"),
    [
        ("addEventListener('fetch', e => 1);", True, False),
        ("addEventListener('scheduled', e => 1);", True, False),
        ("addEventListener('error', e => 1);", False, False),
        ("addEventListener();", False, False),
        ("self.addEventListener('fetch', e => 1);", False, False),
        ("addEventListener('fetch', e => 1);\nself.skipWaiting();", False, True),
        ("self.addEventListener('install', e => 1);\naddEventListener('fetch', e => 1);", False, True),
        ("const a = 1;", False, False),
    ],
)
def test_service_workers(tmp_path: Path, code: str, service: bool, browser: bool) -> None:
    small = of(tmp_path, code)
    file = small.files["src/index.ts"]
    assert (small.graph.is_service_worker(file), is_browser_worker(file)) == (service, browser)


def test_what_a_service_worker_reaches_is_in_its_syntax(tmp_path: Path) -> None:
    code = "import { answer } from './answer';\naddEventListener('fetch', e => e.respondWith(answer()));"
    small = of(tmp_path, code, **{"src/answer.ts": "export const answer = () => KV.get('x');"})
    assert small.graph.is_service_worker(small.files["src/answer.ts"])


def test_what_is_pushed_into_an_array(tmp_path: Path) -> None:
    small = of(tmp_path, "const xs = [1];\nxs.push(2, ...more);\nxs.unshift(3);\n")
    file = small.files["src/index.ts"]
    (array,) = [node for node in tree.walk(file.module) if isinstance(node, tree.Array)]
    assert [(file.text(node), many) for node, many in small.graph.pushes(array, file)] == [("2", False), ("more",
    True), ("3", False)]
