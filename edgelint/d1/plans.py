"""What SQLite means to do with a statement: EXPLAIN QUERY PLAN as typed steps.

The words are SQLite's and change from version to version (https://www.sqlite.org/eqp.html: "subject to change"): what a
step says is read tolerantly, with the forms of 3.24 ("SCAN TABLE t AS u") to 3.54 ("SEARCH t EXISTS USING INDEX i");
what is not understood is no access, no sort and no subquery.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import Token, tokens

_ACCESS = re.compile(r"(?P<verb>SCAN|SEARCH) (?:TABLE |(?P<sub>SUBQUERY ))?(?P<rest>.+)", re.S)
_VIRTUAL = re.compile(r"(?P<name>.+?) VIRTUAL TABLE INDEX (?P<index>-?\d+:.*)", re.S)
_USING = re.compile(
    r"(?P<name>.+?)(?: EXISTS)? USING (?P<how>AUTOMATIC (?:PARTIAL )?(?:COVERING )?INDEX|COVERING INDEX|INDEX|"
    r"INTEGER PRIMARY KEY|PRIMARY KEY|ROWID SEARCH)(?P<rest>.*)",
    re.S,
)
_TERMS = re.compile(r"(?P<before>.*?)(?: \((?P<terms>(?:[^()]|\([^()]*\))*[=<>](?:[^()]|\([^()]*\))*)\))?", re.S)
_TAIL = re.compile(r"(?: (?:LEFT-JOIN|EXISTS|\(~\d+ rows?\)))+$")
_CONSTANT = re.compile(r"(?:\d+ )?CONSTANT ROWS?|\d+-ROW VALUES CLAUSE|(?:\d+ )?ROWS? VALUES CLAUSE")
_SORT = re.compile(r"USE TEMP B-TREE FOR (.+)|(?:UNION|EXCEPT|INTERSECT) USING TEMP B-TREE", re.S)
_SUBQUERY = re.compile(r"(?P<correlated>CORRELATED )?(?P<kind>SCALAR|LIST) SUBQUERY(?: (?P<name>.+))?|"
                       r"(?P<made>CO-ROUTINE|MATERIALIZE) (?P<made_name>.+)", re.S)  # fmt: skip
_HOW = {"INDEX": "index", "COVERING INDEX": "covering", "PRIMARY KEY": "primary-key", "INTEGER PRIMARY KEY": "rowid",
        "ROWID SEARCH": "rowid"}  # fmt: skip
_KINDS = {"SCALAR": "scalar", "LIST": "list", "CO-ROUTINE": "co-routine", "MATERIALIZE": "materialized"}
_BEFORE_TABLE = frozenset(("FROM", "JOIN", "UPDATE", "INTO", "IGNORE", "REPLACE", "FAIL", "ABORT", "ROLLBACK"))


class Access(NamedTuple):
    """How one table is read.

    ``name`` is what the plan calls it: its alias, if it has one. ``verb``: "scan" (every row) or "search". ``how``:
    "table", "index", "covering" (the index has all that is asked for), "automatic" (an index made for this one
    statement), "rowid", "primary-key" (WITHOUT ROWID), "virtual", "subquery" (rows that the plan made itself) or
    "constant". ``index_name`` is also what a virtual table's module wrote; ``terms`` what is looked up:
    "user_id=? AND at>?".
    """

    name: str
    verb: str
    how: str
    index_name: str | None
    terms: str


class Subquery(NamedTuple):
    """A query inside the statement. ``kind``: "scalar", "list" (of IN), "co-routine", "materialized"; ``name`` is what
    later steps call it. ``correlated``: it runs again for every row."""

    kind: str
    correlated: bool
    name: str


class PlanStep(NamedTuple):
    """One line of a plan: its number, the number of the line it stands under (0: none), SQLite's words."""

    id: int
    parent: int
    detail: str

    @property
    def scans(self) -> bool:
        """Every row of a table, an index or a subquery is read. Rows that are written in the statement do not count."""
        access = self.access
        return access is not None and access.verb == "scan" and access.how != "constant"

    @property
    def searches(self) -> bool:
        """Rows are found through an index or a key."""
        access = self.access
        return access is not None and access.verb == "search"

    @property
    def sorts(self) -> bool:
        """Rows are put into a temporary b-tree: see ``sort``."""
        return self.sort is not None

    @property
    def access(self) -> Access | None:
        """The table this step reads, None for a step that reads none itself."""
        found = _ACCESS.fullmatch(self.detail)
        if found is None:
            return None
        verb, rest = found["verb"].lower(), _TAIL.sub("", found["rest"])
        if _CONSTANT.fullmatch(rest):
            return Access("", verb, "constant", None, "")
        if virtual := _VIRTUAL.fullmatch(rest):
            return Access(_called(virtual["name"]), verb, "virtual", virtual["index"], "")
        using = _USING.fullmatch(rest)
        if using is None:
            inner = found["sub"] is not None or rest.startswith(("(subquery-", "(join-"))
            return Access(_called(rest), verb, "subquery" if inner else "table", None, "")
        how = _HOW.get(using["how"], "automatic")
        terms = _TERMS.fullmatch(using["rest"])
        before = terms["before"].strip() if terms is not None else using["rest"].strip()
        inner = found["sub"] is not None and how == "table"
        return Access(
            _called(using["name"]), verb, "subquery" if inner else how, before or None,
            (terms["terms"] or "") if terms is not None else "",
        )  # fmt: skip

    @property
    def sort(self) -> str | None:
        """What a temporary b-tree is for: "ORDER BY", "GROUP BY", "DISTINCT", "LAST TERM OF ORDER BY",
        "count(DISTINCT)" ..., "" for a compound SELECT; None when there is none."""
        found = _SORT.fullmatch(self.detail)
        return None if found is None else found[1] or ""

    @property
    def subquery(self) -> Subquery | None:
        """The query that the steps under this one are."""
        found = _SUBQUERY.fullmatch(self.detail)
        if found is None:
            return None
        kind = _KINDS[found["kind"] or found["made"]]
        return Subquery(kind, found["correlated"] is not None, _called(found["name"] or found["made_name"] or ""))


def cost(plan: Sequence[PlanStep]) -> tuple[int, int]:
    """(tables and indexes that are read whole, an index made for the one statement counted too; sorts)."""
    accesses = [step.access for step in plan]
    whole = sum(
        1 for step, access in zip(plan, accesses, strict=True)
        if step.scans or (access is not None and access.how == "automatic")
    )
    return whole, sum(step.sorts for step in plan)


class Read(NamedTuple):
    """One access of a plan with what is known around it. ``table``: the table's own name, None for what is none.
    ``repeated``: it happens inside a correlated subquery. ``either``: one of several indexes for an OR."""

    step: PlanStep
    access: Access
    table: str | None
    repeated: bool
    either: bool


def reads(plan: Sequence[PlanStep], sql: str) -> list[Read]:
    """Every access of ``plan``, the plan of ``sql``, in SQLite's order: aliases resolved, and rows that the plan made
    itself (WITH, views, subqueries in FROM) told from tables."""
    steps = {step.id: step for step in plan}
    names = _names(sql)
    made = [(step, inner.name.lower()) for step in plan if (inner := step.subquery) and inner.name]
    found = []
    for step in plan:
        access = step.access
        if access is None:
            continue
        above = _above(step, steps)
        table = names.get(access.name.lower(), access.name)
        if access.how in ("table", "automatic"):
            called = {access.name.lower(), (table or "").lower()}
            if table is None or any(name in called and _outside(one, above) for one, name in made):
                access = access._replace(how="subquery") if access.how == "table" else access
                table = None
        if access.how in ("constant", "subquery"):
            table = None
        repeated = any(one.subquery is not None and one.subquery.correlated for one in above)
        either = any(one.detail == "MULTI-INDEX OR" for one in above)
        found.append(Read(step, access, table, repeated, either))
    return found


def _above(step: PlanStep, steps: dict[int, PlanStep]) -> list[PlanStep]:
    found: list[PlanStep] = []
    while step.parent in steps and step.parent < step.id:
        step = steps[step.parent]
        found.append(step)
    return found


def _outside(made: PlanStep, above: Sequence[PlanStep]) -> bool:
    """Whether a name means the rows that ``made`` makes: everywhere but inside, and there in its recursive part."""
    if made not in above:
        return True
    return any(step.detail == "RECURSIVE STEP" for step in above[: above.index(made)])


def _called(name: str) -> str:
    """"main.users" -> "users"; "users AS u" (before 3.36) -> "u"."""
    before, alias, after = name.rpartition(" AS ")
    return after if alias and before else name.removeprefix("main.").strip()


def _names(sql: str) -> dict[str, str | None]:
    """Alias in lower case -> the table it stands for; None where it stands for a subquery."""
    found: dict[str, str | None] = {}
    words = list(tokens(sql))
    for at, word in enumerate(words):
        if word.kind not in ("word", "quoted") or at < 2:
            continue
        before = at - 2 if words[at - 1].upper == "AS" else at - 1
        table = words[before]
        if table.text == ")":
            found.setdefault(unquoted(word.text).lower(), None)
        elif table.kind in ("word", "quoted") and before > 0 and _names_table(words, before):
            found.setdefault(unquoted(word.text).lower(), unquoted(table.text))
    return found


def _names_table(words: Sequence[Token], at: int) -> bool:
    if words[at - 1].text == "." and at > 2:
        at -= 2
    return words[at - 1].upper in _BEFORE_TABLE or words[at - 1].text in (",", "(")
