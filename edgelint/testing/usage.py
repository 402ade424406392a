"""What ran: which SQL statements and which calls on bindings, with which outcome. Plain data, merged over tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgelint.testing.operation import Operation


@dataclass(slots=True)
class Statement:
    """How one SQL text ran on one binding: ``runs``, ``errors`` among them, rows given and rows read (modelled)."""

    runs: int = 0
    errors: int = 0
    rows: int = 0
    rows_read: int = 0


Site = tuple[str, int, str, str, str]
"""(file, line, binding, kind, verb) of a call."""


@dataclass(slots=True)
class Usage:
    """``statements``: (binding, SQL) -> Statement. ``sites``: call -> outcome ("ok", "hit", "miss", "error") -> how
    often; files are relative to the root, with ``/``."""

    statements: dict[tuple[str, str], Statement] = field(default_factory=dict)
    sites: dict[Site, Counter[str]] = field(default_factory=dict)

    def add(self, operations: Iterable[Operation], root: Path) -> None:
        """Add what the app did; what the test did by itself does not count."""
        for operation in operations:
            if operation.origin != "app":
                continue
            for sql, attributes in _statements(operation):
                found = self.statements.setdefault((operation.binding, sql), Statement())
                found.runs += 1
                found.errors += operation.outcome == "error"
                found.rows += int(attributes.get("rows", 0))
                found.rows_read += int(attributes.get("rows_read", 0))
            if operation.place is not None:
                file, line = operation.place
                site = (_relative(file, root), line, operation.binding, operation.kind, operation.verb)
                self.sites.setdefault(site, Counter())[operation.outcome] += 1

    def merge(self, data: Mapping[str, Any]) -> None:
        """Add what ``data`` gave, maybe in another process."""
        for binding, sql, runs, errors, rows, rows_read in data["statements"]:
            found = self.statements.setdefault((binding, sql), Statement())
            found.runs += runs
            found.errors += errors
            found.rows += rows
            found.rows_read += rows_read
        for *site, outcomes in data["sites"]:
            file, line, binding, kind, verb = site
            self.sites.setdefault((file, line, binding, kind, verb), Counter()).update(outcomes)

    def data(self) -> dict[str, Any]:
        """Lists and dicts only: what can be sent to another process."""
        return {
            "statements": [
                [binding, sql, each.runs, each.errors, each.rows, each.rows_read]
                for (binding, sql), each in self.statements.items()
            ],
            "sites": [[*site, dict(outcomes)] for site, outcomes in self.sites.items()],
        }


def _statements(operation: Operation) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The SQL texts that an operation ran, each with its attributes."""
    if operation.kind not in ("d1", "durable-object-storage"):
        return
    several = operation.attributes.get("statements")
    if isinstance(several, list):
        for each in several:
            yield str(each["sql"]), each
    elif operation.attributes.get("sql") is not None:
        yield str(operation.attributes["sql"]), operation.attributes


def _relative(file: str, root: Path) -> str:
    try:
        return Path(file).resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return Path(file).as_posix()
