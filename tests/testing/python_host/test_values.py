"""Values of the JavaScript side by themselves: promises, collections, buffers, dates, errors, conversions."""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host import runtime as runtime
from edgelint.testing.python_host.buffers import JsArrayBuffer, JsUint8Array, bytes_of
from edgelint.testing.python_host.containers import JsArray, JsIterator
from edgelint.testing.python_host.convert import (
    ConversionError,
    is_safe,
    plain,
    register_lowering,
    structured_clone,
    to_js,
)
from edgelint.testing.python_host.dates import JsDate, parse
from edgelint.testing.python_host.js_errors import (
    JsException,
    as_edge_error,
    as_js_error,
    error_class,
    error_value,
    raisable,
)
from edgelint.testing.python_host.jsvalue import (
    JsBigInt,
    JsFunction,
    JsHost,
    JsNull,
    JsObject,
    JsProxy,
    Thrown,
    call,
    class_of,
    from_python,
    getter,
    into_python,
    iterate,
    jsnull,
    lower,
    method,
    static,
    text,
    typeof,
)
from edgelint.testing.python_host.maps import JsMap, JsSet, LiteralMap
from edgelint.testing.python_host.profile import PY312, PY313, PY314
from edgelint.testing.python_host.promises import (
    JsPromise,
    PyodideFuture,
    adopt,
    is_waited_for,
    promise_of,
    rejected_with,
    settled,
    start,
    thenable,
)
from edgelint.testing.python_host.pyproxy import PyProxy, big, create_proxy, proxy
from edgelint.testing.python_host.realm import Realm, entered, realm
from edgelint.testing.python_host.standard import make_globals, to_json
from edgelint.testing.python_host.views import ObjectMap
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """A world whose realm is entered."""
    made = World()
    inside = Realm(PY313, loop=made.loop, now=lambda: made.clock.now)
    with entered(inside):
        inside.globals = make_globals()
        yield made
    made.close()


def js() -> Any:
    """globalThis."""
    return realm().globals


def invoke(target: Any, name: str, *args: Any) -> Any:
    """Call a method from the JavaScript side."""
    return call(target._js_get(name), *args, this=target)


# Declared classes


class Box(JsHost, js_name="Box"):
    """A class with everything."""

    def __init__(self, value: Any = 0) -> None:
        self._value = value
        self._ended = False

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        return cls(*args)

    @getter
    def value(self) -> Any:
        return self._value

    @value.setter  # type: ignore[no-redef]
    def value(self, given: Any) -> None:
        self._value = given

    @getter
    def size(self) -> int:
        return 2

    @method
    def get(self, key: Any) -> Any:
        return {"a": 1}.get(key, UNDEFINED)

    @method
    def has(self, key: Any) -> bool:
        return bool(key == "a")

    @method(name="set")
    def put(self, key: Any, value: Any) -> Any:
        self._value = (key, value)
        return self

    @method(name="delete")
    def remove(self, key: Any) -> bool:
        return bool(key == "a")

    @method
    async def later(self, value: Any = UNDEFINED) -> Any:
        await asyncio.sleep(1)
        return value

    @method
    async def at_once(self) -> int:
        return 7

    @method
    async def fails(self) -> Any:
        raise EdgeError("no", "RangeError", code=5)

    @method
    def refuses(self) -> Any:
        raise EdgeError("bad", "TypeError")

    @static
    def of(value: Any) -> Box:
        return Box(value)

    @static(constant=True)
    def MAX() -> int:
        return 9

    @getter(name="import")
    def import_(self) -> str:
        return "reserved"

    def _js_iterate(self) -> Iterator[Any]:
        return iter([1, [2]])

    async def _js_async_iterate(self) -> Any:
        yield 1
        yield {"a": 2}


def test_declared_class(world: World) -> None:
    boxes = class_of(Box)
    box = boxes.new(5)
    assert (box.value, boxes.of(3).value, boxes.MAX, boxes.name, box.import_) == (5, 3, 9, "Box", "reserved")
    box.value = 8
    assert box.value == 8
    box.size = 9  # read only: nothing happens
    assert (box.size, len(box)) == (2, 2)
    box.extra = [1]
    assert (box.extra, dir(box)[-1], "extra" in dir(box)) == ([1], "value", True)
    assert (box["a"], "a" in box, "b" in box) == (1, True, False)
    with pytest.raises(KeyError):
        box["b"]
    box["k"] = "v"
    assert box.value.to_py() == ["k", "v"]
    del box["a"]
    with pytest.raises(KeyError):
        del box["b"]
    assert [str(item) for item in box] == ["1", "2"]
    assert str(box) == "[object Box]"
    with pytest.raises(JsException, match="TypeError: bad"):
        box.refuses()
    with pytest.raises(JsException, match="use the 'new' operator"):
        boxes(1)
    assert boxes.prototype.get is not None


def test_a_method_that_was_replaced(world: World) -> None:
    box = Box()
    box.get = lambda key: key * 2
    assert box.get("x") == "xx"


def test_asynchronous_methods(world: World) -> None:
    async def work() -> list[Any]:
        box = Box()
        begun = box.later(3)
        assert isinstance(begun, PyodideFuture)
        items: Any = box
        found = [await begun, await box.at_once(), [item async for item in items]]
        with pytest.raises(JsException) as raised:
            await box.fails()
        assert (raised.value.name, raised.value.code, raised.value.constructor.name) == ("RangeError", 5, "RangeError")
        return found

    found = world.run(work())
    assert (found[0], found[1], found[2][0], found[2][1].a) == (3, 7, 1, 2)


def test_deleting_and_setting(world: World) -> None:
    plain_object = JsObject({"a": 1})
    plain_object.class_ = 2
    assert plain_object._js_keys() == ["a", "class"]
    del plain_object.a
    assert not hasattr(plain_object, "a")
    with pytest.raises(AttributeError):
        del plain_object.a
    function = JsFunction(lambda: 1, "f")
    function.note = "x"
    assert (function.note, function.typeof, str(function)) == ("x", "function", "function f() { [native code] }")
    assert isinstance(function.js_id, int)
    with pytest.raises(JsException, match="f is not a constructor"):
        function.new()
    assert plain_object.valueOf() == plain_object
    assert plain_object.toLocaleString() == "[object Object]"


def test_not_functions_and_not_iterables(world: World) -> None:
    with pytest.raises(EdgeError, match="5 is not a function"):
        call(5)
    with pytest.raises(EdgeError, match="undefined is not iterable"):
        iterate(UNDEFINED)
    with pytest.raises(EdgeError, match=r"\[object Object\] is not iterable"):
        iterate(JsObject())
    assert list(iterate("ab")) == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (UNDEFINED, "undefined", "undefined"), (None, "object", "null"), (True, "boolean", "true"),
        (1.0, "number", "1"),
        ("x", "string", "x"), (JsBigInt(5), "bigint", "5"), (JsObject(), "object", "[object Object]"),
    ],
)  # fmt: skip
def test_kinds_and_texts(value: Any, kind: str, shown: str) -> None:
    assert (typeof(value), text(value)) == (kind, shown)


def test_crossing_by_profile() -> None:
    with entered(Realm(PY312)):
        assert into_python(None) is None
    with entered(Realm(PY313)):
        assert into_python(None) is jsnull
        assert type(into_python(JsBigInt(3))) is int
    with entered(Realm(PY314)):
        assert type(into_python(JsBigInt(3))) is JsBigInt
        assert type(from_python(JsBigInt(3))) is JsBigInt
    assert JsNull() is jsnull


def test_lowering(world: World) -> None:
    class Odd:
        pass

    with pytest.raises(TypeError, match="no value of JavaScript for Odd"):
        lower(Odd())
    register_lowering(Odd, lambda value: "odd")
    assert lower([Odd()])._list == ["odd"]
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    lowered = lower({"m": moment, "s": {1}, "b": b"x", "t": (1,), "n": jsnull, "f": len, "i": iter([1]), "k": Big.A})
    assert (lowered.m.getTime(), list(lowered.s), lowered.b.to_bytes()) == (1767225600000, [1], b"x")
    assert (lowered.t[0], lowered.n, next(lowered.i), lowered.k) == (1, jsnull, 1, 1)
    assert lower(EdgeError("x", "TypeError")).name == "TypeError"
    assert is_safe(5)
    assert not is_safe(2**60)


class Big(int):
    """A subclass of int."""

    A = 1


# Promises


def outcome(world: World, make: Callable[[], Any]) -> Any:
    """What a promise of the JavaScript side comes to, as Python sees it."""

    async def work() -> Any:
        return into_python(await settled(make()))

    return world.run(work())


def fails(world: World, make: Callable[[], Any]) -> JsException:
    """What it is rejected with."""
    with pytest.raises(JsException) as raised:
        outcome(world, make)
    return raised.value


def test_then(world: World) -> None:
    assert outcome(world, lambda: invoke(adopt(1), "then", JsFunction(lambda x: x + 1))) == 2
    assert outcome(world, lambda: invoke(adopt(1), "then")) == 1
    shout = JsFunction(lambda x: x + "!")
    assert outcome(world, lambda: invoke(rejected_with("no"), "then", UNDEFINED, shout)) == "no!"
    assert outcome(world, lambda: invoke(rejected_with("no"), "catch", JsFunction(lambda x: x + "?"))) == "no?"
    assert str(fails(world, lambda: invoke(rejected_with("no"), "then"))) == "Error: no"

    def thrower(*args: Any) -> Any:
        raise EdgeError("thrown", "RangeError")

    assert fails(world, lambda: invoke(adopt(1), "then", JsFunction(thrower))).name == "RangeError"
    assert outcome(world, lambda: invoke(adopt(1), "then", JsFunction(lambda x: adopt(x + 5)))) == 6


def test_finally(world: World) -> None:
    seen: list[Any] = []
    done = JsFunction(lambda: seen.extend([1]))
    assert outcome(world, lambda: invoke(adopt(1), "finally", done)) == 1
    assert fails(world, lambda: invoke(rejected_with(lower(EdgeError("a"))), "finally", done)).message == "a"
    assert seen == [1, 1]
    late = JsFunction(lambda: rejected_with("late"))
    assert fails(world, lambda: invoke(adopt(1), "finally", late)).message == "late"

    def thrower() -> Any:
        raise EdgeError("in it")

    assert fails(world, lambda: invoke(adopt(1), "finally", JsFunction(thrower))).message == "in it"


def test_constructed(world: World) -> None:
    def make(executor: Callable[..., Any]) -> Any:
        return JsPromise._js_construct([JsFunction(executor)])

    def thrower(resolve: Any, reject: Any) -> Any:
        raise EdgeError("executor")

    assert outcome(world, lambda: make(lambda resolve, reject: call(resolve, 5))) == 5
    several = lambda resolve, reject: [call(resolve, 1), call(resolve, 2), call(reject, 3)]  # noqa: E731
    assert outcome(world, lambda: make(several)) == 1
    assert fails(world, lambda: make(lambda resolve, reject: call(reject, "r"))).message == "r"
    assert fails(world, lambda: make(thrower)).message == "executor"
    with pytest.raises(EdgeError, match="is not a function"):
        JsPromise._js_construct([])


def test_combined(world: World) -> None:
    scope = js()._js_get("Promise")
    assert outcome(world, lambda: invoke(scope, "all", [adopt(1), 2])).to_py() == [1, 2]
    assert outcome(world, lambda: invoke(scope, "all", [])).to_py() == []
    assert fails(world, lambda: invoke(scope, "all", [rejected_with("x"), 2])).message == "x"
    settled_all = outcome(world, lambda: invoke(scope, "allSettled", [adopt(1), rejected_with("x")])).to_py()
    assert settled_all == [{"status": "fulfilled", "value": 1}, {"status": "rejected", "reason": "x"}]
    assert outcome(world, lambda: invoke(scope, "race", [adopt(1), JsPromise()])) == 1
    assert outcome(world, lambda: invoke(scope, "any", [rejected_with("x"), adopt(2)])) == 2
    assert fails(world, lambda: invoke(scope, "any", [rejected_with("x")])).name == "AggregateError"
    assert fails(world, lambda: invoke(scope, "any", [])).message == "All promises were rejected"
    assert outcome(world, lambda: invoke(scope, "resolve", 4)) == 4
    assert fails(world, lambda: invoke(scope, "reject", "r")).message == "r"

    def with_resolvers() -> Any:
        made = invoke(scope, "withResolvers")
        call(made._js_get("resolve"), 8)
        return made._js_get("promise")

    assert outcome(world, with_resolvers) == 8


def test_thenables(world: World) -> None:
    good = JsObject({"then": JsFunction(lambda resolve, reject: call(resolve, 5))})

    def thrower(*args: Any) -> Any:
        raise EdgeError("then threw")

    assert thenable(good)
    assert outcome(world, lambda: good) == 5
    assert fails(world, lambda: JsObject({"then": JsFunction(thrower)})).message == "then threw"
    assert outcome(world, lambda: 5) == 5
    assert outcome(world, lambda: invoke(adopt(1), "then", JsFunction(lambda x: good))) == 5


def test_futures_of_python(world: World) -> None:
    async def work() -> list[Any]:
        future = adopt(1)._into_python()
        found = [await future.then(lambda x: x + 1), await future.then(lambda x: asyncio.sleep(0, x + 2))]
        broken = rejected_with(lower(EdgeError("no")))._into_python()
        found.append(await broken.catch(lambda error: error.message))
        seen: list[Any] = []

        async def after() -> None:
            seen.append(1)

        found.append(await future.finally_(after))
        with pytest.raises(JsException):
            await broken.finally_(lambda: seen.append(2))
        with pytest.raises(JsException):
            await broken.then(lambda x: x)
        found.append(seen)
        assert promise_of(future) is future._js_promise
        return found

    assert world.run(work()) == [2, 3, "no", 1, [1, 2]]


def test_tasks_of_python(world: World) -> None:
    async def cancelled() -> Any:
        task = asyncio.get_running_loop().create_task(asyncio.sleep(5))
        promise = promise_of(task)
        task.cancel()
        return await settled(promise)

    with pytest.raises(JsException) as raised:
        world.run(cancelled())
    assert raised.value.name == "PythonError"


def test_a_started_coroutine_that_is_cancelled(world: World) -> None:
    async def work() -> Any:
        promise = start(asyncio.sleep(50), "x")
        (task,) = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        await asyncio.sleep(0)
        task.cancel()
        return await settled(promise)

    with pytest.raises(JsException, match="AbortError"):
        world.run(work())


def test_errors_thrown_into_the_rest_of_a_coroutine(world: World) -> None:
    async def work() -> Any:
        gate = asyncio.get_running_loop().create_future()

        async def waits() -> str:
            try:
                await gate
            except ValueError as error:
                return f"caught {error}"
            return "nothing"

        promise = start(waits())
        gate.set_exception(ValueError("x"))
        return await settled(promise)

    assert world.run(work()) == "caught x"


def test_who_waits(world: World) -> None:
    async def work() -> list[bool]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        found = [is_waited_for(future)]
        future.add_done_callback(print)
        found.append(is_waited_for(future))
        gathered = asyncio.gather(future)
        found.append(is_waited_for(future))
        gathered.cancel()
        return found

    assert world.run(work()) == [False, False, True]


# Errors


def test_errors_there_and_back() -> None:
    inner = EdgeError("inner")
    error = EdgeError("m", "N", code=3, remote=True, retryable=True, overloaded=True, cause=inner)
    made = as_js_error(error)
    assert (made.code, made.remote, made.retryable, made.overloaded) == (3, True, True, True)
    assert made.cause.message == "inner"
    assert as_edge_error(made) is error
    back = as_edge_error(JsException("X", "y", code=4, remote=True))
    assert (back.name, back.message, back.code, back.remote, back.retryable) == ("X", "y", 4, True, False)
    assert error_value(Thrown(5)) == 5
    assert error_value(error).name == "N"
    wrapped: Any = error_value(KeyError("k"))
    assert (wrapped.name, wrapped.type, wrapped._python_error.args) == ("PythonError", "KeyError", ("k",))
    assert raisable(made) is made
    assert "type undefined" in str(raisable(UNDEFINED))
    assert str(JsException("Error", "")) == "Error"
    assert JsException("DataCloneError", "x")._js_tag() == "[object DOMException]"


def test_classes_of_errors(world: World) -> None:
    scope = js()
    assert error_class("AbortError").name == "DOMException"
    assert error_class("Whatever").name == "Error"
    dom = scope.DOMException.new("m", "AbortError")
    assert (dom.name, dom.message, scope.DOMException.new("m").name) == ("AbortError", "m", "Error")
    assert (scope.RangeError("x").name, scope.Error.new().message) == ("RangeError", "")
    assert scope.Error.new("x", cause="why").cause == "why"
    assert not hasattr(scope.Error.new("x", other=1), "cause")
    error = scope.Error.new("x")
    error.note = 5
    assert (error.note, error._js_keys()) == (5, ["note"])


# Collections


def test_arrays(world: World) -> None:
    array = JsArray([1, 2, 3])
    assert [invoke(array, "at", -1), invoke(array, "at", 9), invoke(array, "lastIndexOf", 3)] == [3, UNDEFINED, 2]
    assert invoke(array, "some", JsFunction(lambda x, i, a: x > 2)) is True
    assert invoke(array, "every", JsFunction(lambda x, i, a: x > 2)) is False
    assert invoke(array, "find", JsFunction(lambda x, i, a: x > 1)) == 2
    assert invoke(array, "findIndex", JsFunction(lambda x, i, a: x > 5)) == -1
    assert list(invoke(array, "keys")._js_iterate()) == [0, 1, 2]
    assert [plain(entry) for entry in invoke(array, "entries")._js_iterate()] == [[0, 1], [1, 2], [2, 3]]
    assert plain(invoke(array, "toSorted", JsFunction(lambda a, b: b - a))) == [3, 2, 1]
    assert plain(invoke(array, "fill", 0)) == [0, 0, 0]
    assert plain(invoke(JsArray([1, JsArray([2, JsArray([3])])]), "flat", 5)) == [1, 2, 3]
    array._js_set("5", 9)
    assert plain(array) == [0, 0, 0, UNDEFINED, UNDEFINED, 9]
    array._js_set("length", 1)
    array._js_set("note", "x")
    assert (plain(array), array._js_keys(), array._js_get("9")) == ([0], ["0", "note"], UNDEFINED)
    assert plain(JsArray._js_statics["from"].function(JsObject({"length": 2, "0": "a"}))) == ["a", UNDEFINED]
    assert plain(JsArray._js_statics["from"].function("ab", JsFunction(lambda x, i: x * 2))) == ["aa", "bb"]
    array.extend([1, 2])
    array.remove(1)
    array += [5]
    assert (list(array), list(array * 2)) == ([0, 2, 5], [0, 2, 5, 0, 2, 5])
    array.clear()
    assert not array
    array.insert(0, 1)
    for wrong in (lambda: array.__setitem__(3, 1), lambda: array.__delitem__(3), lambda: array.pop(5)):
        with pytest.raises(IndexError):
            wrong()
    assert [invoke(JsArray(), "shift"), list(reversed(JsArray([1, 2])))] == [UNDEFINED, [2, 1]]
    assert plain(invoke(JsArray([1, 2, 3]), "splice", -2, 1, 9)) == [2]


def test_iterators(world: World) -> None:
    iterator = JsIterator([1], "Array Iterator")
    assert str(iterator) == "[object Array Iterator]"
    assert (plain(invoke(iterator, "next")), plain(invoke(iterator, "next"))) == (
        {"value": 1, "done": False}, {"value": UNDEFINED, "done": True}
    )  # fmt: skip


def test_maps_and_sets(world: World) -> None:
    made: Any = JsMap([("a", 1)])
    invoke(made, "set", math.nan, 2)
    assert [invoke(made, "get", math.nan), invoke(made, "has", "a"), invoke(made, "delete", "zz")] == [2, True, False]
    assert [list(invoke(made, name)._js_iterate()) for name in ("keys", "values")][1] == [1, 2]
    assert plain(next(invoke(made, "entries")._js_iterate())) == ["a", 1]
    assert made.popitem() == ("a", 1)
    with pytest.raises(KeyError):
        del made["nope"]
    made.clear()
    assert len(JsMap._js_construct([None])) == 0
    with pytest.raises(EdgeError, match="is not an entry object"):
        JsMap._js_construct([JsArray([5])])
    literal = LiteralMap([("a", 1)])
    literal._js_set("b", 2)
    assert (literal._js_keys(), literal._js_get("size"), plain(literal)) == (["a", "b"], 2, {"a": 1, "b": 2})
    group = JsSet([1])
    invoke(group, "add", 2)
    seen: list[Any] = []
    invoke(group, "forEach", JsFunction(lambda value, key, whole: seen.extend([(value, key)])))
    assert seen == [(1, 1), (2, 2)]
    assert [invoke(group, "delete", 1), invoke(group, "delete", 1), invoke(group, "has", 2)] == [True, False, True]
    assert [list(invoke(group, name)._js_iterate()) for name in ("keys", "values")] == [[2], [2]]
    assert [plain(entry) for entry in invoke(group, "entries")._js_iterate()] == [[2, 2]]
    invoke(group, "clear")
    assert (len(group), len(JsSet._js_construct([]))) == (0, 0)


def test_views(world: World) -> None:
    target = JsObject({"a": 1, "in": JsObject({"b": 2})})
    view: Any = ObjectMap(target, True)
    view["c"] = [1]
    view.d = 5
    assert (target.c, view.d, view["in"]["b"], view.get("zz", 1), "a" in view) == ([1], 5, 2, 1, True)
    del view["a"]
    del view.d
    assert list(view) == ["in", "c"]
    with pytest.raises(KeyError):
        view["zz"]
    with pytest.raises(KeyError):
        del view["zz"]
    assert len(view) == 2
    listed = JsArray([JsObject({"a": 1}), 5]).as_py_json()
    assert [listed[0]["a"], [item["a"] for item in listed if not isinstance(item, int)]] == [1, [1]]
    assert Box().as_py_json()._js_get("value") == 0


# Buffers


def test_buffers(world: World) -> None:
    scope = js()
    array = scope.Uint8Array.new([1, 2, 3])
    out = io.BytesIO()
    array.to_file(out)
    assert out.getvalue() == b"\x01\x02\x03"
    array.from_file(io.BytesIO(b"xyz"))
    assert array.to_string() == "xyz"
    array.set([9], 1)
    array.fill(4)
    array._js_set("0", 1)
    array._js_set("9", 1)
    array.note = "x"
    assert (list(array), array.note, array[-1], list(array.to_memoryview())) == ([1, 4, 4], "x", 4, [1, 4, 4])
    with pytest.raises(IndexError):
        array[7] = 1
    for wrong in (
        lambda: array.set([1, 2, 3], 2), lambda: scope.Uint8Array.new(-1),
        lambda: scope.Uint16Array.new(scope.ArrayBuffer.new(4), 8),
        lambda: scope.Uint8Array.new(scope.ArrayBuffer.new(2), 0, 5),
    ):  # fmt: skip
        with pytest.raises(JsException, match="RangeError"):
            wrong()  # type: ignore[no-untyped-call]
    assert list(scope.Uint8Array.new(JsObject({"length": 2, "1": 5}))) == [0, 5]
    assert list(scope.BigInt64Array.new([JsBigInt(-1)])) == [-1]
    assert scope.Float32Array.new([0.5])[0] == 0.5
    view = scope.DataView.new(scope.ArrayBuffer.new(8), 2)
    view.setFloat32(0, 1.5)
    assert (view.getFloat32(0), view.byteOffset, view.byteLength, view.buffer.byteLength) == (1.5, 2, 6, 8)
    for wrong in (lambda: view.setInt32(5, 1), lambda: scope.DataView.new(5)):
        with pytest.raises(JsException):
            wrong()
    assert bytes_of("x") is None
    assert bytes_of(proxy(b"ab")) == b"ab"
    assert bytes_of(JsArrayBuffer(b"c")) == b"c"
    assert scope.Uint8ClampedArray.new([math.nan, 1.4])[1] == 1


# Dates


def test_dates(world: World) -> None:
    date = js().Date.new(2026, 0, 31, 10, 20, 30, 400)
    assert (date.getMonth(), date.getUTCHours(), date.getMilliseconds(), date.getTimezoneOffset()) == (0, 10, 400, 0)
    date.setMonth(1)  # there is no 31 February
    assert date.toISOString() == "2026-03-03T10:20:30.400Z"
    date.setUTCFullYear(2027, 0, 1)
    date.setTime(0)
    assert (date.toString()[:15], date.toUTCString(), date.toJSON()) == (
        "Thu Jan 01 1970", "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"
    )  # fmt: skip
    wrong = js().Date.new("x")
    assert (str(wrong), wrong.toUTCString(), wrong.toJSON(), math.isnan(wrong.getDay())) == (
        "Invalid Date", "Invalid Date", jsnull, True
    )  # fmt: skip
    assert js().Date().startswith("Thu Jan 01 2026 00:00:00")
    assert js().Date.new(date).getTime() == 0
    assert JsDate(1.7)._time == 1
    assert math.isnan(js().Date.UTC(math.nan))
    assert math.isnan(js().Date.UTC(300000, 1))
    assert js().Date.UTC(99) == 915148800000
    assert parse("Thu, 01 Jan 1970 00:00:01 GMT") == 1000
    assert parse("1970-01-01T00:00:00-01:00") == 3600000
    assert [math.isnan(parse(each)) for each in ("2020-13-01", "2020-01-01T25:00", "words")] == [True] * 3


# Python objects


def test_proxies(world: World) -> None:
    target: Any = {"a": 1}
    held = proxy(target)
    invoke(held, "set", "b", [2])
    assert target["b"].to_py() == [2]
    invoke(held, "delete", "a")
    assert [invoke(held, "has", "b"), invoke(held, "get", "zz"), held._js_get("length")] == [True, UNDEFINED, 1]
    held._js_set("c", 3)
    assert (target["c"], held._js_keys(), [key for key, _ in held._js_items()]) == (3, ["b", "c"], ["b", "c"])
    copy = invoke(held, "copy")
    copy.destroy()
    assert (held._js_get("type"), invoke(held, "toString")[:5]) == ("dict", "{'b':")
    assert invoke(held, "toJs")._js_get("size") == 2
    numbers = proxy([1, 2])
    invoke(numbers, "push", 3)
    assert numbers._live() == [1, 2, 3]
    assert plain(invoke(proxy((1, 2)), "map", JsFunction(lambda x, i, a: x * 2))) == [2, 4]
    assert list(numbers._js_keys()) == ["0", "1", "2"]
    double: Any = create_proxy([1, 2])
    double[0] = 9
    assert (double[0], len(double), list(double), 9 in double) == (9, 2, [9, 2], True)
    assert proxy(lambda: 1)._js_tag() == "[object Function]"
    assert proxy(5)._js_iterate() is None
    captured: Any = create_proxy(lambda this, x: (this, x), capture_this=True)
    assert plain(captured._js_apply("self", ["x"])) == ["self", "x"]
    with entered(Realm(PY312)):
        assert proxy({"a": 1})._js_get("a") is UNDEFINED
        assert proxy({"a": 1})._js_keys() == []


def test_big_integers() -> None:
    assert [big(5.0), big("0x10"), big(True), big("")] == [5, 16, 1, 0]
    for wrong in (1.5, "x"):
        with pytest.raises(EdgeError):
            big(wrong)


def test_awaitable_proxies(world: World) -> None:
    async def work() -> Any:
        held = proxy(asyncio.sleep(0, 5))
        return await settled(invoke(held, "then", JsFunction(lambda x: x + 1)))

    assert world.run(work()) == 6


# Conversions


def test_to_js_options(world: World) -> None:
    def eager(value: Any, convert: Callable[[Any], Any], cache: Callable[[Any, Any], None]) -> Any:
        return "set" if isinstance(value, set) else convert(value)

    made = to_js([1, {2}, [{3}]], eager_converter=eager)
    assert made.to_py() == [1, "set", ["set"]]
    with pytest.raises(ConversionError, match="Cannot use"):
        to_js({(1,): 1})
    with entered(Realm(PY314)):
        assert to_js({1: 2, None: 3})._js_keys() == ["1", "undefined"]


def test_plain(world: World) -> None:
    cycle = JsArray()
    cycle._list.append(cycle)
    found = plain(cycle)
    assert found[0] is found
    made = JsMap([("d", JsDate(0)), ("s", JsSet([1])), ("b", JsUint8Array._over(b"x")), ("g", JsBigInt(2**60))])
    assert plain(made) == {"d": datetime(1970, 1, 1, tzinfo=UTC), "s": {1}, "b": b"x", "g": 2**60}
    held = proxy({"a": [1, b"x"], 5: None})
    assert plain(held) == {"a": [1, b"x"], "5": UNDEFINED}
    function = JsFunction(len)
    wrong = JsDate(math.nan)
    assert (plain(function), plain(wrong), plain(5)) == (function, wrong, 5)
    assert isinstance(plain(proxy(object())), PyProxy)


def test_structured_clone(world: World) -> None:
    shared = JsObject({"x": 1})
    made = structured_clone(JsArray([shared, shared, JsSet([1]), JsDate(5), JsException("TypeError", "m")]))
    assert made._list[0] is made._list[1] is not shared
    assert (made._list[3]._time, made._list[4].name) == (5, "TypeError")
    view = js().DataView.new(JsArrayBuffer(b"abcd"), 1, 2)
    assert structured_clone(view).to_bytes() == b"bc"
    assert structured_clone(js().Uint16Array.new([1, 2])).to_py().tolist() == [1, 2]
    for wrong, words in (
        (JsFunction(len, "f"), "function f"), (Box(), "#<Box> could not"), (LiteralMap(), "Map"),
        (proxy(len), "function"),
    ):  # fmt: skip
        with pytest.raises(EdgeError, match=words) as raised:
            structured_clone(wrong)
        assert raised.value.name == "DataCloneError"


def test_json(world: World) -> None:
    stringify = js().JSON.stringify
    assert stringify(JsObject({"a": 1, "b": 2}), JsArray(["b"])) == '{"b":2}'
    assert stringify(JsObject({"f": JsFunction(len), "u": UNDEFINED, "d": JsDate(0)})) == (
        '{"d":"1970-01-01T00:00:00.000Z"}'
    )
    assert stringify(JsObject({"a": JsArray(), "b": JsObject()}), None, 1) == '{\n "a": [],\n "b": {}\n}'
    assert stringify(JsFunction(len)) is None
    with pytest.raises(JsException, match="serialize a BigInt"):
        stringify(JsBigInt(1))
    assert js().JSON.parse('{"a":[1]}', lambda key, value, context: 5 if key == "0" else value).a[0] == 5
    assert to_json(proxy([1, "x"])) == [1, "x"]
    with pytest.raises(JsException, match="destroyed when an iterator was exhausted"):
        to_json(proxy([1, (2,)]))


def test_standard_names(world: World) -> None:
    scope = js()
    assert (scope.Math.sqrt(4), scope.Math.hypot(3, 4), scope.Math.sign(-2)) == (2, 5, -1)
    assert math.isnan(scope.Math.log(-1))
    assert (scope.Math.ceil(1.2), scope.Math.trunc(-1.7), scope.Math.floor(math.inf), scope.Math.max()) == (
        2, -1, math.inf, -math.inf
    )  # fmt: skip
    assert 0 <= scope.Math.random() < 1
    assert (scope.Number.parseInt("12"), scope.Number.parseFloat("1.5"), scope.Number.isFinite(1)) == (12, 1.5, True)
    assert (scope.Number.isNaN(math.nan), scope.Number.new(5).valueOf(), str(scope.String.new("x"))) == (True, 5, "x")
    assert (scope.String.fromCharCode(97, 98), list(scope.String.new("ab")), scope.String.new("\U0001f600").length) == (
        "ab", ["a", "b"], 2
    )  # fmt: skip
    assert (str(scope.Boolean.new(1)), scope.isFinite(math.inf), scope.Number(scope.BigInt(5))) == ("true", False, 5)
    assert str(scope.Symbol("x")) == "Symbol(x)"
    for wrong in (
        lambda: scope.BigInt.new(5), lambda: scope.Symbol.new(), lambda: scope.Function.new("x"),
        lambda: scope.Function("x"),
        lambda: scope.Object.keys(None), lambda: scope.decodeURI("%ff"),
    ):  # fmt: skip
        with pytest.raises(JsException):
            wrong()  # type: ignore[no-untyped-call]
    made = scope.Object.create(JsObject({"a": 1}))
    assert (made.a, scope.Object.hasOwn(made, "a"), scope.Object.is_(1, 1)) == (1, True, True)
    assert (scope.Object.isFrozen(1), scope.Object.freeze(made) == made) == (True, True)
    assert list(scope.Object.keys("ab")) == []
    assert list(scope.Object.values("ab")) == ["a", "b"]
    assert (scope.Reflect.has(made, "a"), scope.Reflect.get(made, "a"), list(scope.Reflect.ownKeys(made))) == (
        True, 1, ["a"]
    )  # fmt: skip
    scope.Reflect.set(made, "b", 2)
    assert scope.Reflect.apply(JsFunction(lambda *a: len(a)), None, JsArray([1, 2])) == 2
    assert made.b == 2


def test_proxy_class_itself() -> None:
    with pytest.raises(TypeError, match="cannot be instantiated"):
        JsProxy()


def test_awaitables_are_typed() -> None:
    waiting: type = Awaitable
    assert issubclass(PyodideFuture, waiting)
