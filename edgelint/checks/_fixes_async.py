"""Promises of writes that nobody waits for: awaited, or handed to ``waitUntil``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.checks._fixes_text import insertion
from edgelint.diagnostics import Edit, Fix, Span
from edgelint.project.atoms import Const, Number, Plat, SafeText
from edgelint.project.flow import is_waiting
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project
    from edgelint.project.promises import Dropped
    from edgelint.syntax.tree import Node

_CHAINS = frozenset({"then", "catch", "finally"})
_PLAIN_BODIES = frozenset({"text", "json", "arrayBuffer", "bytes", "stringify", "String", "toString", "toISOString",
                           "dumps", "str"})  # fmt: skip
_OF_OBJECTS = frozenset({"keys", "values", "entries"})
_GIVE_ARRAYS = frozenset({"split", "map", "filter", "slice", "flat", "flatMap", "sort", "reverse"})
# The argument that may be a stream, by the kind of store and the method.
_BODIES = {("kv", "put"): 1, ("r2", "put"): 1, ("cache", "put"): 1}


def waited_for(drop: Dropped, project: Project) -> Fix | None:
    """A fix for a promise that is a statement of its own, the array or the function that ``waitUntil`` is given, or
    what ``forEach`` drops. None for any other, and in a function that cannot await and has no ``ctx``.

    A write is awaited in an async function. That is safe: it comes before what follows it, as it is written, and its
    failure is the function's. It is not where waiting may hang or hide something: in a loop (one after the other),
    where an error is dealt with (its failure would take the error's place), with a body that may be a stream (which
    something below may have to feed), and in a Durable Object (other events get in).

    What else makes a promise goes to ``waitUntil`` where ``ctx`` is at hand: safe, for nothing happens later than
    it did.
    """
    file = drop.file
    at = drop.at
    if isinstance(at, tree.Call) and is_waiting(at) and file.language != "python":
        return _given_to_wait(at, file)
    statement = _statement(drop)
    if statement is None:
        return None
    function = tree.enclosing_function(statement)
    inner = statement.value
    if isinstance(inner, tree.Unary) and inner.op == "void":
        inner = inner.value
    if function is None:
        return None
    if isinstance(inner, tree.Call) and isinstance(inner.func, tree.Member) and inner.func.name == "forEach":
        return _each(inner, function, file)
    chained = _ends_in(inner, drop.call)
    at_once = isinstance(inner, tree.Call) and isinstance(inner.func, tree.Function) and inner.func.is_async
    if not chained and not at_once:
        return None
    direct = drop.call is drop.write.node and _ends_in(inner, drop.call, frozenset({"catch"}))
    certain = direct and function.is_async and not drop.in_object and _may_wait(statement, function, drop, project)
    ctx = None if certain or drop.in_object or file.language == "python" else _context(statement, file, project)
    begin = Span(file.path, statement.value.start, inner.start)
    if ctx is not None:
        edits = (Edit(begin, f"{ctx}.waitUntil("), insertion(file.path, inner.end, ")"))
        return Fix(f"Give it to {ctx}.waitUntil()", edits, True)
    if not function.is_async or at_once:
        return None
    return Fix("Await it", (Edit(begin, "await "),), certain and inner is statement.value)


def _statement(drop: Dropped) -> tree.ExprStmt | None:
    """The statement that ``drop.at`` is, or is the expression of."""
    node: Node | None = drop.at
    while node is not None and not isinstance(node, tree.ExprStmt):
        if isinstance(node, tree.Block | tree.Function | tree.Assign):
            return None
        node = node.parent
    return node


def _ends_in(node: Node, call: Node, names: frozenset[str] = _CHAINS) -> bool:
    """Whether ``node`` is ``call``, or a chain of methods of these names behind it."""
    while node is not call:
        if not isinstance(node, tree.Call) or not isinstance(node.func, tree.Member) or node.func.name not in names:
            return False
        node = node.func.obj
    return True


def _may_wait(statement: Node, function: tree.Function, drop: Dropped, project: Project) -> bool:
    for around in tree.ancestors(statement):
        if around is function:
            break
        if isinstance(around, tree.Loop | tree.Catch):
            return False
        parent = around.parent
        if isinstance(parent, tree.Try) and parent.final is around:
            return False
    position = _BODIES.get((drop.write.kind, drop.write.verb))
    body = drop.write.arg(position) if position is not None else None
    return position is None or (body is not None and _is_plain(body, drop.write.file, project))


def _is_plain(node: Node, file: SourceFile, project: Project) -> bool:
    """Whether a body is text, a number or bytes for certain, and no stream."""
    while isinstance(node, tree.Await | tree.Cast):
        node = node.value
    if isinstance(node, tree.Literal | tree.Template):
        return True
    if isinstance(node, tree.Binary):
        return node.op == "+" or (_is_plain(node.left, file, project) and _is_plain(node.right, file, project))
    if isinstance(node, tree.Call):
        func = node.func
        name = func.name if isinstance(func, tree.Member) else func.id if isinstance(func, tree.Name) else ""
        if name in _PLAIN_BODIES:
            return True
    if isinstance(node, tree.Name):
        symbol = file.index.resolve(node)
        given = symbol.defs[0] if symbol is not None and len(symbol.defs) == 1 else None
        if given is not None and isinstance(given.node, tree.Param):
            return (given.node.annotation or "").strip(" :") in ("string", "str", "number", "int")
        if given is not None and given.kind == "value" and not given.path and given.node is not None:
            return _is_plain(given.node, file, project)
    value = project.evaluator.evaluate(node, file)
    return bool(value) and all(isinstance(atom, Const | Number | SafeText) for atom in value)


def _context(statement: Node, file: SourceFile, project: Project) -> str | None:
    """What the execution context is called where ``statement`` stands: a parameter of a function around it, or
    ``this.ctx`` in a method of an entrypoint."""
    at: tree.Function | None = tree.enclosing_function(statement)
    scope = file.index.scope_of(statement)
    own_this = True
    while at is not None:
        for param in at.params:
            target = param.target if isinstance(param, tree.Param) and not param.rest else None
            if isinstance(target, tree.Name) and not (isinstance(param, tree.Param) and param.default):
                symbol = scope.lookup(target.id)
                if symbol is not None and symbol is file.index.resolve(target) and len(symbol.defs) == 1:
                    value = project.evaluator.symbol_value(symbol, file, None, None)
                    if value and all(isinstance(a, Plat) and a.type == "execution-context" for a in value):
                        return target.id
        klass = at.parent
        if own_this and isinstance(klass, tree.Class) and at.kind == "method" and not at.is_static:
            if project.graph.class_kind(klass, file, project.evaluator) == "entrypoint":
                return "this.ctx"
        own_this = own_this and at.kind == "arrow"
        at = tree.enclosing_function(at)
    return None


def _given_to_wait(call: tree.Call, file: SourceFile) -> Fix | None:
    """``waitUntil(Promise.all([...]))`` for an array (safe: what it holds is under way already); a call of the function
    that it is given in its place (unsafe: what was never run is)."""
    given = call.args[0] if len(call.args) == 1 else None
    if isinstance(given, tree.Array):
        edits = (insertion(file.path, given.start, "Promise.all("), insertion(file.path, given.end, ")"))
        return Fix("Wait for all of them", edits, True)
    if isinstance(given, tree.Function) and given.is_async and not given.params and not given.is_generator:
        edits = (insertion(file.path, given.start, "("), insertion(file.path, given.end, ")()"))
        return Fix("Call the function", edits)
    return None


def _is_array(node: Node, file: SourceFile) -> bool:
    """Whether ``node`` is an array for certain: what else has ``forEach`` (a Map, Headers) may have no ``map``."""
    if isinstance(node, tree.Name):
        symbol = file.index.resolve(node)
        one = symbol.defs[0] if symbol is not None and len(symbol.defs) == 1 else None
        return one is not None and one.kind == "value" and not one.path and one.node is not None and (
            not isinstance(one.node, tree.Name) and _is_array(one.node, file)
        )
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Member):
        of_object = isinstance(node.func.obj, tree.Name) and node.func.obj.id == "Object"
        return node.func.name in (_OF_OBJECTS if of_object else _GIVE_ARRAYS)
    return isinstance(node, tree.Array)


def _each(call: tree.Call, function: tree.Function, file: SourceFile) -> Fix | None:
    """``await Promise.all(items.map(...))`` for ``items.forEach(...)``, when ``items`` is an array for certain. Unsafe:
    the answer waits for all of them, and fails with the first that fails."""
    func = call.func
    callback = call.args[0] if len(call.args) == 1 else None
    if not isinstance(func, tree.Member) or func.optional or not isinstance(callback, tree.Function):
        return None
    if not callback.is_async or not function.is_async or not _is_array(func.obj, file):
        return None
    name = Edit(Span(file.path, func.name_start, func.name_end), "map")
    return Fix("Wait for all of them", (
        insertion(file.path, call.start, "await Promise.all("), name, insertion(file.path, call.end, ")")
    ))  # fmt: skip
