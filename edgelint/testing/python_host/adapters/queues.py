"""WorkerQueue, and the batch of a queue event."""

from __future__ import annotations

from typing import Any

from edgelint.testing.python_host.adapters.base import Adapter, options
from edgelint.testing.python_host.containers import JsArray
from edgelint.testing.python_host.convert import plain, structured_clone
from edgelint.testing.python_host.jsvalue import JsProxy, getter, iterate, lower, method
from edgelint.testing.python_host.standard import to_json
from edgelint.testing.values import UNDEFINED


class WorkerQueue(Adapter, js_name="WorkerQueue"):
    """``env.QUEUE``."""

    @method
    async def send(self, body: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        more = options(given, "contentType", "delaySeconds")
        return await self._binding.send(_body(body, more.get("content_type")), **more)

    @method
    async def sendBatch(self, messages: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        batch = []
        for each in iterate(messages):
            message: dict[str, Any] = options(each, "contentType", "delaySeconds")
            message["body"] = _body(each._js_get("body"), message.get("content_type"))
            batch.append(message)
        return await self._binding.send_batch(batch, **options(given, "delaySeconds"))


def _body(value: Any, kind: Any) -> Any:
    """A body as plain Python: as JSON has it, or as a structured clone does."""
    if isinstance(value, JsProxy) and kind in (None, "json"):
        return to_json(value)
    return plain(structured_clone(value)) if kind == "v8" else plain(value)


class QueueEvent(Adapter, js_name="QueueEvent"):
    """The batch that a handler gets."""

    @getter
    def queue(self) -> Any:
        return self._binding.queue

    @getter
    def messages(self) -> Any:
        if not hasattr(self, "_messages"):
            self._messages = JsArray(QueueMessage(message) for message in self._binding.messages)
        return self._messages

    @getter
    def metadata(self) -> Any:
        return self._binding.metadata

    @method
    def ackAll(self) -> Any:
        self._binding.ack_all()
        return UNDEFINED

    @method
    def retryAll(self, given: Any = UNDEFINED) -> Any:
        self._binding.retry_all(**options(given, "delaySeconds"))
        return UNDEFINED


class QueueMessage(Adapter, js_name="QueueMessage"):
    """One message of a batch."""

    @getter
    def id(self) -> Any:
        return self._binding.id

    @getter
    def timestamp(self) -> Any:
        return self._binding.timestamp

    @getter
    def body(self) -> Any:
        if not hasattr(self, "_body"):
            self._body = lower(self._binding.body)
        return self._body

    @getter
    def attempts(self) -> Any:
        return self._binding.attempts

    @method
    def ack(self) -> Any:
        self._binding.ack()
        return UNDEFINED

    @method
    def retry(self, given: Any = UNDEFINED) -> Any:
        self._binding.retry(**options(given, "delaySeconds"))
        return UNDEFINED


class ScheduledController(Adapter, js_name="ScheduledController"):
    """What a scheduled handler gets."""

    @getter
    def scheduledTime(self) -> Any:
        return self._binding.scheduled_time

    @getter
    def cron(self) -> Any:
        return self._binding.cron

    @getter(name="type")
    def type_(self) -> Any:
        return "scheduled"

    @method
    def noRetry(self) -> Any:
        self._binding.no_retry()
        return UNDEFINED


