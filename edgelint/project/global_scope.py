"""What a worker's global scope refuses: I/O, timers and random values, started while the worker is being loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.platform import web
from edgelint.project import known
from edgelint.project.atoms import Const, External, Global, Plat
from edgelint.project.flow import conditions
from edgelint.project.startup import Step
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project

_STORES = known.BINDING_KINDS | {"d1-session", "d1-statement", "do-stub", "cache", "cache-storage", "r2-upload"}
_STORES = _STORES - {"var", "secret", "version-metadata", "hyperdrive", "analytics-engine"}
_HARMLESS = frozenset(name for names in web.HARMLESS_AT_START.values() for name in names)
_PROMISE_METHODS = frozenset({"then", "catch", "finally", "bind", "call", "apply", "toString"})


class Refused(NamedTuple):
    """A call that the global scope refuses. ``what`` is how a message names it; ``needs_await``: only the promise
    fails, not the call."""

    step: Step
    what: str
    rejects: bool


def refused(file: SourceFile, project: Project) -> Iterator[Refused]:
    """The calls that are refused when ``file`` is loaded, each once, in order."""
    told: set[Node] = set()
    for step in project.startup.steps(file):
        node = step.node
        if isinstance(node, tree.Call) and node not in told:
            said = _of_binding(node, step.file, project) or _of_runtime(node, step.file, project)
            if said is not None:
                told.add(node)
                yield Refused(step, said, not _is_awaited(node) and said in ("fetch()", "put()", "delete()", "send()"))


def _of_binding(node: tree.Call, file: SourceFile, project: Project) -> str | None:
    """A call of a method of a binding, reached through the imported env or ``caches``."""
    func = node.func
    if not isinstance(func, tree.Member) or func.name is None or func.name in _PROMISE_METHODS or node.is_new:
        return None
    for atom in project.evaluator.evaluate(func.obj, file):
        if not isinstance(atom, Plat) or atom.trust == "name":
            continue
        if atom.type == "binding" and atom.binding and func.name not in _HARMLESS and _is_awaited(node):
            return f"{atom.binding}.{func.name}()"
        if atom.type in _STORES and func.name not in web.HARMLESS_AT_START.get(atom.type, ()):
            return (
                f"{atom.binding}.{func.name}()"
                if atom.binding and atom.type in known.BINDING_KINDS
                else f"{func.name}()"
            )
    return None


def _of_runtime(node: tree.Call, file: SourceFile, project: Project) -> str | None:
    """A call of a global function, a constructor, or a function of a module that does the same."""
    values = project.evaluator.evaluate(node.func, file)
    if len(values) != 1:
        return None
    (atom,) = values
    if isinstance(atom, Global):
        if node.is_new:
            return (
                f"new {atom.path}()"
                if atom.path in web.REFUSED_CONSTRUCTORS or _has_body(node, atom.path, file, project)
                else None
            )
        return f"{atom.path}()" if atom.path in web.REFUSED_AT_START else None
    if isinstance(atom, External):
        module, path = atom.module.removeprefix("node:"), atom.path.removeprefix("default.").removeprefix("*.")
        return f"{path}()" if path in web.REFUSED_IMPORTS.get(module, ()) else None
    return None


def _has_body(node: tree.Call, path: str, file: SourceFile, project: Project) -> bool:
    """``new Response(body)`` with a body that is not null, ``new Request(url, { body })``."""
    if path == "Response" and node.args:
        body = node.args[0]
        if isinstance(body, tree.Literal | tree.Template):
            return not (isinstance(body, tree.Literal) and body.kind == "null")
        values = project.evaluator.evaluate(body, file)
        return bool(values) and all(isinstance(a, Const) and a.kind == "string" for a in values)
    if path == "Request" and len(node.args) > 1 and isinstance(node.args[1], tree.Object):
        return any(
            isinstance(p, tree.Property) and p.key == "body" and not _is_nothing(p.value) for p in node.args[1].props
        )
    return False


def _is_nothing(node: Node) -> bool:
    return (isinstance(node, tree.Literal) and node.kind == "null") or (
        isinstance(node, tree.Name) and node.id == "undefined"
    )


def _is_awaited(node: Node) -> bool:
    at = node.parent
    while isinstance(at, tree.Member | tree.Call | tree.Cast):
        at = at.parent
    return isinstance(at, tree.Await)


def free_env(file: SourceFile, project: Project) -> Iterator[Step]:
    """Reads of an ``env`` that nothing defines, while ``file`` is loaded, each once.

    A declared one (``declare const env``) is none either, but counts only in a file that is certain to be loaded.
    """
    told: set[Node] = set()
    for step in project.startup.steps(file):
        node = step.node
        if isinstance(node, tree.Name) and node.id == "env" and node not in told and _is_free(node, step.file):
            told.add(node)
            if step.file.index.resolve(node) is None or project.edge.loads(file):
                yield step


def unbound_env(file: SourceFile, project: Project) -> Iterator[tree.Name]:
    """Reads of a member of ``env`` in a function where nothing of that name exists: each call fails."""
    if project.edge.sets_global_env or file.parsed.errors:
        return
    told: set[Node | None] = set()
    for node in file.index.names.get("env", ()):
        parent = node.parent
        if (
            isinstance(parent, tree.Member)
            and parent.obj is node
            and parent.name is not None
            and tree.enclosing_function(node) is not None
            and file.index.resolve(node) is None
            and _is_free(node, file)
            and tree.enclosing_function(node) not in told
            and not any(isinstance(at, tree.Unknown | tree.Param) for at in tree.ancestors(node))
            and not any(_asks_type(condition.test) for condition in conditions(node))
        ):
            told.add(tree.enclosing_function(node))
            yield node


def _asks_type(test: Node) -> bool:
    return any(isinstance(part, tree.Unary) and part.op == "typeof" for part in tree.walk(test))


def _is_free(node: tree.Name, file: SourceFile) -> bool:
    symbol = file.index.resolve(node)
    if symbol is not None:
        return symbol.ambient and symbol.scope is file.index.root
    names = (name for found in file.index.imports for name in found.names if isinstance(name, tree.ImportName))
    return not (file.index.python and any(name.local == "*" for name in names))
