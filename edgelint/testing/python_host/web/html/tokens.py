"""A tokenizer of HTML that is fed piece by piece and keeps the source of every token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_TAG_NAME: Final = re.compile(rb"[A-Za-z][^\t\n\f\r />]*")
_SKIP: Final = re.compile(rb"[\t\n\f\r /]*")
_ATTRIBUTE_NAME: Final = re.compile(rb"=?[^\t\n\f\r />=]*")
_EQUALS: Final = re.compile(rb"[\t\n\f\r ]*(=[\t\n\f\r ]*)?")
_UNQUOTED: Final = re.compile(rb"[^\t\n\f\r >]*")
_DOCTYPE: Final = re.compile(
    rb"<!doctype\s*([^\s>]*)\s*(?:public\s*(\"[^\">]*\"|'[^'>]*')?\s*(\"[^\">]*\"|'[^'>]*')?"
    rb"|system\s*(\"[^\">]*\"|'[^'>]*')?)?[^>]*>", re.I,
)  # fmt: skip
_SCRIPT_MARKS: Final = re.compile(rb"<!--|<script(?=[\t\n\f\r />])|</script(?=[\t\n\f\r />])", re.I)
RAW_TEXT: Final = frozenset((b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"noscript", b"script"))
"""Elements whose content is text up to their end tag, references included."""
ESCAPABLE: Final = frozenset((b"title", b"textarea"))
"""The same, but references count."""
_BROKEN_END: Final = re.compile(rb"</[A-Za-z]*")
_COMMENT_END: Final = re.compile(rb"--!?>")
_AFTER_NAME: Final = tuple(bytes([each]) for each in b"\t\n\f\r />")


@dataclass(slots=True)
class Attribute:
    """One attribute: its name in lower case, its value, and its source."""

    name: bytes
    value: bytes
    raw: bytes


@dataclass(slots=True)
class StartTag:
    """A start tag. ``name`` is in lower case, ``raw_name`` as written; of attributes of one name the first counts."""

    raw: bytes
    name: bytes
    raw_name: bytes
    attributes: list[Attribute] = field(default_factory=list)
    self_closing: bool = False


@dataclass(slots=True)
class EndTag:
    """An end tag."""

    raw: bytes
    name: bytes
    raw_name: bytes


@dataclass(slots=True)
class Comment:
    """A comment, bogus ones too."""

    raw: bytes
    text: bytes


@dataclass(slots=True)
class Doctype:
    """A doctype; what it does not say is None."""

    raw: bytes
    name: bytes | None
    public_id: bytes | None
    system_id: bytes | None


@dataclass(slots=True)
class TextPart:
    """A piece of text."""

    raw: bytes


@dataclass(slots=True)
class Raw:
    """Source that is no token: what the standard drops, or an unfinished tag at the end."""

    raw: bytes


Token = StartTag | EndTag | Comment | Doctype | TextPart | Raw


class Tokenizer:
    """``feed`` gives the tokens that are whole; ``close`` what is left. After a start tag the caller may set
    ``text_of`` (the name of the element whose content is only text) or ``plain`` (the rest is text), and ``foreign``
    while inside SVG or MathML, where CDATA sections are text."""

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0  # where in the buffer the next token begins
        self._end = False
        self.text_of: bytes | None = None
        self.plain = False
        self.foreign = False
        self._in_cdata = False
        self._script_depth = 0  # 1 inside "<!--", 2 inside "<script" there: its end tag is text

    def feed(self, data: bytes) -> Iterator[Token]:
        """The tokens that ``data`` completes. The iterator is to be run to its end."""
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        return self._tokens()

    def close(self) -> Iterator[Token]:
        """The rest."""
        self._end = True
        return self._tokens()

    def _tokens(self) -> Iterator[Token]:
        while self._at < len(self._buffer):
            found = self._next()
            if found is None:
                break
            self._at += len(found.raw)
            yield found
        if self._end and self._at < len(self._buffer):
            rest = self._buffer[self._at :]
            self._at = len(self._buffer)
            yield TextPart(rest) if self.text_of is not None or self._in_cdata else Raw(rest)

    def _ahead(self, length: int) -> bytes:
        """The next bytes."""
        return self._buffer[self._at : self._at + length]

    def _text_until_markup(self, skip: int = 0) -> TextPart:
        """Text up to the next "<" after ``skip`` bytes, or all there is."""
        end = self._buffer.find(b"<", self._at + skip)
        return TextPart(self._buffer[self._at : end if end >= 0 else None])

    def _next(self) -> Token | None:
        """The token at the front, None when it is not whole yet."""
        if self.plain:
            return TextPart(self._buffer[self._at :])
        if self._in_cdata:
            return self._cdata()
        if self._ahead(1) != b"<":
            found = self._text_until_markup()
            if self._script_depth and b"-->" in found.raw:
                self._script_depth = 0
            return found
        return self._markup() if self.text_of is None else self._only_text(self.text_of)

    def _markup(self) -> Token | None:
        second, third = self._buffer[self._at + 1 : self._at + 2], self._buffer[self._at + 2 : self._at + 3]
        if not second or (second == b"/" and not third):
            return None
        if second.isalpha():
            return self._tag(1)
        if second == b"/":
            if third.isalpha():
                return self._tag(2)
            return Raw(b"</>") if third == b">" else self._bogus(2)
        if second == b"?":
            return self._bogus(1)
        return self._declaration() if second == b"!" else TextPart(b"<")

    def _declaration(self) -> Token | None:
        ahead = self._ahead(len(b"<!doctype"))
        if ahead.startswith(b"<!--"):
            return self._comment()
        if self.foreign and ahead == b"<![CDATA[":
            self._in_cdata = True
            return Raw(ahead)
        if ahead.lower() == b"<!doctype":
            found = _DOCTYPE.match(self._buffer, self._at)
            if found is None:
                return None
            name, public, system, only_system = found.groups()
            ids = [None if each is None else each[1:-1] for each in (public, system or only_system)]
            return Doctype(found[0], name.lower() or None, ids[0], ids[1])
        if len(ahead) < len(b"<!doctype"):  # more may make one of these of it
            if any(mark.startswith(ahead.lower()) for mark in (b"<!doctype", b"<!--", b"<![cdata[")):
                return None
        return self._bogus(2)

    def _cdata(self) -> Token | None:
        end = self._buffer.find(b"]]>", self._at)
        if end < 0:
            return None
        if end > self._at:
            return TextPart(self._buffer[self._at : end])
        self._in_cdata = False
        return Raw(b"]]>")

    def _comment(self) -> Token | None:
        start = self._at + 4
        for empty in (b"<!-->", b"<!--->"):
            if self._buffer.startswith(empty, self._at):
                return Comment(empty, b"")
        found = _COMMENT_END.search(self._buffer, start)
        if found is None:
            return None
        return Comment(self._buffer[self._at : found.end()], self._buffer[start : found.start()])

    def _bogus(self, skip: int) -> Token | None:
        end = self._buffer.find(b">", self._at)
        if end < 0:
            return None
        return Comment(self._buffer[self._at : end + 1], self._buffer[self._at + skip : end])

    def _tag(self, skip: int) -> StartTag | EndTag | None:
        buffer = self._buffer
        name = _TAG_NAME.match(buffer, self._at + skip)
        assert name is not None  # the caller saw a letter
        attributes: list[Attribute] = []
        at = name.end()
        while True:
            skipped = _SKIP.match(buffer, at)
            assert skipped is not None  # it matches nothing too
            at = skipped.end()
            if at >= len(buffer):
                return None
            if buffer[at : at + 1] == b">":
                break
            found = _attribute(buffer, at)
            if found is None:
                return None
            attribute, at = found
            attributes.append(attribute)
        raw = buffer[self._at : at + 1]
        if skip == 2:
            return EndTag(raw, name[0].lower(), name[0])
        closing = buffer[at - 1 : at] == b"/" and not (attributes and attributes[-1].raw.endswith(b"/"))
        return StartTag(raw, name[0].lower(), name[0], attributes, closing)

    def _only_text(self, name: bytes) -> Token | None:
        """From a "<" inside an element whose content is text: its end tag, or more text."""
        if name == b"script":
            return self._script()
        end = b"</" + name
        ahead = self._ahead(len(end) + 1)
        if ahead[:-1].lower() == end:
            if ahead[-1:] in _AFTER_NAME:
                found = self._tag(2)
                if found is not None:
                    self.text_of = None
                return found
        elif end.startswith(ahead.lower()) and not self._end:
            return None
        broken = _BROKEN_END.match(self._buffer, self._at)
        return TextPart(broken[0] if broken is not None else b"<")

    def _script(self) -> Token | None:
        ahead = self._ahead(len(b"</script"))
        found = _SCRIPT_MARKS.match(self._buffer, self._at)
        if found is None:
            marks = (b"<!--", b"<script", b"</script")
            unsure = not self._end and self._at + len(ahead) == len(self._buffer)
            return None if unsure and any(mark.startswith(ahead.lower()) for mark in marks) else TextPart(b"<")
        mark = found[0].lower()
        if mark == b"</script" and self._script_depth < 2:
            tag = self._tag(2)
            if tag is not None:
                self.text_of, self._script_depth = None, 0
            return tag
        if mark == b"<!--":
            self._script_depth = max(1, self._script_depth)
        elif mark == b"</script":
            self._script_depth = 1
        elif self._script_depth:
            self._script_depth = 2
        text = self._text_until_markup(len(mark))
        if self._script_depth and b"-->" in text.raw:
            self._script_depth = 0
        return text


def _attribute(buffer: bytes, at: int) -> tuple[Attribute, int] | None:
    name = _ATTRIBUTE_NAME.match(buffer, at)
    assert name is not None
    equals = _EQUALS.match(buffer, name.end())
    assert equals is not None
    if equals.end() >= len(buffer):
        return None
    if equals[1] is None:
        return Attribute(name[0].lower(), b"", name[0]), name.end()
    start = equals.end()
    quote = buffer[start : start + 1]
    if quote in (b'"', b"'"):
        end = buffer.find(quote, start + 1)
        if end < 0:
            return None
        return Attribute(name[0].lower(), buffer[start + 1 : end], buffer[at : end + 1]), end + 1
    value = _UNQUOTED.match(buffer, start)
    assert value is not None
    return Attribute(name[0].lower(), value[0], buffer[at : value.end()]), value.end()

