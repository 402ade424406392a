"""What a run yields: the diagnostics and, beside them, what was not analysed and what failed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from edgelint.diagnostics import Diagnostic


class Note(NamedTuple):
    """Something that could not be analysed: the reason, and the paths it struck (once for each time it did).

    ``details`` say more of each path, in the same order; empty when there is nothing to say of any.
    """

    reason: str
    paths: tuple[str, ...]
    details: tuple[str, ...] = ()


class Failure(NamedTuple):
    """A rule that raised on a file. ``path`` is "." when it raised on the project but on none of its files."""

    rule: str
    path: str
    message: str
    traceback: str


class Outcome(NamedTuple):
    """The whole project's outcome, before it is narrowed to the paths and severities asked for.

    ``files`` are the sources and configs that were checked; ``also_read`` the other files that facts were taken from or
    that were set aside with a note. ``suppressed`` counts suppressed findings by path; ``rules`` the rules that ran.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    notes: tuple[Note, ...] = ()
    files: tuple[str, ...] = ()
    also_read: tuple[str, ...] = ()
    rules: int = 0
    suppressed: Mapping[str, int] = {}
    failures: tuple[Failure, ...] = ()


class Stats(NamedTuple):
    """Counts of one run: analysed files, rules run, suppressed findings, and whether the cache answered."""

    files: int
    rules: int
    suppressed: int
    cached: bool


class Result(NamedTuple):
    """What ``check`` returns. ``diagnostics`` are sorted by place and hold one ``internal-error`` for each failure.

    ``problems`` are sentences on why the run could not do what it was asked (a path that holds nothing to check).
    """

    root: Path
    diagnostics: tuple[Diagnostic, ...]
    notes: tuple[Note, ...]
    stats: Stats
    failures: tuple[Failure, ...] = ()
    problems: tuple[str, ...] = ()

    def exit_status(self, *, exit_zero: bool = False) -> int:
        """0 clean, 1 findings (0 with ``exit_zero``), 2 when a rule failed or nothing could be checked."""
        if self.failures or self.problems:
            return 2
        return 1 if self.diagnostics and not exit_zero else 0
