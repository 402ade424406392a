"""One workerd for one world: started at first use, its bindings answered, its events sent, its end told."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import asked_by, calling, invocation
from edgelint.testing.workerd_host import protocols
from edgelint.testing.workerd_host.client import exchange
from edgelint.testing.workerd_host.elsewhere import answers
from edgelint.testing.workerd_host.layout import HARNESS
from edgelint.testing.workerd_host.log import Log
from edgelint.testing.workerd_host.places import Places
from edgelint.testing.workerd_host.pool import forget_objects
from edgelint.testing.workerd_host.process import WorkerdError
from edgelint.testing.workerd_host.protocols import values
from edgelint.testing.workerd_host.refusals import records
from edgelint.testing.workerd_host.wire import Ended, Wire

if TYPE_CHECKING:
    from edgelint.testing.sockets import SocketEnd
    from edgelint.testing.workerd_host.build import Bundle
    from edgelint.testing.workerd_host.pool import Pool
    from edgelint.testing.workerd_host.source_maps import SourceMap
    from edgelint.testing.world import Worker, World

INTERNAL: Final = "http://edgelint.internal/"
"""What the layer around the app tells the world comes as a fetch to this address."""
EVENT: Final = "x-edgelint-event"
_HUNG_SECONDS: Final = 5
"""Real time without any sign from workerd after which the app counts as hung: it may compile on other threads."""
_QUIET_PINGS: Final = 3
"""Answers to pings without any sign in between after which an event counts as one that waits."""
_QUIET_PINGS_OF_OBJECTS: Final = 10
"""The same where there are Durable Objects: who waits for the lock of an isolate is woken through the loop, once for
each step of what an object does (src/workerd/io/async-lock-scheduler.h); a ping may be answered in between."""
_SILENT_SECONDS: Final = 0.05
"""Real time without any sign before that is asked for at all, where there are Durable Objects."""
_CLOSING_TURNS: Final = 4
"""Turns of the loop after which connections that were closed have let go of their sockets."""
_LAST_TURNS: Final = 20
"""How often what a world left running may try once more, when nothing answers it."""
_PEER_SECONDS: Final = 1
"""The same while the other side of a socket is to speak: it is not of the world, and its work is not seen."""
_LOST_SECONDS: Final = 0.2
"""Real time from a lost connection to the end of workerd's output, if that is why it was lost."""
_END_SECONDS: Final = 2
"""Real time from there until it is known how it ended; and that in which it answers, when nothing keeps it from it."""
_ASK_SECONDS: Final = 30
"""Real time within which code of the app gives back control: an endless loop does not."""
_SPARE_TURNS: Final = 20
"""Turns of workerd's loop without a request on a connection that it opened, after which none is waited for: of many
calls at once some find another connection free before their own is there, and it stays for later ones."""
_worlds = count(1)
Note = Callable[[str, dict[str, Any]], Awaitable[HttpResponse]]


class Workerd:
    """The workerd of one world. ``notes`` answer what the layer around the app tells, by the path ("alarm"): with the
    name of the worker and what it said."""

    def __init__(self, world: World, pool: Pool, bundles: list[tuple[Worker, Bundle]]) -> None:
        self.world = world
        self.bundles = {worker.name: bundle for worker, bundle in bundles}
        self.notes: dict[str, Note] = {"sleep": self._sleep, "over": self._over, "email": self._email}
        self.hosts: dict[str, Any] = {}
        """The hosts of its workers by name."""
        self._messages: dict[int, Any] = {}
        self.log = Log(self)
        self._seed = [random.Random(world.seed).getrandbits(32) for _ in range(4)]
        self._numbers = count(1)
        self._active: dict[int, str] = {}
        """The events that are not over, with what they are called in the gate."""
        self._begun: set[int] = set()
        """Those without the ones that became a WebSocket, which may be silent."""
        self.holds_objects: Callable[[], bool] = lambda: False
        """Whether there are Durable Objects."""
        self._wires: set[Wire] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._places = Places()
        self._world = next(_worlds)
        self._told: dict[str, tuple[Any, ...]] = {}
        """What each worker knows of the world."""
        self._vars = {worker.name: dict(worker.vars) for worker, _ in bundles}
        self._stirred = False
        self._events = 0
        self._soon = 0
        """Timers of no length that the apps had, by the last ping."""
        self._probe: asyncio.Task[None] | None = None
        self._last: tuple[tuple[int, ...], float] = ((), 0.0)  # what was seen of it last, and when (real time)
        self._quiet_at: tuple[int, ...] = ()
        self._pings = 0
        self._is_stuck = False
        self._closed = False
        self._spare = 0
        """Connections that workerd opened and did not use yet."""
        self._pool = pool
        try:
            self._started = pool.take(bundles, world.isolation)
        except WorkerdError as error:
            raise WorkerdError(error.what, error.lines, self.maps) from None
        self._server, self.process = self._started.server, self._started.process
        self._server.attach(world.loop, self._answer, self._failed)
        world.loop.outside = self

    async def close(self) -> None:
        """Give it back: it is ended, or made ready for the next world. Twice does nothing."""
        if self._closed:
            return
        self._closed = True
        is_fit = False
        app = self.world.app
        try:
            if app is not None and app.coverage is not None:
                app.coverage.read(self)
            is_fit = self._pool.shares(self._started) and answers(self.process.ports[HARNESS], _END_SECONDS)
            if is_fit:
                await self._forget()
        finally:
            for wire in list(self._wires):
                wire.close()
            self._server.detach()
            for _ in range(_CLOSING_TURNS):
                await asyncio.sleep(0)
            self._pool.give_back(self._started, is_fit)

    async def _forget(self) -> None:
        """Leave nothing of this world behind for the next one: not its Durable Objects, and nothing that the end of its
        calls makes the app say."""
        self._server.refuse()
        await self._harnessed("abortAll")
        for _ in range(_LAST_TURNS):
            before = self._server.count
            await self._harnessed("ping")
            if self._server.count == before:
                break
        self.process.drain()
        forget_objects(self.process.folder)

    async def _harnessed(self, verb: str) -> None:
        request = HttpRequest("GET", f"{INTERNAL}{verb}")
        response = await self.harness(request, {"x-edgelint-harness": json.dumps({"verb": verb})})
        await response.read()

    @property
    def maps(self) -> dict[str, SourceMap]:
        """The source maps of all modules; of those of one name the first worker's, since a stack does not say whose it
        is."""
        return {name: found for bundle in reversed(self.bundles.values()) for name, found in bundle.maps.items()}

    # Events

    async def event(self, worker: str, kind: str, request: HttpRequest, label: str = "", **info: Any) -> HttpResponse:
        """Send an event to a worker. The response's body is still to come; the event is over when it was read, and when
        all that waitUntil was given is done. Raises WorkerdError, and EdgeError for a lost connection."""
        number = next(self._numbers)
        told = {"id": number, "kind": kind, **info}
        return await self._send(worker, request, {EVENT: json.dumps(told)}, number, invocation.get() or label)

    async def harness(self, request: HttpRequest, headers: dict[str, str]) -> HttpResponse:
        """Ask the harness: what is about an object of its worker's."""
        return await self._send(HARNESS, request, headers, next(self._numbers), invocation.get())

    @contextmanager
    def handling(self, message: Any) -> Iterator[int]:
        """While the block runs, ``message`` (an IncomingEmail) is what the number means in what the app asks of it."""
        number = next(self._numbers)
        self._messages[number] = message
        try:
            yield number
        finally:
            del self._messages[number]

    def ask(self, to: str, kind: str, **info: Any) -> Any:
        """Ask the layer around a worker for something that needs nothing of the world: at once, without the loop.
        Raises WorkerdError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.process.ports[to], timeout=_ASK_SECONDS)
        try:
            connection.request("POST", f"{INTERNAL}{kind}", json.dumps(info), {EVENT: json.dumps({"kind": kind})})
            return json.loads(connection.getresponse().read())
        except TimeoutError:
            raise self._stuck() from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._lost(error) from None
        finally:
            connection.close()

    def tell(self) -> None:
        """Tell the workers what they do not know of the world: the time, its seed, variables that a test changed.
        Raises WorkerdError."""
        now = self.world.clock.now
        for name, given in self._vars.items():
            worker = self.world.workers[name]
            variables, bound = worker.vars, values.of(worker)
            before = self._told.get(name)
            if before == (now, variables, bound):
                continue
            known = given if before is None else before[1]
            change = {name: value for name, value in variables.items() if name not in known or known[name] != value}
            gone = [name for name in known if name not in variables]
            self._told[name] = now, dict(variables), bound
            told = {
                "worker": name,
                "now": now,
                "world": self._world,
                "seed": self._seed,
                "vars": change,
                "gone": gone,
                "values": bound,
            }
            self.ask(name, "told", **told)

    async def _send(
        self, socket: str, request: HttpRequest, headers: dict[str, str], number: int, label: str
    ) -> HttpResponse:
        self._begin(number, label)
        try:
            self.tell()
            response = await exchange(
                self.process.ports[socket], request, headers, self._carry(number), self._wires, self._server.traffic
            )
        except (Ended, ConnectionError) as error:
            self._end(number)
            raise self._lost(error) from None
        except BaseException:
            self._end(number)
            raise
        result = json.loads(response.header("x-edgelint-result") or "{}")
        if response.web_socket is not None:
            return response  # over when the connection is
        stream, response.stream = response.stream, None
        assert stream is not None

        async def body() -> AsyncIterator[bytes]:
            try:
                async for part in stream:
                    self._events += 1
                    yield part
                await self.settle()
            except Ended as error:
                lost = self._lost(error)
                self._take_lines()
                raise self.log.refused(lost) from None
            finally:
                if not result.get("pending"):  # otherwise it is over when the layer around the app says so
                    self._end(number)

        response.stream = body()
        return response

    def _carry(self, number: int) -> Callable[[Wire, SocketEnd], None]:
        """What carries a WebSocket: the event that opened it is over when the connection is."""

        def carry(wire: Wire, end: SocketEnd) -> None:
            from websockets.protocol import Side

            from edgelint.testing.workerd_host.web_sockets import carry as carrying

            def ended() -> None:
                self._stir()
                self._end(number)

            task = self.world.loop.create_task(carrying(wire, Side.CLIENT, end, self._moved, ended))
            self._begun.discard(number)
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

        return carry

    def _moved(self) -> None:
        """A message goes to the app, or comes from it."""
        self._events += 1
        self.tell()

    def _begin(self, number: int, label: str) -> None:
        self._active[number] = label
        self._begun.add(number)
        self._events += 1
        self.world.loop.real_work += 1

    def _end(self, number: int) -> None:
        self._begun.discard(number)
        if self._active.pop(number, None) is not None:
            self._events += 1
            self.world.loop.real_work -= 1

    def _stir(self) -> None:
        """Something goes on in workerd that is part of no event: what comes of it is waited for."""
        self._events += 1
        if not self._stirred:
            self._stirred = True
            self.world.loop.real_work += 1

    def _stuck(self) -> EdgeError:
        self._is_stuck = True
        self.process.kill()
        return self._lost(TimeoutError())

    def _lost(self, error: BaseException) -> EdgeError:
        """What a connection that ended without an answer means."""
        if self._is_stuck:
            return EdgeError(f"the app did not give back control for {_ASK_SECONDS} s of real time: an endless loop?")
        since, ended = time.monotonic(), self.process.ended()
        while ended is None and time.monotonic() - since < (_END_SECONDS if self.process.drained else _LOST_SECONDS):
            self._take_lines()
            time.sleep(0.001)
            ended = self.process.ended()
        if ended is not None or self.process.drained:
            return WorkerdError(f"{ended or 'workerd ended'} in the middle of the test", self.process.said(), self.maps)
        return EdgeError("Network connection lost.", retryable=True)

    async def settle(self) -> None:
        """Wait until what workerd has under way has come here: calls that the app does not wait for, lines of its
        log."""
        await self._rest()
        self._take_lines()

    async def _rest(self) -> None:
        """Ask until nothing comes, nor is on its way, between two answers; timers of no length may go on for ever.
        Raises WorkerdError."""
        activity: tuple[int, ...] = ()
        turns, soon, until = 0, self._soon, time.monotonic() + _HUNG_SECONDS
        self._spare = min(self._spare, self._server.fresh)
        while (
            activity != self._activity
            or self._server.fresh > self._spare
            or (soon != self._soon and time.monotonic() < until)
        ):
            turns = turns + 1 if activity == self._activity else 0
            if turns == _SPARE_TURNS:
                self._spare = self._server.fresh
            activity, soon = self._activity, self._soon
            await self.ping()

    @property
    def _activity(self) -> tuple[int, ...]:
        """Changes when something goes to workerd or comes from it."""
        return self._server.count, self._events, *self._server.traffic.moved

    def _take_lines(self) -> None:
        for line in self.process.drain():
            self._logged(line)

    def _logged(self, line: str) -> None:
        for record in records([line]):
            self.log.take(record)

    async def ping(self) -> None:
        """One turn of workerd's own loop, and of what the apps have due in it. Raises WorkerdError."""
        self._pings += 1
        try:
            self._soon = sum(await asyncio.gather(*map(self._pinged, self.bundles)))
        finally:
            self._pings -= 1

    async def _pinged(self, worker: str) -> int:
        request = HttpRequest("POST", f"{INTERNAL}ping")
        try:
            response = await exchange(self.process.ports[worker], request, {EVENT: '{"kind":"ping"}'})
            return int(await response.read())
        except (Ended, ConnectionError) as error:
            raise self._lost(error) from None

    # What the loop asks (loop.Outside)

    def stalled(self) -> bool | None:
        """Whether nothing will come from workerd unless the world goes on. None: something was started to find out."""
        activity = self._activity
        if self._last[0] != activity:
            self._last = (activity, time.monotonic())
        silent = time.monotonic() - self._last[1]
        can_go_on = self.world.loop.can_go_on()
        if not can_go_on and silent < _HUNG_SECONDS:
            return False
        if self.holds_objects() and silent < _SILENT_SECONDS and (self._begun or self._stirred):
            return False
        if self._server.tunnels.owed and silent < _PEER_SECONDS:
            return False
        if self._pings:  # the probe's too
            if silent > _ASK_SECONDS:
                self._stuck()  # who waits for an answer gets to know it
            return False
        if self._quiet_at == activity:
            return True
        if self._probe is None or self._probe.done():
            self._probe = self.world.loop.create_task(self._find_out(activity))
            return None
        return False

    async def _find_out(self, activity: tuple[int, ...]) -> None:
        """Most of what workerd does by itself it does before it looks at its connections again, and an answer to a ping
        comes after that. Timers of no length are asked for; some for ever, which is waiting too."""
        try:
            await self._rest()
            for _ in range(_QUIET_PINGS_OF_OBJECTS if self.holds_objects() else _QUIET_PINGS):
                soon = self._soon
                await self.ping()
                is_busy = soon != self._soon and time.monotonic() - self._last[1] < _HUNG_SECONDS
                if is_busy or activity != self._activity or self._server.fresh > self._spare:
                    return
        except EdgeError:
            return  # who waits for an answer gets to know it
        if activity == self._activity:
            self._take_lines()
            self._quiet_at = activity
            if self._stirred:
                self._stirred = False
                self.world.loop.real_work -= 1

    # What workerd asks

    async def _answer(self, to: str, request: HttpRequest) -> HttpResponse:
        kind, _, rest = to.partition(":")
        worker, _, name = rest.partition("/")
        labels = set(self._active.values())
        token = invocation.set(labels.pop() if len(labels) == 1 else "")
        bundle = self.bundles.get(worker)
        if bundle is not None:
            calling.set(self._places.taken(request, self.world.workers[worker].config.root, bundle.maps))
        try:
            with asked_by("app"):
                response = await self._answered(kind, worker, name, request)
        finally:
            invocation.reset(token)
            calling.set(None)
        self.tell()
        if not self._begun:
            self._stir()
        return response

    async def _answered(self, kind: str, worker: str, name: str, request: HttpRequest) -> HttpResponse:
        world = self.world
        if kind == "out":
            if request.url.startswith(INTERNAL):
                path = request.url.removeprefix(INTERNAL)
                return await self.notes[path](worker, json.loads(request.body))
            from edgelint.testing.workerd_host.protocols import outbound

            return await outbound.answer(world, request)
        if kind == "cache":
            from edgelint.testing.workerd_host.protocols import cache

            return await cache.answer(world, worker, request)
        if kind == "gate":
            return await self.notes["gate"](f"{worker}/{name}", json.loads(request.body))
        binding = world.workers[worker].binding(name)
        module = None if binding is None else protocols.of_kind(binding.declared.kind)
        if binding is None or module is None:
            raise EdgeUsageError(f"worker '{worker}' has no binding '{name}' that can be reached")
        return await module.answer(binding, request)

    def _failed(self, error: BaseException) -> None:
        self.world.failures.append(("edgelint", error))

    async def _sleep(self, worker: str, told: dict[str, Any]) -> HttpResponse:
        await asyncio.sleep(told["ms"] / 1000)
        if not self._begun:
            self._stir()
        return HttpResponse(200, [], str(self.world.clock.now).encode())

    async def _over(self, worker: str, told: dict[str, Any]) -> HttpResponse:
        for error in told["rejections"]:
            self.log.rejected(worker, told["kind"], error)
        self._end(told["id"])
        return HttpResponse(204)

    async def _email(self, worker: str, told: dict[str, Any]) -> HttpResponse:
        """What a handler asks of the email that it handles: forward, reply."""
        from edgelint.testing.bindings.email import EmailMessage
        from edgelint.testing.workerd_host.protocols import codec

        message = self._messages[told["id"]]
        args = codec.decode(told["args"])
        if told["verb"] == "reply" and isinstance(args[0].get("raw"), bytes):
            args = [EmailMessage(args[0]["from"], args[0]["to"], args[0]["raw"])]
        try:
            answer = {"value": codec.encode(await getattr(message, told["verb"])(*args))}
        except EdgeUsageError:
            raise
        except EdgeError as error:
            answer = {"error": codec.encode_error(error)}
        return HttpResponse(200, [("content-type", "application/json")], json.dumps(answer).encode())
