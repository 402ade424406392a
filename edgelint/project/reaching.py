"""Which definitions of a variable can reach a use of it.

The last definition that is certainly executed before the use hides the earlier ones, but for those that a loop around
both brings back. Inside another function (a closure) every definition may be the current one.
"""

from __future__ import annotations

from edgelint.project.scopes import Def, Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node


def reaching(symbol: Symbol, use: Node) -> list[Def]:
    """The definitions of ``symbol`` that may hold at ``use``, in source order; all of them when nothing is certain."""
    found = symbol.reached.get(use)
    if found is None:
        found = symbol.reached[use] = _reaching(symbol, use)
    return found


def _reaching(symbol: Symbol, use: Node) -> list[Def]:
    function = tree.enclosing_function(use)
    if any(_function_of(d) is not function for d in symbol.defs):
        return symbol.defs
    chain = _statement_chain(use)
    blocks = {id(block): position for block, position in chain}
    loops = [a for a in tree.ancestors(use) if isinstance(a, tree.Loop)]
    ordered = sorted(symbol.defs, key=lambda d: d.at.start)
    last_certain: Def | None = None
    for d in ordered:
        if d.at.start >= use.start or _inside(use, d.at):
            continue
        if d.kind == "param":
            last_certain = d
            continue
        if d.kind == "augment":
            continue
        if d.kind == "value" and d.node is None:
            last_certain = last_certain or d
            continue
        if isinstance(d.at, tree.Loop) and d.kind in ("element", "key"):
            # set at each turn of the loop: certain inside, where the loop may make none not after it
            if d.default is None and d.at.body.start <= use.start < d.at.body.end:
                last_certain = d
            continue
        statement = _statement(d.at)
        block = statement.parent
        position = blocks.get(id(block))
        if (
            position is not None
            and statement.start < position
            and d.default is None
            and not _conditional(d.at, statement)
        ):
            last_certain = d
    if last_certain is None:
        return symbol.defs
    floor = last_certain.at.start
    result = []
    for d in ordered:
        if floor <= d.at.start < use.start and not _inside(use, d.at):
            result.append(d)
        elif d.at.start >= use.start or _inside(use, d.at):
            # later in the text: it is seen only on the next round of a loop that holds both, or in its own right side
            inner = [loop for loop in loops if loop.start <= d.at.start < loop.end]
            if any(not (loop.start <= floor < loop.end) for loop in inner):
                result.append(d)
    return result


def always(node: Node, use: Node) -> bool:
    """Whether ``node`` has run whenever ``use`` does: it stands before it in one of the blocks around it, under no
    condition.
    """
    statement = _statement(node)
    for block, start in _statement_chain(use):
        if block is statement.parent:
            return statement.start < start and not _conditional(node, statement)
    return False


def _function_of(d: Def) -> tree.Function | None:
    if isinstance(d.at, tree.Param):
        return d.at.parent if isinstance(d.at.parent, tree.Function) else None
    return tree.enclosing_function(d.at)


def _inside(node: Node, outer: Node) -> bool:
    return (
        outer.start <= node.start
        and node.end <= outer.end
        and outer is not node
        and not isinstance(outer, tree.Loop | tree.Param)
    )


def _statement(node: Node) -> Node:
    """The statement ``node`` stands in: the ancestor whose parent is a block."""
    at = node
    while at.parent is not None and not isinstance(at.parent, tree.Block | tree.Module):
        at = at.parent
    return at


def _statement_chain(node: Node) -> list[tuple[Node, int]]:
    """(block, offset of the statement that holds ``node`` in it) for every block around ``node`` inside its function.
    """
    chain: list[tuple[Node, int]] = []
    at: Node = node
    while at.parent is not None:
        if isinstance(at.parent, tree.Block | tree.Module):
            chain.append((at.parent, at.start))
        if isinstance(at, tree.Function):
            break
        at = at.parent
    return chain


def _conditional(node: Node, statement: Node) -> bool:
    """Whether ``node`` may be skipped although ``statement`` runs (``a && (x = 1)``, ``x ??= 1``)."""
    if isinstance(node, tree.Assign) and node.op in ("??=", "||=", "&&="):
        return True
    at = node
    while at is not statement and at.parent is not None:
        parent = at.parent
        if isinstance(parent, tree.Binary) and parent.op in ("&&", "||", "??") and parent.right is at:
            return True
        if isinstance(
            parent, tree.Conditional | tree.If | tree.Loop | tree.Switch | tree.Try | tree.Catch | tree.Function
        ):
            return True
        at = parent
    return isinstance(statement, tree.Loop | tree.If | tree.Try | tree.Switch) and statement is not node
