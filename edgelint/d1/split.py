"""A text of SQL into its statements: as SQLite divides it, and as wrangler treats a file before it sends it."""

from __future__ import annotations

import re
from typing import NamedTuple

from edgelint.d1.errors import D1Error
from edgelint.syntax import sql as tokens

_BEGIN = "BEGIN TRANSACTION"
_SEVERAL = "Wrangler could not process the provided SQL file, as it contains several transactions."


class Statement(NamedTuple):
    """One statement without its ``;`` and without comments around it; code points of the text given."""

    text: str
    start: int
    end: int


def split(sql: str) -> list[Statement]:
    """The statements of ``sql`` as SQLite divides it; those inside a CREATE TRIGGER belong to it. Never raises."""
    return [Statement(sql[found.start : found.end], found.start, found.end) for found in tokens.statements(sql)]


def migration(sql: str) -> str:
    """The text of a file as wrangler sends it: the first ``BEGIN TRANSACTION;`` and the first ``COMMIT;`` are blanked
    (by spaces, so that offsets stay). Raises D1Error where wrangler refuses the file: more than one transaction.

    workers-sdk: packages/wrangler/src/d1/trimmer.ts, seen 2026-11-25. Case and single spaces count: ``begin
    transaction;`` is not stripped, and D1 then refuses the statement.
    """
    if _BEGIN not in sql:
        return sql
    trimmed = _blank(_blank(sql, _BEGIN + ";"), "COMMIT;")
    left = trimmed.find(_BEGIN)
    if left >= 0:
        raise D1Error(_SEVERAL, "WRANGLER", _BEGIN, left, left)
    return trimmed


def _blank(sql: str, word: str) -> str:
    return sql.replace(word, " " * len(word), 1)


def cuts(sql: str) -> list[int]:
    """Where ``wrangler d1 migrations apply --local`` divides ``sql`` inside a statement: the places of those ``;``.

    wrangler divides by a reading of its own (packages/wrangler/src/d1/splitter.ts, seen 2026-11-25) that counts BEGIN,
    CASE and END as words between spaces: ``(CASE WHEN a THEN b END )`` in a trigger ends the trigger for it, and SQLite
    then says "incomplete input". Never raises.
    """
    if ";" not in sql.rstrip()[:-1]:
        return []
    inside = [(statement.start, statement.end) for statement in tokens.statements(sql)]
    return [place for place in _divisions(sql) if any(start < place < end for start, end in inside)]


_STARTS = re.compile(r"\s(?:BEGIN|CASE)\s\Z", re.I)
_ENDS = re.compile(r"\sEND[;\s]\Z", re.I)
_LONGEST = len(" BEGIN ")


def _divisions(sql: str) -> list[int]:
    """The places of every ``;`` that wrangler divides at."""
    found: list[int] = []
    tail, depth, at = "", 0, 0  # ``tail``: the end of what it has read of the statement, without comments
    while at < len(sql):
        char = sql[at]
        if depth and _ENDS.search(tail + char):
            depth -= 1
        end = at + 1
        if char in "'\"`":
            end = _after(sql, char, end)
        elif char == "$":
            while end < len(sql) and (sql[end] in "0123456789_" or sql[end].lower() != sql[end].upper()):
                end += 1
            end += 1
            if sql[end - 1 : end] == "$":
                end = _after(sql, sql[at:end], end)
        elif sql.startswith("--", at):
            end = _after(sql, "\n", end + 1)
            tail, at = (tail + "\n")[-_LONGEST:], end
            depth += _STARTS.search(tail) is not None
            continue
        elif sql.startswith("/*", at):
            at = _after(sql, "*/", end + 1)
            depth += _STARTS.search(tail) is not None
            continue
        if char == ";" and depth == 0:
            found.append(at)
            tail, at = "", end
            continue
        tail, at = (tail + sql[at:end])[-_LONGEST:], end
        if char not in "-/":
            depth += _STARTS.search(tail) is not None
    return found


def _after(sql: str, mark: str, start: int) -> int:
    place = sql.find(mark, start)
    return len(sql) if place < 0 else place + len(mark)
