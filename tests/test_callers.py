"""Which calls run a function: by its names, through imports, as a method, as a constructor."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.atoms import ClassRef, Func
from edgelint.project.callers import is_bound_python, is_self
from edgelint.syntax import tree
from tests.expressions import Code, code
from tests.projects import TOML, function, project


def sites(here: Code, wanted: tree.Function) -> list[str]:
    """The text of each known call, with the number of parameters that come before its first argument."""
    return [f"{file.text(call)} {offset}" for file, call, offset in here.evaluator.parameters.callers(wanted)]


def first(here: Code) -> tree.Function:
    return min((f for f in here.file.index.functions), key=lambda f: f.start)


@pytest.mark.parametrize(("text", "expected"), [
    ("function f() {}\nf(1);\nother(2);", ["f(1) 0"]),
    ("const f = () => {};\nf(1); (f as any)(2);", ["f(1) 0", "(f as any)(2) 0"]),
    ("const f = (function () {}) as Handler;\nf(1);", ["f(1) 0"]),
    ("const o = { f: () => {} };\no.f(1); o.g(2);", ["o.f(1) 0"]),
    ("const o = { ['f']() {} };\no.f(1);", ["o.f(1) 0"]),
    ("const o: any = {}; o.f = () => {};\no.f(1);", ["o.f(1) 0"]),
    ("class A { f = () => {}; }\nnew A().f(1);", ["new A().f(1) 0"]),
    ("class A { f() {} }\nnew A().f(1); [].f(2);", ["new A().f(1) 0"]),
    ("class A { static f() {} }\nA.f(1);", ["A.f(1) 0"]),
    ("class A { constructor(x) {} }\nnew A(1); new B(2);", ["new A(1) 0"]),
    ("(function () {})(1);", []),
    ("function f() { f(2); }\nf(1);", ["f(2) 0", "f(1) 0"]),
    ("function f() {}\nfunction g(f) { f(1); }\ng(made());", []),
    ("class A { onlyHere() {} }\nfunction g(a) { a.onlyHere(1); }\ng(made());", ["a.onlyHere(1) 0"]),
    ("class A { onlyHere() {} }\nclass B { onlyHere() {} }\nfunction g(a) { a.onlyHere(1); }\ng(made());", []),
    ("class A { get() {} }\nfunction g(a) { a.get(1); }\ng(made());", []),
    ("class A { abstractly?(): void; }\nfunction g(a) { a.abstractly(1); }\ng(made());", []),
])
def test_calls_of_the_first_function(text: str, expected: list[str]) -> None:
    here = code(text)
    assert sites(here, first(here)) == expected


def test_a_constructor_is_inherited() -> None:
    here = code("class A { constructor(x) {} }\nclass B extends A {}\nclass Loop extends Loop {}\nnew B(1);")
    names = {c.name: c for c in here.file.index.classes}
    callers = here.evaluator.parameters.calls
    assert callers.constructor(ClassRef(names["B"], here.file)) is here.function("constructor")
    assert callers.constructor(ClassRef(names["Loop"], here.file)) is None
    assert callers.targets(here.call("B"), here.file) == {here.function("constructor"): 0}


@pytest.mark.parametrize(("text", "expected"), [
    ("class A:\n    def f(self, x): pass\nA().f(1)\n", ["A().f(1) 1"]),
    ("class A:\n    @staticmethod\n    def f(x): pass\nA.f(1)\n", ["A.f(1) 0"]),
    ("class A:\n    def __init__(self, x): pass\nA(1)\n", ["A(1) 1"]),
    ("def f(x): pass\nf(1)\n", ["f(1) 0"]),
    ("class A:\n    def only_here(self, x): pass\ndef g(a): a.only_here(1)\ng(made())\n", ["a.only_here(1) 1"]),
])
def test_python_methods_have_the_instance_first(text: str, expected: list[str]) -> None:
    here = code(text, "a.py")
    assert sites(here, first(here)) == expected


def test_self_is_the_first_parameter_of_a_method() -> None:
    text = "class A:\n    def f(self, x): pass\n    def g(this): pass\n    def h(): pass\ndef k(self): pass\n"
    here = code(text, "a.py")
    params = {
        name: [is_self(p, here.function(name)) for p in here.function(name).params if isinstance(p, tree.Param)]
        for name in ("f", "g", "h", "k")
    }
    assert params == {"f": [True, False], "g": [False], "h": [], "k": [False]}
    assert [n for n in ("f", "g", "h", "k") if is_bound_python(Func(here.function(n), here.file))] == ["f"]


def test_calls_through_other_names_of_imports(tmp_path: Path) -> None:
    made = project(tmp_path, {
        "wrangler.toml": TOML,
        "src/index.ts": (
            "import load, { save as store, late as later } from './db';\nimport * as db from './db';\n"
            "import drop from './drop';\nimport named from './named';\nimport nameless from './nameless';\n"
            "export default { fetch() { load(1); store(2); db.save(3); save(4); later(5);"
            " drop(6); named(7); nameless(8); } };"
        ),
        "src/db.ts": (
            "export default function start(x) {}\nexport function save(x) {}\nexport { put as late } from './put';"
        ),
        "src/put.ts": "export function put(x) {}",
        "src/drop.ts": "function remove(x) {}\nexport { remove as default };",
        "src/named.ts": "const arrow = (x) => {};\nexport default arrow;",
        "src/nameless.ts": "export default (x) => {};",
    })

    def calls(wanted: tree.Function) -> list[str]:
        return sorted(file.text(call) for file, call, _ in made.evaluator.parameters.callers(wanted))

    found = {name: calls(function(made, name)[1]) for name in ("start", "save", "put", "remove")}
    assert found == {
        "start": ["load(1)"], "save": ["db.save(3)", "store(2)"], "put": ["later(5)"], "remove": ["drop(6)"],
    }
    assert calls(made.files["src/named.ts"].index.functions[0]) == ["named(7)"]
    assert calls(made.files["src/nameless.ts"].index.functions[0]) == ["nameless(8)"]


def test_calls_are_asked_for_while_they_are_looked_for() -> None:
    # to know what g() is called on, the calls of g must be known
    here = code("class A { g(x) { return x; } }\nfunction start(y) { return y.g(y.g(new A())); }\nstart(new A());")
    assert sites(here, here.function("g")) == ["y.g(y.g(new A())) 0", "y.g(new A()) 0"]
