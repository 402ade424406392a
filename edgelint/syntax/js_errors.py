"""Where a file did not parse, in words; and what the grammars refuse although the language has it.

The gaps are mended before they are reported: the bytes in the way are replaced by others of the same length, the file
is parsed again, and everything is still read from the original bytes. What cannot be mended is told apart by a message
that begins with ``UNSUPPORTED``. The gaps were found by parsing 4,000 public files (November 2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from tree_sitter import Node as TSNode
from tree_sitter import Parser, Tree

from edgelint.syntax.js_base import UNSUPPORTED

_TYPEOF_IMPORT = (
    rb"(?<=[<:|&,(])(\s*)(typeof\s+import\s*\(\s*(?:\"[^\"\n]*\"|'[^'\n]*')\s*\)(?:\.\w+)*)(?=\s*(?:[>,;|&)\]}=]|\n))"
)
_IMPORT_TYPE = (
    rb"(?<!await )\bimport\s*\(\s*(?:\"[^\"\n]*\"|'[^'\n]*')\s*\)(?:\.\w+)*\.[A-Z]\w*(?!\s*\()(?![\w.])"
)
# A name that the grammar takes for a keyword at this place; the name itself is read from the original.
_NAMES = (
    rb"[{,]\s*(type)\s*(?=[,}])",
    rb"(?m)^[ \t]*(in|instanceof)\??[ \t]*:",
    rb"(?m)^[ \t]*(in|instanceof)[_$0-9][\w$]*",  # in_reply_to on a line of its own: taken for the operator
    rb"\[\s*(type)\s+in\b",
    rb"\b(unique)\b(?!\s+symbol\b)",
    rb"\b(using)\b(?!\s+[\w$]+\s*(?:[=:]|of\b))",
)
_MAX_TAG_TYPES = 4000
# What stands in group 1 is blanked: the rest then parses, and means what it meant.
_IN_THE_WAY = (
    rb"\bexport\s+(type)\s*\*",
    rb"\bimport\s+(defer|source)\s+(?:\*|\w+\s+from\b)",
    rb"\b(export)\s+import\s+\w+\s*=\s*require\b",
    rb"\bfrom\s*(?:\"[^\"\n]*\"|'[^'\n]*')\s*((?:with|assert)\s*\{[^{}]*\})",
    rb"[<,]\s*((?:in\s+)?out)\s+[A-Za-z_$]",
    rb"\bstatic\s+(accessor)\s+[#\w]",
)
_FOR_USING = rb"(?<=\()(\s*(?:await\s+)?)using(?=\s+[\w$]+\s+of\b)"
# A call signature on its own line in an interface: the grammar sees no end of the member before it. Not a generic arrow
# function, which comes after a sign that wants an expression.
_CALL_SIGNATURE = rb"(?<=[\n \t])[ \t](?=<\s*(?:const\s+)?[A-Za-z_$][\w$]*\s*(?:extends\b|,|=|>\s*\())"
_WANTS_EXPRESSION = (b",", b"(", b"=", b":", b"?", b"[", b"{", b"=>", b"&", b"|", b"return", b"default")
_ATTRIBUTE = rb"(?<=[\w-]=)(?:\"[^\"\n]*&[^\"\n]*\"|'[^'\n]*&[^'\n]*')"  # href="?a=1&b=2" in JSX
_ESCAPED_BACKTICK = rb"(?<!\\)((?:\\\\)*)\\`"
_BODILESS_DEFAULT = rb"export\s+default\s+(?:async\s+)?function\b"
_MAX_ROUNDS = 4
_MAX_LOST = 200  # bytes of an error in an error that is looked at by itself
_MAX_INDENT = 200  # bytes between a call signature and what stands before it


def parse(parser: Parser, data: bytes) -> Tree:
    """The tree of ``data``, with known gaps of the grammar mended when that leaves fewer errors."""
    if b">`" in data:
        data = _blank_tag_types(data)
    if b"typeof import" in data:
        data = re.sub(_TYPEOF_IMPORT, lambda m: m.group(1) + b"any".ljust(len(m.group(2))), data)
    tree = parser.parse(data)
    if not tree.root_node.has_error:
        return tree
    patched = _mend_text(data)
    best, count = tree, len(regions(tree.root_node))
    if patched != data:
        best, count = _better(parser, patched, best, count)
    for _ in range(_MAX_ROUNDS):
        mended = _mend_regions(patched, errors(best.root_node))
        if mended == patched or not count:
            break
        again, fewer = _better(parser, mended, best, count)
        if again is best:
            break
        patched, best, count = mended, again, fewer
    return best


def _better(parser: Parser, data: bytes, best: Tree, count: int) -> tuple[Tree, int]:
    tree = parser.parse(data)
    found = len(regions(tree.root_node))
    return (tree, found) if found < count else (best, count)


_New = bytes | Callable[[re.Match[bytes]], bytes]


@cache
def _gaps() -> tuple[tuple[re.Pattern[bytes], _New], ...]:
    """The patterns and what to put in their place; compiled when the first file does not parse: few runs meet one."""
    table: list[tuple[bytes, _New]] = [
        (_IMPORT_TYPE, lambda m: b"T".ljust(len(m.group()))),
        (_FOR_USING, lambda m: b" " * len(m.group(1)) + b"const"),
        (_CALL_SIGNATURE, _end_of_member),
        (_ESCAPED_BACKTICK, rb"\1__"),
        (_ATTRIBUTE, lambda m: m.group().replace(b"&", b"+")),
        *((pattern, lambda m: _with_word(m, m.group(1)[:-1] + b"_")) for pattern in _NAMES),
        *((pattern, lambda m: _with_word(m, b" " * len(m.group(1)))) for pattern in _IN_THE_WAY),
    ]
    return tuple((re.compile(pattern), new) for pattern, new in table)


def _mend_text(data: bytes) -> bytes:
    """Gaps that a pattern recognises. A match inside a string or a comment does no harm: texts are the original's."""
    for pattern, new in _gaps():
        data = pattern.sub(new, data)
    return data


def _end_of_member(match: re.Match[bytes]) -> bytes:
    before = match.string[max(0, match.start() - _MAX_INDENT) : match.start()].rstrip()
    return match.group() if before.endswith(_WANTS_EXPRESSION) else b";"


def _blank_tag_types(data: bytes) -> bytes:
    """Blank the type arguments of tagged templates, sql<{ id: number }>`...`.

    The grammar takes them for comparisons, and sees an error only now and then.
    """
    out = bytearray(data)
    at = data.find(b">`")
    while at >= 0:
        start = _type_arguments_start(data, at)
        if start is not None:
            out[start : at + 1] = b" " * (at + 1 - start)
        at = data.find(b">`", at + 2)
    return bytes(out)


def _type_arguments_start(data: bytes, end: int) -> int | None:
    """The offset of the ``<`` that ``data[end]`` closes, when what is in between can be types after a tag's name."""
    angles = braces = 0
    for at in range(end, max(end - _MAX_TAG_TYPES, 0), -1):
        byte = data[at]
        if byte == 0x3E and data[at - 1] != 0x3D:  # > but not =>
            angles += 1
        elif byte == 0x7D:  # }
            braces += 1
        elif byte == 0x7B:  # {
            braces -= 1
            if braces < 0:
                return None
        elif byte == 0x3C:  # <
            angles -= 1
            if angles == 0:
                before = data[at - 1 : at]
                return at if braces == 0 and (before.isalnum() or before in (b"_", b"$")) else None
        elif byte in b"`$" or (byte == 0x3B and braces == 0):  # a template, or the end of a statement
            return None
    return None


def _with_word(match: re.Match[bytes], word: bytes) -> bytes:
    start, end = match.span(1)
    text, at = match.group(), match.start()
    return text[: start - at] + word + text[end - at :]


def _mend_regions(data: bytes, found: list[TSNode]) -> bytes:
    """Gaps that only the place of the error tells: a bare ``&`` in JSX."""
    out = bytearray(data)
    for node in found:
        start, end = node.start_byte, node.end_byte
        text = data[start:end]
        # Where the whole file is one error, or the error begins with a tag, what is around the place is not known.
        lost = (node.parent is not None and node.parent.is_error) or text.startswith(b"<")
        if text.startswith(b"&") and _in_jsx(node):
            out[start:end] = text.replace(b"&", b"+")
        elif lost and end - start <= _MAX_LOST:
            out[start:end] = re.sub(rb"\A&|&\Z", b"+", text)
    return bytes(out)


def _in_jsx(node: TSNode) -> bool:
    parent = node.parent
    if parent is not None and parent.type == "string":
        parent = parent.parent
    return parent is not None and parent.type.startswith("jsx_")


def regions(root: TSNode) -> list[TSNode]:
    """The outermost ERROR nodes and the MISSING ones, in source order. Iterative."""
    return _errors(root, False)


def errors(root: TSNode) -> list[TSNode]:
    """The ERROR and MISSING nodes, those inside others too, in source order. Iterative."""
    return _errors(root, True)


def _errors(root: TSNode, inside: bool) -> list[TSNode]:
    found = []
    stack = [root]
    while stack:
        node = stack.pop()
        wrong = node.is_error or node.is_missing
        if wrong:
            found.append(node)
        if node.has_error and (inside or not wrong):
            stack.extend(reversed(node.children))
    return found


def describe(node: TSNode, data: bytes) -> str:
    """What is wrong at an ERROR or MISSING node; ``UNSUPPORTED`` first where the grammar is at fault, not the code."""
    if node.is_missing:
        return "a name or a value is missing here" if node.is_named else f"`{node.type}` is missing here"
    start, end = node.start_byte, node.end_byte
    text = data[start : min(end, start + 200)]
    line = data[max(data.rfind(b"\n", 0, start) + 1, start - 200) : min(end, start + 200)]
    if re.search(_BODILESS_DEFAULT, line):
        return f"{UNSUPPORTED}a default export without a body"
    word = text.decode("utf-8", "replace").strip()
    if 0 < len(word) <= 20 and "\n" not in word:
        return f"this does not parse: unexpected `{word}`"
    return "this does not parse: there is a mistake from here on"
