"""Cron expressions and the scheduled event."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgelint.testing.bindings.scheduled import Cron, ScheduledEvent, arm, fire, next_occurrence
from edgelint.testing.clock import START
from edgelint.testing.errors import EdgeUsageError
from tests.testing.bindings.fake_host import FakeHost, config, world_of


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# 2026-01-01 is a Thursday.
@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("* * * * *", "2026-01-01T00:00", "2026-01-01T00:01"),
        ("* * * * *", "2026-01-01T00:00:59", "2026-01-01T00:01"),
        ("*/15 * * * *", "2026-01-01T00:00", "2026-01-01T00:15"),
        ("5/20 * * * *", "2026-01-01T00:26", "2026-01-01T00:45"),
        ("45 * * * *", "2026-01-01T00:45", "2026-01-01T01:45"),
        ("0 0 * * *", "2026-01-01T00:00", "2026-01-02T00:00"),
        ("30 3,15 * * *", "2026-01-01T03:30", "2026-01-01T15:30"),
        ("0 22-2/2 * * *", "2026-01-01T03:00", "2026-01-01T22:00"),
        ("0 22-2/2 * * *", "2026-01-01T22:00", "2026-01-02T00:00"),
        ("50-10/10 0 * * *", "2026-01-01T00:10", "2026-01-01T00:50"),
        ("0,*/30 * * * *", "2026-01-01T00:00", "2026-01-01T00:30"),
        ("10,* 5 * * *", "2026-01-01T05:00", "2026-01-01T05:10"),
        ("0 17 * * sun", "2026-01-01T00:00", "2026-01-04T17:00"),
        ("0 17 * * 1", "2026-01-01T00:00", "2026-01-04T17:00"),
        ("10 7 * * mon-fri", "2026-01-02T07:10", "2026-01-05T07:10"),
        ("0 0 * * FRI-MON", "2026-01-05T00:00", "2026-01-09T00:00"),
        ("0 0 * * 2/3", "2026-01-01T00:00", "2026-01-05T00:00"),
        ("0 0 * * */2", "2026-01-01T00:00", "2026-01-03T00:00"),
        ("0 15 1 * *", "2026-01-01T15:00", "2026-02-01T15:00"),
        ("0 0 1 aug,JAN *", "2026-01-01T00:00", "2026-08-01T00:00"),
        ("0 0 1 11-2 *", "2026-02-02T00:00", "2026-11-01T00:00"),
        ("0 0 31 * *", "2026-02-01T00:00", "2026-03-31T00:00"),
        ("0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00", "2104-02-29T00:00"),
        ("0 0 L * *", "2026-02-01T00:00", "2026-02-28T00:00"),
        ("0 0 L-3 * *", "2026-02-01T00:00", "2026-02-25T00:00"),
        ("0 0 L-30 * *", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("59 23 LW * *", "2026-01-01T00:00", "2026-01-30T23:59"),  # the 31st is a Saturday
        ("59 23 LW * *", "2026-05-01T00:00", "2026-05-29T23:59"),  # the 31st is a Sunday
        ("0 0 L-1W * *", "2026-05-01T00:00", "2026-05-29T00:00"),  # the 30th is a Saturday
        ("0 0 15W * *", "2026-03-01T00:00", "2026-03-16T00:00"),  # the 15th is a Sunday
        ("0 0 15W * *", "2026-08-01T00:00", "2026-08-14T00:00"),  # the 15th is a Saturday
        ("0 0 1W * *", "2026-08-01T00:00", "2026-08-03T00:00"),  # the 1st is a Saturday
        ("0 0 31W * *", "2026-02-01T00:00", "2026-03-31T00:00"),
        ("0 18 * * 6L", "2026-01-01T00:00", "2026-01-30T18:00"),
        ("0 18 * * friL", "2026-01-30T18:00", "2026-02-27T18:00"),
        ("0 0 * * L", "2026-01-01T00:00", "2026-01-03T00:00"),
        ("0 0 * * 2#1", "2026-01-01T00:00", "2026-01-05T00:00"),
        ("0 0 * * THU#5", "2026-01-01T00:00", "2026-01-29T00:00"),
        ("0 0 * 2 1#5", "2026-01-01T00:00", "2032-02-29T00:00"),
        ("0 0 13 * FRI", "2026-01-01T00:00", "2026-01-02T00:00"),
        ("0 0 13 * FRI", "2026-01-09T00:00", "2026-01-13T00:00"),
        ("0 0 */1 * MON", "2026-01-01T00:00", "2026-01-02T00:00"),
    ],
)  # fmt: skip
def test_the_next_occurrence(cron: str, after: str, expected: str) -> None:
    assert next_occurrence(cron, at(after)) == at(expected)


def test_the_zone_of_the_instant_does_not_matter() -> None:
    there = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert next_occurrence("0 0 * * *", there) == at("2026-01-01T00:00")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)), st.integers(1, 31), st.integers(1, 7))
@settings(max_examples=50)
def test_nothing_that_is_due_is_left_out(start: datetime, day: int, weekday: int) -> None:
    cron = Cron(f"7 5 {day} * {weekday}")
    instant, expected = start.replace(tzinfo=UTC), start.replace(tzinfo=UTC)
    while True:
        expected += timedelta(minutes=1)
        expected = expected.replace(second=0, microsecond=0)
        due = expected.day == day or expected.isoweekday() % 7 + 1 == weekday
        if (expected.minute, expected.hour) == (7, 5) and due:
            break
    assert cron.next_after(instant) == expected


@given(st.integers(2000, 2090), st.integers(1, 12))
def test_the_nearest_weekday_stays_in_its_month(year: int, month: int) -> None:
    last = monthrange(year, month)[1]
    for day in range(1, last + 1):
        found = Cron(f"0 0 {day}W {month} *").next_after(datetime(year, month, 1, tzinfo=UTC) - timedelta(minutes=1))
        assert found is not None
        assert (found.year, found.month) == (year, month)
        assert found.isoweekday() < 6
        assert abs(found.day - day) <= 2


@pytest.mark.parametrize(
    ("cron", "message"),
    [("0 0 31 11 *", "the cron expression '0 0 31 11 \\*' is never due"),
     ("0 0 * * 0", "'0 0 \\* \\* 0' is no cron expression that Cloudflare takes: the day of the week is 1 to 7"),
     ("@daily", "no @nicknames")],
)  # fmt: skip
def test_what_is_never_due(cron: str, message: str) -> None:
    with pytest.raises(EdgeUsageError, match=message):
        next_occurrence(cron, START)


def scheduled(**options: Any) -> tuple[Any, list[ScheduledEvent]]:
    events: list[ScheduledEvent] = []
    return world_of(FakeHost(scheduled=events.append), **options), events


def test_a_test_fires_a_trigger() -> None:
    world, events = scheduled()
    event = world.run(fire(world, "*/5 * * * *"))
    assert events == [event]
    assert (event.cron, event.scheduled_time, event.retry) == ("*/5 * * * *", world.clock.now, True)
    event.no_retry()
    assert event.retry is False
    assert repr(event) == "ScheduledEvent('*/5 * * * *' at 2026-01-01T00:00:00+00:00, no retry)"
    assert world.run(fire(world, "* * * * *", scheduled_time=5.0)).scheduled_time == 5.0


def test_what_the_handler_raises_comes_out() -> None:
    def raise_(event: ScheduledEvent) -> None:
        raise ValueError("no")

    world = world_of(FakeHost(scheduled=raise_))
    with pytest.raises(ValueError, match="no"):
        world.run(fire(world, "* * * * *"))
    empty = world_of(FakeHost())
    with pytest.raises(EdgeUsageError, match="no scheduled handler for '\\* \\* \\* \\* \\*'"):
        empty.run(fire(empty, "* * * * *"))


def test_triggers_of_the_configs_fire_as_the_clock_moves() -> None:
    crons = ["0 */6 * * *", "30 0 * * *", 5]
    world, events = scheduled(triggers={"crons": crons})
    others: list[ScheduledEvent] = []
    world.add(config("other", triggers={"crons": ["0 12 * * *"]})).run_on(FakeHost(scheduled=others.append))
    triggers = arm(world)
    assert arm(world) is triggers
    world.advance_to(world.clock.now + 86_400_000)
    times = [(event.cron, (event.scheduled_time - world.clock.start) / 3_600_000) for event in events]
    assert times == [("30 0 * * *", 0.5), *(("0 */6 * * *", hour) for hour in (6, 12, 18, 24))]
    assert [event.cron for event in others] == ["0 12 * * *"]
    assert len(triggers.fired) == 6
    assert [timer.label for timer in world.clock.pending()] == [
        "cron 30 0 * * * of app", "cron 0 */6 * * * of app", "cron 0 12 * * * of other",
    ]  # fmt: skip


def test_a_trigger_whose_handler_fails_fires_again() -> None:
    def raise_(event: ScheduledEvent) -> None:
        raise ValueError("no")

    world = world_of(FakeHost(scheduled=raise_), triggers={"crons": ["0 * * * *"]})
    triggers = arm(world)
    world.advance_to(world.clock.now + 2 * 3_600_000)
    assert [(label, str(error)) for label, error in world.failures] == [("cron 0 * * * * of app", "no")] * 2
    assert triggers.fired == []


def test_a_trigger_without_a_handler_is_logged() -> None:
    world = world_of(FakeHost(), triggers={"crons": ["0 * * * *"]})
    arm(world)
    world.advance_to(world.clock.now + 3_600_000)
    assert world.logs == [("error", "cron 0 * * * *: worker 'app' has no scheduled handler")]
    assert world.failures == []


def test_a_config_without_triggers_or_with_wrong_ones() -> None:
    world = world_of(FakeHost(), triggers={"crons": ["0 0 31 11 *"]})
    world.add(config("other"))
    arm(world)
    assert world.clock.pending() == []
    wrong = world_of(FakeHost(), triggers={"crons": ["0 0 0 * *"]})
    with pytest.raises(EdgeUsageError, match="the day of the month is 1 to 31, not 0"):
        arm(wrong)
