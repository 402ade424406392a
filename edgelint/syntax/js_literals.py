"""Names, literals and templates."""

from __future__ import annotations

from typing import Any

from tree_sitter import Node as TSNode

from edgelint.syntax import tree
from edgelint.syntax.js_base import MAX_DEPTH, Base
from edgelint.syntax.js_text import number, unescape


class Literals(Base):
    """Handlers of the leaves of expressions, and of templates."""

    def name(self, node: TSNode, depth: int) -> tree.Name:
        start, end = node.start_byte, node.end_byte
        text = self.raw[start:end]
        return tree.Name(start, end, text if self.ascii or text.isascii() else self.text(start, end))

    def string(self, node: TSNode, depth: int) -> tree.Literal:
        start, end = node.start_byte, node.end_byte
        text = self.raw[start + 1 : end - 1]
        if "\\" in text or not (self.ascii or text.isascii()):
            text = self.string_value(start, end)
        return tree.Literal(start, end, text, "string")

    def string_value(self, start: int, end: int) -> str:
        """The value of the string or plain template between two offsets, quotes included."""
        return unescape(self.text(start + 1, end - 1))

    def number(self, node: TSNode, depth: int) -> tree.Literal:
        start, end = node.start_byte, node.end_byte
        text = self.raw[start:end]
        if text.isdecimal() and (end - start == 1 or (text[0] != "0" and end - start < 20)):
            return tree.Literal(start, end, int(text), "number")
        value, kind = number(text)
        return tree.Literal(start, end, value, kind)

    def constant(self, node: TSNode, depth: int) -> tree.Literal:
        start, end = node.start_byte, node.end_byte
        first = self.raw[start]
        if first == "n":
            return tree.Literal(start, end, None, "null")
        return tree.Literal(start, end, first == "t", "boolean")

    def regex(self, node: TSNode, depth: int) -> tree.Literal:
        start, end = node.start_byte, node.end_byte
        return tree.Literal(start, end, self.text(start, end), "regex")

    def meta_property(self, node: TSNode, depth: int) -> tree.Member:
        start, end = node.start_byte, node.end_byte
        first, last = node.children[0], node.children[-1]
        obj = tree.Name(start, first.end_byte, self.text(start, first.end_byte))
        return tree.Member(start, end, obj, self.text(last.start_byte, end), last.start_byte, end)

    def template(self, node: TSNode, depth: int) -> Any:
        start, end = node.start_byte, node.end_byte
        if "${" not in self.raw[start:end]:
            return tree.Literal(start, end, self.string_value(start, end), "string")
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        return self.template_parts(start, node, None, depth)

    def template_parts(self, start: int, node: TSNode, tag: tree.Node | None, depth: int) -> tree.Node:
        parts: list[tree.Node] = []
        at, end = node.start_byte + 1, node.end_byte
        holes = [kid for kid in node.named_children if self.kinds[kid.kind_id] == "template_substitution"]
        if tag is None and not holes:  # an escaped `\${`
            return tree.Literal(start, end, self.string_value(start, end), "string")
        for kid in holes:
            self.text_part(parts, at, kid.start_byte)
            parts += self.items(kid.named_children, depth + 1)
            at = kid.end_byte
        self.text_part(parts, at, end - 1)
        return tree.Template(start, end, tag, parts)

    def text_part(self, parts: list[tree.Node], start: int, end: int) -> None:
        if end > start:
            parts.append(tree.Literal(start, end, unescape(self.text(start, end)), "string"))
