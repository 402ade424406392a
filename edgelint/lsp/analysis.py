"""One project as an editor has it open: unsaved buffers over the files, and what is kept between runs.

``run`` says what ``edgelint check`` would say of the same texts. ``quick`` answers an edit of one source file from the
part of the project that the edit concerns, and keeps what was said of everything else; the next ``run`` puts right what
it could not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from edgelint import engine, rulebook
from edgelint import settings as settings_module
from edgelint.diagnostics import Confidence, Diagnostic, Severity, Span
from edgelint.lsp import slices
from edgelint.lsp.moved import Moved, difference, in_current_texts
from edgelint.lsp.outline import Outline, outline
from edgelint.lsp.warm import Trees, Warm, settled
from edgelint.project import wrangler
from edgelint.project.discovery import SOURCES
from edgelint.project.modules import UNSUPPORTED
from edgelint.project.project import Project
from edgelint.settings import Settings
from edgelint.source import Source, UnreadableSource

FAR: Final = frozenset({"cache/authenticated-response-cached"})
"""Rules that a slice does not answer for: they hang on what handlers do that no name leads to."""
_BROKEN: Final = ("syntax-error", "unreadable-file")
_CODE: Final = frozenset(("javascript", "typescript", "python"))


class Snapshot(NamedTuple):
    """What is known of the texts ``texts`` (unsaved buffers as they were) and of the files on disk.

    ``diagnostics`` are by path. ``project`` holds the last good facts; ``stand_ins`` are the files whose facts are of
    an earlier text, which is given: what was typed since does not parse, or is not analysed yet. ``whole`` is False for
    a first answer, from a part of the project. ``problem`` says why there is nothing (the settings are wrong).
    """

    diagnostics: Mapping[str, tuple[Diagnostic, ...]]
    texts: Mapping[str, bytes]
    project: Project | None
    stand_ins: Mapping[str, bytes]
    whole: bool = True
    problem: str | None = None

    def moved(self, path: str) -> Moved | None:
        """How the places of ``path`` in ``project`` are to be read; None when they are those of the text of now."""
        good = self.stand_ins.get(path)
        return None if good is None else Moved(path, good, self.texts[path])


EMPTY: Final = Snapshot({}, {}, None, {})


class _Facts(NamedTuple):
    """One whole run. ``texts`` are the buffers as they were analysed, ``disk`` the number of the state of the disk;
    ``failed``: a rule did, so that what was found is not what there is."""

    texts: Mapping[str, bytes]
    found: Mapping[str, tuple[Diagnostic, ...]]
    project: Project | None
    outlines: Mapping[str, Outline]
    entries: tuple[str, ...]
    disk: int
    failed: bool


class Analysis:
    """The analyses of one project root. One run at a time; ``overlay`` may be changed at any time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.overlay: dict[str, bytes] = {}
        self.last = EMPTY
        self.warm = Warm(root)
        self._settings: Settings | None = None
        self._good: dict[str, bytes] = {}
        self._facts: _Facts | None = None
        self._disk = 0
        self._at: tuple[str, int] | None = None  # where the last edit was
        self._before: tuple[_Facts, dict[str, bytes], list[Diagnostic]] | None = None

    @property
    def settings(self) -> Settings:
        """The project's settings, read once. Raises ``SettingsError``."""
        if self._settings is None:
            self._settings = settings_module.load(self.root, None)
        return self._settings

    def forget_settings(self) -> None:
        """Read them again at the next run: their file has changed."""
        self._settings = None
        self._disk += 1

    def forget_files(self) -> None:
        """Something has changed on disk: the next run looks at all of it."""
        self.warm.forget_files()
        self._disk += 1

    # -- the whole project -------------------------------------------------------------------------------------------

    def run(self, stop: Callable[[], bool]) -> Snapshot:
        """Analyse the project as it is now. ``stop`` is asked all the time. Raises ``engine.Stopped``."""
        disk, texts = self._disk, dict(self.overlay)
        try:
            settings = self.settings
            broken = {path: problems for path, data in texts.items() if (problems := self._problems(path, data))}
            stand_ins = {path: good for path in broken if (good := self._good_text(path)) is not None}
            facts = self._facts
            if facts is None or facts.disk != disk or _changed(facts, texts | stand_ins):
                facts = self._facts = self._analysed(settings, texts | stand_ins, disk, stop)
        except (settings_module.SettingsError, engine.UsageError) as error:
            self._facts = None
            self.last = Snapshot({}, texts, self.last.project, {}, problem=str(error))
            return self.last
        self._good = {
            path: self._good.get(path, data) if path in broken else data
            for path, data in texts.items() if path not in broken or path in self._good
        }  # fmt: skip
        self.last = _shown(facts, texts, stand_ins, broken)
        return self.last

    def _good_text(self, path: str) -> bytes | None:
        """The last text of a file that parsed: as it was open, or as it lies on disk."""
        if path in self._good:
            return self._good[path]
        facts = self._facts
        if facts is None or path not in facts.outlines or _is_broken(facts, path):
            return None
        return facts.outlines[path].data

    def _analysed(
        self, settings: Settings, texts: dict[str, bytes], disk: int, stop: Callable[[], bool]
    ) -> _Facts:
        outcome, project = engine.analyse_project(
            self.root, settings, texts, lambda: self.warm.load(settings, texts, stop), stop
        )
        found: dict[str, list[Diagnostic]] = {}
        for item in outcome.diagnostics:
            found.setdefault(item.span.path, []).append(item)
        outlines: dict[str, Outline] = {}
        entries: dict[str, None] = {}
        if project is not None:
            settled(project)
            entries = {file.path: None for worker in project.all_workers for file in worker.entries.values()}
            self.warm.trees.keep(project.files)
            known = self._facts.outlines if self._facts is not None else {}
            for path, file in project.files.items():
                old = known.get(path)
                outlines[path] = old if old is not None and old.data == file.source.data else outline(project, path)
        by_path = {path: tuple(items) for path, items in found.items()}
        return _Facts(texts, by_path, project, outlines, tuple(entries), disk, bool(outcome.failures))

    # -- one edit ----------------------------------------------------------------------------------------------------

    def quick(self, stop: Callable[[], bool]) -> Snapshot | None:
        """A first answer to the edit of one source file; None when only a whole run can give one.

        Raises ``engine.Stopped``.
        """
        texts, facts = dict(self.overlay), self._facts
        if facts is None or facts.project is None or facts.disk != self._disk or self._settings is None:
            return None
        changed = _changed(facts, texts)
        if len(changed) != 1 or changed[0] not in texts or changed[0] not in facts.outlines:
            return None
        [path] = changed
        if _hosts_others(path) or _is_broken(facts, path) or facts.failed:
            return None
        old, moved = facts.outlines[path].data, Moved(path, facts.outlines[path].data, texts[path])
        errors = self._errors_of_edit(path, texts[path])
        if errors:
            broken = {path: _syntax_errors(path, errors)}
            self.last = _shown(facts, texts, {path: old}, broken)._replace(whole=False)
            return self.last
        part = slices.cut(facts.outlines, facts.entries, path, texts[path])
        if part is None or _errors(path, part.texts[path], self.warm.sliced):
            return None
        self._at = path, part.places[0][0]
        near = _near(self._settings.selected())
        found = self._sliced(facts, part.texts, path, near, stop)
        if found is None:
            return None
        fresh = [item for item in found if slices.inside(item.span, part.places)]
        said = [
            item for item in facts.found.get(path, ())
            if item.rule in near and slices.inside(item.span, part.old_places)
        ]  # fmt: skip
        kept = {**facts.found, path: tuple(item for item in facts.found.get(path, ()) if item not in said)}
        if _marks(fresh) != _marks(in_current_texts({path: tuple(said)}, {path: moved})[path]):
            fresh = self._corrected(facts, part, said, fresh, moved, near, stop)
        shown = in_current_texts(kept, {path: moved})
        shown[path] = tuple(sorted({*shown[path], *fresh}, key=lambda item: item.sort_key))
        self.last = Snapshot(shown, texts, facts.project, {path: old}, whole=False)
        return self.last

    def prepare(self, stop: Callable[[], bool]) -> None:
        """After a whole run: see what a slice says of the part where the last edit was, for the next one there.

        Raises ``engine.Stopped``.
        """
        facts = self._facts
        if self._at is None or facts is None or self._at[0] not in facts.outlines or _is_broken(facts, self._at[0]):
            return
        path, at = self._at
        part = slices.cut(facts.outlines, facts.entries, path, facts.outlines[path].data, at)
        if part is not None:
            near = _near(self.settings.selected())
            self._before = facts, part.before, self._sliced(facts, part.before, path, near, stop) or []

    def _sliced(
        self, facts: _Facts, texts: dict[str, bytes], path: str, near: frozenset[str], stop: Callable[[], bool]
    ) -> list[Diagnostic] | None:
        """What a slice says of one of its files; None when a rule failed on it."""
        project, settings = facts.project, self.settings
        assert project is not None
        outcome, _ = engine.analyse_project(
            self.root, settings, texts, lambda: self.warm.load_slice(settings, texts, project, stop), stop, near
        )
        if outcome.failures:
            return None
        return [item for item in outcome.diagnostics if item.span.path == path and item.rule in near]

    def _corrected(
        self, facts: _Facts, part: slices.Slice, said: list[Diagnostic], fresh: list[Diagnostic], moved: Moved,
        near: frozenset[str], stop: Callable[[], bool],
    ) -> list[Diagnostic]:
        """What a slice says, without its errors: what the whole project said of the text before, and the same slice of
        that text did not, stays; what the slice said and the whole did not, does not count."""
        if self._before is None or self._before[0] is not facts or self._before[1] != part.before:
            self._before = facts, part.before, self._sliced(facts, part.before, part.path, near, stop) or []
        seen = [item for item in self._before[2] if slices.inside(item.span, part.old_places)]
        blind = [item for item in said if _mark(item) not in _marks(seen)]
        false = [item for item in seen if _mark(item) not in _marks(said)]
        here = _marks(new for item in false if (new := moved.diagnostic(item)) is not None)
        on_changed_lines = {(item.rule, item.message) for item in false if moved.diagnostic(item) is None}
        return [
            *(item for item in fresh
              if _mark(item) not in here and (item.rule, item.message) not in on_changed_lines),
            *(new for item in blind if (new := moved.diagnostic(item)) is not None),
        ]  # fmt: skip

    def outline(self, path: str) -> Outline | None:
        """The parts of a source file as the last whole run saw it."""
        return self._facts.outlines.get(path) if self._facts is not None else None

    # -- texts -------------------------------------------------------------------------------------------------------

    def text(self, path: str) -> bytes:
        """A file as the editor has it, else as it is on disk; empty when it cannot be read."""
        if path in self.overlay:
            return self.overlay[path]
        try:
            return (self.root / path).read_bytes()
        except OSError:
            return b""

    def _problems(self, path: str, data: bytes) -> list[Diagnostic]:
        """What does not parse in an unsaved text; empty for one that does, or that no parser is asked about.

        Where only the edited part is wrong nothing is said of the others: a parser that lost its way there says much
        of what comes after it.
        """
        errors = _errors(path, data, self.warm.trees)
        return _syntax_errors(path, self._errors_of_edit(path, data) or errors) if errors else []

    def _errors_of_edit(self, path: str, data: bytes) -> Sequence[tuple[int, int, str]]:
        """What does not parse in the parts of a file that are not as they were when it was good."""
        facts = self._facts
        if facts is None or path not in facts.outlines or _is_broken(facts, path) or _hosts_others(path):
            return []
        outline = facts.outlines[path]
        start, _, _ = difference(outline.data, data)
        return _errors(path, outline.around(data, start), self.warm.edited)


def _near(chosen: Iterable[str]) -> frozenset[str]:
    """The rules that a slice answers for: those that look at code."""
    return frozenset(rule for rule in chosen if rule not in FAR and set(rulebook.rule(rule).languages) & _CODE)


def _mark(item: Diagnostic) -> tuple[str, Span, str]:
    """What makes a diagnostic the same as another."""
    return item.rule, item.span, item.message


def _marks(items: Iterable[Diagnostic]) -> set[tuple[str, Span, str]]:
    return set(map(_mark, items))


def _changed(facts: _Facts, texts: Mapping[str, bytes]) -> list[str]:
    """The files whose text is not that of the facts. To open a file that is as it was read changes nothing."""
    return [
        path for path in texts.keys() | facts.texts.keys()
        if texts.get(path) != (facts.texts[path] if path in facts.texts else _read(facts, path))
    ]  # fmt: skip


def _read(facts: _Facts, path: str) -> bytes | None:
    """A source file as the facts have it, when they would be the same with it open."""
    listed = facts.project is not None and path in facts.project.discovered.sources
    return facts.outlines[path].data if listed and path in facts.outlines else None


def _is_broken(facts: _Facts, path: str) -> bool:
    """Whether the facts themselves are of a text that does not parse."""
    return any(item.rule in _BROKEN for item in facts.found.get(path, ()))


def _hosts_others(path: str) -> bool:
    """Whether a file holds scripts among other text: its parts are not statements alone."""
    return path.endswith((".vue", ".svelte", ".astro"))


def _shown(
    facts: _Facts, texts: Mapping[str, bytes], stand_ins: Mapping[str, bytes],
    broken: Mapping[str, list[Diagnostic]],
) -> Snapshot:
    """What a whole run found, in the texts as they are now."""
    moved = {path: Moved(path, good, texts[path]) for path, good in stand_ins.items()}
    shown = in_current_texts(facts.found, moved)
    for path in stand_ins:
        shown[path] = (*broken[path], *shown.get(path, ()))
    return Snapshot(shown, texts, facts.project, stand_ins)


def _syntax_errors(path: str, errors: Iterable[tuple[int, int, str]]) -> list[Diagnostic]:
    return [
        Diagnostic("syntax-error", Severity.ERROR, Confidence.HIGH, message, Span(path, start, max(start, end)))
        for start, end, message in errors
    ]


def _errors(path: str, data: bytes, trees: Trees) -> Sequence[tuple[int, int, str]]:
    """(start, end, message) of what does not parse in a text, or cannot be read."""
    try:
        source = Source(path, data)
    except UnreadableSource as error:
        return [(error.offset, error.offset, error.reason)]
    if path.rpartition("/")[2] in wrangler.NAMES:
        return wrangler.load(path, source).document.errors
    errors = trees.parse(path, source).errors if path.endswith(tuple(SOURCES)) else []
    return [error for error in errors if not error[2].startswith(UNSUPPORTED)]
