"""Classes of which a module holds the only instances, so that every request is served by the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgelint.project.atoms import ClassRef
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.project import Project


class SharedInstances:
    """Answers about the classes of a project, found on the first question."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._shared: set[tree.Class] | None = None

    def has(self, node: tree.Class) -> bool:
        """Whether instances of ``node`` are made at module scope and nowhere else."""
        if self._shared is None:
            self._shared = self._find()
        return node in self._shared

    def _find(self) -> set[tree.Class]:
        at_module: set[tree.Class] = set()
        elsewhere: set[tree.Class] = set()
        names = {node.name for file in self._project.files.values() for node in file.index.classes}
        for file in self._project.files.values():
            local = names | {
                name.local for found in file.index.imports for name in found.names if isinstance(name, tree.ImportName)
            }
            for called in local & file.index.calls.keys():
                for call in file.index.calls[called]:
                    if call.is_new or file.index.python:
                        kept = tree.enclosing_function(call) is None and _is_held(call)
                        for atom in self._project.evaluator.evaluate(call.func, file):
                            if isinstance(atom, ClassRef):
                                (at_module if kept else elsewhere).add(atom.node)
        return at_module - elsewhere


def _is_held(call: tree.Call) -> bool:
    """Whether a variable of the module, an export or a static field holds what is made."""
    at: tree.Node = call
    while isinstance(at.parent, tree.Cast):
        at = at.parent
    parent = at.parent
    return isinstance(parent, tree.Assign | tree.Export) or (isinstance(parent, tree.Field) and parent.is_static)
