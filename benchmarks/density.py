"""How dense a project is with what edgelint looks at: whether a corpus is like the apps people write.

    python -m benchmarks.density FOLDER...

A line each: thousands of lines of the JavaScript and TypeScript that is checked, how many of them are in files that are
parsed at all (the others mention nothing of the platform), and per thousand lines the calls on bindings and other
objects of the platform, the reads of env, the SQL statements in code, and those of them with more than one text.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.parse import SUFFIXES


class Density(NamedTuple):
    """Thousands of lines, and counts."""

    checked: float
    parsed: float
    calls: int
    reads: int
    statements: int
    dynamic: int

    def row(self, name: str) -> str:
        """A line of the table."""
        size = max(self.checked, 0.001)
        each = (self.calls, self.reads, self.statements, self.dynamic)
        counts = "".join(f"{count / size:11.1f}" for count in each)
        return f"{name[:32]:32}{self.checked:8.1f}{self.parsed:8.1f}{counts}"


HEAD = f"{'':32}{'kLOC':>8}{'parsed':>8}{'calls':>11}{'env reads':>11}{'statements':>11}{'dynamic':>11}"


def density(root: Path) -> Density:
    """What ``root`` holds."""
    from edgelint import settings
    from edgelint.project.project import Project

    project = Project.load(root, settings.load(root))
    parsed = {path for path in project.files if Path(path).suffix in SUFFIXES}
    checked = parsed | {path for path in project.discovered.sources if Path(path).suffix in SUFFIXES}
    lines = {path: (root / path).read_bytes().count(b"\n") for path in checked}
    statements = project.statements
    return Density(
        sum(lines.values()) / 1000,
        sum(lines[path] for path in parsed) / 1000,
        sum(1 for _ in project.calls()),
        sum(len({use.span for use in worker.env_uses}) for worker in project.workers),
        len(statements),
        sum(len(statement.texts) > 1 for statement in statements),
    )


def main(folders: Sequence[str]) -> int:
    """Print the table."""
    print(HEAD)
    for folder in folders:
        print(density(Path(folder).resolve()).row(Path(folder).name), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
