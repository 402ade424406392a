"""What text is made of: the holes through which something that is not constant enters it.

``holes`` descends through everything that builds text (templates, ``+``, ``+=``, join, format, helpers, arrays that
are pushed into) down to the values, and says of each value that is not constant what it is. The place of a hole is
the operand that is glued in, where the text is put together.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.project.atoms import Inst, Obj
from edgelint.project.captures import captures_word
from edgelint.project.evaluate import Evaluator
from edgelint.project.files import SourceFile
from edgelint.project.filters import holds_only_listed
from edgelint.project.frames import Frame
from edgelint.project.guards import is_allow_listed
from edgelint.project.objects import array_pushes, symbol_pushes
from edgelint.project.reaching import reaching
from edgelint.project.scopes import Def, PathStep, Symbol
from edgelint.project.text_calls import Calls, results
from edgelint.project.text_syntax import before, is_sql
from edgelint.project.text_values import At, Hole
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

__all__ = ["Hole", "Texts", "before"]

_TEXT_OPERATORS = frozenset({"+", "||", "??", "&&", ",", "%", "*"})
_TEXT_FILES = (".sql", ".sql?raw", ".txt", ".html")


class Texts:
    """Holes of text expressions, over an evaluator."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator

    def holes(self, node: Node, file: SourceFile, frame: Frame | None = None) -> list[Hole]:
        """The holes of the text that ``node`` evaluates to, in source order, each once."""
        found: dict[tuple[str, int, int, str], Hole] = {}
        for hole in _Descent(self.e).descend(node, At(file, frame, None, file)):
            found.setdefault((hole.file.path, hole.node.start, hole.node.end, hole.what), hole)
        return sorted(found.values(), key=lambda h: (h.file.path, h.node.start))


class _Descent(Calls):
    def __init__(self, evaluator: Evaluator) -> None:
        super().__init__(evaluator)
        self.seen: set[tuple[int, int, int]] = set()
        self.pushes: dict[Symbol, list[tuple[Node, bool]]] = {}

    def descend(self, node: Node, at: At) -> Iterator[Hole]:
        key = (id(node), id(at.frame), id(at.glue))
        if key in self.seen or isinstance(node, tree.Literal):
            return
        self.seen.add(key)
        self.budget -= 1
        if self.budget < 0:
            yield self.hole(node, at, "unknown")
        elif at.glue is not None and not at.items and self.is_number(node, at):
            yield from self.number(node, at)
        elif isinstance(node, tree.Await | tree.Cast | tree.Spread | tree.Keyword):
            yield from self.descend(node.value, at)
        elif isinstance(node, tree.Assign) and node.value is not None:
            yield from self.descend(node.value, at)
        elif isinstance(node, tree.Template):
            yield from self.template(node, at)
        elif isinstance(node, tree.Binary) and node.op in _TEXT_OPERATORS:
            yield from self.binary(node, at)
        elif isinstance(node, tree.Conditional):
            yield from self.descend(node.then, at)
            yield from self.descend(node.other, at)
        elif isinstance(node, tree.Array):
            yield from self.array(node, at)
        elif isinstance(node, tree.Comprehension):
            yield from self.operand(node.element, at)
        elif isinstance(node, tree.Name):
            yield from self.name(node, at)
        elif isinstance(node, tree.Call):
            yield from self.call(node, at)
        elif isinstance(node, tree.Member):
            yield from self.member(node, at)
        else:
            yield from self.leaf(node, at)

    # -- where text is put together ----------------------------------------------------------------------------------

    def operand(self, node: Node, at: At) -> Iterator[Hole]:
        """``node`` is put into text here: it is the place to point at, unless the text it stands for was put together
        deeper.

        A value that is put together (``${first} ${last}``) enters the SQL further out.
        """
        if at.glue is None or is_sql(node.parent):
            at = at.through(node)
        yield from self.descend(node, at._replace(items=False))

    def item(self, node: Node, at: At) -> Iterator[Hole]:
        """``node`` is put into an array of which text is made: when it is glued, here is the place to point at."""
        if at.glue is not None and id(at.glue) not in self.parts:
            at = at._replace(glue=node, glue_file=at.file)
        yield from self.descend(node, at)

    def template(self, node: tree.Template, at: At) -> Iterator[Hole]:
        if node.tag is not None and not (isinstance(node.tag, tree.Member) and node.tag.name == "raw"):
            # A tag gets the values apart from the text: a library's (drizzle, slonik) or a home-made one binds them.
            return
        for part in node.parts:
            if not isinstance(part, tree.Literal):
                yield from self.operand(part, at)

    def binary(self, node: tree.Binary, at: At) -> Iterator[Hole]:
        if node.op in ("||", "??", "*"):
            yield from self.descend(node.left, at)
            if node.op != "*":
                yield from self.descend(node.right, at)
        elif node.op in ("&&", ","):
            yield from self.descend(node.right, at)
        elif node.op == "+" or at.file.language == "python":  # else % gives a number
            for side in (node.left, node.right):
                if isinstance(side, tree.Binary) and side.op == "+":
                    yield from self.binary(side, at)
                else:  # "..." % (a, b)
                    for operand in side.items if isinstance(side, tree.Array) else [side]:
                        yield from self.operand(operand, at)

    def array(self, node: tree.Array, at: At) -> Iterator[Hole]:
        for item in node.items:
            spread = isinstance(item, tree.Spread)
            yield from self.item(item.value if isinstance(item, tree.Spread) else item, at._replace(items=spread))
        for pushed, spread in array_pushes(node, at.file):
            yield from self.item(pushed, at._replace(items=spread))

    # -- names -------------------------------------------------------------------------------------------------------

    def name(self, node: tree.Name, at: At) -> Iterator[Hole]:
        symbol = at.file.index.resolve(node)
        if symbol is None or node.id == "this":
            yield from self.leaf(node, at)
        elif not captures_word(node, at.file, self.e):
            definitions = reaching(symbol, node) if len(symbol.defs) > 1 else symbol.defs
            for d in definitions:
                # A test of what the variable held before says nothing of what it holds now.
                since = d.at.start if len(definitions) < len(symbol.defs) and d.at.start < node.start else 0
                if not is_allow_listed(node, node, at.file, self.e, since):
                    yield from self.definition(d, node, at)
            if not any(d.kind == "value" and isinstance(d.node, tree.Array) for d in definitions):
                yield from self.pushed(symbol, at)

    def pushed(self, symbol: Symbol, at: At) -> Iterator[Hole]:
        """What is pushed into an array that did not begin as a literal; literals bring their pushes themselves."""
        found = self.pushes.get(symbol)
        if found is None:
            found = [
                (node, spread) for node, spread in symbol_pushes(symbol, at.file) if isinstance(node.parent, tree.Call)
            ]
            self.pushes[symbol] = found
        for node, spread in found:
            yield from self.item(node, at._replace(items=spread))

    def definition(self, d: Def, use: Node, at: At) -> Iterator[Hole]:
        if d.kind in ("element", "key") and d.node is not None and holds_only_listed(d.node, at.file, self.e):
            return
        if d.kind == "augment":
            if isinstance(d.node, tree.Assign) and d.node.op == "+=" and d.node.value is not None:
                yield from self.descend(d.node.value, at._replace(glue=d.node.value, glue_file=at.file))
        elif d.kind == "value" and not d.path and d.node is not None:
            yield from self.descend(d.node, at)
        elif d.kind == "value" and d.node is not None and len(d.path) == 1:
            yield from self.part(d.node, d.path[0], use, at)
        elif d.kind == "param" and not d.path and isinstance(d.node, tree.Param):
            yield from self.param(d.node, use, at)
        elif d.kind == "import" and isinstance(d.at, tree.Import) and isinstance(d.node, tree.ImportName):
            yield from self.imported(d.at, d.node, use, at)
        else:
            value = self.e.definition(d._replace(default=None), at.file, at.frame)
            if value or d.kind != "element" or d.node is None or d.path:
                yield from self.judge(value, use, at)
            else:  # of a set that began empty
                yield from self.descend(d.node, at._replace(items=True))
        if d.default is not None:
            yield from self.descend(d.default, at)

    def part(self, node: Node, step: PathStep, use: Node, at: At) -> Iterator[Hole]:
        """Holes of one part of ``node``, which a pattern takes apart: ``const { sql } = build()``, ``where, values =
        build()``.
        """
        self.budget -= 1
        while isinstance(node, tree.Await | tree.Cast):
            node = node.value
        if isinstance(node, tree.Conditional):
            yield from self.part(node.then, step, use, at)
            yield from self.part(node.other, step, use, at)
            return
        found = _part(node, step)
        if found is not None:
            yield from self.descend(found, at)
            return
        returns = list(self.returned(node, at)) if isinstance(node, tree.Call) and self.budget > 0 else []
        for value, inner in returns:
            yield from self.part(value, step, use, inner)
        if not returns:
            known = self.e.step(self.e.evaluate(node, at.file, at.frame), step, at.file, at.frame, use)
            yield from self.judge(known, use, at)

    def imported(self, node: tree.Import, name: tree.ImportName, use: Node, at: At) -> Iterator[Hole]:
        target = self.e.graph.resolve(at.file, node.source, node.level)
        if (target or node.source).endswith(_TEXT_FILES) or node.source.endswith(_TEXT_FILES):
            return
        found = self.e.graph.export(target, name.imported) if target is not None else None
        if found is None or not isinstance(found[1], Symbol | Node):
            yield from self.leaf(use, at.moved(at.file, None))
        elif isinstance(found[1], Node):
            yield from self.descend(found[1], at.moved(found[0], None))
        else:
            for d in found[1].defs:
                if d.kind == "value" and not d.path and d.node is not None:
                    yield from self.descend(d.node, at.moved(found[0], None))
                else:
                    yield from self.judge(self.e.definition(d, found[0], None), use, at)

    # -- parameters --------------------------------------------------------------------------------------------------

    def param(self, param: tree.Param, use: Node, at: At) -> Iterator[Hole]:
        function = param.parent
        assert isinstance(function, tree.Function)
        if param.default is not None:
            yield from self.descend(param.default, at)
        parameters = self.e.parameters
        position = function.params.index(param)
        found = at.frame.find(function) if at.frame is not None else None
        if found is not None and not param.rest and not (found.rest and position >= len(found.args)):
            for arg, file, frame in parameters.given(param, function, found):
                if isinstance(arg, Node):
                    yield from self.descend(arg, at.moved(file, frame))
                else:
                    yield from self.judge(arg, use, at)
            return
        if parameters.roles.value(function, position, at.file) is None and not param.rest:
            sites = parameters.callers(function)
            for site_file, call, offset in sites:
                yield from self.site(call, param, position - offset, use, at, at.moved(site_file, None))
            # A type is worth what the callers give: it counts where none is known.
            if sites or parameters.by_type(param.annotation, param, at.file) is not None:
                return
        yield from self.judge(parameters.value(param, at.file, at.frame), use, at)

    def site(self, call: tree.Call, param: tree.Param, position: int, use: Node, at: At, there: At) -> Iterator[Hole]:
        """Holes of what ``call``, which stands ``there``, gives for a parameter."""
        for arg in call.args:
            if isinstance(arg, tree.Keyword) and isinstance(param.target, tree.Name) and arg.name == param.target.id:
                yield from self.descend(arg.value, there)
                return
        plain = [a for a in call.args if not isinstance(a, tree.Keyword)]
        if any(isinstance(a, tree.Spread) for a in plain[: position + 1]):
            yield self.hole(use, at, "unknown")._replace(leaf_file=there.file, leaf=call)
        elif 0 <= position < len(plain):
            yield from self.descend(plain[position], there)

    # -- members -----------------------------------------------------------------------------------------------------

    def member(self, node: tree.Member, at: At) -> Iterator[Hole]:
        if is_allow_listed(node, node, at.file, self.e) or captures_word(node, at.file, self.e):
            return
        handled = False
        for file, value in self.e.hono.read(node, at.file):
            handled = True
            yield from self.descend(value, at.moved(file, None))
        for atom in self.e.evaluate(node.obj, at.file, at.frame) if node.name is not None else ():
            for holes in self.member_of(atom, node, at):
                handled = True
                yield from holes
        if not handled:
            yield from self.leaf(node, at)

    def member_of(self, atom: object, node: tree.Member, at: At) -> Iterator[Iterator[Hole]]:
        """Holes of member ``node.name`` of one thing, by each source of its value."""
        if isinstance(atom, Obj):
            frame = atom.frame if isinstance(atom.frame, Frame) else None
            for prop in atom.node.props:
                if not isinstance(prop, tree.Property) or prop.key != node.name:
                    continue
                getter = isinstance(prop.value, tree.Function) and prop.value.kind == "getter"
                for value in results(prop.value) if getter else [prop.value]:
                    yield self.descend(value, at.moved(atom.file, frame))
        elif isinstance(atom, Inst) and node.name is not None:
            for source in self.e.graph.fields.sources(atom.node, atom.file, node.name):
                if isinstance(source, tree.Param):
                    yield self.judge(self.e.parameters.field_value(source, atom, node.name), node, at)
                elif isinstance(source, tree.Node):
                    yield self.descend(source, at.moved(atom.file, self.e.parameters.constructor_frame(atom)))


def _part(node: Node, step: PathStep) -> Node | None:
    """The item or the property of a literal."""
    if isinstance(node, tree.Array) and isinstance(step, int) and step < len(node.items):
        return node.items[step] if not any(isinstance(i, tree.Spread) for i in node.items[: step + 1]) else None
    if isinstance(node, tree.Object) and isinstance(step, str):
        return next((p.value for p in reversed(node.props) if isinstance(p, tree.Property) and p.key == step), None)
    return None
