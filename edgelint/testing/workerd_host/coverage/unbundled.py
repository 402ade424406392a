"""What is in the app's files and in no bundle: esbuild leaves out what nothing uses, and it has to count as missed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgelint.testing.workerd_host.coverage.instrument import dialect, table_of, top_level
from edgelint.testing.workerd_host.coverage.probes import NOWHERE, Branch, Function, Line, Place, Probes, Way

_SCRIPTS = frozenset((".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"))


def left_out(probes: Probes, sources: Iterable[Path]) -> Probes:
    """The entries of statements at the top level of ``sources`` of which ``probes`` has none, with no counter. A file
    that cannot be read or is not understood has none."""
    seen: dict[str, set[int]] = {}
    for place in probes.places():
        seen.setdefault(place.source, set()).add(place.line)
    missing = Probes()
    for path in sources:
        if path.suffix.lower() not in _SCRIPTS:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        source = str(path)
        lines = seen.get(source, set())
        table = table_of(text, source, dialect(source))
        if table is None:
            continue
        spans = [
            (first, last) for first, last in top_level(text, dialect(source)) if not lines & set(range(first, last + 1))
        ]
        _take(missing, table, spans)
    return missing


def _take(missing: Probes, table: Probes, spans: list[tuple[int, int]]) -> None:
    def inside(place: Place) -> bool:
        return any(first <= place.line <= last for first, last in spans)

    missing.lines += [Line(each.place, NOWHERE) for each in table.lines if inside(each.place)]
    missing.functions += [Function(each.place, each.name, NOWHERE) for each in table.functions if inside(each.place)]
    missing.branches += [
        Branch(each.place, each.kind, each.number, tuple(Way(way.to, NOWHERE) for way in each.ways))
        for each in table.branches
        if inside(each.place)
    ]
