"""What every protocol does with errors of the platform that its own form has no place for."""

from __future__ import annotations

from typing import Final

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpResponse

LOST: Final = "Network connection lost."


def connection_lost() -> HttpResponse:
    """What makes workerd raise "Network connection lost." (``retryable``): an answer that is no HTTP, for there is a
    header without a colon behind its status text. When the connection is only closed, and was used before, 1.20261117.1
    sends a request that has no body once more, and the operation is done twice. (1.20261102.1 takes either; up to
    1.20260811.1 what is no HTTP is an "internal error" to the app, and a connection that is closed is lost.)"""
    return HttpResponse(500, reason="Lost\r\nno header")


def lost(error: EdgeError) -> HttpResponse | None:
    """``connection_lost()`` for an error that says so, None for any other."""
    return connection_lost() if error.message.startswith(LOST) else None


def status_text(text: str) -> str:
    """A text as it fits into a status line: one line, and "?" for what is not ASCII. workerd drops a status text with
    anything else in it, or the connection."""
    line = " ".join(text.split()).encode("ascii", "replace").decode()
    return "".join(char if char.isprintable() else "?" for char in line)
