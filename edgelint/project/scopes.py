"""Names to definitions: the scopes of one file, and an index of what stands in it.

One pass over the tree sets parents, opens scopes and fills the index; everything else is looked up on demand.
JavaScript scopes are blocks (``var`` and functions climb to their function); Python scopes are functions and modules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from edgelint.syntax import tree
from edgelint.syntax.tree import Node

PathStep = str | int | None
_Name, _Member, _Call, _Binary, _Literal = tree.Name, tree.Member, tree.Call, tree.Binary, tree.Literal
# Node classes have no subclasses: to look one up in a set is a quarter of the time of isinstance.
_OPENED = frozenset({tree.Function, tree.Loop, tree.Catch})
_STATEMENT_LISTS = frozenset({tree.Block, tree.Module, tree.Export})
_PATTERNS = frozenset({tree.Property, tree.Object, tree.Array, tree.Spread, tree.Assign})


class Def(NamedTuple):
    """One way a symbol gets its value.

    ``kind``: "param" (node: Param), "value" (node: the expression, or None for a bare declaration), "augment" (node:
    the Assign, op not "="), "import" (node: ImportName), "function", "class", "element" (an item of node), "key" (a key
    of node), "catch", "with". ``path`` leads from that value through a destructuring pattern: a key, an index, or None
    for a rest or a computed step. ``default`` is the pattern's default. ``at`` is where the definition stands.
    """

    kind: str
    node: Node | None
    path: tuple[PathStep, ...]
    default: Node | None
    at: Node


class Symbol:
    """A name in a scope with all its definitions."""

    __slots__ = ("name", "scope", "defs", "annotation", "ambient", "declare", "reached", "pushed")

    def __init__(self, name: str, scope: Scope) -> None:
        self.name = name
        self.scope = scope
        self.defs: list[Def] = []
        self.annotation: str | None = None
        self.ambient = False
        self.declare = ""
        self.pushed: list[tuple[Node, bool]] | None = None  # see ``objects.symbol_pushes``
        self.reached: dict[Node, list[Def]] = {}  # by use: what ``reaching`` has found

    def __repr__(self) -> str:
        return f"Symbol({self.name}, {len(self.defs)} defs)"


class Scope:
    """The names of one block, function or module."""

    __slots__ = ("node", "parent", "symbols", "is_function", "outer_names")

    def __init__(self, node: Node, parent: Scope | None, is_function: bool) -> None:
        self.node = node
        self.parent = parent
        self.symbols: dict[str, Symbol] = {}
        self.is_function = is_function
        self.outer_names: set[str] | None = None  # Python's global and nonlocal

    def lookup(self, name: str) -> Symbol | None:
        at: Scope | None = self
        while at is not None:
            found = at.symbols.get(name)
            # what a class body names is not seen from inside its methods
            if found is not None and (at is self or at.node.__class__ is not tree.Class):
                return found
            at = at.parent
        return None

    def define(self, name: str) -> Symbol:
        symbol = self.symbols.get(name)
        if symbol is None:
            symbol = self.symbols[name] = Symbol(name, self)
        return symbol

    def function_scope(self) -> Scope:
        at = self
        while not at.is_function and at.parent is not None:
            at = at.parent
        return at


class FileIndex:
    """What stands where in one file. All lists are in no particular order, but those of one name are in source order.
    """

    __slots__ = (
        "module", "scopes", "calls", "members", "names", "functions", "classes", "types", "imports", "exports",
        "objects", "templates", "dynamic_imports", "awaits_top_level", "python", "root", "subscripts", "assigns",
        "_resolved",
    )

    def __init__(self, module: tree.Module, python: bool) -> None:
        self.module = module
        self.python = python
        self.scopes: dict[Node, Scope] = {}
        self.calls: dict[str, list[tree.Call]] = defaultdict(list)  # by the callee's last name ("" when it has none)
        self.members: dict[str, list[tree.Member]] = defaultdict(list)  # by member name ("" when computed)
        self.names: dict[str, list[tree.Name]] = defaultdict(list)
        self.functions: list[tree.Function] = []
        self.classes: list[tree.Class] = []
        self.types: dict[str, list[tree.TypeDecl]] = {}
        self.imports: list[tree.Import] = []
        self.exports: list[tree.Export] = []
        self.objects: list[tree.Object] = []
        self.assigns: list[tree.Assign] = []
        self._resolved: dict[tree.Name, Symbol | None] = {}
        self.root = Scope(module, None, True)
        self.scopes[module] = self.root
        _Binder(self).run()

    def scope_of(self, node: Node) -> Scope:
        """The innermost scope around ``node``."""
        scopes = self.scopes
        at: Node | None = node
        while at is not None:
            scope = scopes.get(at)
            if scope is not None:
                return scope
            at = at.parent
        return self.root

    def resolve(self, name: tree.Name) -> Symbol | None:
        """The symbol a name means, or None for a global."""
        known = self._resolved
        if name in known:
            return known[name]
        parent = name.parent
        # A default of a parameter and a function's own name are looked up inside and outside of it: the nearest scope
        # is right.
        if parent.__class__ is tree.Class and any(base is name for base in parent.bases):
            parent = parent.parent or parent
        found = known[name] = (self.scope_of(parent) if parent is not None else self.root).lookup(name.id)
        return found

    def uses(self, symbol: Symbol) -> Iterator[tree.Name]:
        """Every Name that means ``symbol``, its definitions among them."""
        for name in self.names.get(symbol.name, ()):
            if self.resolve(name) is symbol:
                yield name


class _Binder:
    def __init__(self, index: FileIndex) -> None:
        self.index = index
        self.pending: list[tuple[tree.Assign, Scope]] = []

    def run(self) -> None:
        """One walk in source order.

        Four classes make up two thirds of all nodes: they are taken here, the first of their children without a detour
        over the stack. A scope on the stack says that what follows stands in it again.
        """
        index = self.index
        names, members, calls = index.names, index.members, index.calls
        handlers = _PYTHON_HANDLERS if index.python else _HANDLERS
        stack: list[Any] = []
        push, pop = stack.append, stack.pop
        scope = index.root
        node: Any = index.module
        while True:
            cls = node.__class__
            if cls is _Name:
                names[node.id].append(node)
            elif cls is _Member:
                members[node.name or ""].append(node)
                child = node.index
                if child is not None:
                    child.parent = node
                    if child.__class__ is not _Literal:
                        push(child)
                child = node.obj
                child.parent = node
                node = child
                continue
            elif cls is _Call:
                child = node.func
                kind = child.__class__
                last = child.name or "" if kind is _Member else child.id if kind is _Name else _last_name(child)
                calls[last].append(node)
                for arg in reversed(node.args):
                    arg.parent = node
                    if arg.__class__ is not _Literal:
                        push(arg)
                child.parent = node
                node = child
                continue
            elif cls is _Binary:
                child = node.right
                child.parent = node
                if child.__class__ is not _Literal:
                    push(child)
                child = node.left
                child.parent = node
                node = child
                continue
            elif cls is Scope:
                scope = node
            else:
                handler = handlers.get(cls)
                if handler is not None:
                    inner = handler(self, node, scope)
                    if inner is not scope:
                        push(scope)
                        scope = inner
                for field in cls.backwards:
                    value = getattr(node, field)
                    if value is None:
                        continue
                    if value.__class__ is list:
                        for child in reversed(value):
                            child.parent = node
                            if child.__class__ is not _Literal:
                                push(child)
                    else:
                        value.parent = node
                        if value.__class__ is not _Literal:
                            push(value)
            if not stack:
                break
            node = pop()
        for assign, scope in self.pending:
            self.plain_assign(assign, scope)

    def block(self, node: tree.Block, scope: Scope) -> Scope:
        if node.parent.__class__ in _OPENED:
            return scope  # they opened it
        inner = self.index.scopes[node] = Scope(node, scope, False)
        return inner

    def types(self, node: tree.TypeDecl, scope: Scope) -> Scope:
        self.index.types.setdefault(node.name, []).append(node)
        return scope

    def exports(self, node: tree.Export, scope: Scope) -> Scope:
        self.index.exports.append(node)
        return scope

    def objects(self, node: tree.Object, scope: Scope) -> Scope:
        self.index.objects.append(node)
        return scope

    def outer(self, node: tree.Unknown, scope: Scope) -> Scope:
        """Python's ``global`` and ``nonlocal``."""
        if node.what in ("global", "nonlocal"):
            owner = scope.function_scope()
            found = {item.id for item in node.items if isinstance(item, tree.Name)}
            owner.outer_names = (owner.outer_names or set()) | found
        return scope

    def open(self, node: Node, parent: Scope, is_function: bool = False) -> Scope:
        scope = Scope(node, parent, is_function)
        self.index.scopes[node] = scope
        return scope

    def function(self, node: tree.Function, scope: Scope) -> Scope:
        index = self.index
        index.functions.append(node)
        inner = index.scopes[node] = Scope(node, scope, True)
        if node.kind == "function" and node.name:
            parent = node.parent.__class__
            if index.python:
                if parent is not tree.Property:
                    self.define(scope, node.name, Def("function", node, (), None, node))
            elif parent in _STATEMENT_LISTS:
                self.define(scope, node.name, Def("function", node, (), None, node))
            else:
                self.define(inner, node.name, Def("function", node, (), None, node))
        for param in node.params:
            if param.__class__ is tree.Param:
                self.pattern(inner, param.target, "param", param, (), None, param, param.annotation)
        return inner

    def klass(self, node: tree.Class, scope: Scope) -> Scope:
        self.index.classes.append(node)
        if node.name:
            self.define(scope, node.name, Def("class", node, (), None, node))
        # Python's class body is a scope that its methods do not see; JavaScript's has no names of its own.
        return scope if not self.index.python else self.open_class(node, scope)

    def open_class(self, node: tree.Class, scope: Scope) -> Scope:
        inner = Scope(node, scope, True)
        self.index.scopes[node] = inner
        return inner

    def catch(self, node: tree.Catch, scope: Scope) -> Scope:
        inner = scope if self.index.python else self.open(node, scope)
        if node.target is not None:
            self.pattern(inner, node.target, "catch", None, (), None, node, None)
        return inner

    def case(self, node: tree.Case, scope: Scope) -> Scope:
        """The names that the patterns of a ``case`` capture."""
        subject = node.parent.subject if isinstance(node.parent, tree.Switch) else None
        for test in node.tests:
            for name, path in _captures(test, ()):
                fixed = _fixed(name)
                given, path = (subject, path) if fixed is None else (fixed, ())
                self.owner(name.id, scope).defs.append(Def("value", given, path, None, node))
        return scope

    def loop(self, node: tree.Loop, scope: Scope) -> Scope:
        inner = scope if self.index.python else self.open(node, scope)
        if node.target is not None and node.iterable is not None:
            kind = "key" if node.kind == "in" else "element"
            target: Node = node.target
            if isinstance(target, tree.Assign):
                owner = inner.function_scope() if target.declare == "var" else inner
                if target.declare == "":
                    self.pending_loop(target.target, node, inner, kind)
                    return inner
                self.pattern(owner, target.target, kind, node.iterable, (), None, node, target.annotation)
            elif self.index.python:
                self.pattern(inner, target, kind, node.iterable, (), None, node, None)
            else:
                self.pending_loop(target, node, inner, kind)
        return inner

    def pending_loop(self, target: Node, loop: tree.Loop, scope: Scope, kind: str) -> None:
        if isinstance(target, tree.Name):
            symbol = scope.lookup(target.id) or scope.define(target.id)
            symbol.defs.append(Def(kind, loop.iterable, (), None, loop))

    def imports(self, node: tree.Import, scope: Scope) -> Scope:
        self.index.imports.append(node)
        for name in node.names:
            if isinstance(name, tree.ImportName):
                self.define(scope, name.local, Def("import", name, (), None, node))
        return scope

    def assign(self, node: tree.Assign, scope: Scope) -> Scope:
        self.index.assigns.append(node)
        parent: Any = node.parent
        above = parent.__class__
        if above is tree.Loop and parent.target is node:
            return scope
        if (above is tree.Property or above is tree.Array) and self.in_pattern(parent):
            return scope  # a default inside a pattern, taken up with the pattern
        if node.declare:
            owner = scope.function_scope() if node.declare == "var" else scope
            for name in self.pattern(owner, node.target, "value", node.value, (), None, node, node.annotation):
                name.declare = node.declare
                name.ambient = node.ambient
        else:
            self.pending.append((node, scope))
        return scope

    def in_pattern(self, node: Node) -> bool:
        at: Node | None = node
        while at is not None and at.__class__ in _PATTERNS:
            parent = at.parent
            if isinstance(parent, tree.Assign) and parent.target is at:
                return True
            if isinstance(parent, tree.Param | tree.Loop | tree.Catch) and parent.target is at:
                return True
            if isinstance(parent, tree.Assign) and parent.value is at:
                return False
            at = parent
        return False

    def plain_assign(self, node: tree.Assign, scope: Scope) -> None:
        target = node.target
        kind = "value" if node.op in ("=", "??=", "||=", "&&=", ":=") else "augment"
        if isinstance(target, tree.Name) and kind == "augment":
            symbol = self.owner(target.id, scope)
            symbol.defs.append(Def("augment", node, (), None, node))
            return
        for name, path, default in _targets(target):
            symbol = self.owner(name.id, scope)
            symbol.defs.append(Def(kind, node.value, path, default, node))
            if node.annotation is not None and symbol.annotation is None:
                symbol.annotation = node.annotation

    def owner(self, name: str, scope: Scope) -> Symbol:
        if self.index.python:
            owner = scope.function_scope()
            if owner.outer_names and name in owner.outer_names and owner.parent is not None:
                return owner.parent.lookup(name) or self.index.root.define(name)
            return owner.define(name)
        # An assignment to an undeclared name makes a global: it belongs to the module's root here.
        return scope.lookup(name) or self.index.root.define(name)

    def pattern(
        self, scope: Scope, target: Node, kind: str, node: Node | None, path: tuple[PathStep, ...],
        default: Node | None, at: Node, annotation: str | None,
    ) -> list[Symbol]:
        if target.__class__ is _Name:
            symbol = self.define(scope, target.id, Def(kind, node, path, default, at))
            if annotation is not None:
                symbol.annotation = annotation
            return [symbol]
        found = []
        for name, steps, inner_default in _targets(target):
            symbol = self.define(scope, name.id, Def(kind, node, path + steps, inner_default or default, at))
            if not steps and annotation is not None:
                symbol.annotation = annotation
            found.append(symbol)
        return found

    def define(self, scope: Scope, name: str, definition: Def) -> Symbol:
        symbol = scope.define(name)
        symbol.defs.append(definition)
        return symbol


# What each class of node adds to the index; each gives the scope its children stand in.
_Handlers = dict[type[Node], Callable[[_Binder, Any, Scope], Scope]]
_COMMON: _Handlers = {
    tree.Function: _Binder.function, tree.Assign: _Binder.assign, tree.Loop: _Binder.loop, tree.Class: _Binder.klass,
    tree.Import: _Binder.imports, tree.Export: _Binder.exports, tree.Object: _Binder.objects,
    tree.TypeDecl: _Binder.types, tree.Catch: _Binder.catch, tree.Comprehension: _Binder.open,
}
_HANDLERS: _Handlers = {**_COMMON, tree.Block: _Binder.block}
_PYTHON_HANDLERS: _Handlers = {**_COMMON, tree.Unknown: _Binder.outer, tree.Case: _Binder.case}


def _targets(
    target: Node, path: tuple[PathStep, ...] = (), default: Node | None = None
) -> Iterator[tuple[tree.Name, tuple[PathStep, ...], Node | None]]:
    """The names a pattern binds, each with the way to its value and its default."""
    if isinstance(target, tree.Name):
        yield target, path, default
    elif isinstance(target, tree.Assign):
        yield from _targets(target.target, path, target.value)
    elif isinstance(target, tree.Object):
        for prop in target.props:
            if isinstance(prop, tree.Property):
                yield from _targets(prop.value, (*path, prop.key), None)
            elif isinstance(prop, tree.Spread):
                yield from _targets(prop.value, (*path, None), None)
    elif isinstance(target, tree.Array):
        for position, item in enumerate(target.items):
            if isinstance(item, tree.Spread):
                yield from _targets(item.value, (*path, None), None)
            else:
                yield from _targets(item, (*path, position), None)
    elif isinstance(target, tree.Cast):
        yield from _targets(target.value, path, default)


def _captures(node: Node, path: tuple[PathStep, ...]) -> Iterator[tuple[tree.Name, tuple[PathStep, ...]]]:
    """The names a pattern of Python's ``case`` binds, each with the way to its value; a dotted name is a value to
    compare with."""
    if isinstance(node, tree.Name):
        if node.id != "_":
            yield node, path
    elif isinstance(node, tree.Unknown):  # "or", "as", and "guard" with its condition last
        for item in node.items[:-1] if node.what == "guard" else node.items:
            yield from _captures(item, path)
    elif isinstance(node, tree.Call):
        for arg in node.args:
            step = arg.name if isinstance(arg, tree.Keyword) else None
            yield from _captures(arg.value if isinstance(arg, tree.Keyword) else arg, (*path, step))
    elif isinstance(node, tree.Spread):
        yield from _captures(node.value, (*path[:-1], None))
    elif isinstance(node, tree.Array):
        for position, item in enumerate(node.items):
            yield from _captures(item, (*path, position))
    elif isinstance(node, tree.Object):
        for prop in node.props:
            key = prop.key if isinstance(prop, tree.Property) else None
            yield from _captures(prop.value if isinstance(prop, tree.Property) else prop, (*path, key))


def _fixed(name: tree.Name) -> Node | None:
    """What ``name`` is where the pattern that it captures holds nothing but literals: ``case "a" | "b" as name``. Of
    several, ``a || b``, which may be either."""
    pattern = name.parent
    if not isinstance(pattern, tree.Unknown) or pattern.what != "as" or pattern.items[-1] is not name:
        return None
    first = pattern.items[0]
    options = first.items if isinstance(first, tree.Unknown) and first.what == "or" else [first]
    if not all(isinstance(option, tree.Literal) for option in options):
        return None
    found: Node = options[0]
    for option in options[1:]:
        found = tree.Binary(first.start, first.end, "||", found, option)
    return found


def _last_name(func: Node) -> str:
    while isinstance(func, tree.Cast):
        func = func.value
    if isinstance(func, tree.Name):
        return func.id
    return func.name or "" if isinstance(func, tree.Member) else ""
