"""The tables of what the runtime gives, and what annotations and options tell."""

from __future__ import annotations

import pytest

from edgelint.project import known
from edgelint.syntax import tree
from tests.expressions import code


@pytest.mark.parametrize(("annotation", "expected"), [
    ("KVNamespace", "kv"), (": KVNamespace", "kv"), ("KVNamespace<string>", "kv"), ("KVNamespace | undefined", "kv"),
    ("null | D1Database", "d1"),
    ("D1Database | R2Bucket", None), ("Readonly<R2Bucket>", "r2"), ("Partial<Env>", "env"), ("Required<Env>", "env"),
    ("Optional[Env]", "env"),
    ("NonNullable<KVNamespace>", "kv"), ("Queue<Job>", "queue"), ("'KVNamespace'", "kv"),
    ("types.KVNamespace", "kv"), ("Env", "env"),
    ("Cloudflare.Env", "env"), ("MyBindings", "env"), ("Env<string>", None),
    ("Context<{ Bindings: Env }>", "hono-context"), ("Context", None),
    ("Message", None), ("Message<Job>", "queue-message"), ("string", None), ("", None), ("x" * 500, None),
    ("undefined", None),
    ("Array<KVNamespace>", None),
])
def test_platform_types(annotation: str, expected: str | None) -> None:
    assert known.platform_type(annotation) == expected


@pytest.mark.parametrize(("call", "expected"), [
    ("x.get('a', 'json')", "kv"), ("x.get('a', 'blob')", None), ("x.get('a', { type: 'json' })", "kv"),
    ("x.get('a', { range: r })", "r2"),
    ("x.put('a', 'b', { expirationTtl: 60 })", "kv"), ("x.put('a', 'b', { httpMetadata: m })", "r2"),
    ("x.put('a', 'json')", None),
    ("x.put('a', 'b', { ...o, other: 1 })", None), ("x.get('a')", None), ("x.get('a', b)", None),
])
def test_kinds_told_by_options(call: str, expected: str | None) -> None:
    (node,) = code(call).nodes(tree.Call)
    assert isinstance(node.func, tree.Member)
    assert known.told_by_options(node.func.name or "", node.args) == expected


def test_kinds_told_by_keyword_arguments() -> None:
    (node,) = code("x.put('a', 'b', expirationTtl=60)\n", "a.py").nodes(tree.Call)
    assert known.told_by_options("put", node.args) == "kv"


@pytest.mark.parametrize(("text", "expected"), [
    ("env.prepare('x')", False), ("env.DB.prepare('x')", True), ("c.env.DB.prepare('x')", True),
    ("this.db.prepare('x')", False),
    ("await db.prepare('x').bind(1).all()", True), ("await db.prepare('x').first()", True),
    ("db.prepare('x').bind(1).all()", False),
    ("await db.prepare('x').bind(1)", False), ("await db.prepare('x').all()", False), ("prepare('x')", False),
    ("[db.prepare('x').bind(1).run()]", True), ("const f = () => db.prepare('x').bind(1).run()", True),
    ("await db.prepare('x').bind(1).first().then", False),
])
def test_chains_of_d1(text: str, expected: bool) -> None:
    assert known.is_d1_chain(code(text).call("prepare")) is expected


def test_the_tables_name_only_types_that_exist() -> None:
    types = set(known.MEMBERS) | set(known.METHODS) | set(known.ANNOTATIONS.values()) | known.BINDING_KINDS | {"env"}
    notes = {
        "self", "number", "safe", "method", "secret", "stored", "validated", "none", "any", "cf", "queue-messages",
        "r2-upload", "hono-variables",
    }
    for table in (known.MEMBERS, known.METHODS):
        for kind, entries in table.items():
            for name, to in entries.items():
                assert to in notes or to[0] in "!?" or to.rstrip("!") in types, (kind, name, to)
