"""Where each character of a string literal's value stands in the file.

A literal is read again from its source: through escapes, doubled braces, line continuations, prefixes and the joints of
adjacent Python strings. What is read must be the value that the front-end gave; when it is not, there is no map.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from edgelint.patterns import later
from edgelint.syntax import js_text, python_strings, tree

_JS_UNIT = later(r"\\(?:u\{[0-9a-fA-F]{1,8}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{1,3}|\r\n|[\s\S])|[\s\S]")
_PYTHON_UNIT = later(
    r"\\(?:\r\n|[\n\r]|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[\s\S])|\r\n|[\s\S]"
)
_RAW_UNIT = later(r"\r\n|[\s\S]")
_SURROGATES = later(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_PREFIX = later(r"[A-Za-z]{0,3}(?='''|\"\"\"|'|\")")
_BETWEEN = later(r"(?:\s|\\(?:\r\n|\n|\r)|#[^\n\r]*)+")
_QUOTE = later(r"'''|\"\"\"|'|\"")

Unit = tuple[str, int, int]  # the text a piece of source stands for ("" for a continued line), its place in bytes


class Ranges:
    """The byte ranges of text of which every code point is one byte: as a list of them, which nobody has to fill."""

    __slots__ = ("start", "size")

    def __init__(self, start: int, size: int) -> None:
        self.start = start
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((at, at + 1) for at in range(self.start, self.start + self.size))

    def __getitem__(self, index: int) -> tuple[int, int]:
        if index < 0:
            index += self.size
        if not 0 <= index < self.size:
            raise IndexError(index)
        return self.start + index, self.start + index + 1


def places(data: bytes, node: tree.Literal, language: str) -> Ranges | Sequence[tuple[int, int]] | None:
    """The byte range in ``data`` of every code point of a string literal's value.

    None when the source cannot be followed: half a literal, a broken escape, a string made by the front-end.
    """
    value = node.value
    if not isinstance(value, str) or node.kind != "string":
        return None
    start = _plain(data, node, value, language)
    if start is not None:
        return Ranges(start, len(value))
    units = _python(data, node) if language == "python" else _javascript(data, node)
    found: list[tuple[int, int]] = []
    text: list[str] = []
    for piece, start, stop in units:
        found.extend([(start, stop)] * len(piece))
        text.append(piece)
    return found if "".join(text) == value else None


def _plain(data: bytes, node: tree.Literal, value: str, language: str) -> int | None:
    """Where a value begins that stands in the file as it is, in ASCII: most do. None for all others."""
    if not value.isascii() or "\\" in value or "\r" in value:
        return None
    start, end = node.start, node.end
    if language == "python":
        quote = data[start : start + 1]
        if quote not in (b"'", b'"') or isinstance(node.parent, tree.Template):
            return None
        width = 3 if data.startswith(quote * 3, start) and end - start >= 6 else 1
        start, end = start + width, end - width
        if quote.decode() in value:
            return None
    elif not is_text_part(data, node):
        start, end = start + 1, end - 1
    return start if end - start == len(value) and data[start:end] == value.encode() else None


def _units(text: str, start: int, pattern: re.Pattern[str]) -> Iterator[tuple[str, int, int]]:
    """The pieces of ``text``, which begins at byte ``start``, as they are written."""
    at = start
    for match in pattern.finditer(text):
        width = len(match[0].encode("utf-8"))
        yield match[0], at, at + width
        at += width


# -- JavaScript -------------------------------------------------------------------------------------------------------


def _javascript(data: bytes, node: tree.Literal) -> Iterator[Unit]:
    start, end = node.start, node.end
    if not is_text_part(data, node):
        start, end = start + 1, end - 1
    text = data[start:end].decode("utf-8", "replace")
    pattern = _JS_UNIT
    if _SURROGATES.search(text):  # two escapes, one character
        pattern = re.compile(f"{_SURROGATES.pattern}|{_JS_UNIT.pattern}")
    for written, at, stop in _units(text, start, pattern):
        yield (js_text.unescape(written) if written[0] == "\\" else written), at, stop


def is_text_part(data: bytes, node: tree.Literal) -> bool:
    """Whether a literal is the text between the holes of a JavaScript template, and not a literal with quotes."""
    return isinstance(node.parent, tree.Template) and data[node.start - 1 : node.start] in (b"`", b"}")


# -- Python -----------------------------------------------------------------------------------------------------------


def _python(data: bytes, node: tree.Literal) -> Iterator[Unit]:
    """The pieces of a literal: adjacent strings are one, and so are the texts of f-strings that stand together."""
    whole: tree.Node = node
    if isinstance(node.parent, tree.Template):
        whole = node.parent
    text = data[whole.start : whole.end].decode("utf-8", "replace")
    for unit in _python_strings(text, whole.start):
        if node.start <= unit[1] and unit[2] <= node.end:
            yield unit


def _python_strings(text: str, start: int) -> Iterator[Unit]:
    at = 0
    while at < len(text):
        between = _BETWEEN.match(text, at)
        if between is not None:
            at = between.end()
            continue
        prefix = _PREFIX.match(text, at)
        if prefix is None:
            return
        quote = _QUOTE.match(text, prefix.end())
        assert quote is not None
        letters = prefix[0].lower()
        body = quote.end()
        at = _closing(text, body, quote[0], letters)
        offset = start + len(text[:body].encode("utf-8"))
        yield from _python_body(text[body:at], offset, letters)
        at += len(quote[0])


def _closing(text: str, at: int, quote: str, prefix: str) -> int:
    """Where the quote that ends a string stands."""
    formatted = "f" in prefix or "t" in prefix
    while at < len(text) and not text.startswith(quote, at):
        if text[at] == "\\":
            at += 2
        elif formatted and text[at] == "{" and not text.startswith("{{", at):
            at = _hole(text, at)
        else:
            at += 2 if formatted and text.startswith("{{", at) else 1
    return min(at, len(text))


def _hole(text: str, at: int) -> int:
    """Where the ``{...}`` that begins at ``at`` ends: strings and brackets inside it are passed over."""
    depth = 0
    while at < len(text):
        quote = _QUOTE.match(text, at)
        if quote is not None:
            at = _closing(text, quote.end(), quote[0], "") + len(quote[0])
            continue
        depth += (text[at] in "{[(") - (text[at] in "}])")
        at += 1
        if depth == 0:
            break
    return at


def _python_body(text: str, start: int, prefix: str) -> Iterator[Unit]:
    formatted = "f" in prefix or "t" in prefix
    pattern = _RAW_UNIT if "r" in prefix else _PYTHON_UNIT
    at, byte = 0, start
    while at < len(text):
        if formatted and text[at] in "{}":
            if text.startswith(text[at] * 2, at):
                yield text[at], byte, byte + 2
                at, byte = at + 2, byte + 2
                continue
            end = _hole(text, at)
            byte += len(text[at:end].encode("utf-8"))
            at = end
            continue
        match = pattern.match(text, at)
        assert match is not None
        width = len(match[0].encode("utf-8"))
        value = python_strings.unescape(match[0], prefix)
        yield (match[0] if value is None else value), byte, byte + width
        at, byte = match.end(), byte + width
