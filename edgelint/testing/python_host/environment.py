"""``env`` and ``ctx``: what a Worker's code is handed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgelint.testing.python_host.adapters import adapt
from edgelint.testing.python_host.jsvalue import JsHost, JsObject, lower, method
from edgelint.testing.values import UNDEFINED

if TYPE_CHECKING:
    from edgelint.testing.python_host.io_context import IoContext
    from edgelint.testing.world import Worker


class Environment(JsObject, js_name="Object"):
    """``env``: bindings, variables and secrets. A binding is made when it is first touched; a variable is looked up
    each time, so that a test can override it."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        object.__setattr__(self, "_worker", worker)
        object.__setattr__(self, "_made", {})

    def _js_has(self, name: str) -> bool:
        return name in self._own() or name in self._worker.names() or super()._js_has(name)

    def _js_get(self, name: str) -> Any:
        if name in self._own():
            return self._own()[name]
        if name in self._made:
            return self._made[name]
        worker: Worker = self._worker
        binding = worker.binding(name)
        if binding is not None:
            made = self._made[name] = adapt(binding)
            return made
        if name in worker.vars:
            return lower(worker.vars[name])
        return super()._js_get(name)

    def _js_keys(self) -> list[str]:
        return list(dict.fromkeys([*self._worker.names(), *self._own()]))


class ExecutionContext(JsHost, js_name="ExecutionContext"):
    """``ctx`` of an entrypoint. ``props`` are what the caller's binding was configured with."""

    def __init__(self, context: IoContext | Callable[[], IoContext | None], props: Any = None) -> None:
        self._context = context
        self._own()["props"] = lower({} if props is None else props)

    @method
    def waitUntil(self, promise: Any = UNDEFINED) -> Any:
        context = self._context() if callable(self._context) else self._context
        if context is not None:
            context.wait_until(promise)
        return UNDEFINED

    @method
    def passThroughOnException(self) -> Any:
        return UNDEFINED
