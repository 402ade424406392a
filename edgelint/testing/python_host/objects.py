"""One live Durable Object in the Python host."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.adapters.durable_objects import DurableObjectState, _socket
from edgelint.testing.python_host.dispatch import Instance
from edgelint.testing.python_host.js_errors import as_js_error
from edgelint.testing.python_host.jsvalue import JsObject, lower

if TYPE_CHECKING:
    from edgelint.testing.http import HttpRequest, HttpResponse
    from edgelint.testing.python_host.host import PythonHost
    from edgelint.testing.python_host.io_context import IoContext

T = TypeVar("T")
_ABORT: Final = "DurableObjectAbort"
"""What ``ctx.abort()`` of the SDK raises (workers/entrypoints.py)."""
_TURNS: Final = 8
_HANDLERS: Final = {
    "alarm": "alarm", "webSocketMessage": "webSocketMessage", "webSocketClose": "webSocketClose",
    "webSocketError": "webSocketError",
}  # fmt: skip


class PythonObject:
    """An instance of the app's class (``instance``). What an object leaves pending is no leak: it lives on."""

    def __init__(self, host: PythonHost, context: IoContext, cls: type, state: Any) -> None:
        self._host = host
        self._context = context
        self.instance = cls(DurableObjectState(state), host.env)
        self._calls = Instance(self.instance, host.entrypoints.sdk)

    def handles(self, event: str) -> bool:
        """Whether the class has a handler ("alarm", "webSocketMessage" ...)."""
        return callable(getattr(self.instance, _HANDLERS.get(event, event), None))

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        """The fetch event."""
        from edgelint.testing.python_host.adapters.base import http_response, js_request

        async def work() -> HttpResponse:
            return await http_response(await self._calls.fetch(js_request(request)))

        return await self._inside(work())

    async def call(self, method: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """An RPC method."""
        from edgelint.testing.python_host.adapters.rpc import incoming, outgoing

        async def work() -> Any:
            named = {name: incoming(value) for name, value in kwargs.items()}
            return outgoing(await self._calls.call(method, [incoming(arg) for arg in args], named))

        return await self._inside(work())

    async def alarm(self, retry_count: int, is_retry: bool) -> None:
        """The alarm."""
        info = JsObject({"retryCount": retry_count, "isRetry": is_retry})
        await self._handler("alarm", [info])

    async def web_socket_message(self, socket: Any, message: str | bytes) -> None:
        """A message of a socket that was given to the platform."""
        from edgelint.testing.python_host.buffers import JsArrayBuffer

        content = JsArrayBuffer(message) if isinstance(message, bytes) else message
        await self._handler("webSocketMessage", [_socket(socket), content])

    async def web_socket_close(self, socket: Any, code: int, reason: str, was_clean: bool) -> None:
        """Its end."""
        await self._handler("webSocketClose", [_socket(socket), code, reason, was_clean])

    async def web_socket_error(self, socket: Any, error: BaseException) -> None:
        """Its failure."""
        known = error if isinstance(error, EdgeError) else EdgeError(str(error))
        await self._handler("webSocketError", [_socket(socket), as_js_error(known)])

    async def _handler(self, name: str, args: list[Any]) -> None:
        await self._inside(self._calls.raw(name, [lower(arg) for arg in args]))

    async def _inside(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await self._host.inside(work, self._context)
        except BaseException as error:
            if type(error).__name__ != _ABORT:
                raise
            # The SDK raises it to get out of the app's code; the reset itself is a microtask that comes after, and ends
            # this event with it.
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            raise EdgeError(str(error)) from error
