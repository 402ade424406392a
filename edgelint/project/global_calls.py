"""What calls of the globals of JavaScript, Python and the runtime give: conversions, constructors, collections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.project.atoms import (
    EMPTY,
    UNKNOWN,
    Arr,
    Atom,
    Const,
    ListOf,
    Number,
    Pair,
    Plat,
    Record,
    SafeText,
    Taint,
    Unknown,
    Value,
    one,
)
from edgelint.project.numbers import as_number, is_number_format, maximum, minimum, rounded, to_number
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.call_values import CallValues
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

_CONSTRUCTED = {
    "Request": "request", "Headers": "headers", "Response": "response", "FormData": "form-data",
    "URLSearchParams": "search-params",
}


class GlobalCalls:
    """The value of calls of globals. A part of ``CallValues``."""

    def __init__(self, calls: CallValues) -> None:
        self.calls = calls
        self.e = calls.e

    def from_entries(self, entries: Node, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        """An object of which the keys and the values are known, not which belongs to which."""
        from edgelint.project.filters import holds_only_listed

        sent = self.e.sent(self.e.evaluate(entries, file, frame), node, file)
        items = self.e.elements(sent, frame)
        if holds_only_listed(entries, file, self.e):
            return one(Record(one(SafeText("allowed")), self.e.join(self.e.item(a, 1, frame) for a in items)))
        taints = frozenset(a for a in sent | items if isinstance(a, Taint))
        if taints:
            return taints
        if not items or not all(isinstance(a, Pair | Arr) for a in items):
            return UNKNOWN
        keys, values = (self.e.join(self.e.item(a, i, frame) for a in items) for i in (0, 1))
        return one(Record(keys, values))

    def call(self, path: str, node: tree.Call, file: SourceFile, frame: Frame | None) -> Value:
        args = [a for a in node.args if not isinstance(a, tree.Keyword)]
        first = args[0] if args else None
        if isinstance(first, tree.Spread):
            first = first.value

        def value(position: int = 0) -> Value:
            if position >= len(args):
                return EMPTY
            arg = args[position]
            return self.e.evaluate(arg.value if isinstance(arg, tree.Spread) else arg, file, frame)

        if path in known.H3_READERS or path in known.H3_VALIDATORS:
            return self.calls.read_event(path, node, file, frame) or one(Unknown("other", node))
        if path in known.CONTEXT_FUNCTIONS:
            return one(Plat("cloudflare-context"))
        if path in known.CONVERSIONS:
            return to_number(value(), node, file.path)
        if path in ("Math.min", "Math.max", "min", "max"):
            numbers = [as_number(self.e.evaluate(a, file, frame)) for a in args]
            if numbers and not any(isinstance(a, tree.Spread) for a in args):
                joined: Value = self.e.join(self.e.evaluate(a, file, frame) for a in args)
                found = (minimum if path.endswith("min") else maximum)(numbers)
                tainted = found.tainted or any(isinstance(a, Taint) for a in joined)
                return one(found._replace(tainted=tainted))
            return one(Number())
        if path in ("Math.floor", "Math.ceil", "Math.round", "Math.trunc", "round", "Math.abs", "abs"):
            found_number = as_number(value())
            if found_number is None:
                return one(
                    Number(
                        tainted=any(isinstance(a, Taint) for a in value()),
                        nan=any(isinstance(a, Taint) for a in value()),
                        node=node,
                        path=file.path,
                    )
                )
            if path == "round" and len(args) > 1:  # to so many digits
                return one(found_number._replace(lower=None, upper=None))
            return one(rounded(path.rsplit(".", 1)[-1], found_number))
        if path == "Math.random":
            return one(Number(0, 1))
        if path in ("Date.now", "time.time", "performance.now"):
            return one(Number(1.6e9 if path == "time.time" else 0, None))
        if path in known.NUMBER_FUNCTIONS:
            return one(Number(0 if path == "len" else None, None))
        if path == "format" and is_number_format(node):
            return one(Number(tainted=any(is_tainted(a) for a in value())))
        if path in ("String", "str", "format"):
            return self.calls.stringified(value())
        if path in known.SAFE_TEXT_FUNCTIONS:
            return one(SafeText(path))
        if path in ("Intl.DateTimeFormat", "Intl.NumberFormat"):
            return one(SafeText("format"))
        if path in _CONSTRUCTED:
            return one(Plat(_CONSTRUCTED[path], None, any(is_tainted(a) for a in value()), node))
        if path in ("URL", "URL.new", "URL.parse"):
            return one(Plat("url", None, any(is_tainted(a) for arg in range(len(args)) for a in value(arg)), node))
        if path == "fetch":
            return one(Plat("response", None, False, node))
        if path == "caches.open":
            return one(Plat("cache"))
        if path in ("Response.json", "Response.redirect", "Response.new"):
            return one(Plat("response", None, False, node))
        if path in ("Object.keys", "Reflect.ownKeys"):
            return one(ListOf(self.e.keys(value())))
        if path == "Object.values":
            return one(ListOf(self.e.elements(value(), frame, computed=True)))
        if path == "Object.entries":
            found_value = value()
            taints = frozenset(a for a in found_value if isinstance(a, Taint))
            return one(
                ListOf(
                    taints or one(Pair(self.e.keys(found_value), self.e.elements(found_value, frame, computed=True)))
                )
            )
        if path == "Object.fromEntries" and first is not None:
            return self.from_entries(first, node, file, frame)
        if path == "map" and file.language == "python" and len(args) == 2:
            return one(ListOf(self.calls.callback(args[0], [self.e.elements(value(1), frame)], file, frame)))
        if path in (
            "Object.assign",
            "structuredClone",
            "Object.freeze",
            "list",
            "tuple",
            "set",
            "sorted",
            "dict",
            "frozenset",
            "iter",
            "reversed",
            "enumerate",
        ):
            joined = self.e.join(value(i) for i in range(len(args)))
            return self.e.sent(joined, node, file) or UNKNOWN
        if path in ("Array.from", "Array.of", "Array"):
            if path == "Array.from" and len(args) > 1:
                items = self.e.elements(value(), frame)
                return one(ListOf(self.calls.callback(args[1], [items, one(Number(0, None))], file, frame)))
            if path == "Array.from":
                found_value = value()
                return (
                    found_value
                    if all(isinstance(a, Arr | ListOf | Taint) for a in found_value)
                    else one(ListOf(self.e.elements(found_value, frame)))
                )
            return one(
                ListOf(EMPTY if path == "Array" and len(args) < 2 else self.e.join(value(i) for i in range(len(args))))
            )
        if path in ("Set", "Map"):
            if path == "Map" and isinstance(first, tree.Array):
                pairs = [item for item in first.items if isinstance(item, tree.Array) and len(item.items) == 2]
                return one(ListOf(self.e.join(self.e.evaluate(pair.items[1], file, frame) for pair in pairs)))
            return one(ListOf(self.e.elements(value(), frame)))
        if path == "JSON.parse" or path == "json.loads":
            found_value = value()
            return frozenset(a for a in found_value if isinstance(a, Taint)) or one(
                Unknown("stored" if _stored(found_value) else "other", node)
            )
        if path in (
            "JSON.stringify",
            "encodeURIComponent",
            "encodeURI",
            "decodeURIComponent",
            "decodeURI",
            "atob",
            "btoa",
            "escape",
            "unescape",
            "json.dumps",
            "repr",
            "quote",
        ):
            found_value = value()
            return frozenset(a for a in found_value if isinstance(a, Taint | Const | SafeText | Number)) or one(
                Unknown("other", node)
            )
        if path in ("Promise.all", "asyncio.gather", "gather"):
            return value()
        if path in ("range",):
            return one(ListOf(one(Number(0, None))))
        return one(Unknown("other", node))


def is_tainted(atom: Atom) -> bool:
    return (
        isinstance(atom, Taint)
        or (isinstance(atom, Plat | Number) and atom.tainted)
        or (isinstance(atom, Plat) and atom.type == "request")
    )


def _stored(value: Value) -> bool:
    return any(isinstance(a, Unknown) and a.reason == "stored" for a in value)
