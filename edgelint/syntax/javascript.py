"""JavaScript, TypeScript and JSX to the common tree, through tree-sitter.

How it lowers, where the tree leaves a choice: an assignment standing as a statement is the Assign itself, no ExprStmt
around it; a declaration's Assign spans its declarator (``x = 1`` of ``const x = 1;``), an ``export`` its whole
statement; types are dropped, save the text the tree asks for; a label, ``debugger`` and an empty statement leave
nothing; ``namespace A { }`` and ``declare global { }`` are a Block whose exports are plain declarations; ``export =``
is an Export with ``is_default``; an enum member without a value has a Literal at the place of its name; a JSX element
keeps the names of components and the expressions inside it; ``import.meta`` is a Member of the Name ``import``; a
field's decorators are statements before it, a parameter's stand among its function's. Every node lies within its
parent's span.

Code that does not parse is Unknown with ``is_error``; what stands around it is lowered as ever. Where an error cuts
through a construct whose parts have fixed places, the region's contents are appended to the module, so that no use in
them is lost. A chain of ``a + b + c``, ``a.b().c()``, ``else if`` or ``a ? b : c ? d : e`` may be as long as it likes,
and makes a tree as deep; any other nesting ends at ``MAX_DEPTH``.
"""

from __future__ import annotations

import gc
import re
from bisect import bisect_right

from tree_sitter import Node as TSNode

from edgelint.source import Source
from edgelint.syntax import js_errors, tree
from edgelint.syntax.js_statements import Lowering, grammar

_GRAMMARS = {
    ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx",
}
EXTENSIONS = frozenset(_GRAMMARS)
_COMMENT_MARK = re.compile(r"/[/*]")
_QUICK_LOOKUPS = 400
_ANY_COMMENT_MARK = re.compile(r"/[/*]|<!--|-->")


def parse(source: Source, path: str) -> tree.Parsed:
    """Parse and lower one file; the grammar goes by the extension of ``path`` (JavaScript when it has none we know)."""
    dot = path.rfind(".")
    name = _GRAMMARS.get(path[dot:].lower(), "javascript") if dot >= 0 else "javascript"
    return parse_bytes(source.data, path, name)


def parse_bytes(data: bytes, path: str, name: str) -> tree.Parsed:
    """Parse and lower ``data`` with the grammar ``name``: "javascript", "typescript" or "tsx"."""
    # Tens of thousands of objects are made and none of them in a cycle: looking for cycles meanwhile is wasted.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _parse(data, path, name)
    finally:
        if collecting:
            gc.enable()


def _parse(data: bytes, path: str, name: str) -> tree.Parsed:
    if b"\0" in data:
        data = data.replace(b"\0", b"\1")  # the parser takes NUL for the end of the text, also inside of a string
    used = grammar(name)
    root = js_errors.parse(used.parser, data).root_node
    lowering = Lowering(used, data, root.has_error)
    body: list[tree.Node]
    body = lowering.statements(root.named_children, 1) if not root.is_error else [lowering.error(root, 0)]
    if root.has_error:
        for region in js_errors.regions(root):
            start, end = region.start_byte, region.end_byte
            lowering.problems[start, end] = js_errors.describe(region, data)
            if region.is_error and (start, end) not in lowering.seen_errors:
                body.append(lowering.error(region, 1))
    errors = sorted((start, end, message) for (start, end), message in lowering.problems.items())
    language = "javascript" if name == "javascript" else "typescript"
    module = tree.Module(0, len(data), body)
    return tree.Parsed(path, language, module, _comments(lowering, root), errors)


def _comments(lowering: Lowering, root: TSNode) -> list[tree.Comment]:
    """All comments. Most were met while lowering; those inside types and between operands are looked up."""
    raw, known = lowering.raw, lowering.comments
    found: list[tree.Comment] = []
    finder = _Finder(root)
    search = (_ANY_COMMENT_MARK if "-->" in raw or "<!--" in raw else _COMMENT_MARK).search
    at = 0
    while (match := search(raw, at)) is not None:
        start = match.start()
        end = known.get(start)
        if end is None:
            end = finder.comment_end(start)
            if end is None:
                at = start + 1
                continue
        at = end
        found.append(tree.Comment(start, end, _comment_text(lowering.text(start, end))))
    return found


def _comment_text(text: str) -> str:
    if text.startswith("/*"):
        return text[2:-2] if text.endswith("*/") and len(text) >= 4 else text[2:]
    if text.startswith("<!--"):
        return text[4:].removesuffix("-->")
    return text[3:] if text.startswith("-->") else text[2:]


class _Finder:
    """Finds the leaf at an offset.

    tree-sitter's own search walks over all siblings before it at every level, which is quick until a file holds very
    many marks in very long lists: after the first few hundred, own tables of those lists are used.
    """

    def __init__(self, root: TSNode) -> None:
        self.root = root
        self.asked = 0
        self.wide: dict[int, tuple[list[TSNode], list[int]]] = {}

    def comment_end(self, offset: int) -> int | None:
        """The end of the comment that starts at ``offset``, or None when something else stands there."""
        self.asked += 1
        if self.asked <= _QUICK_LOOKUPS:
            leaf = self.root.descendant_for_byte_range(offset, offset + 2)
        else:
            leaf = self.leaf(offset)
        if leaf is not None and leaf.start_byte == offset and leaf.type in ("comment", "html_comment"):
            return leaf.end_byte
        return None

    def leaf(self, offset: int) -> TSNode | None:
        node = self.root
        while node.child_count:
            if node.id not in self.wide:
                kids = node.children
                self.wide[node.id] = kids, [kid.end_byte for kid in kids]
            kids, ends = self.wide[node.id]
            at = bisect_right(ends, offset)
            if at == len(kids) or kids[at].start_byte > offset:
                return None
            node = kids[at]
        return node
