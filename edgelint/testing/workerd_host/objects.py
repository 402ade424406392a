"""Durable Objects that live in workerd: their alarms on the world's clock, their calls through its gate, and what a
test holds of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from edgelint.platform import compat
from edgelint.testing.bindings.durable_objects import ObjectIds
from edgelint.testing.bindings.object_ids import DurableObjectId
from edgelint.testing.errors import EdgeError, EdgeUsageError, HungError, range_error
from edgelint.testing.facade import Verbs
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import Operation
from edgelint.testing.workerd_host.alarms import Alarm
from edgelint.testing.workerd_host.errors import js_error
from edgelint.testing.workerd_host.protocols import codec

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared, Services
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


@dataclass(frozen=True, slots=True)
class HeldSocket:
    """An object's end of a hibernatable WebSocket: what ``ctx.getTags`` and ``deserializeAttachment`` say of it, and
    its ``readyState`` (1 open, 2 closing, 3 closed)."""

    tags: tuple[str, ...]
    attachment: Any
    ready_state: int


class Objects:
    """All objects of one world that live in workerd, as far as the world has heard of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known: dict[Place, str | None] = {}
        """The objects that were called, with the names that their ids were made from."""
        self._reached: set[Place] = set()
        """Those that the test reached itself."""
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
        """A method of an object, as RPC calls it. Raises JsError, and EdgeError for arguments that do not cross."""
        codec.encode(list(args), "arguments")
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

    async def is_in_memory(self, place: Place) -> bool:
        """Whether an object is constructed. The runtime does not tell: the object is asked, and where it has to be
        constructed for that, something of ours is in its place, which is taken away again."""
        if not self._was_used(place):
            return False
        self._running(place).ask(place.worker, "look", name=place.class_name, id=place.id)
        is_there = bool(await self.ask(place, "memory"))
        if not is_there:
            await self._evicted(place)
        return is_there

    async def web_sockets(self, place: Place) -> list[HeldSocket]:
        """The hibernatable sockets of an object."""
        found = await self.ask(place, "sockets") if self._was_used(place) else []
        return [HeldSocket(tuple(each["tags"]), each["attachment"], int(each["readyState"])) for each in found]

    def _was_used(self, place: Place) -> bool:
        return place in self.known or place in self._reached

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
        self._reached.add(place)
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
    def is_in_memory(self) -> bool:
        """Whether the object is constructed. To look at it does not construct it."""
        return self._objects.world.run(self._objects.is_in_memory(self._place))

    @property
    def web_sockets(self) -> list[HeldSocket]:
        """The object's ends of its hibernatable sockets; to look at them wakes the object."""
        return self._objects.world.run(self._objects.web_sockets(self._place))

    @property
    def instance(self) -> Any:
        """Not to be had: the instance lives in workerd. Raises EdgeUsageError."""
        raise EdgeUsageError(
            "the instance lives in workerd, out of reach of Python: call its methods with call('name', ...), and look "
            "at what it keeps with storage and sql(...)"
        )

    async def run(self, callback: Any) -> Any:
        """Not possible: Python does not run inside of the object. Raises EdgeUsageError."""
        raise EdgeUsageError(
            "a callback in Python cannot run in an object that lives in workerd: write it as a method of the class, "
            "and call that with call('name', ...); storage and sql(...) reach what the object keeps"
        )
