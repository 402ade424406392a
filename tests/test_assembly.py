"""Text as the code puts it together, construct by construct: what each makes of known parts, and when it is a gap."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_statements import python, told, worker


def js(root: Path, text: str, body: str = "", top: str = "", values: str = "") -> list[str]:
    """What ``prepare(text).bind(values)`` gets, after ``body``."""
    bind = f".bind({values})" if values else ""
    return sorted(told(worker(root, f"{body}\nawait env.DB.prepare({text}){bind}.all();", top)))


@pytest.mark.parametrize(("text", "expected"), [
    ("`S ${null} ${true} ${1.5}`", ["S null true 1.5 []"]),
    ("`S ${/x/}`", ["S _ []"]),
    ("'S ' + (q = 'T')", ["S T []"]),
    ("unknownTag`S ${1}`", ["_ []"]),
    ("String.raw`S ${'T'}`", ["S T []"]),
    ("dedent`S ${'T'}`", ["S T []"]),
    ("dedent('S T')", ["S T []"]),
    ("dedent.withOptions('S T').dedent('S T')", ["S T []"]),
    ("String('S T')", ["S T []"]),
    ("`S ${x && 'T'}`", ["S T []", "S false []"]),
    ("`S ${'' && 'T'}`", ["S []"]),
    ("`S ${1 + 2}`", ["S 3 []"]),
    ("'select'.toUpperCase() + ' T'.toLowerCase()", ["SELECT t []"]),
    ("`S ${x}`.toUpperCase()", ["S _ []"]),
    ("'ß'.toUpperCase()", ["ß []"]),  # places are kept only where the length is
    ("'S '.concat('T', ' U')", ["S T U []"]),
    ("'S '.concat(...xs)", ["_ []"]),
    ("'S  T'.replace(/\\s+/g, ' ')", ["S T []"]),
    ("'S T U T'.replace('T', 'V')", ["S V U T []"]),
    ("'S T U T'.replaceAll('T', 'V')", ["S V U V []"]),
    ("`S ${x} T`.replaceAll('T', 'V')", ["S _ V []"]),
    ("'S T'.replace(/T/, 'V')", ["_ []"]),
    ("'S T'.replace(/\\s+/g, '')", ["_ []"]),
    ("'S T'.slice(2) + 'S T'.slice(-1) + 'S T'.substring(0, 1)", ["TTS []"]),
    ("'S T'.slice(n)", ["_ []"]),
    ("'a'.repeat(3) + 'b'.repeat(0)", ["aaa []"]),
    ("'S ?' + ',?'.repeat(n)", ["S ?,? []~", "S ?,?,? []~"]),
    ("'S\\n  T'.split('\\n').map((l) => l.trim()).join(' ')", ["S T []"]),
    ("'S\\n  T'.split('\\n').filter(Boolean).map((l) => l.trimEnd().trim()).join(' ')", ["S T []"]),
    ("'S,T'.split(',').join(' ')", ["S T []"]),
    ("'S,T'.split(x).join(' ')", ["_ []~"]),
    ("['S', 'T'].join()", ["S,T []"]),
    ("['S', null, x ? 'T' : null, x && 'U'].join(' ')", ["S T U []", "S []"]),
    ("['S', 'T'].slice().sort().flat().join(' ')", ["S T []"]),
    ("['S'].concat(['T'], 'U').join(' ')", ["S T U []"]),
    ("['S'].concat(ys).join(' ')", ["S _ []"]),
    ("Array.from(['S', 'T'], (k) => `${k}!`).join(' ')", ["S! T! []"]),
    ("Array.from({ length: 2 }, (_, i) => `c${i}`).join(' ')", ["c0 c1 []"]),
    ("Array.from({ length: n }, () => '?').join()", ["? []~", "?,? []~"]),
    ("Array(2).fill('?').join()", ["?,? []"]),
    ("new Array(n).fill('?').join()", ["? []~", "?,? []~"]),
    ("Object.keys({ a: 1, b: 2 }).join() + Object.values({ a: 'x', b: 'y' }).join()", ["a,bx,y []"]),
    ("Object.keys(o).join()", ["_ []~"]),
    ("Object.keys({ ...o }).join()", ["_ []~"]),
    ("['a', 'b'].map(String).join()", ["a,b []"]),
    ("['a', 'b'].map(unknown).join()", ["_,_ []"]),
    ("['a', 'b'].flatMap((k) => [k, '?']).join()", ["a,?,b,? []"]),
    ("['a', '', 'b'].filter((k) => k).join()", ["a,b []"]),
    ("['a', 'b'].filter((k) => ok(k)).join()", ["a []~", "a,b []~", "b []~"]),
    ("['S', 'T'].reduce((t, k) => t + ' ' + k)", ["S T []"]),
    ("['S', 'T'].reduce((t, k) => { if (t) return t + k; return k; }, '')", ["ST []"]),
    ("['S', 'T'].reduce(unknown, '')", ["_ []"]),
    ("ys.reduce((t, k) => t + k, 'S')", ["_ []~"]),
    ("['S'].reduce(() => 'T', '')", ["_ []"]),
    ("['S', ...(x ? ['T'] : [])].join(' ')", ["S T []", "S []"]),
    ("['S', ...(x && ['T'])].join(' ')", ["S T []", "S []"]),
    ("['S', ...(null ?? ['T'])].join(' ')", ["S T []"]),
    ("['S', ...(null)].join(' ')", ["S []"]),
    ("['S', ...(ys - 1)].join(' ')", ["S _ []~"]),
    ("{ a: 'S', b: 'T' }.a", ["S []"]),
    ("({ a: 'S', b: 'T' })[k]", ["S []", "T []"]),
    ("({ a: 'S', b: 'T', c: 'U' })[x ? 'a' : 'b']", ["S []", "T []"]),
    ("({ a: 'S' })['a']", ["S []"]),
    ("({ a: 'S' }).z", ["_ []"]),
    ("({})[k]", ["_ []"]),
])
def test_javascript(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert js(tmp_path, f"({text})" if text.startswith("{") else text) == sorted(expected)


@pytest.mark.parametrize(("body", "text", "expected"), [
    ("let q; q = 'S';", "q", ["S []"]),
    ("let q = 'S'; q -= 1;", "q", ["_ []"]),
    ("let q = 'S'; const f = () => { q = 'T'; }; f();", "q", ["S []", "T []"]),
    ("let l = ['S']; l += 'T';", "l.join()", ["S,_ []~"]),
    ("const l = ['S']; l.splice(0, 1);", "l.join()", ["_ []~"]),
    ("const l = ['T']; l.unshift('S');", "l.join(' ')", ["S T []"]),
    ("const l = ['S']; l.concat(['T']);", "l.join(' ')", ["S []"]),
    ("const l = ['S']; ys.forEach(() => l.push('?'));", "l.join(' ')", ["S ? []~", "S ? ? []~", "S []~"]),
    ("const l = ['S']; const add = () => { l.push('?'); }; add();", "l.join(' ')", ["S ? []~", "S ? ? []~", "S []~"]),
    ("const l = ['S']; for (const y of ys) l.push('?');", "l.join(' ')", ["S ? []~", "S ? ? []~", "S []~"]),
    ("const l = []; for (const k of ['a', 'b']) { if (k === 'a') continue; l.push(k); }", "l.join()", ["b []"]),
    ("const l = []; for (const k of ['a', 'b']) { if (o[k]) l.push(`${k} = ?`); }", "l.join()",
     ["a = ? []", "a = ?,b = ? []", "b = ? []"]),
    ("const l = []; for (const [k] of ps) l.push(k);", "l.join()", ["_ []~"]),
    ("let q = 'S'; x ? (q = 'T') : (q = 'U');", "q", ["T []", "U []"]),
    ("let q = 'S'; x && (q = 'T');", "q", ["S []", "T []"]),
    ("let q = 'S'; x || (q = 'T');", "q", ["S []", "T []"]),
    ("let q = 'S'; try { f(); } catch { q = 'T'; }", "q", ["S []"]),
    ("let q = 'S'; switch (k) { case 'a': q = 'A'; case 'b': q += 'B'; break; default: q = 'D'; }", "q",
     ["AB []", "D []", "SB []"]),
    ("const k = 'b'; let q = 'S'; switch (k) { case 'a': q = 'A'; break; case 'b': q = 'B'; break; }", "q", ["B []"]),
    ("const k = 'z'; let q = 'S'; switch (k) { case 'a': q = 'A'; break; default: q = 'D'; }", "q", ["D []"]),
    ("let q = 'S'; switch (k) { case 'a': q = 'A'; break; }", "q", ["A []", "S []"]),
    ("let q = 'S'; if (t === 'a') q += 'A'; if (t === 'b') q += 'B';", "q", ["S []", "SA []", "SB []"]),
    ("const c = 'a'; let q = 'S'; if (c === 'a') q += 'A'; if (c !== 'a') q += 'B';", "q", ["SA []"]),
    ("const o2 = { a: 1 }; let q = 'S'; if (o2 !== null) q += 'A';", "q", ["SA []"]),
    ("let q = 'S'; if (true) q += 'A'; if (Boolean(x)) q += 'B';", "q", ["SA []", "SAB []"]),
    ("let q = 'S'; if (x || y) q += 'A';", "q", ["S []", "SA []"]),
    ("let q = 'S'; if (x || true) q += 'A'; if (x && false) q += 'B';", "q", ["SA []"]),
    ("const l = ['a']; let q = 'S'; if (l.length > 0) q += 'A'; if (l.length - 1 >= 1) q += 'B';", "q", ["SA []"]),
    ("const l = ['a']; let q = 'S'; if (l.length !== 1) q += 'A'; if (l.length <= 1) q += 'B';", "q", ["SB []"]),
    ("const l = ['a', 'b'];", "`${l[0]} ${l[2] ?? 'z'} ${l[1] || 'y'}`", ["a z b []"]),
    ("const l = ['a', ...ys];", "l[1]", ["_ []"]),
    ("const { q } = { q: 'S' };", "q", ["S []"]),
    ("const { q } = x ? { q: 'S' } : { q: 'T' };", "q", ["S []", "T []"]),
    ("const [q] = ['S', 'T'];", "q", ["S []"]),
    ("const [, q] = [...ys, 'T'];", "q", ["_ []"]),
    ("const { z } = { q: 'S' };", "z", ["_ []"]),
    ("const { l } = { l: ['S', 'T'] };", "l.join(' ')", ["S T []"]),
    ("let order = x ? 'a' : ''; if (order) order = ' O ' + order;", "'S' + order", ["S []", "S O a []"]),
    ("const w = ['a']; const q = w.length ? 'W ' + w.join() : '';", "'S ' + q", ["S W a []"]),
])
def test_ways_through_javascript(tmp_path: Path, body: str, text: str, expected: list[str]) -> None:
    assert js(tmp_path, text, body) == sorted(expected)


@pytest.mark.parametrize(("top", "body", "text", "expected"), [
    ("const f = ({ q = 'S' }) => q;", "", "f({})", ["S []"]),
    ("const f = ({ q = 'S' }) => q;", "", "f({ q: 'T' })", ["T []"]),
    ("const f = ({ q = 'S' }) => q;", "", "f(o)", ["_ []"]),
    ("const f = (q = 'S') => q;", "", "f()", ["S []"]),
    ("const f = (l = ['S']) => l.join();", "", "f()", ["S []"]),
    ("const f = ({ l }) => l.join();", "", "f({ l: ['S', 'T'] })", ["S,T []"]),
    ("const f = ({ l }) => l.join();", "", "f(o)", ["_ []~"]),
    ("const f = (...l) => l.join(' ');", "", "f('S', 'T')", ["S T []"]),
    ("const f = (o) => { const { q } = o; return q; };", "", "f({ q: 'S' })", ["S []"]),
    ("const f = (x) => { if (x) return 'S'; return 'T'; };", "", "f(1)", ["S []"]),
    ("function* f() { yield 'S'; }", "", "f()", ["_ []"]),
    ("const f = (x) => { if (x) throw 1; };", "", "f(y)", ["_ []"]),
    ("const f = (s, ...v) => s.join('?');", "", "f`S ${1} T ${2}`", ["S ? T ? []"]),
    ("const f = (s, ...v) => s.raw.join('?');", "", "f`${1}${2}`", ["?? []"]),
    ("function f(s: TemplateStringsArray) { return s.join('?'); }", "", "f`S ${1} T`", ["S ? T []"]),
    ("const f = x ? (s) => s[0] : (s) => s[1];", "", "f`S ${1} T`", ["_ []"]),
    ("const L = ['S', 'T'];", "", "L.join(' ')", ["S T []"]),
    ("const self = () => self();", "", "self()", ["_ []"]),
    ("class Q { sql = 'S'; list = ['a', 'b']; }", "const q = new Q();", "q.sql + q.list.join()", ["Sa,b []"]),
])
def test_functions_of_javascript(tmp_path: Path, top: str, body: str, text: str, expected: list[str]) -> None:
    assert js(tmp_path, text, body, top) == sorted(expected)


@pytest.mark.parametrize(("body", "expected"), [
    ("q = 'S'\nawait self.env.DB.prepare(str(q)).all()", ["S []"]),
    ("await self.env.DB.prepare('S %s %d%%' % ('T', 1)).all()", ["S T 1% []"]),
    ("await self.env.DB.prepare('S %s %s' % ('T',)).all()", ["S T _ []"]),
    ("await self.env.DB.prepare('S {} {{}} {a} {0}'.format('T', a='U')).all()", ["S T {} U T []"]),
    ("await self.env.DB.prepare('S {} {9}'.format('T')).all()", ["S T _ []"]),
    ("await self.env.DB.prepare(f'{x} {{}}'.format(1)).all()", ["_ 1 []"]),
    ("await self.env.DB.prepare('S ' + '?, ' * 2).all()", ["S ?, ?, []"]),
    ("await self.env.DB.prepare('S ' + ', '.join('?' * 3)).all()", ["S ?, ?, ? []"]),
    ("await self.env.DB.prepare('S ' + ', '.join('?' * len(ids))).all()", ["S ? []~", "S ?, ? []~"]),
    ("await self.env.DB.prepare('S ' + ', '.join(['?'] * len(ids))).all()", ["S ? []~", "S ?, ? []~"]),
    ("await self.env.DB.prepare(' '.join(['S'] + ['T'])).all()", ["S T []"]),
    ("await self.env.DB.prepare(' '.join('S\\n  T'.split())).all()", ["S T []"]),
    ("await self.env.DB.prepare(' '.join(sorted(['T', 'S']))).all()", ["T S []"]),
    ("w = [f'{c} = ?' for c in ('a', 'b') if data.get(c)]\nawait self.env.DB.prepare(', '.join(w)).all()",
     ["a = ? []", "a = ?, b = ? []", "b = ? []"]),
    ("w = [c for c in cols]\nawait self.env.DB.prepare(', '.join(w)).all()", ["_ []~"]),
    ("w = []\nw += ['a']\nif len(w):\n    w += ['b']\nawait self.env.DB.prepare(', '.join(w)).all()", ["a, b []"]),
    ("q = 'S T'.replace('T', 'U')\nawait self.env.DB.prepare(q.upper()).all()", ["S U []"]),
])
def test_python(tmp_path: Path, body: str, expected: list[str]) -> None:
    assert sorted(told(python(tmp_path, body))) == sorted(expected)
