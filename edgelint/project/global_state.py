"""What a handler leaves in the module: variables, objects and arrays of module scope that keep something of a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.atoms import Arr, ClassRef, Const, Global, Inst, ListOf, Obj, Plat
from edgelint.project.flow import conditions, mentions
from edgelint.project.objects import receiver_class
from edgelint.project.scopes import Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

# Names that say: this belongs to one visitor. What is kept on first use under another name may well be meant for all.
_PERSONAL = re.compile(
    r"user|session|account|token|auth|identity|cookie|tenant|customer|visitor|request|\breq\b|body"
    r"|payload|member|principal",
    re.I,
)
_APPENDING = frozenset({"push", "unshift", "append", "insert"})


class Kept(NamedTuple):
    """Something of a request that outlives it. ``node`` is what is written (a variable, a member, a call that appends).
    """

    node: Node
    value: Node
    name: str
    declared: Node | None


def kept(file: SourceFile, project: Project) -> Iterator[Kept]:
    """What functions of ``file`` leave in variables of a module, in source order."""
    if b"__wbindgen" in file.source.data or b"__wbg_" in file.source.data:
        return  # glue that wasm-bindgen wrote keeps its own heap of handles
    for assign in file.index.assigns:
        if assign.declare or assign.value is None or tree.enclosing_function(assign) is None:
            continue
        if assign.op not in ("=", "??=", "||="):
            continue
        pattern = isinstance(assign.target, tree.Object | tree.Array)
        for target in _names(assign.target) if pattern else (assign.target,):
            found = _target(target, file, project)
            if found is None:
                continue
            name, declared = found
            if not _is_of_request(assign.value, file, project):
                continue
            if _is_first_use(assign, file) and not _PERSONAL.search(name) and not _is_io(assign.value, file, project):
                continue
            yield Kept(target, assign.value, name, declared)
    for method in _APPENDING:
        for call in file.index.calls.get(method, ()):
            found = _array(call, file, project)
            if found is not None:
                for arg in call.args:
                    if project.request_data.carries(arg, file):
                        yield Kept(call, arg, *found)
                        break


    for call in file.index.calls.get("assign", ()):
        symbol = _assigned_into(call, file)
        given = next((arg for arg in call.args[1:] if project.request_data.carries(arg, file)), None)
        if symbol is not None and given is not None:
            yield Kept(call, given, symbol.name, symbol.defs[0].at)
    for call in file.index.calls.get("set", ()):
        found = _entry(call, file, project)
        if found is not None and project.request_data.carries(call.args[1], file):
            yield Kept(call, call.args[1], *found)


def _assigned_into(call: tree.Call, file: SourceFile) -> Symbol | None:
    """The variable of the module that ``Object.assign(state, ...)`` writes to."""
    func = call.func
    if not isinstance(func, tree.Member) or not isinstance(func.obj, tree.Name) or func.obj.id != "Object":
        return None
    target = call.args[0] if call.args else None
    symbol = file.index.resolve(target) if isinstance(target, tree.Name) else None
    inside = tree.enclosing_function(call) is not None
    return symbol if symbol is not None and inside and _of_module(symbol, file) else None


def _names(pattern: Node) -> Iterator[Node]:
    """The names that a destructuring assignment gives values to."""
    if isinstance(pattern, tree.Name | tree.Member):
        yield pattern
    elif isinstance(pattern, tree.Object | tree.Array):
        for part in pattern.props if isinstance(pattern, tree.Object) else pattern.items:
            yield from _names(part.value if isinstance(part, tree.Property | tree.Spread) else part)
    elif isinstance(pattern, tree.Assign):
        yield from _names(pattern.target)


def _is_io(value: Node, file: SourceFile, project: Project) -> bool:
    """Whether a value is a Response or another object that only the request which made it may use."""
    atoms = project.evaluator.evaluate(value, file)
    return bool(atoms) and all(isinstance(a, Plat) and a.type in ("response", "request") for a in atoms)


def _entry(call: tree.Call, file: SourceFile, project: Project) -> tuple[str, Node | None] | None:
    """``state.set("user", user)`` on a Map of the module: a key that is the same for every request."""
    func = call.func
    if (
        not isinstance(func, tree.Member)
        or not isinstance(func.obj, tree.Name)
        or len(call.args) < 2
        or tree.enclosing_function(call) is None
    ):
        return None
    symbol = file.index.resolve(func.obj)
    if symbol is None or not _of_module(symbol, file):
        return None
    made = symbol.defs[0].node
    is_map = isinstance(made, tree.Call) and made.is_new and isinstance(made.func, tree.Name) and made.func.id == "Map"
    keys = project.evaluator.evaluate(call.args[0], file)
    if not is_map or len(keys) != 1 or not isinstance(next(iter(keys)), Const):
        return None
    if any(mentions(condition.test, func.obj, file) for condition in conditions(call)):
        return None  # filled while it is empty: meant for all
    return symbol.name, symbol.defs[0].at


def _is_of_request(value: Node, file: SourceFile, project: Project) -> bool:
    root = value
    while isinstance(root, tree.Member | tree.Cast):
        root = root.obj if isinstance(root, tree.Member) else root.value
    symbol = file.index.resolve(root) if isinstance(root, tree.Name) else None
    if symbol is not None and _of_module(symbol, file):
        return False  # it comes from the module: what a request left there was left elsewhere
    if project.request_data.carries(value, file):
        return True
    atoms = project.evaluator.evaluate(value, file)
    return bool(atoms) and all(isinstance(a, Plat) and a.type == "response" for a in atoms)


def _target(target: Node, file: SourceFile, project: Project) -> tuple[str, Node | None] | None:
    """(name, declaration) when ``target`` is a variable of the module, or a fixed member of an object that lives there.
    """
    if isinstance(target, tree.Name):
        symbol = file.index.resolve(target)
        if symbol is None or not _of_module(symbol, file) or not _is_read(symbol, file):
            return None
        return symbol.name, symbol.defs[0].at
    if not isinstance(target, tree.Member) or target.name is None:
        return None
    owner = receiver_class(target.obj)
    if owner is not None:
        return (file.text(target), owner) if not owner.bases and project.shared_instances.has(owner) else None
    for atom in project.evaluator.evaluate(target.obj, file):
        if isinstance(atom, Global) and atom.path in ("globalThis", "global", "self"):
            return target.name, None
        if isinstance(atom, ClassRef):
            return f"{atom.node.name}.{target.name}", atom.node
        if isinstance(atom, Obj | Inst):
            return _member_of_module(target, file)
    return None


def _member_of_module(target: tree.Member, file: SourceFile) -> tuple[str, Node | None] | None:
    root: Node = target.obj
    while isinstance(root, tree.Member):
        root = root.obj
    if not isinstance(root, tree.Name) or root.id in ("this", "self"):
        return None
    symbol = file.index.resolve(root)
    if symbol is None or not _of_module(symbol, file):
        return None
    return file.text(target), symbol.defs[0].at


def _array(call: tree.Call, file: SourceFile, project: Project) -> tuple[str, Node | None] | None:
    func = call.func
    if (
        not isinstance(func, tree.Member)
        or not isinstance(func.obj, tree.Name)
        or tree.enclosing_function(call) is None
    ):
        return None
    symbol = file.index.resolve(func.obj)
    if (
        symbol is None
        or not _of_module(symbol, file)
        or not any(isinstance(a, Arr | ListOf) for a in project.evaluator.evaluate(func.obj, file))
    ):
        return None
    return symbol.name, symbol.defs[0].at


def _of_module(symbol: Symbol, file: SourceFile) -> bool:
    """Whether a symbol is a variable made at module scope of this file, not an import, a function or a class."""
    if symbol.scope is not file.index.root or symbol.ambient or not symbol.defs:
        return False
    first = min(symbol.defs, key=lambda d: d.at.start)
    return first.kind == "value" and (tree.enclosing_function(first.at) is None or file.index.python)


def _is_read(symbol: Symbol, file: SourceFile) -> bool:
    """Whether the variable is used at all, here or where it is imported."""
    for use in file.index.uses(symbol):
        parent = use.parent
        if not (isinstance(parent, tree.Assign) and parent.target is use) and not isinstance(parent, tree.Unknown):
            return True
    names = [name for export in file.index.exports for name in export.names if isinstance(name, tree.ExportName)]
    return any(name.local == symbol.name for name in names) or any(
        isinstance(d.at.parent, tree.Export) for d in symbol.defs
    )


def _is_first_use(assign: tree.Assign, file: SourceFile) -> bool:
    """Whether the variable is only filled while it is empty: it is computed once and kept."""
    if assign.op in ("??=", "||="):
        return True
    return any(mentions(condition.test, assign.target, file) for condition in conditions(assign))
