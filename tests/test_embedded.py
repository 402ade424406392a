"""Scripts of .vue, .svelte and .astro files: found, parsed where they stand, and nothing else read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.source import Source
from edgelint.syntax import embedded, tree


def parse(code: str, path: str = "a.vue") -> tree.Parsed:
    return embedded.parse(Source(path, code.encode()), path)


def names(parsed: tree.Parsed) -> list[str]:
    return [node.id for node in tree.walk(parsed.module) if isinstance(node, tree.Name)]


VUE = """<template>
  <p v-if="a < b">é {{ env.NO }}</p>
</template>
<!-- <script>commented()</script> -->
<script lang="ts">
import { x } from "./x"
export default { name: "é" }
</script>

<script setup lang='ts' generic="T extends Record<string, unknown>">
const rows = await load<T>(env.DB) // why
</script>
<style>p::after { content: "<script>no()</script>" }</style>
"""


def test_vue() -> None:
    parsed = parse(VUE)
    assert (parsed.errors, parsed.language) == ([], "typescript")
    source = Source("a.vue", VUE.encode())
    assert [type(node).__name__ for node in parsed.module.body] == ["Import", "Export", "Assign"]
    assert source.slice(parsed.module.body[2].start, parsed.module.body[2].end) == "rows = await load<T>(env.DB)"
    assert source.position(parsed.module.body[2].start) == (11, 7)
    assert [comment.text for comment in parsed.comments] == [" why"]
    assert names(parsed) == ["rows", "load", "env"]
    assert (parsed.module.start, parsed.module.end) == (0, len(VUE.encode()))


def test_no_semicolon_at_the_end_of_a_script() -> None:
    parsed = parse("<script>const a = b</script><script>(c)</script>")
    assert [type(node).__name__ for node in parsed.module.body] == ["Assign", "ExprStmt"]


ASTRO = """---
import Page from "../Page.astro";
const db: D1Database = Astro.locals.runtime.env.DB;
---
<Page>{db}</Page>
<script>console.log(client)</script>
<script is:inline type="application/json">{ "not": "code" }</script>
"""


def test_astro() -> None:
    parsed = parse(ASTRO, "src/a.astro")
    assert (parsed.errors, parsed.language) == ([], "typescript")
    assert names(parsed) == ["db", "Astro", "console", "client"]
    open_ended = parse("---\nconst a = 1\n", "a.astro")
    assert names(open_ended) == ["a"]
    assert names(parse("<p>--- not at the start</p>", "a.astro")) == []
    assert names(parse("\ufeff---\nf()\n---\n", "a.astro")) == ["f"]


@pytest.mark.parametrize(("code", "language", "found"), [
    ('<script lang="ts" context="module">let a: B</script>', "typescript", ["a"]),
    ("<script>let a = 1</script>", "javascript", ["a"]),
    ('<script lang="tsx">const a = <B/> as C</script>', "typescript", ["a", "B"]),
    ('<script src="./other.js"></script>', "javascript", []),
    ('<script type="module">a()</script>', "javascript", ["a"]),
    ('<script type="application/ld+json">{"a": b}</script>', "javascript", []),
    ("<SCRIPT>a()</SCRIPT>", "javascript", ["a"]),
    ("<script>never(closed)", "javascript", ["never", "closed"]),
    ("<style>never closed <script>a()</script>", "javascript", []),
    ("<!-- never closed <script>a()</script>", "javascript", []),
    ("<script {...rest}>a()</script>", "javascript", ["a"]),
    ("<script>a()</script><!-- x --><script>b()</script>", "javascript", ["a", "b"]),
    ("<scripted>a()</scripted>", "javascript", []),
    ('<script lang="ts">a()</script><script lang="tsx">b()</script>', "typescript", ["a", "b"]),
    ("no script at all", "javascript", []),
    ("", "javascript", []),
])
def test_svelte(code: str, language: str, found: list[str]) -> None:
    parsed = parse(code, "a.svelte")
    assert (parsed.language, names(parsed), parsed.errors) == (language, found, [])


def test_errors_have_their_place_in_the_host() -> None:
    code = "<p>é</p>\r\n<script>\r\nf(a b)\r\n</script>"
    parsed = parse(code)
    source = Source("a.vue", code.encode())
    assert [source.position(start) for start, _, _ in parsed.errors] == [(3, 5)]


@given(st.text(st.sampled_from("<>script/ =\"'-!{}a\n---styleé"), max_size=80))
def test_any_host(code: str) -> None:
    for path in ("a.vue", "a.astro"):
        size = len(code.encode())
        assert all(0 <= node.start <= node.end <= size for node in tree.walk(parse(code, path).module))


def test_a_script_that_closes_itself_takes_nothing() -> None:
    code = "---\nconst a = env.A;\n---\n{a && <script is:inline set:html={a} />}\n<style>p { gap: 1rem }</style>\n"
    parsed = parse(code + "<script>use(env.B)</script>", "a.astro")
    assert parsed.errors == []
    assert names(parsed).count("env") == 2
