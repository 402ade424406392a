"""Queues: when a consumer gets messages, what it says of them, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from edgelint.testing.bindings.events import events_of
from edgelint.testing.bindings.queues import Batch, Incoming, QueueProducer, QueueResult, dispatch, queue_named
from edgelint.testing.clock import START
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.operation import Operation, invocation, origin
from tests.testing.bindings.fake_host import FakeHost, config, declared, world_of
from tests.testing.bindings.queueing import Seen, advance, consuming, error_of, producer

# Delivery


def test_a_batch_waits_for_its_timeout() -> None:
    world, jobs, seen = consuming()
    world.run(jobs.send(1))
    advance(world, 3)
    world.run(jobs.send(2))
    advance(world, 1.999)
    assert seen.batches == []
    advance(world, 0.001)
    assert (seen.batches, seen.at) == ([[1, 2]], [5.0])
    advance(world, 60)
    assert len(seen.batches) == 1


def test_a_full_batch_waits_for_the_clock_only() -> None:
    world, jobs, seen = consuming()
    world.run(jobs.send_batch([{"body": n} for n in range(25)]))
    assert seen.batches == []
    advance(world, 0)
    assert [len(batch) for batch in seen.batches] == [10, 10]
    advance(world, 5)
    assert seen.batches == [list(range(10)), list(range(10, 20)), list(range(20, 25))]
    assert seen.at == [0.0, 0.0, 5.0]


def test_the_consumer_is_configured() -> None:
    world, jobs, seen = consuming(max_batch_size=2, max_batch_timeout=0)
    world.run(jobs.send_batch([{"body": n} for n in range(3)]))
    advance(world, 0)
    assert seen.batches == [[0, 1], [2]]


def test_batches_that_are_handled_at_once_are_limited() -> None:
    running = most = 0

    async def act(batch: Batch) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        running -= 1

    for concurrency, expected in ((None, 3), (2, 2), (1, 1)):
        most = 0
        world, jobs, seen = consuming(act, max_batch_size=1, max_concurrency=concurrency)
        world.run(jobs.send_batch([{"body": n} for n in range(3)]))
        advance(world, 10)
        assert (most, sorted(seen.batches)) == (expected, [[0], [1], [2]])


def test_a_message_can_be_sent_for_later() -> None:
    world, jobs, seen = consuming(max_batch_timeout=0)
    world.run(jobs.send("later", delay_seconds=60))
    world.run(jobs.send_batch([{"body": "own", "delaySeconds": 0}, {"body": "of the batch"}], delay_seconds=30))
    assert [message.body.value() for message in jobs.queue.waiting] == ["own"]
    advance(world, 100)
    assert (seen.batches, seen.at) == ([["own"], ["of the batch"], ["later"]], [0.0, 30.0, 60.0])


def test_a_producer_may_have_a_delay_of_its_own() -> None:
    world, _, seen = consuming(max_batch_timeout=0)
    jobs = producer(world, delivery_delay=10)
    world.run(jobs.send("default"))
    world.run(jobs.send("at once", delay_seconds=0))
    advance(world, 100)
    assert (seen.batches, seen.at) == ([["at once"], ["default"]], [0.0, 10.0])


def test_the_app_that_sleeps_lets_deliveries_happen() -> None:
    world, jobs, seen = consuming()

    async def work() -> None:
        await jobs.send(1)
        await asyncio.sleep(6)

    world.run(work(), origin="app")
    assert seen.at == [5.0]


def test_a_consumer_in_another_worker_gets_the_batch() -> None:
    seen = Seen()
    world = world_of()
    world.add(config("consumer", queues={"consumers": [{"queue": "jobs"}]})).run_on(FakeHost(queue=seen))
    world.run(producer(world).send(1))
    advance(world, 5)
    assert seen.batches == [[1]]


def test_a_batch_tells_of_itself_and_of_what_waits_behind_it() -> None:
    batches: list[Batch] = []
    world, jobs, _ = consuming(batches.append, max_batch_size=1)
    world.run(jobs.send_batch([{"body": "a"}, {"body": "bc"}]))
    advance(world, 0)
    first, second = batches
    assert first.queue == "jobs"
    assert first.metadata["metrics"] == {"backlogCount": 1, "backlogBytes": 4, "oldestMessageTimestamp": START}
    assert second.metadata["metrics"]["backlogCount"] == 0
    message = first.messages[0]
    assert (message.timestamp, message.attempts, len(message.id)) == (START, 1, 32)
    assert message.id != second.messages[0].id
    assert repr(message) == f"Message({message.id}, 'a', attempts=1)"


def test_without_a_consumer_or_with_one_that_pulls_messages_stay() -> None:
    for consumers in ([], [{"queue": "jobs", "type": "http_pull"}], [{"queue": "other"}, "nonsense"]):
        seen = Seen()
        world = world_of(FakeHost(queue=seen), queues={"consumers": consumers})
        jobs = producer(world)
        world.run(jobs.send(1))
        advance(world, 3600)
        assert (seen.batches, len(jobs.queue.waiting)) == ([], 1)
        assert (jobs.queue.consumer is not None and jobs.queue.consumer.pull) == (len(consumers) == 1)


def test_a_worker_that_consumes_goes_before_one_that_pulls() -> None:
    consumers = [{"queue": "jobs", "type": "http_pull"}, {"queue": "jobs", "max_batch_size": 3}]
    world = world_of(queues={"consumers": consumers})
    consumer = producer(world).queue.consumer
    assert consumer is not None
    assert (consumer.pull, consumer.max_batch_size) == (False, 3)


@pytest.mark.parametrize(
    ("key", "value", "limits"),
    [("max_batch_size", 101, "1 to 100"), ("max_batch_timeout", 61, "0 to 60"), ("max_retries", 101, "0 to 100"),
     ("max_retries", True, "0 to 100"), ("retry_delay", "5", "0 to 86400"), ("max_concurrency", 0, "1 to 250")],
)  # fmt: skip
def test_what_a_deployment_refuses_is_said(key: str, value: Any, limits: str) -> None:
    world, jobs, _ = consuming(**{key: value})
    with pytest.raises(EdgeUsageError, match=f"queue 'jobs' in worker 'app': {key} is {limits}, not {value!r}"):
        world.run(jobs.send(1))


# What the consumer says


def test_a_handler_that_returns_acknowledges_everything() -> None:
    world, jobs, _ = consuming()
    world.run(jobs.send_batch([{"body": 1}, {"body": 2}]))
    advance(world, 5)
    assert jobs.queue.delivered == [QueueResult("ok", [0, 1], {})]
    assert jobs.queue.waiting == []


def test_a_handler_that_raises_gets_the_batch_again_but_for_what_was_acknowledged() -> None:
    def act(batch: Batch) -> None:
        batch.messages[0].ack()
        if len(batch.messages) > 1:
            raise ValueError("no")

    world, jobs, seen = consuming(act)
    world.run(jobs.send_batch([{"body": n} for n in range(3)]))
    advance(world, 60)
    assert seen.batches == [[0, 1, 2], [1, 2], [2]]
    assert seen.attempts == [[1, 1, 1], [2, 2], [3]]
    assert seen.at == [5.0, 10.0, 15.0]
    first = jobs.queue.delivered[0]
    assert (first.outcome, first.acked, first.retried) == ("exception", [0], {1: 0, 2: 0})
    assert isinstance(first.error, ValueError)
    assert ("error", "queue jobs: ValueError: no") in world.logs
    assert world.failures == []


def test_delays_of_retries_message_before_batch_before_consumer() -> None:
    def act(batch: Batch) -> None:
        if batch.messages[0].attempts == 1:
            batch.messages[0].retry(delay_seconds=7)
            batch.messages[1].retry()
            batch.retry_all(delay_seconds=20)

    world, jobs, seen = consuming(act, retry_delay=50, max_batch_timeout=0)
    world.run(jobs.send_batch([{"body": n} for n in range(3)]))
    advance(world, 100)
    assert jobs.queue.delivered[0].retried == {0: 7, 1: 20, 2: 20}
    assert (seen.batches[1:], seen.at[1:]) == ([[0], [1, 2]], [7.0, 20.0])


def test_the_delay_of_the_consumer_is_for_those_that_say_none() -> None:
    def act(batch: Batch) -> None:
        message = batch.messages[0]
        if message.attempts == 1:
            message.retry()
        if message.attempts == 2:
            message.retry(delay_seconds=0)

    world, jobs, seen = consuming(act, retry_delay=50, max_batch_timeout=0)
    world.run(jobs.send(1))
    advance(world, 100)
    assert seen.at == [0.0, 50.0, 50.0]


def verdicts(act: Callable[[Batch], Any], count: int = 2) -> tuple[QueueResult, list[str]]:
    world = world_of(FakeHost(queue=act))
    result = world.run(dispatch(world, "jobs", list(range(count))))
    return result, [text for level, text in world.logs if level == "warn"]


def test_the_first_word_on_a_message_counts() -> None:
    def act(batch: Batch) -> None:
        first, second = batch.messages
        first.ack()
        first.retry()
        second.retry(delay_seconds=1)
        second.ack()
        second.retry(delay_seconds=2)

    result, warnings = verdicts(act)
    assert (result.acked, result.retried) == ([0], {1: 2})
    assert len(warnings) == 2
    assert "after ack() was already called. Calling retry() on a message after calling ack() has no" in warnings[0]
    assert "after retry() was already called. Calling ack() on a message after calling retry()" in warnings[1]


def test_a_word_on_a_message_goes_before_one_on_the_batch() -> None:
    def acked(batch: Batch) -> None:
        batch.messages[0].retry()
        batch.ack_all()

    def retried(batch: Batch) -> None:
        batch.messages[0].ack()
        batch.retry_all(delay_seconds=9)
        batch.retry_all()

    result, warnings = verdicts(acked)
    assert (result.acked, result.retried, result.ack_all, warnings) == ([1], {0: 0}, True, [])
    result, warnings = verdicts(retried)
    assert (result.acked, result.retried, result.retry_all, warnings) == ([0], {1: 9}, True, [])


def test_what_comes_after_a_word_on_the_batch_is_ignored_with_a_warning() -> None:
    def after_ack_all(batch: Batch) -> None:
        batch.ack_all()
        batch.messages[0].ack()
        batch.messages[0].retry()
        batch.retry_all()

    def after_retry_all(batch: Batch) -> None:
        batch.retry_all()
        batch.messages[0].ack()
        batch.ack_all()
        batch.messages[1].retry(delay_seconds=3)

    result, warnings = verdicts(after_ack_all)
    assert (result.acked, result.retried) == ([0, 1], {})
    assert [text.split(" after ")[0] for text in warnings] == [
        f"Received a call to retry() on message {result.batch.messages[0].id}",  # type: ignore[union-attr]
        "Received a call to retryAll()",
    ]
    result, warnings = verdicts(after_retry_all)
    assert (result.acked, result.retried) == ([], {0: 0, 1: 3})
    assert [text.split(" after ")[1].split(" ")[0] for text in warnings] == ["retryAll()", "retryAll()"]


def test_everything_acknowledged_stays_so_when_the_handler_raises() -> None:
    def act(batch: Batch) -> None:
        batch.ack_all()
        raise ValueError("late")

    result, _ = verdicts(act)
    assert (result.outcome, result.acked, result.retried) == ("exception", [0, 1], {})


def test_a_message_comes_four_times_and_is_dropped() -> None:
    world, jobs, seen = consuming(lambda batch: batch.retry_all())
    world.run(jobs.send("x"))
    advance(world, 300)
    assert seen.attempts == [[1], [2], [3], [4]]
    assert [message.body.value() for message in jobs.queue.dropped] == ["x"]
    assert world.logs[-1] == ("warn", f"queue jobs: message {jobs.queue.dropped[0].id} was dropped after 4 attempts")


def test_what_is_given_up_goes_to_the_dead_letter_queue() -> None:
    dead: list[tuple[str, Any, int]] = []
    ids: list[str] = []

    def act(batch: Batch) -> None:
        message = batch.messages[0]
        if batch.queue == "dead":
            dead.append((message.id, message.body, message.attempts))
        else:
            ids.append(message.id)
            message.retry()

    consumers = [{"queue": "jobs", "max_retries": 1, "dead_letter_queue": "dead"}, {"queue": "dead"}]
    world = world_of(FakeHost(queue=act), queues={"consumers": consumers})
    jobs = producer(world)
    world.run(jobs.send("x"))
    advance(world, 60)
    assert ids == [ids[0]] * 2
    assert dead == [(ids[0], "x", 1)]
    assert jobs.queue.dropped == []


def test_no_retries_at_all() -> None:
    world, jobs, seen = consuming(lambda batch: batch.retry_all(), max_retries=0)
    world.run(jobs.send("x"))
    advance(world, 60)
    assert (seen.attempts, len(jobs.queue.dropped)) == ([[1]], 1)


# The seam for faults


def test_a_queue_may_reorder_and_deliver_twice() -> None:
    world, jobs, seen = consuming(max_batch_size=4)
    jobs.queue.order = lambda waiting: [*reversed(waiting), waiting[0]]
    world.run(jobs.send_batch([{"body": n} for n in range(3)]))
    advance(world, 5)
    assert seen.batches == [[2, 1, 0, 0]]


def test_a_message_delivered_twice_has_two_lives() -> None:
    ids: list[str] = []

    def act(batch: Batch) -> None:
        ids.extend(message.id for message in batch.messages)
        if len(batch.messages) == 2:
            batch.messages[1].retry()

    world, jobs, seen = consuming(act)
    once = [True]
    jobs.queue.order = lambda waiting: waiting * 2 if once and once.pop() else waiting
    world.run(jobs.send("x"))
    advance(world, 60)
    assert seen.attempts == [[1, 1], [2]]
    assert len(set(ids)) == 1


def test_messages_that_are_held_back_come_later() -> None:
    world, jobs, seen = consuming(max_batch_timeout=0)
    jobs.queue.order = lambda waiting: [message for message in waiting if message.body.value() != "held"]
    world.run(jobs.send_batch([{"body": "held"}, {"body": "free"}]))
    advance(world, 1)
    assert seen.batches == [["free"]]
    jobs.queue.order = None
    world.run(jobs.send("next"))
    advance(world, 1)
    assert seen.batches == [["free"], ["held", "next"]]


# Events that a test sends


def test_dispatch_tells_what_the_handler_did_and_leaves_the_queue_alone() -> None:
    world, jobs, seen = consuming(lambda batch: batch.messages[1].retry(delay_seconds=30), retry_delay=4)
    result = world.run(dispatch(world, "jobs", [{"id": 1}, {"id": 2}]))
    assert (result.outcome, result.acked, result.retried, result.error) == ("ok", [0], {1: 30}, None)
    assert seen.batches == [[{"id": 1}, {"id": 2}]]
    advance(world, 100)
    assert len(seen.batches) == 1
    assert (jobs.queue.waiting, jobs.queue.delivered) == ([], [])


def test_dispatch_knows_the_delay_of_the_consumer() -> None:
    world, _, _ = consuming(lambda batch: batch.retry_all(), retry_delay=4)
    assert world.run(dispatch(world, "jobs", [1])).retried == {0: 4}


def test_dispatch_takes_messages_with_everything_said() -> None:
    batches: list[Batch] = []
    world, _, _ = consuming(batches.append)
    when = datetime(2025, 1, 1, tzinfo=UTC)
    world.run(dispatch(world, "jobs", [Incoming(1, attempts=3, id="m1", timestamp=when), "plain"], attempts=2))
    first, second = batches[0].messages
    assert (first.id, first.body, first.attempts, first.timestamp) == ("m1", 1, 3, when)
    assert (second.body, second.attempts, second.timestamp) == ("plain", 2, START)


def test_dispatch_goes_to_the_consumer_of_the_queue() -> None:
    seen, other = Seen(), Seen()
    world = world_of(FakeHost(queue=seen))
    world.add(config("consumer", queues={"consumers": [{"queue": "jobs"}]})).run_on(FakeHost(queue=other))
    world.run(dispatch(world, "jobs", [1]))
    world.run(dispatch(world, "jobs", [2], worker="app"))
    world.run(dispatch(world, "unknown", [3]))
    assert (seen.batches, other.batches) == ([[2], [3]], [[1]])


def test_a_worker_without_a_handler() -> None:
    world = world_of(FakeHost(), queues={"consumers": [{"queue": "jobs"}]})
    with pytest.raises(EdgeUsageError, match="no queue handler for a batch of 'jobs'"):
        world.run(dispatch(world, "jobs", [1]))
    jobs = producer(world)
    world.run(jobs.send(1))
    advance(world, 5)
    assert str(jobs.queue.delivered[0].error) == "Error: Handler does not export a queue() function."
    assert len(jobs.queue.waiting) == 1


def test_a_mistake_of_the_test_is_not_the_consumer_s_failure() -> None:
    def act(batch: Batch) -> None:
        raise EdgeUsageError("no stub")

    world, jobs, _ = consuming(act)
    with pytest.raises(EdgeUsageError, match="no stub"):
        world.run(dispatch(world, "jobs", [1]))
    world.run(jobs.send(1))
    advance(world, 5)
    assert [(label, str(error)) for label, error in world.failures] == [("batch of queue jobs", "no stub")]


def test_a_batch_that_a_test_sends_belongs_to_the_event_under_way() -> None:
    seen: list[tuple[str, str]] = []
    told: list[str] = []
    world = world_of(FakeHost(queue=lambda batch: seen.append((origin.get(), invocation.get()))))
    events_of(world).observers.append(told.append)
    world.run(dispatch(world, "jobs", [1]))
    token = invocation.set("7")
    try:
        world.run(dispatch(world, "jobs", [1]))
    finally:
        invocation.reset(token)
    assert seen == [("app", "queue jobs 1"), ("app", "7")]
    assert told == ["queue jobs"]


def test_a_binding_of_a_worker_that_is_not_in_the_world_has_the_newest_flags() -> None:
    world = world_of(date="2020-01-01")
    jobs = QueueProducer(declared("queue", "JOBS", "jobs", worker="unknown"), world)
    assert "(10203)" in error_of(lambda: world.run(jobs.send(1, delay_seconds=-1)))[1]


def test_what_a_consumer_does_is_the_app_s_and_an_event_of_its_own() -> None:
    operations: list[Operation] = []

    async def act(batch: Batch) -> None:
        await other.send("from the consumer")

    world, jobs, _ = consuming(act)
    other = QueueProducer(declared("queue", "OTHER", "other"), world)
    world.gate.observers.append(operations.append)
    world.run(jobs.send(1))
    advance(world, 5)
    assert [(op.name, op.origin, op.invocation) for op in operations[::2]] == [
        ("JOBS.send", "test", ""), ("OTHER.send", "app", "queue jobs 1"),
    ]  # fmt: skip
    assert queue_named(world, "other").waiting[0].body.value() == "from the consumer"
