"""One file in memory, for tests that ask many small questions: nothing is written or read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, TypeVar

from edgelint.project.atoms import Value
from edgelint.project.evaluate import Evaluator
from edgelint.project.files import SourceFile
from edgelint.project.modules import ModuleGraph
from edgelint.project.packages import Packages
from edgelint.source import Source
from edgelint.syntax import tree
from edgelint.syntax.parse import parse_file

N = TypeVar("N", bound=tree.Node)


class Code(NamedTuple):
    """A file that stands alone, and an evaluator over it."""

    file: SourceFile
    evaluator: Evaluator

    def value(self, name: str = "result") -> Value:
        """What the last assignment to ``name`` assigns."""
        found = [a for a in self.nodes(tree.Assign) if isinstance(a.target, tree.Name) and a.target.id == name]
        assert found[-1].value is not None
        return self.evaluator.evaluate(found[-1].value, self.file)

    def nodes(self, kind: type[N]) -> list[N]:
        """Every node of a class, in source order."""
        return sorted((n for n in tree.walk(self.file.module) if isinstance(n, kind)), key=lambda n: (n.start, -n.end))

    def call(self, name: str, position: int = 0) -> tree.Call:
        """A call of something of this name, by its position among them."""
        return sorted(self.file.index.calls[name], key=lambda call: call.start)[position]

    def names(self, name: str) -> list[tree.Name]:
        """Every Name of this text, in source order."""
        return sorted(self.file.index.names.get(name, []), key=lambda node: node.start)

    def text(self, node: tree.Node) -> str:
        """The source text of a node."""
        return self.file.text(node)

    def function(self, name: str) -> tree.Function:
        """The function of this name."""
        (found,) = [f for f in self.file.index.functions if f.name == name]
        return found


def code(text: str, path: str = "a.ts") -> Code:
    """``text`` as the only file of a project: TypeScript, or Python by the ending of ``path``."""
    source = Source(path, text.encode())
    file = SourceFile(path, source, parse_file(path, source))
    files = {path: file}
    root = Path("/nowhere")
    evaluator = Evaluator(files, ModuleGraph(root, files, Packages(root, [], [])), lambda file, name: None)
    assert file.index.module is file.module
    return Code(file, evaluator)
