"""The positioned data tree of a TOML or JSONC file: what the config reader sees, whichever the format was.

All offsets are bytes into the file on disk. Everything here is iterative: nesting in the file is no limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgelint.syntax.tree import Comment

Error = tuple[int, int, str]


def whole(data: bytes, error: Error) -> Error:
    """``error`` with its span widened to whole characters."""
    start, end, message = error
    while start > 0 and start < len(data) and data[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end += 1
    return start, end, message


class Value:
    """One value with its byte span.

    ``kind``: "object", "array", "string", "number", "boolean", "null" or "datetime". ``value`` is the plain Python
    value of a scalar (a TOML date or time stays its text) and None for objects and arrays. A TOML table's span is its
    header (the key, for a table that only dotted keys make); an array-of-tables element's is its ``[[header]]``.
    """

    __slots__ = ("kind", "value", "start", "end", "entries", "items")

    def __init__(self, kind: str, value: Any, start: int, end: int) -> None:
        self.kind = kind
        self.value = value
        self.start = start
        self.end = end
        self.entries: list[Entry] = []
        self.items: list[Value] = []

    def entry(self, key: str) -> Entry | None:
        """The entry of ``key``: the last one when it is written twice, as wrangler reads JSON."""
        for entry in reversed(self.entries):
            if entry.key == key:
                return entry
        return None

    def get(self, key: str) -> Value | None:
        """The value of ``key`` (the last one when it is written twice), or None."""
        entry = self.entry(key)
        return None if entry is None else entry.value

    def keys(self) -> list[str]:
        """The keys of an object, in source order, each once."""
        return list(dict.fromkeys(entry.key for entry in self.entries))

    def text(self) -> str | None:
        """The value of a string, or None for every other kind."""
        return self.value if self.kind == "string" else None

    def plain(self) -> Any:
        """The whole subtree as dicts, lists and scalars."""
        if self.kind not in ("object", "array"):
            return self.value
        top: Any = {} if self.kind == "object" else []
        work: list[tuple[Value, Any]] = [(self, top)]
        while work:
            value, into = work.pop()
            members: Iterator[tuple[Any, Value]]
            if value.kind == "object":
                members = ((entry.key, entry.value) for entry in value.entries)
            else:
                members = enumerate(value.items)
            for key, member in members:
                made: Any = member.value
                if member.kind in ("object", "array"):
                    made = {} if member.kind == "object" else []
                    work.append((member, made))
                if value.kind == "object":
                    into[key] = made
                else:
                    into.append(made)
        return top

    def __repr__(self) -> str:
        inner = {"object": len(self.entries), "array": len(self.items)}.get(self.kind, self.value)
        return f"Value[{self.start}:{self.end}]({self.kind}, {inner!r})"


class Entry:
    """One key of an object. The key span holds the key as written, quotes and all.

    ``table`` is, in TOML, the span of the ``[table]`` or ``[[table]]`` header that this key's line stands under; None
    at the root, for a header's own entry, and in JSON.
    """

    __slots__ = ("key", "key_start", "key_end", "value", "table")

    def __init__(
        self, key: str, key_start: int, key_end: int, value: Value, table: tuple[int, int] | None = None
    ) -> None:
        self.key = key
        self.key_start = key_start
        self.key_end = key_end
        self.value = value
        self.table = table

    def __repr__(self) -> str:
        return f"Entry[{self.key_start}:{self.key_end}]({self.key!r}: {self.value!r})"


class Document:
    """A parsed file. ``root`` is always an object or whatever stands at the top of a JSON file; ``errors`` are
    (start, end, message), in source order; ``duplicates`` are the later entries of keys written twice in one object
    (in TOML also the later headers of tables defined twice)."""

    __slots__ = ("root", "errors", "duplicates", "comments", "format")

    def __init__(
        self, root: Value, errors: list[Error], duplicates: list[Entry], comments: list[Comment], format: str
    ) -> None:
        self.root = root
        self.errors = errors
        self.duplicates = duplicates
        self.comments = comments
        self.format = format


def walk(value: Value) -> Iterator[Value]:
    """``value`` and every value below it, in source order."""
    stack = [value]
    while stack:
        top = stack.pop()
        yield top
        if top.kind == "object":
            stack.extend(entry.value for entry in reversed(top.entries))
        elif top.kind == "array":
            stack.extend(reversed(top.items))
