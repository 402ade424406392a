"""The common tree: what every front-end lowers its own tree to, so that no check ever sees a parser.

``start`` and ``end`` are byte offsets into the file that holds the code (for a script block, the host file).
``parent`` is set by ``link``. Parentheses and TypeScript's ``!`` leave no node; ``as`` and ``satisfies`` leave a
``Cast``. Type annotations stay text. What a front-end does not understand becomes ``Unknown`` with the nodes inside it
as ``items``: the walk goes on, and no rule takes a fact from the part that was not understood.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.syntax.tree_expressions import (
    Array,
    Await,
    Binary,
    Call,
    Cast,
    Comprehension,
    Conditional,
    Keyword,
    Literal,
    Member,
    Name,
    Node,
    Object,
    Property,
    Spread,
    Template,
    Unary,
    Unknown,
    Yield,
)
from edgelint.syntax.tree_statements import (
    Block,
    Case,
    Catch,
    ExprStmt,
    If,
    Jump,
    Loop,
    Return,
    Switch,
    Throw,
    Try,
    With,
)

__all__ = [
    "Array", "Assign", "Await", "Binary", "Block", "Call", "Case", "Cast", "Catch", "Class", "Comment",
    "Comprehension", "Conditional", "Export", "ExportName", "ExprStmt", "Field", "Function", "If", "Import",
    "ImportName", "Jump", "Keyword", "Literal", "Loop", "Member", "Module", "Name", "Node", "Object", "Param",
    "Parsed", "Property", "Return", "Spread", "Switch", "Template", "Throw", "Try", "TypeDecl", "Unary", "Unknown",
    "With", "Yield", "ancestors", "enclosing_class", "enclosing_function", "link", "walk", "walk_function",
]


class Module(Node):
    """One file, or one script block of a host file."""

    __slots__ = ("body",)
    fields = ("body",)

    def __init__(self, start: int, end: int, body: list[Node]) -> None:
        self.start = start
        self.end = end
        self.parent = None
        self.body = body


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
        for name in top.backwards:
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
        for name in cls.backwards:
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
    at = node.parent
    while at is not None and at.__class__ is not Function:
        at = at.parent
    return at


def enclosing_class(node: Node) -> Class | None:
    """The nearest class around ``node``."""
    at = node.parent
    while at is not None and at.__class__ is not Class:
        at = at.parent
    return at
