"""``python -m benchmarks.lsp``: from a keystroke to the diagnostics, with a real server over a pipe.

The app is a generated Worker of some 3,000 lines with one file more, of 1,000 lines, whose functions hold 42 SQL
statements. In it somebody types: words of code into one function after another, letter by letter and with mistakes of
the kinds that the rules know; now and then there is a pause, in which the whole project is analysed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from benchmarks import corpus
from edgelint.source import Source
from edgelint.syntax.parse import parse_file

FILE = "src/big.ts"
STATEMENTS = 42
INTERVAL = (0.06, 0.2)
"""Seconds between keys: five to sixteen a second."""
PAUSE = 1.2
"""Seconds of a pause, after each function."""

HOW = """\
Milliseconds of wall clock from the editor's didChange to publishDiagnostics of that version of the file.
  parses    keys after which the file parses;  broken  keys after which it does not, until it is mended
  whole     from asking for the word of the whole project, after the last key in a function, to having it
  parse     one parse of the file, in a process of its own beside it: how fast the machine is"""

_FUNCTION = """
export async function handler{n}(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {{
  const url = new URL(request.url);
  const id = url.searchParams.get("id") ?? "none";
  const limit = Math.min(Number.parseInt(url.searchParams.get("size") ?? "20", 10), 100);
  const cached = await env.CACHE.get(`{table}:${{id}}`, "json");
  if (cached !== null) {{
    return Response.json(cached);
  }}
  const found = await env.DB.prepare("SELECT id, {one}, {two} FROM {table} WHERE id = ?1 LIMIT ?2")
    .bind(id, limit)
    .all<{{ id: string; {one}: string }}>();
  const items = found.results.map((row) => ({{ id: row.id, label: row.{one}.trim() }}));
  let total = 0;
  for (const item of items) {{
    total += item.label.length * {n};
  }}
  if (total > 100) {{
    console.log("long", total, url.pathname);
  }}
  // here
  await env.CACHE.put(`{table}:${{id}}`, JSON.stringify(items), {{ expirationTtl: 600 }});
  return Response.json({{ items, total }});
}}
"""
_TYPED = (
    'await env.CACHE.put("last", id, {{ expirationTtl: 30 }});',
    'const more = await env.DB.prepare("SELECT id FROM {table} WHERE nothing = ?").bind(id).all();',
    'const all = await env.DB.prepare(`SELECT * FROM {table} WHERE id = ${{id}}`).all();',
    'env.CACHE.delete(`{table}:${{id}}`);',
)


class Measured(NamedTuple):
    """Seconds of every key, by what came of it."""

    parses: list[float]
    broken: list[float]
    whole: list[float]
    parse: list[float]
    lines: int


def make(folder: Path) -> list[str]:
    """Write the app; returns the table of each function of ``FILE``."""
    corpus.worker(folder, corpus.WORKER_LINES, random.Random(corpus.SEED))
    tables = {}
    for line in (folder / "migrations/0001_tables.sql").read_text("utf-8").splitlines():
        head, _, body = line.partition(" (")
        tables[head.split()[-1]] = [column.split()[0] for column in body.split(", ")]
    names = [name for name in tables if name not in ("users", "audit")]
    used = [names[number % len(names)] for number in range(STATEMENTS)]
    functions = [
        _FUNCTION.format(n=number, table=table, one=tables[table][1], two=tables[table][2])
        for number, table in enumerate(used)
    ]
    (folder / FILE).write_text('import type { Env } from "./env";\n' + "".join(functions), "utf-8")
    index = folder / "src/index.ts"
    text = index.read_text("utf-8").replace("const routes", "const big = Object.values(handlers);\nconst routes", 1)
    index.write_text('import * as handlers from "./big";\n' + text, "utf-8")
    return used


class Typist:
    """An editor with one file open, and how long the server took for each key."""

    def __init__(self, root: Path, client: LanguageClient) -> None:
        self.root = root
        self.client = client
        self.uri = (root / FILE).as_uri()
        self.text = (root / FILE).read_text("utf-8")
        self.version = 1
        self.sent = 0.0
        self.first: dict[int, tuple[float, bool]] = {}
        self.news = asyncio.Event()

        feature: Callable[[Callable[..., None]], object] = client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

        def published(params: types.PublishDiagnosticsParams) -> None:
            self.published(params)

        feature(published)

    def published(self, params: types.PublishDiagnosticsParams) -> None:
        now = time.perf_counter()
        if params.uri == self.uri and params.version is not None:
            broken = any(each.code == "syntax-error" for each in params.diagnostics)
            self.first.setdefault(params.version, (now - self.sent, broken))
        self.news.set()

    def open(self) -> None:
        item = types.TextDocumentItem(self.uri, "typescript", self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def key(self, line: int, column: int, letter: str, erase: int = 0) -> None:
        """One key: a letter at a place, or ``erase`` letters after it taken away."""
        self.version += 1
        where = types.Range(types.Position(line, column), types.Position(line, column + erase))
        document = types.VersionedTextDocumentIdentifier(version=self.version, uri=self.uri)
        change = types.TextDocumentContentChangePartial(range=where, text=letter)
        self.sent = time.perf_counter()
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    async def answered(self) -> None:
        while self.version not in self.first:
            self.news.clear()
            await self.news.wait()


async def measure(root: Path, tables: Sequence[str], functions: int, chance: random.Random) -> Measured:
    """Type into ``functions`` functions of the app at ``root``."""
    client = LanguageClient("edgelint-benchmark", "1")
    typist = Typist(root, client)
    await client.start_io(sys.executable, "-m", "edgelint", "server", limit=1 << 24)
    folder = types.WorkspaceFolder(root.as_uri(), "app")
    await client.initialize_async(
        types.InitializeParams(
            capabilities=types.ClientCapabilities(), root_uri=root.as_uri(), workspace_folders=[folder],
            process_id=os.getpid(),
        )
    )  # fmt: skip
    client.initialized(types.InitializedParams())
    typist.open()
    await typist.answered()
    await asyncio.sleep(PAUSE * 2)
    found = Measured([], [], [], [], typist.text.count("\n"))
    data = typist.text.encode()
    for number in chance.sample(range(STATEMENTS), functions):
        line = typist.text[: typist.text.index(f"handler{number}(")].count("\n") + 20
        typed = "  " + chance.choice(_TYPED).format(table=tables[number])
        typist.key(line, 0, "\n")
        await typist.answered()
        for column, letter in enumerate(typed):
            await asyncio.sleep(chance.uniform(*INTERVAL))
            typist.key(line, column, letter)
            await typist.answered()
            seconds, broken = typist.first[typist.version]
            (found.broken if broken else found.parses).append(seconds)
        started = time.perf_counter()
        document = types.TextDocumentIdentifier(typist.uri)
        await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(document))
        found.whole.append(time.perf_counter() - started)
        await asyncio.sleep(PAUSE)
        started = time.perf_counter()
        parse_file(FILE, Source(FILE, data))
        found.parse.append(time.perf_counter() - started)
        typist.key(line, 0, "", len(typed))  # the empty line stays: the next function is looked for by its name
        typist.text = _with_line(typist.text, line)
        await typist.answered()
        await asyncio.sleep(PAUSE)
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]
    return found


def _with_line(text: str, line: int) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:line], "", *lines[line:]])


def percentile(seconds: Sequence[float], share: float) -> float:
    """Milliseconds that ``share`` (0 to 1) of the measurements stay within."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def as_json(found: Measured) -> dict[str, Any]:
    """The figures for a program; times in milliseconds."""
    made: dict[str, Any] = {"lines": found.lines, "statements": STATEMENTS}
    for name in ("parses", "broken", "whole"):
        seconds = getattr(found, name)
        made[name] = {
            "keys": len(seconds), "p50_ms": percentile(seconds, 0.5), "p95_ms": percentile(seconds, 0.95),
            "max_ms": max(seconds, default=0.0) * 1000,
        }  # fmt: skip
    keys = [*found.parses, *found.broken]
    made["all"] = {"keys": len(keys), "p50_ms": percentile(keys, 0.5), "p95_ms": percentile(keys, 0.95)}
    made["parse_ms"] = statistics.median(found.parse) * 1000
    return made


def as_text(found: Measured) -> str:
    """The table, and how it was measured."""
    figures = as_json(found)
    rows = [f"{FILE}: {found.lines} lines, {STATEMENTS} SQL statements, in a Worker of {corpus.WORKER_LINES} lines"]
    for name in ("all", "parses", "broken", "whole"):
        one = figures[name]
        most = f"   max {one['max_ms']:6.1f}" if "max_ms" in one else ""
        rows.append(f"{name:8}{one['keys']:5} keys   p50 {one['p50_ms']:6.1f} ms   p95 {one['p95_ms']:6.1f} ms{most}")
    rows.append(f"parse   {figures['parse_ms']:5.1f} ms")
    return "\n".join([*rows, "", HOW])


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the app, type, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lsp", description=__doc__)
    parser.add_argument("--functions", type=int, default=8, help="functions that are typed into (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args(arguments)
    if not 0 < options.functions <= STATEMENTS:
        parser.error(f"--functions must be between 1 and {STATEMENTS}")
    with tempfile.TemporaryDirectory(prefix="edgelint-benchmarks-") as made:
        root = Path(made).resolve() / "app"
        tables = make(root)
        found = asyncio.run(measure(root, tables, options.functions, random.Random(corpus.SEED)))
    print(json.dumps(as_json(found), indent=2) if options.json else as_text(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
