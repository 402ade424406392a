"""What a place in a file is, by the last good facts: a read of ``env``, a table in SQL, a suppression, a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from edgelint.diagnostics import Span
from edgelint.platform import bindings as kinds
from edgelint.project.schema_places import SchemaPlaces
from edgelint.syntax.sql import tokens

if TYPE_CHECKING:
    from edgelint.lsp.analysis import Snapshot
    from edgelint.project.env_uses import EnvUse
    from edgelint.project.project import Project, Worker
    from edgelint.project.wrangler import BindingDecl

SUPPRESSION: Final = re.compile(rb"edgelint:\s*ignore(?:-file)?\s*\[([^\]\n]*)\]")
_NAME: Final = re.compile(rb"[^\s,\[\]]+")


class Declared(NamedTuple):
    """A binding that an environment has: its name (None: the top level) and its declaration."""

    worker: str
    environment: str | None
    declaration: BindingDecl


def env_use(project: Project, path: str, offset: int) -> EnvUse | None:
    """The read of ``env.NAME`` at a place."""
    for worker in project.all_workers:
        for use in worker.env_uses:
            if use.span.path == path and use.span.start <= offset <= use.span.end:
                return use
    return None


def declarations(project: Project, path: str, name: str) -> list[Declared]:
    """Where the workers that hold a file declare a name, in the order of workers and environments."""
    found = []
    for worker in workers_of(project, path):
        if worker.config is None:
            continue
        for environment in worker.config.environments:
            called = worker.config.name or worker.config.path
            found += [Declared(called, environment.name, each) for each in environment.bindings.get(name, ())]
    return found


def environments(project: Project, path: str) -> list[tuple[str, str | None]]:
    """(worker, environment) for all environments of the workers that hold a file."""
    return [
        (worker.config.name or worker.config.path, environment.name)
        for worker in workers_of(project, path)
        if worker.config is not None
        for environment in worker.config.environments
    ]


def workers_of(project: Project, path: str) -> list[Worker]:
    """The workers that hold a file, or all when the file is not known (yet)."""
    file = project.files.get(path)
    return (project.workers_of(file) if file is not None else []) or project.all_workers


def binding_names(project: Project, path: str) -> dict[str, str]:
    """Name -> kind of everything in ``env`` of the workers that hold a file, local values and secrets too."""
    found: dict[str, str] = {}
    for worker in workers_of(project, path):
        if worker.config is None:
            continue
        for environment in worker.config.environments:
            for name, declared in environment.bindings.items():
                found.setdefault(name, declared[-1].kind)
            for name in worker.config.secret_names(environment.name):
                found.setdefault(name, "secret")
    return dict(sorted(found.items()))


def table_at(project: Project, path: str, offset: int) -> tuple[str, list[Span]] | None:
    """The table that a word of SQL at a place names, and where it is created: in code, or in a .sql file."""
    for statement in project.statements_found.all():
        if statement.call.file.path != path:
            continue
        for text in statement.known:
            for token in tokens(text.text):
                span = text.span(token.start, token.end) if token.kind in ("word", "quoted") else None
                if span is not None and span.path == path and span.start <= offset <= span.end:
                    found = created(project, _unquoted(token.text))
                    if found:
                        return _unquoted(token.text), found
    file = project.databases_found.files.get(path)
    if file is not None:
        for token in tokens(file.text):
            span = file.span(token.start, token.end)
            if token.kind in ("word", "quoted") and span.start <= offset <= span.end:
                found = created(project, _unquoted(token.text))
                return (_unquoted(token.text), found) if found else None
    return None


def definitions(snapshot: Snapshot, path: str, offset: int) -> list[Span]:
    """Where what stands at a place of the text of now is declared: a binding in the config, a table in a migration.
    Nothing on lines that changed since the facts were taken."""
    project = snapshot.project
    moved = snapshot.moved(path)
    at = offset if moved is None else moved.back(offset)
    if project is None or at is None:
        return []
    use = env_use(project, path, at)
    if use is not None:
        spans = [each.declaration.span for each in declarations(project, path, use.name)]
    else:
        table = table_at(project, path, at)
        spans = table[1] if table is not None else []
    here = [span if (how := snapshot.moved(span.path)) is None else how.span(span) for span in spans]
    return list(dict.fromkeys(span for span in here if span is not None))


def created(project: Project, table: str) -> list[Span]:
    """Where the databases of the project create a table."""
    spans = []
    for source in project.databases:
        place = SchemaPlaces(source.files).tables.get(table.lower())
        if place is not None and place.span not in spans:
            spans.append(place.span)
    return spans


def tables(project: Project) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(database, table, its columns) for everything whose schema is known."""
    for source in project.databases:
        if source.is_whole:
            for table in source.schema().tables.values():
                if not table.shadow:
                    yield source.name, table.name, tuple(column.name for column in table.columns)


def suppressed_rule(data: bytes, offset: int) -> str | None:
    """The rule id at a place inside ``edgelint: ignore[...]``."""
    start = data.rfind(b"\n", 0, offset) + 1
    end = data.find(b"\n", offset)
    for found in SUPPRESSION.finditer(data, start, len(data) if end < 0 else end):
        for name in _NAME.finditer(data, found.start(1), found.end(1)):
            if name.start() <= offset <= name.end():
                return name.group().decode("utf-8", "replace")
    return None


def kind_label(kind: str) -> str:
    """How a message calls a kind of binding."""
    return kinds.label(kind)


def _unquoted(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] in "\"`[" else name
