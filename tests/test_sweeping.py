"""Writes without WHERE, and what says that they are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.sweeping import sweeps
from tests.test_prepared import app


def swept(root: Path, code: str, migrations: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(sweep.verb, sweep.table) for sweep in sweeps(app(root, code, migrations))]


@pytest.mark.parametrize(("sql", "found"), [
    ("DELETE FROM users", [("DELETE", "users")]), ("UPDATE users SET age = 1", [("UPDATE", "users")]),
    ("UPDATE OR IGNORE users SET age = 1", [("UPDATE", "users")]), ("DELETE FROM main.users", [("DELETE", "users")]),
    ('DELETE FROM "users"', [("DELETE", "users")]), ("DELETE FROM users WHERE id = 1", []),
    ("UPDATE users SET age = (SELECT 1 FROM posts WHERE id = 1)", [("UPDATE", "users")]),
    ("UPDATE users SET age = p.id FROM posts p", []), ("DELETE FROM users LIMIT 5", []), ("DELETE users", []),
    ("DELETE FROM", []), ("SELECT 1", []),
])
def test_of_one_statement(tmp_path: Path, sql: str, found: list[tuple[str, str]]) -> None:
    assert swept(tmp_path, f"await env.DB.prepare('{sql}').run();") == found


@pytest.mark.parametrize("code", [
    "async function resetAll() { await env.DB.prepare('DELETE FROM users').run(); } await resetAll();",
    "const clearAll = async () => { await env.DB.prepare('DELETE FROM users').run(); }; await clearAll();",
    "const o = { clearAll: async () => { await env.DB.prepare('DELETE FROM users').run(); } }; await o.clearAll();",
    "app.post('/admin/reset', async () => { await env.DB.prepare('DELETE FROM users').run(); });",
    "await env.DB.prepare('DELETE FROM users').run(); await env.DB.prepare('INSERT INTO users (id) VALUES (1)').run();",
    "await env.DB.prepare(x ? 'DELETE FROM users' : 'DELETE FROM users WHERE id = 1').run();",
    "await env.DB.prepare('DELETE FROM users' + where).run();",
])
def test_that_is_meant(tmp_path: Path, code: str) -> None:
    assert swept(tmp_path, code) == []


@pytest.mark.parametrize("code", [
    "const o = {}; o.save = async () => { await env.DB.prepare('DELETE FROM users').run(); }; await o.save();",
    "app.post('/users', async () => { await env.DB.prepare('DELETE FROM users').run(); });",
    "await (async () => { await env.DB.prepare('DELETE FROM users').run(); })();",
    ("(async () => { await env.DB.prepare('DELETE FROM users').run(); })(); "
    "(async () => { await env.DB.prepare('INSERT INTO posts (id) VALUES (1)').run(); })();"),
])
def test_that_is_not(tmp_path: Path, code: str) -> None:
    assert swept(tmp_path, code) == [("DELETE", "users")]


@pytest.mark.parametrize(("table", "count"), [
    ("CREATE TABLE one (id INTEGER PRIMARY KEY CHECK (id = 1), n INTEGER)", 0),
    ("CREATE TABLE one (id INTEGER PRIMARY KEY, n INTEGER CHECK (n = 1))", 1),
    ("CREATE TABLE one (id INTEGER, n INTEGER)", 1),
])
def test_a_table_of_one_row(tmp_path: Path, table: str, count: int) -> None:
    found = swept(tmp_path, "await env.DB.prepare('UPDATE one SET n = 2').run();", {"migrations/0002_one.sql": table})
    assert found == [("UPDATE", "one")] * count
