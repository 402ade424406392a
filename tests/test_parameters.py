"""What a parameter may be: by annotation, by the calls that are known, by the callback it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.atoms import Inst
from edgelint.project.frames import Frame
from edgelint.syntax import tree
from tests.expressions import code
from tests.projects import TOML, probed, project, words


def inside(text: str, path: str = "a.ts") -> str:
    """What the last ``result`` in ``text`` is."""
    return words(code(text, path).value())


@pytest.mark.parametrize(("parameter", "expected"), [
    ("x: number", "number .."), ("x: 'a' | 'b'", "safe literal type"), ("x: keyof typeof MAP", "safe literal type"),
    ("x: KVNamespace", "kv"), ("x: Env", "env"), ("x: Context<{ Bindings: Env }>", "hono-context"),
    ("x: Side", "safe literal type"),
    ("x: Self", "unknown param"), ("x: Free", "unknown param"), ("x", "unknown param"), ("x = 5", "5 | unknown param"),
    ("x: number = 5", "5 | number .."), ("{ x }", "unknown other"), ("...x", "unknown param"), ("x: URL", "url"),
])
def test_by_annotation(parameter: str, expected: str) -> None:
    text = "type Side = 'asc' | 'desc';\ntype Self = Self;\ntype Free = string;\n"
    assert inside(f"{text}export function f({parameter}) {{ const result = x; }}") == expected


@pytest.mark.parametrize(("declared", "call", "expected"), [
    ("x", "f(1); f('a');", "'a' | 1"), ("x, y", "f(1);", "1"), ("y, x", "f(1);", "None"), ("y, x = 3", "f(1);", "3"),
    ("y, x", "f(...made(), 2);", "unknown param"), ("x", "f(...made()); f(4);", "4"),
    ("...x", "f(1, 2);", "list of (1 | 2)"),
    ("y, ...x", "f(1);", "list of (nothing)"), ("x: number", "f(made());", "number .."),
    ("x: number", "f(made()); f(3);", "3"),
    ("x: string", "f(made());", "unknown other"), ("x: D1Database", "f(made());", "d1"), ("{ x }", "f({ x: 7 });", "7"),
    ("{ x = 2 }", "f({ x: null });", "2"), ("x = 4", "f(undefined);", "4 | None"),
])
def test_by_known_calls(declared: str, call: str, expected: str) -> None:
    assert inside(f"function f({declared}) {{ const result = x; }}\n{call}") == expected


@pytest.mark.parametrize(("declared", "call", "expected"), [
    ("x", "f(1)", "1"), ("x = 3", "f(null)", "None"), ("x = 3", "f(a ? null : 4)", "4"), ("x = 3", "f()", "3"),
    ("y, x", "f(1)", "None"),
    ("...x", "f(1, 'a')", "list of ('a' | 1)"), ("...x", "f(...[1])", "unknown param"),
    ("x: KVNamespace", "f(made())", "kv"),
    ("x: number", "f(made())", "number .."), ("x: number", "f(5)", "5"), ("x: string", "f(made())", "unknown other"),
    ("y, x", "f(...made())", "unknown param"),
])
def test_in_the_call_at_hand(declared: str, call: str, expected: str) -> None:
    assert inside(f"function f({declared}) {{ return x; }}\nconst result = {call};") == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("[1, 2].map((x) => { const result = x; })", "1 | 2"),
    ("[1, 2].forEach((y, x) => { const result = x; })", "number 0.."),
    ("[1, 2].forEach((y, z, x) => { const result = x; })", "unknown param"),
    ("[1, 2].reduce((y, x) => { const result = x; })", "1 | 2"),
    ("[1, 2].reduce((y, z, x) => { const result = x; })", "number 0.."),
    ("[1, 2].sort((x, y) => { const result = y; })", "1 | 2"),
    ("Promise.resolve(5).then((x) => { const result = x; })", "5"),
    ("Promise.resolve(5).then((y, x) => { const result = x; })", "unknown param"),
    ("[1, 2].weird((x) => { const result = x; })", "unknown param"),
    ("made((x) => { const result = x; })", "unknown param"),
    ("made(1, (x) => { const result = x; })", "unknown param"),
    ("[1].map((x = 9) => { const result = x; })", "1 | 9"),
])
def test_of_callbacks(expression: str, expected: str) -> None:
    assert inside(f"{expression};") == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("def f(a, x): result = x\nf(1, x=2)\n", "2"),
    ("def f(**x): result = x\nf(a=1)\n", "unknown keywords"),
    ("def f(**x): result = x\nf(**{'a': 1})\n", "object | unknown keywords"),
    ("def f(*x): result = x\nf(1, *l)\n", "list of (1 | unknown other)"),
    ("class A:\n    def f(self, x): result = self\n", "instance of A"),
    ("def f(x: int): result = x\n", "number .."),
    ("def f(x: bool): result = x\n", "number .."),
    ("f = lambda x: (result := x)\nf(3)\n", "3"),
])
def test_python(text: str, expected: str) -> None:
    assert inside(text, "a.py") == expected


def test_members_by_type(tmp_path: Path) -> None:
    made = project(tmp_path, {
        "wrangler.toml": TOML,
        "src/index.ts": (
            "import type { Sort as Order } from './types';\nimport { Sort } from './all';\n"
            "import type { Gone } from './gone';\n"
            "export default { fetch(r, env: Env) { env.DB.prepare('x'); } };\n"
            "export function a(o: Order) { probe(o.dir); probe(o.by); probe(o.none); }\n"
            "export function b(o: Sort) { probe(o.dir); }\n"
            "export function c(o: { readonly dir?: 'up' | 'down', n: number }) {"
            " probe(o.dir); probe(o.n); probe(o.z); }\n"
            "export function d(o: Gone) { probe(o.dir); }\nexport function e(o) { probe(o.dir); }"
        ),
        "src/all.ts": "export * from './types';\nexport { Sort as Other } from './types';",
        "src/types.ts": "export interface Sort { dir: 'asc' | 'desc'; by: string; }",
    })
    assert probed(made) == [
        "safe literal type", "unknown other", "unknown other", "safe literal type", "safe literal type", "number ..",
        "unknown other", "unknown other", "unknown other",
    ]


@pytest.mark.parametrize(("text", "expected"), [
    ("function f(x) {}\nf(1); f(2, 3); f(...made()); f();", ["1", "2"]),
    ("function f(y, ...x) {}\nf(1, 2, 3); f(4);", ["2", "3"]),
    ("function f(y, x) {}\nf(1, 2);", ["2"]),
])
def test_given_by_every_call(text: str, expected: list[str]) -> None:
    here = code(text)
    param = here.function("f").params[-1]
    assert isinstance(param, tree.Param)
    given = here.evaluator.parameters.given(param, here.function("f"), None)
    assert [here.text(node) for node, file, frame in given if isinstance(node, tree.Node)] == expected


def test_given_by_the_call_at_hand() -> None:
    here = code("def f(a, x, *r): pass\nf(1, x=2)\nf(3, 4, 5)\n", "a.py")
    function = here.function("f")
    a, x, r = (p for p in function.params if isinstance(p, tree.Param))
    named, plain = here.call("f"), here.call("f", 1)

    def given(param: tree.Param, call: tree.Call) -> list[str]:
        args = [arg for arg in call.args if not isinstance(arg, tree.Keyword)]
        keywords = {arg.name: arg.value for arg in call.args if isinstance(arg, tree.Keyword)}
        frame = Frame(function, list(args), keywords, False, here.file, None, None, call)
        found = here.evaluator.parameters.given(param, function, frame)
        return [here.text(node) for node, _, _ in found if isinstance(node, tree.Node)]

    assert (given(a, named), given(x, named), given(r, named)) == (["1"], ["2"], [])
    assert (given(a, plain), given(x, plain), given(r, plain)) == (["3"], ["4"], ["5"])
    every = [here.text(n) for n, _, _ in here.evaluator.parameters.given(x, function, None) if isinstance(n, tree.Node)]
    assert every == ["2", "4"]


def test_the_frame_of_a_constructor() -> None:
    here = code("class A { constructor(x) {} }\nclass B {}\nnew A(1); new B(2);")
    classes = {c.name: c for c in here.file.index.classes}
    parameters = here.evaluator.parameters
    frame = parameters.constructor_frame(Inst(classes["A"], here.file, here.call("A")))
    assert frame is not None
    assert frame.func is here.function("constructor")
    assert [here.text(arg) for arg in frame.args if isinstance(arg, tree.Node)] == ["1"]
    assert parameters.constructor_frame(Inst(classes["A"], here.file)) is None
    assert parameters.constructor_frame(Inst(classes["B"], here.file, here.call("B"))) is None
    elsewhere = tree.Call(0, 1, tree.Name(0, 1, "A"), [])
    assert parameters.constructor_frame(Inst(classes["A"], here.file, elsewhere)) is None


def test_a_parameter_of_nothing() -> None:
    here = code("x")
    param = tree.Param(0, 1, tree.Name(0, 1, "x"))
    assert words(here.evaluator.parameters.value(param, here.file, None)) == "unknown param"
    assert here.evaluator.parameters.member_by_type(param, "y") is None
