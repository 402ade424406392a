"""The workers of a world as they are built, and what runs them: found once a session, built once a session."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from edgelint.platform.workerd import untested
from edgelint.testing.errors import EdgeWarning
from edgelint.testing.workerd_host.build import Bundle, build
from edgelint.testing.workerd_host.pool import Pool
from edgelint.testing.workerd_host.runtime import Runtime, find

if TYPE_CHECKING:
    from pathlib import Path

    from edgelint.testing.session import App
    from edgelint.testing.world import Worker, World


def runtime_of(app: App | None, root: Path) -> Runtime:
    """The programs for the project at ``root``. Raises EdgeUsageError."""
    if app is None:
        return find(root)
    key = ("workerd runtime", root)
    if key not in app.kept:
        app.kept[key] = made = find(root, workerd=app.tools.workerd, esbuild=app.tools.esbuild)
        app.programs.append(str(made))
        unknown = untested(made.workerd.version)
        if unknown is not None:
            warnings.warn(unknown, EdgeWarning, stacklevel=2)
    found: Runtime = app.kept[key]
    return found


def pool_of(worker: Worker, world: World) -> Pool:
    """The processes of the app under test. Raises EdgeUsageError."""
    app, root = world.app, worker.config.root
    program = runtime_of(app, root).workerd.path
    if app is None:
        return Pool(program)
    key = ("workerd pool", root)
    if key not in app.kept:
        app.kept[key] = pool = Pool(program)
        app.closers.append(pool.close)
    found: Pool = app.kept[key]
    return found


def built(workers: list[Worker], world: World) -> list[Bundle]:
    """Every worker's bundle. Raises EdgeUsageError: the same one again for a worker that could not be built."""
    app = world.app
    kept = {} if app is None else app.kept
    bundles = []
    for worker in workers:
        of = ("workerd bundle", worker.config.path, worker.config.environment)
        if of not in kept:
            runtime = runtime_of(app, worker.config.root)
            try:
                cache = worker.config.root / ".wrangler" / "edgelint"
                counting = None if app is None or app.coverage is None else app.coverage.transform
                kept[of] = made = build(worker.config, runtime, cache=cache, transform=counting)
            except Exception as error:
                kept[of] = error
            else:
                for message in made.warnings:
                    warnings.warn(f"{worker.name}: {message}", EdgeWarning, stacklevel=2)
        if isinstance(kept[of], Exception):
            raise kept[of]
        bundles.append(kept[of])
    return bundles
