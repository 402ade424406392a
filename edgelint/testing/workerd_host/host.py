"""The workerd host: one JavaScript or TypeScript worker of a world, in workerd (``edgelint.testing.host.Host``)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.workerd_host.errors import JsError
from edgelint.testing.workerd_host.objects import Objects
from edgelint.testing.workerd_host.protocols import codec
from edgelint.testing.workerd_host.running import Workerd
from edgelint.testing.workerd_host.source_maps import frames

if TYPE_CHECKING:
    from edgelint.testing.host import ObjectInstance
    from edgelint.testing.workerd_host.build import Bundle
    from edgelint.testing.world import Worker, World

_ADDRESS: Final = "http://edgelint.internal/"
_UNCAUGHT: Final = re.compile(
    r"uncaught exception; source = [^;]*; stack = (?:(?P<name>[A-Za-z]*Error): )?(?P<said>.*?)(?P<stack>\n    at .*)?\Z",
    re.DOTALL,
)


class WorkerdHost:
    """Runs one worker. All JavaScript workers of a world share one workerd."""

    def __init__(self, worker: Worker, world: World) -> None:
        self.worker = worker
        self.world = world
        self._exports: dict[str, Any] | None = None
        self._emails: dict[int, Any] = {}

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
        result = json.loads(response.header("x-edgelint-result") or "{}")
        response.set_header("x-edgelint-result", None)
        if result.get("failed"):
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
        raise EdgeUsageError(f"{class_name} lives in workerd: a Python worker cannot hold objects of a JavaScript one yet")

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

    async def _event(
        self, kind: str, told: Any, verbs: Mapping[str, Any], message: Any = None, **info: Any
    ) -> Any:
        """Send an event that is no request, and do what the handler did to what it was handed."""
        body = json.dumps(codec.encode(told)).encode()
        request = HttpRequest("POST", _ADDRESS, [("content-type", "application/json")], body)
        with self.workerd.handling(message) as number:
            response = await self.workerd.event(self.worker.name, kind, request, message=number, **info)
            answer = json.loads(await response.read())
        for verb, *args in answer["calls"]:
            verbs[verb](*args)
        if "error" in answer:
            raise self.error(answer["error"])
        return codec.decode(answer["value"])

    # Errors

    def error(self, written: dict[str, Any]) -> JsError:
        """An error as codec.js writes it, with its frames in the app's own files."""
        found = codec.decode_error(written)
        return js_error(found, written.get("stack") or "", self.bundle)


def js_error(found: EdgeError, stack: str, bundle: Bundle) -> JsError:
    """An error of the app with the frames of its own sources."""
    return JsError(
        found.message, found.name, stack=own_frames(stack, bundle.maps), code=found.code, remote=found.remote,
        retryable=found.retryable, overloaded=found.overloaded, cause=found.__cause__,
    )  # fmt: skip


def own_frames(stack: str | None, maps: Mapping[str, Any]) -> str:
    """The frames of a stack in the app's sources, without the message before them; the line of source stands under the
    first that is the app's own."""
    lines: list[str] = []
    shown = False
    for frame in frames(stack or "", maps):
        place = f"{frame.where}:{frame.line}:{frame.column}" if frame.where else ""
        lines.append(f"    at {frame.function} ({place})" if frame.function and place else f"    at {frame.function or place}")
        if not shown and frame.text.strip() and "node_modules" not in frame.where:
            lines.append(f"      {frame.text.strip()}")
            shown = True
    return "\n".join(lines)


def running(world: World) -> Workerd:
    """The workerd of a world, with all of its JavaScript workers. Raises EdgeUsageError and WorkerdError."""
    return world.shared(("workerd",), lambda: _started(world))


def _started(world: World) -> Workerd:
    from edgelint.testing.workerd_host.apps import built, pool_of

    workers = [each for each in world.workers.values() if each.config.main is not None and not each.config.is_python]
    workerd = Workerd(world, pool_of(workers[0], world), list(zip(workers, built(workers, world), strict=True)))
    Objects.of(world).attach(workerd)

    def rejected(worker: str, event: str, error: dict[str, Any]) -> None:
        made = js_error(codec.decode_error(error), error.get("stack") or "", workerd.bundles[worker])
        world.failures.append((f"waitUntil of {event}", made))

    def line(found: dict[str, Any]) -> None:
        _logged(world, workerd, found)

    workerd.rejected, workerd.line = rejected, line
    return workerd


def _logged(world: World, workerd: Workerd, line: dict[str, Any]) -> None:
    """A line of workerd's log: the app's console, or something that ended badly beside its events."""
    message, level = str(line.get("message", "")), str(line.get("level", "log"))
    if "source" not in line:
        world.log(level, message)
        return
    uncaught = _UNCAUGHT.match(message)
    if uncaught is None:
        if level in ("warn", "error"):
            world.log(level, f"workerd: {message}")
        return
    name, said, stack = uncaught["name"] or "Error", uncaught["said"], uncaught["stack"]
    world.failures.append(("uncaught", JsError(said, name, stack=own_frames(stack, workerd.maps))))
