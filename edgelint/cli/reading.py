"""What the commands that only show something have in common: the settings and the project around a path."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from edgelint import settings as settings_module
from edgelint.cli import FAILED, terminal

if TYPE_CHECKING:
    from edgelint.project.project import Project
    from edgelint.settings import Settings


class CannotRead(click.ClickException):
    """The settings are wrong; the message says all that is, in the words in which every command fails."""

    exit_code = FAILED

    def show(self, file: IO[Any] | None = None) -> None:
        terminal.fail(self.message)


class Around(NamedTuple):
    """The project that a path belongs to, and the path relative to its root, with ``/`` ("." for the root)."""

    project: Project
    place: str

    def concerns(self, home: str) -> bool:
        """Whether ``home``, a folder or file of the project, is in the place, or holds it."""
        place = self.place
        return place == "." or not home or f"{home}/".startswith(f"{place}/") or f"{place}/".startswith(f"{home}/")


def settings_for(path: Path, config: Path | None) -> tuple[Path, Settings]:
    """The root around ``path`` and its settings. Raises ``CannotRead``."""
    root = settings_module.find_root([path], ignore_settings=config is not None)
    try:
        return root, settings_module.load(root, config)
    except settings_module.SettingsError as error:
        raise CannotRead("\n".join(map(str, error.problems))) from None


def read(path: Path, config: Path | None) -> Around:
    """The project around ``path``. Raises ``CannotRead``."""
    root, settings = settings_for(path, config)
    from edgelint.project.project import Project

    return Around(Project.load(root, settings), path.resolve().relative_to(root).as_posix())
