"""The workers of a world as they are built: found once a session, built once a session."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from edgelint.testing.workerd_host.build import Bundle, build
from edgelint.testing.workerd_host.runtime import Runtime, find

if TYPE_CHECKING:
    from pathlib import Path

    from edgelint.testing.world import Worker, World


def built(workers: list[Worker], world: World) -> tuple[Runtime, list[Bundle]]:
    """The runtime of the worker under test, and every worker's bundle. Raises EdgeUsageError."""
    kept = {} if world.app is None else world.app.kept
    root = workers[0].config.root
    key = ("workerd runtime", root)
    if key not in kept:
        kept[key] = find(root)
    runtime: Runtime = kept[key]
    bundles = []
    for worker in workers:
        of = ("workerd bundle", worker.config.path, worker.config.environment)
        if of not in kept:
            kept[of] = build(worker.config, runtime, cache=cache_folder(worker.config.root))
        bundles.append(kept[of])
    return runtime, bundles


def cache_folder(root: Path) -> Path:
    """Where bundles are kept between sessions: beside what wrangler keeps, which no repository commits."""
    return root / os.environ.get("EDGELINT_CACHE", ".wrangler") / "edgelint"
