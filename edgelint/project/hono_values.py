"""What Hono carries from one function to another: variables of the context, and what a validator's function returns.

``c.set("tenant", value)`` in a middleware is read by ``c.get("tenant")`` and ``c.var.tenant`` in any handler behind it.
Where nothing that is set is known, the context's type may say that a variable is a binding.
``validator("query", (value, c) => ({ sort }))`` beside a handler is read by ``c.req.valid("query")``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.project.atoms import External, Func, Plat, Type, Unknown, Value, one
from edgelint.project.type_text import applied, bare
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile


class HonoValues:
    """Answers about a project's Hono apps, over an evaluator."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._sets: dict[str, list[tuple[SourceFile, Node]]] | None = None
        self._sets_of = 0
        self._types: dict[str, dict[Type, None]] | None = None
        self._types_of = 0

    def variable(self, key: str, use: Node | None) -> Value:
        """What ``c.get(key)`` may give at ``use``: what is set under the key anywhere in the project."""
        found = self.e.join(self.e.evaluate(node, file) for file, node in self.sites(key))
        if all(isinstance(atom, Unknown | External) for atom in found):
            typed = self.declared(key)
            if typed is not None:
                return typed
        return found or one(Unknown("other", use))

    def declared(self, key: str) -> Value | None:
        """What the types of contexts say of the variable ``key``: ``Variables: { db: D1Database }``, or a member of
        ``ContextVariableMap``. None when they do not agree, or it is no binding."""
        if self._types is None or self._types_of != len(self.e.files):
            self._types, self._types_of = {}, len(self.e.files)
            for file in self.e.files.values():
                for type_ in self.variables(file):
                    for name, member in self.e.typed.table(*type_).items():
                        self._types.setdefault(name, {}).setdefault(member)
        types = list(self._types.get(key, ()))
        kinds = {self.e.typed.kind(type_) for type_ in types}
        if len(kinds) != 1:
            return None
        (kind,) = kinds
        if kind is not None:
            return one(Plat(kind))
        return self.e.typed.value(*types[0]) if len(types) == 1 else None

    def variables(self, file: SourceFile) -> Iterator[Type]:
        """The types of contexts' variables that stand in ``file``."""
        for name, decls in file.index.types.items():
            for decl in decls:
                if name == "ContextVariableMap":
                    yield Type(name, file)
                elif "Variables" in decl.members:
                    yield Type(decl.members["Variables"][0], file)
        texts = [call.types for calls in file.index.calls.values() for call in calls if call.types]
        texts += [
            argument for function in file.index.functions for param in function.params
            if isinstance(param, tree.Param) and param.annotation is not None and "Variables" in param.annotation
            for argument in applied(bare(param.annotation))[1]
        ]
        for text in texts:
            if "Variables" in text:
                found = self.e.typed.table(text, file).get("Variables")
                if found is not None:
                    yield found

    def sites(self, key: str) -> list[tuple[SourceFile, Node]]:
        """The expressions that are set under ``key``."""
        if self._sets is None or self._sets_of != len(self.e.files):
            self._sets, self._sets_of = {}, len(self.e.files)
            for file in self.e.files.values():
                for call in file.index.calls.get("set", ()):
                    name = _key(call)
                    if name is not None and len(call.args) == 2 and self.is_context(call, file):
                        self._sets.setdefault(name, []).append((file, call.args[1]))
        return self._sets.get(key, [])

    def is_context(self, call: tree.Call, file: SourceFile) -> bool:
        """Whether ``call`` is of a method of a Hono context."""
        func = call.func
        return isinstance(func, tree.Member) and any(
            isinstance(a, Plat) and a.type == "hono-context" for a in self.e.evaluate(func.obj, file)
        )

    def read(self, node: Node, file: SourceFile) -> list[tuple[SourceFile, Node]]:
        """What was set under the key that ``node`` (``c.get("key")``, ``c.var.key``) reads; empty for anything else."""
        if isinstance(node, tree.Call):
            key = _key(node) if len(node.args) == 1 else None
            named = isinstance(node.func, tree.Member) and node.func.name == "get"
            return self.sites(key) if key is not None and named and self.is_context(node, file) else []
        if isinstance(node, tree.Member) and node.name is not None and isinstance(node.obj, tree.Member):
            if node.obj.name == "var" and any(
                isinstance(a, Plat) and a.type == "hono-variables" for a in self.e.evaluate(node.obj, file)
            ):
                return self.sites(node.name)
        return []

    def validators(self, node: tree.Call, file: SourceFile) -> list[Func]:
        """The functions of the project that make what ``c.req.valid(target)`` gives."""
        from edgelint.project.schemas import validator_argument

        given = validator_argument(node)
        return [a for a in self.e.evaluate(given, file) if isinstance(a, Func)] if given is not None else []


def _key(call: tree.Call) -> str | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, tree.Literal) and isinstance(first.value, str) else None
