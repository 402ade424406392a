"""``edgelint completion``: the script that lets a shell complete, and what rules and formats it completes to.

The script is click's: it asks edgelint itself for what may follow, so it does not grow old.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from edgelint.cli import CLEAN, FORMATS, terminal

if TYPE_CHECKING:
    import click

SHELLS = ("bash", "zsh", "fish")


def show(shell: str) -> int:
    """Write the script for ``shell``; returns the exit status."""
    from click.shell_completion import get_completion_class

    from edgelint.cli.commands import cli

    made = get_completion_class(shell)
    assert made is not None  # SHELLS are those that click has
    template = made(cli, {}, "edgelint", "_EDGELINT_COMPLETE")
    # Not template.source(): for bash that asks the bash here for its version, and this may be for another.
    terminal.write([(made.source_template % template.source_vars()).strip() + "\n"])
    return CLEAN


def rules(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids that a list of ids, globs and ALL may go on with; each with its severity and first sentence."""
    from edgelint import registry

    before, comma, last = incomplete.rpartition(",")
    ids = registry.known_ids()
    families = sorted({f"{id.split('/')[0]}/*" for id in ids if "/" in id})
    found = [CompletionItem(f"{before}{comma}{name}") for name in (*families, "ALL") if name.startswith(last)]
    return [*(_described(id, before + comma) for id in ids if id.startswith(last)), *found]


def rule(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids that one id may become."""
    from edgelint import registry

    return [_described(id, "") for id in registry.known_ids() if id.startswith(incomplete)]


def outputs(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """``FORMAT=``, which a file is to follow."""
    return [CompletionItem(f"{name}=") for name in FORMATS if name.startswith(incomplete)]


def _described(id: str, before: str) -> CompletionItem:
    from edgelint.rule_text import rule_text

    text = rule_text(id)
    return CompletionItem(f"{before}{id}", help=f"{text.severity.value}: {text.summary}")
