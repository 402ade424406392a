"""What a regular expression's group can hold: ``path.match(/^\\/users\\/(\\d+)$/)`` leaves digits in its first group.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgelint.patterns import later
from edgelint.project.scopes import Def
from edgelint.syntax import tree
from edgelint.syntax.tree import Node

if TYPE_CHECKING:
    from edgelint.project.evaluate import Evaluator
    from edgelint.project.files import SourceFile

_MAX_HOPS = 6
_DIGITS = later(r"(?:\\d|\[(?:\\d|[0-9](?:-[0-9])?)+\])(?:[+*?]|\{\d+(?:,\d*)?\})?")
# A class of letters, digits and marks that end no name, number or string of SQL.
_WORDS = later(
    r"(?:\\w|\\d|[A-Za-z0-9_]|\[(?:\\w|\\d|[A-Za-z0-9_]-[A-Za-z0-9]|[A-Za-z0-9_.:]|-(?=\]))+\])(?:[+*?]|\{\d+(?:,\d*)?\})?"
)


def captures_digits(node: Node, file: SourceFile, evaluator: Evaluator) -> bool:
    """Whether ``node`` is what a group of only digits captured, so that it is a number's text."""
    return _fits(captured(node, file, evaluator), _DIGITS)


def captures_word(node: Node, file: SourceFile, evaluator: Evaluator) -> bool:
    """Whether ``node`` is what a group of letters, digits and underscores captured, so that it cannot end a name or a
    string.
    """
    return _fits(captured(node, file, evaluator), _WORDS)


def _fits(group: str | None, part: re.Pattern[str]) -> bool:
    """Whether a group, or each of its alternatives, is made of ``part`` only."""
    if not group:
        return False
    return all(re.fullmatch(f"(?:{part.pattern})+", alternative) is not None for alternative in group.split("|"))


def captured(node: Node, file: SourceFile, evaluator: Evaluator, hops: int = 0) -> str | None:
    """The pattern inside the group that ``node`` reads from a match; None when it reads none that is known.

    ``hops`` counts the names followed to here: names that stand for each other in a circle lead nowhere.
    """
    while isinstance(node, tree.Cast | tree.Await):
        node = node.value
    if isinstance(node, tree.Binary) and node.op in ("??", "||") and isinstance(node.right, tree.Literal):
        node = node.left
    if isinstance(node, tree.Name):
        d = _only_definition(node, file)
        return None if d is None or hops == _MAX_HOPS else _of_definition(d, file, evaluator, hops + 1)
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name == "group" and node.args:
        return _group(_pattern(node.func.obj, file, evaluator), _key(node.args[0]))
    if isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name == "param" and node.args:
        return _route_pattern(node, _key(node.args[0]))
    if not isinstance(node, tree.Member):
        return None
    if isinstance(node.obj, tree.Member) and node.obj.name == "groups":
        return _group(_pattern(node.obj.obj, file, evaluator), node.name)
    return _group(_pattern(node.obj, file, evaluator), _key(node.index))


def _only_definition(name: tree.Name, file: SourceFile) -> Def | None:
    """The one definition of a variable that gives it a value, None when there are others."""
    symbol = file.index.resolve(name)
    found = [d for d in symbol.defs if d.kind != "value" or d.node is not None] if symbol is not None else []
    return found[0] if len(found) == 1 else None


def _of_definition(d: Def, file: SourceFile, evaluator: Evaluator, hops: int) -> str | None:
    if d.kind != "value" or d.node is None:
        return None
    if not d.path:
        return captured(d.node, file, evaluator, hops)
    if len(d.path) != 1:
        return None
    if isinstance(d.path[0], int):
        return _group(_pattern(d.node, file, evaluator), d.path[0])
    if isinstance(d.node, tree.Member) and d.node.name == "groups":
        return _group(_pattern(d.node.obj, file, evaluator), d.path[0])
    if (
        isinstance(d.node, tree.Call)
        and isinstance(d.node.func, tree.Member)
        and d.node.func.name == "param"
        and not d.node.args
    ):
        return _route_pattern(d.node, d.path[0])
    return None


def _route_pattern(node: Node, name: int | str | None) -> str | None:
    """The pattern that the route around ``node`` gives a parameter: ``app.get("/users/:id{[0-9]+}", handler)``."""
    handler = tree.enclosing_function(node)
    while handler is not None:
        call = handler.parent
        if isinstance(call, tree.Call) and call.args and isinstance(call.args[0], tree.Literal):
            found = re.search(rf":{re.escape(str(name))}\{{(.+?)\}}\??(?=/|$)", str(call.args[0].value))
            return found[1] if found is not None else None
        handler = tree.enclosing_function(handler)
    return None


def _key(node: Node | None) -> int | str | None:
    if isinstance(node, tree.Literal) and isinstance(node.value, int | str) and not isinstance(node.value, bool):
        return node.value
    return None


def _pattern(match: Node, file: SourceFile, evaluator: Evaluator) -> str | None:
    """The source of the regular expression that made ``match``."""
    for _ in range(6):
        if isinstance(match, tree.Cast | tree.Await):
            match = match.value
        elif isinstance(match, tree.Binary) and match.op in ("??", "||"):
            match = match.left
        elif isinstance(match, tree.Assign) and match.value is not None:
            match = match.value
        elif isinstance(match, tree.Name):
            d = _only_definition(match, file)
            if d is None or d.path or d.kind != "value" or d.node is None:
                return None
            match = d.node
        else:
            break
    if not isinstance(match, tree.Call) or not isinstance(match.func, tree.Member) or not match.args:
        return None
    name, subject = match.func.name, match.func.obj
    if name == "match" and not (isinstance(subject, tree.Name) and subject.id == "re"):
        return _regex(match.args[0], file, evaluator) or _regex(subject, file, evaluator)
    if name in ("exec", "fullmatch", "match", "search"):
        return _regex(
            match.args[0] if isinstance(subject, tree.Name) and subject.id == "re" else subject, file, evaluator
        )
    return None


def _regex(node: Node, file: SourceFile, evaluator: Evaluator) -> str | None:
    from edgelint.project.atoms import Const

    if isinstance(node, tree.Call) and isinstance(node.func, tree.Member) and node.func.name == "compile" and node.args:
        node = node.args[0]
    value = evaluator.evaluate(node, file)
    if len(value) == 1:
        (atom,) = value
        if isinstance(atom, Const) and isinstance(atom.value, str):
            if atom.kind == "regex":
                return atom.value.strip().lstrip("/").rpartition("/")[0]
            return atom.value if file.language == "python" else None
    return None


def _group(pattern: str | None, key: int | str | None) -> str | None:
    """What stands inside group ``key`` (its number, or its name) of a regular expression's source."""
    if pattern is None or key is None or (isinstance(key, int) and key < 1):
        return None
    count = 0
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 2
            continue
        if char == "[":
            position = _class_end(pattern, position)
            continue
        if char == "(":
            named = re.compile(r"\(\?P?<([A-Za-z_]\w*)>").match(pattern, position)
            if named is not None or pattern[position + 1 : position + 2] != "?":
                count += 1
                if key == count or (named is not None and key == named[1]):
                    start = named.end() if named is not None else position + 1
                    return _inside(pattern, start)
        position += 1
    return None


def _inside(pattern: str, start: int) -> str | None:
    """The text from ``start`` to the parenthesis that closes the group; None when another group is nested in it."""
    position = start
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 2
        elif char == "[":
            position = _class_end(pattern, position)
        elif char == "(":
            return None
        elif char == ")":
            return pattern[start:position]
        else:
            position += 1
    return None


def _class_end(pattern: str, position: int) -> int:
    position += 1
    while position < len(pattern) and pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    return position + 1
