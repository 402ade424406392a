"""What calls of methods give: of the platform's objects, of text, lists and dicts, of the project's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

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
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.call_values import CallValues
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

_LIST_METHODS = frozenset(
    {"filter", "slice", "reverse", "sort", "toSorted", "toReversed", "concat", "flat", "copy", "splice"}
)
_ITEM_METHODS = frozenset({"find", "at", "pop", "shift", "findLast", "popleft"})
_TEXT_CHANGES: dict[str, Callable[[str], str]] = {
    "toUpperCase": str.upper,
    "toLowerCase": str.lower,
    "trim": str.strip,
    "upper": str.upper,
    "lower": str.lower,
    "strip": str.strip,
}


class MethodValues:
    """The value of calls of methods. A part of ``CallValues``."""

    def __init__(self, calls: CallValues) -> None:
        self.calls = calls
        self.e = calls.e

    def method(
        self, atom: Atom, name: str, node: tree.Call, func: tree.Member, file: SourceFile, frame: Frame | None
    ) -> Value:
        if isinstance(atom, Plat):
            return self.plat_method(atom, name, node, file, frame)
        if name in ("then", "finally", "catch") and not isinstance(atom, Inst | ClassRef | External):
            if name == "then" and node.args:
                return self.calls.callback(node.args[0], [one(atom)], file, frame)
            return one(atom)
        if isinstance(atom, Obj) and file.language == "python" and name in ("get", "pop", "setdefault"):
            return self.dict_get(atom, node, file, frame)
        if (
            name in ("items", "keys", "values")
            and file.language == "python"
            and isinstance(atom, Obj | Unknown)
            and not node.args
        ):
            return self.dict_method(atom, name, frame)
        if isinstance(atom, Inst | ClassRef | Obj):
            members = self.e.atom_member(atom, name, file, frame, func)
            return self.e.join(self.calls.apply(m, node, file, frame) for m in members)
        if isinstance(atom, Arr | ListOf):
            return self.list_method(atom, name, node, file, frame)
        if isinstance(atom, Taint):
            if name in known.NUMBER_METHODS:
                return one(Number(tainted=True))
            if name in ("map", "flatMap") and node.args:
                return one(ListOf(self.calls.callback(node.args[0], [one(atom)], file, frame)))
            if name in ("includes", "startsWith", "endsWith", "some", "every", "test", "has", "hasOwnProperty"):
                return one(Number(0, 1))
            return one(Taint(atom.source, node, file.path))
        if isinstance(atom, Const | SafeText | Number):
            return self.text_method(atom, name, node, file, frame)
        if isinstance(atom, Global):
            if atom.path == "Promise" and name in ("all", "allSettled", "race", "any", "resolve") and node.args:
                value = self.e.evaluate(node.args[0], file, frame)
                return value if name in ("all", "allSettled", "resolve") else self.e.elements(value, frame)
            path = name if atom.path in ("globalThis", "self", "window") else f"{atom.path}.{name}"
            return self.calls.globals.call(path, node, file, frame)
        if isinstance(atom, External):
            return self.calls.external_call(self.as_external(atom, name), node, file, frame)
        members = self.e.atom_member(atom, name, file, frame, func)
        if any(isinstance(m, Func | ClassRef) for m in members):
            return self.e.join(self.calls.apply(m, node, file, frame) for m in members)
        if name in known.SAFE_TEXT_METHODS:
            return one(SafeText(name))
        if name in known.NUMBER_METHODS:
            return one(Number())
        if isinstance(atom, Unknown) and atom.reason in ("stored", "validated"):
            return one(atom)
        if name == "prepare" and known.is_d1_chain(node):
            return one(Plat("d1-statement", None, False, node, "shape"))
        return one(Unknown("param" if isinstance(atom, Unknown) and atom.reason == "param" else "other", node))

    @staticmethod
    def as_external(atom: External, name: str) -> External:
        return External(atom.module, f"{atom.path}.{name}" if atom.path else name, atom.call)

    def plat_method(self, atom: Plat, name: str, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        if atom.type == "binding" and name in known.TELLING_METHODS:
            atom = atom._replace(type=known.TELLING_METHODS[name], trust="shape")
        if atom.type == "env":
            return one(Unknown("other", node))
        if atom.type == "hono-context" and name == "get" and len(node.args) == 1:
            key = node.args[0]
            if isinstance(key, tree.Literal) and isinstance(key.value, str):
                return self.e.hono.variable(key.value, node)
        to = known.METHODS.get(atom.type, {}).get(name)
        if to is None and file.language == "python":
            to = known.METHODS.get(atom.type, {}).get(_camel(name))
        if name in ("then", "catch", "finally") and to is None:
            if name == "then" and node.args:
                return self.calls.callback(node.args[0], [one(atom)], file, frame)
            return one(atom)
        if to is None:
            if atom.tainted and atom.type in ("headers", "search-params", "form-data"):
                return one(Taint("request", node, file.path))
            return one(Unknown("other", node))
        return self.e.members.typed(to, atom, node, file)

    def list_method(
        self, atom: Arr | ListOf, name: str, node: tree.Call, file: SourceFile, frame: Frame | None
    ) -> Value:
        items = self.e.atom_elements(atom, frame, False)
        if name in ("map", "flatMap") and node.args:
            given = self.calls.callback(node.args[0], [items, one(Number(0, None))], file, frame)
            return one(ListOf(self.e.elements(given, frame) if name == "flatMap" else given))
        if name == "filter" and node.args and any(isinstance(a, Const) and isinstance(a.value, str) for a in items):
            from edgelint.project.filters import asks_the_store

            if asks_the_store(node.args[0], file, frame, self.e):
                # Nothing but what the program wrote, and yet not to be held against a schema.
                return one(ListOf(frozenset(SafeText("filtered") if isinstance(a, Const) else a for a in items)))
        if name == "filter" and node.args and any(isinstance(a, Number) and a.nan for a in items):
            from edgelint.project.filters import keeps_numbers

            if keeps_numbers(node.args[0], file, self.e):
                return one(ListOf(frozenset(a._replace(nan=False) if isinstance(a, Number) else a for a in items)))
        if name in _LIST_METHODS:
            extra = EMPTY
            if name == "concat":
                for arg in node.args:
                    extra |= self.e.elements(self.e.evaluate(arg, file, frame), frame)
            return one(ListOf(items | extra)) if extra else one(atom)
        if name in _ITEM_METHODS or name == "get":
            return items
        if name in ("entries",):
            return one(ListOf(items | one(Number(0, None))))
        if name in ("join", "toString"):
            separators = [self.e.evaluate(arg, file, frame) for arg in node.args if not isinstance(arg, tree.Spread)]
            return self.e.joined_text([items, one(SafeText("constant")), *separators])
        if name in ("includes", "some", "every", "push", "unshift", "indexOf", "has", "findIndex"):
            return one(Number(-1, None))
        if name in ("keys",):
            return one(ListOf(one(Number(0, None))))
        if name in ("values",):
            return one(atom)
        if name == "fill" and node.args:
            return one(ListOf(self.e.evaluate(node.args[0], file, frame)))
        if name == "reduce":
            begins = node.args[1] if len(node.args) == 2 else None
            return self.e.evaluate(begins, file, frame) if isinstance(begins, tree.Object) else UNKNOWN
        return one(Unknown("other", node))

    def dict_get(self, atom: Obj, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        """Python's ``d.get(key, fallback)``."""
        fallback = self.e.evaluate(node.args[1], file, frame) if len(node.args) > 1 else EMPTY
        keys = self.e.evaluate(node.args[0], file, frame) if node.args else EMPTY
        if not keys or any(not isinstance(a, Const) or a.kind != "string" for a in keys):
            return self.e.elements(one(atom), frame, computed=True) | fallback
        found = self.e.join(self.e.objects.object_member(atom, str(a.value)) for a in keys if isinstance(a, Const))
        return frozenset(a for a in found if not isinstance(a, Const) or a.kind != "null") | fallback or found

    def dict_method(self, atom: Obj | Unknown, name: str, frame: Frame | None) -> Value:
        """Python's ``d.items()``, ``d.keys()``, ``d.values()``."""
        if isinstance(atom, Unknown) and atom.reason != "keywords":
            return one(atom)
        keys, values = self.e.keys(one(atom)), self.e.elements(one(atom), frame, computed=True)
        if isinstance(atom, Unknown):
            values = one(Unknown("param", atom.node))
        return one(ListOf(keys if name == "keys" else values if name == "values" else one(Pair(keys, values))))

    def text_method(
        self, atom: Const | SafeText | Number, name: str, node: tree.Call, file: SourceFile, frame: Frame | None
    ) -> Value:
        if isinstance(atom, Const) and atom.kind == "regex" and name == "exec" and node.args:
            return self.e.evaluate(node.args[0], file, frame)  # the parts that fit are the text's
        if isinstance(atom, SafeText) and atom.what == "format":
            return one(atom)  # a date or a number, whatever it is given
        if name in ("join", "format") and node.args:
            parts: list[Value] = []
            for arg in node.args:
                value = self.e.evaluate(arg.value if isinstance(arg, tree.Keyword | tree.Spread) else arg, file, frame)
                parts.append(self.e.elements(value, frame) if name == "join" or isinstance(arg, tree.Spread) else value)
            return self.e.joined_text([*parts, one(SafeText("constant"))])
        if name in known.NUMBER_METHODS or name in ("includes", "startsWith", "endsWith", "charCodeAt"):
            return one(Number(-1, None))
        if name in ("concat", "replace", "replaceAll", "padStart", "padEnd"):
            parts = [self.e.evaluate(arg, file, frame) for arg in node.args]
            if len(parts) == 2 and any(isinstance(a, Func) for a in parts[1]):  # what stands for each match
                parts[1] = self.calls.callback(node.args[1], [one(atom)], file, frame)
            return self.e.joined_text([one(SafeText("constant")), *parts])
        if name in ("split", "rsplit", "splitlines"):
            return one(ListOf(one(SafeText("constant"))))
        if isinstance(atom, Const) and isinstance(atom.value, str) and not node.args:
            changed = _TEXT_CHANGES.get(name)
            if changed is not None:
                return one(Const("string", changed(atom.value)))
            if name in ("toString", "valueOf"):
                return one(atom)
        if isinstance(atom, Number) and name not in ("toString", "toFixed", "toLocaleString"):
            return one(Unknown("other", node))
        return one(SafeText("constant"))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
