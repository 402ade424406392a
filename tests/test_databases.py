"""Where the schema of each database comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.d1.migration_names import glob, number, order
from edgelint.project.databases import DatabaseSource
from edgelint.project.project import Project
from tests.projects import project

CONFIG = '{"name": "app", "main": "src/index.ts", "compatibility_date": "2025-09-01", "d1_databases": [%s]%s}'
CODE = "export default { async fetch(request: Request, env: Env) { return new Response(env.DB ? 'a' : 'b'); } };\n"


def entry(binding: str = "DB", name: str = "app-db", id: str = "", **more: str) -> str:
    """One d1_databases entry."""
    fields = {"binding": binding, "database_name": name, "database_id": id or name, **more}
    return "{" + ", ".join(f'"{key}": "{value}"' for key, value in fields.items()) + "}"


def made(root: Path, files: dict[str, str], *entries: str, more: str = "") -> Project:
    """A project with a config of these databases."""
    config = CONFIG % (", ".join(entries or (entry(),)), more)
    return project(root, {"wrangler.jsonc": config, "src/index.ts": CODE, **files})


def only(found: Project) -> DatabaseSource:
    (source,) = found.databases
    return source


def names(source: DatabaseSource) -> list[str]:
    return [migration.name for migration in source.migrations]


def reasons(found: Project) -> list[str]:
    return [note.reason for note in found.notes]


def test_tables_without_rows_are_said_once(tmp_path: Path) -> None:
    found = made(tmp_path, {
        "migrations/0001_init.sql": "CREATE TABLE a (n INTEGER NOT NULL CHECK (n > 1 AND n < 1));",
        "migrations/0002_m.sql": "ALTER TABLE a ADD COLUMN m INTEGER;",
        "migrations/0003_k.sql": "ALTER TABLE a ADD COLUMN k INTEGER;",
    })
    assert list(found.databases_found.not_tried()) == [], "nothing was run"
    steps = only(found).replay.steps
    assert list(found.databases_found.not_tried()) == [], "nothing was run on rows"
    assert [step.with_rows.failure for step in steps] == [None, None, None]
    assert list(found.databases_found.not_tried()) == [(
        "table without rows for the trial of migrations", "migrations/0002_m.sql",
        "a: CHECK constraint failed: n > 1 AND n < 1",
    )]


def test_schema_files_are_not_tried_on_rows(tmp_path: Path) -> None:
    found = made(tmp_path, {"schema.sql": "CREATE TABLE a (n INTEGER NOT NULL CHECK (n > 1 AND n < 1));"})
    assert only(found).replay.error_free
    assert list(found.databases_found.not_tried()) == []


# -- what wrangler takes for a migration -------------------------------------------------------------------------------


@pytest.mark.parametrize("name, found", [
    ("0001_init.sql", 1), ("0001-init.sql", 1), ("1.sql", 1), ("0000_x/migration.sql", 0), ("20250131120000_a.sql",
     20250131120000),
    ("v1_x.sql", None), ("init.sql", None), ("init_1.sql", None), (" 7_x.sql", 7), ("2025-01-31_a.sql", 2025),
    ("-3_x.sql", -3),
])
def test_number(name: str, found: int | None) -> None:
    assert number(name) == found


def test_order() -> None:
    given = ["b.sql", "10_c.sql", "9_b.sql", "1_a.sql", "0009_a.sql", "a.sql", "2/b.sql", "2/a.sql", "10_a/9_x.sql",
             "10_a/10_x.sql"]
    assert sorted(given, key=order) == [
        "1_a.sql", "2/a.sql", "2/b.sql", "0009_a.sql", "9_b.sql", "10_a/9_x.sql", "10_a/10_x.sql", "10_c.sql", "a.sql",
        "b.sql",
    ]


@pytest.mark.parametrize("pattern, yes, no", [
    ("*.sql", ["a.sql", "0001 b.sql"], ["x/a.sql", ".a.sql", "a.sqlx", "a.txt"]),
    ("*/migration.sql", ["0001_a/migration.sql"], ["migration.sql", "a/b/migration.sql", ".a/migration.sql"]),
    ("**/*.sql", ["a.sql", "x/a.sql", "x/y/a.sql"], [".x/a.sql", "x/.a.sql"]),
    ("x/**", ["x/a", "x/b/c"], ["y/a", "x/.b"]),
    ("{a,b}?.sql", ["a1.sql", "b2.sql"], ["c1.sql", "a.sql"]),
    ("[0-9]*.sql", ["1_a.sql"], ["a.sql"]),
    ("[!0-9]*.sql", ["a.sql"], ["1_a.sql"]),
    ("[z-a].sql", [], ["a.sql"]),
    (".hidden/*.sql", [".hidden/a.sql"], ["hidden/a.sql"]),
    ("a+b.sql", ["a+b.sql"], ["aab.sql"]),
])
def test_glob(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [name for name in (*yes, *no) if glob(pattern).fullmatch(name)] == yes


PATTERNS = st.text(alphabet="ab.*?[]!^-/", max_size=6)


@given(PATTERNS, PATTERNS, st.text(alphabet="ab.-/^!", max_size=6))
def test_braces_are_one_or_the_other(one: str, other: str, name: str) -> None:
    either = glob(one).fullmatch(name) or glob(other).fullmatch(name)
    assert bool(glob(f"{{{one},{other}}}").fullmatch(name)) == bool(either)


# -- sources -----------------------------------------------------------------------------------------------------------


def test_the_default_folder(tmp_path: Path) -> None:
    files = {"migrations/0002_b.sql": "b", "migrations/0001_a.sql": "a", "migrations/10_c.sql": "c",
             "migrations/old/0001_x.sql": "x", "migrations/notes.txt": "n"}
    source = only(made(tmp_path, files))
    assert (source.kind, source.name, source.directory, source.table) == ("d1", "app-db", "migrations", "d1_migrations")
    assert names(source) == ["0001_a.sql", "0002_b.sql", "10_c.sql"]
    assert [file.path for file in source.strays] == ["migrations/old/0001_x.sql"]
    assert [(binding.name, binding.environment) for binding in source.bindings] == [("DB", None)]
    assert (source.written, source.certain, source.is_known) == (None, True, True)
    assert [migration.number for migration in source.migrations] == [1, 2, 10]


def test_a_named_folder_beside_the_config(tmp_path: Path) -> None:
    config = CONFIG % (entry(migrations_dir="./db/sql/", migrations_table="done"), "")
    found = project(tmp_path, {"apps/api/wrangler.jsonc": config, "apps/api/src/index.ts": CODE,
                               "apps/api/db/sql/0001.sql": "a", "migrations/0001.sql": "other"})
    source = only(found)
    assert (source.directory, source.table, names(source)) == ("apps/api/db/sql", "done", ["0001.sql"])
    assert source.written is not None
    text = found.all_configs[0].source.slice(source.written.start, source.written.end)
    assert text == "./db/sql/"


def test_a_folder_for_each_migration(tmp_path: Path) -> None:
    files = {"drizzle/20250101_a/migration.sql": "a", "drizzle/20250101_a/snapshot.json": "{}",
             "drizzle/20250202_b/migration.sql": "b", "drizzle/20250202_b/other.sql": "o"}
    folder = entry(migrations_dir="drizzle", migrations_pattern="./drizzle/*/migration.sql")
    source = only(made(tmp_path, files, folder))
    assert names(source) == ["20250101_a/migration.sql", "20250202_b/migration.sql"]
    assert [file.path for file in source.strays] == ["drizzle/20250202_b/other.sql"]


def test_without_the_pattern_nothing_is_applied(tmp_path: Path) -> None:
    source = only(made(tmp_path, {"drizzle/1_a/migration.sql": "a"}, entry(migrations_dir="drizzle")))
    assert names(source) == []
    assert [file.path for file in source.strays] == ["drizzle/1_a/migration.sql"]


def test_a_pattern_that_leads_elsewhere(tmp_path: Path) -> None:
    source = only(made(tmp_path, {"db/1.sql": "a"}, entry(migrations_dir="db", migrations_pattern="other/*.sql")))
    assert names(source) == ["1.sql"]


def test_environments_share_a_folder(tmp_path: Path) -> None:
    production, staging = entry(name="prod-db", migrations_dir="migrations"), entry(name="staging-db")
    more = f', "env": {{"production": {{"d1_databases": [{production}]}}, "staging": {{"d1_databases": [{staging}]}}}}'
    source = only(made(tmp_path, {"migrations/1.sql": "a"}, more=more))
    assert [(b.name, b.environment) for b in source.bindings] == [
        ("DB", None), ("DB", "production"), ("DB", "staging")]
    assert source.certain


def test_an_environment_that_names_no_folder(tmp_path: Path) -> None:
    more = f', "env": {{"production": {{"d1_databases": [{entry(name="prod-db")}]}}}}'
    source = only(made(tmp_path, {"db/1.sql": "a"}, entry(migrations_dir="db"), more=more))
    assert len(source.bindings) == 2


def test_two_configs_and_one_database(tmp_path: Path) -> None:
    id = "0f0e0d0c-0b0a-4908-8706-050403020100"
    found = project(tmp_path, {
        "api/wrangler.jsonc": CONFIG % (entry(id=id), ""), "api/src/index.ts": CODE, "api/migrations/1.sql": "a",
        "cron/wrangler.jsonc": CONFIG % (entry(binding="STORE", name="x", id=id), ""), "cron/src/index.ts": CODE,
    })
    source = only(found)
    assert source.names == {"DB", "STORE"}
    files = found.files
    assert found.databases_found.reached(files["api/src/index.ts"], "DB") == [source]
    assert found.databases_found.reached(files["cron/src/index.ts"], "DB") == []
    assert found.databases_found.reached(files["cron/src/index.ts"], "STORE") == [source]


def test_two_databases_with_folders(tmp_path: Path) -> None:
    found = made(tmp_path, {"migrations/1.sql": "a", "logs/1.sql": "b"},
                 entry(), entry(binding="LOGS", name="logs", migrations_dir="logs"))
    assert [(source.name, source.directory, source.certain) for source in found.databases] == [
        ("app-db", "migrations", True), ("logs", "logs", True)]


def test_two_databases_and_one_folder_that_neither_names(tmp_path: Path) -> None:
    source = only(made(tmp_path, {"migrations/1.sql": "a"}, entry(), entry(binding="LOGS", name="logs")))
    assert (sorted(source.names), source.certain) == (["DB", "LOGS"], False)


def test_two_databases_and_a_script_that_tells(tmp_path: Path) -> None:
    manifest = '{"scripts": {"migrate": "wrangler d1 migrations apply app-db --remote"}}'
    found = made(tmp_path, {"migrations/1.sql": "a", "package.json": manifest}, entry(), entry("LOGS", "logs"))
    first, second = found.databases
    assert (sorted(first.names), names(first), first.certain) == (["DB"], ["1.sql"], True)
    assert second.names == {"LOGS"}


def test_files_that_git_ignores(tmp_path: Path) -> None:
    found = made(tmp_path, {".gitignore": "migrations/\n", "migrations/1.sql": "a"})
    assert not only(found).is_known
    assert "folder of migrations without a .sql file that is read" in reasons(found)


def test_outside_of_the_project(tmp_path: Path) -> None:
    found = made(tmp_path, {}, entry(migrations_dir="../shared"))
    assert "migrations outside of the project, not read" in reasons(found)


def test_what_takes_another_back(tmp_path: Path) -> None:
    files = {f"migrations/{name}": "a" for name in ("0001_a.sql", "0001_a.down.sql", "0002_b.up.sql", "0002_b.down.sql",
                                                    "0003_rollback.sql", "0004_x_down.sql")}
    source = only(made(tmp_path, files))
    assert [(m.name, m.undoes) for m in source.migrations if m.undoes] == [
        ("0001_a.down.sql", "0001_a.sql"), ("0002_b.down.sql", "0002_b.up.sql")]


def test_tokens(tmp_path: Path) -> None:
    files = {f"migrations/{name}": "a" for name in ("0001_a.sql", "2025-01-31_a.sql", "12ab_x.sql", "x.sql")}
    assert [m.token for m in only(made(tmp_path, files)).migrations] == ["0001", None, "2025-01-31", None]


def test_unreadable(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/1.sql").write_bytes(b"CREATE TABLE \xff")
    found = made(tmp_path, {"migrations/2.sql": "a"})
    assert names(only(found)) == ["2.sql"]
    assert [problem.rule for problem in found.problems] == ["unreadable-file"]


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgelint.project.database_finder.MAX_SQL", 10)
    found = made(tmp_path, {"migrations/1.sql": "a" * 11})
    assert names(only(found)) == []
    assert any(reason.startswith("SQL file over") for reason in reasons(found))


def test_places(tmp_path: Path) -> None:
    found = made(tmp_path, {"migrations/1.sql": "\ufeff-- é\nCREATE"})
    (migration,) = only(found).migrations
    start = migration.text.index("CREATE")
    span = migration.file.span(start, start + 6)
    assert migration.file.source.data[span.start : span.end] == b"CREATE"
    assert migration.file.span(start, 999).end == len(migration.file.source.data)


# -- schema files ------------------------------------------------------------------------------------------------------

TABLE = "CREATE TABLE t (id INTEGER);"


def test_schema_sql(tmp_path: Path) -> None:
    source = only(made(tmp_path, {"schema.sql": TABLE, "other.sql": TABLE}))
    assert [file.path for file in source.schema_files] == ["schema.sql"]
    assert source.is_known


def test_the_only_schema_sql_below(tmp_path: Path) -> None:
    assert [f.path for f in only(made(tmp_path, {"db/schema.sql": TABLE})).schema_files] == ["db/schema.sql"]


def test_two_schema_files_below(tmp_path: Path) -> None:
    found = made(tmp_path, {"db/schema.sql": TABLE, "old/schema.sql": TABLE})
    assert not only(found).is_known
    assert "D1 database without migrations or schema.sql: its schema is not known" in reasons(found)


def test_what_a_script_executes(tmp_path: Path) -> None:
    first = "wrangler d1 execute app-db --local --file=./db/tables.sql && wrangler d1 execute DB --file db/seed.sql"
    scripts = {"a": first, "b": "wrangler d1 execute other --file=x.sql"}
    files = {"db/tables.sql": TABLE, "db/seed.sql": "INSERT INTO t VALUES (1);", "x.sql": TABLE}
    files["package.json"] = json.dumps({"scripts": scripts})
    assert [f.path for f in only(made(tmp_path, files)).schema_files] == ["db/tables.sql"]


def test_one_schema_file_and_two_databases(tmp_path: Path) -> None:
    first, second = made(tmp_path, {"schema.sql": TABLE}, entry(), entry("LOGS", "logs")).databases
    assert (first.certain, second.certain) == (False, False)


def test_migrations_and_a_schema_file(tmp_path: Path) -> None:
    source = only(made(tmp_path, {"schema.sql": TABLE, "migrations/1.sql": TABLE}))
    assert [f.path for f in source.schema_files] == ["schema.sql"]
    assert source.certain


def test_the_setting(tmp_path: Path) -> None:
    settings = '[schema]\nDB = "db/tables.sql"\nlogs = "db/logs.sql"\n'
    found = made(tmp_path, {"edgelint.toml": settings, "db/tables.sql": TABLE, "migrations/1.sql": TABLE,
                            "db/logs.sql": TABLE}, entry(), entry("LOGS", "logs"), entry("MORE", "more"))
    assert [(*s.names, [f.path for f in s.schema_files], names(s)) for s in found.databases] == [
        ("MORE", [], ["1.sql"]), ("DB", ["db/tables.sql"], []), ("LOGS", ["db/logs.sql"], [])]


def test_a_setting_that_names_no_file(tmp_path: Path) -> None:
    found = made(tmp_path, {"edgelint.toml": '[schema]\nDB = "missing.sql"\n'})
    assert [(problem.rule, problem.span.path) for problem in found.problems] == [("unreadable-file", "missing.sql")]
    assert "missing.sql" in found.inputs


# -- Durable Objects ---------------------------------------------------------------------------------------------------

DURABLE = (
    '{"name": "app", "main": "src/index.ts", "compatibility_date": "2025-09-01", '
    '"durable_objects": {"bindings": [{"name": "ROOM", "class_name": "Room"}%s]}, '
    '"migrations": [{"tag": "v1", "new_sqlite_classes": ["Room"]}]}'
)
HEAD = 'import { DurableObject } from "cloudflare:workers";\n'
ROOM = """export class Room extends DurableObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.blockConcurrencyWhile(async () => { this.tables(); });
  }
  tables() {
    this.ctx.storage.sql.exec(`CREATE TABLE IF NOT EXISTS m (id INTEGER PRIMARY KEY); CREATE INDEX i ON m (id)`);
    this.ctx.storage.sql.exec("ALTER TABLE m ADD COLUMN body TEXT");
  }
  list() { return this.ctx.storage.sql.exec("SELECT * FROM m WHERE " + this.where()).toArray(); }
  where() { return String(Date.now()); }
  clear() { this.ctx.storage.sql.exec("DROP TABLE m"); }
}
"""
REST = "export default { fetch(request: Request, env: Env) { return new Response(); } };\n"


def durable(root: Path, code: str, more: str = "", **files: str) -> list[DatabaseSource]:
    return project(root, {"wrangler.jsonc": DURABLE % more, "src/index.ts": HEAD + code + REST, **files}).databases


def test_tables_of_a_durable_object(tmp_path: Path) -> None:
    (source,) = durable(tmp_path, ROOM)
    assert (source.kind, source.name, source.certain) == ("durable-object", "Room", True)
    assert source.statements == (
        "CREATE TABLE IF NOT EXISTS m (id INTEGER PRIMARY KEY)", "CREATE INDEX i ON m (id)",
        "ALTER TABLE m ADD COLUMN body TEXT")
    assert source.durable is not None
    assert source.durable.node.name == "Room"


def test_a_durable_object_without_tables(tmp_path: Path) -> None:
    assert durable(tmp_path, ROOM.replace("CREATE", "SELECT").replace("ALTER", "SELECT")) == []


def test_text_that_is_not_known(tmp_path: Path) -> None:
    (source,) = durable(tmp_path, ROOM.replace('"DROP TABLE m"', "this.where()"))
    assert not source.certain


def test_a_helper_that_makes_the_tables(tmp_path: Path) -> None:
    code = ROOM.replace("this.tables();", "tables(this.ctx.storage.sql);")
    helper = "export function tables(sql: SqlStorage) { sql.exec('CREATE TABLE h (id INTEGER)'); }\n"
    (source,) = durable(tmp_path, 'import { tables } from "./tables";\n' + code, **{"src/tables.ts": helper})
    assert "CREATE TABLE h (id INTEGER)" in source.statements
    assert source.certain
    other = ', {"name": "LOBBY", "class_name": "Lobby"}'
    lobby = "export class Lobby extends DurableObject { fetch() { return new Response(); } }\n"
    (source,) = durable(tmp_path, 'import { tables } from "./tables";\n' + code + lobby, other)
    assert not source.certain


def test_a_base_class(tmp_path: Path) -> None:
    code = ROOM.replace("Room", "Base") + "export class Room extends Base {}\n"
    sources = durable(tmp_path, code)
    assert {source.name: len(source.statements) for source in sources} == {"Room": 3, "Base": 3}


@pytest.mark.parametrize("head", [
    'import { Agent as DurableObject } from "agents";\n', 'import { DurableObject } from "./unknown";\n',
    HEAD + 'import { migrate } from "drizzle-orm/durable-sqlite/migrator";\n',
])
def test_a_library_that_may_make_tables_too(tmp_path: Path, head: str) -> None:
    (source,) = project(tmp_path, {"wrangler.jsonc": DURABLE % "", "src/index.ts": head + ROOM + REST}).databases
    assert not source.certain


_SCHEMA_APART = {
    "migrations/schema.sql": "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n",
    "migrations/002_age.sql": "ALTER TABLE users ADD COLUMN age INTEGER;\n",
}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("wrangler d1 execute app --file=./migrations/schema.sql", ["002_age.sql"]),
        ("wrangler d1 execute other --file=./migrations/schema.sql", ["002_age.sql", "schema.sql"]),
        ("wrangler d1 execute app --file migrations/schema.sql && wrangler d1 migrations apply app",
         ["002_age.sql", "schema.sql"]),
        ("wrangler d1 execute app --file migrations/002_age.sql", ["002_age.sql", "schema.sql"]),
    ],
)  # fmt: skip
def test_a_schema_beside_migrations_that_a_script_executes(tmp_path: Path, script: str, expected: list[str]) -> None:
    """It is what the migrations begin on, unless scripts apply the whole folder."""
    package = {"package.json": json.dumps({"scripts": {"db": script}})}
    source = only(made(tmp_path, {**_SCHEMA_APART, **package}, entry(name="app")))
    assert names(source) == expected
    assert [file.path for file in source.strays] == []
    if len(expected) == 1:
        assert [column.name for column in source.schema().tables["users"].columns] == ["id", "name", "age"]
