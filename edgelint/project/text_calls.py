"""Holes of calls: methods that build text, helpers that return it, callbacks that make the items of a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgelint.project.atoms import EMPTY, Func, Global, Number, Plat, SafeText, Taint, Unknown, Value, one
from edgelint.project.call_values import returns_of
from edgelint.project.filters import holds_only_listed, keeps_listed
from edgelint.project.frames import MAX_FRAMES, Frame
from edgelint.project.guards import is_allow_listed
from edgelint.project.numbers import is_number_format
from edgelint.project.text_syntax import SQL_TEXT, before, disarmed_quotes, strips_to_words
from edgelint.project.text_values import At, Hole, Values
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

# Methods whose result is made of the receiver's own text.
_PASS_METHODS = frozenset(
    {
        "trim",
        "trimStart",
        "trimEnd",
        "toUpperCase",
        "toLowerCase",
        "slice",
        "substring",
        "substr",
        "repeat",
        "filter",
        "reverse",
        "sort",
        "strip",
        "lower",
        "upper",
        "rstrip",
        "lstrip",
        "toString",
        "split",
        "flat",
        "concat",
        "values",
        "normalize",
        "dedent",
        "valueOf",
        "toSorted",
        "at",
        "pop",
    }
)
MAX_IMPLEMENTATIONS = 4  # of one method name, for one call of it to be looked into
_TEXT_FUNCTIONS = frozenset({"String", "str", "format", "repr", "ascii"})


class Calls(Values):
    """Holes of calls."""

    def operand(self, node: Node, at: At) -> Iterator[Hole]:
        """Holes of ``node``, which is put into text here."""
        raise NotImplementedError

    def item(self, node: Node, at: At) -> Iterator[Hole]:
        """Holes of ``node``, which is put into an array here."""
        raise NotImplementedError

    def call(self, node: tree.Call, at: At) -> Iterator[Hole]:
        """Holes of the text that ``node`` gives."""
        if is_allow_listed(node, node, at.file, self.e):
            return
        func = node.func
        if isinstance(func, tree.Member) and func.name is not None:
            found = self.method(node, func, func.name, at)
            if found is not None:
                yield from found
                return
        elif isinstance(func, tree.Name) and func.id in _TEXT_FUNCTIONS and node.args:
            if func.id != "format" or not is_number_format(node):
                yield from self.descend(node.args[0], at)
            return
        elif isinstance(func, tree.Name) and func.id == "map" and at.file.language == "python" and len(node.args) == 2:
            yield from self.mapped(node.args[0], node.args[1], at)
            return
        looked_into = False
        for file, value in self.e.hono.read(node, at.file):
            looked_into = True
            yield from self.descend(value, at.moved(file, None))
        for value, inner in self.returned(node, at):
            looked_into = True
            yield from self.descend(value, inner)
        if not looked_into:
            yield from self.leaf(node, at)

    def returned(self, node: tree.Call, at: At) -> Iterator[tuple[Node, At]]:
        """What the project's functions that ``node`` calls return, each in the frame of the call."""
        if isinstance(node.func, tree.Member) and node.func.name == "valid":
            yield from self.validated(node, at)
            return
        called = self.e.evaluate(node.func, at.file, at.frame)
        functions = [a for a in called if isinstance(a, Func)]
        if not functions and isinstance(node.func, tree.Member) and any(isinstance(a, Unknown) for a in called):
            functions = self.implementations(node.func, at)
        for function in functions:
            inner = self.e.call_values.frame(function, node, at.file, at.frame)
            for value in results(function.node) if inner is not None else ():
                yield value, at.moved(function.file, inner)

    def validated(self, node: tree.Call, at: At) -> Iterator[tuple[Node, At]]:
        """What the function of a Hono validator returns, which ``c.req.valid("query")`` gives, but for its refusals."""
        for function in self.e.hono.validators(node, at.file):
            sent: Value = one(Taint("request", node, at.file.path))
            inner = Frame(function.node, [sent], {}, False, function.file, None, None)
            for value in results(function.node):
                if not all(isinstance(a, Plat) for a in self.e.evaluate(value, function.file, inner)):
                    yield value, at.moved(function.file, inner)

    def implementations(self, func: tree.Member, at: At) -> list[Func]:
        """The methods that a call on a receiver of unknown type may mean: those of the name, when they are few."""
        if not any(isinstance(a, Unknown) for a in self.e.evaluate(func.obj, at.file, at.frame)):
            return []
        found = self.e.parameters.calls.named_methods(func.name or "")
        return [Func(node, file) for node, file in found] if len(found) <= MAX_IMPLEMENTATIONS else []

    # -- methods -----------------------------------------------------------------------------------------------------

    def method(self, node: tree.Call, func: tree.Member, name: str, at: At) -> Iterator[Hole] | None:
        """Holes of a method that is known to build text; None for any other."""
        args = node.args
        if name == "keys" and is_allow_listed(func.obj, node, at.file, self.e):
            return iter(())
        if name == "join":
            return self.joined(node, func, at)
        if name == "format" and at.file.language == "python":
            return self.formatted(node, func, at)
        if name in ("map", "flatMap") and args and (at.items or at.glue is not None):
            return self.mapped(args[0], func.obj, at)
        if name == "reduce" and args:
            return self.reduced(args, func.obj, at)
        if name in ("replace", "replaceAll", "sub") and len(args) >= 2:
            return self.replaced(node, func, name, at)
        if name == "fill" and args:
            return self.descend(args[0], at._replace(items=False))
        if name in _PASS_METHODS and not any(isinstance(a, Func) for a in self.e.evaluate(func, at.file, at.frame)):
            return self.passed(node, func, name, at)
        if isinstance(func.obj, tree.Name) and args:
            if func.obj.id == "Array" and name == "from":
                if len(args) == 2:
                    return self.callback(args[1], args[0], at)
                return self.descend(args[0], at._replace(items=True))
            if func.obj.id == "Object" and name in ("keys", "values"):
                return self.leaf(node, at)
        return None

    def passed(self, node: tree.Call, func: tree.Member, name: str, at: At) -> Iterator[Hole]:
        if name == "filter" and node.args:
            if keeps_listed(node.args[0], at.file, self.e):
                return
            items = self.e.elements(self.e.evaluate(node, at.file, at.frame), at.frame)
            if items and all(isinstance(a, Number) for a in items):
                yield from self.number(node, at._replace(items=True))
                return
        yield from self.descend(func.obj, at)
        if name == "concat":
            for arg in node.args:
                yield from self.item(arg, at if at.items else at.through(arg))

    def formatted(self, node: tree.Call, func: tree.Member, at: At) -> Iterator[Hole]:
        yield from self.descend(func.obj, at)
        for arg in node.args:
            yield from self.operand(arg.value if isinstance(arg, tree.Keyword | tree.Spread) else arg, at)

    def joined(self, node: tree.Call, func: tree.Member, at: At) -> Iterator[Hole]:
        array, separator = func.obj, node.args[0] if node.args else None
        if at.file.language == "python" and separator is not None:
            array, separator = separator, func.obj
        if separator is not None:
            yield from self.operand(separator, at)
        if at.glue is None:
            at = at.through(array)
        elif isinstance(separator, tree.Literal) and not SQL_TEXT.search(str(separator.value)):
            self.parts.add(id(at.glue))
        yield from self.descend(array, at._replace(items=True))

    def replaced(self, node: tree.Call, func: tree.Member, name: str, at: At) -> Iterator[Hole]:
        pattern, by = node.args[0], node.args[1]
        if at.glue is not None and before(at.glue)[-1:] in disarmed_quotes(node, name, at.file):
            return
        if isinstance(func.obj, tree.Name) and func.obj.id == "re" and name == "sub":
            if isinstance(pattern, tree.Literal) and strips_to_words(f"/{pattern.value}/g"):
                return
            if len(node.args) > 2:
                yield from self.descend(node.args[2], at)
            return
        if isinstance(pattern, tree.Literal) and pattern.kind == "regex" and strips_to_words(str(pattern.value)):
            return
        yield from self.descend(func.obj, at)
        if not any(isinstance(a, Func) for a in self.e.evaluate(by, at.file, at.frame)):
            yield from self.operand(by, at)

    # -- callbacks ---------------------------------------------------------------------------------------------------

    def mapped(self, function: Node, over: Node, at: At) -> Iterator[Hole]:
        if isinstance(function, tree.Name) and function.id in ("String", "str", "encodeURIComponent"):
            yield from self.descend(over, at._replace(items=True))
        else:
            yield from self.callback(function, over, at)

    def reduced(self, args: list[Node], over: Node, at: At) -> Iterator[Hole]:
        """``items.reduce((text, item) => text + item, first)``: the first text, and what is put to it."""
        for first in args[1:2]:
            yield from self.descend(first, at)
        yield from self.callback(args[0], over, at, before=[EMPTY])

    def callback(self, function: Node, over: Node, at: At, before: Sequence[Value] = ()) -> Iterator[Hole]:
        """The text a callback returns for the items of ``over``; ``before``: its arguments before the item."""
        for atom in self.e.evaluate(function, at.file, at.frame):
            if isinstance(atom, Func):
                if at.frame is not None and (at.frame.depth >= MAX_FRAMES or at.frame.find(atom.node) is not None):
                    continue
                values = self.e.elements(self.e.evaluate(over, at.file, at.frame), at.frame)
                if holds_only_listed(over, at.file, self.e):
                    values = one(SafeText("allowed"))
                given: list[Node | Value] = [*before, values, one(Number(0, None))]
                inner = Frame(atom.node, given, {}, False, at.file, at.frame, atom.this)
                for value in results(atom.node):
                    yield from self.descend(value, at.moved(atom.file, inner)._replace(items=False))
            elif isinstance(atom, Global) and atom.path in ("Number", "parseInt", "parseFloat"):
                if function.parent is not None:
                    yield from self.number(function.parent, at._replace(items=True))
            else:
                yield from self.leaf(function, at)


def results(function: Node) -> list[Node]:
    """The expressions that ``function`` returns."""
    assert isinstance(function, tree.Function)
    if function.body is None or isinstance(function.body, tree.Block):
        return [statement.value for statement in returns_of(function) if statement.value is not None]
    return [function.body]
