"""Virtual time: what is due when, what jumps, what hangs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.testing.clock import START, Clock
from edgelint.testing.errors import HungError
from edgelint.testing.world import World


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def since(world: World) -> float:
    return world.clock.now - world.clock.start


def test_the_clock_starts_where_it_is_told() -> None:
    assert Clock().datetime == START == datetime(2026, 1, 1, tzinfo=UTC)
    assert Clock(datetime(2030, 5, 6, tzinfo=UTC)).now == datetime(2030, 5, 6, tzinfo=UTC).timestamp() * 1000


@given(st.lists(st.integers(0, 50)))
def test_timers_come_in_the_order_of_their_time_then_of_their_making(delays: list[int]) -> None:
    clock = Clock()
    for index, delay in enumerate(delays):
        clock.after(delay, lambda: None, str(index))
    taken: list[tuple[float, int]] = []
    while (timer := clock.take_due(clock.start + 100)) is not None:
        taken.append((timer.when, int(timer.label)))
        assert clock.now == timer.when
    assert taken == sorted((clock.start + delay, index) for index, delay in enumerate(delays))


def test_a_cancelled_timer_is_never_taken() -> None:
    clock = Clock()
    first = clock.after(1, lambda: None, "first")
    second = clock.after(2, lambda: None, "second")
    assert clock.pending() == [first, second]
    first.cancel()
    first.cancel()
    assert clock.next_due() == second.when
    assert clock.take_due(clock.now) is None
    assert clock.take_due(clock.now + 2) is second
    assert clock.next_due() is None
    assert repr(second).endswith(", done)")


def test_a_timer_of_the_past_does_not_turn_the_clock_back() -> None:
    clock = Clock()
    clock.at(clock.now - 5000, lambda: None, "late")
    before = clock.now
    assert clock.take_due(clock.now) is not None
    assert clock.now == before


def test_sleep_jumps_to_its_end_and_takes_no_real_time(world: World) -> None:
    async def app() -> float:
        await asyncio.sleep(3600)
        return since(world)

    assert world.run(app()) == pytest.approx(3_600_000)


def test_the_clock_stands_still_while_nothing_sleeps(world: World) -> None:
    async def app() -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    world.run(app())
    assert since(world) == 0


def test_what_the_world_has_due_comes_before_a_later_timer_of_the_app(world: World) -> None:
    seen: list[tuple[str, float]] = []
    world.clock.after(2000, lambda: seen.append(("alarm", since(world))), "alarm")
    world.clock.after(60_000, lambda: seen.append(("far", since(world))), "far")

    async def app() -> None:
        await asyncio.sleep(5)
        seen.append(("app", since(world)))

    world.run(app())
    assert seen == [("alarm", 2000), ("app", pytest.approx(5000))]
    world.advance_to(world.clock.start + 60_000)
    assert seen[-1] == ("far", 60_000)


def test_advancing_runs_each_thing_to_its_end_before_the_next(world: World) -> None:
    seen: list[str] = []

    async def alarm(name: str) -> None:
        seen.append(f"{name} begins")
        await asyncio.sleep(0)
        seen.append(f"{name} ends")

    world.clock.after(1000, lambda: alarm("a"), "a")
    world.clock.after(1000, lambda: alarm("b"), "b")
    world.advance_to(world.clock.now + 1000)
    assert seen == ["a begins", "a ends", "b begins", "b ends"]


def test_advancing_reaches_sleepers_in_the_background(world: World) -> None:
    seen: list[float] = []

    async def sleeper() -> None:
        await asyncio.sleep(1)
        seen.append(since(world))
        await asyncio.sleep(1)
        seen.append(since(world))

    world.background(sleeper(), "sleeper")
    world.settle()
    assert seen == []
    world.advance_to(world.clock.start + 1500)
    assert seen == [pytest.approx(1000)]
    assert since(world) == 1500
    world.advance_to(world.clock.start + 10_000)
    assert seen[1] == pytest.approx(2000)
    assert since(world) == 10_000


def test_a_callback_may_set_the_next_timer(world: World) -> None:
    fired: list[float] = []

    def tick() -> None:
        fired.append(since(world))
        world.clock.after(1000, tick, "tick")

    world.clock.after(1000, tick, "tick")
    world.advance_to(world.clock.start + 3500)
    assert fired == [1000, 2000, 3000]


def test_waiting_for_nothing_is_a_hang(world: World) -> None:
    async def app() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(HungError, match="never happen"):
        world.run(app())
    assert world.run(asyncio.sleep(0, "fine")) == "fine"


def test_a_cancellation_of_the_app_itself_is_no_hang(world: World) -> None:
    async def app() -> None:
        raise asyncio.CancelledError("mine")

    with pytest.raises(asyncio.CancelledError, match="mine"):
        world.run(app())


def test_it_runs_under_another_running_loop(world: World) -> None:
    async def test() -> tuple[int, bool]:
        task = asyncio.current_task()
        result = world.run(asyncio.sleep(5, 7))
        await asyncio.sleep(0)
        return result, asyncio.current_task() is task

    assert asyncio.run(test()) == (7, True)


def test_it_does_not_run_inside_itself(world: World) -> None:
    async def app() -> None:
        world.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="own loop is running"):
        world.run(app())


def test_real_work_is_waited_for(world: World) -> None:
    async def app() -> str:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        world.loop.real_work += 1
        started = threading.Timer(0.02, lambda: loop.call_soon_threadsafe(future.set_result, "from outside"))
        started.start()
        try:
            return await future
        finally:
            world.loop.real_work -= 1

    assert world.run(app()) == "from outside"
    assert since(world) == 0


def test_the_loop_does_not_sleep_when_a_thread_gave_it_work_before_it_could_be_woken(world: World) -> None:
    loop = world.loop
    loop.call_soon_threadsafe(lambda: None)
    assert loop.can_be_woken()
    world.settle()
    assert not loop.can_be_woken()


def test_the_loop_is_at_rest_when_nothing_but_time_can_move(world: World) -> None:
    assert world.loop.at_rest
    world.loop.call_soon(lambda: None)
    assert not world.loop.at_rest
    world.settle()
    assert world.loop.at_rest
    world.loop.call_later(5, lambda: None)
    assert not world.loop.at_rest


def test_two_may_wait_for_quiet(world: World) -> None:
    async def both() -> None:
        await asyncio.gather(world.loop.quiet(), world.loop.quiet())

    world.run(both())


def test_what_fails_in_the_background_is_kept(world: World) -> None:
    async def fails() -> None:
        raise ValueError("in the background")

    world.background(fails(), "waitUntil of fetch")
    world.settle()
    [(label, error)] = world.failures
    assert label == "waitUntil of fetch"
    assert isinstance(error, ValueError)


@given(st.lists(st.floats(0.001, 100_000, allow_nan=False), min_size=1, max_size=20))
def test_any_sleeps_end_at_their_time(delays: list[float]) -> None:
    world = World()
    ended: list[float] = []

    async def sleeper(delay: float) -> None:
        await asyncio.sleep(delay)
        ended.append(since(world) / 1000)

    async def all_of_them() -> None:
        await asyncio.gather(*(sleeper(delay) for delay in delays))

    world.run(all_of_them())
    world.close()
    assert ended == pytest.approx(sorted(delays), abs=1e-3)


def test_closing_twice_and_with_work_left(world: World) -> None:
    world.background(asyncio.sleep(timedelta(days=1).total_seconds()), "long")
    world.close()
    world.close()


def test_timers_of_the_same_instant_run_in_the_order_in_which_they_were_set() -> None:
    world = World()
    seen: list[int] = []

    async def wait(number: int) -> None:
        await asyncio.sleep(10 if number < 30 else 5)
        seen.append(number)

    async def all_of_them() -> None:
        await asyncio.gather(*(wait(number) for number in range(40)))

    try:
        world.run(all_of_them())
    finally:
        world.close()
    assert seen == [*range(30, 40), *range(30)]
