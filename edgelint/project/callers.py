"""Who calls a function: by its name, through imports, as a method of an instance, as a constructor.

Each call is resolved once, to the functions it may run; the callers of a function are the calls of its name that
resolve to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.atoms import ClassRef, Func, Unknown
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

CallSite = tuple["SourceFile", tree.Call, int]  # the call, and how many parameters come before its first argument
Targets = dict[tree.Function, int]  # the functions a call may run, each with that number

# Names too common for a method of an unknown receiver to be taken for a call of ours.
_COMMON = frozenset({
    "get", "set", "put", "delete", "post", "fetch", "run", "exec", "all", "first", "list", "add", "has", "map", "call",
    "apply", "bind", "log", "error",
    "send", "match", "push", "join", "then", "catch", "text", "json", "update", "create", "find", "remove", "handle",
    "render", "parse", "test", "use", "on", "query", "param", "header",
})



class Callers:
    """Known calls, over all files of a project."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._callers: dict[tree.Function, list[CallSite]] = {}
        self._looking: set[tree.Function] = set()
        self._targets: dict[tree.Call, Targets | None] = {}  # None: being resolved
        self._sites: dict[str, dict[tree.Function, list[CallSite]]] = {}
        self._open: set[str] = set()
        self._by_name: dict[str, list[tuple[SourceFile, tree.Call]]] | None = None
        self._aliases: dict[str, set[str]] = {}
        self._methods: dict[str, tree.Function | None] | None = None
        self._by_method: dict[str, list[tuple[tree.Function, SourceFile]]] | None = None

    def of(self, function: tree.Function) -> list[CallSite]:
        """The known calls of ``function``. While they are being looked for, those found so far."""
        found = self._callers.get(function)
        if found is not None:
            if function in self._looking:
                self.e.cuts += 1
            return found
        found = self._callers[function] = []
        self._looking.add(function)
        for name in self.names_of(function):
            found += self.sites(name, function)
        self._looking.discard(function)
        return found

    def sites(self, name: str, function: tree.Function) -> list[CallSite]:
        """The calls of ``name`` that run ``function``: all of that name are resolved at once, for many functions share
        one."""
        table = self._sites.get(name)
        if table is None and name not in self._open:
            self._open.add(name)
            table = {}
            for file, call in self.named(name):
                for target, offset in self.targets(call, file).items():
                    table.setdefault(target, []).append((file, call, offset))
            self._open.discard(name)
            self._sites[name] = table
        if table is not None:
            return table.get(function, [])
        # Asked for again while they are being resolved: only what concerns this function, as far as it goes.
        calls = ((file, call, self.targets(call, file).get(function)) for file, call in self.named(name))
        return [(file, call, offset) for file, call, offset in calls if offset is not None]

    def names_of(self, function: tree.Function) -> set[str]:
        """The names under which ``function`` may be called."""
        names: set[str] = set()
        if function.kind == "constructor" and isinstance(function.parent, tree.Class):
            if function.parent.name:
                names.add(function.parent.name)
        elif function.name:
            names.add(function.name)
        parent = function.parent
        while isinstance(parent, tree.Cast):
            parent = parent.parent
        if isinstance(parent, tree.Assign):
            if isinstance(parent.target, tree.Name):
                names.add(parent.target.id)
            elif isinstance(parent.target, tree.Member) and parent.target.name:
                names.add(parent.target.name)
        elif isinstance(parent, tree.Property) and parent.key:
            names.add(parent.key)
        elif isinstance(parent, tree.Field):
            names.add(parent.name)
        elif isinstance(parent, tree.Export) and parent.is_default:
            names.add("default")
        self.named("")  # so that the aliases are known
        todo = list(names)
        for name in todo:
            further = self._aliases.get(name, set()) - names
            names |= further
            todo += further
        return names

    def named(self, name: str) -> list[tuple[SourceFile, tree.Call]]:
        """Every call of something of this name (the last one of a chain)."""
        if self._by_name is None:
            self._by_name = self._index()
        return self._by_name.get(name, [])

    def _index(self) -> dict[str, list[tuple[SourceFile, tree.Call]]]:
        by_name: dict[str, list[tuple[SourceFile, tree.Call]]] = {}
        for file in self.e.files.values():
            for name, calls in file.index.calls.items():
                by_name.setdefault(name, []).extend((file, call) for call in calls)
            for node in file.index.imports:
                for item in node.names:
                    if isinstance(item, tree.ImportName) and item.imported != item.local:
                        self._aliases.setdefault(item.imported, set()).add(item.local)
            for export in file.index.exports:
                for item in export.names:
                    if isinstance(item, tree.ExportName) and item.exported != item.local:
                        self._aliases.setdefault(item.local, set()).add(item.exported)
                if export.is_default and isinstance(export.value, tree.Name):
                    self._aliases.setdefault(export.value.id, set()).add("default")
        return by_name

    def targets(self, call: tree.Call, file: SourceFile) -> Targets:
        """The project's functions that ``call`` may run. None while it is being resolved: it does not call itself."""
        if call in self._targets:
            found = self._targets[call]
            if found is None:
                self.e.cuts += 1
            return found or {}
        self._targets[call] = None
        found = self._targets[call] = self._resolve(call, file)
        return found

    def _resolve(self, call: tree.Call, file: SourceFile) -> Targets:
        func = call.func
        while isinstance(func, tree.Cast):
            func = func.value
        found: Targets = {}
        if isinstance(func, tree.Member) and func.name is not None:
            receiver = self.e.evaluate(func.obj, file)
            value = self.e.member_of(receiver, func.name, file, None)
            if not receiver or any(isinstance(atom, Unknown) for atom in receiver):
                method = self.only_method(func.name)
                if method is not None and _takes(method, self.e.parameters.file_of(method), call):
                    found[method] = 1 if file.language == "python" and _has_self(method) else 0
        else:
            value = self.e.evaluate(func, file)
        for atom in value:
            if isinstance(atom, Func):
                found[atom.node] = 1 if is_bound_python(atom) else 0
            elif isinstance(atom, ClassRef):
                constructor = self.constructor(atom)
                if constructor is not None:
                    found[constructor] = 1 if file.language == "python" else 0
        return found

    def constructor(self, atom: ClassRef, depth: int = 0) -> tree.Function | None:
        """What ``new atom()`` runs: its own constructor, or an inherited one."""
        for member in atom.node.members:
            if isinstance(member, tree.Function) and member.kind == "constructor" and member.body is not None:
                return member
        if depth < 8:
            for base in atom.node.bases:
                for parent in self.e.evaluate(base, atom.file):
                    if isinstance(parent, ClassRef) and parent.node is not atom.node:
                        found = self.constructor(parent, depth + 1)
                        if found is not None:
                            return found
        return None

    def only_method(self, name: str) -> tree.Function | None:
        """The method of this name when only one class of the project has one, and the name is telling."""
        if self._methods is None:
            self._methods = {}
            for file in self.e.files.values():
                for klass in file.index.classes:
                    for member in klass.members:
                        if isinstance(member, tree.Function) and member.body is not None:
                            self._methods[member.name] = None if member.name in self._methods else member
        return self._methods.get(name) if name not in _COMMON else None


    def named_methods(self, name: str) -> list[tuple[tree.Function, SourceFile]]:
        """Every method of this name, of classes and of objects, when the name is telling: what an interface may stand
        for."""
        if self._by_method is None:
            self._by_method = {}
            for file in self.e.files.values():
                for function in file.index.functions:
                    parent = function.parent
                    key = parent.key if isinstance(parent, tree.Property) else function.name
                    if key and function.body is not None and isinstance(parent, tree.Property | tree.Class):
                        self._by_method.setdefault(key, []).append((function, file))
        return self._by_method.get(name, []) if name not in _COMMON else []


def _takes(method: tree.Function, file: SourceFile | None, call: tree.Call) -> bool:
    """Whether ``method``, which ``call`` is only guessed to mean from its name, is given the arguments it cannot do
    without. Only types tell: JavaScript lets any number through."""
    if file is None or file.language != "typescript" or any(isinstance(arg, tree.Spread) for arg in call.args):
        return True
    least = 0
    for param in method.params:
        if not isinstance(param, tree.Param) or param.rest:
            return True
        optional = file.source.data[param.target.end : param.target.end + 1] == b"?"
        least += param.annotation is not None and param.default is None and not optional
    return least <= len(call.args)


def is_self(param: tree.Param, function: tree.Function) -> bool:
    """Whether ``param`` is the instance of a Python method."""
    return (
        isinstance(function.parent, tree.Class)
        and isinstance(param.target, tree.Name)
        and param.target.id in ("self", "cls")
        and not function.is_static
    )


def is_bound_python(func: Func) -> bool:
    """Whether a call's first argument is the second parameter (Python methods)."""
    return func.file.language == "python" and isinstance(func.node.parent, tree.Class) and _has_self(func.node)


def _has_self(function: tree.Function) -> bool:
    first = function.params[0] if function.params else None
    return isinstance(first, tree.Param) and is_self(first, function)
