"""What is made of one request: the request itself, what is read from it, and what is computed from that.

A value that only depends on env, on constants or on the clock is not; nor is a number or a truth value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.atoms import Const, Func, Number, Plat, SafeText, Taint, Value
from edgelint.project.reaching import reaching
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

MAX_DEPTH = 12
_OF_REQUEST = frozenset({
    "request", "hono-context", "hono-request", "pages-context", "fetch-event", "execution-context", "form-data",
    "websocket", "message-event",
    "queue-message", "queue-batch", "queue-messages", "email-message", "h3-event",
})
_SHARED = frozenset({"env", "process-env", "binding"})
_TESTS = frozenset(
    {"===", "!==", "==", "!=", "<", ">", "<=", ">=", "in", "not in", "instanceof", "-", "*", "/", "%", "**"}
)
_TESTING_METHODS = frozenset(
    {"includes", "startsWith", "endsWith", "test", "has", "some", "every", "startswith", "endswith", "indexOf"}
)


class RequestData:
    """Answers about expressions. ``carries`` is the question."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def carries(self, node: Node, file: SourceFile) -> bool:
        """Whether the value of ``node`` is, holds or was computed from what belongs to one request."""
        return self._carries(node, file, frozenset())

    def _carries(self, node: Node, file: SourceFile, seen: frozenset[int]) -> bool:
        if id(node) in seen or len(seen) > MAX_DEPTH:
            return False
        seen = seen | {id(node)}
        if isinstance(node, tree.Await | tree.Cast | tree.Spread | tree.Keyword | tree.Property):
            return self._carries(node.value, file, seen)
        if isinstance(node, tree.Object | tree.Array | tree.Template):
            return any(self._carries(child, file, seen) for child in node.children())
        if isinstance(node, tree.Conditional):
            return self._carries(node.then, file, seen) or self._carries(node.other, file, seen)
        if isinstance(node, tree.Binary):
            return node.op not in _TESTS and (
                self._carries(node.left, file, seen) or self._carries(node.right, file, seen)
            )
        if isinstance(node, tree.Name | tree.Member | tree.Call):
            said = _says(self._evaluator.evaluate(node, file))
            if said is not None:
                return said
        if isinstance(node, tree.Name):
            return self._named(node, file, seen)
        if isinstance(node, tree.Member):
            return self._carries(node.obj, file, seen)
        if isinstance(node, tree.Call):
            return self._called(node, file, seen)
        return False

    def _named(self, node: tree.Name, file: SourceFile, seen: frozenset[int]) -> bool:
        symbol = file.index.resolve(node)
        if symbol is None or symbol.scope is file.index.root:
            return False
        for d in reaching(symbol, node):
            if isinstance(d.node, tree.Param):
                if self._given(d.node, seen):
                    return True
            elif (
                d.node is not None
                and d.kind in ("value", "element", "augment")
                and self._carries(_source(d.node), file, seen)
            ):
                return True
        return False

    def _given(self, param: tree.Param, seen: frozenset[int]) -> bool:
        """Whether a known call gives ``param`` something of a request."""
        function = param.parent
        if not isinstance(function, tree.Function):
            return False
        position = function.params.index(param)
        for file, call, offset in self._evaluator.parameters.callers(function):
            plain = [arg for arg in call.args if not isinstance(arg, tree.Keyword)]
            if 0 <= position - offset < len(plain) and self._carries(plain[position - offset], file, seen):
                return True
        return False

    def _called(self, node: tree.Call, file: SourceFile, seen: frozenset[int]) -> bool:
        func = node.func
        if isinstance(func, tree.Member):
            if func.name in _TESTING_METHODS:
                return False
            if self._carries(func.obj, file, seen):
                return True
        return any(not isinstance(arg, tree.Function) and self._carries(arg, file, seen) for arg in node.args)


def _source(node: Node) -> Node:
    return node.value if isinstance(node, tree.Assign) and node.value is not None else node


def _says(value: Value) -> bool | None:
    """What the abstract value alone tells: yes, no, or None when it does not."""
    if any(
        isinstance(atom, Taint) or (isinstance(atom, Plat) and (atom.type in _OF_REQUEST or atom.tainted))
        for atom in value
    ):
        return True
    if value and all(
        isinstance(atom, Const | Number | Func) or (isinstance(atom, Plat) and atom.type in _SHARED) for atom in value
    ):
        return False
    if value and all(isinstance(atom, SafeText) and atom.what == "method" for atom in value):
        return True
    return None
