"""Functions, classes, variables, imports and exports."""

from __future__ import annotations

from typing import Any

from tree_sitter import Node as TSNode

from edgelint.syntax import tree
from edgelint.syntax.js_base import MAX_DEPTH, Unexpected
from edgelint.syntax.js_types import Types

_RETURNS = frozenset(("type_annotation", "type_predicate_annotation", "asserts_annotation"))
_NAMES = frozenset((
    "identifier", "property_identifier", "private_property_identifier", "type_identifier", "string", "number",
    "computed_property_name",
))
_DECLARE = {"c": "const", "l": "let", "v": "var", "u": "using", "a": "using"}


class Declarations(Types):
    """Handlers of declarations."""

    # Functions

    def function(self, node: TSNode, depth: int) -> Any:
        """Declarations, expressions, methods, signatures."""
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kinds, start = self.kinds, node.start_byte
        name, name_start, name_end = "", start, start
        words: set[str] = set()
        params: list[tree.Node] = []
        decorators: list[tree.Node] = []
        body: tree.Node | None = None
        returns = computed = None
        at, named = start, False
        for kid in node.named_children:
            kind = kinds[kid.kind_id]
            if kind == "statement_block":
                body = self.h[kid.kind_id](self, kid, depth + 1)
            elif kind == "formal_parameters":
                if not named:
                    words.update(self.raw[at : kid.start_byte].replace("*", " * ").split())
                params = self.parameters(kid, decorators, depth + 1)
            elif kind in _NAMES:
                key, name_start, name_end, computed = self.key(kid, depth + 1)
                name, named = key or "", True
                if kid.start_byte > at:
                    words.update(self.raw[at : kid.start_byte].replace("*", " * ").split())
            elif kind in _RETURNS:
                returns = self.annotation(kid)
            elif kind == "decorator":
                decorators += self.items([kid], depth + 1)
                at = kid.end_byte
        kind = kinds[node.kind_id]
        what = "function"
        if kind.startswith(("method", "abstract")):
            what = "getter" if "get" in words else "setter" if "set" in words else "method"
            if name == "constructor" and "static" not in words:
                what = "constructor"
        return tree.Function(
            start, node.end_byte, name, name_start, name_end, params, body, what, "async" in words, "*" in words,
            "static" in words, decorators, returns, computed,
        )

    def arrow(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kids = self.clean(node)
        if len(kids) < 2:
            raise Unexpected
        kinds, start, end, depth = self.kinds, node.start_byte, node.end_byte, depth + 1
        params: list[tree.Node] = []
        decorators: list[tree.Node] = []
        returns = None
        for kid in kids[:-1]:
            kind = kinds[kid.kind_id]
            if kind == "formal_parameters":
                params = self.parameters(kid, decorators, depth)
            elif kind == "identifier":
                params = [tree.Param(kid.start_byte, kid.end_byte, self.name(kid, depth))]
            elif kind in _RETURNS:
                returns = self.annotation(kid)
        is_async = kids[0].start_byte != start and self.raw.startswith("async", start)
        last = kids[-1]
        body = self.h[last.kind_id](self, last, depth)
        return tree.Function(
            start, end, "", start, start, params, body, "arrow", is_async, False, False, decorators, returns
        )

    def parameters(self, node: TSNode, decorators: list[tree.Node], depth: int) -> list[tree.Node]:
        params: list[tree.Node] = []
        if node.child_count == 2:
            return params
        kinds = self.kinds
        for kid in node.named_children:
            kind = kinds[kid.kind_id]
            if kind == "identifier":
                params.append(tree.Param(kid.start_byte, kid.end_byte, self.name(kid, depth)))
            elif kind in ("required_parameter", "optional_parameter"):
                self.typed_parameter(kid, params, decorators, depth)
            elif kind == "comment":
                self.comment(kid, depth)
            elif kind == "rest_pattern":
                params.append(tree.Param(kid.start_byte, kid.end_byte, self.one(kid, depth), rest="*"))
            else:
                params += map(_parameter, self.items([kid], depth))
        return params

    def typed_parameter(
        self, node: TSNode, params: list[tree.Node], decorators: list[tree.Node], depth: int
    ) -> None:
        kinds, h, raw = self.kinds, self.h, self.raw
        start, end = node.start_byte, node.end_byte
        kids = node.named_children
        if len(kids) == 2 and kinds[kids[0].kind_id] == "identifier" and kinds[kids[1].kind_id] == "type_annotation":
            if kids[0].start_byte == start and node.child_count == 2:
                params.append(tree.Param(start, end, self.name(kids[0], depth), None, self.annotation(kids[1])))
                return
        accessibility = "readonly" if raw.startswith("readonly ", start) else ""
        target: Any = None
        annotation = default = None
        rest = ""
        for kid in kids:
            kind = kinds[kid.kind_id]
            if kind == "type_annotation":
                annotation = self.annotation(kid)
            elif kind == "accessibility_modifier":
                accessibility = raw[kid.start_byte : kid.end_byte]
            elif kind == "decorator":
                decorators += self.items([kid], depth)
                if raw[kid.end_byte : end].lstrip().startswith("readonly "):
                    accessibility = "readonly"
            elif kind == "override_modifier":
                accessibility = accessibility or "public"
            elif kind == "comment" or kind == "ERROR":
                self.aside(kid)
            elif target is None:
                if kind == "rest_pattern":
                    rest = "*"
                    target = self.one(kid, depth)
                elif kind == "this":
                    return  # `this: T` is a type, no parameter
                else:
                    target = h[kid.kind_id](self, kid, depth)
            else:
                default = h[kid.kind_id](self, kid, depth)
        if target is None:
            raise Unexpected
        params.append(tree.Param(start, end, target, default, annotation, rest, accessibility))

    # Variables

    def variables(self, node: TSNode, depth: int) -> Any:
        """One Assign, or a list of them. Their spans are the declarators'."""
        declare = _DECLARE.get(self.raw[node.start_byte], "var")
        kids = node.named_children
        if len(kids) == 1 and self.kinds[kids[0].kind_id] == "variable_declarator":
            return self.declarator(kids[0], declare, depth)
        out: list[tree.Node] = []
        for kid in kids:
            if self.kinds[kid.kind_id] == "variable_declarator":
                try:
                    out.append(self.declarator(kid, declare, depth))
                except Unexpected:
                    out.append(self.generic(kid, depth))
            else:
                out += self.items([kid], depth)
        return out

    def declarator(self, node: TSNode, declare: str, depth: int) -> tree.Assign:
        if depth > MAX_DEPTH:
            raise Unexpected
        h, kids = self.h, node.children
        annotation = value = None
        if len(kids) == 3 and kids[1].type == "=":
            kid = kids[2]
            value = h[kid.kind_id](self, kid, depth + 1)
        else:
            for kid in kids[1:]:
                kind = kid.type
                if kind == "type_annotation":
                    annotation = self.annotation(kid)
                elif kind in ("comment", "html_comment", "ERROR"):
                    self.aside(kid)
                elif kid.is_named:
                    value = h[kid.kind_id](self, kid, depth + 1)
        if not kids:
            raise Unexpected
        kid = kids[0]
        target = h[kid.kind_id](self, kid, depth + 1)
        return tree.Assign(
            node.start_byte, node.end_byte, target, "=", value, declare, annotation, self.ambient
        )

    # Classes

    def klass(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kinds, start = self.kinds, node.start_byte
        name, name_start, name_end = "", start, start
        bases: list[tree.Node] = []
        base_types: list[str | None] = []
        implements: list[str] = []
        members: list[tree.Node] = []
        decorators: list[tree.Node] = []
        for kid in node.named_children:
            kind = kinds[kid.kind_id]
            if kind == "class_body":
                members = self.members(kid, depth + 1)
            elif kind in ("identifier", "type_identifier"):
                name_start, name_end = kid.start_byte, kid.end_byte
                name = self.text(name_start, name_end)
            elif kind == "class_heritage":
                self.heritage(kid, bases, base_types, implements, depth + 1)
            elif kind == "decorator":
                decorators += self.items([kid], depth + 1)
        return tree.Class(
            start, node.end_byte, name, name_start, name_end, bases, base_types, implements, members, decorators,
            kinds[node.kind_id] == "abstract_class_declaration",
        )

    def heritage(
        self, node: TSNode, bases: list[tree.Node], base_types: list[str | None], implements: list[str], depth: int
    ) -> None:
        for clause in self.clean(node):
            kind = self.kinds[clause.kind_id]
            if kind == "implements_clause":
                implements += [self.text(kid.start_byte, kid.end_byte) for kid in self.clean(clause)]
                continue
            for kid in self.clean(clause) if kind == "extends_clause" else [clause]:
                if self.kinds[kid.kind_id] == "type_arguments":
                    if base_types:
                        base_types[-1] = self.inside(kid)
                    continue
                bases += self.items([kid], depth)
                base_types += [None] * (len(bases) - len(base_types))

    def members(self, body: TSNode, depth: int) -> list[tree.Node]:
        members: list[tree.Node] = []
        pending: list[tree.Node] = []
        for kid in body.named_children:
            if self.kinds[kid.kind_id] == "decorator":
                pending += self.items([kid], depth)
                continue
            for member in self.member_nodes(kid, depth):
                if pending and isinstance(member, tree.Function):
                    # In TypeScript's grammar a member's decorators stand before it, in JavaScript's inside it.
                    member.decorators = pending + member.decorators
                    member.start = pending[0].start - 1
                else:
                    members += [tree.ExprStmt(value.start, value.end, value) for value in pending]
                pending = []
                members.append(member)
        return members

    def member_nodes(self, node: TSNode, depth: int) -> list[tree.Node]:
        if self.kinds[node.kind_id] != "method_definition":
            return self.statements([node], depth)
        try:
            return [self.function(node, depth)]
        except Unexpected:
            return [self.generic(node, depth)]

    def field(self, node: TSNode, depth: int) -> Any:
        """A class field; its decorators are kept as statements before it."""
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kinds = self.kinds
        before: list[tree.Node] = []
        key: tuple[str | None, int, int, tree.Node | None] | None = None
        annotation = value = None
        is_static = False
        at = node.start_byte
        for kid in node.named_children:
            kind = kinds[kid.kind_id]
            if key is None and kind in _NAMES:
                key = self.key(kid, depth + 1)
                is_static = "static" in self.raw[at : kid.start_byte].split()
            elif kind == "type_annotation":
                annotation = self.annotation(kid)
            elif kind == "decorator":
                before += [tree.ExprStmt(v.start, v.end, v) for v in self.items([kid], depth + 1)]
                at = kid.end_byte
            elif kind in ("comment", "ERROR", "accessibility_modifier", "override_modifier"):
                self.aside(kid)
            else:
                value = self.h[kid.kind_id](self, kid, depth + 1)
        if key is None:
            raise Unexpected
        name, name_start, name_end, computed = key
        field = tree.Field(
            before[-1].end if before else node.start_byte, node.end_byte, name or "", name_start, name_end, value,
            annotation, is_static, computed,
        )
        return [*before, field]

    def static_block(self, node: TSNode, depth: int) -> Any:
        return self.one(node, depth + 1)

    def decorator(self, node: TSNode, depth: int) -> Any:
        return self.one(node, depth + 1)

    # Imports and exports

    def importing(self, node: TSNode, depth: int) -> Any:
        names: list[tree.Node] = []
        source = ""
        source_start = source_end = node.start_byte
        is_type = False
        for kid in node.named_children:
            kind = self.kinds[kid.kind_id]
            if kind in ("comment", "html_comment"):
                self.comment(kid)
            elif kind == "string":
                source_start, source_end = kid.start_byte, kid.end_byte
                source = self.string_value(source_start, source_end)
            elif kind == "import_clause":
                is_type = self.raw[node.start_byte + 6 : kid.start_byte].strip() == "type"
                self.import_names(kid, names)
            elif kind == "import_require_clause":
                name, module = self.exactly(kid, 2)
                source_start, source_end = module.start_byte, module.end_byte
                source = self.string_value(source_start, source_end)
                local = self.text(name.start_byte, name.end_byte)
                names.append(tree.ImportName(name.start_byte, name.end_byte, "*", local))
        return tree.Import(node.start_byte, self.end_of(node), source, names, source_start, source_end, is_type)

    def import_names(self, clause: TSNode, names: list[tree.Node]) -> None:
        for kid in self.clean(clause):
            kind, start, end = self.kinds[kid.kind_id], kid.start_byte, kid.end_byte
            if kind == "identifier":
                names.append(tree.ImportName(start, end, "default", self.text(start, end)))
            elif kind == "namespace_import":
                for name in self.clean(kid)[:1]:
                    local = self.text(name.start_byte, name.end_byte)
                    names.append(tree.ImportName(start, end, "*", local))
            else:
                for specifier in self.clean(kid):
                    imported, local, is_type = self.specifier(specifier)
                    names.append(
                        tree.ImportName(specifier.start_byte, specifier.end_byte, imported, local, is_type)
                    )

    def specifier(self, node: TSNode) -> tuple[str, str, bool]:
        """(name, alias or name again, whether it is a type) of an import or export specifier."""
        kids = self.clean(node)
        if not kids:
            raise Unexpected
        name, alias = (self.key(kid, 0)[0] or "" for kid in (kids[0], kids[-1]))
        return name, alias, kids[0].start_byte != node.start_byte

    def exporting(self, node: TSNode, depth: int) -> Any:
        start = node.start_byte
        is_default = is_type = has_from = False
        names: list[tree.Node] = []
        values: list[tree.Node] = []
        decorators: list[tree.Node] = []
        source: str | None = None
        source_start = source_end = 0
        for kid in node.children:
            kind = kid.type
            if kind in ("default", "="):
                is_default = True
            elif kind == "type":
                is_type = True
            elif kind == "*":
                names.append(tree.ExportName(kid.start_byte, kid.end_byte, "*", "*"))
                # `export type * from` is made readable for the parser by blanking the word: see js_errors.
                is_type = is_type or "type" in self.raw[start : kid.start_byte].split()
            elif kind == "from":
                has_from = True
            elif kind == "namespace":
                return None
            elif kind == "export_clause":
                for specifier in self.clean(kid):
                    local, exported, type_only = self.specifier(specifier)
                    names.append(tree.ExportName(specifier.start_byte, specifier.end_byte, local, exported, type_only))
            elif kind == "namespace_export":
                for name in self.clean(kid)[:1]:
                    exported = self.key(name, 0)[0] or ""
                    names.append(tree.ExportName(kid.start_byte, kid.end_byte, "*", exported))
            elif kind == "decorator":
                decorators += self.items([kid], depth)
            elif kind == "string" and has_from:
                source_start, source_end = kid.start_byte, kid.end_byte
                source = self.string_value(source_start, source_end)
            elif kid.is_named and kind != "import_attribute":
                values += self.statements([kid], depth)
        if decorators and values and isinstance(values[0], tree.Class):
            values[0].decorators = decorators + values[0].decorators
            values[0].start = decorators[0].start - 1
        if self.namespaces:
            return values
        end = self.end_of(node)
        if not values:
            return tree.Export(start, end, None, False, names, source, source_start, source_end, is_type)
        return [tree.Export(start, end, value, is_default, []) for value in values]


def _parameter(target: tree.Node) -> tree.Param:
    if isinstance(target, tree.Assign):
        return tree.Param(target.start, target.end, target.target, target.value)
    return tree.Param(target.start, target.end, target)
