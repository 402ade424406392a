"""The cases, read from the Markdown of ``corpus/``.

A fence of SQL is one or many cases; its info string says which:

- ``sql setup``: run before every case of the same ``##`` section (or, before the first one, of the whole file); one
  transaction per fence.
- ``sql each``: every line is a case, one statement. A line that begins with ``! `` is refused by workerd, every other
  is accepted. `` <- [1, "a", {"blob": "00ff"}]`` at the end gives the parameters, as JSON.
- ``sql statement``: the whole text in one call, as D1's ``prepare(text)`` sends it. ``sql migration``: its statements
  in one transaction. Both may add ``refused``. The nearest heading is the name.

``{{100 * "c# INT" / ", "}}`` stands for a repetition with a separator, ``#`` for its number from 1; ``{{U+0000}}`` for
a character.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

FOLDER = Path(__file__).with_name("corpus")
Value: TypeAlias = "int | float | str | bytes | None"

_FENCE = re.compile(r"^```sql +(setup|each|statement|migration)( +refused)?\n(.*?)^```$", re.M | re.S)
_HEADING = re.compile(r"^(##+) +(.*)$", re.M)
_PARAMETERS = re.compile(r"(.*?)\s+<-\s+(\[.*\])")
_REPEAT = re.compile(r'\{\{(\d+) \* ("(?:[^"\\]|\\.)*")(?: / ("(?:[^"\\]|\\.)*"))?\}\}')
_CHARACTER = re.compile(r"\{\{U\+([0-9A-F]{4,6})\}\}")


class CorpusError(Exception):
    """A corpus file that does not say what it means."""


class Case(NamedTuple):
    """``name`` is unique: "topic > heading: statement". ``script``: a migration, else one call with ``params``.
    ``refused``: what workerd is expected to do; None: nothing is expected."""

    name: str
    setup: tuple[str, ...]
    sql: str
    params: tuple[Value, ...]
    script: bool
    refused: bool | None


def read(folder: Path = FOLDER) -> list[Case]:
    """Every case of every file, in order. Raises CorpusError."""
    found: dict[str, Case] = {}
    for path in sorted(folder.glob("*.md")):
        for case in _cases(path.stem, path.read_text(encoding="utf-8")):
            if case.name in found:
                raise CorpusError(f"{path.name}: two cases are called {case.name!r}")
            found[case.name] = case
    return list(found.values())


def _cases(topic: str, text: str) -> Iterator[Case]:
    whole: list[str] = []
    section: list[str] = []
    heading = ""
    numbers: dict[str, int] = {}
    for mark in sorted((*_HEADING.finditer(text), *_FENCE.finditer(text)), key=lambda m: m.start()):
        if mark.re is _HEADING:
            if mark[1] == "##":
                section = []
            heading = mark[2]
            continue
        kind, refused, body = mark[1], bool(mark[2]), expanded(mark[3])
        if kind == "setup":
            (section if heading else whole).append(body)
        elif kind == "each":
            for line in filter(str.strip, mark[3].splitlines()):
                yield _line(f"{topic} > {heading}", (*whole, *section), line)
        else:
            numbers[heading] = numbers.get(heading, 0) + 1
            number = f" ({numbers[heading]})" if numbers[heading] > 1 else ""
            sql = body.removesuffix("\n")
            yield Case(f"{topic} > {heading}{number}", (*whole, *section), sql, (), kind == "migration", refused)
    if text.count("\n```sql") != len(_FENCE.findall(text)):
        raise CorpusError(f"{topic}.md: a fence of SQL that is not closed, or of no kind")


def _line(place: str, setup: tuple[str, ...], line: str) -> Case:
    name = line.removeprefix("! ")
    given = _PARAMETERS.fullmatch(name)
    sql, params = (given[1], json.loads(expanded(given[2]))) if given else (name, [])
    values = tuple(bytes.fromhex(value["blob"]) if isinstance(value, dict) else value for value in params)
    return Case(f"{place}: {name}", setup, expanded(sql), values, False, line.startswith("! "))


def expanded(text: str) -> str:
    """Repetitions and characters written out."""

    def repeated(match: re.Match[str]) -> str:
        piece, separator = (json.loads(part or '""') for part in match.groups()[1:])
        return str(separator).join(piece.replace("#", str(number)) for number in range(1, int(match[1]) + 1))

    return _CHARACTER.sub(lambda match: chr(int(match[1], 16)), _REPEAT.sub(repeated, text))


def encoded(value: Value) -> Any:
    """A parameter as JSON carries it."""
    return {"blob": value.hex()} if isinstance(value, bytes) else value
