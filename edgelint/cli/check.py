"""``edgelint check``: a request from the command line to an engine run, and its result to a report."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edgelint import __version__, engine, registry
from edgelint import settings as settings_module
from edgelint.cli import CLEAN, FAILED, FINDINGS, terminal
from edgelint.diagnostics import Severity

if TYPE_CHECKING:
    from edgelint.outcome import Result
    from edgelint.report.model import Report, RuleText
    from edgelint.settings import Settings

STDIN = Path("-")
_MODULES = {"json": "json_", "html": "html_"}  # where the format's name is a module of the standard library
_WITHOUT_SUMMARY = ("concise", "github", "azure", "pylint")
_FORGES = ("sarif", "gitlab", "azure", "rdjson", "markdown", "junit", "html")


class Request(NamedTuple):
    """The options of the command, under their names."""

    paths: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    strict: bool = False
    env: str | None = None
    base: str | None = None
    since: str | None = None
    baseline: Path | None = None
    no_baseline: bool = False
    allow_stale_baseline: bool = False
    config: Path | None = None
    min_severity: str | None = None
    format_: str = "full"
    output_file: Path | None = None
    outputs: tuple[tuple[str, Path], ...] = ()
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    fix_only: bool = False
    statistics: bool = False
    exit_zero: bool = False
    no_cache: bool = False
    stdin_filename: Path | None = None
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    watch: bool = False


class CannotRun(Exception):
    """The request cannot be carried out; the message says why."""


def run(request: Request) -> int:
    """Carry out the request; returns the exit status."""
    if request.watch:
        from edgelint.cli import watch

        return watch.run(request)
    try:
        validate(request)
        paths, from_input = _paths(request)
        root = settings_module.find_root(paths, ignore_settings=request.config is not None)
        settings = _settings(request, root)
        overlay = {_within(root, paths[0]): sys.stdin.buffer.read()} if from_input else {}
        options = engine.Options(cache=not request.no_cache, overlay=overlay)
        if request.fix or request.diff or request.fix_only:
            from edgelint.cli import fix as fixing

            status = fixing.run(request, root, paths, settings)
            if status is not None:
                return status
        with terminal.progress(f"Checking {root}", quiet=request.quiet):
            result = engine.check(root, paths, settings, options)
            result, stale = _gate(request, root, paths, settings, result)
    except settings_module.SettingsError as error:
        return terminal.fail("\n".join(f"{_shown(problem.path)}{str(problem)[len(problem.path):]}"
                                       for problem in error.problems))
    except (CannotRun, engine.UsageError, registry.UnknownSelector) as error:
        return terminal.fail(str(error))
    status = _publish(request, settings, result, paths, overlay)
    for line in stale:
        terminal.warn(line)
    return FINDINGS if status == CLEAN and stale and not request.exit_zero else status


def _gate(
    request: Request, root: Path, paths: tuple[Path, ...], settings: Settings, result: Result
) -> tuple[Result, list[str]]:
    """The findings that count: new ones only with --since, without those of the baseline. And what is stale in that."""
    if request.since is None and request.no_baseline:
        return result, []
    from edgelint.cli import gate

    try:
        if request.since is not None:
            result = gate.since(root.resolve(), request.since, settings, result)
        if request.no_baseline:
            return result, []
        return gate.baseline(request, root.resolve(), paths, settings, result)
    except gate.GateError as error:
        raise CannotRun(str(error)) from None


def validate(request: Request) -> None:
    """Raises ``CannotRun`` for options that contradict each other, or that would be ignored."""
    if request.quiet and request.verbose:
        raise CannotRun("--quiet and --verbose contradict each other")
    if request.statistics and request.format_ not in ("full", "concise", "json"):
        raise CannotRun(f"--statistics has no {request.format_} form; use --format full, concise or json")
    if request.unsafe_fixes and not (request.fix or request.fix_only or request.diff):
        raise CannotRun("--unsafe-fixes is for --fix, --fix-only and --diff")
    reports = (
        ("--output-file", request.output_file is not None), ("--output", bool(request.outputs)),
        ("--statistics", request.statistics),
    )  # fmt: skip
    if request.no_baseline and (request.baseline is not None or request.allow_stale_baseline):
        raise CannotRun("--no-baseline leaves nothing for --baseline and --allow-stale-baseline")
    for option, given in reports:
        if given and (request.diff or request.fix_only):
            raise CannotRun(f"{option} is for a report, and {'--diff' if request.diff else '--fix-only'} makes none")
    if request.diff and (request.fix or request.fix_only):
        raise CannotRun("--diff changes nothing: it cannot be given together with --fix or --fix-only")
    if (request.fix or request.fix_only) and (STDIN in request.paths or request.stdin_filename is not None):
        raise CannotRun("--fix changes files, and standard input is none")
    if request.diff and (STDIN in request.paths or request.stdin_filename is not None):
        raise CannotRun("--diff shows changes of files, and standard input is none")
    for option, selectors, expand in (
        ("--select", request.select, registry.expand),
        ("--extend-select", request.extend_select, registry.expand),
        ("--ignore", request.ignore, registry.expand_ignore),
    ):
        for selector in selectors:
            try:
                expand(selector)
            except registry.UnknownSelector as error:
                raise CannotRun(f"{option}: {error}") from None


def _paths(request: Request) -> tuple[tuple[Path, ...], bool]:
    """What to report on, and whether it is standard input under a name."""
    if STDIN in request.paths or (request.stdin_filename is not None and not request.paths):
        if request.stdin_filename is None:
            raise CannotRun("standard input (-) needs --stdin-filename: where in the project the text belongs")
        if request.paths not in ((STDIN,), ()):
            raise CannotRun("standard input (-) cannot be checked together with other paths")
        return (request.stdin_filename,), True
    if request.stdin_filename is not None:
        raise CannotRun("--stdin-filename is for standard input: give - as the only PATH")
    for path in request.paths:
        if not path.exists():
            raise CannotRun(f"{path}: no such file or folder")
    return request.paths or (Path("."),), False


def _within(root: Path, path: Path) -> str:
    """``path`` relative to ``root``, with ``/``."""
    for absolute in (Path(os.path.abspath(path)), path.resolve()):
        if absolute.is_relative_to(root):
            return absolute.relative_to(root).as_posix()
    raise CannotRun(f"{path} is not in the project at {root}")


def _settings(request: Request, root: Path) -> Settings:
    settings = settings_module.load(root, request.config).override(
        select=request.select,
        extend_select=request.extend_select,
        ignore=request.ignore,
        strict=True if request.strict else None,
        env=request.env,
        min_severity=Severity(request.min_severity) if request.min_severity else None,
    )
    if request.base is None:
        return settings
    from edgelint.project import git_base

    try:
        return settings._replace(base=git_base.resolve(root, request.base))
    except git_base.BaseError as error:
        raise CannotRun(f"--base: {error}") from None


def _publish(
    request: Request, settings: Settings, result: Result, paths: tuple[Path, ...], overlay: dict[str, bytes]
) -> int:
    """Write the reports and the remarks beside them; returns the exit status."""
    report = _report(request.format_, result, overlay)
    if request.verbose:
        _tell(settings, result)
    if not request.quiet:
        for problem in result.problems:
            terminal.warn(problem)
    files = [(format_, file, _report(format_, result, overlay)) for format_, file in request.outputs]
    if request.output_file is not None:
        files.append((request.format_, request.output_file, report))
    for format_, file, about in files:
        plain = request._replace(format_=format_, statistics=request.statistics and file == request.output_file)
        try:
            _write_file(file, _render(plain, about, request.color == "always", None))
        except OSError as error:
            return terminal.fail(f"{file}: {error.strerror}")
    if request.output_file is None:
        colour = terminal.colours(request.color, sys.stdout)
        terminal.write(_render(request, report, colour, sys.stdout))
    if not request.quiet and (request.format_ in _WITHOUT_SUMMARY or request.statistics):
        _remark(request, report)
    if request.verbose:
        for failure in result.failures:
            terminal.say(failure.traceback.rstrip())
    return _status(request, result, paths)


def _report(format_: str, result: Result, overlay: dict[str, bytes]) -> Report:
    from edgelint.report.model import Report

    return Report(
        root=result.root,
        diagnostics=result.diagnostics,
        checked=result.stats.files,
        unanalysed={note.reason: note.paths for note in result.notes},
        details={note.reason: note.details for note in result.notes},
        rules=_rule_texts(result) if format_ == "sarif" else {},
        overlay=overlay,
        base=_base(format_, result.root),
        version=__version__,
        suppressed=result.stats.suppressed,
    )


def _render(request: Request, report: Report, colour: bool, stream: object) -> Iterator[str]:
    if request.statistics:
        from edgelint.report import statistics

        return statistics.render_json(report) if request.format_ == "json" else statistics.render(report, colour=colour)
    if request.format_ == "full":
        from edgelint.report import full

        cells = terminal.width(sys.stdout, full.WIDTH) if stream is not None else full.WIDTH
        return full.render(report, colour=colour, width=cells, verbose=request.verbose, summary=not request.quiet)
    if request.format_ == "concise":
        from edgelint.report import concise

        return concise.render(report, colour=colour)
    if request.format_ == "json-lines":
        from edgelint.report import json_

        return json_.render_lines(report)
    module = import_module(f"edgelint.report.{_MODULES.get(request.format_, request.format_)}")
    rendered: Iterator[str] = module.render(report)
    return rendered


def _remark(request: Request, report: Report) -> None:
    """The summary, for formats whose output is for a program."""
    from edgelint.report.full import summary_lines
    from edgelint.report.style import Style

    for line in summary_lines(report, Style(terminal.colours(request.color, sys.stderr)), request.verbose):
        terminal.say(line)


def _tell(settings: Settings, result: Result) -> None:
    stats = result.stats
    terminal.say(f"edgelint: project {result.root}")
    terminal.say(f"edgelint: settings {settings.file or 'none, all defaults'}")
    cached = ", from the cache" if stats.cached else ""
    terminal.say(f"edgelint: {stats.rules} rules, {stats.files} files, {stats.suppressed} suppressed{cached}")


def _status(request: Request, result: Result, paths: tuple[Path, ...]) -> int:
    """2 when a rule failed or a file named on the command line cannot be read; else 1 for findings."""
    named = {os.path.abspath(path) for path in paths}
    unreadable = any(
        item.rule == "unreadable-file" and os.path.abspath(result.root / item.span.path) in named
        for item in result.diagnostics
    )
    if result.failures or unreadable:
        return FAILED
    return FINDINGS if result.diagnostics and not request.exit_zero else CLEAN


def _write_file(path: Path, pieces: Iterator[str]) -> None:
    """Raises ``OSError``."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(pieces)


def _rule_texts(result: Result) -> dict[str, RuleText]:
    """What SARIF says of the rules that spoke."""
    from edgelint.rule_text import rule_text

    return {id: rule_text(id) for id in sorted({item.rule for item in result.diagnostics})}


def _base(format_: str, root: Path) -> Path:
    """What shown paths are relative to: the repository for forges, the current folder for a person."""
    if format_ in _FORGES:
        return _repository(root) or root
    if format_ == "github":
        workspace = os.environ.get("GITHUB_WORKSPACE")
        if workspace and root.is_relative_to(Path(workspace).resolve()):
            return Path(workspace).resolve()
        return _repository(root) or Path.cwd()
    return Path.cwd()


def _repository(root: Path) -> Path | None:
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)


def _shown(path: str) -> str:
    """A settings file as seen from here, when it is below; else its full path."""
    absolute = os.path.abspath(path)
    here = os.getcwd() + os.sep
    return absolute[len(here):] if absolute.startswith(here) else path
