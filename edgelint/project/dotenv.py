"""Names in .dev.vars and .env files. Names only: a value is never kept, looked at or shown."""

from __future__ import annotations

import re
from typing import NamedTuple

from edgelint.diagnostics import Span
from edgelint.patterns import later
from edgelint.source import Source

_ASSIGNMENT = later(
    rb"""^[ \t]*(?:export[ \t]+)?([A-Za-z_.][A-Za-z0-9_.-]*)[ \t]*[=:]
    [ \t]*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[^\r\n]*)""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
_DEV_VARS = later(r"(?:^|/)\.dev\.vars(?:[.\-_](.+))?$")
_DOT_ENV = later(r"(?:^|/)(?:\.env(?:[.\-_](.+))?|([^/]+)\.env)$")
_EXAMPLE = later(r"example|sample|template|dist|default|schema", re.IGNORECASE)


class LocalValues(NamedTuple):
    """One file of local values: its path, the environment its name says ("" for none), whether it is only an example
    to copy, and where each name stands."""

    path: str
    environment: str
    is_example: bool
    names: dict[str, Span]


def is_local_values(name: str) -> bool:
    """Whether a file name is that of a .dev.vars or .env file (``.dev.vars.example`` and ``.env.sample`` too)."""
    return _DEV_VARS.search(name) is not None or _DOT_ENV.search(name) is not None


def load(path: str, source: Source) -> LocalValues:
    """Read the names of one file. Never raises; what is no assignment is passed over."""
    match = _DEV_VARS.search(path) or _DOT_ENV.search(path)
    suffix = next((group for group in match.groups() if group), "") if match is not None else ""
    is_example = _EXAMPLE.search(suffix) is not None
    names: dict[str, Span] = {}
    for found in _ASSIGNMENT.finditer(source.data, source.bom):
        names.setdefault(found.group(1).decode("ascii"), Span(path, found.start(1), found.end(1)))
    return LocalValues(path, "" if is_example or suffix == "local" else suffix, is_example, names)
