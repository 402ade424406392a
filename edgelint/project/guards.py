"""What a test says of a value: that it is on an allow-list, that it is a sound number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.flow import conditions, mentions, same
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

_MEMBERSHIP = frozenset({"includes", "has", "hasOwnProperty", "hasOwn", "contains", "isSubsetOf", "isin"})
_PATTERNS = frozenset({"test", "match", "fullmatch"})


def is_allow_listed(subject: Node, at: Node, file: SourceFile, evaluator: Evaluator) -> bool:
    """Whether every way to ``at`` has passed a test that ``subject`` is one of some values, or fits a pattern."""
    if not isinstance(subject, tree.Name | tree.Member):
        return False
    for condition in conditions(at):
        if tests_membership(condition.test, subject, file, condition.holds):
            return True
    return _replaced_when_not_listed(subject, at, file)


def tests_membership(test: Node, subject: Node, file: SourceFile, holds: bool) -> bool:
    """Whether ``test`` being ``holds`` means that ``subject`` is on a list, has a fixed value, or fits a pattern."""
    while isinstance(test, tree.Await | tree.Cast):
        test = test.value
    if isinstance(test, tree.Call):
        func = test.func
        given = [arg for arg in test.args if _is_subject(arg, subject, file)]
        if isinstance(func, tree.Member):
            if func.name in _MEMBERSHIP | _PATTERNS and given:
                return holds
            if func.name == "match" and _is_subject(func.obj, subject, file):
                return holds
            if func.name in ("some", "find", "every") and mentions(test, subject, file):
                return holds
            return bool(given) and holds and (func.name or "").lower().startswith(("is", "valid", "check", "assert", "allow", "has"))
        if isinstance(func, tree.Name):
            return bool(given) and holds
        return False
    if isinstance(test, tree.Unary) and test.op == "!":
        return tests_membership(test.value, subject, file, not holds)
    if isinstance(test, tree.Binary):
        if test.op == ("||" if holds else "&&"):  # whichever side it was: each must say so
            return tests_membership(test.left, subject, file, holds) and tests_membership(test.right, subject, file, holds)
        if test.op in ("in", "not in") and _is_subject(test.left, subject, file):
            return holds == (test.op == "in")
        if test.op in ("===", "==", "!==", "!="):
            positive = test.op in ("===", "==")
            for side, other in ((test.left, test.right), (test.right, test.left)):
                if _is_subject(side, subject, file) and isinstance(other, tree.Literal) and other.kind in ("string", "number"):
                    return holds == positive
                if _is_index_test(side, subject, file) and isinstance(other, tree.Unary | tree.Literal):
                    return holds != positive
        if test.op in (">=", ">") and _is_index_test(test.left, subject, file):
            return holds
    if isinstance(test, tree.Member) and test.index is not None and _is_subject(test.index, subject, file):
        return holds  # MAP[x] is there
    return False


def _is_subject(node: Node, subject: Node, file: SourceFile) -> bool:
    while isinstance(node, tree.Cast | tree.Await):
        node = node.value
    if same(node, subject, file):
        return True
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and not node.args:
        return node.func.name in ("toLowerCase", "toUpperCase", "trim", "lower", "upper", "strip") and same(node.func.obj, subject, file)
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Name) and node.func.id in ("String", "str") and node.args:
        return same(node.args[0], subject, file)
    return False


def _is_index_test(node: Node, subject: Node, file: SourceFile) -> bool:
    return (
        isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name in ("indexOf", "findIndex")
        and any(_is_subject(arg, subject, file) for arg in node.args)
    )


def _replaced_when_not_listed(subject: Node, at: Node, file: SourceFile) -> bool:
    """``if (!ALLOWED.includes(x)) x = "id"`` before ``at``: after it, x is allowed."""
    node = at
    while node.parent is not None:
        parent = node.parent
        if isinstance(parent, tree.Block | tree.Module):
            for statement in parent.body:
                if statement is node:
                    break
                if isinstance(statement, tree.If) and _assigns(statement.then, subject, file):
                    from edgelint.project.flow import _split

                    if any(tests_membership(c.test, subject, file, c.holds) for c in _split(statement.test, False)):
                        return True
        if isinstance(parent, tree.Function):
            return False
        node = parent
    return False


def _assigns(block: tree.Block, subject: Node, file: SourceFile) -> bool:
    return any(
        isinstance(node, tree.Assign) and same(node.target, subject, file) and isinstance(node.value, tree.Literal)
        for node in tree.walk_function(block)
    )


def is_tested(subject: Node, at: Node, file: SourceFile) -> bool:
    """Whether a test on the way to ``at`` looks at ``subject`` (as a number: a comparison, isNaN, isInteger, truthiness)."""
    if not isinstance(subject, tree.Name | tree.Member):
        return False
    return any(mentions(condition.test, subject, file) for condition in conditions(at))
