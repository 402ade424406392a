"""Edits of source text that keep what stands around them: lines, indentation, comments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgelint.diagnostics import Edit, Span
from edgelint.source import Source
from edgelint.syntax.tree import Comment

_SPACE = b" \t"


def line_start(data: bytes, at: int) -> int:
    """Where the line of byte ``at`` begins (after a byte-order mark)."""
    start = max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1
    return 3 if start == 0 and data.startswith(b"\xef\xbb\xbf") and at >= 3 else start


def line_end(data: bytes, at: int) -> int:
    """Where the text of the line of byte ``at`` ends: its line break does not count."""
    ends = [end for end in (data.find(b"\n", at), data.find(b"\r", at)) if end >= 0]
    return min(ends, default=len(data))


def next_line(data: bytes, at: int) -> int:
    """Where the line after that of byte ``at`` begins; the end of the file on its last line."""
    end = line_end(data, at)
    return end + (2 if data[end : end + 2] == b"\r\n" else 1 if end < len(data) else 0)


def indent(data: bytes, at: int) -> str:
    """The white space with which the line of byte ``at`` begins."""
    start = line_start(data, at)
    end = start
    while end < len(data) and data[end] in _SPACE:
        end += 1
    return data[start:end].decode()


def begins_line(data: bytes, at: int) -> bool:
    """Whether only white space stands before byte ``at`` on its line."""
    return not data[line_start(data, at) : at].strip()


def step(data: bytes) -> str:
    """One level of indentation as the file has it: a tab, or the fewest spaces that a line begins with (2 to 8)."""
    widths = {len(m[1]) for m in re.finditer(rb"^( +)\S", data, re.MULTILINE) if not m[0].endswith(b"*")}
    if re.search(rb"^\t+\S", data, re.MULTILINE) and not widths - {1}:
        return "\t"
    return " " * next((w for w in sorted(widths) if 2 <= w <= 8), 2)


def removal(source: Source, start: int, end: int) -> Edit:
    """Take a piece out; when nothing else stands on its lines, the lines too. A comment beside it stays."""
    data = source.data
    first, last = line_start(data, start), line_end(data, end)
    before, after = data[first:start], data[end:last]
    if not before.strip() and not after.strip():
        return Edit(Span(source.path, first, next_line(data, end)), "")
    while end < last and data[end] in _SPACE:
        end += 1
    if not after.strip():
        end = last
        while start > first and data[start - 1] in _SPACE:
            start -= 1
    return Edit(Span(source.path, start, end), "")


def mark_after(source: Source, at: int, comments: Sequence[Comment], mark: bytes) -> int | None:
    """Where ``mark`` stands when it is the next thing after byte ``at`` but for white space and comments."""
    data = source.data
    spans = {comment.start: comment.end for comment in comments}
    while at < len(data):
        if at in spans:
            at = spans[at]
        elif data[at : at + 1].isspace():
            at += 1
        else:
            return at if data[at : at + 1] == mark else None
    return None


def mark_before(source: Source, at: int, comments: Sequence[Comment], mark: bytes) -> int | None:
    """Where ``mark`` stands when it is the last thing before byte ``at`` but for white space and comments."""
    data = source.data
    spans = {comment.end: comment.start for comment in comments}
    while at > 0:
        if at in spans:
            at = spans[at]
        elif data[at - 1 : at].isspace():
            at -= 1
        else:
            return at - 1 if data[at - 1 : at] == mark else None
    return None


def insertion(path: str, at: int, text: str) -> Edit:
    """``text`` put in at byte ``at``."""
    return Edit(Span(path, at, at), text)
