"""What is bound to a statement, by what D1 and the SQL of a Durable Object make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.atoms import Arr, Const, External, Func, ListOf, Number, Obj, SafeText
from edgelint.project.sql_words import MAX_SAFE_INTEGER
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.sql_text import Place

_PYTHON_OBJECTS = {
    "datetime": ("datetime()", "datetime.now()", "datetime.utcnow()", "datetime.today()", "date.today()", "date()",
                 "datetime.datetime.now()", "datetime.datetime.utcnow()", "datetime.date.today()", "timedelta()"),
    "decimal": ("Decimal()", "decimal.Decimal()"),
}  # fmt: skip


def kind_of(place: Place, evaluator: Evaluator) -> str | None:
    """What a bound value is when it is nothing that a database stores: "array", "text-array", "bytes-array", "date",
    "object", "function", "bigint", "undefined", "decimal", "large"; "boolean" too. None for all else."""
    node = place.node
    while isinstance(node, tree.Cast):
        node = node.value
    if node is None:
        return None
    if _is_undefined(node, place):
        return "undefined"
    kinds = {_kind(atom, evaluator) for atom in evaluator.evaluate(node, place.file, place.frame)}
    if kinds == {"number"} and _makes_bigint(node, place):
        return "bigint"
    if kinds and kinds <= {"array", "text-array", "bytes-array"}:
        return min(kinds) if len(kinds) == 1 else "array"
    return kinds.pop() if len(kinds) == 1 and not kinds & {"number", ""} else None


def _kind(atom: object, evaluator: Evaluator) -> str:
    if isinstance(atom, Const):
        if atom.kind == "number" and isinstance(atom.value, int) and abs(atom.value) > MAX_SAFE_INTEGER:
            return "large"
        return atom.kind if atom.kind in ("bigint", "boolean") else ""
    if isinstance(atom, SafeText):
        return "date" if atom.what == "Date" else ""
    if isinstance(atom, Obj):
        return "object"
    if isinstance(atom, Func):
        return "function"
    if isinstance(atom, Number):
        return "number"
    if isinstance(atom, External):
        for module, kind in (("datetime", "date"), ("decimal", "decimal")):
            if atom.module == module and atom.path in _PYTHON_OBJECTS[module]:
                return kind
        return ""
    if isinstance(atom, Arr):
        frame = atom.frame
        items: set[str] = set()
        for item in atom.node.items:
            if isinstance(item, tree.Spread):
                return "array"
            items |= {_item(one) for one in evaluator.evaluate(item, atom.file, frame)}  # type: ignore[arg-type]
        return _array(items)
    if isinstance(atom, ListOf):
        return _array({_item(one) for one in atom.items})
    return ""


def _item(atom: object) -> str:
    if isinstance(atom, Const):
        return atom.kind
    return "number" if isinstance(atom, Number) else ""


def _array(items: set[str]) -> str:
    """D1 takes an array of numbers for the bytes of a BLOB."""
    if items == {"string"}:
        return "text-array"
    return "bytes-array" if items == {"number"} else "array"


def _is_undefined(node: tree.Node, place: Place) -> bool:
    if isinstance(node, tree.Name):
        return node.id == "undefined" and place.file.language != "python" and place.file.index.resolve(node) is None
    return isinstance(node, tree.Unary) and node.op == "void"


def _makes_bigint(node: tree.Node, place: Place) -> bool:
    """``BigInt(x)``: its value is a number to the evaluator, which asks for ranges."""
    if isinstance(node, tree.Name):
        symbol = place.file.index.resolve(node)
        values = [d.node for d in symbol.defs if d.kind == "value" and not d.path] if symbol is not None else []
        return len(values) == 1 and len(symbol.defs if symbol else ()) == 1 and _is_bigint_call(values[0], place)
    return _is_bigint_call(node, place)


def _is_bigint_call(node: tree.Node | None, place: Place) -> bool:
    return (
        isinstance(node, tree.Call) and isinstance(node.func, tree.Name) and node.func.id == "BigInt"
        and place.file.index.resolve(node.func) is None
    )
