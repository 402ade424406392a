"""What objects hold besides their literal: the fields of classes, the items pushed into arrays."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.project.files import SourceFile
from edgelint.project.scopes import Def, Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

FieldSource = tree.Param | str | tuple[Def] | Node
_PUSHES = frozenset({"push", "unshift", "append", "add", "insert"})


class Fields:
    """For every class: name of a field -> everything that gives it a value."""

    def __init__(self) -> None:
        self._assigned: dict[str, dict[tree.Class, dict[str, list[FieldSource]]]] = {}
        self._tables: dict[tree.Class, dict[str, list[FieldSource]]] = {}
        self._methods: dict[tree.Class, dict[str, tree.Function]] = {}

    def methods(self, node: tree.Class) -> dict[str, tree.Function]:
        """The methods of a class by name: of several with one name (a getter and a setter) the first."""
        found = self._methods.get(node)
        if found is None:
            found = self._methods[node] = {}
            for member in node.members:
                if isinstance(member, tree.Function) and member.body is not None:
                    found.setdefault(member.name, member)
        return found

    def sources(self, node: tree.Class, file: SourceFile, name: str) -> list[FieldSource]:
        """Parameters (TypeScript parameter properties), annotations (str), initialisers and assigned expressions of a
        field."""
        return self.table(node, file).get(name, [])

    def table(self, node: tree.Class, file: SourceFile) -> dict[str, list[FieldSource]]:
        found = self._tables.get(node)
        if found is not None:
            return found
        table: dict[str, list[FieldSource]] = {}
        for member in node.members:
            if isinstance(member, tree.Field):
                sources = table.setdefault(member.name, [])
                if member.annotation is not None:
                    sources.append(member.annotation)
                if member.value is not None:
                    sources.append(member.value)
            elif isinstance(member, tree.Function) and member.kind == "constructor":
                for param in member.params:
                    if isinstance(param, tree.Param) and param.accessibility and isinstance(param.target, tree.Name):
                        table.setdefault(param.target.id, []).append(param)
            at: Node | None = member
            while isinstance(at, tree.Assign):  # Python's ``a = b = 1``
                if isinstance(at.target, tree.Name) and at.value is not None:
                    table.setdefault(at.target.id, []).append(at.value)
                at = at.value
        for name, assigned in self.assigned(file).get(node, {}).items():
            table.setdefault(name, []).extend(assigned)
        self._tables[node] = table
        return table

    def assigned(self, file: SourceFile) -> dict[tree.Class, dict[str, list[FieldSource]]]:
        found = self._assigned.get(file.path)
        if found is not None:
            return found
        found = {}
        for assign in file.index.assigns:
            for target, value in _field_targets(assign):
                owner = receiver_class(target.obj)
                if owner is not None and target.name is not None:
                    sources = found.setdefault(owner, {}).setdefault(target.name, [])
                    if assign.annotation is not None:
                        sources.append(assign.annotation)
                    sources.append(value)
        self._assigned[file.path] = found
        return found


def _field_targets(assign: tree.Assign) -> Iterator[tuple[tree.Member, FieldSource]]:
    if assign.value is None:
        return
    if isinstance(assign.target, tree.Member):
        if assign.op in ("=", "??=", "||="):
            yield assign.target, assign.value
        return
    if isinstance(assign.target, tree.Object):
        for prop in assign.target.props:
            if isinstance(prop, tree.Property) and isinstance(prop.value, tree.Member):
                yield prop.value, (Def("value", assign.value, (prop.key,), None, assign),)


def receiver_class(obj: Node) -> tree.Class | None:
    """The class whose instance ``obj`` (``this``, Python's self) is, or None."""
    if not isinstance(obj, tree.Name):
        return None
    function = tree.enclosing_function(obj)
    while function is not None and (
        function.kind in ("arrow", "lambda") or not isinstance(function.parent, tree.Class | tree.Property)
    ):
        function = tree.enclosing_function(function)
    if obj.id == "this":
        if function is None:
            return tree.enclosing_class(obj)
        return function.parent if isinstance(function.parent, tree.Class) else None
    if function is None or not isinstance(function.parent, tree.Class) or not function.params:
        return None
    first = function.params[0]
    if (
        isinstance(first, tree.Param)
        and isinstance(first.target, tree.Name)
        and first.target.id == obj.id
        and obj.id == "self"
    ):
        return function.parent
    return None


def holder(node: Node, file: SourceFile) -> Symbol | None:
    """The variable that ``node`` is the initial value of."""
    parent = node.parent
    while isinstance(parent, tree.Cast):
        parent = parent.parent
    if isinstance(parent, tree.Assign) and isinstance(parent.target, tree.Name) and parent.value is not None:
        return file.index.resolve(parent.target)
    return None


def assignments(node: tree.Object, file: SourceFile) -> Iterator[tuple[tree.Member, Node]]:
    """The members that are assigned to the object that starts as ``node``, each with what: ``o = {}; o.a = 1; o[k] =
    2``."""
    symbol = holder(node, file)
    for use in file.index.uses(symbol) if symbol is not None else ():
        member = use.parent
        if isinstance(member, tree.Member) and member.obj is use:
            assign = member.parent
            if isinstance(assign, tree.Assign) and assign.target is member and assign.value is not None:
                yield member, assign.value


def assigned_members(node: tree.Object, file: SourceFile, name: str | None = None) -> Iterator[Node]:
    """What is assigned to member ``name`` (None: to any) of the object that starts as ``node``."""
    return (value for member, value in assignments(node, file) if name is None or member.name == name)


def array_pushes(array: Node, file: SourceFile) -> list[tuple[Node, bool]]:
    """What is pushed into the array that starts as ``array``: (expression, whether it stands for several items)."""
    symbol = holder(array, file)
    if symbol is not None:
        return list(symbol_pushes(symbol, file))
    parent = array.parent
    field = None
    if isinstance(parent, tree.Property):
        return list(_gathered(parent, file))
    if isinstance(parent, tree.Field):
        field = parent.name
    elif isinstance(parent, tree.Assign) and isinstance(parent.target, tree.Member):
        field = parent.target.name
    if field is None:
        return []
    found: list[tuple[Node, bool]] = []
    for member in file.index.members.get(field, ()):
        if isinstance(member.obj, tree.Name) and member.obj.id in ("this", "self"):
            found.extend(_pushed_through(member))
    return found


def _gathered(prop: tree.Property, file: SourceFile) -> Iterator[tuple[Node, bool]]:
    """What a ``reduce`` pushes into ``prop`` of the object it begins with: ``xs.reduce((o, x) => ..., { parts: [] })``.
    """
    made = prop.parent
    call = made.parent if made is not None else None
    if not isinstance(call, tree.Call) or call.args[1:2] != [made] or not isinstance(call.func, tree.Member):
        return
    function = call.args[0]
    param = function.params[0] if isinstance(function, tree.Function) and function.params else None
    if call.func.name != "reduce" or not isinstance(param, tree.Param) or not isinstance(param.target, tree.Name):
        return
    symbol = file.index.resolve(param.target)
    for use in file.index.uses(symbol) if symbol is not None else ():
        if isinstance(use.parent, tree.Member) and use.parent.name == prop.key:
            yield from _pushed_through(use.parent)


def symbol_pushes(symbol: Symbol, file: SourceFile) -> Iterator[tuple[Node, bool]]:
    """What is pushed into the variable ``symbol``."""
    if symbol.pushed is None:
        symbol.pushed = [push for use in file.index.uses(symbol) for push in _pushed_through(use)]
    return iter(symbol.pushed)


def _pushed_through(use: Node) -> Iterator[tuple[Node, bool]]:
    parent = use.parent
    if isinstance(parent, tree.Member) and parent.obj is use:
        call = parent.parent
        if isinstance(call, tree.Call) and call.func is parent:
            if parent.name in _PUSHES:
                args = call.args[1:] if parent.name == "insert" else call.args
                for arg in args:
                    if isinstance(arg, tree.Spread):
                        yield arg.value, True
                    else:
                        yield arg, False
            elif parent.name in ("extend", "concat", "splice"):
                for arg in call.args:
                    yield arg, parent.name != "splice"
        elif (
            parent.index is not None
            and isinstance(call, tree.Assign)
            and call.target is parent
            and call.value is not None
        ):
            yield call.value, False
    elif isinstance(parent, tree.Assign) and parent.target is use and parent.op == "+=" and parent.value is not None:
        yield parent.value, True
