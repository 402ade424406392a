"""What the name of a type means in a file: a declaration or a class of the project, something of a package, a global.

Followed through imports and re-exports, those that are only of types too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.modules import ModuleGraph

_MAX_HOPS = 5  # imports and re-exports that are followed, one after the other
# Modules whose types are the platform's: of the runtime, of its type packages, of its simulator.
_PLATFORM = ("cloudflare:", "@cloudflare/", "cloudflare-workers", "@miniflare/", "miniflare", "wrangler")
_PLATFORM_PYTHON = frozenset({"js", "workers", "pyodide", "cloudflare"})
_GLOBALS = frozenset({"Cloudflare", "globalThis"})  # namespaces of the platform's that nobody imports


class Meaning(NamedTuple):
    """What a name stands for. ``file`` is where ``decls`` or ``klass`` stand; ``package`` is the module it is taken
    from when that is no file of the project, ``name`` what it is called there. All empty: a global, or nothing known.
    """

    name: str
    file: SourceFile
    decls: tuple[tree.TypeDecl, ...] = ()
    klass: tree.Class | None = None
    package: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether the project declares it."""
        return bool(self.decls) or self.klass is not None

    @property
    def is_foreign(self) -> bool:
        """Whether it comes from a module that has none of the platform's types."""
        return self.package is not None and not is_platform_module(self.package, self.file.language)


def is_platform_module(module: str, language: str) -> bool:
    """Whether the types of ``module`` are the platform's."""
    if language == "python":
        return module.split(".")[0] in _PLATFORM_PYTHON
    return module.startswith(_PLATFORM)


def meaning(name: str, file: SourceFile, graph: ModuleGraph) -> Meaning:
    """What the type ``name`` (``Deps``, ``types.Deps``) means in ``file``."""
    head, _, rest = name.rpartition(".")
    if not head:
        return _plain(name, file, graph, 0)
    if "." in head or head in _GLOBALS:
        return Meaning(rest, file, package=None if head.split(".")[0] in _GLOBALS else head)
    for source, imported, level in _imports(head, file):
        if imported != "*" and file.language != "python":
            continue  # a namespace that a module exports
        module = source if imported == "*" else f"{source}.{imported}" if source else imported
        target = graph.resolve(file, module, level)
        other = graph.files.get(target) if target is not None else None
        if other is not None and other is not file:
            return _plain(rest, other, graph, 1)
        return Meaning(rest, file, package=module)
    return Meaning(rest, file, package=head)


def _plain(name: str, file: SourceFile, graph: ModuleGraph, hops: int) -> Meaning:
    decls = tuple(file.index.types.get(name, ()))
    klass = next((klass for klass in file.index.classes if klass.name == name), None)
    if decls or klass is not None or hops > _MAX_HOPS:
        return Meaning(name, file, decls, klass)
    ways = list(_imports(name, file))
    if hops:
        local = _exported_as(name, file)
        if local is not None:
            return _plain(local, file, graph, hops + 1)
        ways += _re_exports(name, file)
    for source, imported, level in ways:
        target = graph.resolve(file, source, level)
        other = graph.files.get(target) if target is not None else None
        if other is None:
            if imported != "*":
                return Meaning(imported, file, package=source)
        elif other is not file:
            wanted = name if imported == "*" else _default(other) if imported == "default" else imported
            found = _plain(wanted, other, graph, hops + 1) if wanted is not None else Meaning(name, other)
            if found.is_own or found.package is not None or imported != "*":
                return found
    return Meaning(name, file)


def _imports(name: str, file: SourceFile) -> Iterator[tuple[str, str, int]]:
    """(module, name there, level) of what ``file`` imports as ``name``."""
    for node in file.index.imports:
        for item in node.names:
            if isinstance(item, tree.ImportName) and item.local == name:
                yield node.source, item.imported, node.level


def _re_exports(name: str, file: SourceFile) -> Iterator[tuple[str, str, int]]:
    for export in file.index.exports:
        if export.source is None:
            continue
        for item in export.names:
            if isinstance(item, tree.ExportName) and (item.exported == item.local == "*" or item.exported == name):
                yield export.source, item.local, 0
    for node in file.index.imports if file.language == "python" else ():
        if any(isinstance(item, tree.ImportName) and item.local == "*" for item in node.names):
            yield node.source, "*", node.level


def _exported_as(name: str, file: SourceFile) -> str | None:
    """What ``file`` itself calls that which it exports as ``name``, when that is another name."""
    for export in file.index.exports if name != "default" else ():
        for item in export.names if export.source is None else ():
            if isinstance(item, tree.ExportName) and item.exported == name != item.local:
                return item.local
    return None


def _default(file: SourceFile) -> str | None:
    """The name of what ``file`` exports as its default."""
    for export in file.index.exports:
        if export.is_default and isinstance(export.value, tree.Class | tree.TypeDecl):
            return export.value.name or None
        if export.is_default and isinstance(export.value, tree.Name):
            return export.value.id
        for item in export.names:
            if isinstance(item, tree.ExportName) and item.exported == "default":
                return item.local
    return None
