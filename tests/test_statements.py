"""Texts of SQL as the code puts them together: their alternatives, their places, their arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgelint.project import statements
from edgelint.project.project import Project
from edgelint.project.statements import UNKNOWN_COUNT
from edgelint.source import Source
from edgelint.syntax import tree
from edgelint.syntax.literals import Ranges, places
from tests.expressions import code
from tests.projects import D1, PYTHON_TOML, TOML, project


def worker(root: Path, body: str, top: str = "", extra: dict[str, str] | None = None) -> Project:
    text = f"{top}\nexport default {{ async fetch(request, env, ctx) {{\n{body}\n}} }};"
    return project(root, {"wrangler.toml": TOML + D1, "src/index.ts": text, **(extra or {})})


def python(root: Path, body: str, top: str = "") -> Project:
    lines = "\n".join(f"        {line}" for line in body.split("\n"))
    text = (
        f"from workers import WorkerEntrypoint, Response\n{top}\nclass Default(WorkerEntrypoint):\n"
        f"    async def fetch(self, request):\n{lines}\n"
    )
    return project(root, {"wrangler.toml": PYTHON_TOML + D1, "src/entry.py": text})


def told(found: Project) -> list[str]:
    """``text [values]`` of each feasible text: "_" for a gap, "..." for values of unknown number, "~": not exact."""
    out = []
    for statement in found.statements:
        for text in statement.texts:
            if text.feasible:
                values = ", ".join("..." if v.node is None else v.file.text(v.node) for v in text.values)
                shown = " ".join(text.text.replace("\ufffc", "_").split())
                out.append(f"{shown} [{values}]{'' if text.exact else '~'}")
    return out


OPTIONAL = "const c = [], v = []; if (x) { c.push('a = ?'); v.push(x) } if (y) { c.push('b = ?'); v.push(y) }"


@pytest.mark.parametrize(("body", "expected"), [
    ("let s = 'S'; const v = []; if (x) { s += ' a=?'; v.push(x) } await env.DB.prepare(s).bind(...v).all();",
     ["S a=? [x]", "S []"]),
    (f"{OPTIONAL} const w = c.length ? 'W ' + c.join(' AND ') : ''; env.DB.prepare(`S ${{w}}`).bind(...v).all();",
     ["S W a = ? AND b = ? [x, y]", "S W a = ? [x]", "S W b = ? [y]", "S []"]),
    (f"{OPTIONAL} if (c.length === 0) return; env.DB.prepare(`U ${{c.join(', ')}}`).bind(...v, 5).run();",
     ["U a = ? [x, 5]", "U a = ?, b = ? [x, y, 5]", "U b = ? [y, 5]"]),
    (f"{OPTIONAL} env.DB.prepare(`U ${{c.join(', ')}} W`).bind(...v).run();",
     ["U a = ?, b = ? W [x, y]", "U a = ? W [x]", "U b = ? W [y]"]),
    ("env.DB.prepare(`S (${ids.map(() => '?').join(',')})`).bind(...ids).all();", ["S (?) [...]~", "S (?,?) [...]~"]),
    ("env.DB.prepare('S ' + '?,'.repeat(2).slice(0, -1)).bind(1, 2).all();", ["S ?,? [1, 2]"]),
    ("const f = ['a', 'b']; env.DB.prepare(`S ${f.map((k) => `t.${k}`).join()}`).all();", ["S t.a,t.b []"]),
    ("let q = 'S'; switch (k) { case 'x': q += ' X'; break; default: q += ' Z'; } env.DB.prepare(q).all();",
     ["S X []", "S Z []"]),
    (("const b = [1]; const w = []; if (x) { b.push(x); w.push(`a = ?${b.length}`); }"
      " env.DB.prepare(`S ${w.length ? w.join() : '1'}`).bind(...b).all();"), ["S 1 [1]", "S a = ?2 [1, x]"]),
    ("env.DB.prepare(`S '${x}' ${Date.now()} ${y}`).all();", ["S 'x' 1 _ []"]),
    ("for (const q of ['A', 'B']) await env.DB.prepare(q).run();", ["A []", "B []"]),
    ("env.DB.prepare(`S ${{ a: 'A', b: 'B' }[k] ?? 'C'}`).all();", ["S A []", "S B []", "S C []"]),
    ("if (t === 'a') { env.DB.prepare(t === 'a' ? 'A' : 'B').all(); }", ["A []"]),
    ("const st = env.DB.prepare('S ?'); const r = x ? st : st; await r.bind(1).all();", ["S ? [1]"]),
    ("env.DB.prepare('S $T'.replace('$T', 'users')).all();", ["S users []"]),
    ("env.DB.prepare(['S', x && 'W'].filter(Boolean).join(' ')).all();", ["S W []", "S []"]),
])
def test_alternatives(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert sorted(told(worker(tmp_path, body))) == sorted(expected)


@pytest.mark.parametrize(("top", "body", "expected"), [
    ("const sql = (env) => (strings, ...values) => env.DB.prepare(strings.join('?')).bind(...values).all();",
     "await sql(env)`S ${x} T ${y}`;", ["S ? T ? [x, y]"]),
    ("function tag(s: TemplateStringsArray, ...v) { return s.reduce((a, p, i) => a + p + (v[i] || ''), ''); }",
     "await env.DB.prepare(tag`S ${1}`).all();", ["S 1 []"]),
    ("const p = (env, s) => env.DB.prepare(s);", "await p(env, 'A ?').bind(1).all(); await p(env, 'B').run();",
     ["A ? [1]", "B []"]),
    ("function build(f) { const v = []; let s = 'S'; if (f) { s += ' ?'; v.push(f); } return { s, v }; }",
     "const { s, v } = build(x); await env.DB.prepare(s).bind(...v).all();", ["S ? [f]", "S []"]),
    ("type D = 'asc' | 'desc'; export function q(env: Env, d: D) { return env.DB.prepare(`S ${d}`).all(); }", "",
     ["S asc []", "S desc []"]),
    ("class R { constructor(private db: D1Database, private t = 'x') {} q() { return this.db.prepare('R').all(); } }",
     "await new R(env.DB).q();", ["R []"]),
])
def test_helpers(tmp_path: Path, top: str, body: str, expected: list[str]) -> None:
    assert sorted(told(worker(tmp_path, body, top))) == sorted(expected)


@pytest.mark.parametrize(("body", "expected"), [
    ("q = 'S'\nv = []\nif x:\n    q += ' a = ?'\n    v.append(x)\nawait self.env.DB.prepare(q).bind(*v).all()",
     ["S a = ? [x]", "S []"]),
    ("await self.env.DB.prepare(f\"S ({', '.join('?' for _ in ids)})\").bind(*ids).all()",
     ["S (?) [...]~", "S (?, ?) [...]~"]),
    ("await self.env.DB.prepare(\"S ({})\".format(', '.join(['?'] * 2))).bind(1, 2).all()", ["S (?, ?) [1, 2]"]),
    ("await self.env.DB.prepare('S %s' % 'T').all()", ["S T []"]),
    ("w = [f'{c} = ?' for c in ('a', 'b')]\nawait self.env.DB.prepare('S ' + ' AND '.join(w)).bind(1, 2).all()",
     ["S a = ? AND b = ? [1, 2]"]),
    ("w = []\nif x:\n    w.append('a')\nif w:\n    await self.env.DB.prepare('S ' + ', '.join(w)).all()", ["S a []"]),
])
def test_python(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert sorted(told(python(tmp_path, body))) == sorted(expected)


def test_of_many_options_those_at_the_ends_are_covered(tmp_path: Path) -> None:
    adds = " ".join(f"if (o.x{n}) s += ' x{n}';" for n in range(6))
    found = worker(tmp_path, f"let s = 'S'; {adds} env.DB.prepare(s).all();")
    (statement,) = found.statements
    texts = {t.text for t in statement.texts}
    assert not statement.whole
    assert texts == {"S", "S x0", "S x5", "S x0 x1 x2 x3 x4 x5", "S x1 x2 x3 x4 x5", "S x0 x1 x2 x3 x4"}
    assert statement.reason == "it has more alternatives than are looked at"


@pytest.mark.parametrize(("top", "body", "expected"), [
    # a way that is not followed: how many values there are is not known
    ("", "const o = { st: env.DB.prepare('S ?') }; await o.st.bind(1).all();", ["S ? [...]~"]),
    ("const p = async (env) => env.DB.prepare('S ?');", "await (await p(env)).bind(1).all();", ["S ? [1]"]),
    ("const p = (env) => { if (x) { return; } return env.DB.prepare('S ?'); };", "await p(env).bind(1).all();",
     ["S ? [1]"]),
    ("", "const st = (x ? env.DB.prepare('S ?') : env.DB.prepare('T ?')) as any; await st.bind(1).all();",
     ["S ? [1]", "T ? [1]"]),
    ("", "const st = env.DB.prepare('S'); await env.DB.batch([st, env.DB.prepare('T ?').bind(1)]);",
     ["S []", "T ? [1]"]),
    (("const a = (env, s) => env.DB.prepare(s); const b = (env, s) => a(env, s); const c = (env, s) => b(env, s); "
     "const d = (env, s) => c(env, s); const e = (env, s) => d(env, s);"), "await e(env, 'S').all();", ["S []"]),
])
def test_ways_of_a_statement(tmp_path: Path, top: str, body: str, expected: list[str]) -> None:
    assert sorted(told(worker(tmp_path, body, top))) == expected


@pytest.mark.parametrize(("body", "text"), [
    ("env.DB.prepare(q).all();", "env.DB.prepare(q)"), ("env.DB.prepare('S ' + q).all();", "S ' + q"),
    ("env.DB.prepare('S').all();", "S"),
])
def test_where_a_statement_stands(tmp_path: Path, body: str, text: str) -> None:
    (statement,) = worker(tmp_path, body).statements
    data = (tmp_path / "src/index.ts").read_bytes()
    assert data[statement.span.start : statement.span.end].decode() == text


def test_five_options_are_all_looked_at(tmp_path: Path) -> None:
    adds = " ".join(f"if (o.x{n}) s += ' x{n}';" for n in range(5))
    (statement,) = worker(tmp_path, f"let s = 'S'; {adds} env.DB.prepare(s).all();").statements
    assert len({t.text for t in statement.texts}) == 32
    assert statement.reason is None


def test_calls_of_a_helper_that_are_left_out_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MAX_CALLS", 3)
    top = ("const q = (env, sql) => env.DB.prepare(sql).all();\n"
           "const b = (env, sql, v) => env.DB.prepare(sql).bind(v).all();")
    calls = " ".join(f"await q(env, 'A{n}'); await b(env, 'B{n} ?', 1);" for n in range(4))
    found = worker(tmp_path, calls, top)
    assert told(found) == ["A0 []", "A1 []", "A2 []", "B0 ? [v]", "B1 ? [v]", "B2 ? [v]"]
    reasons = [statement.reason for statement in found.statements]
    assert reasons == [None, None, UNKNOWN_COUNT, None, None, UNKNOWN_COUNT]


def test_all_calls_of_a_helper_are_looked_at(tmp_path: Path) -> None:
    calls = " ".join(f"await q(env, 'A{n}');" for n in range(100))
    found = worker(tmp_path, calls, "const q = (env, sql) => env.DB.prepare(sql).all();")
    assert len(told(found)) == 100
    assert all(statement.reason is None for statement in found.statements)


RUN = "const q = (env, s, ...v) => env.DB.prepare(s).bind(...v).all();\n"
LISTED = "const n = (env, s, list = [9]) => env.DB.prepare(s).bind(...list).all();\n"


@pytest.mark.parametrize(("top", "body", "expected"), [
    (RUN, "await q(env, 'S ?', ...[1, 2]);", ["S ? [1, 2]"]),
    (RUN, "await q(env, ...['S ?', 1], 2);", ["S ? [1, 2]"]),
    (RUN, "await q(env, 'S ?', ...xs, 3);", ["S ? [..., 3]~"]),
    (RUN, "await q(env, ...xs);", ["_ [...]~"]),
    (RUN, "await q(...xs, 'S ?', 1);", ["_ [...]~"]),
    (RUN + "const r = (env, ...more) => q(env, ...more);", "await r(env, 'S ?', 1);", ["S ? [1]"]),
    (LISTED, "await n(env, ...['S', [1, 2]]);", ["S [1, 2]"]),
    (LISTED, "await n(env, 'S', ...ls);", ["S [...]~"]),
])
def test_spread_arguments(tmp_path: Path, top: str, body: str, expected: list[str]) -> None:
    assert told(worker(tmp_path, body, top)) == expected


BASE = """
class Base {
  constructor(private db: D1Database) {}
  sql(s: TemplateStringsArray, ...v: unknown[]) {
    return this.db.prepare(s.reduce((a, p, i) => a + p + (i < v.length ? '?' : ''), '')).bind(...v).all();
  }
}
"""
AGENT = BASE + (
    "class Agent { constructor(private b: Base) {} sql(s: TemplateStringsArray, ...w) { return this.b.sql(s, ...w); } }"
)


@pytest.mark.parametrize(("top", "body", "expected"), [
    (BASE, "await new Base(env.DB).sql`S ${1} T ${2} U ${3} V ${4} W ${5}`;", ["S ? T ? U ? V ? W ? [1, 2, 3, 4, 5]"]),
    (AGENT, "await new Agent(new Base(env.DB)).sql`S ${1} T ${2} U ${3} V ${4} W ${5}`;",
     ["S ? T ? U ? V ? W ? [1, 2, 3, 4, 5]"]),
    # of an unknown number some answers exclude others
    ("const t = (s: TemplateStringsArray) => s.reduce((a, p, i) => a + p + (i < n.length ? '?' : ''), '');",
     "await env.DB.prepare(t`S ${1} T ${2} U`).all();", ["_ []"]),
    ("const t = (s: TemplateStringsArray) => s.reduce((a, p, i) => a + p + (p === x ? '' : '!'), '');",
     "await env.DB.prepare(t`S ${1} T`).all();", ["S  T []", "S  T! []", "S ! T []", "S ! T! []"]),
])
def test_tags_that_count_their_values(tmp_path: Path, top: str, body: str, expected: list[str]) -> None:
    found = told(worker(tmp_path, body, top))
    assert sorted(found) == sorted(one.replace("  ", " ") for one in expected)


def test_sql_files(tmp_path: Path) -> None:
    found = worker(tmp_path, "await env.DB.prepare(q).all();", "import q from './q.sql';", {"src/q.sql": "S é FROM t"})
    (statement,) = found.statements
    (text,) = statement.texts
    span = text.span(text.text.index("FROM"), text.text.index("FROM") + 4)
    assert span is not None
    assert (span.path, span.start, span.end) == ("src/q.sql", 5, 9)


@pytest.mark.parametrize(("body", "word", "shown"), [
    (r"env.DB.prepare('a\tb\u00e9 nmae x').all();", "nmae", "nmae"),
    ("env.DB.prepare('a ' +\n 'nm' + 'ae x').all();", "nmae", "nm' + 'ae"),
    ("const T = 'tbl'; env.DB.prepare(`é S FROM ${T} x`).all();", "tbl", "tbl"),
    ("env.DB.prepare(`a \\\n nmae`).all();", "nmae", "nmae"),
])
def test_places(tmp_path: Path, body: str, word: str, shown: str) -> None:
    found = worker(tmp_path, body)
    (text,) = found.statements[0].texts
    at = text.text.index(word)
    span = text.span(at, at + len(word))
    assert span is not None
    assert found.files[span.path].source.slice(span.start, span.end) == shown


def literals(text: str, path: str) -> list[list[str] | None]:
    """For each string literal the source of each character of its value."""
    found = code(text, path)
    out: list[list[str] | None] = []
    for node in found.nodes(tree.Literal):
        if node.kind == "string":
            at = places(found.file.source.data, node, found.file.language)
            out.append(None if at is None else [found.file.source.slice(a, b) for a, b in at])
    return out


def test_characters_of_literals() -> None:
    assert literals(r'x = "a\tb\u{1F600}\ud83d\ude00"', "a.ts") == [["a", r"\t", "b", r"\u{1F600}", r"\ud83d\ude00"]]
    assert literals(r"x = `q${a}\`$ ${'z'}`", "a.ts") == [["q"], [r"\`", "$", " "], ["z"]]
    assert literals("x = 'a\\x41' # c\n", "a.py") == [["a", "\\x41"]]
    assert literals("x = ('a' r'\\d'\n  f'b{{c{y}d')", "a.py")[:1] == [["a", "\\", "d", "b", "{{", "c"]]
    assert literals('x = f"{y=}z"', "a.py") == [None, ["z"]]
    assert literals('x = f"a{y[\'k\']:>{w}}\\n"', "a.py") == [["a"], ["k"], None, ["\\n"]]
    assert Source("a", b"").text == ""


def test_characters_of_literals_that_stand_as_they_are() -> None:
    assert literals("x = 'a\"b'", "a.py") == [["a", '"', "b"]]
    assert literals('x = """ab\ncd"""', "a.py") == [["a", "b", "\n", "c", "d"]]
    assert literals("x = ''", "a.py") == [[]]
    assert literals("x = ('a' 'b')", "a.py") == [["a", "b"]]
    assert literals("x = 'a\"b'; y = `c\nd`", "a.ts") == [["a", '"', "b"], ["c", "\n", "d"]]
    assert literals("x = `é${a}b`", "a.ts") == [["é"], ["b"]]


def test_ranges_are_as_a_list_of_them() -> None:
    found = Ranges(7, 3)
    assert (len(found), list(found)) == (3, [(7, 8), (8, 9), (9, 10)])
    assert (found[0], found[-1]) == ((7, 8), (9, 10))
    for index in (3, -4):
        with pytest.raises(IndexError):
            found[index]


def test_statements_of_one_call_are_ordered_by_their_texts(tmp_path: Path) -> None:
    helper = "const run = (sql) => env.DB.prepare(sql).run();"
    found = worker(tmp_path, f"{helper} run('SELECT 2'); run('SELECT 1');")
    assert [one.texts[0].text for one in found.statements] == ["SELECT 2", "SELECT 1"]
    assert [one.span.start for one in found.statements] == sorted(one.span.start for one in found.statements)


def test_items_of_a_loop_that_hang_on_a_test_are_read_in_every_world(tmp_path: Path) -> None:
    """What is kept of one world for the others is what is the same in all of them."""
    found = worker(tmp_path, """
        const parts = []; const same = [];
        for (const c of ["a", "b"]) {
          parts.push(`${c} ${env.MODE ? "=" : "<"} 1`);
          same.push(`${c} > 0`);
        }
        env.DB.prepare(`SELECT 1 WHERE ${parts.join(" AND ")} OR ${same.join(" OR ")}`).all();
    """)
    assert sorted(text.text for text in found.statements[0].texts) == [
        f"SELECT 1 WHERE a {first} 1 AND b {second} 1 OR a > 0 OR b > 0" for first in "<=" for second in "<="
    ]
