"""Worlds with an app of a few lines under the Python host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from edgelint.testing.config import read
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host.host import PythonHost
from edgelint.testing.world import Worker, World

DATE = "2026-05-01"


class Running:
    """One worker that runs in a world."""

    def __init__(self, world: World, worker: Worker) -> None:
        self.world = world
        self.worker = worker

    @property
    def host(self) -> PythonHost:
        """Its host, started at first use."""
        found = self.worker.host()
        assert isinstance(found, PythonHost)
        return found

    def fetch(
        self, path: str = "/", method: str = "GET", body: bytes = b"", headers: list[tuple[str, str]] | None = None
    ) -> HttpResponse:
        """The fetch event; the response is read."""

        async def event() -> HttpResponse:
            sent = [*(headers or ()), *([("content-length", str(len(body)))] if body else ())]
            request = HttpRequest(method, f"https://app.test{path}", sent, body)
            response = await self.worker.host().fetch(request)
            await response.read()
            return response

        found = self.world.run(event(), origin="app")
        self.world.settle()
        return found

    def text(self, path: str = "/", **options: Any) -> str:
        """The body of the response."""
        return self.fetch(path, **options).body.decode()

    def json(self, path: str = "/", **options: Any) -> Any:
        """The body of the response as JSON."""
        return json.loads(self.text(path, **options))


@contextmanager
def running(
    folder: Path, source: str, config: Mapping[str, Any] | None = None, *, files: Mapping[str, str] | None = None,
    date: str = DATE, main: str = "src/entry.py",
) -> Iterator[Running]:  # fmt: skip
    """An app whose main module is ``source``, in a world of its own."""
    place = folder / main
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(dedent(source))
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))
    values = {"name": "app", "main": main, "compatibility_date": date, "compatibility_flags": ["python_workers"]}
    (folder / "wrangler.json").write_text(json.dumps({**values, **(config or {})}))
    world = World()
    try:
        worker = world.add(read(folder / "wrangler.json"))
        worker.start = lambda: PythonHost(worker, world)
        yield Running(world, worker)
    finally:
        world.close()
