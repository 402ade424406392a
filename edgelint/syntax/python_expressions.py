"""libcst expressions and patterns to the common tree. Imports libcst: only ``edgelint.syntax.python`` loads it.

What Python has and the tree has not:

- an f-string piece with a format specification is a ``Call`` of the Name ``format`` (of no width) with the expression
  and the specification, one with ``!r`` or ``!a`` a call of ``repr`` / ``ascii``: that is what Python runs;
- a t-string is a tagged Template, its prefix the tag;
- the middle of a chained comparison stands once: its second place is an Unknown ("repeated") unless it is a name, a
  constant or a chain of members, which are written out again;
- a slice is ``Unknown("slice")``, ``...`` is ``Unknown("ellipsis")``, an imaginary number keeps its text;
- parentheses leave no node, but a tuple or generator with parentheses spans them;
- in the pattern of a ``case`` a bare Name is a capture, ``Unknown("as")`` has the pattern and its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import libcst as cst

from edgelint.source import Source
from edgelint.syntax import python_strings, tree

_BINARY: dict[type[cst.CSTNode], str] = {
    cst.Add: "+", cst.Subtract: "-", cst.Multiply: "*", cst.Divide: "/", cst.FloorDivide: "//", cst.Modulo: "%",
    cst.Power: "**", cst.LeftShift: "<<", cst.RightShift: ">>", cst.BitOr: "|", cst.BitAnd: "&", cst.BitXor: "^",
    cst.MatrixMultiply: "@", cst.And: "&&", cst.Or: "||",
    cst.LessThan: "<", cst.GreaterThan: ">", cst.Equal: "==", cst.LessThanEqual: "<=", cst.GreaterThanEqual: ">=",
    cst.NotEqual: "!=", cst.In: "in", cst.NotIn: "not in", cst.Is: "===", cst.IsNot: "!==",
}  # fmt: skip
_UNARY: dict[type[cst.CSTNode], str] = {cst.Plus: "+", cst.Minus: "-", cst.BitInvert: "~", cst.Not: "!"}
_CONSTANTS: dict[str, tuple[bool | None, str]] = {
    "None": (None, "null"), "True": (True, "boolean"), "False": (False, "boolean"),
}  # fmt: skip


class Expressions:
    """Lowers expressions. ``spans`` are the byte spans by ``id`` of the libcst node, without its parentheses."""

    def __init__(self, source: Source, spans: dict[int, tuple[int, int]]) -> None:
        self.source = source
        self.spans = spans
        self.yields = False  # the function being lowered has a yield of its own

    def expression(self, node: cst.CSTNode) -> tree.Node:
        """``node`` in the common tree; Unknown when its class is new to us."""
        lower = self.EXPRESSIONS.get(type(node))
        start, end = self.spans[id(node)]
        if lower is None:
            return tree.Unknown(start, end, [], type(node).__name__)
        return lower(self, node, start, end)

    def outer(self, node: Any) -> tuple[int, int]:
        """The span of ``node`` with the parentheses around it."""
        start, end = self.spans[id(node)]
        if node.lpar:
            start = self.spans[id(node.lpar[0])][0]
            end = self.spans[id(node.rpar[-1])][1]
        return start, end

    def closed(self, node: Any, start: int, end: int) -> tuple[int, int]:
        """The span of ``node`` with its innermost parentheses: those that make a tuple or generator."""
        if node.lpar:
            return self.spans[id(node.lpar[-1])][0], self.spans[id(node.rpar[0])][1]
        return start, end

    def annotation(self, node: cst.Annotation | None) -> str | None:
        """The text of an annotation; of one in quotes, what is in them."""
        if node is None:
            return None
        inner = node.annotation
        if isinstance(inner, cst.SimpleString):
            value = python_strings.evaluate(inner.value)
            if isinstance(value, str):
                return value.strip()
        return self.source.slice(*self.spans[id(inner)])

    # -- atoms ----------------------------------------------------------------------------------------------------

    def name(self, node: cst.Name, start: int, end: int) -> tree.Node:
        constant = _CONSTANTS.get(node.value)
        if constant is not None:
            return tree.Literal(start, end, *constant)
        return tree.Name(start, end, node.value)

    def ellipsis(self, node: cst.Ellipsis, start: int, end: int) -> tree.Node:
        return tree.Unknown(start, end, [], "ellipsis")

    def number(self, node: cst.Integer | cst.Float | cst.Imaginary, start: int, end: int) -> tree.Node:
        value: int | float | str = node.value
        try:
            if isinstance(node, cst.Integer):
                value = int(node.value, 0)
            elif isinstance(node, cst.Float):
                value = float(node.value)
        except ValueError:  # more digits than int() takes
            pass
        return tree.Literal(start, end, value, "number")

    def string(self, node: cst.SimpleString, start: int, end: int) -> tree.Node:
        value = python_strings.evaluate(node.value)
        kind = "bytes" if "b" in python_strings.split(node.value)[0] else "string"
        return tree.Literal(start, end, python_strings.split(node.value)[1] if value is None else value, kind)

    def template(self, node: cst.FormattedString | cst.TemplatedString, start: int, end: int) -> tree.Node:
        prefix = node.start.rstrip("'\"")
        tag = tree.Name(start, start + len(prefix), "t") if isinstance(node, cst.TemplatedString) else None
        parts = self.template_parts(node.parts, prefix.lower())
        return _join(start, end, tag, parts)

    def template_parts(self, contents: Sequence[cst.CSTNode], prefix: str) -> list[tree.Node]:
        parts: list[tree.Node] = []
        for piece in contents:
            start, end = self.spans[id(piece)]
            if isinstance(piece, cst.FormattedStringText | cst.TemplatedStringText):
                raw = piece.value.replace("{{", "{").replace("}}", "}")
                value = python_strings.unescape(raw, prefix)
                parts.append(tree.Literal(start, end, raw if value is None else value, "string"))
            elif isinstance(piece, cst.FormattedStringExpression | cst.TemplatedStringExpression):
                self.interpolation(piece, start, end, prefix, parts)
        return parts

    def interpolation(
        self, piece: cst.FormattedStringExpression | cst.TemplatedStringExpression, start: int, end: int, prefix: str,
        parts: list[tree.Node],
    ) -> None:
        value = self.expression(piece.expression)
        if piece.equal is not None:  # f"{x=}" shows the expression's own text first
            upto = self.spans[id(piece.equal)][1]
            parts.append(tree.Literal(start + 1, upto, self.source.slice(start + 1, upto), "string"))
        conversion = piece.conversion or ("r" if piece.equal is not None and piece.format_spec is None else "")
        if conversion in ("r", "a"):
            value = _call_of("repr" if conversion == "r" else "ascii", value, [])
        if piece.format_spec:
            spec = self.template_parts(piece.format_spec, prefix)
            value = _call_of("format", value, [_join(spec[0].start, spec[-1].end, None, spec)])
        parts.append(value)

    def concatenated(self, node: cst.ConcatenatedString, start: int, end: int) -> tree.Node:
        pieces: list[cst.CSTNode] = []
        at: cst.CSTNode = node
        while isinstance(at, cst.ConcatenatedString):
            pieces.append(at.left)
            at = at.right
        pieces.append(at)
        parts: list[tree.Node] = []
        tag: tree.Node | None = None
        for piece in pieces:
            lowered = self.expression(piece)
            if isinstance(lowered, tree.Template):
                tag = tag or lowered.tag
                parts.extend(lowered.parts)
            else:
                parts.append(lowered)
        if tag is None and all(isinstance(part, tree.Literal) and part.kind == "bytes" for part in parts):
            return tree.Literal(start, end, b"".join(_bytes(part) for part in parts), "bytes")
        return _join(start, end, tag, parts)

    # -- operators ------------------------------------------------------------------------------------------------

    def binary(self, node: cst.BinaryOperation | cst.BooleanOperation, start: int, end: int) -> tree.Node:
        """Chains of one operator are as deep as they are long: go down the left side in a loop."""
        chain: list[cst.BinaryOperation | cst.BooleanOperation] = [node]
        while isinstance(chain[-1].left, cst.BinaryOperation | cst.BooleanOperation):
            chain.append(chain[-1].left)
        result = self.expression(chain[-1].left)
        for link in reversed(chain):
            span = self.spans[id(link)]
            right = self.expression(link.right)
            result = tree.Binary(span[0], span[1], _BINARY.get(type(link.operator), "?"), result, right)
        return result

    def unary(self, node: cst.UnaryOperation, start: int, end: int) -> tree.Node:
        return tree.Unary(start, end, _UNARY.get(type(node.operator), "?"), self.expression(node.expression))

    def comparison(self, node: cst.Comparison, start: int, end: int) -> tree.Node:
        left_cst: cst.BaseExpression = node.left
        left = self.expression(left_cst)
        result: tree.Node | None = None
        for target in node.comparisons:
            right = self.expression(target.comparator)
            first, last = self.outer(left_cst)[0], self.outer(target.comparator)[1]
            one = tree.Binary(first, last, _BINARY.get(type(target.operator), "?"), left, right)
            result = one if result is None else tree.Binary(start, last, "&&", result, one)
            left_cst, left = target.comparator, self.again(target.comparator)
        assert result is not None
        return result

    def again(self, node: cst.BaseExpression) -> tree.Node:
        """A second node for an operand that stands once in the text and is evaluated once."""
        inner = node
        while isinstance(inner, cst.Attribute):
            inner = inner.value
        if isinstance(inner, cst.Name | cst.Integer | cst.Float | cst.SimpleString):
            return self.expression(node)
        return tree.Unknown(*self.spans[id(node)], [], "repeated")

    def conditional(self, node: cst.IfExp, start: int, end: int) -> tree.Node:
        then = self.expression(node.body)
        return tree.Conditional(start, end, self.expression(node.test), then, self.expression(node.orelse))

    def walrus(self, node: cst.NamedExpr, start: int, end: int) -> tree.Node:
        return tree.Assign(start, end, self.expression(node.target), "=", self.expression(node.value))

    def awaited(self, node: cst.Await, start: int, end: int) -> tree.Node:
        return tree.Await(start, end, self.expression(node.expression))

    def yielded(self, node: cst.Yield, start: int, end: int) -> tree.Node:
        self.yields = True
        value = node.value
        if value is None:
            return tree.Yield(start, end, None)
        return tree.Yield(start, end, self.expression(value.item if isinstance(value, cst.From) else value))

    # -- members and calls ----------------------------------------------------------------------------------------

    def attribute(self, node: cst.Attribute, start: int, end: int) -> tree.Node:
        obj = self.expression(node.value)
        return tree.Member(start, end, obj, node.attr.value, *self.spans[id(node.attr)])

    def subscript(self, node: cst.Subscript, start: int, end: int) -> tree.Node:
        obj = self.expression(node.value)
        items = [self.subscript_item(element.slice) for element in node.slice]
        index = items[0]
        if len(items) > 1 or isinstance(index, tree.Spread) or isinstance(node.slice[0].comma, cst.Comma):
            index = tree.Array(items[0].start, items[-1].end, items, "tuple")
        name = index.value if isinstance(index, tree.Literal) and index.kind == "string" else None
        return tree.Member(start, end, obj, name, index.start, index.end, index)

    def subscript_item(self, node: cst.BaseSlice) -> tree.Node:
        if isinstance(node, cst.Index):
            value = self.expression(node.value)
            return tree.Spread(self.spans[id(node)][0], value.end, value) if node.star else value
        assert isinstance(node, cst.Slice)
        parts = [self.expression(part) for part in (node.lower, node.upper, node.step) if part is not None]
        return tree.Unknown(*self.spans[id(node)], parts, "slice")

    def call(self, node: cst.Call, start: int, end: int) -> tree.Node:
        func = self.expression(node.func)
        return tree.Call(start, end, func, [self.argument(arg) for arg in node.args])

    def argument(self, node: cst.Arg) -> tree.Node:
        start, end = self.spans[id(node)]
        value = self.expression(node.value)
        if node.keyword is not None:
            return tree.Keyword(start, end, node.keyword.value, value)
        return tree.Spread(start, end, value) if node.star else value

    def function_params(self, node: cst.Parameters) -> list[tree.Node]:
        params: list[tree.Node] = [self.param(param, "") for param in (*node.posonly_params, *node.params)]
        if isinstance(node.star_arg, cst.Param):
            params.append(self.param(node.star_arg, "*"))
        params.extend(self.param(param, "", keyword_only=True) for param in node.kwonly_params)
        if node.star_kwarg is not None:
            params.append(self.param(node.star_kwarg, "**"))
        return params

    def param(self, node: cst.Param, rest: str, keyword_only: bool = False) -> tree.Param:
        start, end = self.spans[id(node)]
        target = tree.Name(*self.spans[id(node.name)], node.name.value)
        if node.annotation is not None:
            end = self.outer(node.annotation.annotation)[1]
        default = None
        if node.default is not None:
            default = self.expression(node.default)
            end = self.outer(node.default)[1]
        annotation = self.annotation(node.annotation)
        return tree.Param(start, end, target, default, annotation, rest, keyword_only=keyword_only)

    def function_literal(self, node: cst.Lambda, start: int, end: int) -> tree.Node:
        params = self.function_params(node.params)
        outer, self.yields = self.yields, False
        body = self.expression(node.body)
        is_generator, self.yields = self.yields, outer
        return tree.Function(start, end, "", start, start, params, body, "lambda", is_generator=is_generator)

    # -- containers -----------------------------------------------------------------------------------------------

    def array(self, node: cst.List | cst.Set, start: int, end: int) -> tree.Node:
        return tree.Array(start, end, self.elements(node.elements), "set" if isinstance(node, cst.Set) else "list")

    def tuple_(self, node: cst.Tuple, start: int, end: int) -> tree.Node:
        return tree.Array(*self.closed(node, start, end), self.elements(node.elements), "tuple")

    def elements(self, nodes: Sequence[cst.BaseElement]) -> list[tree.Node]:
        return [self.expression(node if isinstance(node, cst.StarredElement) else node.value) for node in nodes]

    def starred(self, node: cst.StarredElement, start: int, end: int) -> tree.Node:
        return tree.Spread(start, end, self.expression(node.value))

    def mapping(self, node: cst.Dict, start: int, end: int) -> tree.Node:
        props: list[tree.Node] = []
        for element in node.elements:
            span = self.spans[id(element)]
            if isinstance(element, cst.DictElement):
                props.append(self.prop(*span, element.key, self.expression(element.value)))
            else:
                props.append(tree.Spread(*span, self.expression(element.value)))
        return tree.Object(start, end, props)

    def prop(self, start: int, end: int, key_cst: cst.BaseExpression, value: tree.Node) -> tree.Property:
        key = self.expression(key_cst)
        if isinstance(key, tree.Literal) and key.kind == "string":
            return tree.Property(start, end, key.value, key.start, key.end, value)
        return tree.Property(start, end, None, key.start, key.end, value, key)

    # -- comprehensions -------------------------------------------------------------------------------------------

    def comprehension(
        self, node: cst.ListComp | cst.SetComp | cst.GeneratorExp | cst.DictComp | cst.StarredDictComp,
        start: int, end: int,
    ) -> tree.Node:
        if isinstance(node, cst.DictComp):
            kind, value = "dict", self.expression(node.value)
            element: tree.Node = self.prop(self.outer(node.key)[0], self.outer(node.value)[1], node.key, value)
        elif isinstance(node, cst.StarredDictComp):
            kind, value = "dict", self.expression(node.value)
            element = tree.Spread(self.spans[id(node.value)][0], value.end, value)
        else:
            kind = "list" if isinstance(node, cst.ListComp) else "set" if isinstance(node, cst.SetComp) else "generator"
            element = self.expression(node.elt)
            if kind == "generator":
                start, end = self.closed(node, start, end)
        clauses: list[tree.Node] = []
        clause: cst.CompFor | None = node.for_in
        while clause is not None:
            clauses.append(self.clause(clause))
            clause = clause.inner_for_in
        return tree.Comprehension(start, end, kind, element, clauses)

    def clause(self, node: cst.CompFor) -> tree.Node:
        target, iterable = self.expression(node.target), self.expression(node.iter)
        tests: list[tree.Node] = []
        last = self.outer(node.iter)[1]
        begin = last
        for test in node.ifs:
            first, end = self.outer(test.test)
            tests.append(tree.ExprStmt(first, end, self.expression(test.test)))
            last = end
        if node.asynchronous is not None:
            start = self.spans[id(node.asynchronous)][0]
        else:  # the node's own span has the white space before it
            start = self.source.data.rfind(b"for", self.spans[id(node)][0], self.outer(node.target)[0])
        body = tree.Block(tests[0].start if tests else begin, last, tests)
        return tree.Loop(start, last, "of", body, target, iterable, is_async=node.asynchronous is not None)

    # -- patterns of match ----------------------------------------------------------------------------------------

    def match_value(self, node: cst.MatchValue | cst.MatchSingleton, start: int, end: int) -> tree.Node:
        return self.expression(node.value)

    def match_sequence(self, node: cst.MatchList | cst.MatchTuple, start: int, end: int) -> tree.Node:
        items = [
            self.expression(item if isinstance(item, cst.MatchStar) else item.value) for item in node.patterns
        ]
        if isinstance(node, cst.MatchTuple):
            return tree.Array(*self.closed(node, start, end), items, "tuple")
        return tree.Array(start, end, items)

    def match_star(self, node: cst.MatchStar, start: int, end: int) -> tree.Node:
        if node.name is None:
            place = self.source.data.index(b"_", start)
            span = (place, place + 1)
        else:
            span = self.spans[id(node.name)]
        return tree.Spread(start, span[1], tree.Name(*span, node.name.value if node.name is not None else "_"))

    def match_mapping(self, node: cst.MatchMapping, start: int, end: int) -> tree.Node:
        props: list[tree.Node] = []
        for element in node.elements:
            value = self.expression(element.pattern)
            props.append(self.prop(self.spans[id(element)][0], self.outer(element.pattern)[1], element.key, value))
        if node.rest is not None:
            rest = self.spans[id(node.rest)]
            props.append(tree.Spread(*rest, tree.Name(*rest, node.rest.value)))
        return tree.Object(start, end, props)

    def match_class(self, node: cst.MatchClass, start: int, end: int) -> tree.Node:
        args = [self.expression(item.value) for item in node.patterns]
        for item in node.kwds:
            value = self.expression(item.pattern)
            span = (self.spans[id(item)][0], self.outer(item.pattern)[1])
            args.append(tree.Keyword(*span, item.key.value, value))
        return tree.Call(start, end, self.expression(node.cls), args)

    def match_as(self, node: cst.MatchAs, start: int, end: int) -> tree.Node:
        if node.name is None:
            return tree.Name(start, end, "_")
        name = tree.Name(*self.spans[id(node.name)], node.name.value)
        if node.pattern is None:
            return name
        return tree.Unknown(start, end, [self.expression(node.pattern), name], "as")

    def match_or(self, node: cst.MatchOr, start: int, end: int) -> tree.Node:
        return tree.Unknown(start, end, [self.expression(item.pattern) for item in node.patterns], "or")

    EXPRESSIONS: ClassVar[dict[type[cst.CSTNode], Callable[[Any, Any, int, int], tree.Node]]] = {
        cst.Name: name, cst.Ellipsis: ellipsis, cst.Integer: number, cst.Float: number, cst.Imaginary: number,
        cst.SimpleString: string, cst.FormattedString: template, cst.TemplatedString: template,
        cst.ConcatenatedString: concatenated, cst.BinaryOperation: binary, cst.BooleanOperation: binary,
        cst.UnaryOperation: unary, cst.Comparison: comparison, cst.IfExp: conditional, cst.NamedExpr: walrus,
        cst.Await: awaited, cst.Yield: yielded, cst.Attribute: attribute, cst.Subscript: subscript, cst.Call: call,
        cst.Lambda: function_literal, cst.List: array, cst.Set: array, cst.Tuple: tuple_, cst.StarredElement: starred,
        cst.Dict: mapping, cst.ListComp: comprehension, cst.SetComp: comprehension, cst.GeneratorExp: comprehension,
        cst.DictComp: comprehension, cst.StarredDictComp: comprehension, cst.MatchValue: match_value,
        cst.MatchSingleton: match_value, cst.MatchList: match_sequence, cst.MatchTuple: match_sequence,
        cst.MatchStar: match_star, cst.MatchMapping: match_mapping, cst.MatchClass: match_class, cst.MatchAs: match_as,
        cst.MatchOr: match_or,
    }  # fmt: skip


def _join(start: int, end: int, tag: tree.Node | None, parts: list[tree.Node]) -> tree.Node:
    """A Template of ``parts`` with neighbouring texts joined; a Literal when nothing but text is in it."""
    joined: list[tree.Node] = []
    for part in parts:
        last = joined[-1] if joined else None
        if _is_text(part) and isinstance(last, tree.Literal) and _is_text(last) and isinstance(part, tree.Literal):
            joined[-1] = tree.Literal(last.start, part.end, last.value + part.value, "string")
        else:
            joined.append(part)
    if tag is None and not joined:
        return tree.Literal(start, end, "", "string")
    if tag is None and len(joined) == 1 and _is_text(joined[0]):
        assert isinstance(joined[0], tree.Literal)
        return tree.Literal(start, end, joined[0].value, "string")
    return tree.Template(start, end, tag, joined)


def _is_text(node: tree.Node) -> bool:
    return isinstance(node, tree.Literal) and node.kind == "string"


def _bytes(node: tree.Node) -> bytes:
    value = node.value if isinstance(node, tree.Literal) else b""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def _call_of(function: str, value: tree.Node, more: list[tree.Node]) -> tree.Node:
    end = more[-1].end if more else value.end
    return tree.Call(value.start, end, tree.Name(value.start, value.start, function), [value, *more])
