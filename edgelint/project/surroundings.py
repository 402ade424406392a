"""Where a function runs in the end: in a Durable Object, in a worker's handler, or it is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.roles import implemented_kind, looks_like_durable_object
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

OBJECT, WORKER = "object", "worker"
MAX_FUNCTIONS = 200  # functions looked at for one answer


class Surroundings:
    """Climbs from a function to those that call it, and from a method to those that make its class."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.e = evaluator
        self._known: dict[tree.Function, frozenset[str]] = {}

    def only_in_objects(self, function: tree.Function, file: SourceFile) -> bool:
        """Whether every known way to ``function`` begins in a Durable Object, and there is one."""
        return self.of(function, file) == {OBJECT}

    def of(self, function: tree.Function, file: SourceFile) -> frozenset[str]:
        """Some of OBJECT and WORKER; empty when no way to ``function`` is known."""
        found = self._known.get(function)
        if found is None:
            found = self._known[function] = self.climb(function, file)
        return found

    def climb(self, function: tree.Function, file: SourceFile) -> frozenset[str]:
        found: set[str] = set()
        seen = {function}
        queue = [(function, file)]
        for at, home in queue:
            root = self.root(at, home)
            if root is not None:
                found.add(root)
                continue
            for other, other_file in self.above(at, home):
                if other not in seen and len(seen) < MAX_FUNCTIONS:
                    seen.add(other)
                    queue.append((other, other_file))
        return frozenset(found)

    def root(self, function: tree.Function, file: SourceFile) -> str | None:
        """What the runtime calls ``function`` as, when it does."""
        klass = function.parent
        if isinstance(klass, tree.Block):
            klass = klass.parent
        if isinstance(klass, tree.Class):
            kind = self.e.graph.class_kind(klass, file, self.e) or implemented_kind(klass)
            if kind is None and looks_like_durable_object(klass):
                kind = "durable-object"
            return None if kind is None else OBJECT if kind == "durable-object" else WORKER
        return WORKER if self.e.parameters.roles.value(function, 0, file) is not None else None

    def above(self, function: tree.Function, file: SourceFile) -> list[tuple[tree.Function, SourceFile]]:
        """The functions that call ``function``, or hold it, or make the class that it is a method of."""
        found = []
        outer = tree.enclosing_function(function)
        if outer is not None:
            found.append((outer, file))
        calls = [(other, call) for other, call, _ in self.e.parameters.callers(function)]
        if isinstance(function.parent, tree.Class) and function.parent.name:
            calls += [
                (other, call) for other, call in self.e.parameters.calls.named(function.parent.name) if call.is_new
            ]
        for other, call in calls:
            caller = tree.enclosing_function(call)
            if caller is not None:
                found.append((caller, other))
        return found
