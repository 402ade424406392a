"""How a test holds a binding: the same verbs, synchronous (``edge.env``) or awaited (``edge.aenv``), asked by the test.

What a test does by itself is neither metered nor hit by faults: it arranges and looks.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from edgelint.testing.operation import asked_by
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.world import World


class Verbs:
    """A base for what a verb returns that has verbs of its own (a prepared statement, an upload, an object's stub):
    the facade wraps it too."""

    __slots__ = ()


class Held:
    """One binding (or a Verbs that one of its verbs returned) as a test holds it."""

    def __init__(self, target: Any, world: World, awaited: bool) -> None:
        self._target = target
        self._world = world
        self._awaited = awaited

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found) or isinstance(found, type):
            return hold(found, self._world, self._awaited)

        @functools.wraps(found)
        def verb(*args: Any, **kwargs: Any) -> Any:
            args = tuple(released(arg) for arg in args)
            kwargs = {key: released(value) for key, value in kwargs.items()}
            with asked_by("test"):
                result = found(*args, **kwargs)
            if not inspect.isawaitable(result):
                return hold(result, self._world, self._awaited)
            if self._awaited:
                return self._later(result)
            return hold(self._world.run(_awaited(result)), self._world, False)

        return verb

    async def _later(self, result: Any) -> Any:
        with asked_by("test"):
            return hold(await result, self._world, True)

    def __dir__(self) -> list[str]:
        return dir(self._target)

    def __repr__(self) -> str:
        return repr(self._target)


class HeldSocket(Held):
    """The client's end of a WebSocket: what has come is what came when the app has done all that it does by itself."""

    def received(self) -> list[Any]:
        """Everything that came and was not taken yet. The clock does not move."""
        self._world.settle()
        return list(self._target.received())


def hold(value: Any, world: World, awaited: bool) -> Any:
    """Wrap what has verbs of its own, in a list too; hand everything else on as it is, but undefined as None: a test in
    Python has one word for "nothing there"."""
    from edgelint.testing.bindings.base import Binding

    if value is UNDEFINED:
        return None
    if isinstance(value, list) and any(isinstance(each, (Verbs, Binding)) for each in value):
        return [hold(each, world, awaited) for each in value]
    return Held(value, world, awaited) if isinstance(value, (Verbs, Binding)) else value


def released(value: Any) -> Any:
    """What a Held holds; anything else as it is (lists of Held too: ``batch``)."""
    if isinstance(value, Held):
        return value._target
    if isinstance(value, (list, tuple)):
        return type(value)(released(item) for item in value)
    return value


async def _awaited(result: Any) -> Any:
    return await result


class Env:
    """``edge.env``: every binding, variable and secret of the worker under test, by its name."""

    def __init__(self, world: World, awaited: bool) -> None:
        self._world = world
        self._awaited = awaited

    def __getattr__(self, name: str) -> Any:
        worker = self._world.worker
        binding = worker.binding(name)
        if binding is not None:
            return Held(binding, self._world, self._awaited)
        if name in worker.vars:
            return worker.vars[name]
        raise AttributeError(f"worker '{worker.name}' has no binding, variable or secret '{name}' in this environment")

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError as error:
            raise KeyError(str(error)) from None

    def __dir__(self) -> list[str]:
        return self._world.worker.names()
