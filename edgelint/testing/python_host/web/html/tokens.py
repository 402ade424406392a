"""A tokenizer of HTML that is fed piece by piece and keeps the source of every token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_SPACE: Final = b"\t\n\f\r "
_TAG_NAME: Final = re.compile(rb"[A-Za-z][^\t\n\f\r />]*")
_SKIP: Final = re.compile(rb"[\t\n\f\r /]*")
_ATTRIBUTE_NAME: Final = re.compile(rb"=?[^\t\n\f\r />=]*")
_EQUALS: Final = re.compile(rb"[\t\n\f\r ]*(=[\t\n\f\r ]*)?")
_UNQUOTED: Final = re.compile(rb"[^\t\n\f\r >]*")
_DOCTYPE: Final = re.compile(
    rb"<!doctype\s*([^\s>]*)\s*(?:public\s*(\"[^\">]*\"|'[^'>]*')?\s*(\"[^\">]*\"|'[^'>]*')?"
    rb"|system\s*(\"[^\">]*\"|'[^'>]*')?)?[^>]*>", re.I,
)  # fmt: skip
_SCRIPT_MARKS: Final = re.compile(rb"<!--|-->|<script(?=[\t\n\f\r />])|</script(?=[\t\n\f\r />])", re.I)
RAW_TEXT: Final = frozenset((b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"noscript", b"script"))
"""Elements whose content is text up to their end tag, references included."""
ESCAPABLE: Final = frozenset((b"title", b"textarea"))
"""The same, but references count."""
_BROKEN_END: Final = re.compile(rb"</[A-Za-z]*")
_LONGEST_MARK: Final = len(b"</script") + 1


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
        self._end = False
        self.text_of: bytes | None = None
        self.plain = False
        self.foreign = False
        self._in_cdata = False
        self._script_depth = 0  # 1 inside "<!--", 2 inside "<script" there: its end tag is text

    def feed(self, data: bytes) -> Iterator[Token]:
        """The tokens that ``data`` completes. The iterator is to be run to its end."""
        self._buffer += data
        return self._tokens()

    def close(self) -> Iterator[Token]:
        """The rest."""
        self._end = True
        return self._tokens()

    def _tokens(self) -> Iterator[Token]:
        while self._buffer:
            found = self._next()
            if found is None:
                break
            self._buffer = self._buffer[len(found.raw) :]
            yield found
        if self._end and self._buffer:
            rest, self._buffer = self._buffer, b""
            yield TextPart(rest) if self.text_of is not None else Raw(rest)

    def _next(self) -> Token | None:
        """The token at the front, None when it is not whole yet."""
        if self.plain:
            return TextPart(self._buffer)
        if self.text_of is not None:
            return self._only_text(self.text_of)
        if self._in_cdata:
            return self._cdata()
        at = self._buffer.find(b"<")
        if at < 0:
            return TextPart(self._buffer)
        return TextPart(self._buffer[:at]) if at else self._markup()

    def _markup(self) -> Token | None:
        buffer = self._buffer
        second = buffer[1:2]
        if not second:
            return None
        if second.isalpha():
            return self._tag(1)
        if second == b"/":
            third = buffer[2:3]
            if not third:
                return None
            if third.isalpha():
                return self._tag(2)
            if third == b">":
                return Raw(b"</>")
            return self._bogus(2)
        if second == b"?":
            return self._bogus(1)
        if second == b"!":
            return self._declaration()
        return TextPart(b"<")

    def _declaration(self) -> Token | None:
        buffer = self._buffer
        if buffer.startswith(b"<!--"):
            return self._comment()
        if self.foreign and buffer.startswith(b"<![CDATA["):
            self._in_cdata = True
            return Raw(b"<![CDATA[")
        if len(buffer) < len(b"<!doctype") and not self._end and (
            b"<!doctype".startswith(buffer.lower()) or b"<!--".startswith(buffer) or b"<![CDATA[".startswith(buffer)
        ):
            return None
        if buffer[:9].lower() == b"<!doctype":
            found = _DOCTYPE.match(buffer)
            if found is None:
                return None
            name, public, system, only_system = found.groups()
            ids = [None if each is None else each[1:-1] for each in (public, system or only_system)]
            return Doctype(found[0], name.lower() or None, ids[0], ids[1])
        return self._bogus(2)

    def _cdata(self) -> Token | None:
        end = self._buffer.find(b"]]>")
        if end < 0:
            return None
        if end > 0:
            return TextPart(self._buffer[:end])
        self._in_cdata = False
        return Raw(b"]]>")

    def _comment(self) -> Token | None:
        buffer = self._buffer
        for empty in (b"<!-->", b"<!--->"):
            if buffer.startswith(empty):
                return Comment(empty, b"")
        found = re.compile(rb"--!?>").search(buffer, 4)
        return None if found is None else Comment(buffer[: found.end()], buffer[4 : found.start()])

    def _bogus(self, start: int) -> Token | None:
        end = self._buffer.find(b">")
        return None if end < 0 else Comment(self._buffer[: end + 1], self._buffer[start:end])

    def _tag(self, start: int) -> StartTag | EndTag | None:
        buffer = self._buffer
        name = _TAG_NAME.match(buffer, start)
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
        raw = buffer[: at + 1]
        if start == 2:
            return EndTag(raw, name[0].lower(), name[0])
        closing = buffer[at - 1 : at] == b"/" and not (attributes and attributes[-1].raw.endswith(b"/"))
        return StartTag(raw, name[0].lower(), name[0], attributes, closing)

    def _only_text(self, name: bytes) -> Token | None:
        buffer = self._buffer
        at = buffer.find(b"<")
        if at != 0:
            return self._text_past_mark(0)
        if name == b"script":
            return self._script()
        end = b"</" + name
        if buffer[: len(end)].lower() == end:
            if len(buffer) == len(end):
                return None
            if buffer[len(end) : len(end) + 1] in (*(bytes([each]) for each in _SPACE), b"/", b">"):
                found = self._tag(2)
                if found is not None:
                    self.text_of = None
                return found
        elif len(buffer) < len(end) and end.startswith(buffer.lower()) and not self._end:
            return None
        broken = _BROKEN_END.match(buffer)
        return TextPart(broken[0] if broken is not None else b"<")

    def _script(self) -> Token | None:
        buffer = self._buffer
        if len(buffer) < _LONGEST_MARK and not self._end and any(
            mark.startswith(buffer.lower()) for mark in (b"<!--", b"<script/", b"</script/")
        ):
            return None
        found = _SCRIPT_MARKS.match(buffer)
        if found is None:
            return TextPart(b"<")
        mark = found[0].lower()
        if mark == b"<!--":
            self._script_depth = max(1, self._script_depth)
        elif mark == b"<script":
            self._script_depth = 2 if self._script_depth else 0
        elif self._script_depth == 2:
            self._script_depth = 1
        else:
            tag = self._tag(2)
            if tag is not None:
                self.text_of, self._script_depth = None, 0
            return tag
        return self._text_past_mark(found.end())

    def _text_past_mark(self, length: int) -> TextPart:
        """Text from here to the next "<"; the end of a comment in a script may be on the way."""
        end = self._buffer.find(b"<", length)
        text = self._buffer[: end if end >= 0 else None]
        if self._script_depth and b"-->" in text:
            self._script_depth = 0
        return TextPart(text)


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

