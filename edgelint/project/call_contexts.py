"""The contexts a call runs in: where it stands, and the calls of the functions around it, one inside the other.

A helper that holds a ``put`` is looked at as it is called: its parameters are its caller's arguments. ``contexts``
starts with the call itself (no frame) and climbs through the known callers, nearest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.project.atoms import Func
from edgelint.project.derivation import Place
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile
    from edgelint.project.frames import Frame

_LEVELS = 3  # callers of callers of callers
_MOST = 60  # contexts of one call: a helper that everything uses


class Context(NamedTuple):
    """One way in which a call is reached.

    ``frame`` is the frame of the function that holds the call (None: as it stands). ``chain`` has the call itself and
    then the calls that lead to it, from inside to outside, each in its own frame; the last one is the ``site``.
    """

    frame: Frame | None
    chain: tuple[Place, ...]

    @property
    def site(self) -> Place:
        return self.chain[-1]

    @property
    def level(self) -> int:
        """How many calls lead to it."""
        return len(self.chain) - 1


def contexts(node: Node, file: SourceFile, evaluator: Evaluator) -> Iterator[Context]:
    """The contexts of the call ``node``, nearest first."""
    links: list[tuple[_Link, ...]] = [()]
    yield Context(None, (Place(node, file, None),))
    count = 1
    for _ in range(_LEVELS):
        further: list[tuple[_Link, ...]] = []
        for chain in links:
            at, where = (chain[-1].call, chain[-1].file) if chain else (node, file)
            for function in functions_around(at):
                if any(link.function is function for link in chain):
                    continue
                for caller_file, call, _ in evaluator.parameters.callers(function):
                    longer = (*chain, _Link(function, where, call, caller_file))
                    context = _context(node, file, longer, evaluator)
                    if context is None:
                        continue
                    further.append(longer)
                    yield context
                    count += 1
                    if count >= _MOST:
                        return
        links = further


def functions_around(node: Node) -> Iterator[tree.Function]:
    """The functions ``node`` stands in, innermost first."""
    for parent in tree.ancestors(node):
        if isinstance(parent, tree.Function):
            yield parent


class _Link(NamedTuple):
    function: tree.Function
    function_file: SourceFile
    call: tree.Call
    file: SourceFile


def _context(node: Node, file: SourceFile, links: tuple[_Link, ...], evaluator: Evaluator) -> Context | None:
    """The frames of ``links`` (from inside to outside), made from outside to inside."""
    frame: Frame | None = None
    places: list[Place] = []
    for link in reversed(links):
        places.append(Place(link.call, link.file, frame))
        func = _called(link, frame, evaluator)
        frame = evaluator.call_values.frame(func, link.call, link.file, frame)
        if frame is None:
            return None
    places.append(Place(node, file, frame))
    return Context(frame, tuple(reversed(places)))


def _called(link: _Link, frame: Frame | None, evaluator: Evaluator) -> Func:
    for atom in evaluator.evaluate(link.call.func, link.file, frame):
        if isinstance(atom, Func) and atom.node is link.function:
            return atom
    return Func(link.function, link.function_file)
