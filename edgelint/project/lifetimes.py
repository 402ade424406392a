"""How short a time to live can get: the cases of an expression, each with the least number it can be and why.

Tests on the way narrow a case (``if (ttl < 60) return``, ``ttl > 60 ? ttl : 60``), and so does a variable that is set
anew when it is too small. A time that is left (a subtraction of the current time) has no least number of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.atoms import Const, Func, Inst, Number, Plat, Taint, Unknown, Value
from edgelint.project.flow import Condition, conditions, mentions, same
from edgelint.project.identity import callee_name
from edgelint.project.kvflow import KvFlows
from edgelint.project.numbers import as_number
from edgelint.project.reaching import reaching
from edgelint.project.scopes import Def, Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall, Option
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

_ROUNDING = frozenset({"ceil", "floor", "round", "trunc", "int", "Number", "parseInt", "parseFloat", "float", "abs"})
_CLAMPING = frozenset({"max", "min", "clamp"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "//"})
_SIZES = frozenset({"length", "size", "byteLength", "count"})
_DEPTH = 12


class Case(NamedTuple):
    """One value that a time to live may have.

    ``kind``: "constant"; "bounded" (computed, at least ``low``); "left" (the time that is left until some moment);
    "chosen" (whoever sends the request says it); "given" (a parameter that unknown callers fill). ``low`` and ``high``
    are seconds as written, None when open. ``node`` is where the number is, or is made.
    """

    kind: str
    low: float | None
    high: float | None
    node: Node
    file: SourceFile


def shortest(cases: list[Case], least: int, counts: bool) -> Case | None:
    """The worst of ``cases`` that can be under ``least`` seconds, None when none can.

    ``counts``: they are those of a limiter, where a window that unknown callers choose is a case too.
    """
    sure = [c for c in cases if c.high is not None and c.high < least]
    if sure:
        return min(sure, key=lambda c: c.high or 0)
    for case in cases:
        if case.kind == "given" and not counts:
            continue
        if case.low is None and case.kind in ("left", "chosen", "given"):
            return case
        if case.low is not None and case.low < least and case.kind != "constant":
            return case
    return None


class Lifetimes:
    """Cases of times to live, over the flows of a project."""

    def __init__(self, flows: KvFlows) -> None:
        self.flows = flows
        self.e = flows.e

    def of(self, call: BindingCall) -> Iterator[tuple[Option, list[Case]]]:
        """Every ``expirationTtl`` and ``expiration`` that ``call`` may be given, with its cases in seconds."""
        for option in call.alternatives("expirationTtl"):
            if option.node is not None:
                yield option, list(self.cases(option.node, option.file, option.frame, None, 0))
        for option in call.alternatives("expiration"):
            if option.node is not None:
                yield option, list(self.until(option.node, option.file, option.frame))

    def until(self, node: Node, file: SourceFile, frame: Frame | None) -> Iterator[Case]:
        """The cases of the time until a moment that is made by adding to now: ``Math.floor(Date.now() / 1000) + 30``.
        """
        node = _plain(_said(node, file))
        unit = 1.0
        if isinstance(node, tree.Binary) and node.op in ("/", "//") and _is_thousand(node.right):
            unit, node = 1000.0, _plain(_said(node.left, file))  # (Date.now() + 30_000) / 1000
        if not isinstance(node, tree.Binary) or node.op != "+":
            return
        for now, more in ((node.left, node.right), (node.right, node.left)):
            if not self.flows.is_timely(now, file, frame) or self.flows.is_timely(more, file, frame):
                continue
            if (unit == 1) == _counts_seconds(now, file):
                for case in self.cases(more, file, frame, None, 0):
                    if case.kind == "constant":
                        yield _scaled(case, "/", unit, None)

    def cases(
        self, node: Node, file: SourceFile, frame: Frame | None, floor: float | None, depth: int
    ) -> Iterator[Case]:
        """The cases of ``node``; it is known to be at least ``floor``."""
        while isinstance(node, tree.Await | tree.Cast):
            node = node.value
        if depth > _DEPTH:
            return
        depth += 1
        if isinstance(node, tree.Name | tree.Member):
            tested = self.tested(node, file)
            if tested is None:
                return  # tested in a way that is not understood
            floor = _higher(floor, tested)
        if isinstance(node, tree.Conditional):
            yield from self.cases(node.then, file, frame, floor, depth)
            yield from self.cases(node.other, file, frame, floor, depth)
        elif isinstance(node, tree.Binary) and node.op in ("||", "??", "&&"):
            for side in (node.left, node.right) if node.op != "&&" else (node.right,):
                yield from self.cases(side, file, frame, floor, depth)
        elif isinstance(node, tree.Name):
            yield from self.name(node, file, frame, floor, depth)
        elif isinstance(node, tree.Call) and not node.is_new:
            yield from self.call(node, file, frame, floor, depth)
        elif isinstance(node, tree.Binary) and node.op in _ARITHMETIC:
            yield from self.arithmetic(node, file, frame, floor, depth)
        elif isinstance(node, tree.Member) and isinstance(self.given(node, file), tree.Param):
            yield Case("given", floor, None, node, file)
        else:
            yield from self.leaf(node, file, frame, floor, depth)

    def arithmetic(
        self, node: tree.Binary, file: SourceFile, frame: Frame | None, floor: float | None, depth: int
    ) -> Iterator[Case]:
        """A time in other units, a time with something on top, or the time that is left until some moment."""
        known = as_number(self.e.evaluate(node, file, frame))
        if known is not None and known.lower is not None and known.lower == known.upper:
            yield from self.leaf(node, file, frame, floor, depth)
            return
        if node.op == "-" and self.flows.is_timely(node.right, file, frame):
            tested = self.tested(node, file)
            if tested is not None:
                yield Case("left", _higher(floor, tested), None, node, file)
            return
        for side, other in ((node.left, node.right), (node.right, node.left)):
            number = as_number(self.e.evaluate(other, file, frame))
            amount = number.lower if number is not None and number.lower == number.upper else None
            if amount is not None and (side is node.left or node.op in "+*"):
                for case in self.cases(side, file, frame, None, depth):
                    yield _scaled(case, node.op, amount, floor)
                return

    # -- variables ---------------------------------------------------------------------------------------------------

    def name(
        self, node: tree.Name, file: SourceFile, frame: Frame | None, floor: float | None, depth: int
    ) -> Iterator[Case]:
        symbol = file.index.resolve(node)
        if symbol is None:
            return
        definitions = reaching(symbol, node) if len(symbol.defs) > 1 else symbol.defs
        for d in definitions:
            least = _higher(floor, self.raised(d, symbol, definitions, file))
            if d.kind == "value" and not d.path and d.node is not None and d.default is None:
                yield from self.cases(d.node, file, frame, least, depth)
            elif d.kind == "augment":
                return
            elif self.given(node, file) is not None:
                yield Case("given", least, None, node, file)
            else:
                value = self.e.definition(d, file, frame)
                yield from self.atoms(value, node, file, least)

    def given(self, node: Node, file: SourceFile) -> Node | None:
        """The parameter that ``node`` is, or is a member of, when it has no default and its function no known call."""
        at = node
        while isinstance(at, tree.Member):
            if isinstance(at.obj, tree.Name) and at.obj.id in ("this", "self"):
                return self.given_field(at, file)
            at = at.obj
        symbol = file.index.resolve(at) if isinstance(at, tree.Name) else None
        d = symbol.defs[0] if symbol is not None and len(symbol.defs) == 1 else None
        if d is None or d.kind != "param" or not isinstance(d.node, tree.Param):
            return None
        return self.open_param(d.node, d, file)

    def given_field(self, node: tree.Member, file: SourceFile) -> Node | None:
        for atom in self.e.evaluate(node.obj, file):
            if isinstance(atom, Inst):
                sources = self.e.graph.fields.sources(atom.node, atom.file, node.name or "")
                sources = [s for s in sources if not isinstance(s, str)]
                if len(sources) == 1:
                    source = sources[0]
                    if isinstance(source, tree.Param):
                        return self.open_param(source, None, atom.file)
                    if isinstance(source, tree.Name | tree.Member):
                        return self.given(source, atom.file)
        return None

    def open_param(self, param: tree.Param, d: Def | None, file: SourceFile) -> Node | None:
        function = param.parent
        defaulted = param.default is not None or (d is not None and d.default is not None)
        if defaulted or not isinstance(function, tree.Function):
            return None
        if self.e.parameters.callers(function) or self.e.parameters.roles.value(function, 0, file) is not None:
            return None
        return param

    # -- calls -------------------------------------------------------------------------------------------------------

    def call(
        self, node: tree.Call, file: SourceFile, frame: Frame | None, floor: float | None, depth: int
    ) -> Iterator[Case]:
        ours = [a for a in self.e.evaluate(node.func, file, frame) if isinstance(a, Func)]
        for func in ours:
            inner = self.e.call_values.frame(func, node, file, frame)
            if inner is not None:
                yield from self.returned(func, inner, floor, depth)
        if ours:
            return
        name = callee_name(node)
        first = node.args[0] if node.args else None
        if name in _ROUNDING and isinstance(first, tree.Literal):
            yield from self.leaf(node, file, frame, floor, depth)
        elif name in _ROUNDING and first is not None:
            yield from self.cases(first, file, frame, floor, depth)
        elif name in ("max", "min"):
            number = as_number(self.e.evaluate(node, file, frame))
            if any(isinstance(arg, tree.Spread) for arg in node.args) or number is None:
                return
            if number.lower is None and name == "min" and (number.upper is None or number.upper >= 60):
                for arg in node.args:
                    yield from (c for c in self.cases(arg, file, frame, floor, depth) if c.kind != "constant")
            else:
                yield Case("bounded", _higher(floor, number.lower), number.upper, node, file)
        else:
            yield from self.leaf(node, file, frame, floor, depth)

    def returned(self, func: Func, frame: Frame, floor: float | None, depth: int) -> Iterator[Case]:
        from edgelint.project.call_values import returns_of

        body = func.node.body
        if body is not None and not isinstance(body, tree.Block):
            yield from self.cases(body, func.file, frame, floor, depth)
            return
        for statement in returns_of(func.node):
            if statement.value is not None:
                yield from self.cases(statement.value, func.file, frame, floor, depth)

    # -- leaves ------------------------------------------------------------------------------------------------------

    def leaf(
        self, node: Node, file: SourceFile, frame: Frame | None, floor: float | None, depth: int
    ) -> Iterator[Case]:
        yield from self.atoms(self.e.evaluate(node, file, frame), node, file, floor)

    def atoms(self, value: Value, node: Node, file: SourceFile, floor: float | None) -> Iterator[Case]:
        for atom in value:
            if isinstance(atom, Const) and isinstance(atom.value, int | float) and not isinstance(atom.value, bool):
                if floor is None or atom.value >= floor:
                    yield Case("constant", float(atom.value), float(atom.value), node, file)
            elif isinstance(atom, Taint) or (isinstance(atom, Number) and atom.tainted and atom.lower is None):
                yield Case("chosen", floor, None, node, file)
            elif isinstance(atom, Number) and atom.lower is not None and atom.lower == atom.upper:
                if floor is None or atom.lower >= floor:
                    yield Case("constant", atom.lower, atom.upper, node, file)
            elif isinstance(atom, Number):
                measured = isinstance(node, tree.Member) and node.name in _SIZES
                explicit = isinstance(node, tree.Member | tree.Name) or (
                    isinstance(node, tree.Call) and callee_name(node) in _CLAMPING
                )
                if explicit and not measured:
                    low = atom.lower if floor is None or floor <= 1 else _higher(floor, atom.lower)
                    yield Case("bounded", low, atom.upper, node, file)
            elif isinstance(atom, Plat) and atom.type == "var" and atom.binding is not None:
                yield from self.variable(atom.binding, node, file, floor)
            elif isinstance(atom, Unknown) and floor is not None and floor > 1:
                yield Case("bounded", floor, None, node, file)

    def variable(self, name: str, node: Node, file: SourceFile, floor: float | None) -> Iterator[Case]:
        """A number in the ``vars`` of the wrangler config."""
        for worker in self.flows.project.workers_of(file):
            for environment in worker.config.environments if worker.config is not None else ():
                for decl in environment.bindings.get(name, ()):
                    try:
                        number = float(str(decl.value.value))
                    except ValueError:
                        continue
                    if decl.kind == "var" and (floor is None or number >= floor):
                        yield Case("constant", number, number, node, file)

    # -- tests -------------------------------------------------------------------------------------------------------

    def tested(self, node: Node, file: SourceFile) -> float | None:
        """What the tests on the way to ``node`` say it is at least (-inf: nothing); None when one is not understood."""
        floor = float("-inf")
        for condition in conditions(node):
            if mentions(condition.test, node, file):
                least = self.least(condition, node, file)
                if least is None:
                    return None
                floor = max(floor, least)
        return floor

    def least(self, condition: Condition, subject: Node, file: SourceFile) -> float | None:
        """What ``condition`` says that ``subject`` is at least, -inf for nothing, None when it cannot be told."""
        test, holds = condition
        while isinstance(test, tree.Cast):
            test = test.value
        if same(test, subject, file):
            return 1.0 if holds else float("-inf")
        if isinstance(test, tree.Binary):
            for side, other, flipped in ((test.left, test.right, False), (test.right, test.left, True)):
                if same(side, subject, file):
                    return self.compared(test.op, other, flipped, holds, file)
            if test.op in ("===", "==", "!==", "!=", "instanceof"):
                return float("-inf")  # a test of the type
        if isinstance(test, tree.Call) and callee_name(test) in ("isNaN", "isFinite", "isInteger", "isSafeInteger"):
            return float("-inf")
        return None

    def compared(self, op: str, other: Node, flipped: bool, holds: bool, file: SourceFile) -> float | None:
        number = as_number(self.e.evaluate(other, file))
        bound = number.lower if number is not None else None
        if op in ("===", "==", "!==", "!="):
            equal = (op in ("===", "==")) == holds
            return bound if equal and bound is not None else float("-inf")
        if op not in ("<", ">", "<=", ">="):
            return None
        if bound is None:
            return None
        above = (op in (">", ">=")) != flipped
        if above == holds:
            strict = (op in ("<", ">")) == holds
            return bound + 1 if strict else bound
        return float("-inf")

    def raised(self, d: Def, symbol: Symbol, definitions: list[Def], file: SourceFile) -> float | None:
        """What a value is at least where it was not replaced: ``if (ttl < 60) ttl = 60`` leaves the others over 59."""
        floor: float | None = None
        for other in definitions:
            if other is d or other.at.start < d.at.start or not isinstance(other.at, tree.Assign):
                continue
            statement = next((p for p in tree.ancestors(other.at) if isinstance(p, tree.If)), None)
            if statement is None or statement.other is not None or statement.start < d.at.start:
                continue
            least = self.least(Condition(statement.test, False), other.at.target, file)
            if least is not None:
                floor = _higher(floor, least)
        return floor


def _said(node: Node, file: SourceFile) -> Node:
    """What a variable with one definition stands for, and anything else itself."""
    while isinstance(node, tree.Await | tree.Cast):
        node = node.value
    symbol = file.index.resolve(node) if isinstance(node, tree.Name) else None
    if symbol is not None and len(symbol.defs) == 1 and symbol.defs[0].kind == "value" and not symbol.defs[0].path:
        return symbol.defs[0].node or node
    return node


def _plain(node: Node) -> Node:
    """``node`` without what rounds it."""
    while isinstance(node, tree.Call) and callee_name(node) in _ROUNDING and node.args:
        node = node.args[0]
    return node


def _is_thousand(node: Node) -> bool:
    return isinstance(node, tree.Literal) and node.value in (1000, 1e3)


def _counts_seconds(now: Node, file: SourceFile) -> bool:
    """Whether an expression of the current time is in seconds, not in milliseconds."""
    return any(
        (isinstance(n, tree.Binary) and n.op in ("/", "//") and _is_thousand(n.right))
        or (isinstance(n, tree.Call) and callee_name(n) == "time")
        for n in tree.walk(_said(now, file))
    )


def _scaled(case: Case, op: str, amount: float, floor: float | None) -> Case:
    """``case`` after ``op amount``. What is left is at least nothing."""
    low = 0.0 if case.kind == "left" and case.low is None and op == "+" else case.low
    if op in ("*", "/", "//"):
        factor = amount if op == "*" else 1 / amount if amount else 0.0
        low, high = (None if bound is None else bound * factor for bound in (low, case.high))
    else:
        shift = amount if op == "+" else -amount
        low, high = (None if bound is None else bound + shift for bound in (low, case.high))
    return case._replace(low=_higher(floor, low), high=high)


def _higher(a: float | None, b: float | None) -> float | None:
    """The higher of two lower bounds, each None when open."""
    known = [x for x in (a, b) if x is not None and x != float("-inf")]
    return max(known) if known else None
