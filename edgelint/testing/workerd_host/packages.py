"""Packages in node_modules: where Node would find one, and the packages that hold a program for this platform."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class System:
    """What a program must fit: names as Python's ``platform`` has them, in lower case."""

    name: str
    machine: str

    @classmethod
    def here(cls) -> System:
        """The system that this runs on."""
        return cls(platform.system().lower(), platform.machine().lower())

    @property
    def arm(self) -> bool:
        """Whether it is a 64-bit ARM."""
        return self.machine in ("arm64", "aarch64")

    @property
    def x64(self) -> bool:
        """Whether it is a 64-bit x86."""
        return self.machine in ("x86_64", "amd64")


@dataclass(frozen=True, slots=True)
class Part:
    """A package that holds a program: its name, and the program in it."""

    package: str
    program: str


def workerd_part(system: System) -> Part | None:
    """The package of workerd's program for a system, None where it has none.
    Source: optionalDependencies and install.js of the package ``workerd``."""
    if system.name == "windows":  # an ARM Windows runs the x64 program
        return Part("@cloudflare/workerd-windows-64", "bin/workerd.exe") if system.arm or system.x64 else None
    if system.name in ("linux", "darwin") and (system.arm or system.x64):
        return Part(f"@cloudflare/workerd-{system.name}-{'arm64' if system.arm else '64'}", "bin/workerd")
    return None


_ESBUILD_SYSTEMS: Final = {"windows": "win32", "linux": "linux", "darwin": "darwin", "freebsd": "freebsd"}


def esbuild_part(system: System) -> Part | None:
    """The package of esbuild's program for a system, None where it has none.
    Source: optionalDependencies and install.js of the package ``esbuild``."""
    name = _ESBUILD_SYSTEMS.get(system.name)
    if name is None or not (system.arm or system.x64):
        return None
    program = "esbuild.exe" if name == "win32" else "bin/esbuild"
    return Part(f"@esbuild/{name}-{'arm64' if system.arm else 'x64'}", program)


def lookups(start: Path, stop: Path | None = None) -> Iterator[Path]:
    """The node_modules folders in which Node looks from a folder: its own, and those of the folders above it, up to
    ``stop``. See https://nodejs.org/api/modules.html#loading-from-node_modules-folders."""
    for folder in (start, *start.parents):
        if folder.name != "node_modules":
            yield folder / "node_modules"
        if folder == stop:
            return


def resolve(name: str, start: Path, stop: Path | None = None) -> Path | None:
    """The folder of a package as Node finds it from ``start``, with links followed (as pnpm needs it: what a package
    depends on stands beside where it really is)."""
    for folder in lookups(start, stop):
        package = folder / name
        if (package / "package.json").is_file():
            return package.resolve()
    return None


def version(package: Path) -> str:
    """The version of a package, "" when its package.json does not say."""
    found = manifest(package).get("version")
    return found if isinstance(found, str) else ""


def manifest(package: Path) -> dict[str, Any]:
    """A folder's package.json, empty when there is none that can be read."""
    try:
        found = json.loads((package / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


_MANAGERS: Final = (
    ("pnpm-lock.yaml", "pnpm install", "pnpm add --save-dev"),
    ("yarn.lock", "yarn install", "yarn add --dev"),
    ("bun.lock", "bun install", "bun add --dev"),
    ("bun.lockb", "bun install", "bun add --dev"),
    ("package-lock.json", "npm install", "npm install --save-dev"),
)


def command(root: Path, package: str = "") -> str:
    """What the user should run in ``root`` to have a package, or all of them: a plain install where the project names
    the package already."""
    install, add = "npm install", "npm install --save-dev"
    for folder in _project(root):
        found = next((each for each in _MANAGERS if (folder / each[0]).is_file()), None)
        if found is not None:
            _, install, add = found
            break
    return install if not package or names(root, package) else f"{add} {package}"


def _project(root: Path) -> Iterator[Path]:
    """``root`` and the folders above it, up to that of the repository."""
    for folder in (root, *root.parents):
        yield folder
        if (folder / ".git").exists():
            return


def names(root: Path, package: str) -> bool:
    """Whether a package.json at or above ``root`` asks for the package."""
    for folder in _project(root):
        found = manifest(folder)
        for kind in ("dependencies", "devDependencies", "optionalDependencies"):
            asked = found.get(kind)
            if isinstance(asked, dict) and package in asked:
                return True
    return False


def plug_and_play(root: Path, stop: Path | None = None) -> Path | None:
    """The file by which Yarn resolves packages without node_modules, when it is there."""
    for folder in (root, *root.parents):
        for name in (".pnp.cjs", ".pnp.loader.mjs", ".pnp.js"):
            if (folder / name).is_file():
                return folder / name
        if folder == stop:
            break
    return None
