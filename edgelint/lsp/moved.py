"""Where the lines of a text stand in another version of it."""

from __future__ import annotations

from collections.abc import Mapping

from edgelint.diagnostics import Diagnostic, Edit, Related, Span


def difference(before: bytes, after: bytes) -> tuple[int, int, int]:
    """(start, end before, end after) of the bytes in which two texts differ; the three are equal when they do not."""
    shortest = min(len(before), len(after))
    start = _common(before, after, shortest)
    tail = _common(before[start:][::-1], after[start:][::-1], shortest - start)
    return start, len(before) - tail, len(after) - tail


def _common(one: bytes, other: bytes, most: int) -> int:
    """How many bytes two texts have in common from the start, ``most`` at most."""
    low = 0
    while low < most:  # compared in halves: whole blocks in C, not byte by byte
        middle = (low + most + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            most = middle - 1
    return low


class Moved:
    """The places of a text that was good in the text as it is now: of lines above and below what changed."""

    def __init__(self, path: str, good: bytes, now: bytes) -> None:
        self.path = path
        start, good_end, now_end = difference(good, now)
        self._head = good.rfind(b"\n", 0, start) + 1
        line_end = good.find(b"\n", good_end - 1 if good_end > start and good[good_end - 1 : good_end] == b"\n"
                             else good_end)  # fmt: skip
        self._tail = len(good) if line_end < 0 else line_end + 1
        self._shift = len(now) - len(good)
        self._changed = start != good_end or start != now_end

    def span(self, span: Span) -> Span | None:
        """The span in the text as it is now; None when its lines have changed."""
        if span.path != self.path or not self._changed or span.end <= self._head:
            return span
        if span.start >= self._tail:
            return Span(span.path, span.start + self._shift, span.end + self._shift)
        return None

    def back(self, offset: int) -> int | None:
        """The offset in the good text of an offset in the text as it is now; None on lines that changed."""
        if not self._changed or offset < self._head:
            return offset
        return offset - self._shift if offset - self._shift >= self._tail else None

    def diagnostic(self, item: Diagnostic) -> Diagnostic | None:
        """The diagnostic in the text as it is now; its fix only when all that it changes is still there."""
        span = self.span(item.span)
        if span is None:
            return None
        related = tuple(
            Related(place, each.message) for each in item.related if (place := self.span(each.span)) is not None
        )
        fix = item.fix
        if fix is not None:
            edits = [Edit(place, edit.text) for edit in fix.edits if (place := self.span(edit.span)) is not None]
            fix = fix._replace(edits=tuple(edits)) if len(edits) == len(fix.edits) else None
        return item._replace(span=span, related=related, fix=fix)


def in_current_texts(
    found: Mapping[str, tuple[Diagnostic, ...]], moved: Mapping[str, Moved]
) -> dict[str, tuple[Diagnostic, ...]]:
    """Diagnostics of earlier texts as they are in the texts of now: with all their places in files of ``moved``."""
    if not moved:
        return dict(found)
    shown = {}
    for path, items in found.items():
        kept = []
        for item in items:
            left: Diagnostic | None = item
            for other, how in moved.items():
                if left is not None and (other == path or _mentions(left, other)):
                    left = how.diagnostic(left)
            if left is not None:
                kept.append(left)
        shown[path] = tuple(kept)
    return shown


def _mentions(item: Diagnostic, path: str) -> bool:
    edits = item.fix.edits if item.fix is not None else ()
    return any(each.span.path == path for each in item.related) or any(each.span.path == path for each in edits)
