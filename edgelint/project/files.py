"""One source file of the project: its bytes, its common tree, and its index, each made once."""

from __future__ import annotations

from edgelint.diagnostics import Span
from edgelint.project.scopes import FileIndex
from edgelint.source import Source
from edgelint.syntax import tree


class SourceFile:
    """A source file that was read. ``index`` sets the parents of the tree and is made when first asked for."""

    __slots__ = ("path", "source", "parsed", "language", "is_test", "_index", "resolved")

    def __init__(self, path: str, source: Source, parsed: tree.Parsed, is_test: bool = False) -> None:
        self.path = path
        self.source = source
        self.parsed = parsed
        self.language = parsed.language
        self.is_test = is_test
        self._index: FileIndex | None = None
        self.resolved: dict[str, str | None] = {}

    @property
    def index(self) -> FileIndex:
        if self._index is None:
            self._index = FileIndex(self.parsed.module, self.language == "python")
        return self._index

    @property
    def module(self) -> tree.Module:
        return self.parsed.module

    def span(self, node: tree.Node) -> Span:
        """The span of a node of this file."""
        return Span(self.path, node.start, node.end)

    def text(self, node: tree.Node) -> str:
        """The source text of a node."""
        return self.source.slice(node.start, node.end)

    def __repr__(self) -> str:
        return f"SourceFile({self.path})"
