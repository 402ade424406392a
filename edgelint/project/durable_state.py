"""Fields that a Durable Object keeps in memory and writes to storage, but never reads back.

An object is evicted after a while without requests, and on every deploy; its fields then begin anew. What was written
is only of use to one that reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.patterns import later
from edgelint.project.atoms import Arr, ClassRef, Const, External, Plat, Unknown
from edgelint.project.objects import receiver_class
from edgelint.project.reaching import reaching
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.durable import DurableClass
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

_MUTATORS = frozenset({
    "set", "add", "push", "unshift", "delete", "clear", "pop", "shift", "splice", "append", "extend", "insert",
    "update", "setdefault", "remove",
    "discard", "popitem", "sort", "reverse", "fill",
})
_READS = frozenset({"get", "list"})
_WRITING_SQL = later(r"\s*(?:insert|replace|update)\b", re.I)
_READING_SQL = later(r"\b(?:select|returning|pragma)\b", re.I)
_STORAGE_NAME = later(r"ctx|state|storage|sql|context|^kv$|^s$", re.I)
_PLATFORM = frozenset({"do-state", "do-storage", "do-sql"})


class Forgotten(NamedTuple):
    """A field that is written to storage under ``key`` (None: a key made at run time, or a table) and never read back.

    ``put`` is the first write, ``field`` where the field is declared or first assigned, ``change`` where a handler
    changes it.
    ``accumulates``: what is written builds on what was in memory, so that the next write destroys what was stored.
    """

    put: BindingCall
    key: str | None
    name: str
    field: Node | None
    change: Node
    accumulates: bool


def forgotten(durable: DurableClass, project: Project) -> Iterator[Forgotten]:
    """The fields of a class that are lost whenever the object is evicted, although they were written to storage."""
    state = _State(durable, project)
    told: set[str] = set()
    for put in state.calls(("put", "exec")):
        for key, value in state.written(put):
            for name in sorted(state.fields_in(value)):
                if name not in told and not state.is_loaded(name, key):
                    change = state.change(name)
                    if change is not None and (change[1] or state.is_read_elsewhere(name)):
                        if state.hands_storage_out():
                            return
                        told.add(name)
                        yield Forgotten(put, key, name, state.declared(name), change[0], change[1])


class _State:
    def __init__(self, durable: DurableClass, project: Project) -> None:
        self.node = durable.node
        self.file = durable.file
        self.project = project
        self.evaluator = project.evaluator
        self.methods = {
            member.name: member
            for member in self.node.members
            if isinstance(member, tree.Function) and member.body is not None and not member.is_static
        }
        self.uses: dict[str, list[tree.Member]] = {}
        for member in tree.walk(self.node):
            if isinstance(member, tree.Member) and member.name and receiver_class(member.obj) is self.node:
                self.uses.setdefault(member.name, []).append(member)

    # -- writes --------------------------------------------------------------------------------------------------------

    def calls(self, verbs: tuple[str, ...]) -> Iterator[BindingCall]:
        """Calls on the object's storage inside the class."""
        for call in self.project.calls_in(self.file):
            if (
                call.kind in ("do-storage", "do-sql")
                and call.verb in verbs
                and self.node.start <= call.node.start < self.node.end
            ):
                yield call

    def written(self, put: BindingCall) -> Iterator[tuple[str | None, Node]]:
        """(key, value) of everything that a call writes."""
        if put.kind == "do-sql":
            text = put.arg(0)
            if text is not None and put.verb == "exec" and _WRITING_SQL.match(self.file.text(text).lstrip("\"'`")):
                yield from ((None, arg) for arg in put.node.args[1:])
            return
        first, second = put.arg(0), put.arg(1)
        if isinstance(first, tree.Object):
            yield from ((prop.key, prop.value) for prop in first.props if isinstance(prop, tree.Property))
        elif first is not None and second is not None:
            keys = self.evaluator.evaluate(first, self.file)
            key = (
                next((a.value for a in keys if isinstance(a, Const) and isinstance(a.value, str)), None)
                if len(keys) == 1
                else None
            )
            yield key, second

    def fields_in(self, value: Node, depth: int = 0) -> set[str]:
        """The fields that ``value`` is made of: read in it, through a variable of the method, or by a method that it
        calls."""
        found: set[str] = set()
        for node in tree.walk(value):
            if isinstance(node, tree.Member) and node.name and receiver_class(node.obj) is self.node:
                method = self.methods.get(node.name)
                if method is None:
                    found.add(node.name)
                elif depth < 2:
                    for part in tree.walk_function(method.body) if isinstance(method.body, tree.Block) else ():
                        if isinstance(part, tree.Return) and part.value is not None:
                            found |= self.fields_in(part.value, depth + 1)
            elif isinstance(node, tree.Name) and depth < 2:
                symbol = self.file.index.resolve(node)
                if symbol is not None and symbol.scope is not self.file.index.root:
                    for d in reaching(symbol, node):
                        if d.kind == "value" and d.node is not None and not d.path:
                            found |= self.fields_in(d.node, depth + 1)
        return {name for name in found if not self.is_platform(name)}

    def is_platform(self, name: str) -> bool:
        member = self.uses[name][0] if name in self.uses else None
        return member is not None and any(isinstance(atom, Plat) for atom in self.evaluator.evaluate(member, self.file))

    # -- changes and reads of a field ----------------------------------------------------------------------------------

    def change(self, name: str) -> tuple[Node, bool] | None:
        """Where a handler changes the field, and whether it builds on what was there; None when only the constructor
        does."""
        plain: Node | None = None
        for use in self.uses.get(name, ()):
            if self.in_constructor(use):
                continue
            top = _outermost(use)
            parent = top.parent
            if isinstance(parent, tree.Assign) and parent.target is top:
                if (
                    top is not use
                    or parent.op != "="
                    or (parent.value is not None and name in self.fields_in(parent.value, 2))
                ):
                    return use, True
                plain = plain or use
            elif isinstance(parent, tree.Unary) and parent.op == "delete":
                return use, True
            elif (
                isinstance(top, tree.Member)
                and isinstance(parent, tree.Call)
                and parent.func is top
                and top.name in _MUTATORS
                and top is not use
            ):
                return use, True
        return None if plain is None else (plain, False)

    def is_read_elsewhere(self, name: str) -> bool:
        """Whether a handler that does not set the field first reads it."""
        for method in self.methods.values():
            if method.kind == "constructor" or self.sets_first(method, name):
                continue
            callers = self.callers(method.name)
            if callers and all(self.sets_first(caller, name) for caller in callers):
                continue
            for use in self.uses.get(name, ()):
                if method.start <= use.start < method.end and not _is_target(use) and not self.is_written(use):
                    return True
        return False

    def sets_first(self, method: tree.Function, name: str) -> bool:
        """Whether ``method`` gives the field a value whatever happens, so that it reads its own."""
        body = method.body.body if isinstance(method.body, tree.Block) else []
        for statement in body:
            node = statement.value if isinstance(statement, tree.ExprStmt) else statement
            if (
                isinstance(node, tree.Assign)
                and node.op == "="
                and isinstance(node.target, tree.Member)
                and node.target.name == name
            ):
                return receiver_class(node.target.obj) is self.node
        return False

    def callers(self, name: str) -> list[tree.Function]:
        """The methods that call ``this.name()``."""
        return [
            method
            for method in self.methods.values()
            if any(
                method.start <= use.start < method.end and isinstance(use.parent, tree.Call)
                for use in self.uses.get(name, ())
            )
        ]

    def is_written(self, use: Node) -> bool:
        """Whether ``use`` stands among the arguments of a write to storage."""
        return any(put.node.start <= use.start < put.node.end for put in self.calls(("put", "exec")))

    def in_constructor(self, node: Node) -> bool:
        return any(
            isinstance(parent, tree.Function) and parent.kind == "constructor" for parent in tree.ancestors(node)
        )

    def declared(self, name: str) -> Node | None:
        for member in self.node.members:
            if isinstance(member, tree.Field) and member.name == name:
                return member
        return next((use for use in self.uses.get(name, ()) if _is_target(use)), None)

    # -- loads ---------------------------------------------------------------------------------------------------------

    def is_loaded(self, name: str, key: str | None) -> bool:
        """Whether anything gives the field what was stored: a read of its key, a SELECT, or another source."""
        return self.reads_back(key) or self.is_filled(name, key)

    def reads_back(self, key: str | None) -> bool:
        for file in self.project.files.values():
            for call in self.project.calls_in(file):
                if (
                    call.kind == "do-storage"
                    and call.verb in _READS
                    and self.concerns(call)
                    and self.reads_key(call, key)
                ):
                    return True
                if call.kind == "do-sql" and call.verb == "exec" and self.concerns(call) and self.selects(call):
                    return True
        return False

    def concerns(self, call: BindingCall) -> bool:
        """Whether a call on storage may be one of this object's: it does not stand in a Durable Object that has nothing
        to do with this one."""
        owner = tree.enclosing_class(call.node)
        if owner is None or owner is self.node:
            return True
        other = next((d for d in self.project.durables.classes if d.node is owner), None)
        return other is None or self.inherits(self.node, self.file, owner) or self.inherits(owner, call.file, self.node)

    def inherits(self, node: tree.Class, file: SourceFile, base: tree.Class, depth: int = 0) -> bool:
        for written in node.bases if depth < 8 else ():
            for atom in self.evaluator.evaluate(written, file):
                if isinstance(atom, ClassRef) and (
                    atom.node is base or self.inherits(atom.node, atom.file, base, depth + 1)
                ):
                    return True
        return False

    def reads_key(self, call: BindingCall, key: str | None) -> bool:
        first = call.arg(0)
        if call.verb == "list" or first is None or key is None:
            return True
        atoms = self.evaluator.evaluate(first, call.file)
        listed = [item for atom in atoms if isinstance(atom, Arr) for item in atom.node.items]
        for item in listed:
            atoms |= self.evaluator.evaluate(item, call.file)
        plain = [atom for atom in atoms if not isinstance(atom, Arr)]
        return not plain or any(not isinstance(atom, Const) or atom.value == key for atom in plain)

    def selects(self, call: BindingCall) -> bool:
        text = call.arg(0)
        if text is None:
            return True
        texts = [atom.value for atom in self.evaluator.evaluate(text, call.file) if isinstance(atom, Const)]
        written = str(texts[0]) if len(texts) == 1 else call.file.text(text)
        is_text = isinstance(text, tree.Literal | tree.Template) or len(texts) == 1
        return not is_text or _READING_SQL.search(written) is not None

    def is_filled(self, name: str, key: str | None) -> bool:
        """Whether the field gets its value from elsewhere: in the constructor beyond its first value, or from something
        stored or awaited."""
        for use in self.uses.get(name, ()):
            top = _outermost(use)
            parent = top.parent
            if self.in_constructor(use) and top is not use and isinstance(parent, tree.Assign | tree.Call):
                return True
            if (
                isinstance(parent, tree.Assign)
                and parent.target is top
                and parent.value is not None
                and self.comes_from_store(parent.value)
                and not self.reads_another(parent.value, key)
            ):
                return True
        return False

    def comes_from_store(self, value: Node) -> bool:
        if any(isinstance(a, Unknown) and a.reason == "stored" for a in self.evaluator.evaluate(value, self.file)):
            return True
        awaits = any(isinstance(node, tree.Await) for node in tree.walk_function(value))
        return awaits and not self.project.request_data.carries(value, self.file)

    def reads_another(self, value: Node, key: str | None) -> bool:
        """Whether all that ``value`` gets is what storage has under other keys than ``key``."""
        inside = [call for call in self.calls(("get",)) if value.start <= call.node.start < value.end]
        others = sum(isinstance(node, tree.Await) for node in tree.walk_function(value)) > len(inside)
        return bool(inside) and not others and not any(self.reads_key(call, key) for call in inside)

    def hands_storage_out(self) -> bool:
        """Whether storage, or the object, is handed to code that is not the project's: it may load what it likes."""
        for node in tree.walk(self.node):
            if not isinstance(node, tree.Call) or _is_super(node.func):
                continue
            for arg in node.args:
                if self.is_storage(arg) and any(
                    isinstance(a, External) for a in self.evaluator.evaluate(node.func, self.file)
                ):
                    return True
        return False

    def is_storage(self, arg: Node) -> bool:
        for node in tree.walk(arg) if isinstance(arg, tree.Object) else (arg,):
            if isinstance(node, tree.Name) and node.id in ("this", "self"):
                if not (isinstance(node.parent, tree.Member) and node.parent.obj is node):
                    return True
                continue
            word = node.id if isinstance(node, tree.Name) else node.name if isinstance(node, tree.Member) else None
            if word and _STORAGE_NAME.search(word):
                if any(isinstance(a, Plat) and a.type in _PLATFORM for a in self.evaluator.evaluate(node, self.file)):
                    return True
        return False


def _outermost(use: tree.Member) -> Node:
    """``this.a.b[c]`` around ``this.a``."""
    at: Node = use
    while isinstance(at.parent, tree.Member) and at.parent.obj is at:
        at = at.parent
    return at


def _is_target(use: tree.Member) -> bool:
    return isinstance(use.parent, tree.Assign) and use.parent.target is use and use.parent.op == "="


def _is_super(func: Node) -> bool:
    while isinstance(func, tree.Member | tree.Call):
        func = func.obj if isinstance(func, tree.Member) else func.func
    return isinstance(func, tree.Name) and func.id == "super"
