"""What members are: of the platform's objects, of env, of data that was sent, of modules and packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.project.atoms import (
    EMPTY,
    UNKNOWN,
    Atom,
    ClassRef,
    Const,
    External,
    Global,
    Inst,
    Namespace,
    Number,
    Obj,
    Plat,
    Record,
    SafeText,
    Taint,
    Unknown,
    Value,
    one,
)
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame


class MemberValues:
    """Values of members. A part of ``Evaluator``."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._told: dict[str, str] | None = None
        self._told_of = 0

    def member(self, node: tree.Member, file: SourceFile, frame: Frame | None) -> Value:
        if node.name is None:
            base = self.e.evaluate(node.obj, file, frame)
            if node.index is not None:
                index = self.e.evaluate(node.index, file, frame)
                if index and all(isinstance(a, Const) and a.kind == "string" for a in index):
                    return self.e.join(
                        self.member_of(base, str(a.value), file, frame) for a in index if isinstance(a, Const)
                    )
                if len(index) == 1:
                    (atom,) = index
                    if isinstance(atom, Const) and isinstance(atom.value, int):
                        return self.e.join(self.e.item(b, atom.value, frame) for b in base)
            return self.e.elements(base, frame, computed=True)
        if node.name == "env" and file.index.python and isinstance(node.obj, tree.Member) and node.obj.name == "scope":
            return one(Plat("env", trust="shape"))  # request.scope["env"]: the SDK's bridge to FastAPI and Starlette
        base = self.e.evaluate(node.obj, file, frame)
        if node.name == "env" and all(isinstance(a, Unknown | External) for a in base):
            trust = context_trust(node.obj)
            if trust is not None:
                return one(Plat("env", trust=trust))
        value = self.member_of(base, node.name, file, frame, node)
        if isinstance(node.obj, tree.Cast) and all(
            isinstance(a, Unknown)
            or (isinstance(a, Plat) and (a.type == "binding" or (a.type in known.BINDING_KINDS and not a.binding)))
            for a in value
        ):
            return self.cast_member(node) or value
        return value

    def member_of(
        self, base: Value, name: str, file: SourceFile, frame: Frame | None, node: tree.Member | None = None
    ) -> Value:
        return self.e.join(self.atom_member(atom, name, file, frame, node) for atom in base)

    def atom_member(
        self, atom: Atom, name: str, file: SourceFile, frame: Frame | None, node: tree.Member | None
    ) -> Value:
        if isinstance(atom, Plat):
            return self.plat_member(atom, name, file, node)
        if isinstance(atom, Taint):
            if name == "length":
                return one(Number(0, None, tainted=True))
            written = self.e.objects.opening(atom.node, f"={name}", partial(self.overwritten, atom, name, file))
            if written:
                return written
            return one(Taint(atom.source, node or atom.node, file.path if node is not None else atom.path))
        if isinstance(atom, Obj):
            return self.e.objects.object_member(atom, name)
        if isinstance(atom, Inst):
            return self.e.objects.field(atom, name)
        if isinstance(atom, ClassRef):
            return self.e.objects.static_member(atom, name)
        if isinstance(atom, Namespace):
            return self.e.exported(atom.path, name)
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
        if isinstance(atom, Record):
            return atom.value
        if isinstance(atom, Unknown) and atom.reason == "validated":
            return self.validated(atom, name)
        if isinstance(atom, Unknown) and atom.type is not None:
            said = self.e.typed.member(atom, name, file)
            if said is not None:
                return said
        if isinstance(atom, Unknown) and atom.reason == "param" and isinstance(atom.node, tree.Param):
            typed = self.e.parameters.member_by_type(atom.node, name)
            if typed is not None:
                return typed
        return one(atom if isinstance(atom, Unknown) and atom.reason == "stored" else Unknown("other", node))

    def validated(self, atom: Unknown, name: str) -> Value:
        """Member ``name`` of what a schema passed: what the schema says of it, where it can be read."""
        from edgelint.project.schemas import Schemas

        return Schemas(self.e).member(atom, name)

    @property
    def told(self) -> dict[str, str]:
        """The kinds of members of env that a telling method is called on somewhere: ``env.DB.prepare()`` makes DB a
        database."""
        if self._told is None or self._told_of != len(self.e.files):
            self._told, self._told_of = {}, len(self.e.files)
            for file in self.e.files.values():
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
            if any(isinstance(a, Taint) and a.node is atom.node for a in self.e.evaluate(target.obj, file)):
                if any(isinstance(p, tree.If | tree.Conditional | tree.Case | tree.Catch) for p in _up_to_loop(assign)):
                    return EMPTY  # set only sometimes: what was sent may be left
                value |= self.e.evaluate(assign.value, file)
        return value

    def external(self, atom: External) -> Value:
        if atom.module in ("cloudflare:workers", "workers", "cloudflare-workers") and atom.path == "env":
            return one(Plat("env", trust="import"))
        return one(atom)

    def plat_member(self, atom: Plat, name: str, file: SourceFile, node: Node | None) -> Value:
        if atom.type == "env":
            kind = self.e.kind_of(file, name)
            if kind is None and name in self.told:
                return one(Plat(self.told[name], name, trust="shape"))
            if kind is None and known.KV_NAME.search(name):
                return one(Plat("kv", name, trust="name"))
            return one(Plat(kind or "binding", name, trust=atom.trust))
        if atom.type == "process-env":
            return one(Unknown("other", node))
        if atom.type == "hono-variables":
            return self.e.hono.variable(name, node)
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

    def cast_member(self, node: tree.Member) -> Value | None:
        """``(env as { CACHE: KVNamespace }).CACHE``: what the cast says of the member."""
        text = node.obj.annotation.strip() if isinstance(node.obj, tree.Cast) else ""
        if not text.startswith("{") or node.name is None:
            return None
        said = re.search(rf"[{{;,]\s*(?:readonly\s+)?{re.escape(node.name)}\??\s*:\s*([\w.<>| ]+)", text)
        kind = known.platform_type(said[1]) if said is not None else None
        return one(Plat(kind, node.name)) if kind is not None else None


def context_trust(obj: Node) -> str | None:
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


def _up_to_loop(node: Node) -> Iterator[Node]:
    """What is around ``node``, up to the loop or function it stands in."""
    for parent in tree.ancestors(node):
        if isinstance(parent, tree.Loop | tree.Function):
            return
        yield parent
