"""What types and use say of env."""

from __future__ import annotations

import pytest

from edgelint.project.env_types import declared, object_members, used_as
from tests.expressions import code


def members(*texts: str) -> dict[str, str]:
    """The members of env that the files declare, with their annotations ("?" when optional)."""
    files = [code(text, f"{position}.ts").file for position, text in enumerate(texts)]
    return {
        name: found.annotation.lstrip(": ") + ("?" if found.optional else "") for name, found in declared(files).items()
    }


@pytest.mark.parametrize(("text", "expected"), [
    ("interface Env { KV: KVNamespace; DB?: D1Database }", {"KV": "KVNamespace", "DB": "D1Database?"}),
    ("type Bindings = { KV: KVNamespace };", {"KV": "KVNamespace"}),
    ("interface Other { KV: KVNamespace }", {}),
    ("interface ProcessEnv { KV: KVNamespace }", {}),
    ("interface Shop { KV: KVNamespace }\nfunction f(env: Shop) {}", {"KV": "KVNamespace"}),
    ("interface Shop { KV: KVNamespace }\nfunction f(_env: lib.Shop) {}", {"KV": "KVNamespace"}),
    ("function f(env: { KV: KVNamespace; N?: string }) {}", {"KV": "KVNamespace", "N": "string?"}),
    ("function f(env: 'production') {}", {}),
    ("interface Shop { KV: KVNamespace }\nnew Hono<{ Bindings: Shop; Variables: V }>();", {"KV": "KVNamespace"}),
    ("new Hono<{ Bindings: { KV: KVNamespace } }>();", {"KV": "KVNamespace"}),
    ("function f(c: Context<{ Bindings: { KV: KVNamespace } }>) {}", {"KV": "KVNamespace"}),
    ("interface Shop { KV: KVNamespace }\nexport default {} satisfies ExportedHandler<Shop>;", {"KV": "KVNamespace"}),
    ("interface Shop { KV: KVNamespace }\nconst h: ExportedHandler<Shop> = {};", {"KV": "KVNamespace"}),
    ("interface Shop { KV: KVNamespace }\nconst h: Map<ExportedHandler> = {};", {}),
    ("interface Shop { KV: KVNamespace }\nclass A extends DurableObject<Shop> {}", {"KV": "KVNamespace"}),
    ("interface Shop { KV: KVNamespace }\nclass A extends cf.WorkerEntrypoint<Shop, {}> {}", {"KV": "KVNamespace"}),
    ("class A extends DurableObject<{ KV: KVNamespace }> {}", {"KV": "KVNamespace"}),
    ("interface Shop { KV: KVNamespace }\nclass A extends Thing<Shop> {}", {}),
    (
        "interface Base { KV: KVNamespace }\ninterface Env extends Base { DB: D1Database }",
        {"KV": "KVNamespace", "DB": "D1Database"},
    ),
    ("interface AppEnv { Bindings: { KV: KVNamespace }; Variables: { user: string } }", {"KV": "KVNamespace"}),
    ("interface AppEnv { Bindings: Shop; Variables: {} }", {}),
    ("interface Env { KV: KVNamespace }\ninterface Bindings { KV: R2Bucket }", {"KV": "KVNamespace"}),
])
def test_declared_members(text: str, expected: dict[str, str]) -> None:
    assert members(text) == expected


def test_a_type_may_stand_in_another_file() -> None:
    shop = "export interface Shop extends Base { KV: KVNamespace }"
    assert members("function f(env: Shop) {}", shop, "interface Base { A: Ai }") == {"KV": "KVNamespace", "A": "Ai"}


def test_the_span_is_that_of_the_name() -> None:
    text = "function f(env: { KV: KVNamespace; 'A B': string }) {}\ninterface Env { DB: D1Database }"
    spans = {name: text[found.span.start : found.span.end] for name, found in declared([code(text).file]).items()}
    assert spans == {"KV": "KV", "A B": "A B", "DB": "DB"}


@pytest.mark.parametrize(("text", "expected"), [
    ("{ A: KVNamespace; B?: string }", [("A", "KVNamespace", False), ("B", "string", True)]),
    ("{ readonly A: Map<string, { x: 1; y: 2 }>, 'b c': 5 }", [("A", "Map<string, { x: 1; y: 2 }>", False),
    ("b c", "5", False)]),
    ("{ call(x: string): void; A: () => void; B: string }", [("A", "() => void", False), ("B", "string", False)]),
    ("{\n  A: string\n  B: number\n}", [("A", "string", False), ("B", "number", False)]),
    ("{}", []),
])
def test_members_of_an_object_type(text: str, expected: list[tuple[str, str, bool]]) -> None:
    assert list(object_members(text)) == expected


@pytest.mark.parametrize(("call", "expected"), [
    ("env.X.getWithMetadata('a')", {"X": "kv"}), ("env.X.createMultipartUpload('a')", {"X": "r2"}),
    ("env.X.head('a')", {"X": "r2"}),
    ("env.X.prepare('a')", {"X": "d1"}), ("env.X.sendBatch([])", {"X": "queue"}),
    ("env.X.idFromName('a')", {"X": "durable-object"}),
    ("env.X.writeDataPoint({})", {"X": "analytics-engine"}), ("(env.X as any).prepare('a')", {"X": "d1"}),
    ("c.env.X.prepare('a')", {"X": "d1"}),
    ("c.other.X.prepare('a')", {}), ("made().X.prepare('a')", {}), ("X.prepare('a')", {}), ("prepare('a')", {}),
    ("env.X.put('a', 'b', { expirationTtl: 60 })", {"X": "kv"}),
    ("env.X.put('a', 'b', { httpMetadata: {} })", {"X": "r2"}),
    ("env.X.put('a', 'b', { ...rest })", {}), ("env.X.put('a', 'b')", {}), ("env.X.put('a', 'b', rest)", {}),
    ("env.X.get('a', 'json')", {"X": "kv"}), ("env.X.get('a', 'other')", {}),
    ("env.X.get('a', { cacheTtl: 60 })", {"X": "kv"}),
    ("env.X.get('a', { range: 1 })", {}), ("env.X.get('a', rest)", {}), ("env.X.get('a')", {}),
    ("JSON.parse(await env.X.get('a'))", {"X": "kv"}), ("JSON.parse((await env.X.get('a')) ?? '{}')", {"X": "kv"}),
    ("show(await env.X.get('a'))", {}),
])
def test_kinds_that_use_gives_away(call: str, expected: dict[str, str]) -> None:
    assert used_as([code(f"async function f(env, c) {{ {call}; }}").file]) == expected


def test_kinds_that_python_gives_away() -> None:
    text = "async def f(env):\n    await env.X.put('a', 'b', expirationTtl=60)\n"
    assert used_as([code(text, "a.py").file]) == {"X": "kv"}
