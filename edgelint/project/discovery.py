"""The files of a project, by what they are good for. One walk, no file opened but .gitignore and package.json.

Not looked into: dependencies, caches and build output of the known tools, virtual environments, hidden directories
other than .github, whatever .gitignore or the ``exclude`` setting leaves out, and links to other directories. Config
files and files of local values count even when .gitignore names them: those are often kept out of git, yet in effect.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from edgelint.project.dotenv import is_local_values
from edgelint.project.ignore import Rules, read_lines
from edgelint.project.wrangler import NAMES, generated_config

SOURCES = frozenset((".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".py", ".vue", ".svelte", ".astro"))
DEPENDENCIES = frozenset(
    ("node_modules", "bower_components", "jspm_packages", "web_modules", "python_modules", "__pycache__", "venv")
)
BUILD_OUTPUT = frozenset(("dist", "build-output", ".next", ".open-next", ".output", ".nuxt", ".svelte-kit", ".vercel",
                          ".wrangler", ".astro", ".vinxi", ".react-router", ".docusaurus"))  # fmt: skip
_DECLARATIONS = (".d.ts", ".d.mts", ".d.cts")
_MINIFIED = (".min.js", ".min.mjs", ".min.cjs")
_TEXTS = (".md", ".mdx", ".sh", "Makefile", "justfile")  # where people say which secrets to set
_PROGRAMS = frozenset(("cloudflare.config.ts", "wrangler.config.ts"))  # wrangler --experimental-new-config
_DEPLOYERS = frozenset(("sst.config.ts", "alchemy.run.ts", "Pulumi.yaml"))
_TSCONFIG = re.compile(r"(?:ts|js)config(?:\..+)?\.json")
_CONFIG_OPTION = re.compile(r"\bwrangler\b[^&|;\n]*?\s(?:--config|-c)(?:\s+|=)(['\"]?)([^\s'\"&|;]+)\1")
_MAX_MANIFEST = 1_000_000  # bytes: a larger package.json is no manifest


class Discovered:
    """Paths relative to ``root``, with ``/``, sorted. ``directories`` are all that were visited ("" is the root).

    ``shadowed``: a config -> the configs beside it that wrangler does not read because of it. ``skipped``: reason ->
    how many files or directories were left out for it. ``deployers`` are the files of tools that deploy Workers without
    wrangler (Terraform, SST, Alchemy, Pulumi), ``texts`` are documents and shell scripts.
    """

    __slots__ = (
        "root", "configs", "sources", "declarations", "sql", "package_json", "pyproject", "tsconfig", "dotenv",
        "workflows", "texts", "deployers", "directories", "shadowed", "generated", "skipped",
    )  # fmt: skip

    def __init__(self, root: Path) -> None:
        self.root = root
        self.configs: list[str] = []
        self.sources: list[str] = []
        self.declarations: list[str] = []
        self.sql: list[str] = []
        self.package_json: list[str] = []
        self.pyproject: list[str] = []
        self.tsconfig: list[str] = []
        self.dotenv: list[str] = []
        self.workflows: list[str] = []
        self.texts: list[str] = []
        self.deployers: list[str] = []
        self.directories: list[str] = []
        self.shadowed: dict[str, list[str]] = {}
        self.generated: list[str] = []
        self.skipped: dict[str, int] = {}

    def skip(self, reason: str) -> None:
        """Count one file or directory left out."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def discover(root: Path, exclude: Sequence[str] = ()) -> Discovered:
    """Walk ``root``. ``exclude`` are patterns as in .gitignore. Never raises: what cannot be read is counted."""
    found = Discovered(root)
    _Walk(found, exclude).run()
    _add_named_configs(found)
    _drop_generated(found)
    _drop_shadowed(found)
    for paths in (found.configs, found.sources, found.declarations, found.sql, found.package_json, found.pyproject,
                  found.tsconfig, found.dotenv, found.workflows, found.texts, found.deployers,
                  found.directories, found.generated):  # fmt: skip
        paths.sort()
    return found


class _Walk:
    def __init__(self, found: Discovered, exclude: Sequence[str]) -> None:
        self.found = found
        self.root = os.path.realpath(found.root)
        self.exclude = Rules(exclude)

    def run(self) -> None:
        stack: list[tuple[str, tuple[tuple[int, Rules], ...]]] = [("", ())]
        while stack:
            directory, rules = stack.pop()
            try:
                with os.scandir(os.path.join(self.root, directory)) as entries:
                    listed = list(entries)
            except OSError:
                self.found.skip("unreadable directory")
                continue
            names = {entry.name for entry in listed}
            if directory and "pyvenv.cfg" in names:
                continue
            self.found.directories.append(directory)
            if ".gitignore" in names:
                own = Rules(read_lines(os.path.join(self.root, directory, ".gitignore")))
                rules = (*rules, (len(directory) + 1 if directory else 0, own)) if own else rules
            prefix = directory + "/" if directory else ""
            for entry in listed:
                path = prefix + entry.name
                if self.is_directory(entry):
                    if self.enters(entry, path, directory, rules):
                        stack.append((path, rules))
                else:
                    self.file(entry, path, directory, rules)

    @staticmethod
    def is_directory(entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir()
        except OSError:
            return False

    def enters(
        self, entry: os.DirEntry[str], path: str, directory: str, rules: tuple[tuple[int, Rules], ...]
    ) -> bool:
        name = entry.name
        if name == ".wrangler":
            made = generated_config(os.path.join(self.root, directory))
            if made is not None:
                self.found.generated.append(posixpath.normpath(posixpath.join(directory, made)))
        if name in DEPENDENCIES:
            return False
        if name in BUILD_OUTPUT:
            self.found.skip("build output")
            return False
        if name.startswith(".") and not (name == ".github" and not directory) and directory != ".github":
            return False
        if directory == ".github" and name != "workflows":
            return False
        if entry.is_symlink():
            self.found.skip("link")
            return False
        return not self.left_out(path, True, rules)

    def left_out(self, path: str, is_directory: bool, rules: tuple[tuple[int, Rules], ...]) -> bool:
        if self.exclude.match(path, is_directory):
            self.found.skip("excluded by settings")
            return True
        for start, own in reversed(rules):
            said = own.match(path[start:], is_directory)
            if said is not None:
                if said:
                    self.found.skip("ignored by .gitignore")
                return said
        return False

    def file(self, entry: os.DirEntry[str], path: str, directory: str, rules: tuple[tuple[int, Rules], ...]) -> None:
        name = entry.name
        found = self.found
        into: list[str] | None = None
        tracked = True
        if name in NAMES:
            into, tracked = found.configs, False
        elif is_local_values(name):
            into, tracked = found.dotenv, False
        elif name == "package.json":
            into = found.package_json
        elif name == "pyproject.toml":
            into = found.pyproject
        elif name.endswith(".sql"):
            into = found.sql
        elif _TSCONFIG.fullmatch(name):
            into = found.tsconfig
        elif directory == ".github/workflows" and name.endswith((".yml", ".yaml")):
            into = found.workflows
        elif name.endswith(_TEXTS) or name.lower().startswith("readme"):
            into = found.texts
        elif name.endswith((".tf", ".tf.json")) or name in _DEPLOYERS:
            into = found.deployers
        elif name.endswith(_DECLARATIONS):
            into = found.declarations
        elif os.path.splitext(name)[1] in SOURCES:
            if name in _PROGRAMS:
                found.skip("config that is a program, not read")
            if name.endswith(_MINIFIED):
                found.skip("minified")
                return
            into = found.sources
        if into is None:
            return
        if entry.is_symlink() and not self.stays_inside(path):
            found.skip("link out of the project")
            return
        if entry.is_symlink() and into is found.sources:
            found.skip("link")  # its target is in the walk already
            return
        if not entry.is_symlink() and not entry.is_file():  # a pipe or a device: reading it may never end
            found.skip("not a file")
            return
        if not self.left_out(path, False, rules if tracked else ()):
            into.append(path)

    def stays_inside(self, path: str) -> bool:
        real = os.path.realpath(os.path.join(self.root, path))
        return real.startswith(self.root + os.sep) and os.path.isfile(real)


def config_options(script: str) -> Iterable[str]:
    """The config files that a shell command hands to wrangler with ``--config`` or ``-c``, as written."""
    return (match.group(2) for match in _CONFIG_OPTION.finditer(script))


def scripts(data: bytes) -> dict[str, str]:
    """The ``scripts`` of a package.json; empty when it is not one."""
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    found = manifest.get("scripts") if isinstance(manifest, dict) else None
    if not isinstance(found, dict):
        return {}
    return {name: text for name, text in found.items() if isinstance(text, str)}


def _add_named_configs(found: Discovered) -> None:
    """Configs under another name that a package.json script deploys with ``wrangler -c``."""
    root = os.path.realpath(found.root)
    visited = set(found.directories)
    known = set(found.configs)
    for manifest in found.package_json:
        try:
            with open(os.path.join(root, manifest), "rb") as handle:
                data = handle.read(_MAX_MANIFEST)
        except OSError:
            continue
        if b"wrangler" not in data or (b"-c" not in data and b"--config" not in data):
            continue
        for script in scripts(data).values():
            for option in config_options(script):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(manifest), option))
                if path in known or posixpath.dirname(path) not in visited:
                    continue
                full = os.path.join(root, path)
                if path.endswith((".toml", ".json", ".jsonc")) and os.path.isfile(full) and not os.path.islink(full):
                    known.add(path)
                    found.configs.append(path)


def _drop_generated(found: Discovered) -> None:
    generated = set(found.generated)
    for path in found.configs:
        if path in generated:
            found.skip("generated config")
    found.configs[:] = [path for path in found.configs if path not in generated]


def _drop_shadowed(found: Discovered) -> None:
    """In one directory wrangler reads wrangler.json, else wrangler.jsonc, else wrangler.toml, and says nothing."""
    present: dict[str, list[str]] = {}
    for path in found.configs:
        directory, name = posixpath.split(path)
        if name in NAMES:
            present.setdefault(directory, []).append(path)
    dropped: set[str] = set()
    for paths in present.values():
        if len(paths) > 1:
            first, *others = sorted(paths, key=lambda path: NAMES.index(posixpath.basename(path)))
            found.shadowed[first] = others
            dropped.update(others)
            for _ in others:
                found.skip("shadowed config")
    found.configs[:] = [path for path in found.configs if path not in dropped]
