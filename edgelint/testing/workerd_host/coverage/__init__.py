"""Which lines, branches and functions of a JavaScript or TypeScript app ran in workerd.

The bundle gets counters (``instrument``), a world's are read when it ends (``session``), what ran is added up over
tests and processes (``hits``) and told (``report``). As a plugin of coverage.py it lets its reports show these files
beside the Python ones: ``plugins = ["edgelint.testing.workerd_host.coverage"]`` under ``[tool.coverage.run]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coverage.plugin_support import Plugins


def coverage_init(reg: Plugins, options: dict[str, Any]) -> None:
    """What coverage.py calls (https://coverage.readthedocs.io/en/latest/api_plugin.html)."""
    from edgelint.testing.workerd_host.coverage.coverage_py import JavaScript

    reg.add_configurer(JavaScript())  # no file tracer: it traces no Python, and any core of coverage.py will do
