"""The common tree: what every front-end lowers its own tree to, so that no check ever sees a parser.

``start`` and ``end`` are byte offsets into the file that holds the code (for a script block, the host file).
``parent`` is set by ``link``. Parentheses and TypeScript's ``!`` leave no node; ``as`` and ``satisfies`` leave a
``Cast``. Type annotations stay text. What a front-end does not understand becomes ``Unknown`` with the nodes inside it
as ``items``: the walk goes on, and no rule takes a fact from the part that was not understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar


class Node:
    """A node. ``fields`` names the slots that hold a Node, a list of Nodes, or None, in source order."""

    __slots__ = ("start", "end", "parent")
    fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.parent: Node | None = None

    def children(self) -> Iterator[Node]:
        """The direct children, in source order."""
        for name in self.fields:
            value = getattr(self, name)
            if value is None:
                continue
            if value.__class__ is list:
                yield from value
            else:
                yield value

    def __repr__(self) -> str:
        parts = []
        for cls in type(self).__mro__:
            for name in getattr(cls, "__slots__", ()):
                if name in ("start", "end", "parent") or name in self.fields:
                    continue
                parts.append(f"{name}={getattr(self, name, None)!r}")
        return f"{type(self).__name__}[{self.start}:{self.end}]({', '.join(parts)})"


class Module(Node):
    """One file, or one script block of a host file."""

    __slots__ = ("body",)
    fields = ("body",)

    def __init__(self, start: int, end: int, body: list[Node]) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.body = body


class Block(Node):
    """A list of statements."""

    __slots__ = ("body",)
    fields = ("body",)

    def __init__(self, start: int, end: int, body: list[Node]) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.body = body


class ExprStmt(Node):
    """An expression as a statement: its value is dropped."""

    __slots__ = ("value",)
    fields = ("value",)

    def __init__(self, start: int, end: int, value: Node) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.value = value


class ImportName(Node):
    """One imported name. ``imported`` is "default", "*" (the namespace) or the name in the other module."""

    __slots__ = ("imported", "local", "is_type")

    def __init__(self, start: int, end: int, imported: str, local: str, is_type: bool = False) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.imported = imported
        self.local = local
        self.is_type = is_type


class Import(Node):
    """``import ... from "source"`` and ``import "source"``; Python ``import a.b`` and ``from a import b``.

    ``source`` is the specifier as written ("./db", "hono", "a.b"); Python's leading dots count in ``level``.
    ``source_start``/``source_end`` span the specifier with its quotes. ``is_type`` for ``import type``.
    JavaScript ``require("x")`` and ``import("x")`` stay a ``Call`` of the Name ``require`` / ``import``.
    """

    __slots__ = ("source", "names", "source_start", "source_end", "is_type", "level")
    fields = ("names",)

    def __init__(
        self, start: int, end: int, source: str, names: list[Node], source_start: int, source_end: int,
        is_type: bool = False, level: int = 0,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.source = source
        self.names = names
        self.source_start = source_start
        self.source_end = source_end
        self.is_type = is_type
        self.level = level


class ExportName(Node):
    """One entry of ``export { local as exported }``; with a source, ``local`` is the name there ("*" for all).

    ``is_type`` for ``export { type X }``, which leaves nothing at run time.
    """

    __slots__ = ("local", "exported", "is_type")

    def __init__(self, start: int, end: int, local: str, exported: str, is_type: bool = False) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.local = local
        self.exported = exported
        self.is_type = is_type


class Export(Node):
    """``export default value``, ``export declaration``, ``export { names }``, ``export { names } from "source"``.

    Exactly one of: ``value`` with ``is_default`` (an expression, Function or Class), ``value`` without it (the
    declaration statement), or ``names``. ``export * from "x"`` has one ExportName("*", "*").
    CommonJS ``module.exports = ...`` stays an Assign.
    """

    __slots__ = ("value", "is_default", "names", "source", "source_start", "source_end", "is_type")
    fields = ("value", "names")

    def __init__(
        self, start: int, end: int, value: Node | None, is_default: bool, names: list[Node],
        source: str | None = None, source_start: int = 0, source_end: int = 0, is_type: bool = False,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.value = value
        self.is_default = is_default
        self.names = names
        self.source = source
        self.source_start = source_start
        self.source_end = source_end
        self.is_type = is_type


class Param(Node):
    """A parameter. ``target`` is a Name or a pattern (Object, Array). ``rest`` is "" or "*" (JS ``...``) or "**".

    ``accessibility`` is set for TypeScript parameter properties ("private", "public", "protected", "readonly").
    ``keyword_only`` for Python parameters after ``*``.
    """

    __slots__ = ("target", "default", "annotation", "rest", "accessibility", "keyword_only")
    fields = ("target", "default")

    def __init__(
        self, start: int, end: int, target: Node, default: Node | None = None, annotation: str | None = None,
        rest: str = "", accessibility: str = "", keyword_only: bool = False,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.target = target
        self.default = default
        self.annotation = annotation
        self.rest = rest
        self.accessibility = accessibility
        self.keyword_only = keyword_only


class Function(Node):
    """Every function: declaration, expression, arrow, method, lambda.

    ``body`` is a Block, or an expression for arrows and lambdas that have no block, or None (overload, abstract).
    ``kind``: "function" (declaration, expression, Python def), "arrow", "method", "getter", "setter",
    "constructor", "lambda". ``name_start``/``name_end`` span the name (equal when there is none).
    Python methods are "method", and ``__init__`` is "constructor".
    """

    __slots__ = (
        "name", "name_start", "name_end", "params", "body", "kind", "is_async", "is_generator", "is_static",
        "decorators", "returns", "computed_key",
    )
    fields = ("decorators", "computed_key", "params", "body")

    def __init__(
        self, start: int, end: int, name: str, name_start: int, name_end: int, params: list[Node],
        body: Node | None, kind: str, is_async: bool = False, is_generator: bool = False, is_static: bool = False,
        decorators: list[Node] | None = None, returns: str | None = None, computed_key: Node | None = None,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.name = name
        self.name_start = name_start
        self.name_end = name_end
        self.params = params
        self.body = body
        self.kind = kind
        self.is_async = is_async
        self.is_generator = is_generator
        self.is_static = is_static
        self.decorators = decorators or []
        self.returns = returns
        self.computed_key = computed_key


class Field(Node):
    """A class field: ``name`` (with ``#`` when private), value, annotation."""

    __slots__ = ("name", "name_start", "name_end", "value", "annotation", "is_static", "computed_key")
    fields = ("computed_key", "value")

    def __init__(
        self, start: int, end: int, name: str, name_start: int, name_end: int, value: Node | None,
        annotation: str | None = None, is_static: bool = False, computed_key: Node | None = None,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.name = name
        self.name_start = name_start
        self.name_end = name_end
        self.value = value
        self.annotation = annotation
        self.is_static = is_static
        self.computed_key = computed_key


class Class(Node):
    """A class. ``bases`` are the expressions it extends; ``base_types`` their type arguments as text (or None);
    ``implements`` the TypeScript interfaces as text. ``members`` are Function, Field, or statements (Python, static
    blocks).
    """

    __slots__ = (
        "name",
        "name_start",
        "name_end",
        "bases",
        "base_types",
        "implements",
        "members",
        "decorators",
        "is_abstract",
    )
    fields = ("decorators", "bases", "members")

    def __init__(
        self, start: int, end: int, name: str, name_start: int, name_end: int, bases: list[Node],
        base_types: list[str | None], implements: list[str], members: list[Node],
        decorators: list[Node] | None = None, is_abstract: bool = False,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.name = name
        self.name_start = name_start
        self.name_end = name_end
        self.bases = bases
        self.base_types = base_types
        self.implements = implements
        self.members = members
        self.decorators = decorators or []
        self.is_abstract = is_abstract


class TypeDecl(Node):
    """``interface`` or ``type X = {...}`` with its members: name -> (annotation text, start, end of the name,
    optional).

    ``extends`` holds the other types it takes in (``extends A, B``; ``A & {...}``), as text. ``text`` is the right side
    of a type alias that is not an object type.
    """

    __slots__ = ("name", "members", "extends", "text", "optional")

    def __init__(
        self, start: int, end: int, name: str, members: dict[str, tuple[str, int, int]], extends: list[str],
        text: str, optional: frozenset[str] = frozenset(),
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.name = name
        self.members = members
        self.extends = extends
        self.text = text
        self.optional = optional


class Assign(Node):
    """A declaration or an assignment: ``target op value``.

    ``declare`` is "const", "let", "var", "using", "enum" (value: an Object) or "" for a plain assignment (always "" in
    Python, where the first one declares). ``op`` is "=", "+=", "||=", ... ``value`` is None for ``let x``, ``declare
    const X: KVNamespace`` (``ambient``) and ``x: int``. ``x++`` is ``x += Literal(1)``. ``const a = 1, b = 2`` makes
    two. As an expression (``a = b = c``, walrus) it is the same node.
    """

    __slots__ = ("target", "op", "value", "declare", "annotation", "ambient")
    fields = ("target", "value")

    def __init__(
        self, start: int, end: int, target: Node, op: str, value: Node | None, declare: str = "",
        annotation: str | None = None, ambient: bool = False,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.target = target
        self.op = op
        self.value = value
        self.declare = declare
        self.annotation = annotation
        self.ambient = ambient


class Keyword(Node):
    """A Python keyword argument."""

    __slots__ = ("name", "value")
    fields = ("value",)

    def __init__(self, start: int, end: int, name: str, value: Node) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.name = name
        self.value = value


class Call(Node):
    """A call; ``is_new`` for ``new X()``; ``types`` the type arguments as text ("" when none). Spread and Keyword
    may be among ``args``."""

    __slots__ = ("func", "args", "is_new", "optional", "types")
    fields = ("func", "args")

    def __init__(
        self, start: int, end: int, func: Node, args: list[Node], is_new: bool = False, optional: bool = False,
        types: str = "",
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.func = func
        self.args = args
        self.is_new = is_new
        self.optional = optional
        self.types = types


class Member(Node):
    """``obj.name`` (``index`` None) or ``obj[index]`` (``name`` set too when the index is a constant string)."""

    __slots__ = ("obj", "name", "name_start", "name_end", "index", "optional")
    fields = ("obj", "index")

    def __init__(
        self, start: int, end: int, obj: Node, name: str | None, name_start: int, name_end: int,
        index: Node | None = None, optional: bool = False,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.obj = obj
        self.name = name
        self.name_start = name_start
        self.name_end = name_end
        self.index = index
        self.optional = optional


class Name(Node):
    """An identifier, ``this`` (also Python's first method parameter stays its own name), ``super``."""

    __slots__ = ("id",)

    def __init__(self, start: int, end: int, id: str) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.id = id


class Literal(Node):
    """``kind``: "string", "number", "boolean", "null" (None), "bigint", "regex", "bytes". ``value`` is Python's own.

    Adjacent Python strings are one Literal. An integer too large or a broken escape keeps ``value`` as text.
    """

    __slots__ = ("value", "kind")

    def __init__(self, start: int, end: int, value: Any, kind: str) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.value = value
        self.kind = kind


class Template(Node):
    """A template literal or f-string: string Literals and expressions in turn. ``tag`` for tagged templates.

    A template without substitutions and without a tag is a Literal.
    """

    __slots__ = ("tag", "parts")
    fields = ("tag", "parts")

    def __init__(self, start: int, end: int, tag: Node | None, parts: list[Node]) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.tag = tag
        self.parts = parts


class Binary(Node):
    """``left op right``: arithmetic, comparison, logic ("&&", "||", "??"; Python's and/or are "&&"/"||"), "in",
    "instanceof", ",".

    Python chained comparisons nest in "&&". Python ``not in``/``is not``/``is`` are "not in", "!==", "===".
    """

    __slots__ = ("op", "left", "right")
    fields = ("left", "right")

    def __init__(self, start: int, end: int, op: str, left: Node, right: Node) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.op = op
        self.left = left
        self.right = right


class Unary(Node):
    """``op value``: "!", "-", "+", "~", "typeof", "void", "delete" (Python's not is "!")."""

    __slots__ = ("op", "value")
    fields = ("value",)

    def __init__(self, start: int, end: int, op: str, value: Node) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.op = op
        self.value = value


class Conditional(Node):
    """``test ? then : other``."""

    __slots__ = ("test", "then", "other")
    fields = ("test", "then", "other")

    def __init__(self, start: int, end: int, test: Node, then: Node, other: Node) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.test = test
        self.then = then
        self.other = other


class Cast(Node):
    """``value as T``, ``<T>value``, ``value satisfies T``, Python ``cast(T, value)`` stays a Call."""

    __slots__ = ("value", "annotation")
    fields = ("value",)

    def __init__(self, start: int, end: int, value: Node, annotation: str) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.value = value
        self.annotation = annotation


class Await(Node):
    """``await value`` (``for await`` is a Loop with ``is_async``)."""

    __slots__ = ("value",)
    fields = ("value",)

    def __init__(self, start: int, end: int, value: Node) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.value = value


class Yield(Node):
    """``yield value``, ``yield* value``."""

    __slots__ = ("value",)
    fields = ("value",)

    def __init__(self, start: int, end: int, value: Node | None) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.value = value


class Return(Node):
    """``return value``."""

    __slots__ = ("value",)
    fields = ("value",)

    def __init__(self, start: int, end: int, value: Node | None) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.value = value


class Throw(Node):
    """``throw value`` and ``raise value``."""

    __slots__ = ("value",)
    fields = ("value",)

    def __init__(self, start: int, end: int, value: Node | None) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.value = value


class Jump(Node):
    """``break`` or ``continue``."""

    __slots__ = ("kind",)

    def __init__(self, start: int, end: int, kind: str) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.kind = kind


class If(Node):
    """``if``. A single statement without braces is a Block of one; ``else if`` is an If inside ``other``'s Block."""

    __slots__ = ("test", "then", "other")
    fields = ("test", "then", "other")

    def __init__(self, start: int, end: int, test: Node, then: Block, other: Block | None) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.test = test
        self.then = then
        self.other = other


class Case(Node):
    """A case of a Switch; ``tests`` is empty for ``default`` and ``case _``."""

    __slots__ = ("tests", "body")
    fields = ("tests", "body")

    def __init__(self, start: int, end: int, tests: list[Node], body: Block) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.tests = tests
        self.body = body


class Switch(Node):
    """``switch`` and Python ``match``."""

    __slots__ = ("subject", "cases")
    fields = ("subject", "cases")

    def __init__(self, start: int, end: int, subject: Node, cases: list[Node]) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.subject = subject
        self.cases = cases


class Loop(Node):
    """``kind``: "for" (init/test/update), "of", "in", "while", "do"; Python ``for`` is "of".

    ``target`` is the loop variable of "of" and "in" (an Assign with ``declare`` and no value in JS, else the pattern),
    ``iterable`` what it runs over. ``init``/``test``/``update`` as in C. ``is_async`` for ``for await`` and ``async
    for``.
    """

    __slots__ = ("kind", "target", "iterable", "init", "test", "update", "body", "other", "is_async")
    fields = ("target", "iterable", "init", "test", "update", "body", "other")

    def __init__(
        self, start: int, end: int, kind: str, body: Block, target: Node | None = None, iterable: Node | None = None,
        init: Node | None = None, test: Node | None = None, update: Node | None = None, other: Block | None = None,
        is_async: bool = False,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.kind = kind
        self.target = target
        self.iterable = iterable
        self.init = init
        self.test = test
        self.update = update
        self.body = body
        self.other = other
        self.is_async = is_async


class Comprehension(Node):
    """Python ``[element for target in iterable if test]``; ``kind`` "list", "set", "dict" (element: a Property),
    "generator".

    ``clauses`` are Loops of kind "of" whose body holds the tests as ExprStmts.
    """

    __slots__ = ("kind", "element", "clauses")
    fields = ("clauses", "element")

    def __init__(self, start: int, end: int, kind: str, element: Node, clauses: list[Node]) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.kind = kind
        self.element = element
        self.clauses = clauses


class Catch(Node):
    """``catch (target)`` and ``except types as target``."""

    __slots__ = ("types", "target", "body")
    fields = ("types", "target", "body")

    def __init__(self, start: int, end: int, types: Node | None, target: Node | None, body: Block) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.types = types
        self.target = target
        self.body = body


class Try(Node):
    """``try``; ``other`` is Python's else."""

    __slots__ = ("body", "handlers", "other", "final")
    fields = ("body", "handlers", "other", "final")

    def __init__(
        self, start: int, end: int, body: Block, handlers: list[Node], other: Block | None, final: Block | None
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.body = body
        self.handlers = handlers
        self.other = other
        self.final = final


class With(Node):
    """Python ``with``: ``items`` are expressions, or Assigns for ``expr as target``."""

    __slots__ = ("items", "body", "is_async")
    fields = ("items", "body")

    def __init__(self, start: int, end: int, items: list[Node], body: Block, is_async: bool = False) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.items = items
        self.body = body
        self.is_async = is_async


class Property(Node):
    """``key: value`` of an Object. ``key`` is None when computed and not constant; ``key_node`` then has the
    expression.

    In a pattern, ``value`` is the target, or an Assign (op "=") of target and default. Methods have a Function as
    value.
    """

    __slots__ = ("key", "key_start", "key_end", "key_node", "value", "shorthand")
    fields = ("key_node", "value")

    def __init__(
        self, start: int, end: int, key: str | None, key_start: int, key_end: int, value: Node,
        key_node: Node | None = None, shorthand: bool = False,
    ) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.key = key
        self.key_start = key_start
        self.key_end = key_end
        self.key_node = key_node
        self.value = value
        self.shorthand = shorthand


class Object(Node):
    """An object literal, an object pattern, a Python dict. ``props`` are Property and Spread."""

    __slots__ = ("props",)
    fields = ("props",)

    def __init__(self, start: int, end: int, props: list[Node]) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.props = props


class Array(Node):
    """An array literal or pattern; Python list, tuple, set (``kind``). Holes are Literal null."""

    __slots__ = ("items", "kind")
    fields = ("items",)

    def __init__(self, start: int, end: int, items: list[Node], kind: str = "list") -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.items = items
        self.kind = kind


class Spread(Node):
    """``...value``, ``*value``, ``**value``."""

    __slots__ = ("value",)
    fields = ("value",)

    def __init__(self, start: int, end: int, value: Node) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.value = value


class Unknown(Node):
    """What a front-end does not understand (or has no use for: JSX). ``items`` are the nodes found inside.

    ``what`` is the parser's own name of it; ``is_error`` when the source did not parse here.
    """

    __slots__ = ("items", "what", "is_error")
    fields = ("items",)

    def __init__(self, start: int, end: int, items: list[Node], what: str, is_error: bool = False) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.items = items
        self.what = what
        self.is_error = is_error


class Comment:
    """One comment: its byte span with its marks, and its text without them."""

    __slots__ = ("start", "end", "text")

    def __init__(self, start: int, end: int, text: str) -> None:
        self.start = start
        self.end = end
        self.text = text


class Parsed:
    """What a front-end gives for one file: the module, its comments, and the regions that did not parse.

    ``errors`` are (start, end, message). A file that could not be parsed at all has an empty module and one error.
    ``language``: "javascript", "typescript" or "python". Script blocks of a host file are joined in one module.
    """

    __slots__ = ("path", "language", "module", "comments", "errors")

    def __init__(
        self, path: str, language: str, module: Module, comments: list[Comment], errors: list[tuple[int, int, str]]
    ) -> None:
        self.path = path
        self.language = language
        self.module = module
        self.comments = comments
        self.errors = errors


def link(module: Module) -> None:
    """Set ``parent`` on every node below ``module``. Iterative: depth of the source is no limit."""
    stack: list[Node] = [module]
    while stack:
        node = stack.pop()
        for child in node.children():
            child.parent = node
            stack.append(child)


def walk(node: Node) -> Iterator[Node]:
    """``node`` and all below it, in source order (pre-order)."""
    stack: list[Node] = [node]
    pop, push, extend = stack.pop, stack.append, stack.extend
    while stack:
        top = pop()
        yield top
        for name in reversed(top.fields):
            value = getattr(top, name)
            if value is None:
                continue
            if value.__class__ is list:
                extend(reversed(value))
            else:
                push(value)


def walk_function(node: Node) -> Iterator[Node]:
    """Like ``walk``, without going into functions and classes nested below ``node``."""
    stack: list[Node] = [node]
    pop, push, extend = stack.pop, stack.append, stack.extend
    while stack:
        top = pop()
        yield top
        cls = top.__class__
        if top is not node and (cls is Function or cls is Class):
            continue
        for name in reversed(cls.fields):
            value = getattr(top, name)
            if value is None:
                continue
            if value.__class__ is list:
                extend(reversed(value))
            else:
                push(value)


def ancestors(node: Node) -> Iterator[Node]:
    """The parents of ``node``, nearest first."""
    at = node.parent
    while at is not None:
        yield at
        at = at.parent


def enclosing_function(node: Node) -> Function | None:
    """The nearest function around ``node``."""
    for parent in ancestors(node):
        if isinstance(parent, Function):
            return parent
    return None


def enclosing_class(node: Node) -> Class | None:
    """The nearest class around ``node``."""
    for parent in ancestors(node):
        if isinstance(parent, Class):
            return parent
    return None
