"""Coverage of one session: bundles get their counters, counters are read from workerd, what ran is added up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelint.testing.errors import EdgeError
from edgelint.testing.workerd_host.coverage.hits import FileHits, Hits, as_data, from_data, hits, merge, what_ran
from edgelint.testing.workerd_host.coverage.instrument import instrument
from edgelint.testing.workerd_host.coverage.probes import Probes
from edgelint.testing.workerd_host.coverage.unbundled import left_out
from edgelint.testing.workerd_host.source_maps import Position, SourceMap

if TYPE_CHECKING:
    from edgelint.testing.workerd_host.bundle import Bundle, Module
    from edgelint.testing.workerd_host.running import Workerd


@dataclass(frozen=True)
class Shifted(SourceMap):
    """The map of a module that has counters: its places are shifted back before they are looked up."""

    shift: Callable[[int, int], tuple[int, int]] = lambda line, column: (line, column)
    before: SourceMap | None = None

    def original(self, line: int, column: int) -> Position | None:
        """Where the text at a place of the instrumented file came from."""
        assert self.before is not None
        return self.before.original(*self.shift(line, column))


def shifted(before: SourceMap, shift: Callable[[int, int], tuple[int, int]]) -> Shifted:
    """``before`` for the text after ``shift``."""
    same = {each.name: getattr(before, each.name) for each in fields(SourceMap)}
    return Shifted(**same, shift=shift, before=before)


def is_own(source: str) -> bool:
    """Whether a source of a map is a file of the app's own."""
    path = Path(source)
    if not path.is_absolute() or path.suffix == ".json" or "node_modules" in path.parts:
        return False
    return _HERE not in path.parents and path.is_file()


_HERE = Path(__file__).resolve().parents[2]


@dataclass
class Coverage:
    """What is measured in one process. ``problems`` are sentences about what cannot be measured."""

    problems: list[str] = field(default_factory=list)
    _tables: dict[str, Probes] = field(default_factory=dict)
    _fresh: Hits = field(default_factory=dict)
    _told: int = 0

    def transform(self, bundle: Bundle) -> Bundle:
        """The bundle with counters: for ``build(..., transform=)``. What the bundle leaves out of its sources is known
        from then on, with no runs."""
        modules, maps = [], dict(bundle.maps)
        whole = Probes()
        for module in bundle.modules:
            source_map = bundle.maps.get(module.name)
            if module.kind not in ("esModule", "commonJsModule") or source_map is None:
                modules.append(module)
                continue
            modules.append(self._counted(module, source_map, maps, whole))
        missing = left_out(whole, [path for path in bundle.sources if is_own(str(path))])
        merge(self._fresh, hits((), missing))
        return replace(bundle, modules=tuple(modules), maps=maps)

    def _counted(self, module: Module, source_map: SourceMap, maps: dict[str, SourceMap], whole: Probes) -> Module:
        try:
            text = module.content.decode("utf-8")
        except UnicodeDecodeError:
            self.problems.append(f"{module.name} is not UTF-8: what runs of it is not measured")
            return module
        key = f"{len(self._tables)}:{module.name}"
        made = instrument(text, key, source_map, is_own)
        self.problems += made.problems
        if not made.probes.size:
            return module
        self._tables[key] = made.probes
        for part in ("lines", "functions", "branches"):
            getattr(whole, part).extend(getattr(made.probes, part))
        merge(self._fresh, hits((), made.probes))
        maps[module.name] = shifted(source_map, made.shift)
        return replace(module, content=made.text.encode())

    def add(self, counts: Mapping[str, Sequence[int]] | None) -> None:
        """Add what was counted since the last time, as the global gives it; None when there is nothing."""
        for key, numbers in (counts or {}).items():
            if key in self._tables:
                merge(self._fresh, what_ran(hits(numbers, self._tables[key])))

    def read(self, workerd: Workerd) -> None:
        """Add the counts of every worker of a running workerd, which begin again at 0. One that has ended (a crash)
        has none to give."""
        for worker in workerd.bundles:
            try:
                self.add(workerd.ask(worker, "coverage"))
            except EdgeError:
                return

    def data(self) -> dict[str, Any]:
        """What came in since the last call, for another process: ``Measured.add`` takes it."""
        found, self._fresh = self._fresh, {}
        problems, self._told = self.problems[self._told :], len(self.problems)
        return {"files": as_data(found), "problems": problems}


@dataclass
class Measured:
    """What all tests ran, in whatever process: the files, and what could not be measured."""

    files: Hits = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, data: Mapping[str, Any]) -> None:
        """Add what ``Coverage.data`` gave."""
        merge(self.files, from_data(data["files"]))
        self.problems += [problem for problem in data["problems"] if problem not in self.problems]

    def relative(self, root: Path) -> dict[str, FileHits]:
        """The files that have anything to run, as they are told: relative to ``root`` where they are in it."""
        found = {}
        for source, file in self.files.items():
            if file.lines or file.functions:
                found[_relative(source, root)] = file
        return dict(sorted(found.items()))


def _relative(source: str, root: Path) -> str:
    try:
        return Path(source).relative_to(root).as_posix()
    except ValueError:
        return Path(source).as_posix()
