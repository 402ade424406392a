"""What handlers are given: Element, EndTag, Text, Comment, Doctype, DocumentEnd; and what they ask to be put where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.python_host.web.base import (
    MISSING,
    WebObject,
    field,
    illegal_constructor,
    text,
    truth,
    wrong_type,
)  # fmt: skip
from edgelint.testing.python_host.web.body import Body
from edgelint.testing.python_host.web.html import tokens
from edgelint.testing.python_host.web.html.selectors import ascii_lower
from edgelint.testing.python_host.web.html.stack import Open
from edgelint.testing.python_host.web.readable import ReadableStream
from edgelint.testing.python_host.web.urls import scalars


@dataclass(frozen=True, slots=True)
class Streamed:
    """Content that is still to be read; ``escape``: as text."""

    stream: ReadableStream
    escape: bool

    async def read(self) -> bytes:
        """All of it."""
        found = await self.stream._read_all()
        return _escaped(found.decode("utf-8", "replace")).encode() if self.escape else found


Piece = bytes | Streamed
_GONE: Final = (
    "This content token is no longer valid. Content tokens are only valid during the execution of the relevant content "
    "handler."
)
_NAME_STOPS: Final = re.compile(r"[\t\n\f\r />]")
_ATTRIBUTE_STOPS: Final = re.compile(r"[\t\n\f\r />=]")


class Token(WebObject):
    """A part of the document, for the time that a handler runs."""

    _alive = True
    _before: list[Piece]
    _after: list[Piece]
    _instead: list[Piece]
    _removed: bool

    def __init__(self, *args: Any) -> None:
        raise illegal_constructor()

    def _setup(self) -> None:
        self._before, self._after, self._instead = [], [], []
        self._removed = False

    def _live(self) -> None:
        if not self._alive:
            raise type_error(_GONE)

    @property
    def removed(self) -> bool:
        """Whether it will be left out."""
        self._live()
        return self._removed

    def before(self, content: Any = MISSING, options: Any = MISSING) -> Any:
        """Put content before it."""
        self._before.append(self._piece("before", content, options))
        return self

    def after(self, content: Any = MISSING, options: Any = MISSING) -> Any:
        """Put content after it; what comes later stands nearer."""
        self._after.insert(0, self._piece("after", content, options))
        return self

    def replace(self, content: Any = MISSING, options: Any = MISSING) -> Any:
        """Put content in its place."""
        self._instead = [self._piece("replace", content, options)]
        self._removed = True
        return self

    def remove(self) -> Any:
        """Leave it out."""
        self._live()
        self._removed = True
        self._instead = []
        return self

    def _piece(self, method: str, content: Any, options: Any) -> Piece:
        self._live()
        return piece(f"{method} on {self._js_class_name()} 1", content, options)

    def _pieces(self, middle: list[Piece]) -> list[Piece]:
        return [*self._before, *(self._instead if self._removed else middle), *self._after]


class Element(Token):
    """A start tag with everything up to its end tag."""

    @classmethod
    def _of(cls, tag: tokens.StartTag, element: Open, can_have_content: bool) -> Element:
        made = cls.__new__(cls)
        made._setup()
        made._tag, made._element, made._can_have_content = tag, element, can_have_content
        made._name = None
        made._attributes = [(each.name.decode("utf-8", "replace"), each) for each in tag.attributes]
        made._changed = made._keep_content = made._replaced_inner = False
        made._prepended, made._appended = [], []
        made._end_handler = None
        return made

    _tag: tokens.StartTag
    _element: Open
    _can_have_content: bool
    _name: str | None
    _attributes: list[tuple[str, tokens.Attribute | str]]
    _changed: bool
    _keep_content: bool
    _replaced_inner: bool
    _prepended: list[Piece]
    _appended: list[Piece]
    _end_handler: Callable[..., Any] | None

    @property
    def tagName(self) -> str:
        """Its name, in lower case."""
        self._live()
        return self._element.name if self._name is None else self._name

    @tagName.setter
    def tagName(self, value: Any) -> None:
        self._live()
        self._name = _checked_tag(text(value))
        self._changed = True

    @property
    def namespaceURI(self) -> str:
        """HTML's, SVG's or MathML's."""
        self._live()
        return self._element.namespace

    @property
    def attributes(self) -> AttributesIterator:
        """[name, value] of each."""
        self._live()
        return AttributesIterator._of([[name, _value(value)] for name, value in self._attributes])

    def getAttribute(self, name: Any = MISSING) -> str | None:
        """The value of an attribute, as it is written; None when there is none."""
        self._live()
        wanted = ascii_lower(text(name, "getAttribute on Element 1"))
        return next((_value(value) for found, value in self._attributes if found == wanted), None)

    def hasAttribute(self, name: Any = MISSING) -> bool:
        """Whether there is an attribute."""
        self._live()
        wanted = ascii_lower(text(name, "hasAttribute on Element 1"))
        return any(found == wanted for found, _ in self._attributes)

    def setAttribute(self, name: Any = MISSING, value: Any = MISSING) -> Element:
        """Give an attribute a value. Raises EdgeError (TypeError) for what is no name."""
        self._live()
        wanted = ascii_lower(text(name, "setAttribute on Element 1"))
        written = scalars(text(value, "setAttribute on Element 2"))
        if not wanted:
            raise _refused("Attribute name can't be empty.")
        if (stop := _ATTRIBUTE_STOPS.search(wanted)) is not None:
            raise _refused(f"`{stop[0]}` character is forbidden in the attribute name")
        self._changed = True
        for index, (found, _) in enumerate(self._attributes):
            if found == wanted:
                self._attributes[index] = (wanted, written)
                return self
        self._attributes.append((wanted, written))
        return self

    def removeAttribute(self, name: Any = MISSING) -> Element:
        """Take an attribute away."""
        self._live()
        wanted = ascii_lower(text(name, "removeAttribute on Element 1"))
        kept = [(found, value) for found, value in self._attributes if found != wanted]
        self._changed = self._changed or len(kept) != len(self._attributes)
        self._attributes = kept
        return self

    def prepend(self, content: Any = MISSING, options: Any = MISSING) -> Element:
        """Put content right after the start tag; what comes later stands first."""
        self._prepended.insert(0, self._piece("prepend", content, options))
        return self

    def append(self, content: Any = MISSING, options: Any = MISSING) -> Element:
        """Put content right before the end tag."""
        self._appended.append(self._piece("append", content, options))
        return self

    def setInnerContent(self, content: Any = MISSING, options: Any = MISSING) -> Element:
        """Put content in place of what is inside."""
        self._prepended = [self._piece("setInnerContent", content, options)]
        self._appended = []
        self._replaced_inner = True
        return self

    def replace(self, content: Any = MISSING, options: Any = MISSING) -> Element:
        """Put content in its place, and that of what is inside."""
        super().replace(content, options)
        self._replaced_inner, self._keep_content = True, False
        return self

    def remove(self) -> Element:
        """Leave it out with what is inside."""
        super().remove()
        self._replaced_inner, self._keep_content = True, False
        return self

    def removeAndKeepContent(self) -> Element:
        """Leave out its tags alone."""
        super().remove()
        self._keep_content = True
        return self

    def onEndTag(self, callback: Any = MISSING) -> None:
        """Call at its end tag; the last one that is set. Raises EdgeError (TypeError) when it can have none."""
        self._live()
        if not callable(callback):
            raise wrong_type("onEndTag on Element 1", "function")
        if not self._can_have_content:
            raise _refused("No end tag.")
        self._end_handler = callback

    def _start(self) -> list[Piece]:
        """What comes out in place of the start tag."""
        inner = self._prepended if self._can_have_content else []
        tag: list[Piece] = [] if self._removed else [self._written() if self._changed else self._tag.raw]
        after = [] if self._can_have_content else self._after
        return [*self._before, *(self._instead if self._removed else []), *tag, *inner, *after]

    @property
    def _acts_at_end(self) -> bool:
        return bool(
            self._appended or self._after or self._removed or self._name is not None or self._end_handler is not None
        )

    def _written(self) -> bytes:
        name = self._tag.raw_name if self._name is None else self._name.encode()
        parts = [b"<" + name]
        for found, value in self._attributes:
            if isinstance(value, tokens.Attribute):
                parts.append(value.raw)
            else:
                parts.append(f'{found}="{value.replace(chr(34), "&quot;")}"'.encode())
        end = b" />" if self._tag.self_closing else b">"
        return b" ".join(parts) + end


class AttributesIterator(WebObject):
    """The iterator of ``element.attributes``."""

    js_iterates = "_again"

    def __init__(self, *args: Any) -> None:
        raise illegal_constructor()

    @classmethod
    def _of(cls, pairs: list[list[str]]) -> AttributesIterator:
        made = cls.__new__(cls)
        made._left = iter(pairs)
        return made

    _left: Iterator[list[str]]

    def next(self) -> dict[str, Any]:
        """{value, done}."""
        try:
            return {"value": next(self._left), "done": False}
        except StopIteration:
            return {"done": True}

    def _again(self) -> Iterator[list[str]]:
        return self._left

    def __next__(self) -> list[str]:
        return next(self._left)


class EndTag(Token):
    """An end tag."""

    @classmethod
    def _of(cls, tag: tokens.EndTag, element: Element) -> EndTag:
        made = cls.__new__(cls)
        made._setup()
        made._tag = tag
        made._name = element._name
        made._removed = element._removed
        made._before = list(element._appended)
        made._after = list(element._after)
        return made

    _tag: tokens.EndTag
    _name: str | None

    @property
    def name(self) -> str:
        """The name of the tag, in lower case."""
        self._live()
        return self._tag.name.decode("utf-8", "replace") if self._name is None else self._name

    @name.setter
    def name(self, value: Any) -> None:
        self._live()
        self._name = _checked_tag(text(value))

    def _out(self) -> list[Piece]:
        return self._pieces([self._tag.raw if self._name is None else f"</{self._name}>".encode()])


class Text(Token):
    """A piece of text; ``lastInTextNode`` says that the text ends with it."""

    @classmethod
    def _of(cls, found: str, raw: bytes, last: bool) -> Text:
        made = cls.__new__(cls)
        made._setup()
        made._text, made._raw, made._last = found, raw, last
        return made

    _text: str
    _raw: bytes
    _last: bool

    @property
    def text(self) -> str:
        """The text as it is written, references included."""
        self._live()
        return self._text

    @property
    def lastInTextNode(self) -> bool:
        """Whether the text ends here."""
        self._live()
        return self._last

    def _out(self) -> list[Piece]:
        return self._pieces([self._raw])


class Comment(Token):
    """A comment."""

    @classmethod
    def _of(cls, tag: tokens.Comment) -> Comment:
        made = cls.__new__(cls)
        made._setup()
        made._tag = tag
        made._text = None
        return made

    _tag: tokens.Comment
    _text: str | None

    @property
    def text(self) -> str:
        """What it says."""
        self._live()
        return self._tag.text.decode("utf-8", "replace") if self._text is None else self._text

    @text.setter
    def text(self, value: Any) -> None:
        self._live()
        written = text(value)
        if "-->" in written:
            raise _refused("Comment text shouldn't contain a comment-closing sequence.")
        self._text = written

    def _out(self) -> list[Piece]:
        return self._pieces([self._tag.raw if self._text is None else f"<!--{self._text}-->".encode()])


class Doctype(Token):
    """The doctype; what it does not say is None."""

    @classmethod
    def _of(cls, tag: tokens.Doctype) -> Doctype:
        made = cls.__new__(cls)
        made._setup()
        made._tag = tag
        return made

    _tag: tokens.Doctype

    @property
    def name(self) -> str | None:
        """Its name, in lower case."""
        return self._part(self._tag.name)

    @property
    def publicId(self) -> str | None:
        """Its public identifier."""
        return self._part(self._tag.public_id)

    @property
    def systemId(self) -> str | None:
        """Its system identifier."""
        return self._part(self._tag.system_id)

    def _part(self, value: bytes | None) -> str | None:
        self._live()
        return None if value is None else value.decode("utf-8", "replace")

    def _out(self) -> list[Piece]:
        return [self._tag.raw]


class DocumentEnd(WebObject):
    """The end of the document."""

    def __init__(self, *args: Any) -> None:
        raise illegal_constructor()

    @classmethod
    def _of(cls) -> DocumentEnd:
        made = cls.__new__(cls)
        made._added = []
        return made

    _added: list[Piece]
    _alive = True

    def append(self, content: Any = MISSING, options: Any = MISSING) -> DocumentEnd:
        """Put content at the end."""
        if not self._alive:
            raise type_error(_GONE)
        self._added.append(piece("append on DocumentEnd 1", content, options))
        return self

    def _out(self) -> list[Piece]:
        return self._added


def piece(where: str, content: Any, options: Any) -> Piece:
    """Content to put in: text is escaped unless ``html``; a stream or a response's body goes in as it comes."""
    if content is MISSING:
        raise wrong_type(where, "string or JsReadableStream or Response")
    as_html = truth(field(options, "html"))
    if isinstance(content, Body):
        content = content.body if content.body is not None else ""
    if isinstance(content, ReadableStream):
        return Streamed(content, not as_html)
    written = scalars(text(content))
    return (written if as_html else _escaped(written)).encode()


def _escaped(found: str) -> str:
    return found.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _value(value: tokens.Attribute | str) -> str:
    return value if isinstance(value, str) else value.value.decode("utf-8", "replace")


def _checked_tag(name: str) -> str:
    if not name:
        raise _refused("Tag name can't be empty.")
    if not (name[0].isascii() and name[0].isalpha()):
        raise _refused("The first character of the tag name should be an ASCII alphabetical character.")
    if (stop := _NAME_STOPS.search(name)) is not None:
        raise _refused(f"`{stop[0]}` character is forbidden in the tag name")
    return name


def _refused(words: str) -> EdgeError:
    return type_error(f"Parser error: {words}")
