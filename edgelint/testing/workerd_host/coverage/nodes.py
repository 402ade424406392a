"""What the counting asks of JavaScript's syntax tree (tree-sitter's)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

COMMENTS: Final = frozenset(("comment", "html_comment"))
FUNCTIONS: Final = frozenset((
    "function_declaration", "function_expression", "generator_function", "generator_function_declaration",
    "arrow_function", "method_definition",
))  # fmt: skip
HOISTED: Final = frozenset(("function_declaration", "generator_function_declaration"))
"""Declarations that are there before the first statement runs: no statement counts them."""
LOOPS: Final = frozenset(("for_statement", "for_in_statement", "while_statement", "do_statement"))
LOGICAL: Final = frozenset(("&&", "||", "??"))
FIELDS: Final = frozenset(("field_definition", "public_field_definition"))
"""Class fields, in the grammars of JavaScript and of TypeScript."""
PARAMETERS: Final = frozenset(("required_parameter", "optional_parameter"))
"""Parameters in TypeScript's grammar."""
_DECLARATIONS: Final = frozenset(("lexical_declaration", "variable_declaration"))
_STATEMENTS: Final = frozenset((
    "expression_statement", "class_declaration", "abstract_class_declaration", "return_statement", "throw_statement",
    "break_statement", "continue_statement", "debugger_statement", "if_statement", "switch_statement", "try_statement",
    "with_statement", "labeled_statement", *LOOPS,
))  # fmt: skip
_NAMER: Final = "__name"
"""What esbuild calls to give functions their names (--keep-names)."""
_WRAPPERS: Final = frozenset(("__esm", "__esmMin", "__commonJS", "__commonJSMin"))
"""What esbuild hands a module in a function to, when it is to run later."""
_BINDERS: Final = _WRAPPERS | {"__toESM", "__toCommonJS"}
"""What makes the value of a variable that is none of the app's own."""
_HELPERS: Final = frozenset((_NAMER, "__export", "__reExport"))
"""What is called in statements of esbuild's own (internal/runtime/runtime.go of https://github.com/evanw/esbuild)."""
ANONYMOUS: Final = "(anonymous)"


def text(node: Node) -> str:
    """The text of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def kids(node: Node) -> list[Node]:
    """The named children without comments."""
    return [kid for kid in node.named_children if kid.type not in COMMENTS]


def end_of(node: Node) -> int:
    """Where the last token ends: a statement without a semicolon has the comments behind it in its node."""
    while node.child_count:
        last = next((kid for kid in reversed(node.children) if kid.type not in COMMENTS), None)
        if last is None:
            break
        node = last
    return node.end_byte


def bare(node: Node) -> Node:
    """What is in the parentheses, however many."""
    while node.type == "parenthesized_expression" and len(inner := kids(node)) == 1:
        node = inner[0]
    return node


def leading(node: Node) -> Node:
    """The node that tells where another came from: itself, but the condition of an ``else if``, whose ``if`` esbuild's
    source maps do not speak of, and what is in parentheses."""
    if node.type == "if_statement" and node.parent is not None and node.parent.type == "else_clause":
        condition = node.child_by_field_name("condition")
        if condition is not None:
            return bare(condition)
    return bare(node)


def takes_name(node: Node) -> bool:
    """Whether an expression is an anonymous function or class, which gets its name from what it is assigned to
    (https://tc39.es/ecma262/#sec-isanonymousfunctiondefinition): it must stay the whole of the initialiser."""
    found = bare(node)
    if found.type == "arrow_function":
        return True
    named = found.child_by_field_name("name") is not None
    return found.type in ("function_expression", "generator_function", "class") and not named


def directives(statements: list[Node]) -> int:
    """How many statements at the head are directives ("use strict")."""
    number = 0
    for statement in statements:
        inner = kids(statement)
        if statement.type != "expression_statement" or len(inner) != 1 or inner[0].type != "string":
            break
        number += 1
    return number


def counts(statement: Node) -> bool:
    """Whether a statement is one that runs: no import, no hoisted function, no declaration without a value."""
    kind = statement.type
    if kind in _DECLARATIONS:
        return any(_is_own(kid) for kid in kids(statement))
    if kind == "export_statement":
        declared = statement.child_by_field_name("declaration")
        if declared is not None:
            return counts(declared)
        value = statement.child_by_field_name("value")
        return value is not None and value.type not in ("function_expression", "generator_function")
    if kind == "labeled_statement":
        body = statement.child_by_field_name("body")
        return body is not None and body.type not in HOISTED
    if kind == "expression_statement":
        inner = kids(statement)
        return not inner or (inner[0].type != "internal_module" and called(inner[0]) not in _HELPERS)
    return kind in _STATEMENTS


def _is_own(declarator: Node) -> bool:
    """Whether a variable gets a value that is not esbuild's, as ``var a_exports = {}``, filled by ``__export``, is."""
    name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
    if name is None or value is None or called(value) in _BINDERS:
        return False
    return not (text(name).endswith("_exports") and text(value) == "{}")


def called(node: Node) -> str:
    """The name of the function that an expression calls, "" when it is no call of a name. ``__name(f, "f")`` within
    another call of a helper is not looked at."""
    if node.type != "call_expression":
        return ""
    function = node.child_by_field_name("function")
    return text(function) if function is not None and function.type == "identifier" else ""


def is_wrapper(function: Node) -> bool:
    """Whether a function is what esbuild puts a whole module in, ``__commonJS({ "src/a.cjs"(exports) {...} })``, or
    makes for an export, ``__export(a, { b: () => b })``."""
    holder = function if function.type == "method_definition" else function.parent
    object_ = holder.parent if holder is not None and holder.type in ("method_definition", "pair") else None
    arguments = object_.parent if object_ is not None and object_.type == "object" else None
    call = arguments.parent if arguments is not None and arguments.type == "arguments" else None
    return call is not None and called(call) in (_WRAPPERS if function is holder else ("__export",))


def operands(node: Node) -> Iterator[Node]:
    """The operands of a chain of logical operators, in order, also of chains in parentheses within it."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        found = bare(each)
        if is_logical(found):
            left, right = found.child_by_field_name("left"), found.child_by_field_name("right")
            waiting += [side for side in (right, left) if side is not None]
        else:
            yield each


def is_logical(node: Node) -> bool:
    """Whether a node is ``a && b``, ``a || b`` or ``a ?? b``."""
    operator = node.child_by_field_name("operator") if node.type == "binary_expression" else None
    return operator is not None and operator.type in LOGICAL


def made_up(call: Node) -> tuple[Node, Node] | None:
    """The function and the argument of ``((E) => {...})(E || {})``, which is how TypeScript's enums and namespaces are
    compiled: neither is in the app's text."""
    callee, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if callee is None or arguments is None or callee.type != "parenthesized_expression":
        return None
    function, given = bare(callee), kids(arguments)
    if function.type not in ("arrow_function", "function_expression") or len(given) != 1 or not is_logical(given[0]):
        return None
    left, right = given[0].child_by_field_name("left"), given[0].child_by_field_name("right")
    operator = given[0].child_by_field_name("operator")
    if left is None or right is None or operator is None or operator.type != "||":
        return None
    if left.type not in ("identifier", "member_expression"):
        return None
    value = bare(right)
    if value.type == "assignment_expression":
        target, assigned = value.child_by_field_name("left"), value.child_by_field_name("right")
        if target is None or assigned is None or text(target) != text(left):
            return None
        value = bare(assigned)
    return (function, given[0]) if value.type == "object" and not kids(value) else None


def name_of(function: Node) -> str:
    """What a function is called: by itself, by what it is assigned to, or by esbuild's helper."""
    own = function.child_by_field_name("name")
    if own is not None:
        return text(own).strip("\"'`")
    above = function.parent
    while above is not None and above.type == "parenthesized_expression":
        above = above.parent
    if above is None:
        return ANONYMOUS
    if above.type == "arguments" and above.parent is not None:
        given = kids(above)
        return text(given[1]).strip("\"'`") if called(above.parent) == _NAMER and len(given) == 2 else ANONYMOUS
    for part in ("name", "key", "property", "left"):
        target = above.child_by_field_name(part)
        if target is not None and target.id != function.id:
            return text(target)
    return ANONYMOUS
