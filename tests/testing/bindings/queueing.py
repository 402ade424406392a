"""Worlds with one queue and its consumer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgelint.testing.bindings.queues import Batch, QueueProducer
from edgelint.testing.errors import EdgeError
from edgelint.testing.world import World
from tests.testing.bindings.fake_host import FakeHost, declared, world_of

SECOND = 1000


class Seen:
    """A queue handler that remembers what it got, and does what a test says with each batch."""

    def __init__(self, act: Callable[[Batch], Any] = lambda batch: None) -> None:
        self.batches: list[list[Any]] = []
        self.attempts: list[list[int]] = []
        self.at: list[float] = []
        self.act = act
        self.world: World | None = None

    def __call__(self, batch: Batch) -> Any:
        self.batches.append([message.body for message in batch.messages])
        self.attempts.append([message.attempts for message in batch.messages])
        if self.world is not None:
            self.at.append((self.world.clock.now - self.world.clock.start) / SECOND)
        return self.act(batch)


def consuming(act: Callable[[Batch], Any] = lambda batch: None, **consumer: Any) -> tuple[World, QueueProducer, Seen]:
    seen = Seen(act)
    world = world_of(FakeHost(queue=seen), queues={"consumers": [{"queue": "jobs", **consumer}]})
    seen.world = world
    return world, producer(world), seen


def producer(world: World, **fields: Any) -> QueueProducer:
    return QueueProducer(declared("queue", "JOBS", "jobs", **fields), world)


def error_of(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(EdgeError) as caught:
        call()
    return caught.value.name, caught.value.message


def advance(world: World, seconds: float) -> None:
    world.advance_to(world.clock.now + seconds * SECOND)
