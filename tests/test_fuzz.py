"""Mutated examples through the whole engine: never an internal error, never a span outside its file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgelint.engine import analyse
from edgelint.outcome import Outcome
from edgelint.settings import Settings
from tests import rule_runner

EVERYTHING = Settings(select=("ALL",))

SEEDS: list[dict[str, bytes]] = [
    {
        "wrangler.jsonc": b'{"name": "a", "main": "src/index.ts", // c\n'
        b' "kv_namespaces": [{"binding": "KV", "id": "x"}],}',
        "src/index.ts": b"import { f } from './b';\nexport default { async fetch(r: Request, env: Env) {\n"
        b"  const { KV } = env; await KV.put(`k${r.url}`, 'v', { expirationTtl: 30 }); return f(env); } };\n",
        "src/b.tsx": b"export const f = async (env) => <a>{await env.KV.get('\xc3\xa9\xf0\x9f\x98\x80')}</a>;\n",
    },
    {
        "wrangler.toml": b'name = "a"\nmain = "src/entry.py"\n[[d1_databases]]\nbinding = "DB"\n'
        b"[env.x]\nvars = {A = 1}",
        "src/entry.py": b"from workers import WorkerEntrypoint, Response\n\n\nclass Default(WorkerEntrypoint):\n"
        b"    async def fetch(self, request):\n        q = f'SELECT {request.url}'  # edgelint: ignore[sql/*]\n"
        b"        return Response((await self.env.DB.prepare(q).all()).results)\n",
    },
    {"src/app.vue": b"<template><p/></template>\n<script setup lang='ts'>\nconst a = env.KV\n</script>\n"},
]


def examples() -> list[dict[str, bytes]]:
    """The files of every executed example, and the seeds."""
    made = [{name: text.encode() for name, text in case.example.files.items()} for case in rule_runner.cases()]
    return SEEDS + made


NASTY = (
    b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\xe2\x80\xa8", b"\x1b[31m", b"\x0c", b"\t",
    b"    ", b"`${", b"*/", b"/*", b"'''", b'"""', b"<!--", b"<script>", b"</script>", b"// edgelint: ignore[",
    b"edgelint: ignore-file[*]", b"{", b"}", b"(", b")", b"[", b"]", b"[[", b"]]", b"= {", b"=>", b"...", b"?.", b"#",
    b"\\", b"async ", b"await ", b"class ", b"yield ", b"import ", b"export ", b"lambda: ", b"env", b"env.",
    b"\xf0\x9f\x98\x80", b"\xc3\xa9", b"1e999", b"0x", b"9" * 400,
)

Mutation = Callable[[bytes], bytes]


def _at(data: bytes, share: float) -> int:
    return int(share * len(data))


def truncate(at: float) -> Mutation:
    return lambda data: data[: _at(data, at)]


def cut(start: float, length: int) -> Mutation:
    return lambda data: data[: _at(data, start)] + data[_at(data, start) + length :]


def insert(at: float, what: bytes) -> Mutation:
    return lambda data: data[: _at(data, at)] + what + data[_at(data, at) :]


def repeat(start: float, length: int, times: int) -> Mutation:
    def mutate(data: bytes) -> bytes:
        begin = _at(data, start)
        return data[:begin] + data[begin : begin + length] * times + data[begin + length :]

    return mutate


def swap(one: float, other: float, length: int) -> Mutation:
    def mutate(data: bytes) -> bytes:
        first, second = sorted((_at(data, one), _at(data, other)))
        if second < first + length:
            return data
        left, right = data[first : first + length], data[second : second + length]
        return data[:first] + right + data[first + length : second] + left + data[second + length :]

    return mutate


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


def cr(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r")


def bom(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def one_line(data: bytes) -> bytes:
    return data.replace(b"\n", b" ")


share = st.floats(0, 1, exclude_max=True)
mutations = st.one_of(
    st.builds(truncate, share),
    st.builds(cut, share, st.integers(1, 40)),
    st.builds(insert, share, st.sampled_from(NASTY)),
    st.builds(insert, share, st.binary(min_size=1, max_size=4)),
    st.builds(repeat, share, st.integers(1, 12), st.sampled_from([2, 3, 50])),
    st.builds(swap, share, share, st.integers(1, 12)),
    st.sampled_from([crlf, cr, bom, one_line]),
)


def sound(root: Path, outcome: Outcome) -> None:
    """What must hold of every outcome."""
    assert not outcome.failures, outcome.failures[0].traceback
    for item in outcome.diagnostics:
        assert item.message.strip()
        for span in (item.span, *(related.span for related in item.related)):
            data = (root / span.path).read_bytes()
            assert 0 <= span.start <= span.end <= len(data), item
            try:
                data.decode()
            except UnicodeDecodeError:
                continue
            for offset in (span.start, span.end):
                assert offset == len(data) or data[offset] & 0xC0 != 0x80, f"{item} splits a character"


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_mutated_examples(data: st.DataObject) -> None:
    files = dict(data.draw(st.sampled_from(examples())))
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(files)))
        files[name] = data.draw(mutations)(files[name])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        sound(root, analyse(root, EVERYTHING))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(("a.ts", "a.js", "a.tsx", "a.py", "a.vue", "wrangler.toml", "wrangler.jsonc")),
    st.binary(max_size=200),
)
def test_any_bytes(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / name).write_bytes(data + b" env ")
        sound(root, analyse(root, EVERYTHING))


DEEP = {
    "parens.js": b"env" + b"(" * 2000 + b")" * 2000,
    "arrays.ts": b"const env = " + b"[" * 2000 + b"]" * 2000,
    "open.js": b"env;" + b"{(" * 2000,
    "members.js": b"env" + b".a" * 5000,
    "calls.js": b"env" + b".a()" * 3000,
    "concat.js": b"env.DB.prepare(" + b"'a' + " * 3000 + b"x)",
    "arrows.ts": b"const env = " + b"() => " * 1500 + b"1",
    "templates.js": b"env;" + b"`${" * 800 + b"1" + b"}`" * 800,
    "else.js": b"env;" + b"if (a) {} else " * 1500 + b"{}",
    "blocks.js": b"env;" + b"{" * 2000 + b"}" * 2000,
    "ternary.ts": b"env;" + b"a ? b : " * 2000 + b"c",
    "unary.js": b"env;" + b"!" * 5000 + b"a",
    "aliases.js": b"".join(b"const a%d = a%d;\n" % (n + 1, n) for n in range(2000)) + b"env(a2000)",
    "functions.js": b"".join(b"function f%d(x) { return f%d(x); }\n" % (n, n + 1) for n in range(1000)) + b"f0(env)",
    "assigned.js": b"export default { async fetch(request, env) {\n  const id = new URL(request.url).pathname;\n"
    b"  const raw = await env.KV.get(id);\n  if (raw === " + b"a = " * 45 + b"null) return new Response();\n"
    b"  await env.KV.put(id, raw, { expirationTtl: 3600 });\n  return new Response(raw);\n} };\n",
    "parens.py": b"env = " + b"(" * 150 + b"1" + b")" * 150,
    "deeper.py": b"env = " + b"(" * 3000 + b"1" + b")" * 3000,
    "binary.py": b"env = " + b"1 + " * 1500 + b"1",
    "attributes.py": b"env" + b".a" * 1500,
    "indent.py": b"".join(b" " * n + b"if env:\n" for n in range(120)) + b" " * 120 + b"pass\n",
    "fstring.py": b"env = " + b"f'{" * 50 + b"1" + b"}'" * 50,
    "wrangler.jsonc": b'{"name": "a", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "wrangler.json": b'{"x":' * 20_000 + b"1" + b"}" * 20_000,
    "wrangler.toml": b"x = " + b"[" * 3000 + b"]" * 3000 + b"\n",
    "dotted/wrangler.toml": b"a" + b".a" * 3000 + b" = 1\n",
    "long.js": b"env;" + b"a;" * 200_000,
    "longname.js": b"env;" + b"a" * 1_000_000,
    "longstring.ts": b"const env = '" + b"x" * 1_000_000 + b"'",
    "lines.py": b"env = 1\n" * 8_000,
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_and_long_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(DEEP[name])
    sound(tmp_path, analyse(tmp_path, EVERYTHING))
