"""``edgelint schema``: what the migrations of each database make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgelint.cli import CLEAN, terminal
from edgelint.cli.reading import read

if TYPE_CHECKING:
    from edgelint.cli.reading import Around
    from edgelint.project.databases import DatabaseSource


def show(path: Path, database: str | None, format_: str, config: Path | None) -> int:
    """Print the schemas of the databases at ``path``; returns the exit status."""
    with terminal.progress(f"Reading {path}"):
        sources = list(_concerned(read(path, config)))
    if database is not None:
        chosen = [source for source in sources if database == source.name or database in source.names]
        if not chosen:
            return terminal.fail(_unknown(database, sources))
        sources = chosen
    elif not sources:
        terminal.warn(f"{path}: no database found here")
    known = [source for source in sources if source.is_known]
    for source in sources:
        if not source.is_known:
            terminal.warn(f"{source.name}: there are no migrations and no schema.sql: its schema is not known")
            continue
        if source.base is not None and source.base.scripts:
            assert source.base.made is not None
            where = source.base.made.path
            terminal.warn(f"{source.name}: no migration makes {source.base.table}: shown on top of what {where} makes")
        for step in source.replay.steps:
            if step.error is not None:
                terminal.warn(f"{source.name}: {step.name} does not apply ({step.error.message}): shown without it")
    terminal.write(_json(known) if format_ == "json" else _text(known, format_))
    return CLEAN


def _concerned(around: Around) -> Iterator[DatabaseSource]:
    """The databases of the configs in the place that is shown or around it; those of Durable Objects by their file."""
    for source in around.project.databases:
        homes = [binding.config.directory for binding in source.bindings]
        if source.durable is not None:
            homes.append(source.durable.file.path)
        if any(around.concerns(home) for home in homes):
            yield source


def _unknown(name: str, sources: list[DatabaseSource]) -> str:
    from edgelint.registry import closest

    names = sorted({source.name for source in sources} | {n for source in sources for n in source.names})
    meant = closest(name, names)
    hint = f"did you mean '{meant}'?" if meant else f"there are {', '.join(names)}" if names else "there are none"
    return f"no database is called '{name}'; {hint}"


def _text(sources: list[DatabaseSource], format_: str) -> Iterator[str]:
    from edgelint.d1 import render

    comment = "--" if format_ == "sql" else "%%"
    for number, source in enumerate(sources):
        if len(sources) > 1:
            yield f"{comment} {_title(source)}\n" if not number else f"\n{comment} {_title(source)}\n"
        lines = render.sql(source.schema()) if format_ == "sql" else render.mermaid(source.schema())
        yield from (f"{line}\n" for line in lines)


def _title(source: DatabaseSource) -> str:
    names = ", ".join(sorted(source.names))
    return f"{source.name} ({names})" if names and names != source.name else source.name


def _json(sources: list[DatabaseSource]) -> list[str]:
    from edgelint.d1 import render

    found = [
        {
            "name": source.name, "kind": source.kind, "bindings": sorted(source.names),
            "applies": source.replay.error_free, **render.data(source.schema()),
        }
        for source in sources
    ]  # fmt: skip
    return [json.dumps({"version": 1, "databases": found}, indent=2) + "\n"]
