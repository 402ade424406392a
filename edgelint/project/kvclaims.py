"""Claims in KV: a key is looked up, and when it is not there it is written and the work goes on.

A lock, a name that must be unique, an event to handle once. KV has no "put if absent": two requests both find nothing.
A cache (what was read is used), a default written once and a plain overwrite are no claims.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.project.atoms import Func, Global, Plat
from edgelint.project.call_contexts import Context, contexts
from edgelint.project.calls import BindingCall
from edgelint.project.derivation import Origin, Place
from edgelint.project.flow import Condition, conditions, leaves, split
from edgelint.project.frames import callback_frame
from edgelint.project.identity import callee_name
from edgelint.project.kvflow import KvFlows, is_serialised, stored
from edgelint.project.made_of import COMPARISONS, SAME, TEST
from edgelint.project.scopes import Def
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

_LEVELS = 2
_ABSENT = ("null", "undefined")
_READING = frozenset({"Boolean", "bool", "Number", "parseInt", "parseFloat", "int", "float", "String", "str", "len"})
_LOGGING = frozenset({"console", "logger", "log", "logging", "Sentry", "print"})
_REQUEST_TYPES = frozenset({"request", "hono-request", "form-data", "headers", "queue-message"})
_TURNED_AWAY = frozenset({409, 423, 425, 429})


class Claim(NamedTuple):
    """A read that finds nothing, and the write that follows; ``site`` is the write as the flow sees it."""

    read: BindingCall
    write: BindingCall
    site: Place
    test: Place

    @property
    def span(self) -> Span:
        """What is called to write."""
        node = self.site.node
        return self.site.file.span(node.func if isinstance(node, tree.Call) else node)


class _Absence(NamedTuple):
    """A test that tells whether a key is there. ``present``: what the test gives when it is."""

    origin: Origin
    present: bool


class KvClaims:
    """The claims of a project."""

    def __init__(self, flows: KvFlows) -> None:
        self.flows = flows
        self.e = flows.e
        self._claims: list[Claim] | None = None

    def claims(self) -> list[Claim]:
        """Every claim, one for each read."""
        if self._claims is None:
            taken = {pair.read.node for pair in self.flows.pairs()}
            found: dict[tuple[Node, Node], Claim] = {}
            for write in self.flows.writes():
                for claim in self.claims_of(write):
                    if claim.read.node not in taken:
                        found.setdefault((claim.read.node, claim.site.node), claim)
            self._claims = list(found.values())
        return self._claims

    def claims_of(self, write: BindingCall) -> Iterator[Claim]:
        """The claims that ``write`` makes, where the read and the write are first seen together."""
        level: int | None = None
        for context in contexts(write.node, write.file, self.e):
            if context.level > (_LEVELS if level is None else level):
                return
            if is_serialised(context) or self.flows.is_scheduled(context) or self.flows.read_by(write, context):
                continue
            for claim in self.in_context(write, context):
                level = context.level
                yield claim
                break

    def in_context(self, write: BindingCall, context: Context) -> Iterator[Claim]:
        for place in context.chain:
            for condition in (*conditions(place.node), *_thrown_before(place.node)):
                for absence in self.absences(condition.test, place.file, place.frame, condition.holds, 0):
                    origin = absence.origin
                    if absence.present == condition.holds or _inside_one_call(origin.frame, context.frame):
                        continue
                    read = self.flows.reads_in(origin.file)[origin.node]
                    if not self.flows.same_key(read, origin.frame, write, context.frame):
                        continue
                    if not _repeats(read) and (
                        self.is_used(origin, place) or not self.decides(condition, place, write, context)
                    ):
                        continue
                    yield Claim(read, write, context.site, Place(condition.test, place.file, place.frame))

    # -- tests of presence -------------------------------------------------------------------------------------------

    def absences(
        self, test: Node, file: SourceFile, frame: Frame | None, holds: bool, depth: int
    ) -> Iterator[_Absence]:
        """What ``test`` says of whether keys are there."""
        while isinstance(test, tree.Await | tree.Cast):
            test = test.value
        if depth > 6:
            return
        depth += 1
        if isinstance(test, tree.Unary) and test.op == "!":
            yield from _turned(self.absences(test.value, file, frame, not holds, depth))
        elif isinstance(test, tree.Binary) and test.op in ("&&", "||"):
            yield from self.absences(test.left, file, frame, holds, depth)
            yield from self.absences(test.right, file, frame, holds, depth)
        elif isinstance(test, tree.Binary) and test.op in COMPARISONS:
            yield from self.compared(test, file, frame, holds, depth)
        elif isinstance(test, tree.Call) and callee_name(test) in ("Boolean", "bool") and test.args:
            yield from self.absences(test.args[0], file, frame, holds, depth)
        elif isinstance(test, tree.Conditional) and (said := _said(test)) is not None:
            found = self.absences(test.test, file, frame, holds == said, depth)
            yield from found if said else _turned(found)
        elif isinstance(test, tree.Call) and isinstance(test.func, tree.Member) and _is_then(test):
            yield from self.chained(test, test.func, file, frame, holds, depth)
        else:
            yield from self.truth(test, file, frame, holds, depth)

    def compared(
        self, test: tree.Binary, file: SourceFile, frame: Frame | None, holds: bool, depth: int
    ) -> Iterator[_Absence]:
        if test.op in ("<", ">", "<=", ">="):
            # a time that was stored, compared with now: whoever comes too early is turned away
            if any(self.flows.is_timely(side, file, frame) for side in (test.left, test.right)):
                for side in (test.left, test.right):
                    for origin in self.flows.from_reads.origins(side, file, frame):
                        if TEST not in origin.how and origin.path in ((), ("value",)):
                            yield _Absence(origin, not holds)
            return
        equal = test.op in ("===", "==")
        for side, other in ((test.left, test.right), (test.right, test.left)):
            if _is_nothing(other):
                found = self.absences(side, file, frame, not holds if equal else holds, depth)
                yield from _turned(found) if equal else found
            elif isinstance(other, tree.Literal) and test.op in ("===", "==", "!==", "!="):
                for origin in self.flows.from_reads.origins(side, file, frame):
                    if origin.how == SAME and origin.path in ((), ("value",)):
                        yield _Absence(origin, equal)

    def truth(self, test: Node, file: SourceFile, frame: Frame | None, holds: bool, depth: int) -> Iterator[_Absence]:
        asked = False
        for origin in self.flows.from_reads.origins(test, file, frame):
            if origin.how == SAME and origin.path in ((), ("value",)):
                yield _Absence(origin, True)
            asked = asked or TEST in origin.how
        if isinstance(test, tree.Name):
            symbol = file.index.resolve(test)
            values = [v for d in symbol.defs if (v := _value_of(d)) is not None] if symbol else []
            if len(values) == 1 and (asked or _is_chain(values[0])):
                yield from self.absences(values[0], file, frame, holds, depth)
        elif isinstance(test, tree.Call):
            for atom in self.e.evaluate(test.func, file, frame):
                inner = self.e.call_values.frame(atom, test, file, frame) if isinstance(atom, Func) else None
                if isinstance(atom, Func) and inner is not None:
                    yield from self.answered(atom, inner, holds, depth)

    def chained(
        self, test: tree.Call, func: tree.Member, file: SourceFile, frame: Frame | None, holds: bool, depth: int
    ) -> Iterator[_Absence]:
        """``read.then(f)``: what ``f`` makes of what was read."""
        for atom in self.e.evaluate(test.args[0], file, frame):
            if isinstance(atom, Func):
                inner = callback_frame(atom, func, test, file, frame)
                yield from self.answered(atom, inner, holds, depth)
            elif isinstance(atom, Global) and atom.path in ("Boolean", "bool"):
                yield from self.absences(func.obj, file, frame, holds, depth)

    def answered(self, func: Func, frame: Frame | None, holds: bool, depth: int) -> Iterator[_Absence]:
        """What it says of keys that a helper gives something true."""
        from edgelint.project.call_values import returns_of

        body = func.node.body
        if body is not None and not isinstance(body, tree.Block):
            if _is_question(body):
                yield from self.absences(body, func.file, frame, holds, depth)
            return
        for statement in returns_of(func.node):
            value = statement.value
            if isinstance(value, tree.Literal) and value.kind == "boolean" and value.value is True:
                for condition in conditions(statement, across_functions=False):
                    for found in self.absences(condition.test, func.file, frame, condition.holds, depth):
                        yield _Absence(found.origin, found.present == condition.holds)
            elif value is not None and _is_question(value):
                yield from self.absences(value, func.file, frame, holds, depth)

    # -- what was read -----------------------------------------------------------------------------------------------

    def is_used(self, origin: Origin, place: Place) -> bool:
        """Whether what was read is used for more than to see whether it is there."""
        node, file, frame = origin.node, origin.file, origin.frame
        while frame is not None and frame is not place.frame and frame.call is not None:
            node, file, frame = frame.call, frame.file, frame.parent
        return not self.only_tested(node, file, 0)

    def only_tested(self, node: Node, file: SourceFile, depth: int) -> bool:
        at = node
        while at.parent is not None and depth < 6:
            parent = at.parent
            if isinstance(parent, tree.If | tree.Loop | tree.ExprStmt | tree.Throw):
                return True
            if isinstance(parent, tree.Conditional) and parent.test is at:
                return True
            if isinstance(parent, tree.Binary) and parent.op in COMPARISONS:
                return True
            if isinstance(parent, tree.Unary) and parent.op in ("!", "typeof"):
                return True
            if isinstance(parent, tree.Assign) and parent.value is at:
                return all(self.only_tested(use, file, depth + 1) for use in _uses(parent.target, file))
            if isinstance(parent, tree.Call) and parent.func is not at:
                if _logs(parent):
                    return True
                if callee_name(parent) not in _READING:
                    return _is_turned_away(at)
            elif isinstance(parent, tree.Call) and _is_then(parent):
                if not isinstance(parent.args[0], tree.Name) or parent.args[0].id not in _READING:
                    return self.only_tested_in(parent.args[0], file, depth)
            elif isinstance(parent, tree.Return | tree.Function | tree.Block):
                function = tree.enclosing_function(at)
                call = function.parent if function is not None else None
                if isinstance(parent, tree.Block) or not isinstance(call, tree.Call) or not _is_then(call):
                    return _is_turned_away(at)
                parent = call  # what the callback gives is what the chain gives
            at = parent
        return False

    def only_tested_in(self, callback: Node, file: SourceFile, depth: int) -> bool:
        """Whether the callback of a ``then`` only tests what it is given."""
        functions = [a for a in self.e.evaluate(callback, file) if isinstance(a, Func)]
        return bool(functions) and all(
            self.only_tested(use, function.file, depth + 1)
            for function in functions for param in function.node.params[:1] if isinstance(param, tree.Param)
            for use in _uses(param.target, function.file)
        )

    # -- what hangs on it --------------------------------------------------------------------------------------------

    def decides(self, condition: Condition, place: Place, write: BindingCall, context: Context) -> bool:
        """Whether it matters who was first: one who comes second is refused, or work is done only once."""
        statement = next((p for p in tree.ancestors(condition.test) if not isinstance(p, _INSIDE_TESTS)), None)
        if not isinstance(statement, tree.If):
            return isinstance(statement, tree.Conditional) and (_refuses(statement.then) or _refuses(statement.other))
        branches = [b for b in (statement.then, statement.other) if b is not None]
        own = next((b for b in branches if b.start <= place.node.start < b.end), None)
        rest = _after(statement)
        others: list[Node] = []
        if own is None:
            others += [b for b in branches if leaves(b)]
            mine = rest
        else:
            others += [b for b in branches if b is not own] or (rest if leaves(own) else [])
            # what follows is only reached from here when the other branch leaves
            mine = list(own.body) + (rest if any(leaves(b) for b in branches if b is not own) else [])
        if any(_refuses(other) for other in others):
            return True
        if isinstance(condition.test, tree.Binary) and condition.test.op in ("<", ">", "<=", ">="):
            return False
        effects = self.effects(mine, place, write)
        if self.is_computed(write, context):
            return effects
        answers = {place.file.text(value) for other in others for value in _answers(other)}
        final = {place.file.text(value) for part in mine for value in _answers(part)}
        return effects or bool(answers and not answers <= final)

    def effects(self, statements: list[Node], place: Place, write: BindingCall) -> bool:
        """Whether ``statements`` do more than the write and what its value takes."""
        for statement in statements:
            for node in tree.walk_function(statement):
                if isinstance(node, tree.ExprStmt):
                    call = node.value
                    while isinstance(call, tree.Await | tree.Unary):
                        call = call.value
                    if isinstance(call, tree.Call) and not _logs(call) and not _holds(call, place.node):
                        return True
        return False

    def is_computed(self, write: BindingCall, context: Context) -> bool:
        """Whether the written value is fetched, queried or otherwise waited for (but for the request's own data)."""
        return any(self.waits(node, write.file, 0) for node in stored(write))

    def waits(self, node: Node, file: SourceFile, depth: int) -> bool:
        for part in tree.walk(node):
            if isinstance(part, tree.Await) and not self.is_request_data(part.value, file):
                return True
            if isinstance(part, tree.Name) and depth < 4:
                symbol = file.index.resolve(part)
                for d in symbol.defs if symbol is not None else ():
                    if d.kind == "value" and d.node is not None and self.waits(d.node, file, depth + 1):
                        return True
        return False

    def is_request_data(self, node: Node, file: SourceFile) -> bool:
        if isinstance(node, tree.Call) and isinstance(node.func, tree.Member):
            value = self.e.evaluate(node.func.obj, file)
            return any(isinstance(a, Plat) and a.type in _REQUEST_TYPES for a in value)
        return False


_INSIDE_TESTS = (tree.Unary, tree.Binary, tree.Cast, tree.Await, tree.Call, tree.Assign)


def _is_then(call: tree.Call) -> bool:
    return isinstance(call.func, tree.Member) and call.func.name == "then" and bool(call.args)


def _is_chain(node: Node) -> bool:
    while isinstance(node, tree.Await | tree.Cast):
        node = node.value
    return isinstance(node, tree.Call) and _is_then(node)


def _said(node: tree.Conditional) -> bool | None:
    """What ``test ? true : false`` says where the test holds; None when it is more than that."""
    values = [n.value if isinstance(n, tree.Literal) and n.kind == "boolean" else None for n in (node.then, node.other)]
    return bool(values[0]) if set(values) == {True, False} else None


def _value_of(d: Def) -> Node | None:
    """The expression that a variable holds; of the parameter of a ``then`` callback what the chain before it gives."""
    if d.kind == "value":
        return d.node
    function = d.node.parent if d.kind == "param" and d.node is not None and not d.path else None
    if not isinstance(function, tree.Function) or function.params[:1] != [d.node]:
        return None
    call = function.parent
    if isinstance(call, tree.Call) and isinstance(call.func, tree.Member) and _is_then(call):
        return call.func.obj if call.args[0] is function else None
    return None


def _thrown_before(node: Node) -> Iterator[Condition]:
    """What holds in a callback of a chain because a callback before it throws otherwise: ``read.then((v) => { if (v)
    throw ... }).then(() => write)``."""
    for function in tree.ancestors(node):
        call = function.parent
        if not isinstance(function, tree.Function) or not isinstance(call, tree.Call) or not _is_then(call):
            continue
        before: Node = call
        while isinstance(before, tree.Call) and isinstance(before.func, tree.Member) and _is_then(before):
            before = before.func.obj
            for statement in _statements_of(before):
                if isinstance(statement, tree.If) and _throws(statement.then):
                    yield from split(statement.test, False)


def _statements_of(node: Node) -> list[Node]:
    """The statements of the callback that stands in ``node``, a call of ``then``; empty for anything else."""
    function = node.args[0] if isinstance(node, tree.Call) and _is_then(node) else None
    body = function.body if isinstance(function, tree.Function) else None
    return body.body if isinstance(body, tree.Block) else []


def _throws(block: Node) -> bool:
    """Whether a branch ends in an exception."""
    last = block.body[-1] if isinstance(block, tree.Block) and block.body else block
    return isinstance(last, tree.Throw)


def _repeats(read: BindingCall) -> bool:
    """Whether it is an idempotency key: the answer is given again, and the work must run only once all the same."""
    key = read.arg(0)
    return key is not None and "idempot" in _spelled(key, read.file).lower()


def _turned(found: Iterator[_Absence]) -> Iterator[_Absence]:
    for absence in found:
        yield absence._replace(present=not absence.present)


def _inside_one_call(read: Frame | None, write: Frame | None) -> bool:
    return read is not None and write is not None and read.outermost is write.outermost


def _is_nothing(node: Node) -> bool:
    return (isinstance(node, tree.Literal) and node.kind == "null") or (
        isinstance(node, tree.Name) and node.id in _ABSENT
    )


def _is_question(node: Node) -> bool:
    """Whether a helper's result is an answer, not the value it read."""
    while isinstance(node, tree.Await | tree.Cast):
        node = node.value
    if isinstance(node, tree.Call):
        return callee_name(node) in ("Boolean", "bool", "then") or isinstance(node.func, tree.Name)
    if isinstance(node, tree.Conditional):
        return _said(node) is not None
    return isinstance(node, tree.Unary | tree.Binary | tree.Name)


def _uses(target: Node, file: SourceFile) -> Iterator[Node]:
    """Where the variables that ``target`` binds are used."""
    names = [n for n in tree.walk(target) if isinstance(n, tree.Name)]
    for name in names:
        symbol = file.index.resolve(name)
        for use in file.index.uses(symbol) if symbol is not None else ():
            parent = use.parent
            if use not in names and not (isinstance(parent, tree.Assign) and parent.target is use):
                yield use


def _logs(call: tree.Call) -> bool:
    func = call.func
    while isinstance(func, tree.Member):
        func = func.obj
    return isinstance(func, tree.Name) and func.id in _LOGGING


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _is_turned_away(node: Node) -> bool:
    """Whether ``node`` stands in a branch that turns the second one away: what it shows there is only said."""
    for parent in tree.ancestors(node):
        if isinstance(parent, tree.Block) and isinstance(parent.parent, tree.If) and leaves(parent):
            numbers = {n.value for n in tree.walk(parent) if isinstance(n, tree.Literal) and n.kind == "number"}
            return bool(numbers & _TURNED_AWAY) or any(isinstance(n, tree.Throw) for n in tree.walk(parent))
        if isinstance(parent, tree.Function):
            return False
    return False


def _refuses(node: Node) -> bool:
    """Whether something is refused: an exception, a status over 399, false."""
    for part in tree.walk(node):
        if isinstance(part, tree.Throw):
            return True
        if isinstance(part, tree.Literal):
            if part.kind == "boolean" and part.value is False:
                return True
            if part.kind == "number" and isinstance(part.value, int) and 400 <= part.value < 600:
                return True
    return False


def _answers(block: Node) -> Iterator[Node]:
    for node in tree.walk_function(block):
        if isinstance(node, tree.Return) and node.value is not None:
            yield node.value


def _after(statement: Node) -> list[Node]:
    """The statements that follow in the same block."""
    block = statement.parent
    if not isinstance(block, tree.Block | tree.Module):
        return []
    return [s for s in block.body if s.start >= statement.end]


def _spelled(node: Node, file: SourceFile) -> str:
    """The source text of a key, and of what its variable is made from."""
    text = file.text(node)
    symbol = file.index.resolve(node) if isinstance(node, tree.Name) else None
    for d in symbol.defs if symbol is not None else ():
        if d.kind == "value" and d.node is not None:
            text += file.text(d.node)
    return text
