"""Objects are constructed, kept, evicted, reset; stubs, errors, ids, what a test holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.durable_objects import (
    DurableObjectId,
    DurableObjectNamespace,
    DurableObjectStub,
    ObjectState,
    backend_of,
)  # fmt: skip
from edgelint.testing.bindings.object_life import BLOCKED_TOO_LONG, Life
from edgelint.testing.config import WorkerConfig
from edgelint.testing.errors import EdgeError, EdgeUsageError, HungError
from edgelint.testing.facade import Env
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World
from tests.testing.bindings.durable_objects.support import FakeHost, Outside, app, config, namespace, world_of


class Thing:
    outside: Outside

    def __init__(self, ctx: ObjectState) -> None:
        self.ctx = ctx
        self.kept: Any = None
        self.order: list[Any] = []

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        await self.ctx.storage.put("url", request.url)
        return HttpResponse(200, [], request.method.encode())

    def keep(self, value: Any) -> Any:
        before, self.kept = self.kept, value
        return before

    async def store(self, key: str, value: Any) -> None:
        await self.ctx.storage.put(key, value)

    async def load(self, key: str) -> Any:
        return await self.ctx.storage.get(key)

    async def echo(self, value: Any, **named: Any) -> Any:
        return [value, named]

    async def fail(self, error: str = "value") -> None:
        raise {
            "value": ValueError("bad value"), "type": EdgeError("bad type", "TypeError"),
            "flags": EdgeError("flags", retryable=True, overloaded=True, code=7), "usage": EdgeUsageError("the test"),
        }[error]  # fmt: skip

    async def note(self, value: Any, turns: int = 0) -> list[Any]:
        self.order.append(value)
        for _ in range(turns):
            await self.outside.ping()
        return self.order

    async def abort(self, reason: str | None = None) -> None:
        self.ctx.storage.kv.put("lost", 1)
        self.ctx.abort(reason)
        self.order.append("never")

    async def wait_for_ever(self) -> None:
        await asyncio.get_running_loop().create_future()

    async def sleep(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "slept"

    async def block(self, how: str) -> Any:
        async def section() -> Any:
            if how == "fails":
                raise EdgeError("in the section", "RangeError")
            if how == "hangs":
                await asyncio.get_running_loop().create_future()
            if how == "times out by itself":
                raise TimeoutError("mine")
            if how == "nests":
                return [await self.ctx.block_concurrency_while(lambda: "inner"), "outer"]
            await asyncio.sleep(29)
            return how

        return await self.ctx.block_concurrency_while(section)

    async def beside(self, fails: bool) -> str:
        async def work() -> None:
            await asyncio.sleep(5)
            await self.ctx.storage.put("beside", 1)
            if fails:
                raise ValueError("beside")

        self.ctx.wait_until(work())
        return "answered"

    async def beside_future(self) -> None:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        future.set_result(1)
        self.ctx.wait_until(future)


@pytest.fixture
def made() -> Iterator[tuple[World, DurableObjectNamespace, FakeHost]]:
    world, thing, host = world_of(Thing)
    Thing.outside = Outside(world)
    yield world, thing, host
    world.close()


Made = tuple[World, DurableObjectNamespace, FakeHost]


def call(world: World, stub: Any, *args: Any) -> Any:
    method, *rest = args
    (found,) = app(world, lambda: stub.call(method, rest))
    return found


def request(url: str = "https://x/a", method: str = "GET") -> HttpRequest:
    return HttpRequest(method, url)


# -- construction and eviction ----------------------------------------------------------------------------------------


def test_constructed_at_first_use_and_kept(made: Made) -> None:
    world, thing, host = made
    handle = thing.handle("a")
    assert (host.constructed, handle.is_in_memory, handle.instance) == ([], False, None)
    assert call(world, thing.get_by_name("a"), "keep", 1) is None
    assert call(world, thing.get_by_name("a"), "keep", 2) == 1
    assert call(world, thing.get_by_name("b"), "keep", 3) is None
    assert host.constructed == ["Thing", "Thing"]
    assert handle.is_in_memory
    assert handle.instance.kept == 2


def test_fetch(made: Made) -> None:
    world, thing, _ = made
    (response,) = app(world, lambda: thing.get_by_name("a").fetch(request(method="POST")))
    assert (response.status, response.body) == (200, b"POST")
    assert world.run(thing.handle("a").fetch(request("https://x/b"))).body == b"GET"
    assert world.run(thing.handle("a").storage.get("url")) == "https://x/b"


def test_eviction_loses_memory_and_nothing_else(made: Made) -> None:
    world, thing, host = made
    stub = thing.get_by_name("a")
    call(world, stub, "keep", 1)
    call(world, stub, "store", "k", [1])
    state = thing.handle("a").instance.ctx
    assert world.run(thing.handle("a").evict())
    assert not world.run(thing.handle("a").evict())
    assert not thing.handle("a").is_in_memory
    assert call(world, stub, "keep", 2) is None
    assert call(world, stub, "load", "k") == [1]
    assert host.constructed == ["Thing"] * 2
    with pytest.raises(EdgeError, match="no longer accessible"):
        world.run(state.storage.get("k"))


def test_evict_all(made: Made) -> None:
    world, thing, _ = made
    for name in "abc":
        call(world, thing.get_by_name(name), "keep", 1)
    assert [each.name for each in thing.ids()] == ["a", "b", "c"]
    assert world.run(thing.evict_all()) == 3
    assert world.run(thing.evict_all()) == 0
    assert len(thing.objects) == 3


def test_a_busy_object_is_not_evicted(made: Made) -> None:
    world, thing, _ = made
    world.start(thing.get_by_name("a").call("sleep", [10]))
    world.settle()
    with pytest.raises(EdgeUsageError, match="Thing a handles an event"):
        world.run(thing.handle("a").evict())
    world.advance_to(world.clock.now + 10_000)
    assert world.run(thing.handle("a").evict())


class Slow:
    def __init__(self, ctx: ObjectState) -> None:
        self.ctx = ctx
        self.ready = False
        ctx.block_concurrency_while(self.start)

    async def start(self) -> None:
        self.value = await self.ctx.storage.get("value")
        await asyncio.sleep(3)
        self.ready = True

    def is_ready(self) -> bool:
        return self.ready


def test_events_wait_for_what_the_constructor_blocks_for() -> None:
    world, slow, _ = world_of(Slow)
    stub = slow.get_by_name("a")
    assert app(world, *[lambda: stub.call("is_ready")] * 3) == [True] * 3
    assert world.clock.now - world.clock.start == 3_000
    world.close()


class Failing:
    tries = 0

    def __init__(self, ctx: ObjectState) -> None:
        type(self).tries += 1
        if type(self).tries == 1:
            raise ValueError("not yet")

    def fine(self) -> bool:
        return True


def test_a_constructor_that_raises() -> None:
    Failing.tries = 0
    world, failing, _ = world_of(Failing)
    errors = app(world, *[lambda: failing.get_by_name("a").call("fine")] * 2)
    assert [str(each) for each in errors] == ["Error: PythonError: ValueError: not yet"] * 2
    assert call(world, failing.get_by_name("a"), "fine") is True
    world.close()


def test_a_class_that_the_worker_does_not_have() -> None:
    world, _, _ = world_of(Thing)
    other = DurableObjectNamespace(Declared("X", "durable-object", "X", {"class_name": "X"}, "app"), world)
    assert isinstance(call(world, other.get_by_name("a"), "x"), EdgeError)
    world.close()


def test_an_object_of_another_worker() -> None:
    world, thing, _ = world_of(Thing)
    other = FakeHost(Thing)
    world.add(config(Thing, name="other")).run_on(other)
    there = namespace(world, Thing, script_name="other")
    assert call(world, there.get_by_name("a"), "keep", 1) is None
    assert other.constructed == ["Thing"]
    assert call(world, thing.get_by_name("a"), "keep", 2) is None
    assert there.id_from_name("a") != thing.id_from_name("a")
    with pytest.raises(EdgeUsageError, match="no worker 'nowhere'"):
        namespace(world, Thing, script_name="nowhere")
    world.close()


def test_without_a_config_a_class_has_sqlite() -> None:
    world = World()
    bare = DurableObjectNamespace(Declared("X", "durable-object", "X"), world)
    assert bare.objects.sqlite
    assert bare.class_name == "X"
    world.close()


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("which", "text"),
    [
        ("value", "Error: PythonError: ValueError: bad value"), ("type", "TypeError: bad type"),
        ("flags", "Error: flags"),
    ],
)  # fmt: skip
def test_what_the_object_raises_is_remote(made: Made, which: str, text: str) -> None:
    world, thing, _ = made
    error = call(world, thing.get_by_name("a"), "fail", which)
    assert isinstance(error, EdgeError)
    assert str(error) == text
    assert error.remote
    flags = (True, True, 7) if which == "flags" else (False, False, None)
    assert (error.retryable, error.overloaded, error.code) == flags
    assert error.__cause__ is not None


def test_what_is_said_to_the_test_stays_what_it_is(made: Made) -> None:
    world, thing, _ = made
    assert isinstance(call(world, thing.get_by_name("a"), "fail", "usage"), EdgeUsageError)


def test_an_error_of_the_app_breaks_no_stub(made: Made) -> None:
    world, thing, _ = made
    stub = thing.get_by_name("a")
    call(world, stub, "keep", 1)
    call(world, stub, "fail")
    assert call(world, stub, "keep", 2) == 1


def test_no_such_method(made: Made) -> None:
    world, thing, _ = made
    error = call(world, thing.get_by_name("a"), "nothing")
    assert str(error) == 'TypeError: The RPC receiver does not implement the method "nothing".'


@pytest.mark.parametrize("method", ["alarm", "webSocketMessage", "dup"])
def test_reserved_methods(made: Made, method: str) -> None:
    world, thing, _ = made
    error = call(world, thing.get_by_name("a"), method)
    assert str(error) == f"TypeError: '{method}' is a reserved method and cannot be called over RPC."


def test_arguments_and_results_are_copies(made: Made) -> None:
    world, thing, _ = made
    mine = {"list": [1]}
    answer = world.run(thing.get_by_name("a").call("echo", [mine], {"named": mine}))
    assert answer == [mine, {"named": mine}]
    assert answer[0] is not mine
    assert answer[1]["named"] is not mine
    with pytest.raises(EdgeError, match="could not be cloned") as caught:
        world.run(thing.get_by_name("a").call("echo", [print]))
    assert caught.value.name == "DataCloneError"


# -- reset ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["because", None])
def test_abort(made: Made, reason: str | None) -> None:
    world, thing, host = made
    stub = thing.get_by_name("a")
    call(world, stub, "store", "kept", 1)
    call(world, stub, "keep", 1)
    instance = thing.handle("a").instance
    errors = app(world, lambda: stub.call("sleep", [5]), lambda: thing.get_by_name("a").call("abort", [reason]))
    expected = f"Error: {reason or 'Application called abort() to reset Durable Object.'}"
    assert [str(each) for each in errors] == [expected] * 2
    assert instance.order == []
    assert str(call(world, stub, "keep", 2)) == expected  # the stub is broken
    fresh = thing.get_by_name("a")
    assert call(world, fresh, "keep", 2) is None
    assert call(world, fresh, "load", "lost") is UNDEFINED
    assert call(world, fresh, "load", "kept") == 1
    assert host.constructed == ["Thing"] * 2


def test_abort_in_a_task_beside_ends_the_event(made: Made) -> None:
    class Beside:
        def __init__(self, ctx: ObjectState) -> None:
            self.ctx = ctx

        async def run(self) -> None:
            async def stop() -> None:
                self.ctx.abort("from beside")

            await asyncio.gather(stop())

    world, beside, _ = world_of(Beside)
    assert str(call(world, beside.get_by_name("a"), "run")) == "Error: from beside"
    world.close()


def test_block_concurrency_while(made: Made) -> None:
    world, thing, _ = made
    order: list[str] = []

    async def other() -> None:
        await asyncio.sleep(1)
        order.append(f"asked at {world.clock.now - world.clock.start:.0f}")
        await thing.get_by_name("a").call("keep", [1])
        order.append(f"answered at {world.clock.now - world.clock.start:.0f}")

    assert app(world, lambda: thing.get_by_name("a").call("block", ["done"]), other) == ["done", None]
    assert order == ["asked at 1000", "answered at 29000"]
    assert call(world, thing.get_by_name("a"), "block", "nests") == ["inner", "outer"]


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("fails", "RangeError: in the section"),
        ("hangs", f"Error: {BLOCKED_TOO_LONG}"),
        ("times out by itself", "Error: PythonError: TimeoutError: mine"),
    ],
)  # fmt: skip
def test_a_section_that_fails_resets_the_object(made: Made, how: str, text: str) -> None:
    world, thing, host = made
    call(world, thing.get_by_name("a"), "keep", 1)
    errors = app(
        world, lambda: thing.get_by_name("a").call("block", [how]), lambda: thing.get_by_name("a").call("keep", [2])
    )
    assert [str(each) for each in errors] == [text] * 2
    assert errors[0].overloaded is (how == "hangs")
    assert world.clock.now - world.clock.start == (30_000 if how == "hangs" else 0)
    assert call(world, thing.get_by_name("a"), "keep", 3) is None
    assert host.constructed == ["Thing"] * 2


def test_sections_too_deep() -> None:
    class Deep:
        def __init__(self, ctx: ObjectState) -> None:
            self.ctx = ctx

        async def go(self, depth: int) -> int:
            if depth == 0:
                return 0
            return 1 + int(await self.ctx.block_concurrency_while(lambda: self.go(depth - 1)))

    world, deep, _ = world_of(Deep)
    assert call(world, deep.get_by_name("a"), "go", 64) == 64
    assert "nested too deeply" in str(call(world, deep.get_by_name("a"), "go", 65))
    world.close()


def test_a_deadlock_is_a_hang(made: Made) -> None:
    world, thing, _ = made
    with pytest.raises(HungError):
        world.run(thing.get_by_name("a").call("wait_for_ever"))


# -- stubs ------------------------------------------------------------------------------------------------------------


def test_calls_on_one_stub_arrive_in_order(made: Made) -> None:
    world, thing, _ = made
    stub = thing.get_by_name("a")
    delays = [5.0, 1.0, 0.0]

    async def network(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        if operation.kind == "durable-object":
            await asyncio.sleep(delays[operation.request["args"][0]])
        return await proceed()

    world.gate.faults = network
    app(world, *(lambda number=number: stub.call("note", [number]) for number in range(3)))
    assert thing.handle("a").instance.order == [0, 1, 2]
    world.gate.faults = network
    app(world, *(lambda number=number: thing.get_by_name("b").call("note", [number]) for number in range(3)))
    assert thing.handle("b").instance.order == [2, 1, 0]


def test_a_call_that_is_lost_lets_the_next_pass_and_breaks_the_stub(made: Made) -> None:
    world, thing, _ = made
    stub = thing.get_by_name("a")

    async def network(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        if operation.kind == "durable-object" and operation.request["args"] == ["lost"]:
            raise EdgeError("Network connection lost.", retryable=True)
        return await proceed()

    world.gate.faults = network
    results = app(world, lambda: stub.call("note", ["lost"]), lambda: stub.call("note", [1]))
    assert str(results[0]) == "Error: Network connection lost."
    assert results[1] == [1]
    assert str(call(world, stub, "note", 2)) == "Error: Network connection lost."
    assert call(world, thing.get_by_name("a"), "note", 3) == [1, 3]


def test_events_come_to_an_object_in_the_order_of_their_arrival(made: Made) -> None:
    world, thing, _ = made
    app(world, *(lambda n=n: thing.get_by_name("a").call("note", [n, 3 - n]) for n in range(3)))
    assert thing.handle("a").instance.order == [0, 1, 2]


def test_operations_of_a_call(made: Made) -> None:
    world, thing, _ = made
    seen: list[Operation] = []
    world.gate.observers.append(lambda operation: seen.append(operation) if operation.outcome == "pending" else None)
    call(world, thing.get_by_name("a"), "store", "k", 1)
    object_id = str(thing.id_from_name("a"))
    assert [(each.name, each.kind, each.key) for each in seen] == [
        ("THING.call", "durable-object", "a"), ("Thing.put", "durable-object-storage", "k"),
        ("Thing.flush", "durable-object-storage", None),
    ]  # fmt: skip
    assert all(each.attributes["object_id"] == object_id for each in seen)
    assert all(each.origin == "app" for each in seen)
    call(world, thing.get(thing.new_unique_id()), "keep", 1)
    assert seen[3].key == seen[3].attributes["object_id"]


def test_what_a_test_calls_runs_as_the_app(made: Made) -> None:
    world, thing, _ = made
    seen: list[tuple[str, str]] = []
    world.gate.observers.append(lambda operation: seen.append((operation.verb, operation.origin)))
    world.run(thing.handle("a").call("store", "k", 1))
    assert set(seen) == {("call", "test"), ("put", "app"), ("flush", "app")}


# -- ids --------------------------------------------------------------------------------------------------------------


def test_ids(made: Made) -> None:
    _, thing, _ = made
    named = thing.id_from_name("a")
    assert (named.name, named.jurisdiction, len(str(named))) == ("a", None, 64)
    again = thing.id_from_string(str(named).upper())
    assert again == named
    assert again.equals(named)
    assert again.name is None
    assert hash(again) == hash(named)
    assert named != "a"
    assert thing.new_unique_id() != thing.new_unique_id()
    assert repr(named) == f"DurableObjectId('{named}', 'a')"
    assert repr(again) == f"DurableObjectId('{named}')"
    stub = thing.get_by_name("a", location_hint="weur")
    assert (stub.id, stub.name, stub.location_hint) == (named, "a", "weur")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be 64 hex digits"), ("g" * 64, "must be 64 hex digits"),
        ("0" * 64, "Durable Object ID is not valid for this namespace."),
    ],
)  # fmt: skip
def test_texts_that_are_no_id(made: Made, text: str, message: str) -> None:
    with pytest.raises(EdgeError, match=message) as caught:
        made[1].id_from_string(text)
    assert caught.value.name == "TypeError"


def test_ids_of_unique_objects_are_the_same_in_every_run_of_a_seed() -> None:
    found = []
    for seed in (1, 1, 2):
        world, thing, _ = world_of(Thing, seed=seed)
        found.append(thing.new_unique_id())
        world.close()
    assert found[0] == found[1] != found[2]


def test_jurisdictions(made: Made) -> None:
    _, thing, _ = made
    european = thing.jurisdiction("eu")
    there = european.id_from_name("a")
    assert there.jurisdiction == "eu"
    assert there != thing.id_from_name("a")
    assert thing.id_from_string(str(there)).jurisdiction == "eu"
    assert thing.new_unique_id(jurisdiction="eu").jurisdiction == "eu"
    assert isinstance(thing.get(there), DurableObjectStub)
    assert isinstance(european.get(there), DurableObjectStub)
    assert thing.jurisdiction(None).id_from_name("a") == thing.id_from_name("a")
    with pytest.raises(EdgeError, match="an ID from a different jurisdiction"):
        european.get(thing.id_from_name("a"))
    with pytest.raises(EdgeError, match="not valid for this namespace"):
        european.id_from_string(str(thing.id_from_name("a")))
    with pytest.raises(EdgeError, match="Invalid jurisdiction: mars"):
        thing.jurisdiction("mars")


def test_routing_mode(made: Made) -> None:
    made[1].get_by_name("a", routing_mode="primary-only")
    with pytest.raises(EdgeError, match="unknown routingMode: near") as caught:
        made[1].get_by_name("a", routing_mode="near")
    assert caught.value.name == "RangeError"


# -- the state --------------------------------------------------------------------------------------------------------


def test_wait_until(made: Made) -> None:
    world, thing, _ = made
    assert call(world, thing.get_by_name("a"), "beside", False) == "answered"
    assert world.run(thing.handle("a").storage.get("beside")) is UNDEFINED
    world.advance_to(world.clock.now + 5_000)
    assert world.run(thing.handle("a").storage.get("beside")) == 1
    call(world, thing.get_by_name("a"), "beside_future")
    world.settle()
    assert world.failures == []


def test_what_wait_until_raises_is_reported(made: Made) -> None:
    world, thing, _ = made
    call(world, thing.get_by_name("a"), "beside", True)
    world.advance_to(world.clock.now + 5_000)
    ((label, error),) = world.failures
    assert label == "waitUntil of Thing a"
    assert str(error) == "beside"


def test_eviction_ends_what_runs_beside(made: Made) -> None:
    world, thing, _ = made
    call(world, thing.get_by_name("a"), "beside", True)
    world.settle()
    world.run(thing.handle("a").evict())
    world.advance_to(world.clock.now + 5_000)
    assert world.failures == []
    assert world.run(thing.handle("a").storage.get("beside")) is UNDEFINED


def test_state(made: Made) -> None:
    world, thing, _ = made
    call(world, thing.get_by_name("a"), "keep", 1)
    state: ObjectState = thing.handle("a").instance.ctx
    assert state.id.name == "a"
    assert dict(state.props) == {}
    assert list(state.exports) == ["Thing"]
    assert state.exports["Thing"].id_from_name("a") == state.id
    assert call(world, state.exports["Thing"].get_by_name("a"), "keep", 2) == 1


def test_no_exports_without_a_config() -> None:
    world = World()
    bare = DurableObjectNamespace(Declared("X", "durable-object", "X"), world)
    assert dict(ObjectState(Life(bare.handle("a")._home)).exports) == {}
    world.close()


# -- what a test holds ------------------------------------------------------------------------------------------------


def test_handles(made: Made) -> None:
    world, thing, _ = made
    with pytest.raises(EdgeUsageError, match="'THING' has 0 objects"):
        thing.handle()
    call(world, thing.get_by_name("a"), "keep", 1)
    named = thing.id_from_name("a")
    for which in (None, "a", named, str(named), thing.get_by_name("a")):
        assert thing.handle(which).id == named
    assert thing.handle("a").name == "a"
    call(world, thing.get_by_name("b"), "keep", 1)
    with pytest.raises(EdgeUsageError, match="has 2 objects"):
        thing.handle(None)


def test_run_inside(made: Made) -> None:
    world, thing, _ = made

    async def look(instance: Thing, state: ObjectState) -> Any:
        await state.storage.put("inside", instance.kept)
        return instance

    call(world, thing.get_by_name("a"), "keep", 5)
    assert world.run(thing.handle("a").run(look)) is thing.handle("a").instance
    assert world.run(thing.handle("a").run(lambda instance, state: state.id.name)) == "a"
    assert world.run(thing.handle("a").storage.get("inside")) == 5


def test_sql_of_a_handle(made: Made) -> None:
    world, thing, _ = made
    handle = thing.handle("a")
    handle.sql("CREATE TABLE t (x)")
    handle.sql("INSERT INTO t VALUES (?), (2)", 1)
    assert handle.sql("SELECT x FROM t") == [{"x": 1}, {"x": 2}]
    assert not handle.is_in_memory
    assert world.run(thing.handle("a").evict()) is False


def test_through_the_facade() -> None:
    world = World()
    world.add(
        WorkerConfig(
            *_paths(), "app", None, "2026-06-01", (),
            (Declared("THING", "durable-object", "Thing", {"class_name": "Thing"}, "app"),), {}, (),
            {"migrations": [{"tag": "v1", "new_sqlite_classes": ["Thing"]}]},
        )
    ).run_on(FakeHost(Thing))  # fmt: skip
    env = Env(world, awaited=False)
    assert env.THING.get_by_name("a").call("keep", [1]) is None
    handle = env.THING.handle("a")
    handle.storage.put("k", {"a": 1})
    handle.storage.kv.put("l", 2)
    assert handle.storage.list() == {"k": {"a": 1}, "l": 2}
    assert handle.storage.sql.exec("SELECT 1 AS one").one() == {"one": 1}
    assert handle.storage.sql.database_size > 0
    assert handle.alarm is None
    assert handle.evict() is True
    assert isinstance(env.THING.id_from_name("a"), DurableObjectId)
    world.close()


def _paths() -> tuple[Any, Any, None]:
    made = config(Thing)
    return made.path, made.root, None


# -- migrations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("migrations", "backend"),
    [
        (None, "key-value"), ([{"new_classes": ["A"]}], "key-value"), ([{"new_sqlite_classes": ["A"]}], "sqlite"),
        ([{"new_sqlite_classes": ["B"]}, {"renamed_classes": [{"from": "B", "to": "A"}]}], "sqlite"),
        ([{"renamed_classes": [{"from": "X", "to": "A"}]}], "key-value"),
        ([{"new_sqlite_classes": ["A"]}, {"deleted_classes": ["A"]}], "key-value"), (["nonsense"], "key-value"),
    ],
)  # fmt: skip
def test_migrations_say_which_backend(migrations: Any, backend: str) -> None:
    made = config(Thing)
    changed = WorkerConfig(
        made.path, made.root, None, "app", None, "2026-01-01", (), (), {}, (), {"migrations": migrations}
    )
    assert backend_of("A", changed) == backend
