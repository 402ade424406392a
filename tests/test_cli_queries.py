"""``edgelint queries``: statements, databases, plans, and what was not analysed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgelint.cli import cli

CODE = """\
export async function pick(env: Env, name: string, sql: string, open: boolean): Promise<unknown> {
  const user = await env.DB.prepare("SELECT id FROM users WHERE name = ?").bind(name).first();
  await env.DB.prepare(`UPDATE users SET name = 'x' WHERE ${open ? "id = 1" : "name = 'y'"}`).run();
  const bad = await env.DB.prepare("SELECT nosuch FROM users").all();
  const any = await env.DB.prepare(sql).all();
  const part = await env.DB.prepare(`SELECT id FROM users WHERE id IN (SELECT ${sql})`).all();
  return [user, bad, any, part];
}
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    return Response.json(await pick(env, "a", await request.text(), request.url.length > 9));
  },
};
"""

CONFIG = 'name = "app"\nmain = "src/index.ts"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "shop"\n'


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (
        ("wrangler.toml", CONFIG),
        ("migrations/0001_init.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"),
        ("src/index.ts", CODE),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def queries(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["queries", *arguments])


def test_text(app: Path) -> None:
    result = queries()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:4] == [
        "src/index.ts:2:38 shop",
        "    SELECT id FROM users WHERE name = ?",
        "      tables users; 1 parameter",
        "      SCAN users",
    ]
    assert "    UPDATE users SET name = 'x' WHERE id = 1" in lines
    assert "    UPDATE users SET name = 'x' WHERE name = 'y'" in lines
    assert "      fails: no such column: nosuch" in lines
    assert lines.count("    not analysed: its text comes from elsewhere") == 1
    assert "    SELECT id FROM users WHERE id IN (SELECT ...)" in lines
    assert result.stderr.splitlines() == [
        "5 statements, 3 analysed.",
        "  1 not, or not in every form: its text comes from elsewhere",
        "  1 not, or not in every form: part of its text is not known",
    ]


def test_json(app: Path) -> None:
    whole = json.loads(queries("--format", "json").stdout)
    assert whole["summary"] == {
        "statements": 5, "analysed": 3,
        "skipped": {"its text comes from elsewhere": 1, "part of its text is not known": 1},
    }
    first, update, bad, any_, _ = whole["queries"]
    assert first["path"] == "src/index.ts"
    assert first["range"] == {"start": {"line": 2, "column": 38}, "end": {"line": 2, "column": 73}}
    assert first["databases"] == [{"name": "shop", "kind": "d1"}]
    assert first["statements"] == [{
        "database": "shop", "sql": "SELECT id FROM users WHERE name = ?", "columns": ["id"], "parameters": [None],
        "reads": [["users", "id"], ["users", "name"]], "writes": [],
        "plan": [{"id": first["statements"][0]["plan"][0]["id"], "parent": 0, "detail": "SCAN users"}], "error": None,
    }]
    assert [s["writes"] for s in update["statements"]] == [[["update", "users.name"]]] * 2
    assert bad["statements"][0]["error"] == {"message": "no such column: nosuch", "code": "SQLITE_ERROR"}
    assert (any_["statements"], any_["skipped"]) == ([], "its text comes from elsewhere")


def test_a_part_and_nothing(app: Path) -> None:
    (app / "other").mkdir()
    result = queries("other")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "0 statements, 0 analysed.\n")
    (app / "edgelint.toml").write_text("x = 1\n")
    assert queries().exit_code == 2


def test_a_long_statement_is_cut(app: Path) -> None:
    (app / "src/index.ts").write_text(CODE.replace("nosuch FROM", f"'{'x' * 200}' FROM"))
    assert max(map(len, queries().stdout.splitlines())) <= 104
