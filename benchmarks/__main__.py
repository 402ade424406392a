"""``python -m benchmarks``: cold, warm and parse-only in one run, and their ratios.

On two generated corpora: one as dense with bindings as real apps are, one in which every file deals with them. See
``benchmarks.corpus`` for the numbers, ``benchmarks.density`` for how they were counted, and ``benchmarks.floor`` for
what any linter in CPython costs at least.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import corpus
from benchmarks.measure import D1Measured, Measured, measure, measure_d1

HOW = """\
cold     edgelint check --no-cache --format json, a new process each time: CPU of the whole process, start-up included
warm     the same without --no-cache, nothing changed since the run before
parse    reading and tree-sitter-parsing the JS/TS files that edgelint checks, in a new process: CPU of that loop
start    edgelint --version: what no run can be faster than
app      cold, on one generated Worker of the same kind
like     as dense with calls on bindings and SQL as real apps; dense: every file deals with them
All are medians over the runs; (lowest-highest) shows how quiet the machine was. Compare ratios, not milliseconds."""

HOW_D1 = """\
replay    every migration, each in a transaction, on one empty database; with rows: as `edgelint check` does it, twice,
          and with rows that satisfy the constraints made anew for each
prepare   what SQLite knows of each query (columns, parameters, tables, mistakes); plan: EXPLAIN QUERY PLAN of each
sqlglot   sqlglot.parse of the same statements, in the same process; imports are of new processes
All are CPU of one generated app's SQL, medians over the rounds of every run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make or take a corpus, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="measure on this folder instead of a generated corpus")
    parser.add_argument("--lines", type=int, default=50_000, help="lines of JS/TS to generate (default %(default)s)")
    parser.add_argument("--app-lines", type=int, default=3_000, help="lines of the small app (default %(default)s)")
    parser.add_argument(
        "--tables", type=int, default=40, help="tables of the D1 half; 0 leaves it out (default %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=5, help="processes per figure (default %(default)s)")
    parser.add_argument("--keep", type=Path, help="generate the corpus here and leave it")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args(arguments)
    if options.corpus is not None and not options.corpus.is_dir():
        parser.error(f"{options.corpus} is not a folder")
    if options.runs < 1:
        parser.error("--runs must be at least 1")

    def tell(name: str, what: str) -> None:
        print(f"measuring: {name}, {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="edgelint-benchmarks-") as made:
        kept = options.keep or Path(made) / "corpus"
        try:
            if options.corpus is not None:
                folders = {"corpus": (options.corpus, corpus.DENSE)}
            else:
                folders = {"like": (kept / "like", corpus.LIKE_APPS), "dense": (kept / "dense", corpus.DENSE)}
            found: dict[str, Measured] = {}
            for name, (folder, bound) in folders.items():
                if options.corpus is None:
                    corpus.make(folder, options.lines, bound=bound)
                app = Path(made) / f"app-{name}"
                corpus.worker(app, options.app_lines, random.Random(corpus.SEED), bound)
                found[name] = measure(folder.resolve(), options.runs, app, partial(tell, name))
            if options.tables:
                tell("D1", "migrations and queries")
            d1 = measure_d1(options.runs, options.tables) if options.tables else None
        except RuntimeError as error:
            print(f"benchmarks: {error}", file=sys.stderr)
            return 1
    generated = f"generated, seed {corpus.SEED}"
    sources = {name: str(options.corpus) if options.corpus is not None else f"{name}, {generated}" for name in found}
    if options.json:
        parts = {name: as_json(one, sources[name]) for name, one in found.items()}
        print(json.dumps({**parts, "d1": None if d1 is None else d1_as_json(d1)}, indent=2))
    else:
        texts = [as_text(one, sources[name]) for name, one in found.items()]
        print("\n\n".join((*texts, HOW, *(() if d1 is None else (d1_as_text(d1),)))))
    return 0


def as_text(found: Measured, source: str) -> str:
    """The table, the ratios, and how each was measured."""
    size = found.size
    spread = f"{min(found.parse) * 1000:.0f}-{max(found.parse) * 1000:.0f}"
    volume = f"{size['lines'] / 1000:.1f} kLOC, {size['bytes'] / 1e6:.2f} MB"
    rows = [
        f"corpus   {size['files']:.0f} JS/TS files, {volume} ({source}); {found.findings} findings",
        f"parse  {found.parse_ms:7.0f} ms CPU ({spread}), {len(found.parse)} runs",
        f"cold   {found.cold}",
        f"warm   {found.warm}",
        f"start  {found.start}",
    ]
    if found.app is not None:
        rows.append(f"app    {found.app}, {found.app_lines} lines")
    rows += [
        "",
        f"cold / parse            {found.cold_to_parse:6.2f}",
        f"cold per kLOC           {found.cold.cpu_ms / max(size['lines'] / 1000, 0.001):6.2f} ms CPU",
        f"warm no-op              {found.warm.cpu_ms:6.0f} ms CPU",
        f"cold / warm             {found.cold.cpu_ms / found.warm.cpu_ms:6.1f}",
    ]
    if found.app is not None:
        rows.append(f"{found.app_lines / 1000:.1f} kLOC app, cold      {found.app.cpu_ms:6.0f} ms CPU")
    return "\n".join(rows)


def d1_as_text(found: D1Measured) -> str:
    """The D1 half: times per migration and statement, and against sqlglot."""
    size = found.size
    migrations, statements, queries = size["migrations"], size["statements"], size["queries"]

    def each(name: str, count: int, what: str) -> str:
        spread = f"{min(found.work[name]) * 1000:.1f}-{max(found.work[name]) * 1000:.1f}"
        return f"{found.ms(name):8.1f} ms CPU ({spread}), {found.ms(name) * 1000 / count:6.0f} us a {what}"

    both = found.ms("prepare") + found.ms("plan")
    return "\n".join([
        f"D1       {size['tables']} tables, {migrations} migrations of {statements} statements, {queries} queries",
        f"replay           {each('replay', statements, 'statement')}",
        f"replay with rows {each('replay_with_rows', migrations, 'migration')}",
        f"schema           {each('schema', size['tables'], 'table')}",
        f"clone            {each('clone', 1, 'database')}",
        f"prepare          {each('prepare', queries, 'query')}",
        f"plan             {each('plan', queries, 'query')}",
        f"sqlglot, migrations {each('sqlglot_migrations', statements, 'statement')}",
        f"sqlglot, queries    {each('sqlglot_queries', queries, 'query')}",
        "",
        f"replay / sqlglot's parse            {found.ms('replay') / found.ms('sqlglot_migrations'):6.2f}",
        f"prepare and plan / sqlglot's parse  {both / found.ms('sqlglot_queries'):6.2f}",
        f"import of apsw                      {found.import_ms('apsw'):6.1f} ms CPU",
        f"import of sqlglot                   {found.import_ms('sqlglot'):6.1f} ms CPU",
        "",
        HOW_D1,
    ])  # fmt: skip


def d1_as_json(found: D1Measured) -> dict[str, object]:
    """The same for a program; times in milliseconds."""
    times = {f"{name}_cpu_ms": found.ms(name) for name in found.work}
    return {**found.size, **times, **{f"{name}_import_cpu_ms": found.import_ms(name) for name in found.imports}}


def as_json(found: Measured, source: str) -> dict[str, object]:
    """The same for a program; times in milliseconds."""
    return {
        "corpus": {"source": source, **found.size, "findings": found.findings},
        "parse_cpu_ms": found.parse_ms,
        "cold_cpu_ms": found.cold.cpu_ms,
        "cold_wall_ms": found.cold.wall_ms,
        "warm_cpu_ms": found.warm.cpu_ms,
        "warm_wall_ms": found.warm.wall_ms,
        "start_cpu_ms": found.start.cpu_ms,
        "app_cpu_ms": None if found.app is None else found.app.cpu_ms,
        "app_lines": found.app_lines,
        "cold_to_parse": found.cold_to_parse,
    }


if __name__ == "__main__":
    sys.exit(main())
