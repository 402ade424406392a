"""``edgelint server``: starts the language server, whose library is an extra."""

from __future__ import annotations

from edgelint.cli import terminal


def run() -> int:
    """Serve until the client says exit; returns the exit status."""
    try:
        from edgelint.lsp import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        return terminal.fail("the language server needs its extra: pip install 'edgelint[lsp]'")
    return server.run()
