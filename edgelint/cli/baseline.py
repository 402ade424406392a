"""``edgelint baseline``: the findings that a project has already, counted in a file."""

from __future__ import annotations

from pathlib import Path

from edgelint import baseline as baselines
from edgelint import engine
from edgelint.cli import CLEAN, terminal
from edgelint.cli.reading import settings_for
from edgelint.report.model import counted


def run(action: str, path: Path, file: Path | None, strict: bool, config: Path | None) -> int:
    """Write the baseline of the project around ``path``; returns the exit status."""
    root, settings = settings_for(path, config)
    root = root.resolve()
    target = file or root / baselines.NAME
    if action == "create" and target.exists():
        return terminal.fail(f"{target} is there already: 'edgelint baseline update' counts anew")
    settings = settings.override(strict=True if strict else None)
    try:
        known = baselines.load(target) if action == "prune" else {}
        with terminal.progress(f"Checking {root}"):
            result = engine.check(root, (), settings)
        if result.failures:
            return terminal.fail("a rule failed: the findings are not all known, and nothing is written")
        if action == "prune":
            applied = baselines.apply(root, known, result.diagnostics, lambda path, rule: True)
            marks = baselines.prune(known, applied.stale, root, result.diagnostics)
        else:
            marks = baselines.make(root, result.diagnostics)
        baselines.save(target, marks)
    except (baselines.BaselineError, engine.UsageError) as error:
        return terminal.fail(str(error))
    number = sum(len(lines) for rules in marks.values() for lines in rules.values())
    terminal.say(f"{target.name}: {counted(number, 'finding')} in {counted(len(marks), 'file')}.")
    return CLEAN
