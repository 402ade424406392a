"""A quick look before an evaluation: what surely gives nothing of the platform, by its shape alone.

Most calls of ``get`` or ``match`` in an app are on maps, text and packages. Their receivers need not be evaluated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

_ENV_MODULES = frozenset({"cloudflare:workers", "workers", "cloudflare-workers", "hono/adapter"})
_NOTHING = (
    tree.Literal, tree.Object, tree.Array, tree.Function, tree.Class, tree.Unary, tree.Comprehension,
)
# Methods and functions that may give back what they are given, or an item of what they are called on.
_HANDING_ON = frozenset({
    "then", "catch", "finally", "find", "at", "pop", "shift", "findLast", "popleft", "get", "setdefault", "all",
    "allSettled", "race", "any", "resolve", "gather", "open", "assign", "freeze", "from", "of", "fromEntries", "list",
    "tuple", "set", "sorted", "dict", "frozenset", "iter", "reversed", "enumerate", "structuredClone", "getattr",
    "import", "new", "items", "keys", "values", "entries",
})
_GIVING = _HANDING_ON.union(known.CONTEXT_FUNCTIONS, known.TELLING_METHODS, *known.METHODS.values())
_MAX_HOPS = 8


class Receivers:
    """What may be an object of the platform. A part of ``Evaluator``."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._callable: set[str] | None = None
        self._callable_of = 0

    def may_be_platform(self, node: Node, file: SourceFile, hops: int = 0) -> bool:
        """Whether ``node`` may be a binding, env, or what these give; False only when it surely is none of them."""
        if isinstance(node, tree.Await):
            return self.may_be_platform(node.value, file, hops)
        if isinstance(node, _NOTHING):
            return False
        if isinstance(node, tree.Template):
            return node.tag is not None
        if isinstance(node, tree.Name):
            return self._name(node, file, hops)
        if isinstance(node, tree.Call):
            return not node.is_new and self._called(node.func, file)
        if isinstance(node, tree.Member):
            return not self._of_package(node, file)
        if isinstance(node, tree.Binary):
            if node.op in ("||", "??", "&&"):
                return self.may_be_platform(node.left, file, hops) or self.may_be_platform(node.right, file, hops)
            return node.op == ","
        return True

    def _name(self, node: tree.Name, file: SourceFile, hops: int) -> bool:
        symbol = file.index.resolve(node)
        if symbol is None:
            return node.id == "this" or self.e.graph.is_service_worker(file)
        if symbol.annotation is not None or len(symbol.defs) != 1 or hops > _MAX_HOPS:
            return True
        d = symbol.defs[0]
        if d.kind == "import":
            return not self._is_package(d.at, file)
        if d.kind == "value" and d.node is not None and not d.path and d.default is None:
            return self.may_be_platform(d.node, file, hops + 1)
        return d.kind not in ("function", "class")

    def _called(self, func: Node, file: SourceFile) -> bool:
        """Whether calling ``func`` may give something of the platform."""
        if isinstance(func, tree.Name):
            symbol = file.index.resolve(func)
            if symbol is None:
                return func.id in _GIVING
            return len(symbol.defs) != 1 or symbol.defs[0].kind != "import" or not self._of_package(func, file)
        if isinstance(func, tree.Member) and func.name is not None:
            if func.name not in _GIVING and func.name not in self.callable_names:
                return False
            return not self._of_package(func, file)
        return True

    def _of_package(self, node: Node, file: SourceFile) -> bool:
        """Whether a chain of members and calls goes on from what a package gives: ``z.object(shape).parse``."""
        at = node
        while True:
            if isinstance(at, tree.Member):
                if at.name in known.CONTEXT_FUNCTIONS:
                    return False
                at = at.obj
            elif isinstance(at, tree.Call):
                if at.is_new:
                    return False
                at = at.func
            else:
                break
        if not isinstance(at, tree.Name) or at.id in known.CONTEXT_FUNCTIONS:
            return False
        symbol = file.index.resolve(at)
        if symbol is None or len(symbol.defs) != 1 or symbol.annotation is not None:
            return False
        d = symbol.defs[0]
        if d.kind != "import" or not isinstance(d.node, tree.ImportName):
            return False
        return d.node.imported not in known.CONTEXT_FUNCTIONS and self._is_package(d.at, file)

    def _is_package(self, node: Node, file: SourceFile) -> bool:
        """Whether an import takes from a package: from no file of the project, and not from the runtime."""
        return (
            isinstance(node, tree.Import)
            and node.source not in _ENV_MODULES
            and self.e.graph.resolve(file, node.source, node.level) is None
        )

    @property
    def callable_names(self) -> set[str]:
        """The names under which the project's code may hold a function: of methods, properties, fields."""
        if self._callable is None or self._callable_of != len(self.e.files):
            self._callable, self._callable_of = set(), len(self.e.files)
            for file in self.e.files.values():
                self._callable.update(_callable_names(file))
        return self._callable


def _callable_names(file: SourceFile) -> set[str]:
    index = file.index
    names = {function.name for function in index.functions if function.name}
    plain = (tree.Literal, tree.Template, tree.Object, tree.Array)
    for literal in index.objects:
        for prop in literal.props:
            if isinstance(prop, tree.Property) and prop.key is not None and not isinstance(prop.value, plain):
                names.add(prop.key)
    for klass in index.classes:
        for member in klass.members:
            if isinstance(member, tree.Field):
                names.add(member.name)
            elif isinstance(member, tree.Function) and member.kind == "constructor":
                names.update(p.target.id for p in member.params
                             if isinstance(p, tree.Param) and p.accessibility and isinstance(p.target, tree.Name))
    for assign in index.assigns:
        if isinstance(assign.target, tree.Member) and assign.target.name is not None:
            names.add(assign.target.name)
        elif isinstance(assign.target, tree.Name) and isinstance(assign.parent, tree.Class):
            names.add(assign.target.id)
    return names
