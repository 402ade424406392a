"""``edge``: what a test holds. One world, its bindings, and the events it can send to the app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from edgelint.testing.clock import START
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.facade import Env, HeldSocket, hold
from edgelint.testing.faults import Faults
from edgelint.testing.light import load_httpx
from edgelint.testing.meter import Meter, exceeded
from edgelint.testing.names import check_operated, check_service, check_variables, no_such
from edgelint.testing.operation import invocation
from edgelint.testing.outbound import Outbound
from edgelint.testing.timeline import Timeline, first_line
from edgelint.testing.world import World

if TYPE_CHECKING:
    import httpx

    from edgelint.testing.http import HttpRequest, HttpResponse
    from edgelint.testing.session import App
    from edgelint.testing.strategies import Rows


load_httpx()


@dataclass(frozen=True, slots=True)
class Options:
    """How one world is set up. ``vars`` and ``secrets`` are added to the config's; ``migrations`` False leaves every
    database empty; ``seed_data`` is SQL per D1 binding, run after the migrations; ``raise_exceptions``: what the app
    raises comes out of ``edge_client``, instead of the response that production would give; ``strict``: what ends badly
    beside the test (a rejected waitUntil, work left pending, an unused fault or answer) fails it; ``sdk`` "date": a
    worker of an older date runs on the SDK that is inside of the runtime, as in production; ``isolation`` is
    ``World.isolation``. Seeds and faults of what is not there, and variables with the name of a binding, are an
    EdgeUsageError when the world is made."""

    vars: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    start: datetime = START
    migrations: bool = True
    seed_data: Mapping[str, str] = field(default_factory=dict)
    raise_exceptions: bool = True
    strict: bool = True
    outbound: str = "block"
    sdk: str = "installed"
    budget: Mapping[str, int] = field(default_factory=dict)
    faults: Sequence[str] = ()
    isolation: str = ""


class EdgeClock:
    """``edge_clock``: the time of the world. It stands still unless a test moves it or the app sleeps."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def now(self) -> datetime:
        """The instant, in UTC."""
        return self._world.clock.datetime

    def advance(
        self, delta: timedelta | None = None, *, days: float = 0, hours: float = 0, minutes: float = 0,
        seconds: float = 0, milliseconds: float = 0,
    ) -> datetime:  # fmt: skip
        """Move on by this long: everything due on the way happens, in order. Returns the new instant."""
        moved = (delta or timedelta()) + timedelta(
            days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds
        )
        if moved < timedelta():
            raise EdgeUsageError("the clock does not go back")
        self._world.advance_to(self._world.clock.now + moved / timedelta(milliseconds=1))
        return self.now

    def move_to(self, when: datetime) -> datetime:
        """Move on to an instant (one without a zone is UTC). Raises EdgeUsageError when it is past."""
        when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
        target = when.timestamp() * 1000
        if target < self._world.clock.now:
            raise EdgeUsageError(f"{when.isoformat()} is past: the clock stands at {self.now.isoformat()}")
        self._world.advance_to(target)
        return self.now

    def run_until(self, *, cron: str) -> datetime:
        """Move on to the next occurrence of a cron expression and fire its scheduled event there."""
        from edgelint.testing.bindings.scheduled import next_occurrence

        self.move_to(next_occurrence(cron, self.now))
        return self.now

    def pending(self) -> list[str]:
        """What is still to come: "alarm of Counter … at 2026-01-01T01:00:00+00:00", in order."""
        return [
            f"{timer.label} at {datetime.fromtimestamp(timer.when / 1000, UTC).isoformat()}"
            for timer in self._world.clock.pending()
        ]


class Edge:
    """One world as a test holds it."""

    def __init__(self, app: App, options: Options) -> None:
        self.app = app
        self.options = options
        self.world = world = World(seed=options.seed, start=options.start)
        world.isolation = options.isolation
        self.timeline = Timeline(world.clock)
        self.meter = Meter(lambda name: check_operated(world, "edge_meter.count", name, glob=False))
        self.faults = Faults(world.random, lambda name: check_operated(world, "edge_faults", name, glob=True))
        self.outbound = Outbound(world.gate)
        self.clock = EdgeClock(world)
        self.env: Any = Env(world, awaited=False)
        self.aenv: Any = Env(world, awaited=True)
        self._events = 0
        world.gate.meter, world.gate.faults = self.meter, self.faults
        world.gate.observers.append(self.timeline.operation)
        world.sdk_by_date = options.sdk == "date"
        world.answer_outbound = self.outbound.fetch
        if options.outbound == "allow":
            self.outbound.allow = True
        try:
            app.furnish(self)
            for fault in options.faults:
                self.faults.parse(fault)
        except BaseException:
            self.close()
            raise

    # The client

    @cached_property
    def client(self) -> httpx.Client:
        """``edge_client``: an httpx client whose requests are fetch events of the worker."""
        import httpx

        from edgelint.testing.client import BASE_URL, Transport

        return httpx.Client(transport=Transport(self.world, self.serve), base_url=BASE_URL, trust_env=False)

    @cached_property
    def async_client(self) -> httpx.AsyncClient:
        """``edge_async_client``: its twin for tests that await."""
        import httpx

        from edgelint.testing.client import BASE_URL, AsyncTransport

        transport = AsyncTransport(self.world, self.serve)
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL, trust_env=False)  # no .netrc: it has passwords

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One fetch event; the options are httpx's. ``get``, ``post``, ``put``, ``patch``, ``delete`` are short."""
        return self.client.request(method, url, **options)

    def get(self, url: str, **options: Any) -> httpx.Response:
        """A GET."""
        return self.client.get(url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        """A POST."""
        return self.client.post(url, **options)

    def put(self, url: str, **options: Any) -> httpx.Response:
        """A PUT."""
        return self.client.put(url, **options)

    def patch(self, url: str, **options: Any) -> httpx.Response:
        """A PATCH."""
        return self.client.patch(url, **options)

    def delete(self, url: str, **options: Any) -> httpx.Response:
        """A DELETE."""
        return self.client.delete(url, **options)

    def together(self, *requests: httpx.Request | tuple[str, str]) -> list[httpx.Response]:
        """Several fetch events that are in flight at once: their operations take turns, first come first served. Each
        is an httpx request (``edge_client.build_request``) or (method, URL). The responses come in the order of the
        requests; what one handler raises is raised when all are done."""
        import asyncio

        from edgelint.testing.http import HttpRequest

        built = [self.client.build_request(*each) if isinstance(each, tuple) else each for each in requests]

        async def all_of_them() -> list[HttpResponse | BaseException]:
            events = [self.serve(HttpRequest.from_httpx(request)) for request in built]
            return await asyncio.gather(*events, return_exceptions=True)

        answers = self.world.run(all_of_them(), origin="app")
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [a.to_httpx(r) for a, r in zip(answers, built, strict=True) if not isinstance(a, BaseException)]

    def websocket(self, url: str, **options: Any) -> Any:
        """Open a WebSocket: a fetch event that asks for one. Returns the client's end: ``send``, ``receive`` (the next
        text, bytes or Close), ``received`` (what has come when the app rests), ``close``. Raises AssertionError when
        the worker answers otherwise."""
        from edgelint.testing.http import HttpRequest

        built = self.client.build_request("GET", url, **options)
        built.headers.update({"upgrade": "websocket", "connection": "Upgrade"})
        response = self.world.run(self.serve(HttpRequest.from_httpx(built)), origin="app")
        end = response.web_socket
        if end is None:
            raise AssertionError(f"the worker opened no WebSocket: it answered {response.status}")
        end.accept()
        return HeldSocket(end, self.world, awaited=False)

    async def serve(self, request: HttpRequest) -> HttpResponse:
        """The fetch event, as the platform delivers it."""
        with self._event(f"fetch {request.method} {_path(request.url)}"):
            try:
                response = await self.app.fetch(self, request)
                await response.read()  # a body that is streamed is part of the event
            except Exception as error:
                self.timeline.note(f"the handler raised {type(error).__name__}: {first_line(error)}")
                if self.options.raise_exceptions:
                    raise
                from edgelint.testing.http import HttpResponse

                return HttpResponse(500, [("content-type", "text/plain")], b"error code: 1101")
            self.timeline.note(f"response {response.status}")
            await self.world.loop.quiet()  # what waitUntil was given is done when the test looks, as far as it can be
            return response

    # Other events

    def scheduled(self, cron: str | None = None, *, at: datetime | None = None) -> Any:
        """The scheduled event, now (``at`` moves the clock first). ``cron`` is what the handler sees; the only trigger
        of the config when it is left out. Returns the ``ScheduledEvent``, which tells whether noRetry was called."""
        from edgelint.testing.bindings.scheduled import ScheduledEvent

        if at is not None:
            self.clock.move_to(at)
        if cron is None:
            crons = self.world.worker.config.get("triggers", "crons") or []
            if len(crons) != 1:
                raise EdgeUsageError(f"say which cron: the config has {crons or 'none'}")
            cron = crons[0]
        event = ScheduledEvent(self.world.clock.now, cron)
        self.world.run(self._dispatch(f"scheduled {cron}", self.world.host_of(None).scheduled(event)), origin="app")
        return event

    def queue(self, name: str, messages: Sequence[Any], **options: Any) -> Any:
        """The queue event: these bodies as one batch of the queue ``name``. Returns the ``QueueResult``: what was acked
        and retried, by index."""
        from edgelint.testing.bindings.queues import dispatch

        return self.world.run(
            self._dispatch(f"queue {name}", dispatch(self.world, name, messages, **options)), origin="app"
        )

    def email(self, from_: str, to: str, raw: bytes | str, **options: Any) -> Any:
        """The email event. Returns the ``EmailResult``: rejected, forwarded, replied."""
        from edgelint.testing.bindings.email import dispatch

        return self.world.run(
            self._dispatch(f"email to {to}", dispatch(self.world, from_, to, raw, **options)), origin="app"
        )

    def rpc(self, method: str, *args: Any, entrypoint: str | None = None, **kwargs: Any) -> Any:
        """Call an RPC method of the worker (of one of its exported entrypoints)."""
        call = self.world.host_of(None).call(entrypoint, method, args, kwargs)
        result = self.world.run(self._dispatch(f"rpc {entrypoint or 'default'}.{method}", call), origin="app")
        return hold(result, self.world, awaited=False)

    def durable_object(self, binding: str, name: Any = None) -> Any:
        """One Durable Object of a namespace, by its name or id, to look into: its storage, alarm, life."""
        namespace = self.world.worker.binding(binding)
        handle = getattr(namespace, "handle", None)
        if handle is None:
            raise self._no_such(binding, "Durable Object namespace", "durable-object")
        return hold(handle(name), self.world, awaited=False)

    def workflow(self, binding: str) -> Any:
        """The introspector of a workflow's instances."""
        workflow = self.world.worker.binding(binding)
        introspect = getattr(workflow, "introspect", None)
        if introspect is None:
            raise self._no_such(binding, "workflow", "workflow")
        return hold(introspect(), self.world, awaited=False)

    # Looking and setting up

    @property
    def logs(self) -> list[tuple[str, str]]:
        """What the app wrote to the console: (level, text)."""
        return self.world.logs

    def stub_service(self, service: str, target: Any, entrypoint: str | None = None) -> None:
        """Answer for a service that is not in this repository: ``target`` is a function of the request, or an object
        whose methods are the RPC methods (and ``fetch``). Raises EdgeUsageError for a service that no binding leads
        to."""
        from edgelint.testing.bindings.services import stub_service

        check_service(self.world, service)
        stub_service(self.world, service, target, entrypoint)

    @contextmanager
    def override(self, **vars: Any) -> Iterator[None]:
        """Other variables or secrets while the block runs. Raises EdgeUsageError for the name of a binding."""
        worker = self.world.worker
        check_variables(self.world, vars, "override")
        before = dict(worker.vars)
        worker.vars.update(vars)
        try:
            yield
        finally:
            worker.vars.clear()
            worker.vars.update(before)

    @contextmanager
    def fresh(self, *, rows: Rows | None = None, **options: Any) -> Iterator[Edge]:
        """Another world of the same app, at the start: one for each example of a hypothesis test. ``rows`` are what
        ``strategies.rows`` drew; options are those of ``Options``. It is verified and closed at the end."""
        other = Edge(self.app, replace(self.options, **options))
        try:
            if rows is not None:
                rows.insert(other)
            yield other
            other.verify()
        finally:
            other.close()

    def problems(self) -> list[str]:
        """What went wrong beside the test itself, in words."""
        self.world.settle()
        found = [f"{label}: {type(error).__name__}: {error}" for label, error in self.world.failures]
        found += self.outbound.problems()
        for worker in self.world.workers.values():
            for binding in worker.made():
                found += [f"nothing answered {binding.name}.run: {run}" for run in getattr(binding, "unanswered", ())]
        found += [f"a fault was never used: {fault!r}" for fault in self.faults.unused()]
        return found

    def verify(self) -> None:
        """Raise AssertionError for what went wrong beside the test itself, and for what is over its budget."""
        over = exceeded(self.meter.counts, self.options.budget)
        found = self.problems() if self.options.strict else []
        if over or found:
            text = "\n".join([*(f"over budget: {line}" for line in over), *found])
            failure = AssertionError(text)
            if self.options.strict and self.world.failures:
                failure.__cause__ = self.world.failures[0][1]
            raise failure

    def close(self) -> None:
        """End this world."""
        self.world.close()

    def _no_such(self, binding: str, what: str, kind: str) -> EdgeUsageError:
        known = [each.name for each in self.world.worker.config.bindings if each.kind == kind]
        return no_such(f"'{binding}' is no {what}", binding, known)

    @contextmanager
    def _event(self, label: str) -> Iterator[None]:
        self._events += 1
        self.timeline.note(f"event {self._events}: {label}")
        token = invocation.set(str(self._events))
        try:
            yield
        finally:
            invocation.reset(token)

    async def _dispatch(self, label: str, event: Any) -> Any:
        with self._event(label):
            return await event


def _path(url: str) -> str:
    _, _, rest = url.partition("://")
    slash = rest.find("/")
    return rest[slash:] if slash >= 0 else "/"
