"""Operators, calls, objects, patterns and JSX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node as TSNode

from edgelint.syntax import tree
from edgelint.syntax.js_base import CALL, MAX_DEPTH, MEMBER, NON_NULL, SUBSCRIPT, Unexpected
from edgelint.syntax.js_literals import Literals
from edgelint.syntax.js_text import number

_CASTS = frozenset(("as_expression", "satisfies_expression"))


class Expressions(Literals):
    """Handlers of expressions, patterns and JSX."""

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
            value = tree.Binary(start, right.end_byte, op, value, h[right.kind_id](self, right, depth))
        return value

    def sequence(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        start = node.start_byte
        values = self.items(self.clean(node), depth + 1)
        if not values:
            raise Unexpected
        value = values[0]
        for right in values[1:]:
            value = tree.Binary(start, node.end_byte if right is values[-1] else right.end, ",", value, right)
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
        kid = kids[0]
        value = self.h[kid.kind_id](self, kid, depth + 1)
        return tree.Cast(node.start_byte, node.end_byte, value, self.cast_type(node, kids))

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
        links, extra, broken = grammar.links.get, grammar.extra, self.broken
        pending: list[tuple[int, TSNode, TSNode]] = []
        outer: list[TSNode] = []
        kind, whole = node.kind_id, node.end_byte
        while link := links(kind):
            below: Any = node.child(0)
            kind = below.kind_id
            if broken or kind in extra:
                kids = self.clean(node)
                if len(kids) < (1 if link == NON_NULL else 2):
                    raise Unexpected
                below = kids[0]
                kind = below.kind_id
            pending.append((link, node, below))
            node = below
            while kind in grammar.prefixes:
                # The TypeScript grammar binds `await f<T>(x)` as `(await f)<T>(x)`, `a + f<T>(x)` as `(a + f)<T>(x)`.
                # Nothing but a parenthesis can really put an operator below a call: it stands outside the chain.
                outer.append(node)
                operands = self.clean(node)
                if not operands:
                    raise Unexpected
                node = operands[-1]
                kind, start = node.kind_id, node.start_byte
        value: Any
        if kind == grammar.identifier:
            end = node.end_byte
            name = raw[start:end]
            value = tree.Name(start, end, name if ascii or name.isascii() else self.text(start, end))
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
        if kind == "await_expression":
            return tree.Await(node.start_byte, end, value)
        sign: Any = node.child_by_field_name("operator")
        if kind == "unary_expression":
            return tree.Unary(node.start_byte, end, sign.type, value)
        left = self.clean(node)[0]
        return tree.Binary(node.start_byte, end, sign.type, self.h[left.kind_id](self, left, depth), value)

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

    # Objects and arrays, literal or pattern

    def array(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kids = node.named_children
        # Every comma is a child too: as many commas as values means a trailing one, or a hole.
        if node.child_count - len(kids) - 2 >= len(kids):
            return tree.Array(node.start_byte, node.end_byte, self.with_holes(node, depth + 1))
        return tree.Array(node.start_byte, node.end_byte, self.items(kids, depth + 1))

    def with_holes(self, node: TSNode, depth: int) -> list[tree.Node]:
        out: list[tree.Node] = []
        open_slot = True
        for kid in node.children:
            if kid.is_named:
                value = self.items([kid], depth)
                out += value
                open_slot = open_slot and not value
            elif kid.type == ",":
                if open_slot:
                    out.append(tree.Literal(kid.start_byte, kid.start_byte, None, "null"))
                open_slot = True
        return out

    def object(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        return tree.Object(node.start_byte, node.end_byte, self.listed(node, depth + 1))

    def pair(self, node: TSNode, depth: int) -> tree.Property:
        kids = node.children
        if len(kids) == 3:
            key, _, value = kids
        else:
            key, value = self.exactly(node, 2)
        lowered = self.h[value.kind_id](self, value, depth)
        if self.kinds[key.kind_id] == "property_identifier":
            at, end = key.start_byte, key.end_byte
            return tree.Property(node.start_byte, node.end_byte, self.text(at, end), at, end, lowered)
        name, at, end, computed = self.key(key, depth)
        return tree.Property(node.start_byte, node.end_byte, name, at, end, lowered, computed)

    def key(self, node: TSNode, depth: int) -> tuple[str | None, int, int, tree.Node | None]:
        """(name or None, its span, the expression when computed and not constant) of a property name."""
        start, end = node.start_byte, node.end_byte
        kind = self.kinds[node.kind_id]
        if kind == "string":
            return self.string_value(start, end), start, end, None
        if kind == "number":
            value, _ = number(self.raw[start:end])
            return str(int(value) if isinstance(value, float) and value.is_integer() else value), start, end, None
        if kind != "computed_property_name":
            return self.text(start, end), start, end, None
        value_node = self.one(node, depth + 1)
        if value_node.__class__ is tree.Literal and value_node.kind == "string":
            return value_node.value, value_node.start, value_node.end, None
        return None, value_node.start, value_node.end, value_node

    def shorthand(self, node: TSNode, depth: int) -> tree.Property:
        start, end = node.start_byte, node.end_byte
        name = self.text(start, end)
        return tree.Property(start, end, name, start, end, tree.Name(start, end, name), None, True)

    def shorthand_default(self, node: TSNode, depth: int) -> tree.Property:
        """``{ a = 1 }`` in a pattern."""
        left, right = self.exactly(node, 2)
        start, end = left.start_byte, left.end_byte
        name = self.text(start, end)
        target: Any = tree.Name(start, end, name)
        if self.kinds[left.kind_id] != "shorthand_property_identifier_pattern":
            target = self.h[left.kind_id](self, left, depth)
        value = tree.Assign(start, node.end_byte, target, "=", self.h[right.kind_id](self, right, depth))
        return tree.Property(start, node.end_byte, name, start, end, value, None, True)

    def method_property(self, node: TSNode, depth: int) -> Any:
        """A method, getter or setter of an object literal."""
        function = self.function(node, depth)
        key = function.computed_key
        function.computed_key = None
        at, end = function.name_start, function.name_end
        name = None if key is not None else function.name
        return tree.Property(node.start_byte, node.end_byte, name, at, end, function, key)

    def function(self, node: TSNode, depth: int) -> Any:
        raise NotImplementedError

    # JSX

    def jsx(self, node: TSNode, depth: int) -> Any:
        """An element: the names of components, and the expressions in attributes and content."""
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        items: list[tree.Node] = []
        opening = node.named_children
        if self.kinds[node.kind_id] == "jsx_element":
            rest, opening = opening[1:], opening[:1]
            for tag in opening:
                self.jsx_tag(tag, items, depth + 1)
            items += self.items(rest, depth + 1)
        else:
            self.jsx_tag(node, items, depth + 1)
        return tree.Unknown(node.start_byte, node.end_byte, items, self.kinds[node.kind_id])

    def jsx_tag(self, node: TSNode, items: list[tree.Node], depth: int) -> None:
        for kid in node.named_children:
            kind = self.kinds[kid.kind_id]
            if kind == "identifier":
                # A lower-case tag is an HTML element, no variable.
                if not self.raw[kid.start_byte].islower():
                    items.append(self.name(kid, depth))
            elif kind == "jsx_attribute":
                items += self.items(kid.named_children[1:], depth)
            elif kind != "jsx_namespace_name":
                items += self.items([kid], depth)

    def jsx_expression(self, node: TSNode, depth: int) -> Any:
        kids = self.clean(node)
        return self.h[kids[0].kind_id](self, kids[0], depth + 1) if kids else None

    def nested_identifier(self, node: TSNode, depth: int) -> Any:
        """``A.B.C`` in JSX names and import aliases."""
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        left, right = self.exactly(node, 2)
        obj = self.h[left.kind_id](self, left, depth + 1)
        at, end = right.start_byte, right.end_byte
        return tree.Member(node.start_byte, node.end_byte, obj, self.text(at, end), at, end)
