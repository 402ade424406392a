"""Queues: what a producer may send, and how it arrives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from edgelint.testing.bindings.queues import Batch
from edgelint.testing.clock import START
from edgelint.testing.operation import Operation
from edgelint.testing.values import UNDEFINED
from tests.testing.bindings.fake_host import FakeHost, world_of
from tests.testing.bindings.queueing import Seen, advance, consuming, error_of, producer

# Sending


@pytest.mark.parametrize(
    ("body", "content_type", "delivered"),
    [
        ({"a": [1, None, "x"]}, None, {"a": [1, None, "x"]}),
        (datetime(2026, 1, 1, tzinfo=UTC), "json", "2026-01-01T00:00:00.000Z"),
        (datetime(2026, 1, 1, tzinfo=UTC), "v8", datetime(2026, 1, 1, tzinfo=UTC)),
        ({"a": UNDEFINED}, "json", {}),
        ({"a": UNDEFINED}, "v8", {"a": UNDEFINED}),
        (None, None, None),
        ("text", "text", "text"),
        ("text", "TEXT", "text"),
        (b"\x00\x01", "bytes", b"\x00\x01"),
    ],
)
def test_a_body_arrives_as_its_content_type_keeps_it(body: Any, content_type: str | None, delivered: Any) -> None:
    world, jobs, seen = consuming()
    world.run(jobs.send(body, content_type=content_type))
    advance(world, 5)
    assert seen.batches == [[delivered]]


def test_before_json_was_the_default_bodies_were_clones() -> None:
    seen = Seen()
    when = datetime(2026, 1, 1, tzinfo=UTC)
    world = world_of(FakeHost(queue=seen), date="2024-03-17", queues={"consumers": [{"queue": "jobs"}]})
    world.run(producer(world).send(when))
    advance(world, 5)
    assert seen.batches == [[when]]


def test_a_body_is_copied_when_it_is_sent_and_when_it_is_delivered() -> None:
    bodies = []

    def act(batch: Batch) -> None:
        bodies.append(batch.messages[0].body)
        batch.retry_all()

    world, jobs, _ = consuming(act)
    body = {"a": [1]}
    world.run(jobs.send(body, content_type="v8"))
    body["a"].append(2)
    advance(world, 5)
    bodies[0]["a"].append(3)
    advance(world, 5)
    assert bodies == [{"a": [1, 3]}, {"a": [1]}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "Message body cannot be undefined"),
        ({"body": 1, "content_type": "xml"}, "Unsupported queue message content type: xml"),
        ({"body": {}, "content_type": "text"},
         'Content Type "text" requires a value of type string, but received: object'),
        ({"body": 1, "content_type": "text"},
         'Content Type "text" requires a value of type string, but received: number'),
        ({"body": "x", "content_type": "bytes"},
         'Content Type "bytes" requires a value of type ArrayBufferView, but received: string'),
        ({"body": True, "content_type": "bytes"},
         'Content Type "bytes" requires a value of type ArrayBufferView, but received: boolean'),
        ({"body": 2**60, "content_type": "bytes"},
         'Content Type "bytes" requires a value of type ArrayBufferView, but received: bigint'),
        ({"body": print, "content_type": "bytes"},
         'Content Type "bytes" requires a value of type ArrayBufferView, but received: function'),
        ({"body": {"a": [1, 2**53]}}, "Do not know how to serialize a BigInt"),
        ({"body": 1, "delay_seconds": 2**31},
         "Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."),
    ],
)  # fmt: skip
def test_what_the_runtime_refuses_to_send(options: dict[str, Any], expected: str) -> None:
    world = world_of()
    jobs = producer(world)
    assert error_of(lambda: world.run(jobs.send(**options))) == ("TypeError", expected)
    assert jobs.queue.waiting == []


@pytest.mark.parametrize("content_type", ["json", "v8"])
def test_what_cannot_be_written_is_refused(content_type: str) -> None:
    world = world_of()
    jobs = producer(world)
    assert error_of(lambda: world.run(jobs.send(print, content_type=content_type)))[0] == "DataCloneError"


def test_a_message_may_have_128000_bytes() -> None:
    world = world_of()
    jobs = producer(world)
    world.run(jobs.send("x" * 128_000, content_type="text"))
    assert error_of(lambda: world.run(jobs.send("é" * 64_000 + "x", content_type="text"))) == (
        "Error", "message length of 128001 bytes exceeds limit of 128000 bytes (10204)",
    )  # fmt: skip
    assert len(jobs.queue.waiting) == 1


def test_before_codes_were_shown_the_words_said_what_failed() -> None:
    world = world_of(date="2026-03-11")
    jobs = producer(world)
    assert error_of(lambda: world.run(jobs.send("x" * 128_001, content_type="text"))) == (
        "Error", "Queue send failed: message length of 128001 bytes exceeds limit of 128000 bytes",
    )  # fmt: skip
    assert error_of(lambda: world.run(jobs.send_batch([{"body": 1}] * 101))) == (
        "Error", "Queue sendBatch failed: batch message count of 101 exceeds limit of 100",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([{"body": 1}] * 101, "batch message count of 101 exceeds limit of 100 (10206)"),
        ([{"body": "x" * 128_001, "contentType": "text"}],
         "message in batch has length 128001 bytes which exceeds single message size limit of 128000 bytes (10204)"),
        ([{"body": "x" * 100_000, "contentType": "text"}] * 3,
         "batch size of 300001 bytes exceeds limit of 256000 bytes (10205)"),
        ([{"body": 1, "delaySeconds": -1}], "message delay -1 is invalid (10203)"),
        ([{"body": 1, "delaySeconds": 86_401}], "message delay 86401 is invalid (10203)"),
    ],
)  # fmt: skip
def test_what_the_service_refuses_of_a_batch(messages: list[dict[str, Any]], expected: str) -> None:
    world = world_of()
    jobs = producer(world)
    assert error_of(lambda: world.run(jobs.send_batch([{"body": 0}, *messages][-101:]))) == ("Error", expected)
    assert jobs.queue.waiting == []


def test_a_batch_of_nothing_or_of_what_is_no_message_is_refused() -> None:
    world = world_of()
    jobs = producer(world)
    assert error_of(lambda: world.run(jobs.send_batch([]))) == (
        "TypeError", "sendBatch() requires at least one message",
    )  # fmt: skip
    assert error_of(lambda: world.run(jobs.send_batch([{"body": UNDEFINED}]))) == (
        "TypeError", "Message body cannot be undefined",
    )  # fmt: skip
    # workerd looks at the type without regard to case and then writes by it as it is
    assert error_of(lambda: world.run(jobs.send_batch([{"body": "a", "contentType": "TEXT"}]))) == (
        "TypeError", "Unsupported queue message content type: TEXT",
    )  # fmt: skip
    assert error_of(lambda: world.run(jobs.send_batch([{"body": 1}], delay_seconds=-5))) == (
        "Error", "batch delay -5 is invalid (10202)",
    )  # fmt: skip


def test_metrics_are_the_backlog_as_it_was_before_the_message() -> None:
    world = world_of()
    jobs = producer(world)
    assert world.run(jobs.send("ab", content_type="text")) == {
        "metadata": {"metrics": {"backlogCount": 0, "backlogBytes": 0, "oldestMessageTimestamp": UNDEFINED}}
    }
    advance(world, 60)
    second = world.run(jobs.send_batch([{"body": "c", "content_type": "text"}, {"body": 1, "contentType": UNDEFINED}]))
    assert second["metadata"]["metrics"] == {"backlogCount": 1, "backlogBytes": 2, "oldestMessageTimestamp": START}
    assert world.run(jobs.metrics())["backlogCount"] == 3


def test_messages_are_kept_four_days() -> None:
    world = world_of()
    jobs = producer(world)
    world.run(jobs.send(1))
    advance(world, 4 * 86_400 - 1)
    assert len(jobs.queue.waiting) == 1
    advance(world, 1)
    assert jobs.queue.waiting == []


def test_operations_pass_the_gate_with_their_bytes() -> None:
    world = world_of()
    jobs = producer(world)
    operations: list[Operation] = []
    world.gate.observers.append(operations.append)
    world.run(jobs.send("x" * 64_001, content_type="text", delay_seconds=3.7), origin="app")
    world.run(jobs.send_batch([{"body": "x", "contentType": "text"}] * 2), origin="app")
    world.run(jobs.metrics(), origin="app")
    done = operations[1::2]
    assert [(op.name, op.kind, op.key, op.outcome) for op in done] == [
        ("JOBS.send", "queue", "jobs", "ok"), ("JOBS.sendBatch", "queue", "jobs", "ok"),
        ("JOBS.metrics", "queue", "jobs", "ok"),
    ]  # fmt: skip
    assert done[0].attributes == {"bytes": 64_001, "units": 2}
    assert done[0].request == {"body": "x" * 64_001, "contentType": "text", "delaySeconds": 3}
    assert done[1].attributes == {"bytes": 2, "units": 2, "messages": 2}
