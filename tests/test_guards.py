"""What a test says of a value: that it is on a list, that it is a sound number, that it is not too large."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgelint.project import guards, number_guards
from edgelint.project.files import SourceFile
from edgelint.project.project import Project
from edgelint.syntax.tree import Node
from tests.projects import PYTHON_TOML, TOML, probe, project

BEFORE = 'const ALLOWED = ["a"], SET = new Set(ALLOWED), MAP = { a: 1 }; const check = (v) => v === "a";'


def worker(root: Path, body: str) -> Project:
    code = f"{BEFORE}\nexport default {{ async fetch(x, env, ctx) {{\n{body}\n}} }};"
    return project(root, {"wrangler.toml": TOML, "src/index.ts": code})


def python(root: Path, body: str) -> Project:
    lines = "".join(f"        {line}\n" for line in body.split("\n"))
    code = (
        "import re\nfrom workers import WorkerEntrypoint\nALLOWED = {'a'}\n\n"
        f"class Default(WorkerEntrypoint):\n    async def fetch(self, x):\n{lines}"
    )
    return project(root, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code})


LISTED = [
    ("if (ALLOWED.includes(x)) probe(x);", True), ("if (!ALLOWED.includes(x)) return; probe(x);", True),
    ("if (ALLOWED.includes(x)) return; probe(x);", False), ("if (!ALLOWED.includes(x)) f(); probe(x);", False),
    ("if (ALLOWED.includes(y)) probe(x);", False), ("probe(x); if (!ALLOWED.includes(x)) return;", False),
    ("if (SET.has(x)) probe(x);", True), ("if (Object.hasOwn(MAP, x)) probe(x);", True),
    ("if (x in MAP) probe(x);", True),
    ("if (!(x in MAP)) return; probe(x);", True), ("if (MAP[x]) probe(x);", True),
    ("if (!MAP[x]) return; probe(x);", True),
    ("if (x === 'a') probe(x);", True), ("if (x !== 'a') return; probe(x);", True), ("if ('a' == x) probe(x);", True),
    ("if (x !== 'a') probe(x);", False), ("if (x === y) probe(x);", False),
    ("if (x === 'a' || x === 'b') probe(x);", True),
    ("if (x === 'a' || y) probe(x);", False), ("if (x !== 'a' && x !== 'b') return; probe(x);", True),
    ("if (ALLOWED.indexOf(x) !== -1) probe(x);", True), ("if (ALLOWED.indexOf(x) === -1) return; probe(x);", True),
    ("if (ALLOWED.indexOf(x) >= 0) probe(x);", True), ("if (ALLOWED.findIndex(x) > -1) probe(x);", True),
    ("if (/^a$/.test(x)) probe(x);", True), ("if (x.match(/^a$/)) probe(x);", True),
    ("if (!x.match(/^a$/)) return; probe(x);", True),
    ("if (ALLOWED.some((a) => a === x)) probe(x);", True),
    ("if (!ALLOWED.find((a) => a === x)) return; probe(x);", True),
    ("if (x.some((k) => !ALLOWED.includes(k))) return; probe(x);", True),
    ("if (x.some((k) => ALLOWED.includes(k))) probe(x);", False),
    ("if (!x.every((k) => SET.has(k))) return; probe(x);", True), ("if (check(x)) probe(x);", True),
    ("if (!check(x)) return; probe(x);", True),
    ("if (v.isColumn(x)) probe(x);", True), ("if (v.log(x)) probe(x);", False),
    ("if (!v.isColumn(x)) probe(x);", False),
    ("if (ALLOWED.includes(x.toLowerCase())) probe(x);", True), ("if (ALLOWED.includes(String(x))) probe(x);", True),
    ("if (ALLOWED.includes((x as string).trim())) probe(x);", True), ("if (await ALLOWED.includes(x)) probe(x);", True),
    ("if (!ALLOWED.includes(x)) x = 'a'; probe(x);", True),
    ("if (!ALLOWED.includes(x)) { x = other; } probe(x);", False),
    ("if (!ALLOWED.includes(x)) y = 'a'; probe(x);", False), ("switch (x) { case 'a': probe(x); }", True),
    ("switch (x) { case y: probe(x); }", False), ("const ok = check(x); if (!ok) return; probe(x);", True),
    ("const ok = isFine(x); if (!ok) return; probe(x);", True),
    ("const r = validate(x); if (!r.valid) return; probe(x);", True),
    ("const { ok } = validate(x); if (!ok) return; probe(x);", True),
    ("const { error } = validate(x); if (error) return; probe(x);", True),
    ("const { errors } = validate(x); if (errors) probe(x);", False),
    ("const r = validate(y); if (!r.valid) return; probe(x);", False),
    ("const r = validate(x); if (!r.count) return; probe(x);", False),
    ("let r = validate(x); r = 1; if (!r.valid) return; probe(x);", False),
    ("const bad = x.filter((k) => !SET.has(k)); if (bad.length) return; probe(x);", True),
    ("const bad = x.filter((k) => !SET.has(k)); if (bad.length > 0) return; probe(x);", True),
    ("const bad = x.filter((k) => !SET.has(k)); if (bad.length) probe(x);", False),
    ("const bad = x.difference(SET); if (bad.size !== 0) return; probe(x);", True),
    ("const n = y + 1; if (n) probe(x);", False), ("if (unknown) probe(x);", False),
    ("if (x.length > 3) probe(x);", False),
    ("assertColumn(x); probe(x);", True), ("await v.validateColumn(x); probe(x);", True), ("log(x); probe(x);", False),
    ("if (env) assertColumn(x); probe(x);", False), ("for (const k of x) assertColumn(k); probe(x);", True),
    ("for (const k of x) { if (!SET.has(k)) throw 1; } probe(x);", True),
    ("for (const k of x) { if (!SET.has(k)) continue; } probe(x);", False),
    ("for (const k of y) assertColumn(k); probe(x);", False),
    ("for (const [k] of x) assertColumn(k); probe(x);", False),
    ("for (const k in x) assertColumn(k); probe(x);", False), ("if (ALLOWED.includes(x.sort)) probe(x.sort);", True),
    ("if (ALLOWED.includes(x.sort)) probe(x.other);", False), ("if (SET.has(x)) probe(x + 1);", False),
    ("if (f(x.sort)) probe(f(x.sort));", False), ("if (SET.has(f(x))) probe(f(x));", True),
]


@pytest.mark.parametrize(("body", "expected"), LISTED)
def test_is_allow_listed(tmp_path: Path, body: str, expected: bool) -> None:
    found = worker(tmp_path, body)
    file, node = probe(found)
    assert guards.is_allow_listed(node, node, file, found.evaluator) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if x not in ALLOWED:\n    raise ValueError()\nprobe(x)", True), ("if x in ALLOWED:\n    probe(x)", True),
        ("if re.fullmatch('[a-z]+', x):\n    probe(x)", True), ("if all(k in ALLOWED for k in x):\n    probe(x)", True),
        ("if any(k not in ALLOWED for k in x):\n    return\nprobe(x)", True),
        ("if any(k in ALLOWED for k in x):\n    probe(x)", False),
        ("rest = set(x) - ALLOWED\nif rest:\n    return\nprobe(x)", True),
        ("if (rest := set(x) - ALLOWED):\n    return\nprobe(x)", True),
        ("for k in x:\n    check_name(k)\nprobe(x)", True), ("assert x in ALLOWED\nprobe(x)", True),
        ("x = x if x in ALLOWED else 'a'\nprobe(x)", False),
    ],
)
def test_is_allow_listed_in_python(tmp_path: Path, body: str, expected: bool) -> None:
    found = python(tmp_path, body)
    file, node = probe(found)
    assert guards.is_allow_listed(node, node, file, found.evaluator) is expected


NUMBERS = [
    ("if (isNaN(x)) return; probe(x);", True), ("if (!isNaN(x)) probe(x);", True), ("if (isNaN(x)) probe(x);", False),
    ("if (Number.isInteger(x)) probe(x);", True), ("if (!Number.isSafeInteger(x)) throw 1; probe(x);", True),
    ("if (x) probe(x);", True), ("if (!x) return; probe(x);", True), ("if (!x) probe(x);", False),
    ("if (x > 0) probe(x);", True),
    ("if (!(x > 0)) return; probe(x);", True), ("if (!(x < 5)) return; probe(x);", True),
    ("if (x < 1 || x > 5) return; probe(x);", False),
    ("if (x !== null) probe(x);", False),
    ("if (x == undefined) return; probe(x);", False), ("if (typeof x === 'number') probe(x);", False),
    ("if (y > 0) probe(x);", False), ("if (isValid(x)) probe(x);", True), ("if (isInvalid(x)) return; probe(x);", True),
    ("if (isNaN(x)) x = 1; probe(x);", True), ("if (isNaN(x)) y = 1; probe(x);", False),
    ("isNaN(x) ? 1 : probe(x);", True),
    ("if (isNaN(x) && y) return; probe(x);", False), ("if (x > 0 && x < 5) {} else return; probe(x);", True),
    ("if (x > 0 || y) probe(x);", False), ("if (x > 0 || x < -1) probe(x);", True),
    ("if ((await x) as number) probe(x);", True),
    ("if (isNaN(Number(x))) return; probe(Number(x));", True), ("if (isNaN(+x)) return; probe(+x);", False),
    ("if (-x) probe(x);", False), ("assertInteger(x); probe(x);", True), ("if (SET.has(x)) probe(x);", True),
    ("probe([x]);", False),
    ("if (x in MAP) probe(x);", True),
]
BOUNDS = [
    ("if (x > 100) return; probe(x);", True), ("if (x >= 100) throw 1; probe(x);", True),
    ("if (x <= 100) probe(x);", True),
    ("if (100 >= x) probe(x);", True), ("if (100 < x) return; probe(x);", True),
    ("if (x < 1) return; probe(x);", False),
    ("if (x > 100) probe(x);", False), ("if (x > 100) x = 100; probe(x);", True),
    ("if (x < 1) x = 1; probe(x);", False),
    ("if (x < 1 || x > 100) return; probe(x);", True), ("if (x > 100 && y) return; probe(x);", False),
    ("if (isNaN(x)) return; probe(x);", False), ("if (Number.isInteger(x)) probe(x);", False),
    ("if (SET.has(x)) probe(x);", True),
    ("if (/^\\d+$/.test(x)) probe(x);", False), ("if (/^\\d{1,2}$/.test(x)) probe(x);", True),
    ("if (DIGITS.test(x)) probe(x);", False),
    ("if (x === 5) probe(x);", True), ("x > 100 ? 100 : probe(x);", True), ("if ((x as number) <= 5) probe(x);", True),
    ("if (x) probe(x);", False),
    ("assertPage(x); probe(x);", True), ("if (x < 100 || x < 50) probe(x);", True),
]
COMPARED = [
    ("if (x < 0) return; probe(x);", True), ("if (x !== 5) probe(x);", True), ("if (x !== null) probe(x);", False),
    ("if (isNaN(x)) return; probe(x);", False), ("if (x < 0 || y) return; probe(x);", True),
    ("if (SET.has(x)) probe(x);", True),
    ("if (x) probe(x);", False), ("if (a && x > 1) probe(x);", True), ("if (a || x > 1) probe(x);", True),
]
DIGITS = [
    ("if (/^\\d+$/.test(x)) probe(x);", True), ("if (isNaN(x)) return; probe(x);", True),
    ("if (isNaN(Number(x))) return; probe(x);", True),
    ("if (Number.isInteger(+x)) probe(x);", True), ("if (isNaN(x)) probe(x);", False), ("if (x) probe(x);", False),
    ("if (x.length < 5) probe(x);", False),
]


@pytest.mark.parametrize(
    ("question", "body", "expected"),
    [(number_guards.is_number_checked, *case) for case in NUMBERS]
    + [(number_guards.is_bounded, *case) for case in BOUNDS]
    + [(number_guards.is_compared, *case) for case in COMPARED]
    + [(number_guards.is_digits, *case) for case in DIGITS],
)
def test_numbers(tmp_path: Path, question: Callable[[Node, SourceFile], bool], body: str, expected: bool) -> None:
    file, node = probe(worker(tmp_path, body))
    assert question(node, file) is expected


def test_a_test_of_what_was_there_before_does_not_count(tmp_path: Path) -> None:
    file, node = probe(worker(tmp_path, "if (isNaN(x)) return; x = Number(y); probe(x);"))
    since = file.source.data.index(b"x = Number")
    assert number_guards.is_number_checked(node, file)
    assert not number_guards.is_number_checked(node, file, since)


@pytest.mark.parametrize(
    ("body", "expected"),
    [("if (f(x)) probe(x);", True), ("if (y) probe(x);", False), ("if (x) probe(1);", False)],
)
def test_is_tested(tmp_path: Path, body: str, expected: bool) -> None:
    file, node = probe(worker(tmp_path, body))
    assert guards.is_tested(node, node, file) is expected


@pytest.mark.parametrize(
    ("code", "name"), [("f(1)", "f"), ("a.b.f(1)", "f"), ("(a as any).f(1)", "f"), ("(f as any)(1)", "f"),
    ("a[0](1)", ""), ("f(1)(2)", "")],
)
def test_last_name(tmp_path: Path, code: str, name: str) -> None:
    from edgelint.syntax import tree

    _, node = probe(worker(tmp_path, f"probe({code});"))
    assert isinstance(node, tree.Call)
    assert guards.last_name(node.func) == name
