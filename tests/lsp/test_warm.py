"""What is kept between runs, and for how long."""

from __future__ import annotations

from pathlib import Path

from edgelint import settings
from edgelint.lsp.warm import Recent, Trees, Warm, settled
from edgelint.source import Source
from tests.lsp.apps import never, write

CODE = """interface Env { DB: D1Database }
export default {
  async fetch(request: Request, env: Env) {
    await env.DB.exec("CREATE TABLE made (id INTEGER)");
    return Response.json(await env.DB.prepare("SELECT * FROM goods WHERE title = ?").bind("a").all());
  },
};
"""


def test_the_oldest_is_dropped() -> None:
    kept: Recent[str, int] = Recent(2)
    for number, name in enumerate("abac"):
        kept[name] = number
    assert kept == {"a": 2, "c": 3}


def test_a_tree_is_made_once_for_a_text() -> None:
    trees = Trees()
    first = trees.parse("a.ts", Source("a.ts", b"x"))
    assert trees.parse("a.ts", Source("a.ts", b"x")) is first
    assert trees.parse("a.ts", Source("a.ts", b"y")) is not first
    again = trees.parse("a.ts", Source("a.ts", b"y"))
    trees.keep({})
    assert trees.parse("a.ts", Source("a.ts", b"y")) is not again


def test_migrations_statements_and_plans_are_asked_of_sqlite_once(tmp_path: Path) -> None:
    root = write(tmp_path, {"src/index.ts": CODE})
    warm, chosen = Warm(root), settings.load(root, None)
    first = settled(warm.load(chosen, {}, never))
    [one, *_] = [query for query in first.queries if "goods" in query.asked[0].sql]
    assert one.asked[0].plan
    second = settled(warm.load(chosen, {}, never))
    [two, *_] = [query for query in second.queries if "goods" in query.asked[0].sql]
    assert second.databases[0] is not first.databases[0]
    assert second.databases[0].replay is first.databases[0].replay
    assert two.asked[0].prepared is one.asked[0].prepared
    assert two.asked[0].shape is not one.asked[0].shape
    assert two.asked[0].shape.source is second.databases[0]
    assert two.asked[0].plan is one.asked[0].plan
    assert two.asked[0].shape.proposals is one.asked[0].shape.proposals
    assert "made" in two.asked[0].shape.schema.tables
    other = settled(warm.load(chosen, {"migrations/0001_init.sql": b"CREATE TABLE goods (id, title);"}, never))
    assert other.databases[0].replay is not first.databases[0].replay


def test_tables_that_other_code_makes_are_there_in_a_slice(tmp_path: Path) -> None:
    root = write(tmp_path, {"src/index.ts": CODE})
    warm, chosen = Warm(root), settings.load(root, None)
    whole = settled(warm.load(chosen, {}, never))
    assert whole.queries
    part = CODE.replace('    await env.DB.exec("CREATE TABLE made (id INTEGER)");\n', "").replace("goods", "made")
    project = settled(warm.load_slice(chosen, {"src/index.ts": part.encode()}, whole, never))
    [query] = project.queries
    assert "made" in query.asked[0].shape.schema.tables
    assert project.queries_found.elsewhere is whole.queries_found.elsewhere
    assert project.queries_found.grown(query.asked[0].shape) == whole.queries_found.grown(
        whole.queries[1].asked[0].shape
    )


def test_a_database_that_only_the_slice_has(tmp_path: Path) -> None:
    root = write(tmp_path, {"src/index.ts": "export default {};\n"})
    warm, chosen = Warm(root), settings.load(root, None)
    whole = settled(warm.load(chosen, {}, never))
    room = """import { DurableObject } from "cloudflare:workers";
export class Room extends DurableObject {
  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    state.storage.sql.exec("CREATE TABLE marks (id INTEGER)");
  }
  all() { return this.ctx.storage.sql.exec("SELECT id FROM marks").toArray(); }
}
export default {};
"""
    project = settled(warm.load_slice(chosen, {"src/index.ts": room.encode()}, whole, never))
    found = {query.asked[0].sql: query.asked[0] for query in project.queries if query.asked}
    asked = found["SELECT id FROM marks"]
    assert asked.prepared is not None
    assert project.queries_found.grown(asked.shape) == set()


def test_files_are_looked_for_again_when_some_came(tmp_path: Path) -> None:
    root = write(tmp_path, {"src/index.ts": CODE})
    warm, chosen = Warm(root), settings.load(root, None)
    warm.load(chosen, {"src/unsaved.ts": b"export const env = 1;", "migrations/0002.sql": b"SELECT 1;"}, never)
    (root / "src/more.ts").write_text("export const more = (env: unknown) => env;\n")
    found = warm.load(chosen, {}, never)
    assert set(found.files) == {"src/index.ts"}
    assert found.discovered.sql == ["migrations/0001_init.sql"]
    warm.forget_files()
    assert set(warm.load(chosen, {}, never).files) == {"src/index.ts", "src/more.ts"}
