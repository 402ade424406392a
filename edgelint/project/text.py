"""What text is made of: the holes through which something that is not constant enters it.

``holes`` descends through everything that builds text (templates, ``+``, ``+=``, join, format, helpers, arrays that are pushed
into) down to the values, and says of each value that is not constant what it is. The place of a hole is the operand that is
glued in, where the text is put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from edgelint.project.atoms import (
    Arr, ClassRef, Const, External, Func, Global, Inst, ListOf, Namespace, Number, Obj, Pair, Plat, SafeText, Taint, Unknown, Value,
)
from edgelint.project.call_values import returns_of
from edgelint.project.captures import captures_word
from edgelint.project.evaluate import Evaluator, Frame
from edgelint.project.files import SourceFile
from edgelint.project.guards import is_allow_listed
from edgelint.project.numbers import is_number_format
from edgelint.project.objects import holder, symbol_pushes
from edgelint.project.origins import Question, origins
from edgelint.project.reaching import reaching
from edgelint.project.scopes import PathStep, Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

_PASS_METHODS = frozenset({
    "trim", "trimStart", "trimEnd", "toUpperCase", "toLowerCase", "slice", "substring", "substr", "repeat", "filter", "reverse", "sort", "strip",
    "lower", "upper", "rstrip", "lstrip", "toString", "split", "flat", "concat", "values", "normalize", "dedent", "valueOf", "toSorted", "at", "pop",
})


_CATALOG = re.compile(r"\bsqlite_(?:master|schema)\b|\bpragma[_ ]", re.IGNORECASE)


class Hole(NamedTuple):
    """Something not constant in a text.

    ``node`` in ``file`` is the glued operand; ``leaf`` what it goes back to. ``what``: "request", "message", "event" (whoever sends
    it decides), "number" (may be NaN, cannot inject), "param" (a parameter whose calls are not known), "stored", "validated", "unknown".
    ``glued`` is False when the whole text is this value (nothing was put together).
    """

    file: SourceFile
    node: Node
    leaf_file: SourceFile
    leaf: Node
    what: str
    glued: bool
    quoted: bool = False


class Texts:
    """Holes of text expressions, over an evaluator."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator

    def holes(self, node: Node, file: SourceFile, frame: Frame | None = None) -> list[Hole]:
        """The holes of the text that ``node`` evaluates to, in source order, each once."""
        found: dict[tuple[str, int, int, str], Hole] = {}
        for hole in _Descent(self.e).descend(node, file, frame, None, file):
            found.setdefault((hole.file.path, hole.node.start, hole.node.end, hole.what), hole)
        return sorted(found.values(), key=lambda h: (h.file.path, h.node.start))


class _Descent:
    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self.seen: set[tuple[int, int, int]] = set()
        self.values: set[int] = set()  # operands that are values, whatever they are put together from
        self.budget = 4000  # nodes looked at for one text: bounds the time on generated code

    def descend(
        self, node: Node, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool = False
    ) -> Iterator[Hole]:
        """Holes of ``node``; ``glue`` is the operand it came through; ``items``: of its items, ``node`` being an array."""
        key = (id(node), id(frame), id(glue))
        if key in self.seen:
            return
        self.seen.add(key)
        self.budget -= 1
        if self.budget < 0:
            yield Hole(glue_file, glue or node, file, node, "unknown", glue is not None)
            return
        if isinstance(node, tree.Literal):
            return
        if glue is not None and not items and self.is_number(node, file, frame):
            yield from self.number(node, file, frame, glue, glue_file)
            return
        if isinstance(node, tree.Await | tree.Cast | tree.Spread | tree.Keyword):
            yield from self.descend(node.value, file, frame, glue, glue_file, items)
        elif isinstance(node, tree.Template):
            yield from self.template(node, file, frame, glue, glue_file)
        elif isinstance(node, tree.Binary) and node.op in ("+", "||", "??", "&&", ",", "%", "*"):
            yield from self.binary(node, file, frame, glue, glue_file, items)
        elif isinstance(node, tree.Conditional):
            yield from self.descend(node.then, file, frame, glue, glue_file, items)
            yield from self.descend(node.other, file, frame, glue, glue_file, items)
        elif isinstance(node, tree.Array):
            yield from self.array(node, file, frame, glue, glue_file)
        elif isinstance(node, tree.Assign) and node.value is not None:
            yield from self.descend(node.value, file, frame, glue, glue_file, items)
        elif isinstance(node, tree.Comprehension):
            yield from self.operand(node.element, file, frame, glue, glue_file)
        elif isinstance(node, tree.Name):
            yield from self.name(node, file, frame, glue, glue_file, items)
        elif isinstance(node, tree.Call):
            yield from self.call(node, file, frame, glue, glue_file, items)
        elif isinstance(node, tree.Member):
            yield from self.member(node, file, frame, glue, glue_file, items)
        else:
            yield from self.leaf(node, file, frame, glue, glue_file, items)

    def is_number(self, node: Node, file: SourceFile, frame: Frame | None) -> bool:
        """Whether ``node`` is a number whatever happens: its text cannot change a statement."""
        if isinstance(node, tree.Template | tree.Array | tree.Object | tree.Function):
            return False
        value = self.e.evaluate(node, file, frame)
        return bool(value) and all(
            isinstance(a, Number) or (isinstance(a, Const) and a.kind in ("number", "boolean")) for a in value
        )

    def number(self, node: Node, file: SourceFile, frame: Frame | None, glue: Node, glue_file: SourceFile) -> Iterator[Hole]:
        """A number is a hole only where it may be NaN: that is the one number whose text is a name."""
        for origin in origins(node, file, self.e, Question.NAN, frame):
            yield Hole(glue_file, glue, origin.file, origin.node, "number", True)

    def operand(self, node: Node, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile) -> Iterator[Hole]:
        """``node`` is put into text here: it is the place to point at, unless the text it stands for was put together deeper.

        A value that is put together (``${first} ${last}``) enters the SQL further out, at ``glue``.
        """
        if glue is None or is_sql(node.parent):
            glue, glue_file = node, file
        yield from self.descend(node, file, frame, glue, glue_file)

    def template(self, node: tree.Template, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile) -> Iterator[Hole]:
        if node.tag is not None and not (isinstance(node.tag, tree.Member) and node.tag.name == "raw"):
            # A tag gets the values apart from the text: a library's (drizzle, slonik) or a home-made one binds them.
            return
        for part in node.parts:
            if not isinstance(part, tree.Literal):
                yield from self.operand(part, file, frame, glue, glue_file)

    def binary(
        self, node: tree.Binary, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool
    ) -> Iterator[Hole]:
        if node.op in ("||", "??"):
            yield from self.descend(node.left, file, frame, glue, glue_file, items)
            yield from self.descend(node.right, file, frame, glue, glue_file, items)
        elif node.op in ("&&", ","):
            yield from self.descend(node.right, file, frame, glue, glue_file, items)
        elif node.op == "*":
            yield from self.descend(node.left, file, frame, glue, glue_file, items)
        elif node.op == "%" and file.language != "python":
            return  # a number
        else:
            for side in (node.left, node.right):
                if isinstance(side, tree.Binary) and side.op == "+":
                    yield from self.binary(side, file, frame, glue, glue_file, items)
                elif isinstance(side, tree.Array):  # "..." % (a, b)
                    for item in side.items:
                        yield from self.operand(item, file, frame, glue, glue_file)
                elif not isinstance(side, tree.Literal):
                    yield from self.operand(side, file, frame, glue, glue_file)

    def array(self, node: tree.Array, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile) -> Iterator[Hole]:
        for item in node.items:
            value = item.value if isinstance(item, tree.Spread) else item
            yield from self.item(value, file, frame, glue, glue_file, value is not item)
        symbol = holder(node, file)
        if symbol is not None:
            for pushed, spread in symbol_pushes(symbol, file):
                yield from self.item(pushed, file, frame, glue, glue_file, spread)

    def item(
        self, node: Node, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool
    ) -> Iterator[Hole]:
        """``node`` is put into an array of which text is made: when it is glued, here is the place to point at."""
        if glue is not None and id(glue) not in self.values:
            glue, glue_file = node, file
        yield from self.descend(node, file, frame, glue, glue_file, items)

    # -- names and parameters ------------------------------------------------------------------------------------------

    def name(
        self, node: tree.Name, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool
    ) -> Iterator[Hole]:
        symbol = file.index.resolve(node)
        if symbol is None or node.id == "this":
            yield from self.leaf(node, file, frame, glue, glue_file, items)
            return
        if is_allow_listed(node, node, file, self.e) or captures_word(node, file, self.e):
            return
        yield from self.symbol(symbol, node, file, frame, glue, glue_file, items)

    def symbol(
        self, symbol: Symbol, use: Node, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool
    ) -> Iterator[Hole]:
        definitions = reaching(symbol, use) if len(symbol.defs) > 1 else symbol.defs
        for d in definitions:
            if d.kind == "augment":
                assert isinstance(d.node, tree.Assign)
                if d.node.op == "+=" and d.node.value is not None:
                    added = d.node.value
                    yield from self.descend(added, file, frame, added, file, items)
            elif d.kind == "value" and not d.path and d.node is not None:
                if d.default is None:
                    yield from self.descend(d.node, file, frame, glue, glue_file, items)
            elif d.kind == "param" and not d.path and isinstance(d.node, tree.Param):
                yield from self.param(d.node, use, file, frame, glue, glue_file, items)
            elif d.kind == "import" and isinstance(d.at, tree.Import) and isinstance(d.node, tree.ImportName):
                yield from self.imported(d.at, d.node, use, file, glue, glue_file, items)
            elif d.kind == "value" and d.node is not None and len(d.path) == 1:
                yield from self.part(d.node, d.path[0], use, file, frame, glue, glue_file, items)
            else:
                value = self.e.definition(d._replace(default=None), file, frame)
                yield from self.judge(value, use, file, glue, glue_file, items, frame)
            if d.default is not None:
                yield from self.descend(d.default, file, frame, glue, glue_file, items)
        if not any(d.kind == "value" and isinstance(d.node, tree.Array) for d in definitions):
            for pushed, spread in symbol_pushes(symbol, file):
                # of an array that did not begin as a literal; literals bring their pushes themselves
                if isinstance(pushed.parent, tree.Call):
                    yield from self.item(pushed, file, frame, glue, glue_file, spread)

    def part(
        self, node: Node, step: PathStep, use: Node, file: SourceFile, frame: Frame | None, glue: Node | None,
        glue_file: SourceFile, items: bool,
    ) -> Iterator[Hole]:
        """Holes of one part of ``node``, which a pattern takes apart: ``const { sql } = build()``, ``where, values = build()``."""
        self.budget -= 1
        while isinstance(node, tree.Await | tree.Cast):
            node = node.value
        found: Node | None = None
        if isinstance(node, tree.Array) and isinstance(step, int) and step < len(node.items):
            found = node.items[step] if not any(isinstance(i, tree.Spread) for i in node.items[: step + 1]) else None
        elif isinstance(node, tree.Object):
            values = [p.value for p in node.props if isinstance(p, tree.Property) and p.key == step and p.key is not None]
            found = values[-1] if values else None
        elif isinstance(node, tree.Conditional):
            yield from self.part(node.then, step, use, file, frame, glue, glue_file, items)
            yield from self.part(node.other, step, use, file, frame, glue, glue_file, items)
            return
        elif isinstance(node, tree.Call) and self.budget > 0:
            returns = list(self.returned(node, file, frame))
            for value, value_file, inner in returns:
                yield from self.part(value, step, use, value_file, inner, glue, glue_file, items)
            if returns:
                return
        if found is not None:
            yield from self.descend(found, file, frame, glue, glue_file, items)
        else:
            known = self.e.step(self.e.evaluate(node, file, frame), step, file, frame)
            yield from self.judge(known, use, file, glue, glue_file, items, frame)

    def returned(self, node: tree.Call, file: SourceFile, frame: Frame | None) -> Iterator[tuple[Node, SourceFile, Frame]]:
        """What the project's functions that ``node`` calls return, each in the frame of the call."""
        for atom in self.e.evaluate(node.func, file, frame):
            if isinstance(atom, Func) and atom.node.body is not None:
                inner = self.e.call_values.frame(atom, node, file, frame)
                if inner is None:
                    continue
                if not isinstance(atom.node.body, tree.Block):
                    yield atom.node.body, atom.file, inner
                else:
                    for statement in returns_of(atom.node):
                        if statement.value is not None:
                            yield statement.value, atom.file, inner

    def imported(
        self, at: tree.Import, name: tree.ImportName, use: Node, file: SourceFile, glue: Node | None, glue_file: SourceFile, items: bool
    ) -> Iterator[Hole]:
        target = self.e.graph.resolve(file, at.source, at.level)
        found = self.e.graph.export(target, name.imported) if target is not None else None
        if target is not None and target.endswith((".sql", ".txt", ".html")):
            return
        if at.source.endswith((".sql", ".sql?raw", ".txt")):
            return
        if found is not None:
            other, thing = found
            if isinstance(thing, Symbol):
                for d in thing.defs:
                    if d.kind == "value" and not d.path and d.node is not None:
                        yield from self.descend(d.node, other, None, glue, glue_file, items)
                    else:
                        yield from self.judge(self.e.definition(d, other, None), use, file, glue, glue_file, items, None)
                return
            if isinstance(thing, Node):
                yield from self.descend(thing, other, None, glue, glue_file, items)
                return
        yield from self.judge(self.e.evaluate(use, file), use, file, glue, glue_file, items, None)

    def param(
        self, param: tree.Param, use: Node, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool
    ) -> Iterator[Hole]:
        function = param.parent
        assert isinstance(function, tree.Function)
        position = function.params.index(param)
        found = frame.find(function) if frame is not None else None
        if param.default is not None:
            yield from self.descend(param.default, file, frame, glue, glue_file, items)
        if found is not None and not param.rest:
            args = found.args
            if isinstance(param.target, tree.Name) and param.target.id in found.keywords:
                yield from self.descend(found.keywords[param.target.id], found.file, found.parent, glue, glue_file, items)
                return
            if position < len(args):
                arg = args[position]
                if isinstance(arg, Node):
                    yield from self.descend(arg, found.file, found.parent, glue, glue_file, items)
                else:
                    yield from self.judge(arg, use, file, glue, glue_file, items, frame)
                return
            if not found.rest:
                return
        parameters = self.e.parameters
        if parameters.roles.value(function, position, file) is None and not param.rest:
            sites = parameters.callers(function)
            if sites:
                for site_file, call, offset in sites:
                    yield from self.site(call, param, position - offset, site_file, use, file, glue, glue_file, items)
                return
            # A type is worth what its callers give, and these are not known.
            if parameters.by_type(param.annotation, param, file) is not None:
                return
        yield from self.judge(parameters.value(param, file, frame), use, file, glue, glue_file, items, frame)

    def site(
        self, call: tree.Call, param: tree.Param, position: int, site_file: SourceFile, use: Node, file: SourceFile, glue: Node | None,
        glue_file: SourceFile, items: bool,
    ) -> Iterator[Hole]:
        for arg in call.args:
            if isinstance(arg, tree.Keyword) and isinstance(param.target, tree.Name) and arg.name == param.target.id:
                yield from self.descend(arg.value, site_file, None, glue, glue_file, items)
                return
        plain = [a for a in call.args if not isinstance(a, tree.Keyword)]
        if any(isinstance(a, tree.Spread) for a in plain[: position + 1]):
            yield Hole(glue_file, glue or use, site_file, call, "unknown", glue is not None)
        elif 0 <= position < len(plain):
            yield from self.descend(plain[position], site_file, None, glue, glue_file, items)

    # -- calls and members ---------------------------------------------------------------------------------------------

    def call(
        self, node: tree.Call, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool
    ) -> Iterator[Hole]:
        func = node.func
        if is_allow_listed(node, node, file, self.e):
            return
        if isinstance(func, tree.Member) and func.name is not None:
            name = func.name
            if name == "keys" and is_allow_listed(func.obj, node, file, self.e):
                return
            if name == "join":
                yield from self.joined(node, func, file, frame, glue, glue_file)
                return
            if name == "format" and file.language == "python":
                yield from self.descend(func.obj, file, frame, glue, glue_file)
                for arg in node.args:
                    value = arg.value if isinstance(arg, tree.Keyword | tree.Spread) else arg
                    yield from self.operand(value, file, frame, glue, glue_file)
                return
            if name in ("map", "flatMap") and node.args and (items or glue is not None):
                yield from self.mapped(node, func, file, frame, glue, glue_file, items)
                return
            if name in ("replace", "replaceAll", "sub") and len(node.args) >= 2:
                yield from self.replaced(node, func, file, frame, glue, glue_file, items)
                return
            if name == "fill" and node.args:
                yield from self.descend(node.args[0], file, frame, glue, glue_file)
                return
            if name in _PASS_METHODS and not self.is_ours(func, file, frame):
                if name == "filter" and node.args and self.filters_by_list(node.args[0], file):
                    return
                yield from self.descend(func.obj, file, frame, glue, glue_file, items)
                if name == "concat":
                    for arg in node.args:
                        yield from self.item(arg, file, frame, glue if items else arg, glue_file, items)
                return
            if name == "from" and isinstance(func.obj, tree.Name) and func.obj.id == "Array" and len(node.args) == 2:
                yield from self.callback(node.args[1], node.args[0], file, frame, glue, glue_file)
                return
            if name in ("keys", "values") and isinstance(func.obj, tree.Name) and func.obj.id == "Object" and node.args:
                yield from self.judge(self.e.evaluate(node, file, frame), node, file, glue, glue_file, True, frame)
                return
        if isinstance(func, tree.Name) and func.id == "format" and file.language == "python" and is_number_format(node):
            return
        if isinstance(func, tree.Name) and func.id in ("String", "str", "format", "repr", "ascii") and node.args:
            yield from self.descend(node.args[0], file, frame, glue, glue_file, items)
            return
        looked_into = False
        for value, value_file, inner in self.returned(node, file, frame):
            looked_into = True
            yield from self.descend(value, value_file, inner, glue, glue_file, items)
        if not looked_into:
            yield from self.leaf(node, file, frame, glue, glue_file, items)

    def is_ours(self, func: tree.Member, file: SourceFile, frame: Frame | None) -> bool:
        return any(isinstance(a, Func) for a in self.e.evaluate(func, file, frame))

    def joined(
        self, node: tree.Call, func: tree.Member, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile
    ) -> Iterator[Hole]:
        array, separator = func.obj, node.args[0] if node.args else None
        if file.language == "python" and separator is not None:
            array, separator = separator, func.obj
        if separator is not None:
            yield from self.operand(separator, file, frame, glue, glue_file)
        if glue is not None and isinstance(separator, tree.Literal) and not _SQL_TEXT.search(str(separator.value)):
            self.values.add(id(glue))  # a value that is made of parts
        at = glue if glue is not None else array
        at_file = glue_file if glue is not None else file
        yield from self.descend(array, file, frame, at, at_file, True)

    def mapped(
        self, node: tree.Call, func: tree.Member, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile,
        items: bool,
    ) -> Iterator[Hole]:
        function = node.args[0]
        if isinstance(function, tree.Name) and function.id in ("String", "encodeURIComponent"):
            yield from self.descend(func.obj, file, frame, glue, glue_file, True)
            return
        yield from self.callback(node.args[0], func.obj, file, frame, glue, glue_file)

    def callback(
        self, function: Node, over: Node, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile
    ) -> Iterator[Hole]:
        """The text a callback returns for the items of ``over``."""
        for atom in self.e.evaluate(function, file, frame):
            if not isinstance(atom, Func):
                if isinstance(atom, Global) and atom.path in ("Number", "parseInt"):
                    continue
                yield from self.leaf(function, file, frame, glue, glue_file, False)
                continue
            values = self.e.elements(self.e.evaluate(over, file, frame), frame)
            if self.allow_listed_array(over, file) or is_allow_listed(over, over, file, self.e):
                values = frozenset({SafeText("allowed")})
            if frame is not None and (frame.depth >= 5 or frame.find(atom.node) is not None):
                continue
            inner = Frame(atom.node, [values, frozenset({Number(0, None)})], {}, False, file, frame, atom.this)
            body = atom.node.body
            if isinstance(body, tree.Block):
                for statement in returns_of(atom.node):
                    if statement.value is not None:
                        yield from self.descend(statement.value, atom.file, inner, glue, glue_file)
            elif body is not None:
                yield from self.descend(body, atom.file, inner, glue, glue_file)

    def allow_listed_array(self, over: Node, file: SourceFile) -> bool:
        return any(
            isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name == "filter" and node.args
            and self.filters_by_list(node.args[0], file)
            for node in self.chain(over, file)
        )

    def chain(self, node: Node, file: SourceFile) -> Iterator[Node]:
        """``node`` and what it is made from: the receivers of its calls, the initial values of its names."""
        for _ in range(12):
            yield node
            if isinstance(node, tree.Call) and isinstance(node.func, tree.Member):
                node = node.func.obj
            elif isinstance(node, tree.Await | tree.Cast):
                node = node.value
            elif isinstance(node, tree.Name):
                symbol = file.index.resolve(node)
                values = [d.node for d in symbol.defs if d.kind == "value" and d.node is not None and not d.path] if symbol else []
                if len(values) != 1 or values[0] is None:
                    return
                node = values[0]
            else:
                return

    def filters_by_list(self, predicate: Node, file: SourceFile) -> bool:
        """Whether a filter's callback keeps only what a list, set, object or pattern allows."""
        if not isinstance(predicate, tree.Function) or not predicate.params:
            return False
        param = predicate.params[0]
        if not isinstance(param, tree.Param):
            return False
        for node in tree.walk(predicate):
            if isinstance(node, tree.Name) and node is not param.target:
                targets = [n for n in tree.walk(param.target) if isinstance(n, tree.Name)]
                if any(t.id == node.id for t in targets):
                    from edgelint.project.guards import tests_membership

                    parent = node.parent
                    while parent is not None and parent is not predicate:
                        if tests_membership(parent, node, file, True):
                            return True
                        parent = parent.parent
        return False

    def replaced(
        self, node: tree.Call, func: tree.Member, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool
    ) -> Iterator[Hole]:
        pattern = node.args[0]
        if glue is not None and doubles_quotes(node, func, file) and before(glue).endswith("'"):
            return
        if isinstance(pattern, tree.Literal) and pattern.kind == "regex" and strips_to_words(str(pattern.value)):
            return
        if isinstance(func.obj, tree.Name) and func.obj.id == "re" and func.name == "sub":
            if isinstance(pattern, tree.Literal) and strips_to_words(f"/{pattern.value}/g"):
                return
            if len(node.args) > 2:
                yield from self.descend(node.args[2], file, frame, glue, glue_file, items)
            return
        yield from self.descend(func.obj, file, frame, glue, glue_file, items)
        if not any(isinstance(a, Func) for a in self.e.evaluate(node.args[1], file, frame)):
            yield from self.operand(node.args[1], file, frame, glue, glue_file)

    def member(
        self, node: tree.Member, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool
    ) -> Iterator[Hole]:
        if is_allow_listed(node, node, file, self.e) or captures_word(node, file, self.e):
            return
        base = self.e.evaluate(node.obj, file, frame)
        handled = False
        if node.name is not None:
            for atom in base:
                if isinstance(atom, Obj):
                    for prop in atom.node.props:
                        if isinstance(prop, tree.Property) and prop.key == node.name:
                            handled = True
                            inner = atom.frame if isinstance(atom.frame, Frame) else None
                            yield from self.descend(prop.value, atom.file, inner, glue, glue_file, items)
                elif isinstance(atom, Inst):
                    for source in self.e.graph.fields.sources(atom.node, atom.file, node.name):
                        if isinstance(source, tree.Node) and not isinstance(source, tree.Param):
                            handled = True
                            yield from self.descend(
                                source, atom.file, self.e.parameters.constructor_frame(atom), glue, glue_file, items
                            )
                        elif isinstance(source, tree.Param):
                            handled = True
                            yield from self.judge(
                                self.e.parameters.field_value(source, atom, node.name), node, file, glue, glue_file, items, frame
                            )
        if not handled:
            yield from self.leaf(node, file, frame, glue, glue_file, items)

    # -- values --------------------------------------------------------------------------------------------------------

    def leaf(self, node: Node, file: SourceFile, frame: Frame | None, glue: Node | None, glue_file: SourceFile, items: bool) -> Iterator[Hole]:
        value = self.e.evaluate(node, file, frame)
        yield from self.judge(value, node, file, glue, glue_file, items, frame)

    def judge(
        self, value: Value, node: Node, file: SourceFile, glue: Node | None, glue_file: SourceFile, items: bool, frame: Frame | None
    ) -> Iterator[Hole]:
        for what in self.verdicts(value, frame, 0):
            yield Hole(glue_file if glue is not None else file, glue if glue is not None else node, file, node, what, glue is not None)

    def verdicts(self, value: Value, frame: Frame | None, depth: int) -> set[str]:
        found: set[str] = set()
        for atom in value:
            if isinstance(atom, Const | SafeText):
                continue
            if isinstance(atom, Number):
                if atom.nan and atom.tainted:
                    found.add("number")
            elif isinstance(atom, Taint):
                found.add(atom.source)
            elif isinstance(atom, ListOf | Arr | Obj | Pair):
                if depth < 4 and not isinstance(atom, Obj):
                    found |= self.verdicts(self.e.elements(frozenset({atom}), frame), frame, depth + 1)
                else:
                    found.add("unknown")
            elif isinstance(atom, Unknown):
                if atom.reason != "tagged" and not self.is_catalog(atom):
                    found.add(atom.reason if atom.reason in ("param", "stored", "validated") else "unknown")
            elif isinstance(atom, Plat):
                if atom.type in ("var", "secret"):
                    continue  # a deploy-time constant
                found.add("request" if atom.tainted else "unknown")
            elif isinstance(atom, External):
                found.add("library" if "`" in atom.path or atom.path.endswith(")") else "unknown")
            elif isinstance(atom, Func | ClassRef | Inst | Global | Namespace):
                found.add("unknown")
        return found


    def is_catalog(self, atom: Unknown) -> bool:
        """Whether it was read from SQLite's own catalogue: the names that the schema gave its tables and columns."""
        if atom.reason != "stored" or not isinstance(atom.node, tree.Call):
            return False
        file = self.e.parameters.file_of(atom.node)
        if file is None or not isinstance(atom.node.func, tree.Member):
            return False
        made = [a.origin for a in self.e.evaluate(atom.node.func.obj, file) if isinstance(a, Plat) and a.origin is not None]
        calls = [call for call in (*made, atom.node) if isinstance(call, tree.Call) and call.args]
        return any(
            isinstance(a, Const) and _CATALOG.search(str(a.value)) is not None
            for call in calls for a in self.e.evaluate(call.args[0], self.e.parameters.file_of(call) or file)
        )


def doubles_quotes(node: tree.Call, func: tree.Member, file: SourceFile) -> bool:
    """``x.replaceAll("'", "''")``: every quote is doubled, so that the text stays inside the quotes around it."""
    pattern, by = (a.value if isinstance(a, tree.Literal) else None for a in node.args[:2])
    every = func.name == "replaceAll" or file.language == "python" or str(pattern).endswith("/g")
    return every and by == "''" and str(pattern) in ("'", "/'/g")


_SQL_TEXT = re.compile(
    r"[?'\"`=()<>;,]|\b(?:SELECT|FROM|WHERE|AND|OR|ORDER|BY|SET|VALUES|INSERT|INTO|UPDATE|DELETE|LIMIT|OFFSET|JOIN|ASC|DESC|IN|IS|LIKE|GLOB"
    r"|MATCH|NOT|NULL|AS|ON|GROUP|HAVING|UNION|CASE|WHEN|TABLE|INDEX|VIEW|PRAGMA|CREATE|DROP|ALTER|DISTINCT|COLLATE|BETWEEN|EXISTS)\b",
    re.IGNORECASE,
)


def is_sql(parent: Node | None) -> bool:
    """Whether the constant parts of a template or a sum look like SQL, and not like a value that is made of parts."""
    if isinstance(parent, tree.Template):
        parts = parent.parts
    elif isinstance(parent, tree.Binary):
        while isinstance(parent.parent, tree.Binary) and parent.parent.op == "+":
            parent = parent.parent
        parts = [n for n in tree.walk(parent) if isinstance(n, tree.Literal)]
    else:
        return True
    return any(isinstance(p, tree.Literal) and _SQL_TEXT.search(str(p.value)) is not None for p in parts)


def strips_to_words(regex: str) -> bool:
    """Whether ``replace(regex, "")`` leaves only letters, digits, ``_`` (and ``-``, ``.``, space): a negated class with the g flag."""
    body, _, flags = regex.strip().lstrip("/").rpartition("/")
    if "g" not in flags or not body.startswith("[^") or "]" not in body:
        return body in (r"\W", r"\W+", r"\D", r"\D+") and "g" in flags
    inside = body[2 : body.index("]")]
    return not any(char in inside for char in "'\";()`=<>*/,|&")


def before(node: Node) -> str:
    """The constant text directly in front of an operand where it is glued in; "" when there is none."""
    parent = node.parent
    while isinstance(parent, tree.Cast | tree.Await):
        node, parent = parent, parent.parent
    if isinstance(parent, tree.Template):
        position = parent.parts.index(node) if node in parent.parts else 0
        previous = parent.parts[position - 1] if position > 0 else None
    elif isinstance(parent, tree.Binary) and parent.op == "+" and parent.right is node:
        previous = parent.left
        while isinstance(previous, tree.Binary) and previous.op == "+":
            previous = previous.right
        if isinstance(previous, tree.Template) and previous.tag is None and previous.parts:
            previous = previous.parts[-1]
    else:
        return ""
    return str(previous.value) if isinstance(previous, tree.Literal) and previous.kind == "string" else ""


__all__ = ["Hole", "Texts", "before", "strips_to_words"]
