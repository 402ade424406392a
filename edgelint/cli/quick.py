"""``edgelint check`` with plain options, read without click, which takes most of a short run to load.

Only what every command line of hooks and gates is made of: flags and choices spelled in full. All else, and whatever is
wrong, is click's to read and to speak of.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelint.cli import FORMATS, SEVERITIES

if TYPE_CHECKING:
    from edgelint.cli.check import Request

_FLAGS = {
    "--strict": "strict", "--statistics": "statistics", "--exit-zero": "exit_zero", "--no-cache": "no_cache",
    "--quiet": "quiet", "-q": "quiet", "--verbose": "verbose", "-v": "verbose",
}
_CHOICES = {
    "--format": ("format_", FORMATS), "--min-severity": ("min_severity", SEVERITIES),
    "--color": ("color", ("auto", "always", "never")),
}
_COMPLETION = "_EDGELINT_COMPLETE"  # set by the shells that click completes for


def request(arguments: Sequence[str]) -> Request | None:
    """The request, or None when it is click that must read it."""
    if not arguments or arguments[0] != "check" or os.name == "nt" or _COMPLETION in os.environ:
        return None  # on Windows click expands wildcards
    found: dict[str, Any] = {}
    paths = []
    rest = iter(arguments[1:])
    for word in rest:
        if word in _FLAGS:
            found[_FLAGS[word]] = True
        elif word in _CHOICES:
            name, choices = _CHOICES[word]
            value = next(rest, None)
            if value not in choices:
                return None
            found[name] = value
        elif word.startswith("-"):
            return None
        else:
            paths.append(Path(word))
    from edgelint.cli.check import Request

    return Request(paths=tuple(paths), **found)
