"""Worlds for tests of bindings: one binding in one world, asked as the app asks."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from edgelint.testing.bindings.base import Binding, Declared
from edgelint.testing.errors import EdgeError
from edgelint.testing.operation import Operation
from edgelint.testing.world import World

B = TypeVar("B", bound=Binding)


class Bound(Generic[B]):
    """A binding and its world; ``operations`` are those that the gate has finished."""

    def __init__(self, world: World, binding: B) -> None:
        self.world = world
        self.binding = binding
        self.operations: list[Operation] = []
        world.gate.observers.append(self._observe)

    def __call__(self, verb: str, *args: Any, **options: Any) -> Any:
        """Call a verb as the app does."""
        return self.run(getattr(self.binding, verb)(*args, **options))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.world.run(coroutine, origin="app")

    def error(self, verb: str, *args: Any, **options: Any) -> str:
        """The error that a verb raises, as text."""
        try:
            result = self(verb, *args, **options)
        except EdgeError as error:
            return str(error)
        raise AssertionError(f"{verb} answered {result!r}")

    def advance(self, seconds: float) -> None:
        self.world.advance_to(self.world.clock.now + seconds * 1000)

    @property
    def last(self) -> Operation:
        return self.operations[-1]

    def _observe(self, operation: Operation) -> None:
        if operation.outcome != "pending":
            self.operations.append(operation)


@contextmanager
def bound(make: type[B], declared: Declared) -> Iterator[Bound[B]]:
    """One binding in a world of its own."""
    world = World()
    try:
        yield Bound(world, make(declared, world))
    finally:
        world.close()
