"""Abstract evaluation of expressions: which values may an expression have?

Demand-driven and memoised: nothing is computed until a check asks. Variables join the definitions that can reach the
use; parameters take the values of the call at hand (a ``Frame``) or, outside of one, of every known call. Promises are
looked through: ``await x`` has the value of ``x``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from edgelint.project import known
from edgelint.project.atoms import (
    EMPTY,
    UNKNOWN,
    Arr,
    Atom,
    ClassRef,
    Const,
    External,
    Func,
    Global,
    Inst,
    ListOf,
    Namespace,
    Number,
    Obj,
    Pair,
    Plat,
    SafeText,
    Taint,
    Unknown,
    Value,
    one,
)
from edgelint.project.files import SourceFile
from edgelint.project.modules import ModuleGraph
from edgelint.project.objects import assignments
from edgelint.project.reaching import reaching
from edgelint.project.scopes import Def, Symbol
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.diagnostics import Span
    from edgelint.project.workers import EnvUse

MAX_DEPTH = 100  # nested evaluations before the answer is "unknown": bounds the Python stack
MAX_ATOMS = 40  # alternatives kept apart for one expression: beyond, those of a sort are told as one
MAX_FRAMES = 5  # calls looked into, one inside the other


class Frame:
    """A call being looked into: the parameters of ``func`` have the values of this call's arguments."""

    __slots__ = ("func", "args", "keywords", "rest", "file", "parent", "depth", "this", "call")

    def __init__(
        self, func: tree.Function, args: list[Node | Value], keywords: dict[str, Node], rest: bool, file: SourceFile,
        parent: Frame | None, this: Value | None, call: tree.Call | None = None,
    ) -> None:
        self.func = func
        self.args = args
        self.keywords = keywords
        self.rest = rest  # a spread argument: positions are not known
        self.file = file
        self.parent = parent
        self.this = this
        self.call = call  # None for a function that other code calls back
        self.depth: int = 1 if parent is None else parent.depth + 1

    @property
    def outermost(self) -> Frame:
        """The first of the calls that are looked into, one inside the other."""
        at = self
        while at.parent is not None:
            at = at.parent
        return at

    def find(self, func: tree.Function) -> Frame | None:
        at: Frame | None = self
        while at is not None:
            if at.func is func:
                return at
            at = at.parent
        return None


class Evaluator:
    """Values of expressions over all files of a project.

    ``kind_of(file, name)`` gives the binding kind of ``env.name`` for the workers that hold ``file``, or None.
    """

    def __init__(
        self, files: Mapping[str, SourceFile], graph: ModuleGraph, kind_of: Callable[[SourceFile, str], str | None]
    ) -> None:
        from edgelint.project.call_values import CallValues
        from edgelint.project.parameters import Parameters

        self.files = files
        self.graph = graph
        self.kind_of = kind_of
        self.memo: dict[tuple[Node, Frame | None], Value] = {}
        self.active: set[tuple[Node, Frame | None]] = set()
        self.depth = 0
        self.opened: set[tuple[Node, str]] = set()  # collections and fields being looked into: they may hold themselves
        self._types: dict[tuple[str, str], str | None] = {}
        self._told: dict[str, str] | None = None
        self._told_of = 0
        self.env_uses: dict[str, tuple[list[EnvUse], list[Span]]] = {}  # by file, for the workers that share it
        self.call_values = CallValues(self)
        self.parameters = Parameters(self)

    def platform_type(self, annotation: str, file: SourceFile) -> str | None:
        """The platform type that an annotation of ``file`` names, aliases looked through."""
        key = (annotation, file.path)
        if key not in self._types:
            from edgelint.project.aliases import platform_type_in

            self._types[key] = platform_type_in(annotation, file, self.graph)
        return self._types[key]

    # -- expressions -------------------------------------------------------------------------------------------------

    def evaluate(self, node: Node, file: SourceFile, frame: Frame | None = None) -> Value:
        """What ``node`` may be. Never raises; what is not understood is ``UNKNOWN``."""
        cls = node.__class__
        if cls is tree.Literal:
            literal: Any = node
            return one(Const(literal.kind, literal.value if literal.kind != "regex" else str(literal.value)))
        key = (node, frame)
        found = self.memo.get(key)
        if found is not None:
            return found
        if key in self.active:
            return EMPTY
        if self.depth > MAX_DEPTH:
            return one(Unknown("depth"))
        self.active.add(key)
        self.depth += 1
        try:
            handler = _HANDLERS.get(cls)
            value = UNKNOWN if handler is None else handler(self, node, file, frame)
        finally:
            self.depth -= 1
            self.active.discard(key)
        if len(value) > MAX_ATOMS:
            value = widened(value)
        if self.depth == 0 or not self.active:
            self.memo[key] = value
        elif value:
            # Inside a cycle an answer may be short of what flows round it; only whole answers are kept.
            self.memo[key] = value
        return value

    def name(self, node: tree.Name, file: SourceFile, frame: Frame | None) -> Value:
        if node.id == "this":
            return self.this_value(node, file, frame)
        if node.id in ("undefined", "None"):
            return one(Const("null", None))
        symbol = file.index.resolve(node)
        if symbol is None:
            ambient = self.kind_of(file, node.id) if self.graph.is_service_worker(file) else None
            return one(Plat(ambient, node.id)) if ambient else one(Global(node.id))
        return self.symbol_value(symbol, file, frame, node)

    def symbol_value(self, symbol: Symbol, file: SourceFile, frame: Frame | None, use: tree.Name | None) -> Value:
        """The join of the definitions of ``symbol`` that reach ``use`` (all of them when None)."""
        if symbol.annotation is not None:
            kind = self.platform_type(symbol.annotation, file)
            if kind is not None and not any(d.kind == "param" for d in symbol.defs):
                values = self.join(self.definition(d, file, frame) for d in symbol.defs if d.node is not None)
                named = frozenset(atom for atom in values if isinstance(atom, Plat))
                binding = symbol.name if symbol.ambient else None
                return named or one(Plat(kind, binding))
        definitions: Iterable[Def] = symbol.defs
        if use is not None and len(symbol.defs) > 1:
            definitions = reaching(symbol, use)
        return self.join(self.definition(d, file, frame) for d in definitions)

    def definition(self, d: Def, file: SourceFile, frame: Frame | None) -> Value:
        kind = d.kind
        if kind == "value":
            value = EMPTY if d.node is None else self.evaluate(d.node, file, frame)
        elif kind == "param":
            assert isinstance(d.node, tree.Param)
            value = self.parameters.value(d.node, file, frame)
        elif kind == "import":
            assert isinstance(d.node, tree.ImportName) and isinstance(d.at, tree.Import)
            value = self.imported(d.at, d.node, file)
        elif kind == "function":
            assert isinstance(d.node, tree.Function)
            value = one(Func(d.node, file))
        elif kind == "class":
            assert isinstance(d.node, tree.Class)
            value = one(ClassRef(d.node, file))
        elif kind == "augment":
            # What did not parse may be "assigned" to anything.
            value = self.augmented(d.node, file, frame) if isinstance(d.node, tree.Assign) else UNKNOWN
        elif kind == "element":
            assert d.node is not None
            value = self.elements(self.sent(self.evaluate(d.node, file, frame), d.node, file), frame)
        elif kind == "key":
            assert d.node is not None
            value = self.keys(self.evaluate(d.node, file, frame))
        else:
            value = one(Unknown("other", d.at))
        value = self.along(value, d.path, d.node if kind == "value" else None, file, frame)
        if d.default is not None:
            value = _given(value) | self.evaluate(d.default, file, frame)
        return value

    @staticmethod
    def sent(value: Value, node: Node, file: SourceFile) -> Value:
        """``value`` with what is sent along with a request (its headers, its search parameters) as plain data, read at
        ``node``."""
        return frozenset(
            Taint("request", node, file.path)
            if isinstance(a, Plat) and a.tainted and a.type in ("headers", "search-params", "form-data") else a
            for a in value
        )

    def augmented(self, node: tree.Assign, file: SourceFile, frame: Frame | None) -> Value:
        value = EMPTY if node.value is None else self.evaluate(node.value, file, frame)
        if node.op in ("+=", "|="):
            return frozenset(Number() if isinstance(a, Const) and a.kind == "number" else a for a in value)
        return one(Number(tainted=any(isinstance(a, Number | Taint) and _tainted(a) for a in value)))

    def along(
        self, value: Value, path: Sequence[str | int | None], node: Node | None, file: SourceFile, frame: Frame | None
    ) -> Value:
        """What a pattern's ``path`` takes out of ``value``, which is that of ``node`` where it stands as an expression.
        """
        for position, step in enumerate(path):
            trust = None
            if (
                step == "env"
                and position == 0
                and node is not None
                and all(isinstance(a, Unknown | External) for a in value)
            ):
                trust = _context_trust(node)  # const { env } = context.cloudflare
            value = one(Plat("env", trust=trust)) if trust is not None else self.step(value, step, file, frame)
        return value

    def step(self, value: Value, step: str | int | None, file: SourceFile, frame: Frame | None) -> Value:
        if step is None:
            return value
        if isinstance(step, int):
            return self.join(self.item(atom, step, frame) for atom in value)
        return self.member_of(value, step, file, frame)

    def item(self, atom: Atom, position: int, frame: Frame | None) -> Value:
        if isinstance(atom, Arr):
            items = atom.node.items
            if position < len(items) and not any(isinstance(i, tree.Spread) for i in items[: position + 1]):
                return self.evaluate(items[position], atom.file, atom.frame if isinstance(atom.frame, Frame) else frame)
        if isinstance(atom, Pair) and position in (0, 1):
            return atom[position]
        return self.elements(one(atom), frame)

    def this_value(self, node: Node, file: SourceFile, frame: Frame | None) -> Value:
        func = tree.enclosing_function(node)
        while func is not None and func.kind == "arrow":
            func = tree.enclosing_function(func)
        if func is not None and frame is not None:
            found = frame.find(func)
            if found is not None and found.this is not None:
                return found.this
        at: Node | None = func.parent if func is not None else tree.enclosing_class(node)
        if isinstance(at, tree.Class):
            return one(Inst(at, file))
        if isinstance(at, tree.Property) and isinstance(at.parent, tree.Object):
            return one(Obj(at.parent, file))
        if isinstance(node.parent, tree.Field):
            klass = tree.enclosing_class(node)
            if klass is not None:
                return one(Inst(klass, file))
        return UNKNOWN

    def imported(self, node: tree.Import, name: tree.ImportName, file: SourceFile) -> Value:
        target = self.graph.resolve(file, node.source, node.level)
        if target is None:
            if file.language == "python":
                return self.external(External(node.source, name.imported if name.imported != "*" else ""))
            return self.external(External(node.source, name.imported))
        if name.imported == "*":
            return one(Namespace(target))
        return self.exported(target, name.imported)

    def exported(self, path: str, name: str) -> Value:
        """The value of export ``name`` of the module at ``path``."""
        found = self.graph.export(path, name)
        if found is None:
            return UNKNOWN
        file, thing = found
        if isinstance(thing, External):
            return self.external(thing)
        if isinstance(thing, Namespace):
            return one(thing)
        if isinstance(thing, Symbol):
            return self.symbol_value(thing, file, None, None)
        return self.evaluate(thing, file, None)

    def member(self, node: tree.Member, file: SourceFile, frame: Frame | None) -> Value:
        if node.name is None:
            base = self.evaluate(node.obj, file, frame)
            if node.index is not None:
                index = self.evaluate(node.index, file, frame)
                if index and all(isinstance(a, Const) and a.kind == "string" for a in index):
                    return self.join(
                        self.member_of(base, str(a.value), file, frame) for a in index if isinstance(a, Const)
                    )
                if len(index) == 1:
                    (atom,) = index
                    if isinstance(atom, Const) and isinstance(atom.value, int):
                        return self.join(self.item(b, atom.value, frame) for b in base)
            return self.elements(base, frame, computed=True)
        base = self.evaluate(node.obj, file, frame)
        if node.name == "env" and all(isinstance(a, Unknown | External) for a in base):
            trust = _context_trust(node.obj)
            if trust is not None:
                return one(Plat("env", trust=trust))
        value = self.member_of(base, node.name, file, frame, node)
        if isinstance(node.obj, tree.Cast) and all(
            isinstance(a, Unknown) or (isinstance(a, Plat) and a.type == "binding") for a in value
        ):
            return self.cast_member(node) or value
        return value

    def member_of(
        self, base: Value, name: str, file: SourceFile, frame: Frame | None, node: tree.Member | None = None
    ) -> Value:
        return self.join(self.atom_member(atom, name, file, frame, node) for atom in base)

    def atom_member(
        self, atom: Atom, name: str, file: SourceFile, frame: Frame | None, node: tree.Member | None
    ) -> Value:
        if isinstance(atom, Plat):
            return self.plat_member(atom, name, file, node)
        if isinstance(atom, Taint):
            if name == "length":
                return one(Number(0, None, tainted=True))
            written = self.opening(atom.node, f"={name}", partial(self.overwritten, atom, name, file))
            if written:
                return written
            return one(Taint(atom.source, node or atom.node, file.path if node is not None else atom.path))
        if isinstance(atom, Obj):
            return self.object_member(atom, name)
        if isinstance(atom, Inst):
            return self.field(atom, name)
        if isinstance(atom, ClassRef):
            return self.static_member(atom, name)
        if isinstance(atom, Namespace):
            return self.exported(atom.path, name)
        if isinstance(atom, External):
            if (atom.module, atom.path, name) in (("cloudflare:workers", "*", "env"), ("workers", "", "env")):
                return one(Plat("env"))
            return self.external(External(atom.module, f"{atom.path}.{name}" if atom.path else name, atom.call))
        if isinstance(atom, Global):
            if atom.path == "process" and name == "env":
                return one(Plat("process-env"))
            if atom.path == "caches" or (atom.path == "globalThis" and name == "caches"):
                return one(Plat("cache" if name == "default" else "cache-storage"))
            return one(Global(name if atom.path in ("globalThis", "self", "window") else f"{atom.path}.{name}"))
        if name == "length":
            return one(Number(0, None))
        if isinstance(atom, SafeText):
            return one(atom)
        if isinstance(atom, Unknown) and atom.reason == "validated":
            return self.validated(atom, name)
        if isinstance(atom, Unknown) and atom.reason == "param" and isinstance(atom.node, tree.Param):
            typed = self.parameters.member_by_type(atom.node, name)
            if typed is not None:
                return typed
        return one(atom if isinstance(atom, Unknown) and atom.reason == "stored" else Unknown("other", node))

    def validated(self, atom: Unknown, name: str) -> Value:
        """Member ``name`` of what a schema passed: what the schema says of it, where it can be read."""
        from edgelint.project.schemas import Schemas

        return Schemas(self).member(atom, name)

    @property
    def told(self) -> dict[str, str]:
        """The kinds of members of env that a telling method is called on somewhere: ``env.DB.prepare()`` makes DB a
        database."""
        if self._told is None or self._told_of != len(self.files):
            self._told, self._told_of = {}, len(self.files)
            for file in self.files.values():
                for method, kind in known.TELLING_METHODS.items():
                    for call in file.index.calls.get(method, ()):
                        receiver = call.func.obj if isinstance(call.func, tree.Member) else None
                        if isinstance(receiver, tree.Member) and receiver.name is not None:
                            self._told.setdefault(receiver.name, kind)
                for method in ("get", "put"):
                    for call in file.index.calls.get(method, ()):
                        receiver = call.func.obj if isinstance(call.func, tree.Member) else None
                        if isinstance(receiver, tree.Member) and receiver.name is not None:
                            told = known.told_by_options(method, call.args)
                            if told is not None:
                                self._told.setdefault(receiver.name, told)
        return self._told

    def overwritten(self, atom: Taint, name: str, file: SourceFile) -> Value:
        """What the code itself sets member ``name`` of data that was sent to: ``row.slug = slugify(row.title)``. Empty
        when it does not."""
        value = EMPTY
        for assign in file.index.assigns:
            target = assign.target
            if assign.op != "=" or assign.value is None or not isinstance(target, tree.Member) or target.name != name:
                continue
            if any(isinstance(a, Taint) and a.node is atom.node for a in self.evaluate(target.obj, file)):
                if any(isinstance(p, tree.If | tree.Conditional | tree.Case | tree.Catch) for p in _up_to_loop(assign)):
                    return EMPTY  # set only sometimes: what was sent may be left
                value |= self.evaluate(assign.value, file)
        return value

    def external(self, atom: External) -> Value:
        if atom.module in ("cloudflare:workers", "workers", "cloudflare-workers") and atom.path == "env":
            return one(Plat("env", trust="import"))
        return one(atom)

    def plat_member(self, atom: Plat, name: str, file: SourceFile, node: tree.Member | None) -> Value:
        if atom.type == "env":
            kind = self.kind_of(file, name)
            if kind is None and name in self.told:
                return one(Plat(self.told[name], name, trust="shape"))
            if kind is None and known.KV_NAME.search(name):
                return one(Plat("kv", name, trust="name"))
            return one(Plat(kind or "binding", name, trust=atom.trust))
        if atom.type == "process-env":
            return one(Unknown("other", node))
        to = known.MEMBERS.get(atom.type, {}).get(name)
        if to is None:
            if atom.type in ("headers", "search-params", "form-data") and atom.tainted:
                return one(Unknown("other", node))
            return one(Unknown("stored" if atom.type in ("d1", "kv", "r2") else "other", node))
        return self.typed(to, atom, node, file)

    def typed(self, to: str, receiver: Plat, node: Node | None, file: SourceFile) -> Value:
        """The value of a known member or method result: see the notation in ``known``."""
        if to == "self":
            return one(receiver)
        if to in ("!text", "!message", "!event") or (to == "?text" and receiver.tainted):
            source = {"!text": "request", "!message": "message", "!event": "event"}.get(to, "request")
            return one(Taint(source, node, file.path)) if node is not None else UNKNOWN
        if to == "number":
            return one(Number())
        if to in ("safe", "method", "secret"):
            return one(SafeText(to))
        if to == "stored":
            return one(Unknown("stored", node))
        if to == "validated":
            return one(Unknown("validated", node))
        if to == "none":
            return one(Const("null", None))
        if to in ("any", "?text", "cf"):
            return one(Unknown("other", node))
        if to.endswith("!"):
            return one(Plat(to[:-1], None, True))
        origin = node if to in ("d1-statement", "response") else None
        tainted = receiver.tainted and to not in ("env", "execution-context", "cloudflare-context", "cache-storage")
        return one(Plat(to, receiver.binding, tainted, origin, receiver.trust))

    # -- objects and classes -----------------------------------------------------------------------------------------

    def object_member(self, atom: Obj, name: str) -> Value:
        return self.opening(atom.node, f".{name}", lambda: self.open_member(atom, name))

    def opening(self, node: Node, what: str, look: Callable[[], Value]) -> Value:
        """``look()``, or nothing when it is under way already: an object may be spread into itself."""
        key = (node, what)
        if key in self.opened:
            return EMPTY
        self.opened.add(key)
        try:
            return look()
        finally:
            self.opened.discard(key)

    def open_member(self, atom: Obj, name: str) -> Value:
        """``atom.name``. Objects that are spread into it are looked into once each, however many ways lead to them."""
        value = EMPTY
        queue, seen = [atom], {atom.node}
        for at in queue:
            frame = at.frame if isinstance(at.frame, Frame) else None
            found, given = self.own_member(at, name, frame)
            if found is not None:
                value |= found
                continue
            spread = [p.value for p in at.node.props if isinstance(p, tree.Spread)]
            atoms = self.join(self.evaluate(node, at.file, frame) for node in spread)
            inner = [a for a in atoms if isinstance(a, Obj)]
            given |= self.member_of(atoms.difference(inner), name, at.file, frame)
            value |= given if given or inner else one(Const("null", None))
            for other in inner:
                if other.node not in seen:
                    seen.add(other.node)
                    queue.append(other)
        return value or one(Const("null", None))

    def own_member(self, atom: Obj, name: str, frame: Frame | None) -> tuple[Value | None, Value]:
        """(what the property ``name`` holds, None without one; what stands under keys that are not known)."""
        value: Value | None = None
        given = EMPTY
        for prop in atom.node.props:
            if isinstance(prop, tree.Property):
                if prop.key == name:
                    value = self.evaluate(prop.value, atom.file, frame)
                    if isinstance(prop.value, tree.Function):
                        value = frozenset(Func(a.node, a.file, one(atom)) if isinstance(a, Func) else a for a in value)
                elif prop.key is None:
                    given |= self.evaluate(prop.value, atom.file, frame)
        for member, assigned in assignments(atom.node, atom.file):
            if member.name == name:
                value = (value or EMPTY) | self.evaluate(assigned, atom.file, frame)
            elif member.name is None:
                given |= self.evaluate(assigned, atom.file, frame)
        return value, given

    def field(self, atom: Inst, name: str) -> Value:
        """``instance.name``: a method, a field with everything assigned to it, or what the platform's base class gives.
        """
        what = f"#{atom.node.start}.{name}"  # of its base class too, for the same call
        return self.opening(atom.call or atom.node, what, lambda: self.open_field(atom, name))

    def open_field(self, atom: Inst, name: str) -> Value:
        method = self.graph.fields.methods(atom.node).get(name)
        if method is not None:
            if method.kind == "getter":
                return self.call_values.returned(Func(method, atom.file, one(atom)), None, atom.file, None)
            return one(Func(method, atom.file, one(atom)))
        value = EMPTY
        for source in self.graph.fields.sources(atom.node, atom.file, name):
            if isinstance(source, tree.Param):
                value |= self.parameters.field_value(source, atom, name)
            elif isinstance(source, str):
                kind = self.platform_type(source, atom.file)
                if kind is not None:
                    value |= one(Plat(kind))
            elif isinstance(source, tuple):
                d, = source
                value |= self.definition(d, atom.file, None)
            else:
                value |= self.evaluate(source, atom.file, self.parameters.constructor_frame(atom))
        if value:
            plain = frozenset(a for a in value if not (isinstance(a, Const) and a.kind == "null"))
            return plain or value
        for base in atom.node.bases:
            for parent in self.evaluate(base, atom.file, None):
                if isinstance(parent, ClassRef) and parent.node is not atom.node:
                    # a constructor of its own gives the base other arguments than it was given
                    own = any(isinstance(m, tree.Function) and m.kind == "constructor" for m in atom.node.members)
                    value |= self.field(Inst(parent.node, parent.file, None if own else atom.call), name)
        if value and value != UNKNOWN:
            return value
        kind = self.graph.class_kind(atom.node, atom.file, self)
        if kind is not None:
            if name == "env":
                return one(Plat("env"))
            if name in ("ctx", "state"):
                return one(Plat("do-state" if kind == "durable-object" else "execution-context"))
        return one(Unknown("other"))

    def static_member(self, atom: ClassRef, name: str) -> Value:
        for member in atom.node.members:
            if isinstance(member, tree.Function) and member.name == name:
                return one(Func(member, atom.file, one(atom)))
            if isinstance(member, tree.Field) and member.name == name and member.value is not None:
                return self.evaluate(member.value, atom.file, None)
            if isinstance(member, tree.Assign) and isinstance(member.target, tree.Name) and member.target.id == name:
                return UNKNOWN if member.value is None else self.evaluate(member.value, atom.file, None)
        return UNKNOWN

    # -- collections -------------------------------------------------------------------------------------------------

    def elements(self, value: Value, frame: Frame | None, computed: bool = False) -> Value:
        """What an item of ``value`` may be (``for x of value``, ``value[i]``)."""
        return self.join(self.atom_elements(atom, frame, computed) for atom in value)

    def atom_elements(self, atom: Atom, frame: Frame | None, computed: bool) -> Value:
        if isinstance(atom, Arr):
            return self.opening(atom.node, "[]", lambda: self.array_items(atom, frame))
        if isinstance(atom, Pair):
            return atom.key | atom.value
        if isinstance(atom, ListOf):
            return atom.items
        if isinstance(atom, Taint | SafeText):
            return one(atom)
        if isinstance(atom, Obj):
            inner = atom.frame if isinstance(atom.frame, Frame) else None
            if not computed:
                return self.keys(one(atom))
            return self.opening(
                atom.node,
                "{}",
                lambda: (
                    self.join(
                        self.evaluate(prop.value, atom.file, inner)
                        if isinstance(prop, tree.Property)
                        else self.elements(self.evaluate(prop.value, atom.file, inner), inner, True)
                        if isinstance(prop, tree.Spread)
                        else UNKNOWN
                        for prop in atom.node.props
                    )
                    | self.join(
                        self.evaluate(assigned, atom.file, inner) for _, assigned in assignments(atom.node, atom.file)
                    )
                ),
            )
        if isinstance(atom, Plat):
            if atom.type == "env" and computed:
                return one(Plat("binding", None, trust="dynamic"))
            if atom.type == "queue-messages":
                return one(Plat("queue-message"))
            if atom.type == "queue-batch":
                return one(Plat("queue-message"))
            if atom.tainted:
                return one(Taint("request", atom.origin, "")) if atom.origin is not None else one(Unknown("other"))
        if isinstance(atom, Const) and atom.kind == "string":
            return one(SafeText("constant"))
        if isinstance(atom, Const) and atom.kind == "null":
            return EMPTY
        if isinstance(atom, Unknown):
            return one(SafeText("keyword") if atom.reason == "keywords" and not computed else atom)
        return UNKNOWN

    def array_items(self, atom: Arr, frame: Frame | None) -> Value:
        inner = atom.frame if isinstance(atom.frame, Frame) else frame
        value = EMPTY
        for item in atom.node.items:
            if isinstance(item, tree.Spread):
                value |= self.elements(self.evaluate(item.value, atom.file, inner), inner)
            else:
                value |= self.evaluate(item, atom.file, inner)
        for pushed, spread in self.graph.pushes(atom.node, atom.file):
            found = self.evaluate(pushed, atom.file, inner)
            value |= self.elements(found, inner) if spread else found
        return value

    def keys(self, value: Value) -> Value:
        """What a key of ``value`` may be."""
        found = EMPTY
        for atom in value:
            if isinstance(atom, Obj):
                found |= self.opening(atom.node, "keys", partial(self.object_keys, atom))
            elif isinstance(atom, Taint):
                found |= one(atom)
            elif isinstance(atom, Arr | ListOf):
                found |= one(Number(0, None))
            elif isinstance(atom, Unknown) and atom.reason == "keywords":
                found |= one(SafeText("keyword"))
            else:
                found |= UNKNOWN
        return found

    def object_keys(self, atom: Obj) -> Value:
        found = EMPTY
        for prop in atom.node.props:
            if isinstance(prop, tree.Property) and prop.key is not None:
                found |= one(Const("string", prop.key))
            else:
                inner = prop.key_node if isinstance(prop, tree.Property) else prop
                if isinstance(inner, tree.Spread):
                    found |= self.keys(self.evaluate(inner.value, atom.file))
                elif inner is not None:
                    found |= self.evaluate(inner, atom.file)
        for member, _ in assignments(atom.node, atom.file):
            found |= self.assigned_key(member, atom.file)
        return found

    def assigned_key(self, member: tree.Member, file: SourceFile) -> Value:
        """The key that ``o[key] = value`` gives ``o``: harmless where a test or a filter has let it through."""
        from edgelint.project.captures import captures_word
        from edgelint.project.guards import is_allow_listed

        if member.name is not None:
            return one(Const("string", member.name))
        assert member.index is not None
        key = member.index
        if is_allow_listed(key, key, file, self) or captures_word(key, file, self):
            return one(SafeText("allowed"))
        symbol = file.index.resolve(key) if isinstance(key, tree.Name) else None
        loops = (
            [d.node for d in symbol.defs if d.kind == "element" and d.node is not None] if symbol is not None else []
        )
        if any(
            call.func.name == "filter"
            for node in loops
            for call in _chained(node)
            if isinstance(call.func, tree.Member)
        ):
            return one(SafeText("filtered"))
        return self.evaluate(key, file)

    # -- operators ---------------------------------------------------------------------------------------------------

    def template(self, node: tree.Template, file: SourceFile, frame: Frame | None) -> Value:
        if node.tag is not None and not (isinstance(node.tag, tree.Member) and node.tag.name == "raw"):
            return self.call_values.tagged(node, file, frame)
        return self.joined_text([self.evaluate(part, file, frame) for part in node.parts])

    def joined_text(self, parts: list[Value]) -> Value:
        """The value of text made of ``parts``: a constant when all are, tainted when one is."""
        text = ""
        whole = True
        unknown = False
        for part in parts:
            for atom in part:
                if isinstance(atom, Taint):
                    return one(atom)
                if not isinstance(atom, Const | SafeText | Number):
                    unknown = True
            if whole and len(part) == 1:
                (atom,) = part
                if isinstance(atom, Const) and isinstance(atom.value, str | int) and not isinstance(atom.value, bool):
                    text += str(atom.value)
                    continue
            whole = False
        if unknown:
            return UNKNOWN
        return one(Const("string", text)) if whole else one(SafeText("constant"))

    def binary(self, node: tree.Binary, file: SourceFile, frame: Frame | None) -> Value:
        op = node.op
        if op in ("||", "??"):
            left = frozenset(
                a._replace(nan=False) if isinstance(a, Number) and op == "||" else a
                for a in self.evaluate(node.left, file, frame)
                if not (isinstance(a, Const) and a.kind == "null")
            )
            return left | self.evaluate(node.right, file, frame)
        if op == "&&":
            return self.evaluate(node.right, file, frame) | frozenset(
                a for a in self.evaluate(node.left, file, frame) if isinstance(a, Const) and not a.value
            )
        if op == ",":
            return self.evaluate(node.right, file, frame)
        if op in ("===", "!==", "==", "!=", "<", ">", "<=", ">=", "in", "not in", "instanceof"):
            return one(Number(0, 1))
        from edgelint.project.numbers import arithmetic

        return arithmetic(self, node, file, frame)

    def unary(self, node: tree.Unary, file: SourceFile, frame: Frame | None) -> Value:
        value = self.evaluate(node.value, file, frame)
        if node.op == "typeof":
            return one(SafeText("typeof"))
        if node.op == "void":
            return one(Const("null", None))
        if node.op in ("!", "delete"):
            return one(Number(0, 1))
        from edgelint.project.numbers import complement, negated, to_number

        if node.op == "~":
            return complement(value)
        return negated(value) if node.op == "-" else to_number(value, node, file.path)

    def cast(self, node: tree.Cast, file: SourceFile, frame: Frame | None) -> Value:
        value = self.evaluate(node.value, file, frame)
        if any(isinstance(a, Plat) and a.type != "binding" for a in value):
            return value
        kind = self.platform_type(node.annotation, file)
        if kind is not None:
            names = {a.binding for a in value if isinstance(a, Plat)}
            return frozenset(Plat(kind, name) for name in names) or one(Plat(kind))
        return value

    def cast_member(self, node: tree.Member) -> Value | None:
        """``(env as { CACHE: KVNamespace }).CACHE``: what the cast says of the member."""
        text = node.obj.annotation.strip() if isinstance(node.obj, tree.Cast) else ""
        if not text.startswith("{") or node.name is None:
            return None
        said = re.search(rf"[{{;,]\s*(?:readonly\s+)?{re.escape(node.name)}\??\s*:\s*([\w.<>| ]+)", text)
        kind = known.platform_type(said[1]) if said is not None else None
        return one(Plat(kind, node.name)) if kind is not None else None

    def assigned(self, node: tree.Assign, file: SourceFile, frame: Frame | None) -> Value:
        return EMPTY if node.value is None else self.evaluate(node.value, file, frame)

    def conditional(self, node: tree.Conditional, file: SourceFile, frame: Frame | None) -> Value:
        return self.evaluate(node.then, file, frame) | self.evaluate(node.other, file, frame)

    def comprehension(self, node: tree.Comprehension, file: SourceFile, frame: Frame | None) -> Value:
        return one(ListOf(self.evaluate(node.element, file, frame)))

    @staticmethod
    def join(values: Iterable[Value]) -> Value:
        result: Value = EMPTY
        for value in values:
            result = value if not result else result | value if value else result
        return result


def widened(value: Value) -> Value:
    """``value`` with fewer alternatives: constants become harmless text, numbers one interval, objects anything.

    What the platform gives and what a request decides stays, for the rules ask for it.
    """
    from edgelint.project.numbers import as_number

    kept: set[Atom] = {atom for atom in value if isinstance(atom, Plat | SafeText)}
    numbers = frozenset(a for a in value if isinstance(a, Number) or (isinstance(a, Const) and a.kind == "number"))
    number = as_number(numbers)
    if number is not None:
        kept.add(number)
    taints = sorted((a for a in value if isinstance(a, Taint)), key=lambda a: (a.path, a.node.start))
    kept.update(taints[:8])
    for atom in value:
        if isinstance(atom, Const) and atom.kind != "number":
            kept.add(SafeText("constant") if atom.kind == "string" else atom)
        elif not isinstance(atom, Plat | SafeText | Number | Taint | Const):
            kept.add(atom if isinstance(atom, Unknown) and atom.node is None else Unknown("wide"))
    return frozenset(kept)


def _context_trust(obj: Node) -> str | None:
    """How far ``obj.env`` may be taken for the worker's env although ``obj`` is unknown: a framework's context, by its
    shape."""
    while isinstance(obj, tree.Cast):
        obj = obj.value
    if isinstance(obj, tree.Member) and obj.name in known.CONTEXT_MEMBERS:
        return "shape"
    if isinstance(obj, tree.Name) and obj.id in ("platform", "cloudflare"):
        return "shape"
    if isinstance(obj, tree.Name) and obj.id in ("c", "ctx", "context"):
        return "name"
    return None


def _chained(node: Node) -> Iterator[tree.Call]:
    """``node`` and the calls it goes on from: ``xs.filter(f)`` and ``f()`` of ``f().filter(f)``."""
    while isinstance(node, tree.Call):
        yield node
        node = node.func.obj if isinstance(node.func, tree.Member) else node.func


def _up_to_loop(node: Node) -> Iterator[Node]:
    """What is around ``node``, up to the loop or function it stands in."""
    for parent in tree.ancestors(node):
        if isinstance(parent, tree.Loop | tree.Function):
            return
        yield parent


def _given(value: Value) -> Value:
    """``value`` where a default takes the place of null."""
    return frozenset(a for a in value if not (isinstance(a, Const) and a.kind == "null"))


def _tainted(atom: Atom) -> bool:
    return isinstance(atom, Taint) or (isinstance(atom, Number | Plat) and atom.tainted)


_Handler = Callable[[Evaluator, "tree.Node", SourceFile, "Frame | None"], Value]
_HANDLERS: dict[type[Node], _Handler] = {
    tree.Name: lambda e, n, f, r: e.name(n, f, r),  # type: ignore[arg-type]
    tree.Member: lambda e, n, f, r: e.member(n, f, r),  # type: ignore[arg-type]
    tree.Call: lambda e, n, f, r: e.call_values.call(n, f, r),  # type: ignore[arg-type]
    tree.Await: lambda e, n, f, r: e.evaluate(n.value, f, r),  # type: ignore[attr-defined]
    tree.Template: lambda e, n, f, r: e.template(n, f, r),  # type: ignore[arg-type]
    tree.Binary: lambda e, n, f, r: e.binary(n, f, r),  # type: ignore[arg-type]
    tree.Unary: lambda e, n, f, r: e.unary(n, f, r),  # type: ignore[arg-type]
    tree.Conditional: lambda e, n, f, r: e.conditional(n, f, r),  # type: ignore[arg-type]
    tree.Cast: lambda e, n, f, r: e.cast(n, f, r),  # type: ignore[arg-type]
    tree.Object: lambda e, n, f, r: one(Obj(n, f, r)),  # type: ignore[arg-type]
    tree.Array: lambda e, n, f, r: one(Arr(n, f, r)),  # type: ignore[arg-type]
    tree.Function: lambda e, n, f, r: one(Func(n, f)),  # type: ignore[arg-type]
    tree.Class: lambda e, n, f, r: one(ClassRef(n, f)),  # type: ignore[arg-type]
    tree.Assign: lambda e, n, f, r: e.assigned(n, f, r),  # type: ignore[arg-type]
    tree.Comprehension: lambda e, n, f, r: e.comprehension(n, f, r),  # type: ignore[arg-type]
    tree.Keyword: lambda e, n, f, r: e.evaluate(n.value, f, r),  # type: ignore[attr-defined]
}
