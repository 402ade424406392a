"""What the value of an expression is made of, and the words for what was done to it on the way."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.project.atoms import Atom, External, Global
from edgelint.project.scopes import PathStep
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

Path = tuple[PathStep, ...]
How = frozenset[str]

COUNT = "count"  # a number was added or taken away
TEXT = "text"  # glued into other text
MERGE = "merge"  # other items or members were put beside it, or some of its own left out
LIST = "list"  # some items of it, or what is made of each
PIECE = "piece"  # a member of a new object, an item of a new array
CALL = "call"  # given to code that is not followed
MIXED = "mixed"  # given to it together with something else
TEST = "test"  # only a comparison or a test of it is left
SAME: How = frozenset()
COMPARISONS = frozenset({"===", "!==", "==", "!=", "<", ">", "<=", ">=", "in", "not in", "instanceof"})


def parts_of(node: Node) -> Iterator[tuple[Node, str | None]]:
    """The parts of a node whose values make up its own, each with what is done to it there."""
    if isinstance(node, tree.Await | tree.Cast | tree.Spread | tree.Keyword):
        yield node.value, None
    elif isinstance(node, tree.Conditional):
        yield node.then, None
        yield node.other, None
    elif isinstance(node, tree.Assign) and node.value is not None:
        yield node.value, None
    elif isinstance(node, tree.Template):
        for part in node.parts:
            yield part, CALL if node.tag is not None else TEXT if len(node.parts) > 1 else None
    elif isinstance(node, tree.Unary):
        yield node.value, None if node.op in ("-", "+") else TEST
    elif isinstance(node, tree.Comprehension):
        yield node.element.value if isinstance(node.element, tree.Property) else node.element, LIST
    elif isinstance(node, tree.Unknown):
        for item in node.items:
            yield item, CALL


def step_of(node: tree.Member) -> PathStep:
    if node.name is not None:
        return node.name
    index = node.index
    if isinstance(index, tree.Literal) and isinstance(index.value, int) and not isinstance(index.value, bool):
        return index.value
    return None


def compares(node: Node) -> bool:
    return any(isinstance(part, tree.Binary) and part.op in COMPARISONS for part in tree.walk(node))


def is_empty(node: Node) -> bool:
    return (isinstance(node, tree.Object) and not node.props) or isinstance(node, tree.Literal)


def path_of(atom: Atom) -> str:
    """The dotted path of a global, or of a name of a known module."""
    if isinstance(atom, Global):
        return atom.path
    return f"{atom.module}.{atom.path}" if isinstance(atom, External) else ""
