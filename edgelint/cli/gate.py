"""Which findings of a run count: those that are new since a commit, and that the baseline does not hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgelint import engine, registry
from edgelint.diagnostics import Severity

if TYPE_CHECKING:
    from edgelint.cli.check import Request
    from edgelint.outcome import Result
    from edgelint.settings import Settings

SHOWN = 20
"""Stale entries that are named one by one."""


class GateError(Exception):
    """The commit or the baseline cannot be read; the message says why."""


def since(root: Path, revision: str, settings: Settings, result: Result) -> Result:
    """``result`` with what is new since ``revision``. Raises ``GateError``."""
    from edgelint import since as changes
    from edgelint.project import git_base

    try:
        commit = git_base.resolve(root, revision)
        return result._replace(diagnostics=changes.new(root, commit, settings, result.diagnostics))
    except git_base.BaseError as error:
        raise GateError(f"--since: {error}") from None


def baseline(
    request: Request, root: Path, paths: tuple[Path, ...], settings: Settings, result: Result
) -> tuple[Result, list[str]]:
    """``result`` without what the baseline holds, and lines on what it holds too much of. Raises ``GateError``."""
    from edgelint import baseline as baselines

    file = request.baseline or root / baselines.NAME
    if request.baseline is None and not file.is_file():
        return result, []
    try:
        known = baselines.load(file)
    except baselines.BaselineError as error:
        raise GateError(str(error)) from None
    looked_at = engine.paths_reported(root, paths)
    ran = {*settings.selected(), *registry.BUILT_IN}
    # A finding that was not asked for is not gone.
    whole = settings.min_severity is Severity.INFO and settings.env is None and request.since is None
    applied = baselines.apply(
        root, known, result.diagnostics, lambda path, rule: whole and rule in ran and looked_at(path)
    )
    counted = result.stats._replace(suppressed=result.stats.suppressed + applied.hidden)
    kept = result._replace(diagnostics=applied.diagnostics, stats=counted)
    if request.allow_stale_baseline or not applied.stale:
        return kept, []
    lines = [f"{file.name}: {item}" for item in applied.stale[:SHOWN]]
    if len(applied.stale) > SHOWN:
        lines.append(f"{file.name}: {len(applied.stale) - SHOWN} more entries are stale")
    lines.append(f"{file.name}: 'edgelint baseline prune' takes out what is no longer there")
    return kept, lines
