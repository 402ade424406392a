"""Holes of values: what the evaluator says of an expression that text is made of, once there is nothing more to take
apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from edgelint.project.atoms import Arr, Const, External, ListOf, Number, Pair, Plat, SafeText, Taint, Unknown, Value
from edgelint.project.evaluate import Evaluator
from edgelint.project.files import SourceFile
from edgelint.project.frames import Frame
from edgelint.project.origins import Question, origins
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

MAX_NODES = 4000  # looked at for one text: bounds the time on generated code
_CATALOG = re.compile(r"\bsqlite_(?:master|schema)\b|\bpragma[_ ]", re.IGNORECASE)


class Hole(NamedTuple):
    """Something not constant in a text.

    ``node`` in ``file`` is the glued operand; ``leaf`` what it goes back to. ``what``: "request", "message", "event"
    (whoever sends it decides), "number" (may be NaN, cannot inject), "param" (a parameter whose calls are not known),
    "stored", "validated", "library" (what a package's function gave), "unknown". ``glued`` is False when the whole
    text is this value (nothing was put together).
    """

    file: SourceFile
    node: Node
    leaf_file: SourceFile
    leaf: Node
    what: str
    glued: bool


class At(NamedTuple):
    """Where an expression stands, and the way to it.

    ``glue`` in ``glue_file`` is the operand it came through, None as long as nothing was put together; ``items``: it
    is an array, and its items are what is asked for.
    """

    file: SourceFile
    frame: Frame | None
    glue: Node | None
    glue_file: SourceFile
    items: bool = False

    def through(self, glue: Node) -> At:
        """The same place, its text coming through the operand ``glue``."""
        return self._replace(glue=glue, glue_file=self.file, items=False)

    def moved(self, file: SourceFile, frame: Frame | None) -> At:
        """Another place on the same way."""
        return self._replace(file=file, frame=frame)


class Values:
    """Holes of values, over an evaluator. Other parts of the descent build on it."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self.budget = MAX_NODES
        self.parts: set[int] = set()  # operands that are values, whatever they are put together from

    def descend(self, node: Node, at: At) -> Iterator[Hole]:
        """Holes of ``node``."""
        raise NotImplementedError

    def hole(self, node: Node, at: At, what: str) -> Hole:
        if at.glue is None:
            return Hole(at.file, node, at.file, node, what, False)
        return Hole(at.glue_file, at.glue, at.file, node, what, True)

    def leaf(self, node: Node, at: At) -> Iterator[Hole]:
        """Holes of an expression that is not taken apart."""
        yield from self.judge(self.e.evaluate(node, at.file, at.frame), node, at)

    def judge(self, value: Value, node: Node, at: At) -> Iterator[Hole]:
        """Holes of a value that ``node`` has."""
        for what in sorted(self.verdicts(value, at.frame, 0)):
            yield self.hole(node, at, what)

    def verdicts(self, value: Value, frame: Frame | None, depth: int) -> set[str]:
        found: set[str] = set()
        for atom in value:
            if isinstance(atom, Const | SafeText) or (isinstance(atom, Plat) and atom.type in ("var", "secret")):
                continue  # constant, at the latest when the worker is deployed
            if isinstance(atom, Number):
                if atom.nan and atom.tainted:
                    found.add("number")
            elif isinstance(atom, Taint):
                found.add(atom.source)
            elif isinstance(atom, ListOf | Arr | Pair) and depth < 4:
                found |= self.verdicts(self.e.elements(frozenset({atom}), frame), frame, depth + 1)
            elif isinstance(atom, Unknown):
                if atom.reason != "tagged" and not self.is_catalog(atom):
                    found.add(atom.reason if atom.reason in ("param", "stored", "validated") else "unknown")
            elif isinstance(atom, Plat) and atom.tainted:
                found.add("request")
            elif isinstance(atom, External) and ("`" in atom.path or atom.path.endswith(")")):
                found.add("library")
            else:
                found.add("unknown")
        return found

    def is_catalog(self, atom: Unknown) -> bool:
        """Whether it was read from SQLite's own catalogue: the names that the schema gave its tables and columns."""
        read = atom.node
        if atom.reason != "stored" or not isinstance(read, tree.Call) or not isinstance(read.func, tree.Member):
            return False
        file = self.e.parameters.file_of(read)
        if file is None:
            return False
        receiver = self.e.evaluate(read.func.obj, file)
        made = [a.origin for a in receiver if isinstance(a, Plat) and isinstance(a.origin, tree.Call)]
        return any(
            isinstance(a, Const) and _CATALOG.search(str(a.value)) is not None
            for call in (*made, read) if isinstance(call, tree.Call) and call.args
            for a in self.e.evaluate(call.args[0], self.e.parameters.file_of(call) or file)
        )

    # -- numbers -----------------------------------------------------------------------------------------------------

    def is_number(self, node: Node, at: At) -> bool:
        """Whether ``node`` is a number whatever happens: its text cannot change a statement."""
        if isinstance(node, tree.Template | tree.Array | tree.Object | tree.Function):
            return False
        value = self.e.evaluate(node, at.file, at.frame)
        return bool(value) and all(
            isinstance(a, Number) or (isinstance(a, Const) and a.kind in ("number", "boolean")) for a in value
        )

    def number(self, node: Node, at: At) -> Iterator[Hole]:
        """A number is a hole only where it may be NaN: that is the one number whose text is a name."""
        for origin in origins(node, at.file, self.e, Question.NAN, at.frame, at.items):
            yield self.hole(origin.node, at.moved(origin.file, None), "number")
