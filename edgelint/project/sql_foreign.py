"""What other databases' SQL has and SQLite has not: found by its words, confirmed by SQLite's refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from edgelint.project.sql_words import called, refusal, scratch
from edgelint.syntax.sql import Token, statements, tokens

# Functions of PostgreSQL, MySQL and SQL Server that people bring along, with what SQLite has in their place
# (https://www.sqlite.org/lang_corefunc.html, lang_datefunc.html, json1.html). A text in brackets is exact: the call
# without arguments may be replaced by it.
_FUNCTIONS = {
    "now": "CURRENT_TIMESTAMP", "getdate": "CURRENT_TIMESTAMP", "sysdate": "CURRENT_TIMESTAMP",
    "curdate": "CURRENT_DATE", "curtime": "CURRENT_TIME", "utc_timestamp": "CURRENT_TIMESTAMP",
    "unix_timestamp": "unixepoch()", "from_unixtime": "datetime(x, 'unixepoch')",
    "to_timestamp": "datetime(x, 'unixepoch')",
    "date_trunc": "strftime()", "date_format": "strftime()", "to_char": "strftime()", "to_date": "date()",
    "date_part": "strftime()", "date_add": "datetime(x, '+1 day')", "date_sub": "datetime(x, '-1 day')",
    "dateadd": "datetime(x, '+1 day')", "datediff": "julianday(a) - julianday(b)", "age": "timediff()",
    "year": "strftime('%Y', x)", "month": "strftime('%m', x)", "day": "strftime('%d', x)",
    "greatest": "max(a, b)", "least": "min(a, b)",
    "gen_random_uuid": "crypto.randomUUID(), bound", "uuid_generate_v4": "crypto.randomUUID(), bound",
    "uuid": "crypto.randomUUID(), bound", "newid": "crypto.randomUUID(), bound", "rand": "random()",
    "char_length": "length()", "character_length": "length()", "len": "length()", "strpos": "instr()",
    "position": "instr()", "locate": "instr()", "charindex": "instr()", "left": "substr(x, 1, n)",
    "right": "substr(x, -n)", "lpad": "printf()", "rpad": "printf()", "repeat": "replace(hex(zeroblob(n)), '00', x)",
    "regexp_replace": "code outside of the SQL", "regexp_matches": "code outside of the SQL",
    "split_part": "json_each() or code outside of the SQL", "string_to_array": "json_each()",
    "unnest": "json_each()",
    "array_agg": "json_group_array()", "json_agg": "json_group_array()", "jsonb_agg": "json_group_array()",
    "json_build_object": "json_object()", "jsonb_build_object": "json_object()",
    "to_json": "json()", "to_jsonb": "jsonb()",
    "json_arrayagg": "json_group_array()", "json_objectagg": "json_group_object()",
    "row_to_json": "json_object()",
    "jsonb_array_elements": "json_each()", "json_array_elements": "json_each()", "isnull": "ifnull()",
    "nvl": "ifnull()",
    "md5": "crypto.subtle outside of the SQL", "sha1": "crypto.subtle outside of the SQL",
    "nextval": "INTEGER PRIMARY KEY", "currval": "last_insert_rowid()", "lastval": "last_insert_rowid()",
    "last_insert_id": "last_insert_rowid()", "scope_identity": "last_insert_rowid()",
    "generate_series": "a recursive WITH",
    "database": "nothing: there is one", "bool_and": "min()", "bool_or": "max()", "any_value": "max()",
}  # fmt: skip
_EXACT = ("CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "unixepoch()")


# What one of the patterns below begins with: most statements have none of it, and SQLite need not be asked.
_LIKELY = re.compile(
    r"::|\b(?:ILIKE|FOR|DUPLICATE|TRUNCATE|IGNORE|SHOW|DESCRIBE|DESC|USE|CALL|GRANT|MERGE|COPY|INTERVAL|DISTINCT|ANY|ARRAY"
    r"|FETCH|TOP|RLIKE|SIMILAR|EXTRACT)\b", re.I,
)


class Foreign(NamedTuple):
    """Words of another dialect. ``instead`` says what SQLite has; ``edit`` is what may be written in their place
    without changing what is meant, from ``edit_start`` to ``edit_end``, None where that is not so simple."""

    start: int
    end: int
    message: str
    instead: str
    edit: str | None = None
    edit_start: int = 0
    edit_end: int = 0


def foreign(text: str) -> Iterator[Foreign]:
    """The words of other dialects in ``text``, of the statements that SQLite does not take."""
    for statement in statements(text):
        whole = text[statement.start : statement.end]
        error = _refused(whole) if _LIKELY.search(whole) else None
        if error is None:
            continue
        listed = [t._replace(start=t.start + statement.start, end=t.end + statement.start) for t in tokens(whole)]
        syntax = any(words in error for words in ("syntax error", "unrecognized token", "incomplete input"))
        for position in range(len(listed)):
            # To SQLite, INTERVAL '1 day' is a column with an alias.
            for pattern in _PATTERNS if syntax else (_interval,):
                found = pattern(listed, position)
                if found is not None:
                    yield found
                    break
    yield from _functions(text)


def _refused(sql: str) -> str | None:
    """What SQLite says to a statement on an empty database; None when it takes it."""
    from edgelint.d1.errors import D1Error

    try:
        scratch().prepare(sql)
    except D1Error as error:
        return error.message
    return None


def is_foreign_function(name: str) -> bool:
    """Whether another database has a function of this name (in lower case) and SQLite has not."""
    return name in _FUNCTIONS


def _functions(text: str) -> Iterator[Foreign]:
    row = list(tokens(text))
    listed = {token.start: index for index, token in enumerate(row)}
    for call in called(text):
        instead = _FUNCTIONS.get(call.text)
        if instead is None or refusal(call.text, call.what == "table") is None:
            continue
        at = listed[call.start]
        empty = [t.text for t in row[at + 1 : at + 3]] == ["(", ")"]
        edit = instead if empty and instead in _EXACT else None
        end = row[at + 2].end if empty else call.end
        yield Foreign(call.start, call.end, f"SQLite has no {call.text}()", instead, edit, call.start, end)


# -- words ------------------------------------------------------------------------------------------------------------

_Pattern = Callable[[Sequence[Token], int], "Foreign | None"]


def _word(row: Sequence[Token], position: int) -> str:
    return row[position].upper if 0 <= position < len(row) else ""


def _text(row: Sequence[Token], position: int) -> str:
    return row[position].text if 0 <= position < len(row) else ""


def _ilike(row: Sequence[Token], at: int) -> Foreign | None:
    if _word(row, at) != "ILIKE":
        return None
    token = row[at]
    return Foreign(
        token.start, token.end, "SQLite has no ILIKE", "LIKE, which takes a for A (of ASCII) by itself", "LIKE",
        token.start, token.end,
    )


def _cast(row: Sequence[Token], at: int) -> Foreign | None:
    if _text(row, at) != "::" or at + 1 >= len(row) or row[at + 1].kind not in ("word", "quoted"):
        return None
    return Foreign(row[at].start, row[at + 1].end, "SQLite has no :: casts", f"CAST(... AS {row[at + 1].text})")


def _locking(row: Sequence[Token], at: int) -> Foreign | None:
    if _word(row, at) != "FOR" or _word(row, at + 1) not in ("UPDATE", "SHARE"):
        return None
    return Foreign(
        row[at].start, row[at + 1].end, f"SQLite has no FOR {row[at + 1].upper}",
        "nothing: a batch is one transaction, and there is one writer at a time",
    )


def _duplicate_key(row: Sequence[Token], at: int) -> Foreign | None:
    if [_word(row, at + i) for i in range(3)] != ["ON", "DUPLICATE", "KEY"]:
        return None
    end = row[at + 3].end if _word(row, at + 3) == "UPDATE" else row[at + 2].end
    return Foreign(row[at].start, end, "SQLite has no ON DUPLICATE KEY", "ON CONFLICT (...) DO UPDATE SET ...")


def _truncate(row: Sequence[Token], at: int) -> Foreign | None:
    if at != 0 or _word(row, 0) != "TRUNCATE":
        return None
    last = 1 if _word(row, 1) == "TABLE" else 0
    return Foreign(
        row[0].start, row[last].end, "SQLite has no TRUNCATE", "DELETE FROM", "DELETE FROM", row[0].start, row[last].end
    )


def _ignore(row: Sequence[Token], at: int) -> Foreign | None:
    if at != 0 or _word(row, 0) not in ("INSERT", "UPDATE") or _word(row, 1) != "IGNORE":
        return None
    verb = row[0].upper
    return Foreign(
        row[0].start, row[1].end, f"SQLite has no {verb} IGNORE", f"{verb} OR IGNORE", f"{verb} OR IGNORE",
        row[0].start, row[1].end,
    )


def _opening(row: Sequence[Token], at: int) -> Foreign | None:
    if at != 0 or _word(row, 0) not in ("SHOW", "DESCRIBE", "DESC", "USE", "CALL", "GRANT", "MERGE", "COPY"):
        return None
    known = {"SHOW": "SELECT name FROM sqlite_schema", "DESCRIBE": "PRAGMA table_info(...)", "MERGE": "ON CONFLICT"}
    instead = known.get(_word(row, 0), "nothing of the kind")
    return Foreign(row[0].start, row[0].end, f"SQLite has no {row[0].upper}", instead)


def _interval(row: Sequence[Token], at: int) -> Foreign | None:
    if _word(row, at) != "INTERVAL" or at + 1 >= len(row) or row[at + 1].kind not in ("string", "number", "parameter"):
        return None
    return Foreign(row[at].start, row[at + 1].end, "SQLite has no INTERVAL", "datetime('now', '-1 day')")


def _distinct_on(row: Sequence[Token], at: int) -> Foreign | None:
    if _word(row, at) != "DISTINCT" or _word(row, at + 1) != "ON":
        return None
    return Foreign(row[at].start, row[at + 1].end, "SQLite has no DISTINCT ON", "GROUP BY, or row_number() OVER (...)")


def _any(row: Sequence[Token], at: int) -> Foreign | None:
    if _word(row, at) not in ("ANY", "ARRAY") or _text(row, at + 1) not in ("(", "["):
        return None
    return Foreign(row[at].start, row[at].end, "SQLite has no arrays", "IN (SELECT value FROM json_each(?))")


def _fetch(row: Sequence[Token], at: int) -> Foreign | None:
    if _word(row, at) == "FETCH" and _word(row, at + 1) in ("FIRST", "NEXT"):
        return Foreign(row[at].start, row[at + 1].end, "SQLite has no FETCH FIRST", "LIMIT")
    if [_word(row, at - 1), _word(row, at)] == ["SELECT", "TOP"] and at + 1 < len(row) and row[at + 1].kind == "number":
        return Foreign(row[at].start, row[at + 1].end, "SQLite has no TOP", "LIMIT at the end")
    return None


def _matching(row: Sequence[Token], at: int) -> Foreign | None:
    if _word(row, at) in ("RLIKE", "SIMILAR"):
        return Foreign(row[at].start, row[at].end, f"SQLite has no {row[at].upper}", "LIKE or GLOB")
    if _word(row, at) == "EXTRACT" and _text(row, at + 1) == "(" and _word(row, at + 3) == "FROM":
        return Foreign(row[at].start, row[at].end, "SQLite has no EXTRACT", "strftime()")
    return None


_PATTERNS: tuple[_Pattern, ...] = (
    _ilike, _cast, _locking, _duplicate_key, _truncate, _ignore, _opening, _interval, _distinct_on, _any, _fetch,
    _matching,
)
