"""Text as the code puts it together in one world, and the arguments that are given with it.

``write`` follows everything that builds text (literals, templates, ``+``, ``+=``, join, format, helpers, lists that are
pushed into, maps of constants, .sql imports) and appends chunks of constant text, each with its literal; what it does
not know is a gap. What text may be (a branch, an optional part, one of some constants) is asked of the world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.atoms import Const, Func, Number
from edgelint.project.built_text import BuiltText
from edgelint.project.frames import Frame
from edgelint.project.sql_text import Chunk, Here, Piece, Place
from edgelint.project.variables import Item
from edgelint.project.worlds import World
from edgelint.syntax import tree
from edgelint.syntax.sql import HOLE
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator

MAX_NODES = 3_000  # looked at for one text in one world
_SUMS = frozenset({"+=", "-=", "*=", "/=", "%=", "**="})  # what they give is not what stands right of them
_INDENTING = frozenset({"dedent", "outdent", "stripIndent", "stripIndents", "oneLine", "oneLineTrim", "html", "source"})


class Assembly(BuiltText):
    """The reading of one statement in one world."""

    def __init__(self, evaluator: Evaluator, world: World) -> None:
        super().__init__(evaluator, world)
        self.budget = MAX_NODES
        self.bound: dict[tuple[int, int], Item] = {}
        self.lists = {}
        self.tags: dict[int, tree.Template] = {}
        self.keep: list[Frame] = []
        self.active: set[tuple[int, int]] = set()
        self.seen: set[int] = set()  # variables that the text is made of
        self.empty_join = False  # a list of optional parts had none of them, and was joined all the same

    def write(self, node: Node, here: Here, into: list[Piece]) -> None:
        """Append what ``node`` evaluates to."""
        while isinstance(node, (tree.Cast, tree.Await, tree.Keyword)):
            node = node.value
        key = (id(node), id(here.frame))
        if key in self.active or not self.spend():
            into.append(Place(node, here.file, here.frame))
            return
        self.active.add(key)
        try:
            self.put(node, here, into)
        finally:
            self.active.discard(key)

    def put(self, node: Node, here: Here, into: list[Piece]) -> None:
        if isinstance(node, tree.Literal):
            self.literal_text(node, here, into)
        elif isinstance(node, tree.Template):
            self.template(node, here, into)
        elif isinstance(node, tree.Binary):
            self.binary(node, here, into)
        elif isinstance(node, tree.Conditional):
            self.write(node.then if self.test(node.test, here) else node.other, here, into)
        elif isinstance(node, tree.Name):
            self.name(node, here, into)
        elif isinstance(node, tree.Call):
            self.call(node, here, into)
        elif isinstance(node, tree.Member):
            self.member(node, here, into)
        elif isinstance(node, tree.Assign) and node.value is not None and node.op not in _SUMS:
            self.write(node.value, here, into)
        elif isinstance(node, tree.Assign):
            into.append(Place(node, here.file, here.frame))
        else:
            self.constant(node, here, into)

    # -- literals and operators --------------------------------------------------------------------------------------

    def literal_text(self, node: tree.Literal, here: Here, into: list[Piece]) -> None:
        if node.kind == "string":
            into.append(Chunk(str(node.value).replace(HOLE, " "), here.file, node, 0))
        elif node.kind == "number":
            into.append(Chunk(str(node.value), here.file, node, None))
        elif node.kind in ("null", "boolean"):
            into.append(Chunk({None: "null", True: "true", False: "false"}[node.value], here.file, node, None))
        else:
            into.append(Place(node, here.file, here.frame))

    def template(self, node: tree.Template, here: Here, into: list[Piece]) -> None:
        if node.tag is not None and not self.keeps(node.tag, here):
            results = self.tagged(node, here)
            if results is None:
                into.append(Place(node, here.file, here.frame))
            else:
                self.write(*results, into)
            return
        for part in node.parts:
            self.write(part, here, into)

    def keeps(self, tag: Node, here: Here) -> bool:
        """Whether a tag gives the text as it stands, but for white space: String.raw, dedent."""
        if isinstance(tag, tree.Member) and tag.name == "raw":
            return True
        name = tag.id if isinstance(tag, tree.Name) else tag.name if isinstance(tag, tree.Member) else None
        return name in _INDENTING and not any(
            isinstance(a, Func) for a in self.e.evaluate(tag, here.file, here.frame)
        )

    def tagged(self, node: tree.Template, here: Here) -> tuple[Node, Here] | None:
        """What a tag of the project gives for a template."""
        assert node.tag is not None
        functions = [a for a in self.e.evaluate(node.tag, here.file, here.frame) if isinstance(a, Func)]
        if len(functions) != 1:
            return None
        frame = self.tag_frame(functions[0], node, here)
        inner = Here(functions[0].file, frame)
        value = self.result(functions[0].node, inner)
        return (value, inner) if value is not None else None

    def tag_frame(self, function: Func, node: tree.Template, here: Here) -> Frame:
        """The frame of a call by a tag."""
        from edgelint.project.call_values import _is_substitution

        values: list[Node | frozenset[object]] = [p for p in node.parts if _is_substitution(p, node, here.file)]
        frame = Frame(function.node, [frozenset(), *values], {}, False, here.file, here.frame, function.this)  # type: ignore[list-item]
        self.keep.append(frame)
        self.tags[id(frame)] = node
        return frame

    def binary(self, node: tree.Binary, here: Here, into: list[Piece]) -> None:
        if node.op == "+" and self.is_sum(node, here):
            self.constant(node, here, into)
        elif node.op == "+":
            chain = [node]
            while isinstance(chain[-1].left, tree.Binary) and chain[-1].left.op == "+":
                chain.append(chain[-1].left)
            self.write(chain[-1].left, here, into)
            for link in reversed(chain):
                self.write(link.right, here, into)
        elif node.op in ("||", "??"):
            self.either(node, here, into)
        elif node.op == "&&":
            if self.test(node.left, here):
                self.write(node.right, here, into)
            elif not self.is_text(node.left, here):
                into.append(Chunk("false", here.file, node.left, None))
        elif node.op == "%" and here.file.language == "python":
            self.percent(node, here, into)
        elif node.op == "*" and here.file.language == "python" and self.is_text(node.left, here):
            self.repeated(node, node.left, node.right, here, into)
        else:
            self.constant(node, here, into)

    def is_sum(self, node: Node, here: Here) -> bool:
        """Whether ``+`` adds numbers."""
        value = self.e.evaluate(node, here.file, here.frame)
        return bool(value) and all(
            isinstance(a, Number) or (isinstance(a, Const) and a.kind == "number") for a in value
        )

    def either(self, node: tree.Binary, here: Here, into: list[Piece]) -> None:
        """``a || b``, ``a ?? b``: the left side when it is text that is not empty; else what the world says."""
        if isinstance(node.left, tree.Member) and self.is_absent(node.left, here):  # values[i] || ""
            self.write(node.right, here, into)
            return
        left = self.written(node.left, here)
        if left and all(isinstance(p, Chunk) for p in left):
            value = self.e.evaluate(node.left, here.file, here.frame)
            null = [a for a in value if isinstance(a, Const) and a.kind == "null"]
            if not null and not (_may_miss(node.left) and not self.is_present(node.left, here)):
                text = "".join(p.text for p in left if isinstance(p, Chunk))
                if text or node.op == "??":
                    into.extend(left)
                else:
                    self.write(node.right, here, into)
                return
        if left and self.world.choose(("either", id(node), id(here.frame)), 2) == 0:
            into.extend(left)
            return
        right = self.written(node.right, here)
        if all(isinstance(p, Chunk) and not p.text for p in right):
            self.empty_join = True  # params.get("sort") ?? "": nothing, where something was meant to be
        into.extend(right)

    # -- calls ------------------------------------------------------------------------------------------------

    def call(self, node: tree.Call, here: Here, into: list[Piece]) -> None:
        func = node.func
        args = [a for a in node.args if not isinstance(a, tree.Keyword)]
        if isinstance(func, tree.Member) and func.name is not None and self.method(node, func, args, here, into):
            return
        if isinstance(func, tree.Name) and func.id in ("String", "str") and len(args) == 1:
            self.write(args[0], here, into)
            return
        if isinstance(func, tree.Name) and func.id in _INDENTING and len(args) == 1:
            self.write(args[0], here, into)
            return
        for value, inner in self.results(node, here):
            self.write(value, inner, into)
            return
        self.constant(node, here, into)

    # -- arguments ------------------------------------------------------------------------------------------------

    def arguments(self, nodes: list[Node], here: Here) -> list[Place]:
        """The expressions that ``nodes`` stand for, spread lists taken apart where their items are known."""
        found: list[Place] = []
        for node in nodes:
            if isinstance(node, tree.Spread):
                for item in self.items(node.value, here):
                    known = item.node is not None and not item.repeat
                    found.append(Place(item.node if known else None, item.here.file, item.here.frame))
            elif not isinstance(node, tree.Keyword):
                found.append(Place(node, here.file, here.frame))
        return found


def _may_miss(node: Node) -> bool:
    """Whether an expression looks something up that need not be there: ``COLUMNS[sort]``."""
    while isinstance(node, tree.Cast):
        node = node.value
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Member):
        return node.func.name in ("get", "find")
    return isinstance(node, tree.Member) and node.name is None
