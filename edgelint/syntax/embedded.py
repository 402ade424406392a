"""The scripts inside .vue, .svelte and .astro files, parsed where they stand in their host file.

Everything outside the scripts is blanked with spaces, newlines and length kept, so every offset is already the host's.
A host's scripts share one scope in what they compile to, so they are parsed as one module. The markup's own expressions
are not read.
"""

from __future__ import annotations

import re

from edgelint.source import Source
from edgelint.syntax import javascript, tree

_SKIP = re.compile(rb"<!--[\s\S]*?(?:-->|\Z)|<style\b[\s\S]*?(?:</style\s*>|\Z)", re.IGNORECASE)
_OPEN = re.compile(rb"<script\b((?:\"[^\"]*\"|'[^']*'|\{[^{}]*\}|[^>\"'{}])*)>", re.IGNORECASE)
_CLOSE = re.compile(rb"</script\s*>", re.IGNORECASE)
_LANG = re.compile(rb"\blang\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_TYPE = re.compile(rb"\btype\s*=\s*[\"']?([\w/+.-]+)", re.IGNORECASE)
_SRC = re.compile(rb"(?:^|\s)src\s*=", re.IGNORECASE)
_NOT_NEWLINE = re.compile(rb"[^\r\n]")
_FENCE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*---[ \t]*(?=\r?\n|\r|\Z)")
_FENCE_END = re.compile(rb"(?m)^[ \t]*---")
_SCRIPT_TYPES = frozenset(
    (b"module", b"text/javascript", b"application/javascript", b"text/typescript", b"text/babel", b"text/ts")
)


def parse(source: Source, path: str) -> tree.Parsed:
    """Parse the scripts of a .vue, .svelte or .astro file: as TypeScript when one says so, and always in .astro."""
    data = source.data
    blocks, name = _blocks(data, path.lower().endswith(".astro"))
    masked, at = [], 0
    for start, end in blocks:
        masked += [_NOT_NEWLINE.sub(b" ", data[at:start]), data[start:end]]
        at = end
        # The end of a script ends its last statement too.
        if blocks[-1] != (start, end) and end < len(data):
            masked.append(b";")
            at += 1
    masked.append(_NOT_NEWLINE.sub(b" ", data[at:]))
    return javascript.parse_bytes(b"".join(masked), path, name)


def _blocks(data: bytes, astro: bool) -> tuple[list[tuple[int, int]], str]:
    """The spans of the scripts in source order, and the grammar that reads them."""
    blocks: list[tuple[int, int]] = []
    name = "typescript" if astro else "javascript"
    at = 0
    if astro and (fence := _FENCE.match(data)) is not None:
        end = _FENCE_END.search(data, fence.end())
        stop = end.start() if end is not None else len(data)
        blocks.append((fence.end(), stop))
        at = end.end() if end is not None else stop
    while (tag := _OPEN.search(data, at)) is not None:
        skipped = _SKIP.search(data, at)
        if skipped is not None and skipped.start() < tag.start():
            at = skipped.end()
            continue
        if tag.group(1).rstrip().endswith(b"/"):  # <script set:html={text} /> has no text of its own
            at = tag.end()
            continue
        close = _CLOSE.search(data, tag.end())
        end_of_script = close.start() if close is not None else len(data)
        at = close.end() if close is not None else len(data)
        attributes = tag.group(1)
        kind = _TYPE.search(attributes)
        if _SRC.search(attributes) or (kind is not None and kind.group(1).lower() not in _SCRIPT_TYPES):
            continue
        blocks.append((tag.end(), end_of_script))
        lang = _LANG.search(attributes)
        word = lang.group(1).lower() if lang is not None else b""
        if word in (b"ts", b"typescript"):
            name = "typescript" if name == "javascript" else name
        elif word == b"tsx":
            name = "tsx"
    return blocks, name
