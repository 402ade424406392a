"""package.json and tsconfig: what a bare specifier may mean inside the project, and which packages are named."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


# Modules of Node.js that may be written without ``node:`` (module.builtinModules of Node 24, without the internal
# ones).
NODE_BUILTINS = frozenset({
    "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
    "diagnostics_channel", "dns",
    "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net", "os", "path", "perf_hooks",
    "process", "punycode",
    "querystring", "readline", "repl", "stream", "string_decoder", "sys", "timers", "tls", "trace_events", "tty", "url",
    "util", "v8", "vm",
    "wasi", "worker_threads", "zlib",
})


class Package:
    """One package.json: its folder, its name, the names of everything it depends on."""

    __slots__ = ("directory", "name", "dependencies", "data", "readable")

    def __init__(self, directory: str, data: Any, readable: bool) -> None:
        self.directory = directory
        self.readable = readable
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        name = self.data.get("name")
        self.name = name if isinstance(name, str) else None
        self.dependencies: set[str] = set()
        for key in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
            value = self.data.get(key)
            if isinstance(value, dict):
                self.dependencies.update(value)


class Packages:
    """All package.json and tsconfig.json files of a project. Paths are relative to the root."""

    def __init__(
        self, root: Path, package_paths: list[str], tsconfig_paths: list[str],
        overlay: Mapping[str, bytes] | None = None,
    ) -> None:
        self.root = root
        self._overlay = overlay or {}
        self.packages: dict[str, Package] = {}
        for path in package_paths:
            data = self._read(path)
            self.packages[posixpath.dirname(path)] = Package(posixpath.dirname(path), data, data is not None)
        self.by_name = {package.name: package for package in self.packages.values() if package.name}
        self.paths: dict[str, list[tuple[str, list[str]]]] = {}
        self.base_urls: dict[str, str] = {}
        for path in tsconfig_paths:
            self._tsconfig(path, posixpath.dirname(path), set())

    def _read(self, path: str) -> Any:
        data = self._overlay.get(path)
        try:
            text = (data if data is not None else (self.root / path).read_bytes()).decode("utf-8-sig", "replace")
        except OSError:
            return None
        try:
            return json.loads(text)
        except ValueError:
            bare = _COMMENT.sub(lambda m: m.group() if m.group().startswith('"') else "", text)
            try:
                return json.loads(_TRAILING_COMMA.sub(r"\1", bare))
            except ValueError:
                return None

    def _tsconfig(self, path: str, owner: str, seen: set[str]) -> None:
        if path in seen:
            return
        seen.add(path)
        data = self._read(path)
        if not isinstance(data, dict):
            return
        here = posixpath.dirname(path)
        parents = data.get("extends")
        for parent in [parents] if isinstance(parents, str) else parents if isinstance(parents, list) else []:
            if isinstance(parent, str) and parent.startswith("."):
                target = posixpath.normpath(posixpath.join(here, parent))
                if not target.startswith("../"):
                    self._tsconfig(target if target.endswith(".json") else f"{target}.json", owner, seen)
        options = data.get("compilerOptions")
        if isinstance(options, dict):
            base = options.get("baseUrl")
            base = posixpath.normpath(posixpath.join(here, base)) if isinstance(base, str) else None
            if base is not None:
                self.base_urls[owner] = "" if base == "." else base
            paths = options.get("paths")
            if isinstance(paths, dict):
                table = self.paths.setdefault(owner, [])
                for pattern, targets in paths.items():
                    if isinstance(targets, list):
                        origin = base if base is not None else here
                        table.append(
                            (
                                pattern,
                                [posixpath.normpath(posixpath.join(origin, t)) for t in targets if isinstance(t, str)],
                            )
                        )

    def nearest(self, path: str) -> Package | None:
        """The package.json that governs the file at ``path``."""
        for directory in upwards(path):
            found = self.packages.get(directory)
            if found is not None:
                return found
        return None

    def chain(self, path: str) -> Iterator[Package]:
        """Every package.json from the file's folder up to the root."""
        for directory in upwards(path):
            found = self.packages.get(directory)
            if found is not None:
                yield found

    @staticmethod
    def upwards(path: str) -> Iterator[str]:
        """The folder of ``path`` and all above it, up to the root ("")."""
        yield from upwards(path)

    def candidates(self, importer: str, specifier: str) -> Iterator[str]:
        """Paths (still to be probed) that a bare specifier may mean: tsconfig paths, baseUrl, ``#imports``, workspaces,
        ``@/`` aliases."""
        for directory in upwards(importer):
            for pattern, targets in self.paths.get(directory, ()):
                rest = _match(pattern, specifier)
                if rest is not None:
                    yield from (target.replace("*", rest, 1) for target in targets)
            base = self.base_urls.get(directory)
            if base is not None:
                yield posixpath.join(base, specifier)
        if specifier.startswith("#"):
            yield from self._imports_field(importer, specifier)
            return
        name, rest = split_specifier(specifier)
        package = self.by_name.get(name)
        if package is not None:
            yield from self._inside(package, rest)

    def aliased(self, importer: str, specifier: str) -> list[str]:
        """The paths that the nearest tsconfig pattern with a ``*`` (not a bare one) makes of ``specifier``."""
        for directory in upwards(importer):
            for pattern, targets in self.paths.get(directory, ()):
                rest = _match(pattern, specifier) if pattern.endswith("/*") else None
                if rest:
                    return [target.replace("*", rest, 1) for target in targets]
        return []

    def is_alias(self, importer: str, specifier: str) -> bool:
        """Whether a tsconfig path pattern (not a bare ``*``) covers ``specifier``: it then is no package."""
        for directory in upwards(importer):
            for pattern, _ in self.paths.get(directory, ()):
                if pattern != "*" and _match(pattern, specifier) is not None:
                    return True
        return specifier.startswith(("#", "~/", "@/", "$", "~~/", "@@/"))

    def _imports_field(self, importer: str, specifier: str) -> Iterator[str]:
        for package in self.chain(importer):
            table = package.data.get("imports")
            if isinstance(table, dict):
                for pattern, target in table.items():
                    rest = _match(pattern, specifier)
                    if rest is not None:
                        for leaf in _targets(target):
                            yield posixpath.normpath(posixpath.join(package.directory, leaf.replace("*", rest)))

    def _inside(self, package: Package, rest: str) -> Iterator[str]:
        exports = package.data.get("exports")
        key = f"./{rest}" if rest else "."
        if isinstance(exports, str) and not rest:
            yield posixpath.normpath(posixpath.join(package.directory, exports))
        elif isinstance(exports, dict):
            table = exports if any(k.startswith(".") for k in exports) else {".": exports}
            for pattern, target in table.items():
                inner = _match(pattern, key)
                if inner is not None:
                    for leaf in _targets(target):
                        yield posixpath.normpath(posixpath.join(package.directory, leaf.replace("*", inner)))
        if rest:
            yield posixpath.normpath(posixpath.join(package.directory, rest))
            yield posixpath.normpath(posixpath.join(package.directory, "src", rest))
            return
        for field in ("source", "types", "module", "main"):
            value = package.data.get(field)
            if isinstance(value, str):
                yield posixpath.normpath(posixpath.join(package.directory, value))
        yield posixpath.normpath(posixpath.join(package.directory, "src/index"))
        yield posixpath.normpath(posixpath.join(package.directory, "index"))


def split_specifier(specifier: str) -> tuple[str, str]:
    """("@scope/name", "rest/of/path") of a bare specifier."""
    parts = specifier.split("/")
    size = 2 if specifier.startswith("@") else 1
    return "/".join(parts[:size]), "/".join(parts[size:])


def upwards(path: str) -> Iterator[str]:
    """The folder of ``path`` and all above it, up to the root ("")."""
    directory = posixpath.dirname(path)
    while True:
        yield directory
        if not directory:
            return
        directory = posixpath.dirname(directory)


def _match(pattern: str, specifier: str) -> str | None:
    """What ``*`` stands for when ``specifier`` fits ``pattern`` ("" for an exact match), else None."""
    if "*" not in pattern:
        return "" if pattern == specifier else None
    before, after = pattern.split("*", 1)
    if specifier.startswith(before) and specifier.endswith(after) and len(specifier) >= len(before) + len(after):
        return specifier[len(before) : len(specifier) - len(after)]
    return None


def _targets(target: Any) -> Iterator[str]:
    if isinstance(target, str):
        yield target
    elif isinstance(target, dict):
        for value in target.values():
            yield from _targets(value)
    elif isinstance(target, list):
        for value in target:
            yield from _targets(value)
