"""Node's modules in an app: by date, flags, and what is installed to stand for what workerd lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host import node_compat, packages
from edgelint.testing.workerd_host.bundle import Bundle
from edgelint.testing.workerd_host.esbuild import BuildError
from edgelint.testing.workerd_host.evaluate import evaluate
from edgelint.testing.workerd_host.runtime import Program, Runtime
from tests.testing.workerd_host.bundling.conftest import Built, write

Ask = Callable[[Bundle], str]
SERVE = "export default { async fetch() { return new Response(String(X)); } };"
NODE = ["nodejs_compat"]
OLD = "2024-10-01"
"""A date from which Node is there, and at which workerd has few of its modules."""


def test_modules_and_globals_that_workerd_has(bundled: Built, answer: Ask) -> None:
    source = (
        "import { join } from 'path'; import { readFileSync } from 'node:fs'; import c from './c.cjs';"
        "const X = [join('a', 'b'), typeof readFileSync, typeof process, typeof Buffer, typeof global, c];"
    )
    required = "const { join } = require('path'); module.exports = join('c');"
    files = {"src/index.ts": source + SERVE, "src/c.cjs": required}
    bundle = bundled(files, compatibility_flags=NODE)
    assert answer(bundle) == "a/b,function,object,function,object,c"
    assert bundle.flags == ("nodejs_compat",)
    assert bundle.warnings == ()
    assert answer(bundled(files, compatibility_date="2026-10-01")) == "a/b,function,object,function,object,c"


def test_polyfills_of_the_projects_own_unenv(bundled: Built, answer: Ask, tmp_path: Path) -> None:
    source = (
        "import http from 'node:http'; import vm from 'vm'; import inherits from 'inherits';"
        "import c from './c.cjs';"
        "const X = [typeof http.request, typeof vm.runInContext, typeof inherits, typeof process.version, c,"
        " typeof performance.timerify];"
    )
    files = {"src/index.ts": source + SERVE, "src/c.cjs": "module.exports = [typeof require('inherits'),"
             " typeof require('http').request, typeof require('node-fetch')].join();"}  # fmt: skip
    config: dict[str, Any] = {"compatibility_date": OLD, "compatibility_flags": NODE}
    cache = tmp_path / "cache"
    bundle = bundled(files, unenv=True, cache=cache, **config)
    assert answer(bundle) == "function,function,function,string,function,function,function,function"
    assert bundle.warnings == ()
    (kept,) = cache.glob("node-*.json")
    for path in cache.glob("*.bundle"):
        path.unlink()
    assert bundled({}, unenv=True, cache=cache, **config).modules == bundle.modules  # asked once
    kept.write_text("nonsense")
    for path in cache.glob("*.bundle"):
        path.unlink()
    assert bundled({}, unenv=True, cache=cache, **config).modules == bundle.modules
    assert kept.read_text() != "nonsense"


def test_without_unenv_it_is_said_what_is_missing(bundled: Built) -> None:
    source = f"import http from 'node:http'; import path from 'node:path'; const X = typeof http + path.sep;{SERVE}"
    bundle = bundled({"src/index.ts": source}, compatibility_date=OLD, compatibility_flags=NODE)
    assert bundle.warnings == (
        (f"workerd has no module 'node:http' with compatibility_date {OLD}: no polyfill is installed: wrangler brings "
         "unenv, which has it (imported by src/index.ts)"),
    )


def test_an_unenv_that_cannot_be_asked(bundled: Built, root: Path) -> None:
    write(root, {
        "node_modules/unenv/package.json": '{"version": "1.0.0", "main": "i.js"}',
        "node_modules/unenv/i.js": "export const defineEnv = 1;",
        "node_modules/@cloudflare/unenv-preset/package.json": '{"version": "1.0.0"}',
        "node_modules/@cloudflare/unenv-preset/index.js": "export const cloudflare = {};",
    })  # fmt: skip
    bundle = bundled({"src/index.ts": f"import 'node:fs'; const X = 1;{SERVE}"}, compatibility_flags=NODE)
    (warning,) = bundle.warnings
    assert warning.startswith("Node's modules are not polyfilled, unenv could not be asked: workerd")
    assert "defineEnv is not a function" in warning


def test_an_older_preset_that_is_a_value(bundled: Built, answer: Ask, root: Path) -> None:
    write(root, {
        "node_modules/unenv/package.json": '{"version": "1", "type": "module", "exports": {".": {"import": "./i.js"}}}',
        "node_modules/unenv/i.js": "export const defineEnv = ({ presets }) => ({ env: presets[0] });",
        "node_modules/@cloudflare/unenv-preset/package.json":
            '{"version": "1.0.0", "exports": {".": "./index.js", "./node/*": "./polyfill/*.js"}}',
        "node_modules/@cloudflare/unenv-preset/index.js":
            "export const cloudflare = { alias: { http: '@cloudflare/unenv-preset/node/http', gone: 'not/installed',"
            " fs: 'fs', w: 'cloudflare:workers' }, inject: { made: '@cloudflare/unenv-preset/node/made',"
            " other: ['@cloudflare/unenv-preset/node/made', 'named'] }, external: ['fs', 'cloudflare:workers'],"
            " polyfill: ['@cloudflare/unenv-preset/node/first', 'not/installed'] };",
        "node_modules/@cloudflare/unenv-preset/polyfill/http.js": "export default 'polyfilled';",
        "node_modules/@cloudflare/unenv-preset/polyfill/made.js": "export default 'injected'; export let named = 'n';",
        "node_modules/@cloudflare/unenv-preset/polyfill/first.js": "globalThis.first = 'first';",
    })  # fmt: skip
    source = "import http from 'http'; import fs from 'fs'; import { DurableObject } from 'w';"
    source += "const X = [http, typeof fs.readFileSync, typeof DurableObject, made, other, first];"
    bundle = bundled({"src/index.ts": source + SERVE}, compatibility_flags=NODE)
    assert answer(bundle) == "polyfilled,function,function,injected,n,first"
    assert bundle.warnings == ()


def test_node_without_the_flag(bundled: Built) -> None:
    with pytest.raises(BuildError) as raised:
        bundled({"src/index.ts": f"import {{ join }} from 'path'; const X = join('a');{SERVE}"})
    assert '"path" is a module of Node, and no package of that name is installed.' in str(raised.value)
    assert 'Add "nodejs_compat" to compatibility_flags.' in str(raised.value)
    bundle = bundled({"src/index.ts": f"import {{ join }} from 'node:path'; const X = join('a');{SERVE}"})
    assert bundle.warnings == (
        ("workerd has no module 'node:path' with compatibility_date 2026-06-01: add \"nodejs_compat\" to "
         "compatibility_flags (imported by src/index.ts)"),
    )


def test_a_package_of_the_name_of_a_module_of_node(bundled: Built, answer: Ask) -> None:
    bundle = bundled({
        "src/index.ts": f"import events from 'events'; const X = events;{SERVE}",
        "node_modules/events/package.json": "{}", "node_modules/events/index.js": "module.exports = 'the package';",
    })  # fmt: skip
    assert answer(bundle) == "the package"


def test_only_modules_with_a_prefix(bundled: Built, answer: Ask) -> None:
    config: dict[str, Any] = {"compatibility_date": "2024-01-01", "compatibility_flags": NODE}
    source = f"import {{ Buffer }} from 'node:buffer'; const X = typeof Buffer;{SERVE}"
    bundle = bundled({"src/index.ts": source}, **config)
    assert answer(bundle) == "function"
    assert bundle.warnings == ()
    with pytest.raises(BuildError, match='Write "node:path", or set compatibility_date to 2024-09-23 or later'):
        bundled({"src/index.ts": f"import path from 'path'; const X = path;{SERVE}"}, **config)


def test_async_local_storage_alone(bundled: Built, answer: Ask) -> None:
    source = "import { AsyncLocalStorage } from 'node:async_hooks'; const X = new AsyncLocalStorage().run(7, () => 7);"
    bundle = bundled({"src/index.ts": source + SERVE}, compatibility_flags=["nodejs_als"])
    assert answer(bundle) == "7"
    assert bundle.warnings == ()


def test_in_a_script_it_is_refused(bundled: Built) -> None:
    with pytest.raises(BuildError, match='imports "path" and has no default export'):
        bundled({"src/index.ts": "import p from 'path'; addEventListener('fetch', () => p);"}, compatibility_flags=NODE)


def test_files_of_packages(tmp_path: Path) -> None:
    write(tmp_path, {
        "node_modules/a/package.json": '{"main": "lib/main"}', "node_modules/a/lib/main.js": "",
        "node_modules/a/sub/index.js": "", "node_modules/@o/b/package.json":
            '{"exports": {"./x/*.js": {"types": "./t.d.ts", "default": "./y/*.mjs"}, "./none": "./gone.js"}}',
        "node_modules/@o/b/y/z.mjs": "", "node_modules/c/package.json": "{}", "node_modules/c/index.js": "",
    })  # fmt: skip
    modules = tmp_path / "node_modules"
    names = ("a", "a/sub", "@o/b/x/z.js", "@o/b/none", "@o/b", "c", "d")
    found = {name: node_compat._file(name, tmp_path) for name in names}
    assert {name: path and Path(path).relative_to(modules).as_posix() for name, path in found.items()} == {
        "a": "a/lib/main.js", "a/sub": "a/sub/index.js", "@o/b/x/z.js": "@o/b/y/z.mjs", "@o/b/none": None, "@o/b": None,
        "c": "c/index.js", "d": None,
    }  # fmt: skip


def test_whose_unenv_counts(runtime: Runtime, tmp_path: Path) -> None:
    for name in ("unenv", "@cloudflare/unenv-preset", "wrangler", "wrangler/node_modules/unenv"):
        write(tmp_path, {f"node_modules/{name}/package.json": '{"version": "1.0.0"}'})
    found = node_compat._packages(replace(runtime, root=tmp_path))
    assert found is not None
    owner, unenv, _ = found
    assert (owner.name, unenv.parent.parent.name) == ("wrangler", "wrangler")
    assert packages.version(unenv) == "1.0.0"


def test_a_script_is_evaluated(runtime: Runtime, tmp_path: Path) -> None:
    script = b"export default { test() { console.log('x'); console.log('edgelint:[1, \"\\u00e9\"]'); } };"
    assert evaluate(runtime.workerd, script, "2026-01-01", ()) == [1, "é"]
    with pytest.raises(EdgeUsageError, match=r"did not run a script: (?s:.*)Error: boom"):
        evaluate(runtime.workerd, b"export default { test() { throw new Error('boom'); } };", "2026-01-01", ())
    with pytest.raises(EdgeUsageError, match="absent does not run: No such file"):
        evaluate(Program(tmp_path / "absent", "1"), b"", "2026-01-01", ())


def test_a_script_that_does_not_end(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgelint.testing.workerd_host.evaluate._SECONDS", 0.3)
    with pytest.raises(EdgeUsageError, match=r"did not end within 0\.3 s"):
        evaluate(runtime.workerd, b"for (;;) {}", "2026-01-01", ())


def test_what_cannot_be_asked_is_not_warned_of(runtime: Runtime, tmp_path: Path) -> None:
    compat = node_compat.NodeCompat(None, None, False, {"node:x": {"", str(tmp_path.parent / "o.js")}})
    broken = replace(runtime, workerd=Program(tmp_path / "absent", "1"))
    assert node_compat.warnings_of(compat, broken, "2026-01-01", (), tmp_path) == []
    (warning,) = node_compat.warnings_of(compat, runtime, "2026-01-01", (), tmp_path)
    assert warning.endswith(f"(imported by {tmp_path.parent}/o.js, the bundle)")
