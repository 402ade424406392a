# ruff: noqa: E501
"""Small programs whose meaning a careless counter would change. ``out`` prints. MODULES are ES modules, SCRIPTS are not
strict unless they say so."""

from __future__ import annotations

from typing import Final

MODULES: Final[dict[str, str]] = {
    "names of functions": """
const arrow = () => {}; let plain = function () {}; var gen = function* () {}; const cls = class {};
const { a = () => {}, b: c = function () {} } = {}; let later; later ??= () => {}; let or; or ||= (class {});
const object = { method() {}, arrow: () => {}, get getter() { return 1 }, ["comp" + 1]: () => {} };
function defaults(cb = () => {}, k = class {}) { return [cb.name, k.name] }
out(arrow.name, plain.name, gen.name, cls.name, a.name, c.name, later.name, or.name);
out(object.method.name, object.arrow.name, object.comp1.name, ...defaults());
""",
    "names that are none": """
const a = true && (() => {}), b = true ? () => {} : function () {}, c = null ?? (class {}), d = (0, () => {});
out(a.name, b.name, c.name, d.name)
""",
    "name in parentheses": "const f = (() => {}); const g = ((function () {})); out(f.name, g.name);",
    "fields keep names": """
class A { f = () => {}; g = function () {}; #h = class {}; static s = () => {}; h() { return this.#h.name } n = 1 }
const a = new A(); out(a.f.name, a.g.name, a.h(), A.s.name, a.n)
""",
    "class fields and static blocks": """
let order = [];
class Base { constructor() { order.push("base") } }
class A extends Base {
  a = order.push("a"); static s = order.push("s"); static { order.push("block"); this.t = 1; } #p = this.a;
  constructor() { order.push("before"); super(); order.push("after") }
  get p() { return this.#p } set p(v) { this.#p = v || 7 }
  static #q() { return "q" } static q = A.#q(); has(o) { return #p in o && true }
}
const a = new A(); a.p = 0; out(order, a.p, A.t, A.q, a.has(a), a.has({}))
""",
    "else if and dangling else": """
function f(a, b) { if (a) if (b) return "ab"; else return "a"; return "-" }
function g(a, b) { if (a) { if (b) return "ab" } else return "-"; return "a" }
function h(n) { if (n === 1) return 1; else if (n === 2) return 2; else if (n === 3) { return 3 } return 0 }
out(f(1, 1), f(1, 0), f(0, 0), g(1, 1), g(1, 0), g(0), h(1), h(2), h(3), h(4))
""",
    "if without semicolons": """
let a = 1
if (a) out("then") // a comment
else out("else") /* another */
if (!a) a = 5
else
  // what follows
  a = 6
out(a)
""",
    "nested if without braces in loops": """
for (let i = 0; i < 3; i++) if (i) while (i < 5) if (i % 2) i += 2; else i++; else out("zero");
for (const k in { x: 1, y: 2 }) for (const j of [1, 2]) if (k === "x") continue; else out(k, j)
let n = 0
do n++; while (n < 3)
do n++
while (n < 6)
do { n++ } while (n < 9) out(n)
""",
    "empty bodies": "let i = 0; for (; i < 3; i++); while (i-- > 0); if (i) ; else ; for (const x of []) {} out(i); ;;",
    "labels": """
outer: for (let i = 0; i < 3; i++) { inner: for (;;) { if (i === 1) continue outer; if (i === 2) break outer; break inner } out(i) }
block: { if (true) break block; out("never") }
a: b: for (const x of [1, 2]) { if (x === 1) continue a; out(x); break b }
if (true) c: while (true) break c; else out("no")
l: out("labelled")
""",
    "switch": """
function f(x) {
  switch (x) { case 1: let y = 1; return y; case 2: case 3: { const y = 5; return y } case "d": default: return 9; case 4: }
  return "out"
}
function g(x) { const got = []; switch (x) { default: got.push("d"); case 1: got.push(1); break; case x ? 2 : 3: got.push(2) } return got }
switch (1) {}
out(f(1), f(2), f(3), f(4), f(5), g(1), g(2), g(0))
""",
    "function in a case": "switch (1) { case 1: out(f()); function f() { return 'hoisted' } }",
    "logical chains": """
const calls = []; const t = (x) => (calls.push(x), x);
out(t(1) && t(0) || t(2), t(null) ?? (t(0) || t("x")), (t(0) || t(3)) && t(4), !(t(1) && t(2)), -(t(0) || t(5)));
out(calls); let a = null, b = 1, c = 0; a ??= t("a"); b ??= t("b"); b &&= t("bb"); c ||= t("c"); out(a, b, c, calls.length);
const o = { get x() { return null } }; out(o?.x ?? "none", o.y?.z || "zz", o?.["x"] === null && "null")
""",
    "logical as a statement": """
let n = 0
n || (n = 1)
;[1].forEach((x) => x && (n += x))
n && out("n", n)
""",
    "this of a call": """
const o = { v: 1, f() { return this?.v } };
out((o.f)(), (o.f || 0)(), (true ? o.f : 0)(), o?.f?.(), (o?.f)(), (o.g ?? o.f)?.call(o), (0, o.f)())
""",
    "conditionals": """
const f = (a) => a ? a > 1 ? "two" : "one" : (a === 0) ? `zero ${a ? "x" : "y"}` : undefined;
let x; true ? x = 1 : x = 2; false ? x++ : x--; out(f(2), f(1), f(0), f(null), x, typeof (x ? x : 1));
out([...(x ? [1] : [2]), ...(x && [3] || [])], { ...(x ? { a: 1 } : null), ...x && { b: 1 } })
""",
    "arrows": """
const id = x => x, obj = () => ({ a: 1 }), nested = a => b => c => a + b + c, comma = () => (1, 2), nothing = () => void 0;
const asy = async x => await x, rest = (...a) => a.length, pat = ({ a = 1, b: [c = 2] = [] } = {}) => [a, c], re = () => /=>/g;
const inn = () => "a" in { a: 1 }; for (const f = () => ("z" in {}); ;) { out(f()); break }
out(id(1), obj(), nested(1)(2)(3), comma(), nothing(), await asy(5), rest(1, 2), pat(), pat({ a: 0, b: [3] }), String(re()), inn())
""",
    "default parameters": """
let made = 0; const make = () => ++made;
function f(a, b = a, c = make(), { d = c, e } = {}, [g = d] = [], ...rest) { return [a, b, c, d, e, g, rest] }
out(f(1), f(1, 2, 3, { d: 4, e: 5 }, [6], 7), f.length, made); const h = (x = 1, y = x ? x : 2) => x + y; out(h(), h(0), h.length);
class A { m(x = this.v, y = new.target) { return [x, y] } v = 3 } out(new A().m());
function* gen(a = 1) { yield a } out([...gen()], [...gen(2)])
""",
    "destructuring": """
let a, b, c; [a = 1, b = a] = [undefined, 2]; ({ a = 5, x: b = 6, ...c } = { y: 1 }); out(a, b, c);
for (const [k = "k", { v = "v" } = {}] of [[], [1, { v: 2 }]]) out(k, v);
for (const { q = 1 } of [{}, { q: 2 }]) out(q); try { throw {} } catch ({ message = "none" }) { out(message) }
""",
    "generators": """
function* g(n) { const got = yield n; yield* [got, 2]; try { return yield 3 } finally { yield 4 } }
const it = g(1); out(it.next(), it.next("x"), it.next(), it.next(), it.return(9), it.next());
function* h() { const a = (yield 1) && (yield 2) || (yield 3); return a ? yield a : yield 0 } const j = h();
out(j.next(), j.next(1), j.next(0), j.next("t"), j.next("u"));
""",
    "async": """
async function f(x) { if (await x) return await x && "yes"; for await (const y of (async function* () { yield 1; yield 2 })()) out(y); throw new Error("no") }
out(await f(1)); try { await f(0) } catch (e) { out(e.message) } finally { out("finally") }
const g = async () => { await null; return this === undefined }; out(await g());
const all = await Promise.all([1, 2].map(async (x) => x > 1 ? await x : x)); out(all)
""",
    "order of awaits": """
const log = []; const a = async () => { log.push("a1"); await null; log.push("a2"); await null; log.push("a3") };
const b = async () => { log.push("b1"); await (null || null); log.push("b2"); const x = await (true ? null : 1); log.push("b3") };
await Promise.all([a(), b(), a()]); out(log)
""",
    "try": """
function f(n) { try { if (n) throw n; return "ok" } catch { return "caught" } finally { out("f") } }
function g() { for (const x of [1, 2]) try { if (x === 1) continue; return x } finally { out(x) } } out(f(0), f(1), g());
try { try { null.x } finally { out("inner") } } catch (e) { out(e.constructor.name) }
""",
    "templates": """
const tag = (s, ...v) => s.raw.join("|") + v.join(","); const n = 1;
out(`a${n ? `b${n && "c"}` : ""}d`, tag`x\\n${n || 2}y${() => n}`.slice(0, 8), `multi
line ${n}`)
""",
    "escapes of tagged templates": "const tag = (s) => s.raw[0]; out(tag`\\unicode` || 1)",
    "regular expressions and division": """
let a = 4, g = 2; if (a) /x/.test("x") && out("re"); out(a / g / 1, a++ / 2, /[/]=/.source, a ? /a/g : /b/); const f = () => /c/; out(f())
""",
    "getters and setters": """
const o = { get a() { return this._a ?? "none" }, set a(v) { this._a = v }, get ["b"]() { return 2 }, async *c() { yield 1 }, "d e"() { return 3 }, 5() { return 5 } };
out(o.a); o.a = 1; out(o.a, o.b, o["d e"](), o[5]()); for await (const x of o.c()) out(x)
""",
    "directives": """
function sloppy() { "use strict"; return this } function also() { 'use strict'
  return this } function two() { "a"; "use strict"; "b"
  out("x"); return this } const only = function () { "use strict" }
function none() { ("use strict"); return 1 } function text() { "use strict" + 1; return 2 }
out(sloppy(), also(), two(), only(), none(), text())
""",
    "hoisting": """
out(f(), typeof later, g.name); var later = 1; function f() { return "f" } function* g() {}
{ function inner() { return 1 } out(inner()) } { let f = 2; { out(f) } }
""",
    "temporal dead zone": """
const f = () => x; try { f() } catch (e) { out(e.name) } let x = 1; out(f()); try { new A() } catch (e) { out(e.name) } class A {} out(new A() instanceof A)
""",
    "no semicolons": """
let a = 1
let b = a
++b
out(a, b)
const f = function () {
  return
  1
}
out(f())
var c = a
+ b
out(c)
let d = [1, 2]
;[a, b] = d
out(a, b)
;(function () { out("iife") })()
!function () { out("bang") }()
for (let i = 0; i < 1; i++) out(i)
throw_()
function throw_() { try { throw 1 } catch { out("caught") } }
if (a) b
else c
""",
    "comments everywhere": """
if (/* c */ true /* d */) /* e */ out(1) /* f */ // g
else /* h */ out(2) // i
const f = /* @__PURE__ */ (() => /* r */ 1 /* s */)() /* t */; // u
out(f /* v */ && /* w */ 2 /* x */, f ? /* y */ 3 /* z */ : 4) // end
switch (f) { /* a */ case 1: /* b */ out("one") /* c */; /* d */ break /* e */ ; /* g */ default: /* f */ }
function g() { // head
  /* before */ "use strict" /* after */
  // and
  return this // tail
} // last
out(g())
""",
    "comment at the end": "const a = 1; if (a) out(a) // the last",
    "unary and binary": """
const a = "x", o = { x: 1 }; out(typeof a === "string" && "s", !(a in o) || "in", typeof o.y !== "undefined" || "u", -1 || 0, (-2) ** 2 || 0, void 0 ?? "v");
out(!a && 1, !o.x || 2, delete o.x && true, a instanceof Object || "not", 1 + 2 && 3 * 4 || 5, a > 1 === false && "cmp", ~1 & 3 || 4)
""",
    "await and logic": """
const p = Promise.resolve(0); out(await p || "zero", (await p) ?? "n", !(await p) && "neg", await (p && 1), await p ? 1 : 2)
const o = { then: undefined, v: Promise.resolve(null) }; out((await o.v)?.x ?? "nil", (await o).v === o.v && "same")
""",
    "sequence": "let a = (1, 2), b = 0; a = 3, b = a && 4, out(a, b); for (a = 0, b = 1; a < 2 && b; a++, b++) out(a, b)",
    "new": "class A { constructor(x) { this.x = x } } const B = null; out(new (B || A)(1).x, new (true ? A : B)(2).x, new A(0 || 3).x); function T() { return new.target ? 1 : 2 } out(new T() instanceof T, T())",
    "super": """
class A { m() { return "A" } static s() { return "S" } get v() { return 1 } }
class B extends A { m() { return super.m() + "B" } static s() { return super.s() + "B" } f = () => super.m(); get v() { return super.v || 0 } n = super.v ?? 0; static q = super.s() }
const b = new B(); out(b.m(), B.s(), b.f(), b.v, b.n, B.q); const o = { __proto__: { x() { return 1 } }, x() { return super.x() && 2 } }; out(o.x())
""",
    "import.meta and import": "out(typeof import.meta.url, (await import('node:path')).sep.length); const { sep } = true ? await import('node:path') : {}; out(typeof sep)",
    "exceptions": """
try { (() => { throw new TypeError("t") })() } catch (e) { out(e.name, e.message) } try { null?.x.y; undefined.z } catch (e) { out(e.message) }
try { notDefined || 1 } catch (e) { out(e.message) } out(typeof notDefined || 1); try { const c = 1; c = 2 } catch (e) { out(e.message) }
""",
    "deep": "let f = (n) => n ? f(n - 1) + 1 : 0; out(f(500)); out(" + " + ".join(["1"] * 3000) + ")",
    "long chain": "const x = 0; out(" + " || ".join(["x"] * 1500 + ['"end"']) + ")",
    "unicode": """
const é = "ü😀", 変数 = (x) => x ? "😀" : "ok"; if (é) out(é, 変数(1), 変数(0)) /* 😀 */; else out("no"); out(é.length && "😀".length)
""",
    "getter of arguments": "function f() { return arguments.length || 'none' } out(f(), f(1, 2)); function g(a = 1) { arguments[0] = 9; return a } out(g(3))",
    "closures in loops": """
const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i); for (var j = 0; j < 2; j++) fs.push(() => j); for (const k of [7, 8]) fs.push(() => k);
out(fs.map((f) => f())); for (let i = 0, n = () => i; i < 1; i++) out(n())
""",
    "immediately called": "(function () { out('a') })(); (() => out('b'))(); (async () => { out('c') })(); !function () { out('d') }(); void (() => { out('e') })(); new (class { constructor() { out('f') } })()",
    "proxy": "const seen = []; const p = new Proxy({}, { get: (t, k) => (seen.push(k), k === 'a' ? 1 : undefined), has: (t, k) => (seen.push('has ' + k), false) }); out(p.a && p.b, p.c ?? 'c', 'd' in p || 'no', seen)",
    "symbols and iterators": "class R { constructor(n) { this.n = n } *[Symbol.iterator]() { for (let i = 0; i < this.n; i++) yield i } get [Symbol.toStringTag]() { return 'R' } } out([...new R(3)], String(new R(1)), Math.max(...new R(4)))",
    "object literals": "const a = 1, o = { a, f() { return this.a }, 'g': () => a, [a ? 'x' : 'y']: a && 2, ...(a ? { z: 3 } : {}), async h() {}, get: 1, set: 2, async: 3, static: 4 }; out(o.f(), o.g(), o.x, o.z, o.get + o.set + o.async + o.static)",
    "keywords as names": "const of = 1, get = 2, set = 3, async = 4, from = 5, as = 6, type = 7; for (const of of [8]) out(of); out(of && get, set ? async : from, as || type); const let_ = { if: 1, class: 2, default: 3 }; out(let_.if ?? let_.class, let_.default)",
    "names that are taken": "const __edgelint_hit = 1; function f() { const __edgelint_hit__ = 2; return __edgelint_hit__ || __edgelint_hit } out(f(), __edgelint_hit && 3)",
    "big": "\n".join(f"function f{n}(a, b = {n}) {{ if (a > {n}) return a && b; else return a ? b : {n} }}" for n in range(200)) + "\nout(f3(1), f150(500), f199(0))",
    "export forms": """
export const a = () => {}; export let b = 1, c; export function d() { return e() } export async function* g() {}
export { b as bb, a as "string name" }; function e() { return f?.name } export default (class {}); const f = class {}; export class H { static x = 1 } out(a.name, d(), H.x, H.name, c); export * from "node:path"
""",
    "export default function": "out(typeof made); export default function made() { return 1 }",
    "hashbang": "#!/usr/bin/env node\nout('bang')",
    "carriage returns": "const a = 1\r\nif (a) out(a)\r\nelse out(2)\r\nfunction f() {\r\n  'use strict'\r\n  return a && 3\r\n}\r\nout(f())\r\n",
    "html in a string": "out('<!-- a' + \"</script>\", `<!--`, 1 < !--[0][0] || 'x')",
    "nothing": "",
    "numbers": "out(1..toString(), 1_000 && 0x1F, 5n ? 5n ** 2n + '' : 0, .5 || 1, 0b11 ?? 1)",
    "using names of globals": "const Array = 1, Object = 2, globalThis_ = 3; out(Array && Object)",
}  # fmt: skip

SCRIPTS: Final[dict[str, str]] = {
    "this of a function": "function f() { return this === globalThis } out(f()); function g() { 'use strict'; return this === undefined } out(g())",
    "strict script": "'use strict';\n'another'\nvar f = function () { return this === undefined }; out(f()); try { undeclared = 1 } catch (e) { out(e.name) }",
    "strict without a semicolon": "'use strict'\nout((function () { return this === undefined })())",
    "with": "var o = { x: 1, y: 0 }; with (o) { x = y || 5; out(x && y, typeof __edgelint_hit) } out(o.x); if (o) with (o) out(x); else out('no')",
    "function in a block": "out(typeof f); { function f() { return 1 } } out(typeof f, f()); if (true) function g() { return 2 } else function h() {} out(g())",
    "arguments alias": "function f(a) { arguments[0] = 9; return a || 1 } out(f(1), f.length); function g(a) { return arguments.callee === g && a } out(g(2))",
    "direct eval": "function f(x) { return x && eval('x + 1') } out(f(1), (0, eval)('typeof x')); var z = 1; eval('var z2 = z ? 5 : 6'); out(z2)",
    "iife": "\"use strict\";\n(() => {\n  // src/a.ts\n  var a = true;\n  if (a) out(a);\n  else out(2);\n})();\n",
    "octal and html comments": "out(010 || 1, '\\101'); if (true) out('a'); <!-- comment\nelse out('b');\n--> another\nout('c')",
    "labelled function": "l: function f() { return 1 } out(f()); if (true) { m: function g() { return 2 } } out(typeof g)",
    "await and yield as names": "var await = 1, yield = 2, let = 3; out(await && yield, let || 4, await ? yield : let)",
    "var hoisting": "out(a, typeof f); var a = 1; if (false) { var b = 2 } out(b); for (var i = 0; i < 2; i++) var c = i; out(c, i); function f() {}",
}  # fmt: skip
