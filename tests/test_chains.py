"""Chains of migrations: what is lost, what breaks, and where it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.chains import destroyed, failures, links
from edgelint.project.project import Project
from edgelint.settings import load

CONFIG = 'name = "app"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "app"\n'
INIT = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, role TEXT); CREATE TABLE logs (id INTEGER PRIMARY KEY);"


def project(root: Path, *texts: str) -> Project:
    (root / "wrangler.toml").write_text(CONFIG)
    (root / "migrations").mkdir()
    for number, text in enumerate(texts, 1):
        (root / f"migrations/{number:04}_x.sql").write_text(text)
    return Project.load(root, load(root))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DROP TABLE logs;", ["the table logs and its rows go away"]),
        ("DROP TABLE IF EXISTS nothing; DROP VIEW IF EXISTS v;", []),
        ("CREATE TABLE more AS SELECT * FROM logs; DROP TABLE logs;", []),
        ("CREATE TABLE m (id); INSERT INTO m SELECT l.id FROM users JOIN logs l; DROP TABLE logs;", []),
        ("ALTER TABLE users DROP COLUMN role;", ["the column role of users and its values go away"]),
        ("ALTER TABLE users ADD COLUMN a; ALTER TABLE users DROP COLUMN a;", []),
        ("DELETE FROM main.logs;", []),
        ("DELETE FROM logs;", ["every row of logs is deleted"]),
        ("DELETE FROM logs WHERE id IN (SELECT id FROM users);", []),
        ("DELETE FROM logs LIMIT 1;", []),
        ("DELETE FROM logs; INSERT INTO logs (id) SELECT id FROM users;", []),
        ("UPDATE users SET role = 'x', name = upper(name);", ["role of every row of users is written over"]),
        ("UPDATE users SET role = NULL, name = 1;", ["role, name of every row of users is written over"]),
        ("UPDATE users SET role = coalesce(role, 'x');", []),
        ("UPDATE users SET role = 'x' WHERE id = 1;", []),
        ("UPDATE users SET role = l.id FROM logs l;", []),
        ("ALTER TABLE users ADD COLUMN b TEXT; UPDATE users SET b = 'x';", []),
        ("CREATE TABLE t (a); INSERT INTO t VALUES (1); DELETE FROM t; UPDATE t SET a = 1;", []),
    ],
)
def test_what_is_destroyed(tmp_path: Path, sql: str, expected: list[str]) -> None:
    [_, link] = links(project(tmp_path, INIT, sql))
    assert [found.what for found in destroyed(link)] == expected


def test_one_cause_is_one_failure(tmp_path: Path) -> None:
    read = project(tmp_path, "CREATE TABLE a (x y z w);;", "CREATE TABLE b (x", "DROP TABLE b;", "SELEC;")
    found = list(failures(read))
    # what wrangler puts behind the file is what SQLite stumbles on
    assert [(link.migration.name, error.message) for link, error in found] == [
        ("0002_x.sql", 'near "INSERT": syntax error'), ("0004_x.sql", 'near "SELEC": syntax error'),
    ]
    link, error = found[0]
    assert link.error_span(error) == link.span(0, len("CREATE TABLE b (x"))


def test_places_of_errors(tmp_path: Path) -> None:
    text = "-- é\nCREATE TABLE a (x);\nCREATE INDEX i ON a (\n  nowhere\n);"
    read = project(tmp_path, text)
    [(link, error)] = failures(read)
    span = link.error_span(error)
    assert text.encode()[span.start : span.end] == b"nowhere"
    assert link.head.path == "migrations/0001_x.sql"
    assert link.span(0, 10_000).end == len(text.encode()), "places stay within the file"


def test_a_view_of_one_file_is_narrow(tmp_path: Path) -> None:
    view = project(tmp_path, INIT, "DROP TABLE logs;").focus("migrations/0002_x.sql")
    assert [link.migration.name for link in links(view)] == ["0002_x.sql"]
