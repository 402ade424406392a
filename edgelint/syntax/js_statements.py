"""Statements, and the table from the grammars' kinds to their handlers."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

from tree_sitter import Language
from tree_sitter import Node as TSNode

from edgelint.syntax import tree
from edgelint.syntax.js_base import MAX_DEPTH, Base, Grammar, Handler, Unexpected
from edgelint.syntax.js_declarations import Declarations


class Lowering(Declarations):
    """Handlers of statements; with all that it inherits, the whole lowering."""

    def block(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep_block(node)
        return tree.Block(node.start_byte, node.end_byte, self.statements(node.named_children, depth + 1))

    def too_deep_block(self, node: TSNode) -> tree.Block:
        return tree.Block(node.start_byte, node.end_byte, [self.too_deep(node)])

    def body(self, node: TSNode, depth: int) -> tree.Block:
        """The body of a loop or a branch: a single statement becomes a Block of one."""
        if depth > MAX_DEPTH:
            return self.too_deep_block(node)
        if self.kinds[node.kind_id] == "statement_block":
            block: tree.Block = self.block(node, depth)
            return block
        statements = self.statements([node], depth + 1)
        return tree.Block(node.start_byte, self.end_of(node), statements)

    def expression_statement(self, node: TSNode, depth: int) -> Any:
        value = self.one(node, depth)
        kind = value.__class__
        if kind is tree.Assign or kind is list:  # a list: `namespace A { }` reads as an expression
            return value
        return tree.ExprStmt(node.start_byte, self.end_of(node), value)

    def returning(self, node: TSNode, depth: int) -> Any:
        value = self.maybe(node, depth)
        return tree.Return(node.start_byte, self.end_of(node), value)

    def throwing(self, node: TSNode, depth: int) -> Any:
        value = self.maybe(node, depth)
        return tree.Throw(node.start_byte, self.end_of(node), value)

    def maybe(self, node: TSNode, depth: int) -> Any:
        count = node.named_child_count
        kid = node.named_child(0) if count == 1 else None
        if count > 1:
            kid = next(iter(self.clean(node)), None)
        return self.h[kid.kind_id](self, kid, depth + 1) if kid is not None else None

    def jump(self, node: TSNode, depth: int) -> Any:
        kind = "break" if self.raw[node.start_byte] == "b" else "continue"
        return tree.Jump(node.start_byte, node.end_byte, kind)

    def branch(self, node: TSNode, depth: int) -> Any:
        """``if``: a chain of ``else if`` is followed by a loop, and folded from its end."""
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kinds, depth = self.kinds, depth + 1
        pending: list[tuple[TSNode, Any, tree.Block]] = []
        other: tree.Block | None = None
        while True:
            kids = node.named_children
            if len(kids) > 2 and (len(kids) > 3 or kinds[kids[2].kind_id] != "else_clause"):
                kids = self.clean(node)
            if len(kids) < 2:
                kids = self.exactly(node, 2)
            test = self.h[kids[0].kind_id](self, kids[0], depth)
            pending.append((node, test, self.body(kids[1], depth)))
            if len(kids) < 3:
                break
            otherwise = self.exactly(kids[2], 1)[0]
            if kinds[otherwise.kind_id] != "if_statement":
                other = self.body(otherwise, depth)
                break
            node = otherwise
        result: tree.If | None = None
        for node, test, then in reversed(pending):
            if result is not None:
                other = tree.Block(result.start, result.end, [result])
            result = tree.If(node.start_byte, self.end_of(node), test, then, other)
        return result

    def switch(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        value, body = self.exactly(node, 2)
        subject = self.h[value.kind_id](self, value, depth + 1)
        return tree.Switch(node.start_byte, node.end_byte, subject, self.items(body.named_children, depth + 1))

    def case(self, node: TSNode, depth: int) -> Any:
        test = node.child_by_field_name("value")
        tests = self.items([test], depth + 1) if test is not None else []
        after = test.end_byte if test is not None else node.start_byte
        kids = [kid for kid in node.named_children if kid.start_byte >= after]
        end = node.end_byte
        start = kids[0].start_byte if kids else end
        return tree.Case(node.start_byte, end, tests, tree.Block(start, end, self.statements(kids, depth + 1)))

    def for_loop(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        depth += 1
        init = self.clause(node, "initializer", depth)
        test = self.clause(node, "condition", depth)
        update = self.clause(node, "increment", depth)
        body = node.child_by_field_name("body")
        if body is None:
            raise Unexpected
        block = self.body(body, depth)
        return tree.Loop(node.start_byte, self.end_of(node), "for", block, init=init, test=test, update=update)

    def clause(self, node: TSNode, field: str, depth: int) -> Any:
        found = node.child_by_field_name(field)
        if found is None or not found.is_named:
            return None
        values = self.statements([found], depth)
        if len(values) > 1:
            return tree.Block(values[0].start, values[-1].end, values)
        value = values[0] if values else None
        return value.value if isinstance(value, tree.ExprStmt) else value

    def for_in(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        words = {kid.type for kid in node.children if not kid.is_named}
        # (`using` is read as `const` where the grammar does not know it: see js_errors.)
        kids = self.clean(node)
        if len(kids) < 3:
            raise Unexpected
        depth += 1
        left, right, last = kids[0], kids[-2], kids[-1]
        target = self.h[left.kind_id](self, left, depth)
        declare = next((word for word in ("const", "let", "var", "using") if word in words), "")
        before = self.raw[node.start_byte : left.start_byte].split("(")
        if declare:
            declare = "using" if "using" in before[-1] else declare
            target = tree.Assign(left.start_byte, left.end_byte, target, "=", None, declare)
        iterable = self.h[right.kind_id](self, right, depth)
        kind = "of" if "of" in words else "in"
        # `for await (` and not `for (await using`
        is_async = "await" in words and "await" in before[0]
        block = self.body(last, depth)
        return tree.Loop(node.start_byte, self.end_of(node), kind, block, target, iterable, is_async=is_async)

    def while_loop(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        first, second = self.exactly(node, 2)
        kind = "while"
        if self.kinds[node.kind_id] == "do_statement":
            kind, first, second = "do", second, first
        test = self.h[first.kind_id](self, first, depth + 1)
        block = self.body(second, depth + 1)
        return tree.Loop(node.start_byte, self.end_of(node), kind, block, test=test)

    def trying(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        body: tree.Block | None = None
        handlers: list[tree.Node] = []
        final: tree.Block | None = None
        for kid in node.named_children:
            kind = self.kinds[kid.kind_id]
            if kind == "catch_clause":
                handlers += self.items([kid], depth + 1)
            elif kind == "finally_clause":
                final = self.body(self.exactly(kid, 1)[0], depth + 1)
            elif kind == "statement_block":
                body = self.block(kid, depth + 1)
            else:
                self.aside(kid)
        if body is None:
            raise Unexpected
        return tree.Try(node.start_byte, node.end_byte, body, handlers, None, final)

    def catch(self, node: TSNode, depth: int) -> Any:
        kids = self.clean(node)
        if not kids or self.kinds[kids[-1].kind_id] != "statement_block":
            raise Unexpected
        target = self.h[kids[0].kind_id](self, kids[0], depth + 1) if len(kids) > 1 else None
        return tree.Catch(node.start_byte, node.end_byte, None, target, self.block(kids[-1], depth + 1))

    def labeled(self, node: TSNode, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self.too_deep(node)
        kids = self.clean(node)
        return self.statements(kids[1:], depth + 1)


L = Lowering
_TABLE: dict[str, Handler] = {
    "ERROR": L.error,
    # leaves
    "identifier": L.name, "this": L.name, "super": L.name, "undefined": L.name, "import": L.name,
    "private_property_identifier": L.name, "string": L.string, "number": L.number, "true": L.constant,
    "false": L.constant, "null": L.constant, "regex": L.regex, "template_string": L.template,
    "meta_property": L.meta_property, "nested_identifier": L.nested_identifier,
    # expressions
    "parenthesized_expression": L.parenthesized, "binary_expression": L.binary, "sequence_expression": L.sequence,
    "unary_expression": L.unary, "update_expression": L.update, "ternary_expression": L.ternary,
    "assignment_expression": L.assignment, "augmented_assignment_expression": L.augmented,
    "await_expression": L.awaiting, "yield_expression": L.yielding, "spread_element": L.spread,
    "as_expression": L.cast, "satisfies_expression": L.cast, "type_assertion": L.type_assertion,
    "instantiation_expression": L.first, "member_expression": L.chain, "call_expression": L.chain,
    "subscript_expression": L.chain, "non_null_expression": L.chain, "new_expression": L.new,
    "array": L.array, "object": L.object, "pair": L.pair, "shorthand_property_identifier": L.shorthand,
    # patterns
    "array_pattern": L.array, "object_pattern": L.object, "pair_pattern": L.pair, "rest_pattern": L.spread,
    "shorthand_property_identifier_pattern": L.shorthand, "object_assignment_pattern": L.shorthand_default,
    "assignment_pattern": L.assignment,
    # functions and classes
    "function_declaration": L.function, "function_expression": L.function, "generator_function": L.function,
    "generator_function_declaration": L.function, "function_signature": L.function, "arrow_function": L.arrow,
    "method_signature": L.function, "abstract_method_signature": L.function,
    "class_declaration": L.klass, "class": L.klass, "abstract_class_declaration": L.klass,
    "public_field_definition": L.field, "field_definition": L.field, "class_static_block": L.static_block,
    "decorator": L.decorator, "method_definition": L.method_property,
    # declarations
    "lexical_declaration": L.variables, "variable_declaration": L.variables, "using_declaration": L.variables,
    "import_statement": L.importing, "export_statement": L.exporting, "import_alias": L.import_alias,
    "interface_declaration": L.interface, "type_alias_declaration": L.type_alias, "enum_declaration": L.enum,
    "ambient_declaration": L.ambient_declaration, "module": L.namespace, "internal_module": L.namespace,
    # statements
    "statement_block": L.block, "expression_statement": L.expression_statement, "return_statement": L.returning,
    "throw_statement": L.throwing, "break_statement": L.jump, "continue_statement": L.jump, "if_statement": L.branch,
    "switch_statement": L.switch, "switch_case": L.case, "switch_default": L.case, "for_statement": L.for_loop,
    "for_in_statement": L.for_in, "while_statement": L.while_loop, "do_statement": L.while_loop,
    "try_statement": L.trying, "catch_clause": L.catch, "labeled_statement": L.labeled,
    # JSX
    "jsx_element": L.jsx, "jsx_self_closing_element": L.jsx, "jsx_expression": L.jsx_expression,
    # comments
    "comment": L.comment, "html_comment": L.comment,
}
# What has no meaning by itself: types, words, fragments of text.
_NOTHING = """
abstract_type accessibility_modifier adding_type_annotation array_type asserts asserts_annotation call_signature
conditional_type construct_signature constraint constructor_type debugger_statement default_type empty_statement
escape_sequence existential_type extends_type_clause flow_maybe_type function_type generic_type hash_bang_line
html_character_reference implements_clause import_attribute index_signature index_type_query infer_type
intersection_type jsx_closing_element jsx_namespace_name jsx_text literal_type lookup_type mapped_type_clause
nested_type_identifier object_type omitting_type_annotation opting_type_annotation optional_chain optional_type
override_modifier parenthesized_type predefined_type property_identifier property_signature readonly_type regex_flags
regex_pattern rest_type statement_identifier string_fragment template_literal_type template_type this_type tuple_type
type_annotation type_arguments type_identifier type_parameter type_parameters type_predicate type_predicate_annotation
type_query union_type
"""
_TABLE.update(dict.fromkeys(_NOTHING.split(), L.nothing))


@cache
def grammar(name: str) -> Grammar:
    """The grammar "javascript", "typescript" or "tsx", its parser and its tables; loaded when first asked for."""
    if name == "javascript":
        return Grammar(Language(_binding("tree_sitter_javascript").language()), _TABLE, Base.generic)
    binding = _binding("tree_sitter_typescript")
    made = binding.language_tsx() if name == "tsx" else binding.language_typescript()
    return Grammar(Language(made), _TABLE, Base.generic)


def _binding(package: str) -> Any:
    """What has the grammars of ``package``: its compiled module alone.

    The package around it can also give queries, for which it loads ``importlib.resources``: a twentieth of the time
    that a small app takes.
    """
    name = f"{package}._binding"
    if name not in sys.modules:
        found = find_spec(package)
        places = found.submodule_search_locations if found is not None else None
        spec = PathFinder.find_spec(name, places) if places is not None else None
        if spec is None or spec.loader is None:
            return import_module(package)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]
