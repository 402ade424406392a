"""What the linter knows of an app, read through its commands: ``edgelint queries`` and ``edgelint bindings`` as JSON.

The testing half never imports the rules or the engine; these two documents are the interface.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from edgelint.testing.errors import EdgeUsageError

HOLE: Final = "\ufffc"
"""Stands in a text of the linter for a part that it does not know."""
PERFORMED: Final = {
    "kv": "kv", "r2": "r2", "queue": "queue", "cache": "cache", "d1-statement": "d1", "d1": "d1",
    "do-stub": "durable-object", "do-storage": "durable-object-storage", "do-sql": "durable-object-storage",
    "rate-limit": "rate-limit", "ai": "ai", "vectorize": "vectorize", "analytics-engine": "analytics-engine",
    "send-email": "send-email", "service": "service", "workflow": "workflow",
}  # fmt: skip
"""The linter's kind of a call -> the kind of the operation it makes."""
_PREPARING: Final = frozenset(("prepare", "bind", "withSession"))
"""What only prepares an operation and is none itself."""

_PLACELESS: Final = frozenset(("kv", "r2", "queue", "cache", "durable-object-storage", "analytics-engine"))
"""Kinds of operations that say no place when JavaScript makes them: the runtime's own bindings, and its own storage."""


@dataclass(frozen=True)
class KnownStatement:
    """One SQL text in code: where it stands, its forms, and the plan of the first that could be planned."""

    path: str
    line: int
    texts: tuple[str, ...]
    plan: tuple[str, ...]

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [
            re.compile(r"\s+".join(".*?".join(map(re.escape, part.split(HOLE))) for part in text.split()), re.S)
            for text in self.texts
        ]

    def is_text_of(self, sql: str) -> bool:
        """Whether ``sql``, as it ran, is one of its forms; space counts for nothing."""
        return any(pattern.fullmatch(sql.strip()) for pattern in self._patterns)


@dataclass(frozen=True)
class KnownSite:
    """One call on a binding in code: its lines, the kind of its operation, its verb and binding (None: not known)."""

    path: str
    line: int
    end_line: int
    kind: str
    verb: str
    binding: str | None


@dataclass(frozen=True)
class Known:
    """Everything the linter found."""

    statements: tuple[KnownStatement, ...]
    sites: tuple[KnownSite, ...]


def read(root: Path) -> Known:
    """Ask the linter about the project at ``root``. Raises EdgeUsageError when it cannot do its job."""
    queries, bindings = _ask("queries", root), _ask("bindings", root)
    statements = tuple(
        KnownStatement(
            query["path"], query["range"]["start"]["line"], tuple(query["texts"]),
            next((tuple(step["detail"] for step in each["plan"]) for each in query["statements"] if each["plan"]), ()),
        )
        for query in queries["queries"]
    )  # fmt: skip
    sites = tuple(
        KnownSite(call["path"], call["line"], call["end_line"], PERFORMED[call["kind"]], call["verb"], call["binding"])
        for call in bindings["calls"]
        if _is_known(call)
    )
    return Known(statements, sites)


def _is_known(call: dict[str, Any]) -> bool:
    """Whether it can be told of a call in code that it ran: it makes an operation, which says where it comes from."""
    if call["kind"] not in PERFORMED or call["verb"] in _PREPARING:
        return False
    return call["path"].endswith(".py") or PERFORMED[call["kind"]] not in _PLACELESS


def _ask(command: str, root: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "edgelint", command, "--format", "json", str(root)],
        capture_output=True, text=True, encoding="utf-8", check=False, cwd=root,
    )  # fmt: skip
    if done.returncode != 0:
        raise EdgeUsageError(f"edgelint {command} could not read {root}: {done.stderr.strip()}")
    return json.loads(done.stdout)
