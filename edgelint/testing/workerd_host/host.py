"""The workerd host: one JavaScript or TypeScript worker of a world, in workerd (``edgelint.testing.host.Host``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.workerd_host.errors import JsError, js_error
from edgelint.testing.workerd_host.objects import Objects
from edgelint.testing.workerd_host.protocols import codec
from edgelint.testing.workerd_host.running import Workerd

if TYPE_CHECKING:
    from edgelint.testing.host import ObjectInstance
    from edgelint.testing.workerd_host.build import Bundle
    from edgelint.testing.world import Worker, World

_ADDRESS: Final = "http://edgelint.internal/"


class WorkerdHost:
    """Runs one worker. All JavaScript workers of a world share one workerd."""

    def __init__(self, worker: Worker, world: World) -> None:
        self.worker = worker
        self.world = world
        self._exports: dict[str, Any] | None = None

    @property
    def workerd(self) -> Workerd:
        """The workerd of the world, started at its first use."""
        return running(self.world)

    @property
    def bundle(self) -> Bundle:
        """The worker as it was built."""
        return self.workerd.bundles[self.worker.name]

    def start(self) -> None:
        """Build and start. Raises EdgeUsageError for what keeps the worker from being built, WorkerdError for what
        keeps workerd from starting."""
        self.workerd.hosts[self.worker.name] = self

    async def close(self) -> None:
        """Stop everything that still runs."""
        await self.workerd.close()

    # Events

    async def fetch(self, request: HttpRequest, entrypoint: str | None = None, props: Any = None) -> HttpResponse:
        """The fetch event. Raises JsError: what the handler throws."""
        info: dict[str, Any] = {} if entrypoint is None else {"entrypoint": entrypoint}
        if props is not None:
            info["props"] = props
        response = await self.workerd.event(self.worker.name, "fetch", request, **info)
        result = response.header("x-edgelint-result")
        if result is None and response.web_socket is None:
            await response.read()
            raise self.workerd.log.refused()
        response.set_header("x-edgelint-result", None)
        if json.loads(result or "{}").get("failed"):
            raise self.error(json.loads(await response.read())["error"])
        return response

    async def scheduled(self, event: Any) -> None:
        """The scheduled event."""
        told = {"cron": event.cron, "scheduledTime": event.scheduled_time}
        await self._event("scheduled", told, {"noRetry": event.no_retry})

    async def queue(self, batch: Any) -> None:
        """The queue event."""
        told = {
            "queue": batch.queue, "metadata": batch.metadata,
            "messages": [
                {"id": each.id, "timestamp": each.timestamp, "body": each.body, "attempts": each.attempts}
                for each in batch.messages
            ],
        }  # fmt: skip

        def ack(index: int) -> None:
            batch.messages[index].ack()

        def retry(index: int, delay: int | None) -> None:
            batch.messages[index].retry(delay)

        await self._event("queue", told, {"ack": ack, "retry": retry, "ackAll": batch.ack_all,
                                          "retryAll": batch.retry_all})  # fmt: skip

    async def email(self, message: Any) -> None:
        """The email event."""
        told = {"from": message.from_, "to": message.to, "headers": [list(each) for each in message.headers],
                "raw": message.raw}  # fmt: skip
        await self._event("email", told, {"setReject": message.set_reject}, message)

    async def call(
        self, entrypoint: str | None, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], props: Any = None
    ) -> Any:
        """An RPC method of an entrypoint. Keywords, which JavaScript has not, are a last argument. Raises JsError."""
        given = [*args, dict(kwargs)] if kwargs else list(args)
        info = {"method": method, **({} if entrypoint is None else {"entrypoint": entrypoint})}
        if props is not None:
            info["props"] = props
        return await self._event("call", given, {}, **info)

    async def create_object(self, class_name: str, state: Any) -> ObjectInstance:
        """Not used: workerd constructs its objects itself. Raises EdgeUsageError."""
        raise EdgeUsageError(f"{class_name} lives in workerd, which constructs its objects itself")

    async def run_workflow(self, class_name: str, event: Mapping[str, Any], step: Any) -> Any:
        """Run the ``run`` method of a workflow class."""
        from edgelint.testing.workerd_host.protocols import workflows

        with workflows.running(self.workerd, step) as run:
            return await self._event("workflow", dict(event), {}, entrypoint=class_name, run=run)

    def has_handler(self, event: str) -> bool:
        """Whether the default export handles an event."""
        found = self.exports().get("default", {})
        return event in found.get("handlers", ())

    def exports(self) -> dict[str, Any]:
        """What the worker exports, by name: ``{"kind": "function" | "object", "handlers": [...]}``."""
        if self._exports is None:
            self._exports = self.workerd.ask(self.worker.name, "describe")
        return self._exports

    async def _event(self, kind: str, told: Any, verbs: Mapping[str, Any], message: Any = None, **info: Any) -> Any:
        """Send an event that is no request, and do what the handler did to what it was handed."""
        body = json.dumps(codec.encode(told, "arguments" if kind == "call" else "the value")).encode()
        request = HttpRequest("POST", _ADDRESS, [("content-type", "application/json")], body)
        with self.workerd.handling(message) as number:
            response = await self.workerd.event(self.worker.name, kind, request, message=number, **info)
            body = await response.read()
        if response.header("x-edgelint-result") is None:
            raise self.workerd.log.refused()
        answer = json.loads(body)
        for verb, *args in answer["calls"]:
            verbs[verb](*args)
        if "error" in answer:
            raise self.error(answer["error"])
        return codec.decode(answer["value"])

    # Errors

    def error(self, written: dict[str, Any]) -> JsError:
        """An error as codec.js writes it, with its frames in the app's own files."""
        return js_error(written, self.bundle.maps, self.workerd.log.inside(written))


def running(world: World) -> Workerd:
    """The workerd of a world, with all of its JavaScript workers. Raises EdgeUsageError and WorkerdError."""
    return world.shared(("workerd",), lambda: _started(world))


def _started(world: World) -> Workerd:
    from edgelint.testing.workerd_host.apps import built, pool_of

    workers = [each for each in world.workers.values() if each.config.main is not None and not each.config.is_python]
    workerd = Workerd(world, pool_of(workers[0], world), list(zip(workers, built(workers, world), strict=True)))
    Objects.of(world).attach(workerd)
    return workerd
