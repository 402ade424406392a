"""Operators, casts, members and calls; and where the grammar groups them wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node as TSNode

from edgelint.syntax import tree
from edgelint.syntax.js_base import (
    CALL,
    CAST,
    EXTRA,
    MAX_DEPTH,
    MEMBER,
    NAME,
    NON_NULL,
    OPERATOR,
    SUBSCRIPT,
    Unexpected,
)
from edgelint.syntax.js_objects import Objects

# How closely operators bind, from ECMA-262; `as` and `satisfies` bind like `<`.
_STRENGTH = {
    op: strength
    for strength, ops in enumerate((
        ("??", "||"), ("&&",), ("|",), ("^",), ("&",), ("==", "!=", "===", "!=="),
        ("<", ">", "<=", ">=", "instanceof", "in"), ("<<", ">>", ">>>"), ("+", "-"), ("*", "/", "%"), ("**",),
    ), 1)
    for op in ops
}
_CASTS = frozenset(("as_expression", "satisfies_expression"))


class Expressions(Objects):
    """Handlers of expressions."""

    # Operators

    def parenthesized(self, node: TSNode, depth: int) -> Any:
        kind = node.kind_id
        while node.kind_id == kind:
            if node.named_child_count == 1:
                node = node.named_children[0]
            else:
                node = (self.clean(node)[:1] or self.exactly(node, 1))[0]
        return self.h[node.kind_id](self, node, depth)

    def binary(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        start, kind = node.start_byte, node.kind_id
        pending = []
        while True:
            kids = node.children
            if len(kids) == 3:
                left, sign, right = kids
            else:
                left, right = self.exactly(node, 2)
                sign = node.child_by_field_name("operator") or right
            pending.append((sign.type, right))
            if left.kind_id != kind:
                break
            node = left
        h, depth = self.h, depth + 1
        value = h[left.kind_id](self, left, depth)
        for op, right in reversed(pending):
            operand = h[right.kind_id](self, right, depth)
            if self.rotated and id(value) in self.rotated:
                value = self.regroup(value, op, operand, right.end_byte)
            else:
                value = tree.Binary(start, right.end_byte, op, value, operand)
        return value

    def regroup(self, left: Any, op: str, right: tree.Node, end: int) -> tree.Node:
        """``left op right``, where the grammar had put the operator of ``left`` below a call or a ``!``.

        ``a && b!.c === d`` comes as ``(a && b)!.c === d``: the operator that binds more closely takes its operand back.
        """
        if id(left) in self.rotated and _STRENGTH.get(op, 0) > _STRENGTH.get(left.op, 0):
            left.right = self.regroup(left.right, op, right, end)
            left.end = end
            return left  # type: ignore[no-any-return]
        return tree.Binary(left.start, end, op, left, right)

    def sequence(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        start = node.start_byte
        kids = self.clean(node)
        if not kids:
            raise Unexpected
        h, depth = self.h, depth + 1
        value = h[kids[0].kind_id](self, kids[0], depth)
        for kid in kids[1:]:
            value = tree.Binary(start, kid.end_byte, ",", value, h[kid.kind_id](self, kid, depth))
        return value

    def unary(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        sign: Any = node.children[0]
        start, op = node.start_byte, sign.type
        kid = node.named_child(0) if node.named_child_count == 1 else None
        if kid is None:
            kid = self.exactly(node, 1)[0]
        if self.kinds[kid.kind_id] in _CASTS:
            return self.under_casts(kid, depth, lambda value, end: tree.Unary(start, end, op, value))
        return tree.Unary(start, node.end_byte, op, self.h[kid.kind_id](self, kid, depth + 1))

    def awaiting(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        start = node.start_byte
        kid = node.named_child(0) if node.named_child_count == 1 else None
        if kid is None:
            kid = self.exactly(node, 1)[0]
        if self.kinds[kid.kind_id] in _CASTS:
            return self.under_casts(kid, depth, lambda value, end: tree.Await(start, end, value))
        value = self.h[kid.kind_id](self, kid, depth + 1)
        if value.__class__ is tree.Assign and value.declare == "using":
            return value
        return tree.Await(start, node.end_byte, value)

    def under_casts(self, node: TSNode, depth: int, make: Callable[[Any, int], tree.Node]) -> tree.Node:
        """``await a as T``: the grammar takes the cast for the operand, but it holds the whole."""
        casts: list[tuple[int, str]] = []
        while self.kinds[node.kind_id] in _CASTS:
            kids = self.clean(node)
            if not kids:
                raise Unexpected
            casts.append((node.end_byte, self.cast_type(node, kids)))
            node = kids[0]
        value = make(self.h[node.kind_id](self, node, depth + 1), node.end_byte)
        for end, text in reversed(casts):
            value = tree.Cast(value.start, end, value, text)
        return value

    def update(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        target = self.one(node, depth + 1)
        sign = node.child_by_field_name("operator")
        start, end = (sign.start_byte, sign.end_byte) if sign is not None else (node.start_byte, node.end_byte)
        op = "-=" if self.raw[start] == "-" else "+="
        return tree.Assign(node.start_byte, node.end_byte, target, op, tree.Literal(start, end, 1, "number"))

    def ternary(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        end, kind, depth = node.end_byte, node.kind_id, depth + 1
        h = self.h
        pending = []
        while True:
            kids = node.named_children
            if len(kids) != 3:
                kids = self.exactly(node, 3)
            test, then, other = kids
            pending.append(
                (node.start_byte, h[test.kind_id](self, test, depth), h[then.kind_id](self, then, depth))
            )
            if other.kind_id != kind:
                break
            node = other
        value = h[other.kind_id](self, other, depth)
        for start, test_value, then_value in reversed(pending):
            value = tree.Conditional(start, end, test_value, then_value, value)
        return value

    def assignment(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kids = node.named_children
        if len(kids) != 2:
            kids = self.exactly(node, 2)
        left, right = kids
        h, start = self.h, node.start_byte
        # The TypeScript grammar knows `using x = ...` only as an assignment with a word before it.
        declare = "using" if left.start_byte != start and self.raw.startswith("using", start) else ""
        target = h[left.kind_id](self, left, depth + 1)
        value = h[right.kind_id](self, right, depth + 1)
        if declare:
            start = left.start_byte
        return tree.Assign(start, node.end_byte, target, "=", value, declare)

    def augmented(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kids = node.named_children
        if len(kids) != 2:
            kids = self.exactly(node, 2)
        left, right = kids
        h = self.h
        sign = node.child_by_field_name("operator")
        op = sign.type if sign is not None else "="
        target = h[left.kind_id](self, left, depth + 1)
        return tree.Assign(node.start_byte, node.end_byte, target, op, h[right.kind_id](self, right, depth + 1))

    def yielding(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kids = self.clean(node)
        value = self.h[kids[0].kind_id](self, kids[0], depth + 1) if kids else None
        return tree.Yield(node.start_byte, node.end_byte, value)

    def spread(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        return tree.Spread(node.start_byte, node.end_byte, self.one(node, depth + 1))

    def cast(self, node: TSNode, depth: int) -> Any:
        """``as`` and ``satisfies``: the type is what follows the word."""
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kids = self.clean(node)
        if not kids:
            raise Unexpected
        kid, end = kids[0], node.end_byte
        value = self.h[kid.kind_id](self, kid, depth + 1)
        return self.cast_last(value, kid, end, self.cast_type(node, kids))

    def cast_last(self, value: Any, node: TSNode | None, end: int, text: str) -> tree.Node:
        """``a ?? b as T``: the cast binds like ``<``, so it takes the last operand of what binds less closely."""
        if value.__class__ is tree.Binary and _STRENGTH.get(value.op, 0) < _STRENGTH["<"]:
            binary = node is not None and self.kinds[node.kind_id] == "binary_expression"
            if binary or id(value) in self.rotated:
                value.right = self.cast_last(value.right, self.clean(node)[-1] if binary and node else None, end, text)
                value.end = end
                return value
        start = value.start if node is None else node.start_byte
        return tree.Cast(start, end, value, text)

    def cast_type(self, node: TSNode, kids: list[TSNode]) -> str:
        return self.text(kids[1].start_byte, node.end_byte) if len(kids) > 1 else "const"

    def type_assertion(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        types, kid = self.exactly(node, 2)
        text = self.inside(types)
        return tree.Cast(node.start_byte, node.end_byte, self.h[kid.kind_id](self, kid, depth + 1), text)

    def first(self, node: TSNode, depth: int) -> Any:
        """A wrapper that leaves no node: its first child stands for it."""
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kids = self.clean(node)
        if not kids:
            return self.generic(node, depth)
        return self.h[kids[0].kind_id](self, kids[0], depth + 1)

    def inside(self, types: TSNode) -> str:
        """The text of type arguments, without the angle brackets."""
        return self.text(types.start_byte + 1, types.end_byte - 1).strip()

    # Members and calls

    def chain(self, node: TSNode, depth: int) -> Any:
        """``a.b[c](d)!``: from the outermost link inwards by a loop, since chains grow long."""
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        grammar, h, raw, ascii, start, depth = self.grammar, self.h, self.raw, self.ascii, node.start_byte, depth + 1
        roles, broken = grammar.roles, self.broken
        pending: list[tuple[int, TSNode, TSNode]] = []
        outer: list[TSNode] = []
        kind, whole = node.kind_id, node.end_byte
        role = roles[kind]
        while role > 0:
            below: Any = node.child(0)
            kind = below.kind_id
            link, role = role, roles[kind]
            if role == EXTRA or broken:
                kids = self.clean(node)
                if len(kids) < (1 if link == NON_NULL else 2):
                    raise Unexpected
                below = kids[0]
                kind = below.kind_id
                role = roles[kind]
            pending.append((link, node, below))
            node = below
            while role == OPERATOR:
                # The TypeScript grammar binds `await f<T>(x)` as `(await f)<T>(x)`, `a + f<T>(x)` as `(a + f)<T>(x)`.
                # Nothing but a parenthesis can really put an operator below a call: it stands outside the chain.
                outer.append(node)
                operands = self.clean(node)
                if not operands:
                    raise Unexpected
                node = operands[-1]
                kind, start = node.kind_id, node.start_byte
                role = roles[kind]
        value: Any
        if role == NAME:
            end = node.end_byte
            name = raw[start:end]
            if name == "await" and pending[-1][0] == CALL and (inner := self.awaited(pending[-1][1])) is not None:
                # The JavaScript grammar takes `await (x)` for a call in some places.
                outer.append(node)
                pending.pop()
                start, value = inner.start_byte, self.listed(inner, depth)[0]
            else:
                value = tree.Name(start, end, name if ascii or name.isascii() else self.text(start, end))
        elif role == CAST:
            # `a as B.C.D`: the last names of the type come as members of the cast.
            kids = self.exactly(node, 2)
            value = h[kids[0].kind_id](self, kids[0], depth)
            value = self.cast_last(value, kids[0], whole, self.text(kids[1].start_byte, whole))
            pending.clear()
        else:
            value = h[kind](self, node, depth)
        while pending:
            link, node, below = pending.pop()
            if link == MEMBER:
                at, end = below.end_byte, node.end_byte
                # Nothing but the dot is between the two: quicker to read than to ask for.
                name = raw[at + 1 : end] if raw[at] == "." else raw[at:end].lstrip()[1:]
                if name.isidentifier() and (ascii or name.isascii()):
                    value = tree.Member(start, end, value, name, end - len(name), end)
                else:
                    value = self.member(start, value, node)
            elif link == CALL:
                if node.child_count == 2 and (last := node.child(1)) is not None and last.kind_id == grammar.arguments:
                    value = tree.Call(start, node.end_byte, value, self.listed(last, depth))
                else:
                    value = self.call(start, value, node, depth)
            elif link == SUBSCRIPT:
                value = self.subscript(start, value, node, depth)
        while outer:
            node = outer.pop()
            value = self.operated(node, value, whole, depth)
        return value

    def operated(self, node: TSNode, value: Any, end: int, depth: int) -> tree.Node:
        """The operator of ``node`` around ``value``, which stands for its last operand and reaches to ``end``."""
        kind = self.kinds[node.kind_id]
        if kind in ("await_expression", "identifier"):
            return tree.Await(node.start_byte, end, value)
        sign: Any = node.child_by_field_name("operator")
        if kind == "unary_expression":
            return tree.Unary(node.start_byte, end, sign.type, value)
        left = self.clean(node)[0]
        binary = tree.Binary(node.start_byte, end, sign.type, self.h[left.kind_id](self, left, depth), value)
        self.rotated[id(binary)] = binary
        return binary

    def awaited(self, call: TSNode) -> TSNode | None:
        """The parentheses of ``await (x)``, when a call of ``await`` must be that."""
        last = call.child(1)
        if call.child_count == 2 and last is not None and last.kind_id == self.grammar.arguments:
            if last.named_child_count == 1 and last.named_children[0].kind_id not in self.grammar.extra:
                return last
        return None

    def member(self, start: int, obj: Any, node: TSNode) -> tree.Node:
        """A link that is not simply ``.name``: ``?.``, ``#name``, comments in between, letters outside ASCII."""
        kids = self.clean(node)
        if len(kids) < 2:
            raise Unexpected
        last = kids[-1]
        at, end = last.start_byte, last.end_byte
        return tree.Member(start, end, obj, self.text(at, end), at, end, None, len(kids) == 3)

    def subscript(self, start: int, obj: Any, node: TSNode, depth: int) -> tree.Node:
        kids = self.clean(node)
        if len(kids) < 2:
            raise Unexpected
        last, name = kids[-1], None
        index = self.h[last.kind_id](self, last, depth)
        if index.__class__ is tree.Literal and index.kind == "string":
            name = index.value
        at, end = last.start_byte, last.end_byte
        return tree.Member(start, node.end_byte, obj, name, at, end, index, len(kids) == 3)

    def call(self, start: int, func: Any, node: TSNode, depth: int) -> tree.Node:
        """A call with more than a function and arguments: ``?.``, type arguments, a template."""
        types, optional = "", False
        last: TSNode | None = None
        for kid in node.children[1:]:
            kind = kid.type
            if kind == "type_arguments":
                types = self.inside(kid)
            elif kind in ("optional_chain", "?."):
                optional = True
            elif kind in ("arguments", "template_string"):
                last = kid
        if last is None:
            raise Unexpected
        if last.kind_id != self.grammar.arguments:
            return self.template_parts(start, last, func, depth)
        return tree.Call(start, node.end_byte, func, self.listed(last, depth), False, optional, types)

    def new(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kids = self.clean(node)
        if not kids:
            return self.generic(node, depth)
        func = self.h[kids[0].kind_id](self, kids[0], depth + 1)
        args: list[tree.Node] = []
        types = ""
        for kid in kids[1:]:
            kind = self.kinds[kid.kind_id]
            if kind == "arguments":
                args = self.items(kid.named_children, depth + 1)
            elif kind == "type_arguments":
                types = self.inside(kid)
        return tree.Call(node.start_byte, node.end_byte, func, args, True, False, types)
