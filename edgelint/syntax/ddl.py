"""Where definitions stand in SQL: tables with their columns and keys, indexes, what is altered and dropped.

What SQLite makes of a schema is asked of SQLite itself; this says where each part of it was written. Read from tokens,
so that it works on any text: what does not look like a definition is left out. All offsets are code points of the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from edgelint.syntax.sql import Token, statements, tokens

# What ends the name of a column's type (https://www.sqlite.org/syntax/column-constraint.html).
_AFTER_TYPE = frozenset(
    ("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS")
)
# What begins a constraint of the table rather than a column (https://www.sqlite.org/syntax/table-constraint.html).
_TABLE_CONSTRAINT = frozenset(("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"))


class Place(NamedTuple):
    """A piece of the text: ``text`` is what is meant (a name without its quotes), ``start`` and ``end`` where it is."""

    text: str
    start: int
    end: int


class Key(NamedTuple):
    """A foreign key: ``start`` to ``end`` is its REFERENCES clause with its actions. ``columns`` are the child's."""

    columns: tuple[str, ...]
    table: Place
    target: tuple[str, ...]
    start: int
    end: int


class ColumnDef(NamedTuple):
    """A column: ``type`` is None when none is written; ``start`` to ``end`` is the whole definition.

    ``constraints`` is where the text after the type begins; ``primary`` where the words PRIMARY KEY stand, if they do.
    """

    name: Place
    type: Place | None
    start: int
    end: int
    constraints: int
    primary: Place | None
    key: Key | None


class CreateTable(NamedTuple):
    """``CREATE TABLE``. ``columns`` is empty for ``CREATE TABLE ... AS SELECT`` and virtual tables.

    ``close`` is where the bracket after the columns stands (-1 without columns).
    """

    name: Place
    columns: tuple[ColumnDef, ...]
    keys: tuple[Key, ...]
    primary: Place | None
    virtual: bool
    temporary: bool
    close: int
    start: int
    end: int

    def column(self, name: str) -> ColumnDef | None:
        """The column of this name, as SQLite compares names."""
        return next((column for column in self.columns if column.name.text.lower() == name.lower()), None)


class CreateIndex(NamedTuple):
    """``CREATE INDEX``. ``terms`` are the indexed columns and expressions as written."""

    name: Place
    table: Place
    terms: tuple[Place, ...]
    unique: bool
    partial: bool
    start: int
    end: int


class AlterTable(NamedTuple):
    """``ALTER TABLE``. ``action``: "add" (with ``column``), "drop", "rename-column", "rename" (the table) or "other".

    ``subject`` is the column that is dropped or renamed; ``new`` the new name.
    """

    table: Place
    action: str
    column: ColumnDef | None
    subject: Place | None
    new: Place | None
    start: int
    end: int


class Drop(NamedTuple):
    """``DROP TABLE``, ``INDEX``, ``VIEW`` or ``TRIGGER``; ``kind`` in lower case."""

    kind: str
    name: Place
    start: int
    end: int


Definition = CreateTable | CreateIndex | AlterTable | Drop


def definitions(sql: str) -> list[Definition]:
    """The definitions in ``sql``, in order. Never raises."""
    found: list[Definition] = []
    for statement in statements(sql):
        if statement.verb in ("CREATE", "ALTER", "DROP"):
            text = sql[statement.start : statement.end]
            listed = [t._replace(start=t.start + statement.start, end=t.end + statement.start) for t in tokens(text)]
            made = _Reader(listed, statement.end).definition()
            if made is not None:
                found.append(made)
    return found


def unquoted(token: str) -> str:
    """A name without its quotes, of whichever kind."""
    quote = token[:1]
    if quote not in ('"', "`", "[", "'"):
        return token
    close = "]" if quote == "[" else quote
    inner = token[1:-1] if len(token) > 1 and token.endswith(close) else token[1:]
    return inner if quote == "[" else inner.replace(close * 2, close)


def quoted(name: str) -> str:
    """A name in SQL's quotes: what ``unquoted`` takes off."""
    return '"' + name.replace('"', '""') + '"'


class _Reader:
    """A cursor over the tokens of one statement. ``end`` is where the statement ends."""

    def __init__(self, listed: Sequence[Token], end: int) -> None:
        self.tokens = listed
        self.at = 0
        self.start = listed[0].start
        self.end = end

    def word(self, ahead: int = 0) -> str:
        """The keyword ``ahead`` tokens further, in capitals; "" when there is none."""
        position = self.at + ahead
        return self.tokens[position].upper if position < len(self.tokens) else ""

    def mark(self) -> str:
        """The token's text here; "" at the end."""
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def take(self, *words: str) -> bool:
        """Step over these keywords, if they all stand here."""
        if all(self.word(i) == word for i, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def name(self) -> Place | None:
        """A name, qualified or not: the last part."""
        part = self._part()
        while part is not None and self.mark() == ".":
            self.at += 1
            part = self._part()
        return part

    def _part(self) -> Place | None:
        if self.at >= len(self.tokens) or self.tokens[self.at].kind not in ("word", "quoted", "string"):
            return None
        token = self.tokens[self.at]
        self.at += 1
        return Place(unquoted(token.text), token.start, token.end)

    def group(self) -> list[list[Token]]:
        """The comma-separated items of the bracket that opens here, and steps behind it; none when none opens."""
        if self.mark() != "(":
            return []
        self.at += 1
        depth, items = 0, [list[Token]()]
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.text == "(" and token.kind == "mark":
                depth += 1
            elif token.text == ")" and token.kind == "mark":
                if depth == 0:
                    break
                depth -= 1
            elif token.text == "," and token.kind == "mark" and depth == 0:
                items.append([])
                continue
            items[-1].append(token)
        return [item for item in items if item]

    # -- statements ----------------------------------------------------------------------------------------------------

    def definition(self) -> Definition | None:
        if self.take("ALTER", "TABLE"):
            return self.alter()
        if self.take("DROP"):
            return self.drop()
        self.take("CREATE")
        temporary = self.take("TEMP") or self.take("TEMPORARY")
        if self.take("VIRTUAL", "TABLE"):
            return self.table(temporary, virtual=True)
        if self.take("TABLE"):
            return self.table(temporary, virtual=False)
        unique = self.take("UNIQUE")
        return self.index(unique) if self.take("INDEX") else None

    def table(self, temporary: bool, virtual: bool) -> CreateTable | None:
        self.take("IF", "NOT", "EXISTS")
        name = self.name()
        if name is None:
            return None
        columns: list[ColumnDef] = []
        keys: list[Key] = []
        primary: Place | None = None
        close = -1
        if not virtual and self.mark() == "(":
            for item in self.group():
                if item[0].upper in _TABLE_CONSTRAINT:
                    reader = _Reader(item, item[-1].end)
                    keys += reader.table_keys()
                    primary = primary or _primary(item)
                else:
                    column = _column(item)
                    if column is not None:
                        columns.append(column)
            close = self.tokens[self.at - 1].start
        keys = [column.key for column in columns if column.key is not None] + keys
        return CreateTable(
            name, tuple(columns), tuple(keys), primary, virtual, temporary, close, self.start, self.end
        )

    def table_keys(self) -> Iterator[Key]:
        """The foreign key of a table constraint."""
        if self.take("CONSTRAINT"):
            self.name()
        if self.take("FOREIGN", "KEY"):
            columns = tuple(unquoted(item[0].text) for item in self.group())
            key = self.references(columns)
            if key is not None:
                yield key

    def references(self, columns: tuple[str, ...]) -> Key | None:
        """The REFERENCES clause that begins here."""
        begin = self.tokens[self.at].start if self.at < len(self.tokens) else self.end
        if not self.take("REFERENCES"):
            return None
        table = self.name()
        if table is None:
            return None
        target = tuple(unquoted(item[0].text) for item in self.group())
        while (step := self._action()) > 0:
            self.at = min(self.at + step, len(self.tokens))
        return Key(columns, table, target, begin, self.tokens[self.at - 1].end)

    def _action(self) -> int:
        """How many tokens the part of a REFERENCES clause has that stands here."""
        if self.word() == "ON" and self.word(1) in ("DELETE", "UPDATE"):
            return 4 if self.word(2) in ("SET", "NO") else 3
        if self.word() == "MATCH":
            return 2
        deferrable = 1 if self.word() == "NOT" else 0
        if self.word(deferrable) == "DEFERRABLE":
            return deferrable + (3 if self.word(deferrable + 1) == "INITIALLY" else 1)
        return 0

    def index(self, unique: bool) -> CreateIndex | None:
        self.take("IF", "NOT", "EXISTS")
        name = self.name()
        table = self.name() if self.take("ON") else None
        if name is None or table is None:
            return None
        terms = tuple(
            Place(unquoted(item[0].text) if len(item) == 1 else "", item[0].start, item[-1].end)
            for item in self.group()
        )
        return CreateIndex(name, table, terms, unique, self.word() == "WHERE", self.start, self.end)

    def alter(self) -> AlterTable | None:
        table = self.name()
        if table is None:
            return None
        action, column, subject, new = "other", None, None, None
        if self.take("ADD"):
            self.take("COLUMN")
            column = _column(self.tokens[self.at :])
            action = "add"
        elif self.take("DROP"):
            self.take("COLUMN")
            action, subject = "drop", self.name()
        elif self.take("RENAME", "TO"):
            action, new = "rename", self.name()
        elif self.take("RENAME"):
            self.take("COLUMN")
            action, subject = "rename-column", self.name()
            new = self.name() if self.take("TO") else None
        return AlterTable(table, action, column, subject, new, self.start, self.end)

    def drop(self) -> Drop | None:
        kind = self.word().lower()
        if kind not in ("table", "index", "view", "trigger"):
            return None
        self.at += 1
        self.take("IF", "EXISTS")
        name = self.name()
        return Drop(kind, name, self.start, self.end) if name is not None else None


def _column(item: Sequence[Token]) -> ColumnDef | None:
    """The column that the tokens define."""
    if not item:
        return None
    reader = _Reader(item, item[-1].end)
    name = reader._part()
    if name is None:
        return None
    begin = reader.at
    while reader.at < len(item) and item[reader.at].upper not in _AFTER_TYPE:
        if item[reader.at].text == "(":
            reader.group()
        else:
            reader.at += 1
    typed = item[begin : reader.at]
    type = Place(_written(typed), typed[0].start, typed[-1].end) if typed else None
    constraints = item[reader.at].start if reader.at < len(item) else item[-1].end
    key = None
    while reader.at < len(item) and key is None:
        if reader.word() == "REFERENCES":
            key = reader.references((name.text,))
        elif reader.mark() == "(":
            reader.group()
        else:
            reader.at += 1
    return ColumnDef(name, type, name.start, item[-1].end, constraints, _primary(item), key)


def _written(typed: Sequence[Token]) -> str:
    """A type as SQLite tells it: its words with one blank between, brackets close behind."""
    words = ""
    for token in typed:
        glue = "" if not words or token.text in ("(", ")", ",") or words.endswith(("(", ",")) else " "
        words += glue + (unquoted(token.text) if token.kind == "quoted" else token.text)
    return words


def _primary(item: Sequence[Token]) -> Place | None:
    """Where PRIMARY KEY stands among the tokens."""
    for first, second in pairwise(item):
        if first.upper == "PRIMARY" and second.upper == "KEY":
            return Place("PRIMARY KEY", first.start, second.end)
    return None
