"""What completes where."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.lsp import facts
from edgelint.lsp.analysis import Analysis
from edgelint.lsp.completion import items
from tests.lsp.apps import never, write

CODE = """interface Env { KV: KVNamespace; DB: D1Database }
export default {
  async fetch(request: Request, env: Env) {
    const found = await env.DB.prepare("SELECT id FROM goods").first();
    return Response.json({ found, kept: await env.KV.get("a") });
  },
};
"""
MORE = "CREATE TABLE shelves (place TEXT, good INTEGER);\nCREATE VIEW v AS SELECT 1;\n"


@pytest.fixture
def app(tmp_path: Path) -> Analysis:
    made = Analysis(write(tmp_path, {"src/index.ts": CODE, "migrations/0002_more.sql": MORE}))
    made.run(never)
    return made


def at(app: Analysis, text: str, path: str = "src/index.ts", known: bool = True) -> list[str]:
    """What completes at the ``|`` of a text."""
    before, _, after = text.partition("|")
    project = app.last.project
    assert project is not None
    outline = app.outline(path) if known else None
    found = items(project, outline, path, (before + after).encode(), len(before.encode()))
    return [f"{item.text}: {item.detail}" for item in found]


@pytest.mark.parametrize("known", [True, False])
def test_names_after_env(app: Analysis, known: bool) -> None:
    bindings = ["DB: a D1 database", "KV: a KV namespace"]
    for written in ("env.|", "env?.K|", "c.env.|", "this.env.|", "bindings.|"):
        assert at(app, CODE.replace("env.KV", written, 1), known=known) == bindings
    assert at(app, CODE.replace("env.KV", "other.|", 1), known=known) == []
    assert at(app, "export const x = (env) => env.|", "src/new.ts", known) == bindings


@pytest.mark.parametrize("known", [True, False])
def test_tables_and_columns_in_sql(app: Analysis, known: bool) -> None:
    tables = ["goods: table of shop", "shelves: table of shop"]

    def query(sql: str) -> list[str]:
        return at(app, CODE.replace("SELECT id FROM goods", sql), known=known)

    assert query("SELECT id FROM |") == tables
    assert query("SELECT id FROM go|") == tables
    assert query("INSERT INTO |") == tables
    assert query("SELECT | FROM goods") == ["id: column of goods", "title: column of goods", *tables]
    assert query("SELECT id FROM goods WHERE ti|")[:2] == ["id: column of goods", "title: column of goods"]
    assert query("SELECT g.| FROM goods g JOIN shelves")[2:4] == ["place: column of shelves", "good: column of shelves"]
    assert query("not | sql") == []


def test_sql_in_texts_of_several_lines_and_in_python(app: Analysis) -> None:
    many = CODE.replace('"SELECT id FROM goods"', "`\n  SELECT |\n  FROM goods\n`")
    assert at(app, many)[:2] == ["id: column of goods", "title: column of goods"]
    python = 'async def f(env):\n    await env.DB.prepare(f"""SELECT | FROM goods""")\n'
    assert at(app, python, "src/entry.py")[:1] == ["id: column of goods"]


def test_sql_files(app: Analysis) -> None:
    assert at(app, "SELECT 1;\nSELECT | FROM shelves;\nSELECT * FROM goods;", "q.sql")[0] == "place: column of shelves"
    assert at(app, "SELECT * FROM |", "q.sql")[0] == "goods: table of shop"


def test_nothing_where_there_is_no_sql(app: Analysis) -> None:
    assert at(app, "name = |", "wrangler.toml") == []
    assert at(app, "{ | }", "package.json") == []
    assert at(app, "const x = \0 |", "src/index.ts", known=False) == []
    assert at(app, "const x = 'plain | text';", known=False) == []


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    root = write(tmp_path, {"src/index.ts": CODE})
    (root / "wrangler.toml").unlink()
    app = Analysis(root)
    project = app.run(never).project
    assert project is not None
    assert facts.binding_names(project, "src/index.ts") == {}
    assert facts.declarations(project, "src/index.ts", "KV") == []
    assert facts.environments(project, "src/index.ts") == []


def test_definitions(app: Analysis) -> None:
    def define(text: str, path: str = "src/index.ts") -> list[str]:
        before, _, after = text.partition("|")
        app.overlay[path] = (before + after).encode()
        snapshot = app.run(never)
        found = facts.definitions(snapshot, path, len(before.encode()))
        return [f"{span.path}:{app.text(span.path)[span.start : span.end].decode()}" for span in found]

    assert define(CODE.replace("env.KV", "env.K|V", 1)) == ["wrangler.toml:KV"]
    assert define(CODE.replace("FROM goods", 'FROM \\"go|ods\\"', 1)) == ["migrations/0001_init.sql:goods"]
    assert define(CODE.replace("FROM goods", "FROM [goo|ds]", 1)) == ["migrations/0001_init.sql:goods"]
    assert define(CODE.replace("SELECT id", "SELECT i|d", 1)) == []
    assert define(CODE.replace("const found", "const fo|und", 1)) == []
    migration = "migrations/0002_more.sql"
    assert define(MORE.replace("shelves", "shel|ves"), migration) == [f"{migration}:shelves"]
    assert define(MORE.replace("place", "pla|ce"), migration) == []
    assert define("-- |nothing", "other/notes.sql") == []


def test_definitions_in_a_text_that_is_broken_elsewhere(app: Analysis) -> None:
    broken = "const x = (;\n" + CODE
    app.overlay["src/index.ts"] = CODE.encode()
    app.run(never)
    app.overlay["src/index.ts"] = broken.encode()
    snapshot = app.run(never)
    assert "src/index.ts" in snapshot.stand_ins
    [found] = facts.definitions(snapshot, "src/index.ts", broken.index("KV.get"))
    assert found.path == "wrangler.toml"
    assert facts.definitions(snapshot, "src/index.ts", 5) == []
