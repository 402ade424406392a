"""Edits of wrangler configs, TOML and JSONC: entries and items taken out, put in, moved. Comments stay.

A function gives None (or no edits) where the text is not of a form that it can change without a doubt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgelint.checks._fixes_text import (
    begins_line,
    indent,
    insertion,
    line_end,
    line_start,
    mark_after,
    mark_before,
    next_line,
    removal,
    step,
)
from edgelint.diagnostics import Edit, Span
from edgelint.syntax.document import walk

if TYPE_CHECKING:
    from edgelint.project.wrangler import WranglerConfig
    from edgelint.syntax.document import Entry, Value

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def end_of(value: Value) -> int:
    """The end of everything that belongs to a value: of a TOML table its last entry's."""
    return max(max([v.end, *(e.key_end for e in v.entries)]) for v in walk(value))


def toml_key(name: str) -> str:
    """A key as TOML writes it."""
    return name if _BARE.fullmatch(name) else json.dumps(name)


def toml_text(value: object) -> str | None:
    """A plain value in TOML; None for what has no form there (null)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        items = [toml_text(item) for item in value]
        return None if None in items else f"[{', '.join(item or '' for item in items)}]"
    if isinstance(value, dict):
        pairs = [(toml_key(key), toml_text(item)) for key, item in value.items()]
        if any(text is None for _, text in pairs):
            return None
        return "{ " + ", ".join(f"{key} = {text}" for key, text in pairs) + " }" if pairs else "{}"
    return None


# -- taking out -------------------------------------------------------------------------------------------------------


def without(config: WranglerConfig, start: int, end: int) -> tuple[Edit, ...]:
    """Take out the member of an array, of an inline table or of a JSON object that reaches from ``start`` to ``end``,
    with one comma."""
    source, comments = config.source, config.document.comments
    after = mark_after(source, end, comments, b",")
    if after is not None:
        if not source.data[end:after].strip():
            return (removal(source, start, after + 1),)
        return removal(source, start, end), Edit(Span(source.path, after, after + 1), "")
    before = mark_before(source, start, comments, b",")
    if before is None:
        return (removal(source, start, end),)
    taken = removal(source, start, end)
    if not source.data[before + 1 : start].strip() and taken.span.start <= before + 1:
        return (Edit(Span(source.path, before, taken.span.end), ""),)
    if not source.data[before + 1 : start].strip(b" \t"):
        return (Edit(Span(source.path, before, end), ""),)
    return Edit(Span(source.path, before, before + 1), ""), taken


def without_table(config: WranglerConfig, value: Value) -> tuple[Edit, ...] | None:
    """Take out a TOML table with its keys; None for one that has tables below it."""
    data, own = config.source.data, (value.start, value.end)
    if any(entry.table != own for entry in value.entries):
        return None
    start, end = line_start(data, value.start), next_line(data, max(end_of(value) - 1, value.start))
    if any(start <= comment.start < end for comment in config.document.comments):
        pieces = [own, *((entry.key_start, end_of(entry.value)) for entry in value.entries)]
        return tuple(removal(config.source, *piece) for piece in pieces)
    above = line_start(data, max(start - 1, 0))
    if above < start and not data[above:start].strip():
        start = above
    return (Edit(Span(config.path, start, end), ""),)


# -- putting in -------------------------------------------------------------------------------------------------------


def _json(value: object, lead: str, level: str, flat: bool) -> str:
    if flat or not isinstance(value, dict | list) or not value:
        return _flat(value)
    inner = lead + level
    if isinstance(value, dict):
        rows = [f"{inner}{json.dumps(key)}: {_json(item, inner, level, _is_leaf(item))}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{lead}}}"
    rows = [inner + _json(item, inner, level, _is_leaf(item)) for item in value]
    return "[\n" + ",\n".join(rows) + f"\n{lead}]"


def _flat(value: object) -> str:
    if isinstance(value, dict) and value:
        return "{ " + ", ".join(f"{json.dumps(key)}: {_flat(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_flat(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _is_leaf(value: object) -> bool:
    """Whether a value is written on one line: an object of scalars, a list of one."""
    if isinstance(value, dict):
        return all(not isinstance(item, dict | list) or item in ([], {}) or _is_leaf(item) for item in value.values())
    return not isinstance(value, list) or all(not isinstance(item, dict | list) for item in value)


def append(config: WranglerConfig, owner: Value, value: object, key: str | None = None) -> tuple[Edit, ...]:
    """Put a member at the end of a JSON array or object (then under ``key``), or of an array or inline table in
    TOML; no edits where it cannot be written there."""
    data, path = config.source.data, config.path
    toml = config.format == "toml"
    members = [(i.start, end_of(i)) for i in owner.items] if owner.kind == "array" else [
        (e.key_start, end_of(e.value)) for e in owner.entries
    ]  # fmt: skip
    if data[owner.start : owner.start + 1] not in (b"[", b"{") or data[owner.end - 1 : owner.end] not in (b"]", b"}"):
        return ()
    if owner.items and owner.items[0].start == owner.start:
        return ()  # made of [[headers]]
    head = "" if key is None else f"{toml_key(key)} = " if toml else f"{json.dumps(key)}: "
    lead = indent(data, members[-1][0]) if members else indent(data, owner.start) + step(data)
    plain = toml_text(value) if toml else _json(value, lead, step(data), _is_leaf(value))
    flat = toml_text(value) if toml else _flat(value)
    if plain is None or flat is None:
        return ()
    if not members:
        inside = data[owner.start + 1 : owner.end - 1]
        if inside.strip():
            return ()  # comments alone
        multi = owner.kind == "object" and not toml
        space = " " if owner.kind == "object" else ""
        text = f"\n{lead}{head}{plain}\n{indent(data, owner.start)}" if multi else f"{space}{head}{flat}{space}"
        return (Edit(Span(path, owner.start + 1, owner.end - 1), text),)
    first, last = members[-1]
    comma = mark_after(config.source, last, config.document.comments, b",")
    if not begins_line(data, first) or (toml and owner.kind == "object"):
        if comma is not None:
            return (insertion(path, comma + 1, f" {head}{flat}"),)
        return (insertion(path, last, f", {head}{flat}"),)
    at = comma + 1 if comma is not None else last
    tail = "," if comma is not None else ""
    end = line_end(data, at)
    rest = data[at:end].strip()
    if not rest:
        return (insertion(path, at, f"{'' if comma is not None else ','}\n{lead}{head}{plain}{tail}"),)
    if not any(comment.start >= at and comment.end <= end and data[at : comment.start].strip() == b""
               and data[comment.end : end].strip() == b"" for comment in config.document.comments):  # fmt: skip
        return (insertion(path, at, f"{'' if comma is not None else ','} {head}{flat}{tail}"),)
    row = insertion(path, end, f"\n{lead}{head}{plain}{tail}")
    return (row,) if comma is not None else (insertion(path, last, ","), row)


def append_table(config: WranglerConfig, after: Value | None, text: str) -> Edit:
    """A TOML table, ``text`` with its header, below everything that belongs to ``after``; None: at the end."""
    data, path = config.source.data, config.path
    if after is not None and after is not config.root:
        end = line_end(data, max(end_of(after) - 1, 0))
        return insertion(path, end, f"\n\n{text}")
    end = len(data.rstrip())
    return Edit(Span(path, end, len(data)), f"\n\n{text}\n")


def table(header: str, fields: dict[str, object], listed: bool) -> str | None:
    """The lines of a TOML table."""
    rows = [(toml_key(key), toml_text(value)) for key, value in fields.items()]
    if any(text is None for _, text in rows):
        return None
    marks = ("[[", "]]") if listed else ("[", "]")
    return "\n".join([f"{marks[0]}{header}{marks[1]}", *(f"{key} = {text}" for key, text in rows)])


# -- moving -----------------------------------------------------------------------------------------------------------


def lifted(config: WranglerConfig, entry: Entry) -> tuple[Edit, ...] | None:
    """Move a key of a TOML table to the top level, with the comments on its lines and directly above it; None for one
    that does not have its lines to itself."""
    source = config.source
    data = source.data
    start, end = line_start(data, entry.key_start), line_end(data, end_of(entry.value))
    if entry.value.kind == "object" and data[entry.value.start : entry.value.start + 1] != b"{":
        return None  # a.b = 1
    if entry.table is None or data[start : entry.key_start].strip() or not _is_rest(config, end_of(entry.value), end):
        return None
    while start > entry.table[1] and (above := _comment_above(data, start)) is not None and above > entry.table[1]:
        start = above
    moved = source.slice(start, end)
    at, before = top_place(config)
    edit = insertion(config.path, at, f"\n{moved}" if before else f"{moved}\n\n")
    gone = Edit(Span(config.path, start, next_line(data, end)), "")
    return (edit, gone) if at <= start else None


def _is_rest(config: WranglerConfig, at: int, end: int) -> bool:
    rest = config.source.data[at:end].strip()
    return not rest or rest.startswith(b"#")


def _comment_above(data: bytes, start: int) -> int | None:
    """Where the line above begins when it is a comment."""
    if start == 0:
        return None
    above = line_start(data, start - (2 if data[start - 2 : start] == b"\r\n" else 1))
    return above if data[above:start].strip().startswith(b"#") else None


def top_place(config: WranglerConfig) -> tuple[int, bool]:
    """(where a key of the top level can be written, whether it comes after one): below the last of the top level's own
    keys, else above the first header and its comments."""
    data = config.source.data
    headers = [place[0] for place in _headers(config)]
    first = min(headers, default=len(data))
    own = [e for e in config.root.entries if e.table is None and e.key_start < first]
    if own:
        return line_end(data, max(end_of(e.value) for e in own)), True
    start = line_start(data, first)
    while (above := _comment_above(data, start)) is not None:
        start = above
    return max(start, config.source.bom), False


def _headers(config: WranglerConfig) -> Iterator[tuple[int, int]]:
    """The spans of the headers of a TOML file that have keys or are tables themselves."""
    for value in walk(config.root):
        for entry in value.entries:
            if entry.table is not None:
                yield entry.table
        if value is not config.root and config.source.data[value.start : value.start + 1] == b"[":
            if value.kind == "object":
                yield value.start, value.end


__all__ = [
    "append", "append_table", "end_of", "lifted", "table", "toml_key", "toml_text", "top_place", "without",
    "without_table",
]
