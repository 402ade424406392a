"""SQL that goes through types of the project's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_statements import told, worker

CLASS = """
class D1Db implements Database {
  constructor(private d1: D1Database) {}
  async query<T>(sql: string, ...params: unknown[]): Promise<T[]> {
    return (await this.d1.prepare(sql).bind(...params).all()).results as T[];
  }
}
"""
INTERFACE = "interface Database { query<T>(sql: string, ...params: unknown[]): Promise<T[]> }\n"
DB = INTERFACE + CLASS


@pytest.mark.parametrize("code", [
    "export class S { constructor(private db: Database) {} q() { return this.db.query('S ?', 1); } }",
    "export class S { constructor(private db: D1Db) {} q() { return this.db.query('S ?', 1); } }",
    "export class S { private db: Database; constructor(o: any) { this.db = o.db; } q() { this.db.query('S ?', 1); } }",
    "class B { constructor(protected db: Database) {} } export class S extends B { q() { this.db.query('S ?', 1); } }",
    "export function f(db: Database) { return db.query('S ?', 1); }",
    "export function f(db: Readonly<Database> | null) { return db?.query('S ?', 1); }",
    "export function f(x: unknown) { return (x as Database).query('S ?', 1); }",
    "export function f(o: any) { const db: Database = o.db; return db.query('S ?', 1); }",
    "export function f(db: Database) { const same = db; return same.query('S ?', 1); }",
    "interface Deps { db: Database } export function f(deps: Deps) { return deps.db.query('S ?', 1); }",
    "interface Deps { db: Database } export function f({ db }: Deps) { return db.query('S ?', 1); }",
    "interface Deps { db: Database } export function f(deps: Deps) { const { db } = deps; return db.query('S ?', 1); }",
    "interface Deps { db: Database } interface C { deps: Deps } export const f = (c: C) => c.deps.db.query('S ?', 1);",
    "interface D { db: Database } export class S { constructor(private d: D) {} q() { this.d.db.query('S ?', 1); } }",
    ("interface More extends Database { x: 1 } class M extends D1Db implements More { x = 1 as const } "
    "export function f(db: More) { return db.query('S ?', 1); }"),
    "export async function f(p: Promise<unknown>) { return (await (p as Database)).query('S ?', 1); }",
    ("abstract class A<T> { constructor(protected db: T, protected n: Database) {} } "
    "class B extends A<1> {} export class C extends B { q() { return this.n.query('S ?', 1); } }"),
])
def test_declared_types_are_followed(tmp_path: Path, code: str) -> None:
    assert told(worker(tmp_path, "", DB + code)) == ["S ? [1]"]


@pytest.mark.parametrize("code", [
    "export function f(db: any) { return db.query('S ?', 1); }",
    "export function f(db) { return db.query('S ?', 1); }",
    "interface Other { query(sql: string): void } export function f(db: Other) { return db.query('S ?', 1); }",
    "export function f(db: Database | Map<string, string>) { return db.query('S ?', 1); }",
    "export function f(db: Database[]) { return db.query('S ?', 1); }",
    "export function f({ db: [x] }: any) { return x.query('S ?', 1); }",
    "export function f({ ...db }: Database) { return db.query('S ?', 1); }",
    "let db: Database; db = g(); export function f() { return db.query('S ?', 1); }",
    "export function f(x: any) { return x[0].query('S ?', 1); }",
    "export function f() { return missing.query('S ?', 1); }",
    "interface L extends L {} export function f(db: L) { return db.query('S ?', 1); }",
    "class L extends L {} export class K extends L { q() { return this.db.query('S ?', 1); } }",
    "class P extends Missing {} export class K extends P { q() { return this.db.query('S ?', 1); } }",
    "interface Deps { other: Database } export function f({ db }: Deps) { return db.query('S ?', 1); }",
    "export function f({ db }) { return db.query('S ?', 1); }",
    "interface E { e: E } export function f(e: E) { return e.e.e.e.e.e.e.e.e.query('S ?', 1); }",
    "import db from './nowhere'; export function f() { return db.query('S ?', 1); }",
    "export function f(a: Missing) { return a.query('S ?', 1); }",
])
def test_what_is_declared_to_be_something_else_is_not(tmp_path: Path, code: str) -> None:
    assert told(worker(tmp_path, "", DB + code)) == ["_ [...]~"]


def test_an_abstract_class_stands_for_what_extends_it(tmp_path: Path) -> None:
    code = (
        "abstract class A { abstract query(s: string): void }\n"
        "class Q extends A { d: D1Database; query(s: string) { return this.d.prepare(s).bind(1).all(); } }\n"
        "export function f(a: A) { return a.query('S ?'); }"
    )
    assert told(worker(tmp_path, "", code)) == ["S ? [1]"]


def test_helpers_and_constructors_have_no_types(tmp_path: Path) -> None:
    code = (
        "export const q = (env: Env, sql: string) => env.DB.prepare(sql).all();\n"
        "export class S { constructor(db: D1Database, sql: string) { db.prepare(sql).all(); } }"
    )
    assert told(worker(tmp_path, "", code)) == ["_ []", "_ []"]


def test_a_class_whose_values_are_not_known_is_one_of_its_types(tmp_path: Path) -> None:
    code = DB + (
        "class Loop extends Loop implements Database { query(s: string) { return this.q.prepare(s).bind(1).all(); } "
        "q: D1Database } export const f = (db: Loop) => db.query('S');"
    )
    assert "S [1]" in told(worker(tmp_path, "", code))


def test_a_known_value_says_more_than_its_type(tmp_path: Path) -> None:
    memory = "class Memory implements Database { async query<T>(sql: string): Promise<T[]> { return []; } }\n"
    code = DB + memory + "const q = (db: Database) => db.query('S ?', 1);"
    assert told(worker(tmp_path / "a", "await q(new Memory());", code)) == ["_ [...]~"]
    assert told(worker(tmp_path / "b", "await q(new D1Db(env.DB));", code)) == ["S ? [1]"]


FILES = {
    "src/types.ts": f"export {INTERFACE}",
    "src/d1.ts": f'import type {{ Database as Db }} from "./index";\n{CLASS}'.replace(
        "class D1Db implements Database", "export class D1Db implements Db"),
    "src/index.ts": 'export type { Database } from "./types";\nexport { D1Db as Wrapped } from "./d1";\n',
    "src/all.ts": 'export * from "./index";\n',
}


@pytest.mark.parametrize("service", [
    'import type { Database } from "./types";\nexport const f = (db: Database) => db.query("S ?", 1);',
    'import type { Database as Q } from "./all";\nexport const f = (db: Q) => db.query("S ?", 1);',
    'import type { D1Db } from "./d1";\nexport const f = (db: D1Db) => db.query("S ?", 1);',
    'import type { Wrapped } from "./all";\nexport const f = (db: Wrapped) => db.query("S ?", 1);',
])
def test_types_of_other_files(tmp_path: Path, service: str) -> None:
    main = 'import { f } from "./service";\nimport { Wrapped } from "./index";\nexport { f, Wrapped };\n'
    found = worker(tmp_path, "", main, {
        **{path.replace("index", "barrel"): text.replace("./index", "./barrel") for path, text in FILES.items()},
        "src/service.ts": service.replace("./index", "./barrel"),
    })
    assert told(found) == ["S ? [1]"]


def test_two_types_of_one_name_are_two(tmp_path: Path) -> None:
    other = INTERFACE + 'export const f = (db: Database) => db.query("S ?", 1);'
    found = worker(tmp_path, "", f"{DB}\nexport {{ f }} from './other';", {"src/other.ts": other})
    assert told(found) == ["_ [...]~"]


UNFOLLOWED = "SQL statement: no class of the project implements the type that it is given to"


@pytest.mark.parametrize(("code", "count"), [
    ("export const f = (db: Database) => [db.query('SELECT 1'), db.query(`DELETE FROM ${t}`), db.query('x')];", 2),
    ("export const f = (db: Database) => [db.query('select a from b'), db.query(q), db.query(), g('SELECT 1')];", 1),
    ("export const f = (db: any) => db.query('SELECT 1');", 0),
    ("import { Pool } from 'pg'; export const f = (db: Pool) => db.query('SELECT 1');", 0),
    (("class Pg implements Database { query(sql: string) { return pg(sql); } } "
     "export const f = (db: Database) => db.query('SELECT 1');"), 0),
    (("class Pg implements Database { query(sql: string) { return pg(sql); } } "
     "export const f = () => new Pg().query('SELECT 1');"), 0),
    ("class Half implements Database { other() {} } export const f = (db: Database) => db.query('SELECT 1');", 1),
    (CLASS + "export const f = (db: Database) => db.query('SELECT 1');", 0),
])
def test_types_that_nothing_implements_are_counted(tmp_path: Path, code: str, count: int) -> None:
    found = worker(tmp_path, "", INTERFACE + code, {"migrations/0001.sql": "CREATE TABLE t (id INTEGER);"})
    assert found.queries_found.not_analysed() == [], "nobody has asked"
    assert [query.skipped for query in found.queries if query.skipped is not None] == []
    assert found.queries_found.not_analysed() == [(UNFOLLOWED, "src/index.ts")] * count
