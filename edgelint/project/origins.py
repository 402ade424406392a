"""Where a number that reaches SQL comes from, and what was tested on the way.

A walk back from an expression over variables, parameters, fields, helpers and the items of arrays to what whoever
sends the request decides. It ends early where a test, a default or a clamp settles the question that is asked: may
this be NaN, may this be as large as anyone likes?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

from edgelint.project import number_guards
from edgelint.project.atoms import Arr, Atom, Func, Global, Inst, ListOf, Number, Obj, Plat, Taint, Unknown, Value
from edgelint.project.captures import captures_digits
from edgelint.project.evaluate import Evaluator
from edgelint.project.files import SourceFile
from edgelint.project.filters import keeps_numbers
from edgelint.project.frames import MAX_FRAMES, Frame
from edgelint.project.numbers import as_number
from edgelint.project.objects import holder, symbol_pushes
from edgelint.project.reaching import reaching
from edgelint.project.scopes import Def, Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node


class Question(Enum):
    """What is asked of a number: may it be NaN; may it be any size (a LIMIT); is it taken as it comes (an OFFSET)?"""

    NAN = "nan"
    SIZE = "size"
    RAW = "raw"


class Origin(NamedTuple):
    """Where it comes from: ``node`` is the conversion (``parseInt(x)``), or the read of the request when there is none.
    """

    file: SourceFile
    node: Node
    converted: bool


_CONVERSIONS = frozenset({"Number", "parseInt", "parseFloat", "Number.parseInt", "Number.parseFloat", "int", "float"})
_ROUNDINGS = frozenset({"Math.floor", "Math.ceil", "Math.round", "Math.trunc", "Math.abs", "round", "abs"})
_BITS = frozenset({"|", "&", "^", "<<", ">>", ">>>"})
_SETTLED: dict[Question, Callable[[Node, SourceFile, int, Evaluator], bool]] = {
    Question.NAN: number_guards.is_number_checked,
    Question.SIZE: number_guards.is_bounded,
    Question.RAW: number_guards.is_compared,
}


def origins(
    node: Node,
    file: SourceFile,
    evaluator: Evaluator,
    question: Question,
    frame: Frame | None = None,
    items: bool = False,
) -> list[Origin]:
    """What ``node`` (with ``items``: its items) goes back to that leaves ``question`` open, in source order, each once.
    """
    found: dict[tuple[str, int, int], Origin] = {}
    for origin in _Walk(evaluator, question).walk(node, file, frame, items or isinstance(node, tree.Spread)):
        found.setdefault((origin.file.path, origin.node.start, origin.node.end), origin)
    return [found[key] for key in sorted(found)]


class _Walk:
    def __init__(self, evaluator: Evaluator, question: Question) -> None:
        self.e = evaluator
        self.question = question
        self.settled = _SETTLED[question]
        # Looked at in this walk, in order; and found, in any walk, to have no origin.
        self.seen: dict[tuple[Node, Frame | None, bool], None] = {}
        self.barren = evaluator.without_origin.setdefault(question.value, set())
        self.events = 0  # origins found, and places where the walk was cut short or had been before

    def walk(self, node: Node, file: SourceFile, frame: Frame | None, items: bool = False) -> Iterator[Origin]:
        """Origins of ``node``; ``items``: of its items, ``node`` being an array."""
        key = (node, frame, items)
        if key in self.barren or node.__class__ is tree.Literal:
            return
        if key in self.seen or len(self.seen) > 2000:
            self.events += 1
            return
        self.seen[key] = None
        before = self.events
        for origin in self.follow(node, file, frame, items):
            self.events += 1
            yield origin
        if self.events == before:
            self.barren.add(key)

    def open(self, found: Iterator[Origin], node: Node, file: SourceFile, since: int = 0) -> Iterator[Origin]:
        """``found``, but for a ``node`` of which a test settles the question: looked for only when there is something
        to settle. What was looked at for nothing may be looked at again."""
        looked = len(self.seen)
        origins = list(found)
        if not origins or not self.settled(node, file, since, self.e):
            yield from origins
            return
        while len(self.seen) > looked:
            self.seen.popitem()

    def follow(self, node: Node, file: SourceFile, frame: Frame | None, items: bool) -> Iterator[Origin]:
        if isinstance(node, tree.Await | tree.Cast | tree.Keyword):
            yield from self.walk(node.value, file, frame, items)
        elif isinstance(node, tree.Spread):
            yield from self.walk(node.value, file, frame, True)
        elif isinstance(node, tree.Assign):
            if node.value is not None:
                yield from self.walk(node.value, file, frame, items)
        elif isinstance(node, tree.Name):
            yield from self.name(node, file, frame, items)
        elif isinstance(node, tree.Member):
            yield from self.member(node, file, frame, items)
        elif isinstance(node, tree.Call):
            yield from self.call(node, file, frame, items)
        elif isinstance(node, tree.Conditional):
            yield from self.walk(node.then, file, frame, items)
            yield from self.walk(node.other, file, frame, items)
        elif isinstance(node, tree.Binary):
            yield from self.binary(node, file, frame, items)
        elif isinstance(node, tree.Unary):
            yield from self.unary(node, file, frame)
        elif isinstance(node, tree.Array):
            yield from self.array(node, file, frame)
        elif not isinstance(node, tree.Literal):
            yield from self.judge(self.e.evaluate(node, file, frame), node, file, frame, items)

    # -- operators ---------------------------------------------------------------------------------------------------

    def binary(self, node: tree.Binary, file: SourceFile, frame: Frame | None, items: bool) -> Iterator[Origin]:
        op = node.op
        if op in ("||", "??"):
            if op == "??" or self.question is not Question.NAN:  # NaN || x is x
                yield from self.walk(node.left, file, frame, items)
            yield from self.walk(node.right, file, frame, items)
        elif op in ("&&", ","):
            yield from self.walk(node.right, file, frame, items)
        elif op == "%" or op in _BITS:
            if op == "%" and self.question is Question.NAN:
                yield from self.walk(node.left, file, frame)
        elif op in ("+", "-", "*", "/", "//", "**"):
            yield from self.walk(node.left, file, frame, items)
            yield from self.walk(node.right, file, frame, items)

    def unary(self, node: tree.Unary, file: SourceFile, frame: Frame | None) -> Iterator[Origin]:
        if node.op == "+":
            yield from self.conversion(node, node.value, file, frame)
        elif node.op == "-":
            yield from self.walk(node.value, file, frame)

    def conversion(self, node: Node, given: Node, file: SourceFile, frame: Frame | None) -> Iterator[Origin]:
        """``node`` makes a number of ``given``."""
        value = self.e.evaluate(given, file, frame)
        free = any(_is_sent(atom) or self.is_free_text(atom) for atom in value)
        if not free or self.settled(node, file, 0, self.e):
            return
        if self.question is Question.NAN:
            if file.language == "python":
                return  # int("x") raises
            if as_number(value) is not None:
                yield from self.walk(given, file, frame)  # a number already
                return
            if number_guards.is_digits(given, file, self.e) or captures_digits(given, file, self.e):
                return
        elif self.settled(given, file, 0, self.e):
            return
        yield Origin(file, node, True)

    def is_free_text(self, atom: Atom) -> bool:
        """Whether a schema passed the text as any string: it may be no number."""
        if self.question is not Question.NAN or not isinstance(atom, Unknown) or atom.reason != "validated":
            return False
        from edgelint.project.schemas import Schemas

        return Schemas(self.e).is_free_text(atom)

    # -- calls -------------------------------------------------------------------------------------------------------

    def call(self, node: tree.Call, file: SourceFile, frame: Frame | None, items: bool) -> Iterator[Origin]:
        func = node.func
        if (
            isinstance(func, tree.Member)
            and (items or func.name in ("at", "pop", "shift", "find"))
            and self.is_list_call(func)
        ):
            yield from self.list_call(node, func, file, frame)
            return
        given = [arg for arg in node.args if not isinstance(arg, tree.Keyword)]
        for atom in self.e.evaluate(func, file, frame):
            if isinstance(atom, Global) and given:
                yield from self.global_call(atom.path, node, given, file, frame)
            elif isinstance(atom, Func):
                inner = self.e.call_values.frame(atom, node, file, frame)
                if inner is not None:
                    yield from self.returned(atom, inner, items)
            else:
                yield from self.judge(self.e.evaluate(node, file, frame), node, file, frame, items)

    def global_call(
        self, path: str, node: tree.Call, given: list[Node], file: SourceFile, frame: Frame | None
    ) -> Iterator[Origin]:
        if path in _CONVERSIONS:
            yield from self.conversion(node, given[0], file, frame)
        elif path in _ROUNDINGS or path in ("Math.max", "max"):
            if path in _ROUNDINGS or self.question is Question.SIZE:
                for arg in given:
                    yield from self.walk(arg, file, frame)
        elif path in ("Math.min", "min"):
            if self.question is Question.SIZE and all(self.is_open(arg, file, frame) for arg in given):
                for arg in given:
                    yield from self.walk(arg, file, frame)
        elif path in ("String", "str", "BigInt", "list", "tuple", "Array.from", "Object.values"):
            yield from self.walk(given[0], file, frame, path in ("list", "tuple", "Array.from"))
        else:
            yield from self.judge(self.e.evaluate(node, file, frame), node, file, frame, False)

    def is_open(self, node: Node, file: SourceFile, frame: Frame | None) -> bool:
        """Whether whoever sends the request decides ``node``, with no upper bound."""
        return any(
            isinstance(atom, Taint) or (isinstance(atom, Number) and atom.tainted and atom.upper is None)
            for atom in self.e.evaluate(node, file, frame)
        )

    def returned(self, func: Func, frame: Frame, items: bool) -> Iterator[Origin]:
        """What ``func`` returns."""
        body = func.node.body
        if isinstance(body, tree.Block):
            for statement in self.e.returns_of(func.node):
                if statement.value is not None:
                    yield from self.walk(statement.value, func.file, frame, items)
        elif body is not None:
            yield from self.walk(body, func.file, frame, items)

    @staticmethod
    def is_list_call(func: tree.Member) -> bool:
        return func.name in (
            "map",
            "flatMap",
            "filter",
            "slice",
            "concat",
            "flat",
            "reverse",
            "sort",
            "at",
            "pop",
            "shift",
            "find",
        )

    def list_call(self, node: tree.Call, func: tree.Member, file: SourceFile, frame: Frame | None) -> Iterator[Origin]:
        """Items of ``xs.map(f)`` and its kin."""
        name = func.name
        if name in ("map", "flatMap") and node.args:
            yield from self.mapped(node.args[0], func.obj, file, frame, name == "flatMap")
            return
        if name in ("filter", "find") and node.args and keeps_numbers(node.args[0], file, self.e):
            return
        yield from self.walk(func.obj, file, frame, True)
        if name == "concat":
            for arg in node.args:
                yield from self.walk(arg, file, frame, isinstance(arg, tree.Array | tree.Name | tree.Member))

    def mapped(self, function: Node, over: Node, file: SourceFile, frame: Frame | None, flat: bool) -> Iterator[Origin]:
        elements = self.e.elements(self.e.evaluate(over, file, frame), frame)
        for atom in self.e.evaluate(function, file, frame):
            if isinstance(atom, Global) and atom.path in _CONVERSIONS:
                if any(_is_sent(a) for a in elements):
                    yield Origin(file, function, True)
            elif isinstance(atom, Func) and (
                frame is None or (frame.depth < MAX_FRAMES and frame.find(atom.node) is None)
            ):
                inner = Frame(atom.node, [elements, frozenset({Number(0, None)})], {}, False, file, frame, None)
                yield from self.returned(atom, inner, flat)

    # -- names, members, arrays --------------------------------------------------------------------------------------

    def name(self, node: tree.Name, file: SourceFile, frame: Frame | None, items: bool) -> Iterator[Origin]:
        symbol = file.index.resolve(node)
        if symbol is None:
            return
        for d in reaching(symbol, node) if len(symbol.defs) > 1 else symbol.defs:
            # A test of what the variable held before says nothing of what it holds now.
            since = 0 if d.kind == "param" or len(symbol.defs) == 1 else d.at.start
            found = self.definition(d, node, file, frame, items)
            yield from found if items else self.open(found, node, file, since)
        if items and not any(isinstance(d.node, tree.Array) for d in symbol.defs):
            yield from self.pushed(symbol, file, frame)

    def definition(self, d: Def, use: Node, file: SourceFile, frame: Frame | None, items: bool) -> Iterator[Origin]:
        if d.default is not None:
            yield from self.walk(d.default, file, frame, items)
        if d.kind == "param" and isinstance(d.node, tree.Param) and not d.path:
            yield from self.param(d.node, use, file, frame, items)
        elif d.kind == "value" and d.node is not None and not d.path:
            yield from self.walk(d.node, file, frame, items)
        elif d.kind == "value" and d.node is not None and isinstance(d.path[0], str) and len(d.path) == 1:
            yield from self.property_of(self.e.evaluate(d.node, file, frame), d.path[0], use, file, frame, items)
        elif d.kind == "param" and isinstance(d.node, tree.Param) and len(d.path) == 1 and isinstance(d.path[0], str):
            value = self.e.parameters.value(d.node, file, frame)
            yield from self.property_of(value, d.path[0], use, file, frame, items)
        elif d.kind == "augment":
            if isinstance(d.node, tree.Assign) and d.node.value is not None and d.node.op in ("+=", "-=", "*="):
                yield from self.walk(d.node.value, file, frame, items)
        else:
            yield from self.judge(self.e.definition(d, file, frame), use, file, frame, items)

    def param(
        self, param: tree.Param, use: Node, file: SourceFile, frame: Frame | None, items: bool
    ) -> Iterator[Origin]:
        function = param.parent
        if not isinstance(function, tree.Function):
            return
        if param.default is not None:
            yield from self.walk(param.default, file, frame, items)
        found = frame.find(function) if frame is not None else None
        given = list(self.e.parameters.given(param, function, found))
        if not given:
            yield from self.judge(self.e.parameters.value(param, file, frame), use, file, frame, items)
        for arg, arg_file, arg_frame in given:
            if isinstance(arg, tree.Node):
                yield from self.walk(
                    arg, arg_file, arg_frame, items and (not param.rest or isinstance(arg, tree.Spread))
                )
            else:
                yield from self.judge(arg, use, file, frame, items)

    def member(self, node: tree.Member, file: SourceFile, frame: Frame | None, items: bool) -> Iterator[Origin]:
        if node.name is None:
            found = self.judge(self.e.evaluate(node, file, frame), node, file, frame, items)
        else:
            found = self.property_of(self.e.evaluate(node.obj, file, frame), node.name, node, file, frame, items)
        yield from found if items else self.open(found, node, file)

    def property_of(
        self, base: Value, name: str, use: Node, file: SourceFile, frame: Frame | None, items: bool
    ) -> Iterator[Origin]:
        """Origins of member ``name`` of ``base``."""
        for atom in base:
            if isinstance(atom, Obj):
                inner = atom.frame if isinstance(atom.frame, Frame) else None
                props = [p for p in atom.node.props if isinstance(p, tree.Property) and p.key == name]
                for prop in props:
                    yield from self.walk(prop.value, atom.file, inner, items)
                if props:
                    continue
            elif isinstance(atom, Inst):
                for source in self.e.graph.fields.sources(atom.node, atom.file, name):
                    if isinstance(source, tree.Node) and not isinstance(source, tree.Param):
                        yield from self.walk(source, atom.file, self.e.parameters.constructor_frame(atom), items)
                continue
            at = use if isinstance(use, tree.Member) else None
            yield from self.judge(self.e.atom_member(atom, name, file, frame, at), use, file, frame, items)

    def array(self, node: tree.Array, file: SourceFile, frame: Frame | None) -> Iterator[Origin]:
        for item in node.items:
            yield from self.walk(item, file, frame)
        symbol = holder(node, file)
        if symbol is not None:
            yield from self.pushed(symbol, file, frame)

    def pushed(self, symbol: Symbol, file: SourceFile, frame: Frame | None) -> Iterator[Origin]:
        for pushed, spread in symbol_pushes(symbol, file):
            yield from self.walk(pushed, file, frame, spread)

    # -- values ------------------------------------------------------------------------------------------------------

    def judge(self, value: Value, node: Node, file: SourceFile, frame: Frame | None, items: bool) -> Iterator[Origin]:
        """What the evaluator knows of a value whose way was not followed."""
        for atom in (
            self.e.elements(value, frame) if items and any(isinstance(a, Arr | ListOf) for a in value) else value
        ):
            if isinstance(atom, Taint) and self.question is not Question.NAN:
                yield Origin(file, node, False)
            elif isinstance(atom, Number) and atom.tainted and atom.node is not None:
                still_open = atom.nan if self.question is Question.NAN else atom.upper is None
                if self.question is Question.RAW and atom.lower is not None:
                    continue
                found = self.e.files.get(atom.path)
                if still_open and found is not None and self.is_conversion(atom.node, found):
                    yield Origin(found, atom.node, True)

    def is_conversion(self, node: Node, file: SourceFile) -> bool:
        given = (
            node.value
            if isinstance(node, tree.Unary)
            else node.args[0]
            if isinstance(node, tree.Call) and node.args
            else None
        )
        if given is None and isinstance(node, tree.Name | tree.Member):  # ["1", "x"].map(Number)
            return file.language != "python"
        if given is None and isinstance(node, tree.Call):  # z.number().int()
            return self.question is not Question.NAN
        if given is None or (self.question is Question.NAN and file.language == "python"):
            return False
        if self.settled(node, file, 0, self.e):
            return False
        return self.question is not Question.NAN or not (
            number_guards.is_digits(given, file, self.e) or captures_digits(given, file, self.e)
        )


def _is_sent(atom: Atom) -> bool:
    return isinstance(atom, Taint) or (isinstance(atom, Number | Plat) and atom.tainted)
