"""libcst statements to the common tree. Imports libcst: only ``edgelint.syntax.python`` loads it, when asked.

What Python has and the tree has not:

- ``pass`` leaves nothing; ``assert test, message`` is ``if (!test) throw message``, which is what it does;
- ``del a, b`` is two ``delete`` statements, ``global``/``nonlocal`` an Unknown of Names, ``raise x from y`` an Unknown
  ("raise-from") of both when ``y`` is more than a name or None;
- ``import a.b`` binds ``a`` and loads ``a.b``: an Import of ``a`` and an Import of ``a.b`` without names. ``import a,
  b`` is two. ``from . import b`` has the source "" and the level 1; ``from a import *`` the name ("*", "*");
- a function's or class's span starts at its first decorator. ``@property`` makes a "getter", ``@x.setter`` a "setter";
- names assigned in a class body are Fields: static when they have a value and no annotation. The keyword arguments of a
  class are an Unknown ("keywords") in front of its members;
- a class of fields (a dataclass and its like) has the constructor that Python writes for it: see ``python_records``;
- the guard of a ``case`` makes its test an Unknown ("guard") of the patterns and the condition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import libcst as cst

from edgelint.source import Source
from edgelint.syntax import python_records, tree
from edgelint.syntax.python_expressions import Expressions

_AUGMENTED: dict[type[cst.CSTNode], str] = {
    cst.AddAssign: "+=", cst.SubtractAssign: "-=", cst.MultiplyAssign: "*=", cst.DivideAssign: "/=",
    cst.FloorDivideAssign: "//=", cst.ModuloAssign: "%=", cst.PowerAssign: "**=", cst.LeftShiftAssign: "<<=",
    cst.RightShiftAssign: ">>=", cst.BitOrAssign: "|=", cst.BitAndAssign: "&=", cst.BitXorAssign: "^=",
    cst.MatrixMultiplyAssign: "@=",
}  # fmt: skip
_GETTERS = ("property", "cached_property")


class Statements(Expressions):
    """Lowers statements. ``in_class`` while the statements of a class body are lowered."""

    def __init__(self, source: Source, spans: dict[int, tuple[int, int]]) -> None:
        super().__init__(source, spans)
        self.in_class = False

    def module(self, node: cst.Module) -> tree.Module:
        return tree.Module(self.source.bom, len(self.source.data), self.statements(node.body))

    def statements(self, nodes: Sequence[cst.CSTNode]) -> list[tree.Node]:
        """The statements of a body; several on one line are several."""
        lowered: list[tree.Node] = []
        for node in nodes:
            if isinstance(node, cst.SimpleStatementLine):
                for small in node.body:
                    self.statement(small, lowered)
            else:
                self.statement(node, lowered)
        return lowered

    def statement(self, node: cst.CSTNode, into: list[tree.Node]) -> None:
        start, end = self.spans[id(node)]
        lower = self.STATEMENTS.get(type(node))
        if lower is None:
            into.append(tree.Unknown(start, end, [], type(node).__name__))
            return
        lower(self, node, start, end, into)

    def block(self, node: cst.BaseSuite) -> tree.Block:
        start, end = self.spans[id(node)]
        body = self.statements(node.body)
        return tree.Block(body[0].start if body else start, end, body)

    # -- simple statements ----------------------------------------------------------------------------------------

    def nothing(self, node: cst.Pass, start: int, end: int, into: list[tree.Node]) -> None:
        """``pass`` does nothing and says nothing."""

    def expression_statement(self, node: cst.Expr, start: int, end: int, into: list[tree.Node]) -> None:
        into.append(tree.ExprStmt(start, end, self.expression(node.value)))

    def returned(self, node: cst.Return, start: int, end: int, into: list[tree.Node]) -> None:
        into.append(tree.Return(start, end, None if node.value is None else self.expression(node.value)))

    def jump(self, node: cst.Break | cst.Continue, start: int, end: int, into: list[tree.Node]) -> None:
        into.append(tree.Jump(start, end, "break" if isinstance(node, cst.Break) else "continue"))

    def assign(self, node: cst.Assign, start: int, end: int, into: list[tree.Node]) -> None:
        value = self.expression(node.value)
        for target in reversed(node.targets):
            value = tree.Assign(self.spans[id(target)][0], end, self.expression(target.target), "=", value)
        into.append(self.field(value) if len(node.targets) == 1 else value)

    def annotated(self, node: cst.AnnAssign, start: int, end: int, into: list[tree.Node]) -> None:
        value = None if node.value is None else self.expression(node.value)
        target, annotation = self.expression(node.target), self.annotation(node.annotation)
        into.append(self.field(tree.Assign(start, end, target, "=", value, annotation=annotation)))

    def field(self, node: tree.Node) -> tree.Node:
        """An assignment to a name in a class body declares a field."""
        if not self.in_class or not isinstance(node, tree.Assign) or not isinstance(node.target, tree.Name):
            return node
        target, static = node.target, node.value is not None and node.annotation is None
        return tree.Field(
            node.start, node.end, target.id, target.start, target.end, node.value, node.annotation, is_static=static
        )

    def augmented(self, node: cst.AugAssign, start: int, end: int, into: list[tree.Node]) -> None:
        operator = _AUGMENTED.get(type(node.operator), "?=")
        into.append(tree.Assign(start, end, self.expression(node.target), operator, self.expression(node.value)))

    def deleted(self, node: cst.Del, start: int, end: int, into: list[tree.Node]) -> None:
        target = self.expression(node.target)
        items = target.items if isinstance(target, tree.Array) else [target]
        for place, item in enumerate(items):
            first, last = (item.start if place else start), (item.end if place < len(items) - 1 else end)
            into.append(tree.ExprStmt(first, last, tree.Unary(first, last, "delete", item)))

    def asserted(self, node: cst.Assert, start: int, end: int, into: list[tree.Node]) -> None:
        test = self.expression(node.test)
        message = None if node.msg is None else self.expression(node.msg)
        first = end if message is None else message.start
        thrown = tree.Block(first, end, [tree.Throw(first, end, message)])
        into.append(tree.If(start, end, tree.Unary(test.start, test.end, "!", test), thrown, None))

    def raised(self, node: cst.Raise, start: int, end: int, into: list[tree.Node]) -> None:
        value = None if node.exc is None else self.expression(node.exc)
        cause = None if node.cause is None else self.expression(node.cause.item)
        if value is not None and cause is not None and not isinstance(cause, tree.Name | tree.Literal):
            value = tree.Unknown(value.start, end, [value, cause], "raise-from")
        into.append(tree.Throw(start, end, value))

    def scope(self, node: cst.Global | cst.Nonlocal, start: int, end: int, into: list[tree.Node]) -> None:
        names: list[tree.Node] = [tree.Name(*self.spans[id(item)], item.name.value) for item in node.names]
        into.append(tree.Unknown(start, end, names, "global" if isinstance(node, cst.Global) else "nonlocal"))

    def type_alias(self, node: cst.TypeAlias, start: int, end: int, into: list[tree.Node]) -> None:
        text = self.source.slice(*self.outer(node.value))
        into.append(tree.TypeDecl(start, end, node.name.value, {}, [], text))

    # -- imports --------------------------------------------------------------------------------------------------

    def imported(self, node: cst.Import | cst.LazyImport, start: int, end: int, into: list[tree.Node]) -> None:
        for alias in node.names:
            first, last = (start, end) if len(node.names) == 1 else self.spans[id(alias)]
            span = self.spans[id(alias.name)]
            dotted = self.dotted(alias.name)
            if alias.asname is not None:
                name = tree.ImportName(*self.spans[id(alias)], "*", self.local(alias))
                into.append(tree.Import(first, last, dotted, [name], *span))
                continue
            top = dotted.split(".", 1)[0]
            top_end = span[0] + len(top.encode("utf-8"))
            name = tree.ImportName(span[0], top_end, "*", top)
            into.append(tree.Import(first, last, top, [name], span[0], top_end))
            if top != dotted:
                into.append(tree.Import(first, last, dotted, [], *span))

    def imported_from(
        self, node: cst.ImportFrom | cst.LazyImportFrom, start: int, end: int, into: list[tree.Node]
    ) -> None:
        level = len(node.relative)
        source = "" if node.module is None else self.dotted(node.module)
        places = [self.spans[id(dot)] for dot in node.relative]
        if node.module is not None:
            places.append(self.spans[id(node.module)])
        names: list[tree.Node] = []
        if isinstance(node.names, cst.ImportStar):
            names.append(tree.ImportName(*self.spans[id(node.names)], "*", "*"))
        else:
            for alias in node.names:
                imported = self.dotted(alias.name)
                local = imported if alias.asname is None else self.local(alias)
                names.append(tree.ImportName(*self.spans[id(alias)], imported, local))
        into.append(tree.Import(start, end, source, names, places[0][0], places[-1][1], level=level))

    def dotted(self, node: cst.CSTNode) -> str:
        """The name of a module, without the white space that may stand around its dots."""
        parts: list[str] = []
        while isinstance(node, cst.Attribute):
            parts.append(node.attr.value)
            node = node.value
        parts.append(node.value if isinstance(node, cst.Name) else "")
        return ".".join(reversed(parts))

    def local(self, alias: cst.ImportAlias) -> str:
        name = alias.asname.name if alias.asname is not None else alias.name
        return name.value if isinstance(name, cst.Name) else ""

    # -- compound statements --------------------------------------------------------------------------------------

    def branch(self, node: cst.If, start: int, end: int, into: list[tree.Node]) -> None:
        """A chain of ``elif`` is as deep as it is long: build it from its end."""
        chain = [node]
        while isinstance(chain[-1].orelse, cst.If):
            chain.append(chain[-1].orelse)
        tests = [(self.expression(link.test), self.block(link.body)) for link in chain]
        last = chain[-1].orelse
        other = self.block(last.body) if isinstance(last, cst.Else) else None
        for link, (test, then) in zip(reversed(chain), reversed(tests), strict=True):
            span = self.spans[id(link)]
            lowered = tree.If(span[0], span[1], test, then, other)
            other = tree.Block(span[0], span[1], [lowered])
        into.append(lowered)

    def loop_while(self, node: cst.While, start: int, end: int, into: list[tree.Node]) -> None:
        test, body = self.expression(node.test), self.block(node.body)
        into.append(tree.Loop(start, end, "while", body, test=test, other=self.otherwise(node.orelse)))

    def loop_for(self, node: cst.For, start: int, end: int, into: list[tree.Node]) -> None:
        target, iterable, body = self.expression(node.target), self.expression(node.iter), self.block(node.body)
        other, is_async = self.otherwise(node.orelse), node.asynchronous is not None
        into.append(tree.Loop(start, end, "of", body, target, iterable, other=other, is_async=is_async))

    def otherwise(self, node: cst.Else | None) -> tree.Block | None:
        return None if node is None else self.block(node.body)

    def tried(self, node: cst.Try | cst.TryStar, start: int, end: int, into: list[tree.Node]) -> None:
        body = self.block(node.body)
        handlers: list[tree.Node] = []
        for handler in node.handlers:
            types = None if handler.type is None else self.expression(handler.type)
            target = None if handler.name is None else self.expression(handler.name.name)
            handlers.append(tree.Catch(*self.spans[id(handler)], types, target, self.block(handler.body)))
        other = self.otherwise(node.orelse)
        final = None if node.finalbody is None else self.block(node.finalbody.body)
        into.append(tree.Try(start, end, body, handlers, other, final))

    def managed(self, node: cst.With, start: int, end: int, into: list[tree.Node]) -> None:
        items: list[tree.Node] = []
        for item in node.items:
            value = self.expression(item.item)
            if item.asname is not None:
                value = tree.Assign(*self.spans[id(item)], self.expression(item.asname.name), "=", value)
            items.append(value)
        into.append(tree.With(start, end, items, self.block(node.body), node.asynchronous is not None))

    def switch(self, node: cst.Match, start: int, end: int, into: list[tree.Node]) -> None:
        subject = self.expression(node.subject)
        cases: list[tree.Node] = []
        for case in node.cases:
            pattern = case.pattern
            options = [item.pattern for item in pattern.patterns] if isinstance(pattern, cst.MatchOr) else [pattern]
            tests = [self.expression(option) for option in options]
            if case.guard is not None:
                guard = self.expression(case.guard)
                tests = [tree.Unknown(tests[0].start, guard.end, [*tests, guard], "guard")]
            elif isinstance(pattern, cst.MatchAs) and pattern.name is None:
                tests = []
            cases.append(tree.Case(*self.spans[id(case)], tests, self.block(case.body)))
        into.append(tree.Switch(start, end, subject, cases))

    # -- functions and classes ------------------------------------------------------------------------------------

    def function(self, node: cst.FunctionDef, start: int, end: int, into: list[tree.Node]) -> None:
        decorators = [self.expression(item.decorator) for item in node.decorators]
        if node.decorators:
            start = self.spans[id(node.decorators[0])][0]
        params = self.function_params(node.params)
        outer = self.yields, self.in_class
        self.yields = self.in_class = False
        body = self.block(node.body)
        is_generator = self.yields
        self.yields, self.in_class = outer
        name = node.name.value
        kind, is_static = self.kind(name, decorators) if self.in_class else ("function", False)
        into.append(
            tree.Function(
                start, end, name, *self.spans[id(node.name)], params, body, kind, node.asynchronous is not None,
                is_generator, is_static, decorators, self.annotation(node.returns),
            )
        )  # fmt: skip

    def kind(self, name: str, decorators: list[tree.Node]) -> tuple[str, bool]:
        """The kind of a method, and whether it is static."""
        kind, is_static = ("constructor" if name == "__init__" else "method"), False
        for decorator in decorators:
            last = decorator.id if isinstance(decorator, tree.Name) else ""
            if isinstance(decorator, tree.Member):
                last = decorator.name or ""
            if last in _GETTERS:
                kind = "getter"
            elif last == "setter":
                kind = "setter"
            elif last == "staticmethod":
                is_static = True
        return kind, is_static

    def class_(self, node: cst.ClassDef, start: int, end: int, into: list[tree.Node]) -> None:
        decorators = [self.expression(item.decorator) for item in node.decorators]
        if node.decorators:
            start = self.spans[id(node.decorators[0])][0]
        bases = [self.argument(arg) for arg in node.bases]
        outer, self.in_class = self.in_class, True
        members = self.block(node.body).body
        self.in_class = outer
        if node.keywords:
            keywords = [self.argument(arg) for arg in node.keywords]
            members.insert(0, tree.Unknown(keywords[0].start, keywords[-1].end, keywords, "keywords"))
        types: list[str | None] = [None] * len(bases)
        name = node.name.value
        made = tree.Class(start, end, name, *self.spans[id(node.name)], bases, types, [], members, decorators)
        written = python_records.constructor(made)
        if written is not None:
            members.append(written)
        into.append(made)

    STATEMENTS: ClassVar[dict[type[cst.CSTNode], Callable[[Any, Any, int, int, list[tree.Node]], None]]] = {
        cst.Pass: nothing, cst.Expr: expression_statement, cst.Return: returned, cst.Break: jump, cst.Continue: jump,
        cst.Assign: assign, cst.AnnAssign: annotated, cst.AugAssign: augmented, cst.Del: deleted, cst.Assert: asserted,
        cst.Raise: raised, cst.Global: scope, cst.Nonlocal: scope, cst.TypeAlias: type_alias, cst.Import: imported,
        cst.ImportFrom: imported_from, cst.If: branch, cst.While: loop_while, cst.For: loop_for, cst.Try: tried,
        cst.TryStar: tried, cst.With: managed, cst.Match: switch, cst.FunctionDef: function, cst.ClassDef: class_,
    }  # fmt: skip


for _late, _lower in (("LazyImport", Statements.imported), ("LazyImportFrom", Statements.imported_from)):
    if hasattr(cst, _late):  # Python 3.15; libcst has them since 1.9
        Statements.STATEMENTS[getattr(cst, _late)] = _lower
