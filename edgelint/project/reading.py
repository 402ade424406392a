"""Reading a project: configs, then what their entries reach, then every other source that mentions the platform."""

from __future__ import annotations

import posixpath
import re
from functools import cached_property
from typing import TYPE_CHECKING

from edgelint.diagnostics import Confidence, Diagnostic, Severity, Span
from edgelint.project import dotenv, wrangler
from edgelint.project.config_schema import places
from edgelint.project.discovery import SOURCES
from edgelint.project.files import SourceFile, read_bytes
from edgelint.project.hot import is_edge_python, is_hot, is_minified, is_text
from edgelint.project.modules import UNSUPPORTED
from edgelint.project.routes import brings_routes
from edgelint.project.workers import Worker
from edgelint.project.wrangler import WranglerConfig
from edgelint.source import Source, UnreadableSource
from edgelint.syntax.parse import PYTHON, extension, parse_file

if TYPE_CHECKING:
    from edgelint.project.project import Note, Project
    from edgelint.syntax.parse import Parse

_ENV_TYPE = re.compile(rb"\b(?:interface|type)\s+\w*(?:Env|Bindings)\b")
_RUNTIME_TYPES = b"// Begin runtime types"
_MAX_DECLARATIONS = 60_000  # bytes of a hand-written declaration file
_MAX_BYTES = 2_000_000  # a larger source file is generated or bundled


class Reader:
    """Fills a ``Project``."""

    def __init__(self, project: Project, overlay: dict[str, bytes], parse: Parse = parse_file) -> None:
        self.project = project
        self.parse = parse
        self.overlay = overlay
        self.discovered = project.discovered
        self.sources = set(self.discovered.sources)
        for path in overlay:
            if path.endswith(tuple(SOURCES)):
                self.sources.add(path)
            elif path.endswith(".sql") and path not in self.discovered.sql:
                self.discovered.sql = sorted((*self.discovered.sql, path))
            elif posixpath.basename(path) in wrangler.NAMES and path not in self.discovered.configs:
                self.discovered.configs.append(path)
        self.tried: set[str] = set()
        self.entries: set[str] = set()  # of the Workers, as far as they are there
        project.graph.read = self.bytes_of

    def read(self) -> None:
        from edgelint.project.project import entry_of, is_test

        project = self.project
        for path in self.discovered.configs:
            self.config(path)
        entries: dict[str, dict[str | None, str | None]] = {}
        named = self.named_entries()
        for config in project.all_configs:
            entries[config.path] = {
                place.name: entry_of(config, project.graph, place.name) or named.get(config.path)
                for place in config.environments
            }
            for entry in dict.fromkeys(entries[config.path].values()):
                if entry is not None:
                    self.follow([entry], forced=True)
                    file = project.files.get(entry)
                    if file is not None and project.graph.is_service_worker(file):
                        project.graph.mark_service_worker(entry)
        self.entries = {entry for named in entries.values() for entry in named.values() if entry in project.files}
        rest = []
        for path in sorted(self.sources):
            if path in project.files:
                continue
            if is_test(path):
                project.notes.append(_note("test or tool configuration, not checked", path))
            else:
                rest.append(path)
        self.follow(rest, forced=False)
        self.workers(entries)
        self.databases()
        self.note_others()
        discovered = self.discovered
        project.inputs = sorted(
            {
                *discovered.configs,
                *discovered.sources,
                *discovered.package_json,
                *discovered.tsconfig,
                *discovered.dotenv,
                *discovered.workflows,
                *discovered.sql,
                *map(posixpath.normpath, project.settings.schema.values()),
                *discovered.pyproject,
                *discovered.deployers,
                *discovered.declarations,
                *project.files,
                # Read when it is there: a cached outcome must not outlive another wrangler.
                *(place for config in project.all_configs for place in places(config.directory)),
            }
        )
        for reason, count in sorted(discovered.skipped.items()):
            project.notes.extend([_note(reason, "")] * count)

    def named_entries(self) -> dict[str, str]:
        """Config without ``main`` -> the entry that a script hands to wrangler (``wrangler deploy src/index.ts``)."""
        wanted = {
            config.directory: config
            for config in self.project.all_configs
            if config.main is None and not config.is_pages
        }
        found: dict[str, str] = {}
        if not wanted:
            return found
        from edgelint.project.commands import commands

        for command in commands(self.project):
            config = wanted.get(command.directory)
            if (
                config is None
                or command.config not in (None, config.path)
                or command.verb not in ("deploy", "dev", "publish")
            ):
                continue
            for word in command.text.split():
                if word.endswith(tuple(SOURCES)) and not word.startswith("-"):
                    path = posixpath.normpath(posixpath.join(command.directory, word))
                    if self.project.graph.exists(path):
                        found.setdefault(config.path, path)
        return found

    def note_others(self) -> None:
        """Say what is not read: what other tools declare, and configs that wrangler itself would pass over."""
        from edgelint.project.deployers import deployers, other_deployer

        project = self.project
        configs = project.all_configs
        for config in configs if self.discovered.deployers else ():
            if other_deployer(project, config) is not None:
                project.notes.append(_note("deployed by another tool, whose bindings are not read", config.path))
        if not configs:
            for path in deployers(project):
                project.notes.append(_note("deployed by another tool, whose bindings are not read", path))
        for config in configs:
            name = posixpath.basename(config.path)
            if name in wrangler.NAMES and any(
                other.path == posixpath.join(folder, better)
                for folder in _above(config.directory) for better in wrangler.NAMES[: wrangler.NAMES.index(name)]
                for other in configs
            ):
                reason = "not what wrangler reads in this folder without --config: another format above it comes first"
                project.notes.append(_note(reason, config.path))

    # -- files -------------------------------------------------------------------------------------------------------

    def bytes_of(self, path: str) -> bytes | None:
        found = self.overlay.get(path)
        return found if found is not None else read_bytes(self.project.root, path)

    def source(self, path: str) -> Source | None:
        return self.source_of(path, self.bytes_of(path))

    def source_of(self, path: str, data: bytes | None) -> Source | None:
        if data is None:
            self.problem("unreadable-file", Severity.ERROR, Span(path, 0, 0), "the file cannot be read")
            return None
        try:
            return Source(path, data)
        except UnreadableSource as error:
            start = min(error.offset, len(data))
            span = Span(path, start, min(start + 1, len(data)))
            self.problem("unreadable-file", Severity.ERROR, span, f"{error.reason} (byte {error.offset})")
            return None

    def config(self, path: str) -> None:
        source = self.source(path)
        if source is None:
            return
        config = wrangler.load(path, source)
        config.shadowed = list(self.discovered.shadowed.get(path, ()))
        for values in self.discovered.dotenv:
            if posixpath.dirname(values) == config.directory:
                data = self.bytes_of(values)
                if data is None:
                    continue
                try:
                    config.local_values.append(dotenv.load(values, Source(values, data)))
                except UnreadableSource:
                    continue
        for start, end, message in config.document.errors:
            self.problem("syntax-error", Severity.ERROR, Span(path, start, end), message)
        root = config.document.root
        if not config.document.errors and root.kind != "object":
            message = "a wrangler config is an object: this is none"
            self.problem("syntax-error", Severity.ERROR, Span(path, root.start, root.end), message)
        self.project.all_configs.append(config)

    def follow(self, paths: list[str], forced: bool) -> None:
        """Read ``paths`` and what they import. ``forced``: read them whether or not they mention the platform."""
        project = self.project
        queue = list(paths)
        wanted = set(paths)
        position = 0
        while position < len(queue):
            path = queue[position]
            position += 1
            file = project.files.get(path) or self.file(path, forced or path not in wanted)
            if file is None:
                continue
            for use in project.graph.imports(file):
                target = use.target
                if (
                    target is not None
                    and target not in project.files
                    and target not in self.tried
                    and _is_source(target)
                ):
                    wanted.discard(target)  # what a file that counts imports counts too
                    queue.append(target)

    def file(self, path: str, forced: bool) -> SourceFile | None:
        if path in self.tried and not forced:
            return None
        self.tried.add(path)
        data = self.bytes_of(path)
        if data is not None and not forced and not self.counts(path, data):
            self.tried.discard(path)
            return None
        if data is not None and len(data) > _MAX_BYTES:
            self.project.notes.append(_note(f"source file over {_MAX_BYTES // 1_000_000} MB, not analysed", path))
            return None
        if data is not None and not forced and extension(path) not in PYTHON and is_minified(data):
            self.project.notes.append(_note("minified", path))
            return None
        source = self.source_of(path, data)
        if source is None:
            return None
        parsed = self.parse(path, source)
        for start, end, message in parsed.errors:
            if message.startswith(UNSUPPORTED):
                self.project.notes.append(_note("unsupported syntax, passed over", path))
            else:
                self.problem("syntax-error", Severity.ERROR, Span(path, start, max(start, end)), message)
        file = SourceFile(path, source, parsed)
        self.project.files[path] = file
        return file

    def counts(self, path: str, data: bytes) -> bool:
        """Whether a file that no entry reaches may hold a fact about the platform."""
        if extension(path) in PYTHON and not self.has_python:
            return not is_text(data)
        return is_hot(data)

    @cached_property
    def has_python(self) -> bool:
        """Whether any Python of the project may run at the edge: so it may where no Worker of JavaScript is known, and
        where a file looks like it."""
        if all(extension(path) in PYTHON for path in self.entries):
            return True
        return any(
            path in self.project.files or path in self.overlay or is_edge_python(self.bytes_of(path) or b"")
            for path in self.sources if extension(path) in PYTHON
        )

    def problem(self, rule: str, severity: Severity, span: Span, message: str) -> None:
        self.project.problems.append(Diagnostic(rule, severity, Confidence.HIGH, message, span))

    # -- databases ---------------------------------------------------------------------------------------------------

    def databases(self) -> None:
        """The D1 databases of the configs, with their migrations."""
        from edgelint.project.database_finder import Finder

        def note(reason: str, path: str) -> None:
            self.project.notes.append(_note(reason, path))

        Finder(self.project, self.source, note).run()

    # -- workers -----------------------------------------------------------------------------------------------------

    def workers(self, entries: dict[str, dict[str | None, str | None]]) -> None:
        project = self.project
        reached: set[str] = set()
        table: list[tuple[WranglerConfig, dict[str | None, SourceFile], list[SourceFile], bool]] = []
        for config in project.all_configs:
            found = {
                name: project.files[entry]
                for name, entry in entries[config.path].items()
                if entry is not None and entry in project.files
            }
            paths = dict.fromkeys(path for file in found.values() for path in project.graph.reachable(file.path))
            files = [project.files[path] for path in paths]
            reached.update(paths)
            whole = len(found) == len(config.environments) or set(found) == set(entries[config.path]) - {None}
            table.append((config, found, files, whole and self.complete(files)))
        directories = sorted({config.directory for config in project.all_configs}, key=len, reverse=True)
        declarations = self.declarations()
        project.declarations = declarations.get(None, [])
        for config, found, files, complete in table:
            if config.main is not None and not project.graph.exists(config.relative(config.main)):
                # main names no file: what it was to reach is not known, so every file of its folder may be meant
                complete = False
                files += [
                    file for path, file in project.files.items()
                    if path not in reached and _home(path, directories) == config.directory
                ]
            elif not found or brings_routes(project.packages, config.path):
                complete = False  # a framework adds its routes
                files += [
                    file for path, file in project.files.items()
                    if path not in reached and _home(path, directories) == config.directory
                ]
            if not found and config.main is not None:
                project.notes.append(
                    _note("main is not in the repository: usage cannot be followed from it", config.path)
                )
            entry = found.get(None) or next(iter(found.values()), None)
            worker = Worker(
                config,
                entry,
                files,
                complete and bool(found),
                project.evaluator,
                project.graph,
                declarations.get(config.directory),
            )
            worker.entries = found
            project.all_workers.append(worker)
        project.evaluator.forget()
        found_classes = (project.durables.class_of(bound) for bound in project.durables.bound)
        project.graph.bind_classes({found.node for found in found_classes if found is not None})
        project.evaluator.forget()

    def complete(self, files: list[SourceFile]) -> bool:
        """Whether everything relative that ``files`` import was found, and all of them parsed."""
        for file in files:
            if any(not message.startswith(UNSUPPORTED) for _, _, message in file.parsed.errors):
                return False
            for use in self.project.graph.imports(file):
                if (
                    use.target is None
                    and not use.is_type
                    and (use.specifier.startswith(".") or use.level)
                    and file.language != "python"
                ):
                    return False
        return True

    def declarations(self) -> dict[str | None, list[SourceFile]]:
        """The .d.ts files that describe env, by the folder of the config they belong to (None: to none).

        Of a generated ``worker-configuration.d.ts`` the head alone is read, which has the Env block.
        """
        found: dict[str | None, list[SourceFile]] = {}
        directories = sorted({config.directory for config in self.project.all_configs}, key=len, reverse=True)
        for path in self.discovered.declarations:
            head = self.declarations_head(path)
            if head is None:
                continue
            try:
                source = Source(path, head)
            except UnreadableSource:
                continue
            home = _home(path, directories)
            found.setdefault(home, []).append(SourceFile(path, source, parse_file(path, source)))
        return found

    def declarations_head(self, path: str) -> bytes | None:
        """What is hand-written or about env in a declaration file; None when nothing in it is.

        Most of a generated one, a quarter of a megabyte, is not even read.
        """
        data = self.overlay.get(path)
        if data is None:
            data = read_bytes(self.project.root, path, _MAX_DECLARATIONS)
            if data is not None and len(data) >= _MAX_DECLARATIONS:
                end = data.find(_RUNTIME_TYPES)
                if end >= 0 and _ENV_TYPE.search(data, 0, end):
                    return data[:end]
                data = self.bytes_of(path)
        if data is None or not _ENV_TYPE.search(data):
            return None
        end = data.find(_RUNTIME_TYPES)
        return data[: end if end >= 0 else _MAX_DECLARATIONS]


def _is_source(path: str) -> bool:
    return (
        path.endswith(tuple(SOURCES))
        and not path.endswith((".d.ts", ".d.mts", ".d.cts"))
        and "node_modules/" not in path
    )


def _above(directory: str) -> list[str]:
    """The folders above ``directory``, up to the root ("")."""
    found = []
    while directory:
        directory = posixpath.dirname(directory)
        found.append(directory)
    return found


def _home(path: str, directories: list[str]) -> str | None:
    """The nearest folder with a config above ``path``."""
    for directory in directories:
        if not directory or path.startswith(directory + "/"):
            return directory
    return None


def _note(reason: str, path: str) -> Note:
    from edgelint.project.project import Note

    return Note(reason, path)
