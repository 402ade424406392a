"""The command line: the entry point. What a command does is in a module imported when it runs.

``commands`` has all commands and options, with click. The command that hooks, editors and gates run, ``check`` with
plain options, is read by ``quick``: loading click takes longer than answering from the cache.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from edgelint.cli.commands import cli as cli

CLEAN, FINDINGS, FAILED, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: nothing found, something found, could not do the job, stopped by Ctrl-C."""

FORMATS = (
    "full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "azure", "rdjson", "pylint",
    "markdown", "html",
)  # fmt: skip
SEVERITIES = ("error", "warning", "info")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point: runs a command and exits with its status. Whatever goes wrong is one line, not a traceback."""
    from edgelint.cli import quick, terminal

    arguments = list(sys.argv[1:] if arguments is None else arguments)
    terminal.prepare_streams()
    try:
        request = quick.request(arguments)
        if request is None:
            from edgelint.cli import commands

            status = commands.run(arguments)
        else:
            from edgelint.cli import check

            status = check.run(request)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:  # help or a list was cut short by its reader, who has what it wanted
        terminal.drop_output()
        status = CLEAN
    except Exception as error:
        status = terminal.report_crash(error, "-v" in arguments or "--verbose" in arguments)
    gc.freeze()  # the process ends: a last collection over all the trees would take longer than some runs
    sys.exit(terminal.flush(status))


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """``edgelint.cli.cli``, the commands, without which most runs do."""
        if name == "cli":
            from edgelint.cli.commands import cli

            return cli
        raise AttributeError(name)
