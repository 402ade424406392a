"""Calls that are looked into: what the parameters of a function are at one call of it."""

from __future__ import annotations

from edgelint.project.atoms import Func, Value
from edgelint.project.files import SourceFile
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

Memo = dict[object, Value]  # by expression, and by symbol

MAX_FRAMES = 5  # calls looked into, one inside the other


class Frame:
    """A call being looked into: the parameters of ``func`` have the values of this call's arguments."""

    __slots__ = ("func", "args", "keywords", "rest", "file", "parent", "depth", "this", "call", "memo")

    def __init__(
        self, func: tree.Function, args: list[Node | Value], keywords: dict[str, Node], rest: bool, file: SourceFile,
        parent: Frame | None, this: Value | None, call: tree.Call | None = None,
    ) -> None:
        self.func = func
        self.args = args
        self.keywords = keywords
        self.rest = rest  # a spread argument: positions are not known
        self.file = file
        self.parent = parent
        self.this = this
        self.call = call  # None for a function that other code calls back
        self.memo: Memo = {}  # what is evaluated in this call
        self.depth: int = 1 if parent is None else parent.depth + 1

    @property
    def outermost(self) -> Frame:
        """The first of the calls that are looked into, one inside the other."""
        at = self
        while at.parent is not None:
            at = at.parent
        return at

    def find(self, func: tree.Function) -> Frame | None:
        at: Frame | None = self
        while at is not None:
            if at.func is func:
                return at
            at = at.parent
        return None


def callback_frame(
    atom: Func, func: tree.Member, node: tree.Call, file: SourceFile, frame: Frame | None
) -> Frame | None:
    """The frame of a callback of ``node``, a call of ``then`` or the like. One that stands in the call needs none: its
    parameters are found from there."""
    if atom.node.parent is node:
        return frame
    given: list[Node | Value] = [func.obj] if func.name == "then" else []
    return Frame(atom.node, given, {}, False, file, frame, None, node)
