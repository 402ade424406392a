"""The selectors of HTMLRewriter.

Those that can be decided when a start tag is read:
https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#selectors. Words of refusal are lol-html's
(https://github.com/cloudflare/lol-html/blob/main/src/selectors_vm/parser.rs).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from edgelint.testing.errors import EdgeError, type_error

_IDENTIFIER: Final = re.compile(r"-?(?:[A-Za-z_\u0080-\uffff]|\\.)(?:[\w\-\u0080-\uffff]|\\.)*|--(?:[\w\-]|\\.)*")
_SPACES: Final = re.compile(r"\s*")
_STRING: Final = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")
_UNEXPECTED: Final = "Unexpected token in selector."
_OPERATORS: Final = ("=", "~=", "^=", "$=", "*=", "|=")
_NTH: Final = re.compile(r"\s*(?:(odd)|(even)|([+-]?\d*)n\s*(?:([+-])\s*(\d+))?|([+-]?\d+))\s*$", re.I)
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_INSENSITIVE: Final = frozenset([
        "accept", "accept-charset", "align", "alink", "axis", "bgcolor", "charset", "checked", "clear", "codetype",
        "color", "compact", "declare", "defer", "dir", "direction", "disabled", "enctype", "face", "frame",
        "hreflang", "http-equiv", "lang", "language", "link", "media", "method", "multiple", "nohref", "noresize",
        "noshade", "nowrap", "readonly", "rel", "rev", "rules", "scope", "scrolling", "selected", "shape", "target",
        "text", "type", "valign", "valuetype", "vlink",
])  # fmt: skip
"""Attributes whose values are compared without case (https://html.spec.whatwg.org/#case-sensitivity-of-selectors)."""


class Node(Protocol):
    """What is matched: an open element. ``child`` and ``of_type`` count from 1 among its siblings."""

    @property
    def name(self) -> str: ...

    @property
    def child(self) -> int: ...

    @property
    def of_type(self) -> int: ...

    @property
    def is_html(self) -> bool: ...

    def value_of(self, name: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class _Attribute:
    name: str
    operator: str = ""
    value: str = ""
    ignore_case: bool | None = None
    """As its flag says; None when it has none."""

    def matches(self, node: Node) -> bool:
        found = node.value_of(self.name)
        if found is None or not self.operator:
            return found is not None
        value = self.value
        if self.ignore_case or (self.ignore_case is None and node.is_html and self.name in _INSENSITIVE):
            found, value = found.lower(), value.lower()
        match self.operator:
            case "=":
                return found == value
            case "~=":
                return bool(value) and value in found.split()
            case "|=":
                return found == value or found.startswith(value + "-")
            case "^=":
                return bool(value) and found.startswith(value)
            case "$=":
                return bool(value) and found.endswith(value)
            case _:
                return bool(value) and value in found


@dataclass(frozen=True, slots=True)
class _Nth:
    step: int
    offset: int
    of_type: bool

    def matches(self, node: Node) -> bool:
        left = (node.of_type if self.of_type else node.child) - self.offset
        return left == 0 if self.step == 0 else left % self.step == 0 and left // self.step >= 0


@dataclass(frozen=True, slots=True)
class _Not:
    inner: tuple[_Compound, ...]

    def matches(self, node: Node) -> bool:
        return not any(compound.matches(node) for compound in self.inner)


@dataclass(slots=True)
class _Compound:
    """One simple element: its name (None for any) and all that has to hold of it."""

    name: str | None = None
    parts: list[_Attribute | _Nth | _Not] = field(default_factory=list)

    def matches(self, node: Node) -> bool:
        if self.name is not None and self.name != node.name:
            return False
        return all(part.matches(node) for part in self.parts)


@dataclass(slots=True)
class _Complex:
    """Compounds from the outside in; ``child[i]`` says whether the i-th is the parent of the next."""

    compounds: list[_Compound]
    child: list[bool]

    def matches(self, path: Sequence[Node]) -> bool:
        return self.compounds[-1].matches(path[-1]) and self._above(len(self.compounds) - 2, path, len(path) - 1)

    def _above(self, index: int, path: Sequence[Node], at: int) -> bool:
        if index < 0:
            return True
        compound = self.compounds[index]
        if self.child[index]:
            return at > 0 and compound.matches(path[at - 1]) and self._above(index - 1, path, at - 1)
        return any(compound.matches(path[up]) and self._above(index - 1, path, up) for up in range(at - 1, -1, -1))


class Selector:
    """A parsed list of selectors. Raises EdgeError (TypeError) for one that is not supported."""

    def __init__(self, source: str) -> None:
        parser = _Parser(source)
        self._alternatives = parser.selectors()

    def matches(self, path: Sequence[Node]) -> bool:
        """Whether the last element of ``path`` is selected; those before it are its ancestors, outermost first."""
        return any(alternative.matches(path) for alternative in self._alternatives)


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    def selectors(self) -> list[_Complex]:
        found = [self._complex(",")]
        while self._peek() == ",":
            self._at += 1
            found.append(self._complex(","))
        if self._at < len(self._source):
            raise _refused(_UNEXPECTED)
        return found

    def _peek(self, length: int = 1) -> str:
        return self._source[self._at : self._at + length]

    def _skip(self) -> bool:
        found = _SPACES.match(self._source, self._at)
        assert found is not None
        self._at = found.end()
        return bool(found[0])

    def _complex(self, stops: str) -> _Complex:
        self._skip()
        compounds = [self._compound(first=True)]
        child: list[bool] = []
        while True:
            spaced = self._skip()
            next_char = self._peek()
            if not next_char or next_char in stops:
                return _Complex(compounds, child)
            if next_char in ">+~":
                self._at += 1
                self._skip()
                if next_char != ">" and self._peek():
                    raise _refused(f"Unsupported combinator `{next_char}` in selector.")
            elif not spaced:
                raise _refused(_UNEXPECTED)
            child.append(next_char == ">")
            compounds.append(self._compound(first=False))

    def _compound(self, *, first: bool) -> _Compound:
        made = _Compound()
        start = self._at
        if self._peek() == "*":
            self._at += 1
        elif (name := _IDENTIFIER.match(self._source, self._at)) is not None:
            made.name = ascii_lower(_unescaped(name[0]))
            self._at = name.end()
        if self._peek() == "|":
            if self._source[start : self._at] != "*":
                raise _refused("Selectors with explicit namespaces are not supported.")
            self._at += 1
            return self._compound(first=first)
        while (char := self._peek()) and char in "#.[:":
            if char in "#." and _is_number_or_none(char, self._source[self._at + 1 : self._at + 2]):
                break
            self._at += 1
            match char:
                case "#":
                    made.parts.append(_Attribute("id", "=", self._identifier(_IDENTIFIER, _UNEXPECTED)))
                case ".":
                    words = "Invalid or unescaped class name in selector."
                    made.parts.append(_Attribute("class", "~=", self._identifier(_IDENTIFIER, words)))
                case "[":
                    made.parts.append(self._attribute())
                case _:
                    made.parts.append(self._pseudo())
        if self._at == start:
            raise _refused("The selector is empty." if first else "Dangling combinator in selector.")
        return made

    def _identifier(self, pattern: re.Pattern[str], words: str) -> str:
        found = pattern.match(self._source, self._at)
        if found is None:
            raise _refused("Unexpected end of selector." if not self._peek() else words)
        self._at = found.end()
        return _unescaped(found[0])

    def _attribute(self) -> _Attribute:
        self._skip()
        if self._peek() == "]":
            raise _refused("Unexpected end of selector.")
        name = self._identifier(_IDENTIFIER, "Unexpected token in the attribute selector.")
        name = ascii_lower(name)
        self._skip()
        if self._closed():
            return _Attribute(name)
        operator = next((each for each in _OPERATORS if self._peek(len(each)) == each), None)
        if operator is None:
            raise _refused("Unexpected token in the attribute selector.")
        self._at += len(operator)
        self._skip()
        if self._peek() == "]":
            raise _refused("Unexpected end of selector.")
        quoted = _STRING.match(self._source, self._at)
        if quoted is not None:
            self._at = quoted.end()
            value = _unescaped(quoted[1] if quoted[1] is not None else quoted[2])
        else:
            value = self._identifier(_IDENTIFIER, "Unexpected token in the attribute selector.")
        self._skip()
        flag = self._peek().lower()
        if flag and flag in "is":
            self._at += 1
            self._skip()
        if not self._closed():
            raise _refused(_UNEXPECTED)
        return _Attribute(name, operator, value, {"i": True, "s": False}.get(flag))

    def _closed(self) -> bool:
        """Whether the bracket ends here; the end of the text closes it too."""
        if self._peek() not in ("]", ""):
            return False
        self._at += 1
        return True

    def _pseudo(self) -> _Nth | _Not:
        if self._peek() == ":":
            raise _unsupported_pseudo()
        name = self._identifier(_IDENTIFIER, _UNEXPECTED).lower()
        if self._peek() != "(":
            if name in ("first-child", "first-of-type"):
                return _Nth(0, 1, name == "first-of-type")
            raise _unsupported_pseudo()
        self._at += 1
        if name == "not":
            return self._negation()
        if name not in ("nth-child", "nth-of-type"):
            raise _unsupported_pseudo()
        end = self._source.find(")", self._at)
        end = len(self._source) if end < 0 else end
        written = self._source[self._at : end]
        found = _NTH.match(written)
        if found is None:
            raise _refused(_UNEXPECTED if written.strip() else "Unexpected end of selector.")
        self._at = end + 1
        return _nth(found, name == "nth-of-type")

    def _negation(self) -> _Not:
        inner: list[_Compound] = []
        while True:
            found = self._complex(",)")
            if len(found.compounds) > 1:
                raise _unsupported_pseudo()
            inner.append(found.compounds[0])
            if self._peek() == ",":
                self._at += 1
                continue
            break
        self._at += 1
        return _Not(tuple(inner))


def _is_number_or_none(char: str, following: str) -> bool:
    """Whether "#" or "." begins no selector: a number after it, or nothing that a name begins with after "#"."""
    return following.isdigit() or (char == "#" and not (following.isalpha() or following in tuple("-_\\")))


def _nth(found: re.Match[str], of_type: bool) -> _Nth:
    odd, even, step, sign, offset, alone = found.groups()
    if odd or even:
        return _Nth(2, 1 if odd else 0, of_type)
    if alone is not None:
        return _Nth(0, int(alone), of_type)
    steps = int(f"{step}1") if step in ("", "+", "-") else int(step)
    return _Nth(steps, int(f"{sign}{offset}") if offset else 0, of_type)


def ascii_lower(text: str) -> str:
    """Lower case, of ASCII alone."""
    return text.translate(_LOWER)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _refused(words: str) -> EdgeError:
    return type_error(f"Parser error: {words}")


def _unsupported_pseudo() -> EdgeError:
    return _refused("Unsupported pseudo-class or pseudo-element in selector.")
