"""What is left of a collection after a filter: only what a list, set, object or pattern allows?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.project.atoms import Func, Global, Unknown
from edgelint.project.flow import split
from edgelint.project.guards import is_allow_listed, is_validator, last_name, tests_membership
from edgelint.project.number_guards import tests_number
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

_MAX_HOPS = 12
_SOUND = frozenset({"Boolean", "Number.isInteger", "Number.isFinite", "Number.isSafeInteger", "isFinite"})


def holds_only_listed(over: Node, file: SourceFile, e: Evaluator) -> bool:
    """Whether every item of ``over`` has passed a test: of the whole, in a ``filter``, or in a comprehension."""
    if is_allow_listed(over, over, file, e):
        return True
    for node in _made_from(over, file):
        if isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name == "filter":
            if node.args and keeps_listed(node.args[0], file, e):
                return True
        elif isinstance(node, tree.Call) and any(isinstance(a, Func) for a in e.evaluate(node.func, file)):
            names = [arg for arg in node.args if not isinstance(arg, tree.Literal)]
            if names and all(is_allow_listed(arg, arg, file, e) for arg in names):
                return True  # sorted(tables), with tables that were checked
        elif isinstance(node, tree.Comprehension) and isinstance(node.element, tree.Name):
            if is_allow_listed(node.element, node.element, file, e):
                return True
    return False


def asks_the_store(predicate: Node, file: SourceFile, frame: Frame | None, e: Evaluator) -> bool:
    """Whether a filter's callback holds its items against what was read from a database (or KV, or R2): which tables
    are there, say. What it keeps then is what is there, whatever the list names."""
    if not isinstance(predicate, tree.Function) or predicate.body is None:
        return False
    for node in tree.walk(predicate.body):
        if isinstance(node, tree.Name):
            value = e.evaluate(node, file, frame)
            if any(isinstance(a, Unknown) and a.reason == "stored" for a in value | e.elements(value, frame)):
                return True
    return False


def keeps_listed(predicate: Node, file: SourceFile, e: Evaluator) -> bool:
    """Whether a filter's callback keeps only what a list, set, object or pattern allows."""
    if isinstance(predicate, tree.Name | tree.Member):
        functions = [a for a in e.evaluate(predicate, file) if isinstance(a, Func)]
        return all(keeps_listed(f.node, f.file, e) for f in functions) if functions else is_validator(
            last_name(predicate)
        )
    if (
        not isinstance(predicate, tree.Function)
        or not predicate.params
        or not isinstance(predicate.params[0], tree.Param)
    ):
        return False
    names = {n.id for n in tree.walk(predicate.params[0].target) if isinstance(n, tree.Name)}
    body = predicate.body
    for node in tree.walk(body) if body is not None else ():
        if isinstance(node, tree.Name) and node.id in names:
            parent = node.parent
            while parent is not None and parent is not predicate:
                if tests_membership(parent, node, file, True, e):
                    return True
                parent = parent.parent
    return False


def keeps_numbers(predicate: Node, file: SourceFile, e: Evaluator) -> bool:
    """Whether a filter's callback keeps no NaN: ``Number.isInteger``, ``Boolean``, ``(n) => n > 0``."""
    if not isinstance(predicate, tree.Function):
        return any(isinstance(a, Global) and a.path in _SOUND for a in e.evaluate(predicate, file))
    param = predicate.params[0] if predicate.params else None
    target = param.target if isinstance(param, tree.Param) else None
    body = predicate.body
    if isinstance(body, tree.Block):
        last = body.body[-1] if body.body else None
        body = last.value if isinstance(last, tree.Return) else None
    return target is not None and body is not None and any(
        tests_number(c.test, target, file, c.holds, e) for c in split(body, True)
    )


def _made_from(node: Node, file: SourceFile) -> Iterator[Node]:
    """``node`` and what it is made from: the receivers of its calls, the initial values of its names, what a
    comprehension picks from.
    """
    for _ in range(_MAX_HOPS):
        yield node
        if isinstance(node, tree.Call) and isinstance(node.func, tree.Member):
            node = node.func.obj
        elif isinstance(node, tree.Call) and isinstance(node.func, tree.Name) and len(node.args) == 1:
            node = node.args[0]  # list(x), set(x), sorted(x)
        elif isinstance(node, tree.Await | tree.Cast | tree.Spread):
            node = node.value
        elif isinstance(node, tree.Array) and len(node.items) == 1 and isinstance(node.items[0], tree.Spread):
            node = node.items[0]
        elif isinstance(node, tree.Comprehension):
            clause = node.clauses[0]
            if not isinstance(node.element, tree.Name) or not isinstance(clause, tree.Loop) or clause.iterable is None:
                return
            node = clause.iterable
        elif isinstance(node, tree.Name):
            symbol = file.index.resolve(node)
            values = (
                [d.node for d in symbol.defs if d.kind == "value" and d.node is not None and not d.path]
                if symbol
                else []
            )
            if len(values) != 1 or values[0] is None:
                return
            node = values[0]
        else:
            return
