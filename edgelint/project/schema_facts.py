"""What is odd in the schema of a database, asked of SQLite rather than read from the text.

Every question is put to the database that the migrations leave, or to a copy of it; none changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from edgelint.syntax.ddl import quoted

if TYPE_CHECKING:
    from edgelint.d1.engine import Database
    from edgelint.d1.errors import D1Error
    from edgelint.d1.plans import PlanStep
    from edgelint.d1.schema import ForeignKey, Index, Table


class BrokenKey(NamedTuple):
    """A foreign key that makes every INSERT into ``table`` fail, and what SQLite says then."""

    table: Table
    key: ForeignKey
    error: D1Error


class Redundant(NamedTuple):
    """An index that finds nothing that ``by`` does not find."""

    table: Table
    needless: Index
    by: Index


def unindexed_keys(database: Database, tables: Iterable[Table]) -> Iterator[tuple[Table, ForeignKey]]:
    """Foreign keys whose children SQLite can only find by reading the whole table."""
    from edgelint.d1.errors import D1Error

    for table in tables:
        for key in table.foreign_keys:
            tests = " AND ".join(f"{quoted(column)} = ?" for column in key.columns)
            try:
                plan = database.plan(f"SELECT 1 FROM {quoted(table.name)} WHERE {tests}")
            except D1Error:
                continue
            if any(step.scans for step in plan):
                yield table, key


def broken_keys(database: Database, tables: Iterable[Table]) -> Iterator[BrokenKey]:
    """Foreign keys that SQLite refuses when a row is written: each tried on a table of its own, which has no other."""
    from edgelint.d1.errors import D1Error

    for table in tables:
        for key in table.foreign_keys:
            copy = database.clone()
            try:
                _alone(copy, key)
                copy.prepare("INSERT INTO edgelint_child DEFAULT VALUES")
            except D1Error as error:
                if "mismatch" in error.message or "no such table" in error.message:
                    yield BrokenKey(table, key, error)
            finally:
                copy.close()


def _alone(database: Database, key: ForeignKey) -> None:
    """Make a table that has just this key."""
    columns = ", ".join(quoted(column) for column in key.columns)
    target = ", ".join(quoted(column) for column in key.target_columns or ())
    references = f"REFERENCES {quoted(key.table)}" + (f" ({target})" if target else "")
    database.execute(f"CREATE TABLE edgelint_child ({columns}, FOREIGN KEY ({columns}) {references})")


def redundant_indexes(
    database: Database, tables: Iterable[Table], statements: Iterable[str]
) -> Iterator[Redundant]:
    """Indexes that another one makes needless, for all that ``statements`` (texts that SQLite takes) do."""
    texts = list(statements)
    plans: dict[str, tuple[PlanStep, ...]] = {}
    for table in tables:
        for index in table.indexes:
            if index.origin != "c" or index.partial or None in index.columns:
                continue
            for other in table.indexes:
                if other is index or not _covers(database, other, index):
                    continue
                if not _is_needed(database, index, texts, plans):
                    yield Redundant(table, index, other)
                    break


def _covers(database: Database, other: Index, index: Index) -> bool:
    """Whether ``other`` finds whatever ``index`` finds, and is as strict as it."""
    if other.partial or len(other.columns) < len(index.columns):
        return False
    own, more = _terms(database, index), _terms(database, other)
    if more[: len(own)] != own:
        return False
    same = len(own) == len(more)
    if index.unique and not (same and other.unique):
        return False
    # Of two that are the same, the one that a constraint makes stays; else the first.
    return not same or other.origin != "c" or (other.unique and not index.unique) or _earlier(other, index)


def _earlier(other: Index, index: Index) -> bool:
    return other.name < index.name


def _terms(database: Database, index: Index) -> list[tuple[object, ...]]:
    """(column, descending, collation) of each term that is a column or an expression of the index itself."""
    with database.hidden():
        rows = database.execute(f"PRAGMA index_xinfo({quoted(index.name)})").rows
    return [
        (row[2] if row[2] is not None else f"an expression of {index.name}", *row[3:5]) for row in rows if row[5]
    ]


def _is_needed(
    database: Database, index: Index, statements: list[str], plans: dict[str, tuple[PlanStep, ...]]
) -> bool:
    """Whether a statement would read or sort more without the index. ``plans`` keeps what is planned with it.

    SQLite plans a statement that does not use an index the same when it is gone: one choice fewer, and not the best.
    """
    from edgelint.d1.errors import D1Error
    from edgelint.d1.plans import cost

    using = [text for text in statements if any(index.name in step.detail for step in _plan(database, text, plans))]
    if not using:
        return False
    without = database.clone()
    try:
        without.execute(f"DROP INDEX {quoted(index.name)}")
        for text in using:
            try:
                after = without.plan(text)
            except D1Error:
                continue
            if cost(after) > cost(plans[text]):
                return True
    finally:
        without.close()
    return False


def _plan(database: Database, text: str, plans: dict[str, tuple[PlanStep, ...]]) -> tuple[PlanStep, ...]:
    """The plan of a statement, kept in ``plans``; empty when SQLite refuses it."""
    from edgelint.d1.errors import D1Error

    found = plans.get(text)
    if found is None:
        try:
            found = database.plan(text)
        except D1Error:
            found = ()
        plans[text] = found
    return found
