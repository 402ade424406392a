"""Numbers: intervals, NaN, and whether whoever sends the request decides them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgelint.patterns import later
from edgelint.project.atoms import EMPTY, UNKNOWN, Const, Number, SafeText, Taint, Unknown, Value, one
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

# Text that Python and JavaScript read as the same number: no hex, no underscores, no "Infinity", not empty.
_DECIMAL = later(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\s*\Z", re.ASCII)
_WHOLE = later(r"\s*[+-]?\d{1,300}\s*\Z", re.ASCII)

_Round = Callable[[float], int]
_ROUNDING: dict[str, tuple[_Round, _Round]] = {  # of the lower and of the upper bound
    "floor": (math.floor, math.floor), "ceil": (math.ceil, math.ceil), "trunc": (math.trunc, math.trunc),
    "round": (math.floor, math.ceil),
}


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
            lower,
            upper,
            found.nan or atom.nan,
            found.tainted or atom.tainted,
            found.node or atom.node,
            found.path or atom.path,
        )
    return found if found is None else found._replace(lower=lower, upper=upper)


def to_number(value: Value, node: Node, path: str) -> Value:
    """``Number(x)``, ``parseInt(x)``, ``+x``: NaN may come of anything that is not a number already."""
    whole = isinstance(node, tree.Call) and _last_name(node.func) in ("parseInt", "int")
    number = as_number(value)
    if number is not None and value:
        return one(rounded("trunc", number) if whole else number)
    if value and all(isinstance(a, Const) and a.kind == "string" for a in value):
        texts = [str(a.value) for a in value if isinstance(a, Const)]
        base = node.args[1] if isinstance(node, tree.Call) and len(node.args) > 1 else None
        if base is not None and not (isinstance(base, tree.Literal) and base.value == 10):
            return one(Number(nan=True, node=node, path=path))  # in another base
        if not all((_WHOLE if whole else _DECIMAL).match(text) for text in texts):
            return one(Number(nan=True, node=node, path=path))
        found = [float(text) for text in texts]
        return one(Number(min(found), max(found)))
    tainted = any(isinstance(a, Taint) or (isinstance(a, Number) and a.tainted) for a in value)
    nan = tainted or any(isinstance(a, Unknown | SafeText) for a in value)
    return one(Number(None, None, nan, tainted, node, path))


def rounded(how: str, number: Number) -> Number:
    """``Math.floor(x)`` and its kin, ``how`` being the last name: "floor", "ceil", "trunc", "round" or "abs"."""
    lower, upper = number.lower, number.upper
    if how == "abs":
        if lower is not None and lower >= 0:
            return number
        if upper is not None and upper <= 0:
            return number._replace(lower=-upper, upper=None if lower is None else -lower)
        return number._replace(lower=0.0, upper=None if lower is None or upper is None else max(-lower, upper))
    # "round" goes to the nearest whole number, halves up or to the even one: never past the whole numbers around
    down, up = _ROUNDING[how]
    return number._replace(
        lower=float(down(lower)) if lower is not None and math.isfinite(lower) else lower,
        upper=float(up(upper)) if upper is not None and math.isfinite(upper) else upper,
    )


def complement(value: Value) -> Value:
    """``~x``: of the low 32 bits in JavaScript, of the whole number in Python. The bounds are not kept."""
    return one(Number(tainted=any(isinstance(a, Taint) or (isinstance(a, Number) and a.tainted) for a in value)))


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
        return evaluator.joined_text([left, right]) if left or right else EMPTY
    if op in ("%", "*") and file.language == "python" and _is_text(left):
        return evaluator.joined_text([left, right]) if op == "%" else left
    if a is None or b is None:
        tainted = any(isinstance(x, Taint) or (isinstance(x, Number) and x.tainted) for x in left | right)
        if not left and not right:
            return UNKNOWN
        if op == "%" and b is not None:
            lower, upper = _remainder(Number(), b, file.language == "python")
            return one(Number(lower, upper, tainted, tainted))
        return one(Number(None, None, tainted, tainted, node if tainted else None, file.path))
    return one(_combine(op, a, b, file.language == "python"))


def _combine(op: str, a: Number, b: Number, python: bool) -> Number:
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
        if op == "//":
            floored = rounded("floor", Number(lower, upper))
            lower, upper = floored.lower, floored.upper
    elif op == "*" and a.lower is not None and a.lower == a.upper and a.lower > 0:
        lower = None if b.lower is None else b.lower * a.lower
        upper = None if b.upper is None else b.upper * a.lower
    elif op == "%":
        lower, upper = _remainder(a, b, python)
    elif op == "**" and None not in (a.lower, a.upper, b.lower, b.upper):
        assert a.lower is not None and b.lower is not None
        whole = b.lower == math.trunc(b.lower) if math.isfinite(b.lower) else False  # else a negative base has no power
        if a.lower == a.upper and b.lower == b.upper and whole and abs(b.lower) < 50 and 1e-6 < abs(a.lower) < 1e6:
            lower = upper = float(a.lower**b.lower)
    if any(bound is not None and math.isnan(bound) for bound in (lower, upper)):  # of two infinities
        lower = upper = None
    return Number(lower, upper, nan, tainted, node, path)


def _remainder(a: Number, b: Number, python: bool) -> tuple[float | None, float | None]:
    """The bounds of ``a % b``: no farther from 0 than ``b``, with the sign of ``b`` in Python, of ``a`` elsewhere."""
    if b.lower is None or b.upper is None:
        least = (b if python else a).lower
        return 0.0 if least is not None and least >= 0 else None, None
    if python:
        return min(0.0, b.lower), max(0.0, b.upper)
    most = max(abs(b.lower), abs(b.upper))
    return (
        0.0 if a.lower is not None and a.lower >= 0 else -most,
        0.0 if a.upper is not None and a.upper <= 0 else most,
    )


def minimum(values: list[Number | None]) -> Number:
    """``Math.min(...)``: bounded above by every bounded argument."""
    uppers = [v.upper for v in values if v is not None and v.upper is not None]
    lowers = [v.lower for v in values if v is not None]
    known = [v for v in values if v is not None]
    lower = (
        None if len(known) < len(values) or any(x is None for x in lowers) else min(x for x in lowers if x is not None)
    )
    return Number(lower, min(uppers) if uppers else None, *_rest(values))


def maximum(values: list[Number | None]) -> Number:
    """``Math.max(...)``: bounded below by every bounded argument."""
    lowers = [v.lower for v in values if v is not None and v.lower is not None]
    uppers = [v.upper for v in values if v is not None]
    known = [v for v in values if v is not None]
    upper = (
        None if len(known) < len(values) or any(x is None for x in uppers) else max(x for x in uppers if x is not None)
    )
    return Number(max(lowers) if lowers else None, upper, *_rest(values))


def _rest(values: list[Number | None]) -> tuple[bool, bool, Node | None, str]:
    known = [v for v in values if v is not None]
    node = next((v.node for v in known if v.node is not None), None)
    return any(v.nan for v in known), any(v.tainted for v in known), node, next((v.path for v in known if v.path), "")


def _last_name(func: Node) -> str:
    return func.id if isinstance(func, tree.Name) else (func.name or "") if isinstance(func, tree.Member) else ""


def _is_text(value: Value) -> bool:
    return any(isinstance(a, SafeText) or (isinstance(a, Const) and a.kind == "string") for a in value)


def is_number_format(call: tree.Call) -> bool:
    """Whether Python's ``format(x, spec)`` takes numbers only: ``f"{x:d}"`` and the like raise for text."""
    spec = call.args[1] if len(call.args) == 2 else None
    return isinstance(spec, tree.Literal) and isinstance(spec.value, str) and spec.value[-1:] in tuple("bcdeEfFgGnoxX%")
