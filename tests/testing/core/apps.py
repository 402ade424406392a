"""Small apps in a folder, and worlds of them as a test holds them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgelint.testing.edge import Edge, Options
from edgelint.testing.session import App

HEAD = "import js\nfrom workers import *\n\n"
NOTHING = f"{HEAD}class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        return Response('')\n"


def write(folder: Path, source: str | None = NOTHING, /, **config: Any) -> App:
    """Write an app into a folder, and read its config. Without source the worker has no ``main``."""
    values = {"name": "app", "compatibility_date": "2026-06-01", "compatibility_flags": ["python_workers"], **config}
    if source is not None:
        values.setdefault("main", "entry.py")
        (folder / "entry.py").write_text(source, encoding="utf-8")
    (folder / "wrangler.json").write_text(json.dumps(values), encoding="utf-8")
    return App.load(folder, None, folder)


@contextmanager
def opened(
    folder: Path, source: str | None = NOTHING, options: Options | None = None, /, **config: Any
) -> Iterator[Edge]:
    """A world of an app, closed at the end."""
    edge = Edge(write(folder, source, **config), options or Options())
    try:
        yield edge
    finally:
        edge.close()


def handler(body: str, *more: str) -> str:
    """An app whose fetch handler has this body; ``more`` are other methods of the class."""
    lines = "\n".join(f"        {line}" for line in body.strip("\n").split("\n"))
    methods = "\n".join("\n".join(f"    {line}" for line in each.strip("\n").split("\n")) for each in more)
    return f"{HEAD}class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n{lines}\n{methods}\n"
