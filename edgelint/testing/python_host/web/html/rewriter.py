"""HTMLRewriter (https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/)."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from edgelint.testing.python_host.web.base import MISSING, WebObject, field, text, wrong_field, wrong_type
from edgelint.testing.python_host.web.body import Content
from edgelint.testing.python_host.web.html import content, tokens
from edgelint.testing.python_host.web.html.selectors import Selector
from edgelint.testing.python_host.web.html.stack import Open, Stack
from edgelint.testing.python_host.web.promises import finish
from edgelint.testing.python_host.web.readable import ReadableStream
from edgelint.testing.python_host.web.response import Response

Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class _Handlers:
    """Handlers of one selector, or of the document (``selector`` None)."""

    selector: Selector | None
    element: Handler | None = None
    text: Handler | None = None
    comments: Handler | None = None
    doctype: Handler | None = None
    end: Handler | None = None


class HTMLRewriter(WebObject):
    """Rewrites documents as they pass. It can be used again and again."""

    def __init__(self) -> None:
        self._handlers: list[_Handlers] = []

    def on(self, selector: Any = MISSING, handlers: Any = MISSING) -> HTMLRewriter:
        """Call ``element``, ``text`` and ``comments`` of ``handlers`` for what a selector selects. Raises EdgeError
        (TypeError) for a selector that is not supported."""
        source = text(selector, "on on HTMLRewriter 1")
        if handlers is MISSING or handlers is None or isinstance(handlers, (str, int, float)):
            raise wrong_type("on on HTMLRewriter 2", "ElementContentHandlers")
        found = _callbacks(handlers, ("element", "text", "comments"), "ElementContentHandlers")
        self._handlers.append(_Handlers(Selector(source), **found))
        return self

    def onDocument(self, handlers: Any = MISSING) -> HTMLRewriter:
        """Call ``doctype``, ``text``, ``comments`` and ``end`` of ``handlers`` for the whole document."""
        if handlers is MISSING or handlers is None or isinstance(handlers, (str, int, float)):
            raise wrong_type("onDocument on HTMLRewriter 1", "DocumentContentHandlers")
        found = _callbacks(handlers, ("doctype", "text", "comments", "end"), "DocumentContentHandlers")
        self._handlers.append(_Handlers(None, **found))
        return self

    def transform(self, response: Any = MISSING) -> Response:
        """A response with the rewritten body; what a handler raises breaks its stream."""
        if not isinstance(response, Response):
            raise wrong_type("transform on HTMLRewriter 1", "Response")
        made = Response(None, response)
        taken = response._take()
        if taken is not None:
            chunks = _rewritten(taken.stream, list(self._handlers))
            made._content = Content(ReadableStream._of_chunks(chunks), None, None)
        return made


async def _rewritten(source: ReadableStream, handlers: list[_Handlers]) -> AsyncIterator[bytes]:
    run = _Run(handlers)
    async for chunk in source.values():
        async for made in run.write(bytes(chunk)):
            yield made
    async for made in run.end():
        yield made


class _Run:
    """One document on its way."""

    def __init__(self, handlers: list[_Handlers]) -> None:
        self._handlers = handlers
        self._tokenizer = tokens.Tokenizer()
        self._stack = Stack(self._tokenizer)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text_seen = False
        self._out: list[content.Piece] = []

    async def write(self, data: bytes) -> AsyncIterator[bytes]:
        for token in self._tokenizer.feed(data):
            await self._token(token)
            async for made in self._flush():
                yield made

    async def end(self) -> AsyncIterator[bytes]:
        for token in self._tokenizer.close():
            await self._token(token)
        await self._end_text()
        last = content.DocumentEnd._of()
        for each in self._handlers:
            if each.end is not None:
                await self._call(each.end, last)
        last._alive = False
        self._out += last._out()
        async for made in self._flush():
            yield made

    async def _flush(self) -> AsyncIterator[bytes]:
        """What came out, neighbouring bytes in one piece."""
        out, self._out = self._out, []
        held: list[bytes] = []
        for each in out:
            if isinstance(each, bytes):
                held.append(each)
                continue
            if joined := b"".join(held):
                yield joined
            held = []
            yield await each.read()
        if joined := b"".join(held):
            yield joined

    def _put(self, pieces: list[content.Piece]) -> None:
        if not self._stack.silent:
            self._out += pieces

    async def _call(self, handler: Handler, token: Any) -> None:
        await finish(handler(token))

    async def _token(self, token: tokens.Token) -> None:
        if isinstance(token, tokens.TextPart):
            await self._text(token.raw)
            return
        await self._end_text()
        match token:
            case tokens.StartTag():
                await self._start(token)
            case tokens.EndTag():
                await self._close(token)
            case tokens.Comment():
                await self._comment(token)
            case tokens.Doctype():
                doctype = content.Doctype._of(token)
                await self._all("doctype", doctype)
                self._put(doctype._out())
            case _:
                self._put([token.raw])

    async def _all(self, kind: str, token: Any) -> None:
        """Call the handlers of a kind that are for this place, in the order in which they were added."""
        inside = {index for element in self._stack.open for index in element.handlers}
        for index, each in enumerate(self._handlers):
            handler: Handler | None = getattr(each, kind)
            if handler is not None and (each.selector is None or index in inside):
                await self._call(handler, token)
        token._alive = False

    def _listened_to(self, kind: str) -> bool:
        inside = {index for element in self._stack.open for index in element.handlers}
        return any(
            getattr(each, kind) is not None and (each.selector is None or index in inside)
            for index, each in enumerate(self._handlers)
        )

    async def _start(self, tag: tokens.StartTag) -> None:
        values: dict[str, str] = {}
        for attribute in tag.attributes:
            values.setdefault(attribute.name.decode("utf-8", "replace"), attribute.value.decode("utf-8", "replace"))
        was_silent = self._stack.silent
        opened, has_content = self._stack.begin(tag, values)
        path = self._stack.open if has_content else [*self._stack.open, opened]
        opened.handlers = [
            index
            for index, each in enumerate(self._handlers)
            if each.selector is not None and each.selector.matches(path)
        ]
        called = [handler for index in opened.handlers if (handler := self._handlers[index].element) is not None]
        if not called:
            self._put([tag.raw])
            return
        element = content.Element._of(tag, opened, has_content)
        for handler in called:
            await self._call(handler, element)
        element._alive = False
        if not was_silent:
            self._out += element._start()
        if has_content:
            opened.silent = element._replaced_inner
            opened.end = element if element._acts_at_end else None

    async def _close(self, tag: tokens.EndTag) -> None:
        closed = self._stack.end(tag.name.decode("utf-8", "replace"))
        # of all that an end tag closes, the outermost element's wishes count (seen on workerd 1.20261117.1)
        acting: list[Open] = [element for element in closed if element.end is not None]
        if not acting:
            self._put([tag.raw])
            return
        element: content.Element = acting[-1].end
        end = content.EndTag._of(tag, element)
        if element._end_handler is not None:
            await self._call(element._end_handler, end)
        end._alive = False
        self._put(end._out())

    async def _comment(self, tag: tokens.Comment) -> None:
        comment = content.Comment._of(tag)
        await self._all("comments", comment)
        self._put(comment._out())

    async def _text(self, raw: bytes) -> None:
        if not self._listened_to("text"):
            self._put([raw])
            return
        held = self._decoder.getstate()[0]
        found = self._decoder.decode(raw)
        still_held = self._decoder.getstate()[0]
        whole = (held + raw)[: len(held) + len(raw) - len(still_held)]
        self._text_seen = True
        if found:
            await self._give(found, whole, last=False)

    async def _end_text(self) -> None:
        if not self._text_seen:
            return
        self._text_seen = False
        held = self._decoder.getstate()[0]
        found = self._decoder.decode(b"", True)
        self._decoder.reset()
        await self._give(found, held, last=True)

    async def _give(self, found: str, raw: bytes, *, last: bool) -> None:
        token = content.Text._of(found, raw, last)
        await self._all("text", token)
        self._put(token._out())


def _callbacks(handlers: Any, names: tuple[str, ...], dictionary: str) -> dict[str, Handler]:
    found: dict[str, Handler] = {}
    for name in names:
        handler = field(handlers, name, None)
        if handler is None:
            continue
        if not callable(handler):
            raise wrong_field(name, dictionary, "function")
        found[name] = handler
    return found


