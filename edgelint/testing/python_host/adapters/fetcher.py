"""Fetcher: service bindings, static assets, stubs of Durable Objects."""

from __future__ import annotations

from typing import Any

from edgelint.testing.errors import UnsupportedBindingError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.python_host.adapters.base import received
from edgelint.testing.python_host.adapters.rpc import RpcCaller
from edgelint.testing.python_host.jsvalue import JsHost, getter, method
from edgelint.testing.values import UNDEFINED


def sent(fetch: Any, given: Any, init: Any) -> Any:
    """``fetch(input, init)`` of something that answers requests: a promise of the response."""
    from edgelint.testing.python_host.web.base import MISSING
    from edgelint.testing.python_host.web.fetching import fetch_with
    from edgelint.testing.python_host.web.foreign import inward, outward

    async def answer(request: HttpRequest) -> HttpResponse:
        return received(await fetch(request))

    return outward(fetch_with(answer, inward(given), MISSING if init is UNDEFINED else inward(init)))


class ServiceFetcher(RpcCaller, js_name="Fetcher"):
    """``env.SERVICE``: ``fetch``, and the RPC methods of the service."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    @method
    def fetch(self, given: Any = UNDEFINED, init: Any = UNDEFINED) -> Any:
        return sent(self._binding.fetch, given, init)

    @method
    def connect(self, *args: Any) -> Any:
        return self._binding.connect(*args)

    async def _call_method(self, name: str, args: list[Any]) -> Any:
        return await self._binding.call(name, args)


class AssetsFetcher(JsHost, js_name="Fetcher"):
    """``env.ASSETS``."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    @method
    def fetch(self, given: Any = UNDEFINED, init: Any = UNDEFINED) -> Any:
        return sent(self._binding.fetch, given, init)

    @method
    def connect(self, *args: Any) -> Any:
        raise UnsupportedBindingError(f"{self._binding.name}.connect: static assets have no sockets")


class DurableObjectStub(RpcCaller, js_name="DurableObject"):
    """A stub of a Durable Object: ``fetch`` and its RPC methods, ``id`` and ``name``."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub

    @method
    def fetch(self, given: Any = UNDEFINED, init: Any = UNDEFINED) -> Any:
        return sent(self._stub.fetch, given, init)

    @getter
    def id(self) -> Any:
        from edgelint.testing.python_host.adapters.durable_objects import DurableObjectId

        return DurableObjectId(self._stub.id)

    @getter
    def name(self) -> Any:
        found = self._stub.name
        return UNDEFINED if found is None else found

    async def _call_method(self, name: str, args: list[Any]) -> Any:
        return await self._stub.call(name, args)

