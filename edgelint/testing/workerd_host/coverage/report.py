"""Reports of what ran of JavaScript and TypeScript: a table for the terminal, lcov, JSON, and what is too little."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from edgelint.testing.workerd_host.coverage.hits import BranchKey, FileHits

KINDS: Final = ("term", "lcov", "json")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a report goes: ``kind`` is one of KINDS, ``path`` the file ("" for the terminal)."""

    kind: str
    path: str


def target(text: str) -> Target:
    """A value of --edge-cov-report: ``term``, ``lcov:FILE`` or ``json:FILE``. Raises ValueError that says so."""
    kind, colon, path = text.partition(":")
    if kind not in KINDS or (kind == "term") == bool(colon) or (colon and not path):
        raise ValueError(f"--edge-cov-report takes term, lcov:FILE or json:FILE, not '{text}'")
    return Target(kind, path)


def least(text: str) -> float:
    """A value of --edge-cov-fail-under: a percentage. Raises ValueError that says so."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise ValueError(f"--edge-cov-fail-under takes a number from 0 to 100, not '{text}'")
    return number


@dataclass(slots=True)
class Totals:
    """Sums over files."""

    lines: int = 0
    missed: int = 0
    ways: int = 0
    ways_missed: int = 0
    functions: int = 0
    functions_missed: int = 0

    def add(self, file: FileHits) -> None:
        """Add one file."""
        self.lines += len(file.lines)
        self.missed += len(file.lines) - file.lines_hit
        self.ways += file.ways
        self.ways_missed += file.ways - file.ways_taken
        self.functions += len(file.functions)
        self.functions_missed += len(file.functions) - file.functions_hit

    @property
    def percent(self) -> float:
        """What was covered of lines and ways together, as coverage.py reckons it with branches; 100 of nothing."""
        whole = self.lines + self.ways
        return 100 * (whole - self.missed - self.ways_missed) / whole if whole else 100.0


def totals(files: Iterable[FileHits]) -> Totals:
    """The sums of several files."""
    found = Totals()
    for file in files:
        found.add(file)
    return found


def told(percent: float) -> str:
    """A percentage without decimals: 0 and 100 only where they are exact."""
    rounded = round(percent)
    if rounded == 100 and percent < 100:
        return "99%"
    if rounded == 0 and percent > 0:
        return "1%"
    return f"{rounded}%"


def as_table(files: Mapping[str, FileHits]) -> Iterator[str]:
    """Lines for a terminal: each file, the totals, and what is missing of it: lines, and branches not wholly taken
    on lines that ran."""
    rows = [("File", "Lines", "Miss", "Branch", "Miss", "Cover", "Missing")]
    for name, file in files.items():
        rows.append((name, *_numbers(totals([file])), ", ".join(missing(file))))
    foot = ("TOTAL", *_numbers(totals(files.values())), "")
    widths = [max(len(row[column]) for row in (*rows, foot)) for column in range(6)]

    def line(row: tuple[str, ...]) -> str:
        cells = [row[0].ljust(widths[0]), *(row[column].rjust(widths[column]) for column in range(1, 6)), row[6]]
        return "  ".join(cells).rstrip()

    head = line(rows[0])
    rule = "-" * max(len(head), *(len(line((*row[:6], ""))) for row in rows))
    yield head
    yield rule
    yield from map(line, rows[1:])
    if len(rows) > 2:
        yield rule
        yield line(foot)


def _numbers(found: Totals) -> tuple[str, str, str, str, str]:
    counts = (found.lines, found.missed, found.ways, found.ways_missed)
    lines, missed, ways, ways_missed = map(str, counts)
    return lines, missed, ways, ways_missed, told(found.percent)


def missing(file: FileHits) -> list[str]:
    """What did not run: ranges of lines (over lines with no statement), and for a branch on a line that ran, the way
    that was not taken: ``12:true``."""
    found: list[tuple[int, str]] = []
    start = end = 0
    for line, count in [*sorted(file.lines.items()), (0, 1)]:
        if not count:
            start, end = start or line, line
        elif start:
            found.append((start, str(start) if start == end else f"{start}-{end}"))
            start = 0
    for key, ways in sorted(file.branches.items()):
        if file.lines.get(key.line, 1):
            found += [
                (key.line, f"{key.line}:{way_name(key, index, len(ways.counts))}")
                for index, count in enumerate(ways.counts)
                if not count
            ]
    return [text for _, text in sorted(found, key=lambda each: each[0])]


def way_name(key: BranchKey, index: int, number: int) -> str:
    """A way in a word or two: "true", "operand 2", "case 1"."""
    if key.kind in ("if", "conditional") and number == 2:
        return ("true", "false")[index]
    if key.kind == "logical":
        return f"operand {index + 1}"
    return {"assignment": "assigned", "loop": "loop", "default": "default"}.get(key.kind, f"case {index + 1}")


def as_lcov(files: Mapping[str, FileHits]) -> str:
    """The tracefile of geninfo (https://github.com/linux-test-project/lcov, man page geninfo(1), "TRACE FILE FORMAT").
    A branch whose line never ran has "-" for its counts, as there."""
    parts = []
    for name, file in files.items():
        parts += ["TN:", f"SF:{name}"]
        names = _unique(sorted(file.functions))
        parts += [f"FN:{key[0]},{names[key]}" for key in sorted(file.functions)]
        parts += [f"FNDA:{file.functions[key]},{names[key]}" for key in sorted(file.functions)]
        parts += [f"FNF:{len(file.functions)}", f"FNH:{file.functions_hit}"]
        for block, (branch, ways) in enumerate(sorted(file.branches.items())):
            ran = any(ways.counts) or file.lines.get(branch.line, 0)
            parts += [
                f"BRDA:{branch.line},{block},{index},{count if ran else '-'}" for index, count in enumerate(ways.counts)
            ]
        parts += [f"BRF:{file.ways}", f"BRH:{file.ways_taken}"]
        parts += [f"DA:{line},{count}" for line, count in sorted(file.lines.items())]
        parts += [f"LF:{len(file.lines)}", f"LH:{file.lines_hit}", "end_of_record"]
    return "".join(f"{part}\n" for part in parts)


def _unique(keys: list[tuple[int, int, str]]) -> dict[tuple[int, int, str], str]:
    """Names of functions that tell them apart, which is what lcov knows them by: those of one name get their place."""
    seen: dict[str, int] = {}
    for *_, name in keys:
        seen[name] = seen.get(name, 0) + 1
    return {key: key[2] if seen[key[2]] == 1 else f"{key[2]}@{key[0]}:{key[1]}" for key in keys}


def as_json(files: Mapping[str, FileHits], problems: Iterable[str] = ()) -> str:
    """One object: {"version": 1, "files": {name: {...}}, "totals": {...}, "problems": [...]}."""

    def summary(found: Totals) -> dict[str, Any]:
        return {
            "lines": found.lines, "lines_missed": found.missed, "branches": found.ways,
            "branches_missed": found.ways_missed, "functions": found.functions,
            "functions_missed": found.functions_missed, "percent": round(found.percent, 2),
        }  # fmt: skip

    whole = {
        "version": 1,
        "files": {
            name: {
                "summary": summary(totals([file])),
                "lines": {str(line): count for line, count in sorted(file.lines.items())},
                "functions": [
                    {"name": function, "line": line, "column": column, "count": count}
                    for (line, column, function), count in sorted(file.functions.items())
                ],
                "branches": [
                    {"line": key.line, "column": key.column, "kind": key.kind, "counts": ways.counts}
                    for key, ways in sorted(file.branches.items())
                ],
            }
            for name, file in files.items()
        },
        "totals": summary(totals(files.values())),
        "problems": list(problems),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def write(
    targets: Iterable[Target], files: Mapping[str, FileHits], problems: Iterable[str], directory: Path
) -> Iterator[str]:
    """Write each report (files relative to ``directory``). Yields the lines for the terminal; what cannot be written
    is said there."""
    problems = list(problems)
    for each in targets:
        if each.kind == "term":
            yield from as_table(files) if files else ("no JavaScript or TypeScript ran in workerd",)
            continue
        text = as_lcov(files) if each.kind == "lcov" else as_json(files, problems)
        try:
            path = directory / each.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            yield f"{each.path}: cannot be written: {error.strerror}"
        else:
            yield f"edge coverage: {each.path}"
    yield from problems


def too_little(files: Mapping[str, FileHits], under: float) -> str | None:
    """What to say when less than ``under`` percent is covered, None otherwise."""
    percent = totals(files.values()).percent
    if percent >= under:
        return None
    return f"edge coverage of {percent:.2f}% is under the {under:g}% of --edge-cov-fail-under"
