"""Fields of classes and what is pushed into arrays."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.files import SourceFile
from edgelint.project.objects import Fields, array_pushes, holder, receiver_class
from edgelint.syntax import tree
from edgelint.syntax.tree import Node
from tests.projects import PYTHON_TOML, TOML, klass, probe, project


def table(root: Path, code: str, python: bool = False) -> dict[str, list[str]]:
    """Field -> what gives it a value, in words, of class K."""
    files = {"wrangler.toml": PYTHON_TOML, "src/entry.py": code} if python else {"wrangler.toml": TOML,
    "src/index.ts": code}
    file, node = klass(project(root, files), "K")
    fields = Fields()
    found = {name: [shown(source, file) for source in sources] for name, sources in fields.table(node, file).items()}
    assert fields.table(node, file) is fields.table(node, file)
    assert [shown(source, file) for source in fields.sources(node, file, "none")] == []
    return found


def shown(source: object, file: SourceFile) -> str:
    if isinstance(source, str):
        return f": {source}"
    if isinstance(source, tuple):
        return f"{source[0].path} of {file.text(source[0].node)}"
    assert isinstance(source, Node)
    return f"parameter {file.text(source)}" if isinstance(source, tree.Param) else file.text(source)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("class K { a = 1; b: KVNamespace; c: number = 2; d; }", {"a": ["1"], "b": [": KVNamespace"], "c": [": number",
         "2"], "d": []}),
        ("class K { constructor(private db: D1Database, plain: string) {} }", {"db": [("parameter private db: "
                                                                                       "D1Database")]}),
        ("class K { a = 1; m(x) { this.a = x; this.b ??= 2; this.c ||= 3; this.d += 4; } }", {"a": ["1", "x"],
         "b": ["2"], "c": ["3"]}),
        ("class K { m(q) { ({ a: this.a, b } = q); } }", {"a": ["('a',) of q"]}),
        ("class K { m() { [1].map(() => { this.a = 1 }); } }", {"a": ["1"]}),
        ("class K { m() { other.a = 1; this[x] = 2; this.b.c = 3; x = 4; } }", {}),
        ("class K { m() { return { n() { this.a = 1 } } } }", {}),
        ("class K { static { this.a = 1; } }", {"a": ["1"]}),
    ],
)
def test_fields(tmp_path: Path, code: str, expected: dict[str, list[str]]) -> None:
    assert table(tmp_path, code) == expected


def test_fields_of_python(tmp_path: Path) -> None:
    code = (
        "class K:\n    a = 1\n    h = i = 8\n    b: int\n    c: str = 'x'\n\n    def __init__(self, env):\n        "
        "self.d = env\n        self.e: int = 5\n"
        "        env.f = 6\n\n    def m(this):\n        this.g = 7\n        f = lambda self: 1\n"
    )
    assert table(tmp_path, code, python=True) == {"a": ["1"], "b": [": int"], "c": [": str", "'x'"], "d": ["env"],
    "e": [": int", "5"], "g": ["7"], "h": ["i = 8"], "i": ["8"]}


def test_methods(tmp_path: Path) -> None:
    code = "class K { get a() { return 1 } set a(x) {} b() {} c = 1; }\ndeclare class L { d(): void; }"
    small = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code})
    fields = Fields()
    file, node = klass(small, "K")
    found = fields.methods(node)
    assert {name: file.text(method) for name, method in found.items()} == {"a": "get a() { return 1 }", "b": "b() {}"}
    assert fields.methods(node) is found


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("class K { m() { probe(this) } }", "K"),
        ("class K { f = probe(this) }", "K"),
        ("class K { f = () => probe(this) }", "K"),
        ("class K { m() { function g() { probe(this) } } }", "K"),
        ("class K { m() { probe(other) } }", None),
        ("class K { m() { probe(this.x) } }", None),
        ("const o = { m() { probe(this) } };", None),
        ("probe(this);", None),
        ("function f(self) { probe(self) }", None),
    ],
)
def test_whose_instance(tmp_path: Path, code: str, expected: str | None) -> None:
    _, node = probe(project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code}))
    found = receiver_class(node)
    assert (None if found is None else found.name) == expected


def pushed(root: Path, code: str, python: bool = False) -> list[tuple[str, bool]]:
    files = {"wrangler.toml": PYTHON_TOML, "src/entry.py": code} if python else {"wrangler.toml": TOML,
    "src/index.ts": code}
    file = next(iter(project(root, files).files.values()))
    (array,) = [node for node in tree.walk(file.module) if isinstance(node, tree.Array) and not node.items]
    assert file.index
    return [(file.text(node), many) for node, many in array_pushes(array, file)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("const a = []; a.push(1, ...b); a.unshift(2); a.add(3);", [("1", False), ("b", True), ("2", False), ("3",
         False)]),
        ("const a = [] as string[]; a[0] = 1; a.x = 2; a += b; f(a); a.length;", [("1", False), ("b", True)]),
        ("const a = []; a.concat(b); a.splice(0, 1, c); a.map(f);", [("b", True), ("0", False), ("1", False), ("c",
         False)]),
        ("class K { a = []; m() { this.a.push(1); other.a.push(2); } }", [("1", False)]),
        ("class K { m() { this.a = []; this.a.push(1); } }", [("1", False)]),
        ("f([]);", []),
        ("const { a } = q ?? []; a.push(1);", []),
    ],
)
def test_pushes(tmp_path: Path, code: str, expected: list[tuple[str, bool]]) -> None:
    assert pushed(tmp_path, code) == expected


def test_pushes_of_python(tmp_path: Path) -> None:
    code = "a = []\na.append(1)\na.insert(0, 2)\na.extend(b)\na += c\n"
    assert pushed(tmp_path, code, python=True) == [("1", False), ("2", False), ("b", True), ("c", True)]


def test_who_holds_a_value(tmp_path: Path) -> None:
    small = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": "const a = probe(1) as any; f(probe(2));"})
    (file,) = small.files.values()
    first, second = file.index.calls["probe"]
    found = holder(first, file)
    assert found is not None
    assert found.name == "a"
    assert holder(second, file) is None
