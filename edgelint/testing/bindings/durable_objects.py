"""Durable Objects: the namespace that a worker has as a binding, its stubs, and what a test holds of an object."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeVar

from edgelint.platform import compat
from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.bindings.object_gates import cross
from edgelint.testing.bindings.object_ids import DurableObjectId, IdFactory
from edgelint.testing.bindings.object_life import Home, Life, ObjectState
from edgelint.testing.bindings.object_storage import ObjectStorage
from edgelint.testing.clone import structured_clone
from edgelint.testing.errors import EdgeError, EdgeUsageError, range_error, type_error
from edgelint.testing.facade import Verbs
from edgelint.testing.operation import Operation

if TYPE_CHECKING:
    from edgelint.testing.config import WorkerConfig
    from edgelint.testing.host import ObjectInstance
    from edgelint.testing.http import HttpRequest, HttpResponse

__all__ = ["DurableObjectId", "DurableObjectNamespace", "DurableObjectStub", "ObjectHandle", "ObjectState"]

T = TypeVar("T")
OTHER_JURISDICTION: Final = "get called on jurisdictional subnamespace with an ID from a different jurisdiction"
RESERVED: Final = frozenset(
    ("alarm", "connect", "constructor", "dup", "webSocketClose", "webSocketError", "webSocketMessage")
)
"""Methods that are no RPC (workerd: src/workerd/api/worker-rpc.c++)."""


class Namespace:
    """The objects of one class of one worker, whoever binds it: by id, in the order in which they were first used."""

    def __init__(self, class_name: str, worker: str | None, services: Services) -> None:
        self.class_name = class_name
        self.worker = worker
        self._services = services
        self._homes: dict[DurableObjectId, Home] = {}
        config: WorkerConfig | None = services.worker_named(worker).config if worker is not None else None
        self.sqlite = config is None or backend_of(class_name, config) == "sqlite"
        self._deletes_alarm = config is None or compat.enabled(
            "delete_all_deletes_alarm", config.compatibility_date, list(config.compatibility_flags)
        )
        services.gate.boundary = cross

    def home(self, object_id: DurableObjectId) -> Home:
        """The object of an id; it is there from its first use."""
        found = self._homes.get(object_id)
        if found is None:
            found = self._homes[object_id] = Home(
                object_id, self.class_name, self.worker, self._services, sqlite=self.sqlite,
                delete_all_deletes_alarm=self._deletes_alarm,
            )  # fmt: skip
        return found

    def __iter__(self) -> Iterator[Home]:
        return iter(list(self._homes.values()))

    def __len__(self) -> int:
        return len(self._homes)


def namespaces_of(worker: str | None, services: Services) -> dict[str, DurableObjectNamespace]:
    """The classes of a worker that its migrations name (``ctx.exports``)."""
    if worker is None:
        return {}
    return {
        name: DurableObjectNamespace(
            Declared(name, DurableObjectNamespace.kind, name, {"class_name": name}, worker), services
        )
        for name in backends(services.worker_named(worker).config)
    }


def backend_of(class_name: str, config: WorkerConfig) -> Literal["sqlite", "key-value"]:
    """The storage that the config's migrations give a class; key-value when none names it, as in wrangler dev."""
    return backends(config).get(class_name, "key-value")


def backends(config: WorkerConfig) -> dict[str, Literal["sqlite", "key-value"]]:
    """The storage of every class that is there after the config's migrations."""
    found: dict[str, Literal["sqlite", "key-value"]] = {}
    for migration in config.get("migrations") or []:
        if not isinstance(migration, Mapping):
            continue
        for name in migration.get("new_classes") or []:
            found[name] = "key-value"
        for name in migration.get("new_sqlite_classes") or []:
            found[name] = "sqlite"
        for renamed in migration.get("renamed_classes") or []:
            if renamed.get("from") in found:
                found[renamed.get("to")] = found.pop(renamed["from"])
        for name in migration.get("deleted_classes") or []:
            found.pop(name, None)
    return found


def unique_key(worker: str, class_name: str) -> str:
    """What the ids of a class are made from: a name has one id, whoever asks and whatever runs the class."""
    return f"{worker}-{class_name}"


class ObjectIds(Binding):
    """A namespace as far as it makes ids; ``script`` is the worker that has the class, None where none is known."""

    kind: ClassVar[str] = "durable-object"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.class_name = declared.text("class_name") or declared.name
        self.script = declared.text("script_name") or declared.worker or None
        self._ids = IdFactory(unique_key(self.script or "", self.class_name))

    def id_from_name(self, name: str) -> DurableObjectId:
        """The id that belongs to a name, always the same."""
        return self._ids.from_name(name)

    def id_from_string(self, text: str) -> DurableObjectId:
        """The id that ``str(id)`` gave. Raises EdgeError (TypeError)."""
        return self._ids.from_string(text)

    def new_unique_id(self, *, jurisdiction: str | None = None) -> DurableObjectId:
        """An id of a new object. Raises EdgeError for a jurisdiction that is not known."""
        ids = self._ids if jurisdiction is None else self._ids.within(jurisdiction)
        return ids.unique(bytes.fromhex(self.services.token(16)))

    def _named(self, text: str) -> DurableObjectId:
        """The id that ``text`` is, or that belongs to it as a name."""
        try:
            return self._ids.from_string(text)
        except EdgeError:
            return self._ids.from_name(text)


class DurableObjectNamespace(ObjectIds):
    """The binding. Ids and stubs are made without waiting."""

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        script = self.script
        self.objects = services.shared(
            ("durable-objects", script, self.class_name), lambda: Namespace(self.class_name, script, services)
        )

    def get(
        self, object_id: DurableObjectId, *, location_hint: str | None = None, routing_mode: str | None = None
    ) -> DurableObjectStub:
        """A stub of the object. Raises EdgeError (TypeError) for an id of another jurisdiction."""
        if not self._ids.matches(object_id):
            raise type_error(OTHER_JURISDICTION)
        if routing_mode not in (None, "primary-only"):
            raise range_error(f"unknown routingMode: {routing_mode}")
        return DurableObjectStub(self, object_id, location_hint)

    def get_by_name(
        self, name: str, *, location_hint: str | None = None, routing_mode: str | None = None
    ) -> DurableObjectStub:
        """A stub of the object of that name."""
        return self.get(self.id_from_name(name), location_hint=location_hint, routing_mode=routing_mode)

    def jurisdiction(self, jurisdiction: str | None = None) -> DurableObjectNamespace:
        """The same namespace in one jurisdiction. Raises EdgeError for one that is not known."""
        narrowed = DurableObjectNamespace(self.declared, self.services)
        narrowed._ids = self._ids.within(jurisdiction)
        return narrowed

    # For tests

    def handle(self, which: str | DurableObjectId | DurableObjectStub | None = None) -> ObjectHandle:
        """What a test holds of one object: by its name, its id, its id's text, or the only one there is. Raises
        EdgeUsageError when there is none or more than one, and nothing says which."""
        if which is None:
            homes = list(self.objects)
            if len(homes) != 1:
                raise EdgeUsageError(f"'{self.name}' has {len(homes)} objects: say which, by name or id")
            return ObjectHandle(self, homes[0])
        if isinstance(which, DurableObjectStub):
            which = which.id
        if isinstance(which, str):
            which = self._named(which)
        return ObjectHandle(self, self.objects.home(which))

    def ids(self) -> list[DurableObjectId]:
        """The ids of all objects that were used, in the order of their first use."""
        return [home.id for home in self.objects]

    async def evict_all(self, *, web_sockets: Literal["hibernate", "close"] = "hibernate") -> int:
        """Take every object out of memory. Returns how many were in it."""
        return sum([await home.evict(web_sockets) for home in self.objects])


class DurableObjectStub(Verbs):
    """A caller's side of one object. Calls on one stub arrive in the order in which they were made."""

    def __init__(
        self, namespace: DurableObjectNamespace, object_id: DurableObjectId, location_hint: str | None = None
    ) -> None:
        self.id = object_id
        self.location_hint = location_hint
        self._namespace = namespace
        self._home = namespace.objects.home(object_id)
        self._last: asyncio.Future[None] | None = None
        self._broken: EdgeError | None = None

    @property
    def name(self) -> str | None:
        """The name that its id was made from."""
        return self.id.name

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        """The object's fetch event. Raises EdgeError: what it raises, with ``remote``, and failures on the way."""
        return await self._send("fetch", {"request": request}, lambda instance: instance.fetch(request))

    async def call(self, method: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """Call a method of the object. Arguments and result are copies. Raises EdgeError: TypeError for a method that
        is none, DataCloneError, and what the method raises, with ``remote``."""
        copies, named = structured_clone(list(args)), structured_clone(dict(kwargs or {}))

        async def call(instance: ObjectInstance) -> Any:
            if method in RESERVED:
                raise type_error(f"'{method}' is a reserved method and cannot be called over RPC.")
            return structured_clone(await instance.call(method, copies, named))

        return await self._send("call", {"method": method, "args": copies, "kwargs": named}, call)

    async def _send(
        self, verb: str, request: Mapping[str, Any], work: Callable[[ObjectInstance], Coroutine[Any, Any, T]]
    ) -> T:
        if self._broken is not None:
            raise self._broken
        before, mine = self._last, asyncio.get_running_loop().create_future()
        self._last = mine
        home = self._home
        name = home.id.name
        operation = self._namespace.operation(
            verb, name if name is not None else str(home.id), request, object_id=str(home.id), object_name=name
        )
        lives: list[Life] = []

        async def effect(_: Operation) -> T:
            if before is not None:
                await asyncio.shield(before)
            life = home.awake()
            lives.append(life)
            task = life.deliver(work, verb)
            mine.set_result(None)
            answer = await life.answer(task)
            assert answer is not None
            return answer[0]

        try:
            return await self._namespace.gate.perform(operation, effect)
        except EdgeError as error:
            # Documented as "certain types of errors": those after which the object that it spoke to is not there.
            # https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
            if error.retryable or any(life.broken is not None for life in lives):
                self._broken = error
            raise
        finally:
            if not mine.done():
                mine.set_result(None)


class ObjectHandle(Verbs):
    """What a test holds of one object: it can do to it what no caller can."""

    def __init__(self, namespace: DurableObjectNamespace, home: Home) -> None:
        self._namespace = namespace
        self._home = home
        self._stub = DurableObjectStub(namespace, home.id)
        self.id = home.id
        self.name = home.id.name

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        """A fetch event of the object, by a stub that is never broken."""
        return await self._fresh().fetch(request)

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the object."""
        return await self._fresh().call(method, args, kwargs)

    @property
    def storage(self) -> ObjectStorage:
        """The object's storage; the object itself is not woken."""
        return ObjectStorage(self._home.life or Life(self._home))

    @property
    def is_in_memory(self) -> bool:
        """Whether the object is constructed."""
        return self._home.life is not None

    @property
    def instance(self) -> Any:
        """The instance of the app's class where the host gives it away (its ``instance``); None when the object is not
        in memory."""
        life = self._home.life
        found = None if life is None else life.instance
        return getattr(found, "instance", found)

    @property
    def alarm(self) -> datetime | None:
        """When the alarm runs next, retries included."""
        return self._home.alarm.due

    @property
    def web_sockets(self) -> list[Any]:
        """The object's ends of its hibernatable sockets, the latest first."""
        return self._home.sockets.sockets()

    async def run_alarm(self) -> bool:
        """Run the alarm now, if one is set; the clock stands still. Returns whether there was one. Raises what the
        handler raises; it is tried again then, as always."""
        if self._home.alarm.due is None:
            return False
        await self._home.alarm.run()
        return True

    async def evict(self, *, web_sockets: Literal["hibernate", "close"] = "hibernate") -> bool:
        """Take the object out of memory: the next event constructs it anew. Its hibernatable sockets stay open, or are
        closed. Returns whether it was in memory. Raises EdgeUsageError while it handles an event."""
        return await self._home.evict(web_sockets)

    async def run(self, callback: Callable[[Any, Any], Any]) -> Any:
        """Run ``callback(instance, state)`` inside the object, as one of its events; it may be a coroutine function.
        Returns what it returns, uncopied."""
        home = self._home
        life = home.awake()

        async def work(instance: ObjectInstance) -> Any:
            result = callback(getattr(instance, "instance", instance), ObjectState(life))
            return await result if inspect.isawaitable(result) else result

        answer = await life.answer(life.deliver(work, "run"))
        assert answer is not None
        return answer[0]

    def sql(self, query: str, *args: Any) -> list[dict[str, Any]]:
        """Run SQL in the object's SQLite: its rows."""
        return self.storage.sql.exec(query, *args).to_array()

    def _fresh(self) -> DurableObjectStub:
        return DurableObjectStub(self._namespace, self._home.id)
