"""What runs on one project after another keep from one to the next: it hangs on contents alone, not on the run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from edgelint.engine import Stopped
from edgelint.project.discovery import Discovered, discover
from edgelint.project.elsewhere import Elsewhere
from edgelint.project.prepared import Queries, Query, Shape
from edgelint.project.project import Project
from edgelint.project.reading import Reader
from edgelint.syntax.parse import parse_file

if TYPE_CHECKING:
    from edgelint.d1.replay import Replay
    from edgelint.project.databases import DatabaseSource
    from edgelint.settings import Settings
    from edgelint.source import Source
    from edgelint.syntax import tree

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
SCHEMAS: Final = 32
"""Chains of migrations, and databases with what the code adds, that are remembered."""
STATEMENTS: Final = 4_000
"""Statements of one database that are remembered; what is typed letter by letter makes many."""


class Recent(dict[K, V]):
    """A mapping that drops what was put in first when it holds more than ``most``."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: K, value: V) -> None:
        super().pop(key, None)
        super().__setitem__(key, value)
        while len(self) > self._most:
            super().pop(next(iter(self)))


class Trees:
    """The trees of files by their contents: of whole texts or, apart from them, of slices and of edited parts."""

    def __init__(self) -> None:
        self._trees: dict[str, tuple[bytes, tree.Parsed]] = {}

    def parse(self, path: str, source: Source) -> tree.Parsed:
        """``parse_file``, or what it gave for the same text last time."""
        digest = blake2b(source.data, digest_size=16).digest()
        known = self._trees.get(path)
        if known is None or known[0] != digest:
            known = self._trees[path] = digest, parse_file(path, source)
        return known[1]

    def keep(self, paths: Mapping[str, object]) -> None:
        """Forget the files that are not among ``paths``."""
        self._trees = {path: found for path, found in self._trees.items() if path in paths}


class Warm:
    """What is kept for one project root. Not for several threads at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.trees = Trees()
        self.sliced = Trees()
        self.edited = Trees()
        self._discovered: Discovered | None = None
        self._excluded: Sequence[str] = ()
        self._replays: Recent[Hashable, Replay] = Recent(SCHEMAS)
        self._shapes: Recent[Hashable, Shape] = Recent(SCHEMAS)
        self._proposals: Recent[Hashable, Recent[str, Any]] = Recent(SCHEMAS)

    def forget_files(self) -> None:
        """Files came or went: look for them again at the next run."""
        self._discovered = None

    def load(self, settings: Settings, overlay: Mapping[str, bytes], stop: Callable[[], bool]) -> Project:
        """Read the project, as ``Project.load`` does. ``stop`` is asked while values are looked for; then it raises
        ``Stopped``."""
        project = self._read(settings, overlay, self.trees.parse, stop)
        project.queries_found = WarmQueries(project, self)
        return project

    def load_slice(
        self, settings: Settings, texts: Mapping[str, bytes], whole: Project, stop: Callable[[], bool]
    ) -> Project:
        """Read a slice of ``whole``: the same databases, with what all of its code says of them."""
        project = self._read(settings, texts, self.sliced.parse, stop, whole._kinds)
        project.queries_found = SliceQueries(project, self, whole)
        return project

    def _read(
        self, settings: Settings, overlay: Mapping[str, bytes], parse: Callable[[str, Source], tree.Parsed],
        stop: Callable[[], bool], kinds: Mapping[tuple[str, str], str | None] | None = None,
    ) -> Project:
        if self._discovered is None or self._excluded != settings.excluded:
            self._discovered, self._excluded = discover(self.root, settings.excluded), settings.excluded
        project = Project(self.root, settings, _copied(self._discovered), overlay)
        project._kinds.update(kinds or {})
        Reader(project, dict(overlay), parse).read()
        for source in project.databases_found.d1:
            source.replayed = self.replay
        evaluate = project.evaluator.evaluate

        def stoppable(node: Any, file: Any, frame: Any = None) -> Any:
            if stop():
                raise Stopped
            return evaluate(node, file, frame)

        project.evaluator.evaluate = stoppable  # type: ignore[method-assign]
        return project

    def replay(self, chain: Sequence[tuple[str, str]], table: str) -> Replay:
        """A chain of migrations, run once. The database that it makes is shared."""
        from edgelint.d1.replay import Replay

        key = (table, tuple(chain))
        found = self._replays.get(key)
        if found is None:
            found = self._replays[key] = Replay(chain, table)
        return found

    def shape(self, source: DatabaseSource, made: Sequence[str], shape: Callable[[], Shape]) -> Shape:
        """A database with what the code adds, and what was asked of the same one before."""
        key = (source.replay, tuple(made))
        known = self._shapes.get(key)
        new = shape() if known is None else None
        found = WarmShape(source, known or new)  # type: ignore[arg-type]
        if new is not None:
            self._shapes[key] = found
        return found

    def proposals(self, source: DatabaseSource, grown: set[str] | None) -> Recent[str, Any]:
        """The indexes that were proposed for statements on the same database, when the code fills the same tables."""
        key = (source.replay, None if grown is None else frozenset(grown))
        found = self._proposals.get(key)
        if found is None:
            found = self._proposals[key] = Recent(STATEMENTS)
        return found


def settled(project: Project) -> Project:
    """The project after its run: what is asked of it from now on is not stopped."""
    project.evaluator.__dict__.pop("evaluate", None)
    return project


class WarmShape(Shape):
    """A shape that shares its database, and what was asked of it, with those before it."""

    def __init__(self, source: DatabaseSource, known: Shape) -> None:
        super().__init__(source, known.database, known.whole, known.dynamic)
        if isinstance(known, WarmShape):
            self._asked, self._plans = known._asked, known._plans
            self._schema, self._exact, self._scratch = known._schema, known._exact, known._scratch
        else:
            self._asked, self._plans = Recent(STATEMENTS), Recent(STATEMENTS)


class WarmQueries(Queries):
    """Statements on databases that are remembered."""

    def __init__(self, project: Project, warm: Warm) -> None:
        super().__init__(project)
        self._warm = warm

    def all(self) -> list[Query]:
        first = self._all is None
        found = super().all()
        if first:
            for shape in self._shapes.values():
                if shape is not None:
                    shape.proposals = self._warm.proposals(shape.source, self.grown(shape))
        return found

    def _shaped(self, source: DatabaseSource) -> Shape | None:
        source.replayed = self._warm.replay
        return super()._shaped(source)

    def _with(self, source: DatabaseSource, made: Iterable[str], clear: bool, dynamic: bool) -> Shape:
        texts = list(made)
        shape = self._warm.shape(source, texts, lambda: super(WarmQueries, self)._with(source, texts, clear, dynamic))
        shape.whole, shape.dynamic = source.is_whole and clear, dynamic
        return shape


class SliceQueries(WarmQueries):
    """The statements of a slice, on the databases of the whole project: the tables that any of its code makes or
    fills."""

    def __init__(self, project: Project, warm: Warm, whole: Project) -> None:
        super().__init__(project, warm)
        self._whole = whole

    @property
    def elsewhere(self) -> Elsewhere:
        return self._whole.queries_found.elsewhere

    def grown(self, shape: Shape) -> set[str] | None:
        known = self._same(shape.source)
        found = self._whole.queries_found.shape(known) if known is not None else None
        return self._whole.queries_found.grown(found) if found is not None else super().grown(shape)

    def _shaped(self, source: DatabaseSource) -> Shape | None:
        known = self._same(source)
        if known is None:
            return super()._shaped(source)
        found = self._whole.queries_found.shape(known)
        source.replayed = self._warm.replay
        return WarmShape(source, found) if found is not None else None

    def _same(self, source: DatabaseSource) -> DatabaseSource | None:
        """The database of the whole project that a database of the slice is."""
        return next(
            (
                one for one in self._whole.databases
                if (one.kind, one.name, one.directory, one.pattern, one.table, len(one.bindings))
                == (source.kind, source.name, source.directory, source.pattern, source.table, len(source.bindings))
            ),
            None,
        )


def _copied(found: Discovered) -> Discovered:
    """A copy that a run may add to."""
    copy = Discovered(found.root)
    for name in Discovered.__slots__:
        value = getattr(found, name)
        setattr(copy, name, type(value)(value) if isinstance(value, list | dict) else value)
    return copy
