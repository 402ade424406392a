"""What a test says of a value: that it is on an allow-list, that it is a sound number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from edgelint.project.callers import is_bound_python
from edgelint.project.flow import conditions, leaves, mentions, same, split
from edgelint.project.patterns import lets_only_words, stops_marks
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

Test = Callable[[Node, Node, "SourceFile", bool, "Evaluator | None"], bool]
EQUALITY = frozenset({"===", "!==", "==", "!="})
_ASSERTING = ("assert", "validate", "ensure", "require", "check", "invariant", "must", "verify", "expect")
_MEMBERSHIP = frozenset({"includes", "has", "hasOwnProperty", "hasOwn", "contains", "isSubsetOf", "isin"})
# Methods of Python's text that are true of text without quotes, blanks and operators only.
_WORD_METHODS = frozenset({"isidentifier", "isalnum", "isalpha", "isdigit", "isdecimal", "isnumeric"})
PATTERNS = frozenset({"test", "match", "fullmatch", "search"})


def is_allow_listed(subject: Node, at: Node, file: SourceFile, evaluator: Evaluator, since: int = 0) -> bool:
    """Whether every way to ``at`` has passed a test that ``subject`` is one of some values, or fits a pattern;
    ``since``: only tests from this offset on count.
    """
    if not isinstance(subject, tree.Name | tree.Member | tree.Call):
        return False
    for condition in conditions(at):
        if condition.test.start >= since and tests_membership(
            condition.test, subject, file, condition.holds, evaluator
        ):
            return True
    return _replaced_when_not_listed(subject, at, file, since) or any(
        asserts(s, subject, file, tests_membership, evaluator) for s in before(at) if s.start >= since
    )


def tests_membership(test: Node, subject: Node, file: SourceFile, holds: bool, e: Evaluator | None = None) -> bool:
    """Whether ``test`` being ``holds`` means that ``subject`` is on a list, has a fixed value, or fits a pattern."""
    while isinstance(test, tree.Await | tree.Cast):
        test = test.value
    if isinstance(test, tree.Call):
        return _tests_call(test, subject, file, holds, e)
    if isinstance(test, tree.Unary) and test.op == "!":
        return tests_membership(test.value, subject, file, not holds, e)
    if isinstance(test, tree.Binary):
        if test.op in ("&&", "||"):
            return of_both(test, holds)(tests_membership(side, subject, file, holds, e) for side in sides(test))
        if test.op in ("in", "not in") and _is_subject(test.left, subject, file):
            return holds == (test.op == "in") and not _is_sent(test.right, file, e)
        if test.op in EQUALITY:
            positive = test.op in ("===", "==")
            for side, other in ((test.left, test.right), (test.right, test.left)):
                if isinstance(side, tree.Unary) and side.op == "typeof" and _is_subject(side.value, subject, file):
                    plain = isinstance(other, tree.Literal) and other.value in ("number", "boolean", "bigint")
                    return plain and holds == positive
                if _is_subject(side, subject, file) and isinstance(other, tree.Literal):
                    return holds == positive and other.kind in ("string", "number", "null")
                if _is_subject(side, subject, file) and is_nothing(other):
                    return holds == positive
                if _is_index_test(side, subject, file) and isinstance(other, tree.Unary | tree.Literal):
                    return holds != positive
        if test.op in (">=", ">") and _is_index_test(test.left, subject, file):
            return holds
    if isinstance(test, tree.Member) and test.index is not None and _is_subject(test.index, subject, file):
        return holds and not _is_sent(test.obj, file, e)  # MAP[x] is there
    return _tests_result(test, subject, file, holds)


def sides(test: tree.Binary) -> tuple[Node, Node]:
    """Both sides of ``&&`` or ``||``."""
    return test.left, test.right


def of_both(test: tree.Binary, holds: bool) -> Callable[[Iterable[bool]], bool]:
    """How many sides of ``a && b`` or ``a || b`` must say something for the whole, being ``holds``, to say it: ``any``
    where both sides are what the whole is, ``all`` where one of them is and it is not known which."""
    return any if (test.op == "&&") == holds else all


def is_nothing(node: Node) -> bool:
    """Whether ``node`` is null, undefined or None."""
    return (isinstance(node, tree.Literal) and node.kind == "null") or (
        isinstance(node, tree.Name) and node.id in ("undefined", "None")
    )


def _tests_call(test: tree.Call, subject: Node, file: SourceFile, holds: bool, e: Evaluator | None) -> bool:
    func = test.func
    given = [position for position, arg in enumerate(test.args) if _is_subject(arg, subject, file)]
    if isinstance(func, tree.Member):
        if func.name == "call" and isinstance(func.obj, tree.Member) and func.obj.name == "hasOwnProperty":
            return holds and 1 in given and not _is_sent(test.args[0], file, e)
        if func.name in _WORD_METHODS and not test.args and _is_subject(func.obj, subject, file):
            return holds
        if func.name in _MEMBERSHIP and given:
            return holds and not _is_sent(test.args[0] if func.name == "hasOwn" else func.obj, file, e)
        if func.name in PATTERNS and (given or _is_subject(func.obj, subject, file)):
            return _tests_pattern(test, func, subject, file, holds, e)
        if func.name in ("some", "find", "every") and mentions(test, subject, file):
            # keys.some((key) => !ALLOWED.includes(key)) must be false, ALLOWED.some((name) => name === key) true
            return holds != (func.name == "some" and _is_subject(func.obj, subject, file))
    elif isinstance(func, tree.Name) and func.id in ("all", "any") and mentions(test, subject, file):
        return holds == (func.id == "all")  # any(key not in ALLOWED for key in keys)
    return bool(given) and holds and _checks(test, given[0], file, tests_membership, e, is_validator)


def _tests_pattern(
    test: tree.Call, func: tree.Member, subject: Node, file: SourceFile, holds: bool, e: Evaluator | None
) -> bool:
    """A regular expression: one that lets only words through has matched, or one that stops all else has not."""
    pattern: Node | None = func.obj
    if _is_subject(func.obj, subject, file) or (isinstance(func.obj, tree.Name) and func.obj.id == "re"):
        pattern = test.args[0] if test.args else None
    source = _regex(pattern, file, e) if pattern is not None else None
    if source is None:
        return holds
    if not holds:
        return stops_marks(source)
    if func.name == "match" and file.language == "python" and not source.startswith("^"):
        source = f"^{source}"  # re.match begins at the beginning
    return lets_only_words(source, whole=func.name == "fullmatch")


def _regex(node: Node, file: SourceFile, e: Evaluator | None) -> str | None:
    """The source of a regular expression, None when it cannot be read."""
    if isinstance(node, tree.Name) and e is not None:
        symbol = file.index.resolve(node)
        values = [d.node for d in symbol.defs if d.kind == "value" and not d.path] if symbol is not None else []
        node = values[0] if len(values) == 1 and values[0] is not None else node
    if isinstance(node, tree.Call) and last_name(node.func) == "compile" and node.args:
        node = node.args[0]
    if not isinstance(node, tree.Literal) or not isinstance(node.value, str):
        return None
    if node.kind == "regex":
        return node.value.strip().removeprefix("/").rpartition("/")[0]
    return node.value if file.language == "python" else None


def _is_sent(node: Node, file: SourceFile, e: Evaluator | None) -> bool:
    """Whether whoever sends the request decides ``node``: a list of theirs allows nothing."""
    from edgelint.project.atoms import Taint

    return e is not None and any(isinstance(a, Taint) for a in e.evaluate(node, file))


def _checks(
    call: tree.Call, position: int, file: SourceFile, tests: Test, e: Evaluator | None, by_name: Callable[[str], bool]
) -> bool:
    """Whether the function that ``call`` calls tests the argument at ``position``: by its body, else by its name."""
    from edgelint.project.atoms import Func

    functions = [a for a in e.evaluate(call.func, file) if isinstance(a, Func)] if e is not None else []
    if not functions:
        return by_name(last_name(call.func))
    for function in functions:
        params = function.node.params[1:] if is_bound_python(function) else function.node.params
        param = params[position] if position < len(params) else None
        target, body = param.target if isinstance(param, tree.Param) else None, function.node.body
        if isinstance(target, tree.Name) and body is not None:
            if isinstance(body, tree.Block) and any(
                isinstance(s, tree.Loop) and asserts(s, target, function.file, tests, e) for s in body.body
            ):
                return True
            for node in tree.walk(body):
                if any(tests(node, target, function.file, holds, None) for holds in (True, False)):
                    return True
                if isinstance(node, tree.Switch) and same(node.subject, target, function.file):
                    return True
    return False


def is_validator(name: str) -> bool:
    """``isColumn``, ``validTable``: a function whose name promises a test of what text is, and not only of its type."""
    name = name.lower().lstrip("_")
    return name.startswith(("is", "valid", "check", "assert", "allow", "has", "can", "ensure")) and not name.endswith(
        ("string", "empty", "defined", "nil", "null", "present", "object", "array", "truthy", "nan", "length", "blank")
    )


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


def _replaced_when_not_listed(subject: Node, at: Node, file: SourceFile, since: int) -> bool:
    """``if (!ALLOWED.includes(x)) x = "id"`` before ``at``: after it, x is allowed."""
    node = at
    while node.parent is not None:
        parent = node.parent
        if isinstance(parent, tree.Block | tree.Module):
            for statement in parent.body:
                if statement is node:
                    break
                if (
                    isinstance(statement, tree.If)
                    and statement.start >= since
                    and _assigns(statement.then, subject, file)
                ):
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


# -- what ran before -------------------------------------------------------------------------------------------------


def before(node: Node) -> Iterator[Node]:
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


def asserts(statement: Node, subject: Node, file: SourceFile, tests: Test, e: Evaluator | None) -> bool:
    """Whether ``statement`` does not come to its end for a wrong ``subject``.

    A call that throws (``assertColumn(x)``, ``assert(test)``), also in a ``try`` of which every handler leaves; a loop
    of such calls, or of tests that leave, over the items of ``subject``.
    """
    if isinstance(statement, tree.Loop) and statement.kind == "of" and statement.iterable is not None:
        target = statement.target.target if isinstance(statement.target, tree.Assign) else statement.target
        return (
            isinstance(target, tree.Name)
            and _is_subject(statement.iterable, subject, file)
            and any(_stops(inner, target, file, tests, e) for inner in statement.body.body)
        )
    if isinstance(statement, tree.Try):
        left = all(leaves(handler.body) for handler in statement.handlers if isinstance(handler, tree.Catch))
        return left and any(_stops(inner, subject, file, tests, e) for inner in statement.body.body)
    call = statement.value if isinstance(statement, tree.ExprStmt) else None
    while isinstance(call, tree.Await):
        call = call.value
    if not isinstance(call, tree.Call):
        return False
    for position, arg in enumerate(call.args):
        if same(arg, subject, file):
            return _checks(call, position, file, tests, e, _is_assertion)
    return _is_assertion(last_name(call.func)) and any(tests(arg, subject, file, True, e) for arg in call.args)


def _stops(statement: Node, subject: Node, file: SourceFile, tests: Test, e: Evaluator | None) -> bool:
    """Whether one item that is wrong ends the whole."""
    if isinstance(statement, tree.If):
        ends = bool(statement.then.body) and isinstance(statement.then.body[-1], tree.Throw | tree.Return)
        return ends and any(tests(c.test, subject, file, c.holds, e) for c in split(statement.test, False))
    return asserts(statement, subject, file, tests, e)


def _is_assertion(name: str) -> bool:
    return name.lower().lstrip("_").startswith(_ASSERTING)


def last_name(func: Node) -> str:
    """``isInteger`` of ``Number.isInteger``."""
    while isinstance(func, tree.Cast):
        func = func.value
    return func.id if isinstance(func, tree.Name) else (func.name or "") if isinstance(func, tree.Member) else ""
