"""What a filter leaves of a collection."""

from __future__ import annotations

import pytest

from edgelint.project.filters import holds_only_listed, keeps_listed, keeps_numbers
from edgelint.syntax import tree
from tests.expressions import code

LISTS = "const LIST = ['a', 'b'];\nconst SET = new Set(LIST);\nconst isListed = (x) => LIST.includes(x);\n"


@pytest.mark.parametrize(("expression", "expected"), [
    ("keys.filter((k) => LIST.includes(k))", True), ("keys.filter(isListed)", True), ("keys.filter(isColumn)", True),
    ("keys.filter(Boolean)", False), ("keys.filter((k) => k)", False), ("keys.filter(() => true)", False),
    ("keys.filter()", False), ("keys.filter(`x`)", False), ("[...keys.filter((k) => SET.has(k))].reverse()", True),
    ("[...keys, ...other]", False), ("(await keys) as string[]", False), ("other", False),
    ("keys.filter((k) => LIST.includes(k)).sort().map((k) => k)", True),
])
def test_collections(expression: str, expected: bool) -> None:
    found = code(f"{LISTS}async function f(keys, other) {{ result = {expression}; }}")
    (assign,) = [a for a in found.nodes(tree.Assign) if isinstance(a.target, tree.Name) and a.target.id == "result"]
    assert assign.value is not None
    assert holds_only_listed(assign.value, found.file, found.evaluator) is expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("[k for k in keys if k in LIST]", True), ("[k for k in keys]", False), ("[k + x for k in keys]", False),
    ("sorted([k for k in keys if k in LIST])", True), ("list(set(keys))", False),
])
def test_collections_in_python(expression: str, expected: bool) -> None:
    found = code(f"LIST = ('a', 'b')\ndef f(keys, x):\n    result = {expression}\n", "a.py")
    (assign,) = [a for a in found.nodes(tree.Assign) if isinstance(a.target, tree.Name) and a.target.id == "result"]
    assert assign.value is not None
    assert holds_only_listed(assign.value, found.file, found.evaluator) is expected


@pytest.mark.parametrize(("predicate", "listed", "numbers"), [
    ("Number.isInteger", True, True), ("(n) => !Number.isNaN(n)", False, True), ("(n) => n > 0", False, True),
    ("(n) => { return n > 0; }", False, True), ("(n) => { go(n); }", False, False), ("() => true", False, False),
    ("(n) => { }", False, False), ("(n) => LIST.includes(n)", True, True), ("(n) => n !== 3", False, False),
    ("unheard", False, False),
])
def test_predicates(predicate: str, listed: bool, numbers: bool) -> None:
    found = code(f"{LISTS}result = {predicate};")
    (assign,) = [a for a in found.nodes(tree.Assign) if isinstance(a.target, tree.Name) and a.target.id == "result"]
    assert assign.value is not None
    assert keeps_listed(assign.value, found.file, found.evaluator) is listed
    assert keeps_numbers(assign.value, found.file, found.evaluator) is numbers
