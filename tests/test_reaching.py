"""Which definitions of a variable hold at a use of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.files import SourceFile
from edgelint.project.reaching import always, reaching
from edgelint.syntax import tree
from tests.projects import PYTHON_TOML, TOML, probe, project


def looked_at(root: Path, body: str, before: str = "") -> tuple[SourceFile, tree.Name]:
    code = f"{before}\nexport default {{ async fetch(request, env) {{\n{body}\n}} }};"
    file, node = probe(project(root, {"wrangler.toml": TOML, "src/index.ts": code}))
    assert isinstance(node, tree.Name)
    return file, node


def found(file: SourceFile, node: tree.Name) -> list[str]:
    symbol = file.index.resolve(node)
    assert symbol is not None
    return [
        "+" + file.text(d.at) if d.kind == "augment" else d.kind if d.node is None or d.kind in ("param", "element")
        else file.text(d.node)
        for d in reaching(symbol, node)
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("let x = 1; x = 2; probe(x);", ["2"]),
        ("let x = 1; probe(x); x = 2;", ["1"]),
        ("let x; x = 1; probe(x);", ["1"]),
        ("let x = 1; if (env) x = 2; probe(x);", ["1", "2"]),
        ("let x = 1; if (env) { x = 2; probe(x); }", ["2"]),
        ("let x = 1; if (env) { x = 2; } else { x = 3; } probe(x);", ["1", "2", "3"]),
        ("let x = 1; env && (x = 2); probe(x);", ["1", "2"]),
        ("let x = 1; env ? (x = 2) : 0; probe(x);", ["1", "2"]),
        ("let x = 1; x ??= 2; probe(x);", ["1", "2"]),
        ("let x = 1; x ||= 2; x &&= 3; probe(x);", ["1", "2", "3"]),
        ("let x = 1; x += 2; probe(x);", ["1", "+x += 2"]),
        ("let x = 1; x += 2; x = 3; probe(x);", ["3"]),
        ("let x = 1; try { x = 2; } catch {} probe(x);", ["1", "2"]),
        ("let x = 1; switch (env) { case 1: x = 2; } probe(x);", ["1", "2"]),
        ("let x = 1; for (const y of env) { probe(x); x = y; }", ["1", "y"]),
        ("let x = 1; for (const y of env) { x = y; probe(x); }", ["y"]),
        ("let x = 1; while (env) { x = 2; } probe(x);", ["1", "2"]),
        ("let x = 1; for (const y of env) { x = 3; probe(x); x = 4; }", ["3"]),
        ("let { x = 5 } = env; probe(x);", ["env"]),
        ("let x = 1; ({ x = 2 } = env); probe(x);", ["1", "env"]),
        ("let x = 1; [x] = env; probe(x);", ["env"]),
        ("let x = 1; x = env(probe(x));", ["1"]),
        ("let x = 1; let y = 2; { x = 3; } probe(x);", ["1", "3"]),
        ("for (let i = 0; i < 3; i++) { probe(i); }", ["0", "+i++"]),
        ("let x = 1; for (x of env) { probe(x); }", ["element"]),
        ("let x = 1; for (x of env) { x = 2; } probe(x);", ["1", "element", "2"]),
    ],
)
def test_definitions_that_reach_a_use(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert found(*looked_at(tmp_path, body)) == expected


@pytest.mark.parametrize(
    ("body", "before", "expected"),
    [
        ("let x = 1; const f = () => { x = 2; }; f(); probe(x);", "", ["1", "2"]),
        ("let x = 1; const f = () => probe(x); x = 2; f();", "", ["1", "2"]),
        ("probe(x);", "let x = 1; x = 2;", ["1", "2"]),
    ],
)
def test_a_closure_may_see_every_definition(tmp_path: Path, body: str, before: str, expected: list[str]) -> None:
    assert found(*looked_at(tmp_path, body, before)) == expected


def test_a_parameter_holds_until_it_is_set(tmp_path: Path) -> None:
    assert found(*looked_at(tmp_path / "a", "probe(request);")) == ["param"]
    assert found(*looked_at(tmp_path / "b", "if (env) request = 1; probe(request);")) == ["param", "1"]
    assert found(*looked_at(tmp_path / "c", "request = 1; probe(request);")) == ["1"]


def test_python_blocks_make_no_scope(tmp_path: Path) -> None:
    code = (
        "from workers import WorkerEntrypoint\n\nclass Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        x = 1\n        if request:\n            x = 2\n        probe(x)\n"
    )
    file, node = probe(project(tmp_path, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code}))
    assert isinstance(node, tree.Name)
    assert found(file, node) == ["1", "2"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("mark(); probe(x);", True),
        ("if (env) mark(); probe(x);", False),
        ("if (env) { mark(); probe(x); }", True),
        ("mark(); if (env) { probe(x); }", True),
        ("env && mark(); probe(x);", False),
        ("probe(x); mark();", False),
        ("for (const y of env) mark(); probe(x);", False),
        ("const f = () => { mark(); }; probe(x);", False),
    ],
)
def test_always(tmp_path: Path, body: str, expected: bool) -> None:
    file, use = looked_at(tmp_path, f"const x = 1; {body}")
    (marked,) = file.index.calls["mark"]
    assert always(marked, use) is expected
