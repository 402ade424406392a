"""Writes that change every row of a table, and whether that is what the code is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from edgelint.patterns import later
from edgelint.project.flow import conditions
from edgelint.syntax import tree
from edgelint.syntax.ddl import unquoted
from edgelint.syntax.sql import placed, statements, tokens

if TYPE_CHECKING:
    from edgelint.project.prepared import Asked
    from edgelint.project.project import Project
    from edgelint.project.sql_text import SqlText
    from edgelint.project.statements import SqlStatement

# Words in the name of a function that tell that it means all rows.
_MEANT = later(
    r"all|clear|reset|purge|truncate|wipe|empty|flush|seed|init|setup|migrat|rebuild|refresh|reindex|sync|drop|destroy"
    r"|import|restore|scheduled|cron|daily|nightly|cleanup|teardown|fixture",
    re.I,
)

_NARROWING = frozenset({"WHERE", "LIMIT", "JOIN", "GROUP", "DISTINCT", "HAVING", "UNION", "EXCEPT", "INTERSECT"})
_UNLIKE = frozenset({"!=", "!==", "not in"})
_MAX_WORDS = 80  # characters of a text that may tell what a request asks for


class Sweep(NamedTuple):
    """An UPDATE or DELETE of every row: the place of its verb in the text, and the table."""

    statement: SqlStatement
    text: SqlText
    verb: str
    table: str
    start: int
    end: int


def sweeps(project: Project) -> Iterator[Sweep]:
    """The writes without WHERE that nothing says are meant."""
    seen = set()
    for statement in project.statements:
        if not project.shows(statement.call.file.path) or statement.reason is not None:
            continue
        if not all(_sweeping(text) for text in statement.texts) or not statement.texts:
            continue  # one of its forms has a condition: which is used is the code's to know
        for text in statement.texts:
            for sweep in _sweeping(text):
                key = (text.span(sweep[2], sweep[3]), sweep[1])
                if key not in seen and not _is_meant(project, statement, sweep[1]):
                    seen.add(key)
                    yield Sweep(statement, text, *sweep)


def _sweeping(text: SqlText) -> list[tuple[str, str, int, int]]:
    """(verb, table, start, end) of each write without WHERE in a text."""
    found = []
    for one in statements(text.text):
        if one.verb not in ("UPDATE", "DELETE"):
            continue
        row = list(placed(text.text[one.start : one.end]))
        top = {item.token.upper for item in row if item.depth == 0}
        if top & {"WHERE", "LIMIT", "FROM" if one.verb == "UPDATE" else "WHERE"}:
            continue
        name = _table(one.verb, [item.token.text for item in row], [item.token.upper for item in row])
        if name is not None:
            found.append((one.verb, name, one.start, one.start + len(one.verb)))
    return found


def _table(verb: str, texts: list[str], words: list[str]) -> str | None:
    at = 1
    if verb == "DELETE":
        if "FROM" not in words:
            return None
        at = words.index("FROM") + 1
    elif words[1:2] == ["OR"]:
        at = 3
    if at + 2 < len(texts) and texts[at + 1] == ".":
        at += 2
    return unquoted(texts[at]) if at < len(texts) else None


def _is_meant(project: Project, statement: SqlStatement, table: str) -> bool:
    function = tree.enclosing_function(statement.call.node)
    home = function
    while function is not None:
        if _MEANT.search(_name(function)):
            return True
        function = tree.enclosing_function(function)
    if _is_asked_for(statement.call.node) or _is_refilled(project, statement, home, table):
        return True
    if _is_drained(project, statement, home, table):
        return True
    return any(_holds_one_row(asked, table) for query in project.queries if query.statement is statement
               for asked in query.asked)


def _name(function: tree.Function) -> str:
    """What a function is called, or what it is given to."""
    if function.name:
        return function.name
    parent = function.parent
    if isinstance(parent, tree.Assign | tree.Property):
        target = parent.target if isinstance(parent, tree.Assign) else parent.key
        if isinstance(target, tree.Name):
            return target.id
        return target if isinstance(target, str) else ""
    if isinstance(parent, tree.Call):  # app.post("/admin/reset", ...)
        return " ".join(str(a.value) for a in parent.args if isinstance(a, tree.Literal) and a.kind == "string")
    return ""


def _is_asked_for(node: tree.Node) -> bool:
    """Whether a test on the way to ``node`` is passed by a text that tells: ``path === "/purge"``."""
    return any(
        isinstance(part, tree.Literal) and part.kind == "string" and _tells(str(part.value))
        and _fits(part, condition.test, condition.holds)
        for condition in conditions(node) for part in tree.walk(condition.test)
    )


def _fits(part: tree.Node, test: tree.Node, holds: bool) -> bool:
    """Whether ``test`` being ``holds`` means that something is ``part``, and not that it is not."""
    at: tree.Node | None = part
    while at is not None:
        if (isinstance(at, tree.Unary) and at.op == "!") or (isinstance(at, tree.Binary) and at.op in _UNLIKE):
            holds = not holds
        at = at.parent if at is not test else None
    return holds


def _tells(text: str) -> bool:
    return len(text) <= _MAX_WORDS and any(_MEANT.match(word) for word in re.findall("[A-Za-z]+", text))


def _is_drained(project: Project, statement: SqlStatement, home: tree.Function | None, table: str) -> bool:
    """Whether the same function has read all rows of the table before: what is taken out is then in hand."""
    if home is None:
        return False
    for other in project.statements:
        node = other.call.node
        if other.call.file is statement.call.file and node.end <= statement.call.node.start and _is_inside(node, home):
            if other.texts and all(_reads_all(text.text, table) for text in other.texts):
                return True
    return False


def _reads_all(text: str, table: str) -> bool:
    """Whether ``text`` is one SELECT of all rows of ``table`` and of no other."""
    found = statements(text)
    row = [item.token for item in placed(text) if item.depth == 0]
    words = [token.upper for token in row]
    if len(found) != 1 or found[0].verb != "SELECT" or set(words) & _NARROWING or "FROM" not in words:
        return False
    name = words.index("FROM") + 1
    return name < len(row) and unquoted(row[name].text).lower() == table.lower() and "," not in words[name:]


def _is_refilled(project: Project, statement: SqlStatement, home: tree.Function | None, table: str) -> bool:
    """Whether the same function puts rows into the table."""
    for other in project.statements:
        if other.call.file is statement.call.file and _is_inside(other.call.node, home):
            for text in other.texts:
                for first, second in pairwise(tokens(text.text)):
                    if first.upper == "INTO" and unquoted(second.text).lower() == table.lower():
                        return True
    return False


def _is_inside(node: tree.Node, home: tree.Function | None) -> bool:
    function = tree.enclosing_function(node)
    while function is not None and function is not home:
        function = tree.enclosing_function(function)
    return function is home


def _holds_one_row(asked: Asked, table: str) -> bool:
    """Whether a CHECK lets the table have one row only: ``CHECK (id = 1)``."""
    found = next((t for name, t in asked.shape.schema.tables.items() if name.lower() == table.lower()), None)
    if found is None or len(found.primary_key) != 1:
        return False
    key = re.escape(found.primary_key[0])
    return re.search(rf"CHECK\s*\(\s*[\"`\[]?{key}[\"`\]]?\s*=\s*(?:\d+|'[^']*')\s*\)", found.sql, re.I) is not None
