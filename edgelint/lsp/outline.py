"""The parts that a source file is made of, what each declares and which words it uses.

A part is a statement at the top of the file, or a method of a long class or object there. Words are told by their
spelling alone: what is called the same counts as the same, so that what belongs together is never taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from edgelint.lsp.moved import difference
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.modules import ImportUse
    from edgelint.project.project import Project

LONG: Final = 1_500
"""Bytes of a class or an object from which its methods are parts of their own."""
_WORD: Final = re.compile(rb"[A-Za-z_$\x80-\xff][\w$\x80-\xff]*")
_LOADS: Final = re.compile(rb"\b(?:require|import)\s*\(")
_OBJECT_END: Final = re.compile(rb"\s*,")
_BLANK: Final = bytes(byte if byte in b"\r\n" else 0x20 for byte in range(256))


class Link(NamedTuple):
    """An import or re-export of a part: the file, and (name there, name here). "*" is all of it."""

    target: str
    names: tuple[tuple[bytes, bytes], ...]
    again: bool


class Part(NamedTuple):
    """One part. ``parent`` is the index of the class or object that holds it; ``holes`` are its own parts' ranges.
    ``light``: neither a function nor a class, and short. ``stays``: it is never left out."""

    start: int
    end: int
    names: frozenset[bytes]
    words: frozenset[bytes]
    parent: int | None
    stays: bool
    light: bool
    is_default: bool
    is_class: bool
    links: tuple[Link, ...]


class Outline:
    """The parts of one text."""

    def __init__(self, data: bytes, parts: Sequence[Part], python: bool) -> None:
        self.data = data
        self.parts = parts
        self.python = python
        self.by_name: dict[bytes, list[int]] = {}
        self.by_word: dict[bytes, list[int]] = {}
        self.children: dict[int, list[int]] = {}
        for number, part in enumerate(parts):
            for name in part.names:
                self.by_name.setdefault(name, []).append(number)
            for word in part.words:
                self.by_word.setdefault(word, []).append(number)
            if part.parent is not None:
                self.children.setdefault(part.parent, []).append(number)

    def without(self, left_out: Iterable[int], data: bytes, after: int, shift: int) -> bytes:
        """``data`` with parts left out: spaces stand in their place. Parts from ``after`` on stand ``shift`` later in
        it."""
        text = bytearray(data)
        for number in left_out:
            part = self.parts[number]
            by = shift if part.start >= after else 0
            start, end = part.start + by, part.end + by
            blank = text[start:end].translate(_BLANK)
            if self.python and part.parent is not None and len(blank) >= 4:
                blank[:4] = b"pass"  # a class may be left without anything else
            text[start:end] = blank
        return bytes(text)


    def around(self, data: bytes, offset: int) -> bytes:
        """``data``, a later text, with spaces in place of every part but the ones that changed or hold ``offset``."""
        start, end, _ = difference(self.data, data)
        shift = len(data) - len(self.data)
        left_out = [
            number for number, part in enumerate(self.parts)
            if part.parent is None and (part.end < start or part.start > end)
            and not part.start + (shift if part.start >= end else 0) <= offset
            <= part.end + (shift if part.start >= end else 0)
        ]  # fmt: skip
        return self.without(left_out, data, end, shift)


def words(data: bytes) -> frozenset[bytes]:
    """Every word of a text."""
    return frozenset(_WORD.findall(data))


def outline(project: Project, path: str) -> Outline:
    """The outline of a source file of ``project``."""
    file = project.files[path]
    data = file.source.data
    python = file.language == "python"
    made = _Parts(data, python, file.parsed.comments, project.graph.imports(file))
    made.statements(file.module.body, file.source.bom, len(data))
    return Outline(data, made.parts, python)


class _Parts:
    def __init__(
        self, data: bytes, python: bool, comments: Sequence[tree.Comment], imports: Sequence[ImportUse]
    ) -> None:
        self.data = data
        self.python = python
        self.comments = [(comment.start, comment.end) for comment in comments]
        self.imports = imports
        self.parts: list[Part] = []

    def statements(self, body: Sequence[tree.Node], start: int, end: int) -> None:
        """The parts of a module."""
        for nodes, first, last in self.extents(body, start):
            holder = _holder(nodes[-1]) if len(nodes) == 1 and last - first >= LONG else None
            inner = list(self.members(holder)) if holder is not None else []
            number = len(self.parts)
            self.parts.append(self.part(nodes, first, last, inner))
            for name, here, there in inner:
                named, used = frozenset((name,)), words(self.data[here:there])
                self.parts.append(Part(here, there, named, used, number, False, False, False, False, ()))

    def extents(self, body: Sequence[tree.Node], start: int) -> Iterator[tuple[list[tree.Node], int, int]]:
        """The statements with all that belongs to each: ``const`` stands before the first of the Assigns that it
        makes, and a comma between them."""
        group: list[tree.Node] = []
        first = at = start
        for node in body:
            left = self.leftover(at, node.start)
            if group and left is not None and self.data[left : left + 1] == b",":
                group.append(node)
                at = max(at, node.end)
                continue
            if group:
                yield group, first, at
            group, first, at = [node], node.start if left is None else left, max(at, node.end)
        if group:
            yield group, first, at

    def leftover(self, start: int, end: int) -> int | None:
        """Where something other than white space, ``;`` and comments begins in a gap; None when nothing does."""
        while start < end:
            comment = next((c for c in self.comments if c[0] <= start < c[1]), None)
            if comment is not None:
                start = comment[1]
            elif self.data[start] in b" \t\r\n;":
                start += 1
            else:
                return start
        return None

    def part(
        self, nodes: Sequence[tree.Node], start: int, end: int, inner: Sequence[tuple[bytes, int, int]]
    ) -> Part:
        text = bytearray(self.data[start:end])
        for _, here, there in inner:
            text[here - start : there - start] = b" " * (there - here)
        names: set[bytes] = set()
        default = heavy = is_class = False
        for node in nodes:
            names.update(name.encode() for name in _names(node))
            default = default or (isinstance(node, tree.Export) and node.is_default)
            inside = node.value if isinstance(node, tree.Export) and node.value is not None else node
            is_class = is_class or isinstance(inside, tree.Class)
            heavy = heavy or isinstance(inside, tree.Function | tree.Class)
        links = [
            Link(use.target, tuple(_linked(use.node)), isinstance(use.node, tree.Export))
            for use in self.imports if start <= use.start < end and use.target is not None
        ]  # fmt: skip
        stays = not links and isinstance(nodes[0], tree.Import)
        return Part(
            start, end, frozenset(names), words(bytes(text)), None, stays or _LOADS.search(text) is not None,
            not heavy and end - start < LONG, default, is_class, tuple(links),
        )

    def members(self, holder: tree.Class | tree.Object) -> Iterator[tuple[bytes, int, int]]:
        """(name, start, end) of the methods of a class or an object. What must not be missing is none of them: fields,
        constructors, what has no name."""
        if isinstance(holder, tree.Class):
            at = holder.members[0].start if holder.members else holder.end
            for member in holder.members:
                left = self.leftover(at, member.start)
                start = member.start if left is None else left  # a decorator, ``public``
                at = member.end
                if isinstance(member, tree.Function) and member.name and member.kind != "constructor":
                    yield member.name.encode(), start, member.end
            return
        for prop in holder.props:
            if isinstance(prop, tree.Property) and prop.key is not None and isinstance(prop.value, tree.Function):
                after = _OBJECT_END.match(self.data, prop.end)
                yield prop.key.encode(), prop.start, after.end() if after is not None else prop.end


def _holder(node: tree.Node) -> tree.Class | tree.Object | None:
    """The class, or the exported or named object, that a statement is."""
    if isinstance(node, tree.Export) and node.value is not None:
        node = node.value
    if isinstance(node, tree.Assign) and node.value is not None:
        node = node.value
    while isinstance(node, tree.Cast):
        node = node.value
    return node if isinstance(node, tree.Class | tree.Object) else None


def _names(node: tree.Node) -> Iterator[str]:
    """What a statement declares."""
    if isinstance(node, tree.Export):
        if node.value is not None:
            yield from _names(node.value)
        for name in node.names:
            if isinstance(name, tree.ExportName):
                yield name.exported
                yield name.local
    elif isinstance(node, tree.Function | tree.Class | tree.TypeDecl):
        if node.name:
            yield node.name
    elif isinstance(node, tree.Import):
        for name in node.names:
            if isinstance(name, tree.ImportName):
                yield name.local
    elif isinstance(node, tree.Assign):
        for inner in tree.walk(node.target):
            if isinstance(inner, tree.Name):
                yield inner.id
            elif isinstance(inner, tree.Member) and inner.name is not None:
                yield inner.name  # Class.method = ..., exports.name = ...
    elif not isinstance(node, tree.ExprStmt):  # if, try, a namespace: what is declared somewhere inside
        for inner in tree.walk(node):
            if isinstance(inner, tree.Assign | tree.Function | tree.Class | tree.Import):
                yield from _names(inner)


def _linked(node: tree.Node) -> Iterator[tuple[bytes, bytes]]:
    if isinstance(node, tree.Import):
        for name in node.names:
            if isinstance(name, tree.ImportName):
                yield name.imported.encode(), name.local.encode()
    elif isinstance(node, tree.Export):
        for name in node.names:
            if isinstance(name, tree.ExportName):
                yield name.local.encode(), name.exported.encode()
    else:
        yield b"*", b"*"
