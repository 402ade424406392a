"""What runs when a file is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.startup import truth
from edgelint.syntax import tree
from tests.projects import project

HANDLER = "\nexport default { async fetch(request, env) { return new Response(env.X); } };\n"


def run(root: Path, text: str, path: str = "src/index.js", files: dict[str, str] | None = None) -> list[str]:
    """The names of what is called as ``hit_...`` at start, with "<" and the calling text when a call leads there."""
    found = project(root, {path: text + ("" if path.endswith(".py") else HANDLER), **(files or {})})
    file = found.files[path]
    told = []
    for step in found.startup.steps(file):
        if isinstance(step.node, tree.Call) and isinstance(step.node.func, tree.Name):
            name = step.node.func.id
            if name.startswith("hit"):
                led = step.call
                told.append(name if led is None else f"{name} < {led[1].text(led[0])}")
    assert found.startup.steps(file) is found.startup.steps(file)
    return told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hit(); const a = [hit1(), { b: `x${hit2()}` }, ...hit3()];", ["hit", "hit1", "hit2", "hit3"]),
        ("export const a = hit(); export { a as b };", ["hit"]),
        ("function f() { hit(); }", []),
        ("function f() { hit(); } f();", ["hit < f()"]),
        ("function f() { g(); } function g() { hit(); } f(); f();", ["hit < f()"]),
        ("function f(n) { f(n - 1); hit(); } f(3);", ["hit < f(3)"]),
        ("(() => { hit(); })(); (function () { hit1(); })(); (function* () { hit2(); })();", ["hit", "hit1"]),
        ("const f = (x) => hit(x); f(1);", ["hit < f(1)"]),
        ("function* g() { hit(); } g();", []),
        ("[1].map((x) => hit(x)); Promise.resolve().then(() => hit1()); later(() => hit2());", ["hit"]),
        ("new Promise((resolve) => { hit(resolve); });", ["hit"]),
        ("class A { static a = hit(); b = hit1(); c() { hit2(); } static { hit3(); } [hit4()]() {} }",
         ["hit", "hit3", "hit4"]),
        ("class A extends hit(Object) { constructor() { super(); hit1(); } b = hit2(); } new A();",
         ["hit", "hit1 < new A()", "hit2 < new A()"]),
        ("class A {} const a = new A(); const b = new Unknown();", []),
        ("if (true) { hit(); } else { hit1(); } if (false) { hit2(); } else { hit3(); }", ["hit", "hit3"]),
        ("if (hit()) { hit1(); }", ["hit"]),
        ("const a = x ? hit() : hit1(); const b = true ? hit2() : hit3(); const c = false ? hit4() : hit5();",
         ["hit2", "hit5"]),
        ("x && hit(); true && hit1(); false || hit2(); null ?? hit3(); '' && hit4(); true || hit5();",
         ["hit1", "hit2", "hit3"]),
        ("let a; a ?? hit(); a ||= hit1(); a ??= hit2();", ["hit1", "hit2"]),
        ("try { hit(); } catch { hit1(); } finally { hit2(); } try { hit3(); } finally { hit4(); }",
         ["hit2", "hit3", "hit4"]),
        ("switch (hit()) { case 1: hit1(); }", ["hit"]),
        ("for (const a of hit()) { hit1(); } for (let i = hit2(); i < hit3(); i++) { hit4(); } while (hit5()) hit6();",
         ["hit", "hit1", "hit2", "hit3", "hit4", "hit5"]),
        ("for (const k in hit()) { hit1(); }", ["hit"]),
        ("typeof hit(); o[hit1()] = hit2(); (hit3(), x)", ["hit1", "hit2", "hit3"]),
        ("@hit() class A { @hit1() m() {} }", ["hit", "hit1"]),
        ("function f(a = hit()) {} function g({ b = hit1() }) {}", []),
        ("function f() { if (x) return; hit(); } f();", []),
        ("function f() { if (true) { hit(); return; } hit1(); } f();", ["hit < f()"]),
        ("function f() { if (false) return; hit(); } f();", ["hit < f()"]),
        ("function f() { return hit(); hit1(); } f();", ["hit < f()"]),
        ("function f() { for (const a of b) { return; } hit(); } f();", []),
        ("function f() { try { return 1; } catch {} hit(); } f();", []),
        ("function f() { switch (x) { case 1: return; } hit(); } f();", []),
        ("let ready = false; function f() { if (ready) return; ready = true; hit(); } f();", ["hit < f()"]),
        ("let c; function f() { if (!c) { c = hit(); } return c; } f();", ["hit < f()"]),
        ("let c = null; function f() { if (c === null) { c = hit(); } if (c !== undefined) { hit1(); } } f();",
         ["hit < f()"]),
        ("let c = 1; function f() { if (!c) { c = hit(); } } f();", []),
        ("let c; c = make(); function f() { if (!c) { c = hit(); } } f();", []),
        ("function f(x) { (x)(); } f(() => hit());", ["hit < f(() => hit())"]),
        ("(f)(); function f() { hit(); }", ["hit < (f)()"]),
    ],
)
def test_javascript(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert run(tmp_path, text) == expected


def test_casts_and_other_files(tmp_path: Path) -> None:
    other = {"src/other.ts": "declare function hit(): void;\nexport function go() { hit(); }\n"}
    text = 'import { go } from "./other";\nconst a = (go as any)();\nenum E { A = hit1() }\n'
    assert run(tmp_path, text, "src/index.ts", other) == ["hit < (go as any)()", "hit1"]


def test_python(tmp_path: Path) -> None:
    text = (
        "from workers import WorkerEntrypoint\n"
        "hit()\n"
        "def f(a=hit1()):\n    hit2()\n"
        "class A:\n    x = hit3()\n    def m(self, b=hit4()):\n        hit5()\n"
        "class B:\n    def __init__(self):\n        hit6()\n"
        "b = B()\n"
        "if __name__ == '__main__':\n    hit7()\n"
        "c = [hit8() for _ in range(3)]\n"
        "try:\n    hit9()\nexcept Exception:\n    pass\n"
        "@hit10()\ndef g():\n    pass\n"
        "class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        pass\n"
    )
    assert run(tmp_path, text, "src/entry.py") == ["hit", "hit1", "hit3", "hit4", "hit6 < B()", "hit8", "hit10"]


def test_depth_is_bounded(tmp_path: Path) -> None:
    text = "".join(f"function f{n}() {{ f{n + 1}(); }}\n" for n in range(12)) + "function f12() { hit(); }\nf0();"
    assert run(tmp_path, text) == []
    nested = "[" * 400 + "hit()" + "]" * 400
    assert run(tmp_path / "nested", f"const a = {nested};") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True), ("0", False), ("!0", True), ("!x", None), ("a", False), ("b", None), ("a === null", True),
        ("a !== undefined", False), ("a === 1", None), ("b == null", None), ("false || a", False), ("true || x", True),
        ("x || true", True), ("x && false", False), ("true && 1", True), ("x && y", None), ("(a as any)", False),
        ("d", None), ("e", None),
    ],
)
def test_truth(tmp_path: Path, text: str, expected: bool | None) -> None:
    source = (
        "let a: unknown; let b = f(); const { d } = f(); declare const e: string;\n"
        f"export const t = () => ({text});\nfunction g(env: Env) {{ a = env.X; return [a, b, d, e]; }}\n"
    )
    found = project(tmp_path, {"src/a.ts": source})
    file = found.files["src/a.ts"]
    (arrow,) = [f for f in file.index.functions if f.kind == "arrow"]
    assert arrow.body is not None
    assert truth(arrow.body, file) is expected
