"""What is certain to run when a worker starts."""

from __future__ import annotations

import pytest

from edgelint.project.startup import Startup, truth
from edgelint.syntax import tree
from tests.expressions import code


def run(text: str, path: str = "a.ts") -> list[str]:
    """The calls that run at start, in order; "< f()" tells the call at module scope that leads to one."""
    here = code(text, path)
    return [
        here.text(step.node) + (f" < {here.text(step.call[0])}" if step.call is not None else "")
        for step in Startup(here.evaluator).steps(here.file) if isinstance(step.node, tree.Call)
    ]


@pytest.mark.parametrize(("text", "expected"), [
    ("a(); const x = b(); y.z = c();", ["a()", "b()", "c()"]),
    ("function f() { a(); }", []),
    ("function f() { a(); }\nf();", ["f()", "a() < f()"]),
    ("function f() { g(); }\nfunction g() { a(); }\nf();", ["f()", "g() < f()", "a() < f()"]),
    ("function f() { a(); }\nf(); f();", ["f()", "a() < f()", "f()"]),
    ("function* f() { a(); }\nf();", ["f()"]),
    ("(() => { a(); })();", ["(() => { a(); })()", "a()"]),
    ("(function* () { a(); })();", ["(function* () { a(); })()"]),
    ("((() => a()) as any)();", ["((() => a()) as any)()", "a()"]),
    ("[1].map((x) => a(x));", ["[1].map((x) => a(x))", "a(x)"]),
    ("later((x) => a(x));", ["later((x) => a(x))"]),
    ("new Promise((go) => a());", ["new Promise((go) => a())", "a()"]),
    ("class A { x = a(); static y = b(); constructor() { c(); } m() { d(); } }", ["b()"]),
    ("class A { x = a(); constructor() { c(); } }\nnew A();", ["new A()", "a() < new A()", "c() < new A()"]),
    ("class A { [a()]() {} }", ["a()"]),
    ("const f = c ? a : b;\nfunction a() { x(); }\nfunction b() { y(); }\nf();", ["f()"]),
    ("if (a()) b(); else c();", ["a()"]),
    ("if (true) b(); else c();", ["b()"]),
    ("if (false) b(); else c();", ["c()"]),
    ("if (false) b();", []),
    ("const x = a() ? b() : c();", ["a()"]),
    ("const x = 1 ? b() : c();", ["b()"]),
    ("a() && b(); c() || d();", ["a()", "c()"]),
    ("true && b(); false && c(); 0 || d(); 1 || e();", ["b()", "d()"]),
    ("typeof a();", []),
    ("try { a(); } catch { b(); } finally { c(); }", ["c()"]),
    ("try { a(); } finally { c(); }", ["a()", "c()"]),
    ("switch (a()) { case b(): c(); }", ["a()"]),
    ("for (let i = a(); b(); c()) { d(); }", ["a()", "b()", "d()"]),
    ("for (const x of a()) { b(); }", ["a()", "b()"]),
    ("while (a()) { b(); }", ["a()"]),
    ("function f() { if (x) return; a(); }\nf();", ["f()"]),
    ("function f() { if (true) return; a(); }\nf();", ["f()"]),
    ("function f() { if (false) return; a(); }\nf();", ["f()", "a() < f()"]),
    ("function f() { if (x) b(); a(); }\nf();", ["f()", "a() < f()"]),
    ("function f() { for (const x of y) { return; } a(); }\nf();", ["f()"]),
    ("function f() { return a(); b(); }\nf();", ["f()", "a() < f()"]),
    ("import x from 'y';\nexport const z = a();", ["a()"]),
])
def test_calls_at_start(text: str, expected: list[str]) -> None:
    assert run(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("@a()\ndef f(x=b()): c()\n", ["a()", "b()"]),
    ("class A:\n    x = a()\n    y: int = b()\n    def f(self): c()\n", ["a()", "b()"]),
    ("class A:\n    x = 1\n    def __init__(self): c()\nA()\n", ["A()", "c() < A()"]),
    ("x = [a(y) for y in b()]\n", ["b()", "a(y)"]),
    ("x = (a(y) for y in b())\n", []),
    ("if __name__ == '__main__':\n    a()\n", []),
])
def test_python_at_start(text: str, expected: list[str]) -> None:
    assert run(text, "a.py") == expected


def test_calls_are_entered_so_deep_and_no_further() -> None:
    text = "".join(f"function f{n}() {{ f{n + 1}(); }}\n" for n in range(12)) + "f0();"
    found = run(text)
    assert found[0] == "f0()"
    assert 4 < len(found) < 12
    deep = run("const x = " + "(" * 200 + "a()" + ", b())" * 200 + ";")
    assert set(deep) == {"b()"}
    assert 100 < len(deep) < 200


def test_a_file_is_walked_once() -> None:
    here = code("a();")
    startup = Startup(here.evaluator)
    assert startup.steps(here.file) is startup.steps(here.file)


@pytest.mark.parametrize(("test", "expected"), [
    ("true", True), ("0", False), ("'x'", True), ("!0", True), ("!x()", None), ("(1 as any)", True), ("x()", None),
    ("client", False), ("!client", True), ("ready", False), ("filled", None), ("count", None), ("setThere", None),
    ("destructured", None),
    ("client === undefined", True), ("client == null", True), ("null !== client", False), ("client === x()", None),
    ("filled === null", None),
    ("1 && client", False), ("x() && client", False), ("x() && 1", None), ("1 && 2", True), ("0 || client", False),
    ("x() || 1", True),
    ("x() || 0", None), ("x.y", None), ("unknown", None), ("later", None),
])
def test_tests_that_have_one_outcome_at_start(test: str, expected: bool | None) -> None:
    text = (
        "let client; let ready = false; let filled = made(); let count = 5; let setThere; setThere = made();\n"
        "const { destructured } = made(); declare const later: any;\nfunction f() { client = made(); ready = true; }\n"
    )
    here = code(f"{text}if ({test}) {{}}")
    (node,) = here.nodes(tree.If)
    assert truth(node.test, here.file) is expected


def test_a_variable_of_a_function_is_not_empty_at_start() -> None:
    here = code("function f() { let client; if (client) {} }")
    (node,) = here.nodes(tree.If)
    assert truth(node.test, here.file) is None
