"""HTMLRewriter over documents that come in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.web.body import Content
from edgelint.testing.python_host.web.html import content
from edgelint.testing.python_host.web.html.rewriter import HTMLRewriter
from edgelint.testing.python_host.web.html.tokens import Comment, EndTag, StartTag, TextPart, Tokenizer
from edgelint.testing.python_host.web.readable import ReadableStream
from edgelint.testing.python_host.web.response import Response
from edgelint.testing.world import World
from tests.testing.web.conftest import Isolate

PIECES = (
    "<p>", "</p>", "<div a=1 b='x>y' c=\"z\" d>", "</div>", "<br/>", "text", "&amp;", "é", "<", ">", "a < b",
    "<!-- c -->", "<!doctype html>", "<script>", "</script>", "<!--", "-->", "<svg>", "</svg>", "<![CDATA[x<y>]]>",
    "<title>", "</title>", "</", "<a", " href=", '"', "'", "=", "/", "<style>", "</sty", "</style>", "<?php ?>",
    "</ x>", "<textarea>", "</textarea >", "<math>", "\x00", "<plaintext>", "</>", "<!x", "]]>",
)  # fmt: skip


async def split(document: bytes, cuts: Sequence[int]) -> AsyncIterator[bytes]:
    last = 0
    for cut in sorted({min(cut, len(document)) for cut in cuts} - {0}):
        if document[last:cut]:
            yield document[last:cut]
        last = cut
    if document[last:]:
        yield document[last:]


def rewritten(document: bytes, cuts: Sequence[int]) -> tuple[bytes, list[Any]]:
    """What comes out, and what the handlers saw, pieces of one text joined."""
    seen: list[Any] = []
    text = ""

    def see_text(token: Any) -> None:
        nonlocal text
        text += token.text
        if token.lastInTextNode:
            seen.append(text)
            text = ""

    def see_element(element: Any) -> None:
        seen.append((element.tagName, element.namespaceURI, [list(pair) for pair in element.attributes]))

    async def run() -> bytes:
        rewriter = HTMLRewriter()
        rewriter.on("*", {"element": see_element})
        rewriter.onDocument({"text": see_text, "comments": lambda token: seen.append(token.text)})
        response = Response()
        response._content = Content(ReadableStream._of_chunks(split(document, cuts)), None, None)
        return bytes(await rewriter.transform(response).bytes())

    world = World()
    try:
        return world.run(run(), origin="app"), seen
    finally:
        world.close()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.lists(st.integers(1, 120), max_size=12))
def test_a_document_is_read_the_same_however_it_is_cut(document: str, cuts: list[int]) -> None:
    raw = document.encode()
    whole, seen = rewritten(raw, [])
    assert whole == raw
    assert rewritten(raw, cuts) == (whole, seen)


def test_cut_at_every_byte() -> None:
    raw = b"<!DOCTYPE html><p a='1' b>x\xc3\xa9<!--c--></p><script><!--<script></script>--></script>"
    raw += b"<svg><![CDATA[<]]></svg>"
    assert rewritten(raw, range(len(raw))) == rewritten(raw, [])


def test_bytes_that_are_no_text_go_through() -> None:
    raw = b"<p>\xff\xfe</p\xff><\xff>\xc3"
    out, seen = rewritten(raw, [])
    assert seen[1] == "\ufffd\ufffd"
    assert out.startswith(b"<p>\xff\xfe</p\xff>")


def test_a_large_document_is_read_in_one_pass() -> None:
    tokens = Tokenizer()
    found = list(tokens.feed(b"<p class=x>text</p>" * 20_000))
    assert len(found) == 60_000
    assert list(tokens.close()) == []


def test_an_unfinished_tag_at_the_end_is_no_token() -> None:
    tokens = Tokenizer()
    assert [type(token) for token in tokens.feed(b"<p>x</p><b a='")] == [StartTag, TextPart, EndTag]
    assert [token.raw for token in tokens.close()] == [b"<b a='"]
    again = Tokenizer()
    assert list(again.feed(b"<!-- x")) == []
    assert [type(token).__name__ for token in again.close()] == ["Raw"]
    assert [type(token) for token in Tokenizer().feed(b"<!---><!-->")] == [Comment, Comment]


@pytest.mark.parametrize(
    "kind", [content.Element, content.EndTag, content.Text, content.Comment, content.Doctype, content.DocumentEnd,
             content.AttributesIterator],
)  # fmt: skip
def test_tokens_are_not_constructed_by_apps(kind: Any) -> None:
    with pytest.raises(EdgeError, match="Illegal constructor"):
        kind()


def test_a_token_is_dead_after_its_handler(isolate: Isolate) -> None:
    kept: list[Any] = []

    async def run() -> None:
        rewriter = HTMLRewriter().onDocument({"end": kept.append, "doctype": kept.append})
        await rewriter.transform(Response("<!doctype html>")).text()

    isolate.run(run)
    with pytest.raises(EdgeError, match="no longer valid"):
        str(kept[0].name)
    with pytest.raises(EdgeError, match="no longer valid"):
        kept[1].append("x")


def test_what_is_no_bytes_cannot_be_rewritten(isolate: Isolate) -> None:
    async def run() -> None:
        with pytest.raises(EdgeError, match="did not return bytes"):
            await HTMLRewriter().transform(Response(ReadableStream.from_(["text"]))).text()

    isolate.run(run)
