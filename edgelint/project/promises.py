"""Promises of writes: who waits for them, through the functions that carry them to their callers.

A write is dropped where the expression itself is, or where the promise of an async function around it is:
``save(kv)`` without ``await`` drops what ``save`` waits for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project import known
from edgelint.project.atoms import Func
from edgelint.project.callers import is_bound_python
from edgelint.project.flow import DROPPING_CALLS, Fate, delivered, fate
from edgelint.project.guards import last_name
from edgelint.project.queries import is_write
from edgelint.project.surroundings import Surroundings
from edgelint.project.unwaited import field_reads, in_source_of_stream, kept_field
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project


_STREAM_METHODS = frozenset({"enqueue", "close", "write", "pipeTo", "abort", "terminate", "error"})
_STREAM_NAME = re.compile(r"writer|controller|stream|writable|sink", re.IGNORECASE)


class Dropped(NamedTuple):
    """A promise that nobody waits for: ``call`` in ``file`` made it, ``at`` drops it, ``write`` is what it stands for.

    ``in_object``: it runs in a Durable Object, which lives on until its work is done, so that only a failure is lost.
    """

    file: SourceFile
    call: tree.Call
    at: Node
    write: BindingCall
    in_object: bool = False


class _End(NamedTuple):
    """Where a promise ends: dropped at a node, or carried out of a function by its own promise."""

    dropped: Node | None
    carrier: tree.Function | None


def writes(project: Project) -> Iterator[BindingCall]:
    """Calls that change what is behind a binding and give a promise. Not a Durable Object's storage: output gates hold
    it.
    """
    for call in project.calls(tuple(known.WRITES)):
        if call.verb in known.WRITES[call.kind] and (
            call.kind != "d1-statement" or call.verb == "run" or is_write(project, call)
        ):
            yield call


def dropped_writes(project: Project) -> Iterator[Dropped]:
    """Every write that nobody waits for, and every call that drops the promise of a function that does one."""
    surroundings = Surroundings(project.evaluator)
    for drop in _dropped(project):
        function = tree.enclosing_function(drop.at)
        if function is None or _feeds_stream(drop, project) or in_source_of_stream(drop.at, drop.file):
            continue  # module scope: a script of its own, which ends when all is done
        if drop.file.path in project.graph.client_files:
            continue  # a browser asks the worker from there, and waits for what it likes
        if surroundings.only_in_objects(function, drop.file):
            if not _is_caught(drop, project):
                yield drop._replace(in_object=True)
        else:
            yield drop


def _dropped(project: Project) -> Iterator[Dropped]:
    carriers: dict[tree.Function, tuple[SourceFile, BindingCall]] = {}
    for write in writes(project):
        end = _end(write.node, write.file, project)
        if end.dropped is not None:
            yield Dropped(write.file, write.node, end.dropped, write)
        elif end.carrier is not None:
            carriers.setdefault(end.carrier, (write.file, write))
    waiting = list(carriers)
    handed = _handed(project) if waiting else {}
    for function in waiting:  # grows as carriers of carriers are found
        _, write = carriers[function]
        for file, call in (*_calls_of(function, project), *handed.get(function, ())):
            end = _End(call, None) if last_name(call.func) in DROPPING_CALLS else _end(call, file, project)
            if end.dropped is not None:
                yield Dropped(file, call, end.dropped, write)
            elif end.carrier is not None and end.carrier not in carriers:
                carriers[end.carrier] = (file, write)
                waiting.append(end.carrier)


def _is_caught(drop: Dropped, project: Project) -> bool:
    """Whether a ``.catch`` stands behind the call, or what it calls catches what goes wrong in it."""
    at: Node = drop.call
    while isinstance(at.parent, tree.Member) and isinstance(at.parent.parent, tree.Call):
        if at.parent.name == "catch":
            return True
        at = at.parent.parent
    if drop.call is drop.write.node:
        return False
    called = [a.node for a in project.evaluator.evaluate(drop.call.func, drop.file) if isinstance(a, Func)]
    return any(
        isinstance(statement, tree.Try) and bool(statement.handlers)
        for function in called if isinstance(function.body, tree.Block) for statement in function.body.body
    )


def _feeds_stream(drop: Dropped, project: Project) -> bool:
    """Whether what is dropped writes to a stream that the answer is made of: the request goes on until the stream is
    closed.
    """
    at = drop.at
    bodies = [
        n
        for n in tree.walk(at)
        if isinstance(n, tree.Function) and isinstance(n.parent, tree.Call) and n.parent.func is n
    ]
    if drop.call is not drop.write.node:
        bodies += [a.node for a in project.evaluator.evaluate(drop.call.func, drop.file) if isinstance(a, Func)]
    for body in bodies:
        for node in tree.walk(body):
            if isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name in _STREAM_METHODS:
                inside = body.start <= drop.call.start < body.end and body.start <= at.end
                if _STREAM_NAME.search(last_name(node.func.obj)) and (not inside or drop.call.start < node.start):
                    return True
    return False


def _end(node: Node, file: SourceFile, project: Project) -> _End:
    found: Fate | None = fate(node, file)
    if found is not None and found.kind == "passed" and _is_let_go(node, found.at, file, project):
        return _End(found.at, None)
    for _ in range(12):
        if found is None or found.kind not in ("awaited", "returned"):
            break
        at = found.at
        function = at if isinstance(at, tree.Function) else tree.enclosing_function(at)
        if function is None or (found.kind == "awaited" and not function.is_async):
            break
        if not _is_inline(function):
            return _End(None, function)
        found = delivered(function, file)
        if found.kind == "returned" and found.at is function:
            if not _is_run_by(function, file, project):
                break  # handed to code that is not followed
            assert function.parent is not None
            found = fate(function.parent, file)
    return _End(found.at if found is not None and _is_dropped(found, file, project) else None, None)


def _is_dropped(found: Fate, file: SourceFile, project: Project) -> bool:
    """Whether nobody waits: the promise is dropped, or kept in a field that is never waited for."""
    if found.kind != "stored" or not isinstance(found.at, tree.Assign):
        return found.kind == "dropped"
    name = kept_field(found.at, file, project)
    reads = field_reads(name, project) if name is not None else None
    return reads is not None and all(fate(read, where).kind == "dropped" for read, where in reads)


def _is_let_go(node: Node, call: Node, file: SourceFile, project: Project) -> bool:
    """Whether every function of the project that ``call`` hands the promise to drops it."""
    if not isinstance(call, tree.Call):
        return False
    position = next((i for i, arg in enumerate(call.args) if arg.start <= node.start and node.end <= arg.end), None)
    functions = [a for a in project.evaluator.evaluate(call.func, file) if isinstance(a, Func)]
    if position is None or not functions or any(isinstance(a, tree.Spread) for a in call.args):
        return False
    for function in functions:
        params = function.node.params[1:] if is_bound_python(function) else function.node.params
        param = params[position] if position < len(params) else None
        target = param.target if isinstance(param, tree.Param) and not param.rest else None
        symbol = function.file.index.resolve(target) if isinstance(target, tree.Name) else None
        if symbol is None or len(symbol.defs) != 1:
            return False
        uses = [use for use in function.file.index.uses(symbol) if use is not target]
        if any(fate(use, function.file).kind != "dropped" for use in uses):
            return False
    return True


def _is_run_by(function: tree.Function, file: SourceFile, project: Project) -> bool:
    """Whether ``function`` is given to a function of the project that calls it and waits for it: ``retry(() => ...)``.
    """
    call = function.parent
    if not isinstance(call, tree.Call) or function not in call.args:
        return False
    position = call.args.index(function)
    found = [a for a in project.evaluator.evaluate(call.func, file) if isinstance(a, Func)]
    if not found or any(not a.node.is_async for a in found):
        return False
    for runner in found:
        params = runner.node.params[1:] if is_bound_python(runner) else runner.node.params
        param = params[position] if position < len(params) else None
        target = param.target if isinstance(param, tree.Param) and not param.rest else None
        symbol = runner.file.index.resolve(target) if isinstance(target, tree.Name) else None
        runs = [use.parent for use in runner.file.index.uses(symbol) if use is not target] if symbol is not None else []
        if not runs or not all(isinstance(run, tree.Call) and run.func is not target for run in runs):
            return False
        if any(fate(run, runner.file).kind not in ("awaited", "returned") for run in runs if run is not None):
            return False
    return True


def _is_inline(function: tree.Function) -> bool:
    """Whether a function stands where it is used: called at once, or given to a call."""
    parent = function.parent
    while isinstance(parent, tree.Cast):
        parent = parent.parent
    return isinstance(parent, tree.Call) and function.kind in ("arrow", "lambda", "function")


def _handed(project: Project) -> dict[tree.Function, list[tuple[SourceFile, tree.Call]]]:
    """Functions that are given by name to a call which runs them at once: ``items.forEach(save)``, ``items.map(save)``.
    """
    found: dict[tree.Function, list[tuple[SourceFile, tree.Call]]] = {}
    for file in project.evaluator.files.values():
        for name in (*DROPPING_CALLS, "map", "flatMap"):
            for call in file.index.calls.get(name, ()):
                if call.args and isinstance(call.args[0], tree.Name | tree.Member):
                    for atom in project.evaluator.evaluate(call.args[0], file):
                        if isinstance(atom, Func):
                            found.setdefault(atom.node, []).append((file, call))
    return found


def _calls_of(function: tree.Function, project: Project) -> Iterator[tuple[SourceFile, tree.Call]]:
    """The calls that are known to call ``function``, and not only to have its name."""
    for file, call, _ in project.evaluator.parameters.callers(function):
        if any(isinstance(a, Func) and a.node is function for a in project.evaluator.evaluate(call.func, file)):
            yield file, call
