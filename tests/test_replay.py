"""Chains of migrations on an empty database and on one with rows."""

from __future__ import annotations

import pytest

from edgelint.d1.replay import Failure, Loss, Replay, Step

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT);\n"
POSTS = "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users(id) ON DELETE {});\n"
REBUILD = """PRAGMA foreign_keys=OFF;
CREATE TABLE `__new_users` (`id` integer PRIMARY KEY NOT NULL, `email` text NOT NULL, `name` text, `age` integer);
INSERT INTO `__new_users`("id", "email", "name") SELECT "id", "email", "name" FROM `users`;
DROP TABLE `users`;
ALTER TABLE `__new_users` RENAME TO `users`;
PRAGMA foreign_keys=ON;
"""


def chain(*texts: str) -> Replay:
    """The replay of migrations named 0001.sql, 0002.sql ..."""
    return Replay([(f"{number:04}.sql", text) for number, text in enumerate(texts, 1)])


def last(*texts: str) -> Step:
    """The last migration of a chain that applies."""
    replay = chain(*texts)
    assert [step.error for step in replay.steps] == [None] * len(texts)
    return replay.steps[-1]


def failure(*texts: str) -> Failure:
    found = last(*texts).with_rows.failure
    assert found is not None
    return found


def losses(*texts: str) -> list[tuple[str, str, int, int, str]]:
    step = last(*texts)
    assert step.with_rows.failure is None
    assert step.with_rows.unfilled == {}
    return [(loss.kind, loss.table, loss.before, loss.after, loss.parent) for loss in step.with_rows.losses]


def test_tables_without_rows() -> None:
    impossible = "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CHECK (n > 1 AND n < 1));\n"
    child = "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a (id));\n"
    step = last(impossible + child, "ALTER TABLE a ADD COLUMN m INTEGER;")
    assert step.unfilled == {}, "nobody has asked"
    assert step.with_rows.failure is None
    assert step.unfilled == {
        "a": "CHECK constraint failed: n > 1 AND n < 1", "b": "b must point at a, which has no row",
    }


# -- on the empty database ---------------------------------------------------------------------------------------------


def test_what_results() -> None:
    replay = chain(USERS, POSTS.format("CASCADE"))
    assert replay.error_free
    assert list(replay.schema.tables) == ["users", "posts"]
    names = replay.database.execute("SELECT name FROM d1_migrations").rows
    assert names == (("0001.sql",), ("0002.sql",))


def test_an_error_has_a_place() -> None:
    (step,) = chain("-- é\nCREATE TABLE a (id INTEGER);\nCREATE INDEX i ON a (nmae);\n").steps
    assert step.error is not None
    assert (step.error.message, step.error.code) == ("no such column: nmae", "SQLITE_ERROR")
    assert step.text[step.error.start :].startswith("CREATE INDEX")
    assert step.after.tables.keys() == {"a", "d1_migrations"}


def test_what_can_be_run_of_a_migration_that_fails_is_there_for_the_next() -> None:
    replay = chain("CREATE TABLE a (id INTEGER); SELECT nothing;", "ALTER TABLE a ADD COLUMN b TEXT;")
    assert [step.error is None for step in replay.steps] == [False, True]
    assert not replay.error_free


def test_wranglers_insert_stands_behind_the_file() -> None:
    (step,) = chain("CREATE TABLE a (id INTEGER)").steps
    assert step.error is not None
    assert step.error.offset is not None
    assert step.error.offset > len(step.text)


def test_a_transaction_is_stripped_once() -> None:
    assert chain("BEGIN TRANSACTION;\nCREATE TABLE a (id INTEGER);\nCOMMIT;\n").error_free
    (step,) = chain("BEGIN TRANSACTION; COMMIT; BEGIN TRANSACTION; COMMIT;").steps
    assert step.error is not None
    assert step.error.code == "WRANGLER"


def test_a_name_with_a_quote_and_another_table() -> None:
    replay = Replay([("it's.sql", USERS)], "done")
    assert replay.error_free
    assert replay.database.execute("SELECT name FROM done").rows == (("it's.sql",),)


# -- failures with rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change, message", [
    ("ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;", "Cannot add a NOT NULL column with default value NULL"),
    ("ALTER TABLE users ADD COLUMN made TEXT DEFAULT CURRENT_TIMESTAMP;",
     "Cannot add a column with non-constant default"),
    ("ALTER TABLE users ADD COLUMN team INTEGER DEFAULT 1 REFERENCES users(id);",
     "Cannot add a REFERENCES column with non-NULL default value"),
    ("ALTER TABLE users ADD COLUMN slug TEXT NOT NULL DEFAULT ''; CREATE UNIQUE INDEX s ON users (slug);",
     "UNIQUE constraint failed: users.slug"),
    (("CREATE TABLE n (id INTEGER PRIMARY KEY, email TEXT, age INTEGER NOT NULL); "
     "INSERT INTO n (id, email) SELECT id, email FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users;"),
     "NOT NULL constraint failed: n.age"),
])
def test_a_table_with_rows_stops_it(change: str, message: str) -> None:
    found = failure(USERS, change)
    assert (found.error.message, found.column) == (message, None)


def test_a_parent_that_children_hold() -> None:
    found = failure(USERS + POSTS.format("NO ACTION"), REBUILD)
    assert found.error.code == "SQLITE_CONSTRAINT_FOREIGNKEY"


def test_a_null_where_it_was_allowed() -> None:
    change = REBUILD.replace("`name` text", "`name` text NOT NULL")
    found = failure(USERS, change)
    assert found.column == ("users", "name")
    filled = "UPDATE users SET name = '' WHERE name IS NULL;\n" + change
    assert last(USERS, filled).with_rows.failure is None


def test_a_value_that_the_check_listed() -> None:
    table = "CREATE TABLE {} (id INTEGER PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ({})));\n"
    rebuild = "INSERT INTO n SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;\n"
    found = failure(table.format("t", "'a', 'b', 'c'"), table.format("n", "'a', 'b'") + rebuild)
    assert found.listed
    mended = "UPDATE t SET state = 'a' WHERE state = 'c';" + table.format("n", "'a', 'b'") + rebuild
    assert last(table.format("t", "'a', 'b', 'c'"), mended).with_rows.failure is None


@pytest.mark.parametrize("change", [
    "ALTER TABLE users ADD COLUMN age INTEGER;",
    "ALTER TABLE users ADD COLUMN age INTEGER NOT NULL DEFAULT 0;",
    "CREATE UNIQUE INDEX u ON users (name);",  # what the rows hold is not known
    "INSERT INTO users (id, email) VALUES (1, 'a');",
    ("CREATE TABLE n (id INTEGER PRIMARY KEY, email TEXT NOT NULL CHECK (email LIKE '%@%')); "
    "INSERT INTO n (id, email) SELECT id, email FROM users;"),
    ("CREATE TABLE teams (id INTEGER PRIMARY KEY);"
    "CREATE TABLE n (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT REFERENCES teams(id)); "
    "INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users;"),
    ("CREATE TABLE n (id INTEGER PRIMARY KEY, email INTEGER NOT NULL, name TEXT) STRICT; "
    "INSERT INTO n SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users;"),
    "DELETE FROM users; ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;",
])
def test_what_the_data_decides_is_no_failure(change: str) -> None:
    assert last(USERS, change).with_rows.failure is None


# -- losses ------------------------------------------------------------------------------------------------------------


def test_children_go_with_a_parent_that_is_rebuilt() -> None:
    assert losses(USERS + POSTS.format("CASCADE"), REBUILD) == [("deleted", "posts", 3, 0, "users")]


def test_references_go_with_a_parent_that_is_rebuilt() -> None:
    assert losses(USERS + POSTS.format("SET NULL"), REBUILD) == [("nulled", "posts", 3, 0, "users")]


def test_grandchildren() -> None:
    marks = "CREATE TABLE marks (id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE);"
    assert losses(USERS + POSTS.format("CASCADE") + marks, REBUILD) == [
        ("deleted", "posts", 3, 0, "users"), ("deleted", "marks", 3, 0, "users")]


def test_the_old_table_is_renamed_first() -> None:
    change = ("ALTER TABLE users RENAME TO users_old; CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL);"
              "INSERT INTO users SELECT id, email FROM users_old; DROP TABLE users_old;")
    step = last(USERS + POSTS.format("CASCADE"), change)
    (loss,) = step.with_rows.losses
    assert step.text[loss.start : loss.end] == "DROP TABLE users_old"
    assert (loss.table, loss.before, loss.after, loss.parent) == ("posts", 3, 0, "users")


def test_replace() -> None:
    change = "INSERT OR REPLACE INTO users (id, email) SELECT id, lower(email) FROM users;"
    assert losses(USERS + POSTS.format("CASCADE"), change) == [("deleted", "posts", 3, 0, "users")]


@pytest.mark.parametrize("change", [
    "CREATE TABLE kept AS SELECT * FROM posts;" + REBUILD + "INSERT INTO posts SELECT * FROM kept; DROP TABLE kept;",
    "DROP TABLE posts; DROP TABLE users;",
    "DELETE FROM users;",
    "DELETE FROM users WHERE name IS NULL;",
    "DELETE FROM posts;",
    "ALTER TABLE users ADD COLUMN age INTEGER;",
    "ALTER TABLE users RENAME TO people;",
    "CREATE TABLE n (id INTEGER PRIMARY KEY, user_id INTEGER); INSERT INTO n SELECT * FROM posts; DROP TABLE posts; "
    "ALTER TABLE n RENAME TO posts;" + REBUILD,
])
def test_what_loses_nothing_or_means_to(change: str) -> None:
    assert losses(USERS + POSTS.format("CASCADE"), change) == []


def test_a_child_of_the_name_that_is_kept() -> None:
    found = last(USERS + POSTS.format("CASCADE"), REBUILD).with_rows.losses
    assert [type(loss) for loss in found] == [Loss]
    assert found[0].key.columns == ("user_id",)
