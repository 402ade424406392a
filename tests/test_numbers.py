"""Intervals: that they hold every number an expression can be, and are as narrow as the rules need."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.project.atoms import Const, Number, SafeText, Taint, Value
from edgelint.project.numbers import as_number, is_number_format, maximum, minimum
from edgelint.syntax import tree
from tests.expressions import code


def number(expression: str, path: str = "a.ts", before: str = "") -> Number:
    text = f"{before}\nresult = {expression}\n" if path.endswith(".py") else f"{before}\nconst result = {expression};"
    found = as_number(code(text, path).value())
    assert found is not None, expression
    return found


def bounds(expression: str, path: str = "a.ts", before: str = "") -> tuple[float | None, float | None]:
    found = number(expression, path, before)
    return found.lower, found.upper


RANGE = "const n = a ? 2 : 5;\nconst m = a ? -3 : 4;\nconst z = a ? -6 : -2;\nconst t = Number(q);"
BODY = "export default { async fetch(request: Request) { const body = await request.json(); const result = %s; } };"


@pytest.mark.parametrize(("expression", "expected"), [
    ("60 * 60 * 24", (86400, 86400)),
    ("60000 / 1000", (60, 60)),
    ("60 - 61", (-1, -1)),
    ("2 ** 10", (1024, 1024)),
    ("n + m", (-1, 9)),
    ("n - m", (-2, 8)),
    ("n * 10", (20, 50)),
    ("10 * n", (20, 50)),
    ("n / 2", (1, 2.5)),
    ("t * 10", (None, None)),
    ("t + 10", (None, None)),
    ("t - 10", (None, None)),
    ("10 * t", (None, None)),
    ("t / 10", (None, None)),
    ("Math.min(t, 10)", (None, 10)),
    ("Math.max(t, 10)", (10, None)),
    ("Math.max(n, 4)", (4, 5)),
    ("Math.min(n, 4)", (2, 4)),
    ("-n", (-5, -2)),
    ("-t", (None, None)),
    ("+n", (2, 5)),
    ("~n", (None, None)),
    ("n % 3", (0, 3)),
    ("m % 3", (-3, 3)),
    ("z % 3", (-3, 0)),
    ("n % -3", (0, 3)),
    ("n % t", (0, None)),
    ("t % 3", (-3, 3)),
    ("t % t", (None, None)),
    ("Math.floor(n / 2)", (1, 2)),
    ("Math.ceil(n / 2)", (1, 3)),
    ("Math.round(n / 2)", (1, 3)),
    ("Math.trunc(z / 4)", (-1, 0)),
    ("Math.abs(z)", (2, 6)),
    ("Math.abs(m)", (0, 4)),
    ("Math.abs(n)", (2, 5)),
    ("Math.abs(t)", (0, None)),
    ("Math.floor(t)", (None, None)),
    ("Math.floor(1e999)", (math.inf, math.inf)),
    ("1e999 - 1e999", (None, None)),
    ("n * m", (None, None)),
    ("n ** 2", (None, None)),
    ("(-8) ** 0.5", (None, None)),
    ("999999 ** 49", (999999.0**49, 999999.0**49)),
    ("999999 ** 63", (None, None)),
    ("2 ** 1e999", (None, None)),
    ("parseInt('60')", (60, 60)),
    ("parseInt('60s')", (None, None)),
    ("parseInt('3.7')", (None, None)),
    ("parseInt('10', 16)", (None, None)),
    ("parseInt(2.5)", (2, 2)),
    ("Number('2.5')", (2.5, 2.5)),
    ("Number(a ? '2' : '5')", (2, 5)),
    ("Number('1_0')", (None, None)),
    ("Number('0x10')", (None, None)),
    ("Number('infinity')", (None, None)),
    ("n > 3", (0, 1)),
    ("null ?? 7", (7, 7)),
])
def test_bounds(expression: str, expected: tuple[float | None, float | None]) -> None:
    assert bounds(expression, before=RANGE) == expected


@pytest.mark.parametrize(("expression", "expected"), [
    ("7 // 2", (3, 3)),
    ("-7 // 2", (-4, -4)),
    ("-7 % 3", (0, 3)),
    ("7 % -3", (-3, 0)),
    ("7 % int(q)", (None, None)),
    ("int(2.5)", (2, 2)),
    ("int('12')", (12, 12)),
    ("round(2.4)", (2, 3)),
    ("round(1234, -2)", (None, None)),
    ("abs(-4)", (4, 4)),
    ("len(q)", (0, None)),
])
def test_python_bounds(expression: str, expected: tuple[float | None, float | None]) -> None:
    assert bounds(expression, "a.py") == expected


@pytest.mark.parametrize(("expression", "nan", "tainted"), [
    ("Number(body)", True, True),
    ("+body", True, True),
    ("parseInt('x')", True, False),
    ("Number(body) * 60", True, True),
    ("body * 60", True, True),
    ("-body", False, True),
    ("body % 60", True, True),
    ("~body", False, True),
    ("~Number(body)", False, True),
    ("Math.floor(body)", True, True),
    ("Math.min(body, 60)", False, True),
    ("Math.min(Number(body), 60)", True, True),
    ("Number(body) || 60", False, True),
    ("Number(unknown())", True, False),
    ("60 * 60", False, False),
])
def test_what_the_sender_decides(expression: str, nan: bool, tainted: bool) -> None:
    found = as_number(code(BODY % expression).value())
    assert found is not None
    assert (found.nan, found.tainted) == (nan, tainted)


def test_the_conversion_is_the_place_of_nan() -> None:
    here = code("const result = Number(anything()) * 2 + 1;")
    found = as_number(here.value())
    assert found is not None
    assert found.node is not None
    assert here.text(found.node) == "Number(anything())"
    assert found.path == "a.ts"


def test_sum_with_text_is_text() -> None:
    assert code("const result = 'a' + 1;").value() == {Const("string", "a1")}
    assert code("const result = 1 + crypto.randomUUID();").value() == {SafeText("constant")}
    (found,) = code(BODY % "'a' + body").value()
    assert isinstance(found, Taint)


def test_python_text_operators() -> None:
    assert code("result = '-' * 20\n", "a.py").value() == {Const("string", "-")}
    assert code("result = '%s' % 20\n", "a.py").value() == {Const("string", "%s20")}


def test_as_number_of_mixed_values() -> None:
    node = tree.Name(0, 1, "x")
    assert as_number(frozenset()) is None
    assert as_number(frozenset({Const("null", None)})) is None
    assert as_number(frozenset({Const("string", "5")})) is None
    assert as_number(frozenset({Const("boolean", True)})) is None
    assert as_number(frozenset({Number(1, 2), SafeText("x")})) is None
    assert as_number(frozenset({Number(1, 2), Const("null", None), Const("number", 9)})) == Number(1, 9)
    joined = as_number(frozenset({Number(1, None, True, False, node, "a"), Number(None, 4, False, True)}))
    assert joined == Number(None, None, True, True, node, "a")


def test_minimum_and_maximum_of_what_is_not_known() -> None:
    assert minimum([Number(1, 5), None]) == Number(None, 5)
    assert maximum([Number(1, 5), None]) == Number(1, None)
    assert minimum([None]) == maximum([None]) == Number()


# -- soundness ------------------------------------------------------------------------------------------
#
# A random expression is written as JavaScript and computed at once; the interval told must hold the number computed.

Term = tuple[str, float]


def _js_remainder(a: float, b: float) -> float:
    return math.nan if b == 0 or math.isinf(a) else a if math.isinf(b) else math.fmod(a, b)


def _js_divide(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    return a / b


def _js_power(a: float, b: float) -> float:
    try:
        found = a**b
    except (OverflowError, ZeroDivisionError):
        return math.inf
    return found if isinstance(found, float) else math.nan


def _rounding(how: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: x if not math.isfinite(x) else float(how(x))


BINARY: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": _js_divide,
    "%": _js_remainder, "**": _js_power, "<": lambda a, b: float(a < b),
}
UNARY: dict[str, Callable[[float], float]] = {
    "-(": lambda x: -x, "+(": lambda x: x, "Number(": lambda x: x, "Math.abs(": abs,
    "Math.floor(": _rounding(math.floor), "Math.ceil(": _rounding(math.ceil), "Math.trunc(": _rounding(math.trunc),
    "Math.round(": _rounding(lambda x: math.floor(x + 0.5)),
}
NUMBERS = st.one_of(st.integers(0, 1000), st.sampled_from([0.5, 2.25, 1e6, 1e21, 0.001]))
LITERALS = NUMBERS.map(lambda n: (repr(n), float(n)))


def _combined(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    def binary(op: str, a: Term, b: Term) -> Term:
        return f"(({a[0]}) {op} ({b[0]}))", BINARY[op](a[1], b[1])

    def unary(op: str, a: Term) -> Term:
        return f"{op}{a[0]})", UNARY[op](a[1])

    def either(first: bool, a: Term, b: Term) -> Term:
        return f"(flag() ? {a[0]} : {b[0]})", a[1] if first else b[1]

    def least(a: Term, b: Term) -> Term:
        return f"Math.min({a[0]}, {b[0]})", math.nan if math.isnan(a[1] + b[1]) else min(a[1], b[1])

    def most(a: Term, b: Term) -> Term:
        return f"Math.max({a[0]}, {b[0]})", math.nan if math.isnan(a[1] + b[1]) else max(a[1], b[1])

    def fallback(a: Term, b: Term) -> Term:
        return f"({a[0]} || {b[0]})", b[1] if math.isnan(a[1]) or a[1] == 0 else a[1]

    return st.one_of(
        st.builds(binary, st.sampled_from(sorted(BINARY)), inner, inner),
        st.builds(unary, st.sampled_from(sorted(UNARY)), inner),
        st.builds(either, st.booleans(), inner, inner), st.builds(least, inner, inner), st.builds(most, inner, inner),
        st.builds(fallback, inner, inner),
    )


@given(st.recursive(LITERALS, _combined, max_leaves=8))
def test_intervals_hold_what_is_computed(term: Term) -> None:
    text, computed = term
    value: Value = code(f"const result = {text};").value()
    found = as_number(value)
    assert found is not None, text
    if math.isnan(computed):
        return  # division of nothing by nothing is not told
    assert found.lower is None or found.lower <= computed, (text, found)
    assert found.upper is None or computed <= found.upper, (text, found)


@given(
    st.sampled_from(["+", "-", "*", "/", "//", "%"]), st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
    st.tuples(st.integers(-9, 9).filter(bool), st.integers(-9, 9).filter(bool)), st.booleans(), st.booleans(),
)
def test_python_intervals_hold_what_is_computed(
    op: str, left: tuple[int, int], right: tuple[int, int], first: bool, other: bool
) -> None:
    text = f"a = {left[0]} if p else {left[1]}\nb = {right[0]} if q else {right[1]}\nresult = a {op} b\n"
    found = as_number(code(text, "a.py").value())
    a, b = left[0] if first else left[1], right[0] if other else right[1]
    computed = {"+": a + b, "-": a - b, "*": a * b, "/": a / b, "//": a // b, "%": a % b}[op]
    assert found is not None
    assert found.lower is None or found.lower <= computed
    assert found.upper is None or computed <= found.upper


@pytest.mark.parametrize(("call", "expected"), [
    ("format(x, 'd')", True), ("format(x, '.2f')", True), ("format(x, '>10')", False), ("format(x)", False),
    ("format(x, spec)", False),
])
def test_number_formats(call: str, expected: bool) -> None:
    assert is_number_format(code(f"result = {call}\n", "a.py").call("format")) is expected
