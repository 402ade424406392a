"""The paths that an app's source speaks of: what the ``requests`` strategy aims at.

A path is a text that begins with ``/`` and stands where code compares or registers one: it is a hint for making up
requests, not a fact about the app. Parameters are what the frameworks write: ``:id``, ``{id}``, ``<int:id>``, ``*``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from edgelint.source import Source
from edgelint.syntax import tree
from edgelint.syntax.parse import parse_file

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_SUFFIXES: Final = (".py", ".js", ".mjs", ".ts", ".mts", ".jsx", ".tsx")
_SKIPPED: Final = frozenset(("node_modules", "tests", "test", "__pycache__", "python_modules", "dist", "venv"))
_PATH = re.compile(r"/[\w\-.~%!$&'()*+,;=:@/{}<>\[\]|\\^?]*")
_PARAMETER = re.compile(r":\w+(?:\{[^}]*\})?\??|\{[^}]*\}|<[^>]*>|\[[^\]]*\]|\*+")


class Route(NamedTuple):
    """A path as written, and the method it is registered for (None: any)."""

    method: str | None
    path: str

    @property
    def parts(self) -> list[str | None]:
        """The path in pieces: fixed text, and None for each parameter."""
        pieces: list[str | None] = []
        end = 0
        for found in _PARAMETER.finditer(self.path):
            if found.start() > end:
                pieces.append(self.path[end : found.start()])
            pieces.append(None)
            end = found.end()
        if end < len(self.path):
            pieces.append(self.path[end:])
        return pieces


def find(folder: Path) -> list[Route]:
    """The routes of the source files below ``folder``, in the order of files and places, each once. A file that does
    not parse gives what is found in the rest of it."""
    found: dict[Route, None] = {}
    for path in _sources(folder):
        try:
            source = Source(path.name, path.read_bytes())
        except OSError:
            continue
        parsed = parse_file(path.name, source)
        tree.link(parsed.module)
        for node in tree.walk(parsed.module):
            for route in _routes(node):
                found.setdefault(route)
    return list(found)


def _routes(node: tree.Node) -> Iterator[Route]:
    text = _text(node)
    if text is None or not _PATH.fullmatch(text) or text.startswith("//"):
        return
    method = None
    parent = getattr(node, "parent", None)
    if isinstance(parent, tree.Call) and isinstance(parent.func, tree.Member) and node in parent.args:
        method = next((each for each in METHODS if each.lower() == parent.func.name), None)
        if parent.func.name == "startswith" or parent.func.name == "startsWith":
            text = text.rstrip("/") + "/*"
    yield Route(method, text)


def _text(node: tree.Node) -> str | None:
    if isinstance(node, tree.Literal):
        return node.value if isinstance(node.value, str) else None
    return None


def _sources(folder: Path) -> Iterator[Path]:
    for directory, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        for name in sorted(files):
            if name.endswith(_SUFFIXES) and not name.endswith((".d.ts", ".test.ts", ".spec.ts")):
                yield Path(directory, name)
