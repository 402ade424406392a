"""A project in, diagnostics out: runs the checks, keeps one failing from harming another, applies suppressions."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edgelint import registry, rulebook
from edgelint.diagnostics import Confidence, Diagnostic, Finding, Severity, Span
from edgelint.outcome import Failure, Note, Outcome, Result, Stats
from edgelint.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgelint.checks import Check
    from edgelint.project.project import Project
    from edgelint.trees import Trees

__all__ = ["Options", "Result", "UsageError", "analyse", "check", "reports"]


class UsageError(Exception):
    """The run was asked for something that is not there. The message is for the person who asked."""


class Options(NamedTuple):
    """How to run. ``overlay`` gives the contents of files by path relative to the root, in place of those on disk."""

    cache: bool = True
    overlay: Mapping[str, bytes] = {}


def check(root: Path, paths: Sequence[Path], settings: Settings, options: Options | None = None) -> Result:
    """Check the project at ``root`` and report on ``paths`` (files or folders; none: all of it).

    Facts are always the whole project's. Raises ``UsageError`` for a path that does not exist or lies outside ``root``,
    and for an ``env`` that no config declares.
    """
    options = options or Options()
    root = root.resolve()
    wanted = _relative(root, paths, options.overlay)
    store = None
    if options.cache and not options.overlay:
        from edgelint.cache import Cache

        store = Cache(root, settings)
    started = time.time_ns()
    outcome = store.load() if store else None
    cached = outcome is not None
    if outcome is None:
        trees = None
        if options.cache:
            from edgelint.trees import Trees

            trees = Trees(root)
        outcome, project = _analyse(root, settings, options.overlay, trees)
        if store and project is not None and not outcome.failures:
            store.save(outcome, _inputs(project), project.folders, started)
        if trees and store:
            trees.save()
    return _narrow(root, outcome, wanted, settings, cached)


class Stopped(BaseException):
    """The run was told to stop: somebody wants another one. It is no ``Exception``: what keeps one rule's failure from
    the others lets it pass."""


def analyse_project(
    root: Path, settings: Settings, overlay: Mapping[str, bytes], load: Callable[[], Project],
    stop: Callable[[], bool], rules: Container[str] | None = None,
) -> tuple[Outcome, Project | None]:
    """The whole project's outcome and its facts (None when they could not be read), without the cache.

    ``load`` reads the project, with ``overlay`` in place of what is on disk; it may remember what it read before.
    ``stop`` is asked between rules. ``rules`` narrows those that the settings select; a comment for another rule is
    then not called unused. Raises ``Stopped``, and ``UsageError`` as ``analyse`` does.
    """
    with _own_interpreter():
        return _run_all(root, settings, overlay, load, stop, rules)


def analyse(root: Path, settings: Settings, overlay: Mapping[str, bytes] | None = None) -> Outcome:
    """The whole project's outcome, without the cache. Raises ``UsageError`` for an ``env`` that no config declares."""
    return _analyse(root, settings, overlay or {})[0]


def _analyse(
    root: Path, settings: Settings, overlay: Mapping[str, bytes], trees: Trees | None = None
) -> tuple[Outcome, Project | None]:
    def load() -> Project:
        from edgelint.project.project import Project
        from edgelint.syntax.parse import parse_file

        return Project.load(root, settings, overlay=overlay, parse=trees.parse if trees else parse_file)

    with _own_interpreter():
        return _run_all(root, settings, overlay, load, lambda: False)


def _run_all(
    root: Path, settings: Settings, overlay: Mapping[str, bytes], load: Callable[[], Project],
    stop: Callable[[], bool], rules: Container[str] | None = None,
) -> tuple[Outcome, Project | None]:
    from edgelint.examples import RulebookError

    try:
        chosen = settings.selected()
    except RulebookError as error:
        raise UsageError(f"a rule document of this installation is broken: {error}") from None
    if rules is not None:
        chosen = tuple(rule for rule in chosen if rule in rules)
    try:
        project = load()
        sources = {file.path: file.source.data for file in project.sources()}
        configs = {config.path: config.source.data for config in project.configs()}
        sql = {path: file.source.data for path, file in project.databases_found.files.items()}
    except Exception as error:
        failure = _failure("project", ".", error)
        return Outcome(diagnostics=(_internal_error(failure),), failures=(failure,)), None
    _require_environment(project, settings)
    read = {**sources, **configs, **sql}
    sizes = _Sizes(root, {path: len(data) for path, data in read.items()}, overlay)
    run = _Run(project, sizes)
    for rule in chosen:
        if stop():
            raise Stopped
        run.check(rule)

    from edgelint import suppressions

    # What an entry imports is read even if .gitignore or the settings leave it out; but it is not reported on.
    unlisted = sources.keys() - {*project.discovered.sources, *overlay}
    found = [item for item in (*project.problems, *run.diagnostics) if not run.unparsed(item)]
    failed = {(failure.rule, failure.path) for failure in run.failures}
    ran = chosen if settings.env is None else ()  # a finding of another environment may be what a comment is for
    applied = suppressions.apply(project, found, ran, failed)
    ignored = registry.ignored_built_ins(settings.ignore)
    kept = [item for item in applied.diagnostics if item.rule not in ignored]
    kept = _per_file(kept, settings.per_file_ignores)
    kept = [item for item in kept if item.span.path not in unlisted]
    aside = {note.path for note in project.notes} - read.keys()
    files = {*configs, *sql, *project.discovered.sources, *overlay} - aside
    unique = {(item.rule, item.span, item.message): item for item in kept}
    outcome = Outcome(
        diagnostics=tuple(sorted(unique.values(), key=lambda item: item.sort_key)),
        notes=_notes(project),
        files=tuple(sorted(files)),
        also_read=tuple(sorted({*project.inputs} - files)),
        rules=len(chosen),
        suppressed=applied.suppressed,
        failures=tuple(run.failures),
    )
    return outcome, project


class _Run:
    """One pass of the checks over one project."""

    def __init__(self, project: Project, sizes: _Sizes) -> None:
        self.project = project
        self.sizes = sizes
        self.diagnostics: list[Diagnostic] = []
        self.failures: list[Failure] = []
        self._broken: dict[str, list[tuple[int, int]]] = {}
        for file in project.sources():
            self._broken[file.path] = [(start, end) for start, end, _ in file.parsed.errors]
        for config in project.configs():
            self._broken[config.path] = [(start, end) for start, end, _ in config.document.errors]
        self._broken |= {path: [] for path in project.databases_found.files}

    def check(self, rule: str) -> None:
        """Run one rule on the whole project; if it raises, on each file alone, so that only the culprits are lost."""
        try:
            function = registry.check_of(rule)
            self.diagnostics += self._diagnostics(rule, function, self.project)
        except Exception as whole:
            self._one_by_one(rule, whole)

    def _one_by_one(self, rule: str, whole: Exception) -> None:
        kept: list[Diagnostic] = []
        failures: list[Failure] = []
        try:
            function = registry.check_of(rule)
        except Exception as error:
            self._fail([_failure(rule, ".", error)])
            return
        for path in self._broken:
            try:
                kept += self._diagnostics(rule, function, self.project.focus(path))
            except Exception as error:
                failures.append(_failure(rule, path, error))
        self.diagnostics += kept
        self._fail(failures or [_failure(rule, ".", whole)])

    def _fail(self, failures: list[Failure]) -> None:
        self.failures += failures
        self.diagnostics += map(_internal_error, failures)

    def _diagnostics(self, rule: str, function: Check, project: Project) -> list[Diagnostic]:
        return [self._diagnostic(rulebook.rule(rule), finding) for finding in function(project)]

    def _diagnostic(self, rule: rulebook.Rule, finding: Finding) -> Diagnostic:
        for span in (finding.span, *(item.span for item in finding.related)):
            self._require_place(span, self.sizes.of(span.path))
        for edit in finding.fix.edits if finding.fix else ():
            size = self.sizes.of(edit.span.path)
            # An edit at the start of a file that is not there makes it.
            self._require_place(edit.span, 0 if size is None and self.sizes.is_free(edit.span.path) else size)
        return Diagnostic(
            rule.id, finding.severity or rule.severity, finding.confidence or rule.confidence, finding.message,
            finding.span, finding.related, finding.help, finding.fix,
        )

    @staticmethod
    def _require_place(span: Span, size: int | None) -> None:
        if size is None:
            raise ValueError(f"a span in {span.path!r}, which is no file of the project")
        if not 0 <= span.start <= span.end <= size:
            raise ValueError(f"span {span.start}:{span.end} is outside {span.path} of {size} bytes")

    def unparsed(self, diagnostic: Diagnostic) -> bool:
        """Whether a rule speaks of text that no parser understood: what it saw there is not what is there."""
        if diagnostic.rule in registry.BUILT_IN:
            return False
        span = diagnostic.span
        return any(
            start <= span.start and span.end <= end and start < end for start, end in self._broken.get(span.path, ())
        )


class _Sizes:
    """The size in bytes of the project's files, as read, else as on disk."""

    def __init__(self, root: Path, known: dict[str, int], overlay: Mapping[str, bytes]) -> None:
        self._root = root
        self._known = known | {path: len(data) for path, data in overlay.items()}

    def of(self, path: str) -> int | None:
        """The size, or None when ``path`` is no file within the project."""
        if path not in self._known:
            if not _is_inside(path):
                return None
            try:
                self._known[path] = (self._root / path).stat().st_size
            except (OSError, ValueError):
                return None
        return self._known[path]

    def is_free(self, path: str) -> bool:
        """Whether a new file of the project can have this path."""
        return _is_inside(path) and self.of(path) is None and not os.path.lexists(self._root / path)


def _is_inside(path: str) -> bool:
    return bool(path) and "\0" not in path and not path.startswith("/") and ".." not in path.split("/")


def _failure(rule: str, path: str, error: Exception) -> Failure:
    import traceback  # only when something failed

    text = str(error).split("\n", 1)[0]
    message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    # A traceback of a recursion error has thousands of frames; its ends are what helps.
    lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-12)
    return Failure(rule, path, message, "".join(lines))


def _internal_error(failure: Failure) -> Diagnostic:
    where = "on this project" if failure.path == "." else f"on {failure.path}"
    message = f"{failure.rule} failed {where}: {failure.message}"
    help = "This is a defect of edgelint, not of the app: please report it, with what --verbose prints."
    return Diagnostic(
        "internal-error", Severity.ERROR, Confidence.HIGH, message, Span(failure.path, 0, 0), help=help
    )


def _require_environment(project: Project, settings: Settings) -> None:
    if settings.env is None:
        return
    names = {environment.name for config in project.configs() for environment in config.environments} - {None}
    if settings.env not in names:
        known = sorted(name for name in names if name)
        meant = registry.closest(settings.env, known)
        hint = f"; did you mean '{meant}'?" if meant else f"; there are {', '.join(known)}" if known else ""
        raise UsageError(f"no wrangler config declares the environment '{settings.env}'{hint}")


def _inputs(project: Project) -> list[str]:
    """Every file that the outcome came from, and every place where one would have counted."""
    ignores = (f"{folder}/.gitignore" if folder else ".gitignore" for folder in project.folders)
    return [*project.inputs, *ignores]


def _notes(project: Project) -> tuple[Note, ...]:
    found: dict[str, list[tuple[str, str]]] = {}
    for reason, path in (*project.notes, *project.queries_found.not_analysed()):
        found.setdefault(reason, []).append((path, ""))
    for reason, path, detail in project.databases_found.not_tried():
        found.setdefault(reason, []).append((path, detail))
    notes = []
    for reason, struck in sorted(found.items()):
        struck.sort()
        details = tuple(detail for _, detail in struck)
        notes.append(Note(reason, tuple(path for path, _ in struck), details if any(details) else ()))
    return tuple(notes)


def _per_file(found: list[Diagnostic], ignores: Mapping[str, tuple[str, ...]]) -> list[Diagnostic]:
    if not ignores or not found:
        return found
    from pathspec import GitIgnoreSpec

    silenced: dict[str, set[str]] = {}
    for pattern, selectors in ignores.items():
        rules = {id for selector in selectors for id in registry.expand_ignore(selector)} - registry.NEVER_IGNORED
        inverted = pattern.startswith("!")
        spec = GitIgnoreSpec.from_lines([pattern.removeprefix("!")])
        for path in {item.span.path for item in found}:
            if spec.match_file(path) != inverted:
                silenced.setdefault(path, set()).update(rules)
    return [item for item in found if item.rule not in silenced.get(item.span.path, ())]


def _relative(root: Path, paths: Iterable[Path], overlay: Mapping[str, bytes]) -> dict[str, str]:
    """The paths to report on, relative to ``root``, with how each was written; empty for all."""
    wanted = {}
    for path in paths:
        resolved = Path(os.path.abspath(path))
        if not resolved.is_relative_to(root):
            resolved = path.resolve()
        if not resolved.is_relative_to(root):
            raise UsageError(f"{path} is not in the project at {root}")
        relative = resolved.relative_to(root).as_posix()
        if relative not in overlay and not resolved.exists():
            raise UsageError(f"{path}: no such file or folder")
        wanted[relative] = str(path)
    return {} if "." in wanted else wanted


def reports(root: Path, paths: Sequence[Path], settings: Settings) -> Callable[[Diagnostic], bool]:
    """Whether a diagnostic is one that ``check`` would report for the same arguments.

    Raises ``UsageError`` as ``check`` does.
    """
    at = _reported(_relative(root.resolve(), paths, {}))
    return lambda item: item.severity.rank <= settings.min_severity.rank and at(item.span.path)


def paths_reported(root: Path, paths: Sequence[Path]) -> Callable[[str], bool]:
    """Whether a path of the project is one that ``check`` would report on. Raises ``UsageError`` as ``check`` does."""
    return _reported(_relative(root.resolve(), paths, {}))


def _reported(wanted: Mapping[str, str]) -> Callable[[str], bool]:
    """Whether a path is one of those asked for, or below one."""
    return lambda path: not wanted or path in wanted or any(path.startswith(f"{folder}/") for folder in wanted)


def _narrow(root: Path, outcome: Outcome, wanted: dict[str, str], settings: Settings, cached: bool) -> Result:
    reported = _reported(wanted)
    files = [path for path in outcome.files if reported(path)]
    diagnostics = tuple(
        item
        for item in outcome.diagnostics
        if item.severity.rank <= settings.min_severity.rank
        and (item.rule == "internal-error" or reported(item.span.path))
    )
    problems = []
    if not outcome.failures:
        if not files and not wanted:
            problems.append(f"{root}: there is nothing to check here")
        for relative, written in wanted.items():
            known = (*outcome.files, *outcome.also_read)
            if not any(path == relative or path.startswith(f"{relative}/") for path in known):
                problems.append(f"{written}: there is nothing to check here, or the settings exclude it")
    suppressed = sum(number for path, number in outcome.suppressed.items() if reported(path))
    return Result(
        root=root,
        diagnostics=diagnostics,
        notes=outcome.notes,
        stats=Stats(len(files), outcome.rules, suppressed, cached),
        failures=outcome.failures,
        problems=tuple(problems),
    )


@contextmanager
def _own_interpreter() -> Iterator[None]:
    """What a run changes in the interpreter, put back after it: the recursion limit, and garbage collection.

    Trees are linked both ways and live until the end: looking for garbage in them is time lost.
    """
    import gc

    collecting, depth = gc.isenabled(), sys.getrecursionlimit()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            # All that was made is now old, so that the next small collection does not look at it.
            gc.freeze()
            gc.unfreeze()
            gc.enable()
        sys.setrecursionlimit(depth)
