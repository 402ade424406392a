"""What types say of members: their texts, their names, what they hold, and what code that hands over says instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.atoms import Type, Unknown
from edgelint.project.evaluate import Evaluator
from edgelint.project.project import Project
from edgelint.project.type_names import meaning
from edgelint.project.type_text import applied, bare, split, whole
from tests.expressions import code
from tests.projects import D1, KV, PYTHON_TOML, TOML, probe, probed, project, words

PLAIN = "export default { async fetch() { return new Response('x'); } };\n"

# -- texts


@pytest.mark.parametrize(("text", "parts"), [
    ("A | B", ["A", "B"]), ("A", ["A"]), ("", [""]), ("Map<A | B> | C", ["Map<A | B>", "C"]),
    ("'a|b' | \"|\"", ["'a|b'", '"|"']), ("{ a: A | B } | [C | D]", ["{ a: A | B }", "[C | D]"]),
    ("(() => A | B) | C", ["(() => A | B)", "C"]), ("a => b | c", ["a => b", "c"]),
])
def test_split(text: str, parts: list[str]) -> None:
    assert list(split(text, "|")) == parts


@pytest.mark.parametrize(("text", "expected"), [
    (": A", "A"), ("((A))", "A"), ("(A) | (B)", "(A) | (B)"), ("'A'", "A"), ("'a' | 'b'", "'a' | 'b'"), ("'", "'"),
    ("('A')", "A"), ("(a) => (b)", "(a) => (b)"), ("(", "("), ("(()", "(()"), ("(()" + ")(a", "(())(a"),
])
def test_bare(text: str, expected: str) -> None:
    assert bare(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("Pick<A, 'b' | 'c'>", ("Pick", ["A", "'b' | 'c'"])), ("Optional[A]", ("Optional", ["A"])), ("A", ("A", [])),
    ("A[]", ("A", [])), ("<A>", ("<A>", [])), ("A<B> & C", ("A<B> & C", [])), ("{ a: B<C> }", ("{ a: B<C> }", [])),
    ("typing.Optional[A]", ("typing.Optional", ["A"])),
])
def test_applied(text: str, expected: tuple[str, list[str]]) -> None:
    assert applied(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("A | null", "A"), ("| A | undefined", "A"), ("A | B", None), ("null", None), ("", None),
    ("Readonly<Partial<A>> | undefined", "A"), ("typing.Optional['A']", "A"), ("Annotated[A, 'x']", "A"),
    ("Readonly<A | B>", None), ("Promise<A>", "Promise<A>"),
    ("Readonly<" * 9 + "A" + ">" * 9, "Readonly<" * 3 + "A>>>"),
])
def test_whole(text: str, expected: str | None) -> None:
    assert whole(text) == expected


# -- names


def told(root: Path, name: str, files: dict[str, str], path: str = "src/index.ts") -> str:
    """What ``name`` means in ``path``: a place of the project, a package, or nothing known."""
    python = path.endswith(".py")
    found = project(root, {"wrangler.toml": PYTHON_TOML if python else TOML, **files})
    what = meaning(name, found.files[path], found.graph)
    kind = "type" if what.decls else "class" if what.klass else "name"
    return f"{kind} {what.name} of {what.package or what.file.path}{' (foreign)' if what.is_foreign else ''}"


@pytest.mark.parametrize(("name", "text", "expected"), [
    ("A", "interface A {}", "type A of src/index.ts"), ("A", "class A {}", "class A of src/index.ts"),
    ("A", "", "name A of src/index.ts"),
    ("A", 'import type { A } from "pkg";', "name A of pkg (foreign)"),
    ("A", 'import type A from "pkg";', "name default of pkg (foreign)"),
    ("A", 'import { B as A } from "@cloudflare/workers-types";', "name B of @cloudflare/workers-types"),
    ("A", 'import { A } from "./gone";', "name A of ./gone (foreign)"),
    ("A", 'import { A } from "./m";', "type A of src/m.ts"),
    ("X", 'import { A as X } from "./m";', "type A of src/m.ts"),
    ("B", 'import { B } from "./m";', "type Inner of src/m.ts"),
    ("C", 'import { C } from "./m";', "type C of src/n.ts"), ("D", 'import { D } from "./m";', "type C of src/n.ts"),
    ("E", 'import { E } from "./m";', "type E of src/n.ts"),
    ("Q", 'import { Q } from "./m";', "name Q of bullmq (foreign)"),
    ("P", 'import { P } from "./m";', "name Queue of bullmq (foreign)"),
    ("Z", 'import { Z } from "./m";', "name Z of src/m.ts"),
    ("M", 'import M from "./m";', "class Main of src/m.ts"), ("N", 'import N from "./n";', "type Whole of src/n.ts"),
    ("O", 'import O from "./o";', "type Named of src/o.ts"), ("V", 'import V from "./v";', "type V1 of src/v.ts"),
    ("W", 'import W from "./w";', "name W of src/w.ts"),
    ("ns.A", 'import * as ns from "./m";', "type A of src/m.ts"),
    ("ns.A", 'import type * as ns from "pkg";', "name A of pkg (foreign)"),
    ("ns.A", 'import { ns } from "pkg";', "name A of ns (foreign)"),
    ("ns.A", "", "name A of ns (foreign)"), ("ns.sub.A", "", "name A of ns.sub (foreign)"),
    ("Cloudflare.Env", "", "name Env of src/index.ts"),
    ("A", 'import { A } from "./loop";', "name A of src/pool.ts"),
])
def test_names(tmp_path: Path, name: str, text: str, expected: str) -> None:
    files = {
        "src/index.ts": text + "\nexport default {};\n",
        "src/m.ts": "export interface A {}\ninterface Inner {}\nexport { Inner as B };\n"
        "export { C, C as D } from './n';\nexport * from './n';\nexport * from 'elsewhere';\n"
        "export { Q, Queue as P } from 'bullmq';\n"
        "export default class Main {}\n",
        "src/n.ts": "export interface C {}\nexport type E = {};\nexport default interface Whole {}\n",
        "src/o.ts": "interface Named {}\nexport { Named as default };\n",
        "src/v.ts": "interface V1 {}\nexport default V1;\n", "src/w.ts": "export const a = 1;\n",
        "src/loop.ts": "export { A } from './pool';\n", "src/pool.ts": "export { A } from './loop';\n",
    }
    assert told(tmp_path, name, files) == expected


@pytest.mark.parametrize(("name", "text", "expected"), [
    ("A", "class A: pass", "class A of src/entry.py"), ("A", "from pkg import A", "name A of pkg (foreign)"),
    ("A", "from js import A", "name A of js"), ("A", "from pyodide.ffi import A", "name A of pyodide.ffi"),
    ("A", "from m import A", "class A of src/m.py"), ("A", "from .m import A", "class A of src/m.py"),
    ("B", "from m import B", "class B of src/n.py"), ("X", "from m import A as X", "class A of src/m.py"),
    ("m.A", "import m", "class A of src/m.py"), ("m.A", "from . import m", "class A of src/m.py"),
    ("x.A", "import m as x", "class A of src/m.py"),
    ("asyncio.Queue", "import asyncio", "name Queue of asyncio (foreign)"),
    ("C", "from m import C", "name C of src/m.py"),
])
def test_python_names(tmp_path: Path, name: str, text: str, expected: str) -> None:
    files = {
        "src/entry.py": text + "\n", "src/m.py": "from n import *\nclass A: pass\n", "src/n.py": "class B: pass\n",
    }
    assert told(tmp_path, name, files, "src/entry.py") == expected


@pytest.mark.parametrize(("annotation", "before", "expected"), [
    ("Queue", "", "queue"), ("Queue<A>", "", "queue"), ("Queue", "interface Queue {}", None),
    ("Queue", "class Queue {}", None), ("Queue", "type Queue = string;", None),
    ("Queue", "type Queue = KVNamespace;", "kv"), ("Queue", 'import { Queue } from "bullmq";', None),
    ("Queue", 'import Queue from "bull";', None),
    ("Queue", 'import { Queue } from "@cloudflare/workers-types";', "queue"),
    ("Jobs", 'import { Queue as Jobs } from "@cloudflare/workers-types";', "queue"),
    ("Jobs<A>", 'import { Queue as Jobs } from "bullmq";', None),
    ("D1Database", 'import { D1Database } from "anything";', "d1"), ("D1Database", "interface D1Database {}", "d1"),
    ("Response", 'import { Response } from "node-fetch";', "response"), ("Response", "interface Response {}", None),
    ("Context", 'import { Context } from "hono";', "hono-context"),
    ("Context<A>", 'import type { Context } from "hono";', "hono-context"),
    ("Context", 'import { Context } from "react";', None), ("Context", "", None),
    ("CF.Queue<A>", 'import type * as CF from "@cloudflare/workers-types";', "queue"), ("B.Queue", "", None),
    ("KVNamespace[]", "", None), ("Queue<A> | B", "", None), ("Queue<A> | undefined", "", "queue"),
    ("{ q: CF.Queue<A> }", "", None), ("Pick<Env, 'A'>", "", "env"), ("Omit<Env, 'A'>", "", "env"),
    ("Pick<E, 'A'>", "type E = Env;", None), ("Pick<Env>", "", None), ("Readonly<Pick<Env, 'A'>>", "", "env"),
    ("Omit<Deps, 'A'>", "interface Deps {}", None), ("S", "type S = T; type T = KVNamespace | null;", "kv"),
])
def test_platform_types(annotation: str, before: str, expected: str | None) -> None:
    found = code(before)
    assert found.evaluator.platform_type(annotation, found.file) == expected


# -- members


def members(text: str, declared: str = "", path: str = "a.ts") -> dict[str, str]:
    """The members of a type by the texts of theirs."""
    found = code(declared, path)
    return {name: type_.text for name, type_ in found.evaluator.typed.table(text, found.file).items()}


@pytest.mark.parametrize(("text", "declared", "expected"), [
    ("{ a: A; b?: B }", "", {"a": "A", "b": "B"}),
    ("I", "interface I extends J { a: A }\ninterface J { b: B; a: C }", {"a": "A", "b": "B"}),
    ("T", "type T = I & { c: C };\ninterface I { a: A }", {"a": "A", "c": "C"}),
    ("T", "type T = (I & { c: C }) | null;\ninterface I { a: A }", {"a": "A", "c": "C"}),
    ("I & { c: C }", "interface I { a: A }", {"a": "A", "c": "C"}),
    ("A | B", "interface A { a: A }", {}), ("string", "type string = { a: A };", {}),
    ("Pick<I, 'a'>", "interface I { a: A; b: B }", {"a": "A"}),
    ("Omit<I, 'a' | \"c\">", "interface I { a: A; b: B; c: C }", {"b": "B"}),
    ("Pick<I, K>", "interface I { a: A }", {}), ("Pick<I, 'a' | K>", "interface I { a: A }", {}),
    ("Readonly<Partial<I>> | undefined", "interface I { a: A }", {"a": "A"}),
    ("T", "type T = T;", {}), ("T", "type T = U; type U = T;", {}),
    ("T", "type T = U[]; type U = { a: A };", {"[]": "U"}),
    ("readonly A[]", "", {"[]": "A"}), ("ReadonlyArray<A>", "", {"[]": "A"}), ("Record<string, A>", "", {"{}": "A"}),
    ("K", ("class K extends L { b: B; constructor(readonly a: A, c: C) { super(); this.d = c; this.e = 1; } }\n"
          "class L { private f: F = 1 }"), {"a": "A", "b": "B", "d": "C", "f": "F"}),
    ("K", "class K extends K { a: A }", {"a": "A"}), ("K", "class K extends mixin() { a: A }", {"a": "A"}),
    ("K", "class K { constructor({ a }: A) { this.a = a; } }", {}),
    ("K", "class K { constructor(a: A) { a = 1; this.a = a; this.b = x; } }", {}),
    ("(a: A) => B", "", {}), ("typeof x", "", {}), ("Nowhere", "", {}), ("{" + "a: A; " * 4000 + "}", "", {}),
])
def test_members(text: str, declared: str, expected: dict[str, str]) -> None:
    assert members(text, declared) == expected


def test_python_members() -> None:
    declared = "class D(B):\n    a: A\n    b: 'B' = 1\n    c = 1\n    def __init__(self, d: D, e):\n"
    declared += "        self.d = d\n        self.e = e\nclass B:\n    f: F\n"
    assert members("Optional['D']", declared, "a.py") == {"f": "F", "a": "A", "b": "B", "d": "D"}
    assert members("list[D]", declared, "a.py") == {"[]": "D"}
    assert members("dict[str, D]", declared, "a.py") == {"{}": "D"}


@pytest.mark.parametrize(("text", "declared", "expected"), [
    ("{ a: KVNamespace }", "", True), ("{ a: { b: { c: KVNamespace } } }", "", True),
    ("{ a: { b: { c: { d: KVNamespace } } } }", "", False), ("{ a: string; b: Request }", "", False),
    ("KVNamespace", "", False), ("KVNamespace[]", "", True), ("{ c: ExecutionContext }", "", True),
    ("{ a: A }", "interface A { a: A; b: B }\ninterface B { a: A }", False), ("{ e: Env }", "", True),
    ("{ e: BuildEnv }", "interface BuildEnv { url: string }", False), ("{ e: BuildEnv }", "", False),
    ("{ e: ShopEnv }", "interface ShopEnv { DB: D1Database }", True), ("{ v: WorkerVersionMetadata }", "", False),
    ("{ r: Request; a: { r: Request } }", "", False),
    ("{ " + "".join(f"a{n}: A{n}; " for n in range(300)) + " z: KVNamespace }", "", False),
])
def test_holds(text: str, declared: str, expected: bool) -> None:
    found = code(declared)
    assert found.evaluator.typed.holds(text, found.file) is expected


# -- values


def said(expression: str, declared: str = "") -> str:
    """What ``expression`` is in a function that is given ``deps: Deps``, and nobody calls."""
    found = code(
        f"interface Deps {{ db: D1Database; cache?: KVNamespace; by: Record<string, R2Bucket>;"
        f" all: {{ kv: KVNamespace }}[]; inner: {{ db: D1Database }}; n: 1; id: string }}\n{declared}\n"
        f"async function f(deps: Deps, key: string) {{ result = {expression}; }}"
    )
    return words(found.value())


@pytest.mark.parametrize(("expression", "declared", "expected"), [
    ("deps.db", "", "d1"), ("deps.cache", "", "kv"), ("deps.inner.db", "", "d1"), ("deps.by[key]", "", "r2"),
    ("deps.by.x", "", "unknown other"), ("deps.all[0].kv", "", "kv"), ("deps.all[key].kv", "", "kv"),
    ("deps[key]", "", "unknown param"), ("deps[key].db", "", "unknown other"), ("deps.id", "", "unknown other"),
    ("deps.none", "", "unknown other"), ("deps.n", "", "safe literal type"), ("deps['db']", "", "d1"),
    ("(key as any as Deps).db", "", "d1"), ("({ ...deps }).db", "", "d1"),
    ("given().db", "declare function given(): Deps;", "d1"),
    ("(await given()).db", "declare function given(): Promise<Deps>;", "d1"),
    ("given().db", "function given(): Deps { return look(); }", "d1"),
    ("given().db", "function given(): Deps { return { db: 1 }; }", "1"),
    ("given()", "declare function given(): string;", "unknown other"),
    ("kept.db", "const kept: Deps = look();", "d1"), ("db", "const { db }: Deps = look();", "d1"),
    ("db", "const { inner: { db } }: Deps = look();", "d1"), ("kept.db", "const kept: Deps = { db: 5 };", "5"),
    ("kept.db", 'import { made } from "pkg";\nconst kept: Deps = made();', "d1"),
    ("kept.db", 'import { made } from "pkg";\nconst kept = made();', "external pkg made().db"),
    ("new A().deps.db", "class A { deps: Deps }", "d1"),
    ("new A().deps.db", "class A { deps: Deps | null = null }", "d1"),
    ("new A().deps.db", "class A { deps: Deps = { db: 7 } }", "7"),
    ("A.deps.db", "class A { static deps: Deps }", "d1"), ("A.db", "class A { static db: D1Database }", "d1"),
    ("A.deps", "class A { static deps: string }", "unknown other"),
    ("new A().deps", "class A { deps: string | null = null }", "None"),
    ("new A(deps).deps.db", "class A { constructor(private deps: Deps) {} }", "d1"),
    ("new A(look()).deps.db", "class A { constructor(private deps: Deps) {} }", "d1"),
    ("new A({ db: 3 }).deps.db", "class A { constructor(private deps: Deps) {} }", "3"),
])
def test_values(expression: str, declared: str, expected: str) -> None:
    assert said(expression, declared) == expected


def test_the_type_of_a_value_is_kept_once() -> None:
    found = code("interface A { kv: KVNamespace }\ninterface B { db: D1Database }")
    typed = found.evaluator.typed
    value = typed.fill(frozenset({Unknown("other")}), "A", found.file)
    assert value == frozenset({Unknown("other", None, Type("A", found.file))})
    assert typed.fill(value, "B", found.file) == value  # what is said first holds
    stored = frozenset({Unknown("stored")})
    assert typed.fill(stored, "A", found.file) == stored
    assert typed.fill(stored, None, found.file) == stored
    assert typed.value("string", found.file) is None


def test_a_caller_that_is_known_names_the_binding(tmp_path: Path) -> None:
    text = """
    interface Env { DB: D1Database; KV: KVNamespace }
    interface Deps { db: D1Database; kv: KVNamespace; DB: D1Database; OTHER: KVNamespace }
    function called(deps: Deps) { probe(deps.db); probe(deps.kv); }
    export function open(deps: Deps) { probe(deps.db); probe(deps.DB); probe(deps.OTHER); }
    export default { async fetch(request: Request, env: Env) {
      called({ db: env.DB, kv: look() });
      return new Response("x");
    } };
    """
    found = project(tmp_path, {"wrangler.toml": TOML + D1 + KV, "src/index.ts": text})
    assert probed(found) == ["d1:DB", "unknown other", "d1", "d1:DB", "kv"]


def calls(found: Project) -> list[str]:
    """The calls on bindings, as "kind:binding.verb"."""
    return [f"{call.kind}:{call.binding}.{call.verb}" for call in found.calls()]


def test_a_name_goes_before_the_kind_alone(tmp_path: Path) -> None:
    text = """
    interface Env { KV: KVNamespace }
    interface Deps { kv: KVNamespace }
    function save(deps: Deps) { return deps.kv.put("a", "b"); }
    export function other(deps: Deps) { return save(deps); }
    export default { async fetch(request: Request, env: Env) {
      await save({ kv: env.KV });
      return new Response("x");
    } };
    """
    found = project(tmp_path, {"wrangler.toml": TOML + KV, "src/index.ts": text})
    assert calls(found) == ["kv:KV.put"]


def test_a_queue_of_a_package_makes_no_worker(tmp_path: Path) -> None:
    text = '// env\nimport type { Queue } from "bullmq";\nexport function work(queue: Queue) { queue.add("a"); }\n'
    files = {"src/a.ts": text, "src/b.ts": "// env\nexport function f(queue: Queue) {}\n", "src/index.ts": PLAIN}
    found = project(tmp_path, {"wrangler.toml": TOML, **files})
    runs = {path: found.edge.runs(file) for path, file in found.files.items()}
    assert runs == {"src/a.ts": False, "src/b.ts": True, "src/index.ts": True}


# -- Hono's variables

HONO = 'import { Hono, type Context } from "hono";\n'


@pytest.mark.parametrize(("text", "expected"), [
    ("type E = { Variables: { kv: KVNamespace } };\nfunction f(c: Context<E>) { probe(c.get('kv')); }", "kv"),
    ("type E = { Variables: V };\ntype V = { kv: KVNamespace };\nfunction f(c: Context<E>) { probe(c.var.kv); }", "kv"),
    ("function f(c: Context<{ Variables: { kv: KVNamespace } }>) { probe(c.var.kv); }", "kv"),
    ("const app = new Hono<{ Variables: { kv: KVNamespace } }>();\napp.get('/', (c) => { probe(c.var.kv); });", "kv"),
    (("declare module 'hono' { interface ContextVariableMap { kv: KVNamespace } }\n"
     "function f(c: Context) { probe(c.var.kv); }"), "kv"),
    (("type E = { Variables: { deps: { kv: KVNamespace } } };\n"
      "function f(c: Context<E>) { probe(c.var.deps.kv); }"), "kv"),
    (("type E = { Variables: { kv: KVNamespace } };\ntype F = { Variables: { kv: Map<string, string> } };\n"
     "function f(c: Context<E>) { probe(c.var.kv); }"), "unknown other"),
    ("type E = { Variables: { kv: Map<string, string> } };\nfunction f(c: Context<E>) { probe(c.var.kv); }",
     "unknown other"),
    (("type E = { Variables: { a: { kv: KVNamespace } } };\ntype F = { Variables: { a: { kv: KVNamespace; b: 1 } } };\n"
     "function f(c: Context<E>) { probe(c.var.a.kv); }"), "unknown other"),
    (("type E = { Variables: { kv: KVNamespace } };\nfunction g(c: Context<E>) { c.set('kv', 'text'); }\n"
     "function f(c: Context<E>) { probe(c.var.kv); }"), "'text'"),
    (("type E = { Variables: { kv: KVNamespace } };\nfunction g(c: Context<E>, x: any) { c.set('kv', x); }\n"
     "function f(c: Context<E>) { probe(c.var.kv); }"), "kv"),
    (("// Variables\nconst app = new Hono<{ Bindings: { VariablesKV: KVNamespace } }>();\n"
     "app.get('/', (c) => { probe(c.var.kv); });"), "unknown other"),
])
def test_variables(tmp_path: Path, text: str, expected: str) -> None:
    found = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": f"{HONO}{text}\nexport default {{}};\n"})
    assert probed(found) == [expected]


def test_an_evaluator_alone_knows_no_bindings() -> None:
    found = code("function f(deps: { KV: KVNamespace }) { result = deps.KV; }")
    assert isinstance(found.evaluator, Evaluator)
    assert words(found.value()) == "kv"


def test_python_values(tmp_path: Path) -> None:
    text = "class Deps:\n    kv: 'KVNamespace'\ndef f(deps: 'Deps'):\n    probe(deps.kv)\n"
    found = project(tmp_path, {"wrangler.toml": PYTHON_TOML, "src/entry.py": text})
    assert probe(found)[0].path == "src/entry.py"
    assert probed(found) == ["kv"]
