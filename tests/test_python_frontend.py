"""Python to the common tree: every construct with its exact span, and text of any kind without a crash."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgelint.source import Source
from edgelint.syntax import python, python_positions, python_strings, tree


def parse(text: str) -> tuple[Source, tree.Parsed]:
    source = Source("a.py", text.encode("utf-8"))
    return source, python.parse(source, "a.py")


def shape(source: Source, node: tree.Node) -> str:
    """A node as text: its class and what tells it apart, and the source it spans where it has no children."""
    at = source.slice(node.start, node.end)
    inner = ", ".join(shape(source, child) for child in node.children())
    match node:
        case tree.Name():
            return node.id if at == node.id else f"{node.id}@{at!r}"
        case tree.Literal():
            return f"{node.value!r}" if node.kind != "bytes" else f"bytes {node.value!r}"
        case tree.Member():
            return f"{node.name or ''}[{inner}]" if node.index is not None else f"({inner}).{node.name}"
        case tree.Binary() | tree.Unary():
            return f"{node.op}({inner})"
        case tree.Assign():
            return f"Assign{node.op}({inner})" + (f":{node.annotation}" if node.annotation else "")
        case tree.Keyword():
            return f"{node.name}={inner}"
        case tree.Array():
            return f"{node.kind}[{inner}]"
        case tree.Unknown():
            return f"Unknown:{node.what}({inner})"
        case tree.Property():
            return f"{node.key}: {inner}"
        case tree.Loop():
            return f"Loop:{node.kind}{'+async' if node.is_async else ''}({inner})"
        case tree.Comprehension():
            return f"Comp:{node.kind}({inner})"
        case tree.Jump():
            return node.kind
        case tree.Import():
            return f"Import:{'.' * node.level}{node.source}({inner})"
        case tree.ImportName():
            return f"{node.imported}>{node.local}"
        case _:
            return f"{type(node).__name__}({inner})"


def shapes(text: str) -> list[str]:
    source, parsed = parse(text)
    assert parsed.errors == []
    return [shape(source, node) for node in parsed.module.body]


def one(text: str) -> tuple[Source, tree.Node]:
    source, parsed = parse(text)
    assert parsed.errors == []
    node = parsed.module.body[0]
    return source, node.value if isinstance(node, tree.ExprStmt) else node


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"), ("None", "None"), ("True", "True"), ("...", "Unknown:ellipsis()"),
        ("1_000", "1000"), ("0x1F", "31"), ("1.5", "1.5"), ("2j", "'2j'"), ("9" * 5000, repr("9" * 5000)),
        ("'a' 'b'", "'ab'"), ("b'a' b'\\xff'", "bytes b'a\\xff'"), ("f'abc'", "'abc'"), ("''", "''"), ("f''", "''"),
        ("f'a{x}b{y!r}'", "Template('a', x, 'b', Call(repr@'', y))"),
        ("f'{x:>{w}.2f}'", "Template(Call(format@'', x, Template('>', w, '.2f')))"),
        ("f'{x!a:02d}{{}}'", "Template(Call(format@'', Call(ascii@'', x), '02d'), '{}')"),
        ("f'{x=}'", "Template('x=', Call(repr@'', x))"), ("f'{x=:d}'", "Template('x=', Call(format@'', x, 'd'))"),
        ("'a' f'b{x}' 'c'", "Template('ab', x, 'c')"), ("t'a{b}'", "Template(t, 'a', b)"), ("f'{x!s}'", "Template(x)"),
        ("rf'\\n{x}'", "Template('\\\\n', x)"), ("f'{f\"{x}\"}'", "Template(Template(x))"),
        ("a + b * c", "+(a, *(b, c))"), ("a - b - c", "-(-(a, b), c)"), ("a and b or c", "||(&&(a, b), c)"),
        ("not a", "!(a)"), ("-1", "-(1)"), ("~a", "~(a)"), ("a ** b // c % d @ e", "@(%(//(**(a, b), c), d), e)"),
        ("a << b >> c & d | e ^ f", "|(&(>>(<<(a, b), c), d), ^(e, f))"),
        ("a is not None", "!==(a, None)"), ("a is b", "===(a, b)"), ("a not in b", "not in(a, b)"),
        ("a != b", "!=(a, b)"),
        ("a < b <= c", "&&(<(a, b), <=(b, c))"), ("a < f() < c", "&&(<(a, Call(f)), <(Unknown:repeated(), c))"),
        ("a < b.c == 1 > 2", "&&(&&(<(a, (b).c), ==((b).c, 1)), >(1, 2))"),
        ("a if b else c", "Conditional(b, a, c)"), ("(a := 1)", "Assign=(a, 1)"),
        ("a.b.c", "((a).b).c"), ("a['k']", "k[a, 'k']"), ("a[0]", "[a, 0]"), ("a[1, 'x']", "[a, tuple[1, 'x']]"),
        ("a[1:2]", "[a, Unknown:slice(1, 2)]"), ("a[::3]", "[a, Unknown:slice(3)]"), ("a[1,]", "[a, tuple[1]]"),
        ("a[*b]", "[a, tuple[Spread(b)]]"),
        ("f(a, *b, k=1, **c)", "Call(f, a, Spread(b), k=1, Spread(c))"),
        ("f(x for x in y)", "Call(f, Comp:generator(Loop:of(x, y, Block()), x))"),
        ("[a, *b]", "list[a, Spread(b)]"), ("{a, b}", "set[a, b]"), ("(a, b)", "tuple[a, b]"), ("()", "tuple[]"),
        ("a,", "tuple[a]"),
        ("{'k': 1, x: 2, **d}", "Object(k: 1, None: x, 2, Spread(d))"), ("{}", "Object()"),
        ("[a for b in c if d if e for f in g]",
         "Comp:list(Loop:of(b, c, Block(ExprStmt(d), ExprStmt(e))), Loop:of(f, g, Block()), a)"),
        ("{a async for a in b}", "Comp:set(Loop:of+async(a, b, Block()), a)"),
        ("{k: v for k, v in i}", "Comp:dict(Loop:of(tuple[k, v], i, Block()), None: k, v)"),
        ("{**a for a in b}", "Comp:dict(Loop:of(a, b, Block()), Spread(a))"),
        ("lambda a, *b, c=1, **d: a", "Function(Param(a), Param(b), Param(c, 1), Param(d), a)"),
        ("(yield)", "Yield()"), ("(yield a)", "Yield(a)"), ("(yield from a)", "Yield(a)"), ("(await a)", "Await(a)"),
    ],
)  # fmt: skip
def test_expression(text: str, expected: str) -> None:
    source, node = one(text)
    assert shape(source, node) == expected
    inner = text[1:-1] if text.startswith("(") and not text.startswith(("(a, b", "()")) else text
    assert source.slice(node.start, node.end) == inner


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = b = 1", ["Assign=(a, Assign=(b, 1))"]), ("a, b = c", ["Assign=(tuple[a, b], c)"]),
        ("a += 1", ["Assign+=(a, 1)"]),
        ("a //= b", ["Assign//=(a, b)"]), ("a: int", ["Assign=(a):int"]), ("a: 'X[Y]' = 1", ["Assign=(a, 1):X[Y]"]),
        ("a.b: list[int] = c", ["Assign=((a).b, c):list[int]"]), ("a; b", ["ExprStmt(a)", "ExprStmt(b)"]), ("pass", []),
        ("del a, b.c", ["ExprStmt(delete(a))", "ExprStmt(delete((b).c))"]), ("del (a)", ["ExprStmt(delete(a))"]),
        ("assert a, b", ["If(!(a), Block(Throw(b)))"]), ("assert a", ["If(!(a), Block(Throw()))"]),
        ("raise", ["Throw()"]), ("raise A(b) from None", ["Throw(Call(A, b))"]), ("raise A from e", ["Throw(A)"]),
        ("raise A from f()", ["Throw(Unknown:raise-from(A, Call(f)))"]),
        ("global a, b", ["Unknown:global(a, b)"]), ("type X[T] = list[T]", ["TypeDecl()"]),
        ("import a.b as c, d", ["Import:a.b(*>c)", "Import:d(*>d)"]), ("import a.b", ["Import:a(*>a)", "Import:a.b()"]),
        ("from ..x.y import (z as w, v)", ["Import:..x.y(z>w, v>v)"]), ("from . import a", ["Import:.(a>a)"]),
        ("from a import *", ["Import:a(*>*)"]), ("from ... import x", ["Import:...(x>x)"]),
        ("if a: b\nelif c: d\nelse: e",
         ["If(a, Block(ExprStmt(b)), Block(If(c, Block(ExprStmt(d)), Block(ExprStmt(e)))))"]),
        ("while a:\n  break\nelse:\n  continue", ["Loop:while(a, Block(break), Block(continue))"]),
        ("for a, b in c: pass\nelse: d", ["Loop:of(tuple[a, b], c, Block(), Block(ExprStmt(d)))"]),
        ("async def f():\n  async for a in b: pass\n  async with a as b, c: pass\n  return 1\n  return",
         ["Function(Block(Loop:of+async(a, b, Block()), With(Assign=(b, a), c, Block()), Return(1), Return()))"]),
        ("try: a\nexcept (B, C) as e: d\nexcept: f\nelse: g\nfinally: h",
         [("Try(Block(ExprStmt(a)), Catch(tuple[B, C], e, Block(ExprStmt(d))), Catch(Block(ExprStmt(f))), "
           "Block(ExprStmt(g)), Block(ExprStmt(h)))")]),
        ("try: a\nexcept* B: c", ["Try(Block(ExprStmt(a)), Catch(B, Block(ExprStmt(c))))"]),
        ("with (a as b, c): d", ["With(Assign=(b, a), c, Block(ExprStmt(d)))"]),
        ("match a:\n  case 1 | None: b\n  case _: c\n  case x: d",
         ["Switch(a, Case(1, None, Block(ExprStmt(b))), Case(Block(ExprStmt(c))), Case(x, Block(ExprStmt(d))))"]),
        ("match a:\n  case {'k': [x, *r], **rest} if x: c",
         ["Switch(a, Case(Unknown:guard(Object(k: list[x, Spread(r)], Spread(rest)), x), Block(ExprStmt(c))))"]),
        ("match a:\n  case A.B(1, k=(2 | 3)) as y: c\n  case (1, *_): d",
         [("Switch(a, Case(Unknown:as(Call((A).B, 1, k=Unknown:or(2, 3)), y), Block(ExprStmt(c))), "
           "Case(tuple[1, Spread(_)], Block(ExprStmt(d))))")]),
        ("def f():\n  global a\n  def g():\n    nonlocal b",
         ["Function(Block(Unknown:global(a), Function(Block(Unknown:nonlocal(b)))))"]),
    ],
)  # fmt: skip
def test_statement(text: str, expected: list[str]) -> None:
    assert shapes(text) == expected


def test_function_and_its_parameters() -> None:
    text = """@d
@e.f(1)
async def é(a: "T", /, b=(1), *args: int, c: str = 'x', **kw) -> dict[str, int]:
    yield 1
"""
    source, node = one(text)
    assert isinstance(node, tree.Function)
    assert source.slice(node.start, node.end) == text.rstrip()
    assert source.slice(node.name_start, node.name_end) == node.name == "é"
    assert (node.kind, node.is_async, node.is_generator, node.returns) == ("function", True, True, "dict[str, int]")
    assert [source.slice(param.start, param.end) for param in node.params] == [
        'a: "T"', "b=(1)", "*args: int", "c: str = 'x'", "**kw",
    ]  # fmt: skip
    params = [param for param in node.params if isinstance(param, tree.Param)]
    assert [(param.annotation, param.rest, param.keyword_only) for param in params] == [
        ("T", "", False), (None, "", False), ("int", "*", False), ("str", "", True), (None, "**", False),
    ]  # fmt: skip
    assert [source.slice(one.start, one.end) for one in node.decorators] == ["d", "e.f(1)"]
    assert isinstance(node.body, tree.Block)
    assert source.slice(node.body.start, node.body.end) == "yield 1"


def test_bare_star_is_no_parameter() -> None:
    _, node = one("def f(*, a): pass")
    assert isinstance(node, tree.Function)
    assert [(param.rest, param.keyword_only) for param in node.params if isinstance(param, tree.Param)] == [("", True)]


def test_a_generator_is_the_function_that_yields() -> None:
    _, node = one("def f():\n  def g(): yield\n  h = lambda: (yield)\n  return g")
    assert isinstance(node, tree.Function)
    functions = [each for each in tree.walk(node) if isinstance(each, tree.Function)]
    assert [(each.name, each.is_generator) for each in functions] == [("f", False), ("g", True), ("", True)]


def test_class() -> None:
    text = """@deco
class A(B, c.D[int], metaclass=M):
    "doc"
    x: int = 1
    y: KV
    k = 2
    k.z = 3
    a = b = 4
    def __init__(self): self.v = 1
    @property
    def p(self): return 1
    @p.setter
    def p(self, v): ...
    @functools.cached_property
    def q(self): return 1
    @staticmethod
    def s(): ...
    @deco(1)
    async def m(self):
        inner = 1
        def n(): pass
    class Inner:
        z = 1
"""
    source, node = one(text)
    assert isinstance(node, tree.Class)
    assert source.slice(node.start, node.end) == text.rstrip()
    assert source.slice(node.name_start, node.name_end) == "A"
    assert [shape(source, base) for base in node.bases] == ["B", "[(c).D, int]"]
    assert node.base_types == [None, None]
    assert shape(source, node.members[0]) == "Unknown:keywords(metaclass=M)"
    fields = [member for member in node.members if isinstance(member, tree.Field)]
    assert [(one.name, one.annotation, one.is_static) for one in fields] == [("x", "int", False),
    ("y", "KV", False), ("k", None, True)]
    assert [source.slice(one.start, one.end) for one in fields] == ["x: int = 1", "y: KV", "k = 2"]
    methods = [member for member in node.members if isinstance(member, tree.Function)]
    assert [(one.name, one.kind, one.is_static) for one in methods] == [
        ("__init__", "constructor", False), ("p", "getter", False), ("p", "setter", False), ("q", "getter", False),
        ("s", "method", True), ("m", "method", False),
    ]  # fmt: skip
    inner = [each for each in tree.walk(node) if isinstance(each, tree.Function) and each.name == "n"]
    assert inner[0].kind == "function"
    assert [type(each) for each in tree.walk(methods[-1]) if isinstance(each, tree.Field)] == []


def test_methods_under_if_in_a_class_are_methods() -> None:
    _, node = one("class A:\n  if X:\n    def f(self): pass\n")
    assert [each.kind for each in tree.walk(node) if isinstance(each, tree.Function)] == ["method"]


def test_imports_span_what_they_name() -> None:
    source, parsed = parse("import a.b, cé as d\nfrom .. x . y import z as w, v\nfrom . import *\n")
    imports = [node for node in parsed.module.body if isinstance(node, tree.Import)]
    assert [(one.source, source.slice(one.source_start, one.source_end)) for one in imports] == [
        ("a", "a"), ("a.b", "a.b"), ("cé", "cé"), ("x.y", ".. x . y"), ("", "."),
    ]  # fmt: skip
    names = [name for one in imports for name in one.names]
    assert [source.slice(name.start, name.end) for name in names] == ["a", "cé as d", "z as w", "v", "*"]


def test_members_span_their_names() -> None:
    source, node = one("x . ünit ['k']")
    assert isinstance(node, tree.Member)
    assert source.slice(node.name_start, node.name_end) == "'k'"
    assert isinstance(node.obj, tree.Member)
    assert source.slice(node.obj.name_start, node.obj.name_end) == "ünit"


def test_parenthesized_parts_are_inside_their_parents() -> None:
    source, parsed = parse("x = ((a) . b) + (c)\ny = ((1, 2))\nz = (i for i in (j))\nf((k), m=(n))\n")
    values = [node.value for node in parsed.module.body if isinstance(node, tree.Assign) and node.value is not None]
    texts = [source.slice(value.start, value.end) for value in values]
    assert texts == ["((a) . b) + (c)", "(1, 2)", "(i for i in (j))"]
    last = parsed.module.body[-1]
    assert isinstance(last, tree.ExprStmt)
    assert isinstance(last.value, tree.Call)
    assert [source.slice(arg.start, arg.end) for arg in last.value.args] == ["k", "m=(n)"]


def test_comments() -> None:
    text = "#!x\na = [  # é one\n  1,\n]\n\n# two #\nif a:\n    pass\n    # three\ns = '# no' f'# {a}'\n"
    source, parsed = parse(text)
    assert [(one.text, source.slice(one.start, one.end)) for one in parsed.comments] == [
        ("!x", "#!x"), (" é one", "# é one"), (" two #", "# two #"), (" three", "# three"),
    ]  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_offsets_are_bytes_of_the_file(newline: str, bom: str) -> None:
    text = bom + newline.join(["ä = 'ü'  # é", "if ä:", "\tπ.ö('😀', naïve)", "", "  # c", "x = '''a", "b'''"])
    source, parsed = parse(text)
    assert parsed.errors == []
    assert parsed.module.start == len(bom.encode())
    names = [node for node in tree.walk(parsed.module) if isinstance(node, tree.Name)]
    assert [source.slice(name.start, name.end) for name in names] == ["ä", "ä", "π", "naïve", "x"]
    literals = [node for node in tree.walk(parsed.module) if isinstance(node, tree.Literal)]
    assert [source.slice(one.start, one.end) for one in literals[:2]] == ["'ü'", "'😀'"]
    assert literals[2].value == "a\nb"  # as Python reads it
    assert [source.slice(one.start, one.end) for one in parsed.comments] == ["# é", "# c"]


def test_what_libcst_loses_is_not_lost() -> None:
    """libcst drops a form feed in front of a statement and the space between ``except (A)`` and its colon."""
    text = "\x0cx = 1\n\x0c\n\x0c# c\ndef f():\n    try: a\n    except (A, B) :\n        b\n\x0cdef g(): pass\ny = 2\n"
    source, parsed = parse(text)
    names = [node for node in tree.walk(parsed.module) if isinstance(node, tree.Name)]
    assert [source.slice(name.start, name.end) for name in names] == ["x", "a", "A", "B", "b", "y"]
    assert [source.slice(one.start, one.end) for one in parsed.comments] == ["# c"]


def test_text_that_libcst_would_not_write_again_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    write = python_positions.Positions.add_token
    monkeypatch.setattr(
        python_positions.Positions, "add_token", lambda self, value: write(self, "other" if value == "lost" else value)
    )
    source, parsed = parse("é = 1\nlost = 2\n")
    assert parsed.module.body == []
    assert [(source.position(start), message) for start, _, message in parsed.errors] == [
        ((2, 1), "the parser loses this text: not analysed")
    ]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("x = (1,\n  2\n\ny = 3\n", 1, 5), ("def f(:\n pass\n", 1, 7), ("x = 'abc\n", 1, 5), ("if a:\nx\n", 2, 1),
        ("é = $\n", 1, 5), ("x = 1 +\n", 1, 8), ("f(a b)\n", 1, 3), ("a\nx = = 2", 2, 5),
        ("def f():\n  return\n x\n", 3, 3),
        ("\ufeffé = (", 1, 5), ("a\r\nb = 'é'\rc = (\r", 3, 5), ("x = [1, 2\nclass A: pass\n", 1, 5),
        ("a = 0777\n", 1, 5),
        ("'''abc", 1, 1), ("\\", 1, 2), ("class\n", 1, 6),
    ],
)  # fmt: skip
def test_a_syntax_error_has_its_place(text: str, line: int, column: int) -> None:
    source, parsed = parse(text)
    assert parsed.module.body == []
    assert parsed.comments == []
    ((start, end, message),) = parsed.errors
    assert source.bom <= start <= end <= len(source.data)
    assert message
    assert "\n" not in message
    found = source.position(start)
    # CPython's own parser has a word in it, and its versions differ in the column of some mistakes.
    assert found[0] == line or "never closed" in message
    if sys.version_info[:2] == (3, 11) and "(:" not in text:
        assert found == (line, column)


def test_errors_that_only_libcst_or_only_python_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_second_opinion", lambda text: None)
    for text, at in (("a\nx = (1 2)\n", 9), ("def f()\n  pass\n", 7), ("class\n", 5), ("é = 1 é\n", 7)):
        _, parsed = parse(text)
        assert [(start, message) for start, _, message in parsed.errors] == [(at, "invalid syntax")]
    _, parsed = parse("a = $\n")
    assert [start for start, _, _ in parsed.errors] == [0]


DEEP = {
    "brackets": "(" * 300 + ")" * 300, "calls": "f(" * 5000, "plus": "a" + "+a" * 5000, "members": "a" + ".b" * 30000,
    "called": "a" + "()" * 30000, "lambdas": "lambda: " * 4000 + "1", "elif": "if a: b\n" + "elif a: b\n" * 4000,
    "not": "not " * 40000 + "a", "pattern": "match a:\n  case " + "[" * 9 + "]" * 9 + ": b\n",
    "del": "del " + "(" * 17 + "a" + ",)" * 17,
    "f-strings": "f'{" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("name", DEEP)
def test_what_is_too_deep_is_said(name: str) -> None:
    source, parsed = parse("é = 1\n" + DEEP[name])
    assert parsed.module.body == []
    ((start, _, message),) = parsed.errors
    assert message == "too deeply nested to be analysed"
    assert source.position(start)[0] >= 2


LONG = {
    "plus": "a" + "+a" * 1200, "not": "not " * 1200 + "a",
    "brackets": "[" * 190 + "]" * 190, "elif": "if a: b\n" + "elif a: b\n" * 1200,
    "members": "a" + ".b" * 1200, "strings": "x = " + "'a' " * 1200,
    "table": "[" + "-1, not a, f(lambda: b.c)," * 700 + "]",
    "statements": "a.b().c(); " * 1600, "call": "case(f(g(h(1))))\ncase = [[[[[[[[[[1]]]]]]]]]]\n",
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
def test_what_is_only_long_is_read(name: str) -> None:
    limit = sys.getrecursionlimit()
    _, parsed = parse(LONG[name])
    assert parsed.errors == []
    assert parsed.module.body
    assert sys.getrecursionlimit() == limit


def test_a_stack_that_is_too_small_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_DEEP", 100)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)  # the analysis of a project may have raised it
    try:
        _, parsed = parse("not " * 1200 + "a")
    finally:
        sys.setrecursionlimit(limit)
    assert [message for _, _, message in parsed.errors] == ["too deeply nested to be analysed"]


def test_a_mistake_of_the_parser_is_an_error_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    import libcst

    def fail(text: str) -> None:
        raise TypeError("inside")

    monkeypatch.setattr(libcst, "parse_module", fail)
    _, parsed = parse("a = 1\n")
    assert parsed.errors == [(0, 5, "the parser failed: TypeError")]


def test_new_nodes_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    import libcst

    from edgelint.syntax.python_statements import Statements

    statements = {key: value for key, value in Statements.STATEMENTS.items() if key is not libcst.Return}
    monkeypatch.setattr(Statements, "STATEMENTS", statements)
    expressions = {key: value for key, value in Statements.EXPRESSIONS.items() if key is not libcst.Lambda}
    monkeypatch.setattr(Statements, "EXPRESSIONS", expressions)
    assert shapes("return 1\nx = lambda: 1") == ["Unknown:Return()", "Assign=(x, Unknown:Lambda())"]


@pytest.mark.parametrize("text", ["", "\n", "   ", "# c", "\ufeff"])
def test_nothing(text: str) -> None:
    _, parsed = parse(text)
    assert parsed.errors == []
    assert parsed.module.body == []
    assert parsed.language == "python"


ESCAPED = st.lists(
    st.sampled_from(["\\n", "\\\\", "\\x41", "\\u00e9", "\\U0001F600", "\\101", "\\0", "\\d", "\\N{DIGIT ONE}",
                     "\\\n", "a", "é", "\\a"]),
    max_size=8,
).map("".join)


@given(ESCAPED, st.sampled_from(["", "r", "R", "u", "b", "rb", "Br"]), st.sampled_from(["'", '"', "'''", '"""']))
def test_string_values_are_those_of_python(body: str, prefix: str, quote: str) -> None:
    if "b" in prefix.lower():
        body = body.replace("é", "e")
    if quote in ("'", '"') and "r" in prefix.lower():
        body = body.replace("\\\n", "")
    literal = f"{prefix}{quote}{body}{quote}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = ast.literal_eval(literal)
        except SyntaxError:
            return
    assert python_strings.evaluate(literal) == expected


@pytest.mark.parametrize("literal", ["'\\N{NO SUCH NAME}'", "'\\ud800'", "'\\x4'", "'\\U00110000'", "b'\\xg'", "b'é'"])
def test_a_broken_escape_keeps_the_text(literal: str) -> None:
    assert python_strings.evaluate(literal) is None
    if not literal.startswith("b'é") and "x" not in literal:
        _, node = one(literal)
        assert isinstance(node, tree.Literal)
        assert node.value == literal[1:-1]


def test_an_f_string_with_a_broken_escape_keeps_its_text() -> None:
    assert shapes("f'\\ud800{x}'") == ["ExprStmt(Template('\\\\ud800', x))"]


def test_libcst_is_imported_only_to_parse() -> None:
    code = "import sys; import edgelint.syntax.python; sys.exit('libcst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def check_invariants(text: str) -> None:
    source, parsed = parse(text)
    for node in tree.walk(parsed.module):
        assert source.bom <= node.start <= node.end <= len(source.data)
        if node.parent is not None:
            assert node.parent.start <= node.start
            assert node.end <= node.parent.end
        if isinstance(node, tree.Name) and node.start != node.end:
            assert source.slice(node.start, node.end) == node.id
    for comment in parsed.comments:
        assert source.slice(comment.start, comment.end) == "#" + comment.text
    for start, end, message in parsed.errors:
        assert source.bom <= start <= end <= len(source.data)
        assert message


PIECES = st.sampled_from(
    ["def f(a, b=1):", "class A(B):", "if a:", "else:", "for x in y:", "return", "yield", "await ", "lambda x: ",
     "x", "1", "'s'",
     'f"{x!r:>{w}}"', "(", ")", "[", "]", "{", "}", ",", ":", "=", ":=", "+", "**", "*", ".", " in ", " not ",
     " if ", " else ",
     "\n", "\n    ", "\n        ", "\r\n", "\t", "\x0c", "\\\n", "# c\n", "é", "😀", "import a.b",
     "from . import c", "@d\n",
     "match x:\n case {'a': [b, *c]} if d: pass\n", "try:", "except* A as e:", "finally:", "with a as b:",
     "global z", ";", "..."]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    check_invariants(text)


@given(st.text(max_size=40).filter(lambda text: "\0" not in text and text.isprintable()))
def test_any_printable_text(text: str) -> None:
    check_invariants(text)


def test_this_package_is_read() -> None:
    from pathlib import Path

    import edgelint

    for path in sorted(Path(edgelint.__file__).parent.joinpath("syntax").glob("python_s*.py")):
        text = path.read_text(encoding="utf-8")
        check_invariants(text)
        assert parse(text)[1].errors == []
