"""What D1's ``exec`` makes of a text: it runs each line by itself.

https://github.com/cloudflare/workerd/blob/main/src/cloudflare/internal/d1-api.ts (exec), seen 2026-11-25.
"""

from __future__ import annotations

from typing import NamedTuple

from edgelint.syntax.sql import statements, tokens


class BrokenLine(NamedTuple):
    """A line that fails, without the white space around it, and what D1 says."""

    start: int
    end: int
    message: str


def broken_lines(text: str) -> list[BrokenLine]:
    """The lines of ``text`` that are no whole statement, where there are several lines."""
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    if "\n" not in text[first:last]:
        return []
    found = []
    at = first
    for line in text[first:last].split("\n"):
        start = at + len(line) - len(line.lstrip())
        end = max(start, at + len(line.rstrip()))
        if not list(tokens(line)):
            found.append(BrokenLine(start, end, "No SQL statements detected"))
        elif any(s.start < at + len(line) and (s.start < at or s.end > at + len(line)) and s.end > at
                 for s in statements(text)):
            found.append(BrokenLine(start, end, "incomplete input"))
        at += len(line) + 1
    return found
