"""A host for tests of Durable Objects: classes of plain Python, by their names."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgelint.testing.bindings.base import Binding, Declared
from edgelint.testing.bindings.durable_objects import DurableObjectNamespace, ObjectState
from edgelint.testing.config import WorkerConfig
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import Operation
from edgelint.testing.sockets import SocketEnd
from edgelint.testing.world import World


class Instance:
    """One object: the class's instance, called as the real hosts do."""

    def __init__(self, instance: Any) -> None:
        self.instance = instance

    def handles(self, event: str) -> bool:
        name = {
            "alarm": "alarm", "webSocketMessage": "web_socket_message", "webSocketClose": "web_socket_close",
            "webSocketError": "web_socket_error",
        }[event]  # fmt: skip
        return hasattr(self.instance, name)

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        found: HttpResponse = await self.instance.fetch(request)
        return found

    async def call(self, method: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        found = getattr(self.instance, method, None)
        if found is None:
            raise type_error(f'The RPC receiver does not implement the method "{method}".')
        result = found(*args, **kwargs)
        return await result if inspect.isawaitable(result) else result

    async def alarm(self, retry_count: int, is_retry: bool) -> None:
        await self.instance.alarm(retry_count, is_retry)

    async def web_socket_message(self, socket: SocketEnd, message: str | bytes) -> None:
        await self.instance.web_socket_message(socket, message)

    async def web_socket_close(self, socket: SocketEnd, code: int, reason: str, was_clean: bool) -> None:
        await self.instance.web_socket_close(socket, code, reason, was_clean)

    async def web_socket_error(self, socket: SocketEnd, error: BaseException) -> None:
        await self.instance.web_socket_error(socket, error)


class FakeHost:
    """Runs the classes that a test gives it."""

    def __init__(self, *classes: type) -> None:
        self.classes = {each.__name__: each for each in classes}
        self.constructed: list[str] = []

    def start(self) -> None: ...

    async def close(self) -> None: ...

    async def create_object(self, class_name: str, state: ObjectState) -> Instance:
        self.constructed.append(class_name)
        return Instance(self.classes[class_name](state))

    async def fetch(self, request: HttpRequest, entrypoint: str | None = None, props: Any = None) -> HttpResponse:
        raise NotImplementedError

    async def scheduled(self, event: Any) -> None:
        raise NotImplementedError

    async def queue(self, batch: Any) -> None:
        raise NotImplementedError

    async def email(self, message: Any) -> None:
        raise NotImplementedError

    async def call(
        self, entrypoint: str | None, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], props: Any = None
    ) -> Any:
        raise NotImplementedError

    async def run_workflow(self, class_name: str, event: Mapping[str, Any], step: Any) -> Any:
        raise NotImplementedError

    def has_handler(self, event: str) -> bool:
        return False


def config(*classes: type, sqlite: bool = True, date: str = "2026-06-01", name: str = "app") -> WorkerConfig:
    key = "new_sqlite_classes" if sqlite else "new_classes"
    migrations = [{"tag": "v1", key: [each.__name__ for each in classes]}]
    here = Path("/nowhere")
    return WorkerConfig(
        here / "wrangler.jsonc", here, None, name, None, date, (), (), {}, (), {"migrations": migrations}
    )


def world_of(
    *classes: type, sqlite: bool = True, date: str = "2026-06-01", seed: int = 0
) -> tuple[World, DurableObjectNamespace, FakeHost]:
    """A world whose worker has these classes, the namespace of the first, and the host."""
    world = World(seed=seed)
    host = FakeHost(*classes)
    world.add(config(*classes, sqlite=sqlite, date=date)).run_on(host)
    return world, namespace(world, classes[0]), host


def namespace(world: World, cls: type, **fields: Any) -> DurableObjectNamespace:
    name = cls.__name__
    declared = Declared(name.upper(), "durable-object", name, {"class_name": name, **fields}, "app")
    return DurableObjectNamespace(declared, world)


class Outside(Binding):
    """Some other service: its one verb takes a turn of the loop, or as many ms as it is told."""

    kind = "kv"

    def __init__(self, world: World) -> None:
        super().__init__(Declared("OUTSIDE", "kv", "x"), world)
        self.seen: list[Any] = []

    async def ping(self, value: Any = None, ms: float = 0) -> Any:
        async def effect(_: Any) -> Any:
            if ms:
                await asyncio.sleep(ms / 1000)
            self.seen.append(value)
            return value

        return await self.perform("get", None, {}, effect)


def app(world: World, *work: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Run several pieces of work of the app at once. What they raise is among the results."""

    async def together() -> list[Any]:
        return await asyncio.gather(*(each() for each in work), return_exceptions=True)

    return world.run(together(), origin="app")


def break_disk(world: World, times: float = math.inf) -> None:
    """Let the next writes of objects to their disks fail, so many of them."""
    left = times

    async def broken(operation: Operation, proceed: Callable[[], Awaitable[Any]]) -> Any:
        nonlocal left
        if operation.verb == "flush" and left > 0:
            left -= 1
            raise EdgeError("no disk")
        return await proceed()

    world.gate.faults = broken
