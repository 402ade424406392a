"""The gates: what may come in between, and what may not leave yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgelint.testing.bindings.durable_objects import ObjectState
from edgelint.testing.bindings.object_gates import InputGate, OutputGate, Section, taken
from edgelint.testing.errors import EdgeError
from edgelint.testing.operation import Operation, Stage
from edgelint.testing.values import UNDEFINED
from edgelint.testing.world import World
from tests.testing.bindings.durable_objects.support import Outside, app, world_of


class Counter:
    """Adds one, in every way that a program may go about it."""

    outside: Outside

    def __init__(self, ctx: ObjectState) -> None:
        self.ctx = ctx
        self.memory = 0
        self.seen: list[str] = []

    async def awaited(self) -> None:
        value = await self.ctx.storage.get("n") or 0
        await self.ctx.storage.put("n", value + 1)

    async def promised(self) -> None:
        """As a host does that starts every operation at once and hands out promises."""
        value = await asyncio.ensure_future(self.ctx.storage.get("n")) or 0
        await asyncio.ensure_future(self.ctx.storage.put("n", value + 1))

    async def chained(self) -> None:
        """A promise of a promise."""

        async def read() -> Any:
            return await asyncio.ensure_future(self.ctx.storage.get("n"))

        value = await asyncio.ensure_future(read()) or 0
        await self.ctx.storage.put("n", value + 1)

    async def synchronous(self) -> None:
        self.ctx.storage.kv.put("n", (self.ctx.storage.kv.get("n") or 0) + 1)

    async def sql(self) -> None:
        self.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS c (n)")
        value = await self.ctx.storage.get("n") or 0
        self.ctx.storage.sql.exec("INSERT INTO c VALUES (1)")
        await self.ctx.storage.put("n", value + 1)

    async def listed(self) -> None:
        value = (await self.ctx.storage.list(prefix="n")).get("n", 0)
        await self.ctx.storage.put({"n": value + 1})

    async def gathered(self) -> None:
        value, _ = await asyncio.gather(self.ctx.storage.get("n"), self.ctx.storage.get("other"))
        await self.ctx.storage.put("n", (value or 0) + 1)

    async def outside_first(self) -> None:
        await self.outside.ping()
        await self.awaited()

    async def in_transaction(self) -> None:
        async def add(txn: Any) -> None:
            value = await txn.get("n") or 0
            await self.outside.ping()
            await txn.put("n", value + 1)

        await self.ctx.storage.transaction(add)

    async def blocking(self) -> None:
        async def add() -> None:
            value = await self.ctx.storage.get("n") or 0
            await self.outside.ping()
            await asyncio.sleep(1)
            await self.ctx.storage.put("n", value + 1)

        await self.ctx.block_concurrency_while(add)

    async def outside_between(self) -> None:
        value = await self.ctx.storage.get("n") or 0
        await self.outside.ping()
        await self.ctx.storage.put("n", value + 1)

    async def sleep_between(self) -> None:
        value = await self.ctx.storage.get("n") or 0
        await asyncio.sleep(1)
        await self.ctx.storage.put("n", value + 1)

    async def concurrent(self) -> None:
        value = await self.ctx.storage.get("n", allow_concurrency=True) or 0
        await self.ctx.storage.put("n", value + 1)

    async def total(self) -> int:
        return int(await self.ctx.storage.get("n") or 0)


SAFE = (
    "awaited", "promised", "chained", "synchronous", "sql", "listed", "gathered", "outside_first", "in_transaction",
    "blocking",
)  # fmt: skip


def delays(turns: list[int]) -> Stage:
    """A stage that lets other work run for some turns before each operation."""
    left = list(turns)

    async def schedule(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        if not operation.verb.startswith(("kv.", "sql.")):
            for _ in range(left.pop() if left else 0):
                await asyncio.sleep(0)
        return await proceed()

    return schedule


def count(ways: list[str], turns: list[int], starts: list[int]) -> int:
    """Call the object once in each way, all at once, and ask it for the total."""
    world, namespace, _ = world_of(Counter)
    try:
        Counter.outside = Outside(world)
        world.gate.schedule = delays(turns)

        def call(way: str, start: int) -> Callable[[], Awaitable[Any]]:
            async def run() -> Any:
                for _ in range(start):
                    await asyncio.sleep(0)
                return await namespace.get_by_name("a").call(way)

            return run

        results = app(world, *(call(way, start) for way, start in zip(ways, starts, strict=True)))
        assert results == [None] * len(ways)
        total: int = world.run(namespace.get_by_name("a").call("total"))
        return total
    finally:
        world.close()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_nothing_comes_between_a_read_and_the_write_behind_it(data: st.DataObject) -> None:
    ways = data.draw(st.lists(st.sampled_from(SAFE), min_size=2, max_size=5))
    turns = data.draw(st.lists(st.integers(0, 7), max_size=40))
    starts = data.draw(st.lists(st.integers(0, 12), min_size=len(ways), max_size=len(ways)))
    assert count(ways, turns, starts) == len(ways)


@pytest.mark.parametrize("way", ["outside_between", "sleep_between"])
def test_across_anything_else_than_storage_updates_are_lost(way: str) -> None:
    assert count([way] * 4, [], [0] * 4) == 1


def test_one_that_waits_outside_lets_one_that_does_not_pass() -> None:
    assert count(["outside_between", "awaited"], [], [0, 0]) == 1


def test_allow_concurrency_gives_the_gate_up() -> None:
    assert count(["concurrent"] * 3, [5] * 6, [0] * 3) == 1


def test_timers_and_answers_wait_while_storage_is_busy() -> None:
    order: list[str] = []

    class Busy:
        def __init__(self, ctx: ObjectState) -> None:
            self.ctx = ctx

        async def sleeper(self) -> None:
            order.append("sleeps")
            await asyncio.sleep(1)
            order.append("woke")

        async def storage(self) -> None:
            await asyncio.sleep(0.5)
            order.append("reads")
            await self.ctx.storage.get("a")
            order.append("read")

    world, namespace, _ = world_of(Busy)

    async def slow(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        if operation.verb == "get" and operation.kind == "durable-object-storage":
            await asyncio.sleep(5)
        return await proceed()

    world.gate.schedule = slow
    stub = namespace.get_by_name("a")
    assert app(world, lambda: stub.call("sleeper"), lambda: stub.call("storage")) == [None, None]
    assert order == ["sleeps", "reads", "read", "woke"]
    assert world.clock.now - world.clock.start == 5500
    world.close()


def test_a_background_task_of_the_object_waits_for_the_gate_too() -> None:
    """What an answer is delivered to may be a task beside the event's own code."""
    order: list[str] = []

    class Tasks:
        outside: Outside

        def __init__(self, ctx: ObjectState) -> None:
            self.ctx = ctx

        async def run(self) -> None:
            async def beside() -> None:
                await self.outside.ping()
                order.append("beside")

            task = asyncio.ensure_future(beside())
            await asyncio.sleep(0)
            await self.ctx.storage.get("a")
            order.append("read")
            await task

    world, namespace, _ = world_of(Tasks)
    Tasks.outside = Outside(world)
    world.gate.schedule = delays([9, 0])
    assert app(world, lambda: namespace.get_by_name("a").call("run")) == [None]
    assert order == ["read", "beside"]
    world.close()


def test_an_error_of_something_else_comes_in_through_the_gate() -> None:
    order: list[str] = []

    class Trying:
        outside: Outside

        def __init__(self, ctx: ObjectState) -> None:
            self.ctx = ctx

        async def outside_fails(self) -> None:
            try:
                await self.outside.ping()
            except EdgeError as error:
                order.append(error.message)

        async def read(self) -> None:
            await self.ctx.storage.get("slow")
            order.append("read")

        async def beside(self) -> None:
            try:
                await self.ctx.storage.get("fails", allow_concurrency=True)
            except EdgeError as error:
                order.append(error.message)

    async def failing(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        if operation.kind == "kv":
            await asyncio.sleep(1)
            raise EdgeError("outside failed")
        if operation.key == "slow":
            await asyncio.sleep(5)
        if operation.key == "fails":
            await asyncio.sleep(1)
            raise EdgeError("storage failed")
        return await proceed()

    world, namespace, _ = world_of(Trying)
    Trying.outside = Outside(world)
    world.gate.faults = failing
    calls = [lambda way=way: namespace.get_by_name("a").call(way) for way in ("outside_fails", "beside", "read")]
    assert app(world, *calls) == [None] * 3
    assert (order[0], sorted(order)) == ("read", ["outside failed", "read", "storage failed"])
    world.close()


def test_code_that_waits_for_the_gate_when_the_object_is_reset_never_goes_on() -> None:
    order: list[str] = []

    class Stopping:
        outside: Outside

        def __init__(self, ctx: ObjectState) -> None:
            self.ctx = ctx

        async def timer(self) -> None:
            await asyncio.sleep(1)
            order.append("timer")

        async def answer(self) -> None:
            await self.outside.ping(ms=1000)
            order.append("answer")

        async def stop(self) -> None:
            await self.ctx.storage.get("slow")
            order.append("stop")
            self.ctx.abort("stopped")

    async def slow(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        if operation.key == "slow":
            await asyncio.sleep(5)
        return await proceed()

    world, namespace, _ = world_of(Stopping)
    Stopping.outside = Outside(world)
    world.gate.faults = slow
    calls = [lambda way=way: namespace.get_by_name("a").call(way) for way in ("timer", "answer", "stop")]
    assert [str(each) for each in app(world, *calls)] == ["Error: stopped"] * 3
    assert order == ["stop"]
    world.close()


# -- the output gate --------------------------------------------------------------------------------------------------


def flushes_slowly(world: World, seconds: float, fail: Exception | None = None) -> None:
    async def slow(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        if operation.verb == "flush":
            await asyncio.sleep(seconds)
            if fail is not None:
                raise fail
        return await proceed()

    world.gate.faults = slow


class Writer:
    outside: Outside

    def __init__(self, ctx: ObjectState) -> None:
        self.ctx = ctx

    async def write(self, confirmed: bool = True) -> str:
        await self.ctx.storage.put("a", 1, allow_unconfirmed=not confirmed)
        return "written"

    async def write_and_tell(self) -> None:
        await self.ctx.storage.put("a", 1)
        await self.outside.ping("told")

    async def write_and_sync(self) -> float:
        await self.ctx.storage.put("a", 1, allow_unconfirmed=True)
        await self.ctx.storage.sync()
        return float(self.outside.clock.now)

    async def write_and_raise(self) -> None:
        await self.ctx.storage.put("a", 1)
        raise EdgeError("after the write")

    async def read(self) -> Any:
        return await self.ctx.storage.get("a")


def writer() -> tuple[World, Any]:
    world, namespace, _ = world_of(Writer)
    Writer.outside = Outside(world)
    return world, namespace


@pytest.mark.parametrize(("confirmed", "waited"), [(True, 10_000), (False, 0)])
def test_a_response_waits_for_the_writes_before_it(confirmed: bool, waited: float) -> None:
    world, namespace = writer()
    flushes_slowly(world, 10)
    assert app(world, lambda: namespace.get_by_name("a").call("write", [confirmed])) == ["written"]
    assert world.clock.now - world.clock.start == waited
    world.close()


def test_an_error_waits_for_the_writes_before_it() -> None:
    world, namespace = writer()
    flushes_slowly(world, 10)
    (error,) = app(world, lambda: namespace.get_by_name("a").call("write_and_raise"))
    assert isinstance(error, EdgeError)
    assert error.message == "after the write"
    assert world.clock.now - world.clock.start == 10_000
    world.close()


def test_a_failed_write_is_never_seen() -> None:
    world, namespace = writer()
    flushes_slowly(world, 1, EdgeError("internal error", retryable=True))
    stub = namespace.get_by_name("a")
    (error,) = app(world, lambda: stub.call("write"))
    assert isinstance(error, EdgeError)
    assert error.message == "Internal error in Durable Object storage write caused object to be reset."
    assert error.retryable
    assert error.remote
    (error,) = app(world, lambda: namespace.get_by_name("a").call("write_and_tell"))
    assert isinstance(error, EdgeError)
    assert Writer.outside.seen == []
    flushes_slowly(world, 0)
    assert not namespace.handle("a").is_in_memory
    assert app(world, lambda: namespace.get_by_name("a").call("read")) == [UNDEFINED]
    assert namespace.objects.home(namespace.id_from_name("a")).store.values == {}
    world.close()


def test_what_was_told_by_a_write_that_fails_in_its_own_words() -> None:
    world, namespace = writer()
    flushes_slowly(world, 1, EdgeError("the disk is full"))
    (error,) = app(world, lambda: namespace.get_by_name("a").call("write"))
    assert str(error) == "Error: the disk is full"
    world.close()


def test_a_request_leaves_after_the_writes_before_it() -> None:
    world, namespace = writer()
    flushes_slowly(world, 7)
    told: list[float] = []
    world.gate.observers.append(
        lambda operation: told.append(operation.at) if operation.kind == "kv" and operation.outcome == "ok" else None
    )
    app(world, lambda: namespace.get_by_name("a").call("write_and_tell"))
    assert Writer.outside.seen == ["told"]
    assert world.clock.now - world.clock.start == 7_000
    world.close()


def test_sync_waits_for_unconfirmed_writes() -> None:
    world, namespace = writer()
    flushes_slowly(world, 3)
    assert app(world, lambda: namespace.get_by_name("a").call("write_and_sync")) == [world.clock.start + 3_000]
    world.close()


def test_a_write_that_takes_too_long_resets_the_object() -> None:
    world, namespace = writer()
    flushes_slowly(world, 31)
    (error,) = app(world, lambda: namespace.get_by_name("a").call("write"))
    assert isinstance(error, EdgeError)
    assert error.message == "Durable Object storage operation exceeded timeout which caused object to be reset."
    assert error.overloaded
    assert world.clock.now - world.clock.start == 30_000
    world.close()


def test_writes_without_a_wait_in_between_are_one_transaction() -> None:
    class Coalesced:
        outside: Outside

        def __init__(self, ctx: ObjectState) -> None:
            self.ctx = ctx

        async def together(self) -> None:
            await self.ctx.storage.put("a", 1)
            await self.ctx.storage.put("b", 2)
            self.ctx.storage.sql.exec("CREATE TABLE t (x)")
            await self.ctx.storage.delete("a")

        async def apart(self) -> None:
            await self.ctx.storage.put("a", 1)
            await self.outside.ping()
            await self.ctx.storage.put("b", 2)

    world, namespace, _ = world_of(Coalesced)
    Coalesced.outside = Outside(world)
    verbs: list[str] = []
    world.gate.observers.append(
        lambda operation: verbs.append(operation.verb) if operation.outcome == "pending" else None
    )
    app(world, lambda: namespace.get_by_name("a").call("together"))
    assert verbs.count("flush") == 1
    app(world, lambda: namespace.get_by_name("a").call("apart"))
    assert verbs.count("flush") == 3
    world.close()


# -- the gates by themselves ------------------------------------------------------------------------------------------


def test_locks_come_in_order_and_sections_first() -> None:
    async def run() -> None:
        gate = InputGate()
        first = await gate.acquire()
        assert gate.locked
        order: list[str] = []

        async def wait(name: str) -> None:
            lock = await gate.acquire()
            order.append(name)
            await asyncio.sleep(0)
            lock.release()

        tasks = [asyncio.ensure_future(wait(name)) for name in "ab"]
        await asyncio.sleep(0)
        section = Section(gate)
        place = gate.request(section=True)
        first.release()
        first.release()  # once more is nothing
        await section.begin(place)
        inner = section.add()
        late = asyncio.ensure_future(taken(section.request()))
        await asyncio.sleep(0)
        assert order == []
        held = section.succeed()
        assert section.effective() is gate
        inner.release()  # the parent's now
        assert order == []
        held.release()
        await asyncio.gather(*tasks)
        (await late).release()
        assert order == ["a", "b"]
        assert not gate.locked

    asyncio.run(run())


def test_a_wait_that_is_given_up_gives_its_lock_on() -> None:
    async def run() -> None:
        gate = InputGate()
        held = await gate.acquire()
        first, second = (asyncio.ensure_future(gate.acquire()) for _ in range(2))
        await asyncio.sleep(0)
        held.release()  # the first has its lock, and does not know yet
        first.cancel()
        (await second).release()
        third = asyncio.ensure_future(gate.acquire())
        await asyncio.sleep(0)
        held = await third
        waiting = asyncio.ensure_future(gate.acquire())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        held.release()
        assert not gate.locked

    asyncio.run(run())


def test_a_broken_gate_breaks_everybody() -> None:
    async def run() -> None:
        gate = InputGate()
        section = Section(gate)
        await section.begin(gate.request(section=True))
        inner = Section(section)
        assert inner.depth == 2
        waiting = [asyncio.ensure_future(each.acquire()) for each in (gate, gate)]
        held = section.add()
        waiting.append(asyncio.ensure_future(section.acquire()))
        await asyncio.sleep(0)
        waiting[0].cancel()
        section.break_(ValueError("broken"))
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in results] == [asyncio.CancelledError, ValueError, ValueError]
        with pytest.raises(ValueError, match="broken"):
            await gate.acquire()
        held.release()

    asyncio.run(run())


def test_sections_are_nested_only_so_deep() -> None:
    async def run() -> None:
        gate: InputGate = InputGate()
        for _ in range(64):
            gate = Section(gate)
        with pytest.raises(EdgeError, match=r"blockConcurrencyWhile\(\) calls are nested too deeply\."):
            Section(gate)

    asyncio.run(run())


def test_the_output_gate_waits_for_the_locks_there_are() -> None:
    async def run() -> None:
        gate = OutputGate()
        assert gate.hold() is None
        release = gate.lock()
        waiting = asyncio.ensure_future(gate.wait())
        hold = gate.hold()
        assert hold is not None
        await asyncio.sleep(0)
        later = gate.lock()
        release()
        release()
        await waiting
        later()
        await hold()
        gate.lock()
        waiting = asyncio.ensure_future(gate.wait())
        await asyncio.sleep(0)
        gate.break_(ValueError("lost"))
        hold = gate.hold()
        assert hold is not None
        for each in (waiting, gate.wait(), hold()):
            with pytest.raises(ValueError, match="lost"):
                await each

    asyncio.run(run())
