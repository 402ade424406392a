"""Values that are put into the text of a statement, bound to it in their place.

The text is one template, f-string or sum of strings that is handed to ``prepare`` or the ``exec`` of a Durable Object,
or stands in a variable that is used for nothing else. Its parts are read as SQL with a hole for each value. A hole is
bound where a value stands in SQL: alone behind an operator, or between quotes with or without text around it. All
else (a name, a list, a condition, a direction) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from edgelint.checks._fixes_text import insertion
from edgelint.diagnostics import Edit, Fix, Span
from edgelint.syntax import tree
from edgelint.syntax.literals import places
from edgelint.syntax.sql import HOLE, Placed, placed, statements

if TYPE_CHECKING:
    from edgelint.project.calls import BindingCall
    from edgelint.project.files import SourceFile
    from edgelint.project.project import Project
    from edgelint.project.text import Hole
    from edgelint.syntax.tree import Node

_VERBS = frozenset({"SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "VALUES"})
_OPERATORS = frozenset({"=", "==", "<>", "!=", "<", ">", "<=", ">=", "||"})
_WORDS = frozenset({"LIKE", "GLOB", "MATCH", "LIMIT", "OFFSET", "BETWEEN", "THEN", "ELSE"})
# ``replace("'", "''")``, and functions by the name of what they do; encodeURIComponent is no escaping of SQL.
_ESCAPED = re.compile(r"""["'`]''["'`]|["'`]\\\\'|(?:escape|quote|saniti[sz]e)\w*\s*\(""", re.IGNORECASE)


class _Part(NamedTuple):
    """A part of the text: a literal, or (``hole``) an expression, with what stands for it in the source."""

    node: Node
    hole: bool
    start: int
    end: int


class _Text(NamedTuple):
    """The SQL of a text; for each of its code points the part it is of, and its bytes (of a hole, all that stands for
    it)."""

    sql: str
    parts: list[_Part]
    where: list[tuple[_Part, int, int]]
    summed: bool


class _Bound(NamedTuple):
    """One replacement: the code points of the SQL that become ``?``, and the expression that is bound."""

    start: int
    end: int
    value: str


def bound_instead(call: BindingCall, holes: Sequence[Hole], project: Project) -> Fix | None:
    """Bind what enters the text of ``call`` through ``holes``, in the order of the placeholders; None where none of
    them stands in the place of a value, or what is bound already cannot be told.

    Unsafe: a bound value keeps its type (null is NULL and no text), and a list or a condition that is handed in as text
    would be one value.
    """
    file = call.file
    given = call.arg(0)
    made = _made(given, call) if given is not None else None
    text = _read(made, file) if made is not None else None
    if text is None or len(statements(text.sql)) != 1 or statements(text.sql)[0].verb not in _VERBS:
        return None
    wanted = {id(hole.node) for hole in holes if hole.file is file}
    found = _values(text, wanted, file)
    parameters = [one.token for one in placed(text.sql) if one.token.kind == "parameter"]
    if not found or any(token.text != "?" for token in parameters):
        return None
    edits: list[Edit] = []
    for one in found:
        written = _written(one, text, file)
        if written is None:
            return None
        edits += written
    into = _binding(call, project)
    if into is None or (into.args and len(into.args) != len(parameters)) or (not into.args and parameters):
        return None
    inserted: dict[int, list[str]] = {}
    for one in found:
        inserted.setdefault(sum(token.start < one.start for token in parameters), []).append(one.value)
    edits += into.edits(inserted, file)
    return Fix("Bind the value" if len(found) == 1 else "Bind the values", tuple(edits))


def _made(node: Node, call: BindingCall) -> Node | None:
    """The expression that makes the text: ``node`` itself, or what the variable holds that is used only here."""
    while isinstance(node, tree.Cast):
        node = node.value
    if not isinstance(node, tree.Name):
        return node
    symbol = call.file.index.resolve(node)
    one = symbol.defs[0] if symbol is not None and len(symbol.defs) == 1 else None
    if symbol is None or one is None or one.kind != "value" or one.path or not isinstance(one.at, tree.Assign):
        return None
    uses = [use for use in call.file.index.uses(symbol) if use is not one.at.target]
    if len(uses) != 1 or tree.enclosing_function(one.at) is not call.function:
        return None
    if not any(around is one.at.parent for around in tree.ancestors(call.node)):
        return None
    return one.node


# -- the text ---------------------------------------------------------------------------------------------------------


def _read(node: Node, file: SourceFile) -> _Text | None:
    parts = _template(node, file) if isinstance(node, tree.Template) else _sum(node, file)
    if parts is None:
        return None
    sql: list[str] = []
    where: list[tuple[_Part, int, int]] = []
    for part in parts:
        if part.hole:
            sql.append(HOLE)
            where.append((part, part.start, part.end))
            continue
        assert isinstance(part.node, tree.Literal)
        found = places(file.source.data, part.node, file.language)
        if found is None:
            return None
        sql.append(str(part.node.value))
        where += [(part, start, end) for start, end in found]
    return _Text("".join(sql), parts, where, not isinstance(node, tree.Template))


def _template(node: tree.Template, file: SourceFile) -> list[_Part] | None:
    """The parts of a template or an f-string; a hole reaches from its opening mark to its closing one."""
    if node.tag is not None:
        return None
    data, opening = file.source.data, b"{" if file.language == "python" else b"${"
    parts = []
    for part in node.parts:
        if isinstance(part, tree.Literal) and part.kind == "string" and (
            file.language == "python" or data[part.start - 1 : part.start] in (b"`", b"}")
        ):
            parts.append(_Part(part, False, part.start, part.end))
            continue
        start, end = part.start, part.end
        while data[start - 1 : start] in (b" ", b"(", b"\n", b"\t", b"\r"):
            start -= 1
        while data[end : end + 1] in (b" ", b")", b"\n", b"\t", b"\r"):
            end += 1
        if data[start - len(opening) : start] != opening or data[end : end + 1] != b"}":
            return None  # {x!r}, {x:>8}, a comment
        parts.append(_Part(part, True, start - len(opening), end + 1))
    return parts


def _sum(node: Node, file: SourceFile) -> list[_Part] | None:
    """The operands of ``a + b + c``, of which the first is text."""
    if not isinstance(node, tree.Binary) or node.op != "+":
        return None
    parts: list[_Part] = []
    at: Node = node
    while isinstance(at, tree.Binary) and at.op == "+":
        parts.append(_operand(at.right, at.end))
        at = at.left
    parts.append(_operand(at, at.end))
    parts.reverse()
    return None if parts[0].hole else parts


def _operand(node: Node, end: int) -> _Part:
    text = isinstance(node, tree.Literal) and node.kind == "string"
    return _Part(node, not text, node.start, node.end if text else end)


# -- what is a value --------------------------------------------------------------------------------------------------


def _values(text: _Text, wanted: set[int], file: SourceFile) -> list[_Bound]:
    """The holes that stand in the place of a value, or between the quotes of one, and are among ``wanted``."""
    row = list(placed(text.sql))
    found = []
    for index, one in enumerate(row):
        token = one.token
        if HOLE not in token.text or token.kind not in ("word", "string"):
            continue
        holes = [text.where[i][0] for i in range(token.start, token.end) if text.sql[i] == HOLE]
        quoted = token.kind == "string"
        if not all(id(part.node) in wanted and not _is_escaped(part.node, file) for part in holes):
            continue
        if quoted and (len(token.text) < 3 or not token.text.endswith("'")):
            continue
        if (not quoted and token.text != HOLE) or not _is_value(row, index, quoted):
            continue
        value = _quoted(token.text, holes, file) if quoted else _source(holes[0].node, file)
        if value is not None:
            found.append(_Bound(token.start, token.end, value))
    return found


def _is_escaped(node: Node, file: SourceFile) -> bool:
    """Whether quotes were doubled, or the text was escaped in some other way, for the SQL that it is put into: bound it
    would be another text."""
    text = file.text(node)
    symbol = file.index.resolve(node) if isinstance(node, tree.Name) else None
    for one in symbol.defs if symbol is not None else ():
        text += file.text(one.node) if one.kind in ("value", "augment") and one.node is not None else ""
    return _ESCAPED.search(text) is not None


def _is_value(row: list[Placed], index: int, quoted: bool) -> bool:
    one = row[index]
    before = one.before
    following = row[index + 1].token if index + 1 < len(row) else None
    if before is None or one.clause in ("table", "order-by") or (following is not None and following.text in "(."):
        return False
    if following is not None and following.kind in ("string", "quoted", "number", "parameter"):
        return False
    if before.text in _OPERATORS or before.upper in _WORDS:
        return True
    if before.upper == "AND":
        return index >= 3 and row[index - 3].token.upper == "BETWEEN"
    if before.text not in ("(", ","):
        return False
    if one.clause == "limit":
        return before.text == ","
    if one.clause == "in":
        return quoted  # alone it may be a whole list
    if one.clause == "values" and one.function is None:
        alone = before.text == "(" and following is not None and following.text == ")"
        return quoted or not alone
    return one.function is not None and one.clause in ("where", "set", "values", "other")


def _source(node: Node, file: SourceFile) -> str | None:
    text = file.text(node)
    if isinstance(node, tree.Unknown) or (isinstance(node, tree.Call) and file.text(node.func) == ""):
        return None  # f"{x!r}", f"{x:>8}"
    if isinstance(node, tree.Assign | tree.Yield) or (isinstance(node, tree.Binary) and node.op == ","):
        return f"({text})"
    return None if isinstance(node, tree.Comprehension) and node.kind == "generator" else text


def _quoted(token: str, holes: list[_Part], file: SourceFile) -> str | None:
    """The text between the quotes, as an expression."""
    inner = token[1:-1].replace("''", "'")
    sources = [file.text(part.node) for part in holes]
    if inner == HOLE:
        return _source(holes[0].node, file)
    pieces = inner.split(HOLE)
    if file.language == "python":
        if any("\\" in piece or "\n" in piece for piece in (*pieces, *sources)):
            return None
        quote = next((q for q in "\"'" if not any(q in piece for piece in (*pieces, *sources))), None)
        if quote is None:
            return None
        plain = [piece.replace("{", "{{").replace("}", "}}") for piece in pieces]
        return f"f{quote}" + "".join(a + (f"{{{b}}}" if b else "") for a, b in _zipped(plain, sources)) + quote
    plain = [piece.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${") for piece in pieces]
    return "`" + "".join(a + (f"${{{b}}}" if b else "") for a, b in _zipped(plain, sources)) + "`"


def _zipped(pieces: list[str], sources: list[str]) -> list[tuple[str, str]]:
    return list(zip(pieces, [*sources, ""], strict=True))


# -- writing ----------------------------------------------------------------------------------------------------------


def _written(one: _Bound, text: _Text, file: SourceFile) -> list[Edit] | None:
    """The edits that put a ``?`` in the place of a hole and its quotes."""
    first, start, _ = text.where[one.start]
    last, _, end = text.where[one.end - 1]
    if not text.summed:
        return [Edit(Span(file.path, start, end), "?")]
    before = first if not first.hole else _beside(text, first, -1)
    after = last if not last.hole else _beside(text, last, 1)
    if before is None or before.hole or (after is not None and after.hole):
        return None
    if any(before.end <= comment.start < last.end for comment in file.parsed.comments):
        return None
    left = _quotes(before, file)
    if left is None:
        return None
    if first.hole:
        start = before.end - left[1]
    if after is None:
        return [insertion(file.path, start, "?"), Edit(Span(file.path, before.end, last.end), "")]
    right = _quotes(after, file)
    if right is None or right[0] != left[0]:
        return None
    return [Edit(Span(file.path, start, end if not last.hole else after.start + len(right[0])), "?")]


def _beside(text: _Text, part: _Part, step: int) -> _Part | None:
    index = next(i for i, one in enumerate(text.parts) if one is part) + step
    return text.parts[index] if 0 <= index < len(text.parts) else None


def _quotes(part: _Part, file: SourceFile) -> tuple[str, int] | None:
    """How a literal opens (with its prefix), and how long its closing quote is; None for adjacent Python strings."""
    text = file.text(part.node)
    prefix = text[: len(text) - len(text.lstrip("rRbBuUfF"))] if file.language == "python" else ""
    body = text[len(prefix) :]
    width = 3 if file.language == "python" and body[:3] in ('"""', "'''") and len(body) >= 6 else 1
    quote = body[:width]
    if len(body) < 2 * width or not body.endswith(quote) or quote in body[width:-width].replace(f"\\{quote}", ""):
        return None
    return prefix + quote, width


class _Binding(NamedTuple):
    """Where values are bound: the arguments so far, where one is added when there is none, and with what around it."""

    args: list[Node]
    at: int
    before: str
    after: str

    def edits(self, inserted: dict[int, list[str]], file: SourceFile) -> list[Edit]:
        """Put values before the argument of each index."""
        if not self.args:
            every = [value for _, values in sorted(inserted.items()) for value in values]
            return [insertion(file.path, self.at, f"{self.before}{', '.join(every)}{self.after}")]
        made = []
        for index, values in inserted.items():
            text = ", ".join(values)
            if index < len(self.args):
                made.append(insertion(file.path, self.args[index].start, f"{text}, "))
            else:
                made.append(insertion(file.path, self.args[-1].end, f", {text}"))
        return made


def _binding(call: BindingCall, project: Project) -> _Binding | None:
    """Where the values of a statement are bound; None where something is bound to it elsewhere."""
    node = call.node
    if call.kind == "do-sql":
        args = node.args[1:]
        return None if _is_open(args) else _Binding(args, node.args[0].end, ", ", "")
    if call.verb != "prepare":
        return None
    method = node.parent
    bind = method.parent if isinstance(method, tree.Member) and method.obj is node else None
    if isinstance(method, tree.Member) and method.name == "bind" and isinstance(bind, tree.Call):
        return None if _is_open(bind.args) else _Binding(bind.args, bind.end - 1, "", "")
    if any(statement.bind is not None for statement in project.whole.statements if statement.call.node is node):
        return None
    return _Binding([], node.end, ".bind(", ")")


def _is_open(args: list[Node]) -> bool:
    return any(isinstance(arg, tree.Spread | tree.Keyword) for arg in args)
