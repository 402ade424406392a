"""How many rows a statement read and wrote, as D1 would count them: modelled.

Production counts in a SQLite of its own making: every step of a cursor is a row read, every entry put into a table or
an index a row written (https://github.com/cloudflare/workerd/blob/main/patches/sqlite/0001-row-counts-plain.patch).
A plain SQLite counts only the steps of full scans. The rest is made from the plan and from what came out:

- a scan: its steps (SQLite counts them), one for its start; ``count(*)`` of a table: the rows of the table;
- a lookup by a key or an index: one, for each row of what stands above it in the plan, and where more than one may
  match one more for each of them. How many matched is what came out; for a statement with no other access it is also
  worked out from the steps of SQLite's machine and the length of the loop in the program;
- a sort, a DISTINCT or a GROUP BY that sorts: what was read, once more;
- a write: the rows changed, and for each of them the entries of the indexes that change with it; AUTOINCREMENT reads
  and writes its sequence.

Where it is wrong: lookups inside of joins whose rows are filtered or counted instead of given (too few), sorts of rows
that were filtered first (too many), joins of more than two tables, OR and IN over indexes, recursion, subqueries, FTS5,
foreign keys that are looked up, and writes of triggers and cascades into tables with other indexes (the mean of all
tables is taken). ``tests/testing/bindings/test_d1_rows.py`` has the statements that apps run most, beside Miniflare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from edgelint.d1.plans import Access, Read


class Table(NamedTuple):
    """A table that is written: its indexes as sets of columns in lower case (an empty set: of an expression), whether
    it is AUTOINCREMENT."""

    indexes: tuple[frozenset[str], ...]
    autoincrement: bool


def rows_read(
    reads: Sequence[Read], steps: int, produced: int, count: Callable[[str], int], loop: Callable[[], int], sorts: int,
    counts: bool,
) -> int:  # fmt: skip
    """Rows read by a statement. ``reads``: the accesses of its plan; ``steps``: SQLite's full scan steps; ``produced``:
    rows that came out (or were changed); ``count``: the rows of a table; ``loop``: how often the program's one loop
    ran; ``sorts``: sorts of the plan; ``counts``: the statement is a bare ``count(*)``."""
    found = [read for read in reads if read.access.how not in ("constant", "subquery")]
    scans = [read for read in found if read.access.verb == "scan"]
    if counts and len(found) == len(scans) == 1 and not steps:
        only = scans[0]
        if only.table is not None and only.access.how != "virtual":
            return count(only.table)
    total = 0
    above = 1  # rows of what stands above
    for read in found:
        if read.access.verb == "scan":
            total += 1 + (steps if read is scans[0] else 0)
            above = max(above, steps + 1)
        elif _single(read.access):
            total += max(above, produced) if len(found) == 1 else above
        else:
            total += above + (max(produced, loop()) if len(found) == 1 else produced)
    return total + sorts * (total if scans else produced)


def looped(program: Sequence[Sequence[object]], steps: int) -> int:
    """How often the loop of a program ran whose machine took so many steps; 0 for a program with no loop or several.
    ``program`` is what EXPLAIN says: (address, operation, p1, p2 ...). Rows that a condition of the loop skips take
    fewer steps than the loop is long, so it is a little too low then."""
    ends = [line for line in program if line[1] in ("Next", "Prev")]
    if len(ends) != 1:
        return 0
    length = int(str(ends[0][0])) - int(str(ends[0][3])) + 1
    return max(round((steps - (len(program) - length)) / length), 0)


def _single(access: Access) -> bool:
    """Whether a lookup finds one row at most: by the row id or the primary key of a table WITHOUT ROWID, or the least
    or largest of an index (no terms)."""
    if not access.terms:
        return True
    return access.how in ("rowid", "primary-key") and access.terms.endswith("=?") and " AND " not in access.terms


def rows_written(verb: str, changes: int, writes: Iterable[tuple[str, str]], table: Callable[[str], Table]) -> int:
    """Rows written by INSERT, REPLACE, UPDATE, DELETE (also behind WITH). ``writes`` is what SQLite asked to write:
    ("insert" | "delete", table) and ("update", "table.column"), those of triggers too."""
    if not changes:
        return 0
    inserted, updated, names = set(), dict[str, set[str]](), set()
    for what, place in writes:
        name, _, column = place.partition(".")
        names.add(name)
        if what == "insert":
            inserted.add(name)
        elif what == "update":
            updated.setdefault(name, set()).add(column.lower())
    each: list[int] = []
    sequences = 0
    for name in names:
        facts = table(name)
        if name in inserted:
            each.append(1 + len(facts.indexes))
            sequences += facts.autoincrement
        elif name in updated:
            each.append(1 + sum(1 for columns in facts.indexes if not columns or columns & updated[name]))
        else:
            each.append(1)
    return round(changes * sum(each) / len(each)) + (sequences if verb != "UPDATE" else 0) if each else changes


def of_schema(verb: str, what: str, entries: int, grown: int, rows: int) -> tuple[int, int]:
    """(read, written) of CREATE, DROP and ALTER. ``what``: "TABLE", "INDEX" ...; ``entries``: how many entries the
    schema has, ``grown`` by how many it has grown; ``rows``: of the table that is indexed. Seen on workerd: a new table
    is written twice, an index once with each of its rows, everything else reads the schema through."""
    if verb == "CREATE":
        if what == "INDEX":
            return 2 * rows + 2, rows + 1
        return 1, grown + 1
    return entries + 2, 1 if verb == "ALTER" else 0
