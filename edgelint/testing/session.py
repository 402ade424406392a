"""What the tests of one session share: the config, read once, and the workers it names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from edgelint.project.dotenv import is_local_values
from edgelint.project.wrangler import NAMES, generated_config
from edgelint.testing import config as configs
from edgelint.testing import names
from edgelint.testing.bindings.d1_migrations import ARRANGEMENT, Arrangement
from edgelint.testing.bindings.events import events_of
from edgelint.testing.errors import EdgeUsageError

if TYPE_CHECKING:
    from edgelint.d1.engine import Database
    from edgelint.testing.config import WorkerConfig
    from edgelint.testing.edge import Edge
    from edgelint.testing.host import Host
    from edgelint.testing.http import HttpRequest, HttpResponse
    from edgelint.testing.workerd_host.coverage.session import Coverage
    from edgelint.testing.world import Worker, World

_SKIPPED: Final = frozenset(("node_modules", "dist", "build", "__pycache__", "venv", "python_modules"))
_DEPTH: Final = 5
"""How deep below the root other workers' configs are looked for."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What runs JavaScript workers, as the test configuration says it: paths of workerd and esbuild ("" to look for
    them in node_modules)."""

    workerd: str = ""
    esbuild: str = ""


@dataclass
class App:
    """The app under test. ``config`` is the worker's; ``root`` the folder in which other workers are looked for."""

    config: WorkerConfig
    root: Path
    kept: dict[Any, Any] = field(default_factory=dict)
    """What is made once a session and only read: migrated databases, compiled modules."""
    tools: Tools = Tools()
    programs: list[str] = field(default_factory=list)
    """What runs JavaScript workers, in words, once it was needed."""
    coverage: Coverage | None = None
    """What counts the lines of JavaScript that run, when that is asked for."""
    closers: list[Callable[[], None]] = field(default_factory=list)
    """Called when the session ends."""
    _others: dict[str, WorkerConfig] | None = None
    current: ClassVar[App | None] = None
    """The app of the running session, for strategies, which are written outside of any test."""

    @classmethod
    def nearest(cls, folder: Path, root: Path) -> Path:
        """The folder of the config nearest above ``folder``, not beyond ``root``; ``root`` when there is none."""
        for here in (folder, *folder.parents):
            if configs.find(here) is not None:
                return here
            if here == root:
                break
        return root

    @classmethod
    def load(cls, path: Path, environment: str | None, root: Path, tools: Tools = Tools()) -> App:
        """Read the config at ``path``, or the one in that folder. Raises EdgeUsageError."""
        found = configs.find(path) if path.is_dir() else path
        if found is None:
            raise EdgeUsageError(
                f"there is no wrangler config in {path}: name it with edge_config in the pytest configuration"
            )
        return cls(configs.read(found, environment), root, tools=tools)

    def close(self) -> None:
        """End what the session started. Twice does nothing."""
        while self.closers:
            self.closers.pop()()

    def others(self) -> dict[str, WorkerConfig]:
        """The other workers of the repository by name, the first of each name. One that cannot be read is left out."""
        if self._others is None:
            self._others = {}
            for path in sorted(_configs(self.root)):
                if path == self.config.path:
                    continue
                try:
                    config = configs.read(path)
                except EdgeUsageError:
                    continue
                self._others.setdefault(config.name, config)
        return self._others

    def furnish(self, edge: Edge) -> None:
        """Give a new world its workers: the one under test, and those it names in service and object bindings. Raises
        EdgeUsageError for seeds and variables that the test gives to what is not there."""
        world, options = edge.world, edge.options
        world.app = self
        world.shared(ARRANGEMENT, lambda: Arrangement(options.migrations, options.seed_data))
        worker = self._add(world, self.config)
        names.check_variables(world, options.vars, "vars")
        names.check_variables(world, options.secrets, "secrets")
        worker.vars.update(options.vars)
        worker.vars.update(options.secrets)
        waiting = [worker]
        while waiting:
            for name in _named(waiting.pop().config, self.others()):
                other = self.others().get(name)
                if name not in world.workers and other is not None:
                    waiting.append(self._add(world, other))
        names.check_seeds(world, options.seed_data)
        events_of(world).observers.append(edge.timeline.note)
        if any(each.config.get("triggers", "crons") for each in world.workers.values()):
            from edgelint.testing.bindings.scheduled import arm

            arm(world)

    def _add(self, world: World, config: WorkerConfig) -> Worker:
        worker = world.add(config)
        worker.vars.update(local_values(config))
        worker.start = lambda: _host(worker, world)
        return worker

    def database(self, binding: str) -> Database:
        """A new database with the migrated schema of a D1 binding. Raises EdgeUsageError."""
        from edgelint.testing.bindings.d1_migrations import database

        for declared in self.config.bindings:
            if declared.name == binding and declared.kind == "d1":
                return database(self.config, declared)
        known = [declared.name for declared in self.config.bindings if declared.kind == "d1"]
        raise names.no_such(f"'{binding}' is no D1 database of the config", binding, known)

    async def fetch(self, edge: Edge, request: HttpRequest) -> HttpResponse:
        """A request as the platform routes it: a static asset where one is there, the worker otherwise."""
        config = self.config
        if config.get("assets") is not None:
            from edgelint.testing.bindings.assets import of_worker

            assets = of_worker(config, edge.world)
            if assets is not None and assets.route(request, has_worker=config.main is not None) == "assets":
                return await assets.fetch(request)
        return await edge.world.host_of(None).fetch(request)


def local_values(config: WorkerConfig) -> dict[str, str]:
    """The values of .dev.vars, or of .env when there is none, as wrangler dev reads them: the file of the environment
    (``.dev.vars.staging``) instead of the plain one. They never appear in any output."""
    suffix = f".{config.environment}" if config.environment else ""
    for files in ((f".dev.vars{suffix}", ".dev.vars"), (f".env{suffix}", ".env")):
        for name in dict.fromkeys(files):
            path = os.path.join(config.root, name)
            if is_local_values(name) and os.path.isfile(path):
                from dotenv import dotenv_values

                found = dotenv_values(path, interpolate=False)
                return {key: value for key, value in found.items() if value is not None}
    return {}


def _host(worker: Worker, world: World) -> Host:
    main = worker.config.main
    if main is None:
        raise EdgeUsageError(
            f"{worker.config.path}: worker '{worker.name}' has no 'main': there is nothing to run{worker.config.made}"
        )
    if not worker.config.is_python:  # its main may be what a build is to make
        from edgelint.testing.workerd_host.host import WorkerdHost

        return WorkerdHost(worker, world)
    if not main.is_file():
        raise EdgeUsageError(f"{worker.config.path}: 'main' is not there: {main}{worker.config.made}")
    from edgelint.testing.python_host.host import PythonHost

    return PythonHost(worker, world)


def _named(config: WorkerConfig, others: Mapping[str, WorkerConfig]) -> Iterator[str]:
    """The workers that one needs: those it calls, and those that consume what it sends to queues."""
    queues = {declared.resource for declared in config.bindings if declared.kind == "queue"}
    for name, other in others.items():
        consumers = other.get("queues", "consumers")
        for consumer in consumers if isinstance(consumers, list) else []:
            if isinstance(consumer, dict) and consumer.get("queue") in queues:
                yield name
    for declared in config.bindings:
        needed = declared.text("service") if declared.kind == "service" else declared.text("script_name")
        if needed is not None:
            yield needed
    for consumer in config.get("tail_consumers") or []:
        if isinstance(consumer, dict) and isinstance(consumer.get("service"), str):
            yield consumer["service"]


def _configs(root: Path) -> Iterator[Path]:
    """The configs below a folder, without those that a build wrote."""
    depth = len(root.parts)
    generated: set[Path] = set()
    found: list[Path] = []
    for directory, folders, files in os.walk(root):
        here = Path(directory)
        if ".wrangler" in folders and (made := generated_config(directory)) is not None:
            generated.add(Path(os.path.normpath(here / made)))
        folders[:] = [name for name in folders if name not in _SKIPPED and not name.startswith(".")]
        if len(here.parts) - depth >= _DEPTH:
            folders.clear()
        for name in NAMES:
            if name in files:
                found.append(here / name)
                break
    yield from (path for path in found if path not in generated)
