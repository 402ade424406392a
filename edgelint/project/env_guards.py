"""Whether code allows for a member of env being undefined, where the place of use alone does not show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.env_uses import EnvUse

_CONVERSIONS = frozenset(("Number", "parseInt", "parseFloat", "int", "float"))  # what is tested is their result
_CHECKS = frozenset(("isNaN", "isFinite", "isInteger", "isSafeInteger", "Boolean", "bool"))
_COMPARISONS = frozenset(("===", "!==", "==", "!=", "in", "not in"))


def is_tested(use: EnvUse) -> bool:
    """Whether the value is tested or defaulted at the end of a chain (``a || env.X || "none"``, ``if (a || env.X)``) or
    through the variable that takes it (``const key = env.X; if (!key) return``)."""
    if use.guarded or _decides(use.node):
        return True
    name = _variable(use.node)
    owner = tree.enclosing_function(use.node) if name is not None else None
    if name is None or owner is None:
        return False
    return any(isinstance(node, tree.Name) and node.id == name and _decides(node) for node in tree.walk(owner))


def _decides(node: tree.Node) -> bool:
    """Whether something depends on ``node`` being there: a condition, a default, an optional access, a comparison."""
    at = node
    while at.parent is not None:
        parent = at.parent
        if isinstance(parent, tree.Binary):
            if parent.op in _COMPARISONS or (parent.op in ("||", "??", "&&") and parent.left is at):
                return True
            if parent.op not in ("||", "??", "&&"):
                return False
        elif isinstance(parent, tree.If | tree.Conditional | tree.Loop):
            return parent.test is at
        elif isinstance(parent, tree.Unary):
            return parent.op in ("!", "typeof")
        elif isinstance(parent, tree.Member):
            return parent.obj is at and parent.optional
        elif isinstance(parent, tree.Call) and parent.func is not at and _called(parent) in _CONVERSIONS | _CHECKS:
            if _called(parent) in _CHECKS:
                return True
        elif not isinstance(parent, tree.Cast):
            return False
        at = parent
    return False


def _variable(node: tree.Node) -> str | None:
    """The name of the variable that takes the value of ``node``, when nothing else does."""
    at = node
    while (
        isinstance(at.parent, tree.Cast)
        or (isinstance(at.parent, tree.Binary) and at.parent.op in ("||", "??"))
        or (isinstance(at.parent, tree.Call) and at.parent.func is not at and _called(at.parent) in _CONVERSIONS)
    ):
        at = at.parent
    parent = at.parent
    if isinstance(parent, tree.Assign) and parent.value is at and isinstance(parent.target, tree.Name):
        return parent.target.id
    return None


def _called(call: tree.Call) -> str | None:
    """The last name of what is called: ``isNaN`` of ``Number.isNaN(x)``."""
    func = call.func
    return func.id if isinstance(func, tree.Name) else func.name if isinstance(func, tree.Member) else None
