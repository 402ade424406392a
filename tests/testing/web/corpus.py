"""The table of probes: the same expression in JavaScript and in Python, and what workerd gave.

``probes/*.txt`` are blocks of lines: ``js:`` the body of an async function, ``py:`` lines of the body of a coroutine
over the plain classes, ``is:`` what workerd gave, as JSON (written by ``python -m tests.testing.web``).
``R(html, build)`` is a document through an HTMLRewriter. Where ours differs, ``differences.toml`` says what it gives,
and why.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass
class Probe:
    """One row. ``expected`` is the answer of workerd, None until it was asked."""

    topic: str
    js: str
    py: list[str] = field(default_factory=list)
    expected: dict[str, Any] | None = None

    @property
    def code(self) -> str:
        """The Python side."""
        return "\n".join(self.py)

    def same(self, ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
        """Whether two answers agree; of a probe that returns nothing only whether it throws, and what."""
        return ours == theirs or ("return" not in self.js and "value" in ours and "value" in theirs)


def load() -> list[Probe]:
    """Every probe, in order."""
    return [probe for path in sorted((HERE / "probes").glob("*.txt")) for probe in read(path)]


def read(path: Path) -> list[Probe]:
    """The probes of one file. Raises ValueError for a line that is none of its kinds."""
    found: list[Probe] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        kind, _, rest = line.partition(": ")
        if kind == "js":
            found.append(Probe(path.stem, rest))
        elif kind == "py":
            found[-1].py.append(rest)
        elif kind == "is":
            found[-1].expected = json.loads(rest)
        elif line:
            raise ValueError(f"{path.name}:{number}: {line[:40]}")
    return found


def write(path: Path, probes: Iterable[Probe]) -> None:
    """The contrary."""
    blocks: list[str] = []
    for probe in probes:
        lines = [f"js: {probe.js}", *(f"py: {line}" for line in probe.py)]
        if probe.expected is not None:
            lines.append(f"is: {json.dumps(probe.expected)}")
        blocks.append("\n".join(lines) + "\n")
    path.write_text("\n".join(blocks), encoding="utf-8")


def differences() -> dict[str, dict[str, Any]]:
    """Known differences by their JavaScript: {"ours": answer, "reason": text}."""
    table = tomllib.loads((HERE / "differences.toml").read_text(encoding="utf-8"))
    return {row["js"]: {"ours": json.loads(row["ours"]), "reason": row["reason"]} for row in table["difference"]}
