"""Python source to the common tree, through libcst, which is imported only when a file is parsed.

libcst has no recovery: a file with a syntax error gives an empty module and one error at its place.
"""

from __future__ import annotations

import re
import sys
import warnings
from typing import TYPE_CHECKING

from edgelint.syntax import tree
from edgelint.syntax.python_positions import LostPlace, Positions

if TYPE_CHECKING:
    from libcst import ParserSyntaxError

    from edgelint.source import Source

# CPython's own tokenizer takes 200 open brackets. libcst's parser is compiled code that recurses: it ends the process
# with a stack overflow somewhere between 1,000 and 5,000 (8 MB of stack), so it must never see more than it can take.
MAX_BRACKETS = 200
# What nests without brackets: not not x, lambda: lambda: x, a if b else c if d else e, a + b + c, a.b().c(). The parser
# takes up to three seconds for 3,000 of them in one expression, a minute for 10,000, and ends the process at 30,000.
MAX_CHAIN = 3000
# The parser takes four times as long for every bracket deeper in a pattern, and twice as long in a `del`.
MAX_LINE = {"case": 8, "del": 16}
# Frames for the lowering when Python's default of 1,000 is not enough. Python called by Python takes no C stack.
_DEEP = 30_000

_TOKEN = re.compile(
    r"\"\"\"(?:[^\\\"]++|\\.|\"(?!\"\"))*\"\"\"|'''(?:[^\\']++|\\.|'(?!''))*'''|\"(?:[^\\\"\n]++|\\.)*\"|'(?:[^\\'\n]++|\\.)*'|#[^\n]*"
    r"|[\[({\])},;.]|\n[ \t]*(?:case(?=[ \t]*[\[({\w'\"*-])|elif\b|del\b)?|\b(?:not|lambda|await|if|and|or)\b|[-+~*]",
    re.S,
)


def parse(source: Source, path: str) -> tree.Parsed:
    """The module of ``source``; never raises. All spans are bytes of ``source.data``."""
    deep = _too_deep(source.text)
    if deep is not None:
        return _failed(source, path, source.byte_offset(deep), "too deeply nested to be analysed")
    import libcst

    try:
        module = libcst.parse_module(source.text)
    except libcst.ParserSyntaxError as error:
        offset, message = _place(source, error)
        return _failed(source, path, offset, message)
    except Exception as error:  # libcst's own mistakes: one file is not analysed, the others are
        return _failed(source, path, source.bom, f"the parser failed: {type(error).__name__}")
    try:
        return _lower_at_any_depth(source, path, module)
    except LostPlace as error:
        return _failed(source, path, source.byte_offset(error.args[0]), "the parser loses this text: not analysed")
    except RecursionError:
        return _failed(source, path, source.bom, "too deeply nested to be analysed")


def _lower_at_any_depth(source: Source, path: str, module: object) -> tree.Parsed:
    try:
        return _lower(source, path, module)
    except RecursionError:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, _DEEP))
        try:
            return _lower(source, path, module)
        finally:
            sys.setrecursionlimit(limit)


def _lower(source: Source, path: str, module: object) -> tree.Parsed:
    from edgelint.syntax.python_statements import Statements

    positions = Positions(module, source.text)
    module._codegen(positions)  # type: ignore[attr-defined]
    spans, comments = positions.spans, positions.comments
    if len(source.text) != len(source.data):
        table = source.byte_offsets()
        spans = {key: (table[start], table[end]) for key, (start, end) in spans.items()}
        comments = [tree.Comment(table[one.start], table[one.end], one.text) for one in comments]
    lowered = Statements(source, spans).module(module)  # type: ignore[arg-type]
    tree.link(lowered)
    return tree.Parsed(path, "python", lowered, comments, [])


def _failed(source: Source, path: str, offset: int, message: str) -> tree.Parsed:
    offset = max(source.bom, min(offset, len(source.data)))
    starts = source.line_starts
    end = next((start for start in starts if start > offset), len(source.data))
    end = offset + len(source.data[offset:end].rstrip(b"\r\n"))
    module = tree.Module(source.bom, len(source.data), [])
    return tree.Parsed(path, "python", module, [], [(offset, max(end, offset), message)])


def _too_deep(text: str) -> int | None:
    """The index at which ``text`` nests deeper than libcst can be trusted with, or None."""
    chains = [0]  # for every open bracket, the length of the chain it stands in; the last is the innermost
    elifs, limit = 0, MAX_BRACKETS
    for match in _TOKEN.finditer(text):
        token = match[0]
        first = token[0]
        if first in "([{":
            chains.append(0)
            if len(chains) > limit + 1:
                return match.start()
            continue
        if first in ",;":
            chains[-1] = 0
            continue
        if first == "\n":
            if len(chains) == 1:
                chains[0] = 0
                word = token.strip()
                limit = MAX_LINE.get(word, MAX_BRACKETS)
                elifs += word == "elif"
                if elifs > MAX_CHAIN:
                    return match.start()
            continue
        if first in "'\"#":
            continue
        if first in ")]}" and len(chains) > 1:
            chains.pop()
        chains[-1] += 1
        if chains[-1] > MAX_CHAIN:
            return match.start()
    return None


_WHERE = re.compile(r"error at (\d+):(\d+): ")
_LAST_TOKEN = re.compile(r"(?:\w+|\"\"\"|\'\'\'|\S)\Z")
_BREAK = re.compile(r"\r\n|\n|\r")


def _place(source: Source, error: ParserSyntaxError) -> tuple[int, str]:
    """The byte offset of a syntax error and what to say of it.

    libcst says in its message where the token ends that it could not take (``raw_line`` is wrong as often as not), and
    for what its tokenizer refuses it says no place at all. CPython's own parser, which runs nothing, knows better: it
    names the bracket that was left open. Its word is taken unless it is about another line: then it may be an older
    Python that stumbles over new syntax.
    """
    text = source.text
    found = _WHERE.search(error.message)
    second = _second_opinion(text)
    if found is None:
        if second is None:
            return source.bom, error.message.split("tokenizer error:")[-1].strip()
        return source.byte_offset(_index(text, second[0], second[1])), second[2]
    line, end = int(found[1]), _index(text, int(found[1]), int(found[2]))
    before = text[:end].rstrip(" \t\f")
    if before.endswith(("\n", "\r")):  # the token is the line break, or the indentation after it
        own, line = len(before.rstrip("\r\n")), line - 1
    else:
        token = _LAST_TOKEN.search(before[-200:])
        own = len(before) - (len(token[0]) if token is not None else 0)
    if second is not None and (second[0] == line or "never closed" in second[2]):
        return source.byte_offset(_index(text, second[0], second[1])), second[2]
    return source.byte_offset(own), "invalid syntax"


def _index(text: str, line: int, column: int) -> int:
    """The code point index of ``line`` (from 1) and ``column`` (from 0)."""
    at = 0
    for _ in range(line - 1):
        found = _BREAK.search(text, at)
        if found is None:
            return len(text)
        at = found.end()
    return min(at + max(column, 0), len(text))


def _second_opinion(text: str) -> tuple[int, int, str] | None:
    """(line from 1, column from 0, message) of CPython's complaint, or None when it has none."""
    import ast

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except SyntaxError as error:
            if error.lineno is None or error.offset is None:
                return None
            return error.lineno, max(error.offset - 1, 0), error.msg
        except (ValueError, RecursionError, MemoryError):
            return None
    return None
