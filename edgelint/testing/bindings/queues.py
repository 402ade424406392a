"""The queue binding of a producer, and the queue event that a test sends.

What the runtime refuses, and its words: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/queue.c++; what
the service refuses: https://developers.cloudflare.com/queues/reference/error-codes/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from edgelint.platform import compat, limits
from edgelint.testing.bindings.base import Binding
from edgelint.testing.bindings.events import event
from edgelint.testing.bindings.queue_messages import (
    CONTENT_TYPES,
    Batch,
    Body,
    Message,
    QueuedMessage,
    QueueResult,
    encode,
)
from edgelint.testing.bindings.queue_store import Consumer, Queue, consumer_of, deliver, queue_named
from edgelint.testing.coercion import int32
from edgelint.testing.errors import EdgeError, EdgeUsageError, type_error
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Services
    from edgelint.testing.operation import Operation

__all__ = [
    "Batch",
    "Consumer",
    "Incoming",
    "Message",
    "Queue",
    "QueueProducer",
    "QueueResult",
    "dispatch",
    "queue_named",
]


class QueueProducer(Binding):
    """``env.QUEUE``. ``queue`` is the queue itself, for tests: what waits, was delivered or dropped; its ``order``."""

    kind = "queue"

    @property
    def queue(self) -> Queue:
        """The queue that this binding sends to."""
        return queue_named(self.services, self.declared.resource)

    async def send(
        self, body: Any = UNDEFINED, content_type: str | None = None, delay_seconds: float | None = None
    ) -> dict[str, Any]:
        """Send one message, that can be delivered after ``delay_seconds``. Returns ``{"metadata": {"metrics": ...}}``,
        the queue as it was before. Raises EdgeError: TypeError for what the runtime refuses, Error for what the service
        does."""
        encoded = self._encode(body, self._known(content_type))
        delay = None if delay_seconds is None else int32(delay_seconds)

        def store(operation: Operation) -> dict[str, Any]:
            if encoded.size > limits.QUEUE_MAX_MESSAGE:
                raise self._refused(
                    "send", f"message length of {encoded.size} bytes exceeds limit of {limits.QUEUE_MAX_MESSAGE} bytes",
                    limits.QUEUE_ERROR_MESSAGE_SIZE,
                )  # fmt: skip
            self._check_delay("send", "message", delay, limits.QUEUE_ERROR_METADATA)
            return self._stored([(encoded, delay)], None)

        operation = self.operation(
            "send", self.declared.resource,
            {"body": body, "contentType": encoded.content_type, "delaySeconds": delay},
            bytes=encoded.size, units=_units([encoded]),
        )  # fmt: skip
        return await self.gate.perform(operation, store)

    async def send_batch(
        self, messages: Iterable[Mapping[str, Any]], delay_seconds: float | None = None
    ) -> dict[str, Any]:
        """Send up to 100 messages at once, all of them or none. Each is a mapping with ``body`` and, when it likes,
        ``contentType`` and ``delaySeconds`` (or ``content_type`` and ``delay_seconds``). Otherwise as ``send``."""
        encoded: list[tuple[Body, int | None]] = []
        batch = list(messages)
        if not batch:
            raise type_error("sendBatch() requires at least one message")
        for message in batch:
            own_delay = _option(message, "delaySeconds", "delay_seconds")
            given = _option(message, "contentType", "content_type")
            known = self._known(given)
            # The runtime checks the type without regard to case, and then writes the body by the type as it was given.
            body = self._encode(message.get("body", UNDEFINED), known if given is None else given)
            encoded.append((body, None if own_delay is None else int32(own_delay)))
        delay = None if delay_seconds is None else int32(delay_seconds)
        bodies = [body for body, _ in encoded]

        def store(operation: Operation) -> dict[str, Any]:
            self._check_batch(bodies)
            self._check_delay("sendBatch", "batch", delay, limits.QUEUE_ERROR_DELAY_OF_BATCH)
            for _, own in encoded:
                self._check_delay("sendBatch", "message", own, limits.QUEUE_ERROR_METADATA)
            return self._stored(encoded, delay)

        operation = self.operation(
            "sendBatch", self.declared.resource, {"messages": batch, "delaySeconds": delay},
            bytes=sum(body.size for body in bodies), units=_units(bodies), messages=len(bodies),
        )  # fmt: skip
        return await self.gate.perform(operation, store)

    async def metrics(self) -> dict[str, Any]:
        """``{"backlogCount", "backlogBytes", "oldestMessageTimestamp"}``: bytes, and a datetime or UNDEFINED."""
        return await self.perform("metrics", self.declared.resource, None, lambda _: self.queue.metrics())

    def _stored(self, messages: Sequence[tuple[Body, int | None]], delay: int | None) -> dict[str, Any]:
        queue = self.queue
        metrics = queue.metrics()
        default = self.declared.fields.get("delivery_delay")
        fallback = delay if delay is not None else default if isinstance(default, int) else 0
        for body, own in messages:
            queue.send(body, fallback if own is None else own)
        return {"metadata": {"metrics": metrics}}

    def _known(self, content_type: str | None) -> str:
        """The content type in the spelling of the platform. Raises EdgeError (TypeError)."""
        if content_type is None:
            return "json" if self._enabled("queues_json_messages") else "v8"
        known = content_type.lower() if isinstance(content_type, str) else ""
        if known not in CONTENT_TYPES:
            raise type_error(f"Unsupported queue message content type: {content_type}")
        return known

    def _encode(self, body: Any, content_type: str) -> Body:
        if body is UNDEFINED:
            raise type_error("Message body cannot be undefined")
        return encode(body, content_type)

    def _check_batch(self, bodies: list[Body]) -> None:
        if len(bodies) > limits.QUEUE_MAX_BATCH_MESSAGES:
            raise self._refused(
                "sendBatch", f"batch message count of {len(bodies)} exceeds limit of {limits.QUEUE_MAX_BATCH_MESSAGES}",
                limits.QUEUE_ERROR_BATCH_COUNT,
            )  # fmt: skip
        largest = max(body.size for body in bodies)
        if largest > limits.QUEUE_MAX_MESSAGE:
            raise self._refused(
                "sendBatch",
                f"message in batch has length {largest} bytes which exceeds single message size limit of "
                f"{limits.QUEUE_MAX_MESSAGE} bytes",
                limits.QUEUE_ERROR_MESSAGE_SIZE,
            )
        total = sum(body.size for body in bodies)
        if total > limits.QUEUE_MAX_BATCH:  # Miniflare lets 288,000 bytes pass
            # As production words it: https://github.com/fedify-dev/fedify/issues/958
            raise self._refused(
                "sendBatch", f"batch size of {total} bytes exceeds limit of {limits.QUEUE_MAX_BATCH} bytes",
                limits.QUEUE_ERROR_BATCH_SIZE,
            )  # fmt: skip

    def _check_delay(self, verb: str, what: str, delay: int | None, code: int) -> None:
        if delay is not None and not 0 <= delay <= limits.QUEUE_MAX_DELAY_ACCEPTED:
            raise self._refused(verb, f"{what} delay {delay} is invalid", code)

    def _refused(self, verb: str, why: str, code: int) -> EdgeError:
        """What the service refuses: with its code at the end where the compatibility date shows codes."""
        if self._enabled("queue_expose_error_codes"):
            return EdgeError(f"{why} ({code})")
        return EdgeError(f"Queue {verb} failed: {why}")

    def _enabled(self, flag: str) -> bool:
        """Whether a compatibility flag is on for the worker of this binding; without one, whatever is newest."""
        worker = self.services.workers.get(self.declared.worker)
        if worker is None:
            return True
        config = worker.config
        return compat.enabled(flag, config.compatibility_date, list(config.compatibility_flags))


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message of ``dispatch`` that is more than a body: which delivery it is (``attempts``, from 1), its id, when it
    was sent, and how it was written."""

    body: Any
    attempts: int = 1
    id: str | None = None
    timestamp: datetime | None = None
    content_type: str = "v8"


async def dispatch(
    services: Services, queue: str, messages: Sequence[Any], *, worker: str | None = None, attempts: int = 1
) -> QueueResult:
    """Send ``messages`` (bodies, or ``Incoming``) as one batch of ``queue`` to its consumer's handler (the worker under
    test when no config consumes the queue), and tell what it did. The queue itself is not touched: nothing is delivered
    again. ``attempts`` is which delivery it is. Raises EdgeUsageError when the worker has no queue handler."""
    consumer = consumer_of(services, queue)
    if worker is None and consumer is not None and not consumer.pull:
        worker = consumer.worker
    if not services.host_of(worker).has_handler("queue"):
        raise EdgeUsageError(f"the worker has no queue handler for a batch of '{queue}'")
    stored = []
    for each in messages:
        incoming = each if isinstance(each, Incoming) else Incoming(each, attempts)
        stored.append(
            QueuedMessage(
                incoming.id or services.token(),
                services.clock.now if incoming.timestamp is None else incoming.timestamp.timestamp() * 1000,
                encode(incoming.body, incoming.content_type),
                incoming.attempts - 1,
            )
        )
    delay = None if consumer is None else consumer.retry_delay
    with event(services, f"queue {queue}"):
        return await deliver(services, queue, stored, worker, delay, queue_named(services, queue).metrics())


def _option(message: Mapping[str, Any], *names: str) -> Any:
    """An option of one message of a batch; undefined and null are no option."""
    for name in names:
        value = message.get(name)
        if value is not None and value is not UNDEFINED:
            return value
    return None


def _units(bodies: Iterable[Body]) -> int:
    """How many operations the bodies are billed as: one for each 64 KB begun."""
    return sum(max(1, -(-body.size // limits.QUEUE_OPERATION)) for body in bodies)
