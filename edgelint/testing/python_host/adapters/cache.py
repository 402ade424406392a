"""``caches``: CacheStorage and Cache."""

from __future__ import annotations

from typing import Any

from edgelint.testing.bindings.cache import CacheStorage as Caches
from edgelint.testing.python_host.adapters.base import Adapter, http_request, http_response, js_response, options
from edgelint.testing.python_host.jsvalue import JsHost, getter, method, text
from edgelint.testing.values import UNDEFINED


class CacheStorage(JsHost, js_name="CacheStorage"):
    """``caches``."""

    def __init__(self, services: Any) -> None:
        self._caches = Caches(services)

    @getter
    def default(self) -> Any:
        return Cache(self._caches.default)

    @method
    async def open(self, name: Any = UNDEFINED) -> Any:
        return Cache(await self._caches.open(text(name)))


class Cache(Adapter, js_name="Cache"):
    """One cache."""

    @method
    async def match(self, request: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        found = await self._binding.match(http_request(request), **options(given, "ignoreMethod"))
        return UNDEFINED if found is None else js_response(found)

    @method
    async def put(self, request: Any = UNDEFINED, response: Any = UNDEFINED) -> Any:
        await self._binding.put(http_request(request), await http_response(response))
        return UNDEFINED

    @method
    async def delete(self, request: Any = UNDEFINED, given: Any = UNDEFINED) -> Any:
        return await self._binding.delete(http_request(request), **options(given, "ignoreMethod"))
