"""Fields of Durable Objects that are written to storage and never read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project.durable_state import forgotten
from edgelint.project.project import Project
from edgelint.syntax import tree
from tests.projects import PYTHON_TOML, TOML, project

BOUND = '[[durable_objects.bindings]]\nname = "K"\nclass_name = "K"\n'
HEAD = "import { DurableObject } from 'cloudflare:workers';\n"
REST = "\nexport default { fetch() { return new Response() } };\n"


def told(root: Path, members: str, more: str = "") -> list[str]:
    """Every forgotten field of class K: name, key, and whether what is written builds on it."""
    code = f"{HEAD}{more}\nexport class K extends DurableObject {{ {members} }}{REST}"
    return found(project(root, {"wrangler.toml": TOML + BOUND, "src/index.ts": code}))


def found(small: Project) -> list[str]:
    (durable,) = [d for d in small.durables.classes if d.node.name == "K"]
    return [f"{f.name} {f.key}{' builds' if f.accumulates else ''}" for f in forgotten(durable, small)]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); }", ["n n builds"]),
        ("n = 0; async fetch() { this.n = this.n + 1; await this.ctx.storage.put('n', this.n); }", ["n n builds"]),
        ("n = new Map(); async fetch() { this.n.set('a', 1); await this.ctx.storage.put('n', this.n); }",
         ["n n builds"]),
        ("n = {}; async fetch() { this.n['a'] = 1; await this.ctx.storage.put('n', this.n); }", ["n n builds"]),
        ("n = {}; async fetch() { delete this.n; await this.ctx.storage.put('n', this.n); }", ["n n builds"]),
        ("n = 0; async fetch() { this.n++; await this.ctx.storage.put({ n: this.n, m: 1 }); }", ["n n builds"]),
        ("n = 0; async fetch() { this.n++; await this.ctx.storage.put(key(), this.n); }", ["n None builds"]),
        ("n = 0; async fetch() { this.n++; const m = this.n; await this.ctx.storage.put('n', m); }", ["n n builds"]),
        ("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.all()); } all() { return [this.n] }",
         ["n n builds"]),
        ("n = 0; async fetch() { this.n++; this.ctx.storage.sql.exec('INSERT INTO t VALUES (?)', this.n); }",
         ["n None builds"]),
        ("n; async fetch() { this.n = 1; await this.ctx.storage.put('n', this.n); } async get() { return this.n }",
         ["n n"]),
        ("async fetch() { this.n = 1; await this.ctx.storage.put('n', this.n); } async get() { return this.n }",
         ["n n"]),
        # never lost, or never of use
        ("n; async fetch() { this.n = 1; await this.ctx.storage.put('n', this.n); }", []),
        ("n = 0; async fetch() { await this.ctx.storage.put('n', this.n); } async get() { return this.n }", []),
        ("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', 1); }", []),
        ("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n'); }", []),
        ("n = 0; async fetch() { this.n++; this.ctx.storage.sql.exec('DELETE FROM t WHERE a = ?', this.n); }", []),
        (("n; async fetch() { this.n = 1; await this.ctx.storage.put('n', this.n); } async get() { this.n = 2; return "
          "this.n }"), []),
        (("n; async fetch() { this.n = 1; await this.ctx.storage.put('n', this.n); this.show(); } show() { return "
          "this.n }"), []),
        # read back
        (("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); } async load() { await "
          "this.ctx.storage.get('n') }"), []),
        (("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); } async load() { await "
          "this.ctx.storage.list() }"), []),
        (("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); } async load() { await "
          "this.ctx.storage.get(['m', 'n']) }"),
         []),
        (("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); } async load() { await "
          "this.ctx.storage.get(key()) }"), []),
        (("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); } async load() { await "
          "this.ctx.storage.get('m') }"),
         ["n n builds"]),
        (("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); } q() { "
          "this.ctx.storage.sql.exec('SELECT 1') }"), []),
        (("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); } q() { "
          "this.ctx.storage.sql.exec(text()) }"), []),
        (("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); } q() { "
          "this.ctx.storage.sql.exec() }"), []),
        (("n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); } q() { "
          "this.ctx.storage.sql.exec('DELETE FROM t') }"),
         ["n n builds"]),
        # filled from elsewhere
        (("n = new Map(); constructor(c, e) { super(c, e); for (const w of c.getWebSockets()) this.n.set(w, 1); }"
         " async fetch() { this.n.set('a', 1); await this.ctx.storage.put('n', this.n); }"), []),
        ("n = 0; async fetch() { this.n = await load(); this.n++; await this.ctx.storage.put('n', this.n); }", []),
        ("n = 0; async fetch(r) { this.n = await r.json(); this.n.x = 1; await this.ctx.storage.put('n', this.n); }",
         ["n n builds"]),
    ],
)
def test_forgotten_fields(tmp_path: Path, members: str, expected: list[str]) -> None:
    assert told(tmp_path, members) == expected


WRITES = "n = 0; async fetch() { this.n++; await this.ctx.storage.put('n', this.n); BODY }"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("load(this.ctx.storage);", []), ("load(this);", []), ("load({ s: this.ctx });", []), ("load({ f: this.n });",
         ["n n builds"]),
        ("own(this.ctx.storage);", ["n n builds"]), ("load(storage);", ["n n builds"]),
    ],
)
def test_storage_that_is_handed_out(tmp_path: Path, body: str, expected: list[str]) -> None:
    more = "import { load } from 'pkg';\nfunction own(s) {}"
    assert told(tmp_path, WRITES.replace("BODY", body), more) == expected


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("class B extends DurableObject { load() { return this.ctx.storage.get('n') } }\nclass C extends B {}",
         ["n n builds"]),
        ("export class Other extends DurableObject { load() { return this.ctx.storage.get('n') } }", ["n n builds"]),
        ("function load(s: DurableObjectStorage) { return s.get('n') }", []),
        ("class Reader { constructor(private s: DurableObjectStorage) {} load() { return this.s.get('n') } }", []),
    ],
)
def test_reads_of_others(tmp_path: Path, base: str, expected: list[str]) -> None:
    assert told(tmp_path, WRITES.replace("BODY", ""), base) == expected


def test_a_base_reads_for_the_classes_built_on_it(tmp_path: Path) -> None:
    code = (
        f"{HEAD}class B extends DurableObject {{ load() {{ return this.ctx.storage.get('n') }} }}\n"
        f"export class K extends B {{ {WRITES.replace('BODY', '')} }}{REST}"
    )
    assert found(project(tmp_path, {"wrangler.toml": TOML + BOUND, "src/index.ts": code})) == []


def test_where_it_stands(tmp_path: Path) -> None:
    code = f"{HEAD}export class K extends DurableObject {{ {WRITES.replace('BODY', '')} }}{REST}"
    small = project(tmp_path, {"wrangler.toml": TOML + BOUND, "src/index.ts": code})
    (durable,) = small.durables.classes
    (one,) = forgotten(durable, small)
    file = durable.file
    assert isinstance(one.field, tree.Field)
    assert (file.text(one.put.node), file.text(one.field), file.text(one.change)) == (
        "this.ctx.storage.put('n', this.n)", "n = 0", "this.n",
    )


def test_python(tmp_path: Path) -> None:
    code = (
        "from workers import DurableObject\n\n\nclass K(DurableObject):\n    def __init__(self, ctx, env):\n"
        "        super().__init__(ctx, env)\n        self.ctx = ctx\n        self.n = 0\n\n    async def fetch(self, "
        "request):\n"
        "        self.n += 1\n        await self.ctx.storage.put('n', self.n)\n"
    )
    small = project(tmp_path, {"wrangler.toml": PYTHON_TOML + BOUND, "src/entry.py": code})
    assert found(small) == ["n n builds"]
