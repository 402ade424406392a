"""Which elements are open, and what kind of text comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from edgelint.testing.python_host.web.html.tokens import ESCAPABLE, RAW_TEXT, StartTag, Tokenizer

HTML: Final = "http://www.w3.org/1999/xhtml"
SVG: Final = "http://www.w3.org/2000/svg"
MATHML: Final = "http://www.w3.org/1998/Math/MathML"
VOID: Final = frozenset([
        "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
        "meta", "param", "source", "track", "wbr",
])  # fmt: skip
"""Elements without content (https://html.spec.whatwg.org/#void-elements, with the obsolete ones)."""
_BREAKS_OUT: Final = frozenset([
        "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2",
        "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre",
        "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var",
])  # fmt: skip
"""Tags that end SVG and MathML (https://html.spec.whatwg.org/#parsing-main-inforeign)."""
_HTML_INSIDE: Final = frozenset(
    {(SVG, "foreignobject"), (SVG, "desc"), (SVG, "title"), (MATHML, "mi"), (MATHML, "mo"), (MATHML, "mn"),
     (MATHML, "ms"), (MATHML, "mtext"), (MATHML, "annotation-xml")}
)  # fmt: skip


@dataclass(slots=True)
class Open:
    """An open element. ``handlers`` are the indices of those selectors that matched it, ``end`` what is to happen at
    its end tag (None: nothing), ``silent`` whether its content is dropped."""

    name: str
    values: dict[str, str]
    namespace: str
    child: int
    of_type: int
    handlers: list[int] = field(default_factory=list)
    end: Any = None
    silent: bool = False
    children: int = 0
    types: dict[str, int] = field(default_factory=dict)

    @property
    def is_html(self) -> bool:
        """Whether it is an element of HTML."""
        return self.namespace == HTML

    def value_of(self, name: str) -> str | None:
        """The value of an attribute, by its name in lower case."""
        return self.values.get(name)


class Stack:
    """The open elements, outermost first; ``root`` counts those outside all."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._root = Open("", {}, HTML, 0, 0)
        self.open: list[Open] = []

    def begin(self, tag: StartTag, values: dict[str, str]) -> tuple[Open, bool]:
        """A start tag. Returns the element, and whether it can have content (and is open now)."""
        name = tag.name.decode("utf-8", "replace")
        parent = self.open[-1] if self.open else self._root
        namespace = self._namespace(name, parent)
        parent.children += 1
        parent.types[name] = parent.types.get(name, 0) + 1
        element = Open(name, values, namespace, parent.children, parent.types[name])
        if namespace == HTML:
            has_content = name not in VOID
        else:
            has_content = not tag.self_closing
        if has_content:
            self.open.append(element)
            self._set_text(tag.name, namespace)
        return element, has_content

    def end(self, name: str) -> list[Open]:
        """An end tag: what it closes, innermost first; nothing when no element of that name is open."""
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at].name == name:
                closed = self.open[at:][::-1]
                del self.open[at:]
                self._tokenizer.foreign = bool(self.open) and not self.open[-1].is_html
                return closed
        return []

    @property
    def silent(self) -> bool:
        """Whether what comes now is inside something dropped."""
        return any(element.silent for element in self.open)

    def _namespace(self, name: str, parent: Open) -> str:
        if name == "svg":
            return SVG
        if name == "math":
            return MATHML
        if parent.is_html or (parent.namespace, parent.name) in _HTML_INSIDE or name in _BREAKS_OUT:
            return HTML
        return parent.namespace

    def _set_text(self, name: bytes, namespace: str) -> None:
        self._tokenizer.foreign = namespace != HTML
        if namespace != HTML:
            return
        if name in RAW_TEXT or name in ESCAPABLE:
            self._tokenizer.text_of = name
        elif name == b"plaintext":
            self._tokenizer.plain = True
