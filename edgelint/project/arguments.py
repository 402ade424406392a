"""Statements whose values do not match their parameters, whatever way the code takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.platform import limits
from edgelint.syntax.sql import placeholders, statements, tokens

if TYPE_CHECKING:
    from edgelint.diagnostics import Span
    from edgelint.project.project import Project
    from edgelint.project.sql_text import SqlText
    from edgelint.project.statements import SqlStatement


class Miscounted(NamedTuple):
    """``given`` values for ``wanted`` parameters; ``text_span`` is where the text stands."""

    statement: SqlStatement
    given: int
    wanted: int
    text_span: Span | None


def counted(project: Project) -> Iterator[Miscounted]:
    """Statements with more or fewer values than parameters, each once.

    D1 wants as many values as ``sqlite3_bind_parameter_count`` says: the largest number of ``?1``, ``?2``
    (src/workerd/util/sqlite.c++: "Wrong number of parameter bindings").
    """
    seen: set[tuple[str, int, Span | None]] = set()
    for statement in project.statements:
        if statement.bind is None and statement.run is None:
            continue
        texts = [t for t in statement.texts if t.feasible]
        known = [t for t in texts if t.is_known and t.exact]
        wrong = [t for t in known if len(t.values) != parameters(t)]
        if any(_quoted(t) and len(t.values) > parameters(t) for t in wrong):
            continue  # sql/quoted-placeholder speaks of it
        if any(parameters(t) > limits.D1_MAX_BOUND_PARAMETERS for t in wrong):
            continue  # sql/too-many-parameters does
        if not wrong or (len(wrong) < len(texts) and not all(t.aligned for t in texts)):
            continue
        if statement.bind is None and len(wrong) < len(texts):
            continue
        first = wrong[0]
        place = statement.bind or statement.call.node
        span = first.span(0, len(first.text))
        key = (statement.file.path, place.start, span)
        if key not in seen:
            seen.add(key)
            yield Miscounted(statement, len(first.values), parameters(first), span)


def _quoted(text: SqlText) -> bool:
    """Whether a ``?`` stands between quotes, where it is no parameter."""
    return any(token.kind == "string" and "?" in token.text for token in tokens(text.text))


def parameters(text: SqlText) -> int:
    """How many values a text takes; of several statements the last one's."""
    listed = statements(text.text)
    if not listed:
        return 0
    last = text.text[listed[-1].start : listed[-1].end]
    return max((place.number for place in placeholders(last)), default=0)
