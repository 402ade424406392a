# ruff: noqa: E501 - probes are as long as they are
"""What is asked of real Pyodide and of the emulation: Python source, each with ``probing.PREAMBLE`` before it.

A block is one probe; blocks are apart by a line of dashes. ``js.probe`` are the functions of fixtures.mjs.
"""

from __future__ import annotations

from typing import Final

_NUMBERS: Final = (
    "0", "1", "-1", "1.0", "1.5", "-0.0", "2**31", "2**53 - 1", "2**53", "2**53 + 1", "-(2**53 - 1)", "-(2**53)", "2**63",
    "2**70", "-(2**70)", "1e21", "1e300", "float('inf')", "float('-inf')", "float('nan')", "True", "False",
)  # fmt: skip
_PLAIN: Final = (
    "None", "ffi.jsnull", "'text'", "''", "'\\u00e9\\U0001f600'", "b'ab'", "bytearray(b'ab')", "[]", "[1, [2]]", "()",
    "(1, 2)", "{}", "{'a': 1}", "{1, 2}", "frozenset((1,))", "print", "len", "object()", "range(3)", "iter([1])",
    "type", "int", "Ellipsis", "1j",
)  # fmt: skip
_OBJECTS: Final = (
    "js.JSON.parse('{\"a\": 1}')", "js.JSON.parse('[1, 2]')", "js.Map.new([[1, 2]])", "js.Set.new([1])",
    "js.Date.new(0)", "js.Error.new('x')", "js.probe.bytes()", "js.ArrayBuffer.new(2)", "js.probe.named",
    "js.probe.foo(1)", "js.probe.bare()", "js.Object.new()", "js.Array.new()",
)  # fmt: skip
_ASKED: Final = (
    "type({0})", "str({0})", "repr({0})", "bool({0})", "len({0})", "list({0})", "{0} == {0}", "'a' in {0}", "{0}[0]",
    "{0}.constructor.name", "{0}.typeof", "callable({0})", "hash({0})", "{0}.missing", "js.probe.identity({0}) is None",
    "{0}.to_py()", "isinstance({0}, JsProxy)", "js.probe.typeOf({0})", "js.JSON.stringify({0})",
)  # fmt: skip


def probes() -> list[str]:
    """The whole table."""
    found = [block.strip("\n") for block in BLOCKS.split("\n---\n")]
    found += [f"js.probe.identity({value})" for value in (*_NUMBERS, *_PLAIN)]
    found += [f"js.probe.typeOf({value})" for value in (*_NUMBERS, *_PLAIN)]
    found += [f"js.probe.text({value})" for value in _NUMBERS]
    found += [f"to_js({value})" for value in (*_NUMBERS, *_PLAIN)]
    found += [f"(to_js([{value}]).to_py(), to_js({{'k': {value}}}).to_py())" for value in (*_NUMBERS, *_PLAIN)]
    found += [question.format(each) for each in _OBJECTS for question in _ASKED]
    return list(dict.fromkeys(found))


BLOCKS: Final = r"""
o = js.JSON.parse('{"a":1,"b":null,"c":[1,2],"d":{"e":1}}'); [o.a, o.b, o.c, o.d, o.d.e, o.b is None]
---
o = js.JSON.parse('{"a":1}'); o['a']
---
o = js.JSON.parse('{"a":1}'); o['a'] = 1
---
o = js.JSON.parse('{"a":1}'); del o['a']
---
o = js.JSON.parse('{"a":1}'); o.a = 5; o.z = [1]; (o.a, o.z, js.JSON.stringify(o))
---
o = js.JSON.parse('{"a":1}'); del o.a; hasattr(o, 'a')
---
o = js.JSON.parse('{"a":{"b":1}}'); (o.a == o.a, o.a != o.a, o == 1, o == o.a)
---
o = js.probe.reserved(); (o._a, o.from_, o.class_)
---
o = js.Object.new(); o._x = 1; o.class_ = 2; js.JSON.stringify(o)
---
a = js.JSON.parse('[1,2,3]'); (a[0], a[-1], a[1:], a[::2], len(a), list(a), a == [1,2,3], 2 in a, 9 in a)
---
a = js.JSON.parse('[1,2,3]'); (a + [4], a.index(2), a.count(1), list(reversed(a)))
---
js.JSON.parse('[1,2,3]')[10]
---
js.JSON.parse('[1,2,3]')['x']
---
js.JSON.parse('[1]').index(5)
---
js.JSON.parse('[]').pop()
---
a = js.JSON.parse('[1,2,3]'); a.append(4); a.extend([5]); a.insert(0, 9); a.pop(); a.reverse(); a[0] = 7; del a[1]; a
---
a = js.JSON.parse('[1,2,3]'); a[0:2] = [8, 9, 10]; a
---
a = js.JSON.parse('[1]'); a.append([2]); (a[1], js.probe.isArray(a))
---
m = js.Map.new([[1, 2], ['a', 'b']]); (len(m), list(m), m['a'], m.get('z'), m.get('z', 3), 'a' in m, m.size)
---
m = js.Map.new([[1, 2], ['a', 'b']]); (list(m.items()), list(m.keys()), list(m.values()), dict(m))
---
js.Map.new([[1, 2]])['z']
---
m = js.Map.new(); m['a'] = 1; m.b = 2; m['c'] = [1]; del m['c']; (len(m), m['a'], m.b, list(m))
---
m = js.Map.new([['a', 1]]); (m.pop('a'), m.setdefault('b', 2), len(m)); m.update({'c': 3}); list(m.items())
---
s = js.Set.new([1, 2, 2]); (len(s), list(s), 1 in s, 5 in s)
---
js.Set.new([1])[0]
---
d = js.Date.new(0); (d.getTime(), str(d), d.toISOString(), d.getFullYear(), d.toJSON(), d.valueOf(), d.getDay())
---
[js.Date.new(x).getTime() for x in ("2020-01-01", "2020-01-01T10:00:00Z", "2020-01-01T10:00:00.5+02:00", "nope", 5, 1e20)]
---
(js.Date.new(2020, 0, 31).toISOString(), js.Date.UTC(2020, 1, 1), js.Date.parse("2020-02-30T00:00:00Z"))
---
js.Date.new("nope").toISOString()
---
d = js.Date.new(0); d.setTime(86400000); d.setUTCHours(5); (d.toISOString(), d.toUTCString())
---
e = js.Error.new("boom"); (type(e), [c.__name__ for c in type(e).__mro__], isinstance(e, Exception), e.name, e.message)
---
e = js.TypeError.new("x"); (isinstance(e, TypeError), isinstance(e, JsException), e.constructor.name, str(e), repr(e))
---
e = js.probe.coded(); (e.code, e.toString(), e.stack.splitlines()[0])
---
js.probe.caused().cause
---
raise js.Error.new("boom")
---
js.probe.throws("bad")
---
js.probe.throwsNumber()
---
js.probe.throwsText()
---
js.probe.throwsObject()
---
try:
    js.probe.throws("bad")
except JsException as error:
    got = (error.name, error.message, str(error), error.js_error == error, len(error.args))
got
---
js.JSON.parse("{")
---
js.JSON.parse("[1,]")
---
await js.Promise.resolve(5)
---
p = js.Promise.resolve(5); (hasattr(p, 'then'), callable(p.then), isinstance(p, JsProxy), isinstance(p, ffi.JsPromise), type(p).__name__)
---
p = js.Promise.resolve(5); await p.then(lambda x: x + 1)
---
await js.Promise.reject(js.Error.new("no"))
---
await js.Promise.reject(js.Error.new("no")).catch(lambda e: e.message)
---
seen = []
r = await js.Promise.resolve(5).finally_(lambda: seen.append(1)); (r, seen)
---
await js.probe.rejects("late")
---
await js.JSON.parse('{}')
---
await js.probe.later(None)
---
await js.probe.later({'a': 1})
---
await js.Promise.all([js.Promise.resolve(1), 2])
---
import asyncio
await asyncio.gather(js.Promise.resolve(1), js.probe.later(2))
---
import asyncio
t = asyncio.create_task(asyncio.sleep(0, 5)); await js.probe.later(t)
---
await js.probe.laterLength([1, 2])
---
await js.probe.laterCall(lambda: 3)
---
async def f(): return 5
await js.probe.awaits(f)
---
async def f(): raise ValueError("q")
await js.probe.awaits(f)
---
def f(): raise ValueError("x")
js.probe.call(f)
---
def f(): raise ValueError("x")
js.probe.catches(f)
---
js.probe.catches(lambda: js.probe.throws("inner"))
---
js.probe.call(lambda *a: a, 1, None, ffi.jsnull, "x", 2**60, 1.0, True, [1])
---
js.probe.call(lambda a: type(a), js.JSON.parse('{}'))
---
js.probe.call(lambda: 1, 5)
---
js.probe.call(5)
---
js.probe.call(lambda: None)
---
js.probe.call(lambda: [1])
---
js.probe.call(lambda: ffi.jsnull)
---
l = [1]; js.probe.identity(l) is l
---
js.probe.identity(print) is print
---
js.probe.args(1, a=2)[1].a
---
js.probe.args(a=2, b="x")[0]
---
js.probe.get({'a': 1}, 'a')
---
js.probe.get({'a': 1}, 'z')
---
js.probe.get({'a': [1]}, 'a')
---
js.probe.get([1, 2], 'length')
---
js.probe.get([1, 2], 0)
---
js.probe.get((1, 2), 1)
---
js.probe.keys({'a': 1})
---
js.probe.json({'a': [1, {'b': None}]})
---
js.probe.json([1, 'x', None])
---
js.probe.text([1, 2])
---
js.probe.text({'a': 1})
---
js.probe.text(b"ab")
---
js.probe.className([1])
---
js.probe.className(b"ab")
---
js.probe.isArray([1])
---
js.probe.isArray(to_js([1]))
---
js.probe.array([1, 2])
---
js.probe.array((1, 2))
---
js.probe.array({'a': 1})
---
js.probe.array("abc")
---
js.probe.array(x for x in [1, 2])
---
js.probe.callMethod({'a': 1}, 'get', 'a')
---
js.probe.callMethod([1, 2], 'indexOf', 2)
---
js.probe.callMethod("abc", 'toUpperCase')
---
js.probe.set({}, 'a', 1)
---
d = {}; js.probe.set(d, 'a', 1); d
---
l = [0]; js.probe.set(l, 0, 5); l
---
class A: x = 1
a = A(); js.probe.set(a, 'x', 5); a.x
---
class A:
    x = 1
    def m(self, b): return (self.x, b)
(js.probe.get(A(), 'x'), js.probe.callMethod(A(), 'm', 2), js.probe.get(A(), 'zz'))
---
class A:
    x = 1
    def __repr__(self): return "an A"
(js.probe.text(A()), js.probe.typeOf(A()), js.probe.typeOf(A))
---
js.probe.keep([1, 2]); js.probe.kept()
---
js.probe.keep([1, 2]); js.probe.keptLength()
---
js.probe.keep(lambda: 3); js.probe.keptCall()
---
js.probe.keep(create_proxy([1, 2])); js.probe.keptLength()
---
js.probe.keep(create_proxy(lambda: 3)); js.probe.keptCall()
---
js.probe.keep(5); js.probe.kept()
---
js.kept = [1]; js.kept
---
js.kept = [1]; del js.kept; hasattr(js, 'kept')
---
p = create_proxy([1, 2]); (type(p), p.length, repr(p), str(p), p.unwrap())
---
p = create_proxy([1, 2]); js.probe.identity(p)
---
p = create_proxy([1, 2]); p.destroy(); p.length
---
p = create_proxy([1, 2]); p.destroy(); p.destroy()
---
p = create_proxy([1, 2]); p.destroy(); js.probe.get(p, 'length')
---
p = create_proxy([1, 2]); p.destroy(); repr(p)
---
p = create_proxy([1], roundtrip=False); js.probe.identity(p)
---
p = create_proxy(lambda x: x); (p(3), callable(p), js.probe.call(p, 4), js.probe.call(p, 5))
---
p = create_proxy({'a': 1}); (p.type, p.toString(), p.a)
---
p = create_proxy(5); p.type
---
p = create_proxy("x"); p.length
---
class A:
    x = 1
    def m(self): return 2
p = create_proxy(A()); (p.x, p.m(), hasattr(p, "zz"))
---
create_once_callable(lambda: 5)()
---
f = create_once_callable(lambda: 5); f(); f()
---
f = create_once_callable(lambda: 5); js.probe.callTwice(f)
---
p = create_proxy(b"abc"); b = p.getBuffer(); r = (b.data, b.data.constructor.name, b.format, b.nbytes, b.shape); b.release(); p.destroy(); r
---
p = create_proxy(b"abc"); b = p.getBuffer(); d = b.data.slice(); b.release(); p.destroy(); (d, d.to_bytes())
---
l = js.Array.new(); to_js([lambda: 1], pyproxies=l); len(l)
---
l = js.Array.new(); x = to_js([lambda: 1], pyproxies=l); destroy_proxies(l); x[0]
---
destroy_proxies(js.JSON.parse('[1]'))
---
x = to_js({'a': [1, {2}], 'b': None, 'c': ffi.jsnull}); (x.a, x.b, x.c, x.constructor.name)
---
x = to_js({'a': 1}); (x.a, hasattr(x, 'z'), js.probe.get(x, 'a'))
---
x = to_js({'a': 1}, dict_converter=js.Object.fromEntries); (x, x.a, x.constructor.name)
---
to_js({'a': {'b': 1}}, dict_converter=js.Object.fromEntries).a.b
---
to_js({1: 2}, dict_converter=js.Object.fromEntries).to_py()
---
to_js({'a': 1}, dict_converter=js.Map.new).get('a')
---
to_js({1: 2})
---
to_js({1: 2}).to_py()
---
to_js({(1, 2): 2})
---
to_js({None: 2}).to_py()
---
to_js({(1,)})
---
x = to_js([1, [2, [3]]], depth=1); (x, x[1], type(x[1]))
---
x = to_js({'a': {'b': 1}}, depth=1); (type(x.a), x.a)
---
to_js([object()], create_pyproxies=False)
---
to_js([[1]], depth=1, create_pyproxies=False)
---
class A: pass
to_js([A()], default_converter=lambda v, c, k: 7).to_py()
---
def dc(v, convert, cache):
    r = js.Array.new(); cache(v, r); r.push(convert([v])); return r
class A: pass
x = to_js([A()], default_converter=dc); x[0][0][0] == x[0]
---
class A: pass
to_js(A(), default_converter=lambda v, c, k: c([1, {2}]))
---
a = []; a.append(a); x = to_js(a); x[0] == x
---
a = {}; a['a'] = a; x = to_js(a); x.a == x
---
l = [1]; x = to_js([l, l]); x[0] == x[1]
---
import collections
[to_js(x).constructor.name for x in (collections.OrderedDict(a=1), collections.Counter("aa"), collections.defaultdict(int), collections.namedtuple("T", "a b")(1, 2))]
---
import collections
to_js(collections.deque([1]))
---
import enum
class E(enum.IntEnum):
    A = 1
class S(enum.StrEnum):
    B = "b"
(js.probe.identity(E.A), type(js.probe.identity(E.A)), js.probe.identity(S.B), type(js.probe.identity(S.B)))
---
from http import HTTPStatus, HTTPMethod
(js.probe.identity(HTTPStatus.OK), js.probe.identity(HTTPMethod.GET))
---
from decimal import Decimal
js.probe.typeOf(Decimal(1))
---
from datetime import datetime
to_js(datetime(2020, 1, 1))
---
from datetime import datetime
to_js([datetime(2020, 1, 1)], default_converter=lambda v, c, k: js.Date.new(0))[0].getTime()
---
import array
[to_js(array.array(t, [1])).constructor.name for t in "bBhHiIqQfd"]
---
to_js(memoryview(b"abc")[1:])
---
to_js(b"ab").constructor.name
---
js.probe.nested().to_py()
---
js.probe.nested().to_py(depth=1)
---
js.probe.nested().to_py(depth=2)
---
js.probe.nested().to_py(default_converter=lambda v, c, k: v.getTime())
---
js.Date.new(0).to_py()
---
js.probe.foo(1).to_py()
---
js.probe.bare().to_py()
---
x = js.probe.cycle().to_py(); x["me"] is x
---
js.probe.withFunction().to_py()["a"]()
---
js.probe.objectKey().to_py()
---
js.probe.objectInSet().to_py()
---
js.probe.mixedKeys().to_py()
---
js.probe.lists().to_py()
---
def dc(v, convert, cache):
    return {"got": convert(v.a)}
js.probe.foo(js.JSON.parse('[1]')).to_py(default_converter=dc)
---
js.Map.new([['a', js.Map.new([[1, 2]])]]).to_py()
---
js.Map.new([[1, 'a'], ['1', 'b']]).to_py()
---
js.Set.new([1, 'a']).to_py()
---
bytes(js.probe.bytes().to_py())
---
create_proxy([1]).to_py()
---
js.structuredClone({'a': 1})
---
js.structuredClone([1])
---
js.structuredClone(to_js({'a': 1}))
---
js.structuredClone(to_js({'a': 1}, dict_converter=js.Object.fromEntries)).a
---
js.structuredClone(to_js([1, {2}, b"ab"])).to_py()[1]
---
x = js.probe.nested(); y = js.structuredClone(x); (y.list, y.text, y.when, y == x)
---
x = js.structuredClone(js.probe.cycle()); x.me == x
---
js.structuredClone(js.probe.coded()).message
---
js.structuredClone(js.Map.new([[1, js.JSON.parse('{"a": 2}')]])).get(1).a
---
js.structuredClone(create_proxy({'a': 1}))
---
x = js.probe.bytes(); y = js.structuredClone(x); y[0] = 9; (x[0], y[0])
---
u = js.probe.bytes(); (u[0], u[-1], len(u), list(u), u.byteLength, u.buffer, u.BYTES_PER_ELEMENT)
---
u = js.probe.bytes(); (u.to_bytes(), bytes(u), u.slice(1), u.subarray(1, 2), u.to_string("latin-1"))
---
js.probe.bytes()[5]
---
u = js.probe.bytes(); u[0] = 300; u[1] = -1; u
---
u = js.Uint8Array.new(2); u.assign(b"ab"); u.to_bytes()
---
u = js.Uint8Array.new(2); u.assign(b"abc")
---
u = js.Uint8Array.new(2); b = bytearray(2); u.set([7, 8]); u.assign_to(b); b
---
u = js.Uint8Array.new(2); u.assign_to(bytearray(3))
---
memoryview(js.Uint8Array.new(2))
---
(js.Uint8Array.new([1, 300]), js.Uint8Array.new(b"ab"), js.Uint8Array.new(2), js.Uint8Array.from_([1, 2]), js.Uint8Array.of(3))
---
js.Int16Array.new([1, 40000, -1])
---
js.Uint8ClampedArray.new([300, -5, 1.5])
---
js.Float32Array.new([1.1])[0]
---
js.Float64Array.new([1.5, 2])
---
u = js.Uint16Array.new(js.ArrayBuffer.new(4)); u[0] = 258; list(js.Uint8Array.new(u.buffer))
---
js.Uint16Array.new(js.ArrayBuffer.new(3), 1)
---
js.ArrayBuffer.new(3).to_bytes()
---
(js.ArrayBuffer.new(3).byteLength, js.ArrayBuffer.new(4).slice(1, 3).byteLength, js.ArrayBuffer.isView(js.Uint8Array.new(1)))
---
js.ArrayBuffer.new(3)[0]
---
v = js.DataView.new(js.ArrayBuffer.new(4)); v.setInt16(0, 258); (v.getUint8(0), v.getUint8(1), v.getInt16(0, True), v.byteLength)
---
js.DataView.new(js.ArrayBuffer.new(1)).getInt16(0)
---
js.DataView.new(js.ArrayBuffer.new(2)).to_bytes()
---
(js.probe.zero(), js.probe.large(), js.probe.tiny(), js.probe.big(), js.probe.huge())
---
(type(js.probe.big()).__name__, js.probe.typeOf(js.probe.big()), js.probe.typeOf(js.probe.huge()))
---
js.probe.text(js.probe.big())
---
(js.BigInt(5), js.BigInt("7"))
---
js.BigInt(1.5)
---
js.JSON.stringify(to_js({'a': 2**60}))
---
(bool(js.probe.sized()), bool(js.probe.long()), bool(js.ArrayBuffer.new(0)), bool(js.ArrayBuffer.new(1)), bool(js.Date.new(0)))
---
(bool(ffi.jsnull), repr(ffi.jsnull), str(ffi.jsnull), ffi.jsnull == None, ffi.jsnull == ffi.jsnull, ffi.jsnull is ffi.jsnull)
---
(js.undefined, js.undefined is None)
---
(js.NaN, js.Infinity, js.isNaN(js.NaN), js.parseInt("12px"), js.parseInt("ff", 16), js.parseFloat("1.5x"), js.parseInt("x"))
---
(js.Number(5), js.Number("5"), js.Number(" "), js.Number("x"), js.Number(None), js.Number(ffi.jsnull), js.Number(True))
---
(js.Number.isInteger(5), js.Number.isInteger(5.5), js.Number.isSafeInteger(2**53), js.Number.MAX_SAFE_INTEGER)
---
(js.String(5), js.String(1.5), js.String(None), js.String(ffi.jsnull), js.String(True), js.String(to_js([1, None])))
---
(js.Boolean(0), js.Boolean(""), js.Boolean("x"), js.Boolean(None), js.Boolean(js.Object.new()))
---
(js.Math.max(1, 2), js.Math.min(), js.Math.floor(1.5), js.Math.round(2.5), js.Math.round(-2.5), js.Math.abs(-3), js.Math.pow(2, 3))
---
(js.encodeURIComponent("a b/é"), js.encodeURI("a b/é?x=1"), js.decodeURIComponent("a%20b"))
---
js.decodeURIComponent("%")
---
(js.Array.new(3), js.Array.new(1, 2), js.Array.new("3"), js.Array.of(3), js.Array.from_([1, 2]), js.Array.isArray(js.Array.new()))
---
js.Array.new(-1)
---
js.Array.new(1, 2).push(3)
---
a = js.Array.new(1, 2, 3); (a.shift(), a.unshift(9), a.join("-"), a.includes(9), a.indexOf(3), a.concat([4]), a.slice(-1))
---
a = js.Array.new(3, 1, 10); a.sort(); a
---
a = js.Array.new(3, 1, 10); a.sort(lambda x, y: x - y); a
---
js.Array.new(1, 2).map(lambda x, *rest: x * 2)
---
js.Array.new(1, 2).map(lambda x: x * 2)
---
js.Array.new(1, 2).filter(lambda x, i, a: x > 1)
---
js.Array.new(1, 2).reduce(lambda t, x, *rest: t + x, 10)
---
js.Array.new().reduce(lambda t, x: t)
---
js.Array.new(1, 2).find(lambda x, *rest: x > 5)
---
seen = []; js.Array.new(1, 2).forEach(lambda x, i, a: seen.append((x, i))); seen
---
seen = []; js.Map.new([[1, 2]]).forEach(lambda v, k, m: seen.append((k, v))); seen
---
js.Array.new(1, js.Array.new(2)).flat()
---
a = js.Array.new(1, 2, 3); (a.splice(1, 1), a)
---
(js.Object.keys(js.JSON.parse('{"a":1}')), js.Object.values(js.JSON.parse('{"a":1}')), js.Object.entries(js.JSON.parse('{"a":1}')))
---
js.Object.fromEntries([["a", 1]]).a
---
js.Object.fromEntries({"a": 1}.items()).a
---
js.Object.fromEntries(js.Map.new([["a", 1]])).a
---
js.Object.fromEntries([1])
---
js.Object.fromEntries(5)
---
js.Object.assign(js.Object.new(), js.JSON.parse('{"a":1}')).a
---
js.JSON.parse('{"a":1}').object_keys()
---
js.JSON.parse('{"a":1,"b":[2]}').object_values()
---
js.JSON.parse('{"a":1}').object_entries()
---
m = js.JSON.parse('{"a":1}').as_object_map(); (m['a'], len(m), list(m), 'a' in m, m.get('z', 4), dict(m))
---
js.JSON.parse('{"a":1}').as_object_map()['z']
---
m = js.JSON.parse('{"a":{"b":2}}').as_object_map(hereditary=True); m['a']['b']
---
js.JSON.parse('{"a":{"b":2},"c":[{"d":3}]}').as_py_json()['a']['b']
---
js.JSON.parse('{"a":{"b":2},"c":[{"d":3}]}').as_py_json()['c'][0]['d']
---
js.JSON.stringify(js.probe.nested())
---
js.JSON.stringify(None)
---
js.JSON.stringify(ffi.jsnull)
---
js.JSON.stringify(to_js([None, ffi.jsnull, js.NaN]))
---
js.JSON.stringify(to_js([1, [2]]), None, 2)
---
js.JSON.stringify(js.JSON.parse('{"a":{"b":1},"c":[]}'), None, "--")
---
js.JSON.stringify(js.Map.new([[1, 2]]))
---
js.JSON.parse('[1,{"a":2}]', lambda k, v: v)
---
import json
json.dumps(js.JSON.parse('{}'))
---
import json
json.dumps(js.JSON.parse('[1]'))
---
f = js.probe.named; (f.name, f.length, f(3), f.call(None, 4), f.apply(None, [5]), f.bind(None)(6))
---
js.probe.object().f()
---
g = js.probe.object().f; g()
---
js.probe.Foo.new(1).a
---
js.probe.Foo.new(1).constructor.name
---
js.probe.Foo.new(1).constructor == js.probe.Foo
---
(js.probe.Foo.name, js.probe.Foo.typeof, callable(js.probe.Foo), type(js.probe.Foo).__name__)
---
js.Map()
---
js.Uint8Array()
---
js.Promise()
---
js.Array()
---
js.Object()
---
hasattr(js.probe.named, 'new')
---
it = js.Map.new([[1, 2]]).entries(); (next(it), list(it))
---
it = js.probe.generates(); (next(it), next(it), next(it, "end"))
---
[x for x in js.probe.generates()]
---
it = js.JSON.parse('[1]').values(); r = it.next(); (r.value, r.done, it.next().done)
---
js.JSON.parse('{"a": 1}').hasOwnProperty('a')
---
js.JSON.parse('{"a": 1}').toString()
---
js.nope
---
from js import nope
---
from js import JSON as J
J.parse('1')
---
import js as again
again is js
---
js.globalThis == js
---
JsProxy()
---
isinstance(js.Array, JsProxy)
---
isinstance(js.JSON.parse('[]'), js.Array)
---
(ffi.JsArray.__name__, isinstance(js.JSON.parse('[]'), ffi.JsArray), isinstance(js.JSON.parse('{}'), ffi.JsArray))
---
[isinstance(x, ffi.JsMap) for x in (js.Map.new(), js.JSON.parse('{}'), js.JSON.parse('[]'), js.Set.new())]
---
[isinstance(x, ffi.JsBuffer) for x in (js.probe.bytes(), js.ArrayBuffer.new(1), js.JSON.parse('[]'))]
---
[isinstance(x, ffi.JsCallable) for x in (js.probe.named, js.JSON.parse('{}'), create_proxy(print))]
---
[isinstance(x, ffi.JsDoubleProxy) for x in (create_proxy([]), js.JSON.parse('{}'))]
---
import collections.abc as c
[isinstance(js.Map.new(), c.MutableMapping), isinstance(js.Array.new(), c.MutableSequence), isinstance(js.Set.new(), c.Iterable)]
---
import pickle
pickle.dumps(js.JSON.parse('{}'))
---
import copy
copy.copy(js.JSON.parse('{}'))
---
js.JSON.parse('[1,2]') < 3
---
"%s %r" % (js.JSON.parse('[1,2]'), js.JSON.parse('[1,2]'))
---
f"{js.JSON.parse('[1,2]')}"
---
ffi.JsException("Error", "x")
---
import pyodide.code
pyodide.code.relaxed_call(lambda a, b=2: (a, b), 1, 2, 3)
---
import pyodide.code
pyodide.code.relaxed_call(lambda a, *rest, k=1: (a, rest, k), 1, 2, k=3, z=4)
---
h = js.Headers.new([["a", "b"]]); (list(h), 'a' in h, h['a'], h['zz'], h.get("A"), [tuple(x) for x in h])
---
len(js.Headers.new([["a", "b"]]))
---
h = js.Headers.new(); h['x'] = 'y'; del h['x']; h.append("q", "1"); h.append("q", "2"); dict(h.entries())
---
js.Headers.new(to_js({"a": "b"}, dict_converter=js.Object.fromEntries)).get("a")
---
js.Request.new("https://a.test/", headers=[["X", "1"]], method="POST", body="x").headers.get("x")
---
u = js.URL.new("https://a.test/p?q=1"); (u.search, str(u), u.pathname, u.searchParams.get("q"), u.searchParams.get("z"))
---
p = js.URLSearchParams.new("a=1&b=2"); (list(p), p['a'], 'b' in p, str(p), p.size)
---
await js.Response.new("body").text()
---
r = js.Response.new("body", status=201, headers=[["a", "b"]]); (r.status, r.ok, r.headers.get("a"), r.bodyUsed)
---
(await js.Response.new("ab").arrayBuffer()).to_bytes()
---
(await js.Response.json(to_js({"a": 1}, dict_converter=js.Object.fromEntries)).json()).a
---
js.TextEncoder.new().encode("é")
---
js.TextDecoder.new().decode(to_js(b"ab"))
---
js.btoa("ab")
---
from pyodide.http import FetchResponse
r = FetchResponse("https://a.test/", js.Response.new("body", status=404)); (r.status, r.ok, r.body_used, await r.text(), r.body_used)
---
from pyodide.http import FetchResponse
r = FetchResponse("https://a.test/", js.Response.new("body")); await r.text(); await r.text()
---
from pyodide.http import FetchResponse
FetchResponse("https://a.test/", js.Response.new("", status=404)).raise_for_status()
---
from pyodide.http import FetchResponse
await FetchResponse("https://a.test/", js.Response.new('{"a": 1}')).json()
---
from pyodide.http import FetchResponse
(await FetchResponse("https://a.test/", js.Response.new("ab")).bytes(), (await FetchResponse("https://a.test/", js.Response.new("ab")).buffer()).constructor.name)
"""
