"""What a test says of a value: that it is on an allow-list, that it is a sound number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edgelint.project.flow import conditions, mentions, same, split
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

_MEMBERSHIP = frozenset({"includes", "has", "hasOwnProperty", "hasOwn", "contains", "isSubsetOf", "isin"})
_PATTERNS = frozenset({"test", "match", "fullmatch"})


def is_allow_listed(subject: Node, at: Node, file: SourceFile, evaluator: Evaluator) -> bool:
    """Whether every way to ``at`` has passed a test that ``subject`` is one of some values, or fits a pattern."""
    if not isinstance(subject, tree.Name | tree.Member | tree.Call):
        return False
    for condition in conditions(at):
        if tests_membership(condition.test, subject, file, condition.holds):
            return True
    return _replaced_when_not_listed(subject, at, file) or any(_asserts(s, subject, file) for s in _before(at))


def tests_membership(test: Node, subject: Node, file: SourceFile, holds: bool) -> bool:
    """Whether ``test`` being ``holds`` means that ``subject`` is on a list, has a fixed value, or fits a pattern."""
    while isinstance(test, tree.Await | tree.Cast):
        test = test.value
    if isinstance(test, tree.Call):
        func = test.func
        given = [arg for arg in test.args if _is_subject(arg, subject, file)]
        if isinstance(func, tree.Member):
            if func.name in _MEMBERSHIP | _PATTERNS and given:
                return holds
            if func.name == "match" and _is_subject(func.obj, subject, file):
                return holds
            if func.name in ("some", "find", "every") and mentions(test, subject, file):
                # keys.some((key) => !ALLOWED.includes(key)) must be false, ALLOWED.some((name) => name === key) true
                return holds != (func.name == "some" and _is_subject(func.obj, subject, file))
            return (
                bool(given)
                and holds
                and (func.name or "").lower().startswith(("is", "valid", "check", "assert", "allow", "has"))
            )
        if isinstance(func, tree.Name):
            if func.id in ("all", "any") and mentions(test, subject, file):  # any(key not in ALLOWED for key in keys)
                return holds == (func.id == "all")
            return bool(given) and holds
        return False
    if isinstance(test, tree.Unary) and test.op == "!":
        return tests_membership(test.value, subject, file, not holds)
    if isinstance(test, tree.Binary):
        if test.op == ("||" if holds else "&&"):  # whichever side it was: each must say so
            return tests_membership(test.left, subject, file, holds) and tests_membership(
                test.right, subject, file, holds
            )
        if test.op in ("in", "not in") and _is_subject(test.left, subject, file):
            return holds == (test.op == "in")
        if test.op in ("===", "==", "!==", "!="):
            positive = test.op in ("===", "==")
            for side, other in ((test.left, test.right), (test.right, test.left)):
                if (
                    _is_subject(side, subject, file)
                    and isinstance(other, tree.Literal)
                    and other.kind in ("string", "number")
                ):
                    return holds == positive
                if _is_index_test(side, subject, file) and isinstance(other, tree.Unary | tree.Literal):
                    return holds != positive
        if test.op in (">=", ">") and _is_index_test(test.left, subject, file):
            return holds
    if isinstance(test, tree.Member) and test.index is not None and _is_subject(test.index, subject, file):
        return holds  # MAP[x] is there
    return _tests_result(test, subject, file, holds)


def _tests_result(test: Node, subject: Node, file: SourceFile, holds: bool) -> bool:
    """A test of what an earlier look at ``subject`` gave: ``check.ok`` of a validator, ``rest.length`` of a filter."""
    member = ""
    if (
        isinstance(test, tree.Binary)
        and test.op in (">", "!==", "!=")
        and isinstance(test.right, tree.Literal)
        and test.right.value == 0
    ):
        test = test.left
    if isinstance(test, tree.Member) and test.name is not None:
        member, test = test.name, test.obj
    value = test.value if isinstance(test, tree.Assign) else None
    if isinstance(test, tree.Name):
        symbol = file.index.resolve(test)
        found = [d for d in symbol.defs if d.kind == "value" and d.node is not None] if symbol is not None else []
        if len(found) != 1 or len(symbol.defs if symbol is not None else ()) != 1:
            return False
        value = found[0].node
        member = member or next((step for step in found[0].path if isinstance(step, str)), "")
    while isinstance(value, tree.Await | tree.Cast):
        value = value.value
    if isinstance(value, tree.Binary) and value.op == "-":  # Python: set(keys) - ALLOWED
        return mentions(value.left, subject, file) and not holds
    if not isinstance(value, tree.Call):
        return False
    if isinstance(value.func, tree.Member) and value.func.name in ("filter", "find", "difference"):
        left_over = (
            _is_subject(value.func.obj, subject, file)
            or (value.func.name == "difference"
            and mentions(value, subject, file))
        )
        return left_over and not holds
    if not any(_is_subject(arg, subject, file) for arg in value.args):
        return False
    if member in ("valid", "isValid", "is_valid", "ok", "success", "allowed", ""):
        return holds and last_name(value.func).lower().lstrip("_").startswith(
            (*_ASSERTING, "is", "valid", "find", "lookup")
        )
    return member in ("error", "errors", "issues", "invalid") and not holds


def _is_subject(node: Node, subject: Node, file: SourceFile) -> bool:
    while isinstance(node, tree.Cast | tree.Await) or (isinstance(node, tree.Assign) and node.op == "="):
        node = node.target if isinstance(node, tree.Assign) else node.value
    if same(node, subject, file):
        return True
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and not node.args:
        return node.func.name in ("toLowerCase", "toUpperCase", "trim", "lower", "upper", "strip") and same(
            node.func.obj, subject, file
        )
    if (
        isinstance(node, tree.Call)
        and isinstance(node.func, tree.Name)
        and node.func.id in ("String", "str", "list", "set", "tuple")
        and node.args
    ):
        return same(node.args[0], subject, file)
    return False


def _is_index_test(node: Node, subject: Node, file: SourceFile) -> bool:
    return (
        isinstance(node, tree.Call)
        and isinstance(node.func, tree.Member)
        and node.func.name in ("indexOf", "findIndex")
        and any(_is_subject(arg, subject, file) for arg in node.args)
    )


def _replaced_when_not_listed(subject: Node, at: Node, file: SourceFile) -> bool:
    """``if (!ALLOWED.includes(x)) x = "id"`` before ``at``: after it, x is allowed."""
    node = at
    while node.parent is not None:
        parent = node.parent
        if isinstance(parent, tree.Block | tree.Module):
            for statement in parent.body:
                if statement is node:
                    break
                if isinstance(statement, tree.If) and _assigns(statement.then, subject, file):
                    if any(tests_membership(c.test, subject, file, c.holds) for c in split(statement.test, False)):
                        return True
        if isinstance(parent, tree.Function):
            return False
        node = parent
    return False


def _assigns(block: tree.Block, subject: Node, file: SourceFile) -> bool:
    return any(
        isinstance(node, tree.Assign) and same(node.target, subject, file) and isinstance(node.value, tree.Literal)
        for node in tree.walk_function(block)
    )


def is_tested(subject: Node, at: Node, file: SourceFile) -> bool:
    """Whether a test on the way to ``at`` looks at ``subject`` (as a number: a comparison, isNaN, isInteger,
    truthiness).
    """
    if not isinstance(subject, tree.Name | tree.Member):
        return False
    return any(mentions(condition.test, subject, file) for condition in conditions(at))


# -- numbers ---------------------------------------------------------------------------------------------------------

_Test = Callable[[Node, Node, "SourceFile", bool], bool]
_ORDER = frozenset({"<", ">", "<=", ">="})
_EQUALITY = frozenset({"===", "!==", "==", "!="})
_NUMERIC = frozenset({"isNaN", "isInteger", "isSafeInteger", "isFinite", "isnan", "isdigit", "isdecimal", "isnumeric"})
_REFUSING = ("isnan", "isinvalid", "invalid", "isbad", "not", "isnot", "isempty", "isnil")
_ASSERTING = ("assert", "validate", "ensure", "require", "check", "invariant", "must", "verify", "expect")


def is_number_checked(subject: Node, file: SourceFile, since: int = 0) -> bool:
    """Whether a test on the way to ``subject`` shows that it is a sound number; ``since``: only tests from this offset
    on count.
    """
    return _is_settled(subject, file, _tests_number, since)


def is_bounded(subject: Node, file: SourceFile, since: int = 0) -> bool:
    """Whether a test on the way to ``subject`` shows that it is not above some limit."""
    return _is_settled(subject, file, _tests_bound, since)


def is_compared(subject: Node, file: SourceFile, since: int = 0) -> bool:
    """Whether a test on the way to ``subject`` compares it with anything that is not null."""
    return _is_settled(subject, file, _tests_order, since)


def is_digits(subject: Node, file: SourceFile) -> bool:
    """Whether a test on the way to the text ``subject`` shows that it is a number's text: a pattern, isNaN, a list."""
    return _is_settled(subject, file, _tests_digits, 0)


def _is_settled(subject: Node, file: SourceFile, tests: _Test, since: int) -> bool:
    while isinstance(subject, tree.Cast | tree.Await):
        subject = subject.value
    if not isinstance(subject, tree.Name | tree.Member | tree.Call | tree.Unary):
        return False
    if any(c.test.start >= since and tests(c.test, subject, file, c.holds) for c in conditions(subject)):
        return True
    return any(_settles(statement, subject, file, tests) for statement in _before(subject) if statement.start >= since)


def _before(node: Node) -> Iterator[Node]:
    """The statements that ran before ``node`` in the blocks around it, up to its function."""
    at = node
    while at.parent is not None:
        parent = at.parent
        if isinstance(parent, tree.Block | tree.Module):
            for statement in parent.body:
                if statement is at:
                    break
                yield statement
        if isinstance(parent, tree.Function):
            return
        at = parent


def _settles(statement: Node, subject: Node, file: SourceFile, tests: _Test) -> bool:
    """``if (isNaN(x)) x = 1``: replaced where the test fails; ``assertInteger(x)``: a call that does not come back
    otherwise.
    """
    if isinstance(statement, tree.If):
        replaced = any(
            isinstance(node, tree.Assign) and same(node.target, subject, file)
            for node in tree.walk_function(statement.then)
        )
        return replaced and any(tests(c.test, subject, file, c.holds) for c in split(statement.test, False))
    return _asserts(statement, subject, file)


def _asserts(statement: Node, subject: Node, file: SourceFile) -> bool:
    """A call that does not come back for a wrong ``subject``; a loop of such calls, or of tests that leave, over its
    items.
    """
    if isinstance(statement, tree.Loop) and statement.kind == "of" and statement.iterable is not None:
        target = statement.target.target if isinstance(statement.target, tree.Assign) else statement.target
        if not isinstance(target, tree.Name) or not _is_subject(statement.iterable, subject, file):
            return False
        return any(
            _asserts(inner, target, file)
            or (
                isinstance(inner, tree.If)
                and throws(inner.then)
                and any(tests_membership(c.test, target, file, c.holds) for c in split(inner.test, False))
            )
            for inner in statement.body.body
        )
    call = statement.value if isinstance(statement, tree.ExprStmt) else None
    if isinstance(call, tree.Await):
        call = call.value
    if isinstance(call, tree.Call) and any(same(arg, subject, file) for arg in call.args):
        return last_name(call.func).lower().lstrip("_").startswith(_ASSERTING)
    return False


def throws(block: Node) -> bool:
    """Whether ``block`` ends by throwing or returning: not by going on with the next item."""
    return isinstance(block, tree.Block) and bool(block.body) and isinstance(block.body[-1], tree.Throw | tree.Return)


def _tests_number(test: Node, subject: Node, file: SourceFile, holds: bool) -> bool:
    while isinstance(test, tree.Await | tree.Cast):
        test = test.value
    if same(test, subject, file):
        return holds  # NaN is false
    if isinstance(test, tree.Unary):
        return test.op == "!" and _tests_number(test.value, subject, file, not holds)
    if isinstance(test, tree.Call):
        return mentions(test, subject, file) and holds != last_name(test.func).lower().startswith(_REFUSING)
    if isinstance(test, tree.Binary):
        if test.op in ("&&", "||"):  # of which one side is enough, and it is not known which
            return _tests_number(test.left, subject, file, holds) and _tests_number(test.right, subject, file, holds)
        if test.op in _EQUALITY | _ORDER | {"in", "not in"}:
            return mentions(test, subject, file) and not _is_about_nothing(test)
    return False


def _tests_order(test: Node, subject: Node, file: SourceFile, holds: bool) -> bool:
    if isinstance(test, tree.Binary) and test.op in ("&&", "||"):
        return _tests_order(test.left, subject, file, holds) or _tests_order(test.right, subject, file, holds)
    if isinstance(test, tree.Binary) and test.op in _EQUALITY | _ORDER:
        return mentions(test, subject, file) and not _is_about_nothing(test)
    return _tests_bound(test, subject, file, holds)


def _tests_bound(test: Node, subject: Node, file: SourceFile, holds: bool) -> bool:
    while isinstance(test, tree.Await | tree.Cast):
        test = test.value
    if isinstance(test, tree.Binary):
        if test.op in ("&&", "||"):
            return _tests_bound(test.left, subject, file, holds) and _tests_bound(test.right, subject, file, holds)
        if test.op in _ORDER:
            if mentions(test.left, subject, file):
                return holds == (test.op in ("<", "<="))
            return mentions(test.right, subject, file) and holds == (test.op in (">", ">="))
    if isinstance(test, tree.Call) and (last_name(test.func) in _NUMERIC or _is_open_pattern(test)):
        return False
    return tests_membership(test, subject, file, holds)


def _tests_digits(test: Node, subject: Node, file: SourceFile, holds: bool) -> bool:
    if isinstance(test, tree.Call) and last_name(test.func) in _NUMERIC:
        return mentions(test, subject, file) and holds != last_name(test.func).lower().startswith(_REFUSING)
    return tests_membership(test, subject, file, holds)


def _is_about_nothing(test: tree.Binary) -> bool:
    """A comparison with null or undefined, or of a type's name: NaN passes it."""
    return any(
        (isinstance(side, tree.Literal) and side.kind in ("null", "string"))
        or (isinstance(side, tree.Name) and side.id in ("undefined", "None"))
        or (isinstance(side, tree.Unary) and side.op == "typeof")
        for side in (test.left, test.right)
    )


def _is_open_pattern(test: tree.Call) -> bool:
    """``/^\\d+$/.test(x)``: a number of any length fits."""
    func = test.func
    if not isinstance(func, tree.Member) or func.name not in _PATTERNS:
        return False
    regex = [node for node in (func.obj, *test.args) if isinstance(node, tree.Literal)]
    return not regex or any("+" in str(node.value) or "*" in str(node.value) for node in regex)


def last_name(func: Node) -> str:
    """``isInteger`` of ``Number.isInteger``."""
    while isinstance(func, tree.Cast):
        func = func.value
    return func.id if isinstance(func, tree.Name) else (func.name or "") if isinstance(func, tree.Member) else ""
