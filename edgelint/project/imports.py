"""Imports that lead nowhere: relative paths without a file, packages that no package.json names.

An import counts only when something is left of it at run time, and when nothing that a build makes could be meant.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.patterns import later
from edgelint.project.discovery import BUILD_OUTPUT
from edgelint.project.ignore import is_ignored
from edgelint.project.packages import NODE_BUILTINS, split_specifier
from edgelint.syntax import tree

if TYPE_CHECKING:
    from edgelint.project.files import SourceFile
    from edgelint.project.modules import ImportUse
    from edgelint.project.project import Project

# Endings that a bundler loads as data, and that builds and other tools make.
_ASSETS = frozenset({
    ".wasm", ".txt", ".sql", ".html", ".htm", ".css", ".scss", ".sass", ".less", ".svg", ".png", ".jpg", ".jpeg",
    ".gif", ".webp", ".avif", ".ico",
    ".bin", ".md", ".mdx", ".yaml", ".yml", ".toml", ".xml", ".csv", ".tsv", ".pem", ".crt", ".key", ".woff", ".woff2",
    ".ttf", ".otf", ".glsl",
    ".wgsl", ".graphql", ".gql", ".node", ".pdf", ".mp3", ".mp4", ".webm", ".zip", ".gz", ".map", ".proto", ".hbs",
    ".ejs", ".liquid", ".json5",
    ".lua", ".py", ".xsl", ".onnx", ".data",
})
_MADE = BUILD_OUTPUT | {
    "build",
    "out",
    "generated",
    "__generated__",
    "_generated",
    "gen",
    "pkg",
    ".generated",
    ".prisma",
    ".velite",
    ".content-collections",
}
_PACKAGE = later(r"(?:@[a-z0-9~_-][\w.~-]*/)?[a-zA-Z0-9~_][\w.~-]*(?:/.*)?\Z")
# Names that a bundler or a framework gives, although no package.json has them.
_GIVEN = frozenset({
    "__STATIC_CONTENT_MANIFEST", "server-only", "client-only", "uno.css", "unfonts.css", "workbox-window",
    "react-server", "virtual", "internal", "content-collections", "~icons", "~pages",
})
_BRING = frozenset({"nuxt", "nitro", "nitropack", "@nuxthub/core", "vinxi"})
_LOCKS = {
    "package-lock.json": r'"node_modules/NAME"', "yarn.lock": r"^[\"']?NAME@", "bun.lock": r'^\s*"NAME":',
    "pnpm-lock.yaml": r"^\s*[\"']?/?NAME@",
}
_CONFIGS = later(
    r"(?:vite|vitest|nuxt|astro|svelte|next|rollup|webpack|esbuild|tsup|tsdown|rolldown|rspack|babel|vue"
    r"|app|build|rsbuild|farm|open-next)"
    r"(?:\.\w+)*\.[cm]?[jt]s\Z"
)


class Missing(NamedTuple):
    """An import that names nothing. ``package`` is the package's name, None for a relative path.

    ``near`` is a specifier that would work; ``installed`` tells that a lockfile has the package because another one
    needs it.
    """

    use: ImportUse
    package: str | None
    near: str | None
    installed: bool


class Imports:
    """Answers about the imports of a project's files."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._texts: dict[str, str] = {}
        self._listed: dict[str, list[str]] = {}

    def missing(self, file: SourceFile) -> Iterator[Missing]:
        """The imports of ``file`` that lead nowhere, in order."""
        for use in sorted(self._project.graph.imports(file), key=lambda use: use.start):
            if use.target is not None or use.is_type or _is_optional(use.node) or self.is_erased(use, file):
                continue
            if file.language == "python":
                if use.level and use.specifier and self.is_missing_module(use, file):
                    yield Missing(use, None, None, False)
            elif use.specifier.startswith("."):
                if self.is_missing_file(use.specifier, file):
                    yield Missing(use, None, self.near(use.specifier, file), False)
            elif self.is_missing_alias(use.specifier, file):
                yield Missing(use, None, None, False)
            elif (package := self.missing_package(use.specifier, file)) is not None:
                yield Missing(use, package, None, self.is_locked(package, file))

    # -- files ---------------------------------------------------------------------------------------------------------

    def is_missing_file(self, specifier: str, file: SourceFile) -> bool:
        """Whether a relative specifier names code that is not there, and that no build will make."""
        if "?" in specifier or "!" in specifier:
            return False
        return self.is_missing_path(posixpath.normpath(posixpath.join(posixpath.dirname(file.path), specifier)))

    def is_missing_alias(self, specifier: str, file: SourceFile) -> bool:
        """Whether a path of tsconfig.json leads ``specifier`` into a folder of the project that has no such file."""
        packages = self._project.packages
        name = split_specifier(specifier)[0]
        if name in packages.by_name or any(name in package.dependencies for package in packages.chain(file.path)):
            return False  # where the path has no file, the package of that name is meant
        targets = packages.aliased(file.path, specifier)
        return bool(targets) and "?" not in specifier and all(
            posixpath.dirname(path) in self._project.folders
            and self.is_missing_path(path)
            and not any(entry == posixpath.basename(path) or entry.startswith(f"{posixpath.basename(path)}.")
                        for entry in self.entries(posixpath.dirname(path)))
            for path in targets
        )  # fmt: skip

    def is_missing_path(self, path: str) -> bool:
        """Whether ``path``, relative to the root and not a file, is inside the project and nothing that a build makes.
        """
        extension = posixpath.splitext(path)[1]
        if path.startswith("../") or extension in _ASSETS:
            return False
        parts = path.split("/")
        if (
            any(part in _MADE or part.startswith("+") or part.endswith((".gen", ".generated")) for part in parts)
            or ".gen." in parts[-1]
        ):
            return False
        return not any(
            is_ignored(str(self._project.root), path + end)
            for end in ("", ".ts", ".js", ".tsx", ".mjs", "/index.ts", "/index.js")
        )

    def is_missing_module(self, use: ImportUse, file: SourceFile) -> bool:
        """Whether a relative Python import names neither a module nor a package (a folder will do) nor a compiled
        module."""
        base = posixpath.dirname(file.path)
        for _ in range(use.level - 1):
            base = posixpath.dirname(base)
        folder, name = posixpath.split(posixpath.join(base, *use.specifier.split(".")))
        return not any(entry == name or entry.startswith(f"{name}.") for entry in self.entries(folder))

    def entries(self, folder: str) -> list[str]:
        found = self._listed.get(folder)
        if found is None:
            try:
                found = os.listdir(self._project.root / folder)
            except OSError:
                found = []
            found += [posixpath.basename(path) for path in self._project.files if posixpath.dirname(path) == folder]
            self._listed[folder] = found
        return found

    def near(self, specifier: str, file: SourceFile) -> str | None:
        """The specifier of a file of the same name elsewhere, when there is only one such."""
        wanted = posixpath.splitext(posixpath.basename(specifier))[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), specifier)).lower()
        for other in self._project.files:
            if posixpath.splitext(other.lower())[0] == path or other.lower() == path:
                return self._project.graph.specifier(file.path, other)  # only the case of a letter differs
        found = [
            path
            for path in self._project.files
            if path != file.path
            and (posixpath.splitext(posixpath.basename(path))[0] == wanted or path.endswith(f"/{wanted}/index.ts"))
        ]
        return self._project.graph.specifier(file.path, found[0]) if len(found) == 1 else None

    # -- packages
    # --------------------------------------------------------------------------------------------------------

    def missing_package(self, specifier: str, file: SourceFile) -> str | None:
        """The package of a bare specifier that nothing above ``file`` names; None when all is well, or cannot be known.
        """
        packages = self._project.packages
        if not _PACKAGE.match(specifier) or "?" in specifier or "!" in specifier:
            return None
        name, rest = split_specifier(specifier)
        if not rest and posixpath.splitext(name)[1] in _ASSETS:
            return None  # a bundler's loader knows where it lies
        if name in NODE_BUILTINS or name in _GIVEN or packages.is_alias(file.path, specifier):
            return None
        if not self.is_governed(file):
            return None
        chain = list(packages.chain(file.path))
        if not chain or not all(package.readable for package in chain) or name in packages.by_name:
            return None
        if any(package.dependencies & _BRING for package in chain) and self.is_locked(name, file):
            return None  # Nitro finds what it is made of itself
        typed = "@types/" + name.removeprefix("@").replace("/", "__")
        if any(name in package.dependencies or typed in package.dependencies for package in chain):
            return None
        for directory in packages.upwards(file.path):
            if self.is_installed(name, directory) or self.is_mapped(name, directory):
                return None
        return None if self.is_wrangler_alias(name, specifier, file) else name

    def is_governed(self, file: SourceFile) -> bool:
        """Whether wrangler bundles ``file``, as far as can be told: where there are configs, one reaches it or stands
        above it.

        What stands apart from every config may be put together by something that has packages of its own (workerd's
        samples).
        """
        package = self._project.packages.nearest(file.path)
        below = file.path.removeprefix(package.directory if package is not None else "").split("/")
        if any(part.strip("_") in ("template", "templates") for part in below[:-1]):
            return False  # copied to where its package.json is
        workers = self._project.all_workers
        directories = {worker.directory for worker in workers if worker.config is not None}
        if not directories or any(not d or file.path.startswith(f"{d}/") for d in directories):
            return True
        return any(held is file for worker in workers for held in worker.files)

    def is_installed(self, name: str, directory: str) -> bool:
        manifest = posixpath.join(directory, "node_modules", name, "package.json")
        self._project.inputs.append(manifest)
        return os.path.isfile(self._project.root / manifest)

    def is_mapped(self, name: str, directory: str) -> bool:
        """Whether a bundler's config or a Deno config in ``directory`` speaks of ``name``: an alias, a virtual module.
        """
        for entry in self.entries(directory):
            if _CONFIGS.match(entry) or entry in ("deno.json", "deno.jsonc", "import_map.json", "importmap.json"):
                text = self.text(posixpath.join(directory, entry))
                if (
                    entry.startswith(("deno", "import"))
                    or f'"{name}' in text
                    or f"'{name}" in text
                    or f"`{name}" in text
                    or f"^{name}" in text
                ):
                    return True
        return False

    def is_wrangler_alias(self, name: str, specifier: str, file: SourceFile) -> bool:
        for config in self._project.all_configs:
            for place in config.environments:
                alias = place.get("alias")
                if alias is not None and any(key in (name, specifier) for key in alias.keys()):  # noqa: SIM118
                    return True
        return False

    def is_locked(self, name: str, file: SourceFile) -> bool:
        """Whether a lockfile has ``name``: packages lie side by side, so it is found while another needs it."""
        for directory in self._project.packages.upwards(file.path):
            for lock, pattern in _LOCKS.items():
                if lock in self.entries(directory):
                    text = self.text(posixpath.join(directory, lock))
                    if name in text and re.search(pattern.replace("NAME", re.escape(name)), text, re.M):
                        return True
        return self.is_beside(name, file)

    def is_beside(self, name: str, file: SourceFile) -> bool:
        """Whether another package of the same npm or yarn workspace names ``name``: it is then installed above them
        all."""
        for package in self._project.packages.chain(file.path):
            if package.data.get("workspaces") is not None:
                prefix = f"{package.directory}/" if package.directory else ""
                if any(
                    name in p.dependencies
                    for p in self._project.packages.packages.values()
                    if p.directory.startswith(prefix)
                ):
                    return True
        return False

    def text(self, path: str) -> str:
        found = self._texts.get(path)
        if found is None:
            self._project.inputs.append(path)
            try:
                found = (self._project.root / path).read_text("utf-8", "replace")
            except OSError:
                found = ""
            self._texts[path] = found
        return found

    # -- what is left at run time
    # ------------------------------------------------------------------------------------------

    @staticmethod
    def is_erased(use: ImportUse, file: SourceFile) -> bool:
        """Whether TypeScript drops the import: every name it brings is used as a type only."""
        node = use.node
        if file.language != "typescript" or not isinstance(node, tree.Import) or not node.names:
            return False
        for name in node.names:
            if isinstance(name, tree.ImportName) and not name.is_type:
                if any(
                    file.index.resolve(found) is file.index.root.symbols.get(name.local)
                    for found in file.index.names.get(name.local, ())
                ):
                    return False
                if any(
                    isinstance(n, tree.ExportName) and n.local == name.local
                    for export in file.index.exports
                    for n in export.names
                ):
                    return False
        return True


def _is_optional(node: tree.Node) -> bool:
    """Whether the code allows for the module being absent: ``try { await import("x") } catch``."""
    at = node
    for parent in tree.ancestors(node):
        if isinstance(parent, tree.Try) and parent.handlers and at is parent.body:
            return True
        at = parent
    return isinstance(node.parent, tree.Member) and node.parent.name == "catch"
