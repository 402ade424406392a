"""Objects, arrays, patterns and JSX."""

from __future__ import annotations

from typing import Any

from tree_sitter import Node as TSNode

from edgelint.syntax import tree
from edgelint.syntax.js_base import MAX_DEPTH
from edgelint.syntax.js_literals import Literals
from edgelint.syntax.js_text import number


class Objects(Literals):
    """Handlers of what stands between brackets, literal or pattern, and of elements."""

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
