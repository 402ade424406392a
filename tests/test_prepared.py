"""Statements on their databases: which one, what the code adds to it, what SQLite refuses, what it plans."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint import engine
from edgelint.project.arguments import counted
from edgelint.project.duplicates import duplicates
from edgelint.project.indexes import lacking
from edgelint.project.project import Project
from edgelint.project.refusals import refusals
from edgelint.settings import load
from edgelint.syntax.sql_terms import terms
from tests.projects import D1, TOML, project

INIT = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, age INTEGER);\n"
    "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, title TEXT, at TEXT);\n"
    "CREATE INDEX posts_user ON posts (user_id);\n"
)
OTHER = '[[d1_databases]]\nbinding = "LOG"\ndatabase_name = "l"\ndatabase_id = "2"\nmigrations_dir = "log"\n'


def app(root: Path, body: str, extra: dict[str, str] | None = None, top: str = "", config: str = TOML + D1) -> Project:
    text = f"{top}\nexport default {{ async fetch(request, env, ctx) {{\n{body}\n}} }};"
    files = {"wrangler.toml": config, "src/index.ts": text, "migrations/0001_init.sql": INIT, **(extra or {})}
    return project(root, files)


def refused(found: Project) -> list[str]:
    """``kind name at`` of each refusal, the last what is flagged."""
    return [
        f"{r.kind} {r.name} {found.files[r.span.path].source.slice(r.span.start, r.span.end)}" for r in refusals(found)
    ]


@pytest.mark.parametrize(("body", "expected"), [
    ("await env.DB.prepare('SELECT nmae FROM users').all();", ["column nmae nmae"]),
    ("await env.DB.prepare('SELECT u.nmae FROM users u').all();", ["column u.nmae u.nmae"]),
    ("await env.DB.prepare('SELECT 1 FROM usres').all();", ["table usres usres"]),
    ("await env.DB.prepare('INSERT INTO users (nick) VALUES (1)').run();", ["column nick nick"]),
    ("await env.DB.prepare('SELECT id FROM users JOIN posts ON 1').all();", ["ambiguous id id"]),
    ("await env.DB.prepare('SELECT FROM users').all();", ['syntax near "FROM": syntax error FROM']),
    ("await env.DB.prepare('SELECT (1').all();", ["syntax incomplete input "]),
    ("await env.DB.prepare('INSERT INTO users (id, name) VALUES (1)').run();", ["other 1 values for 2 columns INSERT"]),
    ("await env.DB.prepare('SELECT * FROM sqlite_master').all();", []),
    ("await env.DB.prepare('SELECT * FROM d1_migrations').all();", []),
    ("await env.DB.prepare('PRAGMA foo(?)').all();", []),
    (("try { await env.DB.prepare('SELECT nick FROM users').all(); }"
      " catch { await env.DB.prepare('SELECT name FROM users').all(); }"), []),
    ("try { await env.DB.prepare('SELECT nick FROM users').all(); } catch (e) { console.log(e); }",
     ["column nick nick"]),
    ("await env.DB.exec('CREATE TABLE IF NOT EXISTS x (a)'); await env.DB.prepare('SELECT a FROM x').all();", []),
    (("await env.DB.prepare('ALTER TABLE users ADD COLUMN zip TEXT').run();"
      " await env.DB.prepare('SELECT zip FROM users').all();"), []),
    ("await env.DB.exec(await request.text()); await env.DB.prepare('SELECT a FROM x').all();", []),
    ("await env.DB.prepare(await request.text()).run(); await env.DB.prepare(`SELECT a FROM ${'x'}_y`).all();", []),
    (("let s = 'SELECT u.id FROM users u'; if (p) s += ' JOIN posts p ON p.user_id = u.id';"
      " if (q) s += ' WHERE p.at > 1'; await env.DB.prepare(s).all();"), []),
])
def test_refusals(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert refused(app(tmp_path, body)) == expected


@pytest.mark.parametrize(("extra", "expected"), [
    ({"scripts/old.sql": "CREATE TABLE x (a);"}, []),
    ({"scripts/old.sql": "ALTER TABLE y ADD COLUMN a;"}, ["table x x"]),
    ({"src/other.ts": "// Bindings\nexport const T = 'CREATE TABLE x (a)';"}, []),
    ({"migrations/0002_broken.sql": "CREATE TABEL z (a);"}, []),
])
def test_what_is_made_elsewhere(tmp_path: Path, extra: dict[str, str], expected: list[str]) -> None:
    assert refused(app(tmp_path, "await env.DB.prepare('SELECT a FROM x').all();", extra)) == expected


def test_columns_made_elsewhere(tmp_path: Path) -> None:
    body = "await env.DB.prepare('SELECT zip FROM users').all(); await env.DB.prepare('SELECT zip FROM posts').all();"
    found = app(tmp_path, body, {"scripts/old.sql": "ALTER TABLE users ADD COLUMN zip; ALTER TABLE a RENAME TO b;"})
    assert refused(found) == ["column zip zip"]


@pytest.mark.parametrize(("top", "body", "expected"), [
    ("", "await env.LOG.prepare('SELECT line FROM lines').all();", [["l"]]),
    ("const q = (db: D1Database) => db.prepare('SELECT 1').all();", "await q(env.LOG);", [["l"]]),
    ("class R { constructor(private db: D1Database) {} q() { return this.db.prepare('SELECT 1').all(); } }",
     "await new R(env.DB).q();", [["d"]]),
    ("", "await env.LOG.withSession().prepare('SELECT 1').all();", [["l"]]),
    ("export const q = (db: D1Database) => db.prepare('SELECT 1').all();", "", [["d", "l"]]),
])
def test_databases(tmp_path: Path, top: str, body: str, expected: list[list[str]]) -> None:
    found = app(tmp_path, body, {"log/0001.sql": "CREATE TABLE lines (line TEXT);"}, top, TOML + D1 + OTHER)
    assert [sorted(s.name for s in q.sources) for q in found.queries] == expected
    assert [q.sure for q in found.queries] == [len(names) == 1 for names in expected]


@pytest.mark.parametrize(("body", "expected"), [
    ("env.DB.prepare('SELECT ?, ?').bind(1).all();", [(1, 2)]),
    ("env.DB.prepare('SELECT ?2').bind(1).all();", [(1, 2)]),
    ("env.DB.prepare('SELECT ?1, ?1').bind(1).all();", []), ("env.DB.prepare('SELECT ?').bind(...x).all();", []),
    ("env.DB.prepare('SELECT ?').all();", [(0, 1)]), ("const s = env.DB.prepare('SELECT ?'); f(s);", []),
    ("env.DB.batch([env.DB.prepare('SELECT ?')]);", [(0, 1)]),
    ("let s = 'SELECT 1'; const v = []; if (x) s += ' WHERE ?'; if (y) v.push(y); env.DB.prepare(s).bind(...v).all();",
     []),
    ("let s = 'SELECT 1'; const v = []; if (x) { s += ' WHERE ? + ?'; v.push(x); } env.DB.prepare(s).bind(...v).all();",
     [(1, 2)]),
])
def test_counts(tmp_path: Path, body: str, expected: list[tuple[int, int]]) -> None:
    assert [(c.given, c.wanted) for c in counted(app(tmp_path, body))] == expected


@pytest.mark.parametrize(("sql", "expected"), [
    ("SELECT u.id, p.id FROM users u JOIN posts p ON p.user_id = u.id", ["id p.id"]),
    ("SELECT u.*, p.* FROM users u JOIN posts p ON p.user_id = u.id", ["id p.*"]),
    ("SELECT u.id, p.user_id AS id FROM users u JOIN posts p ON p.user_id = u.id", []),
    ("SELECT u.id, u.id FROM users u", []), ("SELECT a.id, b.id FROM users a JOIN posts b USING (id)", []),
])
def test_duplicates(tmp_path: Path, sql: str, expected: list[str]) -> None:
    found = app(tmp_path, f"await env.DB.prepare('{sql}').all();")
    assert [
        f"{d.name} {found.files[d.span.path].source.slice(d.span.start, d.span.end)}" for d in duplicates(found)
    ] == expected


GROWS = "await env.DB.prepare('INSERT INTO users (name) VALUES (1)').run();"
GROWS += "await env.DB.prepare('INSERT INTO posts (user_id) VALUES (1)').run();"


@pytest.mark.parametrize(("sql", "expected"), [
    ("SELECT id FROM users WHERE name = ?", ["scan CREATE INDEX users_name ON users (name)"]),
    ("SELECT id FROM users WHERE age > ? AND name = ?", ["scan CREATE INDEX users_name_age ON users (name, age)"]),
    ("SELECT id FROM users ORDER BY age LIMIT 5", ["scan CREATE INDEX users_age ON users (age)"]),
    ("SELECT id FROM posts WHERE user_id = ? ORDER BY at LIMIT 5",
     ["sort CREATE INDEX posts_user_id_at ON posts (user_id, at)"]),
    ("SELECT id FROM users WHERE email = ?", []), ("SELECT id FROM users WHERE name LIKE ?", []),
    ("SELECT id FROM users WHERE lower(name) = ?", []), ("SELECT COUNT(*) FROM users", []),
    ("SELECT id FROM users LIMIT 5", []), ("SELECT id FROM users WHERE name = ? OR age + 1 = ?", []),
    ("SELECT u.id FROM users u JOIN posts p ON p.user_id = u.id", []),
    ("SELECT value FROM json_each(?) WHERE value = ?", []),
])
def test_indexes(tmp_path: Path, sql: str, expected: list[str]) -> None:
    found = app(tmp_path, f"{GROWS} await env.DB.prepare('{sql}').bind(...x).all();")
    assert [f"{one.kind} {one.made.sql}" for one in lacking(found)] == expected


def test_a_table_of_known_rows_is_small(tmp_path: Path) -> None:
    body = "await env.DB.prepare('SELECT id FROM users WHERE name = ?').bind(1).all();"
    rows = {"migrations/0002_rows.sql": "INSERT INTO users (name) VALUES ('a');"}
    assert list(lacking(app(tmp_path, body, rows))) == []


def test_terms() -> None:
    found = terms('SELECT a.x FROM "T" a WHERE a.x = ?1 AND (y IN (1) OR z > 2) AND NOT w = 1 ORDER BY a.x DESC, y')
    assert found is not None
    assert (found.equal, found.ranges, found.mixed) == ([("a", "x"), ("", "y")], [("", "z")], True)
    assert terms("SELECT ((") is None
    assert terms("SELECT " + "1," * 20_000) is None


@pytest.mark.parametrize(("migrations", "count"), [(True, 6), (False, 6), (True, 5), (False, 5)])
def test_forms_that_are_not_looked_at_are_counted(tmp_path: Path, migrations: bool, count: int) -> None:
    adds = " ".join(f"if (o.x{n}) s += ' AND id > {n}';" for n in range(count))
    files = {"migrations/0001.sql": "CREATE TABLE t (id INTEGER);"} if migrations else {}
    found = project(tmp_path, {
        "wrangler.toml": TOML + D1, **files,
        "src/index.ts": "export default { async fetch(o, env) { let s = 'SELECT id FROM t WHERE 1'; " + adds
        + " return Response.json(await env.DB.prepare(s).all()); } };",
    })
    assert len(found.queries) == 1
    said = [("SQL statement: it has more alternatives than are looked at", "src/index.ts")] if count == 6 else []
    assert found.queries_found.not_analysed() == said


def test_what_is_not_analysed_is_counted(tmp_path: Path) -> None:
    found = app(tmp_path, "await env.DB.prepare(await request.text()).run();")
    assert found.queries_found.not_analysed() == []  # nobody has asked
    assert found.queries[0].skipped == "its text comes from elsewhere"
    assert found.queries_found.not_analysed() == [("SQL statement: its text comes from elsewhere", "src/index.ts")]
    notes = {note.reason for note in engine.analyse(tmp_path, load(tmp_path)).notes}
    assert "SQL statement: its text comes from elsewhere" in notes
