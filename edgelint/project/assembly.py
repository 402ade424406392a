"""Text as the code puts it together in one world, and the arguments that are given with it.

``write`` follows everything that builds text (literals, templates, ``+``, ``+=``, join, format, helpers, lists that are
pushed into, maps of constants, .sql imports) and appends chunks of constant text, each with its literal; what it does
not know is a gap. What text may be (a branch, an optional part, one of some constants) is asked of the world.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelint.patterns import later
from edgelint.project.atoms import Const, Func, Inst, Number, Obj
from edgelint.project.frames import Frame
from edgelint.project.lists import Item, Lists
from edgelint.project.scopes import Def, Symbol
from edgelint.project.sql_text import Chunk, Here, Piece, Place
from edgelint.project.worlds import World
from edgelint.syntax import tree
from edgelint.syntax.sql import HOLE
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator

MAX_NODES = 3_000  # looked at for one text in one world
MAX_CONSTANTS = 16
"""Constants that one expression may be, each a text of its own; where there are more it is not known."""
_WHOLE = frozenset({"trim", "trimStart", "trimEnd", "strip", "lstrip", "rstrip", "dedent", "toString", "valueOf"})
_CASES = {"toUpperCase": str.upper, "toLowerCase": str.lower, "upper": str.upper, "lower": str.lower}
_INDENTING = frozenset({"dedent", "outdent", "stripIndent", "stripIndents", "oneLine", "oneLineTrim", "html", "source"})
_SPACES = later(r"/(?:\\s|\\n|\[\\s[^\]]*\]| |\\r|\\t|\|)+[+*]?(?:\{\d+,?\d*\})?/\w*")
_FORMAT = later(r"\{\{|\}\}|\{(\w*)(?:![rsa])?(?::[^{}]*)?\}")
_WORD = later(r"[\w$]+")
_PERCENT = later(r"%%|%(?:\((\w+)\))?[sdif]")
_LITERAL = later(r"""'([^']*)'|"([^"]*)\"""")
_LITERALS = later(r"""\|?\s*(?:'[^']*'|"[^"]*")(?:\s*\|\s*(?:'[^']*'|"[^"]*"|undefined|null))*""")
_TEXT_FILES = (".sql", ".txt")


class Assembly(Lists):
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

    def written(self, node: Node, here: Here) -> list[Piece]:
        into: list[Piece] = []
        self.write(node, here, into)
        return into

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
        elif isinstance(node, tree.Assign) and node.value is not None:
            self.write(node.value, here, into)
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

    def is_text(self, node: Node, here: Here) -> bool:
        value = self.e.evaluate(node, here.file, here.frame)
        return bool(value) and all(isinstance(a, Const) and a.kind == "string" for a in value)

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

    def percent(self, node: tree.Binary, here: Here, into: list[Piece]) -> None:
        """Python's ``text % values``."""
        right = node.right
        values = right.items if isinstance(right, tree.Array) else [right]
        self.filled(self.written(node.left, here), _PERCENT, {}, values, node, here, into)

    def filled(
        self, pieces: list[Piece], pattern: re.Pattern[str], named: dict[str, Node], values: list[Node], node: Node,
        here: Here, into: list[Piece],
    ) -> None:
        """``pieces`` with the marks of ``pattern`` replaced by the values."""
        position = 0
        for piece in pieces:
            if isinstance(piece, Place):
                into.append(piece)
                continue
            at = 0
            for mark in pattern.finditer(piece.text):
                into.append(piece.part(at, mark.start()))
                at = mark.end()
                if mark[0] in ("{{", "}}", "%%"):
                    into.append(piece.part(mark.start(), mark.start() + 1))
                    continue
                name = mark[1] or ""
                value = named.get(name)
                if value is None:
                    index = int(name) if name.isdigit() else position
                    position += not name
                    value = values[index] if index < len(values) and (not name or name.isdigit()) else None
                if value is None or isinstance(value, tree.Spread):
                    into.append(Place(node, here.file, here.frame))
                else:
                    self.write(value, here, into)
            into.append(piece.part(at, len(piece.text)))

    # -- what only the evaluator knows -------------------------------------------------------------------------------

    def constant(self, node: Node, here: Here, into: list[Piece]) -> None:
        value = self.e.evaluate(node, here.file, here.frame)
        found = sorted({
            str(a.value) for a in value
            if isinstance(a, Const) and a.kind in ("string", "number") and isinstance(a.value, str | int | float)
        })
        rest = [a for a in value if not isinstance(a, Const) or a.kind not in ("string", "number", "null")]
        if rest and all(isinstance(a, Number) or (isinstance(a, Const) and a.kind == "number") for a in value):
            exact = self.exact
            size = self.size(node, here)
            known = size is not None and self.exact
            self.exact = exact
            into.append(Chunk(str(size) if known else "1", here.file, node, None, None, not known, here.frame))
            return
        if not found or rest:
            found, rest = sorted(self.literal_type(node, here)), []
        if not found or rest or len(found) > MAX_CONSTANTS:
            into.append(Place(node, here.file, here.frame))
            return
        taken = 0 if len(found) == 1 else self.world.choose(("const", id(node), id(here.frame)), len(found))
        into.append(Chunk(found[taken].replace(HOLE, " "), here.file, node, None))

    def literal_type(self, node: Node, here: Here) -> set[str]:
        """The texts that a TypeScript type allows: ``order: "asc" | "desc"``."""
        member = node.name if isinstance(node, tree.Member) else None
        if isinstance(node, tree.Member):
            node = node.obj
        symbol = here.file.index.resolve(node) if isinstance(node, tree.Name) else None
        if symbol is None or len(symbol.defs) != 1 or symbol.defs[0].kind != "param":
            return set()
        d = symbol.defs[0]
        written = d.node.annotation if isinstance(d.node, tree.Param) and not d.path else None
        parameters = self.e.parameters
        for _ in range(3):
            text = (written or "").strip().lstrip(":").strip()
            if member is not None:
                found = [decl.members[member][0] for decl, _ in parameters.declared(text, here.file)
                         if member in decl.members]
                written, member = (found[0] if len(found) == 1 else None), None
                continue
            if _LITERALS.fullmatch(text):
                return {a or b for a, b in _LITERAL.findall(text)}
            found = [decl.text for decl, _ in parameters.declared(text, here.file) if decl.text]
            written = found[0] if len(found) == 1 else None
        return set()

    # -- names ------------------------------------------------------------------------------------------------

    def name(self, node: tree.Name, here: Here, into: list[Piece]) -> None:
        symbol = here.file.index.resolve(node)
        if symbol is None:
            self.constant(node, here, into)
            return
        bound = self.bound_item(symbol, here)
        if bound is not None:
            self.item(bound, into)
            return
        self.seen.add(id(symbol))
        holds, added = self.base(symbol, node, here)
        if holds is None:
            self.constant(node, here, into)
            return
        if added and any(not isinstance(d.node, tree.Assign) or d.node.op != "+=" for d in added):
            into.append(Place(node, here.file, here.frame))
            return
        self.definition(holds, node, here, into)
        for d in added:
            assert isinstance(d.node, tree.Assign)
            if d.node.value is not None:
                self.write(d.node.value, here, into)

    def definition(self, d: Def, use: tree.Name, here: Here, into: list[Piece]) -> None:
        if d.kind == "value" and d.node is not None and not d.path:
            self.write(d.node, here, into)
        elif d.kind == "value" and d.node is not None and len(d.path) == 1 and d.default is None:
            part = self.part(d.node, d.path[0], here)
            if part is not None:
                self.write(*part, into)
            else:
                self.constant(use, here, into)
        elif d.kind == "param" and isinstance(d.node, tree.Param) and isinstance(d.node.parent, tree.Function):
            self.parameter(d, d.node, d.node.parent, use, here, into)
        elif d.kind == "element" and d.node is not None and not d.path and self.one_of(d.node, here, into):
            return
        elif d.kind == "import" and isinstance(d.at, tree.Import) and isinstance(d.node, tree.ImportName):
            self.imported(d.at, d.node, use, here, into)
        else:
            self.constant(use, here, into)

    def one_of(self, listed: Node, here: Here, into: list[Piece]) -> bool:
        """One item of a constant list that a loop goes over: each is a text of its own."""
        exact = self.exact
        found = self.items(listed, here)
        if not found or any(i.repeat or (i.node is None and i.pieces is None) for i in found):
            self.exact = exact
            return False
        self.item(found[self.world.choose(("item", id(listed), id(here.frame)), len(found))], into)
        return True

    def parameter(
        self, d: Def, param: tree.Param, function: tree.Function, use: Node, here: Here, into: list[Piece]
    ) -> None:
        frame = here.frame.find(function) if here.frame is not None else None
        if frame is None or param.rest:
            self.constant(use, here, into)
            return
        if self.is_hidden(param, function, frame):
            self.hidden(d, param, function, frame, use, here, into)
            return
        given = list(self.e.parameters.given(param, function, frame))
        if len(given) == 1 and isinstance(given[0][0], Node):
            where = Here(given[0][1], given[0][2])
            if not d.path:
                self.write(given[0][0], where, into)
                return
            part = self.part(given[0][0], d.path[0], where) if len(d.path) == 1 else None
            if part is not None:
                self.write(*part, into)
                return
            if d.default is not None and self.lacks(given[0][0], d.path[0], where):
                self.write(d.default, here, into)
                return
        elif not given and not d.path and param.default is not None:
            self.write(param.default, here, into)
            return
        self.constant(use, here, into)

    def hidden(
        self, d: Def, param: tree.Param, function: tree.Function, frame: Frame, use: Node, here: Here, into: list[Piece]
    ) -> None:
        """A parameter that a spread argument gives."""
        exact = self.exact
        found = self.spread(param, function, frame, here)[:1]
        self.exact = exact
        if found and found[0].node is not None and not found[0].repeat and not d.path:
            self.item(found[0], into)
        else:
            self.constant(use, here, into)

    def lacks(self, node: Node, step: str | int | None, here: Here) -> bool:
        """Whether an object literal has no such member."""
        node, here = self.resolved(node, here)
        return isinstance(node, tree.Object) and all(
            isinstance(p, tree.Property) and p.key is not None and p.key != step for p in node.props
        )

    def imported(self, node: tree.Import, name: tree.ImportName, use: Node, here: Here, into: list[Piece]) -> None:
        target = self.e.graph.resolve(here.file, node.source, node.level)
        if target is not None and target.endswith(_TEXT_FILES):
            source = self.e.graph.text(target)
            if source is not None:
                into.append(Chunk(source.text.replace(HOLE, " "), None, None, 0, source))
            else:
                into.append(Place(use, here.file, here.frame))
            return
        found = self.e.graph.export(target, name.imported) if target is not None else None
        if found is not None and isinstance(found[1], Symbol):
            values = [d for d in found[1].defs if d.kind == "value" and d.node is not None and not d.path]
            if len(found[1].defs) == 1 and values and values[0].node is not None:
                self.write(values[0].node, Here(found[0], None), into)
                return
        elif found is not None and isinstance(found[1], Node):
            self.write(found[1], Here(found[0], None), into)
            return
        self.constant(use, here, into)

    def resolved(self, node: Node, here: Here) -> tuple[Node, Here]:
        for _ in range(12):
            while isinstance(node, tree.Await | tree.Cast):
                node = node.value
            if not isinstance(node, tree.Name):
                break
            symbol = here.file.index.resolve(node)
            holds, added = self.base(symbol, node, here) if symbol is not None else (None, [])
            if holds is None or added or holds.path:
                break
            if holds.kind == "value" and holds.node is not None:
                node = holds.node
            elif holds.kind == "param" and isinstance(holds.node, tree.Param):
                function = holds.node.parent
                frame = here.frame.find(function) if here.frame and isinstance(function, tree.Function) else None
                if frame is None or not isinstance(function, tree.Function):
                    break
                if self.is_hidden(holds.node, function, frame):
                    break
                given = list(self.e.parameters.given(holds.node, function, frame))
                if len(given) != 1 or not isinstance(given[0][0], Node):
                    break
                node, here = given[0][0], Here(given[0][1], given[0][2])
            else:
                break
        return node, here

    def contradicts(self, test: Node, holds: bool, here: Here) -> bool:
        """Whether a variable that the text is made of has in this world a value that the test ``if (x)`` excludes."""
        symbol = here.file.index.resolve(test) if isinstance(test, tree.Name) else None
        if symbol is None or id(symbol) not in self.seen:
            return False
        pieces = self.written(test, here)
        if any(isinstance(p, Place) for p in pieces):
            return False
        chunks = [p for p in pieces if isinstance(p, Chunk)]
        empty = not any(p.text for p in chunks) or (
            len(chunks) == 1 and isinstance(chunks[0].node, tree.Literal)
            and chunks[0].node.kind in ("null", "boolean") and not chunks[0].node.value
        )
        return empty is holds

    def truth_of_text(self, node: Node, here: Here) -> bool | None:
        symbol = here.file.index.resolve(node) if isinstance(node, tree.Name) else None
        bound = self.bound_item(symbol, here) if symbol is not None else None
        if bound is not None and bound.pieces is not None and all(isinstance(p, Chunk) for p in bound.pieces):
            return any(isinstance(p, Chunk) and p.text for p in bound.pieces)
        if symbol is None or not any(d.kind == "value" and isinstance(d.node, tree.Literal | tree.Template |
           tree.Binary | tree.Conditional | tree.Call) for d in symbol.defs):
            return None
        value = self.e.evaluate(node, here.file, here.frame)
        if any(not isinstance(a, Const) or a.kind not in ("string", "null") for a in value):
            if not any(d.kind == "augment" for d in symbol.defs):
                return None
        pieces = self.written(node, here)
        if any(isinstance(p, Place) for p in pieces):
            return None
        return any(p.text for p in pieces if isinstance(p, Chunk))

    # -- members ------------------------------------------------------------------------------------------------

    def member(self, node: tree.Member, here: Here, into: list[Piece]) -> None:
        base = self.e.evaluate(node.obj, here.file, here.frame)
        if len(base) == 1:
            (atom,) = base
            if isinstance(atom, Obj) and self.of_object(atom, node, here, into):
                return
            if isinstance(atom, Inst) and node.name is not None:
                sources = self.e.graph.fields.sources(atom.node, atom.file, node.name)
                values = [s for s in sources if isinstance(s, Node) and not isinstance(s, tree.Param)]
                if len(values) == 1 and all(isinstance(s, str) or s is values[0] for s in sources):
                    self.write(values[0], Here(atom.file, self.e.parameters.constructor_frame(atom)), into)
                    return
        if node.index is not None and isinstance(node.obj, tree.Name):
            item = self.indexed(node, here)
            if item is not None:
                self.item(item, into)
                return
        self.constant(node, here, into)

    def is_absent(self, node: tree.Member, here: Here) -> bool:
        """Whether ``list[i]`` is past the end of a list that is known."""
        position = self.size(node.index, here) if node.index is not None else None
        size = self.length(node.obj, here) if position is not None else None
        return position is not None and size is not None and size[1] and position >= size[0]

    def is_present(self, node: Node, here: Here) -> bool:
        """Whether ``list[i]`` is an item of a list that is known."""
        while isinstance(node, tree.Cast):
            node = node.value
        return isinstance(node, tree.Member) and node.index is not None and self.indexed(node, here) is not None

    def indexed(self, node: tree.Member, here: Here) -> Item | None:
        """``list[0]``, where the list is known."""
        assert node.index is not None
        position = self.size(node.index, here)
        if position is None:
            return None
        exact = self.exact
        found = self.items(node.obj, here)
        self.exact = exact
        if 0 <= position < len(found) and not any(i.repeat for i in found[: position + 1]):
            return found[position]
        return None

    def of_object(self, atom: Obj, node: tree.Member, here: Here, into: list[Piece]) -> bool:
        """A member of a map of constants: the one that is named, or each when the name is not known."""
        frame = atom.frame if isinstance(atom.frame, Frame) else None
        props = [p for p in atom.node.props if isinstance(p, tree.Property) and p.key is not None]
        if len(props) != len(atom.node.props):
            return False
        where = Here(atom.file, frame)
        name = node.name
        if name is None and node.index is not None:
            keys = self.e.evaluate(node.index, here.file, here.frame)
            texts = {str(a.value) for a in keys if isinstance(a, Const)}
            if len(texts) == 1 and len(keys) == 1:
                (name,) = texts
            elif texts and len(texts) == len(keys):
                props = [p for p in props if p.key in texts]
        if name is not None:
            for prop in reversed(props):
                if prop.key == name:
                    self.write(prop.value, where, into)
                    return True
            return False
        if not props or len(props) > MAX_CONSTANTS:
            return False
        taken = self.world.choose(("key", id(node), id(here.frame)), len(props))
        self.write(props[taken].value, where, into)
        return True

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

    def method(self, node: tree.Call, func: tree.Member, args: list[Node], here: Here, into: list[Piece]) -> bool:
        """A method that builds text; False for any other."""
        name = func.name
        if name in _WHOLE and len(args) <= 1:
            inner = args[0] if name == "dedent" and args else func.obj
            self.write(inner, here, into)
            return True
        if name == "join" and len(args) <= 1:
            self.join(node, func, args, here, into)
            return True
        if name in _CASES and not args:
            self.changed(func.obj, _CASES[name], here, into)
            return True
        if name == "concat" and args and not any(isinstance(a, tree.Spread) for a in args):
            self.write(func.obj, here, into)
            for arg in args:
                self.write(arg, here, into)
            return True
        if name == "format" and here.file.language == "python":
            named = {a.name: a.value for a in node.args if isinstance(a, tree.Keyword)}
            self.filled(self.written(func.obj, here), _FORMAT, named, args, node, here, into)
            return True
        if name in ("replace", "replaceAll") and len(args) >= 2:
            return self.replaced(func, args, here, into)
        if name == "repeat" and len(args) == 1:
            return self.repeated(node, func.obj, args[0], here, into)
        if name in ("slice", "substring") and args:
            return self.sliced(func.obj, args, here, into)
        if name == "reduce" and args:
            return self.reduced(node, func, args, here, into)
        return False

    def item(self, item: Item, into: list[Piece]) -> None:
        if item.pieces is not None:
            into.extend(item.pieces)
        elif item.node is not None:
            self.write(item.node, item.here, into)
        else:
            into.append(Place(None, item.here.file, item.here.frame))

    def join(self, node: tree.Call, func: tree.Member, args: list[Node], here: Here, into: list[Piece]) -> None:
        python = here.file.language == "python"
        listed = (args[0] if args else None) if python else func.obj
        respaced = _respaced(listed, python) if listed is not None else None
        if respaced is not None:
            self.write(respaced, here, into)
            return
        separator: list[Piece] = []
        if python:
            self.write(func.obj, here, separator)
        elif args:
            self.write(args[0], here, separator)
        else:
            separator.append(Chunk(",", here.file, node, None))
        found = self.text_items(listed, here) if listed is not None else []
        parts: list[list[Piece]] = []
        for number, item in enumerate(found):
            if item.node is not None and isinstance(item.node, tree.Conditional | tree.Binary) and self.drops(item):
                continue
            part: list[Piece] = []
            if python or not (isinstance(item.node, tree.Literal) and item.node.kind == "null"):  # [null].join() is ""
                self.item(item, part)
            times = 1
            if item.repeat and not any(isinstance(p, Place) for p in part):
                self.exact = False
                times = 2 - self.world.choose(("times", id(node), number, id(here.frame)), 2)
            parts += [part] * times
        if not parts:
            self.empty_join = True
        for number, part in enumerate(parts):
            into.extend(separator if number else [])
            into.extend(part)

    def text_items(self, listed: Node, here: Here) -> list[Item]:
        """The items of what is joined: of Python text (``", ".join("?" * n)``) its characters."""
        if here.file.language == "python" and isinstance(listed, tree.Binary) and listed.op == "*":
            left, times = listed.left, listed.right
            if isinstance(left, tree.Literal) and left.kind == "string" and len(str(left.value)) == 1:
                count = self.size(times, here)
                return [Item(left, here)] * min(count, 200) if count is not None else [Item(left, here, True)]
        return self.items(listed, here)

    def drops(self, item: Item) -> bool:
        """Whether an item is null: join writes nothing for it, and code that joins such lists has filtered them."""
        node = item.node
        while isinstance(node, tree.Conditional):
            node = node.then if self.test(node.test, item.here) else node.other
        if isinstance(node, tree.Binary) and node.op == "&&":
            return not self.test(node.left, item.here)
        return isinstance(node, tree.Literal) and node.kind in ("null", "boolean")

    def changed(self, node: Node, change: object, here: Here, into: list[Piece]) -> None:
        for piece in self.written(node, here):
            if isinstance(piece, Chunk):
                text = change(piece.text)  # type: ignore[operator]
                into.append(piece._replace(text=text) if len(text) == len(piece.text) else piece)
            else:
                into.append(piece)

    def replaced(self, func: tree.Member, args: list[Node], here: Here, into: list[Piece]) -> bool:
        """``replace`` of white space (nothing changes for SQL), and of one constant text by another text."""
        pattern = args[0]
        if isinstance(pattern, tree.Literal) and pattern.kind == "regex" and _SPACES.fullmatch(str(pattern.value)):
            by = args[1]
            if isinstance(by, tree.Literal) and str(by.value).strip() == "" and str(by.value):
                self.write(func.obj, here, into)
                return True
        if not (isinstance(pattern, tree.Literal) and pattern.kind == "string" and pattern.value):
            return False
        every = func.name == "replaceAll" or here.file.language == "python"
        done = False
        for piece in self.written(func.obj, here):
            if isinstance(piece, Place) or str(pattern.value) not in piece.text or (done and not every):
                into.append(piece)
                continue
            at = 0
            while (found := piece.text.find(str(pattern.value), at)) >= 0 and not (done and not every):
                into.append(piece.part(at, found))
                self.write(args[1], here, into)
                at = found + len(str(pattern.value))
                done = True
            into.append(piece.part(at, len(piece.text)))
        return True

    def repeated(self, node: Node, text: Node, times: Node, here: Here, into: list[Piece]) -> bool:
        """``"?,".repeat(n)``."""
        count = self.size(times, here)
        if count is None:
            self.exact = False
            count = 2 - self.world.choose(("times", id(node), 0, id(here.frame)), 2)
        for _ in range(max(0, min(count, 200))):
            self.write(text, here, into)
        return True

    def sliced(self, text: Node, args: list[Node], here: Here, into: list[Piece]) -> bool:
        bounds: list[int] = []
        for arg in args[:2]:
            node = arg.value if isinstance(arg, tree.Unary) and arg.op == "-" else arg
            if not (isinstance(node, tree.Literal) and isinstance(node.value, int)):
                return False
            bounds.append(-node.value if node is not arg else node.value)
        from edgelint.project.sql_text import Text

        whole = Text(self.written(text, here))
        start, end, _ = slice(*bounds if len(bounds) == 2 else (bounds[0], None)).indices(len(whole.text))
        into.extend(whole.slice(start, end).pieces)
        return True

    def reduced(self, node: tree.Call, func: tree.Member, args: list[Node], here: Here, into: list[Piece]) -> bool:
        """``items.reduce((text, item, i) => text + item, "")`` over a list that is known."""
        functions = [a for a in self.e.evaluate(args[0], here.file, here.frame) if isinstance(a, Func)]
        found = self.items(func.obj, here)
        if len(functions) != 1 or any(i.repeat or (i.node is None and i.pieces is None) for i in found):
            return False
        function = functions[0]
        names = [p.target if isinstance(p, tree.Param) else None for p in function.node.params]
        symbols = [function.file.index.resolve(n) if isinstance(n, tree.Name) else None for n in names]
        if len(symbols) < 2 or symbols[0] is None or symbols[1] is None:
            return False
        text: list[Piece] = []
        if len(args) > 1:
            self.write(args[1], here, text)
        start = 0 if len(args) > 1 else 1
        if start and found:
            self.item(found[0], text)
        for index, item in enumerate(found[start:], start):
            number = frozenset({Const("number", index)})
            frame = Frame(function.node, [frozenset(), frozenset(), number], {}, False, here.file, here.frame, None)
            self.keep.append(frame)
            inner = Here(function.file, frame)
            self.bound[(id(symbols[0]), id(frame))] = Item(None, here, False, tuple(text))
            self.bound[(id(symbols[1]), id(frame))] = item
            result = self.result(function.node, inner)
            if result is None:
                return False
            text = self.written(result, inner)
            if self.guessed(function.node.params[2:3], frame):
                return False
        into.extend(text)
        return True

    def guessed(self, params: list[Node], frame: Frame) -> bool:
        """Whether a test of the index, one of ``params``, was decided in a turn that ``frame`` is: of a list whose
        length is not known (``i < values.length``), where not every answer goes with every other."""
        names = {p.target.id for p in params if isinstance(p, tree.Param) and isinstance(p.target, tree.Name)}
        return any(
            isinstance(key, tuple) and key[0] == "test" and key[3] == id(frame) and names & set(_WORD.findall(key[4]))
            for key in self.world.decided
        )

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


def _respaced(listed: Node, python: bool) -> Node | None:
    """The text whose lines or words are only put together again, with other white space between them:
    ``text.split("\\n").map((line) => line.trim()).join(" ")``, ``" ".join(text.split())``."""
    while isinstance(listed, tree.Call) and isinstance(listed.func, tree.Member):
        name = listed.func.name
        if name in ("split", "splitlines"):
            by = listed.args[0] if listed.args else None
            blank = isinstance(by, tree.Literal) and by.kind == "string" and str(by.value).strip() == "" and by.value
            return listed.func.obj if blank or (by is None and python) else None
        if python or name not in ("map", "filter") or not listed.args or not _only_trims(listed.args[0]):
            return None
        listed = listed.func.obj
    return None


def _only_trims(function: Node) -> bool:
    if isinstance(function, tree.Name):
        return function.id == "Boolean"
    body = function.body if isinstance(function, tree.Function) else None
    while isinstance(body, tree.Call) and isinstance(body.func, tree.Member) and body.func.name in _WHOLE:
        body = body.func.obj
    return isinstance(body, tree.Name)
