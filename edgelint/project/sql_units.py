"""SQL wherever it is written, code or file, as one thing: a text whose parts have places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from edgelint.project.sql_text import Chunk
from edgelint.syntax import tree
from edgelint.syntax.sql import HOLE

if TYPE_CHECKING:
    from edgelint.diagnostics import Span
    from edgelint.project.databases import SqlFile
    from edgelint.project.project import Project
    from edgelint.project.sql_text import SqlText
    from edgelint.project.statements import SqlStatement

MAX_TEXTS = 48
"""Alternatives of one statement that are looked at word by word: they differ little."""


class Unit(NamedTuple):
    """One text. In code, ``statement`` is what it is part of and ``body`` holds its arguments; else ``file`` is set."""

    text: str
    statement: SqlStatement | None
    body: SqlText | None
    file: SqlFile | None

    def span(self, start: int, end: int) -> Span | None:
        """Where the code points from ``start`` to ``end`` stand; None where nobody wrote them."""
        if self.file is not None:
            return self.file.span(start, end)
        return self.body.span(start, end) if self.body is not None else None

    def written(self, start: int, end: int) -> bytes | None:
        """The bytes that stand there."""
        span = self.span(start, end)
        if span is None:
            return None
        if self.file is not None:
            return self.file.source.data[span.start : span.end]
        if self.statement is not None:
            for file in {id(f): f for f in (self.statement.call.file, self.statement.file)}.values():
                if file.path == span.path:
                    return file.source.data[span.start : span.end]
        return None

    def takes_single_quotes(self, at: int) -> bool:
        """Whether a single quote can be written at a code point as it is: not inside of a literal in single quotes."""
        if self.file is not None:
            return True
        piece = self.body.body.piece(at) if self.body is not None else None
        if not isinstance(piece, Chunk) or piece.node is None or piece.file is None:
            return piece is not None and piece.node is None  # a .sql file that is imported
        outer = piece.node.parent if isinstance(piece.node.parent, tree.Template) else piece.node
        written = piece.file.source.data[outer.start : outer.start + 6].lstrip(b"rRbBuUfFtT")
        return written[:1] in (b'"', b"`")

    @property
    def is_known(self) -> bool:
        """Whether no part of it is a hole."""
        return HOLE not in self.text

    @property
    def is_d1(self) -> bool:
        """Whether it is for D1, not for the SQL of a Durable Object."""
        return self.statement is None or self.statement.call.kind != "do-sql"


def code_units(project: Project) -> Iterator[Unit]:
    """Every text of every statement in code."""
    for statement in project.statements:
        if project.shows(statement.call.file.path) or project.shows(statement.file.path):
            for body in statement.texts[:MAX_TEXTS]:
                if body.feasible:
                    yield Unit(body.text, statement, body, None)


def file_units(project: Project) -> Iterator[Unit]:
    """Every .sql file that shapes a database."""
    for path, file in project.databases_found.files.items():
        if project.shows(path):
            yield Unit(file.text, None, None, file)


class _Piece(Protocol):
    """A piece of a text, in code points."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


P = TypeVar("P", bound=_Piece)


def pieces(units: Iterable[Unit], find: Callable[[str], Iterable[P]]) -> Iterator[tuple[Unit, P, Span]]:
    """What ``find`` finds in each text that somebody wrote, with its place."""
    for unit in units:
        for piece in find(unit.text):
            span = unit.span(piece.start, piece.end)
            if span is not None:
                yield unit, piece, span
