"""What is new since a commit: findings on lines that have changed, and findings that changed facts bring about.

The project is analysed a second time as it was at the commit, in a folder of its own. A finding counts as new when its
span or a related one touches a changed line, or when the project as it was does not have it: a binding that is taken
out of the config counts for the code that uses it, though no line of that code has changed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from edgelint import engine
from edgelint.diagnostics import Diagnostic, Span
from edgelint.project import git_base
from edgelint.project.discovery import DEPENDENCIES, discover
from edgelint.report.model import Files
from edgelint.settings import Settings

_HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
Lines = Sequence[range]


class Changes(NamedTuple):
    """``lines``: by path, the changed lines as they are now (from 1). ``renamed``: path now -> path then. ``whole`` are
    files that are all new (git does not know them yet)."""

    lines: Mapping[str, Lines]
    renamed: Mapping[str, str]
    whole: frozenset[str]

    def touches(self, files: Files, span: Span) -> bool:
        """Whether a span is, at least partly, on a changed line."""
        if span.path in self.whole:
            return True
        ranges = self.lines.get(span.path)
        if not ranges:
            return False
        place = files.place(span)
        last = place.end_line if place.end_column > 1 or place.end_line == place.line else place.end_line - 1
        return any(lines.start <= last and place.line < lines.stop for lines in ranges)


def new(root: Path, commit: str, settings: Settings, found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Those of ``found`` that are new since ``commit`` (a full hash). Raises ``git_base.BaseError``."""
    if not found:
        return ()
    changes = changed(root, commit)
    files = Files(root)
    then = Counter(_before(root, commit, settings))
    kept = []
    for item in found:
        key = _key(item, files, changes.renamed)
        known = then[key] > 0
        then[key] -= known
        spans = (item.span, *(related.span for related in item.related))
        if not known or item.rule == "internal-error" or any(changes.touches(files, span) for span in spans):
            kept.append(item)
    return tuple(kept)


def changed(root: Path, commit: str) -> Changes:
    """What has changed in the working tree since the commit. Raises ``git_base.BaseError``."""
    lines: dict[str, list[range]] = {}
    renamed: dict[str, str] = {}
    path = before = ""
    for line in git_base.diff(root, commit):
        if line.startswith(b"rename from "):
            before = _path(line[12:])
        elif line.startswith(b"rename to "):
            renamed[_path(line[10:])] = before
        elif line.startswith(b"+++ "):
            path = _path(line[4:].rstrip(b"\t"), strip=2)
        elif (hunk := _HUNK.match(line)) is not None:
            start, number = int(hunk[1]), int(hunk[2] or 1)
            # Lines that are only gone have changed what stands on both sides of them.
            lines.setdefault(path, []).append(range(start, start + number) if number else range(start, start + 2))
    return Changes(lines, renamed, frozenset(git_base.untracked(root)))


def _before(root: Path, commit: str, settings: Settings) -> Iterator[tuple[str, ...]]:
    """The keys of the findings at the commit."""
    with tempfile.TemporaryDirectory(prefix="edgelint-") as folder:
        then = Path(folder).resolve() / "project"
        then.mkdir()
        for path, data in git_base.tree(root, commit):
            target = then / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        _add_local(root, then)
        outcome = engine.analyse(then, settings._replace(base=None))
        files = Files(then)
        yield from (_key(item, files, {}) for item in outcome.diagnostics)


def _add_local(root: Path, then: Path) -> None:
    """Files that git leaves out and that are facts all the same: local values, and what is installed."""
    found = discover(root)
    for path in found.dotenv:
        if not (then / path).exists() and (then / path).parent.is_dir():
            (then / path).write_bytes((root / path).read_bytes())
    for directory in found.directories:
        for name in DEPENDENCIES:
            here, there = root / directory / name, then / directory / name
            if here.is_dir() and there.parent.is_dir() and not os.path.lexists(there):
                there.symlink_to(here, target_is_directory=True)


def _key(item: Diagnostic, files: Files, renamed: Mapping[str, str]) -> tuple[str, ...]:
    """By what a finding is known again: rule, file, message, and its lines' text without the space around it."""
    path = item.span.path
    text = files.text(path)
    first, last = text.line_index(item.span.start), text.line_index(max(item.span.start, item.span.end - 1))
    start, end = text.line_bytes(first)[0], text.line_bytes(last)[1]
    quoted = b" ".join(text.data[start:end].split()).decode("utf-8", "surrogateescape")
    return item.rule, renamed.get(path, path), item.message, quoted


def _path(written: bytes, strip: int = 0) -> str:
    """A path as git writes it, in quotes when it has unusual characters."""
    if written.startswith(b'"') and written.endswith(b'"'):
        written = written[1:-1].decode("unicode_escape").encode("latin-1")
    return os.fsdecode(written)[strip:]
