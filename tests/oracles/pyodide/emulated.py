"""The same probes on the emulation: fixtures.mjs in Python, and a world to run in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host import importing
from edgelint.testing.python_host.buffers import JsUint8Array
from edgelint.testing.python_host.containers import JsArray, JsIterator
from edgelint.testing.python_host.dates import JsDate
from edgelint.testing.python_host.js_errors import JsException, error_value
from edgelint.testing.python_host.jsvalue import (
    JsBigInt,
    JsFunction,
    JsHost,
    JsObject,
    JsProxy,
    Thrown,
    call,
    class_of,
    getter,
    iterate,
    lower,
    text,
    typeof,
)
from edgelint.testing.python_host.maps import JsMap, JsSet
from edgelint.testing.python_host.profile import PY313, PY314, Profile
from edgelint.testing.python_host.promises import settled
from edgelint.testing.python_host.realm import Realm, entered
from edgelint.testing.python_host.standard import make_globals
from edgelint.testing.python_host.web import realm as web_realm
from edgelint.testing.python_host.web.exposed import js_scope
from edgelint.testing.python_host.web.timers import Timers
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World
from tests.oracles.pyodide import probing

PROFILES: dict[str, Profile] = {"pyodide-py313": PY313, "pyodide-py314": PY314}


class Foo(JsHost, js_name="Foo"):
    """A class of JavaScript."""

    def __init__(self, a: Any) -> None:
        self._own()["a"] = a

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        return cls(args[0] if args else UNDEFINED)

    @getter
    def size(self) -> int:
        return 3

    def _js_tag(self) -> str:
        return "[object Object]"


class Named(JsFunction, js_name="Function"):
    """``probe.named``."""

    def _js_text(self) -> str:
        return "function foo(a) { return a; }"


def _get(value: Any, name: Any) -> Any:
    return value._js_get(text(name)) if isinstance(value, JsProxy) else UNDEFINED


def _method(value: Any, name: str, *args: Any) -> Any:
    if isinstance(value, str):
        return value.upper()
    return call(value._js_get(name), *args, this=value)


def _throw(value: Any) -> Any:
    raise Thrown(value)


def _throws(message: Any) -> Any:
    raise EdgeError(message, "TypeError")


def _catches(function: Any) -> Any:
    try:
        call(function)
    except Exception as raised:
        error = error_value(raised)
        last = text(error._js_get("message")).strip().split("\n")[-1]
        name = error._js_get("constructor")._js_get("name")
        is_error = "true" if isinstance(error, JsException) else "false"
        return ",".join([error._js_get("name"), name, text(error._js_get("type")), is_error, last])
    return "nothing"


async def _later(value: Any) -> Any:
    await settled(None)
    return await settled(value)


async def _later_length(value: Any) -> Any:
    await settled(None)
    return value._js_get("length")


async def _later_call(function: Any) -> Any:
    await settled(None)
    return await settled(call(function))


async def _awaits(function: Any) -> Any:
    return await settled(call(function)) + 1


async def _rejects(message: Any) -> Any:
    raise EdgeError(message, "TypeError")


def _cycle() -> JsObject:
    made = JsObject({"n": 1})
    made._own()["me"] = made
    return made


def _object() -> JsObject:
    made = JsObject({"k": 2})
    made._own()["f"] = JsFunction(lambda: 2, "f")
    return made


def _nested() -> JsObject:
    inner = [1, [2, [3]], {"a": None}]
    return JsObject({"list": lower(inner), "none": UNDEFINED, "text": "x", "when": JsDate(0)})


def _coded(**fields: Any) -> JsException:
    return JsException("Error", "x", **fields)


def fixtures(scope: JsObject) -> JsObject:
    """``js.probe``."""
    kept = scope._own()

    def named(a: Any = UNDEFINED) -> Any:
        return a

    functions: dict[str, Any] = {
        "identity": lambda x=UNDEFINED: x, "args": lambda *a: JsArray(a), "typeOf": lambda x=UNDEFINED: typeof(x),
        "get": _get, "has": lambda x, name: x._js_has(text(name)),
        "set": lambda x, name, value: x._js_set(text(name), value) or UNDEFINED, "keys": lambda x: x._js_keys(),
        "text": lambda x=UNDEFINED: text(x),
        "json": lambda x: scope._js_get("JSON")._js_get("stringify")._js_apply(None, [x]),
        "array": lambda x: JsArray(iterate(x)), "isArray": lambda x: isinstance(x, JsArray),
        "className": lambda x: x._js_get("constructor")._js_get("name"), "call": call,
        "callTwice": lambda f: [call(f), call(f)], "callMethod": _method,
        "keep": lambda x: kept.update(kept=x) or UNDEFINED, "kept": lambda: kept["kept"],
        "keptLength": lambda: kept["kept"]._js_get("length"), "keptCall": lambda: call(kept["kept"]), "later": _later,
        "laterLength": _later_length, "laterCall": _later_call, "awaits": _awaits, "rejects": _rejects,
        "throws": _throws, "throwsNumber": lambda: _throw(5), "throwsText": lambda: _throw("words"),
        "throwsObject": lambda: _throw(JsObject({"a": 1})), "throwsNull": lambda: _throw(None), "catches": _catches,
        "generates": lambda: JsIterator([1, 2], "Array Iterator"), "object": _object, "foo": Foo,
        "bare": lambda: JsObject({"a": 1}), "cycle": _cycle, "nested": _nested,
        "objectKey": lambda: JsMap([(JsObject(), 1)]), "objectInSet": lambda: JsSet([JsObject()]),
        "mixedKeys": lambda: JsMap([(True, "a"), (1, "b")]), "lists": lambda: [[], [1], [UNDEFINED, None]],
        "withFunction": lambda: JsObject({"a": JsFunction(lambda: 1)}), "zero": lambda: -0.0,
        "big": lambda: JsBigInt(10), "huge": lambda: JsBigInt(2**70), "large": lambda: 2.0**53, "tiny": lambda: 5e-324,
        "reserved": lambda: JsObject({"_a": 1, "from": 3, "class": 4, "from_": 5}), "coded": lambda: _coded(code=5),
        "caused": lambda: _coded(cause="y"), "sized": lambda: JsObject({"size": 0}),
        "long": lambda: JsObject({"length": 0}), "bytes": lambda: JsUint8Array._over(bytes([1, 2, 255])),
    }  # fmt: skip
    members: dict[str, Any] = {name: JsFunction(function, name) for name, function in functions.items()}
    members["named"] = Named(named, "foo")
    members["Foo"] = class_of(Foo)
    return JsObject(members)


def run(version: str, sources: Sequence[str]) -> list[str]:
    """Run probes on the emulation, each in a world of its own."""
    importing.open_modules()
    try:
        return [_run_one(PROFILES[version], source) for source in sources]
    finally:
        importing.close_modules()


def _run_one(profile: Profile, source: str) -> str:
    world = World()
    realm = Realm(profile, loop=world.loop, now=lambda: world.clock.now)
    try:
        with entered(realm), web_realm.inside(web_realm.Realm(clock=world.clock)):
            realm.globals = make_globals(js_scope(Timers()))
            realm.globals._own()["probe"] = fixtures(realm.globals)
            return world.run(probing.probe(source), origin="app")
    finally:
        world.close()



