"""What no linter in CPython can do without, against the bare parse of the same files.

    python -m benchmarks.floor FOLDER [ROUNDS]

Every row is CPU of its work alone, the least of the rounds, and as a multiple of the parse:

walk      from node to node over the named children of every tree, reading each one's kind: nothing is made or kept
objects   the same, with one object (slots: kind, start, end, children) for each named node: the cheapest copy there is
revisit   one walk over those objects, asking each for its class: what an index or a rule costs at least
lower     edgelint's lowering to the common tree, comments and errors included
index     edgelint's index: parents, scopes, names, calls
start     a process that only imports what `edgelint check` imports for this folder
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.measure import run
from benchmarks.parse import checked

_T = TypeVar("_T")
_R = TypeVar("_R")
_IMPORTS = """
import contextlib, io, json, pathlib, sys
from edgelint.cli import check, quick
with contextlib.redirect_stdout(io.StringIO()):
    check.run(quick.request(["check", sys.argv[1], "--no-cache", "--format", "json"]))
print(json.dumps([name for name in sys.modules if name.split(".")[0] != "__main__"]))
"""


class Copy:
    """The cheapest object that holds a node."""

    __slots__ = ("kind", "start", "end", "below")

    def __init__(self, kind: int, start: int, end: int, below: list[Copy]) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.below = below


def walk(node: Any) -> int:
    """The number of named nodes below ``node``."""
    count, stack = 0, [node]
    while stack:
        for kid in stack.pop().named_children:
            count += kid.kind_id >= 0
            stack.append(kid)
    return count


def copied(node: Any) -> Copy:
    """``node`` and all named nodes below it, copied."""
    top = Copy(node.kind_id, node.start_byte, node.end_byte, [])
    stack = [(node, top)]
    while stack:
        at, made = stack.pop()
        below = made.below
        for kid in at.named_children:
            copy = Copy(kid.kind_id, kid.start_byte, kid.end_byte, [])
            below.append(copy)
            stack.append((kid, copy))
    return top


def revisited(top: Copy) -> int:
    """The number of copies."""
    count, stack = 0, [top]
    while stack:
        node = stack.pop()
        count += node.__class__ is Copy
        stack += node.below
    return count


def timed(work: Callable[[_T], _R], things: Iterable[_T]) -> tuple[float, list[_R]]:
    """CPU seconds of ``work`` on each of ``things``, and what it gave."""
    begin = time.process_time()
    found = [work(thing) for thing in things]
    return time.process_time() - begin, found


def floor(root: Path, rounds: int) -> dict[str, float]:
    """CPU seconds of each row, and how many files and named nodes there are."""
    from edgelint.project.scopes import FileIndex
    from edgelint.source import Source
    from edgelint.syntax import javascript
    from edgelint.syntax.js_statements import grammar

    paths = checked(root)
    named = {".tsx": "tsx", ".ts": "typescript", ".mts": "typescript", ".cts": "typescript"}
    files = [
        (grammar(named.get(Path(path).suffix, "javascript")).parser, Source(path, (root / path).read_bytes()))
        for path in paths
    ]
    least: dict[str, float] = {}
    gc.disable()  # as edgelint has it while it works
    for _ in range(rounds):
        found: dict[str, float] = {}
        found["parse"], trees = timed(lambda file: file[0].parse(file[1].data), files)
        found["walk"], counts = timed(lambda tree: walk(tree.root_node), trees)
        trees = [parser.parse(source.data) for parser, source in files]  # a tree keeps the nodes it was asked for
        found["objects"], copies = timed(lambda tree: copied(tree.root_node), trees)
        del trees
        found["revisit"], _ = timed(revisited, copies)
        del copies
        both, parsed = timed(lambda file: javascript.parse(file[1], file[1].path), files)
        found["lower"] = both - found["parse"]
        found["index"], _ = timed(lambda one: FileIndex(one.module, False), parsed)
        del parsed
        least = {name: min(value, least.get(name, value)) for name, value in found.items()}
        gc.collect()
    gc.enable()
    return {**least, "start": start(root, rounds), "files": len(files), "nodes": sum(counts)}


def start(root: Path, rounds: int) -> float:
    """CPU seconds of a process that imports what a check of ``root`` imports."""
    listed = subprocess.run([sys.executable, "-c", _IMPORTS, str(root)], capture_output=True, check=True).stdout
    code = f"for name in {json.loads(listed)!r}: __import__(name)"
    command = [sys.executable, "-c", code]
    run(command)
    return min(run(command)[0] for _ in range(rounds))


def as_text(found: dict[str, float]) -> str:
    """The table."""
    parse = found["parse"]
    rows = [f"{found['files']:.0f} JS/TS files, {found['nodes'] / 1000:.0f} thousand named nodes"]
    rows += [
        f"{name:8}{found[name] * 1000:8.0f} ms CPU{found[name] / parse:7.2f} x parse"
        for name in ("parse", "walk", "objects", "revisit", "lower", "index", "start")
    ]
    return "\n".join(rows)


def main(arguments: Sequence[str]) -> int:
    """Print the table of one folder."""
    print(as_text(floor(Path(arguments[0]).resolve(), int(arguments[1]) if len(arguments) > 1 else 3)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
