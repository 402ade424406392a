"""What text a variable, a member, or what only the evaluator knows is in one world."""

from __future__ import annotations

from edgelint.patterns import later
from edgelint.project.atoms import Const, Inst, Number, Obj
from edgelint.project.frames import Frame
from edgelint.project.lists import Lists
from edgelint.project.scopes import Def, Symbol
from edgelint.project.sql_text import Chunk, Here, Piece, Place
from edgelint.project.variables import Item
from edgelint.syntax import tree
from edgelint.syntax.sql import HOLE
from edgelint.syntax.tree import Node

MAX_CONSTANTS = 16
"""Constants that one expression may be, each a text of its own; where there are more it is not known."""
_LITERAL = later(r"""'([^']*)'|"([^"]*)\"""")
_LITERALS = later(r"""\|?\s*(?:'[^']*'|"[^"]*")(?:\s*\|\s*(?:'[^']*'|"[^"]*"|undefined|null))*""")
_TEXT_FILES = (".sql", ".txt")


class NamedText(Lists):
    """Text of names, members and constants. A part of ``Assembly``."""

    def write(self, node: Node, here: Here, into: list[Piece]) -> None:
        """Append what ``node`` evaluates to."""
        raise NotImplementedError

    def written(self, node: Node, here: Here) -> list[Piece]:
        """The text of ``node``."""
        into: list[Piece] = []
        self.write(node, here, into)
        return into

    def item(self, item: Item, into: list[Piece]) -> None:
        if item.pieces is not None:
            into.extend(item.pieces)
        elif item.node is not None:
            self.write(item.node, item.here, into)
        else:
            into.append(Place(None, item.here.file, item.here.frame))

    def is_text(self, node: Node, here: Here) -> bool:
        value = self.e.evaluate(node, here.file, here.frame)
        return bool(value) and all(isinstance(a, Const) and a.kind == "string" for a in value)

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
        if added and self.counts(holds, here):  # a sum, and no text that grows
            into.append(Place(node, here.file, here.frame))
            return
        self.definition(holds, node, here, into)
        for d in added:
            assert isinstance(d.node, tree.Assign)
            if d.node.value is not None:
                self.write(d.node.value, here, into)

    def counts(self, d: Def, here: Here) -> bool:
        """Whether a variable begins as a number, so that ``+=`` and ``++`` add to it."""
        value = self.e.definition(d, here.file, here.frame)
        return bool(value) and all(
            isinstance(a, Number) or (isinstance(a, Const) and a.kind == "number") for a in value
        )

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
            if not any(d.kind == "augment" or _is_join(d.node) for d in symbol.defs):
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


def _is_join(node: Node | None) -> bool:
    """``parts.filter(Boolean).join(" AND ")``: which parts there are hangs on the way that is gone."""
    return isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name == "join"
