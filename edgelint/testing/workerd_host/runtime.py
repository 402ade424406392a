"""The programs that a JavaScript Worker needs, found in the project's own node_modules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Program:
    """A program that npm installed: the file that runs, and the version of its package."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs an app: workerd; esbuild, None where it is not installed; and the version of wrangler, None likewise."""

    workerd: Program
    esbuild: Program | None
    wrangler: str | None


def find(root: Path, *, workerd: str = "", esbuild: str = "", stop: Path | None = None) -> Runtime:
    """The programs for the project at ``root``. ``workerd`` and ``esbuild`` are paths that override, from the test
    configuration; ``stop`` is the last folder that is looked into. Raises EdgeUsageError that says what to install."""
    raise NotImplementedError
