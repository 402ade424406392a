"""The JavaScript and TypeScript front-end: every construct, its exact spans."""

from __future__ import annotations

from typing import Any

import pytest

from edgelint.source import Source
from edgelint.syntax import javascript, tree
from edgelint.syntax.js_text import number, unescape
from edgelint.syntax.parse import EXTENSIONS, extension, parse_file
from tests.lowering import CLASS, body, lower, names, only, text, value

# Imports and exports


def test_imports() -> None:
    code = 'import a, { b as c, type D, default as e } from "./x" with { type: "json" };'
    node = only(code)
    assert isinstance(node, tree.Import)
    assert (node.source, node.is_type, node.level) == ("./x", False, 0)
    assert code[node.source_start : node.source_end] == '"./x"'
    found = [(n.imported, n.local, n.is_type) for n in node.names if isinstance(n, tree.ImportName)]
    assert found == [("default", "a", False), ("b", "c", False), ("D", "D", True), ("default", "e", False)]
    assert [text(code, name) for name in node.names] == ["a", "b as c", "type D", "default as e"]
    assert text(code, node) == code


@pytest.mark.parametrize(("code", "names_", "is_type"), [
    ('import "side"', [], False),
    ('import type T from "t"', [("default", "T")], True),
    ('import type { T } from "t"', [("T", "T")], True),
    ('import * as ns from "n"', [("*", "ns")], False),
    ('import x, * as ns from "n"', [("default", "x"), ("*", "ns")], False),
    ('import { "a-b" as c } from "n"', [("a-b", "c")], False),
    ('import q = require("n")', [("*", "q")], False),
    ('import type from "n"', [("default", "type")], False),
    ('import defer * as x from "n"', [("*", "x")], False),
])
def test_import_forms(code: str, names_: list[tuple[str, str]], is_type: bool) -> None:
    node = only(code)
    assert isinstance(node, tree.Import)
    assert node.is_type == is_type
    assert [(n.imported, n.local) for n in node.names if isinstance(n, tree.ImportName)] == names_


def test_import_alias_is_an_assignment() -> None:
    node = only("import A = B.C.D;")
    assert (node.declare, names(node), node.value.name) == ("const", ["A", "B"], "D")


@pytest.mark.parametrize(("code", "names_", "source", "is_type"), [
    ("export { a as b, type c, default };", [("a", "b"), ("c", "c"), ("default", "default")], None, False),
    ('export { a as "x y" } from "m";', [("a", "x y")], "m", False),
    ('export { a } from "m" with { type: "json" };', [("a", "a")], "m", False),
    ('export * from "m";', [("*", "*")], "m", False),
    ('export * as ns from "m";', [("*", "ns")], "m", False),
    ('export * as "n s" from "m";', [("*", "n s")], "m", False),
    ('export type { T } from "m";', [("T", "T")], "m", True),
    ('export type * from "m";', [("*", "*")], "m", True),
])
def test_export_lists(code: str, names_: list[tuple[str, str]], source: str | None, is_type: bool) -> None:
    node = only(code)
    assert isinstance(node, tree.Export)
    assert [(n.local, n.exported) for n in node.names if isinstance(n, tree.ExportName)] == names_
    assert (node.source, node.is_type, node.value, node.is_default) == (source, is_type, None, False)
    assert text(code, node) == code
    if source:
        assert code[node.source_start : node.source_end] == f'"{source}"'


@pytest.mark.parametrize(("code", "kind"), [
    ("export default function () {}", tree.Function), ("export default async function* f() {}", tree.Function),
    ("export default class {}", tree.Class), ("export default abstract class A {}", tree.Class),
    ("export default { fetch() {} }", tree.Object), ("export default (a, b);", tree.Binary),
    ("export default a satisfies B;", tree.Cast), ('export default "text";', tree.Literal), ("export = a;", tree.Name),
    ("export default interface A { a: 1 }", tree.TypeDecl), ("export default function f(): void;", tree.Function),
])
def test_default_exports(code: str, kind: type[tree.Node]) -> None:
    node = only(code)
    assert isinstance(node, tree.Export)
    assert node.is_default
    assert isinstance(node.value, kind)


def test_exported_declarations() -> None:
    nodes = body("export const a = 1, b = 2; export async function f() {} export type T = 1; export class C {}")
    assert [type(node.value).__name__ for node in nodes] == ["Assign", "Assign", "Function", "TypeDecl", "Class"]
    assert not any(node.is_default for node in nodes)
    assert body("export as namespace A;") == []
    assert only('export import q = require("n");').source == "n"


# Functions


def test_functions() -> None:
    code = "async function* walk<T>(a: T, { b, c = 1 }: P = {}, [d, , ...e], f?, ...rest: X[]): AsyncGenerator<T> {}"
    node = only(code)
    assert isinstance(node, tree.Function)
    assert (node.name, node.kind, node.is_async, node.is_generator, node.returns) == (
        "walk", "function", True, True, "AsyncGenerator<T>",
    )
    assert code[node.name_start : node.name_end] == "walk"
    params: list[Any] = node.params
    assert [(param.annotation, param.rest) for param in params] == [
        ("T", ""), ("P", ""), (None, ""), (None, ""), ("X[]", "*"),
    ]
    assert [text(code, param) for param in params] == [
        "a: T", "{ b, c = 1 }: P = {}", "[d, , ...e]", "f?", "...rest: X[]",
    ]
    assert isinstance(params[1].default, tree.Object)
    assert isinstance(params[1].target.props[1].value, tree.Assign)
    hole = params[2].target.items[1]
    assert (hole.kind, hole.value) == ("null", None)
    assert isinstance(params[2].target.items[2], tree.Spread)


@pytest.mark.parametrize("extension", [".js", ".ts"])
def test_javascript_parameters(extension: str) -> None:
    node = only("function f(a, b = 1, { c }, [d] = [], ...e) {}", extension)
    assert [(type(p.target).__name__, p.default is not None, p.rest) for p in node.params] == [
        ("Name", False, ""), ("Name", True, ""), ("Object", False, ""), ("Array", True, ""), ("Name", False, "*"),
    ]


@pytest.mark.parametrize(("code", "is_async", "params", "kind"), [
    ("x => y", False, 1, tree.Name), ("async x => y", True, 1, tree.Name), ("async => 1", False, 1, tree.Literal),
    ("() => {}", False, 0, tree.Block), ("async (a, b) => { return a }", True, 2, tree.Block),
    ("(a: T): R => ({ a })", False, 1, tree.Object), ("async <T>(x: T): Promise<T> => x", True, 1, tree.Name),
    ("/* c */ (a, /* d */ b) => /* e */ a", False, 2, tree.Name),
])
def test_arrows(code: str, is_async: bool, params: int, kind: type[tree.Node]) -> None:
    node = value(code)
    assert isinstance(node, tree.Function)
    assert (node.kind, node.is_async, len(node.params), node.name) == ("arrow", is_async, params, "")
    assert isinstance(node.body, kind)


def test_function_expressions_and_overloads() -> None:
    assert value("function* named() {}").is_generator
    assert value("async function () {}").is_async
    assert value("function async() {}").is_async is False
    overload, implementation = body("function f(a: string): void; function f(a: any) {}")
    assert overload.body is None
    assert isinstance(implementation.body, tree.Block)
    guard = only("function f(x: unknown): asserts x is string {}")
    assert guard.returns == "asserts x is string"
    assert only("function f(this: Window, a: string) {}").params[0].target.id == "a"


# Classes

def test_classes() -> None:
    node = only(CLASS)
    assert isinstance(node, tree.Class)
    assert (node.name, CLASS[node.name_start : node.name_end]) == ("Room", "Room")
    assert [base.id for base in node.bases if isinstance(base, tree.Name)] == ["DurableObject"]
    assert node.base_types == ["Env"]
    assert node.implements == ["A", "B.C<D>"]
    fields = [member for member in node.members if isinstance(member, tree.Field)]
    assert [(f.name, f.annotation, f.is_static, f.value is not None) for f in fields] == [
        ("a", "string", False, True), ("#count", None, True, True), ("e", "E", False, False),
        ("w", None, False, True), ("", "string", False, True), ("f", None, False, True),
    ]
    assert text(CLASS, fields[0]) == 'private readonly a?: string = "x"'
    assert [CLASS[f.name_start : f.name_end] for f in fields] == ["a", "#count", "e", "w", "x + 1", "f"]
    assert isinstance(fields[4].computed_key, tree.Binary)
    methods = [member for member in node.members if isinstance(member, tree.Function)]
    assert [(m.name, m.kind, m.is_static, m.is_async) for m in methods] == [
        ("constructor", "constructor", False, False), ("run", "method", False, True), ("size", "getter", False, False),
        ("size", "setter", True, False), ("later", "method", False, False), ("constant", "method", False, False),
        ("", "method", False, False), ("quoted name", "method", True, True), ("get", "method", False, False),
        ("async", "method", True, True), ("#secret", "method", False, False), ("over", "method", False, False),
        ("over", "method", False, False),
    ]
    assert [m.name for m in methods if m.body is None] == ["later", "over"]
    params: list[Any] = methods[0].params
    assert [(p.accessibility, p.annotation) for p in params] == [
        ("private", "D1Database"), ("readonly", None), ("protected", "Q"), ("public", None), ("", "P"),
    ]
    assert [names(decorator) for decorator in methods[0].decorators] == [["Inject", "X"]]
    assert text(CLASS, methods[1]).startswith("@log() async *run")
    assert (methods[1].is_generator, methods[1].returns) == (True, "AsyncIterable<T>")
    assert isinstance(methods[6].computed_key, tree.Call)
    assert methods[5].computed_key is None
    assert any(isinstance(member, tree.Block) for member in node.members)
    assert [names(m) for m in node.members if isinstance(m, tree.ExprStmt)] == [["field"]]


def test_javascript_classes() -> None:
    code = "@register class A extends (B, C) { static #y = 1; x; 'q' = 2; @dec() m() {} static { f() } @d() f = 1 }"
    node = only(code, ".js")
    assert node.base_types == [None]
    assert isinstance(node.bases[0], tree.Binary)
    assert [type(member).__name__ for member in node.members] == [
        "Field", "Field", "Field", "Function", "Block", "ExprStmt", "Field",
    ]
    assert names(node.members[3].decorators[0]) == ["dec"]
    assert [text(code, member) for member in node.members[5:]] == ["d()", "f = 1"] or node.members[6].name == "f"
    assert value("class extends A {}", ".js").name == ""


def test_class_forms() -> None:
    assert only("abstract class A<T> extends mix(B)<T> {}").is_abstract
    assert only("abstract class A<T> extends mix(B)<T> {}").base_types == ["T"]
    code = "@dec export class X {}"
    node = only(code)
    assert names(node.value.decorators[0]) == ["dec"]
    assert names(only("export @dec() class X {}").value.decorators[0]) == ["dec"]
    assert value("class Named {}").name == "Named"
    assert only("declare class A { m(): void }").members[0].body is None


# Variables and patterns


def test_declarations() -> None:
    code = 'const a = 1, { b, "c": [d = 2] }: T = e; let f: X; var g!: Y; using h = i(); await using j = k();'
    nodes = body(code)
    assert [(n.declare, n.annotation, n.op) for n in nodes] == [
        ("const", None, "="), ("const", "T", "="), ("let", "X", "="), ("var", "Y", "="),
        ("using", None, "="), ("using", None, "="),
    ]
    assert [text(code, n) for n in nodes][:3] == ["a = 1", '{ b, "c": [d = 2] }: T = e', "f: X"]
    assert [n.value is None for n in nodes] == [False, False, True, True, False, False]
    first, second = nodes[1].target.props
    assert (first.shorthand, first.value.id) == (True, "b")
    assert (second.key, code[second.key_start : second.key_end], second.shorthand) == ("c", '"c"', False)
    assert [n.declare for n in body("using h = i(); await using j = k();", ".js")] == ["using", "using"]


def test_patterns() -> None:
    node = only('const { ["k"]: l, [m()]: n = 1, o: { p }, ...rest } = q;')
    keyed, computed, nested, rest = node.target.props
    assert (keyed.key, keyed.key_node, keyed.value.id) == ("k", None, "l")
    assert (computed.key, type(computed.key_node).__name__, computed.value.op) == (None, "Call", "=")
    assert nested.value.props[0].key == "p"
    assert isinstance(rest, tree.Spread)
    swap = only("[a, b.c] = [b.c, a];")
    assert (type(swap).__name__, swap.declare, type(swap.target).__name__) == ("Assign", "", "Array")
    assert only("({ a: b.c = 1 } = d);").target.props[0].value.target.name == "c"


def test_assignments() -> None:
    code = "a ||= b; a.b >>>= 1; a = b = c; x++; --y; a /* c */ += /* d */ 1;"
    nodes = body(code)
    assert [n.op for n in nodes] == ["||=", ">>>=", "=", "+=", "-=", "+="]
    assert isinstance(nodes[2].value, tree.Assign)
    assert [(n.value.value, text(code, n.value)) for n in nodes[3:5]] == [(1, "++"), (1, "--")]
    assert text(code, nodes[4]) == "--y"


# Expressions


def test_members_and_calls() -> None:
    code = 'a?.b!["c"]?.[d]\n  // why\n  .e /* f */ ?.<T>(1, ...g)'
    node = value(code)
    assert (node.optional, node.types, len(node.args)) == (True, "T", 2)
    assert isinstance(node.args[1], tree.Spread)
    chain = []
    at: Any = node.func
    while isinstance(at, tree.Member):
        chain.append((at.name, at.optional, at.index is not None))
        at = at.obj
    assert chain == [("e", False, False), (None, True, True), ("c", False, True), ("b", True, False)]
    shifted = f"({code});"
    assert text(shifted, node) == code
    assert shifted[node.func.name_start : node.func.name_end] == "e"


@pytest.mark.parametrize("code", ["a.b", "a?.b", "a\n.b", "a. b", "a/* c */.b", "a.#b", "á.ñ", "a.$b", "(a).b", "a!.b"])
def test_member_names(code: str) -> None:
    wrapped = f"class A {{ static x = {code} }}"
    node = only(wrapped).members[0].value
    assert isinstance(node, tree.Member)
    data = Source("a.ts", wrapped.encode())
    assert data.slice(node.name_start, node.name_end) == node.name
    assert data.slice(node.start, node.end) == code
    assert node.optional == ("?." in code)


def test_calls() -> None:
    assert value("new A.B<T>(1)").types == "T"
    assert value("new A").args == []
    assert value("new A").is_new
    assert value("f<T, U>()").types == "T, U"
    assert value("f(/* nothing */)").args == []
    assert value("f(/* c */ a, // d\n b)").args[1].id == "b"
    assert value('import("./x")').func.id == "import"
    assert value('require("./x")').func.id == "require"
    assert value("a?.(1)", ".js").optional
    assert value("a?.(1)").optional
    assert not value("a(1)").optional
    assert value("super.m(1)").func.obj.id == "super"
    assert value("this.env.DB").obj.obj.id == "this"


def test_operators() -> None:
    code = "a + b * c ?? d"
    node = value(code)
    assert (node.op, node.left.op, node.left.right.op) == ("??", "+", "*")
    assert value("a /* x */ + /* y */ b").op == "+"
    assert value("a instanceof B").op == "instanceof"
    assert value("#p in a").left.id == "#p"
    assert (value("a, b, c").op, value("a, b, c").left.op) == (",", ",")
    signs = ["!", "-", "+", "~", "typeof", "void"]
    assert [value(f"{sign} a").op for sign in signs] == signs
    assert value("delete a.b").op == "delete"
    chosen = value("a ? b : c ? d : e")
    assert (chosen.test.id, chosen.other.then.id, chosen.other.other.id) == ("a", "d", "e")
    assert (value("a ? b : c /* x */").other.id) == "c"


def test_casts() -> None:
    code = "(a as unknown as { X: K }).X"
    node = value(code)
    assert (node.name, node.obj.annotation, node.obj.value.annotation) == ("X", "{ X: K }", "unknown")
    assert value("a as const").annotation == "const"
    assert value("a satisfies B<C>").annotation == "B<C>"
    assert value("<T>a").annotation == "T"
    assert value("a!").id == "a"
    assert value("((a))").id == "a"
    assert value("f<string>").id == "f"


@pytest.mark.parametrize(("code", "shape"), [
    ("await env.KV.get<User>(k)", "Await(Call)"), ("!f<T>(x)", "Unary(Call)"), ("a + f<T>(x)", "Binary(Call)"),
    ("!await f<A, B>(x)?.y", "Unary(Await)"), ("-a * f<T>(x)", "Binary(Call)"), ("typeof f<T>(x).y", "Unary(Member)"),
    ("await a as B", "Cast(Await)"), ("await f() as unknown as B", "Cast(Cast)"), ("!a satisfies B", "Cast(Unary)"),
    ("await (a as B)", "Await(Cast)"), ("(await f)<T>(x)", "Call(Await)"), ("await f<T>(x) as U", "Cast(Await)"),
    ("await /* c */ f<T>(x)", "Await(Call)"), ("await a /* c */ as B", "Cast(Await)"),
    ("await f<T>(1).g<U>(2)", "Await(Call)"),
    ("a + b * f<T>(x).y", "Binary(Binary)"), ("await this.sql<T | null>`x`", "Await(Template)"),
    ("-/* c */a", "Unary(Name)"), ("a || f<T>(x)", "Binary(Call)"),
])
def test_operators_stand_outside_calls_with_type_arguments(code: str, shape: str) -> None:
    node = value(code)
    inner = node.right if isinstance(node, tree.Binary) else node.func if isinstance(node, tree.Call) else node.value
    assert f"{type(node).__name__}({type(inner).__name__})" == shape
    assert text(f"({code})", node) == code


@pytest.mark.parametrize(("code", "grouped"), [
    ("a && b!.c === d", "(a && (b.c === d))"), ("(a && b)!.c === d", "((a && b).c === d)"),
    ("a || b && c!.d + 1 === 2", "(a || (b && ((c.d + 1) === 2)))"), ("a * f<T>(b) + c", "((a * f(b)) + c)"),
    ("a + b!.c * d", "(a + (b.c * d))"), ("a ?? b as T", "(a ?? <b>)"), ("(a ?? b) as T", "<(a ?? b)>"),
    ("a === b as T && c", "((a === <b>) && c)"), ("a + b as T", "<(a + b)>"), ("a && b! as T", "(a && <b>)"),
    ("a.b as A.B.C.D", "<a.b>"), ("a ?? (b ?? c) as T", "(a ?? <(b ?? c)>)"), ("a ?? b as A.B.C<D>", "(a ?? <b>)"),
])
def test_operators_group_as_the_language_says(code: str, grouped: str) -> None:
    def show(node: Any) -> str:
        if isinstance(node, tree.Binary):
            return f"({show(node.left)} {node.op} {show(node.right)})"
        if isinstance(node, tree.Member):
            return f"{show(node.obj)}.{node.name}"
        if isinstance(node, tree.Call):
            return f"{show(node.func)}({', '.join(map(show, node.args))})"
        if isinstance(node, tree.Cast):
            return f"<{show(node.value)}>"
        return str(node.value if isinstance(node, tree.Literal) else node.id)

    assert show(value(code)) == grouped


def test_await_before_a_parenthesis() -> None:
    nodes = body("export default { async fetch() { return { a: await (x), b: await (await c).d() + 1 } } }", ".js")
    first, second = nodes[0].value.props[0].value.body.body[0].value.props
    assert (type(first.value).__name__, first.value.value.id) == ("Await", "x")
    assert (type(second.value.left).__name__, second.value.left.value.func.name) == ("Await", "d")
    assert value("await()", ".js").func.id == "await"


def test_comments_after_a_statement_are_no_part_of_it() -> None:
    code = "import a from 'b' // 1\nif (c) return d // 2\nelse throw e /* 3 */\nfor (;;) f() // 4\ng() /* 5 */ // 6\n"
    statements = lower(code).module.body
    assert [text(code, node) for node in statements] == [
        "import a from 'b'", "if (c) return d // 2\nelse throw e", "for (;;) f()", "g()",
    ]
    inner = [node for node in tree.walk(statements[1]) if isinstance(node, tree.Return | tree.Throw)]
    assert [text(code, node) for node in inner] == ["return d", "throw e"]
    assert text("export const h = 1 // 7", only("export const h = 1 // 7")) == "export const h = 1"


def test_type_arguments_of_tagged_templates() -> None:
    code = "const rows = this.sql<{\n  id: number;\n  at: Map<string, () => void>;\n}>`\n  SELECT ${id}`;"
    node = only(code).value
    assert isinstance(node, tree.Template)
    assert (node.tag.name, names(node)) == ("sql", ["this", "id"])  # type: ignore[union-attr]
    assert value("`a <b>`").value == "a <b>"
    assert names(value("`a<b c=${d}>`")) == ["d"]
    assert names(only("const t = `${a}>`")) == ["t", "a"]
    assert lower("const a = { b: c }>`d`; e = f;g>`h`; const i = `" + "x" * 5_000 + ">`;").module.body
    assert value("`x > y>`").value == "x > y>"
    assert value("`(x<y(>`").value == "(x<y(>"


def test_meta_properties() -> None:
    assert (value("import.meta.url").obj.name, value("import.meta.url").obj.obj.id) == ("meta", "import")
    assert value("new.target").name == "target"


def test_await_and_yield() -> None:
    node = only("async function* f() { await a; yield; yield b; yield* c; return /* nothing */; }")
    first, bare, plain, delegated, back = node.body.body
    assert isinstance(first.value, tree.Await)
    assert bare.value.value is None
    assert (plain.value.value.id, delegated.value.value.id) == ("b", "c")
    assert back.value is None


def test_templates() -> None:
    code = "`a${b}${c + `d${e}`}\\n\\u{41}`"
    node = value(code)
    assert [type(part).__name__ for part in node.parts] == ["Literal", "Name", "Binary", "Literal"]
    assert node.parts[3].value == "\nA"
    assert text(f"({code})", node.parts[3]) == "\\n\\u{41}"
    plain = value("`SELECT\\t1`")
    assert (plain.kind, plain.value) == ("string", "SELECT\t1")
    assert value("`\\${a}`").value == "${a}"
    tagged = value("sql`x = ${y}`")
    assert (tagged.tag.id, len(tagged.parts)) == ("sql", 2)
    assert value("sql`x`").parts[0].value == "x"
    assert value("a.b<T | null>`x`").tag.name == "b"
    assert value("tag`\\${a}`").parts[0].value == "${a}"


@pytest.mark.parametrize(("code", "expected", "kind"), [
    ("42", 42, "number"), ("0", 0, "number"), ("1_000", 1000, "number"), ("0xFF", 255, "number"), ("0b11", 3, "number"),
    ("0o17", 15, "number"), ("017", 15, "number"), ("019", 19, "number"), ("1e3", 1000.0, "number"),
    (".5", 0.5, "number"),
    ("5.", 5.0, "number"), ("10n", 10, "bigint"), ("0x1Fn", 31, "bigint"),
    ("12345678901234567890123", 12345678901234567890123, "number"),
    ("true", True, "boolean"), ("false", False, "boolean"), ("null", None, "null"), ("/a[/]b/gi", "/a[/]b/gi", "regex"),
    ("'it\\'s'", "it's", "string"), ('"\\x41\\u0042\\u{43}\\104"', "ABCD", "string"), ('"a\\\nb"', "ab", "string"),
    ('"\\ud83d\\ude00"', "\N{GRINNING FACE}", "string"), ('"é\\n"', "é\n", "string"), ('""', "", "string"),
])
def test_literals(code: str, expected: object, kind: str) -> None:
    node = value(code, ".js")
    assert (node.value, node.kind) == (expected, kind)
    assert type(node.value) is type(expected)
    assert text(f"({code})", node) == code


def test_broken_escapes_and_numbers() -> None:
    assert unescape("\\u12 \\x1 \\u{110000}") == "\\u12 \\x1 \\u{110000}"
    assert unescape("\\400\\0\\8") == " 0\x008"
    assert unescape("\\ud83dx") == "\N{REPLACEMENT CHARACTER}x"
    assert number("1" * 5000) == ("1" * 5000, "number")
    assert number("0xZZ") == ("0xZZ", "number")


def test_undefined_is_a_name() -> None:
    assert value("undefined").id == "undefined"


# Objects and arrays


def test_objects() -> None:
    code = (
        'const o = { a, b: 1, "c d": 2, 3: 4, 1e3: 5, [e]: 6, ["f"]: 7, ...g, h() {}, get i() { return 1 },'
        " set i(v) {},"
        " async *j() {}, [k]() {}, async: 1 };"
    )
    props: list[Any] = only(code).value.props
    keys = [prop.key if isinstance(prop, tree.Property) else "..." for prop in props]
    assert keys == ["a", "b", "c d", "3", "1000", None, "f", "...", "h", "i", "i", "j", None, "async"]
    assert props[0].shorthand
    assert code[props[2].key_start : props[2].key_end] == '"c d"'
    assert (props[5].key_node.id, props[6].key_node) == ("e", None)
    assert [props[at].value.kind for at in (8, 9, 10, 11)] == ["method", "getter", "setter", "method"]
    assert props[11].value.is_generator
    assert props[11].value.is_async
    assert (props[12].key_node.id, props[12].value.computed_key) == ("k", None)
    assert text(code, props[8]) == "h() {}"
    commented = value("{ a: /* one */ 1, /* two */ b /* three */ : 2 }")
    assert [prop.key for prop in commented.props] == ["a", "b"]


def test_arrays() -> None:
    assert [type(item).__name__ for item in value("[a, , 'b', ...c]").items] == ["Name", "Literal", "Literal", "Spread"]
    assert len(value("[a, b,]").items) == 2
    assert len(value("[,]").items) == 1
    assert len(value("[a /* c */, // d\n b, ]").items) == 2
    assert value("[]").items == []


# Statements


def test_branches() -> None:
    code = "if (a) b(); else if (c) { d() } else e();"
    node = only(code)
    assert (text(code, node.then), text(code, node.other)) == ("b();", "if (c) { d() } else e();")
    inner = node.other.body[0]
    assert (type(inner).__name__, names(inner.other)) == ("If", ["e"])
    commented = only("if (x) // c\n{ } // d\nelse // e\n{ y }")
    assert names(commented.other) == ["y"]
    assert only("if (x) ;").then.body == []


def test_switch() -> None:
    node = only("switch (a) { case 1: case b: x(); break; /* c */ default: { y() } }")
    assert [len(case.tests) for case in node.cases] == [1, 1, 0]
    assert [len(case.body.body) for case in node.cases] == [0, 2, 1]
    assert node.cases[1].body.body[1].kind == "break"


def test_loops() -> None:
    nodes = body(
        "for await (const x of y) z(); for (const k in o) {} for (a.b of c); for (let i = 0, j = 1; i < 2; i++) {}"
        " for (;;) { continue } for (i = 0;;) {} while (a) b(); do { c } while (d); for (using u of v) {}"
        " for (await using u of v) {} for (let i = 0; i < 1;) break;"
    )
    assert [(n.kind, n.is_async) for n in nodes] == [
        ("of", True), ("in", False), ("of", False), ("for", False), ("for", False), ("for", False), ("while", False),
        ("do", False), ("of", False), ("of", False), ("for", False),
    ]
    assert (nodes[0].target.declare, nodes[0].target.value, nodes[0].iterable.id) == ("const", None, "y")
    assert nodes[2].target.name == "b"
    assert [at.target.id for at in nodes[3].init.body] == ["i", "j"]
    assert (nodes[3].test.op, nodes[3].update.op) == ("<", "+=")
    assert (nodes[4].init, nodes[4].test, nodes[4].update) == (None, None, None)
    assert nodes[5].init.op == "="
    assert nodes[7].test.id == "d"
    assert [n.target.declare for n in nodes[8:10]] == ["using", "using"]
    assert only("for (using u of v) {}", ".js").target.declare == "using"


def test_try_and_throw() -> None:
    node = only("try { a() } catch ({ message }: any) { throw b } /* c */ finally { d() }")
    assert isinstance(node.handlers[0].target, tree.Object)
    assert node.handlers[0].types is None
    assert isinstance(node.handlers[0].body.body[0], tree.Throw)
    assert names(node.final) == ["d"]
    assert only("try { a() } catch { b() }").handlers[0].target is None


def test_what_leaves_nothing() -> None:
    assert body(";;; debugger;") == []
    assert [type(n).__name__ for n in body("outer: for (;;) { break outer }")] == ["Loop"]
    assert body("#!/usr/bin/env node\nf()", ".js")[0].value.func.id == "f"
    assert isinstance(only("with (a) { b() }", ".js"), tree.Unknown)
    assert isinstance(only("{ a() }"), tree.Block)


# TypeScript's own declarations


def test_interfaces() -> None:
    code = (
        "interface Env<T> extends A<T>, B.C { DB: D1Database; readonly 'MY-KV'?: KVNamespace; m?(x: T): void;"
        " get g(): string; [key: string]: any; [computed]: X; new (x): Y; (): Z; none }"
    )
    node = only(code)
    assert (node.name, node.extends, node.text) == ("Env", ["A<T>", "B.C"], "")
    assert {name: member[0] for name, member in node.members.items()} == {
        "DB": "D1Database", "MY-KV": "KVNamespace", "m": "(x: T): void", "g": "(): string", "none": "",
    }
    assert node.optional == {"MY-KV", "m"}
    _, start, end = node.members["DB"]
    assert code[start:end] == "DB"


def test_type_aliases() -> None:
    nodes = body("type A = { X: K }; type B = A & ({ Y?: R } & C); type D = string | { no: 1 }; type E<T> = T[];")
    assert [(n.name, sorted(n.members), n.extends, n.text) for n in nodes] == [
        ("A", ["X"], [], ""), ("B", ["Y"], ["A", "C"], "A & ({ Y?: R } & C)"), ("D", [], [], "string | { no: 1 }"),
        ("E", [], [], "T[]"),
    ]
    assert nodes[1].optional == {"Y"}


def test_enums() -> None:
    node = only('export const enum E { A, B = 5, C, "d" = "x", E = f(), /* c */ G, H = -2, I }').value
    assert (node.declare, node.ambient) == ("enum", False)
    assert [(p.key, getattr(p.value, "value", None)) for p in node.value.props if p.key not in ("E", "G", "H")] == [
        ("A", 0), ("B", 5), ("C", 6), ("d", "x"), ("I", -1),
    ]
    assert isinstance(node.value.props[5].value, tree.Unknown)
    assert only("declare enum E { A }").ambient


def test_ambient_declarations() -> None:
    nodes = body(
        "declare const KV: KVNamespace; declare let a: 1, b: 2; declare function f(a: string): void;"
        " declare global { var X: K; interface Y { z: 1 } } declare module 'm' { export const c: 1; export { d } }"
        " declare module '*.sql';"
    )
    kv, a, b, function, everywhere, module = nodes
    assert (kv.ambient, kv.annotation, kv.value, kv.target.id) == (True, "KVNamespace", None, "KV")
    assert a.ambient
    assert b.ambient
    assert function.body is None
    assert [type(n).__name__ for n in everywhere.body] == ["Assign", "TypeDecl"]
    assert everywhere.body[0].ambient
    assert [type(n).__name__ for n in module.body] == ["Assign"]
    assert not only("let after: X").ambient


def test_namespaces() -> None:
    node = only("export namespace A.B { export const x = 1; function f() {} }")
    inner = node.value
    assert isinstance(inner, tree.Block)
    assert [type(n).__name__ for n in inner.body] == ["Assign", "Function"]
    assert isinstance(only("namespace A { const y = 2 }"), tree.Block)


# JSX


def test_jsx() -> None:
    code = (
        'const x = <Page.Main title="t" db={env.DB} {...rest} data-a={f()} ns:q="1" on el=<b/>>'
        "text {g} {/* c */} &amp; <></>"
        " <Item<T> /> <p>a & b</p><a href=\"?a=1&b=2&c=3\">l</a>{...kids}</Page.Main>;"
    )
    parsed = lower(code, ".tsx")
    assert parsed.errors == []
    assert [comment.text for comment in parsed.comments] == [" c "]
    element: Any = parsed.module.body[0]
    assert isinstance(element.value, tree.Unknown)
    assert not element.value.is_error
    assert names(element) == ["x", "Page", "env", "rest", "f", "g", "Item", "kids"]
    assert any(isinstance(node, tree.Call) for node in tree.walk(element))
    assert "?a=1&b=2&c=3" in [node.value for node in tree.walk(element) if isinstance(node, tree.Literal)]
    assert names(value("<div><Lower.x /></div>", ".jsx")) == ["Lower"]


# Comments


def test_comments() -> None:
    code = (
        "// one\nf(a /* two */, 'http://not.one'); /* three\n */ type T = { // four\n a: 1 /* five */ };\n"
        "import { b, /* six */ c } from 'd';\nconst r = /\\/\\//; const t = `// no ${/* seven */ x}`;"
        " let é = 1; // eight é"
    )
    parsed = lower(code)
    assert [comment.text for comment in parsed.comments] == [
        " one", " two ", " three\n ", " four", " five ", " six ", " seven ", " eight é",
    ]
    data = code.encode()
    for comment in parsed.comments:
        assert data[comment.start : comment.end].decode().strip("/*") == comment.text
    html = lower("<!-- old\nf();\n--> older\n", ".js")
    assert [comment.text for comment in html.comments] == [" old", " older"]


def test_many_marks_in_one_list() -> None:
    urls = ", ".join(['"http://x"'] * 500)
    parsed = lower(f"const urls = [{urls}];\nconst m = a // here\n + b; type T = A /* there */ | B; `//`")
    assert [comment.text for comment in parsed.comments] == [" here", " there "]


# Offsets


def test_offsets_are_bytes_of_the_file() -> None:
    code = "\ufeffconst é = '\N{GRINNING FACE}'; f(é, env.DB)"
    parsed = lower(code)
    source = Source("a.ts", code.encode())
    call: Any = parsed.module.body[1]
    assert source.slice(call.start, call.end) == "f(é, env.DB)"
    assert [source.slice(arg.start, arg.end) for arg in call.value.args] == ["é", "env.DB"]
    assert call.value.args[0].id == "é"
    assert (parsed.module.start, parsed.module.end) == (0, len(code.encode()))


@pytest.mark.parametrize(("path", "code", "language"), [
    ("a.js", "<T>x</T>", "javascript"), ("a.mjs", "import a from 'b'", "javascript"),
    ("a.cjs", "with (a) b", "javascript"), ("a.jsx", "<a/>", "javascript"), ("a.ts", "<T>x", "typescript"),
    ("a.mts", "let a: b", "typescript"), ("a.cts", "import a = require('b')", "typescript"),
    ("a.tsx", "<a/> as B", "typescript"), ("Makefile", "f()", "javascript"), ("a.TS", "let a: b", "typescript"),
])
def test_languages(path: str, code: str, language: str) -> None:
    parsed = javascript.parse(Source(path, code.encode()), path)
    assert (parsed.language, parsed.errors, parsed.path) == (language, [], path)


# Dispatch


def test_dispatch() -> None:
    assert parse_file("a.ts", Source("a.ts", b"let a: b")).language == "typescript"
    assert parse_file("a.vue", Source("a.vue", b"<script>f()</script>")).language == "javascript"
    assert parse_file("a.py", Source("a.py", b"x = 1\n")).language == "python"
    with pytest.raises(ValueError, match="no front-end"):
        parse_file("a.css", Source("a.css", b""))
    assert extension("a.b/c") == ""
    assert extension("x/y.TSX") == ".tsx"
    assert {".astro", ".py", ".mts"} <= EXTENSIONS


@pytest.mark.parametrize(
    "code",
    [
        "for (let i = 0; i < unique.length; i += 100) f(unique.slice(i));",
        "const unique = [...new Set(a)]; if (b < unique.size) g(unique);",
        "declare const key: unique symbol; if (b < unique.size) g(unique);",
    ],
)
def test_unique_is_a_name_beside_symbols(code: str) -> None:
    parsed = javascript.parse(Source("a.ts", code.encode()), "a.ts")
    assert not parsed.errors
    assert any(isinstance(n, tree.Name) and n.id == "unique" for n in tree.walk(parsed.module))
