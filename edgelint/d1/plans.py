"""What SQLite means to do with a statement: EXPLAIN QUERY PLAN as typed steps."""

from __future__ import annotations

from typing import NamedTuple


class PlanStep(NamedTuple):
    """One line of a plan: its number, the number of the line it stands under (0: none), SQLite's words."""

    id: int
    parent: int
    detail: str

    @property
    def scans(self) -> bool:
        """Every row of a table, an index or a subquery is read."""
        return self.detail.startswith("SCAN ") and self.detail != "SCAN CONSTANT ROW"

    @property
    def searches(self) -> bool:
        """Rows are found through an index or a key."""
        return self.detail.startswith("SEARCH ")

    @property
    def sorts(self) -> bool:
        """Rows are put into a temporary b-tree: for ORDER BY, GROUP BY or DISTINCT."""
        return self.detail.startswith("USE TEMP B-TREE")
