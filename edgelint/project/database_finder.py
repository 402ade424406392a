"""Finding the databases of a project: what its configs declare, and the SQL that shapes each.

Several environments, and several configs, often name one folder of migrations: that is one source with several
bindings.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.d1.migration_names import glob, number, order, undone
from edgelint.project.databases import TABLE, Binding, DatabaseSource, Migration, SqlFile

if TYPE_CHECKING:
    from edgelint.project.commands import Command
    from edgelint.project.project import Project
    from edgelint.source import Source

FOLDER = "migrations"
"""Where wrangler looks when ``migrations_dir`` is not written; relative to the config."""
MAX_SQL = 5_000_000
"""Bytes of a .sql file that is still read: a larger one is a dump of data."""

_FILE_OPTION = re.compile(r"--file[= ]+(\S+)")
_CREATES = re.compile(r"\bCREATE\s+(?:VIRTUAL\s+)?TABLE\b", re.IGNORECASE)


class _Wanted(NamedTuple):
    """One declaration and the folder it means."""

    binding: Binding
    directory: str
    pattern: str
    written: bool

    @property
    def id(self) -> str | None:
        """The database's id, when it is one."""
        return self.binding.id

    @property
    def name(self) -> str | None:
        return self.binding.declared.text("database_name")


class Finder:
    """Fills a ``Databases``. ``read`` gives the source of a file, or None after it has said why not; ``note`` says what
    was not looked at."""

    def __init__(
        self, project: Project, read: Callable[[str], Source | None], note: Callable[[str, str], None]
    ) -> None:
        self.project = project
        self.databases = project.databases_found
        self.read = read
        self.note = note
        self.sql = project.discovered.sql
        self._commands: list[Command] | None = None
        self._unread: set[str] = set()

    def run(self) -> None:
        """Find the databases of every config, and read what shapes them."""
        wanted = [self.wanted(binding) for binding in self.declared()]
        by_folder: dict[tuple[str, str], list[_Wanted]] = {}
        homeless: list[_Wanted] = []
        for want in wanted:
            if any(self.matched(want.directory, want.pattern)):
                by_folder.setdefault((want.directory, want.pattern), []).append(want)
            else:
                homeless.append(want)
        groups = list(by_folder.values())
        for want in homeless:
            self.join(want, groups)
        self.settled_by_setting(groups)
        self.settled_by_scripts(groups)
        for group in groups:
            self.databases.d1.append(self.source(group, groups))

    def declared(self) -> Iterator[Binding]:
        for config in self.project.all_configs:
            for environment in config.environments:
                for name, declared in environment.bindings.items():
                    for one in declared:
                        if one.kind == "d1":
                            yield Binding(name, config, environment.name, one)

    def wanted(self, binding: Binding) -> _Wanted:
        written = binding.declared.text("migrations_dir")
        folder = _normal(written) if written is not None else FOLDER
        pattern = binding.declared.text("migrations_pattern")
        relative = _normal(pattern) if pattern is not None and written is not None else f"{folder}/*.sql"
        if folder != ".":
            # a pattern that leads elsewhere is refused by wrangler, and is no pattern
            relative = relative[len(folder) + 1 :] if relative.startswith(f"{folder}/") else "*.sql"
        directory = binding.config.relative(folder)
        return _Wanted(binding, "" if directory == "." else directory, relative, written is not None)

    def matched(self, directory: str, pattern: str) -> Iterator[str]:
        """The names in a folder that wrangler takes for migrations, in no order."""
        expression = glob(pattern)
        start = len(directory) + 1 if directory else 0
        for path in self.sql:
            if (not directory or path.startswith(f"{directory}/")) and expression.fullmatch(path[start:]):
                yield path[start:]

    def join(self, want: _Wanted, groups: list[list[_Wanted]]) -> None:
        """A declaration without migrations of its own: by its binding in the same config, its id, or its name, it is a
        database that another declaration has migrations for."""
        def same(other: _Wanted) -> bool:
            if other.binding.config is want.binding.config and other.binding.name == want.binding.name:
                return True
            return (want.id is not None and want.id == other.id) or (want.name is not None and want.name == other.name)

        for group in groups:
            if any(same(other) for other in group):
                group.append(want)
                return
        groups.append([want])

    def settled_by_setting(self, groups: list[list[_Wanted]]) -> None:
        """The setting ``schema`` may name a database of a group: it then stands alone."""
        for name in self.project.settings.schema:
            for group in list(groups):
                named = [want for want in group if name in (want.binding.name, want.name)]
                if named and len(named) < len(group):
                    group[:] = [want for want in group if want not in named]
                    groups.append(named)

    def settled_by_scripts(self, groups: list[list[_Wanted]]) -> None:
        """A folder that no config names, which several databases of one environment would use: it belongs to those that
        a script applies it to."""
        for group in list(groups):
            if any(want.written for want in group) or not _disagree(group):
                continue
            words = {
                word for command in self.commands() if command.verb == "d1" and " migrations apply " in command.text
                for word in command.text.split()
            }
            named = [want for want in group if {want.binding.name, want.name} & words]
            if named and len(named) < len(group):
                others = [want for want in group if want not in named]
                group[:] = named
                for want in others:
                    self.join(want, groups)

    # -- one source --------------------------------------------------------------------------------------------------

    def source(self, group: list[_Wanted], groups: list[list[_Wanted]]) -> DatabaseSource:
        first = group[0]
        bindings = [want.binding for want in group]
        found = DatabaseSource(
            "d1", first.name or first.binding.name, bindings, first.directory, first.pattern,
            first.binding.declared.text("migrations_table") or TABLE,
        )
        found.project = self.project
        for want in group:
            value = want.binding.declared.field("migrations_dir")
            if found.written is None and value is not None and want.directory == first.directory:
                found.written = want.binding.config.inner_span(value)
        named = self.named_by_setting(found, group)
        if not named:
            found.migrations = self.migrations(first.directory, first.pattern)
            apart = self.executed_apart(found)
            found.migrations = tuple(each for each in found.migrations if each.path not in apart)
            found.strays = tuple(self.strays(found))
            self.schema_files(found, groups)
            if found.migrations and not found.written:
                found.certain = not _disagree(group)
            if any(posixpath.join(first.directory, name) in self._unread
                   for name in self.matched(first.directory, first.pattern)):
                found.certain = False
        if not found.is_known:
            self.say(found, first)
        return found

    def named_by_setting(self, source: DatabaseSource, group: list[_Wanted]) -> bool:
        for name, path in self.project.settings.schema.items():
            if any(name in (want.binding.name, want.name) for want in group):
                file = self.file(posixpath.normpath(path))
                source.schema_files = (file,) if file is not None else ()
                return True
        return False

    def file(self, path: str) -> SqlFile | None:
        files = self.databases.files
        if path in files or path in self._unread:
            return files.get(path)
        source = self.read(path)
        if source is not None and len(source.data) > MAX_SQL:
            self.note(f"SQL file over {MAX_SQL // 1_000_000} MB, not run", path)
            source = None
        if source is None:
            self._unread.add(path)
        else:
            files[path] = SqlFile(path, source)
        return files.get(path)

    def migrations(self, directory: str, pattern: str) -> tuple[Migration, ...]:
        names = sorted(self.matched(directory, pattern), key=order)
        known = set(names)
        found = []
        for name in names:
            file = self.file(posixpath.join(directory, name))
            if file is not None:
                found.append(Migration(file, name, number(name), undone(name, known)))
        return tuple(found)

    def strays(self, source: DatabaseSource) -> Iterator[SqlFile]:
        """.sql files below a folder of migrations that no migration is made of."""
        if not source.directory or not (source.migrations or source.written):
            return
        taken = {migration.path for migration in source.migrations} | set(self.executed(source))
        for path in self.sql:
            if path.startswith(f"{source.directory}/") and path not in taken:
                file = self.file(path)
                if file is not None:
                    yield file

    # -- schema files ------------------------------------------------------------------------------------------------

    def schema_files(self, source: DatabaseSource, groups: list[list[_Wanted]]) -> None:
        """The file that tells the schema: what scripts give to ``wrangler d1 execute``, else schema.sql."""
        if not self.sql:
            return
        named = [path for path in self.executed(source) if path in self.sql and not self.is_migration(path)]
        homes = {binding.config.directory for binding in source.bindings}
        if not named:
            named = [
                path for path in self.sql
                if posixpath.basename(path) == "schema.sql" and posixpath.dirname(path) in homes
            ] or self.only_schema(homes)
            others = [group for group in groups if not any(any(self.matched(w.directory, w.pattern)) for w in group)]
            if named and not source.migrations and len(others) > 1:
                source.certain = False  # which of the databases it is for, nobody says
        files = [file for path in named if (file := self.file(path)) is not None]
        source.schema_files = tuple(file for file in files if _CREATES.search(file.text))

    def only_schema(self, homes: set[str]) -> list[str]:
        """The one schema.sql below the folders of the configs."""
        found = [
            path for path in self.sql
            if posixpath.basename(path) == "schema.sql"
            and any(not home or path.startswith(f"{home}/") for home in homes)
        ]
        return found if len(found) == 1 else []

    def executed(self, source: DatabaseSource) -> list[str]:
        """The .sql files that scripts run on this database with ``wrangler d1 execute NAME --file``, in order."""
        names = {*source.names, *(b.declared.text("database_name") or "" for b in source.bindings)}
        found: dict[str, None] = {}
        for command in self.commands():
            words = command.text.split()
            if command.verb != "d1" or "execute" not in words or not names & set(words):
                continue
            for match in _FILE_OPTION.finditer(command.text):
                found[posixpath.normpath(posixpath.join(command.directory, match[1]))] = None
        return list(found)

    def executed_apart(self, source: DatabaseSource) -> set[str]:
        """Files without a number among numbered migrations that scripts run by themselves, in a project whose scripts
        never apply migrations: ``d1 execute NAME --file migrations/schema.sql`` makes what the others begin on."""
        plain = {each.path for each in source.migrations if each.number is None}
        if not plain or len(plain) == len(source.migrations):
            return set()
        if any(command.verb == "d1" and " migrations apply " in command.text for command in self.commands()):
            return set()
        return plain & set(self.executed(source))

    def commands(self) -> list[Command]:
        if self._commands is None:
            from edgelint.project.commands import commands

            self._commands = list(commands(self.project))
        return self._commands

    def is_migration(self, path: str) -> bool:
        return any(path == migration.path for source in self.databases.d1 for migration in source.migrations)

    # -- what was not found ------------------------------------------------------------------------------------------

    def say(self, source: DatabaseSource, first: _Wanted) -> None:
        path = first.binding.config.path
        directory = source.directory or ""
        if directory.startswith("../"):
            self.note("migrations outside of the project, not read", path)
        elif directory and os.path.isdir(os.path.join(self.project.root, directory)):
            self.note("folder of migrations without a .sql file that is read", path)
        else:
            self.note("D1 database without migrations or schema.sql: its schema is not known", path)


def _disagree(group: list[_Wanted]) -> bool:
    """Whether one environment has several databases in the group."""
    by_place: dict[tuple[str, str | None], set[str]] = {}
    for want in group:
        place = (want.binding.config.path, want.binding.environment)
        by_place.setdefault(place, set()).add(want.id or want.name or want.binding.name)
    return any(len(databases) > 1 for databases in by_place.values())


def _normal(path: str) -> str:
    """A path as wrangler normalizes it: forward slashes, no ``./``, no slash at the end."""
    return posixpath.normpath(path.replace("\\", "/")) if path else "."
