"""One entry for every language: the front-end goes by the file's extension, and is loaded when first needed."""

from __future__ import annotations

from collections.abc import Callable

from edgelint.source import Source
from edgelint.syntax import tree

Parse = Callable[[str, Source], tree.Parsed]

JAVASCRIPT = frozenset((".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"))
HOSTS = frozenset((".vue", ".svelte", ".astro"))
PYTHON = frozenset((".py", ".pyi"))
EXTENSIONS = JAVASCRIPT | HOSTS | PYTHON


def extension(path: str) -> str:
    """The lower-case extension of ``path`` with its dot, or "" when it has none."""
    name = path.rsplit("/", 1)[-1]
    dot = name.rfind(".")
    return name[dot:].lower() if dot >= 0 else ""


def parse_file(path: str, source: Source) -> tree.Parsed:
    """Parse and lower one source file. Raises ``ValueError`` for an extension that no front-end reads."""
    kind = extension(path)
    if kind in JAVASCRIPT:
        from edgelint.syntax import javascript

        return javascript.parse(source, path)
    if kind in HOSTS:
        from edgelint.syntax import embedded

        return embedded.parse(source, path)
    if kind in PYTHON:
        from edgelint.syntax import python

        return python.parse(source, path)
    raise ValueError(f"no front-end reads {path!r}")
