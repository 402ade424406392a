"""What runs when a worker starts: module scope, and the functions that module scope calls.

Only what is certain to run is told: not what stands under a test of unknown outcome, after one that may leave, or in a
``try`` that catches. Callbacks run at once only where the callee is known to call them at once (``map``, ``new
Promise``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.atoms import ClassRef, Func
from edgelint.project.flow import leaves
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

MAX_DEPTH = 150  # nodes inside nodes, calls looked into among them
CALL_DEPTH = 25  # what a call adds to that depth: six calls, one inside the other
_AT_ONCE = frozenset({
    "map", "flatMap", "forEach", "filter", "reduce", "reduceRight", "some", "every", "find", "findIndex", "sort",
    "toSorted", "from", "replace",
    "replaceAll", "Promise", "fromEntries", "transactionSync",
})


class Step(NamedTuple):
    """A Name or Call that runs at start. ``call`` is the call at module scope that leads to it; None when it stands
    there itself."""

    node: tree.Name | tree.Call
    file: SourceFile
    call: tuple[tree.Call, SourceFile] | None


class Startup:
    """What runs when a file is loaded; each file is walked once."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._steps: dict[str, list[Step]] = {}

    def steps(self, file: SourceFile) -> list[Step]:
        """Every name and call that is certain to run when ``file`` is loaded (what it imports is not looked at)."""
        found = self._steps.get(file.path)
        if found is None:
            walk = _Walk(self._evaluator)
            walk.statements(file.module.body, file, None, 0)
            found = self._steps[file.path] = walk.steps
        return found


class _Walk:
    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.steps: list[Step] = []
        self.entered: set[Node] = set()

    def statements(
        self, body: list[Node], file: SourceFile, call: tuple[tree.Call, SourceFile] | None, depth: int
    ) -> None:
        """The statements of a block, until one that leaves, or may."""
        for statement in body:
            self.run(statement, file, call, depth)
            if _may_leave(statement, file):
                return

    def run(self, node: Node, file: SourceFile, call: tuple[tree.Call, SourceFile] | None, depth: int) -> None:
        if isinstance(node, tree.Block):
            self.statements(node.body, file, call, depth + 1)
            return
        if isinstance(node, tree.Name | tree.Call):
            self.steps.append(Step(node, file, call))
        if depth > MAX_DEPTH:
            return
        for child in _parts(node, file):
            self.run(child, file, call, depth + 1)
        if isinstance(node, tree.Call):
            self.enter(node, file, call, depth)

    def enter(self, node: tree.Call, file: SourceFile, call: tuple[tree.Call, SourceFile] | None, depth: int) -> None:
        """Go into what the call ``node`` runs."""
        for body, owner, inline in self.bodies(node, file):
            if body not in self.entered:
                self.entered.add(body)
                self.run(body, owner, call if inline else call or (node, file), depth + CALL_DEPTH)

    def bodies(self, node: tree.Call, file: SourceFile) -> Iterator[tuple[Node, SourceFile, bool]]:
        """The bodies that ``node`` runs, with their file, and whether they stand in the call itself."""
        func = node.func
        while isinstance(func, tree.Cast):
            func = func.value
        if isinstance(func, tree.Function):
            if func.body is not None and not func.is_generator:
                yield func.body, file, True
            return
        name = func.name if isinstance(func, tree.Member) else func.id if isinstance(func, tree.Name) else None
        if name in _AT_ONCE:
            yield from (
                (arg.body, file, True) for arg in node.args if isinstance(arg, tree.Function) and arg.body is not None
            )
        values = self.evaluator.evaluate(func, file)
        if len(values) != 1:
            return
        (atom,) = values
        if isinstance(atom, Func) and atom.node.body is not None and not atom.node.is_generator:
            yield atom.node.body, atom.file, False
        elif isinstance(atom, ClassRef):
            for member in atom.node.members:
                if isinstance(member, tree.Function) and member.kind == "constructor" and member.body is not None:
                    yield member.body, atom.file, False
                elif (
                    isinstance(member, tree.Field)
                    and not member.is_static
                    and member.value is not None
                    and not atom.file.index.python
                ):
                    yield member.value, atom.file, False


def _parts(node: Node, file: SourceFile) -> Iterator[Node]:
    """The children of ``node`` that are certain to run with it."""
    python = file.language == "python"
    if isinstance(node, tree.Function):
        yield from node.decorators
        if node.computed_key is not None:
            yield node.computed_key
        if python:
            yield from (p.default for p in node.params if isinstance(p, tree.Param) and p.default is not None)
    elif isinstance(node, tree.Field):
        if (node.is_static or python) and node.value is not None:
            yield node.value
    elif isinstance(node, tree.If | tree.Conditional):
        yield node.test
        holds = truth(node.test, file)
        branch = None if holds is None else node.then if holds else node.other
        if branch is not None:
            yield branch
    elif isinstance(node, tree.Binary) and node.op in ("&&", "||", "??"):
        yield node.left
        known = truth(node.left, file)
        if known is not None and known is (node.op == "&&"):
            yield node.right
    elif isinstance(node, tree.Unary) and node.op == "typeof":
        return
    elif isinstance(node, tree.Try):
        if not node.handlers:
            yield node.body
        if node.final is not None:
            yield node.final
    elif isinstance(node, tree.Switch):
        yield node.subject
    elif isinstance(node, tree.Loop):
        yield from (part for part in (node.iterable, node.init, node.test) if part is not None)
        if node.kind in ("for", "of"):
            yield node.body
    elif isinstance(node, tree.Assign):
        if not isinstance(node.target, tree.Name):
            yield node.target
        if node.value is not None:
            yield node.value
    elif isinstance(node, tree.Comprehension):
        yield from node.children() if node.kind != "generator" else ()
    elif not isinstance(node, tree.Import):
        yield from node.children()


def _may_leave(statement: Node, file: SourceFile) -> bool:
    """Whether what follows ``statement`` in its block is not certain to run."""
    if isinstance(statement, tree.If):
        holds = truth(statement.test, file)
        if holds is None:
            return any(isinstance(node, tree.Return | tree.Throw | tree.Jump) for node in tree.walk_function(statement))
        return leaves(statement.then if holds else statement.other)
    if isinstance(statement, tree.Switch | tree.Try | tree.Loop):
        return any(isinstance(node, tree.Return) for node in tree.walk_function(statement))
    return leaves(statement)


def truth(test: Node, file: SourceFile) -> bool | None:
    """What ``test`` gives when a worker starts, None when that is not known: literals, and variables that nothing has
    filled yet."""
    while isinstance(test, tree.Cast):
        test = test.value
    if isinstance(test, tree.Literal):
        return bool(test.value)
    if isinstance(test, tree.Unary) and test.op == "!":
        inner = truth(test.value, file)
        return None if inner is None else not inner
    if isinstance(test, tree.Binary) and test.op in ("===", "==", "!==", "!="):
        sides = (test.left, test.right)
        if any(_is_nothing(side) for side in sides) and any(_is_empty_at_start(side, file) for side in sides):
            return test.op in ("===", "==")
        return None
    if isinstance(test, tree.Binary) and test.op in ("&&", "||"):
        left, right = truth(test.left, file), truth(test.right, file)
        decisive = test.op == "||"
        if left is decisive or right is decisive:
            return decisive
        return None if left is None or right is None else not decisive
    return False if _is_empty_at_start(test, file) else None


def _is_nothing(node: Node) -> bool:
    return (isinstance(node, tree.Literal) and node.kind == "null") or (
        isinstance(node, tree.Name) and node.id in ("undefined", "None")
    )


def _is_empty_at_start(node: Node, file: SourceFile) -> bool:
    """Whether ``node`` is a variable of the module that begins empty (``let client;``, ``let ready = false``)."""
    if not isinstance(node, tree.Name):
        return False
    symbol = file.index.resolve(node)
    if symbol is None or symbol.scope is not file.index.root or symbol.ambient or not symbol.defs:
        return False
    first = min(symbol.defs, key=lambda d: d.at.start)
    if first.kind != "value" or first.path or tree.enclosing_function(first.at) is not None:
        return False
    if any(tree.enclosing_function(d.at) is None for d in symbol.defs if d is not first):
        return False  # filled at module scope
    value = first.node
    return value is None or _is_nothing(value) or (isinstance(value, tree.Literal) and not value.value)
