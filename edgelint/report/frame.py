"""Annotated code frames: the lines that spans stand on, marks under them, labels beside or below the marks.

One frame is one file. Marks on one line share one row; labels that do not fit beside it hang below on bars, rightmost
first. A span over several lines is drawn as a bracket in a lane left of the code.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from edgelint.diagnostics import Severity
from edgelint.report.escape import visible
from edgelint.report.line import Line, lay_out
from edgelint.report.model import Text
from edgelint.report.style import Style

NARROWEST = 20
"""Cells of code shown even where there is no room."""
FOLD = 6
"""A bracket over more lines than this shows its first and last lines only."""


class Mark(NamedTuple):
    """A byte range of the frame's file, with what to say about it."""

    start: int
    end: int
    label: str = ""
    primary: bool = False


class _Place(NamedTuple):
    mark: Mark
    first: int  # lines, from 0
    last: int
    end: int  # byte, never past the last line's text


class Painter:
    """Paints one frame: ``number_width`` is that of the line numbers, ``limit`` the cells there are for code."""

    def __init__(
        self, text: Text, rule: str, severity: Severity, style: Style, number_width: int, limit: int
    ) -> None:
        self.text = text
        self.rule = rule
        self.severity = severity
        self.style = style
        self.number_width = number_width
        self.limit = limit

    def paint(self, marks: list[Mark]) -> list[str]:
        """The rows of the frame, from one bare gutter to another."""
        places = sorted((self._placed(mark) for mark in marks), key=lambda place: (place.mark.start, -place.end))
        brackets = [place for place in places if place.first != place.last]
        lanes = _lanes(brackets)
        lane_count = max(lanes.values(), default=-1) + 1
        self.limit = max(self.limit - 2 * lane_count, NARROWEST)
        rows = [self._gutter("")]
        previous: int | None = None
        for index in _shown_lines(places):
            if previous is not None and index > previous + 1:
                rows.append(self._fold(lanes, lane_count, previous))
            previous = index
            rows += self._line_rows(index, places, lanes, lane_count)
        rows.append(self._gutter(""))
        return rows

    def _placed(self, mark: Mark) -> _Place:
        first = self.text.line_index(mark.start)
        last = self.text.line_index(max(mark.start, mark.end))
        end = max(mark.start, mark.end)
        if last > first and end == self.text.line_bytes(last)[0]:
            last -= 1
        end = min(end, max(self.text.line_bytes(last)[1], mark.start))
        return _Place(mark, first, last, end)

    def _line_rows(self, index: int, places: list[_Place], lanes: dict[_Place, int], count: int) -> list[str]:
        here = [place for place in places if place.first == place.last == index]
        starts = [place for place in lanes if place.first == index]
        ends = [place for place in lanes if place.last == index]
        line = lay_out(self.text, index, self._focus(index, here, starts, ends), self.limit, self.rule)
        margin = [" "] * count
        late = []  # brackets that begin after code: they are opened on a row of their own
        for place in lanes:
            if place.first < index <= place.last:
                margin[lanes[place]] = self._ink(place, "|")
        for place in starts:
            if line.is_blank_before(place.mark.start) and not line.text.startswith("\u2026"):
                margin[lanes[place]] = self._ink(place, "/")
            else:
                late.append(place)
        rows = [self._gutter(str(index + 1), self._margin(margin) + line.text)]
        rows += [self._gutter("", self._margin(margin) + row) for row in self._mark_rows(here, line)]
        for place in late:
            column = line.column(place.mark.start)
            rows.append(self._gutter("", self._reach(margin, place, lanes[place], column, "_", "")))
            margin[lanes[place]] = self._ink(place, "|")
        for place in ends:
            column = max(line.column(place.end) - 1, 0)
            rows.append(self._gutter("", self._reach(margin, place, lanes[place], column, "|", place.mark.label)))
            margin[lanes[place]] = " "
        return rows

    def _focus(
        self, index: int, here: list[_Place], starts: list[_Place], ends: list[_Place]
    ) -> tuple[int, int]:
        ranges = [(place.mark.start, place.end, place.mark.primary) for place in here]
        ranges += [(place.mark.start, place.mark.start + 1, place.mark.primary) for place in starts]
        ranges += [(place.end - 1, place.end, place.mark.primary) for place in ends]
        if not ranges:
            start = self.text.line_bytes(index)[0]
            return start, start
        low, high = min(start for start, _, _ in ranges), max(end for _, end, _ in ranges)
        if high - low <= self.limit - 2:
            return low, high
        best = min(ranges, key=lambda item: not item[2])
        return best[0], best[1]

    def _mark_rows(self, here: list[_Place], line: Line) -> list[str]:
        """The row of marks under a line, then the rows of labels that hang from it."""
        if not here:
            return []
        drawn = [(line.column(place.mark.start), line.column(place.end), place) for place in here]
        drawn = [(start, max(end, start + 1), place) for start, end, place in drawn]
        canvas: dict[int, tuple[str, _Place]] = {}
        for primary in (False, True):
            for start, end, place in drawn:
                if place.mark.primary == primary:
                    canvas.update((column, ("^" if primary else "-", place)) for column in range(start, end))
        labelled = sorted((item for item in drawn if item[2].mark.label), key=lambda item: item[0])
        rows = [self._canvas(canvas)]
        furthest = max(end for _, end, _ in drawn)
        if labelled and labelled[-1][1] == furthest:
            place = labelled.pop()[2]
            rows[0] += " " + self._ink(place, visible(place.mark.label))
        if labelled:
            rows.append(self._canvas({start: ("|", place) for start, _, place in labelled}))
        while labelled:
            start, _, place = labelled.pop()
            bars = {column: ("|", other) for column, _, other in labelled if column < start}
            row, width = self._canvas(bars), max(bars, default=-1) + 1
            rows.append(row + " " * (start - width) + self._ink(place, visible(place.mark.label)))
        return rows

    def _canvas(self, canvas: dict[int, tuple[str, _Place]]) -> str:
        """The characters at their columns, equal neighbours coloured in one run."""
        parts: list[str] = []
        run, owner, at = "", None, 0
        for column in sorted(canvas):
            char, place = canvas[column]
            if column != at or place is not owner:
                parts.append(self._ink(owner, run) if owner else run)
                parts.append(" " * (column - at))
                run, owner = "", place
            run += char
            at = column + 1
        parts.append(self._ink(owner, run) if owner else run)
        return "".join(parts)

    def _reach(self, margin: list[str], place: _Place, lane: int, column: int, corner: str, label: str) -> str:
        """A row that leads from a bracket's lane to a column of the code."""
        before = "".join(f"{cell} " for cell in margin[:lane])
        if corner == "_":
            before += " "
        line = ("" if corner == "_" else "|") + "_" * (2 * (len(margin) - lane) - 1 + column)
        tip = "^" if place.mark.primary else "-"
        text = f" {visible(label)}" if label else ""
        return before + self._ink(place, f"{line}{tip}{text}")

    def _ink(self, place: _Place, text: str) -> str:
        if place.mark.primary:
            return self.style.severity(self.severity, text)
        return self.style.related(text)

    @staticmethod
    def _margin(margin: list[str]) -> str:
        return "".join(f"{cell} " for cell in margin)

    def _fold(self, lanes: dict[_Place, int], count: int, after: int) -> str:
        margin = [" "] * count
        for place, lane in lanes.items():
            if place.first <= after < place.last:
                margin[lane] = self._ink(place, "|")
        return (self.style.gutter("...".ljust(self.number_width + 3)) + self._margin(margin)).rstrip()

    def _gutter(self, number: str, rest: str = "") -> str:
        gutter = self.style.gutter(f"{number:>{self.number_width}} |")
        return f"{gutter} {rest.rstrip()}" if rest.strip() else gutter


def _lanes(brackets: list[_Place]) -> dict[_Place, int]:
    """A lane for every span over several lines; those that share a line do not share a lane."""
    lanes: dict[_Place, int] = {}
    for place in brackets:
        taken = {lane for other, lane in lanes.items() if other.last >= place.first}
        lanes[place] = next(lane for lane in range(len(brackets)) if lane not in taken)
    return lanes


def _shown_lines(places: list[_Place]) -> list[int]:
    """Lines to print, sorted. A gap of one line is not worth a fold."""
    wanted: set[int] = set()
    for place in places:
        if place.last - place.first < FOLD:
            wanted.update(range(place.first, place.last + 1))
        else:
            wanted.update((place.first, place.first + 1, place.last - 1, place.last))
    lines = sorted(wanted)
    return sorted(wanted | {line + 1 for line, after in pairwise(lines) if after == line + 2})
