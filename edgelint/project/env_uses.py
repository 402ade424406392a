"""Reads of env in a file: by name, through destructuring, by Python's getattr; and where the whole of it escapes."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from edgelint.diagnostics import Span
from edgelint.platform import bindings
from edgelint.project.atoms import ClassRef, External, Func, Plat, Value
from edgelint.project.files import SourceFile
from edgelint.project.flow import conditions, mentions, same
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.wrangler import WranglerConfig

_ENV_NAME = re.compile(r"env|bindings|platform", re.I)
_BINDING_LIKE = re.compile(r"^[A-Z][A-Z0-9_]*$|^[A-Z][A-Za-z0-9]+$")
_GLOBAL = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_ASKING = ("getattr", "hasattr")  # Python's functions that take the name of a member as text
_HARMLESS_EXTERNALS = ("hono", "@hono/", "itty-router", "chanfana", "drizzle-orm", "cloudflare:")


class EnvUse(NamedTuple):
    """One read of ``env.NAME``.

    ``guarded``: the code tests whether it is there. ``verb``: the method called on it directly. ``trust``: "high",
    "import" (``import { env }``), "shape" (a framework's context), "name" (a parameter that is only called env).
    """

    name: str
    span: Span
    file: SourceFile
    guarded: bool
    verb: str | None
    trust: str
    node: Node

def env_uses(file: SourceFile, evaluator: Evaluator) -> tuple[list[EnvUse], list[Span]]:
    """The reads of env in one file, and the places where env escapes or is read by a computed name."""
    uses: list[EnvUse] = []
    dynamic: list[Span] = []
    seen: set[int] = set()
    for members in file.index.members.values():
        for member in members:
            if not _may_be_env(member.obj, file, evaluator):
                continue
            trust = env_trust(evaluator.evaluate(member.obj, file))
            if trust is None:
                continue
            seen.add(id(_bare(member.obj)))
            if member.name is None:
                if member.index is not None and not _constant_index(member, file, evaluator, uses, trust):
                    dynamic.append(file.span(member))
                continue
            if _is_target(member):
                continue
            uses.append(_use(member.name, file, member, trust, member.name_start, member.name_end))
    asking = [call for name in _ASKING for call in file.index.calls.get(name, ())] if file.language == "python" else []
    for call in asking:
        if len(call.args) >= 2 and _may_be_env(call.args[0], file, evaluator):
            trust = env_trust(evaluator.evaluate(call.args[0], file))
            if trust is not None:
                seen.add(id(_bare(call.args[0])))
                key = call.args[1]
                if isinstance(key, tree.Literal) and isinstance(key.value, str):
                    uses.append(EnvUse(key.value, file.span(key), file, _is_asked(call), None, trust, call))
                else:
                    dynamic.append(file.span(call))
    _destructured(file, evaluator, uses, seen)
    _escapes(file, evaluator, seen, dynamic)
    return uses, dynamic


def env_trust(value: Value) -> str | None:
    """How far a value may be taken for env; None when it is not."""
    trusts = [atom.trust for atom in value if isinstance(atom, Plat) and atom.type == "env"]
    if not trusts:
        return None
    return min(trusts, key=("high", "import", "shape", "name").index)


def _bare(node: Node) -> Node:
    while isinstance(node, tree.Cast | tree.Await):
        node = node.value
    return node


def _may_be_env(node: Node, file: SourceFile, evaluator: Evaluator) -> bool:
    """A quick look before the evaluation: is this the kind of expression that can be env?"""
    cast = node.__class__ is tree.Cast
    node = _bare(node)
    if isinstance(node, tree.Name):
        return len(node.id) == 1 or _is_env_name(node.id)
    if isinstance(node, tree.Member):
        return node.name is not None and _is_env_name(node.name)
    return isinstance(node, tree.Call | tree.Binary) and (cast or evaluator.receivers.may_be_platform(node, file))


@cache
def _is_env_name(name: str) -> bool:
    return _ENV_NAME.search(name) is not None


def _is_target(member: tree.Member) -> bool:
    parent = member.parent
    return isinstance(parent, tree.Assign) and parent.target is member and parent.op == "="


def _constant_index(
    member: tree.Member, file: SourceFile, evaluator: Evaluator, uses: list[EnvUse], trust: str
) -> bool:
    """``env[name]`` with every value of ``name`` known: a use of each."""
    from edgelint.project.atoms import Const

    assert member.index is not None
    values = evaluator.evaluate(member.index, file)
    if not values or not all(isinstance(a, Const) and a.kind == "string" for a in values):
        return False
    for atom in sorted(values, key=str):
        assert isinstance(atom, Const)
        use = _use(str(atom.value), file, member, trust, member.index.start, member.index.end)
        # one of several names is tried: the code does not count on any one of them
        uses.append(use._replace(guarded=use.guarded or len(values) > 1))
    return True


def _use(name: str, file: SourceFile, node: Node, trust: str, start: int, end: int) -> EnvUse:
    parent = node.parent
    while isinstance(parent, tree.Cast):
        parent = parent.parent
    verb = None
    if (
        isinstance(parent, tree.Member)
        and _bare(parent.obj) is node
        and isinstance(parent.parent, tree.Call)
        and parent.parent.func is parent
    ):
        verb = parent.name
    return EnvUse(name, Span(file.path, start, end), file, is_guarded(node, file), verb, trust, node)


def is_guarded(node: Node, file: SourceFile) -> bool:
    """Whether the code allows for ``node`` being undefined: it is tested here, defaulted, or used under such a test."""
    at = node
    while isinstance(at.parent, tree.Cast):
        at = at.parent
    parent = at.parent
    if isinstance(parent, tree.Member) and parent.obj is at and parent.optional:
        return True
    if isinstance(parent, tree.Binary) and parent.op in ("||", "??", "&&", "===", "!==", "==", "!=", "in", "not in"):
        return parent.left is at or parent.op not in ("||", "??", "&&")
    if isinstance(parent, tree.Unary) and parent.op in ("!", "typeof"):
        return True
    if isinstance(parent, tree.If | tree.Conditional) and parent.test is at:
        return True
    if isinstance(parent, tree.Assign) and parent.op in ("??=", "||="):
        return True
    if (
        isinstance(parent, tree.Call)
        and isinstance(parent.func, tree.Name)
        and parent.func.id in ("Boolean", "bool")
        and parent.func is not at
    ):
        return True
    return any(
        mentions(condition.test, node, file) or _asks_for(condition.test, node, file) for condition in conditions(node)
    )


def _asks_for(test: Node, node: Node, file: SourceFile) -> bool:
    """Whether ``test`` asks for the member ``node`` by its name: ``"KV" in env``, Python's ``hasattr(env, "KV")``."""
    if not isinstance(node, tree.Member):
        return False
    for part in tree.walk(test):
        if isinstance(part, tree.Binary) and part.op in ("in", "not in"):
            name, holder = part.left, part.right
        elif isinstance(part, tree.Call) and _callee_name(part) == "hasattr" and len(part.args) == 2:
            holder, name = part.args
        else:
            continue
        if isinstance(name, tree.Literal) and name.value == node.name and same(_bare(holder), _bare(node.obj), file):
            return True
    return False


def _destructured(file: SourceFile, evaluator: Evaluator, uses: list[EnvUse], seen: set[int]) -> None:
    """``const { DB } = env`` and ``({ env: { DB } }) =>``."""
    for scope in file.index.scopes.values():
        for symbol in scope.symbols.values():
            for d in symbol.defs:
                if not d.path:
                    continue
                last = d.path[-1]
                if not isinstance(last, str) or d.kind not in ("value", "param") or d.node is None:
                    continue
                if d.kind == "value" and not (len(d.path) > 1 or _may_be_env(d.node, file, evaluator)):
                    continue
                if d.kind == "param" and not (len(d.path) > 1 or _BINDING_LIKE.match(last)):
                    continue
                value = (
                    evaluator.evaluate(d.node, file)
                    if d.kind == "value"
                    else evaluator.parameters.value(d.node, file, None)  # type: ignore[arg-type]
                )
                value = evaluator.along(value, d.path[:-1], d.node if d.kind == "value" else None, file, None)
                trust = env_trust(value)
                if trust is None:
                    continue
                if d.kind == "value":
                    seen.add(id(_bare(d.node)))
                place = _property_of(d.at, last)
                if place is None:
                    continue
                uses.append(
                    EnvUse(
                        last,
                        Span(file.path, place.key_start, place.key_end),
                        file,
                        d.default is not None or _tested(symbol, file),
                        None,
                        trust,
                        place,
                    )
                )


def _tested(symbol: object, file: SourceFile) -> bool:
    from edgelint.project.scopes import Symbol

    assert isinstance(symbol, Symbol)
    return any(is_guarded(use, file) for use in file.index.uses(symbol) if not isinstance(use.parent, tree.Property))


def _property_of(at: Node, key: str) -> tree.Property | None:
    target = at.target if isinstance(at, tree.Assign | tree.Param) else None
    if target is None:
        return None
    for node in tree.walk(target):
        if isinstance(node, tree.Property) and node.key == key:
            return node
    return None


def service_worker_globals(
    file: SourceFile, evaluator: Evaluator, config: WranglerConfig | None, uses: list[EnvUse]
) -> None:
    """In the service-worker syntax bindings are globals."""
    declared: set[str] = set()
    if config is not None:
        for environment in config.environments:
            declared.update(environment.bindings)
    service = evaluator.graph.is_service_worker(file)
    for name, nodes in file.index.names.items():
        if name not in declared and not (
            service and name in file.index.root.symbols and file.index.root.symbols[name].ambient
        ):
            if service and _GLOBAL.fullmatch(name) and name not in file.index.root.symbols:
                # declared nowhere: a binding only when something only bindings have is called on it
                found = [_use(name, file, node, "high", node.start, node.end) for node in nodes
                         if file.index.resolve(node) is None]  # fmt: skip
                uses += [use for use in found if use.verb and bindings.kinds_of_verb(use.verb)]
            continue
        for node in nodes:
            symbol = file.index.resolve(node)
            parent = node.parent
            if isinstance(parent, tree.Assign) and parent.target is node:
                continue
            if (symbol is None and service) or (symbol is not None and symbol.ambient):
                uses.append(_use(name, file, node, "high", node.start, node.end))


def _escapes(file: SourceFile, evaluator: Evaluator, seen: set[int], dynamic: list[Span]) -> None:
    """Places where the whole env is handed to code that is not the project's, spread, or listed."""
    candidates: list[Node] = [n for name, nodes in file.index.names.items() if _is_env_name(name) for n in nodes]
    candidates += [
        m for name, members in file.index.members.items() if _is_env_name(name) for m in members
    ]
    for node in candidates:
        at: Node = node
        while isinstance(at.parent, tree.Cast | tree.Await):
            at = at.parent
        parent = at.parent
        if id(node) in seen and not (isinstance(parent, tree.Call) and _callee_name(parent) not in _ASKING):
            continue
        holder: Node | None = None
        if isinstance(parent, tree.Spread):
            holder = parent
        elif isinstance(parent, tree.Loop) and parent.iterable is at:
            holder = parent
        elif isinstance(parent, tree.Call) and parent.func is not at:
            holder = parent
        elif isinstance(parent, tree.Property) and parent.value is at and isinstance(parent.parent, tree.Object):
            outer: Node | None = parent.parent
            while isinstance(outer, tree.Object | tree.Property | tree.Cast):
                outer = outer.parent
            holder = outer if isinstance(outer, tree.Call) else None
        if holder is None or env_trust(evaluator.evaluate(node, file)) is None:
            continue
        if isinstance(holder, tree.Call):
            callee = evaluator.evaluate(holder.func, file)
            if callee and all(isinstance(a, Func | ClassRef) or _is_harmless(a) for a in callee):
                continue
            if isinstance(holder.func, tree.Member) and holder.func.name in ("log", "error", "warn", "debug", "info"):
                continue
        dynamic.append(file.span(node))


def _is_asked(call: tree.Call) -> bool:
    """Whether ``getattr(env, name, default)`` or ``hasattr(env, name)`` allows for the name not being there."""
    return len(call.args) > 2 or _callee_name(call) == "hasattr"


def _callee_name(call: tree.Call) -> str:
    return call.func.id if isinstance(call.func, tree.Name) else ""


def _is_harmless(atom: object) -> bool:
    if isinstance(atom, External):
        return atom.module.startswith(_HARMLESS_EXTERNALS)
    return False
