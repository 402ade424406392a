"""The one exception of this package."""

from __future__ import annotations


class D1Error(Exception):
    """One refusal, in SQLite's or workerd's own words.

    ``message`` has no code in it ("no such column: nmae"), ``code`` is SQLite's name of it, extended where SQLite has
    one: SQLITE_ERROR, SQLITE_AUTH, SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_TOOBIG; SQLITE_INTERRUPT is the step limit.
    ``statement`` is the statement's text and ``start`` where it begins in the text that was given; ``offset`` is where
    in that text the mistake is, None when SQLite does not say. Both count code points.
    """

    __slots__ = ("message", "code", "statement", "start", "offset")

    def __init__(self, message: str, code: str, statement: str = "", start: int = 0, offset: int | None = None) -> None:
        super().__init__(message, code, statement, start, offset)
        self.message = message
        self.code = code
        self.statement = statement
        self.start = start
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.message}: {self.code}"
