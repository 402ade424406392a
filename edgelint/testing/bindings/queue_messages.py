"""Messages of a queue: how their bodies are written and read, and what a consumer is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from edgelint.testing.clone import not_cloneable, serialized_size, structured_clone
from edgelint.testing.coercion import MAX_SAFE, utf8
from edgelint.testing.errors import type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.json_text import dump, parse
from edgelint.testing.values import UNDEFINED

CONTENT_TYPES: Final = ("text", "bytes", "json", "v8")


@dataclass(frozen=True, slots=True)
class Body:
    """A body as the queue keeps it: ``payload`` is text for "text" and "json", bytes for "bytes", a clone for "v8";
    ``size`` its bytes."""

    content_type: str
    payload: Any
    size: int

    def value(self) -> Any:
        """A fresh copy of what a consumer sees."""
        return parse(self.payload) if self.content_type == "json" else structured_clone(self.payload)


def encode(value: Any, content_type: str) -> Body:
    """Write a body. Raises EdgeError: TypeError for a content type that is unknown or does not fit, DataCloneError.

    "bytes" takes bytes; whether JavaScript gave a view or an ArrayBuffer (which workerd refuses) is not known here.
    """
    if content_type == "text":
        if not isinstance(value, str):
            raise type_error(f'Content Type "text" requires a value of type string, but received: {typeof(value)}')
        return Body("text", value, len(utf8(value)))
    if content_type == "bytes":
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise type_error(
                f'Content Type "bytes" requires a value of type ArrayBufferView, but received: {typeof(value)}'
            )
        return Body("bytes", bytes(value), len(bytes(value)))
    if content_type == "json":
        if _has_bigint(value, set()):
            raise type_error("Do not know how to serialize a BigInt")
        text = dump(value)
        if text is None:
            raise not_cloneable(value)
        return Body("json", text, len(utf8(text)))
    if content_type == "v8":
        return Body("v8", structured_clone(value), serialized_size(value))
    raise type_error(f"Unsupported queue message content type: {content_type}")


def _has_bigint(value: Any, seen: set[int]) -> bool:
    """Whether a value has an int in it that is no number of JavaScript, but a BigInt."""
    if isinstance(value, (list, tuple, dict)) and id(value) not in seen:
        seen.add(id(value))
        return any(_has_bigint(item, seen) for item in (value.values() if isinstance(value, dict) else value))
    return typeof(value) == "bigint"


def typeof(value: Any) -> str:
    """JavaScript's ``typeof`` of a plain value."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) and abs(value) > MAX_SAFE:
        return "bigint"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "function" if callable(value) else "object"


@dataclass(slots=True)
class QueuedMessage:
    """A message in a queue. ``timestamp`` is when it was sent (ms since the epoch), ``failed`` how many of its
    deliveries failed."""

    id: str
    timestamp: float
    body: Body
    failed: int = 0

    def copy(self) -> QueuedMessage:
        """The same message once more: what a queue that delivers twice holds."""
        return QueuedMessage(self.id, self.timestamp, self.body, self.failed)


@dataclass(slots=True)
class Verdict:
    """What a consumer said of one message: nothing yet, that it is done, or that it is to come again ``delay`` s later
    (None: as the batch or the consumer's configuration say)."""

    said: Literal["", "ack", "retry"] = ""
    delay: int | None = None


class Message(Verbs):
    """One message as the consumer is handed it. ``attempts`` counts from 1; ``timestamp`` is a datetime in UTC."""

    def __init__(self, stored: QueuedMessage, batch: Batch) -> None:
        self.id = stored.id
        self.timestamp = datetime.fromtimestamp(stored.timestamp / 1000, UTC)
        self.body = stored.body.value()
        self.attempts = stored.failed + 1
        self.verdict = Verdict()
        self._batch = batch

    def ack(self) -> None:
        """The message is done, whatever becomes of the batch. Ignored, with a warning, after ``retry`` or
        ``retry_all`` (https://github.com/cloudflare/workerd/blob/main/src/workerd/api/queue.c++)."""
        if self._batch.said == "ack":
            return
        if self._batch.said == "retry":
            self._batch.ignored(f"ack() on message {self.id}", "retryAll()", "ack() on a message")
        elif self.verdict.said == "retry":
            self._batch.ignored(f"ack() on message {self.id}", "retry()", "ack() on a message")
        else:
            self.verdict.said = "ack"

    def retry(self, delay_seconds: int | None = None) -> None:
        """The message is to come again, ``delay_seconds`` later. Ignored, with a warning, after ``ack`` or
        ``ack_all``."""
        if self._batch.said == "ack":
            self._batch.ignored(f"retry() on message {self.id}", "ackAll()", "retry() on a message")
        elif self.verdict.said == "ack":
            self._batch.ignored(f"retry() on message {self.id}", "ack()", "retry() on a message")
        else:
            self.verdict.said, self.verdict.delay = "retry", delay_seconds

    def __repr__(self) -> str:
        return f"Message({self.id}, {self.body!r}, attempts={self.attempts})"


class Batch(Verbs):
    """The batch that a queue event carries. ``metadata`` is ``{"metrics": {"backlogCount", "backlogBytes",
    "oldestMessageTimestamp"}}`` of what waits behind it. ``warn`` is told of calls without effect."""

    def __init__(
        self, queue: str, stored: list[QueuedMessage], metrics: dict[str, Any], warn: Callable[[str], None]
    ) -> None:
        self.queue = queue
        self.metadata = {"metrics": metrics}
        self.said: Literal["", "ack", "retry"] = ""
        self.delay: int | None = None
        self.messages = [Message(each, self) for each in stored]
        self._warn = warn

    def ack_all(self) -> None:
        """Every message that nothing was said of is done, whether or not the handler raises."""
        if self.said == "retry":
            self.ignored("ackAll()", "retryAll()", "ackAll()")
        else:
            self.said = "ack"

    def retry_all(self, delay_seconds: int | None = None) -> None:
        """Every message that nothing was said of is to come again."""
        if self.said == "ack":
            self.ignored("retryAll()", "ackAll()", "retryAll()")
            return
        self.said = "retry"
        if delay_seconds is not None:
            self.delay = delay_seconds

    def ignored(self, call: str, earlier: str, what: str) -> None:
        """Warn that a call came too late, as workerd does."""
        self._warn(
            f"Received a call to {call} after {earlier} was already called. "
            f"Calling {what} after calling {earlier} has no effect."
        )

    def is_done(self, index: int, raised: bool) -> bool:
        """Whether the message at ``index`` is done: what was said of it decides, then what was said of the batch, then
        whether the handler raised. (Miniflare retries acknowledged messages of a batch that is retried or raised;
        https://developers.cloudflare.com/queues/configuration/batching-retries/ says that they are not.)"""
        said = self.messages[index].verdict.said or self.said
        return said == "ack" or (not said and not raised)

    def delay_of(self, index: int, default: int | None) -> int:
        """Seconds until the message at ``index`` comes again: the message's, the batch's, or ``default``."""
        chosen = self.messages[index].verdict.delay
        chosen = self.delay if chosen is None else chosen
        return max(0, (default or 0) if chosen is None else chosen)


@dataclass(frozen=True)
class QueueResult:
    """What became of one batch, by the index of its messages. ``outcome``: "ok" or "exception" (then ``error`` is what
    the handler raised). ``acked`` are done, ``retried`` come again after so many seconds; ``ack_all`` and ``retry_all``
    tell whether the handler said so."""

    outcome: Literal["ok", "exception"]
    acked: list[int]
    retried: dict[int, int]
    ack_all: bool = False
    retry_all: bool = False
    error: BaseException | None = None
    batch: Batch | None = field(default=None, repr=False, compare=False)


def result_of(batch: Batch, default_delay: int | None, error: BaseException | None) -> QueueResult:
    """Read off a batch what its handler did."""
    raised = error is not None
    acked = [index for index in range(len(batch.messages)) if batch.is_done(index, raised)]
    retried = {
        index: batch.delay_of(index, default_delay)
        for index in range(len(batch.messages))
        if not batch.is_done(index, raised)
    }
    return QueueResult(
        "exception" if raised else "ok", acked, retried, batch.said == "ack", batch.said == "retry", error, batch
    )
