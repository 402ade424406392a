"""The life of a Durable Object: constructed at its first event, kept, evicted or reset, constructed anew.

``Home`` is what lasts (store, alarm, sockets), ``Life`` is one stay in memory, ``ObjectState`` is the ``ctx`` that the
app's class gets. Facts: https://github.com/cloudflare/workerd/blob/main/src/workerd/io/worker.c++ and io-context.h.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from edgelint.platform import limits
from edgelint.testing.bindings.object_alarms import Alarm
from edgelint.testing.bindings.object_gates import (
    STORAGE,
    Event,
    InputGate,
    Lock,
    OutputGate,
    Section,
    current,
    drive,
    taken,
)
from edgelint.testing.bindings.object_sockets import Hibernation
from edgelint.testing.bindings.object_storage import ObjectStorage
from edgelint.testing.bindings.object_store import Broken, ObjectStore
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.operation import Operation, origin

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Services
    from edgelint.testing.bindings.durable_objects import DurableObjectNamespace
    from edgelint.testing.bindings.object_ids import DurableObjectId
    from edgelint.testing.host import ObjectInstance
    from edgelint.testing.sockets import SocketEnd

T = TypeVar("T")
ABORTED: Final = "Application called abort() to reset Durable Object."
BLOCKED_TOO_LONG: Final = (
    "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was canceled and the Durable "
    "Object was reset."
)
WRITE_FAILED: Final = "Internal error in Durable Object storage write caused object to be reset."
WRITE_TOO_LONG: Final = "Durable Object storage operation exceeded timeout which caused object to be reset."
GONE: Final = "Durable Object storage is no longer accessible."


class Home:
    """What of one object lasts. ``sqlite``: whether its class has the SQLite backend."""

    def __init__(
        self, object_id: DurableObjectId, class_name: str, worker: str | None, services: Services, *, sqlite: bool,
        delete_all_deletes_alarm: bool,
    ) -> None:  # fmt: skip
        self.id = object_id
        self.class_name = class_name
        self.worker = worker
        self.services = services
        self.gate = services.gate
        self.clock = services.clock
        self.sqlite = sqlite
        self.delete_all_deletes_alarm = delete_all_deletes_alarm
        self.store = ObjectStore(services.clock)
        self.alarm = Alarm(self)
        self.sockets = Hibernation(self)
        self.life: Life | None = None

    @property
    def label(self) -> str:
        """ "Counter a"."""
        return f"{self.class_name} {self.id.name if self.id.name is not None else self.id}"

    def awake(self) -> Life:
        """The object in memory; it is constructed when it is not there."""
        if self.life is None:
            self.life = Life(self)
            self.life.start()
        return self.life

    def commit(self) -> None:
        """Make what the platform or a test wrote permanent, at once."""
        if not self.store.in_savepoint:
            self.store.commit()
            self.alarm.committed()

    async def evict(self, web_sockets: Literal["hibernate", "close"] = "hibernate") -> bool:
        """Take the object out of memory: what it knew is lost, what it stored is not. Its hibernatable sockets stay
        open, or are closed. Returns whether it was in memory. Raises EdgeUsageError while it handles an event."""
        life = self.life
        if web_sockets == "close":
            self.sockets.lose()
        if life is None:
            return False
        if life.busy:
            raise EdgeUsageError(f"{self.label} handles an event: it cannot be evicted before that is over")
        await life.flushed()
        life.stop()
        return True


class Life:
    """One stay in memory."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.input = InputGate(self._opened)
        self.output = OutputGate()
        self.instance: ObjectInstance | None = None
        self.broken: BaseException | None = None
        """What the object was reset for."""
        self.broken_by_user = False
        """Whether that was the app's doing: such runs of an alarm count."""
        self.alarm_abandoned = False
        """Whether it was aborted so that its alarm is not tried again."""
        self._events: set[asyncio.Task[Any]] = set()
        self._others: set[asyncio.Future[Any]] = set()
        self._release_output: Callable[[], None] | None = None
        self._flush_due = False
        self._transaction_confirms: bool | None = None  # None: the transaction that is open has written nothing
        self._flushing: asyncio.Task[None] | None = None

    # Events

    def start(self) -> None:
        """Construct the object. Nothing is delivered before that is over."""
        self.home.store.on_write = self.wrote
        section = Section(self.input)
        self._keep(self._construct(section, self.input.request(section=True)), self._events)

    def deliver(
        self, work: Callable[[ObjectInstance], Coroutine[Any, Any, T]], what: str, *, handler: str | None = None,
        begun: asyncio.Future[None] | None = None,
    ) -> asyncio.Task[tuple[T] | None]:  # fmt: skip
        """Deliver an event, in the order of the calls. ``handler``: what the class must have for it; without it nothing
        happens. ``begun`` is set once it was delivered. Wait for what came of it with ``answer``."""
        return self._keep(self._event(self.input.request(), work, handler, begun), self._events)

    async def answer(self, task: asyncio.Task[T]) -> T:
        """What came of an event. Raises what the app's code raised, as it crosses to a caller, and what the object was
        reset for."""
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self.broken is not None and task.done():
                raise escaped(self.broken) from None
            raise
        except EdgeUsageError:
            raise
        except Exception as error:
            raise escaped(self.broken or error) from error

    @property
    def busy(self) -> bool:
        """Whether an event is being handled."""
        return bool(self._events)

    def handles(self, event: str) -> bool:
        """Whether the class has a handler ("alarm", "webSocketMessage" ...), as far as its host tells."""
        asked: Callable[[str], bool] | None = getattr(self.instance, "handles", None)
        return asked is None or asked(event)

    async def _construct(self, section: Section, place: asyncio.Future[Lock]) -> None:
        await section.begin(place)
        event = Event(section, self.output)
        event.take(section.add())
        home = self.home
        try:
            host = home.services.host_of(home.worker)
            self.instance = await drive(host.create_object(home.class_name, ObjectState(self)), event)
        except Exception as error:
            self.reset(error, by_user=True)
            return
        section.succeed().release()

    async def _event(
        self, place: asyncio.Future[Lock], work: Callable[[ObjectInstance], Coroutine[Any, Any, T]],
        handler: str | None, begun: asyncio.Future[None] | None,
    ) -> tuple[T] | None:  # fmt: skip
        try:
            lock = await taken(place)
        finally:
            if begun is not None and not begun.done():
                begun.get_loop().call_soon(_set, begun)
        event = Event(self.input, self.output)
        event.take(lock)
        assert self.instance is not None
        if handler is not None and not self.handles(handler):
            event.waits()
            return None
        try:
            result = await drive(work(self.instance), event)
        except Exception:
            await self.output.wait()
            raise
        await self.output.wait()
        return (result,)

    def _keep(self, work: Coroutine[Any, Any, T], among: set[Any]) -> asyncio.Task[T]:
        context = contextvars.copy_context()
        context.run(origin.set, "app")
        task = asyncio.get_running_loop().create_task(work, context=context)
        among.add(task)
        task.add_done_callback(among.discard)
        task.add_done_callback(_looked_at)
        return task

    # What the app asks of its ctx

    def block_concurrency_while(self, callback: Callable[[], Any]) -> asyncio.Future[Any]:
        """Run ``callback`` with nothing else delivered in between; it starts by itself, awaited or not. When it raises,
        or takes more than 30 s, the object is reset. Raises EdgeError when such calls are nested too deeply."""
        self.check()
        event = current()
        gate = self.input if event is None else event.input
        section = Section(gate)
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._keep(self._section(section, gate.request(section=True), callback, event, done), self._others)
        return done

    async def _section(
        self, section: Section, place: asyncio.Future[Lock], callback: Callable[[], Any],
        outer: Event | None, done: asyncio.Future[Any],
    ) -> None:  # fmt: skip
        await section.begin(place)
        event = Event(section, self.output)
        event.take(section.add())
        try:
            async with asyncio.timeout(limits.DO_BLOCK_CONCURRENCY_SECONDS) as limit:
                value = await drive(_called(callback), event)
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                error = EdgeError(BLOCKED_TOO_LONG, overloaded=True)
            self.reset(error, by_user=True)
            if outer is None and not done.done():
                done.set_exception(error)  # a test asked
            return
        lock = section.succeed()
        if outer is None:
            lock.release()
        else:
            outer.hand_over(lock)
        if not done.done():
            done.set_result(value)

    def wait_until(self, work: Awaitable[Any]) -> None:
        """Let ``work`` go on beside the events; what it raises is reported."""
        event = current()
        gate = self.input if event is None else event.input

        async def go_on() -> None:
            if inspect.iscoroutine(work):
                mine = Event(gate, self.output)
                mine.take(await gate.acquire())
                await drive(work, mine)
            else:
                await work

        task = self.home.services.background(go_on(), f"waitUntil of {self.home.label}")
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    def abort(self, reason: str | None, retry_alarm: bool) -> None:
        """Reset the object: the code that calls this goes no further."""
        self.alarm_abandoned = not retry_alarm
        self.reset(EdgeError(ABORTED if reason is None else reason), by_user=True)
        raise asyncio.CancelledError

    # Writes

    def wrote(self, confirmed: bool) -> None:
        """The store was written to by the app: it is committed when the code waits for something else."""
        if current() is None:
            return  # a test, or the platform: they commit by themselves
        if self.home.store.in_savepoint:
            self._transaction_confirms = confirmed or bool(self._transaction_confirms)
            return
        if confirmed and self._release_output is None:
            self._release_output = self.output.lock()
        if not self._flush_due:
            self._flush_due = True
            if not self.input.locked:
                asyncio.get_running_loop().call_soon(self._opened)

    def transaction_over(self) -> None:
        """A transaction of the app ended. What the outermost wrote counts as written now: until then nothing that left
        the object could have told of it."""
        if not self.home.store.in_savepoint:
            confirms, self._transaction_confirms = self._transaction_confirms, None
            if confirms is not None:
                self.wrote(confirms)

    def settle_writes(self) -> None:
        """Make what a test wrote permanent."""
        self.home.commit()

    async def flushed(self) -> None:
        """Wait until everything that was written is on disk."""
        if self._flush_due:
            self._opened()
        if self._flushing is not None:
            await asyncio.shield(self._flushing)

    def _opened(self) -> None:
        """The code waits for something else than storage: what it wrote becomes one transaction."""
        if not self._flush_due or self.home.store.in_savepoint or self.broken is not None:
            return
        self._flush_due = False
        release, self._release_output = self._release_output, None
        self._flushing = self._keep(self._flush(self._flushing, release), self._others)

    async def _flush(self, before: asyncio.Task[None] | None, release: Callable[[], None] | None) -> None:
        if before is not None:
            await before
        home = self.home
        operation = Operation(home.class_name, STORAGE, "flush")
        operation.attributes.update(object_id=str(home.id), object_name=home.id.name)
        try:
            async with asyncio.timeout(limits.DO_FLUSH_SECONDS) as limit:
                await home.gate.perform(operation, lambda _: home.commit())
        except Broken as broken:
            self.reset(broken.error, by_user=True)
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                error = EdgeError(WRITE_TOO_LONG, overloaded=True)
            elif isinstance(error, EdgeError) and error.message == "internal error":
                error = EdgeError(WRITE_FAILED, retryable=error.retryable, cause=error)
            self.reset(error, by_user=False)
        else:
            if release is not None:
                release()

    # The end

    def check(self) -> None:
        """Raise EdgeError when the object was reset or evicted."""
        if self.broken is not None:
            raise escaped(self.broken)

    def reset(self, error: BaseException, *, by_user: bool) -> None:
        """End this stay: what was not committed is undone, what runs is stopped, whoever waits gets ``error``, sockets
        are lost."""
        if self.broken is not None:
            return
        self.broken_by_user = by_user
        self.home.store.rollback()
        self._end(error)
        self.home.sockets.lose()

    def stop(self) -> None:
        """End this stay because the object is evicted."""
        self._end(EdgeError(GONE))

    def _end(self, error: BaseException) -> None:
        self.broken = error
        self.input.break_(error)
        self.output.break_(error)
        self.home.store.on_write = lambda confirmed: None
        if self.home.life is self:
            self.home.life = None
        try:
            running = asyncio.current_task()
        except RuntimeError:  # a test did it, from synchronous code
            running = None
        for task in (*self._events, *self._others):
            if task is not running:
                task.cancel()


class ObjectState:
    """The ``ctx`` of a Durable Object (``DurableObjectState``). ``props`` are what it was configured with."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._home = life.home
        self.id = life.home.id
        self.storage = ObjectStorage(life)
        self.props: Mapping[str, Any] = MappingProxyType({})

    @property
    def exports(self) -> Mapping[str, DurableObjectNamespace]:
        """The worker's own Durable Object classes that its migrations name, each as a namespace. Entrypoints of other
        kinds are the host's to add."""
        from edgelint.testing.bindings.durable_objects import namespaces_of

        return namespaces_of(self._home.worker, self._home.services)

    def wait_until(self, work: Awaitable[Any]) -> None:
        """Let ``work`` go on beside the events. An object does not need it: it lives on anyway."""
        self._life.wait_until(work)

    def block_concurrency_while(self, callback: Callable[[], Any]) -> Awaitable[Any]:
        """Run ``callback`` with nothing else delivered in between; it starts by itself, awaited or not."""
        return self._life.block_concurrency_while(callback)

    def abort(self, reason: str | None = None, *, retry_alarm: bool = True) -> None:
        """Reset the object; the code that calls this goes no further."""
        self._life.abort(reason, retry_alarm)

    def accept_web_socket(self, socket: SocketEnd, tags: Sequence[str] = ()) -> None:
        """Give a socket to the platform: its messages come to ``web_socket_message``, also after the object was out of
        memory. Raises EdgeError."""
        self._home.sockets.accept(socket, tags)

    def get_web_sockets(self, tag: str | None = None) -> list[SocketEnd]:
        """The sockets that were given to the platform (with a tag)."""
        return self._home.sockets.sockets(tag)

    def get_tags(self, socket: SocketEnd) -> list[str]:
        """The tags of a socket. Raises EdgeError for one that was not given to the platform."""
        return self._home.sockets.tags(socket)

    def set_web_socket_auto_response(self, request: str | None = None, response: str | None = None) -> None:
        """Answer a text with a text without waking the object; nothing: no more. Raises EdgeError (RangeError)."""
        self._home.sockets.set_auto_response(request, response)

    def get_web_socket_auto_response(self) -> tuple[str, str] | None:
        """The pair of request and response that is set."""
        return self._home.sockets.auto_response

    def get_web_socket_auto_response_timestamp(self, socket: SocketEnd) -> datetime | None:
        """When a socket was last answered without waking the object."""
        return self._home.sockets.answered_at(socket)

    def set_hibernatable_web_socket_event_timeout(self, milliseconds: int | None = None) -> None:
        """How long the handling of one event of a socket may take. Raises EdgeError for more than 7 days."""
        self._home.sockets.set_event_timeout(milliseconds)

    def get_hibernatable_web_socket_event_timeout(self) -> int | None:
        """What was set, in ms."""
        return self._home.sockets.event_timeout


def escaped(error: BaseException) -> BaseException:
    """An error of an object as a caller gets it: a copy with ``remote``. One that is no error of JavaScript is an Error
    that bears its class and text; what speaks to the test alone stays what it is."""
    if isinstance(error, EdgeUsageError):
        return error
    name, message = getattr(error, "name", None), getattr(error, "message", None)
    if not isinstance(name, str) or not isinstance(message, str):
        name, message = "Error", f"PythonError: {type(error).__name__}: {error}"
    return EdgeError(
        message, name, code=getattr(error, "code", None), remote=True,
        retryable=bool(getattr(error, "retryable", False)), overloaded=bool(getattr(error, "overloaded", False)),
        cause=error,
    )  # fmt: skip


async def _called(callback: Callable[[], Any]) -> Any:
    result = callback()
    return await result if inspect.isawaitable(result) else result


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _looked_at(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
