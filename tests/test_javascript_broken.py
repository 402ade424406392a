"""The JavaScript front-end on broken, gapped, deep and random code: never an exception, and nothing lost silently."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgelint.source import Source, UnreadableSource
from edgelint.syntax import javascript, js_base, tree
from tests.lowering import CLASS, body, lower, names, only, spans_hold, text

# Broken code



def test_errors_leave_the_rest() -> None:
    code = "const a = 1;\nfoo(a b);\nconst c = env.DB;"
    parsed = lower(code)
    assert [(code[start:end], message) for start, end, message in parsed.errors] == [
        ("b", "this does not parse: unexpected `b`"),
    ]
    assert [type(node).__name__ for node in parsed.module.body] == ["Assign", "ExprStmt", "Assign"]
    regions = [n for n in tree.walk(parsed.module) if isinstance(n, tree.Unknown) and n.is_error]
    assert [text(code, region) for region in regions] == ["b"]


def test_a_large_region() -> None:
    parsed = lower("function f( { foo(;\n } const a = env.KV;")
    assert [message for _, _, message in parsed.errors] == ["this does not parse: there is a mistake from here on"]
    assert "env" in names(parsed.module)


def test_missing_parts() -> None:
    assert [message for _, _, message in lower("if (a { b() }").errors] == ["`)` is missing here"]
    assert "a name or a value is missing here" in [message for _, _, message in lower("a?.`x`").errors]


def test_no_use_is_lost_where_the_parts_have_fixed_places() -> None:
    parsed = lower("const x = y z + w; class A { m( { } n() {} }")
    assert {"x", "y", "z", "w"} <= set(names(parsed.module))


@pytest.mark.parametrize("code", [
    "class A { = 1; }", "switch (a) { b: c }", "import { a b } from 'c'; export { d e };", "for (a b) {}",
    "enum E { 1a = 2 }",
    "try { } catch (", "let a: = 1", "x ? y", "new ()", "import from 'a'", "a.b. = 1", "`${a", "'abc", "async (a, b",
    "a as",
    "interface A { b: }", "type A =", "do { } while", "[a, , b = ]", "({ a: })", "f(...)", "@ class A {}", "a[",
    "a[]", "yield yield",
    "<a", "label:", "case 1:", "export", "import", "function", "class", "class A extends", "if", "while (", "throw",
    "=> 1",
    "declare", "namespace {", "enum", "await", "a ? : b", "a ||= ", "++", "!", "...a", "#a", "a?.", "new.", "import.",
    "} }", "\\",
])
@pytest.mark.parametrize("extension", [".ts", ".tsx", ".js"])
def test_fragments(code: str, extension: str) -> None:
    parsed = lower(f"{code}\nconst after = env.DB;", extension)
    assert {"env"} <= set(names(parsed.module))


@pytest.mark.parametrize("code", [
    'const a = await importOriginal<typeof import("./db")>();', "const m = new Map<string, typeof import('x')>();",
    'type R = import("@astrojs/cloudflare").Runtime<Env>;', 'type N = Ns<import("./worker/index").MyWorkflow>;',
    'export type * from "x";', "const using = 1; f(using, 2);", "for (using a of b) {}", "import source m from 'x';",
    "type V<in out T> = T;", "class A { static accessor b = 1 }",
    'export { a, type B } from "c" with { type: "json" };',
    "interface A {\n  (a: B): C\n  /** d */\n  <E extends F>(g: E): H\n  <\n    I,\n  >(j: I): K\n}",
    "type A = `in \\`${B}\\` of`;", "const a = b === null ? undefined : using;",
    "function f(using?: string) { if (using) g }",
    'export { t, type } from "./x";', "interface A {\n  a: string\n  in?: 'b'\n}",
    'import { type default as X } from "y";', 'import data from "./x.json" assert { type: "json" };',
])
def test_gaps_of_the_grammar_are_mended(code: str) -> None:
    parsed = lower(f"{code}\nconst after = env.DB;")
    assert parsed.errors == []
    assert not any(isinstance(node, tree.Unknown) for node in tree.walk(parsed.module))


@pytest.mark.parametrize("code", [
    'const [a, b] = useState<{\n  c: typeof import("x/y").c;\n  d: typeof import("z").d;\n} | null>(null);',
    'const a = <a href="mailto:b?subject=C d&body=I\'d like: [e]%0A">f</a>;',
    "const a = <div><b>C & d</b><ul>{rows.map((row) => (<li key={row}><b>Actions & e:</b> {row}</li>))}</ul></div>;",
])
def test_gaps_of_the_grammar_in_jsx_are_mended(code: str) -> None:
    parsed = lower(f"function f(): A & B {{\n  {code}\n  return a;\n}}\nconst after = env.DB;", ".tsx")
    assert parsed.errors == []
    literals = {node.value for node in tree.walk(parsed.module) if isinstance(node, tree.Literal)}
    assert all(part in code for part in literals if isinstance(part, str))


def test_many_places_of_a_file_are_mended() -> None:
    lines = "".join(f"<li><b>Read & write {n}:</b> {{a.b{n} && <i>{{`c${{d}}`}}</i>}}</li>\n" for n in range(40))
    code = f"export const Page = () => {{\n  return (<ul title=\"e&f\">{lines}</ul>);\n}};\nconst after = env.DB;"
    assert lower(code, ".tsx").errors == []


def test_call_signatures_beside_generic_arrow_functions() -> None:
    code = (
        "export const head: {\n  <S extends Top>(all: S[]): Head<S>\n  (): <S extends Top>(all: S[]) => Head<S>\n"
        "  <const T extends Top>(one: T): T\n} = dual(\n  2,\n  <S extends Top>(all: S[]): Head<S> => env.KV,\n)\n"
        "const make =\n  <T extends Top>(kind: T) =>\n  (other) => kind\n"
    )
    assert lower(code, "a.ts").errors == []


def test_gaps_keep_the_original_text() -> None:
    code = 'const a = await importOriginal<typeof import("./db")>();'
    assert only(code).value.value.types == 'typeof import("./db")'
    assert names(body("const using = 1; f(using, 2);")[1]) == ["f", "using"]
    parsed = lower("f('typeof import(\"x\")>', a b)")
    literals = [node.value for node in tree.walk(parsed.module) if isinstance(node, tree.Literal)]
    assert literals == ['typeof import("x")>']


def test_unsupported_syntax_says_so() -> None:
    parsed = lower('declare module "x" { export default function (): T; }')
    assert [message for _, _, message in parsed.errors] == ["unsupported syntax: a default export without a body"]


# Depth

CHAINS = [
    ("a" + "+a" * 20_000, tree.Binary), ("a" + ".b" * 20_000, tree.Member), ("a" + "\n.b()" * 5_000, tree.Call),
    ("a" + "[0]" * 5_000, tree.Member), ("a ? b : " * 5_000 + "c", tree.Conditional),
    ("(" * 10_000 + "1" + ")" * 10_000, tree.Literal),
    ("a" + "!" * 5_000, tree.Name), ("a" + ", a" * 5_000, tree.Binary),
]


@pytest.mark.parametrize(("code", "kind"), CHAINS, ids=[kind.__name__ + str(at) for at, (_, kind) in enumerate(CHAINS)])
def test_long_chains_are_lowered_whole(code: str, kind: type[tree.Node]) -> None:
    parsed = lower(code)
    assert parsed.errors == []
    assert isinstance(parsed.module.body[0], tree.ExprStmt)
    assert isinstance(parsed.module.body[0].value, kind)
    tree.link(parsed.module)


def test_a_long_else_if() -> None:
    parsed = lower("if (a) {}" + " else if (b) {}" * 5_000)
    assert parsed.errors == []
    assert sum(isinstance(node, tree.If) for node in tree.walk(parsed.module)) == 5_001


N = 3_000
DEEP = {
    "parentheses": "(a + " * N + "1" + ")" * N,
    "array": "[" * N + "]" * N,
    "arrow": "x => " * N + "1",
    "object": "x = " + "{ a: " * N + "1" + "}" * N,
    "not": "!" * N + "x",
    "block": "{" * N + "}" * N,
    "function": "function f() {" * N + "}" * N,
    "template": "`${" * N + "1" + "}`" * N,
    "assign": "a = " * N + "1",
    "augmented": "a += " * N + "b",
    "call": "f(" * N + ")" * N,
    "class": "class A { x = " * N + "1" + "}" * N,
    "method": "x = " + "{ a() { return " * N + "1" + "} }" * N,
    "if": "if (a) " * N + "b",
    "for": "for (;;) " * N + ";",
    "of": "for (a of b) " * N + ";",
    "while": "while (a) " * N + ";",
    "do": "do " * N + "a; " + "while (b); " * N,
    "try": "try {" * N + "} catch {}" * N,
    "switch": "switch (a) { case 1: " * N + "}" * N,
    "label": "".join(f"l{at}: " for at in range(N)) + "x",
    "await": "async () => " + "await " * N + "x",
    "yield": "function* f() { " + "yield " * N + "a }",
    "typeof": "typeof " * N + "a",
    "power": "a ** " * N + "a",
    "increment": "(" + "(++" * N + "a" + ")" * N + ")",
    "sequence": "(a, " * N + "b" + ")" * N,
    "pattern": "let " + "[" * N + "a" + "]" * N + " = b",
    "declaration": "let a = () => { " * N + "}" * N,
    "spread": "f(" + "...[" * N + "]" * N + ")",
    "as": "a" + " as b" * N,
    "satisfies": "a" + " satisfies b" * N,
    "cast": "<T>" * N + "a",
    "instantiation": "(" * 400 + "a" + "<T>)" * 400,
    "new": "new (" * N + "a" + ")()" * N,
    "namespace": "namespace a {" * N + "}" * N,
}


@pytest.mark.parametrize("name", DEEP)
def test_too_deep_is_said(name: str) -> None:
    parsed = lower(f"before(); {DEEP[name]}\n;after();")
    assert any(message.startswith(js_base.UNSUPPORTED) for _, _, message in parsed.errors)
    assert {"before", "after"} <= set(names(parsed.module))
    tree.link(parsed.module)


def test_too_deep_jsx() -> None:
    parsed = lower("const a = " + "<A>" * 3_000 + "</A>" * 3_000, ".tsx")
    assert any(message.startswith(js_base.UNSUPPORTED) for _, _, message in parsed.errors)
    parsed = lower("const a = " + "<A.b" + ".b" * 3_000 + " />", ".tsx")
    assert any(message.startswith(js_base.UNSUPPORTED) for _, _, message in parsed.errors) or parsed.errors == []


def test_little_stack_left() -> None:
    code = "ok(); " + "[" * 150 + "a" + "]" * 150 + "; after();"

    def at_depth(left: int) -> tree.Parsed:
        return at_depth(left - 1) if left else lower(code)

    whole = at_depth(0)
    assert whole.errors == []
    frames = sys.getrecursionlimit() - 230 - len(list(_frames()))
    cramped = at_depth(frames)
    assert any(message.startswith(js_base.UNSUPPORTED) for _, _, message in cramped.errors)
    assert {"ok", "after"} <= set(names(cramped.module))


def _frames() -> Iterator[object]:
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]


# Anything at all

SAMPLE = CLASS + """
import a, { b as c } from "./d"; export * from "e";
export default { async fetch(request, env) { return f(`x${env.DB}`) } };
for await (const { x = 1, ...y } of z) { if (a?.b) continue; else throw new E(1n); }
enum E { A, B = 2 } declare global { var KV: KVNamespace } interface Env extends F { DB: D1Database }
const el = <T,>(q: T) => q as unknown as U; try { await g() } catch (e) { switch (e) { case 1: h(); default: } }
"""


EXTENSIONS = st.sampled_from([".js", ".ts", ".tsx"])
PUNCTUATED = st.text(st.sampled_from("ab1 \n\t{}()[]<>=+-*/.,;:?!`'\"$#@&|\\é\N{GRINNING FACE}=>"), max_size=60)
EDITS = st.tuples(
    st.integers(0, len(SAMPLE)), st.integers(0, 30),
    st.sampled_from(["", "{", ")", "`", "a b", "<", "/*", "'", "=>", ";"]),
)


@settings(deadline=None, max_examples=150)
@given(PUNCTUATED, EXTENSIONS)
def test_any_text(code: str, extension: str) -> None:
    lower(code, extension)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    try:
        source = Source("a.ts", data)
    except UnreadableSource:
        return
    spans_hold(javascript.parse(source, "a.ts"))


@settings(deadline=None, max_examples=250)
@given(st.lists(EDITS, max_size=4), EXTENSIONS)
def test_mutations(edits: list[tuple[int, int, str]], extension: str) -> None:
    code = SAMPLE
    for at, length, put in edits:
        code = code[:at] + put + code[at + length :]
    parsed = lower(code, extension)
    tree.link(parsed.module)
    size = len(code.encode())
    assert all(0 <= start <= end <= size and message for start, end, message in parsed.errors)
    assert all(0 <= comment.start < comment.end <= size for comment in parsed.comments)


def test_sample_is_whole() -> None:
    assert lower(SAMPLE).errors == []


def test_names_that_begin_like_an_operator() -> None:
    text = (
        "export interface Status {\n  text: string\n  in_reply_to?: string\n  instanceof_2: number\n}\n"
        "type Pairs<T> = { [type in keyof T]: { type: type } }[keyof T]\nconst a = b\nin_reply(a)\n"
    )
    source = Source("a.ts", text.encode())
    parsed = javascript.parse(source, "a.ts")
    assert parsed.errors == []
    declared = next(
        node for node in tree.walk(parsed.module) if isinstance(node, tree.TypeDecl) and node.name == "Status"
    )
    assert list(declared.members) == ["text", "in_reply_to", "instanceof_2"]
    calls = [source.slice(node.start, node.end) for node in tree.walk(parsed.module) if isinstance(node, tree.Call)]
    assert calls == ["in_reply(a)"]
