"""Whether code allows for a member of env being undefined, where the place of use alone does not show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.env_uses import EnvUse

_MAX_NAMES = 3  # one variable that takes the value of another
_CONVERSIONS = frozenset(("Number", "parseInt", "parseFloat", "int", "float"))  # what is tested is their result
_CHECKS = frozenset(("isNaN", "isFinite", "isInteger", "isSafeInteger", "Boolean", "bool"))
_COMPARISONS = frozenset(("===", "!==", "==", "!=", "in", "not in"))


def is_tested(use: EnvUse) -> bool:
    """Whether the value is tested or defaulted at the end of a chain (``a || env.X || "none"``, ``if (a || env.X)``) or
    through the variable that takes it (``const key = env.X; if (!key) return``)."""
    return use.guarded or is_allowed_for(use.node)


def is_allowed_for(node: tree.Node, depth: int = 0) -> bool:
    """Whether something depends on ``node`` being there, or on a variable that takes its value."""
    if _decides(node):
        return True
    name = _variable(node)
    owner = tree.enclosing_function(node) if name is not None else None
    if name is None or owner is None or depth >= _MAX_NAMES:
        return False
    return any(
        isinstance(found, tree.Name) and found.id == name and not _is_target(found) and is_allowed_for(found, depth + 1)
        for found in tree.walk(owner)
    )


def allows_for(function: tree.Function, position: int) -> bool:
    """Whether a function gives its parameter a default, or tests it: ``toNumber(value, fallback)``."""
    params = [param for param in function.params if isinstance(param, tree.Param)]
    if position >= len(params) or function.body is None:
        return False
    target = params[position].target
    if params[position].default is not None:
        return True
    return isinstance(target, tree.Name) and any(
        isinstance(found, tree.Name) and found.id == target.id and is_allowed_for(found)
        for found in tree.walk(function.body)
    )


def _is_target(node: tree.Node) -> bool:
    return isinstance(node.parent, tree.Assign) and node.parent.target is node


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
