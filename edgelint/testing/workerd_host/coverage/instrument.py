"""JavaScript text of a bundle's module with counters in it: the same program, on the same lines.

Not counted: what is in ``with``, the short circuits of optional chaining, a default value or a ``??=`` that is an
anonymous function (it has its name from its place), and what the text given to ``eval`` or ``new Function`` does.
A function's own ``toString()`` shows the counters.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final, Protocol

from tree_sitter import Language, Node, Parser, Point, Range

from edgelint.testing.workerd_host.coverage.nodes import directives, end_of, kids
from edgelint.testing.workerd_host.coverage.probes import Place, Probes
from edgelint.testing.workerd_host.coverage.walk import Insertion, Walk
from edgelint.testing.workerd_host.source_maps import Position

GLOBAL: Final = "__edgelint_coverage__"
"""The global that has the counters: module name -> array of counts. As JSON it hands them over once: ``toJSON`` begins
again at 0, so that what is read after each test can be added up."""
_NAME: Final = "__edgelint_hit"


class Places(Protocol):
    """A source map (``source_maps.SourceMap``)."""

    @property
    def sources(self) -> tuple[str, ...]: ...

    def original(self, line: int, column: int) -> Position | None: ...


@dataclass(frozen=True, slots=True)
class Instrumented:
    """``text`` has the counters of ``probes``; ``shift`` takes a place in it (line and column from 1, columns in UTF-16
    units) to the place in the text as it was. ``problems`` are sentences about what is not counted."""

    text: str
    probes: Probes
    shift: Callable[[int, int], tuple[int, int]]
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Row:
    """The insertions of one line: where each begins in the new line, how long it is, and how much was put in before
    and with it (UTF-16 units)."""

    starts: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Shift:
    rows: dict[int, _Row]

    def __call__(self, line: int, column: int) -> tuple[int, int]:
        row = self.rows.get(line - 1)
        if row is None:
            return line, column
        at = column - 1
        index = bisect_right(row.starts, at) - 1
        if index < 0:
            return line, column
        if at < row.starts[index] + row.lengths[index]:  # in what was inserted: the place before which it stands
            at = row.starts[index] + row.lengths[index]
        return line, at - row.sums[index] + 1


def instrument(text: str, module: str, places: Places, own: Callable[[str], bool]) -> Instrumented:
    """Count in a module what comes from files for which ``own`` holds, as its map names them. ``module`` is the name
    that its counters have in the global."""
    root, rows = _parsed(text, "")
    data = b"\n".join(rows)
    ours = [own(source) for source in places.sources]
    reaches = _reaches(places, ours, len(rows))
    roots, problems = [root], []
    if root.has_error:
        roots = []
        for part in _parts(data, rows):
            if not part.has_error:
                roots.append(part)
            elif reaches(part.start_point.row, part.end_point.row):
                problems.append(_told(_first_error(part), module, places))

    def place(node: Node) -> Place | None:
        row, column = node.start_point
        found = places.original(row + 1, _units(rows[row][:column]) + 1)
        if found is None or not ours[found.source]:
            return None
        return Place(places.sources[found.source], found.line, found.column)

    name = _NAME
    while name in text:
        name += "_"
    walk = Walk(place, lambda counter: f"{name}()[{counter}]++", reaches)
    for each in roots:
        walk.run(each)
    if not walk.probes.size:
        return Instrumented(text, walk.probes, _Shift({}), tuple(problems))
    insertions = [_prologue(root, data, name, module, walk.probes.size), *walk.insertions]
    return _assembled(data, rows, insertions, walk.probes, tuple(problems))


def table_of(text: str, source: str, typescript: str = "") -> Probes | None:
    """What could run of a file as its author wrote it: entries as those of ``instrument``, without a bundle.
    ``typescript`` is "ts" or "tsx" for TypeScript. None when the text is not understood."""
    root, rows = _parsed(text, typescript)
    if root.has_error:
        return None

    def place(node: Node) -> Place:
        row, column = node.start_point
        return Place(source, row + 1, _units(rows[row][:column]) + 1)

    walk = Walk(place, lambda counter: "", lambda first, last: True)
    walk.run(root)
    return walk.probes


def top_level(text: str, typescript: str = "") -> list[tuple[int, int]]:
    """The first and the last line of each statement at the top level, from 1."""
    root, _ = _parsed(text, typescript)
    return [(each.start_point.row + 1, each.end_point.row + 1) for each in kids(root)]


def _parsed(text: str, typescript: str) -> tuple[Node, list[bytes]]:
    data = text.encode("utf-8", "surrogatepass")
    parser = _typescript(typescript) if typescript else _javascript()
    return parser.parse(data).root_node, data.split(b"\n")


@cache
def _javascript() -> Parser:
    import tree_sitter_javascript

    return Parser(Language(tree_sitter_javascript.language()))


@cache
def _typescript(dialect: str) -> Parser:
    import tree_sitter_typescript as grammars

    return Parser(Language(grammars.language_tsx() if dialect == "tsx" else grammars.language_typescript()))


def _parts(data: bytes, rows: list[bytes]) -> Iterator[Node]:
    """The modules of a bundle, each parsed by itself: esbuild writes a comment before each, at the start of a line."""
    parser = Parser(_javascript().language)
    starts = [0, *accumulate(len(row) + 1 for row in rows)]
    heads = [0, *(number for number, row in enumerate(rows) if number and row.startswith(b"// ")), len(rows)]
    for first, last in pairwise(heads):
        if first < last:
            end = Point(last, 0) if last < len(rows) else Point(last - 1, len(rows[-1]))
            parser.included_ranges = [Range(Point(first, 0), end, starts[first], min(starts[last], len(data)))]
            yield parser.parse(data).root_node


def _told(row: int, module: str, places: Places) -> str:
    found = places.original(row, 1)
    where = module if found is None else places.sources[found.source]
    return f"{where}:{row if found is None else found.line}: JavaScript that is not understood: it is not measured"


def _first_error(root: Node) -> int:
    """The line of the first region that did not parse, from 1."""
    node = root
    while node.type != "ERROR" and not node.is_missing:
        node = next(kid for kid in node.children if kid.has_error or kid.is_missing)
    return node.start_point.row + 1


def _units(text: bytes) -> int:
    """How many UTF-16 units a text in UTF-8 has."""
    if text.isascii():
        return len(text)
    return len(text.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")) // 2


def _reaches(places: Places, ours: list[bool], rows: int) -> Callable[[int, int], bool]:
    """Whether anything of the app's own is between two rows; without a decoded map, it may always be."""
    lines = getattr(places, "lines", None) if getattr(places, "mappings", "") else None
    if lines is None:
        return lambda first, last: True
    has = [any(each.source is not None and ours[each.source] for each in segments) for segments in lines[:rows]]
    before = [0, *accumulate(has + [False] * (rows - len(has)))]
    return lambda first, last: before[last + 1] > before[first]


def _prologue(root: Node, data: bytes, name: str, module: str, size: int) -> Insertion:
    """What makes the counters at their first use: as a function, which is there when a module of a cycle calls in
    before this one ran. It stands behind directives and a hashbang."""
    all_counters = (
        f"(globalThis.{GLOBAL}??={{toJSON(){{const taken={{}};for(const name in this)"
        'if(name!=="toJSON"){taken[name]=this[name].slice();this[name].fill(0)}return taken}})'
    )
    text = (  # the app may have an Array and an Object of its own
        f"var {name}_;function {name}(){{return {name}_??={name}$()}}"
        f"function {name}$(){{const made=[];for(let at=0;at<{size};at++)made[at]=0;"
        f"return {all_counters}[{json.dumps(module)}]??=made}}"
    )
    statements = [kid for kid in kids(root) if kid.type != "hash_bang_line"]
    if number := directives(statements):
        return Insertion(end_of(statements[number - 1]), -1 << 60, f";{text};")
    if data.startswith(b"#!"):
        return Insertion(data.find(b"\n") + 1, -1 << 60, f"{text};")
    return Insertion(0, -1 << 60, f"{text};")


def _assembled(
    data: bytes, rows: list[bytes], insertions: Iterable[Insertion], probes: Probes, problems: tuple[str, ...]
) -> Instrumented:
    starts = [0, *accumulate(len(row) + 1 for row in rows)]
    shifts: dict[int, _Row] = {}
    parts, at = [], 0
    for each in sorted(insertions):
        parts += [data[at : each.offset], each.text.encode()]
        at = each.offset
        number = bisect_right(starts, at) - 1
        row = shifts.setdefault(number, _Row())
        before = row.sums[-1] if row.sums else 0
        column, length = _units(rows[number][: at - starts[number]]), len(each.text)
        row.starts.append(column + before)
        row.lengths.append(length)
        row.sums.append(before + length)
    parts.append(data[at:])
    return Instrumented(b"".join(parts).decode("utf-8", "surrogatepass"), probes, _Shift(shifts), problems)


def dialect(path: str) -> str:
    """Which TypeScript a file is by its name: "ts", "tsx", "" for JavaScript."""
    suffix = Path(path).suffix.lower()
    return {".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx"}.get(suffix, "")
