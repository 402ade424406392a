"""What becomes of the result of ``kv.list()``: is the first page of keys taken for all of them?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.platform import limits
from edgelint.project.calls import BindingCall
from edgelint.project.identity import callee_name
from edgelint.project.numbers import as_number
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

_PAGING = frozenset({"list_complete", "cursor", "listComplete"})
_ITERATING = frozenset({
    "map", "forEach", "filter", "some", "every", "reduce", "find", "flatMap", "entries", "sort", "toSorted", "values",
    "findIndex", "includes", "concat", "join", "reverse", "items",
})
_FEW = frozenset({"slice", "at", "pop", "shift"})
_ALL = re.compile(r"all|every|clear|flush|purge|reset|wipe|invalidate|empty|total|count", re.IGNORECASE)


class Listing(NamedTuple):
    """A list that stops at its first page; ``use`` is where its keys are taken for all keys."""

    call: BindingCall
    use: Node


class _Use(NamedTuple):
    """One thing done with the result. ``kind``: "paged", "passed" (whole), "first" (some key, or whether there is one),
    "counted", "iterated" (also: handed on without the cursor)."""

    kind: str
    node: Node


def listings(project: Project) -> Iterator[Listing]:
    """Every list of KV keys whose first page is used as if it were complete."""
    for call in project.calls("kv", "list"):
        if any(option.node is not None or option.opaque for option in call.alternatives("cursor")) or _loops(call.node):
            continue
        uses = list(_uses(call.node, call.file, 0))
        if any(use.kind in ("paged", "passed") for use in uses):
            continue
        limited = _is_limited(call, project)
        for use in uses:
            if use.kind in ("iterated", "counted") and (not limited or _claims_all(use, call)):
                yield Listing(call, use.node)
                break


def _is_limited(call: BindingCall, project: Project) -> bool:
    """Whether the list asks for fewer keys than a page can hold."""
    option = call.option("limit")
    if option.node is None:
        return False
    number = as_number(project.evaluator.evaluate(option.node, option.file, option.frame))
    return number is None or number.lower is None or number.lower < limits.KV_MAX_LIST


def _loops(node: Node) -> bool:
    """Whether the list is asked for again and again: ``do { ... } while (keys.length)`` empties page by page."""
    for parent in tree.ancestors(node):
        if isinstance(parent, tree.Function):
            return False
        if isinstance(parent, tree.Loop) and parent.kind in ("while", "do", "for") and parent.iterable is None:
            return parent.init is None
    return False


def _claims_all(use: _Use, call: BindingCall) -> bool:
    """Whether what is done with a page of a chosen size speaks of all keys: a total, a ``clearAll`` that deletes."""
    if use.kind == "counted":
        return any(
            isinstance(p, tree.Property) and _ALL.search(p.key or "") is not None for p in tree.ancestors(use.node)
        )
    function = call.function
    if function is None or not _ALL.search(function.name):
        return False
    return any(isinstance(n, tree.Call) and callee_name(n) == "delete" for n in tree.walk(function))


def _uses(node: Node, file: SourceFile, depth: int) -> Iterator[_Use]:
    """What is done with the result of a list, of which ``node`` is the value."""
    at = node
    while True:
        parent = at.parent
        if parent is None or depth > 5:
            yield _Use("passed", at)
            return
        if isinstance(parent, tree.ExprStmt):
            return
        if isinstance(parent, tree.Await | tree.Cast):
            at = parent
        elif isinstance(parent, tree.Binary) and parent.op in ("??", "||") and parent.left is at:
            at = parent
        elif isinstance(parent, tree.Member) and parent.obj is at:
            call = parent.parent
            if parent.name in ("to_py", "then") and isinstance(call, tree.Call) and call.func is parent:
                if parent.name == "then":
                    yield from _then(call, file, depth)
                    return
                at = call
            elif parent.name == "keys" and not (isinstance(call, tree.Call) and call.func is parent):
                yield from _of_keys(parent, file, depth)
                return
            else:
                yield _Use("paged" if parent.name in _PAGING else "passed", parent)
                return
        elif isinstance(parent, tree.Assign) and parent.value is at:
            yield from _bound(parent.target, file, depth)
            return
        else:
            target = _beside(at)
            if target is None:
                yield _Use("passed", parent)
            else:
                yield from _bound(target, file, depth)
            return


def _beside(node: Node) -> Node | None:
    """What one of several results is bound to: ``const [a, b] = await Promise.all([kv.list(), kv.list()])``."""
    array = node.parent
    call = array.parent if isinstance(array, tree.Array) else None
    if not isinstance(array, tree.Array) or not isinstance(call, tree.Call) or callee_name(call) != "all":
        return None
    position, at = array.items.index(node), call.parent
    while isinstance(at, tree.Await | tree.Cast):
        at = at.parent
    target = at.target if isinstance(at, tree.Assign) else None
    return target.items[position] if isinstance(target, tree.Array) and position < len(target.items) else None


def _then(call: tree.Call, file: SourceFile, depth: int) -> Iterator[_Use]:
    callback = call.args[0] if call.args else None
    if not isinstance(callback, tree.Function) or not callback.params or not isinstance(callback.params[0], tree.Param):
        yield _Use("passed", call)
        return
    yield from _bound(callback.params[0].target, file, depth)


def _bound(target: Node, file: SourceFile, depth: int) -> Iterator[_Use]:
    """What is done with the variables that a result is bound to."""
    if isinstance(target, tree.Name):
        for use in _reads(target, file):
            yield from _uses(use, file, depth + 1)
        return
    if not isinstance(target, tree.Object):
        yield _Use("passed", target)
        return
    for prop in target.props:
        if not isinstance(prop, tree.Property):
            yield _Use("paged", prop)
        elif prop.key in _PAGING:
            inner = prop.value.target if isinstance(prop.value, tree.Assign) else prop.value
            if not isinstance(inner, tree.Name) or any(True for _ in _reads(inner, file)):
                yield _Use("paged", prop)
        elif prop.key == "keys":
            inner = prop.value.target if isinstance(prop.value, tree.Assign) else prop.value
            if isinstance(inner, tree.Name):
                for use in _reads(inner, file):
                    yield from _of_keys(use, file, depth + 1)


def _reads(name: tree.Name, file: SourceFile) -> Iterator[tree.Name]:
    symbol = file.index.resolve(name)
    for use in file.index.uses(symbol) if symbol is not None else ():
        parent = use.parent
        if use is not name and not (isinstance(parent, tree.Assign) and parent.target is use):
            yield use


def _of_keys(node: Node, file: SourceFile, depth: int) -> Iterator[_Use]:
    """What is done with the keys of a result."""
    parent = node.parent
    while isinstance(parent, tree.Cast | tree.Await):
        node, parent = parent, parent.parent
    if depth > 5 or parent is None:
        return
    if isinstance(parent, tree.Binary) and parent.op in ("??", "||") and parent.left is node:
        yield from _of_keys(parent, file, depth)
    elif isinstance(parent, tree.Member) and parent.obj is node:
        call = parent.parent
        if parent.name in ("length", "size"):
            yield _Use(_asked(parent), parent)
        elif isinstance(call, tree.Call) and call.func is parent and parent.name in _ITERATING:
            yield _Use("iterated", node)
        elif isinstance(call, tree.Call) and call.func is parent and parent.name == "to_py":
            yield from _of_keys(call, file, depth)
        else:
            yield _Use("first", node)
    elif isinstance(parent, tree.Call) and parent.func is not node:
        if callee_name(parent) == "len":
            yield _Use(_asked(parent), parent)
        else:
            yield _Use("first" if callee_name(parent) in ("bool", "Boolean", "next") else "iterated", node)
    elif isinstance(parent, tree.Assign) and parent.value is node:
        if isinstance(parent.target, tree.Name):
            for use in _reads(parent.target, file):
                yield from _of_keys(use, file, depth + 1)
        else:
            yield _Use("first", node)
    elif isinstance(parent, tree.If | tree.Unary) or (isinstance(parent, tree.Conditional) and parent.test is node):
        yield _Use("first", node)
    elif isinstance(parent, tree.ExprStmt):
        return
    else:
        yield _Use("iterated", node)


def _asked(number: Node) -> str:
    """The kind of use of a number of keys."""
    for parent in tree.ancestors(number):
        test = parent.test if isinstance(parent, tree.Loop) else None
        if test is not None and test.start <= number.start < test.end:
            again = any(isinstance(n, tree.Call) and callee_name(n) == "list" for n in tree.walk(parent))
            return "paged" if again else "iterated"  # until there are none, or one after the other
    return "first" if _asks_for_any(number) else "counted"


def _asks_for_any(node: Node) -> bool:
    """Whether a number of keys is only asked whether it is nothing: ``keys.length > 0``, ``!keys.length``."""
    parent = node.parent
    if isinstance(parent, tree.Binary) and parent.op in (">", "<", ">=", "<=", "===", "!==", "==", "!="):
        other = parent.right if parent.left is node else parent.left
        return isinstance(other, tree.Literal) and other.value in (0, 1)
    if isinstance(parent, tree.Binary) and parent.op in ("&&", "||"):
        return _asks_for_any(parent)
    if isinstance(parent, tree.Conditional | tree.If | tree.Loop):
        return parent.test is node
    return isinstance(parent, tree.Unary) and parent.op == "!"
