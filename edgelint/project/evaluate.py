"""Abstract evaluation of expressions: which values may an expression have?

Demand-driven and memoised: nothing is computed until a check asks. Variables join the definitions that can reach the
use; parameters take the values of the call at hand (a ``Frame``) or, outside of one, of every known call. Promises are
looked through: ``await x`` has the value of ``x``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
from edgelint.project.frames import Frame, Memo
from edgelint.project.hono_values import HonoValues
from edgelint.project.member_values import MemberValues, context_trust
from edgelint.project.modules import ModuleGraph
from edgelint.project.object_values import ObjectValues
from edgelint.project.reaching import reaching
from edgelint.project.receivers import Receivers
from edgelint.project.scopes import Def, Symbol
from edgelint.project.typed import Typed
from edgelint.project.widening import MAX_ATOMS, widened
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.diagnostics import Span
    from edgelint.project.env_uses import EnvUse

MAX_DEPTH = 100  # nested evaluations before the answer is "unknown": bounds the Python stack
MAX_STEPS = 20_000  # expressions looked at for one question: what goes in circles is given up, as "unknown"
_OPEN: Value = frozenset({Unknown("open")})  # stands in the memo for what is being evaluated; told by its identity
_NULL: Value = one(Const("null", None))


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
        self.memo: Memo = {}  # values outside of calls that are looked into; each Frame has its own
        self.cuts = 0  # how often an answer was cut short: by a cycle, by the depth, by the number of steps
        self.depth = 0
        self.steps = 0
        self.kept: defaultdict[str, dict[Any, Any]] = defaultdict(dict)  # what those who ask have found once, by sort
        self._returns: dict[tree.Function, list[tree.Return]] = {}
        self._exporting: set[Symbol] = set()
        self._types: dict[tuple[str, str], str | None] = {}
        self.env_uses: dict[str, tuple[list[EnvUse], list[Span]]] = {}  # by file, for the workers that share it
        # What was found to go back to nothing that leaves a question (by its name) open: see ``origins``.
        self.without_origin: dict[str, set[tuple[Node, Frame | None, bool]]] = {}
        self.call_values = CallValues(self)
        self.objects = ObjectValues(self)
        self.members = MemberValues(self)
        self.parameters = Parameters(self)
        self.hono = HonoValues(self)
        self.receivers = Receivers(self)
        self.typed = Typed(self)
        self._handlers: dict[type[Node], Callable[[Any, SourceFile, Frame | None], Value]] = {
            tree.Name: self.name,
            tree.Member: self.members.member,
            tree.Call: self.call_values.call,
            tree.Await: self.inner,
            tree.Keyword: self.inner,
            tree.Template: self.template,
            tree.Binary: self.binary,
            tree.Unary: self.unary,
            tree.Conditional: self.conditional,
            tree.Cast: self.cast,
            tree.Assign: self.assigned,
            tree.Comprehension: self.comprehension,
            tree.Object: lambda node, file, frame: one(Obj(node, file, frame)),
            tree.Array: lambda node, file, frame: one(Arr(node, file, frame)),
            tree.Function: lambda node, file, frame: one(Func(node, file)),
            tree.Class: lambda node, file, frame: one(ClassRef(node, file)),
        }

    def forget(self) -> None:
        """Drop every value: more is known now of what they were made of."""
        self.memo.clear()
        self.call_values.forget()

    def returns_of(self, function: tree.Function) -> list[tree.Return]:
        """The return statements of ``function`` itself."""
        found = self._returns.get(function)
        if found is None:
            from edgelint.project.call_values import returns_of

            found = self._returns[function] = returns_of(function)
        return found

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
        memo = self.memo if frame is None else frame.memo
        found = memo.get(node)
        if found is not None:
            if found is _OPEN:
                self.cuts += 1
                return EMPTY
            return found
        cls = node.__class__
        if cls is tree.Literal:
            literal: Any = node
            return one(Const(literal.kind, literal.value if literal.kind != "regex" else str(literal.value)))
        handler = self._handlers.get(cls)
        if handler is None:
            return UNKNOWN
        depth = self.depth
        self.steps = self.steps + 1 if depth else 0
        if depth > MAX_DEPTH or self.steps > MAX_STEPS:
            self.cuts += 1
            return one(Unknown("depth"))
        memo[node] = _OPEN
        self.depth = depth + 1
        value = EMPTY
        try:
            value = handler(node, file, frame)
            if len(value) > MAX_ATOMS:
                value = widened(value)
        finally:
            self.depth = depth
            if value or not depth:
                memo[node] = value
            else:
                # Inside a cycle an answer may be short of what flows round it; only whole answers are kept.
                del memo[node]
        return value

    def inner(self, node: tree.Await | tree.Keyword, file: SourceFile, frame: Frame | None) -> Value:
        return self.evaluate(node.value, file, frame)

    def super_value(self, node: Node, file: SourceFile) -> Value:
        """``super``: the instance, as its base class sees it."""
        klass = tree.enclosing_class(node)
        value = self.join(self.evaluate(base, file) for base in klass.bases) if klass is not None else EMPTY
        parents = [a for a in value if isinstance(a, ClassRef) and a.node is not klass]
        return frozenset(Inst(a.node, a.file) for a in parents) or UNKNOWN

    def name(self, node: tree.Name, file: SourceFile, frame: Frame | None) -> Value:
        if node.id == "this":
            return self.this_value(node, file, frame)
        if node.id in ("undefined", "None"):
            return _NULL
        if node.id == "super":
            return self.super_value(node, file)
        symbol = file.index.resolve(node)
        if symbol is None:
            ambient = self.kind_of(file, node.id) if self.graph.is_service_worker(file) else None
            return one(Plat(ambient, node.id)) if ambient else one(Global(node.id))
        return self.symbol_value(symbol, file, frame, node)

    def symbol_value(self, symbol: Symbol, file: SourceFile, frame: Frame | None, use: tree.Name | None) -> Value:
        """The join of the definitions of ``symbol`` that reach ``use`` (all of them when None)."""
        several = use is not None and len(symbol.defs) > 1
        memo = self.memo if frame is None else frame.memo
        if not several:
            found = memo.get(symbol)
            if found is not None:
                return found
        cuts = self.cuts
        value = self.typed_symbol(symbol, file, frame) if symbol.annotation is not None else None
        if value is None:
            value = EMPTY
            for d in reaching(symbol, use) if several and use is not None else symbol.defs:
                given = self.definition(d, file, frame)
                value = value | given if value else given
            value = self.typed.fill(value, symbol.annotation, file)
        if not several and self.cuts == cuts:
            memo[symbol] = value
        return value

    def typed_symbol(self, symbol: Symbol, file: SourceFile, frame: Frame | None) -> Value | None:
        """What the annotation of ``symbol`` says of it, None when it names nothing of the platform."""
        assert symbol.annotation is not None
        kind = self.platform_type(symbol.annotation, file)
        if kind is None or any(d.kind == "param" for d in symbol.defs):
            return None
        values = self.join(self.definition(d, file, frame) for d in symbol.defs if d.node is not None)
        named = frozenset(atom for atom in values if isinstance(atom, Plat))
        return named or one(Plat(kind, symbol.name if symbol.ambient else None))

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
        if d.path:
            # const { db }: Deps = ...
            value = self.typed.fill(value, d.at.annotation if isinstance(d.at, tree.Assign) else None, file)
            value = self.along(value, d.path, d.node if kind == "value" else None, file, frame, d.at)
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
            return frozenset(_part_of_more(a) for a in value)
        return one(Number(tainted=any(isinstance(a, Taint) or (isinstance(a, Number) and a.tainted) for a in value)))

    def along(
        self, value: Value, path: Sequence[str | int | None], node: Node | None, file: SourceFile, frame: Frame | None,
        at: Node | None = None,
    ) -> Value:
        """What a pattern's ``path`` takes out of ``value``, which is that of ``node`` where it stands as an expression;
        ``at`` is where the pattern stands.
        """
        for position, step in enumerate(path):
            trust = None
            if (
                step == "env"
                and position == 0
                and node is not None
                and all(isinstance(a, Unknown | External) for a in value)
            ):
                trust = context_trust(node)  # const { env } = context.cloudflare
            value = one(Plat("env", trust=trust)) if trust is not None else self.step(value, step, file, frame, at)
        return value

    def step(
        self, value: Value, step: str | int | None, file: SourceFile, frame: Frame | None, at: Node | None = None
    ) -> Value:
        """What one step of a pattern, which stands ``at`` some place, takes out of ``value``."""
        if step is None:
            return value
        if isinstance(step, int):
            return self.join(self.item(atom, step, frame) for atom in value)
        if len(value) == 1:
            (atom,) = value
            if isinstance(atom, Plat):
                return self.members.plat_member(atom, step, file, at)
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
                return self.members.external(External(node.source, name.imported if name.imported != "*" else ""))
            return self.members.external(External(node.source, name.imported))
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
            return self.members.external(thing)
        if isinstance(thing, Namespace):
            return one(thing)
        if not isinstance(thing, Symbol):
            return self.evaluate(thing, file, None)
        if thing in self._exporting:  # modules that take a name from each other
            self.cuts += 1
            return EMPTY
        self._exporting.add(thing)
        try:
            return self.symbol_value(thing, file, None, None)
        finally:
            self._exporting.discard(thing)

    # -- members and items: what callers ask for most ------------------------------------------------------------------

    def member_of(
        self, base: Value, name: str, file: SourceFile, frame: Frame | None, node: tree.Member | None = None
    ) -> Value:
        """``base.name``."""
        return self.members.member_of(base, name, file, frame, node)

    def atom_member(
        self, atom: Atom, name: str, file: SourceFile, frame: Frame | None, node: tree.Member | None
    ) -> Value:
        """Member ``name`` of one atom; ``node`` is where it is read, when it stands in the code."""
        return self.members.atom_member(atom, name, file, frame, node)

    @property
    def told(self) -> dict[str, str]:
        """The kinds of members of env that their use tells."""
        return self.members.told

    def elements(self, value: Value, frame: Frame | None, computed: bool = False) -> Value:
        """What an item of ``value`` may be (``for x of value``, ``value[i]``)."""
        return self.objects.elements(value, frame, computed)

    def atom_elements(self, atom: Atom, frame: Frame | None, computed: bool) -> Value:
        """What an item of one atom may be; ``computed`` for ``value[name]``."""
        return self.objects.atom_elements(atom, frame, computed)

    def keys(self, value: Value) -> Value:
        """What a key of ``value`` may be."""
        return self.objects.keys(value)

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
            taints = [atom for atom in part if isinstance(atom, Taint)]
            if taints:  # of several the first in the code, whatever the order in the set
                return one(min(taints, key=lambda atom: (atom.path, atom.node.start, atom.node.end)))
            unknown = unknown or not all(isinstance(atom, Const | SafeText | Number) for atom in part)
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
        return self.typed.fill(value, node.annotation, file)

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


def _part_of_more(atom: Atom) -> Atom:
    """What is known of a variable when ``atom`` was added to it."""
    if isinstance(atom, Const) and atom.kind in ("number", "string"):
        return Number() if atom.kind == "number" else SafeText("constant")
    return atom


def _given(value: Value) -> Value:
    """``value`` where a default takes the place of null."""
    return frozenset(a for a in value if not (isinstance(a, Const) and a.kind == "null"))
