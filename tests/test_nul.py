"""NUL bytes: characters of JavaScript's strings and comments, and a sign of what is no text anywhere else."""

from __future__ import annotations

import pytest

from edgelint.source import Source, UnreadableSource
from edgelint.syntax import tree
from edgelint.syntax.parse import parse_file


@pytest.mark.parametrize("path", ["a.ts", "a.js", "a.tsx", "a.mjs"])
def test_in_strings_templates_and_comments_of_javascript(path: str) -> None:
    data = b'const separator = "\0"; // \0\nconst key = `${a}\0${b}`;\nfoo(separator, key);\n'
    parsed = parse_file(path, Source(path, data))
    assert not parsed.errors
    calls = [node for node in tree.walk(parsed.module) if isinstance(node, tree.Call)]
    assert [data[call.start : call.end] for call in calls] == [b"foo(separator, key)"]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.py", b'separator = "\0"\nprint(separator)\n'), ("a.sql", b"SELECT 'a\0b'\n"),
        ("wrangler.toml", b'name = "a\0"\n'), ("a.ts", "const a = 1;\n".encode("utf-16-le")),
        ("a.js", "const a = 1;\n".encode("utf-16-be")), ("a.js", bytes(200)),
    ],
)  # fmt: skip
def test_in_anything_else(path: str, data: bytes) -> None:
    with pytest.raises(UnreadableSource, match="NUL byte") as raised:
        Source(path, data)
    assert raised.value.offset == data.index(b"\0")
