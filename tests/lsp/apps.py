"""Small apps and random edits for the tests of the language server."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

FIXTURES = Path(__file__).parents[2] / "fixtures" / "apps"


def never() -> bool:
    """A run that nobody stops."""
    return False


def write(root: Path, files: dict[str, str]) -> Path:
    """An app of these files, with a config and a migration unless there are others; returns its root."""
    default = {
        "wrangler.toml": 'name = "shop"\nmain = "src/index.ts"\ncompatibility_date = "2026-01-01"\n'
        'kv_namespaces = [{ binding = "KV", id = "0123456789abcdef0123456789abcdef" }]\n'
        'd1_databases = [{ binding = "DB", database_name = "shop", '
        'database_id = "11111111-2222-4333-8444-555555555555" }]\n',
        "migrations/0001_init.sql": "CREATE TABLE goods (id INTEGER PRIMARY KEY, title TEXT NOT NULL);\n",
    }
    for path, text in (default | files).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root.resolve()


def edited(data: bytes, chance: random.Random) -> bytes:
    """A text after one edit of a kind that people make."""
    return chance.choice(_EDITS)(data, chance)


def _line(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    kind = chance.randrange(4)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, chance.choice(lines))
    elif kind == 2:
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines.insert(at, b"")
    return b"\n".join(lines)


def _letter(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + bytes([chance.choice(b"abc;(){}\"'` .,0?")]) + data[at:]


def _replaced(pattern: bytes, by: Callable[[bytes, random.Random], bytes]) -> Callable[[bytes, random.Random], bytes]:
    def edit(data: bytes, chance: random.Random) -> bytes:
        found = list(re.finditer(pattern, data))
        if not found:
            return data
        match = chance.choice(found)
        return data[: match.start()] + by(match.group(), chance) + data[match.end() :]

    return edit


_EDITS = (
    _line,
    _letter,
    _replaced(rb"\b\d+\b", lambda text, chance: str(chance.choice([0, 1, 6, 60, 600, 2**60])).encode()),
    _replaced(rb"\b[A-Za-z_]\w+\b", lambda text, chance: text[:-1]),
    _replaced(rb"await |WHERE|LIMIT|\?1?|async ", lambda text, chance: b""),
    _replaced(rb"'[^'\n]*'|\"[^\"\n]*\"", lambda text, chance: text[:-1] + b"x" + text[-1:]),
)
