"""What ran of JavaScript and TypeScript in coverage.py's own data and reports.

coverage.py knows a branch as a jump from a line to a line. A way of a branch that leads to no other line, or to the
line of another way, is written as a jump to a negative number, which its reports show as "exit". Branches with one way
(a loop, a default value) are none there.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from coverage import Coverage as CoveragePy
from coverage.exceptions import NoSource
from coverage.plugin import CoveragePlugin, FileReporter

from edgelint.testing.workerd_host.coverage.hits import BranchKey, FileHits, as_data, from_data
from edgelint.testing.workerd_host.coverage.report import way_name

if TYPE_CHECKING:
    from coverage.types import TArc, TConfigurable, TLineNo

MODULE: Final = "edgelint.testing.workerd_host.coverage"
"""What the configuration of coverage.py names."""
_NAME: Final = f"{MODULE}.JavaScript"
"""How coverage.py's data names the plugin: the module and the class."""
_ENTRY: Final = -1
_WAYS: Final = 100
"""More than a branch has ways, as a rule."""
HINT: Final = (
    f'coverage.py shows JavaScript and TypeScript too with plugins = ["{MODULE}"] under [tool.coverage.run] (or [run])'
)


def table_file(data_file: str) -> Path:
    """Where it stands what of the files can run: beside the data file, by a name that ``coverage combine`` does not
    take for data."""
    return Path(f"{data_file}-edgelint.json")


def arcs_of(file: FileHits) -> dict[TArc, tuple[BranchKey, int]]:
    """The jumps of a file's branches, each with the branch and the index of its way."""
    found: dict[TArc, tuple[BranchKey, int]] = {}
    for key, ways in sorted(file.branches.items()):
        if len(ways.counts) < 2:
            continue
        for index, to in enumerate(ways.to):
            end = to
            if end in (0, key.line) or (key.line, end) in found:
                end = -(key.column * _WAYS + index)  # the same whatever else is on the line
                while (key.line, end) in found:
                    end -= 1
            found[key.line, end] = key, index
    return found


class JavaScript(CoveragePlugin):
    """Gives coverage.py the files of workerd's apps, from the table beside its data file."""

    def __init__(self) -> None:
        self._path = table_file(".coverage")
        self._files: dict[str, FileHits] | None = None

    def configure(self, config: TConfigurable) -> None:
        """Where the table is."""
        self._path = table_file(str(config.get_option("run:data_file")))

    def file_reporter(self, filename: str) -> FileReporter:
        """What is known of a file. Raises NoSource when the table is not there, or has it not."""
        if self._files is None:
            self._files = from_data(_read(self._path))
        name = os.path.abspath(filename)
        if name not in self._files:
            raise NoSource(f"{self._path} does not have {filename}: it is written by pytest --edge-cov")
        return _Reporter(filename, self._files[name])


class _Reporter(FileReporter):
    def __init__(self, filename: str, file: FileHits) -> None:
        super().__init__(filename)
        self._file = file
        self._arcs = arcs_of(file)

    def lines(self) -> set[TLineNo]:
        return set(self._file.lines)

    def arcs(self) -> set[TArc]:
        return set(self._arcs)

    def exit_counts(self) -> dict[TLineNo, int]:
        counts: dict[TLineNo, int] = {}
        for start, _ in self._arcs:
            counts[start] = counts.get(start, 0) + 1
        return counts

    def missing_arc_description(
        self, start: TLineNo, end: TLineNo, executed_arcs: Iterable[TArc] | None = None
    ) -> str:
        return f"line {start}: {self._told(start, end)} never happened"

    def arc_description(self, start: TLineNo, end: TLineNo) -> str:
        return self._told(start, end)

    def _told(self, start: TLineNo, end: TLineNo) -> str:
        key, index = self._arcs[start, end]
        number = len(self._file.branches[key].counts)
        return f"{key.kind} at column {key.column}: {way_name(key, index, number)}"


def add(files: Mapping[str, FileHits]) -> str | None:
    """Add what ran to the coverage.py that measures this process, if one does, before it saves. ``files`` are by
    absolute path. Gives a sentence for the user when its configuration has not the plugin."""
    measuring = CoveragePy.current()
    if measuring is None or not files:
        return None
    if MODULE not in (measuring.get_option("run:plugins") or ()):  # type: ignore[operator]
        return HINT
    _write(table_file(str(measuring.get_option("run:data_file"))), files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of comes again when it saves
        data = measuring.get_data()
    relative = measuring.get_option("run:relative_files")
    names = {source: os.path.relpath(source) if relative else source for source in files}
    if measuring.get_option("run:branch"):
        data.add_arcs({names[source]: _ran(file) for source, file in files.items()})
    else:
        data.add_lines({
            names[source]: [line for line, count in file.lines.items() if count] for source, file in files.items()
        })  # fmt: skip
    data.touch_files(names.values(), _NAME)  # after the rest: it refuses data that is of neither kind yet
    return None


def _ran(file: FileHits) -> list[TArc]:
    """The lines that ran, as jumps from nowhere, and the jumps that were made."""
    ran: list[TArc] = [(_ENTRY, line) for line, count in file.lines.items() if count]
    return ran + [arc for arc, (key, index) in arcs_of(file).items() if file.branches[key].counts[index]]


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found


def _write(path: Path, files: Mapping[str, FileHits]) -> None:
    """Write the table. What another session knows of the same text stays: its data may be combined with this one's."""
    old, new = _read(path), as_data(files)
    for source, file in new.items():
        file["text"] = _digest(source)
        if (known := old.get(source)) is not None and known.get("text") == file["text"]:
            both = from_data({source: file})[source]
            both.add(from_data({source: known})[source])
            file |= as_data({source: both})[source]
    kept = {source: file for source, file in old.items() if source not in new and _digest(source) == file.get("text")}
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"version": 1, "files": kept | new}, separators=(",", ":")), encoding="utf-8")
    temporary.replace(path)


def _digest(source: str) -> str:
    try:
        return hashlib.sha256(Path(source).read_bytes()).hexdigest()
    except OSError:
        return ""
