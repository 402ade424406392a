"""The common tree's statements, but for declarations. ``edgelint.syntax.tree`` has them all."""

from __future__ import annotations

from edgelint.syntax.tree_expressions import Node


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
