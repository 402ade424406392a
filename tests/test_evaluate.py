"""What expressions may be: names, members, objects, classes, operators."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.atoms import Const, External, Number, Plat, SafeText, Taint, Unknown, Value
from edgelint.project.evaluate import MAX_DEPTH
from edgelint.project.widening import MAX_ATOMS, widened
from edgelint.syntax import tree
from tests.expressions import code
from tests.projects import D1, KV, TOML, probed, project, words

DECLARED = """
import * as w from "cloudflare:workers";
import { env as wenv } from "cloudflare:workers";
import def, * as ns from "./no";
import fw from "framework";
enum Color { Red = "r" }
class Base { shared = 1; constructor(protected db: D1Database, public n = 3) {} q() { return this.db; } }
class Plain extends Base { go() { return this.q(); } }
class Own extends Base { constructor(env, db) { super(db); } }
class LoopA extends LoopB {}
class LoopB extends LoopA {}
class Kid {
  static count = 4;
  static empty;
  own;
  later?: KVNamespace;
  nothing = null;
  made = this;
  static of() { return new Kid(); }
  constructor() { this.own = 2; ({ part: this.part } = { part: 6 }); }
  get two() { return 2; }
  arrow = () => this.own;
}
const inner = { a: 1 };
const mid = { ...inner, b: 2 };
const k = Math.random() ? "a" : "b";
const comp = { [k]: 7, c: 3 };
const loop1 = { ...loop2, z: 1 };
const loop2 = { ...loop1 };
const meth = { v: 6, get() { return this.v; }, arrow: () => this.v };
const grown: any = {};
grown.name = "g";
grown[zz] = 5;
let n = 1; n += 2;
let m = 1; m -= 2;
let s = "a"; s += "b";
function later() { n++; s = "c"; }
let kv: KVNamespace;
declare const AMB: R2Bucket;
const [p0, p1 = 9, ...ps] = [1, 2, 3];
const { a: da = 5, q: dq = 8 } = mid;
const { x: { y: deep } } = { x: { y: 4 } };
const spreads = [...[1, 2], 3];
const [sa] = spreads;
try { made(); } catch (caught) { var failure = caught; }
for (const key in mid) { var someKey = key; }
for (const item of spreads) { var someItem = item; }
"""
SENT = "export default { async fetch(request, env, ctx) { const body = await request.json(); const result = %s; } };"


def value(expression: str) -> str:
    return words(code(f"{DECLARED}\nconst result = {expression};").value())


def sent(expression: str, before: str = "") -> str:
    return words(code(before + SENT % expression).value())


@pytest.mark.parametrize(("expression", "expected"), [
    ("undefined", "None"),
    ("p0", "1"), ("p1", "2 | 9"), ("ps", "array"), ("sa", "1 | 2 | 3"), ("da", "1 | 5"), ("dq", "8"), ("deep", "4"),
    ("n", "1 | number .."), ("m", "1 | number .."), ("s", "'a' | 'c' | safe constant"),
    ("kv", "kv"), ("AMB", "r2:AMB"),
    ("failure", "unknown other"), ("someKey", "'a' | 'b'"), ("someItem", "1 | 2 | 3"),
    ("Color.Red", "'r'"), ("later", "function later"), ("Kid", "class Kid"), ("class {}", "class "),
    ("() => 1", "function"),
    ("w.env", "env"), ("wenv.DB", "binding:DB~import"), ("w.env.KV", "kv:KV~name"),
    ("ns.x", "external ./no *.x"), ("def", "external ./no default"),
    ("fw.sub.x", "external framework default.sub.x"),
    ("globalThis.process", "global process"), ("window.fetch", "global fetch"), ("process.env", "process-env"),
    ("this", "unknown other"), ("a = 5", "5"), ("/a/g", "/a/g"),
])
def test_names(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("mid.a", "1"), ("mid.b", "2"), ("mid.zz", "None"), ("mid[k]", "1 | 2"), ("mid['a']", "1"), ("mid[zz]", "1 | 2"),
    ("comp.a", "7"), ("comp.c", "3"),
    ("loop1.z", "1"), ("loop2.q", "None"), ("loop1[zz]", "1"),
    ("meth.get()", "6"), ("meth.arrow()", "unknown other"),
    ("grown.name", "'g'"), ("grown.other", "5"), ("grown[zz]", "'g' | 5"),
    ("Object.keys(grown)", "list of ('name' | global zz)"),
    ("Object.keys([1])", "list of (number 0..)"), ("Object.keys(5)", "list of (unknown other)"),
    ("Object.keys(loop1)", "list of ('z')"),
    ("spreads[1]", "1 | 2 | 3"), ("[1, 2, 3][1]", "2"), ("[1, 2][zz]", "1 | 2"), ("'abc'[0]", "safe constant"),
    ("(5)[0]", "unknown other"), ("null[zz]", "nothing"), ("'abc'.length", "number 0.."),
    ("Object.entries(mid)[0][0]", "'a' | 'b'"), ("Object.entries(mid)[0][1]", "1 | 2"),
    ("Object.entries(mid)[0][zz]", "'a' | 'b' | 1 | 2"),
    ("Object.entries(mid).map(([a, b]) => b)", "list of (1 | 2)"),
    ("wenv['A']", "binding:A~import"), ("wenv[k]", "binding:a~import | binding:b~import"),
    ("wenv[zz]", "binding~dynamic"),
])
def test_members_and_items(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("new Kid().own", "2"), ("new Kid().part", "6"), ("new Kid().two", "2"), ("new Kid().arrow()", "2"),
    ("new Kid().nothing", "None"),
    ("new Kid().later", "kv"), ("new Kid().nosuch", "unknown other"), ("new Kid().made", "instance of Kid"),
    ("Kid.count", "4"), ("Kid.empty", "unknown other"), ("Kid.nosuch", "unknown other"), ("Kid.of().own", "2"),
    ("new Plain(1, 8).shared", "1"), ("new Plain(1, 8).n", "8"), ("new Plain(1, 8).db", "d1"),
    ("new Plain(1, 8).go()", "d1"),
    ("new Own(1, 2).shared", "1"), ("new Own(1, 2).db", "d1"), ("new Own(1, 2).n", "3 | unknown param"),
    ("new LoopA().x", "unknown other"),
])
def test_classes(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("void 0", "None"), ("typeof 5", "safe typeof"), ("!5", "number 0..1"), ("delete a.b", "number 0..1"),
    ("~5", "number .."),
    ("5 in a", "number 0..1"), ("(1, 2)", "2"), ("0 && 5", "0 | 5"), ("n && 5", "5"), ("null ?? 4", "4"),
    ("'' || 'x'", "'' | 'x'"),
    ("a ? 1 : 'b'", "'b' | 1"), ("`a${1}b`", "'a1b'"), ("`a${made()}`", "unknown other"),
    ("`a${k}`", "safe constant"),
    ("await 5", "5"), ("5 as any", "5"), ("x as KVNamespace", "kv"), ("wenv.FOO as R2Bucket", "r2:FOO"),
    ("wenv.KV as any as R2Bucket", "kv:KV~name"),
])
def test_operators(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("body.a.b.c", "from request"), ("body[0]", "from request"), ("({ ...body }).x", "from request"),
    ("({ ...body })[k]", "from request"), ("({ [body.k]: 1 }).x", "1"),
    ("Object.keys({ [body.k]: 1 })", "list of (from request)"),
    ("Object.keys({ ...body })", "list of (from request)"),
    ("[...body][0]", "from request"),
    ("(env as { A: { b: string } }).A", "binding:A"), ("(env as { readonly A?: KVNamespace }).A", "kv:A"),
    ("(body as { A: KVNamespace }).A", "from request"), ("(made() as { A: KVNamespace }).A", "kv:A"),
    ("(made() as { B: KVNamespace }).A", "unknown other"), ("(made() as any).A", "unknown other"),
    ("(env as any).X as KVNamespace", "kv:X"), ("env.KV_SESSIONS", "kv:KV_SESSIONS~name"),
    ("made().platform.env", "env~shape"), ("(made().cloudflare as any).env", "env~shape"),
    ("made().other.env", "unknown other"),
    ("request.cf", "unknown other"), ("env.DB.x", "unknown other"), ("request.headers.x", "unknown other"),
])
def test_what_the_platform_gives(expression: str, expected: str) -> None:
    assert sent(expression) == expected


@pytest.mark.parametrize(("parameter", "expected"), [
    ("c", "env~name"), ("ctx", "env~name"), ("platform", "env~shape"), ("cloudflare", "env~shape"),
    ("other", "unknown other"),
])
def test_env_of_a_parameter_by_its_name(parameter: str, expected: str) -> None:
    assert words(code(f"export function f({parameter}) {{ const result = {parameter}.env; }}").value()) == expected


@pytest.mark.parametrize(("body", "expected"), [
    ("o.name = body.name;", "'name': from request"),
    ("o['name'] = body.name;", "'name': from request"),
    ("o[body.k] = 1;", "from request: 1"),
    ("for (const [k, v] of Object.entries(body)) o[k] = v;", "from request: from request"),
    ("for (const k of Object.keys(body)) if (ALLOWED.includes(k)) o[k] = 1;", "safe allowed: 1"),
    ("for (const k of Object.keys(body).filter(isColumn)) o[k] = 1;", "safe filtered: 1"),
    ("const text = /^(\\w+)$/.exec(body.k)?.[1]; o[text] = 1;", "safe allowed: 1"),
])
def test_what_is_put_into_an_object(body: str, expected: str) -> None:
    text = (
        "const ALLOWED = ['a', 'b'];\nexport default { async fetch(request: Request) {"
        f" const body = await request.json(); const o: any = {{}}; {body}"
        f" const keys = Object.keys(o)[0]; const result = o[keys]; }} }};"
    )
    here = code(text)
    assert f"{words(here.value('keys'))}: {words(here.value())}" == expected


@pytest.mark.parametrize(("body", "expected"), [
    ("body.slug = 'fixed'; const result = body.slug;", "'fixed'"),
    ("if (body.x) body.slug = 'fixed'; const result = body.slug;", "from request"),
    ("body.slug += 'x'; const result = body.slug;", "from request"),
    ("other().slug = 'x'; const result = body.slug;", "from request"),
])
def test_members_of_what_was_sent_that_the_code_sets(body: str, expected: str) -> None:
    text = f"const body = await request.json(); {body}"
    assert words(code(f"export default {{ async fetch(request: Request) {{ {text} }} }};").value()) == expected


def test_a_queue_and_its_messages() -> None:
    text = (
        "export default { async queue(batch: MessageBatch) { for (const m of batch.messages) {"
        " const result = m.body.x; } const any = batch.messages[0]; const turn = [...batch]; } };"
    )
    here = code(text)
    assert words(here.value()) == "from message"
    assert words(here.value("any")) == "queue-message"
    (turn,) = here.value("turn")
    assert words(here.evaluator.atom_elements(turn, None, False)) == "queue-message"


def test_what_is_typed_and_not_known_otherwise() -> None:
    text = "function f(o: { dir: 'asc' | 'desc'; n: number }) { const result = o.dir; const n = o.n; const z = o.z; }"
    assert words(code(f"{text}\nf(made());").value()) == "unknown other"
    here = code(text)
    assert words(here.value()) == "safe literal type"
    assert words(here.value("n")) == "number .."
    assert words(here.value("z")) == "unknown other"


def test_python_this_and_class_names() -> None:
    text = (
        "class A:\n    LIMIT = 5\n    x: int\n    def f(self):\n"
        "        result = self.LIMIT\n        other = A.LIMIT\n        none = A.x\n"
    )
    here = code(text, "a.py")
    assert words(here.value()) == "5"
    assert words(here.value("other")) == "5"
    assert words(here.value("none")) == "unknown other"


def test_python_imports() -> None:
    text = "import workers\nfrom workers import env\nfrom js import x\n"
    here = code(f"{text}result = workers.env\na = env\nb = x\n", "a.py")
    assert words(here.value()) == "env"
    assert words(here.value("a")) == "env~import"
    assert words(here.value("b")) == "external js x"


def test_this_in_fields_objects_and_static_blocks() -> None:
    here = code(
        "class A { a = this; static s = this; m() { const inMethod = this; } }\n"
        "const o = { f() { const inObject = this; } };"
    )
    assert words(here.value("inMethod")) == "instance of A"
    assert words(here.value("inObject")) == "object"
    fields = [here.evaluator.evaluate(n.value, here.file) for n in here.nodes(tree.Field) if n.value is not None]
    assert [words(field) for field in fields] == ["instance of A", "instance of A"]
    here = code("function f() { return class B { result = this; }; }")
    (field,) = here.nodes(tree.Field)
    assert field.value is not None
    assert words(here.evaluator.evaluate(field.value, here.file)) == "instance of B"


def test_a_module_is_its_exports(tmp_path: Path) -> None:
    made = project(tmp_path, {
        "wrangler.toml": TOML + D1 + KV,
        "src/index.ts": (
            "import * as db from './db';\nimport first, { again, lib, every, missing } from './db';\n"
            "export default { fetch(request: Request, env: Env) {\n"
            "  probe(db.limit); probe(first); probe(again); probe(lib); probe(every.limit); probe(missing);\n"
            "  probe(db.nosuch);\n"
            "  probe(env.DB); probe(env.KV); probe(env.OTHER);\n} };"
        ),
        "src/db.ts": (
            "export const limit = 5;\nexport default 'text';\nexport { again } from './more';\n"
            "export { z as lib } from 'zod';\n"
            "export * as every from './more';"
        ),
        "src/more.ts": "export const again = 'again';\nexport const limit = 6;",
    })
    assert probed(made) == [
        "5", "'text'", "'again'", "external zod z", "6", "unknown other", "unknown other", "d1:DB", "kv:KV",
        "binding:OTHER",
    ]


def test_a_service_worker_has_its_bindings_as_globals(tmp_path: Path) -> None:
    made = project(tmp_path, {
        "wrangler.toml": TOML.replace("src/index.ts", "src/index.js") + KV,
        "src/index.js": "addEventListener('fetch', (event) => { probe(KV); probe(OTHER); probe(event.request); });",
    })
    assert probed(made) == ["kv:KV", "global OTHER", "request"]


def test_expressions_are_followed_so_far_and_no_further() -> None:
    lines = "\n".join(f"const v{n} = v{n + 1};" for n in range(MAX_DEPTH + 5))
    here = code(f"{lines}\nconst v{MAX_DEPTH + 5} = 1;\nconst result = v0;\nconst near = v{MAX_DEPTH};")
    assert words(here.value()) == "unknown depth"
    assert words(here.value("near")) == "1"


def test_many_alternatives_are_told_as_one() -> None:
    items = "".join(f"{n}, " for n in range(1, MAX_ATOMS + 5))
    here = code(f"const result = [{items}'end'][made()];")
    assert words(here.value()) == f"number 1..{MAX_ATOMS + 4} | safe constant"


def test_widened_keeps_what_rules_ask_for() -> None:
    node = tree.Name(0, 1, "x")
    many: Value = frozenset({
        Const("string", "a"), Const("string", "b"), Const("number", 3), Number(5, 9), Const("null", None),
        Plat("kv", "KV"),
        SafeText("x"), Taint("request", node, "a.ts"), External("zod", "z"), Unknown("stored", node), Unknown("param"),
    })
    assert words(widened(many)) == (
        "None | from request | kv:KV | number 3..9 | safe constant | safe x | unknown param | unknown wide"
    )
    taints: Value = frozenset(Taint("request", tree.Name(n, n + 1, "x"), "a.ts") for n in range(20))
    assert sorted(a.node.start for a in widened(taints) if isinstance(a, Taint)) == list(range(8))


def test_env_uses_tell_the_kind_of_a_binding() -> None:
    here = code(SENT % "env.DB" + "\nfunction f(env) { env.DB.prepare('x'); env.C.get('k', { cacheTtl: 60 }); }")
    assert here.evaluator.told == {"DB": "d1", "C": "kv"}
    assert words(here.value()) == "d1:DB~shape"


def test_pairs_sent_headers_and_keyword_arguments() -> None:
    evaluator = code("x").evaluator
    origin = tree.Name(0, 1, "x")
    assert words(evaluator.atom_elements(Plat("headers", None, True, origin), None, False)) == "from request"
    assert words(evaluator.atom_elements(Plat("headers", None, True), None, False)) == "unknown other"
    assert words(evaluator.atom_elements(Plat("headers"), None, False)) == "unknown other"
    assert words(evaluator.atom_elements(Unknown("keywords"), None, False)) == "safe keyword"
    assert words(evaluator.atom_elements(Unknown("keywords"), None, True)) == "unknown keywords"


def test_a_question_that_takes_too_many_steps_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes in circles has more ways through than can be walked: past the bound the answer is "anything"."""
    chain = "const v0 = 'a';\n" + "".join(f"const v{i + 1} = v{i};\n" for i in range(40))
    text = f"addEventListener('fetch', () => {{}});\n{chain}probe(v40);\n"
    assert probed(project(tmp_path / "all", {"src/index.js": text})) == ["'a'"]
    monkeypatch.setattr("edgelint.project.evaluate.MAX_STEPS", 20)
    assert probed(project(tmp_path / "few", {"src/index.js": text})) == ["unknown depth"]


def test_modules_that_take_a_name_from_each_other(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": TOML,
        "src/index.ts": 'import { a } from "./one";\nexport default { async fetch() { probe(a); } };',
        "src/one.ts": 'import { a } from "./two";\nexport { a };',
        "src/two.ts": 'import { a } from "./one";\nexport { a };',
    }
    assert probed(project(tmp_path, files)) == ["nothing"]
