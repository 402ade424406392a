"""Apps as wrangler would upload them. Each way was held beside ``wrangler deploy --dry-run --outdir`` of 4.86.0."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgelint.testing import config as configs
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host.build import build
from edgelint.testing.workerd_host.bundle import Bundle, Module
from edgelint.testing.workerd_host.esbuild import BuildError
from edgelint.testing.workerd_host.runtime import Program, Runtime
from edgelint.testing.workerd_host.source_maps import frames, mapped_stack
from tests.testing.workerd_host.bundling.conftest import Built, write

Ask = Callable[[Bundle], str]
SERVE = "export default { async fetch() { return new Response(String(X)); } };"
WASM = bytes.fromhex("0061736d01000000")


def test_typescript(bundled: Built, answer: Ask, root: Path) -> None:
    bundle = bundled({
        "src/index.ts": "import { twice } from './lib/twice'; import type { T } from './types';\n"
                        f"export class Room {{}}\nenum E {{ A = 'a' }}\nconst X: T = twice(E.A);\n{SERVE}",
        "src/lib/twice.ts": "export const twice = (s: string): string => s + s;",
        "src/types.ts": "export type T = string;",
    })  # fmt: skip
    assert answer(bundle) == "aa"
    assert [(module.name, module.kind) for module in bundle.modules] == [("index.js", "esModule")]
    assert (bundle.exports, bundle.service_worker) == (("Room", "default"), False)
    assert bundle.sources == (root / "src/lib/twice.ts", root / "src/index.ts")
    assert (bundle.date, bundle.flags, bundle.warnings) == ("2026-06-01", (), ())


def test_a_stack_in_the_apps_own_places(bundled: Built) -> None:
    source = "interface A {\n  a: number;\n}\n\nexport default {\n  fetch(a: A) { throw new Error(String(a)); },\n};\n"
    bundle = bundled({"src/index.ts": source})
    lines = bundle.modules[0].content.decode().splitlines()
    row = next(index for index, line in enumerate(lines, 1) if "throw new Error" in line)
    column = lines[row - 1].index("new Error") + 1
    stack = f"Error: x\n    at Object.fetch (index.js:{row}:{column})\n    at edgelint/entry.js:1:1"
    assert mapped_stack(stack, bundle.maps) == "Error: x\n    at Object.fetch (src/index.ts:6:23)"
    (frame,) = frames(stack, bundle.maps)
    assert (frame.file, frame.text) == (Path("src/index.ts"), "  fetch(a: A) { throw new Error(String(a)); },")


def test_every_place_of_a_real_map_leads_to_the_same_text(bundled: Built, root: Path) -> None:
    names = [f"value{index}" for index in range(30)]
    source = "".join(f"/* {'é𝄞' * (index % 3)} */ export const {name}: number = {index};\n"
                     for index, name in enumerate(names)) + f"const X = [{', '.join(names)}];\n{SERVE}"  # fmt: skip
    bundle = bundled({"src/index.ts": source})
    found = bundle.maps["index.js"]
    originals = source.splitlines()
    seen = set()
    for row, line in enumerate(bundle.modules[0].content.decode().splitlines(), 1):
        for name in names:
            at = line.find(f"{name} =")
            position = found.original(row, at + 1) if at >= 0 else None
            if position is not None:
                assert found.path(position.source) == "src/index.ts"
                before = originals[position.line - 1].encode("utf-16-le")[2 * (position.column - 1) :]
                assert before.decode("utf-16-le").startswith(name)
                seen.add(name)
    assert seen == set(names)


def test_module_rules(bundled: Built, answer: Ask) -> None:
    bundle = bundled(
        {
            "src/index.ts": "import a from './a.md'; import b from '../keys/b.pem'; import c from './c.html';"
                            "import d from './q.sql'; import e from './m.wasm'; import f from './m.wasm?module';"
                            "import g from './n.bin';"
                            "const X = [a, new TextDecoder().decode(b), c, d, e instanceof WebAssembly.Module,"
                            " f instanceof WebAssembly.Module, g.byteLength];" + SERVE,
            "src/a.md": "# a", "keys/b.pem": "PEM", "src/c.html": "<p>", "src/q.sql": "SELECT 1", "src/m.wasm": WASM,
            "src/n.bin": b"\0\1\2",
        },
        rules=[{"type": "Text", "globs": ["**/*.md"], "fallthrough": True}, {"type": "Data", "globs": ["**/*.pem"],
               "fallthrough": True}],
    )  # fmt: skip
    assert answer(bundle) == "# a,PEM,<p>,SELECT 1,true,true,3"
    assert {module.name.partition("-")[2]: module.kind for module in bundle.modules[1:]} == {
        "a.md": "text", "b.pem": "data", "c.html": "text", "q.sql": "text", "m.wasm": "wasm", "n.bin": "data",
    }  # fmt: skip


def test_a_module_of_a_package_and_one_by_an_alias_of_tsconfig(bundled: Built, answer: Ask) -> None:
    bundle = bundled(
        {
            "src/index.ts": "import w from 'p/m.wasm'; import t from '@/t.txt'; import a from '@/a';"
                            "const X = [w instanceof WebAssembly.Module, t, a];" + SERVE,
            "node_modules/p/package.json": json.dumps({"name": "p", "exports": {"./m.wasm": "./deep/m.wasm"}}),
            "node_modules/p/deep/m.wasm": WASM,
            "src/t.txt": "T", "src/a.ts": "export default 'A';",
            "tsconfig.app.json": '{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}',
        },
        tsconfig="tsconfig.app.json",
    )  # fmt: skip
    assert answer(bundle) == "true,T,A"


def test_names_of_files_may_be_kept(bundled: Built, answer: Ask) -> None:
    files = {"src/index.ts": f"import X from './texts/a.txt';{SERVE}", "src/texts/a.txt": "hi"}
    bundle = bundled(files, preserve_file_names=True)
    assert bundle.modules[1] == Module("texts/a.txt", "text", b"hi")
    assert answer(bundle) == "hi"


def test_a_rule_that_is_hidden(bundled: Built) -> None:
    files = {"src/index.ts": f"import X from './c.html';{SERVE}", "src/c.html": "<p>"}
    with pytest.raises(BuildError) as raised:
        bundled(files, rules=[{"type": "Text", "globs": ["**/*.md"]}])
    assert 'an earlier rule of its type has no fallthrough' in str(raised.value)
    assert "src/index.ts:1:14:" in str(raised.value)


def test_a_module_that_is_not_there_is_told_by_esbuild(bundled: Built) -> None:
    with pytest.raises(BuildError, match=r'Could not resolve "./gone.txt"'):
        bundled({"src/index.ts": f"import X from './gone.txt';{SERVE}"})


def test_an_import_as_wrangler_1_had_it(bundled: Built, answer: Ask) -> None:
    files = {"src/index.ts": f"import t from 'a.txt'; import o from './other.js'; const X = t + o;{SERVE}",
             "src/a.txt": "hi", "src/other.js": "export default '!'"}  # fmt: skip
    bundle = bundled(files)
    assert answer(bundle) == "hi!"
    assert bundle.warnings == ('"a.txt" is imported as a package and taken as "./a.txt": write that',)


def test_other_imports_by_the_name_of_a_file_beside_the_main_one(bundled: Built) -> None:
    with pytest.raises(BuildError, match=r'Could not resolve "b\.png"'):
        bundled({"src/index.ts": f"import X from 'b.png';{SERVE}", "src/b.png": ""})
    with pytest.raises(BuildError, match=r'Could not resolve "a\.txt"'):
        bundled({"src/index.ts": f"const X = await import('a.txt');{SERVE}", "src/a.txt": ""})


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a file that cannot be read")
def test_a_module_that_cannot_be_read(bundled: Built, root: Path) -> None:
    write(root, {"src/a.txt": ""})
    (root / "src/a.txt").chmod(0)
    with pytest.raises(BuildError, match=r"a\.txt: Permission denied"):
        bundled({"src/index.ts": f"import X from './a.txt';{SERVE}"})


def test_a_folder_in_place_of_a_module(bundled: Built) -> None:
    with pytest.raises(BuildError, match=r"a\.txt"):
        bundled({"src/index.ts": f"import X from './a.txt';{SERVE}", "src/a.txt/x": ""})


def test_jsx_as_the_config_has_it(bundled: Built, answer: Ask) -> None:
    source = "const h = (...all) => all.filter(Boolean).join('-'), F = 'f'; const X = <><a/></>;" + SERVE
    bundle = bundled({"src/index.js": source}, main="src/index.js", jsx_factory="h", jsx_fragment="F")
    assert answer(bundle) == "f-a"


def test_jsx_as_tsconfig_has_it(bundled: Built, answer: Ask) -> None:
    bundle = bundled(
        {
            "src/index.tsx": f"const X = <div>text</div>;{SERVE}",
            "tsconfig.json": '{"compilerOptions": {"jsx": "react-jsx", "jsxImportSource": "tiny"}}',
            "node_modules/tiny/package.json": '{"name": "tiny"}',
            "node_modules/tiny/jsx-runtime.js": "export const jsx = (tag, props) => tag + ':' + props.children;",
        },
        main="src/index.tsx",
    )
    assert answer(bundle) == "div:text"
    assert [path.name for path in bundle.sources] == ["index.tsx"]  # what is in node_modules is not the app's own


def test_define_and_alias(bundled: Built, answer: Ask) -> None:
    bundle = bundled(
        {
            "src/index.ts": "import a from 'a'; import b from 'b'; import { DurableObject as c } from 'c';"
                            "const X = [a, b, typeof c, VERSION, process.env.NODE_ENV, navigator.userAgent];" + SERVE,
            "mocks/a.ts": "import real from 'real'; export default 'mock of ' + real;",
            "node_modules/real/package.json": '{"name": "real"}',
            "node_modules/real/index.js": "module.exports = 'real';",
        },
        alias={"a": "./mocks/a.ts", "b": "real", "c": "cloudflare:workers"}, define={"VERSION": '"1.2"'},
    )  # fmt: skip
    assert answer(bundle) == "mock of real,real,function,1.2,production,Cloudflare-Workers"


def test_an_alias_that_leads_nowhere(bundled: Built) -> None:
    with pytest.raises(BuildError, match=r'Could not resolve "\./gone"'):
        bundled({"src/index.ts": f"import X from 'a';{SERVE}"}, alias={"a": "./gone"})


def test_the_environment_has_a_say(bundled: Built, answer: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "src/index.ts": f"import p from 'p'; const X = [p, process.env.NODE_ENV];{SERVE}",
        "node_modules/p/package.json": '{"exports": {"special": "./s.js", "workerd": "./w.js", "node": "./n.js"}}',
        "node_modules/p/s.js": "export default 's'", "node_modules/p/w.js": "export default 'w'",
        "node_modules/p/n.js": "export default 'n'",
    }  # fmt: skip
    assert answer(bundled(files)) == "w,production"
    monkeypatch.setenv("NODE_ENV", "test")
    monkeypatch.setenv("WRANGLER_BUILD_CONDITIONS", "special")
    assert answer(bundled(files)) == "s,test"
    monkeypatch.setenv("WRANGLER_BUILD_CONDITIONS", "none")
    monkeypatch.setenv("WRANGLER_BUILD_PLATFORM", "node")
    assert answer(bundled(files)) == "n,test"


def test_names_of_functions_are_kept_unless_the_config_says_no(bundled: Built, answer: Ask) -> None:
    files = {"src/index.ts": f"const f = (() => () => 1)(); function g() {{ return f.name; }} const X = g.name;{SERVE}"}
    assert "__name" in bundled(files).modules[0].content.decode()
    assert "__name" not in bundled(files, keep_names=False).modules[0].content.decode()


def test_minify_is_not_applied(bundled: Built) -> None:
    bundle = bundled({"src/index.ts": f"const longName = 1; const X = longName;{SERVE}"}, minify=True)
    assert "longName" in bundle.modules[0].content.decode()
    assert bundle.warnings == ("minify is not applied in tests: names and lines stay readable",)


def test_exports_from_another_file(bundled: Built, answer: Ask) -> None:
    bundle = bundled({
        "src/index.ts": "export { default, Room } from './app'; export * from './more';",
        "src/app.ts": f"export class Room {{}}; const X = 1;{SERVE}", "src/more.ts": "export class Other {}",
    })  # fmt: skip
    assert bundle.exports == ("Other", "Room", "default")
    assert answer(bundle) == "1"


def test_a_script(bundled: Built, answer: Ask) -> None:
    source = """import t from './a.txt'; import w from './m.wasm';
        undeclared = 'sloppy';
        addEventListener('fetch', (event) => {
          event.waitUntil(Promise.resolve());
          const wasm = w instanceof WebAssembly.Module;
          const all = [t, wasm, undeclared, event.type, event.request.url];
          event.respondWith(Promise.resolve(new Response(all.join())));
          try { event.respondWith(1); } catch (error) { console.log(error.message); }
        });
        addEventListener('fetch', () => { throw new Error('one has answered'); });"""
    files = {"src/index.js": source, "src/a.txt": "hi", "src/m.wasm": WASM}
    bundle = bundled(files, main="src/index.js")
    assert answer(bundle) == "hi,true,sloppy,fetch,http://app/"
    assert (bundle.service_worker, bundle.exports) == (True, ("default",))
    main, script, *further = bundle.modules
    assert (main.name, script.name, script.kind) == ("index.js", "script/index.js", "commonJsModule")
    assert {module.kind for module in further} == {"text", "wasm", "esModule"}
    row = script.content.decode().splitlines().index('  undeclared = "sloppy";') + 1
    assert mapped_stack(f"    at script/index.js:{row}:3", bundle.maps) == "    at src/index.js:2:9"
    assert answer(bundled({}, main="src/index.js", preserve_file_names=True)) == "hi,true,sloppy,fetch,http://app/"


def test_which_events_a_script_handles(bundled: Built, answer: Ask) -> None:
    source = """const seen = [];
        const gone = () => seen.push('gone');
        const note = (event) => seen.push(event.type, event.cron ?? event.queue ?? event.message ?? event.traces);
        addEventListener('scheduled', { handleEvent: note });
        for (const kind of ['queue', 'email', 'tail', 'trace']) addEventListener(kind, note);
        addEventListener('queue', (event) => { event.ackAll(); event.retryAll({ delaySeconds: 3 }); });
        addEventListener('scheduled', (event) => event.noRetry());
        addEventListener('queue', gone); removeEventListener('queue', gone); removeEventListener('queue', gone);
        addEventListener('queue', null); addEventListener('error', gone); removeEventListener('error', gone);
        globalThis.seen = seen;
        addEventListener('fetch', (event) => {
          event.passThroughOnException();
          setTimeout(() => {
            try { event.respondWith(1); } catch (error) { seen.push(error.message); }
          });
        });"""
    asked = """const ctx = { waitUntil() {}, passThroughOnException() { seen.push('through'); } };
        export default { async fetch(request, env) {
          globalThis.fetch = async () => new Response('the origin');
          seen.push(Object.keys(app).join('+'));
          await app.scheduled({ cron: '* *', scheduledTime: 1, noRetry: () => seen.push('noRetry') }, env, ctx);
          const batch = { queue: 'q', messages: [], ackAll: () => seen.push('ack'),
                          retryAll: ({ delaySeconds }) => seen.push(delaySeconds) };
          await app.queue(batch, { BOUND: 1 }, ctx);
          await app.email('mail', env, ctx); await app.tail('t1', env, ctx); await app.trace('t2', env, ctx);
          seen.push(await (await app.fetch(request, env, ctx)).text());
          await scheduler.wait(10);
          return Response.json([...seen, BOUND]);
        } };"""
    bundle = bundled({"src/index.js": source}, main="src/index.js")
    caller = Module("caller.js", "esModule", f"import app from 'index.js';\n{asked}".encode())
    found = json.loads(answer(replace(bundle, modules=(caller, *bundle.modules))))
    assert found == [
        "fetch+scheduled+queue+email+tail+trace", "scheduled", "* *", "noRetry", "queue", "q", "ack", 3, "email",
        "mail", "tail", "t1", "trace", "t2", "through", "the origin",
        "Too late to call FetchEvent.respondWith(). It must be called synchronously in the event handler.", 1,
    ]  # fmt: skip


@pytest.mark.parametrize("listens", ["addEventListener", "self.addEventListener", "globalThis.addEventListener"])
def test_listeners_and_exports_without_a_default_are_a_script(listens: str, bundled: Built) -> None:
    bundle = bundled({"src/index.ts": f"export class Room {{}}; {listens}('fetch', () => 1);"})
    assert bundle.service_worker
    assert bundle.warnings == (
        "src/index.ts exports Room and no default: it is taken for a script (addEventListener), as wrangler takes it",
    )


def test_exports_without_a_default_are_a_module(bundled: Built) -> None:
    source = "export class Room {}; const addEventListener = (x: string) => x; addEventListener('a');"
    bundle = bundled({"src/index.ts": source})
    assert (bundle.service_worker, bundle.exports, bundle.warnings) == (False, ("Room",), ())


@pytest.mark.parametrize("name", ["cloudflare:workers", "node:fs"])
def test_a_script_cannot_import(name: str, bundled: Built) -> None:
    with pytest.raises(BuildError, match=f'index.ts imports "{name}" and has no default export'):
        bundled({"src/index.ts": f"import * as x from '{name}'; addEventListener('fetch', () => x);"})


def test_a_script_cannot_have_further_modules(bundled: Built) -> None:
    with pytest.raises(BuildError, match=r"find_additional_modules needs an ES module, and index.ts"):
        bundled({"src/index.ts": "addEventListener('fetch', () => 1);"}, find_additional_modules=True)


def test_further_modules(bundled: Built, answer: Ask, root: Path) -> None:
    bundle = bundled(
        {
            "src/index.ts": "import en from './lang/en.js'; import o from './other.js'; import t from './t.txt';"
                            "const X = [en, o, t, (await import(['./lang', 'de.js'].join('/'))).default];" + SERVE,
            "src/lang/en.js": "export default 'en'", "src/lang/de.js": "export default 'de'",
            "src/other.js": "export default 'o'", "src/t.txt": "t",
        },
        find_additional_modules=True, rules=[{"type": "ESModule", "globs": ["lang/**/*.js"]}],
    )  # fmt: skip
    assert answer(bundle) == "en,o,t,de"
    assert [module.name for module in bundle.modules] == ["index.js", "lang/de.js", "lang/en.js", "t.txt"]
    stack = "    at f (lang/de.js:1:1)"
    assert mapped_stack(stack, bundle.maps) == "    at f (src/lang/de.js:1:1)"


def test_further_modules_from_another_folder(bundled: Built, answer: Ask) -> None:
    bundle = bundled(
        {"src/index.ts": "const X = (await import(['./data', 'a.js'].join('/'))).default;" + SERVE,
         "data/a.js": "export default 'data'"},
        find_additional_modules=True, base_dir=".", rules=[{"type": "ESModule", "globs": ["data/*.js"]}],
    )  # fmt: skip
    assert answer(bundle) == "data"


def test_what_is_not_apart_is_bundled(bundled: Built, answer: Ask) -> None:
    bundle = bundled(
        {"src/index.ts": f"import a from '../lib/a.js'; import b from '../lib/b.txt'; const X = a + b;{SERVE}",
         "lib/a.js": "export default 'a'", "lib/b.txt": "b", "src/lib/c.js": "export default 'c'"},
        find_additional_modules=True, rules=[{"type": "ESModule", "globs": ["**/*.js"]}],
    )  # fmt: skip
    assert answer(bundle) == "ab"
    assert [module.kind for module in bundle.modules] == ["esModule", "text", "esModule"]


def test_a_rule_and_an_alias_for_one_name(bundled: Built, answer: Ask) -> None:
    files = {"src/index.ts": f"import a from './a.txt'; const X = a;{SERVE}", "src/a.txt": "a", "src/b.ts":
             "import b from './b.txt'; export default 'mock ' + b", "src/b.txt": "b"}  # fmt: skip
    assert answer(bundled(files, alias={"./a.txt": "./src/b.ts"})) == "mock b"
    assert answer(bundled({}, alias={"./a.txt": "./src/b.txt", "./c.txt": "./src/b.txt"})) == "b"


def test_no_bundle(bundled: Built, answer: Ask, root: Path) -> None:
    files = {"src/index.js": f"import b from './b.js'; import t from './a.txt'; const X = b + t;{SERVE}",
             "src/b.js": "export default 'b'", "src/a.txt": "t"}  # fmt: skip
    bundle = bundled(files, main="src/index.js", no_bundle=True, rules=[{"type": "ESModule", "globs": ["**/*.js"]}])
    assert answer(bundle) == "bt"
    assert bundle.modules[0].content == (root / "src/index.js").read_bytes()
    assert bundle.exports == ("default",)
    assert bundle.sources == (root / "src/index.js", root / "src/b.js")
    assert mapped_stack("    at f (index.js:1:5)", bundle.maps) == "    at f (src/index.js:1:5)"
    alone = bundled(files, main="src/index.js", no_bundle=True, find_additional_modules=False)
    assert [module.name for module in alone.modules] == ["index.js"]


def test_a_module_of_the_name_of_another_does_not_take_its_place(bundled: Built) -> None:
    files = {"src/index.ts": f"const X = 'main';{SERVE}", "src/index.js": "export default 'other'"}
    bundle = bundled(files, find_additional_modules=True, rules=[{"type": "ESModule", "globs": ["**/*.js"]}])
    (module,) = bundle.modules
    assert b"'other'" not in module.content


def test_workers_sites_has_an_empty_manifest(bundled: Built, answer: Ask) -> None:
    bundle = bundled(
        {"src/index.ts": f"import m from '__STATIC_CONTENT_MANIFEST'; const X = m;{SERVE}"}, site={"bucket": "./public"}
    )
    assert answer(bundle) == "{}"
    assert bundle.warnings == ("Workers Sites ('site') is not supported: its manifest is empty",)


def test_a_build_command_makes_the_app(bundled: Built, answer: Ask) -> None:
    files = {"src/index.js": f"const X = 'built';{SERVE}"}
    command = {"command": "mkdir -p dist && cp src/index.js dist/main.js"}
    bundle = bundled(files, main="dist/main.js", build=command)
    assert answer(bundle) == "built"
    assert bundle.modules[0].name == "main.js"


def test_what_esbuild_says_is_what_is_said(bundled: Built) -> None:
    with pytest.raises(BuildError) as raised:
        bundled({"src/index.ts": f"import a from 'nope';\nimport b from './gone';\nconst X = a + b;{SERVE}"})
    text = str(raised.value)
    assert text.count("[ERROR]") == 2
    assert 'Could not resolve "nope"' in text
    assert "src/index.ts:1:14:" in text
    assert 'Install the package, or give it a replacement with "alias" in the wrangler config.' in text
    assert "mark" not in text
    with pytest.raises(BuildError, match=r"src/index.ts:1:10:"):
        bundled({"src/index.ts": "const X = ;"})


def test_an_app_that_another_tool_builds(bundled: Built, root: Path) -> None:
    files = {"src/index.ts": f"import X from 'virtual:app';{SERVE}"}
    with pytest.raises(BuildError, match=r"If a tool such as Vite .*\(edge_config = dist/<worker>/wrangler.json\)"):
        bundled(files)
    redirect = {".wrangler/deploy/config.json": '{"configPath": "../../build/server/wrangler.json"}'}
    with pytest.raises(BuildError, match=r"\(edge_config = build/server/wrangler.json\)"):
        bundled({**files, **redirect})
    with pytest.raises(BuildError, match=r"\(edge_config = dist/<worker>/wrangler.json\)"):
        bundled({"src/index.ts": f"import X from 'gone';{SERVE}", ".wrangler/deploy/config.json": "[]"})


def test_the_config_that_another_tool_wrote(root: Path, runtime: Runtime) -> None:
    written = {"name": "a", "main": "index.js", "no_bundle": True, "userConfigPath": str(root / "wrangler.json"),
               "rules": [{"type": "ESModule", "globs": ["**/*.js"]}]}  # fmt: skip
    write(root, {
        "dist/server/wrangler.json": json.dumps(written),
        "dist/server/index.js": "import app from './assets/app.js';\nexport default app;",
        "dist/server/assets/app.js": f"const X = 1;{SERVE}\n//# sourceMappingURL=app.js.map",
        "dist/server/assets/app.js.map":
            '{"version": 3, "sources": ["../../../app/main.ts"], "names": [], "mappings": "AAEA"}',
    })  # fmt: skip
    bundle = build(configs.read(root / "dist/server/wrangler.json"), runtime)
    assert mapped_stack("    at f (assets/app.js:1:1)", bundle.maps) == "    at f (app/main.ts:3:1)"
    assert mapped_stack("    at f (index.js:2:1)", bundle.maps) == "    at f (dist/server/index.js:2:1)"


def test_warnings_of_esbuild(bundled: Built) -> None:
    bundle = bundled({"src/index.ts": f"const X = typeof SERVE === 'nope';{SERVE}"})
    assert len(bundle.warnings) == 1
    assert "src/index.ts:1:" in bundle.warnings[0]


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({"durable_objects": {"bindings": [{"name": "ROOM", "class_name": "Room"}]}}, "Durable Object class Room"),
        ({"workflows": [{"name": "w", "binding": "FLOW", "class_name": "Flow"}]}, "Workflow class Flow"),
    ],
)
def test_a_class_that_is_bound_and_not_exported(config: dict[str, Any], what: str, bundled: Built) -> None:
    with pytest.raises(EdgeUsageError, match=f"{what}, which src/index.ts does not export .it exports: Other."):
        bundled({"src/index.ts": f"export class Other {{}} const X = 1;{SERVE}"}, **config)
    with pytest.raises(EdgeUsageError, match=rf"{what}, and src/index.ts has no default export"):
        bundled({"src/index.ts": "addEventListener('fetch', () => 1);"}, **config)
    for binding in config.get("workflows") or config["durable_objects"]["bindings"]:
        binding["script_name"] = "another"
    assert bundled({"src/index.ts": f"const X = 1;{SERVE}"}, **config).exports == ("default",)


def test_a_date_that_is_too_new(bundled: Built, answer: Ask) -> None:
    bundle = bundled({"src/index.ts": f"const X = 1;{SERVE}"}, compatibility_date="2099-01-01")
    assert bundle.date < "2099"
    assert "compatibility_date 2099-01-01 is later than workerd" in bundle.warnings[0]
    assert answer(bundle) == "1"


def test_what_is_not_there(bundled: Built, root: Path, runtime: Runtime) -> None:
    write(root, {"wrangler.json": '{"name": "app"}'})
    with pytest.raises(EdgeUsageError, match="worker 'app' has no 'main'"):
        build(configs.read(root / "wrangler.json"), runtime)
    with pytest.raises(EdgeUsageError, match=r"'main' is not there: .*src/index.ts \(if the project's build makes it"):
        bundled({})
    write(root, {"src/index.ts": f"const X = 1;{SERVE}"})
    without = replace(runtime, esbuild=None, root=root)
    with pytest.raises(EdgeUsageError, match="esbuild is not installed"):
        build(configs.read(root / "wrangler.json"), without)


def test_a_bundle_is_kept(bundled: Built, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"src/index.ts": f"import t from './a.txt'; import b from './b'; const X = t + b;{SERVE}", "src/a.txt": "t",
             "src/b.ts": "export default 'b'; export const c = typeof b === 'nope';"}  # fmt: skip
    cache = tmp_path / "cache"
    first = bundled(files, cache=cache, minify=True)

    def no_more(*_: object) -> None:
        raise AssertionError("esbuild was started")

    with monkeypatch.context() as patch:
        patch.setattr("edgelint.testing.workerd_host.build.Esbuild", no_more)
        assert bundled({}, cache=cache, minify=True) == first
        with pytest.raises(AssertionError, match="esbuild was started"):
            bundled({"src/a.txt": "other"}, cache=cache, minify=True)
    second = bundled({}, cache=cache, minify=True)
    assert second.modules[1].content == b"other"
    with monkeypatch.context() as patch:
        patch.setattr("edgelint.testing.workerd_host.build.Esbuild", no_more)
        for config in ({"define": {"A": "1"}}, {"keep_names": False}, {"compatibility_date": "2026-05-01"}):
            with pytest.raises(AssertionError, match="esbuild was started"):
                bundled({}, cache=cache, minify=True, **config)


def test_a_kept_bundle_and_further_modules(bundled: Built, tmp_path: Path) -> None:
    config = {"find_additional_modules": True, "rules": [{"type": "ESModule", "globs": ["lang/*.js"]}]}
    files = {"src/index.ts": f"const X = 1;{SERVE}", "src/lang/a.js": "export default 1"}
    bundled(files, cache=tmp_path / "cache", **config)
    again = bundled({"src/lang/b.js": "export default 2"}, cache=tmp_path / "cache", **config)
    assert [module.name for module in again.modules] == ["index.js", "lang/a.js", "lang/b.js"]
    changed = bundled({"src/lang/b.js": "export default 3"}, cache=tmp_path / "cache", **config)
    assert changed.modules[2].content == b"export default 3"


def test_a_bundle_may_be_transformed(bundled: Built, tmp_path: Path) -> None:
    def mark(bundle: Bundle) -> Bundle:
        return replace(bundle, warnings=("marked",))

    files = {"src/index.ts": f"const X = 1;{SERVE}"}
    assert bundled(files, cache=tmp_path / "cache", transform=mark).warnings == ("marked",)
    assert bundled({}, cache=tmp_path / "cache").warnings == ()


def test_older_versions_of_esbuild_get_the_flags_that_they_know(root: Path, runtime: Runtime) -> None:
    from edgelint.testing.workerd_host.build import _Plan
    from edgelint.testing.workerd_host.compatibility import Given

    write(root, {"wrangler.json": '{"main": "a.js"}'})
    config = configs.read(root / "wrangler.json")

    def common(version: str) -> list[str]:
        program = Program(root, version)
        return _Plan(config, runtime, root / "a.js", Given("2026-01-01", (), ()), program, None)._common()

    assert [flag for flag in common("0.17.19") if "loader" not in flag] == ["--target=es2022"]
    assert [flag for flag in common("0.24.0") if "loader" not in flag] == ["--target=es2024"]
    assert [flag for flag in common("0.25.7") if "supported" in flag] == ["--supported:import-source=true"]
    assert "--supported:using=true" in common("0.28.0")
