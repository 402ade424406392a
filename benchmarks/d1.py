"""The D1 half: migrations replayed, every query prepared and planned, and sqlglot parsing the same statements.

    python -m benchmarks.d1 [--tables N] [--seed N]

Everything happens in one process, one after another, several rounds; prints JSON with CPU seconds of each round
(imports and start-up left out) and what was run. The migrations are what apps have: tables with foreign keys, indexes,
columns added, rebuilds, triggers, backfills; the queries are lookups, joins, pages, counts, upserts and deletes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

SEED = 20261125
_TYPES = (
    "TEXT NOT NULL", "TEXT", "INTEGER NOT NULL DEFAULT 0", "REAL", "TEXT NOT NULL DEFAULT (datetime('now'))", "BLOB",
)  # fmt: skip


class Made(NamedTuple):
    """``migrations``: the text of each file; ``queries``: one statement each."""

    migrations: tuple[str, ...]
    queries: tuple[str, ...]


def make(tables: int, seed: int = SEED) -> Made:
    """A chain of migrations that makes ``tables`` tables, and eleven queries on each. The same seed makes the same."""
    chance = random.Random(seed)
    migrations, queries = [], []
    for number in range(tables):
        parent = chance.randrange(number) if number else 0
        columns = [f"c{at}" for at in range(chance.randint(3, 9))]
        defined = ",\n".join(f"  {column} {chance.choice(_TYPES)}" for column in columns)
        name, above, last = f"items{number}", f"items{parent}", columns[-1]
        key = f"parent_id INTEGER NOT NULL REFERENCES {above} (id) ON DELETE CASCADE"
        migrations.append(
            f"CREATE TABLE {name} (\n  id INTEGER PRIMARY KEY,\n  {key},\n"
            f"  status TEXT NOT NULL CHECK (status IN ('new', 'done')),\n{defined}\n);\n"
            f"CREATE INDEX {name}_parent ON {name} (parent_id, {columns[0]});\n"
        )
        if number % 3 == 0:
            migrations.append(
                f"ALTER TABLE {name} ADD COLUMN extra TEXT;\n"
                f"UPDATE {name} SET extra = lower(status) WHERE extra IS NULL;\n"
                f"CREATE UNIQUE INDEX {name}_extra ON {name} (extra, id);\n"
            )
        if number % 5 == 1:
            migrations.append(
                f"PRAGMA defer_foreign_keys = ON;\nCREATE TABLE new_{name} (\n  id INTEGER PRIMARY KEY,\n"
                f"  {key},\n  status TEXT NOT NULL,\n{defined}\n);\n"
                f"INSERT INTO new_{name} (id, parent_id, status, {', '.join(columns)})\n"
                f"  SELECT id, parent_id, status, {', '.join(columns)} FROM {name};\n"
                f"DROP TABLE {name};\nALTER TABLE new_{name} RENAME TO {name};\n"
                f"CREATE INDEX {name}_again ON {name} (parent_id);\n"
            )
        if number % 7 == 2:
            migrations.append(
                f"CREATE TRIGGER {name}_after AFTER UPDATE ON {name} WHEN old.status <> new.status BEGIN\n"
                f"  UPDATE {name} SET {last} = CASE WHEN new.status = 'done' THEN 1 ELSE 0 END WHERE id = new.id;\n"
                "END;\n"
            )
        queries += [
            f"SELECT * FROM {name} WHERE id = ?",
            f"SELECT id, {', '.join(columns)} FROM {name} WHERE parent_id = ? ORDER BY {columns[0]} DESC LIMIT ?",
            f"SELECT count(*) AS total FROM {name} WHERE status = ? AND {last} IS NOT NULL",
            f"SELECT a.id, b.status FROM {name} AS a JOIN {above} AS b ON b.id = a.parent_id WHERE b.status = ?",
            f"SELECT status, count(*), max({last}) FROM {name} GROUP BY status HAVING count(*) > ?",
            f"INSERT INTO {name} (parent_id, status) VALUES (?, ?) RETURNING id",
            f"INSERT INTO {name} (id, parent_id) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status",
            f"UPDATE {name} SET {last} = ?, status = 'done' WHERE id IN (SELECT value FROM json_each(?))",
            f"DELETE FROM {name} WHERE {last} = ? AND NOT EXISTS (SELECT 1 FROM {above} AS p WHERE p.id = parent_id)",
            f"WITH recent AS (SELECT * FROM {name} ORDER BY id DESC LIMIT 20) SELECT * FROM recent WHERE {last} LIKE ?",
            f"SELECT {last}, row_number() OVER (PARTITION BY status ORDER BY id) AS place FROM {name} WHERE {last} > ?",
        ]
    return Made(tuple(migrations), tuple(queries))


def run(made: Made, rounds: int) -> dict[str, object]:
    """CPU seconds of each round: of the replay (with and without rows), of preparing and planning, of sqlglot."""
    import logging

    from edgelint.d1 import schema
    from edgelint.d1.engine import Database
    from edgelint.d1.replay import Replay
    from edgelint.d1.split import split

    begin = time.process_time()
    import sqlglot

    sqlglot_import = time.process_time() - begin
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    chain = [(f"{number:04}_x.sql", text) for number, text in enumerate(made.migrations)]
    statements = [statement.text for text in made.migrations for statement in split(text)]

    def replay() -> Database:
        database = Database.memory()
        for text in made.migrations:
            database.script(text)
        return database

    def with_rows() -> None:
        for step in Replay(chain).steps:
            if step.error is not None:
                raise RuntimeError(f"{step.name}: {step.error}")
            assert step.with_rows is not None

    database = replay()
    tables = len(schema.read(database).tables)

    def read() -> None:
        database.kept = None  # or it would not be read again
        schema.read(database)

    work: dict[str, Callable[[], object]] = {
        "replay": replay,
        "replay_with_rows": with_rows,
        "schema": read,
        "clone": database.clone,
        "prepare": lambda: [database.prepare(query) for query in made.queries],
        "plan": lambda: [database.plan(query) for query in made.queries],
        "sqlglot_migrations": lambda: [sqlglot.parse(text, read="sqlite") for text in statements],
        "sqlglot_queries": lambda: [sqlglot.parse(query, read="sqlite") for query in made.queries],
    }
    found: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, one in work.items():
            begin = time.process_time()
            one()
            found[name].append(time.process_time() - begin)
    return {
        "tables": tables, "migrations": len(made.migrations), "statements": len(statements),
        "queries": len(made.queries), "sqlglot_import": sqlglot_import, **found,
    }  # fmt: skip


def imported() -> float:
    """CPU seconds that importing apsw takes here. For a new process: a second time it takes none."""
    begin = time.process_time()
    import apsw

    assert apsw.sqlite_lib_version()
    return time.process_time() - begin


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.d1", description=__doc__)
    parser.add_argument("--tables", type=int, default=40, help="tables that the migrations make (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--rounds", type=int, default=5, help="times that each is measured (default %(default)s)")
    options = parser.parse_args(arguments)
    apsw_import = imported()
    print(json.dumps({"apsw_import": apsw_import, **run(make(options.tables, options.seed), options.rounds)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
