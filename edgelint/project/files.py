"""One source file of the project: its bytes, its common tree, and its index, each made once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from edgelint.diagnostics import Span
from edgelint.project.scopes import FileIndex
from edgelint.source import Source
from edgelint.syntax import tree

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_BINARY", 0)


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

    @property
    def directives(self) -> Iterator[str]:
        """What the module says before anything else: "use strict", "use client", "use server"."""
        for statement in self.parsed.module.body:
            said = statement.value if isinstance(statement, tree.ExprStmt) else None
            if not isinstance(said, tree.Literal) or not isinstance(said.value, str):
                return
            yield said.value

    def span(self, node: tree.Node) -> Span:
        """The span of a node of this file."""
        return Span(self.path, node.start, node.end)

    def text(self, node: tree.Node) -> str:
        """The source text of a node."""
        return self.source.slice(node.start, node.end)

    def __repr__(self) -> str:
        return f"SourceFile({self.path})"


def read_bytes(root: Path, path: str, limit: int | None = None) -> bytes | None:
    """The bytes of a file inside the root; None when it cannot be read or leads outside. ``limit``: so many will do."""
    full = os.path.join(root, path)
    try:
        handle = os.open(full, _READ)
    except OSError:  # a link, where links can be told in opening
        return _read_linked(root, full)
    try:
        return _read(handle, limit) if _NO_FOLLOW else _read_linked(root, full)
    except OSError:
        return None
    finally:
        os.close(handle)


def _read(handle: int, limit: int | None) -> bytes:
    """An open file, in half the calls to the system that a buffered stream makes."""
    size = os.fstat(handle).st_size
    if limit is not None and limit < size:
        return os.read(handle, limit)
    data = os.read(handle, size + 1)
    while len(data) != size and (more := os.read(handle, 1 << 20)):  # it has grown, or says nothing of its size
        data += more
    return data


def _read_linked(root: Path, full: str) -> bytes | None:
    try:
        if os.path.islink(full) and not os.path.realpath(full).startswith(os.path.realpath(root) + os.sep):
            return None
        with open(full, "rb") as stream:
            return stream.read()
    except OSError:
        return None
