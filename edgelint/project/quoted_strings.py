"""Strings in double quotes: names to SQL, which SQLite takes for text where there is no such column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edgelint.project.sql_words import Word
from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import tokens

if TYPE_CHECKING:
    from edgelint.d1.engine import Database

MAX = 40
"""Strings of one statement that are looked for."""


def quoted_strings(sql: str, ask: Callable[[str], object]) -> Iterator[Word]:
    """The names in double quotes of one statement that are taken for strings; ``what`` is the text as it should be.

    ``ask`` prepares or runs the statement on a database that takes none for a string, and raises D1Error.
    """
    from edgelint.d1.errors import D1Error

    text = sql
    for _ in range(MAX):
        try:
            ask(text)
        except D1Error as error:
            found = _at(text, error.offset) if "single-quotes" in error.message else None
            if found is None:
                return
            inner = unquoted(found.text)
            yield Word(found.text, found.start, found.end, "'" + inner.replace("'", "''") + "'")
            # of the same length, so that places stay true
            text = text[: found.start] + "'" + "x" * (len(found.text) - 2) + "'" + text[found.end :]
        else:
            return


def _at(sql: str, offset: int | None) -> Word | None:
    if offset is None:
        return None
    for token in tokens(sql):
        if token.start <= offset < token.end and token.text[:1] == '"' and len(token.text) > 1:
            return Word(token.text, token.start, token.end)
    return None


def in_files(database: Database, sql: str) -> Iterator[Word]:
    """The same, of every statement of a file that is run on ``database``, one after the other."""
    from edgelint.d1.errors import D1Error
    from edgelint.syntax.sql import statements

    for statement in statements(sql):
        whole = sql[statement.start : statement.end]
        if '"' in whole:
            exact = database.without_quoted_strings()
            try:
                for word in quoted_strings(whole, exact.execute):
                    yield word._replace(start=word.start + statement.start, end=word.end + statement.start)
            finally:
                exact.close()
        try:
            database.execute(whole)
        except D1Error:
            continue
