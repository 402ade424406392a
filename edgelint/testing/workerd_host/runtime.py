"""The programs that a JavaScript Worker needs, found in the project's own node_modules."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.workerd_host import packages
from edgelint.testing.workerd_host.packages import Part, System

_OWNERS: Final = ("wrangler", "@cloudflare/vite-plugin", "@cloudflare/vitest-pool-workers")
"""Packages that bring a miniflare of their own, in the order in which theirs counts."""
_SECONDS: Final = 60
"""For ``--version``: the first start after an install reads the whole program from the disk."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that npm installed: the file that runs, and the version of its package."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs an app: workerd; esbuild, None where it is not installed; the version of wrangler, likewise. ``root``
    is the folder of the project that they were looked for from."""

    workerd: Program
    esbuild: Program | None
    wrangler: str | None
    root: Path = Path()

    def __str__(self) -> str:
        parts = [f"workerd {self.workerd.version} ({self.workerd.path})"]
        if self.esbuild is not None:
            parts.append(f"esbuild {self.esbuild.version} ({self.esbuild.path})")
        if self.wrangler is not None:
            parts.append(f"wrangler {self.wrangler}")
        return ", ".join(parts)


def find(
    root: Path, *, workerd: str = "", esbuild: str = "", stop: Path | None = None,
    system: System | None = None, environment: Mapping[str, str] | None = None,
) -> Runtime:  # fmt: skip
    """The programs for the project at ``root``, as wrangler would start them: of two workerds in one tree the one that
    wrangler depends on.

    ``workerd`` and ``esbuild`` are paths from the test configuration, relative to ``root``; they override, and so do
    EDGELINT_WORKERD, EDGELINT_ESBUILD and MINIFLARE_WORKERD_PATH of the environment, which come after them. ``stop`` is
    the last folder that is looked into. Raises EdgeUsageError that says what to install.
    """
    here = System.here() if system is None else system
    values = os.environ if environment is None else environment
    search = _Search(root.resolve(), None if stop is None else stop.resolve(), here)
    given = workerd or values.get("EDGELINT_WORKERD") or values.get("MINIFLARE_WORKERD_PATH") or ""
    found = _given(root, given, "workerd") if given else search.workerd()
    given = esbuild or values.get("EDGELINT_ESBUILD") or ""
    bundler = _given(root, given, "esbuild") if given else search.esbuild()
    wrangler = packages.resolve("wrangler", search.root, search.stop)
    return Runtime(found, bundler, None if wrangler is None else packages.version(wrangler) or None, search.root)


def needed_esbuild(runtime: Runtime) -> Program:
    """The bundler. Raises EdgeUsageError that says what to install when there is none."""
    if runtime.esbuild is None:
        raise EdgeUsageError(
            f"esbuild is not installed for {runtime.root}, and this worker has to be bundled: "
            f"run `{packages.command(runtime.root, 'esbuild')}` there"
        )
    return runtime.esbuild


def _given(root: Path, text: str, name: str) -> Program:
    path = Path(os.path.expanduser(text))
    path = path if path.is_absolute() else root / path
    if not path.is_file():
        raise EdgeUsageError(f"{name} is not at {path} (from edge_{name} or the environment)")
    package = packages.version(path.parent.parent) or packages.version(path.parent)
    return Program(path.resolve(), package or _asked(path, name))


def _asked(path: Path, name: str) -> str:
    """The version that the program says itself: workerd answers with the date of its build."""
    try:
        answer = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, timeout=_SECONDS, check=True
        ).stdout  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise EdgeUsageError(f"{path} does not run as {name}: {error}") from None
    date = re.search(r"(\d{4})-(\d{2})-(\d{2})", answer)
    if name == "workerd" and date is not None:
        return f"1.{date[1]}{date[2]}{date[3]}.0"
    return answer.strip()


@dataclass(frozen=True, slots=True)
class _Search:
    root: Path
    stop: Path | None
    system: System

    def workerd(self) -> Program:
        part = packages.workerd_part(self.system)
        if part is None:
            raise EdgeUsageError(f"workerd has no program for {self.system.name} on {self.system.machine}")
        owners = list(self._starts("workerd", through="miniflare"))
        for owner in owners:
            program = _program(owner, part)
            if program is not None:
                return Program(program, packages.version(owner))
        direct = packages.resolve(part.package, self.root, self.stop)
        if direct is not None and (direct / part.program).is_file():
            return Program(direct / part.program, packages.version(direct))
        if owners:
            raise EdgeUsageError(self._incomplete("workerd", owners[0], part))
        raise EdgeUsageError(self._absent())

    def esbuild(self) -> Program | None:
        part = packages.esbuild_part(self.system)
        if part is None:
            return None
        owners = list(self._starts("esbuild"))
        for owner in owners:
            program = _program(owner, part)
            if program is not None:
                return Program(program, packages.version(owner))
        if owners:
            raise EdgeUsageError(self._incomplete("esbuild", owners[0], part))
        return None

    def _starts(self, name: str, through: str | None = None) -> Iterator[Path]:
        """The packages of this name: that of wrangler, through ``through`` first; then that of the project."""
        def resolve(each: str, start: Path) -> Path | None:
            return packages.resolve(each, start, self.stop)

        seen: set[Path] = set()
        for owner in (*_OWNERS, through, None):
            start = self.root if owner is None else resolve(owner, self.root)
            if start is None:
                continue
            between = resolve(through, start) if through is not None and owner not in (through, None) else None
            for each in (between, start):
                found = None if each is None else resolve(name, each)
                if found is not None and found not in seen:
                    seen.add(found)
                    yield found

    def _incomplete(self, name: str, owner: Path, part: Part) -> str:
        return (
            f"{name} {packages.version(owner)} is installed ({owner}) without its program for this platform, the "
            f"package {part.package}: it was left out by --omit=optional, or the folder comes from another platform. "
            f"Run `{packages.command(self.root)}` here again, with optional dependencies"
        )

    def _absent(self) -> str:
        yarn = packages.plug_and_play(self.root, self.stop)
        if yarn is not None:
            return (
                f"Yarn's Plug'n'Play ({yarn}) is not supported: workerd and esbuild are looked for in node_modules. "
                "Set `nodeLinker: node-modules` in .yarnrc.yml and run `yarn install`"
            )
        return (
            f"workerd is not installed for {self.root}: run `{packages.command(self.root, 'wrangler')}` there, "
            "or say where it is with edge_workerd or EDGELINT_WORKERD"
        )


def _program(owner: Path, part: Part) -> Path | None:
    """The program beside the package that depends on it."""
    package = packages.resolve(part.package, owner)
    if package is None or not (package / part.program).is_file():
        return None
    return package / part.program
