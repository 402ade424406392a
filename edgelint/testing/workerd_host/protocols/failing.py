"""What every protocol does with errors of the platform that its own form has no place for. Seen on workerd
1.20261117.1."""

from __future__ import annotations

from typing import Final

from edgelint.testing.errors import EdgeError
from edgelint.testing.http import HttpResponse

_LOST: Final = "Network connection lost."
_NO_STATUS_TEXT: Final = "\x7f"


def lost(error: EdgeError) -> HttpResponse | None:
    """What makes workerd raise "Network connection lost." (``retryable``), when ``error`` is that: an answer that is no
    HTTP. A connection that is closed instead, and was used before, makes it send a request without a body again."""
    return HttpResponse(500, reason=_NO_STATUS_TEXT) if error.message.startswith(_LOST) else None


def status_text(text: str) -> str:
    """A text as it fits into a status line: one line, and "?" for what is not ASCII. workerd drops a status text with
    anything else in it, or the connection."""
    line = " ".join(text.split()).encode("ascii", "replace").decode()
    return "".join(char if char.isprintable() else "?" for char in line)
