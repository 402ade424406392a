"""Numbers: intervals, NaN, and whether whoever sends the request decides them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.atoms import EMPTY, UNKNOWN, Const, Number, SafeText, Taint, Unknown, Value, one
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator, Frame
    from edgelint.project.files import SourceFile


def as_number(value: Value) -> Number | None:
    """One Number that covers every number in ``value``, or None when a part of it is not known to be a number."""
    lower: float | None = None
    upper: float | None = None
    found: Number | None = None
    for atom in value:
        if isinstance(atom, Const):
            if isinstance(atom.value, bool) or not isinstance(atom.value, int | float):
                if atom.kind == "null":
                    continue
                return None
            atom = Number(float(atom.value), float(atom.value))
        if not isinstance(atom, Number):
            return None
        if found is None:
            found, lower, upper = atom, atom.lower, atom.upper
            continue
        lower = None if lower is None or atom.lower is None else min(lower, atom.lower)
        upper = None if upper is None or atom.upper is None else max(upper, atom.upper)
        found = Number(
            lower, upper, found.nan or atom.nan, found.tainted or atom.tainted, found.node or atom.node, found.path or atom.path
        )
    return found if found is None else found._replace(lower=lower, upper=upper)


def to_number(value: Value, node: Node, path: str) -> Value:
    """``Number(x)``, ``parseInt(x)``, ``+x``: NaN may come of anything that is not a number already."""
    number = as_number(value)
    if number is not None and value:
        return one(number)
    if value and all(isinstance(a, Const) and a.kind == "string" for a in value):
        try:
            found = [float(str(a.value)) for a in value if isinstance(a, Const)]
            return one(Number(min(found), max(found)))
        except ValueError:
            return one(Number(nan=True, node=node, path=path))
    tainted = any(isinstance(a, Taint) or (isinstance(a, Number) and a.tainted) for a in value)
    nan = tainted or any(isinstance(a, Unknown | SafeText) for a in value)
    lower = None
    return one(Number(lower, None, nan, tainted, node, path))


def negated(value: Value) -> Value:
    """``-x``."""
    found = as_number(value)
    if found is None:
        return one(Number(tainted=any(isinstance(a, Taint) for a in value)))
    return one(
        found._replace(
            lower=None if found.upper is None else -found.upper, upper=None if found.lower is None else -found.lower
        )
    )


def arithmetic(evaluator: Evaluator, node: tree.Binary, file: SourceFile, frame: Frame | None) -> Value:
    """``+ - * / % **`` and Python's text operators."""
    left = evaluator.evaluate(node.left, file, frame)
    right = evaluator.evaluate(node.right, file, frame)
    a, b = as_number(left), as_number(right)
    op = node.op
    if op == "+" and (a is None or b is None):
        if not left and not right:
            return EMPTY
        if _is_text(left) or _is_text(right) or a is None or b is None:
            return evaluator.joined_text([left, right])
    if op in ("%", "*") and file.language == "python" and _is_text(left):
        return evaluator.joined_text([left, right]) if op == "%" else left
    if a is None or b is None:
        tainted = any(isinstance(x, Taint) or (isinstance(x, Number) and x.tainted) for x in left | right)
        if not left and not right:
            return UNKNOWN
        if op == "%" and b is not None and b.upper is not None:
            return one(Number(None, b.upper, tainted, tainted))
        return one(Number(None, None, tainted, tainted, node if tainted else None, file.path))
    return one(_combine(op, a, b))


def _combine(op: str, a: Number, b: Number) -> Number:
    nan, tainted = a.nan or b.nan, a.tainted or b.tainted
    node, path = a.node or b.node, a.path or b.path
    lower: float | None = None
    upper: float | None = None
    if op == "+":
        lower = None if a.lower is None or b.lower is None else a.lower + b.lower
        upper = None if a.upper is None or b.upper is None else a.upper + b.upper
    elif op == "-":
        lower = None if a.lower is None or b.upper is None else a.lower - b.upper
        upper = None if a.upper is None or b.lower is None else a.upper - b.lower
    elif op in ("*", "/", "//") and b.lower is not None and b.lower == b.upper and b.lower > 0:
        # divided by it, not multiplied by its inverse: 60000 / 1000 is 60, exactly
        scale = b.lower
        lower = None if a.lower is None else a.lower * scale if op == "*" else a.lower / scale
        upper = None if a.upper is None else a.upper * scale if op == "*" else a.upper / scale
    elif op == "*" and a.lower is not None and a.lower == a.upper and a.lower > 0:
        lower = None if b.lower is None else b.lower * a.lower
        upper = None if b.upper is None else b.upper * a.lower
    elif op == "%" and b.upper is not None:
        lower = 0 if a.lower is not None and a.lower >= 0 else None
        upper = b.upper
    elif op == "**" and None not in (a.lower, a.upper, b.lower, b.upper):
        assert a.lower is not None and b.lower is not None
        if a.lower == a.upper and b.lower == b.upper and abs(b.lower) < 64 and 0 < abs(a.lower) < 1e6:
            lower = upper = float(a.lower**b.lower)
    return Number(lower, upper, nan, tainted, node, path)


def minimum(values: list[Number | None]) -> Number:
    """``Math.min(...)``: bounded above by every bounded argument."""
    uppers = [v.upper for v in values if v is not None and v.upper is not None]
    lowers = [v.lower for v in values if v is not None]
    known = [v for v in values if v is not None]
    lower = None if len(known) < len(values) or any(x is None for x in lowers) else min(x for x in lowers if x is not None)
    return Number(lower, min(uppers) if uppers else None, *_rest(values))


def maximum(values: list[Number | None]) -> Number:
    """``Math.max(...)``: bounded below by every bounded argument."""
    lowers = [v.lower for v in values if v is not None and v.lower is not None]
    uppers = [v.upper for v in values if v is not None]
    known = [v for v in values if v is not None]
    upper = None if len(known) < len(values) or any(x is None for x in uppers) else max(x for x in uppers if x is not None)
    return Number(max(lowers) if lowers else None, upper, *_rest(values))


def _rest(values: list[Number | None]) -> tuple[bool, bool, Node | None, str]:
    known = [v for v in values if v is not None]
    node = next((v.node for v in known if v.node is not None), None)
    return any(v.nan for v in known), any(v.tainted for v in known), node, next((v.path for v in known if v.path), "")


def _is_text(value: Value) -> bool:
    return any(isinstance(a, SafeText) or (isinstance(a, Const) and a.kind == "string") for a in value)


def is_number_format(call: tree.Call) -> bool:
    """Whether Python's ``format(x, spec)`` takes numbers only: ``f"{x:d}"`` and the like raise for text."""
    spec = call.args[1] if len(call.args) == 2 else None
    return isinstance(spec, tree.Literal) and isinstance(spec.value, str) and spec.value[-1:] in tuple("bcdeEfFgGnoxX%")
