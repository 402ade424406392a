"""Values that are bound: given in a form that the database takes, and to the call that takes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelint.checks._fixes_text import insertion
from edgelint.diagnostics import Edit, Fix, Span
from edgelint.project.atoms import Number
from edgelint.syntax import tree
from edgelint.syntax.sql import placed, placeholders

if TYPE_CHECKING:
    from edgelint.project.arguments import Miscounted
    from edgelint.project.files import SourceFile
    from edgelint.project.origins import Origin
    from edgelint.project.project import Project
    from edgelint.project.sql_text import Place
    from edgelint.project.sql_units import Unit
    from edgelint.project.sql_words import Word
    from edgelint.syntax.tree import Node

_POSTFIX = tree.Name | tree.Member | tree.Call
_ROWS = 100  # the page that the help of sql/unbounded-limit proposes
_NUMBERED = re.compile(r"\?\d")
# What is written around or behind a value of each kind, in JavaScript and in Python.
_FORMS = {
    "date": ("", ".toISOString()"), "object": ("JSON.stringify(", ")"), "bigint": ("", ".toString()"),
    "boolean": ("Number(", ")"),
}  # fmt: skip
_PYTHON_FORMS = {"date": ("", ".isoformat()"), "object": ("json.dumps(", ")"), "decimal": ("str(", ")"),
                 "large": ("str(", ")")}  # fmt: skip


def converted(unit: Unit, place: Place, kind: str) -> Fix | None:
    """A bound value in a form that is stored: null for undefined, which is safe, since the statement fails today and
    null is what the database has for it; text for a date, an object and so on, which is unsafe: the column may want
    something else. Only where the value stands in the call that binds it."""
    node, file = place.node, place.file
    if node is None or not _is_argument(unit, place):
        return None
    if kind == "undefined":
        return Fix("Write null", (Edit(file.span(node), "null"),), True)
    if kind == "boolean" and isinstance(node, tree.Literal):
        return Fix("Write 1 for true, 0 for false", (Edit(file.span(node), "1" if node.value else "0"),))
    forms = _PYTHON_FORMS if file.language == "python" else _FORMS
    if kind not in forms or (forms is _PYTHON_FORMS and kind == "object" and not _has_json(file)):
        return None
    return _around(node, file, *forms[kind])


def _around(node: Node, file: SourceFile, before: str, after: str) -> Fix | None:
    if not before and (not isinstance(node, _POSTFIX) or not re.search(r"[\w)\]$]\Z", file.text(node))):
        before, after = "(", f"){after}"
    elif not before and isinstance(node, tree.Call) and node.is_new and not file.text(node).endswith(")"):
        before, after = "(", f"){after}"  # new Date
    edits = (insertion(file.path, node.start, before), insertion(file.path, node.end, after))
    return Fix(f"Give {before}...{after}", tuple(edit for edit in edits if edit.text))


def _is_argument(unit: Unit, place: Place) -> bool:
    statement, node = unit.statement, place.node
    if statement is None or statement.bind is None or statement.file is not place.file:
        return False
    return node is not None and any(arg is node for arg in statement.bind.args)


def _has_json(file: SourceFile) -> bool:
    symbol = file.index.root.symbols.get("json")
    return symbol is not None and any(
        isinstance(d.at, tree.Import) and d.at.source == "json" for d in symbol.defs
    )


def array_bound(unit: Unit, place: Place, clause: str | None) -> Fix | None:
    """What to do with an array that is bound to one placeholder: in ``IN (?)`` it is read as JSON; where there are more
    placeholders and nothing else is bound it is spread; else it is stored as JSON. Unsafe: any of them is a guess."""
    node, file, statement = place.node, place.file, unit.statement
    python = file.language == "python"
    if node is None or statement is None or statement.bind is None or not _is_argument(unit, place):
        return None
    if python and not _has_json(file):
        encoded = None
    else:
        encoded = _around(node, file, "json.dumps(" if python else "JSON.stringify(", ")")
    if clause == "in":
        number = next((i for i, arg in enumerate(unit.body.values, 1) if arg is place), 0) if unit.body else 0
        edit = _json_each(unit, number)
        return Fix("Read it with json_each", (edit, *encoded.edits)) if edit and encoded else None
    if unit.body is not None and unit.is_known and len(unit.body.values) == 1 and len(placeholders(unit.text)) > 1:
        return Fix("Spread it", (insertion(file.path, node.start, "*" if python else "..."),))
    return encoded


def _json_each(unit: Unit, number: int) -> Edit | None:
    """The ``?`` of ``IN (?)`` as a query of the values of a JSON array."""
    row = list(placed(unit.text))
    numbers = {place.start: place.number for place in placeholders(unit.text)}
    for index, one in enumerate(row[:-1]):
        if one.token.kind == "parameter" and numbers.get(one.token.start) == number:
            around = [row[index - 2].token.upper, row[index - 1].token.text, row[index + 1].token.text]
            span = unit.span(one.token.start, one.token.end)
            if around == ["IN", "(", ")"] and span is not None:
                if unit.written(one.token.start, one.token.end) == one.token.text.encode():
                    return Edit(span, f"SELECT value FROM json_each({one.token.text})")
    return None


def spread(found: Miscounted) -> Fix | None:
    """The items of the one array literal that is bound, when it has as many items as there are parameters. Safe: the
    call fails today, and nothing else gives each parameter its value."""
    bind = found.statement.bind
    if bind is None or bind is found.statement.call.node or len(bind.args) != 1:
        return None
    array = bind.args[0]
    if not isinstance(array, tree.Array) or len(array.items) != found.wanted:
        return None
    file = found.statement.file
    data = file.source.data
    if any(isinstance(item, tree.Spread) for item in array.items) or data[array.start : array.start + 1] != b"[":
        return None
    brackets = (Span(file.path, array.start, array.start + 1), Span(file.path, array.end - 1, array.end))
    return Fix("Give its items one by one", tuple(Edit(span, "") for span in brackets), True)


def clamped_size(origin: Origin, clause: str, project: Project) -> Fix | None:
    """A LIMIT between 1 and 100. Unsafe: how many rows a page may have is for whoever knows the page. Numbers only:
    what is text is not compared as one."""
    value = project.evaluator.evaluate(origin.node, origin.file)
    node = origin.node
    while isinstance(node.parent, tree.Binary) and node.parent.op in ("||", "??") and node.parent.left is node:
        node = node.parent  # the default counts for 0 too
    if clause != "limit" or not value or not all(isinstance(atom, Number) for atom in value):
        return None
    least, most = ("max(", "min(") if origin.file.language == "python" else ("Math.max(", "Math.min(")
    before, after = f"{most}{least}", f", 1), {_ROWS})"
    edits = (insertion(origin.file.path, node.start, before), insertion(origin.file.path, node.end, after))
    return Fix(f"Clamp it to {_ROWS}", edits)


def bound_first(found: Miscounted) -> Fix | None:
    """``bind(a, b).run()`` for ``run(a, b)``, when there are as many values as parameters. Safe: the call fails today,
    and neither ``run`` nor ``all`` takes an argument."""
    run = found.statement.run
    if run is None or run.verb not in ("run", "all") or len(run.node.args) != found.wanted:
        return None
    func, args = run.node.func, run.node.args
    if not isinstance(func, tree.Member) or not args or any(isinstance(a, tree.Spread | tree.Keyword) for a in args):
        return None
    text = run.file.source.slice(args[0].start, args[-1].end)
    moved = Edit(Span(run.file.path, args[0].start, args[-1].end), "")
    return Fix("Bind the values first", (insertion(run.file.path, func.name_start, f"bind({text})."), moved), True)


def unquoted(unit: Unit, word: Word) -> Fix | None:
    """The placeholder without its quotes, joined to the wildcards that stood between them. Safe: the statement fails
    today, and takes as many values as it is given then. None beside numbered ones, which would be counted anew."""
    inner = word.text[1:-1]
    match = re.fullmatch(r"(%?)\?(%?)", inner)
    span = unit.span(word.start, word.end)
    if match is None or span is None or _NUMBERED.search(unit.text):
        return None
    if unit.written(word.start, word.end) != word.text.encode():
        return None
    parts = ["'%'"] * bool(match[1]) + ["?"] + ["'%'"] * bool(match[2])
    return Fix(f"Write {' || '.join(parts)}", (Edit(span, " || ".join(parts)),), True)
