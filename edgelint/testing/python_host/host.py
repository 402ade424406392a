"""The Python host: one worker's app in CPython, under the real Workers SDK (``edgelint.testing.host.Host``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from edgelint.testing.python_host import importing, io_context
from edgelint.testing.python_host.dispatch import Entrypoints
from edgelint.testing.python_host.environment import Environment
from edgelint.testing.python_host.io_context import IoContext, Leak, LeftPending, NeverAwaited, TaskFactory
from edgelint.testing.python_host.patches import PATCHES, run_sync
from edgelint.testing.python_host.profile import choose
from edgelint.testing.python_host.realm import Realm, app_realm, entered
from edgelint.testing.python_host.web import realm as web_realm
from edgelint.testing.python_host.web.timers import Timers

if TYPE_CHECKING:
    from edgelint.testing.host import ObjectInstance
    from edgelint.testing.http import HttpRequest, HttpResponse
    from edgelint.testing.world import Worker, World

T = TypeVar("T")
_LAST_TURNS = 8
"""Turns of the loop in which what wrote the body of a response comes to its end."""


class PythonHost:
    """Runs one worker. ``leaks`` is what its events left behind; each is also one of the world's failures."""

    def __init__(self, worker: Worker, world: World) -> None:
        self.worker = worker
        self.world = world
        self.leaks: list[Leak] = []
        config = worker.config
        assert config.main is not None
        self.profile = choose(config.compatibility_date, config.compatibility_flags)
        self.realm = self._realm()
        self._modules = importing.Modules(config.main, config.root)
        self.realm.roots = self._modules.roots
        self._timers = Timers()
        self._web = web_realm.Realm(
            clock=world.clock, random=world.random, log=world.log, fetch=self._outbound, uncaught=self._uncaught
        )
        self._never_awaited = NeverAwaited(self.realm, self._left)
        self._finishing: set[asyncio.Task[None]] = set()
        self._entrypoints: Entrypoints | None = None
        self._started = False
        self._events = 0

    def _realm(self) -> Realm:
        realm = Realm(self.profile, loop=self.world.loop, now=lambda: self.world.clock.now)
        realm.random = self.world.random
        realm.watch = io_context.watch
        realm.in_handler = lambda: io_context.current() is not None
        return realm

    def start(self) -> None:
        """Import the app. Raises what its import raises, and EdgeUsageError when the SDK is not installed."""
        if self._started:
            return
        from edgelint.testing.python_host.environment import ExecutionContext
        from edgelint.testing.python_host.jsvalue import JsFunction
        from edgelint.testing.python_host.standard import make_globals
        from edgelint.testing.python_host.web.exposed import js_scope

        importing.open_modules()
        PATCHES.hold()
        self._never_awaited.hold()
        self._started = True
        factory = self.world.loop.get_task_factory()
        if not isinstance(factory, TaskFactory):
            self.world.loop.set_task_factory(TaskFactory(factory))
        self.world.loop.block, self.world.loop.asked_by_app = run_sync, _asked_by_app
        self.world.gate.locate = io_context.locate
        try:
            with self._inside():
                self.realm.globals = make_globals(js_scope(self._timers), self._runtime_names())
                self.env = Environment(self.worker)
                outside = ExecutionContext(io_context.current)
                self.realm.workers_module = {
                    "env": self.env, "waitUntil": JsFunction(lambda promise: outside._js_get("waitUntil")._js_apply(
                        None, [promise]), "waitUntil"),
                }  # fmt: skip
                self.realm.js_modules = self._js_modules()
                sdk = importing.sdk()
                self._choose_sdk(sdk)
                main = self._modules.load(self.realm)
                self._entrypoints = Entrypoints(main, sdk, self.profile)
        except BaseException:
            self._stop()
            raise

    def _choose_sdk(self, sdk: ModuleType) -> None:
        """Older compatibility dates get the runtime's own SDK in production, unless the app vendors one."""
        if not self.profile.bundled_sdk or (self.worker.config.root / "python_modules" / "workers").is_dir():
            return
        if self.world.sdk_by_date:
            from edgelint.testing.python_host.bundled import fit

            fit(sdk)
            self.realm.older_sdk = True
            return
        self.world.log(
            "warning",
            f"compatibility date {self.worker.config.compatibility_date} runs on the SDK inside of the runtime, "
            "whose env is not wrapped (None is undefined, results are JsProxy); this test runs on the SDK that is "
            "installed (the setting edge_sdk = date has the other)",
        )

    def _runtime_names(self) -> dict[str, Any]:
        """Global names that are Workers' own."""
        from edgelint.testing.python_host.adapters.cache import CacheStorage
        from edgelint.testing.python_host.adapters.durable_objects import WebSocketRequestResponsePair
        from edgelint.testing.python_host.jsvalue import class_of

        return {
            "caches": CacheStorage(self.world), "WebSocketRequestResponsePair": class_of(WebSocketRequestResponsePair)
        }  # fmt: skip

    def _js_modules(self) -> dict[str, Any]:
        from edgelint.testing.python_host.adapters.email import EmailMessage
        from edgelint.testing.python_host.adapters.workflows import workflows_module
        from edgelint.testing.python_host.jsvalue import JsObject, class_of

        return {
            "cloudflare:email": JsObject({"EmailMessage": class_of(EmailMessage)}),
            "python_modules/workers/workflows.js": workflows_module(),
        }

    async def close(self) -> None:
        """Stop everything that still runs."""
        if not self._started:
            return
        for task in self._finishing:
            task.cancel()
        await asyncio.gather(*self._finishing, return_exceptions=True)
        close_timers = getattr(self._timers, "close", None)
        if close_timers is not None:
            close_timers()
        self._stop()

    def _stop(self) -> None:
        self._started = False
        self._never_awaited.release()
        PATCHES.release()
        importing.close_modules()

    def _inside(self, context: IoContext | None = None) -> _Inside:
        """While code of the app runs, as a part of an event."""
        return _Inside(self._modules, self.realm, self._web, context)

    def _event(self, label: str) -> _Inside:
        """Code of one event runs in here."""
        self.start()
        self._events += 1
        PATCHES.packages()
        return self._inside(IoContext(self.realm, label))

    @property
    def entrypoints(self) -> Entrypoints:
        """The classes and handlers that the app exports."""
        self.start()
        assert self._entrypoints is not None
        return self._entrypoints

    # Events

    async def fetch(self, request: HttpRequest, entrypoint: str | None = None, props: Any = None) -> HttpResponse:
        """The fetch event. Raises what the handler raises."""
        from edgelint.testing.python_host.adapters.base import http_response, js_request

        with self._event("fetch") as context:
            try:
                found = self.entrypoints.instance(entrypoint, context, self.env, props)
                response = await http_response(await found.fetch(js_request(request)))
            except BaseException:
                self._finish(context)
                raise
            if response.stream is None:
                self._finish(context)
            else:
                response.stream = self._streamed(context, response.stream)
            return response

    async def scheduled(self, event: Any) -> None:
        """The scheduled event."""
        from edgelint.testing.python_host.adapters.queues import ScheduledController

        await self._handle("scheduled", ScheduledController(event))

    async def queue(self, batch: Any) -> None:
        """The queue event."""
        from edgelint.testing.python_host.adapters.queues import QueueEvent

        await self._handle("queue", QueueEvent(batch))

    async def email(self, message: Any) -> None:
        """The email event."""
        from edgelint.testing.python_host.adapters.email import ForwardableEmailMessage

        await self._handle("email", ForwardableEmailMessage(message))

    async def _handle(self, name: str, event: Any) -> None:
        with self._event(name) as context:
            try:
                found = self.entrypoints.instance(None, context, self.env, None)
                await found.handle(name, event)
            finally:
                self._finish(context)

    async def call(
        self, entrypoint: str | None, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], props: Any = None
    ) -> Any:
        """An RPC method of an entrypoint. Raises EdgeError (TypeError) when there is none of that name."""
        from edgelint.testing.python_host.adapters.rpc import incoming, outgoing

        with self._event(f"{entrypoint or 'default'}.{method}") as context:
            try:
                found = self.entrypoints.instance(entrypoint, context, self.env, props)
                named = {name: incoming(value) for name, value in kwargs.items()}
                return outgoing(await found.call(method, [incoming(arg) for arg in args], named))
            finally:
                self._finish(context)

    async def create_object(self, class_name: str, state: Any) -> ObjectInstance:
        """Construct a Durable Object."""
        from edgelint.testing.python_host.objects import PythonObject

        with self._event(f"constructor of {class_name}") as context:
            return PythonObject(self, context, self.entrypoints.object_class(class_name), state)

    async def run_workflow(self, class_name: str, event: Mapping[str, Any], step: Any) -> Any:
        """Run the ``run`` method of a workflow class."""
        from edgelint.testing.python_host.adapters.rpc import outgoing
        from edgelint.testing.python_host.adapters.workflows import WorkflowStep
        from edgelint.testing.python_host.jsvalue import lower

        with self._event(f"workflow {class_name}") as context:
            try:
                found = self.entrypoints.workflow(class_name, context, self.env)
                return outgoing(await found.run(lower(dict(event)), WorkflowStep(step)))
            finally:
                self._finish(context)

    def has_handler(self, event: str) -> bool:
        """Whether the default export handles an event."""
        return self.entrypoints.handles(event)

    # What goes on beside the events

    def _finish(self, context: IoContext, turns: int = 0) -> None:
        """Look for what the event left behind, and let waitUntil come to its end beside everything else."""
        if context.over:
            return

        async def finish() -> None:
            with self._inside():
                await context.finish(turns)
            for leak in context.leaks:
                self._left(leak)
            for error in context.rejections:
                self.world.failures.append((f"waitUntil of {context.label}", error))

        task = self.world.loop.create_task(finish())
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _streamed(self, context: IoContext, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in stream:
                yield chunk
        finally:
            self._finish(context, _LAST_TURNS)

    def _left(self, leak: Leak) -> None:
        self.leaks.append(leak)
        self.world.failures.append(("left behind", LeftPending(str(leak))))

    def _uncaught(self, error: BaseException) -> None:
        self.world.failures.append(("uncaught", error))

    async def _outbound(self, request: HttpRequest) -> HttpResponse:
        return await self.world.outbound(request)

    async def inside(self, work: Coroutine[Any, Any, T], context: IoContext) -> T:
        """Await code of the app as a part of an event."""
        with self._inside(context):
            return await work


def _asked_by_app() -> bool:
    return app_realm() is not None


class _Inside:
    """While code of an app runs: its modules, its isolate and, if any, its event (which ``with`` gives) are current."""

    __slots__ = ("_context", "_event", "_isolate", "_modules", "_web")

    def __init__(
        self, modules: importing.Modules, realm: Realm, web: web_realm.Realm, context: IoContext | None
    ) -> None:
        self._modules = modules
        self._isolate = entered(realm)
        self._web = web_realm.inside(web)
        self._context = context
        self._event = None if context is None else context.active()

    def __enter__(self) -> Any:
        self._modules.__enter__()
        self._isolate.__enter__()
        self._web.__enter__()
        if self._event is not None:
            self._event.__enter__()
        return self._context

    def __exit__(self, *raised: object) -> None:
        if self._event is not None:
            self._event.__exit__()
        self._web.__exit__()
        self._isolate.__exit__()
        self._modules.__exit__()
