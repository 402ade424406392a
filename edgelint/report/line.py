"""One line of a file as cells of a terminal: escaped, tabs laid out, secrets masked, cut to the width there is."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from edgelint.report.escape import HIDDEN, TAB, cells, picture
from edgelint.report.model import Text
from edgelint.report.secrets import MASK

ELLIPSIS = "\u2026"


class Line:
    """``text`` is what to print; ``column(offset)`` is the cell at which the byte ``offset`` of the file is printed."""

    __slots__ = ("text", "width", "_offsets", "_columns", "_first")

    def __init__(self, text: str, offsets: list[int], columns: list[int], first: int) -> None:
        self.text = text
        self._offsets = offsets
        self._columns = columns
        self._first = first
        self.width = columns[-1]

    def column(self, offset: int) -> int:
        """The cell (from 0) where a byte is, or the nearest edge of what is shown."""
        index = bisect_right(self._offsets, offset) - 1
        return self._columns[index] if index >= 0 else self._first

    def index_of_cell(self, cell: int) -> int:
        """The index in ``text`` of the first character at or after a cell; the text's length when there is none."""
        at = 0
        for index, width in enumerate(cells(self.text)):
            if at >= cell and width:
                return index
            at += width
        return len(self.text)

    def is_blank_before(self, offset: int) -> bool:
        """Whether nothing but blanks stands before the byte ``offset``."""
        return not self.text[: self.column(offset)].strip()


def lay_out(text: Text, index: int, focus: tuple[int, int], limit: int, rule: str = "") -> Line:
    """Line ``index`` (from 0) in at most ``limit`` cells; a longer one is cut around the byte range ``focus``."""
    start, end = text.line_bytes(index)
    low, high = start, end
    if end - start > 6 * limit:  # do not decode a megabyte to show a hundred cells
        low = max(start, min(focus[0], end) - 3 * limit)
        high = min(end, low + 6 * limit)
        low, high = _boundary(text.data, low, start), _boundary(text.data, high, low)
    offsets, shown, widths = _characters(text.data, low, high)
    _mask(offsets, shown, widths, text.masks(index, rule))
    columns = _columns(shown, widths)
    if columns[-1] <= limit and (low, high) == (start, end):
        return Line("".join(shown), offsets, columns, 0)
    return _cut(offsets, shown, columns, focus, limit, low > start, high < end)


def _boundary(data: bytes, offset: int, lowest: int) -> int:
    """The nearest offset at or before ``offset`` that does not split a UTF-8 sequence."""
    at = offset
    while at > lowest and offset - at < 4 and at < len(data) and data[at] & 0xC0 == 0x80:
        at -= 1
    return at


def _characters(data: bytes, low: int, high: int) -> tuple[list[int], list[str], list[int]]:
    """Byte offset (with one for the end), text and cells of every character of a byte range."""
    decoded = data[low:high].decode("utf-8", "surrogateescape")
    shown = list(decoded)
    if HIDDEN.search(decoded):
        shown = [picture(char) if char != "\t" and HIDDEN.match(char) else char for char in shown]
    widths = cells("".join(shown))
    if decoded.isascii():
        offsets = list(range(low, high + 1))
    else:
        offsets, at = [], low
        for char in decoded:
            offsets.append(at)
            code = ord(char)
            single = code < 0x80 or 0xDC80 <= code <= 0xDCFF
            at += 1 if single else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        offsets.append(at)
    return offsets, shown, widths


def _mask(offsets: list[int], shown: list[str], widths: list[int], masks: list[tuple[int, int]]) -> None:
    for start, end in masks:
        first = True
        for index, offset in enumerate(offsets[:-1]):
            if start <= offset < end:
                shown[index] = MASK if first else ""
                widths[index] = len(MASK) if first else 0
                first = False


def _columns(shown: list[str], widths: list[int]) -> list[int]:
    """The cell of every character and of the end; a tab is laid out to its stop in ``shown``."""
    if "\t" not in shown:
        return [0, *accumulate(widths)]
    columns, at = [], 0
    for index, width in enumerate(widths):
        columns.append(at)
        if shown[index] == "\t":
            width = TAB - at % TAB
            shown[index] = " " * width
        at += width
    columns.append(at)
    return columns


def _cut(
    offsets: list[int],
    shown: list[str],
    columns: list[int],
    focus: tuple[int, int],
    limit: int,
    left: bool,
    right: bool,
) -> Line:
    """At most ``limit`` cells around ``focus``; ``left`` and ``right`` say that the line goes on beyond these."""
    probe = Line("", offsets, columns, 0)
    begin, finish = probe.column(focus[0]), probe.column(focus[1])
    room = max(limit - 2, 8)
    length = min(max(finish - begin, 1), room)
    lowest = max(0, begin - (room - length) // 2)
    lowest = min(lowest, max(0, columns[-1] - room))
    if lowest <= room // 8 and not left and finish <= room:
        lowest = 0
    first = next(index for index, column in enumerate(columns) if column >= lowest)
    last = first
    while last < len(shown) and columns[last + 1] - columns[first] <= room:
        last += 1
    while first < last and columns[first + 1] == columns[first]:  # do not begin within a sequence
        first += 1
    head = ELLIPSIS if left or first > 0 else ""
    tail = ELLIPSIS if right or last < len(shown) else ""
    shift = len(head) - columns[first]
    return Line(
        head + "".join(shown[first:last]) + tail,
        offsets[first : last + 1],
        [column + shift for column in columns[first : last + 1]],
        0,
    )
