"""A text of SQL into its statements: as SQLite divides it, and as wrangler treats a file before it sends it."""

from __future__ import annotations

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
