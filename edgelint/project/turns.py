"""The first turn of a loop, which stands for all of them where a loop is not unrolled: what its counter is then, and
the list that has one item as far as its tests ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.scopes import Symbol

_CALLBACKS = {"forEach": 1, "map": 1, "flatMap": 1, "filter": 1, "reduce": 2}
"""Methods of lists -> the position of the index among what they give their callback."""


class Turn(NamedTuple):
    """``counter`` is ``first`` in the first turn; ``listed`` is what is gone through, None when it is no list that is
    named."""

    counter: tree.Name
    first: int
    listed: Node | None


def first_turn(parent: Node) -> Turn | None:
    """The first turn of a loop, or of a callback that a list's method calls; None when nothing counts its turns."""
    if isinstance(parent, tree.Function):
        return _of_callback(parent)
    if not isinstance(parent, tree.Loop):
        return None
    if parent.kind == "for":
        return _of_counting(parent)
    if parent.kind != "of" or not isinstance(parent.iterable, tree.Call):
        return None
    call = parent.iterable
    target = parent.target.target if isinstance(parent.target, tree.Assign) else parent.target
    if isinstance(call.func, tree.Member) and call.func.name == "entries" and not call.args:
        return _turn(_item(target, 0), 0, call.func.obj)
    if isinstance(call.func, tree.Name) and call.func.id == "enumerate" and len(call.args) == 1:
        return _turn(_item(target, 0), 0, call.args[0])
    if isinstance(call.func, tree.Name) and call.func.id == "range" and len(call.args) == 1:
        return _turn(target, 0, measured_by(call.args[0]))
    return None


def _turn(counter: Node | None, first: int, listed: Node | None) -> Turn | None:
    return Turn(counter, first, listed) if isinstance(counter, tree.Name) else None


def _item(target: Node | None, position: int) -> Node | None:
    return target.items[position] if isinstance(target, tree.Array) and len(target.items) > position else None


def _of_callback(function: tree.Function) -> Turn | None:
    call = function.parent
    if not isinstance(call, tree.Call) or not isinstance(call.func, tree.Member):
        return None
    position = _CALLBACKS.get(call.func.name or "")
    if position is None or call.args[:1] != [function] or len(function.params) <= position:
        return None
    param = function.params[position]
    return _turn(param.target if isinstance(param, tree.Param) else None, 0, call.func.obj)


def _of_counting(loop: tree.Loop) -> Turn | None:
    """``for (let i = 0; i < xs.length; i++)``."""
    init, test = loop.init, loop.test
    if not isinstance(init, tree.Assign) or not isinstance(init.value, tree.Literal):
        return None
    first = init.value.value
    if not isinstance(first, int) or isinstance(first, bool):
        return None
    counts = isinstance(test, tree.Binary) and test.op in ("<", "!==", "!=")
    return _turn(init.target, first, measured_by(test.right) if counts and isinstance(test, tree.Binary) else None)


def measured_by(node: Node) -> Node | None:
    """What ``node`` is the length of."""
    if isinstance(node, tree.Member) and node.name in ("length", "size"):
        return node.obj
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Name) and node.func.id == "len" and node.args:
        return node.args[0]
    return None


class FirstTurns:
    """The loops that one way through the code has gone through, each in one turn."""

    def __init__(self) -> None:
        self._passed: list[Node] = []
        self._counters: dict[Symbol, int] = {}
        self._single: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._passed)

    def add(self, parent: Node, turn: Turn | None, symbol: Symbol | None, listed: str | None) -> None:
        """``parent`` is gone through. ``symbol`` is the counter's of ``turn``; ``listed`` the text of the list."""
        self._passed.append(parent)
        if turn is not None and symbol is not None:
            self._counters[symbol] = turn.first
            if listed is not None:
                self._single[listed] = turn.first + 1

    def counter(self, symbol: Symbol | None) -> int | None:
        """What a variable is, when it counts turns."""
        return None if symbol is None else self._counters.get(symbol)

    def before(self, symbol: Symbol, test: Node) -> Node | None:
        """What a variable was set to before the loop around ``test``, when its turns set it too: what it is in the
        first one. None when that is not one value."""
        around = self._around(test)
        if around is None or not self.changes(symbol, test):
            return None
        earlier = [d for d in symbol.defs if d.at.start < around.start]
        if len(earlier) != 1 or earlier[0].kind != "value" or earlier[0].path:
            return None
        return earlier[0].node

    def changes(self, symbol: Symbol, test: Node) -> bool:
        """Whether a variable from outside of the loop around ``test`` is set by its turns."""
        around = self._around(test)
        if around is None:
            return False
        inside = [around.start <= d.at.start < around.end for d in symbol.defs]
        return any(inside) and not all(inside)

    def _around(self, test: Node) -> Node | None:
        return next((a for a in tree.ancestors(test) if any(a is p for p in self._passed)), None)

    def length(self, text: str) -> int | None:
        """The length of the list of that text, as far as the one turn knows."""
        return self._single.get(text)
