"""What edgelint says: spans, findings and diagnostics. Frozen values; imports nothing of ours.

Offsets are bytes into the file as it lies on disk (a byte-order mark counts). Lines and columns are made from
them only when something is reported (see ``edgelint.source``).
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Severity(str, Enum):
    """How bad it is when the finding is true."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return ("error", "warning", "info").index(self.value)


class Confidence(str, Enum):
    """How sure the rule is that the finding is true."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Span(NamedTuple):
    """A half-open byte range ``[start, end)`` of one file; ``path`` is relative to the project root, with ``/``."""

    path: str
    start: int
    end: int


class Related(NamedTuple):
    """A second place that explains the finding: the read, the write, the config line."""

    span: Span
    message: str


class Edit(NamedTuple):
    """Replace the bytes of ``span`` with ``text``."""

    span: Span
    text: str


class Fix(NamedTuple):
    """Edits that mend a finding. ``safe`` means that the program's intended meaning cannot change."""

    message: str
    edits: tuple[Edit, ...]
    safe: bool = False


class Finding(NamedTuple):
    """What a check yields. Severity and confidence default to those of the rule's document."""

    span: Span
    message: str
    related: tuple[Related, ...] = ()
    help: str | None = None
    fix: Fix | None = None
    severity: Severity | None = None
    confidence: Confidence | None = None


class Diagnostic(NamedTuple):
    """A finding with its rule, as reported, cached and counted."""

    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    span: Span
    related: tuple[Related, ...] = ()
    help: str | None = None
    fix: Fix | None = None

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Reports are in the order of file, place, rule."""
        return (self.span.path, self.span.start, self.span.end, self.rule, self.message)
