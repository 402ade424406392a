"""A host whose app is a few Python functions, and worlds with workers on it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgelint.testing.bindings.base import Declared
from edgelint.testing.config import WorkerConfig
from edgelint.testing.errors import type_error
from edgelint.testing.host import ObjectInstance
from edgelint.testing.world import World


class FakeHost:
    """``handlers``: "fetch", "scheduled", "queue", "email" -> function of what the event gives. ``methods``: the RPC
    methods of the default export, ``entrypoints``: those of others; ``workflows``: class name -> run(event, step)."""

    def __init__(
        self, *, methods: Mapping[str, Callable[..., Any]] | None = None,
        entrypoints: Mapping[str, Mapping[str, Callable[..., Any]]] | None = None,
        workflows: Mapping[str, Callable[..., Any]] | None = None, **handlers: Callable[..., Any],
    ) -> None:  # fmt: skip
        self.methods: dict[str | None, Mapping[str, Callable[..., Any]]] = {None: methods or {}}
        self.methods.update(entrypoints or {})
        self.workflows = dict(workflows or {})
        self.handlers = dict(handlers)
        self.props: list[Any] = []

    def start(self) -> None: ...

    async def close(self) -> None: ...

    async def fetch(self, request: Any, entrypoint: str | None = None, props: Any = None) -> Any:
        self.props.append(props)
        if entrypoint is not None:
            return await _done(self.methods[entrypoint]["fetch"](request))
        return await _done(self.handlers["fetch"](request))

    async def scheduled(self, event: Any) -> None:
        await _done(self.handlers["scheduled"](event))

    async def queue(self, batch: Any) -> None:
        await _done(self.handlers["queue"](batch))

    async def email(self, message: Any) -> None:
        await _done(self.handlers["email"](message))

    async def call(
        self, entrypoint: str | None, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], props: Any = None
    ) -> Any:
        self.props.append(props)
        found = self.methods.get(entrypoint, {}).get(method)
        if found is None:
            raise type_error(f'The RPC receiver does not implement the method "{method}".')
        return await _done(found(*args, **kwargs))

    async def create_object(self, class_name: str, state: Any) -> ObjectInstance:
        raise NotImplementedError

    async def run_workflow(self, class_name: str, event: Mapping[str, Any], step: Any) -> Any:
        return await _done(self.workflows[class_name](event, step))

    def has_handler(self, event: str) -> bool:
        return event in self.handlers


_OPEN: list[World] = []


def close_worlds() -> None:
    """Close every world that was made here."""
    while _OPEN:
        _OPEN.pop().close()


async def _done(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


def config(
    name: str = "app", *, date: str = "2026-04-20", flags: tuple[str, ...] = (),
    bindings: Sequence[Declared] = (), **values: Any,
) -> WorkerConfig:  # fmt: skip
    """A worker's config that was never in a file; ``values`` are the config's own keys."""
    root = Path("/nowhere")
    return WorkerConfig(root / "wrangler.jsonc", root, None, name, None, date, flags, tuple(bindings), {}, (), values)


def world_of(host: FakeHost | None = None, *, seed: int = 0, **options: Any) -> World:
    """A world with one worker, "app" unless ``name`` says otherwise, on a host."""
    world = World(seed=seed)
    _OPEN.append(world)
    world.add(config(**options)).run_on(host or FakeHost())
    return world


def declared(kind: str, name: str, resource: str | None = None, worker: str = "app", **fields: Any) -> Declared:
    """A binding as a config declares it."""
    return Declared(name, kind, resource or name, fields, worker)
