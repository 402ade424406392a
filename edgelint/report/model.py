"""What every format is given: the diagnostics, and the files they speak of, read once and resolved to lines."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from edgelint.diagnostics import Confidence, Diagnostic, Severity, Span
from edgelint.source import line_starts, position


class RuleText(NamedTuple):
    """What a report says of a rule: ``summary`` is a sentence, ``text`` its reasons, ``markdown`` all of its page."""

    id: str
    severity: Severity
    summary: str
    text: str = ""
    markdown: str = ""
    confidence: Confidence | None = None
    languages: tuple[str, ...] = ()
    url: str | None = None


class Place(NamedTuple):
    """A range in lines and columns, all from 1, columns in code points; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Text:
    """One file as it is on disk when the report is made. ``problem`` says why there is nothing to quote, or is None."""

    __slots__ = ("path", "data", "problem", "_starts", "_masks")

    def __init__(self, path: str, data: bytes, problem: str | None = None) -> None:
        self.path = path
        self.data = data
        self.problem = problem
        self._starts: list[int] | None = None
        self._masks: dict[tuple[int, str], list[tuple[int, int]]] = {}

    @property
    def starts(self) -> list[int]:
        """Byte offset of every line."""
        if self._starts is None:
            self._starts = line_starts(self.data)
        return self._starts

    def place(self, span: Span) -> Place:
        """Lines and columns of a span; 1:1 when the file cannot be read."""
        start = position(self.data, self.starts, span.start)
        end = position(self.data, self.starts, max(span.start, span.end))
        return Place(*start, *end)

    def line_index(self, offset: int) -> int:
        """The line of a byte offset, from 0."""
        return max(0, bisect_right(self.starts, offset) - 1)

    def line_bytes(self, index: int) -> tuple[int, int]:
        """The byte range of line ``index`` (from 0) without its line break and, on the first line, without the BOM."""
        start = self.starts[index]
        end = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.data)
        if index + 1 < len(self.starts):
            end -= 2 if self.data[start:end].endswith(b"\r\n") else 1
        if index == 0 and self.data.startswith(b"\xef\xbb\xbf"):
            start = 3
        return start, end

    def masks(self, index: int, rule: str) -> list[tuple[int, int]]:
        """Byte ranges of the file, within line ``index``, that a report of ``rule`` must not show."""
        key = (index, rule)
        if key not in self._masks:
            from edgelint.report.secrets import masked  # patterns to compile, only when something is quoted

            start, end = self.line_bytes(index)
            self._masks[key] = masked(self.path, rule, self.data, start, end)
        return self._masks[key]


class Files:
    """The texts that diagnostics point into, each read once. ``overlay`` holds unsaved contents by path."""

    def __init__(self, root: Path, overlay: Mapping[str, bytes] | None = None) -> None:
        self.root = root
        self._overlay = overlay or {}
        self._real_root: Path | None = None
        self._texts: dict[str, Text] = {}

    def text(self, path: str) -> Text:
        """The file at ``path`` (relative to the root); never raises."""
        found = self._texts.get(path)
        if found is None:
            found = self._texts[path] = self._read(path)
        return found

    def _read(self, path: str) -> Text:
        if path in self._overlay:
            return Text(path, self._overlay[path])
        try:
            if self._real_root is None:
                self._real_root = self.root.resolve()
            real = (self.root / path).resolve()
            if not real.is_relative_to(self._real_root):
                return Text(path, b"", "the path leads out of the project")
            return Text(path, real.read_bytes())
        except FileNotFoundError:
            return Text(path, b"", "the file is no longer there")
        except (OSError, ValueError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            return Text(path, b"", f"the file cannot be read: {reason}")

    def place(self, span: Span) -> Place:
        """Lines and columns of a span."""
        return self.text(span.path).place(span)


class Report:
    """One run's outcome, as every format takes it.

    ``root`` is the project root that paths are relative to; ``checked`` counts analysed files; ``unanalysed`` maps a
    reason to the paths it struck ("" for one that is not known), ``details`` to what is said of each; ``rules``
    holds the texts of the rules that occur (only SARIF shows them); ``overlay`` is the unsaved contents of files by
    path; ``base`` is the directory that paths meant for a person or a forge are shown relative to.
    """

    def __init__(
        self,
        root: Path,
        diagnostics: Sequence[Diagnostic],
        checked: int = 0,
        unanalysed: Mapping[str, Sequence[str]] | None = None,
        rules: Mapping[str, RuleText] | None = None,
        overlay: Mapping[str, bytes] | None = None,
        base: Path | None = None,
        version: str = "",
        suppressed: int = 0,
        details: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.root = root
        self.diagnostics = diagnostics
        self.checked = checked
        self.unanalysed = unanalysed or {}
        self.details = details or {}
        self.rules = rules or {}
        self.base = base
        self.version = version
        self.suppressed = suppressed
        self.files = Files(root, overlay)
        """The texts that the diagnostics point into."""

    def shown(self, path: str) -> str:
        """``path`` as a person in ``base`` would write it."""
        return path if self.base is None else seen_from(self.base, self.root, path)

    def counts(self) -> dict[Severity, int]:
        """Findings by severity, worst first."""
        result = dict.fromkeys(Severity, 0)
        for diagnostic in self.diagnostics:
            result[diagnostic.severity] += 1
        return result


def fingerprints(report: Report) -> list[str]:
    """A mark for each diagnostic by which a service knows it again when lines move: of its rule, its file, the text of
    its line without the space around it, and its number among those that are alike. 32 hex digits."""
    from hashlib import blake2b

    seen: dict[tuple[str, str, bytes], int] = {}
    found = []
    for diagnostic in report.diagnostics:
        text = report.files.text(diagnostic.span.path)
        start, end = text.line_bytes(text.line_index(diagnostic.span.start))
        key = (diagnostic.rule, diagnostic.span.path, text.data[start:end].strip())
        number = seen[key] = seen.get(key, 0) + 1
        parts = (diagnostic.rule.encode(), diagnostic.span.path.encode("utf-8", "surrogateescape"), key[2])
        found.append(blake2b(b"\0".join((*parts, str(number).encode())), digest_size=16).hexdigest())
    return found


def seen_from(base: Path, root: Path, path: str) -> str:
    """``path`` (relative to ``root``) relative to ``base``, with ``/``."""
    if base == root:
        return path
    try:
        return os.path.relpath(root / path, base).replace(os.sep, "/")
    except ValueError:  # another drive
        return str(root / path)


def summary(report: Report) -> dict[str, object]:
    """The ``summary`` object of the JSON formats."""
    counts = report.counts()
    return {
        "files": report.checked,
        "files_with_findings": len({diagnostic.span.path for diagnostic in report.diagnostics}),
        "findings": len(report.diagnostics),
        "by_severity": {severity.value: count for severity, count in counts.items()},
        "suppressed": report.suppressed,
        "not_analysed": {reason: len(paths) for reason, paths in sorted(report.unanalysed.items()) if paths},
    }


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def used_rules(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """The ids that occur, sorted."""
    return sorted({diagnostic.rule for diagnostic in diagnostics})
