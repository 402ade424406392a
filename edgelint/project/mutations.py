"""Changes made to an object in place: assigned members, deleted ones, items pushed and taken away."""

from __future__ import annotations

from typing import NamedTuple

from edgelint.syntax import tree
from edgelint.syntax.tree import Node

_METHODS = frozenset({
    "push", "unshift", "splice", "pop", "shift", "set", "add", "delete", "clear", "append", "extend", "insert",
    "remove", "update", "setdefault", "popitem", "discard", "assign",
})


class Mutation(NamedTuple):
    """One change. ``target`` is the object changed; ``name`` the member that is set or deleted (None: some member).

    ``op`` is "=", "+=" and so on, "delete", or the name of the method called with ``args``.
    """

    node: Node
    target: Node
    name: str | None
    op: str
    args: tuple[Node, ...]


def mutations(scope: Node) -> list[Mutation]:
    """The changes in ``scope``, the functions inside it too, in source order."""
    found = []
    for node in tree.walk(scope):
        if isinstance(node, tree.Assign) and isinstance(node.target, tree.Member):
            value = () if node.value is None else (node.value,)
            found.append(Mutation(node, node.target.obj, node.target.name, node.op, value))
        elif isinstance(node, tree.Unary) and node.op == "delete" and isinstance(node.value, tree.Member):
            found.append(Mutation(node, node.value.obj, node.value.name, "delete", ()))
        elif isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name in _METHODS:
            if node.func.name == "assign" and isinstance(node.func.obj, tree.Name) and node.func.obj.id == "Object":
                found.extend(Mutation(node, target, None, "assign", tuple(node.args[1:])) for target in node.args[:1])
            else:
                found.append(Mutation(node, node.func.obj, None, node.func.name, tuple(node.args)))
    return found
