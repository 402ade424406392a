"""A queue: its messages, its consumer as the configs declare it, and deliveries on the virtual clock.

Deliveries happen when the clock moves: a full batch and one whose timeout is 0 at the very next move, also one to the
same instant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from edgelint.platform import limits
from edgelint.testing.bindings.events import own_event
from edgelint.testing.bindings.queue_messages import Batch, Body, QueuedMessage, QueueResult, result_of
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Services
    from edgelint.testing.clock import Timer

_RANGES: Final = {
    "max_batch_size": (1, limits.QUEUE_MAX_BATCH_MESSAGES),
    "max_batch_timeout": (0, limits.QUEUE_MAX_BATCH_TIMEOUT),
    "max_retries": (0, limits.QUEUE_MAX_RETRIES),
    "retry_delay": (0, limits.QUEUE_MAX_DELAY_ACCEPTED),
    "max_concurrency": (1, limits.QUEUE_MAX_CONCURRENCY),
}


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer of a queue, with production's defaults. ``worker`` is the name of the worker, times are seconds;
    ``pull``: it is read over HTTP, from outside."""

    worker: str
    max_batch_size: int = limits.QUEUE_DEFAULT_BATCH_SIZE
    max_batch_timeout: int = limits.QUEUE_DEFAULT_BATCH_TIMEOUT
    max_retries: int = limits.QUEUE_DEFAULT_RETRIES
    retry_delay: int | None = None
    max_concurrency: int = limits.QUEUE_MAX_CONCURRENCY
    dead_letter_queue: str | None = None
    pull: bool = False

    @classmethod
    def read(cls, worker: str, queue: str, declared: Mapping[str, Any]) -> Consumer:
        """A consumer as a config declares it. Raises EdgeUsageError for a number that a deployment refuses."""
        given: dict[str, Any] = {}
        for key, (low, high) in _RANGES.items():
            value = declared.get(key)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise EdgeUsageError(
                    f"the consumer of queue '{queue}' in worker '{worker}': {key} is {low} to {high}, not {value!r}"
                )
            given[key] = value
        dead = declared.get("dead_letter_queue")
        return cls(
            worker, **given, dead_letter_queue=dead if isinstance(dead, str) else None,
            pull=declared.get("type") == "http_pull",
        )  # fmt: skip


def consumer_of(services: Services, queue: str) -> Consumer | None:
    """The consumer of a queue among the workers of the world; None when no config declares one. A worker goes before
    one that pulls."""
    pulled: Consumer | None = None
    for worker in services.workers.values():
        for declared in worker.config.get("queues", "consumers") or []:
            if isinstance(declared, dict) and declared.get("queue") == queue:
                found = Consumer.read(worker.name, queue, declared)
                if not found.pull:
                    return found
                pulled = pulled or found
    return pulled


Order = Callable[[list[QueuedMessage]], Sequence[QueuedMessage]]


class Queue:
    """One queue of a world.

    ``order`` is asked before each batch: it is given the messages that wait, in the order of their arrival, and returns
    what they are delivered as. It may reorder, leave out (those are delivered later, after the others) and repeat
    (at-least-once: a repeated message is delivered again, under the same id). ``delivered`` holds the result of every
    batch, ``dropped`` the messages whose retries are used up and that no dead letter queue took.
    """

    def __init__(self, name: str, services: Services) -> None:
        self.name = name
        self.order: Order | None = None
        self.delivered: list[QueueResult] = []
        self.dropped: list[QueuedMessage] = []
        self._services = services
        self._clock = services.clock
        self._waiting: list[QueuedMessage] = []
        self._flush: Timer | None = None
        self._running = 0

    @property
    def consumer(self) -> Consumer | None:
        """The consumer that the configs of the world declare for this queue."""
        return consumer_of(self._services, self.name)

    @property
    def waiting(self) -> list[QueuedMessage]:
        """The messages that can be delivered, oldest arrival first; those that are delayed are not among them. What
        was sent longer ago than a queue keeps messages is gone."""
        oldest = self._clock.now - limits.QUEUE_RETENTION * 1000
        self._waiting = [message for message in self._waiting if message.timestamp > oldest]
        return list(self._waiting)

    def metrics(self) -> dict[str, Any]:
        """What ``Queue.metrics()`` answers, in the platform's spelling; no oldest message is UNDEFINED."""
        waiting = self.waiting
        oldest = min((message.timestamp for message in waiting), default=None)
        return {
            "backlogCount": len(waiting),
            "backlogBytes": sum(message.body.size for message in waiting),
            "oldestMessageTimestamp": UNDEFINED if oldest is None else datetime.fromtimestamp(oldest / 1000, UTC),
        }

    def send(self, body: Body, delay: int) -> None:
        """A new message, that can be delivered in ``delay`` s."""
        self.receive(QueuedMessage(self._services.token(), self._clock.now, body), delay)

    def receive(self, message: QueuedMessage, delay: int) -> None:
        """Take a message that can be delivered in ``delay`` s."""
        if delay:
            self._clock.after(delay * 1000, partial(self._arrive, message), f"delayed message of queue {self.name}")
        else:
            self._arrive(message)

    def take(self, size: int) -> list[QueuedMessage]:
        """The next batch of at most ``size`` messages, taken out."""
        waiting = self.waiting
        ordered = waiting if self.order is None else list(self.order(list(waiting)))
        chosen: list[QueuedMessage] = []
        seen: set[int] = set()
        for message in ordered:
            chosen.append(message.copy() if id(message) in seen else message)
            seen.add(id(message))
        self._waiting = chosen[size:] + [message for message in waiting if id(message) not in seen]
        return chosen[:size]

    def _arrive(self, message: QueuedMessage) -> None:
        self._waiting.append(message)
        self._schedule()

    def _schedule(self) -> None:
        """Set the timer of the next batch: now when one is full, else its timeout from when it began to fill."""
        consumer = self.consumer
        if consumer is None or consumer.pull or not self._waiting or self._running >= consumer.max_concurrency:
            return
        full = len(self._waiting) >= consumer.max_batch_size
        if self._flush is not None and self._flush.pending:
            if not full or self._flush.when <= self._clock.now:
                return
            self._flush.cancel()
        delay = 0 if full else consumer.max_batch_timeout * 1000
        label = f"batch of queue {self.name}"
        self._flush = self._clock.after(delay, lambda: self._services.background(self._deliver(consumer), label), label)

    async def _deliver(self, consumer: Consumer) -> None:
        batch = self.take(consumer.max_batch_size)
        if not batch:  # they were too old, or ``order`` holds them back
            return
        self._running += 1
        self._schedule()
        try:
            with own_event(self._services, f"queue {self.name}"):
                result = await deliver(
                    self._services, self.name, batch, consumer.worker, consumer.retry_delay, self.metrics()
                )
        finally:
            self._running -= 1
        self.delivered.append(result)
        self._settle(batch, result, consumer)
        self._schedule()

    def _settle(self, batch: list[QueuedMessage], result: QueueResult, consumer: Consumer) -> None:
        for index, delay in result.retried.items():
            message = batch[index]
            message.failed += 1
            if message.failed <= consumer.max_retries:
                self.receive(message, delay)
            elif consumer.dead_letter_queue is not None:
                # The id and the time of sending stay, the attempts begin anew (Miniflare's broker does so too).
                dead = queue_named(self._services, consumer.dead_letter_queue)
                dead.receive(QueuedMessage(message.id, message.timestamp, message.body), 0)
            else:
                self.dropped.append(message)
                self._services.log(
                    "warn", f"queue {self.name}: message {message.id} was dropped after {message.failed} attempts"
                )


def queue_named(services: Services, name: str) -> Queue:
    """The queue of that name, shared by all who bind it."""
    return services.shared(("queue", name), lambda: Queue(name, services))


async def deliver(
    services: Services, queue: str, stored: list[QueuedMessage], worker: str | None, retry_delay: int | None,
    metrics: dict[str, Any],
) -> QueueResult:  # fmt: skip
    """Hand one batch to a worker's queue handler. What the handler raises is in the result; raises EdgeUsageError."""
    host = services.host_of(worker)
    batch = Batch(queue, stored, metrics, lambda text: services.log("warn", text))
    error: BaseException | None = None
    try:
        if not host.has_handler("queue"):
            raise EdgeError("Handler does not export a queue() function.")
        await host.queue(batch)
    except EdgeUsageError:
        raise
    except Exception as raised:
        error = raised
        services.log("error", f"queue {queue}: {type(raised).__name__}: {raised}")
    return result_of(batch, retry_delay, error)
