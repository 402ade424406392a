"""The common tree's expressions, and the node they are. ``edgelint.syntax.tree`` has them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar


class Node:
    """A node. ``fields`` names the slots that hold a Node, a list of Nodes, or None, in source order."""

    __slots__ = ("start", "end", "parent")
    fields: ClassVar[tuple[str, ...]] = ()
    backwards: ClassVar[tuple[str, ...]] = ()
    """``fields``, the last first: the order in which they go on a stack."""

    def __init_subclass__(cls) -> None:
        cls.backwards = cls.fields[::-1]

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
