"""Where two outcomes differ, and which differences are known."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.conformance.sides import Outcome

KNOWN = Path(__file__).with_name("differences.toml")
_SHOWN = 300


class Difference(NamedTuple):
    """Of one case: what differs ("accepted", "message", "rows", ...), and both sides of each."""

    case: str
    aspects: tuple[str, ...]
    detail: str


class Known(NamedTuple):
    """One entry of differences.toml: the aspects and the reason are the same for all its cases."""

    reason: str
    aspects: tuple[str, ...]
    cases: tuple[str, ...]


class Report(NamedTuple):
    """``explained``: those that are listed, with the entry. ``stale``: listed, but not so any more."""

    cases: int
    explained: tuple[tuple[Difference, Known], ...]
    new: tuple[Difference, ...]
    stale: tuple[str, ...]
    mistakes: tuple[str, ...]

    @property
    def agreeing(self) -> int:
        """Cases without any difference."""
        return self.cases - len(self.explained) - len(self.new)


def difference(case: str, ours: Outcome, theirs: Outcome) -> Difference | None:
    """Where they differ; None: nowhere."""
    found = dict(_aspects(ours, theirs))
    if not found:
        return None
    detail = "\n".join(f"  {name}: engine {_short(a)}\n    workerd {_short(b)}" for name, (a, b) in found.items())
    return Difference(case, tuple(sorted(found)), detail)


def _aspects(ours: Outcome, theirs: Outcome) -> Iterable[tuple[str, tuple[object, object]]]:
    if ours.broken is not None or theirs.broken is not None:
        if ours.broken is None or theirs.broken is None:
            yield "setup", (ours.broken, theirs.broken)
        return
    if (ours.refusal is None) != (theirs.refusal is None):
        yield "accepted", (ours.refusal or "accepted", theirs.refusal or "accepted")
        return
    if ours.refusal is not None and theirs.refusal is not None:
        known = ("message", "code", "statement", "offset")
        skipped = ("code",) if theirs.refusal.code is None else ()  # workerd's own refusals have no code
        yield from _unequal([name for name in known if name not in skipped], ours.refusal, theirs.refusal)
    for one, other in zip(ours.answers, theirs.answers, strict=False):
        yield from _unequal(("columns", "rows", "changes", "last_row_id"), one, other)
    yield from _unequal(("types", "plan", "schema", "tables"), ours, theirs)


def _unequal(names: Iterable[str], ours: object, theirs: object) -> Iterable[tuple[str, tuple[object, object]]]:
    for name in names:
        if getattr(ours, name) != getattr(theirs, name):
            yield name, (getattr(ours, name), getattr(theirs, name))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def known(path: Path = KNOWN) -> list[Known]:
    """The entries of differences.toml."""
    loaded = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Known(entry["reason"], tuple(sorted(entry["aspects"])), tuple(entry["cases"]))
        for entry in loaded.get("difference", ())
    ]


def report(cases: int, found: Iterable[Difference], listed: Iterable[Known], mistakes: Iterable[str] = ()) -> Report:
    """What was found against what is listed."""
    left: dict[str, Known] = {}
    twice = []
    for entry in listed:
        twice += [f"{case}: listed twice" for case in entry.cases if case in left]
        left.update(dict.fromkeys(entry.cases, entry))
    explained, new = [], []
    for each in found:
        entry_of = left.get(each.case)
        if entry_of is not None and entry_of.aspects == each.aspects:
            explained.append((each, left.pop(each.case)))
        else:
            new.append(each)
    stale = [f"{case}: does not differ in {', '.join(entry.aspects)} alone" for case, entry in left.items()]
    return Report(cases, tuple(explained), tuple(new), tuple(stale), (*mistakes, *twice))
