"""httpx without its command line.

``import httpx`` loads its command-line client too, when click and rich are installed, as they are beside edgelint: that
is most of what the import takes. httpx does without it when it cannot be imported
(https://github.com/encode/httpx/blob/master/httpx/__init__.py), so for the time of the import it cannot.
"""

from __future__ import annotations

import sys
from typing import Any, Final

_COMMAND_LINE: Final = "httpx._main"


def load_httpx() -> None:
    """Import httpx, if nothing has yet. ``httpx._main`` can be imported afterwards as ever."""
    if "httpx" in sys.modules:
        return
    modules: dict[str, Any] = sys.modules
    modules[_COMMAND_LINE] = None  # what the import system takes for "not there"
    try:
        import httpx  # noqa: F401
    finally:
        del modules[_COMMAND_LINE]
