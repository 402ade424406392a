"""Every operation passes meter, faults, schedule and consistency, in that order, and is seen by the observers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.faults import Faults
from edgelint.testing.meter import Meter, counter_names
from edgelint.testing.operation import Operation, asked_by, invocation
from edgelint.testing.timeline import Timeline
from edgelint.testing.world import World


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def get(key: str = "a", binding: str = "CACHE", kind: str = "kv", verb: str = "get") -> Operation:
    return Operation(binding, kind, verb, key)


def run(world: World, operation: Operation, effect: Callable[[Operation], Any]) -> Any:
    async def app() -> Any:
        return await world.gate.perform(operation, effect)

    return world.run(app(), origin="app")


def test_stages_in_their_order(world: World) -> None:
    seen: list[str] = []

    def stage(name: str) -> Any:
        async def run(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
            seen.append(name)
            return await proceed()

        return run

    gate = world.gate
    gate.meter, gate.faults = stage("meter"), stage("faults")
    gate.schedule, gate.consistency = stage("schedule"), stage("consistency")
    with asked_by("app"):
        operation = get()


    def effect(operation: Operation) -> int:
        seen.append("store")
        return 5

    assert run(world, operation, effect) == 5
    assert seen == ["meter", "faults", "schedule", "consistency", "store"]
    assert operation.outcome == "ok"
    assert operation.number == 1
    with asked_by("test"):
        operation = get()
    run(world, operation, lambda op: seen.append("store"))
    assert seen == ["meter", "faults", "schedule", "consistency", "store", "store"]


def test_an_asynchronous_effect_is_awaited(world: World) -> None:
    async def effect(operation: Operation) -> int:
        await asyncio.sleep(2)
        return 9

    assert run(world, get(), effect) == 9


def test_an_operation_lets_others_in(world: World) -> None:
    order: list[str] = []

    async def request(name: str) -> None:
        await world.gate.perform(get(), lambda op: order.append(f"{name} get"))
        await world.gate.perform(get(verb="put"), lambda op: order.append(f"{name} put"))

    async def both() -> None:
        await asyncio.gather(request("one"), request("two"))

    world.run(both(), origin="app")
    assert order == ["one get", "two get", "one put", "two put"]


def test_an_error_is_the_outcome(world: World) -> None:
    operation = get()

    def effect(operation: Operation) -> None:
        raise EdgeError("broken", code=7)

    with pytest.raises(EdgeError, match="broken"):
        run(world, operation, effect)
    assert operation.outcome == "error"
    assert isinstance(operation.error, EdgeError)


def test_observers_see_begin_and_end_of_everything(world: World) -> None:
    seen: list[tuple[str, str, str]] = []
    world.gate.observers.append(lambda op: seen.append((op.name, op.origin, op.outcome)))
    run(world, get(), lambda op: setattr(op, "outcome", "miss"))
    with asked_by("test"):
        operation = get(verb="put")
    world.gate.perform_now(operation, lambda op: None)
    assert seen == [
        ("CACHE.get", "app", "pending"), ("CACHE.get", "app", "miss"),
        ("CACHE.put", "test", "pending"), ("CACHE.put", "test", "ok"),
    ]  # fmt: skip


def test_a_synchronous_operation_passes_the_stages_too(world: World) -> None:
    async def app() -> int:
        return world.gate.perform_now(get(), lambda op: 3)

    def once() -> int:
        return world.run(app(), origin="app")

    world.gate.meter = meter = Meter()
    assert once() == 3
    assert meter.count("CACHE") == 1
    world.gate.faults = faults = Faults(world.random)
    faults.on("CACHE.*").delay(1)
    with pytest.raises(RuntimeError, match="synchronous on the platform"):
        once()
    faults.clear()
    faults.on("CACHE.*").fail("lost")
    with pytest.raises(EdgeError, match="Network connection lost"):
        once()


def test_the_place_of_the_call_is_asked_for_once(world: World) -> None:
    world.gate.locate = lambda: ("src/entry.py", 12)
    operation = get()
    run(world, operation, lambda op: None)
    assert operation.place == ("src/entry.py", 12)


def test_meter_counts_by_binding_verb_and_name(world: World) -> None:
    world.gate.meter = meter = Meter()
    run(world, get(), lambda op: None)
    run(world, get(verb="put"), lambda op: None)
    run(world, get(verb="put", binding="OTHER"), lambda op: None)

    def query(operation: Operation) -> None:
        operation.attributes["rows_read"] = 40

    run(world, get(kind="d1", binding="DB", verb="all"), query)
    assert meter.count("CACHE") == 2
    assert meter.count("CACHE", "put") == 1
    assert meter.kv_writes == 2
    assert meter.d1_rows_read == 40
    assert meter.lines() == [("d1_queries", "1"), ("d1_rows_read", "≈40"), ("kv_reads", "1"), ("kv_writes", "2")]
    assert meter.cost() == pytest.approx(0.5e-6 + 2 * 5e-6 + 40 * 0.001e-6)
    with pytest.raises(AttributeError, match="no counter 'kv_write'"):
        meter.kv_write  # noqa: B018
    meter.reset()
    assert meter.kv_writes == 0
    assert "kv_reads" in counter_names()


def test_meter_max(world: World) -> None:
    world.gate.meter = meter = Meter()
    run(world, get(verb="put"), lambda op: None)
    with meter.max(kv_writes=1):
        run(world, get(verb="put"), lambda op: None)
    with pytest.raises(AssertionError, match="over budget: kv_writes 2, at most 1"):  # noqa: PT012, SIM117
        with meter.max(kv_writes=1):
            run(world, get(verb="put"), lambda op: None)
            run(world, get(verb="put"), lambda op: None)
    with pytest.raises(EdgeUsageError, match="no counter 'kv_write'"), meter.max(kv_write=1):
        pass


def faulty(world: World) -> Faults:
    world.gate.faults = faults = Faults(world.random)
    return faults


def test_fault_by_status_key_and_turn(world: World) -> None:
    faults = faulty(world)
    fault = faults.on("CACHE.get", key="cfg*", nth=2).fail(429)
    run(world, get("cfg1"), lambda op: None)
    run(world, get("other"), lambda op: None)
    with pytest.raises(EdgeError) as raised:
        run(world, get("cfg2"), lambda op: pytest.fail("it was done"))
    assert raised.value.message == "KV GET failed: 429 Too Many Requests"
    run(world, get("cfg3"), lambda op: None)
    assert fault.hits == 1
    assert faults.unused() == []


def test_fault_after_the_effect(world: World) -> None:
    done: list[str] = []
    faulty(world).on("*.put").fail_after("lost")
    with pytest.raises(EdgeError, match="Network connection lost"):
        run(world, get(verb="put"), lambda op: done.append("done"))
    assert done == ["done"]


def test_fault_that_is_only_slow(world: World) -> None:
    faulty(world).on("CACHE.get", times=1).delay(3)
    assert run(world, get(), lambda op: 1) == 1
    assert world.clock.now - world.clock.start == pytest.approx(3000)
    run(world, get(), lambda op: 1)
    assert world.clock.now - world.clock.start == pytest.approx(3000)


def test_fault_by_rate_is_the_same_for_one_seed() -> None:
    def hits(seed: int) -> list[bool]:
        world = World(seed=seed)
        faulty(world).on("CACHE.get", rate=0.5).fail()
        found = []
        for _ in range(30):
            try:
                run(world, get(), lambda op: None)
                found.append(False)
            except EdgeError:
                found.append(True)
        world.close()
        return found

    assert hits(1) == hits(1) != hits(2)
    assert 5 < sum(hits(1)) < 25


@pytest.mark.parametrize(
    ("kind", "verb", "how", "name", "message", "flags"),
    [
        ("kv", "getWithMetadata", 500, "Error", "KV GET failed: 500 Internal Server Error", ()),
        ("kv", "delete", None, "Error", "KV DELETE failed: 500 Internal Server Error", ()),
        ("kv", "put", 599, "Error", "KV PUT failed: 599 Unknown", ()),
        ("d1", "all", "overloaded", "Error", "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
         ("overloaded",)),
        ("d1", "run", "lost", "Error", "D1_ERROR: Network connection lost.", ("retryable",)),
        ("queue", "send", 429, "Error", "Queue send failed: Too Many Requests", ("overloaded",)),
        ("durable-object", "fetch", "lost", "Error", "Network connection lost.", ("retryable", "remote")),
        ("r2", "get", None, "Error", "get: We encountered an internal error. Please try again. (10001)", ()),
        ("r2", "complete", "internal", "Error",
         "completeMultipartUpload: We encountered an internal error. Please try again. (10001)", ()),
        ("r2", "put", "unavailable", "Error", "put: Reduce your concurrent request rate for the same object. (10058)",
         ()),
        ("r2", "get", "unavailable", "Error",
         "get: Reduce your rate of simultaneous reads on the same object. (10058)", ()),
        ("r2", "get", "lost", "Error", "Network connection lost.", ("retryable",)),
        ("ai", "run", "my own words", "Error", "my own words", ()),
    ],
)  # fmt: skip
def test_words_of_failures(
    world: World, kind: str, verb: str, how: int | str | None, name: str, message: str, flags: tuple[str, ...]
) -> None:
    faulty(world).on(f"X.{verb}").fail(how)
    with pytest.raises(EdgeError) as raised:
        run(world, get(binding="X", kind=kind, verb=verb), lambda op: None)
    assert (raised.value.name, raised.value.message, raised.value.code) == (name, message, None)
    assert {flag for flag in ("retryable", "overloaded", "remote") if getattr(raised.value, flag)} == set(flags)


def test_an_exception_is_raised_as_it_is(world: World) -> None:
    error = KeyError("mine")
    faulty(world).on("X.run").fail(error)
    with pytest.raises(KeyError) as raised:
        run(world, get(binding="X", verb="run"), lambda op: None)
    assert raised.value is error


def test_faults_as_text(world: World) -> None:
    faults = faulty(world)
    faults.parse("CACHE.get#2:429")
    faults.parse("DB.*:overloaded")
    faults.parse("QUEUE.send")
    assert [repr(fault) for fault in faults.unused()] == ["CACHE.get#2", "DB.*", "QUEUE.send"]
    run(world, get(), lambda op: None)
    with pytest.raises(EdgeError, match="429"):
        run(world, get(), lambda op: None)
    assert [repr(fault) for fault in faults.unused()] == ["DB.*", "QUEUE.send"]
    faults.on("A.b").as_optional()
    assert len(faults.unused()) == 2


@pytest.mark.parametrize("text", ["CACHE", ".get", "CACHE.", "CACHE.get#x:429"])
def test_a_fault_that_cannot_be_read(world: World, text: str) -> None:
    with pytest.raises(EdgeUsageError, match=r"BINDING\.verb|a number"):
        faulty(world).parse(text)


def test_a_status_means_nothing_to_most_kinds(world: World) -> None:
    faulty(world).on("DB.all").fail(429)
    with pytest.raises(EdgeUsageError, match="knows no status 429; name the failure: internal, lost, memory"):
        run(world, get(binding="DB", kind="d1", verb="all"), lambda op: None)


def test_fault_by_predicate_and_several_turns(world: World) -> None:
    fault = faulty(world).on("*.*", key=lambda key: key == "b", nth=[1, 3]).fail()
    outcomes = []
    for key in "abbb":
        try:
            outcomes.append(run(world, get(key), lambda op: "ok"))
        except EdgeError:
            outcomes.append("failed")
    assert outcomes == ["ok", "failed", "ok", "failed"]
    assert fault.hits == 2


def test_timeline(world: World) -> None:
    timeline = Timeline(world.clock)
    world.gate.observers.append(timeline.operation)
    world.gate.faults = faults = Faults(world.random)
    faults.on("CACHE.put").delay(2).fail(429)
    world.gate.locate = lambda: ("/app/src/entry.py", 7)
    timeline.note("event 1: fetch GET /")
    token = invocation.set("1")
    run(world, get("k" * 80), lambda op: setattr(op, "outcome", "hit"))
    with pytest.raises(EdgeError):
        run(world, get(verb="put"), lambda op: None)
    invocation.reset(token)
    with asked_by("test"):
        operation = Operation("CACHE", "kv", "list")
    world.gate.perform_now(operation, lambda op: None)
    world.clock.now += 7_200_000
    timeline.note("later")
    assert timeline.render().splitlines() == [
        "    +0 ms  event 1: fetch GET /",
        f"    +0 ms    1 [1] CACHE.get {'k' * 59}… -> hit   entry.py:7",
        "    +0 ms    2 [1] CACHE.put a -> Error: KV PUT failed: 429 Too Many Requests  (fault)   entry.py:7",
        "     +2 s    3 (test) CACHE.list -> ok",
        "  +2.00 h  later",
    ]
    assert len(timeline) == 5
    for index in range(500):
        timeline.note(str(index))
    assert timeline.render().startswith("(105 earlier lines are left out)\n")
