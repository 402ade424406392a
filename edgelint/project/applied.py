"""Migrations that were applied, by what a commit held, and what has become of them since.

wrangler keeps the names of what it has applied, and nothing of what was in it
(https://github.com/cloudflare/workers-sdk/blob/main/packages/wrangler/src/d1/migrations/helpers.ts).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.d1.migration_names import glob
from edgelint.diagnostics import Related, Span
from edgelint.project import git_base
from edgelint.project.chains import head

if TYPE_CHECKING:
    from edgelint.project.databases import DatabaseSource
    from edgelint.project.project import Project


class Change(NamedTuple):
    """One migration that is not what it was."""

    span: Span
    message: str
    related: tuple[Related, ...] = ()
    help: str | None = None


def changes(project: Project) -> Iterator[Change]:
    """What has become of the migrations of the commit ``settings.base``; nothing without one."""
    commit = project.settings.base
    for source in project.databases if commit is not None else ():
        if source.kind == "d1" and source.directory is not None and not source.directory.startswith("../"):
            assert commit is not None
            yield from _changes(project, source, commit)


def _changes(project: Project, source: DatabaseSource, commit: str) -> Iterator[Change]:
    directory = source.directory or ""
    pattern = glob(source.pattern)
    was = {name for name in git_base.names(project.root, commit, directory) if pattern.fullmatch(name)}
    now = {migration.name: migration for migration in source.migrations}
    gone: dict[str, bytes] = {}
    for name in sorted(was):
        old = git_base.content(project.root, commit, posixpath.join(directory, name)) or b""
        migration = now.get(name)
        if migration is None:
            gone[name] = _plain(old)
        elif _plain(old) != _plain(migration.file.source.data) and project.shows(migration.path):
            yield Change(
                head(migration),
                f"this migration has changed since {commit[:10]}: where it is applied it does not run again, so "
                f"databases differ from now on",
                help="take the change back, and make it in a new migration",
            )
    for name, old in gone.items():
        moved = [m for n, m in now.items() if n not in was and _plain(m.file.source.data) == old]
        if moved and project.shows(moved[0].path):
            yield Change(
                head(moved[0]),
                f"this was {name} at {commit[:10]}: under the new name wrangler applies it again",
                help="give it its old name back",
            )
        elif not moved and source.bindings and project.shows(source.bindings[0].span.path):
            yield Change(
                source.bindings[0].span,
                f"the migration {name} was there at {commit[:10]} and is gone: a new database lacks what it made",
            )


def _plain(data: bytes) -> bytes:
    """Content without what checking out may change: line ends."""
    return data.replace(b"\r\n", b"\n")
