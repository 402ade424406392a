"""``edgelint bindings``: the environment x binding matrix of every Worker, with where each is declared and used."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelint.cli import terminal
from edgelint.cli.reading import read
from edgelint.diagnostics import Span
from edgelint.report.escape import cells, unicode, visible
from edgelint.report.model import Files, seen_from
from edgelint.report.style import Style

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.project import EnvUse, Worker

TOP = "top level"
MENTIONED = 5
"""At most so many places that could not be followed are listed."""


@dataclass(slots=True)
class Row:
    """One binding name of one Worker: by environment (None: top level) its declarations, and its uses."""

    name: str
    declared: dict[str | None, list[tuple[str, Span]]] = field(default_factory=dict)  # kind, place
    uses: list[EnvUse] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """The kinds it is declared as, in the order of the environments."""
        return list(dict.fromkeys(kind for places in self.declared.values() for kind, _ in places))


def show(path: Path, format_: str, config: Path | None, color: str) -> int:
    """Print the matrix of the Workers at ``path``; returns the exit status."""
    with terminal.progress(f"Reading {path}"):
        around = read(path, config)
        workers = [worker for worker in around.project.workers if around.concerns(_home(worker))]
        tables = [(worker, rows(worker)) for worker in workers]
    files = Files(around.project.root)
    if format_ == "json":
        whole = {
            "version": 1,
            "workers": [_object(worker, table, files) for worker, table in tables],
            "calls": [_call(call, files) for call in around.project.calls() if around.concerns(call.span.path)],
        }
        terminal.write([json.dumps(whole, indent=2) + "\n"])
        return 0
    if not tables:
        terminal.warn(f"{path}: no Worker found here")
    style = Style(terminal.colours(color, sys.stdout))
    terminal.write(
        f"{line}\n" for number, (worker, table) in enumerate(tables)
        for line in (*([""] if number else []), *_text(worker, table, files, style))
    )
    return 0


def _home(worker: Worker) -> str:
    if worker.config is not None:
        return worker.config.directory
    return worker.entry.path.rpartition("/")[0] if worker.entry is not None else ""


def rows(worker: Worker) -> list[Row]:
    """The rows of a Worker, by name: what is declared anywhere, or used."""
    table: dict[str, Row] = {}
    if worker.config is not None:
        for environment in worker.config.environments:
            for name, declarations in environment.bindings.items():
                row = table.setdefault(name, Row(name))
                row.declared[environment.name] = [(declared.kind, declared.span) for declared in declarations]
            for name, span in worker.config.secret_names(environment.name).items():
                places = table.setdefault(name, Row(name)).declared.setdefault(environment.name, [])
                if not places:
                    places.append(("secret", span))
    for use in worker.env_uses:
        table.setdefault(use.name, Row(use.name)).uses.append(use)
    for row in table.values():
        row.uses.sort(key=lambda use: use.span)
    return [table[name] for name in sorted(table)]


def _environments(worker: Worker) -> Sequence[str | None]:
    return [environment.name for environment in worker.config.environments] if worker.config is not None else []


# Text


def _text(worker: Worker, table: list[Row], files: Files, style: Style) -> Iterator[str]:
    config, here = worker.config, Path.cwd()
    title = (config.name if config is not None else None) or _home(worker) or "Worker"
    entry = _entry(worker) if worker.entry is None else f"main {seen_from(here, files.root, worker.entry.path)}"
    source = "no wrangler config" if config is None else seen_from(here, files.root, config.path)
    yield style.bold(visible(title)) + f" ({visible(source)}, {visible(entry)})"
    if not table:
        yield "  no bindings"
    else:
        yield ""
        environments = _environments(worker)
        head = ["binding", "kind", *(TOP if name is None else visible(name) for name in environments), "used"]
        unused = "never" if worker.complete and not worker.dynamic_env else "not seen"
        body = [_cells(row, environments, config.path if config is not None else "", files, unused) for row in table]
        widths = [max(_width(line[at]) for line in (head, *body)) for at in range(len(head))]
        yield style.dim("  " + _aligned(head, widths))
        yield from ("  " + _aligned(line, widths) for line in body)
    unknown = _unknown(worker, files)
    if unknown:
        yield ""
        yield from (style.dim(f"  {line}") for line in unknown)


def _entry(worker: Worker) -> str:
    if worker.config is None or worker.config.main is None:
        return "Pages" if worker.config is not None and worker.config.is_pages else "no main"
    return f"main {worker.config.main} not found"


def _cells(row: Row, environments: Sequence[str | None], config: str, files: Files, unused: str) -> list[str]:
    line = [visible(row.name), "/".join(row.kinds) or "not declared"]
    for environment in environments:
        places = []
        for _, span in row.declared.get(environment, []):
            number = files.place(span).line
            shown = visible(seen_from(Path.cwd(), files.root, span.path))
            places.append(f"line {number}" if span.path == config else f"{shown}:{number}")
        line.append(", ".join(places) or "-")
    used = [_at(use.span, files) for use in row.uses]
    more = f" and {len(used) - 1} more" if len(used) > 1 else ""
    return [*line, f"{used[0]}{more}" if used else unused]


def _at(span: Span, files: Files) -> str:
    place = files.place(span)
    return f"{visible(seen_from(Path.cwd(), files.root, span.path))}:{place.line}:{place.column}"


def _width(text: str) -> int:
    return sum(cells(text))


def _aligned(line: list[str], widths: list[int]) -> str:
    padded = (text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True))
    return "  ".join(padded).rstrip()


def _unknown(worker: Worker, files: Files) -> list[str]:
    """Why there may be more uses."""
    spans = sorted(set(worker.dynamic_env))
    lines = [f"env is used in a way that is not followed at {_at(span, files)}" for span in spans[:MENTIONED]]
    if len(spans) > MENTIONED:
        lines[-1] += f" and {len(spans) - MENTIONED} more"
    if not worker.complete:
        lines.append("not every file of this Worker was found: there may be more uses")
    return lines


# JSON


def _object(worker: Worker, table: list[Row], files: Files) -> dict[str, Any]:
    config = worker.config
    return {
        "name": None if config is None or config.name is None else unicode(config.name),
        "config": None if config is None else unicode(config.path),
        "main": None if worker.entry is None else unicode(worker.entry.path),
        "complete": worker.complete,
        "environments": [None if name is None else unicode(name) for name in _environments(worker)],
        "dynamic": [_place(span, files) for span in sorted(set(worker.dynamic_env))],
        "bindings": [
            {
                "name": unicode(row.name),
                "kinds": row.kinds,
                "declared": [
                    {
                        "environment": None if environment is None else unicode(environment),
                        "kind": kind,
                        **_place(span, files),
                    }
                    for environment, places in row.declared.items()
                    for kind, span in places
                ],
                "uses": [{**_place(use.span, files), "verb": use.verb, "guarded": use.guarded} for use in row.uses],
            }
            for row in table
        ],
    }


def _call(call: BindingCall, files: Files) -> dict[str, Any]:
    """One call on what the platform gives; ``end_line`` is that of its last character."""
    span = call.span
    end = files.place(Span(span.path, max(span.start, span.end - 1), span.end))
    binding = None if call.binding is None else unicode(call.binding)
    return {**_place(span, files), "end_line": end.line, "kind": call.kind, "verb": call.verb, "binding": binding}


def _place(span: Span, files: Files) -> dict[str, Any]:
    place = files.place(span)
    return {"path": unicode(span.path), "line": place.line, "column": place.column}
