"""SQL as it reaches a binding: its text as far as it is known, and which argument each placeholder takes.

Text and arguments often meet in a helper (``query(sql, values)``) that knows neither: each known call of the helper
is then a query of its own, looked at in the frame of that call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.atoms import Const, Func, Number, Plat
from edgelint.project.objects import holder, symbol_pushes
from edgelint.project.reaching import always, reaching
from edgelint.syntax import tree
from edgelint.syntax.sql import HOLE, placeholders, statements
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame
    from edgelint.project.project import Project
    from edgelint.project.scopes import Symbol

MAX_CALLS = 60  # known calls of one helper that are looked at
MAX_LEVELS = 3  # helpers that call helpers
_LIMIT_OR_OFFSET = re.compile(r"\b(LIMIT|OFFSET)\s*$", re.IGNORECASE)


_WRITING = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER"})


class Place(NamedTuple):
    """An expression where it stands: in a file, in a frame. ``node`` None: an unknown number of expressions."""

    node: Node | None
    file: SourceFile
    frame: Frame | None


class Query(NamedTuple):
    """One statement: ``text`` has a HOLE for each part in ``holes``; ``values`` are its arguments, in order."""

    call: BindingCall
    text: str
    holes: list[Place]
    values: list[Place]

    def sizes(self) -> Iterator[tuple[str, Place]]:
        """("limit" or "offset", what decides it) for each that is bound or put into the text."""
        places = placeholders(self.text)
        for position, place in enumerate(places):
            if place.clause in ("limit", "offset") and place.function != "min":
                found = self.value(place.number - 1) if place.exact else None
                if found is None and HOLE not in self.text[place.end :] and all(p.text == "?" for p in places):
                    found = self.value(position - len(places))
                if found is not None and found.node is not None:
                    yield place.clause, found
        for at, hole in zip(_holes(self.text), self.holes, strict=True):
            before = _LIMIT_OR_OFFSET.search(self.text, 0, at)
            if before is not None:
                yield before[1].lower(), hole

    def value(self, position: int) -> Place | None:
        """The argument at ``position`` (from the end when negative), None when it cannot be told."""
        if not -len(self.values) <= position < len(self.values):
            return None
        passed = self.values[: position + 1] if position >= 0 else self.values[position:]
        return None if any(p.node is None for p in passed) else self.values[position]


def queries(project: Project) -> Iterator[Query]:
    """Every statement with its arguments; a statement that is bound twice comes twice."""
    made = {id(call.node): call for call in project.calls(("d1", "d1-session"), "prepare")}
    reader = _Reader(project.evaluator)
    bound: set[int] = set()
    for bind in project.calls("d1-statement", "bind"):
        for atom in project.evaluator.evaluate(bind.receiver, bind.file):
            call = made.get(id(atom.origin)) if isinstance(atom, Plat) and atom.origin is not None else None
            if call is not None:
                bound.add(id(call.node))
                yield from reader.read(call, bind.file, bind.node.args)
    for call in made.values():
        if id(call.node) not in bound:
            yield from reader.read(call, call.file, [])
    for call in project.calls("do-sql", "exec"):
        yield from reader.read(call, call.file, call.node.args[1:])


class _Reader:
    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator

    def read(self, call: BindingCall, file: SourceFile, args: list[Node]) -> Iterator[Query]:
        """The queries of one call: one, or one for each known call of the helper it stands in."""
        text = call.arg(0)
        if text is None:
            return
        function = tree.enclosing_function(call.node)
        for frame in (
            self.frames(function, call.file, 0) if function is not None and self.is_given(text, call.file) else (None,)
        ):
            pieces: list[str | Place] = []
            self.write(text, call.file, frame, pieces, set())
            values: list[Place] = []
            self.flatten(args, file, frame, values, call.node)
            yield Query(
                call,
                "".join(p if isinstance(p, str) else HOLE for p in pieces),
                [p for p in pieces if not isinstance(p, str)],
                values,
            )

    # -- helpers -----------------------------------------------------------------------------------------------------

    def is_given(self, text: Node, file: SourceFile) -> bool:
        """Whether the text is made of a parameter."""
        for node in tree.walk_function(text):
            if isinstance(node, tree.Name):
                symbol = file.index.resolve(node)
                if symbol is not None and any(d.kind == "param" for d in symbol.defs):
                    return True
        return False

    def frames(self, function: tree.Function, file: SourceFile, level: int) -> list[Frame | None]:
        """A frame for each known call of ``function``, each inside those of the function that calls."""
        found: list[Frame | None] = []
        if level < MAX_LEVELS:
            for site_file, site, _ in self.e.parameters.callers(function)[:MAX_CALLS]:
                outer = tree.enclosing_function(site)
                passes = (
                    outer is not None and outer is not function and any(self.is_given(a, site_file) for a in site.args)
                )
                for parent in self.frames(outer, site_file, level + 1) if outer is not None and passes else (None,):
                    frame = self.e.call_values.frame(Func(function, file), site, site_file, parent)
                    if frame is not None and len(found) < MAX_CALLS:
                        found.append(frame)
        return found or [None]

    # -- text --------------------------------------------------------------------------------------------------------

    def write(self, node: Node, file: SourceFile, frame: Frame | None, into: list[str | Place], seen: set[int]) -> None:
        """Append what ``node`` evaluates to: texts, and places of what is not known."""
        if isinstance(node, tree.Literal) and node.kind == "string":
            into.append(str(node.value).replace(HOLE, " "))
        elif isinstance(node, tree.Cast | tree.Await):
            self.write(node.value, file, frame, into, seen)
        elif isinstance(node, tree.Template) and node.tag is None:
            for part in node.parts:
                self.write(part, file, frame, into, seen)
        elif isinstance(node, tree.Binary) and node.op == "+":
            self.write(node.left, file, frame, into, seen)
            self.write(node.right, file, frame, into, seen)
        elif (
            isinstance(node, tree.Call)
            and isinstance(node.func, tree.Member)
            and node.func.name in ("trim", "strip", "dedent")
        ):
            self.write(node.func.obj, file, frame, into, seen)
        elif isinstance(node, tree.Name) and id(node) not in seen:
            self.name(node, file, frame, into, seen | {id(node)})
        else:
            self.constant(node, file, frame, into)

    def constant(self, node: Node, file: SourceFile, frame: Frame | None, into: list[str | Place]) -> None:
        value = self.e.evaluate(node, file, frame)
        if len(value) == 1:
            (atom,) = value
            if isinstance(atom, Const) and isinstance(atom.value, str | int) and atom.kind in ("string", "number"):
                into.append(str(atom.value).replace(HOLE, " "))
                return
        into.append(Place(node, file, frame))

    def name(
        self, node: tree.Name, file: SourceFile, frame: Frame | None, into: list[str | Place], seen: set[int]
    ) -> None:
        symbol = file.index.resolve(node)
        definitions = reaching(symbol, node) if symbol is not None else []
        first, added = definitions[:1], definitions[1:]
        if not first or any(d.kind != "augment" for d in added) or first[0].path or first[0].default is not None:
            self.constant(node, file, frame, into)
            return
        d = first[0]
        if d.kind == "value" and d.node is not None:
            self.write(d.node, file, frame, into, seen)
        elif (
            d.kind == "param"
            and isinstance(d.node, tree.Param)
            and isinstance(d.node.parent, tree.Function)
            and frame is not None
        ):
            self.parameter(d.node, d.node.parent, node, file, frame, into, seen)
        else:
            self.constant(node, file, frame, into)
        for d in added:
            if (
                isinstance(d.node, tree.Assign)
                and d.node.value is not None
                and d.node.op == "+="
                and always(d.at, node)
            ):
                self.write(d.node.value, file, frame, into, seen)
            else:
                into.append(Place(None, file, frame))

    def parameter(
        self,
        param: tree.Param,
        function: tree.Function,
        use: Node,
        file: SourceFile,
        frame: Frame,
        into: list[str | Place],
        seen: set[int],
    ) -> None:
        found = frame.find(function)
        given = list(self.e.parameters.given(param, function, found)) if found is not None else []
        if len(given) == 1 and isinstance(given[0][0], tree.Node):
            self.write(given[0][0], given[0][1], given[0][2], into, seen)
        elif not given and param.default is not None:
            self.write(param.default, file, None, into, seen)
        else:
            self.constant(use, file, frame, into)

    # -- arguments ---------------------------------------------------------------------------------------------------

    def flatten(self, nodes: list[Node], file: SourceFile, frame: Frame | None, into: list[Place], use: Node) -> None:
        """Append the expressions that ``nodes`` stand for, spread arrays taken apart where their items are known."""
        for node in nodes:
            if isinstance(node, tree.Spread):
                self.items(node.value, file, frame, into, use)
            elif not isinstance(node, tree.Keyword):
                into.append(Place(node, file, frame))

    def items(self, node: Node, file: SourceFile, frame: Frame | None, into: list[Place], use: Node) -> None:
        while isinstance(node, tree.Cast | tree.Await):
            node = node.value
        if isinstance(node, tree.Array):
            self.flatten(node.items, file, frame, into, use)
            symbol = holder(node, file)
            if symbol is not None:
                self.pushed(symbol, file, frame, into, use)
        elif isinstance(node, tree.Binary) and node.op == "+":
            self.items(node.left, file, frame, into, use)
            self.items(node.right, file, frame, into, use)
        elif isinstance(node, tree.Binary) and node.op in ("??", "||"):
            self.items(node.left, file, frame, into, use)
        elif isinstance(node, tree.Name):
            self.array(node, file, frame, into)
        else:
            into.append(Place(None, file, frame))

    def array(self, node: tree.Name, file: SourceFile, frame: Frame | None, into: list[Place]) -> None:
        symbol = file.index.resolve(node)
        definitions = [d for d in reaching(symbol, node) if d.kind != "augment"] if symbol is not None else []
        if len(definitions) != 1 or definitions[0].path:
            into.append(Place(None, file, frame))
            return
        d = definitions[0]
        if d.kind == "value" and d.node is not None and d.at.start < node.start:
            self.items(d.node, file, frame, into, node)
            return
        param = d.node
        found = (
            frame.find(param.parent)
            if frame is not None and isinstance(param, tree.Param) and isinstance(param.parent, tree.Function)
            else None
        )
        if (
            found is None
            or not isinstance(param, tree.Param)
            or not isinstance(param.parent, tree.Function)
            or found.rest
        ):
            into.append(Place(None, file, frame))
            return
        given = list(self.e.parameters.given(param, param.parent, found))
        for arg, arg_file, arg_frame in given:
            if not isinstance(arg, tree.Node):
                into.append(Place(None, file, frame))
            elif param.rest:
                self.flatten([arg], arg_file, arg_frame, into, arg)
            else:
                self.items(arg, arg_file, arg_frame, into, arg)

    def pushed(self, symbol: Symbol, file: SourceFile, frame: Frame | None, into: list[Place], use: Node) -> None:
        """What is pushed into an array before it is used: in order, with a gap for what is pushed only sometimes."""
        for node, spread in symbol_pushes(symbol, file):
            if use.start <= node.start and tree.enclosing_function(use) is tree.enclosing_function(node):
                continue
            if not always(node, use):
                into.append(Place(None, file, frame))
            elif spread:
                self.items(node, file, frame, into, use)
            else:
                into.append(Place(node, file, frame))


def _holes(text: str) -> list[int]:
    return [match.start() for match in re.finditer(HOLE, text)]


def is_number(evaluator: Evaluator, place: Place) -> bool:
    """Whether a value is a number whatever happens."""
    value = evaluator.evaluate(place.node, place.file, place.frame) if place.node is not None else frozenset()
    return bool(value) and all(isinstance(a, Number) or (isinstance(a, Const) and a.kind == "number") for a in value)


def is_write(project: Project, call: BindingCall) -> bool:
    """Whether the statement that ``call`` runs is known to change something: INSERT, UPDATE, DELETE and the like."""
    reader = _Reader(project.evaluator)
    for atom in project.evaluator.evaluate(call.receiver, call.file):
        made = atom.origin if isinstance(atom, Plat) else None
        file = project.evaluator.parameters.file_of(made) if made is not None else None
        if isinstance(made, tree.Call) and made.args and file is not None:
            pieces: list[str | Place] = []
            reader.write(made.args[0], file, None, pieces, set())
            first = pieces[0] if pieces else None
            if isinstance(first, str) and any(s.verb in _WRITING for s in statements(first)[:1]):
                return True
    return False
