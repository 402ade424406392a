"""Reads and parses a project's JavaScript and TypeScript with tree-sitter and does nothing else: the yardstick.

    python -m benchmarks.parse FOLDER < PATHS

PATHS are relative to FOLDER, one a line. Prints JSON: files, lines, bytes, and the CPU seconds of reading and of
parsing (imports and start-up left out).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

SUFFIXES = {
    ".js": "js", ".jsx": "js", ".mjs": "js", ".cjs": "js", ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx",
}


def checked(root: Path) -> list[str]:
    """The JavaScript and TypeScript files that ``edgelint check`` checks at ``root``."""
    from edgelint import engine, settings

    files = engine.analyse(root, settings.load(root)).files
    return [path for path in files if Path(path).suffix in SUFFIXES]


def parse(root: Path, paths: Sequence[str]) -> dict[str, float]:
    """Parse files of ``root``."""
    import tree_sitter
    import tree_sitter_javascript
    import tree_sitter_typescript

    languages = {
        "js": tree_sitter_javascript.language(),
        "ts": tree_sitter_typescript.language_typescript(),
        "tsx": tree_sitter_typescript.language_tsx(),
    }
    parsers = {name: tree_sitter.Parser(tree_sitter.Language(found)) for name, found in languages.items()}
    start = time.process_time()
    contents = [((root / path).read_bytes(), SUFFIXES[Path(path).suffix]) for path in paths]
    read = time.process_time()
    trees = [parsers[name].parse(data) for data, name in contents]
    end = time.process_time()
    return {
        "files": len(trees),
        "lines": sum(data.count(b"\n") for data, _ in contents),
        "bytes": sum(len(data) for data, _ in contents),
        "read": read - start,
        "parse": end - read,
    }


if __name__ == "__main__":
    print(json.dumps(parse(Path(sys.argv[1]), sys.stdin.read().splitlines())))
