"""A baseline: the findings that a project has already, so that only new ones are reported.

The file counts findings by file and rule. Beside each count stand short marks of the lines they are on, which do not
change when lines move: when there are more findings than the count allows, the marks tell which of them are new.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from edgelint import registry
from edgelint.diagnostics import Diagnostic
from edgelint.report.model import Report, fingerprints

NAME: Final = "edgelint-baseline.json"
"""The file's name, in the project's root."""
VERSION: Final = 1
_MARK: Final = 12
"""Hex digits of a mark: two lines of one file and rule that share 48 bits by chance are not expected."""

Marks = dict[str, dict[str, list[str]]]
"""Path -> rule -> the marks of its findings, sorted; their number is the count."""


class BaselineError(Exception):
    """The baseline cannot be read or written; the message says where and why."""


class Stale(NamedTuple):
    """More findings are counted for a file and a rule than there are: ``counted``, and ``found`` now."""

    path: str
    rule: str
    counted: int
    found: int

    def __str__(self) -> str:
        return f"{self.path}: {self.rule} is counted {self.counted} times and found {self.found or 'no more'}"


class Applied(NamedTuple):
    """``diagnostics`` are those that the baseline does not hold, ``hidden`` how many it holds, ``stale`` what it holds
    too much of."""

    diagnostics: tuple[Diagnostic, ...]
    hidden: int
    stale: tuple[Stale, ...]


def make(root: Path, found: Sequence[Diagnostic]) -> Marks:
    """The baseline of these findings. What tells that a file or a rule could not be looked at is never in one."""
    marks: Marks = {}
    for item, mark in _marked(root, found):
        marks.setdefault(item.span.path, {}).setdefault(item.rule, []).append(mark)
    return _sorted(marks)


def apply(
    root: Path, known: Marks, found: Sequence[Diagnostic], concerns: Callable[[str, str], bool]
) -> Applied:
    """Take what ``known`` holds out of ``found``. ``concerns(path, rule)`` says whether the run looked at them: what it
    did not look at is not stale."""
    spare: dict[tuple[str, str], Counter[str]] = {
        (path, rule): Counter(marks) for path, rules in known.items() for rule, marks in rules.items()
    }
    counts = Counter((item.span.path, item.rule) for item in found)
    hidden: set[int] = set()
    marked = {id(item): mark for item, mark in _marked(root, found)}
    for item in found:  # first those that stand on a line that is known
        left = spare.get((item.span.path, item.rule))
        if left is not None and left[marked.get(id(item), "")] > 0:
            left[marked[id(item)]] -= 1
            hidden.add(id(item))
    for item in found:  # then, as far as the count goes, those whose line has changed
        left = spare.get((item.span.path, item.rule))
        if left is not None and id(item) not in hidden and id(item) in marked and (some := +left):
            left[next(iter(some))] -= 1
            hidden.add(id(item))
    stale = tuple(
        Stale(path, rule, len(known[path][rule]), counts[path, rule])
        for path, rule in spare
        if counts[path, rule] < len(known[path][rule]) and concerns(path, rule)
    )
    return Applied(tuple(item for item in found if id(item) not in hidden), len(hidden), stale)


def prune(known: Marks, stale: Iterable[Stale], root: Path, found: Sequence[Diagnostic]) -> Marks:
    """``known`` without what is counted too much; nothing is added."""
    now = make(root, found)
    pruned = {path: dict(rules) for path, rules in known.items()}
    for item in stale:
        there = Counter(now.get(item.path, {}).get(item.rule, []))
        before = Counter(known[item.path][item.rule])
        kept = list((before & there).elements())
        rest = list((before - there).elements())
        kept += rest[: max(item.found - len(kept), 0)]
        pruned[item.path][item.rule] = sorted(kept)
    return _sorted({
        path: {rule: marks for rule, marks in rules.items() if marks} for path, rules in pruned.items()
    })


def load(path: Path) -> Marks:
    """Read a baseline. Raises ``BaselineError``; a file that is not there is one that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BaselineError(f"{path}: it is not UTF-8") from None
    try:
        data = json.loads(text)
    except ValueError as error:
        where = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise BaselineError(f"{path}{where}: it is no JSON: write it with 'edgelint baseline create'") from None
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise BaselineError(f"{path}: it is no baseline of version {VERSION}: write it with 'edgelint baseline update'")
    return _findings(path, data.get("findings"))


def _findings(path: Path, data: Any) -> Marks:
    if not isinstance(data, dict):
        raise BaselineError(f"{path}: 'findings' is missing: write it with 'edgelint baseline update'")
    marks: Marks = {}
    for file, rules in data.items():
        for rule, entry in rules.items() if isinstance(rules, dict) else [("", None)]:
            lines = entry.get("lines") if isinstance(entry, dict) else None
            if entry is None or not isinstance(lines, list) or not all(isinstance(mark, str) for mark in lines):
                raise BaselineError(f"{path}: findings['{file}'] is not as edgelint writes it")
            if entry.get("count") != len(lines):
                raise BaselineError(f"{path}: the count of {rule} in findings['{file}'] is not that of its lines")
            marks.setdefault(file, {})[rule] = lines
    return marks


def save(path: Path, marks: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    """Write a baseline, at once or not at all. Raises ``BaselineError``."""
    whole = {
        "version": VERSION,
        "findings": {
            file: {rule: {"count": len(lines), "lines": list(lines)} for rule, lines in rules.items()}
            for file, rules in marks.items()
        },
    }
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BaselineError(f"{path}: {error.strerror}") from None


def _marked(root: Path, found: Sequence[Diagnostic]) -> list[tuple[Diagnostic, str]]:
    counted = [item for item in found if item.rule not in registry.NEVER_IGNORED]
    return [
        (item, mark[:_MARK]) for item, mark in zip(counted, fingerprints(Report(root, counted)), strict=True)
    ]


def _sorted(marks: Marks) -> Marks:
    return {
        path: {rule: sorted(lines) for rule, lines in sorted(rules.items())}
        for path, rules in sorted(marks.items())
        if rules
    }
