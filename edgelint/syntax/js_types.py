"""The declarations that only TypeScript has: interfaces, type aliases, enums, namespaces, ambient declarations."""

from __future__ import annotations

from typing import Any

from tree_sitter import Node as TSNode

from edgelint.syntax import tree
from edgelint.syntax.js_expressions import Expressions

_Members = dict[str, tuple[str, int, int]]


class Types(Expressions):
    """Handlers of type declarations. Types themselves stay text."""

    def annotation(self, node: TSNode) -> str:
        """The text of a ``: Type``, without the colon."""
        return self.text(node.start_byte, node.end_byte).lstrip(":").strip()

    def interface(self, node: TSNode, depth: int) -> tree.TypeDecl:
        name, extends = "", []
        members: _Members = {}
        optional: set[str] = set()
        for kid in node.named_children:
            kind = self.kinds[kid.kind_id]
            if kind == "type_identifier":
                name = self.text(kid.start_byte, kid.end_byte)
            elif kind == "extends_type_clause":
                extends = [self.text(base.start_byte, base.end_byte) for base in self.clean(kid)]
            elif kind in ("interface_body", "object_type"):
                self.type_members(kid, members, optional)
        return tree.TypeDecl(node.start_byte, node.end_byte, name, members, extends, "", frozenset(optional))

    def type_alias(self, node: TSNode, depth: int) -> Any:
        kids = self.clean(node)
        if len(kids) < 2:
            return self.generic(node, depth)
        value = kids[-1]
        members: _Members = {}
        optional: set[str] = set()
        extends: list[str] = []
        text = ""
        kind = self.kinds[value.kind_id]
        if kind == "object_type":
            self.type_members(value, members, optional)
        else:
            text = self.text(value.start_byte, value.end_byte)
            if kind == "intersection_type":
                self.intersection(value, members, optional, extends)
        name = self.text(kids[0].start_byte, kids[0].end_byte)
        return tree.TypeDecl(node.start_byte, node.end_byte, name, members, extends, text, frozenset(optional))

    def intersection(self, node: TSNode, members: _Members, optional: set[str], extends: list[str]) -> None:
        """``A & { ... } & B``: the members of its object types, and the other types' text."""
        pending = [node]
        while pending:
            at = pending.pop()
            kind = self.kinds[at.kind_id]
            if kind in ("intersection_type", "parenthesized_type"):
                pending += reversed(self.clean(at))
            elif kind == "object_type":
                self.type_members(at, members, optional)
            else:
                extends.append(self.text(at.start_byte, at.end_byte))

    def type_members(self, body: TSNode, members: _Members, optional: set[str]) -> None:
        for kid in self.clean(body):
            kind = self.kinds[kid.kind_id]
            if kind not in ("property_signature", "method_signature"):
                continue
            name_node = kid.child_by_field_name("name")
            if name_node is None or self.kinds[name_node.kind_id] == "computed_property_name":
                continue
            name, start, end, _ = self.key(name_node, 0)
            after = self.text(end, kid.end_byte).lstrip()
            if after.startswith("?"):
                optional.add(name or "")
                after = after[1:].lstrip()
            members[name or ""] = (after.removeprefix(":").strip(), start, end)

    def enum(self, node: TSNode, depth: int) -> Any:
        """Numeric members without a value count up from the one before; what cannot be counted is Unknown."""
        name: TSNode | None = None
        props: list[tree.Node] = []
        start, end = node.start_byte, node.end_byte
        for kid in self.clean(node):
            if self.kinds[kid.kind_id] == "identifier":
                name = kid
            elif self.kinds[kid.kind_id] == "enum_body":
                start, end = kid.start_byte, kid.end_byte
                self.enum_members(kid, props, depth + 1)
        if name is None:
            return self.generic(node, depth)
        value = tree.Object(start, end, props)
        return tree.Assign(
            node.start_byte, node.end_byte, self.name(name, depth), "=", value, "enum", ambient=self.ambient
        )

    def enum_members(self, body: TSNode, props: list[tree.Node], depth: int) -> None:
        following: int | None = 0
        for kid in body.named_children:
            kind = self.kinds[kid.kind_id]
            if kind == "enum_assignment":
                kids = self.exactly(kid, 2)
                key, value = kids[0], self.h[kids[1].kind_id](self, kids[1], depth)
                following = _after(value)
            elif kind in ("comment", "ERROR"):
                props += self.items([kid], depth)
                continue
            else:
                key = kid
                value = tree.Unknown(kid.start_byte, kid.end_byte, [], "enum_member")
                if following is not None:
                    value = tree.Literal(kid.start_byte, kid.end_byte, following, "number")
                    following += 1
            name, at, end, computed = self.key(key, depth)
            props.append(tree.Property(kid.start_byte, kid.end_byte, name, at, end, value, computed))

    def ambient_declaration(self, node: TSNode, depth: int) -> Any:
        """``declare ...``: what is inside exists elsewhere. ``declare global { }`` gives a Block."""
        before, self.ambient = self.ambient, True
        try:
            return self.statements(node.named_children, depth + 1)
        finally:
            self.ambient = before

    def namespace(self, node: TSNode, depth: int) -> Any:
        """``namespace A { }`` and ``declare module "a" { }``: a Block; exports inside are plain declarations."""
        self.namespaces += 1
        body = [kid for kid in self.clean(node) if self.kinds[kid.kind_id] == "statement_block"]
        try:
            return self.statements(body, depth + 1)
        finally:
            self.namespaces -= 1

    def import_alias(self, node: TSNode, depth: int) -> Any:
        """``import A = B.C``."""
        left, right = self.exactly(node, 2)
        target = self.h[left.kind_id](self, left, depth)
        value = self.h[right.kind_id](self, right, depth)
        return tree.Assign(left.start_byte, right.end_byte, target, "=", value, "const")


def _after(value: tree.Node) -> int | None:
    sign = 1
    if isinstance(value, tree.Unary) and value.op == "-":
        sign, value = -1, value.value
    if isinstance(value, tree.Literal) and isinstance(value.value, int) and value.kind == "number":
        return sign * value.value + 1
    return None
