"""Whether two expressions mean the same thing: the same key, the same store, across variables, fields and helpers.

An identity is a value to compare, never to read. It holds in a call context (a ``Frame``): the key of a helper's
``put`` is the argument its caller gives. What may differ from one evaluation to the next (a random id) has none. Time
counts as one value: a key that holds the current minute is the same key in one flow.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from edgelint.project.atoms import Const, Func, Inst, Plat
from edgelint.project.reaching import reaching
from edgelint.project.scopes import Def, Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

Key = Hashable | None

_RANDOM = frozenset({
    "randomUUID", "random", "uuid4", "uuid1", "uuid7", "v4", "v7", "uuid", "nanoid", "ulid", "cuid", "getRandomValues",
    "token_hex", "token_urlsafe", "token_bytes", "urandom", "randint", "randrange", "choice", "createId", "generateId",
    "newUniqueId",
})
_TIME = frozenset({"now", "time", "utcnow", "today", "monotonic"})
_SAME_TEXT = frozenset({"String", "str", "toString", "valueOf"})
_DEPTH = 24  # expressions looked into, one inside the other


class Identities:
    """Identities of expressions over a project."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._memo: dict[tuple[Node, Frame | None], Key] = {}

    def of(self, node: Node, file: SourceFile, frame: Frame | None = None) -> Key:
        """The identity of what ``node`` evaluates to, None when it cannot be told."""
        key = (node, frame)
        if key not in self._memo:
            self._memo[key] = None  # while it is looked for, and for what holds itself
            self._memo[key] = self._find(node, file, frame, 0)
        return self._memo[key]

    def store(self, receiver: Node, file: SourceFile, frame: Frame | None = None) -> Key:
        """The identity of the store a method is called on: the binding's name where known, else the expression's."""
        names = {a.binding for a in self.e.evaluate(receiver, file, frame) if isinstance(a, Plat)}
        if len(names) == 1 and None not in names:
            return ("binding", *names)
        return self.of(receiver, file, frame)

    # -- expressions -------------------------------------------------------------------------------------------------

    def _find(self, node: Node, file: SourceFile, frame: Frame | None, depth: int) -> Key:
        if depth > _DEPTH:
            return None
        depth += 1
        if isinstance(node, tree.Await | tree.Cast):
            return self._find(node.value, file, frame, depth)
        constant = self._constant(node, file, frame)
        if constant is not None:
            return ("const", constant)
        if isinstance(node, tree.Name):
            return self._name(node, file, frame, depth)
        if isinstance(node, tree.Template) and node.tag is None:
            return _joined([self._find(part, file, frame, depth) for part in node.parts])
        if isinstance(node, tree.Binary):
            sides = [self._find(node.left, file, frame, depth), self._find(node.right, file, frame, depth)]
            return _joined(sides) if node.op == "+" else _whole(("op", node.op), sides)
        if isinstance(node, tree.Unary):
            return _whole(("op", node.op), [self._find(node.value, file, frame, depth)])
        if isinstance(node, tree.Conditional):
            parts = (node.test, node.then, node.other)
            return _whole(("if",), [self._find(part, file, frame, depth) for part in parts])
        if isinstance(node, tree.Array):
            return _whole(("array",), [self._find(item, file, frame, depth) for item in node.items])
        if isinstance(node, tree.Member):
            return self._member(node, file, frame, depth)
        if isinstance(node, tree.Call):
            return self._call(node, file, frame, depth)
        return None

    def _constant(self, node: Node, file: SourceFile, frame: Frame | None) -> str | None:
        value = self.e.evaluate(node, file, frame)
        if len(value) == 1:
            (atom,) = value
            if isinstance(atom, Const) and atom.kind in ("string", "number"):
                return str(atom.value)
        return None

    def _name(self, node: tree.Name, file: SourceFile, frame: Frame | None, depth: int) -> Key:
        if node.id in ("this", "super"):
            return self._instance(node, file, frame)
        symbol = file.index.resolve(node)
        if symbol is None:
            return ("global", node.id)
        definitions = reaching(symbol, node) if len(symbol.defs) > 1 else symbol.defs
        if len(definitions) == 1:
            found = self._definition(definitions[0], file, frame, depth)
            if found is not None:
                return found
        return ("symbol", id(symbol), _frame_of(symbol, frame))

    def _instance(self, node: tree.Name, file: SourceFile, frame: Frame | None) -> Key:
        made = [a for a in self.e.evaluate(node, file, frame) if isinstance(a, Inst)]
        return ("instance", *(id(a.node) for a in made)) if made else None

    def _definition(self, d: Def, file: SourceFile, frame: Frame | None, depth: int) -> Key:
        if d.kind == "value" and d.node is not None and d.default is None:
            base = self._find(d.node, file, frame, depth)
            return base if not d.path or base is None else ("path", base, d.path)
        if d.kind == "param" and isinstance(d.node, tree.Param) and isinstance(d.node.parent, tree.Function):
            if d.node.parent.params and d.at is d.node and _is_self(d.node, d.node.parent):
                return ("instance", id(d.node.parent.parent))
            found = frame.find(d.node.parent) if frame is not None else None
            given = argument_of(d.node, d.node.parent, found) if found is not None else None
            if found is None or given is None:
                return None
            base = self._find(given, found.file, found.parent, depth)
            return base if not d.path or base is None else ("path", base, d.path)
        if d.kind == "import" and isinstance(d.at, tree.Import) and isinstance(d.node, tree.ImportName):
            target = self.e.graph.resolve(file, d.at.source, d.at.level)
            if target is None:
                return ("external", d.at.source, d.node.imported)
            exported = self.e.graph.export(target, d.node.imported)
            return ("export", id(exported[1])) if exported is not None else None
        if d.kind in ("function", "class"):
            return ("declared", id(d.node))
        return None

    def _member(self, node: tree.Member, file: SourceFile, frame: Frame | None, depth: int) -> Key:
        base = self._find(node.obj, file, frame, depth)
        if base is None:
            return None
        if node.name is not None:
            return ("member", base, node.name)
        return _whole(("item", base), [self._find(node.index, file, frame, depth)]) if node.index is not None else None

    def _call(self, node: tree.Call, file: SourceFile, frame: Frame | None, depth: int) -> Key:
        name = callee_name(node)
        if name in _RANDOM:
            return None
        if not node.args and (name in _TIME or (name == "Date" and node.is_new)):
            return ("now",)
        if name in _SAME_TEXT and not node.is_new:
            if isinstance(node.func, tree.Name) and len(node.args) == 1:
                return self._find(node.args[0], file, frame, depth)
            if isinstance(node.func, tree.Member) and not node.args:
                return self._find(node.func.obj, file, frame, depth)
        functions = [a for a in self.e.evaluate(node.func, file, frame) if isinstance(a, Func)]
        if len(functions) == 1 and not node.is_new:
            found = self._returned(functions[0], node, file, frame, depth)
            if found is not None:
                return found
        parts = [self._find(node.func, file, frame, depth)]
        for arg in node.args:
            value = arg.value if isinstance(arg, tree.Keyword | tree.Spread) else arg
            parts.append(self._find(value, file, frame, depth))
        return _whole(("call", node.is_new), parts)

    def _returned(self, func: Func, node: tree.Call, file: SourceFile, frame: Frame | None, depth: int) -> Key:
        """What a helper that only puts a key together gives for this call."""
        inner = self.e.call_values.frame(func, node, file, frame)
        given = sole_return(func.node)
        if inner is None or given is None:
            return None
        return self._find(given, func.file, inner, depth)


def sole_return(function: tree.Function) -> Node | None:
    """The expression a function returns, None unless there is exactly one."""
    from edgelint.project.call_values import returns_of

    if function.body is None or isinstance(function.body, tree.Block):
        found = [r.value for r in returns_of(function) if r.value is not None]
        return found[0] if len(found) == 1 else None
    return function.body


def callee_name(call: tree.Call) -> str:
    """The last name of what is called, "" when it has none."""
    func = call.func
    while isinstance(func, tree.Cast):
        func = func.value
    if isinstance(func, tree.Member):
        return func.name or ""
    return func.id if isinstance(func, tree.Name) else ""


def argument_of(param: tree.Param, function: tree.Function, frame: Frame) -> Node | None:
    """What the call of ``frame`` gives for ``param``: an expression in ``frame.file`` under ``frame.parent``."""
    if param.rest:
        return None
    if isinstance(param.target, tree.Name) and param.target.id in frame.keywords:
        return frame.keywords[param.target.id]
    position = function.params.index(param)
    given = frame.args[position] if position < len(frame.args) else None
    return given if isinstance(given, Node) else None


def is_time(node: Node, file: SourceFile, depth: int = 0) -> bool:
    """Whether the current time is part of what ``node`` evaluates to, directly or through variables."""
    for at in tree.walk(node):
        if isinstance(at, tree.Call):
            if reads_clock(at, file):
                return True
        elif isinstance(at, tree.Name) and depth < 4:
            symbol = file.index.resolve(at)
            for d in symbol.defs if symbol is not None else ():
                if d.kind == "param" and at.id in ("now", "nowMs", "now_ms", "currentTime", "current_time"):
                    return True
                if d.kind == "value" and d.node is not None and not d.path and d.node is not node:
                    if is_time(d.node, file, depth + 1):
                        return True
    return False


def reads_clock(call: tree.Call, file: SourceFile) -> bool:
    name = callee_name(call)
    if name == "Date":
        return not call.args
    if name == "time":
        return file.language == "python" and not call.args
    return name in _TIME


def _is_self(param: tree.Param, function: tree.Function) -> bool:
    from edgelint.project.callers import is_self

    return is_self(param, function)


def _frame_of(symbol: Symbol, frame: Frame | None) -> int:
    """Which of the calls looked into a local variable belongs to (0: to none of them)."""
    at: Node | None = symbol.scope.node
    while at is not None and frame is not None:
        if isinstance(at, tree.Function):
            found = frame.find(at)
            if found is not None:
                return id(found)
        at = at.parent
    return 0


def _whole(head: tuple[Hashable, ...], parts: list[Key]) -> Key:
    return None if any(part is None for part in parts) else (*head, *parts)


def _joined(parts: list[Key]) -> Key:
    """Text put together: flat, with the constants beside each other joined."""
    flat: list[Hashable] = []
    for part in parts:
        if part is None:
            return None
        inner = list(part[1:]) if isinstance(part, tuple) and part and part[0] == "join" else [part]
        for item in inner:
            last = flat[-1] if flat else None
            if _is_const(item) and _is_const(last):
                flat[-1] = ("const", f"{last[1]}{item[1]}")  # type: ignore[index]
            else:
                flat.append(item)
    return flat[0] if len(flat) == 1 else ("join", *flat)


def _is_const(item: Hashable) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and item[0] == "const"
