"""Control flow questions: which conditions hold at a node, what happens to the value of an expression.

``conditions`` climbs from a node through the tests that must have gone one way for it to be reached: an ``if`` around
it, the left side of ``&&``, an earlier ``if (...) return``. ``fate`` follows a promise to where it is awaited, or
dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from edgelint.project.files import SourceFile
from edgelint.project.reaching import reaching
from edgelint.project.scopes import Symbol
from edgelint.project.unwaited import Step, Taken, is_read, only_shows, only_tests, reads_result, step_of, taken
from edgelint.syntax import tree
from edgelint.syntax.tree import Node


class Condition(NamedTuple):
    """``test`` was ``holds`` (true or false) on every way to the node."""

    test: Node
    holds: bool


def conditions(node: Node, across_functions: bool = True) -> Iterator[Condition]:
    """Everything that is certain at ``node``, nearest first. A closure also stands under what holds where it is made.
    """
    at = node
    while at.parent is not None:
        parent = at.parent
        cls = parent.__class__
        if cls is tree.If:
            assert isinstance(parent, tree.If)
            if at is parent.then:
                yield from split(parent.test, True)
            elif at is parent.other:
                yield from split(parent.test, False)
        elif cls is tree.Conditional:
            assert isinstance(parent, tree.Conditional)
            if at is parent.then:
                yield from split(parent.test, True)
            elif at is parent.other:
                yield from split(parent.test, False)
        elif cls is tree.Binary:
            assert isinstance(parent, tree.Binary)
            if at is parent.right and parent.op in ("&&", "||"):
                yield from split(parent.left, parent.op == "&&")
        elif cls is tree.Loop:
            assert isinstance(parent, tree.Loop)
            if at is parent.body and parent.test is not None and parent.kind in ("while", "for"):
                yield from split(parent.test, True)
        elif cls is tree.Block or cls is tree.Module:
            assert isinstance(parent, tree.Block | tree.Module)
            yield from _earlier(parent.body, at)
        elif cls is tree.Case:
            assert isinstance(parent, tree.Case)
            switch = parent.parent
            if isinstance(switch, tree.Switch):
                for test in parent.tests:
                    if not isinstance(test, tree.Unknown):
                        yield Condition(tree.Binary(test.start, test.end, "===", switch.subject, test), True)
        elif cls is tree.Comprehension:
            assert isinstance(parent, tree.Comprehension)
            if at is parent.element:
                for clause in parent.clauses:
                    if isinstance(clause, tree.Loop):
                        for test in clause.body.body:
                            yield from split(test.value if isinstance(test, tree.ExprStmt) else test, True)
        elif cls is tree.Function and not across_functions:
            return
        at = parent


def _earlier(body: list[Node], at: Node) -> Iterator[Condition]:
    for statement in body:
        if statement is at:
            return
        if isinstance(statement, tree.If):
            if leaves(statement.then):
                yield from split(statement.test, False)
            elif statement.other is not None and leaves(statement.other):
                yield from split(statement.test, True)
        elif isinstance(statement, tree.Unknown) and statement.what == "assert" and statement.items:
            yield from split(statement.items[0], True)


def split(test: Node, holds: bool) -> Iterator[Condition]:
    """The single tests that are certain when ``test`` was ``holds``."""
    if isinstance(test, tree.Unary) and test.op == "!":
        yield from split(test.value, not holds)
        return
    if isinstance(test, tree.Binary) and ((test.op == "&&" and holds) or (test.op == "||" and not holds)):
        yield from split(test.left, holds)
        yield from split(test.right, holds)
        return
    if isinstance(test, tree.Cast):
        yield from split(test.value, holds)
        return
    yield Condition(test, holds)


def replaced_when(node: Node) -> Iterator[Condition]:
    """Tests before ``node`` after which either they did not hold, or what they test was given another value.

    ``if (!response.ok) { if (other.ok) response = other; else return failure }``
    """
    at = node
    while at.parent is not None and not isinstance(at, tree.Function):
        parent = at.parent
        if isinstance(parent, tree.Block | tree.Module):
            for statement in parent.body:
                if statement is at:
                    break
                if isinstance(statement, tree.If) and not leaves(statement.then):
                    names = {n.id for n in tree.walk(statement.test) if isinstance(n, tree.Name)}
                    if _leaves_or_sets(statement.then, names):
                        yield from split(statement.test, False)
        at = parent


def _leaves_or_sets(node: Node, names: set[str]) -> bool:
    if isinstance(node, tree.Assign):
        return node.op == "=" and isinstance(node.target, tree.Name) and node.target.id in names
    if isinstance(node, tree.ExprStmt):
        return _leaves_or_sets(node.value, names)
    if isinstance(node, tree.Block):
        return any(_leaves_or_sets(statement, names) for statement in node.body)
    if isinstance(node, tree.If):
        return node.other is not None and _leaves_or_sets(node.then, names) and _leaves_or_sets(node.other, names)
    return leaves(node)


def leaves(block: Node | None) -> bool:
    """Whether running ``block`` never goes on after it: it ends in return, throw, break or continue on every way."""
    if block is None:
        return False
    if isinstance(block, tree.Return | tree.Throw | tree.Jump):
        return True
    if isinstance(block, tree.Block):
        return any(leaves(statement) for statement in block.body)
    if isinstance(block, tree.If):
        return block.other is not None and leaves(block.then) and leaves(block.other)
    if isinstance(block, tree.Try):
        if block.final is not None and leaves(block.final):
            return True
        return leaves(block.body) and all(leaves(h.body) for h in block.handlers if isinstance(h, tree.Catch))
    if isinstance(block, tree.ExprStmt):
        call = block.value.value if isinstance(block.value, tree.Await) else block.value
        if isinstance(call, tree.Call):
            func = call.func
            name = func.name if isinstance(func, tree.Member) else func.id if isinstance(func, tree.Name) else ""
            return (
                name in ("notFound", "redirect", "exit", "fail_now")
                and isinstance(func, tree.Name)
                and name != "redirect"
            )
    return False


def same(a: Node, b: Node, file: SourceFile) -> bool:
    """Whether two expressions of one file read the same thing: the same names resolved, the same members."""
    while isinstance(a, tree.Cast | tree.Await):
        a = a.value
    while isinstance(b, tree.Cast | tree.Await):
        b = b.value
    if isinstance(a, tree.Name) and isinstance(b, tree.Name):
        return a.id == b.id and file.index.resolve(a) is file.index.resolve(b)
    if isinstance(a, tree.Member) and isinstance(b, tree.Member):
        if a.name != b.name or not same(a.obj, b.obj, file):
            return False
        if a.index is None or b.index is None:
            return a.name is not None
        return same(a.index, b.index, file)
    if isinstance(a, tree.Literal) and isinstance(b, tree.Literal):
        return a.kind == b.kind and a.value == b.value
    if isinstance(a, tree.Binary) and isinstance(b, tree.Binary):
        return a.op == b.op and same(a.left, b.left, file) and same(a.right, b.right, file)
    if isinstance(a, tree.Call) and isinstance(b, tree.Call):
        return (
            same(a.func, b.func, file) and len(a.args) == len(b.args)
            and all(same(x, y, file) for x, y in zip(a.args, b.args, strict=True))
        )
    return False


def mentions(tree_: Node, subject: Node, file: SourceFile) -> bool:
    """Whether ``subject`` is read somewhere in ``tree_``."""
    return any(same(node, subject, file) for node in tree.walk(tree_) if node.__class__ is subject.__class__)


class Fate(NamedTuple):
    """What becomes of the value of an expression (a promise).

    ``kind``: "awaited", "returned", "passed" (handed to other code, waitUntil among it), "stored" (kept where we do
    not follow), "used" (a member of the promise itself is read, it is looped over), or "dropped" (where it is only
    tested or shown, too). ``at`` is the node where that happens.
    """

    kind: str
    at: Node


_COLLECTORS = frozenset({"all", "allSettled", "race", "any", "gather", "wait"})
_CHAINS = frozenset({"then", "catch", "finally"})
# Calls that ignore what their callback gives. Listeners are not among them: one that waits is all that one can do.
DROPPING_CALLS = frozenset({"forEach", "setTimeout", "setInterval", "queueMicrotask", "setImmediate", "nextTick"})
_COLLECTING_METHODS = frozenset({"push", "add", "append", "unshift"})


def fate(node: Node, file: SourceFile, seen: frozenset[int] = frozenset(), path: tuple[Step, ...] = ()) -> Fate:
    """Where the promise that ``node`` makes ends up; or that which is a part of it, ``path`` being the way to it, the
    innermost step first."""
    if id(node) in seen or len(seen) > 40:
        return Fate("stored", node)
    seen = seen | {id(node)}
    at = node
    while True:
        parent = at.parent
        if parent is None:
            return Fate("stored", at)
        if only_tests(parent, at):
            return Fate("dropped", parent)
        if isinstance(parent, tree.Await | tree.Yield):
            return Fate("awaited", parent)
        if isinstance(parent, tree.Return):
            return _returned(parent, file, seen)
        if isinstance(parent, tree.ExprStmt):
            return _resolved(parent, at, file, seen) or Fate("dropped", parent)
        if isinstance(parent, tree.Cast | tree.Spread | tree.Property | tree.Object | tree.Array | tree.Keyword):
            if not isinstance(parent, tree.Cast | tree.Object):
                path = (*path, step_of(parent, at))
            at = parent
            continue
        if isinstance(parent, tree.Conditional):
            at = parent
            continue
        if isinstance(parent, tree.Binary):
            if at is parent.left and parent.op == ",":
                return Fate("dropped", parent)
            at = parent
            continue
        if isinstance(parent, tree.Member):
            call = parent.parent
            if parent.obj is at and isinstance(call, tree.Call) and call.func is parent:
                if parent.name in _CHAINS:
                    at = call
                    continue
                if isinstance(at, tree.Array) or parent.name in ("map", "filter", "concat", "flat"):
                    path = (None,)
                    at = call
                    continue
            elif parent.obj is at and not path and reads_result(parent):
                return Fate("dropped", parent)
            is_part = is_read(parent, path) if parent.obj is at else None
            if is_part is False:
                return Fate("dropped", parent)  # another part
            if is_part is not None:
                at, path = parent, path[:-1]
                continue
            return Fate("used", parent)
        if isinstance(parent, tree.Call):
            if parent.func is at:
                return Fate("used", parent)
            found = _argument(parent, at, file, seen)
            if found is None:
                path = ()
                at = parent
                continue
            return found
        if isinstance(parent, tree.Function):
            if parent.body is at:
                return _returned_from(parent, file, seen)
            return Fate("stored", parent)
        if isinstance(parent, tree.Assign):
            return _assigned(parent, file, seen, path)
        if isinstance(parent, tree.Loop):
            return Fate("used" if not parent.is_async else "awaited", parent)
        if isinstance(parent, tree.Comprehension):
            path = (None,)
            at = parent
            continue
        if isinstance(parent, tree.Template):
            return Fate("used", parent)
        return Fate("stored", parent)


def _resolved(statement: tree.ExprStmt, chain: Node, file: SourceFile, seen: frozenset[int]) -> Fate | None:
    """``new Promise((resolve) => { p.then(resolve); })``: what becomes of ``p`` becomes of the new promise."""
    function = tree.enclosing_function(statement)
    if function is None or not isinstance(function.parent, tree.Call) or not function.parent.is_new:
        return None
    made = function.parent
    if not _is_promise_class(made.func):
        return None
    names = {p.target.id for p in function.params if isinstance(p, tree.Param) and isinstance(p.target, tree.Name)}
    handed_on = any(isinstance(n, tree.Name) and n.id in names for n in tree.walk(chain))
    return fate(made, file, seen) if handed_on else None


def _argument(call: tree.Call, node: Node, file: SourceFile, seen: frozenset[int]) -> Fate | None:
    """The fate of a promise given to ``call``; None when the call's own value stands for it."""
    func = call.func
    if is_waiting(call) and _is_array(node, file):
        return Fate("dropped", call)  # it waits for a promise, not for those in an array
    if only_shows(call, file):
        return Fate("dropped", call)
    if isinstance(func, tree.Member):
        if func.name in _COLLECTORS and _is_promise_class(func.obj):
            return None
        if func.name == "resolve" and _is_promise_class(func.obj):
            return None
        if func.name in _COLLECTING_METHODS:
            return _collected(func.obj, call, file, seen)
        if (
            func.name in ("create_task", "ensure_future")
            and isinstance(func.obj, tree.Name)
            and func.obj.id == "asyncio"
        ):
            return None
    elif isinstance(func, tree.Name) and func.id in ("gather", "create_task", "ensure_future", "shield"):
        return None
    return Fate("passed", call)


def is_waiting(call: tree.Call) -> bool:
    """Whether ``call`` is of the runtime's ``waitUntil``."""
    func = call.func
    name = func.name if isinstance(func, tree.Member) else func.id if isinstance(func, tree.Name) else None
    return name == "waitUntil"


def _is_array(node: Node, file: SourceFile) -> bool:
    if isinstance(node, tree.Name):
        symbol = file.index.resolve(node)
        return symbol is not None and all(
            d.kind == "value" and not d.path and isinstance(d.node, tree.Array) for d in symbol.defs
        )
    return isinstance(node, tree.Array)


def _is_promise_class(node: Node) -> bool:
    return isinstance(node, tree.Name) and node.id in ("Promise", "asyncio")


def _collected(receiver: Node, call: tree.Call, file: SourceFile, seen: frozenset[int]) -> Fate:
    if isinstance(receiver, tree.Name):
        symbol = file.index.resolve(receiver)
        if symbol is not None:
            for use in file.index.uses(symbol):
                parent = use.parent
                if use is receiver or (
                    isinstance(parent, tree.Member)
                    and parent.obj is use
                    and parent.name in (*_COLLECTING_METHODS, "length")
                ):
                    continue
                if isinstance(parent, tree.Assign) and parent.target is use:
                    continue
                found = fate(use, file, seen, (None,))
                if found.kind != "dropped":
                    return Fate("passed" if found.kind == "used" else found.kind, found.at)
            # an array that only collects, made in this function, holds promises nobody waits for
            here = tree.enclosing_function(call)
            if here is not None and all(d.kind == "value" and _holds(here, d.at) for d in symbol.defs):
                return Fate("dropped", call)
    return Fate("stored", call)


def _holds(function: tree.Function, node: Node) -> bool:
    """Whether ``node`` stands in ``function``, or in a function around it."""
    at: tree.Function | None = function
    owner = tree.enclosing_function(node)
    while at is not None and owner is not None:
        if at is owner:
            return True
        at = tree.enclosing_function(at)
    return False


def _assigned(assign: tree.Assign, file: SourceFile, seen: frozenset[int], path: tuple[Step, ...]) -> Fate:
    """What becomes of a promise that is the part ``path`` of what is assigned."""
    found = taken(assign.target, path)
    if found is False and isinstance(assign.parent, tree.ExprStmt | tree.Block | tree.Module):
        return Fate("dropped", assign)
    if not isinstance(found, Taken) or not isinstance(found.target, tree.Name):
        return Fate("stored", assign)
    target = found.target
    symbol = file.index.resolve(target)
    if symbol is None or assign.op == "+=":
        return Fate("stored", assign)
    best: Fate | None = None
    if isinstance(assign.parent, tree.Export) or _is_exported(symbol, file):
        return Fate("stored", assign)
    for use in file.index.uses(symbol):
        parent = use.parent
        if use is target or (isinstance(parent, tree.Assign) and parent.target is use):
            continue
        if len(symbol.defs) > 1 and not any(d.at is assign for d in reaching(symbol, use)):
            continue  # it has been given another value by then
        end = fate(use, file, seen, found.path)
        if end.kind != "dropped":
            return end
        best = end
    if isinstance(assign.parent, tree.ExprStmt | tree.Block | tree.Module):
        return best or Fate("dropped", assign)
    return Fate("stored", assign)


def _is_exported(symbol: Symbol, file: SourceFile) -> bool:
    """Whether other files can read a variable: ``export { pending }``, ``export let pending``."""
    return symbol.scope is file.index.root and any(
        (isinstance(export.value, tree.Assign) and any(d.at is export.value for d in symbol.defs))
        or any(isinstance(name, tree.ExportName) and name.local == symbol.name for name in export.names)
        for export in file.index.exports if export.source is None
    )


def _returned(node: tree.Return, file: SourceFile, seen: frozenset[int]) -> Fate:
    function = tree.enclosing_function(node)
    if function is None:
        return Fate("returned", node)
    return _returned_from(function, file, seen)


def delivered(function: tree.Function, file: SourceFile) -> Fate:
    """What becomes of the promise that an async function gives where it stands: called at once, or given to a call."""
    return _returned_from(function, file, frozenset({id(function)}))


def _returned_from(function: tree.Function, file: SourceFile, seen: frozenset[int]) -> Fate:
    """A promise returned by a function: what a callback returns may be dropped by who calls it."""
    if function.kind not in ("arrow", "lambda", "function") or (
        function.kind == "function" and function.name and not isinstance(function.parent, tree.Call)
    ):
        return Fate("returned", function)
    parent = function.parent
    if isinstance(parent, tree.Call):
        if parent.func is function:
            return fate(parent, file, seen)
        func = parent.func
        name = func.name if isinstance(func, tree.Member) else func.id if isinstance(func, tree.Name) else ""
        if name in DROPPING_CALLS or is_waiting(parent):
            return Fate("dropped", parent)
        if name in ("map", "flatMap", "reduce") and isinstance(func, tree.Member):
            return fate(parent, file, seen, () if name == "reduce" else (None,))
        if parent.is_new and _is_promise_class(func):
            return fate(parent, file, seen)  # the executor is over when the promise is
        if name in _CHAINS and isinstance(func, tree.Member) and _may_be_promise(func.obj, file):
            return fate(parent, file, seen)
    return Fate("returned", function)


def _may_be_promise(node: Node, file: SourceFile) -> bool:
    """Whether ``node.catch(...)`` is of a promise: the result of a call. ``bot.catch(...)`` takes an error handler."""
    if isinstance(node, tree.Name):
        symbol = file.index.resolve(node)
        if symbol is not None and len(symbol.defs) == 1 and symbol.defs[0].kind == "param":
            function = tree.enclosing_function(symbol.defs[0].at)
            call = function.parent if function is not None else None
            return isinstance(call, tree.Call) and isinstance(call.func, tree.Member) and call.func.name == "reduce"
        values = [d.node for d in symbol.defs if d.kind == "value"] if symbol is not None else []
        return bool(values) and all(isinstance(value, tree.Call) and not value.is_new for value in values)
    return isinstance(node, tree.Call | tree.Await)
