"""DurableObjectNamespace, ids, and the ctx of an object: DurableObjectState and its storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from edgelint.testing.errors import type_error
from edgelint.testing.python_host.adapters.base import Adapter, options
from edgelint.testing.python_host.adapters.fetcher import DurableObjectStub
from edgelint.testing.python_host.containers import JsArray, JsIterator
from edgelint.testing.python_host.convert import plain, structured_clone
from edgelint.testing.python_host.js_errors import JsException, as_edge_error
from edgelint.testing.python_host.jsvalue import (
    JsHost,
    JsObject,
    call,
    getter,
    lower,
    method,
    text,
)
from edgelint.testing.python_host.maps import JsMap
from edgelint.testing.python_host.promises import settled
from edgelint.testing.values import UNDEFINED


class DurableObjectId(JsHost, js_name="DurableObjectId"):
    """An id."""

    def __init__(self, target: Any) -> None:
        self._target = target

    @getter
    def name(self) -> Any:
        return UNDEFINED if self._target.name is None else self._target.name

    @method
    def equals(self, other: Any = UNDEFINED) -> Any:
        return isinstance(other, DurableObjectId) and self._target.equals(other._target)

    @method
    def toString(self) -> Any:
        return str(self._target)


class DurableObjectNamespace(Adapter, js_name="DurableObjectNamespace"):
    """``env.OBJECTS``."""

    @method
    def idFromName(self, name: Any = UNDEFINED) -> Any:
        return DurableObjectId(self._binding.id_from_name(text(name)))

    @method
    def idFromString(self, written: Any = UNDEFINED) -> Any:
        return DurableObjectId(self._binding.id_from_string(text(written)))

    @method
    def newUniqueId(self, given: Any = UNDEFINED) -> Any:
        return DurableObjectId(self._binding.new_unique_id(**options(given, "jurisdiction")))

    @method
    def get(self, wanted: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        if not isinstance(wanted, DurableObjectId):
            raise type_error(
                "Failed to execute 'get' on 'DurableObjectNamespace': parameter 1 is not of type 'DurableObjectId'."
            )
        return DurableObjectStub(self._binding.get(wanted._target, **options(given, "locationHint", "routingMode")))

    @method
    def getByName(self, name: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        return DurableObjectStub(self._binding.get_by_name(text(name), **options(given, "locationHint", "routingMode")))

    @method
    def jurisdiction(self, name: Any = UNDEFINED) -> Any:
        return DurableObjectNamespace(self._binding.jurisdiction(None if name in (None, UNDEFINED) else text(name)))


delattr(DurableObjectNamespace, "__getitem__")  # ids are objects, there is nothing to subscript


class DurableObjectState(JsHost, js_name="DurableObjectState"):
    """``ctx`` of an object."""

    def __init__(self, state: Any) -> None:
        self._state = state
        self._storage = DurableObjectStorage(state.storage)

    @getter
    def id(self) -> Any:
        return DurableObjectId(self._state.id)

    @getter
    def storage(self) -> Any:
        return self._storage

    @getter
    def props(self) -> Any:
        return dict(self._state.props)

    @getter
    def exports(self) -> Any:
        return JsObject({name: DurableObjectNamespace(found) for name, found in self._state.exports.items()})

    @method
    def waitUntil(self, promise: Any = UNDEFINED) -> Any:
        self._state.wait_until(settled(promise))
        return UNDEFINED

    @method
    def blockConcurrencyWhile(self, callback: Any = UNDEFINED) -> Any:
        return self._state.block_concurrency_while(returning(callback))

    @method
    def abort(self, reason: Any = UNDEFINED) -> Any:
        self._state.abort(None if reason is UNDEFINED else text(reason))
        return UNDEFINED

    @method
    def acceptWebSocket(self, socket: Any = UNDEFINED, tags: Any = UNDEFINED) -> Any:
        given = plain(tags)
        self._state.accept_web_socket(_end_of(socket), given if isinstance(given, list) else ())
        return UNDEFINED

    @method
    def getWebSockets(self, tag: Any = UNDEFINED) -> Any:
        return JsArray(_socket(end) for end in self._state.get_web_sockets(None if tag is UNDEFINED else text(tag)))

    @method
    def getTags(self, socket: Any = UNDEFINED) -> Any:
        return self._state.get_tags(_end_of(socket))

    @method
    def setWebSocketAutoResponse(self, pair: Any = UNDEFINED) -> Any:
        if pair is UNDEFINED or pair is None:
            self._state.set_web_socket_auto_response()
        else:
            self._state.set_web_socket_auto_response(text(pair._js_get("request")), text(pair._js_get("response")))
        return UNDEFINED

    @method
    def getWebSocketAutoResponse(self) -> Any:
        found = self._state.get_web_socket_auto_response()
        return None if found is None else WebSocketRequestResponsePair(*found)

    @method
    def getWebSocketAutoResponseTimestamp(self, socket: Any = UNDEFINED) -> Any:
        return self._state.get_web_socket_auto_response_timestamp(_end_of(socket))

    @method
    def setHibernatableWebSocketEventTimeout(self, timeout: Any = UNDEFINED) -> Any:
        self._state.set_hibernatable_web_socket_event_timeout(None if timeout is UNDEFINED else int(timeout))
        return UNDEFINED

    @method
    def getHibernatableWebSocketEventTimeout(self) -> Any:
        return self._state.get_hibernatable_web_socket_event_timeout()


class WebSocketRequestResponsePair(JsHost, js_name="WebSocketRequestResponsePair"):
    """``new WebSocketRequestResponsePair(request, response)``."""

    def __init__(self, request: str, response: str) -> None:
        self._pair = (request, response)

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        request, response = (*args, UNDEFINED, UNDEFINED)[:2]
        return cls(text(request), text(response))

    @getter
    def request(self) -> Any:
        return self._pair[0]

    @getter
    def response(self) -> Any:
        return self._pair[1]


class _Keys(JsHost, js_name="Object"):
    """What storage and a transaction have in common."""

    def __init__(self, storage: Any) -> None:
        self._target = storage

    @method(name="get")
    async def get_(self, keys: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        wanted = plain(keys)
        found = await self._target.get(wanted, **options(given, "allowConcurrency", "noCache"))
        return _map(found) if isinstance(wanted, list) else found

    @method(name="list")
    async def list_(self, given: Any = UNDEFINED) -> Any:
        names = ("start", "startAfter", "end", "prefix", "reverse", "limit", "allowConcurrency", "noCache")
        return _map(await self._target.list(**options(given, *names)))

    @method
    async def put(self, key: Any = UNDEFINED, value: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        names = ("allowConcurrency", "allowUnconfirmed", "noCache")
        if isinstance(key, str):
            await self._target.put(key, cloned(value), **options(given, *names))
        else:
            await self._target.put(cloned(key), **options(value, *names))
        return UNDEFINED

    @method
    async def delete(self, keys: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        names = ("allowConcurrency", "allowUnconfirmed", "noCache")
        return await self._target.delete(plain(keys), **options(given, *names))

    @method
    async def deleteAll(self, given: Any = UNDEFINED) -> Any:
        await self._target.delete_all(**options(given, "allowConcurrency", "allowUnconfirmed", "noCache"))
        return UNDEFINED

    @method
    async def getAlarm(self, given: Any = UNDEFINED) -> Any:
        return await self._target.get_alarm(**options(given, "allowConcurrency"))

    @method
    async def setAlarm(self, when: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        await self._target.set_alarm(plain(when), **options(given, "allowConcurrency", "allowUnconfirmed"))
        return UNDEFINED

    @method
    async def deleteAlarm(self, given: Any = UNDEFINED) -> Any:
        await self._target.delete_alarm(**options(given, "allowConcurrency", "allowUnconfirmed"))
        return UNDEFINED


class DurableObjectTransaction(_Keys, js_name="DurableObjectTransaction"):
    """What ``transaction`` hands to its callback."""

    @method
    def rollback(self) -> Any:
        self._target.rollback()
        return UNDEFINED


class DurableObjectStorage(_Keys, js_name="DurableObjectStorage"):
    """``ctx.storage``."""

    @getter
    def sql(self) -> Any:
        return SqlStorage(self._target.sql)

    @getter
    def kv(self) -> Any:
        return SyncKvStorage(self._target.kv)

    @method
    def transaction(self, callback: Any = UNDEFINED) -> Any:
        return self._target.transaction(returning(callback, DurableObjectTransaction))

    @method
    def transactionSync(self, callback: Any = UNDEFINED) -> Any:
        return self._target.transaction_sync(lambda: call(callback))

    @method
    async def sync(self) -> Any:
        await self._target.sync()
        return UNDEFINED

    @method
    async def getCurrentBookmark(self) -> Any:
        return await self._target.get_current_bookmark()

    @method
    async def getBookmarkForTime(self, when: Any = UNDEFINED) -> Any:
        return await self._target.get_bookmark_for_time(plain(when))

    @method
    async def onNextSessionRestoreBookmark(self, bookmark: Any = UNDEFINED) -> Any:
        return await self._target.on_next_session_restore_bookmark(text(bookmark))

    @method
    async def waitForBookmark(self, bookmark: Any = UNDEFINED) -> Any:
        await self._target.wait_for_bookmark(text(bookmark))
        return UNDEFINED


class SyncKvStorage(JsHost, js_name="SyncKvStorage"):
    """``ctx.storage.kv``."""

    def __init__(self, target: Any) -> None:
        self._target = target

    @method(name="get")
    def get_(self, key: Any = UNDEFINED) -> Any:
        return self._target.get(text(key))

    @method
    def put(self, key: Any = UNDEFINED, value: Any = UNDEFINED) -> Any:
        self._target.put(text(key), cloned(value))
        return UNDEFINED

    @method(name="delete")
    def delete_(self, key: Any = UNDEFINED) -> Any:
        return self._target.delete(text(key))

    @method(name="list")
    def list_(self, given: Any = UNDEFINED) -> Any:
        found = self._target.list(**options(given, "start", "startAfter", "end", "prefix", "reverse", "limit"))
        return JsIterator([key, value] for key, value in found)


class SqlStorage(JsHost, js_name="SqlStorage"):
    """``ctx.storage.sql``."""

    def __init__(self, target: Any) -> None:
        self._target = target

    @method
    def exec(self, sql: Any = UNDEFINED, *bindings: Any) -> Any:
        return SqlStorageCursor(self._target.exec(text(sql), *(plain(value) for value in bindings)))

    @getter
    def databaseSize(self) -> Any:
        return self._target.database_size


class SqlStorageCursor(JsHost, js_name="SqlStorageCursor"):
    """The rows of a statement."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def _js_iterate(self) -> Iterator[Any]:
        return (lower(row) for row in self._target)

    @getter
    def columnNames(self) -> Any:
        return self._target.column_names

    @getter
    def rowsRead(self) -> Any:
        return self._target.rows_read

    @getter
    def rowsWritten(self) -> Any:
        return self._target.rows_written

    @method
    def next(self) -> Any:
        row = self._target.next()
        return {"done": True} if row is None else {"done": False, "value": row}

    @method
    def toArray(self) -> Any:
        return self._target.to_array()

    @method
    def one(self) -> Any:
        return self._target.one()

    @method
    def raw(self) -> Any:
        return JsIterator(self._target.raw())


def cloned(value: Any) -> Any:
    """A value as storage keeps it. Raises EdgeError (DataCloneError)."""
    return plain(structured_clone(value))


def returning(callback: Any, wrap: Callable[[Any], Any] | None = None) -> Callable[..., Any]:
    """A callback of the app for the state machine: awaited, with the app's own exception when it raises one."""

    async def run(*args: Any) -> Any:
        try:
            return await settled(call(callback, *(args if wrap is None else map(wrap, args))))
        except JsException as error:
            if error._python_error is not None:
                raise error._python_error from None
            raise as_edge_error(error) from error

    return run


def _map(found: dict[str, Any]) -> JsMap:
    return JsMap((key, lower(value)) for key, value in found.items())


def _end_of(socket: Any) -> Any:
    from edgelint.testing.python_host.web.exposed import plain as web
    from edgelint.testing.python_host.web.web_socket import WebSocket

    found = web(socket, WebSocket)
    if found is None:
        raise type_error("parameter 1 is not of type 'WebSocket'.")
    return found._end


def _socket(end: Any) -> Any:
    from edgelint.testing.python_host.web.exposed import wrap
    from edgelint.testing.python_host.web.web_socket import WebSocket

    known = getattr(end, "_web_socket", None)
    if known is None:
        known = WebSocket._of(end)
        end._web_socket = known
    return wrap(known)


