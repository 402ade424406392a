"""The module graph: what an import specifier means, what a module exports, which files an entry point reaches.

JavaScript follows what wrangler's bundler does: relative paths with and without extension, ``.js`` for ``.ts``, index
files, tsconfig ``paths`` and ``baseUrl``, package.json ``imports`` and workspaces. Python follows dotted names from the
entry's folder. Nothing outside the project root is looked at.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from edgelint.project import known
from edgelint.project.atoms import ClassRef, External, Namespace
from edgelint.project.files import SourceFile
from edgelint.project.objects import Fields, array_pushes
from edgelint.project.packages import Packages
from edgelint.project.scopes import Symbol
from edgelint.source import Source, UnreadableSource
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator

_EXTENSIONS = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".d.ts", ".vue", ".svelte")
_REWRITES = {".js": (".ts", ".tsx", ".d.ts"), ".jsx": (".tsx",), ".mjs": (".mts", ".d.mts"), ".cjs": (".cts", ".d.cts")}
MAX_TEXT = 1_000_000  # bytes of a file that is imported as text
UNSUPPORTED = "unsupported syntax"  # how the message of a passed-over construct begins: what stands around it was read
Exported = tuple[SourceFile, "Node | Symbol | External | Namespace"]


class ImportUse:
    """One import of a file: its specifier, where it stands, and what it means.

    ``node`` is the Import, Export or Call; ``is_deferred`` for ``import("x")`` and ``require("x")`` inside a function:
    the module is then loaded when that function runs, not when the worker starts.
    """

    __slots__ = ("specifier", "start", "end", "level", "target", "is_type", "node", "is_deferred")

    def __init__(
        self,
        specifier: str,
        start: int,
        end: int,
        level: int,
        target: str | None,
        is_type: bool,
        node: Node,
        is_deferred: bool = False,
    ) -> None:
        self.specifier = specifier
        self.start = start
        self.end = end
        self.level = level
        self.target = target
        self.is_type = is_type
        self.node = node
        self.is_deferred = is_deferred


class ModuleGraph:
    """Resolution over the files of a project. ``files`` maps relative posix paths to what was read."""

    def __init__(self, root: Path, files: Mapping[str, SourceFile], packages: Packages) -> None:
        self.root = root
        self.files = files
        self.packages = packages
        self.fields = Fields()
        self._exists: dict[str, bool] = {}
        self._exports: dict[str, dict[str, Exported]] = {}
        self.bound_classes: set[tree.Class] = set()  # those that a config binds as Durable Objects
        self._class_kinds: dict[tree.Class, str | None] = {}
        self._service_workers: dict[str, bool] = {}
        self._imports: dict[str, list[ImportUse]] = {}
        self.read: Callable[[str], bytes | None] = lambda path: None
        """The bytes of a file of the project; set by whoever reads it."""
        self._texts: dict[str, Source | None] = {}

    def text(self, path: str) -> Source | None:
        """A file that is imported as text (``import query from "./query.sql"``), None when it cannot be read."""
        if path not in self._texts:
            data = self.read(path)
            try:
                self._texts[path] = Source(path, data) if data is not None and len(data) < MAX_TEXT else None
            except UnreadableSource:
                self._texts[path] = None
        return self._texts[path]

    # -- specifiers --------------------------------------------------------------------------------------------------

    def exists(self, path: str) -> bool:
        """Whether ``path`` is a file inside the project (a source file that was read, or anything on disk)."""
        if path in self.files:
            return True
        found = self._exists.get(path)
        if found is None:
            found = not path.startswith("../") and os.path.isfile(os.path.join(self.root, path))
            self._exists[path] = found
        return found

    def resolve(self, file: SourceFile, specifier: str, level: int = 0) -> str | None:
        """The project file ``specifier`` names, or None: a package, a built-in module, or nothing."""
        key = f"{level}:{specifier}"
        if key in file.resolved:
            return file.resolved[key]
        if file.language == "python":
            found = self.resolve_python(file.path, specifier, level)
        else:
            found = self.resolve_javascript(file.path, specifier)
        file.resolved[key] = found
        return found

    def resolve_javascript(self, importer: str, specifier: str) -> str | None:
        specifier = specifier.split("?", 1)[0]
        if specifier.startswith("."):
            return self.probe(posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier)))
        if specifier.startswith(("node:", "cloudflare:", "http:", "https:", "data:")):
            return None
        for candidate in self.packages.candidates(importer, specifier):
            found = self.probe(candidate)
            if found is not None:
                return found
        return None

    def probe(self, path: str) -> str | None:
        """``path`` as a file, with an extension added, with ``.js`` read as ``.ts``, or as a folder with an index."""
        if path.startswith("../") or path == "..":
            return None
        stem, extension = posixpath.splitext(path)
        if extension and self.exists(path):
            return path
        for other in _REWRITES.get(extension, ()):
            if self.exists(stem + other):
                return stem + other
        for other in _EXTENSIONS:
            if self.exists(path + other):
                return path + other
        for other in _EXTENSIONS[:9]:
            index = posixpath.join(path, "index" + other) if path != "." else "index" + other
            if self.exists(index):
                return index
        return None

    @staticmethod
    def specifier(importer: str, target: str) -> str:
        """What ``importer`` writes to import the project file ``target``: "./db", "../lib"."""
        path = posixpath.relpath(target, posixpath.dirname(importer) or ".")
        stem, extension = posixpath.splitext(path)
        if extension in (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx"):
            path = stem.removesuffix("/index")
        return path if path.startswith(".") else f"./{path}"

    def resolve_python(self, importer: str, module: str, level: int) -> str | None:
        here = posixpath.dirname(importer)
        parts = module.split(".") if module else []
        if level:
            base = here
            for _ in range(level - 1):
                base = posixpath.dirname(base)
            return self.probe_python(base, parts)
        # An absolute name is looked up from the importer's folder upwards: the entry's folder is on the path.
        base = here
        while True:
            found = self.probe_python(base, parts) if parts else None
            if found is not None:
                return found
            if not base:
                return None
            base = posixpath.dirname(base)

    def probe_python(self, base: str, parts: list[str]) -> str | None:
        stem = posixpath.join(base, *parts) if parts else base
        for candidate in (f"{stem}.py", posixpath.join(stem, "__init__.py")):
            if self.exists(candidate):
                return candidate
        return None

    def imports(self, file: SourceFile) -> list[ImportUse]:
        """Everything ``file`` imports, re-exports, requires or imports dynamically by a constant name."""
        found = self._imports.get(file.path)
        if found is not None:
            return found
        found = []
        for node in file.index.imports:
            target = self.resolve(file, node.source, node.level)
            deferred = file.language == "python" and tree.enclosing_function(node) is not None
            found.append(
                ImportUse(
                    node.source, node.source_start, node.source_end, node.level, target, _is_type(node), node, deferred
                )
            )
            if file.language == "python":
                found.extend(self.python_submodules(file, node))
        for export in file.index.exports:
            if export.source is not None:
                target = self.resolve(file, export.source)
                found.append(
                    ImportUse(
                        export.source, export.source_start, export.source_end, 0, target, _is_type(export), export
                    )
                )
        for name in ("require", "import"):
            for call in file.index.calls.get(name, ()):
                if isinstance(call.func, tree.Name) and call.args and file.language != "python":
                    arg = call.args[0]
                    if isinstance(arg, tree.Literal) and isinstance(arg.value, str):
                        target = self.resolve(file, arg.value)
                        deferred = tree.enclosing_function(call) is not None
                        found.append(ImportUse(arg.value, arg.start, arg.end, 0, target, False, call, deferred))
        self._imports[file.path] = found
        return found

    def python_submodules(self, file: SourceFile, node: tree.Import) -> Iterator[ImportUse]:
        """``from package import module`` names a module, not a value."""
        for name in node.names:
            if isinstance(name, tree.ImportName) and name.imported != "*":
                dotted = f"{node.source}.{name.imported}" if node.source else name.imported
                target = self.resolve(file, dotted, node.level)
                if target is not None:
                    yield ImportUse(
                        dotted,
                        name.start,
                        name.end,
                        node.level,
                        target,
                        False,
                        node,
                        tree.enclosing_function(node) is not None,
                    )

    def reachable(self, entry: str, *, at_start: bool = False) -> list[str]:
        """The project's source files that ``entry`` reaches, itself first, breadth first. ``at_start``: those that are
        loaded with it."""
        seen = {entry: None}
        queue = [entry]
        for path in queue:
            file = self.files.get(path)
            if file is None:
                continue
            for use in self.imports(file):
                if at_start and (use.is_deferred or use.is_type):
                    continue
                if use.target is not None and use.target not in seen:
                    seen[use.target] = None
                    queue.append(use.target)
        return [path for path in seen if path in self.files]

    @cached_property
    def client_files(self) -> frozenset[str]:
        """The files that run in browsers: modules that say "use client", and what they import but for modules that say
        "use server", which a browser calls over the network (https://react.dev/reference/rsc/use-client)."""
        seen = dict.fromkeys(path for path, file in self.files.items() if "use client" in file.directives)
        queue = list(seen)
        for path in queue:
            for use in self.imports(self.files[path]):
                target = None if use.is_type or use.target is None else self.files.get(use.target)
                if target is not None and target.path not in seen and "use server" not in target.directives:
                    seen[target.path] = None
                    queue.append(target.path)
        return frozenset(seen)

    # -- exports -----------------------------------------------------------------------------------------------------

    def exports(self, path: str) -> dict[str, Exported]:
        """What the module at ``path`` exports by name ("default" among them), re-exports followed."""
        found = self._exports.get(path)
        if found is not None:
            return found
        table: dict[str, Exported] = {}
        self._exports[path] = table  # a cycle of re-exports sees what is known so far
        file = self.files.get(path)
        if file is None:
            return table
        if file.language == "python":
            for name, symbol in file.index.root.symbols.items():
                table[name] = (file, symbol)
            for target in self.stars(file):
                if target is not None:
                    for name, value in self.exports(target).items():
                        if not name.startswith("_"):
                            table.setdefault(name, value)
            table.pop("*", None)
            return table
        for export in file.index.exports:
            self.add_export(table, file, export)
        self.add_common_js(table, file)
        return table

    def stars(self, file: SourceFile) -> Iterator[str | None]:
        """What ``file`` takes over whole (``export * from``, Python ``from x import *``): the project file, None for
        anything else."""
        if file.language == "python":
            for node in file.index.imports:
                if any(isinstance(name, tree.ImportName) and name.local == "*" for name in node.names):
                    yield self.resolve(file, node.source, node.level)
            return
        for export in file.index.exports:
            if export.source is not None and not export.is_type:
                if any(
                    isinstance(name, tree.ExportName) and name.local == name.exported == "*" for name in export.names
                ):
                    yield self.resolve(file, export.source)

    def is_open(self, path: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the module at ``path`` may export names that cannot be seen: it did not parse, or takes over a module
        we do not have."""
        file = self.files.get(path)
        if file is None or any(not message.startswith(UNSUPPORTED) for _, _, message in file.parsed.errors):
            return True
        return any(
            target is None or (target not in seen and self.is_open(target, seen | {path}))
            for target in self.stars(file)
        )

    def add_export(self, table: dict[str, Exported], file: SourceFile, export: tree.Export) -> None:
        if export.is_type:
            return
        if export.is_default and export.value is not None:
            table["default"] = (file, export.value)
            return
        if export.source is not None:
            target = self.resolve(file, export.source)
            for name in export.names:
                if not isinstance(name, tree.ExportName) or name.is_type:
                    continue
                if target is None or target not in self.files:
                    if name.exported != "*":
                        table[name.exported] = (file, External(export.source, name.local))
                elif name.local == "*" and name.exported == "*":
                    for key, value in self.exports(target).items():
                        if key != "default":
                            table.setdefault(key, value)
                elif name.local == "*":
                    table[name.exported] = (file, Namespace(target))
                else:
                    found = self.exports(target).get(name.local)
                    if found is not None:
                        table[name.exported] = found
                    elif self.is_open(target):
                        table[name.exported] = (file, External(export.source, name.local))
            return
        for name in export.names:
            if isinstance(name, tree.ExportName) and not name.is_type:
                symbol = file.index.root.lookup(name.local)
                if symbol is not None and not _is_erased(symbol):
                    table[name.exported] = self.follow_import(file, symbol)
        if export.value is not None:
            for declared in _declared_names(export.value):
                symbol = file.index.root.lookup(declared)
                if symbol is not None:
                    table[declared] = (file, symbol)

    def follow_import(self, file: SourceFile, symbol: Symbol) -> Exported:
        """``import { X } from "./x"; export { X }`` exports the X of the other module."""
        for d in symbol.defs:
            if d.kind == "import" and isinstance(d.at, tree.Import) and isinstance(d.node, tree.ImportName):
                target = self.resolve(file, d.at.source, d.at.level)
                if target is None:
                    return file, External(d.at.source, d.node.imported)
                if d.node.imported == "*":
                    return file, Namespace(target)
                found = self.exports(target).get(d.node.imported)
                if found is not None:
                    return found
        return file, symbol

    def add_common_js(self, table: dict[str, Exported], file: SourceFile) -> None:
        for assign in file.index.assigns:
            target = assign.target
            if not isinstance(target, tree.Member) or assign.value is None:
                continue
            obj = target.obj
            if isinstance(obj, tree.Name) and obj.id == "module" and target.name == "exports":
                table.setdefault("default", (file, assign.value))
                if isinstance(assign.value, tree.Object):
                    for prop in assign.value.props:
                        if isinstance(prop, tree.Property) and prop.key is not None:
                            table.setdefault(prop.key, (file, prop.value))
            elif target.name is not None and (
                (isinstance(obj, tree.Name) and obj.id == "exports")
                or (
                    isinstance(obj, tree.Member)
                    and obj.name == "exports"
                    and isinstance(obj.obj, tree.Name)
                    and obj.obj.id == "module"
                )
            ):
                table.setdefault(target.name, (file, assign.value))

    def export(self, path: str, name: str) -> Exported | None:
        """Export ``name`` of the module at ``path``."""
        found = self.exports(path).get(name)
        if found is None and self.files.get(path) is not None and self.files[path].language == "python":
            target = self.probe_python(posixpath.dirname(path), [name]) if path.endswith("__init__.py") else None
            if target is not None:
                return self.files[path], Namespace(target)
        return found

    # -- objects -----------------------------------------------------------------------------------------------------

    def pushes(self, array: tree.Array, file: SourceFile) -> list[tuple[Node, bool]]:
        """What is pushed into ``array`` later: (expression, whether it is an array of items)."""
        return array_pushes(array, file)

    def class_kind(self, node: tree.Class, file: SourceFile, evaluator: Evaluator) -> str | None:
        """"durable-object", "entrypoint", "workflow" or "rpc-target" when ``node`` extends the platform's class, else
        None."""
        if node in self._class_kinds:
            return self._class_kinds[node]
        self._class_kinds[node] = None
        kind = None
        for base in node.bases:
            for atom in evaluator.evaluate(base, file):
                if isinstance(atom, External):
                    name = atom.path.rsplit(".", 1)[-1]
                    name = name.removesuffix("()")
                    if atom.module in known.BASE_MODULES or atom.module.split("/")[0] in known.BASE_MODULES:
                        kind = kind or known.BASE_CLASSES.get(name)
                elif isinstance(atom, ClassRef) and atom.node is not node:
                    kind = kind or self.class_kind(atom.node, atom.file, evaluator)
        if kind is None and node in self.bound_classes:
            kind = "durable-object"
        self._class_kinds[node] = kind
        return kind

    def bind_classes(self, nodes: set[tree.Class]) -> None:
        """Say which classes a config binds as Durable Objects: those without a base are known by this alone."""
        self.bound_classes = nodes
        self._class_kinds.clear()

    def is_service_worker(self, file: SourceFile) -> bool:
        """Whether ``file`` belongs to a worker in the service-worker syntax: it, or a file that reaches it, listens for
        "fetch"."""
        found = self._service_workers.get(file.path)
        if found is None:
            found = not is_browser_worker(file) and any(
                _listens_for_fetch(call) for call in file.index.calls.get("addEventListener", ())
            )
            self._service_workers[file.path] = found
        return found

    def mark_service_worker(self, entry: str) -> None:
        """Say that all that ``entry`` reaches is in the service-worker syntax."""
        for path in self.reachable(entry):
            self._service_workers[path] = True


def _is_type(node: tree.Import | tree.Export) -> bool:
    """Whether an import or export leaves nothing at run time."""
    names = [name for name in node.names if isinstance(name, tree.ImportName | tree.ExportName)]
    return node.is_type or (bool(names) and all(name.is_type for name in names))


def _is_erased(symbol: Symbol) -> bool:
    """Whether a name stands for a type only: ``import type { X }``."""
    return bool(symbol.defs) and all(
        d.kind == "import" and (getattr(d.node, "is_type", False) or getattr(d.at, "is_type", False))
        for d in symbol.defs
    )


def is_browser_worker(file: SourceFile) -> bool:
    """Whether ``file`` is a service worker for browsers: it listens for being installed, or takes over its pages."""
    if "skipWaiting" in file.index.calls:
        return True
    return any(
        bool(call.args)
        and isinstance(call.args[0], tree.Literal)
        and call.args[0].value in ("install", "activate", "push", "notificationclick")
        for call in file.index.calls.get("addEventListener", ())
    )


def _listens_for_fetch(call: tree.Call) -> bool:
    if not isinstance(call.func, tree.Name) or not call.args:
        return False
    event = call.args[0]
    return isinstance(event, tree.Literal) and event.value in ("fetch", "scheduled")


def _declared_names(node: Node) -> Iterator[str]:
    if isinstance(node, tree.Function | tree.Class):
        if node.name:
            yield node.name
    elif isinstance(node, tree.Assign):
        from edgelint.project.scopes import _targets

        for name, _, _ in _targets(node.target):
            yield name.id
    elif isinstance(node, tree.Block | tree.Unknown):
        for child in node.children():
            yield from _declared_names(child)
