"""Which classes and handlers an app exports, and how the runtime calls them.

The rules are those of workerd's src/pyodide/internal/introspection.py and src/pyodide/python-entrypoint-helper.ts
(https://github.com/cloudflare/workerd): ``fetch`` is called with as many of (request, env, ctx) as it takes, any other
method of an entrypoint with all of its arguments; arguments are converted by the SDK, and so are results.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeError, EdgeUsageError, type_error
from edgelint.testing.python_host.environment import ExecutionContext
from edgelint.testing.python_host.jsvalue import from_python, into_python
from edgelint.testing.python_host.modules import relaxed_call

if TYPE_CHECKING:
    from edgelint.testing.python_host.environment import Environment
    from edgelint.testing.python_host.io_context import IoContext
    from edgelint.testing.python_host.profile import Profile

HANDLERS: Final = ("fetch", "scheduled", "queue", "email", "tail", "trace", "alarm")


class Entrypoints:
    """What the main module exports. Raises EdgeUsageError when that is nothing the runtime can call."""

    def __init__(self, main: ModuleType, sdk: ModuleType, profile: Profile) -> None:
        self.main = main
        self._sdk = sdk
        names = getattr(main, "__all__", None) or [name for name in dir(main) if not name.startswith("_")]
        found = [getattr(main, name, None) for name in names]
        classes: list[Any] = [each for each in found if inspect.isclass(each)]

        def below(base: type) -> dict[str, type[Any]]:
            """Exported classes, by the names of the classes."""
            return {each.__name__: each for each in classes if issubclass(each, base) and each is not base}

        self._workers = below(sdk.WorkerEntrypoint)
        self._objects = below(sdk.DurableObject)
        self._workflows = below(sdk.WorkflowEntrypoint)
        self._global: dict[str, Any] = {}
        if profile.global_handlers:
            handlers = {name: getattr(main, f"on_{name}", None) for name in HANDLERS}
            self._global = {name: handler for name, handler in handlers.items() if callable(handler)}
            if self._global and "Default" in self._workers:
                raise EdgeUsageError("Cannot define multiple default entrypoints")

    def handles(self, event: str) -> bool:
        """Whether the default export has a handler."""
        default = self._workers.get("Default")
        return event in self._global or (default is not None and callable(getattr(default, event, None)))

    def instance(self, name: str | None, context: IoContext, env: Environment, props: Any) -> Instance:
        """A fresh entrypoint for one event. Raises EdgeError when there is none of that name."""
        if name is None and self._global:
            return GlobalHandlers(self._global, self._sdk, ExecutionContext(context, props), env)
        found = self._workers.get("Default" if name is None else name)
        if found is None:
            raise self._none_of(name)
        made = found(ExecutionContext(context, props), env)
        return Instance(made, self._sdk)

    def _none_of(self, name: str | None) -> Exception:
        if name is not None:
            return type_error(f"There is no '{name}' class defined in the Python Worker's main module")
        stray = [f"on_{each}" for each in HANDLERS if callable(getattr(self.main, f"on_{each}", None))]
        why = ""
        if stray:
            why = f" ({', '.join(stray)} at the top level is not called from compatibility date 2025-08-14 on)"
        return EdgeUsageError(
            f"{self.main.__file__}: there is no class Default(WorkerEntrypoint) to answer the event{why}"
        )

    def object_class(self, name: str) -> type:
        """The class of Durable Objects of that name. Raises EdgeError."""
        found = self._objects.get(name)
        if found is None:
            raise type_error(f"There is no '{name}' class defined in the Python Worker's main module")
        return found

    def workflow(self, name: str, context: IoContext, env: Environment) -> Instance:
        """A fresh workflow. Raises EdgeError."""
        found = self._workflows.get(name)
        if found is None:
            raise type_error(f"There is no '{name}' class defined in the Python Worker's main module")
        return Instance(found(ExecutionContext(context), env), self._sdk)

    @property
    def sdk(self) -> ModuleType:
        """The SDK."""
        return self._sdk


class Instance:
    """One instance of a class of the app, called as the runtime does. Values are of the JavaScript side."""

    def __init__(self, target: Any, sdk: ModuleType) -> None:
        self.target = target
        self._sdk = sdk

    async def fetch(self, request: Any) -> Any:
        """``fetch(request, env, ctx)``: the last two are undefined here, and dropped when it does not take them."""
        return await self._converted(self.method("fetch"), [request], {}, extra=2, relaxed=True)

    async def handle(self, name: str, event: Any) -> Any:
        """Another event: (event, env, ctx), all three."""
        return await self._converted(self.method(name), [event], {}, extra=2)

    async def call(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """An RPC method. Raises EdgeError (TypeError) when there is none."""
        if name.startswith("_"):
            raise type_error(f'The RPC receiver does not implement the method "{name}".')
        return await self._converted(self.method(name), list(args), kwargs)

    async def run(self, event: Any, step: Any) -> Any:
        """``run`` of a workflow, which the SDK has wrapped: it converts by itself."""
        return await self.raw("run", [event, step])

    async def raw(self, name: str, args: Sequence[Any]) -> Any:
        """A method that gets its arguments as they are, and no more than it takes."""
        result = relaxed_call(self.method(name), *(into_python(arg) for arg in args))
        return from_python(await result if inspect.isawaitable(result) else result)

    def method(self, name: str) -> Any:
        """A method of the class. Raises EdgeError (TypeError) when there is none."""
        found = getattr(self.target, name, None)
        if not callable(found):
            raise type_error(f"Method {name} does not exist")
        return found

    async def _converted(
        self, method: Any, args: list[Any], kwargs: Mapping[str, Any], *, extra: int = 0, relaxed: bool = False
    ) -> Any:
        given = [self._sdk.python_from_rpc(into_python(arg)) for arg in args] + [None] * extra
        named = {name: self._sdk.python_from_rpc(into_python(value)) for name, value in kwargs.items()}
        result = relaxed_call(method, *given, **named) if relaxed else method(*given, **named)
        if inspect.isawaitable(result):
            result = await result
        return from_python(self._sdk.python_to_rpc(result))


class GlobalHandlers(Instance):
    """``on_fetch`` and its like at the top level, called with what they take of (event, env, ctx), unconverted."""

    def __init__(self, handlers: Mapping[str, Any], sdk: ModuleType, ctx: ExecutionContext, env: Environment) -> None:
        super().__init__(None, sdk)
        self._handlers = handlers
        self._rest = (env, ctx)

    def method(self, name: str) -> Any:
        """A handler. Raises EdgeError when there is none."""
        found = self._handlers.get(name)
        if found is None:
            raise EdgeError(f'Python entrypoint does not export a handler named "on_{name}"')
        return found

    async def fetch(self, request: Any) -> Any:
        """``on_fetch(request, env, ctx)``."""
        return await self.handle("fetch", request)

    async def handle(self, name: str, event: Any) -> Any:
        """Another event."""
        result = relaxed_call(self.method(name), into_python(event), *self._rest)
        if inspect.isawaitable(result):
            result = await result
        return from_python(getattr(result, "js_response", result))
