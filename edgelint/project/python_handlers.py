"""Python Workers: which functions the runtime calls, and with what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.platform import compat
from edgelint.platform.python_workers import EXACT_HANDLERS, NO_GLOBAL_HANDLERS, RELAXED_HANDLERS
from edgelint.project.atoms import Arr, ClassRef, Const, External, ListOf, Obj, Value
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

SDK = frozenset({"workers", "cloudflare.workers"})
_CONTAINERS = {"list": "a list", "tuple": "a tuple", "set": "a set"}
# Builtins whose result neither a handler may return nor a Response take.
_BUILTINS = {
    "dict": "a dict",
    "list": "a list",
    "tuple": "a tuple",
    "set": "a set",
    "int": "a number",
    "float": "a number",
    "bool": "a bool",
    "str": "a string",
    "bytearray": "a bytearray",
    "memoryview": "a memoryview",
}


class Handler(NamedTuple):
    """A method that the runtime calls for an event. ``name`` is its own ("fetch", "on_fetch", "scheduled" ...)."""

    function: tree.Function
    klass: tree.Class
    name: str
    kind: str  # "entrypoint" or "durable-object"


def class_handlers(file: SourceFile, project: Project) -> Iterator[Handler]:
    """The handlers of the entrypoint and Durable Object classes of ``file``, without those that a decorator may change.

    ``fetch`` of any such class; the others only of ``Default`` and its bases, since elsewhere they are methods for RPC.
    """
    if file.language != "python":
        return
    for klass in file.index.classes:
        kind = project.graph.class_kind(klass, file, project.evaluator)
        if kind not in ("entrypoint", "durable-object"):
            continue
        for member in klass.members:
            if not isinstance(member, tree.Function) or member.decorators or member.is_static:
                continue
            if member.name in ("fetch", "on_fetch") or (
                kind == "entrypoint"
                and (member.name in EXACT_HANDLERS or member.name in RELAXED_HANDLERS)
                and is_default(klass, project)
            ):
                yield Handler(member, klass, member.name, kind)


def is_default(klass: tree.Class, project: Project) -> bool:
    """Whether ``klass`` is a worker's ``Default`` class, or one that such a class extends."""
    if klass.name == "Default":
        return True
    for file in project.files.values():
        symbol = file.index.root.symbols.get("Default") if file.language == "python" else None
        if symbol is None:
            continue
        queue = [
            atom for atom in project.evaluator.symbol_value(symbol, file, None, None) if isinstance(atom, ClassRef)
        ]
        seen: set[tree.Class] = set()
        for atom in queue:
            if atom.node is klass:
                return True
            if atom.node not in seen:
                seen.add(atom.node)
                bases = (found for base in atom.node.bases for found in project.evaluator.evaluate(base, atom.file))
                queue += [base for base in bases if isinstance(base, ClassRef)]
    return False


def has_global_handlers(file: SourceFile, project: Project) -> bool | None:
    """Whether top-level ``on_fetch`` and the like are called in ``file``, an entry; None when nothing tells.

    It hangs on the compatibility date and flags, which every environment of every worker must agree on.
    """
    answers: set[bool | None] = set()
    for worker in project.workers_of(file):
        if worker.config is None:
            return None
        for environment in worker.config.environments:
            if worker.entries.get(environment.name) is not file:
                continue
            date, flags = environment.get("compatibility_date"), environment.get("compatibility_flags")
            given = (
                [flag for flag in flags.plain() if isinstance(flag, str)]
                if flags is not None and flags.kind == "array"
                else []
            )
            text = str(date.value) if date is not None and isinstance(date.value, str) else None
            told = any(NO_GLOBAL_HANDLERS in flag for flag in given)
            if not told and (text is None or not compat.is_well_formed(text)):
                return None
            answers.add(not compat.enabled(NO_GLOBAL_HANDLERS, text, given))
    return answers.pop() if len(answers) == 1 else None


def positional(function: tree.Function) -> tuple[int, float, bool]:
    """(fewest, most positional arguments that ``function`` takes, whether it also needs one by keyword)."""
    fewest, most, needs_keyword = 0, 0.0, False
    for param in function.params:
        if not isinstance(param, tree.Param):
            continue
        if param.rest == "*":
            most = float("inf")
        elif param.keyword_only:
            needs_keyword = needs_keyword or param.default is None
        elif not param.rest:
            most += 1
            fewest += param.default is None
    return fewest, most, needs_keyword


def callee(call: tree.Call, file: SourceFile, project: Project) -> External | None:
    """What ``call`` calls, when it can be nothing but one name of a module that is not the project's."""
    values = project.evaluator.evaluate(call.func, file)
    if len(values) != 1:
        return None
    (atom,) = values
    return atom if isinstance(atom, External) else None


def is_sdk_handler(decorator: Node, file: SourceFile, project: Project) -> bool:
    """Whether a decorator is the SDK's ``handler``, which changes what goes in and not what comes out."""
    values = project.evaluator.evaluate(decorator, file)
    return all(isinstance(atom, External) and atom.module in SDK and atom.path == "handler" for atom in values)


def plain_values(node: Node, file: SourceFile, project: Project) -> list[str]:
    """What ``node`` may be, when it can only be a value of Python's own ("a dict"); empty when it may be more."""
    if isinstance(node, tree.Template):
        return ["a string"] if node.tag is None else []
    if isinstance(node, tree.Comprehension):
        return [{"list": "a list", "set": "a set", "dict": "a dict"}.get(node.kind, "a generator")]
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Name) and file.index.resolve(node.func) is None:
        return [_BUILTINS[node.func.id]] if node.func.id in _BUILTINS else []
    if isinstance(node, tree.Call):
        called = callee(node, file, project)
        if called is not None and (called.module, called.path) == ("json", "dumps"):
            return ["a string"]
    values: Value = project.evaluator.evaluate(node, file)
    found = {_plain(atom) for atom in values}
    return sorted(text for text in found if text is not None) if None not in found else []


def _plain(atom: object) -> str | None:
    if isinstance(atom, Obj):
        return "a dict"
    if isinstance(atom, Arr):
        return _CONTAINERS.get(atom.node.kind)
    if isinstance(atom, ListOf):
        return "a list"
    if isinstance(atom, Const):
        return {"string": "a string", "number": "a number", "boolean": "a bool", "null": "None"}.get(atom.kind)
    return None
