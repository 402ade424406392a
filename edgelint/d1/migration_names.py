"""What wrangler takes for a migration, by its name, and in which order it applies them.

It follows wrangler's own code
(https://github.com/cloudflare/workers-sdk/blob/main/packages/wrangler/src/d1/migrations/helpers.ts).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_NUMBER = re.compile(r"\s*[+-]?\d+")  # what parseInt reads
_UNDO = re.compile(r"(?P<name>.+?)[._-](?:down|rollback|revert|undo)\.sql", re.IGNORECASE)


def number(name: str) -> int | None:
    """The number that a migration's path begins with, as wrangler reads it: ``parseInt`` of what stands before the
    first underscore of the first part of the path."""
    found = _NUMBER.match(name.split("/")[0].split("_")[0])
    return int(found.group()) if found is not None else None


def order(name: str) -> tuple[tuple[int, float, bytes], ...]:
    """The key by which wrangler sorts migrations: for each part of the path its number, those without one last, then
    the text by UTF-16 code units."""
    return tuple(
        (1, 0.0, _units(part)) if (leading := number(part)) is None else (0, float(leading), _units(part))
        for part in name.split("/")
    )


def _units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


@lru_cache(maxsize=64)
def glob(pattern: str) -> re.Pattern[str]:
    """A ``migrations_pattern`` as a regular expression over a whole path, by the rules of minimatch with ``dot: false``
    (https://github.com/isaacs/minimatch): ``*``, ``**``, ``?``, ``[a-z]`` and ``{a,b}``; no name that begins with a dot
    unless the pattern does."""
    return re.compile("|".join(filter(_compiles, map(_translated, _alternatives(pattern)))) or r"(?!)")


_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_PIECE = re.compile(r"\*+|\?|\[[!^]?\]?[^\]/]*\]|.", re.DOTALL)


def _alternatives(pattern: str) -> Iterator[str]:
    found = _BRACES.search(pattern)
    if found is None or len(pattern) > 500:
        yield pattern
        return
    for word in found[1].split(","):
        yield from _alternatives(pattern[: found.start()] + word + pattern[found.end() :])


def _compiles(expression: str) -> bool:
    try:
        re.compile(expression)
    except re.error:  # "[z-a]": matches nothing
        return False
    return True


def _translated(pattern: str) -> str:
    parts = pattern.split("/")
    text = ""
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if part == "**":
            text += r"(?:(?!\.)[^/]+(?:/(?!\.)[^/]+)*)?" if last else r"(?:(?!\.)[^/]+/)*"
            continue
        hidden = "" if part.startswith(".") else r"(?!\.)"
        text += hidden + "".join(map(_piece, _PIECE.findall(part))) + ("" if last else "/")
    return f"(?:{text})"


def _piece(piece: str) -> str:
    if piece[0] == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) > 1:
        inner = piece[1:-1]
        negated, inner = (True, inner[1:]) if inner[:1] in ("!", "^") else (False, inner)
        inner = inner.replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
        return f"[{'^/' if negated else ''}{inner}]"
    return re.escape(piece)


def undone(name: str, known: set[str]) -> str | None:
    """The file that ``name`` takes back: the same name without the word, or with "up" in its place."""
    found = _UNDO.fullmatch(name)
    if found is None:
        return None
    stem = found["name"]
    for other in (f"{stem}.sql", *(f"{stem}{mark}{word}.sql" for mark in "._-" for word in ("up", "apply"))):
        if other in known:
            return other
    return None
