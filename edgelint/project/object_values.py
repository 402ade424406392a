"""What objects, classes and collections hold: the members of literals, the fields of instances, the items of arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from edgelint.project.atoms import (
    EMPTY,
    UNKNOWN,
    Arr,
    Atom,
    ClassRef,
    Const,
    Func,
    Inst,
    ListOf,
    Number,
    Obj,
    Pair,
    Plat,
    Record,
    SafeText,
    Taint,
    Unknown,
    Value,
    one,
)
from edgelint.project.frames import Frame
from edgelint.project.objects import assignments
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile


class ObjectValues:
    """Values of members, fields and items. A part of ``Evaluator``."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        # Collections and fields being looked into: they may hold themselves.
        self.opened: set[tuple[Node, str]] = set()

    def object_member(self, atom: Obj, name: str) -> Value:
        return self.opening(atom.node, f".{name}", lambda: self.open_member(atom, name))

    def opening(self, node: Node, what: str, look: Callable[[], Value]) -> Value:
        """``look()``, or nothing when it is under way already: an object may be spread into itself."""
        key = (node, what)
        if key in self.opened:
            self.e.cuts += 1
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
            atoms = self.e.join(self.e.evaluate(node, at.file, frame) for node in spread)
            inner = [a for a in atoms if isinstance(a, Obj)]
            given |= self.e.member_of(atoms.difference(inner), name, at.file, frame)
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
                    value = self.e.evaluate(prop.value, atom.file, frame)
                    if isinstance(prop.value, tree.Function) and prop.value.kind == "getter":
                        getter = Func(prop.value, atom.file, one(atom))
                        value = self.e.call_values.returned(getter, None, atom.file, frame)
                    elif isinstance(prop.value, tree.Function):
                        value = frozenset(Func(a.node, a.file, one(atom)) if isinstance(a, Func) else a for a in value)
                elif prop.key is None:
                    given |= self.e.evaluate(prop.value, atom.file, frame)
        for member, assigned in assignments(atom.node, atom.file):
            if member.name == name:
                value = (value or EMPTY) | self.e.evaluate(assigned, atom.file, frame)
            elif member.name is None:
                given |= self.e.evaluate(assigned, atom.file, frame)
        return value, given

    def field(self, atom: Inst, name: str) -> Value:
        """``instance.name``: a method, a field with everything assigned to it, or what the platform's base class gives.
        """
        what = f"#{atom.node.start}.{name}"  # of its base class too, for the same call
        return self.opening(atom.call or atom.node, what, lambda: self.open_field(atom, name))

    def open_field(self, atom: Inst, name: str) -> Value:
        method = self.e.graph.fields.methods(atom.node).get(name)
        if method is not None:
            if method.kind == "getter":
                return self.e.call_values.returned(Func(method, atom.file, one(atom)), None, atom.file, None)
            return one(Func(method, atom.file, one(atom)))
        value = EMPTY
        said: str | None = None
        for source in self.e.graph.fields.sources(atom.node, atom.file, name):
            if isinstance(source, tree.Param):
                value |= self.e.parameters.field_value(source, atom, name)
            elif isinstance(source, str):
                kind = self.e.platform_type(source, atom.file)
                if kind is not None:
                    value |= one(Plat(kind))
                else:
                    said = source
            elif isinstance(source, tuple):
                d, = source
                value |= self.e.definition(d, atom.file, None)
            else:
                value |= self.e.evaluate(source, atom.file, self.e.parameters.constructor_frame(atom))
        plain = frozenset(a for a in value if not (isinstance(a, Const) and a.kind == "null"))
        if said is not None and self.e.typed.holds(said, atom.file):
            plain = self.e.typed.fill(plain or one(Unknown("other")), said, atom.file)
        if plain or value:
            return plain or value
        for base in atom.node.bases:
            for parent in self.e.evaluate(base, atom.file, None):
                if isinstance(parent, ClassRef) and parent.node is not atom.node:
                    # a constructor of its own gives the base other arguments than it was given
                    own = any(isinstance(m, tree.Function) and m.kind == "constructor" for m in atom.node.members)
                    value |= self.field(Inst(parent.node, parent.file, None if own else atom.call), name)
        if value and value != UNKNOWN:
            return value
        kind = self.e.graph.class_kind(atom.node, atom.file, self.e)
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
                return self.e.evaluate(member.value, atom.file, None)
            if isinstance(member, tree.Field) and member.name == name and member.annotation is not None:
                kind = self.e.platform_type(member.annotation, atom.file)
                typed = self.e.typed.value(member.annotation, atom.file)
                return one(Plat(kind)) if kind is not None else typed or UNKNOWN
            if isinstance(member, tree.Assign) and isinstance(member.target, tree.Name) and member.target.id == name:
                return UNKNOWN if member.value is None else self.e.evaluate(member.value, atom.file, None)
        return UNKNOWN

    # -- collections -------------------------------------------------------------------------------------------------

    def elements(self, value: Value, frame: Frame | None, computed: bool = False) -> Value:
        """What an item of ``value`` may be (``for x of value``, ``value[i]``)."""
        return self.e.join(self.atom_elements(atom, frame, computed) for atom in value)

    def atom_elements(self, atom: Atom, frame: Frame | None, computed: bool) -> Value:
        if isinstance(atom, Arr):
            return self.opening(atom.node, "[]", lambda: self.array_items(atom, frame))
        if isinstance(atom, Pair):
            return atom.key | atom.value
        if isinstance(atom, Record):
            return atom.value if computed else atom.key
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
                    self.e.join(
                        self.e.evaluate(prop.value, atom.file, inner)
                        if isinstance(prop, tree.Property)
                        else self.elements(self.e.evaluate(prop.value, atom.file, inner), inner, True)
                        if isinstance(prop, tree.Spread)
                        else UNKNOWN
                        for prop in atom.node.props
                    )
                    | self.e.join(
                        self.e.evaluate(assigned, atom.file, inner) for _, assigned in assignments(atom.node, atom.file)
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
        if isinstance(atom, Unknown) and atom.type is not None:
            item = self.e.typed.item(atom, computed)
            return item if item is not None else one(atom._replace(type=None))
        if isinstance(atom, Unknown):
            return one(SafeText("keyword") if atom.reason == "keywords" and not computed else atom)
        return UNKNOWN

    def array_items(self, atom: Arr, frame: Frame | None) -> Value:
        inner = atom.frame if isinstance(atom.frame, Frame) else frame
        value = EMPTY
        for item in atom.node.items:
            if isinstance(item, tree.Spread):
                value |= self.elements(self.e.evaluate(item.value, atom.file, inner), inner)
            else:
                value |= self.e.evaluate(item, atom.file, inner)
        for pushed, spread in self.e.graph.pushes(atom.node, atom.file):
            found = self.e.evaluate(pushed, atom.file, inner)
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
            elif isinstance(atom, Record):
                found |= atom.key
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
                    found |= self.keys(self.e.evaluate(inner.value, atom.file))
                elif inner is not None:
                    found |= self.e.evaluate(inner, atom.file)
        for member, _ in assignments(atom.node, atom.file):
            found |= self.assigned_key(member, atom.file)
        return found

    def assigned_key(self, member: tree.Member, file: SourceFile) -> Value:
        """The key that ``o[key] = value`` gives ``o``: harmless where a test or a filter has let it through."""
        from edgelint.project.captures import captures_word
        from edgelint.project.filters import holds_only_listed
        from edgelint.project.guards import is_allow_listed

        if member.name is not None:
            return one(Const("string", member.name))
        assert member.index is not None
        key = member.index
        if is_allow_listed(key, key, file, self.e) or captures_word(key, file, self.e):
            return one(SafeText("allowed"))
        symbol = file.index.resolve(key) if isinstance(key, tree.Name) else None
        loops = (
            [d.node for d in symbol.defs if d.kind == "element" and d.node is not None] if symbol is not None else []
        )
        if any(holds_only_listed(node, file, self.e) for node in loops):
            return one(SafeText("filtered"))
        return self.e.evaluate(key, file)
