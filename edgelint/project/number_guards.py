"""What a test says of a number: that it is sound, that it is not above some limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.flow import conditions, mentions, same, split
from edgelint.project.guards import (
    EQUALITY,
    PATTERNS,
    Test,
    asserts,
    before,
    is_nothing,
    last_name,
    of_both,
    sides,
    tests_membership,
)
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

_ORDER = frozenset({"<", ">", "<=", ">="})
_NUMERIC = frozenset({"isNaN", "isInteger", "isSafeInteger", "isFinite", "isnan", "isdigit", "isdecimal", "isnumeric"})
_REFUSING = ("isnan", "isinvalid", "invalid", "isbad", "not", "isnot", "isempty", "isnil")


def is_number_checked(subject: Node, file: SourceFile, since: int = 0, e: Evaluator | None = None) -> bool:
    """Whether a test on the way to ``subject`` shows that it is a sound number; ``since``: only tests from this offset
    on count.
    """
    return _is_settled(subject, file, tests_number, since, e)


def is_bounded(subject: Node, file: SourceFile, since: int = 0, e: Evaluator | None = None) -> bool:
    """Whether a test on the way to ``subject`` shows that it is not above some limit."""
    return _is_settled(subject, file, _tests_bound, since, e)


def is_compared(subject: Node, file: SourceFile, since: int = 0, e: Evaluator | None = None) -> bool:
    """Whether a test on the way to ``subject`` compares it with anything that is not null."""
    return _is_settled(subject, file, _tests_order, since, e)


def is_digits(subject: Node, file: SourceFile, e: Evaluator | None = None) -> bool:
    """Whether a test on the way to the text ``subject`` shows that it is a number's text: a pattern, isNaN, a list."""
    return _is_settled(subject, file, _tests_digits, 0, e)


def _is_settled(subject: Node, file: SourceFile, tests: Test, since: int, e: Evaluator | None) -> bool:
    while isinstance(subject, tree.Cast | tree.Await):
        subject = subject.value
    if not isinstance(subject, tree.Name | tree.Member | tree.Call | tree.Unary):
        return False
    if any(c.test.start >= since and tests(c.test, subject, file, c.holds, e) for c in conditions(subject)):
        return True
    return any(_settles(s, subject, file, tests, e) for s in before(subject) if s.start >= since)


def _settles(statement: Node, subject: Node, file: SourceFile, tests: Test, e: Evaluator | None) -> bool:
    """``if (isNaN(x)) x = 1``: replaced where the test fails; or a call that does not come back otherwise."""
    if isinstance(statement, tree.If):
        inside = tree.walk_function(statement.then)
        replaced = any(isinstance(node, tree.Assign) and same(node.target, subject, file) for node in inside)
        return replaced and any(tests(c.test, subject, file, c.holds, e) for c in split(statement.test, False))
    return asserts(statement, subject, file, tests, e)


def tests_number(test: Node, subject: Node, file: SourceFile, holds: bool, e: Evaluator | None = None) -> bool:
    """Whether ``test`` being ``holds`` shows that ``subject`` is not NaN. NaN is false, and every comparison with it
    fails: ``n < 1`` that does not hold says nothing.
    """
    while isinstance(test, tree.Await | tree.Cast):
        test = test.value
    if same(test, subject, file):
        return holds
    if isinstance(test, tree.Unary):
        return test.op == "!" and tests_number(test.value, subject, file, not holds, e)
    if isinstance(test, tree.Call):
        return mentions(test, subject, file) and holds == _asks_for_numbers(test)
    if isinstance(test, tree.Binary):
        if test.op in ("&&", "||"):
            return of_both(test, holds)(tests_number(side, subject, file, holds, e) for side in sides(test))
        if test.op in EQUALITY | _ORDER | {"in", "not in"}:
            negative = test.op in ("!==", "!=", "not in")
            if any(same(a, subject, file) and is_nothing(b) for a, b in (sides(test), sides(test)[::-1])):
                return holds != negative  # it is null, which is not NaN
            return holds != negative and mentions(test, subject, file) and not _is_about_nothing(test)
    return False


def _asks_for_numbers(call: tree.Call) -> bool:
    """Whether ``call`` is true for sound numbers: ``Number.isInteger(n)``, not ``isNaN(n)`` or ``xs.some(isNaN)``."""
    name = last_name(call.func).lower()
    if name in ("some", "any", "find", "findindex"):
        return False
    return not name.startswith(_REFUSING)


def _tests_order(test: Node, subject: Node, file: SourceFile, holds: bool, e: Evaluator | None = None) -> bool:
    if isinstance(test, tree.Binary) and test.op in ("&&", "||"):
        return _tests_order(test.left, subject, file, holds, e) or _tests_order(test.right, subject, file, holds, e)
    if isinstance(test, tree.Binary) and test.op in EQUALITY | _ORDER:
        return mentions(test, subject, file) and not _is_about_nothing(test)
    return _tests_bound(test, subject, file, holds, e)


def _tests_bound(test: Node, subject: Node, file: SourceFile, holds: bool, e: Evaluator | None = None) -> bool:
    while isinstance(test, tree.Await | tree.Cast):
        test = test.value
    if isinstance(test, tree.Binary):
        if test.op in ("&&", "||"):
            return of_both(test, holds)(_tests_bound(side, subject, file, holds, e) for side in sides(test))
        if test.op in _ORDER:
            if mentions(test.left, subject, file):
                return holds == (test.op in ("<", "<="))
            return mentions(test.right, subject, file) and holds == (test.op in (">", ">="))
    if isinstance(test, tree.Call) and (last_name(test.func) in _NUMERIC or _is_open_pattern(test)):
        return False
    return tests_membership(test, subject, file, holds, e)


def _tests_digits(test: Node, subject: Node, file: SourceFile, holds: bool, e: Evaluator | None = None) -> bool:
    if isinstance(test, tree.Binary) and test.op in EQUALITY:
        for side, other in ((test.left, test.right), (test.right, test.left)):
            if isinstance(side, tree.Unary) and side.op == "typeof" and same(side.value, subject, file):
                positive = test.op in ("===", "==")
                return holds == positive and isinstance(other, tree.Literal) and other.value in ("number", "bigint")
    if isinstance(test, tree.Call) and last_name(test.func) in _NUMERIC:
        return mentions(test, subject, file) and holds != last_name(test.func).lower().startswith(_REFUSING)
    return tests_membership(test, subject, file, holds, e)


def _is_about_nothing(test: tree.Binary) -> bool:
    """A comparison with null or undefined, or of a type's name: NaN passes it."""
    return any(
        is_nothing(side) or (isinstance(side, tree.Literal) and side.kind == "string")
        or (isinstance(side, tree.Unary) and side.op == "typeof")
        for side in (test.left, test.right)
    )


def _is_open_pattern(test: tree.Call) -> bool:
    """``/^\\d+$/.test(x)``: a number of any length fits."""
    func = test.func
    if not isinstance(func, tree.Member) or func.name not in PATTERNS:
        return False
    regex = [node for node in (func.obj, *test.args) if isinstance(node, tree.Literal)]
    return not regex or any("+" in str(node.value) or "*" in str(node.value) for node in regex)
