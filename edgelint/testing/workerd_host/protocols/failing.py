"""What every protocol does with errors of the platform that its own form has no place for. Seen on workerd
1.20261117.1."""

from __future__ import annotations

from typing import Final

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpResponse

LOST: Final = "Network connection lost."


def connection_lost() -> HttpResponse:
    """What makes workerd raise "Network connection lost." (``retryable``): an answer that is no HTTP, for its status
    text. After a connection that is closed instead, workerd sends a request that has no body once more, if the
    connection was used before: the operation would be done twice."""
    return HttpResponse(500, reason="\x7f")


def lost(error: EdgeError) -> HttpResponse | None:
    """``connection_lost()`` for an error that says so, None for any other."""
    return connection_lost() if error.message.startswith(LOST) else None


def status_text(text: str) -> str:
    """A text as it fits into a status line: one line, and "?" for what is not ASCII. workerd drops a status text with
    anything else in it, or the connection."""
    line = " ".join(text.split()).encode("ascii", "replace").decode()
    return "".join(char if char.isprintable() else "?" for char in line)
