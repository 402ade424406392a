"""Calls of methods of bindings (and of what they give): which binding, which method, with which arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.diagnostics import Span
from edgelint.project import known
from edgelint.project.atoms import EMPTY, Const, Obj, Plat, Value
from edgelint.project.files import SourceFile
from edgelint.project.modules import is_browser_worker
from edgelint.project.numbers import as_number
from edgelint.project.objects import assigned_members
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.frames import Frame

# What a call may be made on: every platform type with methods. Method name -> the types that have it.
_BY_METHOD: dict[str, frozenset[str]] = {}
for _type, _methods in known.METHODS.items():
    for _method in _methods:
        _BY_METHOD[_method] = _BY_METHOD.get(_method, frozenset()) | {_type}
for _method, _type in known.TELLING_METHODS.items():
    _BY_METHOD[_method] = _BY_METHOD.get(_method, frozenset()) | {_type}
_STORES = frozenset({
    "kv", "d1", "d1-session", "d1-statement", "r2", "queue", "durable-object", "do-stub", "do-storage", "do-sql",
    "do-state", "cache", "cache-storage", "service", "assets", "ai", "workflow", "rate-limit", "vectorize",
    "hyperdrive", "analytics-engine", "send-email", "execution-context",
})
_EXTRA = {
    "writeDataPoint": "analytics-engine", "waitUntil": "execution-context", "query": "vectorize", "upsert": "vectorize",
    "insert": "vectorize", "blockConcurrencyWhile": "do-state", "acceptWebSocket": "do-state",
    "getWebSockets": "do-state", "send_batch": "queue", "get_with_metadata": "kv",
    "passThroughOnException": "execution-context",
}
_PASSES_OPTIONS = frozenset({"to_js", "fromEntries", "freeze", "dict", "structuredClone", "Object"})
for _method, _type in _EXTRA.items():
    _BY_METHOD[_method] = _BY_METHOD.get(_method, frozenset()) | {_type}
_ON_STORES = {method: types & _STORES for method, types in _BY_METHOD.items() if types & _STORES}


TRUST = {"high": 0, "import": 1, "shape": 2, "name": 3}  # how far what an expression holds is known, best first


class Option:
    """The value of one option of a call: ``{ expirationTtl: x }``, or Python's ``expirationTtl=x``.

    ``node`` is None when the option is absent.
    """

    __slots__ = ("node", "file", "value", "opaque", "frame")

    def __init__(
        self, node: Node | None, file: SourceFile, value: Value, opaque: bool, frame: Frame | None = None
    ) -> None:
        self.node = node
        self.file = file
        self.frame = frame  # the call in which the options were made, None for those that stand as they are
        self.value = value
        self.opaque = opaque  # options are given, but not as something that can be read

    @property
    def upper_bound(self) -> float | None:
        """The largest number it can be, None when open or not a number."""
        number = as_number(self.value)
        return None if number is None else number.upper

    @property
    def lower_bound(self) -> float | None:
        """The smallest number it can be, None when open or not a number."""
        number = as_number(self.value)
        return None if number is None else number.lower

    @property
    def span(self) -> Span:
        assert self.node is not None
        return self.file.span(self.node)


class BindingCall:
    """One call of a method on something the platform gives.

    ``kind`` is a binding kind ("kv", "d1" ...) or a type of ``known.METHODS`` ("d1-statement", "do-sql", "cache" ...).
    ``binding`` is the name in env when known. ``trust``: "high"; "import"; "shape" or "name" when only its use or a
    name tells.
    """

    __slots__ = ("file", "node", "kind", "verb", "binding", "trust", "receiver", "_evaluator")

    def __init__(
        self, file: SourceFile, node: tree.Call, kind: str, verb: str, binding: str | None, trust: str, receiver: Node,
        evaluator: Evaluator,
    ) -> None:
        self.file = file
        self.node = node
        self.kind = kind
        self.verb = verb
        self.binding = binding
        self.trust = trust
        self.receiver = receiver
        self._evaluator = evaluator

    @property
    def span(self) -> Span:
        """The whole call."""
        return self.file.span(self.node)

    @property
    def callee_span(self) -> Span:
        """``env.CACHE.put`` of ``env.CACHE.put(k, v)``."""
        return self.file.span(self.node.func)

    @property
    def function(self) -> tree.Function | None:
        """The function around the call."""
        return tree.enclosing_function(self.node)

    def arg(self, position: int) -> Node | None:
        """A positional argument, None when absent or hidden by a spread."""
        plain = [a for a in self.node.args if not isinstance(a, tree.Keyword)]
        if position >= len(plain) or any(isinstance(a, tree.Spread) for a in plain[: position + 1]):
            return None
        return plain[position]

    def options(self) -> Node | None:
        """The argument that carries the options: the last one that is no key and no value."""
        position = {"put": 2, "get": 1, "getWithMetadata": 1, "list": 0, "send": 1, "sendBatch": 1}.get(self.verb)
        return self.arg(position) if position is not None else None

    def option(self, name: str) -> Option:
        """The option ``name``, looked for in an object literal, a variable that holds one, or a keyword argument."""
        found = self.alternatives(name)
        named = [option for option in found if option.node is not None]
        return named[0] if named else found[0]

    def alternatives(self, name: str) -> list[Option]:
        """Every value that the option ``name`` may have; at least one, without a node where it may be absent."""
        for arg in self.node.args:
            if isinstance(arg, tree.Keyword) and arg.name == name:
                return [Option(arg.value, self.file, self._evaluator.evaluate(arg.value, self.file), False)]
        options = self.options()
        if options is None:
            return [Option(None, self.file, EMPTY, any(isinstance(a, tree.Spread) for a in self.node.args))]
        return self._within(options, self.file, None, name, 0)

    def _within(self, node: Node, file: SourceFile, frame: Frame | None, name: str, depth: int) -> list[Option]:
        """The values of member ``name`` of what ``node`` may be."""
        found: list[Option] = []
        value = self._evaluator.evaluate(node, file, frame)
        for atom in value if depth < 4 else ():
            if isinstance(atom, Obj):
                found.extend(self._member(atom, name, depth))
            elif not (isinstance(atom, Const) and atom.kind == "null"):
                found.extend(self._wrapped(node, file, frame, name, depth))
        return found or [Option(None, file, EMPTY, depth >= 4)]

    def _member(self, atom: Obj, name: str, depth: int) -> list[Option]:
        from edgelint.project.frames import Frame

        frame = atom.frame if isinstance(atom.frame, Frame) else None
        found: list[Option] = []
        opaque = False
        for prop in reversed(atom.node.props):
            if isinstance(prop, tree.Spread):
                inner = self._within(prop.value, atom.file, frame, name, depth + 1)
                found += [option for option in inner if option.node is not None]
                opaque = opaque or any(option.opaque for option in inner)
            elif isinstance(prop, tree.Property) and prop.key == name:
                value = self._evaluator.evaluate(prop.value, atom.file, frame)
                found.append(Option(prop.value, atom.file, value, False, frame))
                break
            elif isinstance(prop, tree.Property) and prop.key is None:
                opaque = True
        for assigned in assigned_members(atom.node, atom.file, name):
            value = self._evaluator.evaluate(assigned, atom.file, frame)
            found.append(Option(assigned, atom.file, value, False, frame))
        return found or [Option(None, atom.file, EMPTY, opaque)]

    def _wrapped(self, node: Node, file: SourceFile, frame: Frame | None, name: str, depth: int) -> list[Option]:
        """Options that a function only passes on: ``to_js({...})``, ``Object.fromEntries(...)``, ``dict(a=1)``."""
        if isinstance(node, tree.Name):
            symbol = file.index.resolve(node)
            values = [d.node for d in symbol.defs if d.kind == "value" and not d.path] if symbol is not None else []
            if len(values) == 1 and values[0] is not None:
                return self._wrapped(values[0], file, frame, name, depth + 1) if depth < 4 else []
        if isinstance(node, tree.Call):
            func = node.func
            called = func.name if isinstance(func, tree.Member) else func.id if isinstance(func, tree.Name) else ""
            if called in _PASSES_OPTIONS:
                for arg in node.args:
                    if isinstance(arg, tree.Keyword) and arg.name == name:
                        return [Option(arg.value, file, self._evaluator.evaluate(arg.value, file, frame), False, frame)]
                if node.args and not isinstance(node.args[0], tree.Keyword):
                    return self._within(node.args[0], file, frame, name, depth + 1)
        return [Option(None, file, EMPTY, True)]

    def __repr__(self) -> str:
        return f"BindingCall({self.kind}.{self.verb} on {self.binding} in {self.file.path}:{self.node.start})"


def binding_calls(file: SourceFile, evaluator: Evaluator) -> Iterator[BindingCall]:
    """Every call in ``file`` on something the platform gives, in source order."""
    found: list[BindingCall] = []
    if is_browser_worker(file):
        return  # its caches are the browser's
    receivers = evaluator.receivers
    for method in file.index.calls.keys() & _ON_STORES.keys():
        types = _ON_STORES[method]
        for call in file.index.calls[method]:
            func = call.func
            while isinstance(func, tree.Cast):
                func = func.value
            if not isinstance(func, tree.Member) or call.is_new:
                continue
            if method != "prepare" and not receivers.may_be_platform(func.obj, file):
                continue
            seen: set[tuple[str, str | None]] = set()
            receiver = evaluator.evaluate(func.obj, file)
            if method == "prepare" and not any(isinstance(a, Plat) for a in receiver) and known.is_d1_chain(call):
                receiver = frozenset({Plat("d1", trust="shape")})
            platform = [atom for atom in receiver if isinstance(atom, Plat)]
            if len(platform) > 1:  # the one to be trusted most first, whatever the order in the set
                platform.sort(key=lambda atom: (TRUST.get(atom.trust, len(TRUST)), atom.type, atom.binding or ""))
            named = {atom.type for atom in platform if atom.binding}
            for atom in platform:
                kind, trust = atom.type, atom.trust
                if atom.binding is None and kind in named:
                    continue  # a type says no more than that it is one of the kind
                if kind == "binding" and method in known.TELLING_METHODS:
                    kind, trust = known.TELLING_METHODS[method], "shape"
                if kind in types and (kind, atom.binding) not in seen:
                    seen.add((kind, atom.binding))
                    found.append(BindingCall(file, call, kind, method, atom.binding, trust, func.obj, evaluator))
    found.sort(key=lambda c: (c.node.start, c.node.end, c.kind, c.binding or ""))
    yield from found
