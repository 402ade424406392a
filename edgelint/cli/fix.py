"""``edgelint check --fix``, ``--fix-only`` and ``--diff``: fixes, written or shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgelint import engine, fixes
from edgelint.cli import CLEAN, FINDINGS, terminal
from edgelint.report.model import counted

if TYPE_CHECKING:
    from edgelint.cli.check import Request
    from edgelint.settings import Settings


def run(request: Request, root: Path, paths: tuple[Path, ...], settings: Settings) -> int | None:
    """Mend, or show what would be mended; returns the exit status, or None when a report of the rest is to follow.

    Raises ``engine.UsageError`` as ``engine.check`` does.
    """
    root = root.resolve()
    wanted = engine.reports(root, paths, settings)
    with terminal.progress(f"Fixing {root}", quiet=request.quiet):
        fixed = fixes.fix(root, settings, wanted, unsafe=request.unsafe_fixes)
    for item in fixed.refused:
        terminal.warn(f"{item.span.path}: the fix of {item.rule} is not applied: it would break the file")
    if not fixed.settled:
        terminal.warn(f"the fixes had not settled after {fixes.MAX_ROUNDS} rounds: some may undo each other")
    if request.diff:
        _show(fixes.diff(fixed))
        if not request.quiet:
            terminal.say(_said("Would fix", fixed))
        return FINDINGS if fixed.files and not request.exit_zero else CLEAN
    try:
        fixes.write(root, fixed)
    except fixes.WriteError as error:
        return terminal.fail(str(error))
    if not request.quiet:
        terminal.say(_said("Fixed", fixed))
    return CLEAN if request.fix_only else None


def _show(diff: str) -> None:
    """Write a diff: to a program as it is, byte for byte; to a person without what a terminal would obey."""
    if not terminal.is_terminal(sys.stdout):
        terminal.write_bytes(diff.encode("utf-8", "surrogateescape"))
        return
    from edgelint.report.escape import visible

    terminal.write(f"{visible(line)}\n" for line in diff.split("\n")[:-1])


def _said(verb: str, fixed: fixes.Fixed) -> str:
    if not fixed.files:
        return f"{verb} nothing."
    return f"{verb} {counted(len(fixed.applied), 'finding')} in {counted(len(fixed.files), 'file')}."
