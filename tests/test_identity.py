"""Whether two expressions mean the same thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.atoms import Func
from edgelint.project.identity import Identities, argument_of, callee_name, is_time, reads_clock, sole_return
from edgelint.syntax import tree
from tests.projects import KV, PYTHON_TOML, TOML, function, probe, probes, project


def same(root: Path, code: str, **more: str) -> bool | None:
    """Whether two probed expressions are the same; None when the first cannot be told."""
    small = project(root, {"wrangler.toml": TOML + KV, "src/index.ts": code, **more})
    identities = Identities(small.evaluator)
    (file, a), (other, b) = probes(small)
    first, second = identities.of(a, file), identities.of(b, other)
    assert first == identities.of(a, file)  # remembered
    return None if first is None else first == second


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("probe('a'); probe('a');", True),
        ("probe('a'); probe('b');", False),
        ("const k = 'a'; probe(k); probe('a');", True),
        ("probe(`x:${q}`); probe('x:' + q);", True),
        ("probe('a' + 'b' + q); probe(`ab${q}`);", True),
        ("probe(`x:${q}`); probe(`y:${q}`);", False),
        ("probe(tag`x`); probe('x');", None),
        ("probe(a * b); probe(a * b);", True),
        ("probe(a * b); probe(a / b);", False),
        ("probe(-a); probe(-a);", True),
        ("probe(a ? b : c); probe(a ? b : c);", True),
        ("probe([a, b]); probe([a, b]);", True),
        ("probe([a, b]); probe([b, a]);", False),
        ("probe(a.b); probe(a.b);", True),
        ("probe(a[i]); probe(a[i]);", True),
        ("probe(a[i]); probe(a[j]);", False),
        ("probe(a[{}]); probe(a[{}]);", None),
        ("probe({}.x); probe(a);", None),
        ("probe(await q); probe(q as any);", True),
        ("probe(String(q)); probe(q.toString());", True),
        ("probe(f(q)); probe(f(q));", True),
        ("probe(f(...q)); probe(f(...r));", False),
        ("probe(new F(q)); probe(F(q));", False),
        ("probe(crypto.randomUUID()); probe(1);", None),
        ("probe(`k:${nanoid()}`); probe(1);", None),
        ("probe(Date.now()); probe(new Date());", True),
        ("probe(String(a, b)); probe(String(a, b));", True),
        ("const { k } = q; probe(k); probe(k);", True),
        ("const { k } = q; const { k: l } = q; probe(k); probe(l);", True),
        ("const { k } = {}; probe(k); probe(k);", True),
        ("let k = q; if (r) k = s; probe(k); probe(k);", True),
        ("let k = q; k = r; probe(k); probe(r);", True),
        ("function f() {} class C {} probe(f); probe(C);", False),
        ("function f() {} probe(f); probe(f);", True),
        ("class C { m() { probe(this.k); probe(this.k); } }", True),
        ("const o = { m() { probe(this.k); probe(1); } };", None),
        ("const k = key(q); probe(k); probe(`u:${q}`);\nfunction key(id) { return `u:${id}`; }", True),
        ("probe(key(q)); probe(`u:${q}`);\nconst key = id => `u:${id}`;", True),
        ("probe(key({ id: q })); probe(`u:${q}`);\nconst key = o => `u:${o.id}`;", False),
        ("probe(key(q)); probe(key(q));\nconst key = ({ id }) => `u:${id}`;", True),
        ("probe(key(q)); probe(key(r));\nconst key = ({ id }) => `u:${id}`;", False),
        ("probe(key(q)); probe(key(q));\nfunction key(id) { if (id) return 1; return `u:${id}`; }", True),
        ("probe(key(...q)); probe(key(...q));\nfunction key(...ids) { return ids; }", False),
        ("for (const k of q) { probe(k); probe(k); }", True),
        ("import { k } from 'pkg'; probe(k); probe(k);", True),
        ("import { k } from './gone'; probe(k); probe(k);", True),
        ("import { k } from './keys'; import { k as l } from './keys'; probe(k); probe(l);", True),
        ("import { k, l } from './keys'; probe(k); probe(l);", False),
        ("import { none } from './keys'; probe(none); probe(none);", True),
    ],
)
def test_same(tmp_path: Path, code: str, expected: bool | None) -> None:
    assert same(tmp_path, code, **{"src/keys.ts": "export const k = make(1);\nexport const l = make(2);"}) is expected


def test_very_deep_expressions_are_not_told(tmp_path: Path) -> None:
    deep = "q" + ".a" * 40
    assert same(tmp_path, f"probe({deep}); probe({deep});") is None


def test_stores_by_their_binding(tmp_path: Path) -> None:
    code = (
        "export default { async fetch(request, env) { const kv = env.KV; probe(kv); probe(env.KV); probe(other.kv); "
         "probe(env); } };"
    )
    small = project(tmp_path, {"wrangler.toml": TOML + KV, "src/index.ts": code})
    identities = Identities(small.evaluator)
    first, second, third, fourth = (identities.store(node, file) for file, node in probes(small))
    assert first == second == ("binding", "KV")
    assert third == ("member", ("global", "other"), "kv")
    assert fourth is not None
    assert fourth != first


def test_python(tmp_path: Path) -> None:
    code = (
        "class K:\n    def m(self):\n        probe(self.k)\n        probe(self.k)\n\n"
        "def key(a, *, b):\n    return f'{a}:{b}'\n"
    )
    small = project(tmp_path, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code})
    identities = Identities(small.evaluator)
    first, second = (identities.of(node, file) for file, node in probes(small))
    assert first == second
    assert isinstance(first, tuple)
    assert first[0] == "member"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("const f = x => x + 1;", "x + 1"), ("function f(x) { return x }", "x"), (("function f(x) { if (x) return 1; "
                                                                                   "return 2 }"), None),
        ("function f(x) { go(x) }", None), ("declare function f(x: string): string;", None),
    ],
)
def test_the_only_return(tmp_path: Path, code: str, expected: str | None) -> None:
    small = project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code})
    (file,) = small.files.values()
    found = sole_return(file.index.functions[0])
    assert (None if found is None else file.text(found)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("probe(f())", "f"), ("probe(a.b.f())", "f"), ("probe((f as any)())", "f"), ("probe(f()())", ""),
     ("probe(a[f]())", "")],
)
def test_names_of_callees(tmp_path: Path, code: str, expected: str) -> None:
    _, node = probe(project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code}))
    assert isinstance(node, tree.Call)
    assert callee_name(node) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("probe(Date.now())", True), ("probe(new Date())", True), ("probe(new Date(x))", False),
         ("probe(console.time())", False),
        ("const t = Date.now(); probe(t - 5)", True), ("const t = f(x); probe(t)", False), (("function f(now) { "
                                                                                             "probe(now) }"), True),
        ("function f(then) { probe(then) }", False), ("probe(undeclared)", False), ("let t = t; probe(t)", False),
        ("const { t } = Date.now(); probe(t)", False),
        ("const a = Date.now(), b = a, c = b, d = c, e = d, f = e; probe(f)", False),
    ],
)
def test_time(tmp_path: Path, code: str, expected: bool) -> None:
    file, node = probe(project(tmp_path, {"wrangler.toml": TOML, "src/index.ts": code}))
    assert is_time(node, file) is expected


@pytest.mark.parametrize(("code", "expected"), [("time.time()", True), ("time.time(1)", False), ("datetime.now()",
True), ("f()", False)])
def test_clocks_of_python(tmp_path: Path, code: str, expected: bool) -> None:
    file, node = probe(project(tmp_path, {"wrangler.toml": PYTHON_TOML, "src/entry.py": f"probe({code})\n"}))
    assert isinstance(node, tree.Call)
    assert reads_clock(node, file) is expected


def test_arguments_of_a_call(tmp_path: Path) -> None:
    code = "def f(a, b, *rest, c=1):\n    pass\n\nprobe(f(1, c=3))\n"
    small = project(tmp_path, {"wrangler.toml": PYTHON_TOML, "src/entry.py": code})
    file, call = probe(small)
    _, f = function(small, "f")
    assert isinstance(call, tree.Call)
    frame = small.evaluator.call_values.frame(Func(f, file), call, file, None)
    assert frame is not None
    given = [argument_of(param, f, frame) for param in f.params if isinstance(param, tree.Param)]
    assert [None if node is None else file.text(node) for node in given] == ["1", None, None, "3"]
