"""What all parts of the JavaScript and TypeScript lowering share: state, dispatch, what to do with the unexpected.

The lowering is a recursion over named children; a table per grammar takes the numeric kind of a node to its handler,
which has the shape ``handler(self, node, depth)``. ``raw`` holds the file's bytes as Latin-1, so that byte offsets
index it as they are and an ASCII slice is already the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Language, Parser
from tree_sitter import Node as TSNode

from edgelint.syntax import tree

# Four times deeper than the deepest of 1,500 public files (47), and within Python's recursion limit of 1000 frames at
# two or three frames a level, with room for the caller.
MAX_DEPTH = 200
ERROR_KIND = 0xFFFF
UNSUPPORTED = "unsupported syntax: "

# What a node can be at the start of a chain such as `a.b[c](d)!`: a further link (positive), something in between, an
# operator, a cast, a plain name; anything else is 0.
MEMBER, CALL, SUBSCRIPT, NON_NULL = 1, 2, 3, 4
EXTRA, OPERATOR, CAST, NAME = -1, -2, -3, -4
_ROLES = {
    "member_expression": MEMBER, "call_expression": CALL, "subscript_expression": SUBSCRIPT,
    "non_null_expression": NON_NULL, "comment": EXTRA, "html_comment": EXTRA, "ERROR": EXTRA,
    "await_expression": OPERATOR, "unary_expression": OPERATOR, "binary_expression": OPERATOR,
    "as_expression": CAST, "satisfies_expression": CAST, "identifier": NAME,
}

Handler = Callable[[Any, TSNode, int], Any]


class Unexpected(Exception):
    """A node does not have the children its grammar gives it: a syntax error is near."""


class Grammar:
    """One tree-sitter grammar with the tables made for it once: numeric kind -> name, and -> handler."""

    __slots__ = ("parser", "kinds", "handlers", "roles", "extra", "arguments")

    def __init__(self, language: Language, table: dict[str, Handler], default: Handler) -> None:
        self.parser = Parser(language)
        self.kinds: dict[int, str] = {ERROR_KIND: "ERROR"}
        self.handlers: dict[int, Handler] = {ERROR_KIND: table["ERROR"]}
        self.roles: dict[int, int] = {ERROR_KIND: EXTRA}
        self.extra = {ERROR_KIND}  # what may stand between any two children
        self.arguments = language.id_for_node_kind("arguments", True)
        for kind in range(language.node_kind_count):
            name = language.node_kind_for_id(kind)
            if name is not None:
                self.kinds[kind] = name
                self.handlers[kind] = table.get(name, default)
                self.roles[kind] = _ROLES.get(name, 0)
                if self.roles[kind] == EXTRA:
                    self.extra.add(kind)


class Base:
    """The state of one lowering. ``problems`` maps (start, end) to a message; ``broken``: something did not parse."""

    def __init__(self, grammar: Grammar, data: bytes, broken: bool = False) -> None:
        self.h = grammar.handlers
        self.kinds = grammar.kinds
        self.grammar = grammar
        self.raw = data.decode("latin-1")
        self.ascii = self.raw.isascii()
        self.comments: dict[int, int] = {}
        self.comment_ends: set[int] = set()
        self.problems: dict[tuple[int, int], str] = {}
        self.seen_errors: set[tuple[int, int]] = set()
        self.ambient = False
        self.namespaces = 0
        self.broken = broken
        self.rotated: dict[int, tree.Node] = {}  # Binary nodes whose operands the grammar had grouped wrongly

    def text(self, start: int, end: int) -> str:
        """The text of a byte range."""
        text = self.raw[start:end]
        return text if self.ascii or text.isascii() else text.encode("latin-1").decode("utf-8", "replace")

    def clean(self, node: TSNode) -> list[TSNode]:
        """The named children without comments and regions that did not parse."""
        kids = []
        for kid in node.named_children:
            kind = self.kinds[kid.kind_id]
            if kind == "comment" or kind == "html_comment":
                self.comment(kid)
            elif kind != "ERROR":
                kids.append(kid)
        return kids

    def aside(self, node: TSNode) -> None:
        """Pass over a child that has no place in the tree; what did not parse is appended to the module later."""
        if node.kind_id in self.grammar.extra and node.kind_id != ERROR_KIND:
            self.comment(node)

    def end_of(self, node: TSNode) -> int:
        """The end of a statement; without a semicolon the grammar counts the comments after it in."""
        end = node.end_byte
        if end not in self.comment_ends:
            return end
        kids = list(node.children)  # the binding hands out its own list
        while kids and kids[-1].end_byte == end:
            last = kids.pop()
            if last.kind_id not in self.grammar.extra or last.kind_id == ERROR_KIND:
                kids = list(last.children)
            elif kids:
                end = kids[-1].end_byte
        return end

    def exactly(self, node: TSNode, count: int) -> list[TSNode]:
        """The ``count`` children of a node; raises ``Unexpected`` when there are more or fewer."""
        kids = self.clean(node)
        if len(kids) != count:
            raise Unexpected
        return kids

    def one(self, node: TSNode, depth: int) -> Any:
        """Lower the only child of ``node``."""
        kid = node.named_child(0) if node.named_child_count == 1 else None
        if kid is None:
            kid = self.exactly(node, 1)[0]
        return self.h[kid.kind_id](self, kid, depth)

    def items(self, kids: list[TSNode], depth: int) -> list[tree.Node]:
        """Lower each of ``kids``; what gives nothing (comments, types) is left out."""
        out: list[tree.Node] = []
        h = self.h
        for kid in kids:
            try:
                value = h[kid.kind_id](self, kid, depth)
            except Unexpected:
                value = self.generic(kid, depth)
            if value is not None:
                out.append(value)
        return out

    def listed(self, node: TSNode, depth: int) -> list[tree.Node]:
        """``items`` of what stands between two brackets; most lists hold nothing or one thing."""
        count = node.child_count
        if count == 2:
            return []
        if count == 3 and (only := node.child(1)) is not None and only.is_named:
            return self.items([only], depth)
        return self.items(node.named_children, depth)

    def statements(self, kids: list[TSNode], depth: int) -> list[tree.Node]:
        """Like ``items``, for statements: one may give several nodes."""
        out: list[tree.Node] = []
        h = self.h
        for kid in kids:
            try:
                value = h[kid.kind_id](self, kid, depth)
            except Unexpected:
                value = self.generic(kid, depth)
            except RecursionError:  # the caller left too little of Python's stack
                value = self.too_deep(kid)
            if value.__class__ is list:
                out.extend(value)
            elif value is not None:
                out.append(value)
        return out

    def generic(self, node: TSNode, depth: int) -> tree.Unknown:
        """A node that has no handler of its own, or whose parts are not what they should be."""
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        items = self.statements(node.named_children, depth + 1)
        return tree.Unknown(node.start_byte, node.end_byte, items, self.kinds[node.kind_id])

    def error(self, node: TSNode, depth: int) -> tree.Unknown:
        """A region that did not parse."""
        region = self.generic(node, depth)
        region.is_error = True
        if not region.items and (word := self.text(region.start, region.end)).isidentifier():
            region.items.append(tree.Name(region.start, region.end, word))
        self.seen_errors.add((region.start, region.end))
        return region

    def too_deep(self, node: TSNode) -> tree.Unknown:
        """A region nested more deeply than can be analysed."""
        start, end = node.start_byte, node.end_byte
        self.problems[start, end] = f"{UNSUPPORTED}nested more than {MAX_DEPTH} levels deep, too deeply to analyse"
        return tree.Unknown(start, end, [], self.kinds[node.kind_id], True)

    def nothing(self, node: TSNode, depth: int) -> None:
        """A node that means nothing here: a type, a label, a fragment of text."""

    def comment(self, node: TSNode, depth: int = 0) -> None:
        """Comments are noted where they are met; those in between are found afterwards."""
        end = node.end_byte
        self.comments[node.start_byte] = end
        self.comment_ends.add(end)
