"""Durable Objects that live in workerd: their alarms on the world's clock, their calls through its gate, and what a
test holds of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from edgelint.platform import compat, limits
from edgelint.testing.bindings.durable_objects import ObjectIds
from edgelint.testing.bindings.events import own_event
from edgelint.testing.bindings.object_ids import DurableObjectId
from edgelint.testing.errors import EdgeError, EdgeUsageError, HungError, range_error
from edgelint.testing.facade import Verbs
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import Operation
from edgelint.testing.workerd_host.errors import js_error
from edgelint.testing.workerd_host.protocols import codec

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared, Services
    from edgelint.testing.clock import Timer
    from edgelint.testing.workerd_host.running import Workerd
    from edgelint.testing.world import World

LOOK: Final = "x-edgelint-object"
_ADDRESS: Final = "http://edgelint.internal/"
_JSON: Final = [("content-type", "application/json")]


@dataclass(frozen=True, slots=True)
class Place:
    """One object: the worker that has its class, the class, its id in hex."""

    worker: str
    class_name: str
    id: str


class Objects:
    """All objects of one world that live in workerd, as far as the world has heard of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known: dict[Place, str | None] = {}
        """The objects that were called, with the names that their ids were made from."""
        self.alarms: dict[Place, Alarm] = {}
        self.workerd: Workerd | None = None

    @classmethod
    def of(cls, world: World) -> Objects:
        """Those of a world."""
        return world.shared(("workerd objects",), lambda: cls(world))

    def attach(self, workerd: Workerd) -> None:
        """Answer what objects ask of the world."""
        self.workerd = workerd
        workerd.notes["alarm"] = self._alarm
        workerd.notes["gate"] = self._gate
        workerd.holds_objects = lambda: bool(self.known)

    async def ask(self, place: Place, verb: str, *args: Any) -> Any:
        """Have the layer around an object do something inside of it. Raises JsError: what it throws."""
        headers = {LOOK: json.dumps({"verb": verb})}
        response = await self._harness(place, {"verb": "fetch"}, headers, args)
        return self._value(place, response, await response.read(), remote=verb == "call")

    async def call(self, place: Place, method: str, args: Sequence[Any]) -> Any:
        """A method of an object, as RPC calls it. Raises JsError."""
        return await self.ask(place, "call", method, list(args))

    async def fetch(self, place: Place, request: HttpRequest) -> HttpResponse:
        """A fetch event of an object. Raises JsError."""
        headers = {LOOK: json.dumps({"verb": "fetch"})}
        response = await self._running(place).harness(request, self._asked(place, {"verb": "fetch"}, headers))
        if response.header("x-edgelint-result") is not None:
            raise self._error(place, response, await response.read(), remote=True)
        return response

    async def evict(self, place: Place, web_sockets: str) -> bool:
        """Take an object out of memory. Returns whether it was there. The runtime's own way to close sockets tells
        their other ends nothing: they are lost one by one, which wakes the object once more."""
        was_there = await self._evicted(place)
        if web_sockets == "close":
            await self.ask(place, "lose")
            await self._evicted(place)
        return was_there

    async def _evicted(self, place: Place) -> bool:
        response = await self._harness(place, {"verb": "evict"}, {}, [])
        try:
            self._value(place, response, await response.read())
        except EdgeError as error:
            if "not currently running" in error.message:
                return False
            raise
        return True

    def alarm(self, place: Place) -> Alarm:
        """The alarm of an object."""
        found = self.alarms.get(place)
        if found is None:
            found = self.alarms[place] = Alarm(place, self)
        return found

    def label(self, place: Place) -> str:
        """ "Counter a"."""
        return f"{place.class_name} {self.known.get(place) or place.id}"

    async def _harness(
        self, place: Place, asked: dict[str, Any], headers: dict[str, str], args: Sequence[Any]
    ) -> HttpResponse:
        body = json.dumps(codec.encode(list(args))).encode()
        request = HttpRequest("POST", _ADDRESS, list(_JSON), body)
        return await self._running(place).harness(request, self._asked(place, asked, headers))

    def _asked(self, place: Place, asked: dict[str, Any], headers: dict[str, str]) -> dict[str, str]:
        told = {"namespace": f"{place.worker}/{place.class_name}", "id": place.id, **asked}
        name = self.known.get(place)
        if name is not None:
            told["name"] = name
        return {"x-edgelint-harness": json.dumps(told), **headers}

    def _value(self, place: Place, response: HttpResponse, body: bytes, *, remote: bool = False) -> Any:
        if response.status != 200:
            raise self._error(place, response, body, remote=remote)
        return codec.decode(json.loads(body))

    def _error(self, place: Place, response: HttpResponse, body: bytes, *, remote: bool) -> EdgeError | HungError:
        workerd = self._running(place)
        if response.header("x-edgelint-result") is None:  # nobody of ours has answered
            return workerd.log.refused()
        written = json.loads(body)
        error = js_error(written, workerd.bundles[place.worker].maps, workerd.log.inside(written))
        error.remote = error.remote or remote
        return error

    def _running(self, place: Place) -> Workerd:
        if self.workerd is None:
            self.world.host_of(place.worker)
        assert self.workerd is not None
        return self.workerd

    # What objects and their callers tell

    async def _gate(self, to: str, told: dict[str, Any]) -> HttpResponse:
        worker, _, binding = to.partition("/")
        namespace = self.world.workers[worker].binding(binding)
        assert isinstance(namespace, WorkerdNamespace)
        name = told["name"]
        self.known.setdefault(namespace.place(told["id"]), name)
        request = {"method": told["method"]} if told["verb"] == "call" else {"request": told["method"]}
        operation = namespace.operation(
            told["verb"], name if name is not None else told["id"], request, object_id=told["id"], object_name=name
        )
        try:
            await self.world.gate.perform(operation, lambda operation: None)
        except EdgeError as error:
            flags = {flag: True for flag in ("remote", "retryable", "overloaded") if getattr(error, flag)}
            body = {"message": error.message, "name": error.name, **flags}
            return HttpResponse(500, list(_JSON), json.dumps(body).encode())
        return HttpResponse(204)

    async def _alarm(self, worker: str, told: dict[str, Any]) -> HttpResponse:
        place = Place(worker, told["class"], told["id"])
        self.known.setdefault(place, told["name"])
        alarm = self.alarm(place)
        answer: float | None = None
        match told["verb"]:
            case "set":
                alarm.set(told["when"])
            case "deleteAll":
                config = self.world.workers[worker].config
                flags = list(config.compatibility_flags)
                if compat.enabled("delete_all_deletes_alarm", config.compatibility_date, flags):
                    alarm.set(None)
            case _:
                answer = alarm.seen()
        return HttpResponse(200, list(_JSON), json.dumps(answer).encode())


class Alarm:
    """The alarm of one object: one at a time, at least once, tried again with back-off when it fails (as
    ``bindings.object_alarms`` has it, from which the numbers are)."""

    def __init__(self, place: Place, objects: Objects) -> None:
        self._place = place
        self._objects = objects
        self._when: float | None = None
        self._timer: Timer | None = None
        self._running = False
        self._touched = False
        self._failed = 0

    @property
    def due(self) -> datetime | None:
        """When it runs next, retries included; None when it does not."""
        return None if self._timer is None else datetime.fromtimestamp(self._timer.when / 1000, UTC)

    def seen(self) -> float | None:
        """What ``getAlarm`` says: ms since the epoch; None while its handler runs, unless that set it again."""
        return None if self._running and not self._touched else self._when

    def set(self, when: float | None) -> None:
        """Set it, or delete it with None. A handler that runs is seen to when it ends."""
        self._when, self._touched, self._failed = when, True, 0
        if not self._running:
            self._schedule(when)

    async def run(self) -> bool:
        """Run the handler now, if the alarm is set. Returns whether it was. Raises what the handler raises, when what
        comes after is arranged."""
        if self._timer is None:
            return False
        self._schedule(None)
        self._running, self._touched = True, False
        error: Exception | None = None
        world = self._objects.world
        try:
            count = self._failed
            if not await self._objects.ask(self._place, "alarm", count, count > 0, self._when):
                world.log("warn", "Attempted to run a scheduled alarm without a handler, did you remember to export an "
                                  "alarm() function?")  # fmt: skip
        except EdgeUsageError:
            raise
        except Exception as raised:
            error = raised
        finally:
            self._running = False
        if self._touched:
            self._schedule(self._when)
        elif error is None:
            self._when = None
        else:
            self._again(error)
        if error is not None:
            raise error
        return True

    def _again(self, error: Exception) -> None:
        world, label = self._objects.world, self._objects.label(self._place)
        world.log("error", f"alarm of {label} failed (try {self._failed + 1}): {error}")
        if self._failed >= limits.DO_ALARM_RETRIES:
            world.log("error", f"alarm of {label} is given up after {self._failed} retries")
            self._when = None
            return
        delay = (limits.DO_ALARM_BACKOFF_SECONDS << min(limits.DO_ALARM_MAX_BACKOFF, self._failed)) * 1000
        delay += world.random.randint(0, math.floor(limits.DO_ALARM_JITTER * delay))
        self._failed += 1
        self._schedule(world.clock.now + delay)

    def _schedule(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if when is not None:
            label = f"alarm of {self._objects.label(self._place)}"
            self._timer = self._objects.world.clock.at(when, self._fire, label)

    async def _fire(self) -> None:
        with own_event(self._objects.world, f"alarm of {self._objects.label(self._place)}"):
            try:
                await self.run()
            except EdgeUsageError:
                raise
            except Exception:
                return  # it was logged, and is tried again


class WorkerdNamespace(ObjectIds):
    """A namespace whose class is JavaScript, as a test holds it. The app's own calls go through workerd."""

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.worker = self.script or ""
        self.objects = Objects.of(services)  # type: ignore[arg-type]

    def place(self, hex_id: str) -> Place:
        """The object of an id."""
        return Place(self.worker, self.class_name, hex_id)

    def get(
        self, object_id: DurableObjectId, *, location_hint: str | None = None, routing_mode: str | None = None
    ) -> WorkerdStub:
        """A stub of the object. Raises EdgeError (RangeError) for a routing mode that is not known."""
        if routing_mode not in (None, "primary-only"):
            raise range_error(f"unknown routingMode: {routing_mode}")
        return WorkerdStub(self, object_id)

    def get_by_name(
        self, name: str, *, location_hint: str | None = None, routing_mode: str | None = None
    ) -> WorkerdStub:
        """A stub of the object of that name."""
        return self.get(self.id_from_name(name), location_hint=location_hint, routing_mode=routing_mode)

    def jurisdiction(self, jurisdiction: str | None = None) -> WorkerdNamespace:
        """Itself for None. Raises EdgeUsageError for a jurisdiction: the runtime has none outside of production."""
        if jurisdiction is None:
            return self
        raise EdgeUsageError(
            f"{self.name}.jurisdiction() is not supported: Durable Objects that live in workerd have no jurisdictions"
        )

    def handle(self, which: str | DurableObjectId | WorkerdStub | None = None) -> WorkerdObject:
        """What a test holds of one object: by its name, its id, its id's text, or the only one there is. Raises
        EdgeUsageError when there is none or more than one, and nothing says which."""
        if which is None:
            found = self.ids()
            if len(found) != 1:
                raise EdgeUsageError(f"'{self.name}' has {len(found)} objects: say which, by name or id")
            which = found[0]
        if isinstance(which, WorkerdStub):
            which = which.id
        if isinstance(which, str):
            which = self._named(which)
        return WorkerdObject(self, which)

    def ids(self) -> list[DurableObjectId]:
        """The ids of all objects that were used, in the order of their first use."""
        mine = [
            (place, name) for place, name in self.objects.known.items()
            if (place.worker, place.class_name) == (self.worker, self.class_name)
        ]  # fmt: skip
        return [DurableObjectId(place.id, name, None) for place, name in mine]

    async def evict_all(self, *, web_sockets: Literal["hibernate", "close"] = "hibernate") -> int:
        """Take every object out of memory. Returns how many were in it."""
        return sum([await self.handle(each).evict(web_sockets=web_sockets) for each in self.ids()])


class WorkerdStub(Verbs):
    """A caller's side of one object."""

    def __init__(self, namespace: WorkerdNamespace, object_id: DurableObjectId) -> None:
        self.id = object_id
        self._namespace = namespace
        self._place = namespace.place(str(object_id))

    @property
    def name(self) -> str | None:
        """The name that its id was made from."""
        return self.id.name

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        """The object's fetch event. Raises JsError: what it throws."""
        objects = self._namespace.objects

        async def effect(_: Operation) -> HttpResponse:
            response = await objects.fetch(self._place, request)
            await response.read()
            return response

        response: HttpResponse = await self._perform("fetch", {"request": request}, effect)
        return response

    async def call(self, method: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """Call a method of the object. Raises JsError: what it throws, and TypeError for one that is not there."""
        given = [*args, dict(kwargs)] if kwargs else list(args)
        objects = self._namespace.objects
        return await self._perform(
            "call", {"method": method, "args": given}, lambda _: objects.call(self._place, method, given)
        )

    async def _perform(self, verb: str, request: Mapping[str, Any], effect: Any) -> Any:
        self._namespace.objects.known.setdefault(self._place, self.id.name)
        key = self.id.name if self.id.name is not None else str(self.id)
        operation = self._namespace.operation(verb, key, request, object_id=str(self.id), object_name=self.id.name)
        return await self._namespace.gate.perform(operation, effect)


class WorkerdStorage(Verbs):
    """The storage of one object, asked inside of it."""

    def __init__(self, objects: Objects, place: Place) -> None:
        self._objects = objects
        self._place = place

    async def get(self, key: str) -> Any:
        """The value of a key, None when there is none."""
        return codec.without_undefined(await self._objects.ask(self._place, "get", key))

    async def put(self, key: str, value: Any) -> None:
        """Keep a value."""
        await self._objects.ask(self._place, "put", key, value)

    async def delete(self, key: str) -> bool:
        """Forget a key. Returns whether it was there."""
        return bool(await self._objects.ask(self._place, "delete", key))

    async def list(
        self, *, start: str | None = None, start_after: str | None = None, end: str | None = None,
        prefix: str | None = None, reverse: bool = False, limit: int | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Keys and values, as the platform lists them."""
        given = {"start": start, "startAfter": start_after, "end": end, "prefix": prefix, "limit": limit}
        options = {name: value for name, value in given.items() if value is not None}
        return dict(await self._objects.ask(self._place, "list", {**options, "reverse": reverse}))


class WorkerdObject(Verbs):
    """What a test holds of one object: it can do to it what no caller can."""

    def __init__(self, namespace: WorkerdNamespace, object_id: DurableObjectId) -> None:
        self.id = object_id
        self.name = object_id.name
        self._namespace = namespace
        self._place = namespace.place(str(object_id))
        self._objects = namespace.objects

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        """A fetch event of the object."""
        return await WorkerdStub(self._namespace, self.id).fetch(request)

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the object."""
        return await WorkerdStub(self._namespace, self.id).call(method, args, kwargs)

    @property
    def storage(self) -> WorkerdStorage:
        """The object's storage; to look at it wakes the object."""
        return WorkerdStorage(self._objects, self._place)

    @property
    def alarm(self) -> datetime | None:
        """When the alarm runs next, retries included."""
        return self._objects.alarm(self._place).due

    async def run_alarm(self) -> bool:
        """Run the alarm now, if one is set; the clock stands still. Returns whether there was one. Raises what the
        handler raises; it is tried again then, as always."""
        return await self._objects.alarm(self._place).run()

    async def evict(self, *, web_sockets: Literal["hibernate", "close"] = "hibernate") -> bool:
        """Take the object out of memory: the next event constructs it anew. Returns whether it was in memory."""
        return await self._objects.evict(self._place, web_sockets)

    async def sql(self, query: str, *args: Any) -> list[dict[str, Any]]:
        """Run SQL in the object's SQLite: its rows."""
        found = await self._objects.ask(self._place, "sql", query, *args)
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]

    @property
    def instance(self) -> Any:
        """Not to be had: the instance lives in workerd. Raises EdgeUsageError."""
        raise EdgeUsageError("the instance lives in workerd: call its methods, or look at its storage")

    @property
    def is_in_memory(self) -> bool:
        """Not known here: the runtime does not tell. Raises EdgeUsageError."""
        raise EdgeUsageError("workerd does not tell whether an object is in memory: evict() returns whether it was")

    @property
    def web_sockets(self) -> list[Any]:
        """Not to be had: the object's ends live in workerd. Raises EdgeUsageError."""
        raise EdgeUsageError("the object's ends of its sockets live in workerd: look at those that the test opened")

    async def run(self, callback: Any) -> Any:
        """Not possible: Python does not run inside of the object. Raises EdgeUsageError."""
        raise EdgeUsageError("a callback in Python cannot run in an object that lives in workerd: give it a method")
