"""Writes that nobody waits for: the promise of the write itself, or of a project function that makes one, is dropped.

A function "carries" a write when its own promise settles only after it: an async function that awaits the write, or any function that
returns its promise. Whoever drops the promise of such a call drops the write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project import known
from edgelint.project.atoms import Const, Plat
from edgelint.project.flow import Fate, fate
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

_WRITING_SQL = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(insert|update|delete|replace|create|drop|alter|with)\b", re.I | re.S)
_READING_SQL = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(select|explain|pragma|values)\b", re.I | re.S)
_FORGETFUL = frozenset({"forEach", "setTimeout", "setInterval", "queueMicrotask"})
_MAX_LEVELS = 5  # functions that carry a write, one calling the other


class Dropped(NamedTuple):
    """A dropped write: ``node`` in ``file`` is the call whose promise is dropped, ``write`` the write it stands for.

    ``node`` is ``write.node`` itself, or a call of a function that carries it; or, with ``by``, the write stands in an async callback of
    ``by``, which does not wait for its callbacks.
    """

    file: SourceFile
    node: tree.Call
    write: BindingCall
    by: Node | None = None


def dropped_writes(project: Project) -> Iterator[Dropped]:
    """Every write of the project's files (not of their callers' files in a focused view) whose promise is dropped."""
    search = _Search(project)
    for file in project.files.values():
        for call in project.calls_in(file):
            if is_write(call, project):
                yield from search.follow(call)


def is_write(call: BindingCall, project: Project) -> bool:
    """Whether ``call`` changes what is behind a binding (Durable Object storage apart: its output gate waits by itself)."""
    if call.verb not in known.WRITES.get(call.kind, frozenset()) or call.verb == "createMultipartUpload":
        return False
    if call.kind != "d1-statement":
        return True
    head = statement_head(call, project)
    if head is None:
        return call.verb == "run"
    return _WRITING_SQL.match(head) is not None or (call.verb == "run" and _READING_SQL.match(head) is None)


def statement_head(call: BindingCall, project: Project) -> str | None:
    """The constant text that the SQL of a prepared statement begins with, None when it is not known."""
    for atom in project.evaluator.evaluate(call.receiver, call.file):
        if isinstance(atom, Plat) and isinstance(atom.origin, tree.Call) and atom.origin.args:
            file = project.evaluator.parameters.file_of(atom.origin)
            if file is not None:
                return _head(atom.origin.args[0], file, project)
    return None


def _head(node: Node, file: SourceFile, project: Project) -> str | None:
    while isinstance(node, tree.Binary) and node.op in ("+", "%"):
        node = node.left
    if isinstance(node, tree.Template) and node.parts:
        node = node.parts[0]
    values = project.evaluator.evaluate(node, file)
    texts = [a.value for a in values if isinstance(a, Const) and isinstance(a.value, str)]
    return texts[0] if len(texts) == 1 and len(values) == 1 and texts[0] is not None else None


class _Search:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.told: set[int] = set()
        self.carried: set[int] = set()

    def follow(self, write: BindingCall) -> Iterator[Dropped]:
        yield from self.settle(fate(write.node, write.file), write.file, write.node, write, 0)

    def settle(self, end: Fate, file: SourceFile, node: tree.Call, write: BindingCall, level: int) -> Iterator[Dropped]:
        """What becomes of the promise of ``node``; where a function's own promise takes it over, of the calls of that function."""
        if end.kind == "dropped":
            if id(node) not in self.told:
                self.told.add(id(node))
                yield Dropped(file, node, write)
            return
        if end.kind not in ("awaited", "returned"):
            return
        function = tree.enclosing_function(end.at) if not isinstance(end.at, tree.Function) else end.at
        if function is None or function.is_generator or not (function.is_async or end.kind == "returned"):
            return
        by = self.forgetful(function, file)
        if by is not None:
            if id(node) not in self.told:
                self.told.add(id(node))
                yield Dropped(file, node, write, by)
            return
        if id(function) in self.carried or level >= _MAX_LEVELS:
            return
        self.carried.add(id(function))
        for site_file, call, _ in self.project.evaluator.parameters.callers(function):
            if not self.stays_alive(call):
                yield from self.settle(fate(call, site_file), site_file, call, write, level + 1)
        parent = function.parent
        if isinstance(parent, tree.Call) and parent.func is function:  # called on the spot
            yield from self.settle(fate(parent, file), file, parent, write, level + 1)

    def forgetful(self, function: tree.Function, file: SourceFile) -> Node | None:
        """The call that takes ``function`` as a callback and does not wait for it."""
        call = function.parent
        if not isinstance(call, tree.Call) or call.func is function or not function.is_async:
            return None
        func = call.func
        name = func.name if isinstance(func, tree.Member) else func.id if isinstance(func, tree.Name) else None
        if name not in _FORGETFUL or self.stays_alive(call):
            return None
        return func

    def stays_alive(self, node: Node) -> bool:
        """Whether ``node`` runs in a Durable Object: it lives on while anything is under way."""
        klass = tree.enclosing_class(node)
        if klass is None:
            return False
        file = self.project.evaluator.parameters.file_of(klass)
        return file is not None and self.project.graph.class_kind(klass, file, self.project.evaluator) == "durable-object"
