"""Rules of HTTP that the cache and static assets share: dates, validators, ranges, status texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Final

_FIXED_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d GMT"
)
_ETAG: Final = re.compile(r'(?:W/)?"(.+)"')
_RANGES: Final = re.compile(r" *bytes *=", re.IGNORECASE)
_RANGE: Final = re.compile(r" *(\d+)? *- *(\d+)? *", re.ASCII)
_PHRASES: Final = {
    413: "Payload Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Entity",
}  # fmt: skip
"""Where Python's words depend on its version."""


def phrase(status: int) -> str:
    """The usual text of a status (RFC 9110), "" for one that has none."""
    try:
        return _PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return ""


def date_text(milliseconds: float) -> str:
    """An instant (ms since the epoch) as a Date header has it."""
    return format_datetime(datetime.fromtimestamp(milliseconds // 1000, UTC), usegmt=True)


def date(text: str, *, strict: bool = False) -> float | None:
    """A date of a header in ms since the epoch; None when it is none. ``strict``: only the preferred form (RFC 9110,
    5.6.7: IMF-fixdate)."""
    if strict and not _FIXED_DATE.fullmatch(text):
        return None
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp() * 1000


def opaque_tag(text: str) -> str | None:
    """What an entity tag has between its quotes, weak or strong; None when it is none."""
    match = _ETAG.fullmatch(text.strip())
    return match[1] if match is not None else None


def none_match(header: str, etag: str | None) -> bool:
    """Whether If-None-Match says that the client has what ``etag`` names: by weak comparison (RFC 9110, 13.1.2)."""
    tag = None if etag is None else opaque_tag(etag)
    if tag is None:
        return False
    return header.strip() == "*" or any(opaque_tag(each) == tag for each in header.split(","))


def not_modified(
    if_none_match: str | None, if_modified_since: str | None, etag: str | None, last_modified: str | None
) -> bool:
    """Whether the answer is 304: If-Modified-Since counts only without If-None-Match (RFC 9110, 13.2.2)."""
    if if_none_match is not None and etag is not None and opaque_tag(etag) is not None:
        return none_match(if_none_match, etag)
    if if_modified_since is not None and last_modified is not None:
        since, changed = date(if_modified_since, strict=True), date(last_modified, strict=True)
        return since is not None and changed is not None and changed <= since
    return False


def ranges(header: str, size: int) -> list[tuple[int, int]] | None:
    """The first and last byte of each range that a Range header asks for; empty for everything, None when it cannot be
    satisfied (as Miniflare takes it: packages/miniflare/src/workers/shared/range.ts)."""
    prefix = _RANGES.match(header)
    if prefix is None:
        return None
    rest = header[prefix.end() :]
    found: list[tuple[int, int]] = []
    if not rest.strip():
        return found
    for part in rest.split(","):
        match = _RANGE.fullmatch(part)
        if match is None or match[0].strip() == "-":
            return None
        first, last = match[1], match[2]
        if first is None:
            suffix = int(last)
            if suffix >= size:
                return []
            if suffix:
                found.append((size - suffix, size - 1))
            continue
        start = int(first)
        end = size - 1 if last is None else int(last)
        if start >= size or start > end:
            return None
        found.append((start, min(end, size - 1)))
    return found
