"""A queue's producer in workerd: the cases of tests/testing/bindings/test_queues.py, and what only JavaScript sends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from edgelint.testing.clock import START
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.values import UNDEFINED
from tests.oracles.miniflare.oracle import view
from tests.testing.bindings import test_queues
from tests.testing.workerd_host.in_javascript import InJavaScript, Made, table_of

TABLES = {
    "arrives": table_of(test_queues.test_a_body_arrives_as_its_content_type_keeps_it),
    "refused": table_of(test_queues.test_what_the_runtime_refuses_to_send),
    "refused batch": table_of(test_queues.test_what_the_service_refuses_of_a_batch),
}


@pytest.fixture
def jobs(in_javascript: Made) -> InJavaScript:
    return in_javascript("QUEUE", "JOBS")


def waiting(jobs: InJavaScript) -> list[Any]:
    return [message.body.value() for message in jobs.binding.queue.waiting]


@pytest.mark.parametrize(*TABLES["arrives"])
def test_a_body_arrives_as_its_content_type_keeps_it(
    jobs: InJavaScript, body: Any, content_type: str | None, delivered: Any
) -> None:
    jobs("send", body, **({} if content_type is None else {"content_type": content_type}))
    assert waiting(jobs) == [delivered]
    assert jobs.last.request["contentType"] == (content_type or "json").lower()


@pytest.mark.parametrize(*TABLES["refused"])
def test_what_the_runtime_refuses_to_send(jobs: InJavaScript, options: dict[str, Any], expected: str) -> None:
    given = dict(options)
    assert jobs.error("send", given.pop("body", UNDEFINED), **given) == f"TypeError: {expected}"
    assert waiting(jobs) == jobs.operations == []


@pytest.mark.parametrize(*TABLES["refused batch"])
def test_what_the_service_refuses_of_a_batch(
    jobs: InJavaScript, messages: list[dict[str, Any]], expected: str
) -> None:
    assert jobs.error("send_batch", [{"body": 0}, *messages][-101:]) == f"Error: {expected}"
    assert waiting(jobs) == []
    assert jobs.last.outcome == "error"


def test_a_batch_of_nothing_or_of_what_is_no_message_is_refused(jobs: InJavaScript) -> None:
    assert jobs.error("send_batch", []) == "TypeError: sendBatch() requires at least one message"
    assert jobs.error("send_batch", [{"body": UNDEFINED}]) == "TypeError: Message body cannot be undefined"
    assert jobs.error("send_batch", [{"body": "a", "contentType": "TEXT"}]) == (
        "TypeError: Unsupported queue message content type: TEXT"
    )
    assert jobs.error("send_batch", [{"body": 1}], delay_seconds=-5) == "Error: batch delay -5 is invalid (10202)"


def test_metrics_are_the_backlog_as_it_was_before_the_message(jobs: InJavaScript) -> None:
    first = jobs("send", "ab", content_type="text")
    assert first["metadata"]["metrics"]["backlogCount"] == 0
    assert first["metadata"]["metrics"]["oldestMessageTimestamp"] is UNDEFINED
    jobs.advance(60)
    second = jobs("send_batch", [{"body": "c", "contentType": "text"}, {"body": 1}])
    assert second["metadata"]["metrics"] == {"backlogCount": 1, "backlogBytes": 2, "oldestMessageTimestamp": START}
    assert jobs("metrics") == {"backlogCount": 3, "backlogBytes": 4, "oldestMessageTimestamp": START}
    assert (jobs.last.name, jobs.last.key) == ("JOBS.metrics", "jobs")


def test_a_message_of_a_batch_has_a_delay_and_a_type_of_its_own(jobs: InJavaScript) -> None:
    batch = [
        {"body": "later"}, {"body": b"\0\1", "contentType": "bytes", "delaySeconds": 5},
        {"body": {"a": datetime(2026, 1, 1, tzinfo=UTC)}, "contentType": "v8", "delaySeconds": 0},
    ]  # fmt: skip
    jobs("send_batch", batch, delay_seconds=9)
    assert waiting(jobs) == [{"a": datetime(2026, 1, 1, tzinfo=UTC)}]
    jobs.advance(5)
    jobs.advance(4)
    assert waiting(jobs) == [{"a": datetime(2026, 1, 1, tzinfo=UTC)}, b"\0\1", "later"]


def test_a_delay(jobs: InJavaScript) -> None:
    jobs("send", 1, delay_seconds=3.9)
    assert (waiting(jobs), jobs.last.request["delaySeconds"]) == ([], 3)
    jobs.advance(3)
    assert waiting(jobs) == [1]


def test_what_v8_writes_is_read(jobs: InJavaScript) -> None:
    """And read by the consumer as what it was: tests/testing/workerd_host/queues/test_v8_values.py has the forms."""
    sent = {"$object": [["map", {"$map": [[1, {"$set": [{}]}]]}], ["big", {"$bigint": "5"}], ["half", "\ud800"],
                        ["view", view("Uint16Array", b"\1\0")]]}  # fmt: skip
    jobs("send", sent, content_type="v8")
    [body] = waiting(jobs)
    assert [type(body[name]).__name__ for name in body] == ["JsMap", "JsBigInt", "str", "JsBytes"]
    assert body == {"map": {1: [{}]}, "big": 5, "half": "\ud800", "view": b"\1\0"}


def test_before_json_was_the_default_bodies_were_clones(jobs: InJavaScript) -> None:
    from edgelint.testing.http import HttpRequest
    from edgelint.testing.workerd_host.protocols import queues
    from edgelint.testing.workerd_host.v8_values import encode

    request = HttpRequest("POST", "http://fake-host/message", [], encode({"a": UNDEFINED}))
    assert jobs.run(queues.answer(jobs.binding, request)).status == 200
    assert (waiting(jobs), jobs.last.request["contentType"]) == ([{"a": UNDEFINED}], "v8")
    body = b"\xff\x0f\\"
    with pytest.raises(EdgeUsageError, match="an object of the host"):
        jobs.run(queues.answer(jobs.binding, HttpRequest("POST", "http://fake-host/message", [], body)))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (429, "Too Many Requests (15000)"), ("internal", "Internal Server Error (15000)"),
        ("lost", "Network connection lost."), (EdgeError("no\nway é (10250)"), "no way ? (10250)"),
    ],
)
def test_a_fault(jobs: InJavaScript, how: Any, said: str) -> None:
    """In the words of the compatibility date: where codes are shown, one that has none is said to be unknown."""
    fault = jobs.edge.faults.on("JOBS.send").fail(how)
    assert jobs.error("send", 1) == f"Error: {said}"
    assert (fault.hits, waiting(jobs)) == (1, [])
