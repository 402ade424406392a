"""Names to definitions, in the places where scopes differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.scopes import FileIndex, Scope, Symbol
from edgelint.syntax import tree
from tests.projects import project


def index(root: Path, text: str, path: str = "a.ts") -> FileIndex:
    """The index of one file that is read for its mention of env."""
    hint = "# env\n" if path.endswith(".py") else "// env\n"
    return project(root, {path: hint + text}).files[path].index


def kinds(found: FileIndex, name: str) -> list[str]:
    """How the last use of ``name`` gets its value; "global" when nothing defines it."""
    use = max(found.names[name], key=lambda node: node.start)
    symbol = found.resolve(use)
    return ["global"] if symbol is None else [d.kind for d in symbol.defs]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("const x = 1; x;", ["value"]), ("let x; x = 2; x;", ["value", "value"]),
        ("let x = 1; x += 2; x;", ["value", "augment"]),
        ("{ const x = 1; } x;", ["global"]), ("{ var x = 1; } x;", ["value"]),
        ("function f(x) { return x; }", ["param"]),
        ("function f({ a: [x] }) { return x; }", ["param"]), ("function f(...x) { return x; }", ["param"]),
        ('import x from "a"; x;', ["import"]), ('import * as x from "a"; x;', ["import"]), ("class x {} x;", ["class"]),
        ("function x() {} x;", ["function"]), ("const f = function x() { return x; };", ["function"]),
        ("try {} catch (x) { x; }", ["catch"]), ("try {} catch (x) {} x;", ["global"]),
        ("for (const x of y) { x; }", ["element"]), ("for (const x in y) { x; }", ["key"]),
        ("let x; for (x of y) { x; }", ["value", "element"]), ("for (x of y) { x; }", ["element"]),
        ("for (let x = 0; x < 1;) { x; }", ["value"]), ("for (var x of y) {} x;", ["element"]),
        ("f(); function f() { x = 1; } x;", ["value"]), ("const { a = x } = y;", ["global"]),
        ("[x] = y; x;", ["value"]), ("({ a: x, ...z } = y); x;", ["value"]),
    ],
)
def test_javascript(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert kinds(index(tmp_path, text), "x") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\nx\n", ["value"]), ("def f():\n    x = 1\nx\n", ["global"]), ("if y:\n    x = 1\nx\n", ["value"]),
        ("x = 0\ndef f():\n    global x\n    x = 1\n", ["value", "value"]),
        ("def f():\n    x = 0\n    def g():\n        nonlocal x\n        x = 1\n", ["value", "value"]),
        ("for x in y:\n    pass\nx\n", ["element"]), ("[x for x in y]\n", ["element"]),
        ("[x for x in y]\nx\n", ["global"]),
        ("try:\n    pass\nexcept E as x:\n    x\n", ["catch"]), ("import x\nx\n", ["import"]),
        ("class A:\n    x = 1\nx\n", ["global"]), ("x = 1\nx += 1\nx\n", ["value", "augment"]),
    ],
)
def test_python(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert kinds(index(tmp_path, text, "a.py"), "x") == expected


def test_a_base_is_looked_up_outside_of_the_class(tmp_path: Path) -> None:
    found = index(tmp_path, "class A {} class B extends A {}")
    (klass,) = [c for c in found.classes if c.name == "B"]
    base = klass.bases[0]
    assert isinstance(base, tree.Name)
    symbol = found.resolve(base)
    assert symbol is found.root.symbols["A"]
    assert repr(symbol) == "Symbol(A, 1 defs)"


def test_ambient_and_annotated(tmp_path: Path) -> None:
    found = index(tmp_path, "declare const KV: KVNamespace;\nconst db: D1Database = make();\nKV; db;")
    ambient, db = found.root.symbols["KV"], found.root.symbols["db"]
    assert (ambient.ambient, ambient.annotation) == (True, "KVNamespace")
    assert (db.ambient, db.annotation, db.declare) == (False, "D1Database", "const")
    assert [use.id for use in found.uses(db)] == ["db", "db"]


def test_the_innermost_scope(tmp_path: Path) -> None:
    found = index(tmp_path, "function f() { { const x = 1; return x; } }")
    (function,) = found.functions
    inner = found.scope_of(found.names["x"][-1])
    assert inner.node is not function
    assert inner.function_scope().node is function
    assert found.scope_of(found.module) is found.root
    outer = Scope(found.module, None, False)
    assert outer.function_scope() is outer
    assert isinstance(outer.define("a"), Symbol)
    assert outer.lookup("b") is None
