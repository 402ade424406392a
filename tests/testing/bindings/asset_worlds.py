"""Static assets in worlds that have their worker, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edgelint.testing.bindings.assets import StaticAssets
from edgelint.testing.bindings.base import Declared
from edgelint.testing.config import WorkerConfig
from edgelint.testing.world import World
from tests.testing.bindings.worlds import Bound

Serve = Callable[..., Bound[StaticAssets]]


def server() -> Iterator[Serve]:
    """A function that serves a directory by the fields of an ``assets`` config (and compatibility flags), in a world of
    its own; all of them are closed at the end."""
    worlds: list[World] = []

    def serve(directory: Path, *, flags: tuple[str, ...] = (), **fields: Any) -> Bound[StaticAssets]:
        world = World()
        worlds.append(world)
        declared = Declared("ASSETS", "assets", "assets", {"directory": str(directory), **fields}, "w")
        config = WorkerConfig(
            directory / "wrangler.jsonc", directory, None, "w", None, "2026-04-20", flags, (declared,), {}, (), {}
        )
        world.add(config)
        return Bound(world, StaticAssets(declared, world))

    try:
        yield serve
    finally:
        for world in worlds:
            world.close()
