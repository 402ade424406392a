"""The project: everything that was read, and the facts that checks ask for."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from edgelint.diagnostics import Diagnostic
from edgelint.project import env_types, known
from edgelint.project.caching import Caches
from edgelint.project.calls import BindingCall, binding_calls
from edgelint.project.databases import Databases, DatabaseSource
from edgelint.project.discovery import SOURCES, Discovered, discover
from edgelint.project.durable import Durables
from edgelint.project.edge import Edge
from edgelint.project.env_types import EnvType
from edgelint.project.evaluate import Evaluator
from edgelint.project.files import SourceFile, read_bytes
from edgelint.project.hot import is_hot
from edgelint.project.imports import Imports
from edgelint.project.instances import SharedInstances
from edgelint.project.kvclaims import KvClaims
from edgelint.project.kvflow import KvFlows
from edgelint.project.lifetimes import Lifetimes
from edgelint.project.modules import ModuleGraph
from edgelint.project.packages import Packages
from edgelint.project.prepared import Queries, Query
from edgelint.project.request_data import RequestData
from edgelint.project.shared import SharedCaches
from edgelint.project.startup import Startup
from edgelint.project.statements import SqlStatement, Statements
from edgelint.project.text import Texts
from edgelint.project.workers import EnvUse, Worker
from edgelint.project.wrangler import WranglerConfig
from edgelint.syntax.parse import parse_file

if TYPE_CHECKING:
    from edgelint.project.commands import Command
    from edgelint.project.workflow_files import Workflow
    from edgelint.settings import Settings
    from edgelint.syntax.parse import Parse

__all__ = [
    "BindingCall", "EnvType", "EnvUse", "Note", "Project", "SourceFile", "Worker", "WranglerConfig", "is_hot",
    "read_bytes",
]

_TEST = re.compile(
    r"(?:^|/)(?:__tests__|__mocks__|(?:[\w-]+-)?tests?(?:-[a-z]+)?|e2e|spec|testing|cypress|playwright"
    r"|\.storybook|stories)/|\.(?:test|spec|e2e|stories|bench)(?:-d)?\.[cm]?[jt]sx?$"
    r"|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$|(?:^|/)(?:vitest|jest|playwright|cypress|vite"
    r"|webpack|rollup|eslint|tailwind|postcss|drizzle|next|nuxt|astro|svelte)[^/]*\.config\.[cm]?[jt]s$"
)


class Note(NamedTuple):
    """Something that was not analysed, and why."""

    reason: str
    path: str


class Project:
    """A project that was read. ``focus`` gives a view whose iterators yield only what stands in one file."""

    def __init__(
        self, root: Path, settings: Settings, discovered: Discovered, overlay: Mapping[str, bytes] | None = None
    ) -> None:
        self.root = root
        self.settings = settings
        self.discovered = discovered
        self.files: dict[str, SourceFile] = {}
        self.all_configs: list[WranglerConfig] = []
        self.problems: list[Diagnostic] = []
        self.notes: list[Note] = []
        self.all_workers: list[Worker] = []
        self.only: str | None = None
        self.wrangler_commands: list[Command] | None = None  # kept by commands.commands()
        self.overlay = overlay or {}
        self.packages = Packages(root, discovered.package_json, discovered.tsconfig, self.overlay)
        self.workflows_read: list[Workflow] | None = None  # kept by workflow_files.workflows()
        self.graph = ModuleGraph(root, self.files, self.packages)
        self.evaluator = Evaluator(self.files, self.graph, self.kind_of)
        self.texts = Texts(self.evaluator)
        self.edge = Edge(self)
        self.imports = Imports(self)
        self.startup = Startup(self.evaluator)
        self.durables = Durables(self)
        self.request_data = RequestData(self.evaluator)
        self.shared_instances = SharedInstances(self)
        self.kv = KvFlows(self)
        self.kv_claims = KvClaims(self.kv)
        self.lifetimes = Lifetimes(self.kv)
        self.caches = Caches(self)
        self.shared_caches = SharedCaches(self.caches, self.kv_claims)
        self.databases_found = Databases(self)
        self.statements_found = Statements(self)
        self.queries_found = Queries(self)
        self.inputs: list[str] = []
        self.folders: list[str] = list(discovered.directories)
        self._calls: dict[str, list[BindingCall]] = {}
        self._consulted: dict[str, bytes | None] = {}
        self._holders: dict[str, list[Worker]] = {}
        self._reaching: dict[int, dict[int, list[Worker]]] = {}  # by how many workers there were
        # hand-written .d.ts files that describe env, which belong to no config
        self.declarations: list[SourceFile] = []
        self._spoken: dict[str, tuple[dict[str, EnvType], dict[str, str]]] = {}
        self._kinds: dict[tuple[str, str], str | None] = {}

    @classmethod
    def load(
        cls, root: Path, settings: Settings, *, overlay: Mapping[str, bytes] | None = None, parse: Parse = parse_file
    ) -> Project:
        """Read the project at ``root``. ``overlay`` gives contents in place of those on disk; ``parse`` may remember
        trees.

        Never raises for what files hold.
        """
        from edgelint.project.reading import Reader

        # An evaluation nests up to MAX_DEPTH expressions, each some ten Python calls deep.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 8_000))
        discovered = discover(root, settings.excluded)
        project = cls(root, settings, discovered, overlay)
        Reader(project, dict(overlay or {}), parse).read()
        return project

    def focus(self, path: str) -> Project:
        """The same project, with iterators narrowed to what stands in ``path``."""
        return self._view(path)

    @property
    def whole(self) -> Project:
        """The same project, not narrowed."""
        return self if self.only is None else self._view(None)

    def _view(self, only: str | None) -> Project:
        view = object.__new__(Project)
        view.__dict__.update(self.__dict__)
        view.only = only
        return view

    def option(self, rule: str, name: str) -> Any:
        """The value of a rule's option: the user's, or the default of its document."""
        return self.settings.option(rule, name)

    def consult(self, path: str) -> bytes | None:
        """The bytes of a file that holds no code (a README, a script), which is an input of the outcome from now on."""
        if path not in self._consulted:
            self.inputs.append(path)
            self._consulted[path] = self.bytes_of(path)
        return self._consulted[path]

    def bytes_of(self, path: str) -> bytes | None:
        """The bytes of a file: those in its place, else those on disk; None when it cannot be read."""
        data = self.overlay.get(path)
        return data if data is not None else read_bytes(self.root, path)

    def shows(self, path: str) -> bool:
        """Whether what stands in ``path`` is to be yielded (see ``focus``)."""
        return self.only in (None, path)

    # -- iterators ---------------------------------------------------------------------------------------------------

    def sources(self) -> Iterator[SourceFile]:
        """Every analysed source file."""
        for path, file in self.files.items():
            if self.only in (None, path):
                yield file

    def configs(self) -> Iterator[WranglerConfig]:
        """Every wrangler config."""
        for config in self.all_configs:
            if self.only in (None, config.path):
                yield config

    @property
    def workers(self) -> list[Worker]:
        """Every worker (in a focused view: those that hold the file, or whose config it is)."""
        if self.only is None:
            return self.all_workers
        return [
            worker
            for worker in self.all_workers
            if (worker.config is not None and worker.config.path == self.only)
            or any(f.path == self.only for f in worker.files)
        ]

    def calls(
        self, kind: str | tuple[str, ...] | None = None, verb: str | tuple[str, ...] | None = None
    ) -> Iterator[BindingCall]:
        """Calls on what the platform gives, by kind and method, in source order of each file."""
        kinds = (kind,) if isinstance(kind, str) else kind
        verbs = (verb,) if isinstance(verb, str) else verb
        for file in self.sources():
            for call in self.calls_in(file):
                if (kinds is None or call.kind in kinds) and (verbs is None or call.verb in verbs):
                    yield call

    def calls_in(self, file: SourceFile) -> list[BindingCall]:
        """Every call in ``file`` on what the platform gives."""
        found = self._calls.get(file.path)
        if found is None:
            found = self._calls[file.path] = list(binding_calls(file, self.evaluator))
        return found

    # -- databases ---------------------------------------------------------------------------------------------------

    @property
    def databases(self) -> list[DatabaseSource]:
        """Every database of which a config or a Durable Object tells, with the SQL that makes its schema."""
        return self.databases_found.all()

    @property
    def statements(self) -> list[SqlStatement]:
        """Every SQL text that reaches a binding; in a focused view those of the calls in its file."""
        return [s for s in self.statements_found.all() if self.shows(s.call.file.path)]

    @property
    def queries(self) -> list[Query]:
        """Every statement with what SQLite says of it on its database; narrowed as ``statements``."""
        return [q for q in self.queries_found.all() if self.shows(q.statement.call.file.path)]

    # -- workers -----------------------------------------------------------------------------------------------------

    def workers_of(self, file: SourceFile) -> list[Worker]:
        """The workers that reach ``file``; when none does, those of the nearest config above it."""
        found = self._holders.get(file.path)
        if found is None:
            found = self._holders[file.path] = self._reached_by().get(id(file)) or self._nearest(file.path)
        return found

    def _reached_by(self) -> dict[int, list[Worker]]:
        """The workers that reach each file, by its id."""
        count = len(self.all_workers)
        found = self._reaching.get(count)
        if found is None:  # while the project is read there are more and more of them
            found = self._reaching[count] = {}
            for worker in self.all_workers:
                for number in {id(file) for file in worker.files}:
                    found.setdefault(number, []).append(worker)
        return found

    def _nearest(self, path: str) -> list[Worker]:
        directory = posixpath.dirname(path)
        while True:
            found = [w for w in self.all_workers if w.config is not None and w.config.directory == directory]
            if found:
                return found
            if not directory:
                break
            directory = posixpath.dirname(directory)
        if len(self.all_workers) == 1 and self.all_workers[0].config is not None:
            # One worker, beside this folder: its code, unless the two are packages of their own.
            config = self.all_workers[0].config
            return self.all_workers if self.packages.nearest(config.path) is self.packages.nearest(path) else []
        return []

    def kind_of(self, file: SourceFile, name: str) -> str | None:
        """The kind of ``env.name`` for the workers of ``file``: by the config, else by the Env type; None when neither
        says."""
        key = (file.path, name)
        if key in self._kinds:
            return self._kinds[key]
        self._kinds[key] = None
        kind: str | None = None
        workers = self.workers_of(file)
        for worker in workers:
            if worker.config is not None:
                for environment in worker.config.environments:
                    for decl in environment.bindings.get(name, ()):
                        kind = kind or decl.kind
        if kind is None:
            for worker in workers:
                typed = worker.env_types.get(name)
                if typed is not None:
                    kind = kind or env_type_kind(typed.annotation)
                elif worker.config is not None and name in worker.config.secret_names():
                    kind = kind or "secret"
        if kind is None and not workers:
            types, uses = self._said_by_code(file)
            typed = types.get(name)
            kind = env_type_kind(typed.annotation) if typed is not None else uses.get(name)
        self._kinds[key] = kind
        return kind

    def _said_by_code(self, file: SourceFile) -> tuple[dict[str, EnvType], dict[str, str]]:
        """For a file that no config speaks of: the members of env by the types of its package, and by their use there.
        """
        own = self.packages.nearest(file.path)
        directory = own.directory if own is not None else ""
        found = self._spoken.get(directory)
        if found is None:
            files = [f for f in (*self.files.values(), *self.declarations) if self.packages.nearest(f.path) is own]
            files.sort(key=lambda f: f is not file)
            found = self._spoken[directory] = (env_types.declared(files), env_types.used_as(files))
        return found


def env_type_kind(annotation: str) -> str | None:
    """The binding kind an Env member's annotation means: a platform type, or "var" for text, numbers and literals."""
    kind = known.platform_type(annotation)
    if kind is not None:
        return kind if kind in known.BINDING_KINDS or kind.startswith("d1") else None
    text = annotation.strip().lstrip(":").strip()
    if re.match(r"^(?:string|number|boolean)\b|^['\"\d]", text):
        return "var"
    return None


def is_test(path: str) -> bool:
    """Whether a path is that of a test, a mock, a story or a tool's own config."""
    return _TEST.search(path) is not None


def entry_of(config: WranglerConfig, graph: ModuleGraph, environment: str | None = None) -> str | None:
    """The source file that ``main`` names in an environment, relative to the root; None when there is none to read."""
    place = config.environment(environment)
    value = place.get("main") if place is not None else None
    main = value.text() if value is not None else None
    if main is None:
        if config.is_pages:
            value = config.root.get("pages_build_output_dir")
            text = value.text() if value is not None else None
            candidate = config.relative(posixpath.join(text, "_worker.js")) if text is not None else ""
            return candidate if candidate and graph.exists(candidate) else None
        return None
    path = config.relative(main)
    if path.startswith("../"):
        return None
    if graph.exists(path):
        return path if path.endswith(tuple(SOURCES)) else None
    # ``main = "src/index.js"`` where only src/index.ts is: the file that was meant
    return graph.probe(path) if posixpath.splitext(path)[1] in ("", ".js", ".mjs", ".cjs", ".jsx") else None
